//! Who asks for whose link-layer address and who answers: ARP (RFC 826, RFC 5227) and neighbour discovery (RFC 4861) alike.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use crate::flow::PacketStamp;
use crate::time::TimeDelta;

/// Most pairs of one who asks and an address: a host that asks for a whole /16 fits. Questions beyond are counted.
pub const MAX_LOOKUPS: usize = 65_536;
/// Most addresses whose owners are kept.
pub const MAX_CLAIMS: usize = 65_536;
/// Most owners kept of one address; two are already one too many.
pub const MAX_OWNERS: usize = 8;
/// Most kinds of odd messages that are kept, each with its addresses; looked through for each message that is odd.
pub const MAX_ODDITIES: usize = 256;

/// Questions of one host for one address.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// Who asks; unspecified where it asks whether the address is free.
    pub asker: IpAddr,
    /// Its link-layer address, where one is known.
    pub asker_mac: Option<[u8; 6]>,
    /// The address that is asked for.
    pub target: IpAddr,
    /// How often it was asked.
    pub asked: u64,
    /// The first question.
    pub first: PacketStamp,
    /// The last question.
    pub last: PacketStamp,
    /// How many of the questions were answered.
    pub answered: u64,
    /// The first answer.
    pub answer: Option<Answer>,
    /// The question that waits.
    waiting: Option<PacketStamp>,
}

impl Lookup {
    /// Whether it asks whether the address is free (RFC 5227 section 2.1.1, RFC 4862 section 5.4).
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.asker.is_unspecified()
    }
}

/// An answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// Its packet.
    pub at: PacketStamp,
    /// The link-layer address that it tells.
    pub mac: Option<[u8; 6]>,
    /// From the question to it.
    pub time: Option<TimeDelta>,
}

/// An address and who said that it was theirs.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The address.
    pub addr: IpAddr,
    /// Who: at most [`MAX_OWNERS`], in the order of their first packets.
    pub owners: Vec<Owner>,
}

/// One who says that an address is its own.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// Its link-layer address.
    pub mac: [u8; 6],
    /// The first packet that says so.
    pub first: PacketStamp,
    /// The last.
    pub last: PacketStamp,
    /// How many do.
    pub packets: u64,
    /// Times that it told all without being asked (gratuitous ARP, unsolicited neighbour advertisements).
    pub announced: u64,
    /// The first time.
    pub announcement: Option<PacketStamp>,
}

/// A message about an address that is not as it should be.
#[derive(Clone, Copy, Debug)]
pub struct Oddity {
    /// What is odd.
    pub kind: OddKind,
    /// The address that it is about.
    pub addr: IpAddr,
    /// The link-layer address that it tells, where it tells one.
    pub mac: Option<[u8; 6]>,
    /// The first such packet.
    pub first: PacketStamp,
    /// How many there are.
    pub packets: u64,
}

/// What is odd about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OddKind {
    /// The frame comes from another link-layer address, this one, than the sender that the message tells.
    OtherSender([u8; 6]),
    /// The hop limit is not 255: a router has passed it on, or its sender wants that to be believed. Receivers ignore it (RFC
    /// 4861 sections 6.1 and 7.1), and nothing it says is told here.
    HopLimit(u8),
}

/// Questions, answers and claims of one protocol.
#[derive(Debug, Default)]
pub struct Resolutions {
    lookups: Vec<Lookup>,
    by_pair: HashMap<(IpAddr, Option<[u8; 6]>, IpAddr), usize>,
    /// The last one who asked whether an address is free: the answer goes to all.
    probes: HashMap<IpAddr, usize>,
    claims: Vec<Claim>,
    by_addr: HashMap<IpAddr, usize>,
    /// Answers to no question in the capture.
    unasked: u64,
    first_unasked: Option<PacketStamp>,
    odd: Vec<Oddity>,
    left_out: u64,
}

impl Resolutions {
    /// Who asked for what, in the order of first questions.
    #[must_use]
    pub fn lookups(&self) -> &[Lookup] {
        &self.lookups
    }

