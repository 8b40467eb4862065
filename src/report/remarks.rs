//! Segments that are more than simply the next one: what each is, and the packets that show it.

use super::gaps::{Gap, Gaps};
use crate::decode::{DecodedPacket, Endpoint, TcpFlags, Transport};
use crate::flow::{AnalysisFlags, Direction, Judgement, Kind, PacketStamp, TcpVerdict, Verdict};
use crate::source::{CapturedPacket, PacketNumber};

/// Most remarks kept of one topic, one side and one flow; more are only counted. The first show what it is, and a story
/// stays readable.
pub const MAX_REMARKS_OF_A_TOPIC: u8 = 3;

/// Most remarks kept of all flows together; more are only counted. They take some 60 MB.
pub const MAX_REMARKS: usize = 1 << 18;

/// What a segment shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It is not simply the next one.
    Judged(Judgement),
    /// It uses up the window of the other side.
    WindowFull,
    /// Its sender announces that it can take nothing more; the first such segment until [`Self::WindowOpened`].
    WindowClosed,
    /// Its sender can take bytes again.
    WindowOpened {
        /// The packet that closed the window.
        closed: PacketStamp,
        /// Bytes that it can take, scaled as far as the scale is known.
        window: u32,
    },
    /// It acknowledges bytes that are not in the capture.
    AcksUnseen,
}

/// [`Shown`] without the particulars: remarks of one topic are summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// [`Shown::Judged`].
    Judged(Kind),
    /// [`Shown::WindowFull`].
    WindowFull,
    /// [`Shown::WindowClosed`].
    WindowClosed,
    /// [`Shown::WindowOpened`].
    WindowOpened,
    /// [`Shown::AcksUnseen`].
    AcksUnseen,
}

impl Shown {
    /// What it is about.
    #[must_use]
    pub const fn topic(&self) -> Topic {
        match self {
            Self::Judged(judgement) => Topic::Judged(judgement.kind),
            Self::WindowFull => Topic::WindowFull,
            Self::WindowClosed => Topic::WindowClosed,
            Self::WindowOpened { .. } => Topic::WindowOpened,
            Self::AcksUnseen => Topic::AcksUnseen,
        }
    }
}

/// A segment, and what is to say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The packet.
    pub at: PacketStamp,
    /// Who sent it.
    pub by: Direction,
    /// What it shows.
    pub shown: Shown,
    /// Relative sequence number (Wireshark `tcp.seq`).
    pub seq: u32,
    /// Bytes of payload on the wire.
    pub len: u32,
    /// Its flags.
    pub flags: TcpFlags,
    /// What Wireshark's analysis makes of it.
    pub wireshark: AnalysisFlags,
}

/// Remarks of one topic and one side that are only counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct More {
    /// What they are about.
    pub topic: Topic,
    /// Who sent the segments.
    pub by: Direction,
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: PacketStamp,
    /// The last of them.
    pub last: PacketNumber,
    /// How many of the same are kept.
    pub kept: u8,
}

/// The remarks on one flow.
#[derive(Clone, Debug)]
pub struct FlowRemarks {
    kept: Vec<Remark>,
    tallies: Vec<More>,
    /// The packets that closed the windows of originator and responder, while they are closed.
    closed: [Option<PacketStamp>; 2],
    /// Who the originator is: that may turn out otherwise.
    orig: Endpoint,
    gaps: Gaps,
}

impl FlowRemarks {
    fn new(orig: Endpoint) -> Self {
        Self { kept: Vec::new(), tallies: Vec::new(), closed: [None; 2], orig, gaps: Gaps::default() }
    }

    /// The bytes that are not in the capture, in the order found, and how many gaps more there are.
    #[must_use]
    pub fn gaps(&self) -> (&[Gap], u64) {
        (self.gaps.list(), self.gaps.not_kept)
    }

    /// The remarks in the order of their packets: of each topic and side the first [`MAX_REMARKS_OF_A_TOPIC`].
    #[must_use]
    pub fn kept(&self) -> &[Remark] {
        &self.kept
    }

