//! Numbers as Python reads and writes floats.

/// Longest text that is read as a number: far more digits than a double has.
const MAX_DIGITS: usize = 400;

/// Reads a number as Python's `float()` does: digits may be parted by single underscores, an exponent may follow, and
/// `inf`, `infinity` and `nan` are numbers in any case.
#[must_use]
pub fn number(text: &str) -> Option<f64> {
    let text = text.trim_matches(|letter: char| letter.is_ascii_whitespace());
    if text.len() > MAX_DIGITS {
        return None;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_word = ["inf", "infinity", "nan"].iter().any(|word| unsigned.eq_ignore_ascii_case(word));
    if is_word {
        return text.parse().ok();
    }
    let has_form = unsigned.bytes().all(|byte| byte.is_ascii_digit() || b"._eE+-".contains(&byte))
        && unsigned.bytes().next().is_some_and(|byte| byte.is_ascii_digit() || byte == b'.');
    if !has_form {
        return None;
    }
    if !text.contains('_') {
        return text.parse().ok();
    }
    // An underscore stands between two digits.
    let bytes = unsigned.as_bytes();
    let parted = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'_').all(|(at, _)| {
        let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        digit(at.checked_sub(1)) && digit(at.checked_add(1))
    });
    if parted { text.replace('_', "").parse().ok() } else { None }
}

/// A number as Python's `repr()` and `str()` write a float: the fewest digits that mean it, with an exponent below 1e-4 and
/// from 1e16 on.
#[must_use]
pub fn written(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number == 0.0 || (-4..16).contains(&exponent) {
        let text = number.to_string();
        return if text.contains('.') { text } else { text + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_does() {
        for (number, text) in [
            (54.0, "54.0"),
            (-41.76, "-41.76"),
            (-0.75, "-0.75"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e15, "1000000000000000.0"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (1e22, "1e+22"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (-1e-100, "-1e-100"),
            (1.7e308, "1.7e+308"),
            (5e-324, "5e-324"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (100.0, "100.0"),
        ] {
            assert_eq!(written(number), text);
        }
    }

    #[test]
    fn numbers_are_read_as_python_does() {
        for (text, value) in [
            ("12", 12.0),
            (" 3.24 ", 3.24),
            ("-6", -6.0),
            ("+.5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("1_000", 1000.0),
            ("1_0.2_5", 10.25),
            ("INF", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        assert!(number("NaN").is_some_and(f64::is_nan));
        for text in
            ["", ".", "-", "1__0", "_1", "1_", "1_.0", "0x10", "1e", "1,5", "12a", "e5", "--1", "1 2", "é"]
        {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(number(&"9".repeat(MAX_DIGITS + 1)), None);
    }
}
