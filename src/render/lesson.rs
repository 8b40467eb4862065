//! A scene as it is played and what its capture has to show: the talk line by line, then the checks.

use std::io::{self, Write};

use super::color::{Colors, Style};
use super::explain::ExplainOptions;
use super::format::Count;
use super::safe::{Message, safe_line};
use super::wrap::Wrapped;
use crate::lab::scene::{Line, Scene, What};
use crate::lab::{Deed, Ending, Fault, Misdeed, Note, Transport};
use crate::lesson::{Check, PacketList, Side};

/// Columns for who speaks: the longest name of a scene's, and a gap.
const WHO: usize = 13;

/// Digits shown of a file's hash: as many as the check has that compares it.
const HASH_SHOWN: usize = 16;

/// What holds where all checks of a recording do.
const RECORDED: &str = "the recording that wirelab brings along shows what was said when it was made";

/// Columns for what somebody does.
const VERB: usize = 7;

fn paragraph(out: &mut impl Write, sign: &str, text: &str, width: usize) -> io::Result<()> {
    let columns = width.saturating_sub(4).max(20);
    for (place, line) in Wrapped::new(text, columns).enumerate() {
        writeln!(out, "  {} {line}", if place == 0 { sign } else { " " })?;
    }
    Ok(())
}

/// What the scene is, where it is played, and what to look for: first what a fault should make visible.
///
/// # Errors
/// Those of `out`.
pub fn write_head(
    out: &mut impl Write,
    scene: &Scene,
    fault: Option<Fault>,
    options: ExplainOptions,
) -> io::Result<()> {
    let look_for: Vec<&str> =
        fault.map(Fault::look_for).into_iter().chain(scene.look_for.iter().copied()).collect();
    write_title(out, (scene.name, scene.title), &look_for, options)?;
    writeln!(out, "\n{}", options.colors.paint(Style::Bold, "The talk"))
}

/// A name and what it is, and what to look for.
///
/// # Errors
/// Those of `out`.
pub fn write_title(
    out: &mut impl Write,
    (name, title): (&str, &str),
    look_for: &[&str],
    options: ExplainOptions,
) -> io::Result<()> {
    let colors = options.colors;
    let title = format!("{name}: {title}");
    for line in Wrapped::new(&title, options.width) {
        writeln!(out, "{}", colors.paint(Style::Bold, line))?;
    }
    writeln!(out, "\n{}", colors.paint(Style::Bold, "What to look for"))?;
    look_for.iter().try_for_each(|text| paragraph(out, "·", text, options.width))
}

/// The talk, line by line.
#[derive(Clone, Copy, Debug)]
pub struct Talk {
    options: ExplainOptions,
    /// Of an answer the first line is shown alone: the story has the rest.
    is_terse: bool,
    is_answered: bool,
}

impl Talk {
    /// That of a scene.
    #[must_use]
    pub fn of(scene: &Scene, options: ExplainOptions) -> Self {
        Self { options, is_terse: matches!(scene.name, "web" | "proxy"), is_answered: false }
    }

    /// Writes the next line; nothing for one that another line says, too.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&mut self, out: &mut impl Write, line: &Line) -> io::Result<()> {
        if self.is_terse && !line.aside {
            match line.what {
                What::Sent { .. } => self.is_answered = false,
                What::Received { .. } if std::mem::replace(&mut self.is_answered, true) => return Ok(()),
                _ => {}
            }
        }
        write_line(out, line, self.options)
    }
}

