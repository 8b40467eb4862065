//! What servers did wrong on purpose, by their own logs, beside what the capture shows of it: a check for each fault.
//!
//! What a fault makes impossible is no failure of the capture where the log tells of it, and no success either.

use super::talks::{Piece, Talk};
use super::{Case, Check, Evidence, Segment};
use crate::flow::{Direction, PacketStamp, TcpFlow};
use crate::lab::scene::{Line, Scene, What};
use crate::lab::{Fault, Misdeed, Note};
use crate::source::PacketNumber;
use crate::time::TimeDelta;

/// How far two clocks that are set alike may be apart.
const CLOCKS: i128 = 1_000_000;

/// The faults of a scene's servers, and what they did to each talk.
pub(super) struct Faults<'a> {
    /// Whose they are, and the receive buffer where it is small on purpose.
    servers: Vec<(&'a str, Fault, Option<u32>)>,
    /// For each talk.
    done: Vec<Done>,
    /// Why what a lab is there to show may not be shown, and the packets that tell.
    reason: Option<(&'static str, Vec<PacketNumber>)>,
}

/// What was done to a talk.
#[derive(Debug, Default)]
struct Done {
    fault: Option<Fault>,
    /// Bytes of its server's receive buffer, where it is small on purpose.
    buffer: Option<u32>,
    /// Its server did not close, although it was its turn (true) or the client had closed (false); how long, where it was
    /// stopped then.
    open: Option<(bool, Option<TimeDelta>)>,
    /// Of a reply so many bytes of so many went out, and then a RST.
    cut: Option<(u64, u64)>,
    /// Replies in pieces: the place of each piece in what the server sent, and its length.
    split: Vec<Vec<(u64, u64)>>,
}

impl<'a> Faults<'a> {
    pub(super) fn of(scene: &Scene, log: &'a [Line], talks: &[Talk<'_>], evidence: &Evidence<'_>) -> Self {
        let begins = |line: &'a Line| match &line.what {
            What::Noted { note: Note::Misdeed(Misdeed::Begins { fault, buffer }), .. } => {
                Some((line.who.as_str(), *fault, *buffer))
            }
            _ => None,
        };
        let servers: Vec<(&str, Fault, Option<u32>)> = log.iter().filter_map(begins).collect();
        if servers.is_empty() {
            return Self { servers, done: Vec::new(), reason: None };
        }
        let done: Vec<Done> = talks
            .iter()
            .map(|talk| {
                // Ports are no names: two servers can have one at two addresses.
                let is_its = |line: &&Line| {
                    matches!(&line.what, What::Opened { peer, .. } if line.aside && talk.is_of(*peer))
                };
                let who = log.iter().find(is_its).map(|line| line.who.as_str());
                let server = servers.iter().find(|(server, ..)| Some(*server) == who).copied();
                server.map_or_else(Done::default, |server| Done::of(server, talk, log))
            })
            .collect();
        let mut faults = Self { servers, done, reason: None };
        faults.reason = faults.reason(scene, log, talks, evidence);
        faults
    }

    /// What was done to the talk at that place.
    fn done(&self, place: usize) -> Option<&Done> {
        self.done.get(place)
    }

    /// Whether the server with the first of these ports broke a reply to the client with the second off: what it sent last it does
    /// not send again.
    pub(super) fn is_cut(&self, talks: &[Talk<'_>], [from, to]: [u16; 2]) -> bool {
        let mut all = talks.iter().zip(&self.done);
        all.any(|(talk, done)| done.cut.is_some() && [talk.port, talk.client.port()] == [from, to])
    }

    /// Whether a server did not close, by its log.
    pub(super) fn left_open(&self) -> bool {
        self.done.iter().any(|done| done.open.is_some())
    }

    /// Whether the talk at that place does not end as talks do, because its server would not have it so.
    pub(super) fn spoils_the_end(&self, place: usize) -> bool {
        self.done(place).is_some_and(|done| done.open.is_some() || done.cut.is_some())
    }

    /// A check of what a lab is there to show: where a fault has made that impossible, it is none.
    pub(super) fn excused(&self, check: Check) -> Check {
        match &self.reason {
            Some((why, packets)) if !check.holds => {
                let packets = check.packets.iter().chain(packets).copied();
                Check::moot(format!("{}; the fault makes it so: {why}", check.text), packets)
            }
            _ => check,
        }
    }

    /// A check for each fault.
    pub(super) fn checks(&self, case: &Case<'_>) -> Vec<Check> {
        let has = |fault: &Fault| self.servers.iter().any(|(_, own, _)| own == fault);
        let talks = || case.talks.iter().zip(&self.done);
        let check = |fault| {
            let is_its = |(_, done): &(&Talk<'_>, &Done)| done.fault == Some(fault);
            let of: Vec<Seen<'_>> =
                talks().filter(is_its).filter_map(|(talk, done)| Seen::of(case, talk, done)).collect();
            match fault {
                Fault::NoFin => no_fin(&of, has_line(case.log)),
                Fault::Reset => reset(&of),
                Fault::TinyWindow => tiny_window(&of),
                Fault::SplitWrites => split_writes(&of, case.evidence, has_line(case.log)),
                Fault::SlowReader => slow_reader(&of),
            }
        };
        Fault::ALL.into_iter().filter(has).map(check).collect()
    }

    /// Why what the lab is there to show may not be shown.
    fn reason(
        &self,
        scene: &Scene,
        log: &[Line],
        talks: &[Talk<'_>],
        evidence: &Evidence<'_>,
    ) -> Option<(&'static str, Vec<PacketNumber>)> {
        if self.done.iter().any(|done| done.cut.is_some()) {
            return Some(("the server breaks replies off with a RST", Vec::new()));
        }
        if log.iter().any(|line| matches!(line.what, What::Failed { expected: true, .. })) {
            let has = |fault| self.done.iter().any(|done| done.fault == Some(fault));
            // A server whose close nobody waits for spoils nothing.
            let is_waited_for = |done: &Done| matches!(done.open, Some((true, _)));
            if self.done.iter().any(is_waited_for) {
                return Some(("the client waits for the server's FIN, which does not come", Vec::new()));
            }
            if has(Fault::SlowReader) || has(Fault::TinyWindow) {
                return Some(("the client does not wait for as long as the server takes", Vec::new()));
            }
        }
        // Clients that tell lines read on to the end of each.
        if super::talks::is_told_by_lines(scene) {
            return None;
        }
        let mut between = Vec::new();
        for (talk, done) in talks.iter().zip(&self.done).filter(|(_, done)| !done.split.is_empty()) {
            let Some(base) = base(talk, evidence) else { continue };
            for reply in &done.split {
                let seen = reply.iter().filter_map(|piece| segment_of(talk, evidence, base, *piece));
                let numbers: Vec<PacketNumber> = seen.map(|segment| segment.at.number).collect();
                let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { continue };
                let own = evidence.segments.between(talk.client.port(), talk.port);
                let is_early =
                    |segment: &&Segment| segment.length > 0 && (*first..*last).contains(&segment.at.number);
                between.extend(own.filter(is_early).map(|segment| segment.at.number));
            }
        }
        (!between.is_empty()).then_some((
            "replies come in pieces, and the client takes a piece for a whole reply and speaks on",
            between,
        ))
    }
}

impl Done {
    /// What that server says that it did to this talk.
    fn of((who, fault, buffer): (&str, Fault, Option<u32>), talk: &Talk<'_>, log: &[Line]) -> Self {
        let mut done = Self { fault: Some(fault), buffer, ..Self::default() };
        let (mut sent, mut pieces) = (0_u64, 0);
        for Line { what, .. } in log.iter().filter(|line| line.who == who) {
            match what {
                What::Noted { peer: Some(peer), note: Note::Misdeed(misdeed) } if talk.is_of(*peer) => {
                    match misdeed {
                        Misdeed::NotClosed { first } => done.open = Some((*first, None)),
                        Misdeed::KeptOpen { by } => {
                            let by = i128::try_from(by.as_nanos()).map(TimeDelta::from_nanos).ok();
                            done.open = done.open.map(|(first, _)| (first, by));
                        }
                        Misdeed::CutOff { sent, of } => done.cut = Some((*sent, *of)),
                        Misdeed::Split { pieces: count, .. } => {
                            pieces = *count;
                            done.split.push(Vec::new());
                        }
                        Misdeed::Begins { .. } => {}
                    }
                }
                What::Sent { peer, bytes } if talk.is_of(*peer) => {
                    let length = u64::try_from(bytes.0.len()).unwrap_or(u64::MAX);
                    if let Some(reply) = done.split.last_mut().filter(|_| pieces > 0) {
                        reply.push((sent, length));
                        pieces = pieces.saturating_sub(1);
                    }
                    sent = sent.saturating_add(length);
                }
                What::Carried { peer, length, sent: true } if talk.is_of(*peer) => {
                    sent = sent.saturating_add(*length);
                }
                _ => {}
            }
        }
        // One piece is no pieces.
        done.split.retain(|reply| reply.len() > 1);
        done
    }
}

/// A talk with a server that has a fault, and its flow.
struct Seen<'a> {
    talk: &'a Talk<'a>,
    done: &'a Done,
    tcp: &'a TcpFlow,
    client: Direction,
    /// The last packet of the flow.
    end: PacketStamp,
    /// The packets that carry what the server said.
    said: Vec<PacketStamp>,
    /// Where the server offers no room at all.
    zero: Vec<PacketNumber>,
    /// Where it offers the least.
    least: Vec<PacketNumber>,
}

impl<'a> Seen<'a> {
    fn of(case: &Case<'a>, talk: &'a Talk<'a>, done: &'a Done) -> Option<Self> {
        let (told, client) = talk.flow(case.evidence.flows)?;
        let tcp = told.flow.tcp.as_deref()?;
        let own = || case.evidence.segments.between(talk.port, talk.client.port());
        let reset = tcp.teardown.reset.as_ref().map(|reset| reset.packet.number);
        // Of a SYN the window is not scaled, and of a RST it means nothing.
        let offers = || own().filter(|segment| !segment.syn && Some(segment.at.number) != reset);
        let with = |window| offers().filter(move |segment| segment.window == window);
        let least = offers().map(|segment| segment.window).min().unwrap_or(u16::MAX);
        Some(Self {
            talk,
            done,
            tcp,
            client,
            end: told.flow.last,
            said: own().filter(|segment| segment.length > 0).map(|segment| segment.at).collect(),
            zero: with(0).map(|segment| segment.at.number).collect(),
            least: with(least).map(|segment| segment.at.number).collect(),
        })
    }

    /// The smallest and the largest window that the server offers.
    fn windows(&self) -> Option<(u32, u32)> {
        self.tcp.windows(self.client.reversed()).map(|windows| (windows.min, windows.max))
    }

    /// Bytes that the client said: all, and most by one send.
    fn asked(&self) -> (u64, u64) {
        let length = |piece: &Piece<'_>| u64::try_from(piece.length().unwrap_or(0)).unwrap_or(u64::MAX);
        let lengths = || self.talk.asked().iter().map(length);
        (lengths().fold(0, u64::saturating_add), lengths().max().unwrap_or(0))
    }
}

/// The server's FIN is absent until its program was stopped.
fn no_fin(of: &[Seen<'_>], has_line: bool) -> Check {
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
                seconds(took),
                since.number
            ));
        }
        open.push(took);
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
    let text = format!("no-fin: {each}{before}. Its half stays open for {least}{}: {after}", seconds(took));
    Check::new(true, text, packets)
}

