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

#[cfg(test)]
mod tests {
    use super::*;

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
