//! Pings: a client's run in numbers, what each second carried, and the run beside the capture of it.

use std::io::{self, Write};
use std::time::Duration;

use super::format::{Bits, Count, Elapsed, Percent};
use super::plot::{Panel, Plot};
use super::table::{Align, Column, TableOutput, write_table};
use crate::lab::{PingRun, PingSecond};
use crate::lesson::{Agreement, PingRow, PingSide, PingsBeside};
use crate::report::lab::Second;
use crate::time::TimeDelta;

fn span(time: Duration) -> TimeDelta {
    TimeDelta::from_nanos(i128::try_from(time.as_nanos()).unwrap_or(i128::MAX))
}

/// Writes what a run came to: round trips and loss.
///
/// # Errors
/// Those of `out`.
pub fn write_run<W: Write + ?Sized>(out: &mut W, run: &PingRun) -> io::Result<()> {
    match run.times() {
        Some(times) => {
            let [least, mean, most] = [times.least, times.mean, times.most].map(|time| Elapsed(span(time)));
            writeln!(out, "average RTT: {mean} (least {least}, most {most})")?;
        }
        None => writeln!(out, "average RTT: none, no ping was answered in time")?,
    }
    let (sent, lost, late, unclear) = (run.sent(), run.lost(), run.late(), run.unclear());
    let mut parts = vec![format!("{} never answered", lost.saturating_sub(late))];
    if late > 0 {
        parts.push(format!("{late} answered too late"));
    }
    if unclear > 0 {
        parts.push(format!("{unclear} more perhaps"));
    }
    // What was under way when it was stopped is neither answered nor lost.
    let over = sent.saturating_sub(run.under_way());
    let loss = Percent { part: lost, whole: over };
    writeln!(out, "packet loss: {loss} ({lost} of {over}: {})", parts.join(", "))?;
    if run.under_way() > 0 {
        writeln!(out, "{} still under way when it was stopped", run.under_way())?;
    }
    if unclear > 0 {
        writeln!(
            out,
            "{} came without a number while several pings waited: it cannot be told which ping each is for",
            Count::new(run.unclear_answers(), "acknowledgement", "acknowledgements")
        )?;
    }
    if run.again() > 0 {
        writeln!(out, "{} came again", Count::new(run.again(), "acknowledgement", "acknowledgements"))?;
    }
    Ok(())
}

/// What a second carried, by a client's clock or in a capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecondRow {
    /// Pings sent in it.
    pub sent: u64,
    /// How many of these were answered, late ones included.
    pub answered: u64,
    /// Bits that these and their answers carried.
    pub bits: u64,
    /// Mean time until their answers.
    pub mean: Option<TimeDelta>,
}

impl From<&PingSecond> for SecondRow {
    fn from(second: &PingSecond) -> Self {
        let PingSecond { sent, answered, bits, mean, .. } = *second;
        Self { sent, answered, bits, mean: mean.map(span) }
    }
}

impl From<&Second> for SecondRow {
    fn from(second: &Second) -> Self {
        let Second { sent, answered, bits, mean } = *second;
        Self { sent, answered, bits, mean }
    }
}

const SECONDS: [Column; 5] = [
    Column { title: "second", align: Align::Right, width: 6, min: 6, shrink: 0 },
    Column { title: "pings", align: Align::Right, width: 6, min: 5, shrink: 0 },
    Column { title: "answered", align: Align::Right, width: 8, min: 8, shrink: 0 },
    Column { title: "throughput", align: Align::Right, width: 12, min: 10, shrink: 0 },
    Column { title: "mean delay", align: Align::Right, width: 10, min: 10, shrink: 0 },
];

/// Writes a row for each second.
///
/// # Errors
/// Those of `out`.
pub fn write_seconds<W: Write + ?Sized>(
    out: &mut W,
    output: TableOutput,
    seconds: &[SecondRow],
) -> io::Result<()> {
    write_table(out, output, &SECONDS, seconds.iter().enumerate(), |(place, second), row| {
        row.cell(place);
        row.cell(second.sent);
        row.cell(second.answered);
        row.cell(Bits(second.bits));
        match second.mean {
            Some(mean) => row.cell(Elapsed(mean)),
            None => row.cell('-'),
        }
    })?;
    Ok(())
}

/// What each second carried by a client's clock, and in the capture; a second that one of them does not have is empty there.
#[must_use]
pub fn seconds_beside(clock: &[PingSecond], capture: &[Second]) -> Vec<[SecondRow; 2]> {
    (0..clock.len().max(capture.len()))
        .map(|place| {
            let clock = clock.get(place).map(SecondRow::from).unwrap_or_default();
            [clock, capture.get(place).map(SecondRow::from).unwrap_or_default()]
        })
        .collect()
}