fn write_line(out: &mut impl Write, line: &Line, options: ExplainOptions) -> io::Result<()> {
    let room = options.width.saturating_sub(WHO + VERB + 3).max(20);
    let (verb, text) = match &line.what {
        What::Step { text } => return paragraph(out, "·", text, options.width),
        What::Listening { local, transport } => ("listens", format!("on {local} ({transport})")),
        // A table tells of them.
        What::Noted { note: Note::Ping(_) | Note::Delayed { .. }, .. } => return Ok(()),
        // What goes out is said, what does not is told of.
        What::Noted { note: Note::Handed { .. }, .. } => return Ok(()),
        // Each piece is heard.
        What::Noted { note: Note::Misdeed(Misdeed::Split { .. }), .. } => return Ok(()),
        // That is so of every packet.
        What::Noted { note: Note::OnTheWay { deed: Deed::Held { .. }, .. }, .. } => return Ok(()),
        // All of it is in the log.
        What::Noted { note: Note::File { length, sha256 }, .. } => {
            let beginning = sha256.get(..HASH_SHOWN).unwrap_or(sha256);
            ("notes", Message(format!("{}, SHA-256 {beginning}…", Count::bytes(*length))).to_string())
        }
        // A sentence that the peer begins.
        What::Noted { peer: Some(peer), note: Note::Told(text) } if text.starts_with("is ") => {
            ("notes", Message(format!("{peer} {text}")).to_string())
        }
        What::Noted { note, .. } => ("notes", Message(note).to_string()),
        What::Failed { text, expected: true } => ("fails", Message(text).to_string()),
        What::Failed { text, expected: false } => ("FAILS", Message(text).to_string()),
        _ if line.aside => return Ok(()),
        What::Tries { .. } => return Ok(()),
        What::Opened { local, peer, transport: Transport::Tcp } => {
            ("opens", format!("a connection, {local} to {peer}"))
        }
        What::Opened { local, peer, transport: Transport::Udp } => {
            ("opens", format!("a socket, {local} to {peer}"))
        }
        What::Sent { bytes, .. } => ("says", said(&bytes.0, room)),
        What::Received { bytes, .. } => ("hears", said(&bytes.0, room)),
        What::Carried { length, sent, .. } => {
            (if *sent { "says" } else { "hears" }, Count::bytes(*length).to_string())
        }
        What::NotSent { .. } => ("fails", "what it said last did not go out, or not whole".to_owned()),
        What::HalfClosed { .. } => ("closes", "its own direction, and still listens (FIN)".to_owned()),
        What::ThrownAway { .. } => ("resets", "the connection (RST)".to_owned()),
        What::Closed { ending, .. } => (
            "closes",
            match ending {
                Ending::ByPeer => "the connection, after the other side".to_owned(),
                Ending::ByUs => "the connection".to_owned(),
                Ending::Reset => "the connection, which the other side has reset".to_owned(),
            },
        ),
    };
    let who = safe_line(line.who.as_bytes(), WHO - 1).to_string();
    let style = match &line.what {
        What::Failed { expected: false, .. } => Style::Red,
        What::Noted { .. } => Style::Dim,
        _ if line.aside || line.who.contains("server") => Style::Magenta,
        _ => Style::Cyan,
    };
    let lead = format!("  {who:WHO$}");
    let mut first = true;
    for part in Wrapped::new(&text, room) {
        if first {
            writeln!(out, "{}{verb:VERB$} {part}", options.colors.paint(style, &lead))?;
        } else {
            writeln!(out, "{:1$}{part}", "", WHO + VERB + 3)?;
        }
        first = false;
    }
    Ok(())
}

/// What was said: one line of it whole where two are enough, of more the beginning.
fn said(bytes: &[u8], room: usize) -> String {
    let two = room.saturating_mul(2);
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    if lines < 2 && bytes.len() <= two {
        return safe_line(bytes, two).to_string();
    }
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    format!("{} ({})", safe_line(bytes, room.saturating_sub(16)), Count::bytes(length))
}

/// The same talk of two flows, side by side; nothing where there is nothing to compare.
///
/// # Errors
/// Those of `out`.
pub fn write_sides(out: &mut impl Write, sides: &[Side], colors: Colors) -> io::Result<()> {
    if sides.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", colors.paint(Style::Bold, "Side by side"))?;
    writeln!(
        out,
        "  {:20}{:>10}{:>12}{:>14}{:>16}",
        "", "packets", "bytes", "of messages", "of all the rest"
    )?;
    for side in sides {
        let rest = side.bytes.saturating_sub(side.said);
        writeln!(out, "  {:20}{:>10}{:>12}{:>14}{rest:>16}", side.name, side.packets, side.bytes, side.said)?;
    }
    Ok(())
}

/// Why a recording is explained instead of what was just played, and how the two differ.
#[derive(Clone, Copy, Debug)]
pub struct Instead<'a> {
    /// What is played, a scene or a lab.
    pub what: &'a str,
    /// The recording's name.
    pub recording: &'a str,
    /// Why nothing could be captured.
    pub because: &'a str,
    /// What was asked for and the recording was made without, as it is typed.
    pub without: &'a [&'a str],
    /// Two hosts were to be had, and only one was.
    pub on_one_host: bool,
    /// What failed of what was just played.
    pub failed: &'a [String],
}

