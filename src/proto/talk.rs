//! One flow's bytes, on their way to its analyzer: kept until a message is whole, skipped where nobody wants them.

use super::analyzer::{AnalyzerOptions, begin};
use super::lab::{Ear, Ends};
use super::message::MAX_MESSAGES;
use super::probe::{self, Found};
use super::text::judge;
use super::{Analyzer, Ending, Input, Message, Messages, Note, Protocol, Step};
use crate::decode::{ByteRange, TransportProtocol};
use crate::flow::{Direction, PacketStamp};

/// Most bytes kept for one unfinished message: larger bodies than a lesson or a page has are cut.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// How many packets of a side are looked at for a protocol to be recognised: a capture may begin in the middle of a
/// message.
pub(super) const MAX_TRIES: u8 = 8;

/// Most changes of protocol within a flow: a tunnel, then encryption, then what is inside; more is an attack.
const MAX_SWITCHES: u8 = 8;

/// Steps without a byte taken, in a row, after which an analyzer is not asked again.
const MAX_IDLE_STEPS: u8 = 4;

/// A protocol, and what takes its messages apart.
#[derive(Debug)]
pub(super) struct Speaks {
    pub(super) protocol: Protocol,
    pub(super) analyzer: Box<dyn Analyzer>,
    /// The TLS that is carried in it.
    pub(super) carried: Option<Box<Talk>>,
}

/// What a flow speaks, and what it said that is not a whole message yet.
#[derive(Debug)]
pub(super) struct Talk {
    transport: TransportProtocol,
    ports: [u16; 2],
    options: AnalyzerOptions,
    speaks: Option<Speaks>,
    /// What it spoke before what it speaks now, to which it may return: FTP when its encryption ends (RFC 4217 section 6).
    before: Option<Protocol>,
    /// Listens for a lab while nothing else was recognised.
    ear: Ear,
    switches: u8,
    tries: Both<u8>,
    sides: Both<Pending>,
}

/// Bytes of one side that wait for more.
#[derive(Debug, Default)]
struct Pending {
    bytes: Vec<u8>,
    /// The packet that brought the first of them.
    first: PacketStamp,
    /// The packet that brought the last, or whatever came before.
    last: PacketStamp,
    /// How many packets brought them.
    packets: u32,
    /// How many there have to be before the analyzer is asked again.
    need: usize,
    /// Bytes to come that nobody looks at.
    skip: u64,
}

/// Where messages go, and what they are found in.
pub(super) struct Place<'a> {
    pub(super) messages: &'a mut Messages,
    /// The packet.
    pub(super) packet: PacketStamp,
    /// The payload that it carries here.
    pub(super) payload: &'a [u8],
    /// Where that is.
    pub(super) range: ByteRange,
    pub(super) transport: usize,
    pub(super) flow: Option<usize>,
    /// Buffers that the packet has already, its own frame not counted.
    pub(super) buffers: usize,
    /// What bytes are called that are in no packet as they are.
    pub(super) title: &'static str,
}

/// What the messages of a stream are called that are put together.
pub(super) const JOINED: &str = "Reassembled TCP";

/// Some bytes that are looked at together.
#[derive(Clone, Copy)]
struct Chunk<'a> {
    from: Direction,
    bytes: &'a [u8],
    /// How many of them were kept from packets before.
    kept: usize,
    /// How many packets brought all of them.
    packets: u32,
    first: PacketStamp,
    /// The packet that brought those that were not kept.
    brought: PacketStamp,
    /// The packet that they are told in: a segment that waited is told in the one that filled the hole before it.
    packet: PacketStamp,
    /// Where nothing came but an end: the packet that brought the last of those that were kept.
    before: Option<PacketStamp>,
    end: Option<Ending>,
}

impl<'a> Chunk<'a> {
    /// What one packet brought and tells.
    fn of(from: Direction, bytes: &'a [u8], packet: PacketStamp) -> Self {
        let (first, brought) = (packet, packet);
        Self { from, bytes, kept: 0, packets: 1, first, brought, packet, before: None, end: None }
    }

    /// How many packets brought the `len` bytes at `at`; 0 where that is not known.
    fn packets_of(&self, at: usize, len: usize) -> u32 {
        match (at < self.kept, at.saturating_add(len) > self.kept) {
            // All that was kept belongs to it, and some of what came now; at the end nothing came.
            (true, true) if at == 0 => self.packets,
            (true, false) if at == 0 && len == self.bytes.len() => self.packets,
            (true, _) => 0,
            (false, _) => 1,
        }
    }
}

