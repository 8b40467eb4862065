//! What a constant's text means as a value of a type.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::ast::{Literal, Span};
use super::error::{FilterError, quoted};
use super::number::{self, NoNumber};
use super::program::Constant;
use super::time_text;
use crate::field::{FieldDef, FieldKind, names::tcp};
use crate::suggest;

/// Values that are looked through for a word: codes are numbers of 16 bits at most.
const MAX_CODE: u64 = 0xffff;

/// What a text is to become: a type, and the field that it is compared with, whose words for its codes count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'t> {
    pub(super) kind: FieldKind,
    pub(super) field: Option<&'static FieldDef>,
    /// What it is compared with, as written.
    pub(super) name: &'t str,
}

impl Target<'_> {
    fn name(&self) -> String {
        quoted(self.name)
    }

    /// What may stand for a value of this type.
    fn expected(&self) -> &'static str {
        match self.kind {
            FieldKind::Unsigned(..) | FieldKind::Signed(_) | FieldKind::PacketNumber => {
                "a number, such as 80 or 0x50"
            }
            FieldKind::Boolean => "True, False, 1 or 0",
            FieldKind::Mac => "six bytes in hexadecimal, such as 00:1b:21:3c:9d:f8",
            FieldKind::Ipv4 => "an IPv4 address or network, such as 192.0.2.1 or 192.0.2.0/24",
            FieldKind::Ipv6 => "an IPv6 address or network, such as 2001:db8::1 or 2001:db8::/32",
            FieldKind::Bytes | FieldKind::Protocol => {
                "bytes in hexadecimal, such as 47:45:54, or a string in double quotes"
            }
            FieldKind::Text => "a string in double quotes",
            FieldKind::Time(_) => {
                "a time, such as \"2011-07-04 12:34:56\" or \"Nov 12, 1999 08:55:44.123\" (UTC)"
            }
            FieldKind::Span => "seconds, such as 1.5",
            FieldKind::Float => "a number, such as 1.5",
            FieldKind::Mark => "nothing: it has no value, it is only there or not",
        }
    }

    fn wrong(&self, span: &Span, written: &str) -> FilterError {
        let message = format!("{} cannot be \"{}\"", self.name(), quoted(written));
        FilterError::new(span.clone(), message).expecting(self.expected())
    }
}

/// The value of `literal` at `span`.
pub(super) fn value(literal: &Literal, span: &Span, target: Target<'_>) -> Result<Constant, FilterError> {
    match literal {
        Literal::Quoted(bytes) => text(bytes, span, target),
        Literal::Char(byte) => char_value(*byte, span, target),
        Literal::Word(word) => unquoted(word, span, target),
    }
}

fn text(bytes: &[u8], span: &Span, target: Target<'_>) -> Result<Constant, FilterError> {
    let shown = String::from_utf8_lossy(bytes);
    match target.kind {
        FieldKind::Text | FieldKind::Bytes | FieldKind::Protocol => Ok(Constant::Bytes(bytes.to_vec())),
        FieldKind::Time(_) => {
            time_text::parse(&shown).map(Constant::Nanos).ok_or_else(|| target.wrong(span, &shown))
        }
        _ => code(&shown, target).ok_or_else(|| {
            let error = FilterError::new(
                span.clone(),
                format!("{} is not a string, so it cannot be \"{}\"", target.name(), quoted(&shown)),
            )
            .expecting(target.expected());
            match unquoted(&shown, span, target) {
                Ok(_) => error.hinting(format!("leave out the quotes: {}", quoted(&shown))),
                Err(_) => error,
            }
        }),
    }
}

fn char_value(byte: u8, span: &Span, target: Target<'_>) -> Result<Constant, FilterError> {
    match target.kind {
        FieldKind::Unsigned(..) | FieldKind::PacketNumber => Ok(Constant::Unsigned(u64::from(byte))),
        FieldKind::Signed(_) => Ok(Constant::Signed(i64::from(byte))),
        FieldKind::Text | FieldKind::Bytes | FieldKind::Protocol => Ok(Constant::Bytes(vec![byte])),
        _ => Err(target.wrong(span, &char::from(byte).to_string())),
    }
}

