//! Whole numbers as filters write them.

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoNumber {
    /// It has other characters.
    Malformed,
    /// It takes more than 64 bits.
    TooLarge,
}

/// A number without sign: decimal, `0x` hexadecimal, `0b` binary, octal after a zero.
pub(super) fn whole(text: &str) -> Result<u64, NoNumber> {
    let prefixed = |prefix: [&str; 2]| prefix.into_iter().find_map(|prefix| text.strip_prefix(prefix));
    let (digits, radix) = if let Some(digits) = prefixed(["0x", "0X"]) {
        (digits, 16)
    } else if let Some(digits) = prefixed(["0b", "0B"]) {
        (digits, 2)
    } else if text.len() > 1 && text.starts_with('0') {
        (text, 8)
    } else {
        (text, 10)
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(NoNumber::Malformed);
    }
    u64::from_str_radix(digits, radix).map_err(|_| NoNumber::TooLarge)
}

/// A number with or without a fraction and an exponent: `1.5`, `15e-1`; `0x` hexadecimal, but no octal.
pub(super) fn fraction(text: &str) -> Option<f64> {
    if text.starts_with("0x") || text.starts_with("0X") {
        return u32::try_from(whole(text).ok()?).ok().map(f64::from);
    }
    // Rust reads words such as `inf`, too.
    let is_number = text.starts_with(|c: char| c.is_ascii_digit() || c == '+');
    text.parse().ok().filter(|number: &f64| is_number && number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions() {
        for text in ["15", "15.0", "1.5e1", "+15", "0xf", "015"] {
            assert_eq!(fraction(text), Some(15.0), "{text}");
        }
        for text in ["", "inf", "nan", "1e999", "5ms", "1,5", "0x", "0x1ffffffff", "-1", ".5"] {
            assert_eq!(fraction(text), None, "{text}");
        }
    }

    #[test]
    fn every_base() {
        for text in ["10", "0xa", "0XA", "0b1010", "012"] {
            assert_eq!(whole(text), Ok(10), "{text}");
        }
        assert_eq!(whole("0"), Ok(0));
        for text in ["", "080", "0b12", "0x", "1e3", "+1", "-1", "1_0"] {
            assert_eq!(whole(text), Err(NoNumber::Malformed), "{text}");
        }
        assert_eq!(whole("18446744073709551616"), Err(NoNumber::TooLarge));
    }
}
