use proptest::prelude::*;

use super::*;
use crate::decode::TransportProtocol::{Tcp, Udp};
use crate::flow::Direction::{OrigToResp as C, RespToOrig as S};
use crate::proto::{Analyzer, Ending, Input, Note, Step};
use crate::time::Timestamp;

fn stamp(number: u64, millis: i128) -> PacketStamp {
    PacketStamp { number, ts: Some(Timestamp::from_nanos(millis * 1_000_000)) }
}

/// What listening to these packets comes to: the analyzer, and the packets behind those that it took.
fn listen(
    transport: crate::decode::TransportProtocol,
    said: &[(Direction, &[u8])],
) -> Option<(LabAnalyzer, usize)> {
    listen_at(9_999, transport, said)
}

/// The same of a server at this port.
fn listen_at(
    port: u16,
    transport: crate::decode::TransportProtocol,
    said: &[(Direction, &[u8])],
) -> Option<(LabAnalyzer, usize)> {
    let mut ear = Ear::default();
    let flow = Ends { transport, ports: [50_000, port] };
    said.iter().enumerate().find_map(|(place, (from, bytes))| {
        let number = u64::try_from(place).unwrap() + 1;
        let at = stamp(number, i128::from(number));
        ear.hear(flow, *from, bytes, at).map(|analyzer| (analyzer, place))
    })
}

fn lab(transport: crate::decode::TransportProtocol, said: &[(Direction, &str)]) -> Option<Lab> {
    let said: Vec<_> = said.iter().map(|(from, text)| (*from, text.as_bytes())).collect();
    listen(transport, &said).map(|(analyzer, _)| analyzer.lab())
}

/// All messages of a flow: who, kind, fault.
fn messages(
    transport: crate::decode::TransportProtocol,
    said: &[(Direction, &[u8])],
) -> (Lab, Vec<LabMessage>) {
    messages_at(9_999, transport, said)
}

/// The same of a server at this port.
fn messages_at(
    port: u16,
    transport: crate::decode::TransportProtocol,
    said: &[(Direction, &[u8])],
) -> (Lab, Vec<LabMessage>) {
    let (mut analyzer, begun) = listen_at(port, transport, said).expect("a lab");
    let mut told = Vec::new();
    let mut last = None;
    let mut kept = [Vec::new(), Vec::new()];
    for (place, (from, bytes)) in said.iter().enumerate().skip(begun) {
        let number = u64::try_from(place).unwrap() + 1;
        let at = stamp(number, i128::from(number));
        let pending = &mut kept[usize::from(*from == S)];
        pending.extend_from_slice(bytes);
        let end = (transport == Udp).then_some(Ending::Datagram);
        take(&mut analyzer, *from, pending, at, end, &mut told, &mut last);
    }
    for from in [C, S] {
        let pending = &mut kept[usize::from(from == S)];
        let at = stamp(999, 999);
        if transport == Tcp {
            take(&mut analyzer, from, pending, at, Some(Ending::Fin), &mut told, &mut last);
        }
    }
    (last.unwrap(), told)
}

fn take(
    analyzer: &mut LabAnalyzer,
    from: Direction,
    pending: &mut Vec<u8>,
    at: PacketStamp,
    end: Option<Ending>,
    told: &mut Vec<LabMessage>,
    lab: &mut Option<Lab>,
) {
    let mut idle = 0;
    while (!pending.is_empty() || end.is_some_and(|end| end == Ending::Fin)) && idle < 4 {
        let input = Input { from, bytes: pending, first: at, packet: at, end };
        match analyzer.next(&input) {
            Step::Message { len, note: Note::Lab(note), .. } => {
                *lab = Some(note.lab);
                if !note.earlier.is_empty() {
                    told.clear();
                    told.extend(note.earlier.iter().cloned());
                }
                idle = if len == 0 { idle + 1 } else { 0 };
                let bytes: Vec<u8> = pending.drain(..len).collect();
                told.push(LabMessage {
                    at,
                    from,
                    text: trimmed(&bytes).into(),
                    len: 0,
                    said: note.said.clone(),
                });
            }
            Step::More(need) => {
                assert!(need > pending.len());
                return;
            }
            _ => {
                pending.clear();
                return;
            }
        }
    }
}

