//! Interfaces set up through a route netlink socket, by messages made by hand (rtnetlink(7)).

use std::net::IpAddr;
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
/// `RTM_NEWADDR`: gives an interface an address.
const RTM_NEWADDR: u16 = 20;
/// `NLM_F_CREATE | NLM_F_EXCL`: makes something that is not there yet.
const CREATE: u16 = 0x400 | 0x200;
/// `NLM_F_CREATE | NLM_F_REPLACE`: makes something, in place of what may be there.
const REPLACE: u16 = 0x400 | 0x100;
/// `RTM_NEWROUTE` and `RTM_DELROUTE`.
const ROUTE: (u16, u16) = (24, 25);
/// `RTA_DST`, `RTA_OIF`, `RTA_PREFSRC`.
const RTA: (u16, u16, u16) = (1, 4, 7);
/// The end of a `struct rtmsg` for addresses of this host: no source, no service, `RT_TABLE_LOCAL`, `RTPROT_KERNEL`,
/// `RT_SCOPE_HOST`, `RTN_LOCAL`, no flags.
const OF_THIS_HOST: [u8; 10] = [0, 0, 255, 2, 254, 2, 0, 0, 0, 0];
/// `IFLA_IFNAME`.
const IFLA_IFNAME: u16 = 3;
/// `IFLA_LINKINFO`, and within it `IFLA_INFO_KIND` and `IFLA_INFO_DATA`.
const IFLA_LINKINFO: (u16, u16, u16) = (18, 1, 2);
/// `VETH_INFO_PEER`, the other end of a pair.
const VETH_INFO_PEER: u16 = 1;
/// `IFLA_NET_NS_PID`: the process to whose network namespace an interface goes.
const IFLA_NET_NS_PID: u16 = 19;
/// `IFLA_GSO_MAX_SEGS`: segments that are handed to the interface at once.
const IFLA_GSO_MAX_SEGS: u16 = 40;
/// `IFA_ADDRESS`, `IFA_LOCAL`.
const IFA_ADDRESS: (u16, u16) = (1, 2);
/// `IFA_F_NODAD`: used at once, without asking whether another host has it.
const IFA_F_NODAD: u8 = 2;
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
        Self::of(SockProtocol::NetlinkRoute)
    }

    /// Opens a generic netlink socket instead.
    pub(super) fn generic() -> Result<Self, Errno> {
        Self::of(SockProtocol::NetlinkGeneric)
    }

    fn of(protocol: SockProtocol) -> Result<Self, Errno> {
        let socket = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol)?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Brings the interface with this index up.
    pub(super) fn up(&mut self, index: i32) -> Result<(), Errno> {
        self.ask(RTM_NEWLINK, 0, &link(index, IFF_UP, IFF_UP))
    }

    /// Makes a pair of interfaces with these indexes and names, each the other's cable.
    pub(super) fn pair(&mut self, one: (i32, &str), other: (i32, &str)) -> Result<(), Errno> {
        let end = |(index, name): (i32, &str)| {
            let mut end = link(index, 0, 0);
            end.extend(attribute(IFLA_IFNAME, &terminated(name)));
            end
        };
        let (info, kind, data) = IFLA_LINKINFO;
        let peer = attribute(data, &attribute(VETH_INFO_PEER, &end(other)));
        let mut body = end(one);
        body.extend(attribute(info, &[attribute(kind, b"veth"), peer].concat()));
        self.ask(RTM_NEWLINK, CREATE, &body)
    }

    /// Moves an interface from this socket's network namespace to that of the process.
    pub(super) fn give(&mut self, index: i32, pid: i32) -> Result<(), Errno> {
        self.change(index, &attribute(IFLA_NET_NS_PID, &pid.to_ne_bytes()))
    }

    /// Renames an interface that is down.
    pub(super) fn rename(&mut self, index: i32, name: &str) -> Result<(), Errno> {
        self.change(index, &attribute(IFLA_IFNAME, &terminated(name)))
    }

    /// Lets the kernel cut what is sent into segments before the interface gets it, as a network card would: packets are
    /// then as large as on a wire.
    pub(super) fn single_segments(&mut self, index: i32) -> Result<(), Errno> {
        self.change(index, &attribute(IFLA_GSO_MAX_SEGS, &1_u32.to_ne_bytes()))
    }

    fn change(&mut self, index: i32, attributes: &[u8]) -> Result<(), Errno> {
        self.ask(RTM_NEWLINK, 0, &[&link(index, 0, 0), attributes].concat())
    }

    /// Gives an interface an address, with the length of its network's prefix.
    pub(super) fn address(&mut self, index: i32, address: IpAddr, prefix: u8) -> Result<(), Errno> {
        let (family, flags) = match address {
            IpAddr::V4(_) => (AddressFamily::Inet, 0),
            IpAddr::V6(_) => (AddressFamily::Inet6, IFA_F_NODAD),
        };
        let bytes = octets(address);
        let family = u8::try_from(family as i32).map_err(|_| Errno::EAFNOSUPPORT)?;
        let mut body = vec![family, prefix, flags, 0];
        body.extend(index.to_ne_bytes());
        let (peer, local) = IFA_ADDRESS;
        body.extend(attribute(local, &bytes));
        body.extend(attribute(peer, &bytes));
        self.ask(RTM_NEWADDR, CREATE, &body)
    }

    /// Has packets to an address of this host's loopback interface come from `source`, where the sender names no other:
    /// the kernel would take the address itself, and a server would seem to ask itself.
    pub(super) fn ask_from(&mut self, address: IpAddr, source: IpAddr) -> Result<(), Errno> {
        let (new, delete) = ROUTE;
        let route = route(address);
        if address.is_ipv6() {
            // Beside the kernel's own route another one would have no effect.
            self.ask(delete, 0, &route)?;
        }
        let (_, _, preferred) = RTA;
        self.ask(new, REPLACE, &[route, attribute(preferred, &octets(source))].concat())
    }

    /// Sends a message and gives what the answer holds behind its header.
    pub(super) fn question(&mut self, kind: u16, body: &[u8]) -> Result<Vec<u8>, Errno> {
        self.send(kind, REQUEST, body)?;
        let mut answer = [0; 4096];
        let len = recv(self.socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
        let answer = answer.get(..len).unwrap_or_default();
        match outcome(answer, self.sequence) {
            Some(Err(error)) => Err(error),
            Some(Ok(())) => Err(Errno::ENODATA),
            None => Ok(answer.get(16..).unwrap_or_default().to_vec()),
        }
    }

    fn send(&mut self, kind: u16, flags: u16, body: &[u8]) -> Result<(), Errno> {
        self.sequence = self.sequence.wrapping_add(1);
        let message = message(kind, flags, self.sequence, body);
        sendto(self.socket.as_raw_fd(), &message, &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
        Ok(())
    }

    /// Sends a message and waits for its answer.
    pub(super) fn ask(&mut self, kind: u16, flags: u16, body: &[u8]) -> Result<(), Errno> {
        self.send(kind, REQUEST | flags, body)?;
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

/// `struct rtmsg` of the route to one address of this host, by the loopback interface.
fn route(address: IpAddr) -> Vec<u8> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let bytes = octets(address);
    let small = |value: usize| u8::try_from(value).unwrap_or_default();
    let family = u8::try_from(family as i32).unwrap_or_default();
    let (destination, interface, _) = RTA;
    let mut body = vec![family, small(bytes.len() * 8)];
    body.extend(OF_THIS_HOST);
    body.extend(attribute(destination, &bytes));
    body.extend(attribute(interface, &LOOPBACK.to_ne_bytes()));
    body
}

/// An address as the kernel has it.
fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// `struct nlattr` and what it heads, filled up to four bytes.
pub(super) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(value.len() + 8);
    bytes.extend(len.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A name as C has it.
pub(super) fn terminated(name: &str) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.push(0);
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

    #[test]
    fn a_route_to_an_own_address_has_all_its_bits() {
        let bytes = route("198.41.0.4".parse().unwrap());
        assert_eq!(bytes[..4], [2, 32, 0, 0]);
        assert_eq!(bytes[4..8], [255, 2, 254, 2]);
        assert_eq!(bytes[16..20], [198, 41, 0, 4]);
        assert_eq!(bytes.len(), 12 + 8 + 8);
        assert_eq!(route("::1".parse().unwrap())[..2], [10, 128]);
    }
}
