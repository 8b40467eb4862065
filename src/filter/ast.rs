//! A filter as it was written, names looked up, constants still text.

use std::ops::Range;

use crate::field::FieldId;

/// Bytes of the filter's text.
pub(super) type Span = Range<usize>;

/// True or false of a packet.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    And(Vec<Test>),
    Or(Vec<Test>),
    Xor(Vec<Test>),
    Not(Box<Test>),
    /// A field's presence, or whether something worked out is not zero.
    Bare(Expr),
    /// `a < b`, `a < b < c`.
    Chain {
        quantifier: Option<Quantifier>,
        first: Expr,
        rest: Vec<(Relation, Expr)>,
    },
    /// `a in {…}`.
    In {
        quantifier: Option<Quantifier>,
        value: Expr,
        negated: bool,
        set: Vec<Member>,
    },
}

/// How many of the occurrences have to be as told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    Any,
    All,
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    AllEqual,
    NotEqual,
    AnyNotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Contains,
    Matches,
}

/// What a set holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Member {
    One(Expr),
    Range(Expr, Expr),
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expr {
    pub(super) kind: ExprKind,
    pub(super) span: Span,
    /// Levels of values inside values, itself included: capped, for checking and evaluating recurse.
    pub(super) height: usize,
}

/// The kinds of values.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ExprKind {
    Field { id: FieldId, layers: Vec<Part> },
    Literal(Literal),
    Slice(Box<Expr>, Vec<Part>),
    Call(Function, Vec<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    Negate(Box<Expr>),
}

/// A constant before it is known what type it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    /// Not quoted: a number, an address, bytes, a word.
    Word(String),
    /// In double quotes, escapes resolved.
    Quoted(Vec<u8>),
    /// In single quotes.
    Char(u8),
}

/// A part of a slice, or a range of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// `[i]`
    One(i64),
    /// `[i:j]`: from `i`, `j` of them.
    Length(i64, i64),
    /// `[i-j]`: both included.
    To(i64, i64),
    /// `[i:]`
    Rest(i64),
}

/// Arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    And,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// Functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Len,
    Count,
    Lower,
    Upper,
    String,
    Max,
    Min,
    Abs,
}

impl Function {
    pub(super) const NAMES: &[(&str, Self)] = &[
        ("len", Self::Len),
        ("count", Self::Count),
        ("lower", Self::Lower),
        ("upper", Self::Upper),
        ("string", Self::String),
        ("max", Self::Max),
        ("min", Self::Min),
        ("abs", Self::Abs),
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
    }

    pub(super) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, function)| *function == self).map_or("", |(name, _)| name)
    }
}

impl Operator {
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::And => "&",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
        }
    }
}

impl Relation {
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::AllEqual => "===",
            Self::NotEqual => "!=",
            Self::AnyNotEqual => "!==",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Contains => "contains",
            Self::Matches => "matches",
        }
    }
}
