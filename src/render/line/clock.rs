//! The time column of the packet list as tshark's `-t` chooses it. Times of day are UTC: the same file gives the same
//! list everywhere.

use std::fmt;

use crate::field::PacketContext;
use crate::render::format::Utc;
use crate::time::calendar::{Date, SECONDS_PER_DAY};
use crate::time::{NANOS_PER_SECOND, TimeDelta, Timestamp};

/// What the time column tells; in brackets what `-t` calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeStyle {
    /// Time of day (`a`, `u`).
    Clock,
    /// Date and time of day (`ad`, `ud`).
    Date,
    /// Year, day of the year and time of day (`adoy`, `udoy`).
    DayOfYear,
    /// Since the packet before (`d`).
    Delta,
    /// Since the packet shown before (`dd`).
    DeltaShown,
    /// Seconds since 1970 (`e`).
    Epoch,
    /// Since the first packet (`r`).
    Relative,
}

impl TimeStyle {
    /// What stands in the time column for a packet of time `ts`: as exactly as its interface tells times.
    #[must_use]
    pub fn stamp(self, ts: Option<Timestamp>, context: &PacketContext<'_>) -> Stamp {
        let digits = context.interface.map_or(MICROSECONDS, |interface| interface.digits);
        let Some(ts) = ts else { return Stamp { told: Told::Unknown, digits } };
        let since = |then: Option<Timestamp>| Told::Span(then.map_or(TimeDelta::default(), |then| ts - then));
        let told = match self {
            Self::Clock => Told::Clock(ts),
            Self::Date => Told::Date(ts),
            Self::DayOfYear => Told::DayOfYear(ts),
            Self::Delta => since(context.previous),
            Self::DeltaShown => since(context.displayed),
            Self::Epoch => Told::Span(ts - Timestamp::default()),
            Self::Relative => since(context.first),
        };
        Stamp { told, digits }
    }
}

/// Digits of a second's fraction where nothing is known of the clock.
const MICROSECONDS: u8 = 6;

/// One packet's time, ready to be written.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    told: Told,
    digits: u8,
}

#[derive(Clone, Copy, Debug)]
enum Told {
    Unknown,
    Clock(Timestamp),
    Date(Timestamp),
    DayOfYear(Timestamp),
    Span(TimeDelta),
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = |f: &mut fmt::Formatter<'_>, nanos: u32| match usize::from(self.digits.min(9)) {
            0 => Ok(()),
            width => write!(f, ".{:0width$}", nanos / 10_u32.pow(9 - u32::from(self.digits.min(9)))),
        };
        // Date and time of day without their fraction.
        let second = |ts: Timestamp| {
            let text = Utc(ts).to_string();
            text.split_once('.').map_or(text.clone(), |(whole, _)| whole.to_owned())
        };
        match self.told {
            Told::Unknown => f.write_str("-"),
            Told::Span(span) => {
                let sign = if span.as_nanos() < 0 { "-" } else { "" };
                let (nanos, unit) = (span.as_nanos().unsigned_abs(), NANOS_PER_SECOND.unsigned_abs());
                write!(f, "{sign}{}", nanos / unit)?;
                fraction(f, u32::try_from(nanos % unit).unwrap_or(0))
            }
            Told::Date(ts) => {
                f.write_str(&second(ts))?;
                fraction(f, ts.parts().1)
            }
            Told::Clock(ts) => {
                f.write_str(second(ts).split_once(' ').map_or("", |(_, clock)| clock))?;
                fraction(f, ts.parts().1)
            }
            Told::DayOfYear(ts) => {
                let date = Date::of_days(ts.parts().0.div_euclid(SECONDS_PER_DAY));
                let (year, day) = (date.year, date.day_of_year());
                let sign = if year < 0 { "-" } else { "" };
                let whole = second(ts);
                let clock = whole.split_once(' ').map_or("", |(_, clock)| clock);
                write!(f, "{sign}{:04}/{day:03} {clock}", year.unsigned_abs())?;
                fraction(f, ts.parts().1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Interface, LinkType};

    /// What tshark 4.0.17 prints for the same packet.
    #[test]
    fn every_style_is_as_tshark_writes_it() {
        let ts = Timestamp::from_parts(1_795_226_332, 339_505_091);
        let first = Some(Timestamp::from_parts(1_795_226_332, 339_488_557));
        let interface = Interface { digits: 9, ..Interface::unnamed(LinkType::RAW, 0) };
        let context = PacketContext {
            first,
            previous: first,
            displayed: None,
            interface: Some(&interface),
            ..PacketContext::default()
        };
        for (style, text) in [
            (TimeStyle::Clock, "01:58:52.339505091"),
            (TimeStyle::Date, "2026-11-21 01:58:52.339505091"),
            (TimeStyle::DayOfYear, "2026/325 01:58:52.339505091"),
            (TimeStyle::Delta, "0.000016534"),
            (TimeStyle::DeltaShown, "0.000000000"),
            (TimeStyle::Epoch, "1795226332.339505091"),
            (TimeStyle::Relative, "0.000016534"),
        ] {
            assert_eq!(style.stamp(Some(ts), &context).to_string(), text);
        }
    }

    #[test]
    fn digits_are_as_many_as_the_clock_tells() {
        let stamp = |digits, ts| {
            let interface = Interface { digits, ..Interface::unnamed(LinkType::RAW, 0) };
            let context = PacketContext { interface: Some(&interface), ..PacketContext::default() };
            TimeStyle::Epoch.stamp(ts, &context).to_string()
        };
        let ts = Some(Timestamp::from_parts(7, 5_000_000));
        for (digits, text) in [(9, "7.005000000"), (6, "7.005000"), (3, "7.005"), (2, "7.00"), (0, "7")] {
            assert_eq!(stamp(digits, ts), text);
        }
        assert_eq!(stamp(9, None), "-");
        assert_eq!(TimeStyle::Epoch.stamp(ts, &PacketContext::default()).to_string(), "7.005000");
    }
}