impl Talk {
    /// A flow between these ports, originator's first, that has not said anything yet.
    pub(super) fn new(transport: TransportProtocol, ports: [u16; 2], options: AnalyzerOptions) -> Self {
        Self {
            transport,
            ports,
            options,
            speaks: None,
            before: None,
            ear: Ear::default(),
            switches: 0,
            tries: Both::default(),
            sides: Both::default(),
        }
    }

    /// A datagram's flow, of which nothing is kept but what it speaks, [`Self::into_speaks`].
    pub(super) fn of_datagram(ports: [u16; 2], options: AnalyzerOptions, speaks: Option<Speaks>) -> Self {
        Self { speaks, ..Self::new(TransportProtocol::Udp, ports, options) }
    }

    /// What it speaks, with what is remembered of it, or what listens for that.
    pub(super) fn into_speaks(self) -> Result<Speaks, Ear> {
        self.speaks.ok_or(self.ear)
    }

    /// Goes on listening to a flow of datagrams, so many of which nobody knew.
    pub(super) fn listening(self, ear: Ear, tries: u8) -> Self {
        Self { ear, tries: Both { orig: tries, resp: tries }, ..self }
    }

    /// Something else has told what it speaks.
    pub(super) fn speak(&mut self, protocol: Protocol) {
        self.speaks = Some(Speaks::new(protocol, self.options));
        self.ear = Ear::Closed;
    }

    /// What it speaks, as far as that was recognised.
    pub(super) fn protocol(&self) -> Option<Protocol> {
        self.speaks.as_ref().map(|speaks| speaks.protocol)
    }

    /// Whether nothing was recognised in what the side said, so that there is no use in looking further.
    pub(super) fn has_given_up(&self, from: Direction) -> bool {
        self.speaks.is_none() && *self.tries.of(from) >= MAX_TRIES
    }

    /// Bytes that are kept.
    pub(super) fn held(&self) -> usize {
        let kept = self.speaks.as_ref().map_or(0, Speaks::held);
        let waiting = self.sides.orig.bytes.capacity().saturating_add(self.sides.resp.bytes.capacity());
        waiting.saturating_add(kept).saturating_add(self.ear.held())
    }

    /// Gives up what an analyzer keeps, whatever that is: the next bytes are the first that a new one sees.
    pub(super) fn forget(&mut self) {
        if let Some(speaks) = &mut self.speaks {
            *speaks = Speaks::new(speaks.protocol, self.options);
        }
        self.ear = Ear::Closed;
    }

    /// Bytes of `from` that the other side has acknowledged are not in the capture.
    pub(super) fn lacks(&mut self, from: Direction) {
        match &mut self.speaks {
            Some(speaks) => speaks.analyzer.lacks(from),
            None => self.listen_over_gap(from),
        }
    }

    fn listen_over_gap(&mut self, from: Direction) {
        self.ear.gap(Ends { transport: self.transport, ports: self.ports }, from);
    }

    /// Where `from` speaks on and the other side's message is over by that, it is told before.
    fn end_other_turn(&mut self, from: Direction, out: &mut Place<'_>) {
        let other = from.reversed();
        let pending = self.sides.of(other);
        let takes_turns = |speaks: &Speaks| speaks.analyzer.takes_turns(other);
        if !pending.bytes.is_empty() && self.speaks.as_ref().is_some_and(takes_turns) {
            let last = pending.last;
            self.ends(other, Ending::Fin, last, out);
        }
    }

    /// The next bytes of a stream, all from one packet.
    pub(super) fn data(&mut self, from: Direction, bytes: &[u8], packet: PacketStamp, out: &mut Place<'_>) {
        let bytes = self.sides.of_mut(from).pass_over(bytes);
        self.sides.of_mut(from).last = packet;
        if bytes.is_empty() {
            return;
        }
        self.end_other_turn(from, out);
        self.listen(from, bytes, packet);
        let pending = self.sides.of_mut(from);
        let kept = pending.bytes.len();
        if kept == 0 {
            return self.fresh(from, bytes, packet, out);
        }
        pending.bytes.extend_from_slice(bytes);
        pending.packets = pending.packets.saturating_add(1);
        let packets = pending.packets;
        if pending.bytes.len() > MAX_MESSAGE_BYTES {
            return self.ends(from, Ending::TooLong, packet, out);
        }
        if pending.bytes.len() < pending.need {
            return;
        }
        let (all, first) = (std::mem::take(&mut pending.bytes), pending.first);
        let brought = packet;
        let packet = out.told_in(packet);
        let chunk =
            Chunk { from, bytes: &all, kept, packets, first, brought, packet, before: None, end: None };
        let taken = self.consume(chunk, out);
        match taken.checked_sub(kept) {
            Some(taken) => self.fresh(from, bytes.get(taken..).unwrap_or(&[]), brought, out),
            None => {
                let pending = self.sides.of_mut(from);
                pending.keep(all, taken, first);
                // Where a message was taken, it is not known how many packets the rest is of.
                pending.packets = if taken == 0 { packets } else { 0 };
            }
        }
    }

