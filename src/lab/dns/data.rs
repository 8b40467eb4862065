//! Record data: from the text of master files to the bytes of messages, and back.

use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Name;
use super::master::{read_ttl, shown};
use super::name::unescape;
use super::record::Kind;
use crate::time::calendar::Date;

/// Longest data of a record, in bytes: its length has 16 bits.
const MAX_DATA: usize = 65_535;

/// Longest character string, in bytes (RFC 1035 section 3.3).
const MAX_STRING: usize = 255;

/// A word of a master file, or what stands between quotation marks; escapes as they are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) text: &'a str,
    pub(super) is_quoted: bool,
}

/// Reads the data of a record of this type.
pub(super) fn parse(kind: Kind, fields: &[Field<'_>], origin: &Name) -> Result<Vec<u8>, String> {
    let mut fields = Fields { rest: fields, origin, data: Vec::new(), kind };
    if fields.rest.first().is_some_and(|field| field.text == "\\#" && !field.is_quoted) {
        fields.generic()?;
    } else {
        fields.known()?;
    }
    if let Some(more) = fields.rest.first() {
        return Err(format!("`{}` is more than a {kind} record holds", shown(more.text)));
    }
    if fields.data.len() > MAX_DATA {
        return Err(format!("the record's data is longer than {MAX_DATA} bytes"));
    }
    Ok(fields.data)
}

struct Fields<'a> {
    rest: &'a [Field<'a>],
    origin: &'a Name,
    data: Vec<u8>,
    kind: Kind,
}

