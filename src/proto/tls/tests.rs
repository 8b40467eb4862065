use proptest::prelude::*;

use super::*;
use crate::flow::{Direction, PacketStamp};
use crate::proto::{Analyzer, Ending, Input, Step};

const CLIENT: Direction = Direction::OrigToResp;

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3], &len[..], body].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, len @ ..] = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &len[..], body].concat()
}

/// A client hello with the name `a.example` and the protocols h2 and http/1.1.
fn client_hello() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 4, 0x13, 0x01, 0xc0, 0x2f, 1, 0]);
    let name = b"a.example";
    let mut extensions = vec![0, 0, 0, 14, 0, 12, 0, 0, 9];
    extensions.extend(name);
    extensions.extend([0, 16, 0, 14, 0, 12, 2, b'h', b'2', 8]);
    extensions.extend(b"http/1.1");
    extensions.extend([0, 43, 0, 5, 4, 3, 4, 3, 3]);
    body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend(extensions);
    body
}

fn server_hello(version: Option<u16>) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([9; 32]);
    body.extend([0, 0x13, 0x01, 0]);
    if let Some(version) = version {
        body.extend([0, 6, 0, 43, 0, 2]);
        body.extend(version.to_be_bytes());
    }
    body
}

#[derive(Debug, PartialEq)]
struct Told {
    at: usize,
    len: usize,
    body: Body,
    inner: Option<Vec<u8>>,
}

