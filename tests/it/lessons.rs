//! The checks of a scene: they hold of its recording and of what was told when it was made, and of nothing else.

use std::fs;
use std::time::Duration;

use wirelab::flow::{PacketStamp, PayloadWanted};
use wirelab::lab::scene::{self, Line, SCENES, Scene, What};
use wirelab::lab::{Fault, Misdeed, Note, PingFate};
use wirelab::lesson::{Check, Evidence, Segments, checks};
use wirelab::pipeline::Pipeline;
use wirelab::report::http::Exchanges;
use wirelab::report::mail::Sessions;
use wirelab::source::{CapturedPacket, Next, PacketSource, Savefile};

use crate::program::captures_folder;

/// A packet's bytes, and its place in time.
#[derive(Clone)]
struct Packet {
    ts: Option<wirelab::time::Timestamp>,
    link: wirelab::source::LinkType,
    data: Vec<u8>,
}

impl Packet {
    fn len(&self) -> u32 {
        u32::try_from(self.data.len()).unwrap()
    }
}

/// A scene's recording and log.
#[derive(Clone)]
struct Case {
    scene: &'static Scene,
    packets: Vec<Packet>,
    log: Vec<Line>,
}

impl Case {
    fn of(scene: &'static Scene) -> Self {
        let mut source = Savefile::open(&captures_folder().join(format!("{}.pcapng", scene.name))).unwrap();
        let mut packets = Vec::new();
        loop {
            match source.next_packet().unwrap() {
                Next::Packet(packet, _) => {
                    packets.push(Packet { ts: packet.ts, link: packet.link, data: packet.data.to_vec() });
                }
                Next::Tick => {}
                Next::End => break,
            }
        }
        let log = fs::read_to_string(captures_folder().join(format!("logs/{}.jsonl", scene.name))).unwrap();
        let log = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Self { scene, packets, log }
    }

    fn named(name: &str) -> Self {
        Self::of(scene::find(name).unwrap())
    }

    fn checks(&self) -> Vec<Check> {
        let mut pipeline = Pipeline::new(Some(PayloadWanted::for_story(1 << 20)));
        let (mut exchanges, mut sessions) = (Exchanges::new(), Sessions::new());
        let mut segments = Segments::default();
        for (number, packet) in (1..).zip(&self.packets) {
            let step = pipeline.step(&CapturedPacket {
                number,
                ts: packet.ts,
                wire_len: packet.len(),
                interface: 0,
                link: packet.link,
                data: &packet.data,
            });
            segments.take(PacketStamp { number, ts: packet.ts }, &step.decoded, step.verdicts);
            exchanges.packet(&step.decoded, step.messages, true, &mut |_| {});
            sessions.packet(&step.decoded, step.messages, true, &mut |_| {});
        }
        pipeline.finish_with(&mut |messages| {
            exchanges.unfinished(messages, &mut |_| {});
            sessions.unfinished(messages, &mut |_| {});
        });
        let exchanges = exchanges.finish(pipeline.flows(), |_, _| true);
        let mails = sessions.finish(pipeline.flows(), |_, _| true);
        let flows = pipeline.told(|_, _| true);
        let evidence = Evidence {
            flows: &flows,
            labs: pipeline.labs(),
            exchanges: &exchanges,
            mails: &mails,
            segments: &segments,
        };
        checks(self.scene, &self.log, &evidence)
    }

    fn failed(&self) -> Vec<String> {
        self.checks().into_iter().filter(|check| !check.holds).map(|check| check.text).collect()
    }

    /// Some check does not hold any more.
    #[track_caller]
    fn must_fail(&self, what: &str) {
        assert!(!self.failed().is_empty(), "{}: {what}, and every check holds", self.scene.name);
    }

    /// Places of lines whose bytes the checks go by: those of the servers.
    fn said(&self) -> Vec<usize> {
        let servers: Vec<&str> = self
            .log
            .iter()
            .filter(|line| matches!(line.what, What::Listening { .. }))
            .map(|line| line.who.as_str())
            .collect();
        let is_said =
            |line: &Line| matches!(line.what, What::Sent { .. }) && servers.contains(&line.who.as_str());
        (0..self.log.len()).filter(|place| is_said(&self.log[*place])).collect()
    }
}

