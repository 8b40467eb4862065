//! UDP: requests and replies.

use super::{Direction, PacketStamp};

/// What UDP showed of a flow, read as requests of the originator and replies of the responder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UdpFlow {
    /// The first datagram of the responder.
    pub first_reply: Option<PacketStamp>,
    /// The originator's datagram just before that.
    pub first_answered: Option<PacketStamp>,
    /// Times the responder's datagram came next after one of the originator.
    pub answered: u64,
    /// Datagrams of the originator since the last of the responder: unanswered where the capture ends.
    pub unanswered: u64,
    /// The originator's last datagram.
    pub last_request: Option<PacketStamp>,
}

impl UdpFlow {
    /// From the request to the first reply.
    #[must_use]
    pub fn reply_time(&self) -> Option<crate::time::TimeDelta> {
        self.first_reply?.since(self.first_answered?)
    }

    /// Takes the next datagram, sent by `by`.
    pub(super) fn follow(&mut self, by: Direction, packet: PacketStamp) {
        match by {
            Direction::OrigToResp => {
                self.unanswered = self.unanswered.saturating_add(1);
                self.last_request = Some(packet);
            }
            Direction::RespToOrig => {
                if self.unanswered > 0 {
                    self.answered = self.answered.saturating_add(1);
                }
                if self.first_reply.is_none() {
                    self.first_reply = Some(packet);
                    self.first_answered = self.last_request;
                }
                self.unanswered = 0;
            }
        }
    }
}
