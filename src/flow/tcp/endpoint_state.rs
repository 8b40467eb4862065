//! The state of each end of a connection (RFC 9293 section 3.3.2), as far as its segments show it.
//!
//! What an end receives changes its state once it shows that it has received it, by acknowledging it; an acknowledgment,
//! and a reset, count as received.

use super::{SegmentKind, SeqNumber, Why};
use crate::decode::{TcpFlags, TcpSegment};
use crate::flow::{Direction, WindowScale};
use crate::source::PacketNumber;

/// Most changes listed of one end; more are not. A connection that begins and ends has at most six.
pub const MAX_STATE_CHANGES: usize = 8;

/// Most payload that comes with a SYN (TCP Fast Open, RFC 7413): what a RST that refuses it acknowledges ends within it.
const SYN_PAYLOAD: i32 = 65_536;

/// A state of RFC 9293 section 3.3.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EndpointState {
    /// Nothing shows it: the capture begins later, or the end sent nothing.
    #[default]
    Unknown,
    /// No connection.
    Closed,
    /// Waiting for a SYN.
    Listen,
    /// It sent a SYN.
    SynSent,
    /// It received a SYN and sent its own.
    SynReceived,
    /// Data may flow both ways.
    Established,
    /// It sent FIN first.
    FinWait1,
    /// Its FIN was acknowledged, and the other side may still send.
    FinWait2,
    /// It received a FIN and may still send.
    CloseWait,
    /// Both sent FIN at once, and its own is not acknowledged.
    Closing,
    /// It received a FIN, then sent its own.
    LastAck,
    /// It waits until nothing of the connection can be on its way (section 3.6.1).
    TimeWait,
}

impl EndpointState {
    /// As the RFC writes it; `unknown` where it is not known.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Closed => "CLOSED",
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
        }
    }
}

/// A change of state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateChange {
    /// The packet that caused it: what the end sent, or what it received and then acknowledged.
    pub packet: PacketNumber,
    /// The state from then on.
    pub state: EndpointState,
}

/// One end.
#[derive(Clone, Copy, Debug, Default)]
pub struct EndpointStates {
    states: [EndpointState; MAX_STATE_CHANGES],
    packets: [PacketNumber; MAX_STATE_CHANGES],
    listed: u8,
    left_out: u8,
    state: EndpointState,
    is_passive: bool,
    sent_data: bool,
    acked: Option<SeqNumber>,
    /// The packet that acknowledges as far as `acked`.
    acked_in: PacketNumber,
    /// The window field of its last acknowledgment that is no SYN, for those are not scaled.
    window: Option<u16>,
    syn: Option<Mark>,
    fin: Option<Mark>,
}

/// A SYN or FIN: the number behind it, and its packet.
#[derive(Clone, Copy, Debug)]
struct Mark {
    end: SeqNumber,
    /// What it acknowledges.
    ack: Option<SeqNumber>,
    packet: PacketNumber,
}

impl EndpointStates {
    /// The state after the last packet.
    #[must_use]
    pub fn state(&self) -> EndpointState {
        self.state
    }

    /// The state before the first change: LISTEN of who answered a SYN, CLOSED of who sent one, else unknown.
    #[must_use]
    pub fn initial(&self) -> EndpointState {
        match self.changes().next().map(|change| change.state) {
            Some(EndpointState::SynSent) => EndpointState::Closed,
            Some(EndpointState::SynReceived) => EndpointState::Listen,
            _ => EndpointState::Unknown,
        }
    }

    /// The changes in order, the first [`MAX_STATE_CHANGES`].
    pub fn changes(&self) -> impl Iterator<Item = StateChange> {
        let all = self.packets.iter().zip(&self.states).take(usize::from(self.listed));
        all.map(|(&packet, &state)| StateChange { packet, state })
    }

    /// How many changes are not listed; 255 stands for more, too.
    #[must_use]
    pub fn left_out(&self) -> u8 {
        self.left_out
    }

    fn enter(&mut self, state: EndpointState, packet: PacketNumber) {
        if self.state == state {
            return;
        }
        self.state = state;
        let place = usize::from(self.listed);
        match self.packets.get_mut(place).zip(self.states.get_mut(place)) {
            Some(slot) => {
                (*slot.0, *slot.1) = (packet, state);
                self.listed = self.listed.saturating_add(1);
            }
            None => self.left_out = self.left_out.saturating_add(1),
        }
    }

