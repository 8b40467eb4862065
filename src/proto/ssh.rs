//! SSH (RFC 4253) as far as it is in clear: the versions, the key exchange, and then packets that nobody reads.
//!
//! A [`super::Message`] is the line with a version, a packet, or what one TCP segment brings once packets are encrypted.

use super::lines::MAX_LINE;
use super::talk::Both;
use super::{Analyzer, Ending, Input, Note, Step};
use crate::flow::Direction;
use memchr::memchr;
use std::collections::HashSet;

/// Longest packet that is waited for, in bytes: RFC 4253 section 6.1 wants 35,000, OpenSSH takes 256 KiB.
pub const MAX_PACKET: usize = 256 << 10;

/// Most bytes that are remembered of the names of key exchanges that a side offers.
const MAX_NAMES: usize = 4096;

/// Codes of messages (RFC 4250 section 4.1.2).
pub mod code {
    /// Key exchange begins: what a side can do.
    pub const KEXINIT: u8 = 20;
    /// From here on the sender encrypts with the new keys.
    pub const NEWKEYS: u8 = 21;
    /// The connection ends, with a reason.
    pub const DISCONNECT: u8 = 1;
    /// Nothing.
    pub const IGNORE: u8 = 2;
    /// A message that the sender does not know.
    pub const UNIMPLEMENTED: u8 = 3;
    /// For whoever looks for faults.
    pub const DEBUG: u8 = 4;
}

/// What the connection tells of an SSH message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SshNote {
    /// What it is.
    pub part: SshPart,
    /// The client's side has sent it.
    pub is_client: bool,
    /// How keys are exchanged, as far as it was agreed before.
    pub exchange: Exchange,
}

/// The kinds of SSH messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SshPart {
    /// The line with the version, or one before it.
    Version,
    /// A packet in clear; its number, from 0.
    Packet(u32),
    /// Encrypted bytes, or those of SSH 1.
    Encrypted,
}

/// How keys are exchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exchange {
    /// Not agreed, or not known.
    #[default]
    Unknown,
    /// Diffie-Hellman over a fixed group (RFC 4253 section 8).
    Group,
    /// Diffie-Hellman over a group that is agreed (RFC 4419).
    GroupExchange,
    /// Over elliptic curves (RFC 5656, RFC 8731).
    Curve,
}

impl Exchange {
    fn named(name: &[u8]) -> Self {
        match name {
            _ if name.starts_with(b"diffie-hellman-group-exchange") => Self::GroupExchange,
            _ if name.starts_with(b"diffie-hellman-group") => Self::Group,
            _ if name.starts_with(b"ecdh-sha2") || name.starts_with(b"curve") => Self::Curve,
            _ => Self::Unknown,
        }
    }
}

/// What is agreed on, in the order of the lists of a [`KexInit`] (RFC 4253 section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// How keys are exchanged.
    Exchange,
    /// The kind of the server's key.
    HostKey,
    /// The cipher from client to server.
    CipherUp,
    /// The cipher from server to client.
    CipherDown,
    /// The integrity code from client to server.
    MacUp,
    /// The integrity code from server to client.
    MacDown,
    /// The compression from client to server.
    CompressionUp,
    /// The compression from server to client.
    CompressionDown,
}

/// What a side can do: the message that a key exchange begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KexInit<'a> {
    lists: [&'a [u8]; 8],
}

impl<'a> KexInit<'a> {
    /// The lists of names in a packet, from its length on; what is missing of them is empty. `None` of another message.
    #[must_use]
    pub fn read(packet: &'a [u8]) -> Option<Self> {
        if packet.get(5) != Some(&code::KEXINIT) {
            return None;
        }
        let mut lists = [packet; 8];
        let mut rest = packet.get(22..).unwrap_or_default();
        for list in &mut lists {
            (*list, rest) = string(rest).unwrap_or_default();
        }
        Some(Self { lists })
    }

