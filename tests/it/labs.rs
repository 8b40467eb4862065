//! The labs' protocols in captures: what is told of them, and that nothing else is taken for them.

#[path = "labs/build.rs"]
pub(crate) mod build;

use build::Capture;

use wirelab::pipeline::Pipeline;
use wirelab::proto::Protocol;
use wirelab::source::{Next, PacketSource, Savefile};

const JOKE: &str = "I could tell you a UDP joke but I'm not sure you'll get it.";

/// All of `parts` stand in `text`.
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn a_greeting_is_answered() {
    let mut capture = Capture::new();
    capture.exchange([40_000, 43_387], JOKE, "Ok");
    capture.exchange([40_001, 43_387], JOKE, "Okay");
    says(&capture.flows(), &["greeting, text"]);
    says(
        &capture.explained(),
        &[
            "Lab greeting",
            "1 greeting, 1 answered `Ok`.",
            "Nothing is wrong",
            "`Okay`: right would be Ok (asked in packet 3)",
        ],
    );
}

#[test]
fn sums_that_are_wrong_are_named() {
    let mut capture = Capture::new();
    let mut flow = capture.connect([40_000, 43_389]);
    capture.ask(&mut flow, "Ann");
    for (asked, answer) in
        [("12 + 42", "54.0"), ("1 + 1", "3.0"), ("1 / 0", "division by zero"), ("0.1 + 0.2", "0.3")]
    {
        capture.ask(&mut flow, asked);
        capture.answer(&mut flow, answer);
    }
    capture.ask(&mut flow, "q");
    capture.close(&mut flow);
    says(
        &capture.explained(),
        &[
            "A client named `Ann` had 4 sums worked out: 2 right, 2 not.",
            "5 → 6: 12 + 42 = 54.0 right",
            "7 → 8: 1 + 1 = 3.0 wrong: it is 2.0",
            "1 / 0 = division by zero right: an error",
            "0.1 + 0.2 = 0.3 rounded: 0.30000000000000004",
        ],
    );
    let wanted = [
        "frame.number",
        "wirelab.lab.calculator.expression",
        "wirelab.lab.calculator.result",
        "wirelab.lab.calculator.expected",
        "wirelab.lab.response_to",
    ];
    let wrong = capture.fields(&["-Y", "wirelab.lab.calculator.correct == 0"], &wanted);
    assert_eq!(wrong, ["8\t1 + 1\t3.0\t2.0\t7", "12\t0.1 + 0.2\t0.3\t0.30000000000000004\t11"]);
    // Wireshark knows no such protocol: the bytes stay data.
    let data = capture.fields(&["-Y", "wirelab.lab.kind == \"result\""], &["frame.protocols"]);
    assert_eq!(data, ["raw:ip:tcp:data"; 4]);
    let answered = capture.fields(&["-2", "-Y", "wirelab.lab.kind == \"sum\""], &["wirelab.lab.response_in"]);
    assert_eq!(answered, ["8", "10", "12"]);
    let lines = capture.run(&["read"], &[]);
    for words in [" calculator 1 + 1", " calculator 54.0", " calculator 3.0, right would be 2.0"] {
        assert!(lines.lines().any(|line| line.ends_with(words)), "{words} is not in {lines}");
    }
    let lab = &capture.json()[0]["lab"];
    assert_eq!(lab["name"], "calculator");
    assert_eq!(lab["messages"][4]["correct"], false);
    assert_eq!(lab["messages"][4]["expected"], "2.0");
}

#[test]
fn a_room_says_whom_a_line_did_not_reach() {
    let mut capture = Capture::new();
    let mut flows: Vec<_> = (0..3).map(|member| capture.connect([40_000 + member, 43_389])).collect();
    for (member, name) in ["ann", "bob", "cy"].into_iter().enumerate() {
        capture.ask(&mut flows[member], name);
        for flow in &mut flows[..=member] {
            capture.answer(flow, format!("new user :{name} joined"));
        }
    }
    capture.ask(&mut flows[0], "hello");
    for flow in &mut flows {
        capture.answer(flow, ":ann:hello");
    }
    let lost = capture.ask(&mut flows[1], "hi");
    capture.answer(&mut flows[0], ":bob:hi");
    capture.answer(&mut flows[0], ":bob:hi:cy:never typed");
    let text = capture.explained();
    says(
        &text,
        &[
            "Lab chat: the room at 127.0.0.1:43389",
            "Members: ann (tcp:0), bob (tcp:1), cy (tcp:2).",
            "2 lines, 1 of them to every other member that was in, once.",
            &format!("packet {lost}: bob: `hi` did not reach cy; reached ann again in packet {}", lost + 2),
            "ann was told a line of cy that it did not type",
            "1 message came with another behind it in the same segment",
        ],
    );
    let lines = &capture.json()[1]["lab"]["lines"];
    assert_eq!(lines[0]["lost"][0], "tcp:2");
    assert_eq!(lines[0]["reached"][1]["again"], true);
}

