//! The hop between two hosts, in namespaces that the test makes: `unshare` gives them to an ordinary user, too.
//!
//! The test runs itself again inside: there it is the hop, and two more namespaces are the hosts.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wirelab::decode::TransportProtocol;
use wirelab::flow::{Direction, Kind};
use wirelab::hop::{Frame, Hop, HopError, HopEvent};
use wirelab::lab::{Deed, Impairment};
use wirelab::pipeline::Pipeline;
use wirelab::source::{Next, PacketSource, Savefile};

use crate::program::{Ended, PATIENCE, binary};
use crate::skip::skip;

/// Set where the test runs inside its namespace.
const INSIDE: &str = "WIRELAB_TEST_HOP";

const CLIENT: &str = "10.77.0.1";
const SERVER: &str = "10.77.0.2";

#[test]
fn tcp_over_a_bad_hop_loses_and_repeats_what_the_hop_says() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let name = "hop::tcp_over_a_bad_hop_loses_and_repeats_what_the_hop_says";
    let made = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output();
    let what = "a hop between two hosts";
    match made {
        Err(error) => skip(what, &format!("unshare cannot be run ({error})")),
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let told = String::from_utf8_lossy(&output.stderr);
            let all = format!("{told}{}", String::from_utf8_lossy(&output.stdout));
            let refused =
                ["unshare failed", "Operation not permitted", "No such file", "cannot be made here"];
            match refused.iter().find(|words| told.contains(**words)) {
                Some(words) => skip(what, &format!("namespaces: {words}")),
                None => panic!("{all}"),
            }
        }
    }
}

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status().unwrap();
    assert!(status.success(), "cannot be made here: {program} {arguments:?}");
}

/// A host with one interface `eth0`, the other end of `port`.
fn host(port: &str, address: &str) -> Ended {
    let mut sleeper = Command::new("unshare");
    sleeper.args(["--net", "--", "sh", "-c", "echo ready; exec sleep 60"]).stdout(Stdio::piped());
    let mut host = Ended(sleeper.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(host.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "cannot be made here: a namespace");
    let pid = host.0.id().to_string();
    run("ip", &["link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", &pid]);
    run("ip", &["link", "set", port, "gso_max_segs", "1", "up"]);
    let inside = |arguments: &[&str]| {
        run("nsenter", &[&["-t", &pid, "-n", "ip"], arguments].concat());
    };
    inside(&["address", "add", &format!("{address}/24"), "dev", "eth0"]);
    inside(&["link", "set", "eth0", "gso_max_segs", "1", "up"]);
    inside(&["link", "set", "lo", "up"]);
    host
}

/// wirelab on a host. It has no way out of it, so that it may speak to addresses other than loopback.
fn on(host: &Ended, arguments: &[&str]) -> Command {
    let mut command = Command::new("nsenter");
    command.args(["-t", &host.0.id().to_string(), "-n"]).arg(binary()).args(arguments);
    command.env_remove("WIRELAB_LOCAL_ONLY").stdin(Stdio::null());
    command
}

/// Starts it and waits for a line on standard error that has these words.
fn started(mut command: Command, words: &str) -> Ended {
    let mut child = Ended(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stderr.take().unwrap()).lines();
    let told: Vec<String> =
        lines.by_ref().map(Result::unwrap).take_while(|line| !line.contains(words)).collect();
    // Read on, so that it is never held up by what it says.
    thread::spawn(move || lines.for_each(drop));
    assert!(told.len() < 5, "{told:?}");
    child
}

fn interrupted(mut running: Ended) {
    run("kill", &["-INT", &running.0.id().to_string()]);
    let end = Instant::now() + PATIENCE;
    while running.0.try_wait().unwrap().is_none() {
        assert!(Instant::now() < end, "it does not stop");
        thread::sleep(Duration::from_millis(10));
    }
}

const TURNS: usize = 60;

fn inside() {
    let folder = tempfile::tempdir().unwrap();
    let (client, server) = (host("left", CLIENT), host("right", SERVER));
    run("ip", &["link", "set", "lo", "up"]);
    let hop = Hop::open(["left", "right"]).unwrap();
    let bad =
        Impairment { loss: 0.08, duplicate: 0.1, delay: Duration::from_millis(2), ..Impairment::default() };
    let stop = AtomicBool::new(false);
    let mut deeds: Vec<(Option<Frame>, Deed)> = Vec::new();
    let files = ["client.pcapng", "server.pcapng"].map(|name| folder.path().join(name));
    thread::scope(|scope| {
        let (stop, deeds) = (&stop, &mut deeds);
        let passing = scope.spawn(move || {
            hop.run([bad, Impairment::default()], 5, stop, &mut |event| match event {
                HopEvent::Done { from, frame, deed, .. } => {
                    assert_eq!(from, 0, "the way back is a good one");
                    deeds.push((frame, deed));
                }
                HopEvent::NotSent { problem, .. } => panic!("{problem}"),
            })
        });
        let captures = [&client, &server].into_iter().zip(&files).map(|(host, file)| {
            let file = file.to_str().unwrap();
            started(on(host, &["capture", "-i", "eth0", "-w", file, "--port", "12000"]), "capturing on")
        });
        let captures: Vec<Ended> = captures.collect();
        let serving = started(on(&server, &["serve", "uppercase-tcp", "--address", SERVER]), "listening on");
        let mut said = vec!["client", "uppercase-tcp", "--address", SERVER, "--timeout", "20"];
        let lines: Vec<String> = (0..TURNS).map(|turn| format!("message {turn}")).collect();
        lines.iter().for_each(|line| said.extend(["--say", line]));
        let output = on(&client, &said).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), TURNS);
        captures.into_iter().for_each(interrupted);
        drop(serving);
        stop.store(true, Ordering::Relaxed);
        passing.join().unwrap().unwrap();
    });
    let [at_client, at_server] = files.map(|file| read(&file));
    let is = |deed: Deed| deeds.iter().filter(move |(_, done)| *done == deed).filter_map(|(frame, _)| *frame);
    let (lost, repeated) = (is(Deed::Lost).count(), is(Deed::Repeated).count());
    assert!(lost > 2 && repeated > 2, "{deeds:?}");
    assert_eq!(at_server.frames, at_client.frames - lost + repeated, "{deeds:?}");
    assert!(is(Deed::Lost).all(|frame| frame.protocol == TransportProtocol::Tcp && frame.ports[1] == 12_000));
    // Each segment with data that was lost is sent again, once more than it was lost, and nothing else with data is.
    let mut copies: BTreeMap<u32, usize> = BTreeMap::new();
    for frame in is(Deed::Lost).filter(|frame| frame.payload > 0) {
        *copies.entry(frame.seq.unwrap()).or_default() += 1;
    }
    assert!(!copies.is_empty());
    assert_eq!(at_client.sent_again, copies, "what the analysis finds sent again, by sequence number");
    assert_eq!(at_server.wrong_checksums, 0);
}

