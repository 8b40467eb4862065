//! Whether a segment is a frame that was captured twice.
//!
//! The same datagram has the same IP identification, which says something only where the sender gives each datagram
//! another. Where it does not, copies that nothing asked for and that no sender could have sent so soon are told by that.

use super::board::Board;
use super::{Circumstances, Evidence, Judgement, Kind, Reason, Sent, Sureness};
use crate::decode::TcpFlags;

const MILLISECOND: i64 = 1_000_000;

/// A frame captured twice is the same datagram; beyond a second its identification may have come round.
const SAME_ID_WITHIN: i64 = 1_000 * MILLISECOND;

/// Less than any time-out takes: for a SYN, and for what has the same identification although it is not known whether
/// they change.
const SAME_FRAME_WITHIN: i64 = 10 * MILLISECOND;

/// Two copies of a frame with the same timestamp and no identification: less than a common timestamp clock's tick.
const SAME_INSTANT: i64 = MILLISECOND;

/// What the IPv4 identifications of one side's packets show of how it gives them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ids {
    /// The last that is not 0, and what it stood on: sequence number, acknowledgment, length.
    last: Option<(u16, [u32; 3])>,
    /// Two packets in a row had different ones.
    vary: bool,
    /// Two different segments in a row had the same.
    are_shared: bool,
}

impl Ids {
    pub(super) fn note(&mut self, sent: &Sent) {
        if sent.ip_id == 0 {
            return;
        }
        let now = (sent.ip_id, [sent.seq.0, sent.ack, sent.len]);
        if let Some((id, segment)) = self.last.replace(now) {
            self.vary |= id != sent.ip_id;
            self.are_shared |= id == sent.ip_id && segment != now.1;
        }
    }

    /// Each datagram has another, as far as is seen, so the same again is the same datagram.
    pub(super) const fn tell(self) -> bool {
        self.vary && !self.are_shared
    }
}

/// A segment without bytes. Where the receiver misses something it may be a duplicate ACK, from which the identification
/// alone tells a copy.
pub(super) fn bare(own: &Board, other: &Board, sent: &Sent) -> Option<Judgement> {
    let last = own.last_bare.as_ref()?;
    if !has_same_id(sent, last) || own.ids.are_shared || !is_same_header(sent, last) {
        return None;
    }
    let evidence = of_copy(sent, last, Evidence::default());
    if own.ids.tell() {
        let is_same = lies_within(sent, last, SAME_ID_WITHIN);
        return is_same.then(|| told(same_checksum(sent, last), Reason::SameIpId, evidence));
    }
    let misses = sent.is(TcpFlags::ACK) && other.next.is_after(crate::flow::tcp::SeqNumber(sent.ack));
    let is_same = !misses && sent.checksum == last.checksum && lies_within(sent, last, SAME_INSTANT);
    is_same.then(|| told(Sureness::Likely, Reason::SameIpId, evidence))
}

/// The evidence of a copy of `before`.
fn of_copy(sent: &Sent, before: &Sent, evidence: Evidence) -> Evidence {
    Evidence {
        original: std::num::NonZero::new(before.number),
        since_original: sent.nanos_since(before),
        tsvals: before.tsval.zip(sent.tsval),
        ..evidence
    }
}

/// A segment with bytes, SYN or FIN, of which `previous` is the copy before it; `is_asked`: the receiver asked for it after
/// that.
pub(super) fn with_bytes(
    own: &Board,
    sent: &Sent,
    previous: &Sent,
    at: &Circumstances<'_>,
    is_asked: bool,
    evidence: Evidence,
) -> Option<Judgement> {
    if !is_same_header(sent, previous) || sent.ip_id != previous.ip_id {
        return None;
    }
    let evidence = of_copy(sent, previous, evidence);
    if own.ids.tell() && has_same_id(sent, previous) {
        let is_same = lies_within(sent, previous, SAME_ID_WITHIN);
        return is_same.then(|| told(same_checksum(sent, previous), Reason::SameIpId, evidence));
    }
    if is_asked || sent.checksum != previous.checksum {
        return None;
    }
    let may_tell = has_same_id(sent, previous) && !own.ids.are_shared;
    if may_tell || sent.is(TcpFlags::SYN) {
        let reason = if may_tell { Reason::SameIpId } else { Reason::SameInstant };
        // A SYN-ACK may answer a second SYN just when it is sent again.
        let within = if may_tell || !sent.is(TcpFlags::ACK) { SAME_FRAME_WITHIN } else { SAME_INSTANT };
        let is_same = lies_within(sent, previous, within);
        return is_same.then(|| told(Sureness::Likely, reason, evidence));
    }
    let half_a_trip = at.handshake_nanos().map_or(SAME_INSTANT, |rtt| rtt / 2);
    if !lies_within(sent, previous, half_a_trip.min(SAME_INSTANT)) {
        return None;
    }
    Some(match sent.tsval {
        Some(_) => told(Sureness::Likely, Reason::SameTimestamp, evidence),
        None => told(Sureness::Possible, Reason::SameInstant, evidence),
    })
}

fn told(sure: Sureness, reason: Reason, evidence: Evidence) -> Judgement {
    Judgement { kind: Kind::CapturedTwice, sure, reason, evidence }
}

/// Certain where the checksums agree; otherwise one copy may be damaged, or have been captured before it was filled in.
fn same_checksum(sent: &Sent, before: &Sent) -> Sureness {
    if sent.checksum == before.checksum { Sureness::Certain } else { Sureness::Likely }
}

fn has_same_id(sent: &Sent, before: &Sent) -> bool {
    sent.ip_id != 0 && sent.ip_id == before.ip_id
}

/// All but the checksum: numbers, flags, window and every option.
fn is_same_header(sent: &Sent, before: &Sent) -> bool {
    sent.seq == before.seq
        && sent.len == before.len
        && sent.ack == before.ack
        && sent.flags == before.flags
        && sent.rest == before.rest
}

fn lies_within(sent: &Sent, before: &Sent, nanos: i64) -> bool {
    // Two interfaces may stamp the same frame in either order.
    sent.nanos_since(before).is_some_and(|since| since.unsigned_abs() <= nanos.unsigned_abs())
}
