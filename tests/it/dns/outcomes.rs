//! How transactions come out, and which messages belong to one.

use serde_json::Value;

use super::build::{
    A, AA, AAAA, CLIENT, CNAME, Capture, LLMNR, MDNS, NS, OTHER, QR, QR_ONLY, RD, Rr, SERVER, SPEAKER, TC,
    framed, message, name, query, soa,
};
use super::{printed, run, transactions};

const WWW: (&str, u16) = ("www.example.com", A);

fn address(last: u8) -> Vec<u8> {
    vec![203, 0, 113, last]
}

/// The transaction of a query and its response.
fn one(question: (&str, u16), flags: u16, sections: [&[Rr]; 3]) -> Value {
    let mut capture = Capture::new();
    capture.udp(CLIENT, SERVER, &query(7, question));
    capture.udp(SERVER, CLIENT, &message(7, flags, question, sections));
    let mut all = transactions(&capture);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

#[track_caller]
fn assert_outcome(transaction: &Value, outcome: &str, words: &[&str]) {
    assert_eq!(transaction["outcome"], outcome, "{transaction:#}");
    let told = transaction["outcome_words"].as_str().unwrap();
    for part in words {
        assert!(told.contains(part), "{part:?} is not in {told:?}");
    }
}

#[test]
fn an_answer_has_records_of_the_type_behind_any_aliases() {
    let direct = one(WWW, AA, [&[Rr("WWW.example.com", A, address(1))], &[], &[]]);
    assert_outcome(&direct, "answer", &["1 record, authoritative"]);
    let aliases = [
        Rr("www.example.com", CNAME, name("a.example.com")),
        Rr("b.example.com", A, address(1)),
        Rr("a.example.com", CNAME, name("b.example.com")),
    ];
    let behind = one(WWW, QR, [&aliases, &[], &[]]);
    assert_outcome(&behind, "answer", &["3 records", "over 2 aliases to b.example.com."]);
    assert_eq!(behind["alias_of"], "b.example.com.");
    let alias_itself = one(("www.example.com", CNAME), QR, [&aliases[..1], &[], &[]]);
    assert_outcome(&alias_itself, "answer", &["1 record"]);
}

#[test]
fn records_that_do_not_answer_are_no_answer() {
    const SOA: u16 = 6;
    const HTTPS: u16 = 65;
    for record in [
        Rr("www.example.com", SOA, soa("example.com").2),
        Rr("www.example.com", HTTPS, vec![0, 1, 0]),
        Rr("other.example.com", A, address(1)),
    ] {
        let unrelated = one(WWW, QR, [&[record], &[], &[]]);
        assert_outcome(
            &unrelated,
            "nodata",
            &["no A record: the records that came are of another name or type"],
        );
    }
    for data in [vec![1, 2, 3], vec![1, 2, 3, 4, 5], Vec::new()] {
        let damaged = one(WWW, QR, [&[Rr("www.example.com", A, data)], &[], &[]]);
        assert_outcome(&damaged, "damaged", &["data of answer record 1 not as long as its type asks for"]);
    }
    let one_is_good = [Rr("www.example.com", A, vec![1]), Rr("www.example.com", A, address(1))];
    assert_outcome(&one(WWW, QR, [&one_is_good, &[], &[]]), "answer", &["2 records"]);
}

#[test]
fn names_that_cannot_be_read_are_not_taken_for_one_another() {
    // Pointers to themselves behind the label `a`, and the name `a` itself.
    let ask =
        |id: u8, name: &[u8]| [&[0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], name, &[0, 1, 0, 1]].concat();
    let mut capture = Capture::new();
    capture.udp(CLIENT, SERVER, &ask(1, &[1, b'a', 0xc0, 12]));
    capture.udp(CLIENT, SERVER, &ask(2, &[1, b'a', 0]));
    capture.udp(CLIENT, SERVER, &ask(3, &[1, b'a', 0]));
    let all = transactions(&capture);
    assert_eq!(all.len(), 3);
    assert!(!all[0].to_string().contains("asked again"), "{:#}", all[0]);
    assert!(all[1].to_string().contains("asked again in packet 3"), "{:#}", all[1]);
}

#[test]
fn an_alias_alone_is_no_answer_and_who_asks_on_is_named() {
    let alias = [Rr("www.example.com", CNAME, name("cdn.example.net"))];
    let only = one(WWW, QR_ONLY, [&alias, &[], &[]]);
    assert_outcome(
        &only,
        "cname",
        &["alias of cdn.example.net.", "no A record", "nobody asks for that name"],
    );
    let mut capture = Capture::new();
    capture.udp(CLIENT, SERVER, &query(7, WWW));
    capture.udp(SERVER, CLIENT, &message(7, QR_ONLY, WWW, [&alias, &[], &[]]));
    capture.udp(CLIENT, OTHER, &query(8, ("CDN.example.net", A)));
    let all = transactions(&capture);
    assert_outcome(&all[0], "cname", &["packet 3 asks for that name"]);
    assert_outcome(&all[1], "unanswered", &["asked because of the alias in packet 2"]);
}

#[test]
fn a_loop_of_aliases_ends() {
    let aliases = [
        Rr("www.example.com", CNAME, name("a.example.com")),
        Rr("a.example.com", CNAME, name("www.example.com")),
    ];
    assert_outcome(&one(WWW, QR, [&aliases, &[], &[]]), "cname", &[]);
}

#[test]
fn nodata_and_a_referral_are_told_apart_by_the_soa() {
    let ns = Rr("example.com", NS, name("ns1.example.com"));
    let soa = soa("example.com");
    let both = one(WWW, AA, [&[], &[ns.clone(), soa.clone()], &[]]);
    assert_outcome(&both, "nodata", &["has no A record", "remembered for 300 s"]);
    assert_eq!(both["negative_ttl"], 300);
    assert_outcome(&one(WWW, QR, [&[], std::slice::from_ref(&soa), &[]]), "nodata", &["300 s"]);
    assert_outcome(&one(WWW, QR, [&[], &[], &[]]), "nodata", &["RFC 2308 type 3"]);
    let referral = one(WWW, QR_ONLY, [&[], &[ns], &[]]);
    assert_outcome(&referral, "referral", &["name servers of example.com."]);
    assert_eq!(referral["zone"], "example.com.");
    let alias = [Rr("www.example.com", CNAME, name("a.example.com"))];
    assert_outcome(&one(WWW, QR, [&alias, &[soa], &[]]), "nodata", &["alias of a.example.com."]);
}

#[test]
fn a_name_that_is_not_there_is_nxdomain_also_behind_an_alias() {
    let gone = one(WWW, QR | 3, [&[], &[soa("example.com")], &[]]);
    assert_outcome(&gone, "nxdomain", &["does not exist"]);
    let alias = [Rr("www.example.com", CNAME, name("gone.example.com"))];
    let behind = one(WWW, QR | 3, [&alias, &[soa("example.com")], &[]]);
    assert_outcome(&behind, "nxdomain", &["alias of gone.example.com."]);
}

#[test]
fn codes_have_words() {
    for (code, outcome, words) in [
        (5, "refused", "does not answer this client"),
        (2, "servfail", "could not find out"),
        (1, "error", "FORMERR"),
    ] {
        assert_outcome(&one(WWW, QR | code, [&[], &[], &[]]), outcome, &[words]);
    }
    let mut capture = Capture::new();
    capture.udp(CLIENT, SERVER, &query(7, WWW));
    let mut refused = message(7, QR | 5, WWW, [&[], &[], &[]]);
    refused.truncate(12);
    refused[5] = 0;
    capture.udp(SERVER, CLIENT, &refused);
    assert_outcome(&transactions(&capture)[0], "refused", &[]);
}

#[test]
fn a_server_that_refers_upwards_or_back_is_lame() {
    let root = [Rr("", NS, name("a.root-servers.net"))];
    assert_outcome(&one(WWW, QR_ONLY, [&[], &root, &[]]), "lame", &["refers to ., which is no step on"]);
    let elsewhere = [Rr("example.org", NS, name("ns1.example.org"))];
    assert_outcome(&one(WWW, QR_ONLY, [&[], &elsewhere, &[]]), "lame", &["example.org."]);

    let zone = [Rr("example.com", NS, name("ns1.example.com"))];
    let glue = [Rr("ns1.example.com", A, OTHER.0.to_vec())];
    let mut capture = Capture::new();
    capture.udp(CLIENT, SERVER, &message(1, 0, WWW, [&[], &[], &[]]));
    capture.udp(SERVER, CLIENT, &message(1, QR_ONLY, WWW, [&[], &zone, &glue]));
    capture.udp(CLIENT, OTHER, &message(2, 0, WWW, [&[], &[], &[]]));
    capture.udp(OTHER, CLIENT, &message(2, QR_ONLY, WWW, [&[], &zone, &glue]));
    capture.udp(CLIENT, OTHER, &message(3, 0, ("x.example.com", A), [&[], &[], &[]]));
    capture.udp(OTHER, CLIENT, &message(3, QR_ONLY | 5, ("x.example.com", A), [&[], &[], &[]]));
    let all = transactions(&capture);
    assert_outcome(&all[0], "referral", &["packet 3 asks 198.51.100.53#53"]);
    assert_outcome(&all[1], "lame", &["yet the referral in packet 2 names this server for example.com."]);
    assert_eq!(all[1]["delegated_by"]["packet"], 2);
    assert_outcome(&all[2], "refused", &["yet the referral in packet 2"]);
}

#[test]
fn a_referral_further_down_is_a_step_on() {
    let glue = [Rr("ns1.example.com", A, OTHER.0.to_vec())];
    let question = ("a.b.example.com", A);
    let mut capture = Capture::new();
    for (id, server, zone) in [(1, SERVER, "example.com"), (2, OTHER, "b.example.com")] {
        let servers = [Rr(zone, NS, name("ns1.example.com"))];
        capture.udp(CLIENT, server, &message(id, 0, question, [&[], &[], &[]]));
        capture.udp(server, CLIENT, &message(id, QR_ONLY, question, [&[], &servers, &glue]));
    }
    let all = transactions(&capture);
    assert_outcome(&all[1], "referral", &["b.example.com.", "; the referral in packet 2 names this server"]);
}

#[test]
fn what_is_truncated_is_asked_again_over_tcp() {
    let cut = message(7, TC, WWW, [&[], &[], &[]]);
    let whole = message(9, QR, WWW, [&[Rr("www.example.com", A, address(1))], &[], &[]]);
    let mut capture = Capture::new();
    capture.udp(CLIENT, SERVER, &query(7, WWW)).udp(SERVER, CLIENT, &cut);
    assert_outcome(&transactions(&capture)[0], "truncated", &["nobody asks again over TCP"]);
    let framed = framed(&whole);
    capture.tcp(true, &self::framed(&query(9, WWW)));
    capture.tcp(false, &framed[..20]).tcp(false, &framed[20..]);
    let all = transactions(&capture);
    assert_outcome(&all[0], "truncated", &["asked again over TCP in packet 3"]);
    assert_outcome(&all[1], "answer", &["over TCP, since the response in packet 2 was truncated"]);
    assert_eq!((&all[1]["transport"], &all[1]["flow"]), (&Value::from("tcp"), &Value::from("tcp:0")));
    assert_eq!(
        (&all[1]["response"]["packet"], &all[1]["time_ns"]),
        (&Value::from(5), &Value::from(20_000_000))
    );
}

#[test]
fn repeats_are_one_transaction_and_its_time_counts_from_the_first() {
    let mut capture = Capture::new();
    capture.udp(CLIENT, SERVER, &query(7, WWW)).wait(4_990).udp(CLIENT, SERVER, &query(7, WWW));
    let answer = message(7, QR, WWW, [&[Rr("www.example.com", A, address(1))], &[], &[]]);
    capture.udp(SERVER, CLIENT, &answer).udp(SERVER, CLIENT, &answer);
    let all = transactions(&capture);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["repeated_in"], serde_json::json!([2]));
    assert_eq!(all[0]["time_ns"], 5_010_000_000_u64);
    assert_eq!(all[0]["further_responses"][0]["packet"], 4);
}

