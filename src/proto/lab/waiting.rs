//! Questions that wait for their answers, in order.

use std::collections::VecDeque;

use super::Fault;

/// Most that wait: a person types them one by one, and a program that asks on without reading gives up sooner.
pub(super) const MAX_WAITING: usize = 256;

/// Questions without an answer, the oldest first.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    list: VecDeque<T>,
    /// Which answer belongs to which question is not known any more: too many waited, or bytes are missing.
    is_lost: bool,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { list: VecDeque::new(), is_lost: false }
    }
}

impl<T> Waiting<T> {
    pub(super) fn push(&mut self, question: T) {
        if self.list.len() >= MAX_WAITING {
            self.lose_track();
        } else if !self.is_lost {
            self.list.push_back(question);
        }
    }

    pub(super) fn front(&self) -> Option<&T> {
        self.list.front()
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        self.list.pop_front()
    }

    /// The oldest question that an answer `fits`, where datagrams may have been lost; those before it are given up. Else the
    /// oldest.
    pub(super) fn take(&mut self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let lost = self.list.iter().position(fits).unwrap_or(0);
        self.list.drain(..lost);
        self.pop()
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.list.iter()
    }

    /// What is wrong with an answer that nothing waits for: nothing, where that is not known.
    pub(super) fn unasked(&self) -> Option<Fault> {
        (!self.is_lost).then_some(Fault::Unasked)
    }

    /// From here on no answer is told to belong to a question.
    pub(super) fn lose_track(&mut self) {
        self.list = VecDeque::new();
        self.is_lost = true;
    }

    pub(super) fn held(&self) -> usize {
        self.list.capacity().saturating_mul(size_of::<T>())
    }
}
