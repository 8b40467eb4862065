//! Echo requests and their answers (RFC 792, RFC 4443), by who asks whom, as `ping` counts them.

use std::collections::HashMap;
use std::net::IpAddr;

use super::Carrier;
use crate::decode::{DecodedPacket, Layer, LayerKind};
use crate::flow::{EchoAnswer, PacketStamp};
use crate::time::TimeDelta;

/// Most runs that are kept; requests of further ones are counted. A sweep of a whole /16 fits.
pub const MAX_RUNS: usize = 65_536;
/// Most requests told one by one of a run: as many as somebody reads.
pub const MAX_PROBES_TOLD: usize = 64;
/// Most of them over all runs: some megabytes.
pub const MAX_PROBES_KEPT: usize = 262_144;
/// Most hosts kept that answer requests to a group: those of a full /24.
pub const MAX_RESPONDERS: usize = 256;

/// Echo requests of one host to another, or to a group, with one identifier.
#[derive(Clone, Debug)]
pub struct EchoRun {
    /// Who asks.
    pub src: IpAddr,
    /// Who is asked.
    pub dst: IpAddr,
    /// The identifier in all its messages.
    pub identifier: u16,
    /// It is the address of many: multicast or broadcast.
    pub group: bool,
    /// Others than who was asked that answer, as members of a group do, and how often: at most [`MAX_RESPONDERS`] in the order
    /// of first answers.
    pub responders: Vec<(IpAddr, u64)>,
    /// Requests; one that was captured twice or sent again counts as often.
    pub sent: u64,
    /// How many of them were answered, with the same data or other data, as `ping` counts.
    pub received: u64,
    /// Answers that bring other data than their requests.
    pub other_data: u64,
    /// Answers to what was answered before.
    pub duplicates: u64,
    /// Answers whose request is not in the capture, or not selected.
    pub unasked: u64,
    /// ICMP errors that came instead.
    pub errors: u64,
    /// The first packet.
    pub first: PacketStamp,
    /// The last packet.
    pub last: PacketStamp,
    /// Quickest answer.
    pub min: Option<TimeDelta>,
    /// Slowest answer.
    pub max: Option<TimeDelta>,
    /// All answer times together, and how many there are.
    sum: (i128, i128),
    /// The first requests, at most [`MAX_PROBES_TOLD`].
    pub probes: Vec<Probe>,
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// Its packet.
    pub at: PacketStamp,
    /// Its sequence number.
    pub sequence: u16,
    /// The answer, of a group the first, and the time to it.
    pub answer: Option<(PacketStamp, Option<TimeDelta>)>,
    /// The answer brings other data.
    pub other_data: bool,
    /// The ICMP error that came instead.
    pub error: Option<EchoError>,
}

/// An ICMP error about an echo request.
#[derive(Clone, Copy, Debug)]
pub struct EchoError {
    /// Its packet.
    pub at: PacketStamp,
    /// Who sent it.
    pub from: IpAddr,
    /// Its type.
    pub icmp_type: u8,
    /// Its code.
    pub code: u8,
}

impl EchoRun {
    /// Requests without an answer.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.sent.saturating_sub(self.received)
    }

    fn timed(&mut self, time: Option<TimeDelta>) {
        let Some(time) = time else { return };
        self.min = Some(self.min.map_or(time, |min| min.min(time)));
        self.max = Some(self.max.map_or(time, |max| max.max(time)));
        self.sum = (self.sum.0.saturating_add(time.as_nanos()), self.sum.1.saturating_add(1));
    }

    /// The mean time to an answer.
    #[must_use]
    pub fn mean(&self) -> Option<TimeDelta> {
        let (sum, count) = self.sum;
        sum.checked_div(count).map(TimeDelta::from_nanos)
    }
}

type RunKey = (IpAddr, IpAddr, u16);

/// The last request of a run with a sequence number.
#[derive(Clone, Copy, Debug)]
struct Asked {
    at: PacketStamp,
    answered: bool,
}

