//! What is wrong with a filter, and where.

use std::fmt::{self, Write as _};
use std::ops::Range;

/// Columns that a line of the filter may take: what a terminal has, less the indent.
const MAX_COLUMNS: usize = 76;
/// Columns of a line of what is said about it.
const MAX_LINE: usize = 79;
/// Characters kept before the mistake where the filter is longer than a line.
const COLUMNS_BEFORE: usize = 30;

/// Why a display filter cannot be read: shown by `Display` in a line, by [`Self::explain`] with the place marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    message: String,
    /// Bytes of the filter's text that are wrong; empty at its end.
    span: Range<usize>,
    expected: Option<String>,
    hints: Vec<String>,
}

impl FilterError {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), span, expected: None, hints: Vec::new() }
    }

    /// Says what should have stood there.
    pub(super) fn expecting(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Says what may have been meant.
    pub(super) fn hinting(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Says only this of what may have been meant, and nothing of what should have stood there.
    pub(super) fn instead(self, hints: Vec<String>) -> Self {
        Self { expected: None, hints, ..self }
    }

    /// What is wrong, in a line. Of the filter it quotes names and values, with control characters escaped.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The bytes of the filter's text that are wrong; empty at its end.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What should have stood there.
    #[must_use]
    pub fn expected(&self) -> Option<&str> {
        self.expected.as_deref()
    }

    /// What may have been meant, a sentence each.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Several lines without a last line end: the message, the part of `text` that is wrong with a mark under it,
    /// what was expected, and hints, in lines of 79 columns at most as far as words allow. A long filter is
    /// cut around the mark. Nothing in it controls a terminal.
    #[must_use]
    pub fn explain(&self, text: &str) -> String {
        let mut out = self.message.clone();
        let (line, before, marked) = self.excerpt(text);
        // A String takes whatever is written to it.
        let _ = write!(out, "\n  {line}\n  {}{}", " ".repeat(before), "^".repeat(marked.max(1)));
        if let Some(expected) = &self.expected {
            wrap("expected: ", expected, &mut out);
        }
        for hint in &self.hints {
            wrap("hint: ", hint, &mut out);
        }
        out
    }

    /// The line to show, the columns before the mark and those of the mark.
    fn excerpt(&self, text: &str) -> (String, usize, usize) {
        let head = text.get(..self.span.start).unwrap_or(text);
        let wrong = text.get(self.span.clone()).unwrap_or("");
        let tail = text.get(self.span.end..).unwrap_or("");
        // Only what can be shown is looked at: a filter may be long.
        let shown_head = last_columns(head, if fits(text) { MAX_COLUMNS } else { COLUMNS_BEFORE });
        let before = shown_head.chars().count();
        let shown_wrong = first_columns(wrong, MAX_COLUMNS.saturating_sub(before));
        let marked = shown_wrong.chars().count();
        let shown_tail = first_columns(tail, MAX_COLUMNS.saturating_sub(before + marked));
        (format!("{shown_head}{shown_wrong}{shown_tail}"), before, marked)
    }
}

/// Adds a line after `lead`, broken at spaces, what follows the first line under its beginning.
fn wrap(lead: &str, text: &str, out: &mut String) {
    let indent = lead.chars().count();
    out.push('\n');
    out.push_str(lead);
    let mut used = indent;
    for (at, word) in text.split(' ').enumerate() {
        let len = word.chars().count();
        if at > 0 && used.saturating_add(1 + len) > MAX_LINE {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            used = indent;
        } else if at > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used = used.saturating_add(len);
    }
}

fn fits(text: &str) -> bool {
    text.len() <= 4 * MAX_COLUMNS && text.chars().map(|c| shown(c).count()).sum::<usize>() <= MAX_COLUMNS
}

/// A character as it is shown: whatever is not plain is escaped, so that a column is a character.
fn shown(c: char) -> Box<dyn Iterator<Item = char>> {
    match c {
        ' '..='~' => Box::new(std::iter::once(c)),
        '\n' | '\t' | '\r' => Box::new(std::iter::once(' ')),
        '≠' | '≤' | '≥' | '“' | '”' | '„' | '‘' | '’' | '–' | '—' | '…' => {
            Box::new(std::iter::once(c))
        }
        'à'..='ÿ' | 'À'..='Ý' => Box::new(std::iter::once(c)),
        _ => Box::new(c.escape_unicode()),
    }
}

/// As much of the beginning of `text` as fits; `…` where it goes on.
fn first_columns(text: &str, columns: usize) -> String {
    let mut out: Vec<char> = text.chars().flat_map(shown).take(columns.saturating_add(1)).collect();
    if out.len() > columns {
        out.truncate(columns.saturating_sub(1));
        out.extend((columns > 0).then_some('…'));
    }
    out.into_iter().collect()
}

/// As much of the end of `text` as fits; `…` where there is more before.
fn last_columns(text: &str, columns: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        used += shown(c).count();
        if used > columns {
            out.push('…');
            break;
        }
        start = at;
    }
    out.extend(text.get(start..).unwrap_or("").chars().flat_map(shown));
    out
}

/// A piece of the filter as a message quotes it: escaped, and cut where it is long.
pub(super) fn quoted(text: &str) -> String {
    first_columns(text, 40)
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FilterError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_under_the_mistake() {
        let error = FilterError::new(4..7, "wrong").expecting("a number").hinting("try 5");
        assert_eq!(
            error.explain("abc def ghi"),
            "wrong\n  abc def ghi\n      ^^^\nexpected: a number\nhint: try 5"
        );
        let at_end = FilterError::new(3..3, "more");
        assert_eq!(at_end.explain("abc"), "more\n  abc\n     ^");
    }

    #[test]
    fn long_hints_are_broken_between_words() {
        let hint = "word ".repeat(20) + &"x".repeat(100) + " end";
        let shown = FilterError::new(0..1, "wrong").hinting(hint).explain("a");
        let lines: Vec<&str> = shown.lines().skip(3).collect();
        assert_eq!(lines[0], format!("hint: {}", ["word"; 14].join(" ")));
        assert_eq!(lines[1], format!("      {}", ["word"; 6].join(" ")));
        assert_eq!(lines[2], format!("      {}", "x".repeat(100)));
        assert_eq!(lines[3], "      end");
    }

    #[test]
    fn a_long_filter_is_cut_around_the_mistake() {
        let text = format!("{} WRONG {}", "a".repeat(5000), "b".repeat(5000));
        let shown = FilterError::new(5001..5006, "no").explain(&text);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1].chars().count(), MAX_COLUMNS + 2);
        let mark = lines[2].find('^').unwrap();
        let under: String = lines[1].chars().skip(mark).take(lines[2].trim().len()).collect();
        assert_eq!(under, "WRONG");
        assert!(lines[1].trim().starts_with('…') && lines[1].ends_with('…'));
    }

    #[test]
    fn nothing_controls_a_terminal() {
        let text = "tcp \u{1b}[2J\u{202e}\n x";
        let shown = FilterError::new(4..5, "no").explain(text);
        assert_eq!(shown, "no\n  tcp \\u{1b}[2J\\u{202e}  x\n      ^^^^^^");
    }
}
