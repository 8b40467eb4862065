//! `audit`: is this readable? Verdicts on the recordings and on captures of others, secrets masked and shown, the exit
//! status of an expectation, folders.

mod secrets;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use etherparse::PacketBuilder;
use serde_json::Value;

use crate::corpus;
use crate::program::{captures_folder, wirelab};

/// A savefile in `folder` with a TCP connection in which these were said, by the originator where `true`.
fn tcp_file(folder: &Path, name: &str, port: u16, said: &[(bool, &[u8])]) -> PathBuf {
    let mut frames = Vec::new();
    let mut numbers = [1000_u32, 5000_u32];
    let mut frame = |from_orig: bool, syn: bool, payload: &[u8]| {
        let (me, you) = if from_orig { (0, 1) } else { (1, 0) };
        let ports = if from_orig { (40000, port) } else { (port, 40000) };
        let ack = numbers[you];
        let builder = PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4([10, 0, 0, if from_orig { 1 } else { 2 }], [10, 0, 0, if from_orig { 2 } else { 1 }], 64)
            .tcp(ports.0, ports.1, numbers[me], 4096);
        let builder = if syn { builder.syn() } else { builder };
        let builder = if syn && from_orig { builder } else { builder.ack(ack) };
        let mut bytes = Vec::new();
        builder.write(&mut bytes, payload).unwrap();
        numbers[me] += u32::from(syn) + u32::try_from(payload.len()).unwrap();
        frames.push(bytes);
    };
    frame(true, true, b"");
    frame(false, true, b"");
    frame(true, false, b"");
    said.iter().for_each(|(from_orig, payload)| frame(*from_orig, false, payload));
    save(folder, name, &frames)
}

/// A savefile in `folder` with these datagrams from one host to the port of another.
fn udp_file(folder: &Path, name: &str, port: u16, said: &[&[u8]]) -> PathBuf {
    let frames: Vec<Vec<u8>> = said
        .iter()
        .map(|payload| {
            let mut bytes = Vec::new();
            let builder = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
            builder.udp(40000, port).write(&mut bytes, payload).unwrap();
            bytes
        })
        .collect();
    save(folder, name, &frames)
}

fn save(folder: &Path, name: &str, frames: &[Vec<u8>]) -> PathBuf {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 1] {
        file.extend(word.to_le_bytes());
    }
    for (second, frame) in (1_u32..).zip(frames) {
        let len = u32::try_from(frame.len()).unwrap();
        for word in [second, 0, len, len] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
    }
    let path = folder.join(name);
    fs::write(&path, file).unwrap();
    path
}

