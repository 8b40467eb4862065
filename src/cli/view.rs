//! The views that live capture and replay share: a line a packet as it comes, or flows and stories at the end.

use std::io::Write;

use clap::ValueEnum;

use super::output::{self, Failure, Stdout};
use super::select::Selection;
use crate::flow::PayloadWanted;
use crate::pipeline::{Pipeline, Step};
use crate::render::color::Colors;
use crate::render::explain::{self, ExplainOptions};
use crate::render::flows::{LEGEND, write_flows};
use crate::render::line::{LineContext, PacketLines};
use crate::render::table::TableOutput;
use crate::report::Told;
use crate::report::dns::{DnsCollector, Learnt};
use crate::report::lan::LanCollector;

/// Payload bytes kept of one flow for its story: a page of text, yet small enough for thousands of flows.
pub(super) const PAYLOAD_PER_SIDE: usize = 64 << 10;

/// Columns of prose: in a pipe or file, and the most on a wide terminal.
const PROSE: (usize, usize) = (80, 110);

/// What to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum View {
    /// A line a packet, as it comes
    Lines,
    /// Each flow's story, at the end
    Explain,
    /// A row a flow, at the end
    Flows,
    /// Nothing
    None,
}

/// Shows a capture while it goes on and when it has ended.
pub(super) struct Shower {
    view: View,
    colors: Colors,
    lines: PacketLines,
    /// What is told beside flows, for their stories only.
    lan: LanCollector,
    names: DnsCollector,
    out: Stdout,
}

impl Shower {
    /// Shows nothing yet.
    pub(super) fn new(view: View, colors: Colors) -> Self {
        let lines = PacketLines::new(output::terminal_width(), colors);
        Self {
            view,
            colors,
            lines,
            lan: LanCollector::default(),
            names: DnsCollector::default(),
            out: output::stdout(),
        }
    }

    /// A pipeline that keeps what this view needs.
    pub(super) fn pipeline(&self) -> Pipeline {
        let payload = PayloadWanted::for_story(PAYLOAD_PER_SIDE);
        Pipeline::new((self.view == View::Explain).then_some(payload))
    }

    /// Shows a packet that was selected.
    pub(super) fn packet(&mut self, step: &Step<'_>) -> Result<(), Failure> {
        match self.view {
            View::Lines => {
                self.lines.write(&mut self.out, &step.packet, &step.decoded, &line_context(step))?
            }
            View::Explain => {
                self.lan.take(&step.packet, &step.decoded, step.echo, step.messages);
                self.names.take(&step.decoded, step.verdicts, step.messages, true);
            }
            View::Flows | View::None => {}
        }
        Ok(())
    }

    /// Brings what was written onto the screen: a person is watching.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }

    /// What name servers knew and caches hold.
    fn learnt(&mut self, pipeline: &Pipeline) -> Learnt {
        let names = std::mem::take(&mut self.names).finish(pipeline.flows(), |_, _| true);
        Learnt::of(names.selected(), pipeline.totals().last_ts)
    }

    /// Prints the stories as one JSON document instead of what is shown at the end.
    #[cfg(all(target_os = "linux", feature = "live"))]
    pub(super) fn finish_json(
        &mut self,
        pipeline: &Pipeline,
        selection: &Selection<'_>,
    ) -> Result<(), Failure> {
        let flows = pipeline.told(|place, flow| selection.takes_flow(place, flow));
        let lan = std::mem::take(&mut self.lan).finish();
        let learnt = self.learnt(pipeline);
        crate::render::json::write_explain_json(&mut self.out, &flows, &lan, &learnt, false)?;
        self.flush()
    }

    /// Shows what is shown at the end, under the name of what was captured or read.
    pub(super) fn finish(
        &mut self,
        name: &str,
        pipeline: &Pipeline,
        selection: &Selection<'_>,
    ) -> Result<(), Failure> {
        let flows = pipeline.told(|place, flow| selection.takes_flow(place, flow));
        match self.view {
            View::Lines | View::None => {}
            View::Flows => table(&mut self.out, &flows, self.colors)?,
            View::Explain => {
                let options = explain_options(self.colors, false, false);
                explain::capture(&mut self.out, name, pipeline.totals(), &flows, options)?;
                if let Some(labs) = pipeline.labs() {
                    explain::labs(&mut self.out, labs, &flows, options)?;
                }
                explain::lan(&mut self.out, &std::mem::take(&mut self.lan).finish(), options)?;
                let learnt = self.learnt(pipeline);
                explain::learnt(&mut self.out, &learnt, options)?;
                if selection.is_whole() {
                    explain::beside(&mut self.out, &pipeline.beside(), options)?;
                }
            }
        }
        self.flush()
    }
}

/// What a line about a packet needs beyond its bytes.
pub(super) fn line_context<'a>(step: &Step<'a>) -> LineContext<'a> {
    LineContext { relative: step.relative(), verdicts: step.verdicts, messages: Some(step.messages) }
}

/// Stories for standard output as it is.
pub(super) fn explain_options(colors: Colors, full: bool, secrets: bool) -> ExplainOptions {
    ExplainOptions { colors, width: prose_width(), full, secrets }
}

/// Columns that prose fills on standard output as it is.
pub(super) fn prose_width() -> usize {
    let (plain, most) = PROSE;
    output::terminal_width().map_or(plain, |columns| columns.min(most))
}

/// Writes a row a flow, and what a person at a terminal should know of the columns.
pub(super) fn table(out: &mut Stdout, flows: &[Told<'_>], colors: Colors) -> Result<(), Failure> {
    let width = output::terminal_width();
    let left_out = write_flows(out, TableOutput { width, colors }, flows)?;
    out.flush()?;
    if width.is_some() && !flows.is_empty() {
        let shown = |line: &&str| line.split_once(':').is_none_or(|(title, _)| !left_out.contains(&title));
        LEGEND.lines().filter(shown).for_each(output::say);
        no_room(&left_out);
    }
    Ok(())
}

/// Says which columns the terminal had no room for.
pub(super) fn no_room(left_out: &[&str]) {
    if !left_out.is_empty() {
        let them = if left_out.len() == 1 { "it" } else { "them" };
        output::say(format_args!(
            "no room for: {}; a wider terminal or a pipe shows {them}",
            left_out.join(", ")
        ));
    }
}
