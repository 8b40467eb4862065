//! Frames of one link type, through every stage to their fields. Two bytes of link type; then of each frame two bytes of
//! length, one of how much the capture cut, and the frame.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::source::LinkType;
use wirelab_fuzz::{Run, Script};

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let Some(link) = script.word() else { return };
    let mut run = Run::new(true);
    while let (Some(len), Some(cut)) = (script.word(), script.byte()) {
        let frame = script.take(usize::from(len));
        run.frame(LinkType(link), frame, u32::from(cut), &mut |_, _| {});
    }
    run.finish(&mut |_| {});
});
