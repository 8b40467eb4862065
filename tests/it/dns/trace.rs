//! `dns --trace`: resolutions found again in captures.

use serde_json::Value;

use super::build::{A, AA, AAAA, CNAME, Capture, NS, QR, QR_ONLY, RD, Rr, TC, framed, message, name, soa};
use super::{printed, run};
use crate::cut::controls;

type Host = ([u8; 4], u16);

const STUB: Host = ([192, 0, 2, 9], 41_000);
/// A resolver, as the one who is asked, and as the one who asks.
const RESOLVER: Host = ([192, 0, 2, 10], 53);
const ASKING: Host = ([192, 0, 2, 10], 42_000);
const ROOT: Host = ([198, 51, 100, 1], 53);
const EDU: Host = ([198, 51, 100, 2], 53);
const NYU: Host = ([198, 51, 100, 3], 53);
const NET: Host = ([198, 51, 100, 4], 53);

/// A query that wants no recursion.
fn asks(id: u16, question: (&str, u16)) -> Vec<u8> {
    message(id, 0, question, [&[], &[], &[]])
}

fn address(owner: &'static str, host: Host) -> Rr {
    Rr(owner, A, host.0.to_vec())
}

fn ns(zone: &'static str, server: &str) -> Rr {
    Rr(zone, NS, name(server))
}

/// One query and its response.
fn step(capture: &mut Capture, id: u16, to: Host, question: (&str, u16), flags: u16, sections: [&[Rr]; 3]) {
    capture.udp(ASKING, to, &asks(id, question));
    capture.udp(to, ASKING, &message(id, flags, question, sections));
}

/// The root refers to edu., with glue.
fn root_refers(capture: &mut Capture, id: u16, question: (&str, u16)) {
    let glue = [address("a.edu-servers.net", EDU)];
    step(capture, id, ROOT, question, QR_ONLY, [&[], &[ns("edu", "a.edu-servers.net")], &glue]);
}

/// edu. refers to nyu.edu., with glue.
fn edu_refers(capture: &mut Capture, id: u16, question: (&str, u16)) {
    step(
        capture,
        id,
        EDU,
        question,
        QR_ONLY,
        [&[], &[ns("nyu.edu", "ns1.nyu.edu")], &[address("ns1.nyu.edu", NYU)]],
    );
}

fn nyu_answers(capture: &mut Capture, id: u16) {
    let answer = [Rr("www.nyu.edu", A, vec![203, 0, 113, 5])];
    step(capture, id, NYU, ("www.nyu.edu", A), AA, [&answer, &[ns("nyu.edu", "ns1.nyu.edu")], &[]]);
}

const WWW: (&str, u16) = ("www.nyu.edu", A);

fn document(capture: &Capture, more: &[&str]) -> Value {
    let args = [&["dns", "--trace", "--json"], more].concat();
    let document: Value = serde_json::from_str(&printed(capture, &args)).unwrap();
    assert_eq!(document["schema"], "wirelab.traces/1");
    document
}

/// For each trace what was asked, and of each step zone and outcome.
fn steps(document: &Value) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let told = |trace: &Value| {
        let asked = format!("{} {}", text(&trace["asked"]["name"]), text(&trace["asked"]["type"]));
        let steps = trace["steps"].as_array().unwrap().iter();
        (asked, steps.map(|step| format!("{} {}", text(&step["zone"]), text(&step["outcome"]))).collect())
    };
    document["traces"].as_array().unwrap().iter().map(told).collect()
}

fn one(asked: &str, steps: &[&str]) -> (String, Vec<String>) {
    (asked.to_owned(), steps.iter().map(|step| (*step).to_owned()).collect())
}

