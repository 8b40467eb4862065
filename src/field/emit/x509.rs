//! Certificates (RFC 5280), read element by element as they are encoded (X.690, DER).
//!
//! Nothing here calls itself: each structure is walked to the depth that its fields have, and lists end with their bytes.

use std::fmt::Write as _;

use super::Emitter;
use super::run::Run;
use crate::field::names::{pkcs1, x509af, x509ce, x509if, x509sat};
use crate::field::{FieldId, Value};
use crate::time::Timestamp;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
const BOOLEAN: u8 = 0x01;
const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;

/// Longest identifier that is told: those in use have some ten numbers.
const MAX_OID: usize = 64;

/// Whether anything inside a certificate is wanted.
pub(super) fn is_wanted(out: &Emitter<'_>) -> bool {
    let protocols =
        [x509af::PROTOCOL, x509if::PROTOCOL, x509sat::PROTOCOL, x509ce::PROTOCOL, pkcs1::PROTOCOL];
    protocols.iter().any(|protocol| out.wants_any_of(*protocol))
}

/// One element: what it is, its bytes with the header, and without.
#[derive(Clone, Copy)]
struct Element<'p> {
    tag: u8,
    whole: Run<'p>,
    body: Run<'p>,
}

/// Elements one after the other.
struct Elements<'p>(Run<'p>);

impl<'p> Elements<'p> {
    /// The next, if it is a `tag`; else it stays.
    fn only(&mut self, tag: u8) -> Option<Element<'p>> {
        if self.0.byte(0) == Some(tag) { self.next() } else { None }
    }
}

impl<'p> Iterator for Elements<'p> {
    type Item = Element<'p>;

    fn next(&mut self) -> Option<Element<'p>> {
        let (tag, first) = (self.0.byte(0)?, self.0.byte(1)?);
        // Up to 0x7f the length itself, else how many bytes it has.
        let (header, len) = match first {
            0..=0x7f => (2, usize::from(first)),
            0x81 => (3, usize::from(self.0.byte(2)?)),
            0x82 => (4, usize::from(self.0.word(2)?)),
            0x83 => (5, usize::try_from(self.0.double(1)? & 0x00ff_ffff).ok()?),
            _ => return None,
        };
        let body = self.0.part(header, len);
        if body.len() < len {
            return None;
        }
        let whole = self.0.part(0, header + len);
        self.0 = self.0.from(header + len);
        Some(Element { tag, whole, body })
    }
}

/// Hands out the parts of a certificate, as far as it is one.
pub(super) fn emit(certificate: &Run<'_>, out: &mut Emitter<'_>) {
    if is_wanted(out) {
        // What comes behind a fault is not told.
        let _ = parts(certificate, out);
    }
}

fn parts(certificate: &Run<'_>, out: &mut Emitter<'_>) -> Option<()> {
    let mut outer = Elements(Elements(*certificate).only(SEQUENCE)?.body);
    let signed = outer.only(SEQUENCE)?;
    signed.whole.open(x509af::SIGNED_CERTIFICATE, 0, signed.whole.len(), out);
    let told = signed_part(&signed.body, out);
    out.close();
    told?;
    let algorithm = outer.only(SEQUENCE)?;
    algorithm.whole.open(x509af::ALGORITHM_IDENTIFIER, 0, algorithm.whole.len(), out);
    identifier(x509af::ALGORITHM_ID, &mut Elements(algorithm.body), out);
    out.close();
    let signature = outer.only(BIT_STRING)?.body.from(1);
    signature.give(x509af::ENCRYPTED, 0, signature.len(), out);
    Some(())
}

