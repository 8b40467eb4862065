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

/// Echo requests of one host to another, with one identifier.
#[derive(Clone, Debug)]
pub struct EchoRun {
    /// Who asks.
    pub src: IpAddr,
    /// Who is asked.
    pub dst: IpAddr,
    /// The identifier in all its messages.
    pub identifier: u16,
    /// Requests; one that was captured twice or sent again counts as often.
    pub sent: u64,
    /// How many of them were answered.
    pub received: u64,
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
    /// The answer, and the time to it.
    pub answer: Option<(PacketStamp, Option<TimeDelta>)>,
}

impl EchoRun {
    /// Requests without an answer.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.sent.saturating_sub(self.received)
    }

    /// The mean time to an answer.
    #[must_use]
    pub fn mean(&self) -> Option<TimeDelta> {
        let (sum, count) = self.sum;
        sum.checked_div(count).map(TimeDelta::from_nanos)
    }
}

type RunKey = (IpAddr, IpAddr, u16);

/// Collects them.
#[derive(Debug, Default)]
pub(super) struct Echoes {
    runs: Vec<EchoRun>,
    by_key: HashMap<RunKey, usize>,
    /// Requests kept over all runs.
    kept: usize,
    left_out: u64,
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
        let Some(&[kind, _, _, _, i0, i1, s0, s1]) = decoded.header(layer).first_chunk::<8>() else { return };
        let v6 = layer.kind == LayerKind::Icmpv6;
        let is_request = match (v6, kind) {
            (false, 8) | (true, 128) => true,
            (false, 0) | (true, 129) => false,
            _ => return self.error(decoded),
        };
        let identifier = u16::from_be_bytes([i0, i1]);
        let (src, dst) = if is_request { (carrier.src, carrier.dst) } else { (carrier.dst, carrier.src) };
        // Who answers a group, or for another address, is told with the request's own address where it is known.
        let has_room = self.kept < MAX_PROBES_KEPT;
        let Some(run) = self.run((src, dst, identifier), at) else { return };
        run.last = at;
        if is_request {
            run.sent += 1;
            if run.probes.len() < MAX_PROBES_TOLD && has_room {
                let sequence = u16::from_be_bytes([s0, s1]);
                run.probes.push(Probe { at, sequence, answer: None });
                self.kept = self.kept.saturating_add(1);
            }
            return;
        }
        match echo {
            Some(echo) if run.sent > 0 => {
                let time = at.ts.map(|_| echo.time);
                run.received += 1;
                if let Some(time) = time {
                    run.min = Some(run.min.map_or(time, |min| min.min(time)));
                    run.max = Some(run.max.map_or(time, |max| max.max(time)));
                    run.sum = (run.sum.0.saturating_add(time.as_nanos()), run.sum.1.saturating_add(1));
                }
                let probe = run.probes.iter_mut().rfind(|probe| probe.at.number == echo.request);
                if let Some(probe) = probe {
                    probe.answer = Some((at, time));
                }
            }
            Some(_) => run.unasked += 1,
            None => {
                let sequence = u16::from_be_bytes([s0, s1]);
                let before =
                    run.probes.iter().any(|probe| probe.sequence == sequence && probe.answer.is_some());
                if before {
                    run.duplicates += 1;
                } else {
                    run.unasked += 1;
                }
            }
        }
    }

    /// Counts an error for the run whose request it quotes.
    fn error(&mut self, decoded: &DecodedPacket<'_>) {
        let is_icmp =
            |layer: &&Layer| layer.quoted && matches!(layer.kind, LayerKind::Icmp | LayerKind::Icmpv6);
        let Some(layer) = decoded.layers().iter().rev().find(is_icmp) else { return };
        let Some(carrier) = Carrier::of(decoded, layer) else { return };
        let Some(&[8 | 128, _, _, _, i0, i1, _, _]) = decoded.header(layer).first_chunk::<8>() else {
            return;
        };
        let key = (carrier.src, carrier.dst, u16::from_be_bytes([i0, i1]));
        if let Some(run) = self.by_key.get(&key).and_then(|place| self.runs.get_mut(*place)) {
            run.errors += 1;
        }
    }

    fn run(&mut self, key: RunKey, at: PacketStamp) -> Option<&mut EchoRun> {
        let place = match self.by_key.get(&key) {
            Some(place) => *place,
            None if self.runs.len() >= MAX_RUNS => {
                self.left_out += 1;
                return None;
            }
            None => {
                let place = self.runs.len();
                self.by_key.insert(key, place);
                let (src, dst, identifier) = key;
                self.runs.push(EchoRun {
                    src,
                    dst,
                    identifier,
                    sent: 0,
                    received: 0,
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
                place
            }
        };
        self.runs.get_mut(place)
    }

    pub(super) fn finish(self) -> (Vec<EchoRun>, u64) {
        (self.runs, self.left_out)
    }
}
