//! Which limits a run reached, said on standard error: nothing is left out silently.

use super::output::say;
use crate::pipeline::Pipeline;

/// A line for each limit that was reached.
pub(super) fn tell(pipeline: &Pipeline) {
    let limits = pipeline.flows().limits();
    let fragments = pipeline.fragment_limits();
    for (count, what) in [
        (fragments.evicted, "unfinished datagrams were given up: too many fragments waited"),
        (fragments.expired, "unfinished datagrams were given up: their fragments did not come in time"),
        (fragments.refused_fragments, "fragments were not kept: too many of one datagram"),
        (fragments.too_nested, "packets hold fragments within fragments too deep to follow"),
        (limits.packets_without_flow, "packets belong to no flow: too many conversations to follow"),
        (limits.icmp_errors_forgotten, "ICMP errors about unseen flows were forgotten: too many waited"),
        (limits.flows_cut, "flows have more payload than is kept of one flow"),
        (limits.flows_cut_by_total, "flows have payload that was not kept: too much in all"),
        (
            limits.gaps_forced,
            "times a full reassembly buffer gave up missing bytes that might still have come",
        ),
    ] {
        if count > 0 {
            say(format_args!("limit reached: {count} {what}"));
        }
    }
}
