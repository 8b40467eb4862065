//! The labs' protocols in captures: what is told of them, and that nothing else is taken for them.

#[path = "labs/build.rs"]
pub(crate) mod build;
#[path = "labs/gaps.rs"]
mod gaps;
#[path = "labs/own.rs"]
mod own;

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
fn messages_of_one_segment_are_told_one_by_one() {
    let mut capture = Capture::new();
    let mut flow = capture.connect([40_000, 43_389]);
    capture.ask(&mut flow, "Ann\n1 + 1");
    capture.answer(&mut flow, "2.0");
    capture.ask(&mut flow, "2 + 2\n3 * 4\n");
    capture.answer(&mut flow, "4.0");
    capture.answer(&mut flow, "12.0");
    capture.close(&mut flow);
    let text = capture.explained();
    says(&text, &["had 3 sums worked out: 3 right, 0 not.", "2 messages, 9 bytes:", "2 messages, 12 bytes:"]);
    says(&text, &["6 → 7: 2 + 2 = 4.0 right", "6 → 8: 3 * 4 = 12.0 right", "Nothing is wrong"]);
    says(&text, &["4 0.003000 │ Ann 4 0.003000 │ 1 + 1 5", "6 0.005000 │ 2 + 2 6 0.005000 │ 3 * 4 7"]);
    says(&text, &["2 messages, 7 bytes: 7 0.006000 │ 4.0 8 0.007000 │ 12.0 Close"]);
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
fn a_crowded_room_is_folded() {
    let mut capture = Capture::new();
    let mut flows: Vec<_> = (0..30).map(|member| capture.connect([40_000 + member, 43_389])).collect();
    for (member, flow) in flows.iter_mut().enumerate() {
        // Names that others have, each refused, before the one that is taken.
        for _ in 0..member.min(2) {
            capture.ask(flow, "n0");
            capture.answer(flow, "taken");
        }
        capture.ask(flow, format!("n{member}"));
        capture.answer(flow, format!("new user :n{member} joined"));
    }
    let lost = capture.ask(&mut flows[0], "hello");
    let text = capture.explained().split_whitespace().collect::<Vec<_>>().join(" ");
    says(
        &text,
        &[
            "Members: n0 (tcp:0), n1 (tcp:1, a name before refused), n2 (tcp:2, 2 names before refused),",
            "n23 (tcp:23, 2 names before refused), and 6 more.",
            &format!("packet {lost}: n0: `hello` did not reach n1; did not reach n2;"),
            "did not reach n24; and 5 more",
        ],
    );
    assert!(!text.contains("n25 (tcp"), "{text}");
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
            "The date was asked for once, the time 2 times.",
            "the date of the packet in UTC",
            "UTC+05:30; the server tells no zone",
            "one clock is wrong",
            "1 knock, 1 answered `Who's there?`.",
            "five of each, as in the lab; then `exit`.",
        ],
    );
}

#[test]
fn a_gap_makes_no_answer_wrong() {
    // The question is missing, the answer is there.
    let mut capture = Capture::new();
    let mut flow = capture.connect([40_000, 43_389]);
    capture.ask(&mut flow, "Al");
    let pair = |capture: &mut Capture, flow: &mut build::Connection, asked: &str, answer: &str| {
        capture.ask(flow, asked);
        capture.answer(flow, answer)
    };
    pair(&mut capture, &mut flow, "1 + 1", "2.0");
    capture.lose_question(&mut flow, 5);
    let unknown = capture.answer(&mut flow, "4.0");
    pair(&mut capture, &mut flow, "3 + 3", "6.0");
    pair(&mut capture, &mut flow, "4 + 4", "9.0");
    let text = capture.explained();
    says(
        &text,
        &[
            "3 sums worked out: 2 right, 1 not.",
            "3 + 3 = 6.0 right",
            "4 + 4 = 9.0 wrong: it is 8.0",
            &format!(
                "1 message was not compared: the capture lacks bytes, so that it is not known what belongs together. packet {unknown}: `4.0`"
            ),
        ],
    );
    assert!(!text.contains("nothing asked for it"), "{text}");
    // The answer is missing: the next one that is clear is compared, and what has none is told.
    let mut capture = Capture::new();
    let mut flow = capture.connect([40_000, 43_389]);
    capture.ask(&mut flow, "Al");
    pair(&mut capture, &mut flow, "1 + 1", "2.0");
    let open = capture.ask(&mut flow, "2 + 2");
    capture.lose(&mut flow, 3);
    pair(&mut capture, &mut flow, "3 + 3", "6.0");
    pair(&mut capture, &mut flow, "5 + 5", "11.0");
    says(
        &capture.explained(),
        &[
            "4 sums worked out: 2 right, 1 not, 1 without an answer that is known.",
            "5 + 5 = 11.0 wrong: it is 10.0",
            &format!("1 message has no answer in the capture: packet {open}: `2 + 2`"),
        ],
    );
    assert_eq!(capture.json()[0]["lab"]["unanswered"], serde_json::json!([open]));
}

