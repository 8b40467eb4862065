//! What a client of pings lost, by its server's log.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::pings::slack;
use crate::lab::{Deed, Note, PingFate, PingRun};

/// The losses of a run by the server's log: lost at the client are those that the server dropped, those that its line lost, and those
/// that it answered too late. What came late although the server sent it in time was held up on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Lost by the client's clock.
    pub lost: u64,
    /// Dropped by the server.
    pub dropped: u64,
    /// The pings whose answer the server's bad line lost.
    pub on_the_way: Vec<u64>,
    /// Answered too late by the server, or held by its line too long: when the next one was due at the client, or within
    /// [`slack`] before that.
    pub too_late: u64,
    /// Sent in time by the server, and late at the client all the same: a busy machine's doing.
    pub held_up: u64,
    /// On their way when the client was stopped.
    pub under_way: u64,
    /// Pings of which the two logs say things that cannot both be true.
    pub contradictions: Vec<u64>,
}

impl Losses {
    /// Holds the client's run against the log of a server that no other client pinged.
    ///
    /// A ping that was never answered must have been dropped by the server, or its answer lost by the line. One that was answered took
    /// no less than the server and its line held it, and counts as late only where the next one was due by then.
    #[must_use]
    pub fn of<'a>(run: &PingRun, server: impl IntoIterator<Item = &'a Note>) -> Self {
        let log = ServerLog::of(server);
        let mut losses = Self { lost: run.lost(), under_way: run.under_way(), ..Self::default() };
        // How far from the first ping on the next one is due.
        let mut due = Duration::ZERO;
        let mut pings = run.pings().peekable();
        while let Some(ping) = pings.next() {
            let next_sent = pings.peek().map(|next| next.at);
            // A busy client sends behind its schedule, and does not wait the longer for it.
            let behind = ping.at.saturating_sub(due);
            due = due.saturating_add(ping.interval);
            if matches!(ping.fate, PingFate::Unclear | PingFate::UnderWay) {
                continue;
            }
            let is_on_the_way = log.on_the_way.contains(&ping.number);
            let fits = match (log.fates.get(&ping.number), ping.fate) {
                (None, _) => false,
                (Some(_), fate) if is_on_the_way => {
                    losses.on_the_way.push(ping.number);
                    fate == PingFate::Lost
                }
                (Some(None), fate) => {
                    losses.dropped += 1;
                    fate == PingFate::Lost
                }
                (Some(Some(held)), PingFate::Answered { rtt, late, .. }) => {
                    let is_by_server = held.saturating_add(slack(ping.interval)) >= ping.interval;
                    losses.too_late += u64::from(late && is_by_server);
                    losses.held_up += u64::from(late && !is_by_server);
                    // In time, or a busy client sent the next one later still.
                    let is_before_next = || next_sent.is_some_and(|at| ping.at.saturating_add(rtt) <= at);
                    let is_due = if late {
                        rtt.saturating_add(behind) >= ping.interval
                    } else {
                        rtt <= ping.interval || is_before_next()
                    };
                    *held <= rtt && is_due
                }
                (Some(Some(_)), _) => false,
            };
            if !fits {
                losses.contradictions.push(ping.number);
            }
        }
        losses
    }

    /// Whether the client lost just what the server dropped, its line lost, or came too late.
    #[must_use]
    pub fn hold(&self) -> bool {
        let on_the_way = u64::try_from(self.on_the_way.len()).unwrap_or(u64::MAX);
        let explained = self
            .dropped
            .saturating_add(self.too_late)
            .saturating_add(self.held_up)
            .saturating_add(on_the_way);
        self.contradictions.is_empty() && self.lost == explained
    }
}

/// What a server and its line say that they did with each ping.
#[derive(Debug, Default)]
struct ServerLog {
    /// By the ping: `None` where it was dropped, else how long its answer was held.
    fates: BTreeMap<u64, Option<Duration>>,
    /// The pings of whose answer nothing came out of the line.
    on_the_way: BTreeSet<u64>,
}

