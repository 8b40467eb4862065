//! The checks of the labs that ping: the client's word beside the server's log and the capture.

use super::check::Runs;
use super::count::{Counted, OrNone};
use super::losses::Losses;
use super::pings::{Agreement, PingsBeside};
use super::{Case, Check};
use crate::lab::scene::What;
use crate::lab::{Note, PingRun};
use crate::report::lab::{Fate, LabFlow, PingTotals};
use crate::source::PacketNumber;

/// What the server says that it dropped has no answer in the capture, what the client lost is that and what came late, and the client
/// and the capture say the same of each ping.
pub(super) fn of<'a>(case: &Case<'_>, flows: impl Iterator<Item = &'a LabFlow>) -> Vec<Check> {
    let notes = |of_server: bool| {
        case.log.iter().filter_map(move |line| match &line.what {
            What::Noted { note, .. } if line.aside == of_server => Some(note),
            _ => None,
        })
    };
    let run = PingRun::of(notes(false));
    let totals: Vec<PingTotals> = flows.map(PingTotals::of).collect();
    let sent: u64 = totals.iter().map(PingTotals::sent).sum();
    if run.sent() != sent || sent == 0 {
        let [told, shown] = [run.sent(), sent].map(|number| Counted::of(number, "ping", "pings"));
        let text = format!("The client says that it sent {told}, the capture shows {shown}");
        return vec![Check::new(false, text, [])];
    }
    let losses = Losses::of(&run, notes(true));
    let has_line = notes(true).any(|note| matches!(note, Note::Handed { .. }));
    let unanswered: Vec<PacketNumber> = totals
        .iter()
        .flat_map(|totals| &totals.pings)
        .filter(|ping| ping.fate == Fate::Unanswered)
        .map(|ping| ping.at.number)
        .collect();
    let dropped = notes(true).filter(|note| matches!(note, Note::Dropped { .. })).count();
    let beside: Vec<PingsBeside> = totals.iter().map(|totals| PingsBeside::of(&run, totals)).collect();
    vec![
        dropped_pings(unanswered, dropped, &losses, has_line, sent),
        lost_pings(&losses, has_line),
        same_pings(&beside),
    ]
}

/// The pings without an answer in the capture, by the server's log.
fn dropped_pings(
    unanswered: Vec<PacketNumber>,
    dropped: usize,
    losses: &Losses,
    has_line: bool,
    sent: u64,
) -> Check {
    let on_the_way = losses.on_the_way.len();
    let open = unanswered.len().checked_sub(dropped.saturating_add(on_the_way));
    // What was under way when the client was stopped may have been answered by then, or not.
    let holds = open.is_some_and(|open| u64::try_from(open).is_ok_and(|open| open <= losses.under_way));
    let by_line =
        if has_line { format!(", and its line lost {}", OrNone(on_the_way)) } else { String::new() };
    let has = if unanswered.len() > 1 { "have" } else { "has" };
    let text = format!(
        "Of {} {} {has} no answer in the capture{} by its log the server dropped {}{by_line}",
        Counted::of(sent, "ping", "pings"),
        OrNone(unanswered.len()),
        if holds { ":" } else { ", but" },
        OrNone(dropped),
    );
    Check::new(holds, text, unanswered)
}

/// What the client counts as lost, by the server's log.
fn lost_pings(losses: &Losses, has_line: bool) -> Check {
    let lost = Counted::of(losses.lost, "ping", "pings");
    let mut why = vec![format!("{} dropped by the server", losses.dropped)];
    why.extend(has_line.then(|| format!("{} lost by its line", losses.on_the_way.len())));
    why.push(format!("{} answered too late", losses.too_late));
    let held_up = format!("{} answered in time and held up on this machine", losses.held_up);
    why.extend((losses.held_up > 0).then_some(held_up));
    let under_way = match losses.under_way {
        0 => String::new(),
        1 => "; 1 more was still under way when it was stopped".to_owned(),
        many => format!("; {many} more were still under way when it was stopped"),
    };
    let text = if !losses.hold() {
        let numbers = numbered(&losses.contradictions);
        format!(
            "The client counts {lost} as lost, but the server's log tells otherwise of {numbers}{under_way}"
        )
    } else if losses.lost == 0 {
        format!("The client counts {lost} as lost, and the server's log has nothing against it{under_way}")
    } else {
        format!("The client counts {lost} as lost: {}{under_way}", why.join(", "))
    };
    Check::new(losses.hold(), text, [])
}

/// Whether client and capture say the same of each ping.
fn same_pings(beside: &[PingsBeside]) -> Check {
    let rows = || beside.iter().flat_map(|beside| &beside.rows);
    let are = |what: Agreement| rows().filter(move |row| row.agreement() == what);
    let wrong: Vec<u64> = are(Agreement::Contradiction).map(|row| row.number).collect();
    let packets = are(Agreement::Contradiction).filter_map(|row| Some(row.capture?.at.number));
    let (near, held_up) = (are(Agreement::ByAHair).count(), are(Agreement::HeldUp).count());
    let mut but = Vec::new();
    but.extend((near > 0).then(|| format!("{near} late or in time by a hair")));
    but.extend(
        (held_up > 0).then(|| format!("{held_up} in time in the capture and held up on this machine")),
    );
    let but = if but.is_empty() { String::new() } else { format!("; of them {}", but.join(", ")) };
    let text = if wrong.is_empty() {
        format!("The client's clock and the capture tell the same of {}{but}", all_of(rows().count()))
    } else {
        format!("The client's clock and the capture contradict each other on {}", numbered(&wrong))
    };
    Check::new(wrong.is_empty(), text, packets)
}

fn all_of(pings: usize) -> String {
    if pings == 1 { "the one ping".to_owned() } else { format!("all {pings} pings") }
}

/// Pings by their numbers.
fn numbered(numbers: &[u64]) -> String {
    format!("{} {}", if numbers.len() == 1 { "ping" } else { "pings" }, Runs(numbers))
}
