//! The payload of a turn: text as it reads, anything else as a hex dump; long ones folded.

use std::borrow::Cow;
use std::io::{self, Write};

use super::super::excerpt::Excerpt;
use super::super::format::Count;
use super::{ExplainOptions, http, tls};
use crate::flow::Turn;
use crate::report::secret::Masker;

/// Lines of text or hex shown of a payload that is folded.
const FOLDED_LINES: usize = 8;

/// Writes the payload of `turn` under its line, behind `indent` columns; `masker` has seen the turns before.
pub(super) fn write(
    out: &mut impl Write,
    turn: &Turn,
    indent: usize,
    masker: &mut Masker,
    options: ExplainOptions,
) -> io::Result<()> {
    // Records of TLS are told in words; their bytes tell a reader nothing more.
    tls::write_certificates(out, turn, indent, options)?;
    if !options.full && tls::is_spoken(turn) {
        return Ok(());
    }
    let readable = http::readable(turn);
    let bytes = match options.secrets {
        true => Cow::Borrowed(&*readable),
        false => masker.mask(turn.direction, &readable),
    };
    write_bytes(out, &bytes, indent, options)?;
    let kept = u64::try_from(turn.bytes.len()).unwrap_or(u64::MAX);
    let lost = turn.total.saturating_sub(kept);
    if lost > 0 {
        writeln!(out, "{:indent$}… {} more that were not kept", "", Count::bytes(lost))?;
    }
    Ok(())
}

/// Lets `masker` see a turn that is not written: a prompt in it may ask for the password in the next.
pub(super) fn pass_over(turn: &Turn, masker: &mut Masker) {
    // What it looks like masked is of no use here.
    let _ = masker.mask(turn.direction, &http::readable(turn));
}

/// Writes bytes whose secrets are masked.
pub(super) fn write_bytes(
    out: &mut impl Write,
    bytes: &[u8],
    indent: usize,
    options: ExplainOptions,
) -> io::Result<()> {
    let excerpt = Excerpt { indent, lines: if options.full { usize::MAX } else { FOLDED_LINES } };
    let shown = excerpt.any(out, bytes, options.width)?;
    let folded = bytes.len().saturating_sub(shown);
    if folded > 0 {
        let folded = Count::bytes(u64::try_from(folded).unwrap_or(u64::MAX));
        writeln!(out, "{:indent$}… {folded} more (--full shows them)", "")?;
    }
    Ok(())
}
