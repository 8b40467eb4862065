//! Every capture of the corpus, packet by packet against what tshark printed for it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use wirelab::source::{Next, PacketSource, Savefile};

use super::build::read_bytes;
use crate::corpus;

/// Files where the two rightly differ, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("PcapPlusPlus/clusterfuzz-testcase-minimized-FuzzTarget-4683685084594176", LENGTH),
    ("PcapPlusPlus/clusterfuzz-testcase-minimized-FuzzTarget-4981601846820864", FRACTION),
    ("PcapPlusPlus/clusterfuzz-testcase-minimized-FuzzTarget-5468403752632320", FRACTION),
    ("PcapPlusPlus/clusterfuzz-testcase-minimized-FuzzTarget-5654053026791424", FRACTION),
    ("PcapPlusPlus/clusterfuzz-testcase-minimized-FuzzTarget-5696447256461312", FRACTION),
    ("PcapPlusPlus/clusterfuzz-testcase-minimized-FuzzTarget-5766939894087680", FRACTION),
    ("PcapPlusPlus/clusterfuzz-testcase-minimized-FuzzTarget-5814090897948672", FRACTION),
    ("PcapPlusPlus/clusterfuzz-testcase-minimized-FuzzTarget-6604968558198784", FRACTION),
    ("PcapPlusPlus/crash-eec28dafde1f1ac2299674a75a914ae16d4046fa", FRACTION),
    ("tcpdump/atm-oam-loopback-print-overrun.pcap", FRACTION),
    ("tcpdump/timestamp_invalid_micro.pcap", FRACTION),
    ("tcpflow/bug8.pcap", FRACTION),
    ("tcptrace/atm.erf.gz", NAMED),
    ("tcptrace/chdlc.erf.gz", NAMED),
    ("tcptrace/eth.erf.gz", NAMED),
];

/// tshark clamps a length on the wire to 31 bits; the file says more.
const LENGTH: &str = "length on the wire beyond 31 bits";
/// A fraction of a second of a second or more: tshark prints more than nine digits, or overflows 32 bits. Here it
/// is carried into the seconds.
const FRACTION: &str = "fraction of a second of a second or more";
/// Formats that are named, not read.
const NAMED: &str = "ERF";

/// Files that tshark refuses and how many packets are read here: it does not know their link types, or insists on
/// the reserved bits beside the link type, which a reader is to ignore.
const REFUSED_BY_TSHARK: &[(&str, usize)] = &[
    ("PcapPlusPlus/clusterfuzz-testcase-minimized-FuzzTarget-5631583764873216", 1),
    ("PcapPlusPlus/clusterfuzz-testcase-minimized-FuzzTarget-5766899836387328", 1),
    ("libpcap/brcm-tag-stp.pcap", 4),
    ("libpcap/brcm-tag.pcap", 15),
    ("libpcap/linktype-reserved-field-not-zero.pcap", 0),
    ("sample-captures/lls-tables-alp.pcap", 8),
    ("tcpdump/dsa.pcap", 8),
    ("tcpdump/edsa-high-vid.pcap", 4),
    ("tcpdump/edsa.pcap", 10),
    ("tcpdump/juniper_es_oobr.pcap", 1),
    ("tcpdump/juniper_monitor_invalid_cookie_length.pcap", 1),
    ("tcpdump/kday6.pcap", 1),
    ("tcpdump/vtp_asan-2.pcap", 1),
    ("tcpdump/vtp_asan.pcap", 5),
];

/// Whether `name` is of a format that is named here and not read.
pub(crate) fn is_only_named(name: &str) -> bool {
    EXCEPTIONS.iter().any(|(file, why)| *file == name && *why == NAMED)
}

/// What is compared of a packet: number, time, length, captured length, as tshark prints them.
fn read_with_wirelab(path: &Path) -> (Vec<[String; 4]>, Option<String>) {
    let mut rows = Vec::new();
    let mut source = match Savefile::open(path) {
        Ok(source) => source,
        Err(error) => return (rows, Some(error.to_string())),
    };
    loop {
        match source.next_packet() {
            Ok(Next::Packet(packet, _)) => {
                let time = packet.ts.map_or_else(String::new, |ts| {
                    let (seconds, nanos) = ts.parts();
                    format!("{seconds}.{nanos:09}")
                });
                // What tells of the capture rather than being of the frame, tshark does not count.
                let pseudo = packet.link.pseudo_header_len();
                let captured = u32::try_from(packet.data.len()).unwrap() - pseudo;
                let wire = packet.wire_len - pseudo;
                rows.push([packet.number.to_string(), time, wire.to_string(), captured.to_string()]);
            }
            Ok(Next::Tick) => panic!("a whole file has no quiet moments"),
            Ok(Next::End) => return (rows, None),
            Err(error) => {
                assert!(
                    matches!(source.next_packet(), Ok(Next::End)),
                    "{}: after an error comes the end",
                    path.display()
                );
                return (rows, Some(error.to_string()));
            }
        }
    }
}

