//! Lines of text: prose broken at spaces to fit a number of columns, and the end of a line put together in memory.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

/// The lines of a text, each of at most some columns; a longer word stands on a line of its own.
pub(super) struct Wrapped<'a> {
    rest: &'a str,
    columns: usize,
}

impl<'a> Wrapped<'a> {
    /// `text` in lines of `columns`.
    pub(super) fn new(text: &'a str, columns: usize) -> Self {
        Self { rest: text.trim(), columns }
    }
}

impl<'a> Iterator for Wrapped<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let mut end = None;
        for (space, _) in self.rest.match_indices(' ').chain([(self.rest.len(), "")]) {
            let fits = self.rest.get(..space).is_some_and(|line| line.width() <= self.columns);
            if fits || end.is_none() {
                end = Some(space);
            }
            if !fits {
                break;
            }
        }
        let (line, rest) = self.rest.split_at_checked(end?)?;
        self.rest = rest.trim_start();
        Some(line.trim_end())
    }
}

/// Writes `line` without spaces at its end, and empties it for the next.
pub(super) fn end_line<W: Write + ?Sized>(out: &mut W, line: &mut String) -> io::Result<()> {
    line.truncate(line.trim_end_matches(' ').len());
    line.push('\n');
    let written = out.write_all(line.as_bytes());
    line.clear();
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_nothing_is_lost() {
        let text = "the quick brown fox jumps over the lazy dog";
        let lines: Vec<&str> = Wrapped::new(text, 10).collect();
        assert_eq!(lines, ["the quick", "brown fox", "jumps over", "the lazy", "dog"]);
        assert_eq!(lines.join(" "), text);
    }

    #[test]
    fn a_long_word_stands_alone() {
        let lines: Vec<&str> = Wrapped::new("see https://example.net/a/long/path now", 8).collect();
        assert_eq!(lines, ["see", "https://example.net/a/long/path", "now"]);
        assert_eq!(Wrapped::new("", 8).count(), 0);
    }
}
