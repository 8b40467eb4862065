//! The server: answers pings late, and one of ten not at all.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{ACKNOWLEDGED, CALIBRATED, DROPPED_ONE_OF, EXIT, MAX_DELAY, STOPPING, calibration, digits_in};
use crate::lab::{
    Action, Conversation, LabError, Logic, MAX_MESSAGE, Note, Service, Settings, without_line_end,
};

/// Longest number that comes back: of 64 bits. A longer one is acknowledged without it, and never changed.
const MAX_DIGITS: usize = 20;

/// The shortest that an answer takes, at pace 1.
const MIN_DELAY: Duration = Duration::from_micros(100);

/// Bytes of a ping that are looked at before a calibration says otherwise.
const BUFFER: usize = 1024;

/// What becomes of pings; one for the whole server.
#[derive(Debug)]
struct Fates {
    random: fastrand::Rng,
    pace: f64,
    pings: u64,
    buffer: usize,
}

#[derive(Clone, Debug)]
struct Pings(Arc<Mutex<Fates>>);

pub(super) fn logic(settings: &Settings) -> Result<Logic, LabError> {
    let fates = Fates {
        random: fastrand::Rng::with_seed(settings.seed),
        pace: settings.pace,
        pings: 0,
        buffer: BUFFER,
    };
    Ok(Logic::Messages(Box::new(Pings(Arc::new(Mutex::new(fates))))))
}

impl Service for Pings {
    fn open(&self, _peer: SocketAddr) -> Box<dyn Conversation> {
        Box::new(self.clone())
    }
}

impl Conversation for Pings {
    fn respond(&mut self, message: &[u8]) -> Vec<Action> {
        let mut fates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Requests are read whole: a buffer that was set too small can be set again.
        match std::str::from_utf8(without_line_end(message)) {
            Ok(EXIT) => {
                vec![Action::SaySurely(STOPPING.into()), Action::Stop]
            }
            Ok(text) => match calibration(text) {
                Some(size) => fates.calibrate(size),
                None => fates.ping(message),
            },
            Err(_) => fates.ping(message),
        }
    }
}

impl Fates {
    /// Sets the buffer to the size that is asked for. More than a datagram has is all of each.
    fn calibrate(&mut self, digits: &str) -> Vec<Action> {
        let size = digits.parse().unwrap_or(usize::MAX);
        self.buffer = size;
        let told = match size {
            1 => "buffer of 1 byte from now on".to_owned(),
            _ if size <= MAX_MESSAGE => format!("buffer of {size} bytes from now on"),
            _ => "buffer of more bytes than a datagram has: each is seen whole from now on".to_owned(),
        };
        vec![Action::SaySurely(CALIBRATED.into()), Action::Note(Note::Told(told))]
    }