fn faults(told: &[LabMessage]) -> Vec<(u64, String)> {
    let faulty =
        told.iter().filter_map(|message| Some((message.at.number, message.said.fault.as_ref()?.to_string())));
    faulty.collect()
}

fn kinds(told: &[LabMessage]) -> Vec<&'static str> {
    told.iter().map(|message| message.said.says.kind()).collect()
}

const HELLO: &str = "Hello! How can I help you today?";

#[test]
fn each_lab_is_told_by_what_both_sides_say() {
    let joke = phrases::JOKE;
    assert_eq!(lab(Udp, &[(C, joke)]), Some(Lab::Greeting));
    assert_eq!(lab(Udp, &[(C, "SEND_TIME\r\n")]), Some(Lab::Datetime));
    assert_eq!(lab(Tcp, &[(C, "Knock knock..")]), Some(Lab::Knock));
    assert_eq!(lab(Tcp, &[(C, "Ann"), (C, "12 + 42"), (S, "54.0")]), Some(Lab::Calculator));
    assert_eq!(lab(Tcp, &[(C, "Ann"), (S, "new user :Ann joined")]), Some(Lab::Chat));
    assert_eq!(lab(Tcp, &[(C, "Ann"), (C, "hi"), (S, ":Ann:hi")]), Some(Lab::Chat));
    assert_eq!(lab(Tcp, &[(C, "Hey"), (S, "HEY")]), Some(Lab::UppercaseTcp));
    assert_eq!(lab(Udp, &[(C, "grüße"), (S, "GRÜSSE")]), Some(Lab::UppercaseUdp));
    assert_eq!(lab(Tcp, &[(C, "Hey"), (S, HELLO)]), Some(Lab::ChatbotTcp));
    assert_eq!(lab(Udp, &[(C, "Hey"), (S, HELLO)]), Some(Lab::ChatbotUdp));
    assert_eq!(lab(Udp, &[(C, "C1024"), (S, "Buffer Size Calibrated at Server.")]), Some(Lab::UdpPing));
    assert_eq!(lab(Udp, &[(C, "Hello Server"), (S, "Packet Acknowledged")]), Some(Lab::UdpPing));
    assert_eq!(lab(Tcp, &[(C, "SECRET_KEY"), (S, "AUTH_SUCCESS\0\u{1}")]), Some(Lab::FileTransfer));
    assert_eq!(lab(Tcp, &[(C, "guess"), (S, "AUTH_ERROR")]), Some(Lab::FileTransfer));
    assert_eq!(lab(Udp, &[(C, "HII "), (S, "('::1', 44784, 0, 0)")]), Some(Lab::Relay));
    assert_eq!(lab(Udp, &[(C, "to: ::1 / 5000 ; content : x")]), Some(Lab::Relay));
    assert_eq!(lab(Tcp, &[(C, "Hii Server"), (S, "Acknowledgement")]), Some(Lab::DualStack));
}

