//! Which limits a run reached, said on standard error: nothing is left out silently.

use super::output::say;
use crate::pipeline::Pipeline;

/// A line for each limit that was reached.
pub(super) fn tell(pipeline: &Pipeline) {
    let limits = pipeline.flows().limits();
    let fragments = pipeline.fragment_limits();
    let messages = pipeline.analyzer_limits();
    for (count, what) in [
        (fragments.evicted, "unfinished datagrams given up because too many fragments waited"),
        (fragments.expired, "unfinished datagrams given up because their fragments did not come in time"),
        (fragments.refused_fragments, "fragments not kept because their datagram has too many"),
        (fragments.too_nested, "packets with fragments within fragments too deep to follow"),
        (
            limits.packets_without_flow,
            "packets of no flow because there are too many conversations to follow",
        ),
        (limits.icmp_errors_forgotten, "ICMP errors about unseen flows forgotten because too many waited"),
        (limits.flows_cut, "flows with more payload than is kept of one flow"),
        (limits.flows_cut_by_total, "flows with payload that was not kept because there is too much in all"),
        (
            limits.gaps_forced,
            "full reassembly buffers that gave up missing bytes which might still have come",
        ),
        (messages.given_up, "times that unfinished messages were given up because too much waited"),
        (messages.untold, "messages left out because too many end in one packet"),
        (messages.not_paired, "HTTP requests not paired with their answers because too many waited at once"),
        (messages.left_packed, "HTTP bodies left out because too much was unpacked before them"),
    ] {
        if count > 0 {
            say(format_args!("limit reached: {what}: {count}"));
        }
    }
}