#[test]
fn the_checks_of_every_recording_hold() {
    for scene in SCENES {
        let case = Case::of(scene);
        assert_eq!(case.failed(), [""; 0], "{}", scene.name);
        let checks = case.checks();
        assert!(!checks.is_empty(), "{}", scene.name);
        for check in checks {
            let count = case.packets.len() as u64;
            assert!(check.packets.iter().all(|packet| (1..=count).contains(packet)), "{check:?}");
        }
    }
}

#[test]
fn a_log_that_says_something_else_is_noticed() {
    for scene in SCENES {
        let whole = Case::of(scene);
        for place in whole.said() {
            let mut changed = whole.clone();
            let What::Sent { bytes, .. } = &mut changed.log[place].what else { unreachable!("{place}") };
            let Some(last) = bytes.0.last_mut() else { continue };
            *last ^= 1;
            changed.must_fail(&format!("line {place} says something else"));
            let mut short = whole.clone();
            short.log.remove(place);
            short.must_fail(&format!("line {place} is not told"));
        }
    }
}

#[test]
fn a_capture_without_a_message_is_noticed() {
    for scene in SCENES {
        let whole = Case::of(scene);
        let mut decoder = wirelab::decode::Decoder::new();
        for place in 0..whole.packets.len() {
            let packet = &whole.packets[place];
            let decoded = decoder.decode(packet.link, &packet.data, packet.len());
            let transport = decoded.transports().iter().find(|transport| !transport.quoted);
            let layer = transport.map(|transport| &decoded.layers()[transport.layer]);
            if layer.is_none_or(|layer| decoded.payload(layer).is_empty()) {
                continue;
            }
            let mut lost = whole.clone();
            lost.packets.remove(place);
            lost.must_fail(&format!("packet {} is missing", place + 1));
            let mut changed = whole.clone();
            *changed.packets[place].data.last_mut().unwrap() ^= 1;
            // Of an error that quotes a datagram only the headers count, and of pages nobody tells the bytes.
            if !matches!(scene.name, "port-unreachable" | "wrong-port" | "web" | "proxy") {
                changed.must_fail(&format!("the last byte of packet {} is another", place + 1));
            }
        }
    }
}

#[test]
fn a_capture_that_begins_late_or_ends_early_is_noticed() {
    for scene in SCENES {
        let whole = Case::of(scene);
        // Between two hosts the addresses are asked for first, which is no part of the talk.
        let mut decoder = wirelab::decode::Decoder::new();
        let is_said = |packet: &Packet| {
            !decoder.decode(packet.link, &packet.data, packet.len()).transports().is_empty()
        };
        let first = whole.packets.iter().position(is_said).unwrap();
        let mut late = whole.clone();
        late.packets.remove(first);
        late.must_fail("the first packet is missing");
        let mut early = whole.clone();
        early.packets.pop();
        // Of a connection that nobody closes in good order, the end is no claim.
        if scene.name != "no-fin" {
            early.must_fail("the last packet is missing");
        }
    }
}

/// Without the notes that `test` takes, a check fails.
#[track_caller]
fn without_notes(name: &str, test: fn(&Note) -> bool) {
    let mut case = Case::named(name);
    let before = case.log.len();
    case.log.retain(|line| !matches!(&line.what, What::Noted { note, .. } if test(note)));
    assert!(case.log.len() < before, "{name}: no such note");
    case.must_fail("notes are missing");
}

#[test]
fn what_no_packet_shows_is_compared_too() {
    without_notes("udp-ping", |note| matches!(note, Note::Dropped { .. }));
    without_notes("udp-ping", |note| matches!(note, Note::Ping(_)));
    without_notes("proxy", |note| matches!(note, Note::Fetched { .. }));
    without_notes("proxy", |note| matches!(note, Note::Cached { .. }));
    without_notes("file-transfer", |note| matches!(note, Note::File { .. }));
    without_notes("mail", |note| matches!(note, Note::Mail { .. }));

    let mut other = Case::named("file-transfer");
    for line in &mut other.log {
        if let What::Noted { note: Note::File { sha256, .. }, .. } = &mut line.what {
            sha256.replace_range(..1, "x");
        }
    }
    other.must_fail("the hash is another");
}

