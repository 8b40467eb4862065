//! Packets as JSON: `read --json`.

use std::io::{self, Write};
use std::net::IpAddr;

use serde::Serialize;

use super::escape::write_compact;
use super::typed::TypedFields;
use super::{Nanos, PACKETS_SCHEMA, Text, is_default};
use crate::decode::{DecodeStop, DecodedPacket, LayerKind, TcpSegment, Transport};
use crate::field::{FieldSet, PacketContext};
use crate::flow::{FlowId, HandshakeStep, Repeat, TcpVerdict, Verdict};
use crate::render::format::{EpochNanos, Hex};
use crate::render::line::LineContext;
use crate::render::words::{FlagLetters, IcmpMessage, Stop};
use crate::source::{CapturedPacket, PacketNumber};

/// Writes packets as one JSON document, a packet a line:
/// `{"schema": "wirelab.packets/1", "packets": [ {…}, {…} ]}`, each a [`PacketJson`].
#[derive(Debug, Default)]
pub struct PacketsJson {
    written: u64,
    fields: Option<TypedFields>,
    bytes: Vec<u8>,
}

impl PacketsJson {
    /// Nothing written yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with an entry `fields` for each packet ([`Self::write_with_fields`]): those of `fields` that it has.
    #[must_use]
    pub fn with_fields(fields: FieldSet) -> Self {
        Self { fields: Some(TypedFields::new(fields)), ..Self::default() }
    }

    /// Writes one packet with its fields, and before the first one the beginning of the document.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_with_fields<W: Write>(
        &mut self,
        out: &mut W,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        line: &LineContext<'_>,
        context: &PacketContext<'_>,
    ) -> io::Result<()> {
        let Some(mut fields) = self.fields.take() else { return self.write(out, packet, decoded, line) };
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        let written = self.write(&mut bytes, packet, decoded, line);
        // The fields go before the brace that ends the packet.
        bytes.pop();
        bytes.extend_from_slice(b",\"fields\":");
        fields.write(&mut bytes, packet, decoded, context);
        bytes.push(b'}');
        let written = written.and_then(|()| out.write_all(&bytes));
        self.bytes = bytes;
        self.fields = Some(fields);
        written
    }

    /// Writes one packet, and before the first one the beginning of the document.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write<W: Write>(
        &mut self,
        out: &mut W,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        context: &LineContext<'_>,
    ) -> io::Result<()> {
        if self.written == 0 {
            begin(out)?;
        } else {
            out.write_all(b",\n")?;
        }
        self.written = self.written.saturating_add(1);
        write_compact(out, &PacketJson::new(packet, decoded, context))
    }

    /// Ends the document; without any packet it is a whole document too.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish<W: Write>(self, out: &mut W) -> io::Result<()> {
        if self.written == 0 {
            begin(out)?;
            return out.write_all(b"]}\n");
        }
        out.write_all(b"\n]}\n")
    }
}

fn begin<W: Write>(out: &mut W) -> io::Result<()> {
    writeln!(out, "{{\"schema\":\"{PACKETS_SCHEMA}\",\"packets\":[")
}

/// One packet.
#[derive(Debug, Serialize)]
pub struct PacketJson<'a> {
    number: PacketNumber,
    /// Seconds since 1970-01-01 UTC, as a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Text<EpochNanos>>,
    /// Since the first packet of the capture.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_relative_ns: Option<Nanos>,
    /// On the wire.
    length: u32,
    /// Bytes that the capture kept.
    captured_length: usize,
    /// The layers from the outside in, by Wireshark's names; those that an ICMP error quotes are not listed.
    layers: LayerNames<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst_port: Option<u16>,
    /// `tcp:0`: the conversation, by Wireshark's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    flow: Option<Text<FlowId>>,
    /// `orig` or `resp`: who sends, of the conversation's two sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tcp: Option<TcpJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp: Option<IcmpJson>,
    /// What the innermost TCP or UDP header carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<PayloadJson<'a>>,
    /// Why decoding went no further.
    #[serde(skip_serializing_if = "Option::is_none")]
    stop: Option<StopJson>,
}