    /// The names of one list, the preferred one first, without those that only say what a side understands (RFC 8308
    /// section 2.1).
    pub fn names(&self, of: Choice) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let [exchange, host_key, cipher_up, cipher_down, mac_up, mac_down, up, down] = self.lists;
        let list = match of {
            Choice::Exchange => exchange,
            Choice::HostKey => host_key,
            Choice::CipherUp => cipher_up,
            Choice::CipherDown => cipher_down,
            Choice::MacUp => mac_up,
            Choice::MacDown => mac_down,
            Choice::CompressionUp => up,
            Choice::CompressionDown => down,
        };
        let is_sign = |name: &[u8]| name.starts_with(b"ext-info-") || name.starts_with(b"kex-strict-");
        list.split(|byte| *byte == b',').filter(move |name| !name.is_empty() && !is_sign(name))
    }

    /// Whether it says that its sender is the client.
    #[must_use]
    pub fn is_of_client(&self) -> bool {
        let [exchange, ..] = self.lists;
        exchange.split(|byte| *byte == b',').any(|name| name == b"ext-info-c" || name == SIGN_OF_CLIENT)
    }

    /// What a client that says this, and a server that says `server`, agree on: the client's first that the server has;
    /// `None` where there is none, and they must part.
    #[must_use]
    pub fn agreed(&self, server: &KexInit<'_>, of: Choice) -> Option<&'a [u8]> {
        let known: HashSet<&[u8]> = server.names(of).collect();
        self.names(of).find(|name| known.contains(name))
    }
}

/// How a client of OpenSSH says that it numbers packets strictly.
const SIGN_OF_CLIENT: &[u8] = b"kex-strict-c-v00@openssh.com";

/// Bytes with their length before them, as far as they are there, and what follows (RFC 4251 section 5).
#[must_use]
pub fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_be_bytes(*len)).unwrap_or(usize::MAX);
    Some(rest.split_at_checked(len).unwrap_or((rest, &[])))
}

/// A connection that carries SSH.
#[derive(Debug, Default)]
pub struct SshAnalyzer {
    sides: Both<Side>,
    exchange: Exchange,
}

#[derive(Debug, Default)]
struct Side {
    phase: Phase,
    packets: u32,
    /// The key exchanges that it offers.
    offers: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Version,
    Packets,
    Encrypted,
}

impl SshAnalyzer {
    /// A connection that has carried nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn version(&mut self, input: &Input<'_>) -> Step {
        let bytes = input.bytes;
        let Some(end) = memchr(b'\n', bytes) else {
            if input.end.is_none() && bytes.len() < MAX_LINE {
                return Step::More(bytes.len().saturating_add(1));
            }
            return self.message(input, bytes.len(), SshPart::Version);
        };
        // RFC 4253 section 5.1: 1.99 speaks 2.0, too.
        let side = self.sides.of_mut(input.from);
        if bytes.starts_with(b"SSH-2.") || bytes.starts_with(b"SSH-1.99") {
            side.phase = Phase::Packets;
        } else if bytes.starts_with(b"SSH-") {
            side.phase = Phase::Encrypted;
        }
        self.message(input, end.saturating_add(1), SshPart::Version)
    }

    fn packet(&mut self, input: &Input<'_>) -> Step {
        let Some(len) = input.bytes.first_chunk::<4>() else {
            return Step::More(4);
        };
        let len = usize::try_from(u32::from_be_bytes(*len)).unwrap_or(usize::MAX);
        let side = self.sides.of_mut(input.from);
        if !(2..=MAX_PACKET).contains(&len) {
            side.phase = Phase::Encrypted;
            return self.encrypted(input);
        }
        let Some(packet) = input.bytes.get(..len.saturating_add(4)) else {
            return Step::More(len.saturating_add(4));
        };
        let number = side.packets;
        side.packets = side.packets.wrapping_add(1);
        match packet.get(5) {
            Some(&code::NEWKEYS) => side.phase = Phase::Encrypted,
            Some(&code::KEXINIT) => self.agree(input.from, packet),
            _ => {}
        }
        self.message(input, packet.len(), SshPart::Packet(number))
    }

    /// RFC 4253 section 7.1: the client's first that the server knows.
    fn agree(&mut self, from: Direction, packet: &[u8]) {
        let names = packet.get(22..).and_then(|rest| {
            let (len, rest) = rest.split_first_chunk::<4>()?;
            rest.get(..usize::try_from(u32::from_be_bytes(*len)).ok()?)
        });
        let names = names.and_then(|names| names.get(..names.len().min(MAX_NAMES))).unwrap_or(&[]);
        self.sides.of_mut(from).offers = names.to_vec();
        let [client, server] = [&self.sides.orig.offers, &self.sides.resp.offers];
        let known: HashSet<&[u8]> = server.split(|byte| *byte == b',').collect();
        let agreed = client.split(|byte| *byte == b',').find(|name| known.contains(name));
        self.exchange = agreed.map_or(Exchange::Unknown, Exchange::named);
    }

    fn encrypted(&mut self, input: &Input<'_>) -> Step {
        self.message(input, input.bytes.len(), SshPart::Encrypted)
    }

    fn message(&mut self, input: &Input<'_>, len: usize, part: SshPart) -> Step {
        let is_client = input.from == Direction::OrigToResp;
        let note = SshNote { part, is_client, exchange: self.exchange };
        Step::Message { len, note: Note::Ssh(note), inner: None }
    }
}

