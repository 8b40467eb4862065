//! Numbers conversations as Wireshark does: by unordered address and port pair, for good, with a new number
//! where a SYN shows that the ports are used again.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::key::{FlowKey, V4Key, V6Key};
use super::{Elapsed, FlowId, WindowScale};
use crate::decode::{
    DecodedPacket, LayerKind, TcpFlags, TcpOption, TcpOptionIter, TcpSegment, Transport, TransportProtocol,
};
use crate::time::Timestamp;

/// Most conversations numbered in one capture, TCP and UDP together. Past it packets belong to no flow, and
/// are counted: a flood of made-up SYNs must not take all memory.
pub const MAX_CONVERSATIONS: usize = 4_000_000;

/// A conversation: its number, and what relative sequence numbers are relative to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conversation {
    number: u32,
    protocol: TransportProtocol,
    /// Index of its flow; [`NO_FLOW`] while it was only quoted.
    flow: u32,
    /// The number of its later packets.
    later: Later,
    /// Base sequence number of the lower endpoint, then of the higher.
    base: [Option<u32>; 2],
    /// How the windows of the lower endpoint are scaled, then of the higher.
    scale: [WindowScale; 2],
    /// Time of its first packet.
    first: Timestamp,
    /// Time of its last packet so far.
    last: Timestamp,
    /// The lower endpoint is the originator.
    pub(super) low_is_orig: bool,
}

const NO_FLOW: u32 = u32::MAX;

/// What number the packets after the first ones take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Later {
    /// The conversation's.
    Same,
    /// A new one, from the next packet on: this one was SNMP, for which Wireshark makes a second conversation.
    Due,
    /// This one.
    Number(u32),
}

impl Conversation {
    /// The number of its next packet, which is of `now`; `fresh` is the next number of its protocol.
    fn number_next(&mut self, fresh: u32, now: Timestamp) -> FlowId {
        let number = match self.later {
            Later::Same => self.number,
            Later::Due => fresh,
            Later::Number(number) => number,
        };
        if self.later == Later::Due {
            self.later = Later::Number(fresh);
            (self.first, self.last) = (now, now);
        }
        FlowId { protocol: self.protocol, number }
    }

    /// The first number that was given to it.
    pub(super) fn id(&self) -> FlowId {
        FlowId { protocol: self.protocol, number: self.number }
    }

    /// Its packet just now was SNMP.
    pub(super) fn renumber(&mut self) {
        if self.later == Later::Same {
            self.later = Later::Due;
        }
    }

    /// Index of its flow; `None` while it was only quoted.
    pub(super) fn flow(&self) -> Option<usize> {
        if self.flow == NO_FLOW { None } else { usize::try_from(self.flow).ok() }
    }

    pub(super) fn set_flow(&mut self, index: usize) {
        self.flow = u32::try_from(index).unwrap_or(NO_FLOW);
    }

    /// Relative sequence and acknowledgment number of a segment from the lower endpoint (or the higher).
    fn relative(&mut self, from_low: bool, segment: TcpStart<'_>) -> (u32, u32) {
        let [low, high] = &mut self.base;
        let (own, other) = if from_low { (low, high) } else { (high, low) };
        if segment.flags.syn() && segment.flags.ack() && own.is_some() {
            // A SYN-ACK says where its side begins, whatever was taken for it before.
            *own = Some(segment.seq);
        }
        // Without the SYN, numbers start at 1, as if it had been there.
        let first = if segment.flags.syn() { segment.seq } else { segment.seq.wrapping_sub(1) };
        let own = *own.get_or_insert(first);
        if !segment.flags.ack() {
            return (segment.seq.wrapping_sub(own), segment.ack);
        }
        let other = *other.get_or_insert(segment.ack.wrapping_sub(1));
        (segment.seq.wrapping_sub(own), segment.ack.wrapping_sub(other))
    }

