//! Segments that are more than simply the next one, as JSON.

use serde::Serialize;

use super::{Nanos, Text};
use crate::render::format::EpochNanos;
use crate::report::{More, Remark, Shown, Topic};
use crate::source::PacketNumber;

/// What one segment shows.
#[derive(Debug, Serialize)]
pub(super) struct SegmentJson {
    packet: PacketNumber,
    /// Seconds since 1970-01-01 UTC, as a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Text<EpochNanos>>,
    /// `orig` or `resp`.
    from: &'static str,
    /// What it is, as `wirelab.tcp.judgement` has it, or `zero window`, `window open again`, `window full`,
    /// `acknowledges bytes not captured`.
    what: &'static str,
    /// Relative sequence number.
    seq: u32,
    payload_bytes: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    judgement: Option<JudgementJson>,
    /// Bytes that fit into a window that is open again.
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<u32>,
    /// The packet that had closed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_by: Option<PacketNumber>,
}

/// How it is known what a segment is.
#[derive(Debug, Serialize)]
struct JudgementJson {
    /// `certain`, `likely` or `possible`.
    sure: &'static str,
    /// As `wirelab.tcp.judgement.reason` has it.
    reason: &'static str,
    /// The packet that first held its first byte, or that is captured twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<PacketNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since_original_ns: Option<Nanos>,
    /// The first and the last of the ACKs that asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_in: Option<[PacketNumber; 2]>,
    /// How many of these are duplicate ACKs; the others are selective.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate_acks: Option<u32>,
    /// Since an ACK asked for anything, where that is long.
    #[serde(skip_serializing_if = "Option::is_none")]
    silence_ns: Option<Nanos>,
    /// The sender's round trip, two of which a probe waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    round_trip_ns: Option<Nanos>,
    /// The earlier ACK that covers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_by: Option<PacketNumber>,
    /// The first packet captured before it that holds later bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    overtaken_by: Option<PacketNumber>,
}

/// Segments that are only counted.
#[derive(Debug, Serialize)]
pub(super) struct MoreSegmentsJson {
    /// `orig` or `resp`.
    from: &'static str,
    /// As in the list of segments.
    what: &'static str,
    count: u64,
    first_packet: PacketNumber,
    last_packet: PacketNumber,
}

const fn what(topic: Topic) -> &'static str {
    match topic {
        Topic::Judged(kind) => kind.words(),
        Topic::WindowFull => "window full",
        Topic::WindowClosed => "zero window",
        Topic::WindowOpened => "window open again",
        Topic::AcksUnseen => "acknowledges bytes not captured",
    }
}

impl SegmentJson {
    pub(super) fn new(remark: &Remark) -> Self {
        let (mut judged, mut opened) = (None, None);
        match remark.shown {
            Shown::Judged(judgement) => judged = Some(judgement),
            Shown::WindowOpened { closed, window } => opened = Some((closed.number, window)),
            Shown::WindowFull | Shown::WindowClosed | Shown::AcksUnseen => {}
        }
        Self {
            packet: remark.at.number,
            time: remark.at.ts.map(|ts| Text(EpochNanos(ts))),
            from: remark.by.sender(),
            what: what(remark.shown.topic()),
            seq: remark.seq,
            payload_bytes: remark.len,
            judgement: judged.map(|judgement| {
                let evidence = judgement.evidence;
                JudgementJson {
                    sure: judgement.sure.word(),
                    reason: judgement.reason.words(),
                    original: evidence.original.map(Into::into),
                    since_original_ns: evidence.since_original().map(Nanos),
                    asked_in: evidence.asked.map(|asked| [asked.first.get(), asked.last]),
                    duplicate_acks: evidence.asked.map(|asked| asked.duplicates),
                    silence_ns: evidence.silence().map(Nanos),
                    round_trip_ns: evidence.probe.map(|probe| Nanos(probe.round_trip())),
                    acknowledged_by: evidence.acknowledged_by.map(Into::into),
                    overtaken_by: evidence.overtaken_by.map(Into::into),
                }
            }),
            window: opened.map(|(_, window)| window),
            closed_by: opened.map(|(closed, _)| closed),
        }
    }
}

impl MoreSegmentsJson {
    pub(super) fn new(more: &More) -> Self {
        Self {
            from: more.by.sender(),
            what: what(more.topic),
            count: more.count,
            first_packet: more.first.number,
            last_packet: more.last,
        }
    }
}
