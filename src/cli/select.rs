//! What of a capture is shown: the packets of `--port` and `-Y`, and the flows they belong to. The analysis sees every
//! packet, so that stream numbers and sequence numbers stay those of the whole capture.

use std::path::Path;

use super::args::{InputArgs, SelectArgs};
use super::output::Failure;
use crate::field::PacketContext;
use crate::filter::Filter;
use crate::flow::Flow;
use crate::pipeline::Step;
use crate::report::stats::CaptureStats;
use crate::source::Interface;
use crate::time::Timestamp;

/// Decides what is shown, and remembers what that was.
pub(super) struct Selection<'a> {
    select: &'a SelectArgs,
    /// `-R`, which a packet has to pass before `-Y` is asked.
    first: Option<FlowFilter>,
    /// `-Y`.
    filter: Option<FlowFilter>,
    /// Tables that are shown beside the packets.
    tables: Vec<Table>,
    /// Time of the last packet that was shown.
    displayed: Option<Timestamp>,
}

/// A table beside the packets, and what it is of, whatever `-Y` takes.
struct Table {
    filter: Option<FlowFilter>,
    /// What it counts of the packets; `None` of a table of flows.
    stats: Option<CaptureStats>,
}

impl Table {
    fn see(&mut self, step: &Step<'_>, context: &PacketContext<'_>, is_taken: bool) {
        let matches = self.filter.as_mut().is_none_or(|filter| filter.takes(step, context));
        if let Some(stats) = self.stats.as_mut().filter(|_| matches && is_taken) {
            stats.count(&step.packet, &step.decoded, context, step.relative());
        }
    }
}

/// A display filter, and the flows with a packet that it took.
struct FlowFilter {
    text: String,
    filter: Filter,
    marked: Marks,
}

impl FlowFilter {
    /// Reads a display filter; `None` where there is nothing in it, which filters nothing in tshark either.
    fn new(text: String) -> Result<Option<Self>, Failure> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let filter = parse(&text)?;
        Ok(Some(Self { text, filter, marked: Marks::default() }))
    }

    fn takes(&mut self, step: &Step<'_>, context: &PacketContext<'_>) -> bool {
        let takes = self.filter.matches(&step.packet, &step.decoded, context);
        if takes {
            step.verdicts.iter().filter_map(|verdict| verdict.flow).for_each(|place| self.marked.set(place));
        }
        takes
    }
}

impl<'a> Selection<'a> {
    /// What `input` selects of a savefile.
    pub(super) fn of_input(input: &'a InputArgs) -> Result<Self, Failure> {
        Self::new(&input.select, input.filter_text()?)
    }

    /// What `select` alone selects.
    pub(super) fn of_options(select: &'a SelectArgs) -> Result<Self, Failure> {
        Self::new(select, select.filter_text()?)
    }

    fn new(select: &'a SelectArgs, text: Option<String>) -> Result<Self, Failure> {
        let filter = text.map(FlowFilter::new).transpose()?.flatten();
        Ok(Self { select, first: None, filter, tables: Vec::new(), displayed: None })
    }

    /// Adds the filter of `-R`.
    pub(super) fn first_pass(&mut self, filter: String) -> Result<(), Failure> {
        self.first = FlowFilter::new(filter)?;
        Ok(())
    }

    /// Adds a table with a filter of its own, of flows or of what `stats` counts; gives its place for
    /// [`Self::table_takes`] and [`Self::table_stats`].
    pub(super) fn add_table(
        &mut self,
        filter: String,
        stats: Option<CaptureStats>,
    ) -> Result<usize, Failure> {
        let place = self.tables.len();
        let filter = FlowFilter::new(filter)?;
        self.tables.push(Table { filter, stats });
        Ok(place)
    }

    /// What the table that was added as `table` has counted.
    pub(super) fn table_stats(&self, table: usize) -> Option<&CaptureStats> {
        self.tables.get(table)?.stats.as_ref()
    }

