//! Zones on one server with the zones above them: nobody is led there, answers come from the lowest one.

use proptest::prelude::*;

use super::*;
use crate::dnstrace::resolve_from;
use crate::dnstrace::{Earlier, StepOutcome};

/// The root is at 127.0.0.8; `top.` and most below it at 127.0.0.9, some at 127.0.0.10.
const FILES: [(&str, &str); 9] = [
    (
        "root.zone",
        "; wirelab: sign\n$TTL 60\n@ SOA ns.top. a. 1 2 3 4 60\n@ NS a.root.\na.root. A 127.0.0.8\n\
         top NS ns.top.\nns.top. A 127.0.0.9\n",
    ),
    (
        "top.zone",
        "; wirelab: sign\n$TTL 60\n@ SOA ns a. 1 2 3 4 60\n@ NS ns\nns A 127.0.0.9\nwww A 192.0.2.1\n\
         mid NS ns\ngap NS ns\nto-low CNAME www.low.mid\nto-open CNAME www.open.low.mid\n\
         *.wild CNAME www.low.mid\n",
    ),
    (
        "mid.top.zone",
        "; wirelab: sign\n$TTL 60\n@ SOA ns.top. a. 1 2 3 4 60\n@ NS ns.top.\nwww A 192.0.2.2\n\
         low NS ns.top.\nfar NS ns.far\nns.far A 127.0.0.10\nold DNAME low\nb.empty A 192.0.2.9\n",
    ),
    (
        "low.mid.top.zone",
        "; wirelab: sign\n$TTL 60\n@ SOA ns.top. a. 1 2 3 4 60\n@ NS ns.top.\nwww A 192.0.2.3\n\
         *.wild A 192.0.2.4\nopen NS ns.top.\n",
    ),
    ("open.low.mid.top.zone", "$TTL 60\n@ SOA ns.top. a. 1 2 3 4 60\n@ NS ns.top.\nwww A 192.0.2.5\n"),
    (
        "far.mid.top.zone",
        "; wirelab: sign\n$TTL 60\n@ SOA ns a. 1 2 3 4 60\n@ NS ns\nns A 127.0.0.10\nwww A 192.0.2.6\n",
    ),
    (
        "gap.top.zone",
        "$TTL 60\n@ SOA ns.top. a. 1 2 3 4 60\n@ NS ns.top.\nwww.a.b.c A 192.0.2.7\nisle NS ns.top.\n\
         away NS ns.away\nns.away A 127.0.0.10\n",
    ),
    (
        "isle.gap.top.zone",
        "; wirelab: sign\n$TTL 60\n@ SOA ns.top. a. 1 2 3 4 60\n@ NS ns.top.\nwww A 192.0.2.8\n",
    ),
    ("away.gap.top.zone", "$TTL 60\n@ SOA ns a. 1 2 3 4 60\n@ NS ns\nns A 127.0.0.10\nwww A 192.0.2.9\n"),
];

static TOP: LazyLock<Internet> = LazyLock::new(|| {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(SIGNED_AT.into());
    Internet::from_files(FILES.into_iter(), Addresses::AsWritten, Validity::from(at)).unwrap()
});

const ROOT: &str = "127.0.0.8:53";

fn traced(text: &str, kind: u16) -> (DnsTrace, Vec<Step>) {
    resolve_with_keys(&mut Lab::of(&TOP), &Asked { name: name(text), kind }, &options(ROOT))
}

fn checked(trace: &DnsTrace, keys: &[Step]) -> Vec<Link> {
    let anchor = Anchor::of_key(Domain::root(), TOP.anchor().unwrap()).unwrap();
    check(trace, keys, &[anchor], SIGNED_AT + DAY)
}

