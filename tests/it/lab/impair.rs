//! A bad line: what the analysis of a capture finds behind it equals what the line says it did.

use std::collections::{BTreeMap, BTreeSet};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use etherparse::{IpHeaders, IpNumber, Ipv4Header, PacketBuilder, PacketBuilderStep};
use wirelab::flow::{Kind, PayloadWanted};
use wirelab::lab::{Deed, Done, Event, Impairment, Limits, Line, Note, Settings};
use wirelab::pipeline::Pipeline;
use wirelab::report::lab::{Fate, PingTotals};
use wirelab::source::{CapturedPacket, LinkType};
use wirelab::time::Timestamp;

use super::{PATIENCE, Running, V4};

const SEEDS: u64 = 100;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Packets with their times, as a capture has them.
#[derive(Default)]
struct Captured(Vec<(Duration, Vec<u8>)>);

impl Captured {
    /// Runs the pipeline over them in the order of their times, and tells of each packet what it was judged to be.
    fn analysed(mut self) -> (Pipeline, Vec<Option<Kind>>) {
        self.0.sort_by_key(|(at, _)| *at);
        let mut pipeline = Pipeline::new(Some(PayloadWanted::for_story(1 << 20)));
        let mut kinds = Vec::new();
        for (number, (at, data)) in (1..).zip(&self.0) {
            let step = pipeline.step(&CapturedPacket {
                number,
                ts: Some(Timestamp::from_nanos(i128::try_from(at.as_nanos()).unwrap())),
                wire_len: u32::try_from(data.len()).unwrap(),
                interface: 0,
                link: LinkType::RAW,
                data,
            });
            let judgement =
                step.verdicts.first().and_then(|verdict| verdict.tcp).and_then(|tcp| tcp.judgement);
            kinds.push(judgement.map(|judgement| judgement.kind));
        }
        pipeline.finish();
        (pipeline, kinds)
    }
}

/// An IPv4 header of a sender that counts its packets.
fn ip(from: u8, to: u8, identification: u16) -> PacketBuilderStep<IpHeaders> {
    let [from, to] = [from, to].map(|host| [10, 0, 0, host]);
    let mut header = Ipv4Header::new(0, 64, IpNumber::UDP, from, to).unwrap();
    header.identification = identification;
    PacketBuilder::ip(IpHeaders::Ipv4(header, etherparse::Ipv4Extensions::default()))
}

fn datagram(from_client: bool, number: u16, text: &str) -> Vec<u8> {
    let (from, to, ports) = if from_client { (1, 2, (5000, 8080)) } else { (2, 1, (8080, 5000)) };
    let mut packet = Vec::new();
    ip(from, to, number).udp(ports.0, ports.1).write(&mut packet, text.as_bytes()).unwrap();
    packet
}

/// What the line did to each packet.
fn by_number(done: Vec<Done<u8>>) -> BTreeMap<u64, Vec<Deed>> {
    let mut all: BTreeMap<u64, Vec<Deed>> = BTreeMap::new();
    for one in done {
        all.entry(one.number).or_default().push(one.deed);
    }
    all
}

/// Everything that comes out of a line.
fn drain<T: Clone>(line: &mut Line<u8, T>) -> Vec<(Duration, T)> {
    let mut out = Vec::new();
    while let Some(due) = line.next_due() {
        out.extend(std::iter::from_fn(|| line.take_due(due)).map(|packet| (due, packet)));
    }
    out
}

const BAD: Impairment = Impairment {
    loss: 0.1,
    delay: ms(20),
    jitter: ms(8),
    duplicate: 0.1,
    reorder: 0.15,
    rate: None,
    patience: ms(50),
};

