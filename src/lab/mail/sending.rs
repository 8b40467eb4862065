//! Handing a mail over: a client's side of SMTP, for the client and for agents that pass mails on.

use std::time::{Duration, Instant};

use super::{Envelope, MAX_LINE};
use crate::lab::link::{Broken, Link};

/// Most lines of one reply.
const MAX_REPLY_LINES: usize = 100;

/// A line that went over the connection, without its end.
pub(super) enum Said<'a> {
    Ours(&'a [u8]),
    Theirs(&'a [u8]),
    /// What was told last of ours did not go out, or not whole.
    NotOurs,
    /// The mail itself, as many bytes.
    Mail(usize),
}

/// Why a mail was not handed over.
#[derive(Debug)]
pub(super) enum NotSent {
    Link(Broken),
    /// The other side said no: its code and its last line.
    Refused(u16, String),
}

impl From<Broken> for NotSent {
    fn from(broken: Broken) -> Self {
        Self::Link(broken)
    }
}

/// One exchange with an agent.
pub(super) struct Sending<'l, 's, 'f> {
    pub(super) link: &'l mut Link<'s>,
    pub(super) within: Duration,
    pub(super) told: &'f mut dyn FnMut(Said<'_>),
}

impl Sending<'_, '_, '_> {
    /// Greets, hands the mail over and says goodbye.
    pub(super) fn send(&mut self, hello: &str, envelope: &Envelope, mail: &[u8]) -> Result<(), NotSent> {
        let sent = self.transaction(hello, envelope, mail);
        if !matches!(sent, Err(NotSent::Link(_))) {
            // What the other side says to that changes nothing any more.
            let _ = self.ask("QUIT", 221);
            self.link.farewell();
        }
        sent
    }

    fn transaction(&mut self, hello: &str, envelope: &Envelope, mail: &[u8]) -> Result<(), NotSent> {
        self.hear(220)?;
        match self.ask(&format!("EHLO {hello}"), 250) {
            // Who does not know EHLO may know HELO (RFC 5321 §3.2).
            Err(NotSent::Refused(500..=504, _)) => self.ask(&format!("HELO {hello}"), 250)?,
            answered => answered?,
        }
        self.ask(&format!("MAIL FROM:<{}>", envelope.from), 250)?;
        for to in &envelope.to {
            self.ask(&format!("RCPT TO:<{to}>"), 250)?;
        }
        self.ask("DATA", 354)?;
        let text = stuffed(mail);
        self.tell_and_send(Said::Mail(text.len()), &text)?;
        self.hear(250)
    }

    fn ask(&mut self, command: &str, wanted: u16) -> Result<(), NotSent> {
        self.tell_and_send(Said::Ours(command.as_bytes()), format!("{command}\r\n").as_bytes())?;
        self.hear(wanted)
    }

    /// In this order: what the other side tells of it comes later.
    fn tell_and_send(&mut self, said: Said<'_>, bytes: &[u8]) -> Result<(), Broken> {
        (self.told)(said);
        let sent = self.link.send(bytes, Instant::now() + self.within);
        sent.inspect_err(|_| (self.told)(Said::NotOurs))
    }

    /// Receives a reply of one or more lines.
    fn hear(&mut self, wanted: u16) -> Result<(), NotSent> {
        let until = Instant::now() + self.within;
        for _ in 0..MAX_REPLY_LINES {
            let line = self.link.line(MAX_LINE, until)?;
            let line = line.trim_ascii_end();
            (self.told)(Said::Theirs(line));
            let code =
                line.get(..3).and_then(|code| str::from_utf8(code).ok()).and_then(|code| code.parse().ok());
            let (Some(code @ 200..=599), sign) = (code, line.get(3)) else {
                return Err(Broken::Malformed("it is no reply of SMTP").into());
            };
            match sign {
                Some(b'-') => {}
                Some(b' ') | None if code == wanted => return Ok(()),
                Some(b' ') | None => {
                    return Err(NotSent::Refused(
                        code,
                        String::from_utf8_lossy(line).escape_debug().to_string(),
                    ));
                }
                Some(_) => return Err(Broken::Malformed("it is no reply of SMTP").into()),
            }
        }
        Err(Broken::Malformed("its reply does not end").into())
    }
}

/// The mail with a dot before each line that begins with one, and the dot that ends it (RFC 5321 §4.5.2).
fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(mail.len() + 16);
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            text.push(b'.');
        }
        text.extend_from_slice(line);
    }
    if !text.is_empty() && !text.ends_with(b"\r\n") {
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b".\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_at_the_beginning_of_lines_are_doubled() {
        assert_eq!(stuffed(b"a\r\n.\r\n..b\r\nc.\r\n"), b"a\r\n..\r\n...b\r\nc.\r\n.\r\n");
        assert_eq!(stuffed(b"a"), b"a\r\n.\r\n");
        assert_eq!(stuffed(b""), b".\r\n");
    }
}