#[test]
fn what_labs_share_decides_nothing() {
    for (transport, said) in [
        (Tcp, &[(C, "Hey")][..]),
        (Tcp, &[(C, "SECRET_KEY")]),
        (Tcp, &[(C, "Hey"), (S, "Hey")]),
        (Tcp, &[(C, "HEY"), (S, "HEY")]),
        (Tcp, &[(C, "Ann"), (C, "12 + 42")]),
        (Tcp, &[(C, "12 + 42"), (S, "55")]),
        (Tcp, &[(C, "Ann"), (S, ":Bob:hi")]),
        (Tcp, &[(C, "NICK a\r\n"), (S, ":irc.example 001 a :Welcome\r\n")]),
        (Tcp, &[(S, HELLO)]),
        (Tcp, &[(S, "AUTH_SUCCESS")]),
        (Udp, &[(C, "hii"), (S, "hii")]),
        (Udp, &[(C, "Hello Server"), (C, "Hello Server")]),
        (Udp, &[(C, "ping"), (S, "PONG")]),
        (Udp, &[(C, "a"), (S, "A")]),
        (Udp, &[(C, "\u{0}binary"), (S, "Packet Acknowledged")]),
        (Udp, &[(S, "Packet Acknowledgedly 5")]),
    ] {
        assert_eq!(lab(transport, said), None, "{said:?}");
    }
    assert!(could_be(Tcp, b"Hey").contains(&Lab::ChatbotTcp));
    assert!(could_be(Tcp, b"Hey").contains(&Lab::Calculator));
    assert!(could_be(Udp, b"Hello Server").contains(&Lab::UdpPing));
    assert!(could_be(Tcp, b"anything").is_empty());
}

#[test]
fn words_of_another_lab_may_be_sentences() {
    let (lab, told) =
        messages(Udp, &[(C, phrases::JOKE.as_bytes()), (S, phrases::JOKE.to_uppercase().as_bytes())]);
    assert_eq!((lab, kinds(&told)), (Lab::UppercaseUdp, vec!["sentence", "capitals"]));
    assert_eq!(faults(&told), []);
    let (lab, told) = messages(Tcp, &[(C, b"Knock knock.."), (S, b"KNOCK KNOCK..")]);
    assert_eq!((lab, kinds(&told)), (Lab::UppercaseTcp, vec!["sentence", "capitals"]));
    let (lab, _) = messages(Tcp, &[(C, b"Knock knock.."), (S, b"Who's there?")]);
    assert_eq!(lab, Lab::Knock);
}

#[test]
fn sums_are_worked_out() {
    let said: &[(Direction, &[u8])] = &[
        (C, b"Ann\n"),
        (C, b"12 + 42"),
        (S, b"54.0"),
        (C, b"3.24 - 45"),
        (S, b"-41.7"),
        (S, b"6"),
        (C, b"1 + 1"),
        (S, b"3.0"),
        (C, b"1 / 0"),
        (S, b"Error: division by zero"),
        (C, b"1 / 0"),
        (S, b"inf"),
        (C, b"0.1 + 0.2"),
        (S, b"0.3"),
        (C, b"2 * 3"),
        (S, b"6"),
        (C, b"two plus two"),
        (S, b"?"),
        (C, b"q"),
        (S, b"Session ended"),
        (S, b"7.0"),
    ];
    let (lab, told) = messages(Tcp, said);
    assert_eq!(lab, Lab::Calculator);
    assert_eq!(told.first().map(|message| message.said.says.clone()), Some(Says::Name("Ann".into())));
    let wrong = faults(&told);
    let expected = [
        (5, "right would be -41.76"),
        (8, "right would be 2.0"),
        (12, "right would be an error: division by zero"),
        (14, "right would be 0.30000000000000004"),
        (17, "no request of this lab"),
        (21, "nothing asked for it"),
    ];
    assert_eq!(wrong, expected.map(|(packet, words)| (packet, words.to_owned())));
    // A split answer is right once it is whole.
    let split = told.iter().find(|message| message.at.number == 6).unwrap();
    assert!(
        matches!(&split.said.says, Says::Result { given, marked: Mark::Right, .. } if &**given == "-41.76")
    );
}

#[test]
fn several_answers_in_a_segment_are_parted() {
    let said: &[(Direction, &[u8])] =
        &[(C, b"Ann"), (C, b"1 + 1"), (S, b"2.0"), (C, b"2 + 2"), (C, b"3 + 3"), (S, b"4.06.0")];
    let (_, told) = messages(Tcp, said);
    assert_eq!(faults(&told), []);
    assert_eq!(told.iter().filter(|message| message.said.says.kind() == "result").count(), 3);
}

