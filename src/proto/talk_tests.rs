//! The driver with a protocol made up for it.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;
use crate::proto::http::HttpAnalyzer;

/// `M`, a length in four bytes, so many: a message. `S`, a length: so many to be passed over. 21: TLS takes over.
/// `E`: a message without a byte. All else is nothing.
#[derive(Debug, Default)]
struct Toy {
    asked: Arc<Mutex<Asked>>,
}

#[derive(Debug, Default)]
struct Asked {
    times: usize,
    ends: Vec<Ending>,
}

impl Analyzer for Toy {
    fn next(&mut self, input: &Input<'_>) -> Step {
        let mut asked = self.asked.lock().unwrap();
        asked.times += 1;
        asked.ends.extend(input.end);
        let message = |len| Step::Message { len, note: Note::None, inner: None };
        let length = input.bytes.get(1..5).map(|len| u32::from_be_bytes(len.try_into().unwrap()));
        match (input.bytes.first(), length) {
            (None | Some(b'M' | b'S'), None) => Step::More(5),
            (Some(b'M'), Some(len)) => match 5 + usize::try_from(len).unwrap() {
                len if len <= input.bytes.len() => message(len),
                len => Step::More(len),
            },
            (Some(b'S'), Some(len)) => Step::Skip(5 + u64::from(len)),
            (Some(21), _) => Step::Switch(Protocol::Tls),
            (Some(b'E'), _) => message(0),
            _ => Step::Lost,
        }
    }
}

fn sized(kind: u8, len: usize) -> Vec<u8> {
    [&[kind], &u32::try_from(len).unwrap().to_be_bytes()[..], &vec![b'.'; len]].concat()
}

/// A flow that speaks it.
struct Told {
    talk: Talk,
    asked: Arc<Mutex<Asked>>,
    messages: Messages,
    number: u64,
    /// Bytes and first packet of each message, and whether it is cut.
    found: Vec<(Vec<u8>, u64, bool)>,
}

impl Told {
    fn new() -> Self {
        let mut talk = Talk::new(TransportProtocol::Tcp, [1, 2], AnalyzerOptions::default());
        let toy = Toy::default();
        let asked = Arc::clone(&toy.asked);
        talk.speaks = Some(Speaks { protocol: Protocol::Dns, analyzer: Box::new(toy), carried: None });
        Self { talk, asked, messages: Messages::default(), number: 0, found: Vec::new() }
    }

