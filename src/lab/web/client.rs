//! The client: one connection, a request for each path, each answer shown with its head.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::lab::client::{Outcome, Session};
use crate::lab::http::{AGENT, Arriving, Framing, Response};
use crate::lab::link::{Broken, Fault, Link, outcome};
use crate::lab::{Ending, Event, LabError, Note};

/// Most bytes of a page that are shown; the length of a longer one is told.
const MAX_SHOWN: usize = 16 * 1024;

/// Most bytes of a page that are taken: a server that sends for ever keeps nobody.
const MAX_PAGE: u64 = 256 * 1024 * 1024;

/// Longest time for one page, in time-outs of the person's choice: a page may come slowly, not for ever.
const SLOWEST: u32 = 60;

pub(super) fn run(session: Session<'_>) -> Result<Outcome, LabError> {
    let host = session.options.server.to_string();
    browse(session, &|message| {
        let target = path_of(message)?;
        Ok(Wanted { shown_as: target.clone(), host: host.clone(), target })
    })
}

/// What is asked of a server.
pub(in crate::lab) struct Wanted {
    /// As it stands in the request line.
    pub(in crate::lab) target: String,
    /// The Host field.
    pub(in crate::lab) host: String,
    /// As it is told.
    pub(in crate::lab) shown_as: String,
}

/// Asks for what the messages want, over as few connections as the server allows.
pub(in crate::lab) fn browse(
    session: Session<'_>,
    want: &dyn Fn(&[u8]) -> Result<Wanted, LabError>,
) -> Result<Outcome, LabError> {
    let (server, within) = (session.options.server, session.options.timeout);
    outcome(pages(session, want), server, within)
}

fn pages(session: Session<'_>, want: &dyn Fn(&[u8]) -> Result<Wanted, LabError>) -> Result<(), Fault> {
    let Session { options, messages, stop, on_event, .. } = session;
    let (peer, within) = (options.server, options.timeout);
    let mut link: Option<Link<'_>> = None;
    for message in messages {
        let wanted = want(&message.map_err(LabError::Messages)?)?;
        let mut current = match link.take() {
            Some(current) => current,
            None => {
                let opened = Link::open(peer, None, within, options.policy, stop)?;
                on_event(Event::Opened { local: opened.local(), peer });
                opened
            }
        };
        if ask(&mut current, &wanted, within, on_event)? {
            link = Some(current);
        } else {
            current.farewell();
            on_event(Event::Closed { peer, ending: Ending::ByPeer });
        }
    }
    if let Some(mut link) = link {
        link.farewell();
        on_event(Event::Closed { peer, ending: Ending::ByUs });
    }
    Ok(())
}

/// A path as it stands in a request: what cannot stand there is escaped.
pub(in crate::lab) fn path_of(message: &[u8]) -> Result<String, LabError> {
    const MAX_PATH: usize = 8_000;
    if message.len() > MAX_PATH {
        return Err(LabError::MessageTooLong { limit: MAX_PATH });
    }
    let mut path = String::new();
    if !matches!(message, [b'/', ..]) {
        path.push('/');
    }
    for byte in message {
        if byte.is_ascii_graphic() {
            path.push(char::from(*byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(path)
}

/// Asks for a page, shows the answer and notes what it came to; false where the connection cannot be used again.
fn ask(
    link: &mut Link<'_>,
    asked: &Wanted,
    within: Duration,
    on_event: &mut dyn FnMut(Event),
) -> Result<bool, Broken> {
    let peer = link.peer();
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {AGENT}\r\nAccept: */*\r\n\r\n",
        asked.target, asked.host
    );
    on_event(Event::Sent { peer, bytes: request.clone().into_bytes() });
    let begun = Instant::now();
    let last = begun + within * SLOWEST;
    link.send(request.as_bytes(), begun + within).inspect_err(|_| on_event(Event::NotSent { peer }))?;
    let response = Response::receive(link, Instant::now() + within)?;
    show(peer, &response.head, on_event);
    let framing = response.framing(false)?;
    let mut body = Arriving::new(framing);
    let (mut length, mut beginning) = (0_u64, Vec::new());
    while let Some(piece) = body.next(link, last.min(Instant::now() + within))? {
        length += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if length > MAX_PAGE {
            return Err(Broken::Malformed("the page does not end"));
        }
        let room = MAX_SHOWN.saturating_sub(beginning.len()).min(piece.len());
        beginning.extend_from_slice(piece.get(..room).unwrap_or_default());
    }
    let took = begun.elapsed();
    let is_text = response.fields.text("content-type").is_some_and(|kind| kind.starts_with("text/"));
    let is_whole = u64::try_from(beginning.len()).is_ok_and(|shown| shown == length);
    if is_text && is_whole {
        show(peer, &beginning, on_event);
    } else if length > 0 {
        on_event(Event::Carried { peer, length, sent: false });
    }
    let cache = response.fields.get("x-cache").map(|cache| String::from_utf8_lossy(cache).into_owned());
    let target = asked.shown_as.clone();
    let note = Note::Page { target, status: response.status, length, took, cache };
    on_event(Event::Noted { peer: Some(peer), note });
    let is_1_1 = response.head.starts_with(b"HTTP/1.1");
    let closes = response.fields.lists("connection", "close") || framing == Framing::UntilClosed;
    Ok(is_1_1 && !closes)
}

/// Tells text line by line.
fn show(peer: SocketAddr, text: &[u8], on_event: &mut dyn FnMut(Event)) {
    let lines = text.strip_suffix(b"\n").unwrap_or(text).split(|byte| *byte == b'\n');
    for line in lines {
        let bytes = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        on_event(Event::Received { peer, bytes });
    }
}
