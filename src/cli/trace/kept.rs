//! `trace -w`: the packets of a live run in a file.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::cli::kept::Kept;
use crate::cli::output::{Failure, say};
use crate::decode::Decoder;
use crate::dnstrace::{DnsTrace, Step};
use crate::render::format::Count;
use crate::sandbox;
use crate::source::{
    LinkType, LiveOptions, LiveSource, Next, PacketSource, SaveFormat, SavefileWriter, drop_privileges,
};

/// Longest time for which packets are still taken in after the end, on a line that others use, too.
const DRAIN: Duration = Duration::from_secs(5);

/// Quiet moments that say that no packet waits any longer: each is longer than the kernel keeps packets back.
const QUIET: u8 = 3;

/// Deepest resolution within another that is looked at: deeper than any that a resolver makes.
const MAX_DEPTH: usize = 16;

/// A capture that is running, and where it is to be kept.
pub(super) struct Keeping {
    source: LiveSource,
    kept: Kept,
    name: String,
}

impl Keeping {
    /// Begins to capture before the first query, then gives up privileges. `roots` are asked first, at `ports`.
    pub(super) fn begin(file: &Path, roots: &[IpAddr], ports: &BTreeSet<u16>) -> Result<Self, Failure> {
        let name = file.display().to_string();
        let stays_here = sandbox::has_loopback_only() || roots.iter().all(IpAddr::is_loopback);
        let device = if stays_here { "lo" } else { "any" };
        let of_ports: Vec<String> = ports.iter().map(|port| format!("port {port} or ")).collect();
        // Errors quote what caused them, and have no port of their own.
        let filter = Some(format!("{}icmp or icmp6", of_ports.concat()));
        let options = LiveOptions { filter, ..LiveOptions::default() };
        let source = LiveSource::open(device, &options).map_err(|error| {
            Failure::new(error).hint(
                "in a sandbox it needs no privilege: `wirelab trace NAME --internet -w OUT`, on name servers of its own",
            )
        })?;
        let kept = Kept::open(file).map_err(|error| {
            Failure::new(format_args!("cannot create {name}: {error}"))
                .hint("name a file in a folder you may write to")
        })?;
        drop_privileges().map_err(Failure::new)?;
        Ok(Self { source, kept, name })
    }

    /// Keeps what went to and from the servers that were asked.
    pub(super) fn end(mut self, trace: &DnsTrace, keys: &[Step]) -> Result<(), Failure> {
        let mut servers = BTreeSet::new();
        servers_of(trace, &mut servers, 0);
        servers.extend(keys.iter().map(|step| step.server.address));
        let failed =
            |error: std::io::Error| Failure::new(format_args!("cannot write {}: {error}", self.name));
        let file = self.kept.emptied().map_err(failed)?;
        let mut writer =
            SavefileWriter::new(file, SaveFormat::of_name(Path::new(&self.name))).nanoseconds(true);
        let mut decoder = Decoder::new();
        let mut link = LinkType::ETHERNET;
        let (since, mut quiet) = (Instant::now(), 0_u8);
        while quiet < QUIET && since.elapsed() < DRAIN {
            match self.source.next_packet()? {
                Next::Packet(packet, interfaces) => {
                    quiet = 0;
                    let decoded = decoder.decode(packet.link, packet.data, packet.wire_len);
                    let is_ours = decoded.transports().iter().any(|transport| {
                        let ends = [transport.src, transport.dst];
                        ends.iter().any(|end| servers.contains(&SocketAddr::new(end.addr, end.port)))
                    });
                    if let Some(interface) = interfaces.first().filter(|_| is_ours) {
                        link = packet.link;
                        writer.write(&packet, interface)?;
                    }
                }
                Next::Tick => quiet = quiet.saturating_add(1),
                Next::End => break,
            }
        }
        let packets = writer.packets();
        writer.finish(link)?;
        let lost = self.source.stats().map_or(0, |stats| stats.lost());
        say(format_args!("{} written to {}", Count::packets(packets), self.name));
        if lost > 0 {
            say(format_args!(
                "warning: {} lost by the kernel, whose buffer was full",
                Count::packets(lost.into())
            ));
        }
        Ok(())
    }
}

/// All that were asked.
fn servers_of(trace: &DnsTrace, servers: &mut BTreeSet<SocketAddr>, depth: usize) {
    for step in &trace.steps {
        servers.insert(step.server.address);
        for inner in step.nested.iter().filter(|_| depth < MAX_DEPTH) {
            servers_of(inner, servers, depth + 1);
        }
    }
    for inner in trace.fruitless.iter().filter(|_| depth < MAX_DEPTH) {
        servers_of(inner, servers, depth + 1);
    }
}
