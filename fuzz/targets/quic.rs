//! Initial packets of QUIC, rightly protected. Of each: one byte for whose it is and whether it begins with a CRYPTO frame, two
//! for where in the handshake that stands, two for how long what follows is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::proto::quic::{Header, crypto};
use wirelab::source::LinkType;
use wirelab_fuzz::{Initial, Run, Script, udp};

fuzz_target!(|data: &[u8]| {
    let _ = (Header::read(data), crypto(data).count());
    let keys = [Initial::new(true), Initial::new(false)];
    let mut script = Script(data);
    let mut run = Run::new(true);
    let mut number = 0;
    while let (Some(what), Some(at), Some(len)) = (script.byte(), script.word(), script.word()) {
        let rest = script.take(usize::from(len) % 4096);
        let mut frames = Vec::new();
        if what & 2 != 0 {
            let len = u16::try_from(rest.len()).unwrap();
            frames.extend([6, 0x80, u8::from(what & 4 != 0)]);
            frames.extend(at.to_be_bytes());
            frames.extend((len | 0x4000).to_be_bytes());
        }
        frames.extend(rest);
        let side = usize::from(what & 1);
        let packet = keys[side].packet(number, &frames);
        number += 1 + u32::from(what >> 4);
        run.frame(LinkType::RAW, &udp(side == 0, 443, &packet), 0, &mut |_, _| {});
    }
    run.finish(&mut |_| {});
});
