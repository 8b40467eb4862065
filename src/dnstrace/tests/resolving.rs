use std::net::SocketAddr;

use super::super::*;
use super::internet::{Internet, options};
use super::wire::{self, AA, CNAME, NS, TC, address, message, name, names, soa};
use crate::time::TimeDelta;

fn words(trace: &DnsTrace) -> Vec<&'static str> {
    trace.steps.iter().map(|step| step.outcome.word()).collect()
}

/// `edu.` refers `nyu.edu.` to its own server at 127.0.0.4.
fn nyu() -> Internet {
    Internet::new().with("127.0.0.2", |query| query.refer("nyu.edu", "ns.nyu.edu", Some("127.0.0.4")))
}

#[test]
fn a_name_is_found_from_the_root_down() {
    let mut internet = nyu().with("127.0.0.4", |query| query.answer("192.0.2.1"));
    let trace = internet.trace("www.nyu.edu");
    assert_eq!(words(&trace), ["referral", "referral", "answer"]);
    assert_eq!((trace.ending, trace.start), (Ending::Answer, Start::Root));
    assert_eq!(trace.steps[2].server.name, Some(name("ns.nyu.edu")));
    assert_eq!(trace.steps[2].server.known_by, KnownBy::Glue(name("edu")));
    assert_eq!(trace.steps[2].zone, name("nyu.edu"));
}

#[test]
fn what_does_not_exist_ends_with_its_word() {
    for (flags, word, ending) in [(AA | 3, "nxdomain", Ending::NxDomain), (AA, "nodata", Ending::NoData)] {
        let mut internet =
            nyu().with("127.0.0.4", move |query| query.reply(flags, [&[], &[soa("nyu.edu")], &[]]));
        let trace = internet.trace("no.nyu.edu");
        assert_eq!((words(&trace)[2], trace.ending), (word, ending));
    }
}

#[test]
fn the_next_server_is_asked_where_one_is_of_no_use() {
    for (flags, authority, word) in [
        (0, None, "lame"),
        (0, Some("."), "lame"),
        (0, Some("nyu.edu"), "sideways_referral"),
        (0, Some("com"), "bad_referral"),
        (2, None, "servfail"),
        (5, None, "refused"),
        (1, None, "error"),
    ] {
        let bad = move |query: &super::internet::Query| {
            let authority: Vec<_> = authority.iter().map(|zone| names(zone, NS, "ns.x")).collect();
            query.reply(flags, [&[], &authority, &[]])
        };
        let servers = [names("nyu.edu", NS, "n1.nyu.edu"), names("nyu.edu", NS, "n2.nyu.edu")];
        let glue = [address("n1.nyu.edu", "127.0.0.4"), address("n2.nyu.edu", "127.0.0.5")];
        let mut bad_alone = Internet::new()
            .with("127.0.0.2", |query| query.refer("nyu.edu", "ns.nyu.edu", Some("127.0.0.4")))
            .with("127.0.0.4", bad);
        let trace = bad_alone.trace("www.nyu.edu");
        assert_eq!(words(&trace), ["referral", "referral", word]);
        assert_eq!(trace.ending, Ending::NoServer(name("nyu.edu")), "{word}");
        let mut with_good = Internet::new()
            .with("127.0.0.2", move |query| query.reply(0, [&[], &servers, &glue]))
            .with("127.0.0.4", bad)
            .with("127.0.0.5", |query| query.answer("192.0.2.1"));
        assert_eq!(with_good.trace("www.nyu.edu").ending, Ending::Answer, "{word}");
    }
}

#[test]
fn silence_is_asked_again_and_ends() {
    let trace = nyu().trace("www.nyu.edu");
    assert_eq!(words(&trace), ["referral", "referral", "timeout", "timeout"]);
    assert_eq!(trace.ending, Ending::NoServer(name("nyu.edu")));
}

