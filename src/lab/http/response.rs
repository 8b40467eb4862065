//! An answer's head, as a client or proxy reads it.

use std::time::Instant;

use super::fields::lines;
use super::{Fields, Framing, MAX_HEAD};
use crate::lab::link::{Broken, Link};

/// Most answers on the way (1xx) before the answer: servers send one or two.
const MAX_INTERIM: usize = 8;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct Response {
    pub(in crate::lab) status: u16,
    /// The head as it came, with its line ends.
    pub(in crate::lab) head: Vec<u8>,
    pub(in crate::lab) fields: Fields,
}

impl Response {
    /// Receives the answer's head; answers on the way are skipped.
    pub(in crate::lab) fn receive(link: &mut Link<'_>, until: Instant) -> Result<Self, Broken> {
        for _ in 0..=MAX_INTERIM {
            let mut head = Vec::new();
            loop {
                let line = link.line(MAX_HEAD - head.len().min(MAX_HEAD), until)?;
                let is_end = matches!(line.as_slice(), b"\r\n" | b"\n");
                head.extend_from_slice(&line);
                if is_end {
                    break;
                }
            }
            let response = Self::read(head)?;
            if response.status >= 200 {
                return Ok(response);
            }
        }
        Err(Broken::Malformed("it has too many answers on the way (1xx)"))
    }

    fn read(head: Vec<u8>) -> Result<Self, Broken> {
        let mut lines = lines(&head);
        let status = status(lines.next().unwrap_or_default())
            .ok_or(Broken::Malformed("it does not begin with an HTTP/1 status line"))?;
        let fields =
            Fields::read(lines).map_err(|_| Broken::Malformed("its header fields cannot be read"))?;
        Ok(Self { status, head, fields })
    }

    /// How the body's end is told (RFC 9112 §6.3).
    pub(in crate::lab) fn framing(&self, asked_head: bool) -> Result<Framing, Broken> {
        if asked_head || matches!(self.status, 204 | 304) {
            return Ok(Framing::Length(0));
        }
        let codings = self.fields.list("transfer-encoding");
        match codings.last().map(String::as_str) {
            None => {}
            Some("chunked") if codings.len() == 1 => return Ok(Framing::Chunked),
            Some(_) => return Err(Broken::Malformed("its transfer coding is not known here")),
        }
        match self.fields.length() {
            Ok(Some(length)) => Ok(Framing::Length(length)),
            Ok(None) => Ok(Framing::UntilClosed),
            Err(()) => Err(Broken::Malformed("it has no one length")),
        }
    }
}

/// The status code of `HTTP/1.1 200 OK`.
fn status(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let [b'0'..=b'9', b' ', code @ ..] = rest else { return None };
    let code = code.split(|byte| *byte == b' ').next()?;
    let code: u16 = str::from_utf8(code).ok()?.parse().ok()?;
    (100..=599).contains(&code).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Option<Response> {
        Response::read(head.as_bytes().to_vec()).ok()
    }

    #[test]
    fn a_status_line_is_read_with_and_without_its_reason() {
        for line in ["HTTP/1.1 404 Not Found", "HTTP/1.0 404", "HTTP/1.1 404 "] {
            assert_eq!(read(&format!("{line}\r\nA: b\r\n\r\n")).map(|head| head.status), Some(404), "{line}");
        }
        for line in
            ["", "HTTP/2 200", "HTTP/1.1  200", "HTTP/1.1 20", "HTTP/1.1 600", "hello", "HTTP/1.1 2x0"]
        {
            assert_eq!(read(&format!("{line}\r\n\r\n")), None, "{line}");
        }
    }

    #[test]
    fn the_body_ends_as_the_head_says() {
        let framing = |head: &str, asked_head| read(head).unwrap().framing(asked_head).ok();
        let ok = "HTTP/1.1 200 OK\r\n";
        assert_eq!(framing(&format!("{ok}\r\n"), false), Some(Framing::UntilClosed));
        assert_eq!(framing(&format!("{ok}Content-Length: 5\r\n\r\n"), false), Some(Framing::Length(5)));
        assert_eq!(framing(&format!("{ok}Content-Length: 5\r\n\r\n"), true), Some(Framing::Length(0)));
        let chunked = format!("{ok}Transfer-Encoding: Chunked\r\nContent-Length: 5\r\n\r\n");
        assert_eq!(framing(&chunked, false), Some(Framing::Chunked));
        assert_eq!(framing(&format!("{ok}Transfer-Encoding: gzip, chunked\r\n\r\n"), false), None);
        assert_eq!(framing(&format!("{ok}Content-Length: 5, 6\r\n\r\n"), false), None);
        assert_eq!(framing("HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n", false), Some(Framing::Length(0)));
    }
}
