//! What else is worth knowing of a flow, below its story.

use super::super::flows::Carries;
use super::super::format::{Bytes, Count};
use super::super::numbers::SideLine;
use super::datagrams::Datagrams;
use super::words::{Names, were};
use super::{dns, ftp, ssh, tls};
use crate::flow::{Conversation, Direction, Doubt, Flow, Opening, SegmentKind, TcpFlow, Why};
use crate::proto::{Protocol, Recognised, judge};
use crate::report::{ChecksumTally, SideNumbers, Told};

/// What is explained once: later flows have the fact alone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Explained {
    time_wait: bool,
    offloading: bool,
}

/// What else is worth knowing of the flow.
pub(super) fn of(told: &Told<'_>, names: &Names, explained: &mut Explained) -> Vec<String> {
    let flow = told.flow;
    let mut notes = Vec::new();
    notes.extend(ftp::note(told));
    notes.extend(readable(told));
    if told.spoken == Some(Protocol::Tls) {
        notes.extend(tls::notes(flow));
    }
    if let Some(tcp) = &flow.tcp {
        notes.extend(time_wait(tcp, names, explained));
        notes.extend(doubted(tcp, names));
        notes.extend(numbers(flow, names));
        notes.extend(large_segments(flow, tcp, names));
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
    let damaged = flow.tcp.as_ref().and_then(|tcp| tcp.doubts.as_ref()).map_or(0, |doubts| doubts.damaged());
    if let Some(tally) = told.checksums {
        // Those that were damaged are told of.
        let others = if tally.bad_count > damaged { tally.bad_count } else { 0 };
        let wrong = ChecksumTally { bad_count: others, offloaded: 0, ..tally.clone() };
        notes.extend(checksum_notes(&wrong, flow.packets()));
        notes.extend(offloading(tally.offloaded, explained.offloading));
        explained.offloading |= tally.offloaded > 0;
    }
    if let Some(talk) = &flow.conversation {
        let conflicts = talk.count(None, |side| side.conflicts);
        if conflicts > 0 {
            notes.push(format!(
                "{} about the same bytes: what the receiver got depends on its system.",
                were(
                    conflicts,
                    "segment disagrees with an earlier one",
                    "segments disagree with earlier ones"
                )
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

/// What is to say of the checksums of so many packets.
pub(super) fn checksum_notes(tally: &ChecksumTally, packets: u64) -> Vec<String> {
    let mut notes = Vec::new();
    if tally.bad_count > 1 && tally.bad_count == packets {
        notes.push(
            "Every packet has a wrong checksum: more likely the savefile was changed, as when addresses are hidden, than \
             each was damaged on the way."
                .to_owned(),
        );
    } else if tally.bad_count > 0 {
        let list: Vec<String> = tally.bad.iter().map(u64::to_string).collect();
        let more = if tally.bad_count > u64::try_from(list.len()).unwrap_or(u64::MAX) { " …" } else { "" };
        notes.push(format!(
            "{} a wrong checksum ({}{more}): damaged on the way, or changed or cut in the savefile.",
            were(tally.bad_count, "packet has", "packets have"),
            list.join(", ")
        ));
    }
    notes.extend(offloading(tally.offloaded, false));
    notes
}

/// Packets whose checksums were still to be filled in, and unless that was explained before, why.
fn offloading(packets: u64, explained: bool) -> Option<String> {
    let why = if explained {
        ", as above"
    } else {
        ", which the sending host leaves to its network card (loopback has none): nothing is wrong"
    };
    (packets > 0).then(|| {
        let packets = were(packets, "packet was", "packets were");
        format!("{packets} captured before the checksum was filled in{why}.")
    })
}

/// Which end keeps the connection for a while after it is over.
fn time_wait(tcp: &TcpFlow, names: &Names, explained: &mut Explained) -> Option<String> {
    let both = [Direction::OrigToResp, Direction::RespToOrig].map(|by| tcp.holds_time_wait(by));
    let by = match both {
        [true, true] => {
            return Some("Both closed at once, so both wait in TIME-WAIT (RFC 9293 section 3.6).".to_owned());
        }
        [true, false] => Direction::OrigToResp,
        [false, true] => Direction::RespToOrig,
        [false, false] => return None,
    };
    let closed_first = if tcp.teardown.closed_first() == Some(by) { "closed first and " } else { "" };
    let why = if std::mem::replace(&mut explained.time_wait, true) {
        ""
    } else {
        " for 2 MSL (RFC 9293), so that late segments of this connection harm no later one"
    };
    Some(format!("The {} {closed_first}waits in TIME-WAIT{why}.", names.role(by)))
}

/// Segments that the other end must not take, each with the reason.
fn doubted(tcp: &TcpFlow, names: &Names) -> Vec<String> {
    let Some(doubts) = &tcp.doubts else { return Vec::new() };
    let mut notes: Vec<String> = doubts.listed().iter().map(|doubt| doubt_words(doubt, names)).collect();
    if doubts.left_out() > 0 {
        notes.push(format!(
            "{} of this kind.",
            Count::new(doubts.left_out(), "further packet is", "further packets are")
        ));
    }
    notes
}

fn doubt_words(doubt: &Doubt, names: &Names) -> String {
    let other = names.role(doubt.by.reversed());
    let packet = doubt.packet;
    let what = match doubt.kind {
        SegmentKind::Reset => "RST",
        SegmentKind::Fin => "FIN",
        _ => "segment",
    };
    let ignored = |why: String| {
        format!(
            "Packet {packet} carries a {what} that the {other} must ignore (RFC 9293 section 3.10.7.4): {why}. Either \
             somebody else made it up, or it is left over from an older connection; nothing follows from it here."
        )
    };
    match doubt.why {
        Why::Below(bytes) => ignored(format!(
            "its number lies {} below what the {other} had acknowledged",
            Count::bytes(u64::from(bytes))
        )),
        Why::Beyond(bytes) => ignored(format!(
            "its number lies {} beyond the window of the {other}",
            Count::bytes(u64::from(bytes))
        )),
        Why::AcksNothing => ignored(format!("it acknowledges what the {other} never sent")),
        Why::ScaleUnknown => format!(
            "The {what} in packet {packet} is believed on the assumption that the window of the {other} is scaled, as the \
             handshake would tell: unscaled, the {other} would have to ignore it."
        ),
        Why::Damaged => format!(
            "Packet {packet} was damaged on the way: its checksum is wrong, and others of the {}'s are right. The {other} \
             must have dropped it, so nothing follows from {} here.",
            names.role(doubt.by),
            if what == "segment" { "its numbers".to_owned() } else { format!("its {what}") }
        ),
    }
}

/// The numbers of each direction that carried something, where they say more than its turns.
fn numbers(flow: &Flow, names: &Names) -> Vec<String> {
    let both = [Direction::OrigToResp, Direction::RespToOrig].map(|by| (by, SideNumbers::of(flow, by)));
    let says_more = both.iter().any(|(_, side)| {
        side.tcp.is_some_and(|tcp| tcp.data_packets > 0 && tcp.measures.round_trips.samples > 1)
            || side.tcp.is_some_and(|tcp| tcp.data_packets > 0 && tcp.repeated_packets > 0)
    });
    let lines = both.into_iter().filter(|(_, side)| says_more && side.payload_bytes > 0);
    lines.map(|(by, side)| format!("From the {}: {}.", names.role(by), SideLine(side))).collect()
}

/// Payload of a segment in the largest Ethernet frame: 1500 bytes less the headers of IPv4 and TCP.
const ETHERNET_PAYLOAD: u32 = 1460;

/// The same in a jumbo frame of 9000 bytes, beyond which links seldom go.
const JUMBO_PAYLOAD: u32 = 8960;

/// Segments that no network carries whole, and why they are in the capture.
fn large_segments(flow: &Flow, tcp: &TcpFlow, names: &Names) -> Option<String> {
    let payload = |by| tcp.side(by).measures.max_payload;
    let by = if payload(Direction::OrigToResp) >= payload(Direction::RespToOrig) {
        Direction::OrigToResp
    } else {
        Direction::RespToOrig
    };
    let (largest, mss) = (payload(by), tcp.handshake.mss(by).map(u32::from));
    if is_on_one_host(flow) {
        return (largest > ETHERNET_PAYLOAD).then(|| {
            format!(
                "Segments of up to {largest} bytes are usual on loopback, whose MTU is 65536 on Linux; Ethernet's is 1500."
            )
        });
    }
    let announced =
        mss.map(|mss| format!(" than the {mss} that the {} takes (MSS)", names.role(by.reversed())));
    (largest > mss.unwrap_or(JUMBO_PAYLOAD).max(LEAST_MSS)).then(|| {
        format!(
            "Segments of up to {largest} bytes of payload, more{}: captured before the network card cut them (segmentation \
             offload), or after it put them together. On the wire they were smaller; nothing is wrong.",
            announced.as_deref().unwrap_or(" than a link carries")
        )
    })
}

/// A smaller MSS is hardly meant: RFC 9293 section 3.7.1 takes 536 where none is announced.
const LEAST_MSS: u32 = 536;

/// Whether both ends are on one host, so that nothing went over a network.
fn is_on_one_host(flow: &Flow) -> bool {
    let (orig, resp) = (flow.tuple.orig.addr, flow.tuple.resp.addr);
    orig == resp || orig.is_loopback() && resp.is_loopback()
}

fn tcp_notes(flow: &Flow, names: &Names, notes: &mut Vec<String>) {
    let Some(tcp) = &flow.tcp else { return };
    if tcp.port_reused {
        notes.push("The same two ports had another connection before this one.".to_owned());
    }
    for (side, by) in [(&tcp.orig, Direction::OrigToResp), (&tcp.resp, Direction::RespToOrig)] {
        let who = names.role(by);
        if side.missing_bytes > 0 {
            notes.push(format!(
                "Not in the capture: {} that the {who} sent, by the sequence numbers.",
                Count::bytes(side.missing_bytes)
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

/// Which protocol it is, and whether what was said can be read by anybody on the path.
fn readable(told: &Told<'_>) -> Option<String> {
    let flow = told.flow;
    let talk = flow.conversation.as_ref()?;
    if dns::is_spoken(told) {
        return Some(
            "DNS is binary, not encrypted: anybody on the path can read which names were asked for, and the answers."
                .to_owned(),
        );
    }
    let text = readable_part(talk)?;
    if told.spoken == Some(Protocol::Dhcp) {
        let elsewhere = if flow.resp.payload_bytes > 0 {
            ""
        } else {
            " What belongs to it may be in other flows, for addresses change with a lease: the section DHCP of the whole \
             capture puts it together."
        };
        return Some(format!(
            "DHCP is binary, not encrypted: anybody on the path can read who asks for which address, and who gives \
             it.{elsewhere}"
        ));
    }
    if Datagrams::of(told).is_open() {
        return Some(
            "Its cipher suite hides nothing: anybody on the path can read what was said, between the headers of its records."
                .to_owned(),
        );
    }
    if let Some(protocol @ (Protocol::Tls | Protocol::Dtls | Protocol::Quic)) = told.spoken {
        return Some(format!(
            "{} is encrypted: but for the handshake, only the two ends can read what was said.",
            protocol.name()
        ));
    }
    match told.spoken {
        Some(Protocol::Ssh) => {
            if let Some(text) = ssh::note(talk, &Names::of(flow)) {
                return Some(text);
            }
        }
        Some(Protocol::Telnet) => {
            return Some(
                "Telnet hides nothing: anybody on the path can read what was typed, passwords too, and what was shown."
                    .to_owned(),
            );
        }
        _ => {}
    }
    // Which lab it is stands below, with what it comes to; what FTP's data is, above.
    if matches!(told.spoken, Some(Protocol::Lab(_))) || told.data_of.is_some() {
        return Some(text);
    }
    let carries = Carries::of(told);
    Some(match carries.protocol {
        Some(Recognised { name, by_port: false }) if carries.before.is_some() => {
            let before = carries.before.unwrap_or_default();
            format!("{before}, then {name}, by their first bytes. {text}")
        }
        Some(Recognised { name, by_port: false }) => format!("{name}, by its first bytes. {text}"),
        Some(Recognised { name, by_port: true }) => {
            format!("Port {} is usually that of {name}. {text}", flow.tuple.resp.port)
        }
        None => text,
    })
}

fn readable_part(talk: &Conversation) -> Option<String> {
    let (mut text, mut other) = (0_u64, 0_u64);
    for turn in talk.turns.iter().filter(|turn| !turn.bytes.is_empty()) {
        let bytes = u64::try_from(turn.bytes.len()).unwrap_or(u64::MAX);
        if judge(&turn.bytes).is_text() { text += bytes } else { other += bytes }
    }
    let weak = |bytes: u64| if bytes < WEAK_SAMPLE { " Few bytes: weak evidence." } else { "" };
    let of = if talk.is_complete() { "of it" } else { "that was kept of it" };
    Some(match (text, other) {
        (0, 0) => return None,
        (text, 0) => {
            format!(
                "All {of} is readable text, not encrypted: anybody on the path can read it.{}",
                weak(text)
            )
        }
        (0, other) => {
            format!("Nothing {of} is readable as text: it is binary, compressed or encrypted.{}", weak(other))
        }
        (text, other) => format!(
            "{} {of} are readable text, {} are not (binary, compressed or encrypted).",
            Bytes(text),
            Bytes(other)
        ),
    })
}

/// Fewer bytes than this can look like text, or not, by chance.
const WEAK_SAMPLE: u64 = 8;
