//! Secrets in a line of text.

use std::borrow::Cow;
use std::ops::Range;

use super::name::{self, MAX_NAME};
use super::{Expect, Found, Line, SecretKind};

/// Bytes kept from line to line of a name, or of a header that may go on: cookies get this long.
const MAX_KEPT: usize = 4096;

/// Lines that a header goes on in and is read anew with; it was meant for one or two. What follows is secret unseen.
const MAX_FOLDS: u8 = 8;

/// Bytes kept of the name of an encoding; the longest registered has eight.
const MAX_ENCODING: usize = 32;

/// Reads a line, which is without its end. `expect` is what it was expected to be; at most so many secrets are wanted.
#[must_use]
pub fn read<'a>(line: &'a [u8], expect: &Expect, most: usize) -> Line<'a> {
    let mut out = Line::of_at_most(most);
    if answer(line, expect, &mut out) {
        return out;
    }
    let text = line.trim_ascii();
    let name_end = memchr::memchr(b':', text.get(..text.len().min(MAX_NAME + 1)).unwrap_or(text));
    if let Some((name, value)) = name_end.and_then(|at| text.split_at_checked(at)) {
        let value = value.get(1..).unwrap_or(&[]).trim_ascii();
        if header(line, name.trim_ascii_end(), value, &mut out) {
            out.asks = prompt(text).filter(|_| value.is_empty());
            if out.asks.is_none() {
                out.next = Expect::Folded { header: kept(text), folds: 0 };
            }
            return out;
        }
    }
    command(line, &mut out);
    addresses(line, &mut out);
    parameters(line, &mut out);
    json(line, &mut out);
    out.asks = prompt(text);
    out
}

/// What is kept of a text.
fn kept(text: &[u8]) -> Vec<u8> {
    text.get(..MAX_KEPT).unwrap_or(text).to_vec()
}

/// Where `part`, which is of `line`, stands in it.
fn place(line: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(line.as_ptr().addr()).min(line.len());
    start..start.saturating_add(part.len()).min(line.len())
}

impl<'a> Found<'a> {
    /// A secret that stands in the line as it is.
    fn new(kind: SecretKind, name: Option<&'a [u8]>, line: &[u8], value: &'a [u8]) -> Self {
        let name = name.map(Cow::Borrowed);
        Self { kind, name, user: None, value: value.into(), at: place(line, value) }
    }

    fn of(self, user: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { user: Some(user.into()), ..self }
    }

    fn owned(self) -> Found<'static> {
        let own = |bytes: Cow<'a, [u8]>| Cow::Owned(bytes.into_owned());
        Found {
            kind: self.kind,
            name: self.name.map(own),
            user: self.user.map(own),
            value: own(self.value),
            at: self.at,
        }
    }
}

/// A line that was asked for, or that goes on with the one before.
fn answer<'a>(line: &'a [u8], expect: &Expect, out: &mut Line<'a>) -> bool {
    let text = line.trim_ascii();
    let decoded =
        |base64: bool| if base64 { unbase64(text).map(Cow::Owned) } else { Some(Cow::Borrowed(line)) };
    let whole = |kind, value: Cow<'a, [u8]>| Found { kind, name: None, user: None, value, at: 0..line.len() };
    match expect {
        Expect::Anything => return false,
        Expect::User { base64 } => match decoded(*base64) {
            Some(user) => out.user = Some(kept(&user)),
            None => return false,
        },
        Expect::Password { base64 } => match decoded(*base64) {
            Some(value) => out.push(whole(SecretKind::Password, value)),
            None => return false,
        },
        Expect::Plain => match unbase64(text) {
            Some(response) => plain(line, line, &response, out),
            None => return false,
        },
        Expect::Field(name) if line.starts_with(b"Content-") => out.next = Expect::Field(name.clone()),
        Expect::Field(name) => {
            let value = text.strip_suffix(b",").unwrap_or(text);
            let value = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value);
            let found = Found::new(SecretKind::Field, None, line, value);
            out.push(Found { name: Some(name.clone().into()), ..found });
        }
        Expect::Folded { header, folds } => return folded(line, header, *folds, out),
    }
    true
}

