//! All flows of a capture on their way to analyzers: which flow speaks what, and which messages end in a packet.

use super::ftp::ExpectedFlows;
use super::lab::Ear;
use super::stream::Stream;
use super::talk::{JOINED, MAX_TRIES, Place, Speaks, Talk};
use super::{Analyzer, AnalyzerOptions, Message, Messages, Note, Protocol};
use crate::decode::{Behind, ByteRange, DecodeAs, DecodedPacket, Transport, TransportProtocol};
use crate::flow::{Direction, PacketStamp, Verdict};
use crate::source::CapturedPacket;

/// Most bytes kept over all flows for unfinished messages: what a laptop has to spare. Beyond it the flow that wants
/// more is told without.
pub const MAX_HELD_BYTES: usize = 256 << 20;

/// Limits that were reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnalyzerLimits {
    /// Times that unfinished messages were given up because [`MAX_HELD_BYTES`] was reached.
    pub given_up: u64,
    /// Messages that were not told, because more ended in one packet than [`super::Messages`] holds.
    pub untold: u64,
    /// Requests of HTTP that are not paired with their response, because too many waited.
    pub not_paired: u64,
    /// Bodies of HTTP that were asked for and not unpacked, because too much was unpacked before.
    pub left_packed: u64,
}

/// What the flows of a capture say, message by message.
#[derive(Debug, Default)]
pub struct Analyzers {
    options: AnalyzerOptions,
    /// What people say is behind a port, whatever the bytes look like.
    rules: DecodeAs,
    /// By the place of the flow in the flow table.
    flows: Vec<Slot>,
    messages: Messages,
    held: usize,
    limits: AnalyzerLimits,
    /// Data connections that FTP has announced.
    expected: ExpectedFlows,
}

/// A flow.
#[derive(Debug, Default)]
enum Slot {
    #[default]
    Unknown,
    /// Nothing was recognised in so many datagrams; what goes on listening.
    Tried(u8, Ear),
    Stream(Box<Stream>),
    /// Between datagrams nothing waits.
    Datagrams(Protocol, Box<dyn Analyzer>),
    /// Datagrams that carry another protocol, of which something may wait.
    Carrier(Box<Speaks>),
    /// Nobody looks at it any more; what it spoke.
    Done(Option<Protocol>),
}

