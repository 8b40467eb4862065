//! Which packets' fragments make a datagram (RFC 791 section 3.2, RFC 8200 section 4.5).

use std::collections::HashMap;
use std::net::IpAddr;

use super::Carrier;
use crate::decode::{DecodedPacket, Layer, LayerKind};
use crate::flow::PacketStamp;
use crate::source::PacketNumber;
use crate::time::{NANOS_PER_SECOND, TimeDelta};

/// Most datagrams that are kept; fragments of further ones are counted.
pub const MAX_DATAGRAMS: usize = 16_384;
/// Most fragments kept of one datagram: those of 64 KiB over Ethernet, and some.
pub const MAX_FRAGMENTS_TOLD: usize = 64;
/// Bytes of IPv6's fixed header, which do not count for the length that it tells.
const IPV6_HEADER: u32 = 40;
/// A fragment that comes again so soon behind its datagram is a copy; later, its number is that of another datagram.
const COPY_AGE: TimeDelta = TimeDelta::from_nanos(2 * NANOS_PER_SECOND);

/// A datagram that came in fragments.
#[derive(Clone, Debug)]
pub struct FragmentedDatagram {
    /// Sender.
    pub src: IpAddr,
    /// Receiver.
    pub dst: IpAddr,
    /// Number of the protocol inside.
    pub protocol: u8,
    /// What its fragments have in common.
    pub identification: u32,
    /// Its fragments in the order of the capture: at most [`MAX_FRAGMENTS_TOLD`].
    pub fragments: Vec<Fragment>,
    /// Fragments beyond these.
    pub more: u64,
    /// Fragments that had been there before, whole: sent or captured twice.
    pub copies: u64,
    /// Bytes of the whole datagram behind its header, where its last fragment was seen.
    pub total: Option<u32>,
    /// The packet that it is put together in.
    pub whole_in: Option<PacketNumber>,
    /// Fragments that say otherwise of bytes that were there before.
    pub conflict: bool,
    /// Bytes before those of the fragments that count for the datagram's length: the longest header of IPv4, the extension
    /// headers of IPv6.
    before: u32,
    /// The end of the fragment that reaches furthest.
    furthest: u32,
}

/// One fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Its packet.
    pub at: PacketStamp,
    /// Where its bytes belong.
    pub offset: u32,
    /// How many there are.
    pub len: u32,
    /// More fragments follow.
    pub more: bool,
}

impl Fragment {
    /// The offset behind its bytes.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.offset.saturating_add(self.len)
    }
}

impl FragmentedDatagram {
    /// Its length as its header would have to tell it, where that is more than 16 bits can (RFC 791 section 3.1, RFC 8200
    /// section 4.5): no host sends such a datagram.
    #[must_use]
    pub fn too_large(&self) -> Option<u32> {
        Some(self.furthest.saturating_add(self.before)).filter(|len| *len > u32::from(u16::MAX))
    }

    /// Ranges that no fragment brought, up to the end where that is known; meaningless where not all fragments were
    /// kept.
    #[must_use]
    pub fn missing(&self) -> Vec<(u32, Option<u32>)> {
        let mut parts = self.fragments.clone();
        parts.sort_by_key(|part| part.offset);
        let mut gaps = Vec::new();
        let mut covered = 0;
        for part in &parts {
            if part.offset > covered {
                gaps.push((covered, Some(part.offset)));
            }
            covered = covered.max(part.end());
        }
        match self.total {
            Some(total) if total > covered => gaps.push((covered, Some(total))),
            Some(_) => {}
            None => gaps.push((covered, None)),
        }
        gaps
    }

    /// Whether a fragment is one of these again.
    fn has(&self, fragment: &Fragment) -> bool {
        let same = |known: &Fragment| {
            (known.offset, known.len, known.more) == (fragment.offset, fragment.len, fragment.more)
        };
        self.fragments.iter().any(same)
    }

    /// Whether this, not whole, is copies of what `whole` is made of, which came before.
    fn is_left_of(&self, whole: &Self) -> bool {
        let (Some(last), Some(first)) = (whole.fragments.last(), self.fragments.first()) else {
            return false;
        };
        let is_soon = first.at.since(last.at).is_none_or(|time| time <= COPY_AGE);
        let all_known = self.more == 0 && self.fragments.iter().all(|fragment| whole.has(fragment));
        self.whole_in.is_none() && is_soon && all_known
    }

    /// Whether bytes came more than once, in fragments that are not copies of each other.
    #[must_use]
    pub fn overlaps(&self) -> bool {
        let mut parts = self.fragments.clone();
        parts.sort_by_key(|part| part.offset);
        parts.windows(2).any(|pair| matches!(pair, [one, next] if next.offset < one.end()))
    }
}

type Key = (IpAddr, IpAddr, u8, u32);

/// Collects them.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    all: Vec<FragmentedDatagram>,
    /// Those that are not whole.
    open: HashMap<Key, usize>,
    left_out: u64,
}

