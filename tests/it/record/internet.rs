//! `record --internet`: unmodified resolvers on the private internet, against `trace` and against what the capture shows.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Run, folder, ordinary, possible, reachable, record, run, test_binary};
use crate::program;
use crate::skip::skip;

/// Names to look up, each with what it is there for. The last column says which programs follow it to its end by themselves:
/// dig and drill stop at an alias that leaves its zone, and drill knows no truncation in a trace. They have the addresses of
/// servers from the resolver, which has none of servers whose names are in a bogus zone.
const CASES: [(&str, &str, &str); 13] = [
    ("nyu.edu", "A", "dig drill"),
    ("google.com", "A", "dig drill"),
    ("amazon.com", "A", "dig drill"),
    // NXDOMAIN, NODATA.
    ("missing.lab.edu", "A", "dig"),
    ("text.lab.edu", "A", "dig"),
    // Aliases: in the zone, out of it, by DNAME.
    ("alias.lab.edu", "A", "dig drill"),
    ("away.lab.edu", "A", "dig"),
    ("www.campus.lab.edu", "A", "dig"),
    // Truncated: by its length, and by a server that truncates whatever it says.
    ("big.lab.edu", "TXT", "dig"),
    ("www.truncates.lab.edu", "A", "dig"),
    ("www.glueless.lab.edu", "A", "dig drill"),
    ("www.signed.edu", "A", "dig drill"),
    ("www.bogus.edu", "A", ""),
];

/// What dig itself asked: the resolver for the root's servers, and servers. What else the resolver is asked, and asks, are
/// resolutions of their own.
const OF_DIG: &str = r#"!(ip.addr == 127.53.0.54) && (!(ip.addr == 127.0.0.53) || dns.qry.name == "<Root>")"#;

/// Whether the sandbox and these programs are here; says what is missing.
fn ready(what: &str, programs: &[&str]) -> bool {
    let is_there = |program: &str| Path::new("/usr/bin").join(program).is_file();
    if let Some(missing) = programs.iter().find(|program| !is_there(program)) {
        skip(what, &format!("there is no /usr/bin/{missing}"));
        return false;
    }
    possible(what)
}

#[test]
fn the_servers_are_there_before_the_command_and_nothing_else_is() {
    if !possible("the private internet") {
        return;
    }
    let script = "cat /proc/net/route | wc -l; cut -d: -f1 /proc/net/dev | grep -c -e eth -e wlan; \
                  grep -c ' 0A ' /proc/net/tcp; cat /etc/resolv.conf";
    let ran = run(&mut record(&["--internet", "--", "sh", "-c", script]));
    let lines: Vec<&str> = ran.out.lines().collect();
    let [routes, outer, listening, ..] = *lines else { panic!("{ran:?}") };
    assert_eq!((routes, outer), ("1", "0"), "{ran:?}");
    assert!(listening.parse::<u32>().is_ok_and(|count| count > 40), "{ran:?}");
    assert!(ran.out.contains("nameserver 127.0.0.53"), "{ran:?}");
    // They are none of what the command left running.
    assert!(!ran.err.contains("left running"), "{ran:?}");
}

#[test]
fn mistakes_in_zones_are_told_before_the_command_runs() {
    let folder = folder();
    let zones = folder.path().to_str().unwrap();
    fs::write(folder.path().join("root.zone"), "@ SOA a. b. 1 2 3 4\n").unwrap();
    let wrong = run(&mut record(&["--internet", "--zones", zones, "--", "echo", "ran"]));
    assert_eq!((wrong.code, wrong.out.as_str()), (Some(2), ""), "{wrong:?}");
    assert!(wrong.err.contains("root.zone, line 1:"), "{wrong:?}");
    let alone = run(&mut record(&["--zones", zones, "--", "true"]));
    assert!(alone.code == Some(2) && alone.err.contains("--internet"), "{alone:?}");
}

#[test]
fn servers_that_cannot_start_are_an_error() {
    if !possible("servers that cannot start") {
        return;
    }
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    // No folder can be made there.
    let export = file.join("below");
    let ran = run(&mut record(&["--internet", "--export", export.to_str().unwrap(), "--", "echo", "ran"]));
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.err.contains("below") && ran.err.contains("did not start"), "{ran:?}");
}

