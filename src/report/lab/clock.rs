//! Does a date or time of day that a server tells fit the capture's clock? The server tells no time zone.

use crate::proto::lab::Says;
use crate::time::Timestamp;
use crate::time::calendar::{Date, SECONDS_PER_DAY};

/// How what a server tells compares with the time of the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fits {
    /// The date in UTC when it was sent.
    UtcDate,
    /// The day before or after, which it is in some time zone.
    NextDate,
    /// So many days from the date in UTC.
    NoDate(i128),
    /// The time in a zone so many minutes ahead of UTC, to within two seconds.
    Zone(i32),
    /// So many seconds ahead of the time in the nearest zone.
    NoZone(i32),
}

/// Zones differ from UTC by quarters of an hour. Those from +12:00 to +14:00 have the time of day of one in the west.
const QUARTER: i32 = 900;
const WEST: i32 = -12 * 3600;
const DAY: i32 = 86_400;

/// Seconds by which the clocks of two hosts, and the time on the way, may differ.
const TOLERANCE: i32 = 2;

/// Compares; `None` where the packet has no time, or tells neither.
#[must_use]
pub fn fits(says: &Says, at: Option<Timestamp>) -> Option<Fits> {
    let (seconds, _) = at?.parts();
    match *says {
        Says::Date(year, month, day) => {
            let told = Date { year: 2000 + i128::from(year), month, day }.days()?;
            Some(match told - seconds.div_euclid(SECONDS_PER_DAY) {
                0 => Fits::UtcDate,
                1 | -1 => Fits::NextDate,
                apart => Fits::NoDate(apart),
            })
        }
        Says::Time(told) => {
            let of_day = i32::try_from(seconds.rem_euclid(SECONDS_PER_DAY)).ok()?;
            let ahead = (i32::try_from(told).ok()? - of_day - WEST).rem_euclid(DAY) + WEST;
            let zone = (ahead + QUARTER / 2).div_euclid(QUARTER) * QUARTER;
            let rest = ahead - zone;
            Some(if rest.abs() <= TOLERANCE { Fits::Zone(zone / 60) } else { Fits::NoZone(rest) })
        }
        _ => None,
    }
}
