//! `dns --trace` where several ask at once on one host, and where a capture lacks packets: no more is said than it shows.

use serde_json::Value;

use super::build::{A, AA, Capture, NS, QR, QR_ONLY, RD, Rr, TC, message, name};
use super::{printed, run};

type Host = ([u8; 4], u16);

const DIG: [u8; 4] = [127, 0, 0, 1];
const STUB: Host = ([127, 0, 0, 53], 53);
const RECURSIVE: [u8; 4] = [127, 53, 0, 54];
const ROOT: Host = ([198, 51, 100, 1], 53);
const EDU: Host = ([198, 51, 100, 2], 53);
const NYU: Host = ([198, 51, 100, 3], 53);
const WWW: (&str, u16) = ("www.nyu.edu", A);
const DS: u16 = 43;
const RRSIG: u16 = 46;
const AAAA: u16 = 28;

fn address(owner: &'static str, last: u8) -> Rr {
    Rr(owner, A, vec![198, 51, 100, last])
}

fn ns(zone: &'static str, server: &str) -> Rr {
    Rr(zone, NS, name(server))
}

/// A query and its response.
fn step(
    capture: &mut Capture,
    (from, to): (Host, Host),
    question: (&str, u16),
    (wants, flags): (u16, u16),
    sections: [&[Rr]; 3],
) {
    let id = from.1;
    capture.udp(from, to, &message(id, wants, question, [&[], &[], &[]]));
    capture.udp(to, from, &message(id, flags, question, sections));
}

/// dig's first question, and the address of the root's server.
fn begins(capture: &mut Capture, port: u16) {
    let servers = [ns("", "a.root-servers.net")];
    step(capture, ((DIG, port), STUB), ("", NS), (RD, QR), [&servers, &[], &[]]);
    let found = [address("a.root-servers.net", 1)];
    step(capture, ((DIG, port + 1), STUB), ("a.root-servers.net", A), (RD, QR), [&found, &[], &[]]);
}

fn root_refers(capture: &mut Capture, from: Host, question: (&str, u16)) {
    let (servers, glue) = ([ns("edu", "a.edu-servers.net")], [address("a.edu-servers.net", 2)]);
    step(capture, (from, ROOT), question, (0, QR_ONLY), [&[], &servers, &glue]);
}

fn edu_refers(capture: &mut Capture, from: Host, question: (&str, u16)) {
    let (servers, glue) = ([ns("nyu.edu", "ns1.nyu.edu")], [address("ns1.nyu.edu", 3)]);
    step(capture, (from, EDU), question, (0, QR_ONLY), [&[], &servers, &glue]);
}

