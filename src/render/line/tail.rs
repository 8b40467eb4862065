//! The part of a line behind the protocol: what the packet says, in words.

use std::net::{IpAddr, Ipv4Addr};

use super::buffer::LineBuffer;
use super::tls::{DataRun, data_len};
use super::{LineContext, PacketLines, Shown, ip_addresses};
use crate::decode::{DecodedPacket, Layer, LayerKind, TcpSegment};
use crate::flow::{HandshakeStep, Repeat, TcpVerdict};
use crate::proto::Protocol;
use crate::render::color::Style;
use crate::render::format::Mac;
use crate::render::safe::{safe_width, text_prefix};
use crate::render::words::{FlagLetters, IcmpMessage, Stop, Undecoded, is_undecoded};
use crate::source::CapturedPacket;

/// Columns that the text of a payload is sure of on a terminal before sequence numbers are shown.
const TEXT_SHARE: usize = 24;

/// Columns below which a payload, with its ` │ `, tells nothing and is left out.
const LEAST_PAYLOAD: usize = 6;

/// Columns of a payload that is not text: enough to recognise a format, and a line stays a line.
const BINARY_COLUMNS: usize = 48;

/// The length before a DNS message on a stream (RFC 1035 section 4.2.2).
const DNS_LENGTH: usize = 2;

impl PacketLines {
    /// Everything behind the protocol.
    pub(super) fn tail(
        &mut self,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        shown: &Shown<'_>,
        context: &LineContext<'_>,
    ) {
        let Some(layer) = shown.layer else {
            self.line.put("nothing decoded, ");
            self.line.put("len ");
            self.line.put_number(u64::from(packet.wire_len), 0);
            return self.stop(decoded);
        };
        let whole = shown.transport.filter(|_| !decoded.is_cut(layer));
        match (whole, layer.kind) {
            (Some(transport), LayerKind::Tcp) => {
                if let Some(segment) = decoded.tcp_segment(transport) {
                    self.tcp(&segment, shown, context, decoded);
                }
            }
            (Some(_), _) => self.udp(layer, shown.place, context, decoded),
            (None, LayerKind::Icmp | LayerKind::Icmpv6) => self.icmp(layer, decoded, context),
            (None, LayerKind::Arp) => self.arp(layer, decoded),
            (None, kind) => {
                if is_undecoded(kind) {
                    self.line.put_display(Undecoded(kind));
                    self.line.put(" not decoded, ");
                }
                // Of a header that is not all there nothing else is known.
                let start = if decoded.is_cut(layer) { layer.start } else { layer.payload };
                self.line.put("len ");
                self.line.put_number(u64::from(layer.claimed_end.saturating_sub(start)), 0);
            }
        }
        self.stop(decoded);
    }

    fn tcp(
        &mut self,
        segment: &TcpSegment<'_>,
        shown: &Shown<'_>,
        context: &LineContext<'_>,
        decoded: &DecodedPacket<'_>,
    ) {
        let verdict = shown.verdict.and_then(|verdict| verdict.tcp);
        let start = self.line.columns();
        let letters = FlagLetters::new(segment.flags);
        let style = if segment.flags.rst() { Style::Red } else { Style::Bold };
        self.line.put_styled(style, letters.as_str());
        self.line.pad_from(start, 2);
        self.line.put(" ");
        self.length(segment.payload_len, segment.payload.len());
        if let Some(verdict) = verdict {
            self.marks(&verdict, segment);
        }
        let payload = if decoded.stop().is_none() { segment.payload } else { &[] };
        // Without a flow table the numbers are as sent.
        let (seq, ack) = verdict.map_or((segment.seq, segment.ack), |v| (v.seq, v.ack));
        let text = if payload.is_empty() { 0 } else { safe_width(payload, TEXT_SHARE).min(TEXT_SHARE) + 3 };
        let seq_columns = 5 + digits(seq);
        let ack_columns = if segment.flags.ack() { 5 + digits(ack) } else { 0 };
        let room = self.line.left().saturating_sub(text);
        if room >= seq_columns {
            self.line.put(" seq ");
            self.line.put_number(u64::from(seq), 0);
        }
        if segment.flags.ack() && room >= seq_columns + ack_columns {
            self.line.put(" ack ");
            self.line.put_number(u64::from(ack), 0);
        }
        if !self.messages(shown.place, DNS_LENGTH, context, decoded) {
            self.payload(payload);
        }
    }