fn unquoted(word: &str, span: &Span, target: Target<'_>) -> Result<Constant, FilterError> {
    let wrong = || target.wrong(span, word);
    match target.kind {
        FieldKind::Unsigned(..) | FieldKind::Signed(_) | FieldKind::PacketNumber => whole(word, span, target),
        FieldKind::Boolean => match (word, number::whole(word)) {
            ("True" | "TRUE", _) => Ok(Constant::Unsigned(1)),
            ("False" | "FALSE", _) => Ok(Constant::Unsigned(0)),
            (_, Ok(number)) => Ok(Constant::Unsigned(u64::from(number != 0))),
            ("true" | "false", _) => {
                Err(wrong().hinting(format!("write {}", if word == "true" { "True" } else { "False" })))
            }
            _ => code(word, target).ok_or_else(wrong),
        },
        FieldKind::Mac => match bytes(word) {
            Some(bytes) if bytes.len() == 6 => Ok(Constant::Bytes(bytes)),
            Some(bytes) => {
                let error = wrong();
                let len = bytes.len();
                let name = target.name();
                Err(if len < 6 {
                    error.hinting(format!("for its first {len}: {name}[0:{len}] == {}", quoted(word)))
                } else {
                    error
                })
            }
            None => Err(wrong()),
        },
        FieldKind::Ipv4 => network(word, span, 32, |address| {
            address.parse::<Ipv4Addr>().ok().map(|address| address.octets().to_vec())
        })?
        .ok_or_else(|| {
            let error = wrong();
            if word.parse::<Ipv6Addr>().is_ok() {
                error.hinting("this is an IPv6 address; fields such as ipv6.src have those")
            } else if word.starts_with(|c: char| c.is_ascii_alphabetic()) {
                error.hinting("names are not looked up; write the address")
            } else {
                error
            }
        }),
        FieldKind::Ipv6 => network(word, span, 128, |address| {
            address.parse::<Ipv6Addr>().ok().map(|address| address.octets().to_vec())
        })?
        .ok_or_else(|| {
            let error = wrong();
            match word.parse::<Ipv4Addr>() {
                Ok(_) => error.hinting("this is an IPv4 address; fields such as ip.src have those"),
                Err(_) => error,
            }
        }),
        FieldKind::Bytes | FieldKind::Protocol => bytes(word).map(Constant::Bytes).ok_or_else(|| {
            let error = wrong();
            if word.starts_with("0x") {
                error.hinting("more than one byte is written with colons, as in a0:12")
            } else {
                error.hinting(format!("a string stands in double quotes: \"{}\"", quoted(word)))
            }
        }),
        FieldKind::Text => Ok(Constant::Bytes(word.as_bytes().to_vec())),
        FieldKind::Time(_) => time_text::parse(word).map(Constant::Nanos).ok_or_else(wrong),
        FieldKind::Span => time_text::seconds(word).map(Constant::Nanos).ok_or_else(wrong),
        FieldKind::Float => number::fraction(word).map(Constant::Float).ok_or_else(wrong),
        FieldKind::Mark => Err(wrong()),
    }
}

fn whole(word: &str, span: &Span, target: Target<'_>) -> Result<Constant, FilterError> {
    let largest = match target.kind {
        FieldKind::Unsigned(bits, _) => u64::MAX >> 64_u32.saturating_sub(u32::from(bits)),
        FieldKind::Signed(bits) => (u64::MAX >> 64_u32.saturating_sub(u32::from(bits))) >> 1,
        _ => u64::from(u32::MAX),
    };
    match number::whole(word) {
        Ok(number) if number <= largest => Ok(match (target.kind, i64::try_from(number)) {
            (FieldKind::Signed(_), Ok(number)) => Constant::Signed(number),
            _ => Constant::Unsigned(number),
        }),
        Ok(_) | Err(NoNumber::TooLarge) => Err(FilterError::new(
            span.clone(),
            format!("\"{}\" is too large: {} is at most {largest}", quoted(word), target.name()),
        )),
        Err(NoNumber::Malformed) => code(word, target).ok_or_else(|| {
            let error = target.wrong(span, word);
            let digits = |word: &str| word.bytes().all(|b| b.is_ascii_hexdigit());
            if word.len() > 1 && word.starts_with('0') && word.bytes().all(|b| b.is_ascii_digit()) {
                return error.hinting("a leading 0 makes a number octal, with digits from 0 to 7");
            }
            if let Some((low, high)) =
                word.split_once('-').filter(|(a, b)| number::whole(a).is_ok() && number::whole(b).is_ok())
            {
                return error.hinting(format!(
                    "a range is written in {{{low}..{high}}}, a difference with spaces: {low} - {high}"
                ));
            }
            if let Some(flag) = flag(word, target) {
                return error.hinting(format!("for one of the flags: {flag} == 1"));
            }
            if target.field.is_some_and(|field| field.name.ends_with("port"))
                && word.starts_with(|c: char| c.is_ascii_alphabetic())
            {
                return error.hinting("names of services are not looked up; write the number");
            }
            if digits(word) && word.starts_with(|c: char| c.is_ascii_alphabetic()) {
                return error.hinting(format!("a hexadecimal number begins with 0x: 0x{}", quoted(word)));
            }
            match target.field.map(|field| near_words(field, word)) {
                Some(near) if !near.is_empty() => {
                    let near: Vec<&str> = near.iter().map(String::as_str).collect();
                    error.hinting(format!("did you mean {}?", suggest::either(&near)))
                }
                _ => error,
            }
        }),
    }
}

