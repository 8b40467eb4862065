//! Questions that wait for their answers.

use std::collections::VecDeque;

use super::{Fault, Said};
use crate::flow::PacketStamp;

/// Most that wait: a person types them one by one, and a program that asks on without reading gives up sooner.
pub(super) const MAX_WAITING: usize = 256;

/// Questions without an answer, the oldest first.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    list: VecDeque<T>,
    /// Which answer belongs to which question is not known: too many waited, or bytes are missing. An answer that fits one
    /// question and no other ends it.
    is_lost: bool,
}

/// The question that an answer is for.
#[derive(Debug)]
pub(super) enum Asked<T> {
    /// This one.
    Is(T),
    /// One of so many, none of which it fits: datagrams come in any order.
    OneOf(usize),
    /// It cannot be told: the capture lacks bytes.
    Unknown,
    /// None.
    None,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { list: VecDeque::new(), is_lost: false }
    }
}

impl<T> Waiting<T> {
    pub(super) fn push(&mut self, question: T) {
        if self.list.len() >= MAX_WAITING {
            self.list.pop_front();
            self.is_lost = true;
        }
        self.list.push_back(question);
    }

    /// The question that is answered next, where questions are answered in order and none is missing.
    pub(super) fn front(&self) -> Option<&T> {
        self.list.front().filter(|_| !self.is_lost)
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        self.list.pop_front()
    }

    /// The question of an answer on a connection, where answers come in order: the oldest.
    pub(super) fn in_order(&mut self, fits: impl Fn(&T) -> bool) -> Asked<T> {
        if self.is_lost {
            return self.search(fits);
        }
        self.pop().map_or(Asked::None, Asked::Is)
    }

    /// The question of an answer in a datagram, which may come before the answer to an older question, or instead of it: the
    /// oldest that it `fits`.
    pub(super) fn in_any_order(&mut self, fits: impl Fn(&T) -> bool) -> Asked<T> {
        let place = match (self.list.iter().position(fits), self.list.len()) {
            (Some(place), _) => place,
            _ if self.is_lost => return Asked::Unknown,
            (None, 0) => return Asked::None,
            (None, 1) => 0,
            (None, more) => return Asked::OneOf(more),
        };
        self.list.remove(place).map_or(Asked::None, Asked::Is)
    }

    /// The only question that an answer `fits`; from there on it is known again what answers what.
    fn search(&mut self, fits: impl Fn(&T) -> bool) -> Asked<T> {
        let mut fitting = self.list.iter().enumerate().filter(|(_, question)| fits(question));
        let (Some((place, _)), None) = (fitting.next(), fitting.next()) else { return Asked::Unknown };
        self.list.drain(..place);
        self.is_lost = false;
        self.pop().map_or(Asked::Unknown, Asked::Is)
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.list.iter()
    }

    pub(super) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Bytes are missing: from here on an answer may be for a question that is not known, and a question may have been
    /// answered.
    pub(super) fn lose_track(&mut self) {
        self.is_lost = true;
    }

    pub(super) fn held(&self) -> usize {
        self.list.capacity().saturating_mul(size_of::<T>())
    }
}

impl<T> Asked<T> {
    /// The question's packet for an answer that says `said`, with what there is to say where no question is known.
    pub(super) fn told(&self, said: Said, at: impl Fn(&T) -> PacketStamp) -> Said {
        match self {
            Self::Is(question) => said.answers(Some(at(question))),
            Self::OneOf(count) => {
                said.fault(Some(Fault::FitsNone(u32::try_from(*count).unwrap_or(u32::MAX))))
            }
            Self::Unknown => Said { unsure: true, ..said },
            Self::None => said.fault(Some(Fault::Unasked)),
        }
    }
}
