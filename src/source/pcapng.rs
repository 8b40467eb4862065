//! The pcapng savefile: sections of blocks (draft-ietf-opsawg-pcapng).
//!
//! Blocks are parsed here rather than through pcap-parser: its readers answer a lying block length with a request
//! for more, for ever; they leave the obsolete Packet Block unparsed, allocate a vector of options for a packet,
//! read 64-bit options of a big-endian section as little-endian, and drop damaged options without a word.

use super::error::Fault;
use super::facts::{CaptureFacts, InterfaceFacts};
use super::input::{Input, Order};
use super::options::{Options, text};
use super::pcap_file::max_captured;
use super::savefile::{Record, Step};
use super::{Interface, InterfacePlace, LinkType};
use crate::time::{NANOS_PER_SECOND, Timestamp};

/// Block type of a section header: the same in either byte order.
pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
/// Obsolete, but libpcap's predecessors wrote it.
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
/// Blocks of a program's own, to be copied or not when a file is rewritten.
const CUSTOM: [u32; 2] = [0x0bad, 0x4000_0bad];
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

/// Type and two lengths, around every block's body.
const FRAME: usize = 12;
/// Type and first length.
const BLOCK_HEADER: usize = 8;

/// Largest block that is looked into (Wireshark's MAX_BLOCK_SIZE): beyond the largest packets there are only
/// options, and a block that claims more is damage. Blocks that are skipped may have any length.
const MAX_BLOCK: u32 = 16 * 1024 * 1024;

/// Most interfaces a file may describe: merged captures have hundreds; more is an attempt on memory.
const MAX_INTERFACES: usize = 65_536;

/// How an interface counts time.
#[derive(Clone, Copy, Debug)]
struct Clock {
    /// Units a second, as an exponent of 10, or of 2.
    exponent: u32,
    binary: bool,
    /// Seconds to add (`if_tsoffset`).
    offset: i64,
}

impl Clock {
    /// `if_tsresol`: the exponent in seven bits, base 2 where the eighth is set; microseconds unless given.
    fn new(resolution: Option<u8>, offset: Option<i64>) -> Self {
        let resolution = resolution.unwrap_or(6);
        Self {
            exponent: u32::from(resolution & 0x7f),
            binary: resolution & 0x80 != 0,
            offset: offset.unwrap_or(0),
        }
    }

    const fn finer_than_micros(self) -> bool {
        self.exponent > if self.binary { 19 } else { 6 }
    }

    /// Digits of a second's fraction that Wireshark shows of such times.
    fn digits(self) -> u8 {
        let at_least = |digits: u32| match self.binary {
            true => 1_u64.checked_shl(self.exponent).is_none_or(|units| units >= 10_u64.pow(digits)),
            false => self.exponent >= digits,
        };
        [9_u8, 6, 3, 2, 1].into_iter().find(|&digits| at_least(digits.into())).unwrap_or(0)
    }

    /// Exact down to the nanosecond, rounded down; a unit finer than 64 bits can count gives zero.
    fn timestamp(self, units: u64) -> Timestamp {
        let units = i128::from(units);
        let nanos = match (self.binary, self.exponent) {
            (true, exponent) => (units * NANOS_PER_SECOND).checked_shr(exponent).unwrap_or(0),
            (false, exponent @ 0..=9) => units * 10_i128.pow(9 - exponent),
            (false, exponent) => 10_i128.checked_pow(exponent - 9).map_or(0, |divisor| units / divisor),
        };
        Timestamp::from_nanos(nanos.saturating_add(i128::from(self.offset) * NANOS_PER_SECOND))
    }
}

/// State of reading one pcapng savefile.
#[derive(Debug)]
pub(super) struct PcapngFile {
    order: Order,
    /// Index of the section's first interface among all of the file.
    first_interface: usize,
    /// One for each of the file's interfaces.
    clocks: Vec<Clock>,
    /// Bytes of a block without interest that are still to be skipped.
    skipping: u64,
    /// No section header was seen yet.
    fresh: bool,
}

