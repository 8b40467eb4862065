//! What a lab is there to show.

use super::count::{Counted, OrNone, Times, verb};
use super::datagrams::{Handed, handed};
use super::talks::turns;
use super::{Case, Check, bots, ping_checks};
use crate::lab::Note;
use crate::lab::scene::{Kind, What};
use crate::proto::lab::{Code, Mark, Says};
use crate::report::http::Exchange;
use crate::report::lab::{LabFlow, Passed, Stray};
use crate::report::mail::{Mail, Session};
use crate::source::PacketNumber;

pub(super) fn of(case: &Case<'_>) -> Vec<Check> {
    if case.scene.name == "chatbots" {
        return bots::of(case);
    }
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
        "udp-ping" | "udp-throughput" => checks.extend(ping_checks::of(case, flows(case))),
        "proxy" => checks.extend(proxy(case)),
        "web" => checks.push(pages(case)),
        "mail" => checks.extend(mails(case)),
        _ => {}
    }
    checks
}

/// The flows of this scene that are recognised as a lab's.
fn flows<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a LabFlow> {
    let name = match case.scene.name {
        "udp-throughput" => "udp-ping",
        "retransmission" => "file-transfer",
        name => name,
    };
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
    // Where the line has lost every answer, words alone may not tell which lab it is.
    let is_lost = |handed: &Handed<'_>| handed.is_lost();
    let may_be_unknown = if handed(case).values().any(is_lost) {
        let is_silent = |talk: &&super::Talk<'_>| {
            talk.flow(case.evidence.flows)
                .is_none_or(|(told, client)| turns(told.flow, client.reversed()).next().is_none())
        };
        case.talks.iter().filter(is_silent).count()
    } else {
        0
    };
    let lines = lines(case);
    let repeated: Vec<&[u8]> =
        lines.iter().filter(|handed| handed.is_repeated()).map(|handed| handed.bytes).collect();
    let talks = case.talks.len();
    if talks == 0 {
        return vec![Check::new(
            false,
            "The log tells of nobody who talked: there is nothing to recognise",
            [],
        )];
    }
    if known > talks || known.saturating_add(may_be_unknown) < talks {
        let (all, is) = (Counted::new(talks, "flow", "flows"), verb(known, "is", "are"));
        against.push(format!("Of {all} {} {is} recognised as the lab {}", OrNone(known), case.scene.name));
    }
    let mut checks: Vec<Check> = against.into_iter().map(|text| Check::new(false, text, [])).collect();
    // Of an answer whose question got none, because the line lost that, the log alone tells that it is a copy.
    let mut copies = Vec::new();
    for message in flows(case).flat_map(LabFlow::faults) {
        let packet = message.at.number;
        if repeated.contains(&&*message.text) {
            copies.push(packet);
            continue;
        }
        let fault = message.said.fault.as_ref().map(ToString::to_string).unwrap_or_default();
        let text = String::from_utf8_lossy(&message.text);
        let text = format!("What packet {packet} says, `{text}`, is wrong: {fault}");
        checks.push(Check::new(false, text, [packet]));
    }
    if !checks.is_empty() {
        return checks;
    }
    if known == 0 {
        let text = "No answer came through, and what was asked alone does not tell which lab this is";
        return vec![Check::moot(text, [])];
    }
    vec![as_recognised(case.scene.name, copies)]
}

/// What the packets alone tell of a lab, where answers in `copies` would be wrong ones but for the line's log.
fn as_recognised(name: &str, copies: Vec<PacketNumber>) -> Check {
    if copies.is_empty() {
        let text =
            format!("By the packets alone this is the lab {name}, and nothing is wrong with what was said");
        return Check::new(true, text, []);
    }
    let count = Counted::new(copies.len(), "answer is wrong or a copy", "answers are wrong or copies");
    let text = format!(
        "By the packets alone this is the lab {name}, and whether {count} they leave open: by its log the line sent the same twice"
    );
    Check::moot(text, copies)
}

/// What was handed to the line of the scene's server, where it has one.
fn lines<'a>(case: &Case<'a>) -> Vec<Handed<'a>> {
    handed(case).into_values().collect()
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
    let text = match (holds, asked) {
        (_, 0) => "No sum was asked for".to_owned(),
        (true, 1) => "The one sum is answered, and right when worked out again".to_owned(),
        (true, _) => format!("Each of {asked} sums is answered, and right when worked out again"),
        (false, _) => format!(
            "Of {} {} {} answered, and {} right when worked out again",
            Counted::new(asked, "sum", "sums"),
            OrNone(all),
            verb(all, "is", "are"),
            OrNone(right.len())
        ),
    };
    Check::new(holds, text, right)
}