    fn with(&mut self, payload: &[u8], act: impl FnOnce(&mut Talk, PacketStamp, &mut Place<'_>)) {
        self.messages.clear();
        let packet = PacketStamp { number: self.number, ts: None };
        let range = ByteRange { buffer: 0, start: 0, end: u32::try_from(payload.len()).unwrap() };
        let mut out = Place {
            messages: &mut self.messages,
            packet,
            payload,
            range,
            transport: 0,
            flow: Some(0),
            buffers: 0,
            title: JOINED,
        };
        act(&mut self.talk, packet, &mut out);
        for message in &self.messages.messages {
            let bytes = match message.range.buffer {
                0 => &payload[message.range.start as usize..message.range.end as usize],
                n => &self.messages.joined[usize::from(n) - 1].bytes,
            };
            self.found.push((bytes.to_vec(), message.first.number, message.cut));
        }
    }

    fn says(&mut self, from: Direction, bytes: &[u8]) {
        self.number += 1;
        self.with(bytes, |talk, packet, out| talk.data(from, bytes, packet, out));
    }

    fn data(&mut self, bytes: &[u8]) {
        self.says(Direction::OrigToResp, bytes);
    }

    fn ends(&mut self, end: Ending) {
        self.number += 1;
        self.with(&[], |talk, packet, out| talk.ends(Direction::OrigToResp, end, packet, out));
    }

    fn lengths(&self) -> Vec<usize> {
        self.found.iter().map(|(bytes, ..)| bytes.len()).collect()
    }
}

#[test]
fn the_packets_of_a_message_are_counted() {
    let mut told = Told::new();
    let (one, other) = (sized(b'M', 20), sized(b'M', 3));
    let both = [&one[..], &other[..], &one[..10]].concat();
    let mut counted = Vec::new();
    // In three packets; behind it in one; begun there and whole in the second behind it.
    for part in [&both[..2], &both[2..9], &both[9..], &one[10..20], &one[20..]] {
        told.data(part);
        counted.extend(told.messages.messages.iter().map(|message| message.packets));
    }
    assert_eq!(counted, [3, 1, 3]);
}

proptest! {
    #[test]
    fn messages_are_the_same_wherever_segments_are_cut(
        parts in prop::collection::vec((any::<bool>(), 0_usize..60), 1..12),
        sizes in prop::collection::vec(1_usize..40, 1..8),
    ) {
        let stream: Vec<u8> =
            parts.iter().flat_map(|&(said, len)| sized(if said { b'M' } else { b'S' }, len)).collect();
        let mut told = Told::new();
        let mut rest = &stream[..];
        for size in sizes.iter().cycle() {
            let (now, later) = rest.split_at((*size).min(rest.len()));
            told.data(now);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        let wanted: Vec<usize> = parts.iter().filter(|part| part.0).map(|part| part.1 + 5).collect();
        prop_assert_eq!(told.lengths(), wanted);
        prop_assert_eq!(told.talk.held(), 0);
    }
}

#[test]
fn a_message_that_lies_in_one_packet_is_not_copied() {
    let mut told = Told::new();
    told.data(&[sized(b'M', 3), sized(b'M', 4), vec![b'M', 0, 0]].concat());
    assert!(told.messages.joined.is_empty());
    told.data(&[0, 1, b'x', b'M', 0, 0, 0, 0]);
    assert_eq!(told.messages.joined.len(), 1, "the one that began in the packet before");
    assert_eq!(told.lengths(), [8, 9, 6, 5]);
    assert_eq!(told.found.iter().map(|found| found.1).collect::<Vec<_>>(), [1, 1, 1, 2]);
}

#[test]
fn a_long_message_in_tiny_segments_is_looked_at_thrice() {
    let mut told = Told::new();
    for segment in sized(b'M', MAX_MESSAGE_BYTES - 5).chunks(512) {
        told.data(segment);
    }
    assert_eq!(told.lengths(), [MAX_MESSAGE_BYTES]);
    assert!(told.asked.lock().unwrap().times <= 3);
    assert_eq!(told.talk.held(), 0);
}

#[test]
fn more_than_is_kept_is_given_up_and_what_follows_is_looked_at_anew() {
    let mut told = Told::new();
    for segment in sized(b'M', MAX_MESSAGE_BYTES + 100_000).chunks(1 << 16) {
        told.data(segment);
        assert!(told.talk.held() <= 2 * MAX_MESSAGE_BYTES + (1 << 16));
    }
    assert_eq!(told.asked.lock().unwrap().ends, [Ending::TooLong]);
    assert_eq!((told.lengths(), told.talk.held()), (vec![], 0));
    told.data(&sized(b'M', 1));
    assert_eq!(told.lengths(), [6]);
}

#[test]
fn what_the_end_of_the_capture_cuts_ends_in_the_last_packet_there_was() {
    let mut told = Told::new();
    let http = HttpAnalyzer::new(AnalyzerOptions::default());
    told.talk.speaks = Some(Speaks { protocol: Protocol::Http, analyzer: Box::new(http), carried: None });
    told.data(b"GET / HTTP/1.1\r\nHost: ");
    told.number = 0;
    told.with(&[], |talk, none, out| talk.ends(Direction::OrigToResp, Ending::Gap(9), none, out));
    let lasts: Vec<u64> = told.messages.messages.iter().map(|message| message.last.number).collect();
    assert_eq!(lasts, [1]);
}

#[test]
fn http_is_http_wherever_its_first_line_is_cut() {
    for bytes in [&b"HTTP/1.1 200 OK\r\n\r\n"[..], b"GET / HTTP/1.1\r\n\r\n"] {
        for cut in 1..bytes.len() {
            let mut told = Told::new();
            told.talk.speaks = None;
            told.data(&bytes[..cut]);
            told.data(&bytes[cut..]);
            assert_eq!(told.lengths(), [bytes.len()], "cut at {cut}");
        }
    }
}

#[test]
fn a_gap_inside_what_is_passed_over_is_no_gap() {
    let mut told = Told::new();
    told.data(&sized(b'S', 100)[..15]);
    told.ends(Ending::Gap(60));
    told.data(&[&[b'.'; 30][..], &sized(b'M', 1)].concat());
    assert_eq!(told.lengths(), [6]);
    assert!(told.asked.lock().unwrap().ends.is_empty());
}

#[test]
fn a_gap_that_is_longer_ends_what_is_passed_over_and_is_told() {
    let mut told = Told::new();
    told.data(&sized(b'S', 100)[..15]);
    told.ends(Ending::Gap(91));
    assert_eq!(told.asked.lock().unwrap().ends, [Ending::Gap(91)]);
    told.data(&sized(b'M', 1));
    assert_eq!(told.lengths(), [6]);
}

#[test]
fn nothing_is_read_across_a_gap() {
    let mut told = Told::new();
    told.data(&sized(b'M', 10)[..8]);
    told.ends(Ending::Gap(1));
    told.data(&sized(b'M', 2));
    assert_eq!(told.lengths(), [7]);
    assert_eq!(told.found[0].1, 3, "it begins behind the gap");
}

#[test]
fn an_analyzer_that_takes_nothing_is_not_asked_for_ever() {
    let mut told = Told::new();
    told.data(b"EEE");
    assert!(told.asked.lock().unwrap().times <= usize::from(MAX_IDLE_STEPS));
}

#[test]
fn messages_beyond_what_a_packet_may_have_are_counted() {
    let mut told = Told::new();
    told.data(&sized(b'M', 0).repeat(MAX_MESSAGES + 7));
    assert_eq!((told.found.len(), told.messages.untold), (MAX_MESSAGES, 7));
    told.data(&sized(b'M', 0));
    assert_eq!((told.found.len(), told.messages.untold), (MAX_MESSAGES + 1, 0));
}

#[test]
fn another_protocol_has_both_sides() {
    let mut told = Told::new();
    let alert = [21, 3, 3, 0, 2, 1, 0];
    // What the first protocol waited for on this side is nothing to the second.
    told.says(Direction::RespToOrig, &sized(b'M', 1000)[..3]);
    told.talk.sides.resp.bytes = alert[..6].to_vec();
    told.data(&alert);
    assert_eq!((told.lengths(), told.talk.protocol()), (vec![7], Some(Protocol::Tls)));
    told.says(Direction::RespToOrig, &alert[6..]);
    assert_eq!(told.lengths(), [7, 7]);
}

#[test]
fn what_a_proxy_opens_is_found_out_anew() {
    let mut told = Told::new();
    told.talk.speaks = None;
    for (from, bytes) in [
        (Direction::OrigToResp, &[5, 1, 0][..]),
        (Direction::RespToOrig, &[5, 0]),
        (Direction::OrigToResp, &[5, 1, 0, 1, 192, 0, 2, 1, 0, 25]),
        (Direction::RespToOrig, &[5, 0, 0, 1, 192, 0, 2, 9, 0, 9]),
    ] {
        told.says(from, bytes);
        assert_eq!((told.talk.protocol(), told.found.len()), (Some(Protocol::Socks), 0));
    }
    told.says(Direction::RespToOrig, b"220 ready\r\n");
    assert_eq!(
        (told.talk.protocol(), told.lengths()),
        (Some(Protocol::Smtp), vec![11]),
        "by the port it asked for"
    );
    assert!(told.messages.messages[0].is_at_port);
}

#[test]
fn ftp_goes_on_where_its_encryption_ends() {
    let mut told = Told::new();
    told.talk.speaks = None;
    let alert = [21, 3, 3, 0, 2, 1, 0];
    for (from, bytes) in [
        (Direction::RespToOrig, &b"220 FTP\r\n"[..]),
        (Direction::OrigToResp, b"AUTH TLS\r\n"),
        (Direction::RespToOrig, b"234 go on\r\n"),
        (Direction::OrigToResp, &[22, 3, 3, 0, 4, 1, 0, 0, 0]),
        (Direction::RespToOrig, &alert),
        (Direction::OrigToResp, &alert),
    ] {
        told.says(from, bytes);
    }
    assert_eq!(told.talk.protocol(), Some(Protocol::Tls));
    told.says(Direction::OrigToResp, b"PASV\r\n");
    assert_eq!((told.talk.protocol(), told.found.last().unwrap().0.len()), (Some(Protocol::Ftp), 6));
    told.says(Direction::RespToOrig, b"227 (192,0,2,1,1,1)\r\n");
    assert_eq!(told.found.last().unwrap().0.len(), 21);
}
