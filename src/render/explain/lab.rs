//! A flow of a lab: what its messages come to, what is wrong with them, and what cannot be told.

use std::io::{self, Write};

use super::super::color::Style;
use super::super::format::{Bits, Count, Elapsed, Hex, Percent};
use super::super::safe::{Safe, safe_line};
use super::super::wrap::Wrapped;
use super::{ExplainOptions, count, note};
use crate::flow::{Direction, Flow};
use crate::proto::lab::{Fault, Lab, LabMessage, Mark, Pairing, Right, Says, UPPERCASE_PORT, could_be};
use crate::report::Told;
use crate::report::lab::{Fate, Fits, LabFlow, PingTotals, Second, fits};

/// Most lines of one kind; more are counted.
const SHOWN: usize = 12;

/// Columns of a text from the wire in a line.
const TEXT: usize = 60;

/// What the lab of a flow shows, below its story.
pub(super) fn write(out: &mut impl Write, told: &Told<'_>, options: ExplainOptions) -> io::Result<()> {
    let Some(lab) = told.lab else { return unsure(out, told, options) };
    writeln!(out, "\n  {}", options.colors.paint(Style::Bold, format!("Lab {}", name(lab))))?;
    let told_of = Part::of(lab);
    told_of.sentences.iter().try_for_each(|text| note(out, text, options))?;
    rows(out, &told_of.rows, SHOWN, options)?;
    if is_known_by_port(told, lab) {
        let text = format!(
            "No answer is right: which lab this is shows by its port, {}, and the form of the talk alone.",
            UPPERCASE_PORT
        );
        note(out, &text, options)?;
    }
    let (maybe, wrong): (Vec<_>, Vec<_>) =
        lab.faults().partition(|message| message.said.fault == Some(Fault::UnaskedHere));
    let faults: Vec<String> = wrong.into_iter().map(fault).collect();
    if !faults.is_empty() {
        let many = Count::new(
            count(faults.len()),
            "message is not as it should be:",
            "messages are not as they should be:",
        );
        note(out, &many.to_string(), options)?;
        rows(out, &faults, SHOWN, options)?;
    }
    if !maybe.is_empty() {
        let many = Count::new(
            count(maybe.len()),
            "message answers nothing: nothing asked for it, or the capture lacks it:",
            "messages answer nothing: nothing asked for them, or the capture lacks it:",
        );
        note(out, &many.to_string(), options)?;
        let list: Vec<String> = maybe.iter().map(|message| one(message)).collect();
        rows(out, &list, SHOWN, options)?;
    }
    let again: Vec<String> = lab
        .again()
        .filter_map(|message| {
            let before = message.said.again?.number;
            Some(format!("packet {}: {}, as packet {before} said", message.at.number, quoted(&message.text)))
        })
        .collect();
    if !again.is_empty() {
        let text = format!(
            "{} again: a network may deliver a datagram twice, and UDP does not tell a copy from a message.",
            Count::new(count(again.len()), "message came", "messages came")
        );
        note(out, &text, options)?;
        rows(out, &again, SHOWN, options)?;
    }
    let unsure = lab.unsure().count();
    let open = lab.unanswered();
    let is_off = lab.messages.iter().any(is_off_clock);
    if faults.is_empty() && !lab.messages.is_empty() {
        let text = match (lab.with_others > 0, unsure > 0 || !maybe.is_empty()) {
            _ if is_off => {
                "What was said has the right form; what it says is another date or time than the packets'."
            }
            (true, _) => {
                "Nothing is wrong with what was said here by itself; what goes wrong between several clients stands below all flows."
            }
            (false, true) => "Nothing is wrong with what can be compared.",
            (false, false) if open.is_empty() => "Nothing is wrong with what was said.",
            (false, false) => "Nothing is wrong with the answers that there are.",
        };
        note(out, text, options)?;
    } else if lab.with_others > 0 {
        note(out, "What goes wrong between several clients stands below all flows.", options)?;
    }
    if unsure > 0 {
        let text = format!(
            "{} not compared: the capture lacks bytes, so that it is not known what belongs together.",
            Count::new(count(unsure), "message was", "messages were")
        );
        note(out, &text, options)?;
        let list: Vec<String> = lab.unsure().map(one).collect();
        rows(out, &list, SHOWN, options)?;
    }
    if !open.is_empty() {
        let text = format!(
            "{} no answer in the capture:",
            Count::new(count(open.len()), "message has", "messages have")
        );
        note(out, &text, options)?;
        let list: Vec<String> = open.into_iter().map(one).collect();
        rows(out, &list, SHOWN, options)?;
    }
    if lab.pieces > 0 {
        let text = format!(
            "The segments are not the messages here: most of what the client sends is no request by itself. {} put together, up to \
             where the other side speaks.",
            Count::new(lab.pieces, "piece was", "pieces were")
        );
        note(out, &text, options)?;
    }
    if lab.run_together > 0 {
        let text = format!(
            "{} with another behind it in the same segment: TCP keeps no ends of messages, so a program has to find them.",
            Count::new(lab.run_together, "message came", "messages came")
        );
        note(out, &text, options)?;
    }
    if lab.perhaps_one > 0 {
        let text = format!(
            "{} one with what looks like another behind it in the same segment: nothing parts messages in this lab, and a line may \
             hold what looks like somebody else's.",
            Count::new(lab.perhaps_one, "line may be", "lines may each be")
        );
        note(out, &text, options)?;
    }
    if lab.not_kept > 0 {
        let text = format!(
            "{} not kept, and not counted here.",
            Count::new(lab.not_kept, "message was", "messages were")
        );
        note(out, &text, options)?;
    }
    Ok(())
}