struct Seen {
    /// TCP segments of the client.
    frames: usize,
    /// How often the analysis finds data of the client sent again, by sequence number as sent.
    sent_again: BTreeMap<u32, usize>,
    wrong_checksums: usize,
}

fn read(file: &Path) -> Seen {
    let mut source = Savefile::open(file).unwrap();
    let mut pipeline = Pipeline::new(None);
    let mut seen = Seen { frames: 0, sent_again: BTreeMap::new(), wrong_checksums: 0 };
    while let Next::Packet(packet, _) = source.next_packet().unwrap() {
        let step = pipeline.step(&packet);
        let Some(verdict) = step.verdicts.first().filter(|v| v.direction == Direction::OrigToResp) else {
            continue;
        };
        seen.frames += 1;
        let segment = step.decoded.tcp_segment(&step.decoded.transports()[0]).unwrap();
        if let Some(judgement) = verdict.tcp.unwrap().judgement
            && matches!(judgement.kind, Kind::TimeOut | Kind::Fast | Kind::TailLossProbe | Kind::Unnecessary)
            && !segment.payload.is_empty()
        {
            *seen.sent_again.entry(segment.seq).or_default() += 1;
        }
        let tcp = step.decoded.layers().iter().find(|layer| layer.kind == wirelab::decode::LayerKind::Tcp);
        let verdict = tcp.map(|layer| step.decoded.checksum(layer));
        seen.wrong_checksums +=
            usize::from(matches!(verdict, Some(wirelab::decode::ChecksumVerdict::Bad { .. })));
    }
    seen
}

#[test]
fn a_hop_refuses_to_run_where_another_interface_is_up() {
    let devices = wirelab::source::devices().unwrap_or_default();
    let is_host = |device: &&wirelab::source::Device| {
        device.up && !device.loopback && device.addresses.iter().any(std::net::IpAddr::is_ipv4)
    };
    let Some(other) = devices.iter().find(is_host) else {
        return skip("the refusal of a hop outside a namespace", "no interface but loopback is up here");
    };
    let error = Hop::open(["none0", "none1"]).unwrap_err();
    assert!(matches!(&error, HopError::NotAlone { device } if *device == other.name), "{error}");
    let error = Hop::open([&other.name, "none1"]).unwrap_err();
    assert!(matches!(&error, HopError::IsAHost { device, .. } if *device == other.name), "{error}");
}
