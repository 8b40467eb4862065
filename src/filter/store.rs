//! The values of one packet that a filter reads, in buffers that are used again for the next.

use super::ast::Part;
use super::check::Read;
use super::program::Source;
use crate::field::{ByteRange, FieldId, FieldKind, FieldSet, FieldSink, Value};

/// Occurrences of one field that are kept: more of them means a packet made to take memory.
const MAX_OCCURRENCES: usize = 65_536;
/// Bytes kept of one packet, all fields together: larger than any packet, a hundred times over.
const MAX_BYTES: usize = 1 << 26;

/// A value as it is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Datum<'a> {
    Unsigned(u64),
    Signed(i64),
    /// A number of a type without sign that a subtraction took below zero, and the bits of that type.
    Below(i64, u32),
    Float(f64),
    /// A point in time or a span.
    Nanos(i128),
    /// Bytes, text, and addresses.
    Bytes(&'a [u8]),
    /// An address of which only the first bits count.
    Network(&'a [u8], u32),
    Mark,
}

/// A value as it is kept.
#[derive(Clone, Copy, Debug)]
enum Item {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Nanos(i128),
    /// From, to, and to where a slice may reach.
    Bytes(usize, usize, usize),
    Mark,
}

#[derive(Debug)]
struct Slot {
    id: FieldId,
    value: bool,
    /// The counter of its protocol's layers, where that matters.
    counter: Option<usize>,
    items: Vec<(i64, Item)>,
}

/// Takes what is wanted and hands it out again.
#[derive(Debug)]
pub(super) struct Store {
    slots: Vec<Slot>,
    /// Slot of each field, plus one.
    places: Vec<usize>,
    /// Protocols whose layers count, and how many there were so far.
    layers: Vec<(FieldId, i64)>,
    bytes: Vec<u8>,
}

impl Store {
    /// A store for these fields, and the set of what it takes.
    pub(super) fn new(reads: &[Read]) -> (Self, FieldSet) {
        let mut store = Self {
            slots: Vec::with_capacity(reads.len()),
            places: vec![0; FieldId::index_end()],
            layers: Vec::new(),
            bytes: Vec::new(),
        };
        let mut wanted = FieldSet::default();
        for read in reads {
            let protocol = read.id.protocol();
            wanted.insert(read.id);
            let counter = read.layer.then(|| {
                wanted.insert(protocol);
                let known = store.layers.iter().position(|(counted, _)| *counted == protocol);
                known.unwrap_or_else(|| {
                    store.layers.push((protocol, 0));
                    store.layers.len() - 1
                })
            });
            store.slots.push(Slot { id: read.id, value: read.value, counter, items: Vec::new() });
            if let Some(place) = store.places.get_mut(read.id.index()) {
                *place = store.slots.len();
            }
        }
        (store, wanted)
    }

    /// Forgets the packet before.
    pub(super) fn clear(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.items.clear());
        self.layers.iter_mut().for_each(|(_, count)| *count = 0);
        self.bytes.clear();
    }

    /// The values of `source`, until one of them is enough; with `sliced` only the bytes that a slice can reach.
    /// Whether one was.
    pub(super) fn each(
        &self,
        source: &Source,
        sliced: bool,
        enough: &mut dyn FnMut(Datum<'_>) -> bool,
    ) -> bool {
        let Some(slot) = self.slots.get(source.slot) else { return false };
        slot.items.iter().any(|(layer, item)| {
            self.in_layers(slot, *layer, &source.layers) && enough(self.datum(*item, sliced))
        })
    }

    pub(super) fn count(&self, source: &Source) -> usize {
        let Some(slot) = self.slots.get(source.slot) else { return 0 };
        slot.items.iter().filter(|(layer, _)| self.in_layers(slot, *layer, &source.layers)).count()
    }

    fn in_layers(&self, slot: &Slot, layer: i64, wanted: &[Part]) -> bool {
        if wanted.is_empty() {
            return true;
        }
        let count = slot.counter.and_then(|counter| self.layers.get(counter)).map_or(0, |(_, count)| *count);
        // -1 is the last layer.
        let place = |number: i64| if number < 0 { count + 1 + number } else { number };
        wanted.iter().any(|part| match *part {
            Part::One(number) => layer == place(number),
            Part::Length(from, len) => (place(from)..place(from).saturating_add(len)).contains(&layer),
            Part::To(from, to) => (place(from)..=place(to)).contains(&layer),
            Part::Rest(from) => layer >= place(from),
        })
    }

    fn datum(&self, item: Item, sliced: bool) -> Datum<'_> {
        match item {
            Item::Unsigned(number) => Datum::Unsigned(number),
            Item::Signed(number) => Datum::Signed(number),
            Item::Float(number) => Datum::Float(number),
            Item::Nanos(nanos) => Datum::Nanos(nanos),
            Item::Bytes(start, end, shown) => {
                Datum::Bytes(self.bytes.get(start..if sliced { shown } else { end }).unwrap_or(&[]))
            }
            Item::Mark => Datum::Mark,
        }
    }

    fn keep(&mut self, bytes: &[u8], shown: usize) -> Item {
        let start = self.bytes.len();
        if start.saturating_add(bytes.len()) > MAX_BYTES {
            return Item::Mark;
        }
        self.bytes.extend_from_slice(bytes);
        let end = self.bytes.len();
        Item::Bytes(start, end, start + shown.min(bytes.len()))
    }
}

impl FieldSink for Store {
    fn field(&mut self, id: FieldId, value: Value<'_>, range: ByteRange) {
        if let Some((_, count)) = self.layers.iter_mut().find(|(protocol, _)| *protocol == id) {
            *count += 1;
        }
        let Some(place) = self.places.get(id.index()).and_then(|place| place.checked_sub(1)) else { return };
        let Some(slot) = self.slots.get(place) else { return };
        if slot.items.len() >= MAX_OCCURRENCES {
            return;
        }
        let item = if slot.value {
            match value {
                Value::Unsigned(number) => Item::Unsigned(number),
                Value::Signed(number) => Item::Signed(number),
                Value::Mac(bytes) => self.keep(&bytes, 6),
                Value::Ipv4(address) => self.keep(&address.octets(), 4),
                Value::Ipv6(address) => self.keep(&address.octets(), 16),
                Value::Time(time) => Item::Nanos(time.as_nanos()),
                Value::Delta(delta) => Item::Nanos(delta.as_nanos()),
                Value::Text(text) => self.keep(text.as_bytes(), text.len()),
                Value::Bytes(bytes) => {
                    // A protocol's slices reach as far as its own line in the tree does, not into what it carries.
                    let own = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
                    let is_protocol = id.def().kind == FieldKind::Protocol;
                    self.keep(bytes, if is_protocol { own } else { bytes.len() })
                }
                Value::Float(number) => Item::Float(number),
                Value::Mark => Item::Mark,
            }
        } else {
            Item::Mark
        };
        if let Some(slot) = self.slots.get_mut(place) {
            let layer =
                slot.counter.and_then(|counter| self.layers.get(counter)).map_or(0, |(_, count)| *count);
            debug_assert!(slot.id == id, "the slot is the field's");
            slot.items.push((layer, item));
        }
    }
}
