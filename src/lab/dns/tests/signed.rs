//! Signatures and proofs, verified by hickory-proto.

use hickory_proto::dnssec::Verifier;
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, NSEC3};
use hickory_proto::op;
use hickory_proto::rr::{self, DNSClass, RData};

use super::*;

fn read(at: &str, name: &str, kind: Kind) -> op::Message {
    let bytes = WORLD.answer(server(at), &query(name, kind, Some((1_232, DO))), Carrier::Tcp).bytes.unwrap();
    op::Message::from_vec(&bytes).unwrap()
}

fn records(message: &op::Message) -> impl Iterator<Item = &rr::Record> {
    message.answers.iter().chain(&message.authorities)
}

fn keys(at: &str, zone: &str) -> Vec<DNSKEY> {
    let message = read(at, zone, Kind::DNSKEY);
    let keys: Vec<DNSKEY> = message
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some(key.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(keys.len(), 2, "{zone}");
    keys
}

/// Whether every signature of a message holds, and how many there are.
fn verified(message: &op::Message, keys: &[DNSKEY]) -> Result<usize, String> {
    let mut count = 0;
    for record in records(message) {
        let RData::DNSSEC(DNSSECRData::RRSIG(signature)) = &record.data else { continue };
        let input = signature.input();
        let key = keys.iter().find(|key| key.calculate_key_tag().unwrap() == input.key_tag);
        let key = key.ok_or_else(|| format!("no key {}", input.key_tag))?;
        key.verify_rrsig(&record.name, DNSClass::IN, signature, records(message))
            .map_err(|error| format!("{} {:?}: {error}", record.name, input.type_covered))?;
        count += 1;
    }
    Ok(count)
}

const SIGNED: [(&str, &str); 4] = [
    (".", "a.root-servers.net."),
    ("com.", "a.gtld-servers.net."),
    ("edu.", "a.edu-servers.net."),
    ("signed.edu.", "ns1.signed.edu."),
];

#[test]
fn the_chain_holds_from_the_root_down() {
    for (zone, at) in SIGNED {
        let keys = keys(at, zone);
        assert_eq!(verified(&read(at, zone, Kind::DNSKEY), &keys), Ok(1), "{zone}");
        assert_eq!(verified(&read(at, zone, Kind::SOA), &keys), Ok(1), "{zone}");
    }
    for (zone, at, above, above_at) in [
        ("com.", "a.gtld-servers.net.", ".", "a.root-servers.net."),
        ("edu.", "a.edu-servers.net.", ".", "a.root-servers.net."),
        ("signed.edu.", "ns1.signed.edu.", "edu.", "a.edu-servers.net."),
        ("bogus.edu.", "ns1.bogus.edu.", "edu.", "a.edu-servers.net."),
    ] {
        let message = read(above_at, zone, Kind::DS);
        assert_eq!(verified(&message, &keys(above_at, above)), Ok(1), "{zone}");
        let points = |ds: &DS| {
            let name: rr::Name = zone.parse().unwrap();
            keys(at, zone).iter().any(|key| ds.covers(&name, key).unwrap())
        };
        let fits = message.answers.iter().any(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::DS(ds)) => points(ds),
            _ => false,
        });
        assert!(fits, "{zone}");
    }
}

#[test]
fn every_kind_of_answer_is_signed() {
    let keys = keys("ns1.signed.edu.", "signed.edu.");
    for (name, kind, signatures) in [
        ("www.signed.edu.", Kind::A, 1),
        // The record, and that the name itself is not there.
        ("x.wild.signed.edu.", Kind::A, 2),
        ("alias.signed.edu.", Kind::A, 2),
        // The alias that a DNAME makes is not signed.
        ("www.old.signed.edu.", Kind::A, 2),
        // SOA and proof; of a name that is not there up to three records.
        ("www.signed.edu.", Kind::MX, 2),
        ("empty.signed.edu.", Kind::A, 2),
        // One record says both what the wildcard has and that the name itself is not there.
        ("x.wild.signed.edu.", Kind::MX, 3),
        ("open.signed.edu.", Kind::DS, 2),
        ("www.open.signed.edu.", Kind::A, 1),
    ] {
        assert_eq!(verified(&read("ns1.signed.edu.", name, kind), &keys), Ok(signatures), "{name} {kind}");
    }
}

