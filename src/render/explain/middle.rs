//! The middle of a long talk: one line stands for it.

use std::io::{self, Write};
use std::ops::Range;

use super::super::color::Style;
use super::{ExplainOptions, GUTTER};
use crate::report::{Event, Moment};
use crate::source::PacketNumber;

/// Most turns of a flow that are shown one by one: more than anybody reads, and more than any lab has.
const MAX_TURNS_SHOWN: usize = 200;
/// Of a flow with more, how many are shown from its beginning and its end.
const TURNS_BEFORE: usize = 150;
const TURNS_BEHIND: usize = 40;

/// The turns in the middle of a long talk, which one line stands for.
pub(super) struct Middle {
    folded: Range<usize>,
    /// Turns that went by.
    seen: usize,
    packets: Option<(PacketNumber, PacketNumber)>,
}

impl Middle {
    pub(super) fn of(moments: &[Moment<'_>], full: bool) -> Self {
        let turns = || moments.iter().filter(|moment| matches!(moment.event, Event::Turn(_)));
        let count = turns().count();
        let folded = if full || count <= MAX_TURNS_SHOWN { 0..0 } else { TURNS_BEFORE..count - TURNS_BEHIND };
        let mut inside = turns().skip(folded.start).take(folded.len()).map(|moment| moment.at.number);
        let first = inside.next();
        let packets = first.map(|first| (first, inside.last().unwrap_or(first)));
        Self { folded, seen: 0, packets }
    }

    /// Whether the moment is a turn that is not shown. Before the first of them the line is written.
    pub(super) fn folds(
        &mut self,
        out: &mut impl Write,
        moment: &Moment<'_>,
        options: ExplainOptions,
    ) -> io::Result<bool> {
        let Event::Turn(_) = moment.event else { return Ok(false) };
        let place = self.seen;
        self.seen += 1;
        if place == self.folded.start
            && let Some((first, last)) = self.packets
        {
            let text =
                format!("… {} turns in packets {first} to {last} (--full shows them)", self.folded.len());
            writeln!(out, "{:GUTTER$}{}", "", options.colors.paint(Style::Dim, &text))?;
        }
        Ok(self.folded.contains(&place))
    }
}
