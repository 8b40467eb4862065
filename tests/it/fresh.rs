//! The traffic of every recording made afresh on loopback, captured live, and compared with the recording: what must
//! be the same is the same, and only ports, times, raw sequence numbers and pure acknowledgments may differ.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use wirelab::lab::Transport;
use wirelab::lab::scene::SCENES as SCENES_PLAYED;

use crate::program::{captures_folder, command, recordings, wirelab};
use crate::skip::skip;

/// Longest wait for something that must happen: generous, since the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a recording's traffic is made, as scripts/captures.sh makes it.
struct Scene {
    recording: &'static str,
    lab: &'static str,
    transport: Transport,
    /// The recording's port; another one where that is taken here.
    port: u16,
    /// Whether a server answers.
    served: bool,
}

const SCENES: [Scene; 6] = [
    scene("greeting", "greeting", Transport::Udp, 43387, true),
    scene("knock", "knock", Transport::Tcp, 43389, true),
    scene("port-unreachable", "uppercase-udp", Transport::Udp, 12999, false),
    scene("refused", "uppercase-tcp", Transport::Tcp, 12999, false),
    scene("uppercase-tcp", "uppercase-tcp", Transport::Tcp, 12000, true),
    scene("uppercase-udp", "uppercase-udp", Transport::Udp, 12000, true),
];

/// Recordings between programs that are not wirelab's (scripts/talks.py): what TLS makes is different each time.
const TALKS: [&str; 3] = ["dns", "http", "tls"];

const fn scene(
    recording: &'static str,
    lab: &'static str,
    transport: Transport,
    port: u16,
    served: bool,
) -> Scene {
    Scene { recording, lab, transport, port, served }
}

/// A process that ends with this value, whatever happens. Its standard error is read as it comes.
struct Running {
    child: Child,
    lines: Receiver<String>,
    said: String,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines, said: String::new() }
    }

    /// Waits for a line that has `sign`; false where the process ended, or its patience did, without it.
    fn says(&mut self, sign: &str) -> bool {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.said.push_str(&line);
                    self.said.push('\n');
                    if line.contains(sign) {
                        return true;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Waits for the end that the process comes to by itself.
    fn ends(&mut self) -> Option<ExitStatus> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(1)) {
                    self.said.push_str(&line);
                    self.said.push('\n');
                }
                return Some(status);
            }
            thread::sleep(Duration::from_millis(5));
        }
        None
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Where it has ended already there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is ours while this lives: the transport that the scene does not use is held, so that test runs beside
/// this one take other ports.
struct Port {
    number: u16,
    _held: Held,
}

/// Only its being open matters.
enum Held {
    Tcp { _listener: TcpListener },
    Udp { _socket: UdpSocket },
}

impl Port {
    fn take(wanted: u16, used: Transport) -> Self {
        Self::try_take(wanted, used)
            .or_else(|| (0..20).find_map(|_| Self::try_take(0, used)))
            .expect("a port that is free for TCP and UDP")
    }

    fn try_take(wanted: u16, used: Transport) -> Option<Self> {
        let listener = TcpListener::bind(("127.0.0.1", wanted)).ok()?;
        let number = listener.local_addr().unwrap().port();
        let socket = UdpSocket::bind(("127.0.0.1", number)).ok()?;
        let held = match used {
            Transport::Tcp => Held::Udp { _socket: socket },
            Transport::Udp => Held::Tcp { _listener: listener },
        };
        Some(Self { number, _held: held })
    }
}

/// What came of making a scene.
enum Made {
    Captured,
    /// This machine does not permit live capture.
    NotPermitted,
}