impl Analyzers {
    /// Analyzers of a capture that has not begun.
    #[must_use]
    pub fn new(options: AnalyzerOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// The same with what people say is behind which port.
    #[must_use]
    pub fn with_rules(self, rules: DecodeAs) -> Self {
        Self { rules, ..self }
    }

    /// Takes the next packet, of whose transports the flow table says `verdicts`; the messages that end in it.
    pub fn observe(
        &mut self,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        verdicts: &[Verdict],
    ) -> &Messages {
        self.messages.clear();
        let stamp = PacketStamp { number: packet.number, ts: packet.ts };
        for (place, (transport, verdict)) in decoded.transports().iter().zip(verdicts).enumerate() {
            match said(&self.rules, transport) {
                Said::Unsaid => {}
                Said::Speaks(protocol) => self.messages.said.push((place, Some(protocol))),
                Said::Nothing => self.messages.said.push((place, None)),
            }
            match transport.protocol {
                TransportProtocol::Tcp => self.tcp(stamp, decoded, place, transport, verdict),
                TransportProtocol::Udp => self.udp(stamp, decoded, place, transport, verdict),
            }
            // Wireshark knows no labs: to it, and under its names, what they say is data.
            let spoken = verdict.flow.and_then(|flow| self.protocol_of(flow));
            let spoken = spoken.filter(|protocol| !matches!(protocol, Protocol::Lab(_)));
            if spoken.is_some() {
                self.messages.spoken.resize(place, None);
                self.messages.spoken.push(spoken);
            }
        }
        self.limits.untold = self.limits.untold.saturating_add(self.messages.untold);
        let not_paired = |message: &&Message| matches!(&message.note, Note::Http(note) if note.not_paired);
        let count = self.messages.messages.iter().filter(not_paired).count();
        self.limits.not_paired =
            self.limits.not_paired.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        &self.messages
    }

    /// What the flow at `place` of the flow table speaks, as far as that was recognised.
    #[must_use]
    pub fn protocol_of(&self, place: usize) -> Option<Protocol> {
        match self.flows.get(place)? {
            Slot::Unknown | Slot::Tried(..) => None,
            Slot::Stream(stream) => stream.protocol(),
            Slot::Datagrams(protocol, _) => Some(*protocol),
            Slot::Carrier(speaks) => Some(speaks.protocol),
            Slot::Done(protocol) => *protocol,
        }
    }

    /// The messages of the packet before.
    #[must_use]
    pub fn messages(&self) -> &Messages {
        &self.messages
    }

    /// Limits that were reached.
    #[must_use]
    pub fn limits(&self) -> AnalyzerLimits {
        AnalyzerLimits { left_packed: self.messages.unpacking.refused(), ..self.limits }
    }

    /// Ends the capture: messages that are not whole are told to `each`, flow by flow.
    pub fn finish(&mut self, each: &mut dyn FnMut(&Messages)) {
        for (flow, slot) in self.flows.iter_mut().enumerate() {
            let protocol = match slot {
                Slot::Stream(stream) => {
                    self.messages.clear();
                    let mut out = Place {
                        messages: &mut self.messages,
                        packet: PacketStamp::default(),
                        payload: &[],
                        range: ByteRange::default(),
                        transport: 0,
                        flow: Some(flow),
                        buffers: 0,
                        title: JOINED,
                    };
                    stream.finish(&mut out);
                    if !self.messages.messages.is_empty() {
                        each(&self.messages);
                    }
                    stream.protocol()
                }
                Slot::Datagrams(protocol, _) => Some(*protocol),
                Slot::Carrier(speaks) => Some(speaks.protocol),
                Slot::Done(_) | Slot::Unknown | Slot::Tried(..) => continue,
            };
            *slot = Slot::Done(protocol);
        }
        self.messages.clear();
    }

    fn tcp(
        &mut self,
        packet: PacketStamp,
        decoded: &DecodedPacket<'_>,
        place: usize,
        transport: &Transport,
        verdict: &Verdict,
    ) {
        let (Some(flow), Some(of_tcp)) = (verdict.flow, &verdict.tcp) else { return };
        let Some(slot) = slot(&mut self.flows, flow) else { return };
        if matches!(slot, Slot::Done(_)) {
            return;
        }
        let Some(tcp) = decoded.tcp_segment(transport) else { return };
        if matches!(slot, Slot::Unknown) {
            if tcp.payload_len == 0 {
                return;
            }
            let said = said(&self.rules, transport);
            if said == Said::Nothing {
                *slot = Slot::Done(None);
                return;
            }
            let mut stream = Stream::new(ports(transport, verdict.direction), self.options);
            if let Said::Speaks(protocol) = said {
                stream.speak(protocol);
            } else if self.expected.find([transport.dst, transport.src]).is_some() {
                stream.speak(Protocol::FtpData);
            }
            *slot = Slot::Stream(Box::new(stream));
        }
        let Slot::Stream(stream) = slot else { return };
        if self.held <= MAX_HELD_BYTES && stream.only_acknowledges(verdict.direction, &tcp) {
            return;
        }
        let told = self.messages.messages.len();
        let mut out = place_of(&mut self.messages, packet, decoded, place, transport, flow);
        stream.segment(verdict.direction, &tcp, of_tcp, &mut out);
        let held = stream.count_held(&mut self.held);
        if self.held > MAX_HELD_BYTES && held > 0 {
            stream.give_up_waiting(&mut out);
            stream.count_held(&mut self.held);
            self.limits.given_up = self.limits.given_up.saturating_add(1);
        }
        if stream.is_over() {
            stream.discount_held(&mut self.held);
            *slot = Slot::Done(stream.protocol());
        }
        self.tie(told, decoded, transport);
    }

    /// Ties FTP's data connections to its control connections, by the messages from number `told` on.
    fn tie(&mut self, told: usize, decoded: &DecodedPacket<'_>, transport: &Transport) {
        for message in self.messages.messages.iter_mut().skip(told) {
            match &mut message.note {
                Note::FtpData(note) => {
                    if let Some(expected) = self.expected.find([transport.dst, transport.src]) {
                        note.as_mut().clone_from(expected);
                    }
                }
                Note::Ftp(note) => {
                    let (Some(flow), packet) = (message.flow, message.last.number) else { continue };
                    if let Some(announced) = note.announces {
                        let sender = transport.src.addr;
                        self.expected.announce(flow, packet, sender, announced, &note.directory);
                    } else if !note.is_reply {
                        let bytes = message.range.of(decoded);
                        self.expected.command(flow, packet, bytes);
                    }
                }
                _ => {}
            }
        }
    }

    fn udp(
        &mut self,
        packet: PacketStamp,
        decoded: &DecodedPacket<'_>,
        place: usize,
        transport: &Transport,
        verdict: &Verdict,
    ) {
        let Some(layer) = decoded.layers().get(transport.layer) else { return };
        let payload = decoded.payload(layer);
        if payload.is_empty() {
            return;
        }
        let snapped = layer.claimed_end > layer.end;
        let ports = ports(transport, verdict.direction);
        let Some(flow) = verdict.flow else {
            // Quoted in an ICMP error: it belongs to no flow, and is told by itself.
            let mut talk = Talk::of_datagram(ports, self.options, None);
            let mut out = place_of(&mut self.messages, packet, decoded, place, transport, 0);
            out.flow = None;
            talk.datagram(verdict.direction, payload, snapped, &mut out);
            return;
        };
        let Some(slot) = slot(&mut self.flows, flow) else { return };
        let (speaks, tries, ear) = match std::mem::take(slot) {
            Slot::Unknown => match said(&self.rules, transport) {
                Said::Nothing => {
                    *slot = Slot::Done(None);
                    return;
                }
                Said::Speaks(protocol) => (Some(Speaks::new(protocol, self.options)), 0, Ear::default()),
                Said::Unsaid => (None, 0, Ear::default()),
            },
            Slot::Tried(tries, ear) => (None, tries, ear),
            Slot::Datagrams(protocol, analyzer) => {
                (Some(Speaks { protocol, analyzer, carried: None }), 0, Ear::default())
            }
            Slot::Carrier(speaks) => (Some(*speaks), 0, Ear::default()),
            other => {
                *slot = other;
                return;
            }
        };
        let mut talk = Talk::of_datagram(ports, self.options, speaks).listening(ear, tries);
        let before = talk.held();
        let mut out = place_of(&mut self.messages, packet, decoded, place, transport, flow);
        talk.datagram(verdict.direction, payload, snapped, &mut out);
        self.held = self.held.saturating_sub(before).saturating_add(talk.held());
        if self.held > MAX_HELD_BYTES && talk.held() > 0 {
            self.held = self.held.saturating_sub(talk.held());
            talk.forget();
            self.limits.given_up = self.limits.given_up.saturating_add(1);
        }
        *slot = match talk.into_speaks() {
            Ok(speaks) if speaks.carried.is_some() => Slot::Carrier(Box::new(speaks)),
            Ok(speaks) => Slot::Datagrams(speaks.protocol, speaks.analyzer),
            Err(ear) if tries + 1 < MAX_TRIES || ear.waits() => Slot::Tried((tries + 1).min(MAX_TRIES), ear),
            Err(ear) => {
                self.held = self.held.saturating_sub(ear.held());
                Slot::Done(None)
            }
        };
    }
}

/// What a rule says of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// None does: look at the bytes.
    Unsaid,
    /// This protocol.
    Speaks(Protocol),
    /// Nothing that is looked into.
    Nothing,
}

