//! Mail in a story: who logged in, whether encryption began, from whom to whom each mail went, and what became of it.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::super::color::Style;
use super::super::format::Count;
use super::super::mail::session::MASK;
use super::super::mail::words;
use super::super::safe::safe_line;
use super::lab::rows;
use super::{ExplainOptions, note};
use crate::proto::lines::word;
use crate::report::Told;
use crate::report::mail::{Event, Login, Mail, MailOutcome, Party, Step, StepKind, without_brackets};
use crate::source::PacketNumber;

/// Logins and mails that are told where not all are asked for.
const SHOWN: usize = 12;

/// Recipients of a mail that are named likewise.
const RECIPIENTS: usize = 4;

/// Columns of a text from the wire.
const TEXT: usize = 80;

/// What was done in a session of mail, below the story of its flow.
pub(super) fn write(out: &mut impl Write, told: &Told<'_>, options: ExplainOptions) -> io::Result<()> {
    let Some(session) = told.mail else { return Ok(()) };
    let title = format!("Mail by {}", session.protocol.name());
    writeln!(out, "\n  {}", options.colors.paint(Style::Bold, title))?;
    let shown = if options.full { usize::MAX } else { SHOWN };
    let list: Vec<String> = session.events.iter().filter_map(|one| event(one, options)).collect();
    rows(out, &list, shown, options)?;
    if session.mails().next().is_none() {
        note(out, "No mail went over it in what can be read.", options)?;
    }
    note(out, words::session_end(session.end), options)?;
    if session.mails().any(|mail| mail.message.is_some()) {
        let text = format!(
            "`wirelab mail FILE --stream {}` shows headers, parts and text, and checks which way each mail came.",
            session.flow
        );
        note(out, &text, options)?;
    }
    Ok(())
}

/// What is worth telling of an event; its turns show the rest.
fn event(event: &Event, options: ExplainOptions) -> Option<String> {
    match event {
        Event::Login(one) => Some(login(one, options)),
        Event::Mail(one) => Some(mail(one, options)),
        Event::Step(step) if matches!(step.kind, StepKind::Hello | StepKind::StartTls) => {
            Some(self::step(step))
        }
        Event::Stray(reply) => {
            Some(format!("packet {}: an answer to what is not in the capture", reply.packet))
        }
        Event::Greeting(_) | Event::Step(_) => None,
    }
}

fn step(step: &Step) -> String {
    let good = step.reply.as_ref().map(|reply| reply.is_good);
    let answer = step.reply.as_ref().map_or_else(String::new, |reply| {
        format!(" (packet {}: {})", reply.packet, safe_line(&words::reply(reply), TEXT))
    });
    if step.kind == StepKind::Hello {
        let name = match step.argument() {
            [] => "nobody (no name)".to_owned(),
            name => safe_line(name, TEXT).to_string(),
        };
        let refused = if good == Some(false) { format!(": refused{answer}") } else { String::new() };
        return format!("packet {}: the client says that it is {name}{refused}", step.packet);
    }
    let came = match good {
        Some(true) => format!("agreed{answer}"),
        Some(false) => format!("refused{answer}; all goes on in clear"),
        None => "no answer in the capture".to_owned(),
    };
    let command = safe_line(word(&step.line).0, TEXT);
    format!("packet {}: the client asks for encryption ({command}): {came}", step.packet)
}

fn login(login: &Login, options: ExplainOptions) -> String {
    let mut text = format!("{}: login with {}", packets(login.packets), safe_line(&login.mechanism, TEXT));
    if let Some(user) = &login.user {
        let _ = write!(text, " as {}", safe_line(user, TEXT));
    }
    if let Some(secret) = &login.secret {
        let shown: &[u8] = if options.secrets { &secret.0 } else { MASK };
        let _ = write!(text, ", {} {}", login.secret_of().words(), safe_line(shown, TEXT));
    }
    let came = match &login.reply {
        Some(reply) if reply.is_good => format!("accepted (packet {})", reply.packet),
        Some(reply) => {
            format!("refused (packet {}: {})", reply.packet, safe_line(&words::reply(reply), TEXT))
        }
        None if login.is_cancelled => "given up by the client".to_owned(),
        None => "no answer in the capture".to_owned(),
    };
    let _ = write!(text, ": {came}");
    text
}

/// A mail: where it came, from whom to whom, what about, how long, and what became of it.
fn mail(mail: &Mail, options: ExplainOptions) -> String {
    let first = mail.envelope.as_ref().and_then(|envelope| envelope.from.as_ref()).map(|from| from.packet);
    let first = first.or_else(|| mail.fetched.as_ref().map(|step| step.packet));
    let span = match (mail.packets, first) {
        (Some([first, last]), _) => packets([first.number, last.number]),
        (None, Some(first)) => packets([first, first]),
        (None, None) => String::new(),
    };
    let mut text = span;
    let _ = write!(text, "{}mail {}", if text.is_empty() { "" } else { ": " }, mail.number);
    let to = mail.recipients();
    let envelope = mail.envelope.as_ref();
    if let Some(from) = mail.sender() {
        let said = envelope.and_then(|envelope| envelope.from.as_ref());
        let _ = write!(text, " from {}", party(&from, said));
    }
    let most = if options.full { usize::MAX } else { RECIPIENTS };
    if !to.is_empty() {
        let left_out = envelope.map_or(0, |envelope| envelope.to_left_out);
        let more = left_out.saturating_add(super::count(to.len().saturating_sub(most)));
        let said = |place: usize| envelope.and_then(|envelope| envelope.to.get(place));
        let named = to.iter().enumerate().take(most).map(|(place, to)| party(to, said(place)));
        let _ = write!(text, " to {}", named.collect::<Vec<_>>().join(", "));
        if more > 0 {
            let _ = write!(text, " and {more} more");
        }
    }
    if let Some(message) = &mail.message {
        if let Some(subject) = message.header("subject") {
            let _ = write!(text, ", subject \"{}\"", safe_line(subject.text(), TEXT));
        }
        let _ = write!(text, ", {}", Count::bytes(message.len));
    }
    let _ = write!(text, ": {}", words::outcome(mail));
    // What came before its end is no answer to it.
    let of_mail = mail.reply.as_ref().filter(|_| mail.outcome != MailOutcome::Unfinished);
    let refused = envelope.and_then(|envelope| envelope.data.as_ref()).filter(|reply| !reply.is_good);
    if let Some(reply) = of_mail.or(refused) {
        let _ = write!(text, " (packet {}: {})", reply.packet, safe_line(&words::reply(reply), TEXT));
    }
    text
}

/// An address, and the answer to it where that was no.
fn party(address: &[u8], said: Option<&Party>) -> String {
    let name = match without_brackets(address) {
        [] => "nobody (a bounce)".to_owned(),
        name => safe_line(name, TEXT).to_string(),
    };
    match said.and_then(|party| party.reply.as_ref()).filter(|reply| !reply.is_good) {
        Some(reply) => {
            format!("{name} (refused in packet {}: {})", reply.packet, safe_line(&words::reply(reply), TEXT))
        }
        None => name,
    }
}

/// `packet 5`, `packets 5 to 9`.
fn packets([first, last]: [PacketNumber; 2]) -> String {
    if first == last { format!("packet {first}") } else { format!("packets {first} to {last}") }
}
