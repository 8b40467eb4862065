//! Streams as JSON lines: `follow --as json`.

use std::io::{self, Write};
use std::net::IpAddr;

use serde::Serialize;

use super::escape::write_compact;
use super::{Nanos, Text, is_default};
use crate::decode::Endpoint;
use crate::flow::{Conflict, Direction, Flow, FlowId, SideTalk, Turn};
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
    #[serde(skip_serializing_if = "is_default")]
    missing_bytes: u64,
    /// Segments that say other bytes than an earlier one for the same place.
    #[serde(skip_serializing_if = "is_default")]
    conflict_count: u64,
    /// The first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conflicts: Vec<ConflictJson>,
    /// Repeated bytes that were not compared with the first, because that was too long ago to be remembered.
    #[serde(skip_serializing_if = "is_default")]
    not_compared_bytes: u64,
    /// Bytes that were captured and are not in `turns`, because a limit was reached.
    #[serde(skip_serializing_if = "is_default")]
    not_kept_bytes: u64,
}

#[derive(Debug, Serialize)]
struct EndJson {
    address: IpAddr,
    port: u16,
    /// Bytes of this side that are missing in the capture behind its last turn.
    #[serde(skip_serializing_if = "is_default")]
    missing_at_end: u64,
}

impl EndJson {
    const fn new(endpoint: Endpoint, missing_at_end: u64) -> Self {
        Self { address: endpoint.addr, port: endpoint.port, missing_at_end }
    }
}

/// A segment that contradicts an earlier one.
#[derive(Debug, Serialize)]
struct ConflictJson {
    /// `orig` or `resp`.
    from: &'static str,
    /// The packet whose bytes are believed and in `turns`, and the packet that contradicts it.
    packets: [PacketNumber; 2],
    /// The first byte in dispute, counted from the start of its side, missing bytes included.
    offset: u64,
    /// From there to the last byte in dispute, in bytes.
    len: u64,
}

impl ConflictJson {
    const fn new(by: Direction, conflict: &Conflict) -> Self {
        let Conflict { believed, contradicts, offset, len } = *conflict;
        Self { from: by.sender(), packets: [believed, contradicts], offset, len }
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
    #[serde(skip_serializing_if = "is_default")]
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
        let is_wanted = |by: Direction| only.is_none_or(|only| only == by);
        let told = before.zip(turns).filter(|(_, turn)| is_wanted(turn.direction));
        let count = |of: fn(&SideTalk) -> u64| talk.map_or(0, |talk| talk.count(only, of));
        let missing_at_end =
            |by| talk.filter(|_| is_wanted(by)).map_or(0, |talk| talk.side(by).missing_at_end);
        let conflicts = talk.map(|talk| talk.named_conflicts.as_slice()).unwrap_or_default();
        let conflicts = conflicts.iter().filter(|(by, _)| is_wanted(*by));
        Self {
            flow: Text(flow.id),
            orig: EndJson::new(flow.tuple.orig, missing_at_end(Direction::OrigToResp)),
            resp: EndJson::new(flow.tuple.resp, missing_at_end(Direction::RespToOrig)),
            turns: told.map(|(before, turn)| StreamTurnJson::new(turn, before)).collect(),
            missing_bytes: count(|side| side.missing_bytes),
            conflict_count: count(|side| side.conflicts),
            conflicts: conflicts.map(|(by, conflict)| ConflictJson::new(*by, conflict)).collect(),
            not_compared_bytes: count(|side| side.not_compared_bytes),
            not_kept_bytes: count(|side| side.not_kept_bytes),
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
