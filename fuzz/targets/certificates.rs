//! DER: read as a certificate, in a handshake of TLS 1.2, which shows all of its fields, as a stapled OCSP response there, and
//! as one that HTTP brings.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::proto::tls::CertificateFacts;
use wirelab::source::LinkType;
use wirelab_fuzz::{ACK, Run, Tcp, tcp};

/// `body` behind its length in three bytes.
fn vector(body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&len[1..], body].concat()
}

/// A handshake message in as many records as it takes.
fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let message = [&[kind], vector(body).as_slice()].concat();
    let mut out = Vec::new();
    for part in message.chunks(16_000) {
        out.extend([22, 3, 3]);
        out.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
        out.extend(part);
    }
    out
}

fuzz_target!(|data: &[u8]| {
    // Segments hold no more than 64 KiB.
    let data = &data[..data.len().min(20_000)];
    drop(CertificateFacts::read(data));
    let mut run = Run::new(true);
    let chain = handshake(11, &vector(&vector(data)));
    let stapled = handshake(22, &[&[1], vector(data).as_slice()].concat());
    let mut head = b"HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\n".to_vec();
    head.extend(format!("Content-Length: {}\r\n\r\n", data.len()).bytes());
    head.extend(data);
    for (client_port, port, payload) in [(1, 443, chain), (2, 443, stapled), (3, 80, head)] {
        let segment = Tcp { client_port, port, seq: 1, flags: ACK, payload: &payload, ..Tcp::default() };
        run.frame(LinkType::RAW, &tcp(&segment), 0, &mut |_, _| {});
    }
    run.finish(&mut |_| {});
});
