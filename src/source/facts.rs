//! What a savefile says about itself, beside its packets.

use super::PacketNumber;
use super::options::text;

/// Most comments that are kept; further ones are counted.
const MAX_COMMENTS: usize = 256;

/// A comment in a pcapng file: about a packet, or about its section or an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The packet it is about.
    pub packet: Option<PacketNumber>,
    /// The text as written, up to 4,096 bytes; wire text, to be shown escaped.
    pub text: String,
}

/// What a pcapng file says about an interface beside its [`super::Interface`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterfaceFacts {
    /// `if_description`.
    pub description: Option<String>,
    /// The capture filter, where it is written as text.
    pub filter: Option<String>,
    /// `if_os`: the operating system of the machine it was on.
    pub os: Option<String>,
    /// `isb_ifrecv`: packets that the interface received.
    pub received: Option<u64>,
    /// `isb_ifdrop`: packets that the interface lost.
    pub dropped: Option<u64>,
    /// `isb_osdrop`: packets that the operating system lost.
    pub dropped_by_os: Option<u64>,
}

/// What a savefile says about itself; grows while it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureFacts {
    /// The format in words: `pcap`, `pcapng` …; empty while it is not known.
    pub format: &'static str,
    /// What it is packed in, outermost first.
    pub compression: Vec<super::Compression>,
    /// Times are counted in units finer than a microsecond, by any interface so far.
    pub nanoseconds: bool,
    /// Packets given so far.
    pub packets: PacketNumber,
    /// Sections begun (pcapng).
    pub sections: u32,
    /// `shb_hardware` of the last section.
    pub hardware: Option<String>,
    /// `shb_os` of the last section.
    pub os: Option<String>,
    /// `shb_userappl`: what wrote the last section.
    pub application: Option<String>,
    /// One for each of [`super::PacketSource::interfaces`] of a pcapng file; none for pcap.
    pub interfaces: Vec<InterfaceFacts>,
    /// Comments in file order, the first 256.
    pub comments: Vec<Comment>,
    /// Comments beyond those.
    pub comments_dropped: u64,
}

impl CaptureFacts {
    pub(super) fn comment(&mut self, packet: Option<PacketNumber>, value: &[u8]) {
        if self.comments.len() < MAX_COMMENTS {
            self.comments.push(Comment { packet, text: text(value) });
        } else {
            self.comments_dropped = self.comments_dropped.saturating_add(1);
        }
    }
}
