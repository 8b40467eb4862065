//! A connection of whole messages, told twice: a message a segment, and split where the script says. The messages are the
//! same. One byte says which protocol; then of each message: who sends it, where it is split, how long it is, its body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::decode::DecodedPacket;
use wirelab::proto::Messages;
use wirelab::source::LinkType;
use wirelab_fuzz::{ACK, FIN, Run, SYN, Script, Tcp, tcp};

/// Few enough that the last segment of the unsplit telling is no packet of too many messages.
const MOST: usize = 40;

struct Said {
    from_client: bool,
    bytes: Vec<u8>,
    split: u8,
}

#[derive(Clone, Copy)]
enum Kind {
    Dns,
    Tls,
    Http,
}

fn message(kind: Kind, from_client: bool, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(body.len()).unwrap();
    let mut out = Vec::new();
    match kind {
        Kind::Dns => {
            let flags = if from_client { 1 } else { 0x81 };
            out.extend((len + 12).to_be_bytes());
            out.extend([0, 7, flags, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        }
        Kind::Tls => {
            out.extend([if body.first().is_some_and(|byte| byte % 2 == 0) { 22 } else { 23 }, 3, 3]);
            out.extend(len.to_be_bytes());
        }
        Kind::Http if from_client => {
            out.extend(format!("POST /a HTTP/1.1\r\nHost: b\r\nContent-Length: {len}\r\n\r\n").bytes());
        }
        Kind::Http => out.extend(format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n").bytes()),
    }
    out.extend(body);
    out
}

/// The messages of each side, in the order of their bytes.
fn told(port: u16, bodies: bool, said: &[Said], split: bool) -> [Vec<(Vec<u8>, Vec<u8>)>; 2] {
    let mut found = [Vec::new(), Vec::new()];
    let mut each = |messages: &Messages, decoded: &DecodedPacket<'_>| {
        for message in messages.all() {
            let side = usize::from(message.direction != wirelab::flow::Direction::OrigToResp);
            let inner = message.inner.map_or(&[][..], |inner| inner.of(decoded));
            found[side].push((message.bytes(decoded).to_vec(), inner.to_vec()));
        }
    };
    let mut run = Run::new(bodies);
    let mut next = [1_u32, 1];
    let mut send = |from_client: bool, flags: u8, payload: &[u8]| {
        let side = usize::from(!from_client);
        let (seq, ack) = (next[side], next[1 - side]);
        let segment = Tcp { from_client, port, seq, ack, flags, payload, ..Tcp::default() };
        let len = u32::try_from(payload.len()).unwrap() + u32::from(flags & (SYN | FIN) != 0);
        next[side] = next[side].wrapping_add(len);
        run.frame(LinkType::RAW, &tcp(&segment), 0, &mut each);
    };
    send(true, SYN, &[]);
    send(false, SYN | ACK, &[]);
    for Said { from_client, bytes, split: size } in said {
        let size = if split { usize::from(*size).max(1) } else { bytes.len() };
        for piece in bytes.chunks(size) {
            send(*from_client, ACK, piece);
        }
    }
    send(true, FIN | ACK, &[]);
    send(false, FIN | ACK, &[]);
    run.finish(&mut |_| {});
    found
}

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let Some(first) = script.byte() else { return };
    let (kind, port) = [(Kind::Dns, 53), (Kind::Tls, 443), (Kind::Http, 80)][usize::from(first % 3)];
    let mut said = Vec::new();
    while let (Some(what), Some(split), Some(len)) = (script.byte(), script.byte(), script.word()) {
        let body = script.take(1 + usize::from(len) % 1000);
        if body.is_empty() || said.len() >= MOST {
            break;
        }
        let from_client = said.is_empty() || what % 2 == 0;
        said.push(Said { from_client, bytes: message(kind, from_client, body), split });
    }
    let bodies = first & 0x80 == 0;
    let whole = told(port, bodies, &said, false);
    assert_eq!(whole, told(port, bodies, &said, true));
});
