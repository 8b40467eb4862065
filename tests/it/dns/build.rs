//! DNS messages and the packets that carry them, made for tests.

use etherparse::PacketBuilder;

/// Types of records.
pub(super) const A: u16 = 1;
pub(super) const NS: u16 = 2;
pub(super) const CNAME: u16 = 5;
pub(super) const SOA: u16 = 6;
pub(super) const TXT: u16 = 16;
pub(super) const AAAA: u16 = 28;

/// Flags: a query that wants recursion, a response, one with authority, one that is truncated.
pub(super) const RD: u16 = 0x0100;
pub(super) const QR: u16 = 0x8180;
pub(super) const QR_ONLY: u16 = 0x8000;
pub(super) const AA: u16 = 0x8400;
pub(super) const TC: u16 = 0x8300;

/// A record of class IN that lives for 300 s.
#[derive(Clone)]
pub(super) struct Rr(pub &'static str, pub u16, pub Vec<u8>);

/// A name without compression; a backslash and three digits stand for a byte.
pub(super) fn name(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in text.split('.').filter(|label| !label.is_empty()) {
        let mut octets = Vec::new();
        let mut rest = label.as_bytes();
        while let Some((&first, behind)) = rest.split_first() {
            if first == b'\\' {
                octets.push(std::str::from_utf8(&behind[..3]).unwrap().parse().unwrap());
                rest = &behind[3..];
            } else {
                octets.push(first);
                rest = behind;
            }
        }
        bytes.push(u8::try_from(octets.len()).unwrap());
        bytes.extend(octets);
    }
    bytes.push(0);
    bytes
}

/// A message with one question and records of the three sections.
pub(super) fn message(id: u16, flags: u16, question: (&str, u16), sections: [&[Rr]; 3]) -> Vec<u8> {
    let counts = sections.map(|records| u16::try_from(records.len()).unwrap());
    let header = [id, flags, 1, counts[0], counts[1], counts[2]];
    let mut bytes: Vec<u8> = header.iter().flat_map(|word| word.to_be_bytes()).collect();
    bytes.extend(name(question.0));
    bytes.extend(question.1.to_be_bytes());
    bytes.extend([0, 1]);
    for Rr(owner, kind, data) in sections.into_iter().flatten() {
        bytes.extend(name(owner));
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 1, 44]);
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(data);
    }
    bytes
}

pub(super) fn query(id: u16, question: (&str, u16)) -> Vec<u8> {
    message(id, RD, question, [&[], &[], &[]])
}

/// An SOA whose last number is 900.
pub(super) fn soa(zone: &'static str) -> Rr {
    let numbers = [2026_u32, 7200, 3600, 1_209_600, 900];
    let numbers = numbers.iter().flat_map(|number| number.to_be_bytes());
    let data = name("ns1.example.com").into_iter().chain(name("admin.example.com")).chain(numbers);
    Rr(zone, SOA, data.collect())
}

/// Who sends: client, server, another server, an mDNS speaker, or a group.
pub(super) const CLIENT: ([u8; 4], u16) = ([192, 0, 2, 1], 40_000);
pub(super) const SERVER: ([u8; 4], u16) = ([192, 0, 2, 53], 53);
pub(super) const OTHER: ([u8; 4], u16) = ([198, 51, 100, 53], 53);
pub(super) const SPEAKER: ([u8; 4], u16) = ([192, 0, 2, 7], 5353);
pub(super) const MDNS: ([u8; 4], u16) = ([224, 0, 0, 251], 5353);
pub(super) const LLMNR: ([u8; 4], u16) = ([224, 0, 0, 252], 5355);

/// A savefile that is being made: raw IP, nanoseconds.
pub(super) struct Capture {
    bytes: Vec<u8>,
    micros: u32,
    seqs: [u32; 2],
}

impl Capture {
    pub(super) fn new() -> Self {
        let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend(65_535_u32.to_le_bytes());
        bytes.extend(101_u32.to_le_bytes());
        Self { bytes, micros: 0, seqs: [1, 1] }
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, millis: u32) -> &mut Self {
        self.micros += millis * 1000;
        self
    }

    fn packet(&mut self, packet: &[u8], kept: usize) -> &mut Self {
        let kept = &packet[..kept.min(packet.len())];
        let seconds = 1_767_225_600 + self.micros / 1_000_000;
        let lens = [kept.len(), packet.len()].map(|len| u32::try_from(len).unwrap());
        for word in [seconds, self.micros % 1_000_000, lens[0], lens[1]] {
            self.bytes.extend(word.to_le_bytes());
        }
        self.bytes.extend(kept);
        self.wait(10)
    }

    /// A datagram.
    pub(super) fn udp(&mut self, from: ([u8; 4], u16), to: ([u8; 4], u16), payload: &[u8]) -> &mut Self {
        self.udp_cut(from, to, payload, usize::MAX)
    }

    /// A datagram of which so many bytes are kept.
    pub(super) fn udp_cut(
        &mut self,
        from: ([u8; 4], u16),
        to: ([u8; 4], u16),
        payload: &[u8],
        kept: usize,
    ) -> &mut Self {
        let mut packet = Vec::new();
        PacketBuilder::ipv4(from.0, to.0, 64).udp(from.1, to.1).write(&mut packet, payload).unwrap();
        self.packet(&packet, kept)
    }

    /// A segment with a message, or a part of one, of the client or the server.
    pub(super) fn tcp(&mut self, from_client: bool, payload: &[u8]) -> &mut Self {
        let (from, to) = if from_client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        let [seq, ack] = if from_client { self.seqs } else { [self.seqs[1], self.seqs[0]] };
        let mut packet = Vec::new();
        let builder = PacketBuilder::ipv4(from.0, to.0, 64).tcp(from.1, to.1, seq, 1000).ack(ack).psh();
        builder.write(&mut packet, payload).unwrap();
        self.seqs[usize::from(!from_client)] += u32::try_from(payload.len()).unwrap();
        self.packet(&packet, usize::MAX)
    }

    /// An ICMP port unreachable about a datagram.
    pub(super) fn unreachable(
        &mut self,
        from: ([u8; 4], u16),
        to: ([u8; 4], u16),
        payload: &[u8],
    ) -> &mut Self {
        let mut quoted = Vec::new();
        PacketBuilder::ipv4(from.0, to.0, 64).udp(from.1, to.1).write(&mut quoted, payload).unwrap();
        let kind =
            etherparse::Icmpv4Type::DestinationUnreachable(etherparse::icmpv4::DestUnreachableHeader::Port);
        let mut packet = Vec::new();
        PacketBuilder::ipv4(to.0, from.0, 64).icmpv4(kind).write(&mut packet, &quoted).unwrap();
        self.packet(&packet, usize::MAX)
    }

    /// As a file, in a folder of its own, and its name there.
    pub(super) fn file(&self) -> (tempfile::TempDir, &'static str) {
        let (folder, name) = (tempfile::tempdir().unwrap(), "made.pcap");
        std::fs::write(folder.path().join(name), &self.bytes).unwrap();
        (folder, name)
    }
}

/// A message behind its length, as on a stream.
pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}
