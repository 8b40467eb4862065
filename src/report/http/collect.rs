//! Messages as they end, put together to exchanges.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use super::cache::{self, CacheSays};
use super::message::{FIRST_BYTES, count};
use super::{Body, Exchange, HttpMessage, MAX_INTERIM, Request, Response, Unanswered};
use crate::decode::{DecodedPacket, Endpoint, TransportProtocol};
use crate::flow::{Direction, Flow, FlowId, FlowTable};
use crate::proto::http::body::{Decoded, Fault, Unpacking};
use crate::proto::http::{Cut, Head, HttpNote};
use crate::proto::{Message, Messages, Note, Protocol};
use crate::source::PacketNumber;

/// Most exchanges that are kept; the others are counted. A capture of a day of a class holds fewer.
pub const MAX_EXCHANGES: usize = 1 << 18;

/// Most bytes kept of the heads and the beginnings of bodies of all exchanges together: a quarter of a small machine.
pub const MAX_HEAD_BYTES_KEPT: usize = 256 << 20;

/// Most exchanges that wait for an answer at the same time; beyond it the newest is told without.
pub const MAX_WAITING: usize = 1 << 16;

/// The exchanges of a capture.
#[derive(Debug, Default)]
pub struct Exchanges {
    all: Vec<Exchange>,
    /// Exchanges without their last answer, by flow and number: their place in `all`.
    waiting: HashMap<(usize, u32), usize>,
    /// How many requests wait in a flow, where any do.
    open: HashMap<usize, u32>,
    bytes: usize,
    not_kept: u64,
    unpacking: Unpacking,
}

/// Stands for an end that is not known yet.
const NOBODY: Endpoint = Endpoint { addr: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: 0 };

/// A message, and what its packet says of it.
#[derive(Clone, Copy)]
struct Piece<'a> {
    message: &'a Message,
    note: &'a HttpNote,
    bytes: &'a [u8],
    /// Who sent it to whom; not known at the end of the capture.
    ends: Option<[Endpoint; 2]>,
    selected: bool,
}

/// A body that has come to its end.
#[derive(Clone, Copy, Debug)]
pub struct BodyFound<'a> {
    /// The flow's place in [`FlowTable::flows`].
    pub place: usize,
    /// The packet that its message ends in.
    pub packet: PacketNumber,
    /// It is the body of a request.
    pub of_request: bool,
    /// The request, its own or the one that was answered, where the capture has it.
    pub request: Option<&'a Request>,
    /// Its media type, in lower case and without parameters.
    pub media_type: Option<&'a str>,
    /// Without chunks, and unpacked as far as it could be.
    pub bytes: &'a [u8],
    /// Why it is not whole, where it is not.
    pub cut: Option<Cut>,
    /// Why it could not be unpacked whole.
    pub fault: Option<Fault>,
    /// The exchange has a packet that is one to show.
    pub selected: bool,
}