#[test]
fn the_order_of_servers_follows_from_the_seed() {
    let order = |seed, is_reversed| {
        let mut numbers: Vec<u32> = (1..9).collect();
        if is_reversed {
            numbers.reverse();
        }
        let servers: Vec<_> = numbers.iter().map(|at| names("edu", NS, &format!("n{at}.edu"))).collect();
        let glue: Vec<_> =
            numbers.iter().map(|at| address(&format!("n{at}.edu"), &format!("127.0.1.{at}"))).collect();
        let mut internet =
            Internet::default().with("127.0.0.1", move |query| query.reply(0, [&[], &servers, &glue]));
        let asked = Asked { name: name("x.edu"), kind: wire::A };
        resolve(&mut internet, &asked, &TraceOptions { seed, ..options() });
        internet.log
    };
    assert_ne!(order(5, false), order(6, false));
    // Servers turn the records of a set round from answer to answer.
    assert_eq!(order(5, false), order(5, true));
}

#[test]
fn servers_without_glue_are_looked_up_first() {
    let mut internet = Internet::new()
        .with("127.0.0.2", |query| query.refer("nyu.edu", "ns.nyu.com", None))
        .with("127.0.0.3", |query| query.answer("127.0.0.4"))
        .with("127.0.0.4", |query| query.answer("192.0.2.1"));
    let trace = internet.trace("www.nyu.edu");
    assert_eq!((words(&trace), &trace.ending), (vec!["referral", "referral", "answer"], &Ending::Answer));
    assert_eq!(trace.steps[2].server.known_by, KnownBy::LookedUp);
    let nested = &trace.steps[2].nested[0];
    assert_eq!((nested.asked.name.clone(), words(nested)), (name("ns.nyu.com"), vec!["referral", "answer"]));
}

#[test]
fn addresses_outside_the_bailiwick_are_not_used() {
    // Who serves edu. says where ns.bank.com is: that is looked up all the same.
    let mut internet = Internet::new()
        .with("127.0.0.2", |query| query.refer("nyu.edu", "ns.bank.com", Some("127.0.0.66")))
        .with("127.0.0.3", |query| query.answer("127.0.0.4"))
        .with("127.0.0.4", |query| query.answer("192.0.2.1"))
        .with("127.0.0.66", |_| panic!("the poisoned server is asked"));
    let trace = internet.trace("www.nyu.edu");
    assert_eq!(trace.ending, Ending::Answer);
    assert!(internet.log.iter().all(|(to, _)| to.to_string() != "127.0.0.66"));
}

#[test]
fn delegations_in_a_circle_end() {
    // One points at itself, two at each other.
    let mut itself = Internet::new().with("127.0.0.2", |query| query.refer("nyu.edu", "ns.nyu.edu", None));
    assert_eq!(itself.trace("www.nyu.edu").ending, Ending::Circle(name("ns.nyu.edu")));
    let mut each_other = Internet::new()
        .with("127.0.0.2", |query| query.refer("nyu.edu", "ns.nyu.com", None))
        .with("127.0.0.3", |query| query.refer("nyu.com", "ns.nyu.edu", None));
    let trace = each_other.trace("www.nyu.edu");
    assert!(matches!(trace.ending, Ending::Circle(_)), "{:?}", trace.ending);
    assert_eq!(trace.fruitless.len(), 1);
}

#[test]
fn look_ups_within_look_ups_have_a_bottom() {
    // Each server's name is in a zone of its own, whose server's name is in another.
    let mut internet = Internet::default().with("127.0.0.1", |query| {
        let last = query.name.last_labels(1).to_string();
        let number: u32 = last.trim_end_matches('.').trim_start_matches('z').parse().unwrap_or(0);
        query.refer(&last, &format!("ns.z{}", number + 1), None)
    });
    let trace = internet.trace("www.z0");
    assert_eq!(trace.ending, Ending::Spent(Budget::Depth));
}

#[test]
fn referrals_without_end_spend_the_queries() {
    // Every answer refers one label further down.
    let long = ["a"; 100].join(".");
    let mut internet = Internet::default().with("127.0.0.1", |query| {
        thread_local!(static DEPTH: std::cell::Cell<usize> = const { std::cell::Cell::new(0) });
        let labels = DEPTH.get() + 1;
        DEPTH.set(labels);
        let zone = query.name.last_labels(labels).to_string();
        query.refer(&zone, &format!("ns.{zone}"), Some("127.0.0.1"))
    });
    assert_eq!(internet.trace(&long).ending, Ending::Spent(Budget::Queries));
}