/// What a block is about, with where its body is.
struct Block {
    kind: u32,
    len: usize,
    offset: u64,
}

impl PcapngFile {
    pub(super) fn new() -> Self {
        Self { order: Order::Little, first_interface: 0, clocks: Vec::new(), skipping: 0, fresh: true }
    }

    /// Whether the window stands inside a block, so that an end here is a cut.
    pub(super) const fn is_skipping(&self) -> bool {
        self.skipping > 0
    }

    /// Reads on to the next packet.
    pub(super) fn step(
        &mut self,
        input: &mut Input,
        interfaces: &mut Vec<Interface>,
        facts: &mut CaptureFacts,
    ) -> Result<Step, Fault> {
        loop {
            if self.skipping > 0 {
                if !input.has(1)? {
                    return Ok(Step::Short { needed: 1, of: "a block" });
                }
                let step = usize::try_from(self.skipping).unwrap_or(usize::MAX).min(input.available().len());
                input.take(step);
                self.skipping -= step as u64;
                continue;
            }
            let block = match self.frame(input)? {
                Ok(Some(block)) => block,
                Ok(None) => continue,
                Err(short) => return Ok(short),
            };
            let step = match block.kind {
                SECTION_HEADER => self.section(input, &block, facts)?,
                INTERFACE_DESCRIPTION => self.interface(input, &block, interfaces, facts)?,
                INTERFACE_STATISTICS => self.statistics(input, &block, facts)?,
                PACKET | SIMPLE_PACKET | ENHANCED_PACKET => self.packet(input, &block, interfaces, facts)?,
                _ => Some(custom(input, &block)),
            };
            if let Some(step) = step {
                return Ok(step);
            }
        }
    }

    /// Brings the next block of interest into the window whole; `None` where it is to be skipped.
    #[inline]
    fn frame(&mut self, input: &mut Input) -> Result<Result<Option<Block>, Step>, Fault> {
        let short = |needed| Ok(Err(Step::Short { needed, of: "a block" }));
        if !input.has(BLOCK_HEADER)? {
            return short(BLOCK_HEADER);
        }
        let offset = input.offset();
        let Some(&[t0, t1, t2, t3, l0, l1, l2, l3]) = input.available().first_chunk() else {
            return short(8);
        };
        let kind = self.order.u32([t0, t1, t2, t3]);
        if kind == SECTION_HEADER {
            // Its byte order is its own, told by the magic number behind the length.
            if !input.has(FRAME)? {
                return short(FRAME);
            }
            self.order = match Order::Little.u32_at(input.available(), 8) {
                Some(BYTE_ORDER_MAGIC) => Order::Little,
                Some(magic) if magic.swap_bytes() == BYTE_ORDER_MAGIC => Order::Big,
                _ => return Err(Fault::damaged(offset, "a section header without a byte-order magic")),
            };
        } else if self.fresh {
            return Err(Fault::damaged(offset, "a block before the first section header"));
        }
        let stated = self.order.u32([l0, l1, l2, l3]);
        // Block lengths are multiples of four; some writers state them without the padding that they write.
        let Some(len) = stated.checked_next_multiple_of(4).filter(|&len| len >= 12) else {
            return Err(Fault::damaged(offset, format!("a block of {stated} bytes, which is impossible")));
        };
        let minimum = match kind {
            SECTION_HEADER => 28,
            INTERFACE_DESCRIPTION => 20,
            PACKET | ENHANCED_PACKET => 32,
            SIMPLE_PACKET => 16,
            INTERFACE_STATISTICS => 24,
            kind if CUSTOM.contains(&kind) => 16,
            _ => {
                self.skipping = u64::from(len);
                return Ok(Ok(None));
            }
        };
        if len < minimum || len > MAX_BLOCK {
            let what = format!("a block of {len} bytes; its type has {minimum} to {MAX_BLOCK}");
            return Err(Fault::damaged(offset, what));
        }
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if !input.has(len)? {
            return short(len);
        }
        let repeated = self.order.u32_at(input.available(), len - 4);
        if repeated != Some(stated) {
            let repeated = repeated.unwrap_or(0);
            let what = format!("a block's two lengths differ: {stated} and {repeated}");
            return Err(Fault::damaged(offset, what));
        }
        Ok(Ok(Some(Block { kind, len, offset })))
    }

