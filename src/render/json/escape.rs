//! JSON that a terminal can be shown: JSON itself escapes only the first 32 control characters.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use crate::render::safe::is_hidden;

/// Writes `value` on one line.
///
/// # Errors
/// Those of `out`.
pub(in crate::render) fn write_compact<W: Write, T: Serialize + ?Sized>(out: W, value: &T) -> io::Result<()> {
    let formatter = Escaping(CompactFormatter);
    Ok(value.serialize(&mut Serializer::with_formatter(out, formatter))?)
}

/// Writes `value` indented.
///
/// # Errors
/// Those of `out`.
pub(in crate::render) fn write_pretty<W: Write, T: Serialize>(out: W, value: &T) -> io::Result<()> {
    let formatter = Escaping(PrettyFormatter::new());
    Ok(value.serialize(&mut Serializer::with_formatter(out, formatter))?)
}

/// JSON that is put together in memory, part by part.
pub(in crate::render) trait JsonText {
    /// Adds what is JSON as it is: brackets, commas, names without special characters.
    fn raw(&mut self, text: &str);
    /// Adds a string.
    fn string(&mut self, text: &str);
}

impl JsonText for Vec<u8> {
    fn raw(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }

    fn string(&mut self, text: &str) {
        // Writing into memory does not fail.
        let _ = write_compact(self, text);
    }
}

/// Lays out as `F` does, and writes characters that control a terminal or hide as `\u` escapes. They mean the same to
/// a JSON reader (RFC 8259, section 7).
struct Escaping<F>(F);

impl<F: Formatter> Formatter for Escaping<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut plain = 0;
        if fragment.bytes().any(|byte| byte >= 0x7f) {
            for (at, char) in fragment.char_indices().filter(|&(_, char)| is_hidden(char)) {
                out.write_all(fragment.get(plain..at).unwrap_or_default().as_bytes())?;
                for unit in char.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
                plain = at + char.len_utf8();
            }
        }
        out.write_all(fragment.get(plain..).unwrap_or_default().as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_could_control_a_terminal_is_escaped_and_means_the_same() {
        let text = "é\u{9b}2J\u{7f}\u{202e}\"\\\n\u{1b} \u{e0041}语";
        let mut out = Vec::new();
        write_compact(&mut out, &text).unwrap();
        let written = r#""é\u009b2J\u007f\u202e\"\\\n\u001b \udb40\udc41语""#;
        assert_eq!(String::from_utf8(out.clone()).unwrap(), written);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    }

    #[test]
    fn the_layout_is_serdes_own() {
        let value = json!({"a": [1, {"b": []}], "c": {}});
        let (mut compact, mut pretty) = (Vec::new(), Vec::new());
        write_compact(&mut compact, &value).unwrap();
        write_pretty(&mut pretty, &value).unwrap();
        assert_eq!(compact, serde_json::to_vec(&value).unwrap());
        assert_eq!(pretty, serde_json::to_vec_pretty(&value).unwrap());
    }
}
