//! Escapes in strings and character constants.

use super::error::{FilterError, quoted};

/// The bytes that `text` stands for; it begins at `start` in the filter.
///
/// # Errors
/// An escape that is none.
pub(super) fn resolve(text: &str, start: usize) -> Result<Vec<u8>, FilterError> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.extend_from_slice(plain.as_bytes());
        let place = start + text.len() - escape.len();
        let len = one(escape, place, &mut out)?;
        rest = escape.get(len..).unwrap_or("");
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

/// Resolves the escape that `text` begins with and gives its length.
fn one(text: &str, place: usize, out: &mut Vec<u8>) -> Result<usize, FilterError> {
    let code = text.chars().nth(1).unwrap_or(' ');
    let simple = match code {
        '\'' | '"' | '\\' | '?' => u8::try_from(code).ok(),
        'a' => Some(7),
        'b' => Some(8),
        'f' => Some(12),
        'n' => Some(b'\n'),
        'r' => Some(b'\r'),
        't' => Some(b'\t'),
        'v' => Some(11),
        _ => None,
    };
    if let Some(byte) = simple {
        out.push(byte);
        return Ok(2);
    }
    let digits = |from: usize, most: usize, radix: u32| {
        let digits = text.get(from..).unwrap_or("");
        let len = digits.chars().take(most).take_while(|c| c.is_digit(radix)).count();
        (len, u32::from_str_radix(digits.get(..len).unwrap_or(""), radix).ok())
    };
    let wrong = |len: usize, message: String| {
        Err(FilterError::new(place..place + len, message)
            .expecting("\\\" \\\\ \\a \\b \\f \\n \\r \\t \\v, \\ooo (octal), \\xhh, \\uhhhh or \\Uhhhhhhhh"))
    };
    match code {
        'u' | 'U' => {
            let wanted = if code == 'u' { 4 } else { 8 };
            let (len, value) = digits(2, wanted, 16);
            let Some(c) = value.and_then(char::from_u32).filter(|_| len == wanted) else {
                let shown = quoted(text.get(..2 + len).unwrap_or(text));
                return wrong(2 + len, format!("\"{shown}\" is no character"));
            };
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            Ok(2 + len)
        }
        'x' | '0'..='7' => {
            let (from, (len, value)) = if code == 'x' { (2, digits(2, 2, 16)) } else { (1, digits(1, 3, 8)) };
            match value.and_then(|value| u8::try_from(value).ok()) {
                Some(byte) => out.push(byte),
                None => {
                    let shown = quoted(text.get(..from + len).unwrap_or(text));
                    return wrong(from + len, format!("\"{shown}\" is no byte"));
                }
            }
            Ok(from + len)
        }
        _ => {
            let len = 1 + code.len_utf8();
            let shown = quoted(text.get(..len).unwrap_or(text));
            wrong(len.min(text.len()), format!("\"{shown}\" is no escape in a string"))
                .map_err(|error| error.hinting("a backslash itself is written \\\\, or the string as r\"…\""))
        }
    }
}