#[test]
fn no_answer_names_the_repeats_the_error_and_who_was_asked_next() {
    let mut capture = Capture::new();
    capture.udp(CLIENT, SERVER, &query(7, WWW)).wait(5_000).udp(CLIENT, SERVER, &query(7, WWW));
    capture.unreachable(CLIENT, SERVER, &query(7, WWW));
    capture.udp(CLIENT, OTHER, &query(8, WWW));
    let all = transactions(&capture);
    assert_outcome(
        &all[0],
        "unanswered",
        &[
            "asked 2 times, in packets 1, 2",
            "192.0.2.53 reports port unreachable in packet 3",
            "again in packet 4, of 198.51.100.53#53",
        ],
    );
    assert_eq!(all[0]["next"], serde_json::json!({"why": "asked_again", "packet": 4}));
    assert_eq!(all.len(), 2);
}

#[test]
fn the_same_id_is_another_transaction_with_another_question_or_a_minute_later() {
    let mut capture = Capture::new();
    capture.udp(CLIENT, SERVER, &query(7, WWW)).udp(CLIENT, SERVER, &query(7, ("www.example.com", AAAA)));
    let answer = message(7, QR, WWW, [&[Rr("www.example.com", A, address(1))], &[], &[]]);
    capture.udp(SERVER, CLIENT, &answer).wait(70_000).udp(CLIENT, SERVER, &query(7, WWW));
    let all = transactions(&capture);
    let outcomes: Vec<&str> = all.iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["answer", "unanswered", "unanswered"]);
}

