//! Payload of the flows, reassembled and kept in turns, for whoever asked for it.

use super::tcp::{MOST_AHEAD, PayloadUse, Reassembler, Segment, SeqNumber, StreamEvent};
use super::turns::{
    Budget, MAX_FOLLOWED_BYTES, MAX_FOLLOWED_TURN_PACKETS, MAX_KEPT_BYTES, MAX_TURN_PACKETS, MAX_TURNS, Said,
};
use super::{Conversation, Direction, Flow, FlowId, FlowLimits, PacketStamp};
use crate::decode::TcpSegment;

/// Asks for payload to be kept, in turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadWanted {
    /// Most payload bytes kept of each side of a flow, in bytes: a long upload must not hide the short answer.
    pub max_bytes_per_side: usize,
    /// Most kept of all flows together, in bytes: payload and what lists it.
    pub max_bytes_in_all: u64,
    /// The one flow that somebody reads; `None` for all of them.
    pub only: Option<FlowId>,
    /// Streams are followed to their end: only `max_bytes_in_all` bounds what is kept, not a flow's turns.
    pub whole: bool,
}

impl PayloadWanted {
    /// What a story shows of every flow: the beginning of each side.
    #[must_use]
    pub const fn for_story(max_bytes_per_side: usize) -> Self {
        Self { max_bytes_per_side, max_bytes_in_all: MAX_KEPT_BYTES, only: None, whole: false }
    }

    /// Whole streams, of one flow or of all.
    #[must_use]
    pub const fn to_follow(only: Option<FlowId>) -> Self {
        Self { max_bytes_per_side: usize::MAX, max_bytes_in_all: MAX_FOLLOWED_BYTES, only, whole: true }
    }
}

/// Most memory for payload that waits for missing segments, in bytes, all flows together: sixteen times what one side
/// may hold.
/// Beyond it the flow at hand gives up its holes.
const MAX_BUFFERED_TOTAL: usize = 64 << 20;

/// Most memory for delivered bytes that repeats are compared with, in bytes, all flows together: the windows of some
/// 500 busy connections. Beyond it all of them are forgotten, and what repeats them is counted as not compared.
const MAX_REMEMBERED_TOTAL: usize = 64 << 20;

/// The reassembly of all flows, by their index.
#[derive(Debug)]
pub(super) struct PayloadKeeper {
    budget: Budget,
    only: Option<FlowId>,
    /// `None` for UDP, and for flows that nobody reads.
    streams: Vec<Option<Box<Streams>>>,
    /// Memory that waiting segments take, in bytes.
    held: usize,
    /// Memory that delivered bytes take, in bytes.
    remembered: usize,
    /// Times [`MAX_BUFFERED_TOTAL`] made a flow give up its holes.
    given_up: u64,
}

#[derive(Debug, Default)]
struct Streams {
    orig: Stream,
    resp: Stream,
}

/// The stream of one side.
#[derive(Debug, Default)]
struct Stream {
    reassembler: Reassembler,
    /// Segments with a wrong checksum, until the other side acknowledges them.
    aside: Vec<Aside>,
}

/// Most segments set aside of one side: damage on the way is rare, and of a line that damages more the first tell. They
/// count against [`MAX_BUFFERED_TOTAL`]; where it is reached, none is.
const MAX_ASIDE: usize = 8;

/// A segment that may have been damaged.
#[derive(Debug)]
struct Aside {
    seq: SeqNumber,
    bytes: Vec<u8>,
    len: u32,
    packet: PacketStamp,
}

impl Stream {
    fn set_aside(&mut self, tcp: &TcpSegment<'_>, packet: PacketStamp) {
        self.aside.push(Aside {
            seq: SeqNumber(tcp.seq),
            bytes: tcp.payload.to_vec(),
            len: tcp.payload_len,
            packet,
        });
    }

