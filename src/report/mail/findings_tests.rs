use super::super::{Beside, Conclusion, Hop, Link, MailFile, MailMessage};
use super::*;

/// A mail with these headers, judged.
fn judged(headers: &str) -> MailMessage {
    let text = format!("{headers}\n\ntext\n");
    MailFile::read(text.as_bytes()).mails.remove(0)
}

fn codes(mail: &MailMessage) -> Vec<&'static str> {
    mail.findings.iter().map(|finding| finding.what.code()).collect()
}

const HONEST: &str = "\
Received: from out.one.example (out.one.example [203.0.113.1]) by in.two.example; Mon, 14 Nov 2005 10:00:10 +0000
Received: from [10.0.0.7] (desk.one.example [10.0.0.7]) by out.one.example; Mon, 14 Nov 2005 10:00:05 +0000
From: a@one.example
To: b@two.example
Date: Mon, 14 Nov 2005 11:00:00 +0100
Message-ID: <1@one.example>
Subject: x";

#[test]
fn nothing_is_found_in_an_honest_mail() {
    let mail = judged(&HONEST.replace("[10.0.0.7] (desk", "desk.one.example (desk"));
    assert_eq!(codes(&mail), [""; 0]);
    assert_eq!((&mail.path.links[..], mail.path.conclusion), (&[Link::Checked][..], Conclusion::Unbroken));
    assert!(!mail.path.is_unvouched(0));
}

#[test]
fn a_line_that_no_next_hop_names_breaks_the_chain() {
    let mail = judged(&HONEST.replace("by out.one.example", "by out.other.example"));
    assert_eq!((mail.path.links[0], mail.path.conclusion), (Link::Broken, Conclusion::Broken { hop: 1 }));
    assert!(mail.path.is_unvouched(0) && !mail.path.is_unvouched(1));
    assert!(codes(&mail).contains(&"break"));
    let mail = judged(&HONEST.replace("by out.one.example", "by relay.one.example"));
    assert_eq!(mail.path.links[0], Link::SameDomain);
    let mail = judged(&HONEST.replace(" (out.one.example [203.0.113.1])", ""));
    assert_eq!((mail.path.links[0], mail.path.conclusion), (Link::Claimed, Conclusion::Unproven { hop: 1 }));
}

#[test]
fn lines_below_what_the_author_wrote_were_there_before() {
    let (trace, rest) = HONEST.split_once("\nFrom").unwrap();
    let (last, first) = trace.split_once('\n').unwrap();
    let mail = judged(&format!("{last}\nFrom{rest}\n{first}"));
    assert!(codes(&mail).contains(&"misplaced"));
    assert_eq!(mail.path.conclusion, Conclusion::Broken { hop: 1 });
}

#[test]
fn addresses_that_cannot_be_are_found() {
    for (before, after, code) in [
        ("[203.0.113.1]", "[203.0.113.999]", "impossible_address"),
        ("[203.0.113.1]", "[224.0.0.1]", "impossible_address"),
        ("from out.one.example (out.one.example", "from [203.0.113.2] (out.one.example", "address_differs"),
        ("from out.one.example (", "from bank.example (", "name_differs"),
        ("(out.one.example [203", "(unknown [203", "no_name"),
        ("[203.0.113.1])", "[203.0.113.1] (may be forged))", "may_be_forged"),
        ("desk.one.example [10.0.0.7]", "desk.one.example [8.8.8.8]", "address_differs"),
    ] {
        let mail = judged(&HONEST.replace(before, after));
        assert!(codes(&mail).contains(&code), "{code} is not in {:?}", codes(&mail));
    }
    let inside = HONEST.replace("[203.0.113.1]", "[10.0.0.9]").replace("[10.0.0.7])", "[203.0.113.9])");
    assert!(codes(&judged(&inside)).contains(&"private_address"));
}

#[test]
fn times_are_held_against_each_other() {
    for (before, after, code, weight) in [
        ("10:00:10", "10:00:01", "time_backwards", Weight::Note),
        ("10:00:10", "08:00:10", "time_backwards", Weight::Doubt),
        ("Mon, 14 Nov 2005 10:00:10", "Wed, 16 Nov 2005 10:00:10", "long_delay", Weight::Note),
        ("Mon, 14 Nov 2005 10:00:10", "Tue, 14 Nov 2005 10:00:10", "wrong_weekday", Weight::Wrong),
        ("10:00:10 +0000", "10:00:10 -1900", "wrong_zone", Weight::Wrong),
        ("Mon, 14 Nov 2005 10:00:10 +0000", "soon", "no_date", Weight::Note),
        ("11:00:00 +0100", "11:10:00 +0100", "date_ahead", Weight::Note),
        ("Date: Mon, 14 Nov", "Date: Sat, 12 Nov", "date_behind", Weight::Note),
        ("Date: Mon, 14 Nov", "Date: Sun, 14 Nov", "date_weekday", Weight::Wrong),
        ("Date: Mon, 14 Nov", "Date: Mon, 14 Foo", "date_unreadable", Weight::Doubt),
    ] {
        let mail = judged(&HONEST.replace(before, after));
        let found = mail.findings.iter().find(|finding| finding.what.code() == code);
        assert_eq!(found.map(|finding| finding.what.weight()), Some(weight), "{code}: {:?}", codes(&mail));
    }
    // Without any date there is nothing to compare, and no line is believed less.
    let bare = HONEST
        .replace("; Mon, 14 Nov 2005 10:00:10 +0000", "")
        .replace("; Mon, 14 Nov 2005 10:00:05 +0000", "");
    let mail = judged(&bare);
    assert_eq!(codes(&mail).iter().filter(|code| **code == "no_date").count(), 2);
}

