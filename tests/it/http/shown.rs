//! What is shown of exchanges.

use std::io::Write as _;

use super::build::{CLIENT, Capture, ORIGIN};

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\nhello\n";

#[track_caller]
fn assert_shows(text: &str, parts: &[&str]) {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(flat.contains(part), "{part:?} is not in {text}");
    }
}

#[test]
fn an_exchange_is_shown_with_headers_packets_times_and_its_document() {
    let mut capture = Capture::new();
    let mut talk = capture.connect(CLIENT, ORIGIN);
    capture.ask(&mut talk, "GET /a.html HTTP/1.1\r\nHost: example.net\r\n\r\n");
    capture.answer(&mut talk, &PAGE[..30]);
    capture.answer(&mut talk, &PAGE[30..]);
    let text = capture.http(&[]);
    assert_shows(
        &text,
        &[
            "tcp:0, exchange 1 192.0.2.1:40000 → 192.0.2.80:80",
            "→ packet 4, at 0.003000 s → GET /a.html HTTP/1.1 → Host: example.net",
            "← packets 5 to 6; first byte after 1 ms, last after 2 ms ← HTTP/1.1 200 OK",
            "Body: 6 bytes of text/html: │ hello",
            "Persistent: the connection stays open for another request.",
        ],
    );
    let exchange = &capture.json(&[])[0];
    assert_eq!(exchange["request"]["target"], "/a.html");
    assert_eq!(exchange["response"]["status"], 200);
    assert_eq!(exchange["response"]["packets"], serde_json::json!([5, 6]));
    assert_eq!(exchange["response"]["body"]["text"], "hello\n");
    assert_eq!(exchange["times"], serde_json::json!({"first_byte_ns": 1_000_000, "last_byte_ns": 2_000_000}));
    let short = capture.http(&["--short"]);
    assert_shows(&short, &["tcp:0 4 6 GET /a.html example.net 200 text/html 6 B 2 ms -"]);
    assert_eq!(short.lines().count(), 2, "{short}");
}

