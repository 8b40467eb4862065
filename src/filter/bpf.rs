//! Filters of the other language: libpcap's, for captures. Whoever types one where a display filter stands is told
//! so, and in simple cases what the same is here.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::error::FilterError;
use super::foreign;
use crate::field::FieldId;

/// Names that libpcap gives to offsets and flags in brackets.
const OFFSETS: &[&str] = &["icmptype", "icmpcode", "icmp6type", "icmp6code", "tcpflags"];
/// Protocols that may stand before `host`, `port` and the like.
const PROTOCOLS: &[&str] =
    &["ether", "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "link"];
/// Longest filter that is translated, in words: a longer one is none that somebody types.
const MOST_WORDS: usize = 40;
/// Longest filter that is repeated in the hint, in bytes.
const MOST_SHOWN: usize = 200;

/// Adds that the filter is libpcap's, if it is, or part of it; what else was said is then beside the point.
pub(super) fn mend(error: FilterError, text: &str) -> FilterError {
    // Anything may stand in a string.
    if text.contains('"') {
        return error;
    }
    let words = words(text);
    let conditions: Vec<&[&str]> =
        words.split(|word| is_joint(word)).filter(|condition| !condition.is_empty()).collect();
    let bracketed = OFFSETS.iter().any(|name| text.contains(&format!("[{name}]")));
    let Some(first) = conditions.iter().find(|condition| Primitive::read(condition).is_some()) else {
        return if bracketed { error.instead(vec![use_it(text)]) } else { error };
    };
    if !bracketed && conditions.iter().any(|condition| condition.first().is_some_and(|name| is_field(name))) {
        let mut hints = error.hints().to_vec();
        hints.push(format!("\"{}\" is BPF, the language of capture filters", first.join(" ")));
        hints.extend(Primitive::read(first).and_then(Primitive::translated).map(as_display_filter));
        return error.instead(hints);
    }
    let mut hints = vec![use_it(text)];
    hints.extend(translated(&words).map(as_display_filter));
    error.instead(hints)
}

fn use_it(text: &str) -> String {
    let text = text.trim();
    let is_plain = text.len() <= MOST_SHOWN && text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'\'');
    if is_plain {
        format!("this is a BPF (capture) filter: use -f '{text}'")
    } else {
        "this is a BPF (capture) filter: give it with -f".to_owned()
    }
}

fn as_display_filter(meant: String) -> String {
    format!("as a display filter: {meant}")
}

/// Words, parentheses and signs that join.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let len = if rest.starts_with("&&") || rest.starts_with("||") {
            2
        } else if rest.starts_with(['(', ')']) || rest.starts_with('!') && !rest.starts_with("!=") {
            1
        } else {
            let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')');
            [rest.find(ends), rest.find("&&"), rest.find("||")]
                .into_iter()
                .flatten()
                .min()
                .unwrap_or(rest.len())
        };
        let (word, after) = rest.split_at_checked(len).unwrap_or((rest, ""));
        words.push(word);
        rest = after.trim_start();
    }
    words
}

fn is_joint(word: &str) -> bool {
    matches!(word, "and" | "or" | "not" | "&&" | "||" | "!" | "(" | ")")
}

/// Whether this is a name of display filters only: those of protocols alone are in both languages.
fn is_field(name: &str) -> bool {
    let protocol = name.split_once('.').map(|(protocol, _)| protocol);
    protocol.is_some_and(|name| FieldId::named(name).is_some() || foreign::hints(name).is_some())
}

/// A condition of a capture filter that is none of a display filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Primitive<'t> {
    protocol: Option<&'t str>,
    side: Option<&'t str>,
    kind: Kind,
    value: &'t str,
}

/// What a primitive is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An address, said or not.
    Host,
    Net,
    Port,
    Vlan,
    /// No longer than.
    Less,
    /// No shorter than.
    Greater,
    Broadcast,
    /// What has no translation here.
    Other,
}

