//! The proxy's side towards an origin: one connection a request, every wait bounded.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cache::{Entry, MAX_BODY};
use super::target::Target;
use super::{mark, stopped};
use crate::lab::http::{Answer, Arriving, Body, Door, Fields, Framing, Request, Response};
use crate::lab::link::{Broken, Link};
use crate::lab::{Note, Over, Problem};

/// Longest wait for the connection.
const CONNECT: Duration = Duration::from_secs(3);

/// Longest silence of an origin.
const SILENCE: Duration = Duration::from_secs(10);

/// Longest time for one answer: an origin that trickles holds nobody for ever.
const SLOWEST: Duration = Duration::from_secs(600);

/// A page's server.
pub(super) struct Origin<'a> {
    pub(super) target: &'a Target,
    pub(super) addresses: &'a [SocketAddr],
    /// What this proxy calls itself.
    pub(super) via: &'a str,
}

/// What came back.
pub(super) enum Came {
    /// Nothing that can be passed on: a status and why.
    Failed(u16, String),
    /// The kept answer is still good; the fields that came with that.
    NotModified(Fields),
    /// A whole answer; no body where none may follow.
    Whole { status: u16, fields: Fields, body: Option<Arc<[u8]>> },
    /// A long answer, which went to the client as it came.
    PassedOn { stays: bool },
}

impl Origin<'_> {
    /// Asks for the page. Where an answer is kept whose time is over, the origin is asked whether it has changed.
    pub(super) fn ask(
        &self,
        door: &mut Door<'_, '_>,
        request: &Request,
        stale: Option<&Entry>,
        keep_alive: bool,
    ) -> Result<Came, Over> {
        let silence = SILENCE.min(door.talk.limits().idle);
        let last = Instant::now() + SLOWEST;
        let mut link = match self.connect(door, silence) {
            Ok(link) => link,
            Err(broken) => return self.failed(&broken),
        };
        let question = self.question(request, stale);
        if let Err(broken) = link.send(&question, Instant::now() + silence) {
            return self.failed(&broken);
        }
        door.talk.note(Note::Fetched { target: self.target.shown(), origin: link.peer() });
        let response = match Response::receive(&mut link, last.min(Instant::now() + silence)) {
            Ok(response) => response,
            Err(broken) => return self.failed(&broken),
        };
        let framing = match response.framing(request.is_head()) {
            Ok(framing) => framing,
            Err(broken) => return self.failed(&broken),
        };
        let status = response.status;
        if status == 304 && stale.is_some() {
            return Ok(Came::NotModified(end_to_end(&response.fields).without(is_length)));
        }
        if request.is_head() {
            return Ok(Came::Whole { status, fields: end_to_end(&response.fields), body: None });
        }
        let fields = end_to_end(&response.fields).without(is_length);
        if matches!(status, 204 | 304) {
            return Ok(Came::Whole { status, fields, body: None });
        }
        let mut arriving = Arriving::new(framing);
        let mut body = Vec::new();
        loop {
            match arriving.next(&mut link, last.min(Instant::now() + silence)) {
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => return Ok(Came::Whole { status, fields, body: Some(body.into()) }),
                Err(broken) => return self.failed(&broken),
            }
            if body.len() > MAX_BODY {
                break;
            }
        }
        let rest = Rest { link, arriving, framing, silence, last };
        rest.pass_on(door, request, Answer { status, fields, body: Body::None }, body, self.via, keep_alive)
    }

    fn connect<'s>(&self, door: &Door<'_, 's>, silence: Duration) -> Result<Link<'s>, Broken> {
        let mut last = Broken::Refused;
        for address in self.addresses {
            match Link::open(*address, None, CONNECT.min(silence), door.talk.policy(), door.talk.stop_flag())
            {
                Ok(link) => return Ok(link),
                Err(Broken::Stopped) => return Err(Broken::Stopped),
                Err(broken) => last = broken,
            }
        }
        Err(last)
    }

    /// The request as it goes to the origin: as a whole page is wanted, to be kept, what the client has itself is left out.
    fn question(&self, request: &Request, stale: Option<&Entry>) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\n",
            request.method,
            self.target.path,
            self.target.authority()
        )
        .into_bytes();
        let drop = [
            "host",
            "content-length",
            "expect",
            "range",
            "if-range",
            "if-match",
            "if-unmodified-since",
            "if-modified-since",
            "if-none-match",
        ];
        let mut fields = end_to_end(&request.fields)
            .without(|name| drop.iter().any(|other| name.eq_ignore_ascii_case(other)));
        if let Some(stale) = stale {
            for (question, validator) in [("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")] {
                if let Some(value) = stale.fields.get(validator) {
                    fields.add(question, value);
                }
            }
        }
        fields.add("Via", format!("1.1 {}", self.via));
        fields.add("Connection", "close");
        fields.write(&mut head);
        head.extend_from_slice(b"\r\n");
        head
    }

    fn failed(&self, broken: &Broken) -> Result<Came, Over> {
        let status = match broken {
            Broken::Stopped => return Err(stopped()),
            Broken::Silent | Broken::NoConnection => 504,
            Broken::NotLocal(_) => 403,
            _ => 502,
        };
        Ok(Came::Failed(status, format!("Asking {} failed: {broken}.", self.target.shown())))
    }
}

