//! Walks a packet and hands out its fields.

mod application;
mod arp;
mod ascii;
mod cooked;
mod data;
mod dhcp;
mod dhcp_option;
mod dns;
mod dns_data;
mod dns_layout;
mod dns_options;
mod dns_service;
mod ethernet;
mod fragments;
mod frame;
mod ftp;
mod header;
mod host;
mod http;
mod http_body;
mod icmp;
mod icmp_extensions;
mod icmpv6;
mod igmp;
mod imap;
mod imf;
mod ip;
mod ip_options;
mod ipv6;
mod lab;
mod mptcp;
mod nd_options;
mod pop;
mod quic;
mod run;
mod smtp;
mod ssh;
mod tcp;
mod tcp_analysis;
mod tcp_options;
mod telnet;
mod tls;
mod trailer;
mod transport;
mod tunnel;
mod udp;
mod wirelab;
mod x509;

use super::{FieldId, FieldSet, Value};
use crate::decode::{ByteRange, DecodedPacket, Layer, LayerKind};
use crate::flow::{EchoAnswer, Hindsight, Verdict};
use crate::proto::Messages;
use crate::source::{CapturedPacket, Interface};
use crate::time::Timestamp;

/// Takes the fields of a packet.
pub trait FieldSink {
    /// An occurrence of a field, in Wireshark's order.
    fn field(&mut self, id: FieldId, value: Value<'_>, range: ByteRange);

    /// The same for a field that others stand under in the tree, until [`Self::close`]. Only a sink that wants
    /// all fields is told of the tree; others get [`Self::field`].
    fn open(&mut self, id: FieldId, value: Value<'_>, range: ByteRange) {
        self.field(id, value, range);
    }

    /// Ends what stands under the last field that was opened and not closed.
    fn close(&mut self) {}
}

/// What a packet alone does not tell: only who has seen the packets before knows.
#[derive(Clone, Copy, Debug, Default)]
pub struct PacketContext<'a> {
    /// Time of the capture's first packet.
    pub first: Option<Timestamp>,
    /// Time of the packet before; `None` for the first. tshark takes a packet without a time for one at 0.
    pub previous: Option<Timestamp>,
    /// Time of the last packet before that was shown; `None` where none was.
    pub displayed: Option<Timestamp>,
    /// What the flow table says of each of [`DecodedPacket::transports`], in the same order.
    pub verdicts: &'a [Verdict],
    /// The request that the packet answers, if it is an ICMP echo's answer.
    pub echo: Option<EchoAnswer>,
    /// The application messages that end in the packet; `None` where nobody looked for them.
    pub messages: Option<&'a Messages>,
    /// Where the packet was captured.
    pub interface: Option<&'a Interface>,
    /// What only the packets after this one tell of it; `None` in a single pass.
    pub hindsight: Option<&'a Hindsight>,
    /// How fields are told where that is a matter of choice.
    pub preferences: Preferences,
}

/// Choices that Wireshark calls preferences (`-o`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preferences {
    /// `tcp.seq` and `tcp.ack` count from the beginning of the connection (`tcp.relative_sequence_numbers`).
    pub relative_sequence_numbers: bool,
    /// Checksums of IPv4 headers are verified (`ip.check_checksum`).
    pub check_ip_checksum: bool,
    /// Checksums of UDP datagrams are verified (`udp.check_checksum`).
    pub check_udp_checksum: bool,
    /// Checksums of TCP segments are verified (`tcp.check_checksum`).
    pub check_tcp_checksum: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            relative_sequence_numbers: true,
            check_ip_checksum: false,
            check_udp_checksum: false,
            check_tcp_checksum: false,
        }
    }
}

/// What a packet is told from, all together.
#[derive(Clone, Copy)]
struct Subject<'a> {
    captured: &'a CapturedPacket<'a>,
    packet: &'a DecodedPacket<'a>,
    context: &'a PacketContext<'a>,
}

impl<'a> Subject<'a> {
    /// The number of the transport whose header `layer`, one of the packet's, is.
    fn transport_of(&self, layer: &Layer) -> Option<usize> {
        let is_it = |other: &Layer| std::ptr::eq(other, layer);
        let layers = self.packet.layers();
        self.packet.transports().iter().position(|transport| layers.get(transport.layer).is_some_and(is_it))
    }

    /// The layer that stands in `layer`, one of the packet's.
    fn inner(&self, layer: &Layer) -> Option<&'a Layer> {
        self.packet.layers().iter().skip_while(|other| !std::ptr::eq(*other, layer)).nth(1)
    }

    /// The layer that `layer`, one of the packet's, stands in.
    fn outer(&self, layer: &Layer) -> Option<&'a Layer> {
        let mut before = None;
        for other in self.packet.layers() {
            if std::ptr::eq(other, layer) {
                return before;
            }
            before = Some(other);
        }
        None
    }
}

