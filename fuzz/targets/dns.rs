//! A DNS message, read by itself, in a datagram, and on a stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::proto::dns::Message;
use wirelab::source::LinkType;
use wirelab_fuzz::{ACK, Run, Tcp, tcp, udp};

fuzz_target!(|data: &[u8]| {
    let message = Message::read(data);
    let _ = (message.rcode(), message.edns().map(|edns| edns.options().count()));
    let mut run = Run::new(true);
    for port in [53, 5353, 5355] {
        run.frame(LinkType::RAW, &udp(false, port, data), 0, &mut |_, _| {});
    }
    let mut payload = u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
    payload.extend(data);
    let segment = Tcp { port: 53, seq: 1, flags: ACK, payload: &payload, ..Tcp::default() };
    run.frame(LinkType::RAW, &tcp(&segment), 0, &mut |_, _| {});
    run.finish(&mut |_| {});
});
