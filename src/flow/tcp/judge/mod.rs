//! wirelab's own verdict on each segment: what was sent before, why it was sent again, or why it came late, with the
//! packets that show it. Wireshark's heuristics stand beside it under their own names; this one asks a scoreboard of what
//! was sent and acknowledged first, and the clock last.

mod board;
mod decide;
mod ring;
#[cfg(test)]
mod tests;
mod timer;
mod twice;

pub use board::MAX_SACKED;
use board::{Board, Options};
use std::num::NonZero;

pub use ring::MAX_REMEMBERED;
use ring::Sent;

use super::received::Added;
use super::{Handshake, SeqNumber};
use crate::decode::TcpSegment;
use crate::flow::{Direction, PacketStamp};
use crate::source::PacketNumber;
use crate::time::TimeDelta;

/// Most repeats listed of one side that the receiver later told to have had already; more are only counted.
pub const MAX_PROOFS: usize = 16;

/// What a segment is that is not simply the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sent again because no acknowledgment came in time (RFC 6298), or in the recovery after that.
    TimeOut,
    /// Sent again because the receiver's acknowledgments showed a loss: three duplicates (RFC 5681), selective ones
    /// (RFC 6675, RFC 8985), or a further one of the same recovery.
    Fast,
    /// The last segment again, to get an acknowledgment out of the receiver (RFC 8985 section 7).
    TailLossProbe,
    /// Asks whether a closed window has opened (RFC 9293 section 3.8.6.1).
    ZeroWindowProbe,
    /// Asks whether the other side is still there (RFC 9293 section 3.8.4).
    KeepAlive,
    /// Sent before what was captured before it.
    Reordered,
    /// One frame, captured twice.
    CapturedTwice,
    /// Sent again although the receiver had it all.
    Unnecessary,
    /// SYN again.
    SynRetried,
    /// SYN-ACK again.
    SynAckRetried,
    /// Sent again, and the first time it was lost before it reached the capture.
    RepeatUnseen,
}

impl Kind {
    /// In words, as `wirelab.tcp.judgement` has it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::TimeOut => "retransmission after a time-out",
            Self::Fast => "fast retransmission",
            Self::TailLossProbe => "tail loss probe",
            Self::ZeroWindowProbe => "zero window probe",
            Self::KeepAlive => "keep-alive",
            Self::Reordered => "reordered",
            Self::CapturedTwice => "captured twice",
            Self::Unnecessary => "unnecessary retransmission",
            Self::SynRetried => "SYN retried",
            Self::SynAckRetried => "SYN-ACK retried",
            Self::RepeatUnseen => "retransmission of bytes not captured before",
        }
    }
}

/// How far a judgement may be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sureness {
    /// The packets named leave no other explanation.
    Certain,
    /// Another explanation takes unusual behaviour.
    Likely,
    /// The best of several explanations.
    Possible,
}

impl Sureness {
    /// In one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

/// What a judgement rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Three or more duplicate ACKs asked for it.
    DuplicateAcks,
    /// Selective acknowledgments of three segments' worth of later bytes.
    Sacked,
    /// Fewer than three duplicate or selective acknowledgments: as RFC 8985 does.
    FewAcks,
    /// A further segment of a recovery that began before.
    SameRecovery,
    /// Nothing asked for it, and time had passed.
    NothingAsked,
    /// Acknowledgments had asked for it, but long before, or before it was sent the last time.
    AskedBefore,
    /// The last segment sent, when a probe was due (RFC 8985 section 7.2).
    ProbeDue,
    /// The last segment sent, while older ones were not acknowledged either, or sooner than a time-out would be.
    LastSegment,
    /// It brings nothing new, below what comes next, and everything was acknowledged.
    NothingNew,
    /// The receiver's window is closed.
    WindowClosed,
    /// An earlier acknowledgment covers it.
    Acknowledged,
    /// Earlier selective acknowledgments cover it.
    SackedBefore,
    /// Same sequence number and IP identification.
    SameIpId,
    /// Same sequence number and timestamp, within an instant.
    SameTimestamp,
    /// The same bytes within an instant: nothing else tells.
    SameInstant,
    /// Its timestamp is older.
    OlderTimestamp,
    /// Its timestamp is newer.
    NewerTimestamp,
    /// Its IP identification is older.
    OlderIpId,
    /// Its IP identification is newer.
    NewerIpId,
    /// It came too soon to be sent again.
    TooSoon,
    /// It came late enough to be sent again.
    LateEnough,
    /// Same flag, same sequence number, later.
    SameNumber,
}

