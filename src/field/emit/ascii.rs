//! Text of protocols that are made of lines, as Wireshark reads it.

use std::borrow::Cow;

use super::Emitter;
use super::run::Run;
use crate::field::{FieldId, Value};

/// ASCII up to the first NUL; what is none becomes U+FFFD, byte by byte.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.is_ascii() => Cow::Borrowed(text),
        _ => {
            let of =
                |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
            bytes.iter().map(of).collect::<String>().into()
        }
    }
}

/// The `len` bytes at `at` as the text of field `id`.
pub(super) fn give(run: &Run<'_>, id: FieldId, at: usize, len: usize, out: &mut Emitter<'_>) {
    if out.wants(id) {
        out.give(id, Value::Text(&text(run.part(at, len).bytes())), run.range(at, len));
    }
}

/// The same for a field that others stand under.
pub(super) fn open(run: &Run<'_>, id: FieldId, at: usize, len: usize, out: &mut Emitter<'_>) {
    let bytes = run.part(at, len).bytes();
    let text = if out.wants(id) { text(bytes) } else { Cow::Borrowed("") };
    out.open(id, Value::Text(&text), run.range(at, len));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_ascii_up_to_a_nul() {
        assert_eq!(text(b"abc"), "abc");
        assert_eq!(text(b"\r\0x"), "\r");
        assert_eq!(text("é!".as_bytes()), "\u{fffd}\u{fffd}!");
        assert_eq!(text(b""), "");
    }
}