#[test]
fn a_resolver_is_followed_down_for_its_client() {
    let mut capture = Capture::new();
    capture.udp(STUB, RESOLVER, &message(1, RD, WWW, [&[], &[], &[]]));
    root_refers(&mut capture, 2, WWW);
    edu_refers(&mut capture, 3, WWW);
    nyu_answers(&mut capture, 4);
    let answer = [Rr("www.nyu.edu", A, vec![203, 0, 113, 5])];
    capture.udp(RESOLVER, STUB, &message(1, QR, WWW, [&answer, &[], &[]]));
    capture.udp(STUB, RESOLVER, &message(5, RD, WWW, [&[], &[], &[]]));
    capture.udp(RESOLVER, STUB, &message(5, QR, WWW, [&answer, &[], &[]]));
    let found = document(&capture, &[]);
    assert_eq!(steps(&found), [one("www.nyu.edu. A", &[". referral", "edu. referral", "nyu.edu. answer"])]);
    let trace = &found["traces"][0];
    assert_eq!(trace["client"]["address"], "192.0.2.9");
    assert_eq!(
        (&trace["client"]["query_packet"], &trace["client"]["response_packet"]),
        (&1.into(), &8.into())
    );
    assert_eq!((&trace["ending"], &trace["minimised"]), (&"answer".into(), &false.into()));
    assert_eq!(trace["steps"][1]["server"]["name"], "a.edu-servers.net.");
    assert_eq!(trace["steps"][2]["server"]["known_by"], "glue");
    assert_eq!(trace["steps"][2]["query_packets"], serde_json::json!([6]));
    // The second question is answered without asking anybody.
    assert_eq!(found["cached"][0]["query_packet"], 9);
    insta::assert_snapshot!(printed(&capture, &["dns", "--trace"]));
}

#[test]
fn a_question_that_is_passed_on_belongs_to_one_resolution() {
    const FORWARDER: Host = ([192, 0, 2, 20], 53);
    const FORWARDING: Host = ([192, 0, 2, 20], 43_000);
    let answer = [Rr("www.nyu.edu", A, vec![203, 0, 113, 5])];
    let mut capture = Capture::new();
    let ask = |capture: &mut Capture, id| {
        capture.udp(STUB, FORWARDER, &message(id, RD, WWW, [&[], &[], &[]]));
        capture.udp(FORWARDING, RESOLVER, &message(id + 1, RD, WWW, [&[], &[], &[]]));
    };
    let reply = |capture: &mut Capture, id| {
        capture.udp(RESOLVER, FORWARDING, &message(id + 1, QR, WWW, [&answer, &[], &[]]));
        capture.udp(FORWARDER, STUB, &message(id, QR, WWW, [&answer, &[], &[]]));
    };
    ask(&mut capture, 1);
    root_refers(&mut capture, 3, WWW);
    edu_refers(&mut capture, 4, WWW);
    nyu_answers(&mut capture, 5);
    reply(&mut capture, 1);
    // Another time it is remembered: by the one that was asked last.
    ask(&mut capture, 11);
    reply(&mut capture, 11);
    let found = document(&capture, &[]);
    assert_eq!(steps(&found), [one("www.nyu.edu. A", &[". referral", "edu. referral", "nyu.edu. answer"])]);
    let packets = |side: &Value| {
        let number = |name: &str| side[name].as_u64().unwrap();
        (side["address"].as_str().unwrap().to_owned(), number("query_packet"), number("response_packet"))
    };
    let nearest = &found["traces"][0]["client"];
    assert_eq!(found["traces"][0]["resolver"], "192.0.2.10");
    assert_eq!(packets(nearest), ("192.0.2.20".to_owned(), 2, 9));
    assert_eq!(packets(&nearest["on_behalf_of"][0]), ("192.0.2.9".to_owned(), 1, 10));
    assert_eq!(found["cached"].as_array().unwrap().len(), 1);
    assert_eq!(packets(&found["cached"][0]), ("192.0.2.20".to_owned(), 12, 13));
    let text = printed(&capture, &["dns", "--trace"]);
    assert!(
        text.contains("192.0.2.9 asks 192.0.2.20 (packets 1 and 10), which passes the question on."),
        "{text}"
    );
}

#[test]
fn keys_are_asked_for_to_check_an_answer() {
    let keys =
        |capture: &mut Capture, id| step(capture, id, ROOT, ("", 48), AA, [&[Rr("", 48, vec![1])], &[], &[]]);
    let mut capture = Capture::new();
    capture.udp(STUB, RESOLVER, &message(1, RD, WWW, [&[], &[], &[]]));
    root_refers(&mut capture, 2, WWW);
    edu_refers(&mut capture, 3, WWW);
    nyu_answers(&mut capture, 4);
    keys(&mut capture, 5);
    capture.udp(
        RESOLVER,
        STUB,
        &message(1, QR, WWW, [&[Rr("www.nyu.edu", A, vec![203, 0, 113, 5])], &[], &[]]),
    );
    // By then nobody waits for an answer.
    keys(&mut capture, 6);
    let found = document(&capture, &[]);
    let checked: Vec<&Value> =
        found["traces"].as_array().unwrap().iter().map(|trace| &trace["to_check"]["name"]).collect();
    assert_eq!(checked, [&Value::Null, &"www.nyu.edu.".into(), &Value::Null]);
}

