//! Fields of DHCP messages; the values are tshark 4.0.17's for the same bytes.

use etherparse::PacketBuilder;

use super::transport::testing::Wire;

/// A request of a client with these options behind its cookie, from port 68 to this one.
fn message(options: &[u8]) -> Vec<u8> {
    let mut bytes = vec![1, 1, 6, 0, 0, 0, 0x12, 0x34, 0, 0, 0, 0];
    bytes.resize(28, 0);
    bytes.extend([2, 0, 0, 0, 0, 1]);
    bytes.resize(236, 0);
    bytes.extend([0x63, 0x82, 0x53, 0x63, 53, 1, 1]);
    bytes.extend(options);
    bytes
}

fn sent(port: u16, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let step = PacketBuilder::ipv4([0; 4], [255; 4], 64).udp(68, port);
    step.write(&mut bytes, message).unwrap();
    bytes
}

/// What `fields` of a request with these options say.
fn told(options: &[u8], fields: &str) -> String {
    Wire::default().line(&sent(67, &message(options)), fields)
}

#[test]
fn the_header_is_told_field_by_field() {
    let fields = "dhcp.type dhcp.hw.type dhcp.hw.len dhcp.id dhcp.secs dhcp.secs_le dhcp.flags dhcp.flags.bc dhcp.ip.your \
                  dhcp.hw.mac_addr dhcp.hw.addr_padding dhcp.server dhcp.cookie";
    assert_eq!(
        told(&[255], fields),
        "1 | 0x01 | 6 | 0x00001234 | 0 |  | 0x0000 | 0 | 0.0.0.0 | 02:00:00:00:00:01 | 00000000000000000000 |  | 99.130.83.99"
    );
    let mut bytes = message(&[255]);
    (bytes[8], bytes[10]) = (5, 0x80);
    (bytes[1], bytes[2]) = (7, 1);
    let fields = "dhcp.secs dhcp.secs_le dhcp.flags.bc dhcp.hw.addr dhcp.hw.addr_padding dhcp.hw.mac_addr";
    assert_eq!(
        Wire::default().line(&sent(67, &bytes), fields),
        "5 | 1 | 1 | 02000000000100000000000000000000 | 000000000100000000000000000000 | "
    );
}

#[test]
fn options_are_told_in_order_with_their_padding_and_end() {
    let options = [0, 0, 0, 12, 1, b'x', 3, 8, 192, 0, 2, 1, 192, 0, 2, 2, 255, 0, 0];
    let fields = "dhcp.option.type dhcp.option.length dhcp.option.end dhcp.option.padding dhcp.option.dhcp \
                  dhcp.option.hostname dhcp.option.router dhcp.end_option_missing";
    assert_eq!(
        told(&options, fields),
        "53,0,12,3,0 | 1,1,8 | 255 | 000000,0000 | 1 | x | 192.0.2.1,192.0.2.2 | "
    );
    assert_eq!(told(&[], fields), "53 | 1 |  |  | 1 |  |  | 1");
}

#[test]
fn wrong_lengths_and_overruns_are_told() {
    let fields =
        "dhcp.option.type dhcp.option.length dhcp.bad_length dhcp.option.router dhcp.option.hostname";
    assert_eq!(told(&[3, 2, 1, 2, 255], fields), "53,3,0 | 1,2 | 1 |  | ");
    assert_eq!(told(&[12, 200, b'a', b'b'], fields), "53,12 | 1,200 |  |  | ");
    let fields = "dhcp.option.type dhcp.option.agent_information_option.suboption dhcp.missing_subopt_value \
                  dhcp.missing_subopt_length";
    assert_eq!(told(&[82, 4, 1, 200, b'a', b'b', 255], fields), "53,82,0 | 1 | 1 | ");
    assert_eq!(told(&[82, 1, 1, 255], fields), "53,82,0 |  |  | 1");
}

