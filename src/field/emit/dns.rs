//! DNS, multicast DNS and LLMNR.

use super::run::Run;
use super::{Emitter, Subject};
use crate::decode::TransportProtocol;
use crate::field::Value;
use crate::field::names::dns;
use crate::proto::Message;

pub(super) fn emit(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    if !out.wants_any_of(dns::PROTOCOL) {
        return;
    }
    let all = Run::of(subject.packet, message.range);
    out.open(dns::PROTOCOL, Value::Bytes(all.bytes()), message.range);
    let over_tcp = subject
        .packet
        .transports()
        .get(message.transport)
        .is_some_and(|transport| transport.protocol == TransportProtocol::Tcp);
    let body = all.from(if over_tcp { 2 } else { 0 });
    body.give(dns::ID, 0, 2, out);
    out.close();
}
