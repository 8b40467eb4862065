//! The fields of one packet as a tree, gathered from the emission: what the detail view, the labelled hex dump and
//! the JSON of tshark's shape are written from.

mod detail;

pub use detail::PacketDetails;

use std::ops::Range;
use std::rc::Rc;

use crate::decode::DecodedPacket;
use crate::field::{
    self, ByteRange, FieldDef, FieldId, FieldKind, FieldSet, FieldSink, PacketContext, Value,
};
use crate::source::CapturedPacket;

/// Most fields kept of one packet. The largest frame that a savefile may hold (256 KiB) has no more options than
/// half of this; a hostile one does not get further.
const MAX_NODES: usize = 1 << 17;

/// Most bytes of values kept of one packet: the largest frame's payload some ten times as hexadecimal digits.
const MAX_TEXT: usize = 8 << 20;

/// How deep fields stand under fields; real trees stay under ten. It bounds the recursion of whoever walks the tree.
const MAX_DEPTH: usize = 64;

/// How a field's value is written into the tree.
pub(in crate::render) type WriteValue = fn(&Value<'_>, &FieldDef, &mut String);

/// One occurrence of a field.
#[derive(Clone, Debug)]
pub(in crate::render) struct Node {
    pub(in crate::render) id: FieldId,
    /// The place of the field it stands under.
    pub(in crate::render) parent: Option<usize>,
    /// How many fields it stands under.
    pub(in crate::render) depth: usize,
    /// The first place behind all that stands under it.
    pub(in crate::render) end: usize,
    pub(in crate::render) range: ByteRange,
    /// The number it holds, where it is one.
    pub(in crate::render) number: Option<u64>,
    text: Range<usize>,
}

/// The fields of the packet at hand, in the order they were emitted; its buffers are reused.
#[derive(Debug)]
pub(in crate::render) struct FieldTree {
    nodes: Vec<Node>,
    text: String,
    write_value: WriteValue,
    all: Rc<FieldSet>,
    open: Vec<usize>,
    /// Fields that were opened and have no place of their own to stand under.
    unplaced: usize,
    left_out: u64,
}

impl FieldTree {
    /// An empty tree whose values are written by `write_value`.
    pub(in crate::render) fn new(write_value: WriteValue) -> Self {
        Self {
            nodes: Vec::new(),
            text: String::new(),
            write_value,
            all: Rc::new(FieldSet::all()),
            open: Vec::new(),
            unplaced: 0,
            left_out: 0,
        }
    }

    /// Gathers the fields of a packet, instead of those gathered before.
    pub(in crate::render) fn gather(
        &mut self,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        context: &PacketContext<'_>,
    ) {
        self.nodes.clear();
        self.text.clear();
        self.open.clear();
        self.unplaced = 0;
        self.left_out = 0;
        // The emission asks it while it fills the tree.
        let all = Rc::clone(&self.all);
        field::emit(packet, decoded, context, &all, self);
    }

    /// All fields.
    pub(in crate::render) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The field at `place`.
    pub(in crate::render) fn node(&self, place: usize) -> Option<&Node> {
        self.nodes.get(place)
    }

    /// A field's value as it was written.
    pub(in crate::render) fn text(&self, node: &Node) -> &str {
        self.text.get(node.text.clone()).unwrap_or_default()
    }

    /// The places of the fields directly under the one at `parent`, or of the outermost ones.
    pub(in crate::render) fn children(&self, parent: Option<usize>) -> impl Iterator<Item = usize> + '_ {
        let (mut next, end) = match parent {
            None => (0, self.nodes.len()),
            Some(place) => (place + 1, self.nodes.get(place).map_or(0, |node| node.end)),
        };
        std::iter::from_fn(move || {
            let place = next;
            next = self.nodes.get(place).filter(|_| place < end)?.end;
            Some(place)
        })
    }

    /// Whether fields stand under this one.
    pub(in crate::render) fn has_children(&self, place: usize) -> bool {
        self.nodes.get(place).is_some_and(|node| node.end > place + 1)
    }

    /// How many fields found no room.
    pub(in crate::render) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Adds a field and tells its place; `None` where there is no room.
    fn push(&mut self, id: FieldId, value: &Value<'_>, range: ByteRange) -> Option<usize> {
        let place = self.nodes.len();
        if self.left_out > 0 || place >= MAX_NODES || self.text.len() >= MAX_TEXT {
            self.left_out += 1;
            return None;
        }
        let start = self.text.len();
        let def = id.def();
        if def.kind != FieldKind::Protocol {
            (self.write_value)(value, def, &mut self.text);
        }
        let number = match *value {
            Value::Unsigned(number) => Some(number),
            Value::Signed(number) => u64::try_from(number).ok(),
            _ => None,
        };
        self.nodes.push(Node {
            id,
            parent: self.open.last().copied(),
            depth: self.open.len(),
            end: place + 1,
            range,
            number,
            text: start..self.text.len(),
        });
        Some(place)
    }
}

