//! The capture of the lab, taken through every stage.

use super::super::made::Played;
use super::super::recordings;
use crate::cli::output::{Failure, Stdout};
use crate::dnstrace::{Rebuilt, rebuild};
use crate::flow::PayloadWanted;
use crate::lab::dns::LAB;
use crate::lesson::NameTold;
use crate::pipeline::Pipeline;
use crate::render::explain::{self, ExplainOptions};
use crate::report::Told;
use crate::report::dns::{DnsCollector, Learnt};
use crate::report::lan::{Lan, LanCollector};
use crate::source::{Next, PacketSource, Savefile};

/// Payload bytes kept of each side of a flow: more than any message of DNS has.
const PAYLOAD_PER_SIDE: usize = 1 << 17;

/// What the capture shows.
pub(super) struct Study {
    name: String,
    pipeline: Pipeline,
    lan: Lan,
    learnt: Learnt,
    pub(super) rebuilt: Rebuilt,
    /// The log that belongs to the recording, where the capture is one.
    log: Option<Vec<NameTold>>,
}

/// Studies the capture of what was played, or the recording where there is none.
pub(super) fn of(made: &Played<NameTold>) -> Result<Study, Failure> {
    let cannot = |error: std::io::Error| Failure::new(format_args!("cannot read the capture: {error}"));
    if let Some(file) = &made.capture {
        let source = Savefile::from_reader(file.try_clone().map_err(cannot)?, LAB)?;
        return through(source, LAB.to_owned(), None);
    }
    let name = "captures/lab-dns.pcapng".to_owned();
    let source = Savefile::from_reader(recordings::DNS.capture, &name)?;
    through(source, name, Some(recordings::DNS.log()))
}

fn through(mut source: Savefile, name: String, log: Option<Vec<NameTold>>) -> Result<Study, Failure> {
    let mut pipeline = Pipeline::new(Some(PayloadWanted::for_story(PAYLOAD_PER_SIDE)));
    let mut lan = LanCollector::default();
    let mut names = DnsCollector::default();
    loop {
        match source.next_packet()? {
            Next::Packet(packet, _) => {
                let step = pipeline.step(&packet);
                names.take(&step.decoded, step.verdicts, step.messages, true);
                lan.take(&step.packet, &step.decoded, step.echo, step.messages);
            }
            Next::Tick => {}
            Next::End => break,
        }
    }
    pipeline.finish_with(&mut |messages| names.unfinished(messages));
    let transactions = names.finish(pipeline.flows(), |_, _| true);
    let learnt = Learnt::of(transactions.selected(), pipeline.totals().last_ts);
    let rebuilt = rebuild(&transactions.all);
    Ok(Study { name, lan: lan.finish(), learnt, rebuilt, log, pipeline })
}

impl Study {
    /// What is studied: the lab, or a recording's file.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Every flow.
    pub(super) fn flows(&self) -> Vec<Told<'_>> {
        self.pipeline.told(|_, _| true)
    }

    /// What was told when this was captured.
    pub(super) fn log<'a>(&'a self, made: &'a Played<NameTold>) -> &'a [NameTold] {
        self.log.as_deref().unwrap_or(&made.log)
    }

    /// What each server knew and a cache would hold, as `explain` tells it; with `full` the story of each flow, too.
    pub(super) fn explain(&self, out: &mut Stdout, options: ExplainOptions) -> Result<(), Failure> {
        if options.full {
            let flows = self.flows();
            explain::capture(out, &self.name, self.pipeline.totals(), &flows, options)?;
            explain::lan(out, &self.lan, options)?;
        }
        explain::learnt(out, &self.learnt, options)?;
        Ok(())
    }
}
