//! `proxy`: a caching web proxy. The first request for a page goes to the origin, the second is answered from the cache.

mod cache;
mod origin;
mod target;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cache::{Cache, Entry};
use origin::{Came, Origin};
use target::{Allowed, Target};

use super::client::{Outcome, Session};
use super::http::{Answer, Body, Door, Fields, Request, method_is_known, page};
use super::web::{MAX_REQUESTS, Wanted, browse, path_of};
use super::{
    Ending, Lab, LabError, LabOption, Logic, Note, Over, Settings, StreamService, Talk, Transport, clock,
};

pub(super) static LAB: Lab = Lab {
    name: "proxy",
    title: "a caching web proxy: the second request for a page never reaches the origin",
    transport: Transport::Tcp,
    default_port: 8888,
    messages: &["/", "/"],
    options: &[LabOption::AllowOrigin, LabOption::Next],
    logic,
    client: fetch_twice,
};

fn logic(settings: &Settings) -> Result<Logic, LabError> {
    let allowed = Allowed::of(&settings.allowed_origins)?;
    Ok(Logic::Stream(Box::new(Proxy { allowed, cache: Mutex::default() })))
}

struct Proxy {
    allowed: Allowed,
    cache: Mutex<Cache>,
}

impl StreamService for Proxy {
    fn attend(&self, talk: &mut Talk<'_>) -> Result<(), Over> {
        let mut door = Door::new(talk);
        for served in 1.. {
            let Some(request) = door.next()? else { return Ok(()) };
            let keep_alive = request.keeps_alive() && served < MAX_REQUESTS;
            let keep_alive = self.serve(&mut door, &request, keep_alive)?;
            if !keep_alive {
                break;
            }
        }
        door.talk.farewell();
        Ok(())
    }
}

impl Proxy {
    fn cache(&self) -> MutexGuard<'_, Cache> {
        // A thread that broke left the cache usable: what it counts may be off by one entry.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request; whether the connection stays.
    fn serve(&self, door: &mut Door<'_, '_>, request: &Request, keep_alive: bool) -> Result<bool, Over> {
        match self.answer(door, request, keep_alive)? {
            Served::With(answer) => {
                door.give(answer, request.is_head(), keep_alive)?;
                Ok(keep_alive)
            }
            Served::Already { stays } => Ok(stays),
        }
    }

    fn answer(&self, door: &mut Door<'_, '_>, request: &Request, keep_alive: bool) -> Result<Served, Over> {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            let status = if method_is_known(&request.method) { 405 } else { 501 };
            return Ok(page(
                status,
                "This proxy fetches pages (GET, HEAD); it opens no tunnels and takes nothing.",
            )
            .into());
        }
        let target = match Target::of(&request.target) {
            Ok(target) => target,
            Err((status, why)) => return Ok(page(status, why).into()),
        };
        let stop = door.talk.stop_flag();
        let addresses = match self.allowed.addresses(&target, door.talk.policy(), stop) {
            Ok(addresses) => addresses,
            Err(_) if stop.load(std::sync::atomic::Ordering::Relaxed) => return Err(stopped()),
            Err((status, why)) => return Ok(page(status, why).into()),
        };
        let here = door.talk.server();
        let name = here.to_string();
        let is_here = |address: &std::net::SocketAddr| {
            address.port() == here.port()
                && (address.ip() == here.ip() || here.ip().is_unspecified() || address.ip().is_unspecified())
        };
        let came_by = request.fields.list("via").iter().any(|via| via.split(' ').nth(1) == Some(&*name));
        if came_by || addresses.iter().any(is_here) {
            return Ok(page(508, "This proxy would ask itself, for ever.").into());
        }
        let kept = self.cache().find(&target, request);
        if let Some(entry) = kept.as_ref().filter(|entry| entry.is_fresh(request, clock::now())) {
            door.talk.note(Note::Cached { target: target.shown() });
            return Ok(from_entry(entry, request, "HIT", &name).into());
        }
        if request.fields.lists("cache-control", "only-if-cached") {
            return Ok(page(504, "Only what is in the cache was wanted, and it is not there.").into());
        }
        let stale = kept.filter(|_| !request.is_head());
        let origin = Origin { target: &target, addresses: &addresses, via: &name };
        let asked = clock::now();
        match origin.ask(door, request, stale.as_deref(), keep_alive)? {
            Came::Failed(status, why) => Ok(page(status, &why).into()),
            Came::PassedOn { stays } => Ok(Served::Already { stays }),
            Came::NotModified(fields) => {
                let Some(stale) = stale else {
                    return Ok(page(502, "The origin said that nothing changed, which nobody asked.").into());
                };
                door.talk.note(Note::Told(format!("{} has not changed, says the origin", target.shown())));
                let mut newer = stale.fields.clone();
                newer.replace(&fields);
                let entry = Entry::new(request, stale.status, newer.clone(), stale.body.clone(), asked);
                let Some(entry) = entry.map(Arc::new) else {
                    self.cache().forget(&target);
                    return Ok(fresh(stale.status, newer, stale.body.clone(), "REVALIDATED", &name).into());
                };
                self.cache().keep(target, entry.clone());
                Ok(from_entry(&entry, request, "REVALIDATED", &name).into())
            }
            Came::Whole { status, fields, body: Some(body) } => {
                let entry = if request.is_head() {
                    None
                } else {
                    Entry::new(request, status, fields.clone(), body.clone(), asked)
                };
                match entry {
                    Some(entry) => {
                        let entry = Arc::new(entry);
                        self.cache().keep(target, entry.clone());
                        Ok(from_entry(&entry, request, "MISS", &name).into())
                    }
                    None => {
                        self.cache().forget(&target);
                        Ok(fresh(status, fields, body, "MISS", &name).into())
                    }
                }
            }
            Came::Whole { status, mut fields, body: None } => {
                mark(&mut fields, "MISS", &name);
                Ok(Answer { status, fields, body: Body::None }.into())
            }
        }
    }
}

