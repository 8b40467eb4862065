//! `web`: a small HTTP/1.1 server of one folder, and the client that asks it for a page that is there and one that is not.

mod client;
mod folder;
mod site;
mod target;

pub(super) use client::{Wanted, browse, path_of};

use std::sync::Arc;

use folder::{Folder, Found};
use site::Held;
use target::Page;

use super::http::{Answer, Body, Door, Fields, Request, escaped, method_is_known, page, reason};
use super::{Lab, LabError, LabOption, Logic, Over, Settings, StreamService, Talk, Transport, clock};

pub(super) static LAB: Lab = Lab {
    name: "web",
    title: "an HTTP/1.1 server of one folder: a page that is there, one that is not, one that has not changed",
    transport: Transport::Tcp,
    default_port: 6789,
    messages: &["/", "/missing.html"],
    options: &[LabOption::Folder],
    logic,
    client: client::run,
};

/// Most requests of one connection, so that a place is given back.
pub(super) const MAX_REQUESTS: usize = 1000;

/// How long a cache may take a page for unchanged, in seconds: short, so that a page that is being written is seen.
const MAX_AGE: u32 = 60;

fn logic(settings: &Settings) -> Result<Logic, LabError> {
    let folder = settings.folder.as_deref().map(Folder::new).transpose()?;
    Ok(Logic::Stream(Box::new(Web { folder })))
}

struct Web {
    /// `None`: the site held in the program.
    folder: Option<Folder>,
}

impl StreamService for Web {
    fn attend(&self, talk: &mut Talk<'_>) -> Result<(), Over> {
        let mut door = Door::new(talk);
        for served in 1.. {
            let Some(request) = door.next()? else { return Ok(()) };
            let keep_alive = request.keeps_alive() && served < MAX_REQUESTS;
            door.give(self.answer(&request), request.is_head(), keep_alive)?;
            if !keep_alive {
                break;
            }
        }
        door.talk.farewell();
        Ok(())
    }
}

impl Web {
    fn answer(&self, request: &Request) -> Answer {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            let status = if method_is_known(&request.method) { 405 } else { 501 };
            return page(status, "This server gives pages (GET, HEAD) and takes nothing.");
        }
        let wanted = match Page::of(&request.target) {
            Ok(wanted) => wanted,
            Err(403) => return page(403, "That path leads out of the folder that is served here."),
            Err(status) => return page(status, "That path cannot be read."),
        };
        let missing = || page(404, &format!("There is no {} here.", request.target));
        match &self.folder {
            None => match site::find(&wanted.names) {
                None => missing(),
                Some(Held::Moved { to }) => moved(to),
                Some(Held::Page { media_type, text }) => {
                    document(request, media_type, site::CHANGED, Body::Bytes(Arc::from(text.as_bytes())))
                }
            },
            Some(folder) => match folder.find(&wanted) {
                Found::Missing => missing(),
                Found::NeedsSlash => moved(&wanted.folder_link()),
                Found::NoIndex => {
                    page(404, "That folder has no page of its own, and its files are not listed.")
                }
                Found::File { file, length, changed, name } => {
                    document(request, folder::media_type(&name), changed, Body::File(file, length))
                }
            },
        }
    }
}

fn moved(to: &str) -> Answer {
    let body = format!(
        "<!doctype html>\n<title>301 {}</title>\n<p>It is <a href=\"{to}\">here</a> now.</p>\n",
        reason(301),
        to = escaped(to)
    );
    let mut fields = Fields::default();
    fields.add("Content-Type", "text/html; charset=utf-8");
    fields.add("Location", to);
    fields.add("Cache-Control", format!("max-age={MAX_AGE}"));
    Answer { status: 301, fields, body: Body::Bytes(body.into_bytes().into()) }
}

/// The page, or that it has not changed since the client got it (RFC 9110 §13.1.3).
fn document(request: &Request, media_type: &str, changed: clock::Seconds, body: Body) -> Answer {
    // RFC 9110 §8.8.2.1: never later than the answer itself.
    let changed = changed.min(clock::now());
    let mut fields = Fields::default();
    fields.add("Last-Modified", clock::http_date(changed));
    fields.add("Cache-Control", format!("max-age={MAX_AGE}"));
    let since = request.fields.text("if-modified-since").and_then(clock::read_http_date);
    // There are no entity tags here: If-None-Match matches nothing, and then the date does not count.
    if !request.fields.has("if-none-match") && since.is_some_and(|since| changed <= since) {
        return Answer { status: 304, fields, body: Body::None };
    }
    fields.add("Content-Type", media_type);
    Answer { status: 200, fields, body }
}
