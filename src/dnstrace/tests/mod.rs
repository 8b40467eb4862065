mod internet;
mod judging;
mod resolving;
mod sockets;
pub(super) mod wire;

use super::*;

#[test]
fn names_are_read_as_master_files_have_them() {
    for (text, shown) in [
        ("www.nyu.edu", "www.nyu.edu."),
        ("WWW.nyu.edu.", "WWW.nyu.edu."),
        (".", "."),
        (r"a\.b.c", r"a\.b.c."),
        (r"\027[2J.x", r"\027[2J.x."),
        (r"\255", r"\255."),
    ] {
        assert_eq!(Domain::parse(text).unwrap().to_string(), shown);
    }
    let long = "a".repeat(64);
    let longer = ["b"; 128].join(".");
    for (text, why) in [
        ("", BadName::EmptyLabel),
        ("a..b", BadName::EmptyLabel),
        (".a", BadName::EmptyLabel),
        (r"a\25", BadName::Escape),
        (r"a\256", BadName::Escape),
        ("a\\", BadName::Escape),
        (&long, BadName::LongLabel),
        (&longer, BadName::Long),
    ] {
        assert_eq!(Domain::parse(text).unwrap_err(), why, "{text}");
    }
}

#[test]
fn names_are_compared_whatever_their_case() {
    let (a, b) = (wire::name("WWW.Nyu.edu"), wire::name("www.nyu.EDU"));
    assert_eq!(a, b);
    assert_eq!(a.folded(), b.folded());
    assert!(a.is_within(&wire::name("nyu.edu")) && a.is_within(&Domain::root()) && a.is_within(&a));
    assert!(!a.is_within(&wire::name("u.edu")));
    assert_eq!(a.last_labels(2), wire::name("nyu.edu"));
    assert_eq!(a.last_labels(9), a);
    assert_eq!(a.with_end(&wire::name("nyu.edu"), &wire::name("x")), Some(wire::name("www.x")));
    assert_eq!(a.with_end(&wire::name("com"), &wire::name("x")), None);
    let long = wire::name(&["abcdefghi"; 25].join("."));
    assert_eq!(a.with_end(&wire::name("edu"), &long), None);
}

#[test]
fn types_have_names_and_numbers() {
    assert_eq!(type_from_text("aaaa"), Some(28));
    assert_eq!(type_from_text("TYPE65534"), Some(65534));
    assert_eq!(type_from_text("TYPE65536"), None);
    assert_eq!(type_from_text("nothing"), None);
}
