//! `lab NAME` and `labs`: every scene is played as an ordinary user without any capability, and all its checks hold.

use std::process::Command;

use serde_json::Value;
use wirelab::lab::scene::{Hosts, Kind, SCENES};
use wirelab::lab::{Fault, LABS, LabOption};

use crate::program::{binary, wirelab};
use crate::record::refused::run_where_forbidden;
use crate::record::{ordinary, possible};
use crate::skip::skip;

/// What a run printed as JSON; it must have found everything in order.
fn played(command: &mut Command, what: &str) -> Value {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout);
    let document: Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{what}: {error}: {said}"));
    let failed: Vec<&Value> =
        document["checks"].as_array().unwrap().iter().filter(|check| check["holds"] == false).collect();
    assert!(failed.is_empty() && document["holds"] == true, "{what}: {failed:?} {said}");
    assert_eq!(output.status.code(), Some(0), "{what}: {said}");
    document
}

#[test]
fn every_scene_is_played_captured_and_checked() {
    if !possible("scenes in a sandbox") {
        return;
    }
    for scene in SCENES {
        let document = played(&mut ordinary(&["lab", scene.name, "--json"]), scene.name);
        assert_eq!(document["schema"], "wirelab.lab/1");
        let place = if matches!(scene.hosts, Hosts::Two(_)) { "two_hosts" } else { "sandbox" };
        assert_eq!((&document["name"], &document["played"]), (&scene.name.into(), &place.into()));
        assert!(!document["flows"].as_array().unwrap().is_empty(), "{}", scene.name);
        assert!(!document["log"].as_array().unwrap().is_empty(), "{}", scene.name);
        assert!(!document["checks"].as_array().unwrap().is_empty(), "{}", scene.name);
    }
}

#[test]
fn a_scene_can_be_played_over_ipv6_and_kept() {
    if !possible("scenes over IPv6") {
        return;
    }
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        skip("scenes over IPv6", "this machine has no ::1");
        return;
    }
    for name in ["greeting", "knock", "relay", "mail", "reset"] {
        let document = played(&mut ordinary(&["lab", name, "-6", "--json"]), name);
        assert_eq!(document["flows"][0]["orig"]["address"], "::1", "{name}: {}", document["flows"][0]);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("knock.pcap");
    let kept = wirelab(&["lab", "knock", "-w", file.to_str().unwrap()]).output().unwrap();
    assert_eq!(kept.status.code(), Some(0), "{}", String::from_utf8_lossy(&kept.stderr));
    let packets = wirelab(&["read", file.to_str().unwrap()]).output().unwrap();
    assert_eq!(packets.stdout.iter().filter(|byte| **byte == b'\n').count(), 10, "{packets:?}");
}

#[test]
fn server_and_clients_play_on_two_hosts() {
    if !possible("scenes on two hosts") {
        return;
    }
    for scene in SCENES.iter().filter(|scene| matches!(scene.hosts, Hosts::OneOrTwo { .. })) {
        let document = played(&mut ordinary(&["lab", scene.name, "--two-hosts", "--json"]), scene.name);
        assert_eq!(document["played"], "two_hosts");
        let flow = &document["flows"][0];
        let ends = (&flow["orig"]["address"], &flow["resp"]["address"]);
        assert_eq!(ends, (&"10.0.0.2".into(), &"10.0.0.1".into()), "{}", scene.name);
    }
    // What servers say to each other stays on their host, and is in the capture all the same.
    for (name, flows) in [("proxy", 2), ("mail", 4)] {
        let document = played(&mut ordinary(&["lab", name, "--two-hosts", "--json"]), name);
        let flows_of = |address: &str| {
            let flows = document["flows"].as_array().unwrap().iter();
            flows.filter(|flow| flow["orig"]["address"] == address).count()
        };
        assert_eq!((flows_of("10.0.0.2"), flows_of("10.0.0.1")), (flows / 2, flows / 2), "{name}");
    }
    if std::net::UdpSocket::bind("[::1]:0").is_ok() {
        let document = played(&mut ordinary(&["lab", "knock", "--two-hosts", "-6", "--json"]), "knock -6");
        assert_eq!(document["flows"][0]["resp"]["address"], "fd00::1");
    }
}

/// How many lines between two hosts are tried.
const SEEDS: u64 = 100;

