//! Secrets that go over the wire as they are, found in lines of text.

use crate::source::PacketNumber;

/// Bytes kept of a secret, a name or a user name: longer ones are cut, what is kept shows that they are there.
pub const MAX_SECRET_BYTES: usize = 256;

/// Most secrets that one line gives: a request with more cookies than this shows the first.
const MAX_PER_LINE: usize = 16;

/// What kind of secret it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretKind {
    /// HTTP's Basic authentication (RFC 7617): user and password.
    HttpBasic,
    /// A bearer token (RFC 6750).
    BearerToken,
    /// A cookie (RFC 6265): who has it is taken for its owner.
    Cookie,
    /// A field of a form, a query or a JSON document whose name says that it is secret.
    Field,
    /// A password that was sent with a command, or typed after a prompt.
    Password,
    /// A digest that stands for a password, which can be guessed at leisure (APOP, RFC 1939 section 7).
    Digest,
    /// The community of SNMP version 1 and 2c.
    Community,
}

impl SecretKind {
    /// As a word of JSON: `http_basic`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::HttpBasic => "http_basic",
            Self::BearerToken => "bearer_token",
            Self::Cookie => "cookie",
            Self::Field => "field",
            Self::Password => "password",
            Self::Digest => "digest",
            Self::Community => "community",
        }
    }

    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::HttpBasic => "HTTP Basic",
            Self::BearerToken => "bearer token",
            Self::Cookie => "cookie",
            Self::Field => "form field",
            Self::Password => "password",
            Self::Digest => "password digest",
            Self::Community => "SNMP community",
        }
    }
}

/// A secret that anybody on the way could read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// What kind.
    pub kind: SecretKind,
    /// The name of the cookie or field.
    pub name: Option<Vec<u8>>,
    /// Whose it is, where that was said.
    pub user: Option<Vec<u8>>,
    /// The secret itself, at most [`MAX_SECRET_BYTES`].
    pub value: Vec<u8>,
    /// The packet that completes it.
    pub packet: PacketNumber,
}

/// A secret in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: SecretKind,
    pub(super) name: Option<Vec<u8>>,
    pub(super) user: Option<Vec<u8>>,
    pub(super) value: Vec<u8>,
}

/// What the next line of a side is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Expect {
    /// Anything.
    #[default]
    Anything,
    /// A user name, in base64 or not.
    User { base64: bool },
    /// A password, in base64 or not.
    Password { base64: bool },
    /// A response of SASL's PLAIN (RFC 4616).
    Plain,
    /// The value of a field of a multipart form.
    Field(Vec<u8>),
}

/// What a line says beside its secrets.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) found: Vec<Found>,
    /// A user name that a password will follow.
    pub(super) user: Option<Vec<u8>>,
    /// What the same side sends next.
    pub(super) next: Expect,
    /// What the other side sends next, where this is a prompt.
    pub(super) asks: Option<Expect>,
    /// What an HTTP body is packed with.
    pub(super) packed: Option<Vec<u8>>,
}

/// Reads a line. `expect` is what it was expected to be.
pub(super) fn read(line: &[u8], expect: &Expect) -> Line {
    let mut out = Line::default();
    if answer(line, expect, &mut out) {
        return out;
    }
    let line = line.trim_ascii();
    if let Some(at) = line.iter().position(|&byte| byte == b':') {
        let (name, value) = line.split_at(at);
        header(name, value.get(1..).unwrap_or(&[]).trim_ascii(), &mut out);
    }
    command(line, &mut out);
    form(line, &mut out);
    json(line, &mut out);
    out.asks = prompt(line);
    out.found.truncate(MAX_PER_LINE);
    out
}

/// A line that was asked for.
fn answer(line: &[u8], expect: &Expect, out: &mut Line) -> bool {
    let decoded = |base64: bool| if base64 { unbase64(line.trim_ascii()) } else { Some(line.to_vec()) };
    match expect {
        Expect::Anything => return false,
        Expect::User { base64 } => match decoded(*base64) {
            Some(user) => out.user = Some(user),
            None => return false,
        },
        Expect::Password { base64 } => match decoded(*base64) {
            Some(value) => out.found.push(Found::new(SecretKind::Password, None, &value)),
            None => return false,
        },
        Expect::Plain => match unbase64(line.trim_ascii()) {
            Some(response) => plain(&response, out),
            None => return false,
        },
        Expect::Field(name) if line.starts_with(b"Content-") => out.next = Expect::Field(name.clone()),
        Expect::Field(name) => out.found.push(Found::new(SecretKind::Field, Some(name), line)),
    }
    true
}

impl Found {
    fn new(kind: SecretKind, name: Option<&[u8]>, value: &[u8]) -> Self {
        Self { kind, name: name.map(cut), user: None, value: cut(value) }
    }
}

/// What is kept of a text.
fn cut(text: &[u8]) -> Vec<u8> {
    text.get(..MAX_SECRET_BYTES).unwrap_or(text).to_vec()
}

