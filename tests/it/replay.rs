//! `capture` and `replay` as a person runs them: what appears while they run, how they end, what they leave behind.

use std::io::Read;
#[cfg(feature = "live")]
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Longest a program may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(20);

fn wirelab(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelab"));
    command.args(arguments).env("WIRELAB_LOCAL_ONLY", "1").env_remove("NO_COLOR");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Its output, once it has ended by itself.
fn ended(mut child: Child) -> Output {
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A pcap file of `count` UDP datagrams to port 9 over raw IPv4, `gap` apart.
fn savefile(count: u32, gap: Duration) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101] {
        file.extend(word.to_le_bytes());
    }
    for number in 0..count {
        let ts = Duration::from_secs(1_700_000_000) + gap * number;
        for word in [u32::try_from(ts.as_secs()).unwrap(), ts.subsec_micros(), 33, 33] {
            file.extend(word.to_le_bytes());
        }
        file.extend([0x45, 0, 0, 33, 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
        file.extend([0x30, 0x39, 0, 9, 0, 13, 0, 0]);
        file.extend(b"again");
    }
    file
}

fn written(folder: &Path, bytes: &[u8]) -> String {
    let path = folder.join("played.pcap");
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_replay_takes_as_long_as_its_speed_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &savefile(4, Duration::from_secs(1)));
    let timed = |options: &[&str]| {
        let started = Instant::now();
        let arguments = [&["replay", &path], options].concat();
        let output = ended(wirelab(&arguments).spawn().unwrap());
        assert_eq!((output.status.code(), text(&output.stdout).lines().count()), (Some(0), 4));
        started.elapsed()
    };
    assert!(timed(&["--speed", "10"]) >= Duration::from_millis(300));
    assert!(timed(&["--max-pause", "0.1"]) >= Duration::from_millis(300));
    assert!(timed(&["--speed", "0"]) < Duration::from_secs(3), "nothing to wait for");
}

#[test]
fn an_interrupted_replay_keeps_what_was_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &savefile(3, Duration::from_secs(1000)));
    for view in ["lines", "flows"] {
        let child = wirelab(&["replay", &path, "--view", view]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        interrupt(&child);
        let output = ended(child);
        assert_eq!(output.status.code(), Some(130));
        let shown = text(&output.stdout);
        assert!(shown.contains("127.0.0.1:9"), "{view}: {shown}");
        assert!(!shown.contains("  2 "), "{view}: a packet that was never due: {shown}");
    }
}

#[test]
fn a_growing_file_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let whole = savefile(3, Duration::from_secs(1));
    // The file header, a packet, and the beginning of the next.
    let path = written(folder.path(), &whole[..24 + 49 + 20]);
    let mut child = wirelab(&["replay", &path, "--follow-file"]).spawn().unwrap();
    let mut shown = child.stdout.take().unwrap();
    let mut seen = String::new();
    let mut wait_for = |lines: usize| {
        while seen.lines().count() < lines || !seen.ends_with('\n') {
            let mut byte = [0];
            assert_eq!(shown.read(&mut byte).unwrap(), 1, "it ended after: {seen}");
            seen.push_str(&String::from_utf8_lossy(&byte));
        }
    };
    wait_for(1);
    std::fs::write(&path, &whole).unwrap();
    wait_for(3);
    interrupt(&child);
    assert_eq!(ended(child).status.code(), Some(130));
}

#[test]
fn stepping_needs_a_keyboard() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &savefile(1, Duration::ZERO));
    let output = ended(wirelab(&["replay", &path, "--step"]).spawn().unwrap());
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("hint: "), "{}", text(&output.stderr));
}

