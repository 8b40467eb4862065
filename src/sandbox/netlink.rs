//! Interfaces set up through a route netlink socket, by messages made by hand (rtnetlink(7)).

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};

/// `RTM_NEWLINK`: makes or changes an interface.
const RTM_NEWLINK: u16 = 16;
/// `NLMSG_ERROR`: an answer, of which error 0 is success.
const NLMSG_ERROR: u16 = 2;
/// `NLM_F_REQUEST | NLM_F_ACK`: a question that wants an answer.
const REQUEST: u16 = 0x1 | 0x4;
/// `IFF_UP`.
const IFF_UP: u32 = 1;
/// The loopback interface is the first of every network namespace.
pub(super) const LOOPBACK: i32 = 1;

/// A route netlink socket of the network namespace that the process is in.
#[derive(Debug)]
pub(super) struct Netlink {
    socket: OwnedFd,
    sequence: u32,
}

impl Netlink {
    /// Opens it.
    pub(super) fn open() -> Result<Self, Errno> {
        let protocol = SockProtocol::NetlinkRoute;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol)?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Brings the interface with this index up.
    pub(super) fn up(&mut self, index: i32) -> Result<(), Errno> {
        self.ask(RTM_NEWLINK, 0, &link(index, IFF_UP, IFF_UP))
    }

    /// Sends a message and waits for its answer.
    fn ask(&mut self, kind: u16, flags: u16, body: &[u8]) -> Result<(), Errno> {
        self.sequence = self.sequence.wrapping_add(1);
        let message = message(kind, REQUEST | flags, self.sequence, body);
        sendto(self.socket.as_raw_fd(), &message, &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
        let mut answer = [0; 4096];
        loop {
            let len = recv(self.socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
            if let Some(result) = outcome(answer.get(..len).unwrap_or_default(), self.sequence) {
                return result;
            }
        }
    }
}

/// `struct nlmsghdr` and what it heads.
fn message(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len() + 16).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(body.len() + 16);
    bytes.extend(len.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(0_u32.to_ne_bytes());
    bytes.extend(body);
    bytes
}

/// `struct ifinfomsg`: the interface with this index (0 for one to be made), its flags, and which of them change.
fn link(index: i32, flags: u32, change: u32) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    bytes.extend(index.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(change.to_ne_bytes());
    bytes
}

/// What an answer says of the question with this number; `None` where it is of something else.
fn outcome(answer: &[u8], sequence: u32) -> Option<Result<(), Errno>> {
    let [_, _, _, _, k0, k1, _, _, s0, s1, s2, s3, _, _, _, _, e0, e1, e2, e3, ..] = *answer else {
        return None;
    };
    let is_answer =
        u16::from_ne_bytes([k0, k1]) == NLMSG_ERROR && u32::from_ne_bytes([s0, s1, s2, s3]) == sequence;
    is_answer.then(|| match i32::from_ne_bytes([e0, e1, e2, e3]) {
        0 => Ok(()),
        error => Err(Errno::from_raw(error.saturating_neg())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_for_its_own_question() {
        let answer = |error: i32| message(NLMSG_ERROR, 0, 7, &error.to_ne_bytes());
        assert_eq!(outcome(&answer(0), 7), Some(Ok(())));
        assert_eq!(outcome(&answer(-1), 7), Some(Err(Errno::EPERM)));
        assert_eq!(outcome(&answer(0), 8), None);
        assert_eq!(outcome(&message(RTM_NEWLINK, 0, 7, &[0; 16]), 7), None);
        assert_eq!(outcome(&[0; 19], 7), None);
    }

    #[test]
    fn a_message_says_its_own_length() {
        let bytes = message(RTM_NEWLINK, REQUEST, 1, &link(LOOPBACK, IFF_UP, IFF_UP));
        assert_eq!(bytes.len(), 32);
        assert_eq!(bytes[..4], 32_u32.to_ne_bytes());
        assert_eq!(bytes[20..24], 1_i32.to_ne_bytes());
    }
}