    /// Bytes with none kept before them.
    fn fresh(&mut self, from: Direction, bytes: &[u8], packet: PacketStamp, out: &mut Place<'_>) {
        if bytes.is_empty() {
            return;
        }
        let chunk = Chunk { packet: out.told_in(packet), ..Chunk::of(from, bytes, packet) };
        let taken = self.consume(chunk, out);
        let rest = bytes.get(taken..).unwrap_or(&[]);
        if !rest.is_empty() {
            let pending = self.sides.of_mut(from);
            pending.keep(rest.to_vec(), 0, packet);
            pending.packets = 1;
        }
    }

    /// A datagram, as much of it as was captured.
    pub(super) fn datagram(&mut self, from: Direction, bytes: &[u8], snapped: bool, out: &mut Place<'_>) {
        let end = Some(if snapped { Ending::Snapped } else { Ending::Datagram });
        let packet = out.packet;
        self.listen(from, bytes, packet);
        if self.has_given_up(from) {
            return;
        }
        self.consume(Chunk { end, ..Chunk::of(from, bytes, packet) }, out);
    }

    /// Nothing follows what is kept of a side, or not what should.
    pub(super) fn ends(&mut self, from: Direction, end: Ending, packet: PacketStamp, out: &mut Place<'_>) {
        let pending = self.sides.of_mut(from);
        if let Ending::Gap(len) | Ending::Cut(len) = end
            && pending.skip >= len
            && pending.bytes.is_empty()
        {
            pending.skip = pending.skip.saturating_sub(len);
            return;
        }
        if matches!(end, Ending::Gap(_) | Ending::Cut(_)) && self.speaks.is_none() {
            self.listen_over_gap(from);
        }
        let pending = self.sides.of_mut(from);
        // At the end of the capture there is no packet: it ends in the last that there was.
        let packet = if packet.number == 0 { pending.last } else { packet };
        let bytes = std::mem::take(&mut pending.bytes);
        let first = if bytes.is_empty() { packet } else { pending.first };
        let (packets, before) = (pending.packets, pending.last);
        *pending = Pending { last: packet, ..Pending::default() };
        if self.speaks.is_some() || !bytes.is_empty() {
            let kept = bytes.len();
            let before = (kept > 0).then_some(before);
            let end = Some(end);
            let chunk =
                Chunk { from, bytes: &bytes, kept, packets, first, brought: packet, packet, before, end };
            self.consume(chunk, out);
        }
        if let Ending::Gap(len) | Ending::Cut(len) = end {
            let pending = self.sides.of_mut(from);
            pending.skip = pending.skip.saturating_sub(len);
        }
    }

