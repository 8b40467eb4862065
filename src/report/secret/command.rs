//! Commands with secrets: of mail, files, news, chat, and of Redis.

use super::find::{kept, place, quoted_after, split};
use super::{Expect, Found, Line, SecretKind};
use crate::proto::http::strict_base64;

/// Words of an array of Redis's that are followed: no command with a password has more.
const MAX_WORDS: u8 = 99;

/// Most digits of the length of a literal of IMAP: names and passwords are short.
const MAX_DIGITS: usize = 5;

/// Mechanisms of SASL (IANA, SASL Mechanisms), and what stands in their place in AUTH of FTP.
const MECHANISMS: [&str; 17] = [
    "PLAIN",
    "LOGIN",
    "CRAM-",
    "DIGEST-",
    "SCRAM-",
    "XOAUTH",
    "OAUTH",
    "NTLM",
    "GSS",
    "KERBEROS",
    "EXTERNAL",
    "ANONYMOUS",
    "SKEY",
    "OTP",
    "TLS",
    "SSL",
    "X-",
];

/// Commands of FTP, POP3, IMAP, SMTP, NNTP, IRC and Redis that carry a user name or a password.
pub(super) fn command<'a>(line: &'a [u8], out: &mut Line<'a>) {
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
        (acct, Some(_), _) if is(acct, "ACCT") => {
            let account = text.get(acct.len()..).unwrap_or(&[]).trim_ascii();
            out.push(Found::new(SecretKind::Account, None, line, account));
        }
        (oper, Some(user), Some(value)) if is(oper, "OPER") => out.push(password(value).of(user)),
        (auth, Some(kind), response) if is(auth, "AUTH") => {
            let is_mechanism = MECHANISMS.iter().any(|name| {
                kind.get(..name.len()).is_some_and(|begins| begins.eq_ignore_ascii_case(name.as_bytes()))
            });
            match response {
                _ if is_mechanism => sasl(line, kind, response, out),
                // Typed to Redis, with a user or without.
                None => out.push(password(kind)),
                Some(value) if words.next().is_none() => out.push(password(value).of(kind)),
                Some(_) => {}
            }
        }
        // ManageSieve (RFC 5804 section 2.1) has its words in quotation marks.
        (auth, Some(kind), response) if is(auth, "AUTHENTICATE") => {
            sasl(line, unquoted(kind), response.map(unquoted), out);
        }
        (_, Some(auth), Some(kind)) if is(auth, "AUTHENTICATE") => sasl(line, kind, words.next(), out),
        (tag, Some(login), Some(_)) if is(login, "LOGIN") && tag.iter().all(u8::is_ascii_alphanumeric) => {
            login_words(line, text, out);
        }
        (count, None, None) if count.first() == Some(&b'*') => {
            let digits = count.get(1..).and_then(|digits| std::str::from_utf8(digits).ok());
            let left = digits.and_then(|digits| digits.parse().ok());
            if let Some(left @ 2..=MAX_WORDS) = left {
                out.next = Expect::Resp(Resp { left, secrets: 0, is_sized: false, has_begun: false });
            }
        }
        _ => services(line, text, out),
    }
}

/// A password for the services of IRC: `PRIVMSG NickServ :IDENTIFY password`, `NS IDENTIFY user password`.
fn services<'a>(line: &'a [u8], text: &'a [u8], out: &mut Line<'a>) {
    let mut to_services = false;
    for word in text.split(|&byte| byte == b' ').take(MAX_SERVICE_WORDS) {
        let is = |wanted: &[&str]| wanted.iter().any(|wanted| word.eq_ignore_ascii_case(wanted.as_bytes()));
        if to_services && is(&["IDENTIFY", ":IDENTIFY"]) {
            let rest = text.get(place(text, word).end..).unwrap_or(&[]).trim_ascii();
            if !rest.is_empty() {
                out.push(Found::new(SecretKind::Password, None, line, rest));
            }
            return;
        }
        to_services |= is(&["NickServ", "NS", ":NickServ"])
            || word.get(..9).is_some_and(|begins| begins.eq_ignore_ascii_case(b"NickServ@"));
    }
}