fn signed_part(body: &Run<'_>, out: &mut Emitter<'_>) -> Option<()> {
    let mut parts = Elements(*body);
    if let Some(version) = parts.only(0xa0) {
        let number = Elements(version.body).only(INTEGER)?.body;
        out.give(x509af::VERSION, Value::Signed(i64::from(number.byte(0)?)), number.range(0, number.len()));
    }
    let serial = parts.only(INTEGER)?.body;
    serial.give(x509af::SERIAL_NUMBER, 0, serial.len(), out);
    let algorithm = parts.only(SEQUENCE)?;
    algorithm.whole.open(x509af::SIGNATURE, 0, algorithm.whole.len(), out);
    identifier(x509af::ALGORITHM_ID, &mut Elements(algorithm.body), out);
    out.close();
    name((x509af::ISSUER, x509if::RDN_SEQUENCE), &parts.only(SEQUENCE)?, out);
    let validity = parts.only(SEQUENCE)?;
    validity.whole.open(x509af::VALIDITY, 0, validity.whole.len(), out);
    let mut times = Elements(validity.body);
    for id in [x509af::NOT_BEFORE, x509af::NOT_AFTER] {
        if let Some(element) = times.next() {
            time(id, &element, out);
        }
    }
    out.close();
    name((x509af::SUBJECT, x509af::RDN_SEQUENCE), &parts.only(SEQUENCE)?, out);
    key(&parts.only(SEQUENCE)?, out);
    parts.only(0x81);
    parts.only(0x82);
    if let Some(list) = parts.only(0xa3) {
        extensions(&Elements(list.body).only(SEQUENCE)?, out);
    }
    Some(())
}

/// A distinguished name: a list of sets of kinds with values.
fn name(ids: (FieldId, FieldId), element: &Element<'_>, out: &mut Emitter<'_>) {
    // The only kind of name that there is.
    out.open(ids.0, Value::Unsigned(0), element.whole.range(0, element.whole.len()));
    out.open(ids.1, count(&element.body), element.body.range(0, element.body.len()));
    for set in Elements(element.body) {
        out.open(x509if::RDN_SEQUENCE_ITEM, count(&set.body), set.whole.range(0, set.whole.len()));
        for pair in Elements(set.body) {
            pair.whole.open(x509if::ATTRIBUTE, 0, pair.whole.len(), out);
            let mut parts = Elements(pair.body);
            let kind = identifier(x509if::OID, &mut parts, out);
            if let (Some(kind), Some(value)) = (kind, parts.next()) {
                attribute(&kind, &value, out);
            }
            out.close();
        }
        out.close();
    }
    out.close();
    out.close();
}

/// The value of one part of a name.
fn attribute(kind: &Run<'_>, value: &Element<'_>, out: &mut Emitter<'_>) {
    // 2.5.4.6 is the country, 2.5.4.x the others that are text by their own choice.
    if kind.bytes() == [0x55, 4, 6] {
        return text(x509sat::COUNTRY_NAME, &value.body, out);
    }
    let (choice, id) = match value.tag {
        0x14 => (0, x509sat::TELETEX_STRING),
        0x13 => (1, x509sat::PRINTABLE_STRING),
        0x1c => (2, x509sat::UNIVERSAL_STRING),
        0x1e => (3, x509sat::BMP_STRING),
        0x0c => (4, x509sat::UTF8_STRING),
        _ => return,
    };
    if !kind.bytes().starts_with(&[0x55, 4]) {
        return;
    }
    out.open(x509sat::DIRECTORY_STRING, Value::Unsigned(choice), value.whole.range(0, value.whole.len()));
    text(id, &value.body, out);
    out.close();
}

fn text(id: FieldId, body: &Run<'_>, out: &mut Emitter<'_>) {
    if !out.wants(id) {
        return;
    }
    let text = if id == x509sat::BMP_STRING {
        let units = body.bytes().chunks_exact(2).filter_map(|pair| pair.first_chunk());
        char::decode_utf16(units.copied().map(u16::from_be_bytes))
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect::<String>()
            .into()
    } else if id == x509sat::TELETEX_STRING {
        // T.61 is never meant; what stands there is Latin-1.
        body.bytes().iter().copied().map(char::from).collect::<String>().into()
    } else {
        String::from_utf8_lossy(body.bytes())
    };
    out.give(id, Value::Text(&text), body.range(0, body.len()));
}

