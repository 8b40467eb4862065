use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::*;
use crate::lab::dns::{By, Word};
use crate::proto::dns::Section;

const A: u16 = 1;
const MX: u16 = 15;
const AAAA: u16 = 28;
const RRSIG: u16 = 46;

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The answer to a question over UDP, at that time.
fn ask(resolver: &Recursive, lab: &mut Lab, query: &[u8], now: u64) -> Vec<u8> {
    resolver.answer_at(lab, query, Carrier::Udp, at(now)).bytes.unwrap()
}

/// Types and times to live of a section's records.
fn records(answer: &[u8], section: Section) -> Vec<(u16, u32)> {
    Message::read(answer).section(section).map(|record| (record.kind, record.ttl)).collect()
}

#[test]
fn what_is_secure_is_said_to_be_and_nothing_else() {
    let resolver = recursive();
    let mut lab = Lab::default();
    for (text, kind, code, is_secure) in [
        ("www.signed.edu", A, 0, true),
        ("alias.signed.edu", A, 0, true),
        ("a.wild.signed.edu", A, 0, true),
        ("no.signed.edu", A, 3, true),
        ("www.signed.edu", MX, 0, true),
        ("no.edu", A, 3, true),
        ("no.com", A, 3, false),
        ("www.nyu.edu", A, 0, false),
        ("www.google.com", A, 0, false),
        ("away.lab.edu", A, 0, false),
        ("x.campus.lab.edu", A, 3, false),
        ("www.open.signed.edu", A, 0, false),
        ("www.glueless.lab.edu", A, 0, false),
        ("www.truncates.lab.edu", A, 0, false),
        ("www.lame.lab.edu", A, 0, false),
        ("www.silent.lab.edu", A, 0, false),
        // The root's servers answer for this zone, and lead nobody to it.
        ("a.root-servers.net", A, 0, false),
        ("no.root-servers.net", A, 3, false),
        (".", 2, 0, true),
        (".", 48, 0, true),
        ("signed.edu", 43, 0, true),
    ] {
        // Twice: found out, and remembered.
        for _ in 0..2 {
            for (flags, edns, is_told) in [
                (RD, Some(true), true),
                (RD | AD, None, true),
                (RD | CD, Some(true), true),
                (RD, None, false),
            ] {
                let bytes = ask(&resolver, &mut lab, &query(5, text, kind, flags, edns), 0);
                let answer = Message::read(&bytes);
                let header = answer.header.unwrap();
                assert_eq!((answer.rcode(), answer.damage), (Some(code), None), "{text} {kind}");
                assert_eq!(header.authentic_data(), is_secure && is_told, "{text} {kind} {flags:x} {edns:?}");
                assert!(header.recursion_available() && !header.is_authoritative() && header.id == 5);
                let is_signed = answer.records.iter().any(|record| matches!(record.kind, RRSIG | 47 | 50));
                assert!(!is_signed || edns == Some(true), "{text}: signatures that nobody wants");
                assert!(is_signed || edns != Some(true) || !is_secure, "{text}: no signatures");
            }
        }
    }
}

#[test]
fn what_is_bogus_is_not_answered_unless_that_is_wanted() {
    let resolver = recursive();
    let mut lab = Lab::default();
    for _ in 0..2 {
        let refused = ask(&resolver, &mut lab, &query(1, "www.bogus.edu", A, RD, Some(false)), 0);
        let read = Message::read(&refused);
        assert_eq!((read.rcode(), extended_error(&read)), (Some(2), Some(6)));
        assert!(read.section(Section::Answer).next().is_none());
        let unchecked = ask(&resolver, &mut lab, &query(1, "www.bogus.edu", A, RD | CD, Some(true)), 0);
        let read = Message::read(&unchecked);
        assert_eq!(read.rcode(), Some(0));
        assert!(read.section(Section::Answer).next().is_some() && !read.header.unwrap().authentic_data());
    }
    // Nobody knows the option without EDNS.
    let plain = ask(&resolver, &mut lab, &query(1, "www.bogus.edu", A, RD, None), 0);
    assert_eq!((Message::read(&plain).rcode(), Message::read(&plain).records.len()), (Some(2), 0));
}

#[test]
fn another_anchor_makes_all_of_it_bogus_and_none_makes_it_unknown() {
    let key = [&[1, 1, 3, 13][..], &[7; 64]].concat();
    let wrong = Anchor::of_key(Domain::root(), &key).unwrap();
    for (anchors, code) in [(vec![wrong], 2), (Vec::new(), 0)] {
        let resolver = Recursive::new(vec!["127.53.0.1:53".parse().unwrap()], 53, anchors);
        for name in ["www.signed.edu", "www.nyu.edu"] {
            let bytes = ask(&resolver, &mut Lab::default(), &query(1, name, A, RD | AD, None), 0);
            let read = Message::read(&bytes);
            assert_eq!((read.rcode(), read.header.unwrap().authentic_data()), (Some(code), false), "{name}");
        }
    }
}

