use super::super::*;
use super::wire::{self, AA, CNAME, DNAME, NS, QR, TC, address, message, name, names, soa};
use crate::proto::dns::Message;

fn asked(text: &str) -> Asked {
    Asked { name: name(text), kind: wire::A }
}

fn judged(zone: &str, about: &str, flags: u16, sections: [&[Vec<u8>]; 3]) -> StepOutcome {
    let bytes = message(7, flags, (about, wire::A), sections);
    judge(&name(zone), &asked(about), &Message::read(&bytes))
}

#[test]
fn answers_are_believed_within_the_zone_only() {
    let good = [address("www.nyu.edu", "192.0.2.1")];
    let answer = judged("nyu.edu", "www.nyu.edu", QR | AA, [&good, &[], &[]]);
    assert_eq!(answer, StepOutcome::Answer { authoritative: true, aliases: Vec::new() });
    let other = [address("www.com", "192.0.2.1")];
    assert_eq!(judged("nyu.edu", "www.nyu.edu", QR | AA, [&other, &[], &[]]), StepOutcome::Unrelated);
    // A server of nyu.edu. has no say in what an alias outside leads to.
    let outside = [names("www.nyu.edu", CNAME, "cdn.net"), address("cdn.net", "192.0.2.66")];
    let StepOutcome::Alias { aliases, .. } = judged("nyu.edu", "www.nyu.edu", QR | AA, [&outside, &[], &[]])
    else {
        panic!("an alias that leads out of the zone");
    };
    assert_eq!(aliases.last().unwrap().to, name("cdn.net"));
}

#[test]
fn aliases_are_followed_within_the_zone_and_loops_seen() {
    let chain =
        [names("a.edu", CNAME, "b.edu"), names("b.edu", CNAME, "c.edu"), address("c.edu", "192.0.2.1")];
    let StepOutcome::Answer { aliases, authoritative: false } =
        judged("edu", "a.edu", QR, [&chain, &[], &[]])
    else {
        panic!("an answer behind two aliases");
    };
    assert_eq!(aliases.len(), 2);
    let circle = [names("a.edu", CNAME, "b.edu"), names("b.edu", CNAME, "A.edu")];
    let outcome = judged("edu", "a.edu", QR | AA, [&circle, &[], &[]]);
    assert!(matches!(&outcome, StepOutcome::AliasLoop(aliases) if aliases.len() == 2), "{outcome:?}");
    // As BIND says it; any other SERVFAIL stays one.
    assert_eq!(judged("edu", "a.edu", QR | AA | 2, [&circle, &[], &[]]), outcome);
    assert_eq!(judged("edu", "a.edu", QR | AA | 2, [&chain, &[], &[]]), StepOutcome::Failed(2));
    let above = [names("edu", DNAME, "org")];
    let StepOutcome::Alias { aliases, .. } = judged("edu", "a.b.edu", QR | AA, [&above, &[], &[]]) else {
        panic!("an alias by DNAME");
    };
    assert_eq!((&aliases[0].to, aliases[0].kind), (&name("a.b.org"), AliasKind::Dname));
}

#[test]
fn referrals_lead_down_and_to_the_name_or_are_bad() {
    let glue = [
        address("ns.nyu.edu", "192.0.2.1"),
        address("ns.other.com", "192.0.2.2"),
        address("www.bank.com", "192.0.2.66"),
    ];
    let servers = [names("nyu.edu", NS, "ns.nyu.edu"), names("nyu.edu", NS, "ns.other.com")];
    let StepOutcome::Referral(referral) = judged("edu", "www.nyu.edu", QR, [&[], &servers, &glue]) else {
        panic!("a referral");
    };
    assert_eq!(referral.zone, name("nyu.edu"));
    assert_eq!(referral.servers[0].glue, ["192.0.2.1".parse::<std::net::IpAddr>().unwrap()]);
    assert!(referral.servers[1].glue.is_empty(), "edu. has no say in com.");
    assert_eq!(referral.servers[1].outside.len(), 1);
    assert_eq!(referral.stray, 1);
    let to = |zone: &str, flags| {
        let servers = [names(zone, NS, "ns.x")];
        judged("edu", "www.nyu.edu", flags, [&[], &servers, &[]])
    };
    assert_eq!(to("edu", QR), StepOutcome::SidewaysReferral(name("edu")));
    assert_eq!(to(".", QR), StepOutcome::Lame { refers_to: Some(Domain::root()) });
    assert_eq!(to("com", QR), StepOutcome::BadReferral(name("com")));
    assert_eq!(to("mit.edu", QR), StepOutcome::BadReferral(name("mit.edu")));
    assert!(matches!(to("edu", QR | AA), StepOutcome::NoData { ttl: None, .. }));
    assert_eq!(judged("edu", "a.edu", QR, [&[], &[], &[]]), StepOutcome::Lame { refers_to: None });
}

#[test]
fn referrals_of_a_thousand_servers_are_cut() {
    let servers: Vec<_> = (0..1000).map(|at| names("nyu.edu", NS, &format!("n{at}.nyu.edu"))).collect();
    let glue: Vec<_> = (1..99).map(|at| address("n0.nyu.edu", &format!("192.0.2.{at}"))).collect();
    let StepOutcome::Referral(referral) = judged("edu", "nyu.edu", QR, [&[], &servers, &glue]) else {
        panic!("a referral");
    };
    assert_eq!((referral.servers.len(), referral.left_out), (MAX_SERVERS, 1000 - MAX_SERVERS));
    assert_eq!(referral.servers[0].glue.len(), MAX_ADDRESSES);
}

#[test]
fn what_is_not_there_is_told_with_its_time() {
    let proof = [soa("nyu.edu")];
    let none = judged("nyu.edu", "no.nyu.edu", QR | AA | 3, [&[], &proof, &[]]);
    assert_eq!(none, StepOutcome::NxDomain { authoritative: true, aliases: Vec::new(), ttl: Some(300) });
    let nodata = judged("nyu.edu", "nyu.edu", QR | AA, [&[], &proof, &[]]);
    assert_eq!(nodata, StepOutcome::NoData { authoritative: true, aliases: Vec::new(), ttl: Some(300) });
    let foreign = [soa("com")];
    let outcome = judged("nyu.edu", "nyu.edu", QR | AA, [&[], &foreign, &[]]);
    assert!(matches!(outcome, StepOutcome::NoData { ttl: None, .. }), "{outcome:?}");
}

#[test]
fn failures_have_words() {
    for (flags, word) in
        [(QR | 2, "servfail"), (QR | 5, "refused"), (QR | 4, "error"), (QR | TC, "truncated")]
    {
        assert_eq!(judged("edu", "a.edu", flags, [&[], &[], &[]]).word(), word);
    }
}

#[test]
fn a_message_cut_anywhere_is_judged() {
    let servers = [names("nyu.edu", NS, "ns.nyu.edu")];
    let glue = [address("ns.nyu.edu", "192.0.2.1")];
    let bytes = message(7, QR, ("www.nyu.edu", wire::A), [&[], &servers, &glue]);
    for end in 0..bytes.len() {
        let outcome = judge(&name("edu"), &asked("www.nyu.edu"), &Message::read(&bytes[..end]));
        assert_eq!(outcome.word(), "damaged", "cut at {end}");
    }
}