/// What is still to come of a long answer.
struct Rest<'s> {
    link: Link<'s>,
    arriving: Arriving,
    framing: Framing,
    silence: Duration,
    last: Instant,
}

impl Rest<'_> {
    /// Passes a long answer on as it comes, framed anew: by its length where that is known, in chunks where not, by the end of
    /// the connection for who knows no chunks.
    fn pass_on(
        mut self,
        door: &mut Door<'_, '_>,
        request: &Request,
        mut answer: Answer,
        beginning: Vec<u8>,
        via: &str,
        keep_alive: bool,
    ) -> Result<Came, Over> {
        mark(&mut answer.fields, "MISS", via);
        let mut framing = Fields::default();
        let (chunked, stays) = match self.framing {
            Framing::Length(length) => {
                framing.add("Content-Length", length.to_string());
                (false, keep_alive)
            }
            _ if request.is_1_1 => {
                framing.add("Transfer-Encoding", "chunked");
                (true, keep_alive)
            }
            _ => (false, false),
        };
        door.begin(&answer, framing, stays)?;
        let (mut piece, mut length) = (beginning, 0_u64);
        loop {
            length += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            if chunked {
                door.talk.pour(format!("{:x}\r\n", piece.len()).as_bytes())?;
                piece.extend_from_slice(b"\r\n");
            }
            door.talk.pour(&piece)?;
            match self.arriving.next(&mut self.link, self.last.min(Instant::now() + self.silence)) {
                Ok(Some(next)) => piece = next,
                Ok(None) => break,
                Err(Broken::Stopped) => return Err(stopped()),
                // The head is out: only a connection that ends too early tells the client.
                Err(broken) => {
                    let error = std::io::Error::other(broken.to_string());
                    return Err(Problem::io("the origin broke off")(error).into());
                }
            }
        }
        if chunked {
            door.talk.pour(b"0\r\n\r\n")?;
        }
        door.talk.carried(length);
        Ok(Came::PassedOn { stays })
    }
}

/// The fields that are not of one connection alone (RFC 9110 §7.6.1).
fn end_to_end(fields: &Fields) -> Fields {
    let named = fields.list("connection");
    fields.without(|name| {
        let known = [
            "connection",
            "keep-alive",
            "proxy-connection",
            "proxy-authenticate",
            "proxy-authorization",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
        ];
        known.iter().any(|other| name.eq_ignore_ascii_case(other))
            || named.iter().any(|other| name.eq_ignore_ascii_case(other))
    })
}

fn is_length(name: &str) -> bool {
    name.eq_ignore_ascii_case("content-length")
}