#[test]
fn an_alias_whose_end_is_remembered_is_answered() {
    let mut capture = Capture::new();
    capture.udp(STUB, RESOLVER, &message(1, RD, WWW, [&[], &[], &[]]));
    root_refers(&mut capture, 2, WWW);
    edu_refers(&mut capture, 3, WWW);
    let alias = Rr("www.nyu.edu", CNAME, name("www.cdn.net"));
    step(&mut capture, 4, NYU, WWW, AA, [std::slice::from_ref(&alias), &[], &[]]);
    let address = Rr("www.cdn.net", A, vec![203, 0, 113, 6]);
    capture.udp(RESOLVER, STUB, &message(1, QR, WWW, [&[alias, address], &[], &[]]));
    let found = document(&capture, &[]);
    let trace = &found["traces"][0];
    assert_eq!((&trace["ending"], &trace["rest_remembered"]), (&"answer".into(), &true.into()));
    assert!(printed(&capture, &["dns", "--trace"]).contains("nobody was asked for it"));
}

#[test]
fn names_that_grow_are_one_resolution_and_types_are_two() {
    let mut capture = Capture::new();
    root_refers(&mut capture, 2, ("edu", NS));
    edu_refers(&mut capture, 3, ("nyu.edu", NS));
    // Both types are asked for at once.
    capture.udp(ASKING, NYU, &asks(4, WWW));
    capture.udp(ASKING, NYU, &asks(5, ("www.nyu.edu", AAAA)));
    let none = message(5, AA, ("www.nyu.edu", AAAA), [&[], &[soa("nyu.edu")], &[]]);
    capture.udp(NYU, ASKING, &none);
    capture.udp(NYU, ASKING, &message(4, AA, WWW, [&[Rr("www.nyu.edu", A, vec![203, 0, 113, 5])], &[], &[]]));
    let found = document(&capture, &[]);
    let a = one("www.nyu.edu. A", &[". referral", "edu. referral", "nyu.edu. answer"]);
    assert_eq!(steps(&found), [a, one("www.nyu.edu. AAAA", &["nyu.edu. nodata"])]);
    assert_eq!(
        (&found["traces"][0]["minimised"], &found["traces"][1]["minimised"]),
        (&true.into(), &false.into())
    );
    assert_eq!(found["traces"][1]["began_at"], "nyu.edu.");
    assert_eq!(found["traces"][1]["servers_named_by_packet"], 4);
    let text = printed(&capture, &["dns", "--trace"]);
    assert!(text.contains("A shortcut: packet 4 named the servers of nyu.edu."), "{text}");
    assert!(text.contains("RFC 9156"), "{text}");
}

#[test]
fn lost_queries_and_other_servers_are_steps_of_it() {
    let mut capture = Capture::new();
    capture.udp(ASKING, ROOT, &asks(2, WWW)).wait(1000).udp(ASKING, ROOT, &asks(2, WWW));
    capture.udp(
        ROOT,
        ASKING,
        &message(
            2,
            QR_ONLY,
            WWW,
            [
                &[],
                &[ns("edu", "a.edu-servers.net"), ns("edu", "b.edu-servers.net")],
                &[address("a.edu-servers.net", EDU), address("b.edu-servers.net", NET)],
            ],
        ),
    );
    capture.udp(ASKING, EDU, &asks(3, WWW)).wait(2000);
    step(&mut capture, 4, NET, WWW, AA | 3, [&[], &[soa("edu")], &[]]);
    let found = document(&capture, &[]);
    assert_eq!(steps(&found), [one("www.nyu.edu. A", &[". referral", "edu. timeout", "edu. nxdomain"])]);
    let trace = &found["traces"][0];
    assert_eq!((&trace["steps"][0]["sent"], &trace["ending"]), (&2.into(), &"nxdomain".into()));
    assert_eq!(trace["steps"][1]["time_ns"], 2_010_000_000_u64);
    assert_eq!(trace["steps"][2]["server"]["name"], "b.edu-servers.net.");
    let ladder = printed(&capture, &["dns", "--trace", "--ladder"]);
    for part in
        [" 1, 2: www.nyu.edu. A -", " 3: referral to edu. -", " 4: www.nyu.edu. A -", "| no response "]
    {
        assert!(ladder.contains(part), "{part}: {ladder}");
    }
    assert!(ladder.lines().all(|line| line.chars().count() <= 80), "{ladder}");
}

