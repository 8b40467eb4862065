//! A connection's messages, and which response answers which request.

use super::framing::{ChunkStep, ChunksEnd, Framing, chunk_at, chunks_end};
use super::head::{self, Begins, Head, MAX_HEAD_BYTES, Start, line_at};
use super::waiting::Waiting;
use super::{Analyzer, AnalyzerOptions, Asked, Both, Cut, Ending, HttpNote, Input, Note, Protocol, Step};
use crate::flow::PacketStamp;
use crate::source::PacketNumber;

/// How much of a request's target is kept for its response: servers and browsers rarely take more.
pub const MAX_KEPT_TARGET: usize = 2048;

/// Longest host name (RFC 1035 section 2.3.4), with a port.
const MAX_KEPT_HOST: usize = 262;

/// A connection that carries HTTP messages.
#[derive(Debug)]
pub struct HttpAnalyzer {
    options: AnalyzerOptions,
    carries: Carries,
    sides: Both<Side>,
    /// By the side that asks.
    asked: Both<Waiting>,
    exchanges: u32,
    last_request: Option<PacketNumber>,
    last_response: Option<PacketNumber>,
}

/// What the connection is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carries {
    Messages,
    /// A tunnel was opened (RFC 9110 section 9.3.6): the next bytes tell what is in it.
    Tunnel,
    /// TLS begins here (RFC 2817).
    Tls,
    /// Something else for the rest of its time.
    Opaque,
}

/// Where one side is.
#[derive(Debug, Default)]
enum Side {
    /// Before a message, or in its head: so many bytes of it were searched for its end.
    #[default]
    Start,
    Head(usize),
    /// In a body that is kept; `at` is the chunk that it goes on with.
    Body {
        note: Box<HttpNote>,
        at: usize,
    },
    /// In a body that nobody keeps.
    Skips(Skips),
    /// Before a line end that follows so many bytes of a chunk.
    Rest(u64),
}

/// What of a body comes next that nobody keeps.
#[derive(Clone, Copy, Debug)]
enum Skips {
    Bytes(u64),
    Chunk,
    ChunkEnd,
    Trailer,
}

impl HttpAnalyzer {
    /// A connection that has carried nothing yet.
    #[must_use]
    pub fn new(options: AnalyzerOptions) -> Self {
        Self {
            options,
            carries: Carries::Messages,
            sides: Both::default(),
            asked: Both::default(),
            exchanges: 0,
            last_request: None,
            last_response: None,
        }
    }
}

impl Analyzer for HttpAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        match self.carries {
            Carries::Messages => {}
            Carries::Tls => return Step::Switch(Protocol::Tls),
            Carries::Opaque => return Step::Skip(u64::MAX),
            Carries::Tunnel => return self.tunnel(input),
        }
        match std::mem::take(self.sides.of_mut(input.from)) {
            Side::Start => self.head(input, 0),
            Side::Head(searched) => self.head(input, searched),
            Side::Body { note, at } => self.body(input, note, at),
            Side::Skips(skips) => self.skip(input, skips),
            Side::Rest(bytes) => Step::Skip(bytes),
        }
    }

    fn held(&self) -> usize {
        self.asked.orig.held().saturating_add(self.asked.resp.held())
    }
}

