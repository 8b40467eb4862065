//! UDP: requests and replies.

use super::{Direction, FlowId, PacketStamp};
use crate::decode::Transport;

/// What UDP showed of a flow, read as requests of the originator and replies of the responder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UdpFlow {
    /// The first datagram of the responder.
    pub first_reply: Option<PacketStamp>,
    /// The originator's datagram just before that.
    pub first_answered: Option<PacketStamp>,
    /// Times the responder's datagram came next after one of the originator.
    pub answered: u64,
    /// The number that Wireshark gives to all packets but the first ones, where that is another: it counts SNMP
    /// twice. This flow has both.
    pub renumbered: Option<FlowId>,
    /// Datagrams of the originator since the last of the responder: unanswered where the capture ends.
    pub unanswered: u64,
}

impl UdpFlow {
    /// From the request to the first reply.
    #[must_use]
    pub fn reply_time(&self) -> Option<crate::time::TimeDelta> {
        self.first_reply?.since(self.first_answered?)
    }

    /// Takes the next datagram, sent by `by`; `before` is the flow's packet before it.
    pub(super) fn follow(&mut self, by: Direction, packet: PacketStamp, before: Option<PacketStamp>) {
        match by {
            Direction::OrigToResp => self.unanswered = self.unanswered.saturating_add(1),
            Direction::RespToOrig => {
                if self.unanswered > 0 {
                    self.answered = self.answered.saturating_add(1);
                }
                if self.first_reply.is_none() {
                    self.first_reply = Some(packet);
                    // Before the first reply only the originator spoke.
                    self.first_answered = before;
                }
                self.unanswered = 0;
            }
        }
    }
}

/// Whether a datagram is an SNMP message on one of its ports. Wireshark then makes a second conversation for the
/// same endpoints (agents may answer from another port), whose number all later packets show.
pub(super) fn makes_second_conversation(transport: &Transport, payload: &[u8]) -> bool {
    let is = |port| transport.src.port == port || transport.dst.port == port;
    if !is(161) && !is(162) {
        return false;
    }
    // RFC 1157 section 4: a SEQUENCE that begins with the version, an INTEGER; its length takes one byte or more.
    let [0x30, length, rest @ ..] = payload else { return false };
    let more = if *length < 0x80 { 0 } else { usize::from(*length & 0x7f) };
    matches!(rest.get(more..), Some([2, 1, 0..=3, ..]))
}
