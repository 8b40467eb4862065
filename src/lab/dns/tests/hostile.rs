//! Queries that no resolver sends: an answer or silence, never a panic, never an answer to an answer.

use proptest::prelude::*;

use super::*;

fn answers(bytes: &[u8]) -> Vec<Answered> {
    let servers = ["a.root-servers.net.", "a.edu-servers.net.", "ns1.signed.edu.", "ns1.lab.edu."];
    let carriers = [Carrier::Udp, Carrier::Tcp];
    let ask = |name: &&str| carriers.map(|carrier| WORLD.answer(server(name), bytes, carrier));
    servers.iter().flat_map(ask).collect()
}

/// What must hold of every answer: it can be read, it is one, its length is allowed.
fn check(asked: &[u8]) {
    for answered in answers(asked) {
        let Some(bytes) = answered.bytes else { continue };
        let message = Message::read(&bytes);
        assert!(message.damage.is_none() && message.trailing.is_empty(), "{asked:?}: {message:?}");
        assert_eq!(bytes[..2], asked[..2]);
        assert!(bytes[2] & 0x80 != 0);
        // Nobody answers it again.
        assert!(answers(&bytes).iter().all(|answered| answered.word == Word::Silence));
    }
}

#[test]
fn a_query_cut_at_every_byte_is_answered_or_not() {
    let whole = query("www.signed.edu.", Kind::A, Some((1_232, DO)));
    for length in 0..whole.len() {
        let cut = &whole[..length];
        check(cut);
        let wanted = if length < 12 { Word::Silence } else { Word::Refused(Code::FormErr) };
        assert!(answers(cut).iter().all(|answered| answered.word == wanted), "{length}");
    }
}

fn code(bytes: &[u8]) -> u16 {
    let answered = WORLD.answer(server("ns1.lab.edu."), bytes, Carrier::Udp);
    Message::read(&answered.bytes.unwrap()).rcode().unwrap()
}

#[test]
fn wrong_queries_are_told_what_is_wrong() {
    let good = query("www.lab.edu.", Kind::A, Some((1_232, 0)));
    assert_eq!(code(&good), 0);
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let opt = good.len() - 11;
    let with_options = |options: &[u8]| {
        let length = u16::try_from(options.len()).unwrap().to_be_bytes();
        [&good[..opt + 9], &length, options].concat()
    };
    let of_kind = |kind: u16| [&good[..opt - 4], &kind.to_be_bytes(), &good[opt - 2..]].concat();
    for (what, bytes, wanted) in [
        ("opcode UPDATE", with(2, 0x28), 4),
        ("no question", with(5, 0), 1),
        ("two questions", with(5, 2), 1),
        ("a pointer to itself", with(12, 0xc0), 1),
        ("an unknown label", with(12, 0x40), 1),
        ("another class", with(opt - 1, 3), 5),
        ("EDNS of another version", with(opt + 6, 1), 16),
        ("OPT not at the root", [&with(11, 1)[..opt], b"\x01x", &good[opt..]].concat(), 1),
        // Unknown options are passed over (RFC 6891 section 6.1.2), badly formatted ones are not (section 7).
        ("an unknown option", with_options(b"\xfe\xed\0\x02ab"), 0),
        ("a cookie", with_options(b"\0\x0a\0\x08abcdefgh"), 0),
        ("two options", with_options(b"\0\x03\0\0\0\x0c\0\x01\0"), 0),
        ("an option longer than OPT", with_options(b"\0\x0a\0\x09abcdefgh"), 1),
        ("an option without a length", with_options(b"\0\x03\0\0\0\x0c\0"), 1),
        (
            "another version may have other options",
            {
                let mut bytes = with_options(b"abc");
                bytes[opt + 6] = 1;
                bytes
            },
            16,
        ),
        (
            "NOTIFY with EDNS of another version",
            {
                let mut bytes = with(opt + 6, 1);
                bytes[2] = 0x20;
                bytes
            },
            4,
        ),
        ("type 0", of_kind(0), 4),
        ("OPT asked for", of_kind(41), 4),
        ("a meta type that nobody knows", of_kind(200), 4),
        ("MAILA", of_kind(254), 4),
        ("IXFR", of_kind(251), 5),
        ("a type that nobody knows", of_kind(65_280), 0),
        ("OPT twice", [&with(11, 2), &good[opt..]].concat(), 1),
        ("more records than there are", with(11, 2), 1),
    ] {
        assert_eq!(code(&bytes), wanted, "{what}");
        check(&bytes);
    }
}

