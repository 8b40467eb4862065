//! Asking a packet.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::io::Write as _;

use super::arithmetic::{calculate, has_room};
use super::ast::{Function, Operator, Part};
use super::program::{Compare, Condition, Constant, Operand, Range, Written};
use super::store::{Datum, Store};

/// What is called with each value; true ends the walk.
pub(super) type Enough<'f> = &'f mut dyn FnMut(Datum<'_>) -> bool;

/// Whether the packet in `store` is as `condition` says.
pub(super) fn holds(condition: &Condition, store: &Store) -> bool {
    match condition {
        Condition::Always => true,
        Condition::And(all) => all.iter().all(|one| holds(one, store)),
        Condition::Or(all) => all.iter().any(|one| holds(one, store)),
        Condition::Xor(all) => all.iter().filter(|one| holds(one, store)).count() % 2 == 1,
        Condition::Not(inner) => !holds(inner, store),
        Condition::Present(source) => store.each(source, false, &mut |_| true),
        Condition::HasValue(operand) => each(operand, store, &mut |_| true),
        Condition::NonZero(operand) => each(operand, store, &mut |value| !is_zero(value)),
        Condition::Compare { all, compare, left, right } => {
            pairs(*all, left, right, store, |a, b| compares(*compare, a, b))
        }
        Condition::Contains { all, empty, left, right } => {
            pairs(*all, left, right, store, |a, b| Some(contains(a, b, *empty)))
        }
        Condition::Matches { all, left, pattern } => quantified(
            *all,
            left,
            store,
            |value| matches!(value, Datum::Bytes(bytes) if pattern.is_match(bytes)),
        ),
        Condition::In { all, negated: false, left, set } => {
            quantified(*all, left, store, |value| is_in(value, set, store))
        }
        Condition::In { negated: true, left, set, .. } => {
            !each(left, store, &mut |value| is_in(value, set, store))
        }
    }
}

/// Whether any, or each, of the values passes; false where there is none.
fn quantified(all: bool, left: &Operand, store: &Store, test: impl Fn(Datum<'_>) -> bool) -> bool {
    let mut seen = false;
    let stopped = each(left, store, &mut |value| {
        seen = true;
        test(value) != all
    });
    if all { seen && !stopped } else { stopped }
}

/// Whether any, or each, pair of a left and a right value passes; false where there is none. A pair that the test
/// says nothing of neither passes nor fails, as in Wireshark.
fn pairs(
    all: bool,
    left: &Operand,
    right: &Operand,
    store: &Store,
    test: impl Fn(Datum<'_>, Datum<'_>) -> Option<bool>,
) -> bool {
    let mut seen = false;
    let stopped = each(left, store, &mut |a| {
        each(right, store, &mut |b| {
            seen = true;
            test(a, b) == Some(!all)
        })
    });
    if all { seen && !stopped } else { stopped }
}

fn is_in(value: Datum<'_>, set: &[Range], store: &Store) -> bool {
    set.iter().any(|range| match &range.high {
        None => each(&range.low, store, &mut |one| compares(Compare::Equal, value, one) == Some(true)),
        Some(high) => {
            each(&range.low, store, &mut |low| compares(Compare::GreaterEqual, value, low) == Some(true))
                && each(high, store, &mut |high| compares(Compare::LessEqual, value, high) == Some(true))
        }
    })
}

/// `None` where the two cannot be held against each other.
fn compares(compare: Compare, a: Datum<'_>, b: Datum<'_>) -> Option<bool> {
    let order = order(a, b)?;
    Some(match compare {
        Compare::Equal => order.is_eq(),
        Compare::NotEqual => order.is_ne(),
        Compare::Greater => order.is_gt(),
        Compare::GreaterEqual => order.is_ge(),
        Compare::Less => order.is_lt(),
        Compare::LessEqual => order.is_le(),
    })
}

fn order(a: Datum<'_>, b: Datum<'_>) -> Option<Ordering> {
    Some(match (a, b) {
        (Datum::Unsigned(a), Datum::Unsigned(b)) => a.cmp(&b),
        (Datum::Signed(a), Datum::Signed(b)) => a.cmp(&b),
        // The right side is told as the type of the left has it, if it can be.
        (Datum::Unsigned(a), Datum::Below(b, _)) => a.cmp(&u64::try_from(b).ok()?),
        (Datum::Below(a, bits), Datum::Unsigned(b)) => {
            a.cmp(&i64::try_from(b).ok().filter(|b| has_room(*b, bits))?)
        }
        (Datum::Below(a, _), Datum::Below(b, _)) => a.cmp(&b),
        (Datum::Float(a), Datum::Float(b)) => return a.partial_cmp(&b),
        (Datum::Nanos(a), Datum::Nanos(b)) => a.cmp(&b),
        (Datum::Bytes(a), Datum::Bytes(b)) => a.cmp(b),
        (Datum::Bytes(a) | Datum::Network(a, _), Datum::Network(b, bits))
        | (Datum::Network(a, bits), Datum::Bytes(b)) => masked(a, bits).cmp(masked(b, bits)),
        _ => return None,
    })
}

/// The bytes of an address with all but the first bits cleared.
fn masked(address: &[u8], bits: u32) -> impl Iterator<Item = u8> {
    (0_u32..).zip(address).map(move |(place, byte)| {
        let kept = bits.saturating_sub(place * 8).min(8);
        byte & u8::try_from(0xff00_u32 >> kept & 0xff).unwrap_or(0)
    })
}

/// Whether `b` is in `a`; `empty` says whether nothing is.
fn contains(a: Datum<'_>, b: Datum<'_>, empty: bool) -> bool {
    match (a, b) {
        (Datum::Bytes(_), Datum::Bytes([])) => empty,
        (Datum::Bytes(a), Datum::Bytes(b)) => memchr::memmem::find(a, b).is_some(),
        _ => false,
    }
}

fn is_zero(value: Datum<'_>) -> bool {
    match value {
        Datum::Unsigned(number) => number == 0,
        Datum::Signed(number) | Datum::Below(number, _) => number == 0,
        Datum::Float(number) => number == 0.0,
        Datum::Nanos(nanos) => nanos == 0,
        Datum::Bytes(bytes) | Datum::Network(bytes, _) => bytes.iter().all(|byte| *byte == 0),
        Datum::Mark => true,
    }
}

/// The values of an operand, until one is enough. Whether one was.
fn each(operand: &Operand, store: &Store, enough: Enough<'_>) -> bool {
    match operand {
        Operand::Field(source) => store.each(source, false, enough),
        Operand::Constant(constant) => enough(constant.datum()),
        Operand::Slice(inner, parts) => each_shown(inner, store, &mut |value| match value {
            Datum::Bytes(bytes) => slice(bytes, parts, enough),
            _ => false,
        }),
        Operand::Len(inner, width) => each_shown(inner, store, &mut |value| match (value, width) {
            (Datum::Bytes(bytes), _) => {
                enough(Datum::Unsigned(u64::try_from(bytes.len()).unwrap_or(u64::MAX)))
            }
            (_, Some(width)) => enough(Datum::Unsigned(*width)),
            _ => false,
        }),
        Operand::Call(function, arguments) => call(*function, arguments, store, enough),
        Operand::Binary(operator, bits, left, right) => {
            each(left, store, &mut |a| each(right, store, &mut |b| calculate(*operator, *bits, a, b, enough)))
        }
        Operand::Negate(bits, inner) => each(inner, store, &mut |value| {
            let zero = match value {
                Datum::Unsigned(_) => Datum::Unsigned(0),
                Datum::Below(_, bits) => Datum::Below(0, bits),
                Datum::Signed(_) => Datum::Signed(0),
                Datum::Float(_) => Datum::Float(0.0),
                _ => Datum::Nanos(0),
            };
            calculate(Operator::Subtract, *bits, zero, value, enough)
        }),
        Operand::Written(inner, how) => each(inner, store, &mut |value| write(value, *how, enough)),
    }
}

/// As [`each`], with a protocol only as far as slices of it reach.
fn each_shown(operand: &Operand, store: &Store, enough: Enough<'_>) -> bool {
    match operand {
        Operand::Field(source) => store.each(source, true, enough),
        _ => each(operand, store, enough),
    }
}

impl Constant {
    fn datum(&self) -> Datum<'_> {
        match self {
            Self::Unsigned(number) => Datum::Unsigned(*number),
            Self::Signed(number) => Datum::Signed(*number),
            Self::Below(number, bits) => Datum::Below(*number, *bits),
            Self::Float(number) => Datum::Float(*number),
            Self::Nanos(nanos) => Datum::Nanos(*nanos),
            Self::Bytes(bytes) => Datum::Bytes(bytes),
            Self::Network(bytes, bits) => Datum::Network(bytes, *bits),
        }
    }

    /// A copy of a value that was lent.
    fn of(value: Datum<'_>) -> Option<Self> {
        Some(match value {
            Datum::Unsigned(number) => Self::Unsigned(number),
            Datum::Signed(number) => Self::Signed(number),
            Datum::Below(number, bits) => Self::Below(number, bits),
            Datum::Float(number) => Self::Float(number),
            Datum::Nanos(nanos) => Self::Nanos(nanos),
            Datum::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            Datum::Network(bytes, bits) => Self::Network(bytes.to_vec(), bits),
            Datum::Mark => return None,
        })
    }
}

/// A slice that reaches beyond the end has no value.
fn slice(bytes: &[u8], parts: &[Part], enough: Enough<'_>) -> bool {
    if let [only] = parts {
        return cut(bytes, *only).is_some_and(|bytes| enough(Datum::Bytes(bytes)));
    }
    let mut joined = Vec::new();
    for part in parts {
        let Some(bytes) = cut(bytes, *part) else { return false };
        joined.extend_from_slice(bytes);
    }
    enough(Datum::Bytes(&joined))
}

fn cut(bytes: &[u8], part: Part) -> Option<&[u8]> {
    let len = i64::try_from(bytes.len()).ok()?;
    let place = |offset: i64| if offset < 0 { len + offset } else { offset };
    let (from, to) = match part {
        Part::One(at) => (place(at), place(at) + 1),
        Part::Length(from, len) => (place(from), place(from) + len),
        Part::To(from, to) => (place(from), place(to) + 1),
        Part::Rest(from) => (place(from), len),
    };
    let bytes = bytes.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)?;
    (!bytes.is_empty()).then_some(bytes)
}

