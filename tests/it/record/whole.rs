//! Nothing that the command sends is missed, and nothing of it gets out.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use wirelab::flow::PayloadWanted;
use wirelab::pipeline::Pipeline;
use wirelab::source::{Next, PacketSource, Savefile};

use super::{fed, folder, possible, python, record, run, test_binary};

/// Set for the process that is recorded: elsewhere the test meant for it would do nothing useful.
const CHILD: &str = "WIRELAB_TEST_CHILD";

const RUNS: usize = 200;

/// What a capture holds.
fn read(file: &Path) -> Pipeline {
    let mut source = Savefile::open(file).unwrap();
    let mut pipeline = Pipeline::new(Some(PayloadWanted::for_story(1024)));
    while let Next::Packet(packet, _) = source.next_packet().unwrap() {
        pipeline.step(&packet);
    }
    pipeline.finish();
    pipeline
}

#[test]
fn a_program_that_connects_at_once_is_recorded_whole() {
    if !possible("record loses nothing") {
        return;
    }
    let binary = test_binary();
    // Two at a time: a busy machine is the usual one.
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let folder = folder();
                let file = folder.path().join("talk.pcapng");
                for number in 0..RUNS / 2 {
                    one_talk(binary, &file, number);
                }
            });
        }
    });
}

fn one_talk(binary: &str, file: &Path, number: usize) {
    let child = "record::whole::child_connects_at_once";
    let args = ["-w", file.to_str().unwrap(), "--view", "none", "--", binary, "--exact", child, "--ignored"];
    let talk = run(record(&args).env(CHILD, "1"));
    assert_eq!(talk.code, Some(0), "run {number}: {talk:?}");
    assert!(talk.err.contains("none lost"), "run {number}: {talk:?}");
    let pipeline = read(file);
    let [flow] = pipeline.flows().flows() else { panic!("run {number}: not one flow") };
    let tcp = flow.tcp.as_ref().unwrap();
    let shaken =
        tcp.handshake.syn.is_some() && tcp.handshake.syn_ack.is_some() && tcp.handshake.ack.is_some();
    assert!(shaken && tcp.teardown.is_orderly(), "run {number}: {flow:?}");
    assert_eq!(flow.conn_state().to_string(), "SF", "run {number}");
    assert_eq!((flow.orig.payload_bytes, flow.resp.payload_bytes), (4, 4), "run {number}");
}

/// The first thing it does is to talk, the last to close.
#[test]
#[ignore = "run by a_program_that_connects_at_once_is_recorded_whole, in a sandbox"]
fn child_connects_at_once() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(b"ping").unwrap();
    let mut got = [0; 4];
    server.read_exact(&mut got).unwrap();
    server.write_all(b"pong").unwrap();
    client.read_exact(&mut got).unwrap();
    drop(client);
    drop(server);
}

const SERVER: &str = "
import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('', 80))
s.listen(1)
c, a = s.accept()
c.send(c.recv(1024).decode().upper().encode())
c.close()
";

const CLIENT: &str = "
import socket, time
for _ in range(200):
    s = socket.socket()
    try:
        s.connect((socket.gethostname(), 80))
        break
    except ConnectionRefusedError:
        s.close()
        time.sleep(0.02)
s.send(b'two programs, one shell')
print(s.recv(1024).decode())
s.close()
";

#[test]
fn a_students_server_and_client_run_in_one_shell_command() {
    let Some(python) = python() else { return };
    if !possible("record of Python programs") {
        return;
    }
    let folder = folder();
    let (server, client) = (folder.path().join("server.py"), folder.path().join("client.py"));
    std::fs::write(&server, SERVER).unwrap();
    std::fs::write(&client, CLIENT).unwrap();
    let both = format!("{python} {} & {python} {}; wait", server.display(), client.display());
    let talk = run(&mut record(&["--", "sh", "-c", &both]));
    assert_eq!(talk.code, Some(0), "{talk:?}");
    assert!(talk.out.starts_with("TWO PROGRAMS, ONE SHELL\n"), "{talk:?}");
    // Port 80 needs no root inside, and the story is that of the two programs.
    assert!(talk.out.contains("server 127.0.0.1:80\n") && talk.out.contains("│ two programs"), "{talk:?}");
    assert!(talk.err.ends_with("none lost\n"), "{talk:?}");
    let wide = talk.out.lines().find(|line| line.chars().count() > 80);
    assert_eq!(wide, None, "{talk:?}");
}