/// How often the log of a scene says that the line did this to a segment with data.
fn deeds(document: &Value, is: impl Fn(&Value) -> bool) -> usize {
    let notes = document["log"].as_array().unwrap().iter().map(|line| &line["noted"]["note"]["on_the_way"]);
    notes.filter(|note| note["length"].as_u64() > Some(0) && is(&note["deed"])).count()
}

#[test]
fn what_a_line_between_two_hosts_does_is_what_the_analysis_finds() {
    if !possible("a bad line between two hosts") {
        return;
    }
    let runs: Vec<Vec<String>> = (1..=SEEDS)
        .map(|seed| {
            // What is lost is seen before the line, what comes twice or out of order behind it.
            let line = if seed % 2 == 0 { "--loss 20%" } else { "--duplicate 20% --reorder 20%" };
            words(&format!(
                "lab retransmission {line} --delay 30ms --jitter 10ms --pace 0.1 --seed {seed} --json"
            ))
        })
        .collect();
    let documents = played_side_by_side(&runs);
    let all =
        |is: &dyn Fn(&Value) -> bool| documents.iter().map(|document| deeds(document, is)).sum::<usize>();
    let (lost, repeated) = (all(&|deed| deed == "lost"), all(&|deed| deed == "repeated"));
    let overtaken = all(&|deed| deed["overtaken"].is_object());
    let held = all(&|deed| deed["held"].is_object());
    let least = usize::try_from(SEEDS).unwrap();
    assert!(
        lost > least && repeated > least && overtaken > least && held > 10 * least,
        "{lost} {repeated} {overtaken} {held}"
    );
    for document in &documents {
        let checks = document["checks"].as_array().unwrap();
        let is_late = |check: &Value| check["text"].as_str().unwrap().contains("as late as its log says");
        assert!(checks.iter().any(is_late), "delays are not compared: {checks:?}");
    }
    for args in [
        &["lab", "file-transfer", "--two-hosts", "--loss", "20%", "--json"][..],
        &["lab", "uppercase-tcp", "--two-hosts", "--loss", "5%", "--delay", "10ms", "--json"],
        &["lab", "web", "--two-hosts", "--rate", "1mbit", "--jitter", "2ms", "--json"],
    ] {
        let document = played(&mut ordinary(args), args[1]);
        let is_line = |line: &Value| line["noted"]["note"]["between"].is_object();
        assert!(document["log"].as_array().unwrap().iter().any(is_line), "{args:?}");
    }
}

/// Plays these, some at a time: a scene waits more than it works.
fn played_side_by_side(all: &[Vec<String>]) -> Vec<Value> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let documents = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(args) = all.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    let args: Vec<&str> = args.iter().map(String::as_str).collect();
                    let document = played(&mut ordinary(&args), &args.join(" "));
                    documents.lock().unwrap().push(document);
                }
            });
        }
    });
    documents.into_inner().unwrap()
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn what_a_bad_line_does_to_datagrams_is_what_every_lab_over_udp_shows() {
    if !possible("labs over UDP on a bad line") {
        return;
    }
    let mut all = Vec::new();
    for lab in [
        "greeting",
        "uppercase-udp",
        "chatbot-udp",
        "relay",
        "datetime --pace 0.02",
        "udp-ping --pace 0.05",
        "udp-throughput --pace 0.05 --count 20",
    ] {
        for (seed, line) in (1..).zip([
            "--loss 40%",
            "--duplicate 40%",
            "--reorder 40%",
            "--delay 20ms --jitter 10ms",
            "--rate 40kbit",
            "--loss 30% --duplicate 30% --reorder 30% --delay 10ms --jitter 5ms",
        ]) {
            all.push(words(&format!("lab {lab} {line} --seed {seed} --json")));
        }
    }
    // What sets up and ends a measurement is not lost, whatever the line does.
    all.push(words("lab udp-ping --pace 0.05 --loss 100% --json"));
    let documents = played_side_by_side(&all);
    let count = |is: &dyn Fn(&Value) -> bool| {
        let log = documents.iter().flat_map(|document| document["log"].as_array().unwrap());
        log.filter(|line| is(&line["noted"]["note"]["impaired"]["deed"])).count()
    };
    let done = [
        count(&|deed| deed == "lost"),
        count(&|deed| deed == "repeated"),
        count(&|deed| deed["overtaken"].is_object()),
        count(&|deed| deed["held"].is_object()),
    ];
    assert!(done[0] > 10 && done[1] > 10 && done[2] > 0 && done[3] > 20, "too little was done: {done:?}");
}

