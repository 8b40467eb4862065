//! ICMP errors: which one quotes a transport header, and errors that wait for their flow.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hashbrown::HashMap;

use super::{Direction, IcmpError, MAX_ICMP_ERRORS, PacketStamp};
use crate::decode::{DecodedPacket, Endpoint, LayerKind, Transport};

/// Most conversations that ICMP errors wait for. An error whose packet is not in the capture waits for ever;
/// in real captures these are few.
const MAX_WAITING: usize = 1024;

/// The ICMP error that quotes `transport`.
pub(super) fn quoting(
    decoded: &DecodedPacket<'_>,
    transport: &Transport,
    packet: PacketStamp,
    about: Direction,
) -> Option<IcmpError> {
    let before = decoded.layers().get(..transport.layer)?;
    let is_icmp = |kind| matches!(kind, LayerKind::Icmp | LayerKind::Icmpv6);
    let at = before.iter().rposition(|layer| is_icmp(layer.kind) && !layer.quoted)?;
    let icmp = before.get(at)?;
    let &[icmp_type, code, ..] = decoded.header(icmp) else { return None };
    let from = before.get(..at)?.iter().rev().find_map(|layer| source(layer.kind, decoded.header(layer)))?;
    Some(IcmpError { packet, from, v6: icmp.kind == LayerKind::Icmpv6, icmp_type, code, about })
}

/// The source address in an IP header.
fn source(kind: LayerKind, header: &[u8]) -> Option<IpAddr> {
    match kind {
        LayerKind::Ipv4 => {
            let octets: [u8; 4] = header.get(12..16)?.try_into().ok()?;
            Some(Ipv4Addr::from(octets).into())
        }
        LayerKind::Ipv6 => {
            let octets: [u8; 16] = header.get(8..24)?.try_into().ok()?;
            Some(Ipv6Addr::from(octets).into())
        }
        _ => None,
    }
}

/// Errors about conversations of which no packet was seen yet, by conversation.
#[derive(Debug, Default)]
pub(super) struct WaitingErrors {
    by_conversation: HashMap<usize, Vec<(Endpoint, IcmpError)>>,
    forgotten: u64,
}

impl WaitingErrors {
    /// Keeps `error` about a packet of `conversation` that `sender` sent.
    pub(super) fn push(&mut self, conversation: Option<usize>, sender: Endpoint, error: IcmpError) {
        // A quoted header that is too short to begin a conversation of its own is about none.
        let Some(known) = conversation else { return };
        if self.by_conversation.len() >= MAX_WAITING && !self.by_conversation.contains_key(&known) {
            self.forgotten = self.forgotten.saturating_add(1);
            return;
        }
        let errors = self.by_conversation.entry(known).or_default();
        // No more of one conversation are kept where its flow is known, either.
        if errors.len() < MAX_ICMP_ERRORS {
            errors.push((sender, error));
        }
    }

    /// The errors that waited for `conversation`, whose flow `orig` began.
    pub(super) fn take(&mut self, conversation: usize, orig: Endpoint) -> Vec<IcmpError> {
        if self.by_conversation.is_empty() {
            return Vec::new();
        }
        let direction = |sender| if sender == orig { Direction::OrigToResp } else { Direction::RespToOrig };
        let waited = self.by_conversation.remove(&conversation).unwrap_or_default();
        waited.into_iter().map(|(sender, error)| IcmpError { about: direction(sender), ..error }).collect()
    }

    /// Errors that were not kept.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error() -> IcmpError {
        let from = Ipv4Addr::LOCALHOST.into();
        let packet = PacketStamp { number: 1, ts: None };
        IcmpError { packet, from, v6: false, icmp_type: 3, code: 3, about: Direction::OrigToResp }
    }

    #[test]
    fn only_errors_without_a_place_are_forgotten() {
        let sender = Endpoint { addr: Ipv4Addr::LOCALHOST.into(), port: 7 };
        let mut waiting = WaitingErrors::default();
        for _ in 0..MAX_ICMP_ERRORS + 3 {
            waiting.push(Some(0), sender, error());
        }
        assert_eq!(waiting.forgotten(), 0, "as many are kept as of a conversation whose flow is known");
        (1..MAX_WAITING).for_each(|conversation| waiting.push(Some(conversation), sender, error()));
        assert_eq!(waiting.forgotten(), 0);
        waiting.push(Some(MAX_WAITING), sender, error());
        waiting.push(None, sender, error());
        waiting.push(Some(1), sender, error());
        assert_eq!(waiting.forgotten(), 1);
        assert_eq!(waiting.take(0, sender).len(), MAX_ICMP_ERRORS);
    }
}
