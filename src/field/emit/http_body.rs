//! Bodies of HTTP messages.

use super::http::text;
use super::run::Run;
use super::{ByteRange, Emitter};
use crate::field::names::{http, ocsp, urlencoded_form};
use crate::field::{FieldId, Value};
use crate::proto::http::body::{Fault, Unpacking, chunks, trailers};
use crate::proto::http::{Framing, Head, HttpNote, unescape_form};

/// A body, and what is needed to read it.
pub(super) struct Body<'a, 'p> {
    pub(super) all: &'a Run<'p>,
    pub(super) note: &'a HttpNote,
    pub(super) head: &'a Head<'p>,
    pub(super) unpacking: &'a Unpacking,
}

impl Body<'_, '_> {
    /// Hands out chunks and body.
    pub(super) fn emit(&self, out: &mut Emitter<'_>) {
        let Self { all, note, head, unpacking } = *self;
        let raw = all.from(note.head_len);
        if raw.is_empty() || matches!(note.framing, Framing::None) {
            return;
        }
        if note.framing == Framing::Chunked {
            emit_chunks(&raw, out);
        }
        if ![http::FILE_DATA, http::DECOMPRESSION_FAILED, ocsp::PROTOCOL].iter().any(|id| out.wants(*id)) {
            return;
        }
        let decoded = unpacking.decode(head, note.framing, raw.bytes());
        // What is still packed is not the document; that it is left out is told at the end.
        if decoded.fault == Some(Fault::EnoughUnpacked) {
            return;
        }
        if matches!(decoded.fault, Some(Fault::Damaged(_))) {
            out.give(http::DECOMPRESSION_FAILED, Value::Mark, ByteRange::default());
        }
        if !decoded.bytes.is_empty() {
            let is_raw = matches!(decoded.bytes, std::borrow::Cow::Borrowed(_));
            let range = if is_raw { raw.range(0, raw.len()) } else { ByteRange::default() };
            if out.wants(http::FILE_DATA) {
                out.give(http::FILE_DATA, Value::Text(&text(&decoded.bytes)), range);
            }
            // RFC 6960 appendix A.
            let is_ocsp = |kind: &[u8]| {
                let of =
                    |name: &[u8]| kind.get(..name.len()).is_some_and(|kind| kind.eq_ignore_ascii_case(name));
                of(b"application/ocsp-request") || of(b"application/ocsp-response")
            };
            if head.header("content-type").is_some_and(is_ocsp) {
                out.open(ocsp::PROTOCOL, Value::Bytes(&decoded.bytes), range);
                out.close();
            }
        }
    }

    /// A form that was filled in and sent (WHATWG URL, `application/x-www-form-urlencoded`).
    pub(super) fn form(&self, out: &mut Emitter<'_>) {
        let Self { all, note, head, unpacking } = *self;
        if !out.wants_any_of(urlencoded_form::PROTOCOL) || note.framing == Framing::None {
            return;
        }
        let is_form = head.header("content-type").is_some_and(|kind| {
            let kind = kind.split(|byte| *byte == b';').next().unwrap_or(&[]).trim_ascii();
            kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
        });
        let raw = all.from(note.head_len);
        if !is_form || raw.is_empty() {
            return;
        }
        let decoded = unpacking.decode(head, note.framing, raw.bytes());
        if decoded.fault == Some(Fault::EnoughUnpacked) {
            return;
        }
        let range = raw.range(0, raw.len());
        out.open(urlencoded_form::PROTOCOL, Value::Bytes(&decoded.bytes), range);
        for pair in decoded.bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            for id in [urlencoded_form::KEY, urlencoded_form::VALUE] {
                let part = unescape_form(parts.next().unwrap_or(&[]));
                out.give(id, Value::Text(&text(&part)), range);
            }
        }
        out.close();
    }
}

/// The answer to a request of HTTP/0.9: nothing but a body.
pub(super) fn of_simple_response(all: &Run<'_>, protocol: FieldId, out: &mut Emitter<'_>) {
    out.open(protocol, Value::Bytes(all.bytes()), all.range(0, all.len()));
    if out.wants(http::FILE_DATA) {
        out.give(http::FILE_DATA, Value::Text(&text(all.bytes())), all.range(0, all.len()));
    }
    out.close();
}

fn emit_chunks(raw: &Run<'_>, out: &mut Emitter<'_>) {
    let wanted = [http::CHUNK_SIZE, http::CHUNK_DATA, http::CHUNK_BOUNDARY, http::CHUNKED_TRAILER_PART];
    if !wanted.iter().any(|id| out.wants(*id)) {
        return;
    }
    for chunk in chunks(raw.bytes()) {
        let line = raw.range(chunk.start, chunk.data.saturating_sub(chunk.start));
        out.give(http::CHUNK_SIZE, Value::Unsigned(chunk.size), line);
        if chunk.size > 0 {
            raw.give(http::CHUNK_DATA, chunk.data, chunk.end.saturating_sub(chunk.data), out);
            raw.give(http::CHUNK_BOUNDARY, chunk.end, chunk.next.saturating_sub(chunk.end), out);
        }
    }
    for trailer in trailers(raw.bytes()) {
        let line = trailer.line;
        let range = raw.range(line.start, line.next.saturating_sub(line.start));
        let bytes = raw.part(line.start, line.next.saturating_sub(line.start));
        out.give(http::CHUNKED_TRAILER_PART, Value::Text(&text(bytes.bytes())), range);
    }
}