    /// Those that are only counted.
    pub fn more(&self) -> impl Iterator<Item = &More> {
        self.tallies.iter().filter(|more| more.count > 0)
    }

    /// Adds a remark, or counts it; whether it was kept.
    fn add(&mut self, remark: Remark, has_room: bool) -> bool {
        let (topic, by) = (remark.shown.topic(), remark.by);
        let place = self.tallies.iter().position(|more| more.topic == topic && more.by == by);
        if place.is_none() {
            self.tallies.push(More { topic, by, count: 0, first: remark.at, last: 0, kept: 0 });
        }
        let tally = match place {
            Some(place) => self.tallies.get_mut(place),
            None => self.tallies.last_mut(),
        };
        let Some(tally) = tally else { return false };
        if tally.count == 0 && tally.kept < MAX_REMARKS_OF_A_TOPIC && has_room {
            tally.kept = tally.kept.saturating_add(1);
            self.kept.push(remark);
            return true;
        }
        if tally.count == 0 {
            tally.first = remark.at;
        }
        tally.count = tally.count.saturating_add(1);
        tally.last = remark.at.number;
        false
    }

    /// The sides were taken for each other.
    fn swap_sides(&mut self, orig: Endpoint) {
        self.orig = orig;
        self.closed.swap(0, 1);
        self.gaps.swap_sides();
        let sides = self.kept.iter_mut().map(|remark| &mut remark.by);
        sides.chain(self.tallies.iter_mut().map(|more| &mut more.by)).for_each(|by| *by = by.reversed());
    }

    fn closed_mut(&mut self, by: Direction) -> &mut Option<PacketStamp> {
        let [orig, resp] = &mut self.closed;
        if by == Direction::OrigToResp { orig } else { resp }
    }

    fn is_closed(&self, by: Direction) -> bool {
        let [orig, resp] = &self.closed;
        if by == Direction::OrigToResp { orig.is_some() } else { resp.is_some() }
    }
}

/// The remarks on all flows.
#[derive(Debug, Default)]
pub struct Remarks {
    /// By the flow's place in the flow table.
    flows: Vec<Option<Box<FlowRemarks>>>,
    /// The last packet of each end of each flow, that of the lower address first.
    last: Vec<[PacketNumber; 2]>,
    kept: usize,
}

impl Remarks {
    /// The remarks on the flow at this place in the flow table; `None` where there are none.
    #[must_use]
    pub fn of_flow(&self, place: usize) -> Option<&FlowRemarks> {
        self.flows.get(place)?.as_deref()
    }

    /// Takes a packet, of which `verdicts` says one thing for each of its transports.
    pub fn take(&mut self, packet: &CapturedPacket<'_>, decoded: &DecodedPacket<'_>, verdicts: &[Verdict]) {
        for (transport, verdict) in decoded.transports().iter().zip(verdicts) {
            if let (Some(tcp), Some(place)) = (&verdict.tcp, verdict.flow) {
                self.take_segment(packet, decoded, transport, verdict, tcp, place);
            }
        }
    }

    /// Notes the packet; the packet of the same end before it.
    fn note_last(&mut self, place: usize, transport: &Transport, packet: PacketNumber) -> PacketNumber {
        if self.last.len() <= place {
            self.last.resize(place.saturating_add(1), [0; 2]);
        }
        let end = |end: &Endpoint| (end.addr, end.port);
        let Some([low, high]) = self.last.get_mut(place) else { return 0 };
        let slot = if end(&transport.src) <= end(&transport.dst) { low } else { high };
        std::mem::replace(slot, packet)
    }

