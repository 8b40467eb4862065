//! `udp-ping` and `udp-throughput`, which say the same: pings that are acknowledged late, or not at all.
//!
//! Which ping an acknowledgement is for is certain where both are numbered, or where only one ping waits. Otherwise the
//! lab's own rule helps: its server waits half a second at most, so that an older ping was lost. Where several pings are left, it
//! cannot be told.

use std::collections::{BTreeMap, VecDeque};

use super::{Fault, Heard, Said, Says, Session};
use crate::flow::PacketStamp;
use crate::time::TimeDelta;

pub(super) const ACKNOWLEDGED: &str = "Packet Acknowledged";
pub(super) const CALIBRATED: &str = "Buffer Size Calibrated at Server.";
pub(super) const STOPPING: &str = "Stopping the Server.";
pub(super) const EXIT: &str = "exit";

/// Most pings that wait: the shortest interval a program manages for longer than an answer takes.
const MAX_PINGS: usize = 4096;

/// An answer that takes longer is to a later ping: twice what the lab's server waits.
const MAX_DELAY: TimeDelta = TimeDelta::from_nanos(1_000_000_000);

/// How it is known which ping an acknowledgement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// Both have the number.
    Number,
    /// No other ping waits.
    Only,
    /// Pings that wait longer than the lab's server takes are lost.
    Delay,
    /// It may be for any of so many pings; the packets of the first and the last.
    Ambiguous(u32, PacketStamp, PacketStamp),
    /// No ping waits.
    None,
}

#[derive(Clone, Copy, Debug)]
struct Ping {
    at: PacketStamp,
    number: Option<u64>,
}

/// A client's talk with the server.
#[derive(Debug, Default)]
pub(super) struct Pings {
    waiting: VecDeque<Ping>,
    /// Those that waited so long that an acknowledgement was taken for a later one: lost, or acknowledged late.
    passed_over: VecDeque<Ping>,
    /// How many were sent.
    sent: u64,
    /// Requests that are no pings, until they are answered.
    calibration: Option<PacketStamp>,
    exit: Option<PacketStamp>,
    /// More waited than are kept.
    is_lost: bool,
    /// What the last pings that bear numbers were acknowledged by.
    acknowledged: BTreeMap<u64, PacketStamp>,
    /// The last answers to requests that are no pings.
    calibrated: Option<PacketStamp>,
    stopping: Option<PacketStamp>,
}

/// The one number in a text, behind words: `Hello Server 7`, `ping #7`.
fn number_in(text: &str) -> Option<u64> {
    let mut numbers = text.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let number = numbers.next()?.parse().ok()?;
    numbers.next().is_none().then_some(number)
}

/// The size that a calibration sets: the number behind a `C`, whatever follows it; `Some(None)` is one that 64 bits do not hold.
pub(super) fn calibration(text: &str) -> Option<Option<u64>> {
    let rest = text.strip_prefix('C')?.trim_start();
    let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next()?;
    (!digits.is_empty()).then(|| digits.parse().ok())
}

/// Whether `text` is an acknowledgement: the number that it bears.
pub(super) fn acknowledgement(text: &str) -> Option<Option<u64>> {
    let rest = text.strip_prefix(ACKNOWLEDGED)?;
    if rest.trim().is_empty() {
        return Some(None);
    }
    // Something stands between the words and the number.
    let parted = rest.starts_with(|letter: char| !letter.is_alphanumeric());
    number_in(rest).filter(|_| parted).map(Some)
}

impl Session for Pings {
    fn hear(&mut self, heard: Heard<'_>) -> Said {
        let text = heard.str().unwrap_or("");
        if heard.by_client { self.asked(text, heard.at) } else { self.answered(text, heard.at) }
    }

    fn held(&self) -> usize {
        let both = self.waiting.capacity().saturating_add(self.passed_over.capacity());
        let acknowledged = self.acknowledged.len().saturating_mul(size_of::<(u64, PacketStamp)>());
        both.saturating_mul(size_of::<Ping>()).saturating_add(acknowledged)
    }
}

/// The answer to a request that is no ping, or the same again.
fn again(
    asked: &mut Option<PacketStamp>,
    answered: &mut Option<PacketStamp>,
    says: Says,
    at: PacketStamp,
) -> Said {
    let asked = asked.take();
    let before = answered.replace(at).filter(|_| asked.is_none());
    let fault = (asked.is_none() && before.is_none()).then_some(Fault::Unasked);
    Said { again: before, ..Said::new(false, says).answers(asked).fault(fault) }
}