fn call(function: Function, arguments: &[Operand], store: &Store, enough: Enough<'_>) -> bool {
    let Some(first) = arguments.first() else { return false };
    match function {
        Function::Count => {
            let Operand::Field(source) = first else { return false };
            let count = u64::try_from(store.count(source)).unwrap_or(u64::MAX);
            // Of a field that is not there nothing is counted: no value, not 0.
            count > 0 && enough(Datum::Unsigned(count))
        }
        Function::Lower | Function::Upper => each(first, store, &mut |value| {
            let Datum::Bytes(bytes) = value else { return false };
            let changed = if function == Function::Lower {
                bytes.to_ascii_lowercase()
            } else {
                bytes.to_ascii_uppercase()
            };
            enough(Datum::Bytes(&changed))
        }),
        Function::Max | Function::Min => extreme(function, arguments, store, enough),
        Function::Abs => each(first, store, &mut |value| match value {
            Datum::Unsigned(_) => enough(value),
            Datum::Below(number, bits) => enough(Datum::Below(number.saturating_abs(), bits)),
            Datum::Float(number) => enough(Datum::Float(number.abs())),
            Datum::Signed(number) => enough(Datum::Signed(number.saturating_abs())),
            Datum::Nanos(nanos) => enough(Datum::Nanos(nanos.saturating_abs())),
            _ => false,
        }),
        // Checked into operands of their own.
        Function::Len | Function::String => false,
    }
}

