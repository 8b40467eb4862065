use super::super::stub::Stub;
use super::*;
use crate::lab::dns::{By, Word};

const A: u16 = 1;
const UPSTREAM: &str = "127.53.0.54:53";

/// What a client gets where the recursive resolver sends this for the query that it was passed.
fn passed(query: &[u8], mut sends: impl FnMut(&[u8]) -> Vec<Vec<u8>> + 'static) -> (Vec<u8>, Word, usize) {
    let tamper: Tamper =
        Box::new(move |server, query, _| sends(query).into_iter().map(|bytes| (server, bytes)).collect());
    let mut lab = Lab { tamper: Some(tamper), ..Lab::default() };
    let stub = Stub::new(UPSTREAM.parse().unwrap());
    let answered = stub.answer(&mut lab, query, Carrier::Udp);
    (answered.bytes.unwrap(), answered.word, lab.log.len())
}

/// The recursive resolver's answer to a query that it was passed.
fn answer(query: &[u8]) -> Vec<u8> {
    recursive().answer_at(&mut Lab::default(), query, Carrier::Udp, Duration::ZERO).bytes.unwrap()
}

#[test]
fn questions_are_passed_on_and_answers_back() {
    for text in ["www.signed.edu", "no.edu", "www.bogus.edu"] {
        let query = query(77, text, A, RD, Some(true));
        let (bytes, word, _) = passed(&query, |own| {
            assert_eq!(Message::read(own).header.unwrap().flags, RD);
            vec![answer(own)]
        });
        assert_eq!(bytes, answer(&query), "{text}");
        match (text, word) {
            ("www.signed.edu", Word::Answer) | ("no.edu", Word::NxDomain) => {}
            ("www.bogus.edu", Word::Failed(why)) => assert!(why.contains("signature"), "{why}"),
            (_, word) => panic!("{text}: {word}"),
        }
    }
}

#[test]
fn only_the_answer_to_its_own_query_is_taken() {
    let query = query(77, "www.nyu.edu", A, RD, None);
    let (bytes, ..) = passed(&query, |own| {
        // The client's id is the one that somebody could guess; its own is another, but for one in 65,536.
        let mut guessed = answer(own);
        guessed[..2].copy_from_slice(&(u16::from_be_bytes([own[0], own[1]]) ^ 1).to_be_bytes());
        let mut other = answer(own);
        other[13] ^= 1;
        vec![guessed, other, answer(own)]
    });
    assert_eq!(Message::read(&bytes).rcode(), Some(0));
    for place in [0, 13] {
        let (bytes, word, _) = passed(&query, move |own| {
            let mut wrong = answer(own);
            wrong[place] ^= 1;
            vec![wrong]
        });
        assert_eq!(Message::read(&bytes).rcode(), Some(2), "{place}");
        assert!(matches!(word, Word::Failed(_)));
    }
    let stub = Stub::new(UPSTREAM.parse().unwrap());
    let elsewhere: Tamper = Box::new(|_, query, _| vec![("127.0.0.9:53".parse().unwrap(), answer(query))]);
    let mut lab = Lab { tamper: Some(elsewhere), ..Lab::default() };
    let answered = stub.answer(&mut lab, &query, Carrier::Udp);
    assert_eq!(answered.by, By::Passing(UPSTREAM.parse().unwrap()));
    assert_eq!(Message::read(&answered.bytes.unwrap()).rcode(), Some(2));
}

#[test]
fn what_cannot_be_read_or_is_too_long_is_not_passed_back() {
    let query = query(77, "www.nyu.edu", A, RD, None);
    let whole = answer(&query);
    for length in 0..whole.len() {
        let (bytes, ..) = passed(&query, move |own| vec![answer(own)[..length].to_vec()]);
        let read = Message::read(&bytes);
        assert_eq!((read.rcode(), read.damage), (Some(2), None), "{length}");
    }
    let (bytes, word, _) = passed(&query, |own| {
        let mut long = answer(own);
        long.resize(60_000, 0);
        vec![long]
    });
    let read = Message::read(&bytes);
    assert!(read.header.unwrap().is_truncated() && bytes.len() < 512);
    assert_eq!(word, Word::Truncated);
}

#[test]
fn what_is_no_question_is_not_passed_on() {
    let whole = query(1, "www.nyu.edu", A, RD, None);
    let stub = Stub::new(UPSTREAM.parse().unwrap());
    for length in 0..whole.len() {
        let mut lab = Lab::default();
        let answered = stub.answer(&mut lab, &whole[..length], Carrier::Udp);
        let code = answered.bytes.map(|bytes| Message::read(&bytes).rcode().unwrap());
        assert_eq!((code, lab.log.len()), ((length >= 12).then_some(1), 0), "{length}");
    }
}

#[test]
fn what_is_lost_is_sent_again_and_no_more_than_that() {
    let query = query(77, "www.nyu.edu", A, RD, None);
    for (lost, code, sent) in [(0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 2, 3)] {
        let (mut count, mut first) = (0, Vec::new());
        let (bytes, _, came) = passed(&query, move |own| {
            count += 1;
            if count == 1 {
                first = own.to_vec();
            }
            assert_eq!(own, first, "another query is no repeat of it");
            if count > lost { vec![answer(own)] } else { Vec::new() }
        });
        assert_eq!((Message::read(&bytes).rcode(), came), (Some(code), sent), "{lost}");
    }
    // A connection loses nothing.
    let mut lab = Lab { tamper: Some(Box::new(|_, _, _| Vec::new())), ..Lab::default() };
    let stub = Stub::new(UPSTREAM.parse().unwrap());
    stub.answer(&mut lab, &query, Carrier::Tcp);
    assert_eq!(lab.log.len(), 1);
    // All of it takes no longer than the other resolver may take, and a moment.
    let mut lab = Lab { tamper: Some(Box::new(|_, _, _| Vec::new())), ..Lab::default() };
    stub.answer(&mut lab, &query, Carrier::Udp);
    assert!((10_000_000_000..10_100_000_000).contains(&lab.clock), "{}", lab.clock);
}

#[test]
fn a_flood_of_what_does_not_fit_is_not_answered_by_more() {
    let query = query(77, "www.nyu.edu", A, RD, None);
    let (bytes, _, sent) = passed(&query, |own| {
        let mut wrong = answer(own);
        wrong[0] ^= 1;
        vec![wrong; 1000]
    });
    assert_eq!((Message::read(&bytes).rcode(), sent), (Some(2), 1));
}