fn nyu_answers(capture: &mut Capture, from: Host, question: (&'static str, u16)) {
    step(capture, (from, NYU), question, (0, AA), [&[address(question.0, 9)], &[], &[]]);
}

fn received(text: &str) -> Vec<&str> {
    let lines = text.lines().filter_map(|line| line.strip_prefix(";; Received "));
    lines.filter_map(|line| Some(line.split_once(" from ")?.1.split_once('#')?.0)).collect()
}

fn dig(capture: &Capture) -> String {
    run(capture, &["dns", "--trace", "--dig"]).1
}

fn traces(capture: &Capture) -> Vec<Value> {
    let document: Value = serde_json::from_str(&printed(capture, &["dns", "--trace", "--json"])).unwrap();
    document["traces"].as_array().unwrap().clone()
}

const DOWN: [&str; 4] = ["127.0.0.53", "198.51.100.1", "198.51.100.2", "198.51.100.3"];

#[test]
fn what_a_resolver_of_the_same_host_asks_is_no_step_of_dig() {
    let mut capture = Capture::new();
    begins(&mut capture, 40_000);
    root_refers(&mut capture, (DIG, 40_002), WWW);
    // The same question, at the same time.
    let other: Host = ([198, 51, 100, 77], 53);
    step(&mut capture, ((RECURSIVE, 50_000), STUB), ("x.org", A), (RD, QR | 2), [&[], &[], &[]]);
    step(&mut capture, ((RECURSIVE, 50_001), ROOT), WWW, (0, QR_ONLY | 5), [&[], &[], &[]]);
    step(&mut capture, ((RECURSIVE, 50_002), other), WWW, (0, QR_ONLY | 5), [&[], &[], &[]]);
    edu_refers(&mut capture, (DIG, 40_003), WWW);
    nyu_answers(&mut capture, (DIG, 40_004), WWW);
    assert_eq!(received(&dig(&capture)), DOWN);
}

#[test]
fn a_resolver_that_passes_on_is_not_said_to_have_asked_what_dig_did() {
    let mut capture = Capture::new();
    // Of the resolver that dig is told to ask, the capture lacks the question to it.
    step(
        &mut capture,
        ((RECURSIVE, 50_000), ROOT),
        ("", NS),
        (0, AA),
        [&[ns("", "a.root-servers.net")], &[], &[]],
    );
    step(&mut capture, ((DIG, 40_000), STUB), WWW, (RD, QR), [&[address("www.nyu.edu", 9)], &[], &[]]);
    root_refers(&mut capture, (DIG, 40_002), WWW);
    edu_refers(&mut capture, (DIG, 40_003), WWW);
    let asking: Vec<String> = traces(&capture).iter().map(|one| one["resolver"].to_string()).collect();
    assert_eq!(asking, ["\"127.53.0.54\"", "\"127.0.0.1\""]);
}

#[test]
fn two_digs_at_once_are_two() {
    for other in [("mail.nyu.edu", A), WWW] {
        let mut capture = Capture::new();
        begins(&mut capture, 40_000);
        begins(&mut capture, 41_000);
        root_refers(&mut capture, (DIG, 40_002), WWW);
        root_refers(&mut capture, (DIG, 41_002), other);
        edu_refers(&mut capture, (DIG, 40_003), WWW);
        edu_refers(&mut capture, (DIG, 41_003), other);
        nyu_answers(&mut capture, (DIG, 40_004), WWW);
        nyu_answers(&mut capture, (DIG, 41_004), other);
        assert_eq!(received(&dig(&capture)), [DOWN, DOWN].concat(), "{other:?}");
    }
    // One after the other, of names one below the other.
    let mut capture = Capture::new();
    for (port, about) in [(40_000, ("nyu.edu", A)), (41_000, WWW)] {
        begins(&mut capture, port);
        root_refers(&mut capture, (DIG, port + 2), about);
        edu_refers(&mut capture, (DIG, port + 3), about);
        nyu_answers(&mut capture, (DIG, port + 4), about);
    }
    assert_eq!(received(&dig(&capture)), [DOWN, DOWN].concat());
}

#[test]
fn a_capture_that_ends_proves_no_time_out() {
    let mut capture = Capture::new();
    begins(&mut capture, 40_000);
    root_refers(&mut capture, (DIG, 40_002), WWW);
    capture.udp((DIG, 40_003), EDU, &message(1, 0, WWW, [&[], &[], &[]]));
    let text = dig(&capture);
    assert!(text.ends_with(";; (no response in this capture)\n"), "{text}");
    // Six seconds later there is something else.
    capture.wait(6000);
    step(&mut capture, ((DIG, 45_000), STUB), ("x.org", A), (RD, QR), [&[], &[], &[]]);
    let text = dig(&capture);
    let end = ";; communications error to 198.51.100.2#53: timed out\n;; no servers could be reached\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn what_only_a_response_leads_to_proves_no_time_out() {
    let mut capture = Capture::new();
    begins(&mut capture, 40_000);
    // The referral of the root is not there.
    capture.udp((DIG, 40_002), ROOT, &message(1, 0, WWW, [&[], &[], &[]]));
    capture.wait(100);
    let found = [address("a.edu-servers.net", 2)];
    step(&mut capture, ((DIG, 40_003), STUB), ("a.edu-servers.net", A), (RD, QR), [&found, &[], &[]]);
    let mut signature = vec![0; 18];
    signature.extend(name("edu"));
    let (servers, glue) =
        ([ns("nyu.edu", "ns1.nyu.edu"), Rr("nyu.edu", RRSIG, signature)], [address("ns1.nyu.edu", 3)]);
    step(&mut capture, ((DIG, 40_004), EDU), WWW, (0, QR_ONLY), [&[], &servers, &glue]);
    nyu_answers(&mut capture, (DIG, 40_005), WWW);
    let text = printed(&capture, &["dns", "--trace"]);
    assert!(text.contains("No response in this capture") && !text.contains("Time-out"), "{text}");
    let all = traces(&capture);
    let zones: Vec<&str> =
        all[0]["steps"].as_array().unwrap().iter().map(|one| one["zone"].as_str().unwrap()).collect();
    assert_eq!(zones, [".", ".", "edu.", "nyu.edu."]);
    assert!(all[0]["steps"][2]["zone_guessed"].is_null(), "{}", all[0]["steps"][2]);
}

#[test]
fn an_expected_zone_that_nothing_proves_is_a_guess() {
    let mut capture = Capture::new();
    begins(&mut capture, 40_000);
    capture.udp((DIG, 40_002), ROOT, &message(1, 0, WWW, [&[], &[], &[]]));
    edu_refers(&mut capture, (DIG, 40_004), WWW);
    let all = traces(&capture);
    assert_eq!(all[0]["steps"][2]["zone_guessed"], true, "{}", all[0]);
}

#[test]
fn dig_for_the_root_s_servers_prints_two_lists() {
    let mut capture = Capture::new();
    begins(&mut capture, 40_000);
    let servers = [ns("", "a.root-servers.net")];
    step(&mut capture, ((DIG, 40_002), ROOT), ("", NS), (0, AA), [&servers, &[], &[]]);
    let text = dig(&capture);
    assert_eq!(received(&text), DOWN[..2]);
    assert_eq!(text.matches("NS\ta.root-servers.net.").count(), 2, "{text}");
}

#[test]
fn dig_that_is_refused_at_once_prints_just_that() {
    for wants in [RD, 0] {
        let mut capture = Capture::new();
        let refuses = (wants, QR | 5);
        step(&mut capture, ((DIG, 40_000), STUB), ("", NS), refuses, [&[], &[], &[]]);
        step(&mut capture, ((STUB.0, 41_000), (RECURSIVE, 53)), ("", NS), refuses, [&[], &[], &[]]);
        root_refers(&mut capture, (RECURSIVE, 50_000), WWW);
        assert_eq!(received(&dig(&capture)), DOWN[..1], "{wants}");
    }
}

#[test]
fn who_only_refuses_is_not_called_a_resolver() {
    let ends = |flags: u16, answer: &[Rr]| {
        let mut capture = Capture::new();
        step(&mut capture, ((DIG, 40_000), NYU), WWW, (RD, flags), [answer, &[], &[]]);
        run(&capture, &["dns", "--trace"]).2.replace('\n', " ")
    };
    let refused = ends(QR_ONLY | RD | 5, &[]);
    assert!(refused.contains("1 transaction is ") && !refused.contains("resolver"), "{refused}");
    let resolver = ends(QR, &[address("www.nyu.edu", 9)]);
    assert!(resolver.contains("1 transaction is with a resolver that did not show its steps"), "{resolver}");
}

#[test]
fn who_asks_others_in_between_does_not_minimise() {
    let mut capture = Capture::new();
    root_refers(&mut capture, (DIG, 40_000), ("edu", NS));
    step(&mut capture, ((DIG, 40_001), STUB), ("b.edu-servers.net", AAAA), (RD, QR), [&[], &[], &[]]);
    edu_refers(&mut capture, (DIG, 40_002), ("nyu.edu", DS));
    let text = printed(&capture, &["dns", "--trace"]);
    assert!(!text.contains("minimis"), "{text}");
}

#[test]
fn dig_that_ignores_truncation_ends_with_what_was_truncated() {
    let mut capture = Capture::new();
    begins(&mut capture, 40_000);
    root_refers(&mut capture, (DIG, 40_002), WWW);
    edu_refers(&mut capture, (DIG, 40_003), WWW);
    step(&mut capture, ((DIG, 40_004), NYU), WWW, (0, TC & !RD), [&[], &[], &[]]);
    assert_eq!(received(&dig(&capture)), DOWN);
}