/// What is left to do for a request.
enum Served {
    With(Answer),
    Already { stays: bool },
}

impl From<Answer> for Served {
    fn from(answer: Answer) -> Self {
        Self::With(answer)
    }
}

/// Says that the answer came by here, and how.
fn mark(fields: &mut Fields, how: &str, name: &str) {
    fields.add("Via", format!("1.1 {name}"));
    fields.add("X-Cache", how);
}

fn fresh(status: u16, mut fields: Fields, body: Arc<[u8]>, how: &str, name: &str) -> Answer {
    mark(&mut fields, how, name);
    Answer { status, fields, body: Body::Bytes(body) }
}

/// An answer that is kept, or that the client's own copy is still good.
fn from_entry(entry: &Entry, request: &Request, how: &str, name: &str) -> Answer {
    let mut fields = entry.fields.without(|field| how == "HIT" && field.eq_ignore_ascii_case("age"));
    if how == "HIT" {
        fields.add("Age", entry.age(clock::now()).to_string());
    }
    mark(&mut fields, how, name);
    if entry.status == 200 && is_unchanged(entry, request) {
        return Answer { status: 304, fields, body: Body::None };
    }
    Answer { status: entry.status, fields, body: Body::Bytes(entry.body.clone()) }
}

/// Whether the client has this already (RFC 9110 §13.1.2 and §13.1.3: tags before dates).
fn is_unchanged(entry: &Entry, request: &Request) -> bool {
    if request.fields.has("if-none-match") {
        let own = entry.fields.get("etag").map(opaque_tag);
        let mut tags = request.fields.entity_tags("if-none-match");
        return tags.any(|tag| tag == b"*" || own == Some(opaque_tag(tag)));
    }
    let date = |fields: &Fields, name| fields.text(name).and_then(clock::read_http_date);
    date(&request.fields, "if-modified-since")
        .zip(date(&entry.fields, "last-modified"))
        .is_some_and(|(since, changed)| changed <= since)
}

/// An entity tag as it is compared here, weakly (RFC 9110 §8.8.3.2): whether it is weak does not count, its case does.
fn opaque_tag(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// The client: the same page twice through the proxy, of the `web` server unless told otherwise.
fn fetch_twice(session: Session<'_>) -> Result<Outcome, LabError> {
    let own = (std::net::Ipv4Addr::LOCALHOST, super::web::LAB.default_port).into();
    let origin = session.options.settings.next.unwrap_or(own).to_string();
    browse(session, &|message| {
        let whole = message.starts_with(b"http://").then(|| str::from_utf8(message).ok()).flatten();
        let target = match whole {
            Some(address) if address.bytes().all(|byte| byte.is_ascii_graphic()) => address.to_owned(),
            _ => format!("http://{origin}{}", path_of(message)?),
        };
        let host = target.split('/').nth(2).unwrap_or_default().to_owned();
        Ok(Wanted { shown_as: target.clone(), host, target })
    })
}

/// The server was stopped while the origin was waited for.
fn stopped() -> Over {
    Over::Ended(Ending::ByUs)
}