#[test]
fn what_was_told_as_said_and_taken_back_is_not_looked_for() {
    for name in ["knock", "uppercase-udp"] {
        let mut case = Case::named(name);
        let said = |line: &Line| line.who == "client" && matches!(line.what, What::Sent { .. });
        let place = case.log.iter().rposition(said).unwrap();
        let again = case.log[place].clone();
        let What::Sent { peer, .. } = again.what else { panic!("{again:?}") };
        let back = Line { what: What::NotSent { peer }, ..again.clone() };
        case.log.insert(place + 1, again);
        assert!(
            case.checks().iter().any(|check| !check.holds),
            "{name}: said twice, and once in the capture"
        );
        case.log.insert(place + 2, back);
        assert!(case.checks().iter().all(|check| check.holds), "{name}");
    }
}

#[test]
fn a_scene_that_failed_is_not_passed_over() {
    let mut case = Case::named("knock");
    let what = What::Failed { text: "it broke".to_owned(), expected: false };
    case.log.push(Line { who: "client".to_owned(), aside: false, what });
    assert_eq!(case.failed(), ["client: it broke"]);
}

#[test]
fn a_check_that_fails_says_what_is_there() {
    let is_mail: fn(&Note) -> bool = |note| matches!(note, Note::Mail { .. });
    type IsOf = fn(&Note) -> bool;
    let cases: [(&str, IsOf, &str); 4] = [
        ("mail", is_mail, "The agents say that they took no mail, the capture shows "),
        (
            "proxy",
            |note| matches!(note, Note::Fetched { .. }),
            "asked the origin 0 times, the capture shows ",
        ),
        ("proxy", |note| matches!(note, Note::Cached { .. }), "its cache answered no request, the capture "),
        (
            "udp-ping",
            |note| matches!(note, Note::Ping(_)),
            "The client says that it sent no ping, the capture",
        ),
    ];
    for (name, test, words) in cases {
        let mut case = Case::named(name);
        case.log.retain(|line| !matches!(&line.what, What::Noted { note, .. } if test(note)));
        let failed = case.failed();
        assert!(failed.iter().any(|text| text.contains(words)), "{name}: {failed:?}");
    }
}

/// The recording of `udp-ping`, and what its client says of ping `number` in the end.
fn pinged(number: u64, fate: PingFate) -> Case {
    let mut case = Case::named("udp-ping");
    let told = case.log.iter_mut().rev().find_map(|line| match &mut line.what {
        What::Noted { note: Note::Ping(ping), .. } if ping.number == number => Some(ping),
        _ => None,
    });
    told.unwrap().fate = fate;
    case
}

#[test]
fn what_a_client_says_of_a_ping_is_held_against_log_and_capture() {
    let answered = |micros, late| PingFate::Answered { rtt: Duration::from_micros(micros), bytes: 21, late };
    // Ping 1 is answered in time in the recording, after 1.6 ms of 50.
    for (fate, is_wrong) in [
        (PingFate::Lost, true),
        // No sooner than the server sent it, and late only where the next one was due.
        (answered(10, false), true),
        (answered(1_600, true), true),
        (answered(60_000, false), true),
        (answered(1_600, false), false),
        // A busy client may come to it later.
        (answered(60_000, true), false),
        (PingFate::UnderWay, false),
    ] {
        let failed = pinged(1, fate).failed();
        let by_log = failed.iter().any(|text| text.ends_with("the server's log tells otherwise of ping 1"));
        assert_eq!((by_log, failed.is_empty()), (is_wrong, !is_wrong), "{fate:?}: {failed:?}");
    }
    let both = "The client's clock and the capture contradict each other on ping 1";
    assert!(pinged(1, PingFate::Lost).failed().contains(&both.to_owned()));
    let texts: Vec<String> =
        pinged(1, PingFate::UnderWay).checks().into_iter().map(|check| check.text).collect();
    let under_way = "; 1 more was still under way when it was stopped";
    assert!(texts.iter().any(|text| text.ends_with(under_way)), "{texts:?}");
    let texts: Vec<String> =
        pinged(1, answered(60_000, true)).checks().into_iter().map(|check| check.text).collect();
    let held_up = ", 1 answered in time and held up on this machine";
    assert!(texts.iter().any(|text| text.ends_with(held_up)), "{texts:?}");
}

