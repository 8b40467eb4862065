//! QUIC: packet headers, and of Initial packets the frames and the handshake in them.

use super::run::Run;
use super::tls::{Form, Messages, is_wanted, text};
use super::{Emitter, Subject};
use crate::field::names::{quic, tls};
use crate::field::{FieldId, Value};
use crate::proto::quic::{Header, INTEGRITY_TAG, Opened, PacketKind, QuicNote};
use crate::proto::{Message, Note};

pub(super) fn emit(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    let Note::Quic(note) = &message.note else { return };
    if !out.wants_any_of(quic::PROTOCOL) && !is_wanted(out) {
        return;
    }
    let all = Run::of(subject.packet, message.range);
    let inner = message.inner.map(|inner| Run::of(subject.packet, inner));
    out.open(quic::PROTOCOL, Value::Bytes(all.bytes()), message.range);
    if out.wants_any_of(quic::PROTOCOL) {
        packet(&all, note, inner, out);
    }
    if let (Some(opened), Some(inner)) = (note.opened, inner) {
        let messages = inner.from(opened.payload_len);
        if !messages.is_empty() {
            out.open(tls::PROTOCOL, Value::Bytes(messages.bytes()), messages.range(0, messages.len()));
            // The version is TLS 1.3, for QUIC knows no other.
            let form = Form::stream(Some(opened.version.unwrap_or(0x0304)), opened.cipher);
            Messages { form, cut: false }.emit(&messages, out);
            out.close();
        }
    }
    out.close();
}

fn packet(all: &Run<'_>, note: &QuicNote, inner: Option<Run<'_>>, out: &mut Emitter<'_>) {
    let len = u64::try_from(all.len()).unwrap_or(u64::MAX);
    out.give(quic::PACKET_LENGTH, Value::Unsigned(len), all.range(0, 0));
    if note.kind == PacketKind::Short {
        all.open(quic::SHORT, 0, all.len(), out);
        for part in [(quic::HEADER_FORM, 7, 1), (quic::FIXED_BIT, 6, 1), (quic::SPIN_BIT, 5, 1)] {
            all.bits(part, 0, 1, out);
        }
        let id = note.short_id.min(all.len().saturating_sub(1));
        if id > 0 {
            all.give(quic::DCID, 1, id, out);
        }
        out.close();
        return all.give(quic::REMAINING_PAYLOAD, 1 + id, all.len().saturating_sub(1 + id), out);
    }
    all.bits((quic::HEADER_FORM, 7, 1), 0, 1, out);
    let first = note.opened.map(|opened| u64::from(opened.first));
    match note.kind {
        PacketKind::VersionNegotiation => all.bits((quic::VN_UNUSED, 0, 0x7f), 0, 1, out),
        PacketKind::Unknown => {}
        _ => {
            if note.kind != PacketKind::Retry {
                all.bits((quic::FIXED_BIT, 6, 1), 0, 1, out);
            }
            let second = note.version.is_second();
            let kind = if second { quic::LONG_PACKET_TYPE_V2 } else { quic::LONG_PACKET_TYPE };
            all.bits((kind, 4, 3), 0, 1, out);
        }
    }
    if let Some(first) = first {
        out.give(quic::LONG_RESERVED, Value::Unsigned(first >> 2 & 3), all.range(0, 1));
        out.give(quic::PACKET_NUMBER_LENGTH, Value::Unsigned(first & 3), all.range(0, 1));
    }
    let Some(header) = Header::read(all.bytes()) else { return };
    connection_ids(all, &header, out);
    rest(all, &header, note, inner, out);
}

fn connection_ids(all: &Run<'_>, header: &Header<'_>, out: &mut Emitter<'_>) {
    all.give(quic::VERSION, 1, 4, out);
    let mut at = 5;
    for (length, id, bytes) in [(quic::DCIL, quic::DCID, header.dcid), (quic::SCIL, quic::SCID, header.scid)]
    {
        all.give(length, at, 1, out);
        if !bytes.is_empty() {
            all.give(id, at + 1, bytes.len(), out);
        }
        at += 1 + bytes.len();
    }
}

/// What follows the connection ids.
fn rest(all: &Run<'_>, header: &Header<'_>, note: &QuicNote, inner: Option<Run<'_>>, out: &mut Emitter<'_>) {
    let mut at = 7 + header.dcid.len() + header.scid.len();
    match header.kind {
        PacketKind::VersionNegotiation => {
            while at + 4 <= all.len() {
                all.give(quic::SUPPORTED_VERSION, at, 4, out);
                at += 4;
            }
            return;
        }
        PacketKind::Retry => {
            let tag = all.len().saturating_sub(INTEGRITY_TAG).max(at);
            all.give(quic::RETRY_TOKEN, at, tag - at, out);
            all.give(quic::RETRY_INTEGRITY_TAG, tag, INTEGRITY_TAG, out);
            return;
        }
        PacketKind::Initial => {
            at += number(quic::TOKEN_LENGTH, &all.from(at), out).unwrap_or(0);
            if !header.token.is_empty() {
                all.give(quic::TOKEN, at, header.token.len(), out);
            }
            at += header.token.len();
        }
        PacketKind::ZeroRtt | PacketKind::Handshake => {}
        PacketKind::Short | PacketKind::Unknown => return,
    }
    number(quic::LENGTH, &all.from(at), out);
    let at = header.number_at;
    match (note.opened, inner) {
        (Some(opened), Some(inner)) => opened_packet(&all.from(at), &opened, &inner, out),
        _ => {
            out.give(quic::DECRYPTION_FAILED, Value::Mark, all.range(at, 0));
            all.give(quic::REMAINING_PAYLOAD, at, all.len().saturating_sub(at), out);
        }
    }
}

