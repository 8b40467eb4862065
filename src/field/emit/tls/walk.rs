//! Reading fields one after the other, with lengths before what they measure.

use std::borrow::Cow;

use super::super::Emitter;
use super::super::run::Run;
use crate::field::{FieldId, Value};

/// A place in some bytes, which moves on with each field.
pub(super) struct Walk<'p> {
    run: Run<'p>,
    at: usize,
}

impl<'p> Walk<'p> {
    pub(super) fn new(run: Run<'p>) -> Self {
        Self { run, at: 0 }
    }

    pub(super) fn rest(&self) -> Run<'p> {
        self.run.from(self.at)
    }

    pub(super) fn left(&self) -> usize {
        self.run.len().saturating_sub(self.at)
    }

    /// A number of `len` bytes, told as `id`; `None` where it is not all there.
    pub(super) fn number(&mut self, id: FieldId, len: usize, out: &mut Emitter<'_>) -> Option<u64> {
        let bytes = self.run.bytes().get(self.at..self.at.checked_add(len)?)?;
        self.run.give(id, self.at, len, out);
        self.at = self.at.saturating_add(len);
        Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    /// The next `len` bytes, or what is there of them, told to nobody.
    pub(super) fn part(&mut self, len: usize) -> Run<'p> {
        let part = self.run.part(self.at, len);
        self.at = self.at.saturating_add(part.len());
        part
    }

    /// The next `len` bytes, or what is there of them, as `id`.
    pub(super) fn bytes(&mut self, id: FieldId, len: usize, out: &mut Emitter<'_>) {
        let part = self.part(len);
        part.give(id, 0, part.len(), out);
    }

    /// The next `len` bytes as text.
    pub(super) fn text(&mut self, id: FieldId, len: usize, out: &mut Emitter<'_>) {
        let part = self.part(len);
        if out.wants(id) {
            out.give(id, Value::Text(&text(part.bytes())), part.range(0, part.len()));
        }
    }

    /// A length of `width` bytes, told as `id`, and as many of the bytes behind it as are there.
    pub(super) fn vector(&mut self, id: FieldId, width: usize, out: &mut Emitter<'_>) -> Option<Run<'p>> {
        let len = self.number(id, width, out)?;
        Some(self.part(usize::try_from(len).unwrap_or(usize::MAX)))
    }

    /// A length and bytes behind it, which are told as `id`, none not.
    pub(super) fn counted(
        &mut self,
        ids: (FieldId, FieldId),
        width: usize,
        out: &mut Emitter<'_>,
    ) -> Option<()> {
        let part = self.vector(ids.0, width, out)?;
        if !part.is_empty() {
            part.give(ids.1, 0, part.len(), out);
        }
        Some(())
    }

    /// Numbers of `width` bytes each, up to the end.
    pub(super) fn numbers(&mut self, id: FieldId, width: usize, out: &mut Emitter<'_>) {
        while out.wants(id) && self.number(id, width, out).is_some() {}
    }
}

/// ASCII; every other byte is shown as one that cannot be.
pub(in crate::field::emit) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => bytes
            .iter()
            .map(|&byte| if byte.is_ascii() { char::from(byte) } else { char::REPLACEMENT_CHARACTER })
            .collect::<String>()
            .into(),
    }
}

/// A length, and a list behind it under a field of its own, each of whose numbers of `width` bytes is one more field.
pub(super) fn list(
    walk: &mut Walk<'_>,
    ids: (FieldId, FieldId, FieldId),
    widths: (usize, usize),
    out: &mut Emitter<'_>,
) -> Option<()> {
    let (length, list, each) = ids;
    let run = walk.vector(length, widths.0, out)?;
    run.open(list, 0, run.len(), out);
    Walk::new(run).numbers(each, widths.1, out);
    out.close();
    Some(())
}
