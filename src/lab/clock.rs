//! The present and its names: dates as HTTP and mail write them, in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::time::calendar::{Date, MONTHS, SECONDS_PER_DAY};

/// Names of the days, from the first of the calendar's count, 1970-01-01.
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// A point in time, in seconds since 1970-01-01 00:00:00 UTC.
pub(super) type Seconds = i64;

/// The present.
pub(super) fn now() -> Seconds {
    of(SystemTime::now())
}

/// That time, rounded down; the time of files before 1970 is 0, which is true of none.
pub(super) fn of(time: SystemTime) -> Seconds {
    time.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or(0)
}

struct Parts {
    weekday: &'static str,
    date: Date,
    clock: String,
}

fn parts(time: Seconds) -> Parts {
    let (days, second) =
        (i128::from(time).div_euclid(SECONDS_PER_DAY), i128::from(time).rem_euclid(SECONDS_PER_DAY));
    let weekday = usize::try_from(days.rem_euclid(7)).ok().and_then(|day| DAYS.get(day)).unwrap_or(&"");
    let clock = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    Parts { weekday, date: Date::of_days(days), clock }
}

/// As HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
pub(super) fn http_date(time: Seconds) -> String {
    let Parts { weekday, date, clock } = parts(time);
    format!("{weekday}, {:02} {} {:04} {clock} GMT", date.day, date.month_name(), date.year)
}

/// As mail writes it: `Sun, 6 Nov 1994 08:49:37 +0000` (RFC 5322 §3.3).
pub(super) fn mail_date(time: Seconds) -> String {
    let Parts { weekday, date, clock } = parts(time);
    format!("{weekday}, {} {} {:04} {clock} +0000", date.day, date.month_name(), date.year)
}

/// As the `From ` line of an mbox file writes it: `Sun Nov  6 08:49:37 1994` (RFC 4155 appendix A).
pub(super) fn mbox_date(time: Seconds) -> String {
    let Parts { weekday, date, clock } = parts(time);
    format!("{weekday} {} {:2} {clock} {:04}", date.month_name(), date.day, date.year)
}

/// The time that HTTP writes in any of its three ways (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`,
/// `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
pub(super) fn read_http_date(text: &str) -> Option<Seconds> {
    let words: Vec<&str> = text.split([' ', '-', ',']).filter(|word| !word.is_empty()).collect();
    let (day, month, year, clock) = match *words.as_slice() {
        [_, day, month, year, clock, "GMT"] => (day, month, year, clock),
        [_, month, day, clock, year] => (day, month, year, clock),
        _ => return None,
    };
    let number = |text: &str| -> Option<i64> {
        (text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 4).then(|| text.parse().ok())?
    };
    let year = match number(year)? {
        // Two digits: the newest such year that is not more than 50 years ahead of when this was written.
        short @ 0..=76 if year.len() == 2 => 2000 + short,
        short if year.len() == 2 => 1900 + short,
        long if year.len() == 4 => long,
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| *name == month).and_then(|at| u8::try_from(at + 1).ok())?;
    let date = Date { year: year.into(), month, day: u8::try_from(number(day)?).ok()? };
    let mut clock = clock.split(':').map(number);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if clock.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = i64::try_from(date.days()?).ok()?;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 9110.
    const EXAMPLE: Seconds = 784_111_777;

    #[test]
    fn dates_are_written_as_each_format_has_them() {
        assert_eq!(http_date(EXAMPLE), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(mail_date(EXAMPLE), "Sun, 6 Nov 1994 08:49:37 +0000");
        assert_eq!(mbox_date(EXAMPLE), "Sun Nov  6 08:49:37 1994");
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
    }

    #[test]
    fn dates_are_read_in_all_three_ways() {
        for text in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(read_http_date(text), Some(EXAMPLE), "{text}");
        }
        for time in [0, EXAMPLE, 1_800_000_000, 4_000_000_000] {
            assert_eq!(read_http_date(&http_date(time)), Some(time));
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0",
            "yesterday",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 99999999999999 08:49:37 GMT",
            "Sun, 06 Nov -1 08:49:37 GMT",
            "Sun, 06 Nov 1994 +8:49:37 GMT",
        ] {
            assert_eq!(read_http_date(text), None, "{text}");
        }
    }
}
