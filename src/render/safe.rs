//! The one way text from the wire reaches a terminal.
//!
//! Bytes that are readable UTF-8 stay as they are (é, 日本, emoji). Whatever could move the cursor, change
//! colours, reorder or hide text is written out as an escape that can be read:
//!
//! | bytes | shown as |
//! |---|---|
//! | newline, carriage return, tab, NUL, backslash | `\n` `\r` `\t` `\0` `\\` |
//! | other C0 controls and DEL | `\x1b` |
//! | C1, bidi and other format controls, zero-width, line and paragraph separators, tags, private use | `\u{202e}` |
//! | a byte that is not UTF-8 | `\xff` |
//!
//! A backslash is doubled, so an escape in the output always stands for the byte it names.

use std::fmt;
use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Combining marks kept behind one character; scripts need up to four, more only serves to paint over other lines.
const MAX_MARKS: u8 = 4;

/// Bytes from the wire, displayed so that they cannot control a terminal. Nothing is allocated.
#[derive(Clone, Copy, Debug)]
pub struct Safe<'a>(pub &'a [u8]);

impl fmt::Display for Safe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Pieces::new(self.0).try_for_each(|piece| f.write_str(piece.text()))
    }
}

/// Bytes from the wire on one line of at most some columns; made by [`safe_line`].
#[derive(Clone, Copy, Debug)]
pub struct SafeLine<'a> {
    bytes: &'a [u8],
    max_columns: usize,
}

/// `bytes` as [`Safe`] shows them, cut to `max_columns` of display width; a cut line ends in `…`.
#[must_use]
pub const fn safe_line(bytes: &[u8], max_columns: usize) -> SafeLine<'_> {
    SafeLine { bytes, max_columns }
}

impl fmt::Display for SafeLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        cut(self.bytes, self.max_columns, |text| f.write_str(text)).map(|_| ())
    }
}

/// Writes what [`safe_line`] shows (everything where `max_columns` is `None`) and gives its width in columns.
///
/// # Errors
/// Those of `out`.
pub fn write_safe<W: Write + ?Sized>(
    out: &mut W,
    bytes: &[u8],
    max_columns: Option<usize>,
) -> io::Result<usize> {
    if let Some(max_columns) = max_columns {
        return cut(bytes, max_columns, |text| out.write_all(text.as_bytes()));
    }
    let mut columns = 0_usize;
    for piece in Pieces::new(bytes) {
        columns = columns.saturating_add(piece.width());
        out.write_all(piece.text().as_bytes())?;
    }
    Ok(columns)
}

/// A message of our own in which a name from outside may stand (a file name, what libpcap says): its characters as
/// they are, backslashes and line breaks too, but nothing that could control a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Message<T>(pub T);

impl<T: fmt::Display> fmt::Display for Message<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, line) in self.0.to_string().split('\n').enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            for (place, part) in line.split('\\').enumerate() {
                if place > 0 {
                    f.write_str("\\")?;
                }
                Safe(part.as_bytes()).fmt(f)?;
            }
        }
        Ok(())
    }
}

/// Most bytes that take one column: a character of four bytes with as many marks on it as are shown.
const MAX_BYTES_A_COLUMN: usize = 4 + 4 * MAX_MARKS as usize;

/// The first line of `bytes` as it fits into `columns`, and what is left: a line ends at LF or CR LF, which belong
/// to neither, or where the next character would not fit. Takes at least one character of a line that is not empty.
#[must_use]
pub fn split_columns(bytes: &[u8], columns: usize) -> (&[u8], &[u8]) {
    // More than this cannot be shown in so many columns; looking further would take quadratic time over a payload
    // that is one long line.
    let most = columns.saturating_add(1).saturating_mul(MAX_BYTES_A_COLUMN).min(bytes.len());
    let (head, tail) = bytes.split_at_checked(most).unwrap_or((bytes, &[]));
    let (line, rest) = match memchr::memchr(b'\n', head) {
        Some(end) => {
            let line = head.get(..end).unwrap_or_default();
            (line.strip_suffix(b"\r").unwrap_or(line), bytes.get(end + 1..).unwrap_or_default())
        }
        None => (head, tail),
    };
    let mut pieces = Pieces::new(line);
    let mut used = 0;
    loop {
        let start = line.len() - pieces.rest.len();
        let Some(piece) = pieces.next() else { return (line, rest) };
        let width = piece.width();
        // What fits of a run is its first columns; of anything else, nothing.
        let fits = if matches!(piece, Piece::Ascii(_)) { columns.saturating_sub(used) } else { 0 };
        if used + width > columns && start + fits > 0 {
            let full = bytes.get(..start + fits).unwrap_or(line);
            // A word is kept whole where that does not leave half of the line empty.
            let word = memchr::memrchr(b' ', full).map(|space| space + 1).filter(|&end| end > full.len() / 2);
            return bytes.split_at_checked(word.unwrap_or(full.len())).unwrap_or((line, rest));
        }
        used += width;
    }
}

