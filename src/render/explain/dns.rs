//! DNS in a story: what a turn asks or answers, instead of its bytes.

use std::io::{self, Write};

use super::super::dns::words::{asks, says};
use super::super::dns::write_record_line;
use super::super::format::{Count, Elapsed};
use super::super::safe::split_columns;
use super::ExplainOptions;
use crate::decode::TransportProtocol;
use crate::flow;
use crate::proto::Protocol;
use crate::proto::dns::{Header, Message, OPT, Record};
use crate::report::Told;

/// Lines of records that are shown of a turn that is folded.
const FOLDED_LINES: usize = 8;

/// Turns before one, and after, in which the query or the response is looked for that belongs to it.
const LOOKED_BACK: usize = 64;

/// Messages that are told of one turn; a zone transfer has more.
const MAX_TOLD: usize = 8;

/// Whether the flow's messages are DNS, by whatever name.
pub(super) fn is_spoken(told: &Told<'_>) -> bool {
    matches!(told.spoken, Some(Protocol::Dns | Protocol::Mdns | Protocol::Llmnr))
}

/// A turn of DNS messages.
pub(super) struct Turn<'f> {
    told: &'f Told<'f>,
    turn: &'f flow::Turn,
    messages: Vec<Message<'f>>,
    /// Messages, or the rest of one, that are not among these.
    more: bool,
}

impl<'f> Turn<'f> {
    /// The messages of a turn of DNS; `None` where it has none that can be read.
    pub(super) fn of(told: &'f Told<'f>, turn: &'f flow::Turn) -> Option<Self> {
        if !is_spoken(told) || turn.gap_before > 0 {
            return None;
        }
        let mut bytes = messages(told, turn);
        let messages: Vec<Message<'f>> = bytes
            .by_ref()
            .take(MAX_TOLD)
            .map(Message::read)
            .take_while(|read| read.header.is_some())
            .collect();
        let more = bytes.next().is_some();
        (!messages.is_empty()).then_some(Self { told, turn, messages, more })
    }

    /// What is asked or answered, in words.
    pub(super) fn said(&self) -> String {
        self.messages.iter().map(|message| self.tell(message)).collect::<Vec<_>>().join(", ")
    }

    /// The same as a sentence that its records follow.
    pub(super) fn sentence(&self) -> String {
        let mut text = format!("{}, {}", Count::bytes(self.turn.total), self.said());
        if self.more {
            text.push_str(", and more messages (`wirelab dns` shows them)");
        }
        let has_lines = self.messages.iter().any(|message| records_of(message).next().is_some());
        text.push(if has_lines { ':' } else { '.' });
        text
    }

    fn tell(&self, message: &Message<'_>) -> String {
        let Some(header) = message.header else { return String::new() };
        // Multicast DNS does not number its messages: 0 pairs nothing (RFC 6762 section 18.1).
        let is_numbered = header.id != 0 || self.told.spoken != Some(Protocol::Mdns);
        let asked = self.query_with(header.id).filter(|_| is_numbered);
        if header.is_response() {
            let to = asked.map(|before| {
                let elapsed = self.turn.last.since(before.first);
                let after = elapsed.map(|time| format!(" after {}", Elapsed(time))).unwrap_or_default();
                format!(" to packet {}{after}", before.first.number)
            });
            return format!("response {}{}: {}", header.id, to.unwrap_or_default(), says(message));
        }
        let again = asked.filter(|_| self.told.spoken != Some(Protocol::Mdns));
        let again = again.map(|before| format!(" once more (packet {})", before.first.number));
        let silence = if self.is_answered(header.id) { "" } else { "; no answer to it is in the capture" };
        format!("query {}{}: {}{silence}", header.id, again.unwrap_or_default(), asks(message))
    }

    /// Whether a turn after this one has a response of this id; said of a group's flow, whose answers come in others, and
    /// where not all turns were kept.
    fn is_answered(&self, id: u16) -> bool {
        let Some(talk) = &self.told.flow.conversation else { return true };
        let mut later = talk.turns.iter().skip_while(|turn| turn.first.number <= self.turn.first.number);
        let is_to_group = self.told.flow.tuple.resp.addr.is_multicast();
        is_to_group
            || talk.turns_not_kept > 0
            || later.by_ref().take(LOOKED_BACK).any(|turn| self.has(turn, id, true))
            || later.next().is_some()
    }

    /// Whether `turn` has a response, or a query, with this id.
    fn has(&self, turn: &flow::Turn, id: u16, response: bool) -> bool {
        let mut headers = messages(self.told, turn).take(MAX_TOLD).filter_map(Header::read);
        headers.any(|header| header.id == id && header.is_response() == response)
    }

    /// The last turn before this one with the query of this id.
    fn query_with(&self, id: u16) -> Option<&'f flow::Turn> {
        let turns = self.told.flow.conversation.as_ref()?.turns.iter().rev();
        let mut before = turns.skip_while(|turn| turn.first.number >= self.turn.first.number);
        before.by_ref().take(LOOKED_BACK).find(|turn| self.has(turn, id, false))
    }

    /// The records of the turn, a line each, behind `indent` columns.
    pub(super) fn write_records(
        &self,
        out: &mut impl Write,
        indent: usize,
        options: ExplainOptions,
    ) -> io::Result<()> {
        let limit = if options.full { usize::MAX } else { FOLDED_LINES };
        let columns = options.width.saturating_sub(indent.saturating_add(2)).max(20);
        let lines: Vec<String> = {
            let protocol = self.told.spoken.unwrap_or(Protocol::Dns);
            let records = self.messages.iter().flat_map(records_of);
            records.map(|record| write_record_line(record, protocol)).collect()
        };
        for line in lines.iter().take(limit) {
            let mut rest = line.as_bytes();
            while !rest.is_empty() {
                let (part, next) = split_columns(rest, columns);
                writeln!(out, "{:indent$}│ {}", "", String::from_utf8_lossy(part).trim_end())?;
                rest = next;
            }
        }
        let folded = lines.len().saturating_sub(limit);
        if folded > 0 {
            let folded = u64::try_from(folded).unwrap_or(u64::MAX);
            let count = Count::new(folded, "more record", "more records");
            writeln!(out, "{:indent$}… {count} (--full shows them)", "")?;
        }
        Ok(())
    }
}

/// The records of a response, without the one that EDNS speaks through.
fn records_of<'m, 'p>(message: &'m Message<'p>) -> impl Iterator<Item = &'m Record<'p>> {
    let is_response = message.header.is_some_and(|header| header.is_response());
    message.records.iter().filter(move |record| is_response && record.kind != OPT)
}

/// The messages in a turn: of UDP it is one, of TCP each stands behind its length (RFC 1035 section 4.2.2).
fn messages<'f>(told: &Told<'_>, turn: &'f flow::Turn) -> impl Iterator<Item = &'f [u8]> + use<'f> {
    let is_stream = told.flow.id.protocol == TransportProtocol::Tcp;
    let mut rest = turn.bytes.as_slice();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if !is_stream {
            return Some(std::mem::take(&mut rest));
        }
        let (length, behind) = rest.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (message, next) = behind.split_at_checked(length).unwrap_or((behind, &[]));
        rest = next;
        Some(message)
    })
}