impl Fragments {
    /// Takes the fragments that a packet carries, those of tunnels included.
    pub(super) fn take(&mut self, at: PacketStamp, decoded: &DecodedPacket<'_>) {
        for layer in decoded.layers().iter().filter(|layer| !layer.quoted) {
            let Some((key, fragment, before)) = read(at, decoded, layer) else { continue };
            if let Some(datagram) = self.open.get(&key).and_then(|place| self.all.get_mut(*place))
                && datagram.has(&fragment)
            {
                datagram.copies += 1;
                continue;
            }
            let place = match self.open.get(&key) {
                Some(place) => *place,
                None if self.all.len() >= MAX_DATAGRAMS => {
                    self.left_out += 1;
                    continue;
                }
                None => {
                    let place = self.all.len();
                    self.open.insert(key, place);
                    let (src, dst, protocol, identification) = key;
                    self.all.push(FragmentedDatagram {
                        src,
                        dst,
                        protocol,
                        identification,
                        fragments: Vec::new(),
                        more: 0,
                        copies: 0,
                        total: None,
                        whole_in: None,
                        conflict: false,
                        before: 0,
                        furthest: 0,
                    });
                    place
                }
            };
            let Some(datagram) = self.all.get_mut(place) else { continue };
            datagram.before = datagram.before.max(before);
            datagram.furthest = datagram.furthest.max(fragment.end());
            if !fragment.more && datagram.total.is_none() {
                datagram.total = Some(fragment.end());
            }
            if datagram.fragments.len() < MAX_FRAGMENTS_TOLD {
                datagram.fragments.push(fragment);
            } else {
                datagram.more += 1;
            }
            // Where it is put together, decoding goes on in a buffer of its own behind this header.
            let mut behind = decoded.layers().iter().skip_while(|other| !std::ptr::eq(*other, layer)).skip(1);
            let inner = behind.next().filter(|inner| inner.buffer != layer.buffer);
            let whole = inner.and_then(|inner| usize::from(inner.buffer).checked_sub(1));
            if let Some(whole) = whole.and_then(|place| decoded.reassembled().get(place)) {
                datagram.whole_in = Some(at.number);
                datagram.conflict = whole.conflict;
                self.open.remove(&key);
            }
        }
    }

    pub(super) fn finish(self) -> (Vec<FragmentedDatagram>, u64) {
        // What came again behind a datagram is no datagram.
        let mut all: Vec<FragmentedDatagram> = Vec::with_capacity(self.all.len());
        let mut whole: HashMap<Key, usize> = HashMap::new();
        for datagram in self.all {
            let key = (datagram.src, datagram.dst, datagram.protocol, datagram.identification);
            let before = whole.get(&key).and_then(|place| all.get_mut(*place));
            if let Some(before) = before.filter(|before| datagram.is_left_of(before)) {
                let again = u64::try_from(datagram.fragments.len()).unwrap_or(u64::MAX);
                before.copies = before.copies.saturating_add(again).saturating_add(datagram.copies);
                continue;
            }
            if datagram.whole_in.is_some() {
                whole.insert(key, all.len());
            }
            all.push(datagram);
        }
        (all, self.left_out)
    }
}

/// The fragment that stands behind a header, where one does, and the bytes before it that count for its datagram's length.
fn read(at: PacketStamp, decoded: &DecodedPacket<'_>, layer: &Layer) -> Option<(Key, Fragment, u32)> {
    let header = decoded.header(layer);
    let len = layer.claimed_end.saturating_sub(layer.payload);
    let (carrier, protocol, identification, field, more) = match layer.kind {
        LayerKind::Ipv4 => {
            let &[_, _, _, _, i0, i1, f0, f1, _, protocol] = header.first_chunk::<10>()?;
            let field = u16::from_be_bytes([f0, f1]);
            let id = u16::from_be_bytes([i0, i1]);
            (
                Carrier::read(decoded, layer)?,
                protocol,
                u32::from(id),
                (field & 0x1fff) << 3,
                field & 0x2000 != 0,
            )
        }
        LayerKind::Ipv6Fragment => {
            let &[protocol, _, o0, o1, i0, i1, i2, i3] = header.first_chunk::<8>()?;
            let field = u16::from_be_bytes([o0, o1]);
            let id = u32::from_be_bytes([i0, i1, i2, i3]);
            (Carrier::of(decoded, layer)?, protocol, id, field & 0xfff8, field & 1 != 0)
        }
        _ => return None,
    };
    // All of it in one fragment is a datagram by itself (RFC 6946 for IPv6).
    if field == 0 && !more {
        return None;
    }
    let fragment = Fragment { at, offset: u32::from(field), len, more };
    let before = if layer.kind == LayerKind::Ipv4 {
        layer.payload.saturating_sub(layer.start)
    } else {
        let all = decoded.layers().iter().take_while(|other| !std::ptr::eq(*other, layer));
        let fixed = all.filter(|other| other.kind == LayerKind::Ipv6 && other.buffer == layer.buffer).last();
        fixed.map_or(0, |fixed| layer.start.saturating_sub(fixed.start).saturating_sub(IPV6_HEADER))
    };
    Some(((carrier.src, carrier.dst, protocol, identification), fragment, before))
}