#[test]
fn dig_on_the_private_internet_is_rebuilt_from_its_packets() {
    if !ready("dig +trace on the private internet", &["dig"]) {
        return;
    }
    let folder = folder();
    let names = names_of_addresses();
    let mut steps = 0;
    for (name, kind, _) in CASES.into_iter().filter(|(_, _, programs)| programs.contains("dig")) {
        for at in ["", "@a.root-servers.net"] {
            let capture = folder.path().join("dig.pcapng");
            let capture = capture.to_str().unwrap();
            let script = format!("exec dig +trace {name} {kind} {at}");
            let asked =
                run(&mut record(&["--internet", "--view", "none", "-w", capture, "--", "sh", "-c", &script]));
            assert_eq!(asked.code, Some(0), "{asked:?}");
            let rebuilt = run(&mut program::command(&["dns", "--trace", "--dig", capture, "-Y", OF_DIG]));
            let told: Vec<String> = told(&asked.out, &names);
            assert_eq!(self::told(&rebuilt.out, &names), told, "{name} {kind} {at}: {}", asked.out);
            let count = told.iter().filter(|line| line.contains("Received")).count();
            assert!(count >= 3, "{name} {kind} {at}: {}", asked.out);
            steps += count;
        }
    }
    assert!(steps >= 4 * 2 * (CASES.len() - 1), "{steps}");
    let bogus = run(&mut record(&["--internet", "--view", "none", "--", "dig", "+trace", "www.bogus.edu"]));
    assert!(bogus.out.contains("couldn't get address for 'ns1.bogus.edu': failure"), "{bogus:?}");
}

/// Delegations to servers that are silent, that refuse, and whose addresses nobody can find out.
const DEAD: &str = "ns8 A 192.0.2.142\nns9 A 192.0.2.143\nns9 AAAA 2001:db8:143::1\n\
                    ; wirelab: server ns8 silent\n; wirelab: server ns9 silent\n\
                    dark NS ns9\ndusk NS ns8\ndusk NS ns9\ndeny NS ns1.signed.edu.\ndeny NS ns2.signed.edu.\n";

#[test]
fn dig_at_dead_delegations_is_rebuilt_from_its_packets() {
    if !ready("dig +trace to where nobody answers", &["dig"]) {
        return;
    }
    let folder = folder();
    let mut names = names_of_addresses();
    let zones = folder.path().join("zones");
    fs::create_dir(&zones).unwrap();
    for (file, text) in wirelab::lab::dns::OWN {
        let more = if *file == "lab.edu.zone" { DEAD } else { "" };
        fs::write(zones.join(file), format!("{text}{more}")).unwrap();
    }
    for (address, name) in [("192.0.2.142", "ns8"), ("192.0.2.143", "ns9"), ("2001:db8:143::1", "ns9")] {
        names.insert(address.to_owned(), format!("{name}.lab.edu."));
    }
    let capture = folder.path().join("dig.pcapng");
    let (zones, capture) = (zones.to_str().unwrap(), capture.to_str().unwrap());
    for (name, end) in [
        ("www.dark.lab.edu", ";; no servers could be reached"),
        ("www.dusk.lab.edu", ";; no servers could be reached"),
        ("www.deny.lab.edu", ""),
        ("www.dead.lab.edu", "dig: couldn't get address for 'ns1.dead.lab.edu': no more"),
    ] {
        let internet = ["--internet", "--zones", zones, "--view", "none"];
        let dig = ["-w", capture, "--", "dig", "+trace", "+time=3", "+tries=2", name];
        let asked = run(&mut record(&[&internet[..], &dig].concat()));
        let rebuilt = run(&mut program::command(&["dns", "--trace", "--dig", capture]));
        let mut told = told(&asked.out, &names);
        // What dig ends by comes through its other stream.
        told.extend(asked.err.lines().filter(|line| line.starts_with("dig: ")).map(str::to_owned));
        assert_eq!(told.last().map(String::as_str), Some(end), "{name}: {asked:?}");
        assert_eq!(self::told(&rebuilt.out, &names), told, "{name}: {asked:?}");
        // Asked live it ends with the same word.
        let live = ["trace", "--internet", "--zones", zones, "--dig", "--wait", "1500", name];
        let live = run(&mut ordinary(&live));
        let end = if end.starts_with("dig: ") { ";; no servers could be reached" } else { end };
        assert_eq!(live.out.lines().last(), Some(end), "{name}: {live:?}");
    }
}

/// What dig says but for its banner and times, with the first of the names that a server's address has.
fn told(text: &str, names: &BTreeMap<String, String>) -> Vec<String> {
    let lines = text.lines().skip_while(|line| line.is_empty() || line.starts_with("; <<>>"));
    let lines = lines.filter(|line| !line.starts_with(";; global options"));
    lines
        .map(|line| {
            let Some((line, _)) = line.rsplit_once(" in ").filter(|_| line.starts_with(";; Received")) else {
                return line.to_owned();
            };
            let from = line.split_once(" from ").and_then(|(_, from)| from.split_once('#'));
            match (from.and_then(|(address, _)| names.get(address)), line.split_once('(')) {
                (Some(name), Some((head, shown))) if shares(shown.trim_end_matches(')'), name, names) => {
                    format!("{head}({name})")
                }
                _ => line.to_owned(),
            }
        })
        .collect()
}