impl FieldSink for FieldTree {
    fn field(&mut self, id: FieldId, value: Value<'_>, range: ByteRange) {
        self.push(id, &value, range);
    }

    fn open(&mut self, id: FieldId, value: Value<'_>, range: ByteRange) {
        match self.push(id, &value, range) {
            Some(place) if self.unplaced == 0 && self.open.len() < MAX_DEPTH => self.open.push(place),
            _ => self.unplaced += 1,
        }
    }

    fn close(&mut self) {
        if let Some(left) = self.unplaced.checked_sub(1) {
            self.unplaced = left;
            return;
        }
        let end = self.nodes.len();
        if let Some(node) = self.open.pop().and_then(|place| self.nodes.get_mut(place)) {
            node.end = end;
        }
    }
}

/// `places` with those of the same key side by side, the keys in the order they first came: several occurrences of a
/// field become one entry of an object.
pub(in crate::render) fn side_by_side<K: Ord + Copy>(
    mut places: Vec<usize>,
    key: impl Fn(usize) -> K,
) -> Vec<(K, Vec<usize>)> {
    // Stable, so that within a key the order stays.
    places.sort_by_key(|&place| key(place));
    let mut groups: Vec<(K, Vec<usize>)> = Vec::new();
    for place in places {
        let own = key(place);
        match groups.last_mut() {
            Some((last, group)) if *last == own => group.push(place),
            _ => groups.push((own, vec![place])),
        }
    }
    groups.sort_by_key(|(_, group)| group.first().copied());
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::names::{frame, ip, tcp};

    fn tree() -> FieldTree {
        FieldTree::new(|value, def, out| value.write(def.kind, out).unwrap())
    }

    fn open(tree: &mut FieldTree, id: FieldId) {
        tree.open(id, Value::Unsigned(1), ByteRange::default());
    }

    fn field(tree: &mut FieldTree, id: FieldId, value: u64) {
        tree.field(id, Value::Unsigned(value), ByteRange::default());
    }

    #[test]
    fn what_is_opened_holds_what_comes_until_it_is_closed() {
        let mut tree = tree();
        open(&mut tree, ip::PROTOCOL);
        field(&mut tree, ip::TTL, 64);
        open(&mut tree, ip::FLAGS);
        field(&mut tree, ip::FLAGS_DF, 1);
        tree.close();
        field(&mut tree, ip::PROTO, 6);
        tree.close();
        open(&mut tree, tcp::PROTOCOL);
        tree.close();
        let children = |parent| tree.children(parent).collect::<Vec<_>>();
        assert_eq!(children(None), [0, 5]);
        assert_eq!(children(Some(0)), [1, 2, 4]);
        assert_eq!(children(Some(2)), [3]);
        assert!(children(Some(5)).is_empty() && !tree.has_children(5) && tree.has_children(2));
        assert_eq!(tree.text(tree.node(1).unwrap()), "64");
        assert_eq!(tree.node(3).map(|node| (node.depth, node.parent)), Some((2, Some(2))));
    }

    #[test]
    fn a_hostile_tree_stays_within_its_limits_and_in_balance() {
        let mut tree = tree();
        for _ in 0..MAX_DEPTH * 2 {
            open(&mut tree, ip::FLAGS);
        }
        (0..MAX_DEPTH * 2).for_each(|_| tree.close());
        assert!(tree.nodes().iter().all(|node| node.depth <= MAX_DEPTH));
        open(&mut tree, frame::PROTOCOL);
        (0..MAX_NODES).for_each(|_| field(&mut tree, ip::TTL, 1));
        open(&mut tree, tcp::PROTOCOL);
        tree.close();
        tree.close();
        assert_eq!(tree.nodes().len(), MAX_NODES);
        assert_eq!(tree.children(None).count(), 2);
        assert_eq!(tree.left_out(), u64::try_from(MAX_DEPTH * 2 + 2).unwrap());
    }

    #[test]
    fn the_same_key_comes_together_where_it_first_came() {
        let keys = ['b', 'a', 'b', 'c', 'a'];
        let groups = side_by_side((0..keys.len()).collect(), |place| keys[place]);
        assert_eq!(groups, [('b', vec![0, 2]), ('a', vec![1, 4]), ('c', vec![3])]);
    }
}
