//! The labs of a capture: what was said in each flow and what is wrong with it, and what several flows show together.
//!
//! [`Labs`] takes messages as they end; [`Labs::finish`] puts the flows of a room or a relay together. What a flow shows by
//! itself ([`PingTotals`], [`Fits`]) is worked out when somebody asks.

mod clock;
mod lines;
mod pings;
mod relayed;
mod room;
mod unanswered;

pub use clock::{Fits, fits};
pub use pings::{Fate, OnePing, PingTotals, Second};
pub use relayed::{Passed, Stray};
pub use room::{Delivery, Lost, Room, RoomLine, RoomMember};

use std::collections::BTreeMap;

use crate::decode::DecodedPacket;
use crate::flow::{Direction, FlowId, FlowTable};
use crate::proto::lab::{FileEnd, Lab, LabMessage, LabNote, MAX_TEXT, Says};
use crate::proto::{Message, Messages, Note};
use crate::source::PacketNumber;

/// Most messages kept over all flows: a class of fifty with a thousand messages each.
pub const MAX_MESSAGES_KEPT: usize = 1 << 16;

/// Most bytes of text kept of them.
pub const MAX_TEXT_KEPT: usize = 16 << 20;

/// The labs of a capture.
#[derive(Clone, Debug, Default)]
pub struct Labs {
    /// By the place of the flow in the flow table.
    flows: BTreeMap<usize, LabFlow>,
    rooms: Vec<Room>,
    passed: Vec<Passed>,
    strays: Vec<Stray>,
    messages: usize,
    text: usize,
    not_kept: u64,
}

/// A flow that speaks a lab's protocol.
#[derive(Clone, Debug)]
pub struct LabFlow {
    /// Which lab.
    pub lab: Lab,
    /// The client's side.
    pub client: Direction,
    /// Its messages, in order; bytes of a file are not among them.
    pub messages: Vec<LabMessage>,
    /// Messages of which nothing was kept.
    pub not_kept: u64,
    /// Segments in which several messages run together.
    pub run_together: u64,
    /// The file that was sent.
    pub file: Option<FileEnd>,
    /// Of a chat: whom each line typed here reached, once the capture has ended.
    pub lines: Vec<Reach>,
    /// Of a relay: what became of each request, likewise.
    pub passed: Vec<Passed>,
    /// What the flows of its room or relay show together and is not as it should be, and has to do with this one: so many
    /// findings, likewise.
    pub with_others: u64,
    /// Pieces of messages that were put together, where segments were found to be no messages.
    pub pieces: u64,
    /// Of a chat: lines that may be one with what looks like messages behind them in the same segment, for what was typed is not
    /// in the capture, or fits both.
    pub perhaps_one: u64,
}

/// Whom a line reached, told by flows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The packet that it was typed in.
    pub packet: PacketNumber,
    /// Where it came, in which packet, and whether it had come before.
    pub reached: Vec<(FlowId, PacketNumber, bool)>,
    /// Where it should have come, and whether the capture may lack it.
    pub lost: Vec<(FlowId, bool)>,
}

impl Labs {
    /// Takes the labs' messages that end in a packet.
    pub fn packet(&mut self, decoded: &DecodedPacket<'_>, messages: &Messages) {
        for message in messages.all() {
            if let Note::Lab(note) = &message.note {
                self.take(message, note, message.bytes(decoded));
            }
        }
    }

    /// Takes the messages that are not whole when the capture ends.
    pub fn unfinished(&mut self, messages: &Messages) {
        for message in messages.all() {
            if let Note::Lab(note) = &message.note {
                let buffer = usize::from(message.range.buffer).checked_sub(1);
                let joined = buffer.and_then(|buffer| messages.joined().get(buffer));
                let bytes = joined.map(|joined| joined.bytes.as_slice()).unwrap_or_default();
                self.take(message, note, bytes);
            }
        }
    }