#[test]
fn signatures_are_answered_as_the_proofs_say_that_they_are_there() {
    let covered = |name: &str| {
        let message = read("ns1.signed.edu.", name, Kind::RRSIG);
        let mut kinds: Vec<(String, u32)> = message
            .answers
            .iter()
            .map(|record| match &record.data {
                RData::DNSSEC(DNSSECRData::RRSIG(signature)) => {
                    (signature.input().type_covered.to_string(), record.ttl)
                }
                other => panic!("{name}: {other}"),
            })
            .collect();
        kinds.sort();
        kinds
    };
    for name in ["signed.edu.", "www.signed.edu.", "alias.signed.edu.", "x.wild.signed.edu."] {
        let zone = WORLD.zones().iter().find(|zone| zone.apex.to_string() == "signed.edu.").unwrap();
        let owner = Name::parse(&name.replace("x.", "*."), &Name::root()).unwrap();
        let mut wanted: Vec<(String, u32)> =
            zone.sets(&owner).unwrap().iter().map(|set| (set.kind.to_string(), set.ttl)).collect();
        wanted.sort();
        assert_eq!(covered(name), wanted, "{name}");
    }
    // Without DO, too: they were asked for (RFC 4035 section 3.1).
    let asked = query("www.signed.edu.", Kind::RRSIG, None);
    let bytes = WORLD.answer(server("ns1.signed.edu."), &asked, Carrier::Udp).bytes.unwrap();
    assert_eq!(Message::read(&bytes).section(Section::Answer).filter(|record| record.kind == 46).count(), 2);
}

#[test]
fn the_bogus_zone_is_wrong_in_all_but_its_keys() {
    let keys = keys("ns1.bogus.edu.", "bogus.edu.");
    assert_eq!(verified(&read("ns1.bogus.edu.", "bogus.edu.", Kind::DNSKEY), &keys), Ok(1));
    for (name, kind) in [("www.bogus.edu.", Kind::A), ("nope.bogus.edu.", Kind::A), ("bogus.edu.", Kind::SOA)]
    {
        assert!(verified(&read("ns1.bogus.edu.", name, kind), &keys).is_err(), "{name}");
    }
}

/// The NSEC3 records of a message: own hash in text, next hash in text, types, opting out.
fn proofs(message: &op::Message) -> Vec<(String, String, Vec<rr::RecordType>, bool)> {
    records(message)
        .filter_map(|record| {
            let RData::DNSSEC(DNSSECRData::NSEC3(proof)) = &record.data else { return None };
            let proof: &NSEC3 = proof;
            assert_eq!((proof.iterations(), proof.salt().len()), (0, 0));
            let own = record.name.iter().next().unwrap().to_ascii_lowercase();
            let next = proof.next_hashed_owner_name_base32().unwrap().to_string().to_lowercase();
            Some((String::from_utf8(own).unwrap(), next, proof.type_bit_maps().collect(), proof.opt_out()))
        })
        .collect()
}

fn hashed(name: &str) -> String {
    let name: rr::Name = name.parse().unwrap();
    let hash = hickory_proto::dnssec::Nsec3HashAlgorithm::SHA1.hash(&[], &name, 0).unwrap();
    super::super::data::base32(hash.as_ref())
}

#[test]
fn proofs_say_what_is_not_there() {
    let matches = |message: &op::Message, name: &str| {
        let hash = hashed(name);
        proofs(message).into_iter().find(|(own, ..)| *own == hash).map(|(_, _, types, _)| types)
    };
    let covers = |message: &op::Message, name: &str| {
        let hash = hashed(name);
        proofs(message).iter().any(|(own, next, ..)| {
            if own < next { *own < hash && hash < *next } else { *own < hash || hash < *next }
        })
    };
    // No such name: the closest one above, nothing right below it on the way, no wildcard (RFC 5155 section 7.2.2).
    let message = read("ns1.signed.edu.", "a.b.signed.edu.", Kind::A);
    assert!(matches(&message, "signed.edu.").is_some());
    assert!(covers(&message, "b.signed.edu.") && covers(&message, "*.signed.edu."));
    // No such records: the name, and its types (section 7.2.3).
    let message = read("ns1.signed.edu.", "www.signed.edu.", Kind::MX);
    let types = matches(&message, "www.signed.edu.").unwrap();
    assert!(!types.contains(&rr::RecordType::MX) && types.contains(&rr::RecordType::AAAA));
    // A delegation without DS: the name itself where every one is told, else that it may lie in a gap (section 7.2.7).
    let message = read("a.edu-servers.net.", "www.nyu.edu.", Kind::A);
    assert_eq!(matches(&message, "nyu.edu.").unwrap(), [rr::RecordType::NS]);
    for zone in ["google.com.", "amazon.com."] {
        let message = read("a.gtld-servers.net.", zone, Kind::A);
        assert!(matches(&message, "com.").is_some() && covers(&message, zone), "{zone}");
        assert!(proofs(&message).iter().all(|(.., opt_out)| *opt_out));
    }
    // A wildcard's answer: the name itself is not there (section 7.2.6).
    let message = read("ns1.signed.edu.", "x.wild.signed.edu.", Kind::A);
    assert!(covers(&message, "x.wild.signed.edu."));
}
