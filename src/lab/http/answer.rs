//! A server's side of a connection: requests in, answers out.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{AGENT, Fields, MAX_HEAD, MAX_REQUEST_LINE, Request};
use crate::lab::{Ending, Over, Problem, Talk, clock};

/// Longest time for a request's head, from the answer before it or from its connection: a head that trickles in is not
/// waited for longer, however often a byte comes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most bytes read from a file at once.
const PIECE: usize = 65_536;

/// What a server sends back.
pub(in crate::lab) struct Answer {
    pub(in crate::lab) status: u16,
    /// Without Date, Content-Length and Connection, which are made when it is sent.
    pub(in crate::lab) fields: Fields,
    pub(in crate::lab) body: Body,
}

/// A body whose length is known.
pub(in crate::lab) enum Body {
    /// None at all, and no length: 304.
    None,
    Bytes(Arc<[u8]>),
    File(File, u64),
}

impl Body {
    fn length(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::File(_, length) => *length,
        }
    }
}

/// Where requests come in: the connection and what was received of the next request.
pub(in crate::lab) struct Door<'t, 'a> {
    pub(in crate::lab) talk: &'t mut Talk<'a>,
    unread: Vec<u8>,
    asked: bool,
}

/// What is wrong with a request before it could be read.
enum Unread {
    Status(u16),
    Over(Over),
}

impl<'t, 'a> Door<'t, 'a> {
    pub(in crate::lab) fn new(talk: &'t mut Talk<'a>) -> Self {
        Self { talk, unread: Vec::new(), asked: false }
    }

    /// The next request; a bad one is answered here, and ends the connection. `None` where no other is waited for.
    pub(in crate::lab) fn next(&mut self) -> Result<Option<Request>, Over> {
        let (status, over) = match self.head() {
            Ok(None) => return Ok(None),
            Ok(Some(head)) => match Request::read(&head) {
                Ok(request) => return Ok(Some(request)),
                Err(status) => (status, None),
            },
            Err(Unread::Status(status)) => (status, None),
            Err(Unread::Over(over)) => match over {
                Over::Failed(Problem::Unfinished { .. }) => (408, Some(over)),
                Over::Ended(Ending::ByPeer) if !self.unread.is_empty() => (400, Some(over)),
                other => return Err(other),
            },
        };
        self.give(page(status, "This request could not be read."), false, false)?;
        self.talk.farewell();
        over.map_or(Ok(None), Err)
    }

    /// Receives up to the empty line.
    fn head(&mut self) -> Result<Option<Vec<u8>>, Unread> {
        let patience = PATIENCE.min(self.talk.limits().idle);
        let end = Instant::now() + patience;
        let mut looked: usize = 0;
        loop {
            // An empty line before a request is a leftover of the one before (RFC 9112 §2.2).
            let empty = self.unread.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if empty > 0 {
                self.unread.drain(..empty);
                looked = 0;
            }
            let whole = head_length(&self.unread, looked.saturating_sub(3));
            looked = self.unread.len();
            if whole.unwrap_or(looked) > MAX_HEAD {
                let line = self.unread.iter().position(|byte| *byte == b'\n').unwrap_or(looked);
                return Err(Unread::Status(if line > MAX_REQUEST_LINE { 414 } else { 431 }));
            }
            if let Some(length) = whole {
                self.asked = true;
                return Ok(Some(self.unread.drain(..length).collect()));
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.talk.receive_within(left) {
                Ok(bytes) => self.unread.extend_from_slice(&bytes),
                // Who was answered and asks nothing more is not told off.
                Err(Over::Failed(Problem::Idle { .. })) if self.unread.is_empty() && self.asked => {
                    return Ok(None);
                }
                Err(Over::Failed(Problem::Idle { .. })) => {
                    return Err(Unread::Over(Problem::Unfinished { limit: patience }.into()));
                }
                Err(over) => return Err(Unread::Over(over)),
            }
        }
    }

    /// Sends the answer, without its body where only the head was asked for.
    pub(in crate::lab) fn give(
        &mut self,
        answer: Answer,
        head_only: bool,
        keep_alive: bool,
    ) -> Result<(), Over> {
        let length = answer.body.length();
        let mut fields = Fields::default();
        if !matches!(answer.body, Body::None) {
            fields.add("Content-Length", length.to_string());
        }
        self.begin(&answer, fields, keep_alive)?;
        if head_only {
            return Ok(());
        }
        match answer.body {
            Body::None => {}
            Body::Bytes(bytes) => self.talk.pour(&bytes)?,
            Body::File(file, length) => self.pour_file(file, length)?,
        }
        if length > 0 {
            self.talk.carried(length);
        }
        Ok(())
    }

    /// Sends an answer's head, with the fields that tell how its body is framed.
    pub(in crate::lab) fn begin(
        &mut self,
        answer: &Answer,
        framing: Fields,
        keep_alive: bool,
    ) -> Result<(), Over> {
        let Answer { status, fields, .. } = answer;
        let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(*status)).into_bytes();
        let mut own = Fields::default();
        if !fields.has("date") {
            own.add("Date", clock::http_date(clock::now()));
        }
        if !fields.has("server") {
            own.add("Server", AGENT);
        }
        own.write(&mut head);
        fields.write(&mut head);
        framing.write(&mut head);
        let stays = if keep_alive { "keep-alive" } else { "close" };
        head.extend_from_slice(format!("Connection: {stays}\r\n\r\n").as_bytes());
        self.talk.say(&head)
    }

