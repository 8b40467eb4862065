//! The messages that end in a packet.

use super::http::body::Unpacking;
use super::{Note, Protocol};
use crate::decode::{ByteRange, DecodedPacket, JoinedBytes};
use crate::flow::{Direction, PacketStamp};

/// A message of an application protocol, in the packet that completes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whose message it is.
    pub protocol: Protocol,
    /// Its flow, or the tunnel in it, has a port where the protocol is spoken by custom ([`Protocol::is_at`]).
    pub is_at_port: bool,
    /// Which of [`DecodedPacket::transports`] carries it; of no meaning at the end of the capture.
    pub transport: usize,
    /// Place of its flow in [`crate::flow::FlowTable::flows`]; `None` where an ICMP error quotes it.
    pub flow: Option<usize>,
    /// Whose side sent it.
    pub direction: Direction,
    /// Its bytes: of the packet, or put together.
    pub range: ByteRange,
    /// Bytes unpacked from it, or put together from it and messages before.
    pub inner: Option<ByteRange>,
    /// The packet that brought its first byte.
    pub first: PacketStamp,
    /// Packets that brought its bytes; 0 where that is not known.
    pub packets: u32,
    /// The packet that it ends in.
    pub last: PacketStamp,
    /// The packet that brought its last byte: an earlier one where a FIN, a RST or a gap shows that no more follows.
    pub brought: PacketStamp,
    /// It was not captured whole.
    pub cut: bool,
    /// What other messages of the flow tell of it.
    pub note: Note,
}

/// All that end in one packet.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    pub(super) messages: Vec<Message>,
    pub(super) joined: Vec<JoinedBytes>,
    /// For each transport what its flow speaks, as far as one was recognised.
    pub(super) spoken: Vec<Option<Protocol>>,
    /// The transports of which a rule says what they carry (`-d`); `None` of data that nobody looks into.
    pub(super) said: Vec<(usize, Option<Protocol>)>,
    /// Messages that there was no room for.
    pub(super) untold: u64,
    /// Of the whole capture, not of one packet.
    pub(super) unpacking: Unpacking,
}

/// Most messages told of one packet, and so most buffers put together for it, which a byte numbers together with the
/// datagrams that were. A packet of 64 KiB full of TLS records of 300 bytes stays under it.
pub const MAX_MESSAGES: usize = 200;

impl Messages {
    /// The messages, in the order of their bytes.
    #[must_use]
    pub fn all(&self) -> &[Message] {
        &self.messages
    }

    /// Those that the packet's transport number `transport` carries.
    pub fn of(&self, transport: usize) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(move |message| message.transport == transport)
    }

    /// What the flow of the packet's transport number `transport` speaks, a message ending here or not.
    #[must_use]
    pub fn spoken(&self, transport: usize) -> Option<Protocol> {
        self.spoken.get(transport).copied().flatten()
    }

    /// Whether a rule says that the packet's transport number `transport` carries some protocol.
    #[must_use]
    pub fn is_said_to_speak(&self, transport: usize) -> bool {
        self.said.iter().any(|(place, said)| *place == transport && said.is_some())
    }

    /// Whether a rule says that it carries data of no protocol.
    #[must_use]
    pub fn is_said_to_be_data(&self, transport: usize) -> bool {
        self.said.contains(&(transport, None))
    }

    /// Bytes that messages were put together of: see [`DecodedPacket::with_joined`].
    #[must_use]
    pub fn joined(&self) -> &[JoinedBytes] {
        &self.joined
    }

    /// How much of the capture's bodies was unpacked so far, by whoever reads them.
    #[must_use]
    pub fn unpacking(&self) -> &Unpacking {
        &self.unpacking
    }

    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.joined.clear();
        self.spoken.clear();
        self.said.clear();
        self.untold = 0;
    }

    /// Keeps bytes that are in no packet, where a number is left for them; `before` buffers come first.
    pub(super) fn join(&mut self, title: &'static str, bytes: Vec<u8>, before: usize) -> Option<ByteRange> {
        let buffer = u8::try_from(before.checked_add(self.joined.len())?.checked_add(1)?).ok()?;
        let end = u32::try_from(bytes.len()).ok()?;
        self.joined.push(JoinedBytes { title, bytes });
        Some(ByteRange { buffer, start: 0, end })
    }
}

impl Message {
    /// Its bytes, which `packet` holds.
    #[must_use]
    pub fn bytes<'a>(&self, packet: &DecodedPacket<'a>) -> &'a [u8] {
        self.range.of(packet)
    }
}
