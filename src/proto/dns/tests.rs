use proptest::prelude::*;

use super::*;
use crate::flow::{Direction, PacketStamp};
use crate::time::Timestamp;

/// A name written out, its labels as they are.
fn wire(labels: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in labels {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend_from_slice(label);
    }
    bytes.push(0);
    bytes
}

fn header(id: u16, flags: u16, counts: [u16; 4]) -> Vec<u8> {
    [id, flags].iter().chain(&counts).flat_map(|word| word.to_be_bytes()).collect()
}

fn query(id: u16, name: &[&[u8]]) -> Vec<u8> {
    let mut bytes = header(id, 0x0100, [1, 0, 0, 0]);
    bytes.extend(wire(name));
    bytes.extend([0, 1, 0, 1]);
    bytes
}

/// `www.example` with a CNAME, an address and EDNS, compressed.
fn response(id: u16) -> Vec<u8> {
    let mut bytes = header(id, 0x8180, [1, 2, 0, 1]);
    bytes.extend(wire(&[b"www", b"example"]));
    bytes.extend([0, 1, 0, 1]);
    bytes.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 1, 44, 0, 4, 1, b'a', 0xc0, 16]);
    bytes.extend([0xc0, 41, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 1]);
    bytes.extend([0, 0, 41, 0x10, 0, 1, 0, 0x80, 0, 0, 6, 0, 3, 0, 2, b'i', b'd']);
    bytes
}

fn text(message: &[u8], at: usize) -> String {
    Name::read(message, at).to_string()
}

#[test]
fn a_message_is_read_with_the_places_of_its_parts() {
    let bytes = response(7);
    let message = Message::read(&bytes);
    let header = message.header.unwrap();
    assert!(header.is_response() && header.recursion_desired() && header.recursion_available());
    assert!(!header.is_authoritative() && !header.is_truncated() && header.id == 7);
    assert_eq!((message.damage, message.trailing.len()), (None, 0));
    let question = &message.questions[0];
    assert_eq!(
        (question.name.to_string(), question.kind, question.place),
        ("www.example.".into(), 1, (12, 29))
    );
    let [alias, address, _] = message.records.as_slice() else { panic!("three records") };
    assert_eq!(alias.name_at(0).to_string(), "a.example.");
    assert_eq!(
        (address.name.to_string(), address.data, address.ttl),
        ("a.example.".into(), &[192, 0, 2, 1][..], 300)
    );
    assert_eq!(&bytes[address.data_at..][..4], address.data);
    assert_eq!(message.section(Section::Answer).count(), 2);
    let edns = message.edns().unwrap();
    assert!(edns.dnssec_ok() && edns.udp_payload == 4096);
    assert_eq!(edns.options().collect::<Vec<_>>(), [(3, &b"id"[..])]);
    // BADVERS is 16: its upper bits stand in EDNS.
    assert_eq!(message.rcode(), Some(16));
}

#[test]
fn names_are_written_as_in_a_master_file() {
    assert_eq!(text(&wire(&[]), 0), ".");
    assert_eq!(text(&wire(&[b"a.b", b"c\\d"]), 0), "a\\.b.c\\\\d.");
    assert_eq!(text(&wire(&[b"tab\t", b"\x00\xff \x7f"]), 0), "tab\\009.\\000\\255\\032\\127.");
    assert_eq!(text(&wire(&[b"\";($)@"]), 0), "\\\"\\;\\(\\$\\)\\@.");
    assert_eq!(format!("{:#}", Name::read(&wire(&[b"UPPER", b"case"]), 0)), "UPPER.case");
    assert_eq!(format!("{:#}", Name::read(&[0], 0)), ".");
}

#[test]
fn names_are_the_same_whatever_the_case_of_their_letters() {
    let (a, b) = (wire(&[b"WWW", b"Example"]), wire(&[b"www", b"eXAMPLE"]));
    assert!(Name::read(&a, 0).is_same(&Name::read(&b, 0)));
    assert!(Name::read(&a, 0).folded().eq(Name::read(&b, 0).folded()));
    // A dot within a label is not one between labels.
    let (a, b) = (wire(&[b"a.b"]), wire(&[b"a", b"b"]));
    assert!(!Name::read(&a, 0).is_same(&Name::read(&b, 0)));
    assert!(!Name::read(&a, 0).folded().eq(Name::read(&b, 0).folded()));
}

