//! Zones on one server with the zones above them: nobody is led there, so that only DS records tell where they begin.

use super::*;
use crate::proto::dns::Section;

const A: u16 = 1;
const CNAME: u16 = 5;
const MX: u16 = 15;
const DNAME: u16 = 39;
const RRSIG: u16 = 46;

/// The root is at 127.0.0.8; `top.` and all below it at 127.0.0.9.
const FILES: [(&str, &str); 5] = [
    (
        "root.zone",
        "; wirelab: sign\n$TTL 600\n@ SOA ns.top. a. 1 2 3 4 600\n@ NS a.root.\na.root. A 127.0.0.8\n\
         top NS ns.top.\nns.top. A 127.0.0.9\n",
    ),
    ("top.zone", "; wirelab: sign\n$TTL 600\n@ SOA ns a. 1 2 3 4 60\n@ NS ns\nns A 127.0.0.9\nmid NS ns\n"),
    (
        "mid.top.zone",
        "; wirelab: sign\n$TTL 60\n@ SOA ns.top. a. 1 2 3 4 60\n@ NS ns.top.\nwww A 192.0.2.2\n\
         low NS ns.top.\nold DNAME low\n",
    ),
    (
        "low.mid.top.zone",
        "; wirelab: sign\n$TTL 60\n@ SOA ns.top. a. 1 2 3 4 60\n@ NS ns.top.\nwww A 192.0.2.3\n\
         *.wild A 192.0.2.4\nopen NS ns.top.\n",
    ),
    (
        "open.low.mid.top.zone",
        "$TTL 60\n@ SOA ns.top. a. 1 2 3 4 60\n@ NS ns.top.\nwww A 192.0.2.5\nother A 192.0.2.6\n",
    ),
];

static TOP: LazyLock<Internet> = LazyLock::new(|| {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(SIGNED_AT.into());
    Internet::from_files(FILES.into_iter(), Addresses::AsWritten, Validity::from(at)).unwrap()
});

fn resolver() -> Recursive {
    let anchor = Anchor::of_key(Domain::root(), TOP.anchor().unwrap()).unwrap();
    Recursive::new(vec!["127.0.0.8:53".parse().unwrap()], 53, vec![anchor])
}

/// Whether the answer is said to be secure, its code, and what had to be asked for it.
fn asked(resolver: &Recursive, (text, kind): (&str, u16), now: u64) -> (bool, u16, Vec<String>) {
    let mut lab = Lab { internet: Some(&TOP), ..Lab::default() };
    let query = query(1, text, kind, RD, Some(true));
    let bytes = resolver.answer_at(&mut lab, &query, Carrier::Udp, Duration::from_secs(now)).bytes.unwrap();
    let read = Message::read(&bytes);
    (read.header.unwrap().authentic_data(), read.rcode().unwrap(), lab.log)
}

#[test]
fn zones_that_nobody_is_led_to_are_remembered() {
    let resolver = resolver();
    let (is_secure, code, log) = asked(&resolver, ("www.low.mid.top", A), 0);
    assert_eq!((is_secure, code), (true, 0));
    // The root and top., the keys of all four, the two cuts.
    assert_eq!(log.len(), 8, "{log:?}");
    for (text, kind, code) in [
        ("x.wild.low.mid.top", A, 0),
        ("no.low.mid.top", A, 3),
        ("www.low.mid.top", MX, 0),
        ("www.mid.top", A, 0),
    ] {
        let (is_secure, found, log) = asked(&resolver, (text, kind), 1);
        assert_eq!((is_secure, found, log.len()), (true, code, 1), "{text}: {log:?}");
    }
    // What is not signed, too: once that was asked.
    let (is_secure, code, log) = asked(&resolver, ("www.open.low.mid.top", A), 2);
    assert_eq!((is_secure, code), (false, 0));
    assert_eq!(log, ["127.0.0.9 www.open.low.mid.top. 1", "127.0.0.9 open.low.mid.top. 43"]);
    let (is_secure, code, log) = asked(&resolver, ("other.open.low.mid.top", A), 3);
    assert_eq!((is_secure, code, log.len()), (false, 0, 1), "{log:?}");
}

