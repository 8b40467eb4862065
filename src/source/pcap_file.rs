//! The classic savefile: a file header, then records (draft-ietf-opsawg-pcap), and its historic relatives.
//!
//! Parsed here rather than through pcap-parser, whose readers take the records of the modified format for standard
//! ones, know none of the other variants, and do not say at which byte a file is damaged.

use super::error::Fault;
use super::input::{Input, Order};
use super::savefile::{Record, Step};
use super::{Interface, LinkType};
use crate::time::Timestamp;

/// Bytes of the file header.
const FILE_HEADER: usize = 24;

/// Records looked at to tell the variants apart: one may look right by chance, three do not.
const RECORDS_TRIED: usize = 3;

/// How the records are laid out: the standard one, and patched libpcaps that kept its magic number or shared one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Time, captured length, length: 16 bytes.
    Standard,
    /// Nokia IPSO: four bytes more.
    Nokia,
    /// Patches of 1999-04-17 and 1999-10-29: interface index, protocol, packet type: 24 bytes.
    Modified,
    /// The patch of 1999-09-15: four bytes more than [`Layout::Modified`].
    ModifiedSmp,
}

impl Layout {
    const fn header_len(self) -> usize {
        match self {
            Self::Standard => 16,
            Self::Nokia => 20,
            Self::Modified => 24,
            Self::ModifiedSmp => 28,
        }
    }
}

/// Which of a record's two lengths comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    /// Captured length, then length on the wire: version 2.4.
    CapturedFirst,
    /// The other way: before version 2.3.
    WireFirst,
    /// Version 2.3 was written both ways: the smaller is the captured length.
    SmallerCaptured,
}

/// State of reading one classic savefile.
#[derive(Debug)]
pub(super) struct PcapFile {
    order: Order,
    /// Nanoseconds a unit of the record's fraction of a second.
    fraction_nanos: u64,
    layout: Layout,
    lengths: Lengths,
    link: LinkType,
    max_record: u32,
}

/// What the four bytes at the start say of a classic savefile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Magic {
    order: Order,
    nanos: bool,
    modified: bool,
    /// Ixia's variants have a length field behind the file header.
    extra: usize,
}

impl Magic {
    /// Reads the magic number, or `None` for another kind of file.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let bytes = *head.first_chunk::<4>()?;
        [Order::Little, Order::Big].into_iter().find_map(|order| {
            let (nanos, modified, extra) = match order.u32(bytes) {
                0xa1b2_c3d4 => (false, false, 0),
                0xa1b2_3c4d => (true, false, 0),
                0xa1b2_cd34 => (false, true, 0),
                0x1c00_01ac => (true, false, 4),
                0x1c00_01ab => (false, false, 4),
                _ => return None,
            };
            Some(Self { order, nanos, modified, extra })
        })
    }

    pub(super) const fn header_len(self) -> usize {
        FILE_HEADER + self.extra
    }

    pub(super) const fn is_nanos(self) -> bool {
        self.nanos
    }

    /// `pcap`, with what is special about this one.
    pub(super) const fn describe(self) -> &'static str {
        match (self.modified, self.nanos, self.order) {
            (true, _, _) => "modified pcap",
            (_, false, Order::Little) => "pcap",
            (_, false, Order::Big) => "pcap, big-endian",
            (_, true, Order::Little) => "pcap, nanoseconds",
            (_, true, Order::Big) => "pcap, nanoseconds, big-endian",
        }
    }
}