/// What the program prints, and its exit status.
fn run(args: &[&str]) -> (i32, String, String) {
    let output = wirelab(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn json(args: &[&str]) -> Value {
    let (_, out, err) = run(args);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"))
}

/// The first flow of a file.
fn flow(path: &Path, more: &[&str]) -> Value {
    let args = [&["audit", path.to_str().unwrap(), "--json"], more].concat();
    let document = json(&args);
    assert_eq!(document["schema"], "wirelab.audit/1");
    document["flows"][0].clone()
}

/// Bytes as an xorshift generator gives them.
fn random(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32).to_le_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

fn words() -> Vec<u8> {
    (0..3000_u32)
        .flat_map(|n| format!("{} sheep and {} goats, ", n * 7919 % 10_007, n * n % 997).into_bytes())
        .collect()
}

#[test]
fn text_on_an_unknown_port_is_plaintext_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let said: &[(bool, &[u8])] = &[(true, b"Knock knock.."), (false, b"Who is there?\n")];
    let file = tcp_file(folder.path(), "a.pcap", 12000, said);
    let flow = flow(&file, &[]);
    assert_eq!(flow["verdict"], "plaintext");
    assert_eq!(flow["flow"], "tcp:0");
    let sides = &flow["directions"];
    assert_eq!(sides["orig_to_resp"]["text"], "Knock knock..");
    assert_eq!(sides["resp_to_orig"]["text"], "Who is there?");
    assert_eq!(sides["resp_to_orig"]["readable_share"], 1.0);
    assert_eq!(sides["resp_to_orig"]["first_packet"], 5);
}

#[test]
fn what_looks_random_needs_a_sample() {
    let folder = tempfile::tempdir().unwrap();
    for (len, wanted) in
        [(32, "too-little-data"), (64, "too-little-data"), (256, "encrypted"), (4096, "encrypted")]
    {
        let bytes = random(len);
        let chunks: Vec<(bool, &[u8])> = bytes.chunks(1000).map(|chunk| (true, chunk)).collect();
        let flow = flow(&tcp_file(folder.path(), "r.pcap", 4444, &chunks), &[]);
        assert_eq!(flow["verdict"], wanted, "{len}");
        assert_eq!(flow["directions"]["orig_to_resp"]["entropy_test"]["sample_bytes"], len);
    }
}

#[test]
fn packed_is_not_encrypted_and_http_with_a_packed_body_is_plaintext() {
    let folder = tempfile::tempdir().unwrap();
    let body = packed(&words());
    let chunks: Vec<(bool, &[u8])> = body.chunks(1000).map(|chunk| (true, chunk)).collect();
    let file = tcp_file(folder.path(), "z.pcap", 4444, &chunks);
    assert_eq!(flow(&file, &[])["verdict"], "compressed");
    // Without the magic number, too.
    let raw: Vec<(bool, &[u8])> = body[10..].chunks(1000).map(|chunk| (true, chunk)).collect();
    assert_eq!(flow(&tcp_file(folder.path(), "d.pcap", 4444, &raw), &[])["verdict"], "compressed");

    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    let answer = [head.as_bytes(), &body].concat();
    let mut said: Vec<(bool, &[u8])> = vec![(true, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")];
    said.extend(answer.chunks(1000).map(|chunk| (false, chunk)));
    let file = tcp_file(folder.path(), "h.pcap", 8888, &said);
    let flow = flow(&file, &[]);
    assert_eq!(flow["verdict"], "plaintext");
    assert_eq!(flow["directions"]["resp_to_orig"]["verdict"], "plaintext");
    assert_eq!(flow["directions"]["resp_to_orig"]["packed_bodies"][0], "gzip");
    let (_, long, _) = run(&["audit", file.to_str().unwrap(), "--long"]);
    let in_one_line: Vec<&str> = long.split_whitespace().collect();
    assert!(in_one_line.join(" ").contains("carries a gzip body"), "{long}");
}

#[test]
fn starttls_is_plaintext_first() {
    let folder = tempfile::tempdir().unwrap();
    let hello = [b"\x16\x03\x01\x00\x80\x01\x00\x00\x7c\x03\x03".as_slice(), &random(120)].concat();
    let said: &[(bool, &[u8])] = &[
        (false, b"220 mail.example.org ESMTP\r\n"),
        (true, b"EHLO me\r\n"),
        (false, b"250 STARTTLS\r\n"),
        (true, b"STARTTLS\r\n"),
        (false, b"220 go ahead\r\n"),
        (true, &hello),
    ];
    let flow = flow(&tcp_file(folder.path(), "s.pcap", 2525, said), &[]);
    assert_eq!(flow["verdict"], "encrypted");
    assert_eq!(flow["evidence"]["encrypted_from_packet"], 9);
    let names: Vec<&str> = flow["evidence"]["protocols"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["SMTP", "TLS"]);
}

/// The kind, the user and the value of every secret of the first flow.
fn secrets(file: &Path) -> Vec<(String, String, String)> {
    let shown = flow(file, &["--show-secrets"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let listed = shown["secrets"].as_array().unwrap();
    let all = listed.iter().map(|s| (text(&s["kind"]), text(&s["user"]), text(&s["value"]))).collect();
    // Masked, nothing of them is anywhere.
    let path = file.to_str().unwrap();
    for args in [&["audit", path][..], &["audit", path, "--json"], &["audit", path, "--long"]] {
        let (_, out, err) = run(args);
        for secret in listed {
            let value = secret["value"].as_str().unwrap();
            assert!(!out.contains(value) && !err.contains(value), "{value} is shown by {args:?}:\n{out}");
        }
    }
    assert!(flow(file, &[])["secrets"].as_array().unwrap().iter().all(|secret| secret["value"].is_null()));
    all
}

fn row(kind: &str, user: &str, value: &str) -> (String, String, String) {
    (kind.to_owned(), user.to_owned(), value.to_owned())
}

#[test]
fn secrets_of_the_web_are_found_and_masked() {
    let folder = tempfile::tempdir().unwrap();
    let request =
        b"POST /login?token=t0ken HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YWxpY2U6d29uZGVybGFuZA==\r\n\
        Cookie: sid=c00kie\r\nContent-Length: 27\r\n\r\nuser=bob&password=hunter%212";
    // Split where it hurts.
    let (first, second) = request.split_at(80);
    let file = tcp_file(
        folder.path(),
        "w.pcap",
        8080,
        &[(true, first), (true, second), (false, b"HTTP/1.1 204 No\r\n\r\n")],
    );
    assert_eq!(
        secrets(&file),
        [
            row("field", "", "t0ken"),
            row("http_basic", "alice", "wonderland"),
            row("cookie", "", "c00kie"),
            row("field", "", "hunter!2"),
        ]
    );
}

#[test]
fn secrets_in_headers_of_every_kind_are_found_and_masked_alike_by_every_verb() {
    let folder = tempfile::tempdir().unwrap();
    // The whole of a head, line by line, and what is secret in it.
    let lines = [
        ("Authorization: Basic\r\n YWxpY2U6d29uZGVybGFuZA==", "wonderland"),
        (
            "Proxy-Authorization: Digest username=\"a\", response=\"d1g3st\"",
            "username=\"a\", response=\"d1g3st\"",
        ),
        ("X-CSRF-Token: csrft0k", "csrft0k"),
        ("X-Api-Key: ap1key", "ap1key"),
        ("Cookie: a=c00kie; theme=dark", "c00kie"),
        ("Referer: http://me:urlpw@h/x?api_key=qu3ry&access_token=acc3ss", "urlpw"),
    ];
    let head: String = lines.iter().map(|(line, _)| format!("{line}\r\n")).collect();
    let body = r#"{"user": "bob", "password": "js\"0n", "pin": 4711}"#;
    let request = format!(
        "POST /?token=t4rget HTTP/1.1\r\nHost: a\r\n{head}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = "HTTP/1.1 200 OK\r\nSet-Cookie: sid=s3t; Path=/\r\nAuthentication-Info: rspauth=\"1nfo\"\r\nContent-Length: 0\r\n\r\n";
    let file =
        tcp_file(folder.path(), "h.pcap", 8080, &[(true, request.as_bytes()), (false, answer.as_bytes())]);
    let found: Vec<String> = secrets(&file).into_iter().map(|(_, _, value)| value).collect();
    let wanted = lines.iter().map(|(_, secret)| *secret).chain([
        "t4rget",
        "qu3ry",
        "acc3ss",
        "js\\\"0n",
        "4711",
        "s3t",
        "rspauth=\"1nfo\"",
    ]);
    for secret in wanted {
        assert!(found.iter().any(|value| value == secret), "{secret} is not in {found:?}");
    }
    let path = file.to_str().unwrap();
    let secrets = [
        "YWxpY2U", "d1g3st", "csrft0k", "ap1key", "c00kie", "urlpw", "qu3ry", "acc3ss", "t4rget", "0n",
        "4711", "s3t", "1nfo",
    ];
    for args in [
        &["http", path][..],
        &["http", path, "--json"],
        &["explain", path, "--full"],
        &["explain", path, "--json"],
    ] {
        let (code, out, err) = run(args);
        assert_eq!(code, 0, "{err}");
        for secret in secrets {
            assert!(!out.contains(secret), "{secret} is shown by {args:?}:\n{out}");
        }
        let (_, shown, _) = run(&[args, &["--show-secrets"]].concat());
        for secret in secrets {
            assert!(shown.contains(secret), "{secret} is not shown by {args:?} --show-secrets:\n{shown}");
        }
    }
}

#[test]
fn a_verdict_on_few_bytes_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let few = tcp_file(folder.path(), "f.pcap", 12000, &[(true, b"hi there")]);
    let more = tcp_file(folder.path(), "m.pcap", 12000, &[(true, &b"hi there ".repeat(5))]);
    assert_eq!(flow(&few, &[])["evidence"]["only_bytes"], 8);
    assert!(flow(&more, &[])["evidence"]["only_bytes"].is_null());
    let (_, short, _) = run(&["audit", few.to_str().unwrap()]);
    assert!(short.contains("only 8 bytes: \"hi there\""), "{short}");
    let (_, long, _) = run(&["audit", few.to_str().unwrap(), "--long"]);
    assert!(long.contains("judged by 8 bytes only: so few can look like this by chance"), "{long}");
    let (_, long, _) = run(&["audit", more.to_str().unwrap(), "--long"]);
    assert!(!long.contains("by chance"), "{long}");
    let none = tcp_file(folder.path(), "n.pcap", 12000, &[(true, &random(40))]);
    let (_, long, _) = run(&["audit", none.to_str().unwrap(), "--long"]);
    assert!(long.contains("40 bytes, too few to tell: 256 are needed"), "{long}");
}

/// A record of TLS 1.2 with this in it.
fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3, high, low], body].concat()
}

/// A handshake in which the server chooses this cipher suite, and a request behind it.
fn tls_with(suite: [u8; 2]) -> Vec<(bool, Vec<u8>)> {
    let hello = |kind: u8, suites: &[u8]| {
        let body = [&[3, 3], random(32).as_slice(), &[0], suites, &[0]].concat();
        let len = u8::try_from(body.len()).unwrap();
        record(22, &[&[kind, 0, 0, len], body.as_slice()].concat())
    };
    let offers = [&[0, 2], suite.as_slice(), &[1]].concat();
    let finished = [record(20, &[1]), record(22, &random(40))].concat();
    let request = b"GET /secret HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YWxpY2U6d29uZGVyOmxhbmQ=\r\n\r\n";
    vec![
        (true, hello(1, &offers)),
        (false, [hello(2, &suite), record(22, &[14, 0, 0, 0])].concat()),
        (true, finished.clone()),
        (false, finished),
        (true, record(23, request)),
    ]
}

#[test]
fn tls_without_encryption_is_not_called_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, said: &[(bool, Vec<u8>)]| {
        let said: Vec<(bool, &[u8])> = said.iter().map(|(from, bytes)| (*from, bytes.as_slice())).collect();
        tcp_file(folder.path(), name, 443, &said)
    };
    // TLS_RSA_WITH_NULL_SHA256, and TLS_RSA_WITH_AES_128_GCM_SHA256.
    let (open, sealed) = (tls_with([0, 0x3b]), tls_with([0, 0x9c]));
    // The server greets before, and its hello comes in pieces.
    let mut behind = vec![(false, b"220 hello\r\n".to_vec()), (true, b"EHLO a\r\nSTARTTLS\r\n".to_vec())];
    for (from_orig, bytes) in &open {
        behind.extend(bytes.chunks(50).map(|chunk| (*from_orig, chunk.to_vec())));
    }
    for (name, said, verdict) in
        [("open", &open, "binary"), ("sealed", &sealed, "encrypted"), ("behind", &behind, "binary")]
    {
        let path = file(name, said);
        let flow = flow(&path, &["--show-secrets"]);
        assert_eq!(flow["verdict"], verdict, "{name}: {flow}");
        let secrets = flow["secrets"].as_array().unwrap();
        assert_eq!(secrets.len(), usize::from(verdict == "binary"), "{name}: {flow}");
        let (code, ..) = run(&["audit", path.to_str().unwrap(), "--expect", "encrypted"]);
        assert_eq!(code, i32::from(verdict != "encrypted"), "{name}");
    }
    for (name, is_open) in [("open", true), ("sealed", false)] {
        let path = folder.path().join(name);
        for more in [&[][..], &["--json"]] {
            let (_, out, _) = run(&[&["explain", path.to_str().unwrap()], more].concat());
            let says_sealed = out.contains("encrypt") || out.contains("only the two ends");
            assert_eq!(says_sealed, !is_open, "{out}");
        }
    }
}

#[test]
fn packed_bytes_behind_a_short_header_are_not_called_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let words = words();
    let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    raw.write_all(&words).unwrap();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(&words).unwrap();
    let xz = [b"\xfd7zXZ\0".as_slice(), &random(4000)].concat();
    for (name, bytes) in [
        ("gzip", packed(&words)),
        ("deflate", raw.finish().unwrap()),
        ("zlib", zlib.finish().unwrap()),
        ("xz", xz),
    ] {
        for (header, len) in [(4, 600), (4, 4000), (2, 2000), (16, 2000)] {
            let bytes = &bytes[..len];
            let header = [vec![0; header - 2], u16::try_from(len).unwrap().to_be_bytes().to_vec()].concat();
            let said = [&header, bytes].concat();
            let flow = flow(&tcp_file(folder.path(), "p.pcap", 9000, &[(true, &said)]), &[]);
            assert_ne!(flow["verdict"], "encrypted", "{name} of {len}: {flow}");
        }
    }
    for len in [300, 600, 4000] {
        let flow = flow(&tcp_file(folder.path(), "r.pcap", 9000, &[(true, &random(len))]), &[]);
        assert_eq!(flow["verdict"], "encrypted", "{flow}");
    }
}