impl HttpAnalyzer {
    /// A message begins, and was searched up to `searched` for the end of its head.
    fn head(&mut self, input: &Input<'_>, searched: usize) -> Step {
        let bytes = input.bytes;
        let one_more = Step::More(bytes.len().saturating_add(1));
        if bytes.is_empty() {
            return one_more;
        }
        if searched == 0 && !is_snapped(input) {
            match head::begins(bytes) {
                Begins::Yes => {}
                Begins::Perhaps if input.end.is_none() && bytes.len() < MAX_HEAD_BYTES => return one_more,
                Begins::Perhaps | Begins::No => return self.not_a_head(input),
            }
        }
        let is_last = input.end.is_some() || bytes.len() > MAX_HEAD_BYTES;
        let found = if searched == 0 { begun(bytes) } else { search(bytes, searched) };
        if let HeadEnd::Behind(searched) = found
            && !is_last
        {
            *self.sides.of_mut(input.from) = if searched > 0 { Side::Head(searched) } else { Side::Start };
            return one_more;
        }
        let head = if is_snapped(input) { Head::read_cut(bytes) } else { Head::read(bytes) };
        let Some(head) = head else { return self.not_a_head(input) };
        let mut note = self.begin(input, &head);
        if !head.is_whole() {
            // What follows in it is not known.
            note.framing = Framing::None;
            let end = Some(input.end.unwrap_or(Ending::TooLong)).filter(|end| *end != Ending::Datagram);
            return self.message(input, bytes.len().min(MAX_HEAD_BYTES), note, end.map(Cut::Ended));
        }
        if self.options.bodies && note.framing != Framing::None {
            let at = note.head_len;
            return self.body(input, note, at);
        }
        *self.sides.of_mut(input.from) = match note.framing {
            Framing::None | Framing::Length(0) => Side::Start,
            Framing::Length(len) => Side::Skips(Skips::Bytes(len)),
            Framing::Chunked => Side::Skips(Skips::Chunk),
            Framing::UntilClose => Side::Skips(Skips::Bytes(u64::MAX)),
        };
        let len = note.head_len;
        self.message(input, len, note, None)
    }

    /// Bytes where a message should begin and none does.
    fn not_a_head(&mut self, input: &Input<'_>) -> Step {
        let is_tls = matches!(input.bytes, [0x16, 3, ..]);
        if is_tls && self.asked.of(input.from).back().is_some_and(|asked| &*asked.method == b"CONNECT") {
            return Step::Switch(Protocol::Tls);
        }
        let answers = self.asked.of_mut(input.from.reversed());
        if answers.front().is_some_and(|asked| asked.is_simple) {
            let request = answers.pop();
            let mut note =
                Box::new(HttpNote { is_response: true, framing: Framing::UntilClose, ..HttpNote::default() });
            note.exchange = request.as_ref().map_or(0, |request| request.exchange);
            note.request = request.map(Box::new);
            if self.options.bodies {
                return self.body(input, note, 0);
            }
            return Step::Skip(u64::MAX);
        }
        Step::Lost
    }

    /// What is known of a message once its head is there. A request waits from here on, a response has found its own.
    fn begin(&mut self, input: &Input<'_>, head: &Head<'_>) -> Box<HttpNote> {
        let mut note = Box::new(HttpNote {
            is_response: head.is_response(),
            head_len: head.len(),
            persistent: is_persistent(head),
            ..HttpNote::default()
        });
        if let Start::Request { method, target, .. } = head.start() {
            note.framing = Framing::of(head, None);
            self.exchanges = self.exchanges.saturating_add(1);
            note.exchange = self.exchanges;
            note.previous_request = self.last_request;
            let kept = self.asked.of_mut(input.from).push(Asked {
                method: method.into(),
                target: beginning(target, MAX_KEPT_TARGET).into(),
                host: head.header("host").map(|host| beginning(host, MAX_KEPT_HOST).into()),
                is_simple: head.start().is_simple(),
                first: input.first,
                last: input.packet,
                is_whole: false,
                exchange: self.exchanges,
                previous: self.last_request,
            });
            note.not_paired = !kept;
            self.last_request = Some(input.packet.number);
            return note;
        }
        let interim = matches!(head.status(), Some(100..=199)) && head.status() != Some(101);
        note.request = self.answered(input, interim).map(Box::new);
        let method = note.request.as_ref().map(|request| &*request.method);
        note.framing = Framing::of(head, method);
        note.persistent &= note.framing != Framing::UntilClose;
        match &note.request {
            Some(request) => {
                note.exchange = request.exchange;
                note.previous_request = request.previous;
            }
            None => {
                self.exchanges = self.exchanges.saturating_add(1);
                note.exchange = self.exchanges;
                note.previous_request = self.last_request;
            }
        }
        note.previous_response = self.last_response;
        self.opens(head, method == Some(b"CONNECT"));
        note
    }

