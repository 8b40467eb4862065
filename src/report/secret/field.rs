//! Fields with names: of addresses, forms, queries, and of documents in JSON, XML and HTML.

use std::borrow::Cow;

use super::find::{place, split};
use super::name::{self, MAX_NAME};
use super::{Expect, Found, Line, SecretKind};
use crate::proto::http::unescape_form;

/// User and password in an address, before its host (RFC 3986 section 3.2.1).
pub(super) fn addresses<'a>(line: &'a [u8], out: &mut Line<'a>) {
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
            out.push(Found { value: unescape_form(password).into(), ..found.of(unescape_form(user)) });
        } else if user.len() >= MIN_TOKEN {
            out.push(found);
        }
    }
}

/// A user of an address that has so many bytes and no password is a token.
const MIN_TOKEN: usize = 20;

/// Fields of a query or a form: `a=b&c=d`. A line that begins with one is a form: there blanks belong to values.
pub(super) fn parameters<'a>(line: &'a [u8], out: &mut Line<'a>) {
    let is_form = line.iter().take(MAX_NAME).find(|byte| !name::is_name_byte(**byte)) == Some(&b'=');
    // What the browser brings back from where its user has logged in (RFC 6749 section 4.1.2).
    let mut is_oauth = None;
    let siblings = [b"state=".as_slice(), b"redirect_uri=", b"grant_type="];
    let has_sibling = || siblings.iter().any(|name| memchr::memmem::find(line, name).is_some());
    let mut is_oauth = || *is_oauth.get_or_insert_with(has_sibling);
    let mut done = 0;
    for equals in memchr::memchr_iter(b'=', line) {
        // What is within a value is part of it.
        if equals < done {
            continue;
        }
        let before = line.get(..equals).unwrap_or(&[]);
        let named = before.iter().rev().take(MAX_NAME + 1).take_while(|byte| name::is_name_byte(**byte));
        let name = before.get(equals.saturating_sub(named.count())..).unwrap_or(&[]);
        let stands_alone = || {
            let before = before.len().checked_sub(name.len() + 1).and_then(|at| before.get(at));
            before.is_none_or(|before| matches!(before, b'?' | b'&'))
        };
        let is_wanted = name::is_secret(name)
            || name::is_secret_parameter(name) && stands_alone()
            || name.eq_ignore_ascii_case(b"code") && stands_alone() && is_oauth();
        if !is_wanted {
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
            out.push(Found { value: unescape_form(value).into(), ..found });
        }
    }
}

/// Members of a JSON object: `"password": "value"`, or a number. A value that is cut counts as far as it is there.
pub(super) fn json<'a>(line: &'a [u8], out: &mut Line<'a>) {
    let mut rest = line;
    while let Some((name, behind)) = memchr::memchr(b'"', rest).and_then(|at| string(rest.get(at + 1..)?)) {
        // What ends one string may begin another where quotation marks are not in pairs.
        rest = line.get(place(line, behind).start.saturating_sub(1)..).unwrap_or(&[]);
        let Some(value) = behind.trim_ascii_start().strip_prefix(b":") else { continue };
        if !name::is_secret(&json_name(name)) {
            continue;
        }
        let value = value.trim_ascii_start();
        if value.is_empty() {
            out.next = Expect::Field(name.to_vec());
            return;
        }
        if let Some(items) = value.strip_prefix(b"[") {
            rest = items;
            while let Some((value, behind)) = scalar(rest.trim_ascii_start()) {
                out.push(Found::new(SecretKind::Field, Some(name), line, value));
                rest = behind.trim_ascii_start();
                rest = rest.strip_prefix(b",").unwrap_or(rest);
            }
            continue;
        }
        let Some((value, behind)) = scalar(value) else { continue };
        rest = behind;
        if !value.is_empty() {
            out.push(Found::new(SecretKind::Field, Some(name), line, value));
        }
    }
}

/// A string or a number that `text` begins with, and what is behind it.
fn scalar(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(inside) = text.strip_prefix(b"\"") {
        return Some(string(inside).unwrap_or((inside, &[])));
    }
    text.first().filter(|first| first.is_ascii_digit() || **first == b'-')?;
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'}' | b']');
    text.split_at_checked(text.iter().position(ends).unwrap_or(text.len()))
}

/// The name of a member, its letters no longer escaped (`\u0070`).
fn json_name(name: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', name).is_none() || name.len() > 6 * MAX_NAME {
        return Cow::Borrowed(name);
    }
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&byte, behind)) = rest.split_first() {
        let digits = rest.strip_prefix(b"\\u").and_then(|rest| rest.get(..4));
        let code = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        out.push(code.unwrap_or(byte));
        rest = if code.is_some() { rest.get(6..).unwrap_or(&[]) } else { behind };
    }
    Cow::Owned(out)
}

/// Elements of XML and HTML: `<password>value</password>`, and a name and a value among the attributes of one.
pub(super) fn elements<'a>(line: &'a [u8], out: &mut Line<'a>) {
    let mut rest = line;
    while let Some(tag) = memchr::memchr(b'<', rest).and_then(|at| rest.get(at.saturating_add(1)..)) {
        let end = memchr::memchr2(b'<', b'>', tag).unwrap_or(tag.len());
        let (inside, behind) = tag.split_at_checked(end).unwrap_or((tag, &[]));
        rest = behind;
        let named = inside.iter().take_while(|byte| name::is_name_byte(**byte) || **byte == b':').count();
        let name = inside.get(..named).unwrap_or(&[]).rsplit(|byte| *byte == b':').next().unwrap_or(&[]);
        if name::is_secret(name) && !inside.ends_with(b"/") {
            let Some(text) = behind.strip_prefix(b">") else { continue };
            let text = text.get(..memchr::memchr(b'<', text).unwrap_or(text.len())).unwrap_or(text);
            let value = text.trim_ascii();
            if !value.is_empty() {
                out.push(Found::new(SecretKind::Field, Some(name), line, value));
            } else if text.len().saturating_add(1) == behind.len() {
                out.next = Expect::Field(name.to_vec());
            }
        } else if memchr::memmem::find(inside, b"value=").is_some()
            && let Some(name) = attribute(inside, b"name=").filter(|name| name::is_secret(name))
            && let Some(value) = attribute(inside, b"value=").filter(|value| !value.is_empty())
        {
            out.push(Found::new(SecretKind::Field, Some(name), line, value));
        }
    }
}

/// The value of an attribute, in quotation marks or not; `before` is its name and the equals sign.
fn attribute<'a>(tag: &'a [u8], before: &[u8]) -> Option<&'a [u8]> {
    let mut places = memchr::memmem::find_iter(tag, before);
    let at = places
        .find(|at| at.checked_sub(1).and_then(|at| tag.get(at)).is_some_and(u8::is_ascii_whitespace))?;
    let behind = tag.get(at.saturating_add(before.len())..)?;
    match behind.split_first() {
        Some((quote @ (b'"' | b'\''), inside)) => Some(split(inside, *quote).0),
        _ => behind.split(u8::is_ascii_whitespace).next(),
    }
}

/// A string of JSON up to its closing quotation mark, and what is behind it (RFC 8259 section 7).
pub(super) fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    })?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}
