//! `explain`: what name servers knew, and what caches hold when the capture ends.

use serde_json::Value;

use super::build::{A, AA, CLIENT, Capture, NS, OTHER, QR, QR_ONLY, RD, Rr, SERVER, message, name, soa};
use super::printed;

const WWW: (&str, u16) = ("www.nyu.edu", A);

fn address(owner: &'static str, last: u8) -> Rr {
    Rr(owner, A, vec![203, 0, 113, last])
}

fn asked(
    capture: &mut Capture,
    id: u16,
    server: ([u8; 4], u16),
    question: (&str, u16),
    flags: u16,
    sections: [&[Rr]; 3],
) {
    capture.udp(CLIENT, server, &message(id, flags & RD, question, [&[], &[], &[]]));
    capture.udp(server, CLIENT, &message(id, flags, question, sections));
}

/// A referral with glue, a whole answer, a name that is not there.
fn capture() -> Capture {
    let mut capture = Capture::new();
    let servers = [Rr("edu", NS, name("ns.edu"))];
    asked(
        &mut capture,
        1,
        SERVER,
        WWW,
        QR_ONLY,
        [&[], &servers, &[address("ns.edu", 1), address("evil.com", 9)]],
    );
    asked(
        &mut capture,
        2,
        OTHER,
        WWW,
        AA,
        [&[address("www.nyu.edu", 5), address("www.nyu.edu", 6)], &[], &[]],
    );
    asked(&mut capture, 3, OTHER, ("no.edu", A), AA | 3, [&[], &[soa("edu")], &[]]);
    capture
}

fn learnt(capture: &Capture) -> Value {
    let document: Value = serde_json::from_str(&printed(capture, &["explain", "--json"])).unwrap();
    document["dns"].clone()
}

/// Name, type or what, credibility and seconds that are left, of all that the first cache holds.
fn held(learnt: &Value) -> Vec<(String, String, u64)> {
    let of = |held: &Value| {
        let kind = held["type"].as_str().unwrap_or("nxdomain");
        let name = format!("{} {kind}", held["name"].as_str().unwrap());
        (name, held["credibility"].as_str().unwrap().to_owned(), held["ttl_left"].as_u64().unwrap())
    };
    learnt["caches"][0]["held"].as_array().unwrap().iter().map(of).collect()
}

fn is(name: &str, credibility: &str, left: u64) -> (String, String, u64) {
    (name.to_owned(), credibility.to_owned(), left)
}

#[test]
fn servers_and_caches_are_told() {
    let story = printed(&capture(), &["explain"]);
    let (_, end) = story.split_once("DNS: what each server knew").expect("the section is there");
    insta::assert_snapshot!(end);
    assert!(story.lines().all(|line| line.chars().count() <= 80), "{story}");
}

#[test]
fn caches_count_down_and_believe_the_better() {
    let mut capture = capture();
    let told = learnt(&capture);
    assert_eq!(told["servers"][0]["refers_to"][0]["zone"], "edu.");
    assert_eq!(told["servers"][1]["authority"][1]["zone"], "edu.");
    let first = [
        is("edu. NS", "referral", 300),
        is("ns.edu. A", "additional", 300),
        is("www.nyu.edu. A", "authoritative", 300),
        is("no.edu. nxdomain", "authoritative", 300),
    ];
    assert_eq!(held(&told), first);
    // Glue does not replace an answer; an answer replaces glue.
    capture.wait(100_000);
    asked(&mut capture, 4, OTHER, ("ns.edu", A), QR, [&[address("ns.edu", 7)], &[], &[]]);
    let servers = [Rr("nyu.edu", NS, name("www.nyu.edu"))];
    asked(&mut capture, 5, SERVER, ("x.nyu.edu", A), QR_ONLY, [&[], &servers, &[address("www.nyu.edu", 8)]]);
    let told = held(&learnt(&capture));
    assert!(told.contains(&is("ns.edu. A", "answer", 300)), "{told:?}");
    assert!(told.contains(&is("www.nyu.edu. A", "authoritative", 200)), "{told:?}");
    // Behind their time they are gone.
    capture.wait(250_000);
    asked(&mut capture, 6, SERVER, ("y.nyu.edu", A), AA | 3, [&[], &[], &[]]);
    let told = learnt(&capture);
    assert_eq!(told["caches"][0]["expired"], 3);
    assert!(!held(&told).iter().any(|held| held.0.starts_with("www")), "{told}");
}
