//! Dates: days since 1970-01-01 and what the Gregorian calendar calls them, without end in either direction.

/// Seconds in a day of UTC, in which a leap second has no number of its own.
pub const SECONDS_PER_DAY: i128 = 86_400;

/// The names of the months as dates in English have them, from January.
pub const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// The year; 0 is the one before the year 1.
    pub year: i128,
    /// The month, 1 to 12.
    pub month: u8,
    /// The day of the month, 1 to 31.
    pub day: u8,
}

impl Date {
    /// The day `days` after 1970-01-01, before it where negative; within some 10^35 days of it.
    ///
    /// The calendar repeats every 400 years (146,097 days). Years are counted from 1 March, so that the leap day is a
    /// year's last and the lengths of the months before it follow one formula: 153 days in five months.
    #[must_use]
    pub fn of_days(days: i128) -> Self {
        // Day 0 of the count from 0000-03-01.
        let since_march_0 = days.saturating_add(719_468);
        let (cycle, day_of_cycle) = (since_march_0.div_euclid(146_097), since_march_0.rem_euclid(146_097));
        // Take out the leap days that passed: one in 4 years but not in 100, though in 400.
        let leap_days = day_of_cycle / 1_460 - day_of_cycle / 36_524 + day_of_cycle / 146_096;
        let year_of_cycle = (day_of_cycle - leap_days) / 365;
        let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = cycle * 400 + year_of_cycle + i128::from(month <= 2);
        Self { year, month: u8::try_from(month).unwrap_or(1), day: u8::try_from(day).unwrap_or(1) }
    }

    /// Days from 1970-01-01 to this one; `None` where the month has no such day. For years of up to 30 digits.
    #[must_use]
    pub fn days(self) -> Option<i128> {
        let Self { year, month, day } = self;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let before = usize::from(month).checked_sub(1)?;
        if !(1..=*lengths.get(before)?).contains(&day) {
            return None;
        }
        let past = year - 1;
        let leap_days = past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400);
        let months: i128 = lengths.iter().take(before).map(|length| i128::from(*length)).sum();
        // 719,162 days lie before 1970.
        Some(past * 365 + leap_days + months + i128::from(day) - 1 - 719_162)
    }

    /// Which day of its year it is, 1 to 366.
    #[must_use]
    pub fn day_of_year(self) -> i128 {
        let new_year = Self { month: 1, day: 1, ..self };
        self.days().zip(new_year.days()).map_or(1, |(day, first)| day - first + 1)
    }

    /// The month's name.
    #[must_use]
    pub fn month_name(self) -> &'static str {
        MONTHS.get(usize::from(self.month.saturating_sub(1))).unwrap_or(&"")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn date(year: i128, month: u8, day: u8) -> Date {
        Date { year, month, day }
    }

    #[test]
    fn known_days() {
        for (days, day) in [
            (0, date(1970, 1, 1)),
            (-1, date(1969, 12, 31)),
            (11_016, date(2000, 2, 29)),
            (11_017, date(2000, 3, 1)),
            (20_778, date(2026, 11, 21)),
            (-719_528, date(0, 1, 1)),
            (-719_529, date(-1, 12, 31)),
        ] {
            assert_eq!((Date::of_days(days), day.days()), (day, Some(days)));
        }
        assert_eq!(date(2026, 11, 21).day_of_year(), 325);
        assert_eq!((date(2024, 12, 31).day_of_year(), date(2023, 12, 31).day_of_year()), (366, 365));
        assert_eq!(date(1999, 11, 12).month_name(), "Nov");
    }

    #[test]
    fn days_that_are_in_no_calendar_have_no_number() {
        for day in
            [date(2011, 2, 29), date(1900, 2, 29), date(2011, 0, 1), date(2011, 13, 1), date(2011, 4, 31)]
        {
            assert_eq!(day.days(), None, "{day:?}");
        }
        assert_eq!(date(2011, 4, 0).days(), None);
    }

    proptest! {
        #[test]
        fn a_date_and_its_number_are_one(days in -1_000_000_000_000_i128..1_000_000_000_000) {
            let day = Date::of_days(days);
            prop_assert_eq!(day.days(), Some(days));
            prop_assert!((1..=366).contains(&day.day_of_year()));
        }

        #[test]
        fn dates_follow_one_another(days in -1_000_000_i128..1_000_000) {
            let (today, tomorrow) = (Date::of_days(days), Date::of_days(days + 1));
            let follows = (tomorrow.year, tomorrow.month, tomorrow.day) > (today.year, today.month, today.day);
            prop_assert!(follows, "{:?} {:?}", today, tomorrow);
        }
    }
}
