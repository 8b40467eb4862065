//! Text with its secrets masked.

use std::borrow::Cow;
use std::ops::Range;

use super::{Expect, Line, MASK, read};
use crate::flow::Direction;
use crate::proto::content;

/// Most secrets of a line that are masked one by one: of a line with more nothing is shown.
const MAX_MASKED: usize = 4096;

/// Masks what the two sides of a conversation say, turn by turn: what one asks for, the other sends.
#[derive(Debug, Default)]
pub struct Masker {
    orig: Expect,
    resp: Expect,
    asked: bool,
}

impl Masker {
    /// Whether a side asked the other for a password or a user name: what answers looks like any other word.
    #[must_use]
    pub const fn asked(&self) -> bool {
        self.asked
    }

    /// Masks the secrets in what `from` says next.
    #[must_use]
    pub fn mask<'a>(&mut self, from: Direction, text: &'a [u8]) -> Cow<'a, [u8]> {
        let mut out = Masked { text, done: 0, out: Vec::new() };
        for packed in [
            content::snmp_community(text),
            content::ldap_simple_bind(text).map(|(_, password)| password),
            content::socks_login(text).map(|(_, password)| password),
        ] {
            if let Some(secret) = packed.filter(|secret| !secret.is_empty()) {
                out.mask(secret.as_ptr().addr().saturating_sub(text.as_ptr().addr()), secret.len());
                return out.finish();
            }
        }
        let (mut at, mut line_ends) = (0_usize, 0_u8);
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let end = memchr::memchr2(b'\r', b'\n', rest);
            let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
            if !line.is_empty() {
                line_ends = 0;
                self.line(from, line, end.is_some(), at, &mut out);
            }
            let Some(end) = end else { break };
            line_ends = line_ends.saturating_add(u8::from(rest.get(end) == Some(&b'\n')));
            // An empty line ends the headers.
            if line_ends > 1 && matches!(self.of(from), Expect::Folded { .. }) {
                *self.of(from) = Expect::Anything;
            }
            at = at.saturating_add(end).saturating_add(1);
        }
        out.finish()
    }

    fn of(&mut self, side: Direction) -> &mut Expect {
        match side {
            Direction::OrigToResp => &mut self.orig,
            Direction::RespToOrig => &mut self.resp,
        }
    }

    /// A line that begins at `at`.
    fn line(&mut self, from: Direction, line: &[u8], ends: bool, at: usize, out: &mut Masked<'_>) {
        if !self.of(from).is_looked_at(line) {
            return;
        }
        let expect = std::mem::take(self.of(from));
        let read = read(line, &expect, MAX_MASKED);
        for range in ranges(&read, line.len()) {
            out.mask(at.saturating_add(range.start), range.len());
        }
        // What is typed comes letter by letter.
        *self.of(from) = if !ends && expect.is_answer() { expect } else { read.next };
        if let Some(asks) = read.asks {
            self.asked |= asks.is_answer();
            *self.of(from.reversed()) = asks;
        }
    }
}

/// Where secrets stand in a line of this length, in order.
fn ranges(read: &Line<'_>, len: usize) -> Vec<Range<usize>> {
    let whole = read.hides.then_some(0..len);
    let mut ranges: Vec<Range<usize>> =
        whole.into_iter().chain(read.found.iter().map(|found| found.at.clone())).collect();
    ranges.sort_unstable_by_key(|range| range.start);
    ranges
}

/// A text that is being masked from its beginning on.
struct Masked<'a> {
    text: &'a [u8],
    /// So much of it is in `out`, or was masked.
    done: usize,
    out: Vec<u8>,
}

impl<'a> Masked<'a> {
    fn mask(&mut self, at: usize, len: usize) {
        let end = at.saturating_add(len);
        // One secret may stand in another.
        if let Some(before) = self.text.get(self.done..at) {
            self.out.extend_from_slice(before);
            self.out.extend_from_slice(MASK.as_bytes());
        }
        self.done = self.done.max(end);
    }

    fn finish(mut self) -> Cow<'a, [u8]> {
        if self.done == 0 {
            return Cow::Borrowed(self.text);
        }
        self.out.extend_from_slice(self.text.get(self.done..).unwrap_or(&[]));
        Cow::Owned(self.out)
    }
}

