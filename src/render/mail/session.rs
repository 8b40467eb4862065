//! A session: what was said, in its order, with the mails where they came.

use std::io::{self, Write};

use super::{Page, envelope, message, words};
use crate::render::color::Style;
use crate::render::format::Count;
use crate::report::mail::{Event, Login, Mail, MailOutcome, Reply, Session, Step, StepKind};

/// What stands for a secret.
pub(in crate::render) const MASK: &[u8] = b"********";

/// Lines of an answer that are shown without `--full`.
const LINES: usize = 6;

/// Commands and logins of a session that are shown without `--full`: who sends thousands hides the mails among them.
const STEPS: usize = 100;

/// Writes a session.
pub(super) fn write<W: Write>(page: &mut Page<'_, W>, session: &Session) -> io::Result<()> {
    let colors = page.options.colors;
    writeln!(
        page.out,
        "{}, {}  {} → {}",
        colors.paint(Style::Bold, session.flow),
        session.protocol.name(),
        colors.paint(Style::Cyan, session.client),
        colors.paint(Style::Magenta, session.server),
    )?;
    let mut after_mail = false;
    let (mut steps, most) = (0_usize, if page.options.full { usize::MAX } else { STEPS });
    for event in &session.events {
        steps = steps.saturating_add(usize::from(matches!(event, Event::Step(_) | Event::Login(_))));
        if steps > most && !matches!(event, Event::Mail(_)) {
            continue;
        }
        let is_mail = matches!(event, Event::Mail(_));
        if after_mail && !is_mail {
            writeln!(page.out)?;
        }
        after_mail = is_mail;
        match event {
            Event::Greeting(reply) => says(page, ", greeting", reply)?,
            Event::Stray(reply) => says(page, ", answer to what is not in the capture", reply)?,
            Event::Step(one) => step(page, one)?,
            Event::Login(one) => login(page, one)?,
            Event::Mail(one) if one.selected => mail(page, session, one)?,
            Event::Mail(_) => {}
        }
    }
    if after_mail {
        writeln!(page.out)?;
    }
    if let Some(more) = steps.checked_sub(most).filter(|more| *more > 0) {
        let more = Count::new(u64::try_from(more).unwrap_or(u64::MAX), "command", "commands");
        page.item(2, Style::Dim, "· ", &format!("{more} more, which --full shows."))?;
    }
    let hidden = session.mails().filter(|mail| !mail.selected).count();
    if hidden > 0 {
        let hidden = Count::new(u64::try_from(hidden).unwrap_or(u64::MAX), "mail", "mails");
        page.item(2, Style::Dim, "· ", &format!("{hidden} more in this session, not selected."))?;
    }
    if session.events_left_out > 0 {
        let more = session.events_left_out;
        page.item(2, Style::Yellow, "· ", &format!("{more} more that happened were not kept."))?;
    }
    page.item(2, Style::Dim, "· ", words::session_end(session.end))
}

fn step<W: Write>(page: &mut Page<'_, W>, step: &Step) -> io::Result<()> {
    let what = match step.kind {
        StepKind::Hello => ", who the client says it is",
        StepKind::StartTls => ", encryption asked for",
        StepKind::Capabilities => ", what the server can do",
        StepKind::Quit | StepKind::Other | StepKind::Unknown => "",
    };
    let lead = format!("→ packet {}{what}: ", step.packet);
    if step.kind == StepKind::Unknown && !page.options.secrets {
        let len = Count::bytes(u64::try_from(step.line.len()).unwrap_or(u64::MAX));
        page.text(
            0,
            Style::Cyan,
            &format!("{lead}a line that is no known command, {len} (--show-secrets shows it)"),
        )?;
    } else {
        page.said(0, Style::Cyan, &lead, &step.line)?;
    }
    match &step.reply {
        Some(reply) if matches!(step.kind, StepKind::Hello | StepKind::Capabilities) => offers(page, reply),
        Some(reply) => says(page, "", reply),
        None => no_answer(page),
    }
}

