//! What may have been meant by a filter that cannot be read.

use super::ast::{Function, Span};
use super::error::{FilterError, quoted};
use crate::field::FieldId;
use crate::suggest;

/// Words of libpcap's language that stand before an address, a port or a number there.
const QUALIFIERS: &[&str] =
    &["host", "net", "port", "portrange", "src", "dst", "gateway", "less", "greater", "proto", "ether"];
/// Names that libpcap gives to offsets and flags in brackets.
const OFFSETS: &[&str] = &["icmptype", "icmpcode", "icmp6type", "icmp6code", "tcpflags"];
/// Longest name that is compared with others: a field's has some 60 characters at most.
const MAX_NAME: usize = 80;

/// The error for a name that is no field's.
pub(super) fn no_field(name: &str, span: Span) -> FilterError {
    let error = FilterError::new(span, format!("\"{}\" is not a field or protocol", quoted(name)));
    near_field(error, name)
}

/// Adds the fields whose names are like `name`.
pub(super) fn near_field(error: FilterError, name: &str) -> FilterError {
    if name.len() > MAX_NAME {
        return error;
    }
    let lower = name.to_ascii_lowercase();
    if let Some((field, rest)) = split_minus(name) {
        return error.hinting(format!("a minus needs a space before it: {field} -{rest}"));
    }
    let names = FieldId::all().map(|id| id.def().name);
    if names.clone().any(|known| known == lower) {
        return error.hinting(format!("names are written small: {lower}"));
    }
    let near = suggest::nearest(&lower, names);
    if !near.is_empty() {
        return error.hinting(format!("did you mean {}?", near.join(", ")));
    }
    match lower
        .split_once('.')
        .map(|(protocol, _)| protocol)
        .filter(|protocol| FieldId::named(protocol).is_some())
    {
        Some(protocol) => {
            error.hinting(format!("`wirelab fields {protocol}` lists the fields of {protocol}"))
        }
        None => error,
    }
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
        .expecting(names.clone().collect::<Vec<_>>().join(", "));
    let near =
        if name.len() > MAX_NAME { Vec::new() } else { suggest::nearest(&name.to_ascii_lowercase(), names) };
    match near.first() {
        Some(near) => error.hinting(format!("did you mean {near}(…)?")),
        None => error,
    }
}

/// A sentence for a filter that is one of libpcap's.
pub(super) fn for_capture_filter(text: &str) -> Option<String> {
    let bracketed = OFFSETS.iter().any(|name| text.contains(&format!("[{name}]")));
    let spaced = text.replace(['(', ')'], " ");
    let words: Vec<&str> = spaced.split_ascii_whitespace().collect();
    let is_value = |word: &str| {
        !matches!(
            word,
            "and" | "or" | "not" | "in" | "contains" | "matches" | "eq" | "ne" | "gt" | "lt" | "ge" | "le"
        ) && word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == ':')
    };
    let qualified = words.windows(2).any(|pair| match *pair {
        [first, second] => QUALIFIERS.contains(&first) && is_value(second),
        _ => false,
    });
    if !(bracketed || qualified && !text.contains("==")) || text.contains('"') {
        return None;
    }
    let shown = quoted(text.trim());
    let use_it = format!("this is a BPF (capture) filter: use -f '{shown}'");
    Some(match translated(&words) {
        Some(meant) => format!("{use_it}; as a display filter it is: {meant}"),
        None => use_it,
    })
}

/// The same as a display filter, where it is as simple as `tcp port 80` or `src host 192.0.2.1`.
fn translated(words: &[&str]) -> Option<String> {
    const MOST_WORDS: usize = 40;
    if words.len() > MOST_WORDS {
        return None;
    }
    let mut out: Vec<String> = Vec::new();
    let mut words = words.iter().copied().peekable();
    while let Some(word) = words.next() {
        if matches!(word, "and" | "or" | "not") {
            out.push(word.to_owned());
            continue;
        }
        let protocol = matches!(word, "tcp" | "udp" | "ip" | "arp" | "icmp").then_some(word);
        let mut next = if protocol.is_some() { words.peek().copied() } else { Some(word) };
        if protocol.is_some() && next.is_none_or(|next| !QUALIFIERS.contains(&next)) {
            out.push(word.to_owned());
            continue;
        }
        if protocol.is_some() {
            words.next();
        }
        let side = next.filter(|next| matches!(*next, "src" | "dst"));
        if side.is_some() {
            next = words.next();
        }
        out.push(match next? {
            "port" => {
                let port = words.next()?;
                let side = side.map_or("port".to_owned(), |side| format!("{side}port"));
                match protocol {
                    Some(protocol @ ("tcp" | "udp")) => format!("{protocol}.{side} == {port}"),
                    _ => format!("(tcp.{side} == {port} or udp.{side} == {port})"),
                }
            }
            "host" | "net" => format!("ip.{} == {}", side.unwrap_or("addr"), words.next()?),
            address if address.starts_with(|c: char| c.is_ascii_digit()) => {
                format!("ip.{} == {address}", side?)
            }
            _ => return None,
        });
    }
    Some(out.join(" "))
}

#[cfg(test)]
mod tests {
    use super::for_capture_filter;

    #[test]
    fn capture_filters_are_recognised() {
        let hint = |text| for_capture_filter(text).unwrap();
        assert_eq!(
            hint("tcp port 80 and src host 192.0.2.1"),
            "this is a BPF (capture) filter: use -f 'tcp port 80 and src host 192.0.2.1'; as a display filter it is: tcp.port == 80 and ip.src == 192.0.2.1"
        );
        assert!(hint("port 53").ends_with("(tcp.port == 53 or udp.port == 53)"));
        assert!(hint("net 10.0.0.0/8").ends_with("ip.addr == 10.0.0.0/8"));
        assert!(hint("icmp[icmptype] = icmp-echo").ends_with("'icmp[icmptype] = icmp-echo'"));
        for text in ["tcp", "tcp.port = 80", "tcp.port == port 80", "frame contains \"port 80\"", "host"] {
            assert_eq!(for_capture_filter(text), None, "{text}");
        }
    }
}