/// Words of a message to services that are looked at: a sender, the command, who it is for, what.
const MAX_SERVICE_WORDS: usize = 5;

/// Words of a command of Redis's: an array of strings, each behind a line with its length (RESP).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resp {
    /// Words to come.
    left: u8,
    /// How many of the next are a password, or a user and a password.
    secrets: u8,
    /// The length of the next was told.
    is_sized: bool,
    /// The first has come.
    has_begun: bool,
}

impl Resp {
    /// Takes the next line; gives whether there is nothing else in it.
    pub(super) fn word<'a>(self, line: &'a [u8], out: &mut Line<'a>) -> bool {
        let is_size = line.strip_prefix(b"$").is_some_and(|len| len.iter().all(u8::is_ascii_digit));
        if is_size && !self.is_sized {
            out.next = Expect::Resp(Self { is_sized: true, ..self });
            return true;
        }
        let left = self.left.saturating_sub(1);
        let is = |wanted: &str| line.eq_ignore_ascii_case(wanted.as_bytes());
        let secrets = match self.secrets {
            0 if is("AUTH") && self.has_begun && left > 1 => 2,
            0 if is("AUTH") => left,
            0 if is("AUTH2") => 2,
            0 if is("requirepass") || is("masterauth") => 1,
            secrets => secrets.saturating_sub(1),
        };
        match self.secrets {
            0 => {}
            1 => out.push(Found::new(SecretKind::Password, None, line, line)),
            _ => out.user = Some(kept(line)),
        }
        if left > 0 {
            out.next = Expect::Resp(Self { left, secrets, is_sized: false, has_begun: true });
        }
        self.secrets > 0
    }
}

/// LOGIN of IMAP (RFC 9051 section 6.2.3); `text` is the line, which has three words or more.
fn login_words<'a>(line: &'a [u8], text: &'a [u8], out: &mut Line<'a>) {
    let rest = text.splitn(3, |&byte| byte == b' ').nth(2).unwrap_or(&[]).trim_ascii_start();
    if let Some(len) = literal(rest) {
        out.next = Expect::LoginLiteral { len };
        return;
    }
    let (user, after) = astring(rest);
    login_password(line, user, after, out);
}

/// A user name that was announced to have so many bytes, and what follows it.
pub(super) fn login_literal<'a>(line: &'a [u8], len: usize, out: &mut Line<'a>) {
    let (user, after) = line.split_at_checked(len).unwrap_or((line, &[]));
    login_password(line, user, after, out);
}

/// The second word of LOGIN.
fn login_password<'a>(line: &'a [u8], user: &'a [u8], after: &'a [u8], out: &mut Line<'a>) {
    let user = without_escapes(user);
    if literal(after.trim_ascii()).is_some() {
        out.user = Some(kept(&user));
        out.next = Expect::Password { base64: false };
        return;
    }
    let (value, _) = astring(after);
    if !value.is_empty() {
        let found = Found::new(SecretKind::Password, None, line, value);
        out.push(Found { value: without_escapes(value).into(), ..found.of(user) });
    }
}

/// The length of a literal that follows in the next line (RFC 9051 section 4.3): `{8}`, `{8+}`.
fn literal(word: &[u8]) -> Option<usize> {
    let digits = word.strip_prefix(b"{")?.strip_suffix(b"}")?;
    let digits = digits.strip_suffix(b"+").or_else(|| digits.strip_suffix(b"-")).unwrap_or(digits);
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.len() <= MAX_DIGITS)?;
    digits.parse().ok()
}

/// A quoted string without the backslashes before quotation marks and backslashes.
fn without_escapes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        let escaped = behind.first().filter(|next| byte == b'\\' && matches!(next, b'"' | b'\\'));
        out.push(*escaped.unwrap_or(&byte));
        rest = if escaped.is_some() { behind.get(1..).unwrap_or(&[]) } else { behind };
    }
    out
}

/// A word without its quotation marks.
fn unquoted(word: &[u8]) -> &[u8] {
    word.strip_prefix(b"\"").and_then(|word| word.strip_suffix(b"\"")).unwrap_or(word)
}

