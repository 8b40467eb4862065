//! A savefile of any kind, through every report, in every form that reports are written in. The packets are also saved again as
//! pcapng, and read from that they are the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::source::{LinkType, Next, PacketSource, SaveFormat, Savefile, SavefileWriter};
use wirelab_fuzz::Reports;

/// All reports of a packet take their time: so many packets, and as many as begin within so many bytes.
const MOST: usize = 24;
const MOST_BYTES: usize = 8 << 10;

fuzz_target!(|data: &[u8]| {
    let Ok(mut source) = Savefile::from_bytes(data.to_vec(), "fuzz") else { return };
    let mut reports = Reports::new(data.len() % 2 == 0);
    let mut writer = SavefileWriter::new(Vec::new(), SaveFormat::Pcapng);
    let mut saved = Vec::new();
    let (mut packets, mut bytes) = (0, 0);
    while packets < MOST && bytes < MOST_BYTES {
        let Ok(Next::Packet(packet, interfaces)) = source.next_packet() else { break };
        (packets, bytes) = (packets + 1, bytes + packet.data.len());
        reports.packet(&packet, interfaces);
        let interface = usize::try_from(packet.interface).ok().and_then(|place| interfaces.get(place));
        if let Some(interface) = interface
            && writer.write(&packet, interface).is_ok()
        {
            saved.push((packet.ts, packet.wire_len, packet.link, packet.data.to_vec()));
        }
    }
    reports.finish(source.facts(), source.interfaces());
    let Ok(written) = writer.finish(LinkType::RAW) else { return };
    let mut again = Savefile::from_bytes(written, "again").unwrap();
    for packet in &saved {
        let Ok(Next::Packet(read, _)) = again.next_packet() else { panic!("{packet:?} is missing") };
        assert_eq!((read.ts, read.wire_len, read.link, read.data.to_vec()), *packet);
    }
    assert!(matches!(again.next_packet(), Ok(Next::End)));
});
