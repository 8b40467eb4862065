//! What a segment is that is not simply the next one: what it is first, then the packets that show it.

use super::super::format::{Bytes, Count, Elapsed};
use super::words::Names;
use crate::flow::{AnalysisFlags, DueProbe, Evidence, Flow, Judgement, Kind, Reason, Sureness};
use crate::report::{Fate, Gap, More, Remark, Shown, SideNumbers, Topic};

/// What the segment is called, with a word on how sure that is where it is not certain.
pub(super) fn head(remark: &Remark) -> String {
    let Shown::Judged(judgement) = remark.shown else { return name(remark.shown.topic()).to_owned() };
    match judgement.sure {
        Sureness::Certain => name(remark.shown.topic()).to_owned(),
        sure => format!("{} ({})", name(remark.shown.topic()), sure.word()),
    }
}

/// The head of a summary: `37 more retransmissions after a time-out`.
pub(super) fn head_of_more(more: &More) -> String {
    let further = if more.kept > 0 { " more" } else { "" };
    format!("{}{further} {}", more.count, if more.count == 1 { one(more.topic) } else { many(more.topic) })
}

/// The rest of a summary.
pub(super) fn range_of_more(more: &More) -> String {
    if more.count == 1 { String::new() } else { format!("up to packet {}", more.last) }
}

/// What Wireshark and the RFCs call it.
const fn name(topic: Topic) -> &'static str {
    match topic {
        Topic::Judged(Kind::TimeOut) => "Retransmission, time-out",
        Topic::Judged(Kind::Fast) => "Fast retransmission",
        Topic::Judged(Kind::TailLossProbe) => "Tail loss probe",
        Topic::Judged(Kind::ZeroWindowProbe) => "Zero window probe",
        Topic::Judged(Kind::KeepAlive) => "Keep-alive",
        Topic::Judged(Kind::Reordered) => "Out of order",
        Topic::Judged(Kind::CapturedTwice) => "Captured twice",
        Topic::Judged(Kind::Unnecessary) => "Unnecessary retransmission",
        Topic::Judged(Kind::SynRetried) => "SYN again",
        Topic::Judged(Kind::SynAckRetried) => "SYN-ACK again",
        Topic::Judged(Kind::RepeatUnseen) => "Retransmission",
        Topic::WindowFull => "Window full",
        Topic::WindowClosed => "Zero window",
        Topic::WindowOpened => "Window open again",
        Topic::AcksUnseen => "ACK of unseen bytes",
    }
}

const fn one(topic: Topic) -> &'static str {
    match topic {
        Topic::Judged(Kind::TimeOut) => "retransmission after a time-out",
        Topic::Judged(Kind::Fast) => "fast retransmission",
        Topic::Judged(Kind::TailLossProbe) => "tail loss probe",
        Topic::Judged(Kind::ZeroWindowProbe) => "zero window probe",
        Topic::Judged(Kind::KeepAlive) => "keep-alive",
        Topic::Judged(Kind::Reordered) => "segment out of order",
        Topic::Judged(Kind::CapturedTwice) => "segment captured twice",
        Topic::Judged(Kind::Unnecessary) => "unnecessary retransmission",
        Topic::Judged(Kind::SynRetried) => "SYN",
        Topic::Judged(Kind::SynAckRetried) => "SYN-ACK",
        Topic::Judged(Kind::RepeatUnseen) => "retransmission of bytes not captured before",
        Topic::WindowFull => "segment that fills the window",
        Topic::WindowClosed => "zero window",
        Topic::WindowOpened => "opening of the window",
        Topic::AcksUnseen => "ACK of bytes not captured",
    }
}

const fn many(topic: Topic) -> &'static str {
    match topic {
        Topic::Judged(Kind::TimeOut) => "retransmissions after a time-out",
        Topic::Judged(Kind::Fast) => "fast retransmissions",
        Topic::Judged(Kind::TailLossProbe) => "tail loss probes",
        Topic::Judged(Kind::ZeroWindowProbe) => "zero window probes",
        Topic::Judged(Kind::KeepAlive) => "keep-alives",
        Topic::Judged(Kind::Reordered) => "segments out of order",
        Topic::Judged(Kind::CapturedTwice) => "segments captured twice",
        Topic::Judged(Kind::Unnecessary) => "unnecessary retransmissions",
        Topic::Judged(Kind::SynRetried) => "SYNs",
        Topic::Judged(Kind::SynAckRetried) => "SYN-ACKs",
        Topic::Judged(Kind::RepeatUnseen) => "retransmissions of bytes not captured before",
        Topic::WindowFull => "segments that fill the window",
        Topic::WindowClosed => "zero windows",
        Topic::WindowOpened => "openings of the window",
        Topic::AcksUnseen => "ACKs of bytes not captured",
    }
}

