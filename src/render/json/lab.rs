//! A flow of a lab as JSON.

use serde::Serialize;

use super::{Nanos, PayloadJson, Text, is_default};
use crate::decode::Endpoint;
use crate::flow::FlowId;
use crate::proto::lab::{LabMessage, Mark, Order, Pairing, Right, Says};
use crate::render::format::Hex;
use crate::report::lab::{Fate, LabFlow, Passed, PingTotals, Reach};
use crate::source::PacketNumber;

/// What a flow of a lab says.
#[derive(Debug, Serialize)]
pub(super) struct LabJson<'a> {
    /// Which lab.
    name: &'static str,
    /// Which side is the client: `orig` or `resp`.
    client: &'static str,
    messages: Vec<LabMessageJson<'a>>,
    /// Messages that were not kept.
    #[serde(skip_serializing_if = "is_default")]
    messages_not_kept: u64,
    /// Messages behind which another follows in the same segment.
    #[serde(skip_serializing_if = "is_default")]
    run_together: u64,
    /// Pieces that the messages were put together from, where segments are no messages.
    #[serde(skip_serializing_if = "is_default")]
    pieces: u64,
    /// Packets with questions that nothing in the capture answers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unanswered: Vec<PacketNumber>,
    /// What is not as it should be between this flow and others of its room or relay.
    #[serde(skip_serializing_if = "is_default")]
    findings_with_others: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pings: Option<PingsJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<FileJson>,
    /// Of a chat: whom each line typed here reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<LineJson>,
    /// Of a relay: what became of each request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    passed: Vec<PassedJson<'a>>,
}

/// A line typed in a room.
#[derive(Debug, Serialize)]
struct LineJson {
    packet: PacketNumber,
    reached: Vec<ReachedJson>,
    /// Members that were in and did not get it, by their flows.
    lost: Vec<Text<FlowId>>,
    /// Likewise, but the capture lacks bytes to them.
    perhaps_lost: Vec<Text<FlowId>>,
}

/// A line that came to a member.
#[derive(Debug, Serialize)]
struct ReachedJson {
    flow: Text<FlowId>,
    packet: PacketNumber,
    /// It had come before.
    #[serde(skip_serializing_if = "is_default")]
    again: bool,
}

/// A request to pass something on.
#[derive(Debug, Serialize)]
struct PassedJson<'a> {
    packet: PacketNumber,
    target: Text<Endpoint>,
    content: &'a str,
    /// The code that the sender was told, and the packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_packet: Option<PacketNumber>,
    /// The datagram to the target: its flow and packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded_flow: Option<Text<FlowId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded_packet: Option<PacketNumber>,
    /// What was passed on instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<&'a str>,
}

/// A message.
#[derive(Debug, Serialize)]
struct LabMessageJson<'a> {
    packet: PacketNumber,
    /// `orig` or `resp`.
    from: &'static str,
    /// What it is, as `wirelab.lab.kind` has it.
    kind: &'static str,
    bytes: u64,
    #[serde(flatten)]
    payload: PayloadJson<'a>,
    /// The packet with the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<PacketNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_ns: Option<Nanos>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// It was not judged: the capture lacks bytes, so that it is not known what it answers.
    #[serde(skip_serializing_if = "is_default")]
    not_compared: bool,
    /// Of an answer to a sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    correct: Option<bool>,
    /// The right answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
    /// The number that a ping or an acknowledgement bears.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    /// How many pings an acknowledgement may be for, where that cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    ambiguous_among: Option<u32>,
}

/// Pings, all together.
#[derive(Debug, Serialize)]
struct PingsJson {
    sent: u64,
    acknowledged: u64,
    unanswered: u64,
    /// Acknowledged after the next was sent.
    late: u64,
    /// Acknowledgements that may be for several pings.
    ambiguous: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt_min_ns: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt_mean_ns: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt_max_ns: Option<Nanos>,
    /// Where it is ambiguous: the mean if each is for the newest ping that it may be for, and for the oldest.
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt_mean_if_newest_ns: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt_mean_if_oldest_ns: Option<Nanos>,
    /// The packets of pings that nothing acknowledges for sure.
    not_acknowledged: Vec<PacketNumber>,
    /// A run at a shrinking interval, second by second.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<Vec<SecondJson>>,
}

/// A second of a run.
#[derive(Debug, Serialize)]
struct SecondJson {
    sent: u64,
    answered: u64,
    /// Of answered pings and their answers.
    bits: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_delay_ns: Option<Nanos>,
}

/// A file that was sent.
#[derive(Debug, Serialize)]
struct FileJson {
    bytes: u64,
    /// Bytes that the capture lacks.
    missing_bytes: u64,
    /// The sender closed behind it.
    closed: bool,
    /// Of the bytes that the capture has.
    sha256: String,
}

