//! What an experiment is there to show.

use super::count::{Counted, Times};
use super::talks::is_v6;
use super::{Case, Check, labs, line, lookup};
use crate::flow::Opening;
use crate::lab::Transport;
use crate::lab::scene::What;
use crate::source::PacketNumber;

pub(super) fn of(case: &Case<'_>) -> Vec<Check> {
    match case.scene.name {
        "refused" => vec![refused(case)],
        "port-unreachable" => vec![unreachable(case)],
        "wrong-port" => vec![refused(case), unreachable(case)],
        "half-close" => vec![half_close(case)],
        "reset" => vec![reset(case)],
        "no-fin" => no_fin(case),
        "backlog" => vec![backlog(case)],
        "zero-window" => vec![zero_window(case)],
        "split-writes" => vec![split_writes(case)],
        "retransmission" => vec![labs::file(case)],
        "ipv4-ipv6" => vec![both_families(case)],
        "lookup" => lookup::of(case),
        _ => Vec::new(),
    }
}

/// Attempts that the log says were to fail, over this transport.
fn in_vain(case: &Case<'_>, transport: Transport) -> Vec<u16> {
    let mut ports = Vec::new();
    for (place, line) in case.log.iter().enumerate() {
        let What::Failed { expected: true, .. } = &line.what else { continue };
        let before = case.log.iter().take(place).rev().find_map(|earlier| match earlier.what {
            What::Tries { server, transport } if earlier.who == line.who => Some((server.port(), transport)),
            _ => None,
        });
        ports.extend(before.filter(|(_, over)| *over == transport).map(|(port, _)| port));
    }
    ports
}

fn refused(case: &Case<'_>) -> Check {
    let ports = in_vain(case, Transport::Tcp);
    let found = case.evidence.flows.iter().find_map(|told| {
        let handshake = &told.flow.tcp.as_ref()?.handshake;
        let is_it = handshake.opening() == Opening::Refused && ports.contains(&told.flow.tuple.resp.port);
        if is_it { Some([handshake.syn?.number, handshake.refused?.number]) } else { None }
    });
    match found {
        Some(packets) => Check::new(
            true,
            "Where nobody listens, the SYN is answered by a RST, as the client was told",
            packets,
        ),
        None => Check::new(false, "No SYN to the port where nobody listens is answered by a RST", []),
    }
}

fn unreachable(case: &Case<'_>) -> Check {
    let ports = in_vain(case, Transport::Udp);
    let found = case.evidence.flows.iter().find_map(|told| {
        let error = told.flow.icmp_errors.first()?;
        let is_it = ports.contains(&told.flow.tuple.resp.port) && told.flow.udp.is_some();
        if is_it { Some([told.flow.first.number, error.packet.number]) } else { None }
    });
    match found {
        Some(packets) => Check::new(
            true,
            "Where nobody listens, the datagram is answered by an ICMP error that quotes it",
            packets,
        ),
        None => {
            Check::new(false, "No datagram to the port where nobody listens is answered by an ICMP error", [])
        }
    }
}

fn half_close(case: &Case<'_>) -> Check {
    let found = case.talks.iter().find_map(|talk| {
        let (told, client) = talk.flow(case.evidence.flows)?;
        let end = &told.flow.tcp.as_ref()?.teardown;
        let fins = [end.fin(client)?.number, end.fin(client.reversed())?.number];
        let said: usize = talk.answered().iter().filter_map(|piece| piece.length()).sum();
        (u64::try_from(said) == Ok(end.half_close_bytes) && said > 0).then_some((said, fins))
    });
    match found {
        Some((said, fins)) => Check::new(
            true,
            match said {
                1 => "The one byte of the answer comes between the client's FIN and the server's".to_owned(),
                _ => format!("All {said} bytes of the answer come between the client's FIN and the server's"),
            },
            fins,
        ),
        None => Check::new(false, "The answer does not come between the client's FIN and the server's", []),
    }
}

fn reset(case: &Case<'_>) -> Check {
    let found = case.talks.iter().find_map(|talk| {
        let (told, client) = talk.flow(case.evidence.flows)?;
        let end = &told.flow.tcp.as_ref()?.teardown;
        let reset = end.reset.as_ref().filter(|reset| reset.by == client)?;
        (end.orig_fin.is_none() && end.resp_fin.is_none()).then_some(reset.packet.number)
    });
    match found {
        Some(packet) => {
            Check::new(true, "The client ends the connection with a RST, and nobody sends a FIN", [packet])
        }
        None => Check::new(false, "The connection does not end with a RST of the client alone", []),
    }
}

/// The fault has a check of its own; but here it is what there is to see.
fn no_fin(case: &Case<'_>) -> Vec<Check> {
    if case.faults.left_open() {
        return Vec::new();
    }
    vec![Check::new(false, "The log tells of no connection that the server left open", [])]
}