#[test]
fn time_is_a_budget_too() {
    let asked = Asked { name: name("www.nyu.edu"), kind: wire::A };
    let short = TraceOptions { max_time: TimeDelta::from_nanos(1_500_000_000), tries: 5, ..options() };
    assert_eq!(resolve(&mut nyu(), &asked, &short).ending, Ending::Spent(Budget::Time));
}

#[test]
fn aliases_are_followed_across_zones_and_circles_end() {
    let mut good = nyu()
        .with("127.0.0.4", |query| {
            query.reply(
                AA,
                [&[names("www.nyu.edu", CNAME, "cdn.com"), address("cdn.com", "192.0.2.66")], &[], &[]],
            )
        })
        .with("127.0.0.3", |query| query.answer("192.0.2.1"));
    let trace = good.trace("www.nyu.edu");
    assert_eq!(words(&trace), ["referral", "referral", "alias", "referral", "answer"]);
    assert_eq!(trace.steps[4].asked.name, name("cdn.com"));
    let mut circle = nyu()
        .with("127.0.0.4", |query| query.reply(AA, [&[names("www.nyu.edu", CNAME, "cdn.com")], &[], &[]]))
        .with("127.0.0.3", |query| query.reply(AA, [&[names("cdn.com", CNAME, "www.nyu.edu")], &[], &[]]));
    assert_eq!(circle.trace("www.nyu.edu").ending, Ending::AliasLoop);
    // A chain that never ends.
    let mut long = nyu().with("127.0.0.4", |query| {
        let number = query.name.to_string().trim_start_matches('x').split('.').next().unwrap().parse::<u32>();
        let (from, to) = (query.name.to_string(), format!("x{}.nyu.edu", number.unwrap_or(0) + 1));
        query.reply(AA, [&[names(&from, CNAME, &to)], &[], &[]])
    });
    assert_eq!(long.trace("x0.nyu.edu").ending, Ending::Spent(Budget::Aliases));
}

#[test]
fn responses_that_do_not_fit_are_ignored() {
    for (why, good_follows) in
        [(Misfit::Source, true), (Misfit::Id(9), true), (Misfit::Question, true), (Misfit::NoResponse, false)]
    {
        let mut internet = nyu().with("127.0.0.4", move |query| {
            let evil = [address("www.nyu.edu", "192.0.2.66")];
            let text = query.name.to_string();
            let elsewhere: SocketAddr = "127.0.0.66:53".parse().unwrap();
            let mut sent = vec![match why {
                Misfit::Source => (elsewhere, query.answer("192.0.2.66").remove(0).1),
                Misfit::Id(id) => (query.server, message(id, wire::QR | AA, (&text, 1), [&evil, &[], &[]])),
                Misfit::Question => {
                    (query.server, message(query.id, wire::QR | AA, ("evil.edu", 1), [&evil, &[], &[]]))
                }
                Misfit::NoResponse | Misfit::Again => {
                    (query.server, message(query.id, 0, (&text, 1), [&[], &[], &[]]))
                }
            }];
            if good_follows {
                sent.extend(query.answer("192.0.2.1"));
            }
            sent
        });
        let trace = internet.trace("www.nyu.edu");
        let last = trace.steps.last().unwrap();
        assert_eq!(last.ignored[0].why, why);
        assert_eq!(last.outcome.word(), if good_follows { "answer" } else { "mismatch" });
    }
}

#[test]
fn a_flood_of_misfits_is_left() {
    let mut internet = nyu().with("127.0.0.4", |query| {
        (0..10_000).map(|_| (query.server, message(query.id, 0, ("x", 1), [&[], &[], &[]]))).collect()
    });
    let trace = internet.trace("www.nyu.edu");
    assert_eq!(trace.steps.last().unwrap().ignored.len(), MAX_IGNORED);
    assert_eq!(trace.steps.last().unwrap().outcome, StepOutcome::Mismatch);
}

#[test]
fn truncated_responses_are_asked_for_over_tcp() {
    let mut internet = nyu().with("127.0.0.4", |query| match query.over {
        Over::Udp => query.reply(TC, [&[], &[], &[]]),
        Over::Tcp => {
            let many: Vec<_> = (0..4000).map(|_| address("www.nyu.edu", "192.0.2.1")).collect();
            let mut reply = query.reply(AA, [&many[..2300], &[], &[]]);
            reply[0].1.truncate(65_535);
            reply
        }
    });
    let trace = internet.trace("www.nyu.edu");
    assert_eq!(words(&trace)[2..], ["truncated", "answer"]);
    assert!(trace.steps[3].size.unwrap() > 60_000);
    let mut twice = nyu().with("127.0.0.4", |query| query.reply(TC, [&[], &[], &[]]));
    assert_eq!(twice.trace("www.nyu.edu").ending, Ending::NoServer(name("nyu.edu")));
}

