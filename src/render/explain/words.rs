//! The words of the story. Everything said here is shown by packets, and the packet is named.

use std::fmt::Write as _;

use super::super::color::Style;
use super::super::format::{Count, Elapsed};
use super::super::words::IcmpMessage;
use super::turns::TurnWords;
use super::{http, segments, tls};
use crate::decode::TransportProtocol;
use crate::flow::{Direction, Flow, HandshakeStep, IcmpError, PacketStamp, TcpOptions, Turn};
use crate::proto::{Readability, judge};
use crate::report::{Event, Fate, starts_mid_stream};

/// What the two sides of a flow are called.
pub(super) struct Names {
    orig: &'static str,
    resp: &'static str,
}

impl Names {
    /// Client and server where the capture shows who began.
    pub(super) fn of(flow: &Flow) -> Self {
        if starts_mid_stream(flow) {
            Self { orig: "first speaker", resp: "other side" }
        } else if flow.tcp.is_none() {
            Self { orig: "sender", resp: "receiver" }
        } else {
            Self { orig: "client", resp: "server" }
        }
    }

    /// `client`.
    pub(super) const fn role(&self, side: Direction) -> &'static str {
        match side {
            Direction::OrigToResp => self.orig,
            Direction::RespToOrig => self.resp,
        }
    }
}