#[test]
fn both_bots_are_to_be_known_for_what_they_are() {
    let case = Case::named("chatbots");
    let of_bots = |case: &Case| {
        let words =
            ["one flow is the lab chatbot-tcp and the other chatbot-udp", "1 message is not as it should be"];
        let found =
            case.checks().into_iter().find(|check| words.iter().any(|words| check.text.contains(words)));
        found.unwrap()
    };
    assert!(of_bots(&case).holds && of_bots(&case).packets.len() >= 12, "{:?}", of_bots(&case));
    let mut other = case.clone();
    let hello = b"Hello! How can I help you today?";
    let of_udp = other.packets.iter_mut().rev().find_map(|packet| {
        let at = packet.data.windows(hello.len()).position(|bytes| bytes == hello)?;
        Some((packet, at))
    });
    let (packet, at) = of_udp.unwrap();
    packet.data[at + 1] = b'u';
    assert!(!of_bots(&other).holds);
    // Without datagrams.
    let mut alone = case.clone();
    alone.log.retain(|line| !line.who.starts_with("udp"));
    let words = "The capture shows no talk over UDP, and not one";
    assert!(alone.failed().iter().any(|text| text == words), "{:?}", alone.failed());
}

#[test]
fn what_is_compared_by_its_length_is_not_said_to_be_equal() {
    for (name, is_whole) in [("knock", true), ("web", false), ("proxy", false)] {
        let checks = Case::named(name).checks();
        let has = |words: &str| checks.iter().any(|check| check.text.contains(words));
        assert_eq!(has("byte for byte"), is_whole, "{name}");
        assert_eq!(has("only the number is compared"), !is_whole, "{name}");
    }
}

/// A recording of one question and its answer, as if the server's line had done this to the answer.
fn on_a_line(name: &str, deeds: &[wirelab::lab::Deed]) -> Case {
    let mut case = Case::named(name);
    let said = case.log.iter().position(|line| line.aside && matches!(line.what, What::Sent { .. })).unwrap();
    let What::Sent { peer, bytes } = case.log[said].what.clone() else { unreachable!() };
    let mut told = vec![Note::Handed { number: 1, bytes }];
    told.extend(deeds.iter().map(|deed| Note::Impaired { number: 1, said: String::new(), deed: *deed }));
    let line = |note| {
        let what = What::Noted { peer: Some(peer), note };
        Line { who: "server".to_owned(), aside: true, what }
    };
    case.log.splice(said..said, told.into_iter().map(line));
    case
}

#[test]
fn what_a_line_did_to_datagrams_is_held_against_the_capture() {
    use wirelab::lab::Deed;
    for name in ["greeting", "uppercase-udp"] {
        assert_eq!(on_a_line(name, &[]).failed(), [""; 0], "{name}");
        for deed in [Deed::Lost, Deed::Repeated, Deed::Overflowed, Deed::Left] {
            on_a_line(name, &[deed]).must_fail(&format!("{deed:?} is not what the capture shows"));
        }
        // The answer of the recording comes within a millisecond.
        on_a_line(name, &[Deed::Held { by: Duration::from_millis(5) }]).must_fail("it was not held");
        assert_eq!(on_a_line(name, &[Deed::Held { by: Duration::from_nanos(1) }]).failed(), [""; 0]);

        let is_sent = |line: &Line| line.aside && matches!(line.what, What::Sent { .. });
        let mut twice = on_a_line(name, &[Deed::Repeated]);
        twice.packets.push(twice.packets[1].clone());
        let sent = twice.log.iter().position(is_sent).unwrap();
        twice.log.insert(sent, twice.log[sent].clone());
        assert_eq!(twice.failed(), [""; 0], "{name}: sent twice");
        let mut untold = twice.clone();
        untold.log.retain(|line| !matches!(line.what, What::Noted { note: Note::Impaired { .. }, .. }));
        untold.must_fail("sent twice, and the line's log says once");

        let mut lost = on_a_line(name, &[Deed::Lost]);
        lost.packets.truncate(1);
        lost.log.retain(|line| !is_sent(line) && !matches!(line.what, What::Received { .. } if !line.aside));
        assert_eq!(lost.failed(), [""; 0], "{name}: lost");
        lost.log.retain(|line| !matches!(line.what, What::Noted { note: Note::Impaired { .. }, .. }));
        lost.must_fail("lost, and the line's log does not say so");
    }
}

