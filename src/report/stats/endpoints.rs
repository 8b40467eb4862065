//! Who sent and received how much.

use std::hash::Hash;

use hashbrown::HashMap;

/// Most endpoints counted of each kind, and most pairs: far more than anybody reads, and a scan with made-up addresses
/// takes no more than 10 MB.
pub const MAX_ENDPOINTS: usize = 100_000;

/// Packets and frame bytes on the wire, each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Packets sent; of a pair by the lower address.
    pub packets_sent: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Packets received.
    pub packets_received: u64,
    /// Bytes received.
    pub bytes_received: u64,
}

impl Traffic {
    /// Bytes both ways.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes_sent.saturating_add(self.bytes_received)
    }

    /// Packets both ways.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.packets_sent.saturating_add(self.packets_received)
    }

    fn sent(&mut self, bytes: u64) {
        self.packets_sent = self.packets_sent.saturating_add(1);
        self.bytes_sent = self.bytes_sent.saturating_add(bytes);
    }

    fn received(&mut self, bytes: u64) {
        self.packets_received = self.packets_received.saturating_add(1);
        self.bytes_received = self.bytes_received.saturating_add(bytes);
    }
}

/// What each of some kind sent and received.
#[derive(Clone, Debug)]
pub struct Endpoints<K> {
    all: HashMap<K, Traffic>,
    not_counted: u64,
}

impl<K> Default for Endpoints<K> {
    fn default() -> Self {
        Self { all: HashMap::new(), not_counted: 0 }
    }
}

impl<K: Copy + Eq + Hash + Ord> Endpoints<K> {
    /// Counts a packet of `bytes` on the wire from one to the other.
    pub(super) fn count(&mut self, from: K, to: K, bytes: u64) {
        if let Some(sender) = self.entry(from) {
            sender.sent(bytes);
        }
        if let Some(receiver) = self.entry(to) {
            receiver.received(bytes);
        }
    }

    /// Counts a packet of `bytes` on the wire of `key`, sent or received.
    pub(super) fn count_way(&mut self, key: K, is_sent: bool, bytes: u64) {
        match self.entry(key) {
            Some(traffic) if is_sent => traffic.sent(bytes),
            Some(traffic) => traffic.received(bytes),
            None => {}
        }
    }

    fn entry(&mut self, key: K) -> Option<&mut Traffic> {
        if self.all.len() >= MAX_ENDPOINTS && !self.all.contains_key(&key) {
            self.not_counted = self.not_counted.saturating_add(1);
            return None;
        }
        Some(self.all.entry(key).or_default())
    }

    /// All of them, most bytes first, of equals the lower one.
    #[must_use]
    pub fn by_bytes(&self) -> Vec<(K, Traffic)> {
        let mut list: Vec<_> = self.all.iter().map(|(&key, &traffic)| (key, traffic)).collect();
        list.sort_by_key(|&(key, traffic)| (std::cmp::Reverse(traffic.bytes()), key));
        list
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How often one was not counted, because there were [`MAX_ENDPOINTS`].
    #[must_use]
    pub fn not_counted(&self) -> u64 {
        self.not_counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_are_counted_apart_and_the_largest_comes_first() {
        let mut endpoints = Endpoints::default();
        endpoints.count(1, 2, 100);
        endpoints.count(2, 1, 50);
        endpoints.count(3, 3, 10);
        let list = endpoints.by_bytes();
        assert_eq!(list.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [1, 2, 3]);
        let first = Traffic { packets_sent: 1, bytes_sent: 100, packets_received: 1, bytes_received: 50 };
        assert_eq!(list[0].1, first);
        assert_eq!((list[2].1.packets(), list[2].1.bytes()), (2, 20));
    }

    #[test]
    fn endpoints_are_bounded_and_what_is_left_out_is_counted() {
        let mut endpoints = Endpoints::default();
        for key in 0..MAX_ENDPOINTS + 5 {
            endpoints.count_way(key, true, 1);
        }
        endpoints.count_way(0, false, 1);
        assert_eq!(endpoints.by_bytes().len(), MAX_ENDPOINTS);
        assert_eq!(endpoints.not_counted(), 5);
    }
}