#[test]
fn interleaved_resolutions_are_told_apart() {
    let mut capture = Capture::new();
    let other = ("www.mit.edu", A);
    root_refers(&mut capture, 2, WWW);
    root_refers(&mut capture, 3, other);
    edu_refers(&mut capture, 4, WWW);
    step(&mut capture, 5, EDU, other, AA | 3, [&[], &[soa("edu")], &[]]);
    nyu_answers(&mut capture, 6);
    let found = document(&capture, &[]);
    let wanted = [
        one("www.nyu.edu. A", &[". referral", "edu. referral", "nyu.edu. answer"]),
        one("www.mit.edu. A", &[". referral", "edu. nxdomain"]),
    ];
    assert_eq!(steps(&found), wanted);
    assert_eq!(steps(&document(&capture, &["--name", "mit.edu"])), wanted[1..]);
    assert_eq!(steps(&document(&capture, &["-Y", "frame.number == 7"])), wanted[1..]);
}

#[test]
fn a_server_without_glue_is_looked_up_within() {
    let mut capture = Capture::new();
    let server = ("ns.host.net", A);
    step(&mut capture, 2, ROOT, WWW, QR_ONLY, [&[], &[ns("edu", "ns.host.net")], &[]]);
    let glue = [address("a.net-servers.net", NET)];
    step(&mut capture, 3, ROOT, server, QR_ONLY, [&[], &[ns("net", "a.net-servers.net")], &glue]);
    step(&mut capture, 4, NET, server, AA, [&[address("ns.host.net", EDU)], &[], &[]]);
    step(&mut capture, 5, EDU, WWW, AA, [&[Rr("www.nyu.edu", A, vec![203, 0, 113, 5])], &[], &[]]);
    let found = document(&capture, &[]);
    assert_eq!(steps(&found), [one("www.nyu.edu. A", &[". referral", "edu. answer"])]);
    let last = &found["traces"][0]["steps"][1];
    assert_eq!(
        (&last["server"]["name"], &last["server"]["known_by"]),
        (&"ns.host.net.".into(), &"looked_up".into())
    );
    assert_eq!(last["nested"][0]["asked"]["name"], "ns.host.net.");
    assert_eq!(last["nested"][0]["steps"].as_array().unwrap().len(), 2);
}

#[test]
fn aliases_and_truncation_go_on() {
    let mut capture = Capture::new();
    edu_refers(&mut capture, 2, WWW);
    capture.udp(ASKING, NYU, &asks(3, WWW)).udp(NYU, ASKING, &message(3, TC, WWW, [&[], &[], &[]]));
    // Over TCP, by the builder's own hosts, another resolution: its answer is an alias elsewhere.
    let alias = [Rr("www.nyu.edu", CNAME, name("www.cdn.net"))];
    step(&mut capture, 4, NYU, WWW, AA, [&alias, &[], &[]]);
    let target = ("www.cdn.net", A);
    step(
        &mut capture,
        5,
        NET,
        target,
        AA,
        [&[Rr("www.cdn.net", A, vec![203, 0, 113, 6])], &[ns("cdn.net", "ns.cdn.net")], &[]],
    );
    capture.tcp(true, &framed(&asks(6, WWW)));
    capture.tcp(false, &framed(&message(6, QR_ONLY, WWW, [&[], &[ns("edu", "x.edu")], &[]])));
    let found = document(&capture, &[]);
    let wanted = ["edu. referral", "nyu.edu. truncated", "nyu.edu. alias", "cdn.net. answer"];
    assert_eq!(steps(&found), [one("www.nyu.edu. A", &wanted), one("www.nyu.edu. A", &[". referral"])]);
    assert_eq!(found["traces"][1]["steps"][0]["over"], "tcp");
}