#[test]
fn a_response_without_a_query_is_unasked_also_from_another_server() {
    let answer = message(7, QR, WWW, [&[Rr("www.example.com", A, address(1))], &[], &[]]);
    let mut capture = Capture::new();
    capture.udp(CLIENT, SERVER, &query(7, WWW)).udp(OTHER, CLIENT, &answer);
    let all = transactions(&capture);
    assert_outcome(&all[0], "unanswered", &[]);
    assert_outcome(&all[1], "unasked", &["no query for it is in the capture", "answer: 1 record"]);
    assert_eq!(all[1]["says"], "answer");
    assert!(all[1].get("query").is_none());
}

#[test]
fn damage_is_named_with_its_place_and_what_is_good_is_shown() {
    let records = [Rr("www.example.com", A, address(1)), Rr("www.example.com", A, address(2))];
    let whole = message(7, QR, WWW, [&records, &[], &[]]);
    let mut capture = Capture::new();
    capture.udp(CLIENT, SERVER, &query(7, WWW)).udp(SERVER, CLIENT, &whole[..whole.len() - 2]);
    let damaged = transactions(&capture).remove(0);
    assert_outcome(&damaged, "damaged", &["data of answer record 2 cut (byte 64)"]);
    assert_eq!(damaged["response"]["answers"][0]["data"], "203.0.113.1");
    assert_eq!((&damaged["damage"]["at"], &damaged["damage"]["cut_by_capture"]), (&64.into(), &false.into()));

    let mut capture = Capture::new();
    capture.udp(CLIENT, SERVER, &query(7, WWW));
    capture.udp_cut(SERVER, CLIENT, &whole, 28 + 70);
    let cut = transactions(&capture).remove(0);
    assert_outcome(&cut, "damaged", &["The capture kept only the first 70 bytes"]);
}