#[test]
fn pings_are_lost_repeated_late_and_out_of_order_as_the_line_says() {
    let mut seen = [0_usize; 4];
    for seed in 0..SEEDS {
        let mut line = Line::new(BAD, seed);
        let mut captured = Captured::default();
        // The server answers at once; its answers go through the line. The calibration says which lab it is.
        captured.0.push((ms(0), datagram(true, 0, "C1024")));
        captured.0.push((ms(1), datagram(false, 0, "Buffer Size Calibrated at Server.")));
        for number in 1..=40_u16 {
            let at = ms(10 + u64::from(number) * 5);
            captured.0.push((at, datagram(true, number, &format!("Hello Server {number}"))));
            let answer = datagram(false, number, &format!("Packet Acknowledged {number}"));
            line.push(at, 0, answer.len(), answer);
        }
        captured.0.extend(drain(&mut line));
        let deeds = by_number(line.done());
        let (pipeline, _) = captured.analysed();
        let (_, flow) = pipeline.labs().unwrap().all().next().unwrap();
        let totals = PingTotals::of(flow);
        assert_eq!(totals.sent(), 40, "seed {seed}");

        let of = |number: u64| deeds.get(&number).map(Vec::as_slice).unwrap_or_default();
        let mut answers = Vec::new();
        for (number, ping) in (1..).zip(&totals.pings) {
            let lost = of(number).contains(&Deed::Lost);
            assert_eq!(ping.fate == Fate::Unanswered, lost, "seed {seed} ping {number}");
            seen[0] += usize::from(lost);
            let Fate::Answered { at, rtt, .. } = ping.fate else { continue };
            answers.push((at.number, number));
            for deed in of(number) {
                if let Deed::Held { by } = deed {
                    let by = i128::try_from(by.as_nanos()).unwrap();
                    assert_eq!(rtt.unwrap().as_nanos(), by, "seed {seed} ping {number}");
                    seen[1] += 1;
                }
            }
        }
        let repeated = (1..=40).filter(|number| of(*number).contains(&Deed::Repeated)).count();
        assert_eq!((usize::try_from(totals.again).unwrap(), totals.unasked), (repeated, 0), "seed {seed}");
        seen[2] += repeated;
        // An answer is out of order where one to a later ping came before it.
        answers.sort_unstable();
        let mut highest = 0;
        let mut behind = BTreeSet::new();
        for (_, number) in answers {
            if number < highest {
                behind.insert(number);
            }
            highest = highest.max(number);
        }
        let overtaken: BTreeSet<u64> = (1..=40)
            .filter(|number| of(*number).iter().any(|deed| matches!(deed, Deed::Overtaken { .. })))
            .collect();
        assert_eq!(behind, overtaken, "seed {seed}");
        seen[3] += overtaken.len();
    }
    assert!(seen.iter().all(|number| *number > 100), "too little was done: {seen:?}");
}

/// A segment of the client, `number` of the stream's pieces of ten bytes, from 1.
fn segment(number: u16) -> Vec<u8> {
    let mut packet = Vec::new();
    let seq = 1001 + u32::from(number - 1) * 10;
    ip(1, 2, number)
        .tcp(5000, 43_389, seq, 60_000)
        .ack(5001)
        .psh()
        .write(&mut packet, b"0123456789")
        .unwrap();
    packet
}

fn handshake() -> Captured {
    let mut packets = [Vec::new(), Vec::new(), Vec::new()];
    ip(1, 2, 0).tcp(5000, 43_389, 1000, 60_000).syn().write(&mut packets[0], &[]).unwrap();
    ip(2, 1, 0).tcp(43_389, 5000, 5000, 60_000).syn().ack(1001).write(&mut packets[1], &[]).unwrap();
    ip(1, 2, 0).tcp(5000, 43_389, 1001, 60_000).ack(5001).write(&mut packets[2], &[]).unwrap();
    let [syn, syn_ack, ack] = packets;
    // A round trip of 40 ms: what comes sooner after a hole is no retransmission.
    Captured(vec![(ms(0), syn), (ms(40), syn_ack), (ms(41), ack)])
}

#[test]
fn segments_are_lost_repeated_and_out_of_order_as_the_line_says() {
    let mut seen = [0_usize; 3];
    for seed in 0..SEEDS {
        let mut line = Line::new(BAD, seed);
        for number in 1..=60_u16 {
            let packet = segment(number);
            line.push(ms(50 + u64::from(number)), 0, packet.len(), (number, packet));
        }
        let mut captured = handshake();
        let mut order = Vec::new();
        for (at, (number, packet)) in drain(&mut line) {
            order.push(u64::from(number));
            captured.0.push((at, packet));
        }
        let deeds = by_number(line.done());
        let is = |number: u64, what: fn(&Deed) -> bool| {
            deeds.get(&number).is_some_and(|deeds| deeds.iter().any(what))
        };
        let (pipeline, kinds) = captured.analysed();
        let mut came = BTreeSet::new();
        for (number, kind) in order.iter().zip(&kinds[3..]) {
            let again = !came.insert(*number);
            let expected = if again {
                // A copy at the same moment with the same identification: the capture alone cannot tell who made it.
                Some(Kind::CapturedTwice)
            } else if is(*number, |deed| matches!(deed, Deed::Overtaken { .. })) {
                Some(Kind::Reordered)
            } else {
                None
            };
            assert_eq!(*kind, expected, "seed {seed} segment {number} {:?}", deeds.get(number));
            seen[0] += usize::from(again);
            seen[1] += usize::from(*kind == Some(Kind::Reordered));
        }
        let repeated = (1..=60).filter(|number| is(*number, |deed| *deed == Deed::Repeated)).count();
        assert_eq!(order.len() - came.len(), repeated, "seed {seed}");
        // What was lost is missing, but at the end, where nothing shows that there was more.
        let last = came.iter().max().copied().unwrap();
        let lost = (1..last).filter(|number| is(*number, |deed| *deed == Deed::Lost)).count();
        let told = pipeline.told(|_, _| true);
        let gaps =
            told.first().and_then(|told| told.remarks).map(|remarks| remarks.gaps().0).unwrap_or_default();
        let missing: u32 = gaps.iter().map(wirelab::report::Gap::len).sum();
        assert_eq!(usize::try_from(missing).unwrap(), lost * 10, "seed {seed}");
        seen[2] += lost;
    }
    assert!(seen.iter().all(|number| *number > 100), "too little was done: {seen:?}");
}

