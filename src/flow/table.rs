//! The table of flows: packets in, one verdict for each transport header out.

use std::collections::VecDeque;

use super::conversations::{Conversations, Place, TcpStart};
use super::icmp::{WaitingErrors, quoting};
use super::payload::PayloadKeeper;
use super::tcp::{Arrival, Followed, Setting};
use super::udp;
use super::{
    Completeness, Direction, FiveTuple, Flow, FlowId, MAX_ICMP_ERRORS, OrigReason, PacketStamp,
    PayloadWanted, Side, TcpFlow, TcpVerdict, UdpFlow, Verdict, Verified,
};
use crate::decode::{DecodedPacket, Layer, LayerKind, TcpSegment, Transport, TransportProtocol};
use crate::source::CapturedPacket;

/// Most flows recorded of one capture; beyond it conversations are still numbered, but their packets belong to no flow
/// and are counted. A flow that is one SYN takes 1.7 KB, one with segments of both sides 3.1 KB and the segments that wait
/// for their acknowledgment; so a flood of SYNs takes 1.7 GB, and 130 bytes for each conversation.
pub const MAX_FLOWS: usize = 1_000_000;

/// Most flows that are one SYN and keep what it showed at hand all the same, 0.3 MB: nearly every SYN is answered before so
/// many others come. What it showed is worked out again of the others that are.
const MAX_FRESH: usize = 256;

/// Limits that were reached. All zero where the table says everything that the packets show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowLimits {
    /// Transport headers that belong to no flow because [`MAX_FLOWS`] or [`super::MAX_CONVERSATIONS`] was reached.
    pub packets_without_flow: u64,
    /// ICMP errors about conversations with no flow that were forgotten, because too many waited.
    pub icmp_errors_forgotten: u64,
    /// Flows whose payload was kept only in part, because of the cap of one flow.
    pub flows_cut: u64,
    /// Flows whose payload was kept only in part, because of the cap of all flows together.
    pub flows_cut_by_total: u64,
    /// Times a full reassembly buffer made a flow give up missing bytes that might still have come.
    pub gaps_forced: u64,
}

/// The flows of one capture.
#[derive(Debug, Default)]
pub struct FlowTable {
    conversations: Conversations,
    flows: Vec<Flow>,
    verdicts: Vec<Verdict>,
    waiting_errors: WaitingErrors,
    /// The latest flows that were one SYN when they were added.
    fresh: VecDeque<usize>,
    payload: Option<PayloadKeeper>,
    packets_without_flow: u64,
    /// Of the packet at hand.
    verified: Verified,
}

impl FlowTable {
    /// A table that keeps no payload but each side's [`super::Sample`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A table that also reassembles payload and keeps it in turns.
    #[must_use]
    pub fn with_payload(wanted: PayloadWanted) -> Self {
        Self { payload: Some(PayloadKeeper::new(wanted)), ..Self::default() }
    }

    /// The same as [`Self::observe`] where the checksum of the packet's TCP segment was verified.
    pub fn observe_verified(
        &mut self,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        verified: Verified,
    ) -> &[Verdict] {
        self.verified = verified;
        self.observe(packet, decoded);
        self.verified = Verified::No;
        &self.verdicts
    }

    /// Takes one packet, in capture order, and answers one verdict for each of `decoded.transports()`.
    pub fn observe(&mut self, packet: &CapturedPacket<'_>, decoded: &DecodedPacket<'_>) -> &[Verdict] {
        let mut verdicts = std::mem::take(&mut self.verdicts);
        let stamp = PacketStamp { number: packet.number, ts: packet.ts };
        // Verdicts are large, so each is filled in where it stays, in place of one of the packet before.
        verdicts.truncate(decoded.transports().len());
        for (place, transport) in decoded.transports().iter().enumerate() {
            let segment = decoded.tcp_segment(transport);
            let header =
                Header { transport, segment: segment.as_ref(), stamp, wire_len: packet.wire_len, decoded };
            if verdicts.len() <= place {
                verdicts.push(Verdict::unplaced());
            }
            let Some(verdict) = verdicts.get_mut(place) else { break };
            verdict.unplace();
            if decoded.is_numbered(transport) {
                self.numbered(&header, verdict);
            } else {
                verdict.tcp = None;
                self.too_short(&header);
            }
        }
        self.verdicts = verdicts;
        &self.verdicts
    }

