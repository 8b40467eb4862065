//! The caching proxy: what goes to the origin, what does not, and how answers are passed on.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use wirelab::lab::client::Outcome;
use wirelab::lab::{Event, LabError, Limits, Note, Policy, Server, Settings, Transport};

use super::python::{python, python_server};
use super::streams::exchange;
use super::{Running, V4, client, closed_port, received};

fn get(proxy: &Running, target: &str, fields: &str) -> String {
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n{fields}Connection: close\r\n\r\n");
    exchange(proxy.address, request.as_bytes())
}

fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = answer.split_once("\r\n\r\n")?;
    head.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

fn is(answer: &str, status: &str) -> bool {
    answer.strip_prefix("HTTP/1.1 ").is_some_and(|rest| rest.starts_with(status))
}

/// An origin that gives these answers, one a connection, and keeps what it was asked.
struct Script {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Script {
    fn of(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind((V4, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read(&mut byte).unwrap() == 0 {
                        break;
                    }
                    request.push(byte[0]);
                }
                kept.lock().unwrap().push(String::from_utf8(request).unwrap());
                // Who asks may have had enough.
                let _ = stream.write_all(&answer);
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn url(origin: SocketAddr, path: &str) -> String {
    format!("http://{origin}{path}")
}

#[test]
fn the_second_request_never_reaches_the_origin() {
    let (origin, proxy) = (Running::start("web"), Running::start("proxy"));
    let first = get(&proxy, &url(origin.address, "/"), "");
    let second = get(&proxy, &format!("/{}/", origin.address), "");
    assert!(is(&first, "200 OK") && is(&second, "200 OK"), "{first} {second}");
    assert_eq!((field(&first, "X-Cache"), field(&second, "X-Cache")), (Some("MISS"), Some("HIT")));
    assert_eq!(field(&second, "Via"), Some(&*format!("1.1 {}", proxy.address)));
    assert!(field(&second, "Age").is_some_and(|age| age.parse::<u32>().is_ok()), "{second}");
    assert_eq!(body(&first), body(&second));
    origin.wait_for(1, |event| matches!(event, Event::Closed { .. }));
    origin.exactly(1, |event| matches!(event, Event::Opened { .. }));
    let target = url(origin.address, "/");
    let notes = [Note::Fetched { target: target.clone(), origin: origin.address }, Note::Cached { target }];
    assert_eq!(proxy.notes(2), notes);
    // Its own copy is good: that comes from the cache, too.
    let since = format!("If-Modified-Since: {}\r\n", field(&first, "Last-Modified").unwrap());
    let third = get(&proxy, &url(origin.address, "/"), &since);
    assert!(is(&third, "304 ") && body(&third).is_empty(), "{third}");
    // Of the kept page the head alone.
    let head = format!("HEAD {} HTTP/1.0\r\n\r\n", url(origin.address, "/"));
    let head = exchange(proxy.address, head.as_bytes());
    assert_eq!((field(&head, "Content-Length"), body(&head)), (field(&first, "Content-Length"), ""));
    assert_eq!(origin.log().iter().filter(|event| matches!(event, Event::Opened { .. })).count(), 1);
}

#[test]
fn what_the_origin_says_is_passed_on() {
    let (origin, proxy) = (Running::start("web"), Running::start("proxy"));
    let moved = get(&proxy, &url(origin.address, "/moved"), "");
    assert!(is(&moved, "301 ") && field(&moved, "Location") == Some("/about.html"), "{moved}");
    for _ in 0..2 {
        let missing = get(&proxy, &url(origin.address, "/missing"), "");
        assert!(is(&missing, "404 ") && field(&missing, "X-Cache") == Some("MISS"), "{missing}");
    }
    let head = format!("HEAD {} HTTP/1.0\r\n\r\n", url(origin.address, "/style.css"));
    let head = exchange(proxy.address, head.as_bytes());
    assert!(
        is(&head, "200 ") && field(&head, "Content-Length").is_some_and(|length| length != "0"),
        "{head}"
    );
    assert_eq!(body(&head), "");
}

#[test]
fn origins_that_fail_are_told_from_those_that_are_slow() {
    let limits = Limits { idle: Duration::from_millis(500), ..Limits::default() };
    let proxy = Running::with("proxy", V4, limits);
    let silent = TcpListener::bind((V4, 0)).unwrap();
    let slow = url(silent.local_addr().unwrap(), "/");
    assert!(is(&get(&proxy, &slow, ""), "504 "));
    let proxy = Running::start("proxy");
    let unreachable = get(&proxy, &url(closed_port(Transport::Tcp), "/"), "");
    assert!(
        is(&unreachable, "502 ") && body(&unreachable).contains("nothing listens there"),
        "{unreachable}"
    );
    for nonsense in [
        "",
        "hello\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nA b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b",
    ] {
        let origin = Script::of(vec![nonsense.as_bytes().to_vec()]);
        let answer = get(&proxy, &url(origin.address, "/"), "");
        assert!(is(&answer, "502 "), "{nonsense:?}: {answer}");
    }
    let endless = Script::of(vec![format!("HTTP/1.1 200 OK\r\nA: {}", "a".repeat(100_000)).into_bytes()]);
    assert!(is(&get(&proxy, &url(endless.address, "/"), ""), "502 "));
}

#[test]
fn only_what_may_be_asked_is_asked() {
    let settings = Settings {
        allowed_origins: vec!["192.0.2.1".to_owned(), "example.org".to_owned()],
        ..Settings::default()
    };
    let proxy = Running::serving("proxy", V4, Limits::default(), &settings);
    for (target, status) in [
        ("http://192.0.2.1/", "403 "),
        ("http://192.0.2.2/", "403 "),
        ("http://example.org/", "403 "),
        ("/www.example.com/index.html", "403 "),
        ("/favicon.ico", "403 "),
        ("/", "400 "),
        ("https://127.0.0.1/", "400 "),
        (&*url(proxy.address, "/"), "508 "),
        (&*format!("/{}/{0}/", proxy.address), "508 "),
    ] {
        let answer = get(&proxy, target, "");
        assert!(is(&answer, status), "{target}: {answer}");
    }
    let connect = exchange(proxy.address, b"CONNECT 127.0.0.1:443 HTTP/1.1\r\nHost: 127.0.0.1:443\r\n\r\n");
    assert!(is(&connect, "405 ") && field(&connect, "Allow") == Some("GET, HEAD"), "{connect}");
    assert!(is(&exchange(proxy.address, b"BREW / HTTP/1.0\r\n\r\n"), "501 "));
    let went_round = format!("Via: 1.1 {}\r\n", proxy.address);
    assert!(is(&get(&proxy, "http://127.0.0.1:9/", &went_round), "508 "));
    let wrong = Settings { allowed_origins: vec!["a b".to_owned()], ..Settings::default() };
    let lab = wirelab::lab::find("proxy").unwrap();
    let error = Server::bind(lab, (V4, 0).into(), &wrong, Policy::LocalOnly).err().unwrap();
    assert!(matches!(error, LabError::Setting { .. }), "{error}");
}

#[test]
fn fields_of_one_connection_go_no_further() {
    let origin = Script::of(vec![
        b"HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nX-End: 2\r\nContent-Length: 2\r\n\r\nok".to_vec(),
    ]);
    let proxy = Running::start("proxy");
    let answer = get(
        &proxy,
        &url(origin.address, "/a?b"),
        "X-Mine: 3\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nRange: bytes=0-1\r\nProxy-Authorization: x\r\n",
    );
    assert!(field(&answer, "X-Hop").is_none() && field(&answer, "Keep-Alive").is_none(), "{answer}");
    assert_eq!((field(&answer, "X-End"), body(&answer)), (Some("2"), "ok"));
    let asked = origin.asked().remove(0);
    assert!(asked.starts_with(&format!("GET /a?b HTTP/1.1\r\nHost: {}\r\n", origin.address)), "{asked}");
    assert!(
        asked.contains("X-Mine: 3\r\n") && asked.contains(&format!("Via: 1.1 {}\r\n", proxy.address)),
        "{asked}"
    );
    for gone in ["Proxy-", "TE:", "Range:", "Host: x"] {
        assert!(!asked.contains(gone), "{gone} in {asked}");
    }
}

#[test]
fn answers_are_framed_anew() {
    let large = "0123456789abcdef".repeat(200_000);
    let chunked = |text: &str| {
        let pieces: Vec<&str> =
            text.as_bytes().chunks(70_000).map(|piece| std::str::from_utf8(piece).unwrap()).collect();
        let chunks: String =
            pieces.iter().map(|piece| format!("{:X};x=y\r\n{piece}\r\n", piece.len())).collect();
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\nTrailer: x\r\n\r\n")
    };
    let proxy = Running::start("proxy");
    let read = |request: &str| exchange(proxy.address, request.as_bytes());
    for text in ["short", &large] {
        for answer in [
            format!("HTTP/1.0 200 OK\r\n\r\n{text}"),
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()),
            chunked(text),
        ] {
            let origin = Script::of(vec![answer.clone().into_bytes(), answer.into_bytes()]);
            let target = url(origin.address, "/");
            // For who knows no chunks, by its length or by the end of the connection.
            let old = read(&format!("GET {target} HTTP/1.0\r\nCache-Control: no-store\r\n\r\n"));
            assert!(body(&old) == text, "{:.300}", old);
            assert!(field(&old, "Transfer-Encoding").is_none());
            let new = read(&format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
            if field(&new, "Transfer-Encoding") == Some("chunked") {
                assert!(field(&new, "Content-Length").is_none() && unchunked(body(&new)) == text);
            } else {
                assert_eq!(field(&new, "Content-Length"), Some(&*text.len().to_string()));
                assert!(body(&new) == text);
            }
        }
    }
}

fn unchunked(mut rest: &str) -> String {
    let mut text = String::new();
    loop {
        let (size, after) = rest.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            assert_eq!(after, "\r\n");
            return text;
        }
        text.push_str(&after[..size]);
        rest = after[size..].strip_prefix("\r\n").unwrap();
    }
}

#[test]
fn a_stale_page_is_asked_about_and_what_must_not_be_kept_is_not() {
    let page =
        |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 4\r\n\r\npage").into_bytes();
    let proxy = Running::start("proxy");
    let unchanged = b"HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=60\r\nETag: \"1\"\r\n\r\n".to_vec();
    let origin = Script::of(vec![page("Cache-Control: max-age=0\r\nETag: \"1\"\r\n"), unchanged]);
    let target = url(origin.address, "/");
    let answers: Vec<String> = (0..3).map(|_| get(&proxy, &target, "")).collect();
    let hows: Vec<Option<&str>> = answers.iter().map(|answer| field(answer, "X-Cache")).collect();
    assert_eq!(hows, [Some("MISS"), Some("REVALIDATED"), Some("HIT")]);
    assert!(answers.iter().all(|answer| is(answer, "200 ") && body(answer) == "page"), "{answers:?}");
    let asked = origin.asked();
    assert!(
        !asked[0].contains("If-None-Match") && asked[1].contains("If-None-Match: \"1\"\r\n"),
        "{asked:?}"
    );
    for fields in
        ["Cache-Control: no-store\r\n", "Cache-Control: private\r\n", "Expires: 0\r\n", "Vary: *\r\n"]
    {
        let origin = Script::of(vec![page(fields), page(fields)]);
        for _ in 0..2 {
            let answer = get(&proxy, &url(origin.address, "/"), "");
            assert_eq!(field(&answer, "X-Cache"), Some("MISS"), "{fields}");
        }
        assert_eq!(origin.asked().len(), 2, "{fields}");
    }
    let nothing = get(&proxy, "http://127.0.0.1:9/", "Cache-Control: only-if-cached\r\n");
    assert!(is(&nothing, "504 "), "{nothing}");
}

#[test]
fn the_client_fetches_a_page_twice() {
    let (origin, proxy) = (Running::start("web"), Running::start("proxy"));
    let settings = Settings { next: Some(origin.address), ..Settings::default() };
    let (result, events) = client("proxy", proxy.address, &["/", "/"], settings);
    assert_eq!(result.unwrap(), Outcome::Done);
    let pages: Vec<(u16, u64, Option<String>)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Noted { note: Note::Page { status, length, cache, .. }, .. } => {
                Some((*status, *length, cache.clone()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(pages.len(), 2);
    assert_eq!((pages[0].0, pages[0].2.as_deref()), (200, Some("MISS")));
    assert_eq!((pages[1].0, pages[1].2.as_deref()), (200, Some("HIT")));
    assert!(pages[0].1 > 500 && pages[0].1 == pages[1].1, "{pages:?}");
    assert_eq!(origin.log().iter().filter(|event| matches!(event, Event::Opened { .. })).count(), 1);
}

#[test]
fn fifty_clients_at_once_get_their_pages() {
    let (origin, proxy) = (Running::start("web"), Running::start("proxy"));
    let target = url(origin.address, "/style.css");
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                let answer = get(&proxy, &target, "");
                assert!(is(&answer, "200 ") && body(&answer).contains("h1"), "{answer}");
            });
        }
    });
}

const PYTHON_CLIENT: &str = "
import sys, urllib.request, urllib.error
proxy, origin = sys.argv[1], sys.argv[2]
o = urllib.request.build_opener(urllib.request.ProxyHandler({'http': 'http://' + proxy}))
for i in range(2):
    r = o.open('http://' + origin + '/', timeout=20)
    print(r.status, r.headers['X-Cache'], len(r.read()) == int(r.headers['Content-Length']))
print(o.open('http://' + origin + '/moved', timeout=20).url.endswith('/about.html'))
try:
    o.open('http://' + origin + '/missing', timeout=20)
except urllib.error.HTTPError as e:
    print(e.code)
r = urllib.request.urlopen('http://' + proxy + '/' + origin + '/', timeout=20)
print(r.status, r.headers['X-Cache'])
";

#[test]
fn python_s_client_goes_through_the_proxy() {
    let (origin, proxy) = (Running::start("web"), Running::start("proxy"));
    let arguments = [proxy.address.to_string(), origin.address.to_string()];
    let Some(child) = python(PYTHON_CLIENT, &[&arguments[0], &arguments[1]]) else { return };
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, "200 MISS True\n200 HIT True\nTrue\n404\n200 HIT\n");
}

