//! The decoder and what it leaves: a list of layers over borrowed bytes.

use super::{BufferId, DecodeStop, Layer, LayerKind, StopReason, TcpFlags, TcpSegment, Transport};
use crate::source::LinkType;

/// Most layers followed in one packet. Real tunnels stay under ten; a hostile packet could nest hundreds.
pub const MAX_LAYERS: usize = 32;

/// Decodes packets, one at a time, into buffers that it keeps and reuses.
#[derive(Debug, Default)]
pub struct Decoder {
    pub(super) layers: Vec<Layer>,
    pub(super) transports: Vec<Transport>,
    pub(super) stop: Option<DecodeStop>,
}

impl Decoder {
    /// A decoder with empty buffers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes a frame whose first header is told by `link`; `wire_len` is its length before any snaplen cut.
    pub fn decode<'a>(&'a mut self, link: LinkType, frame: &'a [u8], wire_len: u32) -> DecodedPacket<'a> {
        self.layers.clear();
        self.transports.clear();
        self.stop = None;
        self.link(link, frame, wire_len);
        DecodedPacket { frame, layers: &self.layers, transports: &self.transports, stop: self.stop }
    }

    /// Adds a layer; false where [`MAX_LAYERS`] is reached, which ends decoding.
    pub(super) fn push(&mut self, layer: Layer) -> bool {
        if self.layers.len() >= MAX_LAYERS {
            self.stop = Some(DecodeStop {
                layer: layer.kind,
                offset: layer.start,
                needed: 0,
                had: layer.end.saturating_sub(layer.start),
                reason: StopReason::TooDeep,
            });
            return false;
        }
        self.layers.push(layer);
        true
    }

    /// Notes why `kind` at `span` could not be decoded; the bytes stay part of the layer before.
    pub(super) fn stop(&mut self, kind: LayerKind, span: Span, needed: usize, reason: StopReason) {
        let had = span.end.saturating_sub(span.start);
        let needed = u32::try_from(needed).unwrap_or(u32::MAX);
        self.stop = Some(DecodeStop { layer: kind, offset: span.start, needed, had, reason });
    }
}

/// The bytes a header is decoded from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) buffer: BufferId,
    pub(super) quoted: bool,
    /// First byte.
    pub(super) start: u32,
    /// First byte after what was captured and is within the enclosing length.
    pub(super) end: u32,
    /// End on the wire.
    pub(super) claimed_end: u32,
}

impl Span {
    /// The span's bytes in `data`, its buffer.
    pub(super) fn of<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        slice(data, self.start, self.end)
    }

    /// Why a header that needs more bytes than the span has is missing them.
    pub(super) fn short_reason(&self) -> StopReason {
        if self.claimed_end > self.end { StopReason::Snapped } else { StopReason::Short }
    }

    /// A layer with a header of `header_len` bytes that fills this span.
    pub(super) fn layer(&self, kind: LayerKind, header_len: usize) -> Layer {
        let header = u32::try_from(header_len).unwrap_or(u32::MAX);
        Layer {
            kind,
            buffer: self.buffer,
            quoted: self.quoted,
            start: self.start,
            payload: self.start.saturating_add(header).min(self.end),
            end: self.end,
            claimed_end: self.claimed_end,
        }
    }

    /// What is left after `header_len` bytes.
    pub(super) fn after(&self, header_len: usize) -> Self {
        let header = u32::try_from(header_len).unwrap_or(u32::MAX);
        Self { start: self.start.saturating_add(header).min(self.end), ..*self }
    }

    /// This span, no longer than `len` bytes: the length field of its header says so.
    pub(super) fn limited(&self, len: usize) -> Self {
        let claimed_end = self.start.saturating_add(u32::try_from(len).unwrap_or(u32::MAX));
        Self { end: self.end.min(claimed_end), claimed_end, ..*self }
    }
}

/// `data[start..end]`, empty where that is out of bounds.
pub(super) fn slice(data: &[u8], start: u32, end: u32) -> &[u8] {
    let (Ok(start), Ok(end)) = (usize::try_from(start), usize::try_from(end)) else { return &[] };
    data.get(start..end).unwrap_or(&[])
}

/// A decoded packet: layers from the outside in, over borrowed bytes.
#[derive(Clone, Copy, Debug)]
pub struct DecodedPacket<'a> {
    pub(super) frame: &'a [u8],
    pub(super) layers: &'a [Layer],
    pub(super) transports: &'a [Transport],
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

    /// Where and why decoding stopped early, if it did.
    #[must_use]
    pub fn stop(&self) -> Option<DecodeStop> {
        self.stop
    }

    /// The bytes that offsets of `buffer` count in; empty for a buffer that this packet does not have.
    #[must_use]
    pub fn buffer(&self, buffer: BufferId) -> &'a [u8] {
        if buffer == 0 { self.frame } else { &[] }
    }

    /// A layer's header bytes.
    #[must_use]
    pub fn header(&self, layer: &Layer) -> &'a [u8] {
        slice(self.buffer(layer.buffer), layer.start, layer.payload)
    }

    /// The captured bytes behind a layer's header, bounded by its length field.
    #[must_use]
    pub fn payload(&self, layer: &Layer) -> &'a [u8] {
        slice(self.buffer(layer.buffer), layer.payload, layer.end)
    }

    /// The TCP segment of `transport`; `None` where it is not TCP.
    #[must_use]
    pub fn tcp_segment(&self, transport: &Transport) -> Option<TcpSegment<'a>> {
        let layer = self.layers.get(transport.layer).filter(|layer| layer.kind == LayerKind::Tcp)?;
        let header = self.header(layer);
        let (fixed, options) = header.split_first_chunk::<20>()?;
        let [_, _, _, _, s0, s1, s2, s3, a0, a1, a2, a3, high, low, w0, w1, ..] = *fixed;
        Some(TcpSegment {
            seq: u32::from_be_bytes([s0, s1, s2, s3]),
            ack: u32::from_be_bytes([a0, a1, a2, a3]),
            flags: TcpFlags(u16::from_be_bytes([high & 0x0f, low])),
            window: u16::from_be_bytes([w0, w1]),
            options,
            payload: self.payload(layer),
            payload_len: layer.claimed_end.saturating_sub(layer.payload),
        })
    }
}