    /// Ends the capture: what waited in reassembly is delivered, with its gaps. Call once, after the last packet.
    pub fn finish(&mut self) {
        if let Some(payload) = &mut self.payload {
            payload.finish(&mut self.flows);
        }
    }

    /// The flows, in the order of their first packets.
    #[must_use]
    pub fn flows(&self) -> &[Flow] {
        &self.flows
    }

    /// The flow with stream number `id`; `None` where there is no such conversation or it was only quoted.
    #[must_use]
    pub fn flow(&self, id: FlowId) -> Option<&Flow> {
        let renumbered = |flow: &Flow| flow.udp.as_ref().and_then(|udp| udp.renumbered);
        self.flows.iter().find(|flow| flow.id == id || renumbered(flow) == Some(id))
    }

    /// How many stream numbers of `protocol` were given, quoted conversations included.
    #[must_use]
    pub fn stream_count(&self, protocol: TransportProtocol) -> u32 {
        self.conversations.count(protocol)
    }

    /// Limits that were reached so far. Walks the flows where payload is kept.
    #[must_use]
    pub fn limits(&self) -> FlowLimits {
        let mut limits = FlowLimits {
            packets_without_flow: self.packets_without_flow,
            icmp_errors_forgotten: self.waiting_errors.forgotten(),
            ..FlowLimits::default()
        };
        if let Some(payload) = &self.payload {
            payload.add_limits(&self.flows, &mut limits);
        }
        limits
    }

    /// A header that takes or has a stream number; `verdict` has nothing in it yet but what TCP showed of a former one.
    fn numbered(&mut self, header: &Header<'_>, verdict: &mut Verdict) {
        let now = header.stamp.ts.unwrap_or_default();
        let place = self.conversations.place(header.transport, now, header.start());
        let Some(place) = place.filter(|place| self.place_verdict(place, verdict)) else {
            self.packets_without_flow = self.packets_without_flow.saturating_add(1);
            verdict.tcp = None;
            return;
        };
        verdict.number(place.relative, place.port_reused);
        if header.transport.quoted {
            self.note_error(Some(place.conversation), verdict, header);
            verdict.flow = None;
            return;
        }
        if verdict.flow.is_none() && !self.begin_flow(&place, header, verdict) {
            self.packets_without_flow = self.packets_without_flow.saturating_add(1);
            return;
        }
        if let Some(index) = verdict.flow {
            self.add_to_flow(index, place.conversation, header, verdict);
        }
    }

    /// A header with ports and little more. Quoted, it still names the flow that an ICMP error is about.
    fn too_short(&mut self, header: &Header<'_>) {
        if header.transport.quoted {
            let place = self.conversations.find(header.transport);
            let mut verdict = Verdict::unplaced();
            if let Some(place) = &place {
                self.place_verdict(place, &mut verdict);
            }
            self.note_error(place.map(|place| place.conversation), &verdict, header);
        }
    }

    /// Says in `verdict`, which has nothing in it yet, what the conversation at `place` tells; false where there is none.
    fn place_verdict(&mut self, place: &Place, verdict: &mut Verdict) -> bool {
        let Some(conversation) = self.conversations.get_mut(place.conversation) else { return false };
        let forward = place.from_low == conversation.low_is_orig;
        let flow = conversation.flow();
        let known = flow.and_then(|index| self.flows.get(index)).and_then(|flow| flow.tcp.as_ref());
        let completeness = match known {
            _ if place.port_reused => Completeness::SYN,
            Some(tcp) => tcp.completeness(),
            None => Completeness::default(),
        };
        verdict.id = Some(place.id);
        verdict.flow = flow;
        verdict.direction = if forward { Direction::OrigToResp } else { Direction::RespToOrig };
        verdict.elapsed = place.elapsed;
        verdict.window_scale = place.scale;
        verdict.completeness = completeness;
        true
    }

    /// Ties the ICMP error that quotes this header to its flow, or keeps it until there is one.
    fn note_error(&mut self, conversation: Option<usize>, verdict: &Verdict, header: &Header<'_>) {
        let (transport, stamp) = (header.transport, header.stamp);
        let Some(error) = quoting(header.decoded, transport, stamp, verdict.direction) else { return };
        match verdict.flow.and_then(|index| self.flows.get_mut(index)) {
            Some(flow) => flow.add_icmp_error(error),
            None => self.waiting_errors.push(conversation, transport.src, error),
        }
    }

