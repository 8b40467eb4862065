//! A domain name of its own, apart from any message.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::proto::dns::{MAX_NAME_BYTES, Name, type_name};

/// Most bytes of a label (RFC 1035 section 2.3.4).
const MAX_LABEL_BYTES: usize = 63;

/// A whole domain name as it stands in a message that packs nothing: each label behind its length, and a zero. Names
/// that differ in the case of letters are equal (RFC 4343).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(Box<[u8]>);

/// Why a text is no domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// A label without a byte, as between two dots.
    #[error("a label is empty")]
    EmptyLabel,
    /// A label of more than 63 bytes.
    #[error("a label is longer than 63 bytes")]
    LongLabel,
    /// More than 255 bytes in a message.
    #[error("the name is longer than 255 bytes")]
    Long,
    /// A backslash without a character or three digits up to 255 behind it.
    #[error("a backslash needs a character, or three digits up to 255, behind it")]
    Escape,
}

impl TryFrom<String> for Domain {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        Self::parse(&text)
    }
}

impl From<Domain> for String {
    fn from(name: Domain) -> Self {
        name.to_string()
    }
}

impl Domain {
    /// The root.
    #[must_use]
    pub fn root() -> Self {
        Self(Box::new([0]))
    }

    /// A name of a message, unless something is wrong with it.
    #[must_use]
    pub fn of(name: &Name<'_>) -> Option<Self> {
        name.fault().is_none().then(|| Self::of_labels(name.labels()))
    }

    fn of_labels<'a>(labels: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut bytes = Vec::new();
        for label in labels {
            bytes.push(u8::try_from(label.len()).unwrap_or_default());
            bytes.extend_from_slice(label);
        }
        bytes.push(0);
        Self(bytes.into())
    }

    /// Reads a name as a master file has it (RFC 1035 section 5.1), with or without the dot at its end.
    ///
    /// # Errors
    /// [`BadName`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        if text == "." {
            return Ok(Self::root());
        }
        let (mut labels, mut label) = (Vec::new(), Vec::new());
        let mut bytes = text.bytes().peekable();
        while let Some(byte) = bytes.next() {
            if byte == b'.' {
                labels.push(std::mem::take(&mut label));
                continue;
            }
            label.push(if byte == b'\\' { escaped(&mut bytes)? } else { byte });
        }
        if !label.is_empty() {
            labels.push(label);
        }
        if labels.is_empty() || labels.iter().any(Vec::is_empty) {
            return Err(BadName::EmptyLabel);
        }
        if labels.iter().any(|label| label.len() > MAX_LABEL_BYTES) {
            return Err(BadName::LongLabel);
        }
        let domain = Self::of_labels(labels.iter().map(Vec::as_slice));
        if domain.0.len() > MAX_NAME_BYTES { Err(BadName::Long) } else { Ok(domain) }
    }

    /// The name, to be compared with those of messages and to be shown.
    #[must_use]
    pub fn name(&self) -> Name<'_> {
        Name::read(&self.0, 0)
    }

    /// Its bytes in a message.
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        &self.0
    }

    /// How many labels, the root's not counted.
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.name().label_count()
    }

    /// Whether it is the root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.label_count() == 0
    }

    /// Whether it is `zone` or below it.
    #[must_use]
    pub fn is_within(&self, zone: &Self) -> bool {
        crate::report::dns::is_within(&self.name(), &zone.name())
    }

    /// The name of its last so many labels; all of it where it has no more.
    #[must_use]
    pub fn last_labels(&self, count: usize) -> Self {
        Self::of_labels(self.name().labels().skip(self.label_count().saturating_sub(count)))
    }

    /// The name without its first label; the root is above itself.
    #[must_use]
    pub fn above(&self) -> Self {
        self.last_labels(self.label_count().saturating_sub(1))
    }

    /// The same name with `to` in the place of `from`, which it is below (RFC 6672 section 2.2); `None` where it is not, or
    /// where that is too long.
    #[must_use]
    pub fn with_end(&self, from: &Self, to: &Self) -> Option<Self> {
        let kept = self.label_count().checked_sub(from.label_count()).filter(|_| self.is_within(from))?;
        let made = Self::of_labels(self.name().labels().take(kept).chain(to.name().labels()));
        (made.0.len() <= MAX_NAME_BYTES).then_some(made)
    }

    /// The bytes in lower case: equal for equal names.
    #[must_use]
    pub fn folded(&self) -> Vec<u8> {
        // Lengths are below 64, and no letter is.
        self.0.to_ascii_lowercase()
    }
}

/// The byte behind a backslash: `\DDD`, or any character for itself.
fn escaped(bytes: &mut std::iter::Peekable<std::str::Bytes<'_>>) -> Result<u8, BadName> {
    let first = bytes.next().ok_or(BadName::Escape)?;
    if !first.is_ascii_digit() {
        return Ok(first);
    }
    let mut number = u16::from(first - b'0');
    for _ in 0..2 {
        let digit = bytes.next().filter(u8::is_ascii_digit).ok_or(BadName::Escape)?;
        number = number * 10 + u16::from(digit - b'0');
    }
    u8::try_from(number).map_err(|_| BadName::Escape)
}

impl PartialEq for Domain {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Domain {}

impl Hash for Domain {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}

/// As in a master file, with the dot at its end: printable ASCII.
impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name().fmt(f)
    }
}

/// The number of a record type by its name, or as `TYPE65534` (RFC 3597 section 5). Letters of either case are equal.
#[must_use]
pub fn type_from_text(text: &str) -> Option<u16> {
    let named =
        (0..=u16::MAX).find(|&code| type_name(code).is_some_and(|name| name.eq_ignore_ascii_case(text)));
    named.or_else(|| {
        let (word, number) = text.split_at_checked(4)?;
        word.eq_ignore_ascii_case("TYPE").then(|| number.parse().ok())?
    })
}
