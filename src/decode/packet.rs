//! The decoder and what it leaves: a list of layers over borrowed bytes.

use super::decode_as::DecodeAs;
use super::fragment::{FragmentNote, Reassembled};
use super::span::{Span, slice};
use super::{
    BufferId, DecodeStop, JoinedBytes, Layer, LayerKind, StopReason, TcpFlags, TcpSegment, Transport,
    TransportProtocol,
};
use crate::source::LinkType;

/// Most layers followed in one packet. Real tunnels stay under ten; a packet could nest hundreds.
/// It also bounds recursion: every step inwards adds a layer first.
pub const MAX_LAYERS: usize = 256;

/// Decodes packets, one at a time, into buffers that it keeps and reuses.
#[derive(Debug, Default)]
pub struct Decoder {
    pub(super) layers: Vec<Layer>,
    pub(super) transports: Vec<Transport>,
    pub(super) stop: Option<DecodeStop>,
    /// Where the current buffer ends on the wire, whatever length fields say.
    pub(super) wire_end: u32,
    /// The innermost 802.1Q tag's VLAN, 0 without one: fragments of different VLANs are different datagrams.
    pub(super) vlan: u16,
    /// The innermost IPv6 header gave its length in a jumbo payload option: UDP below it may say 0.
    pub(super) jumbo: bool,
    /// The fragment that decoding stopped at, for the defragmenter.
    pub(super) fragment: Option<FragmentNote>,
    /// Datagrams put together in this packet, and payloads unpacked; buffer n is the n-th, from 1.
    pub(super) reassembled: Vec<Reassembled>,
    /// What a person says is behind some ports.
    pub(super) decode_as: DecodeAs,
}

impl Decoder {
    /// A decoder with empty buffers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A decoder that takes `rules` for right, before what ports usually mean.
    #[must_use]
    pub fn with_rules(rules: DecodeAs) -> Self {
        Self { decode_as: rules, ..Self::default() }
    }

    /// Decodes a frame whose first header is told by `link`; `wire_len` is its length before any snaplen cut.
    ///
    /// Fragments are left alone: [`crate::flow::Defragmenter::decode`] puts them together.
    pub fn decode<'a>(&'a mut self, link: LinkType, frame: &'a [u8], wire_len: u32) -> DecodedPacket<'a> {
        self.start(link, frame, wire_len);
        self.packet(frame)
    }

    /// Decodes a frame into this decoder's buffers.
    pub(crate) fn start(&mut self, link: LinkType, frame: &[u8], wire_len: u32) {
        self.layers.clear();
        self.transports.clear();
        self.stop = None;
        self.fragment = None;
        self.vlan = 0;
        self.jumbo = false;
        if !self.reassembled.is_empty() {
            self.reassembled.clear();
        }
        let wire = usize::try_from(wire_len).unwrap_or(usize::MAX);
        let span = Span::whole(0, frame.len(), wire);
        self.wire_end = span.claimed_end;
        self.link(link, frame, span);
    }

    /// What was decoded of `frame`, the frame given to [`Self::start`].
    pub(crate) fn packet<'a>(&'a self, frame: &'a [u8]) -> DecodedPacket<'a> {
        DecodedPacket {
            frame,
            layers: &self.layers,
            transports: &self.transports,
            reassembled: &self.reassembled,
            joined: &[],
            stop: self.stop,
        }
    }

    /// Adds a layer; false where [`MAX_LAYERS`] is reached, which ends decoding.
    #[inline]
    pub(super) fn push(&mut self, layer: Layer) -> bool {
        if self.layers.len() >= MAX_LAYERS {
            self.stop = Some(DecodeStop {
                layer: layer.kind,
                offset: layer.start,
                needed: 0,
                had: layer.end.saturating_sub(layer.start),
                said_by: None,
                reason: StopReason::TooDeep,
            });
            return false;
        }
        self.layers.push(layer);
        true
    }

    /// A last layer that is named and not looked into. Nothing is added where there are no bytes.
    pub(super) fn undecoded(&mut self, kind: LayerKind, span: Span) {
        if !span.is_empty() {
            self.push(span.layer(kind, 0));
        }
    }