/// A header that makes no sense (opcode 15, 64,259 questions) and a label of a kind that there is not.
const NONSENSE: [u8; 24] = [
    0xc9, 0x80, 0xff, 0xef, 0xfb, 0x03, 0x01, 0xfb, 0x03, 0x01, 0xfb, 0x03, 0x03, b'w', b'w', b'w', 0xbf, 0,
    0, 1, 0, 1, 0, 0,
];

#[test]
fn on_a_port_of_dns_a_message_without_sense_is_a_damaged_one() {
    let mut capture = Capture::new();
    capture.udp(SERVER, CLIENT, &NONSENSE);
    let damaged = transactions(&capture).remove(0);
    assert_outcome(&damaged, "unasked", &["damaged: ", "(byte 12)"]);
    assert_eq!(
        (&damaged["response"]["id"], &damaged["response"]["opcode_code"]),
        (&0xc980.into(), &15.into())
    );
    let text = printed(&capture, &["dns"]);
    for part in ["QUERY: 64259, ANSWER: 507", ";; Outcomes: 1 damaged"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    // Behind a name that is too long nothing is believed.
    let labels = [9, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9].repeat(30);
    let long = [&NONSENSE[..12], &labels, &[0, 0, 1, 0, 1], &name("behind.example"), &[0, 1, 0, 1]].concat();
    let mut capture_of_long = Capture::new();
    capture_of_long.udp(SERVER, CLIENT, &long);
    let damaged = transactions(&capture_of_long).remove(0);
    assert_outcome(&damaged, "unasked", &["damaged: name is longer than 255 bytes (byte 12)"]);
    assert_eq!(damaged["response"]["questions"].as_array().unwrap().len(), 1);

    let fields = ["read", "-T", "fields", "-e", "dns.id", "-e", "dns.count.answers", "-e", "dns.qry.type"];
    assert_eq!(printed(&capture, &fields), "0xc980\t507\t\n");

    for (port, is_dns) in [(53, true), (5355, true), (4000, false)] {
        let mut capture = Capture::new();
        capture.udp(([192, 0, 2, 53], port), CLIENT, &NONSENSE);
        assert_eq!(printed(&capture, &fields[..5]) == "0xc980\n", is_dns, "{port}");
    }
    for other in [&b"hey, I am text and no message of DNS"[..], &NONSENSE[..11]] {
        let mut capture = Capture::new();
        capture.udp(SERVER, CLIENT, other);
        assert_eq!(run(&capture, &["dns"]).0, Some(1), "{other:?}");
    }
}

#[test]
fn a_message_over_tcp_that_does_not_end_is_told_with_its_packets() {
    let answer = framed(&message(7, QR, WWW, [&[Rr("www.example.com", A, address(1))], &[], &[]]));
    let mut capture = Capture::new();
    capture.tcp(true, &framed(&query(7, WWW)));
    capture.tcp(false, &answer[..20]).tcp(false, &answer[20..40]);
    let one = transactions(&capture).remove(0);
    let words = format!("unfinished: 38 of the {} bytes that its length announces", answer.len() - 2);
    assert_outcome(&one, "unfinished", &[&words, "(packets 2 to 3)"]);
    let response = &one["response"];
    assert_eq!(
        (&response["begins_in"], &response["packet"], &response["size"]),
        (&2.into(), &3.into(), &38.into())
    );
    assert_eq!(response["announced"], answer.len() - 2);
    assert_eq!(response["questions"][0]["name"], "www.example.com.");
    assert!(printed(&capture, &["dns", "--short"]).contains("unfinished: 38 of"));
    assert!(printed(&capture, &["dns"]).contains(";; Outcomes: 1 unfinished"));
    // Wireshark tells nothing of it, and so its fields are not told.
    let fields = printed(&capture, &["read", "-T", "fields", "-e", "dns.id"]);
    assert_eq!(fields, "0x0007\n\n\n");

    // A query that nobody can answer, of which only the beginning of the header is there.
    let mut capture = Capture::new();
    let queries = [framed(&query(7, WWW)), framed(&query(8, WWW))].concat();
    let end = queries.len() / 2 + 8;
    capture.tcp(true, &queries[..end]);
    let all = transactions(&capture);
    assert_eq!((all.len(), &all[0]["outcome"]), (2, &"unanswered".into()));
    assert_outcome(&all[1], "unfinished", &["6 of the 33 bytes", "(packet 1)"]);
    assert_eq!(run(&capture, &["dns", "--port", "99"]).0, Some(1));
}

#[test]
fn between_whole_messages_on_a_stream_a_damaged_one_is_told() {
    let mut capture = Capture::new();
    capture.tcp(true, &[framed(&query(7, WWW)), framed(&NONSENSE), framed(&query(8, WWW))].concat());
    let all = transactions(&capture);
    let outcomes: Vec<&Value> = all.iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["unanswered", "unasked", "unanswered"]);
    assert_eq!(all[1]["says"], "damaged");
}

