//! IP payload that is packed (RFC 3173). Of each packet: one byte for what is packed, and how often one in the other; two for
//! how long it is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::source::LinkType;
use wirelab_fuzz::{Run, Script, ipv4};

/// IP's number of IPComp.
const IP_COMP: u8 = 108;

/// What may be in it: IPv4, TCP, UDP, IPv6, a fragment, ESP, ICMPv6, IPComp.
const INNER: [u8; 8] = [4, 6, 17, 41, 44, 50, 58, IP_COMP];

/// `bytes` as DEFLATE has them that does not pack them: stored blocks (RFC 1951 section 3.2.4).
fn stored(bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).unwrap();
    let mut out = vec![1];
    out.extend(len.to_le_bytes());
    out.extend((!len).to_le_bytes());
    out.extend(bytes);
    out
}

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let mut run = Run::new(true);
    while let (Some(what), Some(len)) = (script.byte(), script.word()) {
        let mut next = INNER[usize::from(what % 8)];
        let mut payload = script.take(usize::from(len) % 4096).to_vec();
        // Bytes of the fuzzer's own are unpacked, too.
        if what & 0x80 != 0 {
            payload = [&[next, 0, 0, 2], payload.as_slice()].concat();
            next = IP_COMP;
        }
        for _ in 0..what >> 3 & 7 {
            payload = [&[next, 0, 0, 2], stored(&payload).as_slice()].concat();
            next = IP_COMP;
        }
        run.frame(LinkType::RAW, &ipv4(next, true, &payload), 0, &mut |_, _| {});
    }
    run.finish(&mut |_| {});
});