impl PcapFile {
    /// Reads the file header, whose [`Magic::header_len`] bytes must be available. `probe`: records may be waited
    /// for to tell old variants apart; not so on a pipe, which may be slow.
    pub(super) fn open(input: &mut Input, magic: Magic, probe: bool) -> Result<(Self, Interface), Fault> {
        let order = magic.order;
        let head = input.available();
        let (Some(major), Some(minor), Some(snaplen), Some(network)) =
            (order.u16_at(head, 4), order.u16_at(head, 6), order.u32_at(head, 16), order.u32_at(head, 20))
        else {
            return Err(Fault::cut(0, "the file header is not all there"));
        };
        if major < 2 {
            return Err(Fault::unsupported(
                4,
                format!(
                    "pcap version {major}.{minor}; versions from 2.0 are read (convert it with an older tool)"
                ),
            ));
        }
        let lengths = match (major, minor) {
            (2, ..=2) | (543, _) => Lengths::WireFirst,
            (2, 3) => Lengths::SmallerCaptured,
            _ => Lengths::CapturedFirst,
        };
        // The upper half holds the length of the frame check sequence; a reader ignores the rest of it.
        let [_, _, high, low] = network.to_be_bytes();
        let mut link = LinkType(u16::from_be_bytes([high, low]));
        let mut nanos = magic.nanos;
        if (major, minor) == (2, 2)
            && !nanos
            && let Some(lan) = aix_link(network)
        {
            (link, nanos) = (lan, true);
        }
        let mut file = Self {
            order,
            fraction_nanos: if nanos { 1 } else { 1000 },
            layout: Layout::Standard,
            lengths,
            link,
            max_record: max_captured(link),
        };
        input.take(magic.header_len());
        let candidates: &[Layout] = if magic.modified {
            &[Layout::Modified, Layout::ModifiedSmp]
        } else if lengths == Lengths::CapturedFirst && !nanos && magic.extra == 0 && probe {
            &[Layout::Standard, Layout::Modified, Layout::Nokia]
        } else {
            &[Layout::Standard]
        };
        file.layout = file.likeliest(input, candidates, snaplen)?;
        let digits = if nanos { 9 } else { 6 };
        Ok((file, Interface { digits, ..Interface::unnamed(link, snaplen) }))
    }

    /// The layout whose first records contradict themselves least.
    fn likeliest(&self, input: &mut Input, candidates: &[Layout], snaplen: u32) -> Result<Layout, Fault> {
        let mut best = (u32::MAX, Layout::Standard);
        let mut strict = false;
        for &layout in candidates {
            if candidates.len() == 1 {
                return Ok(layout);
            }
            let (oddities, cut) = self.oddities(input, layout, snaplen, strict)?;
            strict |= cut && layout == Layout::Standard;
            if oddities < best.0 {
                best = (oddities, layout);
            }
            if oddities == 0 {
                break;
            }
        }
        Ok(best.1)
    }

    /// How many things are odd about the first record that is odd at all, of the first few, read as `layout`.
    /// What counts as odd is what Wireshark counts (wiretap's libpcap reader), so that both choose alike. Also
    /// whether the only odd thing is that the file ends too early.
    ///
    /// `strict`: a standard file that was cut looks odd at its end, and then another layout looks right by chance. It
    /// has to be right in the fields that only it has.
    fn oddities(
        &self,
        input: &mut Input,
        layout: Layout,
        snaplen: u32,
        strict: bool,
    ) -> Result<(u32, bool), Fault> {
        let mut at = 0_usize;
        for _ in 0..RECORDS_TRIED {
            let header_end = at.saturating_add(layout.header_len());
            if !input.has(header_end)? {
                let cut = input.available().len() > at;
                return Ok((u32::from(cut), cut));
            }
            let Some(header) = input.available().get(at..) else { return Ok((0, false)) };
            let field = |offset| self.order.u32_at(header, offset).unwrap_or(0);
            let (fraction, captured, wire) = (field(4), field(8), field(12));
            let odd = [
                captured > self.max_record,
                wire > MAX_CAPTURED_LARGE,
                captured > snaplen,
                captured > wire,
                fraction >= 1_000_000,
            ];
            let odd: u32 = odd.into_iter().map(u32::from).sum();
            let odd = odd + u32::from(strict && self.is_odd_for(layout, header));
            if odd > 0 {
                return Ok((odd, false));
            }
            at = header_end.saturating_add(usize::try_from(captured).unwrap_or(usize::MAX));
            if !input.has(at)? {
                return Ok((1, true));
            }
        }
        Ok((0, false))
    }