    /// Enters `state` in place of the last state.
    fn amend(&mut self, state: EndpointState, packet: PacketNumber) {
        self.state = state;
        if self.left_out > 0 {
            return;
        }
        let place = usize::from(self.listed.saturating_sub(1));
        if let Some(slot) = self.packets.get_mut(place).zip(self.states.get_mut(place)) {
            (*slot.0, *slot.1) = (packet, state);
        }
    }

    /// Begins anew.
    fn restart(&mut self) {
        *self = Self {
            states: self.states,
            packets: self.packets,
            listed: self.listed,
            left_out: self.left_out,
            ..Self::default()
        };
    }

    /// It acknowledges up to `ack`, in `packet`: what of `other` it has received by then.
    fn shows_received(&mut self, other: &Self, ack: SeqNumber, packet: PacketNumber) {
        use EndpointState as S;
        if let Some(syn) = other.syn.filter(|syn| !ack.is_before(syn.end)) {
            match self.state {
                // The SYN-ACK itself, where it acknowledges this end's SYN; else both opened at once.
                S::SynSent if other.acked_syn_of(self) => self.enter(S::Established, syn.packet),
                S::SynSent => self.enter(S::SynReceived, syn.packet),
                _ => {}
            }
        } else if self.state == S::SynSent && other.syn.is_none() {
            // The SYN-ACK is not in the capture, and this shows that there was one.
            self.enter(S::Established, packet);
        }
        if let Some(fin) = other.fin.filter(|fin| !ack.is_before(fin.end)) {
            self.receives_fin(fin.packet);
        }
    }

    /// It acknowledges up to `ack` in `packet`, and announces `window`, unless that is of a SYN.
    fn acknowledges(&mut self, ack: SeqNumber, packet: PacketNumber, window: Option<u16>) {
        if self.acked != Some(ack) {
            (self.acked, self.acked_in) = (Some(ack), packet);
        }
        self.window = window.or(self.window);
    }

    /// It had received the FIN `fin` before it sent what the capture shows before that FIN.
    fn had_received(&mut self, fin: Mark) {
        use EndpointState as S;
        match (self.state, self.fin) {
            (S::FinWait1, Some(own)) if own.ack.is_some_and(|ack| !ack.is_before(fin.end)) => {
                self.amend(S::CloseWait, fin.packet);
                self.enter(S::LastAck, own.packet);
            }
            _ => self.receives_fin(fin.packet),
        }
    }

    fn acked_syn_of(&self, other: &Self) -> bool {
        other.syn.is_some_and(|syn| self.acked.is_some_and(|acked| !acked.is_before(syn.end)))
    }

    fn receives_fin(&mut self, packet: PacketNumber) {
        use EndpointState as S;
        match self.state {
            S::Established | S::SynReceived => self.enter(S::CloseWait, packet),
            S::FinWait1 => self.enter(S::Closing, packet),
            S::FinWait2 => self.enter(S::TimeWait, packet),
            _ => {}
        }
    }

    /// Something up to `ack` of it was acknowledged in `packet`, by an end whose earlier FIN, if any, is `earlier_fin`.
    fn is_acknowledged(&mut self, ack: SeqNumber, packet: PacketNumber, earlier_fin: Option<Mark>) {
        use EndpointState as S;
        if self.state == S::SynReceived && self.syn.is_some_and(|syn| !ack.is_before(syn.end)) {
            self.enter(S::Established, packet);
        }
        if self.fin.is_none_or(|fin| ack.is_before(fin.end)) {
            return;
        }
        if self.state == S::FinWait1
            && let Some(fin) = earlier_fin
        {
            // Sent before, so received before.
            self.receives_fin(fin.packet);
        }
        match self.state {
            S::FinWait1 => self.enter(S::FinWait2, packet),
            S::Closing => self.enter(S::TimeWait, packet),
            S::LastAck => self.enter(S::Closed, packet),
            _ => {}
        }
    }
}

/// Both ends.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    pub(super) orig: EndpointStates,
    pub(super) resp: EndpointStates,
}

impl Ends {
    pub(super) fn swap_sides(&mut self) {
        std::mem::swap(&mut self.orig, &mut self.resp);
    }