#[test]
fn a_name_has_255_bytes_at_most() {
    let (x, y) = ([b'x'; 63], [b'y'; 62]);
    let longest = wire(&[&x, &x, &x, &y[..61]]);
    assert_eq!((longest.len(), Name::read(&longest, 0).fault()), (MAX_NAME_BYTES, None));
    let longer = wire(&[&x, &x, &x, &y]);
    let name = Name::read(&longer, 0);
    assert_eq!((name.fault(), name.label_count(), name.place()), (Some(NameFault::TooLong), 3, 0..256));
}

#[test]
fn pointers_that_lead_nowhere_are_faults_and_the_labels_before_them_stay() {
    let fault = |bytes: &[u8], at| {
        let name = Name::read(bytes, at);
        (name.fault(), name.label_count(), name.place().end)
    };
    assert_eq!(fault(&[0xc0, 0], 0), (Some(NameFault::Loop), 0, 2));
    assert_eq!(fault(b"\x01a\xc0\x00", 0), (Some(NameFault::Loop), 1, 4));
    assert_eq!(fault(b"\x01a\xc0\x02", 0), (Some(NameFault::Loop), 1, 4));
    assert_eq!(fault(b"\x01a\xc0\x04\x01b\x00", 0), (Some(NameFault::Forward), 1, 4));
    // Two names that point at each other.
    assert_eq!(fault(b"\xc0\x02\xc0\x00", 2), (Some(NameFault::Forward), 0, 4));
    assert_eq!(fault(b"\x01a\x41b\x00", 0).0, Some(NameFault::UnknownLabel));
    assert_eq!(fault(b"\x03ab", 0), (Some(NameFault::Cut), 0, 3));
    assert_eq!(fault(b"\x01a\xc0", 0), (Some(NameFault::Cut), 1, 3));
    assert_eq!(fault(b"", 5), (Some(NameFault::Cut), 0, 0));
    assert_eq!(text(b"\x01a\xc0\x00", 0), "a.<name's pointer leads back into the name>");
}

/// Each pointer leads to the one before: as long a chain as there is room for.
#[test]
fn a_chain_of_pointers_ends() {
    let mut bytes = vec![0];
    for to in (0_u16..).step_by(2).take(MAX_POINTERS + 1) {
        bytes.extend((0xc000 | to.saturating_sub(1)).to_be_bytes());
    }
    let at = |pointers: usize| Name::read(&bytes, pointers * 2 - 1).fault();
    assert_eq!((at(1), at(MAX_POINTERS), at(MAX_POINTERS + 1)), (None, None, Some(NameFault::TooLong)));
}

#[test]
fn a_message_goes_on_behind_a_name_whose_pointer_is_wrong() {
    let mut bytes = header(1, 0x8180, [0, 2, 0, 0]);
    bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 9]);
    bytes.extend([0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 8]);
    let message = Message::read(&bytes);
    assert_eq!(message.records.iter().map(|record| record.data).collect::<Vec<_>>(), [&[9][..], &[8]]);
    assert_eq!(message.damage, Some(Damage { at: 12, kind: DamageKind::Name(NameFault::Loop) }));
    assert_eq!(message.damage.unwrap().to_string(), "name's pointer leads back into the name (byte 12)");
}

#[test]
fn every_cut_of_a_message_gives_what_stands_before_it_and_where_it_is() {
    let bytes = response(7);
    let whole = Message::read(&bytes);
    for len in 0..bytes.len() {
        let cut = Message::read(&bytes[..len]);
        let damage = cut.damage.unwrap();
        assert!(damage.kind.is_final() && damage.at <= len, "{len}: {damage}");
        assert_eq!(cut.header.is_some(), len >= HEADER_BYTES);
        assert_eq!(cut.questions.len(), usize::from(len >= 29));
        for (part, same) in cut.records.iter().zip(&whole.records) {
            assert_eq!(
                (part.kind, part.ttl, part.name.to_string()),
                (same.kind, same.ttl, same.name.to_string())
            );
            assert!(same.data.starts_with(part.data));
        }
        let told =
            cut.records.iter().filter(|record| record.data.len() == usize::from(record.data_len)).count();
        let ends = whole.records.iter().map(|record| record.data_at + record.data.len());
        assert_eq!(told, ends.filter(|end| *end <= len).count(), "{len}");
    }
    let say = |len: usize| Message::read(&bytes[..len]).damage.unwrap().to_string();
    assert_eq!(say(5), "header cut (byte 5)");
    assert_eq!(say(20), "question 1 cut (byte 12)");
    assert_eq!(say(40), "answer record 1 cut (byte 29)");
    assert_eq!(say(60), "data of answer record 2 cut (byte 45)");
}