fn said(rules: &DecodeAs, transport: &Transport) -> Said {
    match rules.of(transport.protocol, transport.src.port, transport.dst.port) {
        Some(Behind::Messages(name)) => Protocol::of_rule(name).map_or(Said::Unsaid, Said::Speaks),
        Some(Behind::Data) => Said::Nothing,
        _ => Said::Unsaid,
    }
}

/// The flow's slot; the table grows by one at a time, as the flow table does.
fn slot(flows: &mut Vec<Slot>, flow: usize) -> Option<&mut Slot> {
    if flows.len() <= flow {
        flows.resize_with(flow.saturating_add(1), Slot::default);
    }
    flows.get_mut(flow)
}

/// Originator's and responder's port.
fn ports(transport: &Transport, direction: Direction) -> [u16; 2] {
    match direction {
        Direction::OrigToResp => [transport.src.port, transport.dst.port],
        Direction::RespToOrig => [transport.dst.port, transport.src.port],
    }
}

fn place_of<'a>(
    messages: &'a mut Messages,
    packet: PacketStamp,
    decoded: &DecodedPacket<'a>,
    place: usize,
    transport: &Transport,
    flow: usize,
) -> Place<'a> {
    let layer = decoded.layers().get(transport.layer);
    let payload = layer.map_or(&[][..], |layer| decoded.payload(layer));
    let range = layer.map_or_else(ByteRange::default, |layer| ByteRange {
        buffer: layer.buffer,
        start: layer.payload,
        end: layer.end,
    });
    let buffers = decoded.reassembled().len();
    Place { messages, packet, payload, range, transport: place, flow: Some(flow), buffers, title: JOINED }
}

#[cfg(test)]
#[path = "analyzers_tests.rs"]
mod tests;
