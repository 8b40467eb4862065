//! What an HTTP message says, in a few words: `HTTP GET /index.html HTTP/1.1 (Host: x)`, `HTTP 200 OK text/html 1.2 kB,
//! answers #4 after 12 ms`.

use super::PacketLines;
use crate::decode::DecodedPacket;
use crate::proto::http::body::chunks;
use crate::proto::http::head::Start;
use crate::proto::http::{Cut, Framing, Head, HttpNote};
use crate::proto::{Ending, Message, Note};
use crate::render::color::Style;
use crate::render::format::{Bytes, Elapsed};

/// Columns of a target: a longer one tells no more on a line.
const TARGET_COLUMNS: usize = 1000;

/// Columns of a host, a method, a status phrase or a media type; they are shorter where they are meant well.
const WORD_COLUMNS: usize = 80;

impl PacketLines {
    /// Writes the HTTP message in words.
    pub(super) fn http(&mut self, message: &Message, decoded: &DecodedPacket<'_>) {
        let Note::Http(note) = &message.note else { return };
        let bytes = message.bytes(decoded);
        self.line.put(message.protocol.name());
        let is_snapped = matches!(note.cut, Some(Cut::Ended(Ending::Cut(_) | Ending::Snapped)));
        let head = if is_snapped { Head::read_cut(bytes) } else { Head::read(bytes) };
        let head = head.filter(|_| note.head_len > 0);
        match &head {
            Some(head) => self.first_line(head),
            None => self.line.put(" answer without a head"),
        }
        if let Some(kind) = head.as_ref().and_then(media_type) {
            self.word(kind);
        }
        let body = bytes.get(note.head_len..).unwrap_or(&[]);
        if let Some(len @ 1..) = body_len(note.framing, body) {
            let coding = head.as_ref().and_then(|head| head.header("content-encoding"));
            if let Some(coding) = coding.filter(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
                self.word(coding);
            }
            self.line.put(" ");
            self.line.put_display(Bytes(len));
        }
        self.connection(note);
        if message.first.number < message.last.number {
            self.line.put(", begun in #");
            self.line.put_number(message.first.number, 0);
        }
        if note.cut.is_some() {
            self.line.put(", ");
            self.line.put_styled(Style::Yellow, "not whole");
        }
    }

    /// The request line and the host, or the status line.
    fn first_line(&mut self, head: &Head<'_>) {
        match head.start() {
            Start::Request { method, target, version } => {
                self.word(method);
                self.line.put(" ");
                self.line.put_payload(target, TARGET_COLUMNS);
                if !version.is_empty() {
                    self.word(version);
                }
                if let Some(host) = head.header("host") {
                    self.line.put(" (Host: ");
                    self.line.put_payload(host, WORD_COLUMNS);
                    self.line.put(")");
                }
            }
            Start::Response { code, phrase, .. } => {
                if matches!(head.status(), Some(400..)) {
                    self.line.start(Style::Red);
                }
                self.word(code);
                if !phrase.is_empty() {
                    self.word(phrase);
                }
                self.line.end();
            }
        }
    }

    fn word(&mut self, word: &[u8]) {
        self.line.put(" ");
        self.line.put_payload(word, WORD_COLUMNS);
    }

    /// What was asked, and how long ago.
    fn connection(&mut self, note: &HttpNote) {
        let Some(request) = &note.request else { return };
        self.line.put(", answers #");
        self.line.put_number(request.first.number, 0);
        if let Some(elapsed) = note.elapsed {
            self.line.put(" after ");
            self.line.put_payload(Elapsed(elapsed).to_string().as_bytes(), WORD_COLUMNS);
        }
    }
}

/// `text/html`, as it stands there.
fn media_type<'a>(head: &Head<'a>) -> Option<&'a [u8]> {
    let kind = head.header("content-type")?.split(|byte| *byte == b';').next()?.trim_ascii();
    (!kind.is_empty()).then_some(kind)
}

/// Bytes of the body without the lengths of its chunks; packed, where it is. `None` where there is none.
fn body_len(framing: Framing, body: &[u8]) -> Option<u64> {
    let there = |len: usize| u64::try_from(len).ok();
    match framing {
        Framing::None => None,
        // Where bodies are not kept, as announced.
        Framing::Length(len) if body.is_empty() => Some(len),
        Framing::Length(_) | Framing::UntilClose => there(body.len()),
        Framing::Chunked => there(chunks(body).map(|chunk| chunk.end.saturating_sub(chunk.data)).sum()),
    }
}