/// Collects them.
#[derive(Debug, Default)]
pub(super) struct Echoes {
    runs: Vec<EchoRun>,
    by_key: HashMap<RunKey, usize>,
    /// Requests by the place of their run and their sequence number: at most [`MAX_PROBES_KEPT`].
    asked: HashMap<(usize, u16), Asked>,
    /// The last run of who asks, with its identifier: members of a group answer from addresses of their own.
    last_of: HashMap<(IpAddr, u16), usize>,
    /// Requests kept over all runs.
    kept: usize,
    left_out: u64,
}

/// The numbers in an echo message.
#[derive(Clone, Copy)]
struct Numbers {
    identifier: u16,
    sequence: u16,
}

impl Echoes {
    /// Takes an ICMP message; `echo` is the request that it answers.
    pub(super) fn take(
        &mut self,
        at: PacketStamp,
        decoded: &DecodedPacket<'_>,
        layer: &Layer,
        carrier: &Carrier,
        echo: Option<EchoAnswer>,
    ) {
        let Some(&[kind, code, _, _, i0, i1, s0, s1]) = decoded.header(layer).first_chunk::<8>() else {
            return;
        };
        let numbers =
            Numbers { identifier: u16::from_be_bytes([i0, i1]), sequence: u16::from_be_bytes([s0, s1]) };
        match (layer.kind == LayerKind::Icmpv6, kind) {
            (false, 8) | (true, 128) => {
                self.request(at, carrier, numbers, is_to_group(decoded, layer, carrier))
            }
            (false, 0) | (true, 129) => self.answer(at, carrier, numbers, echo),
            _ => self.error(decoded, EchoError { at, from: carrier.src, icmp_type: kind, code }),
        }
    }

    fn request(&mut self, at: PacketStamp, carrier: &Carrier, numbers: Numbers, group: bool) {
        let Numbers { identifier, sequence } = numbers;
        let has_room = self.kept < MAX_PROBES_KEPT;
        let Some(place) = self.run((carrier.src, carrier.dst, identifier), at) else { return };
        if self.asked.len() < MAX_PROBES_KEPT || self.asked.contains_key(&(place, sequence)) {
            self.asked.insert((place, sequence), Asked { at, answered: false });
        }
        // There are at most as many as runs.
        self.last_of.insert((carrier.src, identifier), place);
        let Some(run) = self.runs.get_mut(place) else { return };
        run.last = at;
        run.sent += 1;
        run.group |= group;
        if run.probes.len() < MAX_PROBES_TOLD && has_room {
            run.probes.push(Probe { at, sequence, answer: None, other_data: false, error: None });
            self.kept = self.kept.saturating_add(1);
        }
    }

    fn answer(&mut self, at: PacketStamp, carrier: &Carrier, numbers: Numbers, echo: Option<EchoAnswer>) {
        let Numbers { identifier, sequence } = numbers;
        let (asker, from) = (carrier.dst, carrier.src);
        let own = self.by_key.get(&(asker, from, identifier)).copied();
        let own = own.filter(|place| self.asked.contains_key(&(*place, sequence)));
        let other = self.last_of.get(&(asker, identifier)).copied();
        let other = other.filter(|place| self.asked.contains_key(&(*place, sequence)));
        let is_other = own.is_none() && other.is_some();
        let Some(place) = own.or(other).or_else(|| self.run((asker, from, identifier), at)) else { return };
        let Some(run) = self.runs.get_mut(place) else { return };
        run.last = at;
        if is_other {
            let has_room = run.responders.len() < MAX_RESPONDERS;
            match run.responders.iter_mut().find(|(host, _)| *host == from) {
                Some((_, answers)) => *answers += 1,
                None if has_room => run.responders.push((from, 1)),
                None => self.left_out += 1,
            }
        }
        let asked = self.asked.get_mut(&(place, sequence));
        let before = asked.as_ref().is_some_and(|asked| asked.answered);
        // Of several with one number the table knows which has this data.
        let request = echo.map(|echo| echo.request);
        let number = request.or(asked.as_ref().map(|asked| asked.at.number));
        let time = match (echo, &asked) {
            (Some(echo), _) => at.ts.map(|_| echo.time),
            (None, Some(asked)) => at.since(asked.at),
            (None, None) => None,
        };
        match (number, asked) {
            (Some(_), _) if run.sent == 0 => return run.unasked += 1,
            (None, _) => return run.unasked += 1,
            // Each member of a group may answer.
            (Some(_), Some(asked)) if !is_other || !before => asked.answered = true,
            _ => {}
        }
        if before && echo.is_none() {
            if is_other {
                run.timed(time);
            } else {
                run.duplicates += 1;
            }
            return;
        }
        let other_data = echo.is_none() && !is_other;
        run.received += 1;
        run.other_data += u64::from(other_data);
        run.timed(time);
        if let Some(probe) = run.probes.iter_mut().rfind(|probe| Some(probe.at.number) == number) {
            probe.answer = Some((at, time));
            probe.other_data = other_data;
        }
    }

