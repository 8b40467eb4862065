//! Lines of text, as the older protocols of the Internet are made of.

use memchr::{memchr2, memrchr};

use super::Input;

/// Most bytes of a line that is waited for. Protocols promise a thousand (RFC 5321 section 4.5.3.1), IMAP servers take
/// some thousands; what is longer is handed on in pieces.
pub const MAX_LINE: usize = 64 << 10;

/// A line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Where it begins.
    pub at: usize,
    /// The line without its end.
    pub text: &'a [u8],
    /// The line with its end: CR LF, or one of them alone; nothing where it is cut.
    pub whole: &'a [u8],
}

/// The lines of some bytes; the last may have no end.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// The lines of `bytes`.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, at: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let text = memchr2(b'\r', b'\n', self.rest).unwrap_or(self.rest.len());
        let end = match self.rest.get(text..).unwrap_or(&[]) {
            [b'\r', b'\n', ..] => 2,
            [] => 0,
            _ => 1,
        };
        let (whole, rest) = self.rest.split_at_checked(text.saturating_add(end))?;
        let line = Line { at: self.at, text: whole.get(..text).unwrap_or(whole), whole };
        self.rest = rest;
        self.at = self.at.saturating_add(whole.len());
        Some(line)
    }
}

/// How many bytes the whole lines take that `input` begins with: all bytes where nothing follows or a line is too long.
///
/// # Errors
/// How many bytes there have to be first.
pub(super) fn block(input: &Input<'_>) -> Result<usize, usize> {
    let bytes = input.bytes;
    match memrchr(b'\n', bytes) {
        _ if bytes.is_empty() => Err(1),
        Some(_) if input.end.is_some() => Ok(bytes.len()),
        Some(last) => Ok(last.saturating_add(1)),
        None if input.end.is_some() || bytes.len() >= MAX_LINE => Ok(bytes.len()),
        None => Err(bytes.len().saturating_add(1)),
    }
}

/// The first word of a line and what stands behind the spaces after it.
#[must_use]
pub fn word(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    (word, rest.get(spaces..).unwrap_or(&[]))
}

/// A code of three digits that a line begins with, and whether `-` after it says that more lines follow.
#[must_use]
pub fn reply(line: &[u8]) -> Option<(u16, bool)> {
    let (digits, rest) = line.split_first_chunk::<3>()?;
    let mut code = 0_u16;
    for digit in digits {
        code = code * 10 + u16::from(digit.checked_sub(b'0').filter(|digit| *digit <= 9)?);
    }
    Some((code, rest.first() == Some(&b'-')))
}

/// Whether `bytes` are less than a code of three digits, and may become one.
#[must_use]
pub(super) fn begins_code(bytes: &[u8]) -> bool {
    bytes.len() < 3 && bytes.iter().all(u8::is_ascii_digit)
}

/// A decimal number that takes all of `text`.
#[must_use]
pub fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Direction, PacketStamp};
    use crate::proto::Ending;

    fn input(bytes: &[u8], end: Option<Ending>) -> Input<'_> {
        let stamp = PacketStamp::default();
        Input { from: Direction::OrigToResp, bytes, first: stamp, packet: stamp, end }
    }

    #[test]
    fn lines_end_in_three_ways() {
        let lines: Vec<_> = Lines::of(b"a\r\nb\nc\rd\r\n\r\ne").map(|line| (line.at, line.text)).collect();
        let expected: [(usize, &[u8]); 6] =
            [(0, b"a"), (3, b"b"), (5, b"c"), (7, b"d"), (10, b""), (12, b"e")];
        assert_eq!(lines, expected);
        let ends: Vec<_> = Lines::of(b"a\r\n\rb").map(|line| line.whole).collect();
        assert_eq!(ends, [&b"a\r\n"[..], b"\r", b"b"]);
        assert_eq!(Lines::of(b"").count(), 0);
    }

    #[test]
    fn a_block_ends_with_its_last_whole_line() {
        assert!(matches!(block(&input(b"a\r\nb\r\nc", None)), Ok(6)));
        assert!(matches!(block(&input(b"abc", None)), Err(4)));
        assert!(matches!(block(&input(b"abc", Some(Ending::Fin))), Ok(3)));
        assert!(matches!(block(&input(b"a\r\nb", Some(Ending::Fin))), Ok(4)));
        assert!(matches!(block(&input(b"", Some(Ending::Fin))), Err(1)));
        assert!(matches!(block(&input(&[b'A'; MAX_LINE], None)), Ok(MAX_LINE)));
    }

    #[test]
    fn replies_have_three_digits() {
        assert_eq!(reply(b"220 ready"), Some((220, false)));
        assert_eq!(reply(b"250-SIZE"), Some((250, true)));
        assert_eq!(reply(b"250"), Some((250, false)));
        assert_eq!(reply(b"25"), None);
        assert_eq!(reply(b"99 x"), None);
        assert!(begins_code(b"2") && begins_code(b"22"));
        assert!(!begins_code(b"220") && !begins_code(b"2x") && !begins_code(b"Q"));
        assert_eq!(word(b"MAIL   FROM:<a>"), (&b"MAIL"[..], &b"FROM:<a>"[..]));
        assert_eq!(word(b"QUIT"), (&b"QUIT"[..], &b""[..]));
        assert_eq!(number(b"12"), Some(12));
        assert_eq!(number(b"99999999999999999999"), None);
    }
}