#[test]
fn what_stands_behind_the_last_record_is_told() {
    let mut bytes = query(1, &[b"a"]);
    let end = bytes.len();
    bytes.extend(b"more");
    let message = Message::read(&bytes);
    assert_eq!((message.damage, message.trailing), (None, end..end + 4));
}

fn stamp(number: u64) -> PacketStamp {
    PacketStamp { number, ts: Some(Timestamp::from_nanos(i128::from(number) * 1_000_000_000)) }
}

fn input(from: Direction, bytes: &[u8], number: u64, end: Option<Ending>) -> Input<'_> {
    Input { from, bytes, first: stamp(number), packet: stamp(number), end }
}

/// What is told of a datagram in packet `number`.
fn note(analyzer: &mut DnsAnalyzer, bytes: &[u8], number: u64) -> DnsNote {
    match analyzer.next(&input(Direction::OrigToResp, bytes, number, Some(Ending::Datagram))) {
        Step::Message { len, note: Note::Dns(note), inner: None } if len == bytes.len() => note,
        other => panic!("a message, not {other:?}"),
    }
}

#[test]
fn responses_find_their_query_by_number_and_question() {
    let mut flow = DnsAnalyzer::new(Protocol::Dns);
    assert_eq!(note(&mut flow, &query(1, &[b"other"]), 1), DnsNote::default());
    assert_eq!(note(&mut flow, &query(7, &[b"WWW", b"example"]), 2), DnsNote::default());
    // The same number with another question is another query, to wirelab; Wireshark says it is a repetition.
    let other = note(&mut flow, &query(7, &[b"x"]), 3);
    assert_eq!((other.retry_of, other.wireshark), (None, InWireshark::RepeatsQuery(2)));
    // A retry, in letters of another case.
    assert_eq!(note(&mut flow, &query(7, &[b"www", b"example"]), 4).retry_of, Some(stamp(2)));
    let answer = note(&mut flow, &response(7), 5);
    assert_eq!((answer.asked, answer.retry_of), (Some(stamp(2)), None));
    assert_eq!(answer.elapsed.unwrap().as_nanos(), 3_000_000_000);
    assert_eq!(answer.wireshark, InWireshark::ResponseTo(stamp(2)));
    // The answer to the retry.
    let again = note(&mut flow, &response(7), 6);
    assert_eq!((again.asked, again.retry_of), (Some(stamp(2)), Some(stamp(5))));
    assert_eq!(again.wireshark, InWireshark::RepeatsResponse(5));
    // Nobody asked.
    let unasked = note(&mut flow, &response(8), 7);
    assert_eq!((unasked.asked, unasked.wireshark), (None, InWireshark::Unsolicited));
    // Answered: the same once more is a new query.
    assert_eq!(note(&mut flow, &query(7, &[b"www", b"example"]), 8).retry_of, None);
    assert_eq!(note(&mut flow, &response(7), 9).asked, Some(stamp(8)));
}

#[test]
fn a_response_without_a_question_goes_by_its_number_and_wireshark_forgets_after_five_seconds() {
    let mut flow = DnsAnalyzer::new(Protocol::Dns);
    note(&mut flow, &query(7, &[b"a"]), 1);
    assert_eq!(note(&mut flow, &query(7, &[b"a"]), 5).wireshark, InWireshark::RepeatsQuery(1));
    assert_eq!(note(&mut flow, &query(7, &[b"a"]), 6).wireshark, InWireshark::Alone);
    assert_eq!(note(&mut flow, &header(7, 0x8181, [0; 4]), 7).asked, Some(stamp(1)));
}

#[test]
fn only_so_many_queries_are_remembered() {
    let mut flow = DnsAnalyzer::new(Protocol::Dns);
    for number in 0..=u64::try_from(MAX_QUERIES).unwrap() {
        note(&mut flow, &query(u16::try_from(number).unwrap(), &[b"www", b"example"]), number);
    }
    assert_eq!(note(&mut flow, &response(0), 2000).asked, None);
    assert_eq!(note(&mut flow, &response(1), 2001).asked, Some(stamp(1)));
}

#[test]
fn multicast_dns_is_not_paired() {
    let mut flow = DnsAnalyzer::new(Protocol::Mdns);
    note(&mut flow, &query(0, &[b"www", b"example"]), 1);
    let again = note(&mut flow, &query(0, &[b"www", b"example"]), 2);
    let answer = note(&mut flow, &response(0), 3);
    assert_eq!((again.retry_of, answer.asked), (None, None));
}

