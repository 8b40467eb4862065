//! Is this readable text? Judged by the bytes alone.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

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
    let mut count = ReadableCount::default();
    count.take(bytes);
    let readable = usize::try_from(count.readable()).unwrap_or(usize::MAX);
    if readable == bytes.len() {
        return Readability::Readable { utf8: count.wide || count.open() > 0 };
    }
    let share = share(readable, bytes.len());
    if share >= MOSTLY { Readability::Mostly { share } } else { Readability::NotText }
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
    /// Where in a character it is: a row of [`STEPS`].
    state: u8,
    /// Characters outside ASCII were among them.
    wide: bool,
}

impl ReadableCount {
    /// Counts the next bytes.
    pub fn take(&mut self, bytes: &[u8]) {
        let steps = &*STEPS;
        let (mut state, mut readable, mut all) = (self.state, 0_u64, 0_u8);
        for &byte in bytes {
            let row = steps.get(usize::from(state & 0x0f));
            let step = row.and_then(|row| row.get(usize::from(byte))).copied().unwrap_or(0);
            state = step & 0x0f;
            readable = readable.saturating_add(u64::from(step >> 4));
            all |= step;
        }
        self.state = state;
        self.readable = self.readable.saturating_add(readable);
        // One byte is ASCII, two to four are not.
        self.wide |= all & 0x60 != 0;
        self.total = self.total.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    /// Bytes so far.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Readable bytes so far; those of a character that is not whole yet count.
    #[must_use]
    pub fn readable(&self) -> u64 {
        let open = if self.readable > 0 { self.open() } else { 0 };
        self.readable.saturating_add(open)
    }

    /// Bytes of a character that is not whole yet.
    fn open(&self) -> u64 {
        let state = usize::from(self.state).checked_sub(1).and_then(|place| STATES.get(place));
        state.map_or(0, |(begun, ..)| u64::from(*begun))
    }

    /// The share of readable bytes, from 0 to 1; `None` of no bytes.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        (self.total > 0).then(|| self.readable() as f64 / self.total as f64)
    }

    /// What follows does not follow on these bytes: some are missing.
    pub const fn interrupt(&mut self) {
        self.state = 0;
    }
}

/// Within a character, from state 1 on: bytes of it so far, what the next has to be, and the state after that.
/// The Unicode Standard, table 3-7; a character of two bytes that begins with C2 and 80 to 9F is a control.
const STATES: [(u8, RangeInclusive<u8>, u8); 11] = [
    (1, 0x80..=0xbf, 0),
    (1, 0xa0..=0xbf, 0),
    (1, 0x80..=0xbf, 6),
    (1, 0xa0..=0xbf, 6),
    (1, 0x80..=0x9f, 6),
    (2, 0x80..=0xbf, 0),
    (1, 0x80..=0xbf, 10),
    (1, 0x90..=0xbf, 10),
    (1, 0x80..=0x8f, 10),
    (2, 0x80..=0xbf, 11),
    (3, 0x80..=0xbf, 0),
];

/// For each state and byte: the next state, and, times 16, how many readable bytes that completes.
static STEPS: LazyLock<[[u8; 256]; 16]> = LazyLock::new(|| {
    let begin = |byte: u8| match byte {
        0x20..=0x7e | b'\t' | b'\r' | b'\n' => 1 << 4,
        0xc2 => 2,
        0xc3..=0xdf => 1,
        0xe0 => 4,
        0xed => 5,
        0xe1..=0xef => 3,
        0xf0 => 8,
        0xf1..=0xf3 => 7,
        0xf4 => 9,
        _ => 0,
    };
    let mut between = [0; 256];
    between.iter_mut().zip(0..=255).for_each(|(step, byte)| *step = begin(byte));
    let mut steps = [between; 16];
    for (row, (begun, next, after)) in steps.iter_mut().skip(1).zip(&STATES) {
        for (step, byte) in row.iter_mut().zip(0..=255) {
            if next.contains(&byte) {
                *step = if *after == 0 { begun.saturating_add(1) << 4 } else { *after };
            }
        }
    }
    steps
});

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