#[test]
fn capitals_and_bots_are_checked() {
    let mut capture = Capture::new();
    let mut flow = capture.connect([40_000, 12_000]);
    for (asked, answer) in [("hey, I am khushei from 5f.", "HEY, I AM KHUSHEI FROM 5F."), ("grüße", "GRüSSE")]
    {
        capture.ask(&mut flow, asked);
        capture.answer(&mut flow, answer);
    }
    capture.exchange([40_001, 12_345], "Hey", "Hello! How can I help you today?");
    capture.exchange([40_001, 12_345], "What's your name?", "Sorry, I don't understand.");
    // It may be any of several labs.
    capture.datagram([40_002, 12_345], "Hey");
    let text = capture.explained();
    says(
        &text,
        &[
            "Lab uppercase-tcp · 2 sentences, 1 returned in capitals",
            "`GRüSSE`: right would be GRÜSSE",
            "Lab chatbot-udp · 2 questions, 1 answered as the bot does.",
            "right would be It's nice to meet you!",
            "fits several labs (chatbot-udp, uppercase-udp), and no answer shows which",
        ],
    );
    says(&capture.flows(), &["uppercase-tcp, text", "chatbot-udp, text"]);
}

#[test]
fn pings_have_round_trips_and_losses() {
    let mut capture = Capture::new();
    let ports = [40_000, 8080];
    let back = [8080, 40_000];
    capture.exchange(ports, "C1024", "Buffer Size Calibrated at Server.");
    for number in 0..4 {
        capture.wait(1000).datagram(ports, format!("Hello Server {number}"));
        if number != 2 {
            capture.wait(200).datagram(back, format!("Packet Acknowledged {number}"));
        }
    }
    // Two that are alike.
    capture.datagram(ports, "Hello Server");
    capture.datagram(ports, "Hello Server");
    capture.datagram(back, "Packet Acknowledged");
    capture.exchange(ports, "exit", "Stopping the Server.");
    says(
        &capture.explained(),
        &[
            "6 pings, 4 acknowledged, 2 not: 33.3 % lost.",
            "201 ms at least, 201 ms on average, 201 ms at most",
            "Of 1 acknowledgement it is ambiguous",
            "ping number 2 not acknowledged",
            "perhaps acknowledged, as one of 2",
        ],
    );
    let range = ["wirelab.lab.ping.rtt_min", "wirelab.lab.ping.rtt_max"];
    let perhaps = capture.fields(&["-Y", "wirelab.lab.ping.candidates == 2"], &range);
    assert_eq!(perhaps, ["0.001000000\t0.002000000"]);
    let shown = ["wirelab.lab.ping.number", "wirelab.lab.ping.paired_by", "wirelab.lab.ping.rtt"];
    let rows = capture.fields(&["-Y", "wirelab.lab.kind == \"acknowledgement\""], &shown);
    assert_eq!(
        rows,
        ["0\tnumber\t0.201000000", "1\tnumber\t0.201000000", "3\tnumber\t0.201000000", "\tambiguous\t"]
    );
    assert_eq!(capture.json()[0]["lab"]["pings"]["unanswered"], 2);
}

#[test]
fn a_shrinking_interval_has_a_throughput() {
    let mut capture = Capture::new();
    let mut gap = 400;
    for number in 0..40 {
        capture.datagram([40_000, 8080], format!("Hello Server {number}"));
        capture.datagram([8080, 40_000], format!("Packet Acknowledged {number}"));
        capture.wait(gap);
        gap = gap * 95 / 100;
    }
    says(
        &capture.explained(),
        &["as in the lab udp-throughput", "second 0: 3 sent, 3 answered", "mean delay 1 ms"],
    );
}

#[test]
fn a_file_has_a_hash_unless_bytes_are_missing() {
    let mut capture = Capture::new();
    for (port, missing) in [(40_000, 0), (40_001, 10)] {
        let mut flow = capture.connect([port, 9000]);
        capture.ask(&mut flow, "SECRET_KEY");
        capture.answer(&mut flow, "AUTH_SUCCESSab");
        capture.lose(&mut flow, missing);
        capture.answer(&mut flow, "c");
        capture.close(&mut flow);
    }
    let mut flow = capture.connect([40_002, 9000]);
    capture.ask(&mut flow, "a guess");
    capture.answer(&mut flow, "AUTH_ERROR");
    // SHA-256 of `abc` (FIPS 180-4).
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let shown = ["wirelab.lab.file.length", "wirelab.lab.file.missing", "wirelab.lab.file.sha256"];
    let rows = capture.fields(&["-Y", "wirelab.lab.file.length"], &shown);
    assert_eq!(rows, [format!("3\t0\t{hash}"), "3\t10\t".to_owned()]);
    says(
        &capture.explained(),
        &[
            &format!("SHA-256 of the file: {}", &hash[..20]),
            "10 bytes are missing",
            "The key was refused, and no file was sent.",
        ],
    );
    assert_eq!(capture.json()[0]["lab"]["file"]["sha256"], hash);
}

