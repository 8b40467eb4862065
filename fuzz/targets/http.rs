//! An HTTP message, its head read and its body unpacked, and the same bytes on a connection.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::proto::http::head::Head;
use wirelab::proto::http::{Framing, body};
use wirelab::source::LinkType;
use wirelab_fuzz::{ACK, FIN, Run, Tcp, tcp};

fuzz_target!(|data: &[u8]| {
    if let Some(head) = Head::read(data) {
        assert!(head.len() <= data.len());
        let _ = (head.headers().count(), head.status(), head.list("connection").count());
        let raw = &data[head.len()..];
        for framing in [Framing::of(&head, None), Framing::Chunked] {
            let _ = body::decode(&head, framing, raw);
        }
    }
    for bodies in [false, true] {
        let mut run = Run::new(bodies);
        let (here, there) = data.split_at(data.len() / 2);
        let ask = b"GET / HTTP/1.1\r\n\r\n";
        for (from_client, seq, payload) in
            [(true, 1, &ask[..]), (false, 1, here), (false, 1 + here.len(), there)]
        {
            let flags = if payload.as_ptr() == there.as_ptr() { ACK | FIN } else { ACK };
            let seq = u32::try_from(seq).unwrap();
            let segment = Tcp { from_client, port: 80, seq, flags, payload, ..Tcp::default() };
            run.frame(LinkType::RAW, &tcp(&segment), 0, &mut |_, _| {});
        }
        run.finish(&mut |_| {});
    }
});
