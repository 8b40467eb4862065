//! What may have been meant by a filter that cannot be read.

use std::net::IpAddr;

use super::ast::{Function, Relation, Span};
use super::error::{FilterError, quoted};
use super::foreign;
use super::lexer::{Kind, Token};
use crate::field::FieldId;
use crate::suggest;

/// Longest name that is compared with others: a field's has some 60 characters at most.
const MAX_NAME: usize = 80;

/// What to say of a name that is no field's: the message, and hints, a line each.
#[must_use]
pub fn unknown_name(name: &str) -> (String, Vec<String>) {
    let hints = about(name).unwrap_or_else(|| vec!["`wirelab fields` lists the names".to_owned()]);
    (format!("\"{}\" is not a field or protocol", quoted(name)), hints)
}

/// The error for a name that is no field's.
pub(super) fn no_field(name: &str, span: Span) -> FilterError {
    let (message, hints) = unknown_name(name);
    FilterError::new(span, message).instead(hints)
}

/// Adds the fields whose names are like `name`, or what else is known of it.
pub(super) fn near_field(error: FilterError, name: &str) -> FilterError {
    about(name).into_iter().flatten().fold(error, FilterError::hinting)
}

/// What is known of a name that is no field's.
fn about(name: &str) -> Option<Vec<String>> {
    if name.len() > MAX_NAME {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    if let Some((field, rest)) = split_minus(name) {
        return Some(vec![format!("a minus needs a space before it: {field} -{rest}")]);
    }
    let names = FieldId::all().map(|id| id.def().name);
    if names.clone().any(|known| known == lower) {
        return Some(vec![format!("names are in lower case: {lower}")]);
    }
    if let Some(hints) = foreign::hints(&lower) {
        return Some(hints);
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        let family = if address.is_ipv4() { "ip" } else { "ipv6" };
        return Some(vec![format!("for packets of this address: {family}.addr == {name}")]);
    }
    let near = suggest::nearest(&lower, names);
    if !near.is_empty() {
        return Some(vec![format!("did you mean {}?", suggest::either(&near))]);
    }
    let (protocol, _) = lower.split_once('.')?;
    FieldId::named(protocol)
        .is_some()
        .then(|| vec![format!("`wirelab fields {protocol}` lists the fields of {protocol}")])
}

/// Whether a name begins with that of a protocol and a dot, so that a field is meant.
pub(super) fn names_a_protocol(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.split_once('.').is_some_and(|(protocol, _)| {
            FieldId::named(&protocol.to_ascii_lowercase()).is_some_and(|id| id == id.protocol())
        })
}

/// A field and what follows a minus that was written without a space.
fn split_minus(name: &str) -> Option<(&str, &str)> {
    let (field, rest) = name.split_once('-')?;
    FieldId::named(field).map(|_| (field, rest))
}

/// The error for a name with an opening parenthesis that is no function's.
pub(super) fn no_function(name: &str, span: Span) -> FilterError {
    let names = Function::NAMES.iter().map(|(name, _)| *name);
    let error = FilterError::new(span, format!("\"{}\" is not a function", quoted(name)))
        .expecting(suggest::either(&names.clone().collect::<Vec<_>>()));
    let near =
        if name.len() > MAX_NAME { Vec::new() } else { suggest::nearest(&name.to_ascii_lowercase(), names) };
    match near.first() {
        Some(near) => error.hinting(format!("did you mean {near}(…)?")),
        None => error,
    }
}

/// Adds the set that was meant by `tcp.port == 80 or 443`, `tcp.port == 80, 443` or `tcp.port == (80 or 443)`, if the
/// mistake is there and `is_filter` takes the set.
pub(super) fn for_set(
    error: FilterError,
    text: &str,
    tokens: &[Token<'_>],
    is_filter: impl Fn(&str) -> bool,
) -> FilterError {
    let wrong = error.span();
    let at = tokens.partition_point(|token| token.span.end <= wrong.start);
    // Back over the values, to the comparison that they belong to.
    let before = tokens.get(..at).unwrap_or(tokens);
    let Some(equal) = before.iter().rposition(|token| !(is_value(token) || is_between(token))) else {
        return error;
    };
    let (Some(field), Some(Kind::Relation(Relation::Equal))) =
        (equal.checked_sub(1).and_then(|at| tokens.get(at)), tokens.get(equal).map(|token| &token.kind))
    else {
        return error;
    };
    let mut values: Vec<&str> = Vec::new();
    let mut expects_value = true;
    for token in tokens.get(equal + 1..).unwrap_or(&[]) {
        let written = text.get(token.span.clone()).unwrap_or("");
        match (&token.kind, expects_value) {
            (Kind::Open, true) if values.is_empty() => {}
            (Kind::Or | Kind::Comma, false) => expects_value = true,
            (_, true) if is_value(token) => {
                values.push(written);
                expects_value = false;
            }
            _ => break,
        }
    }
    let meant = format!("{} in {{{}}}", text.get(field.span.clone()).unwrap_or(""), values.join(", "));
    // Only what can be read at a glance, and taken.
    if values.len() < 2 || meant.len() > MAX_NAME || !is_filter(&meant) {
        return error;
    }
    error.instead(vec![format!("one of several values: {meant}")])
}

fn is_value(token: &Token<'_>) -> bool {
    match token.kind {
        Kind::Word(word) => FieldId::named(word).is_none(),
        Kind::Constant(_) | Kind::Quoted(_) | Kind::Char(_) => true,
        _ => false,
    }
}

fn is_between(token: &Token<'_>) -> bool {
    matches!(token.kind, Kind::Or | Kind::Comma | Kind::Open)
}
