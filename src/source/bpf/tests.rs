use super::*;

/// An Ethernet frame with IPv4 and UDP to `port`, `payload` zero bytes long.
fn udp(port: u16, payload: usize) -> Vec<u8> {
    let mut frame = vec![0; 12];
    let ip_len = u16::try_from(28 + payload).unwrap().to_be_bytes();
    frame.extend([8, 0, 0x45, 0, ip_len[0], ip_len[1], 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2]);
    let [high, low] = port.to_be_bytes();
    frame.extend([0x30, 0x39, high, low, 0, 8, 0, 0]);
    frame.resize(frame.len() + payload, 0);
    frame
}

fn passes(expression: &str, link: LinkType, data: &[u8], wire_len: u32) -> bool {
    BpfFilter::compile(expression, link).unwrap().matches(data, wire_len)
}

#[test]
fn each_link_type_gets_its_own_program() {
    let frame = udp(53, 10);
    let mut set = BpfSet::new("udp dst port 53 and dst host 127.0.0.2").unwrap();
    assert!(set.matches_bytes(LinkType::ETHERNET, &frame, 52).unwrap());
    assert!(set.matches_bytes(LinkType::RAW, &frame[14..], 38).unwrap());
    assert!(!set.matches_bytes(LinkType::RAW, &frame, 52).unwrap());
}

#[test]
fn lengths_are_those_on_the_wire() {
    let frame = udp(53, 1000);
    let wire_len = u32::try_from(frame.len()).unwrap();
    let snapped = &frame[..60];
    assert!(passes("greater 1000", LinkType::ETHERNET, snapped, wire_len));
    assert!(!passes("less 60", LinkType::ETHERNET, snapped, wire_len));
    assert!(passes(&format!("len = {wire_len}"), LinkType::ETHERNET, snapped, wire_len));
}

#[test]
fn bytes_that_were_cut_off_reject() {
    let frame = udp(53, 10);
    assert!(passes("udp port 53", LinkType::ETHERNET, &frame[..38], 52));
    for cut in 0..38 {
        assert!(!passes("udp port 53", LinkType::ETHERNET, &frame[..cut], 52), "cut at {cut}");
    }
}

#[test]
fn the_empty_expression_passes_everything() {
    assert!(passes("", LinkType::ETHERNET, &[], 0));
    assert!(!BpfSet::new("").unwrap().matches_bytes(LinkType::CUSTOM_BLOCK, &[0; 60], 60).unwrap());
}

#[test]
fn a_display_filter_is_recognised() {
    let error = BpfSet::new("tcp.port == 80").unwrap_err().to_string();
    assert!(error.starts_with("filter \"tcp.port == 80\": "), "{error}");
    assert!(error.ends_with("or -f 'tcp port 80'"), "{error}");
}

#[test]
fn a_mistake_is_told_at_once() {
    // Where nothing may be looked up, a mistyped word could be a name and does not reach libpcap.
    let error = BpfSet::new("prot 80").unwrap_err();
    assert!(matches!(error, BpfError::Refused { hint: None, .. } | BpfError::NameLookup { .. }), "{error}");
    for expression in ["port", "host", "tcp port 99999999", "(", "port 80 and", "tcp\0"] {
        let error = BpfSet::new(expression).unwrap_err();
        assert!(matches!(error, BpfError::Refused { .. }), "{expression}: {error}");
        assert!(!error.to_string().contains("display filter"), "{error}");
        assert!(!error.to_string().contains("libpcap error"), "{error}");
    }
}

#[test]
fn what_only_a_live_capture_knows_is_refused() {
    assert!(matches!(BpfSet::new("inbound"), Err(BpfError::LiveOnly { .. })));
}

#[test]
fn an_expression_for_another_link_type_waits_for_its_packets() {
    let mut set = BpfSet::new("wlan type mgt").unwrap();
    assert!(set.matches_bytes(LinkType::ETHERNET, &udp(53, 0), 42).is_err());
    // Radio frames: a beacon (management) and a data frame.
    assert!(set.matches_bytes(LinkType::IEEE802_11, &[0x80; 24], 24).unwrap());
    assert!(!set.matches_bytes(LinkType::IEEE802_11, &[0x08; 24], 24).unwrap());
}

#[test]
fn link_types_are_capped() {
    let mut set = BpfSet::new("greater 1").unwrap();
    let refused = (1000..2000).filter(|n| {
        matches!(set.matches_bytes(LinkType(*n), &[0], 5), Err(BpfError::TooManyLinkTypes { .. }))
    });
    assert_eq!(refused.count(), 1001 - MAX_LINK_TYPES);
}

#[test]
fn ipv6_header_chains_end() {
    // Hop-by-hop options that point to themselves, to the end of the packet.
    let mut packet = vec![0x60, 0, 0, 0, 0xff, 0xff, 0, 64];
    packet.resize(40, 1);
    packet.resize(65_000, 0);
    assert!(!passes("ip6 protochain 6", LinkType::RAW, &packet, 65_000));
    packet.truncate(40);
    packet.extend([6, 0, 0, 0, 0, 0, 0, 0]);
    assert!(passes("ip6 protochain 6", LinkType::IPV6, &packet, 48));
}