    fn take_segment(
        &mut self,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        transport: &Transport,
        verdict: &Verdict,
        tcp: &TcpVerdict,
        place: usize,
    ) {
        let by = verdict.direction;
        let orig = if by == Direction::OrigToResp { transport.src } else { transport.dst };
        let before = self.note_last(place, transport, packet.number);
        let known = self.flows.get_mut(place).and_then(Option::as_deref_mut);
        let is_followed = known.is_some_and(|flow| {
            if flow.orig != orig {
                flow.swap_sides(orig);
            }
            flow.is_closed(by) || !flow.gaps.list().is_empty()
        });
        let found = tcp.analysis.flags;
        let is_plain = tcp.judgement.is_none()
            && !found.zero_window()
            && !found.window_full()
            && !found.ack_lost_segment()
            && tcp.missing_before == 0;
        if is_plain && !is_followed {
            return;
        }
        let segment = decoded.tcp_segment(transport).or_else(|| decoded.cut_tcp_segment(transport));
        let Some(segment) = segment else { return };
        if self.flows.len() <= place {
            self.flows.resize_with(place.saturating_add(1), || None);
        }
        let Some(slot) = self.flows.get_mut(place) else { return };
        let flow = slot.get_or_insert_with(|| Box::new(FlowRemarks::new(orig)));
        let at = PacketStamp { number: packet.number, ts: packet.ts };
        if tcp.missing_before > 0 {
            let start = tcp.seq.wrapping_sub(tcp.missing_before);
            let gap = Gap::new(at, before, by, start, tcp.seq);
            let kept = flow.gaps.add(gap, self.kept < MAX_REMARKS);
            self.kept = self.kept.saturating_add(usize::from(kept));
        } else if !segment.flags.rst() {
            flow.gaps.fill(by, tcp.seq, segment.payload_len);
        }
        if segment.flags.ack() && !segment.flags.rst() {
            flow.gaps.acknowledged(by.reversed(), tcp.ack, packet.number);
        }
        let says_window = !segment.flags.syn() && !segment.flags.rst();
        let closed = flow.closed_mut(by);
        let of_window = match *closed {
            None if found.zero_window() => {
                *closed = Some(at);
                Some(Shown::WindowClosed)
            }
            Some(since) if says_window && segment.window > 0 => {
                *closed = None;
                let window = verdict.window_scale.apply(segment.window);
                Some(Shown::WindowOpened { closed: since, window })
            }
            _ => None,
        };
        let is_full = found.window_full() && tcp.judgement.is_none();
        let shown = [
            tcp.judgement.map(Shown::Judged),
            is_full.then_some(Shown::WindowFull),
            of_window,
            found.ack_lost_segment().then_some(Shown::AcksUnseen),
        ];
        for shown in shown.into_iter().flatten() {
            let (seq, len, flags) = (tcp.seq, segment.payload_len, segment.flags);
            let remark = Remark { at, by, shown, seq, len, flags, wireshark: found };
            let kept = flow.add(remark, self.kept < MAX_REMARKS);
            self.kept = self.kept.saturating_add(usize::from(kept));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted_with_its_range() {
        let orig = Endpoint { addr: std::net::Ipv4Addr::LOCALHOST.into(), port: 1 };
        let mut flow = FlowRemarks::new(orig);
        let remark = |number, by| Remark {
            at: PacketStamp { number, ts: None },
            by,
            shown: Shown::WindowFull,
            seq: 1,
            len: 1,
            flags: TcpFlags(0),
            wireshark: AnalysisFlags::NONE,
        };
        for number in 1..=9 {
            assert_eq!(flow.add(remark(number, Direction::OrigToResp), true), number <= 3);
        }
        for number in 10..=12 {
            assert!(!flow.add(remark(number, Direction::RespToOrig), false));
        }
        // Room that is there again would break the order.
        assert!(!flow.add(remark(13, Direction::RespToOrig), true));
        let told = |more: &More| (more.by, more.count, more.first.number, more.last, more.kept);
        assert_eq!(
            flow.more().map(told).collect::<Vec<_>>(),
            [(Direction::OrigToResp, 6, 4, 9, 3), (Direction::RespToOrig, 4, 10, 13, 0)]
        );
        flow.swap_sides(Endpoint { port: 2, ..orig });
        assert!(flow.kept().iter().all(|remark| remark.by == Direction::RespToOrig));
        assert_eq!(flow.more().map(|more| more.count).collect::<Vec<_>>(), [6, 4]);
    }
}
