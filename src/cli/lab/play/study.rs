//! A scene's capture, taken through every stage.

use super::made::Played;
use super::recordings;
use crate::cli::output::{Failure, Stdout};
use crate::flow::{PacketStamp, PayloadWanted};
use crate::lab::scene::{Line, Scene};
use crate::lesson::{Evidence, Segments};
use crate::pipeline::Pipeline;
use crate::render::explain::{self, ExplainOptions};
use crate::report::Told;
use crate::report::http::{Exchange, Exchanges};
use crate::report::lan::{Lan, LanCollector};
use crate::report::mail::{Session, Sessions};
use crate::source::{Next, PacketSource, Savefile};

/// Payload bytes kept of each side of a flow: all that a scene says.
const PAYLOAD_PER_SIDE: usize = 4 << 20;

/// What a capture shows.
pub(super) struct Study {
    name: String,
    pipeline: Pipeline,
    lan: Lan,
    exchanges: Vec<Exchange>,
    mails: Vec<Session>,
    segments: Segments,
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
    let mut segments = Segments::default();
    loop {
        match source.next_packet()? {
            Next::Packet(packet, _) => {
                let step = pipeline.step(&packet);
                segments.take(
                    PacketStamp { number: packet.number, ts: packet.ts },
                    &step.decoded,
                    step.verdicts,
                );
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
    Ok(Study { name, lan: lan.finish(), exchanges, mails, segments, log, pipeline })
}

impl Study {
    /// What is studied: the scene, or a recording's file.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Every flow.
    pub(super) fn flows(&self) -> Vec<Told<'_>> {
        self.pipeline.told(|_, _| true)
    }

    /// What checks need.
    pub(super) fn evidence<'a>(&'a self, flows: &'a [Told<'a>]) -> Evidence<'a> {
        Evidence {
            flows,
            labs: self.pipeline.labs(),
            exchanges: &self.exchanges,
            mails: &self.mails,
            segments: &self.segments,
        }
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