/// The way to a sink, for those fields only that it wants.
struct Emitter<'a> {
    wanted: &'a FieldSet,
    sink: &'a mut dyn FieldSink,
}

impl Emitter<'_> {
    fn wants(&self, id: FieldId) -> bool {
        self.wanted.has(id)
    }

    /// Whether any field of the protocol of `id` is wanted.
    fn wants_any_of(&self, id: FieldId) -> bool {
        self.wanted.has_any_of(id)
    }

    /// Hands out one occurrence of a field, if it is wanted.
    fn give(&mut self, id: FieldId, value: Value<'_>, range: ByteRange) {
        if self.wanted.has(id) {
            self.sink.field(id, value, range);
        }
    }

    /// As [`Self::give`], for a field that others stand under until [`Self::close`].
    fn open(&mut self, id: FieldId, value: Value<'_>, range: ByteRange) {
        if self.wanted.is_all() {
            self.sink.open(id, value, range);
        } else {
            self.give(id, value, range);
        }
    }

    fn close(&mut self) {
        if self.wanted.is_all() {
            self.sink.close();
        }
    }

    /// Opens a protocol. Its value is all bytes of its layer, what it carries included, for searches; `range` is
    /// what Wireshark's tree shows as the protocol and what slices and lengths are of.
    fn protocol(&mut self, id: FieldId, subject: &Subject<'_>, layer: &Layer, range: ByteRange) {
        self.open(id, Value::Bytes(whole(subject.packet, layer).of(subject.packet)), range);
    }
}

/// Hands the fields of a packet that are in `wanted` to `sink`.
pub fn emit(
    captured: &CapturedPacket<'_>,
    packet: &DecodedPacket<'_>,
    context: &PacketContext<'_>,
    wanted: &FieldSet,
    sink: &mut dyn FieldSink,
) {
    let mut out = Emitter { wanted, sink };
    let subject = Subject { captured, packet, context };
    frame::emit(&subject, &mut out);
    let mut transports = packet.transports().iter().enumerate().peekable();
    let mut enclosing = Enclosing::default();
    for (index, layer) in packet.layers().iter().enumerate() {
        enclosing.leave(&subject, Some(layer), &mut out);
        let place = transports.next_if(|(_, transport)| transport.layer == index).map(|(place, _)| place);
        let verdict = place.and_then(|place| context.verdicts.get(place));
        if !enclosing.enter(&subject, layer, packet.layers().get(index + 1), &mut out) {
            emit_layer(&subject, layer, verdict, &mut out);
            enclosing.leave_ipv6(packet.layers().get(index + 1), &mut out);
            data::emit(&subject, layer, &mut out);
        }
        if let Some(place) = place {
            application::emit(&subject, place, &mut out);
        }
    }
    enclosing.leave(&subject, None, &mut out);
    lab::emit(&subject, &mut out);
    wirelab::emit(&subject, &mut out);
}

/// Layers that others stand under, which are open: ICMP messages with the packet that they quote, and an IPv6
/// header with its extension headers.
#[derive(Default)]
struct Enclosing<'a> {
    /// From the outside in; no more than [`crate::decode::MAX_LAYERS`].
    messages: Vec<&'a Layer>,
    is_in_ipv6: bool,
}

impl<'a> Enclosing<'a> {
    /// Opens a layer of such a kind, before `next`; false for any other.
    fn enter(
        &mut self,
        subject: &Subject<'a>,
        layer: &'a Layer,
        next: Option<&Layer>,
        out: &mut Emitter<'_>,
    ) -> bool {
        let is_open = match layer.kind {
            LayerKind::Ipv6 => {
                ipv6::open(subject, layer, out);
                self.is_in_ipv6 = true;
                return true;
            }
            LayerKind::Icmp => icmp::open(subject, layer, out),
            LayerKind::Icmpv6 => icmpv6::open(subject, layer, out),
            _ => return false,
        };
        if is_open && next.is_some_and(|next| next.quoted) {
            self.messages.push(layer);
        } else if is_open {
            data::emit(subject, layer, out);
            close_message(subject, layer, out);
        }
        true
    }

    /// Closes the IPv6 header, unless `next` is one of its extension headers.
    fn leave_ipv6(&mut self, next: Option<&Layer>, out: &mut Emitter<'_>) {
        if self.is_in_ipv6 && next.is_none_or(|next| !ipv6::is_extension(next.kind)) {
            self.is_in_ipv6 = false;
            out.close();
        }
    }

    /// Closes what `next` does not stand under.
    fn leave(&mut self, subject: &Subject<'a>, next: Option<&Layer>, out: &mut Emitter<'_>) {
        self.leave_ipv6(next, out);
        if next.is_some_and(|next| next.quoted) {
            return;
        }
        while let Some(message) = self.messages.pop() {
            close_message(subject, message, out);
        }
    }
}

