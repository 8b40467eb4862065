//! Names that say that a value is secret.

/// Longest name that is looked at: longer ones are no words.
pub(super) const MAX_NAME: usize = 64;

/// What a header holds that is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secret {
    /// A scheme and a secret (RFC 9110 section 11.4).
    Credentials,
    /// What was computed with the password (RFC 7615).
    Info,
    Cookies,
    SetCookie,
    /// All of it, as its name says.
    Token,
}

/// What the header of this name holds that is secret.
pub(super) fn of_header(name: &[u8]) -> Option<Secret> {
    let is = |wanted: &[&str]| wanted.iter().any(|wanted| name.eq_ignore_ascii_case(wanted.as_bytes()));
    match () {
        () if is(&["authorization", "proxy-authorization"]) => Some(Secret::Credentials),
        () if is(&["authentication-info", "proxy-authentication-info"]) => Some(Secret::Info),
        () if is(&["cookie", "cookie2"]) => Some(Secret::Cookies),
        () if is(&["set-cookie", "set-cookie2"]) => Some(Secret::SetCookie),
        () if is_secret(name) => Some(Secret::Token),
        () => None,
    }
}

/// Bytes that names of fields, parameters and headers are made of.
pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']' | b'%' | b'$')
}

/// Whether the name of a field says that its value is secret: `password`, `X-Api-Key`, `user[token]`. Letters count,
/// not how they are joined.
pub(super) fn is_secret(name: &[u8]) -> bool {
    const PARTS: [&[u8]; 10] = [
        b"passw",
        b"passphrase",
        b"passcode",
        b"pwd",
        b"secret",
        b"apikey",
        b"sessionid",
        b"sessid",
        b"xamzsignature",
        b"xgoogsignature",
    ];
    const ENDS: [&[u8]; 3] = [b"token", b"pass", b"sessionkey"];
    const WHOLE: [&[u8]; 12] = [
        b"pw",
        b"pin",
        b"otp",
        b"sid",
        b"jwt",
        b"session",
        b"kennwort",
        b"privatekey",
        b"accesskey",
        b"xauth",
        b"credentials",
        b"xsession",
    ];
    if !(1..=MAX_NAME).contains(&name.len()) || !name.iter().all(|byte| is_name_byte(*byte)) {
        return false;
    }
    let words = Words::of(name);
    // Of `user[pin]` and `login.pin` the last word counts; a second password of a form has a number.
    let last = words.text().rsplit(|byte| *byte == b'.').find(|word| !word.is_empty()).unwrap_or(&[]);
    let letters = last.iter().rposition(u8::is_ascii_alphabetic).map_or(0, |at| at + 1);
    let last = last.get(..letters).unwrap_or(last);
    PARTS.iter().any(|part| memchr::memmem::find(words.text(), part).is_some())
        || ENDS.iter().any(|word| last.ends_with(word))
        || WHOLE.contains(&last)
}

/// Whether a parameter of a query or a form of this name is secret, besides those that [`is_secret`] knows: elsewhere such
/// a name says nothing.
pub(super) fn is_secret_parameter(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"key") || name.eq_ignore_ascii_case(b"auth")
}

/// A name in lower case: of its other bytes `_` and `-` are left out, each of the rest is a full stop.
struct Words {
    bytes: [u8; MAX_NAME],
    len: usize,
}

impl Words {
    fn of(name: &[u8]) -> Self {
        let mut words = Self { bytes: [0; MAX_NAME], len: 0 };
        let mut rest = name;
        while let Some((&byte, behind)) = rest.split_first() {
            // Brackets are escaped in forms, letters may be.
            let code = behind.get(..2).filter(|_| byte == b'%').and_then(|digits| {
                let digit = |place: usize| char::from(*digits.get(place)?).to_digit(16);
                u8::try_from(digit(0)? * 16 + digit(1)?).ok()
            });
            rest = if byte == b'%' { behind.get(2..).unwrap_or(&[]) } else { behind };
            let byte = code.unwrap_or(byte);
            if matches!(byte, b'_' | b'-') {
                continue;
            }
            if let Some(slot) = words.bytes.get_mut(words.len) {
                *slot = if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'.' };
                words.len += 1;
            }
        }
        words
    }

    fn text(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_however_they_are_spelled() {
        for name in [
            "password",
            "PassWd",
            "userPass",
            "pass2",
            "new_password",
            "user[password]",
            "user%5Bpin%5D",
            "pin",
            "access_token",
            "token",
            "X-CSRF-Token",
            "authenticity_token",
            "csrfmiddlewaretoken",
            "api_key",
            "X-Api-Key",
            "client_secret",
            "PHPSESSID",
            "JSESSIONID",
            "sid",
            "session",
            "login.pw",
            "%70assword",
            "p%61ssw%4frd",
            "X-Auth",
            "X-Session",
            "X-Amz-Signature",
        ] {
            assert!(is_secret(name.as_bytes()), "{name}");
        }
        for name in [
            "user",
            "token_type",
            "tokens",
            "max_tokens",
            "passenger",
            "spin",
            "side",
            "session_state",
            "pinned",
            "",
            "a b",
            "host",
            "keyword",
            "a token",
            "key",
            "code",
            "signature",
        ] {
            assert!(!is_secret(name.as_bytes()), "{name}");
        }
        assert!(!is_secret("x".repeat(65).as_bytes()));
    }
}