#[test]
fn updates_and_notifications_are_done_or_refused() {
    let update = 5 << 11;
    let mut capture = Capture::new();
    let zone = ("example.com", 6);
    capture.udp(CLIENT, SERVER, &message(7, update, zone, [&[], &[], &[]]));
    capture.udp(SERVER, CLIENT, &message(7, update | QR_ONLY, zone, [&[], &[], &[]]));
    let done = transactions(&capture).remove(0);
    assert_outcome(&done, "done", &[]);
    assert_eq!((&done["query"]["opcode"], &done["query"]["opcode_code"]), (&"UPDATE".into(), &5.into()));
}

#[test]
fn a_zone_transfer_is_one_transaction_of_many_messages() {
    let zone = ("example.com", 252);
    let first = message(7, AA, zone, [&[soa("example.com"), Rr("a.example.com", A, address(1))], &[], &[]]);
    let last = message(7, AA, zone, [&[Rr("b.example.com", A, address(2)), soa("example.com")], &[], &[]]);
    let mut capture = Capture::new();
    capture.tcp(true, &framed(&message(7, RD, zone, [&[], &[], &[]])));
    capture.tcp(false, &[framed(&first), framed(&last)].concat());
    let all = transactions(&capture);
    assert_eq!(all.len(), 1);
    assert_outcome(&all[0], "answer", &["2 records"]);
    assert_eq!(all[0]["further_responses"][0]["answers"][0]["name"], "b.example.com.");
}

