//! Domain names as a message holds them: labels, and pointers to names before (RFC 1035 sections 3.1 and 4.1.4).

use std::fmt;
use std::ops::Range;

/// Most bytes of a name, lengths and the root's zero counted (RFC 1035 section 2.3.4).
pub const MAX_NAME_BYTES: usize = 255;

/// Most pointers followed in one name: each leads to a place before, and a name of 127 labels has no use for more.
pub const MAX_POINTERS: usize = 128;

/// The bits that tell a pointer from a length.
const POINTER_BITS: u8 = 0xc0;
/// What a pointer takes.
const POINTER_BYTES: usize = 2;

/// A name in a message, not yet taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    message: &'a [u8],
    start: usize,
    end: usize,
    bytes: usize,
    labels: usize,
    fault: Option<NameFault>,
}

/// What is wrong with a name; the labels before the fault are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// The message ends within it.
    Cut,
    /// A pointer leads to itself or into the part of the name that it ends.
    Loop,
    /// A pointer leads to what comes later, which RFC 1035 section 4.1.4 does not allow.
    Forward,
    /// More than [`MAX_NAME_BYTES`], or than [`MAX_POINTERS`] pointers.
    TooLong,
    /// A length that begins with the bits 01 or 10, which mean nothing (RFC 6891 section 5).
    UnknownLabel,
}

impl<'a> Name<'a> {
    /// The name at `start` of `message`, whatever is there.
    #[must_use]
    pub fn read(message: &'a [u8], start: usize) -> Self {
        let mut steps = Steps::new(message, start);
        let (mut bytes, mut labels) = (1_usize, 0);
        let mut fault = None;
        loop {
            match steps.step() {
                Ok(Some(label)) => {
                    let longer = bytes.saturating_add(label.len()).saturating_add(1);
                    if longer > MAX_NAME_BYTES {
                        fault = Some(NameFault::TooLong);
                        break;
                    }
                    bytes = longer;
                    labels += 1;
                }
                Ok(None) => break,
                Err(found) => {
                    fault = Some(found);
                    break;
                }
            }
        }
        let end = steps.end.or_else(|| end_of(message, start)).unwrap_or(message.len());
        Self { message, start, end: end.min(message.len()), bytes, labels, fault }
    }

    /// Its labels from the left, without the root's; those before a fault.
    pub fn labels(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut steps = Steps::new(self.message, self.start);
        std::iter::from_fn(move || steps.step().ok().flatten()).take(self.labels)
    }

    /// How many labels, the root's not counted.
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.labels
    }

    /// Bytes of the name written out, lengths and the root's zero counted: 1 for the root.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        self.bytes
    }

    /// Whether it is the root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.labels == 0 && self.fault.is_none()
    }

    /// Where it stands in the message: up to its end or its first pointer.
    #[must_use]
    pub fn place(&self) -> Range<usize> {
        self.start..self.end
    }

    /// What is wrong with it.
    #[must_use]
    pub fn fault(&self) -> Option<NameFault> {
        self.fault
    }

    /// Whether both are the same name: letters of either case are equal (RFC 4343).
    #[must_use]
    pub fn is_same(&self, other: &Name<'_>) -> bool {
        self.labels == other.labels
            && self.bytes == other.bytes
            && self.fault == other.fault
            && self.labels().zip(other.labels()).all(|(a, b)| a.eq_ignore_ascii_case(b))
    }

    /// The labels in lower case, each behind its length: equal for equal names.
    pub fn folded(&self) -> impl Iterator<Item = u8> + use<'a> {
        self.labels().flat_map(|label| {
            let length = u8::try_from(label.len()).unwrap_or(0);
            std::iter::once(length).chain(label.iter().map(u8::to_ascii_lowercase))
        })
    }
}

/// As in a master file (RFC 1035 section 5.1), with the dot at its end, which `{:#}` leaves out; a fault is told behind
/// what is good.
impl fmt::Display for Name<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for (place, label) in self.labels().enumerate() {
            if place > 0 {
                out.write_char('.')?;
            }
            for &byte in label {
                match byte {
                    b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
                        write!(out, "\\{}", char::from(byte))?;
                    }
                    0x21..=0x7e => out.write_char(char::from(byte))?,
                    _ => write!(out, "\\{byte:03}")?,
                }
            }
        }
        match self.fault {
            Some(fault) => write!(out, "{}<{fault}>", if self.labels > 0 { "." } else { "" }),
            None if self.labels > 0 && out.alternate() => Ok(()),
            None => out.write_char('.'),
        }
    }
}

impl fmt::Display for NameFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Cut => "name is cut",
            Self::Loop => "name's pointer leads back into the name",
            Self::Forward => "name's pointer leads forward",
            Self::TooLong => "name is longer than 255 bytes",
            Self::UnknownLabel => "name has a label of an unknown kind",
        })
    }
}

/// Where the name at `start` ends in its place, whatever its pointer leads to; `None` where the message ends first.
fn end_of(message: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        match *message.get(at)? {
            0 => return Some(at + 1),
            length @ 1..0x40 => at = at.checked_add(usize::from(length) + 1)?,
            POINTER_BITS.. => return message.get(at + 1).map(|_| at + POINTER_BYTES),
            _ => return None,
        }
    }
}

/// The way along a name.
struct Steps<'a> {
    message: &'a [u8],
    at: usize,
    /// Where the part began that is being read: a pointer has to lead before it.
    part: usize,
    /// Where the name ends in its place, once that was passed.
    end: Option<usize>,
    pointers: usize,
}

impl<'a> Steps<'a> {
    fn new(message: &'a [u8], start: usize) -> Self {
        Self { message, at: start, part: start, end: None, pointers: 0 }
    }

    /// The next label; `None` at the root.
    fn step(&mut self) -> Result<Option<&'a [u8]>, NameFault> {
        loop {
            let first = *self.message.get(self.at).ok_or(NameFault::Cut)?;
            let next = self.at.saturating_add(1);
            match first {
                0 => {
                    self.end.get_or_insert(next);
                    return Ok(None);
                }
                length @ 1..0x40 => {
                    let end = next.saturating_add(usize::from(length));
                    let label = self.message.get(next..end).ok_or(NameFault::Cut)?;
                    self.at = end;
                    return Ok(Some(label));
                }
                POINTER_BITS.. => {
                    let low = *self.message.get(next).ok_or(NameFault::Cut)?;
                    self.end.get_or_insert(next.saturating_add(1));
                    self.follow(usize::from(u16::from_be_bytes([first & !POINTER_BITS, low])))?;
                }
                _ => return Err(NameFault::UnknownLabel),
            }
        }
    }

    fn follow(&mut self, to: usize) -> Result<(), NameFault> {
        self.pointers += 1;
        if to >= self.part {
            return Err(if to <= self.at { NameFault::Loop } else { NameFault::Forward });
        }
        if self.pointers > MAX_POINTERS {
            return Err(NameFault::TooLong);
        }
        (self.at, self.part) = (to, to);
        Ok(())
    }
}