/// Says that all that follows is about a recording.
///
/// # Errors
/// Those of `out`.
pub fn write_instead(out: &mut impl Write, instead: &Instead<'_>, options: ExplainOptions) -> io::Result<()> {
    let Instead { what, recording, because, without, on_one_host, failed } = *instead;
    writeln!(out, "\n{}", options.colors.paint(Style::Bold, "The recording"))?;
    let mut say = |sign: &str, text: &str| paragraph(out, sign, &Message(text).to_string(), options.width);
    let cross = options.colors.paint(Style::Red, "✗").to_string();
    for text in failed {
        say(&cross, &format!("What was just played did not work: {text}"))?;
    }
    say("·", &format!("Nothing could be captured here: {because}"))?;
    say(
        "·",
        &format!(
            "All that follows is about {recording}, the recording of this {what} that wirelab brings along, and not about what was just played. What the programs just did is told by their log alone, which is the talk above."
        ),
    )?;
    if on_one_host {
        say(
            "·",
            "Two hosts could not be had either: the programs just ran on one, with no line between them.",
        )?;
    }
    if without.is_empty() {
        return Ok(());
    }
    let them = if without.len() == 1 { "that" } else { "them" };
    say(
        "·",
        &format!(
            "The recording was made without {}: it shows nothing of {them}, and no check below is about {them}.",
            listed(without)
        ),
    )
}

/// `one, two and three`.
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// Which claims hold.
///
/// # Errors
/// Those of `out`.
pub fn write_checks(
    out: &mut impl Write,
    checks: &[Check],
    options: ExplainOptions,
    is_recording: bool,
) -> io::Result<()> {
    let colors = options.colors;
    let heading = if is_recording { "Checks of the recording against its own log" } else { "Checks" };
    writeln!(out, "\n{}", colors.paint(Style::Bold, heading))?;
    for check in checks {
        let mut text = check.text.clone();
        if !check.packets.is_empty() {
            text.push_str(&format!(" ({})", PacketList(&check.packets)));
        }
        let text = Message(text).to_string();
        let (sign, style) = match (check.moot, check.holds) {
            (true, _) => ("–", Style::Dim),
            (false, true) => ("✓", Style::Green),
            (false, false) => ("✗", Style::Red),
        };
        paragraph(out, &colors.paint(style, sign).to_string(), &text, options.width)?;
    }
    let failed = checks.iter().filter(|check| !check.holds).count();
    let moot = checks.iter().filter(|check| check.moot).count();
    let mut text = match (failed, checks.len().saturating_sub(moot)) {
        (_, 0) if moot > 0 => "There is nothing to see of what would be checked.".to_owned(),
        (_, 0) => "There is nothing to check.".to_owned(),
        (0, 1) if is_recording => format!("It holds: {RECORDED}."),
        (0, all) if is_recording => format!("All {all} hold: {RECORDED}."),
        (0, 1) => "It holds: the capture shows what was said.".to_owned(),
        (0, all) => format!("All {all} hold: the capture shows what was said and done."),
        (failed, all) => format!("{failed} of {all} {} not hold.", if failed == 1 { "does" } else { "do" }),
    };
    if moot > 0 && checks.len() > moot {
        text.push_str(&format!(" Neither shown nor contradicted: {moot} (–)."));
    }
    let style = if failed == 0 { Style::Green } else { Style::Red };
    Wrapped::new(&text, options.width.saturating_sub(2).max(20))
        .try_for_each(|line| writeln!(out, "  {}", colors.paint(style, line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::scene::Bytes;
    use unicode_width::UnicodeWidthStr;

    fn shown(what: What, width: usize) -> String {
        let mut out = Vec::new();
        let options = ExplainOptions { colors: Colors::OFF, width, full: false, secrets: true };
        let line = Line { who: "line".to_owned(), aside: true, what };
        write_line(&mut out, &line, options).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn no_line_of_a_talk_is_wider_than_asked_for() {
        let peer = "[::1]:9".parse().unwrap();
        for width in [60, 80, 110] {
            let mut widest = 0;
            for length in 1..300 {
                // Words of one letter fill a line to its last column.
                let text = "a ".repeat(length);
                for what in [
                    What::Noted { peer: None, note: Note::Told(text.clone()) },
                    What::Failed { text: text.clone(), expected: true },
                    What::Step { text: text.clone() },
                ] {
                    widest =
                        widest.max(shown(what, width).lines().map(UnicodeWidthStr::width).max().unwrap());
                }
                let said = What::Sent { peer, bytes: Bytes("日".repeat(length).into_bytes()) };
                let line = Line { who: "client".to_owned(), aside: false, what: said };
                let mut out = Vec::new();
                let options = ExplainOptions { colors: Colors::OFF, width, full: false, secrets: true };
                write_line(&mut out, &line, options).unwrap();
                let out = String::from_utf8(out).unwrap();
                widest = widest.max(out.lines().map(UnicodeWidthStr::width).max().unwrap());
            }
            assert!(widest <= width && widest + 2 >= width, "{widest} of {width}");
        }
    }

    #[test]
    fn what_a_recording_lacks_is_listed_in_words() {
        assert_eq!(listed(&["--seed"]), "--seed");
        assert_eq!(listed(&["--seed", "--loss"]), "--seed and --loss");
        assert_eq!(listed(&["--seed", "--loss", "-6"]), "--seed, --loss and -6");
    }
}
