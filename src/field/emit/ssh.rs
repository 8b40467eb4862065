//! SSH.

use super::run::Run;
use super::{ByteRange, Emitter, Subject, ascii};
use crate::field::names::ssh;
use crate::field::{FieldId, Value};
use crate::proto::ssh::{Exchange, SshNote, SshPart, code};
use crate::proto::{Message, Note};

/// The lists of names that begin a key exchange (RFC 4253 section 7.1): their length, and they.
const NAMES: [(FieldId, FieldId); 10] = [
    (ssh::KEX_LEN, ssh::KEX),
    (ssh::HOST_KEY_ALGORITHMS_LEN, ssh::HOST_KEY_ALGORITHMS),
    (ssh::ENC_CS_LEN, ssh::ENC_CS),
    (ssh::ENC_SC_LEN, ssh::ENC_SC),
    (ssh::MAC_CS_LEN, ssh::MAC_CS),
    (ssh::MAC_SC_LEN, ssh::MAC_SC),
    (ssh::COMP_CS_LEN, ssh::COMP_CS),
    (ssh::COMP_SC_LEN, ssh::COMP_SC),
    (ssh::LANG_CS_LEN, ssh::LANG_CS),
    (ssh::LANG_SC_LEN, ssh::LANG_SC),
];

pub(super) fn emit(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    let Note::Ssh(note) = message.note else { return };
    if !out.wants_any_of(ssh::PROTOCOL) {
        return;
    }
    let run = Run::of(subject.packet, message.range);
    out.open(ssh::PROTOCOL, Value::Bytes(run.bytes()), message.range);
    match note.part {
        SshPart::Version => {
            let line = run.bytes().trim_ascii_end().len();
            ascii::give(&run, ssh::PROTOCOL_VERSION, 0, line, out);
        }
        SshPart::Packet(number) => packet(&run, number, note, out),
        SshPart::Encrypted => {}
    }
    out.give(ssh::DIRECTION, Value::Unsigned((!note.is_client).into()), ByteRange::default());
    out.close();
}

fn packet(run: &Run<'_>, number: u32, note: SshNote, out: &mut Emitter<'_>) {
    run.give(ssh::PACKET_LENGTH, 0, 4, out);
    run.give(ssh::PADDING_LENGTH, 4, 1, out);
    let padding = usize::from(run.byte(4).unwrap_or(0));
    let end = run.len().saturating_sub(padding).max(5);
    let payload = run.part(5, end - 5);
    payload.give(ssh::MESSAGE_CODE, 0, 1, out);
    let body = payload.from(1);
    match (payload.byte(0), note.exchange) {
        (Some(code::KEXINIT), _) => init(&body, out),
        (Some(30), Exchange::Curve) => {
            sized(&body, ssh::ECDH_QC_LEN, ssh::ECDH_QC, out);
        }
        (Some(31), Exchange::Curve) => {
            let rest = host_key(&body, out);
            let rest = sized(&rest, ssh::ECDH_QS_LEN, ssh::ECDH_QS, out);
            signature(&rest, out);
        }
        (Some(30), Exchange::Group) | (Some(32), Exchange::GroupExchange) => {
            sized(&body, ssh::MPINT_LEN, ssh::DH_E, out);
        }
        (Some(31), Exchange::Group) | (Some(33), Exchange::GroupExchange) => {
            let rest = host_key(&body, out);
            let rest = sized(&rest, ssh::MPINT_LEN, ssh::DH_F, out);
            signature(&rest, out);
        }
        (Some(31), Exchange::GroupExchange) => {
            let rest = sized(&body, ssh::MPINT_LEN, ssh::GEX_P, out);
            sized(&rest, ssh::MPINT_LEN, ssh::GEX_G, out);
        }
        (Some(34), Exchange::GroupExchange) => {
            body.list(0, &[(ssh::GEX_MIN, 4), (ssh::GEX_NBITS, 4), (ssh::GEX_MAX, 4)], out);
        }
        _ => {}
    }
    run.give(ssh::PADDING_STRING, end, run.len().saturating_sub(end), out);
    out.give(ssh::SEQ_NUM, Value::Unsigned(number.into()), ByteRange::default());
}

/// What a side can do.
fn init(body: &Run<'_>, out: &mut Emitter<'_>) {
    body.give(ssh::COOKIE, 0, 16, out);
    let mut rest = body.from(16);
    for (of_len, id) in NAMES {
        rest = sized(&rest, of_len, id, out);
    }
    rest.give(ssh::FIRST_KEX_FOLLOWS, 0, 1, out);
    rest.give(ssh::RESERVED, 1, 4, out);
}

/// A number of bytes and so many bytes; what follows them.
fn sized<'p>(run: &Run<'p>, of_len: FieldId, id: FieldId, out: &mut Emitter<'_>) -> Run<'p> {
    run.give(of_len, 0, 4, out);
    let Some(len) = run.double(0) else { return run.from(run.len()) };
    let len = usize::try_from(len).unwrap_or(usize::MAX).min(run.len().saturating_sub(4));
    match id.def().kind {
        crate::field::FieldKind::Text => ascii::give(run, id, 4, len, out),
        _ => run.give(id, 4, len, out),
    }
    run.from(len.saturating_add(4))
}

/// A host key: its kind at least. What follows it.
fn host_key<'p>(run: &Run<'p>, out: &mut Emitter<'_>) -> Run<'p> {
    kind_of(run, [ssh::HOST_KEY_LEN, ssh::HOST_KEY_TYPE_LEN, ssh::HOST_KEY_TYPE], out)
}

fn signature(run: &Run<'_>, out: &mut Emitter<'_>) {
    kind_of(run, [ssh::HOST_SIG_LEN, ssh::HOST_SIG_TYPE_LEN, ssh::HOST_SIG_TYPE], out);
}

/// Bytes with a length before them that begin with a name, which has one, too; what follows.
fn kind_of<'p>(run: &Run<'p>, ids: [FieldId; 3], out: &mut Emitter<'_>) -> Run<'p> {
    let [of_all, of_name, name] = ids;
    run.give(of_all, 0, 4, out);
    let Some(len) = run.double(0) else { return run.from(run.len()) };
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    sized(&run.part(4, len), of_name, name, out);
    run.from(len.saturating_add(4))
}
