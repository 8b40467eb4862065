//! Writes savefiles, by hand so that saving needs no libpcap: pcap (one link type) and pcapng (any).

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::{CapturedPacket, Interface, LinkType, SourceError};
use crate::time::Timestamp;

/// The snaplen that is stated unless another is set: what tcpdump and dumpcap state.
const SNAPLEN: u32 = 262_144;

/// Output buffer: one system call for some hundred packets.
const BUFFER: usize = 256 * 1024;

/// Resolution of pcapng interfaces: `if_tsresol` 9, nanoseconds.
const NANOSECONDS: u8 = 9;

/// Which savefile format to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveFormat {
    /// Classic pcap: one link type, no names, every tool reads it.
    Pcap,
    /// pcapng: several interfaces and link types, names, packets without a time.
    Pcapng,
}

impl SaveFormat {
    /// pcap for a name that ends in `.pcap`, else pcapng.
    #[must_use]
    pub fn of_name(path: &Path) -> Self {
        let pcap = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pcap"));
        if pcap { Self::Pcap } else { Self::Pcapng }
    }
}

/// Whether two paths name the same file, so that writing one would destroy the other. False where either is not there.
#[must_use]
pub fn same_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let identity = |path| fs::metadata(path).map(|about| (about.dev(), about.ino()));
        matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other)
    }
    #[cfg(not(unix))]
    {
        matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
    }
}

/// Writes packets as a savefile.
pub struct SavefileWriter<W: Write> {
    out: W,
    name: String,
    format: SaveFormat,
    snaplen: u32,
    nanos: bool,
    /// The link type in the pcap header, once that is written.
    link: Option<LinkType>,
    /// A pcapng section header was written.
    begun: bool,
    /// Numbers in the section of the interfaces described in it, by their numbers in the source. As many as the
    /// source has, which names a cap of its own.
    described: HashMap<u32, u32>,
    /// Link type and snaplen of the section's first interface, to which Simple Packet Blocks belong.
    first: Option<(u32, u32)>,
    packets: u64,
    rounded: u64,
}

impl SavefileWriter<Box<dyn Write + Send>> {
    /// Creates the savefile at `path`, through a buffer; `-` is standard output. An existing file is replaced: check
    /// with [`same_file`] that it is not the one being read.
    ///
    /// # Errors
    /// [`SourceError::Io`] where the system refuses.
    pub fn create(path: &Path, format: SaveFormat) -> Result<Self, SourceError> {
        if path == Path::new("-") {
            let out: Box<dyn Write + Send> = Box::new(BufWriter::with_capacity(BUFFER, io::stdout()));
            return Ok(Self::new(out, format).named("standard output"));
        }
        let name = path.display().to_string();
        let file = File::create(path)
            .map_err(|source| SourceError::Io { what: format!("cannot create {name}"), source })?;
        let out: Box<dyn Write + Send> = Box::new(BufWriter::with_capacity(BUFFER, file));
        Ok(Self::new(out, format).named(&name))
    }
}

impl<W: Write> SavefileWriter<W> {
    /// A writer to `out`, which should be buffered.
    pub fn new(out: W, format: SaveFormat) -> Self {
        Self {
            out,
            name: "the savefile".to_owned(),
            format,
            snaplen: SNAPLEN,
            nanos: false,
            link: None,
            begun: false,
            described: HashMap::new(),
            first: None,
            packets: 0,
            rounded: 0,
        }
    }

    /// What messages call the output.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// The snaplen to state in a pcap header, in bytes; 262,144 unless set. A pcapng interface states its own.
    #[must_use]
    pub fn snaplen(mut self, snaplen: u32) -> Self {
        self.snaplen = snaplen;
        self
    }

    /// Whether a pcap file counts nanoseconds rather than microseconds, as [`super::CaptureFacts::nanoseconds`] says of
    /// a savefile; pcapng always does.
    #[must_use]
    pub fn nanoseconds(mut self, nanos: bool) -> Self {
        self.nanos = nanos;
        self
    }

    /// Packets written.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Packets whose time lost digits below the microsecond, because the file counts microseconds.
    #[must_use]
    pub fn rounded(&self) -> u64 {
        self.rounded
    }

