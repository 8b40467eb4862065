//! `dns --trace`: the resolutions of a capture, step by step.

use std::io::Write;

use super::dns::DnsArgs;
use super::output::{Failure, say};
use super::view;
use crate::dnstrace::{ClientSide, Rebuilt, Resolution, rebuild};
use crate::render::format::Count;
use crate::render::trace::{
    TraceStyle, write_rebuilt, write_rebuilt_json, write_rebuilt_ladders, write_trace_dig,
};
use crate::report::dns::{DnsTransaction, DnsTransactions};

/// Writes the resolutions that have a transaction among `shown`, and says how many they are.
pub(super) fn write(
    out: &mut impl Write,
    args: &DnsArgs,
    transactions: &DnsTransactions,
    shown: &[&DnsTransaction],
) -> Result<usize, Failure> {
    let rebuilt = rebuild(&transactions.all);
    let (traces, cached) = wanted(&rebuilt, &transactions.all, shown);
    let style = TraceStyle { colors: args.colors(), width: view::prose_width() };
    if args.json() {
        write_rebuilt_json(out, &traces, &cached)?;
    } else if args.dig {
        traces.iter().try_for_each(|one| write_trace_dig(out, &one.trace))?;
    } else if args.ladder {
        write_rebuilt_ladders(out, &traces, &cached, style)?;
    } else {
        write_rebuilt(out, &traces, &cached, style)?;
    }
    if rebuilt.left_out > 0 {
        let left_out = Count::new(rebuilt.left_out, "query", "queries");
        say(format_args!("limit reached: {left_out} left out of the resolutions"));
    }
    Ok(traces.len().saturating_add(if args.dig { 0 } else { cached.len() }))
}

/// Those with one of the transactions that are shown.
fn wanted<'r>(
    rebuilt: &'r Rebuilt,
    all: &[DnsTransaction],
    shown: &[&DnsTransaction],
) -> (Vec<&'r Resolution>, Vec<&'r ClientSide>) {
    // Both are in the order of `all`.
    let mut waiting = shown.iter().peekable();
    let is_shown: Vec<bool> = all
        .iter()
        .map(|one| waiting.next_if(|next| std::ptr::eq::<DnsTransaction>(**next, one)).is_some())
        .collect();
    let takes = |place: &usize| is_shown.get(*place).copied().unwrap_or_default();
    let traces = rebuilt.traces.iter().filter(|one| one.places.iter().any(takes)).collect();
    (traces, rebuilt.cached.iter().filter(|side| takes(&side.place)).collect())
}
