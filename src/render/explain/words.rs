//! The words of the story. Everything said here is shown by packets, and the packet is named.

use std::fmt::Write as _;

use super::super::color::Style;
use super::super::format::{Bytes, Count, Elapsed};
use super::super::words::IcmpMessage;
use crate::decode::TransportProtocol;
use crate::flow::{Direction, Flow, HandshakeStep, IcmpError, Opening, Reset, SegmentKind, TcpOptions, Turn};
use crate::proto::{Readability, judge};
use crate::report::{ChecksumTally, Event, Outcome, Told, starts_mid_stream};

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

/// The chapter a moment belongs to.
pub(super) const fn phase(event: &Event<'_>) -> &'static str {
    match event {
        Event::Step { .. } | Event::Refusal => "Handshake",
        Event::Turn(_) => "Conversation",
        Event::Fin { .. } | Event::FinAck { .. } => "Close",
        Event::Reset(_) => "Reset",
        Event::Icmp(_) => "Error report",
    }
}

/// Who sent the packet of a moment; `None` for a third party.
pub(super) const fn direction(event: &Event<'_>) -> Option<Direction> {
    match event {
        Event::Step { by, .. } | Event::Fin { by, .. } | Event::FinAck { by } => Some(*by),
        Event::Refusal => Some(Direction::RespToOrig),
        Event::Turn(turn) => Some(turn.direction),
        Event::Reset(reset) => Some(reset.by),
        Event::Icmp(_) => None,
    }
}

/// The short label at the head of a line, with its trailing space.
pub(super) fn label(event: &Event<'_>) -> &'static str {
    match event {
        Event::Step { step: HandshakeStep::Syn, retry: false, .. } => "SYN      1/3  ",
        Event::Step { step: HandshakeStep::Syn, retry: true, .. } => "SYN    again  ",
        Event::Step { step: HandshakeStep::SynAck, retry: false, .. } => "SYN-ACK  2/3  ",
        Event::Step { step: HandshakeStep::SynAck, retry: true, .. } => "SYN-ACK again ",
        Event::Step { step: HandshakeStep::Ack, .. } => "ACK      3/3  ",
        Event::Refusal | Event::Reset(_) => "RST           ",
        Event::Fin { .. } => "FIN           ",
        Event::FinAck { .. } => "ACK           ",
        Event::Icmp(_) => "ICMP          ",
        Event::Turn(_) => "",
    }
}

/// The style of the label.
pub(super) const fn style(event: &Event<'_>) -> Style {
    match event {
        Event::Step { retry: false, .. } => Style::Green,
        Event::Step { retry: true, .. } => Style::Yellow,
        Event::Refusal | Event::Reset(_) | Event::Icmp(_) => Style::Red,
        Event::Turn(_) | Event::Fin { .. } | Event::FinAck { .. } => Style::Bold,
    }
}

/// The style of the verdict.
pub(super) const fn outcome_style(outcome: &Outcome<'_>) -> Style {
    match outcome {
        Outcome::Refused(_) | Outcome::Unreachable(_) => Style::Red,
        Outcome::Unanswered | Outcome::NotCompleted | Outcome::Reset(_) => Style::Yellow,
        Outcome::Closed { .. } | Outcome::Answered => Style::Green,
        Outcome::HalfClosed { .. } | Outcome::Open => Style::Bold,
    }
}

/// How the flow came out and, where it failed, what that means.
pub(super) fn outcome(flow: &Flow, outcome: &Outcome<'_>, names: &Names) -> String {
    let resp = flow.tuple.resp;
    match outcome {
        Outcome::Refused(rst) => {
            let after = refused_after(flow).map(|time| format!(" after {time}")).unwrap_or_default();
            format!(
                "Refused: the SYN was answered by RST{after} (packet {}). The host is there, but nothing listens on TCP \
                 port {}: start the server first, or check the port number.",
                rst.number, resp.port
            )
        }
        Outcome::Unreachable(error) => unreachable(flow, error),
        Outcome::Unanswered => unanswered(flow),
        Outcome::NotCompleted => {
            "Not completed: the server answered the SYN, but the ACK that completes the handshake \
                                  is not in the capture."
                .to_owned()
        }
        Outcome::Reset(reset) => reset_words(reset, names),
        Outcome::Closed { first } => {
            format!("Closed in order: the {} closed first.", names.role(*first))
        }
        Outcome::HalfClosed { by } => {
            format!(
                "Half closed: the {} has finished sending, the {} had not when the capture ended.",
                names.role(*by),
                names.role(by.reversed())
            )
        }
        Outcome::Open => "Still open when the capture ended.".to_owned(),
        Outcome::Answered => match flow.udp.as_ref().and_then(|udp| udp.reply_time()) {
            Some(time) => format!("Answered after {}.", Elapsed(time)),
            None => "Answered.".to_owned(),
        },
    }
}

fn refused_after(flow: &Flow) -> Option<Elapsed> {
    flow.tcp.as_ref()?.handshake.refused_after().map(Elapsed)
}

fn unreachable(flow: &Flow, error: &IcmpError) -> String {
    let resp = flow.tuple.resp;
    let what = icmp(error).to_string();
    let from = error.from;
    let packet = error.packet.number;
    if what == "port unreachable" && from == resp.addr {
        let protocol = if flow.tcp.is_some() { "TCP" } else { "UDP" };
        return format!(
            "Nobody listens: {from} answered with ICMP port unreachable (packet {packet}). The host is there, but \
             {protocol} port {} is closed: start the server first, or check the port number.",
            resp.port
        );
    }
    format!(
        "Not delivered: {from} reported ICMP {what} (packet {packet}) and nothing came back from {}.",
        resp.addr
    )
}

fn icmp(error: &IcmpError) -> IcmpMessage {
    IcmpMessage { v6: error.v6, icmp_type: error.icmp_type, code: error.code }
}

fn unanswered(flow: &Flow) -> String {
    let Some(tcp) = &flow.tcp else {
        return format!(
            "No reply in the capture to {}. UDP itself reports nothing to its sender, so whether anything arrived \
             cannot be told from here.",
            Count::new(flow.orig.packets, "datagram", "datagrams")
        );
    };
    let sent = u64::from(tcp.handshake.syn_retry_count).saturating_add(1);
    let over = match flow.duration() {
        Some(time) if sent > 1 => format!(" over {}", Elapsed(time)),
        _ => String::new(),
    };
    format!(
        "No answer: {} sent{over}, and nothing came back. A firewall drops them, the host is down, or the address \
         is wrong; a closed port would have answered with RST.",
        were(sent, "SYN was", "SYNs were")
    )
}

fn reset_words(reset: &Reset, names: &Names) -> String {
    let by = names.role(reset.by);
    let other = names.role(reset.by.reversed());
    let answers = match reset.answers {
        Some((at, kind)) => {
            let what = match kind {
                SegmentKind::Syn => "SYN",
                SegmentKind::SynAck => "SYN-ACK",
                SegmentKind::Data => "data",
                SegmentKind::Fin => "FIN",
                SegmentKind::Reset => "RST",
                SegmentKind::Ack => "ACK",
            };
            format!(", just after the {other}'s {what} (packet {})", at.number)
        }
        None => String::new(),
    };
    format!(
        "Reset: the {by} broke the connection off with RST (packet {}){answers}. What was under way is lost; a \
         program that stops without reading all it was sent, or a closed socket, does this.",
        reset.packet.number
    )
}

/// What one moment says, in a sentence or two.
pub(super) fn sentence(flow: &Flow, event: &Event<'_>, names: &Names) -> String {
    match event {
        Event::Step { step, retry, by } => step_words(flow, *step, *retry, *by, names),
        Event::Refusal => "The server's host refuses: nothing listens on this port.".to_owned(),
        Event::Turn(turn) => turn_words(flow, turn),
        Event::Fin { by, first } => {
            let (by, other) = (names.role(*by), names.role(by.reversed()));
            if *first {
                format!("The {by} closes: it has nothing more to send, but still listens to the {other}.")
            } else {
                format!("The {by} closes too.")
            }
        }
        Event::FinAck { by } => format!("The {} acknowledges the close.", names.role(*by)),
        Event::Reset(reset) => format!("The {} breaks the connection off.", names.role(reset.by)),
        Event::Icmp(error) => format!(
            "{} reports {}, about the packet the {} sent.",
            error.from,
            icmp(error),
            names.role(error.about)
        ),
    }
}

fn step_words(flow: &Flow, step: HandshakeStep, retry: bool, by: Direction, names: &Names) -> String {
    let Some(tcp) = &flow.tcp else { return String::new() };
    let start = &tcp.handshake;
    match (step, retry) {
        (HandshakeStep::Syn, true) => "The same request again: no answer had come.".to_owned(),
        (HandshakeStep::SynAck, true) => "The same answer again: no ACK had come.".to_owned(),
        (HandshakeStep::Syn, false) => {
            let isn = if by == Direction::OrigToResp { start.orig_isn } else { start.resp_isn };
            format!("The {} asks to connect{}{}.", names.role(by), numbered(isn), offers(start.options(by)))
        }
        (HandshakeStep::SynAck, false) => {
            let after = start.syn_ack.zip(start.syn).and_then(|(ack, syn)| ack.since(syn));
            let after = after.map(|time| format!(" after {}", Elapsed(time))).unwrap_or_default();
            let offers = offers(start.options(by));
            format!("The {} agrees{after}{}{offers}.", names.role(by), numbered(start.resp_isn))
        }
        (HandshakeStep::Ack, _) => {
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

fn turn_words(flow: &Flow, turn: &Turn) -> String {
    let mut text = String::new();
    if turn.gap_before > 0 {
        let _ = write!(text, "[{} missing in the capture before this] ", Count::bytes(turn.gap_before));
    }
    let _ = write!(text, "{}", Count::bytes(turn.total));
    if flow.id.protocol == TransportProtocol::Udp && turn.total == 0 {
        text.push_str(", an empty datagram");
        return text;
    }
    if turn.packet_count > 1 {
        let _ = write!(text, " in {} ({})", Count::packets(turn.packet_count), listed(turn));
    }
    text.push_str(match judge(&turn.bytes) {
        Readability::Empty => "",
        Readability::Readable { .. } => ", readable text:",
        Readability::Mostly { .. } => ", mostly readable text:",
        Readability::NotText => ", not text:",
    });
    text
}

/// The packets of a turn: `4, 6, 7` or `4 to 19 …`.
fn listed(turn: &Turn) -> String {
    let numbers: Vec<String> = turn.packets.iter().take(6).map(u64::to_string).collect();
    let more = turn.packet_count > u64::try_from(numbers.len()).unwrap_or(u64::MAX);
    if more { format!("{}, … {}", numbers.join(", "), turn.last.number) } else { numbers.join(", ") }
}

/// `1 packet was`, `3 packets were`.
pub(super) fn were(number: u64, one: &'static str, many: &'static str) -> String {
    Count::new(number, one, many).to_string()
}

/// What else is worth knowing of the flow.
pub(super) fn notes(told: &Told<'_>, names: &Names) -> Vec<String> {
    let flow = told.flow;
    let mut notes = Vec::new();
    notes.extend(readable(flow));
    if starts_mid_stream(flow) {
        notes.push(
            "The capture starts in mid-stream: the handshake is not in it, so who connected to whom is not known."
                .to_owned(),
        );
    }
    if let Some(tcp) = &flow.tcp {
        tcp_notes(flow, names, &mut notes);
        if tcp.handshake.opening() == Opening::SynNotCaptured {
            notes.push("The SYN is not in the capture; the SYN-ACK shows who was asked.".to_owned());
        }
    }
    if flow.icmp_error_count > u64::try_from(flow.icmp_errors.len()).unwrap_or(u64::MAX) {
        notes.push(format!(
            "{} in all; the first are shown.",
            Count::new(flow.icmp_error_count, "ICMP error", "ICMP errors")
        ));
    }
    notes.extend(told.checksums.into_iter().flat_map(checksum_notes));
    if let Some(talk) = &flow.conversation {
        if talk.conflicts > 0 {
            notes.push(format!(
                "{} about bytes sent out of order: what the receiver got depends on its system.",
                were(talk.conflicts, "segment disagrees with another", "segments disagree with others")
            ));
        }
        if talk.turns_not_kept > 0 || talk.kept_bytes < talk.total_bytes {
            notes.push(format!(
                "Shown in part: {} of {} of payload were kept.",
                Bytes(talk.kept_bytes),
                Bytes(talk.total_bytes)
            ));
        }
    }
    notes
}

fn checksum_notes(tally: &ChecksumTally) -> Vec<String> {
    let mut notes = Vec::new();
    if tally.bad_count > 0 {
        let list: Vec<String> = tally.bad.iter().map(u64::to_string).collect();
        let more = if tally.bad_count > u64::try_from(list.len()).unwrap_or(u64::MAX) { " …" } else { "" };
        notes.push(format!(
            "{} a wrong checksum ({}{more}): damaged on the way, or changed after it was sent.",
            were(tally.bad_count, "packet has", "packets have"),
            list.join(", ")
        ));
    }
    if tally.offloaded > 0 {
        notes.push(format!(
            "{} captured before the checksum was filled in, which the sending host leaves to its network card: \
             nothing is wrong.",
            were(tally.offloaded, "packet was", "packets were")
        ));
    }
    notes
}

fn tcp_notes(flow: &Flow, names: &Names, notes: &mut Vec<String>) {
    let Some(tcp) = &flow.tcp else { return };
    if tcp.port_reused {
        notes.push("The same two ports had another connection before this one.".to_owned());
    }
    for (side, by) in [(&tcp.orig, Direction::OrigToResp), (&tcp.resp, Direction::RespToOrig)] {
        let who = names.role(by);
        if side.repeated_packets > 0 {
            let bytes = match side.repeated_bytes {
                0 => String::new(),
                bytes => format!(" ({} again)", Bytes(bytes)),
            };
            notes.push(format!(
                "{} of the {who} repeated what had been sent before{bytes}.",
                Count::new(side.repeated_packets, "segment", "segments")
            ));
        }
        if side.missing_bytes > 0 {
            notes.push(format!(
                "{} that the {who} sent, by the sequence numbers, are not in the capture.",
                Count::bytes(side.missing_bytes)
            ));
        }
        if side.zero_windows > 0 {
            notes.push(format!(
                "The {who} closed its window {}: its program reads more slowly than the other side sends.",
                Count::new(side.zero_windows.into(), "time", "times")
            ));
        }
        if side.keep_alives > 0 {
            notes.push(format!(
                "{} of the {who}.",
                Count::new(side.keep_alives.into(), "keep-alive probe", "keep-alive probes")
            ));
        }
    }
    let end = &tcp.teardown;
    if end.half_close_bytes > 0 {
        notes.push(format!(
            "{} were sent after the first FIN: a half-closed connection in use.",
            Count::bytes(end.half_close_bytes)
        ));
    }
    if let Some(number) = end.data_after_close {
        notes.push(format!("Payload after its sender had closed (first in packet {number})."));
    }
}

/// Whether what was said can be read by anybody on the path.
fn readable(flow: &Flow) -> Option<String> {
    let talk = flow.conversation.as_ref()?;
    let (mut text, mut other) = (0_u64, 0_u64);
    for turn in talk.turns.iter().filter(|turn| !turn.bytes.is_empty()) {
        if judge(&turn.bytes).is_text() { text += turn.total } else { other += turn.total }
    }
    let weak = |bytes: u64| if bytes < WEAK_SAMPLE { " Few bytes: weak evidence." } else { "" };
    Some(match (text, other) {
        (0, 0) => return None,
        (text, 0) => {
            format!(
                "All of it is readable text, not encrypted: anybody on the path can read it.{}",
                weak(text)
            )
        }
        (0, other) => {
            format!("None of it is readable as text: it is binary, compressed or encrypted.{}", weak(other))
        }
        (text, other) => format!(
            "{} are readable text, {} are not (binary, compressed or encrypted).",
            Bytes(text),
            Bytes(other)
        ),
    })
}

/// Fewer bytes than this can look like text, or not, by chance.
const WEAK_SAMPLE: u64 = 8;