/// The next line of a header that is secret, if it is that.
fn folded(line: &[u8], before: &[u8], folds: u8, out: &mut Line<'_>) -> bool {
    let text = line.trim_ascii();
    if !matches!(line.first(), Some(b' ' | b'\t')) || text.is_empty() {
        return false;
    }
    out.hides = true;
    let mut whole = before.to_vec();
    if folds < MAX_FOLDS {
        whole.push(b' ');
        whole.extend_from_slice(text);
        whole.truncate(MAX_KEPT);
        let mut all = Line::of_at_most(out.most);
        let at = memchr::memchr(b':', &whole).unwrap_or(whole.len());
        let (name, value) = whole.split_at_checked(at).unwrap_or((&whole, &[]));
        header(&whole, name, value.get(1..).unwrap_or(&[]).trim_ascii(), &mut all);
        let found = all.found.into_iter().map(|found| Found { at: 0..line.len(), ..found.owned() });
        out.found.extend(found);
    }
    out.next = Expect::Folded { header: whole, folds: folds.saturating_add(1) };
    true
}

/// A header of HTTP, or of what is made alike; whether it is one that is secret, which may go on in the next line.
fn header<'a>(line: &[u8], name: &'a [u8], value: &'a [u8], out: &mut Line<'a>) -> bool {
    let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
    match name::of_header(name) {
        Some(name::Secret::Credentials) => credentials(line, value, out),
        Some(name::Secret::Info) if !value.is_empty() => {
            out.push(Found::new(SecretKind::Digest, Some(name), line, value));
        }
        Some(name::Secret::Cookies) => {
            value.split(|byte| *byte == b';').for_each(|pair| cookie(line, pair, out));
        }
        Some(name::Secret::SetCookie) => cookie(line, split(value, b';').0, out),
        Some(name::Secret::Token) if !value.is_empty() => {
            out.push(Found::new(SecretKind::Field, Some(name), line, value));
        }
        Some(_) => {}
        None => {
            if is("Content-Encoding") && !value.eq_ignore_ascii_case(b"identity") {
                out.packed = Some(value.get(..MAX_ENCODING).unwrap_or(value).to_vec());
            } else if is("Content-Disposition")
                && let Some(name) = quoted_after(value, b" name=\"")
                && name::is_secret(name)
            {
                out.next = Expect::Field(name.to_vec());
            }
            return false;
        }
    }
    true
}

/// What is behind `Authorization:`.
fn credentials<'a>(line: &[u8], value: &'a [u8], out: &mut Line<'a>) {
    let (scheme, rest) = split(value, b' ');
    let rest = rest.trim_ascii();
    let is = |wanted: &str| scheme.eq_ignore_ascii_case(wanted.as_bytes());
    if rest.is_empty() {
        // A scheme alone goes on in the next line, or is an abortive attempt.
        let is_scheme = ["Basic", "Bearer", "Digest", "NTLM", "Negotiate"].iter().any(|scheme| is(scheme));
        if !is_scheme && !value.is_empty() {
            out.push(Found::new(SecretKind::Credentials, None, line, value));
        }
        return;
    }
    if is("Basic")
        && let Some(pair) = unbase64(rest)
    {
        let (user, password) = split(&pair, b':');
        let found = Found::new(SecretKind::HttpBasic, None, line, rest);
        out.push(Found { value: password.to_vec().into(), ..found.of(user.to_vec()) });
    } else if is("Digest") {
        let found = Found::new(SecretKind::Digest, None, line, rest);
        out.push(match quoted_after(rest, b"username=\"") {
            Some(user) => found.of(user),
            None => found,
        });
    } else {
        let kind = if is("Bearer") { SecretKind::BearerToken } else { SecretKind::Credentials };
        out.push(Found::new(kind, None, line, rest));
    }
}

/// `name=value`; a value alone is as good.
fn cookie<'a>(line: &[u8], pair: &'a [u8], out: &mut Line<'a>) {
    let pair = pair.trim_ascii();
    let (name, value) = match memchr::memchr(b'=', pair) {
        Some(_) => split(pair, b'='),
        None => (&[][..], pair),
    };
    if !value.is_empty() {
        out.push(Found::new(SecretKind::Cookie, Some(name).filter(|name| !name.is_empty()), line, value));
    }
}

/// What stands between this and the next quotation mark.
fn quoted_after<'a>(text: &'a [u8], before: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(before.len()).position(|window| window.eq_ignore_ascii_case(before))?;
    text.get(at + before.len()..)?.split(|&byte| byte == b'"').next()
}

