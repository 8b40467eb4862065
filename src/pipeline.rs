//! The one place where the stages meet: a captured packet goes in, its layers and what the flow table
//! says of it come out, and at the end the flows.

use crate::decode::{DecodedPacket, Decoder};
use crate::field::PacketContext;
use crate::flow::{
    DefragLimits, Defragmenter, EchoAnswer, EchoTable, Flow, FlowTable, PayloadWanted, Verdict,
};
use crate::report::{Beside, CaptureTotals, Checksums, Told};
use crate::source::{CapturedPacket, Interface, LinkType};
use crate::time::{TimeDelta, Timestamp};

/// Decodes, defragments and follows flows, packet by packet, in memory that grows with flows and not with packets.
#[derive(Debug)]
pub struct Pipeline {
    decoder: Decoder,
    defragmenter: Defragmenter,
    flows: FlowTable,
    echoes: EchoTable,
    totals: CaptureTotals,
    beside: Beside,
    /// Verified only for a story: it takes a look at every byte.
    checksums: Option<Checksums>,
    frame_times: FrameTimes,
    passed_over: u64,
}

/// One packet after every stage.
#[derive(Debug)]
pub struct Step<'a> {
    /// As captured.
    pub packet: CapturedPacket<'a>,
    /// Its layers.
    pub decoded: DecodedPacket<'a>,
    /// What the flow table says, one entry for each of `decoded.transports()`.
    pub verdicts: &'a [Verdict],
    /// The request that this packet answers, if it is an ICMP echo's answer.
    pub echo: Option<EchoAnswer>,
    /// Time of the first packet that has one.
    pub first_ts: Option<Timestamp>,
    frame_times: FrameTimes,
}

/// Times that Wireshark's frame fields count from: a packet without a time (pcapng simple packet block) counts as
/// one of 1970 there.
#[derive(Clone, Copy, Debug, Default)]
struct FrameTimes {
    first: Option<Timestamp>,
    previous: Option<Timestamp>,
}

impl FrameTimes {
    /// The times that `packet` is told against; then it is itself what the next one is told against.
    fn next(&mut self, packet: &CapturedPacket<'_>) -> Self {
        // A custom block keeps the time of the packet before it.
        let kept = self.previous.filter(|_| packet.link == LinkType::CUSTOM_BLOCK);
        let now = packet.ts.or(kept).unwrap_or_default();
        let first = self.first.or(Some(now));
        let previous = self.previous.replace(now);
        self.first = first;
        Self { first, previous }
    }
}

impl Step<'_> {
    /// Time since the first packet that has one.
    #[must_use]
    pub fn relative(&self) -> Option<TimeDelta> {
        Some(self.packet.ts? - self.first_ts?)
    }

    /// What the packet's fields need beyond its bytes.
    #[must_use]
    pub fn context<'s>(&'s self, interfaces: &'s [Interface]) -> PacketContext<'s> {
        let interface = usize::try_from(self.packet.interface).ok().and_then(|place| interfaces.get(place));
        PacketContext {
            first: self.frame_times.first,
            previous: self.frame_times.previous,
            verdicts: self.verdicts,
            echo: self.echo,
            interface,
            ..PacketContext::default()
        }
    }
}

impl Pipeline {
    /// A pipeline with nothing in it, that keeps as much payload as is wanted.
    #[must_use]
    pub fn new(payload: Option<PayloadWanted>) -> Self {
        Self {
            decoder: Decoder::new(),
            defragmenter: Defragmenter::new(),
            flows: payload.map_or_else(FlowTable::new, FlowTable::with_payload),
            echoes: EchoTable::new(),
            totals: CaptureTotals::default(),
            beside: Beside::default(),
            checksums: payload.is_some().then(Checksums::default),
            frame_times: FrameTimes::default(),
            passed_over: 0,
        }
    }

    /// Takes the next packet through every stage.
    pub fn step<'a>(&'a mut self, packet: &CapturedPacket<'a>) -> Step<'a> {
        self.totals.count(packet);
        let frame_times = self.frame_times.next(packet);
        let decoded = self.defragmenter.decode(&mut self.decoder, packet);
        self.beside.count(&decoded);
        let echo = self.echoes.observe(packet, &decoded);
        let verdicts = self.flows.observe(packet, &decoded);
        if let Some(checksums) = &mut self.checksums {
            checksums.count(packet, &decoded, verdicts);
        }
        Step { packet: *packet, decoded, verdicts, echo, first_ts: self.totals.first_ts, frame_times }
    }

    /// Counts a packet that a filter kept away from the stages.
    pub fn pass_over(&mut self) {
        self.passed_over += 1;
    }

    /// How many packets a filter kept away.
    #[must_use]
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// What is known so far of the capture as a whole.
    #[must_use]
    pub fn totals(&self) -> &CaptureTotals {
        &self.totals
    }

    /// The packets that are of no flow, and are not told of by the story of one.
    #[must_use]
    pub fn beside(&self) -> Beside {
        let mut beside = self.beside.clone();
        if let Some(checksums) = &self.checksums {
            beside.checksums = checksums.of_others().clone();
        }
        for flow in self.flows.flows().iter().filter(|flow| flow.icmp_error_count > 0) {
            beside.without_errors(flow.tuple.orig.addr.is_ipv6(), flow.icmp_error_count);
        }
        beside
    }

    /// The flows so far that `wanted` takes, with what is known of their checksums.
    pub fn told<'a>(&'a self, wanted: impl Fn(&Flow) -> bool) -> Vec<Told<'a>> {
        let checksums = |place| self.checksums.as_ref().and_then(|all| all.of_flow(place));
        let flows = self.flows.flows().iter().enumerate().filter(|(_, flow)| wanted(flow));
        flows.map(|(place, flow)| Told { flow, checksums: checksums(place) }).collect()
    }

    /// The flows so far.
    #[must_use]
    pub fn flows(&self) -> &FlowTable {
        &self.flows
    }

    /// Limits that putting fragments together has reached.
    #[must_use]
    pub fn fragment_limits(&self) -> DefragLimits {
        self.defragmenter.limits()
    }

    /// ICMP echo requests that were given up before their answer came.
    #[must_use]
    pub fn forgotten_echoes(&self) -> u64 {
        self.echoes.forgotten()
    }

    /// Ends the capture: what was held back waiting for more packets is told to the flows.
    pub fn finish(&mut self) {
        self.flows.finish();
    }
}
