//! Types: what may be compared with what, and what constants mean there. Gives the program that packets are asked.

use super::ast::{Expr, ExprKind, Literal, Member, Operator, Part, Quantifier, Relation, Span, Test};
use super::constant::{self, Target};
use super::error::{FilterError, quoted};
use super::hint;
use super::pattern;
use super::program::{Compare, Condition, Constant, Operand, Range, Source};
use super::refusal::is_constant;
use super::types::{comparable, describe, has_bytes, room};
use crate::field::{Base, FieldDef, FieldId, FieldKind};

/// A number that is counted or worked out.
pub(super) const COUNT: FieldKind = FieldKind::Unsigned(32, Base::Ten);

/// An operand and its type.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) operand: Operand,
    pub(super) kind: FieldKind,
    /// Of a field, with the words for its codes.
    pub(super) field: Option<&'static FieldDef>,
    /// Bytes cut out of something: they compare with whatever has bytes.
    pub(super) slice: bool,
}

/// A field that evaluation reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub(super) id: FieldId,
    /// Whether its value counts, and not only that it is there.
    pub(super) value: bool,
    /// Whether it counts in which layer it stands.
    pub(super) layer: bool,
}

/// What a test means, and the fields that it reads, by the slots that sources name.
pub(super) fn check(text: &str, test: &Test) -> Result<(Condition, Vec<Read>), FilterError> {
    let mut checker = Checker { text, reads: Vec::new() };
    let condition = checker.condition(test)?;
    Ok((condition, checker.reads))
}

pub(super) struct Checker<'t> {
    text: &'t str,
    reads: Vec<Read>,
}