    /// Adds a flow for a conversation that has none; false where no more are recorded.
    fn begin_flow(&mut self, place: &Place, header: &Header<'_>, verdict: &mut Verdict) -> bool {
        let index = self.flows.len();
        let Some(conversation) = self.conversations.get_mut(place.conversation) else { return false };
        if index >= MAX_FLOWS {
            return false;
        }
        let flags = header.segment.map(|segment| segment.flags).unwrap_or_default();
        let (orig_reason, sender_is_orig) = match (flags.syn(), flags.ack()) {
            (true, true) => (OrigReason::SynAck, false),
            (true, false) => (OrigReason::Syn, true),
            (false, _) => (OrigReason::FirstPacket, true),
        };
        conversation.low_is_orig = place.from_low == sender_is_orig;
        conversation.set_flow(index);
        verdict.direction = if sender_is_orig { Direction::OrigToResp } else { Direction::RespToOrig };
        verdict.flow = Some(index);
        verdict.starts_flow = true;
        let mut flow = header.new_flow(conversation.id(), orig_reason, sender_is_orig, place.port_reused);
        for error in self.waiting_errors.take(place.conversation, flow.tuple.orig) {
            flow.add_icmp_error(error);
        }
        if let Some(payload) = &mut self.payload {
            payload.begin(&mut flow);
        }
        self.flows.push(flow);
        true
    }

    fn add_to_flow(&mut self, index: usize, conversation: usize, header: &Header<'_>, verdict: &mut Verdict) {
        let Some(flow) = self.flows.get_mut(index) else { return };
        if let Some(tcp) = &mut flow.tcp {
            tcp.wake();
        }
        if let (Some(tcp), Some(segment)) = (&mut flow.tcp, header.segment)
            && tcp.shows_wrong_roles(verdict.direction, segment)
        {
            flow.swap_sides(segment);
            if let Some(payload) = &mut self.payload {
                payload.swap_sides(index, flow);
            }
            verdict.direction = verdict.direction.reversed();
            if let Some(conversation) = self.conversations.get_mut(conversation) {
                conversation.low_is_orig = !conversation.low_is_orig;
            }
        }
        let by = verdict.direction;
        if let Some(tcp) = &mut flow.tcp {
            header.analyse(tcp, verdict);
        }
        let mut is_fresh = false;
        let before = Some(flow.last).filter(|_| !verdict.starts_flow);
        if let (Some(tcp), Some(segment)) = (&mut flow.tcp, header.segment) {
            let mut followed = Followed::default();
            let arrival =
                Arrival { packet: header.stamp, before, ip_id: header.ip_id(), verified: self.verified };
            tcp.follow(by, segment, &arrival, &mut followed);
            let states = [Direction::OrigToResp, Direction::RespToOrig].map(|side| tcp.states(side).state());
            let begins_mid_stream = verdict.starts_flow && tcp.begins_mid_stream();
            if verdict.starts_flow
                && let Some(setting) = header.setting(verdict)
            {
                is_fresh = tcp.note_syn(segment, header.stamp, header.ip_id(), setting, self.verified);
            }
            let side = flow.side_mut(by);
            if followed.samples {
                side.sample.extend(segment.payload);
            }
            side.add_payload(u64::from(segment.payload_len));
            if let Some(verdict) = &mut verdict.tcp {
                verdict.follow(&followed);
                verdict.states = Some(states);
                verdict.begins_mid_stream = begins_mid_stream;
            }
            if let Some(payload) = &mut self.payload {
                payload.segment(index, flow, by, (segment, followed.payload), header.stamp);
            }
        } else if let Some(udp) = &mut flow.udp {
            udp.follow(by, header.stamp, before);
            udp.renumbered = verdict.id.filter(|id| *id != flow.id);
            let (bytes, len) = header.datagram();
            if udp::makes_second_conversation(header.transport, bytes)
                && let Some(conversation) = self.conversations.get_mut(conversation)
            {
                conversation.renumber();
            }
            let side = flow.side_mut(by);
            side.sample.extend(bytes);
            side.add_payload(len);
            if let Some(payload) = &mut self.payload {
                payload.datagram(flow, by, bytes, len, header.stamp);
            }
        }
        flow.side_mut(by).add_packet(header.wire_len);
        flow.last = header.stamp;
        if is_fresh {
            self.keep_fresh(index);
        }
    }

