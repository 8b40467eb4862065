//! Looking fields up: by name, by protocol, all of them. What there is stands in [`super::names`].

use super::FieldKind;
use super::names::PROTOCOLS;

/// Bits of a [`FieldId`] that number the field within its protocol.
const ROW_BITS: u16 = 9;
const ROWS: u16 = 1 << ROW_BITS;

/// A field: the place of its protocol in the registry, and its own place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(u16);

/// What is known of a field.
#[derive(Clone, Copy, Debug)]
pub struct FieldDef {
    /// Wireshark's name, or one under `wirelab.` for what Wireshark has no field for.
    pub name: &'static str,
    /// Type and notation.
    pub kind: FieldKind,
    /// What it means; of a protocol its full name.
    pub doc: &'static str,
    /// Words for its values, for fields that are codes.
    pub words: Option<fn(u64) -> Option<&'static str>>,
    /// Whether it repeats what another field says, such as `ip.addr` beside `ip.src`: there for filters, and
    /// left out where a person reads the tree.
    pub hidden: bool,
}

/// A protocol and its fields; the first of them stands for the protocol itself.
#[derive(Debug)]
pub struct ProtocolDef {
    /// All fields, at the place that their [`FieldId`] tells.
    pub(super) fields: &'static [FieldDef],
}

impl FieldId {
    /// The field at `row` of the protocol at `protocol`.
    pub(super) const fn new(protocol: u16, row: u16) -> Self {
        assert!(row < ROWS && protocol < u16::MAX >> ROW_BITS, "the identifier has room for it");
        Self(protocol << ROW_BITS | row)
    }

    /// The field called `name`, case included.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|id| id.def().name == name)
    }

    /// All fields, by protocol; each protocol's own comes first.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        (0..).zip(PROTOCOLS).flat_map(|(protocol, def)| {
            (0..).zip(def.fields).map(move |(row, _)| Self(protocol << ROW_BITS | row))
        })
    }

    /// Name, type and meaning.
    #[must_use]
    pub fn def(self) -> &'static FieldDef {
        static NONE: FieldDef =
            FieldDef { name: "", kind: FieldKind::Mark, doc: "", words: None, hidden: false };
        let row = usize::from(self.0 & (ROWS - 1));
        PROTOCOLS.get(self.protocol_index()).and_then(|protocol| protocol.fields.get(row)).unwrap_or(&NONE)
    }

    /// The protocol that the field belongs to.
    #[must_use]
    pub fn protocol(self) -> Self {
        Self(self.0 & !(ROWS - 1))
    }

    /// The place of its protocol in the registry.
    pub(super) fn protocol_index(self) -> usize {
        usize::from(self.0 >> ROW_BITS)
    }

    /// Whether it tells of what a transport carries: without the flows' messages it has no value, or another.
    #[must_use]
    pub fn is_of_payload(self) -> bool {
        let first = super::names::dns::PROTOCOL;
        let is_behind = self.protocol_index() >= first.protocol_index();
        (is_behind && self.protocol() != super::names::wirelab::PROTOCOL)
            || self == super::names::frame::PROTOCOLS
            || self == super::names::tcp::SEGMENT_COUNT
            || self == super::names::tcp::REASSEMBLED_LENGTH
    }

    /// A number of its own, below [`Self::index_end`]: for tables with a slot a field.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// What every [`Self::index`] is below.
    #[must_use]
    pub fn index_end() -> usize {
        PROTOCOLS.len() << ROW_BITS
    }
}

/// A set of fields: those that somebody wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSet {
    fields: Vec<bool>,
    protocols: Vec<bool>,
    whole: bool,
}

impl Default for FieldSet {
    fn default() -> Self {
        Self {
            fields: vec![false; FieldId::index_end()],
            protocols: vec![false; PROTOCOLS.len()],
            whole: false,
        }
    }
}

impl FieldSet {
    /// Every field.
    #[must_use]
    pub fn all() -> Self {
        let mut all: Self = FieldId::all().collect();
        all.whole = true;
        all
    }

    /// Adds a field.
    pub fn insert(&mut self, id: FieldId) {
        if let Some(slot) = self.fields.get_mut(id.index()) {
            *slot = true;
        }
        if let Some(slot) = self.protocols.get_mut(id.protocol_index()) {
            *slot = true;
        }
    }

    /// Whether it holds this field.
    #[inline]
    #[must_use]
    pub fn has(&self, id: FieldId) -> bool {
        self.fields.get(id.index()).copied().unwrap_or(false)
    }

    /// Whether it holds any field of the protocol of `id`.
    #[inline]
    #[must_use]
    pub fn has_any_of(&self, id: FieldId) -> bool {
        self.protocols.get(id.protocol_index()).copied().unwrap_or(false)
    }

    /// Whether it was made as the set of all fields.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.whole
    }
}

impl FromIterator<FieldId> for FieldSet {
    fn from_iter<T: IntoIterator<Item = FieldId>>(ids: T) -> Self {
        let mut set = Self::default();
        ids.into_iter().for_each(|id| set.insert(id));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::tcp;
    use super::*;

    #[test]
    fn every_name_is_there_once_and_found_again() {
        for id in FieldId::all() {
            assert_eq!(FieldId::named(id.def().name), Some(id), "{}", id.def().name);
            assert!(!id.def().doc.is_empty());
        }
        assert_eq!(FieldId::named("tcp.flags.syn"), Some(tcp::FLAGS_SYN));
        assert_eq!(tcp::FLAGS_SYN.protocol().def().name, "tcp");
        assert_eq!(FieldId::named("tcp.nonsense"), None);
    }

    #[test]
    fn only_protocols_are_of_that_type() {
        for id in FieldId::all() {
            assert_eq!(id.def().kind == FieldKind::Protocol, id == id.protocol(), "{}", id.def().name);
        }
    }

    #[test]
    fn fields_of_what_transports_carry_are_told_from_the_others() {
        let is_of_payload = |name| FieldId::named(name).unwrap().is_of_payload();
        for name in ["dns.id", "http.host", "ssdp", "tls", "data.len", "frame.protocols"] {
            assert!(is_of_payload(name), "{name}");
        }
        for name in ["ip.src", "tcp.payload", "udp", "frame.number", "wirelab", "pim", "icmp.type"] {
            assert!(!is_of_payload(name), "{name}");
        }
    }

    #[test]
    fn a_set_knows_its_fields_and_their_protocols() {
        let set: FieldSet = [tcp::FLAGS_SYN].into_iter().collect();
        assert!(set.has(tcp::FLAGS_SYN) && !set.has(tcp::FLAGS_ACK) && set.has_any_of(tcp::FLAGS_ACK));
        assert!(!set.has_any_of(super::super::names::udp::SRCPORT) && !set.is_all());
    }
}
