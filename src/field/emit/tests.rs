use super::*;
use crate::decode::Decoder;
use crate::field::FieldId;
use crate::source::LinkType;

/// Writes the tree down, two spaces a level, and counts what is open.
#[derive(Default)]
struct Tree {
    lines: Vec<String>,
    depth: usize,
}

impl FieldSink for Tree {
    fn field(&mut self, id: FieldId, value: Value<'_>, _: ByteRange) {
        let def = id.def();
        let mut text = String::new();
        if def.kind != crate::field::FieldKind::Protocol {
            value.write(def.kind, &mut text).unwrap();
        }
        self.lines.push(format!("{:width$}{} {text}", "", def.name, width = 2 * self.depth));
    }

    fn open(&mut self, id: FieldId, value: Value<'_>, range: ByteRange) {
        self.field(id, value, range);
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth = self.depth.checked_sub(1).expect("nothing is closed that was not opened");
    }
}

fn tree(link: LinkType, data: &[u8]) -> Vec<String> {
    let wire_len = u32::try_from(data.len()).unwrap();
    let captured = CapturedPacket { number: 1, ts: None, wire_len, link, interface: 0, data };
    let mut decoder = Decoder::new();
    let decoded = decoder.decode(link, data, wire_len);
    let mut tree = Tree::default();
    emit(&captured, &decoded, &PacketContext::default(), &FieldSet::all(), &mut tree);
    assert_eq!(tree.depth, 0, "all that was opened is closed");
    tree.lines
}

/// Lines of `tree` whose field is one of `names`, spaces before it included.
fn lines(tree: &[String], names: &[&str]) -> Vec<String> {
    let is_one = |line: &&String| line.split_whitespace().next().is_some_and(|name| names.contains(&name));
    tree.iter().filter(is_one).map(|line| line.trim_end().to_owned()).collect()
}

const ROUTE: [u8; 32] = [
    0x48, 0, 0, 32, 0, 1, 0, 0, 64, 59, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 131, 11, 8, 1, 1, 1, 1, 2, 2, 2, 2, 0,
];

#[test]
fn a_source_route_names_its_end_as_the_receiver() {
    let tree = tree(LinkType::IPV4, &ROUTE);
    let names = ["ip.src", "ip.dst", "ip.cur_rt", "ip.rec_rt", "ip.opt.ptr", "ip.options.eol", "ip.host"];
    let expected = [
        "  ip.src 10.0.0.1",
        "  ip.host 10.0.0.1",
        "  ip.cur_rt 10.0.0.2",
        "    ip.opt.ptr 8",
        "    ip.rec_rt 1.1.1.1",
        "    ip.dst 2.2.2.2",
        "    ip.host 2.2.2.2",
        "  ip.options.eol 00",
    ];
    assert_eq!(lines(&tree, &names), expected);
}

#[test]
fn what_an_error_quotes_stands_under_it() {
    let mut packet = vec![0x45, 0, 0, 56, 0, 1, 0, 0, 64, 1, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1];
    packet.extend([3, 1, 0xfc, 0xfe, 0, 0, 0, 0]);
    packet.extend([0x45, 0, 0, 28, 0, 1, 0, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend([8, 0, 0, 0, 0, 7, 1, 0]);
    let tree = tree(LinkType::IPV4, &packet);
    let names = ["ip", "icmp", "icmp.type", "icmp.unused", "icmp.seq_le", "icmp.checksum.status"];
    let expected = [
        "ip",
        "icmp",
        "  icmp.type 3",
        "  icmp.checksum.status 0",
        "  icmp.unused 00000000",
        "  ip",
        "  icmp",
        "    icmp.type 8",
        "    icmp.checksum.status 2",
        "    icmp.seq_le 1",
    ];
    assert_eq!(lines(&tree, &names), expected);
}

/// A multicast listener report behind a router alert, from an address that was made from a MAC.
const LISTENER: [u8; 76] = [
    0x60, 0, 0, 0, 0, 36, 0, 1, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0xff, 0xfe, 0, 0, 1, 0xff, 2, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16, 58, 0, 5, 2, 0, 0, 1, 0, 143, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0xff,
    2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5,
];

#[test]
fn extension_headers_stand_under_ipv6() {
    let tree = tree(LinkType::IPV6, &LISTENER);
    let names = [
        "ipv6.src_slaac_mac",
        "ipv6.hopopts",
        "ipv6.hopopts.len_oct",
        "ipv6.opt.router_alert",
        "ipv6.opt.padn",
        "icmpv6",
        "icmpv6.mldr.mar.record_type",
        "icmpv6.mldr.mar.multicast_address",
    ];
    let expected = [
        "  ipv6.src_slaac_mac 00:00:00:00:00:01",
        "  ipv6.hopopts",
        "    ipv6.hopopts.len_oct 8",
        "      ipv6.opt.router_alert 0",
        "      ipv6.opt.padn <none>",
        "icmpv6",
        "    icmpv6.mldr.mar.record_type 4",
        "    icmpv6.mldr.mar.multicast_address ff02::5",
    ];
    assert_eq!(lines(&tree, &names), expected);
}

#[test]
fn any_cut_leaves_the_tree_closed() {
    for len in 0..LISTENER.len() {
        tree(LinkType::IPV6, &LISTENER[..len]);
    }
    for len in 0..ROUTE.len() {
        tree(LinkType::IPV4, &ROUTE[..len]);
    }
}

#[test]
fn the_code_of_a_query_is_a_time() {
    let igmp = |code| {
        let mut packet = vec![0x45, 0, 0, 32, 0, 1, 0, 0, 1, 2, 0, 0, 10, 0, 0, 1, 224, 0, 0, 1];
        packet.extend([0x11, code, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0]);
        lines(&tree(LinkType::IPV4, &packet), &["igmp.version", "igmp.max_resp"])
    };
    assert_eq!(igmp(100), ["  igmp.version 3", "  igmp.max_resp 100"]);
    assert_eq!(igmp(0xfe), ["  igmp.version 3", "  igmp.max_resp 30720"]);
}
