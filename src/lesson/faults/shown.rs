//! What the capture shows of each fault.

use super::super::count::verb;
use super::super::talks::{Piece, Talk};
use super::super::{Case, Check, Evidence};
use super::{Done, base, segment_of};
use crate::flow::{Direction, PacketStamp, TcpFlow};
use crate::source::PacketNumber;
use crate::time::TimeDelta;

/// How far two clocks that are set alike may be apart.
const CLOCKS: i128 = 1_000_000;

/// A talk with a server that has a fault, and its flow.
pub(super) struct Seen<'a> {
    talk: &'a Talk<'a>,
    done: &'a Done,
    tcp: &'a TcpFlow,
    client: Direction,
    /// The last packet of the flow.
    end: PacketStamp,
    /// The packets that carry what the server said.
    said: Vec<PacketStamp>,
    /// Bytes that they carry together, each once.
    bytes: u64,
    /// Where the server offers no room at all.
    zero: Vec<PacketNumber>,
    /// Where it offers the least.
    least: Vec<PacketNumber>,
}

impl<'a> Seen<'a> {
    pub(super) fn of(case: &Case<'a>, talk: &'a Talk<'a>, done: &'a Done) -> Option<Self> {
        let (told, client) = talk.flow(case.evidence.flows)?;
        let tcp = told.flow.tcp.as_deref()?;
        let own = || case.evidence.segments.between(talk.port, talk.client.port());
        let reset = tcp.teardown.reset.as_ref().map(|reset| reset.packet.number);
        // Of a SYN the window is not scaled, and of a RST it means nothing.
        let offers = || own().filter(|segment| !segment.syn && Some(segment.at.number) != reset);
        let with = |window| offers().filter(move |segment| segment.window == window);
        let least = offers().map(|segment| segment.window).min().unwrap_or(u16::MAX);
        let with_data = || own().filter(|segment| segment.length > 0);
        // From the first byte to the last, which may be anywhere: numbers begin anew at 2³².
        let bytes = base(talk, case.evidence).map_or(0, |base| {
            let ends =
                with_data().map(|segment| segment.seq.wrapping_sub(base).saturating_add(segment.length));
            ends.max().unwrap_or(0)
        });
        Some(Self {
            talk,
            done,
            tcp,
            client,
            end: told.flow.last,
            said: with_data().map(|segment| segment.at).collect(),
            bytes: bytes.into(),
            zero: with(0).map(|segment| segment.at.number).collect(),
            least: with(least).map(|segment| segment.at.number).collect(),
        })
    }

    /// The smallest and the largest window that the server offers.
    fn windows(&self) -> Option<(u32, u32)> {
        self.tcp.windows(self.client.reversed()).map(|windows| (windows.min, windows.max))
    }

    /// Bytes of the reply that was broken off: those in the capture.
    fn of_cut_reply(&self) -> u64 {
        self.bytes.saturating_sub(self.done.before_cut)
    }

    /// Bytes that the client said: all, and most by one send.
    fn asked(&self) -> (u64, u64) {
        let length = |piece: &Piece<'_>| u64::try_from(piece.length().unwrap_or(0)).unwrap_or(u64::MAX);
        let lengths = || self.talk.asked().iter().map(length);
        (lengths().fold(0, u64::saturating_add), lengths().max().unwrap_or(0))
    }
}

