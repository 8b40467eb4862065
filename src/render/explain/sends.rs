//! A turn of a lab in which a side sent several times: each message on a line of its own, with its packet, for that is how
//! the lab's programs take them.

use std::collections::HashMap;
use std::io::{self, Write};

use super::super::color::Style;
use super::super::excerpt::Excerpt;
use super::super::format::{Count, Seconds};
use super::{ExplainOptions, GUTTER, count};
use crate::flow::{Direction, Flow, PacketStamp, Turn};
use crate::proto::lab::LabMessage;
use crate::report::lab::LabFlow;
use crate::report::secret::Masker;
use crate::source::PacketNumber;

/// Most messages shown of a turn that is folded.
const FOLDED_MESSAGES: usize = 12;

/// Most lines shown of each: what a person types is shorter.
const FOLDED_LINES: usize = 3;

/// A message within a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) struct Sent {
    /// The packet that it ends in.
    pub(in crate::render) at: PacketStamp,
    /// Bytes of the turn that are its own, line ends included.
    pub(in crate::render) len: usize,
}

/// The turns of several messages, by their first packets: bounded as the messages are that a report keeps.
#[derive(Debug, Default)]
pub(super) struct Sends(HashMap<PacketNumber, Vec<Sent>>);

impl Sends {
    /// Finds the messages of each turn; a turn that they do not make up byte for byte is left whole.
    pub(super) fn of(flow: &Flow, lab: &LabFlow) -> Self {
        let of = |by| -> Vec<&LabMessage> { lab.messages.iter().filter(|said| said.from == by).collect() };
        let (orig, resp) = (of(Direction::OrigToResp), of(Direction::RespToOrig));
        let (mut orig, mut resp) = (orig.as_slice(), resp.as_slice());
        let mut found = HashMap::new();
        for turn in flow.conversation.iter().flat_map(|talk| &talk.turns) {
            let side = if turn.direction == Direction::OrigToResp { &mut orig } else { &mut resp };
            let sends = parts(turn, side);
            if sends.len() > 1 {
                found.insert(turn.first.number, sends);
            }
        }
        Self(found)
    }

    /// The messages of this turn, where there are several.
    pub(super) fn get(&self, turn: &Turn) -> Option<&[Sent]> {
        self.0.get(&turn.first.number).map(Vec::as_slice)
    }
}

/// Takes the messages that make up a turn from those of its side; none where they are not all of it.
fn parts(turn: &Turn, side: &mut &[&LabMessage]) -> Vec<Sent> {
    let mut rest = turn.bytes.as_slice();
    let mut sends = Vec::new();
    while let [message, later @ ..] = *side {
        if message.at.number >= turn.first.number {
            let len = usize::try_from(message.len).unwrap_or(usize::MAX);
            if len == 0 || len > rest.len() || !rest.starts_with(&message.text) {
                break;
            }
            rest = rest.get(len..).unwrap_or(&[]);
            sends.push(Sent { at: message.at, len });
        }
        *side = later;
        if rest.is_empty() {
            break;
        }
    }
    let is_whole = rest.is_empty() && u64::try_from(turn.bytes.len()) == Ok(turn.total);
    if is_whole { sends } else { Vec::new() }
}

/// `3 messages, 59 bytes:`
pub(super) fn sentence(turn: &Turn, sends: &[Sent]) -> String {
    format!("{}, {}:", Count::new(count(sends.len()), "message", "messages"), Count::bytes(turn.total))
}

/// Writes the messages of a turn below its line; `masker` has seen the turns before.
pub(super) fn write(
    out: &mut impl Write,
    (flow, turn): (&Flow, &Turn),
    sends: &[Sent],
    masker: &mut Masker,
    options: ExplainOptions,
) -> io::Result<()> {
    let mut rest = turn.bytes.as_slice();
    let shown = if options.full { usize::MAX } else { FOLDED_MESSAGES };
    for (place, sent) in sends.iter().enumerate() {
        let (bytes, behind) = rest.split_at_checked(sent.len).unwrap_or((rest, &[]));
        rest = behind;
        // What is not shown is seen by the masker: it may ask for the password in the next.
        let masked = masker.mask(turn.direction, bytes);
        if place >= shown {
            continue;
        }
        let number = format!("{:>7}", sent.at.number);
        let time = sent.at.since(flow.first).map(|since| Seconds(since).to_string()).unwrap_or_default();
        let time = format!("  {time:>10}");
        write!(out, "{}{time}", options.colors.paint(Style::Dim, &number))?;
        let bytes = if options.secrets { bytes } else { &masked };
        let before = number.len().saturating_add(time.len());
        one(out, bytes, GUTTER.saturating_sub(before), options)?;
    }
    match sends.len().saturating_sub(shown) {
        0 => Ok(()),
        more => {
            let more = Count::new(count(more), "more message", "more messages");
            writeln!(out, "{:GUTTER$}… {more} (--full shows them)", "")
        }
    }
}

