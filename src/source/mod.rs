//! Where packets come from: savefiles, standard input, live interfaces, memory.
//!
//! Every source gives one of three answers ([`Next`]): a packet, a quiet moment, or the end. A failure is a
//! fourth thing, [`SourceError`], and never looks like the end: a cut file gives every packet before the cut,
//! then the error, then [`Next::End`].

mod bpf;
mod compressed;
#[cfg(feature = "live")]
mod device;
#[cfg(feature = "live")]
mod dlt;
mod error;
mod facts;
mod foreign;
#[cfg(feature = "live")]
mod frames;
mod gzip;
mod input;
mod interrupt;
mod linktype;
#[cfg(feature = "live")]
mod live;
mod memory;
mod options;
mod pcap_file;
mod pcapng;
#[cfg(feature = "live")]
mod permission;
#[cfg(feature = "live")]
mod privilege;
mod savefile;
mod snoop_file;
mod stop;
mod writer;

pub use bpf::{BpfError, BpfFilter, BpfSet, MAX_LINK_TYPES};
pub use compressed::Compression;
#[cfg(feature = "live")]
pub use device::{ANY, Access, Choice, ChoiceReason, Device, choose, devices};
pub use error::{Place, SourceError};
pub use facts::{CaptureFacts, Comment, InterfaceFacts};
pub use foreign::Foreign;
#[cfg(feature = "live")]
pub use frames::FramePort;
pub use interrupt::{INTERRUPTED_EXIT_CODE, Interrupt};
pub use linktype::LinkType;
#[cfg(feature = "live")]
pub use live::{
    DEFAULT_BUFFER, DEFAULT_SNAPLEN, LiveError, LiveOptions, LiveSource, LiveStats, MAX_BUFFER, TICK,
};
pub use memory::{MemorySource, OwnedPacket};
#[cfg(feature = "live")]
pub use permission::Advice;
#[cfg(feature = "live")]
pub use privilege::{Dropped, PrivilegeError, drop_privileges};
pub use savefile::{Growth, Savefile};
pub use stop::{CLOSE_LINGER, Progress, StopCause, StopRule};
pub use writer::{SaveFormat, SavefileWriter, same_file};

use crate::time::Timestamp;

/// A packet's place in its capture, from 1: Wireshark's `frame.number`.
pub type PacketNumber = u64;

/// One captured packet, its bytes borrowed from the source's buffer until the next call.
#[derive(Clone, Copy, Debug)]
pub struct CapturedPacket<'a> {
    /// 1-based position in the capture (Wireshark `frame.number`).
    pub number: PacketNumber,
    /// When it was captured; `None` where the format has no time (pcapng simple packet block).
    pub ts: Option<Timestamp>,
    /// Length on the wire in bytes (Wireshark `frame.len`); `data.len()` is the captured length
    /// (`frame.cap_len`), smaller where a snaplen cut the packet.
    pub wire_len: u32,
    /// Index into [`PacketSource::interfaces`]; `u32::MAX` for a pcapng custom block, which belongs to none.
    pub interface: u32,
    /// The link type of that interface: which header `data` starts with.
    pub link: LinkType,
    /// The captured bytes.
    pub data: &'a [u8],
}

impl CapturedPacket<'_> {
    /// Whether the capture kept fewer bytes than were on the wire.
    #[must_use]
    pub fn is_snapped(&self) -> bool {
        self.data.len() < usize::try_from(self.wire_len).unwrap_or(usize::MAX)
    }
}

/// What a capture says of an interface it was made on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The name, where the format has one (`lo`, `eth0`).
    pub name: Option<String>,
    /// Which header its packets start with.
    pub link: LinkType,
    /// Most bytes kept of a packet; 0 is no limit.
    pub snaplen: u32,
    /// What it is, in words, where the format has that (pcapng `if_description`).
    pub description: Option<String>,
    /// Where it is described; `None` in formats that do not number interfaces.
    pub place: Option<InterfacePlace>,
    /// Digits of a second's fraction that its clock tells, from 0 to 9.
    pub digits: u8,
}

impl Interface {
    /// An interface of which nothing is known but its link type and snaplen, with a clock that counts microseconds.
    #[must_use]
    pub const fn unnamed(link: LinkType, snaplen: u32) -> Self {
        Self { name: None, link, snaplen, description: None, place: None, digits: 6 }
    }
}

/// Which interface of a file it is that has sections of interfaces (pcapng).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterfacePlace {
    /// The section, from 1 (Wireshark `frame.section_number`).
    pub section: u32,
    /// Its number within the section, from 0 (Wireshark `frame.interface_id`).
    pub number: u32,
}

/// What a [`PacketSource`] has next.
#[derive(Debug)]
pub enum Next<'a> {
    /// A packet, and the interfaces seen so far ([`CapturedPacket::interface`] is an index into them).
    Packet(CapturedPacket<'a>, &'a [Interface]),
    /// Nothing for the moment (live capture on a quiet line, a savefile still growing).
    Tick,
    /// No more packets will ever come.
    End,
}

/// Packets in the order they were captured.
pub trait PacketSource {
    /// The next packet, a quiet moment, or the end.
    ///
    /// # Errors
    /// [`SourceError`] where the source is damaged or failed. Later calls give [`Next::End`].
    fn next_packet(&mut self) -> Result<Next<'_>, SourceError>;

    /// The interfaces seen so far; grows while a pcapng file is read.
    fn interfaces(&self) -> &[Interface];

    /// Bytes of the underlying file consumed so far, for a progress display; `None` for live capture.
    fn position(&self) -> Option<u64> {
        None
    }
}
