//! A scene's capture, taken through every stage.

use std::io::Write;
use std::time::Duration;

use super::made::Played;
use super::recordings;
use crate::cli::output::{Failure, Stdout};
use crate::flow::PayloadWanted;
use crate::lab::PingRun;
use crate::lab::scene::{Line, Scene, What};
use crate::lesson::{Evidence, PingsBeside};
use crate::pipeline::Pipeline;
use crate::render::explain::{self, ExplainOptions};
use crate::render::pings::write_beside;
use crate::render::table::TableOutput;
use crate::report::Told;
use crate::report::http::{Exchange, Exchanges};
use crate::report::lab::PingTotals;
use crate::report::lan::{Lan, LanCollector};
use crate::report::mail::{Session, Sessions};
use crate::source::{Next, PacketSource, Savefile};

/// Payload bytes kept of each side of a flow: all that a scene says.
const PAYLOAD_PER_SIDE: usize = 4 << 20;

/// How near to the next ping an answer may come such that clock and capture may differ on whether it was late.
const SLACK: Duration = Duration::from_millis(5);

/// What a capture shows.
pub(super) struct Study {
    name: String,
    pipeline: Pipeline,
    lan: Lan,
    exchanges: Vec<Exchange>,
    mails: Vec<Session>,
    /// The log that belongs to the recording, where the capture is one.
    log: Option<Vec<Line>>,
}

/// Studies the capture of a scene that was played, or the recording of it where there is none.
pub(super) fn of(made: &Played, scene: &Scene) -> Result<Study, Failure> {
    let cannot = |error: std::io::Error| Failure::new(format_args!("cannot read the capture: {error}"));
    if let Some(file) = &made.capture {
        let source = Savefile::from_reader(file.try_clone().map_err(cannot)?, scene.name)?;
        return through(source, scene.name.to_owned(), None);
    }
    let recording = recordings::of(scene.name)
        .ok_or_else(|| Failure::new(format_args!("wirelab brings no recording of `{}` along", scene.name)))?;
    let name = format!("captures/{}.pcapng", scene.name);
    let source = Savefile::from_reader(recording.capture, &name)?;
    through(source, name, Some(recording.log()))
}

fn through(mut source: Savefile, name: String, log: Option<Vec<Line>>) -> Result<Study, Failure> {
    let mut pipeline = Pipeline::new(Some(PayloadWanted::for_story(PAYLOAD_PER_SIDE)));
    let mut lan = LanCollector::default();
    let (mut exchanges, mut sessions) = (Exchanges::new(), Sessions::new());
    loop {
        match source.next_packet()? {
            Next::Packet(packet, _) => {
                let step = pipeline.step(&packet);
                lan.take(&step.packet, &step.decoded, step.echo, step.messages);
                exchanges.packet(&step.decoded, step.messages, true, &mut |_| {});
                sessions.packet(&step.decoded, step.messages, true, &mut |_| {});
            }
            Next::Tick => {}
            Next::End => break,
        }
    }
    pipeline.finish_with(&mut |messages| {
        exchanges.unfinished(messages, &mut |_| {});
        sessions.unfinished(messages, &mut |_| {});
    });
    let exchanges = exchanges.finish(pipeline.flows(), |_, _| true);
    let mails = sessions.finish(pipeline.flows(), |_, _| true);
    Ok(Study { name, lan: lan.finish(), exchanges, mails, log, pipeline })
}

impl Study {
    /// Every flow.
    pub(super) fn flows(&self) -> Vec<Told<'_>> {
        self.pipeline.told(|_, _| true)
    }

    /// What checks need.
    pub(super) fn evidence<'a>(&'a self, flows: &'a [Told<'a>]) -> Evidence<'a> {
        Evidence { flows, labs: self.pipeline.labs(), exchanges: &self.exchanges, mails: &self.mails }
    }

    /// What was told when this was captured.
    pub(super) fn log<'a>(&'a self, made: &'a Played) -> &'a [Line] {
        self.log.as_deref().unwrap_or(&made.log)
    }

    /// The story, as `explain` tells it.
    pub(super) fn explain(
        &self,
        out: &mut Stdout,
        flows: &[Told<'_>],
        options: ExplainOptions,
    ) -> Result<(), Failure> {
        explain::capture(out, &self.name, self.pipeline.totals(), flows, options)?;
        if let Some(labs) = self.pipeline.labs() {
            explain::labs(out, labs, flows, options)?;
        }
        explain::lan(out, &self.lan, options)?;
        Ok(())
    }
}

/// The round trips by the client's clock beside those of the capture, of a scene with pings.
pub(super) fn pings(
    out: &mut Stdout,
    scene: &Scene,
    log: &[Line],
    flows: &[Told<'_>],
) -> Result<(), Failure> {
    if scene.name != "udp-ping" {
        return Ok(());
    }
    let run = PingRun::of(log.iter().filter_map(|line| match &line.what {
        What::Noted { note, .. } => Some(note),
        _ => None,
    }));
    let Some(lab) = flows.iter().find_map(|told| told.lab) else { return Ok(()) };
    writeln!(out, "\nThe client's clock and the capture")?;
    let colors = crate::render::color::Colors::OFF;
    write_beside(
        out,
        TableOutput { width: None, colors },
        &PingsBeside::of(&run, &PingTotals::of(lab)),
        SLACK,
    )?;
    Ok(())
}