impl<'a> Fields<'a> {
    fn next(&mut self, what: &str) -> Result<Field<'a>, String> {
        let (first, rest) =
            self.rest.split_first().ok_or_else(|| format!("{} record: {what} is missing", self.kind))?;
        self.rest = rest;
        Ok(*first)
    }

    fn name(&mut self, what: &str) -> Result<(), String> {
        let field = self.next(what)?;
        // As a relative name it would be one that nobody means; who does can write a digit as \DDD.
        if field.text.trim_end_matches('.').parse::<IpAddr>().is_ok() {
            let address = shown(field.text);
            return Err(format!(
                "`{address}` is an address, and the {} record is to have a name there",
                self.kind
            ));
        }
        let name = Name::parse(field.text, self.origin)
            .map_err(|wrong| format!("{what} `{}`: {wrong}", shown(field.text)))?;
        self.data.extend_from_slice(name.wire());
        Ok(())
    }

    fn number<T: std::str::FromStr>(&mut self, what: &str) -> Result<T, String> {
        let field = self.next(what)?;
        field.text.parse().map_err(|_| {
            let largest = (1_u64 << (size_of::<T>() * 8).min(63)) - 1;
            format!("{what} `{}` is no number from 0 to {largest}", shown(field.text))
        })
    }

    fn byte(&mut self, what: &str) -> Result<(), String> {
        let number: u8 = self.number(what)?;
        self.data.push(number);
        Ok(())
    }

    fn word(&mut self, what: &str) -> Result<(), String> {
        let number: u16 = self.number(what)?;
        self.data.extend(number.to_be_bytes());
        Ok(())
    }

    fn bytes(&mut self, what: &str) -> Result<Vec<u8>, String> {
        let field = self.next(what)?;
        let mut bytes = Vec::new();
        let mut rest = field.text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'\\' => unescape(&mut rest).ok_or_else(|| {
                    format!("{what}: a backslash needs a character or three digits behind it")
                })?,
                _ => byte,
            });
        }
        Ok(bytes)
    }

    fn string(&mut self, what: &str) -> Result<(), String> {
        let bytes = self.bytes(what)?;
        let length = u8::try_from(bytes.len()).map_err(|_| {
            format!(
                "{what} has {} bytes, {MAX_STRING} are the most: write several, each in quotation marks",
                bytes.len()
            )
        })?;
        self.data.push(length);
        self.data.extend(bytes);
        Ok(())
    }

    /// All that is left, as one number to the base of 16.
    fn hex(&mut self, what: &str) -> Result<(), String> {
        let digits: String = self.rest.iter().map(|field| field.text).collect();
        self.rest = &[];
        let pairs = digits.as_bytes().chunks(2);
        for pair in pairs {
            let byte = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2);
            let byte = byte.filter(|pair| pair.bytes().all(|c| c.is_ascii_hexdigit()));
            let byte = byte.and_then(|pair| u8::from_str_radix(pair, 16).ok());
            self.data.push(
                byte.ok_or_else(|| format!("{what} `{}` is no even number of hex digits", shown(&digits)))?,
            );
        }
        Ok(())
    }

    /// Data of any type (RFC 3597 section 5).
    fn generic(&mut self) -> Result<(), String> {
        self.next("\\#")?;
        let length: u16 = self.number("the length")?;
        self.hex("the data")?;
        if self.data.len() != usize::from(length) {
            return Err(format!("the data has {} bytes, not {length} as it says", self.data.len()));
        }
        Ok(())
    }

    fn known(&mut self) -> Result<(), String> {
        match self.kind {
            Kind::A => {
                let field = self.next("the address")?;
                let address: Ipv4Addr =
                    field.text.parse().map_err(|_| no_address(field.text, "IPv4", Kind::AAAA))?;
                self.data.extend(address.octets());
                Ok(())
            }
            Kind::AAAA => {
                let field = self.next("the address")?;
                let address: Ipv6Addr =
                    field.text.parse().map_err(|_| no_address(field.text, "IPv6", Kind::A))?;
                self.data.extend(address.octets());
                Ok(())
            }
            Kind::NS | Kind::CNAME | Kind::PTR | Kind::DNAME => self.name("the name"),
            Kind::MX => {
                self.word("the preference")?;
                self.name("the host")
            }
            Kind::SRV => {
                self.word("the priority")?;
                self.word("the weight")?;
                self.word("the port")?;
                self.name("the host")
            }
            Kind::SOA => {
                self.name("the primary server")?;
                self.name("the mailbox")?;
                let serial: u32 = self.number("the serial number")?;
                self.data.extend(serial.to_be_bytes());
                for what in ["refresh", "retry", "expire", "minimum"] {
                    let field = self.next(what)?;
                    self.data.extend(read_ttl(field.text)?.to_be_bytes());
                }
                Ok(())
            }
            Kind::TXT | Kind::SPF => {
                self.string("the text")?;
                while !self.rest.is_empty() {
                    self.string("the text")?;
                }
                Ok(())
            }
            Kind::HINFO => {
                self.string("the processor")?;
                self.string("the system")
            }
            Kind::CAA => {
                self.byte("the flags")?;
                self.string("the tag")?;
                let value = self.bytes("the value")?;
                self.data.extend(value);
                Ok(())
            }
            Kind::DS | Kind::CDS => {
                self.word("the key tag")?;
                self.byte("the algorithm")?;
                self.byte("the digest's type")?;
                self.hex("the digest")
            }
            Kind::TLSA => {
                self.byte("the usage")?;
                self.byte("the selector")?;
                self.byte("the matching type")?;
                self.hex("the data")
            }
            Kind::SSHFP => {
                self.byte("the algorithm")?;
                self.byte("the fingerprint's type")?;
                self.hex("the fingerprint")
            }
            kind @ (Kind::OPT | Kind::ANY | Kind::AXFR | Kind::IXFR) => {
                Err(format!("{kind} belongs into messages, not into zones"))
            }
            kind => Err(format!("the data of {kind} is written as \\# LENGTH HEX here (RFC 3597)")),
        }
    }
}

/// Why a text is no address of the version wanted, where `other` is the type for those of the other.
fn no_address(text: &str, version: &str, other: Kind) -> String {
    let hint = match text.parse::<IpAddr>() {
        Ok(_) => format!(": its type is {other}"),
        Err(_) if version == "IPv4" && text.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit()) => {
            ": that has four numbers from 0 to 255".to_owned()
        }
        Err(_) => String::new(),
    };
    format!("`{}` is no {version} address{hint}", shown(text))
}

/// Writes record data as a master file has it: as RFC 3597 has it for any type, where the type's own form is not known
/// here or does not fit.
pub(super) struct Written<'a>(pub(super) Kind, pub(super) &'a [u8]);

impl fmt::Display for Written<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        match known(self.0, self.1, &mut text) {
            Some(()) => out.write_str(&text),
            None => {
                write!(out, "\\# {} ", self.1.len())?;
                hex(self.1, out)
            }
        }
    }
}

fn hex(bytes: &[u8], out: &mut impl Write) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(out, "{byte:02X}"))
}

