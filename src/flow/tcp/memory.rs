//! What is remembered of a connection to judge its next segment.
//!
//! A connection that is no more than a SYN for long, as in a scan or a flood, does without: the SYN is kept, and what it
//! showed is worked out again once something follows.

use super::analysis::Analysis;
use super::follow::Track;
use super::judge::Judge;
use super::{Arrival, Followed, SegmentAnalysis, SegmentKind, Setting, TcpFlow, Verified};
use crate::decode::{TcpFlags, TcpSegment};
use crate::flow::{Direction, PacketStamp};

/// Most bytes of options in a TCP header (RFC 9293 section 3.1: the data offset counts to 15 words).
const MAX_OPTIONS: usize = 40;

/// What the next segment is judged by.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    pub(super) orig_track: Track,
    pub(super) resp_track: Track,
    /// Who sent the last segment, and what kind it was.
    pub(super) previous: Option<(Direction, SegmentKind)>,
    pub(super) analysis: Analysis,
    pub(super) judge: Judge,
}

/// What is remembered in `memory`; at first nothing.
#[inline]
pub(super) fn awake(memory: &mut Option<Box<Memory>>) -> &mut Memory {
    memory.get_or_insert_with(anew)
}

/// Apart, for it comes once a flow, and the rest of [`awake`] many times a packet.
#[cold]
#[inline(never)]
fn anew() -> Box<Memory> {
    Box::default()
}

impl Memory {
    /// Of the sender of a segment that `by` sent, then of the other side.
    pub(super) fn tracks(&mut self, by: Direction) -> (&mut Track, &mut Track) {
        match by {
            Direction::OrigToResp => (&mut self.orig_track, &mut self.resp_track),
            Direction::RespToOrig => (&mut self.resp_track, &mut self.orig_track),
        }
    }

    /// Exchanges the sides.
    pub(super) fn swap_sides(&mut self) {
        std::mem::swap(&mut self.orig_track, &mut self.resp_track);
        self.analysis.swap_sides();
        self.judge.swap_sides();
        self.previous = self.previous.map(|(by, kind)| (by.reversed(), kind));
    }

    /// The connection is over: gives back what its segments took, as far as none of them waits any more.
    pub(super) fn rest(&mut self) {
        self.judge.rest();
        self.analysis.rest();
        self.orig_track.measuring.rest();
        self.resp_track.measuring.rest();
    }
}

/// The SYN of a connection that is nothing else yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct OnlySyn {
    seq: u32,
    ack: u32,
    flags: TcpFlags,
    window: u16,
    checksum: u16,
    ip_id: Option<u16>,
    options: [u8; MAX_OPTIONS],
    options_len: usize,
    packet: PacketStamp,
    setting: Setting,
    verified: Verified,
}

impl TcpFlow {
    /// Keeps the first segment, so that [`Self::sleep`] may forget what it showed; false where it is more than a SYN.
    pub(in crate::flow) fn note_syn(
        &mut self,
        segment: &TcpSegment<'_>,
        packet: PacketStamp,
        ip_id: Option<u16>,
        setting: Setting,
        verified: Verified,
    ) -> bool {
        let TcpSegment { seq, ack, flags, window, checksum, options: bytes, payload_len, .. } = *segment;
        let is_bare_syn = flags.syn() && !flags.ack() && !flags.fin() && !flags.rst() && payload_len == 0;
        let mut options = [0; MAX_OPTIONS];
        let Some(room) = options.get_mut(..bytes.len()).filter(|_| is_bare_syn) else { return false };
        room.copy_from_slice(bytes);
        let options_len = bytes.len();
        let syn = OnlySyn {
            seq,
            ack,
            flags,
            window,
            checksum,
            ip_id,
            options,
            options_len,
            packet,
            setting,
            verified,
        };
        self.only_syn = Some(Box::new(syn));
        true
    }

    /// Forgets what can be worked out again, where all there is so far is the SYN that was noted.
    pub(in crate::flow) fn sleep(&mut self) {
        if self.only_syn.is_some() {
            self.memory = None;
        }
    }

    /// Works out again what [`Self::sleep`] forgot; to be called before the next segment.
    #[inline]
    pub(in crate::flow) fn wake(&mut self) {
        if let Some(syn) = self.only_syn.take()
            && self.memory.is_none()
        {
            self.work_out(&syn);
        }
    }