/// Whether the segment may tell of a fault; keep-alives and the like do not.
pub(super) const fn is_harmless(topic: Topic) -> bool {
    matches!(
        topic,
        Topic::Judged(Kind::KeepAlive | Kind::CapturedTwice | Kind::TailLossProbe)
            | Topic::WindowOpened
            | Topic::AcksUnseen
    )
}

/// What the segment is and what shows it, behind its head.
pub(super) fn sentence(flow: &Flow, remark: &Remark, names: &Names, marks: &mut Marks) -> String {
    let (by, other) = (names.role(remark.by), names.role(remark.by.reversed()));
    match &remark.shown {
        Shown::Judged(judgement) => {
            format!("{}{}", judged(flow, remark, judgement, by, other), marks.differs(remark, judgement))
        }
        Shown::WindowFull => {
            format!(
                "with {} the window of the {other} is used up: the {by} must wait for an ACK.",
                what(remark)
            )
        }
        Shown::WindowClosed => format!(
            "the receive buffer of the {by} is full, for its program reads more slowly than the {other} sends. The \
             {other} must wait."
        ),
        Shown::WindowOpened { closed, window } => {
            let after =
                remark.at.since(*closed).map(|time| format!(" after {}", Elapsed(time))).unwrap_or_default();
            format!("room for {}{after}; closed by packet {}.", Bytes((*window).into()), closed.number)
        }
        Shown::AcksUnseen if come_later(flow, remark) => format!(
            "the {by} acknowledges what the {other} sent and the capture has only later: these packets were captured in \
             another order than they were sent in."
        ),
        Shown::AcksUnseen => {
            format!("the {by} received bytes that are not in the capture: the capture missed them, no loss.")
        }
    }
}

/// Whether what an ACK of unseen bytes acknowledges is in the capture all the same, behind it: nothing of the other side
/// is missing, and more of it, or its FIN, follows.
fn come_later(flow: &Flow, remark: &Remark) -> bool {
    let (other, at) = (remark.by.reversed(), remark.at.number);
    let follows = |number: u64| number > at;
    let fin = flow.tcp.as_ref().and_then(|tcp| tcp.teardown.fin(other));
    let talk = flow.conversation.as_ref();
    let mut turns = talk.into_iter().flat_map(|talk| &talk.turns).filter(|turn| turn.direction == other);
    SideNumbers::of(flow, other).tcp.is_some_and(|tcp| tcp.missing_bytes == 0)
        && (fin.is_some_and(|fin| follows(fin.number)) || turns.any(|turn| follows(turn.last.number)))
}

/// Bytes that are not in the capture: which, where, and what became of them.
pub(super) fn gap(gap: &Gap, names: &Names) -> String {
    let (by, other) = (names.role(gap.by), names.role(gap.by.reversed()));
    let what = range(gap.start, gap.len());
    let between = match gap.after {
        0 => format!("before packet {}", gap.at.number),
        after => format!("between packets {after} and {}", gap.at.number),
    };
    let them = if gap.len() == 1 { "it" } else { "them" };
    let fate = match gap.fate {
        Fate::Arrived(ack) => {
            format!("Packet {ack} acknowledges {them}: the capture missed {them}, no loss")
        }
        Fate::Lost(ack) => format!("The {other} asks for {them} up to packet {ack}: likely lost on the way"),
        Fate::Unknown => format!("No later ACK tells whether the {other} got {them}"),
    };
    format!("{what} of the {by}, {between}. {fate}.")
}

/// `byte 5`, `bytes 5–9`.
fn range(start: u32, len: u32) -> String {
    match len {
        1 => format!("byte {start}"),
        len => format!("bytes {start}–{}", start.wrapping_add(len).wrapping_sub(1)),
    }
}

/// The bytes of a segment, or its flag.
fn what(remark: &Remark) -> String {
    let flags = remark.flags;
    match remark.len {
        0 if flags.syn() && flags.ack() => "the SYN-ACK".to_owned(),
        0 if flags.syn() => "the SYN".to_owned(),
        0 if flags.fin() => "the FIN".to_owned(),
        0 => "an ACK".to_owned(),
        len => range(remark.seq, len),
    }
}