#[test]
fn other_ports_need_a_message_to_its_last_byte() {
    let good = query(1, &[b"a", b"b"]);
    assert_eq!(form_of_datagram(&good), Form::Dns);
    assert_eq!(form_of_datagram(&response(1)), Form::Dns);
    for wrong in [
        &good[..good.len() - 1],
        &[&good[..], b"x"].concat(),
        &{
            let mut class = good.clone();
            let last = class.len() - 1;
            class[last] = 9;
            class
        },
        b"",
        b"a text that is none, as one sees",
    ] {
        assert_eq!(form_of_datagram(wrong), Form::Other);
    }
    let framed = [&u16::try_from(good.len()).unwrap().to_be_bytes()[..], &good].concat();
    assert_eq!(form_of_stream(&framed), Form::Dns);
    assert_eq!(form_of_stream(&framed[..20]), Form::Unsure(framed.len()));
    assert_eq!(form_of_stream(&framed[..10]), Form::Other);
}

/// The messages of a stream that arrives in pieces, each as its bytes.
fn cut_stream(stream: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut analyzer = DnsAnalyzer::new(Protocol::Dns);
    let (mut waiting, mut told) = (Vec::new(), Vec::new());
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
    ends.push(stream.len());
    ends.sort_unstable();
    let mut from = 0;
    for (number, to) in (0..).zip(ends) {
        waiting.extend_from_slice(&stream[from..to]);
        from = to;
        while !waiting.is_empty() {
            match analyzer.next(&input(Direction::OrigToResp, &waiting, number, None)) {
                Step::Message { len, .. } => told.push(waiting.drain(..len).collect()),
                Step::More(need) => {
                    assert!(need > waiting.len());
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(waiting.is_empty());
    told
}

#[test]
fn bytes_behind_a_gap_that_are_no_message_are_given_up() {
    let mut analyzer = DnsAnalyzer::new(Protocol::Dns);
    let step = analyzer.next(&input(Direction::OrigToResp, b"\x00\x0cnot a header ", 1, None));
    assert!(matches!(step, Step::Lost));
}

proptest! {
    #[test]
    fn any_segmentation_gives_the_same_messages(cuts in proptest::collection::vec(0_usize..200, 0..8)) {
        let messages = [query(1, &[b"a"]), response(1), query(2, &[b"www", b"example"])];
        let framed: Vec<Vec<u8>> = messages
            .iter()
            .map(|message| [&u16::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat())
            .collect();
        prop_assert_eq!(cut_stream(&framed.concat(), &cuts), framed);
    }

    #[test]
    fn any_bytes_are_read_to_their_end_or_their_damage(bytes in proptest::collection::vec(any::<u8>(), 0..300), counts in 0_u16..4) {
        let mut bytes = bytes;
        // Random counts are past the end at once.
        for (at, byte) in bytes.iter_mut().enumerate().skip(4).take(8) {
            *byte = if at % 2 == 0 { 0 } else { u8::try_from(counts).unwrap() };
        }
        let message = Message::read(&bytes);
        prop_assert!(message.trailing.end <= bytes.len());
        for name in message.questions.iter().map(|q| q.name).chain(message.records.iter().map(|r| r.name)) {
            prop_assert!(name.wire_len() <= MAX_NAME_BYTES && name.labels().count() == name.label_count());
            prop_assert!(name.to_string().is_ascii());
        }
        for record in &message.records {
            prop_assert!(record.data.len() <= usize::from(record.data_len));
            prop_assert!(record.name_at(0).place().end <= bytes.len());
        }
        let _ = form_of_datagram(&bytes);
        let _ = DnsAnalyzer::new(Protocol::Dns).next(&input(Direction::OrigToResp, &bytes, 1, Some(Ending::Snapped)));
    }

    #[test]
    fn a_name_is_written_and_read_again(labels in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..6)) {
        let labels: Vec<&[u8]> = labels.iter().map(Vec::as_slice).collect();
        let bytes = wire(&labels);
        let name = Name::read(&bytes, 0);
        prop_assert_eq!(name.fault(), None);
        prop_assert_eq!(name.wire_len(), bytes.len());
        prop_assert_eq!(name.place(), 0..bytes.len());
        prop_assert_eq!(name.labels().collect::<Vec<_>>(), labels);
    }
}
