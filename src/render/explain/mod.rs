//! `explain`: the story of each flow in plain words, every claim with its packet.

mod datagrams;
mod dhcp;
mod dns;
mod ftp;
mod http;
mod lab;
mod labs;
mod lan;
mod learnt;
mod mail;
mod middle;
mod notes;
mod outcome;
mod payload;
mod segments;
mod sends;
mod socks;
mod ssh;
mod telnet;
mod tls;
mod turns;
mod words;

pub use labs::labs;

use std::fmt::Write as _;
use std::io::{self, Write};

pub use lan::lan;
pub use learnt::learnt;
pub(in crate::render) use sends::Sent;
pub(in crate::render) use tls::finding as certificate_words;

use self::datagrams::Datagrams;
use self::middle::Middle;
use self::notes::Explained;
use self::turns::TurnStory;
use super::color::{Colors, Style};
use super::format::{Count, Elapsed, Seconds, Utc};
use super::words::Undecoded;
use super::wrap::{Wrapped, write_head};
use crate::flow::{Direction, Flow, Turn};
use crate::report::secret::Masker;
use crate::report::{self, Beside, CaptureTotals, Event, Moment, Told, timeline};
use crate::source::PacketNumber;

/// How to print.
#[derive(Clone, Copy, Debug)]
pub struct ExplainOptions {
    /// Styles or none.
    pub colors: Colors,
    /// Columns to fill, at least 40.
    pub width: usize,
    /// Show payloads whole instead of folding long ones.
    pub full: bool,
    /// Passwords, tokens and cookies as they are, not masked.
    pub secrets: bool,
}

/// What each turn of a flow says, where its protocol is told in words.
#[derive(Debug)]
pub(in crate::render) struct Said<'f> {
    told: &'f Told<'f>,
    datagrams: Datagrams,
    turns: TurnStory,
}

/// What is put together of several turns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::render) struct Together<'s> {
    /// The line that was typed, from this turn on.
    pub(in crate::render) line: Option<&'s [u8]>,
    /// The first packet of the turn that this one is told with.
    pub(in crate::render) with: Option<PacketNumber>,
}

impl<'f> Said<'f> {
    /// What there is to say of the turns of this flow.
    pub(in crate::render) fn of(told: &'f Told<'f>, secrets: bool) -> Self {
        Self { told, datagrams: Datagrams::of(told), turns: TurnStory::of(told, false, secrets) }
    }

    /// Which turns belong to this one.
    pub(in crate::render) fn together(&self, turn: &Turn) -> Together<'_> {
        let words = self.turns.get(turn);
        let line = words.filter(|words| words.counts.is_none()).and_then(|words| words.below.as_deref());
        Together { line, with: words.and_then(|words| words.joined) }
    }

    /// The messages that this turn of a lab is made of, where there are several.
    pub(in crate::render) fn sends(&self, turn: &Turn) -> Option<&[Sent]> {
        self.turns.sends(turn)
    }

    /// `HTTP request GET /, host example.org`; `None` of bytes that are only shown.
    pub(in crate::render) fn turn(&self, turn: &'f Turn) -> Option<String> {
        if let Some(dns) = dns::Turn::of(self.told, turn) {
            return Some(dns.said());
        }
        if let Some(said) = self.datagrams.said(turn) {
            return Some(said.to_owned());
        }
        if let Some(words) = self.turns.get(turn) {
            return Some(words.text.clone());
        }
        words::said(self.told.flow, turn)
    }
}

/// Columns that lines of the story are indented by: number, time, arrow. More only where a number or a time needs it.
const GUTTER: usize = 24;

