//! What happened, on its way to whoever is told: either whole, or without anybody waiting for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};

use super::TICK;

/// Things that wait where all of them are told: more make who tells them wait.
const MAX_WHOLE: usize = 64;

/// Things that wait where nobody does: as many as come while a terminal scrolls.
const MAX_WAITING: usize = 1_024;

/// Most bytes of them: some hundred of the longest messages.
const MAX_BYTES: usize = 8 << 20;

/// What a server does where what happens comes faster than it can be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Telling {
    /// It waits: all is told, and its clients wait with it. For a log that counts as evidence.
    #[default]
    Whole,
    /// It goes on: what does not fit is left out and counted. For a person who may stop reading.
    InTime,
}

/// Something that is told.
pub(super) trait Weighed {
    /// About how many bytes it keeps while it waits, besides its own size.
    fn weight(&self) -> usize;
}

/// What comes out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told<T> {
    /// Something that happened.
    Thing(T),
    /// So many things happened here that are not told: at least one.
    LeftOut(u64),
}

/// What both ends see.
#[derive(Debug, Default)]
struct Counts {
    /// Bytes of what waits.
    bytes: AtomicUsize,
    /// Things that were left out since one was last told.
    left_out: AtomicU64,
}

/// Where threads tell.
#[derive(Debug)]
pub(super) struct Outlet<T> {
    sender: SyncSender<(u64, T)>,
    counts: Arc<Counts>,
    telling: Telling,
}

/// Where it comes out.
#[derive(Debug)]
pub(super) struct Inbox<T> {
    receiver: Receiver<(u64, T)>,
    counts: Arc<Counts>,
}

/// Both ends.
pub(super) fn outlet<T>(telling: Telling) -> (Outlet<T>, Inbox<T>) {
    let (sender, receiver) = sync_channel(match telling {
        Telling::Whole => MAX_WHOLE,
        Telling::InTime => MAX_WAITING,
    });
    let counts = Arc::new(Counts::default());
    (Outlet { sender, counts: Arc::clone(&counts), telling }, Inbox { receiver, counts })
}

impl<T> Clone for Outlet<T> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), counts: Arc::clone(&self.counts), telling: self.telling }
    }
}

impl<T: Weighed> Outlet<T> {
    /// Tells of something; where too much waits already, that waits too or is counted only.
    pub(super) fn tell(&self, thing: T) {
        let weight = thing.weight();
        let waiting = self.counts.bytes.fetch_add(weight, Ordering::AcqRel);
        if self.telling == Telling::Whole {
            // The inbox lives as long as the threads: it cannot be gone.
            let _ = self.sender.send((0, thing));
            return;
        }
        // What comes next says how many are missing before it.
        let left_out = self.counts.left_out.swap(0, Ordering::AcqRel);
        let is_told = waiting.saturating_add(weight) <= MAX_BYTES
            && match self.sender.try_send((left_out, thing)) {
                Ok(()) => true,
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
            };
        if !is_told {
            self.counts.bytes.fetch_sub(weight, Ordering::AcqRel);
            self.counts.left_out.fetch_add(left_out.saturating_add(1), Ordering::AcqRel);
        }
    }
}

impl<T: Weighed> Inbox<T> {
    /// Passes on what is told, until nobody is left who could tell.
    pub(super) fn pass_on(self, on_told: &mut dyn FnMut(Told<T>)) {
        let not_told = |count: u64| (count > 0).then_some(Told::LeftOut(count));
        loop {
            match self.receiver.recv_timeout(TICK) {
                Ok((left_out, thing)) => {
                    self.counts.bytes.fetch_sub(thing.weight(), Ordering::AcqRel);
                    not_told(left_out).into_iter().for_each(&mut *on_told);
                    on_told(Told::Thing(thing));
                }
                Err(why) => {
                    // All that waited was passed on: those that are missing come after it.
                    let left_out = self.counts.left_out.swap(0, Ordering::AcqRel);
                    not_told(left_out).into_iter().for_each(&mut *on_told);
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
    use std::sync::atomic::AtomicUsize;
    use std::thread;

    use super::*;

    /// A number, and so many bytes with it.
    #[derive(Debug, PartialEq, Eq)]
    struct Thing(usize, usize);

    impl Weighed for Thing {
        fn weight(&self) -> usize {
            self.1
        }
    }

    /// What comes out: the number of each, and how many are missing where.
    fn all(inbox: Inbox<Thing>) -> (Vec<usize>, Vec<(usize, u64)>) {
        let (mut numbers, mut missing) = (Vec::new(), Vec::new());
        inbox.pass_on(&mut |told| match told {
            Told::Thing(Thing(number, _)) => numbers.push(number),
            Told::LeftOut(count) => missing.push((numbers.len(), count)),
        });
        (numbers, missing)
    }

    #[test]
    fn who_tells_in_time_never_waits_and_what_is_missing_is_counted() {
        let (outlet, inbox) = outlet(Telling::InTime);
        (0..MAX_WAITING + 7).for_each(|number| outlet.tell(Thing(number, 10)));
        drop(outlet);
        assert_eq!(all(inbox), ((0..1_024).collect(), vec![(1_024, 7)]));
    }

    #[test]
    fn what_is_missing_is_told_where_it_is_missing() {
        let (outlet, inbox) = outlet(Telling::InTime);
        let most = MAX_BYTES / 60_000;
        (0..most + 3).for_each(|number| outlet.tell(Thing(number, 60_000)));
        // A short one still has room.
        outlet.tell(Thing(1_000, 10));
        outlet.tell(Thing(1_001, 60_000));
        drop(outlet);
        let numbers = (0..most).chain([1_000]).collect();
        assert_eq!(all(inbox), (numbers, vec![(most, 3), (most + 1, 1)]));
    }

    #[test]
    fn where_all_is_told_who_tells_waits() {
        let (outlet, inbox) = outlet(Telling::Whole);
        let (many, told) = (MAX_WHOLE * 10, AtomicUsize::new(0));
        thread::scope(|scope| {
            let told = &told;
            scope.spawn(move || {
                for number in 0..many {
                    outlet.tell(Thing(number, MAX_BYTES));
                    told.fetch_add(1, Ordering::SeqCst);
                }
            });
            while told.load(Ordering::SeqCst) < MAX_WHOLE {
                thread::yield_now();
            }
            assert_eq!(all(inbox), ((0..many).collect(), Vec::new()));
        });
    }
}
