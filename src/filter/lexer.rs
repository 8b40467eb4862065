//! Text to tokens.

use super::ast::{Operator, Part, Quantifier, Relation, Span};
use super::error::{FilterError, quoted};
use super::escape;

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) span: Span,
}

/// The kinds of tokens.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind<'t> {
    /// A name, a number, an address, bytes: what is not quoted.
    Word(&'t str),
    /// `.name`: a field, never a constant.
    FieldName(&'t str),
    /// `:text`: a constant, never a field.
    Constant(&'t str),
    Quoted(Vec<u8>),
    Char(u8),
    /// `[…]`.
    Brackets(Vec<Part>),
    /// `#n` or `#[…]`.
    Layers(Vec<Part>),
    Relation(Relation),
    Operator(Operator),
    Quantifier(Quantifier),
    And,
    Or,
    Xor,
    Not,
    In,
    Open,
    Close,
    OpenBrace,
    CloseBrace,
    Comma,
    Dots,
}

/// Operators of signs, longer ones first.
const SIGNS: &[(&str, Kind<'static>)] = &[
    ("===", Kind::Relation(Relation::AllEqual)),
    ("!==", Kind::Relation(Relation::AnyNotEqual)),
    ("==", Kind::Relation(Relation::Equal)),
    ("!=", Kind::Relation(Relation::NotEqual)),
    ("~=", Kind::Relation(Relation::AnyNotEqual)),
    (">=", Kind::Relation(Relation::GreaterEqual)),
    ("<=", Kind::Relation(Relation::LessEqual)),
    ("&&", Kind::And),
    ("||", Kind::Or),
    ("^^", Kind::Xor),
    ("..", Kind::Dots),
    (">", Kind::Relation(Relation::Greater)),
    ("<", Kind::Relation(Relation::Less)),
    ("~", Kind::Relation(Relation::Matches)),
    ("!", Kind::Not),
    ("&", Kind::Operator(Operator::And)),
    ("+", Kind::Operator(Operator::Add)),
    ("-", Kind::Operator(Operator::Subtract)),
    ("*", Kind::Operator(Operator::Multiply)),
    ("/", Kind::Operator(Operator::Divide)),
    ("%", Kind::Operator(Operator::Modulo)),
    ("(", Kind::Open),
    (")", Kind::Close),
    ("{", Kind::OpenBrace),
    ("}", Kind::CloseBrace),
    (",", Kind::Comma),
];

/// Operators that are words.
const WORDS: &[(&str, Kind<'static>)] = &[
    ("eq", Kind::Relation(Relation::Equal)),
    ("any_eq", Kind::Relation(Relation::Equal)),
    ("all_eq", Kind::Relation(Relation::AllEqual)),
    ("ne", Kind::Relation(Relation::NotEqual)),
    ("all_ne", Kind::Relation(Relation::NotEqual)),
    ("any_ne", Kind::Relation(Relation::AnyNotEqual)),
    ("gt", Kind::Relation(Relation::Greater)),
    ("ge", Kind::Relation(Relation::GreaterEqual)),
    ("lt", Kind::Relation(Relation::Less)),
    ("le", Kind::Relation(Relation::LessEqual)),
    ("contains", Kind::Relation(Relation::Contains)),
    ("matches", Kind::Relation(Relation::Matches)),
    ("bitwise_and", Kind::Operator(Operator::And)),
    ("bitand", Kind::Operator(Operator::And)),
    ("and", Kind::And),
    ("or", Kind::Or),
    ("xor", Kind::Xor),
    ("not", Kind::Not),
    ("in", Kind::In),
    ("any", Kind::Quantifier(Quantifier::Any)),
    ("all", Kind::Quantifier(Quantifier::All)),
];

/// The tokens of a filter.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, FilterError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}

const NOT_EQUAL: &str = "not equal is written !=";
/// Characters without width that come with a text copied from a page.
const INVISIBLE: [char; 2] = ['\u{200b}', '\u{feff}'];
/// Parts of one slice: each may be the whole packet, and they are joined in memory.
const MAX_PARTS: usize = 100;

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn next(&mut self) -> Result<Option<Token<'t>>, FilterError> {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r']).len();
        let (start, rest) = (self.at, self.rest());
        let Some(first) = rest.chars().next() else { return Ok(None) };
        let (kind, len) = match first {
            '"' => self.quoted(0, false)?,
            'r' | 'R' if rest.get(1..2) == Some("\"") => self.quoted(1, true)?,
            '\'' => self.char()?,
            '[' => {
                let (parts, len) = self.brackets(0)?;
                (Kind::Brackets(parts), len)
            }
            '#' => self.layers()?,
            '.' if !rest.starts_with("..") => {
                let len = 1 + word_len(rest.get(1..).unwrap_or(""));
                (Kind::FieldName(rest.get(1..len).unwrap_or("")), len)
            }
            ':' => self.constant()?,
            '<' if rest.starts_with("<>") => {
                return Err(FilterError::new(start..start + 2, "\"<>\" is no operator").hinting(NOT_EQUAL));
            }
            _ if is_word(first) => self.word(),
            _ => {
                let sign = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign));
                let (sign, kind) = sign.ok_or_else(|| self.unknown(first))?;
                (kind.clone(), sign.len())
            }
        };
        self.at = start + len;
        Ok(Some(Token { kind, span: start..self.at }))
    }

    fn word(&self) -> (Kind<'t>, usize) {
        let rest = self.rest();
        let len = constant_len(rest);
        let word = rest.get(..len).unwrap_or(rest);
        let keyword = WORDS.iter().find(|(keyword, _)| *keyword == word).map(|(_, kind)| kind.clone());
        (keyword.unwrap_or(Kind::Word(word)), len)
    }

    fn constant(&self) -> Result<(Kind<'t>, usize), FilterError> {
        let rest = self.rest();
        if rest.starts_with("::") {
            let len = constant_len(rest);
            return Ok((Kind::Word(rest.get(..len).unwrap_or(rest)), len));
        }
        let len = constant_len(rest.get(1..).unwrap_or(""));
        if len == 0 {
            return Err(FilterError::new(self.at..self.at + 1, "a lone \":\" means nothing here")
                .expecting("an operator such as ==, or a value"));
        }
        Ok((Kind::Constant(rest.get(1..=len).unwrap_or("")), len + 1))
    }

    /// A string that begins `skip` bytes on.
    fn quoted(&self, skip: usize, raw: bool) -> Result<(Kind<'t>, usize), FilterError> {
        let body = self.rest().get(skip + 1..).unwrap_or("");
        let bytes = body.as_bytes();
        let mut end = 0;
        loop {
            match bytes.get(end) {
                None => {
                    return Err(FilterError::new(self.at..self.at + skip + 1, "this quote is never closed")
                        .expecting("a closing \""));
                }
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
        let inner = body.get(..end).unwrap_or(body);
        let value = if raw { inner.as_bytes().to_vec() } else { escape::resolve(inner, self.at + skip + 1)? };
        Ok((Kind::Quoted(value), skip + end + 2))
    }

    fn char(&self) -> Result<(Kind<'t>, usize), FilterError> {
        let body = self.rest().get(1..).unwrap_or("");
        let skip = if body.starts_with('\\') { 2 } else { 0 };
        let end = body.get(skip..).and_then(|after| after.find('\'')).map(|end| end + skip);
        let Some(end) = end else {
            return Err(FilterError::new(self.at..self.at + 1, "this quote is never closed")
                .expecting("one character between single quotes, such as 'a' or '\\n'"));
        };
        let value = escape::resolve(body.get(..end).unwrap_or(""), self.at + 1)?;
        let [byte] = *value.as_slice() else {
            let what = if value.is_empty() { "no character" } else { "more than one byte" };
            return Err(FilterError::new(
                self.at..self.at + end + 2,
                format!("there is {what} between these single quotes"),
            )
            .expecting("one character between single quotes; a string stands in double quotes"));
        };
        Ok((Kind::Char(byte), end + 2))
    }

    /// What stands between `[` at `skip` bytes on and `]`, and the length with both.
    fn brackets(&self, skip: usize) -> Result<(Vec<Part>, usize), FilterError> {
        let open = self.at + skip;
        let body = self.rest().get(skip + 1..).unwrap_or("");
        let Some(end) = body.find(']') else {
            return Err(FilterError::new(open..open + 1, "this bracket is never closed")
                .expecting("a closing ], as in tcp[12:2]"));
        };
        let inner = body.get(..end).unwrap_or("");
        let mut at = open + 1;
        let mut parts = Vec::new();
        for piece in inner.split(',') {
            if parts.len() >= MAX_PARTS {
                return Err(FilterError::new(
                    at..at + piece.len(),
                    format!("a slice has at most {MAX_PARTS} parts"),
                ));
            }
            parts.push(part(piece, at..at + piece.len())?);
            at += piece.len() + 1;
        }
        Ok((parts, skip + end + 2))
    }

    fn layers(&self) -> Result<(Kind<'t>, usize), FilterError> {
        let body = self.rest().get(1..).unwrap_or("");
        if body.starts_with('[') {
            let (parts, len) = self.brackets(1)?;
            return Ok((Kind::Layers(parts), len));
        }
        let len = body.bytes().take_while(u8::is_ascii_digit).count();
        let number = body.get(..len).and_then(|digits| digits.parse().ok());
        let Some(number) = number else {
            return Err(FilterError::new(
                self.at..self.at + 1,
                "# must be followed by the number of a layer",
            )
            .expecting("a number, as in ip.src#1, or a range, as in ip.src#[-1]"));
        };
        Ok((Kind::Layers(vec![Part::One(number)]), len + 1))
    }

    fn unknown(&self, first: char) -> FilterError {
        let span = self.at..self.at + first.len_utf8();
        let rest = self.rest();
        match first {
            '=' if rest.starts_with("=>") => {
                FilterError::new(span.start..span.end + 1, "\"=>\" is no operator")
                    .hinting("greater than or equal is written >=")
            }
            '=' if rest.starts_with("=<") => {
                FilterError::new(span.start..span.end + 1, "\"=<\" is no operator")
                    .hinting("less than or equal is written <=")
            }
            '=' => FilterError::new(span, "\"=\" is no operator").hinting("to compare, write =="),
            '|' => FilterError::new(span, "\"|\" is no operator")
                .hinting("either of two conditions: || or \"or\""),
            '^' => FilterError::new(span, "\"^\" is no operator")
                .hinting("either of two conditions, not both: ^^ or \"xor\""),
            '$' => FilterError::new(
                span,
                "${…} stands for what is selected in Wireshark's window; here nothing is",
            )
            .expecting("a value"),
            '@' => FilterError::new(span, "@ came with Wireshark 4.2, the language here is that of 4.0")
                .hinting("the bytes of a protocol can be had by a slice, as in tcp[0:2]"),
            ']' => FilterError::new(span, "this bracket was never opened"),
            ';' => {
                FilterError::new(span, "\";\" is no operator").hinting("conditions are joined with && and ||")
            }
            c if c.is_ascii() => {
                FilterError::new(span, format!("\"{}\" means nothing in a filter", quoted(&c.to_string())))
            }
            '≠' => FilterError::new(span, "\"≠\" is no operator").hinting(NOT_EQUAL),
            '≤' => {
                FilterError::new(span, "\"≤\" is no operator").hinting("less than or equal is written <=")
            }
            '≥' => {
                FilterError::new(span, "\"≥\" is no operator").hinting("greater than or equal is written >=")
            }
            c if c.is_whitespace() || INVISIBLE.contains(&c) => {
                let code = u32::from(c);
                let name = match c {
                    '\u{a0}' | '\u{202f}' => "a no-break space",
                    '\u{200b}' | '\u{feff}' => "a space of no width",
                    _ => "not a plain space",
                };
                FilterError::new(span, format!("this is {name} (U+{code:04X})")).hinting("use a plain space")
            }
            '“' | '”' | '„' | '‘' | '’' => {
                FilterError::new(span, "this is a typographic quote").hinting("use a plain \"")
            }
            c => FilterError::new(span, format!("\"{}\" can only stand in a string", quoted(&c.to_string()))),
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Length of a name or number: letters, digits, `_`, `-`, and single dots.
fn word_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut len = 0;
    while let Some(byte) = bytes.get(len) {
        let goes_on = byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'-')
            || *byte == b'.' && bytes.get(len + 1) != Some(&b'.');
        if !goes_on {
            break;
        }
        len += 1;
    }
    len
}

/// As [`word_len`], and on over colons where it may be bytes or an IPv6 address, and over a prefix length.
fn constant_len(text: &str) -> usize {
    let word = word_len(text);
    let bytes = text.as_bytes();
    let is_hex =
        bytes.get(..word).is_some_and(|word| word.len() <= 4 && word.iter().all(u8::is_ascii_hexdigit));
    let mut len = word;
    if is_hex && bytes.get(word) == Some(&b':') {
        while let Some(byte) = bytes.get(len) {
            let dot = *byte == b'.' && bytes.get(len + 1) != Some(&b'.');
            if !(byte.is_ascii_hexdigit() || *byte == b':' || dot) {
                break;
            }
            len += 1;
        }
    }
    let address = text.get(..len).unwrap_or("");
    let digits =
        |from: usize| bytes.get(from..).unwrap_or(&[]).iter().take_while(|b| b.is_ascii_digit()).count();
    let is_address = address.contains(':') || address.parse::<std::net::Ipv4Addr>().is_ok();
    if is_address && bytes.get(len) == Some(&b'/') && digits(len + 1) > 0 {
        len += 1 + digits(len + 1);
    }
    len
}

/// One part of a slice.
fn part(text: &str, span: Span) -> Result<Part, FilterError> {
    const FORMS: &str = "[offset], [offset:length], [first-last], [:length] or [offset:]";
    let wrong = |message: String| FilterError::new(span.clone(), message).expecting(FORMS);
    let number = |text: &str| -> Result<i64, FilterError> {
        let text = text.trim();
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let value = super::number::whole(digits).ok().and_then(|value| i32::try_from(value).ok());
        let what = if text.is_empty() {
            "a number is missing in this slice".to_owned()
        } else {
            format!("\"{}\" is no offset in a slice", quoted(text))
        };
        value.map(|value| sign * i64::from(value)).ok_or_else(|| wrong(what))
    };
    if text.trim().is_empty() {
        return Err(wrong("this slice is empty".to_owned()));
    }
    if let Some((from, len)) = text.split_once(':') {
        let from = if from.trim().is_empty() { 0 } else { number(from)? };
        if len.trim().is_empty() {
            return Ok(Part::Rest(from));
        }
        let len = number(len)?;
        return if len > 0 {
            Ok(Part::Length(from, len))
        } else {
            Err(wrong(format!("a slice of length {len} holds nothing")))
        };
    }
    // The minus between two offsets, not the one before the first.
    let body = text.trim_start();
    let sign = usize::from(body.starts_with('-'));
    if let Some(at) = body.get(sign..).and_then(|after| after.find('-')).map(|at| at + sign) {
        let (from, to) = (number(body.get(..at).unwrap_or(""))?, number(body.get(at + 1..).unwrap_or(""))?);
        if (from < 0) == (to < 0) && from > to {
            return Err(wrong(format!("{from} comes after {to}, so this slice holds nothing")));
        }
        return Ok(Part::To(from, to));
    }
    Ok(Part::One(number(text)?))
}
