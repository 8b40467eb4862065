//! Whole connections: which messages are cut out of them, and what belongs together.

use proptest::prelude::*;

use super::*;
use crate::flow::{Direction, PacketStamp};

const ASKS: Direction = Direction::OrigToResp;
const ANSWERS: Direction = Direction::RespToOrig;

/// A message as a test reads it: who, the bytes, what is known of it.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    from: Direction,
    bytes: Vec<u8>,
    note: HttpNote,
}

/// A connection without the parts of the driver that do not matter here.
struct Wire {
    analyzer: HttpAnalyzer,
    kept: Both<Vec<u8>>,
    skip: Both<u64>,
    packet: u64,
    seen: Vec<Seen>,
    switched: Option<Protocol>,
}

impl Wire {
    fn new(bodies: bool) -> Self {
        Self {
            analyzer: HttpAnalyzer::new(AnalyzerOptions { bodies }),
            kept: Both::default(),
            skip: Both::default(),
            packet: 0,
            seen: Vec::new(),
            switched: None,
        }
    }

    fn says(&mut self, from: Direction, bytes: &[u8]) -> &mut Self {
        self.packet += 1;
        self.step(from, bytes, None)
    }

    fn ends(&mut self, from: Direction, end: Ending) -> &mut Self {
        self.packet += 1;
        self.step(from, b"", Some(end))
    }

    fn step(&mut self, from: Direction, bytes: &[u8], end: Option<Ending>) -> &mut Self {
        let mut all = std::mem::take(self.kept.of_mut(from));
        all.extend(bytes);
        let packet = PacketStamp { number: self.packet, ts: None };
        let mut idle = 0;
        while self.switched.is_none() && (!all.is_empty() || end.is_some()) && idle < 4 {
            let skip = self.skip.of_mut(from);
            let here = usize::try_from(*skip).unwrap_or(usize::MAX).min(all.len());
            *skip -= here as u64;
            all.drain(..here);
            if all.is_empty() && (here > 0 || end.is_none()) {
                break;
            }
            let before = all.len();
            match self.analyzer.next(&Input { from, bytes: &all, first: packet, packet, end }) {
                Step::More(need) => {
                    assert!(end.is_some() || need > all.len());
                    break;
                }
                Step::Message { len, note: Note::Http(note), .. } => {
                    assert!(len <= all.len());
                    self.seen.push(Seen { from, bytes: all.drain(..len).collect(), note: *note });
                }
                Step::Skip(len) => *self.skip.of_mut(from) += len,
                Step::Switch(protocol) => self.switched = Some(protocol),
                Step::Lost => all.clear(),
                Step::Message { .. } | Step::Carries { .. } | Step::Tunnel(_) => panic!("nothing of HTTP"),
            }
            idle = if all.len() == before { idle + 1 } else { 0 };
        }
        if end.is_none() && self.switched.is_none() {
            *self.kept.of_mut(from) = all;
        }
        self
    }

    fn texts(&self) -> Vec<&str> {
        self.seen.iter().map(|seen| std::str::from_utf8(&seen.bytes).unwrap()).collect()
    }
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";

#[test]
fn bodies_end_where_their_framing_says() {
    for (head, body, next) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hello", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", "hello", true),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
            "2\r\nhi\r\n0\r\nA: b\r\n\r\n",
            true,
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n", " 2\r\nhi\r\n0\r\n\r\n", true),
        // What follows the last chunk here is a message again.
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "2\r\nhi\r\n0\r\n", true),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "", true),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "", true),
        ("HTTP/1.1 200 OK\r\n\r\n", "until the end", false),
    ] {
        let mut wire = Wire::new(true);
        wire.says(ASKS, GET).says(ASKS, GET).says(ANSWERS, format!("{head}{body}").as_bytes());
        if next {
            wire.says(ANSWERS, b"HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n");
            assert_eq!(wire.seen.len(), 4, "{head}");
        } else {
            assert_eq!(wire.seen.len(), 2);
            wire.ends(ANSWERS, Ending::Fin);
        }
        assert_eq!(wire.texts()[2], format!("{head}{body}"));
        assert_eq!(wire.seen[2].note.cut, None);
    }
}

