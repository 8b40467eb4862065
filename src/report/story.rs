//! The story of a flow: what happened in which order, and how it came out. Typed; the words are the renderer's.

use super::{FlowRemarks, Gap, MAX_REMARKS_OF_A_TOPIC, More, Remark, Told, runs};
use crate::flow::{
    Closing, Direction, Flow, HandshakeStep, IcmpError, Opening, OrigReason, PacketStamp, Reset, Teardown,
    Turn,
};
use crate::source::PacketNumber;

/// Something that happened in a flow.
#[derive(Clone, Copy, Debug)]
pub enum Event<'f> {
    /// The capture begins mid-stream.
    MidStream,
    /// A step of the handshake, the first time.
    Step {
        /// Which step.
        step: HandshakeStep,
        /// Who sent it.
        by: Direction,
    },
    /// The RST that refuses the connection.
    Refusal,
    /// Payload.
    Turn(&'f Turn),
    /// The first FIN of a side.
    Fin {
        /// Who sent it.
        by: Direction,
        /// It is the first of the flow.
        first: bool,
    },
    /// The other side's FIN is acknowledged.
    FinAck {
        /// Who acknowledges.
        by: Direction,
    },
    /// The first RST of the flow that is no refusal.
    Reset(Reset),
    /// An ICMP error about a packet of the flow.
    Icmp(&'f IcmpError),
    /// A segment that is more than simply the next one.
    Remark(&'f Remark),
    /// Further segments of which the same is to say.
    More(&'f More),
    /// Bytes that are not in the capture.
    Gap(&'f Gap),
    /// Further gaps.
    MoreGaps {
        /// How many.
        count: u64,
        /// The packet behind the last that is known.
        last: PacketNumber,
    },
    /// UDP: the datagram before this, or the two before it, again.
    Same {
        /// Who sent it; `None` where it is an exchange of two.
        by: Option<Direction>,
        /// How many more times.
        times: usize,
        /// The last packet of them.
        last: PacketStamp,
    },
}

/// An [`Event`] and its packet.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'f> {
    /// The packet that shows it; for a turn its first.
    pub at: PacketStamp,
    /// What it shows.
    pub event: Event<'f>,
}

/// How a flow came out, the cause of a failure first.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'f> {
    /// A RST answered the SYN.
    Refused(PacketStamp),
    /// An ICMP error says why nothing came back.
    Unreachable(&'f IcmpError),
    /// No answer to the SYN, or to any datagram.
    Unanswered,
    /// SYN and SYN-ACK, then nothing that completes it.
    NotCompleted,
    /// A RST ended it.
    Reset(Reset),
    /// Both sides closed.
    Closed {
        /// Who closed first; `None` where both did at once.
        first: Option<Direction>,
    },
    /// One side closed, and the other did not before the capture ended.
    HalfClosed {
        /// Who sent the FIN.
        by: Direction,
    },
    /// Established, and not closed when the capture ended.
    Open,
    /// UDP: both sides sent.
    Answered,
}

/// What happened in the flow, in the order of the packets.
#[must_use]
pub fn timeline<'f>(told: &Told<'f>) -> Vec<Moment<'f>> {
    let flow = told.flow;
    let mut moments = Vec::new();
    if starts_mid_stream(flow) {
        moments.push(Moment { at: flow.first, event: Event::MidStream });
    }
    if let Some(tcp) = &flow.tcp {
        opening(flow, &mut moments);
        let end = &tcp.teardown;
        for by in [Direction::OrigToResp, Direction::RespToOrig] {
            let number = |by| end.fin(by).map(|fin| fin.number);
            let first = match end.closing() {
                Some(Closing::AtOnce) => number(by) < number(by.reversed()),
                closing => closing == Some(Closing::First(by)),
            };
            push(&mut moments, end.fin(by), Event::Fin { by, first });
            push(&mut moments, end.fin_acked(by), Event::FinAck { by: by.reversed() });
        }
        if tcp.handshake.refused.is_none()
            && let Some(reset) = end.reset.as_deref().copied()
        {
            moments.push(Moment { at: reset.packet, event: Event::Reset(reset) });
        }
    }
    if let Some(conversation) = &flow.conversation {
        moments.extend(
            conversation.turns.iter().map(|turn| Moment { at: turn.first, event: Event::Turn(turn) }),
        );
    }
    moments
        .extend(flow.icmp_errors.iter().map(|error| Moment { at: error.packet, event: Event::Icmp(error) }));
    if let Some(remarks) = told.remarks {
        let kept = remarks.kept().iter();
        moments.extend(kept.map(|remark| Moment { at: remark.at, event: Event::Remark(remark) }));
        moments.extend(remarks.more().map(|more| Moment { at: more.first, event: Event::More(more) }));
        gaps(remarks, &mut moments);
    }
    // A segment can be several moments (payload with FIN): they keep the order in which they take effect.
    moments.sort_by_key(|moment| (moment.at.number, rank(&moment.event)));
    if flow.tcp.is_some() { moments } else { runs::join(moments) }
}

/// The first gaps, and how many more there are.
fn gaps<'f>(remarks: &'f FlowRemarks, moments: &mut Vec<Moment<'f>>) {
    let (list, not_kept) = remarks.gaps();
    let (told, more) = list.split_at(list.len().min(MAX_REMARKS_OF_A_TOPIC.into()));
    moments.extend(told.iter().map(|gap| Moment { at: gap.at, event: Event::Gap(gap) }));
    if let (Some(first), Some(last)) = (more.first(), more.last()) {
        let count = u64::try_from(more.len()).unwrap_or(u64::MAX).saturating_add(not_kept);
        moments.push(Moment { at: first.at, event: Event::MoreGaps { count, last: last.at.number } });
    }
}