fn serve(impairment: Impairment) -> Running {
    let settings = Settings { impairment, seed: 3, ..Settings::default() };
    Running::serving("uppercase-udp", V4, Limits::default(), &settings)
}

/// Asks so often, without waiting, and gives the answers that come until none has for half a second.
fn ask(server: &Running, times: usize) -> Vec<String> {
    let socket = UdpSocket::bind((V4, 0)).unwrap();
    for number in 0..times {
        socket.send_to(format!("message {number}").as_bytes(), server.address).unwrap();
    }
    server.wait_for(times, |event| matches!(event, Event::Received { .. }));
    socket.set_read_timeout(Some(ms(500))).unwrap();
    let mut answers = Vec::new();
    let mut buffer = [0; 100];
    while let Ok(length) = socket.recv(&mut buffer) {
        answers.push(String::from_utf8(buffer[..length].to_vec()).unwrap());
    }
    answers
}

/// What the line of the server did, now that it is stopped.
fn deeds(server: &Running) -> Vec<(u64, Deed)> {
    let events = server.log();
    let notes = events.iter().filter_map(|event| match event {
        Event::Noted { note: Note::Impaired { number, deed, .. }, .. } => Some((*number, *deed)),
        _ => None,
    });
    notes.collect()
}

#[test]
fn every_server_over_udp_can_have_a_bad_line() {
    let server = serve(Impairment { loss: 0.3, duplicate: 0.3, reorder: 0.3, ..Impairment::default() });
    let answers = ask(&server, 60);
    let mut expected: Vec<String> = Vec::new();
    let done = deeds(&server);
    let is = |number: u64, deed: Deed| done.contains(&(number, deed));
    let behind = |number: u64| {
        done.iter().find_map(|(n, deed)| match deed {
            Deed::Overtaken { by } if *n == number => Some(*by),
            _ => None,
        })
    };
    let text = |number: u64| format!("MESSAGE {}", number - 1);
    for number in 1..=60 {
        if is(number, Deed::Lost) || behind(number).is_some() {
            continue;
        }
        expected.push(text(number));
        if is(number, Deed::Repeated) {
            expected.push(text(number));
        }
        expected.extend((1..number).filter(|before| behind(*before) == Some(number)).map(text));
    }
    assert_eq!(answers, expected, "{done:?}");
    assert!(done.len() > 20);
}

#[test]
fn a_slow_line_is_late_and_still_sends_everything() {
    let server = serve(Impairment { delay: ms(120), jitter: ms(20), ..Impairment::default() });
    let begun = Instant::now();
    let answers = ask(&server, 5);
    assert_eq!(answers.len(), 5);
    assert!(begun.elapsed() >= ms(100));
    for (_, deed) in deeds(&server) {
        assert!(matches!(deed, Deed::Held { by } if (ms(100)..=ms(140)).contains(&by)), "{deed:?}");
    }
    // 37 bytes of an answer on the line, at 8 kbit/s.
    let server = serve(Impairment { rate: Some(8_000), ..Impairment::default() });
    let begun = Instant::now();
    assert_eq!(ask(&server, 5).len(), 5);
    assert!(begun.elapsed() >= ms(5 * 37));
}

#[test]
fn stopping_does_not_wait_for_the_line() {
    let server = serve(Impairment { delay: PATIENCE * 2, ..Impairment::default() });
    let socket = UdpSocket::bind((V4, 0)).unwrap();
    socket.send_to(b"hey", server.address).unwrap();
    server.wait_for(1, |event| matches!(event, Event::Received { .. }));
    let begun = Instant::now();
    server.stop().unwrap();
    assert!(begun.elapsed() < PATIENCE / 2);
}
