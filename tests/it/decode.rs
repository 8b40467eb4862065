//! Decoded fields against tshark's, over the captures of others.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::Write as _;

use wirelab::decode::LayerKind;
use wirelab::field::{ByteRange, FieldId, FieldSink, Value, emit};
use wirelab::pipeline::Pipeline;
use wirelab::source::{CapturedPacket, Next, PacketSource, Savefile};

use crate::corpus;

/// Most cells of one field that one capture counts for, so that no single capture decides.
const CAP: f64 = 300.0;
/// Differences shown of each field.
const SHOWN: usize = 3;

/// Writes each wanted field's occurrences into its cell, separated by commas.
struct Cells {
    columns: HashMap<FieldId, usize>,
    cells: Vec<String>,
}

impl FieldSink for Cells {
    fn field(&mut self, id: FieldId, value: Value<'_>, _: ByteRange) {
        let cell = &mut self.cells[self.columns[&id]];
        if !cell.is_empty() {
            cell.push(',');
        }
        value.write(id.def().kind, cell).unwrap();
    }
}

#[derive(Default)]
struct Score {
    good: f64,
    total: f64,
    differences: Vec<String>,
}

/// One capture's rows, or `None` where it holds a link type that is not decoded.
fn rows(path: &std::path::Path, columns: &HashMap<FieldId, usize>) -> Option<Vec<Vec<String>>> {
    let mut source = Savefile::open(path).ok()?;
    let mut pipeline = Pipeline::new(None);
    let wanted = columns.keys().copied().collect();
    let mut rows = Vec::new();
    while let Ok(Next::Packet(captured, interfaces)) = source.next_packet() {
        let step = pipeline.step(&captured);
        if step.decoded.layers().iter().any(|layer| matches!(layer.kind, LayerKind::UndecodedLink(_))) {
            return None;
        }
        let mut sink = Cells { columns: columns.clone(), cells: vec![String::new(); columns.len()] };
        emit(&captured, &step.decoded, &step.context(interfaces), &wanted, &mut sink);
        rows.push(sink.cells);
    }
    Some(rows)
}

/// The protocols whose fields are read from headers alone; messages of others may stand in another packet than tshark's.
const HEADERS: [&str; 10] = ["frame", "eth", "vlan", "arp", "ip", "ipv6", "icmp", "icmpv6", "udp", "tcp"];

#[test]
fn fields_agree_with_tshark() {
    let Some(folder) = corpus::folder("fields_agree_with_tshark") else { return };
    let mut scores: BTreeMap<&'static str, Score> = BTreeMap::new();
    for capture in corpus::captures(&folder) {
        let Some(expected) = corpus::expected(&folder, &capture) else { continue };
        let fields: Vec<(FieldId, usize)> = FieldId::all()
            .filter(|id| HEADERS.contains(&id.def().name.split('.').next().unwrap_or_default()))
            .filter_map(|id| Some((id, expected.names.iter().position(|name| name == id.def().name)?)))
            .collect();
        let columns = fields.iter().enumerate().map(|(n, (id, _))| (*id, n)).collect();
        let Some(rows) = rows(&folder.join("captures").join(&capture), &columns) else { continue };
        for (column, (id, theirs)) in fields.iter().enumerate() {
            let name = id.def().name;
            let score = scores.entry(name).or_default();
            let (mut good, mut total) = (0.0, 0.0);
            for (n, row) in rows.iter().zip(&expected.rows).enumerate() {
                let ours = &row.0[column];
                let theirs = row.1.get(*theirs).map_or("", String::as_str);
                if ours.is_empty() && theirs.is_empty() {
                    continue;
                }
                total += 1.0;
                if corpus::agrees(name, ours, theirs) {
                    good += 1.0;
                } else if std::env::var_os("WIRELAB_DIFFERENCES").is_some() || score.differences.len() < SHOWN
                {
                    score.differences.push(format!(
                        "{} #{}: tshark {theirs:?}, wirelab {ours:?}",
                        capture.display(),
                        n + 1
                    ));
                }
            }
            let weight = if total > CAP { CAP / total } else { 1.0 };
            score.good += good * weight;
            score.total += total * weight;
        }
    }
    let mut report = String::new();
    let (mut good, mut total) = (0.0, 0.0);
    for (name, score) in &scores {
        let share = 100.0 * score.good / score.total.max(1.0);
        writeln!(report, "{name:<32} {:>8.0} of {:>8.0} {share:>8.3}%", score.good, score.total).unwrap();
        for difference in &score.differences {
            writeln!(report, "    {difference}").unwrap();
        }
        good += score.good;
        total += score.total;
    }
    let share = 100.0 * good / total;
    writeln!(report, "all {share:.3}% of {total:.0} weighted cells").unwrap();
    std::io::stderr().write_all(report.as_bytes()).unwrap();
    assert!(share >= 99.8, "{report}");
}

