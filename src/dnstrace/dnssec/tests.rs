mod replayed;
mod same_server;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

use super::chain::Zone;
use super::crypto::Key;
use super::denial::{Denial, Proof};
use super::*;
use crate::dnstrace::{
    Alias, AliasKind, Asked, DnsTransport, Family, NoReply, Over, TraceOptions, resolve_with_keys,
};
use crate::lab::dns::{Addresses, Carrier, Internet, Validity};
use crate::proto::dns::{Message, Section};
use crate::time::TimeDelta;

/// When the zones were signed, in seconds since 1970.
const SIGNED_AT: u32 = 1_790_000_000;
const DAY: u32 = 86_400;

/// The labs' own internet: the root, `edu.` and `com.` are signed, and so is `signed.edu.`; `bogus.edu.` wrongly.
static WORLD: LazyLock<Internet> = LazyLock::new(|| {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(SIGNED_AT.into());
    Internet::own(Addresses::Loopback, Validity::from(at)).unwrap()
});

/// An internet without sockets.
struct Lab {
    world: &'static Internet,
    arriving: VecDeque<(SocketAddr, Vec<u8>)>,
    clock: i128,
}

impl Lab {
    fn of(world: &'static Internet) -> Self {
        Self { world, arriving: VecDeque::new(), clock: 0 }
    }
}

impl DnsTransport for Lab {
    fn now(&mut self) -> TimeDelta {
        self.clock += 1_000;
        TimeDelta::from_nanos(self.clock)
    }

    fn send(&mut self, to: SocketAddr, query: &[u8], over: Over, _: TimeDelta) -> Result<(), NoReply> {
        let carrier = if over == Over::Udp { Carrier::Udp } else { Carrier::Tcp };
        let server = self.world.servers().iter().find(|server| server.address == to.ip());
        let answer = server.and_then(|server| self.world.answer(server, query, carrier).bytes);
        self.arriving = answer.into_iter().map(|bytes| (to, bytes)).collect();
        Ok(())
    }

    fn receive(&mut self, until: TimeDelta) -> Result<(SocketAddr, Vec<u8>), NoReply> {
        self.arriving.pop_front().ok_or_else(|| {
            self.clock = until.as_nanos();
            NoReply::TimeOut
        })
    }
}

