//! The transport parameters of QUIC, which stand in an extension of the hellos (RFC 9000 section 18).

use super::super::Emitter;
use super::handshake::Form;
use super::walk::Walk;
use crate::field::names::tls;
use crate::field::{FieldId, FieldKind, Value};

/// Fields of the parameters, by number.
const FIELDS: [(u64, FieldId); 16] = [
    (0x00, tls::QUIC_ORIGINAL_DESTINATION_CONNECTION_ID),
    (0x01, tls::QUIC_MAX_IDLE_TIMEOUT),
    (0x02, tls::QUIC_STATELESS_RESET_TOKEN),
    (0x03, tls::QUIC_MAX_UDP_PAYLOAD_SIZE),
    (0x04, tls::QUIC_INITIAL_MAX_DATA),
    (0x05, tls::QUIC_INITIAL_MAX_STREAM_DATA_BIDI_LOCAL),
    (0x06, tls::QUIC_INITIAL_MAX_STREAM_DATA_BIDI_REMOTE),
    (0x07, tls::QUIC_INITIAL_MAX_STREAM_DATA_UNI),
    (0x08, tls::QUIC_INITIAL_MAX_STREAMS_BIDI),
    (0x09, tls::QUIC_INITIAL_MAX_STREAMS_UNI),
    (0x0a, tls::QUIC_ACK_DELAY_EXPONENT),
    (0x0b, tls::QUIC_MAX_ACK_DELAY),
    (0x0e, tls::QUIC_ACTIVE_CONNECTION_ID_LIMIT),
    (0x0f, tls::QUIC_INITIAL_SOURCE_CONNECTION_ID),
    (0x10, tls::QUIC_RETRY_SOURCE_CONNECTION_ID),
    (0x20, tls::QUIC_MAX_DATAGRAM_FRAME_SIZE),
];

pub(super) fn all(walk: &mut Walk<'_>, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    if form.datagrams {
        walk.bytes(form.names.EXTENSION_DATA, usize::MAX, out);
        return Some(());
    }
    let mut rest = walk.rest();
    while !rest.is_empty() {
        let (kind, kind_len) = rest.variable(0)?;
        let (len, len_len) = rest.variable(kind_len)?;
        out.give(tls::QUIC_PARAMETER_TYPE, Value::Unsigned(kind), rest.range(0, kind_len));
        out.give(tls::QUIC_PARAMETER_LENGTH, Value::Unsigned(len), rest.range(kind_len, len_len));
        let at = kind_len + len_len;
        let body = rest.part(at, usize::try_from(len).unwrap_or(usize::MAX));
        body.give(tls::QUIC_PARAMETER_VALUE, 0, body.len(), out);
        if let Some((_, id)) = FIELDS.iter().find(|(number, id)| *number == kind && out.wants(*id)) {
            if id.def().kind == FieldKind::Bytes {
                body.give(*id, 0, body.len(), out);
            } else if let Some((value, len)) = body.variable(0) {
                out.give(*id, Value::Unsigned(value), body.range(0, len));
            }
        }
        rest = rest.from(at.saturating_add(body.len()));
    }
    Some(())
}