/// The display width of what [`Safe`] shows, counted no further than just past `limit`.
#[must_use]
pub fn safe_width(bytes: &[u8], limit: usize) -> usize {
    let mut columns = 0_usize;
    for piece in Pieces::new(bytes) {
        columns = columns.saturating_add(piece.width());
        if columns > limit {
            break;
        }
    }
    columns
}

/// How many bytes at the start of `bytes` read as text: UTF-8 without control characters other than tab, CR, LF.
///
/// A character that the end of `bytes` cuts in two counts as text: the rest is in the next packet.
#[must_use]
pub fn text_prefix(bytes: &[u8]) -> usize {
    let end = run_of(bytes, |byte| !is_binary(byte));
    let head = bytes.get(..end).unwrap_or_default();
    match std::str::from_utf8(head) {
        Ok(_) => end,
        Err(error) if error.error_len().is_none() && end == bytes.len() => end,
        Err(error) => error.valid_up_to(),
    }
}

/// Whether all of `bytes` reads as text; nothing at all does not.
#[must_use]
pub fn is_text(bytes: &[u8]) -> bool {
    !bytes.is_empty() && text_prefix(bytes) == bytes.len()
}

/// Text that is already safe, cut to `max_columns` of display width by leaving out its middle (`…`): of an address
/// the beginning and the port tell most.
///
/// Unlike [`safe_line`] it escapes nothing, so that what was escaped before is not escaped twice.
#[must_use]
pub fn cut_shown(text: &str, max_columns: usize) -> String {
    if text.width() <= max_columns {
        return text.to_owned();
    }
    let Some(room) = max_columns.checked_sub(1) else { return String::new() };
    let within = |columns: usize| {
        let mut used = 0_usize;
        move |&char: &char| {
            used = used.saturating_add(char.width().unwrap_or(0));
            used <= columns
        }
    };
    let mut cut: String = text.chars().take_while(within(room - room / 2)).collect();
    cut.push('…');
    let tail: Vec<char> = text.chars().rev().take_while(within(room / 2)).collect();
    cut.extend(tail.into_iter().rev());
    cut
}

/// A control character that plain text does not have.
const fn is_binary(byte: u8) -> bool {
    // Without branches, so that a block of bytes is judged at once.
    ((byte < 32) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r')) | (byte == 127)
}

/// Emits what fits into `max` columns and gives the columns used.
fn cut<E>(bytes: &[u8], max: usize, mut emit: impl FnMut(&str) -> Result<(), E>) -> Result<usize, E> {
    let whole = safe_width(bytes, max) <= max;
    let room = if whole { max } else { max.saturating_sub(1) };
    let mut used = 0_usize;
    for piece in Pieces::new(bytes) {
        let left = room.saturating_sub(used);
        if piece.width() > left {
            // A run of ASCII is cut inside: a column a byte. Anything else goes whole or not at all.
            if let Piece::Ascii(run) = piece {
                emit(run.get(..left).unwrap_or_default())?;
                used = room;
            }
            break;
        }
        emit(piece.text())?;
        used = used.saturating_add(piece.width());
    }
    if !whole && max > 0 {
        emit("…")?;
        used = used.saturating_add(1);
    }
    Ok(used)
}

/// A stretch of output.
enum Piece<'a> {
    /// Printable ASCII without a backslash: a column a byte.
    Ascii(&'a str),
    /// One other character and its width.
    Char(&'a str, usize),
    /// What stands for something that is not shown.
    Escape(Escape),
}

impl Piece<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Ascii(text) | Self::Char(text, _) => text,
            Self::Escape(escape) => escape.text(),
        }
    }

    fn width(&self) -> usize {
        match self {
            Self::Ascii(text) => text.len(),
            Self::Char(_, width) => *width,
            Self::Escape(escape) => escape.text().len(),
        }
    }
}