fn name(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

fn anchors() -> Vec<Anchor> {
    let key = Key::read(WORLD.anchor().unwrap()).unwrap();
    vec![Anchor { zone: Domain::root(), trusted: anchor::Trusted::Key(key) }]
}

fn traced(text: &str, kind: u16) -> (DnsTrace, Vec<Step>) {
    let asked = Asked { name: name(text), kind };
    resolve_with_keys(&mut Lab::of(&WORLD), &asked, &options("127.53.0.1:53"))
}

fn options(root: &str) -> TraceOptions {
    TraceOptions {
        roots: vec![root.parse().unwrap()],
        port: 53,
        family: Family::V4,
        seed: 7,
        wait: TimeDelta::from_nanos(1_000_000_000),
        tries: 1,
        max_queries: 60,
        max_time: TimeDelta::from_nanos(60_000_000_000),
        max_depth: 4,
        like_dig: false,
    }
}

/// Zone, part, security and reason of the last link.
fn end_of(chain: &[Link]) -> (String, Part, Security, Why) {
    let last = chain.last().unwrap();
    (last.zone.to_string(), last.part, last.security, last.why.clone())
}

#[test]
fn the_labs_zones_are_secure_insecure_or_bogus() {
    use Security::{Bogus, Insecure, Secure};
    for (text, kind, zone, security, why) in [
        ("www.signed.edu", 1, "signed.edu.", Secure, Why::Signed),
        ("alias.signed.edu", 1, "signed.edu.", Secure, Why::Signed),
        ("a.wild.signed.edu", 1, "signed.edu.", Secure, Why::Signed),
        ("www.old.signed.edu", 1, "signed.edu.", Secure, Why::Signed),
        ("no.signed.edu", 1, "signed.edu.", Secure, Why::Proven),
        ("www.signed.edu", 15, "signed.edu.", Secure, Why::Proven),
        ("empty.signed.edu", 1, "signed.edu.", Secure, Why::Proven),
        ("a.wild.signed.edu", 28, "signed.edu.", Secure, Why::Proven),
        ("no.edu", 1, "edu.", Secure, Why::Proven),
        ("no.com", 1, "com.", Insecure, Why::OptOut),
        ("www.open.signed.edu", 1, "open.signed.edu.", Insecure, Why::Inherited),
        ("www.nyu.edu", 1, "nyu.edu.", Insecure, Why::Inherited),
        ("www.google.com", 1, "google.com.", Insecure, Why::Inherited),
        ("www.bogus.edu", 1, "bogus.edu.", Bogus, Why::Wrong),
    ] {
        let (trace, keys) = traced(text, kind);
        let chain = check(&trace, &keys, &anchors(), SIGNED_AT + DAY);
        assert_eq!(end_of(&chain), (zone.to_owned(), Part::Answer, security, why), "{text} {kind}");
        assert_eq!((chain[0].security, &chain[0].why), (Secure, &Why::Anchored), "{text}");
    }
    let why = |text: &str| {
        let (trace, keys) = traced(text, 1);
        check(&trace, &keys, &anchors(), SIGNED_AT + DAY)[2].why.clone()
    };
    assert_eq!(why("www.nyu.edu"), Why::NoDelegation);
    assert_eq!(why("www.google.com"), Why::OptOut);
    assert_eq!(why("www.signed.edu"), Why::Delegated);
}

#[test]
fn signatures_hold_from_time_to_time() {
    let (trace, keys) = traced("www.signed.edu", 1);
    for (now, why) in [(SIGNED_AT - 30 * DAY, Why::TooEarly), (SIGNED_AT + 400 * DAY, Why::Expired)] {
        let chain = check(&trace, &keys, &anchors(), now);
        assert_eq!((chain[0].security, &chain[0].why), (Security::Bogus, &why));
        assert_eq!(end_of(&chain).2, Security::Bogus);
    }
}

#[test]
fn another_anchor_or_none_is_told() {
    let (trace, keys) = traced("www.signed.edu", 1);
    let chain = check(&trace, &keys, &Anchor::of_root(), SIGNED_AT + DAY);
    assert_eq!((chain[0].security, &chain[0].why), (Security::Bogus, &Why::OtherKeys));
    let chain = check(&trace, &keys, &[], SIGNED_AT + DAY);
    assert!(chain.iter().all(|link| link.security == Security::Unknown));
    let chain = check(&trace, &[], &anchors(), SIGNED_AT + DAY);
    assert_eq!((chain[0].security, &chain[0].why), (Security::Unknown, &Why::Unanswered));
}

/// The response of a step without the records of some types.
fn without(step: &mut Step, kinds: &[u16]) {
    let bytes = step.response.take().unwrap();
    let message = Message::read(&bytes);
    let mut made = vec![0, 0, 0x84, 0, 0, 0];
    let sections = [Section::Answer, Section::Authority, Section::Additional];
    let kept = |section| message.section(section).filter(|record| !kinds.contains(&record.kind));
    for section in sections {
        made.extend(u16::try_from(kept(section).count()).unwrap().to_be_bytes());
    }
    for record in sections.into_iter().flat_map(kept) {
        // Nothing in these records is packed but owners.
        made.extend(Domain::of(&record.name).unwrap().wire());
        made.extend(record.kind.to_be_bytes());
        made.extend(record.class.to_be_bytes());
        made.extend(record.ttl.to_be_bytes());
        let data = if record.kind == 2 {
            Domain::of(&record.name_at(0)).unwrap().wire().to_vec()
        } else {
            record.data.to_vec()
        };
        made.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        made.extend(data);
    }
    step.response = Some(made.into());
}

#[test]
fn an_alias_is_held_against_the_record_that_makes_it() {
    let mut bytes = vec![0, 0, 0x84, 0, 0, 0, 0, 2, 0, 0, 0, 0];
    for (owner, target) in [("y", "q"), ("old.y", "good")] {
        let (owner, target) = (name(owner), name(target));
        bytes.extend(owner.wire());
        bytes.extend([0, 39, 0, 1, 0, 0, 0, 60, 0, u8::try_from(target.wire().len()).unwrap()]);
        bytes.extend(target.wire());
    }
    let message = Message::read(&bytes);
    let owner = |to: &str| {
        let alias = Alias { from: name("h.old.y"), to: name(to), kind: AliasKind::Dname };
        RecordSet::that_makes(&alias, &Domain::root(), &message).map(|set| set.owner)
    };
    assert_eq!(owner("h.old.q"), Some(name("y")));
    assert_eq!(owner("h.good"), Some(name("old.y")));
    assert_eq!(owner("h.evil"), None);
}

#[test]
fn what_was_taken_away_is_missed() {
    let chain_of = |text: &str, place: usize, kinds: &[u16]| {
        let (mut trace, keys) = traced(text, 1);
        without(&mut trace.steps[place], kinds);
        check(&trace, &keys, &anchors(), SIGNED_AT + DAY)
    };
    // Step 1 is the answer of edu., step 2 that of the zone below.
    assert_eq!(chain_of("www.signed.edu", 1, &[DS])[2].why, Why::NoProof);
    assert_eq!(chain_of("www.nyu.edu", 1, &[NSEC3])[2].why, Why::NoProof);
    assert_eq!(chain_of("www.nyu.edu", 1, &[46])[2].why, Why::Unsigned);
    assert_eq!(end_of(&chain_of("www.signed.edu", 2, &[46])).3, Why::Unsigned);
    assert_eq!(end_of(&chain_of("no.signed.edu", 2, &[NSEC3])).3, Why::NotProven);
    assert_eq!(end_of(&chain_of("a.wild.signed.edu", 2, &[NSEC3])).3, Why::NotProven);
    assert_eq!(end_of(&chain_of("www.signed.edu", 2, &[])).3, Why::Signed, "nothing was taken away");
}

#[test]
fn no_byte_of_a_response_may_be_another() {
    let (trace, keys) = traced("www.signed.edu", 1);
    let good = check(&trace, &keys, &anchors(), SIGNED_AT + DAY);
    for place in 0..trace.steps.len() {
        for at in 0..trace.steps[place].response.as_ref().unwrap().len() {
            let mut trace = trace.clone();
            trace.steps[place].response.as_mut().unwrap()[at] ^= 0x15;
            let chain = check(&trace, &keys, &anchors(), SIGNED_AT + DAY);
            // What is not signed (header, glue, NS) may differ; a chain that is said to hold has the same links.
            if chain.iter().all(|link| link.security == Security::Secure) {
                assert_eq!(chain, good, "step {place}, byte {at}");
            }
        }
    }
}

const MODULUS: &str = "decf4a5f4271fb6fe1de5d954f19a364de2e50dc9081d82da52754668d7049af9592aa502f898a0f1bd592\
     6f68bdc7148f36191ca54c4dcda6419230a79c5ab764c38dd9b124922ff0ea740cf66b489416575138c8e2\
     d9e44fade4af708b1604f8715d1f2ff2a28dbb8925f1704cca507edca9e5959b8a3721f4d894852273ff";
const WITH_SHA256: &str = "929e0ace282886ed3ae95794ee1b27d08c802d1dd29066c6236a4f38c51b94ff21d7730a330e44b3b8f66e\
     7602828e0d28f54a9b2d1a2c15adef950fe83ab7d34efffdca3cf586305f7bc58ccea69ae45abb2cc8d20d\
     9272eef30e8f7c9702e9b965f1feeb8ca7729c5e8f4ca8fc80c816600d2e287f5f172190a353cab0f32d";
const WITH_SHA512: &str = "4f4be0f370a6c1c0d6dd6985046005f47fd5cc2d01ff213d02caa54c1930bdb24c7953bed6fd3ce7301afd\
     0c4b1a9d97ca7df32e83334100bbf321782456d2942aacd8632da66295e98645f01e0a4cb7d50cdbec46d2\
     1925a2d1ee6a399d78be445ac83d31d9c35d994f19e5544bc9e9341fd7c974c2f7a199de797de71b84aa";

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn key(algorithm: u8, public: &[u8]) -> Key {
    Key::read(&[&[1, 0, 3, algorithm], public].concat()).unwrap()
}

#[test]
fn five_algorithms_are_verified() {
    let signed = b"what is signed";
    let holds = |key: &Key, signature: &[u8]| {
        assert!(!key.has_signed(b"what is not", signature), "{}", key.algorithm);
        assert!(!key.has_signed(signed, &signature[1..]), "{}", key.algorithm);
        key.has_signed(signed, signature)
    };
    // OpenSSL made these two signatures.
    let public = [&[3, 1, 0, 1], bytes(MODULUS).as_slice()].concat();
    let long = [&[0, 0, 3, 1, 0, 1], bytes(MODULUS).as_slice()].concat();
    assert!(holds(&key(8, &public), &bytes(WITH_SHA256)));
    assert!(holds(&key(8, &long), &bytes(WITH_SHA256)));
    assert!(holds(&key(10, &public), &bytes(WITH_SHA512)));
    let random = SystemRandom::new();
    let secret = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, secret.as_ref(), &random).unwrap();
    let signature = pair.sign(&random, signed).unwrap();
    assert!(holds(&key(14, &pair.public_key().as_ref()[1..]), signature.as_ref()));
    let secret = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(secret.as_ref()).unwrap();
    assert!(holds(&key(15, pair.public_key().as_ref()), pair.sign(signed).as_ref()));
    assert!(!key(1, b"").has_signed(signed, b""));
    assert!(!key(8, b"").has_signed(signed, b"") && !key(8, &[0, 9, 9]).has_signed(signed, b""));
    assert!(Key::read(&[1, 0x80, 3, 8]).is_none(), "revoked");
    assert!(Key::read(&[0, 0, 3, 8]).is_none(), "of no zone");
}

