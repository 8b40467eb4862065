//! Name servers, bytes to bytes: what they answer is read by this project's own reader and verified by hickory-proto.

mod files;
mod hostile;
mod signed;

use std::sync::LazyLock;

use super::*;
use crate::proto::dns::{Message, Record, Section, type_name};

/// The internet that comes with the program, where its zones say.
static WORLD: LazyLock<Internet> =
    LazyLock::new(|| Internet::own(Addresses::AsWritten, Validity::starting_now()).unwrap());

const DO: u32 = 0x8000;

/// A query: `edns` is its payload size and flags.
fn query(name: &str, kind: Kind, edns: Option<(u16, u32)>) -> Vec<u8> {
    let mut bytes = vec![0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(edns.is_some())];
    // Not in lower case: the question comes back as it was sent.
    let name = Name::parse(name, &Name::root()).unwrap();
    bytes.extend(name.wire().iter().enumerate().map(|(at, byte)| match at % 2 {
        0 => byte.to_ascii_uppercase(),
        _ => *byte,
    }));
    bytes.extend(kind.0.to_be_bytes());
    bytes.extend([0, 1]);
    if let Some((size, flags)) = edns {
        bytes.extend([0, 0, 41]);
        bytes.extend(size.to_be_bytes());
        bytes.extend(flags.to_be_bytes());
        bytes.extend([0, 0]);
    }
    bytes
}

/// The server of that name.
fn server(name: &str) -> &'static NameServer {
    let name = Name::parse(name, &Name::root()).unwrap();
    WORLD.servers().iter().find(|server| server.names.contains(&name)).unwrap()
}

fn ask(at: &str, name: &str, kind: Kind) -> Vec<u8> {
    let answered = WORLD.answer(server(at), &query(name, kind, Some((1_232, DO))), Carrier::Udp);
    answered.bytes.unwrap()
}

/// `flags code`, then the sets but OPT and RRSIG, sorted: section, owner, type.
fn shape(bytes: &[u8]) -> Vec<String> {
    let message = Message::read(bytes);
    assert!(message.damage.is_none() && message.trailing.is_empty(), "{message:?}");
    let header = message.header.unwrap();
    let flags = [(0x8000, "qr"), (0x0400, "aa"), (0x0200, "tc"), (0x0080, "ra"), (0x0020, "ad")];
    let flags: Vec<&str> =
        flags.iter().filter(|(bit, _)| header.flags & bit != 0).map(|(_, name)| *name).collect();
    let mut lines = vec![format!("{} {}", flags.join(" "), message.rcode().unwrap())];
    let shown = |record: &&Record<'_>| !matches!(record.kind, 41 | 46);
    lines.extend(message.records.iter().filter(shown).map(|record| {
        let section = match record.section {
            Section::Answer => "answer",
            Section::Authority => "authority",
            Section::Additional => "additional",
        };
        let kind = type_name(record.kind).unwrap_or("?");
        let owner = if record.kind == 50 { "…".to_owned() } else { record.name.to_string().to_lowercase() };
        format!("{section} {owner} {kind}")
    }));
    if let Some((_, records)) = lines.split_first_mut() {
        records.sort();
    }
    lines.dedup();
    lines
}

#[track_caller]
fn assert_shape(at: &str, name: &str, kind: Kind, wanted: &[&str]) -> Vec<u8> {
    let bytes = ask(at, name, kind);
    assert_eq!(shape(&bytes), wanted, "{name} {kind} at {at}");
    bytes
}

#[test]
fn a_referral_has_no_authority_and_brings_glue() {
    let bytes = assert_shape(
        "a.edu-servers.net.",
        "www.nyu.edu.",
        Kind::A,
        &[
            "qr 0",
            "additional ns1.nyu.net. A",
            "additional ns1.nyu.net. AAAA",
            "additional ns4.nyu.edu. A",
            "additional ns4.nyu.edu. AAAA",
            "authority nyu.edu. NS",
            // It is not signed, which is proven.
            "authority … NSEC3",
        ],
    );
    // What is delegated is not signed, and neither is glue (RFC 4035 section 2.2).
    let message = Message::read(&bytes);
    let signatures = message.records.iter().filter(|record| record.kind == Kind::RRSIG.0);
    let covered: Vec<u16> =
        signatures.map(|record| u16::from_be_bytes([record.data[0], record.data[1]])).collect();
    assert_eq!(covered, [Kind::NSEC3.0]);
    // The question comes back letter by letter.
    assert_eq!(bytes[12..12 + 17], query("www.nyu.edu.", Kind::A, None)[12..]);
}

