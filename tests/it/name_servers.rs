//! `serve dns`: other people's DNS programs, as they are, asking it over loopback.

#[cfg(feature = "live")]
mod kept;
#[cfg(all(target_os = "linux", feature = "live"))]
mod others;
mod resolvers;
mod trace;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::program::{Ended, PATIENCE, command, wirelab};
use crate::skip::skip;

/// The servers, the folder with their exported zones, and who listens where.
struct Servers {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
    lines: Vec<String>,
}

impl Servers {
    fn start(more: &[&str]) -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(&["serve", "dns", "--port", &port.to_string(), "--export"]);
        command.arg(folder.path()).args(more).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = Vec::new();
        for line in BufReader::new(child.stderr.take().unwrap()).lines() {
            let line = line.unwrap();
            if line == "ready" {
                break;
            }
            assert!(!line.starts_with("error"), "{line}");
            lines.push(line);
        }
        Self { child, port, folder, lines }
    }

    /// The address of a server.
    fn at(&self, name: &str) -> String {
        let line = self.lines.iter().find(|line| line.contains(&format!(" {name}"))).unwrap();
        line.strip_prefix("listening on ").and_then(|line| line.split(':').next()).unwrap().to_owned()
    }

    /// A program's output, asking this server.
    fn run(&self, program: &str, server: &str, more: &[&str]) -> String {
        let mut command = Command::new(program);
        command.arg(format!("@{}", self.at(server))).args(["-p", &self.port.to_string()]).args(more);
        let output = command.stdin(Stdio::null()).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    /// A zone's key, as delv wants it, in a file.
    fn anchor(&self, zone: &str) -> PathBuf {
        let text = fs::read_to_string(self.folder.path().join(format!("{zone}.zone"))).unwrap();
        let key = text.lines().find_map(|line| line.split_once("DNSKEY 257 3 13 ")).unwrap().1;
        let path = self.folder.path().join(format!("{zone}.anchor"));
        fs::write(&path, format!("trust-anchors {{ {zone}. static-key 257 3 13 \"{key}\"; }};\n")).unwrap();
        path
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody has on these addresses, as far as can be told.
fn free_port() -> u16 {
    UdpSocket::bind((Ipv4Addr::new(127, 53, 0, 1), 0)).unwrap().local_addr().unwrap().port()
}

fn has(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()));
    if !found {
        skip(&format!("what {program} says of the name servers"), "it is not installed");
    }
    found
}

/// Whether this system has all of 127.0.0.0/8, as Linux does.
fn has_loopback() -> bool {
    let has = UdpSocket::bind((Ipv4Addr::new(127, 53, 0, 1), 0)).is_ok();
    if !has {
        skip("name servers at addresses of their own", "only 127.0.0.1 is an address of this machine");
    }
    has
}

/// A test's servers; none where this system cannot have them.
fn servers() -> Option<Servers> {
    has_loopback().then(|| Servers::start(&[]))
}

/// Owner, type and data of the lines that have records, sorted, signatures left out.
fn records(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with(';') && line.split_whitespace().count() >= 5)
        .map(|line| line.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>())
        .filter(|words| words[2] == "in" && words[3] != "rrsig")
        .map(|words| format!("{} {} {}", words[0], words[3], words[4..].concat()))
        .collect();
    lines.sort();
    lines
}