impl Exchanges {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the HTTP messages that end in a packet, which is one to show or not, and hands their bodies to `each`.
    pub fn packet(
        &mut self,
        decoded: &DecodedPacket<'_>,
        messages: &Messages,
        selected: bool,
        each: &mut dyn FnMut(&BodyFound<'_>),
    ) {
        for message in messages.all() {
            let Some(note) = note_of(message) else { continue };
            let ends =
                decoded.transports().get(message.transport).map(|transport| [transport.src, transport.dst]);
            let bytes = message.bytes(decoded);
            self.take(Piece { message, note, bytes, ends, selected }, each);
        }
    }

    /// Takes HTTP messages that are not whole when the capture ends.
    pub fn unfinished(&mut self, messages: &Messages, each: &mut dyn FnMut(&BodyFound<'_>)) {
        for message in messages.all() {
            let Some(note) = note_of(message) else { continue };
            let buffer = usize::from(message.range.buffer).checked_sub(1);
            let joined = buffer.and_then(|buffer| messages.joined().get(buffer));
            let bytes = joined.map(|joined| joined.bytes.as_slice()).unwrap_or_default();
            self.take(Piece { message, note, bytes, ends: None, selected: false }, each);
        }
    }

    /// How many exchanges were not kept because a limit was reached.
    #[must_use]
    pub fn not_kept(&self) -> u64 {
        self.not_kept
    }

    /// How many bodies were not unpacked because too much was unpacked before them.
    #[must_use]
    pub fn left_packed(&self) -> u64 {
        self.unpacking.refused()
    }

    /// All exchanges, in the order of their first packets, with what only the whole capture tells. `takes` says of a flow
    /// whether what was not captured whole is one to show.
    #[must_use]
    pub fn finish(mut self, flows: &FlowTable, takes: impl Fn(usize, &Flow) -> bool) -> Vec<Exchange> {
        for exchange in &mut self.all {
            let Some(flow) = flows.flows().get(exchange.place) else { continue };
            exchange.flow = flow.id;
            if exchange.client == NOBODY {
                (exchange.client, exchange.server) = (flow.tuple.orig, flow.tuple.resp);
            }
            let server = if exchange.client == flow.tuple.orig {
                Direction::RespToOrig
            } else {
                Direction::OrigToResp
            };
            if exchange.response.is_none() {
                exchange.unanswered.get_or_insert(why_unanswered(flow, server));
            }
            let message = |response: &Response| response.message.cut.is_some();
            let unfinished = exchange.request.as_ref().is_some_and(|request| request.message.cut.is_some())
                || exchange.response.as_ref().is_some_and(message);
            exchange.selected |= unfinished && takes(exchange.place, flow);
        }
        self.all.sort_by_key(Exchange::first_packet);
        for exchange in &mut self.all {
            exchange.cache = CacheSays::of(exchange);
        }
        cache::find_legs(&mut self.all);
        self.all
    }

    fn take(&mut self, piece: Piece<'_>, each: &mut dyn FnMut(&BodyFound<'_>)) {
        let Some(place) = piece.message.flow else { return };
        let Some(index) = self.exchange_of(place, &piece) else { return };
        let head = Head::read(piece.bytes).filter(|_| piece.note.head_len > 0);
        let raw = piece.bytes.get(piece.note.head_len..).unwrap_or(&[]);
        let unpacked = match &head {
            Some(head) => self.unpacking.decode(head, piece.note.framing, raw),
            None => Decoded { bytes: Cow::Borrowed(raw), fault: None },
        };
        let mut common = head.as_ref().map_or_else(HttpMessage::default, HttpMessage::of_head);
        common.first = piece.message.first;
        common.last = piece.message.last;
        common.cut = piece.note.cut;
        let beginning = unpacked.bytes.get(..FIRST_BYTES).unwrap_or(&unpacked.bytes);
        common.body = Body {
            framing: piece.note.framing,
            wire_len: count(raw.len()),
            len: count(unpacked.bytes.len()),
            beginning: beginning.into(),
            fault: unpacked.fault,
        };
        self.bytes = self.bytes.saturating_add(common.cost());
        let media_type = common.media_type();
        let is_last = self.put(index, piece.note, head.as_ref(), common);
        if is_last {
            self.waiting.remove(&(place, piece.note.exchange));
            if let Some(open) = self.open.get_mut(&place) {
                *open = open.saturating_sub(1);
            }
        }
        let Some(exchange) = self.all.get_mut(index) else { return };
        exchange.selected |= piece.selected;
        if !unpacked.bytes.is_empty() {
            each(&BodyFound {
                place,
                packet: piece.message.last.number,
                of_request: !piece.note.is_response,
                request: exchange.request.as_ref(),
                media_type: media_type.as_deref(),
                bytes: &unpacked.bytes,
                cut: piece.note.cut,
                fault: unpacked.fault,
                selected: exchange.selected,
            });
        }
    }

    /// Puts a message into its exchange; whether it is the last of it.
    fn put(&mut self, index: usize, note: &HttpNote, head: Option<&Head<'_>>, message: HttpMessage) -> bool {
        let Some(exchange) = self.all.get_mut(index) else { return false };
        if !note.is_response {
            exchange.persistent = note.cut.is_none().then_some(note.persistent);
            exchange.unanswered = note.not_paired.then_some(Unanswered::NotPaired);
            let request = head.and_then(Request::of_head).unwrap_or_default();
            exchange.request = Some(Request { message, ..request });
            return false;
        }
        let response = head.and_then(Response::of_head).unwrap_or_default();
        let response = Response { message, ..response };
        if response.is_interim() {
            if exchange.interim.len() < MAX_INTERIM {
                exchange.interim.push(response);
            }
            return false;
        }
        // What became of a connection within a message, the cut tells.
        let is_cut = note.cut.is_some()
            || exchange.request.as_ref().is_some_and(|request| request.message.cut.is_some());
        exchange.persistent = (!is_cut).then(|| note.persistent && exchange.persistent.unwrap_or(true));
        exchange.response = Some(response);
        true
    }

    /// The place of the exchange that a message belongs to; `None` where it is not kept.
    fn exchange_of(&mut self, place: usize, piece: &Piece<'_>) -> Option<usize> {
        let key = (place, piece.note.exchange);
        if let Some(index) = self.waiting.get(&key) {
            return Some(*index);
        }
        let begins = !piece.note.is_response || piece.note.request.is_none();
        if self.all.len() >= MAX_EXCHANGES
            || self.bytes >= MAX_HEAD_BYTES_KEPT
            || self.waiting.len() >= MAX_WAITING
        {
            self.not_kept = self.not_kept.saturating_add(u64::from(begins));
            return None;
        }
        let [src, dst] = piece.ends.unwrap_or([NOBODY; 2]);
        let (client, server) = if piece.note.is_response { (dst, src) } else { (src, dst) };
        let open = self.open.entry(place).or_default();
        let pipelined = *open > 0 && !piece.note.is_response;
        *open = open.saturating_add(1);
        let index = self.all.len();
        self.all.push(Exchange {
            flow: FlowId { protocol: TransportProtocol::Tcp, number: 0 },
            place,
            client,
            server,
            number: u64::from(piece.note.exchange),
            request: None,
            interim: Vec::new(),
            response: None,
            pipelined,
            unanswered: None,
            persistent: None,
            cache: CacheSays::default(),
            leg: None,
            selected: false,
        });
        self.waiting.insert(key, index);
        Some(index)
    }
}

/// What is told of a message of HTTP over TCP.
fn note_of(message: &Message) -> Option<&HttpNote> {
    match &message.note {
        Note::Http(note) if message.protocol == Protocol::Http => Some(note),
        _ => None,
    }
}

/// Why nothing of `server` answers.
fn why_unanswered(flow: &Flow, server: Direction) -> Unanswered {
    let Some(tcp) = &flow.tcp else { return Unanswered::CaptureEnd };
    let side = if server == Direction::OrigToResp { &tcp.orig } else { &tcp.resp };
    match () {
        () if side.missing_bytes > 0 => Unanswered::Gap,
        () if tcp.teardown.reset.is_some() => Unanswered::Reset,
        () if tcp.teardown.fin(server).is_some() => Unanswered::Closed,
        () => Unanswered::CaptureEnd,
    }
}