/// Commands of FTP, POP3, IMAP, SMTP, NNTP and IRC that carry a user name or a password.
fn command<'a>(line: &'a [u8], out: &mut Line<'a>) {
    let text = line.trim_ascii();
    let mut words = text.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let (Some(first), second, third) = (words.next(), words.next(), words.next()) else { return };
    let is = |word: &[u8], wanted: &str| word.eq_ignore_ascii_case(wanted.as_bytes());
    let password = |value: &'a [u8]| Found::new(SecretKind::Password, None, line, value);
    match (first, second, third) {
        (user, Some(name), _) if is(user, "USER") => out.user = Some(kept(name)),
        (pass, Some(_), _) if is(pass, "PASS") => {
            out.push(password(text.get(pass.len()..).unwrap_or(&[]).trim_ascii()));
        }
        (apop, Some(user), Some(digest)) if is(apop, "APOP") => {
            out.push(Found::new(SecretKind::Digest, None, line, digest).of(user));
        }
        (info, Some(kind), Some(value)) if is(info, "AUTHINFO") => {
            if is(kind, "USER") {
                out.user = Some(kept(value));
            } else if is(kind, "PASS") {
                out.push(password(value));
            }
        }
        (_, Some(login), Some(user)) if is(login, "LOGIN") && user.first() != Some(&b'{') => {
            let rest = text.splitn(3, |&byte| byte == b' ').nth(2).unwrap_or(&[]);
            let (user, after) = astring(rest);
            let (value, _) = astring(after);
            if !value.is_empty() {
                out.push(password(value).of(user));
            }
        }
        (auth, Some(kind), response) if is(auth, "AUTH") => sasl(line, kind, response, out),
        (_, Some(auth), Some(kind)) if is(auth, "AUTHENTICATE") => sasl(line, kind, words.next(), out),
        // Clients of Redis send a line for each word.
        (auth, None, None) if auth == b"AUTH" => out.next = Expect::Password { base64: false },
        _ => {}
    }
}

/// A mechanism of SASL that sends the password as it is, with an initial response or without.
fn sasl<'a>(line: &[u8], mechanism: &[u8], response: Option<&'a [u8]>, out: &mut Line<'a>) {
    let decoded = response.and_then(unbase64);
    if mechanism.eq_ignore_ascii_case(b"PLAIN") {
        match (decoded, response) {
            (Some(decoded), Some(response)) if !decoded.is_empty() => plain(line, response, &decoded, out),
            _ => out.next = Expect::Plain,
        }
    } else if mechanism.eq_ignore_ascii_case(b"LOGIN") {
        out.user = decoded;
    }
}

/// A word of IMAP, in quotation marks or not, and what follows it.
fn astring(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    match text.strip_prefix(b"\"") {
        Some(rest) => split(rest, b'"'),
        None => split(text, b' '),
    }
}

/// SASL's PLAIN: for whom, who, password, with zeros between (RFC 4616 section 2); `packed` is what of the line holds it.
fn plain(line: &[u8], packed: &[u8], response: &[u8], out: &mut Line<'_>) {
    let mut parts = response.splitn(3, |&byte| byte == 0);
    if let (Some(_), Some(user), Some(password)) = (parts.next(), parts.next(), parts.next()) {
        let (user, value) = (Some(user.to_vec().into()), password.to_vec().into());
        out.push(Found { kind: SecretKind::Password, name: None, user, value, at: place(line, packed) });
    }
}

/// User and password in an address, before its host (RFC 3986 section 3.2.1).
fn addresses<'a>(line: &'a [u8], out: &mut Line<'a>) {
    for at in memchr::memmem::find_iter(line, b"://") {
        let behind = line.get(at.saturating_add(3)..).unwrap_or(&[]);
        let ends =
            |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'?' | b'#' | b'"' | b'<' | b'>');
        let authority = behind.get(..behind.iter().position(ends).unwrap_or(behind.len())).unwrap_or(behind);
        let Some(host) = memchr::memrchr(b'@', authority) else { continue };
        let info = authority.get(..host).unwrap_or(&[]);
        let (user, password) = split(info, b':');
        let found = Found::new(SecretKind::Password, None, line, info);
        if !password.is_empty() {
            out.push(Found { value: unescape(password).into(), ..found.of(unescape(user)) });
        } else if user.len() >= MIN_TOKEN {
            out.push(found);
        }
    }
}

