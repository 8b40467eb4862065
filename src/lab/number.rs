//! Numbers as Python reads and writes them, for the calculator's other side is often Python.

/// Longest text that is a number, in bytes: a float has at most 17 digits that count, and some zeros.
const MAX_LENGTH: usize = 400;

/// What `float(text)` is in Python; `None` where that raises `ValueError`. Digits of other scripts are not read.
pub(super) fn read(text: &str) -> Option<f64> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let magnitude = text.strip_prefix(['+', '-']).unwrap_or(text);
    if magnitude.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        // Rust reads what Python does, but for underscores between digits.
        let bytes = magnitude.as_bytes();
        let has_stray =
            bytes.starts_with(b"_") || bytes.ends_with(b"_") || bytes.windows(2).any(is_stray_underscore);
        return if has_stray { None } else { text.replace('_', "").parse().ok() };
    }
    match magnitude.to_ascii_lowercase().as_str() {
        "inf" | "infinity" | "nan" => text.parse().ok(),
        _ => None,
    }
}

/// Whether an underscore in these two bytes lacks a digit beside it.
fn is_stray_underscore(pair: &[u8]) -> bool {
    match pair {
        [b'_', other] | [other, b'_'] => !other.is_ascii_digit(),
        _ => false,
    }
}

/// What `repr(number)` is in Python: the fewest digits that mean this float, plain from 0.0001 to below 10 to the 16th.
pub(super) fn write(number: f64) -> String {
    if number.is_nan() {
        return "nan".into();
    }
    let magnitude = number.abs();
    if number == 0.0 || (1e-4..1e16).contains(&magnitude) {
        // Rust's own form for debugging has a point always, and is plain in this range.
        let plain = number.to_string();
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    if magnitude.is_infinite() {
        return number.to_string();
    }
    // At least two digits and always a sign, where Rust writes 1e16 and 1e-5.
    let short = format!("{number:e}");
    match short.split_once('e') {
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(small) => format!("{digits}e-{small:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
        None => short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        for (number, text) in [
            (54.0, "54.0"),
            (-41.76, "-41.76"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e15, "1000000000000000.0"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (-1.25e22, "-1.25e+22"),
            (1e100, "1e+100"),
            (0.0001, "0.0001"),
            (0.000_099_999, "9.9999e-05"),
            (5e-324, "5e-324"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (-f64::NAN, "nan"),
        ] {
            assert_eq!(write(number), text);
        }
    }

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        for (text, number) in [
            ("12", 12.0),
            ("-6", -6.0),
            ("+.5", 0.5),
            ("5.", 5.0),
            ("1E3", 1000.0),
            ("1e-3", 0.001),
            ("1_000.5", 1000.5),
            ("1e1_0", 1e10),
            ("-InFinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(read(text), Some(number), "{text}");
        }
        assert!(read("nan").unwrap().is_nan());
        for text in
            ["", "+", ".", "_1", "1_", "1__0", "1_.5", "1._5", "0x1", "1,5", "--1", "e1", "1e", "one", "é"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"1".repeat(MAX_LENGTH + 1)), None);
    }
}
