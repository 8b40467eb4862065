//! What our own servers do beyond the labs' rules: no story calls it a fault.

use super::build::Capture;
use super::says;

#[track_caller]
pub(super) fn says_not(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(!text.contains(part), "{part:?} is in:\n{text}");
    }
}

#[test]
fn lines_that_a_room_parts_reach_everybody() {
    let mut capture = Capture::new();
    let mut flows: Vec<_> = (0..2).map(|member| capture.connect([40_000 + member, 43_389])).collect();
    for (member, name) in ["ann", "bob"].into_iter().enumerate() {
        capture.ask(&mut flows[member], name);
        for flow in &mut flows[..=member] {
            capture.answer(flow, format!("new user :{name} joined"));
        }
    }
    for (typed, passed_on) in [
        ("one\ntwo\r\n\r\nthree", &[":ann:one", ":ann:two", ":ann:three"][..]),
        ("red\u{1b}[31m\tand \u{7}bell", &[":ann:red[31m\tand bell"]),
        ("new user :zed joined", &[":ann:new user :zed joined"]),
    ] {
        capture.ask(&mut flows[0], typed);
        for told in passed_on {
            for flow in &mut flows {
                capture.answer(flow, told);
            }
        }
    }
    capture.ask(&mut flows[1], "x".repeat(1000));
    capture.answer(&mut flows[1], "Not passed on: a line has at most 958 bytes of UTF-8.");
    // A name that is taken, with a line behind it, which goes the same way.
    let mut third = capture.connect([40_009, 43_389]);
    capture.ask(&mut third, "bob\nhello");
    capture.answer(&mut third, "This name is taken: send another.");
    capture.ask(&mut third, "cy");
    for flow in flows.iter_mut().chain([&mut third]) {
        capture.answer(flow, "new user :cy joined");
    }
    let mut fourth = capture.connect([40_010, 43_389]);
    capture.ask(&mut fourth, "ann");
    capture.answer(&mut fourth, "This name is taken: send another.");
    capture.close(&mut fourth);
    let text = capture.explained();
    says(&text, &["5 lines, 5 of them to every other member that was in, once."]);
    says_not(&text, &["did not reach", "did not type", "not as it should be"]);
}

/// A room of ann and bob, and their connections.
fn room_of_two() -> (Capture, Vec<super::build::Connection>) {
    let mut capture = Capture::new();
    let mut flows: Vec<_> = (0..2).map(|member| capture.connect([40_000 + member, 43_389])).collect();
    for (member, name) in ["ann", "bob"].into_iter().enumerate() {
        capture.ask(&mut flows[member], name);
        for flow in &mut flows[..=member] {
            capture.answer(flow, format!("new user :{name} joined"));
        }
    }
    (capture, flows)
}

#[test]
fn a_line_that_holds_what_looks_like_another_is_one() {
    let (mut capture, mut flows) = room_of_two();
    let lines = ["I say :bob:no", "see new user :zed joined and user :bob left", ":bob:at once"];
    for typed in lines {
        capture.ask(&mut flows[0], typed);
        for flow in &mut flows {
            capture.answer(flow, format!(":ann:{typed}"));
        }
    }
    // And two that do run together.
    capture.ask(&mut flows[1], "yes");
    capture.ask(&mut flows[0], "no");
    for flow in &mut flows {
        capture.answer(flow, ":bob:yes:ann:no");
    }
    let text = capture.explained();
    says(&text, &["5 lines, 5 of them to every other member that was in, once."]);
    says(&text, &["`bob` typed 1 line and was told 5 lines.", "1 message came with another behind it"]);
    says_not(&text, &["did not reach", "did not type", "may be one", "may each be"]);
    // What the member itself typed is known when it comes back.
    let own = ["-Y", "wirelab.lab.kind == \"line\" && tcp.stream == 0"];
    let told = capture.fields(&own, &["wirelab.lab.chat.text"]);
    assert_eq!(told, [lines[0], lines[1], lines[2], "yes,no"]);
}

#[test]
fn a_line_that_may_be_one_or_two_is_said_to_be() {
    let (mut capture, mut flows) = room_of_two();
    // Who said so has no connection here.
    for name in ["cy", "di"] {
        for flow in &mut flows {
            capture.answer(flow, format!("new user :{name} joined"));
        }
    }
    for flow in &mut flows {
        capture.answer(flow, ":cy:hey :di:ho");
    }
    says(
        &capture.explained(),
        &["1 line may be one with what looks like another behind it in the same segment"],
    );
    // Two of ann's own fit as well as one.
    let (mut capture, mut flows) = room_of_two();
    for typed in ["hey :bob:ho", "hey "] {
        capture.ask(&mut flows[0], typed);
    }
    capture.ask(&mut flows[1], "ho");
    capture.answer(&mut flows[1], ":ann:hey :bob:ho");
    says(
        &capture.explained(),
        &["1 line may be one with what looks like another behind it in the same segment"],
    );
}