#[test]
fn an_expectation_is_answered_by_the_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    let text = tcp_file(folder.path(), "a.pcap", 12000, &[(true, b"hello there")]);
    let query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x03edu\x00\x00\x01\x00\x01";
    let dns = udp_file(folder.path(), "b.pcap", 53, &[query]);
    let sealed = tcp_file(folder.path(), "c.pcap", 443, &[(true, &random(1400))]);
    for (file, expected, wanted) in [
        (&text, "plaintext", 0),
        (&text, "unencrypted", 0),
        (&text, "encrypted", 1),
        (&dns, "plaintext", 1),
        (&dns, "unencrypted", 0),
        (&sealed, "unencrypted", 1),
        (&sealed, "encrypted", 0),
    ] {
        let (code, _, err) = run(&["audit", file.to_str().unwrap(), "--expect", expected]);
        assert_eq!(code, wanted, "{expected} of {}: {err}", file.display());
        assert_eq!(err.contains(&format!("not {expected}: ")), wanted == 1, "{err}");
    }
    let (code, _, err) = run(&["audit", text.to_str().unwrap(), "--expect", "plaintext", "--port", "9"]);
    assert_eq!(code, 1);
    assert!(
        err.contains("no flow with payload matches") && err.contains("nothing matched --port 9"),
        "{err}"
    );
    let (code, ..) = run(&["audit", text.to_str().unwrap(), "--expect", "plaintext", "--port", "12000"]);
    assert_eq!(code, 0);
    let missing = folder.path().join("missing.pcap");
    assert_eq!(run(&["audit", missing.to_str().unwrap(), "--expect", "plaintext"]).0, 2);
    // A file that is cut is an error, whatever its flows are.
    let mut bytes = fs::read(&text).unwrap();
    bytes.truncate(bytes.len() - 3);
    fs::write(&text, bytes).unwrap();
    assert_eq!(run(&["audit", text.to_str().unwrap(), "--expect", "plaintext"]).0, 2);
}

