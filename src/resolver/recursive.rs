//! The recursive resolver: asks for its clients, checks, and remembers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::asked;
use super::found::{ALIAS_LOOP, Found};
use super::memory::{Memory, Way};
use super::transport::Network;
use crate::dnstrace::dnssec::{Anchor, Security, check};
use crate::dnstrace::{Asked, DnsTrace, Domain, Family, MAX_ALIASES, TraceOptions, resolve_from};
use crate::lab::dns::{Answered, By, Carrier, Code, ExtendedError, Kind, Query, Response, Section, Word};
use crate::time::TimeDelta;

/// Most queries for one answer, over all: a chain of aliases with keys takes some thirty.
pub const MAX_QUERIES: u32 = 100;

/// Longest time for one answer: shorter than a client asks again and again.
pub const MAX_TIME: Duration = Duration::from_secs(9);

/// How long a server's response is waited for.
const WAIT: TimeDelta = TimeDelta::from_nanos(1_000_000_000);

/// How often a server is asked that does not answer.
const TRIES: u32 = 2;

/// Resolutions within resolutions.
const MAX_DEPTH: usize = 6;

/// How often is looked whether to stop, while another client's question for the same is under way.
const TICK: Duration = Duration::from_millis(100);

/// The Internet's class.
const IN: u16 = 1;

/// RFC 8914 section 4.21: "not authoritative".
const NOT_AUTHORITATIVE: u16 = 20;

/// What is found out for all who wait for it: also what may not be kept, but used for what is in progress (RFC 1035 section 3.2.1).
type Shared = Arc<OnceLock<Found>>;

/// Asks for its clients.
#[derive(Debug)]
pub(super) struct Recursive {
    roots: Vec<SocketAddr>,
    port: u16,
    anchors: Vec<Anchor>,
    began: Instant,
    memory: Mutex<Memory>,
    /// What is being found out: no more than is answered at once, [`super::MAX_ASKED`] datagrams and what the connections ask.
    under_way: Mutex<HashMap<Asked, Shared>>,
    found: Condvar,
}

/// An answer in the making.
struct Asking<'a> {
    network: &'a mut dyn Network,
    until: TimeDelta,
    queries: u32,
}

impl Asking<'_> {
    fn left(&mut self) -> TimeDelta {
        TimeDelta::from_nanos(self.until.as_nanos().saturating_sub(self.network.now().as_nanos()).max(0))
    }
}

/// Who finds something out; others wait until it is dropped.
struct Turn<'a> {
    of: &'a Recursive,
    asked: &'a Asked,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.of.under_way().remove(self.asked);
        self.of.found.notify_all();
    }
}

impl Recursive {
    pub(super) fn new(roots: Vec<SocketAddr>, port: u16, anchors: Vec<Anchor>) -> Self {
        Self {
            roots,
            port,
            anchors,
            began: Instant::now(),
            memory: Mutex::new(Memory::new()),
            under_way: Mutex::default(),
            found: Condvar::new(),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<Asked, Shared>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a query now.
    pub(super) fn answer(&self, network: &mut dyn Network, bytes: &[u8], carrier: Carrier) -> Answered {
        self.answer_at(network, bytes, carrier, self.began.elapsed())
    }

    /// The same at that time since the resolver began.
    pub(super) fn answer_at(
        &self,
        network: &mut dyn Network,
        bytes: &[u8],
        carrier: Carrier,
        now: Duration,
    ) -> Answered {
        let ask = |query: &Query<'_>, asked: &Asked| -> Result<_, Infallible> {
            let (found, by) = self.ask(network, asked, now);
            Ok(told(query, found, by))
        };
        let Ok(answered) = respond(bytes, carrier, ask);
        answered
    }

    /// The answer now where nobody has to be asked for it: it is remembered, or the query is refused.
    pub(super) fn answer_at_once(&self, bytes: &[u8], carrier: Carrier) -> Option<Answered> {
        let now = self.began.elapsed();
        let remembered = |query: &Query<'_>, asked: &Asked| -> Result<_, NotRemembered> {
            let part = |asked: &Asked| self.memory().answer(asked, now).ok_or(NotRemembered);
            Ok(told(query, follow(asked, part)?, By::Cache))
        };
        respond(bytes, carrier, remembered).ok()
    }

