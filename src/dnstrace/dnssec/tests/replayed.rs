//! Genuine records of a zone in a response that they do not belong to: they must prove nothing that is not so.

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::*;
use crate::dnstrace::{StepOutcome, judge};

const A: u16 = 1;
const NS: u16 = 2;
const NAPTR: u16 = 35;
const NOW: u32 = 1000;

/// The set of types, all below 64.
fn types(kinds: &[u16]) -> Vec<u8> {
    let mut bits = [0_u8; 8];
    kinds.iter().for_each(|kind| bits[usize::from(kind / 8)] |= 0x80 >> (kind % 8));
    [&[0, 8][..], &bits].concat()
}

fn nsec(next: &str, kinds: &[u16]) -> Vec<u8> {
    [name(next).wire(), &types(kinds)].concat()
}

fn bare(owner: Domain, kind: u16, data: Vec<u8>) -> RecordSet {
    RecordSet { owner, kind, ttl: 0, data: vec![data], signatures: Vec::new() }
}

/// What NSEC records of a zone prove: owner, next name, types.
fn proof(zone: &str, records: &[(&str, &str, &[u16])]) -> Denial {
    let mut denial = Denial::new(&name(zone));
    for (owner, next, kinds) in records {
        denial.add(&bare(name(owner), NSEC, nsec(next, kinds)));
    }
    denial
}

#[derive(Clone, Copy)]
enum Hashed {
    /// The name is there, with these types.
    Is(&'static [u16]),
    /// It is in a gap.
    No,
    /// In a gap with opt-out.
    OptOut,
    /// In a gap with a flag that nobody knows.
    Flagged,
}

fn text32(bytes: &[u8]) -> String {
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
    let digits = bits.chunks(5).map(|five| five.iter().fold(0_u32, |all, bit| all << 1 | u32::from(*bit)));
    digits.map(|digit| char::from_digit(digit, 32).unwrap()).collect()
}

/// The hash with another last byte, so that nothing else is in between.
fn near(hash: &[u8], by: i8) -> Vec<u8> {
    let (last, first) = hash.split_last().unwrap();
    let last = last.checked_add_signed(by).expect("a hash that does not end at the edge");
    [first, &[last]].concat()
}

/// The same of NSEC3 records, of one round and no salt.
fn hashed(zone: &str, records: &[(&str, Hashed)]) -> Denial {
    let mut denial = Denial::new(&name(zone));
    for (text, what) in records {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &name(text).folded()).as_ref().to_vec();
        let (owner, flags, kinds) = match what {
            Hashed::Is(kinds) => (hash.clone(), 0, *kinds),
            Hashed::No => (near(&hash, -1), 0, &[A][..]),
            Hashed::OptOut => (near(&hash, -1), 1, &[A][..]),
            Hashed::Flagged => (near(&hash, -1), 2, &[A][..]),
        };
        let data = [&[1, flags, 0, 0, 0, 20], near(&hash, 1).as_slice(), &types(kinds)].concat();
        denial.add(&bare(name(&format!("{}.{zone}", text32(&owner))), NSEC3, data));
    }
    denial
}

#[test]
fn a_wildcard_stands_for_no_name_below_one_that_is_there() {
    let full = Some(Proof::Full);
    let zone = proof(".", &[("b", "host.e", &[A])]);
    assert_eq!(zone.no_closer(&name("x.b"), 0), None, "b. is there");
    assert_eq!(zone.no_closer(&name("x.e"), 0), None, "e. is there, with names below");
    assert_eq!(zone.no_closer(&name("e"), 0), None);
    assert_eq!(zone.no_closer(&name("x.c"), 0), full);
    assert_eq!(zone.no_closer(&name("x.b"), 1), full, "*.b. does");
    let zone = proof("z", &[("a.b.z", "d.z", &[A])]);
    assert_eq!(zone.no_closer(&name("x.y.b.z"), 2), full);
    for labels in [0, 1, 3, 4] {
        assert_eq!(zone.no_closer(&name("x.y.b.z"), labels), None, "{labels}");
    }
    let zone =
        hashed("z", &[("z", Hashed::Is(&[NS, SOA])), ("b.z", Hashed::Is(&[A])), ("x.b.z", Hashed::No)]);
    assert_eq!(zone.no_closer(&name("x.b.z"), 1), None);
    assert_eq!(zone.no_closer(&name("x.b.z"), 2), full);
    assert_eq!(zone.no_closer(&name("y.x.b.z"), 2), full);
}

