//! Opens a savefile by what is in it, not by its name, and reads it as a [`PacketSource`].

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::compressed::MAX_LAYERS;
use super::error::{Fault, FaultKind};
use super::foreign::{self, LOOKED_AT};
use super::input::Input;
use super::pcap_file::{Magic, PcapFile};
use super::pcapng::{PcapngFile, SECTION_HEADER};
use super::snoop_file::{self, SnoopFile};
use super::{
    CaptureFacts, CapturedPacket, Compression, Foreign, Interface, LinkType, Next, PacketSource, SourceError,
};
use crate::time::Timestamp;

/// A packet as a format found it; `data` says where in the window its bytes are.
pub(super) struct Record {
    pub(super) ts: Option<Timestamp>,
    pub(super) wire_len: u32,
    pub(super) interface: u32,
    pub(super) link: LinkType,
    pub(super) data: Range<usize>,
}

/// What a format says when asked for the next packet.
pub(super) enum Step {
    Packet(Record),
    /// The bytes end before `needed` of them, which the next record takes, are there.
    Short {
        needed: usize,
        of: &'static str,
    },
}

/// Whether the file is all there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Growth {
    /// Yes: its end is the end, and an end inside a record is damage.
    #[default]
    Complete,
    /// Something is still writing it: at its end [`Next::Tick`] is given, and reading goes on when bytes come.
    Growing,
}

/// Which format the bytes turned out to be.
enum Format {
    /// Not enough bytes yet to tell (a file that is still growing).
    Unknown,
    Pcap(PcapFile),
    Pcapng(Box<PcapngFile>),
    Snoop(SnoopFile),
    /// The end was given, or an error.
    Done,
}

/// A saved capture: pcap in all its variants, or pcapng; packed with gzip, zstd or lz4, or not.
///
/// Memory is bounded by one buffer, whatever the file claims.
pub struct Savefile {
    name: String,
    input: Input,
    format: Format,
    growth: Growth,
    /// Reading ahead to tell old variants apart is no trouble: not so on a pipe.
    regular: bool,
    interfaces: Vec<Interface>,
    facts: CaptureFacts,
    /// Bytes taken from the file itself where it is packed.
    packed: Arc<AtomicU64>,
    size: Option<u64>,
}

