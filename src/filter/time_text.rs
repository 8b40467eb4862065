//! Times and spans as filters write them, in nanoseconds.

use crate::time::NANOS_PER_SECOND;
use crate::time::calendar::{Date, MONTHS, SECONDS_PER_DAY};

/// A point in time, counted from 1970: `2011-07-04`, `2011-07-04T12:34:56.5Z`, with a zone as `+02:00`, or
/// `Nov 12, 1999 08:55:44.123`. Without a zone UTC: what a filter means must not depend on the machine.
pub(super) fn parse(text: &str) -> Option<i128> {
    let text = text.trim();
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    let (days, rest) = date(text)?;
    if rest.is_empty() && !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Some(days * SECONDS_PER_DAY * NANOS_PER_SECOND);
    }
    let rest = rest.strip_prefix(['T', ' '])?.trim_start();
    let (clock, offset) = zone(rest)?;
    let mut parts = clock.trim_end().split(':');
    let hour = digits(parts.next()?, 23)?;
    let minute = digits(parts.next()?, 59)?;
    let seconds = match parts.next() {
        Some(text) => seconds(text).filter(|&nanos| (0..61 * NANOS_PER_SECOND).contains(&nanos))?,
        None => 0,
    };
    if parts.next().is_some() {
        return None;
    }
    let minutes = days * 1440 + i128::from(hour * 60 + minute) - i128::from(offset);
    Some(minutes * 60 * NANOS_PER_SECOND + seconds)
}

/// Seconds with up to nine decimals.
pub(super) fn seconds(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // Ten digits of seconds reach the year 2286; three more cannot overflow.
    if whole.is_empty() || whole.len() > 13 || fraction.len() > 9 || !is_digits(whole) || !is_digits(fraction)
    {
        return None;
    }
    let nanos: i128 = format!("{fraction:0<9}").parse().ok()?;
    Some(whole.parse::<i128>().ok()? * NANOS_PER_SECOND + nanos)
}

/// Days since 1970, and what follows the date.
fn date(text: &str) -> Option<(i128, &str)> {
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let name = text.get(..3)?;
        let month = (1..).zip(MONTHS).find(|(_, month)| month.eq_ignore_ascii_case(name))?.0;
        let (day, rest) = text.get(3..)?.trim_start().split_once(',')?;
        let rest = rest.trim_start();
        let (year, rest) = (digits(rest.get(..4)?, 9999)?, rest.get(4..)?);
        return Some((days(year, month, digits(day.trim(), 31)?)?, rest));
    }
    let (year, month, day) = (text.get(..4)?, text.get(5..7)?, text.get(8..10)?);
    if text.get(4..5)? != "-" || text.get(7..8)? != "-" {
        return None;
    }
    Some((days(digits(year, 9999)?, digits(month, 12)?, digits(day, 31)?)?, text.get(10..)?))
}

/// The time of day, and the minutes by which its zone is ahead of UTC.
fn zone(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, 0)) };
    let (clock, zone) = text.split_at_checked(at)?;
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let zone = zone.get(1..)?.replace(':', "");
    let hours = digits(zone.get(..2)?, 23)?;
    let minutes = match zone.get(2..)? {
        "" => 0,
        minutes if minutes.len() == 2 => digits(minutes, 59)?,
        _ => return None,
    };
    Some((clock, sign * (hours * 60 + minutes)))
}

/// Days from 1970-01-01 to a date; `None` where there is no such day.
fn days(year: i64, month: i64, day: i64) -> Option<i128> {
    let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    Date { year: i128::from(year), month, day }.days()
}

fn digits(text: &str, most: i64) -> Option<i64> {
    let all = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&number| all && number <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_every_spelling() {
        let second = NANOS_PER_SECOND;
        for text in [
            "2011-07-04 12:34:56",
            "2011-07-04T12:34:56Z",
            "2011-07-04 14:34:56+02:00",
            "2011-07-04T10:34:56-0200",
            "Jul 4, 2011 12:34:56",
            "Jul  4, 2011 12:34:56 UTC",
        ] {
            assert_eq!(parse(text), Some(1_309_782_896 * second), "{text}");
        }
        assert_eq!(parse("1970-01-01"), Some(0));
        assert_eq!(parse("1970-01-01T00:01"), Some(60 * second));
        assert_eq!(parse("1969-12-31 23:59:59.5"), Some(-second / 2));
        assert_eq!(parse("2000-02-29"), Some(951_782_400 * second));
        for text in [
            "",
            "2011",
            "2011-13-04",
            "2011-02-29",
            "2011-07-04 25:00:00",
            "Nov 12, 1999",
            "12:00",
            "2011-07-04 12:34:56 CET",
            "é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn spans_have_nine_decimals() {
        assert_eq!(seconds("1.5"), Some(1_500_000_000));
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds("0.000000001"), Some(1));
        for text in ["", ".5", "1.0000000001", "1e3", "-1", "10s"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
