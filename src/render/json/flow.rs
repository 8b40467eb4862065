//! Flows as JSON: `flows --json`.

use std::borrow::Cow;
use std::io::{self, Write};
use std::net::IpAddr;

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::certificates::CertificateJson;
use super::escape::write_pretty;
use super::ftp::TransferJson;
use super::lab::LabJson;
use super::mail::MailFlowJson;
use super::measures::{AgreedJson, MeasuresJson, RatesJson};
use super::segments::{MoreSegmentsJson, SegmentJson};
use super::{FLOWS_SCHEMA, Nanos, PayloadJson, Text, is_default};
use crate::decode::TransportProtocol;
use crate::flow::{
    Closing, Direction, Flow, FlowId, Handshake, IcmpError, OrigReason, PacketStamp, Reset, TcpFlow,
    TcpOptions, Turn,
};
use crate::proto::socks::is_socks;
use crate::proto::{Protocol, judge};
use crate::render::explain::{Said, Sent};
use crate::render::flows::{Carries, round_trip};
use crate::render::format::EpochNanos;
use crate::render::words::{IcmpMessage, state_words};
use crate::report::secret::Masker;
use crate::report::{Agreed, SideNumbers, Told};
use crate::source::PacketNumber;

/// Writes `{"schema": "wirelab.flows/1", "flows": [ {…}, {…} ]}`, each a [`FlowJson`], in the order of their first
/// packets. Secrets in what was said are masked.
///
/// # Errors
/// Those of `out`.
pub fn write_flows_json<W: Write>(out: &mut W, flows: &[Told<'_>]) -> io::Result<()> {
    /// The document; flows are turned into JSON one at a time.
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        flows: Flows<'a>,
    }
    let document = Document { schema: FLOWS_SCHEMA, flows: Flows(flows, false) };
    write_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

/// Flows that are turned into [`FlowJson`] one at a time, and whether secrets are shown.
pub(super) struct Flows<'a>(pub(super) &'a [Told<'a>], pub(super) bool);

impl Serialize for Flows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for told in self.0 {
            let shown = Shown::of(told, self.1);
            list.serialize_element(&FlowJson::new(told, &shown))?;
        }
        list.end()
    }
}

/// What was said in a flow, as it is shown.
struct Shown<'a> {
    turns: Vec<(&'a Turn, Cow<'a, [u8]>)>,
    /// The beginning of what each side sent; `None` where that may be the answer to a prompt.
    starts: [Option<Cow<'a, [u8]>>; 2],
    /// Secrets are shown.
    secrets: bool,
}

impl<'a> Shown<'a> {
    fn of(told: &Told<'a>, show_secrets: bool) -> Self {
        let mut masker = Masker::default();
        let mut shown = |turn: &'a Turn| match show_secrets {
            true => Cow::Borrowed(&*turn.bytes),
            false => masker.mask(turn.direction, &turn.bytes),
        };
        let turns = told.flow.conversation.iter().flat_map(|talk| &talk.turns);
        let turns = turns.map(|turn| (turn, shown(turn))).collect();
        let asked = masker.asked();
        let starts = [Direction::OrigToResp, Direction::RespToOrig].map(|side| {
            let start = told.flow.side(side).sample.as_bytes();
            match show_secrets {
                true => Some(Cow::Borrowed(start)),
                false if asked || may_answer(told, side) => None,
                false => Some(Masker::default().mask(side, start)),
            }
        });
        Self { turns, starts, secrets: show_secrets }
    }
}

/// Whether the beginning of what a side sent may hold what the other asked for. It is not known between which of the
/// other's bytes it was sent, nor are these there beyond a few.
fn may_answer(told: &Told<'_>, side: Direction) -> bool {
    let (own, other) = (&told.flow.side(side).sample, &told.flow.side(side.reversed()).sample);
    let mut masker = Masker::default();
    let _ = masker.mask(side.reversed(), other.as_bytes());
    if masker.asked() {
        return true;
    }
    let start = own.as_bytes();
    let is_client = side == Direction::OrigToResp;
    let is = |protocol: Protocol, name: &str| protocol.name() == name;
    // Behind the greeting of SOCKS comes the login.
    let greeting = start.get(1).and_then(|methods| start.get(..usize::from(*methods).saturating_add(2)));
    if start.starts_with(&[5]) && greeting.is_some_and(is_socks) {
        return is_client;
    }
    match Carries::of(told).protocol.map(|protocol| protocol.name) {
        Some(name) if is(Protocol::Telnet, name) => is_client,
        Some(name) if [Protocol::Smtp, Protocol::Pop, Protocol::Imap].iter().any(|one| is(*one, name)) => {
            let upper = start.to_ascii_uppercase();
            let has = |word: &[u8]| memchr::memmem::find(&upper, word).is_some();
            is_client && (has(b"AUTH") || has(b"LOGIN"))
        }
        Some(_) => false,
        None => is_client && other.is_full() && judge(start).is_text() && judge(other.as_bytes()).is_text(),
    }
}