/// The heading over all flows: what the capture is.
fn heading(
    out: &mut impl Write,
    name: &str,
    totals: &CaptureTotals,
    flows: usize,
    options: ExplainOptions,
) -> io::Result<()> {
    let colors = options.colors;
    let name = super::safe::Safe(name.as_bytes());
    let mut text = format!("{name}: {}, {}", Count::packets(totals.packets), Count::flows(count(flows)));
    if let (Some(first), Some(duration)) = (totals.first_ts, totals.duration()) {
        let _ = write!(text, ", {} from {} UTC", Elapsed(duration), Utc(first));
    }
    for line in Wrapped::new(&text, options.width) {
        writeln!(out, "{}", colors.paint(Style::Bold, line))?;
    }
    if totals.snapped > 0 {
        let text = format!(
            "{} cut short by the snaplen: what lies behind the cut is not known.",
            words::were(totals.snapped, "packet was", "packets were")
        );
        note(out, &text, options)?;
    }
    Ok(())
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

/// The whole story: the heading, then each of `flows`.
///
/// # Errors
/// Those of `out`.
pub fn capture(
    out: &mut impl Write,
    name: &str,
    totals: &CaptureTotals,
    flows: &[Told<'_>],
    options: ExplainOptions,
) -> io::Result<()> {
    heading(out, name, totals, flows.len(), options)?;
    let mut explained = Explained::default();
    flows.iter().try_for_each(|told| flow(out, told, &mut explained, options))
}

/// What the capture holds that is of no flow, in a line or two; nothing where it holds nothing else.
///
/// # Errors
/// Those of `out`.
pub fn beside(out: &mut impl Write, beside: &Beside, options: ExplainOptions) -> io::Result<()> {
    let mut list: Vec<String> =
        beside.kinds().into_iter().map(|(kind, count)| format!("{count} {}", Undecoded(kind))).collect();
    list.extend((beside.others() > 0).then(|| format!("{} others", beside.others())));
    let mut texts = Vec::new();
    if !list.is_empty() {
        texts.push(format!("Beside TCP and UDP: {}. `wirelab read` lists them.", list.join(", ")));
    }
    let packets =
        beside.kinds().into_iter().map(|(_, count)| count).sum::<u64>().saturating_add(beside.others());
    texts.extend(notes::checksum_notes(&beside.checksums, packets));
    if !texts.is_empty() {
        writeln!(out)?;
    }
    texts.iter().try_for_each(|text| note(out, text, options))
}

/// The story of one flow.
fn flow(
    out: &mut impl Write,
    told: &Told<'_>,
    explained: &mut Explained,
    options: ExplainOptions,
) -> io::Result<()> {
    let flow = told.flow;
    let colors = options.colors;
    let names = words::Names::of(flow);
    writeln!(out)?;
    let [id, orig, resp] = [flow.id.to_string(), flow.tuple.orig.to_string(), flow.tuple.resp.to_string()];
    let first = [
        (Some(Style::Bold), id.as_str()),
        (None, "  "),
        (None, names.role(Direction::OrigToResp)),
        (None, " "),
        (Some(Style::Cyan), &orig),
    ];
    let second =
        [(None, "→ "), (None, names.role(Direction::RespToOrig)), (None, " "), (Some(Style::Magenta), &resp)];
    write_head(out, colors, Some(options.width), (&first, &second), id.len().saturating_add(2))?;
    let verdict = report::outcome(flow);
    let style = outcome::style(&verdict);
    for line in Wrapped::new(&outcome::sentence(flow, &verdict, &names), options.width.saturating_sub(2)) {
        writeln!(out, "  {}", colors.paint(style, line))?;
    }
    let datagrams = Datagrams::of(told);
    let turns = TurnStory::of(told, options.full, options.secrets);
    let mut phase = None;
    let (mut marks, mut masker) = (segments::Marks::default(), Masker::default());
    let is_apart = |moment: &Moment<'_>| match moment.event {
        Event::Turn(turn) => turns.get(turn).is_none_or(|words| words.joined.is_none()),
        _ => true,
    };
    let moments: Vec<Moment<'_>> = timeline(told).into_iter().filter(is_apart).collect();
    let mut middle = Middle::of(&moments, options.full);
    for moment in moments {
        if middle.folds(out, &moment, options)? {
            if let Event::Turn(turn) = moment.event {
                payload::pass_over(turn, &mut masker);
            }
            continue;
        }
        let now = words::phase(&moment.event).or(phase).unwrap_or("Conversation");
        if phase != Some(now) {
            phase = Some(now);
            writeln!(out, "\n  {}", colors.paint(Style::Bold, now))?;
        }
        line(out, (told, &datagrams, &turns), &moment, &names, (&mut marks, &mut masker), options)?;
    }
    let notes = notes::of(told, &names, explained);
    if !notes.is_empty() {
        writeln!(out)?;
    }
    notes.iter().try_for_each(|text| note(out, text, options))?;
    ftp::write(out, told, options)?;
    mail::write(out, told, options)?;
    lab::write(out, told, options)
}

/// One moment: packet number, time since the flow began, direction, what it is.
fn line(
    out: &mut impl Write,
    (told, datagrams, turns): (&Told<'_>, &Datagrams, &TurnStory),
    moment: &Moment<'_>,
    names: &words::Names,
    (marks, masker): (&mut segments::Marks, &mut Masker),
    options: ExplainOptions,
) -> io::Result<()> {
    let flow = told.flow;
    let indent = gutter(out, flow, moment, options.colors)?;
    let label = words::label(&moment.event);
    let style = words::style(&moment.event);
    let head = words::head(&moment.event);
    let turn = if let Event::Turn(turn) = moment.event { Some(turn) } else { None };
    let dns = turn.and_then(|turn| dns::Turn::of(told, turn));
    let sealed = turn.and_then(|turn| datagrams.said(turn));
    let worded = turn.and_then(|turn| turns.get(turn));
    let sends = turn.and_then(|turn| turns.sends(turn));
    let mut text = match (&dns, turn, sealed, worded) {
        (Some(dns), ..) => dns.sentence(),
        (None, Some(turn), Some(said), _) => format!("{}: {said}.", Count::bytes(turn.total)),
        (None, Some(turn), None, Some(words)) => words::worded(turn, words),
        (None, Some(turn), None, None) if sends.is_some() => {
            sends.map(|sends| sends::sentence(turn, sends)).unwrap_or_default()
        }
        _ => words::sentence(flow, &moment.event, names, marks),
    };
    if !head.is_empty() {
        text = if text.is_empty() { format!("{head}.") } else { format!("{head}: {text}") };
    }
    let mut lines =
        Wrapped::new(&text, options.width.saturating_sub(indent).saturating_sub(label.len()).max(20));
    let first = lines.next().unwrap_or("");
    let (styled, rest) = match first.strip_prefix(head.as_str()) {
        Some(rest) if label.is_empty() => (head.as_str(), rest),
        // A head that does not fit into a narrow line stays as it is.
        _ => (label, first),
    };
    writeln!(out, "{}{rest}", options.colors.paint(style, styled))?;
    for more in lines {
        writeln!(out, "{:1$}{more}", "", indent.saturating_add(label.len()))?;
    }
    match (&dns, turn) {
        (None, Some(_)) if worded.is_some() => {
            let below = worded.and_then(|words| words.below.as_deref());
            below.map_or(Ok(()), |bytes| payload::write_bytes(out, bytes, GUTTER, options))
        }
        (Some(dns), _) => dns.write_records(out, GUTTER, options),
        // Its bytes tell a reader nothing more.
        (None, Some(_)) if sealed.is_some() && !options.full => Ok(()),
        (None, Some(turn)) => match sends {
            Some(sends) => sends::write(out, (flow, turn), sends, masker, options),
            None => payload::write(out, turn, GUTTER, masker, options),
        },
        (None, None) => Ok(()),
    }
}

/// What stands before a line; gives its columns.
fn gutter(out: &mut impl Write, flow: &Flow, moment: &Moment<'_>, colors: Colors) -> io::Result<usize> {
    let at = moment.at;
    let number = format!("{:>7}", at.number);
    let time = at.since(flow.first).map(|since| Seconds(since).to_string()).unwrap_or_default();
    let time = format!("{time:>10}");
    write!(out, "{}  {time}  ", colors.paint(Style::Dim, &number))?;
    match words::direction(&moment.event) {
        Some(Direction::OrigToResp) => write!(out, "{}  ", colors.paint(Style::Cyan, "→"))?,
        Some(Direction::RespToOrig) => write!(out, "{}  ", colors.paint(Style::Magenta, "←"))?,
        None if matches!(moment.event, Event::Same { .. }) => write!(out, "↔  ")?,
        None => write!(out, "!  ")?,
    }
    Ok(number.len().saturating_add(time.len()).saturating_add(GUTTER - 17))
}

/// A remark of its own paragraph.
fn note(out: &mut impl Write, text: &str, options: ExplainOptions) -> io::Result<()> {
    let mut first = true;
    for line in Wrapped::new(text, options.width.saturating_sub(4)) {
        writeln!(out, "  {} {line}", if first { "·" } else { " " })?;
        first = false;
    }
    Ok(())
}
