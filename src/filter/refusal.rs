//! What the checker refuses, and what it says of that.

use super::ast::{Expr, ExprKind, Literal, Operator, Relation};
use super::check::{Checker, Typed};
use super::error::{FilterError, quoted};
use super::hint;
use super::types::describe;
use crate::field::FieldKind;

impl Checker<'_> {
    /// Refuses a constant on the left of an operator, as Wireshark 4.0 does.
    pub(super) fn not_constant(
        &self,
        left: &Expr,
        sign: &str,
        right: Option<&Expr>,
    ) -> Result<(), FilterError> {
        if !is_constant(left) {
            return Ok(());
        }
        if let Some(error) = meant_a_field(left) {
            return Err(error);
        }
        if let ExprKind::Literal(Literal::Word(word)) = &left.kind
            && word.starts_with(|c: char| c.is_ascii_alphabetic())
            && !word.contains(':')
        {
            return Err(hint::no_field(word, left.span.clone()));
        }
        let shown = quoted(self.written(&left.span));
        let error = FilterError::new(
            left.span.clone(),
            format!("\"{shown}\" is a constant, which cannot stand left of \"{sign}\""),
        )
        .expecting("a field, a slice or a function of one");
        let turned = match sign {
            "<" => ">",
            "<=" => ">=",
            ">" => "<",
            ">=" => "<=",
            "==" | "!=" | "===" | "!==" => sign,
            _ => return Err(error),
        };
        Err(match right.filter(|right| !is_constant(right)) {
            Some(right) => error
                .hinting(format!("turn it round: {} {turned} {shown}", quoted(self.written(&right.span)))),
            None => error,
        })
    }

    /// Whether a text or bytes can be searched for in it.
    pub(super) fn searchable(
        &self,
        typed: &Typed,
        left: &Expr,
        relation: Relation,
    ) -> Result<(), FilterError> {
        let fits = typed.slice
            || matches!(
                typed.kind,
                FieldKind::Text | FieldKind::Bytes | FieldKind::Protocol | FieldKind::Mac
            );
        if fits {
            return Ok(());
        }
        let name = quoted(self.written(&left.span));
        let sign = relation.sign();
        let error = FilterError::new(
            left.span.clone(),
            format!("{name} is {}, in which \"{sign}\" cannot search", describe(typed.kind)),
        )
        .expecting("a string, bytes, a protocol or a slice");
        let written = super::function::written(typed.kind).is_some();
        Err(if written {
            error.hinting(format!("as a string: string({name}) {sign} \"…\""))
        } else {
            error
        })
    }

    pub(super) fn no_type(&self, expr: &Expr) -> FilterError {
        if let Some(error) = meant_a_field(expr) {
            return error;
        }
        let shown = quoted(self.written(&expr.span));
        FilterError::new(expr.span.clone(), format!("\"{shown}\" is a constant, where there must be a field"))
            .expecting("a field, such as tcp.len")
    }

    /// A word that is no value may be a mistyped field.
    pub(super) fn maybe_a_field(&self, error: FilterError, literal: &Literal) -> FilterError {
        match literal {
            Literal::Word(word)
                if error.hints().is_empty()
                    && word.contains('.')
                    && word.starts_with(|c: char| c.is_ascii_alphabetic()) =>
            {
                hint::near_field(error, word)
            }
            _ => error,
        }
    }

    /// Whether the operator takes values of this type.
    pub(super) fn calculable(
        &self,
        operator: Operator,
        expr: &Expr,
        kind: FieldKind,
    ) -> Result<(), FilterError> {
        let allowed = match kind {
            FieldKind::Unsigned(..) | FieldKind::Signed(_) | FieldKind::PacketNumber => true,
            FieldKind::Float => !matches!(operator, Operator::And | Operator::Modulo),
            FieldKind::Span => matches!(operator, Operator::Add | Operator::Subtract),
            FieldKind::Bytes | FieldKind::Mac | FieldKind::Ipv4 | FieldKind::Ipv6 => {
                operator == Operator::And
            }
            _ => false,
        };
        if allowed { Ok(()) } else { Err(self.cannot(operator.sign(), expr, kind)) }
    }

    pub(super) fn cannot(&self, sign: &str, expr: &Expr, kind: FieldKind) -> FilterError {
        let name = quoted(self.written(&expr.span));
        FilterError::new(
            expr.span.clone(),
            format!("{name} is {}, with which \"{sign}\" cannot calculate", describe(kind)),
        )
        .expecting(if sign == "&" { "a number, an address or bytes" } else { "a number" })
    }
}

pub(super) fn is_constant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) => true,
        ExprKind::Negate(inner) => is_constant(inner),
        ExprKind::Binary(_, left, right) => is_constant(left) && is_constant(right),
        _ => false,
    }
}

/// The error for a constant that is, or is worked out from, the name of a field that there is not.
fn meant_a_field(expr: &Expr) -> Option<FilterError> {
    match &expr.kind {
        ExprKind::Literal(Literal::Word(word)) if hint::names_a_protocol(word) => {
            Some(hint::no_field(word, expr.span.clone()))
        }
        ExprKind::Negate(inner) => meant_a_field(inner),
        ExprKind::Binary(_, left, right) => meant_a_field(left).or_else(|| meant_a_field(right)),
        _ => None,
    }
}