    /// Finds out the answer to a query, and by how many queries.
    fn ask(&self, network: &mut dyn Network, asked: &Asked, now: Duration) -> (Found, By) {
        let max_time = i128::try_from(MAX_TIME.as_nanos()).unwrap_or(i128::MAX);
        let until = TimeDelta::from_nanos(network.now().as_nanos().saturating_add(max_time));
        let mut asking = Asking { network, until, queries: 0 };
        // Each resolution is checked from the root down.
        let part = |asked: &Asked| -> Result<_, Infallible> { Ok(self.part(&mut asking, asked, now)) };
        let Ok(found) = follow(asked, part);
        let by = if asking.queries == 0 { By::Cache } else { By::Asking(asking.queries) };
        (found, by)
    }

    /// One resolution: from memory, or found out by who asks first.
    fn part(&self, asking: &mut Asking<'_>, asked: &Asked, now: Duration) -> Found {
        let mut waited_for: Option<Shared> = None;
        let shared = loop {
            let mut under_way = self.under_way();
            if let Some(found) = waited_for.as_ref().and_then(|shared| shared.get()) {
                return found.clone();
            }
            if let Some(found) = self.memory().answer(asked, now) {
                return found;
            }
            match under_way.entry(asked.clone()) {
                Entry::Occupied(other) => waited_for = Some(Arc::clone(other.get())),
                Entry::Vacant(mine) => break Arc::clone(mine.insert(Shared::default())),
            }
            if asking.left().as_nanos() == 0 || asking.network.is_over() {
                return Found::nothing(22, "it took too long".to_owned());
            }
            drop(self.found.wait_timeout(under_way, TICK));
        };
        let turn = Turn { of: self, asked };
        let found = self.resolve(asking, asked, now);
        self.memory().keep(asked.clone(), &found, now);
        // Nobody else has this one's turn: it is empty.
        let _ = shared.set(found.clone());
        drop(turn);
        found
    }

    /// Asks, by way of what is remembered; and once more from the root, where no server there is of use or what it says is
    /// bogus: servers and keys may be others by now.
    fn resolve(&self, asking: &mut Asking<'_>, asked: &Asked, now: Duration) -> Found {
        let way = self.memory().way(asked, now);
        let is_from_root = way.steps.is_empty() && way.keys.is_empty();
        let found = self.resolve_by(asking, asked, way, now);
        let is_stale = found.error.as_ref().is_some_and(|error| error.code != 0);
        if is_from_root || !is_stale { found } else { self.resolve_by(asking, asked, Way::default(), now) }
    }

    fn resolve_by(&self, asking: &mut Asking<'_>, asked: &Asked, way: Way, now: Duration) -> Found {
        let options = TraceOptions {
            roots: self.roots.clone(),
            port: self.port,
            family: Family::Any,
            seed: fastrand::u64(..),
            wait: WAIT,
            tries: TRIES,
            max_queries: MAX_QUERIES.saturating_sub(asking.queries),
            max_time: asking.left(),
            max_depth: MAX_DEPTH,
            like_dig: false,
        };
        let (trace, new_keys) = resolve_from(asking.network, asked, &options, &way.earlier);
        let of_keys: u32 = new_keys.iter().map(|step| step.sent).sum();
        asking.queries = asking.queries.saturating_add(sent(&trace)).saturating_add(of_keys);
        self.memory().learn(&trace, &new_keys, now);
        let Way { mut steps, mut keys, .. } = way;
        steps.extend(trace.steps.iter().cloned());
        keys.extend(new_keys);
        let whole = DnsTrace { steps, ..DnsTrace::new(asked.clone()) };
        let now = asking.network.wall_clock();
        let chain = check(&whole, &keys, &self.anchors, now);
        Found::of(&trace, &chain, (!self.anchors.is_empty(), now))
    }
}

