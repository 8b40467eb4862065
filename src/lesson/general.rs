//! What holds of every scene: all that was said is in the capture, connections open and close as they should, and what is
//! text can be read.

use super::talks::{Piece, compare, turns};
use super::{Case, Check, line};
use crate::flow::{Direction, Opening, Teardown};
use crate::lab::Transport;
use crate::proto::judge;

/// Who is to close a connection first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closes {
    Client,
    Server,
    /// Whoever comes first.
    Either,
    /// Nobody: it is reset, or left open.
    Nobody,
}

impl Closes {
    fn of(scene: &str) -> Self {
        match scene {
            "server-closes-first" => Self::Server,
            "reset" | "no-fin" => Self::Nobody,
            // The last words are followed by both sides' close at once.
            "calculator" | "chatbot-tcp" | "chatbots" | "dual-stack" => Self::Either,
            "file-transfer" | "retransmission" | "web" | "proxy" | "mail" => Self::Either,
            _ => Self::Client,
        }
    }
}

pub(super) fn of(case: &Case<'_>) -> Vec<Check> {
    let mut checks = handshakes(case);
    checks.extend(messages(case));
    checks.extend(readable(case));
    checks.extend(closings(case));
    checks
}

fn how_many(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => one.to_owned(),
        2 => format!("both {many}"),
        number => format!("all {number} {many}"),
    }
}

/// A text with its first letter in capitals.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn handshakes(case: &Case<'_>) -> Vec<Check> {
    let (mut packets, mut against, mut count) = (Vec::new(), Vec::new(), 0);
    for talk in case.talks.iter().filter(|talk| talk.transport == Transport::Tcp) {
        count += 1;
        let tcp = talk.flow(case.evidence.flows).and_then(|(told, _)| told.flow.tcp.as_ref());
        match tcp.map(|tcp| &tcp.handshake) {
            Some(handshake) if handshake.opening() == Opening::Complete => {
                let steps = [handshake.syn, handshake.syn_ack, handshake.ack];
                packets.extend(steps.into_iter().flatten().map(|stamp| stamp.number));
            }
            Some(_) => against.push(format!("the handshake of {} is not complete", talk.who)),
            None => against.push(format!("the connection of {} is not in the capture", talk.who)),
        }
    }
    if count == 0 {
        return Vec::new();
    }
    let subject = capital(&how_many(count, "the handshake", "handshakes"));
    let verb = if count == 1 { "is" } else { "are" };
    Check::unless(against, format!("{subject} {verb} complete: SYN, SYN-ACK, ACK"), packets)
}

fn messages(case: &Case<'_>) -> Vec<Check> {
    let (mut packets, mut against, mut count) = (Vec::new(), Vec::new(), 0);
    let mut uncompared = 0_u64;
    for talk in case.talks {
        let Some((told, client)) = talk.flow(case.evidence.flows) else {
            if talk.transport == Transport::Udp {
                against.push(format!("the datagrams of {} are not in the capture", talk.who));
            }
            continue;
        };
        let sides = [
            (talk.asked(), client, "to the server"),
            (talk.answered(), client.reversed(), "from the server"),
        ];
        for (said, by, which) in sides {
            count += said.len();
            let carried = said.iter().filter_map(|piece| match piece {
                Piece::Carried(length) => Some(*length),
                Piece::Bytes(_) => None,
            });
            uncompared = carried.fold(uncompared, u64::saturating_add);
            match compare(told.flow, by, talk.transport, said) {
                Ok(found) => packets.extend(found),
                Err(place) if place > said.len() => against.push(format!(
                    "{}, {which}: the capture has more than the {} that were said",
                    talk.who,
                    said.len()
                )),
                Err(place) => against.push(format!(
                    "{}, {which}: message {place} of {} is not in the capture as it was said",
                    talk.who,
                    said.len()
                )),
            }
        }
    }
    if count == 0 && against.is_empty() {
        return Vec::new();
    }
    let subject = capital(&how_many(count, "the message", "messages"));
    let verb = if count == 1 { "is" } else { "are" };
    let told_by_number = match uncompared {
        1 => "of the one byte that was not told only the number is compared".to_owned(),
        many => {
            format!("of {many} bytes that were not told one by one only the number is compared")
        }
    };
    let what = if uncompared == 0 {
        // One message alone has no order.
        let order = if count == 1 { "" } else { " and in order" };
        format!("{subject} that the programs sent {verb} in the capture, byte for byte{order}")
    } else {
        format!(
            "{subject} that the programs sent {verb} in the capture{}; {told_by_number}",
            if count == 1 { "" } else { ", in order" }
        )
    };
    Check::unless(against, what, packets)
}

