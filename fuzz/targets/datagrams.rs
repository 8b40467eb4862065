//! Datagrams of one flow that speaks DTLS, QUIC, or what carries TLS in packets of its own. Of each: one byte for whose
//! it is, one for how it begins, two for how long what follows is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::source::LinkType;
use wirelab_fuzz::{Run, Script, udp};

/// What datagrams begin with: nothing; a DTLS handshake record; two long headers of QUIC; OpenVPN's reset and a control
/// packet; the first packet of Remote Desktop and one with data.
const BEGINNINGS: [&[u8]; 8] = [
    &[],
    &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0],
    &[0xc3, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0],
    &[0xe3, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4],
    &[0x38, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0],
    &[0x20, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0],
    &[0xff, 0xff, 0xff, 0xff, 0, 64, 0x10, 1, 1, 2, 3, 4, 4, 0xd0, 4, 0xd0, 0, 1, 1, 1],
    &[0, 4, 0xc0],
];

/// A RADIUS packet with an EAP-TLS packet, number `number`, around `records`.
fn radius(number: u8, records: &[u8]) -> Vec<u8> {
    let size = |len: usize| u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
    let len = size(records.len() + 6);
    let eap = [&[1, number, len[0], len[1], 13, number & 0x40], records].concat();
    let attributes: Vec<u8> = eap
        .chunks(253)
        .flat_map(|part| [&[79, u8::try_from(part.len() + 2).unwrap_or(0)], part].concat())
        .collect();
    let len = size(attributes.len() + 20);
    [&[11, 1, len[0], len[1]], [0; 16].as_slice(), &attributes].concat()
}

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let mut run = Run::new(true);
    while let (Some(who), Some(begins), Some(len)) = (script.byte(), script.byte(), script.word()) {
        let rest = script.take(usize::from(len) % 2048);
        let payload = match BEGINNINGS.get(usize::from(begins % 9)) {
            Some(beginning) => [*beginning, rest].concat(),
            None => radius(begins, rest),
        };
        run.frame(LinkType::RAW, &udp(who & 1 == 0, 4433, &payload), u32::from(who >> 7), &mut |_, _| {});
    }
    run.finish(&mut |_| {});
});