#[test]
fn a_referral_to_a_signed_zone_brings_its_ds_record() {
    assert_shape(
        "a.edu-servers.net.",
        "www.signed.edu.",
        Kind::A,
        &[
            "qr 0",
            "additional ns1.signed.edu. A",
            "additional ns1.signed.edu. AAAA",
            "additional ns2.signed.edu. A",
            "additional ns2.signed.edu. AAAA",
            "authority signed.edu. DS",
            "authority signed.edu. NS",
        ],
    );
}

#[test]
fn one_server_answers_under_all_names_of_the_root() {
    let letters = "abcdefghijklm";
    for letter in letters.chars() {
        let bytes = ask(&format!("{letter}.root-servers.net."), "com.", Kind::A);
        assert_eq!(
            Message::read(&bytes).section(Section::Authority).filter(|record| record.kind == 2).count(),
            13
        );
    }
    // What a resolver asks first (RFC 8109): all names, and all addresses in one datagram.
    let bytes = ask("a.root-servers.net.", ".", Kind::NS);
    let message = Message::read(&bytes);
    assert_eq!(message.section(Section::Additional).filter(|record| record.kind == 1).count(), 13);
    assert_eq!(shape(&bytes)[0], "qr aa 0");
}

#[test]
fn answers_and_noes_have_authority() {
    for (at, name, kind, wanted) in [
        ("ns1.lab.edu.", "www.lab.edu.", Kind::A, &["qr aa 0", "answer www.lab.edu. A"][..]),
        ("ns1.lab.edu.", "text.lab.edu.", Kind::A, &["qr aa 0", "authority lab.edu. SOA"]),
        ("ns1.lab.edu.", "empty.lab.edu.", Kind::A, &["qr aa 0", "authority lab.edu. SOA"]),
        ("ns1.lab.edu.", "missing.lab.edu.", Kind::A, &["qr aa 3", "authority lab.edu. SOA"]),
        ("ns1.lab.edu.", "x.y.wild.lab.edu.", Kind::A, &["qr aa 0", "answer x.y.wild.lab.edu. A"]),
        ("ns1.lab.edu.", "x.wild.lab.edu.", Kind::MX, &["qr aa 0", "authority lab.edu. SOA"]),
        (
            "ns1.lab.edu.",
            "twice.lab.edu.",
            Kind::A,
            &[
                "qr aa 0",
                "answer alias.lab.edu. CNAME",
                "answer twice.lab.edu. CNAME",
                "answer www.lab.edu. A",
            ],
        ),
        ("ns1.lab.edu.", "away.lab.edu.", Kind::A, &["qr aa 0", "answer away.lab.edu. CNAME"]),
        ("ns1.lab.edu.", "away.lab.edu.", Kind::CNAME, &["qr aa 0", "answer away.lab.edu. CNAME"]),
        (
            "ns1.lab.edu.",
            "nowhere.lab.edu.",
            Kind::A,
            &["qr aa 3", "answer nowhere.lab.edu. CNAME", "authority lab.edu. SOA"],
        ),
        (
            "ns1.lab.edu.",
            "round.lab.edu.",
            Kind::A,
            &["qr aa 0", "answer about.lab.edu. CNAME", "answer round.lab.edu. CNAME"],
        ),
        (
            "ns1.lab.edu.",
            "www.campus.lab.edu.",
            Kind::A,
            &["qr aa 0", "answer campus.lab.edu. DNAME", "answer www.campus.lab.edu. CNAME"],
        ),
        ("ns1.lab.edu.", "www.glueless.lab.edu.", Kind::A, &["qr 0", "authority glueless.lab.edu. NS"]),
        ("ns1.lab.edu.", "big.lab.edu.", Kind::TXT, &["qr aa tc 0"]),
        ("ns1.lab.edu.", "www.nyu.edu.", Kind::A, &["qr 5"]),
        ("ns1.lab.edu.", "lab.edu.", Kind::AXFR, &["qr 5"]),
        ("ns1.lame.lab.edu.", "www.lame.lab.edu.", Kind::A, &["qr 5"]),
        ("ns1.truncates.lab.edu.", "www.truncates.lab.edu.", Kind::A, &["qr aa tc 0"]),
        // Of all types one (RFC 8482).
        ("ns1.lab.edu.", "wild.lab.edu.", Kind::ANY, &["qr aa 0", "authority lab.edu. SOA"]),
        ("ns1.lab.edu.", "text.lab.edu.", Kind::ANY, &["qr aa 0", "answer text.lab.edu. TXT"]),
        // Signatures alone: all of the name, also beside an alias, which is not followed; none where nothing is signed.
        ("ns1.signed.edu.", "www.signed.edu.", Kind::RRSIG, &["qr aa 0"]),
        ("ns1.signed.edu.", "alias.signed.edu.", Kind::RRSIG, &["qr aa 0"]),
        ("ns1.signed.edu.", "x.wild.signed.edu.", Kind::RRSIG, &["qr aa 0", "authority … NSEC3"]),
        (
            "ns1.signed.edu.",
            "empty.signed.edu.",
            Kind::RRSIG,
            &["qr aa 0", "authority signed.edu. SOA", "authority … NSEC3"],
        ),
        ("ns1.lab.edu.", "www.lab.edu.", Kind::RRSIG, &["qr aa 0", "authority lab.edu. SOA"]),
        ("ns1.lab.edu.", "away.lab.edu.", Kind::RRSIG, &["qr aa 0", "authority lab.edu. SOA"]),
        // The zone above speaks for DS records (RFC 4035 section 3.1.4.1), the zone itself where it does not serve that.
        ("a.edu-servers.net.", "signed.edu.", Kind::DS, &["qr aa 0", "answer signed.edu. DS"]),
        ("a.edu-servers.net.", "edu.", Kind::DS, &["qr aa 0", "authority edu. SOA", "authority … NSEC3"]),
        ("dns1.nic.uk.", "co.uk.", Kind::DS, &["qr aa 0", "authority uk. SOA"]),
    ] {
        assert_shape(at, name, kind, wanted);
    }
    let answered =
        WORLD.answer(server("ns1.silent.lab.edu."), &query("silent.lab.edu.", Kind::A, None), Carrier::Udp);
    assert_eq!(answered, Answered { bytes: None, question: None, word: Word::Silence, by: By::Itself });
}

