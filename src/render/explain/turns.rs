//! Turns that are told in words, or together with others, instead of by their bytes: Telnet, SSH, SOCKS. Or message by
//! message: labs.

use std::collections::HashMap;

use super::sends::{Sends, Sent};
use super::words::Names;
use super::{socks, ssh, telnet};
use crate::flow::Turn;
use crate::proto::Protocol;
use crate::report::Told;
use crate::source::PacketNumber;

/// How a turn is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TurnWords {
    /// What it says.
    pub(super) text: String,
    /// How many bytes in which packets stands before it, with this between.
    pub(super) counts: Option<&'static str>,
    /// What is shown below it, secrets masked.
    pub(super) below: Option<Vec<u8>>,
    /// It is told with the turn that begins with this packet.
    pub(super) joined: Option<PacketNumber>,
}

impl TurnWords {
    /// A turn of so many bytes, which are shown where they are given.
    pub(super) fn of_bytes(text: String, below: Option<Vec<u8>>) -> Self {
        Self { text, counts: Some(": "), below, joined: None }
    }

    /// A turn that is told with another.
    pub(super) const fn joined(first: PacketNumber, text: String) -> Self {
        Self { text, counts: None, below: None, joined: Some(first) }
    }
}

/// The turns of a flow that are told so, by their first packets.
#[derive(Debug, Default)]
pub(super) struct TurnStory {
    words: HashMap<PacketNumber, TurnWords>,
    sends: Sends,
}

impl TurnStory {
    /// What there is to say of the turns; nothing of protocols that are told turn by turn.
    pub(super) fn of(told: &Told<'_>, full: bool, secrets: bool) -> Self {
        let Some(talk) = &told.flow.conversation else { return Self::default() };
        match told.spoken {
            Some(Protocol::Lab(_)) => {
                let sends = told.lab.map(|lab| Sends::of(told.flow, lab)).unwrap_or_default();
                Self { sends, ..Self::default() }
            }
            Some(Protocol::Telnet) => telnet::turns(told.flow, secrets),
            Some(Protocol::Ssh) => ssh::turns(talk, &Names::of(told.flow), full),
            _ => socks::turns(talk, told.spoken, secrets),
        }
    }

    /// Tells of a turn.
    pub(super) fn add(&mut self, turn: &Turn, words: TurnWords) {
        self.words.insert(turn.first.number, words);
    }

    /// What is told of the turn that begins with this packet.
    pub(super) fn of_packet(&mut self, number: PacketNumber) -> Option<&mut TurnWords> {
        self.words.get_mut(&number)
    }

    /// How a turn is told; `None` where it is told by itself.
    pub(super) fn get(&self, turn: &Turn) -> Option<&TurnWords> {
        self.words.get(&turn.first.number)
    }

    /// The messages that a turn is made of, where there are several.
    pub(super) fn sends(&self, turn: &Turn) -> Option<&[Sent]> {
        self.sends.get(turn)
    }
}
