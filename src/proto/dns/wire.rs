//! A DNS message as it is on the wire (RFC 1035 section 4), read as far as it is good.

use std::fmt;
use std::ops::Range;

use super::name::{Name, NameFault};

/// Bytes of the header.
pub const HEADER_BYTES: usize = 12;
/// Bytes of a question behind its name: type and class.
const QUESTION_BYTES: usize = 4;
/// Bytes of a record behind its name and before its data: type, class, time to live, length.
const RECORD_BYTES: usize = 10;

/// A whole message, its parts collected.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// All its bytes: names point into them.
    pub bytes: &'a [u8],
    /// The header; `None` where not all of it is there.
    pub header: Option<Header>,
    /// The questions that could be read.
    pub questions: Vec<Question<'a>>,
    /// The records that could be read, of all sections in their order.
    pub records: Vec<Record<'a>>,
    /// The first thing that is wrong.
    pub damage: Option<Damage>,
    /// The bytes behind the last record: nothing, in a good message.
    pub trailing: Range<usize>,
}

/// The twelve bytes that every message begins with (RFC 1035 section 4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Pairs a response with its query.
    pub id: u16,
    /// The flags, the opcode and the response code together.
    pub flags: u16,
    /// How many questions are said to follow.
    pub questions: u16,
    /// How many answers.
    pub answers: u16,
    /// How many records of authority.
    pub authority: u16,
    /// How many additional records.
    pub additional: u16,
}

/// A question (RFC 1035 section 4.1.2).
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Name asked for.
    pub name: Name<'a>,
    /// Type asked for.
    pub kind: u16,
    /// Class, in multicast DNS with the bit that asks for a unicast response (RFC 6762 section 5.4).
    pub class: u16,
    /// Where it stands in the message.
    pub place: (usize, usize),
}

/// A record (RFC 1035 section 4.1.3).
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Where it belongs.
    pub section: Section,
    /// Its owner.
    pub name: Name<'a>,
    /// Its type.
    pub kind: u16,
    /// Its class; of OPT the largest datagram that the sender takes (RFC 6891 section 6.1.2).
    pub class: u16,
    /// Seconds that it may be kept; of OPT extended response code, version and flags.
    pub ttl: u32,
    /// How many bytes of data are said to follow.
    pub data_len: u16,
    /// Those that are there.
    pub data: &'a [u8],
    /// Where the data begins in the message.
    pub data_at: usize,
    message: &'a [u8],
}

/// Where a record belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Answers; prerequisites of an update.
    Answer,
    /// Who has authority; what an update changes.
    Authority,
    /// What else may be of use.
    Additional,
}

/// What is wrong with a message and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The byte of the message that the part begins with which is not good.
    pub at: usize,
    /// What it is.
    pub kind: DamageKind,
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// The message ends within its header.
    HeaderCut,
    /// The message ends before or within a question, this one from 1.
    QuestionCut(u16),
    /// The message ends before or within a record of this section, this one from 1.
    RecordCut(Section, u16),
    /// A record's data is said to be longer than what is left.
    DataCut(Section, u16),
    /// A record's data is whole and not as long as its type asks for.
    DataLength(Section, u16),
    /// A question's or a record's name.
    Name(NameFault),
}

/// A question or a record.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// A question.
    Question(Question<'a>),
    /// A record of any section.
    Record(Record<'a>),
}

/// Walks along a message without keeping anything of it: an iterator over its questions and records.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    message: &'a [u8],
    at: usize,
    header: Option<Header>,
    /// Which of header, questions and sections is being read, and how many of its parts were.
    stage: Stage,
    done: u16,
    damage: Option<Damage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Questions,
    Records(Section),
    Over,
}

impl<'a> Message<'a> {
    /// Reads `bytes`, without the length that stands before a message on a stream, as far as they are good.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Self {
        let mut parts = Parts::new(bytes);
        let header = parts.header();
        let (mut questions, mut records) = (Vec::new(), Vec::new());
        for part in &mut parts {
            match part {
                Part::Question(question) => questions.push(question),
                Part::Record(record) => records.push(record),
            }
        }
        let trailing = if parts.is_complete() { parts.at()..bytes.len() } else { bytes.len()..bytes.len() };
        Self { bytes, header, questions, records, damage: parts.damage(), trailing }
    }

    /// The records of one section.
    pub fn section(&self, section: Section) -> impl Iterator<Item = &Record<'a>> {
        self.records.iter().filter(move |record| record.section == section)
    }

    /// The record with what EDNS says (RFC 6891), if there is one.
    #[must_use]
    pub fn edns(&self) -> Option<Edns<'a>> {
        self.section(Section::Additional).find_map(Record::edns)
    }

    /// The response code, with the bits that EDNS adds.
    #[must_use]
    pub fn rcode(&self) -> Option<u16> {
        let low = u16::from(self.header?.rcode());
        Some(self.edns().map_or(low, |edns| u16::from(edns.high_rcode) << 4 | low))
    }
}