/// One conversation.
#[derive(Debug, Serialize)]
pub struct FlowJson<'a> {
    /// `tcp:0`, by Wireshark's number.
    flow: Text<FlowId>,
    protocol: &'static str,
    orig: SideJson<'a>,
    resp: SideJson<'a>,
    /// How the originator was told: `syn`, `syn_ack` or `first_packet`, which for TCP is a guess.
    orig_told_by: &'static str,
    first_packet: StampJson,
    last_packet: StampJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ns: Option<Nanos>,
    /// Zeek's conn_state.
    state: &'static str,
    /// The same in words.
    state_words: &'static str,
    /// TCP: from SYN to the ACK that completes the handshake. UDP: from request to first reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt_ns: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<ApplicationJson>,
    /// Whether the first bytes of both sides read as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tcp: Option<TcpFlowJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    icmp_errors: Vec<IcmpErrorJson>,
    /// How many ICMP errors there were, listed or not.
    icmp_error_count: u64,
    /// Wrong and unfilled checksums, where checksums were verified (`explain`) and there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    checksums: Option<ChecksumsJson<'a>>,
    /// What was said, in turns (`explain`): what one side said until the other answered, a UDP datagram each.
    #[serde(skip_serializing_if = "Option::is_none")]
    turns: Option<Vec<TurnJson<'a>>>,
    /// Segments that are more than simply the next one (`explain`): the first three of each kind and side.
    #[serde(skip_serializing_if = "Option::is_none")]
    segments: Option<Vec<SegmentJson>>,
    /// How many more there are of a kind and side.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    more_segments: Vec<MoreSegmentsJson>,
    /// What is wrong with certificates that were sent in clear (`explain`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    certificate_faults: Vec<CertificateJson>,
    /// What a flow of a lab says (`explain`).
    #[serde(skip_serializing_if = "Option::is_none")]
    lab: Option<LabJson<'a>>,
    /// What was done where it carries mail (`explain`).
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<MailFlowJson>,
    /// The data connections that a control connection of FTP announced (`explain`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ftp_transfers: Vec<TransferJson>,
    /// What a data connection of FTP carries data of (`explain`).
    #[serde(skip_serializing_if = "Option::is_none")]
    ftp_data_of: Option<TransferJson>,
}

/// Checksums that are not right.
#[derive(Debug, Serialize)]
struct ChecksumsJson<'a> {
    /// The first packets with a wrong checksum.
    bad_packets: &'a [PacketNumber],
    /// How many packets have one, listed or not.
    bad_count: u64,
    /// Packets captured before the network card of the sending host filled their checksum in.
    offloaded: u64,
}

/// What one side said.
#[derive(Debug, Serialize)]
struct TurnJson<'a> {
    /// `orig` or `resp`.
    from: &'static str,
    /// The packets that carried it, the first 16.
    packets: &'a [PacketNumber],
    packet_count: u64,
    /// Of its first packet: seconds since 1970-01-01 UTC, as a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Text<EpochNanos>>,
    /// Bytes of this side that are missing in the capture just before.
    #[serde(skip_serializing_if = "is_default")]
    gap_before: u64,
    /// What it says, in words, where it is DNS, DHCP, HTTP, TLS, DTLS, QUIC, Telnet, SSH or SOCKS.
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<String>,
    /// Telnet: the line that was typed from here on, put together of several turns.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<String>,
    /// The first packet of the turn that tells this one, too: it brought more of the same line, or its echo.
    #[serde(skip_serializing_if = "Option::is_none")]
    part_of: Option<PacketNumber>,
    /// Labs: the messages that it is made of, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<SentJson>,
    #[serde(flatten)]
    payload: PayloadJson<'a>,
}

/// A message of a turn: its bytes are the next of the turn's.
#[derive(Debug, Serialize)]
struct SentJson {
    /// The packet that it ends in.
    packet: PacketNumber,
    /// Bytes.
    length: usize,
}

impl<'a> TurnJson<'a> {
    fn new((turn, bytes): &'a (&Turn, Cow<'_, [u8]>), said: &Said<'_>) -> Self {
        let together = said.together(turn);
        Self {
            from: turn.direction.sender(),
            packets: &turn.packets,
            packet_count: turn.packet_count,
            time: turn.first.ts.map(|ts| Text(EpochNanos(ts))),
            gap_before: turn.gap_before,
            says: said.turn(turn),
            line: together.line.map(|line| String::from_utf8_lossy(line).into_owned()),
            part_of: together.with,
            messages: said.sends(turn).unwrap_or_default().iter().map(SentJson::new).collect(),
            payload: PayloadJson::new(bytes, turn.total),
        }
    }
}

