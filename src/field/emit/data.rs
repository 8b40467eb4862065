//! Bytes that belong to no protocol that is known.
//!
//! What a payload is, its content decides. A port is a hint, which counts where the content does not speak against it:
//! readable text in a UDP datagram is text, whoever the port belongs to.

use super::run::Run;
use super::{ByteRange, Emitter, Subject, icmp, offset};
use crate::decode::{Layer, LayerKind, StopReason, TransportProtocol};
use crate::field::Value;
use crate::field::names::data;
use crate::field::words::{ethertype, link};
use crate::proto;

/// Hands out what is behind the header of `layer`, or is `layer`, where no protocol has it.
pub(super) fn emit(subject: &Subject<'_>, layer: &Layer, out: &mut Emitter<'_>) {
    if out.wants_any_of(data::PROTOCOL)
        && let Some(bytes) = carried(subject, layer)
        && name(subject, layer) == "data"
    {
        give(bytes, layer, layer.end.saturating_sub(offset(bytes.len())), out);
    }
}

fn give(bytes: &[u8], layer: &Layer, start: u32, out: &mut Emitter<'_>) {
    if bytes.is_empty() {
        return;
    }
    let range = ByteRange { buffer: layer.buffer, start, end: start.saturating_add(offset(bytes.len())) };
    out.open(data::PROTOCOL, Value::Bytes(bytes), range);
    out.give(data::DATA, Value::Bytes(bytes), range);
    let len = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    out.give(data::LEN, Value::Signed(len), ByteRange::default());
    out.close();
}

/// The bytes that a layer carries and no other layer has: what an echo brings back, a fragment, and layers that are
/// no header.
pub(super) fn carried<'a>(subject: &Subject<'a>, layer: &Layer) -> Option<&'a [u8]> {
    let packet = subject.packet;
    let bytes = match layer.kind {
        LayerKind::Icmp | LayerKind::Icmpv6 => of_echo(subject, layer)?,
        LayerKind::Ipv4 | LayerKind::Ipv6Fragment if is_fragment(subject, layer) => packet.payload(layer),
        LayerKind::Payload
        | LayerKind::IpComp
        | LayerKind::UndecodedEtherType(_)
        | LayerKind::UndecodedIpProtocol(_)
        | LayerKind::UndecodedLlc(_)
        | LayerKind::UndecodedBytes => packet.payload(layer),
        _ => return None,
    };
    (!bytes.is_empty()).then_some(bytes)
}

fn is_fragment(subject: &Subject<'_>, layer: &Layer) -> bool {
    let here = |last: &Layer| std::ptr::eq(last, layer);
    subject.packet.layers().last().is_some_and(here)
        && subject.packet.stop().is_some_and(|stop| stop.reason == StopReason::Fragment)
}

/// The name of what [`carried`] is: that of a protocol that is recognised, `data`, or nothing where a protocol is
/// meant that wirelab does not decode.
pub(super) fn name(subject: &Subject<'_>, layer: &Layer) -> &'static str {
    match layer.kind {
        LayerKind::Payload => {
            subject.outer(layer).map_or("data", |outer| of_transport(subject, outer, layer))
        }
        LayerKind::UndecodedEtherType(number) if ethertype::ether_type(u64::from(number)).is_some() => "",
        LayerKind::UndecodedLlc(sap) if link::sap(u64::from(sap)).is_some() => "",
        LayerKind::UndecodedIpProtocol(number) if is_known(number) => "",
        _ => "data",
    }
}

/// IP protocols that are known and not decoded: whatever they carry is theirs. EGP, IGRP, DCCP, RSVP, EIGRP, OSPF,
/// VRRP, L2TP, IS-IS.
fn is_known(protocol: u8) -> bool {
    matches!(protocol, 8 | 9 | 33 | 46 | 88 | 89 | 112 | 115 | 124)
}

fn of_transport(subject: &Subject<'_>, transport: &Layer, layer: &Layer) -> &'static str {
    if !matches!(transport.kind, LayerKind::Udp | LayerKind::Tcp) {
        return "data";
    }
    let Some(&[s0, s1, d0, d1]) = subject.packet.header(transport).first_chunk::<4>() else { return "data" };
    let ports = [u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1])];
    let protocol =
        if transport.kind == LayerKind::Tcp { TransportProtocol::Tcp } else { TransportProtocol::Udp };
    let messages = subject.context.messages.zip(subject.transport_of(transport));
    if messages.is_some_and(|(messages, place)| messages.is_said_to_be_data(place)) {
        return "data";
    }
    if let Some((messages, place)) = messages.filter(|(messages, place)| messages.spoken(*place).is_some()) {
        // A part of a message that ends elsewhere has no name of its own.
        return messages.of(place).next().map_or("", |message| message.protocol.field_name());
    }
    let bytes = subject.packet.payload(layer);
    if let Some(told) = ports.iter().find_map(|port| proto::name(protocol, *port, bytes)) {
        return spelled(told);
    }
    let text = protocol == TransportProtocol::Udp && proto::judge(bytes).is_text();
    let hint = ports.iter().find_map(|port| proto::name_by_port(protocol, *port)).filter(|_| !text);
    hint.map_or("data", |hint| spelled(hint.name))
}

/// Wireshark's name for a protocol that is recognised.
fn spelled(name: &'static str) -> &'static str {
    match name {
        "DNS" => "dns",
        "MDNS" => "mdns",
        "HTTP" => "http",
        "TLS" => "tls",
        "DTLS" => "dtls",
        "QUIC" => "quic",
        "FTP" => "ftp",
        "FTP-DATA" => "ftp-data",
        "SSH" => "ssh",
        "TELNET" => "telnet",
        "SMTP" => "smtp",
        "POP3" => "pop",
        "IMAP" => "imap",
        "DHCP" => "dhcp",
        "TFTP" => "tftp",
        "NTP" => "ntp",
        "SNMP" => "snmp",
        other => other,
    }
}

/// The bytes of an echo message that stand behind its header, and behind a time that its sender put there.
fn of_echo<'a>(subject: &Subject<'a>, layer: &Layer) -> Option<&'a [u8]> {
    let is_echo = match (layer.kind, subject.packet.header(layer).first()?) {
        (LayerKind::Icmp, kind) => matches!(kind, 0 | 8),
        (LayerKind::Icmpv6, kind) => matches!(kind, 128 | 129),
        _ => false,
    };
    if !is_echo {
        return None;
    }
    let timed = layer.kind == LayerKind::Icmp
        && icmp::time_in_data(subject, &Run::message(subject.packet, layer)).is_some();
    let header = if timed { 8 + icmp::DATA_TIME_LEN } else { 8 };
    let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
    let buffer = subject.packet.buffer(layer.buffer);
    Some(buffer.get(place(layer.start.saturating_add(header))..place(layer.end)).unwrap_or(&[]))
}