#[test]
fn where_a_zone_begins_is_remembered_as_long_as_that_holds() {
    let resolver = resolver();
    asked(&resolver, ("www.low.mid.top", A), 0);
    let cuts = |log: &[String]| log.iter().filter(|line| line.ends_with(" 43")).count();
    for (now, wanted) in [(59, 0), (60, 1), (61, 0), (599, 1), (600, 1)] {
        // DS records of mid.top. stand in top., for longer.
        let name = format!("x{now}.wild.low.mid.top");
        let (is_secure, code, log) = asked(&resolver, (&name, A), now);
        assert_eq!((is_secure, code, cuts(&log)), (true, 0, wanted), "{now}: {log:?}");
    }
}

#[test]
fn what_is_remembered_of_a_zone_is_checked_each_time() {
    let resolver = resolver();
    asked(&resolver, ("www.low.mid.top", A), 0);
    let mut lab = Lab { internet: Some(&TOP), later: 400 * DAY, ..Lab::default() };
    let query = query(1, "x.wild.low.mid.top", A, RD, Some(true));
    let bytes = resolver.answer_at(&mut lab, &query, Carrier::Udp, Duration::from_secs(1)).bytes.unwrap();
    let read = Message::read(&bytes);
    assert_eq!((read.rcode(), extended_error(&read)), (Some(2), Some(7)));
    // It is asked anew before that is said.
    assert!(lab.log.iter().any(|line| line.ends_with(" mid.top. 43")), "{:?}", lab.log);
}

#[test]
fn an_alias_that_follows_comes_with_what_it_follows_from() {
    let resolver = resolver();
    let covers = |data: &[u8]| u16::from_be_bytes(*data.first_chunk().unwrap());
    // Found out, remembered, and as part of more.
    for kind in [CNAME, CNAME, A] {
        let mut lab = Lab { internet: Some(&TOP), ..Lab::default() };
        let query = query(1, "www.old.mid.top", kind, RD, Some(true));
        let bytes = resolver.answer_at(&mut lab, &query, Carrier::Udp, Duration::ZERO).bytes.unwrap();
        let read = Message::read(&bytes);
        assert!(read.header.unwrap().authentic_data(), "{kind}");
        let answer: Vec<(u16, String)> =
            read.section(Section::Answer).map(|record| (record.kind, record.name.to_string())).collect();
        let owners: Vec<(u16, &str)> = answer.iter().map(|(kind, name)| (*kind, name.as_str())).collect();
        let [first, second, third, ..] = owners.as_slice() else { panic!("{kind}: {owners:?}") };
        assert_eq!(*first, (DNAME, "old.mid.top."));
        assert_eq!(*second, (RRSIG, "old.mid.top."));
        assert_eq!(*third, (CNAME, "www.old.mid.top."));
        let signature = read.section(Section::Answer).find(|record| record.kind == RRSIG).unwrap();
        assert_eq!(covers(signature.data), DNAME);
    }
    // It is believed no longer than what it follows from.
    let query_of_alias = query(1, "www.old.mid.top", CNAME, RD, Some(true));
    let mut lab = Lab { internet: Some(&TOP), ..Lab::default() };
    let bytes = resolver.answer_at(&mut lab, &query_of_alias, Carrier::Udp, Duration::ZERO).bytes.unwrap();
    let read = Message::read(&bytes);
    let signature = read.section(Section::Answer).find(|record| record.kind == RRSIG).unwrap();
    let end = u32::from_be_bytes(*signature.data[8..].first_chunk().unwrap());
    let mut lab = Lab { internet: Some(&TOP), later: end - 40 - SIGNED_AT - DAY, ..Lab::default() };
    let late =
        self::resolver().answer_at(&mut lab, &query_of_alias, Carrier::Udp, Duration::ZERO).bytes.unwrap();
    let ttls: Vec<u32> = Message::read(&late).section(Section::Answer).map(|record| record.ttl).collect();
    assert_eq!(ttls, [40, 40, 40]);
    // One that is a record of its own comes alone.
    let own = super::recursive();
    let query = query(1, "alias.signed.edu", CNAME, RD, Some(true));
    let bytes = own.answer_at(&mut Lab::default(), &query, Carrier::Udp, Duration::ZERO).bytes.unwrap();
    let kinds: Vec<u16> = Message::read(&bytes).section(Section::Answer).map(|record| record.kind).collect();
    assert_eq!(kinds, [CNAME, RRSIG]);
}