impl<'a> PacketJson<'a> {
    /// What is known of one packet.
    #[must_use]
    pub fn new(packet: &CapturedPacket<'_>, decoded: &DecodedPacket<'a>, context: &LineContext<'_>) -> Self {
        let innermost = decoded.transports().iter().enumerate().rfind(|(_, transport)| !transport.quoted);
        let transport = innermost.map(|(_, transport)| transport);
        let verdict = innermost.and_then(|(place, _)| context.verdicts.get(place));
        let addresses = transport
            .map(|transport| (transport.src.addr, transport.dst.addr))
            .or_else(|| crate::render::line::sent_addresses(decoded));
        let segment = transport.and_then(|transport| decoded.tcp_segment(transport));
        Self {
            number: packet.number,
            time: packet.ts.map(|ts| Text(EpochNanos(ts))),
            time_relative_ns: context.relative.map(Nanos),
            length: packet.wire_len,
            captured_length: packet.data.len(),
            layers: LayerNames(*decoded),
            src: addresses.map(|(src, _)| src),
            src_port: transport.map(|transport| transport.src.port),
            dst: addresses.map(|(_, dst)| dst),
            dst_port: transport.map(|transport| transport.dst.port),
            flow: verdict.and_then(|verdict| verdict.id).map(Text),
            sender: verdict.map(|verdict| verdict.direction.sender()),
            tcp: segment.map(|segment| TcpJson::new(&segment, verdict)),
            icmp: IcmpJson::of(decoded, context),
            payload: transport.and_then(|transport| payload(decoded, transport)),
            stop: decoded.stop().map(StopJson::new),
        }
    }
}

fn payload<'a>(decoded: &DecodedPacket<'a>, transport: &Transport) -> Option<PayloadJson<'a>> {
    let layer = decoded.layers().get(transport.layer).filter(|layer| !decoded.is_cut(layer))?;
    let length = layer.claimed_end.saturating_sub(layer.payload);
    (length > 0).then(|| PayloadJson::new(decoded.payload(layer), length.into()))
}

/// The names of the layers that were themselves sent.
#[derive(Debug)]
struct LayerNames<'a>(DecodedPacket<'a>);

impl Serialize for LayerNames<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_seq(self.0.layers().iter().filter(|layer| !layer.quoted).map(|layer| layer.kind.name()))
    }
}

/// Bytes of an application: as text where they are UTF-8, else as hexadecimal digits.
#[derive(Debug, Serialize)]
pub struct PayloadJson<'a> {
    /// On the wire; `text` or `hex` holds less where the capture cut the packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<Text<Hex<'a>>>,
}

impl<'a> PayloadJson<'a> {
    /// `bytes` of a payload that is `length` long on the wire.
    #[must_use]
    pub fn new(bytes: &'a [u8], length: u64) -> Self {
        let text = std::str::from_utf8(bytes).ok();
        Self { length: Some(length), text, hex: text.is_none().then_some(Text(Hex(bytes))) }
    }

    /// The first bytes of a payload, which may end inside a character: that one is left out.
    #[must_use]
    pub fn sample(bytes: &'a [u8]) -> Self {
        let whole = match std::str::from_utf8(bytes) {
            Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => error.valid_up_to(),
            _ => bytes.len(),
        };
        Self { length: None, ..Self::new(bytes.get(..whole).unwrap_or_default(), 0) }
    }
}