    /// Whether a RST or FIN of `by` is outside of what the other end takes: below what it has acknowledged, or behind its
    /// window, which counts 2 to the power of `shift`. `sent` is the first number behind all that `by` sent so far.
    ///
    /// Without the handshake the window may be scaled as far as can be. Where the other end announced none but in a SYN,
    /// the segments between may not have been captured, as with a filter on flags, and nothing is behind it.
    pub(super) fn outside(
        &self,
        by: Direction,
        segment: &TcpSegment<'_>,
        shift: Option<u8>,
        sent: Option<SeqNumber>,
    ) -> Option<Why> {
        let (own, other) = match by {
            Direction::OrigToResp => (&self.orig, &self.resp),
            Direction::RespToOrig => (&self.resp, &self.orig),
        };
        let flags = segment.flags;
        let (seq, ack) = (SeqNumber(segment.seq), SeqNumber(segment.ack));
        if other.state == EndpointState::SynSent {
            let behind = other.syn.map(|syn| ack.distance_to(syn.end)).filter(|_| flags.rst() && flags.ack());
            return behind.filter(|behind| !(0..SYN_PAYLOAD).contains(behind)).map(|_| Why::AcksNothing);
        }
        let expected = other.acked?;
        let end = seq.plus(segment.payload_len).plus(u32::from(flags.fin()));
        // Some count the FIN of their own and some do not, and receivers take both.
        let end = end.plus(u32::from(own.fin.is_some()));
        if end.is_before(expected) {
            return Some(Why::Below(expected.since(end)));
        }
        let window = u32::from(other.window?);
        let sent = sent.unwrap_or(expected);
        let edge = expected.plus(window << shift.unwrap_or(WindowScale::MAX_SHIFT)).later(sent);
        if seq.is_after(edge) {
            return Some(Why::Beyond(seq.since(edge)));
        }
        (shift.is_none() && seq.is_after(expected.plus(window).later(sent))).then_some(Why::ScaleUnknown)
    }

    /// A FIN of `by` that was ignored at first turns out to be acknowledged.
    pub(super) fn late_fin(
        &mut self,
        by: Direction,
        end: SeqNumber,
        ack: Option<SeqNumber>,
        packet: PacketNumber,
    ) {
        let (own, other) = self.both(by);
        if own.fin.is_none() {
            close(own, other, Mark { end, ack, packet });
        }
    }

    /// The first segment of `by`, of this kind, was damaged.
    pub(super) fn disbelieve_first(&mut self, by: Direction, kind: SegmentKind) {
        let (own, other) = self.both(by);
        *own = EndpointStates::default();
        if matches!(kind, SegmentKind::Fin | SegmentKind::Reset) {
            *other = EndpointStates::default();
        }
    }

    /// The end that sends in `by`, and the other.
    fn both(&mut self, by: Direction) -> (&mut EndpointStates, &mut EndpointStates) {
        match by {
            Direction::OrigToResp => (&mut self.orig, &mut self.resp),
            Direction::RespToOrig => (&mut self.resp, &mut self.orig),
        }
    }

    /// Takes the next segment, sent by `by` in `packet`; whether the connection is over with it.
    pub(super) fn segment(&mut self, by: Direction, segment: &TcpSegment<'_>, packet: PacketNumber) -> bool {
        use EndpointState as S;
        let (own, other) = self.both(by);
        let (flags, seq, ack) = (segment.flags, SeqNumber(segment.seq), SeqNumber(segment.ack));
        let is_plain =
            !flags.syn() && !flags.fin() && !flags.rst() && own.fin.is_none() && other.fin.is_none();
        if is_plain && own.state == S::Established && other.state == S::Established {
            if flags.ack() {
                own.acknowledges(ack, packet, Some(segment.window));
            }
            return false;
        }
        if flags.rst() {
            return reset(own, other, packet);
        }
        if flags.syn() {
            let mark = Mark { end: seq.plus(segment.payload_len).plus(1), ack: None, packet };
            begin(own, other, flags, mark, seq);
        }
        let before = own.state;
        let earlier_fin = own.fin;
        own.sent_data |= segment.payload_len > 0;
        if flags.ack() {
            let acked = own.acked.map_or(ack, |acked| acked.later(ack));
            own.acknowledges(acked, packet, (!flags.syn()).then_some(segment.window));
            own.shows_received(other, ack, packet);
        }
        show_established(own, other, segment, packet);
        if flags.fin() && own.fin.is_none() {
            let end = seq.plus(segment.payload_len).plus(1);
            close(own, other, Mark { end, ack: flags.ack().then_some(ack), packet });
        }
        if flags.ack() {
            other.is_acknowledged(ack, packet, earlier_fin);
        }
        before != own.state && is_over(own.state) && is_over(other.state)
            || is_over(other.state) && is_over(own.state) && flags.fin()
            || own.state == S::TimeWait && other.state == S::Closed
    }
}

