//! Calculating with values. As in Wireshark, a number without sign may fall below zero by subtraction and then has a
//! sign, and where one of each kind meet, the left side says how the bits of the right are read.

use super::ast::Operator;
use super::eval::Enough;
use super::store::Datum;

/// Calculates in so many bits, by the type of the left side. There is no value where the result has no room in them,
/// or something is divided by 0.
pub(super) fn calculate(
    operator: Operator,
    bits: u32,
    a: Datum<'_>,
    b: Datum<'_>,
    enough: Enough<'_>,
) -> bool {
    match (a, b) {
        (Datum::Unsigned(a), Datum::Unsigned(b)) if operator == Operator::Subtract && a < b => {
            let below = 0_i64.checked_sub_unsigned(b - a).filter(|result| has_room(*result, bits));
            below.is_some_and(|result| enough(Datum::Below(result, bits)))
        }
        (Datum::Unsigned(a), Datum::Unsigned(b)) => {
            let result = match operator {
                Operator::And => Some(a & b),
                Operator::Add => a.checked_add(b),
                Operator::Subtract => a.checked_sub(b),
                Operator::Multiply => a.checked_mul(b),
                Operator::Divide => a.checked_div(b),
                Operator::Modulo => a.checked_rem(b),
            };
            let most = u64::MAX >> 64_u32.saturating_sub(bits);
            result.filter(|result| *result <= most).is_some_and(|result| enough(Datum::Unsigned(result)))
        }
        (Datum::Unsigned(_), Datum::Below(b, _)) => {
            calculate(operator, bits, a, Datum::Unsigned(unsigned(b, bits)), enough)
        }
        (Datum::Below(..), Datum::Unsigned(b)) => {
            calculate(operator, bits, a, Datum::Below(signed(b, bits), bits), enough)
        }
        (Datum::Below(a, _), Datum::Below(b, _)) => {
            with_sign(operator, bits, a, b).is_some_and(|result| enough(Datum::Below(result, bits)))
        }
        (Datum::Signed(a), Datum::Signed(b)) => {
            with_sign(operator, bits, a, b).is_some_and(|result| enough(Datum::Signed(result)))
        }
        (Datum::Float(a), Datum::Float(b)) => match operator {
            Operator::Add => enough(Datum::Float(a + b)),
            Operator::Subtract => enough(Datum::Float(a - b)),
            Operator::Multiply => enough(Datum::Float(a * b)),
            Operator::Divide if b != 0.0 => enough(Datum::Float(a / b)),
            _ => false,
        },
        (Datum::Nanos(a), Datum::Nanos(b)) => match operator {
            Operator::Add => enough(Datum::Nanos(a.saturating_add(b))),
            Operator::Subtract => enough(Datum::Nanos(a.saturating_sub(b))),
            _ => false,
        },
        (Datum::Bytes(a), Datum::Bytes(b)) if operator == Operator::And && a.len() == b.len() => {
            let both: Vec<u8> = a.iter().zip(b).map(|(a, b)| a & b).collect();
            enough(Datum::Bytes(&both))
        }
        _ => false,
    }
}

/// Calculates with a sign.
fn with_sign(operator: Operator, bits: u32, a: i64, b: i64) -> Option<i64> {
    let result = match operator {
        Operator::And => Some(a & b),
        Operator::Add => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        Operator::Divide => a.checked_div(b),
        Operator::Modulo => a.checked_rem(b),
    };
    result.filter(|result| has_room(*result, bits))
}

/// Whether so many bits, one of them the sign, are enough.
pub(super) fn has_room(number: i64, bits: u32) -> bool {
    signed(number.cast_unsigned(), bits) == number
}

/// The bits of a number as one without sign.
fn unsigned(number: i64, bits: u32) -> u64 {
    number.cast_unsigned() & u64::MAX >> 64_u32.saturating_sub(bits)
}

/// The bits of a number as one with a sign.
fn signed(number: u64, bits: u32) -> i64 {
    let unused = 64_u32.saturating_sub(bits);
    (number << unused).cast_signed() >> unused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(a: Datum<'_>, operator: Operator, b: Datum<'_>) -> Option<String> {
        let mut told = None;
        calculate(operator, 32, a, b, &mut |value| {
            told = Some(format!("{value:?}"));
            true
        });
        told
    }

    #[test]
    fn below_zero_there_is_a_sign() {
        use Datum::{Below, Unsigned};
        use Operator::{Add, Multiply, Subtract};
        let told = |text: &str| Some(text.to_owned());
        assert_eq!(result(Unsigned(5), Subtract, Unsigned(3)), told("Unsigned(2)"));
        assert_eq!(result(Unsigned(3), Subtract, Unsigned(5)), told("Below(-2, 32)"));
        assert_eq!(result(Below(-2, 32), Add, Unsigned(9)), told("Below(7, 32)"));
        assert_eq!(result(Below(-2, 32), Multiply, Unsigned(3)), told("Below(-6, 32)"));
        assert_eq!(result(Unsigned(0), Add, Below(-2, 32)), told("Unsigned(4294967294)"));
    }

    #[test]
    fn what_has_no_room_has_no_value() {
        use Datum::{Below, Unsigned};
        use Operator::{Add, Divide, Multiply, Subtract};
        assert_eq!(result(Unsigned(1), Add, Below(-1, 32)), None);
        assert_eq!(result(Unsigned(u64::from(u32::MAX)), Add, Unsigned(1)), None);
        assert_eq!(result(Unsigned(0), Subtract, Unsigned(0x8000_0001)), None);
        assert_eq!(result(Below(i64::from(i32::MIN), 32), Subtract, Unsigned(1)), None);
        assert_eq!(result(Below(i64::from(i32::MIN), 32), Divide, Below(-1, 32)), None);
        assert_eq!(result(Unsigned(0x1_0000), Multiply, Unsigned(0x1_0000)), None);
        assert_eq!(result(Unsigned(1), Divide, Unsigned(0)), None);
        assert_eq!(result(Datum::Float(1.0), Divide, Datum::Float(0.0)), None);
    }
}