/// Whether `shown` and `name` are two names for one address.
fn shares(shown: &str, name: &str, names: &BTreeMap<String, String>) -> bool {
    let wanted = format!("{}.", shown.trim_end_matches('.'));
    names.get(&wanted).is_some_and(|first| first == name)
}

/// By address, and by each name of an address, the first name of that address.
fn names_of_addresses() -> BTreeMap<String, String> {
    use wirelab::lab::dns::{Addresses, Internet, Validity};
    let internet = Internet::own(Addresses::AsWritten, Validity::starting_now()).unwrap();
    let mut names = BTreeMap::new();
    for server in internet.servers() {
        let first = server.names[0].to_string();
        names.insert(server.address.to_string(), first.clone());
        for name in &server.names {
            names.insert(name.to_string(), first.clone());
        }
    }
    names
}

#[test]
fn resolvers_agree_with_trace_on_every_step() {
    if !ready("dig, drill and kdig beside trace", &["dig", "drill", "kdig"]) {
        return;
    }
    let inside = reachable(program::binary());
    let mut command = record(&[
        "--internet",
        "--view",
        "none",
        "--",
        test_binary(),
        "record::internet::child_compares",
        "--exact",
        "--ignored",
        "--nocapture",
    ]);
    let ran = run(command.env("WIRELAB_INSIDE", inside));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let counts = ran.out.lines().find_map(|line| line.strip_prefix("steps compared: ")).unwrap();
    let counts: Vec<usize> = counts.split(' ').map(|count| count.parse().unwrap()).collect();
    // dig, drill, kdig. The bogus zone, three steps, is compared with kdig alone.
    assert!(counts[0] >= 38 && counts[1] >= 19 && counts[2] >= 50, "{counts:?}");
}

/// A record: name, type, data without spaces, all in small letters; and how long it lives.
type Record = (String, String, String, u32);

#[test]
#[ignore = "run by resolvers_agree_with_trace_on_every_step, in a sandbox"]
fn child_compares() {
    // Nothing leads out: only then may resolvers run.
    let routes = fs::read_to_string("/proc/self/net/route").unwrap();
    assert_eq!(routes.lines().count(), 1, "{routes}");
    let (mut by_dig, mut by_drill, mut by_kdig) = (0, 0, 0);
    for (name, kind, programs) in CASES {
        let trace = asked(&std::env::var("WIRELAB_INSIDE").unwrap(), &["trace", name, kind, "--json"]);
        let trace: Value = serde_json::from_str(&trace).unwrap();
        let steps = steps(&trace);
        by_kdig += steps.iter().map(compare_with_kdig).sum::<usize>();
        let main = trace["steps"].as_array().unwrap();
        if programs.contains("dig") {
            by_dig += compare_with_dig(main, name, kind);
        }
        if programs.contains("drill") {
            by_drill += compare_with_drill(main, name, kind);
        }
    }
    // Past the test harness, which would keep it to itself or mix it with its own lines.
    writeln!(std::io::stdout().lock(), "\nsteps compared: {by_dig} {by_drill} {by_kdig}").unwrap();
}