    /// The request that a response which begins here answers; a response that is not the last one leaves it waiting.
    fn answered(&mut self, input: &Input<'_>, interim: bool) -> Option<Asked> {
        let waiting = self.asked.of_mut(input.from.reversed());
        // What began before the request does not answer it: that of a request which is not in the capture.
        if waiting.front().is_some_and(|asked| asked.first.number > input.first.number) {
            return None;
        }
        if interim { waiting.front().cloned() } else { waiting.pop() }
    }

    /// Whether a response makes the connection something else.
    fn opens(&mut self, head: &Head<'_>, to_connect: bool) {
        let upgrade = |to: &[u8]| {
            head.list("upgrade").any(|name| name.get(..to.len()).is_some_and(|n| n.eq_ignore_ascii_case(to)))
        };
        match head.status() {
            Some(101) if upgrade(b"TLS/") => self.carries = Carries::Tls,
            Some(101) => self.carries = Carries::Opaque,
            Some(200..=299) if to_connect => self.carries = Carries::Tunnel,
            _ => {}
        }
    }

    /// The first `len` bytes are a message, which `cut` says is not whole.
    fn message(&mut self, input: &Input<'_>, len: usize, mut note: Box<HttpNote>, cut: Option<Cut>) -> Step {
        note.cut = cut;
        if note.is_response {
            self.last_response = Some(input.packet.number);
            let request = note.request.as_ref().filter(|request| request.is_whole);
            note.elapsed = request.and_then(|request| input.packet.since(request.last));
        } else {
            self.ended(input, note.exchange);
        }
        Step::Message { len, note: Note::Http(note), inner: None }
    }

    /// A request's last byte came.
    fn ended(&mut self, input: &Input<'_>, exchange: u32) {
        let packet: PacketStamp = input.packet;
        let waiting = self.asked.of_mut(input.from);
        if let Some(request) = waiting.of_exchange(exchange) {
            request.last = packet;
            request.is_whole = true;
        }
        if exchange == self.exchanges {
            self.last_request = Some(packet.number);
        }
    }

    /// The body of a message that is kept with it; its chunks are known up to `at`.
    fn body(&mut self, input: &Input<'_>, note: Box<HttpNote>, at: usize) -> Step {
        let bytes = input.bytes;
        let (end, next) = match note.framing {
            Framing::None => (Some(note.head_len), at),
            Framing::Length(len) => {
                let end = usize::try_from(len).ok().and_then(|len| note.head_len.checked_add(len));
                let end = end.unwrap_or(usize::MAX);
                if end > bytes.len() && input.end.is_none() {
                    *self.sides.of_mut(input.from) = Side::Body { note, at };
                    return Step::More(end);
                }
                (Some(end).filter(|end| *end <= bytes.len()), at)
            }
            Framing::Chunked => match chunks_end(bytes, at) {
                ChunksEnd::At(end) => (Some(end), at),
                // What is no chunk does not belong to it.
                ChunksEnd::Bad(end) => return self.message(input, end, note, Some(Cut::NoChunk)),
                ChunksEnd::Needs { bytes: need, at } => {
                    if input.end.is_none() {
                        *self.sides.of_mut(input.from) = Side::Body { note, at };
                        return Step::More(need);
                    }
                    (None, at)
                }
            },
            Framing::UntilClose => {
                if input.end.is_none() {
                    *self.sides.of_mut(input.from) = Side::Body { note, at };
                    return Step::More(bytes.len().saturating_add(1));
                }
                let closed = matches!(input.end, Some(Ending::Fin | Ending::Datagram));
                (Some(bytes.len()).filter(|_| closed), at)
            }
        };
        if let Some(end) = end {
            return self.message(input, end, note, None);
        }
        *self.sides.of_mut(input.from) = rest(note.framing, note.head_len, bytes, next);
        self.message(input, bytes.len(), note, input.end.map(Cut::Ended))
    }

