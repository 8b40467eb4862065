//! What a DNS message says, in a few words: `DNS query A example.com`, `DNS answer A example.com 192.0.2.1`.

use std::net::IpAddr;

use super::PacketLines;
use crate::decode::DecodedPacket;
use crate::proto::dns::{
    self, DnsNote, Header, Name, OPT, Part, Parts, Question, Record, Section, opcode_name, rcode_name,
    type_name,
};
use crate::proto::{Message, Note};
use crate::render::color::Style;

/// Most questions and answers that are told one by one: more of them make a line that nobody reads.
const MOST_TOLD: usize = 4;

/// Columns of a text record.
const TEXT_COLUMNS: usize = 40;

/// What the records of a response come to.
#[derive(Default)]
struct Records<'a> {
    answers: usize,
    /// The zone that authority is with, and whether that is a server to ask next rather than "there is none".
    referral: Option<Name<'a>>,
    has_soa: bool,
    high_rcode: u16,
}

impl PacketLines {
    /// Writes the DNS message in words; `at` is where it begins behind the length that stands before it.
    pub(super) fn dns(&mut self, message: &Message, at: usize, decoded: &DecodedPacket<'_>) {
        let bytes = message.bytes(decoded).get(at..).unwrap_or(&[]);
        self.line.put(message.protocol.name());
        if let Note::Dns(DnsNote { announced: Some(announced), .. }) = &message.note {
            self.line.put(" ");
            self.line.start(Style::Yellow);
            self.line.put_display(format_args!("unfinished: {} of {announced} bytes", bytes.len()));
            return self.line.end();
        }
        let mut parts = Parts::new(bytes);
        let Some(header) = parts.header() else { return self.damage(&parts) };
        self.line.put(match (header.opcode(), header.is_response()) {
            (0, false) => " query",
            (0, true) => " answer",
            (_, false) => " request",
            (_, true) => " response",
        });
        if header.opcode() != 0 {
            self.line.put(" ");
            self.code(opcode_name(header.opcode()), "OPCODE", u16::from(header.opcode()));
        }
        let records = self.parts(header, &mut parts);
        self.outcome(header, &records);
        if let Note::Dns(DnsNote { retry_of: Some(before), .. }) = &message.note {
            self.line.put(" ");
            self.line.start(Style::Yellow);
            self.line.put("sent before in #");
            self.line.put_number(before.number, 0);
            self.line.end();
        }
        self.damage(&parts);
    }

    /// Questions and answers; the rest is looked at for how it went.
    fn parts<'a>(&mut self, header: Header, parts: &mut Parts<'a>) -> Records<'a> {
        let (mut questions, mut records) = (0_usize, Records::default());
        for part in &mut *parts {
            match part {
                Part::Question(question) => {
                    questions += 1;
                    if questions <= MOST_TOLD {
                        self.question(&question, questions);
                    }
                }
                Part::Record(record) => {
                    if record.section == Section::Answer {
                        records.answers += 1;
                        if records.answers == 1 {
                            self.more(questions);
                        }
                        if records.answers <= MOST_TOLD && header.opcode() != 5 {
                            self.answer(&record, records.answers);
                        }
                    } else {
                        records.take(&record);
                    }
                }
            }
        }
        if records.answers == 0 {
            self.more(questions);
        } else if header.opcode() != 5 {
            self.more(records.answers);
        }
        records
    }

    /// How many more than those that were told there are.
    fn more(&mut self, count: usize) {
        if let Some(more @ 1..) = count.checked_sub(MOST_TOLD) {
            self.line.put(" and ");
            self.line.put_number(u64::try_from(more).unwrap_or(u64::MAX), 0);
            self.line.put(" more");
        }
    }

    fn question(&mut self, question: &Question<'_>, number: usize) {
        self.line.put(if number > 1 { ", " } else { " " });
        self.code(type_name(question.kind), "TYPE", question.kind);
        self.line.put(" ");
        self.line.put_display(format_args!("{:#}", question.name));
    }

    fn answer(&mut self, record: &Record<'_>, number: usize) {
        self.line.put(if number > 1 { ", " } else { " " });
        match (record.kind, record.data) {
            (1, &[a, b, c, d]) => self.line.put_addr(IpAddr::from([a, b, c, d])),
            (28, data) if data.len() == 16 => {
                if let Some(address) = data.first_chunk::<16>() {
                    self.line.put_addr(IpAddr::from(*address));
                }
            }
            (16, &[length, ref text @ ..]) => {
                self.line.put("TXT ");
                self.line.put_payload(text.get(..usize::from(length)).unwrap_or(text), TEXT_COLUMNS);
            }
            (kind, _) => {
                self.code(type_name(kind), "TYPE", kind);
                // Where the name stands that the record leads to.
                let at = match kind {
                    2 | 5 | 12 | 39 => 0,
                    15 => 2,
                    33 => 6,
                    _ => return,
                };
                self.line.put(" ");
                self.line.put_display(format_args!("{:#}", record.name_at(at)));
            }
        }
    }

    /// How it went, where the answers do not say so.
    fn outcome(&mut self, header: Header, records: &Records<'_>) {
        if header.is_response() {
            let rcode = records.high_rcode << 4 | u16::from(header.rcode());
            if rcode != 0 {
                self.line.put(" ");
                self.line.start(Style::Red);
                self.code(rcode_name(rcode), "RCODE", rcode);
                self.line.end();
            } else if let (0, 0, false) = (header.opcode(), records.answers, header.is_truncated()) {
                match records.referral.filter(|_| !records.has_soa && !header.is_authoritative()) {
                    Some(zone) => self.line.put_display(format_args!(" referral to {zone:#}")),
                    None => self.line.put_styled(Style::Yellow, " NODATA"),
                }
            }
        }
        if header.is_truncated() {
            self.line.put(" ");
            self.line.put_styled(Style::Yellow, "truncated");
        }
    }

    fn damage(&mut self, parts: &Parts<'_>) {
        if let Some(damage) = parts.damage() {
            self.line.put(", ");
            self.line.start(Style::Yellow);
            self.line.put_display(damage);
            self.line.end();
        }
    }

    /// A code's name, or `what` and the number (RFC 3597 section 5).
    fn code(&mut self, name: Option<&'static str>, what: &str, code: u16) {
        match name {
            Some(name) => self.line.put(name),
            None => {
                self.line.put(what);
                self.line.put_number(u64::from(code), 0);
            }
        }
    }
}

impl<'a> Records<'a> {
    /// A record behind the answers.
    fn take(&mut self, record: &Record<'a>) {
        match record.kind {
            2 if record.section == Section::Authority => self.referral = Some(record.name),
            6 if record.section == Section::Authority => self.has_soa = true,
            OPT => {
                self.high_rcode = record.edns().map_or(0, |edns: dns::Edns<'_>| u16::from(edns.high_rcode))
            }
            _ => {}
        }
    }
}