    /// Puts together what several flows show.
    pub fn finish(&mut self, table: &FlowTable) {
        for (place, flow) in &mut self.flows {
            flow.lines.clear();
            flow.passed.clear();
            flow.with_others = 0;
            flow.join_pieces();
            flow.settle_copies();
            if let Some(ends) = table.flows().get(*place).filter(|_| flow.lab == Lab::Relay) {
                relayed::check_addresses(flow, ends);
            }
        }
        lines::join(&mut self.flows, table);
        self.rooms = room::of(&self.flows, table);
        (self.passed, self.strays) = relayed::of(&self.flows, table);
        self.count_with_others();
        for room in &self.rooms {
            let id = |member: usize| room.members.get(member).map(|member| member.flow);
            for line in &room.lines {
                let Some(by) = room.members.get(line.by) else { continue };
                let reached = line.reached.iter().filter_map(|to| Some((id(to.to)?, to.packet, to.again)));
                let lost = line.lost.iter().filter_map(|lost| Some((id(lost.to)?, lost.perhaps)));
                let reach =
                    Reach { packet: line.at.number, reached: reached.collect(), lost: lost.collect() };
                if let Some(flow) = self.flows.get_mut(&by.place) {
                    flow.lines.push(reach);
                }
            }
        }
        for passed in &self.passed {
            if let Some(flow) = self.flows.get_mut(&passed.place) {
                flow.passed.push(passed.clone());
            }
        }
    }

    /// Counts what is not as it should be between flows at each flow that has to do with it.
    fn count_with_others(&mut self) {
        let mut places: Vec<usize> = Vec::new();
        for room in &self.rooms {
            let place = |member: usize| room.members.get(member).map(|member| member.place);
            for line in &room.lines {
                let lost = line.lost.iter().map(|lost| lost.to);
                let again = line.reached.iter().filter(|delivery| delivery.again).map(|delivery| delivery.to);
                for to in lost.chain(again) {
                    places.extend(place(line.by));
                    places.extend(place(to));
                }
            }
            places.extend(room.strays.iter().filter_map(|(to, ..)| place(*to)));
        }
        for passed in self.passed.iter().filter(|passed| passed.is_odd()) {
            places.push(passed.place);
            places.extend(passed.forwarded_place);
        }
        places.extend(self.strays.iter().map(|stray| stray.place));
        for place in places {
            if let Some(flow) = self.flows.get_mut(&place) {
                flow.with_others = flow.with_others.saturating_add(1);
            }
        }
    }

    /// What is known of the flow at `place` of the flow table.
    #[must_use]
    pub fn of_flow(&self, place: usize) -> Option<&LabFlow> {
        self.flows.get(&place)
    }

    /// All flows of labs with their places, in the order of the flow table.
    pub fn all(&self) -> impl Iterator<Item = (usize, &LabFlow)> {
        self.flows.iter().map(|(place, flow)| (*place, flow))
    }

    /// The chat rooms.
    #[must_use]
    pub fn rooms(&self) -> &[Room] {
        &self.rooms
    }

    /// What relays were asked to pass on.
    #[must_use]
    pub fn passed(&self) -> &[Passed] {
        &self.passed
    }

    /// What relays passed on and nobody asked for.
    #[must_use]
    pub fn strays(&self) -> &[Stray] {
        &self.strays
    }

    /// Messages of which nothing was kept, because a limit was reached.
    #[must_use]
    pub fn not_kept(&self) -> u64 {
        self.not_kept
    }

