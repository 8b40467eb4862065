//! Which protocols stand in which, and how many packets have them so.

/// Most places in the tree of protocols. Real captures have some dozens; made-up stacks of tags and tunnels could have
/// a new one in each packet.
pub const MAX_PROTOCOL_PLACES: usize = 4_096;

/// Protocols as they are nested, each counted apart under each that it stands in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hierarchy {
    places: Vec<Place>,
    not_counted: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    name: Box<str>,
    packets: u64,
    bytes: u64,
    first_inside: Option<usize>,
    next_beside: Option<usize>,
}

/// A protocol at one place of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtocolCount<'a> {
    /// How many stand around it.
    pub depth: usize,
    /// Wireshark's name.
    pub name: &'a str,
    /// Packets that have it here.
    pub packets: u64,
    /// Frame bytes on the wire of these packets.
    pub bytes: u64,
}

impl Hierarchy {
    /// Counts a packet of `bytes` on the wire, whose layers are `protocols`: names with colons between, as Wireshark's
    /// `frame.protocols` has them.
    pub fn count(&mut self, protocols: &str, bytes: u64) {
        let mut inside: Option<usize> = None;
        for name in of_their_own(protocols) {
            let Some(at) = self.place(inside, name) else {
                self.not_counted = self.not_counted.saturating_add(1);
                return;
            };
            if let Some(place) = self.places.get_mut(at) {
                place.packets = place.packets.saturating_add(1);
                place.bytes = place.bytes.saturating_add(bytes);
            }
            inside = Some(at);
        }
    }

    /// The place of `name` within that of `inside`, a new one where there is none; `None` once there are too many.
    fn place(&mut self, inside: Option<usize>, name: &str) -> Option<usize> {
        let first = match inside {
            Some(outer) => self.places.get(outer)?.first_inside,
            None => (!self.places.is_empty()).then_some(0),
        };
        let mut last = None;
        let mut next = first;
        while let Some(at) = next {
            let place = self.places.get(at)?;
            if &*place.name == name {
                return Some(at);
            }
            last = Some(at);
            next = place.next_beside;
        }
        let at = self.places.len();
        if at >= MAX_PROTOCOL_PLACES {
            return None;
        }
        if let Some(last) = last {
            self.places.get_mut(last)?.next_beside = Some(at);
        } else if let Some(outer) = inside {
            self.places.get_mut(outer)?.first_inside = Some(at);
        }
        let name = name.into();
        self.places.push(Place { name, packets: 0, bytes: 0, first_inside: None, next_beside: None });
        Some(at)
    }

    /// The tree from its root: what stands in a protocol comes right after it, in the order of the capture.
    #[must_use]
    pub fn counts(&self) -> Vec<ProtocolCount<'_>> {
        let mut list = Vec::with_capacity(self.places.len());
        let mut waiting = vec![(0, 0)];
        while let Some((at, depth)) = waiting.pop() {
            let Some(place) = self.places.get(at) else { continue };
            let Place { name, packets, bytes, .. } = place;
            list.push(ProtocolCount { depth, name, packets: *packets, bytes: *bytes });
            waiting.extend(place.next_beside.map(|next| (next, depth)));
            waiting.extend(place.first_inside.map(|inner| (inner, depth + 1)));
        }
        list
    }

    /// Packets counted in part only, because there were [`MAX_PROTOCOL_PLACES`].
    #[must_use]
    pub fn not_counted(&self) -> u64 {
        self.not_counted
    }
}

/// The names that Wireshark shows as protocols of their own: extension headers and AH stand within IPv6, and of a packet that
/// an ICMP error quotes only what it carries.
fn of_their_own(protocols: &str) -> impl Iterator<Item = &str> {
    let mut is_message = false;
    let mut is_quoted = false;
    let mut is_in_ipv6 = false;
    protocols.split(':').filter(move |name| {
        is_quoted |= is_message && matches!(*name, "ip" | "ipv6");
        is_message = matches!(*name, "icmp" | "icmpv6");
        is_in_ipv6 = *name == "ipv6" || is_in_ipv6 && (name.starts_with("ipv6.") || *name == "ah");
        let is_part = is_in_ipv6 && *name == "ah"
            || name.is_empty()
            || matches!(*name, "ethertype" | "pwethheuristic")
            || name.starts_with("ipv6.");
        let is_header = matches!(*name, "ip" | "ipv6" | "tcp" | "udp" | "icmp" | "icmpv6" | "sctp");
        !(is_part || is_quoted && is_header)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(hierarchy: &Hierarchy) -> Vec<(usize, &str, u64, u64)> {
        hierarchy.counts().iter().map(|row| (row.depth, row.name, row.packets, row.bytes)).collect()
    }

    #[test]
    fn a_protocol_is_counted_under_each_that_it_stands_in() {
        let mut hierarchy = Hierarchy::default();
        for (protocols, bytes) in [
            ("eth:ethertype:ip:tcp", 60),
            ("eth:ethertype:ipv6:ipv6.hopopts:icmpv6", 90),
            ("raw:ip:udp:dns", 70),
            ("eth:ethertype:ip:udp:dns", 80),
            ("eth:ethertype:ip:tcp:http", 500),
        ] {
            hierarchy.count(protocols, bytes);
        }
        let wanted = [
            (0, "eth", 4, 730),
            (1, "ip", 3, 640),
            (2, "tcp", 2, 560),
            (3, "http", 1, 500),
            (2, "udp", 1, 80),
            (3, "dns", 1, 80),
            (1, "ipv6", 1, 90),
            (2, "icmpv6", 1, 90),
            (0, "raw", 1, 70),
            (1, "ip", 1, 70),
            (2, "udp", 1, 70),
            (3, "dns", 1, 70),
        ];
        assert_eq!(shown(&hierarchy), wanted);
    }

    #[test]
    fn a_quoted_packet_is_no_protocol_of_its_own() {
        let mut hierarchy = Hierarchy::default();
        hierarchy.count("eth:ethertype:ip:icmp:ip:udp:data", 96);
        hierarchy.count("eth:ethertype:ip:gre:ip:icmp:data", 96);
        hierarchy.count("ipv6:ipv6.dstopts:ah:tcp", 96);
        hierarchy.count("ip:ah:tcp", 96);
        let names: Vec<&str> = hierarchy.counts().iter().map(|row| row.name).collect();
        assert_eq!(
            names,
            ["eth", "ip", "icmp", "data", "gre", "ip", "icmp", "data", "ipv6", "tcp", "ip", "ah", "tcp"]
        );
    }

    #[test]
    fn places_are_bounded_and_what_is_left_out_is_counted() {
        let mut hierarchy = Hierarchy::default();
        for number in 0..MAX_PROTOCOL_PLACES + 10 {
            hierarchy.count(&format!("p{number}"), 1);
        }
        assert_eq!(hierarchy.counts().len(), MAX_PROTOCOL_PLACES);
        assert_eq!(hierarchy.not_counted(), 10);
        assert_eq!(Hierarchy::default().counts(), []);
    }
}