impl Savefile {
    /// Opens the savefile at `path`; `-` is standard input.
    ///
    /// # Errors
    /// [`SourceError::CannotOpen`] where the system refuses, [`SourceError::NotACapture`] where it is something else,
    /// and the errors of a damaged or unsupported file header.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        Self::open_as(path, Growth::Complete)
    }

    /// As [`Savefile::open`], for a file that may still be growing. The end of a pipe or of standard input is an end
    /// in any case.
    ///
    /// # Errors
    /// As [`Savefile::open`]; a packed file cannot be read while it grows, which is [`SourceError::Unsupported`].
    pub fn open_as(path: &Path, growth: Growth) -> Result<Self, SourceError> {
        if path == Path::new("-") {
            return Self::start(Box::new(io::stdin()), "standard input", growth, false, None);
        }
        let name = path.display().to_string();
        let refused = |source| SourceError::CannotOpen { name: name.clone(), source };
        let file = File::open(path).map_err(refused)?;
        let about = file.metadata().map_err(refused)?;
        if about.is_dir() {
            return Err(SourceError::NotACapture { name, found: Foreign::Directory });
        }
        let size = about.is_file().then_some(about.len());
        Self::start(Box::new(file), &name, growth, about.is_file(), size)
    }

    /// Reads a savefile from `reader`; `name` stands for it in messages.
    ///
    /// # Errors
    /// As [`Savefile::open`].
    pub fn from_reader(reader: impl Read + Send + 'static, name: &str) -> Result<Self, SourceError> {
        Self::start(Box::new(reader), name, Growth::Complete, false, None)
    }

    /// Reads a savefile that is in memory.
    ///
    /// # Errors
    /// As [`Savefile::open`].
    pub fn from_bytes(bytes: Vec<u8>, name: &str) -> Result<Self, SourceError> {
        let size = bytes.len() as u64;
        Self::start(Box::new(io::Cursor::new(bytes)), name, Growth::Complete, true, Some(size))
    }

    fn start(
        reader: Box<dyn Read + Send>,
        name: &str,
        growth: Growth,
        regular: bool,
        size: Option<u64>,
    ) -> Result<Self, SourceError> {
        let growth = if regular { growth } else { Growth::Complete };
        let mut savefile = Self {
            name: name.to_owned(),
            input: Input::new(reader, growth == Growth::Growing),
            format: Format::Unknown,
            growth,
            regular,
            interfaces: Vec::new(),
            facts: CaptureFacts::default(),
            packed: Arc::default(),
            size,
        };
        savefile.detect()?;
        Ok(savefile)
    }

    /// What the file says about itself so far.
    #[must_use]
    pub fn facts(&self) -> &CaptureFacts {
        &self.facts
    }

    /// What the file is called in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of the file as it was opened, for a progress display beside [`PacketSource::position`]; `None` for a
    /// pipe.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    fn fault(&self, fault: Fault) -> SourceError {
        fault.named(&self.name, !self.facts.compression.is_empty(), self.facts.packets)
    }

    /// Tells the format by the first bytes, through the layers of compression. A growing file may not have them yet.
    fn detect(&mut self) -> Result<(), SourceError> {
        loop {
            let whole = self.input.has(LEAST).map_err(|fault| self.fault(fault))?;
            if !whole && self.growth == Growth::Growing {
                return Ok(());
            }
            let head = self.input.available();
            if let Some(magic) = Magic::of(head) {
                return self.open_pcap(magic);
            }
            if head.first_chunk().is_some_and(|kind| u32::from_be_bytes(*kind) == SECTION_HEADER) {
                self.facts.format = "pcapng";
                self.format = Format::Pcapng(Box::new(PcapngFile::new()));
                return Ok(());
            }
            if head.starts_with(b"snoo") {
                return self.open_snoop();
            }
            let Some(compression) = Compression::of(head) else { return Err(self.foreign()) };
            self.unpack(compression)?;
        }
    }

    fn open_pcap(&mut self, magic: Magic) -> Result<(), SourceError> {
        let whole = self.input.has(magic.header_len()).map_err(|fault| self.fault(fault))?;
        if !whole && self.growth == Growth::Growing {
            return Ok(());
        }
        let probe = self.regular && self.growth == Growth::Complete;
        if !whole {
            let had = self.input.available().len();
            let what = format!("its header takes {} bytes, of which {had} are there", magic.header_len());
            return Err(self.fault(Fault::cut(0, what)));
        }
        let opened = PcapFile::open(&mut self.input, magic, probe);
        let (file, interface) = opened.map_err(|fault| self.fault(fault))?;
        self.facts.format = magic.describe();
        self.facts.nanoseconds = magic.is_nanos();
        self.interfaces.push(interface);
        self.format = Format::Pcap(file);
        Ok(())
    }

    fn open_snoop(&mut self) -> Result<(), SourceError> {
        let whole = self.input.has(snoop_file::HEADER_LEN).map_err(|fault| self.fault(fault))?;
        if !whole && self.growth == Growth::Growing {
            return Ok(());
        }
        if !self.input.available().starts_with(snoop_file::MAGIC) {
            return Err(self.foreign());
        }
        if !whole {
            let had = self.input.available().len();
            let what = format!("its header takes {} bytes, of which {had} are there", snoop_file::HEADER_LEN);
            return Err(self.fault(Fault::cut(0, what)));
        }
        let (file, interface) = SnoopFile::open(&mut self.input).map_err(|fault| self.fault(fault))?;
        self.facts.format = "snoop";
        self.interfaces.push(interface);
        self.format = Format::Snoop(file);
        Ok(())
    }

    /// Puts an unpacking reader between the file and the window.
    fn unpack(&mut self, compression: Compression) -> Result<(), SourceError> {
        if self.growth == Growth::Growing {
            let what = format!(
                "a file packed with {compression} cannot be followed while it grows; unpack it first"
            );
            return Err(self.fault(Fault::unsupported(0, what)));
        }
        if self.facts.compression.len() >= MAX_LAYERS {
            return Err(SourceError::NotACapture { name: self.name.clone(), found: Foreign::TooManyLayers });
        }
        let head = self.input.available().get(..LEAST).unwrap_or(&[]).to_vec();
        let empty = Input::new(Box::new(io::empty()), false);
        let mut packed = std::mem::replace(&mut self.input, empty).into_reader();
        if self.facts.compression.is_empty() {
            packed = Box::new(Counted { reader: packed, count: Arc::clone(&self.packed) });
        }
        let failed = |source| SourceError::Io { what: format!("unpacking {}", self.name), source };
        self.input = Input::new(compression.unpack(packed, &head).map_err(failed)?, false);
        self.facts.compression.push(compression);
        Ok(())
    }

    /// The bytes are no capture's: says what they are.
    fn foreign(&mut self) -> SourceError {
        if let Err(fault) = self.input.has(LOOKED_AT) {
            return self.fault(fault);
        }
        let head = self.input.available();
        let found = foreign::identify(head.get(..LOOKED_AT).unwrap_or(head));
        SourceError::NotACapture { name: self.name.clone(), found }
    }

    /// The file ends before a record is whole: its end, a moment of quiet, or a cut.
    fn short(&mut self, needed: usize, of: &str) -> Result<Next<'static>, SourceError> {
        if self.growth == Growth::Growing {
            return Ok(Next::Tick);
        }
        let had = self.input.available().len();
        let inside_block = matches!(&self.format, Format::Pcapng(file) if file.is_skipping());
        self.format = Format::Done;
        if had == 0 && !inside_block {
            return Ok(Next::End);
        }
        let missing = format!("{of} of {needed} bytes begins here, {had} are there");
        Err(self.failed(Fault::cut(self.input.offset(), missing)))
    }

    #[cold]
    fn failed(&mut self, mut fault: Fault) -> SourceError {
        self.format = Format::Done;
        if matches!(fault.kind, FaultKind::Io(_)) {
            fault.offset = self.input.offset();
        }
        if foreign::line_ends_changed(self.input.window()) {
            fault.because(
                "every line feed in it follows a carriage return: a transfer in text mode changed it, copy it again in \
                 binary mode",
            );
        }
        self.fault(fault)
    }
}

