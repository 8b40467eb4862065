//! `dns`: what was asked of name servers, and what they answered.

use std::io::Write;

use clap::Args;

use super::args::{ColorArgs, InputArgs};
use super::dns_trace;
use super::explain::wanted as flow_id;
use super::input::{Go, Prints, Reading};
use super::output::{self, Failure, Status, say};
use super::view;
use crate::flow::{Flow, FlowId};
use crate::pipeline::Pipeline;
use crate::render::color::Colors;
use crate::render::dns::{DnsOptions, write_dns, write_dns_json, write_dns_short, write_dns_summary};
use crate::render::format::Count;
use crate::render::table::TableOutput;
use crate::report::dns::{DnsCollector, DnsSummary, DnsTransaction, DnsTransactions};

/// Print what was asked of name servers and what came of it, each query with its response as dig prints it
///
/// DNS over UDP and TCP, multicast DNS and LLMNR. Each transaction begins with its outcome in words: answer, CNAME only,
/// referral, NODATA, NXDOMAIN, truncated, refused, SERVFAIL, lame, no answer, unasked, damaged, unfinished.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct DnsArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Only this flow, by protocol and Wireshark's stream number: udp:3, tcp:0
    #[arg(long, value_name = "FLOW", value_parser = flow_id)]
    stream: Option<FlowId>,
    /// Only what was asked about this name, or a name below it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Print the queries in full, too, as dig's +qr does
    #[arg(long, conflicts_with_all = ["json", "short"])]
    queries: bool,
    /// Print one line for each transaction
    #[arg(long, conflicts_with = "json")]
    short: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Print each resolution from server to server: every step, with referrals, glue and look-ups of servers
    #[arg(long, conflicts_with_all = ["queries", "short"])]
    trace: bool,
    /// Print resolutions as `dig +trace` does: those that somebody began, without --name or a filter
    #[arg(long, requires = "trace", conflicts_with = "json")]
    pub(super) dig: bool,
    /// Print resolutions as ladders: who asked whom
    #[arg(long, requires = "trace", conflicts_with_all = ["json", "dig"])]
    pub(super) ladder: bool,
    #[command(flatten)]
    color: ColorArgs,
}

const EXAMPLES: &str = "\
Examples:
  wirelab dns capture.pcapng                     each as dig prints it
  wirelab dns capture.pcapng --short             a line each
  wirelab dns capture.pcapng --name example.com  one name, and those below
  wirelab dns capture.pcapng -Y 'dns.flags.rcode != 0'
  wirelab dns capture.pcapng --json              for a script
  wirelab dns capture.pcapng --trace             from server to server
  wirelab dns capture.pcapng --trace --dig       as dig +trace prints it";

impl DnsArgs {
    pub(super) fn colors(&self) -> Colors {
        self.color.colors()
    }

    pub(super) const fn json(&self) -> bool {
        self.json
    }
}

/// Runs `dns`.
pub(super) fn run(args: &DnsArgs) -> Result<Status, Failure> {
    let mut pipeline = Pipeline::new(None);
    let mut reading = Reading::open(&args.input, Prints::AtTheEnd)?;
    let mut collector = DnsCollector::default();
    let ending = reading.packets(&mut pipeline, |step, _, selected| {
        collector.take(&step.decoded, step.verdicts, step.messages, selected.is_some());
        Ok(Go::On)
    })?;
    pipeline.finish_with(&mut |messages| collector.unfinished(messages));
    let takes = |place: usize, flow: &Flow| reading.selection().takes_flow(place, flow);
    let transactions = collector.finish(pipeline.flows(), takes);
    // A flow may have two numbers, and goes by the first.
    let stream = args.stream.map(|id| pipeline.flows().flow(id).map_or(id, |flow| flow.id));
    let shown = wanted(args, stream, &transactions);
    let summary = DnsSummary::of(shown.iter().copied());
    let mut out = output::stdout();
    let width = output::terminal_width();
    let options =
        DnsOptions { colors: args.color.colors(), width: view::prose_width(), queries: args.queries };
    let mut is_nothing = shown.is_empty();
    if args.trace {
        if !is_nothing || args.json {
            let is_all =
                args.name.is_none() && args.stream.is_none() && reading.selection().spelled().is_none();
            is_nothing = dns_trace::write(&mut out, args, &transactions, &shown, is_all)? == 0;
        }
    } else if args.json {
        write_dns_json(&mut out, &shown, &transactions.all, &summary)?;
    } else if shown.is_empty() {
        // The end says what there is instead.
    } else if args.short {
        let left_out = write_dns_short(&mut out, TableOutput { width, colors: options.colors }, &shown)?;
        writeln!(out)?;
        write_dns_summary(&mut out, &summary, options)?;
        out.flush()?;
        view::no_room(&left_out);
    } else {
        write_dns(&mut out, shown.iter().copied(), &transactions.all, options)?;
        write_dns_summary(&mut out, &summary, options)?;
    }
    out.flush()?;
    let status = reading.tell(&pipeline, &ending, 1);
    if transactions.limits.messages_left_out > 0 {
        let left_out = transactions.limits.messages_left_out;
        say(format_args!("limit reached: DNS messages that were not kept: {left_out}"));
    }
    if is_nothing && status == Status::Done {
        if shown.is_empty() {
            tell_nothing(args, &reading, &transactions);
        } else {
            let all = Count::new(summary.transactions, "transaction is", "transactions are");
            say(format_args!(
                "no resolution from server to server is here: {all}{}; `wirelab dns` without --trace lists them",
                dns_trace::with_whom(&shown)
            ));
        }
        return Ok(Status::No);
    }
    Ok(status)
}

/// The transactions that were asked for.
fn wanted<'a>(
    args: &DnsArgs,
    stream: Option<FlowId>,
    transactions: &'a DnsTransactions,
) -> Vec<&'a DnsTransaction> {
    let of_stream = |transaction: &DnsTransaction| stream.is_none_or(|flow| transaction.flow == Some(flow));
    let of_name =
        |transaction: &DnsTransaction| args.name.as_deref().is_none_or(|name| transaction.is_about(name));
    transactions.selected().filter(|one| of_stream(one) && of_name(one)).collect()
}

/// Says what there is instead of what was asked for.
fn tell_nothing(args: &DnsArgs, reading: &Reading<'_>, transactions: &DnsTransactions) {
    let all = u64::try_from(transactions.all.len()).unwrap_or(u64::MAX);
    let name = crate::render::safe::Safe(reading.name().as_bytes()).to_string();
    if all == 0 {
        say(format_args!("there is no DNS in {name}; `wirelab flows` lists what there is"));
    } else {
        let mut wanted: Vec<String> = reading.selection().spelled().into_iter().collect();
        wanted.extend(args.name.as_ref().map(|name| format!("--name {name}")));
        wanted.extend(args.stream.map(|flow| format!("--stream {flow}")));
        let all = Count::new(all, "DNS transaction", "DNS transactions");
        say(format_args!("no DNS matched {}; {name} holds {all}", wanted.join(" and ")));
    }
}