#[test]
fn multicast_is_answered_by_whoever_knows() {
    let printer = ("printer.local", A);
    let records = [Rr("printer.local", A, address(9))];
    let mut capture = Capture::new();
    capture.udp(CLIENT, LLMNR, &message(7, 0, ("printer", A), [&[], &[], &[]]));
    let llmnr = message(7, QR_ONLY, ("printer", A), [&[Rr("printer", A, address(9))], &[], &[]]);
    capture.udp((SPEAKER.0, 5355), CLIENT, &llmnr);
    capture.udp((CLIENT.0, 5353), MDNS, &message(0, 0, printer, [&[], &[], &[]]));
    let mut mdns = message(0, AA, printer, [&records, &[], &[]]);
    // Multicast responses repeat no question.
    mdns.drain(12..12 + name("printer.local").len() + 4);
    mdns[5] = 0;
    capture.udp(SPEAKER, MDNS, &mdns).wait(70_000).udp(SPEAKER, MDNS, &mdns);
    let all = transactions(&capture);
    assert_eq!(all.len(), 3, "{all:#?}");
    assert_eq!(
        (&all[0]["protocol"], &all[0]["answered_by"]["address"]),
        (&"llmnr".into(), &"192.0.2.7".into())
    );
    assert_outcome(&all[0], "answer", &["1 record"]);
    assert_eq!((&all[1]["protocol"], &all[1]["answered_by"]["port"]), (&"mdns".into(), &5353.into()));
    assert_outcome(&all[1], "answer", &["1 record"]);
    assert_outcome(&all[2], "unasked", &["announcement"]);
    let audit = printed(&capture, &["audit"]);
    assert!(audit.contains(" LLMNR ") && audit.contains(" MDNS "), "{audit}");
}

#[test]
fn the_id_of_multicast_dns_pairs_nothing_in_a_story() {
    let (printer, speaker) = (("printer.local", A), (SPEAKER.0, 5353));
    let records = [Rr("scanner.local", A, address(9))];
    let mut capture = Capture::new();
    capture.udp(speaker, MDNS, &message(0, 0, printer, [&[], &[], &[]]));
    capture.udp(speaker, MDNS, &message(0, AA, ("scanner.local", A), [&records, &[], &[]]));
    let story = printed(&capture, &["explain"]);
    assert!(story.contains("response 0: "), "{story}");
}