#[test]
fn who_says_that_the_connection_stays_open() {
    let answered = |answer: &str| {
        let mut capture = Capture::new();
        let mut talk = capture.connect(CLIENT, ORIGIN);
        capture.ask(&mut talk, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
        capture.answer(&mut talk, answer);
        capture.end(&mut talk, 1, "F.");
        let exchange = capture.json(&[]).remove(0);
        (capture.http(&[]), exchange)
    };
    let (text, exchange) = answered(PAGE);
    assert_shows(&text, &["Persistent: the connection stays open for another request."]);
    assert_eq!(exchange["persistent"], true);
    let (text, exchange) = answered("HTTP/1.1 200 OK\r\n\r\nhello");
    assert_shows(&text, &["Not persistent: the end of the connection is the end of the body."]);
    assert_eq!(exchange["persistent"], false);
    for cut in [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello, no chunk\r\n",
    ] {
        let (text, exchange) = answered(cut);
        assert_shows(&text, &["The answer is not whole: "]);
        assert!(!text.contains("ersistent") && exchange.get("persistent").is_none(), "{text}");
    }
}

#[test]
fn a_length_that_cannot_be_is_a_finding() {
    let asked = |headers: &str, body: &str| {
        let mut capture = Capture::new();
        let mut talk = capture.connect(CLIENT, ORIGIN);
        capture.ask(&mut talk, format!("POST /a HTTP/1.1\r\nHost: a\r\n{headers}\r\n{body}"));
        capture.answer(&mut talk, PAGE);
        let fault = capture.json(&[])[0]["request"]["fault"].as_str().map(str::to_owned);
        (capture.http(&[]), fault)
    };
    let both = "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n";
    for (headers, body, words) in [
        (both, "0\r\n\r\n", "Content-Length and Transfer-Encoding exclude each other"),
        ("Content-Length: 2\r\nContent-Length: 3\r\n", "he", "Content-Length says different numbers"),
        ("Content-Length: 2, 3\r\n", "he", "Content-Length says different numbers"),
        ("Content-Length: -5\r\n", "", "Content-Length is not a number of bytes"),
        ("Content-Length: 12abc\r\n", "hello, hello", "Content-Length is not a number of bytes"),
        ("Content-Length: \r\n", "", "Content-Length is not a number of bytes"),
        ("Content-Length: 99999999999999999999999999\r\n", "", "Content-Length is not a number of bytes"),
    ] {
        let (text, fault) = asked(headers, body);
        assert_shows(&text, &[&format!("The request's length is in doubt: {words}"), "(RFC 9112 section"]);
        assert!(fault.is_some_and(|fault| fault.starts_with(words)), "{headers}");
    }
    for fine in ["Content-Length: 2\r\n", "Content-Length: 2, 2\r\nContent-Length: 2\r\n"] {
        assert_eq!(asked(fine, "he").1, None);
    }
}

#[test]
fn pipelined_requests_are_answered_in_their_order_with_an_answer_on_the_way() {
    let mut capture = Capture::new();
    let mut talk = capture.connect(CLIENT, ORIGIN);
    capture.ask(
        &mut talk,
        "POST /one HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabcGET /two HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    capture.answer(&mut talk, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    capture.answer(&mut talk, "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    let exchanges = capture.json(&[]);
    assert_eq!(exchanges.len(), 2);
    assert_eq!(exchanges[0]["interim"][0]["status"], 100);
    assert_eq!(
        (&exchanges[0]["response"]["status"], &exchanges[0]["persistent"]),
        (&204.into(), &true.into())
    );
    assert_eq!(
        (&exchanges[1]["response"]["status"], &exchanges[1]["persistent"]),
        (&404.into(), &false.into())
    );
    assert_eq!(exchanges[1]["pipelined"], true);
    assert!(exchanges[0].get("pipelined").is_none());
}

#[test]
fn an_answer_before_the_request_is_complete_has_no_negative_time() {
    let mut capture = Capture::new();
    let mut talk = capture.connect(CLIENT, ORIGIN);
    let head = "POST /one HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    capture.ask(&mut talk, head);
    capture.answer(&mut talk, "HTTP/1.1 100 Continue\r\n\r\n");
    capture.ask(&mut talk, "abc");
    capture.answer(&mut talk, "HTTP/1.1 204 No Content\r\n\r\n");
    assert_shows(
        &capture.http(&[]),
        &[
            "← packet 5; 1 ms before the request was complete ← HTTP/1.1 100 Continue",
            "← packet 7; after 1 ms ← HTTP/1.1 204 No Content",
        ],
    );
}

#[test]
fn what_is_missing_is_said_and_why() {
    let mut capture = Capture::new();
    let mut gap = capture.connect(CLIENT, ORIGIN);
    capture.ask(&mut gap, "GET /gap HTTP/1.1\r\nHost: a\r\n\r\n");
    capture.answer(&mut gap, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nbegin");
    capture.lose(&mut gap, 1, 1000);
    capture.answer(&mut gap, [b'x'; 100]);
    let mut reset = capture.connect((CLIENT.0, 40001), ORIGIN);
    capture.ask(&mut reset, "GET /reset HTTP/1.1\r\nHost: a\r\n\r\n");
    capture.end(&mut reset, 1, "R.");
    let mut late = capture.connect((CLIENT.0, 40002), ORIGIN);
    capture.answer(&mut late, PAGE);
    let mut open = capture.connect((CLIENT.0, 40003), ORIGIN);
    capture.ask(&mut open, "GET /open HTTP/1.1\r\nHost: a\r\n\r\n");
    let text = capture.http(&[]);
    assert_shows(
        &text,
        &[
            "The answer is not whole: 1000 bytes are missing in the capture.",
            "Not answered: the connection was reset.",
            "An answer without a request: what was asked is not in the capture.",
            "Not answered: the capture ends before.",
        ],
    );
    assert_eq!(capture.json(&["--stream", "tcp:1"])[0]["unanswered"], "reset");
}

#[test]
fn a_filter_takes_exchanges_by_their_packets() {
    let mut capture = Capture::new();
    let mut talk = capture.connect(CLIENT, ORIGIN);
    for (target, status) in [("/good", "200 OK"), ("/bad", "404 Not Found")] {
        capture.ask(&mut talk, format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        capture.answer(&mut talk, format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"));
    }
    let targets = |options: &[&str]| -> Vec<String> {
        let exchanges = capture.json(options);
        exchanges.iter().map(|exchange| exchange["request"]["target"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(targets(&[]), ["/good", "/bad"]);
    assert_eq!(targets(&["-Y", "http.response.code == 404"]), ["/bad"]);
    let (code, said) = capture.nothing(&["--port", "81"]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("no HTTP matched --port 81; ") && said.ends_with(" holds 2 HTTP exchanges\n"),
        "{said}"
    );
}

#[test]
fn a_capture_without_http_is_told_as_one() {
    let mut capture = Capture::new();
    capture.connect(CLIENT, ORIGIN);
    // Not even the head of a table.
    assert_eq!(capture.nothing(&["--short"]).0, Some(1));
    let (code, said) = capture.nothing(&[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("there is no HTTP in "), "{said}");
}

#[test]
fn secrets_are_masked_unless_somebody_asks() {
    let mut capture = Capture::new();
    let mut talk = capture.connect(CLIENT, ORIGIN);
    capture.ask(
        &mut talk,
        "POST /in?token=t0p HTTP/1.1\r\nHost: a\r\nAuthorization: Basic c2VjcmV0\r\nCookie: id=c00k\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 16\r\n\r\nuser=me&pass=pw1",
    );
    capture.answer(&mut talk, "HTTP/1.1 200 OK\r\nSet-Cookie: id=n3w; Path=/\r\nContent-Length: 0\r\n\r\n");
    for options in [&[][..], &["--json"], &["--short"]] {
        let masked = capture.http(options);
        for secret in ["t0p", "c2VjcmV0", "c00k", "pw1", "n3w"] {
            assert!(!masked.contains(secret), "{secret} in {masked}");
        }
        assert!(masked.contains("********"), "{masked}");
    }
    let shown = capture.http(&["--show-secrets"]);
    for secret in ["t0p", "c2VjcmV0", "c00k", "pw1", "n3w"] {
        assert!(shown.contains(secret), "{secret} not in {shown}");
    }
}

#[test]
fn nothing_hostile_controls_the_terminal_or_leaves_80_columns() {
    let mut capture = Capture::new();
    let mut talk = capture.connect(CLIENT, ORIGIN);
    let long = "x".repeat(3000);
    capture.ask(
        &mut talk,
        format!("GET /\u{1b}]0;evil\u{7}{long} HTTP/1.1\r\nHost: \u{202e}moc\r\nA: {long}\r\n\r\n"),
    );
    capture.answer(
        &mut talk,
        "HTTP/1.1 200 \u{9b}2J\r\nContent-Type: \u{1b}[31m\r\nContent-Length: 9\r\n\r\n\u{1b}[2Jabcde",
    );
    for options in [&[][..], &["--short"], &["--json"]] {
        let text = capture.http(options);
        let control = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{200b}');
        assert!(!text.contains(control), "{options:?}: {text}");
    }
    let widest = capture.http(&[]).lines().map(|line| line.chars().count()).max();
    assert!(widest.is_some_and(|columns| columns <= 80), "{widest:?}");
}

#[test]
fn a_story_tells_requests_answers_and_unpacks_what_was_packed() {
    let mut capture = Capture::new();
    let mut talk = capture.connect(CLIENT, ORIGIN);
    capture.ask(&mut talk, "GET /a.txt HTTP/1.1\r\nHost: example.net\r\n\r\n");
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all("hello hello hello hello hello hello\n".as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    );
    capture.answer(&mut talk, [head.as_bytes(), &packed].concat());
    let story = capture.run("explain", &[]);
    assert_shows(
        &story,
        &[
            "HTTP request GET /a.txt, host example.net:",
            "HTTP answer 200 OK with a body of text/plain",
            "packed with gzip (shown unpacked)",
            "│ hello hello hello hello hello hello",
        ],
    );
}

#[test]
fn a_story_tells_what_a_client_of_tls_asks_for() {
    let mut capture = Capture::new();
    let mut talk = capture.connect(CLIENT, (ORIGIN.0, 443));
    let name = b"www.example.net";
    let with_length = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    let host = with_length(&[&[0], &with_length(name)[..]].concat());
    let names = [&[0, 0][..], &with_length(&host)].concat();
    let alpn = [&[0, 16][..], &with_length(&with_length(b"\x02h2"))].concat();
    let versions = [&[0, 43][..], &with_length(&[4, 3, 4, 3, 3])].concat();
    let body = [
        &[3, 3][..],
        &[7; 32],
        &[0],
        &with_length(&[0x13, 0x01, 0x13, 0x02]),
        &[1, 0],
        &with_length(&[names, alpn, versions].concat()),
    ]
    .concat();
    let hello = [&[1, 0][..], &with_length(&body)].concat();
    capture.ask(&mut talk, [&[22, 3, 1][..], &with_length(&hello)].concat());
    capture.answer(&mut talk, [21, 3, 3, 0, 2, 2, 40]);
    let story = capture.run("explain", &[]);
    assert_shows(
        &story,
        &[
            "TLS client hello for www.example.net, offers TLS 1.3, TLS 1.2, to speak h2, 2 cipher suites.",
            "TLS alert: Handshake Failure (Fatal).",
            "TLS is encrypted: but for the handshake, only the two ends can read what was said.",
        ],
    );
}

#[test]
fn bodies_without_chunks_and_unpacked_are_dumped_under_their_own_titles() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(b"unpacked words of a page").unwrap();
    let packed = packer.finish().unwrap();
    let answer =
        |head: &str, body: &[u8]| [format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes(), body].concat();
    let chunks = [format!("{:x}\r\n", packed.len()).as_bytes(), &packed, b"\r\n0\r\n\r\n"].concat();
    let mut capture = Capture::new();
    let mut talk = capture.connect(CLIENT, ORIGIN);
    for (head, body) in [
        ("Transfer-Encoding: chunked\r\nContent-Encoding: gzip", chunks.as_slice()),
        ("Transfer-Encoding: chunked", b"5\r\nplain\r\n0\r\n\r\n"),
        ("Content-Length: 5", b"plain"),
    ] {
        capture.ask(&mut talk, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        let whole = answer(head, body);
        let (first, rest) = whole.split_at(20);
        capture.answer(&mut talk, first);
        capture.answer(&mut talk, rest);
    }
    let dump = capture.run("read", &["-x", "-Y", "http.response"]);
    let titles: Vec<&str> = dump.lines().filter(|line| line.ends_with(" bytes):")).collect();
    let of = |what: &str| titles.iter().filter(|title| title.starts_with(what)).count();
    assert_eq!((of("Frame"), of("Reassembled TCP")), (3, 3), "{titles:?}");
    let chunked = format!("De-chunked entity body ({} bytes):", packed.len());
    let bodies: Vec<&str> = titles.into_iter().filter(|title| title.contains(" body ")).collect();
    assert_eq!(
        bodies,
        [&chunked, "Uncompressed entity body (24 bytes):", "De-chunked entity body (5 bytes):"]
    );
    assert_shows(
        &dump,
        &["75 6e 70 61 63 6b 65 64 20 77 6f 72 64 73 20 6f unpacked words o", "a http.file_data"],
    );
    let tree = capture.run("read", &["-V", "-Y", "http.response"]);
    assert!(tree.contains(" of the reassembled TCP\n") && !tree.contains("reassembled datagram"), "{tree}");
}

#[test]
fn what_a_turn_says_is_in_json_as_in_the_story() {
    let mut capture = Capture::new();
    let mut talk = capture.connect(CLIENT, ORIGIN);
    capture.ask(&mut talk, "GET /a.html HTTP/1.1\r\nHost: example.net\r\n\r\n");
    capture.answer(&mut talk, PAGE);
    let document: serde_json::Value = serde_json::from_str(&capture.run("explain", &["--json"])).unwrap();
    let turns = document["flows"][0]["turns"].as_array().unwrap();
    let says: Vec<&str> = turns.iter().map(|turn| turn["says"].as_str().unwrap()).collect();
    assert_eq!(
        says,
        [
            "HTTP request GET /a.html, host example.net",
            "HTTP answer 200 OK with a body of text/html, 6 bytes"
        ]
    );
    assert_shows(&capture.run("explain", &[]), &says);
}