    /// Writes a packet that was captured on `interface`.
    ///
    /// # Errors
    /// [`SourceError::SecondLinkType`] and [`SourceError::Unwritable`] where the format cannot hold the packet: the
    /// file stays whole, and others can follow. [`SourceError::Io`] where writing failed.
    pub fn write(&mut self, packet: &CapturedPacket<'_>, interface: &Interface) -> Result<(), SourceError> {
        let unwritable =
            |what: &str| SourceError::Unwritable { number: packet.number, what: what.to_owned() };
        if packet.link == LinkType::CUSTOM_BLOCK {
            return Err(unwritable(
                "it is a pcapng custom block, which only the program that wrote it understands",
            ));
        }
        let captured = u32::try_from(packet.data.len()).map_err(|_| unwritable("it is larger than 4 GiB"))?;
        match self.format {
            SaveFormat::Pcap => self.write_pcap(packet, captured)?,
            SaveFormat::Pcapng => match packet.ts {
                Some(ts) => {
                    let nanos = u64::try_from(ts.as_nanos())
                        .map_err(|_| unwritable("its time is before 1970 or after 2554"))?;
                    self.write_enhanced(packet, interface, captured, nanos)?;
                }
                None => self.write_simple(packet, interface, captured)?,
            },
        }
        self.packets += 1;
        Ok(())
    }

    /// Writes the file header if no packet was written, of `link`, and flushes.
    ///
    /// # Errors
    /// [`SourceError::Io`] where writing failed.
    pub fn finish(mut self, link: LinkType) -> Result<W, SourceError> {
        match self.format {
            SaveFormat::Pcap if self.link.is_none() => self.pcap_header(link)?,
            SaveFormat::Pcapng if !self.begun => {
                self.section()?;
                self.describe(0, &Interface::unnamed(link, self.snaplen))?;
            }
            _ => {}
        }
        self.flush()?;
        Ok(self.out)
    }