#[test]
fn dig_is_printed_as_it_prints() {
    let mut capture = Capture::new();
    let lookup = |capture: &mut Capture, id, question: (&str, u16), flags, answer: &[Rr]| {
        capture.udp(ASKING, RESOLVER, &message(id, RD, question, [&[], &[], &[]]));
        capture.udp(RESOLVER, ASKING, &message(id, flags, question, [answer, &[], &[]]));
    };
    lookup(&mut capture, 1, ("", NS), QR, &[ns("", "a.root-servers.net"), ns("", "b.root-servers.net")]);
    lookup(&mut capture, 2, ("a.root-servers.net", A), QR, &[address("a.root-servers.net", ROOT)]);
    lookup(&mut capture, 3, ("b.root-servers.net", A), QR | 3, &[]);
    root_refers(&mut capture, 4, WWW);
    lookup(&mut capture, 5, ("a.edu-servers.net", A), QR, &[address("a.edu-servers.net", EDU)]);
    edu_refers(&mut capture, 6, WWW);
    lookup(&mut capture, 7, ("ns1.nyu.edu", A), QR, &[address("ns1.nyu.edu", NYU)]);
    nyu_answers(&mut capture, 8);
    insta::assert_snapshot!(printed(&capture, &["dns", "--trace", "--dig"]));
    let ladder = printed(&capture, &["dns", "--trace", "--ladder"]);
    assert!(
        ladder.contains("Looked up by a stub resolver, and not used: b.root-servers.net. A."),
        "{ladder}"
    );
}

#[test]
fn a_resolver_s_own_questions_are_no_steps_of_dig() {
    let host = |last, port| ([127, 0, 0, last], port);
    let (dig, stub, recursive) = (host(1, 40_000), host(53, 53), host(54, 53));
    let mut capture = Capture::new();
    let servers = [ns("", "a.root-servers.net")];
    capture.udp(dig, stub, &message(1, RD, ("", NS), [&[], &[], &[]]));
    capture.udp(stub, dig, &message(1, QR, ("", NS), [&servers, &[], &[]]));
    // On its way to what the stub passes on, it asks for something else first.
    capture.udp(host(53, 41_000), recursive, &message(2, RD, ("other.example", A), [&[], &[], &[]]));
    capture.udp(host(54, 42_000), ROOT, &asks(3, ("example", 43)));
    capture.udp(ROOT, host(54, 42_000), &message(3, AA, ("example", 43), [&[], &[soa("")], &[]]));
    capture.udp(host(1, 43_000), ROOT, &asks(4, WWW));
    let referral = [ns("edu", "a.edu-servers.net")];
    capture.udp(
        ROOT,
        host(1, 43_000),
        &message(4, QR_ONLY, WWW, [&[], &referral, &[address("a.edu-servers.net", EDU)]]),
    );
    let found = document(&capture, &[]);
    let wanted = [one("www.nyu.edu. A", &[". answer", ". referral"]), one("example. DS", &[". nodata"])];
    assert_eq!(steps(&found), wanted);
}

/// In a response: recursion is available.
const RA: u16 = 0x0080;

#[test]
fn a_resolver_is_no_server_of_a_zone() {
    let mut capture = Capture::new();
    let ask = |capture: &mut Capture, id, flags| {
        capture.udp(ASKING, RESOLVER, &message(id, RD, ("", NS), [&[], &[], &[]]));
        let servers = [ns("", "a.root-servers.net")];
        capture.udp(RESOLVER, ASKING, &message(id, flags, ("", NS), [&servers, &[], &[]]));
    };
    ask(&mut capture, 1, QR | RA);
    root_refers(&mut capture, 2, WWW);
    let text = printed(&capture, &["dns", "--trace"]);
    assert!(text.contains(";; 1. a recursive resolver: 192.0.2.10 is asked for . NS\n"), "{text}");
    let ladder = printed(&capture, &["dns", "--trace", "--ladder"]);
    assert!(ladder.contains("|  a recursive resolver "), "{ladder}");
    assert_eq!(document(&capture, &[])["traces"][0]["steps"][0]["recursion_available"], true);
    // One of the root's own servers finds nothing out for others.
    let mut capture = Capture::new();
    ask(&mut capture, 1, QR & !RA);
    root_refers(&mut capture, 2, WWW);
    let text = printed(&capture, &["dns", "--trace"]).replace("\n;; ", " ");
    assert!(
        text.contains(
            "1. the root: 192.0.2.10 is asked for . NS, recursion desired, which it does not offer packets"
        ),
        "{text}"
    );
    assert_eq!(document(&capture, &[])["traces"][0]["steps"][0]["recursion_available"], false);
}