#[test]
fn who_speaks_edns_is_refused_with_edns() {
    let good = query("www.lab.edu.", Kind::A, Some((1_232, 0)));
    let opt = good.len() - 11;
    let of = |flags: u8, bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes[2] = flags;
        let answered = WORLD.answer(server("ns1.lab.edu."), &bytes, Carrier::Udp);
        let bytes = answered.bytes.unwrap();
        let read = Message::read(&bytes);
        (read.rcode().unwrap(), read.questions.len(), read.edns().is_some())
    };
    // NOTIFY, UPDATE, and an opcode that nobody knows.
    for flags in [0x20, 0x28, 0x78] {
        assert_eq!(of(flags, &good), (4, 1, true), "{flags:x}");
        assert_eq!(of(flags, &query("www.lab.edu.", Kind::A, None)), (4, 1, false), "{flags:x}");
    }
    // No question at all, as some ask for a cookie (RFC 7873 section 5.4).
    let mut no_question = [&good[..12], &good[opt..]].concat();
    no_question[5] = 0;
    assert_eq!(of(0, &no_question), (1, 0, true));
    let damaged = [&good[..opt + 9], b"\0\x03abc"].concat();
    assert_eq!(of(0, &damaged), (1, 1, true));
}

#[test]
fn names_as_long_as_they_can_be_are_answered() {
    let long = format!("{}.{}.{}.{}.", "x".repeat(63), "y".repeat(63), "z".repeat(63), "w".repeat(61));
    let name = Name::parse(&long, &Name::root()).unwrap();
    assert_eq!(name.wire().len(), 255);
    check(&query(&long, Kind::A, Some((1_232, DO))));
    let many = "1.".repeat(120) + "lab.edu.";
    check(&query(&many, Kind::A, Some((1_232, DO))));
    for escaped in [r"\000\255\.\\.signed.edu.", r"\027[2J.edu.", r"\*.wild.signed.edu."] {
        check(&query(escaped, Kind::A, Some((1_232, DO))));
    }
    check(&vec![0; 65_535]);
    check(&[&query("www.lab.edu.", Kind::A, None)[..], &vec![0xff; 65_000]].concat());
}

#[test]
fn a_name_that_a_dname_makes_too_long_is_refused() {
    let root = "$TTL 60\n@ SOA a. b. 1 2 3 4 5\n@ NS a.\na. A 192.0.2.1\ns DNAME sixteen-bytes-more\n";
    let files = [("root.zone", root)];
    let internet =
        Internet::from_files(files.into_iter(), Addresses::AsWritten, Validity::starting_now()).unwrap();
    // 255 bytes, and 256.
    for (length, code) in [(44, 3), (45, 6)] {
        let name =
            format!("{}.{}.{}.{}.s.", "x".repeat(63), "y".repeat(63), "z".repeat(61), "w".repeat(length));
        let asked = query(&name, Kind::A, Some((1_232, 0)));
        let bytes = internet.answer(&internet.servers()[0], &asked, Carrier::Udp).bytes.unwrap();
        assert_eq!(Message::read(&bytes).rcode(), Some(code), "{length}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes);
    }

    #[test]
    fn any_damage_to_a_query_is_answered_or_not(at in 0_usize..40, byte: u8) {
        let mut bytes = query("x.wild.signed.edu.", Kind::MX, Some((1_232, DO)));
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        check(&bytes);
    }

    #[test]
    fn any_text_is_a_zone_file_or_an_error(text in "[a-z0-9@.;\"() \\n\\\\$]{0,200}") {
        let _ = master::read("x.zone", &text, &Name::root()).map(|master| Zone::build("x.zone", &master));
    }
}
