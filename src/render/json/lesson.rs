//! A scene that was played as a document: what its programs told, the flows of its capture, and the checks.

use std::io::{self, Write};

use serde::Serialize;

use super::escape;
use super::flow::Flows;
use super::{Nanos, is_default};
use crate::lab::scene::{Line, Scene};
use crate::lesson::{Check, PingRow, PingSide, PingsBeside};
use crate::render::pings::SecondRow;
use crate::report::Told;

/// Schema of [`write_lesson_json`].
pub const LESSON_SCHEMA: &str = "wirelab.lab/1";

/// Where a scene was played, and what its capture is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Played {
    /// In a sandbox.
    Sandbox,
    /// On two hosts of a sandbox.
    TwoHosts,
    /// On the loopback interface that all programs share.
    InPlace,
    /// Without a capture, for this reason; the flows and checks are those of the recording that wirelab brings along.
    Recording {
        /// Why nothing could be captured.
        because: String,
        /// What was asked for and the recording was made without, as it is typed.
        without: Vec<&'static str>,
    },
}

impl Played {
    /// What checks are about.
    pub(super) const fn checked(&self) -> &'static str {
        if matches!(self, Self::Recording { .. }) { "recording" } else { "capture" }
    }
}

/// A scene that was played, and everything that is to be told of it.
#[derive(Clone, Copy, Debug)]
pub struct Lesson<'a> {
    /// The scene.
    pub scene: &'a Scene,
    /// Where it was played.
    pub played: &'a Played,
    /// What its programs told; of a recording, when that was made.
    pub log: &'a [Line],
    /// What those told that were just played, where that is not what was captured.
    pub log_here: Option<&'a [Line]>,
    /// The flows of its capture.
    pub flows: &'a [Told<'a>],
    /// Its pings by the client's clock and by the capture; each second of them, where the scene is about those.
    pub pings: Option<(&'a PingsBeside, &'a [[SecondRow; 2]])>,
    /// What must hold.
    pub checks: &'a [Check],
}

#[derive(Serialize)]
struct PingsOut {
    by_client: SideOut,
    in_capture: SideOut,
    pings: Vec<PingOut>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    seconds: Vec<BothSecondsOut>,
}

#[derive(Serialize)]
struct SideOut {
    sent: u64,
    in_time: u64,
    late: u64,
    lost: u64,
    unclear: u64,
    /// On their way when the client was stopped: neither answered nor lost.
    #[serde(skip_serializing_if = "is_default")]
    under_way: u64,
    mean_rtt_ns: Option<Nanos>,
}

#[derive(Serialize)]
struct PingOut {
    number: u64,
    packet: Option<u64>,
    rtt_by_client_ns: Option<Nanos>,
    rtt_in_capture_ns: Option<Nanos>,
    lost_by_client: Option<bool>,
    lost_in_capture: Option<bool>,
}

#[derive(Serialize)]
struct BothSecondsOut {
    by_client: SecondOut,
    in_capture: SecondOut,
}

#[derive(Serialize)]
struct SecondOut {
    sent: u64,
    answered: u64,
    bits: u64,
    mean_delay_ns: Option<Nanos>,
}

impl SideOut {
    fn of(side: &PingSide) -> Self {
        let PingSide { sent, in_time, late, unclear, under_way, mean } = *side;
        Self { sent, in_time, late, lost: side.lost(), unclear, under_way, mean_rtt_ns: mean.map(Nanos) }
    }
}

impl PingOut {
    fn of(row: &PingRow) -> Self {
        Self {
            number: row.number,
            packet: row.capture.map(|seen| seen.at.number),
            rtt_by_client_ns: row.rtt_by_clock().map(Nanos),
            rtt_in_capture_ns: row.rtt_in_capture().map(Nanos),
            lost_by_client: row.is_lost_by_clock(),
            lost_in_capture: row.is_lost_in_capture(),
        }
    }
}

impl SecondOut {
    fn of(second: SecondRow) -> Self {
        let SecondRow { sent, answered, bits, mean } = second;
        Self { sent, answered, bits, mean_delay_ns: mean.map(Nanos) }
    }
}

impl PingsOut {
    fn of(beside: &PingsBeside, seconds: &[[SecondRow; 2]]) -> Self {
        let both = |[clock, capture]: &[SecondRow; 2]| BothSecondsOut {
            by_client: SecondOut::of(*clock),
            in_capture: SecondOut::of(*capture),
        };
        Self {
            by_client: SideOut::of(&beside.clock),
            in_capture: SideOut::of(&beside.capture),
            pings: beside.rows.iter().map(PingOut::of).collect(),
            seconds: seconds.iter().map(both).collect(),
        }
    }
}

/// Writes the document.
///
/// # Errors
/// Those of `out`.
pub fn write_lesson_json<W: Write>(out: &mut W, told: &Lesson<'_>) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        name: &'static str,
        title: &'static str,
        played: &'a Played,
        look_for: &'static [&'static str],
        /// What the programs told, in the order they did.
        log: &'a [Line],
        /// What they told just now, where the rest is about a recording.
        #[serde(skip_serializing_if = "Option::is_none")]
        log_here: Option<&'a [Line]>,
        flows: Flows<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pings: Option<PingsOut>,
        /// `capture`, or `recording`: then none of them is about what was just played.
        checks_of: &'static str,
        checks: &'a [Check],
        /// All of them do, and nothing failed of what was just played.
        holds: bool,
    }
    let Lesson { scene, played, log, log_here, flows, pings, checks } = *told;
    let document = Document {
        schema: LESSON_SCHEMA,
        name: scene.name,
        title: scene.title,
        played,
        look_for: scene.look_for,
        log,
        log_here,
        flows: Flows(flows, true),
        pings: pings.map(|(beside, seconds)| PingsOut::of(beside, seconds)),
        checks_of: played.checked(),
        checks,
        holds: checks.iter().all(|check| check.holds)
            && log_here.is_none_or(|log| log.iter().all(|line| line.failure().is_none())),
    };
    escape::write_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}