impl Header {
    /// Reads what a message begins with; `None` where it is shorter.
    #[must_use]
    pub fn read(message: &[u8]) -> Option<Self> {
        let &[i0, i1, f0, f1, q0, q1, a0, a1, n0, n1, d0, d1] = message.first_chunk::<HEADER_BYTES>()?;
        let word = |high, low| u16::from_be_bytes([high, low]);
        Some(Self {
            id: word(i0, i1),
            flags: word(f0, f1),
            questions: word(q0, q1),
            answers: word(a0, a1),
            authority: word(n0, n1),
            additional: word(d0, d1),
        })
    }

    /// Whether it is a response (QR).
    #[must_use]
    pub fn is_response(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// What is asked: 0 a query, 4 a notification, 5 an update.
    #[must_use]
    pub fn opcode(&self) -> u8 {
        (self.flags >> 11 & 0xf).to_be_bytes()[1]
    }

    /// The server has authority over the name (AA).
    #[must_use]
    pub fn is_authoritative(&self) -> bool {
        self.flags & 0x0400 != 0
    }

    /// The message was longer than fits (TC).
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.flags & 0x0200 != 0
    }

    /// Recursion is asked for (RD).
    #[must_use]
    pub fn recursion_desired(&self) -> bool {
        self.flags & 0x0100 != 0
    }

    /// Recursion is offered (RA).
    #[must_use]
    pub fn recursion_available(&self) -> bool {
        self.flags & 0x0080 != 0
    }

    /// The data was checked by the server (AD, RFC 4035).
    #[must_use]
    pub fn authentic_data(&self) -> bool {
        self.flags & 0x0020 != 0
    }

    /// Data that was not checked will do (CD, RFC 4035).
    #[must_use]
    pub fn checking_disabled(&self) -> bool {
        self.flags & 0x0010 != 0
    }

    /// The response code without what EDNS adds: 0 no error, 3 no such name.
    #[must_use]
    pub fn rcode(&self) -> u8 {
        (self.flags & 0xf).to_be_bytes()[1]
    }

    /// How many records of a section are said to follow.
    #[must_use]
    pub fn records(&self, section: Section) -> u16 {
        match section {
            Section::Answer => self.answers,
            Section::Authority => self.authority,
            Section::Additional => self.additional,
        }
    }
}

/// What EDNS says (RFC 6891 section 6.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edns<'a> {
    /// The largest datagram that the sender takes, in bytes.
    pub udp_payload: u16,
    /// The upper eight bits of the response code.
    pub high_rcode: u8,
    /// Version of EDNS.
    pub version: u8,
    /// The flags, DO among them.
    pub flags: u16,
    /// The options, each behind its code and length.
    pub options: &'a [u8],
}

impl<'a> Edns<'a> {
    /// Whether DNSSEC records are asked for (RFC 3225).
    #[must_use]
    pub fn dnssec_ok(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// Code and bytes of each option; of the last one the bytes that are there.
    pub fn options(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let mut rest = self.options;
        std::iter::from_fn(move || {
            let (&[c0, c1, l0, l1], behind) = rest.split_first_chunk::<4>()?;
            let len = usize::from(u16::from_be_bytes([l0, l1]));
            let (value, left) = behind.split_at_checked(len).unwrap_or((behind, &[]));
            rest = left;
            Some((u16::from_be_bytes([c0, c1]), value))
        })
    }
}

impl<'a> Record<'a> {
    /// What EDNS says, where this is its record.
    #[must_use]
    pub fn edns(&self) -> Option<Edns<'a>> {
        if self.kind != OPT {
            return None;
        }
        let [high_rcode, version, f0, f1] = self.ttl.to_be_bytes();
        Some(Edns {
            udp_payload: self.class,
            high_rcode,
            version,
            flags: u16::from_be_bytes([f0, f1]),
            options: self.data,
        })
    }

    /// The name that stands at `at` of the data, such as that of an NS record at 0; pointers lead anywhere before.
    #[must_use]
    pub fn name_at(&self, at: usize) -> Name<'a> {
        let end = self.data_at.saturating_add(self.data.len());
        let message = self.message.get(..end).unwrap_or(self.message);
        Name::read(message, self.data_at.saturating_add(at))
    }

    /// The message that it is part of.
    #[must_use]
    pub fn message(&self) -> &'a [u8] {
        self.message
    }
}

/// The type of the record that EDNS speaks through.
pub const OPT: u16 = 41;

impl<'a> Parts<'a> {
    /// At the beginning of a message.
    #[must_use]
    pub fn new(message: &'a [u8]) -> Self {
        let header = Header::read(message);
        let damage = header.is_none().then_some(Damage { at: message.len(), kind: DamageKind::HeaderCut });
        let stage = if header.is_some() { Stage::Questions } else { Stage::Over };
        Self { message, at: HEADER_BYTES.min(message.len()), header, stage, done: 0, damage }
    }

    /// The header; `None` where it is cut.
    #[must_use]
    pub fn header(&self) -> Option<Header> {
        self.header
    }

