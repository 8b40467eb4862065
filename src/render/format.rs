//! The one home of how numbers, times, sizes and addresses are written. No locale, no time zone, no clock.

use std::fmt;

use crate::time::calendar::{Date, SECONDS_PER_DAY};
use crate::time::{NANOS_PER_SECOND, TimeDelta, Timestamp};

/// A span as a person says it: `250 ns`, `23 µs`, `1.2 ms`, `3.45 s`, `2 min 5 s`, `3 h 2 min`, `5 d 1 h`.
///
/// Below a minute three significant digits, rounded, without trailing zeros; above, two units.
#[derive(Clone, Copy, Debug)]
pub struct Elapsed(pub TimeDelta);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        if nanos < 0 {
            f.write_str("-")?;
        }
        let nanos = nanos.unsigned_abs();
        let (second, minute) = (NANOS_PER_SECOND.unsigned_abs(), 60);
        // Rounding can carry into the next unit, so the limits are where it does.
        match nanos {
            0..1_000 => write!(f, "{nanos} ns"),
            1_000..999_500 => write!(f, "{} µs", Significant { value: nanos, unit: 1_000 }),
            999_500..999_500_000 => write!(f, "{} ms", Significant { value: nanos, unit: 1_000_000 }),
            999_500_000..59_950_000_000 => write!(f, "{} s", Significant { value: nanos, unit: second }),
            _ => {
                // Rounded without a sum that could overflow.
                let seconds = nanos / second + u128::from(nanos % second >= second / 2);
                let (hour, day) = (60 * minute, 24 * 60 * minute);
                let (big, big_name, small, small_name) = match seconds {
                    0..3_600 => (seconds / minute, "min", seconds % minute, "s"),
                    3_600..86_400 => (seconds / hour, "h", seconds % hour / minute, "min"),
                    _ => (seconds / day, "d", seconds % day / hour, "h"),
                };
                write!(f, "{big} {big_name}")?;
                if small > 0 { write!(f, " {small} {small_name}") } else { Ok(()) }
            }
        }
    }
}

/// `value / unit` to three significant digits, rounded half up, without trailing zeros.
struct Significant {
    value: u128,
    unit: u128,
}

impl fmt::Display for Significant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Which power of ten leaves three digits; just below a limit, rounding carries to the next power.
        let hundredths = self.scaled(100);
        let tenths = self.scaled(10);
        if hundredths < 1_000 {
            write_fraction(f, hundredths, 100)
        } else if tenths < 1_000 {
            write_fraction(f, tenths, 10)
        } else {
            write_fraction(f, self.scaled(1), 1)
        }
    }
}

impl Significant {
    /// `value / unit * factor`, rounded.
    fn scaled(&self, factor: u128) -> u128 {
        (self.value.saturating_mul(factor) + self.unit / 2) / self.unit
    }
}

/// `scaled / factor`; `factor` is 1, 10 or 100.
fn write_fraction(f: &mut fmt::Formatter<'_>, scaled: u128, factor: u128) -> fmt::Result {
    let (whole, fraction) = (scaled / factor, scaled % factor);
    if fraction == 0 {
        write!(f, "{whole}")
    } else if fraction % 10 == 0 {
        write!(f, "{whole}.{}", fraction / 10)
    } else if factor == 100 {
        write!(f, "{whole}.{fraction:02}")
    } else {
        write!(f, "{whole}.{fraction}")
    }
}

/// A number of bytes: exact below 1000 (`999 B`), else three significant digits and a decimal unit (`1.4 kB`).
#[derive(Clone, Copy, Debug)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1_000 {
            return write!(f, "{} B", self.0);
        }
        let value = u128::from(self.0);
        let mut unit = 1_000_u128;
        for name in ["kB", "MB", "GB", "TB", "PB"] {
            // Up to where rounding would give 1000.
            if value < unit * 1_000 - unit / 2 {
                return write!(f, "{} {name}", Significant { value, unit });
            }
            unit *= 1_000;
        }
        write!(f, "{} EB", Significant { value, unit })
    }
}

/// A rate in bits per second: exact below 1000 (`999 bit/s`), else three significant digits and a decimal unit.
#[derive(Clone, Copy, Debug)]
pub struct Bits(pub u64);

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1_000 {
            return write!(f, "{} bit/s", self.0);
        }
        // The digits and the letter of the unit are those of bytes.
        let bytes = Bytes(self.0).to_string();
        write!(f, "{}bit/s", bytes.strip_suffix('B').unwrap_or(&bytes))
    }
}

/// A number of things: `1 packet`, `2 packets`.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    number: u64,
    one: &'static str,
    many: &'static str,
}

