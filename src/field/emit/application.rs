//! The application messages that end in a packet, below the transport that carries them.

use super::{Emitter, Subject, dhcp, dns, ftp, http, imap, pop, quic, smtp, ssh, telnet, tls};
use crate::decode::{ByteRange, TransportProtocol};
use crate::field::Value;
use crate::field::names::tcp;
use crate::proto::{Message, Note, Protocol};

/// Hands out the messages of the packet's transport number `place`.
pub(super) fn emit(subject: &Subject<'_>, place: usize, out: &mut Emitter<'_>) {
    let Some(messages) = subject.context.messages else { return };
    for message in messages.of(place).filter(|message| has_fields(subject, message)) {
        reassembly(subject, message, out);
        match message.protocol {
            Protocol::Dns | Protocol::Mdns | Protocol::Llmnr => dns::emit(subject, message, out),
            Protocol::Http | Protocol::Ssdp => http::emit(subject, message, out),
            Protocol::Tls => tls::emit(subject, message, out),
            Protocol::Dtls => tls::emit_datagram(subject, message, out),
            Protocol::Quic => quic::emit(subject, message, out),
            Protocol::Smtp => smtp::emit(subject, message, out),
            Protocol::Pop => pop::emit(subject, message, out),
            Protocol::Imap => imap::emit(subject, message, out),
            Protocol::Ftp => ftp::emit(subject, message, out),
            Protocol::FtpData => ftp::emit_data(subject, message, out),
            Protocol::Telnet => telnet::emit(subject, message, out),
            Protocol::Dhcp => dhcp::emit(subject, message, out),
            Protocol::Ssh => ssh::emit(subject, message, out),
            // Only what they carry is told, as messages of that.
            Protocol::Radius | Protocol::OpenVpn | Protocol::RdpUdp | Protocol::Socks => {}
            // Wireshark knows none: they are told with what else only wirelab knows.
            Protocol::Lab(_) => {}
        }
    }
}

/// What is known of a message that several segments carry.
fn reassembly(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    let transport = subject.packet.transports().get(message.transport);
    if message.packets > 1 && transport.is_some_and(|transport| transport.protocol == TransportProtocol::Tcp)
    {
        out.give(tcp::SEGMENT_COUNT, Value::Unsigned(u64::from(message.packets)), ByteRange::default());
        let len = message.range.end.saturating_sub(message.range.start);
        out.give(tcp::REASSEMBLED_LENGTH, Value::Unsigned(u64::from(len)), message.range);
    }
}

/// Whether Wireshark tells of the message: nothing of one that should have more bytes; and the protocols of lines it knows by
/// their ports, or from `-d`, so that elsewhere they have messages, for reports, and no fields.
fn has_fields(subject: &Subject<'_>, message: &Message) -> bool {
    let is_damaged = matches!(&message.note, Note::Dns(note) if note.announced.is_some());
    let said =
        || subject.context.messages.is_some_and(|messages| messages.is_said_to_speak(message.transport));
    !is_damaged && (message.is_at_port || said())
}
