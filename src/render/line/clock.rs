//! The time column of the packet list as tshark's `-t` chooses it. Times of day are UTC: the same file gives the same
//! list everywhere.

use std::fmt;

use crate::field::PacketContext;
use crate::render::format::{Utc, day_of_year};
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

/// Writes the times of a packet list, as exactly as the capture tells them.
#[derive(Clone, Copy, Debug)]
pub struct TimeColumn {
    style: TimeStyle,
    /// A time was seen that microseconds cannot tell: from there on nine digits, else six.
    nanoseconds: bool,
}

impl TimeColumn {
    /// A column of this style.
    #[must_use]
    pub const fn new(style: TimeStyle) -> Self {
        Self { style, nanoseconds: false }
    }

    /// What stands in the column for a packet of time `ts`.
    pub fn stamp(&mut self, ts: Option<Timestamp>, context: &PacketContext<'_>) -> Stamp {
        let Some(ts) = ts else { return Stamp { told: Told::Unknown, nanoseconds: false } };
        self.nanoseconds |= ts.parts().1 % 1_000 != 0;
        let since = |then: Option<Timestamp>| Told::Span(then.map_or(TimeDelta::default(), |then| ts - then));
        let told = match self.style {
            TimeStyle::Clock => Told::Clock(ts),
            TimeStyle::Date => Told::Date(ts),
            TimeStyle::DayOfYear => Told::DayOfYear(ts),
            TimeStyle::Delta => since(context.previous),
            TimeStyle::DeltaShown => since(context.displayed),
            TimeStyle::Epoch => Told::Span(ts - Timestamp::default()),
            TimeStyle::Relative => since(context.first),
        };
        Stamp { told, nanoseconds: self.nanoseconds }
    }
}

/// One packet's time, ready to be written.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    told: Told,
    nanoseconds: bool,
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
        let fraction = |f: &mut fmt::Formatter<'_>, nanos: u32| match self.nanoseconds {
            true => write!(f, ".{nanos:09}"),
            false => write!(f, ".{:06}", nanos / 1_000),
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
                let (year, day) = day_of_year(ts);
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

    /// What tshark 4.0.17 prints for the same packet.
    #[test]
    fn every_style_is_as_tshark_writes_it() {
        let ts = Timestamp::from_parts(1_795_226_332, 339_505_091);
        let first = Some(Timestamp::from_parts(1_795_226_332, 339_488_557));
        let context = PacketContext { first, previous: first, displayed: None, ..PacketContext::default() };
        for (style, text) in [
            (TimeStyle::Clock, "01:58:52.339505091"),
            (TimeStyle::Date, "2026-11-21 01:58:52.339505091"),
            (TimeStyle::DayOfYear, "2026/325 01:58:52.339505091"),
            (TimeStyle::Delta, "0.000016534"),
            (TimeStyle::DeltaShown, "0.000000000"),
            (TimeStyle::Epoch, "1795226332.339505091"),
            (TimeStyle::Relative, "0.000016534"),
        ] {
            assert_eq!(TimeColumn::new(style).stamp(Some(ts), &context).to_string(), text);
        }
    }

    #[test]
    fn digits_are_as_many_as_the_times_have() {
        let mut column = TimeColumn::new(TimeStyle::Epoch);
        let mut stamp = |nanos| {
            column.stamp(Some(Timestamp::from_parts(7, nanos)), &PacketContext::default()).to_string()
        };
        assert_eq!(stamp(5_000), "7.000005");
        assert_eq!(stamp(5_001), "7.000005001");
        assert_eq!(stamp(5_000), "7.000005000");
        assert_eq!(column.stamp(None, &PacketContext::default()).to_string(), "-");
    }
}
