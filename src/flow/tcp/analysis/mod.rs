//! Wireshark's judgement of each segment (`tcp.analysis.*`, `tcp.completeness`), as version 4.0 reaches it in one pass.
//!
//! Where its heuristics are wrong they are wrong here too: whoever looks for a field by Wireshark's name is to find
//! what Wireshark shows.

mod fast_open;
mod flags;
mod judge;
mod side;
mod unacked;

pub use fast_open::FastOpenAnswer;
pub use flags::{AnalysisFlags, Completeness};
use side::Side;
pub use unacked::MAX_UNACKED;

use super::SeqNumber;
use crate::decode::{SackBlocks, TcpOption, TcpSegment};
use crate::flow::{Direction, PacketStamp, WindowScale};
use crate::source::PacketNumber;
use crate::time::{TimeDelta, Timestamp};

/// Nanoseconds since the first packet of the flow. Times that lie further than 292 years from it count as that far.
type Nanos = i64;

/// What is remembered of a connection to judge its next segment.
#[derive(Clone, Debug, Default)]
pub(super) struct Analysis {
    orig: Side,
    resp: Side,
    /// Time of the first segment.
    first: Option<Timestamp>,
    /// Time of the last SYN; `None` also where it is 0, the time that Wireshark keeps for "none".
    syn: Option<Nanos>,
    /// From the last SYN to the first acknowledgment after it; 0 while unknown.
    initial_rtt: Nanos,
}

/// What the flow table knows of a segment beside its header.
#[derive(Clone, Copy, Debug)]
pub(in crate::flow) struct Setting {
    /// How its sender's windows are scaled.
    pub(in crate::flow) scale: WindowScale,
    /// It begins a conversation between ports that had one.
    pub(in crate::flow) port_reused: bool,
}

/// What Wireshark's analysis says of one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentAnalysis {
    /// What it is suspected to be.
    pub flags: AnalysisFlags,
    /// For a SYN-ACK: what became of the data that the SYN carried (`tcp.analysis.tfo_ack`, `tcp.analysis.tfo_ignored`).
    pub fast_open: Option<FastOpenAnswer>,
    present: bool,
    duplicate_ack_num: u32,
    duplicate_ack_frame: PacketNumber,
    acks_frame: PacketNumber,
    ack_rtt: Nanos,
    initial_rtt: Nanos,
    bytes_in_flight: u32,
    push_bytes_sent: u32,
    rto_frame: PacketNumber,
    rto: Nanos,
}

impl SegmentAnalysis {
    /// Nothing to tell.
    pub const NONE: Self = Self {
        flags: AnalysisFlags::NONE,
        fast_open: None,
        present: false,
        duplicate_ack_num: 0,
        duplicate_ack_frame: 0,
        acks_frame: 0,
        ack_rtt: 0,
        initial_rtt: 0,
        bytes_in_flight: 0,
        push_bytes_sent: 0,
        rto_frame: 0,
        rto: 0,
    };

    /// Whether there is anything to tell (`tcp.analysis`).
    #[must_use]
    pub const fn is_present(&self) -> bool {
        self.present
    }

    /// For a duplicate acknowledgment: which one it is, from 1, and the packet that it repeats
    /// (`tcp.analysis.duplicate_ack_num`, `tcp.analysis.duplicate_ack_frame`).
    #[must_use]
    pub fn duplicate_ack(&self) -> Option<(u32, PacketNumber)> {
        self.flags.duplicate_ack().then_some((self.duplicate_ack_num, self.duplicate_ack_frame))
    }

    /// The packet whose end it acknowledges (`tcp.analysis.acks_frame`).
    #[must_use]
    pub fn acks_frame(&self) -> Option<PacketNumber> {
        Some(self.acks_frame).filter(|frame| *frame != 0)
    }

    /// Time since that packet (`tcp.analysis.ack_rtt`); `None` also for no time at all.
    #[must_use]
    pub fn ack_rtt(&self) -> Option<TimeDelta> {
        span(self.ack_rtt)
    }

    /// From the last SYN to the acknowledgment that ended the handshake (`tcp.analysis.initial_rtt`).
    #[must_use]
    pub fn initial_rtt(&self) -> Option<TimeDelta> {
        span(self.initial_rtt)
    }

    /// Bytes sent and not yet acknowledged, this segment included (`tcp.analysis.bytes_in_flight`).
    #[must_use]
    pub fn bytes_in_flight(&self) -> Option<u32> {
        Some(self.bytes_in_flight).filter(|bytes| *bytes != 0)
    }

    /// Bytes sent since the sender's last PSH, this segment included (`tcp.analysis.push_bytes_sent`).
    #[must_use]
    pub fn push_bytes_sent(&self) -> Option<u32> {
        Some(self.push_bytes_sent).filter(|bytes| *bytes != 0)
    }

    /// For a retransmission: the oldest packet that waited for its acknowledgment (`tcp.analysis.rto_frame`).
    #[must_use]
    pub fn rto_frame(&self) -> Option<PacketNumber> {
        Some(self.rto_frame).filter(|frame| *frame != 0)
    }