const PYTHON_PROXY: &str = "
import socket
s = socket.socket()
s.settimeout(20)
s.bind(('127.0.0.1', 0))
s.listen(5)
print(s.getsockname()[1], flush=True)
seen = set()
for i in range(2):
    c, a = s.accept()
    line = c.recv(4096).decode().split('\\r\\n')[0]
    hit = line in seen
    seen.add(line)
    page = b'from the course'
    c.send(('HTTP/1.0 200 OK\\r\\nContent-Type: text/plain\\r\\nX-Cache: %s\\r\\n\\r\\n' % ('HIT' if hit else 'MISS')).encode())
    c.send(page)
    c.close()
";

#[test]
fn the_client_goes_through_a_course_proxy() {
    let Some(proxy) = python_server(PYTHON_PROXY, &[]) else { return };
    let (result, events) = client("proxy", proxy.address, &["/a", "/a"], Settings::default());
    assert_eq!(result.unwrap(), Outcome::Done);
    let lines = received(&events);
    let caches: Vec<&String> = lines.iter().filter(|line| line.starts_with("X-Cache")).collect();
    assert_eq!(caches, ["X-Cache: MISS", "X-Cache: HIT"]);
    assert_eq!(lines.last().map(String::as_str), Some("from the course"));
    proxy.end();
}

#[test]
fn entity_tags_differ_by_case_and_have_commas() {
    let page =
        b"HTTP/1.1 200 OK\r\nETag: W/\"Abc,x\"\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nhi";
    let origin = Script::of(vec![page.to_vec()]);
    let proxy = Running::start("proxy");
    assert!(is(&get(&proxy, &url(origin.address, "/"), ""), "200 "));
    for (tags, status) in [
        ("\"abc,x\"", "200 "),
        ("\"Abc\", \"x\"", "200 "),
        ("w/\"Abc,x\"", "200 "),
        ("\"Abc,x\"", "304 "),
        ("\"other\", W/\"Abc,x\"", "304 "),
        ("*", "304 "),
    ] {
        let answer = get(&proxy, &url(origin.address, "/"), &format!("If-None-Match: {tags}\r\n"));
        assert!(is(&answer, status) && field(&answer, "X-Cache") == Some("HIT"), "{tags}: {answer}");
    }
    assert_eq!(origin.asked().len(), 1);
}
