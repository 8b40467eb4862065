//! A chat room: its members' connections to one server, and whom each line reached.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::LabFlow;
use crate::decode::Endpoint;
use crate::flow::{Direction, Flow, FlowId, FlowTable, PacketStamp};
use crate::proto::lab::{Lab, Says, passed_on};
use crate::source::PacketNumber;

/// Longest line that our server passes on, in bytes.
const MAX_LINE: usize = 958;

/// What our server says of a line that it does not pass on begins so.
const NOT_PASSED_ON: &[u8] = b"Not passed on";

/// Most deliveries that are looked for, lines by members: a class that talks for an hour.
const MAX_DELIVERIES: usize = 1 << 18;

/// A room.
#[derive(Clone, Debug)]
pub struct Room {
    /// Its server.
    pub server: Endpoint,
    /// Its members' connections, in the order of the flow table.
    pub members: Vec<RoomMember>,
    /// What was typed, in order.
    pub lines: Vec<RoomLine>,
    /// Lines of members that no line typed explains: to whom, in which packet, under which name.
    pub strays: Vec<(usize, PacketNumber, Box<str>)>,
    /// Lines of members whose name is not in the capture, so that it is not known how they were passed on.
    pub unnamed: u64,
    /// Lines whose deliveries were not looked for, because there are too many.
    pub not_looked_at: u64,
}

/// A member's connection.
#[derive(Clone, Debug)]
pub struct RoomMember {
    /// The flow.
    pub flow: FlowId,
    /// Its place in the flow table.
    pub place: usize,
    /// The name, where one was given.
    pub name: Option<Box<str>>,
    /// Names that it gave before and that were not taken.
    pub refused: u64,
    /// The server has shown that it took the name.
    pub is_sure: bool,
    /// When it came in.
    pub since: Option<PacketStamp>,
    /// The first packet that closes the connection.
    pub until: Option<PacketNumber>,
    /// Bytes to it are not in the capture.
    pub has_gaps: bool,
    /// Bytes from it are not in the capture.
    pub has_own_gaps: bool,
}

/// A line that somebody typed.
#[derive(Clone, Debug)]
pub struct RoomLine {
    /// Which member.
    pub by: usize,
    /// Its packet.
    pub at: PacketStamp,
    /// The text.
    pub text: Box<str>,
    /// Whom it reached, itself included where the server sends it back.
    pub reached: Vec<Delivery>,
    /// Whom it did not.
    pub lost: Vec<Lost>,
}

/// A line that came to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Which member.
    pub to: usize,
    /// The packet.
    pub packet: PacketNumber,
    /// It had come before.
    pub again: bool,
}

/// A member that was in and did not get a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Which member.
    pub to: usize,
    /// The capture lacks bytes to it: the line may be among them.
    pub perhaps: bool,
    /// A packet that brought it the same text without the name of who typed it.
    pub without_name: Option<PacketNumber>,
}

impl Room {
    /// Whether a member of this name may have typed what is not in the capture.
    #[must_use]
    pub fn may_have_typed(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.has_own_gaps && member.name.as_deref() == Some(name))
    }

    /// A member's name, or the number of its flow.
    #[must_use]
    pub fn name_of(&self, member: usize) -> String {
        let Some(member) = self.members.get(member) else { return String::new() };
        member.name.as_ref().map_or_else(|| member.flow.to_string(), |name| name.to_string())
    }
}

/// A member's connection, and its place in the flow table.
type Connection<'a> = (&'a LabFlow, &'a Flow, usize);

