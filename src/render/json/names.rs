//! The lab `dns` that was played, as a document.

use std::io::{self, Write};

use serde::Serialize;

use super::escape;
use super::flow::Flows;
use super::lesson::Played;
use crate::lesson::{Check, NameTold};
use crate::render::trace::{LinkJson, TraceJson};
use crate::report::Told;

/// Schema of [`write_names_json`].
pub const NAMES_SCHEMA: &str = "wirelab.lab-dns/1";

/// The lab as it was played, and everything that is to be told of it.
#[derive(Clone, Copy, Debug)]
pub struct NamesLesson<'a> {
    /// What it is, in one line.
    pub title: &'static str,
    /// What to look for in the capture.
    pub look_for: &'static [&'static str],
    /// Where it was played.
    pub played: &'a Played,
    /// The resolutions, each with what it shows.
    pub told: &'a [(NameTold, Option<&'static str>)],
    /// Those that were just played, where that is not what was captured.
    pub told_here: Option<&'a [(NameTold, Option<&'static str>)]>,
    /// The flows of the capture.
    pub flows: &'a [Told<'a>],
    /// What must hold.
    pub checks: &'a [Check],
}

#[derive(Serialize)]
struct ResolutionJson {
    /// What it is there to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    shows: Option<&'static str>,
    #[serde(flatten)]
    trace: TraceJson,
    /// Zone by zone whether it can be believed, where that was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    dnssec: Option<Vec<LinkJson>>,
}

fn resolutions(told: &[(NameTold, Option<&'static str>)]) -> Vec<ResolutionJson> {
    let resolution = |(one, shows): &(NameTold, Option<&'static str>)| ResolutionJson {
        shows: *shows,
        trace: TraceJson::new(&one.trace),
        dnssec: one.chain().map(|chain| chain.iter().map(LinkJson::new).collect()),
    };
    told.iter().map(resolution).collect()
}

/// Writes the document.
///
/// # Errors
/// Those of `out`.
pub fn write_names_json<W: Write>(out: &mut W, lesson: &NamesLesson<'_>) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        name: &'static str,
        title: &'static str,
        played: &'a Played,
        look_for: &'static [&'static str],
        resolutions: Vec<ResolutionJson>,
        /// Those of just now, where the rest is about a recording.
        #[serde(skip_serializing_if = "Option::is_none")]
        resolutions_here: Option<Vec<ResolutionJson>>,
        flows: Flows<'a>,
        /// `capture`, or `recording`: then none of them is about what was just played.
        checks_of: &'static str,
        checks: &'a [Check],
        /// All of them do.
        holds: bool,
    }
    let NamesLesson { title, look_for, played, told, told_here, flows, checks } = *lesson;
    let document = Document {
        schema: NAMES_SCHEMA,
        name: crate::lab::dns::LAB,
        title,
        played,
        look_for,
        resolutions: resolutions(told),
        resolutions_here: told_here.map(resolutions),
        flows: Flows(flows, true),
        checks_of: played.checked(),
        checks,
        holds: checks.iter().all(|check| check.holds),
    };
    escape::write_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}
