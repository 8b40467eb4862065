//! A record's data as a master file writes it (RFC 1035 section 5.1), and RFC 3597's form for what is not known.
//!
//! hickory-proto knows the types, too, but writes several in forms that no master file has (`TXT` without quotes, lists
//! that end in commas, text that is not UTF-8 with characters replaced), so that what it reads is written here.

use std::fmt::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr};

use hickory_proto::rr::rdata::svcb::{SVCB, SvcParamKey, SvcParamValue};
use hickory_proto::rr::{RData, RecordType as HickoryType};
use hickory_proto::serialize::binary::{BinDecoder, Restrict};

use super::super::format::Hex;
use super::types::{Part, RecordType, ResponseCode};
use crate::proto::dns::Record;
use crate::time::Timestamp;

/// A record's data. Printable ASCII, whatever the bytes.
pub(super) struct Data<'a, 'm>(pub &'a Record<'m>);

impl fmt::Display for Data<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        let mut reader = Reader { record: self.0, at: 0 };
        let parts = RecordType(self.0.kind).parts();
        let is_read = !parts.is_empty() && parts.iter().all(|&part| reader.part(part, &mut text).is_some());
        if is_read && reader.rest().is_empty() {
            return f.write_str(text.trim_end());
        }
        write!(f, "\\# {}", self.0.data.len())?;
        if self.0.data.is_empty() { Ok(()) } else { write!(f, " {}", Hex(self.0.data)) }
    }
}

/// The way along a record's data.
struct Reader<'a, 'm> {
    record: &'a Record<'m>,
    at: usize,
}

impl<'m> Reader<'_, 'm> {
    fn rest(&self) -> &'m [u8] {
        self.record.data.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, len: usize) -> Option<&'m [u8]> {
        let bytes = self.record.data.get(self.at..)?.get(..len)?;
        self.at += len;
        Some(bytes)
    }

    fn all(&mut self) -> &'m [u8] {
        let rest = self.rest();
        self.at += rest.len();
        rest
    }

    fn number(&mut self, bytes: usize) -> Option<u64> {
        Some(self.take(bytes)?.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    fn sized(&mut self, length_bytes: usize) -> Option<&'m [u8]> {
        let len = usize::try_from(self.number(length_bytes)?).ok()?;
        self.take(len)
    }

    fn kind(&mut self) -> Option<RecordType> {
        self.number(2).and_then(|number| u16::try_from(number).ok()).map(RecordType)
    }

    /// Adds the next part and a space to `out`; `None` where the data has no such part.
    fn part(&mut self, part: Part, out: &mut String) -> Option<()> {
        // Writing into memory does not fail.
        let written = match part {
            Part::Name => {
                let name = self.record.name_at(self.at);
                let end = name.place().end.checked_sub(self.record.data_at)?;
                if name.fault().is_some() || end > self.record.data.len() {
                    return None;
                }
                self.at = end;
                write!(out, "{name}")
            }
            Part::U8 => write!(out, "{}", self.number(1)?),
            Part::U16 => write!(out, "{}", self.number(2)?),
            Part::U32 => write!(out, "{}", self.number(4)?),
            Part::U48 => write!(out, "{}", self.number(6)?),
            Part::A => write!(out, "{}", Ipv4Addr::from(*self.take(4)?.first_chunk::<4>()?)),
            Part::Aaaa => write!(out, "{}", Ipv6Addr::from(*self.take(16)?.first_chunk::<16>()?)),
            Part::Text => write!(out, "\"{}\"", Quoted(self.sized(1)?)),
            Part::Texts => {
                // One at least (RFC 1035 section 3.3.14).
                write!(out, "\"{}\"", Quoted(self.sized(1)?)).ok()?;
                while !self.rest().is_empty() {
                    write!(out, " \"{}\"", Quoted(self.sized(1)?)).ok()?;
                }
                Ok(())
            }
            Part::Word => {
                let word = self.sized(1)?;
                if word.is_empty() || !word.iter().all(u8::is_ascii_alphanumeric) {
                    return None;
                }
                write!(out, "{}", Quoted(word))
            }
            Part::RestText => write!(out, "\"{}\"", Quoted(self.all())),
            Part::Hex => {
                let bytes = Some(self.all()).filter(|bytes| !bytes.is_empty())?;
                write!(out, "{}", upper(bytes))
            }
            Part::Base64 => write!(out, "{}", Base { bytes: self.all(), alphabet: &BASE64 }),
            Part::SizedHex => match self.sized(1)? {
                [] => write!(out, "-"),
                bytes => write!(out, "{}", upper(bytes)),
            },
            Part::SizedBase32 => write!(out, "{}", Base { bytes: self.sized(1)?, alphabet: &BASE32 }),
            Part::SizedBase64 => {
                let bytes = self.sized(2)?;
                write!(out, "{} {}", bytes.len(), Base { bytes, alphabet: &BASE64 })
            }
            Part::Type => write!(out, "{}", self.kind()?),
            Part::Types => return self.types(out),
            Part::Time => write!(out, "{}", Moment(self.number(4)?)),
            Part::Rcode => write!(out, "{}", ResponseCode(u16::try_from(self.number(2)?).ok()?)),
            Part::Service => return self.service(out),
        };
        written.ok()?;
        out.push(' ');
        Some(())
    }

    /// The types of a bit map: windows of 256 types, each behind its number and length (RFC 4034 section 4.1.2).
    fn types(&mut self, out: &mut String) -> Option<()> {
        while !self.rest().is_empty() {
            let window = u16::try_from(self.number(1)?).ok()?;
            for (octet, &bits) in (0_u16..).zip(self.sized(1)?) {
                for bit in (0..8_u16).filter(|bit| bits & 0x80 >> bit != 0) {
                    let number = (window << 8).checked_add(octet.checked_mul(8)?.checked_add(bit)?)?;
                    write!(out, "{} ", RecordType(number)).ok()?;
                }
            }
        }
        Some(())
    }

    /// The parameters of a service, which hickory reads from the beginning of the data.
    fn service(&mut self, out: &mut String) -> Option<()> {
        let record = self.record;
        let end = record.data_at.checked_add(record.data.len())?;
        let at = u16::try_from(record.data_at).ok()?;
        let mut decoder = BinDecoder::new(record.message().get(..end)?).clone(at);
        let len = Restrict::new(u16::try_from(record.data.len()).ok()?);
        let read = RData::read(&mut decoder, HickoryType::from(record.kind), len).ok()?;
        let service: &SVCB = match &read {
            RData::SVCB(service) => service,
            RData::HTTPS(service) => &service.0,
            _ => return None,
        };
        for (key, value) in &service.svc_params {
            parameter(out, *key, value).ok()?;
        }
        self.all();
        Some(())
    }
}

