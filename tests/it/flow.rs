//! Stream numbers and relative sequence numbers against tshark's, over the captures of others.

use std::io::Write as _;
use std::path::Path;

use wirelab::decode::{DecodedPacket, Decoder, LayerKind, Transport, TransportProtocol};
use wirelab::flow::{Defragmenter, FlowTable, PayloadWanted, Verdict};
use wirelab::source::{Next, PacketSource, Savefile};

use crate::corpus;

/// The columns compared.
const FIELDS: [&str; 4] = ["udp.stream", "tcp.stream", "tcp.seq", "tcp.ack"];

/// Captures where tshark's numbers follow from something that a flow table does not look at: an application
/// protocol that makes a conversation of its own, or fragments of which only the first is there.
const EXCEPTIONS: [(&str, &str); 8] = [
    ("nDPI/hart_ip.pcap", "HART-IP takes the second port of its session for a conversation of its own"),
    ("nDPI/shadowsocks.pcap", SOCKS),
    ("nDPI/tls_heur__trojan-tcp-tls.pcapng", SOCKS),
    ("nDPI/tls_heur__vmess-tcp.pcapng", SOCKS),
    ("tcpdump/bgp-bgp_capabilities_print-oobr-1.pcap", FRAGMENT),
    ("tcpdump/bgp-bgp_capabilities_print-oobr-2.pcap", FRAGMENT),
    ("tcpdump/bgp_pmsi_tunnel-oobr.pcap", FRAGMENT),
    ("zeek/rpc-portmap-sadmind.pcap", "a port that the portmapper named keeps its first conversation"),
];
const SOCKS: &str = "what SOCKS carries takes a number that no packet shows";
const FRAGMENT: &str = "in a first fragment tshark leaves sequence numbers raw";

/// Whether the header's own length leaves room for an acknowledgment number: tshark shows none otherwise.
fn has_acknowledgment(packet: &DecodedPacket<'_>, transport: &Transport) -> bool {
    let header = packet.header(&packet.layers()[transport.layer]);
    header.get(12).is_some_and(|words| words >> 4 >= 5)
}

/// Our cells of one packet; `None` where a header is cut, for which tshark shows raw numbers.
fn cells(packet: &DecodedPacket<'_>, verdicts: &[Verdict]) -> [Option<String>; 4] {
    let numbered = || packet.transports().iter().zip(verdicts).filter(|(t, _)| packet.is_numbered(t));
    let join = |cells: Vec<String>| cells.join(",");
    let streams = |protocol: TransportProtocol| {
        let of_it = numbered().filter(|(t, _)| t.protocol == protocol);
        join(of_it.map(|(_, v)| v.id.expect("a numbered header").number.to_string()).collect())
    };
    let tcp = || numbered().filter(|(t, _)| t.protocol == TransportProtocol::Tcp);
    let whole = tcp().next().is_some() && tcp().all(|(_, verdict)| verdict.tcp.is_some());
    let values = |value: fn(&wirelab::flow::TcpVerdict) -> u32| {
        whole.then(|| join(tcp().filter_map(|(_, v)| Some(value(v.tcp.as_ref()?).to_string())).collect()))
    };
    [
        Some(streams(TransportProtocol::Udp)),
        Some(streams(TransportProtocol::Tcp)),
        values(|verdict| verdict.seq),
        values(|verdict| verdict.ack)
            .filter(|_| tcp().all(|(transport, _)| has_acknowledgment(packet, transport))),
    ]
}

/// The first difference in each column, and how many cells were compared.
fn differences(path: &Path, expected: &corpus::Expected) -> (Vec<String>, [usize; 4]) {
    let mut compared = [0; 4];
    let mut found: [Option<String>; 4] = Default::default();
    let columns = FIELDS.map(|field| expected.names.iter().position(|name| name == field).expect("a column"));
    let Ok(mut source) = Savefile::open(path) else { return (Vec::new(), compared) };
    let (mut decoder, mut defragmenter) = (Decoder::new(), Defragmenter::new());
    let mut table = FlowTable::with_payload(PayloadWanted::for_story(1 << 20));
    let mut rows = expected.rows.iter();
    while let Ok(Next::Packet(captured, _)) = source.next_packet() {
        let packet = defragmenter.decode(&mut decoder, &captured);
        if matches!(packet.layers(), [layer] if matches!(layer.kind, LayerKind::UndecodedLink(_))) {
            return (Vec::new(), compared);
        }
        let verdicts = table.observe(&captured, &packet);
        assert_eq!(verdicts.len(), packet.transports().len());
        let Some(row) = rows.next() else { break };
        let ours = cells(&packet, verdicts);
        let count = |cell: &str| if cell.is_empty() { 0 } else { cell.split(',').count() };
        let theirs = |n: usize| row.get(columns[n]).map_or("", String::as_str);
        // Where other headers were found, which decoding answers for, no number can agree from there on.
        if (0..2).any(|n| ours[n].as_deref().map_or(0, count) != count(theirs(n))) {
            break;
        }
        for (n, ours) in ours.into_iter().enumerate() {
            let theirs = theirs(n);
            let Some(ours) = ours else { continue };
            compared[n] += usize::from(!theirs.is_empty());
            if ours != theirs && found[n].is_none() {
                let number = captured.number;
                found[n] = Some(format!("{} #{number}: tshark {theirs:?}, wirelab {ours:?}", FIELDS[n]));
            }
        }
    }
    table.finish();
    (found.into_iter().flatten().collect(), compared)
}

#[test]
fn stream_and_sequence_numbers_agree_with_tshark() {
    let Some(folder) = corpus::folder("stream_and_sequence_numbers_agree_with_tshark") else { return };
    let mut compared = [0; 4];
    let mut failures = Vec::new();
    for capture in corpus::captures(&folder) {
        let Some(expected) = corpus::expected(&folder, &capture) else { continue };
        let (found, of_it) = differences(&folder.join("captures").join(&capture), &expected);
        compared = std::array::from_fn(|n| compared[n] + of_it[n]);
        let name = capture.to_string_lossy().into_owned();
        let excepted = EXCEPTIONS.iter().any(|(file, _)| *file == name);
        assert!(!excepted || !found.is_empty(), "{name} is listed as an exception and agrees");
        failures.extend(found.iter().filter(|_| !excepted).map(|difference| format!("{name}: {difference}")));
    }
    let counts: Vec<_> = FIELDS.iter().zip(compared).map(|(field, n)| format!("{field} {n}")).collect();
    let _ = writeln!(std::io::stderr(), "compared: {}", counts.join(", "));
    assert!(compared.iter().all(|&n| n > 1000), "hardly anything was compared");
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}
