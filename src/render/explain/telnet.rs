//! Telnet in a story: what is negotiated in words, and lines as they were typed.

use super::super::format::Count;
use super::super::safe::safe_line;
use super::turns::{TurnStory, TurnWords};
use super::words::Names;
use crate::flow::Flow;
use crate::proto::judge;
use crate::proto::telnet::{SB, command_name, option_name};
use crate::report::secret::{Masker, masked_text};
use crate::report::telnet::{Echo, Part, TelnetStory, TelnetTurn, Typed, rubbed_out};

/// Most different commands of a turn that are told, and variables of an environment: a whole negotiation has as many.
const MAX_TOLD: usize = 24;

/// Most columns of a value.
const SHOWN: usize = 48;

/// What the turns of a flow say; secrets are masked unless `secrets`.
pub(super) fn turns(flow: &Flow, secrets: bool) -> TurnStory {
    let story = TelnetStory::of(flow);
    let turns = flow.conversation.iter().flat_map(|talk| &talk.turns);
    let names = Names::of(flow);
    let mut masker = Masker::default();
    let mut told = TurnStory::default();
    for (turn, said) in turns.zip(&story.turns) {
        if let Part::Joined { is_echo, first } = said.part {
            let what = if is_echo { "echo" } else { "more" };
            let text = format!("{what} of what was typed from packet {first} on");
            told.add(turn, TurnWords::joined(first, text));
            continue;
        }
        let text = match secrets {
            true => said.text.clone(),
            false => masker.mask(turn.direction, &said.text).into_owned(),
        };
        let mut words = negotiated(said, secrets);
        let words = match said.part {
            Part::Typed(typed) => {
                let (text, taken) = as_typed(&text);
                let server = names.role(turn.direction.reversed());
                words.push(type_words(&typed, taken, text.is_empty(), server));
                let below = (!text.is_empty()).then_some(text);
                let counts = (!said.commands.is_empty()).then_some(": ");
                TurnWords { text: words.join("; "), counts, below, joined: None }
            }
            _ => {
                if !text.is_empty() {
                    let kind = if judge(&text).is_text() { "readable text" } else { "not text" };
                    words.push(if said.behind_echo {
                        format!("{kind} behind the echo")
                    } else {
                        kind.to_owned()
                    });
                }
                let counts = Some(if said.commands.is_empty() && said.cut == 0 { ", " } else { ": " });
                TurnWords {
                    text: words.join("; "),
                    counts,
                    below: (!text.is_empty()).then_some(text),
                    joined: None,
                }
            }
        };
        told.add(turn, words);
    }
    told
}

/// What was typed as it stands on the screen, and how many characters were rubbed out.
fn as_typed(text: &[u8]) -> (Vec<u8>, u64) {
    let (text, taken) = rubbed_out(text);
    let line = text.strip_suffix(b"\n").unwrap_or(&text);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut shown = Vec::with_capacity(line.len());
    for (at, &byte) in line.iter().enumerate() {
        // A return alone is what the Enter key sends.
        let is_enter = byte == b'\r' && line.get(at.saturating_add(1)) != Some(&b'\n');
        match byte {
            _ if is_enter => shown.push(b'\n'),
            b'\n' | b'\r' | b'\t' => shown.push(byte),
            // As terminals show what is typed with Ctrl.
            0..0x20 => shown.extend([b'^', byte | 0x40]),
            _ => shown.push(byte),
        }
    }
    (shown, taken)
}

/// `typed in 5 packets up to packet 29, echoed by the server`.
fn type_words(typed: &Typed, taken: u64, is_empty: bool, server: &str) -> String {
    let mut text = "typed".to_owned();
    if is_empty && taken == 0 {
        text.push_str(" Enter");
    }
    if typed.packets > 1 {
        text.push_str(&format!(" in {} up to packet {}", Count::packets(typed.packets), typed.last.number));
    }
    if taken > 0 {
        text.push_str(&format!(", {} rubbed out", Count::new(taken, "character", "characters")));
    }
    match typed.echo {
        Echo::Same => text.push_str(&format!(", echoed by the {server}")),
        Echo::Stars => text.push_str(&format!(", echoed by the {server} as stars")),
        Echo::None if typed.packets > 1 => text.push_str(", not echoed"),
        Echo::None => {}
    }
    if !typed.ends {
        text.push_str(", without Enter");
    }
    text
}

/// The commands of a turn: `WILL terminal type, window size`, `asks for terminal speed`.
fn negotiated(said: &TelnetTurn, secrets: bool) -> Vec<String> {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for command in said.commands.iter().take(MAX_TOLD) {
        let times = if command.times > 1 { format!(" ({} times)", command.times) } else { String::new() };
        let (verb, words) = match (command.code, command.option) {
            // RFC 1091, 1079, 1096, 1408, 1572.
            (SB, Some(option @ (24 | 32 | 35 | 36 | 39))) if command.value.first() == Some(&ASKS) => {
                ("asks for", option_words(option))
            }
            (SB, Some(option)) => ("", suboption(option, &command.value, secrets)),
            (code, Some(option)) => (command_name(code).unwrap_or_default(), option_words(option)),
            (code, None) => ("", command_name(code).map_or_else(|| format!("command {code}"), str::to_owned)),
        };
        let words = format!("{words}{times}");
        match groups.iter_mut().find(|(one, _)| *one == verb && !verb.is_empty()) {
            Some((_, list)) => list.push(words),
            None => groups.push((verb, vec![words])),
        }
    }
    let words =
        |(verb, list): (&str, Vec<String>)| format!("{verb} {}", list.join(", ")).trim_start().to_owned();
    let mut told: Vec<String> = groups.into_iter().map(words).collect();
    let left = u64::try_from(said.commands.len().saturating_sub(MAX_TOLD)).unwrap_or(0);
    let more = left.saturating_add(said.more_commands);
    if more > 0 {
        told.push(format!("{} of other kinds", Count::new(more, "more command", "more commands")));
    }
    if said.cut > 0 {
        told.push("a command that does not end".to_owned());
    } else if told.is_empty() && said.text.is_empty() {
        told.push("no characters".to_owned());
    }
    told
}