    /// Notes that the flow at `index` is one SYN; the one that is so longest may have to forget what it showed.
    fn keep_fresh(&mut self, index: usize) {
        self.fresh.push_back(index);
        if self.fresh.len() > MAX_FRESH
            && let Some(longest) = self.fresh.pop_front()
            && let Some(tcp) = self.flows.get_mut(longest).and_then(|flow| flow.tcp.as_mut())
        {
            tcp.sleep();
        }
    }
}

/// A transport header of a packet, with what the table needs of the packet.
struct Header<'a> {
    transport: &'a Transport,
    segment: Option<&'a TcpSegment<'a>>,
    stamp: PacketStamp,
    wire_len: u32,
    decoded: &'a DecodedPacket<'a>,
}

impl<'a> Header<'a> {
    /// The start of a TCP header, also where the rest is cut.
    fn start(&self) -> Option<TcpStart<'a>> {
        match self.segment {
            Some(segment) => Some(TcpStart::of_segment(segment)),
            None => TcpStart::of(self.decoded, self.transport),
        }
    }

    /// Has Wireshark's analysis judge the segment. It takes headers that the capture cuts too, and leaves fragments alone.
    fn analyse(&self, tcp: &mut TcpFlow, verdict: &mut Verdict) {
        let Some(setting) = self.setting(verdict) else { return };
        let Some(told) = &mut verdict.tcp else { return };
        let cut = match self.segment {
            Some(_) => None,
            None => self.decoded.cut_tcp_segment(self.transport),
        };
        let Some(segment) = self.segment.or(cut.as_ref()) else { return };
        tcp.analyse(verdict.direction, segment, self.stamp, setting, &mut told.analysis);
    }

    /// What the analysis is told of the segment; `None` where it is not asked.
    fn setting(&self, verdict: &Verdict) -> Option<Setting> {
        if self.is_fragment() {
            return None;
        }
        let port_reused = verdict.tcp.as_ref()?.port_reused;
        Some(Setting { scale: verdict.window_scale, port_reused })
    }

    /// Whether it was read from the first fragment of a datagram.
    fn is_fragment(&self) -> bool {
        let layer = self.decoded.layers().get(self.transport.layer);
        match (layer, self.ipv4()) {
            // Told at once of nearly every packet: IPv4 just before it, with nothing more to come.
            (Some(layer), Some((ip, [_, _, _, _, _, _, flags, ..])))
                if ip.buffer == layer.buffer && flags & 0x20 == 0 =>
            {
                false
            }
            (layer, _) => layer.is_some_and(|layer| self.decoded.is_first_fragment(layer)),
        }
    }

    /// The identification of the IPv4 header before it.
    fn ip_id(&self) -> Option<u16> {
        match self.ipv4()? {
            (_, [_, _, _, _, high, low, ..]) => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        }
    }

    /// The IPv4 header just before it.
    fn ipv4(&self) -> Option<(&'a Layer, &'a [u8])> {
        let layer = self.decoded.layers().get(self.transport.layer.checked_sub(1)?)?;
        (layer.kind == LayerKind::Ipv4).then(|| (layer, self.decoded.header(layer)))
    }

    /// Captured payload of a UDP datagram and its length on the wire.
    fn datagram(&self) -> (&[u8], u64) {
        let Some(layer) = self.decoded.layers().get(self.transport.layer) else { return (&[], 0) };
        (self.decoded.payload(layer), u64::from(layer.claimed_end.saturating_sub(layer.payload)))
    }

    fn new_flow(&self, id: FlowId, orig_reason: OrigReason, sender_is_orig: bool, port_reused: bool) -> Flow {
        let Transport { src, dst, protocol, .. } = *self.transport;
        let (orig, resp) = if sender_is_orig { (src, dst) } else { (dst, src) };
        let is_tcp = protocol == TransportProtocol::Tcp;
        Flow {
            id,
            tuple: FiveTuple { orig, resp, protocol },
            orig_reason,
            first: self.stamp,
            last: self.stamp,
            orig: Side::default(),
            resp: Side::default(),
            tcp: is_tcp.then(|| Box::new(TcpFlow::new(port_reused))),
            udp: (!is_tcp).then(|| Box::new(UdpFlow::default())),
            icmp_errors: Vec::new(),
            icmp_error_count: 0,
            conversation: None,
        }
    }
}

impl Flow {
    fn side_mut(&mut self, by: Direction) -> &mut Side {
        match by {
            Direction::OrigToResp => &mut self.orig,
            Direction::RespToOrig => &mut self.resp,
        }
    }