#[test]
fn what_a_relay_passes_on_is_matched() {
    let mut capture = Capture::new();
    let server = 9001;
    for client in [40_001, 40_002] {
        capture.exchange([client, server], "hii", &format!("('127.0.0.1', {client})"));
    }
    let asked = capture.datagram([40_001, server], "TO: 127.0.0.1/40002 ;content: hello");
    capture.datagram([server, 40_002], "127.0.0.1/40001 ; content : hello");
    capture.datagram([server, 40_001], "200, UDP Packet Sent Successfully");
    capture.exchange([40_001, server], "nonsense", "404");
    capture.exchange(
        [40_001, server],
        "to: 127.0.0.1 / 7 ; content : x",
        "200, UDP Packet Sent Successfully",
    );
    capture.datagram([server, 40_002], "127.0.0.1/999 ; content : boo");
    says(
        &capture.explained(),
        &[
            &format!(
                "packet {asked} (udp:0) to 127.0.0.1:40002 `hello`: passed on in packet {} (udp:1); the sender was told 200 in packet {}",
                asked + 1,
                asked + 2
            ),
            "`404`: right would be 400 (asked in packet 8)",
            "not passed on in this capture; the sender was told 200 in packet 11: one of these is wrong",
            "passed on for 127.0.0.1:999, and no request of it is in the capture",
        ],
    );
    let shown = ["wirelab.lab.relay.target_port", "wirelab.lab.relay.content"];
    assert_eq!(capture.fields(&["-Y", "wirelab.lab.relay.target_port == 40002"], &shown), ["40002\thello"]);
    assert_eq!(capture.json()[0]["lab"]["passed"][0]["forwarded_flow"], "udp:1");
}

#[test]
fn the_clock_and_the_others_are_told() {
    let mut capture = Capture::new();
    capture.exchange([40_000, 43_387], "SEND_DATE", "21/11/25");
    capture.exchange([40_000, 43_387], "SEND_TIME", "15:43:20");
    capture.exchange([40_000, 43_387], "SEND_TIME", "10:00:00");
    let mut flow = capture.connect([40_001, 43_389]);
    capture.ask(&mut flow, "Knock knock..");
    capture.answer(&mut flow, "Who's there?");
    let mut flow = capture.connect([40_002, 9002]);
    for _ in 0..5 {
        capture.ask(&mut flow, "Hii Server");
        capture.answer(&mut flow, "Acknowledgement");
    }
    capture.ask(&mut flow, "exit");
    says(
        &capture.explained(),
        &[
            "The date was asked for 1 time, the time 2 times.",
            "the date of the packet in UTC",
            "UTC+05:30; the server tells no zone",
            "one clock is wrong",
            "1 knock, 1 answered `Who's there?`.",
            "five of each, as in the lab; then `exit`.",
        ],
    );
}

#[test]
fn what_labs_say_cannot_control_a_terminal() {
    let mut capture = Capture::new();
    let mut flow = capture.connect([40_000, 43_389]);
    capture.ask(&mut flow, "ann");
    capture.answer(&mut flow, "new user :ann joined");
    capture.answer(&mut flow, "new user :\u{1b}[2J\u{202e} joined");
    capture.ask(&mut flow, "\u{1b}]0;x\u{7}");
    capture.answer(&mut flow, [b":ann:".as_slice(), &[0xff, 0xfe, 0x1b]].concat());
    let mut flow = capture.connect([40_001, 43_389]);
    capture.ask(&mut flow, "\u{9b}");
    capture.ask(&mut flow, "bob");
    capture.answer(&mut flow, "new user :bob joined");
    capture.ask(&mut flow, "hi\u{1b}");
    for text in [capture.explained(), capture.raw_json()] {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}']), "{text}");
    }
}

#[test]
fn no_foreign_flow_is_taken_for_a_lab() {
    let Some(folder) = crate::corpus::folder("labs in the captures of others") else { return };
    let mut found = Vec::new();
    for capture in crate::corpus::captures(&folder) {
        let path = folder.join("captures").join(&capture);
        let Ok(mut source) = Savefile::open(&path) else { continue };
        let mut pipeline = Pipeline::new(None);
        loop {
            match source.next_packet() {
                Ok(Next::Packet(packet, _)) => {
                    pipeline.step(&packet);
                }
                Ok(Next::Tick) => {}
                Ok(Next::End) | Err(_) => break,
            }
        }
        pipeline.finish();
        for told in pipeline.told(|_, _| true) {
            if let Some(Protocol::Lab(lab)) = told.spoken {
                found.push((capture.display().to_string(), lab.name()));
            }
        }
    }
    assert!(found.is_empty(), "taken for a lab: {found:#?}");
}
