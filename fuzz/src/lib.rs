//! What the fuzz targets share: scripts read from bytes, frames written around payload, and a run through every stage.

#![forbid(unsafe_code)]

mod conversation;
mod initial;
mod reports;
mod shown;

use std::fmt::Write as _;

pub use conversation::{PORTS, conversation};
pub use initial::Initial;
pub use reports::Reports;
pub use shown::{is_json, is_safe};

use wirelab::decode::{ByteRange, DecodedPacket};
use wirelab::field::{self, FieldId, FieldSet, FieldSink, Value};
use wirelab::flow::PayloadWanted;
use wirelab::pipeline::{Pipeline, PipelineOptions};
use wirelab::proto::{AnalyzerOptions, MAX_MESSAGES, Messages};
use wirelab::render::color::Colors;
use wirelab::render::explain::{self, ExplainOptions};
use wirelab::render::json::write_explain_json;
use wirelab::report::dns::Learnt;
use wirelab::report::lan::LanCollector;
use wirelab::source::{CapturedPacket, Interface, LinkType};
use wirelab::time::Timestamp;

/// Bytes as a list of decisions.
#[derive(Clone, Copy, Debug)]
pub struct Script<'a>(pub &'a [u8]);

impl<'a> Script<'a> {
    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    /// The next two bytes, low one first.
    pub fn word(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    /// The next `len` bytes, or all that are left.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

/// A TCP segment to be written.
#[derive(Clone, Copy, Debug)]
pub struct Tcp<'a> {
    /// The client sends it.
    pub from_client: bool,
    pub client_port: u16,
    /// The server's port.
    pub port: u16,
    pub seq: u32,
    pub ack: u32,
    pub flags: u8,
    pub payload: &'a [u8],
}

impl Default for Tcp<'_> {
    fn default() -> Self {
        let client_port = CLIENT;
        Self { from_client: false, client_port, port: 0, seq: 0, ack: 0, flags: 0, payload: &[] }
    }
}

pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
pub const RST: u8 = 4;
pub const ACK: u8 = 16;

/// The client's port, where none is named.
const CLIENT: u16 = 40_000;

/// A segment in an IPv4 packet, as [`LinkType::RAW`] has it.
pub fn tcp(segment: &Tcp<'_>) -> Vec<u8> {
    let mut out = ports(segment.from_client, segment.client_port, segment.port);
    out.extend(segment.seq.to_be_bytes());
    out.extend(segment.ack.to_be_bytes());
    out.extend([0x50, segment.flags, 0xff, 0xff, 0, 0, 0, 0]);
    out.extend(segment.payload);
    ipv4(6, segment.from_client, &out)
}

/// A datagram in an IPv4 packet.
pub fn udp(from_client: bool, port: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = ports(from_client, CLIENT, port);
    out.extend(u16::try_from(payload.len() + 8).unwrap_or(u16::MAX).to_be_bytes());
    out.extend([0, 0]);
    out.extend(payload);
    ipv4(17, from_client, &out)
}

fn ports(from_client: bool, client: u16, server: u16) -> Vec<u8> {
    let (src, dst) = if from_client { (client, server) } else { (server, client) };
    [src.to_be_bytes(), dst.to_be_bytes()].concat()
}

/// An IPv4 packet, as [`LinkType::RAW`] has it.
pub fn ipv4(protocol: u8, from_client: bool, payload: &[u8]) -> Vec<u8> {
    let (src, dst) = if from_client { (1, 2) } else { (2, 1) };
    // More than IPv4 can say is said to be 0, as a card that splits segments itself leaves it.
    let len = u16::try_from(payload.len() + 20).unwrap_or(0).to_be_bytes();
    let mut out =
        vec![0x45, 0, len[0], len[1], 0, 0, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, src, 10, 0, 0, dst];
    out.extend(payload);
    out
}

/// Packets on their way through every stage; all fields are emitted.
pub struct Run {
    pipeline: Pipeline,
    lan: LanCollector,
    wanted: FieldSet,
    number: u64,
}