#[test]
fn headers_are_held_against_each_other_and_the_envelope() {
    for (extra, code) in [
        ("Reply-To: c@three.example", "reply_to_differs"),
        ("Return-Path: <c@three.example>", "sender_differs"),
        ("Delivered-To: c@two.example", "hidden_recipient"),
        ("From: c@three.example", "twice"),
        ("Received-SPF: fail (two.example: no)", "verdict"),
        ("Authentication-Results: two.example; dmarc=fail", "verdict"),
    ] {
        let mail = judged(&format!("{HONEST}\n{extra}"));
        assert!(codes(&mail).contains(&code), "{code} is not in {:?}", codes(&mail));
    }
    for (before, after, code) in [
        ("<1@one.example>", "<1@three.example>", "message_id_differs"),
        ("From: a@one.example", "From: a@three.example", "from_off_path"),
        ("From: a@one.example\n", "", "missing"),
    ] {
        let mail = judged(&HONEST.replace(before, after));
        assert!(codes(&mail).contains(&code), "{code} is not in {:?}", codes(&mail));
    }
    for fine in [
        "Received-SPF: pass",
        "Authentication-Results: two.example; spf=pass",
        "Return-Path: <>",
        "Delivered-To: b@two.example",
    ] {
        let with = codes(&judged(&format!("{HONEST}\n{fine}"))).len();
        assert_eq!(with, codes(&judged(HONEST)).len(), "{fine}");
    }
}

#[test]
fn what_the_capture_shows_is_the_last_hop() {
    let mut mail = judged(HONEST);
    let at = crate::flow::PacketStamp { number: 7, ts: None };
    let address = |text: &str| text.parse().unwrap();
    let seen = Hop::seen(at, Some(b"in.two.example"), address("203.0.113.2"), None, address("203.0.113.3"));
    mail.judge(&Beside { seen: Some(seen), ..Beside::default() });
    assert_eq!(mail.path.links, [Link::Checked, Link::Claimed]);
    assert_eq!(mail.path.conclusion, Conclusion::Unproven { hop: 2 });
}

#[test]
fn floods_of_lines_are_bounded() {
    let many =
        "Received: from a.example (b.other [224.0.0.1]) by c.example; Tue, 14 Nov 2005 10:00:00 +9900\n"
            .repeat(1000);
    let mail = judged(many.trim_end());
    assert_eq!(mail.path.hops.len(), super::super::MAX_HOPS);
    assert_eq!(mail.findings.len(), MAX_FINDINGS);
    assert!(mail.headers_left_out > 0 && mail.received_left_out > 0);
}

#[test]
fn names_that_share_an_end_alone_prove_no_organisation() {
    let ends = |headers: &str| {
        let all = judged(headers).findings.into_iter().map(|finding| finding.what);
        all.filter(|what| matches!(what, Oddity::SharedEnd(_))).collect::<Vec<_>>()
    };
    let shared = [Oddity::SharedEnd(b"host.example"[..].into())];
    let rented = HONEST.replace("one.example", "bank.host.example");
    assert_eq!(ends(&rented), []);
    let other = rented.replace("(out.bank.host", "(out.evil.host");
    assert_eq!(ends(&other), shared);
    assert_eq!(shared[0].weight(), Weight::Note);
    // Whose mail it is.
    let other = rented.replace("a@bank.host.example", "a@evil.host.example");
    assert_eq!(ends(&other), shared);
    assert_eq!(ends(&format!("{rented}\nReply-To: x@evil.host.example")), shared);
}

#[test]
fn all_that_from_names_is_judged() {
    let from = |from: &str| judged(&HONEST.replace("a@one.example", from));
    let mail = from("\"boss@bank.example\" <a@one.example>");
    let shown = Oddity::NameIsAddress(b"boss@bank.example"[..].into(), b"a@one.example"[..].into());
    assert!(mail.findings.iter().any(|finding| finding.what == shown), "{:?}", codes(&mail));
    for same in ["\"A@one.example\" <a@one.example>", "\"A, B @ work\" <a@one.example>"] {
        assert!(!codes(&from(same)).contains(&"name_is_address"), "{same}");
    }
    let mail = from("a@one.example, z@bank.example");
    assert!(mail.findings.iter().any(|finding| finding.what == Oddity::SeveralFrom(2)));
    let off = Oddity::FromOffPath(b"bank.example"[..].into());
    assert!(mail.findings.iter().any(|finding| finding.what == off), "{:?}", codes(&mail));
}
