//! The options of a TCP header, typed one by one.

/// One TCP option (IANA's list of TCP option kind numbers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TcpOption<'a> {
    /// End of the list; what follows is padding.
    End,
    /// Nothing, for alignment.
    NoOperation,
    /// Largest segment the sender can take, in bytes (RFC 9293 section 3.7.1).
    MaximumSegmentSize(u16),
    /// Window scale shift as sent (RFC 7323 section 2).
    WindowScale(u8),
    /// Selective acknowledgment is permitted (RFC 2018 section 2).
    SackPermitted,
    /// Blocks received out of order, 8 bytes each: left and right edge (RFC 2018 section 3).
    Sack(SackBlocks<'a>),
    /// Timestamp and the one echoed (RFC 7323 section 3).
    Timestamps {
        /// The sender's clock.
        value: u32,
        /// The other side's, echoed; meaningful with ACK.
        echo: u32,
    },
    /// MD5 digest of the segment (RFC 2385).
    Md5Signature(&'a [u8]),
    /// User timeout: the field as sent, a granularity bit and 15 bits (RFC 5482).
    UserTimeout(u16),
    /// Authentication option: key identifiers and code (RFC 5925).
    Authentication(&'a [u8]),
    /// Multipath TCP, subtype in the first nibble (RFC 8684).
    Multipath(&'a [u8]),
    /// Fast open cookie, empty to ask for one (RFC 7413).
    FastOpen(&'a [u8]),
    /// An option of another kind, without its kind and length bytes.
    Unknown {
        /// Its number.
        kind: u8,
        /// What it holds.
        data: &'a [u8],
    },
    /// A known option whose length is not what its definition says, or one that runs past the header.
    Malformed {
        /// Its number.
        kind: u8,
        /// What there is of it, without its kind and length bytes.
        data: &'a [u8],
    },
}

/// The edges in a SACK option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SackBlocks<'a>(&'a [u8]);

impl<'a> SackBlocks<'a> {
    /// The whole blocks in `data`, the option without its kind and length.
    pub(crate) fn of(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// (left, right) edges as sent, in order.
    pub fn iter(self) -> impl Iterator<Item = (u32, u32)> + 'a {
        self.0.chunks_exact(8).filter_map(|block| {
            let (left, right) = (block.first_chunk::<4>()?, block.last_chunk::<4>()?);
            Some((u32::from_be_bytes(*left), u32::from_be_bytes(*right)))
        })
    }
}

/// Walks the options of a header. Ends after [`TcpOption::End`], and after an option whose length cannot be.
#[derive(Clone, Copy, Debug)]
pub struct TcpOptionIter<'a> {
    rest: &'a [u8],
    whole: usize,
}

impl<'a> TcpOptionIter<'a> {
    /// The options in `bytes`, which follow the first 20 bytes of a TCP header.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, whole: bytes.len() }
    }

    /// Where the next option starts, counted from the first option's start.
    #[must_use]
    pub fn offset(&self) -> u32 {
        super::span::offset(self.whole.saturating_sub(self.rest.len()))
    }
}

impl<'a> Iterator for TcpOptionIter<'a> {
    type Item = TcpOption<'a>;

    fn next(&mut self) -> Option<TcpOption<'a>> {
        let (&kind, after) = self.rest.split_first()?;
        match kind {
            0 => {
                self.rest = &[];
                return Some(TcpOption::End);
            }
            1 => {
                self.rest = after;
                return Some(TcpOption::NoOperation);
            }
            _ => {}
        }
        let len = after.first().map_or(0, |len| usize::from(*len));
        let Some((option, rest)) = self.rest.split_at_checked(len).filter(|_| len >= 2) else {
            self.rest = &[];
            return Some(TcpOption::Malformed { kind, data: after.get(1..).unwrap_or(&[]) });
        };
        self.rest = rest;
        Some(typed(kind, option.get(2..).unwrap_or(&[])))
    }
}

fn typed(kind: u8, data: &[u8]) -> TcpOption<'_> {
    match (kind, data) {
        (2, &[high, low]) => TcpOption::MaximumSegmentSize(u16::from_be_bytes([high, low])),
        (3, &[shift]) => TcpOption::WindowScale(shift),
        (4, []) => TcpOption::SackPermitted,
        (5, _) if !data.is_empty() && data.len().is_multiple_of(8) => TcpOption::Sack(SackBlocks(data)),
        (8, &[v0, v1, v2, v3, e0, e1, e2, e3]) => TcpOption::Timestamps {
            value: u32::from_be_bytes([v0, v1, v2, v3]),
            echo: u32::from_be_bytes([e0, e1, e2, e3]),
        },
        (19, _) if data.len() == 16 => TcpOption::Md5Signature(data),
        (28, &[high, low]) => TcpOption::UserTimeout(u16::from_be_bytes([high, low])),
        (29, [_, _, ..]) => TcpOption::Authentication(data),
        (30, [_, ..]) => TcpOption::Multipath(data),
        // RFC 7413 section 4.1.1: no cookie, or 4 to 16 bytes, an even number.
        (34, _) if data.is_empty() || matches!(data.len(), 4..=16) => TcpOption::FastOpen(data),
        (2..=5 | 8 | 19 | 28 | 29 | 30 | 34, _) => TcpOption::Malformed { kind, data },
        _ => TcpOption::Unknown { kind, data },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_typed() {
        let bytes = [
            2, 4, 5, 0xb4, 1, 3, 3, 7, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2,
            28, 4, 0x80, 5, 34, 2, 30, 3, 0x10, 253, 4, 1, 2, 0, 9,
        ];
        let options: Vec<_> = TcpOptionIter::new(&bytes).collect();
        assert_eq!(
            options,
            [
                TcpOption::MaximumSegmentSize(1460),
                TcpOption::NoOperation,
                TcpOption::WindowScale(7),
                TcpOption::SackPermitted,
                TcpOption::Timestamps { value: 9, echo: 8 },
                TcpOption::Sack(SackBlocks(&bytes[22..30])),
                TcpOption::UserTimeout(0x8005),
                TcpOption::FastOpen(&[]),
                TcpOption::Multipath(&[0x10]),
                TcpOption::Unknown { kind: 253, data: &[1, 2] },
                TcpOption::End,
            ]
        );
        let TcpOption::Sack(blocks) = options[5] else { panic!("{:?}", options[5]) };
        assert_eq!(blocks.iter().collect::<Vec<_>>(), [(1, 2)]);
    }

    #[test]
    fn lengths_that_cannot_be_are_told_and_end_the_list() {
        let all = |bytes: &'static [u8]| TcpOptionIter::new(bytes).collect::<Vec<_>>();
        assert_eq!(all(&[2, 0, 0, 0]), [TcpOption::Malformed { kind: 2, data: &[0, 0] }]);
        assert_eq!(all(&[8, 10, 1]), [TcpOption::Malformed { kind: 8, data: &[1] }]);
        assert_eq!(all(&[3]), [TcpOption::Malformed { kind: 3, data: &[] }]);
        assert_eq!(all(&[3, 2, 1]), [TcpOption::Malformed { kind: 3, data: &[] }, TcpOption::NoOperation]);
    }
}