    /// What is special about a segment.
    fn marks(&mut self, verdict: &TcpVerdict, segment: &TcpSegment<'_>) {
        if let Some(step) = verdict.step {
            self.line.put(" ");
            let words = match step {
                HandshakeStep::Syn => "handshake 1/3",
                HandshakeStep::SynAck => "handshake 2/3",
                HandshakeStep::Ack => "handshake 3/3",
            };
            self.line.put_styled(Style::Green, words);
        }
        let mark = |line: &mut LineBuffer, style, words| {
            line.put(" ");
            line.put_styled(style, words);
        };
        let line = &mut self.line;
        if verdict.port_reused {
            mark(line, Style::Yellow, "port reused");
        }
        if verdict.refuses {
            mark(line, Style::Red, "refused");
        }
        if verdict.keep_alive {
            mark(line, Style::Yellow, "keep-alive");
        } else {
            match verdict.repeat {
                Repeat::Whole => mark(line, Style::Yellow, "retransmission"),
                Repeat::New if verdict.handshake_retry => mark(line, Style::Yellow, "retransmission"),
                Repeat::Partly => mark(line, Style::Yellow, "partly retransmitted"),
                Repeat::New => {}
            }
        }
        if verdict.after_close {
            mark(line, Style::Yellow, "after close");
        }
        if verdict.missing_before > 0 && !segment.flags.rst() {
            line.put(" ");
            line.start(Style::Yellow);
            line.put_number(u64::from(verdict.missing_before), 0);
            line.put(" missing before");
            line.end();
        }
    }

    fn udp(&mut self, layer: &Layer, place: usize, context: &LineContext<'_>, decoded: &DecodedPacket<'_>) {
        self.line.put("   ");
        let payload = decoded.payload(layer);
        self.length(layer.claimed_end.saturating_sub(layer.payload), payload.len());
        if !self.messages(place, 0, context, decoded) {
            self.payload(payload);
        }
    }

    /// The messages that end in the packet's transport number `place`, in words; false where there are none. `before` bytes
    /// stand before each DNS message.
    fn messages(
        &mut self,
        place: usize,
        before: usize,
        context: &LineContext<'_>,
        decoded: &DecodedPacket<'_>,
    ) -> bool {
        let Some(messages) = context.messages else { return false };
        let mut is_first = true;
        let mut messages = messages.of(place).filter(|message| has_words(message.protocol)).peekable();
        while let Some(message) = messages.next() {
            self.line.put(if is_first { " " } else { "; " });
            let named = std::mem::take(&mut is_first);
            match message.protocol {
                Protocol::Dns | Protocol::Mdns | Protocol::Llmnr => self.dns(message, before, decoded),
                Protocol::Http | Protocol::Ssdp => self.http(message, decoded),
                Protocol::Dhcp => self.dhcp(message, decoded),
                Protocol::Lab(_) => self.lab(message, decoded),
                Protocol::Tls | Protocol::Dtls | Protocol::Quic => {
                    let Some(bytes) = data_len(message, decoded) else {
                        self.tls(message, named, decoded);
                        continue;
                    };
                    let mut run = DataRun { records: 1, bytes };
                    while let Some(next) = messages.next_if(|next| data_len(next, decoded).is_some()) {
                        run.records = run.records.saturating_add(1);
                        run.bytes = run.bytes.saturating_add(data_len(next, decoded).unwrap_or(0));
                    }
                    self.tls_data(message, run, named, decoded);
                }
                _ => self.lines(message, decoded),
            }
        }
        !is_first
    }

    /// `len 12`, and how much of it was captured where that is less.
    fn length(&mut self, on_the_wire: u32, captured: usize) {
        self.line.put("len ");
        self.line.put_number(u64::from(on_the_wire), 0);
        if let Ok(captured) = u32::try_from(captured)
            && captured < on_the_wire
        {
            self.line.put(" (");
            self.line.put_number(u64::from(captured), 0);
            self.line.put(" captured)");
        }
    }

    /// The payload as text; of binary payload no more than a beginning.
    fn payload(&mut self, payload: &[u8]) {
        if payload.is_empty() || self.line.left() < LEAST_PAYLOAD {
            return;
        }
        self.line.put(" ");
        self.line.put_symbol("│");
        self.line.put(" ");
        // No more is judged than can be shown.
        let window = payload.get(..self.line.left().saturating_add(1)).unwrap_or(payload);
        let text = text_prefix(window);
        if text == window.len() {
            self.line.put_payload(payload, usize::MAX);
        } else if text < BINARY_COLUMNS {
            self.line.put_payload(payload, BINARY_COLUMNS);
        } else {
            // Text first, then something else: a header before a compressed body.
            self.line.put_payload(payload.get(..text).unwrap_or_default(), usize::MAX);
            self.line.put_ellipsis();
        }
    }

    fn icmp(&mut self, layer: &Layer, decoded: &DecodedPacket<'_>, context: &LineContext<'_>) {
        let header = decoded.header(layer);
        let Some(&[icmp_type, code]) = header.first_chunk::<2>() else { return };
        let message = IcmpMessage { v6: layer.kind == LayerKind::Icmpv6, icmp_type, code };
        let style = if message.is_error() { Style::Red } else { Style::Bold };
        match message.words() {
            Some(words) => self.line.put_styled(style, words),
            None => self.line.put_display(message),
        }
        if let (true, Some(&[_, _, _, _, i0, i1, s0, s1])) = (message.is_echo(), header.first_chunk::<8>()) {
            self.line.put(" id ");
            self.line.put_number(u64::from(u16::from_be_bytes([i0, i1])), 0);
            self.line.put(" seq ");
            self.line.put_number(u64::from(u16::from_be_bytes([s0, s1])), 0);
            self.line.put(" len ");
            self.line.put_number(u64::from(layer.claimed_end.saturating_sub(layer.payload)), 0);
        } else {
            self.neighbor(message, layer, decoded);
        }
        self.quoted(decoded, context);
    }