impl Analyzer for SshAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        if input.bytes.is_empty() {
            // Where packets begin behind a gap, nobody knows.
            if let Some(Ending::Gap(_)) = input.end {
                self.sides.of_mut(input.from).phase = Phase::Encrypted;
            }
            return Step::More(1);
        }
        match self.sides.of(input.from).phase {
            Phase::Version => self.version(input),
            Phase::Packets => self.packet(input),
            Phase::Encrypted => self.encrypted(input),
        }
    }

    fn held(&self) -> usize {
        self.sides.orig.offers.capacity().saturating_add(self.sides.resp.offers.capacity())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::flow::PacketStamp;
    use Direction::{OrigToResp as Client, RespToOrig as Server};

    fn input(from: Direction, bytes: &[u8]) -> Input<'_> {
        let packet = PacketStamp::default();
        Input { from, bytes, first: packet, packet, end: None }
    }

    fn packet(code: u8, body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(body.len() + 6).unwrap().to_be_bytes();
        [&len[..], &[4, code], body, &[0; 4]].concat()
    }

    fn init(names: &str) -> Vec<u8> {
        let len = u32::try_from(names.len()).unwrap().to_be_bytes();
        packet(code::KEXINIT, &[&[9; 16], &len[..], names.as_bytes()].concat())
    }

    fn notes(ssh: &mut SshAnalyzer, from: Direction, bytes: &[u8]) -> Vec<SshNote> {
        let (mut at, mut notes) = (0, Vec::new());
        while let Step::Message { len, note: Note::Ssh(note), .. } = ssh.next(&input(from, &bytes[at..])) {
            notes.push(note);
            at += len;
        }
        notes
    }

    #[test]
    fn packets_are_told_until_keys_are_new() {
        let mut ssh = SshAnalyzer::new();
        let server =
            [b"SSH-2.0-x\r\n".to_vec(), init("curve25519-sha256,diffie-hellman-group1-sha1")].concat();
        assert_eq!(notes(&mut ssh, Server, &server).len(), 2);
        let client = [
            b"SSH-2.0-y\r\n".to_vec(),
            init("none,diffie-hellman-group1-sha1,curve25519-sha256"),
            packet(30, b"x"),
            packet(code::NEWKEYS, b""),
            vec![7; 100],
        ];
        let told = notes(&mut ssh, Client, &client.concat());
        let parts: Vec<_> = told.iter().map(|note| note.part).collect();
        use SshPart::{Encrypted, Packet, Version};
        assert_eq!(parts, [Version, Packet(0), Packet(1), Packet(2), Encrypted]);
        assert_eq!(told[2].exchange, Exchange::Group);
        assert!(told.iter().all(|note| note.is_client));
    }

    proptest! {
        #[test]
        fn random_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut ssh = SshAnalyzer::new();
            notes(&mut ssh, Client, b"SSH-2.0-x\n");
            let told = notes(&mut ssh, Client, &bytes);
            prop_assert!(told.len() <= bytes.len());
            prop_assert!(ssh.held() <= 2 * MAX_NAMES);
        }
    }
}
