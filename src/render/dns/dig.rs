//! A message as dig prints it: header, EDNS, question and records, in a master file's form and columns.

use std::fmt;
use std::io::{self, Write};

use super::super::format::Hex;
use super::rdata::{Data, Quoted};
use super::types::{Class, Opcode, RecordType, ResponseCode};
use crate::proto::Protocol;
use crate::proto::dns::{Edns, Header, Message, OPT, Question, Record, Section, extended_error_name};

/// Where time to live, class, type and data begin.
const COLUMNS: [usize; 4] = [24, 32, 40, 48];

/// Opcode of an update, whose sections have names of their own (RFC 2136 section 2).
const UPDATE: u8 = 5;

/// The class of the Internet.
const CLASS_IN: u16 = 1;

/// The bit of a class that means something else in multicast DNS (RFC 6762 sections 5.4 and 10.2).
const MULTICAST_BIT: u16 = 0x8000;

/// Writes all that could be read of a message. `protocol` tells what some bits mean.
pub(super) fn message(out: &mut impl Write, message: &Message<'_>, protocol: Protocol) -> io::Result<()> {
    let Some(header) = message.header else { return Ok(()) };
    let code = message.rcode().unwrap_or_default();
    writeln!(
        out,
        ";; ->>HEADER<<- opcode: {}, status: {}, id: {}",
        Opcode(header.opcode()),
        ResponseCode(code),
        header.id
    )?;
    let names = SectionNames::of(header.opcode());
    writeln!(
        out,
        ";; flags:{}; {}: {}, {}: {}, {}: {}, ADDITIONAL: {}",
        Flags { header, protocol },
        names.counts[0],
        header.questions,
        names.counts[1],
        header.answers,
        names.counts[2],
        header.authority,
        header.additional
    )?;
    if let Some(edns) = message.edns() {
        writeln!(out, "\n;; OPT PSEUDOSECTION:")?;
        write_edns(out, &edns)?;
    }
    if !message.questions.is_empty() {
        writeln!(out, "\n;; {} SECTION:", names.sections[0])?;
        message.questions.iter().try_for_each(|question| write_question(out, question, protocol))?;
    }
    let sections = [Section::Answer, Section::Authority, Section::Additional];
    for (section, name) in sections.into_iter().zip(names.sections.iter().skip(1)) {
        let mut records = message.section(section).filter(|record| record.kind != OPT).peekable();
        if records.peek().is_some() {
            writeln!(out, "\n;; {name} SECTION:")?;
            records.try_for_each(|record| write_record(out, record, protocol))?;
        }
    }
    Ok(())
}

/// What the sections are called.
struct SectionNames {
    counts: [&'static str; 3],
    sections: [&'static str; 4],
}

impl SectionNames {
    const fn of(opcode: u8) -> Self {
        if opcode == UPDATE {
            Self {
                counts: ["ZONE", "PREREQ", "UPDATE"],
                sections: ["ZONE", "PREREQUISITE", "UPDATE", "ADDITIONAL"],
            }
        } else {
            Self {
                counts: ["QUERY", "ANSWER", "AUTHORITY"],
                sections: ["QUESTION", "ANSWER", "AUTHORITY", "ADDITIONAL"],
            }
        }
    }
}

/// The flags that are set, each behind a space.
struct Flags {
    header: Header,
    protocol: Protocol,
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = &self.header;
        // LLMNR calls two of the bits otherwise (RFC 4795 section 2.1.1).
        let [conflict, tentative] = if self.protocol == Protocol::Llmnr { ["c", "t"] } else { ["aa", "rd"] };
        for (set, name) in [
            (header.is_response(), "qr"),
            (header.is_authoritative(), conflict),
            (header.is_truncated(), "tc"),
            (header.recursion_desired(), tentative),
            (header.recursion_available(), "ra"),
            (header.authentic_data(), "ad"),
            (header.checking_disabled(), "cd"),
        ] {
            if set {
                write!(f, " {name}")?;
            }
        }
        Ok(())
    }
}

fn write_edns(out: &mut impl Write, edns: &Edns<'_>) -> io::Result<()> {
    let dnssec = if edns.dnssec_ok() { " do" } else { "" };
    writeln!(out, "; EDNS: version: {}, flags:{dnssec}; udp: {}", edns.version, edns.udp_payload)?;
    for (code, value) in edns.options() {
        writeln!(out, "; {}", EdnsOption { code, value })?;
    }
    Ok(())
}

/// An option of EDNS, as dig writes it.
pub(super) struct EdnsOption<'a> {
    /// Its code.
    pub code: u16,
    /// Its bytes.
    pub value: &'a [u8],
}