/// The rows of tshark, and whether it ended with an error; `None` where it refused the file.
fn read_by_tshark(expected: &Path) -> Option<(Vec<[String; 4]>, bool)> {
    let lines = BufReader::new(MultiGzDecoder::new(File::open(expected).ok()?));
    let mut lines = lines.split(b'\n').map(|line| String::from_utf8_lossy(&line.unwrap()).into_owned());
    let head = lines.next().unwrap();
    let rows = lines.map(|line| {
        let mut cells = line.split('\t').map(str::to_owned);
        let (number, time) = (cells.next().unwrap(), cells.next().unwrap());
        let len = cells.nth(2).unwrap();
        [number, time, len, cells.next().unwrap()]
    });
    Some((rows.collect(), head.contains("!partial")))
}

#[test]
fn every_capture_reads_as_tshark_reads_it() {
    let Some(corpus) = corpus::folder("savefiles of others") else { return };
    let captures = corpus.join("captures");
    let (mut files, mut packets, mut differences) = (0, 0, Vec::new());
    for path in corpus::captures(&corpus) {
        let name = path.to_str().unwrap();
        let mut beside = corpus.join("expected").join(name).into_os_string();
        beside.push(".tsv.gz");
        let (rows, error) = read_with_wirelab(&captures.join(&path));
        files += 1;
        packets += rows.len();
        let excepted = EXCEPTIONS.iter().any(|(file, _)| *file == name);
        let difference = match read_by_tshark(Path::new(&beside)) {
            // Refused by both, or known to be wrongly refused.
            None if rows.is_empty() && error.is_some() => String::new(),
            None if REFUSED_BY_TSHARK.contains(&(name, rows.len())) => String::new(),
            None => format!("tshark refuses it; here {} packets, {error:?}", rows.len()),
            Some((expected, partial)) => {
                let first = rows.iter().zip(&expected).position(|(ours, theirs)| ours != theirs);
                if let Some(at) = first {
                    format!("packet {}: {:?}, tshark {:?}", at + 1, rows[at], expected[at])
                } else if rows.len() != expected.len() {
                    format!("{} packets, tshark {} {error:?}", rows.len(), expected.len())
                } else if partial != error.is_some() {
                    format!("ends with {error:?}, tshark with an error: {partial}")
                } else {
                    String::new()
                }
            }
        };
        assert!(!excepted || !difference.is_empty(), "{name}: no longer an exception");
        if !excepted && !difference.is_empty() {
            differences.push(format!("{name}: {difference}"));
        }
    }
    assert!(files > 1000 && packets > 10_000, "{files} files, {packets} packets: is the corpus whole?");
    assert!(
        differences.is_empty(),
        "{} of {files} files differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

#[test]
fn every_capture_cut_or_changed_anywhere_still_ends() {
    let Some(corpus) = corpus::folder("savefiles of others") else { return };
    /// Larger ones would take the time of all others together.
    const LARGEST: usize = 200_000;
    let mut number = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        usize::try_from(number % u64::try_from(below).unwrap()).unwrap()
    };
    let mut cut_files = 0;
    for path in corpus::captures(&corpus) {
        let whole = std::fs::read(corpus.join("captures").join(&path)).unwrap();
        if whole.len() > LARGEST || whole.len() < 28 {
            continue;
        }
        cut_files += 1;
        let (packets, _) = read_bytes(&whole);
        // From behind the third record on, a cut cannot change how the records are laid out.
        let end = random(whole.len());
        let (cut, _) = read_bytes(&whole[..end]);
        if cut.len() > 3 {
            assert_eq!(cut[..], packets[..cut.len()], "{} cut at {end}", path.display());
        }
        let mut changed = whole;
        for _ in 0..8 {
            let at = random(changed.len());
            changed[at] = u8::try_from(random(256)).unwrap();
        }
        let most = changed.len() * 1100 / 12;
        assert!(read_bytes(&changed).0.len() <= most, "{}", path.display());
    }
    assert!(cut_files > 1000, "{cut_files} files");
}
