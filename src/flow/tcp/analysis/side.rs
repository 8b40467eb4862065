//! What one side sent so far, as far as the next segments of both are judged by it.

use super::unacked::Unacked;
use super::{AnalysisFlags, Nanos};
use crate::flow::WindowScale;
use crate::source::PacketNumber;

/// One side of a connection.
///
/// A sequence number of 0 stands for "none yet", as it does in Wireshark: one segment in four thousand million is
/// judged otherwise than its neighbours for it.
#[derive(Clone, Debug)]
pub(super) struct Side {
    /// Its first number, the SYN's; a guess where that was not seen.
    pub(super) begins: Option<u32>,
    /// A SYN of it carried data behind a fast open cookie.
    pub(super) fast_open: bool,
    /// First number after everything sent.
    pub(super) next: u32,
    /// When that was reached, and in which packet.
    pub(super) next_at: Nanos,
    pub(super) next_frame: PacketNumber,
    /// First number after what was sent without a gap.
    pub(super) contiguous: u32,
    /// The acknowledgment number of its last segment, and when that was.
    pub(super) last_ack: u32,
    pub(super) last_ack_at: Nanos,
    /// The packet that first carried it.
    pub(super) last_ack_frame: PacketNumber,
    /// How often that was repeated.
    pub(super) duplicate_acks: u32,
    /// The other side has acknowledged more than this side is known to have sent, since this side's acknowledgment
    /// last changed or was repeated. Wireshark tells that once, and then takes it for duplicate acknowledgments.
    pub(super) overacknowledged: bool,
    /// The window of its last segment as sent; `None` before the first.
    pub(super) window: Option<u16>,
    /// That segment was a SYN, whose window is never scaled.
    pub(super) window_of_syn: bool,
    pub(super) scale: WindowScale,
    /// Bytes that the SACK blocks of its last segment name.
    pub(super) sacked: u32,
    /// What its last segment was.
    pub(super) last_flags: AnalysisFlags,
    pub(super) unacked: Unacked,
    /// Nothing was missed since the other side last acknowledged, so that what is in flight can be counted.
    pub(super) flight_known: bool,
    /// Bytes since the last PSH.
    pub(super) pushed: u32,
    /// Its last data segment had PSH set.
    pub(super) pushed_last: bool,
}

impl Default for Side {
    fn default() -> Self {
        Self {
            begins: None,
            fast_open: false,
            next: 0,
            next_at: 0,
            next_frame: 0,
            contiguous: 0,
            last_ack: 0,
            last_ack_at: 0,
            last_ack_frame: 0,
            duplicate_acks: 0,
            overacknowledged: false,
            window: None,
            window_of_syn: false,
            scale: WindowScale::Unknown,
            sacked: 0,
            last_flags: AnalysisFlags::default(),
            unacked: Unacked::default(),
            flight_known: true,
            pushed: 0,
            pushed_last: false,
        }
    }
}