fn time(id: FieldId, element: &Element<'_>, out: &mut Emitter<'_>) {
    let body = &element.body;
    let is_utc = element.tag == UTC_TIME;
    out.open(id, Value::Unsigned(u64::from(!is_utc)), element.whole.range(0, element.whole.len()));
    let shown = body.range(0, body.len());
    match digits(body.bytes(), is_utc) {
        Some([year, month, day, hour, minute, second]) if is_utc => {
            let text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} (UTC)");
            out.give(x509af::UTC_TIME, Value::Text(&text), shown);
        }
        Some(parts) => {
            out.give(x509af::GENERALIZED_TIME, Value::Time(Timestamp::from_parts(seconds(parts), 0)), shown);
        }
        None => {}
    }
    out.close();
}

/// Year to second. Two digits of a year are 1950 to 2049 (RFC 5280 section 4.1.2.5.1).
fn digits(text: &[u8], is_utc: bool) -> Option<[i64; 6]> {
    let (year, rest) = text.split_at_checked(if is_utc { 2 } else { 4 })?;
    let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse::<u16>().ok().map(i64::from);
    let year = number(year)?;
    let century = match (is_utc, year) {
        (false, _) => 0,
        (true, 50..) => 1900,
        (true, _) => 2000,
    };
    let mut parts = [century + year, 0, 0, 0, 0, 0];
    for (part, pair) in parts.iter_mut().skip(1).zip(rest.chunks(2)) {
        // Seconds may be left out.
        *part = if pair.first().is_some_and(u8::is_ascii_digit) { number(pair)? } else { 0 };
    }
    Some(parts)
}

/// Seconds since 1970, by the Gregorian calendar; years that begin in March put the leap day last.
fn seconds([year, month, day, hour, minute, second]: [i64; 6]) -> i64 {
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    ((days * 24 + hour) * 60 + minute) * 60 + second
}

fn key(element: &Element<'_>, out: &mut Emitter<'_>) {
    element.whole.open(x509af::SUBJECT_PUBLIC_KEY_INFO, 0, element.whole.len(), out);
    let mut parts = Elements(element.body);
    let mut is_rsa = false;
    if let Some(algorithm) = parts.only(SEQUENCE) {
        algorithm.whole.open(x509af::ALGORITHM, 0, algorithm.whole.len(), out);
        let kind = identifier(x509af::ALGORITHM_ID, &mut Elements(algorithm.body), out);
        // 1.2.840.113549.1.1.1
        is_rsa = kind.is_some_and(|kind| kind.bytes() == [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]);
        out.close();
    }
    if let Some(bits) = parts.only(BIT_STRING) {
        let bytes = bits.body.from(1);
        bytes.open(x509af::SUBJECT_PUBLIC_KEY, 0, bytes.len(), out);
        if is_rsa {
            let _ = rsa(&bytes, out);
        }
        out.close();
    }
    out.close();
}

fn rsa(bytes: &Run<'_>, out: &mut Emitter<'_>) -> Option<()> {
    let mut parts = Elements(Elements(*bytes).only(SEQUENCE)?.body);
    let modulus = parts.only(INTEGER)?.body;
    modulus.give(pkcs1::MODULUS, 0, modulus.len(), out);
    let exponent = parts.only(INTEGER)?.body;
    let number = exponent
        .bytes()
        .iter()
        .try_fold(0_i64, |sum, byte| Some(sum.checked_mul(256)? + i64::from(*byte)))?;
    out.give(pkcs1::PUBLIC_EXPONENT, Value::Signed(number), exponent.range(0, exponent.len()));
    Some(())
}

fn extensions(list: &Element<'_>, out: &mut Emitter<'_>) {
    out.open(x509af::EXTENSIONS, count(&list.body), list.whole.range(0, list.whole.len()));
    for extension in Elements(list.body) {
        extension.whole.open(x509af::EXTENSION, 0, extension.whole.len(), out);
        let mut parts = Elements(extension.body);
        let kind = identifier(x509af::EXTENSION_ID, &mut parts, out);
        if let Some(critical) = parts.only(BOOLEAN) {
            let is_set = critical.body.byte(0).is_some_and(|byte| byte != 0);
            out.give(x509af::CRITICAL, Value::Unsigned(u64::from(is_set)), critical.body.range(0, 1));
        }
        if let (Some(kind), Some(value)) = (kind, parts.only(OCTET_STRING)) {
            let _ = extension_value(kind.bytes(), &value.body, out);
        }
        out.close();
    }
    out.close();
}