#[test]
fn the_wildcard_that_is_denied_or_lacks_a_type_is_that_of_the_nearest_name() {
    let full = Some(Proof::Full);
    let apex = ("z", "*.b.z", &[NS, SOA][..]);
    // *.b.z. is there, and is not the wildcard that is shown not to be.
    let zone = proof("z", &[apex, ("*.b.z", "f.b.z", &[A])]);
    assert_eq!(zone.no_name(&name("d.b.z")), None);
    assert_eq!(zone.no_data(&name("d.b.z"), 28), full);
    assert_eq!(zone.no_data(&name("d.b.z"), A), None);
    // That of the zone lacks the type; the nearest one is not shown.
    let zone = proof("z", &[("*.z", "b.z", &[A]), ("b.z", "*.b.z", &[A]), ("c.b.z", "d.z", &[A])]);
    assert_eq!(zone.no_data(&name("d.b.z"), 28), None);
    assert_eq!(zone.no_data(&name("d.c.z"), 28), full, "nor is c.z. there");
    assert_eq!(zone.no_data(&name("c.z"), 28), full);
    // One that only has names below it is there, and has no records.
    let zone = proof("z", &[("z", "a.*.z", &[NS, SOA]), ("a.*.z", "g.z", &[A])]);
    assert_eq!(zone.no_data(&name("b.z"), A), full);
    assert_eq!(zone.no_name(&name("b.z")), None);
}

#[test]
fn a_name_with_names_below_it_is_there() {
    let zone = proof("z", &[("z", "b.z", &[NS, SOA]), ("b.z", "host.e.z", &[A]), ("host.e.z", "z", &[A])]);
    assert_eq!(zone.no_name(&name("e.z")), None);
    assert_eq!(zone.no_name(&name("E.z")), None);
    assert_eq!(zone.no_data(&name("e.z"), A), Some(Proof::Full));
    assert_eq!(zone.no_data(&name("e.z"), DS), Some(Proof::Full));
    assert_eq!(zone.no_name(&name("d.z")), Some(Proof::Full));
    assert_eq!(zone.no_name(&name("f.e.z")), Some(Proof::Full), "nor is *.e.z. there");
    let zone = proof("z", &[("z", "b.z", &[NS, SOA]), ("b.z", "host.x.e.z", &[A])]);
    assert_eq!(zone.no_name(&name("x.e.z")), None);
    assert_eq!(zone.no_name(&name("e.z")), None);
}

#[test]
fn the_side_above_a_cut_says_nothing_of_what_is_below() {
    for kinds in [&[NS][..], &[NS, DS], &[A, DNAME]] {
        let zone = proof("z", &[("z", "c.z", &[NS, SOA]), ("c.z", "z", kinds)]);
        assert_eq!(zone.no_name(&name("a.c.z")), None, "{kinds:?}");
        assert_eq!(zone.no_data(&name("a.c.z"), A), None, "{kinds:?}");
        assert_eq!(zone.no_closer(&name("a.c.z"), 1), None, "{kinds:?}");
        assert_eq!(zone.no_name(&name("d.z")), Some(Proof::Full), "{kinds:?}");
        let records = [("z", Hashed::Is(&[NS, SOA])), ("a.c.z", Hashed::No), ("*.c.z", Hashed::No)];
        let of = if kinds.contains(&DNAME) { &[A, DNAME][..] } else { &[NS][..] };
        let zone = hashed("z", &[&records[..], &[("c.z", Hashed::Is(of))]].concat());
        assert_eq!(zone.no_name(&name("a.c.z")), None, "{kinds:?}");
    }
    let zone = proof("z", &[("z", "c.z", &[NS, SOA]), ("c.z", "z", &[NS])]);
    assert_eq!(zone.no_data(&name("c.z"), A), None);
    assert_eq!(zone.no_data(&name("c.z"), DS), Some(Proof::Full));
    assert_eq!(zone.no_data(&name("z"), DS), None, "who serves the zone does not know");
    assert_eq!(zone.no_ds(&name("z")), None);
}

#[test]
fn behind_the_last_name_is_only_the_end_of_the_zone() {
    // What wraps around and does not lead to the zone itself covers nothing.
    let zone = proof("z", &[("m.z", "b.z", &[A]), ("z", "b.z", &[NS, SOA])]);
    assert_eq!(zone.no_name(&name("q.z")), None);
    assert_eq!(zone.no_name(&name("a.z")), Some(Proof::Full), "before b.z.");
    let zone = proof("z", &[("z", "z", &[NS, SOA])]);
    assert_eq!(zone.no_name(&name("a.z")), Some(Proof::Full), "the zone has one name");
    assert_eq!(zone.no_name(&name("z")), None);
    assert_eq!(zone.no_name(&name("y")), None);
    assert_eq!(zone.no_name(&name("zz")), None);
    assert_eq!(zone.no_closer(&name("a.y"), 0), None);
}

