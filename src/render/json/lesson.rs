//! A scene that was played as a document: what its programs told, the flows of its capture, and the checks.

use std::io::{self, Write};

use serde::Serialize;

use super::escape;
use super::flow::Flows;
use crate::lab::scene::{Line, Scene};
use crate::lesson::Check;
use crate::report::Told;

/// Schema of [`write_lesson_json`].
pub const LESSON_SCHEMA: &str = "wirelab.lab/1";

/// Where a scene was played, and what its capture is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Played {
    /// In a sandbox.
    Sandbox,
    /// On the loopback interface that all programs share.
    InPlace,
    /// Without a capture, for this reason; the flows and checks are those of the recording that wirelab brings along.
    Recording {
        /// Why nothing could be captured.
        because: String,
    },
}

/// Writes the document.
///
/// # Errors
/// Those of `out`.
pub fn write_lesson_json<W: Write>(
    out: &mut W,
    (scene, played): (&Scene, &Played),
    log: &[Line],
    flows: &[Told<'_>],
    checks: &[Check],
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        name: &'static str,
        title: &'static str,
        played: &'a Played,
        look_for: &'static [&'static str],
        /// What the programs told, in the order they did.
        log: &'a [Line],
        flows: Flows<'a>,
        checks: &'a [Check],
        /// All of them do.
        holds: bool,
    }
    let document = Document {
        schema: LESSON_SCHEMA,
        name: scene.name,
        title: scene.title,
        played,
        look_for: scene.look_for,
        log,
        flows: Flows(flows, true),
        checks,
        holds: checks.iter().all(|check| check.holds),
    };
    escape::write_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}