fn extreme(function: Function, arguments: &[Operand], store: &Store, enough: Enough<'_>) -> bool {
    // What the best so far is to a better one.
    let worse = if function == Function::Max { Ordering::Less } else { Ordering::Greater };
    let mut best: Option<Constant> = None;
    for argument in arguments {
        each(argument, store, &mut |value| {
            let better = best.as_ref().is_none_or(|best| order(best.datum(), value) == Some(worse));
            if better {
                best = Constant::of(value);
            }
            false
        });
    }
    best.is_some_and(|best| enough(best.datum()))
}

/// A value's text, as `string()` writes it.
fn write(value: Datum<'_>, how: Written, enough: Enough<'_>) -> bool {
    // Room for the longest, an IPv6 address.
    let mut buffer = [0; 48];
    let room = buffer.len();
    let mut rest = buffer.as_mut_slice();
    let written = match (value, how) {
        (Datum::Unsigned(number), _) => write!(rest, "{number}").is_ok(),
        (Datum::Signed(number) | Datum::Below(number, _), _) => write!(rest, "{number}").is_ok(),
        (Datum::Float(number), _) => write!(rest, "{number}").is_ok(),
        (Datum::Bytes(bytes), Written::Ipv4) => bytes
            .first_chunk::<4>()
            .is_some_and(|octets| write!(rest, "{}", std::net::Ipv4Addr::from(*octets)).is_ok()),
        (Datum::Bytes(bytes), Written::Ipv6) => {
            let mut text = String::new();
            let value = bytes.first_chunk::<16>().map(|octets| crate::field::Value::Ipv6((*octets).into()));
            let kind = crate::field::FieldKind::Ipv6;
            value.is_some_and(|value| {
                value.write(kind, &mut text).is_ok() && rest.write_all(text.as_bytes()).is_ok()
            })
        }
        (Datum::Bytes(bytes), _) => {
            let mut text = String::new();
            for (place, byte) in bytes.iter().enumerate() {
                // A String takes whatever is written to it.
                let _ = write!(text, "{}{byte:02x}", if place > 0 { ":" } else { "" });
            }
            rest.write_all(text.as_bytes()).is_ok()
        }
        _ => false,
    };
    let len = room - rest.len();
    written && buffer.get(..len).is_some_and(|text| enough(Datum::Bytes(text)))
}