#[test]
fn which_zone_a_referral_is_from_is_a_guess() {
    let mut capture = Capture::new();
    edu_refers(&mut capture, 2, WWW);
    nyu_answers(&mut capture, 3);
    let found = document(&capture, &[]);
    let trace = &found["traces"][0];
    assert_eq!(trace["zone_guessed"], true);
    assert_eq!(
        (&trace["steps"][0]["zone"], &trace["steps"][0]["zone_guessed"]),
        (&"edu.".into(), &true.into())
    );
    // The referral tells the next one.
    assert_eq!(trace["steps"][1]["zone_guessed"], Value::Null);
    let text = printed(&capture, &["dns", "--trace"]).replace("\n;; ", " ");
    assert!(text.contains("edu. is guessed from what it refers to."), "{text}");
    assert!(text.contains("1. edu. (guessed): 198.51.100.2 is asked"), "{text}");
}

#[test]
fn as_dig_that_is_printed_which_somebody_wanted() {
    let keys =
        |capture: &mut Capture, id| step(capture, id, ROOT, ("", 48), AA, [&[Rr("", 48, vec![1])], &[], &[]]);
    let mut capture = Capture::new();
    keys(&mut capture, 1);
    root_refers(&mut capture, 2, WWW);
    edu_refers(&mut capture, 3, WWW);
    nyu_answers(&mut capture, 4);
    let (_, out, err) = run(&capture, &["dns", "--trace", "--dig"]);
    assert!(out.starts_with("edu.") && !out.contains("DNSKEY"), "{out}");
    assert!(err.contains("1 more resolution is here") && err.contains("--name NAME or -Y FILTER"), "{err}");
    assert!(printed(&capture, &["dns", "--trace", "--dig", "--name", "."]).starts_with(".\t"));
    // dig is who somebody started, and a resolver is another.
    let dig = ([192, 0, 2, 77], 44_000);
    capture.udp(dig, RESOLVER, &message(5, RD, ("", NS), [&[], &[], &[]]));
    let servers = [ns("", "a.root-servers.net"), address("a.root-servers.net", ROOT)];
    capture.udp(RESOLVER, dig, &message(5, QR | RA, ("", NS), [&servers, &[], &[]]));
    let other = ("www.mit.edu", A);
    capture.udp(dig, ROOT, &asks(6, other));
    capture.udp(ROOT, dig, &message(6, AA | 3, other, [&[], &[soa("")], &[]]));
    let (_, out, err) = run(&capture, &["dns", "--trace", "--dig"]);
    assert!(out.starts_with(".\t") && !out.contains("edu.") && out.contains("SOA"), "{out}");
    assert!(err.contains("2 more resolutions are here"), "{err}");
    // Alone they are what there is.
    let mut capture = Capture::new();
    keys(&mut capture, 1);
    let (_, out, err) = run(&capture, &["dns", "--trace", "--dig"]);
    assert!(out.contains("DNSKEY") && !err.contains("more resolution"), "{out}{err}");
}

#[test]
fn a_stub_alone_is_no_resolution() {
    let mut capture = Capture::new();
    capture.udp(STUB, RESOLVER, &message(1, RD, WWW, [&[], &[], &[]]));
    let (code, out, err) = run(&capture, &["dns", "--trace"]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains("no resolution from server to server"), "{err}");
}