impl Run {
    /// A run that does all there is to do.
    pub fn new(bodies: bool) -> Self {
        let options = PipelineOptions {
            payload: Some(PayloadWanted::for_story(4096)),
            analyzers: Some(AnalyzerOptions { bodies }),
            ..PipelineOptions::default()
        };
        Self {
            pipeline: Pipeline::with(options),
            lan: LanCollector::default(),
            wanted: FieldSet::all(),
            number: 0,
        }
    }

    /// Takes a frame of which `missing` bytes were not captured; what ended in it goes to `each`.
    pub fn frame(
        &mut self,
        link: LinkType,
        frame: &[u8],
        missing: u32,
        each: &mut dyn FnMut(&Messages, &DecodedPacket<'_>),
    ) {
        self.number += 1;
        let packet = CapturedPacket {
            number: self.number,
            ts: Some(Timestamp::from_nanos(i128::from(self.number) * 1_000_000)),
            wire_len: u32::try_from(frame.len()).unwrap_or(u32::MAX).saturating_add(missing),
            interface: 0,
            link,
            data: frame,
        };
        self.packet(&packet, &[Interface::unnamed(link, 0)], each);
    }

    /// Takes a packet.
    pub fn packet(
        &mut self,
        packet: &CapturedPacket<'_>,
        interfaces: &[Interface],
        each: &mut dyn FnMut(&Messages, &DecodedPacket<'_>),
    ) {
        let step = self.pipeline.step(packet);
        let mut sink = Sink { decoded: &step.decoded, depth: 0, text: String::new() };
        field::emit(packet, &step.decoded, &step.context(interfaces), &self.wanted, &mut sink);
        assert_eq!(sink.depth, 0, "a field was opened and not closed");
        check(step.messages, &step.decoded);
        self.lan.take(packet, &step.decoded, step.echo, step.messages);
        each(step.messages, &step.decoded);
    }

    /// Ends the capture; messages that are not whole go to `each`.
    pub fn finish(mut self, each: &mut dyn FnMut(&Messages)) {
        self.pipeline.finish_with(&mut |messages| {
            check(messages, &DecodedPacket::of_joined(messages.joined()));
            each(messages);
        });
        let lan = self.lan.finish();
        let options = ExplainOptions { colors: Colors::OFF, width: 80, full: false, secrets: false };
        let mut out = Vec::new();
        let _ = explain::lan(&mut out, &lan, options);
        let _ = write_explain_json(&mut out, &[], &lan, &Learnt::default(), false);
        assert!(std::str::from_utf8(&out).is_ok());
    }
}

fn check(messages: &Messages, decoded: &DecodedPacket<'_>) {
    assert!(messages.all().len() <= MAX_MESSAGES);
    for message in messages.all() {
        let within = |range: ByteRange| {
            let len = decoded.buffer(range.buffer).len();
            range.start <= range.end && usize::try_from(range.end).is_ok_and(|end| end <= len)
        };
        assert!(within(message.range) && message.inner.is_none_or(within), "{message:?}");
        assert!(message.first.number <= message.last.number, "{message:?}");
    }
}

/// Has each value written, and counts what is open.
struct Sink<'a, 'p> {
    decoded: &'a DecodedPacket<'p>,
    depth: usize,
    text: String,
}

impl FieldSink for Sink<'_, '_> {
    fn field(&mut self, id: FieldId, value: Value<'_>, range: ByteRange) {
        assert!(range.start <= range.end, "{} {range:?}", id.def().name);
        let _ = range.of(self.decoded);
        self.text.clear();
        let _ = value.write(id.def().kind, &mut self.text);
        if let (Some(words), Value::Unsigned(number)) = (id.def().words, value) {
            let _ = write!(self.text, "{:?}", words(number));
        }
    }

    fn open(&mut self, id: FieldId, value: Value<'_>, range: ByteRange) {
        self.depth += 1;
        self.field(id, value, range);
    }

    fn close(&mut self) {
        assert!(self.depth > 0, "a field was closed that was not open");
        self.depth -= 1;
    }
}