    /// Exactly as many bytes as the head promised; a file that became shorter ends the connection, which tells it.
    fn pour_file(&mut self, file: File, length: u64) -> Result<(), Over> {
        let mut rest = file.take(length);
        let mut piece = vec![0; PIECE];
        let mut sent = 0;
        while sent < length {
            let failed = |error: io::Error| Over::from(Problem::io("reading the file failed")(error));
            let got = rest.read(&mut piece).map_err(failed)?;
            if got == 0 {
                return Err(failed(io::Error::other("it became shorter")));
            }
            self.talk.pour(piece.get(..got).unwrap_or_default())?;
            sent += u64::try_from(got).unwrap_or(u64::MAX);
        }
        Ok(())
    }
}

/// Where a head ends: after its empty line. Looks from `from` on.
fn head_length(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = bytes.get(at..)?;
        at += rest.iter().position(|byte| *byte == b'\n')? + 1;
        match bytes.get(at..)? {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
}

/// A page that says what the status means; `why` is text, not HTML.
pub(in crate::lab) fn page(status: u16, why: &str) -> Answer {
    let title = reason(status);
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{status} {title}</title></head>\n\
         <body>\n<h1>{status} {title}</h1>\n<p>{}</p>\n</body>\n</html>\n",
        escaped(why)
    );
    let mut fields = Fields::default();
    fields.add("Content-Type", "text/html; charset=utf-8");
    if status == 405 {
        // RFC 9110 §15.5.6: what would have been allowed.
        fields.add("Allow", "GET, HEAD");
    }
    Answer { status, fields, body: Body::Bytes(body.into_bytes().into()) }
}

/// Text as HTML shows it, whatever it contains.
pub(in crate::lab) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c if c.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(html, "{}", c.escape_default());
            }
            c => html.push(c),
        }
    }
    html
}

/// What a status code means (RFC 9110 §15); empty for those that nothing here makes.
pub(in crate::lab) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        206 => "Partial Content",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Content Too Large",
        414 => "URI Too Long",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        508 => "Loop Detected",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_with_its_empty_line() {
        for (bytes, length) in [
            (&b"GET / HTTP/1.1\r\n\r\nrest"[..], Some(18)),
            (b"a\n\nrest", Some(3)),
            (b"a\r\n\nrest", Some(4)),
            (b"a\r\nb\r\n", None),
            (b"a\r\n\r", None),
            (b"", None),
        ] {
            assert_eq!(head_length(bytes, 0), length, "{bytes:?}");
        }
    }

    #[test]
    fn a_page_shows_what_it_is_told_as_text() {
        let Body::Bytes(body) = page(404, "no <script>'\"&\u{1b}").body else { panic!("no page") };
        let text = str::from_utf8(&body).unwrap();
        assert!(text.contains("<p>no &lt;script&gt;&#39;&quot;&amp;\\u{1b}</p>"), "{text}");
    }
}
