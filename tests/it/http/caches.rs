//! Caches and proxies, of which both sides are in the capture.

use super::build::{CLIENT, Capture, End, ORIGIN, PROXY};

/// Asked of a proxy.
const TO_PROXY: &str = "GET http://example.net/a HTTP/1.1\r\nHost: example.net\r\n\r\n";

/// Asked of the origin, with these headers.
fn to_origin(headers: &str) -> String {
    format!("GET /a HTTP/1.1\r\nHost: example.net\r\n{headers}\r\n")
}

fn ok(headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 2\r\n\r\nhi")
}

const STILL_GOOD: &str = "HTTP/1.1 304 Not Modified\r\n\r\n";

/// A client asks a proxy three times: it asks the origin, then nobody, then whether its copy is still good.
fn three_times(proxy_side: End) -> Capture {
    let mut capture = Capture::new();
    let mut front = capture.connect(CLIENT, PROXY);
    let mut back = capture.connect(proxy_side, ORIGIN);
    capture.ask(&mut front, TO_PROXY);
    capture.ask(&mut back, to_origin(""));
    capture.answer(&mut back, ok(""));
    capture.answer(&mut front, ok("Via: 1.1 proxy\r\n"));
    capture.ask(&mut front, TO_PROXY);
    capture.answer(&mut front, ok("Age: 7\r\nVia: 1.1 proxy\r\n"));
    capture.ask(&mut front, TO_PROXY);
    capture.ask(&mut back, to_origin("If-None-Match: \"1\"\r\n"));
    capture.answer(&mut back, STILL_GOOD);
    capture.answer(&mut front, ok(""));
    capture
}

#[test]
fn a_proxy_forwards_answers_from_its_store_and_revalidates() {
    let capture = three_times((PROXY.0, 50000));
    let exchanges = capture.json(&[]);
    let of = |packet: u64| {
        exchanges.iter().find(|exchange| exchange["request"]["packets"][0] == packet).unwrap()["cache"]
            .clone()
    };
    assert_eq!(of(7)["proxy"]["did"], "forwarded");
    assert_eq!(of(7)["proxy"]["other"]["request_packet"], 8);
    assert_eq!(of(8)["proxy"]["did"], "on behalf of");
    assert_eq!((&of(11)["proxy"]["did"], &of(11)["verdict"]), (&"own store".into(), &"hit".into()));
    assert_eq!(of(11)["proxy"]["other"]["response_packet"], 10);
    assert_eq!((&of(13)["proxy"]["did"], &of(13)["verdict"]), (&"revalidated".into(), &"revalidated".into()));
    let text = capture.http(&[]).split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "Forwarded: the proxy asked 192.0.2.80:80 for it (packets 8 and 9, tcp:1).",
        "This request never went to the origin: the proxy answered from its own store",
        "The proxy asked 192.0.2.80:80 whether its copy is still good, and it was (packets 14 and 15, tcp:1).",
        "A proxy asks this on behalf of 192.0.2.1:40000 (packet 7, tcp:0).",
        "Cache hit: answered from a store. Told by Age: 7 s in a cache, Via: it came through a proxy.",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[test]
fn where_another_host_asked_nothing_is_said_of_the_proxy() {
    for exchange in three_times(([192, 0, 2, 77], 50000)).json(&[]) {
        assert!(exchange["cache"].get("proxy").is_none(), "{exchange}");
    }
}

#[test]
fn a_clients_own_cache_is_told_by_its_conditions() {
    let mut capture = Capture::new();
    let mut talk = capture.connect(CLIENT, ORIGIN);
    for answer in [STILL_GOOD.to_owned(), ok(""), ok("X-Cache: MISS from a, HIT from b\r\n")] {
        capture.ask(&mut talk, to_origin("If-Modified-Since: Tue, 01 Mar 2011 20:45:16 GMT\r\n"));
        capture.answer(&mut talk, answer);
    }
    let exchanges = capture.json(&[]);
    let verdicts: Vec<_> = exchanges.iter().map(|exchange| exchange["cache"]["verdict"].as_str()).collect();
    assert_eq!(verdicts, [Some("not modified"), Some("changed"), Some("hit")]);
    assert_eq!(exchanges[0]["cache"]["evidence"], serde_json::json!(["if-modified-since", "status"]));
}