/// What an analyzer makes of a stream that comes in pieces of these lengths, the last as long as what is left.
fn told(stream: &[u8], pieces: &[usize], analyzer: &mut TlsAnalyzer) -> Vec<Told> {
    let (mut at, mut there) = (0, 0);
    let mut all = Vec::new();
    for piece in pieces.iter().copied().chain([usize::MAX]) {
        there = stream.len().min(piece.saturating_add(there));
        while at < there {
            let packet = PacketStamp::default();
            let input = Input { from: CLIENT, bytes: &stream[at..there], first: packet, packet, end: None };
            match analyzer.next(&input) {
                Step::Message { len, note: Note::Tls(note), inner } => {
                    all.push(Told { at, len, body: note.body, inner: inner.map(|(_, bytes)| bytes) });
                    at += len;
                }
                Step::More(need) => {
                    assert!(need > there - at);
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    all
}

/// A handshake of one side whose certificate message goes over three records, then what is encrypted.
fn stream() -> Vec<u8> {
    let certificate = message(kind::CERTIFICATE, &[5; 300]);
    let mut stream = record(content::HANDSHAKE, &message(kind::SERVER_HELLO, &server_hello(None)));
    stream.extend(record(content::HANDSHAKE, &certificate[..3]));
    stream.extend(record(content::HANDSHAKE, &certificate[3..200]));
    let rest = [&certificate[200..], &message(kind::SERVER_HELLO_DONE, &[])].concat();
    stream.extend(record(content::HANDSHAKE, &rest));
    stream.extend(record(content::CHANGE_CIPHER_SPEC, &[1]));
    stream.extend(record(content::HANDSHAKE, &[0x14, 0, 0, 12, 1, 2, 3]));
    stream.extend(record(content::APPLICATION_DATA, &[0xee; 40]));
    stream
}

#[test]
fn handshake_messages_are_joined_over_records_and_end_where_encryption_begins() {
    let all = told(&stream(), &[], &mut TlsAnalyzer::new());
    let bodies: Vec<Body> = all.iter().map(|told| told.body).collect();
    use Body::{Clear, Encrypted, Fragment, Joined};
    assert_eq!(bodies, [Clear, Clear, Fragment, Joined, Clear, Encrypted, Encrypted]);
    let joined: Vec<(u8, usize)> = Handshakes::new(all[3].inner.as_ref().unwrap())
        .map(|message| (message.kind, message.body.len()))
        .collect();
    assert_eq!(joined, [(kind::CERTIFICATE, 300), (kind::SERVER_HELLO_DONE, 0)]);
}

#[test]
fn in_tls_13_change_cipher_spec_hides_nothing() {
    let mut stream = record(content::HANDSHAKE, &message(kind::SERVER_HELLO, &server_hello(Some(0x0304))));
    stream.extend(record(content::CHANGE_CIPHER_SPEC, &[1]));
    stream.extend(record(content::HANDSHAKE, &message(kind::CLIENT_HELLO, &client_hello())));
    let all = told(&stream, &[], &mut TlsAnalyzer::new());
    assert!(all.iter().all(|told| told.body == Body::Clear), "{all:?}");
}

#[test]
fn a_message_that_claims_sixteen_megabytes_is_not_kept() {
    // All at once, and with its header in two records.
    let whole = record(content::HANDSHAKE, &[kind::CERTIFICATE, 0xff, 0xff, 0xff, 1, 2]);
    let first = record(content::HANDSHAKE, &[kind::CERTIFICATE, 0xff, 0xff]);
    for mut stream in [whole, first] {
        let mut analyzer = TlsAnalyzer::new();
        for _ in 0..20 {
            stream.extend(record(content::HANDSHAKE, &[0xff; 0x4000]));
        }
        told(&stream, &[], &mut analyzer);
        assert!(analyzer.held() <= MAX_HANDSHAKE, "{}", analyzer.held());
    }
}

#[test]
fn hellos_tell_name_protocols_and_versions() {
    let body = client_hello();
    let hello = ClientHello::read(&body, false).unwrap();
    assert_eq!(hello.server_name(), Some(&b"a.example"[..]));
    assert_eq!(hello.alpn().collect::<Vec<_>>(), [&b"h2"[..], b"http/1.1"]);
    assert_eq!(hello.versions().collect::<Vec<_>>(), [0x0304, 0x0303]);
    assert_eq!(hello.cipher_suites().collect::<Vec<_>>(), [0x1301, 0xc02f]);
    for cut in 0..body.len() {
        if let Some(less) = ClientHello::read(&body[..cut], false) {
            assert!(hello.alpn().count() >= less.alpn().count());
        }
    }
    let body = server_hello(Some(0x0304));
    assert_eq!(ServerHello::read(&body).unwrap().chosen_version(), 0x0304);
    assert_eq!(ServerHello::read(&server_hello(None)).unwrap().chosen_version(), 0x0303);
}

/// A certificate that is nothing but nested sequences, one that claims more than is there, and lists of them.
#[test]
fn certificates_of_hostile_shape_are_none() {
    let nested: Vec<u8> = std::iter::repeat_n([0x30, 0x80], 50_000).flatten().collect();
    assert_eq!(CertificateFacts::read(&nested), None);
    let mut deep = vec![];
    for _ in 0..2000 {
        let len = u16::try_from(deep.len()).unwrap().to_be_bytes();
        deep = [&[0x30, 0x82, len[0], len[1]], &deep[..]].concat();
    }
    assert_eq!(CertificateFacts::read(&deep), None);
    assert_eq!(CertificateFacts::read(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0]), None);
    assert_eq!(CertificateFacts::read(&vec![0x30; MAX_CERTIFICATE + 1]), None);
    let many = [&[0x0f, 0xff, 0xff][..], &[0; 4000]].concat();
    assert_eq!(certificates(&many, false).count(), 0);
    let many = [&[0, 0x0f, 0xa0][..], &[0; 4000]].concat();
    assert_eq!(certificates(&many, false).count(), MAX_CERTIFICATES);
}

fn fragment(sequence: u16, len: u32, offset: u32, bytes: &[u8]) -> Vec<u8> {
    let three = |number: u32| number.to_be_bytes()[1..].to_vec();
    let count = u32::try_from(bytes.len()).unwrap();
    let body = [
        &[kind::CERTIFICATE],
        &three(len)[..],
        &sequence.to_be_bytes(),
        &three(offset),
        &three(count),
        bytes,
    ]
    .concat();
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[content::HANDSHAKE, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0], &length[..], &body].concat()
}

fn datagram(analyzer: &mut DtlsAnalyzer, bytes: &[u8]) -> Option<(Body, Option<Vec<u8>>)> {
    let packet = PacketStamp::default();
    let end = Some(Ending::Datagram);
    match analyzer.next(&Input { from: CLIENT, bytes, first: packet, packet, end }) {
        Step::Message { note: Note::Tls(note), inner, .. } => {
            Some((note.body, inner.map(|(_, bytes)| bytes)))
        }
        _ => None,
    }
}

#[test]
fn fragments_of_dtls_are_joined_in_any_order_and_may_overlap() {
    let mut analyzer = DtlsAnalyzer::new();
    let body: Vec<u8> = (0..100).collect();
    assert_eq!(datagram(&mut analyzer, &fragment(3, 100, 60, &body[60..])), Some((Body::Fragment, None)));
    assert_eq!(datagram(&mut analyzer, &fragment(3, 100, 0, &body[..40])), Some((Body::Fragment, None)));
    let (reading, inner) = datagram(&mut analyzer, &fragment(3, 100, 30, &body[30..70])).unwrap();
    assert_eq!((reading, inner), (Body::Joined, Some(message(kind::CERTIFICATE, &body))));
    assert_eq!(analyzer.held(), 0);
}

#[test]
fn fragments_that_lie_are_not_kept() {
    let mut analyzer = DtlsAnalyzer::new();
    datagram(&mut analyzer, &fragment(0, 0x00ff_ffff, 0, &[1; 10]));
    datagram(&mut analyzer, &fragment(1, 20, 15, &[1; 10]));
    assert_eq!(analyzer.held(), 0);
    for sequence in 0..200 {
        datagram(&mut analyzer, &fragment(sequence, u32::try_from(MAX_HANDSHAKE).unwrap(), 0, &[1]));
    }
    // What came is kept, not what was promised.
    assert!(analyzer.held() <= 16 * 64);
}

proptest! {
    #[test]
    fn any_segmentation_gives_the_same_records(pieces in proptest::collection::vec(1..90_usize, 0..40)) {
        let stream = stream();
        let whole = told(&stream, &[], &mut TlsAnalyzer::new());
        prop_assert_eq!(told(&stream, &pieces, &mut TlsAnalyzer::new()), whole);
    }

    #[test]
    fn a_cut_gives_the_records_before_it(cut in 0..700_usize) {
        let stream = stream();
        let whole = told(&stream, &[], &mut TlsAnalyzer::new());
        let part = told(&stream[..cut.min(stream.len())], &[], &mut TlsAnalyzer::new());
        prop_assert_eq!(&whole[..part.len()], &part[..]);
    }

    #[test]
    fn no_bytes_panic(head in 0..5_usize, tail in proptest::collection::vec(any::<u8>(), 0..120)) {
        let heads: [&[u8]; 5] =
            [&[], &[22, 3, 1, 0, 60, 1, 0, 0, 50], &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40], &[0x80, 46, 1], &[2]];
        let bytes = [heads[head], &tail].concat();
        let packet = PacketStamp::default();
        for end in [None, Some(Ending::Datagram), Some(Ending::Snapped), Some(Ending::Gap(9)), Some(Ending::Fin)] {
            let input = Input { from: CLIENT, bytes: &bytes, first: packet, packet, end };
            let analyzers: [Box<dyn Analyzer>; 2] = [Box::new(TlsAnalyzer::new()), Box::new(DtlsAnalyzer::new())];
            for mut analyzer in analyzers {
                if let Step::Message { len, .. } = analyzer.next(&input) {
                    prop_assert!(len > 0 && len <= bytes.len());
                }
            }
        }
        for form in [false, true] {
            let _ = ClientHello::read(&bytes, form);
            let _ = certificates(&bytes, form).map(CertificateFacts::read).count();
        }
        let _ = ServerHello::read(&bytes);
        let _ = CertificateFacts::read(&bytes);
    }
}
