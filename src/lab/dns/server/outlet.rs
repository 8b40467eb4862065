//! What happened, on its way to whoever shows it: nobody's answer waits for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};

use super::{Happened, Served};
use crate::lab::TICK;

/// Queries that wait to be shown: as many as come while a terminal scrolls.
const MAX_WAITING: usize = 1_024;

/// Most bytes of them, their responses included: both may have 64 KB each.
const MAX_BYTES: usize = 8 << 20;

/// A query to be told, and how many before it could not be.
type Item = (u64, Served);

/// What both sides see.
#[derive(Debug, Default)]
struct Counts {
    /// Bytes of what waits.
    bytes: AtomicUsize,
    /// Queries that were left out since one was last taken.
    left_out: AtomicU64,
}

/// Where the threads report. Who reports never waits.
#[derive(Clone, Debug)]
pub(super) struct Outlet {
    sender: SyncSender<Item>,
    counts: Arc<Counts>,
}

/// Where it comes out.
#[derive(Debug)]
pub(super) struct Inbox {
    receiver: Receiver<Item>,
    counts: Arc<Counts>,
}

/// Both ends.
pub(super) fn outlet() -> (Outlet, Inbox) {
    let (sender, receiver) = sync_channel(MAX_WAITING);
    let counts = Arc::new(Counts::default());
    (Outlet { sender, counts: Arc::clone(&counts) }, Inbox { receiver, counts })
}

fn size(served: &Served) -> usize {
    let response = served.response.as_ref().map_or(0, Vec::len);
    served.query.len().saturating_add(response)
}

impl Outlet {
    /// Tells of a query; where too many wait already, it is counted only.
    pub(super) fn tell(&self, served: Served) {
        let size = size(&served);
        let waiting = self.counts.bytes.fetch_add(size, Ordering::AcqRel);
        // What comes next says how many are missing before it.
        let left_out = self.counts.left_out.swap(0, Ordering::AcqRel);
        let is_told = waiting.saturating_add(size) <= MAX_BYTES
            && match self.sender.try_send((left_out, served)) {
                Ok(()) => true,
                // The inbox lives as long as the threads: it cannot be gone.
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
            };
        if !is_told {
            self.counts.bytes.fetch_sub(size, Ordering::AcqRel);
            self.counts.left_out.fetch_add(left_out.saturating_add(1), Ordering::AcqRel);
        }
    }
}

impl Inbox {
    /// Passes on what is told, until nobody is left who could tell.
    pub(super) fn pass_on(self, on_told: &mut dyn FnMut(Happened)) {
        let not_shown = |count: u64| (count > 0).then_some(Happened::LeftOut(count));
        loop {
            match self.receiver.recv_timeout(TICK) {
                Ok((left_out, served)) => {
                    self.counts.bytes.fetch_sub(size(&served), Ordering::AcqRel);
                    not_shown(left_out).into_iter().for_each(&mut *on_told);
                    on_told(Happened::Served(Box::new(served)));
                }
                Err(why) => {
                    // All that waited was passed on: those that are missing come after it.
                    let left_out = self.counts.left_out.swap(0, Ordering::AcqRel);
                    not_shown(left_out).into_iter().for_each(&mut *on_told);
                    if why == RecvTimeoutError::Disconnected {
                        return;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::super::super::{By, Carrier, Word};
    use super::*;

    fn served(number: u32, bytes: usize) -> Served {
        let nobody: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let (word, by) = (Word::Answer, By::Asking(number));
        let (carrier, query) = (Carrier::Udp, vec![0; bytes]);
        Served { server: nobody, peer: nobody, carrier, question: None, word, by, query, response: None }
    }

    /// What comes out: the number of each query, and how many are missing where.
    fn all(inbox: Inbox) -> (Vec<u32>, Vec<(usize, u64)>) {
        let (mut numbers, mut missing) = (Vec::new(), Vec::new());
        inbox.pass_on(&mut |told| match told {
            Happened::Served(served) => match served.by {
                By::Asking(number) => numbers.push(number),
                by => panic!("{by:?}"),
            },
            Happened::LeftOut(count) => missing.push((numbers.len(), count)),
        });
        (numbers, missing)
    }

    #[test]
    fn who_tells_never_waits_and_what_is_missing_is_counted() {
        let (outlet, inbox) = outlet();
        for number in 0..u32::try_from(MAX_WAITING).unwrap() + 7 {
            outlet.tell(served(number, 10));
        }
        drop(outlet);
        let (numbers, missing) = all(inbox);
        assert_eq!(numbers, (0..1_024).collect::<Vec<_>>());
        assert_eq!(missing, [(1_024, 7)]);
    }

    #[test]
    fn what_is_missing_is_told_where_it_is_missing() {
        let (outlet, inbox) = outlet();
        let most = u32::try_from(MAX_BYTES / 60_000).unwrap();
        for number in 0..most + 3 {
            outlet.tell(served(number, 60_000));
        }
        // A short one still has room.
        outlet.tell(served(1_000, 10));
        outlet.tell(served(1_001, 60_000));
        drop(outlet);
        let (numbers, missing) = all(inbox);
        assert_eq!(numbers, (0..most).chain([1_000]).collect::<Vec<_>>());
        let before = usize::try_from(most).unwrap();
        assert_eq!(missing, [(before, 3), (before + 1, 1)]);
    }
}
