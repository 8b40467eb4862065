//! HTTP.

use super::run::Run;
use super::{Emitter, Subject};
use crate::field::Value;
use crate::field::names::http;
use crate::proto::Message;

pub(super) fn emit(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    if !out.wants_any_of(http::PROTOCOL) {
        return;
    }
    let all = Run::of(subject.packet, message.range);
    out.open(http::PROTOCOL, Value::Bytes(all.bytes()), message.range);
    out.close();
}