fn capitals(case: &Case<'_>) -> Check {
    let asked = packets(case, |says| *says == Says::Sentence).len();
    let back: Vec<PacketNumber> = flows(case)
        .flat_map(|flow| &flow.messages)
        .filter(|message| {
            let said = &message.said;
            said.says == Says::Capitals && said.fault.is_none() && said.again.is_none()
        })
        .map(|message| message.at.number)
        .collect();
    let lost = lines(case).iter().filter(|handed| handed.is_lost()).count();
    if lost > 0 {
        let all = asked.max(lost);
        let text = format!("{}; the line lost {lost}", come_back(back.len(), all));
        return Check::new(back.len().saturating_add(lost) == all, text, back);
    }
    let text = if asked == 1 && back.len() == 1 {
        "The sentence comes back in capitals".to_owned()
    } else {
        come_back(back.len(), asked)
    };
    Check::new(asked > 0 && back.len() == asked, text, back)
}

/// How many sentences come back as they should.
fn come_back(back: usize, all: usize) -> String {
    let (sentences, come) = (Counted::new(all, "sentence", "sentences"), verb(back, "comes", "come"));
    format!("Of {sentences} {} {come} back in capitals", OrNone(back))
}

/// Lines that the log says were typed: all that a client said after its name was taken.
fn room(case: &Case<'_>) -> Check {
    let rooms = case.evidence.labs.map(crate::report::lab::Labs::rooms).unwrap_or_default();
    let [room] = rooms else {
        let text = match rooms.len() {
            0 => "The capture shows no chat room".to_owned(),
            many => format!("The capture shows {many} chat rooms, and not one"),
        };
        return Check::new(false, text, []);
    };
    let mut against = Vec::new();
    for line in &room.lines {
        against.extend(line.lost.iter().map(|lost| {
            format!(
                "packet {}: a line of {} did not reach {}",
                line.at.number,
                room.name_of(line.by),
                room.name_of(lost.to)
            )
        }));
        against.extend(line.reached.iter().filter(|delivery| delivery.again).map(|delivery| {
            format!("packet {}: a line reached {} twice", delivery.packet, room.name_of(delivery.to))
        }));
    }
    against.extend(
        room.strays.iter().map(|(_, packet, name)| format!("packet {packet}: {name} did not type this")),
    );
    let typed: usize = room.lines.len();
    if typed == 0 {
        against.push("no line was typed".to_owned());
    }
    let delivered = room.lines.iter().flat_map(|line| &line.reached).map(|delivery| delivery.packet);
    match against.into_iter().next() {
        Some(text) => Check::new(false, text, []),
        None => Check::new(
            true,
            match typed {
                1 => "The one line reached every member who was in then, once".to_owned(),
                _ => format!("Each of {typed} lines reached every member who was in then, once"),
            },
            delivered,
        ),
    }
}

fn relay(case: &Case<'_>) -> Check {
    let (passed, strays) = case.evidence.labs.map(|labs| (labs.passed(), labs.strays())).unwrap_or_default();
    let lost: Vec<Handed<'_>> = lines(case).into_iter().filter(Handed::is_lost).collect();
    if !lost.is_empty() {
        return relay_with_losses(passed, strays, &lost);
    }
    let is_right = |passed: &Passed| {
        let sent = matches!(passed.status, Some((Code::Sent, _)));
        passed.changed.is_none() && sent == passed.forwarded.is_some() && passed.status.is_some()
    };
    let wrong = passed.iter().find(|passed| !is_right(passed));
    let forwarded: Vec<PacketNumber> =
        passed.iter().filter_map(|passed| passed.forwarded).map(|(_, at)| at.number).collect();
    match (wrong, strays.first()) {
        (Some(wrong), _) => {
            let text = match (&wrong.changed, &wrong.forwarded, &wrong.status) {
                (Some(_), ..) => "What was passed on is not what a request asked for",
                (None, _, None) => "The sender of a request was told nothing",
                (None, None, _) => "A request's sender was told 200, and nothing was passed on",
                (None, Some(_), _) => "A request was passed on, and its sender was not told 200",
            };
            Check::new(false, text, [wrong.at.number])
        }
        (None, Some(stray)) => {
            Check::new(false, "A message was passed on that nobody asked for", [stray.at.number])
        }
        (None, None) if forwarded.is_empty() => Check::new(false, "No message was passed on", []),
        (None, None) => Check::new(
            true,
            match forwarded.len() {
                1 => "1 message was passed on, as it was asked for, and its sender was told 200".to_owned(),
                many => format!(
                    "{many} messages were passed on, each as it was asked for, and its sender was told 200"
                ),
            },
            forwarded,
        ),
    }
}