#[test]
fn a_zone_on_the_server_of_the_zone_above_is_found_by_who_signed() {
    use Security::{Insecure, Secure};
    for (text, kind, zone, security, why) in [
        ("www.top", 1, "top.", Secure, Why::Signed),
        ("www.mid.top", 1, "mid.top.", Secure, Why::Signed),
        ("www.low.mid.top", 1, "low.mid.top.", Secure, Why::Signed),
        ("x.wild.low.mid.top", 1, "low.mid.top.", Secure, Why::Signed),
        ("no.low.mid.top", 1, "low.mid.top.", Secure, Why::Proven),
        ("www.low.mid.top", 15, "low.mid.top.", Secure, Why::Proven),
        ("b.empty.mid.top", 15, "mid.top.", Secure, Why::Proven),
        // The zone above says who is below.
        ("low.mid.top", DS, "mid.top.", Secure, Why::Signed),
        ("open.low.mid.top", DS, "low.mid.top.", Secure, Why::Proven),
        // Of another zone than the alias.
        ("to-low.top", 1, "low.mid.top.", Secure, Why::Signed),
        ("to-low.top", 15, "low.mid.top.", Secure, Why::Proven),
        ("x.wild.top", 1, "low.mid.top.", Secure, Why::Signed),
        ("x.wild.top", 15, "low.mid.top.", Secure, Why::Proven),
        ("to-open.top", 1, "open.low.mid.top.", Insecure, Why::Inherited),
        ("www.old.mid.top", 1, "low.mid.top.", Secure, Why::Signed),
        ("www.old.mid.top", CNAME, "mid.top.", Secure, Why::Signed),
        ("www.open.low.mid.top", 1, "open.low.mid.top.", Insecure, Why::Inherited),
        ("no.open.low.mid.top", 1, "open.low.mid.top.", Insecure, Why::Inherited),
        // Signed, but below one that is not.
        ("www.isle.gap.top", 1, "gap.top.", Insecure, Why::Inherited),
        // The server refers past the zone in between, which it serves itself.
        ("www.far.mid.top", 1, "far.mid.top.", Secure, Why::Signed),
        ("www.away.gap.top", 1, "away.gap.top.", Insecure, Why::Inherited),
    ] {
        let (trace, keys) = traced(text, kind);
        let chain = checked(&trace, &keys);
        assert_eq!(
            end_of(&chain),
            (zone.to_owned(), Part::Answer, security, why),
            "{text} {kind}: {chain:?}"
        );
        assert!(chain.iter().all(|link| link.security != Security::Bogus), "{text} {kind}: {chain:?}");
    }
}

/// The names whose DS records were asked for.
fn cuts(keys: &[Step]) -> Vec<String> {
    keys.iter().filter(|step| step.asked.kind == DS).map(|step| step.asked.name.to_string()).collect()
}

#[test]
fn below_what_is_proven_to_be_unsigned_nothing_is_asked() {
    for (text, wanted) in [
        ("www.a.b.c.gap.top", &["gap.top."][..]),
        ("www.isle.gap.top", &["gap.top."]),
        ("www.away.gap.top", &["gap.top."]),
        ("www.open.low.mid.top", &["mid.top.", "low.mid.top.", "open.low.mid.top."]),
        ("www.low.mid.top", &["mid.top.", "low.mid.top."]),
        ("www.top", &[]),
    ] {
        assert_eq!(cuts(&traced(text, 1).1), wanted, "{text}");
    }
}

#[test]
fn who_signs_for_a_name_that_is_not_his_own_is_not_believed() {
    for (text, place, from, to) in [
        ("www.mid.top", 1, "\u{3}mid\u{3}top", "\u{3}mix\u{3}top"),
        ("www.mid.top", 1, "\u{3}mid\u{3}top", "\u{3}low\u{3}gap"),
        // From above, too.
        ("www.far.mid.top", 2, "\u{3}far\u{3}mid", "\u{3}far\u{3}low"),
    ] {
        let (mut trace, keys) = traced(text, 1);
        assert_eq!(end_of(&checked(&trace, &keys)).2, Security::Secure);
        let bytes = trace.steps[place].response.as_mut().unwrap();
        // Signers are not packed: the last place is that of the only signature over the answer.
        let length = from.len();
        let found = |at: &usize| &bytes[*at..*at + length] == from.as_bytes();
        let places: Vec<usize> = (20..bytes.len() - length).filter(found).collect();
        let at = *places.last().unwrap();
        bytes[at..at + length].copy_from_slice(to.as_bytes());
        let end = end_of(&checked(&trace, &keys));
        assert!(end.2 == Security::Bogus && matches!(end.3, Why::Foreign(_)), "{text} {to:?}: {end:?}");
    }
}

#[test]
fn what_leads_to_a_zone_in_between_is_needed() {
    let (trace, keys) = traced("www.low.mid.top", 1);
    let security_without = |cut: &str, kind: u16| {
        let asked = Asked { name: name(cut), kind };
        let keys: Vec<Step> = keys.iter().filter(|step| step.asked != asked).cloned().collect();
        end_of(&checked(&trace, &keys)).2
    };
    assert_eq!(security_without("none.top", DS), Security::Secure);
    assert_eq!(security_without("mid.top", DS), Security::Bogus);
    assert_eq!(security_without("low.mid.top", DS), Security::Bogus);
    assert_eq!(security_without("mid.top", DNSKEY), Security::Bogus);
}

