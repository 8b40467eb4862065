//! Streams as JSON lines: `follow --as json`.

use std::io::{self, Write};
use std::net::IpAddr;

use serde::Serialize;

use super::escape::write_compact;
use super::flow::is_zero;
use super::{Nanos, Text};
use crate::decode::Endpoint;
use crate::flow::{Direction, Flow, FlowId, Turn};
use crate::render::format::{EpochNanos, Hex};
use crate::source::PacketNumber;

/// Writes one line: `{"flow": "tcp:0", "orig": {…}, "resp": {…}, "turns": [{"from": "orig", "packets": [4, 6], "time": …,
/// "hex": "…"}]}`, of `only` one side where that is wanted.
///
/// # Errors
/// Those of `out`.
pub fn write_stream_json<W: Write>(out: &mut W, flow: &Flow, only: Option<Direction>) -> io::Result<()> {
    write_compact(&mut *out, &StreamJson::new(flow, only))?;
    out.write_all(b"\n")
}

/// What both sides of a flow said.
#[derive(Debug, Serialize)]
struct StreamJson<'a> {
    /// `tcp:0`, by Wireshark's number.
    flow: Text<FlowId>,
    orig: EndJson,
    resp: EndJson,
    turns: Vec<StreamTurnJson<'a>>,
    /// Bytes that are missing in the capture.
    #[serde(skip_serializing_if = "is_zero")]
    missing_bytes: u64,
    /// Segments that say other bytes than an earlier one for the same sequence numbers.
    #[serde(skip_serializing_if = "is_zero")]
    conflicts: u64,
    /// Bytes that were captured and are not in `turns`, because a limit was reached.
    #[serde(skip_serializing_if = "is_zero")]
    not_kept_bytes: u64,
}

#[derive(Debug, Serialize)]
struct EndJson {
    address: IpAddr,
    port: u16,
}

impl EndJson {
    const fn new(endpoint: Endpoint) -> Self {
        Self { address: endpoint.addr, port: endpoint.port }
    }
}

/// What one side said until the other did; of UDP, one datagram.
#[derive(Debug, Serialize)]
struct StreamTurnJson<'a> {
    /// `orig` or `resp`.
    from: &'static str,
    /// The packets that carried it.
    packets: &'a [PacketNumber],
    /// Of its first packet: seconds since 1970-01-01 UTC, as a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Text<EpochNanos>>,
    /// From the turn before, its last packet, to the first of this.
    #[serde(skip_serializing_if = "Option::is_none")]
    since_turn_before_ns: Option<Nanos>,
    /// Bytes of this side that are missing in the capture just before.
    #[serde(skip_serializing_if = "is_zero")]
    gap_before: u64,
    /// Bytes on the wire; more than `hex` has where the capture cut packets, or a limit was reached.
    len: u64,
    hex: Text<Hex<'a>>,
}

impl<'a> StreamJson<'a> {
    fn new(flow: &'a Flow, only: Option<Direction>) -> Self {
        let talk = flow.conversation.as_deref();
        let turns = talk.map(|talk| talk.turns.as_slice()).unwrap_or_default();
        let before = std::iter::once(None).chain(turns.iter().map(Some));
        let told = before.zip(turns).filter(|(_, turn)| only.is_none_or(|only| only == turn.direction));
        Self {
            flow: Text(flow.id),
            orig: EndJson::new(flow.tuple.orig),
            resp: EndJson::new(flow.tuple.resp),
            turns: told.map(|(before, turn)| StreamTurnJson::new(turn, before)).collect(),
            missing_bytes: talk.map_or(0, |talk| talk.missing_bytes),
            conflicts: talk.map_or(0, |talk| talk.conflicts),
            not_kept_bytes: talk.map_or(0, |talk| talk.not_kept_bytes),
        }
    }
}

impl<'a> StreamTurnJson<'a> {
    fn new(turn: &'a Turn, before: Option<&Turn>) -> Self {
        Self {
            from: turn.direction.sender(),
            packets: &turn.packets,
            time: turn.first.ts.map(|ts| Text(EpochNanos(ts))),
            since_turn_before_ns: before.and_then(|before| turn.first.since(before.last)).map(Nanos),
            gap_before: turn.gap_before,
            len: turn.total,
            hex: Text(Hex(&turn.bytes)),
        }
    }
}