/// What was passed on, and what senders were told, where the line has lost some of it.
fn relay_with_losses(passed: &[Passed], strays: &[Stray], lost: &[Handed<'_>]) -> Check {
    let is_status =
        |handed: &&Handed<'_>| handed.bytes.starts_with(b"200,") || handed.bytes.starts_with(b"405,");
    let is_message = |handed: &&Handed<'_>| handed.bytes.contains(&b';');
    let (statuses, messages) =
        (lost.iter().filter(is_status).count(), lost.iter().filter(is_message).count());
    let untold = passed.iter().filter(|passed| passed.status.is_none()).count();
    let refused = |passed: &&Passed| matches!(passed.status, Some((Code::NotSent, _)));
    let silent = passed.iter().filter(|passed| passed.forwarded.is_none()).count();
    let refusals = passed.iter().filter(refused).count();
    // Of a request whose refusal was lost it is not known that it was one.
    let never = silent
        .checked_sub(messages)
        .is_some_and(|never| (refusals..=refusals.saturating_add(statuses)).contains(&never));
    let is_wrong =
        |passed: &&Passed| passed.changed.is_some() || refused(passed) && passed.forwarded.is_some();
    let wrong = passed.iter().find(is_wrong).map(|passed| passed.at.number);
    let wrong = wrong.or_else(|| strays.first().map(|stray| stray.at.number));
    let packets = passed.iter().filter_map(|passed| passed.forwarded).map(|(_, at)| at.number);
    let text = match wrong {
        Some(_) => "What was passed on is not what a request asked for".to_owned(),
        None => format!(
            "{}: {} passed on in the capture, {} refused, {} lost by the line; {} in the capture, {} lost by the line",
            Counted::new(passed.len(), "request", "requests"),
            OrNone(passed.len().saturating_sub(silent)),
            OrNone(refusals),
            OrNone(messages),
            Counted::new(passed.len().saturating_sub(untold), "answer", "answers"),
            OrNone(statuses),
        ),
    };
    Check::new(wrong.is_none() && untold == statuses && never, text, packets.chain(wrong))
}

pub(super) fn file(case: &Case<'_>) -> Check {
    let told: Vec<(&str, u64, &str)> = case
        .log
        .iter()
        .filter_map(|line| match &line.what {
            What::Noted { note: Note::File { length, sha256 }, .. } => {
                Some((line.who.as_str(), *length, sha256.as_str()))
            }
            _ => None,
        })
        .collect();
    let seen = flows(case).find_map(|flow| flow.file.as_ref());
    let hash = |bytes: &[u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let Some(seen) = seen else { return Check::new(false, "The capture shows no file", []) };
    let seen_hash = hash(&seen.sha256);
    let against = told.iter().find(|(_, length, sha256)| *length != seen.bytes || *sha256 != seen_hash);
    match against {
        Some((who, ..)) => {
            Check::new(false, format!("The file of the {who} is not the one in the capture"), [])
        }
        None if seen.missing > 0 => {
            let missing = Counted::of(seen.missing, "byte of the file is", "bytes of the file are");
            Check::new(false, format!("{missing} not in the capture"), [])
        }
        None if told.len() < 2 => {
            let who = if told.is_empty() {
                "Neither of server and client"
            } else {
                "Of server and client only one"
            };
            Check::new(false, format!("{who} told what file it was"), [])
        }
        None => Check::new(
            true,
            format!(
                "The file has one SHA-256 at the server, at the client and in the capture: {}…",
                seen_hash.get(..16).unwrap_or_default()
            ),
            [],
        ),
    }
}

/// Where the exchanges of a proxy go: those of the origin, and those that the proxy answers by itself.
fn proxy(case: &Case<'_>) -> Vec<Check> {
    let port_of = |name: &str| {
        case.log.iter().find_map(|line| match line.what {
            What::Listening { local, .. } if line.who == name => Some(local.port()),
            _ => None,
        })
    };
    let at = |name: &str| {
        let port = port_of(name);
        case.evidence.exchanges.iter().filter(move |exchange| Some(exchange.server.port) == port)
    };
    let told = |test: fn(&Note) -> bool| {
        case.log
            .iter()
            .filter(|line| matches!(&line.what, What::Noted { note, .. } if line.aside && test(note)))
            .count()
    };
    let fetched = told(|note| matches!(note, Note::Fetched { .. }));
    let cached = told(|note| matches!(note, Note::Cached { .. }));
    let asked: Vec<PacketNumber> = at("proxy").map(Exchange::first_packet).collect();
    let reached: Vec<PacketNumber> = at("origin").map(Exchange::first_packet).collect();
    let warm: Vec<PacketNumber> = asked.iter().copied().skip(reached.len()).collect();
    let after = warm.first().is_some_and(|warm| reached.iter().all(|packet| packet < warm));
    let cold = reached.len() == fetched && fetched > 0;
    let cold_text = if cold {
        format!(
            "Cold: the origin is asked as often as the proxy says, {fetched} of {}",
            Counted::new(asked.len(), "request", "requests")
        )
    } else {
        format!(
            "Cold: the proxy says that it asked the origin {}, the capture shows it {}",
            Times(fetched),
            Times(reached.len())
        )
    };
    let warm_text = match (warm.len() == cached, after) {
        (true, true) => format!(
            "Warm: {cached} of {} {} answered from the cache, and never {} the origin",
            Counted::new(asked.len(), "request", "requests"),
            verb(cached, "is", "are"),
            verb(cached, "reaches", "reach")
        ),
        (true, false) => "Warm: no request is left that only the cache can have answered".to_owned(),
        (false, _) => format!(
            "Warm: the proxy says that its cache answered {}, the capture shows {} that did not reach the origin",
            Counted::new(cached, "request", "requests"),
            OrNone(warm.len())
        ),
    };
    vec![Check::new(cold, cold_text, reached), Check::new(after && warm.len() == cached, warm_text, warm)]
}

/// The statuses of a web server's answers.
fn pages(case: &Case<'_>) -> Check {
    let codes: Vec<u16> = case.evidence.exchanges.iter().filter_map(Exchange::status).collect();
    let packets = case.evidence.exchanges.iter().map(Exchange::first_packet);
    let has = |code: u16| codes.contains(&code);
    let shown: Vec<String> = codes.iter().map(ToString::to_string).collect();
    Check::new(
        has(200) && has(404) && codes.len() == case.evidence.exchanges.len(),
        format!("The page that is there is a 200, the one that is not a 404: {}", shown.join(", ")),
        packets,
    )
}

/// The way of each mail: as many sessions as hops, and one mail that brings along what nobody vouches for.
fn mails(case: &Case<'_>) -> Vec<Check> {
    let passed = case
        .log
        .iter()
        .filter(|line| matches!(&line.what, What::Noted { note: Note::Mail { .. }, .. } if line.aside))
        .count();
    let all: Vec<&Mail> = case.evidence.mails.iter().flat_map(Session::mails).collect();
    let packet = |mail: &Mail| mail.packets.map(|[_, last]| last.number);
    let is_doubted = |mail: &&&Mail| {
        let path = mail.message.as_ref().map(|message| &message.path);
        path.is_some_and(|path| (0..path.hops.len()).any(|hop| path.is_unvouched(hop)))
    };
    let doubted: Vec<&&Mail> = all.iter().filter(is_doubted).collect();
    let is_one = doubted.len() == 1 && all.len() > 1;
    let took = if passed == all.len() && passed > 0 {
        let each = if passed == 1 { "The one mail".to_owned() } else { format!("Each of {passed} mails") };
        format!("{each} in the capture is one that an agent says it took")
    } else {
        let took = Counted::new(passed, "mail", "mails");
        format!("The agents say that they took {took}, the capture shows {}", OrNone(all.len()))
    };
    let forged = if is_one {
        format!(
            "1 of {} mails on their way names a hop that nobody vouches for: the forgery, as it reaches the mailbox",
            all.len()
        )
    } else {
        format!(
            "Of {} {} {} a hop that nobody vouches for, and not just one",
            Counted::new(all.len(), "mail", "mails"),
            OrNone(doubted.len()),
            verb(doubted.len(), "names", "name")
        )
    };
    vec![
        Check::new(passed == all.len() && passed > 0, took, all.iter().filter_map(|mail| packet(mail))),
        Check::new(is_one, forged, doubted.iter().filter_map(|mail| packet(mail))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_log_excuses_an_answer_the_packets_alone_leave_it_open() {
        let check = as_recognised("relay", Vec::new());
        assert!(check.holds && !check.moot && check.text.ends_with("nothing is wrong with what was said"));
        let check = as_recognised("relay", vec![10]);
        assert!(check.moot && check.packets == [10] && !check.text.contains("nothing is wrong"), "{check:?}");
    }
}