/// Nobody asked for it, or it was too long ago.
struct NotRemembered;

/// The answer, where a question is to be answered by what `of_question` finds.
fn respond<E>(
    bytes: &[u8],
    carrier: Carrier,
    of_question: impl FnOnce(&Query<'_>, &Asked) -> Result<(Response, Word, By), E>,
) -> Result<Answered, E> {
    let Some(query) = Query::read(bytes) else {
        return Ok(Answered { bytes: None, question: None, word: Word::Silence, by: By::Itself });
    };
    let (mut response, word, by) = match refused(&query) {
        Ok(asked) => of_question(&query, &asked)?,
        Err((code, error)) => {
            let response = Response { error, ..Response::of(code) };
            (response, Word::Refused(code), By::Itself)
        }
    };
    response.offers_recursion = true;
    let (bytes, is_truncated) = response.write(&query, carrier);
    let word = if is_truncated { Word::Truncated } else { word };
    Ok(Answered { bytes: Some(bytes), question: query.question, word, by })
}

/// Follows aliases from one resolution to the next.
fn follow<E>(asked: &Asked, mut part: impl FnMut(&Asked) -> Result<Found, E>) -> Result<Found, E> {
    let mut seen: Vec<Domain> = vec![asked.name.clone()];
    let mut found = part(asked)?;
    while let Some(name) = found.leads_to.take() {
        if seen.contains(&name) || seen.len() > MAX_ALIASES {
            return Ok(Found::nothing(0, ALIAS_LOOP.to_owned()));
        }
        let next = part(&Asked { name: name.clone(), kind: asked.kind })?;
        found.go_on(next);
        seen.push(name);
    }
    Ok(found)
}

/// What a client is answered (RFC 4035 section 3.2).
fn told(query: &Query<'_>, found: Found, by: By) -> (Response, Word, By) {
    if found.security == Security::Bogus && !query.takes_unchecked() {
        let text = found.error.as_ref().map_or(String::new(), |error| error.text.clone());
        let response = Response { error: found.error, ..Response::of(Code::ServFail) };
        return (response, Word::Failed(format!("bogus, {text}")), by);
    }
    let mut items = found.items;
    if !query.wants_signatures() {
        items.retain(|item| {
            item.section == Section::Answer || !matches!(item.set.kind, Kind::NSEC | Kind::NSEC3)
        });
        items.iter_mut().for_each(|item| item.set.signatures.clear());
    }
    let response = Response {
        is_authentic: found.security == Security::Secure && query.wants_authentic(),
        items,
        error: found.error,
        ..Response::of(found.code)
    };
    (response, found.word, by)
}

/// What is asked; why that is not answered, otherwise.
fn refused(query: &Query<'_>) -> Result<Asked, (Code, Option<ExtendedError>)> {
    if let Some(code) = query.refusal {
        return Err((code, None));
    }
    let question = query.question.as_ref().ok_or((Code::FormErr, None))?;
    if question.class != IN {
        return Err((Code::Refused, None));
    }
    // Types that no record set has, or none that can be checked.
    if question.kind.is_meta() || question.kind == Kind::RRSIG {
        return Err((Code::NotImp, None));
    }
    if !query.wants_recursion() {
        let text = "recursion was not asked for (RD), and nothing is served here".to_owned();
        return Err((Code::Refused, Some(ExtendedError { code: NOT_AUTHORITATIVE, text })));
    }
    asked(question).ok_or((Code::FormErr, None))
}

/// Queries of a resolution and those within it.
fn sent(trace: &DnsTrace) -> u32 {
    // As deep as resolutions go.
    let nested = trace.steps.iter().flat_map(|step| &step.nested).chain(&trace.fruitless);
    let own: u32 = trace.steps.iter().map(|step| step.sent).sum();
    nested.map(sent).fold(own, u32::saturating_add)
}
