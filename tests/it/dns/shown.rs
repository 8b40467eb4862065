//! What `dns` and `explain` print.

use super::build::{
    A, AA, AAAA, CLIENT, CNAME, Capture, QR, Rr, SERVER, TXT, framed, message, name, query, soa,
};
use super::{printed, run, transactions};
use crate::cut::controls;

/// An answer behind an alias, an NXDOMAIN, and a question without an answer.
fn capture() -> Capture {
    let www = ("www.example.com", A);
    let records = [
        Rr("www.example.com", CNAME, name("web.example.com")),
        Rr("web.example.com", A, vec![203, 0, 113, 5]),
        Rr("web.example.com", TXT, b"\x05a \"b\"\x02\xff\\".to_vec()),
    ];
    let mut capture = Capture::new();
    capture.udp(CLIENT, SERVER, &query(4660, www));
    capture.udp(SERVER, CLIENT, &message(4660, QR, www, [&records, &[], &[]]));
    let gone = ("gone.example.com", AAAA);
    capture.udp(CLIENT, SERVER, &query(4661, gone));
    capture.udp(SERVER, CLIENT, &message(4661, AA | 3, gone, [&[], &[soa("example.com")], &[]]));
    capture.udp(CLIENT, SERVER, &query(4662, ("silent.example.com", A)));
    capture
}

#[test]
fn each_is_shown_as_dig_does() {
    insta::assert_snapshot!(printed(&capture(), &["dns"]));
}

#[test]
fn queries_are_shown_where_wanted() {
    let text = printed(&capture(), &["dns", "--queries", "--stream", "udp:0", "--name", "GONE.example.com."]);
    assert_eq!(text.matches("->>HEADER<<-").count(), 2, "{text}");
    assert!(text.contains(";; flags: rd; QUERY: 1, ANSWER: 0"), "{text}");
    assert!(!text.contains("www.example.com"), "{text}");
}

#[test]
fn a_line_each_fits_a_terminal() {
    insta::assert_snapshot!(printed(&capture(), &["dns", "--short"]));
}

#[test]
fn a_story_says_what_was_asked_and_answered() {
    let story = printed(&capture(), &["explain"]);
    insta::assert_snapshot!(story);
    assert!(story.lines().all(|line| line.chars().count() <= 80), "{story}");
}

#[test]
fn a_story_over_tcp_says_the_same() {
    let www = ("www.example.com", A);
    let answer = message(1, QR, www, [&[Rr("www.example.com", A, vec![203, 0, 113, 5])], &[], &[]]);
    let mut capture = Capture::new();
    let questions = [framed(&query(1, www)), framed(&query(2, ("two.example.com", A)))].concat();
    capture.tcp(true, &questions).tcp(false, &framed(&answer)[..9]).tcp(false, &framed(&answer)[9..]);
    let story = printed(&capture, &["explain"]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        story.contains("query 1: asks for www.example.com. A, query 2: asks for two.example.com. A; no answer to it is in the capture."),
        "{story}"
    );
    assert!(
        story.contains("response 1 to packet 1 after 20 ms: www.example.com. A, answer: 1 record: │"),
        "{story}"
    );
}

#[test]
fn selection_takes_transactions_by_their_packets() {
    let count = |args: &[&str]| {
        let all = [&["dns", "--json"], args].concat();
        let document: serde_json::Value = serde_json::from_str(&printed(&capture(), &all)).unwrap();
        assert_eq!(document["summary"]["transactions"], document["transactions"].as_array().unwrap().len());
        document["summary"]["transactions"].as_u64().unwrap()
    };
    assert_eq!(count(&[]), 3);
    assert_eq!(count(&["-Y", "frame.number == 4"]), 1);
    assert_eq!(count(&["--name", "example.com"]), 3);
    assert_eq!(count(&["--port", "53"]), 3);
}

#[test]
fn where_nothing_was_asked_for_it_says_what_there_is() {
    for (args, said) in [
        (&["dns", "--name", "example.org"][..], "no DNS matched --name example.org; "),
        (&["dns", "--stream", "tcp:0"], "no DNS matched --stream tcp:0; "),
        (&["dns", "--port", "80"], "no DNS matched --port 80; "),
    ] {
        let (code, out, err) = run(&capture(), args);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{args:?} {err}");
        assert!(err.contains(said), "{args:?}: {err}");
    }
    let (code, _, err) = run(&Capture::new(), &["dns"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("there is no DNS in"), "{err}");
}

#[test]
fn nothing_in_a_name_or_record_controls_a_terminal() {
    let hostile = "\\027[2J\\007.\\155\\226\\128\\174x\\046y.\\000\\010\\013";
    let texts = [b"\x1b]0;t\x07".as_slice(), "\u{202e}\u{9b}2J".as_bytes(), b"\xff\x00\n\""];
    let texts: Vec<Rr> = texts
        .iter()
        .flat_map(|text| {
            let sized = [&[u8::try_from(text.len()).unwrap()], *text].concat();
            let caa = [&[0, 5], b"issue".as_slice(), text].concat();
            let svcb = [&[0, 1, 0, 0, 1, 0, u8::try_from(sized.len()).unwrap()], sized.as_slice()].concat();
            let all = [(TXT, sized.clone()), (13, [sized.clone(), sized].concat()), (257, caa), (64, svcb)];
            all.map(|(kind, data)| Rr("x", kind, data))
        })
        .chain([Rr("x", 65_000, b"\x1b[2J".to_vec())])
        .collect();
    let mut capture = Capture::new();
    capture.udp(CLIENT, SERVER, &query(1, (hostile, A)));
    capture.udp(SERVER, CLIENT, &message(1, QR, (hostile, A), [&texts, &[], &[]]));
    for args in [&["dns"][..], &["dns", "--short"], &["dns", "--json"], &["explain"], &["explain", "--full"]]
    {
        let text = printed(&capture, args);
        assert!(!text.contains(controls), "{args:?}: {text:?}");
        assert!(text.contains("2J"), "{args:?}: {text}");
    }
    assert!(printed(&capture, &["dns"]).contains(r"\027[2J\007.\155\226\128\174x\.y.\000\010\013."));
}

#[test]
fn a_message_cut_anywhere_is_shown_as_far_as_it_goes() {
    let records = [
        Rr("www.example.com", CNAME, name("web.example.com")),
        soa("example.com"),
        Rr("x", 46, [vec![0; 18], name("example.com"), vec![1; 8]].concat()),
        Rr("x", 50, vec![1, 0, 0, 1, 2, 9, 9, 3, 1, 2, 3, 0, 1, 0x40]),
        Rr("x", 64, vec![0, 1, 0, 0, 1, 0, 3, 2, b'h', b'2']),
    ];
    let whole = message(1, QR, ("www.example.com", A), [&records, &[], &[]]);
    let mut capture = Capture::new();
    for len in 12..whole.len() {
        capture.udp(SERVER, CLIENT, &whole[..len]);
    }
    let all = transactions(&capture);
    assert_eq!(all.len(), whole.len() - 12);
    assert!(all.iter().all(|one| one["says"] == "damaged"));
    printed(&capture, &["dns"]);
    printed(&capture, &["dns", "--short"]);
    printed(&capture, &["explain", "--full"]);
}
