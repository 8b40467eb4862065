//! How a flow came out, in a sentence or two: the cause of a failure first.

use super::super::color::Style;
use super::super::format::{Count, Elapsed};
use super::words::{Names, icmp, were};
use crate::flow::{Direction, Flow, IcmpError, Reset, SegmentKind, TcpFlow};
use crate::report::{Outcome, starts_mid_stream};
use crate::time::TimeDelta;

/// A half of a connection that is open so long, and sends nothing, has been forgotten or is kept on purpose.
const LONG_OPEN: TimeDelta = TimeDelta::from_nanos(500_000_000);

/// The style of the verdict.
pub(super) const fn style(outcome: &Outcome<'_>) -> Style {
    match outcome {
        Outcome::Refused(_) | Outcome::Unreachable(_) => Style::Red,
        Outcome::Unanswered | Outcome::NotCompleted | Outcome::Reset(_) => Style::Yellow,
        Outcome::Closed { .. } | Outcome::Answered => Style::Green,
        Outcome::HalfClosed { .. } | Outcome::Open => Style::Bold,
    }
}

/// How the flow came out and, where it failed, what that means.
pub(super) fn sentence(flow: &Flow, outcome: &Outcome<'_>, names: &Names) -> String {
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
        Outcome::Reset(reset) => reset_words(flow, reset, names),
        Outcome::Closed { first } => closed(flow, *first, names),
        Outcome::HalfClosed { by } => format!(
            "Half closed: the {} has finished sending; that the {} did too is not in the capture.",
            names.role(*by),
            names.role(by.reversed())
        ),
        Outcome::Open if starts_mid_stream(flow) => {
            "Seen in mid-stream: neither its beginning nor its end is in the capture.".to_owned()
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

fn closed(flow: &Flow, first: Option<Direction>, names: &Names) -> String {
    let mut text = match first {
        Some(first) => format!("Closed in order: the {} closed first.", names.role(first)),
        None => {
            "Closed in order, by both at once: neither had the other's FIN when it sent its own.".to_owned()
        }
    };
    let Some(end) = flow.tcp.as_ref().map(|tcp| &tcp.teardown) else { return text };
    let open = first.filter(|_| end.half_close_bytes == 0).and_then(|by| {
        let (had, other) = end.fin_acked(by).zip(end.fin(by.reversed()))?;
        Some((by, other.since(had).filter(|open| *open >= LONG_OPEN)?))
    });
    if let Some((by, open)) = open {
        text.push_str(&format!(
            " The {}'s half stayed open for {}, with nothing more to send: its system had the FIN, its program did not close.",
            names.role(by.reversed()),
            Elapsed(open)
        ));
    }
    if let Some((first, fin)) = first
        .filter(|_| end.is_captured_out_of_order())
        .and_then(|by| Some((by, end.fin(by.reversed())?.number)))
    {
        text.push_str(&format!(
            " Its FIN was captured late: packet {fin}, the {}'s, acknowledges it already.",
            names.role(first.reversed())
        ));
    }
    if let Some(reset) = &end.reset {
        text.push_str(&format!(
            " A RST (packet {}) came after both had closed, as where a late packet meets a socket that is gone.",
            reset.packet.number
        ));
    } else if let Some(by) = [Direction::OrigToResp, Direction::RespToOrig]
        .into_iter()
        .find(|&by| end.fin(by).is_some() && end.fin_acked(by).is_none())
    {
        text.push_str(&format!(" The ACK of the {}'s FIN is not in the capture.", names.role(by)));
    }
    text
}

fn unreachable(flow: &Flow, error: &IcmpError) -> String {
    let resp = flow.tuple.resp;
    let what = icmp(error).to_string();
    let from = error.from;
    let packet = error.packet.number;
    if what == "port unreachable" && from == resp.addr {
        return if flow.tcp.is_some() {
            format!(
                "Rejected: {from} answered with ICMP port unreachable (packet {packet}), as a firewall does; a closed \
                 TCP port answers with RST."
            )
        } else {
            format!(
                "Nobody listens: {from} answered with ICMP port unreachable (packet {packet}). The host is there, but \
                 UDP port {} is closed: start the server first, or check the port number.",
                resp.port
            )
        };
    }
    format!(
        "Not delivered: {from} reported ICMP {what} (packet {packet}) and nothing came back from {}.",
        resp.addr
    )
}

fn unanswered(flow: &Flow) -> String {
    let Some(tcp) = &flow.tcp else { return no_reply(flow) };
    let sent = u64::from(tcp.handshake.syn_retry_count).saturating_add(1);
    let over = match flow.duration() {
        Some(time) if sent > 1 => format!(" over {}", Elapsed(time)),
        _ => String::new(),
    };
    let syns = were(sent, "SYN was", "SYNs were");
    if flow.resp.packets > 0 {
        return format!("Not connected: {syns} sent{over}, and what came back is no SYN-ACK.");
    }
    format!(
        "No answer: {syns} sent{over}, and nothing came back. Usually a firewall drops what comes, the host is down, \
         or the address is wrong; a closed port would have answered with RST."
    )
}

fn no_reply(flow: &Flow) -> String {
    let sent = Count::new(flow.orig.packets, "datagram", "datagrams");
    if flow.tuple.resp.addr.is_multicast() {
        return format!(
            "{sent} to a multicast group: its members reply, if they do, from their own addresses."
        );
    }
    format!(
        "No reply in the capture to {sent}. UDP itself reports nothing to its sender, so whether anything arrived \
         cannot be told from here."
    )
}

fn reset_words(flow: &Flow, reset: &Reset, names: &Names) -> String {
    let by = names.role(reset.by);
    let other = names.role(reset.by.reversed());
    let packet = reset.packet.number;
    let answers = answers(reset, other);
    let Some(tcp) = &flow.tcp else { return String::new() };
    let fin = |side| tcp.teardown.fin(side).filter(|fin| fin.number < packet).map(|fin| fin.number);
    if let Some(fin) = fin(reset.by) {
        return format!(
            "Reset after a close: the {by} closed (packet {fin}), then sent RST (packet {packet}){answers}. Either \
             more came for a program that had closed already, or it did not wait for the other side to close."
        );
    }
    if let Some(fin) = fin(reset.by.reversed()) {
        return format!(
            "Reset after a close: the {other} closed (packet {fin}), and the {by} sent RST (packet {packet}) instead of \
             closing too. A program that stops without reading all it was sent does this."
        );
    }
    if starts_mid_stream(flow) {
        return format!(
            "Reset: the {by} sent RST (packet {packet}){answers}. It ends a connection at once, or says that there is \
             none."
        );
    }
    if is_half_open(tcp) {
        return half_open(tcp, reset, names, &answers);
    }
    format!(
        "Reset: the {by} broke the connection off with RST (packet {packet}){answers}. What had not been read by then \
         is lost. A program that stops without reading all it was sent does this, or a host that no longer knows the \
         connection."
    )
}

/// Nothing shows that the handshake was completed.
fn is_half_open(tcp: &TcpFlow) -> bool {
    tcp.handshake.ack.is_none() && tcp.orig.data_packets == 0 && tcp.resp.data_packets == 0
}

fn half_open(tcp: &TcpFlow, reset: &Reset, names: &Names, answers: &str) -> String {
    let by = names.role(reset.by);
    let packet = reset.packet.number;
    match tcp.handshake.syn_ack {
        Some(agreed) if reset.by == Direction::OrigToResp => format!(
            "Given up: the server agreed (packet {}), but the {by} sent RST (packet {packet}) in place of the ACK. A port \
             scanner does this, and a host that never sent this SYN.",
            agreed.number
        ),
        _ => format!(
            "Given up: the {by} sent RST (packet {packet}){answers}, before the handshake was complete."
        ),
    }
}

/// `, just after the server's data (packet 7)`: what the RST seems to answer.
fn answers(reset: &Reset, other: &str) -> String {
    let Some((at, kind)) = reset.answers else { return String::new() };
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
