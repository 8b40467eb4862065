//! The application messages that end in a packet, below the transport that carries them.

use super::{Emitter, Subject, dns, ftp, http, imap, pop, smtp, ssh, telnet, tls};
use crate::proto::Protocol;

/// Hands out the messages of the packet's transport number `place`.
pub(super) fn emit(subject: &Subject<'_>, place: usize, out: &mut Emitter<'_>) {
    let Some(messages) = subject.context.messages else { return };
    for message in messages.of(place) {
        match message.protocol {
            Protocol::Dns | Protocol::Mdns | Protocol::Llmnr => dns::emit(subject, message, out),
            Protocol::Http => http::emit(subject, message, out),
            Protocol::Tls | Protocol::Dtls | Protocol::Quic => tls::emit(subject, message, out),
            Protocol::Smtp => smtp::emit(subject, message, out),
            Protocol::Pop => pop::emit(subject, message, out),
            Protocol::Imap => imap::emit(subject, message, out),
            Protocol::Ftp => ftp::emit(subject, message, out),
            Protocol::FtpData => ftp::emit_data(subject, message, out),
            Protocol::Telnet => telnet::emit(subject, message, out),
            Protocol::Ssh => ssh::emit(subject, message, out),
        }
    }
}
