//! SSH in a story: what each side can do, what both agree on, and from where on nobody else reads along.

use std::fmt::Write as _;

use super::super::format::Count;
use super::super::safe::safe_line;
use super::turns::{TurnStory, TurnWords};
use super::words::Names;
use crate::flow::{Conversation, Direction, Turn};
use crate::proto::ssh::{Choice, code};
use crate::report::ssh::{Names as Offered, Said, SshStory};
use crate::source::PacketNumber;

/// Most columns of a name or a version.
const SHOWN: usize = 64;

/// Most columns of what a side gives as a reason.
const REASON: usize = 120;

/// What the turns say; those that are only encrypted are told together, unless all is wanted.
pub(super) fn turns(talk: &Conversation, names: &Names, full: bool) -> TurnStory {
    let story = SshStory::of(talk);
    let mut told = TurnStory::default();
    let mut run: Option<Run> = None;
    for (turn, said) in talk.turns.iter().zip(&story.turns) {
        let sealed = said.is_encrypted() && turn.gap_before == 0 && !full;
        if let Some(run) = run.as_mut().filter(|_| sealed) {
            run.add(turn);
            told.add(turn, TurnWords::joined(run.first, "encrypted".to_owned()));
            continue;
        }
        if let Some(run) = run.take() {
            run.end(&mut told, names);
        }
        let parts: Vec<String> = said.said.iter().map(words).collect();
        let mut text = match parts.is_empty() {
            true => "SSH, a message that goes on later".to_owned(),
            false if said.is_encrypted() => "SSH, encrypted".to_owned(),
            false => format!("SSH {}", parts.join("; ")),
        };
        if said.unfinished > 0 && !parts.is_empty() {
            text.push_str("; and the beginning of a message");
        }
        if sealed {
            run = Some(Run::of(turn));
        }
        told.add(turn, TurnWords::of_bytes(text, full.then(|| turn.bytes.clone())));
    }
    if let Some(run) = run {
        run.end(&mut told, names);
    }
    told
}

/// Turns in a row of which all is encrypted.
struct Run {
    first: PacketNumber,
    last: PacketNumber,
    turns: u64,
    orig: u64,
    resp: u64,
}

impl Run {
    fn of(turn: &Turn) -> Self {
        let mut run = Self { first: turn.first.number, last: turn.last.number, turns: 0, orig: 0, resp: 0 };
        run.add(turn);
        run
    }

    fn add(&mut self, turn: &Turn) {
        self.turns = self.turns.saturating_add(1);
        self.last = self.last.max(turn.last.number);
        let bytes = match turn.direction {
            Direction::OrigToResp => &mut self.orig,
            Direction::RespToOrig => &mut self.resp,
        };
        *bytes = bytes.saturating_add(turn.total);
    }

    /// Tells of all where the first is told.
    fn end(self, told: &mut TurnStory, names: &Names) {
        let Some(words) = told.of_packet(self.first).filter(|_| self.turns > 1) else { return };
        let (orig, resp) = (names.role(Direction::OrigToResp), names.role(Direction::RespToOrig));
        words.text = format!(
            "SSH, encrypted. With what follows up to packet {}: {} from the {orig}, {} from the {resp}",
            self.last,
            Count::bytes(self.orig),
            Count::bytes(self.resp),
        );
    }
}

fn words(said: &Said) -> String {
    let shown = |text: &[u8]| safe_line(text, SHOWN).to_string();
    match said {
        Said::Banner(text) => format!("line before its version: {}", shown(text)),
        Said::Version { protocol, software } => {
            let both = if protocol == b"1.99" { " (2.0, and 1 for old clients)" } else { "" };
            format!("version {}{both}, software {}", shown(protocol), shown(software))
        }
        Said::Offer { lists, agreed } => offer(lists, agreed),
        Said::GroupAsked(0, wanted, 0) => format!("key exchange, asks for a group of {wanted} bits"),
        Said::GroupAsked(min, wanted, max) if min == max && wanted == max => {
            format!("key exchange, asks for a group of {wanted} bits")
        }
        Said::GroupAsked(min, wanted, max) => {
            format!("key exchange, asks for a group of {wanted} bits ({min} to {max})")
        }
        Said::Group => "key exchange, the group that was asked for".to_owned(),
        Said::ClientKey => "key exchange, the client's part".to_owned(),
        Said::ServerKey(kind) => {
            format!("key exchange, the server's part, signed with its host key ({})", shown(kind))
        }
        Said::NewKeys => "new keys: from here on this side encrypts".to_owned(),
        Said::Disconnect(reason, text) => {
            format!("disconnect: {} (reason {reason})", safe_line(text, REASON))
        }
        Said::Other(code::IGNORE) => "a message to be ignored".to_owned(),
        Said::Other(code::UNIMPLEMENTED) => "does not know what the other side sent".to_owned(),
        Said::Other(code::DEBUG) => "a debug message".to_owned(),
        Said::Other(code) => format!("message {code}"),
        Said::Encrypted(bytes) => format!("{} encrypted", Count::bytes(*bytes)),
        Said::OldVersion(bytes) => format!("version 1, {} that are not read here", Count::bytes(*bytes)),
        Said::More(bytes) => format!("{} more in further messages", Count::bytes(*bytes)),
    }
}

