//! TLS records, and the same bytes as a handshake, as hellos and as a certificate.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::proto::tls::{CertificateFacts, ClientHello, Extensions, Handshakes, ServerHello, certificates};
use wirelab::source::LinkType;
use wirelab_fuzz::{ACK, Run, Tcp, tcp};

fn hello(body: &[u8]) {
    for datagrams in [false, true] {
        if let Some(hello) = ClientHello::read(body, datagrams) {
            let _ = (hello.cipher_suites().count(), hello.alpn().count(), hello.versions().count());
            extensions(&hello.extensions);
        }
    }
    if let Some(hello) = ServerHello::read(body) {
        let _ = (hello.chosen_version(), hello.is_retry(), hello.alpn());
    }
    for tls13 in [false, true] {
        certificates(body, tls13).for_each(|der| drop(CertificateFacts::read(der)));
    }
}

fn extensions(extensions: &Extensions<'_>) {
    let _ = (extensions.iter().count(), extensions.server_names().count(), extensions.alpn().count());
}

fuzz_target!(|data: &[u8]| {
    drop(CertificateFacts::read(data));
    hello(data);
    Handshakes::new(data).for_each(|message| hello(message.body));
    let mut run = Run::new(true);
    let (here, there) = data.split_at(data.len() / 2);
    for (from_client, seq, payload) in [(true, 1, data), (false, 1, here), (false, 1 + here.len(), there)] {
        let seq = u32::try_from(seq).unwrap();
        let segment = Tcp { from_client, port: 443, seq, flags: ACK, payload, ..Tcp::default() };
        run.frame(LinkType::RAW, &tcp(&segment), 0, &mut |_, _| {});
    }
    run.finish(&mut |_| {});
});
