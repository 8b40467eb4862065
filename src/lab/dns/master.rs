//! Master files (RFC 1035 section 5): text to records, each with the line it stands on.
//!
//! A comment that begins with `wirelab:` is an order to this server, which others pass over: `; wirelab: sign`.

use std::fmt;
use std::net::IpAddr;

use super::data::{self, Field};
use super::record::Kind;
use super::{Manner, Name};

/// Longest file that is read, in bytes: a lab's zone has some kilobytes, and all of it is kept and signed.
pub(super) const MAX_FILE_BYTES: usize = 1 << 20;

/// Most records of one file.
const MAX_RECORDS: usize = 10_000;

/// Longest time to live, in seconds (RFC 2181 section 8).
const MAX_TTL: u32 = 0x7fff_ffff;

/// What is wrong with a zone file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {what}")]
pub struct ZoneFileError {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there, in words, nothing in it that controls a terminal.
    pub what: String,
}

/// Something in a zone file that may be meant otherwise. The zones are served all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The file's name.
    pub file: String,
    /// The line, from 1; `None` where it is about the whole file.
    pub line: Option<usize>,
    /// What it is, in words, nothing in it that controls a terminal.
    pub what: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}, line {line}: {}", self.file, self.what),
            None => write!(out, "{}: {}", self.file, self.what),
        }
    }
}

/// A record of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) owner: Name,
    pub(super) kind: Kind,
    pub(super) ttl: u32,
    pub(super) data: Vec<u8>,
}

/// What a file asks of this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The zone is to be signed.
    Sign {
        /// Unsigned delegations need no NSEC3 record (RFC 5155 section 6).
        opt_out: bool,
        /// Signatures are broken on purpose.
        broken: bool,
    },
    /// The server of this name behaves so.
    Server(Name, Manner),
}

/// A file, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Master {
    pub(super) entries: Vec<Entry>,
    pub(super) orders: Vec<(usize, Order)>,
    /// What may be meant otherwise, with its line.
    pub(super) notices: Vec<(usize, String)>,
}

/// Reads a file; `origin` is where its relative names belong until it says otherwise.
pub(super) fn read(file: &str, text: &str, origin: &Name) -> Result<Master, ZoneFileError> {
    let fail = |(line, what): (usize, String)| ZoneFileError { file: file.to_owned(), line, what };
    let mut reader = Reader {
        origin: origin.clone(),
        owner: None,
        default_ttl: None,
        last_ttl: None,
        master: Master::default(),
    };
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = Lines { rest: text, line: 1 };
    while let Some(statement) = lines.next().map_err(fail)? {
        let line = statement.line;
        reader.take(statement).map_err(|what| fail((line, what)))?;
        if reader.master.entries.len() > MAX_RECORDS {
            return Err(fail((line, format!("more than {MAX_RECORDS} records in one file"))));
        }
    }
    Ok(reader.master)
}

/// What stands on a line, or on several between parentheses.
struct Statement<'a> {
    line: usize,
    /// It begins with a blank: the owner is that of the record before.
    is_continued: bool,
    fields: Vec<Field<'a>>,
    order: Option<&'a str>,
    /// The line with an order to this server that is written as none.
    near_order: Option<usize>,
}

/// Cuts a file into statements.
struct Lines<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<Option<Statement<'a>>, (usize, String)> {
        let mut statement = Statement {
            line: self.line,
            is_continued: self.rest.starts_with([' ', '\t']),
            fields: Vec::new(),
            order: None,
            near_order: None,
        };
        let mut opened = None;
        loop {
            let Some(first) = self.rest.chars().next() else {
                if let Some(line) = opened {
                    return Err((line, "a parenthesis is opened here and never closed".to_owned()));
                }
                let is_empty = statement.fields.is_empty()
                    && statement.order.is_none()
                    && statement.near_order.is_none();
                return Ok((!is_empty).then_some(statement));
            };
            match first {
                '\n' => {
                    self.skip(1);
                    self.line += 1;
                    if opened.is_none() {
                        return Ok(Some(statement));
                    }
                }
                ' ' | '\t' | '\r' => self.skip(1),
                '(' => {
                    if let Some(first) = opened {
                        let what = format!(
                            "a parenthesis within parentheses: is that of line {first} never closed?"
                        );
                        return Err((self.line, what));
                    }
                    opened = Some(self.line);
                    self.skip(1);
                }
                ')' if opened.take().is_none() => {
                    return Err((self.line, "a parenthesis is closed that was not opened".to_owned()));
                }
                ')' => self.skip(1),
                ';' => {
                    let comment = self.until(|c| c == '\n').trim_start_matches(';').trim();
                    statement.order = order_in(comment).or(statement.order);
                    if is_near_order(comment) {
                        statement.near_order = Some(self.line);
                    }
                }
                '"' => {
                    self.skip(1);
                    let text = self.until_unescaped('"');
                    if !self.rest.starts_with('"') || text.contains('\n') {
                        return Err((self.line, "a quotation mark is opened here and not closed".to_owned()));
                    }
                    self.skip(1);
                    statement.fields.push(Field { text, is_quoted: true });
                }
                _ => {
                    let text = self.word();
                    statement.fields.push(Field { text, is_quoted: false });
                }
            }
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let taken = self.rest.get(..bytes).unwrap_or(self.rest);
        self.skip(taken.len());
        taken
    }

    fn until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        self.take(self.rest.find(ends).unwrap_or(self.rest.len()))
    }

    fn until_unescaped(&mut self, end: char) -> &'a str {
        let mut is_escaped = false;
        let length = self.rest.find(|c| {
            let ends = c == end && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            ends
        });
        self.take(length.unwrap_or(self.rest.len()))
    }

    fn word(&mut self) -> &'a str {
        let mut is_escaped = false;
        let length = self.rest.find(|c: char| {
            let ends = c == '\n' || (!is_escaped && matches!(c, ' ' | '\t' | '\r' | '(' | ')' | ';' | '"'));
            is_escaped = c == '\\' && !is_escaped;
            ends
        });
        self.take(length.unwrap_or(self.rest.len()))
    }
}

