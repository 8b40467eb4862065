use std::net::SocketAddr;

use super::*;
use crate::dnstrace::{
    Asked, ClientSide, Domain, Ignored, KnownBy, Misfit, Over, Packets, Resolution, Server, Start, Step,
    StepOutcome, judge,
};
use crate::proto::dns::Message;
use crate::time::TimeDelta;

fn name(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

fn record(owner: &str, kind: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = name(owner).wire().to_vec();
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 1, 0, 2, 0xa3, 0]);
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}

fn message(flags: u16, about: &Asked, sections: [&[Vec<u8>]; 3]) -> Vec<u8> {
    let mut bytes = vec![0, 7];
    bytes.extend(flags.to_be_bytes());
    bytes.extend([0, 1]);
    for section in sections {
        bytes.extend(u16::try_from(section.len()).unwrap().to_be_bytes());
    }
    bytes.extend(about.name.wire());
    bytes.extend(about.kind.to_be_bytes());
    bytes.extend([0, 1]);
    bytes.extend(sections.into_iter().flatten().flatten());
    bytes
}

fn step(zone: &str, server: &str, flags: u16, sections: [&[Vec<u8>]; 3]) -> Step {
    let asked = Asked { name: name("www.nyu.edu"), kind: 1 };
    let bytes = message(flags, &asked, sections);
    Step {
        outcome: judge(&name(zone), &asked, &Message::read(&bytes)),
        asked,
        recursion_desired: false,
        zone: name(zone),
        zone_guessed: false,
        server: Server {
            name: Some(name(server)),
            address: SocketAddr::from(([127, 53, 0, 1], 53)),
            known_by: KnownBy::Glue(Domain::root()),
        },
        over: Over::Udp,
        sent: 1,
        size: Some(bytes.len()),
        response: Some(bytes.into()),
        elapsed: Some(TimeDelta::from_nanos(4_900_000)),
        ignored: Vec::new(),
        nested: Vec::new(),
        packets: Packets::default(),
    }
}

