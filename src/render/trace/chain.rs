//! The chain of trust, a line a link.

use std::io::{self, Write};

use super::super::color::Style;
use super::{TraceStyle, words};
use crate::dnstrace::dnssec::{Link, Part, Security};

/// Writes what each zone's keys and answers are worth, and why.
///
/// # Errors
/// Those of `out`.
pub fn write_chain(out: &mut impl Write, chain: &[Link], style: TraceStyle) -> io::Result<()> {
    writeln!(out)?;
    let writer = super::Comments { style, indent: String::new() };
    if chain.is_empty() {
        return writer.comment(out, "DNSSEC: nothing to check", Style::Dim);
    }
    for link in chain {
        let part = match link.part {
            Part::Keys => "keys",
            Part::Answer => "answer",
        };
        let (word, zone) = (word(link.security), words::zone(&link.zone));
        writer.comment(
            out,
            &format!("DNSSEC {word}: {part} of {zone}: {}", link.why),
            shade(link.security),
        )?;
    }
    Ok(())
}

/// As JSON has it.
pub(super) const fn word(security: Security) -> &'static str {
    match security {
        Security::Secure => "secure",
        Security::Insecure => "insecure",
        Security::Bogus => "bogus",
        Security::Unknown => "unknown",
    }
}

const fn shade(security: Security) -> Style {
    match security {
        Security::Secure => Style::Green,
        Security::Insecure | Security::Unknown => Style::Yellow,
        Security::Bogus => Style::Red,
    }
}
