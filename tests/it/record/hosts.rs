//! Two hosts, directly and over a hop, through the library.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use wirelab::flow::PayloadWanted;
use wirelab::pipeline::Pipeline;
use wirelab::sandbox::{Plan, Side, unnamed_file};
use wirelab::source::{Next, PacketSource, Savefile};

use super::{is_root, possible, python, reachable, test_binary};
use crate::program;

/// Names the program for the stages, in the process of an ordinary user.
const PROGRAM: &str = "WIRELAB_TEST_PROGRAM";

const SERVER: &str = "
import socket, sys
s = socket.socket()
s.bind(('', 80))
s.listen(1)
c, a = s.accept()
print('from', a[0], flush=True)
n = 0
while True:
    d = c.recv(65536)
    if not d: break
    n += len(d)
c.sendall(str(n).encode())
c.close()
";

const CLIENT: &str = "
import socket
s = socket.create_connection((socket.gethostbyname('server'), 80), 10)
s.sendall(b'x' * 100000)
s.shutdown(socket.SHUT_WR)
print(s.recv(100).decode(), flush=True)
s.close()
raise SystemExit(9)
";

/// Passes every frame on, as a cable would.
const FORWARDER: &str = "
import socket, select
ends = []
for name in ('to-server', 'to-client'):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((name, 0))
    ends.append(s)
while True:
    for s in select.select(ends, [], [])[0]:
        frame, about = s.recvfrom(70000)
        if about[2] != 4: ends[1 - ends.index(s)].send(frame)
";

/// Runs an ignored test of this file as an ordinary user.
fn as_user(name: &str) {
    if python().is_none() || !possible("two hosts") {
        return;
    }
    let mut command = Command::new(test_binary());
    let mut wirelab = program::binary().to_owned();
    if is_root() {
        wirelab = reachable(&wirelab);
        command.uid(super::NOBODY).gid(super::NOBODY).current_dir("/");
    }
    command.args(["--exact", &format!("record::hosts::{name}"), "--ignored", "--nocapture"]);
    let ran = super::run(command.env(PROGRAM, wirelab).env_remove("TMPDIR"));
    assert!(ran.code == Some(0) && ran.out.contains("1 passed"), "{ran:?}");
}

fn words(program: &str) -> Vec<OsString> {
    ["/usr/bin/python3", "-c", program].map(OsString::from).into()
}

/// Plays `plan` of the two programs and looks at what was captured.
fn play(plan: impl FnOnce(Plan) -> Plan) {
    let Some(program) = std::env::var_os(PROGRAM) else { return };
    let file = unnamed_file().unwrap();
    let plan = plan(Plan::new(words(SERVER), file.try_clone().unwrap()));
    let mut running = plan.through(PathBuf::from(program)).stdout(Stdio::piped()).start().unwrap();
    let mut said = String::new();
    running.take_stdout().unwrap().read_to_string(&mut said).unwrap();
    let outcome = running.wait().unwrap();
    assert_eq!((said.as_str(), outcome.status), ("from 10.0.0.2\n100000\n", 9), "{outcome:?}");
    assert_eq!((outcome.lost, outcome.not_kept, outcome.trouble), (0, 0, None));

    let mut source = Savefile::from_reader(file, "two hosts").unwrap();
    let mut pipeline = Pipeline::new(Some(PayloadWanted::for_story(1024)));
    let mut packets = 0;
    while let Next::Packet(packet, _) = source.next_packet().unwrap() {
        // As on a wire: no packet that a card would have to cut or to finish.
        assert!(packet.wire_len <= 1514, "packet {} has {} bytes", packet.number, packet.wire_len);
        packets = packet.number;
        pipeline.step(&packet);
    }
    pipeline.finish();
    assert_eq!(packets, outcome.packets);
    let tcp: Vec<_> = pipeline.flows().flows().iter().filter(|flow| flow.tcp.is_some()).collect();
    let [flow] = tcp[..] else { panic!("{} TCP flows", tcp.len()) };
    assert_eq!(flow.tuple.resp.to_string(), "10.0.0.1:80");
    // A probe may have sent the last segment again.
    assert!(flow.conn_state().to_string() == "SF" && flow.orig.payload_bytes >= 100_000, "{flow:?}");
    for told in pipeline.told(|_, _| true) {
        // There is a tally once one is wrong, or left to a card as on loopback.
        assert!(told.checksums.is_none(), "checksums are as on a wire: {:?}", told.checksums);
    }
}

#[test]
fn two_hosts_talk_over_a_cable() {
    as_user("child_two_hosts");
}

#[test]
#[ignore = "run by two_hosts_talk_over_a_cable, as an ordinary user"]
fn child_two_hosts() {
    play(|plan| plan.two_hosts(words(CLIENT)));
}

#[test]
fn two_hosts_talk_over_a_hop() {
    as_user("child_hop_seen_by_the_client");
    as_user("child_hop_seen_by_the_server");
}

#[test]
#[ignore = "run by two_hosts_talk_over_a_hop, as an ordinary user"]
fn child_hop_seen_by_the_client() {
    play(|plan| plan.hop(words(CLIENT), words(FORWARDER), Side::Client));
}

#[test]
#[ignore = "run by two_hosts_talk_over_a_hop, as an ordinary user"]
fn child_hop_seen_by_the_server() {
    play(|plan| plan.hop(words(CLIENT), words(FORWARDER), Side::Server));
}
