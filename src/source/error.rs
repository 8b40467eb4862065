//! What can go wrong with a source, each with the place and what to try.

use std::fmt;

use super::{Foreign, LinkType, PacketNumber};

/// Where reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Byte offset of the record, block or file header that could not be read; of the decompressed stream where
    /// `decompressed` is set.
    pub offset: u64,
    /// Whether the offset counts decompressed bytes.
    pub decompressed: bool,
    /// The last packet that was given; 0 for none.
    pub after: PacketNumber,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}", self.offset)?;
        if self.decompressed {
            f.write_str(" of the decompressed data")?;
        }
        match self.after {
            0 => f.write_str(", before the first packet"),
            number => write!(f, ", after packet {number}"),
        }
    }
}

/// Why a source gave no further packet. Each message says what failed, on what, and where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The operating system refused.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted, on which file or device.
        what: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The savefile cannot be opened.
    #[error("{name}: cannot open it: {source}; {}", hint(source))]
    CannotOpen {
        /// The file.
        name: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The savefile ends in the middle of a record.
    #[error("{name}: cut short {place}: {missing}")]
    Cut {
        /// The file.
        name: String,
        /// The record that is not all there.
        place: Place,
        /// What was begun and how much of it is there.
        missing: String,
    },
    /// The savefile contradicts its own format.
    #[error("{name}: damaged {place}: {what}")]
    Damaged {
        /// The file.
        name: String,
        /// The record that makes no sense.
        place: Place,
        /// What is wrong with it.
        what: String,
    },
    /// A savefile of a format version that is not read.
    #[error("{name}: not supported {place}: {what}")]
    Unsupported {
        /// The file.
        name: String,
        /// Where it says so.
        place: Place,
        /// What is not supported, and what to try.
        what: String,
    },
    /// The file is something else than a capture.
    #[error("{name}: not a capture: {found}")]
    NotACapture {
        /// The file.
        name: String,
        /// What it is, and what to try.
        found: Foreign,
    },
    /// A pcap file holds one link type; the packet has another.
    #[error(
        "a pcap file holds one link type: it was begun with {file}, this packet has {packet}; write pcapng instead (a name that ends in .pcapng)"
    )]
    SecondLinkType {
        /// The file's link type.
        file: LinkType,
        /// The packet's.
        packet: LinkType,
    },
    /// A packet that the output format has no way to hold.
    #[error("packet {number} does not fit the output: {what}")]
    Unwritable {
        /// The packet.
        number: PacketNumber,
        /// Why, and what to try.
        what: String,
    },
}

/// What to try where a file cannot be opened.
fn hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "check the name and the folder",
        std::io::ErrorKind::PermissionDenied => {
            "a capture made by root often belongs to root: have it made readable for you (chmod, chown)"
        }
        _ => "is it a file that can be read?",
    }
}

/// A failure inside one format, before the file's name and the packet count are put to it.
#[derive(Debug)]
pub(super) struct Fault {
    /// Offset of the record or block.
    pub(super) offset: u64,
    pub(super) kind: FaultKind,
}

#[derive(Debug)]
pub(super) enum FaultKind {
    Cut(String),
    Damaged(String),
    Unsupported(String),
    Io(std::io::Error),
}

impl Fault {
    pub(super) fn cut(offset: u64, missing: impl Into<String>) -> Self {
        Self { offset, kind: FaultKind::Cut(missing.into()) }
    }

    pub(super) fn damaged(offset: u64, what: impl Into<String>) -> Self {
        Self { offset, kind: FaultKind::Damaged(what.into()) }
    }

    pub(super) fn unsupported(offset: u64, what: impl Into<String>) -> Self {
        Self { offset, kind: FaultKind::Unsupported(what.into()) }
    }

    /// Adds a cause to what a damaged or cut file says.
    pub(super) fn because(&mut self, cause: &str) {
        if let FaultKind::Cut(what) | FaultKind::Damaged(what) = &mut self.kind {
            what.push_str("; ");
            what.push_str(cause);
        }
    }

    /// With the file's name and the count of packets given so far.
    pub(super) fn named(self, name: &str, decompressed: bool, after: PacketNumber) -> SourceError {
        let name = name.to_owned();
        let place = Place { offset: self.offset, decompressed, after };
        match self.kind {
            FaultKind::Cut(missing) => SourceError::Cut { name, place, missing },
            FaultKind::Damaged(what) => SourceError::Damaged { name, place, what },
            FaultKind::Unsupported(what) => SourceError::Unsupported { name, place, what },
            FaultKind::Io(source) => match source.kind() {
                // What the decompressors answer for bytes that are not theirs, or that end too early.
                std::io::ErrorKind::UnexpectedEof if decompressed => {
                    SourceError::Cut { name, place, missing: "the compressed data ends here".to_owned() }
                }
                _ if decompressed => SourceError::Damaged {
                    name,
                    place,
                    what: format!("the compressed data is damaged: {source}"),
                },
                _ => SourceError::Io { what: format!("reading {name}, {place}"), source },
            },
        }
    }
}