    fn take(&mut self, message: &Message, note: &LabNote, bytes: &[u8]) {
        let Some(place) = message.flow else { return };
        let by_client = note.said.by_client;
        let client = if by_client { message.direction } else { message.direction.reversed() };
        let has_room = self.messages < MAX_MESSAGES_KEPT && self.text < MAX_TEXT_KEPT;
        if !has_room && !self.flows.contains_key(&place) {
            self.not_kept = self.not_kept.saturating_add(1);
            return;
        }
        let flow = self.flows.entry(place).or_insert_with(|| LabFlow {
            lab: note.lab,
            client,
            messages: Vec::new(),
            not_kept: 0,
            run_together: 0,
            file: None,
            lines: Vec::new(),
            passed: Vec::new(),
            with_others: 0,
            pieces: 0,
            perhaps_one: 0,
        });
        (flow.lab, flow.client) = (note.lab, client);
        flow.run_together = flow.run_together.saturating_add(u64::from(note.runs_on));
        match &note.said.says {
            // Of a file its hash is told.
            Says::Bytes(_) => return,
            Says::FileEnd(end) => {
                flow.file = Some(end.as_ref().clone());
                return;
            }
            _ => {}
        }
        if !note.earlier.is_empty() {
            self.messages = self.messages.saturating_sub(flow.messages.len());
            flow.messages.clear();
        }
        let mut text = bytes;
        while let [before @ .., b'\r' | b'\n'] = text {
            text = before;
        }
        // The rest of an answer that came in pieces stands with its beginning.
        let mut begun = note.begun.clone();
        if let Says::Result { given, .. } = &note.said.says
            && let Some(last) = flow.messages.last()
            && matches!(last.said.says, Says::Result { .. })
            && last.said.answers == note.said.answers
            // Not the answer to another sum of the same segment.
            && given.as_bytes().strip_prefix(&*last.text) == Some(text)
        {
            begun = flow.messages.pop().map(|last| last.text).unwrap_or_default();
            self.messages = self.messages.saturating_sub(1);
        }
        let text = [&*begun, text].concat();
        let this = LabMessage {
            at: message.brought,
            from: message.direction,
            text: text.get(..MAX_TEXT).unwrap_or(&text).into(),
            len: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            said: note.said.clone(),
        };
        for told in note.earlier.iter().cloned().chain([this]) {
            if self.messages >= MAX_MESSAGES_KEPT || self.text >= MAX_TEXT_KEPT {
                flow.not_kept = flow.not_kept.saturating_add(1);
                self.not_kept = self.not_kept.saturating_add(1);
                continue;
            }
            self.messages = self.messages.saturating_add(1);
            // What a message says is text of the same length at most, once or twice.
            self.text = self.text.saturating_add(told.text.len().saturating_mul(3));
            flow.messages.push(told);
        }
    }
}

impl LabFlow {
    /// The messages with something wrong.
    pub fn faults(&self) -> impl Iterator<Item = &LabMessage> {
        self.messages.iter().filter(|message| message.said.fault.is_some())
    }

    /// Messages that may be answers, and of which it cannot be told to what, because the capture lacks bytes.
    pub fn unsure(&self) -> impl Iterator<Item = &LabMessage> {
        self.messages.iter().filter(|message| message.said.unsure)
    }

    /// Tells copies of datagrams from wrong answers, now that it is known what came later: of a copy the question got its answer.
    fn settle_copies(&mut self) {
        let mut right: BTreeMap<PacketNumber, PacketNumber> = BTreeMap::new();
        for message in &self.messages {
            if let (Some(asked), None) = (message.said.answers, &message.said.fault) {
                right.insert(asked.number, message.at.number);
            }
        }
        for message in &mut self.messages {
            let said = &mut message.said;
            if said.again.is_none() || said.fault.is_none() {
                continue;
            }
            let is_copy = match said.answers {
                Some(asked) => right.get(&asked.number).is_some_and(|later| *later > message.at.number),
                None => true,
            };
            if is_copy {
                (said.fault, said.answers) = (None, None);
            } else {
                said.again = None;
            }
        }
    }

    /// The messages that came again.
    pub fn again(&self) -> impl Iterator<Item = &LabMessage> {
        self.messages.iter().filter(|message| message.said.again.is_some())
    }

    /// How many messages are as `test` says.
    #[must_use]
    pub fn count(&self, test: impl Fn(&Says) -> bool) -> u64 {
        let count = self.messages.iter().filter(|message| test(&message.said.says)).count();
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests;