fn readable(case: &Case<'_>) -> Vec<Check> {
    let (mut against, mut packets, mut any) = (Vec::new(), Vec::new(), false);
    for talk in case.talks {
        let Some((told, client)) = talk.flow(case.evidence.flows) else { continue };
        for (said, by) in [(talk.asked(), client), (talk.answered(), client.reversed())] {
            let is_text = said.iter().all(|piece| match piece {
                Piece::Bytes(bytes) => bytes.is_empty() || judge(bytes).is_text(),
                Piece::Carried(_) => true,
            });
            // What is no text to begin with need not be readable.
            if !is_text || said.is_empty() || said.iter().any(|piece| matches!(piece, Piece::Carried(_))) {
                continue;
            }
            any = true;
            let seen: Vec<u8> = turns(told.flow, by).flat_map(|turn| turn.bytes.iter().copied()).collect();
            if judge(&seen).is_text() {
                packets.extend(turns(told.flow, by).map(|turn| turn.first.number));
            } else {
                against.push(format!("{}: what was said as text is no text in the capture", talk.who));
            }
        }
    }
    if any {
        Check::unless(against, "Anybody who sees the packets can read it: it is plain text", packets)
    } else {
        Vec::new()
    }
}

/// Whether both sides have closed, and nothing broke the connection off before that. A RST may follow where a copy of the last
/// acknowledgement meets a socket that is gone.
fn is_closed(end: &Teardown) -> bool {
    let [there, back] =
        [Direction::OrigToResp, Direction::RespToOrig].map(|by| end.fin(by).and(end.fin_acked(by)));
    let is_late = match (&end.reset, there, back) {
        (Some(reset), Some(there), Some(back)) => reset.packet.number > there.number.max(back.number),
        _ => false,
    };
    end.is_orderly() || is_late
}

fn closings(case: &Case<'_>) -> Vec<Check> {
    let closes = Closes::of(case.scene.name);
    let (mut packets, mut against, mut count) = (Vec::new(), Vec::new(), 0);
    let is_spoilt = |place: usize| case.faults.spoils_the_end(place);
    let spoilt = (0..case.talks.len()).filter(|place| is_spoilt(*place)).count();
    let talks = case.talks.iter().enumerate().filter(|(place, _)| !is_spoilt(*place));
    let mut unseen = Vec::new();
    for talk in talks.map(|(_, talk)| talk).filter(|talk| talk.transport == Transport::Tcp) {
        let Some((told, client)) = talk.flow(case.evidence.flows) else { continue };
        let Some(tcp) = told.flow.tcp.as_ref().filter(|_| closes != Closes::Nobody) else { continue };
        let end = &tcp.teardown;
        // Nothing contradicts an orderly end but a RST, where the capture ends before the line has let it through.
        let is_cut = || line::is_cut_short(case, [talk.port, talk.client.port()]);
        if !is_closed(end) && end.reset.is_none() && is_cut() {
            unseen.push(talk.who);
            continue;
        }
        count += 1;
        let first = match closes {
            Closes::Client => Some(client),
            Closes::Server => Some(client.reversed()),
            Closes::Either | Closes::Nobody => None,
        };
        if !is_closed(end) {
            against.push(format!("the connection of {} is not closed in good order", talk.who));
        } else if first.is_some() && end.closed_first() != first {
            let who = if first == Some(client) { "client" } else { "server" };
            against.push(format!("the {who} did not close the connection of {} first", talk.who));
        } else {
            let both = [Direction::OrigToResp, Direction::RespToOrig];
            let stamps = both.into_iter().flat_map(|by| [end.fin(by), end.fin_acked(by)]);
            packets.extend(stamps.flatten().map(|stamp| stamp.number));
        }
    }
    let unseen = unseen.into_iter().map(|who| {
        let text = format!(
            "How the connection of {who} closes is not to be seen: the capture ends before what the line did last is mended"
        );
        Check::moot(text, [])
    });
    let unseen: Vec<Check> = unseen.collect();
    if count == 0 {
        return unseen;
    }
    let (one, many) = if spoilt == 0 && unseen.is_empty() {
        ("the connection", "connections")
    } else {
        ("the other connection", "other connections")
    };
    let subject = capital(&how_many(count, one, many));
    let verb = if count == 1 { "is" } else { "are" };
    let who = match closes {
        Closes::Client => ", the client first",
        Closes::Server => ", the server first",
        Closes::Either | Closes::Nobody => "",
    };
    let checks = Check::unless(against, format!("{subject} {verb} closed by both sides{who}"), packets);
    checks.into_iter().map(|check| case.faults.excused(check)).chain(unseen).collect()
}