fn judged(flow: &Flow, remark: &Remark, judgement: &Judgement, by: &str, other: &str) -> String {
    let evidence = &judgement.evidence;
    let what = what(remark);
    let text = match judgement.kind {
        Kind::TimeOut | Kind::Fast | Kind::TailLossProbe | Kind::Unnecessary => {
            format!("{what} again{}; {}.", first_sent(evidence), why(judgement))
        }
        Kind::ZeroWindowProbe => format!("the {by} asks whether the {other} has room again."),
        Kind::KeepAlive => format!("the {by} asks whether the {other} is still there. Nothing was lost."),
        Kind::Reordered => late(judgement, &what),
        Kind::CapturedTwice => {
            let frame = match evidence.original {
                Some(original) => format!("the frame of packet {original}"),
                None => "a frame".to_owned(),
            };
            let once = if judgement.sure == Sureness::Certain { " It was sent once." } else { "" };
            format!("{frame} once more ({}).{once}", why(judgement))
        }
        Kind::SynRetried | Kind::SynAckRetried => {
            let (request, reply) =
                if judgement.kind == Kind::SynRetried { ("request", "answer") } else { ("answer", "ACK") };
            let start = flow.tcp.as_ref().map(|tcp| &tcp.handshake);
            let refused = start
                .and_then(|start| start.refused)
                .filter(|rst| judgement.kind == Kind::SynRetried && rst.number < remark.at.number);
            match refused {
                Some(rst) => format!(
                    "the same {request}{}, although the RST in packet {} had refused it.",
                    first_sent(evidence),
                    rst.number
                ),
                None => {
                    format!("the same {request}{}; no {reply} had reached the {by}.", first_sent(evidence))
                }
            }
        }
        Kind::RepeatUnseen => {
            format!(
                "{what}, missing in the capture until now: lost before it was captured; {}.",
                why(judgement)
            )
        }
    };
    let proof = flow.tcp.as_ref().and_then(|tcp| {
        let proofs = tcp.proved_unnecessary(remark.by);
        proofs.iter().find(|proof| proof.repeat == remark.at.number)
    });
    let proof = proof.filter(|_| judgement.kind != Kind::Unnecessary);
    let proof = proof.map(|proof| format!(" It arrived twice, says the DSACK in packet {}.", proof.told_by));
    format!("{text}{}", proof.unwrap_or_default())
}

/// `, first sent in packet 26, 45 ms before`.
fn first_sent(evidence: &Evidence) -> String {
    let Some(original) = evidence.original else { return String::new() };
    let before =
        evidence.since_original().map(|time| format!(", {} before", Elapsed(time))).unwrap_or_default();
    format!(", first sent in packet {original}{before}")
}

/// What came after others that were sent after it.
fn late(judgement: &Judgement, what: &str) -> String {
    let evidence = &judgement.evidence;
    if let Some(original) = evidence.original {
        return format!("a late copy of {what}: sent before packet {original}, for {}.", why(judgement));
    }
    match evidence.overtaken_by {
        Some(later) => {
            format!("{what} came after packet {later} but was sent before it; {}.", why(judgement))
        }
        None => format!("{what} came late; {}.", why(judgement)),
    }
}

/// What the judgement rests on, with its packets.
fn why(judgement: &Judgement) -> String {
    let evidence = &judgement.evidence;
    let asked_in = evidence.asked.map(|asked| packets(asked.first.get(), asked.last)).unwrap_or_default();
    let acked_in = evidence.acknowledged_by.map(|packet| format!("packet {packet}"));
    let acked_in = acked_in.as_deref().unwrap_or("an ACK");
    match judgement.reason {
        Reason::DuplicateAcks | Reason::FewAcks
            if evidence.asked.is_some_and(|asked| asked.duplicates > 0) =>
        {
            let duplicates = evidence.asked.map_or(0, |asked| asked.duplicates);
            let acks = Count::new(duplicates.into(), "duplicate ACK", "duplicate ACKs");
            format!("{acks} asked for it{asked_in}")
        }
        Reason::DuplicateAcks => "duplicate ACKs asked for it".to_owned(),
        Reason::Sacked | Reason::FewAcks => format!("SACKs of later bytes asked for it{asked_in}"),
        Reason::SameRecovery if judgement.kind == Kind::TimeOut => {
            "still in the recovery after a time-out".to_owned()
        }
        Reason::SameRecovery => "part of the recovery that had begun".to_owned(),
        Reason::NothingAsked => "no ACK of it had come, and none asked for it".to_owned(),
        Reason::AskedBefore => asked_before(evidence),
        Reason::ProbeDue => evidence.probe.as_ref().map(probe_due).unwrap_or_default(),
        Reason::LastSegment => "the last segment, repeated to get an ACK".to_owned(),
        Reason::NothingNew => "everything before it was acknowledged".to_owned(),
        Reason::WindowClosed => "the window is closed".to_owned(),
        Reason::Acknowledged => format!("{acked_in} had acknowledged it"),
        Reason::SackedBefore => format!("a SACK in {acked_in} had acknowledged it"),
        Reason::SameIpId => "same sequence number and IP identification".to_owned(),
        Reason::SameTimestamp => "same sequence number and timestamp, at once".to_owned(),
        Reason::SameInstant => "same sequence number, at once".to_owned(),
        Reason::OlderTimestamp => "its timestamp is older".to_owned(),
        Reason::NewerTimestamp => format!("its timestamp is newer{}", than(evidence)),
        Reason::OlderIpId => "its IP identification is older".to_owned(),
        Reason::NewerIpId => format!("its IP identification is newer{}", than(evidence)),
        Reason::TooSoon => "it came too soon to be a retransmission".to_owned(),
        Reason::LateEnough => format!("it came too late{} to be only out of order", after(evidence)),
        Reason::SameNumber => "same sequence number".to_owned(),
    }
}

