//! Base64 (RFC 4648 section 4).

/// The bytes that `text` stands for, as far as it is Base64: characters of no meaning are passed over, and what is behind
/// the padding is not read.
#[must_use]
pub fn base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for &byte in text.iter().take_while(|byte| **byte != b'=') {
        let Some(value) = value(byte) else { continue };
        bits = (bits << 6 | value) & 0xfff;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).unwrap_or(0));
        }
    }
    out
}

/// The same of a text that is nothing but Base64, with its padding or without, blanks around it or not; `None` where it is
/// none.
#[must_use]
pub fn strict_base64(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii();
    let body = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    (body.len() % 4 != 1 && body.iter().all(|byte| value(*byte).is_some())).then(|| base64(body))
}

/// What a character stands for, also in the alphabet for addresses (RFC 4648 section 5).
fn value(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::{base64, strict_base64};

    #[test]
    fn padding_and_blanks_do_not_matter() {
        assert_eq!(base64(b" dGVzdDoxOjM0"), b"test:1:34");
        assert_eq!(base64(b"QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), b"Aladdin:open sesame");
        assert_eq!(base64(b"QQ"), b"A");
        assert_eq!(base64(b"=QQ"), b"");
        assert_eq!(base64(b""), b"");
    }

    #[test]
    fn what_is_no_base64_is_told() {
        assert_eq!(strict_base64(b"QQ=="), Some(b"A".to_vec()));
        assert_eq!(strict_base64(b" QQ "), Some(b"A".to_vec()));
        for other in [b"Q".as_slice(), b"Q Q", b"QQ=Q", b"!QQ"] {
            assert_eq!(strict_base64(other), None, "{other:?}");
        }
    }
}
