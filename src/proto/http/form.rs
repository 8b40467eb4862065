//! Escapes of forms.

/// A form's escapes undone: `+` for blanks, and bytes as `%` and two digits (WHATWG URL section 5.1).
#[must_use]
pub fn unescape_form(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match (byte, behind.split_first_chunk::<2>()) {
            (b'+', _) => out.push(b' '),
            (b'%', Some((&[high, low], after))) => match (digit(high), digit(low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    rest = after;
                }
                _ => out.push(byte),
            },
            _ => out.push(byte),
        }
    }
    out
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::unescape_form;

    #[test]
    fn escapes_are_undone_and_what_is_none_is_left() {
        assert_eq!(unescape_form(b"p%40ss+w%6Frd"), b"p@ss word");
        assert_eq!(unescape_form(b"%zz%4"), b"%zz%4");
    }
}
