//! What a lab is there to show.

use super::{Case, Check};
use crate::lab::Note;
use crate::lab::scene::{Kind, What};
use crate::proto::lab::{Code, Mark, Says};
use crate::report::lab::{LabFlow, PingTotals};
use crate::source::PacketNumber;

pub(super) fn of(case: &Case<'_>) -> Vec<Check> {
    if case.scene.kind != Kind::Lab {
        return Vec::new();
    }
    let mut checks = answers(case);
    match case.scene.name {
        "calculator" => checks.push(sums(case)),
        "uppercase-tcp" | "uppercase-udp" => checks.push(capitals(case)),
        "chat" => checks.push(room(case)),
        "relay" => checks.push(relay(case)),
        "file-transfer" => checks.push(file(case)),
        "udp-ping" | "udp-throughput" => checks.push(pings(case)),
        _ => {}
    }
    checks
}

/// The flows of this scene that are recognised as a lab's.
fn flows<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a LabFlow> {
    let name = if case.scene.name == "udp-throughput" { "udp-ping" } else { case.scene.name };
    case.evidence.flows.iter().filter_map(|told| told.lab).filter(move |flow| flow.lab.name() == name)
}

/// Whether the analysis knows this lab by what is said.
fn is_recognised(name: &str) -> bool {
    name == "udp-throughput" || crate::proto::lab::Lab::ALL.iter().any(|lab| lab.name() == name)
}

/// By the packets alone each flow is known for what it is, and nothing is wrong with it.
fn answers(case: &Case<'_>) -> Vec<Check> {
    if !is_recognised(case.scene.name) {
        return Vec::new();
    }
    let mut against = Vec::new();
    let known = flows(case).count();
    let talks = case.talks.len();
    if known != talks {
        against.push(format!("{known} of {talks} flows are recognised as the lab {}", case.scene.name));
    }
    for flow in flows(case) {
        for message in flow.faults() {
            let fault = message.said.fault.as_ref().map(ToString::to_string).unwrap_or_default();
            against.push(format!("packet {}: {fault}", message.at.number));
        }
    }
    let text = format!("By the packets alone this is the lab {}, and nothing is wrong with what was said", case.scene.name);
    Check::unless(against, text, [])
}

fn packets<'a>(case: &Case<'a>, test: impl Fn(&Says) -> bool + 'a) -> Vec<PacketNumber> {
    let messages = flows(case).flat_map(|flow| &flow.messages);
    messages.filter(|message| test(&message.said.says)).map(|message| message.at.number).collect()
}

fn sums(case: &Case<'_>) -> Check {
    let right = packets(case, |says| matches!(says, Says::Result { marked: Mark::Right, .. }));
    let all = packets(case, |says| matches!(says, Says::Result { .. })).len();
    let asked = packets(case, |says| matches!(says, Says::Sum(..))).len();
    let holds = right.len() == all && all == asked && asked > 0;
    Check::new(holds, format!("{} of {asked} sums are answered, and right when worked out again", right.len()), right)
}

fn capitals(case: &Case<'_>) -> Check {
    let asked = packets(case, |says| *says == Says::Sentence).len();
    let back: Vec<PacketNumber> = flows(case)
        .flat_map(|flow| &flow.messages)
        .filter(|message| message.said.says == Says::Capitals && message.said.fault.is_none())
        .map(|message| message.at.number)
        .collect();
    let text = if asked == 1 && back.len() == 1 {
        "The sentence comes back in capitals".to_owned()
    } else {
        format!("{} of {asked} sentences come back in capitals", back.len())
    };
    Check::new(asked > 0 && back.len() == asked, text, back)
}