impl ServerLog {
    fn of<'a>(notes: impl IntoIterator<Item = &'a Note>) -> Self {
        let mut fates: BTreeMap<u64, Option<Duration>> = BTreeMap::new();
        // By the number on the line: the ping, and how many copies of its answer come out.
        let mut answers: BTreeMap<u64, (u64, usize)> = BTreeMap::new();
        for note in notes {
            match note {
                Note::Dropped { number } => {
                    fates.insert(*number, None);
                }
                Note::Delayed { number, by } => {
                    fates.insert(*number, Some(*by));
                }
                Note::Handed { number, bytes } => {
                    answers.extend(acknowledged(&bytes.0).map(|ping| (*number, (ping, 1))));
                }
                Note::Impaired { number, deed, .. } => {
                    let Some((ping, copies)) = answers.get_mut(number) else { continue };
                    match deed {
                        Deed::Repeated => *copies = copies.saturating_add(1),
                        Deed::Held { by } => {
                            if let Some(Some(late)) = fates.get_mut(ping) {
                                *late = late.saturating_add(*by);
                            }
                        }
                        deed if deed.is_loss() => *copies = copies.saturating_sub(1),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        let on_the_way = answers.values().filter(|(_, copies)| *copies == 0).map(|(ping, _)| *ping).collect();
        Self { fates, on_the_way }
    }
}

/// The ping that an acknowledgement of our server's is for: the number behind its words.
fn acknowledged(bytes: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.strip_prefix("Packet Acknowledged ")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Ping;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// A ping of a run at an interval of 300 ms.
    fn clock(number: u64, fate: PingFate) -> Note {
        Note::Ping(Ping { number, at: ms((number - 1) * 300), interval: ms(300), bytes: 15, fate })
    }

    fn answered(rtt: u64) -> PingFate {
        PingFate::Answered { rtt: ms(rtt), bytes: 21, late: rtt > 300 }
    }

    fn delayed(number: u64, by: u64) -> Note {
        Note::Delayed { number, by: ms(by) }
    }

    #[test]
    fn lost_is_what_was_dropped_or_answered_too_late() {
        let run = PingRun::of(&[
            clock(1, answered(101)),
            clock(2, PingFate::Lost),
            clock(3, answered(402)),
            clock(4, answered(301)),
        ]);
        let log = [delayed(1, 99), Note::Dropped { number: 2 }, delayed(3, 400), delayed(4, 299)];
        let losses = Losses::of(&run, &log);
        assert_eq!((losses.lost, losses.dropped, losses.too_late, losses.held_up), (3, 1, 2, 0));
        assert!(losses.hold());
        assert!(!Losses::of(&run, &log[..3]).hold(), "a ping that the server never saw");
    }

    #[test]
    fn a_ping_that_is_never_answered_needs_a_drop_in_the_log() {
        let run = PingRun::of(&[clock(1, answered(10)), clock(2, PingFate::Lost)]);
        for by in [50, 299, 400] {
            let losses = Losses::of(&run, &[delayed(1, 9), delayed(2, by)]);
            assert_eq!(losses.contradictions, [2], "answered after {by} ms, and yet lost");
            assert!(!losses.hold());
        }
    }

    #[test]
    fn an_answer_comes_no_sooner_than_it_was_sent() {
        for (fate, by, fits) in [
            (answered(100), 100, true),
            (answered(100), 101, false),
            (answered(400), 401, false),
            // In time by its word, and not by its own watch.
            (PingFate::Answered { rtt: ms(301), bytes: 21, late: false }, 10, false),
            (PingFate::Answered { rtt: ms(200), bytes: 21, late: true }, 10, false),
        ] {
            let run = PingRun::of(&[clock(1, fate)]);
            assert_eq!(Losses::of(&run, &[delayed(1, by)]).hold(), fits, "{fate:?} {by}");
        }
    }

    #[test]
    fn what_was_sent_in_time_and_came_late_was_held_up() {
        // Delays scaled down to a hundredth: a slack of another scale would take all of this for the server's.
        let fate = PingFate::Answered { rtt: ms(9), bytes: 21, late: true };
        let ping = Ping { number: 1, at: ms(0), interval: ms(5), bytes: 15, fate };
        let losses = |by| Losses::of(&PingRun::of(&[Note::Ping(ping)]), &[Note::Delayed { number: 1, by }]);
        let (soon, near) = (losses(ms(2)), losses(Duration::from_micros(4_600)));
        assert_eq!((soon.too_late, soon.held_up, soon.hold()), (0, 1, true));
        assert_eq!((near.too_late, near.held_up, near.hold()), (1, 0, true));
    }

    #[test]
    fn a_busy_client_that_sends_behind_its_schedule_waits_no_longer() {
        // Sent 100 ms behind its schedule, so that the next one was due 200 ms later.
        let late = PingFate::Answered { rtt: ms(210), bytes: 21, late: true };
        let sent_late = Note::Ping(Ping { number: 2, at: ms(400), interval: ms(300), bytes: 15, fate: late });
        let run = PingRun::of(&[clock(1, answered(10)), sent_late]);
        assert!(Losses::of(&run, &[delayed(1, 9), delayed(2, 190)]).hold());
    }

    #[test]
    fn what_is_heard_before_the_next_one_is_sent_is_in_time() {
        let in_time = PingFate::Answered { rtt: ms(390), bytes: 21, late: false };
        for (next, holds) in [(400, true), (380, false)] {
            let ping = Ping { number: 2, at: ms(next), interval: ms(300), bytes: 15, fate: answered(10) };
            let run = PingRun::of(&[clock(1, in_time), Note::Ping(ping)]);
            assert_eq!(Losses::of(&run, &[delayed(1, 9), delayed(2, 9)]).hold(), holds, "{next}");
        }
    }

    #[test]
    fn a_ping_under_way_is_no_loss() {
        let run = PingRun::of(&[clock(1, PingFate::Lost), clock(2, PingFate::UnderWay)]);
        let dropped = Note::Dropped { number: 1 };
        for log in [vec![dropped.clone()], vec![dropped.clone(), delayed(2, 400)]] {
            let losses = Losses::of(&run, &log);
            assert_eq!((losses.lost, losses.under_way), (1, 1));
            assert!(losses.hold(), "{losses:?}");
        }
    }
}
