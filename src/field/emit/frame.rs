//! What the capture says of a packet.

use super::{ByteRange, Emitter, Subject, offset};
use crate::field::Value;
use crate::field::names::frame;
use crate::time::{TimeDelta, Timestamp};

pub(super) fn emit(subject: &Subject<'_>, out: &mut Emitter<'_>) {
    let Subject { captured, context, .. } = *subject;
    let all = ByteRange { buffer: 0, start: 0, end: offset(captured.data.len()) };
    out.open(frame::PROTOCOL, Value::Bytes(captured.data), all);
    let mut give = |id, value| out.give(id, value, ByteRange::default());
    give(frame::NUMBER, Value::Unsigned(captured.number));
    if let Some(now) = captured.ts {
        let since = |then: Option<Timestamp>| then.map_or(TimeDelta::default(), |then| now - then);
        // A span since 1970 to Wireshark, not a point in time.
        give(frame::TIME_EPOCH, Value::Delta(now - Timestamp::default()));
        give(frame::TIME_DELTA, Value::Delta(since(context.previous)));
        give(frame::TIME_RELATIVE, Value::Delta(since(context.first)));
    }
    let pseudo = captured.link.pseudo_header_len();
    // Wireshark's lengths are 31 bits wide; a savefile may claim 32.
    let wire_len = captured.wire_len.min(i32::MAX.unsigned_abs()).saturating_sub(pseudo);
    let captured_len = offset(captured.data.len());
    give(frame::LEN, Value::Unsigned(u64::from(wire_len)));
    give(frame::CAP_LEN, Value::Unsigned(u64::from(captured_len.saturating_sub(pseudo))));
    out.close();
}