#[test]
fn what_a_server_does_wrong_is_what_every_lab_over_tcp_shows() {
    if !possible("labs over TCP with faults") {
        return;
    }
    let labs = || LABS.iter().filter(|lab| lab.takes(LabOption::Fault));
    let all: Vec<Vec<String>> = labs()
        .flat_map(|lab| Fault::ALL.map(|fault| words(&format!("lab {} --fault {fault} --json", lab.name))))
        .collect();
    assert_eq!(all.len(), 9 * Fault::ALL.len());
    let (mut seen, mut unseen) = (Vec::new(), Vec::new());
    for document in played_side_by_side(&all) {
        let name = document["name"].as_str().unwrap();
        let log = document["log"].as_array().unwrap().iter();
        let begins = log.map(|line| &line["noted"]["note"]["misdeed"]["begins"]["fault"]);
        let fault = begins.filter_map(Value::as_str).next().unwrap();
        let checks = document["checks"].as_array().unwrap();
        let is_its = |check: &&Value| check["text"].as_str().unwrap().starts_with(&format!("{fault}: "));
        let own: Vec<&Value> = checks.iter().filter(is_its).collect();
        let [own] = own.as_slice() else { panic!("{name} --fault {fault}: {checks:?}") };
        let told = format!("{name} {fault}");
        match own["holds"].as_bool() {
            Some(true) => {
                assert!(!own["packets"].as_array().unwrap().is_empty(), "{told}: {own}");
                seen.push(told);
            }
            None => {
                assert!(own["text"].as_str().unwrap().contains("nothing to be seen"), "{told}: {own}");
                unseen.push(told);
            }
            Some(false) => unreachable!("{told}"),
        }
        let closed = |check: &&Value| check["text"].as_str().unwrap().contains("closed by both sides");
        let is_spoilt = matches!(fault, "no-fin" | "reset");
        assert!(!is_spoilt || !checks.iter().any(|check| closed(&check)), "{name} {fault}: {checks:?}");
        if (name, fault) == ("knock", "reset") {
            let wrong = checks.iter().find(|check| check["text"].as_str().unwrap().contains("`Who's `"));
            let wrong = wrong.unwrap_or_else(|| panic!("{checks:?}"));
            assert_eq!(wrong["packets"], serde_json::json!([own["packets"][0]]), "{wrong}");
            assert!(wrong["holds"].is_null(), "{wrong}");
        }
    }
    // What is sent to a lab's server is little, but for a mail.
    assert!(unseen.iter().all(|told| told.ends_with("slow-reader")), "{unseen:?}");
    assert!(seen.len() > unseen.len());
}