    /// Addresses and their owners, in the order of first packets.
    #[must_use]
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// Addresses that more than one link-layer address claims.
    pub fn conflicts(&self) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(|claim| claim.owners.len() > 1)
    }

    /// How many answers came to no question in the capture, and the first of them.
    #[must_use]
    pub fn unasked(&self) -> (u64, Option<PacketStamp>) {
        (self.unasked, self.first_unasked)
    }

    /// Messages that are not as they should be, each kind once.
    #[must_use]
    pub fn oddities(&self) -> &[Oddity] {
        &self.odd
    }

    /// Whether nothing was asked, answered or claimed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lookups.is_empty() && self.claims.is_empty() && self.unasked == 0 && self.odd.is_empty()
    }

    /// Questions and claims that a limit kept out.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Takes an ARP packet of IPv4 over Ethernet, in a frame from `frame`; others are not looked at.
    pub(super) fn take_arp(&mut self, at: PacketStamp, bytes: &[u8], frame: Option<[u8; 6]>) {
        let Some(rest) = bytes.strip_prefix(&[0, 1, 8, 0, 6, 4]) else { return };
        let Some(&[o0, o1, m0, m1, m2, m3, m4, m5, s0, s1, s2, s3, a0, a1, a2, a3, a4, a5, t0, t1, t2, t3]) =
            rest.first_chunk::<22>()
        else {
            return;
        };
        let mac = [m0, m1, m2, m3, m4, m5];
        let (sender, target) = (Ipv4Addr::new(s0, s1, s2, s3), Ipv4Addr::new(t0, t1, t2, t3));
        if let Some(frame) = frame.filter(|frame| *frame != mac) {
            self.is_odd(at, OddKind::OtherSender(frame), sender.into(), Some(mac));
        }
        match u16::from_be_bytes([o0, o1]) {
            1 | 2 if sender == target => self.announce(at, sender.into(), mac),
            1 => {
                self.claim(at, sender.into(), mac);
                self.ask(at, sender.into(), Some(mac), target.into());
            }
            2 => {
                self.claim(at, sender.into(), mac);
                let asker = [a0, a1, a2, a3, a4, a5];
                self.answer(at, sender.into(), Some(mac), target.into(), Some(asker));
            }
            _ => {}
        }
    }

    /// A question of `asker` for the owner of `target`.
    pub(super) fn ask(&mut self, at: PacketStamp, asker: IpAddr, mac: Option<[u8; 6]>, target: IpAddr) {
        let key = (asker, mac, target);
        let place = match self.by_pair.get(&key) {
            Some(place) => *place,
            None if self.lookups.len() >= MAX_LOOKUPS => {
                self.left_out += 1;
                return;
            }
            None => {
                let place = self.lookups.len();
                self.by_pair.insert(key, place);
                self.lookups.push(Lookup {
                    asker,
                    asker_mac: mac,
                    target,
                    asked: 0,
                    first: at,
                    last: at,
                    answered: 0,
                    answer: None,
                    waiting: None,
                });
                place
            }
        };
        if asker.is_unspecified() {
            self.probes.insert(target, place);
        }
        if let Some(lookup) = self.lookups.get_mut(place) {
            lookup.asked += 1;
            lookup.last = at;
            lookup.waiting = Some(at);
        }
    }

    /// An answer of the owner of `target` to `asker`.
    pub(super) fn answer(
        &mut self,
        at: PacketStamp,
        target: IpAddr,
        mac: Option<[u8; 6]>,
        asker: IpAddr,
        asker_mac: Option<[u8; 6]>,
    ) {
        let place = self.by_pair.get(&(asker, asker_mac, target)).or_else(|| self.probes.get(&target));
        let lookup = place.and_then(|place| self.lookups.get_mut(*place));
        let Some((lookup, asked)) = lookup.and_then(|lookup| lookup.waiting.take().map(|at| (lookup, at)))
        else {
            self.unasked += 1;
            self.first_unasked.get_or_insert(at);
            return;
        };
        lookup.answered += 1;
        lookup.answer.get_or_insert(Answer { at, mac, time: at.since(asked) });
    }

    /// `mac` tells all that `addr` is its own; whoever asks whether it is free is answered by that, too.
    pub(super) fn announce(&mut self, at: PacketStamp, addr: IpAddr, mac: [u8; 6]) {
        if let Some(owner) = self.claim(at, addr, mac) {
            owner.announced += 1;
            owner.announcement.get_or_insert(at);
        }
        let probe = self.probes.get(&addr).and_then(|place| self.lookups.get_mut(*place));
        if let Some(probe) = probe.filter(|probe| probe.asker_mac != Some(mac))
            && let Some(asked) = probe.waiting.take()
        {
            probe.answered += 1;
            probe.answer.get_or_insert(Answer { at, mac: Some(mac), time: at.since(asked) });
        }
    }

    /// A message about `addr` is not as it should be.
    pub(super) fn is_odd(&mut self, at: PacketStamp, kind: OddKind, addr: IpAddr, mac: Option<[u8; 6]>) {
        let same = |odd: &&mut Oddity| (odd.kind, odd.addr, odd.mac) == (kind, addr, mac);
        if let Some(odd) = self.odd.iter_mut().find(same) {
            odd.packets += 1;
        } else if self.odd.len() < MAX_ODDITIES {
            self.odd.push(Oddity { kind, addr, mac, first: at, packets: 1 });
        } else {
            self.left_out += 1;
        }
    }

    /// `mac` says that `addr` is its own.
    pub(super) fn claim(&mut self, at: PacketStamp, addr: IpAddr, mac: [u8; 6]) -> Option<&mut Owner> {
        if addr.is_unspecified() {
            return None;
        }
        let place = match self.by_addr.get(&addr) {
            Some(place) => *place,
            None if self.claims.len() >= MAX_CLAIMS => {
                self.left_out += 1;
                return None;
            }
            None => {
                let place = self.claims.len();
                self.by_addr.insert(addr, place);
                self.claims.push(Claim { addr, owners: Vec::new() });
                place
            }
        };
        let owners = &mut self.claims.get_mut(place)?.owners;
        let known = owners.iter().position(|owner| owner.mac == mac);
        if known.is_none() {
            if owners.len() >= MAX_OWNERS {
                self.left_out += 1;
                return None;
            }
            owners.push(Owner { mac, first: at, last: at, packets: 0, announced: 0, announcement: None });
        }
        let owner = match known {
            Some(place) => owners.get_mut(place)?,
            None => owners.last_mut()?,
        };
        owner.packets += 1;
        owner.last = at;
        Some(owner)
    }
}