/// The chapter a moment belongs to; `None` for what is told in whatever chapter it falls into.
pub(super) const fn phase(event: &Event<'_>) -> Option<&'static str> {
    Some(match event {
        Event::Step { .. } | Event::Refusal => "Handshake",
        Event::MidStream | Event::Turn(_) => "Conversation",
        Event::Fin { .. } | Event::FinAck { .. } => "Close",
        Event::Reset(_) => "Reset",
        Event::Icmp(_) => "Error report",
        Event::Remark(_) | Event::More(_) | Event::Gap(_) | Event::MoreGaps { .. } | Event::Same { .. } => {
            return None;
        }
    })
}

/// Who sent the packet of a moment; `None` for a third party.
pub(super) const fn direction(event: &Event<'_>) -> Option<Direction> {
    match event {
        Event::Step { by, .. } | Event::Fin { by, .. } | Event::FinAck { by } => Some(*by),
        Event::Refusal => Some(Direction::RespToOrig),
        Event::Turn(turn) => Some(turn.direction),
        Event::Reset(reset) => Some(reset.by),
        Event::Remark(remark) => Some(remark.by),
        Event::More(more) => Some(more.by),
        Event::Gap(gap) => Some(gap.by),
        Event::Same { by, .. } => *by,
        Event::Icmp(_) | Event::MidStream | Event::MoreGaps { .. } => None,
    }
}

/// The short label at the head of a line, which the lines below it leave free.
pub(super) fn label(event: &Event<'_>) -> &'static str {
    match event {
        Event::Step { step: HandshakeStep::Syn, .. } => "SYN      1/3  ",
        Event::Step { step: HandshakeStep::SynAck, .. } => "SYN-ACK  2/3  ",
        Event::Step { step: HandshakeStep::Ack, .. } => "ACK      3/3  ",
        Event::Refusal | Event::Reset(_) => "RST           ",
        Event::Fin { .. } => "FIN           ",
        Event::FinAck { .. } => "ACK           ",
        Event::Icmp(_) => "ICMP          ",
        Event::Turn(_)
        | Event::MidStream
        | Event::Remark(_)
        | Event::More(_)
        | Event::Gap(_)
        | Event::MoreGaps { .. }
        | Event::Same { .. } => "",
    }
}

/// What the text begins with, where that is what the moment is called.
pub(super) fn head(event: &Event<'_>) -> String {
    match event {
        Event::MidStream => "Begins mid-stream".to_owned(),
        Event::Remark(remark) => segments::head(remark),
        Event::More(more) => segments::head_of_more(more),
        Event::Gap(_) => "Missing".to_owned(),
        Event::MoreGaps { count, .. } => Count::new(*count, "more gap", "more gaps").to_string(),
        _ => String::new(),
    }
}

/// The style of the label, or head.
pub(super) const fn style(event: &Event<'_>) -> Style {
    match event {
        Event::Step { .. } => Style::Green,
        Event::Refusal | Event::Reset(_) | Event::Icmp(_) => Style::Red,
        Event::Remark(remark) if !segments::is_harmless(remark.shown.topic()) => Style::Yellow,
        Event::More(more) if !segments::is_harmless(more.topic) => Style::Yellow,
        Event::Gap(gap) if matches!(gap.fate, Fate::Lost(_)) => Style::Yellow,
        Event::Same { .. } => Style::Dim,
        Event::MidStream
        | Event::Gap(_)
        | Event::MoreGaps { .. }
        | Event::Turn(_)
        | Event::Fin { .. }
        | Event::FinAck { .. }
        | Event::Remark(_)
        | Event::More(_) => Style::Bold,
    }
}

pub(super) fn icmp(error: &IcmpError) -> IcmpMessage {
    IcmpMessage { v6: error.v6, icmp_type: error.icmp_type, code: error.code }
}

/// What one moment says, in a sentence or two.
pub(super) fn sentence(flow: &Flow, event: &Event<'_>, names: &Names, marks: &mut segments::Marks) -> String {
    match event {
        Event::MidStream => {
            "the handshake is not in the capture, so who connected to whom is not known.".to_owned()
        }
        Event::Remark(remark) => segments::sentence(flow, remark, names, marks),
        Event::More(more) => segments::range_of_more(more),
        Event::Gap(gap) => segments::gap(gap, names),
        Event::MoreGaps { last, .. } => format!("up to packet {last}"),
        Event::Same { by, times, last } => same(by.is_none(), *times, *last),
        Event::Step { step, by } => step_words(flow, *step, *by, names),
        Event::Refusal => "The server's host refuses: nothing listens on this port.".to_owned(),
        Event::Turn(turn) => turn_words(flow, turn),
        Event::Fin { by, first } => {
            let (by, other) = (names.role(*by), names.role(by.reversed()));
            if *first {
                format!("The {by} closes: it will send nothing more. The {other} still may.")
            } else {
                format!("The {by} closes too.")
            }
        }
        Event::FinAck { by } => format!("The {} acknowledges the close.", names.role(*by)),
        Event::Reset(reset) => format!("The {} ends the connection at once.", names.role(reset.by)),
        Event::Icmp(error) => format!(
            "{} reports {}, about the packet the {} sent.",
            error.from,
            icmp(error),
            names.role(error.about)
        ),
    }
}

fn step_words(flow: &Flow, step: HandshakeStep, by: Direction, names: &Names) -> String {
    let Some(tcp) = &flow.tcp else { return String::new() };
    let start = &tcp.handshake;
    match step {
        HandshakeStep::Syn => {
            let isn = if by == Direction::OrigToResp { start.orig_isn } else { start.resp_isn };
            format!("The {} asks to connect{}{}.", names.role(by), numbered(isn), offers(start.options(by)))
        }
        HandshakeStep::SynAck => {
            let after = start.syn_ack.zip(start.syn).and_then(|(ack, syn)| ack.since(syn));
            let after = after.map(|time| format!(" after {}", Elapsed(time))).unwrap_or_default();
            let offers = offers(start.options(by));
            format!("The {} agrees{after}{}{offers}.", names.role(by), numbered(start.resp_isn))
        }
        HandshakeStep::Ack => {
            let rtt =
                start.rtt().map(|time| format!(", {} after the SYN", Elapsed(time))).unwrap_or_default();
            format!("Connected{rtt}. {}", in_effect(flow))
        }
    }
}

fn numbered(isn: Option<u32>) -> String {
    isn.map(|isn| format!(", numbering its bytes from {isn} (shown as 0)")).unwrap_or_default()
}

fn offers(options: Option<TcpOptions>) -> String {
    let Some(options) = options else { return String::new() };
    let mut parts = Vec::new();
    parts.extend(options.mss.map(|mss| format!("segments of up to {mss} bytes")));
    parts.extend(options.window_scale.map(|shift| format!("window scale {shift}")));
    parts.extend(options.sack_permitted.then(|| "SACK".to_owned()));
    parts.extend(options.timestamps.map(|_| "timestamps".to_owned()));
    if parts.is_empty() { String::new() } else { format!("; offers {}", parts.join(", ")) }
}

/// What the options of both sides come to.
fn in_effect(flow: &Flow) -> String {
    let Some(tcp) = &flow.tcp else { return String::new() };
    let start = &tcp.handshake;
    if start.orig_options.is_none() || start.resp_options.is_none() {
        return String::new();
    }
    let mut parts = Vec::new();
    let shift = |side| start.window_shift(side).unwrap_or(0);
    let times = |shift: u8| 1_u32.checked_shl(u32::from(shift)).unwrap_or(1);
    if start.scaling_in_effect() {
        let (orig, resp) = (times(shift(Direction::OrigToResp)), times(shift(Direction::RespToOrig)));
        parts.push(if orig == resp {
            format!("windows count ×{orig}")
        } else {
            format!("windows count ×{orig} from the client, ×{resp} from the server")
        });
    } else {
        parts.push("windows count as sent".to_owned());
    }
    parts.extend(start.sack_in_effect().then(|| "SACK".to_owned()));
    parts.extend(start.timestamps_in_effect().then(|| "timestamps".to_owned()));
    format!("In effect: {}.", parts.join(", "))
}

/// What a turn over TCP says, where that is told in words: of HTTP, of TLS.
pub(super) fn said(flow: &Flow, turn: &Turn) -> Option<String> {
    flow.tcp.as_ref()?;
    http::sentence(turn).or_else(|| tls::sentence(turn, false))
}

/// The bytes that are missing before a turn, and how many it has.
fn amount(turn: &Turn) -> String {
    let total = Count::bytes(turn.total);
    format!("{}{total}", missing(turn))
}

fn missing(turn: &Turn) -> String {
    match turn.gap_before {
        0 => String::new(),
        gap => format!("[{} missing in the capture before this] ", Count::bytes(gap)),
    }
}

fn in_packets(turn: &Turn) -> String {
    match turn.packet_count {
        0 | 1 => String::new(),
        count => format!(" in {} ({})", Count::packets(count), listed(turn)),
    }
}

/// A turn that is told in words of its own.
pub(super) fn worded(turn: &Turn, words: &TurnWords) -> String {
    let end = if words.below.is_some() { ':' } else { '.' };
    match words.counts {
        Some(between) => format!("{}{}{between}{}{end}", amount(turn), in_packets(turn), words.text),
        None => format!("{}{}{end}", missing(turn), words.text),
    }
}

fn turn_words(flow: &Flow, turn: &Turn) -> String {
    let mut text = amount(turn);
    if flow.id.protocol == TransportProtocol::Udp && turn.total == 0 {
        text.push_str(", an empty datagram");
        return text;
    }
    text.push_str(&in_packets(turn));
    if let Some(said) = said(flow, turn) {
        // The bytes of TLS tell a reader nothing more; those of HTTP follow.
        let end = if tls::is_spoken(turn) { '.' } else { ':' };
        let _ = write!(text, ": {said}{end}");
        return text;
    }
    text.push_str(match judge(&turn.bytes) {
        Readability::Empty => "",
        Readability::Readable { .. } => ", readable text:",
        Readability::Mostly { .. } => ", mostly readable text:",
        Readability::NotText => ", not text:",
    });
    text
}

/// What says the same again.
fn same(is_exchange: bool, times: usize, last: PacketStamp) -> String {
    let what = if is_exchange { "The same exchange" } else { "The same" };
    let count = u64::try_from(times).unwrap_or(u64::MAX);
    match count {
        1 => format!("{what} once more."),
        count => format!("{what} {count} more times, up to packet {}.", last.number),
    }
}

/// The packets of a turn: `4, 6, 7` or `4 to 19 …`.
fn listed(turn: &Turn) -> String {
    let mut numbers = turn.packets.clone();
    numbers.sort_unstable();
    let numbers: Vec<String> = numbers.iter().take(6).map(u64::to_string).collect();
    let more = turn.packet_count > u64::try_from(numbers.len()).unwrap_or(u64::MAX);
    if more { format!("{}, … {}", numbers.join(", "), turn.last.number) } else { numbers.join(", ") }
}

/// `1 packet was`, `3 packets were`.
pub(super) fn were(number: u64, one: &'static str, many: &'static str) -> String {
    Count::new(number, one, many).to_string()
}
