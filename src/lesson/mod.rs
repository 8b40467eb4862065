//! A scene that was played, by two witnesses: what its programs told, and what its capture shows.
//!
//! [`checks`] holds the one against the other, a claim at a time, each with its packets. A claim that does not hold means
//! that the capture lacks something, or that a program did not do what its lab says.

mod bots;
mod check;
mod count;
mod datagrams;
mod experiments;
mod faults;
mod general;
mod labs;
mod late;
mod line;
mod lookup;
mod losses;
mod names;
mod ping_checks;
mod pings;
mod sides;
mod talks;

pub use check::{Check, MAX_PACKETS, PacketList};
pub use line::{MAX_SEGMENTS, Segment, Segments};
pub use losses::Losses;
pub use names::{NAME_CASES, NameCase, NameTold, Proof, name_checks};
pub use pings::{Agreement, PingRow, PingSide, PingsBeside, slack};
pub use sides::{Side, sides};

use crate::lab::scene::{Line, Scene};
use crate::report::Told;
use crate::report::http::Exchange;
use crate::report::lab::Labs;
use crate::report::mail::Session;
use faults::Faults;
use talks::{Talk, talks};

/// What a capture shows.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// Its flows, with what was said in them.
    pub flows: &'a [Told<'a>],
    /// Its labs.
    pub labs: Option<&'a Labs>,
    /// Its HTTP exchanges.
    pub exchanges: &'a [Exchange],
    /// Its mail sessions.
    pub mails: &'a [Session],
    /// Its TCP segments with data or a FIN.
    pub segments: &'a Segments,
}

/// The scene, what was told while it was played, and what was captured.
#[derive(Clone, Copy)]
struct Case<'a> {
    scene: &'a Scene,
    log: &'a [Line],
    talks: &'a [Talk<'a>],
    evidence: &'a Evidence<'a>,
    faults: &'a Faults<'a>,
}

/// Everything that must hold of a scene's capture, given what was told while it was played.
#[must_use]
pub fn checks(scene: &Scene, log: &[Line], evidence: &Evidence<'_>) -> Vec<Check> {
    let talks = talks(scene, log);
    let faults = Faults::of(scene, log, &talks, evidence);
    let case = Case { scene, log, talks: &talks, evidence, faults: &faults };
    let mut checks = failures(log);
    checks.extend(general::of(&case));
    checks.extend(faults.checks(&case));
    checks.extend(labs::of(&case).into_iter().map(|check| faults.excused(check)));
    checks.extend(experiments::of(&case));
    checks.extend(datagrams::of(&case));
    checks.extend(line::of(&case));
    checks
}

/// What did not work although it should have.
fn failures(log: &[Line]) -> Vec<Check> {
    log.iter().filter_map(Line::failure).map(|text| Check::new(false, text, [])).collect()
}
