//! Savefiles built byte by byte, in either byte order.

use wirelab::source::{Next, OwnedPacket, PacketSource, Savefile, SourceError};

/// Appends numbers in one byte order.
#[derive(Clone, Copy)]
pub(crate) enum Order {
    Little,
    Big,
}

pub(crate) const ORDERS: [Order; 2] = [Order::Little, Order::Big];

impl Order {
    pub(crate) fn u16(self, value: u16) -> [u8; 2] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    pub(crate) fn u32(self, value: u32) -> [u8; 4] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    pub(crate) fn words(self, values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|&value| self.u32(value)).collect()
    }

    /// The header of a classic savefile, Ethernet, snaplen 65535.
    pub(crate) fn pcap_header(self, magic: u32, minor: u16) -> Vec<u8> {
        let version = [self.u16(2), self.u16(minor)].concat();
        [self.u32(magic).to_vec(), version, self.words(&[0, 0, 65_535, 1])].concat()
    }

    /// A record with `extra` bytes behind the standard header.
    pub(crate) fn record(self, seconds: u32, fraction: u32, data: &[u8], wire: u32, extra: &[u8]) -> Vec<u8> {
        let captured = u32::try_from(data.len()).unwrap();
        [self.words(&[seconds, fraction, captured, wire]), extra.to_vec(), data.to_vec()].concat()
    }

    /// A whole pcapng block around `body`.
    pub(crate) fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let len = u32::try_from(padded + 12).unwrap();
        let mut block = [self.u32(kind), self.u32(len)].concat();
        block.extend_from_slice(body);
        block.resize(padded + 8, 0);
        block.extend_from_slice(&self.u32(len));
        block
    }

    pub(crate) fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let len = u16::try_from(value.len()).unwrap();
        let mut option = [self.u16(code).to_vec(), self.u16(len).to_vec(), value.to_vec()].concat();
        option.resize(option.len().next_multiple_of(4), 0);
        option
    }

    pub(crate) fn section(self, options: &[u8]) -> Vec<u8> {
        let body = [
            self.u32(0x1a2b_3c4d).to_vec(),
            [self.u16(1), self.u16(0)].concat(),
            vec![0xff; 8],
            options.to_vec(),
        ];
        self.block(0x0a0d_0d0a, &body.concat())
    }

    pub(crate) fn interface(self, link: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
        self.block(1, &[&self.u16(link), &[0, 0], self.u32(snaplen).as_slice(), options].concat())
    }

    pub(crate) fn enhanced(self, id: u32, units: u64, data: &[u8], wire: u32, options: &[u8]) -> Vec<u8> {
        let (high, low) = (u32::try_from(units >> 32).unwrap(), u32::try_from(units & 0xffff_ffff).unwrap());
        let mut body = self.words(&[id, high, low, u32::try_from(data.len()).unwrap(), wire]);
        body.extend_from_slice(data);
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend_from_slice(options);
        self.block(6, &body)
    }

    /// A pcapng section with every kind of block: five packets, of two interfaces.
    pub(crate) fn every_block(self) -> Vec<u8> {
        let end = [0; 4];
        let name = [self.option(2, b"lo"), self.option(9, &[9]), end.to_vec()].concat();
        let mut obsolete = [self.u16(1), self.u16(0)].concat();
        obsolete.extend(self.words(&[0, 7, 3, 3]));
        obsolete.extend(b"old\0");
        let comment = [self.option(1, b"look here"), end.to_vec()].concat();
        [
            self.section(&[self.option(4, b"a test"), end.to_vec()].concat()),
            self.interface(1, 4, &name),
            self.interface(101, 0, &[]),
            self.enhanced(0, 1_000_000_007, b"four", 60, &comment),
            self.block(0x7777, b"a block that nobody knows"),
            self.enhanced(1, 1_000_001, b"seventh", 7, &[]),
            self.block(2, &obsolete),
            self.block(3, &[self.u32(60).as_slice(), b"simp"].concat()),
            self.block(0x0bad, b"\0\0\x7e\xd9own data"),
            self.block(5, &[self.words(&[0, 0, 0]), self.option(5, &[0; 8]), end.to_vec()].concat()),
        ]
        .concat()
    }
}

/// Three records, the second cut by the snaplen.
pub(crate) fn small_pcap() -> Vec<u8> {
    let order = Order::Little;
    [
        order.pcap_header(0xa1b2_c3d4, 4),
        order.record(1, 2, b"first packet", 12, &[]),
        order.record(1, 3, b"second", 600, &[]),
        order.record(2, 0, b"", 0, &[]),
    ]
    .concat()
}

/// All packets, and the error that came before the end.
pub(crate) fn read_all(mut source: Savefile) -> (Vec<OwnedPacket>, Option<SourceError>) {
    let mut packets = Vec::new();
    loop {
        match source.next_packet() {
            Ok(Next::Packet(packet)) => {
                packets.push(OwnedPacket::from(&packet));
                assert_eq!(packet.number, packets.len() as u64);
            }
            Ok(Next::Tick) => panic!("a whole file has no quiet moments"),
            Ok(Next::End) => return (packets, None),
            Err(error) => {
                assert!(matches!(source.next_packet(), Ok(Next::End)), "after an error comes the end");
                return (packets, Some(error));
            }
        }
    }
}

/// All packets of bytes, and the error that opening or reading gave.
pub(crate) fn read_bytes(bytes: &[u8]) -> (Vec<OwnedPacket>, Option<SourceError>) {
    match Savefile::from_bytes(bytes.to_vec(), "test") {
        Ok(source) => read_all(source),
        Err(error) => (Vec::new(), Some(error)),
    }
}

/// The same through gzip, zstd and lz4.
pub(crate) fn packed(bytes: &[u8]) -> [(&'static str, Vec<u8>); 3] {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).unwrap();
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(bytes).unwrap();
    [
        ("gzip", gzip.finish().unwrap()),
        ("zstd", zstd::stream::encode_all(bytes, 3).unwrap()),
        ("lz4", lz4.finish().unwrap()),
    ]
}
