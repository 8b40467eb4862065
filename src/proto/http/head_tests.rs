//! Heads: first lines and header lines as they come.

use super::*;

fn request(text: &[u8]) -> (&[u8], &[u8], &[u8]) {
    match Head::read(text).expect("a head").start() {
        Start::Request { method, target, version } => (method, target, version),
        Start::Response { .. } => panic!("a response"),
    }
}

#[test]
fn first_lines_are_taken_apart_leniently() {
    assert_eq!(
        request(b"GET / HTTP/1.1\r\n\r\n"),
        (b"GET".as_slice(), b"/".as_slice(), b"HTTP/1.1".as_slice())
    );
    assert_eq!(request(b"\r\nGET /a b HTTP/1.0\n\n").1, b"/a b");
    assert_eq!(request(b"WEIRD /x HTTP/1.1\n\n").0, b"WEIRD");
    assert_eq!(request(b"GET /old\r\n"), (b"GET".as_slice(), b"/old".as_slice(), b"".as_slice()));
    let response = Head::read(b"HTTP/1.1 200\r\n\r\n").unwrap();
    assert_eq!((response.status(), response.version()), (Some(200), b"HTTP/1.1".as_slice()));
    let Start::Response { phrase, .. } = Head::read(b"HTTP/1.0 404 Not Found\n\n").unwrap().start() else {
        panic!("a request")
    };
    assert_eq!(phrase, b"Not Found");
    for other in [
        b"OPTIONS sip:a@b SIP/2.0\r\n\r\n".as_slice(),
        b"PRI * HTTP/2.0\r\n\r\n",
        b"hello world\r\n",
        b"get / http/1.1\r\n",
    ] {
        assert!(Head::read(other).is_none(), "{}", other.escape_ascii());
    }
}

#[test]
fn a_head_ends_at_its_empty_line_however_lines_end() {
    for head in [
        b"GET / HTTP/1.1\r\nA: b\r\n\r\n".as_slice(),
        b"GET / HTTP/1.1\nA: b\n\n",
        b"GET / HTTP/1.1\rA: b\r\n\r\n",
    ] {
        let all = [head, b"body\n\n"].concat();
        let read = Head::read(&all).unwrap();
        assert!(read.is_whole());
        assert_eq!((read.len(), read.header("a")), (head.len(), Some(b"b".as_slice())));
        for cut in 0..head.len() {
            assert!(Head::read(&all[..cut]).is_none_or(|read| !read.is_whole()));
        }
    }
}

#[test]
fn headers_have_their_places_and_folds() {
    let bytes = b"HTTP/1.1 200 OK\r\nOne:  first \r\n\tsecond\r\nJunk\r\nTwo : x\r\none:\r\n\r\n";
    let head = Head::read(bytes).unwrap();
    let headers: Vec<_> = head.headers().collect();
    let names: Vec<_> = headers.iter().map(|header| header.name).collect();
    assert_eq!(names, [b"One".as_slice(), b"Junk", b"Two ", b"one"]);
    assert_eq!(&*headers[0].unfolded(), b"first second");
    assert_eq!(&bytes[headers[0].value_at..][..5], b"first");
    assert!(!headers[1].has_colon && headers[2].has_colon);
    assert_eq!(head.all("ONE").count(), 2);
    assert_eq!(head.header("two"), None);
}

#[test]
fn lists_go_over_lines_and_commas() {
    let folded = Head::read(b"GET / HTTP/1.1\r\nTE:\r\n a,\r gzip\r\n\t,b\r\n\r\n").unwrap();
    assert!(folded.list("te").eq([b"a".as_slice(), b"gzip", b"b"]));
    let head = Head::read(b"GET / HTTP/1.1\r\nTE: a, b\r\nTE: ,c\r\n\r\n").unwrap();
    assert!(head.list("te").eq([b"a".as_slice(), b"b", b"c"]));
}

#[test]
fn a_million_header_lines_and_endless_heads_are_cut_and_named() {
    let many = [b"GET / HTTP/1.1\r\n".as_slice(), &b"a:\r\n".repeat(MAX_HEADER_LINES + 1), b"\r\n"].concat();
    let head = Head::read(&many).unwrap();
    assert!(head.headers().has_too_many());
    assert_eq!(head.headers().count(), MAX_HEADER_LINES);
    let endless = [b"GET / HTTP/1.1\r\n".as_slice(), &b"a: b\r\n".repeat(1_000_000)].concat();
    let head = Head::read(&endless).unwrap();
    assert_eq!((head.is_whole(), head.len()), (false, MAX_HEAD_BYTES));
}

#[test]
fn a_flow_is_http_when_its_first_line_says_so() {
    assert_eq!(begins_flow(b"GET / HTTP/1.1\r\n", false), Begins::Yes);
    assert_eq!(begins_flow(b"GET /old\r\n", false), Begins::Yes);
    assert_eq!(begins_flow(b"POST my letter\n", false), Begins::No);
    assert_eq!(begins_flow(b"POST my letter\n", true), Begins::Yes);
    assert_eq!(begins_flow(b"GET / RTSP/1.0\r\n", true), Begins::No);
    assert_eq!(begins(b"HTTP/1"), Begins::Perhaps);
    assert_eq!(begins(b"HTTP/1.1"), Begins::Yes);
    assert_eq!(begins(b"PROPFIND /x"), Begins::Perhaps);
    assert_eq!(begins(b"\x16\x03\x01"), Begins::No);
}