/// A TCP segment.
#[derive(Debug, Serialize)]
struct TcpJson {
    /// As tcpdump spells them: `S.`, `P.`, `F.`, `R`.
    flags: Text<FlagLetters>,
    /// Relative to the conversation's first number.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ack: Option<u32>,
    /// As sent.
    seq_raw: u32,
    /// As sent; only with the ACK flag.
    #[serde(skip_serializing_if = "Option::is_none")]
    ack_raw: Option<u32>,
    /// As sent, not scaled.
    window: u16,
    /// Payload on the wire.
    length: u32,
    /// 1, 2 or 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    handshake_step: Option<u8>,
    /// Of bytes, a SYN or a FIN that were seen before: all of them.
    #[serde(skip_serializing_if = "is_default")]
    retransmission: bool,
    /// Some of them.
    #[serde(skip_serializing_if = "is_default")]
    partly_retransmitted: bool,
    #[serde(skip_serializing_if = "is_default")]
    port_reused: bool,
    /// A RST that answers the SYN.
    #[serde(skip_serializing_if = "is_default")]
    refused: bool,
    #[serde(skip_serializing_if = "is_default")]
    keep_alive: bool,
    /// Payload after the sender's FIN or a reset.
    #[serde(skip_serializing_if = "is_default")]
    after_close: bool,
    /// Bytes of this side that the capture lacks just before this segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_before: Option<u32>,
}

impl TcpJson {
    fn new(segment: &TcpSegment<'_>, verdict: Option<&Verdict>) -> Self {
        let verdict = verdict.and_then(|verdict| verdict.tcp);
        let says = |fact: fn(&TcpVerdict) -> bool| verdict.as_ref().is_some_and(fact);
        let acks = segment.flags.ack();
        Self {
            flags: Text(FlagLetters::new(segment.flags)),
            seq: verdict.map(|verdict| verdict.seq),
            ack: verdict.filter(|_| acks).map(|verdict| verdict.ack),
            seq_raw: segment.seq,
            ack_raw: acks.then_some(segment.ack),
            window: segment.window,
            length: segment.payload_len,
            handshake_step: verdict.and_then(|verdict| verdict.step).map(|step| match step {
                HandshakeStep::Syn => 1,
                HandshakeStep::SynAck => 2,
                HandshakeStep::Ack => 3,
            }),
            retransmission: says(|v| !v.keep_alive && (v.repeat == Repeat::Whole || v.handshake_retry)),
            partly_retransmitted: says(|v| v.repeat == Repeat::Partly),
            port_reused: says(|v| v.port_reused),
            refused: says(|v| v.refuses),
            keep_alive: says(|v| v.keep_alive),
            after_close: says(|v| v.after_close),
            missing_before: verdict.map(|verdict| verdict.missing_before).filter(|missing| *missing > 0),
        }
    }
}

/// An ICMP or ICMPv6 message.
#[derive(Debug, Serialize)]
struct IcmpJson {
    #[serde(rename = "type")]
    icmp_type: u8,
    code: u8,
    /// Both in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<&'static str>,
    /// The conversation that the packet quoted in an error belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<Text<FlowId>>,
}

impl IcmpJson {
    fn of(decoded: &DecodedPacket<'_>, context: &LineContext<'_>) -> Option<Self> {
        let is_icmp = |kind| matches!(kind, LayerKind::Icmp | LayerKind::Icmpv6);
        let layer = decoded.layers().iter().rfind(|layer| !layer.quoted && is_icmp(layer.kind))?;
        let &[icmp_type, code] = decoded.header(layer).first_chunk::<2>()?;
        let message = IcmpMessage { v6: layer.kind == LayerKind::Icmpv6, icmp_type, code };
        let quoted = decoded.transports().iter().position(|transport| transport.quoted);
        let about = quoted.and_then(|place| context.verdicts.get(place)?.id).map(Text);
        Some(Self { icmp_type, code, words: message.words(), about })
    }
}

/// Why decoding went no further.
#[derive(Debug, Serialize)]
struct StopJson {
    /// The layer that could not be decoded, by Wireshark's name.
    layer: &'static str,
    /// Where it begins.
    offset: u32,
    /// Bytes it needs, where that is the trouble.
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<u32>,
    /// Bytes there are.
    had: u32,
    /// In words.
    reason: Text<Stop>,
}

impl StopJson {
    fn new(stop: DecodeStop) -> Self {
        Self {
            layer: stop.layer.name(),
            offset: stop.offset,
            needed: (stop.needed > 0).then_some(stop.needed),
            had: stop.had,
            reason: Text(Stop(stop)),
        }
    }
}
