//! Zeek's words for how far a connection got: conn_state and history.

use std::fmt;

use crate::decode::TcpFlags;
use crate::flow::Direction;

/// Zeek's conn_state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConnState {
    /// Attempt seen, no reply.
    S0,
    /// Established, not closed.
    S1,
    /// Normal establishment and close; for UDP, both sides sent.
    SF,
    /// Attempt refused.
    Rej,
    /// Established, the originator closed, no reply to that from the responder.
    S2,
    /// Established, the responder closed, no reply to that from the originator.
    S3,
    /// Established, the originator reset it.
    Rsto,
    /// The responder reset it.
    Rstr,
    /// SYN then RST by the originator, no SYN-ACK seen.
    Rstos0,
    /// SYN-ACK then RST by the responder, the SYN never seen.
    Rstrh,
    /// SYN then FIN by the originator, no SYN-ACK seen.
    Sh,
    /// SYN-ACK then FIN by the responder, the SYN never seen; for UDP, only the responder sent.
    Shr,
    /// No SYN seen: mid-stream traffic.
    #[default]
    Oth,
}

impl ConnState {
    /// UDP: by who sent anything.
    #[must_use]
    pub const fn of_udp(orig_packets: u64, resp_packets: u64) -> Self {
        match (orig_packets > 0, resp_packets > 0) {
            (true, true) => Self::SF,
            (true, false) => Self::S0,
            (false, true) => Self::Shr,
            (false, false) => Self::Oth,
        }
    }

    /// Zeek's spelling: `S0`, `SF`, `REJ`, `RSTOS0` …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::S0 => "S0",
            Self::S1 => "S1",
            Self::SF => "SF",
            Self::Rej => "REJ",
            Self::S2 => "S2",
            Self::S3 => "S3",
            Self::Rsto => "RSTO",
            Self::Rstr => "RSTR",
            Self::Rstos0 => "RSTOS0",
            Self::Rstrh => "RSTRH",
            Self::Sh => "SH",
            Self::Shr => "SHR",
            Self::Oth => "OTH",
        }
    }
}

impl fmt::Display for ConnState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Most letters kept of a history. A normal connection has eight.
pub const MAX_HISTORY: usize = 31;

/// Zeek's history string, bounded: `ShADadFf`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct History {
    len: u8,
    letters: [u8; MAX_HISTORY],
}

impl History {
    /// The letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.letters.get(..usize::from(self.len)).and_then(|l| std::str::from_utf8(l).ok()).unwrap_or("")
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl History {
    /// Adds the lower-case `letter`, in upper case where the originator did it.
    pub(super) fn push(&mut self, by: Direction, letter: u8) {
        let letter = if by == Direction::OrigToResp { letter.to_ascii_uppercase() } else { letter };
        if let Some(slot) = self.letters.get_mut(usize::from(self.len)) {
            *slot = letter;
            self.len = self.len.saturating_add(1);
        }
    }

    /// The sides changed roles: what was written changes case, and `^` says so.
    pub(super) fn flip(&mut self) {
        for letter in &mut self.letters {
            *letter ^= if letter.is_ascii_alphabetic() { 0x20 } else { 0 };
        }
        self.push(Direction::RespToOrig, b'^');
    }

    /// SYN then RST by the originator with none of its own h, a, f, g, i, q between them (Zeek's RSTOS0).
    fn is_syn_then_reset(&self) -> bool {
        let letters = self.as_str().trim_start_matches('^');
        let Some(rest) = letters.strip_prefix('S') else { return false };
        rest.find(['H', 'A', 'F', 'G', 'I', 'Q', 'R'])
            .is_some_and(|at| rest.as_bytes().get(at) == Some(&b'R'))
    }
}

/// What was already written in the history of one side, so that each letter comes as often as Zeek's rules say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    /// A bit for every letter of which only the first, or the first of each sequence number, is written.
    once: u8,
    syn: u32,
    fin: u32,
    rst: u32,
    gaps: u32,
    repeats: u32,
    zero_windows: u32,
    checksums: u32,
}

/// Something that happens once, or more often, in a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// SYN, with or without ACK, at this sequence number.
    Syn { ack: bool, seq: u32 },
    /// FIN at this sequence number.
    Fin(u32),
    /// RST at this sequence number.
    Rst(u32),
    /// Flags that do not go together: SYN with FIN or RST.
    MultiFlag,
    /// FIN with RST.
    Inconsistent,
    /// An ACK without payload.
    Ack,
    /// Payload.
    Data,
    /// A gap in the capture.
    Gap,
    /// Payload seen before.
    Repeat,
    /// A closed window.
    ZeroWindow,
    /// A wrong checksum.
    Checksum,
}

