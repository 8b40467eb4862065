//! Pings of a scene by two clocks: the client's own, and that of the capture.

use std::io::Write;

use crate::cli::lab::measured::Drawing;
use crate::cli::output::{Failure, Stdout, terminal_width};
use crate::lab::scene::{Line, Scene, What};
use crate::lab::{LabOption, PingRun};
use crate::lesson::PingsBeside;
use crate::render::color::Style;
use crate::render::explain::ExplainOptions;
use crate::render::pings::{
    SecondRow, plot_of, seconds_beside, write_agreement, write_beside, write_seconds_beside,
    write_totals_beside,
};
use crate::render::plot;
use crate::render::table::TableOutput;
use crate::report::Told;
use crate::report::lab::PingTotals;

/// Most pings that get a row each: a screenful. Of more there are only the sums.
const MOST_ROWS: usize = 40;

/// What both say of the pings of a scene.
pub(super) struct Pings {
    pub(super) beside: PingsBeside,
    /// By the client and in the capture, of a scene that is about them.
    pub(super) seconds: Vec<[SecondRow; 2]>,
}

impl Pings {
    /// Those of a scene whose client measures; `None` for any other.
    pub(super) fn of(scene: &Scene, log: &[Line], flows: &[Told<'_>]) -> Option<Self> {
        let lab = crate::lab::find(scene.name).ok().filter(|lab| lab.measures())?;
        let run = PingRun::of(log.iter().filter_map(|line| match &line.what {
            What::Noted { note, .. } => Some(note),
            _ => None,
        }));
        let flow = flows.iter().find_map(|told| told.lab)?;
        let seconds = if lab.takes(LabOption::Plot) {
            seconds_beside(&run.seconds(), &PingTotals::seconds_of(flow))
        } else {
            Vec::new()
        };
        Some(Self { beside: PingsBeside::of(&run, &PingTotals::of(flow)), seconds })
    }

    /// Writes the tables and the drawing.
    pub(super) fn write(
        &self,
        out: &mut Stdout,
        scene: &Scene,
        options: ExplainOptions,
    ) -> Result<(), Failure> {
        let width = terminal_width();
        let table = TableOutput { width, colors: options.colors };
        if !self.seconds.is_empty() {
            let heading = "Second by second, by the client's clock and in the capture";
            writeln!(out, "\n{}\n", options.colors.paint(Style::Bold, heading))?;
            write_seconds_beside(out, table, &self.seconds)?;
            writeln!(out)?;
            plot::write_text(out, &plot_of(scene.name, &self.by_clock()), width)?;
        }
        let heading = "The client's clock and the capture";
        writeln!(out, "\n{}\n", options.colors.paint(Style::Bold, heading))?;
        if self.beside.rows.len() <= MOST_ROWS {
            write_beside(out, table, &self.beside)?;
        } else {
            write_totals_beside(out, &self.beside)?;
        }
        write_agreement(out, &self.beside)?;
        Ok(())
    }

    /// Draws them into a file.
    pub(super) fn draw(&self, scene: &Scene, drawing: &mut Drawing) -> Result<(), Failure> {
        drawing.write(&plot::svg(&plot_of(scene.name, &self.by_clock())))?;
        Ok(())
    }

    fn by_clock(&self) -> Vec<SecondRow> {
        self.seconds.iter().map(|[clock, _]| *clock).collect()
    }
}