#[test]
fn a_filter_with_a_name_is_refused_where_nothing_may_be_sent() {
    if cfg!(not(feature = "live")) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &savefile(1, Duration::ZERO));
    for expression in
        ["host name.invalid", "port 9 and src name.invalid", "net name.invalid", "ether host name"]
    {
        for arguments in [&["read", &path, "-f", expression][..], &["capture", "-i", "lo", "-f", expression]]
        {
            let output = ended(wirelab(arguments).spawn().unwrap());
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            let told = text(&output.stderr);
            assert!(told.contains("WIRELAB_LOCAL_ONLY") && told.contains("hint: "), "{told}");
        }
    }
    let output =
        ended(wirelab(&["read", &path, "-f", "udp port discard and host 127.0.0.1"]).spawn().unwrap());
    assert_eq!((output.status.code(), text(&output.stdout).lines().count()), (Some(0), 1));
}

/// A capture of UDP `port` that has said it is ready, or `None`, said aloud, where that is not permitted.
#[cfg(feature = "live")]
fn capturing(port: u16, options: &[&str]) -> Option<Child> {
    use std::io::{BufRead, BufReader};

    let lo =
        wirelab::source::devices().unwrap().into_iter().find(|device| device.loopback && device.up)?.name;
    let port = port.to_string();
    let arguments = [&["capture", "-i", &lo, "--port", &port], options].concat();
    let mut child = wirelab(&arguments).spawn().unwrap();
    let mut line = String::new();
    // A byte at a time: what follows is for whoever reads the rest.
    let talk = child.stderr.as_mut().unwrap();
    BufReader::with_capacity(1, talk).read_line(&mut line).unwrap();
    if line.contains("no permission") {
        crate::skip::skip("the capture verb", "it needs CAP_NET_RAW or root");
        child.wait().unwrap();
        return None;
    }
    assert!(line.starts_with("capturing on "), "{line}");
    Some(child)
}

#[cfg(feature = "live")]
#[test]
fn an_interrupted_capture_leaves_a_whole_file_and_says_what_was_lost() {
    let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let to = b.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["kept.pcap", "kept.pcapng"] {
        // Created by the program while it may still be root.
        let path = folder.path().join(name);
        let Some(child) = capturing(to.port(), &["-w", path.to_str().unwrap()]) else { return };
        for _ in 0..500 {
            a.send_to(b"at once before Ctrl-C", to).unwrap();
        }
        // No pause: the packets are still in the kernel's buffer.
        interrupt(&child);
        let output = ended(child);
        assert_eq!(output.status.code(), Some(130));
        let told = text(&output.stderr);
        assert!(told.contains("500 packets captured, none lost"), "{told}");
        let read = ended(wirelab(&["flows", path.to_str().unwrap(), "--json"]).spawn().unwrap());
        assert!(read.status.success() && text(&read.stdout).contains("500"), "{}", text(&read.stdout));
    }
}

#[cfg(feature = "live")]
#[test]
fn lines_appear_while_the_line_stays_busy() {
    let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let to = b.local_addr().unwrap();
    let Some(mut child) = capturing(to.port(), &[]) else { return };
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = std::sync::Arc::clone(&stop);
    let flood = std::thread::spawn(move || {
        let started = Instant::now();
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) && started.elapsed() < PATIENCE {
            a.send_to(b"without a pause", to).unwrap();
        }
    });
    let mut first = [0; 100];
    let mut shown = child.stdout.take().unwrap();
    shown.read_exact(&mut first).unwrap();
    assert!(!flood.is_finished(), "nothing was shown while packets came");
    // Nobody reads the lines any more: that is the end, and no failure.
    drop(shown);
    let output = ended(child);
    assert!(!flood.is_finished(), "it went on although nobody read its lines");
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    flood.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[cfg(feature = "live")]
#[test]
fn a_quiet_capture_notices_that_nobody_reads() {
    let quiet = UdpSocket::bind("127.0.0.1:0").unwrap();
    let Some(mut child) = capturing(quiet.local_addr().unwrap().port(), &[]) else { return };
    drop(child.stdout.take());
    assert_eq!(ended(child).status.code(), Some(0));
}