#[test]
fn messages_cut_at_every_byte_and_pointers_in_circles_end() {
    let whole = |query: &super::internet::Query| query.answer("192.0.2.1").remove(0).1;
    for cut in 0..56 {
        let mut internet = nyu().with("127.0.0.4", move |query| {
            let mut bytes = whole(query);
            bytes.truncate(cut);
            vec![(query.server, bytes)]
        });
        let word = internet.trace("www.nyu.edu").steps.last().unwrap().outcome.word();
        assert!(["mismatch", "damaged"].contains(&word), "cut at {cut}: {word}");
    }
    let mut circle = nyu().with("127.0.0.4", |query| {
        let mut bytes = query.reply(AA, [&[], &[], &[]]).remove(0).1;
        let at = bytes.len();
        bytes[7] = 1;
        bytes.extend([0xc0, u8::try_from(at).unwrap(), 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4]);
        vec![(query.server, bytes)]
    });
    assert_eq!(circle.trace("www.nyu.edu").steps.last().unwrap().outcome.word(), "damaged");
}

#[test]
fn servers_elsewhere_are_not_asked() {
    let mut internet =
        Internet::new().with("127.0.0.2", |query| query.refer("nyu.edu", "n.nyu.edu", Some("192.0.2.1")));
    let trace = internet.trace("www.nyu.edu");
    let last = trace.steps.last().unwrap();
    assert_eq!((&last.outcome, last.sent), (&StepOutcome::NotAllowed, 0));
}

/// Records until a message has no room for more.
fn filled(record: impl Fn(usize) -> Vec<u8>) -> Vec<Vec<u8>> {
    let mut left = 65_000_usize;
    let fits = |record: &Vec<u8>| {
        left = left.saturating_sub(record.len());
        left > 0
    };
    (0..).map(record).take_while(fits).collect()
}

#[test]
fn responses_of_64_kilobytes_end_within_the_budgets() {
    let chain = filled(|at| names(&format!("x{at}.nyu.edu"), CNAME, &format!("x{}.nyu.edu", at + 1)));
    let down = filled(|at| names("nyu.edu", wire::DNAME, &format!("x{at}.nyu.edu")));
    let servers = filled(|at| names("www.nyu.edu", NS, &format!("n{at}.com")));
    let poison = filled(|at| address(&format!("n{at}.com"), "127.0.0.66"));
    let evil = filled(|_| address("\\027[2J.\\000\\.\\\\.nyu.edu", "127.0.0.66"));
    let none = Vec::new();
    for (flags, sections, ending) in [
        (AA, [&chain, &none, &none], Ending::Spent(Budget::Aliases)),
        (AA, [&down, &none, &none], Ending::Spent(Budget::Aliases)),
        // Of thousands of servers without addresses a few are looked up.
        (0, [&none, &servers, &none], Ending::NoServer(name("www.nyu.edu"))),
        (0, [&none, &none, &poison], Ending::NoServer(name("nyu.edu"))),
        (AA, [&evil, &none, &none], Ending::NoServer(name("nyu.edu"))),
    ] {
        let sections = sections.map(Clone::clone);
        let kinds = sections.each_ref().map(Vec::len);
        let mut internet = nyu()
            .with("127.0.0.3", |query| query.reply(AA | 3, [&[], &[soa("com")], &[]]))
            .with("127.0.0.4", move |query| query.reply(flags, sections.each_ref().map(Vec::as_slice)));
        let trace = internet.trace(if kinds[0] > 0 && ending == Ending::Spent(Budget::Aliases) {
            "x0.nyu.edu"
        } else {
            "www.nyu.edu"
        });
        assert!(trace.steps[2].size.unwrap() > 60_000, "{kinds:?}");
        assert_eq!(trace.ending, ending, "{kinds:?}");
        assert!(internet.log.len() < 20, "{kinds:?}: {} queries", internet.log.len());
    }
}