#[test]
fn a_folder_is_a_line_a_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("inner")).unwrap();
    fs::write(folder.path().join("README.md"), "no capture").unwrap();
    tcp_file(folder.path(), "b.pcap", 12000, &[(true, b"hello there")]);
    tcp_file(folder.path(), "a.pcap", 443, &[(true, &random(1400))]);
    tcp_file(&folder.path().join("inner"), "c.pcap", 21, &[(true, b"USER a\r\nPASS hunter2\r\n")]);
    let path = folder.path().to_str().unwrap();
    let (code, out, err) = run(&["audit", path]);
    assert_eq!(code, 0, "{err}");
    let rows: Vec<Vec<&str>> = out.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    let ends: Vec<&str> = rows.iter().map(|row| row[0].rsplit('/').next().unwrap()).collect();
    assert_eq!(ends, ["a.pcap", "b.pcap", "c.pcap"]);
    assert_eq!(&rows[0][1..], ["0", "1", "0", "0", "0", "0"]);
    assert_eq!(&rows[2][1..], ["1", "0", "0", "0", "0", "1"]);
    assert!(err.contains("1 file passed over"), "{err}");
    let (code, _, err) = run(&["audit", path, "--expect", "plaintext"]);
    assert!(code == 1 && err.contains("a.pcap: tcp:0"), "{err}");
    let document = json(&["audit", path, "--json"]);
    assert_eq!(document["files"].as_array().unwrap().len(), 3);
    assert_eq!(document["files"][1]["flows"][0]["verdict"], "plaintext");
    // Files without what was selected are no news, that none of them has it is.
    let (code, _, err) = run(&["audit", path, "--port", "443"]);
    assert!(code == 0 && !err.contains("nothing matched"), "{err}");
    let (code, _, err) = run(&["audit", path, "--port", "9"]);
    assert!(code == 1 && err.contains("nothing matched --port 9 in 3 files\n"), "{err}");
    // A file that was named is read or is an error.
    let readme = folder.path().join("README.md");
    assert_eq!(run(&["audit", readme.to_str().unwrap(), path]).0, 2);
}