impl Reason {
    /// In words, as `wirelab.tcp.judgement.reason` has it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::DuplicateAcks => "three or more duplicate ACKs asked for it",
            Self::Sacked => "three segments' worth of later bytes were selectively acknowledged",
            Self::FewAcks => "later bytes were acknowledged, of fewer than three segments",
            Self::SameRecovery => "part of a recovery that had begun",
            Self::NothingAsked => "no acknowledgment asked for it",
            Self::AskedBefore => "what had asked for it came long before, or before the last copy",
            Self::ProbeDue => "the last segment sent, when a probe was due",
            Self::LastSegment => "the last segment sent, before a time-out was due",
            Self::NothingNew => "everything before it was acknowledged",
            Self::WindowClosed => "the receiver's window is closed",
            Self::Acknowledged => "acknowledged before",
            Self::SackedBefore => "selectively acknowledged before",
            Self::SameIpId => "same sequence number and IP identification",
            Self::SameTimestamp => "same sequence number and timestamp at once",
            Self::SameInstant => "same sequence number at once",
            Self::OlderTimestamp => "its timestamp is older",
            Self::NewerTimestamp => "its timestamp is newer",
            Self::OlderIpId => "its IP identification is older",
            Self::NewerIpId => "its IP identification is newer",
            Self::TooSoon => "too soon after for a retransmission",
            Self::LateEnough => "late enough after for a retransmission",
            Self::SameNumber => "same sequence number as before",
        }
    }
}

/// The acknowledgments that asked for a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The first of them.
    pub first: NonZero<PacketNumber>,
    /// The last of them.
    pub last: PacketNumber,
    /// How many duplicate ACKs; 0 where only selective acknowledgments of later bytes asked.
    pub duplicates: u32,
}

/// When a tail loss probe is due (RFC 8985 section 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueProbe {
    /// Nanoseconds of the sender's round trip.
    round_trip: i64,
    /// Nothing else waits for an acknowledgment, which may be delayed then.
    pub is_alone: bool,
    /// A time-out may have come at the same time.
    pub time_out_fits: bool,
}

impl DueProbe {
    /// The sender's smoothed round trip, of which a probe waits two.
    #[must_use]
    pub fn round_trip(&self) -> TimeDelta {
        TimeDelta::from_nanos(i128::from(self.round_trip))
    }
}

/// The packets a judgement rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The packet that first held its first byte, or that is captured twice; `None` where the capture has none, or it is too far back
    /// ([`MAX_REMEMBERED`]).
    pub original: Option<NonZero<PacketNumber>>,
    /// Nanoseconds since the original.
    since_original: Option<i64>,
    /// The duplicate or selective ACKs that asked for it.
    pub asked: Option<Asked>,
    /// The acknowledgment that covers it, where it came before.
    pub acknowledged_by: Option<NonZero<PacketNumber>>,
    /// The first packet captured before it that holds later bytes, where its own were missing.
    pub overtaken_by: Option<NonZero<PacketNumber>>,
    /// Nanoseconds since an acknowledgment asked for anything, where that is long.
    silence: Option<i64>,
    /// By what a probe is told.
    pub probe: Option<DueProbe>,
    /// The timestamp it is compared with, and its own (RFC 7323).
    pub tsvals: Option<(u32, u32)>,
}

