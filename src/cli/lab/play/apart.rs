//! Where nothing can be captured, a recording is explained instead: what was asked for that it does not show.

use super::PlayArgs;
use crate::lab::LabOption;
use crate::lab::scene::{Hosts, Scene};

/// What the arguments ask for of what is played, and no recording was made with, as it is typed. How the result is shown is no
/// matter of the recording.
pub(super) fn not_recorded(args: &PlayArgs, always_two: bool) -> Vec<&'static str> {
    let others = [
        (args.ipv6, "--ipv6"),
        (args.two_hosts && !always_two, "--two-hosts"),
        (!args.names.is_empty(), "names of your own"),
        (args.zones.is_some(), "--zones"),
    ];
    let options = args.options.given().filter(|option| *option != LabOption::Plot).map(LabOption::flag);
    options.chain(others.into_iter().filter_map(|(given, flag)| given.then_some(flag))).collect()
}

/// The same of a scene.
pub(super) fn not_in_recording(args: &PlayArgs, scene: &Scene) -> Vec<&'static str> {
    not_recorded(args, matches!(scene.hosts, Hosts::Two(_)))
}
