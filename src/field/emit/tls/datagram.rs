//! DTLS records.

use super::super::run::Run;
use super::super::{Emitter, Subject};
use super::carried;
use super::handshake::{Form, message};
use super::names::DTLS;
use crate::field::Value;
use crate::field::names::dtls;
use crate::proto::tls::{
    Body, DTLS_HANDSHAKE_HEADER, DTLS_RECORD_HEADER, DtlsHeader, Fragment, Handshakes, TlsNote, content,
};
use crate::proto::{Message, Note};

pub(in crate::field::emit) fn emit(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    let Note::Tls(note) = &message.note else { return };
    if !out.wants_any_of(dtls::PROTOCOL) && !super::certificate::is_wanted(out) {
        return;
    }
    let all = Run::of(subject.packet, message.range);
    let inner = message.inner.map(|inner| Run::of(subject.packet, inner));
    out.open(dtls::PROTOCOL, Value::Bytes(all.bytes()), message.range);
    record(&all, note, inner, out);
    out.close();
}

fn record(all: &Run<'_>, note: &TlsNote, inner: Option<Run<'_>>, out: &mut Emitter<'_>) {
    let Some(header) = DtlsHeader::read(all.bytes()) else { return };
    all.open(dtls::RECORD, 0, all.len(), out);
    let fields = [
        (dtls::RECORD_CONTENT_TYPE, 1),
        (dtls::RECORD_VERSION, 2),
        (dtls::RECORD_EPOCH, 2),
        (dtls::RECORD_SEQUENCE_NUMBER, 6),
        (dtls::RECORD_LENGTH, 2),
    ];
    all.list(0, &fields, out);
    let body = all.from(DTLS_RECORD_HEADER);
    if header.content_type == content::HANDSHAKE && note.body != Body::Encrypted {
        fragments(&body, note, inner, out);
    } else {
        carried(&body, header.content_type, note.body, &DTLS, out);
    }
    out.close();
}

/// The handshake fragments of a record; one that completes its message is followed by the message's fields.
fn fragments(body: &Run<'_>, note: &TlsNote, inner: Option<Run<'_>>, out: &mut Emitter<'_>) {
    let form = Form::datagrams(note.version, note.cipher);
    let mut rest = *body;
    let mut joined = inner.map(|inner| (inner, Handshakes::new(inner.bytes())));
    while let Some(fragment) = Fragment::read(rest.bytes()) {
        let whole = rest.part(0, fragment.whole());
        whole.open(dtls::HANDSHAKE, 0, whole.len(), out);
        let fields = [
            (dtls::HANDSHAKE_TYPE, 1),
            (dtls::HANDSHAKE_LENGTH, 3),
            (dtls::HANDSHAKE_MESSAGE_SEQ, 2),
            (dtls::HANDSHAKE_FRAGMENT_OFFSET, 3),
            (dtls::HANDSHAKE_FRAGMENT_LENGTH, 3),
        ];
        whole.list(0, &fields, out);
        let ends = joined.as_mut().and_then(|(inner, messages)| {
            let next = messages.clone().next()?;
            let is_it = next.kind == fragment.kind && next.claimed == fragment.message_len;
            if !is_it {
                return None;
            }
            messages.next();
            let end = inner.len().saturating_sub(messages.rest().len());
            Some(inner.part(end.saturating_sub(next.body.len()), next.body.len()))
        });
        if fragment.is_message() || ends.is_none() && fragment.offset == 0 && note.body == Body::Clear {
            message(fragment.kind, &whole.from(DTLS_HANDSHAKE_HEADER), form, out);
        } else if let Some(ends) = ends {
            message(fragment.kind, &ends, form, out);
        }
        out.close();
        rest = rest.from(whole.len());
    }
}
