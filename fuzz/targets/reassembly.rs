//! A script of segments of one stream, all of which tell the same bytes: what is delivered is that stream, in order, with
//! gaps of the right length. Four bytes a step: what happens, how much, and where.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::flow::{PacketStamp, Reassembler, Segment, SeqNumber, StreamEvent};
use wirelab_fuzz::Script;

/// Two bytes of the stream are rarely the same.
fn byte_at(position: u64) -> u8 {
    (position % 251) as u8
}

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let Some(first) = script.byte() else { return };
    // Near the end of the sequence numbers, so that they wrap.
    let begin = u32::MAX - u32::from(first);
    let mut stream =
        if first % 2 == 0 { Reassembler::new() } else { Reassembler::forgetful(SeqNumber(begin)) };
    let (mut position, mut ends, mut number) = (0_u64, 0, 0);
    let mut begun = first % 2 == 1;
    let mut check = |event: StreamEvent<'_>| match event {
        StreamEvent::Data { bytes, .. } => {
            assert!(!bytes.is_empty());
            for &byte in bytes {
                assert_eq!(byte, byte_at(position), "at {position}");
                position += 1;
            }
        }
        StreamEvent::Gap { len, .. } => {
            assert!(len > 0);
            position += len;
        }
        StreamEvent::End => ends += 1,
        StreamEvent::Reset => {}
    };
    while let (Some(what), Some(len), Some(at)) = (script.byte(), script.byte(), script.word()) {
        number += 1;
        let len = u32::from(len) << (what % 4);
        let rst = what & 0xc0 == 0xc0;
        // A stream begins where its first segment does, which no empty RST is.
        let at = if begun { at % 4096 } else { 0 };
        begun |= what & 8 == 0 && !(rst && len == 0);
        let wire: Vec<u8> = (0..u64::from(len)).map(|n| byte_at(u64::from(at) + n)).collect();
        let had = if what & 4 == 0 { wire.len() } else { wire.len() / 2 };
        let segment = Segment {
            seq: SeqNumber(begin.wrapping_add(u32::from(at))),
            syn: false,
            fin: what & 0x30 == 0x30,
            rst,
            payload: &wire[..had],
            payload_len: len,
            packet: PacketStamp { number, ts: None },
        };
        if what & 8 == 0 {
            stream.segment(&segment, &mut check);
        } else {
            stream.acked(segment.seq, &mut check);
        }
    }
    stream.finish(&mut check);
    assert_eq!(stream.buffered_bytes(), 0);
    assert_eq!(stream.conflicts(), 0, "no segment says another thing");
    assert!(ends <= 1);
});