    /// Has the analyzer take what it can; how many bytes that were. Of bytes that were kept before it stops as soon as
    /// none of them is left, so that the others can be told by their place in the packet.
    fn consume(&mut self, chunk: Chunk<'_>, out: &mut Place<'_>) -> usize {
        let (mut at, mut idle) = (0, 0);
        while idle < MAX_IDLE_STEPS {
            let rest = chunk.bytes.get(at..).unwrap_or(&[]);
            let is_old = chunk.kept > 0 && at >= chunk.kept;
            let is_done = rest.is_empty() && chunk.told_by_itself();
            if is_done || (chunk.end.is_none() && is_old) {
                return at;
            }
            if self.speaks.is_none()
                && let Some(need) = self.recognise(&chunk, rest)
            {
                self.sides.of_mut(chunk.from).need = need;
                return at;
            }
            let Some(speaks) = &mut self.speaks else { return chunk.bytes.len() };
            let protocol = speaks.protocol;
            let first = if at >= chunk.kept { chunk.brought } else { chunk.first };
            let step = speaks.analyzer.next(&Input {
                from: chunk.from,
                bytes: rest,
                first,
                packet: chunk.packet,
                end: chunk.end,
            });
            let before = at;
            match step {
                Step::More(need) if chunk.end.is_none() => {
                    self.sides.of_mut(chunk.from).need = need.max(rest.len().saturating_add(1));
                    return at;
                }
                Step::Lost if self.returns(rest) => {}
                Step::More(_) | Step::Lost => return chunk.bytes.len(),
                Step::Message { len, note, inner } => {
                    let mut protocol = protocol;
                    if let (Note::Lab(note), Some(speaks)) = (&note, &mut self.speaks) {
                        protocol = Protocol::Lab(note.lab);
                        speaks.protocol = protocol;
                    }
                    let bytes = rest.get(..len).unwrap_or(rest);
                    let packets = chunk.packets_of(at, bytes.len());
                    at = at.saturating_add(bytes.len());
                    let is_at_port = protocol.is_at(self.ports);
                    out.push((protocol, is_at_port), &chunk, (first, packets), bytes, note, inner);
                }
                Step::Carries { len, bytes, begins } => {
                    at = at.saturating_add(len.min(rest.len()));
                    if let Some(speaks) = &mut self.speaks {
                        speaks.carry((chunk.from, &bytes, chunk.packet), begins, out);
                    }
                }
                Step::Skip(len) => {
                    let here = usize::try_from(len).unwrap_or(usize::MAX).min(rest.len());
                    at = at.saturating_add(here);
                    let here = u64::try_from(here).unwrap_or(u64::MAX);
                    self.sides.of_mut(chunk.from).skip = len.saturating_sub(here);
                    if len > here {
                        return at;
                    }
                }
                Step::Switch(_) | Step::Tunnel(_) if self.switches >= MAX_SWITCHES => {
                    return chunk.bytes.len();
                }
                Step::Tunnel(port) => {
                    self.switches = self.switches.saturating_add(1);
                    self.speaks = None;
                    self.ports[1] = port;
                    self.tries = Both::default();
                    self.sides.of_mut(chunk.from.reversed()).need = 0;
                }
                Step::Switch(protocol) => {
                    self.switches = self.switches.saturating_add(1);
                    self.before =
                        self.speaks.replace(Speaks::new(protocol, self.options)).map(|old| old.protocol);
                    // What the other side's bytes were waiting for was the old one's wish.
                    self.sides.of_mut(chunk.from.reversed()).need = 0;
                }
            }
            idle = if at == before { idle + 1 } else { 0 };
        }
        chunk.bytes.len()
    }

    /// Whether the flow goes on in the protocol of lines that it spoke before, as `bytes`, which are not of the present one,
    /// say.
    fn returns(&mut self, bytes: &[u8]) -> bool {
        let Some(protocol) = self.before.filter(|protocol| protocol.is_lines()) else { return false };
        if self.switches >= MAX_SWITCHES || !judge(bytes).is_text() {
            return false;
        }
        self.switches = self.switches.saturating_add(1);
        self.speaks = Some(Speaks::new(protocol, self.options));
        self.before = None;
        true
    }

    /// Listens for a lab, of which each packet may bring a message, while nothing else was recognised. Once it is one, what
    /// waits to be recognised was heard.
    fn listen(&mut self, from: Direction, bytes: &[u8], packet: PacketStamp) {
        if self.speaks.is_some() {
            return;
        }
        let flow = Ends { transport: self.transport, ports: self.ports };
        if let Some(analyzer) = self.ear.hear(flow, from, bytes, packet) {
            let protocol = Protocol::Lab(analyzer.lab());
            self.speaks = Some(Speaks { protocol, analyzer: Box::new(analyzer), carried: None });
            for side in [&mut self.sides.orig, &mut self.sides.resp] {
                *side = Pending { last: side.last, ..Pending::default() };
            }
        }
    }

    /// Looks what the flow speaks, which `bytes` may tell; how many there have to be where more would.
    fn recognise(&mut self, chunk: &Chunk<'_>, bytes: &[u8]) -> Option<usize> {
        match probe::find(self.transport, self.ports, chunk.from, bytes) {
            Found::Is(protocol) => {
                self.speak(protocol);
                return None;
            }
            Found::Unsure(_) if matches!(chunk.end, Some(Ending::Cut(_))) => {
                let found = probe::cut_short(bytes);
                self.speaks = found.map(|protocol| Speaks::new(protocol, self.options));
                if self.speaks.is_some() {
                    return None;
                }
            }
            Found::Unsure(need) if chunk.end.is_none() => {
                return Some(need.max(bytes.len().saturating_add(1)));
            }
            Found::Unsure(_) | Found::Nothing => {}
        }
        let tries = self.tries.of_mut(chunk.from);
        *tries = tries.saturating_add(1);
        None
    }
}

impl Speaks {
    pub(super) fn new(protocol: Protocol, options: AnalyzerOptions) -> Self {
        Self { protocol, analyzer: begin(protocol, options), carried: None }
    }