    /// A section header: what comes next has nothing to do with the interfaces before it.
    fn section(
        &mut self,
        input: &mut Input,
        block: &Block,
        facts: &mut CaptureFacts,
    ) -> Result<Option<Step>, Fault> {
        let bytes = input.available().get(..block.len).unwrap_or(&[]);
        let version = (self.order.u16_at(bytes, 12), self.order.u16_at(bytes, 14));
        // 1.2 was written by mistake and means 1.0 (draft-ietf-opsawg-pcapng section 4.1).
        let (Some(1), Some(0 | 2)) = version else {
            let (major, minor) = (version.0.unwrap_or(0), version.1.unwrap_or(0));
            let what = format!("pcapng version {major}.{minor}; version 1.0 is read");
            return Err(Fault::unsupported(block.offset, what));
        };
        facts.sections = facts.sections.saturating_add(1);
        for option in Options::new(self.order, bytes, 24) {
            let (code, value) = option.map_err(|what| Fault::damaged(block.offset, what))?;
            match code {
                1 => facts.comment(None, value),
                2 => facts.hardware = Some(text(value)),
                3 => facts.os = Some(text(value)),
                4 => facts.application = Some(text(value)),
                _ => {}
            }
        }
        self.fresh = false;
        self.first_interface = self.clocks.len();
        input.take(block.len);
        Ok(None)
    }

    fn interface(
        &mut self,
        input: &mut Input,
        block: &Block,
        interfaces: &mut Vec<Interface>,
        facts: &mut CaptureFacts,
    ) -> Result<Option<Step>, Fault> {
        if interfaces.len() >= MAX_INTERFACES {
            return Err(Fault::damaged(block.offset, format!("more than {MAX_INTERFACES} interfaces")));
        }
        let bytes = input.available().get(..block.len).unwrap_or(&[]);
        let link = LinkType(self.order.u16_at(bytes, 8).unwrap_or(0));
        let snaplen = self.order.u32_at(bytes, 12).unwrap_or(0);
        let mut about = InterfaceFacts::default();
        let (mut name, mut resolution, mut offset) = (None, None, None);
        for option in Options::new(self.order, bytes, 16) {
            let (code, value) = option.map_err(|what| Fault::damaged(block.offset, what))?;
            match code {
                1 => facts.comment(None, value),
                2 => name = Some(text(value)),
                3 => about.description = Some(text(value)),
                9 => resolution = value.first().copied(),
                // The filter's first byte says what it is written in; 0 is text.
                11 => {
                    about.filter =
                        value.split_first().filter(|(kind, _)| **kind == 0).map(|(_, rest)| text(rest))
                }
                12 => about.os = Some(text(value)),
                14 => offset = self.order.u64_at(value, 0).map(u64::cast_signed),
                _ => {}
            }
        }
        let clock = Clock::new(resolution, offset);
        facts.nanoseconds |= clock.finer_than_micros();
        self.clocks.push(clock);
        let number = interfaces.len().saturating_sub(self.first_interface);
        interfaces.push(Interface {
            name,
            link,
            snaplen,
            description: about.description.clone(),
            place: u32::try_from(number)
                .ok()
                .map(|number| InterfacePlace { section: facts.sections, number }),
            digits: clock.digits(),
        });
        facts.interfaces.push(about);
        input.take(block.len);
        Ok(None)
    }