/// Writes one message; its first line stands behind its packet, `first` columns on.
fn one(out: &mut impl Write, bytes: &[u8], first: usize, options: ExplainOptions) -> io::Result<()> {
    let excerpt = Excerpt { indent: GUTTER, lines: if options.full { usize::MAX } else { FOLDED_LINES } };
    let mut text = Vec::new();
    let seen = excerpt.any(&mut text, bytes, options.width)?;
    let text = text.get(GUTTER..).unwrap_or(&text);
    write!(out, "{:first$}", "")?;
    out.write_all(text)?;
    let folded = bytes.len().saturating_sub(seen);
    if folded > 0 {
        let folded = Count::bytes(count(folded));
        writeln!(out, "{:GUTTER$}… {folded} more (--full shows them)", "")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::lab::{Said, Says};

    fn message(number: PacketNumber, text: &str, line_end: u64) -> LabMessage {
        let said = Said {
            by_client: false,
            says: Says::Other,
            answers: None,
            fault: None,
            unsure: false,
            again: None,
        };
        LabMessage {
            at: PacketStamp { number, ts: None },
            from: Direction::RespToOrig,
            text: text.as_bytes().into(),
            len: u64::try_from(text.len()).unwrap() + line_end,
            said,
        }
    }

    fn turn(first: PacketNumber, text: &str) -> Turn {
        let at = PacketStamp { number: first, ts: None };
        Turn {
            direction: Direction::RespToOrig,
            packets: vec![first],
            packet_count: 1,
            first: at,
            last: at,
            bytes: text.into(),
            total: u64::try_from(text.len()).unwrap(),
            gap_before: 0,
        }
    }

    fn lens(turn: &Turn, side: &mut &[&LabMessage]) -> Vec<(PacketNumber, usize)> {
        parts(turn, side).into_iter().map(|sent| (sent.at.number, sent.len)).collect()
    }

    #[test]
    fn a_turn_is_parted_only_where_its_messages_are_all_of_it() {
        let list =
            [message(2, "lost", 0), message(4, "one", 1), message(5, "two", 0), message(9, "three", 0)];
        let all: Vec<&LabMessage> = list.iter().collect();
        let mut side = all.as_slice();
        assert_eq!(lens(&turn(4, "one\ntwo"), &mut side), [(4, 4), (5, 3)]);
        assert_eq!(lens(&turn(9, "three"), &mut side), [(9, 5)]);
        assert!(side.is_empty());
        let mut side = all.as_slice();
        assert_eq!(lens(&turn(4, "one\ntwx"), &mut side), []);
        // What is left of it does not spoil the next.
        assert_eq!(lens(&turn(9, "three"), &mut side), [(9, 5)]);
        let cut = Turn { total: 8, ..turn(4, "one\ntwo") };
        assert_eq!(lens(&cut, &mut all.as_slice()), []);
    }

    #[test]
    fn a_long_turn_is_folded_and_each_message_has_its_packet() {
        let flow_first = PacketStamp { number: 1, ts: None };
        let sends: Vec<Sent> = (0..14)
            .map(|place| Sent { at: PacketStamp { number: 10 + place, ..flow_first }, len: 1 })
            .collect();
        assert_eq!(sentence(&turn(10, &"x".repeat(14)), &sends), "14 messages, 14 bytes:");
        let mut text = Vec::new();
        let options = ExplainOptions {
            colors: crate::render::color::Colors::OFF,
            width: 80,
            full: false,
            secrets: false,
        };
        one(&mut text, &[b'x'; 400], 3, options).unwrap();
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), FOLDED_LINES + 1, "{text}");
        assert!(lines[0].starts_with("   │ xxx") && lines[3].ends_with("more (--full shows them)"), "{text}");
    }
}