/// The values of the named fields of a raw IP packet, one cell each.
fn cells(packet: &[u8], wire_len: usize, names: &[&str]) -> Vec<String> {
    let columns: HashMap<_, _> =
        names.iter().enumerate().map(|(n, name)| (FieldId::named(name).unwrap(), n)).collect();
    let mut sink = Cells { columns, cells: vec![String::new(); names.len()] };
    let captured = CapturedPacket {
        number: 1,
        ts: None,
        wire_len: u32::try_from(wire_len).unwrap(),
        interface: 0,
        link: wirelab::source::LinkType::RAW,
        data: packet,
    };
    let wanted = sink.columns.keys().copied().collect();
    let mut pipeline = Pipeline::new(None);
    let step = pipeline.step(&captured);
    emit(&captured, &step.decoded, &step.context(&[]), &wanted, &mut sink);
    sink.cells
}

/// An IPv4 packet of `protocol`, `total` bytes long by its length field.
fn ipv4(protocol: u8, total: u16, payload: &[u8]) -> Vec<u8> {
    let [high, low] = total.to_be_bytes();
    let header = [0x45, 0, high, low, 0, 1, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    [header.as_slice(), payload].concat()
}

const SEGMENT: [u8; 24] = [
    0x03, 0xe8, 0, 80, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x60, 0x12, 1, 0xf4, 0xab, 0xcd, 0, 0,
    2, 4, 5, 0xb4,
];

#[test]
fn fields_appear_outer_first_and_quoted_ones_too() {
    let mut error = vec![3, 1, 0, 0, 0, 0, 0, 0];
    error.extend(ipv4(6, 52, &SEGMENT[..8]));
    let packet = ipv4(1, 56, &error);
    let names =
        ["ip.version", "ip.len", "ip.id", "ip.flags.df", "ip.src", "icmp.type", "tcp.srcport", "tcp.stream"];
    // What tshark 4.0.17 prints, but for the stream's number.
    assert_eq!(
        cells(&packet, packet.len(), &names),
        ["4,4", "56,52", "0x0001,0x0001", "1,1", "10.0.0.1,10.0.0.1", "3", "1000", ""]
    );
}

#[test]
fn a_cut_tcp_header_shows_what_tshark_shows() {
    let names = [
        "tcp.srcport",
        "tcp.stream",
        "tcp.seq_raw",
        "tcp.hdr_len",
        "tcp.flags",
        "tcp.window_size_value",
        "tcp.checksum",
        "tcp.urgent_pointer",
        "tcp.options.mss_val",
    ];
    let whole = ["1000", "0", "287454020", "24", "0x0012", "500", "0xabcd", "0", "1460"];
    for (have, shown) in [(3, 0), (4, 1), (8, 1), (15, 1), (16, 6), (18, 7), (20, 8), (23, 8), (24, 9)] {
        let packet = ipv4(6, 44, &SEGMENT[..have]);
        let mut expected = whole;
        expected[shown..].fill("");
        assert_eq!(cells(&packet, 44, &names), expected, "{have} bytes of TCP");
    }
}

#[test]
fn a_header_that_contradicts_itself_shows_fields_up_to_the_contradiction() {
    let names = ["ip.version", "ip.hdr_len", "ip.dsfield", "ip.len", "ip.id", "tcp.srcport"];
    let shown = |at: usize, value: u8| {
        let mut packet = ipv4(6, 44, &SEGMENT);
        packet[at] = value;
        cells(&packet, packet.len(), &names)
    };
    assert_eq!(shown(0, 0x44), ["4", "16", "", "", "", ""]);
    assert_eq!(shown(3, 19), ["4", "20", "0x00", "19", "", ""]);
    // A length of 0 was left to the network card: the frame's counts.
    assert_eq!(shown(3, 0), ["4", "20", "0x00", "44", "0x0001", "1000"]);
}
