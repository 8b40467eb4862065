//! What a proxy keeps: answers with the time for which they are good (RFC 9111), bounded in number and bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::target::Target;
use crate::lab::clock::{self, Seconds};
use crate::lab::http::{Fields, Request};

/// Most answers that are kept. The least lately used goes first.
pub(super) const MAX_ENTRIES: usize = 256;

/// Most bytes of all of them together.
pub(super) const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Longest body that is kept, so that one does not drive all others out, and so that all clients at once need no more
/// memory than a small machine has.
pub(super) const MAX_BODY: usize = 512 * 1024;

/// How long an answer is good whose origin does not say, in seconds: at least and at most.
const HEURISTIC: (Seconds, Seconds) = (60, 86_400);

/// An answer that is kept.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) status: u16,
    /// The end-to-end fields.
    pub(super) fields: Fields,
    pub(super) body: Arc<[u8]>,
    /// What the request had in the fields that the answer depends on (Vary).
    varies: Vec<(String, Option<Vec<u8>>)>,
    /// When it was asked for.
    asked: Seconds,
    /// Its age when it came (RFC 9111 §4.2.3).
    initial_age: Seconds,
    /// For how long it is good.
    lifetime: Seconds,
}

impl Entry {
    /// An answer as it is to be kept; `None` where it must not be.
    pub(super) fn new(
        request: &Request,
        status: u16,
        fields: Fields,
        body: Arc<[u8]>,
        asked: Seconds,
    ) -> Option<Self> {
        let control = Directives::of(&fields);
        let vary = fields.list("vary");
        let forbidden = control.has("no-store")
            || control.has("private")
            || Directives::of(&request.fields).has("no-store")
            // An answer to who has named himself is his alone, unless it says that it is everybody's (RFC 9111 §3.5).
            || (request.fields.has("authorization") && !control.has("public"))
            || vary.iter().any(|name| name == "*");
        if forbidden || body.len() > MAX_BODY {
            return None;
        }
        let lifetime = lifetime(status, &fields, &control, asked)?;
        let varies = vary.into_iter().map(|name| {
            let value = request.fields.get(&name).map(<[u8]>::to_vec);
            (name, value)
        });
        Some(Self {
            varies: varies.collect(),
            initial_age: initial_age(&fields, asked),
            status,
            fields,
            body,
            asked,
            lifetime,
        })
    }

    pub(super) fn age(&self, now: Seconds) -> Seconds {
        self.initial_age.saturating_add(now.saturating_sub(self.asked).max(0))
    }

    /// Whether it answers this request without the origin being asked.
    pub(super) fn is_fresh(&self, request: &Request, now: Seconds) -> bool {
        let wish = Directives::of(&request.fields);
        let most = wish.seconds("max-age").unwrap_or(Seconds::MAX);
        let age = self.age(now);
        age < self.lifetime
            && age <= most
            && !wish.has("no-cache")
            && !request.fields.lists("pragma", "no-cache")
    }

    /// Whether the request is like the one that it answered, in the fields that count.
    fn fits(&self, request: &Request) -> bool {
        self.varies.iter().all(|(name, value)| request.fields.get(name) == value.as_deref())
    }

    fn size(&self) -> usize {
        let varies: usize =
            self.varies.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len)).sum();
        self.fields.size() + self.body.len() + varies
    }
}

fn initial_age(fields: &Fields, asked: Seconds) -> Seconds {
    let told = fields.text("age").and_then(|age| age.parse::<Seconds>().ok()).unwrap_or(0).max(0);
    let dated = fields.text("date").and_then(clock::read_http_date).unwrap_or(asked);
    told.max(asked.saturating_sub(dated)).max(0)
}