/// A RST of the server's behind so much of its reply.
fn reset(of: &[Seen<'_>]) -> Check {
    let (mut packets, mut found) = (Vec::new(), Vec::new());
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
        found.push((cut, last, rst));
    }
    match found.as_slice() {
        [] => Check::moot("reset: nothing to be seen: by the server's log it broke no reply off", []),
        [((sent, of), last, rst)] => Check::new(
            true,
            format!(
                "reset: {sent} of {of} bytes of a reply are in packet {last}, and then the server ends the connection with a RST, packet {rst}"
            ),
            packets,
        ),
        all => Check::new(
            true,
            format!(
                "reset: {} replies are broken off by a RST of the server, each behind as many bytes as its log says",
                all.len()
            ),
            packets,
        ),
    }
}

/// The server offers no more than it has.
fn tiny_window(of: &[Seen<'_>]) -> Check {
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
fn slow_reader(of: &[Seen<'_>]) -> Check {
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
fn split_writes(of: &[Seen<'_>], evidence: &Evidence<'_>, has_line: bool) -> Check {
    let (mut packets, mut apart, mut all, mut pieces) = (Vec::new(), 0_usize, 0_usize, 0_usize);
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
    let text = match (all, joined) {
        (0, _) => {
            let text = "split-writes: nothing to be seen: by the server's log no reply went out in pieces";
            return Check::moot(text, []);
        }
        (1, None) => format!("split-writes: a reply comes in {pieces} segments, as the server's log says"),
        (_, None) => format!(
            "split-writes: each of {all} replies comes in as many segments as the server's log says, {pieces} together"
        ),
        // A sender that repairs a loss may put what waits into one segment (RFC 9293 section 3.7.4).
        (_, Some(_)) if has_line && apart > 0 => format!(
            "split-writes: {apart} of {all} replies come in as many segments as the server's log says; of the others pieces were joined on the bad line"
        ),
        (_, Some((who, sent, found))) => {
            let text = format!(
                "split-writes: by the server's log a reply to {who} went out in {sent} pieces, of which {found} are segments of their own"
            );
            return Check::new(false, text, packets);
        }
    };
    Check::new(true, text, packets)
}

/// The number of the first byte that the server of a talk says.
fn base(talk: &Talk<'_>, evidence: &Evidence<'_>) -> Option<u32> {
    let mut own = evidence.segments.between(talk.port, talk.client.port());
    own.find(|segment| segment.syn).map(|segment| segment.seq.wrapping_add(1))
}

/// The segment that carries these bytes of what the server says, and no other.
fn segment_of<'a>(
    talk: &Talk<'_>,
    evidence: &'a Evidence<'_>,
    base: u32,
    (place, length): (u64, u64),
) -> Option<&'a Segment> {
    // Numbers begin anew at 2³².
    let seq = base.wrapping_add(u32::try_from(place & u64::from(u32::MAX)).ok()?);
    let mut own = evidence.segments.between(talk.port, talk.client.port());
    own.find(|segment| segment.seq == seq && u64::from(segment.length) == length)
}

/// Whether a line between two hosts does something to what the server sends.
fn has_line(log: &[Line]) -> bool {
    log.iter().any(|line| matches!(line.what, What::Noted { note: Note::Between { .. }, .. }))
}

/// A time in seconds, for a sentence.
fn seconds(time: TimeDelta) -> String {
    let millis = time.as_nanos().max(0) / 1_000_000;
    format!("{}.{:02} s", millis / 1_000, millis % 1_000 / 10)
}
