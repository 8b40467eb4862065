//! A field's value, and its text as `tshark -T fields` writes it; control characters are the renderer's part.

use std::fmt::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Base, Clock, FieldKind};
use crate::time::calendar::{Date, SECONDS_PER_DAY};
use crate::time::{NANOS_PER_SECOND, TimeDelta, Timestamp};

/// A typed value, as a packet holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// A whole number, or a truth value as 0 or 1.
    Unsigned(u64),
    /// A whole number that may be negative.
    Signed(i64),
    /// A number with a fraction.
    Float(f64),
    /// An Ethernet address.
    Mac([u8; 6]),
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv6 address.
    Ipv6(Ipv6Addr),
    /// A point in time.
    Time(Timestamp),
    /// A span of time.
    Delta(TimeDelta),
    /// Bytes; of a protocol all that it has, header first.
    Bytes(&'a [u8]),
    /// Text.
    Text(&'a str),
    /// Nothing but that it is there.
    Mark,
}

impl Value<'_> {
    /// Writes the value as `tshark -T fields` writes a field of `kind`; text as it is, which may control a terminal.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, kind: FieldKind, out: &mut dyn Write) -> fmt::Result {
        match *self {
            Self::Unsigned(number) => match kind {
                FieldKind::Unsigned(bits, Base::Sixteen) => {
                    write!(out, "0x{number:0width$x}", width = usize::from(bits / 4))
                }
                _ => write!(out, "{number}"),
            },
            Self::Signed(number) => write!(out, "{number}"),
            Self::Float(number) => write!(out, "{number}"),
            Self::Mac(bytes) => write_bytes(&bytes, Some(':'), out),
            Self::Ipv4(addr) => write!(out, "{addr}"),
            Self::Ipv6(addr) => write_ipv6(addr, out),
            Self::Time(time) => match kind {
                FieldKind::Time(Clock::Date) => write_date(time.as_nanos(), out),
                _ => write_seconds(time.as_nanos(), out),
            },
            Self::Delta(delta) => write_seconds(delta.as_nanos(), out),
            // As Wireshark writes a field that is there and has no bytes.
            Self::Bytes([]) if kind == FieldKind::Bytes => out.write_str("<none>"),
            Self::Bytes(bytes) => write_bytes(bytes, None, out),
            Self::Text(text) => out.write_str(text),
            // As Wireshark writes it.
            Self::Mark => out.write_char('1'),
        }
    }
}

/// Seconds with nine decimals; before zero, a minus sign and the distance.
fn write_seconds(nanos: i128, out: &mut dyn Write) -> fmt::Result {
    let distance = nanos.unsigned_abs();
    let second = NANOS_PER_SECOND.unsigned_abs();
    let sign = if nanos < 0 { "-" } else { "" };
    write!(out, "{sign}{}.{:09}", distance / second, distance % second)
}

/// `Feb  7, 2012 17:04:21.351352000 UTC`.
fn write_date(nanos: i128, out: &mut dyn Write) -> fmt::Result {
    let (seconds, fraction) = (nanos.div_euclid(NANOS_PER_SECOND), nanos.rem_euclid(NANOS_PER_SECOND));
    let (days, second) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
    let date = Date::of_days(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    write!(out, "{} {:>2}, {} ", date.month_name(), date.day, date.year)?;
    write!(out, "{hour:02}:{minute:02}:{second:02}.{fraction:09} UTC")
}

/// RFC 5952, except that only what is IPv4-mapped or -compatible by its form is written with dots, as glibc does.
fn write_ipv6(addr: Ipv6Addr, out: &mut dyn Write) -> fmt::Result {
    match addr.segments() {
        // Rust writes `::a.b.c.d` as hexadecimal, glibc and Wireshark with dots.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            write!(out, "::{a}.{b}.{c}.{d}")
        }
        _ => write!(out, "{addr}"),
    }
}

fn write_bytes(bytes: &[u8], separator: Option<char>, out: &mut dyn Write) -> fmt::Result {
    for (n, byte) in bytes.iter().enumerate() {
        if let Some(separator) = separator.filter(|_| n > 0) {
            out.write_char(separator)?;
        }
        write!(out, "{byte:02x}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: Value<'_>, kind: FieldKind) -> String {
        let mut out = String::new();
        value.write(kind, &mut out).unwrap();
        out
    }

    #[test]
    fn values_are_written_as_tshark_writes_them() {
        assert_eq!(text(Value::Unsigned(16), FieldKind::Unsigned(16, Base::Sixteen)), "0x0010");
        assert_eq!(text(Value::Unsigned(16), FieldKind::Unsigned(8, Base::Ten)), "16");
        assert_eq!(text(Value::Mac([0, 1, 2, 0xab, 4, 5]), FieldKind::Mac), "00:01:02:ab:04:05");
        assert_eq!(
            text(
                Value::Time(Timestamp::from_parts(1_361_916_274, 458_646_000)),
                FieldKind::Time(Clock::Epoch)
            ),
            "1361916274.458646000"
        );
        assert_eq!(
            text(Value::Delta(TimeDelta::from_nanos(-1_500_000_000)), FieldKind::Span),
            "-1.500000000"
        );
        let date = |seconds| {
            text(Value::Time(Timestamp::from_parts(seconds, 351_352_000)), FieldKind::Time(Clock::Date))
        };
        assert_eq!(date(1_328_634_261), "Feb  7, 2012 17:04:21.351352000 UTC");
        assert_eq!(date(0), "Jan  1, 1970 00:00:00.351352000 UTC");
        assert_eq!(date(951_782_400), "Feb 29, 2000 00:00:00.351352000 UTC");
        assert_eq!(date(4_107_542_399), "Feb 28, 2100 23:59:59.351352000 UTC");
        assert_eq!(date(4_107_542_400), "Mar  1, 2100 00:00:00.351352000 UTC");
        assert_eq!(text(Value::Text("a\tb\r\n\x1bé"), FieldKind::Text), "a\tb\r\n\x1bé");
        assert_eq!(text(Value::Ipv6("::1".parse().unwrap()), FieldKind::Ipv6), "::1");
        assert_eq!(text(Value::Ipv6("::1.2.3.4".parse().unwrap()), FieldKind::Ipv6), "::1.2.3.4");
        assert_eq!(text(Value::Ipv6("::ffff:1.2.3.4".parse().unwrap()), FieldKind::Ipv6), "::ffff:1.2.3.4");
    }
}