#[test]
fn hostile_text_is_shown_without_control_characters() {
    let folder = tempfile::tempdir().unwrap();
    let evil = "GET /\u{1b}[2J\u{202e}x HTTP/1.1\r\nCookie: a\u{1b}]0;b=\u{1b}[31mred\r\n\r\n";
    let file = tcp_file(
        folder.path(),
        "e.pcap",
        80,
        &[(true, evil.as_bytes()), (false, b"+OK \x9b\xff\x07 hello\r\n")],
    );
    for more in [&[][..], &["--long"], &["--show-secrets"], &["--json", "--show-secrets"]] {
        let (code, out, err) = run(&[&["audit", file.to_str().unwrap()], more].concat());
        assert_eq!(code, 0, "{err}");
        let is_safe = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
        assert!(out.chars().all(is_safe) && err.chars().all(is_safe), "{out:?}");
    }
}

#[test]
fn recordings_have_a_verdict_each() {
    let folder = captures_folder();
    let (code, out, err) =
        run(&["audit", folder.join("knock.pcapng").to_str().unwrap(), "--expect", "plaintext"]);
    assert_eq!(code, 0, "{out}{err}");
}

/// The verdict on each flow of a corpus of other people's captures against what its protocol says: at least 95 % right in
/// each class, and nothing encrypted called plaintext. A flow that was not found counts as wrong.
#[test]
fn flows_of_known_protocols_are_told_right() {
    const LABELS: [&str; 3] = ["plaintext", "encrypted", "binary"];
    let Some(folder) = corpus::folder("verdicts of audit") else { return };
    let labels = fs::read_to_string(folder.join("labels.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = labels.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let mut names: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    names.sort_unstable();
    names.dedup();
    let root = folder.join("captures");
    let paths: Vec<String> = names.iter().map(|name| root.join(name).to_str().unwrap().to_owned()).collect();
    let args: Vec<&str> = ["audit", "--json"].into_iter().chain(paths.iter().map(String::as_str)).collect();
    let document = json(&args);
    let files: BTreeMap<&str, &Vec<Value>> = document["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (file["file"].as_str().unwrap(), file["flows"].as_array().unwrap()))
        .collect();
    let mut table: BTreeMap<(&str, String), u32> = BTreeMap::new();
    for row in &rows {
        let flows = files.get(root.join(row[0]).to_str().unwrap());
        let found = flows.and_then(|flows| flow_of(flows, row));
        let verdict = found.map_or("none", |flow| flow["verdict"].as_str().unwrap());
        *table.entry((row[7], verdict.to_owned())).or_default() += 1;
    }
    let count = |label: &str, verdict: &str| {
        table.iter().filter(|((l, v), _)| *l == label && v == verdict).map(|(_, n)| n).sum::<u32>()
    };
    for label in LABELS {
        let all: u32 = table.iter().filter(|((l, _), _)| *l == label).map(|(_, n)| n).sum();
        let told: Vec<String> = table
            .iter()
            .filter(|((l, _), _)| *l == label)
            .map(|((_, verdict), n)| format!("{verdict} {n}"))
            .collect();
        let line = format!("{label:>10}: {}\n", told.join(", "));
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        let right = f64::from(count(label, label)) / f64::from(all);
        assert!(right >= 0.95, "{label}: {right:.3} right: {told:?}");
    }
    assert_eq!(count("encrypted", "plaintext"), 0);
}

/// The flow that a row means: by its number, or, where numbers differ, by its endpoints.
fn flow_of<'a>(flows: &'a [Value], row: &[&str]) -> Option<&'a Value> {
    let end = |flow: &Value, side: &str| {
        format!("{} {}", flow[side]["address"].as_str().unwrap(), flow[side]["port"].as_u64().unwrap())
    };
    let (orig, resp) = (format!("{} {}", row[2], row[3]), format!("{} {}", row[4], row[5]));
    let kind = row[1].split(':').next().unwrap();
    flows.iter().find(|flow| flow["flow"] == row[1]).or_else(|| {
        flows.iter().find(|flow| {
            let ends = (end(flow, "orig"), end(flow, "resp"));
            let same = ends == (orig.clone(), resp.clone()) || ends == (resp.clone(), orig.clone());
            flow["flow"].as_str().unwrap().starts_with(kind) && same
        })
    })
}

#[test]
fn one_flow_of_a_file_is_judged_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = udp_file(folder.path(), "two.pcap", 5000, &[b"the first of two flows"]);
    let other = udp_file(folder.path(), "other.pcap", 5001, &[b"the second of two flows"]);
    let mut both = fs::read(file).unwrap();
    both.extend(&fs::read(other).unwrap()[24..]);
    let path = folder.path().join("both.pcap");
    fs::write(&path, both).unwrap();
    let path = path.to_str().unwrap();
    let flows = |more: &[&str]| {
        let document = json(&[&["audit", path, "--json"], more].concat());
        document["flows"].as_array().unwrap().iter().map(|flow| flow["flow"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(flows(&[]), ["\"udp:0\"", "\"udp:1\""]);
    assert_eq!(flows(&["--stream", "udp:1"]), ["\"udp:1\""]);
    let (status, out, err) = run(&["audit", path, "--stream", "tcp:4"]);
    assert_eq!((status, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("there is no flow tcp:4; there is udp:0 to udp:1 (2 flows)"), "{err}");
    let (status, _, err) = run(&["audit", folder.path().to_str().unwrap(), "--stream", "udp:0"]);
    assert!(status == 2 && err.contains("--stream names a flow of one file"), "{err}");
}

#[test]
fn long_names_of_a_folder_leave_the_columns_straight_and_none_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    fs::write(folder.path().join("README"), "no capture").unwrap();
    let (status, out, err) = run(&["audit", path]);
    assert_eq!((status, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("there is no savefile in ") && err.contains("1 file passed over"), "{err}");
    udp_file(folder.path(), "short.pcap", 5000, &[b"the first of two flows"]);
    udp_file(
        folder.path(),
        "a-name-of-more-than-thirty-five-columns.pcap",
        5000,
        &[b"the second of two flows"],
    );
    let (_, out, _) = run(&["audit", path]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{out}");
    assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{out}");
}

#[test]
fn what_opened_the_way_is_said_before_what_came() {
    let folder = tempfile::tempdir().unwrap();
    let said: [(bool, &[u8]); 6] = [
        (true, &[5, 1, 0]),
        (false, &[5, 0]),
        (true, &[5, 1, 0, 1, 192, 0, 2, 1, 0, 25]),
        (false, &[5, 0, 0, 1, 192, 0, 2, 9, 0, 9]),
        (false, b"220 mail.example ESMTP ready\r\n"),
        (true, b"EHLO client.example\r\n"),
    ];
    let file = tcp_file(folder.path(), "socks.pcap", 1080, &said);
    let told = run(&["explain", file.to_str().unwrap()]).1.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("SOCKS, then SMTP, by their first bytes."), "{told}");
}

#[test]
fn a_story_in_json_has_what_is_wrong_with_certificates() {
    let file = captures_folder().join("tls.pcapng");
    let document = json(&["explain", file.to_str().unwrap(), "--json"]);
    let flows = document["flows"].as_array().unwrap();
    let all: Vec<&Value> =
        flows.iter().filter_map(|flow| flow["certificate_faults"].as_array()).flatten().collect();
    let other = all.iter().find(|one| one["fault"] == "other_name").unwrap();
    assert_eq!((&other["sent_by"], &other["place"]), (&"server".into(), &1.into()));
    assert!(other["packets"][0].is_u64() && other["subject"] == "www.example.com", "{other}");
    assert!(other["says"].as_str().unwrap().contains("is not for "), "{other}");
}

#[test]
fn the_sides_of_a_flow_are_prose_of_eighty_columns_in_a_pipe() {
    let mut lines = 0;
    for entry in fs::read_dir(captures_folder()).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "pcapng") {
            continue;
        }
        let (code, out, err) = run(&["audit", "--long", file.to_str().unwrap()]);
        assert_eq!(code, 0, "{}: {err}", file.display());
        for line in out.lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", file.display());
            lines += 1;
        }
    }
    assert!(lines > 100, "only {lines}");
}