#[test]
fn names_that_hold_options_are_told_below_the_one_that_says_so() {
    let mut bytes = message(&[52, 1, 3, 255]);
    bytes[44..49].copy_from_slice(&[12, 2, b's', b'n', 255]);
    bytes[108..112].copy_from_slice(&[15, 2, b'b', b'f']);
    let fields = "dhcp.option.type dhcp.option.hostname dhcp.option.domain_name dhcp.server \
                  dhcp.server_name_overloaded_by_dhcp dhcp.option.option_overload.file_end_missing";
    assert_eq!(Wire::default().line(&sent(67, &bytes), fields), "53,52,12,0,15,0,0 | sn | bf |  | 1 | 1");
}

#[test]
fn identifiers_names_routes_and_relays_are_told() {
    let fields = "dhcp.hw.type dhcp.hw.mac_addr dhcp.client_id.type dhcp.client_id.undef";
    assert_eq!(
        told(&[61, 7, 1, 2, 0, 0, 0, 0, 9, 255], fields),
        "0x01,0x01 | 02:00:00:00:00:01,02:00:00:00:00:09 |  | "
    );
    assert_eq!(told(&[61, 3, 0, b'h', b'i', 255], fields), "0x01 | 02:00:00:00:00:01 | 0 | hi");
    let duid = [61, 19, 255, 1, 2, 3, 4, 0, 1, 0, 1, 5, 5, 5, 5, 2, 0, 0, 0, 0, 1, 255];
    let fields =
        "dhcp.client_id.iaid dhcp.client_id.duid_type dhcp.client_id.time dhcp.client_id.link_layer_address";
    assert_eq!(told(&duid, fields), "01020304 | 1 | 84215045 | 02:00:00:00:00:01");
    let fields = "dhcp.fqdn.flags dhcp.fqdn.s dhcp.fqdn.e dhcp.fqdn.name";
    assert_eq!(told(&[&[81, 5, 1, 0, 0][..], b"a.", &[255]].concat(), fields), "0x01 | 1 | 0 | a.");
    assert_eq!(told(&[81, 8, 5, 0, 0, 1, b'a', 1, b'b', 0, 255], fields), "0x05 | 1 | 1 | a.b");
    let search = [119, 9, 1, b'a', 1, b'b', 0, 1, b'c', 0xc0, 2, 255];
    assert_eq!(told(&search, "dhcp.option.dhcp_dns_domain_search_list_fqdn"), "a.b,c.b");
    let routes = [121, 13, 24, 10, 0, 0, 10, 0, 0, 1, 0, 10, 0, 0, 2, 255];
    assert_eq!(told(&routes, "dhcp.option.classless_static_route"), "180a00000a000001,000a000002");
    let relay = [82, 10, 1, 2, b'c', b'd', 5, 4, 192, 0, 2, 0, 255];
    let fields = "dhcp.option.agent_information_option.suboption dhcp.option.suboption_length \
                  dhcp.option.agent_information_option.agent_circuit_id \
                  dhcp.option.agent_information_option.link_selection";
    assert_eq!(told(&relay, fields), "1,5 | 2,4 | 6364 | 192.0.2.0");
}

#[test]
fn bootp_has_no_options_and_other_ports_no_fields() {
    let mut bytes = message(&[255]);
    bytes[236] = 0;
    bytes.resize(300, 0);
    let fields = "dhcp dhcp.bootp dhcp.cookie dhcp.option.type dhcp.vendor_specific_options";
    let line = Wire::default().line(&sent(67, &bytes), fields);
    assert!(line.contains(" | 1 |  |  | 00825363"), "{line}");
    assert_eq!(Wire::default().line(&sent(5000, &message(&[255])), "dhcp.type"), "1");
    let mut elsewhere = sent(5000, &message(&[255]));
    elsewhere[20..22].copy_from_slice(&4000_u16.to_be_bytes());
    assert_eq!(Wire::default().line(&elsewhere, "dhcp.type"), "");
}