fn no_answer<W: Write>(page: &mut Page<'_, W>) -> io::Result<()> {
    page.text(2, Style::Yellow, "no answer in the capture")
}

/// An answer.
fn says<W: Write>(page: &mut Page<'_, W>, what: &str, reply: &Reply) -> io::Result<()> {
    let style = if reply.is_good { Style::Magenta } else { Style::Red };
    page.said(0, style, &format!("← packet {}{what}: ", reply.packet), &words::reply(reply))?;
    let most = if page.options.full { usize::MAX } else { LINES };
    for line in reply.lines.iter().skip(1).take(most.saturating_sub(1)) {
        page.said(2, style, "", line)?;
    }
    let all = u64::try_from(reply.lines.len()).unwrap_or(u64::MAX).saturating_add(reply.lines_left_out);
    let more = all.saturating_sub(u64::try_from(most).unwrap_or(u64::MAX));
    if more > 0 {
        page.text(2, Style::Dim, &format!("… {} more", Count::new(more, "line", "lines")))?;
    }
    Ok(())
}

/// An answer that lists what the server can do.
fn offers<W: Write>(page: &mut Page<'_, W>, reply: &Reply) -> io::Result<()> {
    if reply.lines.len() < 2 || !reply.is_good {
        return says(page, "", reply);
    }
    page.wire(0, Style::Magenta, &format!("← packet {}: ", reply.packet), &words::reply(reply))?;
    let offered: Vec<&[u8]> = reply.lines.iter().skip(1).map(|line| &**line).collect();
    page.wire(2, Style::Magenta, "can do: ", &offered.join(&b", "[..]))
}

fn login<W: Write>(page: &mut Page<'_, W>, login: &Login) -> io::Result<()> {
    let [first, last] = login.packets;
    let packets =
        if first == last { format!("packet {first}") } else { format!("packets {first} to {last}") };
    let mut line = [&b"login with "[..], &login.mechanism].concat();
    if let Some(user) = &login.user {
        line.extend_from_slice(b", user ");
        line.extend_from_slice(user);
    }
    if let Some(secret) = &login.secret {
        line.extend_from_slice(format!(", {} ", login.secret_of().words()).as_bytes());
        line.extend_from_slice(if page.options.secrets { &secret.0 } else { MASK });
    }
    if login.is_cancelled {
        line.extend_from_slice(b", given up by the client");
    }
    page.said(0, Style::Cyan, &format!("→ {packets}: "), &line)?;
    match &login.reply {
        Some(reply) => says(page, "", reply),
        None => no_answer(page),
    }
}

fn mail<W: Write>(page: &mut Page<'_, W>, session: &Session, mail: &Mail) -> io::Result<()> {
    let mut title = format!("Mail {} of {}", mail.number, session.flow);
    if let Some(message) = &mail.message {
        title.push_str(&format!(", {}", Count::bytes(message.len)));
    }
    if let Some([first, last]) = mail.packets {
        let (first, last) = (first.number, last.number);
        title.push_str(&if first == last {
            format!(" in packet {first}")
        } else {
            format!(" in packets {first} to {last}")
        });
    }
    title.push_str(&format!(": {}", words::outcome(mail)));
    writeln!(page.out)?;
    page.text(0, Style::Bold, &title)?;
    if let Some(fetched) = &mail.fetched {
        page.wire(2, Style::Dim, &format!("asked for in packet {}: ", fetched.packet), &fetched.line)?;
    }
    if let Some(reply) = &mail.reply {
        let style = if reply.is_good { Style::Green } else { Style::Red };
        page.wire(2, style, &format!("answer in packet {}: ", reply.packet), &words::reply(reply))?;
    }
    if let Some(of_mail) = &mail.envelope {
        envelope(page, of_mail)?;
    }
    if mail.outcome == MailOutcome::Unfinished && mail.message.is_some() {
        page.heading("Of the mail there is only its beginning:")?;
    }
    if let Some(of_mail) = &mail.message {
        message(page, of_mail)?;
    }
    Ok(())
}