/// A text of one side, such as a body, with its secrets masked; `None` where there are none.
#[must_use]
pub fn masked_text(text: &[u8]) -> Option<Vec<u8>> {
    match Masker::default().mask(Direction::OrigToResp, text) {
        Cow::Owned(masked) => Some(masked),
        Cow::Borrowed(_) => None,
    }
}

/// The value of a header with its secrets masked; `None` where there are none in it.
#[must_use]
pub fn masked_header(name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let before = [name, b": "].concat();
    masked_within(&before, value, b"")
}

/// The target of a request, or another address, with the secrets in it masked; `None` where there are none.
#[must_use]
pub fn masked_target(target: &[u8]) -> Option<Vec<u8>> {
    masked_within(b"GET ", target, b" HTTP/1.1")
}

/// Masks `text`, which stands between others in its line.
fn masked_within(before: &[u8], text: &[u8], behind: &[u8]) -> Option<Vec<u8>> {
    let line = [before, text, behind].concat();
    let mut out = Masked { text: &line, done: before.len(), out: Vec::new() };
    let end = before.len().saturating_add(text.len());
    let read = read(&line, &Expect::Anything, MAX_MASKED);
    let mut found = false;
    for range in ranges(&read, line.len()) {
        let (start, stop) = (range.start.max(before.len()), range.end.min(end));
        if start < stop {
            found = true;
            out.mask(start, stop.saturating_sub(start));
        }
    }
    let rest = line.get(out.done..end).unwrap_or(&[]);
    found.then(|| [&out.out, rest].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, value: &str) -> String {
        masked_header(name.as_bytes(), value.as_bytes())
            .map_or_else(|| "as it is".to_owned(), |masked| String::from_utf8(masked).unwrap())
    }

    fn text(text: &str) -> String {
        masked_text(text.as_bytes())
            .map_or_else(|| "as it is".to_owned(), |masked| String::from_utf8(masked).unwrap())
    }

    #[test]
    fn secrets_of_headers_are_masked_and_what_they_are_stays() {
        assert_eq!(header("Authorization", "Basic d2lyZXNoYXJrOm5ldHdvcms="), "Basic ********");
        assert_eq!(header("Authorization", "Basic !!!"), "Basic ********");
        assert_eq!(header("Authorization", "Digest username=\"a\", response=\"b\""), "Digest ********");
        assert_eq!(header("PROXY-authorization", "abc"), "********");
        assert_eq!(header("Cookie", "a=1; session=xyz;b"), "a=********; session=********;********");
        assert_eq!(header("Set-Cookie", "id=77; Path=/; HttpOnly"), "id=********; Path=/; HttpOnly");
        assert_eq!(
            header("Referer", "http://a/b?x=1&user_password=c"),
            "http://a/b?x=1&user_password=********"
        );
        assert_eq!(header("Location", "/cb#access_token=c&x=1"), "/cb#access_token=********&x=1");
        assert_eq!(header("Set-Cookie2", "id=77; Path=/"), "id=********; Path=/");
        for name in
            ["X-Api-Key", "X-CSRF-Token", "x-xsrf-token", "Authentication-Info", "X-Amz-Security-Token"]
        {
            assert_eq!(header(name, "77"), "********", "{name}");
        }
        for (name, value) in
            [("Host", "a.example"), ("WWW-Authenticate", "Basic realm=\"x\""), ("Accept", "*/*")]
        {
            assert_eq!(header(name, value), "as it is");
        }
    }

    #[test]
    fn passwords_in_addresses_and_forms_are_masked() {
        let target = |text: &str| masked_target(text.as_bytes()).map(|text| String::from_utf8(text).unwrap());
        assert_eq!(target("/a?pwd=1&x=2#f").as_deref(), Some("/a?pwd=********&x=2#f"));
        assert_eq!(target("/a?api_key=1?2&token=3").as_deref(), Some("/a?api_key=********&token=********"));
        assert_eq!(target("http://me:pw@host:80/a").as_deref(), Some("http://********@host:80/a"));
        assert_eq!(target("/a@b?c=pass"), None);
        assert_eq!(text("user=a&passwd=b c&x=1"), "user=a&passwd=********&x=1");
        assert_eq!(text("user=a"), "as it is");
    }

    #[test]
    fn documents_are_masked_whatever_their_strings_hold_and_where_they_are_cut() {
        assert_eq!(
            text(r#"{"user": "bob", "access_token" : "a\"b", "pin": 1234, "token_type": "x"}"#),
            r#"{"user": "bob", "access_token" : "********", "pin": ********, "token_type": "x"}"#
        );
        assert_eq!(text(r#"{"password":"sesame op"#), r#"{"password":"********"#);
        assert_eq!(
            text("{\n  \"password\":\n    \"sesame\",\n  \"a\": 1}"),
            "{\n  \"password\":\n    \"********\",\n  \"a\": 1}"
        );
        assert_eq!(text(r#"say "hi "password": "sesame""#), r#"say "hi "password": "********""#);
    }

    #[test]
    fn a_header_that_goes_on_in_the_next_line_is_masked_there_too() {
        let folded =
            "GET / HTTP/1.1\r\nAuthorization: Basic\r\n\tYWxpY2U6d29uZGVybGFuZA==\r\nHost: a\r\n\r\n text";
        assert_eq!(
            text(folded),
            "GET / HTTP/1.1\r\nAuthorization: Basic\r\n********\r\nHost: a\r\n\r\n text"
        );
        let behind = "Cookie: a=1\r\n\r\n indented text";
        assert_eq!(text(behind), "Cookie: a=********\r\n\r\n indented text");
    }

    #[test]
    fn what_was_asked_for_is_masked_in_the_other_direction() {
        let mut masker = Masker::default();
        let mut said = |from, text: &'static str| {
            String::from_utf8(masker.mask(from, text.as_bytes()).into_owned()).unwrap()
        };
        let (client, server) = (Direction::OrigToResp, Direction::RespToOrig);
        assert_eq!(said(server, "Password: "), "Password: ");
        assert_eq!(said(client, "s"), "********");
        assert_eq!(said(client, "esame\r\n"), "********\r\n");
        assert_eq!(said(client, "ls\r\n"), "ls\r\n");
        assert_eq!(said(server, "334 UGFzc3dvcmQ6\r\n"), "334 UGFzc3dvcmQ6\r\n");
        assert_eq!(said(client, "c2VjcmV0\r\n"), "********\r\n");
        assert_eq!(said(client, "PASS sesame\r\n"), "PASS ********\r\n");
        assert!(masker.asked() && !Masker::default().asked());
        // In no encoding that is known, letter by letter.
        let mut masker = Masker::default();
        let _ = masker.mask(server, b"\x1b[1mPassword for bob:\x1b[0m ");
        assert_eq!(&*masker.mask(client, b"\xfc\x01\xe4"), MASK.as_bytes());
        assert_eq!(&*Masker::default().mask(client, b"PASS \xfc\xe4\xf6\xdf\r\n"), b"PASS ********\r\n");
    }

    #[test]
    fn what_audit_finds_is_masked_everywhere() {
        for line in [
            "AUTH PLAIN AGJvYgBzZWNyZXQ=",
            "a1 LOGIN \"bob b\" \"s3cret\"",
            "GET /?token=s3cret HTTP/1.1",
            "ftp://bob:s3cret@host/",
            "<a href='/x?sid=s3cret'>",
            "X-Token: s3cret",
        ] {
            let shown = text(line);
            assert!(shown.contains(MASK) && !shown.contains("s3cret") && !shown.contains("AGJv"), "{shown}");
        }
        let snmp = b"\x30\x26\x02\x01\x01\x04\x07pub-lic\xa0\x18";
        assert!(memchr::memmem::find(&masked_text(snmp).unwrap(), b"pub-lic").is_none());
    }

    #[test]
    fn a_line_with_too_many_secrets_is_not_shown() {
        let line = format!("Cookie: {}tail", "a=b; ".repeat(MAX_MASKED + 1));
        assert_eq!(text(&format!("Host: a\r\n{line}\r\n")), "Host: a\r\n********\r\n");
        assert_eq!(header("Cookie", &"a=b; ".repeat(MAX_MASKED + 1)), MASK);
    }
}
