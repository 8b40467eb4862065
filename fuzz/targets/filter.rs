//! A display filter, and what it says of some packets.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::filter::Filter;
use wirelab::pipeline::Pipeline;
use wirelab::source::{CapturedPacket, LinkType};
use wirelab_fuzz::{ACK, SYN, Tcp, tcp, udp};

fuzz_target!(|text: &str| {
    let mut filter = match Filter::parse(text) {
        Ok(filter) => filter,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let client = Tcp { from_client: true, port: 80, ..Tcp::default() };
    let dns = b"\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0\x01a\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x0a\0\x04\x7f\0\0\x01";
    let frames = [
        tcp(&Tcp { flags: SYN, ..client }),
        tcp(&Tcp { seq: 1, flags: ACK, payload: b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", ..client }),
        udp(false, 53, dns),
        b"\x45\0\0\x1c".to_vec(),
    ];
    let mut pipeline = Pipeline::new(None);
    for (data, number) in frames.iter().zip(1..) {
        let wire_len = u32::try_from(data.len()).unwrap();
        let packet = CapturedPacket { number, ts: None, wire_len, interface: 0, link: LinkType::RAW, data };
        let step = pipeline.step(&packet);
        filter.matches(&packet, &step.decoded, &step.context(&[]));
    }
});
