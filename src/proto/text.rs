//! Is this readable text? Judged by the bytes alone.

/// Share of readable bytes from which bytes with some unreadable ones still count as [`Readability::Mostly`].
const MOSTLY: f32 = 0.7;

/// How readable some bytes are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Readability {
    /// There are none.
    Empty,
    /// Every byte is readable text.
    Readable {
        /// Some characters are outside ASCII (then valid UTF-8).
        utf8: bool,
    },
    /// Most bytes are.
    Mostly {
        /// Share of readable bytes, from 0.7 to below 1.
        share: f32,
    },
    /// Fewer are.
    NotText,
}

impl Readability {
    /// Text, or mostly so.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Readable { .. } | Self::Mostly { .. })
    }
}

/// Judges `bytes`: readable is printable ASCII, tab, carriage return, line feed, and valid UTF-8 beyond ASCII
/// other than the C1 controls. A character that is cut at the end of `bytes` counts as readable, because a
/// sample may end anywhere.
///
/// The size of the sample is `bytes.len()`: a verdict on three bytes is weaker than one on three hundred.
#[must_use]
pub fn judge(bytes: &[u8]) -> Readability {
    if bytes.is_empty() {
        return Readability::Empty;
    }
    // What most samples are either of, and quickly told.
    if bytes.iter().all(|&byte| is_readable(char::from(byte)) && byte.is_ascii()) {
        return Readability::Readable { utf8: false };
    }
    let (mut readable, mut utf8) = (0_usize, false);
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        for character in chunk.valid().chars() {
            if is_readable(character) {
                readable = readable.saturating_add(character.len_utf8());
                utf8 |= !character.is_ascii();
            }
        }
        if chunks.peek().is_none() && is_cut_character(chunk.invalid()) && readable > 0 {
            readable = readable.saturating_add(chunk.invalid().len());
            utf8 = true;
        }
    }
    if readable == bytes.len() {
        return Readability::Readable { utf8 };
    }
    let share = share(readable, bytes.len());
    if share >= MOSTLY { Readability::Mostly { share } } else { Readability::NotText }
}

fn is_readable(character: char) -> bool {
    matches!(character, '\t' | '\r' | '\n') || !character.is_control()
}

/// Whether `bytes` begin a UTF-8 character and stop before its end.
fn is_cut_character(bytes: &[u8]) -> bool {
    !bytes.is_empty() && std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// Both numbers are sample sizes; beyond what a float holds exactly the share is still right to seven digits.
fn share(part: usize, whole: usize) -> f32 {
    part as f32 / whole as f32
}

/// How many bytes of a stream are readable, by the rules of [`judge`]; the stream comes in pieces of any size, and none
/// of it is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadableCount {
    total: u64,
    readable: u64,
    /// Continuation bytes that the character begun still needs, and the range that the next has to be in.
    needs: u8,
    next: (u8, u8),
    begun: u8,
    point: u32,
}

impl ReadableCount {
    /// Counts the next bytes.
    pub fn take(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.byte(byte));
    }

    /// Bytes so far.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Readable bytes so far; those of a character that is not whole yet count.
    #[must_use]
    pub fn readable(&self) -> u64 {
        let open = if self.needs > 0 && self.readable > 0 { u64::from(self.begun) } else { 0 };
        self.readable.saturating_add(open)
    }

    /// The share of readable bytes, from 0 to 1; `None` of no bytes.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        (self.total > 0).then(|| self.readable() as f64 / self.total as f64)
    }

    /// What follows does not follow on these bytes: some are missing.
    pub const fn interrupt(&mut self) {
        self.needs = 0;
    }

    fn byte(&mut self, byte: u8) {
        self.total = self.total.saturating_add(1);
        if self.needs > 0 {
            let (low, high) = self.next;
            if (low..=high).contains(&byte) {
                self.needs -= 1;
                self.begun = self.begun.saturating_add(1);
                self.next = (0x80, 0xbf);
                self.point = self.point << 6 | u32::from(byte & 0x3f);
                if self.needs == 0 && char::from_u32(self.point).is_some_and(is_readable) {
                    self.readable = self.readable.saturating_add(u64::from(self.begun));
                }
                return;
            }
            self.needs = 0;
        }
        // The Unicode Standard, table 3-7: what well-formed UTF-8 may begin with, and its second byte.
        let (needs, next) = match byte {
            0x20..=0x7e | b'\t' | b'\r' | b'\n' => {
                self.readable = self.readable.saturating_add(1);
                return;
            }
            0xc2..=0xdf => (1, (0x80, 0xbf)),
            0xe0 => (2, (0xa0, 0xbf)),
            0xed => (2, (0x80, 0x9f)),
            0xe1..=0xef => (2, (0x80, 0xbf)),
            0xf0 => (3, (0x90, 0xbf)),
            0xf1..=0xf3 => (3, (0x80, 0xbf)),
            0xf4 => (3, (0x80, 0x8f)),
            _ => return,
        };
        self.begun = 1;
        self.needs = needs;
        self.next = next;
        self.point = u32::from(byte & (0x3f >> needs));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_script_is_readable() {
        assert_eq!(judge(b"Knock knock..\r\n\t"), Readability::Readable { utf8: false });
        assert_eq!(judge("Grüße, Ελλάδα, 日本語 🦀".as_bytes()), Readability::Readable { utf8: true });
        assert_eq!(judge(b""), Readability::Empty);
    }

    #[test]
    fn a_character_cut_at_the_end_of_the_sample_is_readable() {
        let text = "caf\u{e9} 日本語".as_bytes();
        for end in 1..=text.len() {
            assert!(matches!(judge(&text[..end]), Readability::Readable { .. }), "cut at {end}");
        }
    }

    #[test]
    fn controls_and_stray_bytes_are_not() {
        assert_eq!(judge(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"), Readability::NotText);
        assert_eq!(judge(&[0; 40]), Readability::NotText);
        assert_eq!(judge(b"\x1b\x1b\x1bab"), Readability::NotText);
        assert_eq!(judge("\u{85}\u{9b}".as_bytes()), Readability::NotText);
        // A lone lead byte is no text with a cut end.
        assert_eq!(judge(&[0xe6]), Readability::NotText);
    }

    #[test]
    fn a_few_bad_bytes_make_it_mostly_text() {
        let Readability::Mostly { share } = judge(b"user name\0") else { panic!("not mostly") };
        assert!((share - 0.9).abs() < 1e-6);
        assert!(judge(b"user name\0").is_text());
        assert!(!judge(b"ab\0\0").is_text());
    }

    #[test]
    fn counting_in_pieces_says_the_same() {
        let samples: [&[u8]; 6] = [
            b"plain text\r\n",
            "Grüße, Ελλάδα, 日本語 🦀".as_bytes(),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
            b"a\xe6\x97b\xf0\x9f\xa6",
            "\u{85}x\u{9b}".as_bytes(),
            b"ok \xed\xa0\x80 \xc0\xaf \xf5\x80",
        ];
        for sample in samples {
            for size in 1..=sample.len() {
                let mut count = ReadableCount::default();
                sample.chunks(size).for_each(|piece| count.take(piece));
                let share = count.share().unwrap();
                match judge(sample) {
                    Readability::Readable { .. } => assert!(share >= 1.0, "{share}"),
                    Readability::Mostly { share: whole } => assert!((share - f64::from(whole)).abs() < 1e-6),
                    _ => assert!(share < 0.7, "{share} {sample:?}"),
                }
            }
        }
    }
}