fn backlog(case: &Case<'_>) -> Check {
    let mut in_time = 0;
    let mut late = Vec::new();
    for talk in case.talks {
        let Some(tcp) = talk.flow(case.evidence.flows).and_then(|(told, _)| told.flow.tcp.as_ref()) else {
            continue;
        };
        let handshake = &tcp.handshake;
        if handshake.syn_retry_count == 0 {
            in_time += 1;
        } else {
            let syns = handshake.syn.iter().chain(&handshake.syn_retries).chain(&handshake.syn_ack);
            late.push((talk.who, syns.map(|stamp| stamp.number).collect::<Vec<_>>()));
        }
    }
    match late.as_slice() {
        [(who, packets)] if in_time > 0 => Check::new(
            true,
            format!("The first SYN of {who} is not answered while the queue is full, a later one is"),
            packets.iter().copied(),
        ),
        _ => Check::new(
            false,
            format!("Of {} clients {} had to send the SYN again, and not one", case.talks.len(), late.len()),
            [],
        ),
    }
}

fn zero_window(case: &Case<'_>) -> Check {
    let windows = case.talks.iter().find_map(|talk| {
        let (told, client) = talk.flow(case.evidence.flows)?;
        Some(told.flow.tcp.as_ref()?.side(client.reversed()).zero_windows)
    });
    match windows {
        Some(number @ 1..) => {
            let times = Times(usize::try_from(number).unwrap_or(usize::MAX));
            Check::new(true, format!("The server says {times} that it has no room (zero window)"), [])
        }
        _ => Check::new(false, "The server never says that it has no room", []),
    }
}

fn split_writes(case: &Case<'_>) -> Check {
    let found = case.talks.iter().find_map(|talk| {
        let (told, client) = talk.flow(case.evidence.flows)?;
        let tcp = told.flow.tcp.as_ref()?;
        let segments = |by| usize::try_from(tcp.side(by).data_packets).unwrap_or(usize::MAX);
        let is_so =
            segments(client) == talk.asked().len() && segments(client.reversed()) == talk.answered().len();
        let heard = talk.heard_by_server()?.len();
        Some((is_so && heard < talk.asked().len(), talk.asked().len(), talk.answered().len(), heard))
    });
    match found {
        Some((true, asked, answered, heard)) => Check::new(
            true,
            format!(
                "Each send is a segment of its own ({asked} of the client, {answered} of the server); the server had the client's in {}",
                Counted::new(heard, "receive", "receives")
            ),
            [],
        ),
        _ => Check::new(
            false,
            "The sends are not in segments of their own, or the server received each alone",
            [],
        ),
    }
}

fn both_families(case: &Case<'_>) -> Check {
    let mut flows = Vec::new();
    for talk in case.talks {
        let Some((told, _)) = talk.flow(case.evidence.flows) else { continue };
        let bytes = told.flow.orig.wire_bytes.saturating_add(told.flow.resp.wire_bytes);
        flows.push((is_v6(talk.client.ip()), told.flow.packets(), bytes, told.flow.first.number));
    }
    match flows.as_slice() {
        [(false, four, bytes4, first4), (true, six, bytes6, first6)] => {
            let has_line = line::is_before(case).is_some();
            same_talk((*four, *bytes4), (*six, *bytes6), has_line, [*first4, *first6])
        }
        [(false, ..)] => Check::new(true, "This machine has no IPv6: there is nothing to compare with", []),
        _ => Check::new(false, "The capture has not one flow of each family", []),
    }
}

/// The same talk over both families, by packets and bytes of each. What a line does to one it need not do to the other: what is
/// lost, comes twice or in another order is answered by more packets.
fn same_talk(
    (four, bytes4): (u64, u64),
    (six, bytes6): (u64, u64),
    has_line: bool,
    firsts: [PacketNumber; 2],
) -> Check {
    let more = i128::from(bytes6) - i128::from(bytes4);
    let counted = |number| Counted::of(number, "packet", "packets");
    if four == six && more == i128::from(six) * 20 {
        let text = format!(
            "{} over IPv4 and {six} over IPv6: the same talk, {more} bytes longer, 20 for each packet",
            counted(four)
        );
        return Check::new(true, text, firsts);
    }
    let found =
        format!("{} of {bytes4} bytes over IPv4, {} of {bytes6} over IPv6", counted(four), counted(six));
    if has_line {
        let text = format!(
            "Nothing to compare packet by packet: {found}; the line between the hosts acts on each talk in its own way"
        );
        return Check::moot(text, firsts);
    }
    Check::new(false, format!("The same talk is not 20 bytes longer for each packet: {found}"), firsts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_a_line_two_talks_need_not_have_the_same_packets() {
        let check = |six, has_line| {
            let check = same_talk((14, 1000), six, has_line, [1, 15]);
            (check.holds, check.moot, check.text)
        };
        let (holds, moot, text) = check((14, 1280), true);
        assert!(holds && !moot && text.ends_with("280 bytes longer, 20 for each packet"), "{text}");
        for six in [(19, 1748), (14, 1300), (9, 800)] {
            let (holds, moot, text) = check(six, true);
            assert!(holds && moot && !text.contains("same talk"), "{text}");
            // Nothing acts on a cable.
            let (holds, moot, text) = check(six, false);
            assert!(!holds && !moot, "{text}");
        }
    }
}
