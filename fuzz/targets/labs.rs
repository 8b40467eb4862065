//! The labs: what some clients and their server say, in datagrams or on connections, and what is told of it. What reads a
//! message by itself also gets the bytes as they are.
//!
//! The first byte says by its highest bit UDP. After it a NUL begins each turn, and the next byte says whose: `a` to `e` are
//! clients, `A` to `E` is the server to each of them. `t` lets as many tenths of a second pass as bytes follow, `g` is a gap as long
//! as those, `f` a FIN and `r` a RST of whoever spoke last; whatever else there is goes on with what was said.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::decode::TransportProtocol;
use wirelab::proto::lab::{Codes, MAX_TEXT, could_be, number, read_order, written};
use wirelab::source::LinkType;
use wirelab::time::TimeDelta;
use wirelab_fuzz::{ACK, FIN, RST, Run, Tcp, tcp, udp_of};

/// Turns that are taken: there is no more time for one input.
const MOST: usize = 96;

/// The server's port.
const PORT: u16 = 43_389;

/// The first client's port.
const CLIENT: u16 = 40_000;

const TENTH: TimeDelta = TimeDelta::from_nanos(100_000_000);

/// What is read of bytes alone, and reads the same once it is written down.
fn alone(data: &[u8]) {
    for transport in [TransportProtocol::Tcp, TransportProtocol::Udp] {
        let _ = could_be(transport, data);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(value) = number(text) {
        let again = number(&written(value)).unwrap();
        assert!(again == value || again.is_nan() && value.is_nan(), "{text:?} {value} {again}");
    }
    let request = read_order(text);
    assert_ne!(request.right, Codes::default(), "{text:?}: some answer is right");
    // A longer text is cut, and may end in a space then.
    if let Some(order) = request.order.filter(|order| order.content.len() + 4 < MAX_TEXT) {
        let same = read_order(&format!("to: {} / {} ; content : {}", order.ip, order.port, order.content));
        assert_eq!(same.order, Some(order));
    }
}

fuzz_target!(|data: &[u8]| {
    alone(data);
    let Some((first, said)) = data.split_first() else { return };
    let over_udp = first & 0x80 != 0;
    let mut next = [[1_u32; 2]; 5];
    let (mut at, mut from_client) = (0, true);
    let mut run = Run::new(true);
    for turn in said.split(|byte| *byte == 0).skip(1).take(MOST) {
        let (what, mut payload) = turn.split_first().map_or((0, turn), |(what, rest)| (*what, rest));
        let mut flags = ACK;
        match what {
            b'a'..=b'e' => (at, from_client) = (usize::from(what - b'a'), true),
            b'A'..=b'E' => (at, from_client) = (usize::from(what - b'A'), false),
            b't' => {
                payload.iter().for_each(|_| run.later(TENTH));
                continue;
            }
            b'g' => {
                let side = &mut next[at][usize::from(!from_client)];
                *side = side.wrapping_add(u32::try_from(payload.len()).unwrap());
                continue;
            }
            b'f' => flags |= FIN,
            b'r' => flags |= RST,
            _ => payload = turn,
        }
        let client_port = CLIENT + u16::try_from(at).unwrap();
        if over_udp {
            run.frame(LinkType::RAW, &udp_of(client_port, from_client, PORT, payload), 0, &mut |_, _| {});
            continue;
        }
        let side = usize::from(!from_client);
        let (seq, ack) = (next[at][side], next[at][1 - side]);
        let segment = Tcp { from_client, client_port, port: PORT, seq, ack, flags, payload };
        run.frame(LinkType::RAW, &tcp(&segment), 0, &mut |_, _| {});
        let len = u32::try_from(payload.len()).unwrap() + u32::from(flags & FIN);
        next[at][side] = seq.wrapping_add(len);
    }
    run.finish(&mut |_| {});
});
