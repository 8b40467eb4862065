//! Functions: what they take and give.

use super::ast::{Expr, ExprKind, Function, Span};
use super::check::{COUNT, Checker, Typed};
use super::constant::Target;
use super::error::{FilterError, quoted};
use super::program::{Operand, Written};
use super::types::{comparable, describe, room};
use crate::field::FieldKind;

/// How `string()` writes values of this type; `None` where it does not.
pub(super) fn written(kind: FieldKind) -> Option<Written> {
    Some(match kind {
        FieldKind::Unsigned(..) | FieldKind::Signed(_) | FieldKind::PacketNumber => Written::Decimal,
        FieldKind::Float => Written::Float,
        FieldKind::Mac => Written::Mac,
        FieldKind::Ipv4 => Written::Ipv4,
        FieldKind::Ipv6 => Written::Ipv6,
        _ => return None,
    })
}

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        function: Function,
        arguments: &[Expr],
        span: &Span,
    ) -> Result<Typed, FilterError> {
        let name = function.name();
        let Some((first, others)) = arguments.split_first() else {
            return Err(FilterError::new(span.clone(), format!("{name}() needs something to work on"))
                .expecting(format!("{name}({})", example(function))));
        };
        if matches!(function, Function::Max | Function::Min) {
            return self.extreme(function, first, others);
        }
        if let Some(second) = others.first() {
            return Err(FilterError::new(second.span.clone(), format!("{name}() takes one argument only"))
                .expecting(format!("{name}({})", example(function))));
        }
        if function != Function::Abs && !matches!(first.kind, ExprKind::Field { .. }) {
            return Err(self.wrong(function, first, "not a field"));
        }
        let typed = self.operand(first, None)?;
        let result = |operand, kind| Typed { operand, kind, field: None, slice: false };
        let call = |operand| Operand::Call(function, vec![operand]);
        match function {
            Function::Len => Ok(result(Operand::Len(Box::new(typed.operand), width(typed.kind)), COUNT)),
            Function::Count => Ok(result(call(typed.operand), COUNT)),
            Function::Lower | Function::Upper if typed.kind == FieldKind::Text => {
                Ok(result(call(typed.operand), FieldKind::Text))
            }
            Function::Abs if room(typed.kind).is_some() => {
                Ok(Typed { operand: call(typed.operand), slice: false, ..typed })
            }
            Function::String => match written(typed.kind) {
                Some(how) => Ok(result(Operand::Written(Box::new(typed.operand), how), FieldKind::Text)),
                None => Err(self.wrong(function, first, describe(typed.kind))),
            },
            _ => Err(self.wrong(function, first, describe(typed.kind))),
        }
    }

    fn wrong(&self, function: Function, argument: &Expr, is: &str) -> FilterError {
        let (name, shown) = (function.name(), quoted(self.text_of(argument)));
        let takes = match function {
            Function::Lower | Function::Upper => "a field that is a string",
            Function::String => "a field that is a number or an address",
            Function::Abs => "a number",
            _ => "a field",
        };
        FilterError::new(argument.span.clone(), format!("{name}() cannot work on {shown}, which is {is}"))
            .expecting(format!("{takes}, as in {name}({})", example(function)))
    }

    fn text_of(&self, expr: &Expr) -> &str {
        self.written(&expr.span)
    }

    /// `max` and `min`: the first argument gives the type of all.
    fn extreme(&mut self, function: Function, first: &Expr, others: &[Expr]) -> Result<Typed, FilterError> {
        let name = function.name();
        let typed = self.operand(first, None)?;
        if matches!(typed.kind, FieldKind::Mark | FieldKind::Protocol) {
            return Err(self.wrong(function, first, describe(typed.kind)));
        }
        let (kind, field, slice) = (typed.kind, typed.field, typed.slice);
        let shown = self.written(&first.span);
        let mut operands = vec![];
        for other in others {
            let argument = self.operand(other, Some(Target { kind, field, name: shown }))?;
            if !comparable(&typed, &argument) {
                return Err(FilterError::new(
                    other.span.clone(),
                    format!(
                        "{name}() needs one type: {} is {}, this is {}",
                        quoted(shown),
                        describe(kind),
                        describe(argument.kind)
                    ),
                ));
            }
            operands.push(argument.operand);
        }
        operands.insert(0, typed.operand);
        Ok(Typed { operand: Operand::Call(function, operands), kind, field, slice })
    }
}

/// Bytes of a number's type; `None` of what has its own length.
fn width(kind: FieldKind) -> Option<u64> {
    match kind {
        FieldKind::Unsigned(bits, _) | FieldKind::Signed(bits) => Some(u64::from(bits / 8)),
        FieldKind::PacketNumber => Some(4),
        FieldKind::Boolean => Some(8),
        FieldKind::Time(_) | FieldKind::Span => Some(16),
        FieldKind::Mark => Some(0),
        _ => None,
    }
}

const fn example(function: Function) -> &'static str {
    match function {
        Function::Len => "udp.payload",
        Function::Count => "ip.src",
        Function::Lower | Function::Upper => "frame.protocols",
        Function::String => "frame.number",
        Function::Max | Function::Min => "tcp.srcport, tcp.dstport",
        Function::Abs => "tcp.len - 100",
    }
}
