//! A TCP connection on its way to an analyzer: segments put in order, side by side.

use super::talk::{Both, Place, Talk};
use super::{AnalyzerOptions, Ending, Protocol};
use crate::decode::{TcpSegment, TransportProtocol};
use crate::flow::{Direction, Reassembler, Segment, SeqNumber, StreamEvent, TcpVerdict};

/// A connection that carries payload.
#[derive(Debug)]
pub(super) struct Stream {
    order: Both<Option<Reassembler>>,
    talk: Talk,
    over: Both<bool>,
    /// What of its memory the sum over all flows has in it.
    counted: usize,
}

impl Stream {
    pub(super) fn new(ports: [u16; 2], options: AnalyzerOptions) -> Self {
        let talk = Talk::new(TransportProtocol::Tcp, ports, options);
        Self { order: Both::default(), talk, over: Both::default(), counted: 0 }
    }

    /// Something else has told what it carries.
    pub(super) fn speak(&mut self, protocol: Protocol) {
        self.talk.speak(protocol);
    }

    pub(super) fn protocol(&self) -> Option<Protocol> {
        self.talk.protocol()
    }

    /// Whether there is nothing more to find out: it ended, or nothing is recognised in it.
    pub(super) fn is_over(&self) -> bool {
        let gave_up = |side| self.talk.has_given_up(side);
        (self.over.orig && self.over.resp)
            || (gave_up(Direction::OrigToResp) && gave_up(Direction::RespToOrig))
    }

    /// Has `all`, the memory of all flows, count what this one takes now, and says it.
    pub(super) fn count_held(&mut self, all: &mut usize) -> usize {
        let now = self.held();
        let before = std::mem::replace(&mut self.counted, now);
        *all = all.saturating_sub(before).saturating_add(now);
        now
    }

    /// Has `all` count nothing of this flow.
    pub(super) fn discount_held(&mut self, all: &mut usize) {
        *all = all.saturating_sub(std::mem::take(&mut self.counted));
    }

    /// Memory of what waits, for the order or for more, in bytes.
    pub(super) fn held(&self) -> usize {
        let waiting = |order: &Option<Reassembler>| order.as_ref().map_or(0, Reassembler::held);
        let orders = waiting(&self.order.orig).saturating_add(waiting(&self.order.resp));
        self.talk.held().saturating_add(orders)
    }

    /// Takes a segment that is an acknowledgment and nothing else, where nothing waits for it, as few do; false where it
    /// is another one, and is still to be taken.
    pub(super) fn only_acknowledges(&mut self, from: Direction, tcp: &TcpSegment<'_>) -> bool {
        let carries = tcp.payload_len > 0 || tcp.flags.fin() || tcp.flags.rst();
        if carries || self.talk.has_given_up(from) {
            return false;
        }
        let order = self.order.of_mut(from.reversed()).as_mut().filter(|_| tcp.flags.ack());
        order.is_none_or(|order| order.acked_in_silence(SeqNumber(tcp.ack)))
    }

    /// Takes a segment sent by `from`, of which the flow table says `verdict`.
    pub(super) fn segment(
        &mut self,
        from: Direction,
        tcp: &TcpSegment<'_>,
        verdict: &TcpVerdict,
        out: &mut Place<'_>,
    ) {
        if tcp.flags.ack()
            && let Some(order) = self.order.of_mut(from.reversed())
        {
            let (talk, over) = (&mut self.talk, &mut self.over);
            order.acked(SeqNumber(tcp.ack), &mut |event| take(talk, over, from.reversed(), event, out));
        }
        // Then packets are missing from the capture, and what is missing before this one is not just late.
        let is_lossy = self.order.of(from.reversed()).as_ref().is_some_and(Reassembler::lacks_acknowledged);
        // Its numbers begin with a SYN, which one number may be, and another a FIN: nothing that it said was captured. That
        // may be so of a whole side, whose other side lacks nothing.
        let is_unheard = self.order.of(from.reversed()).is_none() && tcp.flags.ack() && verdict.ack > 2;
        let lacks_other = is_lossy || is_unheard && !self.talk.has_given_up(from.reversed());
        if self.talk.has_given_up(from) {
            *self.order.of_mut(from) = None;
            // Without order, but an end is an end: who keeps nothing of it need not keep the flow.
            *self.over.of_mut(from) |= tcp.flags.fin() || tcp.flags.rst();
            *self.over.of_mut(from.reversed()) |= tcp.flags.rst();
            return;
        }
        let carries = tcp.payload_len > 0 || tcp.flags.fin() || tcp.flags.rst();
        if !carries || verdict.keep_alive {
            return;
        }
        let order = self.order.of_mut(from).get_or_insert_with(|| {
            // A hole of one byte before anything was seen is the number that a keep-alive repeats.
            let missing = if verdict.missing_before == 1 { 0 } else { verdict.missing_before };
            let begins = SeqNumber(tcp.seq.wrapping_sub(missing));
            Reassembler::forgetful(begins.plus(u32::from(tcp.flags.syn())))
        });
        if lacks_other && tcp.payload_len > 0 {
            self.talk.lacks(from.reversed());
        }
        let (talk, over) = (&mut self.talk, &mut self.over);
        let segment = Segment::new(tcp, out.packet);
        order.segment(&segment, &mut |event| take(talk, over, from, event, out));
        if is_lossy {
            order.flush(&mut |event| take(talk, over, from, event, out));
        } else {
            order.give_up_acknowledged(&mut |event| take(talk, over, from, event, out));
        }
    }

    /// Nothing more is kept for it: what waits is told with the gaps before it.
    pub(super) fn give_up_waiting(&mut self, out: &mut Place<'_>) {
        for from in [Direction::OrigToResp, Direction::RespToOrig] {
            let (talk, over) = (&mut self.talk, &mut self.over);
            if let Some(order) = self.order.of_mut(from) {
                order.flush(&mut |event| take(talk, over, from, event, out));
            }
            self.talk.ends(from, Ending::TooLong, out.packet, out);
        }
        if self.talk.held() > 0 {
            self.talk.forget();
        }
    }

    /// The capture ends.
    pub(super) fn finish(&mut self, out: &mut Place<'_>) {
        for from in [Direction::OrigToResp, Direction::RespToOrig] {
            let (talk, over) = (&mut self.talk, &mut self.over);
            if let Some(order) = self.order.of_mut(from) {
                order.finish(&mut |event| take(talk, over, from, event, out));
            }
            if !self.over.of(from) {
                self.talk.ends(from, Ending::Capture, out.packet, out);
            }
        }
    }
}

fn take(
    talk: &mut Talk,
    over: &mut Both<bool>,
    from: Direction,
    event: StreamEvent<'_>,
    out: &mut Place<'_>,
) {
    match event {
        StreamEvent::Data { bytes, packet } => talk.data(from, bytes, packet, out),
        StreamEvent::Gap { len, snapped: false } => talk.ends(from, Ending::Gap(len), out.packet, out),
        StreamEvent::Gap { len, snapped: true } => talk.ends(from, Ending::Cut(len), out.packet, out),
        StreamEvent::End | StreamEvent::Reset if *over.of(from) => {}
        StreamEvent::End => {
            *over.of_mut(from) = true;
            talk.ends(from, Ending::Fin, out.packet, out);
        }
        // Neither side goes on after a reset.
        StreamEvent::Reset => {
            for side in [from, from.reversed()] {
                if !std::mem::replace(over.of_mut(side), true) {
                    talk.ends(side, Ending::Reset, out.packet, out);
                }
            }
        }
    }
}