    /// How the windows of the lower endpoint (or the higher) are scaled, after its `segment`, if that is told.
    fn scale(&mut self, from_low: bool, segment: Option<TcpStart<'_>>) -> WindowScale {
        let [low, high] = &mut self.scale;
        let (own, other) = if from_low { (low, high) } else { (high, low) };
        if let Some(segment) = segment.filter(|segment| segment.flags.syn()) {
            let offer = TcpOptionIter::new(segment.options).find_map(|option| match option {
                TcpOption::WindowScale(shift) => Some(shift.min(WindowScale::MAX_SHIFT)),
                _ => None,
            });
            if let Some(shift) = offer {
                *own = WindowScale::Shift(shift);
            } else if *own == WindowScale::Unknown {
                // RFC 7323 section 1.3: only where both sides offer it.
                (*own, *other) = (WindowScale::Unscaled, WindowScale::Unscaled);
            }
            if segment.flags.ack() && *other == WindowScale::Unscaled {
                *own = WindowScale::Unscaled;
            }
        }
        *own
    }

    /// Time since its first packet and the one before, of a packet of now.
    fn elapsed(&mut self, now: Timestamp) -> Elapsed {
        let elapsed = Elapsed { since_first: now - self.first, since_previous: now - self.last };
        self.last = now;
        elapsed
    }

    /// A SYN of the lower endpoint (or the higher) that begins elsewhere than this conversation did.
    fn is_reused_by(&self, from_low: bool, header: TcpStart<'_>) -> bool {
        let [low, high] = self.base;
        let base = if from_low { low } else { high };
        header.flags.syn() && !header.flags.ack() && base.is_some_and(|base| base != header.seq)
    }
}

/// The part of a TCP header that conversations are told by: there may be no more of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct TcpStart<'a> {
    seq: u32,
    ack: u32,
    flags: TcpFlags,
    /// Option bytes, as far as they were captured.
    options: &'a [u8],
    /// The segment that was sent holds the whole header, captured or not.
    is_sent_whole: bool,
}

impl<'a> TcpStart<'a> {
    /// The start of a whole header.
    pub(super) fn of_segment(segment: &TcpSegment<'a>) -> Self {
        let TcpSegment { seq, ack, flags, options, .. } = *segment;
        Self { seq, ack, flags, options, is_sent_whole: true }
    }

    /// Reads the start of the header of `transport`; `None` where it is not TCP or fewer than 14 bytes are there.
    pub(super) fn of(decoded: &DecodedPacket<'a>, transport: &Transport) -> Option<Self> {
        let layer = decoded.layers().get(transport.layer).filter(|layer| layer.kind == LayerKind::Tcp)?;
        let header = decoded.header(layer);
        let &[_, _, _, _, s0, s1, s2, s3, a0, a1, a2, a3, high, low] = header.first_chunk::<14>()?;
        let on_wire = layer.claimed_end.saturating_sub(layer.start);
        Some(Self {
            seq: u32::from_be_bytes([s0, s1, s2, s3]),
            ack: u32::from_be_bytes([a0, a1, a2, a3]),
            flags: TcpFlags(u16::from_be_bytes([high & 0x0f, low])),
            options: header.get(20..).unwrap_or(&[]),
            is_sent_whole: on_wire >= u32::from(high >> 4) * 4,
        })
    }
}

/// Where a transport header belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Index of the conversation.
    pub(super) conversation: usize,
    /// Its number.
    pub(super) id: FlowId,
    /// The sender is the lower endpoint.
    pub(super) from_low: bool,
    /// It began a conversation between ports that had one.
    pub(super) port_reused: bool,
    /// Relative sequence and acknowledgment number, for a TCP header that is not quoted and was sent whole.
    pub(super) relative: Option<(u32, u32)>,
    pub(super) elapsed: Elapsed,
    pub(super) scale: WindowScale,
}

/// All conversations of a capture.
#[derive(Debug, Default)]
pub(super) struct Conversations {
    all: Vec<Conversation>,
    /// The latest conversation of each pair; IPv4 apart, because its keys are a third of the size.
    v4: HashMap<V4Key, u32>,
    v6: HashMap<V6Key, u32>,
    tcp: u32,
    udp: u32,
}

