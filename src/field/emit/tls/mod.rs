//! TLS and DTLS: records and what they carry.

mod certificate;
mod datagram;
mod exchange;
mod extension;
mod fingerprint;
mod handshake;
mod names;
mod parameters;
mod walk;

pub(super) use datagram::emit as emit_datagram;
pub(super) use handshake::{Form, Messages, is_wanted};
pub(super) use walk::text;

#[cfg(test)]
mod tests;

use super::run::Run;
use super::{Emitter, Subject};
use crate::field::Value;
use crate::field::names::tls;
use crate::proto::tls::{Body, RECORD_HEADER, TlsNote, content, is_tls13};
use crate::proto::{Message, Note};
use names::{Names, TLS};
use walk::Walk;

pub(super) fn emit(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    if !out.wants_any_of(tls::PROTOCOL) && !certificate::is_wanted(out) {
        return;
    }
    let Note::Tls(note) = &message.note else { return };
    let all = Run::of(subject.packet, message.range);
    out.open(tls::PROTOCOL, Value::Bytes(all.bytes()), message.range);
    if note.body == Body::Old {
        old_record(&all, out);
    } else {
        let joined = message.inner.filter(|_| note.body == Body::Joined);
        record(&all, note, joined.map(|range| Run::of(subject.packet, range)), message.cut, out);
    }
    out.close();
}

fn record(all: &Run<'_>, note: &TlsNote, joined: Option<Run<'_>>, cut: bool, out: &mut Emitter<'_>) {
    let Some(kind) = all.byte(0) else { return };
    all.open(tls::RECORD, 0, all.len(), out);
    let is_tls13 = note.version.is_some_and(is_tls13);
    let is_opaque = is_tls13 && kind == content::APPLICATION_DATA;
    let name = if is_opaque { tls::RECORD_OPAQUE_TYPE } else { tls::RECORD_CONTENT_TYPE };
    all.list(0, &[(name, 1), (tls::RECORD_VERSION, 2), (tls::RECORD_LENGTH, 2)], out);
    let body = all.from(RECORD_HEADER);
    if kind == content::HANDSHAKE && !matches!(note.body, Body::Encrypted | Body::Fragment) {
        let form = Form::stream(note.version, note.cipher);
        Messages { form, cut }.emit(&joined.unwrap_or(body), out);
    } else {
        carried(&body, kind, note.body, &TLS, out);
    }
    out.close();
}

/// The body of a record that is no handshake message in clear.
fn carried(body: &Run<'_>, kind: u8, reading: Body, names: &Names, out: &mut Emitter<'_>) {
    let encrypted = reading == Body::Encrypted;
    match kind {
        content::CHANGE_CIPHER_SPEC => body.give(names.CHANGE_CIPHER_SPEC, 0, body.len(), out),
        content::ALERT => {
            body.open(names.ALERT_MESSAGE, 0, body.len(), out);
            if !encrypted {
                body.list(0, &[(names.ALERT_MESSAGE_LEVEL, 1), (names.ALERT_MESSAGE_DESC, 1)], out);
            }
            out.close();
        }
        content::HANDSHAKE if encrypted => body.give(names.HANDSHAKE, 0, body.len(), out),
        content::APPLICATION_DATA => body.give(names.APP_DATA, 0, body.len(), out),
        content::HEARTBEAT => heartbeat(body, encrypted, names, out),
        _ => {}
    }
}

/// RFC 6520 section 4. A payload that is said to be longer than the message is how Heartbleed reads memory.
fn heartbeat(body: &Run<'_>, encrypted: bool, names: &Names, out: &mut Emitter<'_>) {
    body.open(names.HEARTBEAT_MESSAGE, 0, body.len(), out);
    if !encrypted {
        let mut walk = Walk::new(*body);
        walk.number(names.HEARTBEAT_MESSAGE_TYPE, 1, out);
        if let Some(len) = walk.number(names.HEARTBEAT_MESSAGE_PAYLOAD_LENGTH, 2, out) {
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            if len > walk.left() {
                out.give(names.HEARTBEAT_MESSAGE_PAYLOAD_LENGTH_INVALID, Value::Mark, body.range(1, 2));
            }
            walk.bytes(names.HEARTBEAT_MESSAGE_PAYLOAD, len, out);
            if walk.left() > 0 {
                walk.bytes(names.HEARTBEAT_MESSAGE_PADDING, usize::MAX, out);
            }
        }
    }
    out.close();
}

/// A record of SSL 2.0: the client hello by its parts (RFC 5246 appendix E.2), of any other what kind it is.
fn old_record(all: &Run<'_>, out: &mut Emitter<'_>) {
    let header = if all.byte(0).is_some_and(|first| first & 0x80 != 0) { 2 } else { 3 };
    let len = all.word(0).map_or(0, |word| word & if header == 2 { 0x7fff } else { 0x3fff });
    all.open(tls::RECORD, 0, all.len(), out);
    let is_hello = all.byte(header) == Some(1);
    // The version is not in the record, and is known to be this from its form.
    out.give(tls::RECORD_VERSION, Value::Unsigned(0x0002), all.range(0, 0));
    out.give(tls::RECORD_LENGTH, Value::Unsigned(u64::from(len)), all.range(0, header));
    all.give(tls::HANDSHAKE_TYPE, header, 1, out);
    if is_hello {
        let mut walk = Walk::new(all.from(header + 1));
        let lengths = [tls::CIPHER_SPEC_LEN, tls::SESSION_ID_LENGTH, tls::CHALLENGE_LENGTH];
        walk.number(tls::HANDSHAKE_VERSION, 2, out);
        let [ciphers, id, challenge] = lengths.map(|length| {
            walk.number(length, 2, out).map_or(0, |len| usize::try_from(len).unwrap_or(usize::MAX))
        });
        let ciphers = walk.part(ciphers);
        ciphers.open(tls::CIPHERSUITES, 0, ciphers.len(), out);
        Walk::new(ciphers).numbers(tls::CIPHERSPEC, 3, out);
        out.close();
        if id > 0 {
            walk.bytes(tls::SESSION_ID, id, out);
        }
        if challenge > 0 {
            walk.bytes(tls::CHALLENGE, challenge, out);
        }
    }
    out.close();
}