    /// Notes an error with the request that it quotes.
    fn error(&mut self, decoded: &DecodedPacket<'_>, error: EchoError) {
        let is_icmp =
            |layer: &&Layer| layer.quoted && matches!(layer.kind, LayerKind::Icmp | LayerKind::Icmpv6);
        let Some(layer) = decoded.layers().iter().rev().find(is_icmp) else { return };
        let Some(carrier) = Carrier::of(decoded, layer) else { return };
        let Some(&[8 | 128, _, _, _, i0, i1, s0, s1]) = decoded.header(layer).first_chunk::<8>() else {
            return;
        };
        let key = (carrier.src, carrier.dst, u16::from_be_bytes([i0, i1]));
        let sequence = u16::from_be_bytes([s0, s1]);
        let Some(place) = self.by_key.get(&key).copied() else { return };
        let number = self.asked.get(&(place, sequence)).map(|asked| asked.at.number);
        let Some(run) = self.runs.get_mut(place) else { return };
        run.errors += 1;
        if let Some(probe) = run.probes.iter_mut().rfind(|probe| Some(probe.at.number) == number) {
            probe.error.get_or_insert(error);
        }
    }

    /// The place of a run.
    fn run(&mut self, key: RunKey, at: PacketStamp) -> Option<usize> {
        if let Some(place) = self.by_key.get(&key) {
            return Some(*place);
        }
        if self.runs.len() >= MAX_RUNS {
            self.left_out += 1;
            return None;
        }
        let place = self.runs.len();
        self.by_key.insert(key, place);
        let (src, dst, identifier) = key;
        self.runs.push(EchoRun {
            src,
            dst,
            identifier,
            group: false,
            responders: Vec::new(),
            sent: 0,
            received: 0,
            other_data: 0,
            duplicates: 0,
            unasked: 0,
            errors: 0,
            first: at,
            last: at,
            min: None,
            max: None,
            sum: (0, 0),
            probes: Vec::new(),
        });
        Some(place)
    }

    pub(super) fn finish(self) -> (Vec<EchoRun>, u64) {
        (self.runs, self.left_out)
    }
}

/// Whether a message goes to many: by its address, or, as that does not tell a network's broadcast address, by its frame.
fn is_to_group(decoded: &DecodedPacket<'_>, layer: &Layer, carrier: &Carrier) -> bool {
    let before = decoded.layers().iter().rev().skip_while(|other| !std::ptr::eq(*other, layer));
    let frame = before.into_iter().find(|other| other.kind == LayerKind::Ethernet);
    let by_frame = frame.and_then(|frame| decoded.header(frame).first()).is_some_and(|first| first & 1 != 0);
    by_frame || carrier.dst.is_multicast() || matches!(carrier.dst, IpAddr::V4(addr) if addr.is_broadcast())
}