#[test]
fn times_to_live_count_down_and_end() {
    let resolver = recursive();
    let mut lab = Lab::default();
    let query = query(1, "www.nyu.edu", A, RD, None);
    assert_eq!(records(&ask(&resolver, &mut lab, &query, 10), Section::Answer), [(A, 300)]);
    // The root, edu., nyu.edu., and the keys of the signed two.
    assert_eq!(lab.log.len(), 5, "{:?}", lab.log);
    lab.log.clear();
    assert_eq!(records(&ask(&resolver, &mut lab, &query, 110), Section::Answer), [(A, 200)]);
    assert_eq!(records(&ask(&resolver, &mut lab, &query, 309), Section::Answer), [(A, 1)]);
    assert_eq!(lab.log, [""; 0]);
    // Then the servers of nyu.edu., which are remembered longer, and nobody above.
    assert_eq!(records(&ask(&resolver, &mut lab, &query, 310), Section::Answer), [(A, 300)]);
    assert_eq!(lab.log.len(), 1, "{:?}", lab.log);
    // Longer than any of it may be remembered.
    lab.log.clear();
    ask(&resolver, &mut lab, &query, 10 * u64::from(DAY));
    assert_eq!(lab.log.len(), 5, "{:?}", lab.log);
}

#[test]
fn what_is_not_there_is_remembered_as_long_as_its_zone_says() {
    let resolver = recursive();
    let mut lab = Lab::default();
    for (text, kind) in [("no.signed.edu", A), ("www.signed.edu", MX)] {
        let query = query(1, text, kind, RD, None);
        let soa = |ttl| vec![(6, ttl)];
        assert_eq!(records(&ask(&resolver, &mut lab, &query, 0), Section::Authority), soa(300));
        lab.log.clear();
        assert_eq!(records(&ask(&resolver, &mut lab, &query, 299), Section::Authority), soa(1));
        assert_eq!(lab.log, [""; 0]);
        assert_eq!(records(&ask(&resolver, &mut lab, &query, 300), Section::Authority), soa(300));
        assert_eq!(lab.log.len(), 1, "{:?}", lab.log);
    }
}

#[test]
fn nothing_is_remembered_longer_than_its_signature_holds() {
    let bytes = query(1, "www.signed.edu", A, RD, Some(true));
    let first = ask(&recursive(), &mut Lab::default(), &bytes, 0);
    let read = Message::read(&first);
    let signature = read.section(Section::Answer).find(|record| record.kind == RRSIG).unwrap();
    let end = u32::from_be_bytes(*signature.data[8..].first_chunk().unwrap());
    let mut lab = Lab { later: end - 40 - SIGNED_AT - DAY, ..Lab::default() };
    assert_eq!(records(&ask(&recursive(), &mut lab, &bytes, 0), Section::Answer), [(A, 40), (RRSIG, 40)]);
    lab.later += 41;
    let late = ask(&recursive(), &mut lab, &bytes, 0);
    let read = Message::read(&late);
    assert_eq!((read.rcode(), extended_error(&read)), (Some(2), Some(7)));
}

#[test]
fn an_alias_is_answered_with_what_it_leads_to() {
    let resolver = recursive();
    let bytes = ask(&resolver, &mut Lab::default(), &query(1, "away.lab.edu", A, RD, None), 0);
    assert_eq!(records(&bytes, Section::Answer), [(5, 3600), (A, 300)]);
    let moved = ask(&resolver, &mut Lab::default(), &query(1, "www.campus.lab.edu", A, RD, None), 0);
    assert_eq!(records(&moved, Section::Answer), [(39, 3600), (5, 3600), (A, 300)]);
    let round = ask(&resolver, &mut Lab::default(), &query(1, "round.lab.edu", A, RD, Some(false)), 0);
    let read = Message::read(&round);
    assert_eq!((read.rcode(), extended_error(&read)), (Some(2), Some(0)));
    let nowhere = ask(&resolver, &mut Lab::default(), &query(1, "nowhere.lab.edu", A, RD, None), 0);
    assert_eq!(
        (Message::read(&nowhere).rcode(), records(&nowhere, Section::Answer)),
        (Some(3), vec![(5, 3600)])
    );
}

