//! HTTP, and SSDP, whose messages have its form.

use std::borrow::Cow;

use super::http_body;
use super::run::Run;
use super::{ByteRange, Emitter, Subject};
use crate::field::names::{http, ssdp, urlencoded_form};
use crate::field::words::http::response_code;
use crate::field::{FieldId, Value};
use crate::flow::{Hindsight, HttpPackets};
use crate::proto::http::head::{Header, Start};
use crate::proto::http::{Cut, Framing, Head, HttpNote, full_uri};
use crate::proto::{Ending, Message, Messages, Note, Protocol};

/// The header fields that have a name, as it stands before the colon, in lower case.
const HEADERS: [(&str, FieldId); 30] = [
    ("authorization", http::AUTHORIZATION),
    ("proxy-authorization", http::PROXY_AUTHORIZATION),
    ("proxy-authenticate", http::PROXY_AUTHENTICATE),
    ("www-authenticate", http::WWW_AUTHENTICATE),
    ("content-type", http::CONTENT_TYPE),
    ("content-length", http::CONTENT_LENGTH_HEADER),
    ("content-encoding", http::CONTENT_ENCODING),
    ("transfer-encoding", http::TRANSFER_ENCODING),
    ("upgrade", http::UPGRADE),
    ("user-agent", http::USER_AGENT),
    ("host", http::HOST),
    ("connection", http::CONNECTION),
    ("cookie", http::COOKIE),
    ("accept", http::ACCEPT),
    ("referer", http::REFERER),
    ("accept-language", http::ACCEPT_LANGUAGE),
    ("accept-encoding", http::ACCEPT_ENCODING),
    ("date", http::DATE),
    ("cache-control", http::CACHE_CONTROL),
    ("server", http::SERVER),
    ("location", http::LOCATION),
    ("sec-websocket-accept", http::SEC_WEBSOCKET_ACCEPT),
    ("sec-websocket-extensions", http::SEC_WEBSOCKET_EXTENSIONS),
    ("sec-websocket-key", http::SEC_WEBSOCKET_KEY),
    ("sec-websocket-protocol", http::SEC_WEBSOCKET_PROTOCOL),
    ("sec-websocket-version", http::SEC_WEBSOCKET_VERSION),
    ("set-cookie", http::SET_COOKIE),
    ("last-modified", http::LAST_MODIFIED),
    ("x-forwarded-for", http::X_FORWARDED_FOR),
    ("http2-settings", http::HTTP2_SETTINGS),
];

/// The longest body that Wireshark counts: what says to be longer ends with its connection.
const LONGEST_COUNTED: u64 = 0x7fff_ffff;

/// A message on its way out.
struct Out<'a, 'p, 'e> {
    all: Run<'p>,
    note: &'a HttpNote,
    head: Head<'p>,
    out: &'a mut Emitter<'e>,
    hindsight: Option<&'a Hindsight>,
    /// Of the flow.
    place: Option<usize>,
}

pub(super) fn emit(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    let protocol = if message.protocol == Protocol::Ssdp { ssdp::PROTOCOL } else { http::PROTOCOL };
    let wanted = [http::PROTOCOL, protocol, urlencoded_form::PROTOCOL];
    let Note::Http(note) = &message.note else { return };
    if !wanted.iter().any(|id| out.wants_any_of(*id)) || !is_told(note) {
        return;
    }
    let all = Run::of(subject.packet, message.range);
    let head = if matches!(note.cut, Some(Cut::Ended(Ending::Cut(_) | Ending::Snapped))) {
        Head::read_cut(all.bytes())
    } else {
        Head::read(all.bytes())
    };
    let Some(head) = head.filter(|_| note.head_len > 0) else {
        return http_body::of_simple_response(&all, protocol, out);
    };
    out.open(protocol, Value::Bytes(all.bytes()), all.range(0, note.head_len));
    let mut message = Out { all, note, head, out, hindsight: subject.context.hindsight, place: message.flow };
    message.first_line();
    message.headers();
    message.generated();
    let unpacking = subject.context.messages.map(Messages::unpacking);
    let body = unpacking.map(|unpacking| http_body::Body { all: &all, note, head: &head, unpacking });
    if let Some(body) = &body {
        body.emit(message.out);
    }
    out.close();
    if let Some(body) = &body {
        body.form(out);
    }
}

/// As Wireshark does, nothing is told of a message that is not there whole, unless the capture kept the beginning of its
/// packet only, or the connection closed within a body whose length Wireshark cannot count to, or that is damaged.
fn is_told(note: &HttpNote) -> bool {
    match (note.cut, note.framing) {
        (None | Some(Cut::NoChunk | Cut::Ended(Ending::Cut(_) | Ending::Snapped | Ending::Datagram)), _) => {
            true
        }
        (Some(Cut::Ended(Ending::Fin)), Framing::Length(len)) => len > LONGEST_COUNTED,
        (Some(Cut::Ended(_)), _) => false,
    }
}

