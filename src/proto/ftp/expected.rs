//! Data connections that were announced and are still to come, or there.

use std::collections::VecDeque;
use std::net::IpAddr;

use hashbrown::HashMap;

use super::{Announced, FtpDataNote};
use crate::decode::Endpoint;
use crate::proto::lines::{Lines, word};
use crate::source::PacketNumber;

/// Most data connections that are expected at a time, over all control connections; the oldest is given up then. A
/// client that opens more than these before it uses them transfers nothing.
pub const MAX_EXPECTED: usize = 1024;

/// Longest command that is kept for its data connection, in bytes.
pub const MAX_COMMAND: usize = 1024;

/// Commands that data is sent for (RFC 959 section 5.3, RFC 3659).
const TRANSFERS: [&[u8]; 8] = [b"RETR", b"STOR", b"STOU", b"APPE", b"LIST", b"NLST", b"MLSD", b"MLST"];

/// Whether data is sent for this command, as Wireshark sees it: for MLST, too.
#[must_use]
pub fn is_transfer(verb: &[u8]) -> bool {
    TRANSFERS.iter().any(|name| verb.eq_ignore_ascii_case(name))
}

/// Where data connections are expected to go.
#[derive(Debug, Default)]
pub(in crate::proto) struct ExpectedFlows {
    flows: HashMap<(IpAddr, u16), FtpDataNote>,
    /// Their keys, the oldest first.
    order: VecDeque<(IpAddr, u16)>,
    /// The data connection that each control connection announced last.
    last: HashMap<usize, (IpAddr, u16)>,
}

impl ExpectedFlows {
    /// What was announced to go to one of these ends.
    pub(in crate::proto) fn find(&self, ends: [Endpoint; 2]) -> Option<&FtpDataNote> {
        if self.flows.is_empty() {
            return None;
        }
        ends.iter().find_map(|end| self.flows.get(&(end.addr, end.port)))
    }

    /// The control connection `control` has announced a data connection; `sender` has said so.
    pub(in crate::proto) fn announce(
        &mut self,
        control: usize,
        packet: PacketNumber,
        sender: IpAddr,
        announced: Announced,
        directory: &str,
    ) {
        let note = FtpDataNote {
            control,
            setup: packet,
            method: announced.method,
            command: None,
            directory: directory.into(),
        };
        let key = (announced.addr.unwrap_or(sender), announced.port);
        if self.flows.insert(key, note).is_none() {
            self.order.push_back(key);
        }
        self.last.insert(control, key);
        while self.order.len() > MAX_EXPECTED {
            if let Some(oldest) = self.order.pop_front()
                && let Some(note) = self.flows.remove(&oldest)
                && self.last.get(&note.control) == Some(&oldest)
            {
                self.last.remove(&note.control);
            }
        }
    }

    /// The client of `control` has said `lines`: the data connection announced last may be for them.
    pub(in crate::proto) fn command(&mut self, control: usize, packet: PacketNumber, lines: &[u8]) {
        let Some(note) = self.last.get(&control).and_then(|key| self.flows.get_mut(key)) else { return };
        for line in Lines::of(lines) {
            let (verb, _) = word(line.text);
            if is_transfer(verb) {
                let text = line.text.get(..MAX_COMMAND).unwrap_or(line.text);
                note.command = Some((packet, String::from_utf8_lossy(text).into()));
            }
        }
    }
}