/// Whether it says a date or time that no time zone has when it is sent.
fn is_off_clock(message: &LabMessage) -> bool {
    matches!(fits(&message.said.says, message.at.ts), Some(Fits::NoDate(_) | Fits::NoZone(_)))
}

/// Whether nothing but the port tells which lab this is: where sentences come back, and none as it should be.
fn is_known_by_port(told: &Told<'_>, lab: &LabFlow) -> bool {
    let ends = &told.flow.tuple;
    let server = if lab.client == Direction::OrigToResp { ends.resp } else { ends.orig };
    let mut answers = lab.messages.iter().filter(|message| message.said.says == Says::Capitals).peekable();
    server.port == UPPERCASE_PORT
        && answers.peek().is_some()
        && answers.all(|answer| answer.said.fault.is_some())
}

/// Which lab it is: two say the same, and their intervals tell them apart.
fn name(lab: &LabFlow) -> &'static str {
    let is_throughput = lab.lab == Lab::UdpPing && PingTotals::of(lab).seconds.is_some();
    if is_throughput { "udp-throughput" } else { lab.lab.name() }
}

/// A flow that may be one of several labs.
fn unsure(out: &mut impl Write, told: &Told<'_>, options: ExplainOptions) -> io::Result<()> {
    let Some(labs) = candidates(told.flow).filter(|_| told.spoken.is_none()) else { return Ok(()) };
    let names: Vec<&str> = labs.iter().map(|lab| lab.name()).collect();
    let text = format!("What is said fits several labs ({}), and no answer shows which.", names.join(", "));
    writeln!(out)?;
    note(out, &text, options)
}

/// The labs that a flow may be of in which one side alone spoke.
fn candidates(flow: &Flow) -> Option<Vec<Lab>> {
    if flow.resp.payload_bytes > 0 && flow.orig.payload_bytes > 0 {
        return None;
    }
    let turn = flow.conversation.as_ref()?.turns.first()?;
    let labs = could_be(flow.id.protocol, &turn.bytes);
    (!labs.is_empty()).then_some(labs)
}

/// Lines, at most so many of them.
pub(super) fn rows(
    out: &mut impl Write,
    rows: &[String],
    shown: usize,
    options: ExplainOptions,
) -> io::Result<()> {
    // A line that says that one is not shown would be as long.
    let shown = if rows.len() == shown.saturating_add(1) { rows.len() } else { shown };
    for row in rows.iter().take(shown) {
        for (place, line) in Wrapped::new(row, options.width.saturating_sub(8)).enumerate() {
            writeln!(out, "{:1$}{line}", "", if place == 0 { 6 } else { 8 })?;
        }
    }
    match rows.len().saturating_sub(shown) {
        0 => Ok(()),
        more => writeln!(out, "      … and {more} more"),
    }
}

/// A text from the wire, in quotation marks.
fn quoted(text: &[u8]) -> String {
    format!("`{}`", safe_line(text, TEXT))
}

fn one(message: &LabMessage) -> String {
    format!("packet {}: {}", message.at.number, quoted(&message.text))
}

fn fault(message: &LabMessage) -> String {
    let words = message.said.fault.as_ref().map(Fault::to_string).unwrap_or_default();
    let words = safe_line(words.as_bytes(), TEXT * 2).to_string();
    let asked =
        message.said.answers.map(|asked| format!(" (asked in packet {})", asked.number)).unwrap_or_default();
    format!("packet {}: {}: {words}{asked}", message.at.number, quoted(&message.text))
}