/// The field of the TCP flag that `word` names.
fn flag(word: &str, target: Target<'_>) -> Option<&'static str> {
    let of_flags = target.field.is_some_and(|field| field.name == "tcp.flags");
    let flag = match word.to_ascii_lowercase().as_str() {
        "syn" => tcp::FLAGS_SYN,
        "ack" => tcp::FLAGS_ACK,
        "fin" => tcp::FLAGS_FIN,
        "rst" | "reset" => tcp::FLAGS_RESET,
        "psh" | "push" => tcp::FLAGS_PUSH,
        "urg" => tcp::FLAGS_URG,
        "ece" => tcp::FLAGS_ECE,
        "cwr" => tcp::FLAGS_CWR,
        _ => return None,
    };
    of_flags.then(|| flag.def().name)
}

/// The number that a field's word stands for, whatever the case of its letters.
fn code(word: &str, target: Target<'_>) -> Option<Constant> {
    let own = target.field.and_then(|field| field.words);
    if own.is_none() && target.kind == FieldKind::Boolean {
        return match word.to_ascii_lowercase().as_str() {
            "set" => Some(Constant::Unsigned(1)),
            "not set" => Some(Constant::Unsigned(0)),
            _ => None,
        };
    }
    let words = own?;
    let code =
        (0..=MAX_CODE).find(|&code| words(code).is_some_and(|known| known.eq_ignore_ascii_case(word)))?;
    match target.kind {
        FieldKind::Signed(_) => i64::try_from(code).ok().map(Constant::Signed),
        _ => Some(Constant::Unsigned(code)),
    }
}

/// Words for a field's codes that are like `word`, quoted.
fn near_words(field: &FieldDef, word: &str) -> Vec<String> {
    let Some(words) = field.words else { return Vec::new() };
    let mut known: Vec<&'static str> = (0..=MAX_CODE).filter_map(words).collect();
    known.dedup();
    let near = if word.len() > 80 { Vec::new() } else { suggest::nearest(word, known.into_iter()) };
    near.into_iter().map(|word| format!("\"{word}\"")).collect()
}

/// An address, or a network of so many bits; `None` where the address is none.
fn network(
    word: &str,
    span: &Span,
    most: u32,
    parse: fn(&str) -> Option<Vec<u8>>,
) -> Result<Option<Constant>, FilterError> {
    let (address, bits) = word.split_once('/').map_or((word, None), |(address, bits)| (address, Some(bits)));
    let Some(bytes) = parse(address) else { return Ok(None) };
    let Some(bits) = bits else { return Ok(Some(Constant::Bytes(bytes))) };
    match bits.parse::<u32>() {
        Ok(bits) if bits <= most => Ok(Some(Constant::Network(bytes, bits))),
        _ => Err(FilterError::new(
            span.clone(),
            format!("a network of {} bits: this kind of address has only {most}", quoted(bits)),
        )
        .expecting(format!("/0 to /{most} behind the address"))),
    }
}

/// Bytes: pairs of hexadecimal digits, `:`, `-` or `.` between them or nothing; a digit alone is a byte, too.
/// After `0x` one byte only, for the order of more would be a guess.
pub(super) fn bytes(word: &str) -> Option<Vec<u8>> {
    if let Some(digits) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        return (1..=2)
            .contains(&digits.len())
            .then(|| u8::from_str_radix(digits, 16).ok().map(|byte| vec![byte]))?;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let colons = word.contains(':');
    let mut out = Vec::new();
    let mut rest = word.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let mut byte = digit(first)?;
        rest = after;
        match rest.split_first().and_then(|(&second, after)| Some((digit(second)?, after))) {
            Some((second, after)) => (byte, rest) = (byte << 4 | second, after),
            // With colons Wireshark wants both digits.
            None if colons => return None,
            None => {}
        }
        out.push(byte);
        if let Some((b':' | b'-' | b'.', after)) = rest.split_first() {
            rest = after;
            if rest.is_empty() {
                return None;
            }
        }
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_every_spelling() {
        for text in ["aa:bb", "aa-bb", "aa.bb", "aabb", "AA:BB"] {
            assert_eq!(bytes(text), Some(vec![0xaa, 0xbb]), "{text}");
        }
        assert_eq!(bytes("40.6"), Some(vec![0x40, 6]));
        assert_eq!(bytes("406"), Some(vec![0x40, 6]));
        assert_eq!(bytes("0xff"), Some(vec![0xff]));
        for text in ["", "0xa012", "xyz", "aa:", "a:b", "::"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
