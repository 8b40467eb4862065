//! Lines of a room that look like several messages: somebody may type what looks like another's line. What the members typed tells.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{LabFlow, room};
use crate::decode::Endpoint;
use crate::flow::{Direction, FlowTable};
use crate::proto::lab::{Lab, LabMessage, Says, passed_on};

/// Most messages of a segment that one line is put together from: more names in one line are no talk.
const MAX_PARTS: usize = 16;

/// Lines that the members of a room typed, by their names.
type Typed = HashSet<(Box<str>, Box<str>)>;

/// What messages of one segment turn out to be.
enum Found {
    /// So many of them are one line.
    One(usize),
    /// Several.
    Several,
    /// One or several, which cannot be told.
    Either,
}

/// Puts lines together that were taken for several messages because they hold what looks like one.
pub(super) fn join(flows: &mut BTreeMap<usize, LabFlow>, table: &FlowTable) {
    let mut rooms: HashMap<Endpoint, Typed> = HashMap::new();
    let server_of = |lab: &LabFlow, place: usize| {
        let flow = table.flows().get(place)?;
        Some(if lab.client == Direction::OrigToResp { flow.tuple.resp } else { flow.tuple.orig })
    };
    for (place, lab) in flows.iter().filter(|(_, lab)| lab.lab == Lab::Chat) {
        let (Some(server), Some(flow)) = (server_of(lab, *place), table.flows().get(*place)) else {
            continue;
        };
        let Some(name) = room::member(lab, flow, *place).name else { continue };
        let name: Box<str> = name.trim().into();
        let typed = rooms.entry(server).or_default();
        for message in &lab.messages {
            if let Says::Typed(text) = &message.said.says {
                typed.insert((name.clone(), text.clone()));
                typed.extend(passed_on(text).map(|line| (name.clone(), line)));
            }
        }
    }
    for (place, lab) in flows.iter_mut().filter(|(_, lab)| lab.lab == Lab::Chat) {
        let server = server_of(lab, *place);
        if let Some(typed) = server.and_then(|server| rooms.get(&server)) {
            join_in(lab, typed);
        }
    }
}

fn join_in(lab: &mut LabFlow, typed: &Typed) {
    lab.perhaps_one = 0;
    let mut joined = Vec::with_capacity(lab.messages.len());
    let messages = std::mem::take(&mut lab.messages);
    let mut rest = messages.as_slice();
    while let [first, behind @ ..] = rest {
        let others = behind.iter().take_while(|other| is_behind(first, other)).count();
        let parts = rest.get(..=others.min(MAX_PARTS)).unwrap_or(rest);
        let count = match look(parts, typed) {
            Found::One(count) => count,
            Found::Several => 1,
            Found::Either => {
                lab.perhaps_one = lab.perhaps_one.saturating_add(1);
                1
            }
        };
        let (these, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        joined.extend(one(these));
        let fewer = u64::try_from(these.len().saturating_sub(1)).unwrap_or(u64::MAX);
        lab.run_together = lab.run_together.saturating_sub(fewer);
        rest = after;
    }
    lab.messages = joined;
}

/// Whether `other` came in the segment of `first`, from its side, and nothing like a line end parts it from what stands before.
fn is_behind(first: &LabMessage, other: &LabMessage) -> bool {
    other.at.number == first.at.number && other.from == first.from && !other.said.by_client
}

/// Whether `parts`, messages of one segment, begin with one line of somebody that looks like several.
fn look(parts: &[LabMessage], typed: &Typed) -> Found {
    let [first, behind @ ..] = parts else { return Found::Several };
    let Says::Line(name, said) = &first.said.says else { return Found::Several };
    let has_no_end = |part: &LabMessage| u64::try_from(part.text.len()).is_ok_and(|len| len == part.len);
    if behind.is_empty() || !has_no_end(first) {
        return Found::Several;
    }
    let is_typed = |name: &str, said: &str| typed.contains(&(name.into(), said.into()));
    let mut whole = said.to_string();
    let mut found = None;
    for (place, part) in behind.iter().enumerate() {
        whole.push_str(&String::from_utf8_lossy(&part.text));
        if is_typed(name, &whole) {
            found = Some(place.saturating_add(2));
        }
        if !has_no_end(part) {
            break;
        }
    }
    match (found, is_typed(name, said)) {
        (Some(count), false) => Found::One(count),
        (None, true) => Found::Several,
        _ => Found::Either,
    }
}

/// These messages as one.
fn one(parts: &[LabMessage]) -> Option<LabMessage> {
    let (first, behind) = parts.split_first()?;
    let mut one = first.clone();
    if behind.is_empty() {
        return Some(one);
    }
    one.text = parts.iter().flat_map(|part| part.text.iter().copied()).collect();
    one.len = parts.iter().map(|part| part.len).sum();
    if let Says::Line(_, said) = &mut one.said.says {
        let behind = behind.iter().map(|part| String::from_utf8_lossy(&part.text));
        *said = std::iter::once((**said).into()).chain(behind).collect::<String>().into_boxed_str();
    }
    Some(one)
}
