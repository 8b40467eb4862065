//! Telnet (RFC 854): what is typed and shown, and the commands between.
//!
//! A [`super::Message`] is what one packet brings, without a command that it does not end. [`Items`] are what it is made of.

use memchr::{memchr, memmem};

use super::{Analyzer, Input, Note, Step};

/// Most bytes of a suboption that is waited for; real ones have some hundred.
pub const MAX_SUBOPTION: usize = 4096;

/// The byte that every command begins with.
pub const IAC: u8 = 255;
/// Negotiation of an option begins.
pub const SB: u8 = 250;
/// It ends.
pub const SE: u8 = 240;

/// What a Telnet connection carries, piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// Characters.
    Data {
        /// Where they begin.
        at: usize,
        /// The characters.
        bytes: &'a [u8],
    },
    /// A command: WILL, WON'T, DO, DON'T with their option, or one without.
    Command {
        /// Where it begins.
        at: usize,
        /// Its code.
        code: u8,
        /// The option.
        option: Option<u8>,
    },
    /// A suboption, up to the command that ends it.
    Suboption {
        /// Where it begins.
        at: usize,
        /// The option.
        option: u8,
        /// What it says, with IAC doubled.
        value: &'a [u8],
    },
}

/// The pieces of some bytes.
#[derive(Clone, Copy, Debug)]
pub struct Items<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Items<'a> {
    /// The pieces of `bytes`.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let at = self.at;
        let rest = self.bytes.get(at..).filter(|rest| !rest.is_empty())?;
        // An IAC that is doubled is a character.
        let data = suboption_len(rest).unwrap_or_else(|| plain_len(rest));
        if data > 0 {
            self.at = at.saturating_add(data);
            return Some(Item::Data { at, bytes: rest.get(..data)? });
        }
        let (item, len) = match *rest {
            [_, SB, option, ref value @ ..] => {
                let len = suboption_len(value).unwrap_or(value.len());
                let value = value.get(..len).unwrap_or(value);
                (Item::Suboption { at, option, value }, len.saturating_add(3))
            }
            [_, code @ 251..=254, option, ..] => (Item::Command { at, code, option: Some(option) }, 3),
            [_, code, ..] => (Item::Command { at, code, option: None }, 2),
            _ => {
                self.at = self.bytes.len();
                return None;
            }
        };
        self.at = at.saturating_add(len);
        Some(item)
    }
}

/// How many characters there are where no command follows them; an IAC at the very end is the beginning of one.
fn plain_len(rest: &[u8]) -> usize {
    let at_end = rest.iter().rev().take_while(|byte| **byte == IAC).count();
    rest.len().saturating_sub(at_end % 2)
}

/// How many bytes stand before a command, a doubled IAC being one of them; `None` where none is there.
fn suboption_len(value: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let rest = value.get(from..)?;
        let end = from.saturating_add(memchr(IAC, rest)?);
        if *value.get(end.saturating_add(1))? != IAC {
            return Some(end);
        }
        from = end.saturating_add(2);
    }
}

/// How many bytes at the end of `bytes` are a command that is not whole.
#[must_use]
pub fn unfinished(bytes: &[u8]) -> usize {
    // What could be one begins no further back than the last suboption.
    let start = memmem::rfind(bytes, &[IAC, SB]).unwrap_or(bytes.len().saturating_sub(2));
    // An IAC that is doubled is a character.
    if matches!(bytes.get(..start), Some([.., before, IAC]) if *before != IAC) {
        return 0;
    }
    let mut last = None;
    for item in Items::of(bytes.get(start..).unwrap_or(&[])) {
        last = Some(item);
    }
    let rest = bytes.len().saturating_sub(start);
    match last {
        Some(Item::Suboption { at, value, .. }) if at + 3 + value.len() == rest => rest.saturating_sub(at),
        _ => match bytes {
            [.., before, IAC] if *before != IAC => 1,
            [IAC] => 1,
            [.., IAC, 251..=254] => 2,
            [.., IAC, SB] => 2,
            _ => 0,
        },
    }
}