const SECONDS_BESIDE: [Column; 6] = [
    Column { title: "second", align: Align::Right, width: 6, min: 6, shrink: 0 },
    Column { title: "pings", align: Align::Right, width: 5, min: 5, shrink: 0 },
    Column { title: "throughput", align: Align::Right, width: 12, min: 10, shrink: 0 },
    Column { title: "in the capture", align: Align::Right, width: 14, min: 12, shrink: 0 },
    Column { title: "mean delay", align: Align::Right, width: 10, min: 10, shrink: 0 },
    Column { title: "in the capture", align: Align::Right, width: 14, min: 12, shrink: 0 },
];

/// Writes a row for each second, by the client's clock and in the capture.
///
/// # Errors
/// Those of `out`.
pub fn write_seconds_beside<W: Write + ?Sized>(
    out: &mut W,
    output: TableOutput,
    seconds: &[[SecondRow; 2]],
) -> io::Result<()> {
    write_table(out, output, &SECONDS_BESIDE, seconds.iter().enumerate(), |(place, both), row| {
        let [clock, capture] = both;
        row.cell(place);
        row.cell(clock.sent);
        row.cell(Bits(clock.bits));
        row.cell(Bits(capture.bits));
        for mean in [clock.mean, capture.mean] {
            row.cell(mean.map_or_else(|| "-".to_owned(), |mean| Elapsed(mean).to_string()));
        }
    })?;
    Ok(())
}

/// Throughput and mean delay, second by second.
#[must_use]
pub fn plot_of<'a>(title: &'a str, seconds: &[SecondRow]) -> Plot<'a> {
    let nanos = |mean: TimeDelta| u64::try_from(mean.as_nanos()).ok();
    Plot {
        title,
        across: "second",
        panels: vec![
            Panel {
                title: "throughput: bits of answered pings and their answers",
                values: seconds.iter().map(|second| Some(second.bits)).collect(),
                label: |bits| Bits(bits).to_string(),
            },
            Panel {
                title: "mean delay of answered pings",
                values: seconds.iter().map(|second| second.mean.and_then(nanos)).collect(),
                label: |nanos| Elapsed(TimeDelta::from_nanos(i128::from(nanos))).to_string(),
            },
        ],
    }
}

const BESIDE: [Column; 6] = [
    Column { title: "ping", align: Align::Right, width: 5, min: 4, shrink: 0 },
    Column { title: "packet", align: Align::Right, width: 6, min: 0, shrink: 2 },
    Column { title: "RTT by the client", align: Align::Right, width: 17, min: 8, shrink: 0 },
    Column { title: "in the capture", align: Align::Right, width: 14, min: 8, shrink: 0 },
    Column { title: "difference", align: Align::Right, width: 10, min: 0, shrink: 1 },
    Column { title: "outcome", align: Align::Left, width: 24, min: 8, shrink: 0 },
];

/// Writes a row for each ping as its client and the capture saw it, and what both say of the loss.
///
/// # Errors
/// Those of `out`.
pub fn write_beside<W: Write + ?Sized>(
    out: &mut W,
    output: TableOutput,
    beside: &PingsBeside,
) -> io::Result<()> {
    let or_dash = |time: Option<TimeDelta>| time.map_or_else(|| "-".to_owned(), |t| Elapsed(t).to_string());
    write_table(out, output, &BESIDE, beside.rows.iter(), |ping, row| {
        row.cell(ping.number);
        match ping.capture {
            Some(seen) => row.cell(seen.at.number),
            None => row.cell('-'),
        }
        row.cell(or_dash(ping.rtt_by_clock()));
        row.cell(or_dash(ping.rtt_in_capture()));
        row.cell(or_dash(ping.difference()));
        row.cell(outcome(ping));
    })?;
    write_totals_beside(out, beside)
}

/// Writes what the client and the capture say of all pings together.
///
/// # Errors
/// Those of `out`.
pub fn write_totals_beside<W: Write + ?Sized>(out: &mut W, beside: &PingsBeside) -> io::Result<()> {
    write_side(out, "by the client", &beside.clock)?;
    write_side(out, "in the capture", &beside.capture)
}

