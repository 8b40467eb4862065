//! What else is worth knowing of a flow, below its story.

use super::super::flows::Carries;
use super::super::format::{Bytes, Count};
use super::words::{Names, were};
use crate::flow::{Conversation, Direction, Flow, Opening};
use crate::proto::{Recognised, judge};
use crate::report::{ChecksumTally, Told, starts_mid_stream};

/// What else is worth knowing of the flow.
pub(super) fn of(told: &Told<'_>, names: &Names) -> Vec<String> {
    let flow = told.flow;
    let mut notes = Vec::new();
    if starts_mid_stream(flow) {
        notes.push("Who connected to whom is not known: the handshake is not in the capture.".to_owned());
    }
    notes.extend(readable(flow));
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
    notes.extend(told.checksums.into_iter().flat_map(|tally| checksum_notes(tally, flow.packets())));
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
                "{} of the {who} repeated what had been sent before{bytes}: retransmitted, or captured twice.",
                Count::new(side.repeated_packets, "segment", "segments")
            ));
        }
        if side.missing_bytes > 0 {
            notes.push(format!(
                "Not in the capture: {} that the {who} sent, by the sequence numbers.",
                Count::bytes(side.missing_bytes)
            ));
        }
        if side.zero_windows > 0 {
            notes.push(format!(
                "The {who} announced a full receive buffer (window 0) in {}: its program reads more slowly than the {} \
                 sends.",
                Count::packets(side.zero_windows.into()),
                names.role(by.reversed())
            ));
        }
        if side.keep_alives > 0 {
            let other = if by == Direction::OrigToResp { &tcp.resp } else { &tcp.orig };
            let why = if other.zero_windows > 0 { "still there, or has room again" } else { "still there" };
            notes.push(format!(
                "{} of the {who}, to see whether the {} is {why}: nothing was lost.",
                Count::new(side.keep_alives.into(), "keep-alive probe", "keep-alive probes"),
                names.role(by.reversed())
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
fn readable(flow: &Flow) -> Option<String> {
    let talk = flow.conversation.as_ref()?;
    let text = readable_part(talk)?;
    Some(match Carries::of(flow).protocol {
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