/// A case whose server says these things, too, before what it sends first.
fn with_misdeeds(mut case: Case, misdeeds: &[Misdeed]) -> Case {
    // A scene's own sockets tell everything for themselves; a lab's server is the other one.
    for line in case.log.iter_mut().filter(|line| line.who == "server") {
        line.aside = true;
    }
    let opened = case.log.iter().find_map(|line| match line.what {
        What::Opened { peer, .. } if line.aside => Some(peer),
        _ => None,
    });
    let sent = case.log.iter().position(|line| line.aside && matches!(line.what, What::Sent { .. })).unwrap();
    let lines = misdeeds.iter().map(|misdeed| {
        let peer = opened.filter(|_| !matches!(misdeed, Misdeed::Begins { .. }));
        let what = What::Noted { peer, note: Note::Misdeed(*misdeed) };
        Line { who: "server".to_owned(), aside: true, what }
    });
    case.log.splice(sent..sent, lines);
    case
}

/// The check of a fault.
#[track_caller]
fn of_fault(case: &Case, fault: Fault) -> Check {
    let checks = case.checks();
    let own = checks.iter().find(|check| check.text.starts_with(&format!("{fault}: ")));
    own.unwrap_or_else(|| panic!("{checks:?}")).clone()
}

const fn begins(fault: Fault, buffer: Option<u32>) -> Misdeed {
    Misdeed::Begins { fault, buffer }
}

#[test]
fn a_fault_that_the_log_tells_of_and_the_capture_lacks_is_noticed() {
    use std::time::Duration;
    let knock = |misdeeds: &[Misdeed]| with_misdeeds(Case::named("knock"), misdeeds);
    let kept = Misdeed::KeptOpen { by: Duration::from_secs(1) };
    for (fault, done) in [
        (Fault::NoFin, &[Misdeed::NotClosed { first: false }, kept][..]),
        (Fault::NoFin, &[Misdeed::NotClosed { first: true }, kept]),
        (Fault::NoFin, &[Misdeed::NotClosed { first: false }]),
        (Fault::Reset, &[Misdeed::CutOff { sent: 6, of: 12 }]),
    ] {
        let case = knock(&[&[begins(fault, None)], done].concat());
        let check = of_fault(&case, fault);
        assert!(!check.holds && !check.moot, "{done:?}: {check:?}");
        // The log says nothing of the sort.
        let check = of_fault(&knock(&[begins(fault, None)]), fault);
        assert!(check.moot && check.text.contains("nothing to be seen"), "{check:?}");
    }

    let check = of_fault(&knock(&[begins(Fault::TinyWindow, Some(2304))]), Fault::TinyWindow);
    assert!(!check.holds, "{check:?}");

    let mut split = knock(&[begins(Fault::SplitWrites, None), Misdeed::Split { bytes: 12, pieces: 2 }]);
    let is_sent = |line: &Line| line.aside && matches!(line.what, What::Sent { .. });
    let sent = split.log.iter().position(is_sent).unwrap();
    let mut half = split.log[sent].clone();
    if let (What::Sent { bytes: whole, .. }, What::Sent { bytes: half, .. }) =
        (&mut split.log[sent].what, &mut half.what)
    {
        half.0 = whole.0.split_off(6);
    }
    split.log.insert(sent + 1, half);
    let check = of_fault(&split, Fault::SplitWrites);
    assert!(!check.holds && check.text.contains("2 pieces, of which 0"), "{check:?}");
    assert_eq!(split.failed(), [check.text], "nothing else is wrong");
}

#[test]
fn what_went_out_before_a_reset_is_counted_in_the_capture() {
    // The server's FIN made a RST; its one reply has 12 bytes.
    let of_reply = |sent| {
        let cut = [begins(Fault::Reset, None), Misdeed::CutOff { sent, of: 24 }];
        let mut case = with_misdeeds(Case::named("knock"), &cut);
        let (ports, flags) = (14 + 20, 14 + 20 + 13);
        let is_fin =
            |packet: &&mut Packet| packet.data[flags] & 1 == 1 && packet.data[ports..][..2] == [0xa9, 0x7d];
        let fin = case.packets.iter_mut().find(is_fin).unwrap();
        fin.data[flags] = 0x14;
        of_fault(&case, Fault::Reset)
    };
    let check = of_reply(12);
    assert!(check.holds && check.text.starts_with("reset: 12 of 24 bytes of a reply are in"), "{check:?}");
    for sent in [6, 13] {
        let check = of_reply(sent);
        assert!(!check.holds && check.text.ends_with("the capture shows 12"), "{check:?}");
    }
}