#[test]
fn the_proof_of_a_wildcard_is_none_elsewhere() {
    let secret = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(secret.as_ref()).unwrap();
    let key = key(15, pair.public_key().as_ref());
    // *.x. is the last name but aaa.x. after it: by another owner it would be the end of the zone, and cover all.
    let data = [name("aaa.x").wire(), &[0, 1, 0x40]].concat();
    let record =
        [&[0, 47, 0, 1, 0, 0, 0, 60, 0, u8::try_from(data.len()).unwrap()], data.as_slice()].concat();
    let tag = key.tag.to_be_bytes();
    let fixed = [0, 47, 15, 1, 0, 0, 0, 60, 0, 0, 7, 0, 0, 0, 0, 0, tag[0], tag[1], 0];
    let bytes = pair.sign(&[&fixed, name("*.x").wire(), &record].concat());
    let signature = [&fixed, bytes.as_ref()].concat();
    let length = u8::try_from(signature.len()).unwrap();
    let found = |owner: &str| {
        let owner = name(owner);
        let head = [0, 0, 0x84, 3, 0, 0, 0, 0, 0, 2, 0, 0];
        let of_signature = [0, 46, 0, 1, 0, 0, 0, 60, 0, length];
        let message =
            [&head, owner.wire(), &record, owner.wire(), &of_signature, signature.as_slice()].concat();
        let mut checker = Checker::new(&[], &[], 1000);
        let zone = Zone { name: Domain::root(), security: Security::Secure, keys: vec![key.clone()] };
        checker.denial(&zone, &Message::read(&message)).map(|denial| denial.no_name(&name("www.x")).is_some())
    };
    assert_eq!(found("*.x"), Ok(false));
    assert_eq!(found("n.x"), Err(Why::NotProven));
}

