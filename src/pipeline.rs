//! The one place where the stages meet: a captured packet goes in, its layers and what the flow table
//! says of it come out, and at the end the flows.

use std::collections::HashMap;

use crate::decode::{DecodeAs, DecodedPacket, Decoder, TransportProtocol};
use crate::field::{PacketContext, Preferences};
use crate::flow::{
    DefragLimits, Defragmenter, EchoAnswer, EchoTable, Flow, FlowTable, Hindsight, LAB_PERHAPS, LAB_RIGHT,
    PayloadWanted, Verdict,
};
use crate::proto::dns::InWireshark;
use crate::proto::{AnalyzerLimits, AnalyzerOptions, Analyzers, Messages, Note, Protocol};
use crate::report::ftp::Transfers;
use crate::report::lab::Labs;
use crate::report::mail::{Session, Sessions};
use crate::report::{Beside, CaptureTotals, Checksums, ChecksumsOfPacket, Remarks, Told};
use crate::source::{CapturedPacket, Interface, LinkType, PacketNumber};
use crate::time::{TimeDelta, Timestamp};

/// What a pipeline is to do, beyond what it always does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineOptions {
    /// Payload to keep of each flow, for its story; checksums are then verified and remarks on segments collected, too.
    pub payload: Option<PayloadWanted>,
    /// Whether fragments of IPv4 are put together (Wireshark's preference `ip.defragment`).
    pub defragment: bool,
    /// What is behind which port, whatever its number usually means.
    pub decode_as: DecodeAs,
    /// How fields are told.
    pub preferences: Preferences,
    /// How application protocols are analysed; `None` where nobody asks.
    pub analyzers: Option<AnalyzerOptions>,
}

impl Default for PipelineOptions {
    /// No payload, and Wireshark's own settings.
    fn default() -> Self {
        Self {
            payload: None,
            defragment: true,
            decode_as: DecodeAs::default(),
            preferences: Preferences::default(),
            analyzers: Some(AnalyzerOptions::default()),
        }
    }
}

/// Decodes, defragments and follows flows, packet by packet, in memory that grows with flows and not with packets.
#[derive(Debug)]
pub struct Pipeline {
    decoder: Decoder,
    defragmenter: Defragmenter,
    flows: FlowTable,
    echoes: EchoTable,
    analyzers: Option<Analyzers>,
    no_messages: Messages,
    totals: CaptureTotals,
    beside: Beside,
    /// Verified only for a story: it takes a look at every byte.
    checksums: Option<Checksums>,
    /// Collected only for a story.
    remarks: Option<Remarks>,
    /// Likewise.
    labs: Option<Labs>,
    /// Likewise.
    transfers: Option<Transfers>,
    /// Likewise; taken when the capture ends.
    mail: Option<Sessions>,
    /// The sessions of mail by the places of their flows, once the capture has ended.
    mail_sessions: HashMap<usize, Session>,
    frame_times: FrameTimes,
    passed_over: u64,
    preferences: Preferences,
    /// What only the packets after one tell of it: collected in a first pass, lent in a second.
    hindsight: Option<Hindsight>,
    collects: bool,
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
    /// The application messages that end in this packet.
    pub messages: &'a Messages,
    /// Time of the first packet that has one.
    pub first_ts: Option<Timestamp>,
    preferences: Preferences,
    hindsight: Option<&'a Hindsight>,
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

    /// Time of the packet before; `None` for the first. A packet without a time counts as one of 1970.
    #[must_use]
    pub fn previous_ts(&self) -> Option<Timestamp> {
        self.frame_times.previous
    }

    /// What the packet's fields need beyond its bytes.
    #[must_use]
    #[inline]
    pub fn context<'s>(&'s self, interfaces: &'s [Interface]) -> PacketContext<'s> {
        let interface = usize::try_from(self.packet.interface).ok().and_then(|place| interfaces.get(place));
        PacketContext {
            first: self.frame_times.first,
            previous: self.frame_times.previous,
            verdicts: self.verdicts,
            echo: self.echo,
            messages: Some(self.messages),
            interface,
            preferences: self.preferences,
            hindsight: self.hindsight,
            ..PacketContext::default()
        }
    }
}

impl Pipeline {
    /// A pipeline with nothing in it, that keeps as much payload as is wanted.
    #[must_use]
    pub fn new(payload: Option<PayloadWanted>) -> Self {
        Self::with(PipelineOptions { payload, ..PipelineOptions::default() })
    }

