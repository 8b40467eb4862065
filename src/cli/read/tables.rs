//! The tables that `-z` asks for.

use super::options::StatisticKind;
use crate::cli::output::{self, Failure, Stdout, say};
use crate::cli::select::Selection;
use crate::cli::{follow, stats, stream, view};
use crate::pipeline::Pipeline;
use crate::render::color::Colors;
use crate::render::stats::{EndpointsOf, write_endpoints, write_intervals, write_pairs, write_protocols};
use crate::render::table::TableOutput;
use crate::report::stats::{CaptureStats, Intervals};

/// What a table counts while packets are read; `None` where the flow table knows it all.
pub(super) fn stats(kind: StatisticKind) -> Option<CaptureStats> {
    match kind {
        StatisticKind::Flows { .. } | StatisticKind::Follow(..) => None,
        StatisticKind::Intervals(nanos) => Some(CaptureStats::new(Intervals::of_nanos(nanos))),
        _ => Some(CaptureStats::new(Intervals::default())),
    }
}

/// Writes the table that was added to the selection as `table`.
pub(super) fn write(
    out: &mut Stdout,
    kind: StatisticKind,
    table: usize,
    selection: &Selection<'_>,
    pipeline: &Pipeline,
    colors: Colors,
) -> Result<(), Failure> {
    if let StatisticKind::Flows { tcp } = kind {
        let flows = pipeline
            .told(|place, flow| flow.tcp.is_some() == tcp && selection.table_takes(table, place, flow));
        say("the table of -z is the one that `wirelab flows` shows");
        return view::table(out, &flows, colors);
    }
    if let StatisticKind::Follow(id, form) = kind {
        // Exit code 0 as in tshark, which shows an empty stream.
        return match pipeline.flows().flow(id) {
            None => {
                stream::say_missing(id, selection, pipeline.flows());
                Ok(())
            }
            Some(flow) if flow.id != id && flow.conversation.is_none() => Err(stream::other_number(flow.id)),
            Some(flow) => follow::show(out, &[flow], form, None, colors),
        };
    }
    let Some(counted) = selection.table_stats(table) else { return Ok(()) };
    let output = TableOutput { width: output::terminal_width(), colors };
    match kind {
        StatisticKind::Flows { .. } | StatisticKind::Follow(..) => {}
        StatisticKind::Protocols => write_protocols(out, output, counted)?,
        StatisticKind::Intervals(_) => write_intervals(out, output, counted)?,
        StatisticKind::Addresses => write_endpoints(out, output, EndpointsOf::Ip, counted, usize::MAX)?,
        StatisticKind::Tcp => write_endpoints(out, output, EndpointsOf::Tcp, counted, usize::MAX)?,
        StatisticKind::Udp => write_endpoints(out, output, EndpointsOf::Udp, counted, usize::MAX)?,
        StatisticKind::Pairs { v6 } => write_pairs(out, output, counted, v6)?,
    }
    stats::tell_limits(counted);
    Ok(())
}