impl Evidence {
    /// Time since the original.
    #[must_use]
    pub fn since_original(&self) -> Option<TimeDelta> {
        span(self.since_original)
    }

    /// Time since an acknowledgment asked for anything, where what asked did so long before.
    #[must_use]
    pub fn silence(&self) -> Option<TimeDelta> {
        span(self.silence)
    }
}

fn span(nanos: Option<i64>) -> Option<TimeDelta> {
    nanos.map(|nanos| TimeDelta::from_nanos(i128::from(nanos)))
}

/// What a segment is, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What it is.
    pub kind: Kind,
    /// How sure that is.
    pub sure: Sureness,
    /// What it rests on.
    pub reason: Reason,
    /// The packets that show it.
    pub evidence: Evidence,
}

/// How many segments of one side were judged to be what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// [`Kind::TimeOut`].
    pub time_outs: u32,
    /// [`Kind::Fast`].
    pub fast: u32,
    /// [`Kind::TailLossProbe`].
    pub tail_loss_probes: u32,
    /// [`Kind::ZeroWindowProbe`].
    pub zero_window_probes: u32,
    /// [`Kind::KeepAlive`].
    pub keep_alives: u32,
    /// [`Kind::Reordered`].
    pub reordered: u32,
    /// [`Kind::CapturedTwice`].
    pub captured_twice: u32,
    /// [`Kind::Unnecessary`].
    pub unnecessary: u32,
    /// [`Kind::SynRetried`] and [`Kind::SynAckRetried`].
    pub handshake_retries: u32,
    /// [`Kind::RepeatUnseen`].
    pub repeats_unseen: u32,
    /// Repeats judged otherwise that the receiver later told to have had already (DSACK, RFC 2883).
    pub proved_unnecessary: u32,
}

impl Judged {
    pub(super) fn count(&mut self, kind: Kind) {
        let count = match kind {
            Kind::TimeOut => &mut self.time_outs,
            Kind::Fast => &mut self.fast,
            Kind::TailLossProbe => &mut self.tail_loss_probes,
            Kind::ZeroWindowProbe => &mut self.zero_window_probes,
            Kind::KeepAlive => &mut self.keep_alives,
            Kind::Reordered => &mut self.reordered,
            Kind::CapturedTwice => &mut self.captured_twice,
            Kind::Unnecessary => &mut self.unnecessary,
            Kind::SynRetried | Kind::SynAckRetried => &mut self.handshake_retries,
            Kind::RepeatUnseen => &mut self.repeats_unseen,
        };
        *count = count.saturating_add(1);
    }
}

/// A repeat that a later DSACK shows to have been unnecessary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The segment sent again.
    pub repeat: PacketNumber,
    /// The acknowledgment that tells it arrived twice.
    pub told_by: PacketNumber,
}

/// What the judge is told of a segment beside its TCP header.
#[derive(Clone, Copy, Debug)]
pub(in crate::flow) struct Circumstances<'a> {
    /// The packet.
    pub(in crate::flow) packet: PacketStamp,
    /// IPv4 identification; `None` for IPv6.
    pub(in crate::flow) ip_id: Option<u16>,
    /// Who sent it.
    pub(in crate::flow) by: Direction,
    /// What tells the round trip.
    pub(in crate::flow) handshake: &'a Handshake,
}

/// Judges the segments of one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Judge {
    orig: Board,
    resp: Board,
}

impl Judge {
    /// Exchanges the sides.
    pub(super) fn swap_sides(&mut self) {
        std::mem::swap(&mut self.orig, &mut self.resp);
    }

    /// Repeats of the sender of `direction` that a later DSACK shows to have been unnecessary, the first [`MAX_PROOFS`].
    pub(super) fn proofs(&self, direction: Direction) -> &[Proof] {
        match direction {
            Direction::OrigToResp => &self.orig.proofs,
            Direction::RespToOrig => &self.resp.proofs,
        }
    }