fn option_words(option: u8) -> String {
    option_name(option).map_or_else(|| format!("option {option}"), str::to_owned)
}

/// How a suboption begins that asks for what others tell with 0 or 2.
const ASKS: u8 = 1;

/// What is said of an option: `window size 80x24`.
fn suboption(option: u8, value: &[u8], secrets: bool) -> String {
    let name = option_words(option);
    let shown = |text: &[u8]| safe_line(text, SHOWN).to_string();
    match (option, value) {
        (24 | 32 | 35, [0, value @ ..]) => format!("{name} {}", shown(value)),
        (36 | 39, [0 | 2]) => format!("{name} empty"),
        (36 | 39, [0 | 2, list @ ..]) => format!("{name} {}", environment(list, secrets)),
        // RFC 1073.
        (31, &[a, b, c, d]) => {
            format!("{name} {}x{}", u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
        }
        (_, []) => format!("{name}, an empty suboption"),
        (_, value) => {
            let bytes = Count::bytes(u64::try_from(value.len()).unwrap_or(u64::MAX));
            format!("{name}, a suboption of {bytes}")
        }
    }
}

/// `DISPLAY=host:0, USER=bob` (RFC 1572): a variable begins with 0 or 3, its value with 1, and 2 makes the next byte one of
/// them.
fn environment(list: &[u8], secrets: bool) -> String {
    let mut variables: Vec<Vec<u8>> = Vec::new();
    let mut rest = list.iter().copied();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            0 | 3 => {
                variables.push(Vec::new());
                continue;
            }
            1 => b'=',
            2 => rest.next().unwrap_or_default(),
            other => other,
        };
        if let Some(variable) = variables.last_mut() {
            variable.push(byte);
        }
    }
    let shown = |variable: &Vec<u8>| {
        let masked = masked_text(variable).filter(|_| !secrets);
        safe_line(masked.as_deref().unwrap_or(variable), SHOWN).to_string()
    };
    let more = variables.len().saturating_sub(MAX_TOLD);
    let mut told: Vec<String> = variables.iter().take(MAX_TOLD).map(shown).collect();
    told.extend((more > 0).then(|| format!("{more} more")));
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::telnet::Command;

    fn told(option: u8, value: &[u8]) -> String {
        suboption(option, value, false)
    }

    #[test]
    fn suboptions_have_words_and_secrets_in_them_none() {
        assert_eq!(told(24, b"\0xterm\x1b[2J"), "terminal type xterm\\x1b[2J");
        assert_eq!(told(31, &[0, 80, 1, 0]), "window size 80x256");
        assert_eq!(told(31, &[0, 80]), "window size, a suboption of 2 bytes");
        assert_eq!(
            told(39, b"\0\0USER\x01bob\x03PASSWORD\x01s3\x02\x01cret"),
            "new environment USER=bob, PASSWORD=********"
        );
        assert_eq!(told(36, b"\0"), "environment empty");
        assert_eq!(told(200, b""), "option 200, an empty suboption");
        let many = [&[0][..], &b"\0A\x01b".repeat(40)].concat();
        assert!(told(39, &many).ends_with("A=b, 16 more"), "{}", told(39, &many));
    }

    #[test]
    fn commands_are_folded_by_their_verb() {
        let command =
            |code, option, value: &[u8], times| Command { code, option, value: value.to_vec(), times };
        let said = TelnetTurn {
            commands: vec![
                command(251, Some(1), b"", 3),
                command(253, Some(24), b"", 1),
                command(SB, Some(24), &[1], 1),
                command(251, Some(99), b"", 1),
                command(SB, Some(32), &[1], 1),
                command(246, None, b"", 1),
            ],
            more_commands: 4,
            text: Vec::new(),
            behind_echo: false,
            part: Part::Said,
            cut: 2,
        };
        let expected = [
            "WILL echo (3 times), option 99",
            "DO terminal type",
            "asks for terminal type, terminal speed",
            "are you there",
            "4 more commands of other kinds",
            "a command that does not end",
        ];
        assert_eq!(negotiated(&said, false), expected);
    }

    #[test]
    fn control_characters_are_shown_as_they_are_typed() {
        assert_eq!(as_typed(b"ab\x03\x1b[A\tc\x7f\r"), (b"ab^C^[[A\t".to_vec(), 1));
        assert_eq!(as_typed(b"one\rtwo\r\n"), (b"one\ntwo".to_vec(), 0));
    }
}
