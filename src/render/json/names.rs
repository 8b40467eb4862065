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
        flows: Flows<'a>,
        checks: &'a [Check],
        /// All of them do.
        holds: bool,
    }
    let NamesLesson { title, look_for, played, told, flows, checks } = *lesson;
    let resolutions = told.iter().map(|(one, shows)| ResolutionJson {
        shows: *shows,
        trace: TraceJson::new(&one.trace),
        dnssec: one.chain().map(|chain| chain.iter().map(LinkJson::new).collect()),
    });
    let document = Document {
        schema: NAMES_SCHEMA,
        name: crate::lab::dns::LAB,
        title,
        played,
        look_for,
        resolutions: resolutions.collect(),
        flows: Flows(flows, true),
        checks,
        holds: checks.iter().all(|check| check.holds),
    };
    escape::write_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}