/// For how long an answer is good, in seconds; `None` where it must not be kept.
fn lifetime(status: u16, fields: &Fields, control: &Directives, asked: Seconds) -> Option<Seconds> {
    if !matches!(status, 200 | 203 | 300 | 301 | 308 | 404 | 410) {
        return None;
    }
    if control.has("no-cache") {
        return Some(0);
    }
    if let Some(age) = control.seconds("s-maxage").or_else(|| control.seconds("max-age")) {
        return Some(age);
    }
    if let Some(expires) = fields.get("expires") {
        // What is no date is in the past (RFC 9111 §5.3).
        let expires = str::from_utf8(expires).ok().and_then(clock::read_http_date).unwrap_or(0);
        let dated = fields.text("date").and_then(clock::read_http_date).unwrap_or(asked);
        return Some(expires.saturating_sub(dated).max(0));
    }
    // Who says nothing of a page that is not there may put one there at any time.
    if matches!(status, 404 | 410) {
        return None;
    }
    // A tenth of the time since it was last changed, as RFC 9111 §4.2.2 suggests.
    let changed = fields.text("last-modified").and_then(clock::read_http_date).unwrap_or(asked);
    let (least, most) = HEURISTIC;
    Some((asked.saturating_sub(changed) / 10).clamp(least, most))
}

/// The directives of Cache-Control (RFC 9111 §5.2).
struct Directives(Vec<String>);

impl Directives {
    fn of(fields: &Fields) -> Self {
        Self(fields.list("cache-control"))
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|directive| directive.split('=').next().is_some_and(|word| word.trim() == name))
    }

    /// The number of a directive; one that is no number is 0, which is stale (RFC 9111 §4.2.1).
    fn seconds(&self, name: &str) -> Option<Seconds> {
        self.0.iter().find_map(|directive| {
            let (word, number) = directive.split_once('=')?;
            let number = number.trim().trim_matches('"');
            let digits = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.is_empty();
            let value = if digits { number.parse().unwrap_or(Seconds::from(i32::MAX)) } else { 0 };
            (word.trim() == name).then_some(value)
        })
    }
}

/// The answers that are kept, by what was asked.
#[derive(Default)]
pub(super) struct Cache {
    entries: BTreeMap<Target, (Arc<Entry>, u64)>,
    bytes: usize,
    uses: u64,
}

impl Cache {
    /// What is kept for this request, fresh or not.
    pub(super) fn find(&mut self, target: &Target, request: &Request) -> Option<Arc<Entry>> {
        if request.fields.has("authorization") {
            return None;
        }
        let (entry, used) = self.entries.get_mut(target).filter(|(entry, _)| entry.fits(request))?;
        self.uses += 1;
        *used = self.uses;
        Some(entry.clone())
    }

    pub(super) fn keep(&mut self, target: Target, entry: Arc<Entry>) {
        self.forget(&target);
        let size = entry.size() + target.size();
        if size > MAX_BYTES {
            return;
        }
        while self.entries.len() >= MAX_ENTRIES || self.bytes + size > MAX_BYTES {
            let oldest =
                self.entries.iter().min_by_key(|(_, (_, used))| *used).map(|(target, _)| target.clone());
            let Some(oldest) = oldest else { break };
            self.forget(&oldest);
        }
        self.uses += 1;
        self.bytes += size;
        self.entries.insert(target, (entry, self.uses));
    }

