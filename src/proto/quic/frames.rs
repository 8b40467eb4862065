//! The frames of a packet that was decrypted (RFC 9000 section 19), as far as the handshake needs them.

use super::packet::variable;
use crate::proto::tls::reader::Reader;

/// A piece of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crypto<'a> {
    /// Where in the handshake's bytes it begins.
    pub offset: u64,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// The CRYPTO frames of an Initial packet's payload. The list ends with the payload, or at a frame that does not belong
/// there.
pub fn crypto(payload: &[u8]) -> impl Iterator<Item = Crypto<'_>> {
    let mut reader = Reader::new(payload);
    std::iter::from_fn(move || {
        loop {
            match variable(&mut reader)? {
                // PADDING, PING
                0 | 1 => {}
                kind @ (2 | 3) => acknowledgement(&mut reader, kind == 3)?,
                6 => {
                    let offset = variable(&mut reader)?;
                    let len = usize::try_from(variable(&mut reader)?).ok()?;
                    return Some(Crypto { offset, bytes: reader.take(len)? });
                }
                _ => return None,
            }
        }
    })
}

/// Passes over an ACK frame; with three counters more where it tells of congestion.
fn acknowledgement(reader: &mut Reader<'_>, with_counts: bool) -> Option<()> {
    variable(reader)?;
    variable(reader)?;
    let ranges = variable(reader)?;
    variable(reader)?;
    // Each takes two bytes at least, so that the loop ends with the payload.
    for _ in 0..ranges {
        variable(reader)?;
        variable(reader)?;
    }
    if with_counts {
        for _ in 0..3 {
            variable(reader)?;
        }
    }
    Some(())
}