/// `WILL`: a command (RFC 854).
#[must_use]
pub const fn command_name(code: u8) -> Option<&'static str> {
    Some(match code {
        236 => "end of file",
        237 => "suspend",
        238 => "abort",
        239 => "end of record",
        241 => "no operation",
        242 => "data mark",
        243 => "break",
        244 => "interrupt process",
        245 => "abort output",
        246 => "are you there",
        247 => "erase character",
        248 => "erase line",
        249 => "go ahead",
        251 => "WILL",
        252 => "WON'T",
        253 => "DO",
        254 => "DON'T",
        _ => return None,
    })
}

/// `echo`: an option (IANA, Telnet Options).
#[must_use]
pub const fn option_name(code: u8) -> Option<&'static str> {
    Some(match code {
        0 => "binary",
        1 => "echo",
        3 => "suppress go ahead",
        5 => "status",
        6 => "timing mark",
        24 => "terminal type",
        25 => "end of record",
        31 => "window size",
        32 => "terminal speed",
        33 => "flow control",
        34 => "linemode",
        35 => "X display location",
        36 => "environment",
        37 => "authentication",
        38 => "encryption",
        39 => "new environment",
        42 => "character set",
        44 => "serial port",
        _ => return None,
    })
}

/// A connection that carries Telnet.
#[derive(Debug, Default)]
pub struct TelnetAnalyzer;

impl Analyzer for TelnetAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        let bytes = input.bytes;
        if bytes.is_empty() {
            return Step::More(1);
        }
        let kept = if input.end.is_some() { 0 } else { unfinished(bytes) };
        let len = if kept > MAX_SUBOPTION { bytes.len() } else { bytes.len().saturating_sub(kept) };
        if len == 0 {
            return Step::More(bytes.len().saturating_add(1));
        }
        Step::Message { len, note: Note::None, inner: None }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn options_stand_apart_from_what_is_typed() {
        let bytes = b"lo\xff\xfd\x03gin\xff\xfa\x1f\x00\x50\xff\xff\x18\xff\xf0\xff\xf9";
        let items: Vec<_> = Items::of(bytes).collect();
        let expected = [
            Item::Data { at: 0, bytes: b"lo" },
            Item::Command { at: 2, code: 253, option: Some(3) },
            Item::Data { at: 5, bytes: b"gin" },
            Item::Suboption { at: 8, option: 31, value: b"\x00\x50\xff\xff\x18" },
            Item::Command { at: 16, code: 240, option: None },
            Item::Command { at: 18, code: 249, option: None },
        ];
        assert_eq!(items, expected);
    }

    #[test]
    fn a_command_that_is_cut_waits() {
        let cases: [(&[u8], usize); 8] = [
            (b"ab", 0),
            (b"ab\xff", 1),
            (b"ab\xff\xfb", 2),
            (b"ab\xff\xfb\x01", 0),
            (b"ab\xff\xfa\x18\x00xt", 6),
            (b"ab\xff\xfa\x18\x00xt\xff", 7),
            (b"ab\xff\xfa\x18\x00xt\xff\xf0", 0),
            (b"\xff", 1),
        ];
        for (bytes, kept) in cases {
            assert_eq!(unfinished(bytes), kept, "{bytes:02x?}");
        }
    }

    proptest! {
        #[test]
        fn random_bytes_are_all_told(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 240_u8..], 0..60)) {
            let mut last = 0;
            for item in Items::of(&bytes) {
                let at = match item {
                    Item::Data { at, .. } | Item::Command { at, .. } | Item::Suboption { at, .. } => at,
                };
                prop_assert!(at >= last);
                last = at;
            }
            prop_assert!(unfinished(&bytes) <= bytes.len());
        }
    }
}