#[test]
fn glue_is_a_way_and_no_answer() {
    let resolver = recursive();
    let mut lab = Lab::default();
    ask(&resolver, &mut lab, &query(1, "www.signed.edu", A, RD, None), 0);
    lab.log.clear();
    // Its address came along with the referral; the zone's own answer is signed.
    let bytes = ask(&resolver, &mut lab, &query(1, "ns1.signed.edu", A, RD | AD, None), 0);
    assert!(Message::read(&bytes).header.unwrap().authentic_data());
    assert_eq!(lab.log.len(), 1, "{:?}", lab.log);
}

#[test]
fn servers_that_were_looked_up_are_remembered_with_their_zone() {
    let resolver = recursive();
    let mut lab = Lab::default();
    ask(&resolver, &mut lab, &query(1, "www.glueless.lab.edu", A, RD, None), 0);
    lab.log.clear();
    ask(&resolver, &mut lab, &query(1, "www.glueless.lab.edu", AAAA, RD, None), 0);
    assert_eq!(lab.log.len(), 1, "{:?}", lab.log);
}

#[test]
fn nobody_answers_is_an_answer_too() {
    let resolver = recursive();
    let mut lab = Lab::default();
    let bytes = ask(&resolver, &mut lab, &query(1, "dead.lab.edu", A, RD, Some(false)), 0);
    let read = Message::read(&bytes);
    assert_eq!((read.rcode(), extended_error(&read)), (Some(2), Some(22)));
    // For a moment it is not tried again.
    lab.log.clear();
    ask(&resolver, &mut lab, &query(1, "dead.lab.edu", A, RD, Some(false)), 4);
    assert_eq!(lab.log, [""; 0]);
    ask(&resolver, &mut lab, &query(1, "dead.lab.edu", A, RD, Some(false)), 5);
    assert!(!lab.log.is_empty());
    let circle = ask(&resolver, &mut lab, &query(1, "www.east.lab.edu", A, RD, Some(false)), 0);
    assert_eq!(Message::read(&circle).rcode(), Some(2));
}

#[test]
fn what_does_not_fit_is_truncated_and_comes_over_tcp() {
    let resolver = recursive();
    let mut lab = Lab::default();
    let query = query(1, "big.lab.edu", 16, RD, Some(false));
    let short = ask(&resolver, &mut lab, &query, 0);
    assert!(Message::read(&short).header.unwrap().is_truncated() && short.len() < 100);
    let answered = resolver.answer_at(&mut lab, &query, Carrier::Tcp, at(0));
    assert_eq!((answered.word, answered.by), (Word::Answer, By::Cache));
    assert!(answered.bytes.unwrap().len() > 1_232);
}

#[test]
fn some_questions_are_not_for_a_resolver() {
    let resolver = recursive();
    let mut lab = Lab::default();
    let mut other_class = query(1, "www.nyu.edu", A, RD, None);
    *other_class.last_mut().unwrap() = 3;
    for (query, code) in [
        (query(1, "www.nyu.edu", A, 0, None), 5),
        (query(1, "www.nyu.edu", 255, RD, None), 4),
        (query(1, "nyu.edu", 252, RD, None), 4),
        (query(1, "www.signed.edu", RRSIG, RD, None), 4),
        (query(1, "www.nyu.edu", A, RD | 0x2000, None), 4),
        (other_class, 5),
    ] {
        let bytes = ask(&resolver, &mut lab, &query, 0);
        assert_eq!(Message::read(&bytes).rcode(), Some(code), "{query:?}");
    }
    assert_eq!(lab.log, [""; 0]);
}

/// The internet, whose first answer waits for a word.
struct Held(Lab, Option<Receiver<()>>);

impl DnsTransport for Held {
    fn now(&mut self) -> TimeDelta {
        self.0.now()
    }

    fn send(&mut self, to: SocketAddr, query: &[u8], over: Over, until: TimeDelta) -> Result<(), NoReply> {
        if let Some(word) = self.1.take() {
            word.recv().unwrap();
        }
        self.0.send(to, query, over, until)
    }

    fn receive(&mut self, until: TimeDelta) -> Result<(SocketAddr, Vec<u8>), NoReply> {
        self.0.receive(until)
    }
}

impl Network for Held {
    fn wall_clock(&self) -> u32 {
        self.0.wall_clock()
    }

    fn is_over(&self) -> bool {
        false
    }
}

