//! The resolutions of a capture: who wanted each, its steps, and what was answered without asking anybody.

use std::io::{self, Write};

use serde::Serialize;

use super::super::color::Style;
use super::super::format::{Count, Elapsed};
use super::super::json::Nanos;
use super::super::json::escape::write_pretty;
use super::json::{AskedJson, TraceJson};
use super::{Comments, TraceStyle, queries, words, write_trace, write_trace_ladder};
use crate::dnstrace::{ClientSide, DnsTrace, Resolution, Start, StepOutcome};
use crate::render::dns::words::outcome_name;
use crate::source::PacketNumber;

/// Schema of [`write_rebuilt_json`].
pub const TRACES_SCHEMA: &str = "wirelab.traces/1";

/// Questions answered from a cache that are listed before the rest is counted.
const LISTED: usize = 12;

/// Writes each resolution as [`write_trace`] does, under a line that says whose it is.
///
/// # Errors
/// Those of `out`.
pub fn write_rebuilt(
    out: &mut impl Write,
    resolutions: &[&Resolution],
    cached: &[&ClientSide],
    style: TraceStyle,
) -> io::Result<()> {
    write_each(out, resolutions, style, |out, trace| write_trace(out, trace, style))?;
    from_cache(out, resolutions, cached, style)
}

/// The same as ladders.
///
/// # Errors
/// Those of `out`.
pub fn write_rebuilt_ladders(
    out: &mut impl Write,
    resolutions: &[&Resolution],
    cached: &[&ClientSide],
    style: TraceStyle,
) -> io::Result<()> {
    write_each(out, resolutions, style, |out, trace| write_trace_ladder(out, trace))?;
    from_cache(out, resolutions, cached, style)
}

fn write_each<W: Write>(
    out: &mut W,
    resolutions: &[&Resolution],
    style: TraceStyle,
    mut steps: impl FnMut(&mut W, &DnsTrace) -> io::Result<()>,
) -> io::Result<()> {
    for resolution in resolutions {
        head(out, resolution, style)?;
        let (trace, stubs) = without_stubs(&resolution.trace);
        steps(out, &trace)?;
        write_stubs(out, &stubs, style)?;
        writeln!(out)?;
    }
    Ok(())
}

fn head(out: &mut impl Write, resolution: &Resolution, style: TraceStyle) -> io::Result<()> {
    let writer = Comments { style, indent: String::new() };
    let asked = words::asked(&resolution.trace.asked);
    let heading = format!("{} asks for {asked}", resolution.resolver);
    writer.comment(out, &heading, Style::Bold)?;
    if let Some(client) = &resolution.client {
        for other in client.on_behalf_of.iter().rev() {
            writer.comment(out, &passed_on_words(other), Style::Dim)?;
        }
        writer.comment(out, &client_words(client), Style::Dim)?;
    }
    if let Some(checked) = &resolution.to_check {
        let text = format!("To check the signatures on the way to {}.", words::asked(checked));
        writer.comment(out, &text, Style::Dim)?;
    } else if resolution.is_for_checks() && !resolution.is_like_dig() {
        let text = "Signatures are checked with such records; this capture does not tell for what.";
        writer.comment(out, text, Style::Dim)?;
    }
    if resolution.rest_remembered {
        let text = "What the alias leads to was remembered: nobody was asked for it.";
        writer.comment(out, text, Style::Dim)?;
    }
    if resolution.minimised {
        let text = "Servers are asked for no more of the name than they need to know (QNAME minimisation, RFC 9156).";
        writer.comment(out, text, Style::Dim)?;
    }
    if let Start::Known(zone) = &resolution.trace.start {
        writer.comment(out, &shortcut(&words::zone(zone), resolution), Style::Dim)?;
    }
    writeln!(out)
}