fn trace() -> DnsTrace {
    let servers = [
        record("nyu.edu", 2, name("ns1.nyu.edu").wire()),
        record("nyu.edu", 43, &[1, 1, 8, 2].iter().copied().chain(0..32).collect::<Vec<u8>>()),
        record("nyu.edu", 2, name("ns.other.com").wire()),
    ];
    let glue = [record("ns1.nyu.edu", 1, &[127, 53, 0, 9]), record("ns.other.com", 1, &[192, 0, 2, 66])];
    let referral = step("edu", "a.edu-servers.net", 0x8000, [&[], &servers, &glue]);
    let mut answer =
        step("nyu.edu", "ns1.nyu.edu", 0x8400, [&[record("www.nyu.edu", 1, &[192, 0, 2, 1])], &[], &[]]);
    answer.ignored =
        vec![Ignored { from: SocketAddr::from(([127, 0, 0, 66], 53)), why: Misfit::Id(9), packet: None }];
    let lost = Step {
        response: None,
        size: None,
        elapsed: None,
        outcome: StepOutcome::TimeOut,
        ..step("nyu.edu", r"ns\027[2J.evil", 0x8000, [&[], &[], &[]])
    };
    let nested = DnsTrace {
        asked: Asked { name: name(r"ns\027[2J.evil"), kind: 1 },
        start: Start::Known(name("evil")),
        steps: vec![lost.clone()],
        fruitless: Vec::new(),
        ending: Ending::NoServer(name("evil")),
    };
    DnsTrace {
        asked: Asked { name: name("www.nyu.edu"), kind: 1 },
        start: Start::Root,
        steps: vec![referral, Step { nested: vec![nested], ..lost }, answer],
        fruitless: Vec::new(),
        ending: Ending::Answer,
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn steps_are_told_in_words() {
    let style = TraceStyle { colors: Colors::OFF, width: 80 };
    let text = written(|out| write_trace(out, &trace(), style));
    insta::assert_snapshot!(text);
    assert!(text.lines().all(|line| !line.contains('\u{1b}')));
}

#[test]
fn dig_prints_its_own_lines_in_its_own_columns() {
    let text = written(|out| write_trace_dig(out, &trace()));
    // As dig 9.18 wrote these records: sets of one name together, digests in pieces, columns by tabs.
    let digest = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B 1C1D1E1F";
    let wanted = format!(
        "nyu.edu.\t\t172800\tIN\tNS\tns1.nyu.edu.\n\
         nyu.edu.\t\t172800\tIN\tNS\tns.other.com.\n\
         nyu.edu.\t\t172800\tIN\tDS\t257 8 2 {digest}\n\
         ;; Received 204 bytes from 127.53.0.1#53(a.edu-servers.net) in 4 ms\n\n\
         ;; communications error to 127.53.0.1#53: timed out\n\
         www.nyu.edu.\t\t172800\tIN\tA\t192.0.2.1\n\
         ;; Received 56 bytes from 127.53.0.1#53(ns1.nyu.edu) in 4 ms\n\n"
    );
    assert_eq!(text, wanted);
}

#[test]
fn dig_says_that_nobody_is_left() {
    let mut trace = trace();
    // The answer came behind a time-out: somebody is left.
    let nobody = ";; no servers could be reached\n";
    assert!(!written(|out| write_trace_dig(out, &trace)).contains(nobody));
    trace.steps.pop();
    let timed_out = ";; communications error to 127.53.0.1#53: timed out\n";
    assert!(written(|out| write_trace_dig(out, &trace)).ends_with(&format!("{timed_out}{nobody}")));
    trace.steps[1].outcome = StepOutcome::Unreachable("port unreachable".to_owned());
    let refused = ";; communications error to 127.53.0.1#53: connection refused\n";
    assert!(written(|out| write_trace_dig(out, &trace)).ends_with(&format!("{refused}{nobody}")));
    // The address of one of two servers is not found, then of both.
    trace.steps.pop();
    let look_up = |text: &str, ending| DnsTrace {
        asked: Asked { name: name(text), kind: 1 },
        start: Start::Root,
        steps: Vec::new(),
        fruitless: Vec::new(),
        ending,
    };
    trace.fruitless = vec![look_up("ns.other.com", Ending::NxDomain)];
    let text = written(|out| write_trace_dig(out, &trace));
    assert!(text.contains("couldn't get address for 'ns.other.com': not found\n;; Received 204"), "{text}");
    trace.fruitless.insert(0, look_up("ns1.nyu.edu", Ending::Unfinished));
    let text = written(|out| write_trace_dig(out, &trace));
    let end = "couldn't get address for 'ns1.nyu.edu': failure\n\
               couldn't get address for 'ns.other.com': not found\n\
               dig: couldn't get address for 'ns.other.com': no more\n";
    assert!(text.ends_with(end) && !text.contains("Received"), "{text}");
}

#[test]
fn a_ladder_fits_eighty_columns() {
    let text = written(|out| write_trace_ladder(out, &trace()));
    insta::assert_snapshot!(text);
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn json_has_every_step() {
    let text = written(|out| write_trace_json(out, &trace(), None));
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read["schema"], TRACE_SCHEMA);
    assert_eq!(read["steps"][0]["servers"][1]["outside"][0], "192.0.2.66");
    assert_eq!(read["steps"][1]["nested"][0]["ending"], "no_server");
    assert_eq!(read["steps"][2]["response"]["answers"][0]["data"], "192.0.2.1");
    assert_eq!(read["steps"][2]["ignored"][0]["why"], "id");
    assert_eq!(read["ending"], "answer");
}

#[test]
fn what_is_not_known_is_not_said() {
    let name = name("ns.nyu.edu");
    let mut look_up = DnsTrace::new(Asked { name: name.clone(), kind: 1 });
    (look_up.start, look_up.ending) = (Start::Known(name.clone()), Ending::Circle(name));
    // Nobody was asked.
    assert_eq!(words::start(&look_up), None);
    assert_eq!(
        words::look_up(&look_up),
        "No address of ns.nyu.edu. is known, and nobody can be asked for it (ns.nyu.edu. A)"
    );
    // A capture does not tell why somebody asked, nor that a response came too late.
    let mut lost =
        Step { response: None, elapsed: None, outcome: StepOutcome::TimeOut, ..trace().steps.remove(2) };
    assert_eq!(words::outcome(&lost), "Time-out: nothing came");
    lost.packets.queries = vec![3];
    assert_eq!(words::outcome(&lost), "No response in this capture");
    lost.ignored[0].packet = Some(4);
    assert_eq!(
        words::ignored(&lost.ignored[0]),
        "Ignored: 127.0.0.66#53 answered with another id, 9 (packet 4)"
    );
    lost.outcome = StepOutcome::NoData { authoritative: true, aliases: Vec::new(), ttl: Some(0) };
    assert!(words::outcome(&lost).ends_with("which may not be remembered (0 s)"));
    look_up.steps.push(lost);
    assert_eq!(words::start(&look_up), None);
    assert_eq!(words::look_up(&look_up), "The address of ns.nyu.edu. is looked up (ns.nyu.edu. A)");
}

#[test]
fn questions_for_keys_are_steps_and_counted() {
    let trace = trace();
    let mut key = trace.steps[0].clone();
    key.asked = Asked { name: name("nyu.edu"), kind: 48 };
    let keys = [key];
    let style = TraceStyle { colors: Colors::OFF, width: 80 };
    let checked = Checked { keys: &keys, chain: &[] };
    let text = written(|out| write_checked_trace(out, &trace, checked, style));
    assert!(
        text.contains(";; 4. edu.: a.edu-servers.net (127.53.0.1) is asked for nyu.edu. DNSKEY,"),
        "{text}"
    );
    assert!(text.contains(";; 5 queries in all\n"), "{text}");
    let json = written(|out| write_trace_json(out, &trace, Some(checked)));
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["keys"][0]["asked"]["type"], "DNSKEY");
    assert_eq!(read["dnssec"], serde_json::json!([]));
}

#[test]
fn a_response_that_is_not_kept_is_no_refusal() {
    let mut trace = trace();
    trace.steps[0].response = None;
    let text = written(|out| write_trace_dig(out, &trace));
    let wanted = ";; Its records are not shown: this capture has more responses than are kept\n\
                  ;; Received 204 bytes from 127.53.0.1#53(a.edu-servers.net) in 4 ms\n\n";
    assert!(text.starts_with(wanted) && !text.contains("refused"), "{text}");
    let style = TraceStyle { colors: Colors::OFF, width: 80 };
    let text = written(|out| write_trace(out, &trace, style));
    assert_eq!(text.matches("Its records are not shown").count(), 1, "{text}");
}

/// A step of a capture, from the packet of its query to that of its response.
fn captured(asks_resolver: bool, [query, response]: [u64; 2]) -> Step {
    let flags = if asks_resolver { 0x8180 } else { 0x8400 };
    let answer = record("www.nyu.edu", 1, &[192, 0, 2, 1]);
    let mut step = step("nyu.edu", "ns1.nyu.edu", flags, [&[answer], &[], &[]]);
    step.recursion_desired = asks_resolver;
    step.packets = Packets { queries: vec![query], response: Some(response) };
    step
}

#[test]
fn what_a_resolver_asks_stands_below_the_question_to_it() {
    let asked = [(true, [1, 8]), (true, [2, 7]), (false, [3, 4]), (false, [5, 6]), (false, [9, 10])];
    let steps = asked.map(|(asks_resolver, packets)| captured(asks_resolver, packets)).into();
    let trace = DnsTrace { steps, ..trace() };
    let style = TraceStyle { colors: Colors::OFF, width: 80 };
    let text = written(|out| write_trace(out, &trace, style));
    let heads: Vec<(usize, &str)> = text
        .lines()
        .filter_map(|line| Some((line.find(";; ")?, line.trim_start().strip_prefix(";; ")?)))
        .filter(|(_, line)| {
            line.starts_with("Before")
                || ["1. ", "2. ", "3. ", "4. ", "5. "].iter().any(|at| line.starts_with(at))
        })
        .map(|(at, line)| (at, line.split(' ').next().unwrap()))
        .collect();
    let wanted = [(0, "1."), (4, "Before"), (4, "2."), (8, "Before"), (8, "3."), (8, "4."), (0, "5.")];
    assert_eq!(heads, wanted, "{text}");
    let ladder = written(|out| write_trace_ladder(out, &trace));
    let arrows: Vec<usize> = ladder.lines().filter_map(|line| line.find("|-")).collect();
    assert_eq!(arrows, [0, 2, 4, 4, 0], "{ladder}");
    // However many wait for one another, lines do not wander off.
    let steps = (1..200).map(|number| captured(true, [number, 1000 - number])).collect();
    let text = written(|out| write_trace(out, &DnsTrace { steps, ..trace }, style));
    assert!(text.lines().filter_map(|line| line.find(";;")).max().unwrap() <= 16);
}

fn client_side(query: u64, response: u64) -> ClientSide {
    let at = |last| crate::decode::Endpoint { addr: std::net::IpAddr::from([127, 0, 0, last]), port: 53 };
    ClientSide {
        client: at(3),
        resolver: at(53),
        asked: Asked { name: name("www.nyu.edu"), kind: 1 },
        query,
        response: Some(response),
        elapsed: None,
        outcome: "answer",
        place: 0,
        on_behalf_of: Vec::new(),
    }
}

#[test]
fn an_answer_from_a_cache_says_who_asked_and_where_it_was_found_out() {
    let whole = Resolution {
        resolver: std::net::IpAddr::from([127, 0, 0, 53]),
        client: Some(client_side(10, 20)),
        minimised: false,
        to_check: None,
        rest_remembered: false,
        told: None,
        guessed: false,
        trace: DnsTrace { steps: vec![captured(false, [12, 13])], ..trace() },
        places: Vec::new(),
    };
    let mut passed_on = client_side(30, 31);
    passed_on.on_behalf_of = vec![client_side(29, 32)];
    let cached = [client_side(5, 6), client_side(15, 21), passed_on];
    let style = TraceStyle { colors: Colors::OFF, width: 300 };
    let text = written(|out| write_rebuilt(out, &[&whole], &cached.each_ref(), style));
    let told: Vec<&str> = text.lines().rev().take(4).collect();
    let question = ";; 127.0.0.53 answers the question of 127.0.0.3 for www.nyu.edu. A";
    let wanted = [
        format!(
            "{question} from its cache, having found it out before (packet 20): answer (packets 30 and 31)."
        ),
        ";; 127.0.0.3 asks 127.0.0.53 (packets 29 and 32), which passes the question on.".to_owned(),
        format!("{question} with what it was finding out already (packet 10): answer (packets 15 and 21)."),
        format!("{question} by itself, of its cache or its own zones: answer (packets 5 and 6)."),
    ];
    assert_eq!(told, wanted);
}

#[test]
fn what_was_looked_up_for_nothing_is_named_and_no_more() {
    let look_up = DnsTrace { steps: vec![captured(true, [1, 8]), captured(false, [2, 3])], ..trace() };
    let whole = Resolution {
        resolver: std::net::IpAddr::from([127, 0, 0, 1]),
        client: None,
        minimised: false,
        to_check: None,
        rest_remembered: false,
        told: None,
        guessed: false,
        trace: DnsTrace { steps: vec![captured(false, [9, 10])], fruitless: vec![look_up], ..trace() },
        places: Vec::new(),
    };
    let style = TraceStyle { colors: Colors::OFF, width: 300 };
    let text = written(|out| write_rebuilt(out, &[&whole], &[], style));
    assert!(text.contains(";; 1 query in all\n"), "{text}");
    let wanted = ";; Looked up by a stub resolver, and not used: www.nyu.edu. A. \
                  What that one asked for them, 1 query, is not shown.\n";
    assert!(text.contains(wanted), "{text}");
}
