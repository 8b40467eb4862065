//! Addresses as host names. No name is ever looked up, so the name is the address's text, as in `tshark -n`.

use std::fmt::{self, Write};

use super::{ByteRange, Emitter};
use crate::field::{FieldId, FieldKind, Value};

/// The longest text of an address is shorter: eight groups of four digits and the colons between them.
const MAX_TEXT: usize = 48;

/// A short text without an allocation.
struct Text {
    bytes: [u8; MAX_TEXT],
    len: usize,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// Tells the text of `address` as each of `ids`.
pub(super) fn give(ids: &[FieldId], address: Value<'_>, range: ByteRange, out: &mut Emitter<'_>) {
    if !ids.iter().any(|id| out.wants(*id)) {
        return;
    }
    let mut text = Text { bytes: [0; MAX_TEXT], len: 0 };
    if address.write(FieldKind::Text, &mut text).is_err() {
        return;
    }
    if let Some(Ok(text)) = text.bytes.get(..text.len).map(std::str::from_utf8) {
        for id in ids {
            out.give(*id, Value::Text(text), range);
        }
    }
}