    /// Ends decoding at a header of `needed` bytes that `span` does not hold. What there is of it is kept.
    pub(super) fn short(&mut self, kind: LayerKind, span: Span, needed: usize) {
        if span.is_empty() {
            return;
        }
        // A header whose length stands in its missing part needs one byte more than there is, at least.
        let needed = needed.max(usize::try_from(span.len()).unwrap_or(usize::MAX).saturating_add(1));
        let wanted_end = span.start.saturating_add(super::span::offset(needed));
        let reason = if wanted_end <= span.claimed_end {
            StopReason::Snapped
        } else if span.claimed_end < self.wire_end {
            StopReason::LengthField
        } else {
            StopReason::Short
        };
        self.cut(kind, span, needed, reason);
    }

    /// Ends decoding at a header whose fields contradict each other. Its bytes are kept.
    pub(super) fn malformed(&mut self, kind: LayerKind, span: Span, what: &'static str) {
        self.cut(kind, span, 0, StopReason::Malformed(what));
    }

    fn cut(&mut self, kind: LayerKind, span: Span, needed: usize, reason: StopReason) {
        let had = span.len();
        if self.push(span.layer(kind, usize::MAX)) {
            self.stop = Some(DecodeStop {
                layer: kind,
                offset: span.start,
                needed: super::span::offset(needed),
                had,
                said_by: span.said_by,
                reason,
            });
        }
    }
}

/// A decoded packet: layers from the outside in, over borrowed bytes.
#[derive(Clone, Copy, Debug)]
pub struct DecodedPacket<'a> {
    pub(super) frame: &'a [u8],
    pub(super) layers: &'a [Layer],
    pub(super) transports: &'a [Transport],
    pub(super) reassembled: &'a [Reassembled],
    pub(super) joined: &'a [JoinedBytes],
    pub(super) stop: Option<DecodeStop>,
}

