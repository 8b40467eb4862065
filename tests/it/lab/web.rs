//! The web server against requests good and bad, and its client.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use wirelab::lab::client::Outcome;
use wirelab::lab::{Ending, Event, LabError, Limits, Note, Policy, Server, Settings};

use super::hostile::connect;
use super::python::{python, python_server};
use super::streams::exchange;
use super::{Running, V4, V6, client, received};

fn serving(folder: &Path) -> Running {
    let settings = Settings { folder: Some(folder.to_owned()), ..Settings::default() };
    Running::serving("web", V4, Limits::default(), &settings)
}

fn get(server: &Running, target: &str) -> String {
    exchange(
        server.address,
        format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes(),
    )
}

fn status(answer: &str) -> u16 {
    answer
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|code| code.parse().ok())
        .unwrap_or(0)
}

fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = answer.split_once("\r\n\r\n")?;
    head.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

#[test]
fn the_own_site_answers_as_http_wants_it() {
    for address in [V4, V6] {
        if std::net::TcpListener::bind((address, 0)).is_err() {
            continue;
        }
        let server = Running::with("web", address, Limits::default());
        let there = get(&server, "/");
        assert_eq!(status(&there), 200);
        assert_eq!(field(&there, "Content-Length"), Some(&*body(&there).len().to_string()));
        assert_eq!(field(&there, "Content-Type"), Some("text/html; charset=utf-8"));
        assert_eq!(field(&there, "Last-Modified"), Some("Thu, 01 Jan 2026 00:00:00 GMT"));
        assert!(field(&there, "Date").is_some_and(|date| date.ends_with(" GMT")), "{there}");
        let missing = get(&server, "/<b>&amp;.html");
        assert_eq!(status(&missing), 404);
        assert!(body(&missing).contains("/&lt;b&gt;&amp;amp;.html"), "{missing}");
        let moved = get(&server, "/moved");
        assert_eq!((status(&moved), field(&moved, "Location")), (301, Some("/about.html")));
        // Only the head, with the length of what is left out.
        let head = exchange(server.address, b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_eq!((field(&head, "Content-Length"), body(&head)), (field(&there, "Content-Length"), ""));
    }
}

#[test]
fn an_unchanged_page_is_not_sent_again() {
    let server = Running::start("web");
    for (fields, code) in [
        ("If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT", 304),
        ("If-Modified-Since: Thursday, 01-Jan-26 00:00:00 GMT", 304),
        ("If-Modified-Since: Wed, 31 Dec 2025 23:59:59 GMT", 200),
        ("If-Modified-Since: yesterday", 200),
        ("If-None-Match: \"x\"\r\nIf-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT", 200),
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\nConnection: close\r\n\r\n");
        let answer = exchange(server.address, request.as_bytes());
        assert_eq!(status(&answer), code, "{fields}");
        if code == 304 {
            assert_eq!((field(&answer, "Content-Length"), body(&answer)), (None, ""));
        }
    }
}

#[test]
fn what_cannot_be_answered_is_told_by_its_status() {
    let server = Running::start("web");
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(9000));
    let endless = format!("GET /{}", "a".repeat(20_000));
    let wide = format!("GET / HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n", "a".repeat(20_000));
    for (request, code) in [
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 405),
        ("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        ("BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505),
        ("\r\n\r\nGET / HTTP/1.0\r\n\r\n", 200),
        ("GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (&long, 414),
        (&endless, 414),
        (&wide, 431),
    ] {
        let answer = exchange(server.address, request.as_bytes());
        assert_eq!(status(&answer), code, "{request:.60}: {answer:.200}");
        assert_eq!(field(&answer, "Allow").is_some(), code == 405);
    }
}

#[test]
fn requests_in_one_send_are_answered_in_their_order() {
    let server = Running::start("web");
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let all = [request("/"), request("/missing"), request("/style.css"), request("/moved")].concat();
    let answers = exchange(server.address, all.as_bytes());
    let codes: Vec<u16> = answers.match_indices("HTTP/1.1 ").map(|(at, _)| status(&answers[at..])).collect();
    assert_eq!(codes, [200, 404, 200, 301]);
    server.wait_for(1, |event| matches!(event, Event::Closed { .. }));
    server.exactly(1, |event| matches!(event, Event::Opened { .. }));
}