/// `\n`, `\x1b`, `\u{202e}`: ASCII, at most ten bytes (`\u{10ffff}`).
struct Escape {
    bytes: [u8; 10],
    len: usize,
}

impl Escape {
    fn new(start: &[u8]) -> Self {
        let mut escape = Self { bytes: [0; 10], len: 0 };
        start.iter().for_each(|&byte| escape.push(byte));
        escape
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    /// The lowest `digits` hexadecimal digits of `value`.
    fn push_hex(&mut self, value: u32, digits: u32) {
        for place in (0..digits).rev() {
            let digit = char::from_digit((value >> (4 * place)) & 0xf, 16).unwrap_or('0');
            self.push(u8::try_from(digit).unwrap_or(b'0'));
        }
    }

    /// A byte below 128 that is not shown as itself.
    fn ascii(byte: u8) -> Self {
        match byte {
            b'\n' => Self::new(b"\\n"),
            b'\r' => Self::new(b"\\r"),
            b'\t' => Self::new(b"\\t"),
            0 => Self::new(b"\\0"),
            b'\\' => Self::new(b"\\\\"),
            other => Self::byte(other),
        }
    }

    fn byte(byte: u8) -> Self {
        let mut escape = Self::new(b"\\x");
        escape.push_hex(u32::from(byte), 2);
        escape
    }

    fn char(char: char) -> Self {
        let value = u32::from(char);
        let mut escape = Self::new(b"\\u{");
        escape.push_hex(value, (32 - value.leading_zeros()).div_ceil(4).max(1));
        escape.push(b'}');
        escape
    }

    fn text(&self) -> &str {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

/// Splits bytes into [`Piece`]s.
struct Pieces<'a> {
    rest: &'a [u8],
    /// Combining marks in a row; starts full, so a mark with nothing before it to stand on is escaped.
    marks: u8,
}

impl<'a> Pieces<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, marks: MAX_MARKS }
    }

    /// Takes `len` bytes off the front.
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (head, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, &[]));
        self.rest = rest;
        head
    }

    fn wide(&mut self) -> Option<Piece<'a>> {
        let Some(char) = first_char(self.rest) else {
            self.marks = 0;
            let byte = self.take(1).first()?;
            return Some(Piece::Escape(Escape::byte(*byte)));
        };
        let bytes = self.take(char.len_utf8());
        let shown = char.width().filter(|_| !is_hidden(char));
        match shown {
            Some(0) if self.marks < MAX_MARKS => {
                self.marks += 1;
                // The emoji variation selector asks for the two-column form of what it follows.
                let width = usize::from(char == EMOJI_SELECTOR);
                Some(Piece::Char(std::str::from_utf8(bytes).unwrap_or_default(), width))
            }
            Some(width) if width > 0 => {
                self.marks = 0;
                Some(Piece::Char(std::str::from_utf8(bytes).unwrap_or_default(), width))
            }
            _ => {
                self.marks = 0;
                Some(Piece::Escape(Escape::char(char)))
            }
        }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let &first = self.rest.first()?;
        if !first.is_ascii() {
            return self.wide();
        }
        self.marks = 0;
        let run = plain_run(self.rest);
        if run == 0 {
            self.take(1);
            return Some(Piece::Escape(Escape::ascii(first)));
        }
        Some(Piece::Ascii(std::str::from_utf8(self.take(run)).unwrap_or_default()))
    }
}

/// Asks for an emoji to be drawn as a picture.
const EMOJI_SELECTOR: char = '\u{fe0f}';

/// How many bytes at the start are printable ASCII other than a backslash.
fn plain_run(bytes: &[u8]) -> usize {
    run_of(bytes, |byte| (b' '..=b'~').contains(&byte) & (byte != b'\\'))
}