#[test]
fn a_question_that_is_under_way_is_not_asked_again() {
    let resolver = recursive();
    let query = query(1, "www.nyu.edu", A, RD, None);
    let asked: usize = thread::scope(|scope| {
        let mut threads = Vec::new();
        let mut words = Vec::new();
        for _ in 0..8 {
            let (word, held) = channel();
            words.push(word);
            let (resolver, query) = (&resolver, &query);
            threads.push(scope.spawn(move || {
                let mut held = Held(Lab::default(), Some(held));
                let answered = resolver.answer_at(&mut held, query, Carrier::Udp, at(0));
                assert_eq!(answered.word, Word::Answer);
                held.0.log.len()
            }));
        }
        for word in words {
            // Those that ask nobody are not waiting for it.
            let _ = word.send(());
        }
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(asked, 5);
}

/// The internet where nothing may be kept; whoever asks first waits until all others wait for it.
struct Fleeting<'a>(Lab, &'a AtomicUsize);

impl DnsTransport for Fleeting<'_> {
    fn now(&mut self) -> TimeDelta {
        self.0.now()
    }

    fn send(&mut self, to: SocketAddr, query: &[u8], over: Over, until: TimeDelta) -> Result<(), NoReply> {
        while self.1.load(Ordering::Acquire) < 7 {
            thread::sleep(Duration::from_millis(1));
        }
        self.0.send(to, query, over, until)
    }

    fn receive(&mut self, until: TimeDelta) -> Result<(SocketAddr, Vec<u8>), NoReply> {
        self.0.receive(until)
    }
}

impl Network for Fleeting<'_> {
    fn wall_clock(&self) -> u32 {
        self.0.wall_clock()
    }

    /// Asked by those that wait.
    fn is_over(&self) -> bool {
        self.1.fetch_add(1, Ordering::AcqRel);
        false
    }
}

/// An answer's records with a time to live of 0, where it has authority and is not signed.
fn fleeting() -> Tamper {
    Box::new(|server, _, mut answer| {
        let read = Message::read(&answer);
        let is_plain =
            read.header.unwrap().is_authoritative() && !read.records.iter().any(|r| r.kind == RRSIG);
        let places: Vec<usize> = read.section(Section::Answer).map(|r| r.data_at).collect();
        for place in places.into_iter().filter(|_| is_plain) {
            answer[place - 6..place - 2].fill(0);
        }
        vec![(server, answer)]
    })
}

#[test]
fn who_waits_for_a_question_has_its_answer_though_it_may_not_be_kept() {
    let resolver = recursive();
    let query = query(1, "www.nyu.edu", A, RD, None);
    let waiting = AtomicUsize::new(0);
    let asked: Vec<usize> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut lab = Fleeting(Lab { tamper: Some(fleeting()), ..Lab::default() }, &waiting);
                    let answered = resolver.answer_at(&mut lab, &query, Carrier::Udp, at(0));
                    assert_eq!(records(&answered.bytes.unwrap(), Section::Answer), [(A, 0)]);
                    lab.0.log.len()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!((asked.iter().sum::<usize>(), asked.iter().filter(|asked| **asked > 0).count()), (5, 1));
    // Who comes later asks again.
    let mut lab = Lab { tamper: Some(fleeting()), ..Lab::default() };
    ask(&resolver, &mut lab, &query, 0);
    assert_eq!(lab.log.len(), 1, "{:?}", lab.log);
}

#[test]
fn what_is_remembered_is_answered_at_once_and_nothing_else() {
    let resolver = recursive();
    let at_once = |name: &str, kind: u16, flags: u16| {
        let answered = resolver.answer_at_once(&query(3, name, kind, flags, None), Carrier::Udp)?;
        Some((answered.by, Message::read(&answered.bytes.unwrap()).rcode().unwrap()))
    };
    let names = [("www.nyu.edu", 0), ("no.signed.edu", 3), ("www.bogus.edu", 2), ("away.lab.edu", 0)];
    for (name, code) in names {
        assert_eq!(at_once(name, A, RD), None, "{name}");
        ask(&resolver, &mut Lab::default(), &query(1, name, A, RD, None), 0);
        assert_eq!(at_once(name, A, RD), Some((By::Cache, code)), "{name}");
    }
    // An alias whose end is not remembered has to be followed.
    ask(&resolver, &mut Lab::default(), &query(1, "away.lab.edu", 5, RD, None), 0);
    assert_eq!(
        (at_once("away.lab.edu", 5, RD), at_once("away.lab.edu", AAAA, RD)),
        (Some((By::Cache, 0)), None)
    );
    assert_eq!(at_once("www.nyu.edu", A, 0), Some((By::Itself, 5)));
    assert_eq!(at_once("nyu.edu", 252, RD), Some((By::Itself, 4)));
    let silent = resolver.answer_at_once(b"short", Carrier::Udp).unwrap();
    assert_eq!((silent.bytes, silent.word), (None, Word::Silence));
}