    /// Takes what was set aside and `ack` covers, where nothing else brought it: then it did arrive whole.
    fn acked(&mut self, ack: SeqNumber, emit: &mut dyn FnMut(StreamEvent<'_>)) {
        for _ in 0..self.aside.len() {
            let covers = |aside: &Aside| {
                let end = aside.seq.plus(aside.len);
                !end.is_after(ack) && (self.reassembler.has_begun() || ack.since(end) <= MOST_AHEAD)
            };
            let Some(place) = self.aside.iter().position(covers) else { break };
            let aside = self.aside.remove(place);
            self.fill_with(&aside, emit);
        }
        self.reassembler.acked(ack, emit);
    }

    /// The capture ends: what was set aside and nothing else brought is better than nothing, unless it lies far off.
    fn take_rest(&mut self, emit: &mut dyn FnMut(StreamEvent<'_>)) {
        for aside in std::mem::take(&mut self.aside) {
            if self.reassembler.is_near(aside.seq) {
                self.fill_with(&aside, emit);
            }
        }
    }

    /// Takes of `aside` what is lacking.
    fn fill_with(&mut self, aside: &Aside, emit: &mut dyn FnMut(StreamEvent<'_>)) {
        let stream = &mut self.reassembler;
        let len = if stream.has_begun() { stream.lacking(aside.seq, aside.len) } else { aside.len };
        if len > 0 {
            let whole = aside.segment();
            let captured = usize::try_from(len).ok().and_then(|len| whole.payload.get(..len));
            let payload = captured.unwrap_or(whole.payload);
            stream.segment(&Segment { payload, payload_len: len, ..whole }, emit);
        }
    }

    /// Takes all that was set aside.
    fn take_aside(&mut self, emit: &mut dyn FnMut(StreamEvent<'_>)) {
        for aside in std::mem::take(&mut self.aside) {
            self.reassembler.segment(&aside.segment(), emit);
        }
    }

    fn held(&self) -> usize {
        let aside = self.aside.iter().map(|aside| aside.bytes.len()).sum();
        self.reassembler.held().saturating_add(aside)
    }
}

impl Aside {
    fn segment(&self) -> Segment<'_> {
        let Self { seq, ref bytes, len, packet } = *self;
        Segment { seq, syn: false, fin: false, rst: false, payload: bytes, payload_len: len, packet }
    }
}

impl PayloadKeeper {
    pub(super) fn new(wanted: PayloadWanted) -> Self {
        let per_side = u64::try_from(wanted.max_bytes_per_side).unwrap_or(u64::MAX);
        let whole = wanted.whole;
        let budget = Budget {
            per_side,
            total_left: wanted.max_bytes_in_all,
            turns: if whole { usize::MAX } else { MAX_TURNS },
            whole,
            turn_packets: if whole { MAX_FOLLOWED_TURN_PACKETS } else { MAX_TURN_PACKETS },
        };
        Self { budget, only: wanted.only, streams: Vec::new(), held: 0, remembered: 0, given_up: 0 }
    }

    /// A flow was added to the table.
    pub(super) fn begin(&mut self, flow: &mut Flow) {
        let read = self.only.is_none_or(|only| only == flow.id);
        flow.conversation = read.then(Box::default);
        self.streams.push(flow.tcp.as_ref().filter(|_| read).map(|_| Box::default()));
    }

    /// The sides of flow `index` were taken for each other.
    pub(super) fn swap_sides(&mut self, index: usize, flow: &mut Flow) {
        if let Some(Some(streams)) = self.streams.get_mut(index) {
            let Streams { orig, resp } = streams.as_mut();
            std::mem::swap(orig, resp);
        }
        if let Some(conversation) = &mut flow.conversation {
            conversation.swap_sides();
        }
    }

    /// A datagram of `flow`, sent by `by`.
    pub(super) fn datagram(
        &mut self,
        flow: &mut Flow,
        by: Direction,
        bytes: &[u8],
        len: u64,
        packet: PacketStamp,
    ) {
        if let Some(conversation) = &mut flow.conversation {
            conversation.say(Said { by, bytes, len, packet, datagram: true }, &mut self.budget);
        }
    }

    /// A segment of flow number `index`, sent by `by`.
    pub(super) fn segment(
        &mut self,
        index: usize,
        flow: &mut Flow,
        by: Direction,
        (tcp, used): (&TcpSegment<'_>, PayloadUse),
        packet: PacketStamp,
    ) {
        let Some(conversation) = &mut flow.conversation else { return };
        let Some(Some(streams)) = self.streams.get_mut(index) else { return };
        let (held_before, remembered_before) = (streams.held(), streams.remembered());
        let (own, other) = match by {
            Direction::OrigToResp => (&mut streams.orig, &mut streams.resp),
            Direction::RespToOrig => (&mut streams.resp, &mut streams.orig),
        };
        use PayloadUse::{Leave, SetAside, SetAsideUnheard, Take, TakeAll, TakeAnew};
        let aside = own.aside.len();
        let used = match used {
            // Without room what may be damaged is better than nothing.
            SetAside if aside >= MAX_ASIDE || self.held > MAX_BUFFERED_TOTAL => Take,
            SetAsideUnheard if aside >= MAX_ASIDE || self.held > MAX_BUFFERED_TOTAL => Leave,
            used => used,
        };
        if tcp.flags.ack() && !tcp.flags.rst() && !matches!(used, Leave | SetAsideUnheard) {
            let mut listener = Listener { conversation, by: by.reversed(), budget: &mut self.budget };
            other.acked(SeqNumber(tcp.ack), &mut |event| listener.take(&event));
        }
        let mut listener = Listener { conversation, by, budget: &mut self.budget };
        match used {
            SetAside | SetAsideUnheard if tcp.payload_len > 0 => own.set_aside(tcp, packet),
            SetAside | SetAsideUnheard | Leave | Take => {}
            TakeAll => own.take_aside(&mut |event| listener.take(&event)),
            TakeAnew => own.aside.clear(),
        }
        let own = &mut own.reassembler;
        if matches!(used, Take | TakeAll | TakeAnew) {
            own.segment(&Segment::new(tcp, packet), &mut |event| listener.take(&event));
        }
        if self.held > MAX_BUFFERED_TOTAL && own.held() > 0 {
            own.flush(&mut |event| listener.take(&event));
            self.given_up = self.given_up.saturating_add(1);
        }
        self.held = self.held.saturating_sub(held_before).saturating_add(streams.held());
        let remembered = self.remembered.saturating_sub(remembered_before);
        self.remembered = remembered.saturating_add(streams.remembered());
        if self.remembered > MAX_REMEMBERED_TOTAL {
            self.forget();
        }
    }

    /// Forgets the delivered bytes of all flows.
    fn forget(&mut self) {
        for streams in self.streams.iter_mut().flatten() {
            streams.orig.reassembler.forget();
            streams.resp.reassembler.forget();
        }
        self.remembered = 0;
    }

    /// The capture ends.
    pub(super) fn finish(&mut self, flows: &mut [Flow]) {
        for (flow, streams) in flows.iter_mut().zip(&mut self.streams) {
            let (Some(conversation), Some(streams)) = (&mut flow.conversation, streams) else { continue };
            for by in [Direction::OrigToResp, Direction::RespToOrig] {
                let mut listener = Listener { conversation, by, budget: &mut self.budget };
                let stream = match by {
                    Direction::OrigToResp => &mut streams.orig,
                    Direction::RespToOrig => &mut streams.resp,
                };
                stream.take_rest(&mut |event| listener.take(&event));
                let stream = &mut stream.reassembler;
                stream.finish(&mut |event| listener.take(&event));
                let named = stream.named_conflicts().iter().map(|conflict| (by, *conflict));
                conversation.named_conflicts.extend(named);
                let side = conversation.side_mut(by);
                side.conflicts = stream.conflicts();
                side.not_compared_bytes = stream.not_compared();
            }
        }
        self.forget();
        self.held = 0;
    }

    /// Adds the limits that were reached here.
    pub(super) fn add_limits(&self, flows: &[Flow], limits: &mut FlowLimits) {
        let conversations = || flows.iter().filter_map(|flow| flow.conversation.as_deref());
        let count = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
        limits.flows_cut = count(conversations().filter(|c| c.at_flow_limit).count());
        limits.flows_cut_by_total = count(conversations().filter(|c| c.at_total_limit).count());
        let streams = self.streams.iter().flatten();
        let forced = streams
            .map(|s| s.orig.reassembler.forced_gaps().saturating_add(s.resp.reassembler.forced_gaps()));
        limits.gaps_forced = forced.fold(self.given_up, u64::saturating_add);
    }
}

impl Streams {
    fn held(&self) -> usize {
        self.orig.held().saturating_add(self.resp.held())
    }

    fn remembered(&self) -> usize {
        self.orig.reassembler.remembered().saturating_add(self.resp.reassembler.remembered())
    }
}

/// Writes the events of one side into the conversation.
struct Listener<'a> {
    conversation: &'a mut Conversation,
    by: Direction,
    budget: &'a mut Budget,
}

impl Listener<'_> {
    fn take(&mut self, event: &StreamEvent<'_>) {
        match *event {
            StreamEvent::Data { bytes, packet } => {
                let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                let said = Said { by: self.by, bytes, len, packet, datagram: false };
                self.conversation.say(said, self.budget);
            }
            StreamEvent::Gap { len, snapped } => self.conversation.miss(self.by, len, snapped),
            // The teardown record tells these.
            StreamEvent::End | StreamEvent::Reset => {}
        }
    }
}