/// NSEC records of `x.`: a, *.c, e (another zone), g (with names below), and back to the beginning.
fn nsec() -> Denial {
    let mut denial = Denial::new(&name("x"));
    let types = |kinds: &[u16]| {
        let mut bits = [0_u8; 6];
        kinds.iter().for_each(|kind| bits[usize::from(kind / 8)] |= 0x80 >> (kind % 8));
        [&[0, 6][..], &bits].concat()
    };
    for (owner, next, kinds) in [
        ("x", "A.x", &[2_u16, 6][..]),
        ("a.x", "*.c.x", &[1]),
        ("*.c.x", "e.x", &[1]),
        ("e.x", "y.g.x", &[2]),
        ("y.g.x", "x", &[1]),
    ] {
        let data = vec![[name(next).wire(), &types(kinds)].concat()];
        denial.add(&RecordSet { owner: name(owner), kind: NSEC, ttl: 0, data, signatures: Vec::new() });
    }
    denial
}

#[test]
fn gaps_between_names_are_proofs() {
    let denial = nsec();
    let full = Some(Proof::Full);
    assert_eq!(denial.no_name(&name("b.x")), full);
    assert_eq!(denial.no_name(&name("z.x")), full, "behind the last name");
    assert_eq!(denial.no_name(&name("a.x")), None, "it is there");
    assert_eq!(denial.no_name(&name("b.c.x")), None, "a wildcard stands for it");
    assert_eq!(denial.no_name(&name("b.e.x")), None, "it is another zone's");
    assert_eq!(denial.no_name(&name("b.y")), None, "it is not of this zone");
    assert_eq!(denial.no_data(&name("a.x"), 28), full);
    assert_eq!(denial.no_data(&name("a.x"), 1), None);
    assert_eq!(denial.no_data(&name("g.x"), 1), full, "it only has names below it");
    assert_eq!(denial.no_data(&name("b.c.x"), 28), full, "by the wildcard");
    assert_eq!(denial.no_data(&name("e.x"), 1), None, "it is another zone's");
    assert_eq!(denial.no_ds(&name("e.x")), full);
    assert_eq!(denial.no_ds(&name("a.x")), None, "no zone begins there");
    assert_eq!(denial.no_ds(&name("b.x")), None, "no name is there");
    assert_eq!(denial.no_closer(&name("b.c.x"), 2), full);
}

#[test]
fn rounds_of_hashing_are_granted_to_some_extent() {
    let mut denial = Denial::new(&name("x"));
    let mut data = vec![1, 0, 1, 0, 0, 20];
    data.extend([0; 20]);
    let owner = name("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.x");
    denial.add(&RecordSet { owner, kind: NSEC3, ttl: 0, data: vec![data], signatures: Vec::new() });
    assert!(denial.too_many_rounds);
    assert_eq!(denial.no_name(&name("b.x")), None);
}