/// Lines that the log says were typed: all that a client said after its name was taken.
fn room(case: &Case<'_>) -> Check {
    let rooms = case.evidence.labs.map(crate::report::lab::Labs::rooms).unwrap_or_default();
    let [room] = rooms else {
        return Check::new(false, format!("The capture shows {} chat rooms, and not one", rooms.len()), []);
    };
    let mut against = Vec::new();
    for line in &room.lines {
        against.extend(line.lost.iter().map(|lost| {
            format!("packet {}: a line of {} did not reach {}", line.at.number, room.name_of(line.by), room.name_of(lost.to))
        }));
        against.extend(line.reached.iter().filter(|delivery| delivery.again).map(|delivery| {
            format!("packet {}: a line reached {} twice", delivery.packet, room.name_of(delivery.to))
        }));
    }
    against.extend(room.strays.iter().map(|(_, packet, name)| format!("packet {packet}: {name} did not type this")));
    let typed: usize = room.lines.len();
    if typed == 0 {
        against.push("no line was typed".to_owned());
    }
    let names = room.members.iter().filter(|member| member.is_sure).count();
    let delivered = room.lines.iter().flat_map(|line| &line.reached).map(|delivery| delivery.packet);
    match against.into_iter().next() {
        Some(text) => Check::new(false, text, []),
        None => Check::new(
            true,
            format!("Each of {typed} lines reached all of the {names} members who were in, once"),
            delivered,
        ),
    }
}

fn relay(case: &Case<'_>) -> Check {
    let (passed, strays) = case.evidence.labs.map(|labs| (labs.passed(), labs.strays())).unwrap_or_default();
    let is_right = |passed: &crate::report::lab::Passed| {
        let sent = matches!(passed.status, Some((Code::Sent, _)));
        passed.changed.is_none() && sent == passed.forwarded.is_some() && passed.status.is_some()
    };
    let wrong = passed.iter().find(|passed| !is_right(passed));
    let forwarded: Vec<PacketNumber> =
        passed.iter().filter_map(|passed| passed.forwarded).map(|(_, at)| at.number).collect();
    match (wrong, strays.first()) {
        (Some(wrong), _) => Check::new(false, "What became of a request is not what its sender was told", [wrong.at.number]),
        (None, Some(stray)) => Check::new(false, "A message was passed on that nobody asked for", [stray.at.number]),
        (None, None) => Check::new(
            !forwarded.is_empty(),
            format!("{} messages were passed on, each as it was asked for, and its sender was told 200", forwarded.len()),
            forwarded,
        ),
    }
}

fn file(case: &Case<'_>) -> Check {
    let told: Vec<(&str, u64, &str)> = case
        .log
        .iter()
        .filter_map(|line| match &line.what {
            What::Noted { note: Note::File { length, sha256 }, .. } => Some((line.who.as_str(), *length, sha256.as_str())),
            _ => None,
        })
        .collect();
    let seen = flows(case).find_map(|flow| flow.file.as_ref());
    let hash = |bytes: &[u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let Some(seen) = seen else { return Check::new(false, "The capture shows no file", []) };
    let seen_hash = hash(&seen.sha256);
    let against = told.iter().find(|(_, length, sha256)| *length != seen.bytes || *sha256 != seen_hash);
    match against {
        Some((who, ..)) => Check::new(false, format!("The file of the {who} is not the one in the capture"), []),
        None => Check::new(
            told.len() >= 2 && seen.missing == 0,
            format!("The file has one SHA-256 at the server, at the client and in the capture: {}…", seen_hash.get(..16).unwrap_or_default()),
            [],
        ),
    }
}

/// What the server says that it did not answer is what the capture has no answer to.
fn pings(case: &Case<'_>) -> Check {
    let dropped = case
        .log
        .iter()
        .filter(|line| matches!(line.what, What::Noted { note: Note::Dropped { .. }, .. }))
        .count();
    let totals: Vec<PingTotals> = flows(case).map(PingTotals::of).collect();
    let unanswered: u64 = totals.iter().map(PingTotals::unanswered).sum();
    let sent: u64 = totals.iter().map(PingTotals::sent).sum();
    let holds = u64::try_from(dropped) == Ok(unanswered) && sent > 0;
    Check::new(
        holds,
        format!("Of {sent} pings {unanswered} have no answer in the capture; the server's log says that it dropped {dropped}"),
        [],
    )
}