/// Handshake before payload before close within one packet.
fn rank(event: &Event<'_>) -> u8 {
    match event {
        Event::MidStream => 0,
        Event::Step { .. } => 1,
        Event::FinAck { .. } | Event::Gap(_) | Event::MoreGaps { .. } => 2,
        Event::Turn(_) | Event::Same { .. } => 3,
        Event::Remark(_) | Event::More(_) => 4,
        Event::Fin { .. } => 5,
        Event::Refusal | Event::Reset(_) | Event::Icmp(_) => 6,
    }
}

fn opening<'f>(flow: &'f Flow, moments: &mut Vec<Moment<'f>>) {
    use Direction::{OrigToResp, RespToOrig};
    let Some(tcp) = &flow.tcp else { return };
    let start = &tcp.handshake;
    let step = |step, by| Event::Step { step, by };
    push(moments, start.syn, step(HandshakeStep::Syn, OrigToResp));
    let resp_syn = start.resp_syn.map(|number| PacketStamp { number, ts: None });
    push(moments, resp_syn, step(HandshakeStep::Syn, RespToOrig));
    push(moments, start.syn_ack, step(HandshakeStep::SynAck, RespToOrig));
    push(moments, start.ack, step(HandshakeStep::Ack, OrigToResp));
    push(moments, start.refused, Event::Refusal);
}

fn push<'f>(moments: &mut Vec<Moment<'f>>, at: Option<PacketStamp>, event: Event<'f>) {
    moments.extend(at.map(|at| Moment { at, event }));
}

/// How `flow` came out.
#[must_use]
pub fn outcome(flow: &Flow) -> Outcome<'_> {
    let unanswered = || flow.icmp_errors.first().map_or(Outcome::Unanswered, Outcome::Unreachable);
    let Some(tcp) = &flow.tcp else {
        return if flow.resp.packets > 0 { Outcome::Answered } else { unanswered() };
    };
    let end = &tcp.teardown;
    if let Some(rst) = tcp.handshake.refused {
        return Outcome::Refused(rst);
    }
    if let Some(reset) = end.reset.as_deref().copied()
        && !is_closed_before(end, reset.packet)
    {
        return Outcome::Reset(reset);
    }
    match (tcp.handshake.opening(), end.closing()) {
        (Opening::Unanswered, _) => unanswered(),
        (Opening::NotCompleted, None) => Outcome::NotCompleted,
        (_, None) => Outcome::Open,
        (_, Some(Closing::First(by))) if end.fin(by.reversed()).is_none() => Outcome::HalfClosed { by },
        (_, Some(_)) => Outcome::Closed { first: end.closed_first() },
    }
}

/// Both sides had sent FIN before `packet`: what comes then takes nothing from an orderly end.
fn is_closed_before(end: &Teardown, packet: PacketStamp) -> bool {
    [end.orig_fin, end.resp_fin].iter().all(|fin| fin.is_some_and(|fin| fin.number < packet.number))
}

/// Whether the beginning of the flow is in the capture; where it is not, originator and responder are a guess.
#[must_use]
pub fn starts_mid_stream(flow: &Flow) -> bool {
    flow.tcp.is_some() && flow.orig_reason == OrigReason::FirstPacket
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;

    use super::*;
    use crate::decode::Decoder;
    use crate::flow::FlowTable;
    use crate::source::{CapturedPacket, LinkType};

    /// A flow of empty segments: who sends, flags as tcpdump spells them, seq, ack.
    fn outcome_of(segments: &[(Direction, &str, u32, u32)]) -> String {
        let (mut decoder, mut table) = (Decoder::new(), FlowTable::new());
        for (number, &(by, letters, seq, ack)) in (1..).zip(segments) {
            let (src, dst) = if by == Direction::OrigToResp { (40446, 8080) } else { (8080, 40446) };
            let step = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64);
            let step = letters.chars().fold(step.tcp(src, dst, seq, 512), |step, letter| match letter {
                'S' => step.syn(),
                'R' => step.rst(),
                'F' => step.fin(),
                _ => step.ack(ack),
            });
            let mut data = Vec::new();
            step.write(&mut data, &[]).unwrap();
            let wire_len = u32::try_from(data.len()).unwrap();
            let link = LinkType::ETHERNET;
            let packet = CapturedPacket { number, ts: None, wire_len, interface: 0, link, data: &data };
            table.observe(&packet, &decoder.decode(link, &data, wire_len));
        }
        format!("{:?}", outcome(&table.flows()[0]))
    }

    #[test]
    fn a_reset_is_the_outcome_unless_both_sides_had_closed() {
        use Direction::{OrigToResp as C, RespToOrig as S};
        let segments = [
            (C, "S", 100, 0),
            (S, "S.", 500, 101),
            (C, ".", 101, 501),
            (C, "F.", 101, 501),
            (S, "F.", 501, 102),
            (C, "R", 102, 0),
        ];
        assert!(outcome_of(&segments).starts_with("Closed"));
        let without_the_second_fin = [&segments[..4], &segments[5..]].concat();
        assert!(outcome_of(&without_the_second_fin).starts_with("Reset"));
        assert!(outcome_of(&segments[..4]).starts_with("HalfClosed"));
        assert!(outcome_of(&segments[..3]).starts_with("Open"));
    }
}
