//! The options at the end of a pcapng block: code, length, value, padded to four bytes.

use super::input::Order;

/// Most bytes of a text option that are kept: names and comments for people, not stores of data.
const MAX_TEXT: usize = 4096;

/// An option, or what is wrong with it.
type Item<'a> = Result<(u16, &'a [u8]), String>;

/// Walks a block's options up to the end-of-options or the end of the block.
pub(super) struct Options<'a> {
    order: Order,
    rest: &'a [u8],
}

impl<'a> Options<'a> {
    /// Those of the whole `block`, which begin `from` bytes into it and end before its last length.
    pub(super) fn new(order: Order, block: &'a [u8], from: usize) -> Self {
        Self { order, rest: block.get(from..block.len().saturating_sub(4)).unwrap_or(&[]) }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let (code, len) = (self.order.u16_at(self.rest, 0), self.order.u16_at(self.rest, 2));
        let (Some(code), Some(len)) = (code, len) else {
            let left = self.rest.len();
            self.rest = &[];
            return (left > 0).then(|| Err(format!("{left} bytes where an option should be")));
        };
        if code == 0 {
            self.rest = &[];
            return None;
        }
        let len = usize::from(len);
        let Some(value) = self.rest.get(4..4 + len) else {
            let left = self.rest.len() - 4;
            self.rest = &[];
            return Some(Err(format!("an option of {len} bytes where {left} are left")));
        };
        self.rest = self.rest.get(4 + len.next_multiple_of(4)..).unwrap_or(&[]);
        Some(Ok((code, value)))
    }
}

/// A text option: UTF-8, as far as it goes, and without the terminating zero that some writers add.
pub(super) fn text(value: &[u8]) -> String {
    let value = value.get(..MAX_TEXT).unwrap_or(value);
    String::from_utf8_lossy(value).trim_end_matches('\0').to_owned()
}
