use proptest::prelude::*;

use super::*;

fn read(line: &str) -> Hop {
    Hop::read(line.as_bytes(), 1)
}

fn text(value: &Option<Box<[u8]>>) -> &str {
    value.as_deref().map_or("-", |value| std::str::from_utf8(value).unwrap())
}

/// Claimed, looked up, address, by.
fn who(hop: &Hop) -> [String; 4] {
    let address = hop.address.map_or_else(|| "-".to_owned(), |address| address.to_string());
    [text(&hop.claimed).to_owned(), text(&hop.looked_up).to_owned(), address, text(&hop.by).to_owned()]
}

#[test]
fn lines_of_postfix_and_sendmail_are_read() {
    let hop = read(
        "from mail.bank.example (dsl-7.provider.example [203.0.113.7]) by mx.uni.example (Postfix) with ESMTP id 4F2 \
         for <me@uni.example>; Mon, 14 Nov 2005 19:11:03 -0800 (PST)",
    );
    assert_eq!(who(&hop), ["mail.bank.example", "dsl-7.provider.example", "203.0.113.7", "mx.uni.example"]);
    assert_eq!([text(&hop.with), text(&hop.id), text(&hop.recipient)], ["ESMTP", "4F2", "me@uni.example"]);
    assert_eq!(hop.date.map(|date| date.seconds), Some(1_132_024_263));
    let hop = read("from a.example (unknown [203.0.113.7]) by b.example; junk");
    assert_eq!(who(&hop), ["a.example", "-", "203.0.113.7", "b.example"]);
    assert!(hop.has_no_name && hop.date.is_none());
    assert_eq!(text(&hop.date_text), "junk");
    assert!(read("from a (b.example [203.0.113.7] (may be forged)) by c").may_be_forged);
}

#[test]
fn lines_of_exim_qmail_and_exchange_are_read() {
    let hop = read("from host.example ([203.0.113.7]:2525 helo=friend) by mx.example with esmtp (Exim 4.69)");
    assert_eq!(who(&hop), ["friend", "host.example", "203.0.113.7", "mx.example"]);
    let hop = read("from [203.0.113.7] (port=1470 helo=GP) by mx.example with esmtpa");
    assert_eq!(who(&hop), ["GP", "-", "203.0.113.7", "mx.example"]);
    let hop = read(
        "from unknown (HELO friend) (me@203.0.113.7) by mx.example with SMTP; 1 Jan 2005 00:00:00 -0000",
    );
    assert_eq!(who(&hop), ["friend", "-", "203.0.113.7", "mx.example"]);
    assert!(hop.has_no_name);
    let hop = read("from host.example (EHLO friend) (203.0.113.7) by mx.example");
    assert_eq!(who(&hop), ["friend", "host.example", "203.0.113.7", "mx.example"]);
    let hop =
        read("from host.example ([203.0.113.7]:567 \"EHLO host.example\" rhost-flags-OK) by mx.example");
    assert_eq!(who(&hop)[0], "host.example");
    let hop = read(
        "from A.corp.example (10.1.1.1) by B.corp.example (10.1.1.2) with Microsoft SMTP Server (TLS) id 8.1",
    );
    assert_eq!(who(&hop), ["A.corp.example", "-", "10.1.1.1", "B.corp.example"]);
    assert_eq!((text(&hop.with), text(&hop.id)), ("Microsoft SMTP Server", "8.1"));
    assert_eq!(hop.by_address, Some("10.1.1.2".parse().unwrap()));
    let hop = read("by 10.0.0.9 with SMTP id x; Mon, 14 Nov 2005 19:11:03 -0800");
    assert_eq!(hop.by_address, Some("10.0.0.9".parse().unwrap()));
    assert!(read("(qmail 123 invoked by uid 0); 14 Nov 2005 19:11:03 -0000").claimed.is_none());
}

#[test]
fn what_cannot_be_an_address_is_kept_as_that() {
    let hop = read("from x.example (y.example [300.1.2.3]) by z.example");
    assert_eq!((hop.address, text(&hop.impossible)), (None, "[300.1.2.3]"));
    assert!(is_impossible("224.0.0.1".parse().unwrap()));
    assert!(is_impossible("255.255.255.255".parse().unwrap()));
    assert!(!is_impossible("203.0.113.7".parse().unwrap()));
}

#[test]
fn names_may_be_keywords_and_parentheses_may_stay_open() {
    let hop = read("from by (with [203.0.113.7]) by for with id id via");
    assert_eq!(who(&hop), ["by", "with", "203.0.113.7", "for"]);
    let hop = read("from a (((( by b; 14 Nov 2005 19:11:03 -0000");
    assert!(hop.date.is_some());
    assert!(read("").is_unreadable());
    assert!(read("nothing to be seen").is_unreadable());
}

proptest! {
    #[test]
    fn any_line_is_read(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Hop::read(&line, 1).line.len() <= line.len());
    }

    #[test]
    fn anything_like_a_line_is_read(
        line in "(from |by |with |id |for |via |;|\\(|\\)|\\[|\\]|helo=|HELO |a\\.b |1\\.2\\.3\\.4|999\\.1\\.1\\.1|@|\\\\|unknown ){0,60}",
    ) {
        let hop = read(&line);
        prop_assert!(hop.line.len() <= MAX_VALUE_BYTES);
    }
}