#[test]
fn the_answer_to_head_has_no_body() {
    let mut wire = Wire::new(true);
    wire.says(ASKS, b"HEAD / HTTP/1.1\r\n\r\n")
        .says(ANSWERS, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
    assert_eq!(wire.seen.len(), 2);
    assert_eq!(wire.seen[1].note.framing, Framing::None);
}

#[test]
fn pipelined_requests_have_their_responses_in_order() {
    let mut wire = Wire::new(true);
    wire.says(ASKS, &[GET, b"GET /2 HTTP/1.1\r\n\r\n"].concat());
    let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    wire.says(ANSWERS, &ok.repeat(2));
    let targets: Vec<_> =
        wire.seen[2..].iter().map(|s| s.note.request.as_ref().unwrap().target.clone()).collect();
    assert_eq!(targets, [b"/".as_slice().into(), b"/2".as_slice().into()] as [Box<[u8]>; 2]);
    assert_eq!(wire.seen.iter().map(|s| s.note.exchange).collect::<Vec<_>>(), [1, 2, 1, 2]);
    assert_eq!(wire.seen[2].note.request.as_ref().unwrap().full_uri().unwrap(), b"http://a.example/");
}

#[test]
fn an_interim_response_leaves_its_request_waiting() {
    let mut wire = Wire::new(true);
    wire.says(ASKS, b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    wire.says(ANSWERS, b"HTTP/1.1 100 Continue\r\n\r\n").says(ASKS, b"hi");
    wire.says(ANSWERS, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let whole: Vec<_> =
        wire.seen.iter().filter_map(|s| s.note.request.as_ref()).map(|r| r.is_whole).collect();
    assert_eq!(whole, [false, true]);
    assert_eq!(wire.seen[2].note.request.as_ref().unwrap().last.number, 3);
}

#[test]
fn a_tunnel_is_looked_into_and_an_upgrade_is_not() {
    let mut wire = Wire::new(true);
    wire.says(ASKS, b"CONNECT a:443 HTTP/1.1\r\n\r\n").says(ANSWERS, b"HTTP/1.1 200 OK\r\n\r\n");
    wire.says(ASKS, b"\x16\x03\x01\x00\x05");
    assert_eq!(wire.switched, Some(Protocol::Tls));

    let mut wire = Wire::new(true);
    wire.says(ASKS, b"OPTIONS * HTTP/1.1\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n");
    wire.says(ANSWERS, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n\r\n\x16\x03");
    assert_eq!((wire.switched, wire.seen.len()), (Some(Protocol::Tls), 2));

    let mut wire = Wire::new(true);
    wire.says(ASKS, b"GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
    wire.says(ANSWERS, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x02hi");
    wire.says(ASKS, GET).says(ANSWERS, b"HTTP/1.1 200 OK\r\n\r\n");
    assert_eq!((wire.switched, wire.seen.len()), (None, 2));
}

#[test]
fn a_gap_cuts_a_message_and_the_next_head_is_found_again() {
    let mut wire = Wire::new(true);
    wire.says(ASKS, GET).says(ANSWERS, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
    wire.ends(ANSWERS, Ending::Gap(500)).says(ANSWERS, b"in the middle of something");
    *wire.skip.of_mut(ANSWERS) = 0;
    wire.says(ANSWERS, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(wire.seen[1].note.cut, Some(Cut::Ended(Ending::Gap(500))));
    assert_eq!(wire.seen.last().unwrap().note.head_len, wire.seen.last().unwrap().bytes.len());
    assert_eq!(wire.seen.len(), 3);
}

#[test]
fn two_gigabytes_are_passed_over() {
    let mut wire = Wire::new(false);
    wire.says(ASKS, GET).says(ANSWERS, b"HTTP/1.1 200 OK\r\nContent-Length: 2000000000\r\n\r\nabc");
    assert_eq!(*wire.skip.of(ANSWERS), 1_999_999_997);
    assert!(wire.kept.of(ANSWERS).is_empty());
}

#[test]
fn a_response_without_a_head_answers_a_request_without_one_only() {
    let mut wire = Wire::new(true);
    wire.says(ASKS, b"GET /old\r\n").says(ANSWERS, b"<html>").ends(ANSWERS, Ending::Fin);
    assert_eq!((wire.seen.len(), wire.seen[1].note.head_len), (2, 0));
    let mut wire = Wire::new(true);
    wire.says(ASKS, GET).says(ANSWERS, b"<html>").ends(ANSWERS, Ending::Fin);
    assert_eq!(wire.seen.len(), 1);
}

#[test]
fn endless_heads_are_cut_and_said_to_be() {
    let mut wire = Wire::new(true);
    wire.says(ASKS, b"GET / HTTP/1.1\r\n");
    for _ in 0..300 {
        wire.says(ASKS, &b"a: bcdefghijk\r\n".repeat(70));
    }
    assert_eq!(wire.seen[0].note.cut, Some(Cut::Ended(Ending::TooLong)));
    assert_eq!(wire.seen[0].bytes.len(), head::MAX_HEAD_BYTES);
}

/// A conversation with every kind of framing.
fn conversation() -> [(Direction, Vec<u8>); 6] {
    let post = b"POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let close = b"HTTP/1.0 200 OK\r\n\r\nuntil the end\r\n";
    [
        (ASKS, GET.to_vec()),
        (ANSWERS, b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        (ASKS, post.to_vec()),
        (ANSWERS, chunked.to_vec()),
        (ASKS, GET.to_vec()),
        (ANSWERS, close.to_vec()),
    ]
}

proptest! {
    #[test]
    fn any_segmentation_gives_the_same_messages(cuts in proptest::collection::vec(1_usize..40, 1..40), bodies: bool) {
        let (mut whole, mut parts) = (Wire::new(bodies), Wire::new(bodies));
        let mut cuts = cuts.iter().cycle();
        for (from, bytes) in conversation() {
            whole.says(from, &bytes);
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (part, behind) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                parts.says(from, part);
                rest = behind;
            }
        }
        for wire in [&mut whole, &mut parts] {
            wire.ends(ANSWERS, Ending::Fin).ends(ASKS, Ending::Fin);
        }
        prop_assert_eq!(whole.seen.len(), 6);
        prop_assert_eq!(whole.texts(), parts.texts());
    }

    #[test]
    fn a_cut_capture_gives_a_prefix(len in 0_usize..200) {
        let (_, bytes) = &conversation()[3];
        let cut = &bytes[..len.min(bytes.len())];
        let mut wire = Wire::new(true);
        wire.says(ASKS, GET).says(ANSWERS, cut).ends(ANSWERS, Ending::Capture);
        prop_assert!(wire.seen.len() <= 2);
        if let Some(seen) = wire.seen.get(1) {
            prop_assert!(bytes.starts_with(&seen.bytes));
            prop_assert_eq!(seen.note.cut.is_none(), cut.len() == bytes.len());
        }
    }

    #[test]
    fn random_bytes_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        prefix in 0_usize..3,
        bodies: bool,
    ) {
        let start = [b"".as_slice(), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"GET /"];
        let all = [start[prefix], &bytes].concat();
        let mut wire = Wire::new(bodies);
        wire.says(ASKS, &all).says(ANSWERS, &all).ends(ANSWERS, Ending::Cut(3)).says(ANSWERS, &all);
        if let Some(head) = Head::read_cut(&all) {
            let _ = head.headers().map(|header| header.unfolded().len()).sum::<usize>();
            let _ = body::decode(&head, Framing::of(&head, None), &bytes);
        }
    }
}
