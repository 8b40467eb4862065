//! What is told of a capture in prose: the story of each flow, labs, mails, and what hosts do beside their conversations.

use std::collections::HashSet;

use wirelab::pipeline::{Pipeline, Step};
use wirelab::proto::Messages;
use wirelab::proto::lab::MAX_TEXT;
use wirelab::render::color::Colors;
use wirelab::render::explain::{self, ExplainOptions};
use wirelab::render::json::write_explain_json;
use wirelab::render::mail::{MailOptions, write_mail_json, write_sessions, write_short};
use wirelab::render::table::TableOutput;
use wirelab::report::dns::{DnsCollector, Learnt};
use wirelab::report::lab::{Labs, MAX_MESSAGES_KEPT, PingTotals};
use wirelab::report::lan::LanCollector;
use wirelab::report::mail::{MAX_EVENTS, Session, Sessions};

use crate::{is_json, is_safe};

/// Columns that are written to.
const WIDTH: usize = 80;

/// What is collected for it.
#[derive(Debug, Default)]
pub struct Stories {
    lan: LanCollector,
    mail: Sessions,
    names: DnsCollector,
}

impl Stories {
    /// Takes a packet.
    pub fn packet(&mut self, step: &Step<'_>) {
        self.lan.take(&step.packet, &step.decoded, step.echo, step.messages);
        self.mail.packet(&step.decoded, step.messages, true, &mut |_| {});
        self.names.take(&step.decoded, step.verdicts, step.messages, true);
    }

    /// Ends the capture of `pipeline`, and tells of it; messages that are not whole go to `each`.
    pub fn finish(self, pipeline: &mut Pipeline, each: &mut dyn FnMut(&Messages)) {
        let Self { lan, mut mail, names } = self;
        pipeline.finish_with(&mut |messages| {
            mail.unfinished(messages, &mut |_| {});
            each(messages);
        });
        let (lan, told) = (lan.finish(), pipeline.told(|_, _| true));
        let names = names.finish(pipeline.flows(), |_, _| true);
        let learnt = Learnt::of(names.selected(), pipeline.totals().last_ts);
        let mut out = Vec::new();
        for full in [false, true] {
            let options = ExplainOptions { colors: Colors::OFF, width: WIDTH, full, secrets: full };
            explain::capture(&mut out, "fuzz", pipeline.totals(), &told, options).unwrap();
            if let Some(labs) = pipeline.labs() {
                explain::labs(&mut out, labs, &told, options).unwrap();
            }
            explain::lan(&mut out, &lan, options).unwrap();
            explain::learnt(&mut out, &learnt, options).unwrap();
            explain::beside(&mut out, &pipeline.beside(), options).unwrap();
            is_safe(&out);
            out.clear();
            write_explain_json(&mut out, &told, &lan, &learnt, full).unwrap();
            is_json(&out);
            out.clear();
        }
        if let Some(labs) = pipeline.labs() {
            fits(labs);
        }
        mails(&mail.finish(pipeline.flows(), |_, _| true));
    }
}

/// The sessions of mail, in every form.
fn mails(sessions: &[Session]) {
    assert!(sessions.iter().all(|session| session.events.len() <= MAX_EVENTS));
    let mut out = Vec::new();
    for full in [false, true] {
        let options = MailOptions { colors: Colors::OFF, width: WIDTH, secrets: full, full };
        write_sessions(&mut out, sessions, options).unwrap();
        write_short(&mut out, TableOutput { width: Some(WIDTH), colors: Colors::OFF }, sessions, &[])
            .unwrap();
        is_safe(&out);
        out.clear();
        write_mail_json(&mut out, Some(sessions), &[], 0, None, full).unwrap();
        is_json(&out);
        out.clear();
    }
}

/// What several messages of labs say together has to fit what each says.
fn fits(labs: &Labs) {
    for (_, flow) in labs.all() {
        assert!(flow.messages.len() <= MAX_MESSAGES_KEPT);
        assert!(flow.messages.iter().all(|message| message.text.len() <= MAX_TEXT));
        let pings = PingTotals::of(flow);
        assert!(pings.unasked <= pings.answers && pings.answers - pings.unasked <= pings.sent(), "{pings:?}");
    }
    for room in labs.rooms() {
        for line in &room.lines {
            assert!(line.by < room.members.len());
            assert!(line.lost.iter().all(|lost| lost.to < room.members.len()));
            for way in &line.reached {
                assert!(way.to < room.members.len());
                assert!(way.again || way.packet >= line.at.number, "{line:?}");
            }
        }
    }
    let mut forwarded = HashSet::new();
    for passed in labs.passed() {
        let Some((flow, at)) = passed.forwarded else { continue };
        assert!(at.number > passed.at.number && forwarded.insert((flow, at.number)), "{passed:?}");
    }
}