/// The extensions that people ask for (RFC 5280 section 4.2.1), all numbered 2.5.29.x.
fn extension_value(kind: &[u8], value: &Run<'_>, out: &mut Emitter<'_>) -> Option<()> {
    let mut parts = Elements(*value);
    match kind.strip_prefix(&[0x55, 0x1d])? {
        [14] => {
            let id = parts.only(OCTET_STRING)?.body;
            id.give(x509ce::SUBJECT_KEY_IDENTIFIER, 0, id.len(), out);
        }
        [15] => {
            let bits = parts.only(BIT_STRING)?.body.from(1);
            bits.give(x509ce::KEY_USAGE, 0, bits.len(), out);
        }
        [17] => names(&parts.only(SEQUENCE)?, out),
        [19] => {
            let list = parts.only(SEQUENCE)?;
            list.whole.open(x509ce::BASIC_CONSTRAINTS, 0, list.whole.len(), out);
            let mut parts = Elements(list.body);
            if let Some(ca) = parts.only(BOOLEAN) {
                let is_set = ca.body.byte(0).is_some_and(|byte| byte != 0);
                out.give(x509ce::CA, Value::Unsigned(u64::from(is_set)), ca.body.range(0, 1));
            }
            if let Some(length) = parts.only(INTEGER) {
                length.body.give(x509ce::PATH_LEN_CONSTRAINT, 0, length.body.len().min(8), out);
            }
            out.close();
        }
        [35] => {
            let id = Elements(parts.only(SEQUENCE)?.body).only(0x80)?.body;
            id.give(x509ce::KEY_IDENTIFIER, 0, id.len(), out);
        }
        [37] => {
            let list = parts.only(SEQUENCE)?;
            out.open(x509ce::KEY_PURPOSE_IDS, count(&list.body), list.whole.range(0, list.whole.len()));
            let mut purposes = Elements(list.body);
            while identifier(x509ce::KEY_PURPOSE_ID, &mut purposes, out).is_some() {}
            out.close();
        }
        _ => {}
    }
    Some(())
}

fn names(list: &Element<'_>, out: &mut Emitter<'_>) {
    out.open(x509ce::GENERAL_NAMES, count(&list.body), list.whole.range(0, list.whole.len()));
    for name in Elements(list.body) {
        let choice = u64::from(name.tag & 0x1f);
        out.open(x509ce::GENERAL_NAME, Value::Unsigned(choice), name.whole.range(0, name.whole.len()));
        match choice {
            1 => text(x509ce::RFC822_NAME, &name.body, out),
            2 => text(x509ce::DNS_NAME, &name.body, out),
            6 => text(x509ce::URI, &name.body, out),
            7 => name.body.give(x509ce::IP_ADDRESS, 0, name.body.len(), out),
            _ => {}
        }
        out.close();
    }
    out.close();
}

/// How many elements there are.
fn count(list: &Run<'_>) -> Value<'static> {
    Value::Unsigned(u64::try_from(Elements(*list).count()).unwrap_or(u64::MAX))
}

/// The identifier that comes next, told as `id`; its bytes.
fn identifier<'p>(id: FieldId, parts: &mut Elements<'p>, out: &mut Emitter<'_>) -> Option<Run<'p>> {
    let body = parts.only(OID)?.body;
    if out.wants(id) {
        out.give(id, Value::Text(&dotted(body.bytes())), body.range(0, body.len()));
    }
    Some(body)
}

/// `1.2.840`: seven bits of a number in each byte, and the first two numbers in one (X.690 section 8.19).
fn dotted(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut number, mut is_first) = (0_u64, true);
    for byte in bytes.iter().take(MAX_OID) {
        number = number.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        // Writing to a string does not fail.
        let _ = if std::mem::take(&mut is_first) {
            let root = (number / 40).min(2);
            write!(text, "{root}.{}", number - 40 * root)
        } else {
            write!(text, ".{number}")
        };
        number = 0;
    }
    text
}
