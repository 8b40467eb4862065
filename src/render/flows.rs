//! The `flows` table: one row a conversation.

use std::fmt;
use std::io::{self, Write};

use super::format::{Bytes, Elapsed};
use super::table::{Align, Column, TableOutput, write_table};
use super::words::state_words;
use crate::decode::TransportProtocol;
use crate::flow::Flow;
use crate::proto::{self, Readability, Recognised, judge};
use crate::time::TimeDelta;

/// What the table's abbreviations mean, for a terminal.
pub const LEGEND: &str = "\
packets and payload: sent by orig / sent by resp. RTT: handshake, SYN to ACK (UDP: request to first reply).
state: Zeek's conn_state. A name with ? is told by the port alone.";

/// The columns. A narrow terminal loses the duration first, then what is carried, then the RTT.
const COLUMNS: [Column; 8] = [
    Column { title: "flow", align: Align::Left, width: 7, min: 5, shrink: 0 },
    Column { title: "orig → resp", align: Align::Left, width: 41, min: 33, shrink: 4 },
    Column { title: "state", align: Align::Left, width: 14, min: 4, shrink: 3 },
    Column { title: "RTT", align: Align::Right, width: 7, min: 0, shrink: 5 },
    Column { title: "packets", align: Align::Right, width: 9, min: 7, shrink: 0 },
    Column { title: "payload", align: Align::Right, width: 15, min: 7, shrink: 0 },
    Column { title: "duration", align: Align::Right, width: 8, min: 0, shrink: 7 },
    Column { title: "carries", align: Align::Left, width: 12, min: 0, shrink: 6 },
];

/// Writes one row for each of `flows`. Gives the titles of the columns that had no room.
///
/// # Errors
/// Those of `out`.
pub fn write_flows<W: Write + ?Sized>(
    out: &mut W,
    output: TableOutput,
    flows: &[&Flow],
) -> io::Result<Vec<&'static str>> {
    write_table(out, output, &COLUMNS, flows.iter(), |flow, row| {
        let state = flow.conn_state();
        let is_udp = flow.id.protocol == TransportProtocol::Udp;
        row.cell(flow.id);
        row.cell(format_args!("{} → {}", flow.tuple.orig, flow.tuple.resp));
        row.cell(format_args!("{state} {}", state_words(state, is_udp)));
        row.cell(Optional(round_trip(flow)));
        row.cell(format_args!("{} / {}", flow.orig.packets, flow.resp.packets));
        row.cell(format_args!("{} / {}", Bytes(flow.orig.payload_bytes), Bytes(flow.resp.payload_bytes)));
        row.cell(Optional(flow.duration()));
        row.cell(Carries::of(flow));
    })
}

/// TCP: SYN to the ACK that completes the handshake. UDP: request to first reply.
#[must_use]
pub fn round_trip(flow: &Flow) -> Option<TimeDelta> {
    match (&flow.tcp, &flow.udp) {
        (Some(tcp), _) => tcp.handshake.rtt(),
        (None, Some(udp)) => udp.reply_time(),
        (None, None) => None,
    }
}

/// A span, or nothing.
struct Optional(Option<TimeDelta>);

impl fmt::Display for Optional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(span) => Elapsed(span).fmt(f),
            None => f.write_str("-"),
        }
    }
}

/// What a flow carries, told by the first bytes of each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carries {
    /// The application protocol.
    pub protocol: Option<Recognised>,
    /// Whether the first bytes of both sides (of the one that sent any) read as text; `None` without payload.
    pub text: Option<bool>,
}

impl Carries {
    /// What `flow` carries.
    #[must_use]
    pub fn of(flow: &Flow) -> Self {
        let (transport, port) = (flow.id.protocol, flow.tuple.resp.port);
        let samples = [flow.resp.sample.as_bytes(), flow.orig.sample.as_bytes()];
        let named = samples.iter().find_map(|sample| proto::name(transport, port, sample));
        let protocol = named
            .map(|name| Recognised { name, by_port: false })
            .or_else(|| proto::name_by_port(transport, port));
        let judged = samples.map(judge).into_iter().filter(|verdict| *verdict != Readability::Empty);
        let text = judged.map(Readability::is_text).reduce(|all, one| all && one);
        Self { protocol, text }
    }
}

impl fmt::Display for Carries {
    /// `HTTP, text`, `TLS, binary`, `text`, `DNS?` where only the port tells, `-`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.text.map(|text| if text { "text" } else { "binary" });
        match (self.protocol, kind) {
            (Some(protocol), kind) => {
                write!(f, "{}{}", protocol.name, if protocol.by_port { "?" } else { "" })?;
                kind.map_or(Ok(()), |kind| write!(f, ", {kind}"))
            }
            (None, Some(kind)) => f.write_str(kind),
            (None, None) => f.write_str("-"),
        }
    }
}