    /// The sender of `direction` announced last that it takes nothing.
    pub(super) fn is_window_closed(&self, direction: Direction) -> bool {
        match direction {
            Direction::OrigToResp => self.orig.window_closed,
            Direction::RespToOrig => self.resp.window_closed,
        }
    }

    /// Nothing that the sender of `direction` sent waits for an acknowledgment, as far as is seen; or the receiver's window
    /// is closed. Else what it sends again is no mere question.
    pub(super) fn may_ask(&self, direction: Direction) -> bool {
        let (own, other) = match direction {
            Direction::OrigToResp => (&self.orig, &self.resp),
            Direction::RespToOrig => (&self.resp, &self.orig),
        };
        let is_acked = other.acked.is_none_or(|acked| !own.next.is_after(acked));
        own.first.is_none() || is_acked || other.window_closed
    }

    /// The connection is over: what was sent need not be remembered. What is sent again now was acknowledged.
    pub(super) fn rest(&mut self) {
        self.orig.ring.rest();
        self.resp.ring.rest();
    }

    /// Judges the next segment, sent by `by`, into `judged`, which is `None` yet and stays so for most segments; `added` is
    /// what it added to what was seen of that side, and whether that is a keep-alive. The answer is the repeat of the other
    /// side that it tells to have arrived twice.
    pub(super) fn segment(
        &mut self,
        by: Direction,
        segment: &TcpSegment<'_>,
        at: &Circumstances<'_>,
        (added, keep_alive): (&Added, bool),
        judged: &mut Option<Judgement>,
    ) -> Option<PacketNumber> {
        let (own, other) = match by {
            Direction::OrigToResp => (&mut self.orig, &mut self.resp),
            Direction::RespToOrig => (&mut self.resp, &mut self.orig),
        };
        let options = Options::parse(segment.options);
        let mut sent = Sent::new(segment, at, options.tsval);
        // A judgement is large, so it is only ever moved where there is one.
        if sent.len == 0 {
            if let Some(judgement) = decide::bare(own, other, &sent, keep_alive) {
                *judged = Some(judgement);
            }
        } else if !is_plain(own, other, &sent, added, keep_alive)
            && let Some(judgement) = decide::with_bytes(own, other, &sent, at, added, keep_alive)
        {
            *judged = Some(judgement);
        }
        let kind = judged.as_ref().map(|judgement| judgement.kind);
        own.ids.note(&sent);
        if kind == Some(Kind::CapturedTwice) {
            return None;
        }
        if sent.len == 0 {
            own.last_bare = Some(sent);
        } else if !segment.flags.rst() && !is_new_probe(own, &sent, kind) {
            sent.is_repeat =
                added.repeat != crate::flow::Repeat::New || kind.is_some_and(|kind| kind != Kind::Reordered);
            own.send(sent, other.acked);
        }
        own.later_tsval(options.tsval);
        if segment.flags.ack() && !segment.flags.rst() {
            return own.acknowledge(other, segment, &options, &sent);
        }
        None
    }
}

/// Nothing to judge: the next bytes, into an open window.
fn is_plain(own: &Board, other: &Board, sent: &Sent, added: &Added, keep_alive: bool) -> bool {
    let below_all = own.first.is_some_and(|first| sent.seq.is_before(first));
    added.repeat == crate::flow::Repeat::New
        && added.filled == 0
        && !keep_alive
        && !below_all
        && !(sent.len == 1 && other.window_closed)
        || sent.is(crate::decode::TcpFlags::RST)
}

/// The byte of a probe into a closed window: the sender may send it again as if it had not, so it is not remembered.
fn is_new_probe(own: &Board, sent: &Sent, kind: Option<Kind>) -> bool {
    sent.seq == own.next && kind == Some(Kind::ZeroWindowProbe)
}

impl Sent {
    /// The first number behind it.
    fn end(&self) -> SeqNumber {
        self.seq.plus(self.len)
    }
}