/// Why it did not begin at the root, as far as the capture tells.
fn shortcut(zone: &str, resolution: &Resolution) -> String {
    match resolution.told {
        Some(told) => format!(
            "A shortcut: packet {told} named the servers of {zone}, and that was remembered. Nothing above is asked."
        ),
        None if resolution.guessed => {
            let first = resolution.trace.steps.iter().find(|step| !step.recursion_desired);
            let first = first.or(resolution.trace.steps.first());
            let is_referral = first.is_some_and(|step| matches!(step.outcome, StepOutcome::Referral(_)));
            let from = if is_referral { "what it refers to" } else { "the name" };
            format!("Nothing tells which zone its first server is one of: {zone} is guessed from {from}.")
        }
        None => format!(
            "It begins at a server of {zone}: who that is was known from before, or found out where this capture does not see it."
        ),
    }
}

/// Look-ups that no step came of.
struct Unused {
    names: Vec<String>,
    /// What the resolver that they were put to asked for them, where the capture has that, too.
    queries: u64,
}

/// The trace without what a resolver was asked for in vain: dig looks all servers of a zone up to ask one.
fn without_stubs(trace: &DnsTrace) -> (DnsTrace, Unused) {
    let is_stub = |one: &DnsTrace| one.steps.first().is_none_or(|first| first.recursion_desired);
    let mut shown = trace.clone();
    let (stubs, others): (Vec<_>, _) = std::mem::take(&mut shown.fruitless).into_iter().partition(is_stub);
    shown.fruitless = others;
    let names = stubs.iter().map(|stub| words::asked(&stub.asked)).collect();
    let own = stubs.iter().flat_map(|stub| &stub.steps).filter(|step| step.recursion_desired);
    let own: u64 = own.map(|step| u64::from(step.sent)).sum();
    let queries = stubs.iter().map(queries).fold(0, u64::saturating_add).saturating_sub(own);
    (shown, Unused { names, queries })
}

fn write_stubs(out: &mut impl Write, unused: &Unused, style: TraceStyle) -> io::Result<()> {
    let names = &unused.names;
    if names.is_empty() {
        return Ok(());
    }
    let more = match names.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let listed: Vec<&str> = names.iter().take(LISTED).map(String::as_str).collect();
    let asked = match unused.queries {
        0 => String::new(),
        count => {
            format!(" What that one asked for them, {}, is not shown.", Count::new(count, "query", "queries"))
        }
    };
    let text = format!("Looked up by a stub resolver, and not used: {}{more}.{asked}", listed.join(", "));
    Comments { style, indent: String::new() }.comment(out, &text, Style::Dim)
}

/// Who asked a resolver that passed the question on.
fn passed_on_words(side: &ClientSide) -> String {
    let packets = match side.response {
        Some(response) => format!("packets {} and {response}", side.query),
        None => format!("packet {}", side.query),
    };
    format!("{} asks {} ({packets}), which passes the question on.", side.client.addr, side.resolver.addr)
}

/// Who wanted it, and what came of it.
fn client_words(side: &ClientSide) -> String {
    let Some(response) = side.response else {
        return format!(
            "{} wants to know it (packet {}), and gets no answer in this capture.",
            side.client.addr, side.query
        );
    };
    let after = side.elapsed.map(|elapsed| format!(" after {}", Elapsed(elapsed))).unwrap_or_default();
    format!(
        "{} wants to know it (packet {}), and is answered{after} (packet {response}): {}.",
        side.client.addr,
        side.query,
        outcome_name(side.outcome)
    )
}

fn from_cache(
    out: &mut impl Write,
    resolutions: &[&Resolution],
    cached: &[&ClientSide],
    style: TraceStyle,
) -> io::Result<()> {
    let writer = Comments { style, indent: String::new() };
    for side in cached.iter().take(LISTED) {
        for other in side.on_behalf_of.iter().rev() {
            writer.comment(out, &passed_on_words(other), Style::Dim)?;
        }
        let text = format!(
            "{} answers the question of {} for {} {}: {} (packets {} and {}).",
            side.resolver.addr,
            side.client.addr,
            words::asked(&side.asked),
            from_where(side, resolutions),
            outcome_name(side.outcome),
            side.query,
            side.response.unwrap_or_default()
        );
        writer.comment(out, &text, Style::Cyan)?;
    }
    let more = cached.len().saturating_sub(LISTED);
    if more > 0 {
        let more = Count::new(words::count(more), "more question is", "more questions are");
        writer.comment(out, &format!("{more} answered so."), Style::Dim)?;
    }
    Ok(())
}