    pub(super) fn forget(&mut self, target: &Target) {
        if let Some((entry, _)) = self.entries.remove(target) {
            self.bytes = self.bytes.saturating_sub(entry.size() + target.size());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Seconds = 1_800_000_000;

    fn request(fields: &str) -> Request {
        Request::read(format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n").as_bytes()).unwrap()
    }

    fn entry(status: u16, fields: &[(&str, &str)], asked: &str) -> Option<Entry> {
        let mut all = Fields::default();
        for (name, value) in fields {
            all.add(name, *value);
        }
        Entry::new(&request(asked), status, all, Arc::from(&b"body"[..]), NOW)
    }

    #[test]
    fn how_long_an_answer_is_good() {
        let (old, date) = (clock::http_date(NOW - 10_000), clock::http_date(NOW));
        let (soon, past) = (clock::http_date(NOW + 30), clock::http_date(NOW - 30));
        for (status, fields, good) in [
            (200, &[][..], Some(60)),
            (200, &[("Last-Modified", &*old)], Some(1000)),
            (200, &[("Cache-Control", "max-age=5"), ("Expires", &*soon)], Some(5)),
            (200, &[("Cache-Control", "max-age=5, s-maxage=7")], Some(7)),
            (200, &[("Cache-Control", "max-age=x")], Some(0)),
            (200, &[("Expires", &*soon), ("Date", &*date)], Some(30)),
            (200, &[("Expires", &*past)], Some(0)),
            (200, &[("Expires", "0")], Some(0)),
            (200, &[("Cache-Control", "no-cache, max-age=5")], Some(0)),
            (200, &[("Cache-Control", "no-store")], None),
            (200, &[("Cache-Control", "Private, max-age=5")], None),
            (200, &[("Vary", "*")], None),
            (301, &[], Some(60)),
            (404, &[], None),
            (404, &[("Cache-Control", "max-age=5")], Some(5)),
            (302, &[("Cache-Control", "max-age=5")], None),
            (206, &[("Cache-Control", "max-age=5")], None),
            (500, &[("Cache-Control", "max-age=5")], None),
        ] {
            assert_eq!(entry(status, fields, "").map(|entry| entry.lifetime), good, "{status} {fields:?}");
        }
        assert!(entry(200, &[], "Cache-Control: no-store\r\n").is_none());
        assert!(entry(200, &[], "Authorization: Basic eA==\r\n").is_none());
        assert!(entry(200, &[("Cache-Control", "public")], "Authorization: Basic eA==\r\n").is_some());
    }

    #[test]
    fn an_answer_ages_and_who_asks_may_want_it_younger() {
        let kept = entry(200, &[("Cache-Control", "max-age=100"), ("Age", "40")], "").unwrap();
        assert_eq!((kept.age(NOW), kept.age(NOW + 20)), (40, 60));
        for (later, wish, fresh) in [
            (0, "", true),
            (59, "", true),
            (60, "", false),
            (0, "Cache-Control: no-cache\r\n", false),
            (0, "Pragma: no-cache\r\n", false),
            (0, "Cache-Control: max-age=39\r\n", false),
            (0, "Cache-Control: max-age=40\r\n", true),
        ] {
            assert_eq!(kept.is_fresh(&request(wish), NOW + later), fresh, "{later} {wish}");
        }
    }

    #[test]
    fn what_varies_answers_its_like_alone() {
        let mut cache = Cache::default();
        let target = Target::of("/localhost/a").unwrap();
        let kept = entry(200, &[("Vary", "Accept-Language")], "Accept-Language: de\r\n").unwrap();
        cache.keep(target.clone(), Arc::new(kept));
        assert!(cache.find(&target, &request("Accept-Language: de\r\n")).is_some());
        assert!(cache.find(&target, &request("Accept-Language: en\r\n")).is_none());
        assert!(cache.find(&target, &request("")).is_none());
    }

    #[test]
    fn the_cache_is_bounded_and_keeps_what_is_used() {
        let mut cache = Cache::default();
        let target = |number: usize| Target::of(&format!("/localhost/{number}")).unwrap();
        for number in 0..2 * MAX_ENTRIES {
            cache.keep(target(number), Arc::new(entry(200, &[], "").unwrap()));
            assert!(cache.find(&target(0), &request("")).is_some());
        }
        assert_eq!(cache.entries.len(), MAX_ENTRIES);
        assert!(cache.find(&target(1), &request("")).is_none());
        let large: Arc<[u8]> = vec![0; MAX_BODY].into();
        for number in 0..40 {
            let entry = Entry::new(&request(""), 200, Fields::default(), large.clone(), NOW).unwrap();
            cache.keep(target(number), Arc::new(entry));
        }
        assert!(cache.bytes <= MAX_BYTES && !cache.entries.is_empty());
        let left: Vec<Target> = cache.entries.keys().cloned().collect();
        for target in left {
            cache.forget(&target);
        }
        assert_eq!(cache.bytes, 0);
    }
}
