//! QUIC (RFC 9000): packet headers, and what Initial packets hold, whose keys follow from the packets themselves.
//!
//! A [`super::Message`] is a packet; a datagram may carry several. [`super::tls::handshakes`] hands out the handshake
//! messages that it completes.

mod analyzer;
mod frames;
mod keys;
mod packet;

#[cfg(test)]
mod tests;

pub use analyzer::{MAX_CRYPTO, QuicAnalyzer};
pub use frames::{Crypto, crypto};
pub use packet::{Header, INTEGRITY_TAG, MAX_CONNECTION_ID, PacketKind, Version};

/// What is known of a QUIC packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuicNote {
    /// Its kind.
    pub kind: PacketKind,
    /// Its version, as [`Header::version`].
    pub version: Version,
    /// Bytes of a short header's connection id, as far as the other side has told it; else 0.
    pub short_id: usize,
    /// Where in its bytes the packet number begins.
    pub number_at: usize,
    /// What the protection hid; `None` where it could not be taken off.
    pub opened: Option<Opened>,
}

/// What the protection of an Initial packet hid. [`super::Message::inner`] holds its payload, and behind that the handshake
/// messages that it completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The first byte.
    pub first: u8,
    /// The packet number.
    pub number: u64,
    /// Bytes that it takes in the packet.
    pub number_len: u8,
    /// Bytes of the payload.
    pub payload_len: usize,
    /// Version of TLS that the server has chosen.
    pub version: Option<u16>,
    /// Cipher suite that it has chosen.
    pub cipher: Option<u16>,
}

impl QuicNote {
    /// The handshake messages in `inner`, the message's inner bytes.
    #[must_use]
    pub fn handshakes<'a>(&self, inner: &'a [u8]) -> &'a [u8] {
        self.opened.and_then(|opened| inner.get(opened.payload_len..)).unwrap_or(&[])
    }
}