impl<'t> Checker<'t> {
    pub(super) fn written(&self, span: &Span) -> &'t str {
        self.text.get(span.clone()).unwrap_or("")
    }

    fn conditions(&mut self, tests: &[Test]) -> Result<Vec<Condition>, FilterError> {
        tests.iter().map(|test| self.condition(test)).collect()
    }

    fn condition(&mut self, test: &Test) -> Result<Condition, FilterError> {
        Ok(match test {
            Test::And(tests) => Condition::And(self.conditions(tests)?),
            Test::Or(tests) => Condition::Or(self.conditions(tests)?),
            Test::Xor(tests) => Condition::Xor(self.conditions(tests)?),
            Test::Not(test) => Condition::Not(Box::new(self.condition(test)?)),
            Test::Bare(expr) => self.bare(expr)?,
            Test::Chain { quantifier, first, rest } => self.chain(*quantifier, first, rest)?,
            Test::In { quantifier, value, negated, set } => self.member(*quantifier, value, *negated, set)?,
        })
    }

    fn bare(&mut self, expr: &Expr) -> Result<Condition, FilterError> {
        match &expr.kind {
            ExprKind::Field { id, layers } => Ok(Condition::Present(self.source(*id, layers, false))),
            ExprKind::Slice(..) => Ok(Condition::HasValue(self.operand(expr, None)?.operand)),
            ExprKind::Binary(..) | ExprKind::Negate(_) => {
                Ok(Condition::NonZero(self.operand(expr, None)?.operand))
            }
            ExprKind::Call(function, _) => {
                let name = function.name();
                Err(FilterError::new(expr.span.clone(), format!("{name}(…) is a value, not a condition"))
                    .expecting(format!("a comparison, such as {} > 0", quoted(self.written(&expr.span)))))
            }
            ExprKind::Literal(Literal::Word(word)) => Err(hint::no_field(word, expr.span.clone())),
            ExprKind::Literal(_) => {
                Err(FilterError::new(expr.span.clone(), "a string alone is no condition")
                    .expecting("a condition, such as tcp or ip.ttl < 10")
                    .hinting(format!("to look for it: frame contains {}", quoted(self.written(&expr.span)))))
            }
        }
    }

    fn chain(
        &mut self,
        quantifier: Option<Quantifier>,
        first: &Expr,
        rest: &[(Relation, Expr)],
    ) -> Result<Condition, FilterError> {
        let mut left = first;
        let mut links = Vec::new();
        for (relation, right) in rest {
            links.push(self.link(quantifier, left, *relation, right)?);
            left = right;
        }
        if links.len() == 1
            && let Some(only) = links.pop()
        {
            return Ok(only);
        }
        Ok(Condition::And(links))
    }

    fn link(
        &mut self,
        quantifier: Option<Quantifier>,
        left: &Expr,
        relation: Relation,
        right: &Expr,
    ) -> Result<Condition, FilterError> {
        self.not_constant(left, relation.sign(), Some(right))?;
        let typed = self.operand(left, None)?;
        let all = |default: bool| quantifier.map_or(default, |quantifier| quantifier == Quantifier::All);
        let (compare, by_default) = match relation {
            Relation::Contains => return self.contains(all(false), left, typed, right),
            Relation::Matches => {
                self.searchable(&typed, left, relation)?;
                let pattern = pattern::compile(right, self.written(&right.span))?;
                return Ok(Condition::Matches { all: all(false), left: typed.operand, pattern });
            }
            Relation::Equal => (Compare::Equal, false),
            Relation::AllEqual => (Compare::Equal, true),
            Relation::NotEqual => (Compare::NotEqual, true),
            Relation::AnyNotEqual => (Compare::NotEqual, false),
            Relation::Greater => (Compare::Greater, false),
            Relation::GreaterEqual => (Compare::GreaterEqual, false),
            Relation::Less => (Compare::Less, false),
            Relation::LessEqual => (Compare::LessEqual, false),
        };
        let right = self.against(left, &typed, right)?;
        Ok(Condition::Compare { all: all(by_default), compare, left: typed.operand, right })
    }

    /// The right side of a comparison, of a type that goes with the left's.
    fn against(&mut self, left: &Expr, typed: &Typed, right: &Expr) -> Result<Operand, FilterError> {
        if typed.kind == FieldKind::Mark {
            let name = quoted(self.written(&left.span));
            return Err(FilterError::new(
                left.span.clone(),
                format!("{name} has no value, it is only there or not"),
            )
            .hinting(format!("write {name} alone")));
        }
        let target = Target { kind: typed.kind, field: typed.field, name: self.written(&left.span) };
        let other = self.operand(right, Some(target))?;
        if comparable(typed, &other) {
            return Ok(other.operand);
        }
        let (a, b) = (quoted(self.written(&left.span)), quoted(self.written(&right.span)));
        let error = FilterError::new(
            right.span.clone(),
            format!("{a} is {}, {b} is {}: not comparable", describe(typed.kind), describe(other.kind)),
        );
        Err(match (&right.kind, typed.kind) {
            (ExprKind::Field { .. }, FieldKind::Text) => {
                error.hinting(format!("for the string itself: \"{b}\""))
            }
            (ExprKind::Field { .. }, FieldKind::Bytes | FieldKind::Protocol)
                if b.bytes().all(|c| c.is_ascii_hexdigit()) =>
            {
                error.hinting(format!("{b} is a protocol's name, too; for the bytes: :{b}"))
            }
            _ => error,
        })
    }

    fn contains(
        &mut self,
        all: bool,
        left: &Expr,
        typed: Typed,
        right: &Expr,
    ) -> Result<Condition, FilterError> {
        self.searchable(&typed, left, Relation::Contains)?;
        // Bytes contain no bytes at all, texts and protocols do not: so in Wireshark.
        let empty = typed.slice || typed.kind == FieldKind::Bytes;
        let right = match &right.kind {
            ExprKind::Literal(literal) if typed.kind == FieldKind::Mac => self.part(left, literal, right)?,
            _ => self.against(left, &typed, right)?,
        };
        Ok(Condition::Contains { all, empty, left: typed.operand, right })
    }

    /// What an Ethernet address may contain: a part of it is no address.
    fn part(&self, left: &Expr, literal: &Literal, right: &Expr) -> Result<Operand, FilterError> {
        let bytes = match literal {
            Literal::Word(word) => constant::bytes(word),
            _ => None,
        };
        bytes.map(|bytes| Operand::Constant(Constant::Bytes(bytes))).ok_or_else(|| {
            let name = quoted(self.written(&left.span));
            let shown = quoted(self.written(&right.span).trim_matches('"'));
            FilterError::new(right.span.clone(), format!("{name} cannot contain \"{shown}\""))
                .expecting("bytes in hexadecimal, such as 00:1b")
        })
    }

    fn member(
        &mut self,
        quantifier: Option<Quantifier>,
        value: &Expr,
        negated: bool,
        set: &[Member],
    ) -> Result<Condition, FilterError> {
        self.not_constant(value, "in", None)?;
        let ExprKind::Field { .. } = value.kind else {
            return Err(FilterError::new(value.span.clone(), "only a field can stand left of \"in\"")
                .expecting("a field, such as tcp.dstport in {80, 443}")
                .hinting("compare with each value and join with ||"));
        };
        let left = self.operand(value, None)?;
        let mut ranges = Vec::with_capacity(set.len());
        for member in set {
            ranges.push(match member {
                Member::One(one) => Range { low: self.against(value, &left, one)?, high: None },
                Member::Range(low, high) => {
                    let low = self.against(value, &left, low)?;
                    Range { low, high: Some(self.against(value, &left, high)?) }
                }
            });
        }
        let all = quantifier == Some(Quantifier::All);
        Ok(Condition::In { all, negated, left: left.operand, set: ranges })
    }

    pub(super) fn source(&mut self, id: FieldId, layers: &[Part], value: bool) -> Source {
        let layer = !layers.is_empty();
        let slot = self.reads.iter().position(|read| read.id == id).unwrap_or(self.reads.len());
        match self.reads.get_mut(slot) {
            Some(read) => (read.value, read.layer) = (read.value || value, read.layer || layer),
            None => self.reads.push(Read { id, value, layer }),
        }
        Source { slot, layers: layers.to_vec() }
    }

    /// A value; a constant needs a `target` to have a type.
    pub(super) fn operand(&mut self, expr: &Expr, target: Option<Target<'_>>) -> Result<Typed, FilterError> {
        match &expr.kind {
            ExprKind::Field { id, layers } => {
                let operand = Operand::Field(self.source(*id, layers, true));
                let field = id.def();
                Ok(Typed { operand, kind: field.kind, field: Some(field), slice: false })
            }
            ExprKind::Literal(literal) => {
                let Some(target) = target else { return Err(self.no_type(expr)) };
                let constant = constant::value(literal, &expr.span, target)
                    .map_err(|error| self.maybe_a_field(error, literal))?;
                let operand = Operand::Constant(constant);
                Ok(Typed { operand, kind: target.kind, field: None, slice: target.kind == FieldKind::Bytes })
            }
            ExprKind::Slice(inner, parts) => self.slice(inner, parts),
            ExprKind::Call(function, arguments) => self.call(*function, arguments, &expr.span),
            ExprKind::Binary(operator, left, right) => self.binary(*operator, left, right, target),
            ExprKind::Negate(inner) => {
                let typed = self.operand(inner, target)?;
                let bits = room(typed.kind).filter(|_| typed.kind != FieldKind::Boolean);
                let bits = bits.ok_or_else(|| self.cannot("-", inner, typed.kind))?;
                Ok(Typed { operand: Operand::Negate(bits, Box::new(typed.operand)), slice: false, ..typed })
            }
        }
    }

    fn slice(&mut self, inner: &Expr, parts: &[Part]) -> Result<Typed, FilterError> {
        let typed = self.operand(inner, None)?;
        if !typed.slice && !has_bytes(typed.kind) {
            let name = quoted(self.written(&inner.span));
            return Err(FilterError::new(
                inner.span.clone(),
                format!("{name} is {}, which cannot be sliced", describe(typed.kind)),
            )
            .expecting("a protocol, bytes, a string or an address")
            .hinting("the bytes of a header are those of its protocol: tcp[0:2]"));
        }
        let operand = Operand::Slice(Box::new(typed.operand), parts.to_vec());
        Ok(Typed { operand, kind: FieldKind::Bytes, field: None, slice: true })
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Expr,
        right: &Expr,
        target: Option<Target<'_>>,
    ) -> Result<Typed, FilterError> {
        let sides = if is_constant(left) && !is_constant(right) {
            let typed = self.operand(right, target)?;
            self.calculable(operator, right, typed.kind)?;
            let own = Target { kind: typed.kind, field: typed.field, name: self.written(&right.span) };
            let other = self.operand(left, Some(own))?;
            (other, typed)
        } else {
            let typed = self.operand(left, target)?;
            self.calculable(operator, left, typed.kind)?;
            let own = Target { kind: typed.kind, field: typed.field, name: self.written(&left.span) };
            let own = if is_constant(left) { target.unwrap_or(own) } else { own };
            let other = self.operand(right, Some(own))?;
            (typed, other)
        };
        let (first, second) = sides;
        let kind = if is_constant(left) { second.kind } else { first.kind };
        if !comparable(&first, &second) {
            return Err(self
                .cannot(operator.sign(), right, second.kind)
                .hinting(format!("its left side is {}", describe(kind))));
        }
        let bits = room(kind).unwrap_or(0);
        let slice = first.slice || second.slice;
        let operand = Operand::Binary(operator, bits, Box::new(first.operand), Box::new(second.operand));
        Ok(Typed { operand, kind, field: first.field.or(second.field), slice })
    }
}