    /// The place behind what was read.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The first thing that was wrong so far.
    #[must_use]
    pub fn damage(&self) -> Option<Damage> {
        self.damage
    }

    /// Whether all that the header promises was read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stage == Stage::Over && !matches!(self.damage, Some(damage) if damage.kind.is_final())
    }

    fn blame(&mut self, at: usize, kind: DamageKind) {
        if self.damage.is_none_or(|before| kind.is_final() && !before.kind.is_final()) {
            self.damage = Some(Damage { at, kind });
        }
    }

    /// Ends the walk at what is cut.
    fn stop<T>(&mut self, at: usize, kind: DamageKind) -> Option<T> {
        self.stage = Stage::Over;
        self.blame(at, kind);
        None
    }

    /// The name at `at`, and the fixed part of `N` bytes behind it.
    fn named<const N: usize>(&mut self, cut: DamageKind) -> Option<(Name<'a>, [u8; N])> {
        let start = self.at;
        let name = Name::read(self.message, start);
        match name.fault() {
            Some(NameFault::Cut) => return self.stop(start, cut),
            Some(fault @ NameFault::UnknownLabel) => return self.stop(start, DamageKind::Name(fault)),
            Some(fault) => {
                self.blame(start, DamageKind::Name(fault));
                if fault == NameFault::TooLong {
                    // Whatever follows is as likely the middle of something: this part is the last.
                    self.stage = Stage::Over;
                }
            }
            None => {}
        }
        let end = name.place().end;
        let Some(fixed) = self.message.get(end..).and_then(|rest| rest.first_chunk::<N>()) else {
            return self.stop(start, cut);
        };
        self.at = end.saturating_add(N);
        Some((name, *fixed))
    }

    fn question(&mut self) -> Option<Question<'a>> {
        let start = self.at;
        let (name, [t0, t1, c0, c1]) =
            self.named::<QUESTION_BYTES>(DamageKind::QuestionCut(self.done.saturating_add(1)))?;
        let (kind, class) = (u16::from_be_bytes([t0, t1]), u16::from_be_bytes([c0, c1]));
        Some(Question { name, kind, class, place: (start, self.at) })
    }

    fn record(&mut self, section: Section) -> Option<Record<'a>> {
        let number = self.done.saturating_add(1);
        let start = self.at;
        let (name, [k0, k1, c0, c1, t0, t1, t2, t3, l0, l1]) =
            self.named::<RECORD_BYTES>(DamageKind::RecordCut(section, number))?;
        let data_len = u16::from_be_bytes([l0, l1]);
        let data_at = self.at;
        let end = data_at.saturating_add(usize::from(data_len));
        let data = if let Some(data) = self.message.get(data_at..end) {
            self.at = end;
            data
        } else {
            self.at = self.message.len();
            self.stage = Stage::Over;
            self.blame(start, DamageKind::DataCut(section, number));
            self.message.get(data_at..).unwrap_or(&[])
        };
        Some(Record {
            section,
            name,
            kind: u16::from_be_bytes([k0, k1]),
            class: u16::from_be_bytes([c0, c1]),
            ttl: u32::from_be_bytes([t0, t1, t2, t3]),
            data_len,
            data,
            data_at,
            message: self.message,
        })
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let header = self.header?;
        loop {
            let (wanted, next) = match self.stage {
                Stage::Questions => (header.questions, Stage::Records(Section::Answer)),
                Stage::Records(section) => (
                    header.records(section),
                    match section {
                        Section::Answer => Stage::Records(Section::Authority),
                        Section::Authority => Stage::Records(Section::Additional),
                        Section::Additional => Stage::Over,
                    },
                ),
                Stage::Over => return None,
            };
            if self.done == wanted {
                (self.stage, self.done) = (next, 0);
                continue;
            }
            let part = match self.stage {
                Stage::Records(section) => Part::Record(self.record(section)?),
                _ => Part::Question(self.question()?),
            };
            self.done = self.done.saturating_add(1);
            return Some(part);
        }
    }
}

impl DamageKind {
    /// Whether nothing behind it could be read.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::HeaderCut | Self::QuestionCut(_) | Self::RecordCut(..) | Self::DataCut(..) => true,
            Self::DataLength(..) => false,
            Self::Name(fault) => {
                matches!(fault, NameFault::Cut | NameFault::UnknownLabel | NameFault::TooLong)
            }
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            DamageKind::HeaderCut => write!(out, "header cut")?,
            DamageKind::QuestionCut(number) => write!(out, "question {number} cut")?,
            DamageKind::RecordCut(section, number) => write!(out, "{section} record {number} cut")?,
            DamageKind::DataCut(section, number) => write!(out, "data of {section} record {number} cut")?,
            DamageKind::DataLength(section, number) => {
                write!(out, "data of {section} record {number} not as long as its type asks for")?;
            }
            DamageKind::Name(fault) => write!(out, "{fault}")?,
        }
        write!(out, " (byte {})", self.at)
    }
}

impl fmt::Display for Section {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Answer => "answer",
            Self::Authority => "authority",
            Self::Additional => "additional",
        })
    }
}