    /// A body that is not kept.
    fn skip(&mut self, input: &Input<'_>, skips: Skips) -> Step {
        let mut then = |side| *self.sides.of_mut(input.from) = side;
        match skips {
            Skips::Bytes(len) => Step::Skip(len),
            Skips::Chunk => match chunk_at(input.bytes, 0) {
                ChunkStep::Chunk { data, size: 0 } => {
                    then(Side::Skips(Skips::Trailer));
                    Step::Skip(count(data))
                }
                ChunkStep::Chunk { data, size } => {
                    then(Side::Skips(Skips::ChunkEnd));
                    Step::Skip(count(data).saturating_add(size))
                }
                ChunkStep::More => {
                    if input.end.is_none() {
                        then(Side::Skips(skips));
                    }
                    Step::More(input.bytes.len().saturating_add(1))
                }
                ChunkStep::Bad => Step::Lost,
            },
            Skips::ChunkEnd | Skips::Trailer => match line_at(input.bytes, 0) {
                Some(line) if line.start == line.end => {
                    if matches!(skips, Skips::ChunkEnd) {
                        then(Side::Skips(Skips::Chunk));
                    }
                    Step::Skip(count(line.next))
                }
                Some(line) if matches!(skips, Skips::Trailer) => {
                    then(Side::Skips(skips));
                    Step::Skip(count(line.next))
                }
                None if input.end.is_none() && input.bytes.len() < MAX_HEAD_BYTES => {
                    then(Side::Skips(skips));
                    Step::More(input.bytes.len().saturating_add(1))
                }
                _ => Step::Lost,
            },
        }
    }

    /// The first bytes in a tunnel.
    fn tunnel(&mut self, input: &Input<'_>) -> Step {
        let one_more = Step::More(input.bytes.len().saturating_add(1));
        match (input.bytes, head::begins(input.bytes)) {
            ([], _) => one_more,
            ([0x16, 3, ..], _) => Step::Switch(Protocol::Tls),
            ([0x16], _) if input.end.is_none() => one_more,
            (_, Begins::Perhaps) if input.end.is_none() => one_more,
            (_, Begins::Yes) => {
                self.carries = Carries::Messages;
                self.head(input, 0)
            }
            _ => {
                self.carries = Carries::Opaque;
                Step::Skip(u64::MAX)
            }
        }
    }
}

/// Where a side is when its body was told before it was whole.
fn rest(framing: Framing, head_len: usize, bytes: &[u8], chunk: usize) -> Side {
    let had = count(bytes.len().saturating_sub(head_len));
    match framing {
        Framing::Length(len) => Side::Rest(len.saturating_sub(had)),
        Framing::UntilClose => Side::Rest(u64::MAX),
        Framing::Chunked => match chunk_at(bytes, chunk) {
            ChunkStep::Chunk { data, size } if size > 0 => {
                let had = count(bytes.len().saturating_sub(data));
                if had < size { Side::Rest(size.saturating_sub(had)) } else { Side::Start }
            }
            _ => Side::Start,
        },
        Framing::None => Side::Start,
    }
}

/// Whether the capture kept only the beginning of the packet.
fn is_snapped(input: &Input<'_>) -> bool {
    matches!(input.end, Some(Ending::Cut(_) | Ending::Snapped))
}

/// What is known of a head's end.
enum HeadEnd {
    Found,
    /// It is not before this place, where a line begins that is not whole.
    Behind(usize),
}

fn begun(bytes: &[u8]) -> HeadEnd {
    match Head::read(bytes) {
        Some(head) if head.is_whole() => HeadEnd::Found,
        Some(head) => search(bytes, head.first_line().next),
        None => HeadEnd::Behind(0),
    }
}

/// Searches for the empty line that ends a head, line by line from `at` on.
fn search(bytes: &[u8], mut at: usize) -> HeadEnd {
    while let Some(line) = line_at(bytes, at) {
        at = line.next;
        if line.start == line.end {
            return HeadEnd::Found;
        }
    }
    HeadEnd::Behind(at)
}

/// RFC 9112 section 9.3.
fn is_persistent(head: &Head<'_>) -> bool {
    let says = |what: &[u8]| head.list("connection").any(|option| option.eq_ignore_ascii_case(what));
    match head.version() {
        b"HTTP/1.1" => !says(b"close"),
        b"HTTP/1.0" => says(b"keep-alive") && !says(b"close"),
        _ => false,
    }
}

fn beginning(bytes: &[u8], most: usize) -> &[u8] {
    bytes.get(..most).unwrap_or(bytes)
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