    /// Time since that packet (`tcp.analysis.rto`); `None` also for no time at all.
    #[must_use]
    pub fn rto(&self) -> Option<TimeDelta> {
        span(self.rto)
    }
}

fn span(nanos: Nanos) -> Option<TimeDelta> {
    (nanos != 0).then(|| TimeDelta::from_nanos(i128::from(nanos)))
}

impl Analysis {
    /// Whether a segment was judged.
    pub(super) fn has_begun(&self) -> bool {
        self.first.is_some()
    }

    /// Gives back the memory of what waited, where nothing does.
    pub(super) fn rest(&mut self) {
        self.orig.unacked.rest();
        self.resp.unacked.rest();
    }

    /// Exchanges the sides.
    pub(super) fn swap_sides(&mut self) {
        std::mem::swap(&mut self.orig, &mut self.resp);
    }

    /// Judges the next segment, sent by `by` in `packet`, into `told`, which has nothing in it yet.
    pub(super) fn segment(
        &mut self,
        by: Direction,
        segment: &TcpSegment<'_>,
        packet: PacketStamp,
        setting: Setting,
        told: &mut SegmentAnalysis,
    ) {
        let now = self.now(packet);
        let threshold = self.initial_rtt;
        let (own, other) = match by {
            Direction::OrigToResp => (&mut self.orig, &mut self.resp),
            Direction::RespToOrig => (&mut self.resp, &mut self.orig),
        };
        let begins_anew = begin(own, other, segment);
        told.flags.set(AnalysisFlags::REUSED_PORTS, setting.port_reused || begins_anew);
        told.fast_open = fast_open::answer(own, other, segment);
        judge::judge(own, other, &judge::Seen::new(segment, packet.number, now), threshold, told);
        own.scale = setting.scale;
        own.sacked = sacked_bytes(segment);
        self.time_handshake(segment, packet, now);
        told.present |= told.flags.any() || told.acks_frame != 0;
        if told.present {
            told.initial_rtt = self.initial_rtt;
        }
    }

    /// Time within the flow. A packet without a time counts as one of 1970, as it does in Wireshark.
    fn now(&mut self, packet: PacketStamp) -> Nanos {
        let ts = packet.ts.unwrap_or_default();
        let nanos = (ts - *self.first.get_or_insert(ts)).as_nanos();
        let furthest = if nanos < 0 { Nanos::MIN } else { Nanos::MAX };
        Nanos::try_from(nanos).unwrap_or(furthest)
    }

    fn time_handshake(&mut self, segment: &TcpSegment<'_>, packet: PacketStamp, now: Nanos) {
        let flags = segment.flags;
        if flags.syn() && !flags.ack() {
            self.syn = packet.ts.filter(|ts| ts.as_nanos() != 0).map(|_| now);
        } else if flags.ack() && !flags.syn() && self.initial_rtt == 0 {
            self.initial_rtt = self.syn.map_or(0, |syn| now.saturating_sub(syn));
        }
    }
}

/// Notes where the sides begin. Whether the segment is a SYN-ACK that begins elsewhere than its side did, as after a
/// refusal.
fn begin(own: &mut Side, other: &mut Side, segment: &TcpSegment<'_>) -> bool {
    let TcpSegment { seq, ack, flags, .. } = *segment;
    if flags.ack() && other.begins.is_none() {
        other.begins = Some(ack.wrapping_sub(1));
    }
    let first = if flags.syn() { seq } else { seq.wrapping_sub(1) };
    let begins = *own.begins.get_or_insert(first);
    let elsewhere = flags.syn() && flags.ack() && begins != seq;
    if elsewhere {
        own.begins = Some(seq);
    }
    elsewhere
}

/// How many bytes the first SACK blocks of a segment name (RFC 2018); as many as Wireshark takes into account.
fn sacked_bytes(segment: &TcpSegment<'_>) -> u32 {
    /// No SACK option fits in less, and timestamps, which most segments carry, take 12.
    const LEAST: usize = 10;
    const TIMESTAMPS_ALONE: [u8; 4] = [1, 1, 8, 10];
    const BLOCKS: usize = 3;
    const SACK: u8 = 5;
    let options = segment.options;
    if options.len() < LEAST || (options.len() == 12 && options.starts_with(&TIMESTAMPS_ALONE)) {
        return 0;
    }
    let mut bytes = 0_u32;
    for option in segment.typed_options() {
        // Where the capture cuts the option, the blocks that are there count.
        let blocks = match option {
            TcpOption::Sack(blocks) => blocks,
            TcpOption::Malformed { kind: SACK, data } => SackBlocks::of(data),
            _ => continue,
        };
        bytes = blocks
            .iter()
            .take(BLOCKS)
            .fold(bytes, |bytes, (left, right)| bytes.wrapping_add(SeqNumber(right).since(SeqNumber(left))));
    }
    bytes
}

#[cfg(test)]
mod tests;
