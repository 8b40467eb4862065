//! Neighbour discovery (RFC 4861): who has an IPv6 address, and what routers tell of the network.

use std::net::{IpAddr, Ipv6Addr};

use super::resolve::{OddKind, Resolutions};
use super::{Carrier, sender_mac};
use crate::decode::{DecodedPacket, Layer};
use crate::flow::PacketStamp;

/// Most routers that are kept; a link has one or two.
pub const MAX_ROUTERS: usize = 256;
/// Most prefixes kept of one router, and name servers.
pub const MAX_PREFIXES: usize = 16;

/// The hop limit of every valid message (RFC 4861 sections 6.1, 7.1 and 8.1): no router passed it on.
const HOP_LIMIT: u8 = 255;

/// A router that tells of itself.
#[derive(Clone, Debug)]
pub struct Router {
    /// Its link-local address.
    pub addr: IpAddr,
    /// Its link-layer address.
    pub mac: Option<[u8; 6]>,
    /// The first advertisement.
    pub first: PacketStamp,
    /// The last.
    pub last: PacketStamp,
    /// How many there were.
    pub advertisements: u64,
    /// Seconds that it is a default router, as it said last; 0 where it is none.
    pub lifetime: u16,
    /// Hop limit that hosts are to use; 0 where it does not say.
    pub hop_limit: u8,
    /// Addresses come by DHCPv6.
    pub managed: bool,
    /// Other configuration comes by DHCPv6.
    pub other: bool,
    /// MTU of the link, where it says.
    pub mtu: Option<u32>,
    /// Prefixes: at most [`MAX_PREFIXES`].
    pub prefixes: Vec<Prefix>,
    /// Name servers (RFC 8106): at most [`MAX_PREFIXES`].
    pub name_servers: Vec<Ipv6Addr>,
}

/// A prefix that a router tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The prefix.
    pub addr: Ipv6Addr,
    /// How many of its bits count.
    pub len: u8,
    /// It is on the link.
    pub on_link: bool,
    /// Hosts may make addresses of it.
    pub autonomous: bool,
    /// Seconds that addresses of it are valid; all ones for ever.
    pub valid: u32,
    /// Seconds that they are preferred.
    pub preferred: u32,
}

/// What neighbour discovery says.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    pub(super) table: Resolutions,
    pub(super) routers: Vec<Router>,
    pub(super) solicitations: Option<(u64, PacketStamp)>,
    pub(super) left_out: u64,
}

impl Neighbours {
    /// Takes the ICMPv6 message `layer`.
    pub(super) fn take(
        &mut self,
        at: PacketStamp,
        decoded: &DecodedPacket<'_>,
        layer: &Layer,
        carrier: &Carrier,
    ) {
        let header = decoded.header(layer);
        let buffer = decoded.buffer(layer.buffer);
        let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        let Some(message) = buffer.get(place(layer.start)..place(layer.end)) else { return };
        let mac = || sender_mac(decoded, layer);
        if let (Some(133..=137), true) = (header.first(), carrier.ttl != HOP_LIMIT) {
            let about = match header.first() {
                Some(135 | 136) => address(message, 8),
                _ => None,
            };
            let kind = OddKind::HopLimit(carrier.ttl);
            return self.table.is_odd(at, kind, about.unwrap_or(carrier.src), mac());
        }
        match header.first() {
            Some(133) => self.solicitations.get_or_insert((0, at)).0 += 1,
            Some(134) => self.router(at, message, carrier.src, mac()),
            Some(135) => {
                let Some(target) = address(message, 8) else { return };
                let asker = option(message, 24, 1).and_then(link_address).or_else(mac);
                if let (false, Some(asker)) = (carrier.src.is_unspecified(), asker) {
                    self.table.claim(at, carrier.src, asker);
                }
                self.table.ask(at, carrier.src, asker, target);
            }
            Some(136) => {
                let (Some(target), Some(flags)) = (address(message, 8), message.get(4)) else { return };
                let owner = option(message, 24, 2).and_then(link_address).or_else(mac);
                // A solicited one goes to who asked, any other to all.
                if flags & 0x40 != 0 {
                    if let Some(owner) = owner {
                        self.table.claim(at, target, owner);
                    }
                    self.table.answer(at, target, owner, carrier.dst, asker_mac(decoded, layer));
                } else if let Some(owner) = owner {
                    self.table.announce(at, target, owner);
                }
            }
            _ => {}
        }
    }

