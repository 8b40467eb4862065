//! A savefile of any kind, through every stage.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::source::{Next, PacketSource, Savefile};
use wirelab_fuzz::Run;

/// A compressed file may hold more than there is time for: so many packets, and as many as begin within so many bytes.
const MOST: usize = 200;
const MOST_BYTES: usize = 64 << 10;

fuzz_target!(|data: &[u8]| {
    let Ok(mut source) = Savefile::from_bytes(data.to_vec(), "fuzz") else { return };
    let mut run = Run::new(true);
    let (mut packets, mut bytes) = (0, 0);
    while packets < MOST && bytes < MOST_BYTES {
        match source.next_packet() {
            Ok(Next::Packet(packet, interfaces)) => {
                (packets, bytes) = (packets + 1, bytes + packet.data.len());
                run.packet(&packet, interfaces, &mut |_, _| {});
            }
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