/// A mechanism of SASL, with an initial response or without.
fn sasl<'a>(line: &'a [u8], mechanism: &[u8], response: Option<&'a [u8]>, out: &mut Line<'a>) {
    let is = |wanted: &str| mechanism.eq_ignore_ascii_case(wanted.as_bytes());
    let begins = |wanted: &str| {
        mechanism.get(..wanted.len()).is_some_and(|begins| begins.eq_ignore_ascii_case(wanted.as_bytes()))
    };
    let packed = response.unwrap_or(&[]);
    let decoded = strict_base64(packed).filter(|decoded| !decoded.is_empty());
    if is("PLAIN") {
        match decoded {
            Some(decoded) => plain(line, packed, &decoded, out),
            None => out.next = Expect::Plain,
        }
    } else if is("LOGIN") {
        out.next = match decoded {
            Some(_) => Expect::Password { base64: true },
            None => Expect::LoginName,
        };
        out.user = decoded;
    } else if is("XOAUTH2") || is("OAUTHBEARER") {
        match decoded {
            Some(decoded) => token(line, packed, &decoded, out),
            None => out.next = Expect::Token,
        }
    } else if begins("CRAM-") || begins("DIGEST-") || begins("SCRAM-") {
        match decoded {
            Some(decoded) => digest(line, packed, &decoded, out),
            None => out.next = Expect::Digest,
        }
    }
}

/// A token of OAuth 2.0 with its user, in the form of XOAUTH2 or OAUTHBEARER (RFC 7628 section 3.1).
pub(super) fn token(line: &[u8], packed: &[u8], response: &[u8], out: &mut Line<'_>) {
    let part = |before: &[u8], ends: &[u8]| {
        let at = memchr::memmem::find(response, before)?;
        let rest = response.get(at.saturating_add(before.len())..)?;
        let end = rest.iter().position(|byte| ends.contains(byte)).unwrap_or(rest.len());
        rest.get(..end).map(<[u8]>::to_vec)
    };
    let user = part(b"user=", b"\x01").or_else(|| part(b"a=", b",\x01"));
    let value = part(b"earer ", b"\x01").unwrap_or_else(|| response.to_vec());
    let (user, value) = (user.map(Into::into), value.into());
    out.push(Found { kind: SecretKind::BearerToken, name: None, user, value, at: place(line, packed) });
}

/// What was computed with the password: CRAM-MD5 (RFC 2195), DIGEST-MD5 (RFC 2831), SCRAM (RFC 5802).
pub(super) fn digest(line: &[u8], packed: &[u8], response: &[u8], out: &mut Line<'_>) {
    // SCRAM says first who it is.
    if [b"n,".as_slice(), b"y,", b"p="].iter().any(|begins| response.starts_with(begins)) {
        let user = memchr::memmem::find(response, b",n=").and_then(|at| response.get(at + 3..));
        out.user = user.map(|user| kept(split(user, b',').0));
        out.next = Expect::Digest;
        return;
    }
    let of_cram = response.iter().rposition(|byte| *byte == b' ').and_then(|at| response.get(..at));
    let named = quoted_after(response, b"username=\"").or(of_cram.filter(|user| !user.contains(&b'=')));
    let (user, value) = (named.map(|user| user.to_vec().into()), response.to_vec().into());
    out.push(Found { kind: SecretKind::Digest, name: None, user, value, at: place(line, packed) });
}

/// A word of IMAP, in quotation marks or not, and what follows it.
fn astring(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    match text.strip_prefix(b"\"") {
        Some(rest) => super::field::string(rest).unwrap_or((rest, &[])),
        None => split(text, b' '),
    }
}

/// SASL's PLAIN: for whom, who, password, with zeros between (RFC 4616 section 2); `packed` is what of the line holds it.
pub(super) fn plain(line: &[u8], packed: &[u8], response: &[u8], out: &mut Line<'_>) {
    let mut parts = response.splitn(3, |&byte| byte == 0);
    if let (Some(_), Some(user), Some(password)) = (parts.next(), parts.next(), parts.next()) {
        let (user, value) = (Some(user.to_vec().into()), password.to_vec().into());
        out.push(Found { kind: SecretKind::Password, name: None, user, value, at: place(line, packed) });
    }
}
