//! Base64 (RFC 4648 section 4).

/// The bytes that `text` stands for, as far as it is Base64: characters of no meaning are passed over, and what is behind
/// the padding is not read.
#[must_use]
pub fn base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for &byte in text.iter().take_while(|byte| **byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => continue,
        };
        bits = (bits << 6 | u32::from(value)) & 0xfff;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).unwrap_or(0));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn padding_and_blanks_do_not_matter() {
        assert_eq!(base64(b" dGVzdDoxOjM0"), b"test:1:34");
        assert_eq!(base64(b"QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), b"Aladdin:open sesame");
        assert_eq!(base64(b"QQ"), b"A");
        assert_eq!(base64(b"=QQ"), b"");
        assert_eq!(base64(b""), b"");
    }
}