    fn router(&mut self, at: PacketStamp, message: &[u8], addr: IpAddr, mac: Option<[u8; 6]>) {
        let Some(&[_, _, _, _, hop_limit, flags, l0, l1]) = message.first_chunk::<8>() else { return };
        let known = self.routers.iter().position(|router| router.addr == addr);
        let place = match known {
            Some(place) => place,
            None if self.routers.len() >= MAX_ROUTERS => {
                self.left_out += 1;
                return;
            }
            None => {
                self.routers.push(Router {
                    addr,
                    mac: None,
                    first: at,
                    last: at,
                    advertisements: 0,
                    lifetime: 0,
                    hop_limit,
                    managed: false,
                    other: false,
                    mtu: None,
                    prefixes: Vec::new(),
                    name_servers: Vec::new(),
                });
                self.routers.len().saturating_sub(1)
            }
        };
        let Some(router) = self.routers.get_mut(place) else { return };
        router.advertisements += 1;
        router.last = at;
        router.lifetime = u16::from_be_bytes([l0, l1]);
        router.hop_limit = hop_limit;
        router.managed = flags & 0x80 != 0;
        router.other = flags & 0x40 != 0;
        for (kind, value) in options(message, 16) {
            match kind {
                1 => router.mac = link_address(value),
                3 => {
                    if let Some(prefix) = prefix(value) {
                        router.prefixes.retain(|known| (known.addr, known.len) != (prefix.addr, prefix.len));
                        if router.prefixes.len() < MAX_PREFIXES {
                            router.prefixes.push(prefix);
                        }
                    }
                }
                5 => {
                    router.mtu =
                        value.get(2..).and_then(|rest| rest.first_chunk()).copied().map(u32::from_be_bytes)
                }
                25 => {
                    for server in value.get(6..).unwrap_or_default().chunks_exact(16) {
                        let server = server.first_chunk::<16>().copied().map(Ipv6Addr::from);
                        let is_new = |server: &Ipv6Addr| !router.name_servers.contains(server);
                        if let Some(server) = server.filter(is_new)
                            && router.name_servers.len() < MAX_PREFIXES
                        {
                            router.name_servers.push(server);
                        }
                    }
                }
                _ => {}
            }
        }
        router.mac = router.mac.or(mac);
    }
}

/// A prefix information option, without its type and length (RFC 4861 section 4.6.2).
fn prefix(value: &[u8]) -> Option<Prefix> {
    let &[len, flags, v0, v1, v2, v3, p0, p1, p2, p3] = value.first_chunk::<10>()?;
    Some(Prefix {
        addr: Ipv6Addr::from(*value.get(14..)?.first_chunk::<16>()?),
        len,
        on_link: flags & 0x80 != 0,
        autonomous: flags & 0x40 != 0,
        valid: u32::from_be_bytes([v0, v1, v2, v3]),
        preferred: u32::from_be_bytes([p0, p1, p2, p3]),
    })
}

fn address(message: &[u8], at: usize) -> Option<IpAddr> {
    message.get(at..)?.first_chunk::<16>().copied().map(|bytes| Ipv6Addr::from(bytes).into())
}

fn link_address(value: &[u8]) -> Option<[u8; 6]> {
    value.first_chunk().copied().filter(|_| value.len() == 6)
}

/// The options from `at` on: type and value (RFC 4861 section 4.6); each has a length, so they end.
fn options(message: &[u8], at: usize) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = message.get(at..).unwrap_or_default();
    std::iter::from_fn(move || {
        let &[kind, units] = rest.first_chunk::<2>()?;
        let len = usize::from(units).checked_mul(8).filter(|len| *len > 0)?;
        let (option, behind) = rest.split_at_checked(len)?;
        rest = behind;
        Some((kind, option.get(2..)?))
    })
}

fn option(message: &[u8], at: usize, wanted: u8) -> Option<&[u8]> {
    options(message, at).find(|(kind, _)| *kind == wanted).map(|(_, value)| value)
}

/// The link-layer address that an answer goes to.
fn asker_mac(decoded: &DecodedPacket<'_>, layer: &Layer) -> Option<[u8; 6]> {
    let frame = decoded.layers().iter().take_while(|other| !std::ptr::eq(*other, layer));
    let frame = frame.filter(|other| other.kind == crate::decode::LayerKind::Ethernet).last()?;
    decoded.header(frame).first_chunk().copied()
}