#[test]
fn a_look_up_of_a_name_does_not_leave() {
    if !possible("look-ups in the sandbox") {
        return;
    }
    let folder = folder();
    let file = folder.path().join("names.pcapng");
    let since = Instant::now();
    let args = ["-w", file.to_str().unwrap(), "--view", "none", "--", "getent", "ahosts", "name.example"];
    let look = run(&mut record(&args));
    assert!(since.elapsed() < Duration::from_secs(20), "{look:?}");
    assert_eq!(look.code, Some(2), "getent knows no such name: {look:?}");
    let pipeline = read(&file);
    assert!(!pipeline.flows().flows().is_empty(), "{look:?}");
    for flow in pipeline.flows().flows() {
        assert_eq!(flow.tuple.resp.to_string(), "127.0.0.53:53");
    }
    // What is in hosts is found without a question, the machine's own name among it.
    let own =
        run(&mut record(&["--", "sh", "-c", "getent ahosts localhost && getent ahosts \"$(uname -n)\""]));
    assert_eq!(own.code, Some(0), "{own:?}");
    assert!(own.err.starts_with("0 packets recorded"), "{own:?}");
}

#[test]
fn nothing_is_reached_outside() {
    let Some(python) = python() else { return };
    if !possible("the sandbox keeps everything inside") {
        return;
    }
    // A server of this test's, on the loopback interface outside.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let attempt = format!(
        "import socket\nfor a in (('127.0.0.1', {port}), ('192.0.2.1', 9)):\n  try: socket.create_connection(a, 5); print('reached')\n  except OSError as e: print(e.errno)"
    );
    let tried = run(&mut record(&["--view", "none", "--", python, "-c", &attempt]));
    let (refused, unreachable) = (nix::libc::ECONNREFUSED, nix::libc::ENETUNREACH);
    assert_eq!(tried.out, format!("{refused}\n{unreachable}\n"), "{tried:?}");
}

#[test]
fn an_open_connection_does_not_go_along() {
    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    use std::os::fd::AsRawFd;
    if !possible("recording beside open connections") {
        return;
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (pipe, _write) = std::io::pipe().unwrap();
    fcntl(&socket, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
    fcntl(&pipe, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
    for (number, status) in [(socket.as_raw_fd(), 1), (pipe.as_raw_fd(), 0)] {
        let script = format!("test -e /proc/self/fd/{number}");
        // Without the recorder both are there.
        assert!(std::process::Command::new("sh").args(["-c", &script]).status().unwrap().success());
        let ran = run(&mut record(&["--", "sh", "-c", &script]));
        assert_eq!(ran.code, Some(status), "{ran:?}");
    }
}

#[test]
fn raw_sockets_and_every_port_are_free_inside() {
    let Some(python) = python() else { return };
    if !possible("rights in the sandbox") {
        return;
    }
    let pinger = "
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.settimeout(5)
s.sendto(struct.pack('!BBHHH', 8, 0, 0xf7fd, 1, 1), ('127.0.0.1', 0))
print(len(s.recv(100)))
";
    let ping = run(&mut record(&["--", python, "-c", pinger]));
    assert!(ping.code == Some(0) && ping.out.starts_with("28\n"), "{ping:?}");
    assert!(ping.out.contains("127.0.0.1"), "{ping:?}");
    // No other right: nothing of the sandbox can be taken apart.
    let rights = run(&mut record(&["--", "grep", "Cap[PE]", "/proc/self/status"]));
    assert_eq!(rights.out, "CapPrm:\t0000000000002000\nCapEff:\t0000000000002000\n", "{rights:?}");
}

#[test]
fn standard_streams_are_the_commands_own() {
    if !possible("streams in the sandbox") {
        return;
    }
    let piped = fed(&mut record(&["--", "tr", "a-z", "A-Z"]), "piped in\n");
    assert_eq!((piped.code, piped.out.as_str()), (Some(0), "PIPED IN\n"), "{piped:?}");
    let three = run(&mut record(&["--", "sh", "-c", "ls /proc/$$/fd"]));
    let inherited = three.out.split_whitespace().filter(|fd| {
        // Those that this test hands to every process, and one of ls or sh itself.
        fd.parse::<u32>().is_ok_and(|fd| fd > 2)
    });
    let own = run(std::process::Command::new("sh").args(["-c", "ls /proc/$$/fd"]));
    let usual = own.out.split_whitespace().filter(|fd| fd.parse::<u32>().is_ok_and(|fd| fd > 2));
    assert!(inherited.count() <= usual.count(), "{three:?} {own:?}");
    let json = run(&mut record(&["--json", "--", "sh", "-c", "echo loud; echo quiet >&2"]));
    let document: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(document["flows"], serde_json::json!([]));
    assert!(json.err.starts_with("loud\nquiet\n"), "{json:?}");
}
