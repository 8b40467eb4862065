//! Lines of text: prose broken at spaces to fit a number of columns, the heads of flows, and the end of a line put together
//! in memory.

use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::color::{Colors, Style};

/// The lines of a text, each of at most some columns; a longer word, as a long URI is, is broken where the line is full.
pub(crate) struct Wrapped<'a> {
    rest: &'a str,
    columns: usize,
}

impl<'a> Wrapped<'a> {
    /// `text` in lines of `columns`.
    pub(crate) fn new(text: &'a str, columns: usize) -> Self {
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
        let end = self.rest.get(..end?).map(|line| fitting(line, self.columns))?;
        let (line, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.trim_start();
        Some(line.trim_end())
    }
}

/// Bytes of `line` that fit `columns`; at least one character, so that a narrow line comes to an end.
fn fitting(line: &str, columns: usize) -> usize {
    let mut used = 0_usize;
    for (at, char) in line.char_indices() {
        used = used.saturating_add(char.width().unwrap_or(0));
        if used > columns && at > 0 {
            return at;
        }
    }
    line.len()
}

/// Parts of a line with their styles, as in the head of a flow.
pub(super) type Part<'a> = (Option<Style>, &'a str);

/// Writes `first` and `second` behind each other where both fit `width`, which is unlimited if `None`; else `second` stands
/// below, behind `indent` columns. Two addresses of IPv6 with their ports fill a line.
pub(super) fn write_head<W: Write + ?Sized>(
    out: &mut W,
    colors: Colors,
    width: Option<usize>,
    (first, second): (&[Part<'_>], &[Part<'_>]),
    indent: usize,
) -> io::Result<()> {
    let columns = |parts: &[Part<'_>]| parts.iter().map(|(_, text)| text.width()).sum::<usize>();
    let needed = columns(first).saturating_add(1).saturating_add(columns(second));
    write_parts(out, colors, first)?;
    if width.is_none_or(|width| needed <= width) {
        write!(out, " ")?;
    } else {
        write!(out, "\n{:indent$}", "")?;
    }
    write_parts(out, colors, second)?;
    writeln!(out)
}

fn write_parts<W: Write + ?Sized>(out: &mut W, colors: Colors, parts: &[Part<'_>]) -> io::Result<()> {
    parts.iter().try_for_each(|(style, text)| match style {
        Some(style) => write!(out, "{}", colors.paint(*style, text)),
        None => write!(out, "{text}"),
    })
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
    fn a_long_word_is_broken_where_the_line_is_full() {
        let lines: Vec<&str> = Wrapped::new("see https://example.net/a now", 8).collect();
        assert_eq!(lines, ["see", "https://", "example.", "net/a", "now"]);
        let wide: Vec<&str> = Wrapped::new("日本語x", 3).collect();
        assert_eq!(wide, ["日", "本", "語x"]);
        let narrow: Vec<&str> = Wrapped::new("日本", 1).collect();
        assert_eq!(narrow, ["日", "本"]);
        assert_eq!(Wrapped::new("", 8).count(), 0);
    }

    #[test]
    fn a_head_goes_on_below_where_it_does_not_fit() {
        let head = |width| {
            let mut out = Vec::new();
            let parts: (&[Part<'_>], &[Part<'_>]) =
                (&[(Some(Style::Bold), "tcp:0"), (None, "  [::1]:80")], &[(None, "→ [::2]:81")]);
            write_head(&mut out, Colors::OFF, width, parts, 7).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(head(None), "tcp:0  [::1]:80 → [::2]:81\n");
        assert_eq!(head(Some(26)), "tcp:0  [::1]:80 → [::2]:81\n");
        assert_eq!(head(Some(25)), "tcp:0  [::1]:80\n       → [::2]:81\n");
    }
}