/// What a flow's messages come to: sentences, then lines.
#[derive(Default)]
struct Part {
    sentences: Vec<String>,
    rows: Vec<String>,
}

impl Part {
    fn of(lab: &LabFlow) -> Self {
        match lab.lab {
            Lab::Greeting => Self::exchange(lab, "greeting", "greetings", "`Ok`"),
            Lab::Knock => Self::exchange(lab, "knock", "knocks", "`Who's there?`"),
            Lab::DualStack => Self::dual_stack(lab),
            Lab::ChatbotTcp | Lab::ChatbotUdp => {
                Self::exchange(lab, "question", "questions", "as the bot does")
            }
            Lab::UppercaseTcp | Lab::UppercaseUdp => Self::uppercase(lab),
            Lab::Calculator => Self::calculator(lab),
            Lab::Chat => Self::chat(lab),
            Lab::Datetime => Self::datetime(lab),
            Lab::UdpPing => Self::pings(lab),
            Lab::FileTransfer => Self::file(lab),
            Lab::Relay => Self::relay(lab),
        }
    }

    fn say(text: String) -> Self {
        Self { sentences: vec![text], rows: Vec::new() }
    }

    fn exchange(lab: &LabFlow, one: &'static str, many: &'static str, answer: &str) -> Self {
        let asked = lab.messages.iter().filter(|message| message.said.by_client).count();
        let right = lab.messages.iter().filter(|message| {
            let said = &message.said;
            !said.by_client && said.answers.is_some() && said.fault.is_none()
        });
        let right = match right.count() {
            0 => "none".to_owned(),
            right => right.to_string(),
        };
        Self::say(format!("{}, {right} answered {answer}.", Count::new(count(asked), one, many)))
    }

    fn dual_stack(lab: &LabFlow) -> Self {
        let asked = lab.count(|says| *says == Says::Question);
        let answered = lab.count(|says| *says == Says::Answer);
        let ended = lab.count(|says| *says == Says::Farewell) > 0;
        let five = if asked == 5 && answered == 5 {
            "five of each, as in the lab".to_owned()
        } else {
            format!("the lab has five of each, here are {asked} and {answered}")
        };
        let end = if ended { "then `exit`." } else { "no `exit`." };
        Self::say(format!("`Hii Server` and `Acknowledgement`: {five}; {end}"))
    }

    fn uppercase(lab: &LabFlow) -> Self {
        let asked = lab.count(|says| *says == Says::Sentence);
        let right = lab.messages.iter().filter(|message| {
            message.said.says == Says::Capitals
                && message.said.fault.is_none()
                && message.said.answers.is_some()
        });
        let sentences = Count::new(asked, "sentence", "sentences");
        Self::say(match right.count() {
            0 => format!("{sentences}, none returned in capitals."),
            right => {
                format!("{sentences}, {right} returned in capitals, letter by letter as Unicode has them.")
            }
        })
    }

    fn calculator(lab: &LabFlow) -> Self {
        let name = lab.messages.iter().find_map(|message| match &message.said.says {
            Says::Name(name) => Some(quoted(name.as_bytes())),
            _ => None,
        });
        let mut rows = Vec::new();
        let (mut right, mut wrong) = (0_u64, 0_u64);
        for message in &lab.messages {
            let Says::Result { expression, given, right: expected, marked } = &message.said.says else {
                continue;
            };
            let is_right = matches!(marked, Mark::Right | Mark::SameValue);
            if *expected != Right::NoSum {
                *(if is_right { &mut right } else { &mut wrong }) += 1;
            }
            let verdict = match (marked, expected) {
                (Mark::Right, Right::Is(_)) => "right".to_owned(),
                (Mark::Right, _) => "right: an error".to_owned(),
                (Mark::SameValue, Right::Is(expected)) => {
                    format!("right, though Python would print {expected}")
                }
                (Mark::Rounded, Right::Is(expected)) => format!("rounded: {expected}"),
                (_, Right::Is(expected)) => format!("wrong: it is {expected}"),
                (_, Right::NoDivision) => "wrong: nothing divides by zero".to_owned(),
                (_, Right::NoSum) => "wrong: this is no sum".to_owned(),
            };
            let asked = message.said.answers.map_or(0, |asked| asked.number);
            rows.push(format!(
                "{asked} → {}: {} = {}  {verdict}",
                message.at.number,
                safe_line(expression.as_bytes(), TEXT),
                safe_line(given.as_bytes(), TEXT)
            ));
        }
        let who = name
            .map_or_else(|| "Somebody without a name".to_owned(), |name| format!("A client named {name}"));
        let no_sums = lab.count(|says| matches!(says, Says::Sum(_, Right::NoSum)));
        let all = lab.count(|says| matches!(says, Says::Sum(..))).saturating_sub(no_sums);
        let open = match all.saturating_sub(right).saturating_sub(wrong) {
            0 => String::new(),
            open => format!(", {open} without an answer that is known"),
        };
        let others = match no_sums {
            0 => String::new(),
            _ => format!("; {} no sum", Count::new(no_sums, "other message is", "other messages are")),
        };
        let sums = Count::new(all, "sum", "sums");
        let text = format!("{who} had {sums} worked out: {right} right, {wrong} not{open}{others}.");
        Self { sentences: vec![text], rows }
    }

