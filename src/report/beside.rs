//! What a capture holds beside TCP and UDP flows: packets that no flow's story tells of.

use std::collections::BTreeMap;

use crate::decode::{DecodedPacket, LayerKind};
use crate::source::LinkType;

use super::ChecksumTally;

/// Most kinds of layers that are counted one by one: a hostile capture could use every EtherType.
const MAX_KINDS: usize = 32;

/// Packets outside all flows, by what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// How many of each kind of innermost layer, of those that were themselves sent: the first [`MAX_KINDS`].
    kinds: Vec<(LayerKind, u64)>,
    /// Packets of further kinds.
    others: u64,
    /// How many of link types that are not decoded.
    links: BTreeMap<u16, u64>,
    /// Their checksums that are not right, ICMP errors about flows included; all right where they were not verified.
    pub checksums: ChecksumTally,
}

impl Beside {
    /// Counts a packet, unless it is of a flow.
    pub fn count(&mut self, decoded: &DecodedPacket<'_>) {
        if decoded.transports().iter().any(|transport| !transport.quoted) {
            return;
        }
        match decoded.layers().iter().rev().find(|layer| !layer.quoted).map(|layer| layer.kind) {
            Some(LayerKind::UndecodedLink(link)) => *self.links.entry(link).or_default() += 1,
            Some(kind) => self.count_kind(kind),
            None => self.others += 1,
        }
    }

    fn count_kind(&mut self, kind: LayerKind) {
        if let Some((_, count)) = self.kinds.iter_mut().find(|(known, _)| *known == kind) {
            *count += 1;
        } else if self.kinds.len() < MAX_KINDS {
            self.kinds.push((kind, 1));
        } else {
            self.others += 1;
        }
    }

    /// Takes away ICMP errors, of IPv6 or not, that the story of a flow tells of.
    pub fn without_errors(&mut self, v6: bool, errors: u64) {
        let icmp = if v6 { LayerKind::Icmpv6 } else { LayerKind::Icmp };
        for (_, count) in self.kinds.iter_mut().filter(|(kind, _)| *kind == icmp) {
            *count = count.saturating_sub(errors);
        }
        self.kinds.retain(|&(_, count)| count > 0);
    }

    /// The innermost layers and how many packets have each, most first; of equals the one that came first.
    #[must_use]
    pub fn kinds(&self) -> Vec<(LayerKind, u64)> {
        let mut list = self.kinds.clone();
        list.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        list
    }

    /// Packets whose layer is not listed, or that have none.
    #[must_use]
    pub fn others(&self) -> u64 {
        self.others
    }

    /// Link types that are not decoded, and how many packets have each.
    pub fn undecoded_links(&self) -> impl Iterator<Item = (LinkType, u64)> + '_ {
        self.links.iter().map(|(&link, &count)| (LinkType(link), count))
    }
}