/// The rooms of the flows.
pub(super) fn of(flows: &BTreeMap<usize, LabFlow>, table: &FlowTable) -> Vec<Room> {
    let mut rooms: Vec<(Endpoint, Vec<Connection<'_>>)> = Vec::new();
    let mut by_server: HashMap<Endpoint, usize> = HashMap::new();
    for (place, lab) in flows.iter().filter(|(_, lab)| lab.lab == Lab::Chat) {
        let Some(flow) = table.flows().get(*place) else { continue };
        let server = match lab.client {
            Direction::OrigToResp => flow.tuple.resp,
            Direction::RespToOrig => flow.tuple.orig,
        };
        let index = *by_server.entry(server).or_insert_with(|| {
            rooms.push((server, Vec::new()));
            rooms.len() - 1
        });
        if let Some((_, members)) = rooms.get_mut(index) {
            members.push((lab, flow, *place));
        }
    }
    rooms.into_iter().map(|(server, members)| room(server, &members)).collect()
}

fn room(server: Endpoint, flows: &[Connection<'_>]) -> Room {
    let members: Vec<RoomMember> = flows.iter().map(|(lab, flow, place)| member(lab, flow, *place)).collect();
    let mut room =
        Room { server, members, lines: Vec::new(), strays: Vec::new(), unnamed: 0, not_looked_at: 0 };
    let came: HashSet<(&str, &str)> = flows
        .iter()
        .flat_map(|(lab, ..)| &lab.messages)
        .filter_map(|message| match &message.said.says {
            Says::Line(name, text) => Some((&**name, &**text)),
            _ => None,
        })
        .collect();
    for (by, (lab, ..)) in flows.iter().enumerate() {
        let Some(member) = room.members.get(by) else { continue };
        let name = member.name.clone().unwrap_or_default();
        let is_as_typed = |text: &str| came.contains(&(&*name, text));
        let (lines, was_told_otherwise) = typed(lab, member);
        // Who was never let in has said nothing to the others.
        if was_told_otherwise && !member.is_sure && !lines.iter().any(|(_, text)| is_as_typed(text)) {
            continue;
        }
        if member.name.is_none() {
            room.unnamed = room.unnamed.saturating_add(u64::try_from(lines.len()).unwrap_or(u64::MAX));
            continue;
        }
        for (at, text) in lines {
            let line = |text: Box<str>| RoomLine { by, at, text, reached: Vec::new(), lost: Vec::new() };
            if is_as_typed(text) {
                room.lines.push(line(text.into()));
            } else {
                room.lines.extend(passed_on(text).map(line));
            }
        }
    }
    room.lines.sort_by_key(|line| line.at.number);
    let looked_at = MAX_DELIVERIES / room.members.len().max(1);
    room.not_looked_at = u64::try_from(room.lines.len().saturating_sub(looked_at)).unwrap_or(u64::MAX);
    let names: HashSet<Box<str>> = room.members.iter().filter_map(|member| member.name.clone()).collect();
    for (to, (lab, ..)) in flows.iter().enumerate() {
        deliver(&mut room, to, lab, looked_at, &names);
    }
    room
}

/// What a member typed that is to be passed on: not what came along with a name that was refused, and not what the server says it did
/// not pass on. And whether the server said anything that tells of nobody.
fn typed<'a>(lab: &'a LabFlow, member: &RoomMember) -> (Vec<(PacketStamp, &'a str)>, bool) {
    let mut lines: Vec<(PacketStamp, &str)> = Vec::new();
    let mut was_told_otherwise = false;
    for message in &lab.messages {
        match &message.said.says {
            Says::Typed(text) => lines.push((message.at, text)),
            Says::Other if !message.said.by_client => {
                was_told_otherwise = true;
                if message.text.starts_with(NOT_PASSED_ON) {
                    lines.pop_if(|(_, text)| text.len() > MAX_LINE || text.contains(is_line_end));
                }
            }
            _ => {}
        }
    }
    if let Some(since) = member.since.filter(|_| member.is_sure) {
        lines.retain(|(at, _)| at.number >= since.number);
    }
    (lines, was_told_otherwise)
}

fn is_line_end(letter: char) -> bool {
    matches!(letter, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn member(lab: &LabFlow, flow: &Flow, place: usize) -> RoomMember {
    let mut names = lab.messages.iter().filter_map(|message| match &message.said.says {
        Says::Name(name) => Some((name, message.at)),
        _ => None,
    });
    // A member may have given as many names as it sent messages: each is looked up, not searched for.
    let mut joined: HashMap<&str, PacketStamp> = HashMap::new();
    for message in &lab.messages {
        if let Says::Joined(name) = &message.said.says {
            joined.entry(name).or_insert(message.at);
        }
    }
    let taken = names.clone().find_map(|(name, _)| Some((name, *joined.get(&**name)?)));
    let all = names.clone().count();
    let server = lab.client.reversed();
    let closed = flow.tcp.as_ref().and_then(|tcp| {
        let end = &tcp.teardown;
        let ends = [end.orig_fin, end.resp_fin, end.reset.as_ref().map(|reset| reset.packet)];
        ends.into_iter().flatten().map(|stamp| stamp.number).min()
    });
    let lacks = |from: Direction| {
        let side =
            flow.tcp.as_ref().map(|tcp| if from == Direction::OrigToResp { &tcp.orig } else { &tcp.resp });
        side.is_some_and(|side| side.missing_bytes > 0)
    };
    let (has_gaps, has_own_gaps) = (lacks(server), lacks(lab.client));
    let taken = taken.or_else(|| names.clone().rev().find(|(name, _)| is_echoed(lab, name)));
    // What the server said to the last name may be missing, or a name behind it.
    let given = taken.or_else(|| names.by_ref().last().filter(|_| !has_gaps && !has_own_gaps));
    RoomMember {
        flow: flow.id,
        place,
        name: given.map(|(name, _)| name.clone()),
        refused: u64::try_from(all.saturating_sub(1)).unwrap_or(u64::MAX),
        is_sure: taken.is_some(),
        since: given.map(|(_, at)| at),
        until: closed,
        has_gaps: lab.not_kept > 0 || has_gaps,
        has_own_gaps: lab.not_kept > 0 || has_own_gaps,
    }
}

/// Whether what a member typed came back to it under this name.
fn is_echoed(lab: &LabFlow, name: &str) -> bool {
    let typed: HashSet<&str> = lab
        .messages
        .iter()
        .filter_map(|message| match &message.said.says {
            Says::Typed(text) => Some(&**text),
            _ => None,
        })
        .collect();
    lab.messages.iter().any(|message| {
        matches!(&message.said.says, Says::Line(by, text) if **by == *name && typed.contains(&**text))
    })
}

/// Looks which lines reached member `to`; `names` are those of all members.
fn deliver(room: &mut Room, to: usize, lab: &LabFlow, looked_at: usize, names: &HashSet<Box<str>>) {
    let mut came: HashMap<(Box<str>, Box<str>), VecDeque<PacketNumber>> = HashMap::new();
    for message in &lab.messages {
        if let Says::Line(name, text) = &message.said.says {
            came.entry((name.clone(), text.clone())).or_default().push_back(message.at.number);
        }
    }
    // What the server tells it without a name.
    let mut bare: HashMap<&str, VecDeque<PacketNumber>> = HashMap::new();
    for message in lab.messages.iter().filter(|message| !message.said.by_client) {
        if let (Says::Other, Ok(text)) = (&message.said.says, std::str::from_utf8(&message.text)) {
            bare.entry(text).or_default().push_back(message.at.number);
        }
    }
    let Room { members, lines, strays, .. } = room;
    let Some(member) = members.get(to) else { return };
    // The last line of each name and text: what comes again is a copy of it.
    let mut early = Vec::new();
    let mut last: HashMap<(Box<str>, Box<str>), usize> = HashMap::new();
    for (place, line) in lines.iter_mut().enumerate().take(looked_at) {
        let Some(name) = members.get(line.by).and_then(|by| by.name.clone()) else { continue };
        let key = (name, line.text.clone());
        // What came before this line is no later line's either.
        let mut found = None;
        while let Some(packet) = came.get_mut(&key).and_then(VecDeque::pop_front) {
            if packet >= line.at.number {
                found = Some(packet);
                break;
            }
            early.push((key.clone(), packet));
        }
        last.insert(key, place);
        let was_in = member.since.is_some_and(|since| since.number < line.at.number)
            && member.until.is_none_or(|until| until > line.at.number);
        match found {
            Some(packet) => line.reached.push(Delivery { to, packet, again: false }),
            None if was_in && line.by != to => {
                let mut came = bare.get_mut(&*line.text);
                let mut next = || came.as_mut().and_then(|packets| packets.pop_front());
                let without_name = std::iter::from_fn(&mut next).find(|packet| *packet >= line.at.number);
                line.lost.push(Lost { to, perhaps: member.has_gaps && without_name.is_none(), without_name });
            }
            None => {}
        }
    }
    for (key, packet) in early {
        came.entry(key).or_default().push_front(packet);
    }
    let mut left: Vec<_> = came.into_iter().collect();
    left.sort();
    for (key, packets) in left {
        let line = last.get(&key).and_then(|place| lines.get_mut(*place));
        match line {
            Some(line) => {
                line.reached.extend(packets.into_iter().map(|packet| Delivery { to, packet, again: true }));
            }
            // Of somebody whose connection is not in the capture nothing can be said.
            None if names.contains(&key.0) => {
                strays.extend(packets.into_iter().map(|packet| (to, packet, key.0.clone())));
            }
            None => {}
        }
    }
}
