//! `dns --trace`: the resolutions of a capture, step by step.

use std::collections::HashSet;
use std::io::Write;
use std::net::IpAddr;

use super::dns::DnsArgs;
use super::output::{Failure, say};
use super::view;
use crate::dnstrace::{ClientSide, Rebuilt, Resolution, rebuild};
use crate::render::format::Count;
use crate::render::trace::{
    TraceStyle, write_rebuilt, write_rebuilt_json, write_rebuilt_ladders, write_trace_dig,
};
use crate::report::dns::{DnsMessage, DnsTransaction, DnsTransactions};

/// Writes the resolutions that have a transaction among `shown`, and says how many they are. As dig those alone that
/// somebody wanted, where all are shown.
pub(super) fn write(
    out: &mut impl Write,
    args: &DnsArgs,
    transactions: &DnsTransactions,
    shown: &[&DnsTransaction],
    is_all: bool,
) -> Result<usize, Failure> {
    let rebuilt = rebuild(&transactions.all);
    let (mut traces, cached) = wanted(&rebuilt, &transactions.all, shown);
    let found = traces.len();
    if args.dig && is_all {
        traces = of_people(traces, &transactions.all);
    }
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
    let others = u64::try_from(found.saturating_sub(traces.len())).unwrap_or(u64::MAX);
    if others > 0 {
        let others = Count::new(others, "more resolution is", "more resolutions are");
        say(format_args!(
            "{others} here that dig did not print. To print those, too, give --name NAME or -Y FILTER."
        ));
    }
    if rebuilt.left_out > 0 {
        let left_out = Count::new(rebuilt.left_out, "query", "queries");
        say(format_args!("limit reached: {left_out} left out of the resolutions"));
    }
    Ok(traces.len().saturating_add(if args.dig { 0 } else { cached.len() }))
}

/// What dig itself asked, where it is seen; else all but what is asked for to check signatures, unless that is all.
fn of_people<'r>(traces: Vec<&'r Resolution>, all: &[DnsTransaction]) -> Vec<&'r Resolution> {
    let asked: HashSet<IpAddr> = all.iter().map(|one| one.server.addr).collect();
    // A resolver that is asked may pass dig's first question on.
    let is_first = |one: &Resolution| one.is_like_dig() && !asked.contains(&one.resolver);
    let takes: [&dyn Fn(&Resolution) -> bool; 3] =
        [&is_first, &Resolution::is_like_dig, &|one| !one.is_for_checks()];
    match takes.into_iter().find(|takes| traces.iter().any(|one| takes(one))) {
        Some(takes) => traces.into_iter().filter(|one| takes(one)).collect(),
        None => traces,
    }
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

/// With whom all of them are, as far as their messages tell, to follow "N transactions are": a resolver says that it finds
/// things out for others (RA).
pub(super) fn with_whom(transactions: &[&DnsTransaction]) -> &'static str {
    let is_of_resolver = |one: &&DnsTransaction| {
        let header = |message: Option<&DnsMessage>| message.and_then(|message| message.read().header);
        let response = header(one.response());
        response.is_some_and(|response| response.recursion_available())
            && header(one.queries.first()).is_none_or(|query| query.recursion_desired())
    };
    if transactions.iter().all(is_of_resolver) {
        " with a resolver that did not show its steps"
    } else if transactions.iter().all(|one| one.queries.is_empty()) {
        " responses whose queries are not in this capture"
    } else if transactions.iter().all(|one| one.response().is_none()) {
        " without a response"
    } else {
        " here that no server's referral or authority shows to be steps of one"
    }
}