impl SentJson {
    fn new(sent: &Sent) -> Self {
        Self { packet: sent.at.number, length: sent.len }
    }
}

impl<'a> FlowJson<'a> {
    /// What is known of one flow, in which this was said.
    fn new(told: &Told<'a>, shown: &'a Shown<'_>) -> Self {
        let flow = told.flow;
        let state = flow.conn_state();
        let carries = Carries::of(told);
        Self {
            flow: Text(flow.id),
            protocol: flow.id.protocol.name(),
            orig: SideJson::new(flow, Direction::OrigToResp, shown.starts[0].as_deref()),
            resp: SideJson::new(flow, Direction::RespToOrig, shown.starts[1].as_deref()),
            orig_told_by: match flow.orig_reason {
                OrigReason::Syn => "syn",
                OrigReason::SynAck => "syn_ack",
                OrigReason::FirstPacket => "first_packet",
            },
            first_packet: StampJson::new(flow.first),
            last_packet: StampJson::new(flow.last),
            duration_ns: flow.duration().map(Nanos),
            state: state.name(),
            state_words: state_words(state, flow.id.protocol == TransportProtocol::Udp),
            rtt_ns: round_trip(flow).map(Nanos),
            application: carries.protocol.map(|p| ApplicationJson { name: p.name, by_port: p.by_port }),
            text: carries.text,
            tcp: flow.tcp.as_deref().map(|tcp| TcpFlowJson::new(flow, tcp)),
            icmp_errors: flow.icmp_errors.iter().map(IcmpErrorJson::new).collect(),
            icmp_error_count: flow.icmp_error_count,
            checksums: told.checksums.map(|tally| ChecksumsJson {
                bad_packets: &tally.bad,
                bad_count: tally.bad_count,
                offloaded: tally.offloaded,
            }),
            turns: flow.conversation.as_ref().map(|_| {
                let said = Said::of(told, shown.secrets);
                shown.turns.iter().map(|turn| TurnJson::new(turn, &said)).collect()
            }),
            segments: told.remarks.map(|remarks| remarks.kept().iter().map(SegmentJson::new).collect()),
            more_segments: told
                .remarks
                .map(|remarks| remarks.more().map(MoreSegmentsJson::new).collect())
                .unwrap_or_default(),
            certificate_faults: CertificateJson::of(told),
            lab: told.lab.map(LabJson::new),
            mail: told.mail.map(MailFlowJson::new),
            ftp_transfers: told.transfers.iter().map(TransferJson::new).collect(),
            ftp_data_of: told.data_of.map(TransferJson::new),
        }
    }
}

/// A packet and its time.
#[derive(Debug, Serialize)]
pub(super) struct StampJson {
    number: PacketNumber,
    /// Seconds since 1970-01-01 UTC, as a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Text<EpochNanos>>,
}

impl StampJson {
    pub(super) fn new(stamp: PacketStamp) -> Self {
        Self { number: stamp.number, time: stamp.ts.map(|ts| Text(EpochNanos(ts))) }
    }
}

/// The application protocol.
#[derive(Debug, Serialize)]
struct ApplicationJson {
    name: &'static str,
    /// Told by the port alone.
    by_port: bool,
}

/// One side: where it is, and what it sent.
#[derive(Debug, Serialize)]
struct SideJson<'a> {
    address: IpAddr,
    port: u16,
    packets: u64,
    /// Frame bytes on the wire.
    bytes: u64,
    /// Transport payload on the wire, repeats included.
    payload_bytes: u64,
    /// The first payload bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_start: Option<PayloadJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retransmitted_packets: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retransmitted_bytes: Option<u64>,
    /// Sent, by the sequence numbers, and not in the capture.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_bytes: Option<u64>,
    #[serde(flatten)]
    rates: Option<RatesJson>,
    #[serde(flatten)]
    measures: Option<MeasuresJson>,
}

impl<'a> SideJson<'a> {
    fn new(flow: &'a Flow, direction: Direction, start: Option<&'a [u8]>) -> Self {
        let endpoint = match direction {
            Direction::OrigToResp => flow.tuple.orig,
            Direction::RespToOrig => flow.tuple.resp,
        };
        let side = SideNumbers::of(flow, direction);
        Self {
            address: endpoint.addr,
            port: endpoint.port,
            packets: side.packets,
            bytes: side.wire_bytes,
            payload_bytes: side.payload_bytes,
            payload_start: start.filter(|start| !start.is_empty()).map(PayloadJson::sample),
            retransmitted_packets: side.tcp.map(|tcp| tcp.repeated_packets),
            retransmitted_bytes: side.tcp.map(|tcp| tcp.repeated_bytes),
            missing_bytes: side.tcp.map(|tcp| tcp.missing_bytes),
            rates: side.rates.map(RatesJson::new),
            measures: side.tcp.map(|tcp| MeasuresJson::new(&tcp)),
        }
    }
}

