//! Tokens to a tree. Recursive descent; depth is capped, and the operators that repeat are lists, so that no filter
//! can exhaust the stack, here or in what walks the tree later.

use super::ast::{Expr, ExprKind, Function, Literal, Member, Operator, Quantifier, Relation, Span, Test};
use super::error::{FilterError, quoted};
use super::hint;
use super::lexer::{Kind, Token};
use crate::field::FieldId;

/// Most parentheses, `not`s, braces and functions inside each other, and values inside values. People write three or
/// four; 100 levels stay far within a thread's stack.
pub(super) const MAX_DEPTH: usize = 100;

const VALUE: &str = "a field or a value";
const CONDITION: &str = "a condition, such as tcp or ip.ttl < 10";

/// The tree of `tokens`, the tokens of `text`; `None` of an empty filter.
pub(super) fn parse(text: &str, tokens: &[Token<'_>]) -> Result<Option<Test>, FilterError> {
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser { text, tokens, at: 0, depth: 0 };
    let test = parser.any_of()?;
    match parser.peek() {
        None => Ok(Some(test)),
        Some(_) => Err(parser.leftover()),
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token<'t>],
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Kind<'t>> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    /// Where the next token stands; the end of the filter after the last.
    fn span(&self) -> Span {
        self.tokens.get(self.at).map_or(self.text.len()..self.text.len(), |token| token.span.clone())
    }

    /// Where the token before stands.
    fn last_span(&self) -> Span {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0..0, |token| token.span.clone())
    }

    fn written(&self, span: Span) -> &'t str {
        self.text.get(span).unwrap_or("")
    }

    fn take(&mut self, kind: &Kind<'_>) -> bool {
        let found = self.peek() == Some(kind);
        self.at += usize::from(found);
        found
    }

    fn deeper(&mut self) -> Result<(), FilterError> {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            return Ok(());
        }
        let message = format!("the filter is nested more than {MAX_DEPTH} levels deep here");
        let error = FilterError::new(self.span(), message);
        Err(match self.peek() {
            Some(Kind::Open) => {
                error.hinting("conditions joined with && or || need no parentheses around each")
            }
            _ => error,
        })
    }

    fn missing(&self, expected: &str) -> FilterError {
        let span = self.span();
        let error = match self.peek() {
            None => {
                let last = quoted(self.written(self.last_span()));
                let message = if last.is_empty() {
                    "the filter ends here".to_owned()
                } else {
                    format!("the filter ends after \"{last}\", something is missing")
                };
                FilterError::new(span, message)
            }
            Some(_) => {
                let written = self.written(span.clone());
                let error = FilterError::new(span, format!("\"{}\" cannot stand here", quoted(written)));
                if matches!(self.peek(), Some(Kind::Open)) && expected == VALUE {
                    error.hinting("parentheses group conditions, braces group values: {tcp.len + 1} * 2")
                } else {
                    error
                }
            }
        };
        error.expecting(expected)
    }

    /// The error for a token that does not belong to the condition before it.
    fn leftover(&self) -> FilterError {
        let written = self.written(self.span());
        let before = self.written(self.last_span());
        let error = FilterError::new(self.span(), format!("\"{}\" cannot stand here", quoted(written)));
        match self.peek() {
            Some(Kind::Close) => error.hinting("there is no ( that this one closes"),
            Some(Kind::Relation(_) | Kind::Operator(_) | Kind::In) if before == ")" => {
                error.hinting("parentheses group conditions, braces group values: {tcp.len + 1} == 5")
            }
            Some(Kind::Word(word)) => {
                let error = error.expecting("&& (and), || (or), or the end of the filter");
                let lower = word.to_ascii_lowercase();
                if matches!(&*lower, "and" | "or" | "not" | "xor" | "in" | "eq" | "contains" | "matches")
                    && lower != *word
                {
                    return error.hinting(format!("operators are in lower case: {lower}"));
                }
                error
            }
            Some(Kind::Layers(_)) => error.hinting("the layer comes first: eth.src#1[0:3]"),
            _ => error.expecting("&& (and), || (or), or the end of the filter"),
        }
    }

    fn list(
        &mut self,
        sign: &Kind<'_>,
        one: fn(&mut Self) -> Result<Test, FilterError>,
        all: fn(Vec<Test>) -> Test,
    ) -> Result<Test, FilterError> {
        let first = one(self)?;
        if self.peek() != Some(sign) {
            return Ok(first);
        }
        let mut tests = vec![first];
        while self.take(sign) {
            tests.push(one(self)?);
        }
        Ok(all(tests))
    }

    fn any_of(&mut self) -> Result<Test, FilterError> {
        self.list(&Kind::Or, Self::odd_of, Test::Or)
    }

    fn odd_of(&mut self) -> Result<Test, FilterError> {
        self.list(&Kind::Xor, Self::all_of, Test::Xor)
    }

    fn all_of(&mut self) -> Result<Test, FilterError> {
        self.list(&Kind::And, Self::condition, Test::And)
    }

    fn condition(&mut self) -> Result<Test, FilterError> {
        self.deeper()?;
        let test = if self.take(&Kind::Not) {
            Test::Not(Box::new(self.condition()?))
        } else if self.peek() == Some(&Kind::Open) {
            let open = self.span();
            self.at += 1;
            let test = self.any_of()?;
            if !self.take(&Kind::Close) {
                return Err(match self.peek() {
                    None => {
                        FilterError::new(open, "this parenthesis is never closed").expecting("a closing )")
                    }
                    Some(_) => self.leftover(),
                });
            }
            test
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(test)
    }

    fn comparison(&mut self) -> Result<Test, FilterError> {
        let quantifier = match self.peek() {
            Some(Kind::Quantifier(quantifier)) => {
                self.at += 1;
                Some(*quantifier)
            }
            _ => None,
        };
        let first = if quantifier.is_some() { self.value(VALUE)? } else { self.value(CONDITION)? };
        let negated = matches!(
            (self.peek(), self.tokens.get(self.at + 1).map(|token| &token.kind)),
            (Some(Kind::Not), Some(Kind::In))
        );
        if negated || self.peek() == Some(&Kind::In) {
            self.at += 1 + usize::from(negated);
            let set = self.set()?;
            return Ok(Test::In { quantifier, value: first, negated, set });
        }
        let mut rest = Vec::new();
        while let Some(Kind::Relation(relation)) = self.peek() {
            self.at += 1;
            rest.push((*relation, self.operand(*relation)?));
        }
        match (rest.is_empty(), quantifier) {
            (true, None) => Ok(Test::Bare(first)),
            (true, Some(quantifier)) => {
                let word = if quantifier == Quantifier::Any { "any" } else { "all" };
                Err(self
                    .missing("a comparison")
                    .hinting(format!("\"{word}\" goes before a comparison: {word} ip.ttl > 5")))
            }
            (false, _) => Ok(Test::Chain { quantifier, first, rest }),
        }
    }

    /// The right side of a comparison.
    fn operand(&mut self, relation: Relation) -> Result<Expr, FilterError> {
        match relation {
            Relation::Matches => self.value("a pattern in double quotes"),
            _ => self.value(VALUE),
        }
    }

    fn set(&mut self) -> Result<Vec<Member>, FilterError> {
        const SET: &str = "a set in braces, as in {80, 443, 8000..8100}";
        if !self.take(&Kind::OpenBrace) {
            return Err(self.missing(SET));
        }
        let mut members = Vec::new();
        loop {
            if self.peek() == Some(&Kind::CloseBrace) {
                let message = if members.is_empty() {
                    "this set is empty"
                } else {
                    "a value is missing after the comma"
                };
                return Err(FilterError::new(self.span(), message).expecting(SET));
            }
            let low = self.value(VALUE)?;
            members.push(if self.take(&Kind::Dots) {
                Member::Range(low, self.value("the last value of the range")?)
            } else {
                Member::One(low)
            });
            if self.take(&Kind::CloseBrace) {
                return Ok(members);
            }
            if !self.take(&Kind::Comma) {
                return Err(self.missing("a comma and the next value, or a closing }"));
            }
        }
    }

    fn value(&mut self, expected: &'static str) -> Result<Expr, FilterError> {
        self.binary(0, expected)
    }

    /// `&` binds least, then `+ -`, then `* / %`; all from left to right.
    fn binary(&mut self, level: usize, expected: &'static str) -> Result<Expr, FilterError> {
        const LEVELS: [&[Operator]; 3] = [
            &[Operator::And],
            &[Operator::Add, Operator::Subtract],
            &[Operator::Multiply, Operator::Divide, Operator::Modulo],
        ];
        let Some(operators) = LEVELS.get(level) else { return self.unary(expected) };
        let mut left = self.binary(level + 1, expected)?;
        while let Some(Kind::Operator(operator)) = self.peek() {
            if !operators.contains(operator) {
                break;
            }
            self.at += 1;
            let right = self.binary(level + 1, VALUE)?;
            let span = left.span.start..right.span.end;
            let height = left.height.max(right.height);
            left = node(ExprKind::Binary(*operator, Box::new(left), Box::new(right)), span, height)?;
        }
        Ok(left)
    }

    fn unary(&mut self, expected: &'static str) -> Result<Expr, FilterError> {
        let start = self.span();
        match self.peek() {
            Some(Kind::Operator(Operator::Subtract)) => {
                self.at += 1;
                self.deeper()?;
                let inner = self.unary(VALUE)?;
                self.depth -= 1;
                let (span, height) = (start.start..inner.span.end, inner.height);
                node(ExprKind::Negate(Box::new(inner)), span, height)
            }
            Some(Kind::Operator(Operator::Add)) => {
                self.at += 1;
                self.deeper()?;
                let inner = self.unary(VALUE);
                self.depth -= 1;
                inner
            }
            Some(Kind::OpenBrace) => {
                self.at += 1;
                self.deeper()?;
                let inner = self.value(VALUE)?;
                self.depth -= 1;
                if !self.take(&Kind::CloseBrace) {
                    return Err(match self.peek() {
                        None => {
                            FilterError::new(start, "this brace is never closed").expecting("a closing }")
                        }
                        Some(Kind::Comma | Kind::Dots) => self
                            .missing("a closing }")
                            .hinting("a set of values stands behind \"in\": tcp.dstport in {80, 443}"),
                        Some(_) => self.missing("a closing }"),
                    });
                }
                Ok(inner)
            }
            _ => self.sliced(expected),
        }
    }

    fn sliced(&mut self, expected: &'static str) -> Result<Expr, FilterError> {
        let mut value = self.atom(expected)?;
        while let Some(Kind::Brackets(parts)) = self.peek() {
            let span = value.span.start..self.span().end;
            self.at += 1;
            let height = value.height;
            value = node(ExprKind::Slice(Box::new(value), parts.clone()), span, height)?;
        }
        Ok(value)
    }

    fn atom(&mut self, expected: &'static str) -> Result<Expr, FilterError> {
        let span = self.span();
        let literal = match self.peek() {
            Some(Kind::Word(word)) => {
                self.at += 1;
                if self.peek() == Some(&Kind::Open) && span.end == self.span().start {
                    return self.call(word, span);
                }
                match FieldId::named(word) {
                    Some(id) => return self.field(id, span),
                    None => Literal::Word((*word).to_owned()),
                }
            }
            Some(Kind::FieldName(name)) => {
                let id = FieldId::named(name).ok_or_else(|| hint::no_field(name, span.clone()))?;
                self.at += 1;
                return self.field(id, span);
            }
            Some(Kind::Constant(text)) => {
                self.at += 1;
                Literal::Word((*text).to_owned())
            }
            Some(Kind::Quoted(bytes)) => {
                self.at += 1;
                Literal::Quoted(bytes.clone())
            }
            Some(Kind::Char(byte)) => {
                self.at += 1;
                Literal::Char(*byte)
            }
            _ => return Err(self.missing(expected)),
        };
        if let Some(Kind::Layers(_)) = self.peek() {
            return Err(FilterError::new(self.span(), "only a field can be followed by # and a layer"));
        }
        node(ExprKind::Literal(literal), span, 0)
    }

    fn field(&mut self, id: FieldId, mut span: Span) -> Result<Expr, FilterError> {
        let mut layers = Vec::new();
        if let Some(Kind::Layers(parts)) = self.peek() {
            span.end = self.span().end;
            self.at += 1;
            layers.clone_from(parts);
        }
        node(ExprKind::Field { id, layers }, span, 0)
    }

    fn call(&mut self, name: &str, span: Span) -> Result<Expr, FilterError> {
        let Some(function) = Function::named(name) else { return Err(hint::no_function(name, span)) };
        self.at += 1;
        self.deeper()?;
        let mut arguments = Vec::new();
        let mut height = 0;
        if !self.take(&Kind::Close) {
            loop {
                let argument = self.value(VALUE)?;
                height = height.max(argument.height);
                arguments.push(argument);
                if self.take(&Kind::Close) {
                    break;
                }
                if !self.take(&Kind::Comma) {
                    return Err(self.missing("a comma and the next argument, or a closing )"));
                }
            }
        }
        self.depth -= 1;
        let span = span.start..self.last_span().end;
        node(ExprKind::Call(function, arguments), span, height)
    }
}

/// A value around others of this height.
fn node(kind: ExprKind, span: Span, height: usize) -> Result<Expr, FilterError> {
    if height >= MAX_DEPTH {
        let message = format!("this value takes more than {MAX_DEPTH} steps to work out");
        return Err(FilterError::new(span.end.saturating_sub(1)..span.end, message));
    }
    Ok(Expr { kind, span, height: height + 1 })
}