/// How many bytes at the start are of some kind.
fn run_of(bytes: &[u8], is: impl Fn(u8) -> bool) -> usize {
    // Blocks without an early exit, which compile to vector code; then byte by byte.
    let blocks = bytes
        .chunks_exact(32)
        .take_while(|block| block.iter().fold(0, |other, &byte| other | u8::from(!is(byte))) == 0);
    let start = blocks.count() * 32;
    start + bytes.get(start..).unwrap_or_default().iter().take_while(|byte| is(**byte)).count()
}

/// The character that `bytes` starts with, if it is valid UTF-8.
fn first_char(bytes: &[u8]) -> Option<char> {
    let head = bytes.get(..bytes.len().min(4))?;
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
    };
    valid.chars().next()
}

/// Characters that show nothing, reorder what is around them, or mean nothing outside one font.
///
/// Unicode's general categories Cc, Cf, Zl, Zp, Co and Cn as far as they form blocks, and the letters that are blank.
pub(super) fn is_hidden(char: char) -> bool {
    matches!(u32::from(char),
        0x7f..=0x9f | 0xad | 0x34f
        // Arabic and Syriac number and abbreviation signs, Arabic letter mark.
        | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x890..=0x891 | 0x8e2
        // Blank letters: Hangul fillers, Khmer inherent vowels, Mongolian selectors and vowel separator.
        | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x2800 | 0x3164 | 0xffa0
        // Zero-width, bidi marks, line and paragraph separators, embeddings, isolates, invisible operators.
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
        // Private use, noncharacters, selectors other than text and emoji style, byte order mark, annotations.
        | 0xe000..=0xf8ff | 0xfdd0..=0xfdef | 0xfe00..=0xfe0d | 0xfeff | 0xfff0..=0xfffb | 0xfffe..=0xffff
        // Kaithi, Egyptian, shorthand and musical format controls.
        | 0x110bd | 0x110cd | 0x13430..=0x1343f | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a
        | 0x1fffe..=0x1ffff | 0x2fffe..=0x2ffff
        // Planes without characters, tags, selectors, private use.
        | 0x3fffe..)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn safe(bytes: impl AsRef<[u8]>) -> String {
        Safe(bytes.as_ref()).to_string()
    }

    fn line(bytes: impl AsRef<[u8]>, columns: usize) -> String {
        safe_line(bytes.as_ref(), columns).to_string()
    }

    #[test]
    fn lines_are_split_at_breaks_words_and_columns_and_nothing_is_lost() {
        fn lines(mut rest: &[u8], columns: usize) -> Vec<String> {
            let mut lines = Vec::new();
            while !rest.is_empty() {
                let (line, next) = split_columns(rest, columns);
                assert!(next.len() < rest.len());
                lines.push(Safe(line).to_string());
                rest = next;
            }
            lines
        }
        assert_eq!(
            lines(b"GET /\r\nHost: \x1b[2J\n\nlast\r", 20),
            ["GET /", r"Host: \x1b[2J", "", r"last\r"]
        );
        assert_eq!(lines(b"not sure you will get it", 10), ["not sure ", "you will ", "get it"]);
        assert_eq!(lines(b"abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(lines("日本語".as_bytes(), 3), ["日", "本", "語"]);
        assert_eq!(lines(b"\x1b\x1b", 1), [r"\x1b", r"\x1b"], "one character at least");
    }

    #[test]
    fn a_message_keeps_its_backslashes_and_lines_and_nothing_else() {
        let text = "no file a\\b \u{1b}[2J\u{202e}\nhint: try 'it'\\''s'";
        assert_eq!(Message(text).to_string(), "no file a\\b \\x1b[2J\\u{202e}\nhint: try 'it'\\''s'");
    }

    #[test]
    fn readable_text_stays() {
        for text in ["", "hello", "é 日本 🎉 e\u{301}", "naïve, ção, Ελλάδα, ไทยนี้", "❤\u{fe0f}"]
        {
            assert_eq!(safe(text), text);
        }
    }

    #[test]
    fn controls_are_named() {
        assert_eq!(safe("a\n\r\t\0b"), r"a\n\r\t\0b");
        assert_eq!(safe("\x1b]0;title\x07\x7f"), r"\x1b]0;title\x07\x7f");
        assert_eq!(
            safe("\u{9b}31m\u{202e}\u{200b}\u{2028}\u{feff}"),
            r"\u{9b}31m\u{202e}\u{200b}\u{2028}\u{feff}"
        );
        assert_eq!(
            safe("\u{e0041}\u{e000}\u{10fffd}\u{ad}\u{50000}"),
            r"\u{e0041}\u{e000}\u{10fffd}\u{ad}\u{50000}"
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_are_numbered() {
        assert_eq!(safe(b"\xff\x9b1m\xc3(\xe6\x97"), r"\xff\x9b1m\xc3(\xe6\x97");
        // An overlong ESC and a surrogate are not characters.
        assert_eq!(safe(b"\xc0\x9b \xed\xa0\x80"), r"\xc0\x9b \xed\xa0\x80");
    }

    #[test]
    fn an_escape_cannot_be_forged() {
        assert_eq!(safe(r"\x1b"), r"\\x1b");
        assert_ne!(safe(r"\x1b"), safe("\x1b"));
    }

    #[test]
    fn marks_need_something_to_stand_on_and_do_not_pile_up() {
        assert_eq!(safe("\u{301}a"), r"\u{301}a");
        assert_eq!(
            safe(format!("a{}", "\u{301}".repeat(6))),
            format!("a{}\\u{{301}}\u{301}", "\u{301}".repeat(4))
        );
    }

    #[test]
    fn lines_are_cut_by_columns() {
        assert_eq!(line("hello", 5), "hello");
        assert_eq!(line("hello!", 5), "hell…");
        assert_eq!(line("日本語", 6), "日本語");
        assert_eq!(line("日本語", 5), "日本…");
        assert_eq!(line("日本語", 4), "日…", "half a character is not shown");
        assert_eq!(line("ab\ncd", 4), "ab…", "half an escape is not shown");
        assert_eq!(line("x", 0), "");
        assert_eq!(line("é", 1), "é");
    }

    #[test]
    fn text_is_told_from_binary() {
        assert!(is_text("GET /\r\n\tüber".as_bytes()));
        assert!(is_text(b"cut \xc3"), "the end of a segment may cut a character");
        assert!(!is_text(b""));
        assert!(!is_text(b"\x16\x03\x01"));
        assert_eq!(text_prefix(b"ok\xff text"), 2);
        assert_eq!(text_prefix(b"\xc3\x00"), 0);
    }

    proptest! {
        #[test]
        fn nothing_that_controls_comes_out(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let shown = safe(&bytes);
            prop_assert!(!shown.chars().any(|c| c.is_control() || is_hidden(c)), "{shown:?}");
        }

        #[test]
        fn no_character_controls(char in any::<char>()) {
            let shown = safe(format!("a{char}"));
            let back = shown.strip_prefix('a').unwrap();
            prop_assert!(!back.chars().any(|c| c.is_control() || is_hidden(c)), "shown as {back}");
            prop_assert!(back == char.to_string() || back.starts_with('\\'));
        }

        #[test]
        fn a_cut_line_fits(text in "\\PC{0,60}", raw in proptest::collection::vec(any::<u8>(), 0..60), columns in 0_usize..40) {
            for bytes in [text.as_bytes(), &raw] {
                let mut out = Vec::new();
                let used = write_safe(&mut out, bytes, Some(columns)).unwrap();
                prop_assert!(used <= columns);
                let shown = String::from_utf8(out).unwrap();
                prop_assert_eq!(&shown, &line(bytes, columns));
                let cut = shown != safe(bytes);
                prop_assert_eq!(cut, safe_width(bytes, columns) > columns);
                prop_assert!(!cut || columns == 0 || shown.ends_with('…'));
            }
        }

        #[test]
        fn escapes_tell_text_apart(a in proptest::collection::vec(any::<u8>(), 0..6), b in proptest::collection::vec(any::<u8>(), 0..6)) {
            prop_assert_eq!(a == b, safe(&a) == safe(&b));
        }
    }
}