fn known(kind: Kind, data: &[u8], out: &mut String) -> Option<()> {
    // Writing to a String cannot fail.
    let mut rest = data;
    match kind {
        Kind::A => write!(out, "{}", Ipv4Addr::from(*data.first_chunk::<4>()?)).ok()?,
        Kind::AAAA => write!(out, "{}", Ipv6Addr::from(*data.first_chunk::<16>()?)).ok()?,
        Kind::NS | Kind::CNAME | Kind::PTR | Kind::DNAME => name(&mut rest, out)?,
        Kind::MX => {
            words(&mut rest, 1, out)?;
            name(&mut rest, out)?;
        }
        Kind::SRV => {
            words(&mut rest, 3, out)?;
            name(&mut rest, out)?;
        }
        Kind::SOA => {
            name(&mut rest, out)?;
            out.push(' ');
            name(&mut rest, out)?;
            while let Some((number, behind)) = rest.split_first_chunk() {
                write!(out, " {}", u32::from_be_bytes(*number)).ok()?;
                rest = behind;
            }
        }
        Kind::TXT | Kind::SPF | Kind::HINFO => {
            while !rest.is_empty() {
                string(&mut rest, out)?;
            }
        }
        Kind::CAA => {
            write!(out, "{} ", number(&mut rest)?).ok()?;
            let length = usize::from(number(&mut rest)?);
            let (tag, value) = rest.split_at_checked(length)?;
            out.push_str(std::str::from_utf8(tag).ok()?);
            out.push(' ');
            quoted(value, out);
        }
        Kind::DS | Kind::CDS => {
            words(&mut rest, 1, out)?;
            write!(out, "{} {} ", number(&mut rest)?, number(&mut rest)?).ok()?;
            hex(rest, out).ok()?;
        }
        Kind::DNSKEY => {
            words(&mut rest, 1, out)?;
            write!(out, "{} {} ", number(&mut rest)?, number(&mut rest)?).ok()?;
            out.push_str(&base64(rest));
        }
        Kind::RRSIG => signature(rest, out)?,
        Kind::NSEC3PARAM | Kind::NSEC3 => nsec3(kind, rest, out)?,
        _ => return None,
    }
    Some(())
}

fn number(rest: &mut &[u8]) -> Option<u8> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    Some(*first)
}

fn words(rest: &mut &[u8], count: usize, out: &mut String) -> Option<()> {
    for _ in 0..count {
        let (word, behind) = rest.split_first_chunk()?;
        write!(out, "{} ", u16::from_be_bytes(*word)).ok()?;
        *rest = behind;
    }
    Some(())
}

fn name(rest: &mut &[u8], out: &mut String) -> Option<()> {
    let (name, length) = Name::read(rest)?;
    *rest = rest.get(length..)?;
    write!(out, "{name}").ok()
}

fn string(rest: &mut &[u8], out: &mut String) -> Option<()> {
    let length = usize::from(number(rest)?);
    let (text, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    if !out.is_empty() {
        out.push(' ');
    }
    quoted(text, out);
    Some(())
}

fn quoted(text: &[u8], out: &mut String) {
    out.push('"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            0x20..=0x7e => out.push(char::from(byte)),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\{byte:03}");
            }
        }
    }
    out.push('"');
}

fn signature(data: &[u8], out: &mut String) -> Option<()> {
    let (fixed, rest) = data.split_first_chunk::<18>()?;
    let [t0, t1, algorithm, labels, l0, l1, l2, l3, e0, e1, e2, e3, i0, i1, i2, i3, k0, k1] = *fixed;
    let kind = Kind(u16::from_be_bytes([t0, t1]));
    let ttl = u32::from_be_bytes([l0, l1, l2, l3]);
    let (end, begin) = (u32::from_be_bytes([e0, e1, e2, e3]), u32::from_be_bytes([i0, i1, i2, i3]));
    let (end, begin) = (moment(end), moment(begin));
    write!(out, "{kind} {algorithm} {labels} {ttl} {end} {begin} {} ", u16::from_be_bytes([k0, k1])).ok()?;
    let mut rest = rest;
    name(&mut rest, out)?;
    out.push(' ');
    out.push_str(&base64(rest));
    Some(())
}

/// Seconds since 1970 as a date and a time (RFC 4034 section 3.2): not every name server reads the number.
fn moment(seconds: u32) -> String {
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let Date { year, month, day } = Date::of_days(days.into());
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
}

