//! Segments of one connection in any order, with holes, repeats, resets and beginnings in the middle. One byte says which
//! port; then of each segment: what it is, how far from the next number it is, how long, and its payload.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::source::LinkType;
use wirelab_fuzz::{ACK, FIN, RST, Run, SYN, Script, Tcp, tcp};

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let Some(first) = script.byte() else { return };
    let port = [53, 80, 443, 8080][usize::from(first % 4)];
    let mut run = Run::new(first & 4 == 0);
    let mut next = [1_u32, 1];
    while let (Some(what), Some(away), Some(len)) = (script.byte(), script.byte(), script.word()) {
        let from_client = what & 1 == 0;
        let side = usize::from(what & 1);
        let payload = script.take(usize::from(len) % 2048);
        // Mostly the next bytes; else some before or behind them.
        let seq = if what & 6 == 0 {
            next[side].wrapping_add(u32::from(away)).wrapping_sub(64)
        } else {
            next[side]
        };
        let flag = |bits, flag| if what & 0xf0 == bits { flag } else { 0 };
        let flags = ACK | flag(0x10, FIN) | flag(0x20, RST) | flag(0x30, SYN);
        let segment = Tcp { from_client, port, seq, ack: next[1 - side], flags, payload, ..Tcp::default() };
        let missing = if what & 8 == 0 { 0 } else { u32::from(away) };
        let end = seq.wrapping_add(u32::try_from(payload.len()).unwrap());
        next[side] = end.wrapping_add(u32::from(flags & (SYN | FIN) != 0));
        run.frame(LinkType::RAW, &tcp(&segment), missing, &mut |_, _| {});
    }
    run.finish(&mut |_| {});
});
