use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;
use crate::decode::Endpoint;
use crate::flow::{Direction, PacketStamp};
use crate::proto::{Analyzer, Input, Note, Step};

const HOST: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

fn say(analyzer: &mut FtpAnalyzer, from: Direction, bytes: &[u8]) -> (FtpNote, Option<Vec<u8>>) {
    let packet = PacketStamp::default();
    match analyzer.next(&Input { from, bytes, first: packet, packet, end: None }) {
        Step::Message { len, note: Note::Ftp(note), inner } => {
            assert_eq!(len, bytes.len());
            (*note, inner.map(|(_, bytes)| bytes))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn data_connections_are_announced_in_four_ways() {
    let found = |line: &[u8], reply| announcement(line, reply).map(|a| (a.method, a.addr, a.port));
    assert_eq!(found(b"PORT 10,0,0,1,8,1", false), Some((Method::Port, Some(HOST), 2049)));
    assert_eq!(
        found(b"227 Entering Passive Mode (10,0,0,1,8,1).", true),
        Some((Method::Pasv, Some(HOST), 2049))
    );
    assert_eq!(
        found(b"EPRT |2|::1|5282|", false),
        Some((Method::Eprt, Some(IpAddr::V6(Ipv6Addr::LOCALHOST)), 5282))
    );
    assert_eq!(found(b"EPRT |1|10.0.0.1|5282|", false), Some((Method::Eprt, Some(HOST), 5282)));
    assert_eq!(found(b"229 Extended (|||6446|)", true), Some((Method::Epsv, None, 6446)));
    for line in [&b"PORT 10,0,0,256,8,1"[..], b"PORT 1,2,3", b"EPRT |3|x|1|", b"EPRT", b"PASV"] {
        assert_eq!(found(line, false), None, "{line:?}");
    }
    assert_eq!(found(b"229 none", true), None);
    assert_eq!(found(b"227 10.0.0.1", true), None);
}

#[test]
fn directories_stand_between_quotation_marks() {
    assert_eq!(directory(b"257 \"/a\"\"b\" is current"), Some("/a\"b".to_owned()));
    assert_eq!(directory(b"257 \"/a"), None);
    let mut ftp = FtpAnalyzer::new();
    let mut enter = |command: &[u8], reply: &[u8]| {
        say(&mut ftp, Direction::OrigToResp, command);
        say(&mut ftp, Direction::RespToOrig, reply).0.directory
    };
    assert_eq!(&*enter(b"PWD\r\n", b"257 \"/\" is it\r\n"), "/");
    assert_eq!(&*enter(b"CWD Logs/\r\n", b"250 ok\r\n"), "/Logs");
    assert_eq!(&*enter(b"CWD x\r\n", b"550 no\r\n"), "/Logs");
    assert_eq!(&*enter(b"NOOP\r\n", b"200 ok\r\n"), "/Logs");
    assert_eq!(&*enter(b"CDUP\r\n", b"250 ok\r\n"), "/");
}

#[test]
fn a_line_in_pieces_is_put_together() {
    let mut ftp = FtpAnalyzer::new();
    let from = Direction::OrigToResp;
    assert_eq!(say(&mut ftp, from, b"PORT 10,0,").0.announces, None);
    let (note, inner) = say(&mut ftp, from, b"0,1,8,1\r\nLI");
    assert_eq!(note.announces.map(|announced| announced.port), Some(2049));
    assert_eq!(inner.as_deref(), Some(&b"PORT 10,0,0,1,8,1\r\nLI"[..]));
    assert!(!format!("{ftp:?}").contains("76, 73"));
}

#[test]
fn encryption_begins_where_the_server_agrees() {
    for (answer, switches) in [(&b"234 go\r\n"[..], true), (b"502 no\r\n", false)] {
        let mut ftp = FtpAnalyzer::new();
        say(&mut ftp, Direction::RespToOrig, b"220 hi\r\n");
        say(&mut ftp, Direction::OrigToResp, b"AUTH TLS\r\n");
        say(&mut ftp, Direction::RespToOrig, answer);
        let packet = PacketStamp::default();
        let bytes = b"\x16\x03\x01\x00\x05";
        let step = ftp.next(&Input { from: Direction::OrigToResp, bytes, first: packet, packet, end: None });
        assert_eq!(matches!(step, Step::Switch(_)), switches);
    }
}

#[test]
fn a_data_connection_knows_its_command_and_the_oldest_is_given_up() {
    let mut flows = ExpectedFlows::default();
    let at = |port| [Endpoint { addr: HOST, port }; 2];
    for port in 1..=u16::try_from(MAX_EXPECTED).unwrap() + 1 {
        let announced = Announced { method: Method::Epsv, addr: None, port };
        flows.announce(7, u64::from(port), HOST, announced, "/");
    }
    assert_eq!(flows.find(at(1)), None);
    flows.command(7, 5000, b"TYPE I\r\nRETR a\r\n");
    let last = flows.find(at(u16::try_from(MAX_EXPECTED).unwrap() + 1)).unwrap();
    assert_eq!(last.command, Some((5000, "RETR a".into())));
    assert_eq!((last.control, &*last.directory), (7, "/"));
    flows.command(8, 5001, b"RETR b\r\n");
    assert_eq!(flows.find(at(2)).unwrap().command, None);
}

proptest! {
    #[test]
    fn any_segmentation_announces_the_same(cut in 0..40_usize) {
        let line = b"NOOP\r\nEPRT |1|10.0.0.1|5282|\r\nLIST\r\n";
        let mut ftp = FtpAnalyzer::new();
        let cut = cut.clamp(1, line.len() - 1);
        let notes = [
            say(&mut ftp, Direction::OrigToResp, &line[..cut]).0,
            say(&mut ftp, Direction::OrigToResp, &line[cut..]).0,
        ];
        let ports: Vec<_> = notes.iter().filter_map(|note| note.announces).map(|a| a.port).collect();
        prop_assert_eq!(ports, [5282]);
    }

    #[test]
    fn random_bytes_are_taken(pieces in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 1..40)), 0..20)) {
        let mut ftp = FtpAnalyzer::new();
        for (server, bytes) in &pieces {
            let from = if *server { Direction::RespToOrig } else { Direction::OrigToResp };
            say(&mut ftp, from, bytes);
            prop_assert!(ftp.held() <= 4 * crate::proto::lines::MAX_LINE);
        }
    }
}
