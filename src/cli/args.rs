//! Options that several verbs share.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;

use crate::decode::{DecodedPacket, Endpoint};
use crate::flow::Flow;
use crate::render::color::{ColorChoice, Colors};

/// Which savefile to read, and which of its packets.
#[derive(Args, Debug)]
pub(super) struct InputArgs {
    /// Savefile to read (pcap or pcapng, plain or gzip, zstd, lz4), or - for standard input
    #[arg(value_name = "FILE", required_unless_present = "read_file")]
    file: Option<PathBuf>,
    /// The same, as tshark and tcpdump spell it
    #[arg(short = 'r', value_name = "FILE", conflicts_with = "file")]
    read_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) select: SelectArgs,
}

impl InputArgs {
    /// The savefile named, by position or by `-r`.
    pub(super) fn path(&self) -> PathBuf {
        self.file.clone().or_else(|| self.read_file.clone()).unwrap_or_else(|| PathBuf::from("-"))
    }
}

/// Reads one port of `--port`.
fn port(text: &str) -> Result<u16, String> {
    text.trim().parse().map_err(|_| "expected ports from 0 to 65535, as in 53 or 53,443".to_owned())
}

/// Which packets or flows to show.
#[derive(Args, Debug, Default)]
pub(super) struct SelectArgs {
    /// Only what has one of these TCP or UDP ports on either side, or quotes one in an ICMP error
    #[arg(long, value_name = "N[,N...]", value_delimiter = ',', value_parser = port)]
    pub(super) port: Vec<u16>,
    /// Only packets that this libpcap filter takes, such as 'host 192.0.2.1 and tcp'; others are not analysed. A
    /// host name in it is looked up by DNS, which WIRELAB_LOCAL_ONLY=1 forbids
    #[arg(short = 'f', long, value_name = "EXPR")]
    pub(super) bpf: Option<String>,
}

impl SelectArgs {
    /// Whether a packet has a wanted port. The analysis always sees every packet, so that stream numbers and
    /// sequence numbers stay what they are in the whole capture.
    pub(super) fn takes_packet(&self, decoded: &DecodedPacket<'_>) -> bool {
        self.port.is_empty() || decoded.transports().iter().any(|t| self.has(t.src) || self.has(t.dst))
    }

    /// Whether a flow has a wanted port.
    pub(super) fn takes_flow(&self, flow: &Flow) -> bool {
        self.port.is_empty() || self.has(flow.tuple.orig) || self.has(flow.tuple.resp)
    }

    fn has(&self, endpoint: Endpoint) -> bool {
        self.port.contains(&endpoint.port)
    }

    /// The selection as it was typed, for messages; `None` where everything is selected.
    pub(super) fn spelled(&self) -> Option<String> {
        let mut parts = Vec::new();
        if !self.port.is_empty() {
            let ports: Vec<String> = self.port.iter().map(u16::to_string).collect();
            parts.push(format!("--port {}", ports.join(",")));
        }
        if let Some(expr) = &self.bpf {
            parts.push(format!("--bpf '{expr}'"));
        }
        (!parts.is_empty()).then(|| parts.join(" and "))
    }
}

/// Colour on standard output.
#[derive(Args, Debug)]
pub(super) struct ColorArgs {
    /// Colour the output; auto is on for a terminal unless NO_COLOR is set
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: ColorChoice,
}

impl ColorArgs {
    /// The colours for standard output.
    pub(super) fn colors(&self) -> Colors {
        self.color.colors(io::stdout().is_terminal())
    }
}