#[test]
fn hashes_are_read_as_the_zone_made_them() {
    let apex = ("z", Hashed::Is(&[NS, SOA]));
    let of = |gap| hashed("z", &[apex, ("b.z", gap), ("*.z", Hashed::No)]).no_name(&name("b.z"));
    assert_eq!(of(Hashed::No), Some(Proof::Full));
    assert_eq!(of(Hashed::OptOut), Some(Proof::OptOut));
    assert_eq!(of(Hashed::Flagged), None);
    // Not directly below the zone.
    let mut denial = hashed("z", &[apex, ("*.z", Hashed::No)]);
    for labels in ["v".repeat(32) + ".sub.z", "g".repeat(8) + ".z"] {
        let data = [&[1, 0, 0, 0, 0, 20][..], &[0; 20], &types(&[A])].concat();
        denial.add(&bare(name(&labels), NSEC3, data));
    }
    assert_eq!(denial.no_name(&name("b.z")), None);
}

#[test]
fn a_name_that_is_left_out_lacks_every_type() {
    let zone = hashed("z", &[("z", Hashed::Is(&[NS, SOA])), ("ent.z", Hashed::OptOut)]);
    for kind in [A, DS, 28] {
        assert_eq!(zone.no_data(&name("ent.z"), kind), Some(Proof::OptOut));
        assert_eq!(zone.no_data(&name("x.ent.z"), kind), Some(Proof::OptOut));
    }
    assert_eq!(zone.no_name(&name("ent.z")), None, "nor is there a wildcard: nothing says so");
    let zone = hashed("z", &[("z", Hashed::Is(&[NS, SOA])), ("ent.z", Hashed::No)]);
    assert_eq!(zone.no_data(&name("ent.z"), A), None);
}

/// A zone with a key.
struct Signer {
    zone: Domain,
    pair: Ed25519KeyPair,
    key: Vec<u8>,
}

fn record(owner: &str, kind: u16, data: &[u8]) -> Vec<u8> {
    let (kind, length) = (kind.to_be_bytes(), u16::try_from(data.len()).unwrap().to_be_bytes());
    [name(owner).wire(), &kind, &[0, 1, 0, 0, 0, 60], &length, data].concat()
}

impl Signer {
    fn of(zone: &str) -> Self {
        let secret = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(secret.as_ref()).unwrap();
        let key = [&[1, 1, 3, 15], pair.public_key().as_ref()].concat();
        Self { zone: name(zone), pair, key }
    }

    /// A record and its signature, made for one name and shown at another.
    fn moved(&self, (from, to): (&str, &str), kind: u16, (signed, shown): (&[u8], &[u8])) -> Vec<Vec<u8>> {
        let tag = Key::read(&self.key).unwrap().tag.to_be_bytes();
        let labels = bare(name(from), kind, Vec::new()).labels();
        let [k0, k1] = kind.to_be_bytes();
        let head = [k0, k1, 15, u8::try_from(labels).unwrap(), 0, 0, 0, 60, 0, 0, 7, 0, 0, 0, 0, 0];
        let fixed = [&head[..], &tag, self.zone.wire()].concat();
        let signature = self.pair.sign(&[fixed.as_slice(), &record(from, kind, signed)].concat());
        let signature = [&fixed, signature.as_ref()].concat();
        vec![record(to, kind, shown), record(to, RRSIG, &signature)]
    }

    fn signed(&self, owner: &str, kind: u16, data: &[u8]) -> Vec<Vec<u8>> {
        self.moved((owner, owner), kind, (data, data))
    }

    fn soa(&self) -> Vec<Vec<u8>> {
        self.signed(&self.zone.to_string(), SOA, &soa())
    }

    fn anchor(&self) -> Anchor {
        Anchor::of_key(self.zone.clone(), &self.key).unwrap()
    }

    /// The answer to the question for the zone's keys.
    fn keys(&self) -> Step {
        let zone = self.zone.to_string();
        step(&zone, (&zone, DNSKEY), &message(0, &self.signed(&zone, DNSKEY, &self.key), &[]))
    }
}

fn soa() -> Vec<u8> {
    [&[0, 0][..], &[0; 19], &[60]].concat()
}

