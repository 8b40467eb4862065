use proptest::prelude::*;

use super::*;

/// A message with these options behind its cookie.
pub(super) fn message(options: &[u8]) -> Vec<u8> {
    let mut bytes = vec![1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78, 0, 7, 0x80, 0];
    bytes.extend([[192, 0, 2, 1], [192, 0, 2, 2], [192, 0, 2, 3], [192, 0, 2, 4]].concat());
    bytes.extend([2, 0, 0, 0, 0, 1]);
    bytes.resize(FIXED_BYTES, 0);
    bytes.extend(COOKIE);
    bytes.extend(options);
    bytes
}

#[test]
fn a_header_is_read_field_by_field() {
    let bytes = message(&[]);
    let header = Header::read(&bytes).unwrap();
    assert_eq!((header.op, header.id, header.seconds, header.flags), (1, 0x1234_5678, 7, 0x8000));
    let addresses = [header.client, header.yours, header.server, header.relay];
    assert_eq!(addresses.map(|address| address.octets()[3]), [1, 2, 3, 4]);
    assert_eq!(header.mac(), Some([2, 0, 0, 0, 0, 1]));
    assert_eq!(Header::read(&bytes[..43]), None);
    let mut other = bytes.clone();
    other[1] = 7;
    assert_eq!(Header::read(&other).unwrap().mac(), None);
}

#[test]
fn options_padding_and_end_are_told() {
    let bytes = message(&[53, 1, 5, 0, 0, 6, 8, 8, 8, 8, 8, 8, 8, 4, 4, 12, 3, b'a', 0, b'b', 255, 0, 0]);
    let read = Message::read(&bytes).unwrap();
    assert_eq!(read.kind(), Some(5));
    assert_eq!(kind_name(5), Some("ACK"));
    let servers: Vec<_> = read.addresses(code::DOMAIN_NAME_SERVER).collect();
    assert_eq!(servers, [Ipv4Addr::new(8, 8, 8, 8), Ipv4Addr::new(8, 8, 4, 4)]);
    assert_eq!(read.address(code::DOMAIN_NAME_SERVER), Some(Ipv4Addr::new(8, 8, 8, 8)));
    assert_eq!(read.text(code::HOST_NAME), Some(&b"a"[..]));
    assert_eq!((read.seconds(code::LEASE_TIME), read.damage()), (None, None));
    let rest: Vec<_> = read.items().filter(|item| item.option().is_none()).collect();
    assert_eq!(rest, [Item::Padding { at: 243, len: 2 }, Item::End { at: 260, rest: 2 }]);
}

#[test]
fn overloaded_names_hold_options_too() {
    let mut bytes = message(&[52, 1, 3, 255]);
    bytes[44..49].copy_from_slice(&[12, 2, b's', b'n', 255]);
    bytes[108..113].copy_from_slice(&[53, 1, 2, 12, 1]);
    bytes[113..115].copy_from_slice(b"f\xff");
    let read = Message::read(&bytes).unwrap();
    assert_eq!(read.overload(), 3);
    assert_eq!(read.kind(), Some(2));
    // The server's name comes last.
    assert_eq!(read.value(code::HOST_NAME), Some(&b"sn"[..]));
    // An option 52 in there does not open anything again.
    bytes[242] = 1;
    bytes[108..112].copy_from_slice(&[52, 1, 2, 255]);
    assert_eq!(Message::read(&bytes).unwrap().value(code::HOST_NAME), None);
}

#[test]
fn what_overruns_ends_the_options_and_is_told() {
    let bytes = message(&[53, 1, 1, 12, 200, b'a', b'b']);
    let read = Message::read(&bytes).unwrap();
    assert_eq!(read.kind(), Some(1));
    assert_eq!(read.damage(), Some(Damage::Overrun { code: 12, len: 200, had: 2 }));
    let bytes = message(&[53, 1, 1, 12]);
    assert_eq!(Message::read(&bytes).unwrap().damage(), Some(Damage::NoLength { code: 12 }));
    let items: Vec<_> = Suboptions::of(&[1, 2, b'a', b'b', 2, 9, b'x']).collect();
    let expected = [
        Item::Option(Opt { at: 0, code: 1, value: b"ab" }),
        Item::Overrun { at: 4, code: 2, len: 9, had: 1 },
    ];
    assert_eq!(items, expected);
}

#[test]
fn bootp_without_a_cookie_has_no_options() {
    let mut bytes = message(&[53, 1, 1, 255]);
    bytes[FIXED_BYTES] = 0;
    let read = Message::read(&bytes).unwrap();
    assert!(!read.has_options());
    assert_eq!((read.kind(), read.all_items().count()), (None, 0));
    assert!(is_dhcp(&bytes) && !has_cookie(&bytes));
    assert!(!is_dhcp(b"\x01\x01\x06"));
    assert!(!is_dhcp(&[b'G'; 300]));
}

proptest! {
    #[test]
    fn any_options_are_walked_to_an_end(options in proptest::collection::vec(prop_oneof![any::<u8>(), 0_u8..4, Just(52), Just(255)], 0..200), cut in 0_usize..500) {
        let bytes = message(&options);
        let bytes = &bytes[..cut.min(bytes.len())];
        if let Some(read) = Message::read(bytes) {
            let mut last = None;
            for item in read.items() {
                if let Item::Option(option) = item {
                    prop_assert!(Some(option.at) > last);
                    prop_assert_eq!(&bytes[option.at + 2..option.at + 2 + option.value.len()], option.value);
                    last = Some(option.at);
                    prop_assert!(Suboptions::of(option.value).count() <= option.value.len());
                }
            }
            prop_assert!(read.all_items().count() <= bytes.len() + 3);
            let _ = (read.kind(), read.damage());
        }
    }
}