#[test]
fn a_way_that_is_remembered_is_asked_about_like_one_that_is_new() {
    let (before, _) = traced("www.far.mid.top", 1);
    let mut earlier = Earlier::default();
    for step in &before.steps {
        if let StepOutcome::Referral(referral) = &step.outcome {
            earlier.zones.push((referral.zone.clone(), referral.servers.clone()));
            earlier.referrals.push(step.clone());
        }
    }
    let (_, first) = traced("far.mid.top", 1);
    let known: Vec<Step> = first.into_iter().filter(|step| step.asked.kind == DNSKEY).collect();
    earlier.keys = vec![Domain::root(), name("top")];
    let asked = Asked { name: name("www.far.mid.top"), kind: 1 };
    let (trace, mut keys) = resolve_from(&mut Lab::of(&TOP), &asked, &options(ROOT), &earlier);
    assert_eq!(trace.steps.len(), 1);
    keys.extend(known.into_iter().filter(|step| earlier.keys.contains(&step.asked.name)));
    let steps = earlier.referrals.into_iter().chain(trace.steps.clone()).collect();
    let chain = checked(&DnsTrace { steps, ..trace }, &keys);
    assert_eq!(end_of(&chain).2, Security::Secure, "{chain:?}");
}

#[test]
fn referrals_that_lead_back_to_one_another_end() {
    let (trace, mut keys) = traced("www.far.mid.top", 1);
    // The answers for DS records are referrals that other such answers would have to explain.
    let referral = trace.steps.iter().find(|step| step.zone == name("top")).unwrap().clone();
    for step in keys.iter_mut().filter(|step| step.asked.kind == DS) {
        *step = Step { asked: step.asked.clone(), ..referral.clone() };
    }
    assert_ne!(end_of(&checked(&trace, &keys)).2, Security::Secure);
}

/// What a resolution found, and what it is worth.
type Traced = (DnsTrace, Vec<Step>, Vec<Link>);

/// Names of each kind.
static TRACED: LazyLock<Vec<Traced>> = LazyLock::new(|| {
    let all = [
        ("www.low.mid.top", 1),
        ("no.low.mid.top", 1),
        ("x.wild.top", 15),
        ("www.old.mid.top", CNAME),
        ("www.open.low.mid.top", 1),
        ("www.isle.gap.top", 1),
        ("www.far.mid.top", 1),
        ("www.away.gap.top", 1),
    ];
    let traced = all.map(|(text, kind)| {
        let (trace, keys) = traced(text, kind);
        let chain = checked(&trace, &keys);
        (trace, keys, chain)
    });
    traced.into()
});

proptest! {
    #[test]
    fn whatever_is_left_out_or_mixed_up_nothing_is_worth_more(
        name in 0..TRACED.len(),
        left_out in proptest::collection::vec(0..16_usize, 0..2),
        mixed in proptest::collection::vec((0..16_usize, 0..16_usize), 0..2),
        bytes in proptest::collection::vec((0..24_usize, 0..2000_usize, 1_u8..), 0..3),
    ) {
        let (mut trace, mut keys, whole) = TRACED[name].clone();
        let (step_count, count) = (trace.steps.len(), keys.len());
        for (one, other) in mixed {
            let (one, other) = (keys[one % count].clone(), &mut keys[other % count]);
            (other.response, other.outcome, other.zone) = (one.response, one.outcome, one.zone);
        }
        for (at, place, with) in bytes {
            let step = if at < step_count { &mut trace.steps[at] } else { &mut keys[at % count] };
            let response = step.response.as_mut().unwrap();
            let length = response.len();
            response[place % length] ^= with;
        }
        let keys: Vec<Step> = keys
            .into_iter()
            .enumerate()
            .filter(|(at, _)| !left_out.contains(at))
            .map(|(_, step)| step)
            .collect();
        let (end, whole) = (end_of(&checked(&trace, &keys)), end_of(&whole));
        match end.2 {
            // Letters may be of another case.
            Security::Secure => {
                prop_assert!(end.0.eq_ignore_ascii_case(&whole.0));
                prop_assert_eq!((end.1, end.2, end.3), (whole.1, whole.2, whole.3));
            }
            Security::Insecure => prop_assert_eq!(whole.2, Security::Insecure),
            Security::Bogus | Security::Unknown => {}
        }
    }
}