    /// Passes on what is buffered, so that somebody who follows the file sees it.
    ///
    /// # Errors
    /// [`SourceError::Io`] where writing failed.
    pub fn flush(&mut self) -> Result<(), SourceError> {
        self.out.flush().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> SourceError {
        SourceError::Io { what: format!("writing {}", self.name), source }
    }

    fn put(&mut self, parts: &[&[u8]]) -> Result<(), SourceError> {
        for part in parts {
            if let Err(source) = self.out.write_all(part) {
                return Err(self.failed(source));
            }
        }
        Ok(())
    }

    fn pcap_header(&mut self, link: LinkType) -> Result<(), SourceError> {
        let magic: u32 = if self.nanos { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
        self.link = Some(link);
        let snaplen = self.snaplen.to_le_bytes();
        self.put(&[
            &magic.to_le_bytes(),
            &2_u16.to_le_bytes(),
            &4_u16.to_le_bytes(),
            &[0; 8],
            &snaplen,
            &u32::from(link.0).to_le_bytes(),
        ])
    }

    fn write_pcap(&mut self, packet: &CapturedPacket<'_>, captured: u32) -> Result<(), SourceError> {
        let file = self.link.unwrap_or(packet.link);
        if file != packet.link {
            return Err(SourceError::SecondLinkType { file, packet: packet.link });
        }
        let Some((seconds, nanos)) = packet.ts.and_then(pcap_time) else {
            let what = match packet.ts {
                None => "it has no time; write pcapng instead (a name that ends in .pcapng)",
                Some(_) => "a pcap file holds times from 1970 to 2106; write pcapng instead",
            };
            return Err(SourceError::Unwritable { number: packet.number, what: what.to_owned() });
        };
        if self.link.is_none() {
            self.pcap_header(packet.link)?;
        }
        let fraction = if self.nanos { nanos } else { nanos / 1000 };
        self.rounded += u64::from(!self.nanos && nanos % 1000 != 0);
        let header = [seconds, fraction, captured, packet.wire_len].map(u32::to_le_bytes);
        self.put(&[header.as_flattened(), packet.data])
    }

    /// A block: type, length, body, padding to four bytes, options already padded, length again.
    fn block(&mut self, kind: u32, head: &[u8], data: &[u8], options: &[u8]) -> Result<(), SourceError> {
        let padding = [0_u8; 3];
        let padding = padding.get(..data.len().next_multiple_of(4) - data.len()).unwrap_or(&[]);
        let len = 12 + head.len() + data.len() + padding.len() + options.len();
        let len = u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
        self.put(&[&kind.to_le_bytes(), &len, head, data, padding, options, &len])
    }

    /// Begins a section, which describes its interfaces anew.
    fn section(&mut self) -> Result<(), SourceError> {
        let mut head = Vec::new();
        head.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
        head.extend_from_slice(&[1, 0, 0, 0]);
        // Its length is not known beforehand.
        head.extend_from_slice(&[0xff; 8]);
        let mut options = Vec::new();
        option(&mut options, 4, concat!("wirelab ", env!("CARGO_PKG_VERSION")).as_bytes());
        options.extend_from_slice(&[0; 4]);
        (self.begun, self.first) = (true, None);
        self.described.clear();
        self.block(super::pcapng::SECTION_HEADER, &head, &[], &options)
    }

    /// Describes the source's interface `number`; gives its number in the section.
    fn describe(&mut self, number: u32, interface: &Interface) -> Result<u32, SourceError> {
        let mut head = Vec::new();
        head.extend_from_slice(&interface.link.0.to_le_bytes());
        head.extend_from_slice(&[0; 2]);
        head.extend_from_slice(&interface.snaplen.to_le_bytes());
        let mut options = Vec::new();
        if let Some(name) = &interface.name {
            option(&mut options, 2, name.as_bytes());
        }
        option(&mut options, 9, &[NANOSECONDS]);
        options.extend_from_slice(&[0; 4]);
        let here = u32::try_from(self.described.len()).unwrap_or(u32::MAX);
        self.described.insert(number, here);
        self.first.get_or_insert((number, interface.snaplen));
        self.block(1, &head, &[], &options)?;
        Ok(here)
    }

    fn write_enhanced(
        &mut self,
        packet: &CapturedPacket<'_>,
        interface: &Interface,
        captured: u32,
        nanos: u64,
    ) -> Result<(), SourceError> {
        if !self.begun {
            self.section()?;
        }
        let id = match self.described.get(&packet.interface) {
            Some(&id) => id,
            None => self.describe(packet.interface, interface)?,
        };
        let [n0, n1, n2, n3, n4, n5, n6, n7] = nanos.to_be_bytes();
        let (high, low) = (u32::from_be_bytes([n0, n1, n2, n3]), u32::from_be_bytes([n4, n5, n6, n7]));
        let head = [id, high, low, captured, packet.wire_len].map(u32::to_le_bytes);
        self.block(6, head.as_flattened(), packet.data, &[])
    }

    /// A packet without a time. Its block can only belong to the section's first interface, and states no captured
    /// length: where that interface does not imply it, a section is begun with one that does.
    fn write_simple(
        &mut self,
        packet: &CapturedPacket<'_>,
        interface: &Interface,
        captured: u32,
    ) -> Result<(), SourceError> {
        let implied =
            |snaplen: u32| if snaplen == 0 { packet.wire_len } else { packet.wire_len.min(snaplen) };
        if captured > packet.wire_len {
            let what = "it has no time and more bytes than its length on the wire".to_owned();
            return Err(SourceError::Unwritable { number: packet.number, what });
        }
        let fits = |(number, snaplen): (u32, u32)| number == packet.interface && implied(snaplen) == captured;
        if !self.first.is_some_and(fits) {
            self.section()?;
            let snaplen = if implied(interface.snaplen) == captured { interface.snaplen } else { captured };
            self.describe(packet.interface, &Interface { snaplen, ..interface.clone() })?;
        }
        self.block(3, &packet.wire_len.to_le_bytes(), packet.data, &[])
    }
}

/// Seconds and nanoseconds, where a pcap file can hold them.
fn pcap_time(ts: Timestamp) -> Option<(u32, u32)> {
    let (seconds, nanos) = ts.parts();
    Some((u32::try_from(seconds).ok()?, nanos))
}

/// Appends a pcapng option, cut to what its 16-bit length can say.
fn option(options: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    options.extend_from_slice(&code.to_le_bytes());
    options.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    options.extend_from_slice(value);
    options.resize(options.len().next_multiple_of(4), 0);
}
