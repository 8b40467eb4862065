//! A savefile of any kind, through every stage.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::source::{Next, PacketSource, Savefile};
use wirelab_fuzz::Run;

/// A compressed file may hold more packets than there is time for.
const MOST: usize = 2000;

fuzz_target!(|data: &[u8]| {
    let Ok(mut source) = Savefile::from_bytes(data.to_vec(), "fuzz") else { return };
    let mut run = Run::new(true);
    for _ in 0..MOST {
        match source.next_packet() {
            Ok(Next::Packet(packet, interfaces)) => run.packet(&packet, interfaces, &mut |_, _| {}),
            Ok(Next::Tick) => panic!("a whole file has no quiet moments"),
            Ok(Next::End) => break,
            Err(_) => {
                assert!(matches!(source.next_packet(), Ok(Next::End)), "an error is the last but the end");
                break;
            }
        }
    }
    run.finish(&mut |_| {});
});
