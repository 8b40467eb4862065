//! A filter that was checked: types agree, constants have values. This is what is asked of each packet.

use regex::bytes::Regex;

use super::ast::{Function, Operator, Part};

/// A condition.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// Of an empty filter.
    Always,
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Xor(Vec<Condition>),
    Not(Box<Condition>),
    /// The field occurs, in one of these layers where there are any.
    Present(Source),
    /// It has a value at all.
    HasValue(Operand),
    /// What is worked out is not zero.
    NonZero(Operand),
    /// `left` and `right` compare so for any or all pairs of values; false where either has none.
    Compare {
        all: bool,
        compare: Compare,
        left: Operand,
        right: Operand,
    },
    /// Any or all values of `left` contain any of `right`.
    Contains {
        all: bool,
        /// Whether no bytes at all are in every value.
        empty: bool,
        left: Operand,
        right: Operand,
    },
    /// Any or all values of `left` match.
    Matches {
        all: bool,
        left: Operand,
        pattern: Regex,
    },
    /// Any or all values of `left` are in the set.
    In {
        all: bool,
        negated: bool,
        left: Operand,
        set: Vec<Range>,
    },
}

/// An order that two values can be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
}

/// From `low` to `high`, or the one value.
#[derive(Clone, Debug)]
pub(super) struct Range {
    pub(super) low: Operand,
    pub(super) high: Option<Operand>,
}

/// Where a field's values are found.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Its place in the store.
    pub(super) slot: usize,
    /// Only in these layers; any where there are none.
    pub(super) layers: Vec<Part>,
}

/// Something that has values for a packet.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Field(Source),
    Constant(Constant),
    Slice(Box<Operand>, Vec<Part>),
    /// Bytes of a value; of a number those of its type.
    Len(Box<Operand>, Option<u64>),
    Call(Function, Vec<Operand>),
    /// With the bits that the result has room for.
    Binary(Operator, u32, Box<Operand>, Box<Operand>),
    Negate(u32, Box<Operand>),
    /// The text of an operand's value.
    Written(Box<Operand>, Written),
}

/// How `string()` writes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Decimal,
    Float,
    Mac,
    Ipv4,
    Ipv6,
}

/// A constant with its type's value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Constant {
    Unsigned(u64),
    Signed(i64),
    /// A number of a type without sign that is below zero, and the bits of that type.
    Below(i64, u32),
    Float(f64),
    /// A point in time or a span.
    Nanos(i128),
    Bytes(Vec<u8>),
    /// An address of which only the first bits count.
    Network(Vec<u8>, u32),
}