    /// A pipeline with nothing in it, that does what `options` say.
    #[must_use]
    pub fn with(options: PipelineOptions) -> Self {
        let payload = options.payload;
        Self {
            analyzers: options.analyzers.map(|how| Analyzers::new(how).with_rules(options.decode_as.clone())),
            decoder: Decoder::with_rules(options.decode_as),
            defragmenter: if options.defragment { Defragmenter::new() } else { Defragmenter::of_ipv6_only() },
            flows: payload.map_or_else(FlowTable::new, FlowTable::with_payload),
            echoes: EchoTable::new(),
            no_messages: Messages::default(),
            totals: CaptureTotals::default(),
            beside: Beside::default(),
            checksums: payload.is_some().then(Checksums::default),
            remarks: payload.filter(|payload| !payload.whole).map(|_| Remarks::default()),
            labs: payload.filter(|payload| !payload.whole).map(|_| Labs::default()),
            transfers: payload.filter(|payload| !payload.whole).map(|_| Transfers::default()),
            mail: payload.filter(|payload| !payload.whole).map(|_| Sessions::new()),
            mail_sessions: HashMap::new(),
            frame_times: FrameTimes::default(),
            passed_over: 0,
            preferences: options.preferences,
            hindsight: None,
            collects: false,
        }
    }

    /// The same as a first pass over a capture: it also collects what [`Self::hindsight`] then tells.
    #[must_use]
    pub fn collecting(self) -> Self {
        Self { hindsight: Some(Hindsight::default()), collects: true, ..self }
    }

    /// The same as a second pass over the capture that `hindsight` was collected from.
    #[must_use]
    pub fn second_pass(self, hindsight: Hindsight) -> Self {
        Self { hindsight: Some(hindsight), collects: false, ..self }
    }

    /// What a first pass has collected.
    #[must_use]
    pub fn into_hindsight(self) -> Hindsight {
        self.hindsight.unwrap_or_default()
    }

    /// What was collected, or is lent.
    #[must_use]
    pub fn hindsight(&self) -> Option<&Hindsight> {
        self.hindsight.as_ref()
    }

    /// Takes the next packet through every stage.
    pub fn step<'a>(&'a mut self, packet: &CapturedPacket<'a>) -> Step<'a> {
        self.totals.count(packet);
        let frame_times = self.frame_times.next(packet);
        let decoded = self.defragmenter.decode(&mut self.decoder, packet);
        self.beside.count(&decoded);
        let echo = self.echoes.observe(packet, &decoded);
        let found = self.checksums.as_ref().map(|_| ChecksumsOfPacket::verify(&decoded)).unwrap_or_default();
        let verdicts = self.flows.observe_verified(packet, &decoded, found.tcp);
        if let Some(checksums) = &mut self.checksums {
            checksums.count(packet, found, verdicts);
        }
        if let Some(remarks) = &mut self.remarks {
            remarks.take(packet, &decoded, verdicts);
        }
        if self.collects
            && let Some(hindsight) = &mut self.hindsight
        {
            hindsight.collect(packet.number, &decoded, echo);
        }
        let messages = match &mut self.analyzers {
            Some(analyzers) => analyzers.observe(packet, &decoded, verdicts),
            None => &self.no_messages,
        };
        let decoded = decoded.with_joined(messages.joined());
        if let Some(labs) = &mut self.labs {
            labs.packet(&decoded, messages);
        }
        if let Some(transfers) = &mut self.transfers {
            transfers.packet(&decoded, messages);
        }
        if let Some(mail) = &mut self.mail {
            mail.packet(&decoded, messages, true, &mut |_| {});
        }
        if self.collects
            && let Some(hindsight) = &mut self.hindsight
        {
            look_back(hindsight, &decoded, messages, packet.number);
        }
        // In a first pass nothing is known yet.
        let hindsight = self.hindsight.as_ref().filter(|_| !self.collects);
        Step {
            packet: *packet,
            decoded,
            verdicts,
            echo,
            messages,
            first_ts: self.totals.first_ts,
            preferences: self.preferences,
            hindsight,
            frame_times,
        }
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

    /// The flows so far that `wanted` takes, with what is known of their checksums and segments.
    ///
    /// `wanted` is told each flow's place in [`FlowTable::flows`], too.
    pub fn told<'a>(&'a self, wanted: impl Fn(usize, &Flow) -> bool) -> Vec<Told<'a>> {
        let checksums = |place| self.checksums.as_ref().and_then(|all| all.of_flow(place));
        let flows = self.flows.flows().iter().enumerate().filter(|(place, flow)| wanted(*place, flow));
        let remarks = |place| self.remarks.as_ref().and_then(|all| all.of_flow(place));
        flows
            .map(|(place, flow)| Told {
                flow,
                checksums: checksums(place),
                remarks: remarks(place),
                spoken: self.analyzers.as_ref().and_then(|analyzers| analyzers.protocol_of(place)),
                lab: self.labs.as_ref().and_then(|labs| labs.of_flow(place)),
                mail: self.mail_sessions.get(&place),
                transfers: self.transfers.as_ref().map_or(&[], |transfers| transfers.of_control(place)),
                data_of: self.transfers.as_ref().and_then(|transfers| transfers.of_data(place)),
            })
            .collect()
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