#[test]
fn what_does_not_fit_is_left_out_whole() {
    let root = server("a.root-servers.net.");
    // Without EDNS 512 bytes: the servers are named, glue that nothing depends on is left out.
    let answered = WORLD.answer(root, &query("www.nyu.edu.", Kind::A, None), Carrier::Udp);
    let bytes = answered.bytes.unwrap();
    assert!(bytes.len() <= 512, "{}", bytes.len());
    assert_eq!(shape(&bytes)[0], "qr 0");
    // Of net. the servers are below it: without their addresses the answer is of no use (RFC 9471).
    let bytes = WORLD.answer(root, &query("nyu.net.", Kind::A, None), Carrier::Udp).bytes.unwrap();
    assert_eq!(
        Message::read(&bytes).section(Section::Additional).filter(|record| record.kind == 1).count(),
        13
    );
    let big = query("big.lab.edu.", Kind::TXT, Some((4_096, 0)));
    let lab = server("ns1.lab.edu.");
    assert_eq!(WORLD.answer(lab, &big, Carrier::Udp).word, Word::Truncated);
    let bytes = WORLD.answer(lab, &big, Carrier::Tcp).bytes.unwrap();
    assert_eq!(shape(&bytes), ["qr aa 0", "answer big.lab.edu. TXT"]);
    assert!(bytes.len() > 1_232);
}

#[test]
fn on_loopback_every_server_has_an_address_of_its_own() {
    let internet = Internet::own(Addresses::Loopback, Validity::starting_now()).unwrap();
    let of = |world: &Internet| -> Vec<(Vec<Name>, Vec<usize>)> {
        let mut servers: Vec<_> = world
            .servers()
            .iter()
            .filter(|server| server.address.is_ipv4())
            .map(|server| (server.names.clone(), server.zones.clone()))
            .collect();
        servers.sort();
        servers
    };
    assert_eq!(of(&internet), of(&WORLD));
    for server in internet.servers() {
        assert!(server.address.to_string().starts_with("127.53."), "{server:?}");
    }
    assert_eq!(internet.servers()[0].address.to_string(), "127.53.0.1");
    assert_eq!(internet.servers()[0].names[0].to_string(), "a.root-servers.net.");
}
