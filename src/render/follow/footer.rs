//! What stands below a stream: what is missing at its end, and where packets contradict each other.

use std::io::{self, Write};

use super::{FollowOptions, Side, gap};
use crate::flow::{Conversation, Direction};
use crate::render::color::Style;
use crate::render::format::Count;

/// Writes it, of the sides that are shown.
pub(super) fn write<W: Write>(out: &mut W, talk: &Conversation, options: &FollowOptions) -> io::Result<()> {
    let is_shown = |side: &Direction| options.only.is_none_or(|only| only == *side);
    for direction in [Direction::OrigToResp, Direction::RespToOrig].into_iter().filter(is_shown) {
        let side = Side::new(direction, options.colors);
        let counts = talk.side(direction);
        gap(out, counts.missing_at_end, "missing at the end", &side)?;
        conflicts(out, talk, direction, &side)?;
        if counts.not_compared_bytes > 0 {
            let line = format!(
                "! {}{} sent again too late to be compared with the first",
                side.mark,
                Count::bytes(counts.not_compared_bytes)
            );
            writeln!(out, "\n{}", options.colors.paint(Style::Dim, line))?;
        }
    }
    let said_nothing = !talk.turns.iter().any(|turn| is_shown(&turn.direction));
    if said_nothing && talk.turns_not_kept == 0 && talk.count(options.only, |side| side.missing_bytes) == 0 {
        writeln!(out, "{}", options.colors.paint(Style::Dim, "nothing was said"))?;
    }
    Ok(())
}

/// The packets of one side that contradict earlier ones.
fn conflicts<W: Write>(out: &mut W, talk: &Conversation, of: Direction, side: &Side) -> io::Result<()> {
    let mut unnamed = talk.side(of).conflicts;
    if unnamed > 0 {
        writeln!(out)?;
    }
    for (_, conflict) in talk.named_conflicts.iter().filter(|(direction, _)| *direction == of) {
        let line = format!(
            "! {}packet {} contradicts packet {}, whose bytes are shown: {} from {:08x}",
            side.mark,
            conflict.contradicts,
            conflict.believed,
            Count::bytes(conflict.len),
            conflict.offset
        );
        writeln!(out, "{}", side.colors.paint(Style::Red, line))?;
        unnamed = unnamed.saturating_sub(1);
    }
    if unnamed > 0 {
        let more = Count::new(
            unnamed,
            "more packet contradicts an earlier one",
            "more packets contradict earlier ones",
        );
        writeln!(out, "{}", side.colors.paint(Style::Red, format_args!("! {}{more}", side.mark)))?;
    }
    Ok(())
}