#[test]
fn a_kept_connection_ends_quietly_and_a_request_in_parts_is_put_together() {
    let limits = Limits { idle: Duration::from_secs(2), ..Limits::default() };
    let server = Running::with("web", V4, limits);
    let mut stream = connect(server.address);
    for part in ["GET /style.c", "ss HTTP/1.1\r", "\nHost: x\r\n\r", "\n"] {
        stream.write_all(part.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(status(&answer), 200);
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "no 408 for who asks nothing more: {answer}");
}

#[test]
fn a_folder_is_served_and_nothing_outside_it() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("site");
    fs::create_dir_all(folder.join("sub/deep")).unwrap();
    fs::create_dir(folder.join("bare")).unwrap();
    fs::write(place.path().join("secret.txt"), "SECRET").unwrap();
    fs::write(folder.join("a b.txt"), "spaced").unwrap();
    fs::write(folder.join("%2e%2e"), "percent").unwrap();
    fs::write(folder.join("sub/index.html"), "<p>sub").unwrap();
    fs::write(folder.join("empty.txt"), "").unwrap();
    symlink("sub/index.html", folder.join("inside.html")).unwrap();
    symlink("../secret.txt", folder.join("out.txt")).unwrap();
    symlink(place.path(), folder.join("up")).unwrap();
    symlink("/etc", folder.join("etc")).unwrap();
    symlink("loop", folder.join("loop")).unwrap();
    nix::unistd::mkfifo(&folder.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let server = serving(&folder);
    for (target, code) in [
        ("/a%20b.txt", 200),
        ("/%252e%252e", 200),
        ("/sub/", 200),
        ("/sub", 301),
        ("/inside.html", 200),
        ("/empty.txt", 200),
        ("/", 404),
        ("/bare/", 404),
        ("/sub/index.html/", 404),
        ("/nothing", 404),
        ("/out.txt", 404),
        ("/up/secret.txt", 404),
        ("/up/", 404),
        ("/etc/passwd", 404),
        ("/loop", 404),
        ("/pipe", 404),
        ("/../secret.txt", 403),
        ("/sub/../../secret.txt", 403),
        ("/%2e%2e/secret.txt", 403),
        ("/..%2fsecret.txt", 400),
        ("/..%5csecret.txt", 400),
        ("/..\\secret.txt", 400),
        ("/%2e%2e%2fsecret.txt", 400),
        ("/a%20b.txt%00.html", 400),
        ("/%c0%ae%c0%ae/secret.txt", 404),
        ("/%ff%fe", 404),
        ("//etc/passwd", 404),
        ("http://x/../secret.txt", 403),
        (&*format!("/{}", "x/".repeat(3000)), 404),
    ] {
        let answer = get(&server, target);
        assert_eq!(status(&answer), code, "{target:.60}: {answer:.300}");
        assert!(!answer.contains("SECRET") && !answer.contains("root:"), "{target:.60}");
    }
    assert_eq!(body(&get(&server, "/inside.html")), "<p>sub");
    assert_eq!(field(&get(&server, "//sub"), "Location"), Some("/sub/"));
}

#[test]
fn a_folder_that_is_none_is_refused_at_the_start() {
    let place = tempfile::NamedTempFile::new().unwrap();
    for path in [place.path(), Path::new("no/such/folder")] {
        let settings = Settings { folder: Some(path.to_owned()), ..Settings::default() };
        let lab = wirelab::lab::find("web").unwrap();
        let error = Server::bind(lab, (V4, 0).into(), &settings, Policy::LocalOnly).err().unwrap();
        assert!(matches!(error, LabError::File { .. }), "{error}");
    }
}

#[test]
fn the_client_shows_a_page_that_is_there_and_one_that_is_not() {
    let server = Running::start("web");
    let (result, events) = client("web", server.address, &["/", "/missing.html"], Settings::default());
    assert_eq!(result.unwrap(), Outcome::Done);
    let lines = received(&events);
    assert!(
        lines.contains(&"HTTP/1.1 200 OK".to_owned()) && lines.contains(&"<h1>You found it</h1>".to_owned())
    );
    assert!(lines.contains(&"HTTP/1.1 404 Not Found".to_owned()), "{lines:?}");
    let pages: Vec<(String, u16)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Noted { note: Note::Page { target, status, .. }, .. } => Some((target.clone(), *status)),
            _ => None,
        })
        .collect();
    assert_eq!(pages, [("/".to_owned(), 200), ("/missing.html".to_owned(), 404)]);
    server.wait_for(1, |event| matches!(event, Event::Closed { ending: Ending::ByPeer, .. }));
    // One connection for both.
    server.exactly(1, |event| matches!(event, Event::Opened { .. }));
}

const PYTHON_CLIENT: &str = "
import http.client, sys, urllib.request, urllib.error
port = int(sys.argv[1])
c = http.client.HTTPConnection('127.0.0.1', port, timeout=20)
c.request('GET', '/')
r = c.getresponse()
page = r.read()
print(r.status, len(page) == int(r.headers['Content-Length']))
since = r.headers['Last-Modified']
c.request('GET', '/', headers={'If-Modified-Since': since})
r = c.getresponse()
print(r.status, len(r.read()))
c.request('HEAD', '/style.css')
r = c.getresponse()
print(r.status, len(r.read()))
c.close()
print(urllib.request.urlopen(f'http://127.0.0.1:{port}/moved', timeout=20).url.endswith('/about.html'))
try:
    urllib.request.urlopen(f'http://127.0.0.1:{port}/nothing', timeout=20)
except urllib.error.HTTPError as e:
    print(e.code)
";

#[test]
fn python_s_clients_understand_the_server() {
    let server = Running::start("web");
    let Some(child) = python(PYTHON_CLIENT, &[&server.address.port().to_string()]) else { return };
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "200 True\n304 0\n200 0\nTrue\n404\n");
}

const PYTHON_SERVER: &str = "
import http.server, os, sys
os.chdir(sys.argv[1])
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *rest): pass
s = http.server.HTTPServer(('127.0.0.1', 0), Quiet)
s.timeout = 20
print(s.server_port, flush=True)
s.handle_request()
s.handle_request()
";

#[test]
fn the_client_understands_python_s_server() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("there.txt"), "one\ntwo\n").unwrap();
    let Some(server) = python_server(PYTHON_SERVER, &[folder.path().to_str().unwrap()]) else { return };
    let (result, events) = client("web", server.address, &["/there.txt", "/missing"], Settings::default());
    assert_eq!(result.unwrap(), Outcome::Done);
    let lines = received(&events);
    assert!(
        lines.ends_with(&["</html>".to_owned()]) || lines.iter().any(|line| line.contains("404")),
        "{lines:?}"
    );
    assert!(lines.contains(&"two".to_owned()), "{lines:?}");
    server.end();
}