    /// Whether the fields that only `layout` has hold what such files do not have there.
    fn is_odd_for(&self, layout: Layout, header: &[u8]) -> bool {
        let behind = self.order.u32_at(header, 16).unwrap_or(0);
        match layout {
            Layout::Standard => false,
            // The few values seen in such files.
            Layout::Nokia => behind & 0x0fff_0000 != 0x0fbf_0000,
            // Interfaces are numbered from 1; an EtherType or one of Linux' few numbers below; PACKET_HOST to
            // PACKET_OUTGOING.
            Layout::Modified | Layout::ModifiedSmp => {
                let protocol = self.order.u16_at(header, 20).unwrap_or(0);
                !(1..=10_000).contains(&behind)
                    || !(matches!(protocol, 1..=0x17) || protocol >= 0x600)
                    || header.get(22).is_some_and(|&kind| kind > 4)
            }
        }
    }

    /// The next record.
    #[inline]
    pub(super) fn step(&mut self, input: &mut Input) -> Result<Step, Fault> {
        let header_len = self.layout.header_len();
        if !input.has(header_len)? {
            return Ok(Step::Short { needed: header_len, of: "a record header" });
        }
        let Some(&[s0, s1, s2, s3, f0, f1, f2, f3, c0, c1, c2, c3, w0, w1, w2, w3]) =
            input.available().first_chunk()
        else {
            return Ok(Step::Short { needed: header_len, of: "a record header" });
        };
        let mut captured = self.order.u32([c0, c1, c2, c3]);
        let mut wire = self.order.u32([w0, w1, w2, w3]);
        if self.lengths == Lengths::WireFirst || (self.lengths == Lengths::SmallerCaptured && captured > wire)
        {
            (captured, wire) = (wire, captured);
        }
        if captured > self.max_record {
            let what = format!("a packet of {captured} bytes; at most {} are possible", self.max_record);
            return Err(Fault::damaged(input.offset(), what));
        }
        let captured = usize::try_from(captured).unwrap_or(usize::MAX);
        let needed = header_len.saturating_add(captured);
        if !input.has(needed)? {
            return Ok(Step::Short { needed, of: "a packet" });
        }
        let seconds = self.order.u32([s0, s1, s2, s3]);
        let fraction = self.order.u32([f0, f1, f2, f3]);
        // Nanoseconds since 1970 of a 32-bit second and a 32-bit fraction always fit 64 bits.
        let nanos = u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * self.fraction_nanos;
        input.take(header_len);
        Ok(Step::Packet(Record {
            ts: Some(Timestamp::from_nanos(i128::from(nanos))),
            wire_len: wire,
            interface: 0,
            link: self.link,
            data: input.take(captured),
        }))
    }
}

/// AIX wrote interface types (RFC 1573) for link types, into files of version 2.2 with nanoseconds.
const fn aix_link(network: u32) -> Option<LinkType> {
    Some(match network {
        6 => LinkType::ETHERNET,
        9 => LinkType(6),
        15 => LinkType(10),
        24 => LinkType::NULL,
        _ => return None,
    })
}

/// Most bytes a packet can have in a savefile (Wireshark's WTAP_MAX_PACKET_SIZE_STANDARD, tcpdump's MAXIMUM_SNAPLEN).
const MAX_CAPTURED: u32 = 262_144;

/// The same for link types whose packets are larger (D-Bus messages are up to 128 MiB).
const MAX_CAPTURED_LARGE: u32 = 128 * 1024 * 1024;

/// Most bytes a packet of this link type can have; a record that claims more is damage.
pub(super) const fn max_captured(link: LinkType) -> u32 {
    match link.0 {
        231 | 249 => MAX_CAPTURED_LARGE,
        279 => 32 * 1024 * 1024,
        _ => MAX_CAPTURED,
    }
}