#[test]
fn forged_answers_are_ignored_ones_with_their_packets() {
    let mut capture = Capture::new();
    let evil = [Rr("www.nyu.edu", A, vec![203, 0, 113, 66])];
    let forged = |id| message(id, AA, WWW, [&evil, &[], &[]]);
    root_refers(&mut capture, 2, WWW);
    edu_refers(&mut capture, 3, WWW);
    capture.udp(ASKING, NYU, &asks(4, WWW));
    capture.udp(NYU, ASKING, &forged(5)).udp(NET, ASKING, &forged(4));
    let answer = [Rr("www.nyu.edu", A, vec![203, 0, 113, 5])];
    capture.udp(NYU, ASKING, &message(4, AA, WWW, [&answer, &[], &[]]));
    let found = document(&capture, &[]);
    assert_eq!(steps(&found), [one("www.nyu.edu. A", &[". referral", "edu. referral", "nyu.edu. answer"])]);
    let wanted = serde_json::json!([
        { "from": "198.51.100.3:53", "why": "id", "packet": 6 },
        { "from": "198.51.100.4:53", "why": "source", "packet": 7 },
    ]);
    assert_eq!(found["traces"][0]["steps"][2]["ignored"], wanted);
    assert_eq!(found["traces"][0]["steps"][2]["response"]["answers"][0]["data"], "203.0.113.5");
    let text = printed(&capture, &["dns", "--trace"]);
    assert!(text.contains(";; Ignored: 198.51.100.3#53 answered with another id, 5 (packet 6)\n"), "{text}");
    assert!(text.contains(";; Ignored: 198.51.100.4#53 was not asked (packet 7)\n"), "{text}");
}

#[test]
fn transfers_and_groups_are_no_resolutions() {
    let mut capture = Capture::new();
    let group = ([224, 0, 0, 251], 53);
    capture.udp(ASKING, group, &asks(1, ("printer.local", A)));
    let zone = ("nyu.edu", 251);
    step(&mut capture, 2, NYU, zone, AA, [&[soa("nyu.edu")], &[], &[]]);
    capture.udp(ASKING, NET, &asks(3, ("unanswered.nyu.edu", A)));
    let (code, out, err) = run(&capture, &["dns", "--trace"]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
}

#[test]
fn what_the_capture_does_not_show_is_not_claimed() {
    let mut capture = Capture::new();
    let answer = [Rr("www.nyu.edu", A, vec![203, 0, 113, 5])];
    step(&mut capture, 2, NYU, WWW, AA, [&answer, &[], &[]]);
    capture.udp(ASKING, ROOT, &asks(3, ("www.mit.edu", A)));
    let found = document(&capture, &[]);
    assert_eq!(steps(&found), [one("www.nyu.edu. A", &["nyu.edu. answer"])]);
    assert_eq!(found["traces"][0]["zone_guessed"], true);
    let text = printed(&capture, &["dns", "--trace"]).replace("\n;; ", " ");
    assert!(text.contains("nyu.edu. is guessed from the name"), "{text}");
    assert!(!text.contains("known from before"), "{text}");
}

#[test]
fn hostile_messages_are_steps_with_a_name() {
    let mut capture = Capture::new();
    let evil = ("\\027[2J.\\007\\255.edu", A);
    let refers = message(7, QR_ONLY, evil, [&[], &[ns("edu", "\\027]0;x.edu")], &[]]);
    for cut in 0..refers.len() {
        capture.udp(ASKING, ROOT, &asks(7, evil));
        capture.udp(ROOT, ASKING, &refers[..cut]);
    }
    // A name that points at itself, and aliases that lead in a circle.
    let mut looped = message(8, QR_ONLY, WWW, [&[], &[], &[]]);
    looped.splice(12..12, [0xc0, 12]);
    capture.udp(ASKING, ROOT, &asks(8, WWW)).udp(ROOT, ASKING, &looped);
    let circle = [Rr("www.nyu.edu", CNAME, name("w.nyu.edu")), Rr("w.nyu.edu", CNAME, name("www.nyu.edu"))];
    step(&mut capture, 9, NYU, WWW, AA, [&circle, &[], &[]]);
    for how in ["--json", "--ladder", "--dig", "--trace"] {
        let args = if how == "--trace" { vec!["dns", how] } else { vec!["dns", "--trace", how] };
        let text = printed(&capture, &args);
        assert_eq!(text.chars().find(|&c| c != '\t' && controls(c)), None, "{how}");
    }
    let text = document(&capture, &[]).to_string();
    assert!(text.contains("\"damaged\"") && text.contains("\"alias_loop\""), "{text}");
}