#[test]
fn other_programs_read_the_same_records() {
    let Some(servers) = servers() else { return };
    for (server, name, kind, wanted) in [
        ("a.root-servers.net.", "www.nyu.edu", "A", &["edu. ns a.edu-servers.net."][..]),
        ("a.edu-servers.net.", "www.nyu.edu", "A", &["nyu.edu. ns ns1.nyu.net.", "nyu.edu. ns ns4.nyu.edu."]),
        ("ns1.nyu.net.", "www.nyu.edu", "A", &["www.nyu.edu. a 192.0.2.121"]),
        ("a.gtld-servers.net.", "amazon.com", "MX", &["amazon.com. ns ns1.amzndns.co.uk."]),
        ("ns1.google.com.", "google.com", "CAA", &[r#"google.com. caa 0issue"pki.example""#]),
        ("ns1.signed.edu.", "www.old.signed.edu", "A", &["old.signed.edu. dname signed.edu."]),
        (
            "ns1.lab.edu.",
            "missing.lab.edu",
            "A",
            &["lab.edu. soa ns1.lab.edu.hostmaster.lab.edu.2026010100360060012096003 00"],
        ),
        ("ns1.truncates.lab.edu.", "www.truncates.lab.edu", "A", &["www.truncates.lab.edu. a 192.0.2.164"]),
    ] {
        let mut answers: Vec<(&str, Vec<String>)> = Vec::new();
        for (program, options) in [
            ("dig", &["+norecurse", "+dnssec"][..]),
            ("kdig", &["+norecurse", "+dnssec"]),
            ("drill", &["-o", "rd", "-D"]),
        ] {
            // drill asks again over TCP only when it is told to.
            if !has(program) || (program == "drill" && server.contains("truncates")) {
                continue;
            }
            let text = servers.run(program, server, &[&[name, kind], options].concat());
            let found = records(&text);
            for line in wanted {
                let is_there = found.iter().any(|found| found.replace(' ', "") == line.replace(' ', ""));
                assert!(is_there, "{program}: no `{line}` in\n{text}");
            }
            answers.push((program, found));
        }
        // Additional records are shown by all of them, those of NSEC3 in one way each: the number has to agree.
        for pair in answers.windows(2) {
            assert_eq!(pair[0].1.len(), pair[1].1.len(), "{name}: {pair:?}");
        }
    }
}

#[test]
fn delv_believes_the_signed_zones_and_no_other() {
    let Some(servers) = servers() else { return };
    if !has("delv") {
        return;
    }
    let ask = |zone: &str, server: &str, name: &str, kind: &str| {
        let anchor = match zone {
            "." => servers.folder.path().join("root.anchors"),
            _ => servers.anchor(zone),
        };
        let root = format!("+root={zone}");
        servers.run("delv", server, &["-a", anchor.to_str().unwrap(), &root, name, kind])
    };
    for (name, kind, said) in [
        ("www.signed.edu", "A", "; fully validated\nwww.signed.edu."),
        ("x.wild.signed.edu", "A", "; fully validated"),
        ("www.old.signed.edu", "A", "; fully validated\nwww.old.signed.edu."),
        ("nope.signed.edu", "A", "; negative response, fully validated"),
        ("www.signed.edu", "MX", "; negative response, fully validated"),
        ("empty.signed.edu", "A", "; negative response, fully validated"),
        ("x.wild.signed.edu", "MX", "; negative response, fully validated"),
        ("open.signed.edu", "DS", "; negative response, fully validated"),
    ] {
        let text = ask("signed.edu", "ns1.signed.edu.", name, kind);
        assert!(text.contains(said), "{name} {kind}: {text}");
    }
    for (name, said) in [("edu", "; fully validated\nedu."), ("net", "; negative response, fully validated")]
    {
        let text = ask(".", "a.root-servers.net.", name, "DS");
        assert!(text.contains(said), "{name}: {text}");
    }
    for (zone, name) in [("com", "google.com"), ("com", "amazon.com"), ("edu", "nyu.edu")] {
        let text = ask(zone, "a.gtld-servers.net.", name, "DS");
        assert!(text.contains("; negative response, fully validated"), "{name}: {text}");
    }
    let text = ask("bogus.edu", "ns1.bogus.edu.", "www.bogus.edu", "A");
    assert!(text.contains("RRSIG failed to verify") && !text.contains("fully validated"), "{text}");
}

#[test]
fn drill_follows_the_signatures_to_the_key() {
    let Some(servers) = servers() else { return };
    if !has("drill") {
        return;
    }
    let key = |zone: &str| {
        let text = fs::read_to_string(servers.folder.path().join(format!("{zone}.zone"))).unwrap();
        let line = text.lines().find(|line| line.contains("DNSKEY 257")).unwrap();
        let path = servers.folder.path().join(format!("{zone}.key"));
        fs::write(&path, format!("{line}\n")).unwrap();
        path
    };
    let chase = |zone: &str, server: &str, name: &str| {
        servers.run("drill", server, &["-S", "-k", key(zone).to_str().unwrap(), name])
    };
    let text = chase("signed.edu", "ns1.signed.edu.", "www.signed.edu");
    assert!(text.contains("Chase successful"), "{text}");
    let text = chase("bogus.edu", "ns1.bogus.edu.", "www.bogus.edu");
    assert!(!text.contains("Chase successful"), "{text}");
}

#[test]
fn other_programs_load_the_exported_zones() {
    let Some(servers) = servers() else { return };
    let zone_of = |path: &Path| match path.file_stem().unwrap().to_str().unwrap() {
        "root" => ".".to_owned(),
        name => name.to_owned(),
    };
    let mut files: Vec<PathBuf> =
        fs::read_dir(servers.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "zone"));
    assert!(files.len() > 20);
    if has("named-checkzone") {
        for file in &files {
            let output =
                Command::new("named-checkzone").args(["-i", "local"]).arg(zone_of(file)).arg(file).output();
            let output = output.unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
    }
    if has("ldns-verify-zone") {
        for (zone, good) in
            [("root", true), ("com", true), ("edu", true), ("signed.edu", true), ("bogus.edu", false)]
        {
            let file = servers.folder.path().join(format!("{zone}.zone"));
            let output = Command::new("ldns-verify-zone").arg(file).output().unwrap();
            assert_eq!(output.status.success(), good, "{zone}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn sockets_survive_what_is_no_query() {
    let Some(servers) = servers() else { return };
    let at: SocketAddr = format!("{}:{}", servers.at("ns1.lab.edu."), servers.port).parse().unwrap();
    // www.lab.edu. A
    let query = b"\x12\x34\0\0\0\x01\0\0\0\0\0\0\x03www\x03lab\x03edu\0\0\x01\0\x01";
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(b"", at).unwrap();
    socket.send_to(&[0xff; 1_000], at).unwrap();
    socket.send_to(query, at).unwrap();
    let mut buffer = [0; 2_000];
    let (length, from) = socket.recv_from(&mut buffer).unwrap();
    assert_eq!((from, &buffer[..2]), (at, &query[..2]));
    let answer = buffer[..length].to_vec();

    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let framed = [&u16::try_from(query.len()).unwrap().to_be_bytes(), &query[..]].concat();
    // Two at once, the second cut in two (RFC 7766 section 6.2.1.1).
    stream.write_all(&[&framed[..], &framed[..5]].concat()).unwrap();
    let mut over_tcp = vec![0; 2 + length];
    stream.read_exact(&mut over_tcp).unwrap();
    assert_eq!(over_tcp[2..], answer);
    std::thread::sleep(Duration::from_millis(20));
    stream.write_all(&framed[5..]).unwrap();
    stream.read_exact(&mut over_tcp).unwrap();
    assert_eq!(over_tcp[2..], answer);
    // More than 64 connections that say nothing, and 64 that stop within a message: who comes later is answered all the same,
    // and so is who is there and asks.
    let mut hanging = Vec::new();
    for (count, bytes) in [(80, &b""[..]), (80, b"\xff\xff\x12")] {
        for _ in 0..count {
            let mut one = TcpStream::connect(at).unwrap();
            one.write_all(bytes).unwrap();
            hanging.push(one);
        }
        let mut late = TcpStream::connect(at).unwrap();
        late.set_read_timeout(Some(PATIENCE)).unwrap();
        late.write_all(&framed).unwrap();
        late.read_exact(&mut over_tcp).unwrap();
        assert_eq!(over_tcp[2..], answer);
        socket.send_to(query, at).unwrap();
        assert_eq!(socket.recv_from(&mut buffer).unwrap().0, length);
    }
}

#[test]
fn servers_answer_though_nobody_reads_what_they_tell() {
    if !has_loopback() {
        return;
    }
    const COUNT: u16 = 4_000;
    let port = free_port();
    let mut command = command(&["serve", "dns", "--port", &port.to_string()]);
    let mut child = Ended(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let ready = BufReader::new(child.0.stderr.take().unwrap()).lines().any(|line| line.unwrap() == "ready");
    assert!(ready);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect((Ipv4Addr::new(127, 53, 0, 1), port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut buffer = [0; 2_000];
    for id in 0..COUNT {
        // A name as long as they get fills the pipe sooner.
        let name: Vec<u8> =
            [3, 62].iter().flat_map(|len| [&[*len][..], &vec![b'x'; usize::from(*len)]].concat()).collect();
        let query = [&id.to_be_bytes()[..], b"\0\0\0\x01\0\0\0\0\0\0", &name, b"\0\0\x01\0\x01"].concat();
        socket.send(&query).unwrap();
        socket.recv(&mut buffer).unwrap();
        assert_eq!(buffer[..2], id.to_be_bytes());
    }
    // Whoever reads at last is told how much is missing.
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let (mut told, mut missing) = (0, 0);
    while told + missing < u64::from(COUNT) {
        let line = lines.next().unwrap().unwrap();
        match line.split_once(" lines not shown: ") {
            Some((count, _)) => missing += count.parse::<u64>().unwrap(),
            // The rest of a line that did not fit.
            None if line.starts_with(' ') => {}
            None => told += 1,
        }
    }
    assert!(told + missing == u64::from(COUNT) && missing > 100, "{told} told, {missing} missing");
}

#[test]
fn what_was_edited_in_an_export_is_not_overwritten() {
    if !has_loopback() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    fs::create_dir(&source).unwrap();
    let edited = source.join("signed.edu.zone");
    fs::write(&edited, "; a teacher's work\n").unwrap();
    let (folder, shown) = (folder.path(), edited.display());
    wirelab(&["serve", "dns", "--port", "1", "--export", folder.to_str().unwrap()]).assert().code(2).stdout("").stderr(
        format!(
            "error: writing {shown} failed: it is there, and is not as wirelab's own; name another folder, or serve it: \
             --zones with the folder it is in\n"
        ),
    );
    assert_eq!(fs::read_to_string(&edited).unwrap(), "; a teacher's work\n");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing else was written");
}

#[test]
fn the_source_of_the_zones_can_be_served_again() {
    let Some(servers) = servers() else { return };
    let source = servers.folder.path().join("source");
    let edited = source.join("signed.edu.zone");
    let text = fs::read_to_string(&edited).unwrap();
    fs::write(&edited, format!("{text}added TXT edited\n")).unwrap();
    let again = Servers::start(&["--zones", source.to_str().unwrap()]);
    assert_eq!(again.lines.len(), servers.lines.len());
    let signed = fs::read_to_string(again.folder.path().join("signed.edu.zone")).unwrap();
    assert!(signed.contains("added.signed.edu. 3600 IN TXT \"edited\"\n"), "{signed}");
    // Zones of somebody's own are not written a second time.
    assert!(!again.folder.path().join("source").exists());
}

#[test]
fn what_may_be_meant_otherwise_is_told_before_the_servers_listen() {
    let Some(first) = servers() else { return };
    assert!(first.lines.iter().all(|line| line.chars().count() <= 80), "{:?}", first.lines);
    assert!(!first.lines.iter().any(|line| line.starts_with("warning")), "{:?}", first.lines);
    let source = first.folder.path().join("source");
    fs::write(source.join("nowhere.zone"), "$TTL 60\n@ SOA a b 1 2 3 4 5\n@ NS a\na A 192.0.2.9\n").unwrap();
    fs::write(source.join("t.edu.txt"), "@ 60 SOA a b 1 2 3 4 5\n").unwrap();
    let again = Servers::start(&["--zones", source.to_str().unwrap()]);
    assert_eq!(
        again.lines.get(..2).unwrap(),
        [
            "warning: nowhere.zone, line 2: no NS record in root.zone leads to nowhere.: nobody finds this zone",
            "warning: t.edu.txt: it looks like a zone and is not read: the names of zone files end in .zone",
        ]
    );
}

#[test]
fn wrong_zones_and_options_are_told_before_anything_listens() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("root.zone"), "@ 60 SOA a. b. 1 2 3 4 5\n@ NS a.\na. A 192.0.2\n").unwrap();
    let folder = folder.path().to_str().unwrap();
    for (args, said) in [
        (
            &["serve", "dns", "--zones", folder][..],
            "error: root.zone, line 3: `192.0.2` is no IPv4 address: that has four numbers from 0 to 255\n",
        ),
        (&["serve", "dns", "--seed", "1"], "error: the lab `dns` has no --seed\n"),
        (
            &["serve", "dns", "--port", "0"],
            "error: the lab `dns` needs one port for all its servers: --port with a number above 0\n",
        ),
        (&["serve", "knock", "--zones", folder], "error: the lab `knock` has no --zones\n"),
        (
            &["serve", "dns", "--address", "192.0.2.1"],
            "error: the lab `dns` has no --address: each of its servers has one in 127.53.0.0/16\n",
        ),
        (
            &["client", "dns"],
            "error: the lab `dns` has no client of its own: ask its servers with dig, kdig or drill\n",
        ),
    ] {
        wirelab(args).assert().code(2).stdout("").stderr(said);
    }
}
