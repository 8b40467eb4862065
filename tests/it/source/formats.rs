//! Every format, byte order and resolution.

use wirelab::source::{Compression, LinkType, Next, PacketSource, Savefile};

use super::build::{ORDERS, Order, packed, read_all, read_bytes, small_pcap};

#[test]
fn pcap_in_both_orders_and_resolutions() {
    for order in ORDERS {
        for (magic, nanos) in [(0xa1b2_c3d4, 7_000), (0xa1b2_3c4d, 7)] {
            let file = [order.pcap_header(magic, 4), order.record(5, 7, b"bytes", 9, &[])].concat();
            let source = Savefile::from_bytes(file, "test").unwrap();
            assert_eq!(source.facts().nanoseconds, nanos == 7);
            let (packets, error) = read_all(source);
            assert!(error.is_none(), "{error:?}");
            assert_eq!(packets[0].ts.unwrap().as_nanos(), 5_000_000_000 + nanos);
            assert_eq!((packets[0].data.as_slice(), packets[0].wire_len), (b"bytes".as_slice(), 9));
        }
    }
}

#[test]
fn old_versions_swap_the_two_lengths() {
    let order = Order::Big;
    for (minor, first, second) in [(2, 9, 5), (3, 5, 9), (3, 9, 5)] {
        let record = [order.words(&[5, 7, first, second]), b"bytes".to_vec()].concat();
        let (packets, error) = read_bytes(&[order.pcap_header(0xa1b2_c3d4, minor), record].concat());
        assert!(error.is_none(), "{error:?}");
        assert_eq!((packets[0].data.len(), packets[0].wire_len), (5, 9));
    }
}

#[test]
fn record_layouts_of_patched_libpcaps_are_told_by_their_records() {
    let modified = [&[3, 0, 0, 0], &[0, 8][..], &[4, 0]].concat();
    let smp = [modified.clone(), vec![0; 4]].concat();
    let nokia = 0x9fbf_b601_u32.to_le_bytes().to_vec();
    for (magic, extra) in
        [(0xa1b2_cd34, &modified), (0xa1b2_cd34, &smp), (0xa1b2_c3d4, &modified), (0xa1b2_c3d4, &nokia)]
    {
        let order = Order::Little;
        let mut file = order.pcap_header(magic, 4);
        for seconds in 900_000_000..900_000_004 {
            file.extend(order.record(seconds, 7, &[0xee; 60], 60, extra));
        }
        let (packets, error) = read_bytes(&file);
        assert!(error.is_none(), "{magic:x} {}: {error:?}", extra.len());
        assert_eq!(packets.len(), 4);
        assert!(packets.iter().all(|packet| packet.data == [0xee; 60]), "{magic:x} {}", extra.len());
    }
}

#[test]
fn pcapng_in_both_orders_with_every_block() {
    for order in ORDERS {
        let mut source = Savefile::from_bytes(order.every_block(), "test").unwrap();
        let mut seen = Vec::new();
        while let Next::Packet(packet) = source.next_packet().unwrap() {
            seen.push((
                packet.ts.map(|ts| ts.as_nanos()),
                packet.interface,
                packet.wire_len,
                packet.data.to_vec(),
            ));
        }
        assert_eq!(
            seen,
            [
                (Some(1_000_000_007), 0, 60, b"four".to_vec()),
                (Some(1_000_001_000), 1, 7, b"seventh".to_vec()),
                (Some(7_000), 1, 3, b"old".to_vec()),
                (None, 0, 60, b"simp".to_vec()),
                (None, u32::MAX, 8, b"own data".to_vec()),
            ]
        );
        assert_eq!(source.interfaces()[0].name.as_deref(), Some("lo"));
        assert_eq!((source.interfaces()[1].link, source.interfaces()[0].snaplen), (LinkType::RAW, 4));
        let facts = source.facts();
        assert_eq!((facts.format, facts.application.as_deref()), ("pcapng", Some("a test")));
        assert!(facts.nanoseconds);
        assert_eq!((facts.comments[0].packet, facts.comments[0].text.as_str()), (Some(1), "look here"));
        assert_eq!(facts.interfaces[0].dropped, Some(0));
    }
}

#[test]
fn sections_of_different_orders_count_interfaces_on() {
    let file = [Order::Big.every_block(), Order::Little.every_block()].concat();
    let (packets, error) = read_bytes(&file);
    assert!(error.is_none(), "{error:?}");
    let interfaces: Vec<u32> = packets.iter().map(|packet| packet.interface).collect();
    assert_eq!(interfaces, [0, 1, 1, 0, u32::MAX, 2, 3, 3, 2, u32::MAX]);
}

#[test]
fn time_resolutions_and_offsets() {
    for order in ORDERS {
        let offset = |seconds: i64| match order {
            Order::Little => order.option(14, &seconds.to_le_bytes()),
            Order::Big => order.option(14, &seconds.to_be_bytes()),
        };
        for (options, units, nanos) in [
            (Vec::new(), 5, 5_000),
            (order.option(9, &[3]), 5, 5_000_000),
            (order.option(9, &[9]), 5, 5),
            (order.option(9, &[12]), 5_999, 5),
            (order.option(9, &[0x80 | 10]), 1025, 1_000_976_562),
            (order.option(9, &[127]), u64::MAX, 0),
            (order.option(9, &[255]), u64::MAX, 0),
            (offset(-2), 5, -1_999_995_000),
            (offset(3), 5, 3_000_005_000),
        ] {
            let file =
                [order.section(&[]), order.interface(1, 0, &options), order.enhanced(0, units, b"x", 1, &[])]
                    .concat();
            let (packets, error) = read_bytes(&file);
            assert!(error.is_none(), "{error:?}");
            assert_eq!(packets[0].ts.unwrap().as_nanos(), nanos, "{options:?}");
        }
    }
}

#[test]
fn packed_files_read_as_unpacked_ones_also_when_packed_twice() {
    for plain in [small_pcap(), Order::Big.every_block()] {
        let (expected, _) = read_bytes(&plain);
        for (name, once) in packed(&plain) {
            assert_eq!(read_bytes(&once).0, expected, "{name}");
            for (again, twice) in packed(&once) {
                let source = Savefile::from_reader(std::io::Cursor::new(twice), "a pipe").unwrap();
                assert_eq!(source.facts().compression.len(), 2);
                assert_eq!(source.facts().compression[1].to_string(), name, "{again}");
                let (packets, error) = read_all(source);
                assert!(error.is_none(), "{again} {name}: {error:?}");
                assert_eq!(packets, expected, "{again} {name}");
            }
        }
    }
}

#[test]
fn gzip_members_follow_each_other_and_what_follows_them_is_left_alone() {
    let plain = small_pcap();
    let (front, back) = plain.split_at(40);
    let mut file = packed(front)[0].1.clone();
    file.extend_from_slice(&packed(back)[0].1);
    file.extend_from_slice(&[0; 512]);
    let source = Savefile::from_bytes(file, "test").unwrap();
    assert_eq!(source.facts().compression, [Compression::Gzip]);
    let (packets, error) = read_all(source);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(packets, read_bytes(&plain).0);
}