impl Count {
    /// `number` things, called `one` where it is one and `many` otherwise.
    #[must_use]
    pub const fn new(number: u64, one: &'static str, many: &'static str) -> Self {
        Self { number, one, many }
    }

    /// That many packets.
    #[must_use]
    pub const fn packets(number: u64) -> Self {
        Self::new(number, "packet", "packets")
    }

    /// That many bytes, exactly.
    #[must_use]
    pub const fn bytes(number: u64) -> Self {
        Self::new(number, "byte", "bytes")
    }

    /// That many flows.
    #[must_use]
    pub const fn flows(number: u64) -> Self {
        Self::new(number, "flow", "flows")
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, if self.number == 1 { self.one } else { self.many })
    }
}

/// A share to the nearest tenth of a percent: `12.5 %`. Of nothing it is none.
#[derive(Clone, Copy, Debug)]
pub struct Percent {
    /// So many.
    pub part: u64,
    /// Of so many.
    pub whole: u64,
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let half = self.whole / 2;
        let tenths = self.part.saturating_mul(1000).saturating_add(half).checked_div(self.whole).unwrap_or(0);
        write!(f, "{}.{} %", tenths / 10, tenths % 10)
    }
}

/// A time in UTC: `2026-11-21 00:47:54.123456`, microseconds rounded down.
///
/// Years are of the proleptic Gregorian calendar, with a minus before year 0, and as many digits as they need:
/// a savefile may claim any time.
#[derive(Clone, Copy, Debug)]
pub struct Utc(pub Timestamp);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = write_date_and_time(self.0, ' ', f)?;
        write!(f, ".{:06}", nanos / 1_000)
    }
}

/// A time in UTC as ISO 8601 writes it, with nine digits: `2026-11-21T00:47:54.123456789Z`.
#[derive(Clone, Copy, Debug)]
pub struct IsoNanos(pub Timestamp);

impl fmt::Display for IsoNanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = write_date_and_time(self.0, 'T', f)?;
        write!(f, ".{nanos:09}Z")
    }
}

/// Writes date and time of day with `between` between them, and gives the nanoseconds that are left.
fn write_date_and_time(
    time: Timestamp,
    between: char,
    f: &mut fmt::Formatter<'_>,
) -> Result<u32, fmt::Error> {
    let (seconds, nanos) = time.parts();
    let (days, second) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
    let Date { year, month, day } = Date::of_days(days);
    let sign = if year < 0 { "-" } else { "" };
    write!(f, "{sign}{:04}-{month:02}-{day:02}{between}", year.unsigned_abs())?;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    write!(f, "{hour:02}:{minute:02}:{second:02}")?;
    Ok(nanos)
}

/// Seconds with six digits, cut off, not rounded: `0.000023`, `-1.500000`.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub TimeDelta);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let sign = if nanos < 0 { "-" } else { "" };
        let (nanos, second) = (nanos.unsigned_abs(), NANOS_PER_SECOND.unsigned_abs());
        write!(f, "{sign}{}.{:06}", nanos / second, nanos % second / 1_000)
    }
}

/// Seconds since the epoch with nine digits, exact: `1700000000.123456789`.
#[derive(Clone, Copy, Debug)]
pub struct EpochNanos(pub Timestamp);

impl fmt::Display for EpochNanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let sign = if nanos < 0 { "-" } else { "" };
        let (nanos, second) = (nanos.unsigned_abs(), NANOS_PER_SECOND.unsigned_abs());
        write!(f, "{sign}{}.{:09}", nanos / second, nanos % second)
    }
}

/// A hardware address: `02:00:00:00:00:01`.
#[derive(Clone, Copy, Debug)]
pub struct Mac(pub [u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// Bytes as hexadecimal digits without anything between.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A block at a time: a call of the formatter for each byte is slow on whole payloads.
        self.0.chunks(32).try_for_each(|block| {
            let mut digits = [0; 64];
            for (pair, &byte) in digits.chunks_exact_mut(2).zip(block) {
                pair.copy_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 0xf)]);
            }
            let shown = digits.get(..block.len() * 2).unwrap_or_default();
            f.write_str(std::str::from_utf8(shown).unwrap_or_default())
        })
    }
}