#[test]
fn a_name_with_control_characters_is_shown_escaped() {
    let mut capture = Capture::new();
    let mut flow = capture.connect([40_000, 43_389]);
    capture.ask(&mut flow, "a\u{1b}[2Jnn");
    capture.answer(&mut flow, "new user :a\u{1b}[2Jnn joined");
    capture.ask(&mut flow, "hi");
    capture.answer(&mut flow, ":a\u{1b}[2Jnn:hi");
    capture.close(&mut flow);
    let text = capture.explained();
    says(
        &text,
        &["Lab chat", "Members: a\\x1b[2Jnn (tcp:0).", "1 line, to every other member that was in, once."],
    );
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let names = capture.fields(&["-Y", "wirelab.lab.kind == \"joined\""], &["wirelab.lab.chat.user"]);
    assert_eq!(names, ["a\\x1b[2Jnn"]);
}

#[test]
fn wrong_capitals_are_told_with_what_is_right() {
    let mut capture = Capture::new();
    capture.exchange([40_000, 12_000], "hello world", "Hello world");
    let mut flow = capture.connect([40_001, 12_000]);
    capture.ask(&mut flow, "hello world");
    let packet = capture.answer(&mut flow, "Hello world");
    capture.close(&mut flow);
    let text = capture.explained();
    for (lab, packet, asked) in [("uppercase-udp", 2, 1), ("uppercase-tcp", packet, packet - 1)] {
        let fault =
            format!("packet {packet}: `Hello world`: right would be HELLO WORLD (asked in packet {asked})");
        says(&text, &[&format!("Lab {lab}"), "1 sentence, none returned in capitals.", &fault]);
    }
    says(&text, &["by its port, 12000, and the form of the talk alone"]);
    let wrong = capture.fields(&["-Y", "wirelab.lab.uppercase.correct == 0"], &["frame.number"]);
    assert_eq!(wrong, ["2".to_owned(), packet.to_string()]);
}

#[test]
fn what_a_line_lost_or_repeated_is_no_fault_of_a_server() {
    let mut capture = Capture::new();
    let ports = [40_000, 12_345];
    let [there, back] = [ports, [ports[1], ports[0]]];
    let (hello, nice, bye) =
        ("Hello! How can I help you today?", "It's nice to meet you!", "Goodbye! Talk soon!");
    capture.datagram(there, "Hey");
    capture.datagram(back, hello);
    let copy = capture.datagram(back, hello);
    capture.datagram(there, "What's your name?");
    capture.wait(500);
    capture.datagram(there, "What's your name?");
    capture.datagram(back, nice);
    capture.datagram(there, "Goodbye");
    capture.datagram(back, bye);
    let text = capture.explained();
    says(
        &text,
        &[
            "1 message came again",
            &format!("packet {copy}: `{hello}`, as packet {} said", copy - 1),
            "1 message has no answer in the capture: packet 4: `What's your name?`",
        ],
    );
    says_not(&text, &["not as it should be", "nothing asked for it"]);
}

#[test]
fn a_copy_is_told_from_a_wrong_answer_by_what_comes_later() {
    let [there, back] = [[40_000, 12_345], [12_345, 40_000]];
    let (hello, nice) = ("Hello! How can I help you today?", "It's nice to meet you!");
    let mut capture = Capture::new();
    capture.exchange(there, "Hey", hello);
    capture.datagram(there, "What's your name?");
    let copy = capture.datagram(back, hello);
    capture.datagram(back, nice);
    let text = capture.explained();
    says(&text, &["1 message came again", &format!("packet {copy}: `{hello}`, as packet 2 said")]);
    says_not(&text, &["not as it should be", "no answer in the capture"]);
    // A server that knows one answer only.
    let mut capture = Capture::new();
    for asked in ["Hey", "What's your name?", "Goodbye"] {
        capture.exchange(there, asked, hello);
    }
    let text = capture.explained();
    says(
        &text,
        &[
            "2 messages are not as they should be:",
            &format!("packet 4: `{hello}`: right would be {nice} (asked in packet 3)"),
            "right would be Goodbye! Talk soon! (asked in packet 5)",
        ],
    );
    says_not(&text, &["came again"]);
}