/// The order in a comment.
fn order_in(comment: &str) -> Option<&str> {
    let (word, order) = comment.split_once(':')?;
    word.eq_ignore_ascii_case("wirelab").then(|| order.trim())
}

/// Whether a comment is an order but for its colon.
fn is_near_order(comment: &str) -> bool {
    let mut words = comment.split([' ', '\t', ':']).filter(|word| !word.is_empty());
    order_in(comment).is_none()
        && words.next().is_some_and(|word| word.eq_ignore_ascii_case("wirelab"))
        && matches!(words.next(), Some("sign" | "server"))
}

/// What a record takes over from those before it.
struct Reader {
    origin: Name,
    owner: Option<Name>,
    default_ttl: Option<u32>,
    last_ttl: Option<u32>,
    master: Master,
}

impl Reader {
    fn take(&mut self, statement: Statement<'_>) -> Result<(), String> {
        if let Some(order) = statement.order {
            let order = read_order(order, &self.origin)?;
            self.master.orders.push((statement.line, order));
        }
        if let Some(line) = statement.near_order {
            let what = "an order to this server without its colon is a comment: write `; wirelab: …`";
            self.master.notices.push((line, what.to_owned()));
        }
        let Some((first, rest)) = statement.fields.split_first() else { return Ok(()) };
        if first.text.starts_with('$') && !first.is_quoted && !statement.is_continued {
            return self.control(first.text, rest);
        }
        let mut rest = &*statement.fields;
        if !statement.is_continued {
            let (owner, behind) = (first, rest.get(1..).unwrap_or_default());
            self.owner = Some(name(owner, &self.origin)?);
            rest = behind;
        } else if matches!(&*first.text.to_ascii_uppercase(), "$TTL" | "$ORIGIN" | "$INCLUDE" | "$GENERATE") {
            return Err(format!("{} has to stand at the beginning of its line", shown(first.text)));
        }
        let owner = self.owner.clone().ok_or(
            "a line that begins with a blank takes its name from the record before, and there is none: \
             begin it with a name, or @ for the zone's own",
        )?;
        let (ttl, kind, rest) = read_kind(rest).map_err(|what| {
            let is_type = !statement.is_continued && Kind::parse(first.text).is_some();
            let hint = "stands where the name belongs; a line without a name begins with a blank";
            if is_type { format!("{what} (`{}` {hint})", shown(first.text)) } else { what }
        })?;
        if matches!(kind, Kind::RRSIG | Kind::NSEC | Kind::NSEC3 | Kind::NSEC3PARAM | Kind::DNSKEY) {
            return Err(format!(
                "{kind} records are made when the server starts: leave them out and write `; wirelab: sign`"
            ));
        }
        let data = data::parse(kind, rest, &self.origin)?;
        let ttl = match ttl.or(self.default_ttl).or(self.last_ttl) {
            Some(ttl) => ttl,
            // RFC 1035 section 5.1 leaves it to the record before; of the SOA itself its minimum is meant (RFC 1912).
            None => {
                soa_minimum(kind, &data).ok_or("the time to live is missing: write it, or $TTL before")?
            }
        };
        self.last_ttl = Some(ttl);
        self.master.entries.push(Entry { line: statement.line, owner, kind, ttl, data });
        Ok(())
    }

