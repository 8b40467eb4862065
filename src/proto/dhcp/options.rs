//! Options one after the other: a code, a length, a value (RFC 2132 section 2).

use super::code;

/// An option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opt<'a> {
    /// Where its code stands in the message.
    pub at: usize,
    /// Which one.
    pub code: u8,
    /// Its value, whole.
    pub value: &'a [u8],
}

/// What an area of options has at some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// Zeros before the next option.
    Padding {
        /// Where they begin.
        at: usize,
        /// How many.
        len: usize,
    },
    /// An option.
    Option(Opt<'a>),
    /// The end, and what fills the area behind it.
    End {
        /// Where it stands.
        at: usize,
        /// Bytes behind it.
        rest: usize,
    },
    /// An option that claims more bytes than the area has; nothing is read behind it.
    Overrun {
        /// Where its code stands.
        at: usize,
        /// Which one.
        code: u8,
        /// The length that it claims.
        len: u8,
        /// Bytes that there are of its value.
        had: usize,
    },
    /// A code that the area ends behind.
    NoLength {
        /// Where it stands.
        at: usize,
        /// Which one.
        code: u8,
    },
    /// The area ends without option 255.
    NoEnd,
}

impl<'a> Item<'a> {
    /// The option that it is, if it is one.
    #[must_use]
    pub fn option(self) -> Option<Opt<'a>> {
        match self {
            Item::Option(option) => Some(option),
            _ => None,
        }
    }
}

/// Walks along an area of options, to its end or to what cannot be read.
#[derive(Clone, Copy, Debug)]
pub struct Items<'a> {
    message: &'a [u8],
    at: usize,
    end: usize,
    is_over: bool,
}

impl<'a> Items<'a> {
    /// The options between `at` and `end` of a message; nothing where there is no such area.
    #[must_use]
    pub fn of(message: &'a [u8], at: usize, end: usize) -> Self {
        let end = end.min(message.len());
        Self { message, at, end, is_over: at > end }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        if self.is_over {
            return None;
        }
        let at = self.at;
        let area = self.message.get(at..self.end)?;
        let Some((&code, behind)) = area.split_first() else {
            self.is_over = true;
            return Some(Item::NoEnd);
        };
        match code {
            code::PAD => {
                let len = area.iter().take_while(|byte| **byte == code::PAD).count();
                self.at = at.saturating_add(len);
                return Some(Item::Padding { at, len });
            }
            code::END => {
                self.is_over = true;
                return Some(Item::End { at, rest: behind.len() });
            }
            _ => {}
        }
        let Some((&len, rest)) = behind.split_first() else {
            self.is_over = true;
            return Some(Item::NoLength { at, code });
        };
        let Some(value) = rest.get(..usize::from(len)) else {
            self.is_over = true;
            return Some(Item::Overrun { at, code, len, had: rest.len() });
        };
        self.at = at.saturating_add(2).saturating_add(value.len());
        Some(Item::Option(Opt { at, code, value }))
    }
}

/// Options within an option, which has neither padding nor an end: those of a relay (RFC 3046 section 2.0).
#[derive(Clone, Copy, Debug)]
pub struct Suboptions<'a> {
    value: &'a [u8],
    at: usize,
}

impl<'a> Suboptions<'a> {
    /// Those in an option's value.
    #[must_use]
    pub fn of(value: &'a [u8]) -> Self {
        Self { value, at: 0 }
    }
}

impl<'a> Iterator for Suboptions<'a> {
    type Item = Item<'a>;

    /// The next one, with its place in the value; after one that cannot be read there is none.
    fn next(&mut self) -> Option<Item<'a>> {
        let at = self.at;
        let (&code, behind) = self.value.get(at..)?.split_first()?;
        self.at = self.value.len();
        let Some((&len, rest)) = behind.split_first() else { return Some(Item::NoLength { at, code }) };
        let Some(value) = rest.get(..usize::from(len)) else {
            return Some(Item::Overrun { at, code, len, had: rest.len() });
        };
        self.at = at.saturating_add(2).saturating_add(value.len());
        Some(Item::Option(Opt { at, code, value }))
    }
}
