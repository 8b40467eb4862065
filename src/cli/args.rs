//! Options that several verbs share.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::Failure;
use crate::decode::{DecodedPacket, Endpoint};
use crate::flow::Flow;
use crate::render::color::{ColorChoice, Colors};

/// Which savefile to read, and which of its packets.
#[derive(Args, Debug)]
pub(super) struct InputArgs {
    /// Savefile to read (pcap or pcapng, plain or gzip, zstd, lz4), or - for standard input
    #[arg(value_name = "FILE", required_unless_present = "read_file")]
    file: Option<PathBuf>,
    /// A display filter, as with -Y, in as many words as you like
    #[arg(value_name = "FILTER")]
    words: Vec<OsString>,
    /// The savefile, as tshark and tcpdump spell it; then all words are the filter
    #[arg(short = 'r', value_name = "FILE")]
    read_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) select: SelectArgs,
}

impl InputArgs {
    /// The savefile named, by position or by `-r`.
    pub(super) fn path(&self) -> PathBuf {
        let named = self.read_file.as_deref().or(self.file.as_deref());
        named.unwrap_or(Path::new("-")).to_owned()
    }

    /// The display filter's text, by `-Y` or in words behind the options.
    pub(super) fn filter_text(&self) -> Result<Option<String>, Failure> {
        let first = self.file.as_deref().filter(|_| self.read_file.is_some()).map(Path::as_os_str);
        let words: Vec<&OsStr> =
            first.into_iter().chain(self.words.iter().map(OsString::as_os_str)).collect();
        if words.is_empty() {
            return self.select.filter_text();
        }
        if self.select.filter.is_some() {
            return Err(Failure::new("there are two display filters: one after -Y, one in words")
                .hint("join them with && after -Y"));
        }
        words.join(OsStr::new(" ")).into_string().map(Some).map_err(|_| not_text())
    }
}

/// A display filter whose bytes are no UTF-8.
fn not_text() -> Failure {
    Failure::new("the display filter is not UTF-8 text")
        .hint(r#"write bytes that are no text as \xff within a string, or with colons: ff:00"#)
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
    /// Only packets that this Wireshark display filter takes, such as 'tcp.port == 80 && ip.ttl < 5', and only flows
    /// with such a packet; all are analysed
    #[arg(short = 'Y', long = "filter", value_name = "EXPR", allow_hyphen_values = true)]
    filter: Option<OsString>,
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

    /// The text of `-Y`.
    pub(super) fn filter_text(&self) -> Result<Option<String>, Failure> {
        self.filter.clone().map(|text| text.into_string().map_err(|_| not_text())).transpose()
    }

    /// The selection as it was typed, `first` being the display filter of -R and `filter` that of -Y, for messages;
    /// `None` where everything is selected.
    pub(super) fn spelled(&self, first: Option<&str>, filter: Option<&str>) -> Option<String> {
        let mut parts = Vec::new();
        if !self.port.is_empty() {
            let ports: Vec<String> = self.port.iter().map(u16::to_string).collect();
            parts.push(format!("--port {}", ports.join(",")));
        }
        if let Some(expr) = &self.bpf {
            parts.push(format!("-f '{}'", beginning(expr)));
        }
        for (option, expr) in [("-R", first), ("-Y", filter)] {
            if let Some(expr) = expr {
                parts.push(format!("{option} '{}'", beginning(expr)));
            }
        }
        (!parts.is_empty()).then(|| parts.join(" and "))
    }
}

/// Characters of a filter that a message repeats: enough to know it again.
const REPEATED: usize = 200;

/// A filter as a message repeats it.
fn beginning(filter: &str) -> String {
    match filter.char_indices().nth(REPEATED) {
        Some((end, _)) => format!("{}...", filter.get(..end).unwrap_or_default()),
        None => filter.to_owned(),
    }
}

/// Colour on standard output.
#[derive(Args, Clone, Debug)]
pub(super) struct ColorArgs {
    /// Colour the output; auto is on for a terminal unless NO_COLOR is set
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", num_args = 0..=1, default_missing_value = "always")]
    color: ColorChoice,
}

impl ColorArgs {
    /// The colours for standard output.
    pub(super) fn colors(&self) -> Colors {
        self.color.colors(io::stdout().is_terminal())
    }
}
