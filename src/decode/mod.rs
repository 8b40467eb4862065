//! Bytes to layers. Total: whatever the bytes, decoding keeps every good layer, says where and why it
//! stopped ([`DecodeStop`]), and never fails or panics.
//!
//! A packet is a list of [`Layer`]s: a kind and byte offsets, nothing copied. A layer's bytes are looked into
//! again when somebody asks: [`DecodedPacket::tcp_segment`], [`DecodedPacket::checksum`], the fields. Tunnels
//! simply add layers; a transport header met on the way is also noted as a [`Transport`], which is what the
//! flow table reads. Headers are read by patterns over arrays whose length was checked: the same check that
//! etherparse's slices make, without building an error that is thrown away; its checksums are used.

mod arcnet;
mod checksum;
mod cooked;
mod decode_as;
mod ethernet;
mod fragment;
mod icmp;
mod ip;
mod ipcomp;
mod ipv6;
mod layer;
mod link;
mod mpls;
mod packet;
mod ppp;
mod range;
mod service;
mod span;
mod stop;
mod tcp_options;
mod transport;
mod tunnel;
mod udp;
mod wireless;

pub use checksum::{ChecksumVerdict, Unverifiable};
#[cfg(test)]
pub(crate) use decode_as::APPLICATIONS;
pub use decode_as::{Behind, DecodeAs, DecodeAsError, MAX_RULES};
pub use fragment::Reassembled;
pub(crate) use fragment::{FragmentKey, FragmentNote};
pub use layer::{BufferId, Layer, LayerKind};
pub use packet::{DecodedPacket, Decoder, MAX_LAYERS};
pub use range::{ByteRange, JoinedBytes};
pub use stop::{DecodeStop, StopReason};
pub use tcp_options::{SackBlocks, TcpOption, TcpOptionIter};
pub use transport::{Endpoint, TcpFlags, TcpSegment, Transport, TransportProtocol};