    /// A ping, of which the server sees as much as its buffer takes.
    fn ping(&mut self, message: &[u8]) -> Vec<Action> {
        self.pings += 1;
        let number = self.pings;
        // Both for each ping: the fate of one does not hang on that of another.
        let (is_dropped, late) = (self.random.f64() * DROPPED_ONE_OF < 1.0, self.random.f64());
        if is_dropped {
            return vec![Action::Note(Note::Dropped { number })];
        }
        let by = (MIN_DELAY + (MAX_DELAY - MIN_DELAY).mul_f64(late)).mul_f64(self.pace);
        let seen = message.get(..self.buffer).unwrap_or(message);
        let borne =
            std::str::from_utf8(seen).ok().and_then(digits_in).filter(|digits| digits.len() <= MAX_DIGITS);
        let answer = borne.map_or_else(|| ACKNOWLEDGED.to_owned(), |borne| format!("{ACKNOWLEDGED} {borne}"));
        vec![Action::Note(Note::Delayed { number, by }), Action::SayLater(by, answer.into_bytes())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(seed: u64, pace: f64) -> Box<dyn Conversation> {
        let Logic::Messages(service) = logic(&Settings { seed, pace, ..Settings::default() }).unwrap() else {
            panic!("a server of messages")
        };
        service.open("127.0.0.1:9".parse().unwrap())
    }

    /// What a ping is answered with and how late, or `None` where it is dropped.
    fn answer(actions: &[Action], number: u64) -> Option<(Duration, String)> {
        match actions {
            [Action::Note(Note::Dropped { number: dropped })] => {
                assert_eq!(*dropped, number);
                None
            }
            [Action::Note(Note::Delayed { number: told, by }), Action::SayLater(late, text)] => {
                assert_eq!((*told, by), (number, late));
                Some((*by, String::from_utf8(text.clone()).unwrap()))
            }
            _ => panic!("{actions:?}"),
        }
    }

    #[test]
    fn calibration_and_exit_are_answered_at_once_and_never_dropped() {
        let mut server = server(1, 1.0);
        for _ in 0..1000 {
            let [Action::SaySurely(text), Action::Note(_)] = &server.respond(b"C2048")[..] else { panic!() };
            assert_eq!(text, CALIBRATED.as_bytes());
        }
        assert_eq!(server.respond(b"exit\r\n"), [Action::SaySurely(STOPPING.into()), Action::Stop]);
        assert!(answer(&server.respond(b"exit now"), 1).is_none_or(|(_, text)| text == ACKNOWLEDGED));
    }

    #[test]
    fn one_ping_in_ten_is_dropped_and_the_others_wait_up_to_half_a_second() {
        let mut server = server(5, 1.0);
        let mut late = Vec::new();
        for number in 1..=10_000 {
            late.extend(answer(&server.respond(b"Hello Server"), number).map(|(by, _)| by));
        }
        assert!((8_850..9_150).contains(&late.len()), "{}", late.len());
        assert!(late.iter().all(|by| (MIN_DELAY..=MAX_DELAY).contains(by)));
        assert!(
            late.iter().any(|by| *by < MIN_DELAY * 5) && late.iter().any(|by| *by > MAX_DELAY * 99 / 100)
        );
    }

    #[test]
    fn a_seed_decides_and_pace_scales() {
        let fates = |seed, pace| -> Vec<_> {
            let mut server = server(seed, pace);
            (1..=50).map(|number| answer(&server.respond(b"x"), number).map(|(by, _)| by)).collect()
        };
        assert_eq!(fates(3, 1.0), fates(3, 1.0));
        assert_ne!(fates(3, 1.0), fates(4, 1.0));
        let scaled: Vec<_> = fates(3, 1.0).iter().map(|by| by.map(|by| by.mul_f64(0.01))).collect();
        assert_eq!(fates(3, 0.01), scaled);
    }

    #[test]
    fn a_number_comes_back_and_what_the_buffer_does_not_take_is_not_seen() {
        let mut server = server(2, 1.0);
        let mut number = 0;
        let mut heard = |server: &mut Box<dyn Conversation>, message: &[u8]| loop {
            number += 1;
            if let Some((_, text)) = answer(&server.respond(message), number) {
                break text;
            }
        };
        assert_eq!(heard(&mut server, b"Hello Server 7"), "Packet Acknowledged 7");
        assert_eq!(heard(&mut server, b"Hello Server"), "Packet Acknowledged");
        assert_eq!(heard(&mut server, b"7 of 9"), "Packet Acknowledged");
        assert_eq!(heard(&mut server, b"\xff\xfe 7"), "Packet Acknowledged");
        // As it is written, or not at all.
        assert_eq!(heard(&mut server, b"Hello Server 007"), "Packet Acknowledged 007");
        let largest = format!("Hello Server {}", u64::MAX);
        assert_eq!(heard(&mut server, largest.as_bytes()), format!("Packet Acknowledged {}", u64::MAX));
        assert_eq!(heard(&mut server, b"Hello Server 999999999999999999999"), "Packet Acknowledged");
        let mut long = b"x".repeat(65_500);
        long.extend(b" 42");
        assert_eq!(heard(&mut server, &long), "Packet Acknowledged");
        server.respond(b"C65507");
        assert_eq!(heard(&mut server, &long), "Packet Acknowledged 42");
        server.respond(b"C0");
        assert_eq!(heard(&mut server, b"Hello Server 7"), "Packet Acknowledged");
        server.respond(b"C1024");
        assert_eq!(heard(&mut server, b"Hello Server 7"), "Packet Acknowledged 7");
    }

    #[test]
    fn a_calibration_is_one_however_large_and_no_size_is_told_that_was_not_asked_for() {
        let mut server = server(2, 1.0);
        let whole = "buffer of more bytes than a datagram has: each is seen whole from now on";
        for (size, told) in [
            ("0", "buffer of 0 bytes from now on"),
            ("1", "buffer of 1 byte from now on"),
            ("65507", "buffer of 65507 bytes from now on"),
            ("65536", whole),
            ("99999999999999999999", whole),
            (&"9".repeat(65_000), whole),
        ] {
            let actions = server.respond(format!("C{size}").as_bytes());
            let told = Action::Note(Note::Told(told.to_owned()));
            assert_eq!(actions, [Action::SaySurely(CALIBRATED.into()), told], "C{size:.30}");
        }
        // The buffer of the last one takes all of a ping.
        let mut long = b"x".repeat(65_500);
        long.extend(b" 42");
        let texts: Vec<_> = (1..20).filter_map(|number| answer(&server.respond(&long), number)).collect();
        assert!(
            !texts.is_empty() && texts.iter().all(|(_, text)| text == "Packet Acknowledged 42"),
            "{texts:?}"
        );
    }
}
