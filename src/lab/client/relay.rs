//! The relay's client: it asks, and shows what others have passed on to it whenever that comes.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::udp::Datagrams;
use super::{Next, Outcome, Session};
use crate::lab::relay::{EXIT, says};
use crate::lab::{Event, LabError};

pub(in crate::lab) fn run(session: Session<'_>) -> Result<Outcome, LabError> {
    let Session { options, messages, stop, on_event, .. } = session;
    let mut socket = Datagrams::open(options, stop, on_event)?;
    loop {
        let message = match socket.next_message(messages, on_event)? {
            Next::Say(message) => message,
            Next::End | Next::Closed => return Ok(Outcome::Done),
            Next::Stopped => return Ok(Outcome::Stopped),
        };
        let is_exit = says(&message, EXIT);
        socket.say(message, on_event)?;
        if is_exit {
            return Ok(Outcome::Done);
        }
        let end = Instant::now() + options.gives_up_after().unwrap_or(options.timeout);
        loop {
            match socket.hear(end.saturating_duration_since(Instant::now()))? {
                Some(bytes) => {
                    let is_reply = !is_passed_on(&bytes);
                    on_event(Event::Received { peer: options.server, bytes });
                    if is_reply {
                        break;
                    }
                }
                None if stop.load(Ordering::Relaxed) => return Ok(Outcome::Stopped),
                None => {
                    socket.without_reply(options, on_event)?;
                    break;
                }
            }
        }
    }
}

/// Whether this is somebody else's, `IP/PORT ; content : TEXT`, and no reply: codes and Python's addresses have no
/// semicolon.
fn is_passed_on(bytes: &[u8]) -> bool {
    let sender = bytes.split(|byte| *byte == b';').next().filter(|sender| sender.len() < bytes.len());
    sender.is_some_and(|sender| sender.contains(&b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_told_from_what_was_passed_on() {
        for text in ["200, UDP Packet Sent Successfully", "400", "('::1', 44784, 0, 0)", "a/b", ";", "x;/"] {
            assert!(!is_passed_on(text.as_bytes()), "{text}");
        }
        assert!(is_passed_on(b"127.0.0.1/44784 ; content : hello"));
        assert!(is_passed_on(b"::1/44784;content:200, UDP Packet Sent Successfully"));
    }
}
