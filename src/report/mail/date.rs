//! A date as mails have it (RFC 5322 section 3.3).

use mail_parser::DateTime;

use crate::time::Timestamp;
use crate::time::calendar::{Date, SECONDS_PER_DAY};

/// The days of the week as dates have them, from Thursday, which 1970 began with.
const DAYS: [&[u8]; 7] = [b"thu", b"fri", b"sat", b"sun", b"mon", b"tue", b"wed"];

/// No clock is further from UTC than 14 hours.
const MAX_OFFSET: i64 = 14 * 3600;

/// A point in time, with what the text says beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailDate {
    /// When, in seconds since 1970 in UTC.
    pub seconds: i64,
    /// Seconds that the sender's clock was ahead of UTC.
    pub offset: i64,
    /// The day of the week that stands there is not that of the date.
    pub wrong_weekday: bool,
}

impl MailDate {
    /// Reads a date; `None` where it is none, or a day that no calendar has.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let line = [text.trim_ascii(), b"\n"].concat();
        let date = DateTime::parse_rfc822(&String::from_utf8_lossy(&line))?;
        let of_calendar = Date { year: date.year.into(), month: date.month, day: date.day };
        let day = of_calendar.days()?;
        // `mail-parser` takes some words for months that are none.
        let month = of_calendar.month_name().to_ascii_lowercase();
        memchr::memmem::find(&text.to_ascii_lowercase(), month.as_bytes())?;
        // RFC 5322 allows the 60th second, which is no other time than the next.
        let is_time = date.hour < 24 && date.minute < 60 && date.second <= 60 && date.tz_minute < 60;
        if !is_time || !(1900..=3000).contains(&date.year) {
            return None;
        }
        let named = i64::from(date.tz_hour) * 3600 + i64::from(date.tz_minute) * 60;
        let offset = zone(text).unwrap_or(if date.tz_before_gmt { -named } else { named });
        let of_day = i64::from(date.hour) * 3600 + i64::from(date.minute) * 60 + i64::from(date.second);
        let seconds = i64::try_from(day * SECONDS_PER_DAY).ok()? + of_day - offset;
        Some(Self { seconds, offset, wrong_weekday: says_other_weekday(text, day) })
    }

    /// Whether the clock that wrote it claims a time zone that does not exist.
    #[must_use]
    pub const fn has_impossible_zone(self) -> bool {
        self.offset.abs() > MAX_OFFSET
    }

    /// As a point in time.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_parts(self.seconds, 0)
    }
}

/// Seconds that `+0200` is ahead of UTC, as it stands there: `mail-parser` takes hours for those of a day.
fn zone(text: &[u8]) -> Option<i64> {
    let mut words = text.split(|byte| matches!(byte, b' ' | b'\t' | b'('));
    words.find_map(|word| {
        let (sign, digits) = word.split_first_chunk::<1>()?;
        let ahead = matches!(sign, b"+");
        let digits = digits.get(..4).filter(|_| ahead || sign == b"-")?;
        let digit =
            |place: usize| digits.get(place).filter(|digit| digit.is_ascii_digit()).map(|digit| digit - b'0');
        let hours = i64::from(digit(0)?) * 10 + i64::from(digit(1)?);
        let minutes = i64::from(digit(2)?) * 10 + i64::from(digit(3)?);
        let seconds = hours * 3600 + minutes * 60;
        Some(if ahead { seconds } else { -seconds })
    })
}

/// Whether `text` begins with the name of a day that day number `day` after 1970-01-01 is not.
fn says_other_weekday(text: &[u8], day: i128) -> bool {
    let said = text.trim_ascii().get(..3).map(<[u8]>::to_ascii_lowercase);
    let Some(said) = said.and_then(|said| DAYS.iter().position(|day| **day == *said)) else { return false };
    i128::try_from(said).is_ok_and(|said| day.rem_euclid(7) != said)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_read_with_their_zone() {
        let date = MailDate::read(b"Thu, 1 Jan 1970 02:00:01 +0200 (EET)").unwrap();
        assert_eq!((date.seconds, date.offset, date.wrong_weekday), (1, 7200, false));
        let date = MailDate::read(b"Mon, 14 Nov 2005 19:11:03 -0800").unwrap();
        assert_eq!((date.seconds, date.wrong_weekday), (1_132_024_263, false));
        assert!(MailDate::read(b"Tue, 14 Nov 2005 19:11:03 -0800").unwrap().wrong_weekday);
        assert!(MailDate::read(b"1 Jan 2005 00:00:00 +9900").unwrap().has_impossible_zone());
        assert_eq!(MailDate::read(b"1 Jan 70 00:00:00 GMT").map(|date| date.seconds), Some(0));
    }

    #[test]
    fn what_no_calendar_has_is_no_date() {
        for wrong in [
            "",
            "yesterday",
            "31 Feb 2005 10:00:00 +0000",
            "14 Foo 2005 10:00:00 +0000",
            "1 Jan 2005 25:00:00 +0000",
            "(((((",
            "1 Jan",
        ] {
            assert_eq!(MailDate::read(wrong.as_bytes()), None, "{wrong}");
        }
    }

    /// Between the years 1899 and 3002, whatever the zone.
    fn is_of_some_calendar(date: MailDate) -> bool {
        (-2_240_600_000..32_535_700_000).contains(&date.seconds)
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(text in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(MailDate::read(&text).is_none_or(is_of_some_calendar));
        }

        #[test]
        fn anything_like_a_date_is_read(text in "([A-Z][a-z]{2},? ?|[0-9]{1,6}[ :]?|[+-][0-9]{1,5}|\\(|\\)|GMT){0,12}") {
            prop_assert!(MailDate::read(text.as_bytes()).is_none_or(is_of_some_calendar));
        }
    }
}
