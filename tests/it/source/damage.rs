//! Cut at every byte, changed at random, and claiming what is not there.

use proptest::prelude::*;
use wirelab::source::SourceError;

use super::build::{Order, packed, read_bytes, small_pcap};

/// Offsets at which a reader may stop without anything missing.
fn borders(file: &[u8], first: usize, len_at: usize, plus: usize) -> Vec<usize> {
    let mut borders = vec![first];
    let mut at = first;
    while at < file.len() {
        let len = u32::from_le_bytes(file[at + len_at..at + len_at + 4].try_into().unwrap());
        at += usize::try_from(len).unwrap() + plus;
        borders.push(at);
    }
    borders
}

#[test]
fn a_file_cut_at_any_byte_gives_every_whole_packet_and_says_where() {
    let (pcap, pcapng) = (small_pcap(), Order::Little.every_block());
    let pcap_borders = borders(&pcap, 24, 8, 16);
    let pcapng_borders = borders(&pcapng, 0, 4, 0);
    for (file, borders) in [(pcap, pcap_borders), (pcapng, pcapng_borders)] {
        let (whole, _) = read_bytes(&file);
        let mut most = 0;
        for end in 4..=file.len() {
            let (packets, error) = read_bytes(&file[..end]);
            assert_eq!(packets, whole[..packets.len()], "cut at {end}");
            assert!(packets.len() >= most, "cut at {end}");
            most = packets.len();
            match error {
                None => assert!(borders.contains(&end), "cut at {end} unseen"),
                Some(SourceError::Cut { place, .. }) => {
                    let at = borders.iter().rev().find(|border| **border <= end).copied().unwrap_or(0);
                    // A block that is skipped is consumed as it comes: the place is then within it.
                    let offset = usize::try_from(place.offset).unwrap();
                    assert!((at..=end).contains(&offset), "cut at {end}: {place}");
                    assert_eq!(place.after, packets.len() as u64);
                    assert!(!borders.contains(&end), "a whole record at {end} called cut");
                }
                Some(other) => panic!("cut at {end}: {other}"),
            }
        }
        assert_eq!(most, whole.len());
    }
}

#[test]
fn a_packed_file_cut_at_any_byte_gives_a_beginning_and_an_error() {
    let plain = small_pcap();
    let (whole, _) = read_bytes(&plain);
    for (name, file) in packed(&plain) {
        for end in 4..file.len() {
            let (packets, error) = read_bytes(&file[..end]);
            assert_eq!(packets, whole[..packets.len()], "{name} cut at {end}");
            assert!(error.is_some(), "{name} cut at {end} of {} unseen", file.len());
        }
    }
}

#[test]
fn damage_in_gzip_is_told_after_the_packets_before_it() {
    let order = Order::Little;
    let mut plain = order.pcap_header(0xa1b2_c3d4, 4);
    for number in 0..2_000_u32 {
        plain.extend(order.record(
            number,
            0,
            &number.wrapping_mul(0x9e37_79b9).to_le_bytes().repeat(20),
            80,
            &[],
        ));
    }
    let mut file = packed(&plain)[0].1.clone();
    let middle = file.len() / 2;
    file[middle..middle + 64].fill(0xff);
    let (packets, error) = read_bytes(&file);
    let (whole, _) = read_bytes(&plain);
    assert!(packets.len() > 200, "{} packets", packets.len());
    let same = packets.iter().zip(&whole).take_while(|(ours, theirs)| ours == theirs).count();
    assert!(same > 200, "{same} packets before the damage");
    let error = error.unwrap().to_string();
    assert!(error.contains("of the decompressed data, after packet"), "{error}");

    // The checksum at the end counts too.
    let mut file = packed(&plain)[0].1.clone();
    let crc = file.len() - 8;
    file[crc] ^= 1;
    let (packets, error) = read_bytes(&file);
    assert_eq!(packets.len(), 2_000);
    assert!(error.unwrap().to_string().contains("checksum"));
}

#[test]
fn lengths_that_lie_are_named_and_cost_no_memory() {
    let order = Order::Little;
    let pcap =
        [order.pcap_header(0xa1b2_c3d4, 4), order.words(&[1, 1, 2_000_000_000, 60]), vec![0; 100]].concat();
    let packet = [
        order.section(&[]),
        order.interface(1, 0, &[]),
        order.block(6, &order.words(&[0, 0, 0, 2_000_000_000, 60])),
    ];
    let block = [order.section(&[]), order.words(&[6, 2_000_000_000, 0, 0, 0, 60, 60])].concat();
    let unpadded = [order.section(&[]), order.words(&[6, u32::MAX, 0])].concat();
    let tiny = [order.section(&[]), order.words(&[6, 8, 8, 0])].concat();
    let stranger = [order.section(&[]), order.enhanced(3, 0, b"x", 1, &[])].concat();
    let option = [order.section(&order.words(&[0xffff_0001])), order.interface(1, 0, &[])].concat();
    for (file, says, at) in [
        (pcap, "a packet of 2000000000 bytes", 24),
        (packet.concat(), "a packet of 2000000000 bytes", 48),
        (block, "a block of 2000000000 bytes", 28),
        (unpadded, "a block of 4294967295 bytes", 28),
        (tiny, "a block of 8 bytes", 28),
        (stranger, "a packet of interface 3; this section describes 0", 28),
        (option, "an option of 65535 bytes where 0 are left", 0),
    ] {
        match read_bytes(&file).1 {
            Some(SourceError::Damaged { place, what, .. }) => {
                assert!(what.contains(says), "{what}");
                assert_eq!(place.offset, at, "{what}");
            }
            other => panic!("{says}: {other:?}"),
        }
    }
    // Of a type that is not looked into, a block may claim 2 GB: it is skipped, and found to be cut.
    let file = [order.section(&[]), order.words(&[0x77, 2_000_000_000, 0])].concat();
    assert!(matches!(read_bytes(&file).1, Some(SourceError::Cut { .. })));
}

proptest! {
    #[test]
    fn any_bytes_behind_any_magic_end(magic in 0..8_usize, rest in proptest::collection::vec(any::<u8>(), 0..600)) {
        let magics: [&[u8]; 8] = [
            b"", b"\xd4\xc3\xb2\xa1", b"\x34\xcd\xb2\xa1\x02\0\x04\0", b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0",
            b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18",
        ];
        let (packets, _) = read_bytes(&[magics[magic], &rest].concat());
        prop_assert!(packets.len() <= rest.len() / 12);
    }

    #[test]
    fn a_changed_byte_ends_in_packets_and_at_most_one_error(
        which in 0..8_usize, at in any::<prop::sample::Index>(), change in 1..=255_u8,
    ) {
        let plain = [small_pcap(), Order::Big.every_block()];
        let files: Vec<Vec<u8>> = plain.iter().cloned()
            .chain(plain.iter().flat_map(|file| packed(file).map(|(_, bytes)| bytes))).collect();
        let mut file = files[which].clone();
        let at = at.index(file.len());
        file[at] ^= change;
        let (packets, _) = read_bytes(&file);
        prop_assert!(packets.len() <= 16);
    }
}
