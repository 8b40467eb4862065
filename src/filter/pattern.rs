//! The patterns of `matches`.

use regex::bytes::{Regex, RegexBuilder};

use super::ast::{Expr, ExprKind, Literal};
use super::error::{FilterError, quoted};

/// Bytes that a compiled pattern may take, and its cache: `x{1000}{1000}` would ask for gigabytes.
const MAX_SIZE: usize = 1 << 21;
/// Groups inside each other: the pattern's own parser recurses.
const MAX_NESTING: u32 = 100;

/// The pattern that stands right of `matches`, `shown` in the filter: letters of either case, byte by byte.
pub(super) fn compile(expr: &Expr, shown: &str) -> Result<Regex, FilterError> {
    const EXPECTED: &str = "a pattern in double quotes, as in matches \"^GET\"";
    let ExprKind::Literal(Literal::Quoted(bytes)) = &expr.kind else {
        let error = FilterError::new(expr.span.clone(), "\"matches\" needs a pattern").expecting(EXPECTED);
        let plain = matches!(expr.kind, ExprKind::Literal(Literal::Word(_)));
        return Err(if plain {
            error.hinting(format!("put it in quotes: \"{}\"", quoted(shown)))
        } else {
            error
        });
    };
    let pattern = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes
            .iter()
            .map(
                |&byte| if byte.is_ascii() { char::from(byte).to_string() } else { format!("\\x{byte:02x}") },
            )
            .collect(),
    };
    RegexBuilder::new(&pattern)
        .unicode(false)
        .case_insensitive(true)
        .size_limit(MAX_SIZE)
        .dfa_size_limit(MAX_SIZE)
        .nest_limit(MAX_NESTING)
        .build()
        .map_err(|error| wrong(expr, &error))
}

fn wrong(expr: &Expr, error: &regex::Error) -> FilterError {
    let why = match error {
        regex::Error::CompiledTooBig(_) => "it would take too much memory".to_owned(),
        _ => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or("");
            let why = last.strip_prefix("error: ").unwrap_or(last);
            // The library tells at length what look-around is.
            if why.starts_with("look-around") {
                "look-around is not supported".to_owned()
            } else {
                why.to_owned()
            }
        }
    };
    let wrong =
        FilterError::new(expr.span.clone(), format!("this pattern cannot be used: {}", quoted_long(&why)));
    if why.contains("look-around") || why.contains("backreference") {
        return wrong.hinting("patterns here take time in proportion to the text, which these would not");
    }
    wrong
}

/// The reason is the pattern library's and short, but may quote the pattern.
fn quoted_long(why: &str) -> String {
    why.chars().filter(|c| !c.is_control()).take(120).collect()
}