#[test]
fn pieces_of_sums_are_put_together() {
    let mut capture = Capture::new();
    let mut flow = capture.connect([40_000, 43_389]);
    for (asked, answer) in [("Ann1 + 42", "43.0"), ("3.5 - 45", "-41.5"), ("2 * 3", "7.0")] {
        for piece in asked.chars() {
            capture.ask(&mut flow, piece.to_string());
        }
        for piece in answer.chars() {
            capture.answer(&mut flow, piece.to_string());
        }
    }
    let text = capture.explained();
    says(
        &text,
        &[
            "A client named `Ann` had 3 sums worked out: 2 right, 1 not.",
            "3.5 - 45 = -41.5 right",
            "2 * 3 = 7.0 wrong: it is 6.0",
            "The segments are not the messages here",
        ],
    );
    assert!(!text.contains("no request of this lab"), "{text}");
    // Nonsense that is answered line by line is nonsense.
    let mut capture = Capture::new();
    let mut flow = capture.connect([40_000, 43_389]);
    capture.ask(&mut flow, "Ann");
    for asked in ["1 + 1", "one", "two", "three", "four", "five"] {
        capture.ask(&mut flow, asked);
        capture.answer(&mut flow, if asked == "1 + 1" { "2.0" } else { "invalid" });
    }
    let text = capture.explained();
    says(&text, &["5 messages are not as they should be", "`two`: no request of this lab"]);
    assert!(!text.contains("not the messages"), "{text}");
}

#[test]
fn datagrams_may_be_answered_in_any_order() {
    let mut capture = Capture::new();
    let (ports, back) = ([40_000, 12_000], [12_000, 40_000]);
    capture.datagram(ports, "hello one");
    capture.datagram(ports, "hello two");
    capture.datagram(back, "HELLO TWO");
    capture.datagram(back, "HELLO ONE");
    let lost = capture.datagram(ports, "third one is lost");
    capture.exchange(ports, "fourth", "FOURTH");
    capture.exchange(ports, "fifth", "SIXTH");
    let text = capture.explained();
    says(
        &text,
        &[
            "5 sentences, 3 returned in capitals",
            "`SIXTH`: right for none of the 2 questions that wait",
            &format!("packet {lost}: `third one is lost`"),
        ],
    );
    assert!(!text.contains("nothing asked for it"), "{text}");
    let mut capture = Capture::new();
    let (ports, back) = ([40_000, 43_387], [43_387, 40_000]);
    capture.exchange(ports, "SEND_DATE", "21/11/25");
    capture.datagram(ports, "SEND_DATE");
    capture.datagram(ports, "SEND_TIME");
    capture.datagram(back, "10:13:20");
    capture.datagram(back, "21/11/25");
    says(&capture.explained(), &["Nothing is wrong with what was said."]);
}

#[test]
fn a_late_acknowledgement_is_not_unasked() {
    let mut capture = Capture::new();
    let (ports, back) = ([40_000, 8080], [8080, 40_000]);
    capture.exchange(ports, "C 1024", "Buffer Size Calibrated at Server.");
    for _ in 0..3 {
        capture.wait(1000).datagram(ports, "Hello Server");
    }
    capture.wait(100).datagram(back, "Packet Acknowledged");
    capture.wait(100).datagram(back, "Packet Acknowledged");
    let text = capture.explained();
    says(
        &text,
        &[
            "3 pings, 2 acknowledged, 1 not: 33.3 % lost.",
            "packet 3: ping perhaps acknowledged, as one of 2",
            "packet 4: ping perhaps acknowledged, as one of 2",
            "Nothing is wrong",
        ],
    );
    // With numbers there is no doubt.
    let mut capture = Capture::new();
    capture.exchange(ports, "C 1024", "Buffer Size Calibrated at Server.");
    for number in 0..3 {
        capture.wait(1000).datagram(ports, format!("Hello Server {number}"));
    }
    capture.wait(100).datagram(back, "Packet Acknowledged 2");
    capture.wait(100).datagram(back, "Packet Acknowledged 1");
    says(&capture.explained(), &["ping number 0 not acknowledged", "Nothing is wrong"]);
}

#[test]
fn findings_between_flows_are_no_part_of_nothing_is_wrong() {
    let mut capture = Capture::new();
    let server = 9001;
    capture.exchange([40_001, server], "hii", "('127.0.0.9', 40001)");
    capture.exchange([40_002, server], "hii", "('127.0.0.1', 40002)");
    capture.datagram([40_001, server], "to: 127.0.0.1/40002 ; content : good");
    capture.datagram([server, 40_002], "127.0.0.1/40001 ; content : gOOd");
    capture.datagram([server, 40_001], "200, UDP Packet Sent Successfully");
    says(
        &capture.explained(),
        &[
            "`('127.0.0.9', 40001)`: the packet goes to 127.0.0.1:40001: the answer is wrong, or something between translates",
            "Nothing is wrong with what was said here by itself; what goes wrong between several clients stands below all flows.",
            "passed on in packet 6 (udp:1), but changed, as `gOOd`",
        ],
    );
    let mut capture = Capture::new();
    let mut flows: Vec<_> = (0..2).map(|member| capture.connect([40_000 + member, 43_389])).collect();
    for (member, name) in ["ann", "bob"].into_iter().enumerate() {
        capture.ask(&mut flows[member], name);
        capture.answer(&mut flows[member], format!("new user :{name} joined"));
    }
    capture.ask(&mut flows[0], "hello");
    capture.answer(&mut flows[0], ":ann:hello");
    let text = capture.explained();
    assert!(!text.contains("Nothing is wrong with what was said."), "{text}");
    assert_eq!(capture.json()[1]["lab"]["findings_with_others"], 1);
}

#[test]
fn a_port_of_another_protocol_has_its_fields() {
    let mut capture = Capture::new();
    let mut flow = capture.connect([40_000, 23]);
    // Terminal type: asked for, and told (RFC 1091); then something that is neither.
    capture.answer(&mut flow, [255, 250, 24, 1, 255, 240]);
    capture.ask(&mut flow, [255, 250, 24, 0, b'v', b't', 255, 240]);
    capture.answer(&mut flow, [255, 250, 24, 7, 255, 240]);
    let shown = ["telnet.subcmd", "telnet.string_subopt.value", "telnet.option_data"];
    assert_eq!(capture.fields(&[], &shown), ["24,1\t\t", "24,0\tvt\t", "24\t\t"]);
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