impl<'t> Primitive<'t> {
    fn read(condition: &[&'t str]) -> Option<Self> {
        let (protocol, rest) = match condition {
            [protocol, rest @ ..] if PROTOCOLS.contains(protocol) => (Some(*protocol), rest),
            _ => (None, condition),
        };
        let (side, rest) = match rest {
            [side @ ("src" | "dst"), rest @ ..] => (Some(*side), rest),
            _ => (None, rest),
        };
        let (kind, value) = match *rest {
            ["host", value] => (Kind::Host, value),
            ["net", value] => (Kind::Net, value),
            ["port", value] => (Kind::Port, value),
            ["portrange" | "gateway" | "proto", value] => (Kind::Other, value),
            ["net", value, "mask", _] => (Kind::Other, value),
            ["vlan", value] if protocol.is_none() && side.is_none() => (Kind::Vlan, value),
            ["mpls" | "pppoes", value] if protocol.is_none() && side.is_none() => (Kind::Other, value),
            ["less", value] if protocol.is_none() && side.is_none() => (Kind::Less, value),
            ["greater", value] if protocol.is_none() && side.is_none() => (Kind::Greater, value),
            ["broadcast"] if side.is_none() => (Kind::Broadcast, "0"),
            ["multicast"] if side.is_none() => (Kind::Other, "0"),
            [value] if side.is_some() => (Kind::Host, value),
            _ => return None,
        };
        // A protocol's number may be a name after a backslash.
        let is_value = value.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '\\'));
        is_value.then_some(Self { protocol, side, kind, value })
    }

    /// The same as a display filter; in parentheses where it is more than one comparison.
    fn translated(self) -> Option<String> {
        let Self { protocol, side, kind, value } = self;
        match kind {
            Kind::Port => {
                let port: u16 = value.parse().ok()?;
                let side = side.unwrap_or("");
                match protocol {
                    Some(protocol @ ("tcp" | "udp" | "sctp")) => {
                        Some(format!("{protocol}.{side}port == {port}"))
                    }
                    None => Some(format!("(tcp.{side}port == {port} or udp.{side}port == {port})")),
                    Some(_) => None,
                }
            }
            Kind::Host | Kind::Net => {
                let (address, bits) =
                    value.split_once('/').map_or((value, None), |(address, bits)| (address, Some(bits)));
                let side = side.unwrap_or("addr");
                let (family, of, most) = if address.parse::<Ipv4Addr>().is_ok() {
                    ("ip", "ip", 32)
                } else {
                    address.parse::<Ipv6Addr>().ok().map(|_| ("ipv6", "ip6", 128))?
                };
                let fits = bits.is_none_or(|bits| bits.parse().is_ok_and(|bits: u8| bits <= most));
                let is_said = fits && (kind == Kind::Net || bits.is_none());
                (is_said && protocol.is_none_or(|protocol| protocol == of))
                    .then(|| format!("{family}.{side} == {value}"))
            }
            Kind::Vlan => {
                value.parse().ok().filter(|id: &u16| *id < 4096).map(|id| format!("vlan.id == {id}"))
            }
            Kind::Less => value.parse().ok().map(|len: u32| format!("frame.len <= {len}")),
            Kind::Greater => value.parse().ok().map(|len: u32| format!("frame.len >= {len}")),
            Kind::Broadcast => {
                matches!(protocol, None | Some("ether")).then(|| "eth.dst == ff:ff:ff:ff:ff:ff".to_owned())
            }
            Kind::Other => None,
        }
    }
}

