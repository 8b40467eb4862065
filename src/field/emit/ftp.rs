//! FTP: the control connection, of each packet the first line as in Wireshark, and data connections.

use std::net::IpAddr;

use super::run::Run;
use super::{ByteRange, Emitter, Subject, ascii};
use crate::field::Value;
use crate::field::names::{ftp, ftp_data};
use crate::proto::ftp::{Announced, FtpNote, Method, announcement};
use crate::proto::lines::{Lines, reply, word};
use crate::proto::{Message, Note};

pub(super) fn emit(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    let Note::Ftp(note) = &message.note else { return };
    if !out.wants_any_of(ftp::PROTOCOL) {
        return;
    }
    let run = Run::of(subject.packet, message.range);
    out.open(ftp::PROTOCOL, Value::Bytes(run.bytes()), message.range);
    let nowhere = ByteRange::default();
    out.give(ftp::REQUEST, Value::Unsigned((!note.is_reply).into()), nowhere);
    out.give(ftp::RESPONSE, Value::Unsigned(note.is_reply.into()), nowhere);
    if let Some(line) = Lines::of(run.bytes()).next() {
        let line = run.part(0, line.text.len());
        if note.is_reply {
            response(&line, out);
        } else {
            request(&line, out);
        }
        announced(subject, message, note, &line, out);
    }
    if out.wants(ftp::DIRECTORY) {
        out.give(ftp::DIRECTORY, Value::Text(&note.directory), nowhere);
    }
    out.close();
}

fn request(line: &Run<'_>, out: &mut Emitter<'_>) {
    let (verb, rest) = word(line.bytes());
    ascii::give(line, ftp::REQUEST_COMMAND, 0, verb.len(), out);
    if !rest.is_empty() {
        ascii::give(line, ftp::REQUEST_ARG, line.len().saturating_sub(rest.len()), rest.len(), out);
    }
}

fn response(line: &Run<'_>, out: &mut Emitter<'_>) {
    let code = reply(line.bytes());
    if let Some((code, _)) = code {
        out.give(ftp::RESPONSE_CODE, Value::Unsigned(code.into()), line.range(0, 3));
    }
    let text = match (code, line.byte(3)) {
        (Some(_), _) => line.from(4),
        (None, _) => *line,
    };
    if !text.is_empty() {
        ascii::give(&text, ftp::RESPONSE_ARG, 0, text.len(), out);
    }
}

/// The data connection that the line announces.
fn announced(
    subject: &Subject<'_>,
    message: &Message,
    note: &FtpNote,
    line: &Run<'_>,
    out: &mut Emitter<'_>,
) {
    let Some(Announced { method, addr, port }) = announcement(line.bytes(), note.is_reply) else { return };
    let here = line.range(0, line.len());
    let sender = subject.packet.transports().get(message.transport).map(|transport| transport.src.addr);
    let port = Value::Unsigned(port.into());
    match (method, addr.or(sender)) {
        (Method::Pasv, Some(IpAddr::V4(addr))) => {
            out.give(ftp::PASSIVE_IP, Value::Ipv4(addr), here);
            out.give(ftp::PASSIVE_PORT, port, here);
            if sender.is_some_and(|sender| sender != addr) {
                out.give(ftp::PASSIVE_NAT, Value::Unsigned(1), here);
            }
        }
        (Method::Port, Some(IpAddr::V4(addr))) => {
            out.give(ftp::ACTIVE_CIP, Value::Ipv4(addr), here);
            out.give(ftp::ACTIVE_PORT, port, here);
            if sender.is_some_and(|sender| sender != addr) {
                out.give(ftp::ACTIVE_NAT, Value::Unsigned(1), here);
            }
        }
        (Method::Eprt, Some(addr)) => {
            let (family, id, addr) = match addr {
                IpAddr::V4(addr) => (1, ftp::EPRT_IP, Value::Ipv4(addr)),
                IpAddr::V6(addr) => (2, ftp::EPRT_IPV6, Value::Ipv6(addr)),
            };
            out.give(ftp::EPRT_AF, Value::Unsigned(family), here);
            out.give(id, addr, here);
            out.give(ftp::EPRT_PORT, port, here);
        }
        (Method::Epsv, Some(addr)) => {
            let nowhere = ByteRange::default();
            match addr {
                IpAddr::V4(addr) => out.give(ftp::EPSV_IP, Value::Ipv4(addr), nowhere),
                IpAddr::V6(addr) => out.give(ftp::EPSV_IPV6, Value::Ipv6(addr), nowhere),
            }
            out.give(ftp::EPSV_PORT, port, here);
        }
        _ => {}
    }
}

pub(super) fn emit_data(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    let Note::FtpData(note) = &message.note else { return };
    if !out.wants_any_of(ftp_data::PROTOCOL) {
        return;
    }
    out.open(ftp_data::PROTOCOL, Value::Bytes(message.bytes(subject.packet)), message.range);
    // Numbers of packets begin at 1: nothing announced a connection that only its port tells of.
    if note.setup > 0 {
        let nowhere = ByteRange::default();
        out.give(ftp_data::SETUP_FRAME, Value::Unsigned(note.setup), nowhere);
        out.give(ftp_data::SETUP_METHOD, Value::Text(note.method.name()), nowhere);
        if let Some((packet, command)) = &note.command {
            out.give(ftp_data::COMMAND, Value::Text(command), nowhere);
            out.give(ftp_data::COMMAND_FRAME, Value::Unsigned(*packet), nowhere);
        }
        out.give(ftp_data::DIRECTORY, Value::Text(&note.directory), nowhere);
    }
    out.close();
}