#[test]
fn pings_are_told_by_the_clients_clock_and_by_the_capture() {
    if !possible("pings by two clocks") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.svg");
    let plot = ["lab", "udp-throughput", "--count", "20", "--json", "--plot", file.to_str().unwrap()];
    let document = played(Command::new(binary()).args(plot), "udp-throughput");
    let pings = &document["pings"];
    assert_eq!((&pings["by_client"]["sent"], &pings["in_capture"]["sent"]), (&20.into(), &20.into()));
    let seconds = pings["seconds"].as_array().unwrap();
    for side in ["by_client", "in_capture"] {
        let sent: u64 = seconds.iter().map(|second| second[side]["sent"].as_u64().unwrap()).sum();
        assert_eq!(sent, 20, "{side}: {pings}");
    }
    let rtts = |name: &str| {
        let pings = pings["pings"].as_array().unwrap();
        pings.iter().filter(|ping| ping[name].as_u64().is_some_and(|rtt| rtt > 0)).count()
    };
    assert!(rtts("rtt_by_client_ns") > 10 && rtts("rtt_in_capture_ns") > 10, "{pings}");
    assert!(std::fs::read_to_string(file).unwrap().starts_with("<svg "));
    let text = ordinary(&["lab", "udp-throughput", "--count", "20"]).output().unwrap().stdout;
    let text = String::from_utf8(text).unwrap();
    for words in ["Second by second", "mean delay of answered pings", "by the client: 20 pings"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn what_only_a_line_does_is_refused_with_the_way_to_one() {
    for (args, error) in [
        (
            &["lab", "knock", "--seed", "3", "--loss", "30%"][..],
            "error: the lab `knock` has no --seed, no --loss\n",
        ),
        (&["lab", "ipv4-ipv6", "--loss", "30%"], "error: the experiment `ipv4-ipv6` has no --loss\n"),
    ] {
        let said = wirelab(args).output().unwrap();
        let err = String::from_utf8(said.stderr).unwrap();
        assert_eq!(said.status.code(), Some(2), "{err}");
        assert!(err.starts_with(error) && err.contains("hint: with --two-hosts there is a line"), "{err}");
    }
    let said = wirelab(&["lab", "knock", "--seed", "3"]).output().unwrap();
    let err = String::from_utf8(said.stderr).unwrap();
    assert!(err.starts_with("error: the lab `knock` has no --seed\n") && !err.contains("hint"), "{err}");
}

#[test]
fn where_nothing_can_be_captured_the_recording_is_explained() {
    if !possible("a scene without a sandbox") {
        return;
    }
    for name in ["knock", "chat"] {
        let file = std::env::temp_dir().join(format!("{name}-{}.pcapng", std::process::id()));
        let inner = ordinary(&["lab", name, "-w", file.to_str().unwrap()]);
        let Some(ran) = run_where_forbidden("echo 0 > /proc/sys/user/max_user_namespaces", &inner) else {
            return;
        };
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(!file.exists() && ran.err.contains("is not written"), "{ran:?}");
        assert!(
            ran.err.contains("max_user_namespaces") && ran.err.contains("nothing can be captured here"),
            "{ran:?}"
        );
        let why = "cannot make a sandbox: ";
        let said = in_one_line(&ran.out);
        assert!(
            !ran.err.contains(why) && said.matches(why).count() == 1,
            "once, beside the recording: {ran:?}"
        );
        for words in [
            &format!("captures/{name}.pcapng, the recording of this lab that wirelab brings along"),
            "and not about what was just played. What the programs just did is told by their log alone",
            &format!("captures/{name}.pcapng: "),
            "listens on",
            "Checks of the recording against its own log",
            "hold: the recording that wirelab brings along",
        ] {
            assert!(said.contains(words), "{words}: {ran:?}");
        }
        assert!(!said.contains("was made without") && !said.contains("hold: the capture"), "{ran:?}");
    }
}

/// Prose without the breaks of its lines.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A run of `lab` where nothing can be captured.
fn uncaptured(args: &str) -> Option<crate::record::Run> {
    let args = words(&format!("lab {args}"));
    let inner = ordinary(&args.iter().map(String::as_str).collect::<Vec<_>>());
    run_where_forbidden("echo 0 > /proc/sys/user/max_user_namespaces", &inner)
}

#[test]
fn a_recording_does_not_show_what_was_asked_for_and_says_so() {
    if !possible("options without a sandbox") {
        return;
    }
    for (args, without, names) in [
        (
            "knock --two-hosts --loss 5% --brief",
            "without --loss and --two-hosts:",
            &["--loss", "--two-hosts"][..],
        ),
        (
            "uppercase-udp --loss 0% --delay 1ms --brief",
            "without --loss and --delay:",
            &["--loss", "--delay"],
        ),
        ("udp-ping --count 3 --seed 7 --brief", "without --seed and --count:", &["--seed", "--count"]),
        ("uppercase-tcp --fault split-writes --brief", "without --fault:", &["--fault"]),
        (
            "dns nyu.edu --seed 3 --brief",
            "without --seed and names of your own:",
            &["--seed", "names of your own"],
        ),
    ] {
        let Some(ran) = uncaptured(args) else { return };
        let said = in_one_line(&ran.out);
        assert_eq!(ran.code, Some(0), "{args}: {ran:?}");
        assert!(said.contains(&format!("The recording was made {without}")), "{args}: {ran:?}");
        assert!(said.contains("no check below is about"), "{args}: {ran:?}");
        assert_eq!(said.contains("the programs just ran on one"), args.contains("--two-hosts"), "{ran:?}");
        // Only what a resolution's path takes is wider.
        let widest = ran.out.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(80) || args.starts_with("dns"), "{args}: {widest:?} {ran:?}");

        let Some(ran) = uncaptured(&args.replace("--brief", "--json")) else { return };
        let document: Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        assert_eq!(document["played"]["recording"]["without"], serde_json::json!(names), "{args}");
        assert_eq!(document["checks_of"], "recording", "{args}");
        let here = if args.starts_with("dns") { "resolutions_here" } else { "log_here" };
        assert!(!document[here].as_array().unwrap().is_empty(), "{args}: {ran:?}");
    }
}

#[test]
fn what_fails_is_a_failure_also_where_nothing_is_captured() {
    if !possible("a failure without a sandbox") {
        return;
    }
    // Somebody answers where the scene wants nobody: its sandbox being refused, this machine's loopback interface is its own.
    let Some(listener) = empty_port() else { return };
    let stop = std::sync::atomic::AtomicBool::new(false);
    let ran = std::thread::scope(|scope| {
        scope.spawn(|| answer(&listener, &stop));
        let ran = uncaptured("refused --json").map(|json| (json, uncaptured("refused --brief")));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        ran
    });
    let Some((json, Some(text))) = ran else { return };
    let document: Value = serde_json::from_str(&json.out).unwrap();
    let checks = document["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["holds"] == true), "those of the recording: {checks:?}");
    assert_eq!((document["holds"].as_bool(), json.code), (Some(false), Some(1)), "{json:?}");
    let said = in_one_line(&text.out);
    assert!(said.contains("What was just played did not work: client: it was answered"), "{text:?}");
    assert_eq!(text.code, Some(1), "{text:?}");
}

/// The port where no server of a lab listens, once nobody else has it.
fn empty_port() -> Option<std::net::TcpListener> {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(120);
    while std::time::Instant::now() < end {
        if let Ok(listener) = std::net::TcpListener::bind("127.0.0.1:12999") {
            return Some(listener);
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    skip("a failure without a sandbox", "somebody has port 12999");
    None
}

/// Answers everybody who asks.
fn answer(listener: &std::net::TcpListener, stop: &std::sync::atomic::AtomicBool) {
    use std::io::{Read, Write};
    listener.set_nonblocking(true).unwrap();
    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
        let Ok((mut client, _)) = listener.accept() else {
            std::thread::sleep(std::time::Duration::from_millis(20));
            continue;
        };
        client.set_nonblocking(false).unwrap();
        let mut buffer = [0; 1024];
        while client.read(&mut buffer).is_ok_and(|length| length > 0) {
            let _ = client.write_all(b"HERE I AM");
        }
    }
}

#[test]
fn who_listens_is_told_before_anybody_asks() {
    if !possible("a name looked up") {
        return;
    }
    let document = played(&mut ordinary(&["lab", "lookup", "--json"]), "lookup");
    let log = document["log"].as_array().unwrap();
    let asked = log.iter().position(|line| line["tries"].is_object()).unwrap();
    let late: Vec<&Value> = log.iter().skip(asked).filter(|line| line["listening"].is_object()).collect();
    // The server of the connection starts when its address is known.
    assert!(late.len() == 1 && late[0]["who"] == "server", "{late:?}");
    let before = log.iter().take(asked).filter(|line| line["listening"].is_object());
    let who: Vec<&str> = before.map(|line| line["who"].as_str().unwrap()).collect();
    assert_eq!(who, ["stub", "recursive", "root", "edu.", "lab.edu."]);
}

#[test]
fn files_are_changed_only_by_a_scene_that_was_played() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keep.pcapng");
    std::fs::write(&file, "before").unwrap();
    let name = file.to_str().unwrap();
    let other = folder.path().join("./keep.pcapng");
    for (log, words) in [
        ("/no/such/folder/x", "cannot create /no"),
        (other.to_str().unwrap(), "both the capture and the log"),
    ] {
        let output = wirelab(&["lab", "knock", "-w", name, "--log", log]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(words), "{said}");
        assert_eq!(std::fs::read(&file).unwrap(), b"before");
    }
}

#[test]
fn a_scene_that_is_broken_off_has_no_verdict() {
    if !possible("scenes that are broken off") {
        return;
    }
    use nix::sys::signal::{Signal, kill, killpg};
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;
    use std::process::Stdio;
    // A terminal's Ctrl-C goes to the whole group, the stage among it.
    for (signal, to_group, code) in
        [(Signal::SIGINT, true, 130), (Signal::SIGINT, false, 130), (Signal::SIGTERM, false, 143)]
    {
        let mut command = ordinary(&["lab", "datetime", "--pace", "20"]);
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("listens on") {
            assert_ne!(out.read_line(&mut said).unwrap(), 0, "{said}");
        }
        let process = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
        if to_group { killpg(process, signal) } else { kill(process, signal) }.unwrap();
        std::io::Read::read_to_string(&mut out, &mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{said}");
        assert!(said.contains("was broken off: nothing is checked"), "{said}");
        assert!(!said.contains(" hold"), "{said}");
    }
}

#[test]
fn with_the_right_to_capture_but_no_namespaces_a_scene_is_captured_in_place() {
    if !possible("a scene captured in place") {
        return;
    }
    // Root of a network of its own, who may make no more of them.
    let forbid = "for kind in user net; do echo 0 > /proc/sys/user/max_${kind}_namespaces; done";
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net", "sh", "-c"]);
    command.arg(format!("ip link set lo up && {forbid} && exec \"$@\"")).arg("sh").arg(binary());
    let output = command.args(["lab", "knock", "--json"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if ["unshare:", "sh:", "RTNETLINK"].iter().any(|words| said.starts_with(words)) {
        return skip("a scene captured in place", said.lines().next().unwrap_or_default());
    }
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!((&document["played"], &document["holds"]), (&"in_place".into(), &true.into()), "{said}");
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("played without a sandbox"), "{said}");
}

#[test]
fn labs_lists_everything_in_eighty_columns() {
    let output = wirelab(&["labs"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for scene in SCENES {
        let row = text.lines().find(|line| line.trim_start().split(' ').next() == Some(scene.name));
        assert!(row.is_some_and(|row| row.ends_with(scene.title)), "{}", scene.name);
    }
    let output = wirelab(&["labs", "--json"]).output().unwrap();
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    let labs = rows.as_array().unwrap().iter().filter(|row| row["kind"] == "lab").count();
    // And `dns`, which is no scene.
    assert_eq!(labs, SCENES.iter().filter(|scene| scene.kind == Kind::Lab).count() + 1);
}

#[test]
fn a_failure_that_a_fault_explains_does_not_end_a_scene() {
    if !possible("scenes with a fault") {
        return;
    }
    let text = |name: &str| {
        let output = ordinary(&["lab", name, "--fault", "reset", "--brief"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}");
        String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let both = text("dual-stack");
    // What the fault should make visible stands first.
    assert!(both.contains("What to look for · With reset: half a reply and then a RST"), "{both}");
    assert!(
        both.contains("ipv4 client hears Acknowle") && both.contains("ipv6 client hears Acknowle"),
        "{both}"
    );
    let one = text("uppercase-tcp");
    assert!(one.contains("its last reply may be cut off"), "{one}");
    assert!(one.contains("client closes the connection, which the other side has reset"), "{one}");
}

#[test]
fn what_cannot_be_played_is_named() {
    for (args, words) in [
        (
            &["lab", "nock"][..],
            &["no lab or experiment is called `nock`: did you mean knock?", "wirelab labs"][..],
        ),
        (&["lab", "knock", "--seed", "1"], &["the lab `knock` has no --seed"]),
        (&["lab", "chat", "--fault", "reset"], &["the lab `chat` has no --fault", "knock, calculator, "]),
        (&["lab", "greeting", "--fault", "reset"], &["the lab `greeting` has no --fault", "dual-stack"]),
        (&["lab", "half-close", "--fault", "no-fin"], &["`half-close` has no --fault", "file-transfer"]),
        (&["lab", "dns", "--fault", "reset"], &["the lab `dns` has no --fault", "the labs with faults are"]),
        (&["serve", "chat", "--fault", "reset"], &["the lab `chat` has no --fault"]),
        (&["lab", "half-close", "--count", "3"], &["the experiment `half-close` has no --count"]),
        (&["lab", "knock", "--loss", "5%"], &["the lab `knock` has no --loss", "--two-hosts"]),
        (
            &["lab", "half-close", "--two-hosts"],
            &["`half-close` is played on one host: one program holds both ends", "file-transfer", "chat, "],
        ),
        (&["lab", "refused", "--two-hosts"], &["`refused` is played on one host: it has no server"]),
        (&["lab", "lookup", "--two-hosts"], &["of the loopback network"]),
        (&["lab", "mail", "--two-hosts", "--loss", "5%"], &["there is a cable", "would not be captured"]),
        (&["lab", "proxy", "--delay", "5ms"], &["the lab `proxy` has no --delay"]),
        (&["client", "web", "--dir", "x"], &["--dir is an option of the server"]),
        (&["client", "relay", "--allow-target", "10.0.0.1"], &["--allow-target is an option of the server"]),
        (&["lab", "web", "--dir", "x"], &["`lab` has no --dir", "wirelab serve"]),
        (&["lab", "knock", "-w", "-"], &["standard output has the story"]),
    ] {
        let output = wirelab(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{args:?}: {said}");
    }
}
