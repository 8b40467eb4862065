//! Secrets in a line of text.

use std::borrow::Cow;
use std::ops::Range;

use super::command::{command, digest, login_literal, plain, token};
use super::field::{addresses, elements, json, parameters};
use super::name::{self, MAX_NAME};
use super::prompt::prompt;
use super::{Expect, Found, Line, SecretKind};
use crate::proto::http::strict_base64;

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
    // Sequences that switch the terminal's echo or colours off would be taken for the value of a header.
    if memchr::memchr(ESC, text).is_some() {
        out.asks = prompt(text);
        if out.asks.is_some() {
            return out;
        }
    }
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
    elements(line, &mut out);
    out.asks = prompt(text);
    if out.asks.is_none() && (text.starts_with(b"235 ") || text.starts_with(b"535 ")) {
        // Whether the password was right (RFC 4954 section 6): no more of it comes.
        out.asks = Some(Expect::Anything);
    }
    out
}

/// The byte that begins a command to the terminal.
pub(super) const ESC: u8 = 0x1b;

/// What is kept of a text.
pub(super) fn kept(text: &[u8]) -> Vec<u8> {
    text.get(..MAX_KEPT).unwrap_or(text).to_vec()
}

/// Where `part`, which is of `line`, stands in it.
pub(super) fn place(line: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(line.as_ptr().addr()).min(line.len());
    start..start.saturating_add(part.len()).min(line.len())
}

impl<'a> Found<'a> {
    /// A secret that stands in the line as it is.
    pub(super) fn new(kind: SecretKind, name: Option<&'a [u8]>, line: &[u8], value: &'a [u8]) -> Self {
        let name = name.map(Cow::Borrowed);
        Self { kind, name, user: None, value: value.into(), at: place(line, value) }
    }

    pub(super) fn of(self, user: impl Into<Cow<'a, [u8]>>) -> Self {
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

/// Fewest bytes of a digest; a command that gives up is shorter.
const MIN_DIGEST: usize = 8;

/// A line that was asked for, or that goes on with the one before.
fn answer<'a>(line: &'a [u8], expect: &Expect, out: &mut Line<'a>) -> bool {
    let text = line.trim_ascii();
    let decoded =
        |base64: bool| if base64 { strict_base64(text).map(Cow::Owned) } else { Some(Cow::Borrowed(line)) };
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
        Expect::Plain => match strict_base64(text) {
            Some(response) => plain(line, line, &response, out),
            None => return false,
        },
        Expect::LoginName => match strict_base64(text) {
            Some(user) => {
                out.user = Some(kept(&user));
                out.next = Expect::Password { base64: true };
            }
            None => return false,
        },
        Expect::Token => match strict_base64(text).filter(|response| !response.is_empty()) {
            Some(response) => token(line, line, &response, out),
            None => return false,
        },
        Expect::Digest => match strict_base64(text).filter(|response| response.len() >= MIN_DIGEST) {
            Some(response) => digest(line, line, &response, out),
            None => return false,
        },
        Expect::LoginLiteral { len } => login_literal(line, *len, out),
        Expect::Resp(state) => return state.word(line, out),
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
        && let Some(pair) = strict_base64(rest)
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
pub(super) fn quoted_after<'a>(text: &'a [u8], before: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(before.len()).position(|window| window.eq_ignore_ascii_case(before))?;
    text.get(at + before.len()..)?.split(|&byte| byte == b'"').next()
}

/// What stands before the first `at` and what behind it.
pub(super) fn split(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    let place = text.iter().position(|&byte| byte == at).unwrap_or(text.len());
    (text.get(..place).unwrap_or(&[]), text.get(place + 1..).unwrap_or(&[]))
}

#[cfg(test)]
mod tests;
