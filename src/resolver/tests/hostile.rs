use super::*;
use crate::resolver::MAX_QUERIES;

const A: u16 = 1;

/// What is answered where servers do this; it ends within its budget of queries.
fn answered(text: &str, tamper: Tamper) -> (u16, Vec<u8>) {
    let mut lab = Lab { tamper: Some(tamper), ..Lab::default() };
    let query = query(9, text, A, RD, Some(true));
    let answered = recursive().answer_at(&mut lab, &query, Carrier::Udp, Duration::ZERO);
    assert!(lab.log.len() <= usize::try_from(MAX_QUERIES).unwrap(), "{}", lab.log.len());
    let bytes = answered.bytes.unwrap();
    let read = Message::read(&bytes);
    assert_eq!((read.damage, read.header.unwrap().id), (None, 9));
    assert!(bytes.len() <= 1_232);
    (read.rcode().unwrap(), bytes)
}

#[test]
fn queries_that_are_cut_are_refused_or_passed_over() {
    let resolver = recursive();
    let whole = query(1, "www.nyu.edu", A, RD, Some(true));
    for length in 0..whole.len() {
        let mut lab = Lab::default();
        let answered = resolver.answer_at(&mut lab, &whole[..length], Carrier::Udp, Duration::ZERO);
        let code = answered.bytes.map(|bytes| Message::read(&bytes).rcode().unwrap());
        assert_eq!(code, (length >= 12).then_some(1), "{length}");
        assert!(lab.log.is_empty());
    }
    let mut response = whole;
    response[2] |= 0x80;
    assert_eq!(resolver.answer_at(&mut Lab::default(), &response, Carrier::Udp, Duration::ZERO).bytes, None);
}

#[test]
fn what_does_not_fit_the_query_is_not_believed() {
    let change = |place: usize| -> Tamper {
        Box::new(move |server, _, mut answer| {
            answer[place] ^= 1;
            vec![(server, answer)]
        })
    };
    // The id, and a letter of the name.
    for place in [0, 1, 14] {
        assert_eq!(answered("www.nyu.edu", change(place)).0, 2, "{place}");
    }
    let elsewhere: Tamper = Box::new(|_, _, answer| vec![("127.0.0.9:53".parse().unwrap(), answer)]);
    assert_eq!(answered("www.nyu.edu", elsewhere).0, 2);
    let echo: Tamper = Box::new(|server, query, _| vec![(server, query.to_vec())]);
    assert_eq!(answered("www.nyu.edu", echo).0, 2);
    let flood: Tamper = Box::new(|server, _, answer| {
        let mut other = answer.clone();
        other[0] ^= 0xff;
        let mut all = vec![(server, other); 1000];
        all.push((server, answer));
        all
    });
    assert_eq!(answered("www.nyu.edu", flood).0, 2);
}

#[test]
fn answers_that_are_cut_anywhere_end_in_a_word() {
    for length in (0..300).step_by(3) {
        let cut: Tamper = Box::new(move |server, _, mut answer| {
            answer.truncate(length);
            vec![(server, answer)]
        });
        // The zone's own answer is shorter than the longest cut, the referral before it is not.
        assert_eq!(answered("www.signed.edu", cut).0, 2, "{length}");
    }
}

#[test]
fn a_byte_that_is_changed_in_what_is_signed_is_noticed() {
    let (code, whole) = answered("www.signed.edu", Box::new(|server, _, answer| vec![(server, answer)]));
    assert_eq!((code, Message::read(&whole).header.unwrap().authentic_data()), (0, true));
    for back in [1, 20, 60, 90] {
        let change: Tamper = Box::new(move |server, query, mut answer| {
            let is_last = Message::read(query).questions[0].kind == A && answer.len() < 200;
            let place = answer.len() - 11 - back;
            answer[place] ^= u8::from(is_last);
            vec![(server, answer)]
        });
        assert_eq!(answered("www.signed.edu", change).0, 2, "{back}");
    }
}

#[test]
fn signatures_that_are_taken_away_are_missed() {
    let stripped: Tamper = Box::new(|to, asked, answer| {
        let is_answer =
            Message::read(asked).questions[0].kind == A && answer.get(2).is_some_and(|byte| byte & 4 != 0);
        let server = WORLD.servers().iter().find(|server| server.address == to.ip()).unwrap();
        // As who does not ask for them is answered.
        let mut plain = query(0, "www.signed.edu", A, 0, None);
        plain[..2].copy_from_slice(&asked[..2]);
        let without = WORLD.answer(server, &plain, Carrier::Udp).bytes.unwrap();
        vec![(to, if is_answer { without } else { answer })]
    });
    let (code, bytes) = answered("www.signed.edu", stripped);
    assert_eq!((code, extended_error(&Message::read(&bytes))), (2, Some(10)));
}

#[test]
fn names_that_point_at_themselves_and_64_kilobytes_end_in_a_word() {
    let looping: Tamper = Box::new(|server, query, _| {
        let mut answer = query.to_vec();
        answer[2] |= 0x80;
        answer[7] = 1;
        let at = u16::try_from(answer.len()).unwrap();
        answer.extend((0xc000 | at).to_be_bytes());
        answer.extend([0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
        vec![(server, answer)]
    });
    assert_eq!(answered("www.nyu.edu", looping).0, 2);
    let endless: Tamper = Box::new(|server, query, _| {
        let mut answer = query.get(..query.len() - 11).unwrap().to_vec();
        answer[2] |= 0x84;
        answer[10..12].fill(0);
        let record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1];
        let count = u16::try_from((65_535 - answer.len()) / record.len()).unwrap();
        answer[6..8].copy_from_slice(&count.to_be_bytes());
        for number in 0..count {
            let [high, low] = number.to_be_bytes();
            answer.extend(&record[..14]);
            answer.extend([high, low]);
        }
        vec![(server, answer)]
    });
    // The root answers with thousands of addresses and no signature.
    assert_eq!(answered("www.nyu.edu", endless).0, 2);
    let itself: Tamper = Box::new(|server, query, _| {
        let mut answer = query.get(..query.len() - 11).unwrap().to_vec();
        answer[2] |= 0x80;
        answer[8..12].copy_from_slice(&[0, 1, 0, 0]);
        // The zone that was asked for, served by a name in it, without an address.
        answer.extend([0xc0, 12, 0, 2, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 12]);
        vec![(server, answer)]
    });
    assert_eq!(answered("www.nyu.edu", itself).0, 2);
}