#[test]
fn a_window_is_held_against_the_buffer_and_what_was_sent() {
    let slow = [begins(Fault::SlowReader, Some(4096))];
    let check = of_fault(&with_misdeeds(Case::named("zero-window"), &slow), Fault::SlowReader);
    assert!(check.holds && !check.moot && !check.packets.is_empty(), "{check:?}");
    assert!(check.text.contains("to 0; "), "{check:?}");
    let check = of_fault(&with_misdeeds(Case::named("knock"), &slow), Fault::SlowReader);
    assert!(check.moot && check.text.contains("only 13 bytes were sent"), "{check:?}");

    let tiny = [begins(Fault::TinyWindow, Some(1 << 20))];
    let check = of_fault(&with_misdeeds(Case::named("zero-window"), &tiny), Fault::TinyWindow);
    assert!(check.holds && check.text.contains("times it has no room at all"), "{check:?}");
    let tiny = [begins(Fault::TinyWindow, Some(1))];
    let check = of_fault(&with_misdeeds(Case::named("zero-window"), &tiny), Fault::TinyWindow);
    assert!(!check.holds && check.text.contains("its buffer has 1"), "{check:?}");
}

#[test]
fn a_fault_excuses_what_it_makes_impossible_and_nothing_else() {
    let cut = [begins(Fault::Reset, None), Misdeed::CutOff { sent: 12, of: 24 }];
    let mut case = with_misdeeds(Case::named("knock"), &cut);
    // Another text than the lab's, on both sides alike.
    let replace = |bytes: &mut Vec<u8>| {
        if let Some(at) = bytes.windows(12).position(|part| part == b"Who's there?") {
            bytes[at..at + 3].copy_from_slice(b"Why");
        }
    };
    case.packets.iter_mut().for_each(|packet| replace(&mut packet.data));
    for line in &mut case.log {
        if let What::Sent { bytes, .. } | What::Received { bytes, .. } = &mut line.what {
            replace(&mut bytes.0);
        }
    }
    let failed = case.failed();
    assert!(failed.len() == 1 && failed[0].starts_with("reset: "), "{failed:?}");
    let checks = case.checks();
    assert!(
        checks.iter().any(|check| check.moot && check.text.contains("the fault makes it so")),
        "{checks:?}"
    );
    // What was said is compared all the same.
    for line in &mut case.log {
        if let What::Sent { bytes, .. } = &mut line.what {
            bytes.0.reverse();
        }
    }
    assert!(case.failed().iter().any(|text| text.contains("not in the capture as it was said")));
}

#[test]
fn a_server_that_does_close_is_noticed_in_the_experiment_without_a_fin() {
    let case = Case::named("no-fin");
    let check = of_fault(&case, Fault::NoFin);
    assert!(check.holds && check.packets.len() == 3, "{check:?}");
    let [fin, _, other] = check.packets[..] else { panic!("{check:?}") };
    let place = |number: u64| usize::try_from(number).unwrap() - 1;
    let mut soon = case.clone();
    for at in place(other)..soon.packets.len() {
        soon.packets[at].ts = soon.packets[place(fin)].ts;
    }
    let check = of_fault(&soon, Fault::NoFin);
    assert!(!check.holds && check.text.contains(&format!("packet {other}, comes 0 ms behind")), "{check:?}");
    without_notes("no-fin", |note| matches!(note, Note::Misdeed(_)));
    without_notes("no-fin", |note| matches!(note, Note::Misdeed(Misdeed::KeptOpen { .. })));
}

#[test]
fn a_lab_in_which_nobody_talked_is_not_recognised() {
    for name in ["knock", "chat", "greeting"] {
        let mut case = Case::named(name);
        case.log.clear();
        let failed = case.failed();
        assert!(failed.iter().any(|text| text.contains("nobody who talked")), "{name}: {failed:?}");
    }
}