impl Written {
    /// Writes `event` of side `by` into `history` where its rule says so.
    pub(super) fn note(&mut self, history: &mut History, by: Direction, event: Event) {
        let (write, letter) = match event {
            Event::Syn { ack, seq } => {
                let other = std::mem::replace(&mut self.syn, seq) != seq;
                (self.first(16) || other, if ack { b'h' } else { b's' })
            }
            Event::Fin(seq) => {
                let other = std::mem::replace(&mut self.fin, seq) != seq;
                (self.first(32) || other, b'f')
            }
            Event::Rst(seq) => {
                let other = std::mem::replace(&mut self.rst, seq) != seq;
                (self.first(64) || other, b'r')
            }
            Event::Ack => (self.first(1), b'a'),
            Event::Data => (self.first(2), b'd'),
            Event::Inconsistent => (self.first(4), b'i'),
            Event::MultiFlag => (self.first(8), b'q'),
            Event::Gap => (reaches_power_of_ten(&mut self.gaps), b'g'),
            Event::Repeat => (reaches_power_of_ten(&mut self.repeats), b't'),
            Event::ZeroWindow => (reaches_power_of_ten(&mut self.zero_windows), b'w'),
            Event::Checksum => (reaches_power_of_ten(&mut self.checksums), b'c'),
        };
        if write {
            history.push(by, letter);
        }
    }

    fn first(&mut self, bit: u8) -> bool {
        let first = self.once & bit == 0;
        self.once |= bit;
        first
    }
}

/// Counts one more; whether the count is now 1, 10, 100 …
fn reaches_power_of_ten(count: &mut u32) -> bool {
    *count = count.saturating_add(1);
    count.checked_ilog10().is_some_and(|digits| 10_u32.checked_pow(digits) == Some(*count))
}

/// One end of a connection, as far as the capture shows it (Zeek's endpoint states).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// It sent nothing.
    #[default]
    Inactive,
    SynSent,
    /// It sent SYN-ACK, and the SYN is not in the capture.
    SynAckSent,
    /// It sent something other than SYN first.
    Partial,
    Established,
    /// It sent FIN.
    Closed,
    /// It sent RST.
    Reset,
}

impl Endpoint {
    /// A segment with `flags` from this end.
    pub(super) fn sends(&mut self, peer: &mut Self, flags: TcpFlags) {
        if flags.rst() {
            // A RST after both FINs takes nothing from an orderly end.
            if *self != Self::Closed || *peer != Self::Closed {
                *self = Self::Reset;
            }
        } else if flags.syn() {
            match (*self, *peer) {
                (Self::Inactive | Self::SynSent, Self::SynSent) if flags.ack() => {
                    (*self, *peer) = (Self::Established, Self::Established);
                }
                (Self::Inactive, _) => *self = if flags.ack() { Self::SynAckSent } else { Self::SynSent },
                _ => {}
            }
        } else if flags.fin() {
            if *self != Self::Reset {
                *self = Self::Closed;
            }
        } else if *self == Self::Inactive {
            *self = Self::Partial;
        }
    }
}

/// Zeek's conn_state of a TCP connection, in Zeek's order of decision.
pub(super) fn conn_state(orig: Endpoint, resp: Endpoint, history: &History, any_data: bool) -> ConnState {
    use Endpoint::{Closed, Established, Inactive, Partial, Reset, SynAckSent, SynSent};
    match (orig, resp) {
        (SynSent | SynAckSent, Reset) => ConnState::Rej,
        (Reset, Reset) if !any_data => ConnState::Rej,
        (Inactive | Partial, Reset) => ConnState::Rstrh,
        (_, Reset) => ConnState::Rstr,
        (Reset, Inactive) if history.is_syn_then_reset() => ConnState::Rstos0,
        (Reset, Inactive) => ConnState::Oth,
        (Reset, _) => ConnState::Rsto,
        (Closed, Closed) => ConnState::SF,
        (Closed, Inactive) => ConnState::Sh,
        (Closed, _) => ConnState::S2,
        (Inactive, Closed) => ConnState::Shr,
        (_, Closed) => ConnState::S3,
        (SynSent, Inactive) => ConnState::S0,
        (Established, Established) => ConnState::S1,
        _ => ConnState::Oth,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_repeat_by_their_rules() {
        let (mut history, mut written) = (History::default(), Written::default());
        let mut note = |event| written.note(&mut history, Direction::RespToOrig, event);
        for _ in 0..100 {
            note(Event::Data);
            note(Event::Repeat);
        }
        note(Event::Fin(7));
        note(Event::Fin(7));
        note(Event::Fin(8));
        assert_eq!(history.as_str(), "dtttff");
    }

    #[test]
    fn history_is_bounded() {
        let (mut history, mut written) = (History::default(), Written::default());
        for seq in 0..1000 {
            written.note(&mut history, Direction::OrigToResp, Event::Rst(seq));
        }
        assert_eq!(history.as_str(), "R".repeat(MAX_HISTORY));
    }
}