/// What a program prints.
fn asked(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The steps of a trace, and of those within it.
fn steps(trace: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for step in trace["steps"].as_array().unwrap() {
        for nested in step["nested"].as_array().into_iter().flatten() {
            all.extend(steps(nested));
        }
        all.push(step.clone());
    }
    all
}

/// The records of these sections.
fn records(step: &Value, sections: &[&str]) -> Vec<Record> {
    let of = |section: &&str| step["response"][section].as_array().cloned().unwrap_or_default();
    let mut records: Vec<Record> = sections
        .iter()
        .flat_map(of)
        .map(|record| {
            let text = |key: &str| record[key].as_str().unwrap().to_owned();
            let ttl = u32::try_from(record["ttl"].as_u64().unwrap()).unwrap();
            plain(&text("name"), &text("type"), &text("data"), ttl)
        })
        .collect();
    records.sort();
    records
}

fn plain(name: &str, kind: &str, data: &str, ttl: u32) -> Record {
    let data: String = data.split_whitespace().collect();
    let name = format!("{}.", name.trim_end_matches('.'));
    (name.to_lowercase(), kind.to_owned(), data.to_lowercase(), ttl)
}

/// A record as a master file has it.
fn parsed(line: &str) -> Option<Record> {
    let mut words = line.split_whitespace();
    let (name, ttl, class, kind) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let data: Vec<&str> = words.collect();
    (class == "IN").then(|| plain(name, kind, &data.join(" "), ttl.parse().unwrap()))
}

fn sorted(lines: impl Iterator<Item = Record>) -> Vec<Record> {
    let mut records: Vec<Record> = lines.collect();
    records.sort();
    records
}

/// The same server is asked the same.
fn compare_with_kdig(step: &Value) -> usize {
    if step["response"].is_null() {
        return 0;
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (address, name) = (text(&step["server"]["address"]), text(&step["asked"]["name"]));
    let over = if step["over"] == "tcp" { "+tcp" } else { "+ignore" };
    let kind = text(&step["asked"]["type"]);
    let args = ["+norec", "+dnssec", "+noidn", over, &format!("@{address}"), &name, &kind];
    let output = asked("kdig", &args);
    let seen = sorted(output.lines().filter(|line| !line.starts_with(';')).filter_map(parsed));
    assert_eq!(seen, records(step, &["answers", "authority", "additional"]), "kdig {args:?}: {output}");
    let flags = output.lines().find(|line| line.starts_with(";; Flags:")).unwrap();
    assert_eq!(flags.contains(" aa"), step["authoritative"] == true, "{flags} {step}");
    1
}

/// Steps that lead on, with their answers and authority.
fn leading(steps: &[Value]) -> Vec<(Value, Vec<Record>)> {
    let leads = |step: &&Value| {
        let outcome = step["outcome"].as_str().unwrap();
        ["referral", "answer", "alias", "nodata", "nxdomain"].contains(&outcome)
    };
    steps.iter().filter(leads).map(|step| (step.clone(), records(step, &["answers", "authority"]))).collect()
}

fn compare_with_dig(steps: &[Value], name: &str, kind: &str) -> usize {
    let output = asked("dig", &["+trace", name, kind]);
    let mut seen: Vec<Vec<Record>> = vec![Vec::new()];
    for line in output.lines() {
        if line.starts_with(";; Received") {
            seen.push(Vec::new());
        } else if let Some(record) = parsed(line).filter(|_| !line.starts_with(';')) {
            seen.last_mut().unwrap().push(record);
        }
    }
    // The first lists the root's servers, the last is what follows the last line.
    let seen: Vec<Vec<Record>> = seen
        .into_iter()
        .skip(1)
        .filter(|step| !step.is_empty())
        .map(|step| sorted(step.into_iter()))
        .collect();
    let mut own = leading(steps);
    // dig does not follow aliases; servers that are asked behind one are no steps of its own.
    let end = own.iter().position(|(step, _)| step["outcome"] == "alias").map_or(own.len(), |at| at + 1);
    own.truncate(end);
    let own: Vec<Vec<Record>> = own.into_iter().map(|(_, records)| records).collect();
    assert_eq!(seen, own, "dig {name} {kind}: {output}");
    seen.len()
}

/// drill asks for no signatures, and prints of a referral its servers, of an answer the answer.
fn compare_with_drill(steps: &[Value], name: &str, kind: &str) -> usize {
    let output = asked("drill", &["-T", name, kind]);
    let is_root = |record: &Record| record.0 == "." && record.1 == "NS";
    let seen = output.lines().filter(|line| !line.starts_with(';')).filter_map(parsed);
    let mut seen: Vec<Record> = seen.filter(|record| !is_root(record)).collect();
    let mut count = 0;
    for (step, own) in leading(steps) {
        let signed = ["RRSIG", "NSEC3", "DS"];
        let wanted = if step["outcome"] == "referral" { own } else { records(&step, &["answers"]) };
        let wanted = sorted(wanted.into_iter().filter(|record| !signed.contains(&record.1.as_str())));
        let rest = seen.split_off(wanted.len().min(seen.len()));
        assert_eq!(sorted(seen.into_iter()), wanted, "drill {name} {kind}: {output}");
        seen = rest;
        count += 1;
    }
    assert_eq!(seen, [], "drill {name} {kind}: {output}");
    count
}

#[test]
fn validators_believe_the_signed_zone_and_refuse_the_bogus_one() {
    if !ready("delv and drill with the lab's key", &["delv", "drill"]) {
        return;
    }
    let folder = folder();
    let keys = folder.path().to_str().unwrap();
    let say = |script: &str| -> Run {
        run(&mut record(&["--internet", "--export", keys, "--view", "none", "--", "sh", "-c", script]))
    };
    // The resolver validates, too: it is asked not to (CD).
    let delv = say(&format!(
        "for name in www.signed.edu www.bogus.edu nyu.edu; do delv +cd -a {keys}/root.anchors $name A 2>&1; echo; done"
    ));
    let parts: Vec<&str> = delv.out.split("\n\n").collect();
    assert!(parts[0].starts_with("; fully validated") && parts[0].contains("192.0.2.131"), "{delv:?}");
    assert!(parts[1].contains("RRSIG failed to verify") && !parts[1].contains("192.0.2.141"), "{delv:?}");
    assert!(parts[2].starts_with("; unsigned answer") && parts[2].contains("192.0.2.121"), "{delv:?}");
    let drill = |how: &str, name: &str| say(&format!("drill {how} -k {keys}/root.key {name} A 2>&1"));
    let (good, bad) = (drill("-S", "www.signed.edu"), drill("-S", "www.bogus.edu"));
    assert!(good.code == Some(0) && good.out.contains(";; Chase successful"), "{good:?}");
    assert!(bad.code != Some(0) && bad.out.contains("Bogus DNSSEC signature"), "{bad:?}");
    // From the root down, which needs no resolver.
    let hints = format!("-TD -r {keys}/root.hints");
    let (good, bad) = (drill(&hints, "www.signed.edu"), drill(&hints, "www.bogus.edu"));
    let answer = |run: &Run, sign: &str, address: &str| {
        run.out.lines().any(|line| line.starts_with(sign) && line.ends_with(address))
    };
    assert!(good.code == Some(0) && answer(&good, "[T] www.signed.edu.", "192.0.2.131"), "{good:?}");
    assert!(bad.code != Some(0) && answer(&bad, "[B] www.bogus.edu.", "192.0.2.141"), "{bad:?}");
}

/// Of each step of each resolution: whom it asked, the outcome, the records.
fn told_steps(traces: &[&Value]) -> Vec<(String, String, Vec<Record>)> {
    let all = traces.iter().flat_map(|trace| steps(trace));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let told = |step: &Value| records(step, &["answers", "authority", "additional"]);
    all.map(|step| (text(&step["server"]["address"]), text(&step["outcome"]), told(&step))).collect()
}

#[test]
fn trace_runs_on_the_private_internet_and_keeps_its_packets() {
    if !possible("trace --internet") {
        return;
    }
    let folder = folder();
    let name = |file: &str| folder.path().join(file).to_str().unwrap().to_owned();
    let parsed = |text: &str| -> Value { serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}")) };
    let rebuilt = |file: &str| parsed(&run(&mut program::command(&["dns", "--trace", "--json", file])).out);
    // In a sandbox of its own, and in one that is there already.
    let (own, inside) = (name("own.pcapng"), name("inside.pcapng"));
    let traced = run(&mut ordinary(&["trace", "--internet", "away.lab.edu", "--json", "-w", &own]));
    assert_eq!(traced.code, Some(0), "{traced:?}");
    let program = reachable(program::binary());
    let program = program.to_str().unwrap();
    let kept = run(&mut record(&[
        "--internet",
        "--view",
        "none",
        "--",
        program,
        "trace",
        "away.lab.edu",
        "--json",
        "-w",
        &inside,
    ]));
    assert_eq!(kept.code, Some(0), "{kept:?}");
    for (told, file) in [(&traced, &own), (&kept, &inside)] {
        let document = rebuilt(file);
        let traces: Vec<&Value> = document["traces"].as_array().unwrap().iter().collect();
        let live = parsed(&told.out);
        assert_eq!(told_steps(&traces), told_steps(&[&live]), "{told:?}");
        assert!(told_steps(&traces).len() >= 5, "{told:?}");
    }
    // The root's key comes along.
    for (name, status, word) in [("www.signed.edu", 0, "secure"), ("www.bogus.edu", 1, "bogus")] {
        let checked = run(&mut ordinary(&["trace", "--internet", "--dnssec", "--json", name]));
        assert_eq!(checked.code, Some(status), "{checked:?}");
        let links = parsed(&checked.out)["dnssec"].as_array().unwrap().clone();
        assert_eq!(links.last().unwrap()["security"], word, "{checked:?}");
    }
    // Elsewhere nobody but this machine is asked.
    let refused = run(&mut ordinary(&["trace", "nyu.edu"]));
    assert!(refused.code == Some(2) && refused.err.contains("--internet asks"), "{refused:?}");
}