/// Text as Wireshark tells ASCII: a character of its own for each byte beyond.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    // A zero ends a text.
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => {
            let shown =
                |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
            Cow::Owned(bytes.iter().map(shown).collect())
        }
    }
}

impl Out<'_, '_, '_> {
    /// The bytes at `at` as text.
    fn text(&mut self, id: FieldId, at: usize, len: usize) {
        if self.out.wants(id) {
            let part = self.all.part(at, len);
            self.out.give(id, Value::Text(&text(part.bytes())), self.all.range(at, len));
        }
    }

    /// Where `part`, some of the message's bytes, stands.
    fn place(&self, part: &[u8]) -> usize {
        part.as_ptr().addr().saturating_sub(self.all.bytes().as_ptr().addr()).min(self.all.len())
    }

    fn part(&mut self, id: FieldId, part: &[u8]) {
        self.text(id, self.place(part), part.len());
    }

    fn first_line(&mut self) {
        let line = self.head.first_line();
        if line.start > 0 {
            self.out.give(http::LEADING_CRLF, Value::Mark, ByteRange::default());
        }
        self.out.give(http::CHAT, Value::Mark, ByteRange::default());
        match self.head.start() {
            Start::Request { method, target, version } => {
                self.part(http::REQUEST_METHOD, method);
                self.target(target);
                if !version.is_empty() {
                    self.part(http::REQUEST_VERSION, version);
                }
            }
            Start::Response { version, code, phrase } => {
                self.part(http::RESPONSE_VERSION, version);
                if let Some(status) = self.head.status() {
                    let range = self.all.range(self.place(code), code.len());
                    self.out.give(http::RESPONSE_CODE, Value::Unsigned(u64::from(status)), range);
                    if let Some(words) = response_code(u64::from(status)) {
                        self.out.give(http::RESPONSE_CODE_DESC, Value::Text(words), range);
                    }
                }
                if !phrase.is_empty() {
                    self.part(http::RESPONSE_PHRASE, phrase);
                }
            }
        }
    }

    fn target(&mut self, target: &[u8]) {
        if target.is_empty() {
            return;
        }
        let at = self.place(target);
        let range = self.all.range(at, target.len());
        self.out.open(http::REQUEST_URI, Value::Text(&text(target)), range);
        if let Some(mark) = memchr::memchr(b'?', target) {
            let (path, query) = target.split_at_checked(mark).unwrap_or((target, &[]));
            let query = query.get(1..).unwrap_or(&[]);
            self.part(http::REQUEST_URI_PATH, path);
            let query_range = self.all.range(self.place(query), query.len());
            self.out.open(http::REQUEST_URI_QUERY, Value::Text(&text(query)), query_range);
            if self.out.wants(http::REQUEST_URI_QUERY_PARAMETER) {
                for parameter in query.split(|byte| *byte == b'&') {
                    self.part(http::REQUEST_URI_QUERY_PARAMETER, parameter);
                }
            }
            self.out.close();
        }
        self.out.close();
    }

    fn headers(&mut self) {
        let lines = if self.note.is_response { http::RESPONSE_LINE } else { http::REQUEST_LINE };
        let head = self.head;
        for header in head.headers() {
            if header.has_colon {
                let name = |(name, _): &&(&str, FieldId)| header.is(name.as_bytes());
                if let Some((_, id)) = HEADERS.iter().find(name) {
                    self.header(*id, &header);
                }
                if !header.name.iter().all(|byte| byte.is_ascii_graphic()) {
                    self.out.give(http::BAD_HEADER_NAME, Value::Mark, ByteRange::default());
                }
            }
            let line = header.line;
            self.text(lines, line.start, line.next.saturating_sub(line.start));
        }
    }

    fn header(&mut self, id: FieldId, header: &Header<'_>) {
        let range = self.all.range(header.line.start, header.line.next.saturating_sub(header.line.start));
        let value = match header.unfolded() {
            // Blanks behind it are left, as Wireshark leaves them.
            Cow::Borrowed(_) => {
                let len = header.line.end.saturating_sub(header.value_at);
                Cow::Borrowed(self.all.part(header.value_at, len).bytes())
            }
            folded => folded,
        };
        self.out.open(id, Value::Text(&text(&value)), range);
        match id {
            http::CONTENT_LENGTH_HEADER => {
                let digits = value.split(|byte| !byte.is_ascii_digit()).next().unwrap_or(&[]);
                if let Some(len) = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()) {
                    self.out.give(http::CONTENT_LENGTH, Value::Unsigned(len), range);
                }
            }
            http::AUTHORIZATION | http::PROXY_AUTHORIZATION if self.out.wants(http::AUTHBASIC) => {
                if let Some(credentials) = basic_credentials(&value) {
                    self.out.give(http::AUTHBASIC, Value::Text(&text(&credentials)), ByteRange::default());
                }
            }
            http::COOKIE if self.out.wants(http::COOKIE_PAIR) => {
                for pair in header.value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii) {
                    if !pair.is_empty() {
                        self.part(http::COOKIE_PAIR, pair);
                    }
                }
            }
            http::TRANSFER_ENCODING => self.transfer_encoding(&value),
            _ => {}
        }
        self.out.close();
    }

    fn transfer_encoding(&mut self, value: &[u8]) {
        let known =
            [b"chunked".as_slice(), b"gzip", b"x-gzip", b"deflate", b"compress", b"x-compress", b"identity"];
        let is_known = |coding: &[u8]| known.iter().any(|name| coding.eq_ignore_ascii_case(name));
        if !value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).all(is_known) {
            self.out.give(http::TE_UNKNOWN, Value::Mark, ByteRange::default());
        }
    }

    /// What follows from the message and those before it.
    fn generated(&mut self) {
        let nowhere = ByteRange::default();
        let (note, out) = (self.note, &mut *self.out);
        if out.wants(http::TE_AND_LENGTH)
            && self.head.header("transfer-encoding").is_some()
            && self.head.header("content-length").is_some()
        {
            out.give(http::TE_AND_LENGTH, Value::Mark, nowhere);
        }
        if let Start::Request { method, target, .. } = self.head.start() {
            if out.wants(http::REQUEST_FULL_URI)
                && let Some(uri) = full_uri(method, target, self.head.header("host"))
            {
                out.give(http::REQUEST_FULL_URI, Value::Text(&text(&uri)), nowhere);
            }
            let kind = if method == b"NOTIFY" { http::NOTIFICATION } else { http::REQUEST };
            out.give(kind, Value::Unsigned(1), nowhere);
            out.give(http::REQUEST_NUMBER, Value::Unsigned(u64::from(note.exchange)), nowhere);
            if let Some(number) = note.previous_request {
                out.give(http::PREV_REQUEST_IN, Value::Unsigned(number), nowhere);
            }
            if let Some(number) = self.known(0).response {
                self.out.give(http::RESPONSE_IN, Value::Unsigned(number), nowhere);
            }
            if let Some(number) = self.known(1).request {
                self.out.give(http::NEXT_REQUEST_IN, Value::Unsigned(number), nowhere);
            }
            return;
        }
        out.give(http::RESPONSE, Value::Unsigned(1), nowhere);
        out.give(http::RESPONSE_NUMBER, Value::Unsigned(u64::from(note.exchange)), nowhere);
        if let Some(elapsed) = note.elapsed {
            out.give(http::TIME, Value::Delta(elapsed), nowhere);
        }
        if let Some(number) = note.previous_request {
            out.give(http::PREV_REQUEST_IN, Value::Unsigned(number), nowhere);
        }
        if let Some(number) = note.previous_response {
            out.give(http::PREV_RESPONSE_IN, Value::Unsigned(number), nowhere);
        }
        // The packet that a request is told in comes after an answer to its head alone.
        if let Some(request) = note.request.as_ref().filter(|request| request.is_whole) {
            out.give(http::REQUEST_IN, Value::Unsigned(request.last.number), nowhere);
            if out.wants(http::RESPONSE_FOR_URI)
                && let Some(uri) = request.full_uri()
            {
                out.give(http::RESPONSE_FOR_URI, Value::Text(&text(&uri)), nowhere);
            }
        }
        let next = self.known(1);
        if let Some(number) = next.request {
            self.out.give(http::NEXT_REQUEST_IN, Value::Unsigned(number), nowhere);
        }
        if let Some(number) = next.response {
            self.out.give(http::NEXT_RESPONSE_IN, Value::Unsigned(number), nowhere);
        }
    }

    /// What a first pass found of this message's exchange, or of the one so many behind.
    fn known(&self, behind: u32) -> HttpPackets {
        let known = self.hindsight.zip(self.place);
        known.map_or_else(HttpPackets::default, |(known, place)| {
            known.exchange_in(place, self.note.exchange.saturating_add(behind))
        })
    }
}

/// User and password behind `Basic` (RFC 7617), decoded.
fn basic_credentials(value: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = value.split_at_checked(b"basic".len())?;
    if !scheme.eq_ignore_ascii_case(b"basic") || !rest.first().is_some_and(u8::is_ascii_whitespace) {
        return None;
    }
    Some(crate::proto::http::base64(rest))
}