/// The option's name, where it has one (IANA, DNS EDNS0 Option Codes).
pub(super) const fn option_name(code: u16) -> Option<&'static str> {
    Some(match code {
        1 => "LLQ",
        2 => "UPDATE-LEASE",
        3 => "NSID",
        5 => "DAU",
        6 => "DHU",
        7 => "N3U",
        8 => "CLIENT-SUBNET",
        9 => "EXPIRE",
        10 => "COOKIE",
        11 => "TCP-KEEPALIVE",
        12 => "PADDING",
        13 => "CHAIN",
        14 => "KEY-TAG",
        15 => "EDE",
        18 => "REPORT-CHANNEL",
        19 => "ZONEVERSION",
        _ => return None,
    })
}

impl fmt::Display for EdnsOption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value;
        match option_name(self.code) {
            Some(name) => write!(f, "{name}:")?,
            None => write!(f, "OPT={}:", self.code)?,
        }
        match (self.code, value) {
            (12, padding) => write!(f, " ({} bytes)", padding.len()),
            (8, [0, family, source, scope, address @ ..]) => subnet(f, *family, [*source, *scope], address),
            (11, [high, low]) => {
                let tenths = u16::from_be_bytes([*high, *low]);
                write!(f, " {}.{} secs", tenths / 10, tenths % 10)
            }
            (15, [high, low, text @ ..]) => {
                let code = u16::from_be_bytes([*high, *low]);
                write!(f, " {code}")?;
                if let Some(words) = extended_error_name(code) {
                    // dig's one word that is not IANA's.
                    let words = if code == 0 { "Other" } else { words };
                    write!(f, " ({words})")?;
                }
                if text.is_empty() { Ok(()) } else { write!(f, ": ({})", Quoted(text)) }
            }
            (_, []) => Ok(()),
            (3, text) => write!(f, " {} (\"{}\")", Hex(text), Quoted(text)),
            (_, bytes) => write!(f, " {}", Hex(bytes)),
        }
    }
}

/// The network that a question is asked for (RFC 7871 section 6): address, bits of it, bits that the answer is for.
fn subnet(f: &mut fmt::Formatter<'_>, family: u8, bits: [u8; 2], address: &[u8]) -> fmt::Result {
    let [source, scope] = bits;
    match family {
        1 if address.len() <= 4 => {
            let mut octets = [0; 4];
            octets.iter_mut().zip(address).for_each(|(octet, &byte)| *octet = byte);
            write!(f, " {}/{source}/{scope}", std::net::Ipv4Addr::from(octets))
        }
        2 if address.len() <= 16 => {
            let mut octets = [0; 16];
            octets.iter_mut().zip(address).for_each(|(octet, &byte)| *octet = byte);
            write!(f, " {}/{source}/{scope}", std::net::Ipv6Addr::from(octets))
        }
        _ => write!(f, " family {family} {}/{source}/{scope}", Hex(address)),
    }
}

fn write_question(out: &mut impl Write, question: &Question<'_>, protocol: Protocol) -> io::Result<()> {
    let text = format!(";{}", question.name);
    let mut at = text.len();
    write!(out, "{text}")?;
    let (class, bit) = class_of(question.class, protocol);
    let [_, class_at, type_at, _] = COLUMNS;
    column(out, &mut at, class_at)?;
    cell(out, &mut at, class)?;
    column(out, &mut at, type_at)?;
    cell(out, &mut at, RecordType(question.kind))?;
    if bit {
        write!(out, " ; unicast response, please")?;
    }
    writeln!(out)
}

fn write_record(out: &mut impl Write, record: &Record<'_>, protocol: Protocol) -> io::Result<()> {
    let mut at = 0;
    let (class, bit) = class_of(record.class, protocol);
    cell(out, &mut at, record.name)?;
    let [ttl_at, class_at, type_at, data_at] = COLUMNS;
    column(out, &mut at, ttl_at)?;
    cell(out, &mut at, record.ttl)?;
    column(out, &mut at, class_at)?;
    cell(out, &mut at, class)?;
    column(out, &mut at, type_at)?;
    cell(out, &mut at, RecordType(record.kind))?;
    // An update deletes by records without data (RFC 2136 section 2.5).
    if !record.data.is_empty() || record.class == CLASS_IN {
        column(out, &mut at, data_at)?;
        write!(out, "{}", Data(record))?;
    }
    if bit {
        write!(out, " ; replaces what is cached")?;
    }
    writeln!(out)
}

/// The class, and whether the bit beside it is set that multicast DNS has there.
pub(super) const fn class_of(class: u16, protocol: Protocol) -> (Class, bool) {
    if matches!(protocol, Protocol::Mdns) {
        (Class(class & !MULTICAST_BIT), class & MULTICAST_BIT != 0)
    } else {
        (Class(class), false)
    }
}

fn cell(out: &mut impl Write, at: &mut usize, value: impl fmt::Display) -> io::Result<()> {
    let text = value.to_string();
    *at += text.len();
    out.write_all(text.as_bytes())
}

/// Goes on to a column, where dig's tabs lead, by spaces; by one where the text before has passed it.
fn column(out: &mut impl Write, at: &mut usize, to: usize) -> io::Result<()> {
    let spaces = to.saturating_sub(*at).max(1);
    *at += spaces;
    write!(out, "{:spaces$}", "")
}
