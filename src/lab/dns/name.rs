//! Domain names as zones hold them: whole, absolute, in lower case (RFC 1035 section 3.1, RFC 4343).

use std::cmp::Ordering;
use std::fmt::{self, Write};

/// Most bytes of a name, lengths and the root's zero counted (RFC 1035 section 2.3.4).
const MAX_BYTES: usize = 255;

/// Most bytes of a label (RFC 1035 section 2.3.4).
const MAX_LABEL: usize = 63;

/// A name, in the form that messages have, uncompressed and in lower case: DNSSEC's canonical form (RFC 4034
/// section 6.2). Ordered as zones are (RFC 4034 section 6.1): by labels from the right.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Box<[u8]>);

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAName {
    /// Nothing at all.
    #[error("a name is missing")]
    Empty,
    /// Two dots in a row, or one at the beginning.
    #[error("a label is empty: two dots stand together, or one begins the name")]
    EmptyLabel,
    /// More than 63 bytes between two dots.
    #[error("a label is longer than 63 bytes")]
    LongLabel,
    /// More than 255 bytes.
    #[error("the name is longer than 255 bytes")]
    Long,
    /// A backslash without what belongs behind it.
    #[error(r"a backslash is followed by neither a character nor three digits up to 255")]
    Escape,
}

impl Name {
    /// The root.
    #[must_use]
    pub fn root() -> Self {
        Self(Box::new([0]))
    }

    /// A name as master files write it (RFC 1035 section 5.1): `origin` is added where no dot ends it; `@` is the origin.
    ///
    /// # Errors
    /// [`NotAName`]: what is wrong with it.
    pub fn parse(text: &str, origin: &Self) -> Result<Self, NotAName> {
        match text {
            "" => return Err(NotAName::Empty),
            "@" => return Ok(origin.clone()),
            "." => return Ok(Self::root()),
            _ => {}
        }
        let mut labels: Vec<Vec<u8>> = vec![Vec::new()];
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            match byte {
                b'.' => labels.push(Vec::new()),
                _ => {
                    let byte =
                        if byte == b'\\' { unescape(&mut rest).ok_or(NotAName::Escape)? } else { byte };
                    if let Some(label) = labels.last_mut() {
                        label.push(byte.to_ascii_lowercase());
                    }
                }
            }
        }
        let is_absolute = labels.last().is_some_and(Vec::is_empty);
        if is_absolute {
            labels.pop();
        }
        let mut wire = Vec::new();
        for label in &labels {
            push_label(&mut wire, label)?;
        }
        wire.extend_from_slice(if is_absolute { &[0] } else { &origin.0 });
        if wire.len() > MAX_BYTES { Err(NotAName::Long) } else { Ok(Self(wire.into())) }
    }

    /// The name that begins `bytes`, which a query's question or record data hold, and how many bytes it takes; `None` where
    /// it is cut, too long or compressed: nothing stands before it that a pointer could lead to.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut at = 0;
        loop {
            let length = usize::from(*bytes.get(at)?);
            at += length + 1;
            if length > MAX_LABEL || at > MAX_BYTES {
                return None;
            }
            if length == 0 {
                let wire = bytes.get(..at)?.to_ascii_lowercase();
                return Some((Self(wire.into()), at));
            }
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        &self.0
    }

    /// Its labels from the left, without the root's.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        self.suffixes().filter_map(|suffix| {
            let (&length, rest) = suffix.split_first()?;
            rest.get(..usize::from(length)).filter(|label| !label.is_empty())
        })
    }

    /// Its own bytes, those from its second label on, and so on, down to the root's zero.
    pub fn suffixes(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest: &[u8] = &self.0;
        std::iter::from_fn(move || {
            let suffix = rest;
            let length = usize::from(*suffix.first()?);
            rest = suffix.get(length + 1..).unwrap_or_default();
            Some(suffix)
        })
    }

    /// How many labels, the root's not counted.
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.labels().count()
    }

    /// Whether it is the root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.len() == 1
    }

    /// Whether its first label is `*` (RFC 4592).
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.labels().next() == Some(b"*")
    }

    /// The name without its first label; `None` of the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.suffixes().nth(1).map(|suffix| Self(suffix.into()))
    }

    /// The name and all above it, up to the root.
    pub fn and_above(&self) -> impl Iterator<Item = Self> {
        self.suffixes().map(|suffix| Self(suffix.into()))
    }

    /// Whether it is `other` or below it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.suffixes().any(|suffix| suffix == &*other.0)
    }

    /// Whether it is below `other`, not `other` itself.
    #[must_use]
    pub fn is_below(&self, other: &Self) -> bool {
        self != other && self.is_within(other)
    }

    /// The name with another label before it.
    ///
    /// # Errors
    /// [`NotAName::Long`] where it would be longer than a name can be.
    pub fn with_label(&self, label: &[u8]) -> Result<Self, NotAName> {
        let mut wire = Vec::new();
        push_label(&mut wire, &label.to_ascii_lowercase())?;
        wire.extend_from_slice(&self.0);
        if wire.len() > MAX_BYTES { Err(NotAName::Long) } else { Ok(Self(wire.into())) }
    }

    /// The name with `to` in the place of `from`, which it is below: what a DNAME makes of it (RFC 6672 section 2.2).
    ///
    /// # Errors
    /// [`NotAName::Long`] where it would be longer than a name can be.
    pub fn moved(&self, from: &Self, to: &Self) -> Result<Self, NotAName> {
        let kept = self.0.len().saturating_sub(from.0.len());
        let mut wire = self.0.get(..kept).unwrap_or_default().to_vec();
        wire.extend_from_slice(&to.0);
        if wire.len() > MAX_BYTES { Err(NotAName::Long) } else { Ok(Self(wire.into())) }
    }
}