/// A header of HTTP, or of what is made alike.
fn header(name: &[u8], value: &[u8], out: &mut Line) {
    let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
    if is("Authorization") || is("Proxy-Authorization") {
        let (scheme, rest) = split(value, b' ');
        if scheme.eq_ignore_ascii_case(b"Basic") {
            let Some(pair) = unbase64(rest.trim_ascii()) else { return };
            let (user, password) = split(&pair, b':');
            out.found
                .push(Found { user: Some(cut(user)), ..Found::new(SecretKind::HttpBasic, None, password) });
        } else if scheme.eq_ignore_ascii_case(b"Bearer") {
            out.found.push(Found::new(SecretKind::BearerToken, None, rest.trim_ascii()));
        }
    } else if is("Cookie") {
        let pairs = value.split(|&byte| byte == b';').take(MAX_PER_LINE);
        pairs.for_each(|pair| cookie(pair, out));
    } else if is("Set-Cookie") || is("Set-Cookie2") {
        cookie(split(value, b';').0, out);
    } else if KEYS.iter().any(|key| is(key)) && !value.is_empty() {
        out.found.push(Found::new(SecretKind::Field, Some(name), value));
    } else if is("Content-Encoding") && !value.eq_ignore_ascii_case(b"identity") {
        out.packed = Some(value.get(..MAX_ENCODING).unwrap_or(value).to_vec());
    } else if is("Content-Disposition")
        && let Some(name) = quoted_after(value, b" name=\"")
        && is_secret_name(name)
    {
        out.next = Expect::Field(cut(name));
    }
}

/// Headers whose whole value is a secret; `report::http` masks the same.
const KEYS: [&str; 3] = ["x-api-key", "x-auth-token", "x-access-token"];

/// Bytes kept of the name of an encoding; the longest registered has eight.
const MAX_ENCODING: usize = 32;

fn cookie(pair: &[u8], out: &mut Line) {
    let (name, value) = split(pair.trim_ascii(), b'=');
    if !name.is_empty() && !value.is_empty() {
        out.found.push(Found::new(SecretKind::Cookie, Some(name), value));
    }
}

/// What stands between this and the next quotation mark.
fn quoted_after<'a>(text: &'a [u8], before: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(before.len()).position(|window| window.eq_ignore_ascii_case(before))?;
    text.get(at + before.len()..)?.split(|&byte| byte == b'"').next()
}

/// Commands of FTP, POP3, IMAP, SMTP, NNTP and IRC that carry a user name or a password.
fn command(line: &[u8], out: &mut Line) {
    let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let (Some(first), second, third) = (words.next(), words.next(), words.next()) else { return };
    let is = |word: &[u8], wanted: &str| word.eq_ignore_ascii_case(wanted.as_bytes());
    let rest = |word: &[u8]| line.get(word.len()..).unwrap_or(&[]).trim_ascii();
    match (first, second, third) {
        (user, Some(name), _) if is(user, "USER") => out.user = Some(cut(name)),
        (pass, Some(_), _) if is(pass, "PASS") => {
            out.found.push(Found::new(SecretKind::Password, None, rest(pass)));
        }
        (apop, Some(user), Some(digest)) if is(apop, "APOP") => {
            out.found.push(Found { user: Some(cut(user)), ..Found::new(SecretKind::Digest, None, digest) });
        }
        (info, Some(kind), Some(value)) if is(info, "AUTHINFO") => {
            if is(kind, "USER") {
                out.user = Some(cut(value));
            } else if is(kind, "PASS") {
                out.found.push(Found::new(SecretKind::Password, None, value));
            }
        }
        (_, Some(login), Some(user)) if is(login, "LOGIN") && user.first() != Some(&b'{') => {
            let rest = line.splitn(3, |&byte| byte == b' ').nth(2).unwrap_or(&[]);
            let (user, after) = astring(rest);
            let (password, _) = astring(after);
            if !password.is_empty() {
                out.found.push(Found {
                    user: Some(cut(user)),
                    ..Found::new(SecretKind::Password, None, password)
                });
            }
        }
        (auth, Some(kind), response) if is(auth, "AUTH") => sasl(kind, response, out),
        (_, Some(auth), Some(kind)) if is(auth, "AUTHENTICATE") => sasl(kind, words.next(), out),
        // Clients of Redis send a line for each word.
        (auth, None, None) if auth == b"AUTH" => out.next = Expect::Password { base64: false },
        _ => {}
    }
}