impl<'a> DecodedPacket<'a> {
    /// The layers, outermost first.
    #[must_use]
    pub fn layers(&self) -> &'a [Layer] {
        self.layers
    }

    /// The TCP and UDP headers, outermost first.
    #[must_use]
    pub fn transports(&self) -> &'a [Transport] {
        self.transports
    }

    /// The datagrams that this packet's fragment completed, and payloads unpacked: buffer n is the n-th, from 1.
    #[must_use]
    pub fn reassembled(&self) -> &'a [Reassembled] {
        self.reassembled
    }

    /// The same packet with bytes that stand above its transports: they follow the datagrams as buffers.
    #[must_use]
    pub fn with_joined(self, joined: &'a [JoinedBytes]) -> Self {
        Self { joined, ..self }
    }

    /// Nothing but bytes that were put together from packets before.
    #[must_use]
    pub fn of_joined(joined: &'a [JoinedBytes]) -> Self {
        Self { frame: &[], layers: &[], transports: &[], reassembled: &[], joined, stop: None }
    }

    /// The bytes given to [`Self::with_joined`].
    #[must_use]
    pub fn joined(&self) -> &'a [JoinedBytes] {
        self.joined
    }

    /// Where and why decoding stopped early, if it did.
    #[must_use]
    pub fn stop(&self) -> Option<DecodeStop> {
        self.stop
    }

    /// Whether decoding stopped inside this layer's header, so that `header` may lack its end.
    #[must_use]
    pub fn is_cut(&self, layer: &Layer) -> bool {
        self.stop.is_some_and(|stop| {
            stop.layer == layer.kind
                && stop.offset == layer.start
                && !matches!(stop.reason, StopReason::Fragment | StopReason::TooDeep)
                && self.layers.last().is_some_and(|last| last == layer)
        })
    }

    /// The bytes that offsets of `buffer` count in; empty for a buffer that this packet does not have.
    #[must_use]
    #[inline]
    pub fn buffer(&self, buffer: BufferId) -> &'a [u8] {
        match usize::from(buffer).checked_sub(1) {
            None => self.frame,
            Some(n) => match (self.reassembled.get(n), n.checked_sub(self.reassembled.len())) {
                (Some(datagram), _) => &datagram.bytes,
                (None, joined) => joined.and_then(|n| self.joined.get(n)).map_or(&[], |joined| &joined.bytes),
            },
        }
    }

    /// What the bytes of `buffer` are, as a title above them: `Reassembled TCP`; `None` for the frame itself, and for a
    /// buffer that this packet does not have.
    #[must_use]
    pub fn buffer_title(&self, buffer: BufferId) -> Option<&'static str> {
        let n = usize::from(buffer).checked_sub(1)?;
        match self.reassembled.get(n) {
            Some(datagram) if datagram.packets.is_empty() => Some("Unpacked payload"),
            Some(_) => Some("Reassembled datagram"),
            None => self.joined.get(n.checked_sub(self.reassembled.len())?).map(|joined| joined.title),
        }
    }

    /// A layer's header bytes.
    #[must_use]
    #[inline]
    pub fn header(&self, layer: &Layer) -> &'a [u8] {
        slice(self.buffer(layer.buffer), layer.start, layer.payload)
    }

    /// The captured bytes behind a layer's header, bounded by its length field.
    #[must_use]
    #[inline]
    pub fn payload(&self, layer: &Layer) -> &'a [u8] {
        slice(self.buffer(layer.buffer), layer.payload, layer.end)
    }

    /// The TCP segment of `transport`; `None` where it is not TCP, or its header is not all there.
    #[must_use]
    #[inline]
    pub fn tcp_segment(&self, transport: &Transport) -> Option<TcpSegment<'a>> {
        let layer = self.layers.get(transport.layer).filter(|layer| layer.kind == LayerKind::Tcp)?;
        let bytes = slice(self.buffer(layer.buffer), layer.start, layer.end);
        let header_len = usize::try_from(layer.payload.saturating_sub(layer.start)).ok()?;
        let (header, payload) = bytes.split_at_checked(header_len)?;
        let (fixed, options) = header.split_first_chunk::<20>()?;
        let [_, _, _, _, s0, s1, s2, s3, a0, a1, a2, a3, high, low, w0, w1, c0, c1, ..] = *fixed;
        if header.len() < usize::from(high >> 4) * 4 || high < 0x50 {
            return None;
        }
        Some(TcpSegment {
            seq: u32::from_be_bytes([s0, s1, s2, s3]),
            ack: u32::from_be_bytes([a0, a1, a2, a3]),
            flags: TcpFlags(u16::from_be_bytes([high & 0x0f, low])),
            window: u16::from_be_bytes([w0, w1]),
            checksum: u16::from_be_bytes([c0, c1]),
            options,
            payload,
            payload_len: layer.claimed_end.saturating_sub(layer.payload),
        })
    }

    /// The TCP segment of `transport` where the capture cuts its header, but not before the window: no payload, and
    /// options only in part.
    pub(crate) fn cut_tcp_segment(&self, transport: &Transport) -> Option<TcpSegment<'a>> {
        let layer = self.layers.get(transport.layer).filter(|layer| layer.kind == LayerKind::Tcp)?;
        let header = self.header(layer);
        let &[_, _, _, _, s0, s1, s2, s3, a0, a1, a2, a3, high, low, w0, w1] = header.first_chunk::<16>()?;
        let header_len = u32::from(high >> 4) * 4;
        let on_wire = layer.claimed_end.saturating_sub(layer.start);
        Some(TcpSegment {
            seq: u32::from_be_bytes([s0, s1, s2, s3]),
            ack: u32::from_be_bytes([a0, a1, a2, a3]),
            flags: TcpFlags(u16::from_be_bytes([high & 0x0f, low])),
            window: u16::from_be_bytes([w0, w1]),
            checksum: 0,
            options: header.get(20..).unwrap_or(&[]),
            payload: &[],
            payload_len: on_wire.checked_sub(header_len).filter(|_| high >= 0x50)?,
        })
    }

    /// Whether Wireshark gives this header's conversation a stream number: the first 16 bytes of TCP are
    /// needed, all 8 of UDP
    /// with a length that can be. An ICMP error may quote too little for that, and still tells the ports.
    #[must_use]
    pub fn is_numbered(&self, transport: &Transport) -> bool {
        self.layers.get(transport.layer).is_some_and(|layer| match transport.protocol {
            TransportProtocol::Tcp => self.header(layer).len() >= 16,
            TransportProtocol::Udp => !self.is_cut(layer),
        })
    }
}