#[test]
fn what_a_client_says_at_once_is_parted_as_the_server_parts_it() {
    for (said, expected) in [
        // Each as one segment, with the answers as our server gives them.
        (
            &[(C, &b"Ann\n1 + 1"[..]), (S, b"2.0"), (C, b"3 * 4\r\n\r\n5 - 6\n"), (S, b"12.0"), (S, b"-1.0")]
                [..],
            &["name", "sum", "result", "sum", "sum", "result", "result"][..],
        ),
        (
            &[(C, b"Ann\r\n1 + 1\r\n2 + 2\r\nq"), (S, b"2.04.0")],
            &["name", "sum", "sum", "farewell", "result", "result"],
        ),
        (&[(C, b"Ann12 + 42"), (S, b"54.0")], &["name", "sum", "result"]),
        (&[(C, b"Ann -1.5 * 2"), (S, b"-3.0")], &["name", "sum", "result"]),
        (
            &[(C, b"Ann"), (C, b"1 + 1"), (S, b"2.0"), (C, b"1 + 2q"), (S, b"3.0"), (S, b"Session ended")],
            &["name", "sum", "result", "sum", "farewell", "result", "farewell"],
        ),
        (&[(C, b"1 + 1\n2 + 2"), (S, b"2.0"), (S, b"4.0")], &["sum", "sum", "result", "result"]),
    ] {
        let (lab, told) = messages(Tcp, said);
        assert_eq!(
            (lab, kinds(&told).as_slice(), faults(&told)),
            (Lab::Calculator, expected, vec![]),
            "{said:?}"
        );
    }
    let (_, told) = messages(Tcp, &[(C, b"Ann\n1 + 1\n2 + 2"), (S, b"2.0"), (S, b"5.0")]);
    assert_eq!(faults(&told), [(3, "right would be 4.0".to_owned())]);
    assert_eq!(lab(Tcp, &[(C, "Ann\nBob"), (S, "2.0")]), None);

    let (lab, told) = messages(
        Tcp,
        &[(C, b"ann\nhello"), (S, b"new user :ann joined:ann:hello"), (C, b"a\nb"), (S, b":ann:a\nb")],
    );
    assert_eq!((lab, kinds(&told)), (Lab::Chat, vec!["name", "typed", "joined", "line", "typed", "line"]));
    assert_eq!(faults(&told), []);
    let typed = told.iter().rev().find_map(|message| match &message.said.says {
        Says::Typed(line) => Some(&**line),
        _ => None,
    });
    assert_eq!(typed, Some("a\nb"), "our server passes it on as one");
}

#[test]
fn set_words_are_parted_and_put_together() {
    let said: &[(Direction, &[u8])] = &[
        (C, b"Hii ServerHii Server"),
        (S, b"Acknowl"),
        (S, b"edgementAcknowledgement"),
        (C, b"Hii Ser"),
        (C, b"ver"),
        (S, b"Acknowledgement"),
        (C, b"exit"),
    ];
    let (lab, told) = messages(Tcp, said);
    assert_eq!(lab, Lab::DualStack);
    assert_eq!(faults(&told), []);
    assert_eq!(told.iter().filter(|message| message.said.says == Says::Answer).count(), 3);
    assert_eq!(told.last().map(|message| message.said.says.clone()), Some(Says::Farewell));
}

#[test]
fn a_bot_says_what_it_should() {
    let said: &[(Direction, &[u8])] = &[
        (C, b"Hey"),
        (S, HELLO.as_bytes()),
        (C, b"How old are you?"),
        (S, b"It's nice to meet you!"),
        (C, b"What's your name?Goodbye"),
        (S, b"It's nice to meet you!Goodbye! Talk soon!"),
    ];
    for transport in [Tcp, Udp] {
        let said = if transport == Tcp { said } else { &said[..4] };
        let (_, told) = messages(transport, said);
        assert_eq!(faults(&told), [(4, "right would be Sorry, I don't understand.".to_owned())]);
    }
}