fn close_message(subject: &Subject<'_>, message: &Layer, out: &mut Emitter<'_>) {
    match message.kind {
        LayerKind::Icmp => icmp::close(subject, message, out),
        _ => icmpv6::close(subject, message, out),
    }
}

/// Wireshark's numbers for what became of a checksum (`….checksum.status`).
mod status {
    use crate::decode::ChecksumVerdict;

    pub(super) const BAD: u64 = 0;
    pub(super) const GOOD: u64 = 1;
    pub(super) const UNVERIFIED: u64 = 2;
    /// The sender left it out.
    pub(super) const NOT_PRESENT: u64 = 3;
    /// The sender left it out where it may not.
    pub(super) const ILLEGAL: u64 = 4;

    /// The number for a verdict.
    pub(super) const fn of(verdict: ChecksumVerdict) -> u64 {
        match verdict {
            ChecksumVerdict::Bad { .. } => BAD,
            ChecksumVerdict::Good => GOOD,
            ChecksumVerdict::NotVerifiable(_) | ChecksumVerdict::Absent => UNVERIFIED,
        }
    }
}

/// Hands out the fields of one layer; `verdict` is what the flow table says of a transport.
fn emit_layer(subject: &Subject<'_>, layer: &Layer, verdict: Option<&Verdict>, out: &mut Emitter<'_>) {
    match layer.kind {
        LayerKind::Ethernet => ethernet::emit(subject, layer, out),
        LayerKind::Vlan => ethernet::emit_vlan(subject, layer, out),
        LayerKind::BackboneTag => ethernet::emit_backbone(subject, layer, out),
        LayerKind::Llc => cooked::emit_llc(subject, layer, out),
        LayerKind::LinuxSll => cooked::emit_sll(subject, layer, out),
        LayerKind::LinuxSll2 => cooked::emit_sll2(subject, layer, out),
        LayerKind::Null | LayerKind::Loop => cooked::emit_null(subject, layer, out),
        LayerKind::Ppp => cooked::emit_ppp(subject, layer, out),
        LayerKind::CiscoHdlc => cooked::emit_chdlc(subject, layer, out),
        LayerKind::Pppoe => cooked::emit_pppoe(subject, layer, out),
        LayerKind::Mpls => tunnel::emit_mpls(subject, layer, out),
        LayerKind::Gre => tunnel::emit_gre(subject, layer, out),
        LayerKind::Vxlan => tunnel::emit_vxlan(subject, layer, out),
        LayerKind::Geneve => tunnel::emit_geneve(subject, layer, out),
        LayerKind::Gtpu => tunnel::emit_gtp(subject, layer, out),
        LayerKind::Ah => tunnel::emit_ah(subject, layer, out),
        LayerKind::IpComp => tunnel::emit_ipcomp(subject, layer, out),
        LayerKind::Esp => tunnel::emit_esp(subject, layer, out),
        LayerKind::Pim => tunnel::emit_pim(subject, layer, out),
        LayerKind::Sctp => tunnel::emit_sctp(subject, layer, out),
        LayerKind::Arp => arp::emit(subject, layer, out),
        LayerKind::Ipv4 => ip::emit(subject, layer, out),
        LayerKind::Ipv6HopByHop => ipv6::hop_by_hop(subject, layer, out),
        LayerKind::Ipv6Routing => ipv6::routing(subject, layer, out),
        LayerKind::Ipv6Fragment => ipv6::fragment(subject, layer, out),
        LayerKind::Ipv6DestOptions => ipv6::destination_options(subject, layer, out),
        LayerKind::Igmp => igmp::emit(subject, layer, out),
        LayerKind::Udp | LayerKind::UdpLite => udp::emit(subject, layer, verdict, out),
        LayerKind::Tcp => tcp::emit(subject, layer, verdict, out),
        _ => {}
    }
}

/// The bytes of a layer from the first of its header to the last that it carries.
fn whole(packet: &DecodedPacket<'_>, layer: &Layer) -> ByteRange {
    let end = layer.end.max(layer.payload).min(offset(packet.buffer(layer.buffer).len()));
    ByteRange { buffer: layer.buffer, start: layer.start, end }
}

/// The bytes of a layer's header.
fn own(layer: &Layer) -> ByteRange {
    ByteRange { buffer: layer.buffer, start: layer.start, end: layer.payload }
}

/// `len` bytes at `at` of a layer.
fn part(layer: &Layer, at: u32, len: u32) -> ByteRange {
    let start = layer.start.saturating_add(at);
    ByteRange { buffer: layer.buffer, start, end: start.saturating_add(len) }
}

/// A length as an offset; buffers never reach 4 GiB.
fn offset(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod dhcp_tests;
#[cfg(test)]
mod dns_tests;
#[cfg(test)]
mod link_tests;
#[cfg(test)]
mod tests;
