//! One frame: two bytes of link type, one of how much the capture cut, the frame.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::decode::{Decoder, MAX_LAYERS};
use wirelab::source::LinkType;
use wirelab_fuzz::Script;

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let (Some(link), Some(cut)) = (script.word(), script.byte()) else { return };
    let frame = script.0;
    let mut decoder = Decoder::new();
    let wire_len = u32::try_from(frame.len()).unwrap().saturating_add(u32::from(cut));
    let packet = decoder.decode(LinkType(link), frame, wire_len);
    assert!(packet.layers().len() <= MAX_LAYERS);
    for layer in packet.layers() {
        let len = u32::try_from(packet.buffer(layer.buffer).len()).unwrap();
        assert!(layer.start <= layer.payload && layer.payload <= layer.end.max(layer.payload), "{layer:?}");
        assert!(layer.end <= len && layer.end <= layer.claimed_end.max(layer.end), "{layer:?} of {len}");
        let _ = (packet.header(layer), packet.payload(layer), packet.is_cut(layer));
    }
    for transport in packet.transports() {
        assert!(transport.layer < packet.layers().len());
        let _ = (packet.tcp_segment(transport), packet.is_numbered(transport));
    }
});
