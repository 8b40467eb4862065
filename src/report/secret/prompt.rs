//! Prompts: what the other side is asked for.

use std::borrow::Cow;

use super::Expect;
use super::find::ESC;
use crate::proto::http::strict_base64;

/// Bytes of a line that asks in more words than `Password:`.
const MAX_PROMPT: usize = 80;

/// A prompt for a user name or a password; SMTP, POP3 and IMAP send it in base64.
pub(super) fn prompt(line: &[u8]) -> Option<Expect> {
    let decoded = line.strip_prefix(b"334 ").or_else(|| line.strip_prefix(b"+ ")).and_then(strict_base64);
    let base64 = decoded.is_some();
    let text = visible(decoded.as_deref().unwrap_or(line));
    let text = text.trim_ascii_end();
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    if !base64 && !text.ends_with(b":") {
        return None;
    }
    let ends = |word: &str| {
        let at = text.len().checked_sub(word.len());
        at.and_then(|at| text.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(word.as_bytes()))
    };
    if ["password:", "passwort:", "passphrase:", "password", "passcode:"].iter().any(|w| ends(w))
        || !base64 && asks_in_words(text)
    {
        return Some(Expect::Password { base64 });
    }
    let user = ["login:", "username:", "user name:", "user:", "name:"].iter().any(|w| ends(w))
        || base64 && ends("user name");
    user.then_some(Expect::User { base64 })
}

/// Whether a line looks as if it asked for something.
pub(in crate::report) fn is_prompt(line: &[u8]) -> bool {
    visible(line).trim_ascii_end().ends_with(b":")
}

/// `Password for bob:`, `Enter PIN:`; no member of a document, no assignment.
fn asks_in_words(text: &[u8]) -> bool {
    const WORDS: [&[u8]; 10] = [
        b"password",
        b"passwort",
        b"passphrase",
        b"passcode",
        b"kennwort",
        b"pin",
        b"otp",
        b"token",
        b"passwd",
        b"secret",
    ];
    let is_document = |byte: &u8| matches!(byte, b'"' | b'{' | b'<' | b'=' | b'\\');
    if text.len() > MAX_PROMPT || text.iter().any(is_document) {
        return false;
    }
    let text = text.strip_suffix(b":").unwrap_or(text);
    let mut words = text.split(|byte| !byte.is_ascii_alphanumeric());
    words.any(|word| WORDS.iter().any(|wanted| word.eq_ignore_ascii_case(wanted)))
}

/// A text without the commands to the terminal in it (ECMA-48 section 5.4).
fn visible(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(ESC, text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = match (byte, behind.split_first()) {
            (ESC, Some((b'[', command))) => {
                let end =
                    command.iter().position(|byte| matches!(byte, 0x40..=0x7e)).unwrap_or(command.len());
                command.get(end.saturating_add(1)..).unwrap_or(&[])
            }
            (ESC, Some((_, after))) => after,
            (ESC, None) => behind,
            _ => {
                out.push(byte);
                behind
            }
        };
    }
    Cow::Owned(out)
}