/// A user of an address that has so many bytes and no password is a token.
const MIN_TOKEN: usize = 20;

/// Fields of a query or a form: `a=b&c=d`. A line that begins with one is a form: there blanks belong to values.
fn parameters<'a>(line: &'a [u8], out: &mut Line<'a>) {
    let is_form = line.iter().take(MAX_NAME).find(|byte| !name::is_name_byte(**byte)) == Some(&b'=');
    let mut done = 0;
    for equals in memchr::memchr_iter(b'=', line) {
        // What is within a value is part of it.
        if equals < done {
            continue;
        }
        let before = line.get(..equals).unwrap_or(&[]);
        let named = before.iter().rev().take(MAX_NAME + 1).take_while(|byte| name::is_name_byte(**byte));
        let name = before.get(equals.saturating_sub(named.count())..).unwrap_or(&[]);
        if !name::is_secret(name) {
            continue;
        }
        let behind = line.get(equals.saturating_add(1)..).unwrap_or(&[]);
        let value = match behind.split_first() {
            Some((quote @ (b'"' | b'\''), inside)) => split(inside, *quote).0,
            _ => {
                let ends = |byte: &u8| match byte {
                    b'&' => true,
                    b'"' | b'<' | b'>' | b' ' | b'\t' => !is_form,
                    _ => false,
                };
                behind.get(..behind.iter().position(ends).unwrap_or(behind.len())).unwrap_or(behind)
            }
        };
        if !value.is_empty() {
            let found = Found::new(SecretKind::Field, Some(name), line, value);
            done = found.at.end;
            out.push(Found { value: unescape(value).into(), ..found });
        }
    }
}

/// Members of a JSON object: `"password": "value"`, or a number. A value that is cut counts as far as it is there.
fn json<'a>(line: &'a [u8], out: &mut Line<'a>) {
    let mut rest = line;
    while let Some((name, behind)) = memchr::memchr(b'"', rest).and_then(|at| string(rest.get(at + 1..)?)) {
        // What ends one string may begin another where quotation marks are not in pairs.
        rest = line.get(place(line, behind).start.saturating_sub(1)..).unwrap_or(&[]);
        let Some(value) = behind.trim_ascii_start().strip_prefix(b":") else { continue };
        if !name::is_secret(name) {
            continue;
        }
        let value = value.trim_ascii_start();
        if value.is_empty() {
            out.next = Expect::Field(name.to_vec());
            return;
        }
        let (value, behind) = match value.strip_prefix(b"\"") {
            Some(inside) => string(inside).unwrap_or((inside, &[])),
            None if value.first().is_some_and(|first| first.is_ascii_digit() || *first == b'-') => {
                let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'}' | b']');
                value
                    .split_at_checked(value.iter().position(ends).unwrap_or(value.len()))
                    .unwrap_or((value, &[]))
            }
            None => continue,
        };
        rest = behind;
        if !value.is_empty() {
            out.push(Found::new(SecretKind::Field, Some(name), line, value));
        }
    }
}

/// A string of JSON up to its closing quotation mark, and what is behind it (RFC 8259 section 7).
fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    })?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// A prompt for a user name or a password; SMTP, POP3 and IMAP send it in base64.
fn prompt(line: &[u8]) -> Option<Expect> {
    let decoded = line.strip_prefix(b"334 ").or_else(|| line.strip_prefix(b"+ ")).and_then(unbase64);
    let base64 = decoded.is_some();
    let text = decoded.as_deref().unwrap_or(line).trim_ascii_end();
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    let ends = |word: &str| {
        let at = text.len().checked_sub(word.len());
        at.and_then(|at| text.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(word.as_bytes()))
    };
    if ["password:", "passwort:", "passphrase:", "password", "passcode:"].iter().any(|w| ends(w))
        && (base64 || text.ends_with(b":"))
    {
        return Some(Expect::Password { base64 });
    }
    let user = ["login:", "username:", "user name:", "user:", "name:"].iter().any(|w| ends(w))
        || base64 && ends("user name");
    user.then_some(Expect::User { base64 })
}

/// What stands before the first `at` and what behind it.
fn split(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    let place = text.iter().position(|&byte| byte == at).unwrap_or(text.len());
    (text.get(..place).unwrap_or(&[]), text.get(place + 1..).unwrap_or(&[]))
}

