//! How much one address may be answered over UDP, so that no two servers keep each other talking for ever: whoever writes one server's
//! address into a datagram to another starts such a talk, and only its speed and length tell it from a client's.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Answers that an address gets one after another. No client of a lab needs as many; two servers on one machine are through
/// with them within seconds, and their talk ends with the first datagram that is not answered.
pub(super) const BURST: u32 = 10_000;

/// How long it takes until an address may have one more: a talk that is slowed down on purpose ends, too.
const ONE_MORE: Duration = Duration::from_millis(100);

/// Most addresses that are remembered. Senders can be invented; then those that were answered least are forgotten first, so
/// that a talk without end is not.
const MAX_PEERS: usize = 1024;

/// What became of one more answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    Given,
    /// The first that is refused in a row: worth telling.
    Refused,
    RefusedAgain,
}

/// The answers of a server, by address.
#[derive(Debug, Default)]
pub(super) struct Budget(BTreeMap<SocketAddr, Spent>);

#[derive(Debug)]
struct Spent {
    answers: u32,
    /// Up to when answers were written off.
    since: Instant,
    is_refused: bool,
}

impl Spent {
    /// Writes off what time has forgiven.
    fn forgive(&mut self, now: Instant) {
        let past = now.saturating_duration_since(self.since).as_millis() / ONE_MORE.as_millis();
        let forgiven = u32::try_from(past).unwrap_or(u32::MAX);
        self.answers = self.answers.saturating_sub(forgiven);
        self.since = if self.answers == 0 { now } else { self.since + ONE_MORE.saturating_mul(forgiven) };
    }
}

impl Budget {
    /// Whether this address may be answered once more.
    pub(super) fn take(&mut self, peer: SocketAddr, now: Instant) -> Leave {
        if !self.0.contains_key(&peer) && self.0.len() >= MAX_PEERS {
            self.forget(now);
        }
        let spent = self.0.entry(peer).or_insert_with(|| Spent { answers: 0, since: now, is_refused: false });
        spent.forgive(now);
        if spent.answers < BURST {
            spent.answers += 1;
            spent.is_refused = false;
            Leave::Given
        } else if std::mem::replace(&mut spent.is_refused, true) {
            Leave::RefusedAgain
        } else {
            Leave::Refused
        }
    }

    /// Makes room for one more.
    fn forget(&mut self, now: Instant) {
        for spent in self.0.values_mut() {
            spent.forgive(now);
        }
        self.0.retain(|_, spent| spent.answers > 0);
        if self.0.len() >= MAX_PEERS
            && let Some(least) = self.0.iter().min_by_key(|(_, spent)| spent.answers).map(|(peer, _)| *peer)
        {
            self.0.remove(&least);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u16) -> SocketAddr {
        (std::net::Ipv4Addr::LOCALHOST, number).into()
    }

    fn given(budget: &mut Budget, peer: SocketAddr, now: Instant) -> u32 {
        let mut given = 0;
        while budget.take(peer, now) == Leave::Given {
            given += 1;
        }
        given
    }

    #[test]
    fn an_address_has_so_many_answers_and_then_as_many_as_time_passes() {
        let mut budget = Budget::default();
        let begun = Instant::now();
        assert_eq!(given(&mut budget, peer(1), begun), BURST);
        assert_eq!(budget.take(peer(1), begun), Leave::RefusedAgain);
        assert_eq!(budget.take(peer(2), begun), Leave::Given);
        assert_eq!(given(&mut budget, peer(1), begun + ONE_MORE * 7), 7);
        assert_eq!(given(&mut budget, peer(1), begun + ONE_MORE * (BURST * 3)), BURST);
    }

    #[test]
    fn a_slow_talk_without_end_ends() {
        let mut budget = Budget::default();
        let mut now = Instant::now();
        let mut given = 0;
        while budget.take(peer(1), now) == Leave::Given {
            now += Duration::from_millis(20);
            given += 1;
            assert!(given < 20_000);
        }
        assert!(given > BURST);
    }

    #[test]
    fn invented_senders_do_not_wash_away_a_talk_without_end() {
        let mut budget = Budget::default();
        let now = Instant::now();
        let mut heard = 0;
        for other in 0..3_000 {
            budget.take(peer(other + 1), now);
            for _ in 0..4 {
                heard += u32::from(budget.take(peer(0), now) == Leave::Given);
            }
            assert!(budget.0.len() <= MAX_PEERS);
        }
        assert_eq!(heard, BURST);
    }
}