/// What a choice is called; those of each direction have one name.
const fn name(of: Choice) -> &'static str {
    match of {
        Choice::Exchange => "key exchange",
        Choice::HostKey => "host key",
        Choice::CipherUp | Choice::CipherDown => "cipher",
        Choice::MacUp | Choice::MacDown => "MAC",
        Choice::CompressionUp | Choice::CompressionDown => "compression",
    }
}

/// Which way a choice goes.
const fn way(of: Choice) -> &'static str {
    match of {
        Choice::CipherUp | Choice::MacUp | Choice::CompressionUp => " to the server",
        Choice::CipherDown | Choice::MacDown | Choice::CompressionDown => " to the client",
        Choice::Exchange | Choice::HostKey => "",
    }
}

/// The choice of the other direction.
const fn opposite(of: Choice) -> Option<Choice> {
    Some(match of {
        Choice::CipherUp => Choice::CipherDown,
        Choice::MacUp => Choice::MacDown,
        Choice::CompressionUp => Choice::CompressionDown,
        Choice::CipherDown => Choice::CipherUp,
        Choice::MacDown => Choice::MacUp,
        Choice::CompressionDown => Choice::CompressionUp,
        Choice::Exchange | Choice::HostKey => return None,
    })
}

/// One entry a choice, or one for both directions where they are the same.
fn by_choice<T: PartialEq>(list: &[(Choice, T)], words: impl Fn(&T) -> String) -> Vec<String> {
    let value = |of: Choice| list.iter().find(|(one, _)| *one == of).map(|(_, value)| value);
    let told = list.iter().filter_map(|(of, told)| {
        let same = opposite(*of).is_some_and(|other| value(other) == Some(told));
        match (way(*of), same) {
            (" to the client", true) => None,
            (_, true) | ("", _) => Some(format!("{} {}", name(*of), words(told))),
            (way, false) => Some(format!("{}{way} {}", name(*of), words(told))),
        }
    });
    told.collect()
}

fn offer(lists: &[(Choice, Offered)], agreed: &[(Choice, Option<Vec<u8>>)]) -> String {
    let shown = |name: &Option<Vec<u8>>| {
        name.as_ref().map_or_else(|| "nothing".to_owned(), |name| safe_line(name, SHOWN).to_string())
    };
    let offers = by_choice(lists, |list| match list.others {
        0 => shown(&list.first),
        others => format!("{} or {others} more", shown(&list.first)),
    });
    let mut text = format!("offer: {}", offers.join(", "));
    if agreed.is_empty() {
        return text;
    }
    // These ciphers bring their own integrity code, and the one agreed on is not used.
    let seals = |of: Choice| {
        let cipher = agreed.iter().find(|(one, _)| *one == of).and_then(|(_, name)| name.as_deref());
        cipher
            .is_some_and(|name| name.starts_with(b"chacha20-poly1305") || name.ends_with(b"-gcm@openssh.com"))
    };
    let used = agreed.iter().filter(|(of, _)| match of {
        Choice::MacUp => !seals(Choice::CipherUp),
        Choice::MacDown => !seals(Choice::CipherDown),
        _ => true,
    });
    let used: Vec<(Choice, Option<Vec<u8>>)> = used.cloned().collect();
    let lacks: Vec<String> = used
        .iter()
        .filter(|(_, one)| one.is_none())
        .map(|(of, _)| format!("{}{}", name(*of), way(*of)))
        .collect();
    if !lacks.is_empty() {
        let _ = write!(text, ". Nothing in common for {}", lacks.join(", "));
        return text;
    }
    let _ = write!(text, ". Both have, first in the client's order: {}", by_choice(&used, shown).join(", "));
    if seals(Choice::CipherUp) && seals(Choice::CipherDown) {
        text.push_str(" (the cipher is its own MAC)");
    }
    text
}

/// From where on each side encrypts.
pub(super) fn note(talk: &Conversation, names: &Names) -> Option<String> {
    let story = SshStory::of(talk);
    let from = |side: Direction, packets: Option<(PacketNumber, PacketNumber)>| {
        let (first, last) = packets?;
        let which =
            if first == last { format!("packet {first}") } else { format!("packets {first} to {last}") };
        Some(format!("the {} from {which} on", names.role(side)))
    };
    let [orig, resp] = story.encrypted;
    let sides = [from(Direction::OrigToResp, orig), from(Direction::RespToOrig, resp)];
    let sides: Vec<String> = sides.into_iter().flatten().collect();
    Some(match sides.is_empty() {
        true => "SSH: nothing encrypted was sent. What is here, anybody on the path can read.".to_owned(),
        false => format!(
            "SSH encrypts: {}. What is said there, only the two ends can read; versions and offers before it anybody can.{}",
            sides.join(", "),
            match story.client {
                Some(Direction::RespToOrig) => " Who was connected to is the client of SSH here.",
                _ => "",
            }
        ),
    })
}