/// Writes whether client and capture contradict each other, and on how many pings.
///
/// # Errors
/// Those of `out`.
pub fn write_agreement<W: Write + ?Sized>(out: &mut W, beside: &PingsBeside) -> io::Result<()> {
    let are = |what: Agreement| beside.rows.iter().filter(|row| row.agreement() == what).count();
    let (wrong, all) = (are(Agreement::Contradiction), beside.rows.len());
    match (wrong, all) {
        (_, 0) => return Ok(()),
        (0, 1) => write!(out, "the two agree on the one ping")?,
        (0, _) => write!(out, "the two agree on all {all} pings")?,
        (_, 1) => write!(out, "the two contradict each other on the one ping")?,
        _ => write!(out, "the two contradict each other on {wrong} of {all} pings")?,
    }
    for (number, what) in
        [(are(Agreement::ByAHair), "by a hair"), (are(Agreement::HeldUp), "held up behind the capture")]
    {
        if number > 0 {
            write!(out, ", {number} {what}")?;
        }
    }
    writeln!(out)
}

fn outcome(ping: &PingRow) -> String {
    if ping.is_under_way() {
        return "under way when it was stopped".to_owned();
    }
    let words = |is_lost: Option<bool>, rtt: Option<TimeDelta>| match (is_lost, rtt) {
        (Some(false), _) => "answered",
        (Some(true), Some(_)) => "too late",
        (Some(true), None) => "lost",
        (None, _) => "unclear",
    };
    let clock = words(ping.is_lost_by_clock(), ping.rtt_by_clock());
    let capture = words(ping.is_lost_in_capture(), ping.rtt_in_capture());
    match (ping.clock, ping.capture) {
        (Some(_), None) => format!("{clock}, not in the capture"),
        (None, _) => "not told by the client".to_owned(),
        _ if clock == capture => clock.to_owned(),
        _ => match ping.agreement() {
            Agreement::ByAHair => format!("{clock} by a hair, {capture} in the capture"),
            Agreement::HeldUp => format!("{clock}, held up behind the capture"),
            Agreement::Same | Agreement::Contradiction => format!("{clock}, but {capture} in the capture"),
        },
    }
}