fn message(code: u8, answers: &[Vec<u8>], authority: &[Vec<u8>]) -> Vec<u8> {
    let count = |records: &[Vec<u8>]| u16::try_from(records.len()).unwrap().to_be_bytes();
    let head = [&[0, 0, 0x84, code, 0, 0][..], &count(answers), &count(authority), &[0, 0]].concat();
    [head, answers.concat(), authority.concat()].concat()
}

/// What a server of a zone answered.
fn step(zone: &str, (text, kind): (&str, u16), response: &[u8]) -> Step {
    let asked = Asked { name: name(text), kind };
    let outcome = judge(&name(zone), &asked, &Message::read(response));
    let (template, _) = traced("www.signed.edu", 1);
    let response = Some(response.into());
    Step { asked, zone: name(zone), response, outcome, ..template.steps[0].clone() }
}

/// What the last of some steps is worth.
fn worth(steps: Vec<Step>, keys: &[Step], anchors: &[Anchor]) -> (Security, Why) {
    let trace = DnsTrace { steps, ..DnsTrace::new(Asked { name: Domain::root(), kind: A }) };
    let (_, part, security, why) = end_of(&check(&trace, keys, anchors, NOW));
    assert_eq!(part, Part::Answer);
    (security, why)
}

#[test]
fn a_record_of_a_wildcard_is_not_moved_below_a_name() {
    let root = Signer::of(".");
    let wildcard = |to: &str| root.moved(("*", to), A, (&[6; 4], &[6; 4]));
    let gap = root.signed("b", NSEC, &nsec("host.e", &[A, RRSIG, NSEC]));
    let of = |text: &str| {
        let asked = step(".", (text, A), &message(0, &wildcard(text), &gap));
        worth(vec![asked], &[root.keys()], &[root.anchor()])
    };
    assert_eq!(of("ok.c"), (Security::Secure, Why::Signed));
    assert_eq!(of("x.b"), (Security::Bogus, Why::NotProven));
    assert_eq!(of("b"), (Security::Bogus, Why::NotProven));
    assert_eq!(of("e"), (Security::Bogus, Why::NotProven));
}

#[test]
fn who_says_for_how_long_there_is_nothing_is_who_proves_it() {
    let zone = Signer::of("t");
    let gap = zone.signed("m.t", NSEC, &nsec("o.t", &[16, RRSIG, NSEC]));
    let of = |soa: Vec<Vec<u8>>| {
        let asked = step("t", ("m.t", A), &message(0, &[], &[soa, gap.clone()].concat()));
        assert!(matches!(asked.outcome, StepOutcome::NoData { .. }));
        worth(vec![asked], &[zone.keys()], &[zone.anchor()])
    };
    assert_eq!(of(zone.soa()), (Security::Secure, Why::Proven));
    assert_eq!(of(vec![record("m.t", SOA, &soa())]), (Security::Bogus, Why::OtherAuthority(name("m.t"))));
    assert_eq!(of(vec![record("t", SOA, &soa())]), (Security::Bogus, Why::Unsigned));
    assert_eq!(of(Signer::of("t").soa()).0, Security::Bogus);
    let both = [vec![record("m.t", SOA, &soa())], zone.soa()].concat();
    assert_eq!(of(both), (Security::Bogus, Why::OtherAuthority(name("m.t"))));
    let both = [zone.soa(), vec![record("m.t", SOA, &soa())]].concat();
    assert_eq!(of(both).0, Security::Bogus);
}

#[test]
fn a_zone_whose_keys_are_withheld_is_not_believed() {
    let zone = Signer::of("t");
    let answer = || vec![step("t", ("www.t", A), &message(0, &zone.signed("www.t", A, &[1; 4]), &[]))];
    assert_eq!(worth(answer(), &[zone.keys()], &[zone.anchor()]), (Security::Secure, Why::Signed));
    let refused = step("t", ("t", DNSKEY), &message(2, &[], &[]));
    assert_eq!(worth(answer(), &[refused], &[zone.anchor()]), (Security::Bogus, Why::Inherited));
    assert_eq!(worth(answer(), &[], &[zone.anchor()]), (Security::Unknown, Why::Inherited), "nobody asked");
    let lost = Step { outcome: StepOutcome::TimeOut, response: None, ..zone.keys() };
    assert_eq!(worth(answer(), &[lost], &[zone.anchor()]).0, Security::Bogus);
}