    /// The labs so far; `None` where nobody asked for a story.
    #[must_use]
    pub fn labs(&self) -> Option<&Labs> {
        self.labs.as_ref()
    }

    /// What the flows say to each other; `None` where nobody asked.
    #[must_use]
    pub fn analyzers(&self) -> Option<&Analyzers> {
        self.analyzers.as_ref()
    }

    /// Limits that putting application messages together has reached.
    #[must_use]
    pub fn analyzer_limits(&self) -> AnalyzerLimits {
        self.analyzers.as_ref().map(Analyzers::limits).unwrap_or_default()
    }

    /// Ends the capture: what was held back waiting for more packets is told to the flows.
    pub fn finish(&mut self) {
        self.finish_with(&mut |_| {});
    }

    /// The same, and messages that are not whole are told to `each`; all their bytes are in [`Messages::joined`].
    pub fn finish_with(&mut self, each: &mut dyn FnMut(&Messages)) {
        self.flows.finish();
        let (labs, mail) = (&mut self.labs, &mut self.mail);
        if let Some(analyzers) = &mut self.analyzers {
            analyzers.finish(&mut |messages| {
                if let Some(labs) = labs {
                    labs.unfinished(messages);
                }
                if let Some(mail) = mail {
                    mail.unfinished(messages, &mut |_| {});
                }
                each(messages);
            });
        }
        if let Some(labs) = labs {
            labs.finish(&self.flows);
        }
        if let Some(transfers) = &mut self.transfers {
            transfers.finish(&self.flows);
        }
        if let Some(mail) = self.mail.take() {
            let sessions = mail.finish(&self.flows, |_, _| true).into_iter();
            self.mail_sessions = sessions.map(|session| (session.place, session)).collect();
        }
    }
}

/// Notes what the messages that end in packet `number` tell of earlier ones.
fn look_back(
    hindsight: &mut Hindsight,
    decoded: &DecodedPacket<'_>,
    messages: &Messages,
    number: PacketNumber,
) {
    for message in messages.all() {
        match (&message.note, message.flow) {
            (Note::Lab(note), _) => {
                // What may be a copy of an earlier answer is the answer only where no other comes.
                let id = if note.said.is_doubtful() { LAB_PERHAPS } else { 0 };
                if let Some(asked) = note.said.answers {
                    hindsight.answered(asked.number, id, number);
                    if note.said.fault.is_none() {
                        hindsight.answered(asked.number, LAB_RIGHT, number);
                    }
                }
            }
            (Note::Imap(note), _) => {
                if let Some(asked) = note.answers {
                    hindsight.answered(asked.number, 0, number);
                }
            }
            (Note::Dns(note), _) => {
                let transport = decoded.transports().get(message.transport);
                let over_tcp = transport.is_some_and(|to| to.protocol == TransportProtocol::Tcp);
                // On a stream its length stands before it.
                let id =
                    message.bytes(decoded).get(if over_tcp { 2 } else { 0 }..).and_then(<[u8]>::first_chunk);
                if let (InWireshark::ResponseTo(query), Some(id)) = (note.wireshark, id) {
                    hindsight.answered(query.number, u16::from_be_bytes(*id), number);
                }
            }
            (Note::Http(note), Some(place)) if message.protocol == Protocol::Http => {
                hindsight.exchange(place, note.exchange, note.is_response, number);
            }
            _ => {}
        }
    }
}