    fn work_out(&mut self, syn: &OnlySyn) {
        let segment = TcpSegment {
            seq: syn.seq,
            ack: syn.ack,
            flags: syn.flags,
            window: syn.window,
            checksum: syn.checksum,
            options: syn.options.get(..syn.options_len).unwrap_or(&[]),
            payload: &[],
            payload_len: 0,
        };
        let mut again = Self::new(self.port_reused);
        let mut told = SegmentAnalysis::NONE;
        again.analyse(Direction::OrigToResp, &segment, syn.packet, syn.setting, &mut told);
        let arrival = Arrival { packet: syn.packet, before: None, ip_id: syn.ip_id, verified: syn.verified };
        again.follow(Direction::OrigToResp, &segment, &arrival, &mut Followed::default());
        self.memory = again.memory;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{ConnState, Flow, WindowScale};

    const ORIG: Direction = Direction::OrigToResp;
    const RESP: Direction = Direction::RespToOrig;

    fn segment(flags: u16, seq: u32, ack: u32) -> TcpSegment<'static> {
        let options = if flags & TcpFlags::SYN == 0 { &[][..] } else { &[2, 4, 5, 0xb4, 1, 3, 3, 7] };
        let flags = TcpFlags(flags);
        TcpSegment { seq, ack, flags, window: 9, checksum: 7, options, payload: &[], payload_len: 0 }
    }

    fn follow(tcp: &mut TcpFlow, by: Direction, number: u64, segment: &TcpSegment<'_>) -> String {
        let packet = PacketStamp { number, ts: None };
        let mut told = SegmentAnalysis::NONE;
        tcp.analyse(by, segment, packet, setting(), &mut told);
        let arrival = Arrival { packet, before: None, ip_id: Some(7), verified: Verified::No };
        let mut followed = Followed::default();
        tcp.follow(by, segment, &arrival, &mut followed);
        format!("{told:?} {followed:?}")
    }

    fn setting() -> Setting {
        Setting { scale: WindowScale::Unknown, port_reused: false }
    }

    #[test]
    fn a_connection_that_rested_goes_on_as_if_it_had_not() {
        let syn = segment(TcpFlags::SYN, 1000, 0);
        let mut flows = [TcpFlow::new(false), TcpFlow::new(false)];
        for tcp in &mut flows {
            follow(tcp, ORIG, 1, &syn);
        }
        let [awake, rested] = &mut flows;
        assert!(rested.note_syn(&syn, PacketStamp { number: 1, ts: None }, Some(7), setting(), Verified::No));
        rested.sleep();
        assert!(rested.memory.is_none());
        assert_eq!((rested.conn_state(), rested.completeness()), (awake.conn_state(), awake.completeness()));
        assert_eq!(rested.conn_state(), ConnState::S0);
        rested.wake();
        let rest = [(RESP, TcpFlags::SYN | TcpFlags::ACK, 5000, 1001), (ORIG, TcpFlags::ACK, 1001, 5001)];
        for (number, (by, flags, seq, ack)) in (2..).zip(rest) {
            let segment = segment(flags, seq, ack);
            assert_eq!(follow(awake, by, number, &segment), follow(rested, by, number, &segment));
        }
        assert_eq!(format!("{awake:?}"), format!("{rested:?}"));
    }

    #[test]
    fn only_a_bare_syn_rests() {
        for flags in [TcpFlags::ACK, TcpFlags::SYN | TcpFlags::ACK, TcpFlags::SYN | TcpFlags::RST] {
            let segment = segment(flags, 1000, 0);
            let mut tcp = TcpFlow::new(false);
            follow(&mut tcp, ORIG, 1, &segment);
            assert!(!tcp.note_syn(
                &segment,
                PacketStamp { number: 1, ts: None },
                None,
                setting(),
                Verified::No
            ));
            tcp.sleep();
            assert!(tcp.memory.is_some() && tcp.only_syn.is_none());
        }
    }

    #[test]
    fn a_flow_that_is_a_syn_takes_what_its_limit_says() {
        let bytes = size_of::<Flow>() + size_of::<TcpFlow>() + size_of::<OnlySyn>();
        assert!(bytes <= 1_700, "{bytes}");
        assert!(bytes + size_of::<Memory>() <= 3_100, "{bytes}");
    }
}