    /// Whom a neighbor solicitation or advertisement is about (RFC 4861 section 4.3).
    fn neighbor(&mut self, message: IcmpMessage, layer: &Layer, decoded: &DecodedPacket<'_>) {
        if !message.v6 || !matches!(message.icmp_type, 135 | 136) {
            return;
        }
        if let Some(target) = decoded.payload(layer).first_chunk::<16>() {
            self.line.put(" for ");
            self.line.put_addr(IpAddr::from(*target));
        }
    }

    /// The packet that an ICMP error is about.
    fn quoted(&mut self, decoded: &DecodedPacket<'_>, context: &LineContext<'_>) {
        let mut quoted = decoded.transports().iter().zip(0..).filter(|(transport, _)| transport.quoted);
        if let Some((transport, place)) = quoted.next() {
            self.line.put(", about ");
            self.line.put(transport.protocol.name());
            let id = context.verdicts.get(place).and_then(|verdict: &crate::flow::Verdict| verdict.id);
            if let (Some(id), true) = (id, self.width.is_none()) {
                self.line.put(":");
                self.line.put_number(u64::from(id.number), 0);
            }
            self.line.put(" ");
            self.line.put_endpoint(transport.src);
            self.arrow();
            self.line.put_endpoint(transport.dst);
            return;
        }
        let ip =
            decoded.layers().iter().find(|l| l.quoted && matches!(l.kind, LayerKind::Ipv4 | LayerKind::Ipv6));
        if let Some((src, dst)) = ip.and_then(|layer| ip_addresses(decoded, layer)) {
            self.line.put(", about ");
            self.line.put_addr(src);
            self.arrow();
            self.line.put_addr(dst);
        }
    }

    /// ARP for IPv4 over Ethernet (RFC 826) in words.
    fn arp(&mut self, layer: &Layer, decoded: &DecodedPacket<'_>) {
        let bytes = decoded.header(layer);
        let Some(arp) = Arp::parse(bytes) else {
            self.line.put("ARP of another kind, len ");
            self.line.put_number(u64::from(layer.claimed_end.saturating_sub(layer.start)), 0);
            return;
        };
        match arp.operation {
            1 if arp.sender == arp.target => {
                self.line.put("announces ");
                self.line.put_addr(arp.sender.into());
            }
            1 => {
                self.line.put("who has ");
                self.line.put_addr(arp.target.into());
                self.line.put("? tell ");
                self.line.put_addr(arp.sender.into());
            }
            2 => {
                self.line.put_addr(arp.sender.into());
                self.line.put(" is at ");
                self.line.put_display(Mac(arp.sender_mac));
            }
            other => {
                self.line.put("operation ");
                self.line.put_number(u64::from(other), 0);
            }
        }
    }

    /// Why decoding went no further.
    fn stop(&mut self, decoded: &DecodedPacket<'_>) {
        if let Some(stop) = decoded.stop() {
            self.line.put(", ");
            self.line.start(Style::Yellow);
            self.line.put_display(Stop(stop));
            self.line.end();
        }
    }
}

/// The fields of an ARP packet that people read.
struct Arp {
    operation: u16,
    sender_mac: [u8; 6],
    sender: Ipv4Addr,
    target: Ipv4Addr,
}

impl Arp {
    /// Hardware type 1, protocol IPv4, six and four bytes of address; others are not for people.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&[0, 1, 8, 0, 6, 4])?;
        let (operation, rest) = rest.split_first_chunk::<2>()?;
        let (sender_mac, rest) = rest.split_first_chunk::<6>()?;
        let (sender, rest) = rest.split_first_chunk::<4>()?;
        let target = rest.get(6..)?.first_chunk::<4>()?;
        Some(Self {
            operation: u16::from_be_bytes(*operation),
            sender_mac: *sender_mac,
            sender: Ipv4Addr::from(*sender),
            target: Ipv4Addr::from(*target),
        })
    }
}

/// How many decimal digits `value` has.
const fn digits(value: u32) -> usize {
    match value.checked_ilog10() {
        Some(log) => log as usize + 1,
        None => 1,
    }
}

/// Protocols whose messages are told in words; of the others a line tells the length.
fn has_words(protocol: Protocol) -> bool {
    matches!(
        protocol,
        Protocol::Dns
            | Protocol::Mdns
            | Protocol::Llmnr
            | Protocol::Http
            | Protocol::Lab(_)
            | Protocol::Ssdp
            | Protocol::Tls
            | Protocol::Dtls
            | Protocol::Quic
            | Protocol::Smtp
            | Protocol::Pop
            | Protocol::Imap
            | Protocol::Ftp
            | Protocol::Telnet
            | Protocol::Ssh
            | Protocol::Dhcp
    )
}