/// `own` sends its FIN.
fn close(own: &mut EndpointStates, other: &mut EndpointStates, fin: Mark) {
    use EndpointState as S;
    own.fin = Some(fin);
    match own.state {
        S::Established | S::SynReceived => own.enter(S::FinWait1, fin.packet),
        S::CloseWait => match other.fin.filter(|had| fin.ack.is_some_and(|ack| ack.is_before(had.end))) {
            // Its ACK of the other FIN was captured before its own FIN, which it sent first.
            Some(had) => {
                own.amend(S::FinWait1, fin.packet);
                own.enter(S::Closing, had.packet);
            }
            None => own.enter(S::LastAck, fin.packet),
        },
        // Mid-stream: the other side's data came after its own beginning and no FIN did.
        S::Unknown if other.sent_data && other.fin.is_none() => own.enter(S::FinWait1, fin.packet),
        _ => {}
    }
    if let Some(acked) = other.acked.filter(|acked| !acked.is_before(fin.end)) {
        // Captured after what acknowledges it.
        other.had_received(fin);
        own.is_acknowledged(acked, other.acked_in, None);
    }
}

fn is_over(state: EndpointState) -> bool {
    matches!(state, EndpointState::Closed | EndpointState::TimeWait)
}

/// A SYN or SYN-ACK from `own`.
fn begin(own: &mut EndpointStates, other: &mut EndpointStates, flags: TcpFlags, syn: Mark, seq: SeqNumber) {
    use EndpointState as S;
    let Mark { end, packet, .. } = syn;
    let is_repeat = own.syn.is_some_and(|syn| syn.end == end || syn.end == seq.plus(1));
    if is_repeat && !(own.state == S::SynSent && flags.ack()) {
        return;
    }
    if !is_repeat && own.syn.is_some() {
        // Another connection between the same ports.
        own.restart();
        if !flags.ack() {
            other.restart();
        }
    }
    own.syn.get_or_insert(syn);
    match own.state {
        S::Unknown | S::Closed | S::Listen | S::TimeWait if flags.ack() => {
            own.is_passive = true;
            own.enter(S::SynReceived, packet);
        }
        S::Unknown | S::Closed | S::Listen | S::TimeWait => own.enter(S::SynSent, packet),
        S::SynSent if flags.ack() => own.enter(S::SynReceived, packet),
        _ => {}
    }
}

/// What a segment without SYN shows of ends whose beginning is not in the capture: data from both, and no FIN between,
/// shows that neither is closing.
fn show_established(
    own: &mut EndpointStates,
    other: &mut EndpointStates,
    segment: &TcpSegment<'_>,
    packet: PacketNumber,
) {
    use EndpointState as S;
    if segment.flags.syn() {
        return;
    }
    if own.state == S::Established && other.state == S::Unknown && own.syn.is_some() && segment.flags.ack() {
        // Its SYN-ACK is not in the capture, and this completes the handshake.
        other.is_passive = true;
        other.enter(S::Established, packet);
    }
    if own.state == S::Unknown && segment.payload_len > 0 && own.fin.is_none() && other.sent_data {
        match other.fin {
            None => {
                own.enter(S::Established, packet);
                if other.state == S::Unknown {
                    other.enter(S::Established, packet);
                }
            }
            Some(fin) if own.acked.is_some_and(|acked| !acked.is_before(fin.end)) => {
                own.enter(S::CloseWait, fin.packet);
            }
            Some(_) => {}
        }
    }
}

/// A RST from `own`: it has no connection any more, nor has `other` once it takes it (RFC 9293 section 3.5.3).
fn reset(own: &mut EndpointStates, other: &mut EndpointStates, packet: PacketNumber) -> bool {
    use EndpointState as S;
    own.enter(S::Closed, packet);
    let returns = other.state == S::SynReceived && other.is_passive;
    other.enter(if returns { S::Listen } else { S::Closed }, packet);
    true
}
