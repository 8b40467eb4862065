//! Solaris snoop savefiles (RFC 1761): a header, then records, all big-endian.

use super::error::Fault;
use super::input::Input;
use super::pcap_file::max_captured;
use super::savefile::{Record, Step};
use super::{Interface, LinkType};
use crate::time::Timestamp;

/// The first bytes of a file.
pub(super) const MAGIC: &[u8; 8] = b"snoop\0\0\0";
/// Magic, version and datalink type.
pub(super) const HEADER_LEN: usize = 16;
/// Lengths, drops and time of a record.
const RECORD_HEADER_LEN: usize = 24;
/// The version that RFC 1761 describes; others are another vendor's.
const VERSION: u32 = 2;
/// Most bytes of padding behind a packet; records end at a multiple of four.
const MAX_PADDING: u32 = 64;

/// Reads the records of a snoop file.
#[derive(Debug)]
pub(super) struct SnoopFile {
    link: LinkType,
    /// Bytes behind the last packet, up to the next record.
    padding: usize,
}

impl SnoopFile {
    /// Takes the header of [`HEADER_LEN`] bytes, which `input` has.
    pub(super) fn open(input: &mut Input) -> Result<(Self, Interface), Fault> {
        let header = input.available();
        let word = |at: usize| header.get(at..).and_then(|rest| rest.first_chunk()).copied();
        let version = word(8).map_or(0, u32::from_be_bytes);
        let datalink = word(12).map_or(0, u32::from_be_bytes);
        if version != VERSION {
            return Err(Fault::unsupported(8, format!("a snoop file of version {version}; only 2 is read")));
        }
        // IEEE 802.3 and Ethernet are told apart by the frames themselves.
        let link = match datalink {
            0 | 4 => LinkType::ETHERNET,
            2 => LinkType(6),
            8 => LinkType(10),
            other => {
                let what =
                    format!("a snoop file of datalink type {other}; Ethernet, token ring and FDDI are read");
                return Err(Fault::unsupported(12, what));
            }
        };
        input.take(HEADER_LEN);
        Ok((Self { link, padding: 0 }, Interface::unnamed(link, 0)))
    }

    /// The next record.
    pub(super) fn step(&mut self, input: &mut Input) -> Result<Step, Fault> {
        // The last record's padding may be missing.
        if self.padding > 0 {
            let _ = input.has(self.padding)?;
            input.take(self.padding.min(input.available().len()));
            self.padding = 0;
        }
        let needed = RECORD_HEADER_LEN;
        if !input.has(needed)? {
            return Ok(Step::Short { needed, of: "a record header" });
        }
        let header = input.available();
        let word = |at: usize| {
            header.get(at..).and_then(|rest| rest.first_chunk()).copied().map_or(0, u32::from_be_bytes)
        };
        let (wire, captured, record) = (word(0), word(4), word(8));
        let (seconds, micros) = (word(16), word(20));
        if captured > max_captured(self.link) {
            let what =
                format!("a packet of {captured} bytes; at most {} are possible", max_captured(self.link));
            return Err(Fault::damaged(input.offset(), what));
        }
        let least = captured.saturating_add(24);
        let padding = record.checked_sub(least).filter(|padding| *padding <= MAX_PADDING);
        let Some(padding) = padding else {
            let what = format!("a record of {record} bytes with a packet of {captured}");
            return Err(Fault::damaged(input.offset(), what));
        };
        let captured = usize::try_from(captured).unwrap_or(usize::MAX);
        let needed = RECORD_HEADER_LEN.saturating_add(captured);
        if !input.has(needed)? {
            return Ok(Step::Short { needed, of: "a packet" });
        }
        self.padding = usize::try_from(padding).unwrap_or(0);
        let nanos = i128::from(seconds) * 1_000_000_000 + i128::from(micros) * 1_000;
        input.take(RECORD_HEADER_LEN);
        Ok(Step::Packet(Record {
            ts: Some(Timestamp::from_nanos(nanos)),
            wire_len: wire,
            interface: 0,
            link: self.link,
            data: input.take(captured),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Next, PacketSource, Savefile, SourceError};
    use super::*;

    fn file(version: u32, packets: &[&[u8]]) -> Vec<u8> {
        let mut file = [&MAGIC[..], &version.to_be_bytes(), &4_u32.to_be_bytes()].concat();
        for packet in packets {
            let len = u32::try_from(packet.len()).unwrap();
            let padding = len.next_multiple_of(4) - len;
            for word in [len + 4, len, 24 + len + padding, 0, 7, 250_000] {
                file.extend(word.to_be_bytes());
            }
            file.extend_from_slice(packet);
            file.resize(file.len() + usize::try_from(padding).unwrap(), 0);
        }
        file
    }

    #[test]
    fn packets_come_without_their_padding() {
        let bytes = file(2, &[&[1; 61], &[2; 64]]);
        // The last record may be cut in its padding.
        for cut in [bytes.len(), bytes.len() - 3] {
            let mut source = Savefile::from_bytes(bytes[..cut].to_vec(), "made").unwrap();
            let Ok(Next::Packet(packet, interfaces)) = source.next_packet() else { panic!("a packet") };
            assert_eq!((packet.data, packet.wire_len, packet.link), (&[1; 61][..], 65, LinkType::ETHERNET));
            assert_eq!(packet.ts, Some(Timestamp::from_nanos(7_250_000_000)));
            assert_eq!(interfaces.len(), 1);
            if cut == bytes.len() {
                assert!(
                    matches!(source.next_packet(), Ok(Next::Packet(packet, _)) if packet.data == [2; 64])
                );
                assert!(matches!(source.next_packet(), Ok(Next::End)));
            } else {
                assert!(source.next_packet().is_err());
            }
        }
    }

    #[test]
    fn lies_are_damage() {
        let mut bytes = file(2, &[&[1; 60]]);
        bytes[HEADER_LEN + 11] = 1;
        let mut source = Savefile::from_bytes(bytes, "made").unwrap();
        assert!(matches!(source.next_packet(), Err(SourceError::Damaged { .. })));
        assert!(Savefile::from_bytes(file(4, &[]), "made").is_err());
    }
}