    fn control(&mut self, word: &str, rest: &[Field<'_>]) -> Result<(), String> {
        let upper = word.to_ascii_uppercase();
        match &*upper {
            "$ORIGIN" | "$TTL" => {}
            "$INCLUDE" => return Err("$INCLUDE is not read: write the records into this file".to_owned()),
            "$GENERATE" => return Err("$GENERATE is not read: write each record".to_owned()),
            _ => return Err(format!("`{}` is no control entry: $ORIGIN and $TTL are", shown(word))),
        }
        let [value] = rest else { return Err(format!("{upper} takes one value")) };
        match &*upper {
            "$ORIGIN" => self.origin = name(value, &self.origin)?,
            _ => self.default_ttl = Some(read_ttl(value.text)?),
        }
        Ok(())
    }
}

/// The time to live, if there is one, and the type, with what stands behind them.
fn read_kind<'a, 'b>(fields: &'a [Field<'b>]) -> Result<(Option<u32>, Kind, &'a [Field<'b>]), String> {
    let (mut ttl, mut has_class) = (None, false);
    let mut rest = fields;
    loop {
        let (field, behind) = rest.split_first().ok_or("the record's type is missing")?;
        rest = behind;
        let upper = field.text.to_ascii_uppercase();
        if let Ok(address) = field.text.parse::<IpAddr>() {
            let kind = if address.is_ipv4() { Kind::A } else { Kind::AAAA };
            return Err(format!("the record's type is missing: {kind} before the address {address}"));
        }
        if field.text.starts_with(|c: char| c.is_ascii_digit()) && ttl.is_none() {
            ttl = Some(read_ttl(field.text)?);
        } else if matches!(&*upper, "CH" | "HS" | "CS" | "NONE" | "ANY") {
            return Err(format!("class {upper}: zones here are of class IN"));
        } else if upper == "IN" && !has_class {
            has_class = true;
        } else if upper
            .strip_prefix('-')
            .is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
        {
            return Err(format!("the time to live `{}` is negative: none can be", shown(field.text)));
        } else {
            let kind = Kind::parse(field.text);
            let kind = kind.ok_or_else(|| format!("`{}` is no record type", shown(field.text)))?;
            return Ok((ttl, kind, rest));
        }
    }
}

fn soa_minimum(kind: Kind, data: &[u8]) -> Option<u32> {
    let minimum = (kind == Kind::SOA).then(|| data.last_chunk::<4>())??;
    Some(u32::from_be_bytes(*minimum).min(MAX_TTL))
}

fn name(field: &Field<'_>, origin: &Name) -> Result<Name, String> {
    Name::parse(field.text, origin).map_err(|wrong| format!("`{}`: {wrong}", shown(field.text)))
}

/// Seconds, or a sum such as `1h30m`, as BIND and others read it.
pub(super) fn read_ttl(text: &str) -> Result<u32, String> {
    let wrong = || format!("`{}` is no time in seconds up to {MAX_TTL}, nor one such as 1h30m", shown(text));
    let (mut sum, mut number) = (0_u32, None::<u32>);
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            let longer = number.unwrap_or(0).checked_mul(10).and_then(|number| number.checked_add(digit));
            number = Some(longer.ok_or_else(wrong)?);
            continue;
        }
        let unit = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(wrong()),
        };
        let part = number.take().ok_or_else(wrong)?.checked_mul(unit).ok_or_else(wrong)?;
        sum = sum.checked_add(part).ok_or_else(wrong)?;
    }
    let sum = sum.checked_add(number.unwrap_or(0)).ok_or_else(wrong)?;
    if sum > MAX_TTL || text.is_empty() { Err(wrong()) } else { Ok(sum) }
}

fn read_order(order: &str, origin: &Name) -> Result<Order, String> {
    let words: Vec<&str> = order.split_whitespace().collect();
    match *words {
        ["sign"] => Ok(Order::Sign { opt_out: false, broken: false }),
        ["sign", "opt-out"] => Ok(Order::Sign { opt_out: true, broken: false }),
        ["sign", "broken"] => Ok(Order::Sign { opt_out: false, broken: true }),
        ["server", server, manner] => {
            let server = name(&Field { text: server, is_quoted: false }, origin)?;
            let manner = match manner {
                "silent" => Manner::Silent,
                "truncates" => Manner::Truncates,
                _ => return Err(format!("a server may be silent or truncates, not `{}`", shown(manner))),
            };
            Ok(Order::Server(server, manner))
        }
        _ => Err(format!(
            "`wirelab: {}` is no order: sign, sign opt-out, sign broken, server NAME silent and server NAME \
             truncates are",
            shown(order)
        )),
    }
}

/// A file's text as an error shows it: short, and nothing in it that controls a terminal.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(64).collect::<String>().escape_debug().to_string()
}