#[test]
fn capitals_are_unicodes() {
    let said: &[(Direction, &[u8])] = &[
        (C, "hey, Straße".as_bytes()),
        (S, b"HEY, STRASSE"),
        (C, "grüße".as_bytes()),
        (S, "GRüSSE".as_bytes()),
        (C, b"ab"),
        (C, b"cd"),
        (S, b"ABCD"),
        (S, b"MORE"),
    ];
    let (_, told) = messages(Tcp, said);
    let wrong = [(4, "right would be GRÜSSE".to_owned()), (8, "nothing asked for it".to_owned())];
    assert_eq!(faults(&told), wrong);
    // A lost datagram moves nothing.
    let said: &[(Direction, &[u8])] = &[(C, b"one"), (S, b"ONE"), (C, b"two"), (C, b"three"), (S, b"THREE")];
    let (_, told) = messages(Udp, said);
    assert_eq!(faults(&told), []);
}

#[test]
fn pings_are_paired_as_far_as_that_can_be_told() {
    let mut pings = LabAnalyzer::of(Lab::UdpPing, C);
    let mut tell = |from, text: &str, number: u64, millis: i128| -> Said {
        let at = stamp(number, millis);
        let end = Some(Ending::Datagram);
        match pings.next(&Input { from, bytes: text.as_bytes(), first: at, packet: at, end }) {
            Step::Message { note: Note::Lab(note), .. } => note.said.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(tell(C, "C2048", 1, 0).says, Says::Calibrate(Some(2048)));
    // It is one however large, and the server's answer was asked for.
    assert_eq!(tell(C, "C99999999999999999999", 1, 0).says, Says::Calibrate(None));
    assert_eq!(tell(S, "Buffer Size Calibrated at Server.", 2, 1).answers, Some(stamp(1, 0)));
    assert_eq!(tell(C, "Hello Server", 3, 10).says, Says::Ping(None, 0));
    let said = tell(S, "Packet Acknowledged", 4, 20);
    assert_eq!((said.says, said.answers), (Says::Pong(None, Pairing::Only), Some(stamp(3, 10))));
    // One is lost; the next is told by how long the lab's server takes.
    tell(C, "Hello Server", 5, 1000);
    tell(C, "Hello Server", 6, 2500);
    let said = tell(S, "Packet Acknowledged", 7, 2600);
    assert_eq!((said.says, said.answers), (Says::Pong(None, Pairing::Delay), Some(stamp(6, 2500))));
    // Equal pings at a short interval cannot be told apart.
    tell(C, "Hello Server", 8, 10_000);
    tell(C, "Hello Server", 9, 10_010);
    let said = tell(S, "Packet Acknowledged", 10, 10_020);
    let among = Pairing::Ambiguous(2, stamp(8, 10_000), stamp(9, 10_010));
    assert_eq!((said.says, said.answers), (Says::Pong(None, among), None));
    // Numbers tell, however late.
    tell(C, "Hello Server 7", 11, 20_000);
    tell(C, "Hello Server 8", 12, 20_100);
    let said = tell(S, "Packet Acknowledged 7", 13, 29_000);
    assert_eq!((said.says, said.answers), (Says::Pong(Some(7), Pairing::Number), Some(stamp(11, 20_000))));
    let copy = tell(S, "Packet Acknowledged 7", 14, 29_001);
    assert_eq!((copy.fault, copy.again), (None, Some(stamp(13, 29_000))));
    assert_eq!(tell(S, "Packet Acknowledged 9", 14, 29_001).fault, Some(Fault::UnaskedHere));
    assert_eq!(tell(C, "exit", 15, 30_000).says, Says::Farewell);
    assert_eq!(tell(S, "Stopping the Server.", 16, 30_001).answers, Some(stamp(15, 30_000)));
}

#[test]
fn a_file_is_hashed_behind_the_word() {
    let said: &[(Direction, &[u8])] =
        &[(C, b"SECRET"), (C, b"_KEY"), (S, b"AUTH_SUC"), (S, b"CESSab"), (S, b"c\n\0")];
    let (_, told) = messages(Tcp, said);
    let Some(Says::FileEnd(end)) = told.last().map(|message| message.said.says.clone()) else {
        panic!("{told:?}")
    };
    assert_eq!((end.bytes, end.missing, end.is_closed), (5, 0, true));
    let right = ring::digest::digest(&ring::digest::SHA256, b"abc\n\0");
    assert_eq!(&end.sha256, right.as_ref());
    let (_, told) = messages(Tcp, &[(C, b"guess"), (S, b"AUTH_ERROR")]);
    assert_eq!(faults(&told), []);
    let (_, told) = messages(Tcp, &[(C, b"guess"), (S, b"AUTH_SUCCESS"), (S, b"x")]);
    assert_eq!(faults(&told).len(), 1);
}

#[test]
fn relays_answer_by_the_rules() {
    let codes = |text: &str| -> Vec<u16> { read_order(text).right.iter().map(Code::number).collect() };
    assert_eq!(codes("To : 127.0.0.1/5000;CONTENT:hi"), [200, 405]);
    assert_eq!(codes("nothing"), [400]);
    assert_eq!(codes("to 127.0.0.1 / 5 ; content : x"), [401]);
    assert_eq!(codes("to: 127.0.0.1 / 5 ; content x"), [401]);
    assert_eq!(codes("from: 127.0.0.1 / 5 ; content : x"), [402]);
    for port in ["x", "0", "65536", "-1", ""] {
        assert_eq!(codes(&format!("to: 127.0.0.1 / {port} ; content : x")), [403], "{port}");
    }
    assert_eq!(codes("to: 127.0.0.1 / 5 ; contents : x"), [404]);
    assert_eq!(codes("from: 127.0.0.1 / x ; contents : x"), [402, 403, 404]);
    let said: &[(Direction, &[u8])] = &[
        (C, b"hii"),
        (S, b"('127.0.0.1', 40000)"),
        (C, b"nothing"),
        (S, b"402"),
        (C, b"to: 127.0.0.1 / 9 ; content : a;b:c"),
        (S, b"200, UDP Packet Sent Successfully"),
        (S, b"127.0.0.1/9 ; content : back"),
    ];
    let (_, told) = messages(Udp, said);
    assert_eq!(faults(&told), [(4, "right would be 400".to_owned())]);
    let order = read_order("to: 127.0.0.1 / 9 ; content : a;b:c").order.unwrap();
    assert_eq!((order.port, &*order.content), (9, "a;b:c"));
}

#[test]
fn rooms_are_read_whatever_runs_together() {
    let said: &[(Direction, &[u8])] = &[
        (C, b"ann"),
        (S, b"this name is taken"),
        (C, b"ann2"),
        (S, b"new user :ann2 joinednew user :bob joined"),
        (C, b"hi"),
        (S, b":ann2:hi:bob:yo: there"),
        (S, b"user :bob le"),
        (S, b"ft"),
        (S, "\u{fffd}".as_bytes()),
    ];
    let (_, told) = messages(Tcp, said);
    let says: Vec<Says> = told.iter().map(|message| message.said.says.clone()).collect();
    let name = |name: &str| -> Box<str> { name.into() };
    assert_eq!(
        says,
        [
            Says::Name(name("ann")),
            Says::Other,
            Says::Name(name("ann2")),
            Says::Joined(name("ann2")),
            Says::Joined(name("bob")),
            Says::Typed(name("hi")),
            Says::Line(name("ann2"), name("hi")),
            Says::Line(name("bob"), name("yo: there")),
            Says::Left(name("bob")),
            Says::Other,
        ]
    );
}

#[test]
fn dates_and_times_are_what_was_asked_for() {
    let said: &[(Direction, &[u8])] = &[
        (C, b"SEND_DATE"),
        (S, b"21/11/26"),
        (C, b"SEND_TIME"),
        (S, b"21/11/26"),
        (C, b"SEND_YEAR"),
        (S, b"unknown request"),
        (C, b"SEND_DATE"),
        (S, b"31/02/26"),
        (C, b"SEND_DATE"),
        (S, b"SEND_DATE"),
    ];
    let (_, told) = messages(Udp, said);
    let packets: Vec<u64> = faults(&told).into_iter().map(|(packet, _)| packet).collect();
    assert_eq!(packets, [4, 5, 8, 10]);
}

#[test]
fn a_flood_is_bounded() {
    let end = Some(Ending::Datagram);
    for lab in Lab::ALL {
        let mut analyzer = LabAnalyzer::of(lab, C);
        for number in 0..20_000 {
            let at = stamp(number, i128::from(number));
            let text = format!("new user :{number}{} joined", "x".repeat(100));
            let from = if number % 3 == 0 { S } else { C };
            let _ = analyzer.next(&Input { from, bytes: text.as_bytes(), first: at, packet: at, end });
        }
        assert!(analyzer.held() < 1 << 20, "{lab}: {}", analyzer.held());
    }
    let mut ear = Ear::default();
    for number in 0..10_000 {
        let _ = ear.hear(Ends { transport: Udp, ports: [1, 2] }, C, &[b'x'; 500], stamp(number, 0));
        assert!(ear.held() < 32 << 10);
    }
}

proptest! {
    /// Whatever is said, however it is cut: no step takes more than there is or asks for what is there.
    #[test]
    fn no_bytes_confuse_an_analyzer(
        which in 0..13_usize,
        said in prop::collection::vec((any::<bool>(), prop_oneof![
            prop::collection::vec(any::<u8>(), 1..60),
            "[:a-c ]{1,12}".prop_map(String::into_bytes),
            prop::sample::select(vec!["Hii Server", "Acknow", "AUTH_SUCCESS", "new user :a joined", ":a:b", "1 + 1", "2.0", "Hey",
                "user :", "C1", "Packet Acknowledged 3", "to: ::1 / 9 ; content : x"]).prop_map(|text| text.as_bytes().to_vec()),
        ]), 1..40),
        datagrams in any::<bool>(),
    ) {
        let mut analyzer = LabAnalyzer::of(Lab::ALL[which], C);
        let mut kept = [Vec::new(), Vec::new()];
        for (number, (by_client, bytes)) in (1..).zip(&said) {
            let from = if *by_client { C } else { S };
            let pending = &mut kept[usize::from(*by_client)];
            pending.extend_from_slice(bytes);
            let end = datagrams.then_some(Ending::Datagram);
            let at = stamp(number, i128::from(number));
            while !pending.is_empty() {
                match analyzer.next(&Input { from, bytes: pending, first: at, packet: at, end }) {
                    Step::Message { len, .. } => {
                        prop_assert!(len > 0 && len <= pending.len());
                        pending.drain(..len);
                    }
                    Step::More(need) => {
                        prop_assert!(need > pending.len() && !datagrams);
                        break;
                    }
                    Step::Lost => pending.clear(),
                    other => prop_assert!(false, "{other:?}"),
                }
            }
        }
        prop_assert!(analyzer.held() < 1 << 20);
    }
}

#[test]
fn wrong_capitals_are_known_at_the_courses_port() {
    for transport in [Udp, Tcp] {
        for (asked, answer, right) in [
            // `.capitalize()`, `.lower()`, `.title()`, an echo, something else.
            ("hello world", "Hello world", "HELLO WORLD"),
            ("Hello", "hello", "HELLO"),
            ("hey, I am khushei", "Hey, I Am Khushei", "HEY, I AM KHUSHEI"),
            ("echo this", "echo this", "ECHO THIS"),
            ("stra\u{df}e", "STRA\u{df}E!", "STRASSE"),
            ("hello world", "dlrow olleh", "HELLO WORLD"),
        ] {
            let said = [(C, asked.as_bytes()), (S, answer.as_bytes())];
            let (lab, told) = messages_at(12_000, transport, &said);
            assert_eq!(lab, if transport == Tcp { Lab::UppercaseTcp } else { Lab::UppercaseUdp }, "{asked}");
            assert_eq!(faults(&told), [(2, format!("right would be {right}"))], "{asked}");
            assert!(listen_at(12_001, transport, &said).is_none(), "{asked}: at another port it is nobody's");
        }
        let right = [(C, "HELLO".as_bytes()), (S, "HELLO".as_bytes())];
        assert_eq!(faults(&messages_at(12_000, transport, &right).1), []);
    }
}

#[test]
fn what_is_no_sentence_is_none_at_the_courses_port_either() {
    for transport in [Udp, Tcp] {
        for said in [
            &[(C, "12 + 42"), (S, "55")][..],
            &[(C, "hello\nworld"), (S, "hi")],
            &[(C, "hello"), (S, "one\ntwo")],
            &[(C, "USER ann\r\n"), (S, "331 Password")],
            &[(S, "220 ready"), (C, "hello"), (S, "250 Hello")],
            // Words of other labs, wrongly answered.
            &[(C, "Hey"), (S, "Hi")],
            &[(C, "hello there")],
        ] {
            let said: Vec<_> = said.iter().map(|(from, text)| (*from, text.as_bytes())).collect();
            assert!(listen_at(12_000, transport, &said).is_none(), "{transport:?} {said:?}");
        }
    }
    // The client's own port tells nothing, nor does a name before a request.
    let mut ear = Ear::default();
    let flow = Ends { transport: Udp, ports: [12_000, 9_999] };
    assert!(ear.hear(flow, C, b"hello", stamp(1, 0)).is_none());
    assert!(ear.hear(flow, S, b"Hello", stamp(2, 0)).is_none());
    let named: &[(Direction, &[u8])] = &[(C, b"ann"), (C, b"12 + x"), (S, b"That is no sum.")];
    assert!(listen_at(12_000, Tcp, named).is_none());
}

#[test]
fn a_name_with_control_characters_is_a_name_all_the_same() {
    let said: &[(Direction, &[u8])] =
        &[(C, b"a\x1b[2Jnn"), (S, b"new user :a\x1b[2Jnn joined"), (C, b"hi"), (S, b":a\x1b[2Jnn:hi")];
    let (lab, told) = messages(Tcp, said);
    assert_eq!(lab, Lab::Chat);
    let kinds: Vec<&str> = told.iter().map(|message| message.said.says.kind()).collect();
    assert_eq!(kinds, ["name", "joined", "typed", "line"]);
    assert_eq!(told[0].said.says, Says::Name("a\u{1b}[2Jnn".into()));
    // The member of whom the others are told has an ordinary name.
    let other: &[(Direction, &[u8])] = &[(C, b"bob"), (S, b"new user :a\x07nn joined")];
    assert_eq!(messages(Tcp, other).0, Lab::Chat);
    // No other lab has such names, and none is heard in other bytes.
    for said in [
        &[(C, &b"a\x07nn"[..]), (C, b"1 + 1"), (S, b"2.0")][..],
        &[(C, b"a\x07nn"), (S, b"A\x07NN")],
        &[(C, b"a\x07nn"), (S, b"AUTH_ERROR")],
        &[(C, b"\x01\x02\x03n"), (S, b"new user :n joined")],
    ] {
        assert!(listen(Tcp, said).is_none(), "{said:?}");
    }
}