    fn chat(lab: &LabFlow) -> Self {
        let name = lab.messages.iter().rev().find_map(|message| match &message.said.says {
            Says::Name(name) => Some(quoted(name.as_bytes())),
            _ => None,
        });
        let typed = lab.count(|says| matches!(says, Says::Typed(_)));
        let heard = lab.count(|says| matches!(says, Says::Line(..)));
        Self::say(format!(
            "{} typed {} and was told {}. Whom they reached stands below all flows.",
            name.unwrap_or_else(|| "Somebody without a name".to_owned()),
            Count::new(typed, "line", "lines"),
            Count::new(heard, "line", "lines"),
        ))
    }

    fn datetime(lab: &LabFlow) -> Self {
        let mut rows = Vec::new();
        for message in &lab.messages {
            let Some(found) = fits(&message.said.says, message.at.ts) else { continue };
            let words = match found {
                Fits::UtcDate => "the date of the packet in UTC".to_owned(),
                Fits::NextDate => {
                    "the day before or after the packet's in UTC, which it may be in another time zone"
                        .to_owned()
                }
                Fits::NoDate(days) => {
                    format!("{days} days from the date of the packet: no time zone explains that")
                }
                Fits::Zone(0) => "the time of the packet in UTC".to_owned(),
                Fits::Zone(minutes) => format!(
                    "the time of the packet in UTC{}{:02}:{:02}; the server tells no zone",
                    if minutes < 0 { '-' } else { '+' },
                    minutes.abs() / 60,
                    minutes.abs() % 60
                ),
                Fits::NoZone(seconds) => {
                    format!(
                        "{} s from the time of the packet in the nearest time zone: one clock is wrong",
                        seconds.abs()
                    )
                }
            };
            rows.push(format!("packet {}: {}: {words}", message.at.number, quoted(&message.text)));
        }
        let dates = lab.count(|says| *says == Says::AskDate);
        let times = lab.count(|says| *says == Says::AskTime);
        let text = format!("The date was asked for {}, the time {}.", how_often(dates), how_often(times));
        Self { sentences: vec![text], rows }
    }

    fn file(lab: &LabFlow) -> Self {
        let accepted = lab.count(|says| *says == Says::Accepted) > 0;
        let refused = lab.count(|says| *says == Says::Refused) > 0;
        let Some(file) = &lab.file else {
            return Self::say(
                match (accepted, refused) {
                    (true, _) => "The key was taken, and no byte of a file came.",
                    (_, true) => "The key was refused, and no file was sent.",
                    _ => "The key was not answered.",
                }
                .to_owned(),
            );
        };
        let mut sentences =
            vec![format!("The key was taken, and {} of a file came.", Count::bytes(file.bytes))];
        sentences.push(if file.missing > 0 {
            format!(
                "{} are missing in the capture, so that the file's SHA-256 is not known.",
                Count::bytes(file.missing)
            )
        } else if file.is_closed {
            format!("SHA-256 of the file: {}", Hex(&file.sha256))
        } else {
            format!("SHA-256 of what came, which need not be all of the file: {}", Hex(&file.sha256))
        });
        Self { sentences, rows: Vec::new() }
    }

    fn relay(lab: &LabFlow) -> Self {
        let asked = lab.count(|says| matches!(says, Says::Send(_)));
        let sent = lab.count(|says| matches!(says, Says::Status(code) if code.number() == 200));
        let got = lab.count(|says| matches!(says, Says::Forwarded(..)));
        let mut parts = Vec::new();
        if asked > 0 {
            let requests = Count::new(asked, "request to pass something on", "requests to pass something on");
            let sent = match (sent, asked) {
                (0, 1) => "not sent by the server's word".to_owned(),
                (_, 1) => "sent by the server's word".to_owned(),
                (0, _) => "none of them sent by the server's word".to_owned(),
                _ => format!("{sent} of them sent by the server's word"),
            };
            parts.push(format!("{requests}, {sent}"));
        }
        if got > 0 || asked == 0 {
            parts.push(format!(
                "{} to this client",
                Count::new(got, "message was passed on", "messages were passed on")
            ));
        }
        Self::say(format!("{}.", parts.join("; ")))
    }