fn opened_packet(sealed: &Run<'_>, opened: &Opened, inner: &Run<'_>, out: &mut Emitter<'_>) {
    let len = usize::from(opened.number_len);
    out.give(quic::PACKET_NUMBER, Value::Unsigned(opened.number), sealed.range(0, len));
    sealed.give(quic::PAYLOAD, len, sealed.len().saturating_sub(len), out);
    let mut rest = inner.part(0, opened.payload_len);
    while !rest.is_empty() {
        let Some(len) = frame(&rest, out) else { return };
        rest = rest.from(len);
    }
}

/// A frame; how many bytes it has. `None` where that is not known (RFC 9000 section 19).
fn frame(rest: &Run<'_>, out: &mut Emitter<'_>) -> Option<usize> {
    let (kind, _) = rest.variable(0)?;
    let len = frame_len(rest)?;
    let frame = rest.part(0, len);
    frame.open(quic::FRAME, 0, len, out);
    let mut at = number(quic::FRAME_TYPE, &frame, out)?;
    let mut next = |id: FieldId, out: &mut Emitter<'_>| -> Option<u64> {
        let rest = frame.from(at);
        let (value, _) = rest.variable(0)?;
        at += number(id, &rest, out)?;
        Some(value)
    };
    match kind {
        0 => {
            // The type is one frame, in however many bytes, and each zero behind it another.
            let frames = len.saturating_sub(at).saturating_add(1);
            let frames = Value::Unsigned(u64::try_from(frames).unwrap_or(0));
            out.give(quic::PADDING_LENGTH, frames, frame.range(0, 0));
        }
        2 | 3 => {
            next(quic::ACK_LARGEST, out);
            next(quic::ACK_DELAY, out);
            let ranges = next(quic::ACK_RANGE_COUNT, out).unwrap_or(0);
            next(quic::ACK_FIRST_RANGE, out);
            // The frame has as many, or it would have no length.
            for _ in 0..ranges {
                next(quic::ACK_GAP, out);
                next(quic::ACK_RANGE, out);
            }
            if kind == 3 {
                for id in [quic::ACK_ECT0, quic::ACK_ECT1, quic::ACK_CE] {
                    next(id, out);
                }
            }
        }
        6 => {
            next(quic::CRYPTO_OFFSET, out);
            let bytes = next(quic::CRYPTO_LENGTH, out).and_then(|len| usize::try_from(len).ok())?;
            frame.give(quic::CRYPTO_DATA, at, bytes, out);
        }
        0x1c | 0x1d => {
            let code = if kind == 0x1c { quic::CC_ERROR_CODE } else { quic::CC_ERROR_CODE_APP };
            next(code, out);
            if kind == 0x1c {
                next(quic::CC_FRAME_TYPE, out);
            }
            let bytes = next(quic::CC_REASON_LENGTH, out).and_then(|len| usize::try_from(len).ok())?;
            if bytes > 0 {
                let reason = frame.part(at, bytes);
                out.give(quic::CC_REASON, Value::Text(&text(reason.bytes())), reason.range(0, reason.len()));
            }
        }
        _ => {}
    }
    out.close();
    Some(len)
}

/// How long the frame is that comes next; padding together, as far as it goes.
fn frame_len(rest: &Run<'_>) -> Option<usize> {
    let (kind, mut at) = rest.variable(0)?;
    let mut next = || -> Option<u64> {
        let (value, len) = rest.variable(at)?;
        at += len;
        Some(value)
    };
    match kind {
        // A type need not be written as short as it could be.
        0 => at += rest.from(at).bytes().iter().take_while(|byte| **byte == 0).count(),
        1 => {}
        2 | 3 => {
            next()?;
            next()?;
            let ranges = next()?;
            next()?;
            for _ in 0..ranges {
                next()?;
                next()?;
            }
            if kind == 3 {
                for _ in 0..3 {
                    next()?;
                }
            }
        }
        6 => {
            next()?;
            let len = usize::try_from(next()?).ok()?;
            at = at.checked_add(len)?;
        }
        0x1c | 0x1d => {
            next()?;
            if kind == 0x1c {
                next()?;
            }
            let len = usize::try_from(next()?).ok()?;
            at = at.checked_add(len)?;
        }
        _ => return None,
    }
    (at <= rest.len()).then_some(at)
}

/// Gives the number that `rest` begins with; how many bytes it has.
fn number(id: FieldId, rest: &Run<'_>, out: &mut Emitter<'_>) -> Option<usize> {
    let (value, len) = rest.variable(0)?;
    out.give(id, Value::Unsigned(value), rest.range(0, len));
    Some(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{ByteRange, DecodedPacket, JoinedBytes};

    #[test]
    fn padding_has_bytes_however_its_type_is_written() {
        for (bytes, wanted) in [(&[0, 0, 0, 1][..], 3), (&[0x40, 0, 0, 1], 3), (&[0x80, 0, 0, 0], 4)] {
            let end = u32::try_from(bytes.len()).unwrap();
            let joined = [JoinedBytes { title: "", bytes: bytes.to_vec() }];
            let packet = DecodedPacket::of_joined(&joined);
            let rest = Run::of(&packet, ByteRange { buffer: 1, start: 0, end });
            assert_eq!(frame_len(&rest), Some(wanted), "{bytes:x?}");
        }
    }
}