    /// Counters of an interface; of an interface that was not described, nothing is kept.
    fn statistics(
        &mut self,
        input: &mut Input,
        block: &Block,
        facts: &mut CaptureFacts,
    ) -> Result<Option<Step>, Fault> {
        let bytes = input.available().get(..block.len).unwrap_or(&[]);
        let interface = self.order.u32_at(bytes, 8).and_then(|id| usize::try_from(id).ok());
        let index = interface.and_then(|id| self.first_interface.checked_add(id));
        if let Some(about) = index.and_then(|index| facts.interfaces.get_mut(index)) {
            for option in Options::new(self.order, bytes, 20) {
                let (code, value) = option.map_err(|what| Fault::damaged(block.offset, what))?;
                match code {
                    4 => about.received = self.order.u64_at(value, 0),
                    5 => about.dropped = self.order.u64_at(value, 0),
                    7 => about.dropped_by_os = self.order.u64_at(value, 0),
                    _ => {}
                }
            }
        }
        input.take(block.len);
        Ok(None)
    }

    /// An Enhanced, Simple or obsolete Packet Block.
    #[inline]
    fn packet(
        &mut self,
        input: &mut Input,
        block: &Block,
        interfaces: &[Interface],
        facts: &mut CaptureFacts,
    ) -> Result<Option<Step>, Fault> {
        let bytes = input.available().get(..block.len).unwrap_or(&[]);
        let field = |at| self.order.u32_at(bytes, at).unwrap_or(0);
        let (id, data_at) = match block.kind {
            ENHANCED_PACKET => (field(8), 28),
            PACKET => (self.order.u16_at(bytes, 8).map_or(0, u32::from), 28),
            _ => (0, 12),
        };
        let index = usize::try_from(id).ok().and_then(|id| self.first_interface.checked_add(id));
        let Some((index, interface)) = index.and_then(|index| Some((index, interfaces.get(index)?))) else {
            let described = interfaces.len().saturating_sub(self.first_interface);
            let what = format!("a packet of interface {id}; this section describes {described}");
            return Err(Fault::damaged(block.offset, what));
        };
        let room = block.len.saturating_sub(data_at + 4);
        let (captured, wire_len, ts) = if block.kind == SIMPLE_PACKET {
            // It says only the length on the wire: the rest follows from the snaplen (section 4.4).
            let wire = field(8);
            let kept = if interface.snaplen == 0 { wire } else { wire.min(interface.snaplen) };
            (kept, wire, None)
        } else {
            let units = u64::from(field(12)) << 32 | u64::from(field(16));
            (field(20), field(24), self.clocks.get(index).map(|clock| clock.timestamp(units)))
        };
        let most = max_captured(interface.link);
        if captured > most {
            let what = format!("a packet of {captured} bytes; at most {most} are possible");
            return Err(Fault::damaged(block.offset, what));
        }
        let captured = usize::try_from(captured).unwrap_or(usize::MAX);
        if captured > room {
            let what = format!("a packet of {captured} bytes in a block with room for {room}");
            return Err(Fault::damaged(block.offset, what));
        }
        let after = data_at + captured.next_multiple_of(4);
        if block.kind != SIMPLE_PACKET && after + 4 < block.len {
            for option in Options::new(self.order, bytes, after) {
                let (code, value) = option.map_err(|what| Fault::damaged(block.offset, what))?;
                if code == 1 {
                    facts.comment(Some(facts.packets.saturating_add(1)), value);
                }
            }
        }
        let (link, interface) = (interface.link, u32::try_from(index).unwrap_or(u32::MAX));
        input.take(data_at);
        let data = input.take(captured);
        input.take(block.len - data_at - captured);
        Ok(Some(Step::Packet(Record { ts, wire_len, interface, link, data })))
    }
}

/// A custom block: Wireshark gives it a frame number, so it must take one here. Its data is what stands behind the
/// enterprise number.
fn custom(input: &mut Input, block: &Block) -> Step {
    input.take(FRAME);
    let data = input.take(block.len - FRAME - 4);
    input.take(4);
    let wire_len = u32::try_from(data.len()).unwrap_or(u32::MAX);
    Step::Packet(Record { ts: None, wire_len, interface: u32::MAX, link: LinkType::CUSTOM_BLOCK, data })
}