fn push_label(wire: &mut Vec<u8>, label: &[u8]) -> Result<(), NotAName> {
    let length = u8::try_from(label.len()).map_err(|_| NotAName::LongLabel)?;
    match usize::from(length) {
        0 => Err(NotAName::EmptyLabel),
        1..=MAX_LABEL => {
            wire.push(length);
            wire.extend_from_slice(label);
            Ok(())
        }
        _ => Err(NotAName::LongLabel),
    }
}

/// What stands behind a backslash: a character for itself, or three digits for a byte (RFC 1035 section 5.1).
pub(super) fn unescape(rest: &mut impl Iterator<Item = u8>) -> Option<u8> {
    let first = rest.next()?;
    if !first.is_ascii_digit() {
        return Some(first);
    }
    let mut value = u16::from(first - b'0');
    for _ in 0..2 {
        let digit = rest.next().filter(u8::is_ascii_digit)?;
        value = value * 10 + u16::from(digit - b'0');
    }
    u8::try_from(value).ok()
}

impl Name {
    /// Where each label begins; a name has 127 at most.
    fn label_places(&self) -> ([u8; 128], usize) {
        let mut places = [0; 128];
        let (mut count, mut at) = (0, 0_u8);
        while let Some(&length) = self.0.get(usize::from(at)).filter(|length| **length > 0) {
            if let Some(place) = places.get_mut(count) {
                *place = at;
            }
            count += 1;
            at = at.saturating_add(length).saturating_add(1);
        }
        (places, count)
    }

    fn label_at(&self, place: u8) -> &[u8] {
        let at = usize::from(place);
        let length = usize::from(self.0.get(at).copied().unwrap_or(0));
        self.0.get(at + 1..at + 1 + length).unwrap_or_default()
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((mine, my_count), (others, other_count)) = (self.label_places(), other.label_places());
        let (mine, others) = (mine.iter().take(my_count).rev(), others.iter().take(other_count).rev());
        for (my_place, other_place) in mine.zip(others) {
            let order = self.label_at(*my_place).cmp(other.label_at(*other_place));
            if order.is_ne() {
                return order;
            }
        }
        my_count.cmp(&other_count)
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As in a master file, with the dot at its end: nothing in it controls a terminal.
impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return out.write_char('.');
        }
        for label in self.labels() {
            for &byte in label {
                match byte {
                    b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
                        write!(out, "\\{}", char::from(byte))?;
                    }
                    0x21..=0x7e => out.write_char(char::from(byte))?,
                    _ => write!(out, "\\{byte:03}")?,
                }
            }
            out.write_char('.')?;
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text, &Name::root()).unwrap()
    }

    #[test]
    fn names_are_read_as_master_files_write_them() {
        let origin = name("edu.");
        for (text, shown) in [
            ("nyu", "nyu.edu."),
            ("NYU.edu.", "nyu.edu."),
            ("@", "edu."),
            (".", "."),
            (r"a\.b", r"a\.b.edu."),
            (r"\065\255x", r"a\255x.edu."),
            (r"\@", r"\@.edu."),
        ] {
            assert_eq!(Name::parse(text, &origin).unwrap().to_string(), shown, "{text}");
        }
        for (text, wrong) in [
            ("", NotAName::Empty),
            ("a..b", NotAName::EmptyLabel),
            (".a", NotAName::EmptyLabel),
            (r"a\", NotAName::Escape),
            (r"a\25", NotAName::Escape),
            (r"a\256", NotAName::Escape),
            (&"x".repeat(64), NotAName::LongLabel),
            (&"x.".repeat(128), NotAName::Long),
        ] {
            assert_eq!(Name::parse(text, &origin).unwrap_err(), wrong, "{text}");
        }
    }

    #[test]
    fn the_order_is_that_of_zones() {
        // The example of RFC 4034 section 6.1.
        let sorted = [
            "example.",
            "a.example.",
            "yljkjljk.a.example.",
            "Z.a.example.",
            "zABC.a.EXAMPLE.",
            "z.example.",
            r"\001.z.example.",
            "*.z.example.",
            r"\200.z.example.",
        ]
        .map(name);
        let mut again = sorted.clone();
        again.reverse();
        again.sort();
        assert_eq!(again, sorted);
    }

    #[test]
    fn relations_are_by_whole_labels() {
        assert!(name("www.nyu.edu.").is_within(&name("nyu.edu.")));
        assert!(
            name("nyu.edu.").is_within(&name("nyu.edu.")) && !name("nyu.edu.").is_below(&name("nyu.edu."))
        );
        assert!(!name("xnyu.edu.").is_within(&name("nyu.edu.")));
        assert!(name("a.b.").is_below(&Name::root()));
        assert_eq!(name("a.b.c.").parent().unwrap(), name("b.c."));
        assert_eq!(Name::root().parent(), None);
        assert_eq!(
            name("x.old.edu.").moved(&name("old.edu."), &name("new.org.")).unwrap(),
            name("x.new.org.")
        );
    }

    #[test]
    fn no_bytes_are_a_name_by_mistake() {
        assert_eq!(Name::read(b"\x03WWW\x00rest").unwrap(), (name("www."), 5));
        for bytes in [&b""[..], b"\x03ww", b"\x03www", b"\xc0\x0c", b"\x40", &[1; 300]] {
            assert_eq!(Name::read(bytes), None, "{bytes:?}");
        }
    }
}
