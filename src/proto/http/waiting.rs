//! Requests of one side that wait for their responses.

use std::collections::VecDeque;

use super::Asked;

/// Most requests of a connection that wait for their response. Browsers that pipeline send some ten, load generators some
/// hundred; beyond it requests are not paired.
const MAX_WAITING_REQUESTS: usize = 1024;

/// Most bytes that is kept of them, some hundred of the longest targets that are kept.
const MAX_WAITING_BYTES: usize = 1 << 20;

/// Requests in their order. Responses come in the same (RFC 9112 section 9.3.2), so that behind one that there was no room
/// for, none is kept until all responses up to it have come: each finds its own request or none.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    kept: VecDeque<Asked>,
    held: usize,
    /// Requests behind those that are kept.
    not_kept: u32,
}

impl Waiting {
    /// A request waits from here on; gives whether there was room for it.
    pub(super) fn push(&mut self, asked: Asked) -> bool {
        let held = self.held.saturating_add(asked.held());
        if self.not_kept > 0 || self.kept.len() >= MAX_WAITING_REQUESTS || held > MAX_WAITING_BYTES {
            self.not_kept = self.not_kept.saturating_add(1);
            return false;
        }
        self.held = held;
        self.kept.push_back(asked);
        true
    }

    /// The request that is answered next; `None` where there is none, or it was not kept.
    pub(super) fn front(&self) -> Option<&Asked> {
        self.kept.front()
    }

    /// The last request, if it was kept.
    pub(super) fn back(&self) -> Option<&Asked> {
        self.kept.back().filter(|_| self.not_kept == 0)
    }

    /// The same as [`Self::front`], which no longer waits.
    pub(super) fn pop(&mut self) -> Option<Asked> {
        let Some(asked) = self.kept.pop_front() else {
            self.not_kept = self.not_kept.saturating_sub(1);
            return None;
        };
        self.held = self.held.saturating_sub(asked.held());
        Some(asked)
    }

    /// The request of this exchange.
    pub(super) fn of_exchange(&mut self, exchange: u32) -> Option<&mut Asked> {
        self.kept.iter_mut().rev().find(|asked| asked.exchange == exchange)
    }

    /// Memory that they take, in bytes.
    pub(super) const fn held(&self) -> usize {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_request_that_has_no_room_each_response_finds_its_own_or_none() {
        let mut waiting = Waiting::default();
        let asked = |exchange| Asked { exchange, ..Asked::default() };
        let most = u32::try_from(MAX_WAITING_REQUESTS).unwrap();
        for exchange in 0..most + 3 {
            assert_eq!(waiting.push(asked(exchange)), exchange < most);
        }
        assert_eq!(waiting.pop().unwrap().exchange, 0);
        // There is room again, but two are before it.
        assert!(!waiting.push(asked(most + 3)) && waiting.back().is_none());
        for exchange in 1..most {
            assert_eq!(waiting.pop().unwrap().exchange, exchange);
        }
        assert!((0..4).all(|_| waiting.pop().is_none()));
        assert!(waiting.push(asked(most + 4)));
        assert_eq!(waiting.pop().unwrap().exchange, most + 4);
        assert_eq!(waiting.held(), 0);
    }

    #[test]
    fn long_targets_are_kept_up_to_a_limit() {
        let mut waiting = Waiting::default();
        let long = || Asked { target: vec![b'a'; 2048].into(), ..Asked::default() };
        let kept = (0..1000).filter(|_| waiting.push(long())).count();
        assert!((300..512).contains(&kept) && waiting.held() <= MAX_WAITING_BYTES, "{kept}");
    }
}