/// The server's FIN is absent until its program was stopped.
pub(super) fn no_fin(of: &[Seen<'_>], has_line: bool) -> Check {
    let (mut packets, mut against, mut open) = (Vec::new(), Vec::new(), Vec::<TimeDelta>::new());
    let (mut late, mut firsts) = (0_usize, 0_usize);
    for seen in of {
        let Some((first, kept)) = seen.done.open else { continue };
        let (end, client, who) = (&seen.tcp.teardown, seen.client, seen.talk.who);
        let since = if first { seen.said.last().copied() } else { end.fin(client) };
        let Some(since) = since else {
            against.push(format!(
                "no-fin: what {who} did before the server did not close is not in the capture"
            ));
            continue;
        };
        if end.fin(client).is_some() && end.fin_acked(client).is_none() {
            against.push(format!("no-fin: the FIN of {who} is not acknowledged"));
        }
        let fin = end.fin(client.reversed());
        let Some(took) = fin.unwrap_or(seen.end).since(since) else { continue };
        let least = kept.map(|kept| kept.as_nanos().saturating_sub(CLOCKS));
        let is_late = least.is_some_and(|least| has_line || took.as_nanos() >= least);
        if let Some(fin) = fin.filter(|_| !is_late) {
            against.push(format!(
                "no-fin: the server's FIN to {who}, packet {}, comes {} behind packet {}, and by its log it did not close then",
                fin.number,
                rounded(took),
                since.number
            ));
        }
        // Its half is open alone from when its system has the other's FIN.
        let alone =
            end.fin_acked(client).filter(|_| !first).and_then(|had| fin.unwrap_or(seen.end).since(had));
        open.push(alone.unwrap_or(took));
        late += usize::from(fin.is_some());
        firsts += usize::from(first);
        packets.push(since.number);
        packets
            .extend(end.fin(client).into_iter().chain(end.fin_acked(client)).chain(fin).map(|at| at.number));
    }
    if let Some(text) = against.into_iter().next() {
        return Check::new(false, text, packets);
    }
    let Some(took) = open.iter().copied().min() else {
        return Check::moot(
            "no-fin: nothing to be seen: by the server's log it never came to closing a connection",
            [],
        );
    };
    let before = match (firsts == open.len(), firsts) {
        (true, _) => "all is said, and the server does not close",
        (false, 0) => "the client's FIN is acknowledged, and the server does not close",
        _ => "the client has closed or all is said, and the server does not close",
    };
    let each = if open.len() > 1 { format!("{} connections: ", open.len()) } else { String::new() };
    let least = if open.len() > 1 { "at least " } else { "" };
    let after = if late == 0 {
        "to the end of the capture no FIN of its own follows"
    } else {
        "its FIN comes only when its program has ended, and its system closes for it"
    };
    let text = format!("no-fin: {each}{before}. Its half stays open for {least}{}: {after}", rounded(took));
    Check::new(true, text, packets)
}

/// A RST of the server's behind so much of its reply.
pub(super) fn reset(of: &[Seen<'_>], has_line: bool) -> Check {
    let (mut packets, mut found) = (Vec::new(), Vec::new());
    let mut is_short = false;
    for seen in of {
        let Some(cut) = seen.done.cut else { continue };
        let by_server = seen.tcp.teardown.reset.as_ref().filter(|reset| reset.by != seen.client);
        let said = |rst: PacketNumber| seen.said.iter().rev().find(|at| at.number < rst);
        let both = by_server.and_then(|reset| Some((said(reset.packet.number)?.number, reset.packet.number)));
        let Some((last, rst)) = both else {
            let text = format!(
                "reset: by the server's log it broke off a reply to {} with a RST, which is not in the capture",
                seen.talk.who
            );
            return Check::new(false, text, []);
        };
        packets.extend([last, rst]);
        let there = seen.of_cut_reply();
        // What a line has lost is not sent again behind a RST, nor what waited for it sent at all.
        if there > cut.0 || there < cut.0 && !has_line {
            let text = format!(
                "reset: by the server's log {} of {} bytes of a reply to {} went out before the RST, packet {rst}, and the capture shows {there}",
                cut.0, cut.1, seen.talk.who
            );
            return Check::new(false, text, packets);
        }
        is_short |= there < cut.0;
        found.push(((there, cut.1), last, rst));
    }
    match found.as_slice() {
        [] => Check::moot("reset: nothing to be seen: by the server's log it broke no reply off", []),
        [((0, of), _, rst)] => Check::new(
            true,
            format!(
                "reset: the server ends the connection with a RST, packet {rst}, before the line lets through any of the {of} bytes of its reply"
            ),
            packets,
        ),
        [((there, of), last, rst)] => Check::new(
            true,
            format!(
                "reset: {there} of {of} bytes of a reply are in the capture, up to packet {last}, and then the server ends the connection with a RST, packet {rst}"
            ),
            packets,
        ),
        all => Check::new(
            true,
            format!(
                "reset: {} replies are broken off by a RST of the server, each behind {} as its log says",
                all.len(),
                if is_short { "at most as many bytes" } else { "as many bytes" }
            ),
            packets,
        ),
    }
}

/// The server offers no more than it has.
pub(super) fn tiny_window(of: &[Seen<'_>]) -> Check {
    let windows: Vec<(u32, u32)> = of.iter().filter_map(Seen::windows).collect();
    let (Some(most), Some(buffer)) =
        (windows.iter().map(|(_, most)| *most).max(), of.iter().filter_map(|seen| seen.done.buffer).max())
    else {
        return Check::moot("tiny-window: nothing to be seen: the server was sent nothing", []);
    };
    if most > buffer {
        let text = format!(
            "tiny-window: the server offers a window of {most} bytes, and by its log its buffer has {buffer}"
        );
        return Check::new(false, text, []);
    }
    let zero: Vec<PacketNumber> = of.iter().flat_map(|seen| seen.zero.iter().copied()).collect();
    let asked = of.iter().map(|seen| seen.asked().0).max().unwrap_or(0);
    let and = if !zero.is_empty() {
        format!("; {} times it has no room at all", zero.len())
    } else if asked <= u64::from(most) {
        format!("; only {asked} bytes were sent to it on a connection, so that nothing had to wait")
    } else {
        String::new()
    };
    let text = format!(
        "tiny-window: the server never offers a window of more than {most} bytes, with a buffer of {buffer}{and}"
    );
    let first = of.iter().filter_map(|seen| seen.tcp.handshake.syn_ack).map(|at| at.number);
    Check::new(true, text, zero.into_iter().chain(first))
}

/// The window shrinks while the server does not read.
pub(super) fn slow_reader(of: &[Seen<'_>]) -> Check {
    let held_up = of.iter().find(|seen| {
        seen.windows().is_some_and(|(least, most)| !seen.zero.is_empty() || least.saturating_mul(2) <= most)
    });
    if let Some((seen, (least, most))) = held_up.and_then(|seen| Some((seen, seen.windows()?))) {
        let and = match seen.zero.len() {
            0 => String::new(),
            1 => "; once it has no room at all".to_owned(),
            times => format!("; {times} times it has no room at all"),
        };
        let text = format!(
            "slow-reader: while the server does not read, the window that it offers shrinks from {most} bytes to {least}{and}"
        );
        return Check::new(true, text, seen.least.iter().copied());
    }
    let most = of.iter().filter_map(Seen::windows).map(|(_, most)| most).max();
    let (all, at_once) = of.iter().map(Seen::asked).max_by_key(|(_, at_once)| *at_once).unwrap_or_default();
    match most {
        Some(most) if at_once > u64::from(most) => Check::new(
            false,
            format!(
                "slow-reader: {at_once} bytes were sent at once, more than the window of {most}, and it did not shrink"
            ),
            [],
        ),
        Some(most) if all <= u64::from(most) => Check::moot(
            format!(
                "slow-reader: nothing to be seen: only {all} bytes were sent to the server, and its window has {most}"
            ),
            [],
        ),
        Some(most) => Check::moot(
            format!(
                "slow-reader: nothing to be seen: at most {at_once} bytes were sent at once, and the server's window has {most}"
            ),
            [],
        ),
        None => Check::moot("slow-reader: nothing to be seen: the server was sent nothing", []),
    }
}

/// Each piece of a reply is a segment.
pub(super) fn split_writes(of: &[Seen<'_>], evidence: &Evidence<'_>, has_line: bool) -> Check {
    let (mut packets, mut apart, mut all, mut pieces) = (Vec::new(), 0_usize, 0_usize, 0_usize);
    // The first reply of which pieces were joined.
    let mut joined = None;
    for seen in of {
        let Some(base) = base(seen.talk, evidence) else { continue };
        for reply in &seen.done.split {
            all += 1;
            let found: Vec<PacketNumber> = reply
                .iter()
                .filter_map(|piece| segment_of(seen.talk, evidence, base, *piece))
                .map(|segment| segment.at.number)
                .collect();
            if found.len() == reply.len() {
                apart += 1;
                pieces += reply.len();
            } else {
                joined.get_or_insert((seen.talk.who, reply.len(), found.len()));
            }
            packets.extend(found);
        }
    }
    let told = match (all, joined) {
        (0, _) => {
            return Check::moot(
                "split-writes: nothing to be seen: by the server's log no reply went out in pieces",
                [],
            );
        }
        (1, None) => format!("a reply comes in {pieces} segments, as the server's log says"),
        (_, None) => {
            format!(
                "each of {all} replies comes in as many segments as the server's log says, {pieces} together"
            )
        }
        // Who waits for what was lost may put what comes meanwhile into one segment (RFC 9293 section 3.7.4).
        (_, Some(_)) if has_line && apart > 0 => format!(
            "{apart} of {all} replies {} in as many segments as the server's log says; while the line held others up, pieces of them were joined",
            verb(apart, "comes", "come")
        ),
        (_, Some(_)) if has_line => {
            let text = "split-writes: nothing to be seen: while the line held replies up, pieces of each were joined";
            return Check::moot(text, packets);
        }
        (_, Some((who, sent, found))) => {
            let text = format!(
                "split-writes: by the server's log a reply to {who} went out in {sent} pieces, of which {found} are segments of their own"
            );
            return Check::new(false, text, packets);
        }
    };
    Check::new(true, format!("split-writes: {told}"), packets)
}

/// A time as the story of a flow tells it: to three digits, rounded, without zeros at the end.
fn rounded(time: TimeDelta) -> String {
    let nanos = time.as_nanos().max(0);
    let (unit, step, digits) = match nanos {
        0..999_500_000 => return format!("{} ms", (nanos + 500_000) / 1_000_000),
        999_500_000..9_995_000_000 => (100, 10_000_000, 2),
        _ => (10, 100_000_000, 1),
    };
    let steps = (nanos + step / 2) / step;
    let part = format!("{:0digits$}", steps % unit);
    let part = part.trim_end_matches('0');
    let dot = if part.is_empty() { "" } else { "." };
    format!("{}{dot}{part} s", steps / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_as_the_story_tells_it() {
        for (millis, text) in [
            (0, "0 ms"),
            (160, "160 ms"),
            (1_000, "1 s"),
            (1_309, "1.31 s"),
            (1_350, "1.35 s"),
            (1_200, "1.2 s"),
            (2_006, "2.01 s"),
            (12_340, "12.3 s"),
            (9_997, "10 s"),
        ] {
            assert_eq!(rounded(TimeDelta::from_nanos(millis * 1_000_000)), text);
        }
    }
}