impl Pings {
    fn asked(&mut self, text: &str, at: PacketStamp) -> Said {
        if let Some(size) = calibration(text) {
            self.calibration = Some(at);
            return Said::new(true, Says::Calibrate(size));
        }
        if text == EXIT {
            self.exit = Some(at);
            return Said::new(true, Says::Farewell);
        }
        let number = number_in(text);
        let before = self.sent;
        self.sent = self.sent.saturating_add(1);
        if self.waiting.len() >= MAX_PINGS {
            self.waiting.pop_front();
            self.is_lost = true;
        }
        self.waiting.push_back(Ping { at, number });
        Said::new(true, Says::Ping(number, before))
    }

    fn answered(&mut self, text: &str, at: PacketStamp) -> Said {
        match text {
            CALIBRATED => {
                return again(&mut self.calibration, &mut self.calibrated, Says::Calibrated, at);
            }
            STOPPING => {
                return again(&mut self.exit, &mut self.stopping, Says::Farewell, at);
            }
            _ => {}
        }
        let Some(number) = acknowledgement(text) else {
            return Said::new(false, Says::Other).fault(Some(Fault::Expected(ACKNOWLEDGED.into())));
        };
        let (ping, pairing) = self.take(number, at);
        if let (Pairing::None, Some(number)) = (pairing, number)
            && let Some(before) = self.acknowledged.get(&number)
        {
            return Said {
                again: Some(*before),
                ..Said::new(false, Says::Pong(Some(number), Pairing::None))
            };
        }
        if let (Some(number), Some(_)) = (number, ping) {
            while self.acknowledged.len() >= MAX_PINGS {
                self.acknowledged.pop_first();
            }
            self.acknowledged.insert(number, at);
        }
        let known = ping.filter(|_| !matches!(pairing, Pairing::Ambiguous(..)));
        let fault = (pairing == Pairing::None && !self.is_lost).then_some(Fault::Unasked);
        let number = number.or(known.and_then(|ping| ping.number));
        Said::new(false, Says::Pong(number, pairing)).answers(known.map(|ping| ping.at)).fault(fault)
    }

    /// Takes the ping that an acknowledgement is for.
    fn take(&mut self, number: Option<u64>, at: PacketStamp) -> (Option<Ping>, Pairing) {
        let (place, pairing) = self.pair(number, at);
        if pairing == Pairing::None {
            return self.late(number);
        }
        // By the lab's rule those before it are lost.
        let lost = if pairing == Pairing::Delay { place.unwrap_or(0) } else { 0 };
        let ping = place.and_then(|place| self.waiting.remove(place));
        self.passed_over.extend(self.waiting.drain(..lost.min(self.waiting.len())));
        while self.passed_over.len() > MAX_PINGS {
            self.passed_over.pop_front();
            self.is_lost = true;
        }
        (ping, pairing)
    }

    /// The same where nothing waits: it may be late.
    fn late(&mut self, number: Option<u64>) -> (Option<Ping>, Pairing) {
        let (place, pairing) = match (number, self.passed_over.len()) {
            (_, 0) => (None, Pairing::None),
            (Some(_), _) => {
                let found = self.passed_over.iter().position(|ping| ping.number == number);
                (found, if found.is_some() { Pairing::Number } else { Pairing::None })
            }
            (None, 1) => (Some(0), Pairing::Only),
            (None, _) => (Some(0), ambiguous(self.passed_over.iter())),
        };
        (place.and_then(|place| self.passed_over.remove(place)), pairing)
    }

    /// Which of the pings that wait an acknowledgement is for, and how that is known.
    fn pair(&self, number: Option<u64>, at: PacketStamp) -> (Option<usize>, Pairing) {
        if let Some(number) = number {
            let found = self.waiting.iter().position(|ping| ping.number == Some(number));
            return (found, if found.is_some() { Pairing::Number } else { Pairing::None });
        }
        let is_late = |ping: &Ping| at.since(ping.at).is_some_and(|since| since > MAX_DELAY);
        let late = self.waiting.iter().take_while(|ping| is_late(ping)).count();
        let left = self.waiting.len().saturating_sub(late);
        match (left, late) {
            (0, 0) => (None, Pairing::None),
            // Late by the lab's rule, and yet it is nothing else's.
            (0, 1) | (1, 0) => (Some(0), Pairing::Only),
            (0, _) => (Some(0), ambiguous(self.waiting.iter())),
            (1, _) => (Some(late), Pairing::Delay),
            // A server answers in the order of the pings; the oldest is taken, so that the count stays right.
            _ => (Some(late), ambiguous(self.waiting.iter().skip(late))),
        }
    }
}

fn ambiguous<'a>(candidates: impl Iterator<Item = &'a Ping> + Clone) -> Pairing {
    let count = u32::try_from(candidates.clone().count()).unwrap_or(u32::MAX);
    let first = candidates.clone().next().map(|ping| ping.at).unwrap_or_default();
    let last = candidates.last().map_or(first, |ping| ping.at);
    Pairing::Ambiguous(count, first, last)
}