/// The whole as a display filter. None with parentheses, nor with `and` beside `or`: those bind alike in libpcap.
fn translated(words: &[&str]) -> Option<String> {
    let has = |signs: [&str; 2]| words.iter().any(|word| signs.contains(word));
    if words.len() > MOST_WORDS || has(["(", ")"]) || has(["and", "&&"]) && has(["or", "||"]) {
        return None;
    }
    let mut out: Vec<String> = Vec::new();
    let mut rest = words;
    while let Some((word, after)) = rest.split_first() {
        if is_joint(word) {
            out.push((*word).to_owned());
            rest = after;
            continue;
        }
        let len = rest.iter().position(|word| is_joint(word)).unwrap_or(rest.len());
        let (condition, after) = rest.split_at_checked(len)?;
        out.push(match (condition, Primitive::read(condition)) {
            (_, Some(primitive)) => primitive.translated()?,
            (&[protocol @ ("ip" | "arp" | "tcp" | "udp" | "sctp" | "icmp")], None) => protocol.to_owned(),
            (["ip6"], None) => "ipv6".to_owned(),
            (["icmp6"], None) => "icmpv6".to_owned(),
            _ => return None,
        });
        rest = after;
    }
    let meant = out.join(" ");
    let alone =
        if out.len() == 1 { meant.strip_prefix('(').and_then(|text| text.strip_suffix(')')) } else { None };
    Some(alone.unwrap_or(&meant).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filter;

    fn hints(text: &str) -> Vec<String> {
        mend(FilterError::new(0..0, "wrong"), text).hints().to_vec()
    }

    #[test]
    fn what_is_simple_is_translated_to_what_can_be_read() {
        for (text, meant) in [
            ("tcp port 80 and src host 192.0.2.1", "tcp.port == 80 and ip.src == 192.0.2.1"),
            ("port 53", "tcp.port == 53 or udp.port == 53"),
            ("not port 53", "not (tcp.port == 53 or udp.port == 53)"),
            ("icmp or src port 53", "icmp or (tcp.srcport == 53 or udp.srcport == 53)"),
            ("udp dst port 12000", "udp.dstport == 12000"),
            ("net 10.0.0.0/8", "ip.addr == 10.0.0.0/8"),
            ("host ::1", "ipv6.addr == ::1"),
            ("ip6 host ::1", "ipv6.addr == ::1"),
            ("dst net 2001:db8::/32", "ipv6.dst == 2001:db8::/32"),
            ("src 192.0.2.1&&!icmp6", "ip.src == 192.0.2.1 && ! icmpv6"),
            ("vlan 10", "vlan.id == 10"),
            ("broadcast", "eth.dst == ff:ff:ff:ff:ff:ff"),
            ("less 100 and ip6", "frame.len <= 100 and ipv6"),
            ("greater 100", "frame.len >= 100"),
        ] {
            assert_eq!(
                hints(text),
                [
                    format!("this is a BPF (capture) filter: use -f '{text}'"),
                    format!("as a display filter: {meant}")
                ]
            );
            assert!(Filter::parse(meant).is_ok(), "{meant}");
        }
    }

    #[test]
    fn what_is_not_simple_is_told_only() {
        for text in [
            "tcp and (port 80 or port 443)",
            "tcp and port 80 or port 443",
            "port 80 or 443",
            "host www.example.org",
            "host 10.0.0.0/8",
            "arp host 10.0.0.1",
            "ip host ::1",
            "ip port 80",
            "net 10",
            "net 10.0.0.0/33",
            "port http",
            "port 99999",
            "portrange 1-1024",
            "vlan 5000",
            "multicast",
            "ether host 00:11:22:33:44:55",
            "ip proto \\tcp",
            "tcp[tcpflags] & tcp-syn != 0",
            "icmp[icmptype] = icmp-echo and host 10.0.0.1",
        ] {
            assert_eq!(hints(text), [format!("this is a BPF (capture) filter: use -f '{text}'")]);
        }
        let long = "port 80 or ".repeat(10_000) + "port 81";
        assert_eq!(hints(&long), ["this is a BPF (capture) filter: give it with -f"]);
    }

    #[test]
    fn a_part_of_the_filter_is_told_alone() {
        assert_eq!(
            hints("tcp.port == 80 and host 192.0.2.1"),
            [
                "\"host 192.0.2.1\" is BPF, the language of capture filters",
                "as a display filter: ip.addr == 192.0.2.1"
            ]
        );
        assert_eq!(
            hints("net 10 and ip[0:1] == 45 and tcp.len > 0"),
            ["\"net 10\" is BPF, the language of capture filters"]
        );
    }

    #[test]
    fn display_filters_are_not_taken_for_capture_filters() {
        for text in [
            "tcp",
            "tcp.port = 80",
            "tcp.port == port 80",
            "frame contains \"port 80\"",
            "host",
            "ip src",
            "",
        ] {
            assert_eq!(hints(text), [""; 0], "{text}");
        }
    }
}
