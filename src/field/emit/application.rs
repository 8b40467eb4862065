//! The application messages that end in a packet, below the transport that carries them.

use super::{Emitter, Subject, dns, http, quic, tls};
use crate::proto::Protocol;

/// Hands out the messages of the packet's transport number `place`.
pub(super) fn emit(subject: &Subject<'_>, place: usize, out: &mut Emitter<'_>) {
    let Some(messages) = subject.context.messages else { return };
    for message in messages.of(place) {
        match message.protocol {
            Protocol::Dns | Protocol::Mdns | Protocol::Llmnr => dns::emit(subject, message, out),
            Protocol::Http | Protocol::Ssdp => http::emit(subject, message, out),
            Protocol::Tls => tls::emit(subject, message, out),
            Protocol::Dtls => tls::emit_datagram(subject, message, out),
            Protocol::Quic => quic::emit(subject, message, out),
            // Only what they carry is told, as messages of TLS.
            Protocol::Radius | Protocol::OpenVpn | Protocol::RdpUdp => {}
        }
    }
}