/// Bytes that tell every format and compression.
const LEAST: usize = 4;

impl PacketSource for Savefile {
    fn next_packet(&mut self) -> Result<Next<'_>, SourceError> {
        if matches!(self.format, Format::Unknown) {
            self.detect()?;
        }
        let step = match &mut self.format {
            Format::Pcap(file) => file.step(&mut self.input),
            Format::Pcapng(file) => file.step(&mut self.input, &mut self.interfaces, &mut self.facts),
            Format::Snoop(file) => file.step(&mut self.input),
            Format::Unknown => return Ok(Next::Tick),
            Format::Done => return Ok(Next::End),
        };
        match step {
            Ok(Step::Packet(record)) => {
                self.facts.packets += 1;
                let packet = CapturedPacket {
                    number: self.facts.packets,
                    ts: record.ts,
                    wire_len: record.wire_len,
                    interface: record.interface,
                    link: record.link,
                    data: self.input.bytes(record.data),
                };
                Ok(Next::Packet(packet, &self.interfaces))
            }
            Ok(Step::Short { needed, of }) => self.short(needed, of),
            Err(fault) => Err(self.failed(fault)),
        }
    }

    fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    fn position(&self) -> Option<u64> {
        Some(if self.facts.compression.is_empty() {
            self.input.offset()
        } else {
            self.packed.load(Ordering::Relaxed)
        })
    }
}

/// Counts the bytes that go through.
struct Counted {
    reader: Box<dyn Read + Send>,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