    fn pings(lab: &LabFlow) -> Self {
        let totals = PingTotals::of(lab);
        let mut sentences = vec![loss(&totals)];
        if let Some([least, mean, most]) = totals.rtt {
            sentences.push(format!(
                "Round trip of those where it is known which ping was acknowledged: {} at least, {} on average, {} at most.",
                Elapsed(least),
                Elapsed(mean),
                Elapsed(most)
            ));
        }
        if totals.ambiguous > 0 {
            sentences.push(format!(
                "Of {} it is ambiguous which ping it is for: several waited that are all alike. How many pings have no \
                 acknowledgement is known all the same, unless one came twice; which of them those are is not, nor how many came \
                 too late: to a client that waits no longer, a late one is a loss, or is taken for the next ping's.",
                Count::new(totals.ambiguous, "acknowledgement", "acknowledgements")
            ));
        }
        if let Some([newest, oldest]) = totals.perhaps {
            sentences.push(format!(
                "Their round trips are {} on average if each is for the newest ping that it may be for, {} if each is for the oldest.",
                Elapsed(newest),
                Elapsed(oldest)
            ));
        }
        let by_delay = lab.count(|says| matches!(says, Says::Pong(_, Pairing::Delay)));
        if by_delay > 0 {
            sentences.push(format!(
                "{} taken to be for the newest ping, because the others waited for more than a second and the lab's server takes \
                 half a second at most.",
                Count::new(by_delay, "acknowledgement was", "acknowledgements were")
            ));
        }
        if totals.late > 0 {
            let lost = totals.unanswered().saturating_add(totals.late);
            let (them, least) = (
                if totals.late == 1 { "it" } else { "them" },
                if totals.ambiguous > 0 { "at least " } else { "" },
            );
            sentences.push(format!(
                "{} late, when the next ping had been sent, or was due behind the last: a client that waits no longer counts {them} as lost, {least}{} in all.",
                Count::new(totals.late, "acknowledgement came", "acknowledgements came"),
                percent(lost, totals.sent())
            ));
        }
        let mut rows = Vec::new();
        match &totals.seconds {
            Some(seconds) => {
                sentences.push(
                    "The interval shrinks by some 5 % a ping, as in the lab udp-throughput. Second by second, by the time the pings were sent:"
                        .to_owned(),
                );
                rows.extend(seconds.iter().enumerate().map(|(at, second)| second_row(at, second)));
            }
            None => {
                let list = totals
                    .pings
                    .iter()
                    .filter(|ping| !matches!(ping.fate, Fate::Answered { late: false, .. }));
                rows.extend(list.map(|ping| {
                    let number = ping.number.map(|number| format!(" number {number}")).unwrap_or_default();
                    let fate = match ping.fate {
                        Fate::Unanswered => "not acknowledged".to_owned(),
                        Fate::Perhaps(many) => format!("perhaps acknowledged, as one of {many}"),
                        Fate::Answered { at, .. } => format!("acknowledged late, in packet {}", at.number),
                    };
                    format!("packet {}: ping{number} {fate}", ping.at.number)
                }));
            }
        }
        Self { sentences, rows }
    }
}

fn how_often(number: u64) -> String {
    match number {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        many => format!("{many} times"),
    }
}

fn loss(totals: &PingTotals) -> String {
    let (sent, lost) = (totals.sent(), totals.unanswered());
    format!(
        "{}, {} acknowledged, {lost} not: {} lost. Calibration and exit are not counted.",
        Count::new(sent, "ping", "pings"),
        sent.saturating_sub(lost),
        percent(lost, sent)
    )
}

/// A share, to the nearest tenth of a percent.
pub(super) fn percent(part: u64, whole: u64) -> String {
    Percent { part, whole }.to_string()
}

fn second_row(at: usize, second: &Second) -> String {
    let mean = second.mean.map_or_else(|| "-".to_owned(), |mean| Elapsed(mean).to_string());
    format!(
        "second {at}: {} sent, {} answered, {}, mean delay {mean}",
        second.sent,
        second.answered,
        Bits(second.bits)
    )
}

/// A name or text from the wire as it may be shown.
pub(super) fn shown(text: &str) -> String {
    Safe(text.as_bytes()).to_string()
}
