//! What a capture lacks is nobody's fault, and what a wrong server says on the course's port is.

use super::build::{Capture, Connection};
use super::{own::says_not, says};
use crate::program::wirelab;

/// The blocks of a pcapng savefile of this machine's byte order, and whether each is a packet.
fn blocks(file: &[u8]) -> Vec<(bool, &[u8])> {
    let mut blocks = Vec::new();
    let mut rest = file;
    while let Some((head, _)) = rest.split_at_checked(8) {
        let word = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
        let (block, behind) = rest.split_at(usize::try_from(word(4)).unwrap());
        blocks.push((word(0) == 6, block));
        rest = behind;
    }
    blocks
}

fn explained(path: &std::path::Path) -> String {
    let output = wirelab(&["explain"]).arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What `explain` says of a bundled recording without each of its packets that carry something, one at a time.
fn without_one(name: &str, look: &mut dyn FnMut(usize, &str)) {
    let path = std::path::Path::new("captures").join(name).with_extension("pcapng");
    let file = std::fs::read(&path).unwrap();
    let blocks = blocks(&file);
    let fields = ["-T", "fields", "-e", "tcp.len", "-e", "udp.length"];
    let lengths = wirelab(&["read"]).arg(&path).args(fields).output().unwrap();
    let lengths = String::from_utf8(lengths.stdout).unwrap();
    let carry = lengths.lines().map(|line| !matches!(line.trim(), "" | "0"));
    let folder = tempfile::tempdir().unwrap();
    let packets = blocks.iter().enumerate().filter(|(_, (is_packet, _))| *is_packet);
    for (number, ((dropped, _), _)) in (1..).zip(packets.zip(carry)).filter(|(_, (_, carries))| *carries) {
        let rest = blocks.iter().enumerate().filter(|(place, _)| *place != dropped);
        let rest: Vec<u8> = rest.flat_map(|(_, (_, bytes))| bytes.iter().copied()).collect();
        let lacking = folder.path().join("lacking.pcapng");
        std::fs::write(&lacking, rest).unwrap();
        look(number, &explained(&lacking));
    }
}

/// Nothing is called wrong, or missing without a doubt.
fn has_no_fault(name: &str, dropped: usize, text: &str) {
    for words in ["not as it should be", "not as they should be", "wrong:"] {
        assert!(!text.contains(words), "{words:?} in {name} without packet {dropped}:\n{text}");
    }
    for (words, doubt) in [
        ("nothing asked for it", ", or the capture lacks it"),
        ("that it did not type", ", or the capture lacks it"),
    ] {
        for (at, _) in text.match_indices(words) {
            let behind = &text[at + words.len()..];
            assert!(behind.starts_with(doubt), "{words:?} in {name} without packet {dropped}:\n{text}");
        }
    }
}

#[test]
fn a_packet_that_a_recording_lacks_makes_nothing_wrong_over_tcp() {
    for name in
        ["calculator", "chatbot-tcp", "dual-stack", "knock", "file-transfer", "uppercase-tcp", "split-writes"]
    {
        without_one(name, &mut |dropped, text| has_no_fault(name, dropped, text));
    }
}

#[test]
fn a_datagram_that_a_recording_lacks_makes_nothing_wrong() {
    for name in ["greeting", "datetime", "chatbot-udp", "uppercase-udp", "udp-ping", "relay"] {
        without_one(name, &mut |dropped, text| has_no_fault(name, dropped, text));
    }
}

#[test]
fn a_packet_that_a_recording_lacks_makes_up_no_member_and_no_line() {
    without_one("chat", &mut |dropped, text| {
        has_no_fault("chat", dropped, text);
        let Some((_, members)) = text.split_once("Members: ") else { return };
        let (members, lines) = members.split_once('.').unwrap();
        for member in members.split(", ").filter_map(|member| member.split_once(" (")) {
            assert!(["ann", "bob", "cy"].contains(&member.0), "{members} without packet {dropped}");
        }
        for (at, words) in lines.match_indices("did not reach ") {
            let behind = lines[at + words.len()..].trim_start_matches(char::is_alphanumeric);
            assert!(behind.starts_with(", or the capture lacks it"), "without packet {dropped}: {lines}");
        }
    });
}

/// A connection to a server at this port that answers so.
fn talk(port: u16, said: &[(&str, &str)]) -> Capture {
    let mut capture = Capture::new();
    let mut flow = capture.connect([40_000, port]);
    for (asked, answer) in said {
        capture.ask(&mut flow, asked);
        capture.answer(&mut flow, answer);
    }
    capture.close(&mut flow);
    capture
}

#[test]
fn an_answer_that_is_too_short_ends_with_its_turn() {
    let said = [("hello one", "HELLO ON"), ("hello two", "HELLO TW"), ("hello three", "HELLO THRE")];
    let capture = talk(12_000, &said);
    let text = capture.explained();
    says(
        &text,
        &[
            "3 messages are not as they should be:",
            "packet 5: `HELLO ON`: right would be HELLO ONE (asked in packet 4)",
            "packet 7: `HELLO TW`: right would be HELLO TWO (asked in packet 6)",
            "packet 9: `HELLO THRE`: right would be HELLO THREE (asked in packet 8)",
        ],
    );
    says_not(&text, &["no answer in the capture"]);
}

#[test]
fn a_date_that_is_none_or_far_off_is_told_once() {
    let mut capture = Capture::new();
    capture.exchange([40_000, 43_387], "SEND_DATE", "31/12/25");
    let text = capture.explained();
    says(&text, &["40 days from the date of the packet", "another date or time than the packets'"]);
    says_not(&text, &["Nothing is wrong"]);
    let mut capture = Capture::new();
    capture.exchange([40_000, 43_387], "SEND_DATE", "11/21/25");
    let text = capture.explained();
    says(&text, &["`11/21/25`: there is no such date: the lab has DD/MM/YY"]);
    says_not(&text, &["or address"]);
}

#[test]
fn sums_and_what_is_none_add_up() {
    let mut capture = Capture::new();
    let mut flow = capture.connect([40_000, 43_389]);
    capture.ask(&mut flow, "Ann");
    for (asked, answer) in [("1 + 1", "2.0"), ("1/0", "Error"), ("2 + 2", "4.0")] {
        capture.ask(&mut flow, asked);
        capture.answer(&mut flow, answer);
    }
    capture.ask(&mut flow, "3 + 3");
    let text = capture.explained();
    says(
        &text,
        &[
            "had 3 sums worked out: 2 right, 0 not, 1 without an answer that is known; 1 other message is no sum.",
        ],
    );
}

#[test]
fn a_wrong_server_on_the_courses_port_is_told() {
    for (port, said, lab, wrong) in [
        (9002, &[("Hii Server", "Acknowledgment")][..], "dual-stack", "right would be Acknowledgement"),
        (12_345, &[("Hey", "Hi there!"), ("Hmm", "Hi there!")], "chatbot-tcp", "right would be Hello! How"),
        (9000, &[("SECRET_KEY", "OK")], "file-transfer", "right would be AUTH_SUCCESS or AUTH_ERROR"),
        (43_389, &[("Knock knock", "Who's there?")], "knock", "`Knock knock`: right would be Knock knock.."),
    ] {
        says(&talk(port, said).explained(), &[&format!("Lab {lab}"), wrong]);
    }
    let mut capture = Capture::new();
    capture.exchange([40_000, 9001], "nonsense", "401");
    says(&capture.explained(), &["Lab relay", "`401`: right would be 400"]);
}

#[test]
fn a_line_that_came_without_its_name_is_told() {
    let mut capture = Capture::new();
    let mut flows: Vec<Connection> =
        (0..2).map(|member| capture.connect([40_000 + member, 43_389])).collect();
    for (member, name) in ["ann", "cy"].into_iter().enumerate() {
        capture.ask(&mut flows[member], name);
        for flow in &mut flows[..=member] {
            capture.answer(flow, format!("new user :{name} joined"));
        }
    }
    capture.ask(&mut flows[0], "hello");
    let bare = capture.answer(&mut flows[1], "hello");
    let text = capture.explained();
    says(&text, &[&format!("`hello` reached cy without the name, in packet {bare}")]);
    says_not(&text, &["did not reach"]);
}

#[test]
fn a_room_that_says_nothing_at_all_did_not_reply() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let silent = std::thread::spawn(move || {
        let (mut member, _) = listener.accept().unwrap();
        std::io::copy(&mut member, &mut std::io::sink()).unwrap();
    });
    let talk = ["--say", "n", "--say", "1 + 1", "--timeout", "1"];
    let output = wirelab(&["client", "chat", "--port", &port]).args(talk).output().unwrap();
    silent.join().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    says(&String::from_utf8_lossy(&output.stderr), &["no reply from 127.0.0.1"]);
}