/// A mechanism of SASL that sends the password as it is, with an initial response or without.
fn sasl(mechanism: &[u8], response: Option<&[u8]>, out: &mut Line) {
    let decoded = response.and_then(unbase64);
    if mechanism.eq_ignore_ascii_case(b"PLAIN") {
        match decoded {
            Some(response) if !response.is_empty() => plain(&response, out),
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

/// SASL's PLAIN: for whom, who, password, with zeros between (RFC 4616 section 2).
fn plain(response: &[u8], out: &mut Line) {
    let mut parts = response.splitn(3, |&byte| byte == 0);
    if let (Some(_), Some(user), Some(password)) = (parts.next(), parts.next(), parts.next()) {
        out.found.push(Found { user: Some(cut(user)), ..Found::new(SecretKind::Password, None, password) });
    }
}

/// Fields of a query or a form: `a=b&c=d`, at the end of a request line or on a line of its own.
fn form(line: &[u8], out: &mut Line) {
    for word in line.split(|&byte| matches!(byte, b' ' | b'?' | b'"' | b'\'')).take(MAX_WORDS) {
        for pair in word.split(|&byte| byte == b'&').take(MAX_WORDS) {
            let (name, value) = split(pair, b'=');
            if !value.is_empty() && is_secret_name(name) {
                let value = unescape(value.get(..3 * MAX_SECRET_BYTES).unwrap_or(value));
                out.found.push(Found::new(SecretKind::Field, Some(name), &value));
            }
            if out.found.len() >= MAX_PER_LINE {
                return;
            }
        }
    }
}

/// Most words or fields of a line that are looked at: a line is some kilobytes.
const MAX_WORDS: usize = 256;

/// Members of a JSON object: `"password": "value"`.
fn json(line: &[u8], out: &mut Line) {
    let mut words = line.split(|&byte| byte == b'"').take(MAX_WORDS).peekable();
    let mut before: [&[u8]; 2] = [&[], &[]];
    while let Some(word) = words.next() {
        let [name, colon] = before;
        if colon.trim_ascii() == b":" && is_secret_name(name) && !word.is_empty() && words.peek().is_some() {
            out.found.push(Found::new(SecretKind::Field, Some(name), word));
        }
        before = [colon, word];
    }
}

/// Whether the name of a field says that its value is secret.
fn is_secret_name(name: &[u8]) -> bool {
    const PARTS: [&[u8]; 9] = [
        b"passw",
        b"passphrase",
        b"passcode",
        b"pwd",
        b"secret",
        b"access_token",
        b"api_key",
        b"apikey",
        b"client_secret",
    ];
    const WHOLE: [&[u8]; 6] = [b"pass", b"pw", b"pin", b"otp", b"token", b"passwort"];
    let is_name = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']' | b'%' | b'$')
    };
    (1..=64).contains(&name.len())
        && name.iter().all(is_name)
        && (WHOLE.iter().any(|whole| name.eq_ignore_ascii_case(whole))
            || name.len() > 4
                && name.get(name.len() - 4..).is_some_and(|end| end.eq_ignore_ascii_case(b"pass"))
            || PARTS.iter().any(|part| name.windows(part.len()).any(|w| w.eq_ignore_ascii_case(part))))
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

    fn found(line: &str) -> Vec<(SecretKind, String, String, String)> {
        let text = |bytes: Option<&Vec<u8>>| {
            bytes.map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default()
        };
        let read = read(line.as_bytes(), &Expect::Anything);
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
        assert_eq!(found("Cookie: a=1; b=2").len(), 2);
        assert!(found("Authorization: Digest username=\"a\"").is_empty());
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
        let line = read(b"Content-Disposition: form-data; name=\"password\"", &Expect::Anything);
        assert_eq!(line.next, Expect::Field(b"password".to_vec()));
        assert_eq!(
            read(b"sesame", &line.next).found,
            [Found::new(SecretKind::Field, Some(b"password"), b"sesame")]
        );
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
        assert_eq!(read(b"USER anonymous", &Expect::Anything).user.unwrap(), b"anonymous");
        let plain = read(b"AUTH PLAIN", &Expect::Anything).next;
        assert_eq!(read(b"AGJvYgBzZWNyZXQ=", &plain).found[0].value, b"secret");
        assert!(found("a1 LOGIN {3}").is_empty());
    }

    #[test]
    fn prompts_say_what_comes() {
        let asks = |line: &str| read(line.as_bytes(), &Expect::Anything).asks;
        assert_eq!(asks("host login: "), Some(Expect::User { base64: false }));
        assert_eq!(asks("Password: "), Some(Expect::Password { base64: false }));
        assert_eq!(asks("334 VXNlcm5hbWU6"), Some(Expect::User { base64: true }));
        assert_eq!(asks("334 UGFzc3dvcmQ6"), Some(Expect::Password { base64: true }));
        assert_eq!(asks("Last login: yesterday"), None);
        assert_eq!(asks("Wrong password"), None);
        let typed = read(b"c2VjcmV0", &Expect::Password { base64: true });
        assert_eq!(typed.found[0].value, b"secret");
    }

    #[test]
    fn hostile_lines_give_little() {
        let cookies = format!("Cookie: {}", "a=b; ".repeat(5000));
        assert_eq!(found(&cookies).len(), MAX_PER_LINE);
        let long = format!("PASS {}", "x".repeat(100_000));
        assert_eq!(one(&long).3.len(), MAX_SECRET_BYTES);
        assert!(found("Authorization: Basic !!!").is_empty());
        assert!(found("Authorization: Basic").len() <= 1);
        assert_eq!(unescape(b"%zz%4"), b"%zz%4");
    }
}