fn write_side<W: Write + ?Sized>(out: &mut W, by: &str, side: &PingSide) -> io::Result<()> {
    let loss = Percent { part: side.lost(), whole: side.over() };
    let mean = side.mean.map_or_else(|| "none".to_owned(), |mean| Elapsed(mean).to_string());
    let unclear = match side.unclear {
        0 => String::new(),
        many => format!(", {many} unclear"),
    };
    let under_way = match side.under_way {
        0 => String::new(),
        many => format!(", {many} still under way when it was stopped"),
    };
    writeln!(
        out,
        "{by}: {}, {} answered in time, {loss} lost{unclear}{under_way}, average RTT {mean}",
        Count::new(side.sent, "ping", "pings"),
        side.in_time
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::PacketStamp;
    use crate::lab::{Note, Ping, PingFate};
    use crate::proto::lab::Pairing;
    use crate::report::lab::{Fate, OnePing, PingTotals};

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn run() -> PingRun {
        let answered = |rtt, late| PingFate::Answered { rtt: ms(rtt), bytes: 21, late };
        let fates = [answered(100, false), PingFate::Lost, answered(400, true), answered(50, false)];
        let ping = |(number, fate)| {
            Note::Ping(Ping { number, at: ms(300 * (number - 1)), interval: ms(300), bytes: 15, fate })
        };
        let notes: Vec<Note> = (1..).zip(fates).map(ping).collect();
        PingRun::of(&notes)
    }

    fn shown(write: impl Fn(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_run_is_its_average_and_its_loss() {
        assert_eq!(
            shown(|out| write_run(out, &run())),
            "average RTT: 75 ms (least 50 ms, most 100 ms)\n\
             packet loss: 50.0 % (2 of 4: 1 never answered, 1 answered too late)\n"
        );
        let nothing = shown(|out| write_run(out, &PingRun::default()));
        assert!(nothing.contains("none") && nothing.contains("0.0 %"), "{nothing}");
    }

    #[test]
    fn seconds_are_a_table_and_two_panels() {
        let seconds: Vec<SecondRow> = run().seconds().iter().map(SecondRow::from).collect();
        let table = shown(|out| write_seconds(out, TableOutput::default(), &seconds));
        let rows: Vec<&str> = table.lines().map(str::trim).collect();
        assert_eq!(
            rows,
            [
                "second   pings  answered    throughput  mean delay",
                "0       4         3     864 bit/s      183 ms"
            ]
        );
        let capture = [Second { sent: 4, answered: 3, bits: 800, mean: None }, Second::default()];
        let both = seconds_beside(&run().seconds(), &capture);
        let table = shown(|out| write_seconds_beside(out, TableOutput::default(), &both));
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[1], ["0", "4", "864", "bit/s", "800", "bit/s", "183", "ms", "-"]);
        assert_eq!(rows[2], ["1", "0", "0", "bit/s", "0", "bit/s", "-", "-"]);
        let plot = plot_of("a run", &seconds);
        assert_eq!(plot.panels.len(), 2);
        assert_eq!(plot.panels[0].values, [Some(864)]);
        assert_eq!((plot.panels[1].label)(183_000_000), "183 ms");
    }

    #[test]
    fn a_ping_under_way_is_told_apart_from_the_losses() {
        let under_way = |number| {
            let fate = PingFate::UnderWay;
            Note::Ping(Ping { number, at: ms(300 * (number - 1)), interval: ms(300), bytes: 15, fate })
        };
        let mut run = run();
        run.take(&under_way(5));
        assert!(shown(|out| write_run(out, &run)).ends_with(
            "packet loss: 50.0 % (2 of 4: 1 never answered, 1 answered too late)\n\
             1 still under way when it was stopped\n"
        ));
        let beside = PingsBeside::of(&PingRun::of(&[under_way(1)]), &totals([Fate::Unanswered]));
        let table = shown(|out| write_beside(out, TableOutput::default(), &beside));
        assert!(table.contains("under way when it was stopped") && !table.contains("lost\n"), "{table}");
        assert!(table.contains("1 ping, 0 answered in time, 0.0 % lost, 1 still under way"), "{table}");
    }

    fn totals(fates: impl IntoIterator<Item = Fate>) -> PingTotals {
        let pings = (1..).zip(fates).map(|(number, fate)| OnePing {
            at: PacketStamp { number: number * 2, ts: None },
            number: Some(number),
            len: 15,
            fate,
        });
        PingTotals { pings: pings.collect(), ..PingTotals::default() }
    }

    #[test]
    fn whether_the_two_agree_is_told_for_none_one_and_many() {
        let ping = |number| {
            Note::Ping(Ping { number, at: ms(0), interval: ms(300), bytes: 15, fate: PingFate::Lost })
        };
        let answered = |millis: i128| Fate::Answered {
            at: PacketStamp { number: 9, ts: None },
            rtt: Some(TimeDelta::from_nanos(millis * 1_000_000)),
            pairing: Pairing::Number,
            late: false,
        };
        let told = |fates: &[Fate]| {
            let run: Vec<Note> = (1..).zip(fates).map(|(number, _)| ping(number)).collect();
            let beside = PingsBeside::of(&PingRun::of(&run), &totals(fates.iter().copied()));
            shown(|out| write_agreement(out, &beside))
        };
        let (same, other) = (Fate::Unanswered, answered(10));
        assert_eq!(told(&[]), "");
        assert_eq!(told(&[same]), "the two agree on the one ping\n");
        assert_eq!(told(&[same; 60]), "the two agree on all 60 pings\n");
        assert_eq!(told(&[other]), "the two contradict each other on the one ping\n");
        assert_eq!(told(&[same, other, same]), "the two contradict each other on 1 of 3 pings\n");
        assert_eq!(told(&[other; 3]), "the two contradict each other on 3 of 3 pings\n");
    }

    #[test]
    fn a_run_stands_beside_its_capture() {
        let stamp = |number| PacketStamp { number, ts: None };
        let answered = |millis: i128, late| Fate::Answered {
            at: stamp(9),
            rtt: Some(TimeDelta::from_nanos(millis * 1_000_000)),
            pairing: Pairing::Number,
            late,
        };
        let fates = [answered(99, false), Fate::Unanswered, answered(299, false)];
        let pings = (1..).zip(fates).map(|(number, fate)| OnePing {
            at: stamp(number * 2),
            number: Some(number),
            len: 15,
            fate,
        });
        let beside = PingsBeside::of(&run(), &PingTotals { pings: pings.collect(), ..PingTotals::default() });
        let table = shown(|out| write_beside(out, TableOutput::default(), &beside));
        for (line, words) in table.lines().skip(1).zip([
            ["100 ms", "99 ms", "1 ms", "answered"],
            ["2", "4", "-", "lost"],
            ["400 ms", "299 ms", "101 ms", "too late, held up behind the capture"],
            ["4", "-", "50 ms", "answered, not in the capture"],
            ["by the client", "4 pings", "50.0 % lost", "average RTT 75 ms"],
            ["in the capture", "3 pings", "33.3 % lost", "average RTT 199 ms"],
        ]) {
            assert!(words.iter().all(|word| line.contains(word)), "{line}\n{table}");
        }
    }
}