/// Base64 (RFC 4648 section 4), with its padding or without; `None` where it is none.
fn unbase64(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii();
    let body = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let mut out = Vec::new();
    let (mut bits, mut have) = (0_u32, 0_u32);
    for &byte in body {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        have += 6;
        if have >= 8 {
            have -= 8;
            out.extend(u8::try_from(bits >> have & 0xff).ok());
        }
        bits &= (1 << have) - 1;
    }
    (have < 6).then_some(out)
}

/// A form's escapes undone: `+` and `%41`.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |place: usize| after.get(place).and_then(|&digit| char::from(digit).to_digit(16));
        let escaped = (byte == b'%').then(|| Some(digit(0)? * 16 + digit(1)?)).flatten();
        match escaped.and_then(|code| u8::try_from(code).ok()) {
            Some(code) => {
                out.push(code);
                rest = after.get(2..).unwrap_or(&[]);
            }
            None => {
                out.push(if byte == b'+' { b' ' } else { byte });
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 16;

    fn found(line: &str) -> Vec<(SecretKind, String, String, String)> {
        let text = |bytes: Option<&Cow<'_, [u8]>>| {
            bytes.map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default()
        };
        let read = read(line.as_bytes(), &Expect::Anything, MOST);
        read.found
            .iter()
            .map(|f| (f.kind, text(f.name.as_ref()), text(f.user.as_ref()), text(Some(&f.value))))
            .collect()
    }

    fn one(line: &str) -> (SecretKind, String, String, String) {
        let mut all = found(line);
        assert_eq!(all.len(), 1, "{line}: {all:?}");
        all.remove(0)
    }

    fn row(kind: SecretKind, name: &str, user: &str, value: &str) -> (SecretKind, String, String, String) {
        (kind, name.to_owned(), user.to_owned(), value.to_owned())
    }

    #[test]
    fn headers_carry_secrets() {
        let basic = row(SecretKind::HttpBasic, "", "alice", "wonder:land");
        assert_eq!(one("Authorization: Basic YWxpY2U6d29uZGVyOmxhbmQ="), basic);
        assert_eq!(one("proxy-authorization: basic YWxpY2U6d29uZGVyOmxhbmQ"), basic);
        assert_eq!(one("Authorization: Bearer abc.def"), row(SecretKind::BearerToken, "", "", "abc.def"));
        assert_eq!(one("Set-Cookie: sid=42; Path=/"), row(SecretKind::Cookie, "sid", "", "42"));
        assert_eq!(one("Set-Cookie2: sid=42; Path=/"), row(SecretKind::Cookie, "sid", "", "42"));
        assert_eq!(one("X-Api-Key: 4711"), row(SecretKind::Field, "X-Api-Key", "", "4711"));
        assert_eq!(one("x-auth-token: 4711"), row(SecretKind::Field, "x-auth-token", "", "4711"));
        assert_eq!(one("X-CSRF-Token: 4711"), row(SecretKind::Field, "X-CSRF-Token", "", "4711"));
        assert_eq!(one("Authentication-Info: rspauth=\"x\"").0, SecretKind::Digest);
        assert_eq!(found("Cookie: a=1; b=2").len(), 2);
        let digest = one("Authorization: Digest username=\"a\", response=\"b\"");
        assert_eq!((digest.0, digest.2.as_str()), (SecretKind::Digest, "a"));
        assert_eq!(one("Authorization: NTLM TlRMTVNT").0, SecretKind::Credentials);
        assert_eq!(one("Authorization: 4711").0, SecretKind::Credentials);
        assert!(found("Authorization: Basic").is_empty());
        assert!(found("Host: example.org").is_empty());
    }

    #[test]
    fn forms_queries_and_documents_carry_secrets() {
        let field = |name, value| row(SecretKind::Field, name, "", value);
        assert_eq!(one("user=bob&password=p%40ss+word"), field("password", "p@ss word"));
        assert_eq!(one("GET /login?u=bob&userPass=x HTTP/1.1"), field("userPass", "x"));
        assert_eq!(one(r#"{"user": "bob", "passwd": "hunter2"}"#), field("passwd", "hunter2"));
        assert!(found("the password is not here").is_empty());
        assert!(found("compass=north&bypassed=1&a=b").len() <= 1);
        let line = read(b"Content-Disposition: form-data; name=\"password\"", &Expect::Anything, MOST);
        assert_eq!(line.next, Expect::Field(b"password".to_vec()));
        let next = read(b"sesame", &line.next, MOST);
        assert_eq!((&*next.found[0].value, next.found[0].at.clone()), (b"sesame".as_slice(), 0..6));
        assert_eq!(one(r#"{"a": "b", "pin": 4711, "c": 1}"#), field("pin", "4711"));
        assert_eq!(one("see http://x/y?api_key=4711&z=1 for it"), field("api_key", "4711"));
        assert_eq!(one("ftp://bob:p%40ss@host/"), row(SecretKind::Password, "", "bob", "p@ss"));
        assert!(found("https://git@host/").is_empty());
    }

    #[test]
    fn commands_carry_secrets() {
        let password = |user, value| row(SecretKind::Password, "", user, value);
        assert_eq!(one("PASS open sesame"), password("", "open sesame"));
        assert_eq!(one("a1 LOGIN \"bob b\" \"s3 cret\""), password("bob b", "s3 cret"));
        assert_eq!(one("a1 login bob secret"), password("bob", "secret"));
        assert_eq!(one("AUTH PLAIN AGJvYgBzZWNyZXQ="), password("bob", "secret"));
        assert_eq!(one("a2 AUTHENTICATE PLAIN AGJvYgBzZWNyZXQ="), password("bob", "secret"));
        assert_eq!(one("APOP bob c4c9334bac560ecc979e58001b3e22fb").0, SecretKind::Digest);
        assert_eq!(one("AUTHINFO PASS flounder"), password("", "flounder"));
        assert_eq!(read(b"USER anonymous", &Expect::Anything, MOST).user.unwrap(), b"anonymous");
        let plain = read(b"AUTH PLAIN", &Expect::Anything, MOST).next;
        assert_eq!(&*read(b"AGJvYgBzZWNyZXQ=", &plain, MOST).found[0].value, b"secret");
        assert!(found("a1 LOGIN {3}").is_empty());
    }

    #[test]
    fn prompts_say_what_comes() {
        let asks = |line: &str| read(line.as_bytes(), &Expect::Anything, MOST).asks;
        assert_eq!(asks("host login: "), Some(Expect::User { base64: false }));
        assert_eq!(asks("Password: "), Some(Expect::Password { base64: false }));
        assert_eq!(asks("334 VXNlcm5hbWU6"), Some(Expect::User { base64: true }));
        assert_eq!(asks("334 UGFzc3dvcmQ6"), Some(Expect::Password { base64: true }));
        assert_eq!(asks("Last login: yesterday"), None);
        assert_eq!(asks("Wrong password"), None);
        let typed = read(b"c2VjcmV0", &Expect::Password { base64: true }, MOST);
        assert_eq!(&*typed.found[0].value, b"secret");
    }

    #[test]
    fn a_header_goes_on_in_the_next_line() {
        let first = read(b"Authorization: Basic", &Expect::Anything, MOST);
        assert!(first.found.is_empty());
        let second = read(b"  YWxpY2U6d29uZGVybGFuZA==", &first.next, MOST);
        assert!(second.hides && second.found[0].kind == SecretKind::HttpBasic);
        assert_eq!(&*second.found[0].value, b"wonderland");
        // Another header follows.
        let other = read(b"Host: a", &first.next, MOST);
        assert!(!other.hides && other.found.is_empty() && other.next == Expect::Anything);
        // Endless lines are not put together.
        let mut expect = first.next;
        for _ in 0..1000 {
            let line = read(b" x", &expect, MOST);
            assert!(line.hides);
            expect = line.next;
        }
        assert!(matches!(expect, Expect::Folded { header, .. } if header.len() < 64));
    }

    #[test]
    fn hostile_lines_give_little() {
        let cookies = format!("Cookie: {}", "a=b; ".repeat(5000));
        assert_eq!(found(&cookies).len(), MOST);
        assert!(read(cookies.as_bytes(), &Expect::Anything, MOST).hides);
        for hostile in ["\"", "a=", "\":", "://", "://@", "token=\"", "\"token\":\"\\", "=token", "& "] {
            assert!(found(&hostile.repeat(20_000)).len() <= MOST, "{hostile}");
        }
        assert_eq!(one("Authorization: Basic !!!").0, SecretKind::Credentials);
        assert_eq!(unescape(b"%zz%4"), b"%zz%4");
    }
}