/// The digit of `value`, 0 to 15.
pub(super) const fn hex_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + (value - 10) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn elapsed(nanos: i128) -> String {
        Elapsed(TimeDelta::from_nanos(nanos)).to_string()
    }

    fn utc(nanos: i128) -> String {
        Utc(Timestamp::from_nanos(nanos)).to_string()
    }

    #[test]
    fn rates_have_the_units_of_bits() {
        for (bits, text) in
            [(0, "0 bit/s"), (999, "999 bit/s"), (1_000, "1 kbit/s"), (12_345_678, "12.3 Mbit/s")]
        {
            assert_eq!(Bits(bits).to_string(), text);
        }
    }

    #[test]
    fn spans_read_as_people_say_them() {
        let cases = [
            (0, "0 ns"),
            (999, "999 ns"),
            (23_000, "23 µs"),
            (23_456, "23.5 µs"),
            (1_200_000, "1.2 ms"),
            (3_450_000_000, "3.45 s"),
            (10_040_000_000, "10 s"),
            (125_000_000_000, "2 min 5 s"),
            (3_600_000_000_000, "1 h"),
            (10_920_000_000_000, "3 h 2 min"),
            (435_600_000_000_000, "5 d 1 h"),
            (-1_200_000, "-1.2 ms"),
        ];
        for (nanos, text) in cases {
            assert_eq!(elapsed(nanos), text);
        }
    }

    #[test]
    fn rounding_carries_into_the_next_unit() {
        assert_eq!(elapsed(999_499), "999 µs");
        assert_eq!(elapsed(999_500), "1 ms");
        assert_eq!(elapsed(9_996_000), "10 ms");
        assert_eq!(elapsed(999_600_000), "1 s");
        assert_eq!(elapsed(59_949_999_999), "59.9 s");
        assert_eq!(elapsed(59_950_000_000), "1 min");
        assert_eq!(elapsed(3_599_600_000_000), "1 h");
    }

    #[test]
    fn sizes() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 kB"),
            (1_400, "1.4 kB"),
            (1_448, "1.45 kB"),
            (999_499, "999 kB"),
            (999_500, "1 MB"),
            (1_000_000_272, "1 GB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
    }

    #[test]
    fn counts_agree_with_their_noun() {
        assert_eq!(Count::packets(0).to_string(), "0 packets");
        assert_eq!(Count::packets(1).to_string(), "1 packet");
        assert_eq!(Count::new(2, "query", "queries").to_string(), "2 queries");
    }

    #[test]
    fn times_in_utc() {
        let second = NANOS_PER_SECOND;
        assert_eq!(utc(0), "1970-01-01 00:00:00.000000");
        assert_eq!(utc(-1), "1969-12-31 23:59:59.999999");
        assert_eq!(utc(1_795_222_074 * second + 123_456_789), "2026-11-21 00:47:54.123456");
        assert_eq!(utc(951_782_400 * second), "2000-02-29 00:00:00.000000");
        assert_eq!(utc(4_107_542_400 * second), "2100-03-01 00:00:00.000000");
        assert_eq!(utc(-62_135_596_800 * second - 1), "0000-12-31 23:59:59.999999");
        assert_eq!(utc(-62_167_219_201 * second), "-0001-12-31 23:59:59.000000");
    }

    #[test]
    fn times_as_iso_8601() {
        let time = IsoNanos(Timestamp::from_parts(1_795_222_074, 23_456_789));
        assert_eq!(time.to_string(), "2026-11-21T00:47:54.023456789Z");
    }

    #[test]
    fn the_furthest_times_are_written() {
        assert_eq!(utc(i128::MAX), "5391559471918239498981-03-22 13:41:55.884105");
        assert_eq!(utc(i128::MIN), "-5391559471918239495042-10-11 10:18:04.115894");
        assert_eq!(elapsed(i128::MAX), "1969226660422097589487121 d 13 h");
        assert_eq!(elapsed(i128::MIN), "-1969226660422097589487121 d 13 h");
        assert_eq!(EpochNanos(Timestamp::from_nanos(i128::MIN)).to_string().len(), 41);
    }

    #[test]
    fn exact_seconds() {
        let seconds = |nanos| Seconds(TimeDelta::from_nanos(nanos)).to_string();
        assert_eq!(seconds(23_999), "0.000023");
        assert_eq!(seconds(-1_500_000_000), "-1.500000");
        assert_eq!(EpochNanos(Timestamp::from_parts(1_700_000_000, 9)).to_string(), "1700000000.000000009");
        assert_eq!(EpochNanos(Timestamp::from_nanos(-1)).to_string(), "-0.000000001");
    }

    #[test]
    fn addresses_and_bytes() {
        assert_eq!(Mac([2, 0, 0, 0, 0xab, 1]).to_string(), "02:00:00:00:ab:01");
        assert_eq!(Hex(&[0, 0xff, 0x9a]).to_string(), "00ff9a");
        assert_eq!(Hex(&[0xb0; 33]).to_string(), "b0".repeat(33));
    }

    proptest! {
        #[test]
        fn no_span_or_time_panics(nanos in any::<i128>()) {
            prop_assert!(!utc(nanos).is_empty() && !elapsed(nanos).is_empty());
        }
    }
}