#[test]
fn a_trust_anchor_holds_from_its_zone_down() {
    let (root, zone, other) = (Signer::of("."), Signer::of("t"), Signer::of("t"));
    let referral = || {
        let mut response = message(0, &[], &[record("t", NS, name("ns.t").wire())]);
        // Not with authority.
        response[2] = 0x80;
        step(".", ("www.t", A), &response)
    };
    let answer = || step("t", ("www.t", A), &message(0, &zone.signed("www.t", A, &[1; 4]), &[]));
    let way = || vec![referral(), answer()];
    let keys = [root.keys(), zone.keys()];
    let secure = (Security::Secure, Why::Signed);
    assert!(matches!(referral().outcome, StepOutcome::Referral(_)));
    assert_eq!(worth(way(), &keys, &[zone.anchor()]), secure);
    assert_eq!(worth(way(), &keys, &[root.anchor(), zone.anchor()]), secure);
    assert_eq!(worth(way(), &keys, &[root.anchor()]).0, Security::Bogus);
    assert_eq!(worth(way(), &keys, &[other.anchor()]).0, Security::Bogus);
    assert_eq!(worth(way(), &keys, &[Signer::of("u").anchor()]).0, Security::Unknown);
    // A server of the root that serves the zone, too, leads nobody there.
    let asked = |records: &[Vec<u8>]| vec![step(".", ("www.t", A), &message(0, records, &[]))];
    let signed = zone.signed("www.t", A, &[1; 4]);
    assert_eq!(worth(asked(&signed), &keys, &[zone.anchor()]), secure);
    assert_eq!(worth(asked(&signed[..1]), &keys, &[zone.anchor()]), (Security::Bogus, Why::Unsigned));
    assert_eq!(worth(asked(&signed), &keys, &[Signer::of("u").anchor()]).0, Security::Unknown);
    let gap = [zone.soa(), zone.signed("m.t", NSEC, &nsec("o.t", &[16]))].concat();
    let nothing = vec![step(".", ("m.t", A), &message(0, &[], &gap))];
    assert_eq!(worth(nothing, &keys, &[zone.anchor()]), (Security::Secure, Why::Proven));
}

#[test]
fn names_in_records_are_signed_in_lower_case() {
    let zone = Signer::of("t");
    let of = |kind: u16, signed: &[u8], shown: &[u8]| {
        let records = zone.moved(("n.t", "n.t"), kind, (signed, shown));
        let asked = step("t", ("n.t", kind), &message(0, &records, &[]));
        worth(vec![asked], &[zone.keys()], &[zone.anchor()]).0
    };
    let (upper, lower) = (b"\x03SIP\x01X\0", b"\x03sip\x01x\0");
    let with = |before: &[u8], count: usize, behind: &[u8]| {
        [&upper[..], lower].map(|name| [before, name.repeat(count).as_slice(), behind].concat())
    };
    let suffix = [[60].as_slice(), &[7; 9]].concat();
    for (kind, [shown, signed]) in [
        (2, with(&[], 1, &[])),
        (3, with(&[], 1, &[])),
        (4, with(&[], 1, &[])),
        (7, with(&[], 1, &[])),
        (8, with(&[], 1, &[])),
        (9, with(&[], 1, &[])),
        (12, with(&[], 1, &[])),
        (14, with(&[], 2, &[])),
        (15, with(b"AB", 1, &[])),
        (17, with(&[], 2, &[])),
        (18, with(b"AB", 1, &[])),
        (21, with(b"AB", 1, &[])),
        (24, with(b"ABCDEFGHIJKLMNOPQR", 1, b"SIG")),
        (26, with(b"AB", 2, &[])),
        (30, with(&[], 1, b"BITS")),
        (33, with(b"ABCDEF", 1, &[])),
        (NAPTR, with(b"ABCD\x01U\x03SIP\0", 1, &[])),
        (36, with(b"AB", 1, &[])),
        (38, with(&suffix, 1, &[])),
    ] {
        assert_eq!(of(kind, &signed, &shown), Security::Secure, "{kind}");
    }
    // No names, and of one type no longer in lower case.
    for (kind, data) in [
        (13, &b"\x03CPU\x02OS"[..]),
        (16, b"\x03SIP\x01X\0"),
        (38, &[[0].as_slice(), &[b'A'; 16]].concat()),
        (64, b"\0\x01\x03SVC\0"),
        (46 + 1, &nsec("N.t", &[A])),
    ] {
        assert_eq!(of(kind, data, data), Security::Secure, "{kind}");
        assert_eq!(of(kind, &data.to_ascii_lowercase(), data), Security::Bogus, "{kind}");
    }
}
