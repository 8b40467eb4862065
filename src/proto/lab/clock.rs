//! `datetime`: the date, or the time of day.

use super::waiting::{self, Waiting};
use super::{Fault, Heard, Said, Says, Session};
use crate::flow::PacketStamp;

pub(super) const SEND_DATE: &str = "SEND_DATE";
pub(super) const SEND_TIME: &str = "SEND_TIME";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Date,
    Time,
    /// Something else, which gets an error.
    Other,
}

/// A talk with the server.
#[derive(Debug, Default)]
pub(super) struct Clock {
    waiting: Waiting<(PacketStamp, Asked)>,
}

/// Three numbers of two digits with `mark` between them.
fn three(text: &str, mark: char) -> Option<[u8; 3]> {
    let mut parts = text.split(mark);
    let mut next = || {
        let part =
            parts.next().filter(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))?;
        part.parse().ok()
    };
    let numbers = [next()?, next()?, next()?];
    parts.next().is_none().then_some(numbers)
}

/// Reads `DD/MM/YY`: the outer `None` is another form, the inner no such day.
fn date(text: &str) -> Option<Option<(u8, u8, u8)>> {
    let [day, month, year] = three(text, '/')?;
    // Years of two digits are those of this century: 2000 is a leap year.
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    Some((1..=days).contains(&day).then_some((year, month, day)))
}

/// Reads `HH:MM:SS`, likewise.
fn time(text: &str) -> Option<Option<u32>> {
    let [hour, minute, second] = three(text, ':')?;
    let is_real = hour < 24 && minute < 60 && second < 60;
    Some(is_real.then(|| u32::from(hour) * 3600 + u32::from(minute) * 60 + u32::from(second)))
}

impl Session for Clock {
    fn hear(&mut self, heard: Heard<'_>) -> Said {
        let text = heard.str().unwrap_or("");
        if heard.by_client {
            let (asked, says) = match text {
                SEND_DATE => (Asked::Date, Says::AskDate),
                SEND_TIME => (Asked::Time, Says::AskTime),
                _ => (Asked::Other, Says::Other),
            };
            self.waiting.push((heard.at, asked));
            let fault = (asked == Asked::Other).then_some(Fault::NoRequest);
            return Said::new(true, says).fault(fault);
        }
        let (says, fits, is_real) = match (date(text), time(text)) {
            (Some(day), _) => {
                let says = day.map(|(year, month, day)| Says::Date(year, month, day));
                (says, Asked::Date, day.is_some())
            }
            (_, Some(time)) => (time.map(Says::Time), Asked::Time, time.is_some()),
            (None, None) => (None, Asked::Other, true),
        };
        let asked =
            self.waiting.in_any_order((heard.text, heard.at), |(at, _)| *at, |(_, asked)| *asked == fits);
        let said = asked.told(Said::new(false, says.unwrap_or(Says::Other)), |(at, _)| *at);
        let said = said.or_again(self.waiting.copy_of());
        let waiting::Asked::Is((_, asked)) = asked else { return said };
        let fault = match asked {
            _ if !is_real && fits == Asked::Date => Some(Fault::NoDate),
            _ if !is_real => Some(Fault::NoTime),
            asked if asked == fits => None,
            Asked::Date if text == SEND_DATE => Some(Fault::Echo),
            Asked::Time if text == SEND_TIME => Some(Fault::Echo),
            Asked::Date => Some(Fault::Expected("a date, DD/MM/YY".into())),
            Asked::Time => Some(Fault::Expected("a time, HH:MM:SS".into())),
            Asked::Other => Some(Fault::Expected("an error".into())),
        };
        said.fault(fault)
    }

    fn held(&self) -> usize {
        self.waiting.held()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_have_two_digits_each_and_are_real() {
        assert_eq!(date("07/11/26"), Some(Some((26, 11, 7))));
        assert_eq!(date("29/02/24"), Some(Some((24, 2, 29))));
        for wrong in ["29/02/25", "31/04/25", "00/01/25", "01/13/25", "01/00/25"] {
            assert_eq!(date(wrong), Some(None), "{wrong}");
        }
        for other in ["7/11/26", "07/11/2026", "07/11", "07/11/26/", "07-11-26", "aa/bb/cc", ""] {
            assert_eq!(date(other), None, "{other}");
        }
        assert_eq!(time("23:59:59"), Some(Some(86_399)));
        assert_eq!(time("00:00:00"), Some(Some(0)));
        assert_eq!(time("24:00:00"), Some(None));
        assert_eq!(time("1:00:00"), None);
    }
}
