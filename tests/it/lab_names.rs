//! `lab dns`: played in a sandbox, and its checks: they hold of its recording and of what was told when that was made, and of
//! nothing else.

use std::fs;

use serde_json::Value;
use wirelab::dnstrace::{DnsTrace, rebuild};
use wirelab::lesson::{Check, NAME_CASES, NameTold, name_checks};
use wirelab::pipeline::Pipeline;
use wirelab::report::dns::DnsCollector;
use wirelab::source::{CapturedPacket, LinkType, Next, PacketSource, Savefile};
use wirelab::time::Timestamp;

use crate::program::{captures_folder, wirelab};
use crate::record::refused::run_where_forbidden;
use crate::record::{folder, ordinary, possible};

/// A packet as the recording has it.
#[derive(Clone)]
struct Packet {
    ts: Option<Timestamp>,
    link: LinkType,
    data: Vec<u8>,
}

/// The recording, and what was told.
#[derive(Clone)]
struct Case {
    packets: Vec<Packet>,
    log: Vec<NameTold>,
}

impl Case {
    fn recorded() -> Self {
        let mut source = Savefile::open(&captures_folder().join("lab-dns.pcapng")).unwrap();
        let mut packets = Vec::new();
        while let Next::Packet(packet, _) = source.next_packet().unwrap() {
            packets.push(Packet { ts: packet.ts, link: packet.link, data: packet.data.to_vec() });
        }
        let log = fs::read_to_string(captures_folder().join("logs/lab-dns.jsonl")).unwrap();
        Self { packets, log: log.lines().map(|line| serde_json::from_str(line).unwrap()).collect() }
    }

    fn checks(&self) -> Vec<Check> {
        let mut pipeline = Pipeline::new(None);
        let mut names = DnsCollector::default();
        for (number, packet) in (1..).zip(&self.packets) {
            let step = pipeline.step(&CapturedPacket {
                number,
                ts: packet.ts,
                wire_len: u32::try_from(packet.data.len()).unwrap(),
                interface: 0,
                link: packet.link,
                data: &packet.data,
            });
            names.take(&step.decoded, step.verdicts, step.messages, true);
        }
        pipeline.finish_with(&mut |messages| names.unfinished(messages));
        let transactions = names.finish(pipeline.flows(), |_, _| true);
        name_checks(&self.log, &rebuild(&transactions.all))
    }

    #[track_caller]
    fn must_fail(&self, what: &str) {
        assert!(self.checks().iter().any(|check| !check.holds), "{what}, and every check holds");
    }
}

#[test]
fn the_checks_of_the_recording_hold() {
    let case = Case::recorded();
    assert_eq!(case.log.len(), NAME_CASES.len());
    let checks = case.checks();
    let failed: Vec<&Check> = checks.iter().filter(|check| !check.holds).collect();
    assert!(failed.is_empty(), "{failed:?}");
    // Two of each name, those of signed zones, and who has authority.
    assert!(checks.len() > 2 * NAME_CASES.len(), "{checks:?}");
    let count = u64::try_from(case.packets.len()).unwrap();
    for check in checks {
        let is_there = |packet: &u64| (1..=count).contains(packet);
        assert!(!check.packets.is_empty() && check.packets.iter().all(is_there), "{check:?}");
    }
}

/// Every step of a trace and of those within it.
fn each_step(trace: &mut DnsTrace, change: &mut dyn FnMut(&mut wirelab::dnstrace::Step)) {
    for step in &mut trace.steps {
        change(step);
        for nested in &mut step.nested {
            each_step(nested, change);
        }
    }
}

#[test]
fn a_log_that_says_something_else_is_noticed() {
    let whole = Case::recorded();
    for place in 0..whole.log.len() {
        let mut count = 0;
        each_step(&mut whole.clone().log[place].trace, &mut |_| count += 1);
        assert!(count >= 3);
        for wanted in 0..count {
            // A bit of the response; the server; the outcome.
            for what in 0..3 {
                let mut changed = whole.clone();
                let mut at = 0;
                each_step(&mut changed.log[place].trace, &mut |step| {
                    let response = step.response.as_deref_mut().and_then(|bytes| bytes.last_mut());
                    match (at == wanted, what, response) {
                        (true, 0, Some(byte)) => *byte ^= 1,
                        (true, 1, _) => step.server.address.set_port(54),
                        (true, _, _) => step.outcome = wirelab::dnstrace::StepOutcome::Mismatch,
                        _ => {}
                    }
                    at += 1;
                });
                changed.must_fail(&format!("line {place}, step {wanted}: change {what}"));
            }
        }
        let mut dropped = whole.clone();
        dropped.log[place].trace.steps.pop();
        dropped.must_fail(&format!("line {place} lacks its last step"));
        let keys = whole.log[place].proof.as_ref().map_or(0, |proof| proof.keys.len());
        for key in 0..keys {
            let mut changed = whole.clone();
            let proof = changed.log[place].proof.as_mut().unwrap();
            *proof.keys[key].response.as_deref_mut().unwrap().last_mut().unwrap() ^= 1;
            changed.must_fail(&format!("line {place}: key {key} changed"));
        }
    }
}