#[test]
fn fields_tell_a_copy_from_a_fault_once_it_is_known() {
    let [there, back] = [[40_000, 12_345], [12_345, 40_000]];
    let (hello, nice) = ("Hello! How can I help you today?", "It's nice to meet you!");
    let mut capture = Capture::new();
    capture.exchange(there, "Hey", hello);
    capture.datagram(there, "What's your name?");
    capture.datagram(back, hello);
    capture.datagram(back, nice);
    capture.datagram(back, nice);
    let wanted = [
        "frame.number",
        "wirelab.lab.fault",
        "wirelab.lab.again",
        "wirelab.lab.response_to",
        "wirelab.lab.response_in",
    ];
    let rows = |arguments: &[&str], capture: &Capture| capture.fields(arguments, &wanted);
    // In one pass the copy of packet 2 may be a wrong answer to packet 3; the last one is a copy of what was right.
    let doubt = format!("right would be {nice}, unless it is packet 2 again");
    let one_pass = rows(&[], &capture);
    assert_eq!(
        one_pass[1..],
        ["2\t\t\t1\t", "3\t\t\t\t", &format!("4\t{doubt}\t2\t\t"), "5\t\t\t3\t", "6\t\t5\t\t"]
    );
    let line = format!("chatbot-udp {hello}, {doubt}");
    assert!(capture.run(&["read"], &[]).lines().any(|text| text.ends_with(&line)), "{line}");
    let both = rows(&["-2"], &capture);
    assert_eq!(both, ["1\t\t\t\t", "2\t\t\t1\t", "3\t\t\t\t5", "4\t\t2\t\t", "5\t\t\t3\t", "6\t\t5\t\t"]);
    // A server that knows one answer only.
    let mut capture = Capture::new();
    for asked in ["Hey", "What's your name?"] {
        capture.exchange(there, asked, hello);
    }
    let both = rows(&["-2"], &capture);
    assert_eq!(both[2..], ["3\t\t\t\t4".to_owned(), format!("4\tright would be {nice}\t\t3\t")]);
    // Capitals are not compared with what they do not answer.
    let mut capture = Capture::new();
    let [there, back] = [[40_000, 12_000], [12_000, 40_000]];
    capture.exchange(there, "one", "ONE");
    capture.datagram(back, "ONE");
    let right = capture.fields(&[], &["wirelab.lab.uppercase.correct", "wirelab.lab.again"]);
    assert_eq!(right, ["1\t", "\t2"]);
}

#[test]
fn what_a_relay_passes_on_may_come_twice() {
    let mut capture = Capture::new();
    for client in [40_001, 40_002] {
        capture.exchange([client, 9001], "hii", &format!("('127.0.0.1', {client})"));
    }
    capture.datagram([40_001, 9001], "to: 127.0.0.1 / 40002 ; content : hello");
    for _ in 0..2 {
        capture.datagram([9001, 40_002], "127.0.0.1/40001 ; content : hello");
        capture.datagram([9001, 40_001], "200, UDP Packet Sent Successfully");
    }
    let text = capture.explained();
    says(
        &text,
        &["passed on in packet 6 (udp:1); the sender was told 200 in packet 7", "1 message came again"],
    );
    says_not(&text, &["no request of it", "not as it should be"]);
}

#[test]
fn a_relay_does_not_answer_another() {
    let mut capture = Capture::new();
    capture.exchange([40_001, 9001], "hii", "('127.0.0.1', 40001)");
    for said in
        ["400", "200, UDP Packet Sent Successfully", "127.0.0.1/5 ; content : x", "('127.0.0.1', 40001)"]
    {
        capture.datagram([40_001, 9001], said);
    }
    capture.datagram([40_001, 9001], b"\xff;x");
    capture.datagram([9001, 40_001], "401");
    let text = capture.explained();
    says(&text, &["1 message is not as it should be:", "`\\xff;x`: no UTF-8"]);
    says_not(&text, &["no answer in the capture", "right for none", "right would be"]);
}

#[test]
fn bytes_that_are_no_text_come_back_as_they_were() {
    let mut capture = Capture::new();
    let mut connection = capture.connect([40_000, 12_000]);
    capture.ask(&mut connection, "hello there");
    capture.answer(&mut connection, "HELLO THERE");
    capture.ask(&mut connection, b"bad \xff\xfe bytes");
    capture.answer(&mut connection, b"BAD \xff\xfe BYTES");
    let text = capture.explained();
    says(&text, &["2 sentences, 2 returned in capitals", "packet 6: `bad \\xff\\xfe bytes`: no UTF-8"]);
    says_not(&text, &["`BAD", "no answer in the capture"]);

    // In capitals this is a letter more for each.
    let mut capture = Capture::new();
    capture.exchange([40_000, 12_000], "hello there", "HELLO THERE");
    capture.datagram([40_000, 12_000], "ŉ".repeat(32_000));
    let instead = "Not sent: in capitals this has more bytes than a datagram carries.";
    capture.datagram([12_000, 40_000], instead);
    let text = capture.explained();
    says(&text, &["Nothing is wrong with what was said."]);
    says_not(&text, &["not compared", "no answer in the capture"]);
}