/// What had asked for it, but was not what made it be sent.
fn asked_before(evidence: &Evidence) -> String {
    let asked_in = evidence.asked.map(|asked| packets(asked.first.get(), asked.last)).unwrap_or_default();
    let acks = match evidence.asked.map(|asked| asked.duplicates) {
        None | Some(0) => "SACKs of later bytes".to_owned(),
        Some(duplicates) => Count::new(duplicates.into(), "duplicate ACK", "duplicate ACKs").to_string(),
    };
    match evidence.silence() {
        Some(silence) => format!("{acks} had asked for it{asked_in}, but none for {}", Elapsed(silence)),
        None => format!("{acks} had asked for it{asked_in}, but none since the last copy"),
    }
}

/// The last segment again, at the time of a probe.
fn probe_due(probe: &DueProbe) -> String {
    let late = if probe.is_alone { " (and up to 200 ms for a delayed ACK)" } else { "" };
    let or = if probe.time_out_fits { ", or a time-out" } else { "" };
    let trip = Elapsed(probe.round_trip());
    format!("no ACK of this last segment came in two round trips of {trip}{late}: a probe is due{or}")
}

fn than(evidence: &Evidence) -> String {
    evidence.overtaken_by.map(|later| format!(" than that of packet {later}")).unwrap_or_default()
}

fn after(evidence: &Evidence) -> String {
    evidence.overtaken_by.map(|later| format!(" after packet {later}")).unwrap_or_default()
}

/// ` (packet 40)`, ` (packets 38–40)`.
fn packets(first: u64, last: u64) -> String {
    if first == last { format!(" (packet {last})") } else { format!(" (packets {first}–{last})") }
}

/// The marks of Wireshark that were told in the story of a flow: of each kind of segment each once.
#[derive(Default)]
pub(super) struct Marks(Vec<(Kind, &'static str)>);

impl Marks {
    /// What Wireshark marks it as, where that is something else, what is said here is certain, and it is not told yet.
    fn differs(&mut self, remark: &Remark, judgement: &Judgement) -> String {
        let text = wireshark_differs(remark, judgement);
        let told = (judgement.kind, wireshark_mark(remark.wireshark).unwrap_or_default());
        if text.is_empty() || self.0.contains(&told) {
            return String::new();
        }
        self.0.push(told);
        text
    }
}

fn wireshark_differs(remark: &Remark, judgement: &Judgement) -> String {
    let Some(mark) = wireshark_mark(remark.wireshark) else { return String::new() };
    if judgement.sure != Sureness::Certain || agrees(judgement.kind, mark) {
        return String::new();
    }
    let but = match (judgement.kind, mark) {
        (Kind::CapturedTwice, _) => ", but it is the same datagram".to_owned(),
        (_, "Out-Of-Order") => match judgement.evidence.original {
            Some(original) => format!(", but packet {original} held the same bytes"),
            None => String::new(),
        },
        _ => String::new(),
    };
    format!(" Wireshark marks it {mark}{but}.")
}

/// The mark that stands first in Wireshark's list of packets.
const fn wireshark_mark(flags: AnalysisFlags) -> Option<&'static str> {
    if flags.spurious_retransmission() {
        Some("Spurious Retransmission")
    } else if flags.fast_retransmission() {
        Some("Fast Retransmission")
    } else if flags.is_plain_retransmission() {
        Some("Retransmission")
    } else if flags.out_of_order() {
        Some("Out-Of-Order")
    } else if flags.zero_window_probe() {
        Some("ZeroWindowProbe")
    } else if flags.keep_alive() {
        Some("Keep-Alive")
    } else if flags.duplicate_ack() {
        Some("Dup ACK")
    } else {
        None
    }
}

/// Whether Wireshark's mark says the same, or less of the same.
fn agrees(kind: Kind, mark: &str) -> bool {
    match kind {
        Kind::TimeOut | Kind::SynRetried | Kind::SynAckRetried => mark == "Retransmission",
        Kind::Fast | Kind::TailLossProbe | Kind::RepeatUnseen => {
            matches!(mark, "Retransmission" | "Fast Retransmission")
        }
        Kind::Unnecessary => mark.ends_with("Retransmission"),
        Kind::ZeroWindowProbe => mark == "ZeroWindowProbe",
        Kind::KeepAlive => mark == "Keep-Alive",
        Kind::Reordered => mark == "Out-Of-Order",
        Kind::CapturedTwice => false,
    }
}