    fn add_icmp_error(&mut self, error: super::IcmpError) {
        self.icmp_error_count = self.icmp_error_count.saturating_add(1);
        if self.icmp_errors.len() < MAX_ICMP_ERRORS {
            self.icmp_errors.push(error);
        }
    }

    /// Exchanges originator and responder, because of `segment`, a SYN or SYN-ACK that shows who they are.
    fn swap_sides(&mut self, segment: &TcpSegment<'_>) {
        std::mem::swap(&mut self.tuple.orig, &mut self.tuple.resp);
        std::mem::swap(&mut self.orig, &mut self.resp);
        self.orig_reason = if segment.flags.ack() { OrigReason::SynAck } else { OrigReason::Syn };
        if let Some(tcp) = &mut self.tcp {
            tcp.swap_sides();
        }
        for error in &mut self.icmp_errors {
            error.about = error.about.reversed();
        }
    }
}

impl Side {
    fn add_packet(&mut self, wire_len: u32) {
        self.packets = self.packets.saturating_add(1);
        self.wire_bytes = self.wire_bytes.saturating_add(u64::from(wire_len));
    }

    fn add_payload(&mut self, len: u64) {
        self.payload_bytes = self.payload_bytes.saturating_add(len);
    }
}

impl Verdict {
    fn unplaced() -> Self {
        Self {
            id: None,
            flow: None,
            direction: Direction::OrigToResp,
            starts_flow: false,
            elapsed: super::Elapsed::default(),
            window_scale: super::WindowScale::Unknown,
            completeness: super::Completeness::default(),
            tcp: None,
        }
    }
}

impl Verdict {
    /// Empties it for another header; what TCP shows of that is still to be said, by [`Self::number`].
    fn unplace(&mut self) {
        let Self { id, flow, direction, starts_flow, elapsed, window_scale, completeness, tcp: _ } = self;
        (*id, *flow) = (None, None);
        *direction = Direction::OrigToResp;
        *starts_flow = false;
        *elapsed = super::Elapsed::default();
        *window_scale = super::WindowScale::Unknown;
        *completeness = super::Completeness::default();
    }

    /// Says which relative numbers the header has, where it has any, and nothing else of TCP yet.
    fn number(&mut self, relative: Option<(u32, u32)>, port_reused: bool) {
        match (&mut self.tcp, relative) {
            (Some(tcp), Some((seq, ack))) => tcp.renumber(seq, ack, port_reused),
            (tcp, relative) => {
                *tcp = relative.map(|(seq, ack)| TcpVerdict::numbered(seq, ack, port_reused));
            }
        }
    }
}

impl TcpVerdict {
    /// Makes it what [`Self::numbered`] gives, without moving it: that would cost more than all else that is done to it.
    fn renumber(&mut self, seq: u32, ack: u32, port_reused: bool) {
        let Self {
            seq: own_seq,
            ack: own_ack,
            step,
            handshake_retry,
            port_reused: own_port_reused,
            repeat,
            missing_before,
            keep_alive,
            refuses,
            after_close,
            analysis,
            judgement,
            tells_twice,
            begins_mid_stream,
            states,
        } = self;
        (*own_seq, *own_ack, *own_port_reused) = (seq, ack, port_reused);
        *step = None;
        *handshake_retry = false;
        *repeat = super::Repeat::New;
        *missing_before = 0;
        *keep_alive = false;
        *refuses = false;
        *after_close = false;
        *analysis = super::SegmentAnalysis::NONE;
        *judgement = None;
        *tells_twice = None;
        *begins_mid_stream = false;
        *states = None;
    }

    fn numbered(seq: u32, ack: u32, port_reused: bool) -> Self {
        Self {
            seq,
            ack,
            step: None,
            handshake_retry: false,
            port_reused,
            repeat: super::Repeat::New,
            missing_before: 0,
            keep_alive: false,
            refuses: false,
            after_close: false,
            analysis: super::SegmentAnalysis::NONE,
            judgement: None,
            tells_twice: None,
            begins_mid_stream: false,
            states: None,
        }
    }

    fn follow(&mut self, followed: &Followed) {
        self.step = followed.step;
        self.handshake_retry = followed.handshake_retry;
        self.repeat = followed.repeat;
        self.missing_before = followed.missing_before;
        self.keep_alive = followed.keep_alive;
        self.refuses = followed.refuses;
        self.after_close = followed.after_close;
        if followed.judgement.is_some() {
            self.judgement = followed.judgement;
        }
        self.tells_twice = followed.tells_twice;
    }
}
