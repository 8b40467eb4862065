//! `datetime`: the date or the time of day, a datagram there and one back.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::client::{self, Messages, Outcome, Session};
use super::{Action, Lab, LabError, LabOption, Stateless, TICK, Transport, say, without_line_end};
use crate::time::calendar::{Date, SECONDS_PER_DAY};

const SEND_DATE: &str = "SEND_DATE";
const SEND_TIME: &str = "SEND_TIME";
const ERROR: &str = "Error: ask SEND_DATE or SEND_TIME";

pub(super) static LAB: Lab = Lab {
    name: "datetime",
    title: "the date or the time of day (UTC), asked for at random over UDP",
    transport: Transport::Udp,
    default_port: 43_387,
    messages: &[SEND_DATE, SEND_TIME],
    options: &[LabOption::Count, LabOption::Seed, LabOption::Pace],
    logic: |_| Stateless::logic(|message| answer(message, now())),
    client: run,
};

/// Seconds since 1970 in UTC, the same in every place: no server of a lab says which zone it is in.
fn now() -> i128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i128::from(since.as_secs())
}

/// `DD/MM/YY` or `HH:MM:SS`, of that moment.
fn answer(message: &[u8], now: i128) -> Vec<Action> {
    let asked = without_line_end(message);
    if asked == SEND_DATE.as_bytes() {
        let Date { year, month, day } = Date::of_days(now.div_euclid(SECONDS_PER_DAY));
        say(format!("{day:02}/{month:02}/{:02}", year.rem_euclid(100)))
    } else if asked == SEND_TIME.as_bytes() {
        let second = now.rem_euclid(SECONDS_PER_DAY);
        say(format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60))
    } else {
        say(ERROR)
    }
}

/// Takes turns, with a pause between them.
fn run(session: Session<'_>) -> Result<Outcome, LabError> {
    let Session { lab, options, messages, stop, on_event } = session;
    let settings = &options.settings;
    let mut messages = Paused {
        messages,
        // Other numbers than those that choose the messages.
        random: fastrand::Rng::with_seed(!settings.seed),
        pace: settings.pace,
        stop,
        is_first: true,
    };
    client::take_turns(Session { lab, options, messages: &mut messages, stop, on_event })
}

/// Messages with 1 to 2 seconds between them.
struct Paused<'a> {
    messages: &'a mut dyn Messages,
    random: fastrand::Rng,
    pace: f64,
    stop: &'a AtomicBool,
    is_first: bool,
}

impl Iterator for Paused<'_> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        let message = self.messages.next()?;
        if !self.is_first {
            let end = Instant::now() + Duration::from_secs_f64((1.0 + self.random.f64()) * self.pace);
            while !self.stop.load(Ordering::Relaxed) {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                thread::sleep(left.min(TICK));
            }
        }
        self.is_first = false;
        (!self.stop.load(Ordering::Relaxed)).then_some(message)
    }
}

impl Messages for Paused<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_have_two_digits_each() {
        for (now, date, time) in [
            (0, "01/01/70", "00:00:00"),
            (951_782_399, "28/02/00", "23:59:59"),
            (951_782_400, "29/02/00", "00:00:00"),
            (1_763_720_003, "21/11/25", "10:13:23"),
            (4_102_444_800, "01/01/00", "00:00:00"),
        ] {
            assert_eq!(answer(b"SEND_DATE", now), say(date));
            assert_eq!(answer(b"SEND_TIME\r\n", now), say(time));
        }
    }

    #[test]
    fn anything_else_is_an_error_in_words() {
        for message in [&b""[..], b"SEND_DATESEND_TIME", b"send_date", b" SEND_DATE", b"\xff", b"01/01/70"] {
            assert_eq!(answer(message, 0), say(ERROR));
        }
    }
}