/// A TCP connection: how it began and ended.
#[derive(Debug, Serialize)]
struct TcpFlowJson<'a> {
    /// Zeek's history: upper case the originator, lower case the responder.
    history: &'a str,
    handshake: HandshakeJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    orig_fin: Option<StampJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resp_fin: Option<StampJson>,
    /// `orig` or `resp`: who closed first; `both` where neither had the other's FIN.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_first: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reset: Option<ResetJson>,
    /// What both sides agreed on, where the SYNs of both are in the capture.
    #[serde(skip_serializing_if = "Option::is_none")]
    agreed: Option<AgreedJson>,
    /// A flow between the same ports came before.
    #[serde(skip_serializing_if = "is_default")]
    port_reused: bool,
}

impl<'a> TcpFlowJson<'a> {
    fn new(flow: &Flow, tcp: &'a TcpFlow) -> Self {
        Self {
            history: tcp.history.as_str(),
            handshake: HandshakeJson::new(&tcp.handshake),
            orig_fin: tcp.teardown.orig_fin.map(StampJson::new),
            resp_fin: tcp.teardown.resp_fin.map(StampJson::new),
            closed_first: tcp.teardown.closing().map(|closing| match closing {
                Closing::First(by) => by.sender(),
                Closing::AtOnce => "both",
            }),
            reset: tcp.teardown.reset.as_deref().copied().map(ResetJson::new),
            agreed: Agreed::of(flow).map(AgreedJson::new),
            port_reused: tcp.port_reused,
        }
    }
}

/// The three steps and what they agreed on.
#[derive(Debug, Serialize)]
struct HandshakeJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    syn: Option<StampJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    syn_ack: Option<StampJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ack: Option<StampJson>,
    /// The RST that answered the SYN.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<StampJson>,
    syn_retries: u32,
    syn_ack_retries: u32,
    /// Initial sequence numbers as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    orig_isn: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resp_isn: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    orig_options: Option<OptionsJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resp_options: Option<OptionsJson>,
}

impl HandshakeJson {
    fn new(handshake: &Handshake) -> Self {
        Self {
            syn: handshake.syn.map(StampJson::new),
            syn_ack: handshake.syn_ack.map(StampJson::new),
            ack: handshake.ack.map(StampJson::new),
            refused: handshake.refused.map(StampJson::new),
            syn_retries: handshake.syn_retry_count,
            syn_ack_retries: handshake.syn_ack_retry_count,
            orig_isn: handshake.orig_isn,
            resp_isn: handshake.resp_isn,
            orig_options: handshake.orig_options.map(OptionsJson::new),
            resp_options: handshake.resp_options.map(OptionsJson::new),
        }
    }
}

/// Options of a SYN or SYN-ACK, as sent.
#[derive(Debug, Serialize)]
struct OptionsJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    mss: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_scale: Option<u8>,
    sack_permitted: bool,
    timestamps: bool,
}

impl OptionsJson {
    fn new(options: TcpOptions) -> Self {
        Self {
            mss: options.mss,
            window_scale: options.window_scale,
            sack_permitted: options.sack_permitted,
            timestamps: options.timestamps.is_some(),
        }
    }
}

/// The first RST.
#[derive(Debug, Serialize)]
struct ResetJson {
    /// `orig` or `resp`.
    by: &'static str,
    packet: StampJson,
}

impl ResetJson {
    fn new(reset: Reset) -> Self {
        Self { by: reset.by.sender(), packet: StampJson::new(reset.packet) }
    }
}

/// An ICMP error about a packet of the flow.
#[derive(Debug, Serialize)]
struct IcmpErrorJson {
    packet: StampJson,
    from: IpAddr,
    #[serde(rename = "type")]
    icmp_type: u8,
    code: u8,
    /// Both in words.
    words: Text<IcmpMessage>,
    /// `orig` or `resp`: whose packet could not be delivered.
    about_packet_of: &'static str,
}

impl IcmpErrorJson {
    fn new(error: &IcmpError) -> Self {
        let message = IcmpMessage { v6: error.v6, icmp_type: error.icmp_type, code: error.code };
        Self {
            packet: StampJson::new(error.packet),
            from: error.from,
            icmp_type: error.icmp_type,
            code: error.code,
            words: Text(message),
            about_packet_of: error.about.sender(),
        }
    }
}
