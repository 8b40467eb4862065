//! The way of a mail, first hop first, and what to make of it.

use std::io::{self, Write};

use super::{Page, words};
use crate::render::color::Style;
use crate::render::format::{Count, Elapsed, Utc};
use crate::report::mail::{Hop, MailMessage, Source, Weight, line_number};
use crate::time::{TimeDelta, Timestamp};

/// Writes the path, the findings, and what follows from them.
pub(super) fn write<W: Write>(page: &mut Page<'_, W>, mail: &MailMessage) -> io::Result<()> {
    match mail.path.hops.len() {
        0 if mail.is_partial => {}
        0 => page.heading("The way it came: no Received line tells of it")?,
        _ => page.heading("The way it came, first hop first")?,
    }
    if mail.received_left_out > 0 {
        let more = Count::new(mail.received_left_out, "older Received line", "older Received lines");
        page.text(4, Style::Yellow, &format!("… {more}, not looked at"))?;
    }
    let mut before: Option<Timestamp> = None;
    for (place, hop) in mail.path.hops.iter().enumerate() {
        one(page, mail, place, hop, before)?;
        before = time(hop).or(before);
    }
    if !mail.findings.is_empty() {
        page.heading("What does not fit, or is worth a look")?;
    }
    for finding in &mail.findings {
        let (style, mark) = match finding.what.weight() {
            Weight::Wrong => (Style::Red, "! "),
            Weight::Doubt => (Style::Yellow, "? "),
            Weight::Note => (Style::Dim, "· "),
        };
        page.item(4, style, mark, &words::finding(finding, &mail.path))?;
    }
    let conclusion = words::conclusion(&mail.path);
    if conclusion.is_empty() {
        return Ok(());
    }
    page.heading("What is sure, and what is not")?;
    for sentence in conclusion {
        page.item(4, Style::Bold, "· ", &sentence)?;
    }
    Ok(())
}

fn time(hop: &Hop) -> Option<Timestamp> {
    match hop.source {
        Source::Capture(at) => at.ts,
        Source::Header(_) => hop.date.map(|date| date.timestamp()),
    }
}

fn one<W: Write>(
    page: &mut Page<'_, W>,
    mail: &MailMessage,
    place: usize,
    hop: &Hop,
    before: Option<Timestamp>,
) -> io::Result<()> {
    let number = place + 1;
    page.item(
        4,
        Style::Bold,
        &format!("{number}. "),
        &format!("{} → {}", words::sender(hop), words::receiver(hop)),
    )?;
    let details = words::details(hop);
    if !details.is_empty() {
        page.text(7, Style::Dim, &details)?;
    }
    let mut when = match line_number(hop) {
        Some(line) => format!("Received line {line}"),
        None => "seen in this capture".to_owned(),
    };
    match time(hop) {
        Some(at) => {
            let utc = Utc(at).to_string();
            // Received lines tell whole seconds.
            when.push_str(&format!(", {} UTC", utc.trim_end_matches(".000000")));
            if let Some(before) = before {
                when.push_str(&delay(at - before));
            }
        }
        None => when.push_str(", no time that can be read"),
    }
    page.text(7, Style::Dim, &when)?;
    if mail.path.is_unvouched(place) {
        page.text(7, Style::Yellow, "nobody vouches for this line")?;
    }
    Ok(())
}

/// How long after the hop before.
fn delay(delta: TimeDelta) -> String {
    match delta.as_nanos() {
        0 => ", in the same second as the hop before".to_owned(),
        nanos if nanos < 0 => {
            format!(", {} before the hop before", Elapsed(TimeDelta::from_nanos(nanos.saturating_neg())))
        }
        _ => format!(", {} after the hop before", Elapsed(delta)),
    }
}
