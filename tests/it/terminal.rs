//! `explain` of terminals and what leads to them: Telnet, SSH, SOCKS.

use crate::http::build::{CLIENT, Capture, End};

const TELNET: End = ([192, 0, 2, 23], 23);
const SSH: End = ([192, 0, 2, 22], 22);
const SOCKS: End = ([192, 0, 2, 108], 1080);

/// The story, line breaks and columns undone.
fn told(capture: &Capture, options: &[&str]) -> String {
    capture.run("explain", options).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A login letter by letter, with a mistake in the name and one in the password.
fn login() -> Capture {
    let mut capture = Capture::new();
    let mut telnet = capture.connect(CLIENT, TELNET);
    let typed = |capture: &mut Capture, telnet: &mut _, letters: &[u8], echo: bool| {
        for letter in letters {
            capture.ask(telnet, [*letter]);
            let back: &[u8] = if *letter == 0x7f { b"\x08 \x08" } else { std::slice::from_ref(letter) };
            if echo {
                capture.answer(telnet, back);
            }
        }
        capture.ask(telnet, b"\r\0");
    };
    capture.answer(&mut telnet, b"\xff\xfd\x18\xff\xfd\x1f\xff\xfb\x03");
    capture.ask(&mut telnet, b"\xff\xfb\x18\xff\xfb\x1f\xff\xfa\x1f\0\x50\0\x18\xff\xf0\xff\xfd\x03");
    capture.answer(&mut telnet, b"login: ");
    typed(&mut capture, &mut telnet, b"bok\x7fb", true);
    capture.answer(&mut telnet, b"\r\nPassword: ");
    typed(&mut capture, &mut telnet, b"s3x\x7fsame", false);
    capture.answer(&mut telnet, b"\r\nWelcome\x1b[2J\r\n$ ");
    typed(&mut capture, &mut telnet, b"ls", true);
    capture.answer(&mut telnet, b"\r\nnotes.txt\r\n$ ");
    capture
}

#[test]
fn a_login_by_telnet_is_told_line_by_line_and_its_password_is_not_shown() {
    let capture = login();
    let text = told(&capture, &[]);
    for part in [
        "9 bytes: DO terminal type, window size; WILL suppress go ahead.",
        "WILL terminal type, window size; window size 80x24; DO suppress go ahead.",
        "1 character rubbed out, echoed by the server: │ bob",
        "readable text behind the echo: │ Password:",
        "typed in 9 packets up to packet 27, not echoed: │ ********",
        "Welcome\\x1b[2J │ $",
        "echoed by the server: │ ls",
        "Telnet hides nothing",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    assert!(!text.contains("s3same") && !text.contains("not text"), "{text}");
    assert!(told(&capture, &["--show-secrets"]).contains("not echoed: │ s3same"));
    for line in capture.run("explain", &[]).lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_document_has_the_lines_that_were_typed() {
    let capture = login();
    let document: serde_json::Value = serde_json::from_str(&capture.run("explain", &["--json"])).unwrap();
    let turns = document["flows"][0]["turns"].as_array().unwrap();
    let lines: Vec<&str> = turns.iter().filter_map(|turn| turn["line"].as_str()).collect();
    assert_eq!(lines, ["bob", "********", "ls"]);
    let begun = turns.iter().find(|turn| turn["line"] == "bob").unwrap();
    let parts = turns.iter().filter(|turn| turn["part_of"] == begun["packets"][0]).count();
    assert_eq!(parts, 5 + 5, "{document:#}");
    assert!(!document.to_string().contains("s3"), "{document:#}");
}

/// Bytes with their length before them.
fn sized(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

fn packet(code: u8, body: &[u8]) -> Vec<u8> {
    sized(&[&[4, code], body, &[0; 4]].concat())
}

fn offer(exchanges: &str, cipher_up: &str, cipher_down: &str) -> Vec<u8> {
    let lists =
        [exchanges, "ssh-ed25519", cipher_up, cipher_down, "hmac-sha1", "hmac-sha1", "none", "none", "", ""];
    let lists = lists.map(|list| sized(list.as_bytes())).concat();
    packet(20, &[vec![9; 16], lists, vec![0; 5]].concat())
}

#[test]
fn ssh_says_what_is_offered_what_is_agreed_on_and_where_encryption_begins() {
    let mut capture = Capture::new();
    let mut ssh = capture.connect(CLIENT, SSH);
    capture.answer(&mut ssh, b"SSH-2.0-Server_1 demo\r\n");
    capture.ask(
        &mut ssh,
        [b"SSH-1.99-Client_2\r\n".to_vec(), offer("curve25519-sha256,b,ext-info-c", "c1,c2", "c2")].concat(),
    );
    capture.answer(&mut ssh, offer("b,curve25519-sha256", "c2,c1", "c2"));
    capture.ask(&mut ssh, packet(30, &sized(&[7; 32])));
    let key = [sized(&sized(b"ssh-ed25519")), sized(&[7; 32])].concat();
    capture.answer(&mut ssh, [packet(31, &key), packet(21, b"")].concat());
    capture.ask(&mut ssh, [packet(21, b""), vec![8; 40]].concat());
    for _ in 0..3 {
        capture.answer(&mut ssh, [200; 30]);
        capture.ask(&mut ssh, [201; 20]);
    }
    let text = told(&capture, &[]);
    for part in [
        "SSH version 2.0, software Server_1 demo.",
        "SSH version 1.99 (2.0, and 1 for old clients), software Client_2; offer: key exchange curve25519-sha256 or 1 more, \
         host key ssh-ed25519, cipher to the server c1 or 1 more, cipher to the client c2, MAC hmac-sha1",
        "Both have, first in the client's order: key exchange curve25519-sha256, host key ssh-ed25519, cipher to the server \
         c1, cipher to the client c2, MAC hmac-sha1, compression none.",
        "SSH key exchange, the server's part, signed with its host key (ssh-ed25519); new keys: from here on this side encrypts.",
        "SSH, encrypted. With what follows up to packet 15: 60 bytes from the client, 90 bytes from the server.",
        "SSH encrypts: the client from packet 9 on, the server from packet 10 on.",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    assert!(!text.contains("c8 c8"), "{text}");
    assert!(told(&capture, &["--full"]).contains("c8 c8"));
    let document: serde_json::Value = serde_json::from_str(&capture.run("explain", &["--json"])).unwrap();
    let says = document["flows"][0]["turns"][0]["says"].as_str().unwrap();
    assert_eq!(says, "SSH version 2.0, software Server_1 demo");
}

#[test]
fn socks_is_told_in_words_and_its_password_nowhere() {
    let mut capture = Capture::new();
    let mut socks = capture.connect(CLIENT, SOCKS);
    capture.ask(&mut socks, [5, 2, 0, 2]);
    capture.answer(&mut socks, [5, 2]);
    capture.ask(&mut socks, b"\x01\x03bob\x05w0rds");
    capture.answer(&mut socks, [1, 0]);
    capture.ask(&mut socks, b"\x05\x01\0\x03\x0bexample.org\0\x50");
    capture.answer(&mut socks, [5, 0, 0, 1, 192, 0, 2, 9, 0, 9]);
    capture.ask(&mut socks, b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    let text = told(&capture, &[]);
    for part in [
        "SOCKS 5 greeting, offers no password, user and password.",
        "SOCKS 5 answer: user and password.",
        "SOCKS 5 login of bob, password ********.",
        "SOCKS 5 answer: the password is accepted.",
        "SOCKS 5 request: CONNECT to example.org:80.",
        "SOCKS 5 reply: done, from 192.0.2.9:9.",
        "HTTP request GET /",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    for (verb, options) in [
        ("explain", &[][..]),
        ("explain", &["--full"]),
        ("explain", &["--json"]),
        ("flows", &["--json"]),
        ("audit", &[]),
    ] {
        let out = capture.run(verb, options);
        assert!(!out.contains("w0rds"), "{verb} {options:?}:\n{out}");
    }
    assert!(capture.run("explain", &["--show-secrets"]).contains("password w0rds"));
    assert!(capture.run("audit", &["--show-secrets", "--json"]).contains("w0rds"));
}
