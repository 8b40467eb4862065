//! Why decoding went no further.

use super::LayerKind;

/// Where and why decoding stopped before the packet was fully understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeStop {
    /// The layer that could not be decoded.
    pub layer: LayerKind,
    /// Offset of its first byte in its buffer.
    pub offset: u32,
    /// Bytes it needed, where that is the trouble; else 0.
    pub needed: u32,
    /// Bytes there were.
    pub had: u32,
    /// The layer whose length field set the end of those bytes; `None` where it was the end of the frame.
    pub said_by: Option<LayerKind>,
    /// The reason.
    pub reason: StopReason,
}

/// The reason of a [`DecodeStop`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// The capture kept fewer bytes than the packet had (snaplen).
    Snapped,
    /// The packet itself ends inside the header: it was sent this way.
    Short,
    /// A length field of an enclosing layer leaves too little room for the header.
    LengthField,
    /// The header contradicts itself (a header length below its minimum, a wrong version …).
    Malformed(&'static str),
    /// A fragment of a datagram whose other fragments are not all there yet.
    Fragment,
    /// More nested layers than [`super::Decoder`] follows.
    TooDeep,
}