/// Where a resolver has an answer from that it asked nobody for, as far as the capture tells.
fn from_where(side: &ClientSide, resolutions: &[&Resolution]) -> String {
    let found_out = |other: &&ClientSide| {
        (other.resolver, &other.asked) == (side.resolver, &side.asked) && other.query < side.query
    };
    let others = resolutions.iter().filter_map(|resolution| resolution.client.as_ref());
    let before =
        others.filter(found_out).filter_map(|other| Some((other.query, other.response?))).next_back();
    match before {
        Some((_, response)) if response < side.query => {
            format!("from its cache, having found it out before (packet {response})")
        }
        Some((query, _)) => format!("with what it was finding out already (packet {query})"),
        None => "by itself, of its cache or its own zones".to_owned(),
    }
}

/// Writes `{"schema": "wirelab.traces/1", "traces": [ {…} ], "cached": [ {…} ]}`, where each trace has what
/// `wirelab.trace/1` has, and whose it is.
///
/// # Errors
/// Those of `out`.
pub fn write_rebuilt_json<W: Write>(
    out: &mut W,
    resolutions: &[&Resolution],
    cached: &[&ClientSide],
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document {
        schema: &'static str,
        traces: Vec<ResolutionJson>,
        /// Questions that a resolver answered without asking anybody.
        cached: Vec<ClientJson>,
    }
    let document = Document {
        schema: TRACES_SCHEMA,
        traces: resolutions.iter().map(|one| ResolutionJson::new(one)).collect(),
        cached: cached.iter().map(|side| ClientJson::new(side)).collect(),
    };
    write_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct ResolutionJson {
    resolver: std::net::IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<ClientJson>,
    /// QNAME minimisation (RFC 9156).
    minimised: bool,
    /// It asks for what the signatures of this answer are checked with.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_check: Option<AskedJson>,
    /// What an alias leads to was answered without asking anybody.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    rest_remembered: bool,
    /// Where it did not begin at the root: the packet that named the servers it began with.
    #[serde(skip_serializing_if = "Option::is_none")]
    servers_named_by_packet: Option<PacketNumber>,
    /// Whether nothing but the name, or what it refers to, tells which zone that server is one of.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    zone_guessed: bool,
    #[serde(flatten)]
    trace: TraceJson,
}

#[derive(Serialize)]
struct ClientJson {
    address: std::net::IpAddr,
    resolver: std::net::IpAddr,
    asked: AskedJson,
    query_packet: PacketNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_packet: Option<PacketNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_ns: Option<Nanos>,
    outcome: &'static str,
    /// Whose question it passes on, the nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    on_behalf_of: Vec<Self>,
}

impl ResolutionJson {
    fn new(resolution: &Resolution) -> Self {
        Self {
            resolver: resolution.resolver,
            client: resolution.client.as_ref().map(ClientJson::new),
            minimised: resolution.minimised,
            to_check: resolution.to_check.as_ref().map(AskedJson::new),
            rest_remembered: resolution.rest_remembered,
            servers_named_by_packet: resolution.told,
            zone_guessed: resolution.guessed,
            trace: TraceJson::new(&resolution.trace),
        }
    }
}

impl ClientJson {
    fn new(side: &ClientSide) -> Self {
        Self {
            address: side.client.addr,
            resolver: side.resolver.addr,
            asked: AskedJson::new(&side.asked),
            query_packet: side.query,
            response_packet: side.response,
            time_ns: side.elapsed.map(Nanos),
            outcome: side.outcome,
            on_behalf_of: side.on_behalf_of.iter().map(Self::new).collect(),
        }
    }
}