    /// Hands on the next bytes of the TLS that it carries, which lie in no packet as they are.
    fn carry(
        &mut self,
        (from, bytes, packet): (Direction, &[u8], PacketStamp),
        begins: bool,
        out: &mut Place<'_>,
    ) {
        let options = AnalyzerOptions::default();
        let talk = self.carried.take().filter(|_| !begins);
        let talk = talk.unwrap_or_else(|| {
            let mut talk = Box::new(Talk::new(TransportProtocol::Tcp, [0; 2], options));
            talk.speaks = Some(Self::new(Protocol::Tls, options));
            talk
        });
        let title = std::mem::replace(&mut out.title, "Carried TLS");
        self.carried.insert(talk).data(from, bytes, packet, out);
        out.title = title;
    }

    fn held(&self) -> usize {
        self.analyzer.held().saturating_add(self.carried.as_ref().map_or(0, |talk| talk.held()))
    }
}

impl Chunk<'_> {
    /// Whether an analyzer need not be told that these bytes end: more may come, or none were ever to.
    fn told_by_itself(&self) -> bool {
        matches!(self.end, None | Some(Ending::Datagram | Ending::Snapped))
    }
}

impl Pending {
    /// What of `bytes` is behind those that nobody looks at.
    fn pass_over<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let here = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        self.skip = self.skip.saturating_sub(u64::try_from(here).unwrap_or(u64::MAX));
        bytes.get(here..).unwrap_or(&[])
    }

    /// Keeps what is left of `bytes` behind the first `taken`.
    fn keep(&mut self, mut bytes: Vec<u8>, taken: usize, first: PacketStamp) {
        bytes.drain(..taken.min(bytes.len()));
        self.first = first;
        self.bytes = bytes;
    }
}

impl Place<'_> {
    /// The packet that bytes which `brought` came with are told in; at the end of the capture there is none.
    fn told_in(&self, brought: PacketStamp) -> PacketStamp {
        if self.packet.number > brought.number { self.packet } else { brought }
    }

    fn push(
        &mut self,
        (protocol, is_at_port): (Protocol, bool),
        chunk: &Chunk<'_>,
        (first, packets): (PacketStamp, u32),
        bytes: &[u8],
        note: Note,
        inner: Option<(&'static str, Vec<u8>)>,
    ) {
        let range = if self.messages.messages.len() < MAX_MESSAGES { self.range_of(bytes) } else { None };
        let Some(range) = range else {
            self.messages.untold = self.messages.untold.saturating_add(1);
            return;
        };
        let inner = inner.and_then(|(title, bytes)| self.messages.join(title, bytes, self.buffers));
        let cut = !matches!(chunk.end, None | Some(Ending::Datagram | Ending::Fin));
        self.messages.messages.push(Message {
            protocol,
            is_at_port,
            transport: self.transport,
            flow: self.flow,
            direction: chunk.from,
            range,
            inner,
            first,
            packets,
            last: chunk.packet,
            brought: chunk.before.unwrap_or(chunk.packet),
            cut,
            note,
        });
    }

    /// Where `bytes` are: in the packet's payload, or in a buffer of their own.
    fn range_of(&mut self, bytes: &[u8]) -> Option<ByteRange> {
        if bytes.is_empty() {
            return Some(ByteRange { end: self.range.start, ..self.range });
        }
        let (outer, inner) = (self.payload.as_ptr_range(), bytes.as_ptr_range());
        if outer.start <= inner.start && inner.end <= outer.end {
            let at = u32::try_from(inner.start.addr().checked_sub(outer.start.addr())?).ok()?;
            let start = self.range.start.saturating_add(at);
            let end = start.saturating_add(u32::try_from(bytes.len()).ok()?);
            return Some(ByteRange { buffer: self.range.buffer, start, end });
        }
        self.messages.join(self.title, bytes.to_vec(), self.buffers)
    }
}

/// One of each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Both<T> {
    pub(super) orig: T,
    pub(super) resp: T,
}

impl<T> Both<T> {
    pub(super) fn of(&self, side: Direction) -> &T {
        match side {
            Direction::OrigToResp => &self.orig,
            Direction::RespToOrig => &self.resp,
        }
    }

    pub(super) fn of_mut(&mut self, side: Direction) -> &mut T {
        match side {
            Direction::OrigToResp => &mut self.orig,
            Direction::RespToOrig => &mut self.resp,
        }
    }
}

#[cfg(test)]
#[path = "talk_tests.rs"]
mod tests;