    /// What the fields of the packet need, where it is one to show.
    #[inline]
    pub(super) fn take<'s>(
        &mut self,
        step: &'s Step<'_>,
        interfaces: &'s [Interface],
    ) -> Option<PacketContext<'s>> {
        if self.first.is_some() || self.filter.is_some() || !self.tables.is_empty() {
            return self.take_asked(step, interfaces);
        }
        // Nobody here asks for fields: what they need is put together only if the caller does.
        if !self.select.takes_packet(&step.decoded) {
            return None;
        }
        let displayed = self.displayed;
        self.displayed = step.packet.ts.or(displayed);
        Some(PacketContext { displayed, ..step.context(interfaces) })
    }

    /// The same, where filters and tables are asked.
    #[inline(never)]
    fn take_asked<'s>(
        &mut self,
        step: &'s Step<'_>,
        interfaces: &'s [Interface],
    ) -> Option<PacketContext<'s>> {
        let context = PacketContext { displayed: self.displayed, ..step.context(interfaces) };
        if self.first.as_mut().is_some_and(|first| !first.takes(step, &context)) {
            return None;
        }
        let is_taken = self.select.takes_packet(&step.decoded);
        for table in &mut self.tables {
            table.see(step, &context, is_taken);
        }
        if !is_taken {
            return None;
        }
        if self.filter.as_mut().is_some_and(|filter| !filter.takes(step, &context)) {
            return None;
        }
        self.displayed = step.packet.ts.or(self.displayed);
        Some(context)
    }

    /// Whether the flow at this place of the flow table is one to show: of `--port`, and with a packet that `-Y` took.
    pub(super) fn takes_flow(&self, place: usize, flow: &Flow) -> bool {
        let mut filters = self.first.iter().chain(&self.filter);
        self.select.takes_flow(flow) && filters.all(|filter| filter.marked.has(place))
    }

    /// Whether the flow at this place is of `--port`, and of the table whose filter was added as `table`.
    pub(super) fn table_takes(&self, table: usize, place: usize, flow: &Flow) -> bool {
        let own = self.tables.get(table).and_then(|table| table.filter.as_ref());
        let mut filters = self.first.iter().chain(own);
        self.select.takes_flow(flow) && filters.all(|filter| filter.marked.has(place))
    }

    /// Whether no flow is left out.
    pub(super) fn is_whole(&self) -> bool {
        self.select.port.is_empty() && self.first.is_none() && self.filter.is_none()
    }

    /// The selection as it was typed, for messages; `None` where everything is selected.
    pub(super) fn spelled(&self) -> Option<String> {
        let text = |filter: &'_ Option<FlowFilter>| filter.as_ref().map(|filter| filter.text.clone());
        self.select.spelled(text(&self.first).as_deref(), text(&self.filter).as_deref())
    }
}

/// Reads a display filter; a mistake is shown in its place.
fn parse(text: &str) -> Result<Filter, Failure> {
    Filter::parse(text).map_err(|error| {
        let failure = Failure::new(error.explain(text));
        if text.split_whitespace().any(|word| Path::new(word).is_file()) {
            return failure
                .hint("a file is named where the display filter stands; one file is read at a time");
        }
        failure
    })
}

/// A set of flows by their place: a bit each, no more of them than there are flows.
#[derive(Debug, Default)]
struct Marks {
    words: Vec<u64>,
}

impl Marks {
    fn set(&mut self, place: usize) {
        let word = place / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(bits) = self.words.get_mut(word) {
            *bits |= 1 << (place % 64);
        }
    }

    fn has(&self, place: usize) -> bool {
        self.words.get(place / 64).is_some_and(|bits| bits >> (place % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_those_that_were_set() {
        let mut marks = Marks::default();
        for place in [0, 63, 64, 1000] {
            marks.set(place);
        }
        let set: Vec<usize> = (0..2000).filter(|place| marks.has(*place)).collect();
        assert_eq!(set, [0, 63, 64, 1000]);
    }
}
