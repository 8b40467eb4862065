//! `udp-ping` and `udp-throughput`: what UDP loses and delays, measured from outside.
//!
//! Our pings bear a number (`Hello Server 7`), and an acknowledgement repeats it (`Packet Acknowledged 7`), so that a late
//! one is not taken for the next ping's. Course programs write neither; both sides cope.

mod client;
mod run;
mod server;

pub use run::{Ping, PingFate, PingRun, PingSecond, PingTimes};

use std::time::Duration;

use super::{Lab, LabOption, Transport};

const PORT: u16 = 8080;
const MESSAGES: &[&str] = &["C1024", "Hello Server"];
const OPTIONS: &[LabOption] = &[LabOption::Seed, LabOption::Pace, LabOption::Count, LabOption::Interval];
const PLOTTED: &[LabOption] =
    &[LabOption::Seed, LabOption::Pace, LabOption::Count, LabOption::Interval, LabOption::Plot];

const ACKNOWLEDGED: &str = "Packet Acknowledged";
const CALIBRATED: &str = "Buffer Size Calibrated at Server.";
const STOPPING: &str = "Stopping the Server.";
const EXIT: &str = "exit";

/// The longest that the server takes to answer, at pace 1.
pub const MAX_DELAY: Duration = Duration::from_millis(500);

/// How many of the server's pings are not answered: one of so many.
const DROPPED_ONE_OF: f64 = 10.0;

/// Time between pings at the beginning, at pace 1, unless asked otherwise. Half a second: an answer can be late.
pub const DEFAULT_INTERVAL: Duration = MAX_DELAY;

pub(super) static PING: Lab = Lab {
    name: "udp-ping",
    title: "round trips and losses of numbered pings over UDP",
    transport: Transport::Udp,
    default_port: PORT,
    messages: MESSAGES,
    options: OPTIONS,
    logic: server::logic,
    client: client::at_a_steady_pace,
};

pub(super) static THROUGHPUT: Lab = Lab {
    name: "udp-throughput",
    title: "throughput and delay per second while pings come ever faster",
    transport: Transport::Udp,
    default_port: PORT,
    messages: MESSAGES,
    options: PLOTTED,
    logic: server::logic,
    client: client::ever_faster,
};

/// The digits of the size that a calibration sets: the number behind a `C`, however large, whatever follows it.
fn calibration(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('C')?.trim_start();
    let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next()?;
    (!digits.is_empty()).then_some(digits)
}

/// The digits of the one number in a text; `None` where there is none, or more than one.
fn digits_in(text: &str) -> Option<&str> {
    let mut numbers = text.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let number = numbers.next()?;
    numbers.next().is_none().then_some(number)
}

/// That number, where 64 bits hold it.
fn number_in(text: &str) -> Option<u64> {
    digits_in(text)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calibration_is_a_c_and_a_number() {
        for (text, size) in [
            ("C1024", Some("1024")),
            ("C 64", Some("64")),
            ("C7 ", Some("7")),
            ("C", None),
            ("Cat", None),
            ("C12x", Some("12")),
            ("C100 bytes", Some("100")),
            ("C5x7", Some("5")),
            ("C-5", None),
            (" C5", None),
            ("c12", None),
            ("Hello Server 12", None),
            ("C99999999999999999999999", Some("99999999999999999999999")),
        ] {
            assert_eq!(calibration(text), size, "{text:?}");
        }
        let endless = format!("C{}", "9".repeat(60_000));
        assert_eq!(calibration(&endless).map(str::len), Some(60_000));
    }

    #[test]
    fn a_ping_bears_a_number_where_there_is_only_one() {
        for (text, number) in
            [("Hello Server 7", Some(7)), ("Hello Server", None), ("7 of 9", None), ("ping#12!", Some(12))]
        {
            assert_eq!(number_in(text), number, "{text:?}");
        }
    }
}