/// A parameter of a service, as RFC 9460 section 2.1 and its appendix A write it.
fn parameter(out: &mut String, key: SvcParamKey, value: &SvcParamValue) -> fmt::Result {
    match key {
        SvcParamKey::Unknown(number) => write!(out, "key{number}")?,
        named => write!(out, "{named}")?,
    }
    match value {
        SvcParamValue::NoDefaultAlpn => {}
        SvcParamValue::Mandatory(keys) => list(out, keys.0.iter())?,
        SvcParamValue::Alpn(names) => {
            let names: Vec<String> = names.0.iter().map(|name| Quoted(name.as_bytes()).to_string()).collect();
            write!(out, "=\"{}\"", names.join(","))?;
        }
        SvcParamValue::Port(port) => write!(out, "={port}")?,
        SvcParamValue::Ipv4Hint(hint) => list(out, hint.0.iter())?,
        SvcParamValue::Ipv6Hint(hint) => list(out, hint.0.iter())?,
        SvcParamValue::EchConfigList(ech) => write!(out, "={}", Base { bytes: &ech.0, alphabet: &BASE64 })?,
        SvcParamValue::Unknown(value) => write!(out, "=\"{}\"", Quoted(&value.0))?,
    }
    out.push(' ');
    Ok(())
}

fn list<T: fmt::Display>(out: &mut String, values: impl Iterator<Item = T>) -> fmt::Result {
    for (place, value) in values.enumerate() {
        write!(out, "{}{value}", if place == 0 { '=' } else { ',' })?;
    }
    Ok(())
}

fn upper(bytes: &[u8]) -> String {
    Hex(bytes).to_string().to_ascii_uppercase()
}

/// Text between quotes: what could end it, and what is not printable ASCII, is escaped (RFC 1035 section 5.1).
pub(super) struct Quoted<'a>(pub &'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&byte| match byte {
            b'"' | b'\\' => write!(f, "\\{}", char::from(byte)),
            0x20..=0x7e => f.write_char(char::from(byte)),
            _ => write!(f, "\\{byte:03}"),
        })
    }
}

/// How many bits a digit has, how many digits are filled up to, and the digits.
type Alphabet = (u32, usize, &'static [u8]);

/// RFC 4648 section 4.
const BASE64: Alphabet = (6, 4, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
/// RFC 4648 section 7, which RFC 5155 section 3.3 uses without filling up.
const BASE32: Alphabet = (5, 1, b"0123456789ABCDEFGHIJKLMNOPQRSTUV");

/// Bytes in digits of a few bits.
struct Base<'a> {
    bytes: &'a [u8],
    alphabet: &'static Alphabet,
}

impl fmt::Display for Base<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let &(width, fill, digits) = self.alphabet;
        let (mut bits, mut count, mut written) = (0_u32, 0, 0_usize);
        let mut digit = |f: &mut fmt::Formatter<'_>, value: u32| {
            written += 1;
            let place = usize::try_from(value & ((1 << width) - 1)).unwrap_or(0);
            f.write_char(digits.get(place).map_or('=', |&digit| char::from(digit)))
        };
        for &byte in self.bytes {
            bits = bits << 8 | u32::from(byte);
            count += 8;
            while count >= width {
                count -= width;
                digit(f, bits >> count)?;
            }
            bits &= (1 << count) - 1;
        }
        if count > 0 {
            digit(f, bits << (width - count))?;
        }
        while written % fill != 0 {
            f.write_char('=')?;
            written += 1;
        }
        Ok(())
    }
}

/// Seconds since 1970 as RFC 4034 section 3.2 writes them: `20261121075323`.
struct Moment(u64);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0).unwrap_or(i64::MAX);
        let text = super::super::format::Utc(Timestamp::from_parts(seconds, 0)).to_string();
        let whole = text.split('.').next().unwrap_or_default();
        whole.chars().filter(char::is_ascii_digit).try_for_each(|digit| f.write_char(digit))
    }
}