#[test]
fn a_capture_that_lacks_a_message_is_noticed() {
    let whole = Case::recorded();
    for place in 0..whole.packets.len() {
        // Datagrams of DNS: their IP header says UDP. What TCP carries it repeats or acknowledges.
        if whole.packets[place].data.get(23) != Some(&17) {
            continue;
        }
        let mut dropped = whole.clone();
        dropped.packets.remove(place);
        dropped.must_fail(&format!("packet {} is missing", place + 1));
        let mut changed = whole.clone();
        *changed.packets[place].data.last_mut().unwrap() ^= 1;
        // The last bytes of a query are its options, which have no part in what is compared.
        if whole.packets[place].data.get(34..36) == Some(&[0, 53]) {
            changed.must_fail(&format!("packet {} is changed", place + 1));
        }
    }
}

#[test]
fn the_lab_is_played_captured_and_checked() {
    if !possible("the lab dns in a sandbox") {
        return;
    }
    let folder = folder();
    let name = |file: &str| folder.path().join(file).to_str().unwrap().to_owned();
    let (capture, log) = (name("dns.pcapng"), name("dns.jsonl"));
    let output = ordinary(&["lab", "dns", "--json", "-w", &capture, "--log", &log]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!((output.status.code(), &document["holds"]), (Some(0), &true.into()), "{document}");
    assert_eq!(document["schema"], "wirelab.lab-dns/1");
    assert_eq!(document["played"], "sandbox");
    assert_eq!(document["resolutions"].as_array().unwrap().len(), NAME_CASES.len());
    assert_eq!(fs::read_to_string(log).unwrap().lines().count(), NAME_CASES.len());
    // The capture has the names, with the addresses of the well-known servers.
    let dns = wirelab(&["dns", &capture, "--trace", "--json"]).output().unwrap();
    let text = String::from_utf8(dns.stdout).unwrap();
    for case in NAME_CASES {
        assert!(text.contains(&format!("\"name\": \"{}.\"", case.name)), "{}", case.name);
    }
    assert!(text.contains("\"address\": \"203.0.113.14\""));

    let brief = ordinary(&["lab", "dns", "nyu.edu", "--brief"]).output().unwrap();
    let text = String::from_utf8(brief.stdout).unwrap();
    assert_eq!(brief.status.code(), Some(0), "{text}");
    assert!(text.contains("nyu.edu.\nFrom the root to edu.") && text.contains("All 5 hold"), "{text}");
    assert!(!text.contains("google.com") && !text.contains("what each server knew"), "{text}");
    // Other choices of servers, of which nothing special is expected.
    let other = ordinary(&["lab", "dns", "--seed", "99", "--brief", "www.lame.lab.edu", "no.such.name"]);
    let output = { other }.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn zones_of_ones_own_are_played_too() {
    if !possible("the lab dns with zones of one's own") {
        return;
    }
    let folder = folder();
    let zones = folder.path().to_str().unwrap();
    let root = "; wirelab: sign\n$TTL 60\n@ SOA ns. a. 1 2 3 4 5\n@ NS ns.\nns. A 192.0.2.200\nhere. A 192.0.2.201\n";
    fs::write(folder.path().join("root.zone"), root).unwrap();
    let output = ordinary(&["lab", "dns", "here", "--zones", zones]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("192.0.2.200") && text.contains("here. is secure"), "{text}");
}

#[test]
fn where_nothing_can_be_captured_the_recording_of_the_lab_is_explained() {
    if !possible("the lab dns without a sandbox") {
        return;
    }
    let inner = ordinary(&["lab", "dns", "nyu.edu"]);
    let Some(ran) = run_where_forbidden("echo 0 > /proc/sys/user/max_user_namespaces", &inner) else {
        return;
    };
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("max_user_namespaces") && ran.err.contains("127.53.0.0/16"), "{ran:?}");
    assert!(ran.out.contains("captures/lab-dns.pcapng, the recording of this lab"), "{ran:?}");
    // What was played, and what was recorded.
    assert!(ran.out.contains(" 127.53.0.") && ran.out.contains("www.bogus.edu. is bogus"), "{ran:?}");
    assert!(ran.out.contains("hold: the recording that wirelab brings along"), "{ran:?}");
}

#[test]
fn what_the_lab_does_not_have_is_refused() {
    for (args, words) in [
        (&["lab", "dns", "--two-hosts"][..], "the lab `dns` has no --two-hosts"),
        (&["lab", "dns", "-6"], "the lab `dns` has no --ipv6"),
        (&["lab", "dns", "--loss", "5%"], "the lab `dns` has no --loss"),
        (&["lab", "dns", "a..b"], "a label is empty"),
        (&["lab", "dns", "--zones", "/no/such/folder"], "/no/such/folder"),
        (&["lab", "knock", "nyu.edu"], "`knock` has no names to look up"),
        (&["lab", "knock", "--zones", "."], "`knock` has no --zones"),
    ] {
        let output = wirelab(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(words), "{args:?}: {said}");
    }
}