impl<'a> LabJson<'a> {
    pub(super) fn new(lab: &'a LabFlow) -> Self {
        let totals = lab.messages.iter().any(|message| matches!(message.said.says, Says::Ping(..)));
        Self {
            name: lab.lab.name(),
            client: lab.client.sender(),
            messages: lab.messages.iter().map(LabMessageJson::new).collect(),
            messages_not_kept: lab.not_kept,
            run_together: lab.run_together,
            pieces: lab.pieces,
            unanswered: lab.unanswered().iter().map(|message| message.at.number).collect(),
            findings_with_others: lab.with_others,
            pings: totals.then(|| PingsJson::new(&PingTotals::of(lab))),
            file: lab.file.as_ref().map(|file| FileJson {
                bytes: file.bytes,
                missing_bytes: file.missing,
                closed: file.is_closed,
                sha256: Hex(&file.sha256).to_string(),
            }),
            lines: lab.lines.iter().map(LineJson::new).collect(),
            passed: lab.passed.iter().map(PassedJson::new).collect(),
        }
    }
}

impl LineJson {
    fn new(line: &Reach) -> Self {
        let lost = |perhaps: bool| {
            let lost = line.lost.iter().filter(move |(_, doubt)| *doubt == perhaps);
            lost.map(|(flow, _)| Text(*flow)).collect()
        };
        let reached = |&(flow, packet, again): &(FlowId, PacketNumber, bool)| ReachedJson {
            flow: Text(flow),
            packet,
            again,
        };
        Self {
            packet: line.packet,
            reached: line.reached.iter().map(reached).collect(),
            lost: lost(false),
            perhaps_lost: lost(true),
        }
    }
}

impl<'a> PassedJson<'a> {
    fn new(passed: &'a Passed) -> Self {
        let Order { ip: addr, port, content } = &passed.order;
        Self {
            packet: passed.at.number,
            target: Text(Endpoint { addr: *addr, port: *port }),
            content,
            status: passed.status.map(|(code, _)| code.number()),
            status_packet: passed.status.map(|(_, at)| at.number),
            forwarded_flow: passed.forwarded.map(|(flow, _)| Text(flow)),
            forwarded_packet: passed.forwarded.map(|(_, at)| at.number),
            changed: passed.changed.as_deref(),
        }
    }
}

impl<'a> LabMessageJson<'a> {
    fn new(message: &'a LabMessage) -> Self {
        let said = &message.said;
        let (correct, expected) = match &said.says {
            Says::Result { right, marked, .. } => {
                let expected = if let Right::Is(right) = right { Some(&**right) } else { None };
                (Some(matches!(marked, Mark::Right | Mark::SameValue)), expected)
            }
            Says::Capitals => (Some(said.fault.is_none()), None),
            _ => (None, None),
        };
        let (number, ambiguous_among) = match said.says {
            Says::Ping(number, _) => (number, None),
            Says::Pong(number, Pairing::Ambiguous(count, ..)) => (number, Some(count)),
            Says::Pong(number, _) => (number, None),
            _ => (None, None),
        };
        Self {
            packet: message.at.number,
            from: message.from.sender(),
            kind: said.says.kind(),
            bytes: message.len,
            payload: PayloadJson::sample(&message.text),
            answers: said.answers.map(|asked| asked.number),
            time_ns: said.answers.and_then(|asked| message.at.since(asked)).map(Nanos),
            fault: said.fault.as_ref().map(ToString::to_string),
            not_compared: said.unsure,
            correct,
            expected,
            number,
            ambiguous_among,
        }
    }
}

impl PingsJson {
    fn new(totals: &PingTotals) -> Self {
        let rtt = |place: usize| totals.rtt.and_then(|rtt| rtt.get(place).copied()).map(Nanos);
        let open = totals.pings.iter().filter(|ping| !matches!(ping.fate, Fate::Answered { .. }));
        Self {
            sent: totals.sent(),
            acknowledged: totals.sent().saturating_sub(totals.unanswered()),
            unanswered: totals.unanswered(),
            late: totals.late,
            ambiguous: totals.ambiguous,
            rtt_min_ns: rtt(0),
            rtt_mean_ns: rtt(1),
            rtt_max_ns: rtt(2),
            rtt_mean_if_newest_ns: totals.perhaps.map(|[newest, _]| Nanos(newest)),
            rtt_mean_if_oldest_ns: totals.perhaps.map(|[_, oldest]| Nanos(oldest)),
            not_acknowledged: open.map(|ping| ping.at.number).collect(),
            seconds: totals.seconds.as_ref().map(|seconds| {
                let second = |second: &crate::report::lab::Second| SecondJson {
                    sent: second.sent,
                    answered: second.answered,
                    bits: second.bits,
                    mean_delay_ns: second.mean.map(Nanos),
                };
                seconds.iter().map(second).collect()
            }),
        }
    }
}