fn nsec3(kind: Kind, data: &[u8], out: &mut String) -> Option<()> {
    let (&[algorithm, flags, i0, i1, salt_length], rest) = data.split_first_chunk()?;
    let (salt, rest) = rest.split_at_checked(usize::from(salt_length))?;
    write!(out, "{algorithm} {flags} {} ", u16::from_be_bytes([i0, i1])).ok()?;
    if salt.is_empty() {
        out.push('-')
    } else {
        hex(salt, out).ok()?
    }
    if kind == Kind::NSEC3PARAM {
        return Some(());
    }
    let (&length, rest) = rest.split_first()?;
    let (next, mut rest) = rest.split_at_checked(usize::from(length))?;
    write!(out, " {}", base32(next)).ok()?;
    while let Some((&[window, length], behind)) = rest.split_first_chunk() {
        let (bits, behind) = behind.split_at_checked(usize::from(length))?;
        rest = behind;
        for (place, byte) in bits.iter().enumerate() {
            for bit in (0..8_u16).filter(|bit| byte & (0x80 >> bit) != 0) {
                let low = u16::try_from(place).ok()? * 8 + bit;
                write!(out, " {}", Kind(u16::from(window) << 8 | low)).ok()?;
            }
        }
    }
    Some(())
}

/// To the base of 32, with the digits of NSEC3 (RFC 4648 section 7, in lower case), which keep the order of the bytes.
pub(super) fn base32(bytes: &[u8]) -> String {
    digits(bytes, 5, b"0123456789abcdefghijklmnopqrstuv")
}

fn base64(bytes: &[u8]) -> String {
    let mut text = digits(bytes, 6, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

fn digits(bytes: &[u8], bits: u32, digits: &[u8]) -> String {
    let mut text = String::new();
    let (mut held, mut count) = (0_u32, 0);
    let mut push = |value: u32| {
        let digit = usize::try_from(value).ok().and_then(|at| digits.get(at));
        text.extend(digit.map(|digit| char::from(*digit)));
    };
    for &byte in bytes {
        held = (held << 8 | u32::from(byte)) & 0xffff;
        count += 8;
        while count >= bits {
            count -= bits;
            push(held >> count & ((1 << bits) - 1));
        }
    }
    if count > 0 {
        push(held << (bits - count) & ((1 << bits) - 1));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<Field<'_>> {
        text.split(' ')
            .map(|word| match word.strip_prefix('"') {
                Some(word) => Field { text: word.trim_end_matches('"'), is_quoted: true },
                None => Field { text: word, is_quoted: false },
            })
            .collect()
    }

    #[test]
    fn data_is_written_as_it_was_read() {
        let origin = Name::parse("edu.", &Name::root()).unwrap();
        for (kind, text) in [
            (Kind::A, "192.0.2.1"),
            (Kind::AAAA, "2001:db8::1"),
            (Kind::NS, "ns1.nyu.net."),
            (Kind::MX, "10 mx.nyu.edu."),
            (Kind::SRV, "0 5 5060 sip.nyu.edu."),
            (Kind::SOA, "ns.edu. host.edu. 1 1800 900 604800 86400"),
            (Kind::TXT, r#""v=spf1" "-all" "\"\\\200""#),
            (Kind::CAA, r#"128 issue "ca.example""#),
            (Kind::DS, "12345 13 2 ABCDEF01"),
            (Kind(65_280), r"\# 3 0A0B0C"),
        ] {
            let data = parse(kind, &fields(text), &origin).unwrap();
            assert_eq!(Written(kind, &data).to_string(), text, "{kind}");
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let origin = Name::root();
        for (kind, text, said) in [
            (Kind::A, "192.0.2", "`192.0.2` is no IPv4 address: that has four numbers from 0 to 255"),
            (
                Kind::SOA,
                "a. b. 4294967296",
                "the serial number `4294967296` is no number from 0 to 4294967295",
            ),
            (Kind::CAA, "256 a b", "the flags `256` is no number from 0 to 255"),
            (Kind::A, "192.0.2.1 x", "`x` is more than a A record holds"),
            (Kind::MX, "10", "MX record: the host is missing"),
            (Kind::MX, "70000 a.", "the preference `70000` is no number from 0 to 65535"),
            (Kind::DS, "1 13 2 ABC", "the digest `ABC` is no even number of hex digits"),
            (Kind(65_280), r"\# 4 0a", "the data has 1 bytes, not 4 as it says"),
            (Kind::HTTPS, "1 .", "the data of HTTPS is written as \\# LENGTH HEX here (RFC 3597)"),
        ] {
            assert_eq!(parse(kind, &fields(text), &origin).unwrap_err(), said, "{kind} {text}");
        }
    }

    #[test]
    fn bases_are_those_of_rfc_4648() {
        assert_eq!(base64(b"foob"), "Zm9vYg==");
        assert_eq!(base64(b"foobar"), "Zm9vYmFy");
        assert_eq!(base32(b"fooba"), "cpnmuoj1");
        assert_eq!(base32(b"foo"), "cpnmu");
    }
}