impl Conversations {
    /// The conversation of a header, new or known; `None` once [`MAX_CONVERSATIONS`] is reached. `start` is there
    /// for TCP; `now` is the packet's time.
    pub(super) fn place(
        &mut self,
        transport: &Transport,
        now: Timestamp,
        start: Option<TcpStart<'_>>,
    ) -> Option<Place> {
        let known = self.all.len();
        let fresh = u32::try_from(known).ok()?;
        let (key, from_low) = FlowKey::new(transport.src, transport.dst, transport.protocol);
        let slot = match key {
            FlowKey::V4(key) => slot(self.v4.entry(key), known, fresh),
            FlowKey::V6(key) => slot(self.v6.entry(key), known, fresh),
        }?;
        let mut port_reused = false;
        if *slot != fresh
            && let (Some(start), Some(former)) =
                (start, usize::try_from(*slot).ok().and_then(|at| self.all.get(at)))
        {
            port_reused = former.is_reused_by(from_low, start);
            if port_reused && known >= MAX_CONVERSATIONS {
                return None;
            }
            if port_reused {
                *slot = fresh;
            }
        }
        let conversation = usize::try_from(*slot).ok()?;
        if *slot == fresh {
            self.begin(transport.protocol, from_low, now);
        }
        let entry = self.all.get_mut(conversation)?;
        let count = match transport.protocol {
            TransportProtocol::Tcp => &mut self.tcp,
            TransportProtocol::Udp => &mut self.udp,
        };
        let id = entry.number_next(*count, now);
        *count = (*count).max(id.number.saturating_add(1));
        // tshark leaves quoted numbers as they are, and takes none of them for a base.
        let sent = start.filter(|start| start.is_sent_whole && !transport.quoted);
        let relative = sent.map(|segment| entry.relative(from_low, segment));
        let scale = entry.scale(from_low, sent);
        // A quoted datagram is none of the conversation's; a quoted segment Wireshark counts in.
        let counts = !transport.quoted || transport.protocol == TransportProtocol::Tcp;
        let elapsed = if counts { entry.elapsed(now) } else { Elapsed::default() };
        Some(Place { conversation, id, from_low, port_reused, relative, elapsed, scale })
    }

    /// The latest conversation between the endpoints of a header that is too short to be numbered itself.
    pub(super) fn find(&self, transport: &Transport) -> Option<Place> {
        let (key, from_low) = FlowKey::new(transport.src, transport.dst, transport.protocol);
        let slot = match key {
            FlowKey::V4(key) => self.v4.get(&key),
            FlowKey::V6(key) => self.v6.get(&key),
        };
        let conversation = usize::try_from(*slot?).ok()?;
        let id = self.all.get(conversation)?.id();
        Some(Place {
            conversation,
            id,
            from_low,
            port_reused: false,
            relative: None,
            elapsed: Elapsed::default(),
            scale: WindowScale::Unknown,
        })
    }

    fn begin(&mut self, protocol: TransportProtocol, low_is_orig: bool, now: Timestamp) {
        let count = match protocol {
            TransportProtocol::Tcp => &mut self.tcp,
            TransportProtocol::Udp => &mut self.udp,
        };
        self.all.push(Conversation {
            number: *count,
            protocol,
            flow: NO_FLOW,
            later: Later::Same,
            base: [None; 2],
            scale: [WindowScale::Unknown; 2],
            first: now,
            last: now,
            low_is_orig,
        });
        *count = count.saturating_add(1);
    }

    pub(super) fn get_mut(&mut self, conversation: usize) -> Option<&mut Conversation> {
        self.all.get_mut(conversation)
    }

    /// Numbers given to `protocol`.
    pub(super) fn count(&self, protocol: TransportProtocol) -> u32 {
        match protocol {
            TransportProtocol::Tcp => self.tcp,
            TransportProtocol::Udp => self.udp,
        }
    }
}

/// The slot of a pair in its map, which holds `fresh` where the pair is new.
fn slot<K: std::hash::Hash + Eq>(
    entry: Entry<'_, K, u32, hashbrown::DefaultHashBuilder>,
    known: usize,
    fresh: u32,
) -> Option<&mut u32> {
    match entry {
        Entry::Occupied(slot) => Some(slot.into_mut()),
        Entry::Vacant(_) if known >= MAX_CONVERSATIONS => None,
        Entry::Vacant(slot) => Some(slot.insert(fresh)),
    }
}