/// Captures the scene's traffic into `out`.
fn make(scene: &Scene, port: u16, out: &Path) -> Made {
    let (name, port) = (scene.recording, port.to_string());
    let stop: &[&str] = match scene.transport {
        Transport::Tcp => &["--until-closed"],
        Transport::Udp => &["-c", "2"],
    };
    let loopback = if cfg!(target_os = "macos") { "lo0" } else { "lo" };
    let mut capturing = command(&["capture", "-i", loopback, "--port", &port]);
    capturing.args(stop).arg("-w").arg(out);
    let mut capture = Running::start(capturing);
    if !capture.says("capturing on") {
        assert!(capture.said.contains("no permission to capture"), "{name}: {}", capture.said);
        return Made::NotPermitted;
    }
    let server = scene.served.then(|| {
        let mut server = Running::start(command(&["serve", scene.lab, "--port", &port]));
        assert!(server.says("listening on"), "{name}: {}", server.said);
        server
    });
    let client = wirelab(&["client", scene.lab, "--port", &port]).output().unwrap();
    let expected = if scene.served { 0 } else { 1 };
    let said = String::from_utf8_lossy(&client.stderr);
    assert_eq!(client.status.code(), Some(expected), "{name}: {said}");
    let ended = capture.ends();
    assert!(ended.is_some_and(|status| status.success()), "{name}: {ended:?}: {}", capture.said);
    drop(server);
    Made::Captured
}

/// What must be the same, packet by packet.
fn essence(file: &Path) -> Vec<Value> {
    let output = wirelab(&["read", "--json", file.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packets = document["packets"].as_array().unwrap();
    packets.iter().filter(|packet| !is_pure_acknowledgment(packet)).map(kept).collect()
}

/// Whether a packet only acknowledges. When one is sent alone, and when with data, is a matter of timing. The
/// handshake's is not.
fn is_pure_acknowledgment(packet: &Value) -> bool {
    let tcp = &packet["tcp"];
    tcp["flags"] == "." && tcp["length"] == 0 && tcp.get("handshake_step").is_none()
}

/// A packet without its number, ports, times and what the kernels chose.
fn kept(packet: &Value) -> Value {
    let mut packet: Map<String, Value> = packet.as_object().unwrap().clone();
    for key in ["number", "time", "time_relative_ns", "src_port", "dst_port"] {
        packet.remove(key);
    }
    if let Some(tcp) = packet.get_mut("tcp").and_then(Value::as_object_mut) {
        for key in ["seq_raw", "ack_raw", "window"] {
            tcp.remove(key);
        }
    } else {
        return Value::Object(packet);
    }
    // TCP options are the kernel's choice, and with them the length of the frame.
    packet.remove("length");
    packet.remove("captured_length");
    Value::Object(packet)
}

#[test]
fn every_recording_is_of_a_scene() {
    // The others of `wirelab lab` are played afresh by the tests in scenes.rs, which check each: their packets differ, for
    // some of what they show is a matter of chance or time.
    let played = SCENES_PLAYED.iter().map(|scene| scene.name);
    let played = played.filter(|name| SCENES.iter().all(|scene| scene.recording != *name));
    // The lab of the name servers, which is no scene, is played afresh, too.
    let scenes = SCENES.iter().map(|scene| scene.recording).chain(TALKS).chain(played).chain(["lab-dns"]);
    let mut scenes: Vec<String> = scenes.map(|name| format!("{name}.pcapng")).collect();
    scenes.sort();
    assert_eq!(recordings(), scenes);
}

#[test]
fn traffic_made_afresh_is_as_recorded() {
    let folder = tempfile::tempdir().unwrap();
    // One after the other: two scenes share a port.
    for scene in &SCENES {
        let name = format!("{}.pcapng", scene.recording);
        let fresh = folder.path().join(&name);
        let port = Port::take(scene.port, scene.transport);
        if matches!(make(scene, port.number, &fresh), Made::NotPermitted) {
            skip("the recordings' traffic made afresh", "live capture needs CAP_NET_RAW or root");
            return;
        }
        let recorded = essence(&captures_folder().join(&name));
        assert!(recorded.len() > 1, "{name}: {recorded:?}");
        assert_eq!(essence(&fresh), recorded, "{name}, on port {}", port.number);
    }
}
