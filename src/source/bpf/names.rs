//! Which words of an expression libpcap would look up as host or network names. Looking one up sends packets,
//! so a run that may not send must know beforehand.
//!
//! The expression is cut into words as libpcap's scanner cuts it, and a word counts as a name unless it is known
//! to be none. Where the two could differ the answer is "a name": a filter refused too often costs a retyping,
//! one let through too often sends a packet.

use std::net::Ipv6Addr;

/// What a plain word at some place would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A host or network, looked up by the system's resolver. Also what is not known.
    Name,
    /// A service, a protocol or a constant, which local files or libpcap itself know.
    Local,
}

/// Words after which a plain word is looked up in local files (`/etc/services`, `/etc/protocols`) or by libpcap.
const BEFORE_LOCAL: &[&str] = &[
    "port",
    "portrange",
    "proto",
    "protochain",
    "type",
    "subtype",
    "dir",
    "direction",
    "llc",
    "on",
    "ifname",
    "rset",
    "ruleset",
    "rnr",
    "rulenum",
    "srnr",
    "subrulenum",
    "reason",
    "action",
];

/// Words that join terms: the place stays, as in `port http or https`.
const JOINTS: &[&str] = &["and", "or", "not"];

/// All other words that libpcap 1.9 and later know, but for constants, which have prefixes.
const KEYWORDS: &[&str] = &[
    "dst",
    "src",
    "link",
    "ether",
    "ppp",
    "slip",
    "fddi",
    "tr",
    "wlan",
    "arp",
    "rarp",
    "ip",
    "sctp",
    "tcp",
    "udp",
    "icmp",
    "igmp",
    "igrp",
    "pim",
    "vrrp",
    "carp",
    "radio",
    "ip6",
    "icmp6",
    "ah",
    "esp",
    "atalk",
    "aarp",
    "decnet",
    "lat",
    "sca",
    "moprc",
    "mopdl",
    "iso",
    "esis",
    "es-is",
    "isis",
    "is-is",
    "l1",
    "l2",
    "iih",
    "lsp",
    "snp",
    "csnp",
    "psnp",
    "clnp",
    "stp",
    "ipx",
    "netbeui",
    "host",
    "net",
    "mask",
    "gateway",
    "address1",
    "address2",
    "address3",
    "address4",
    "addr1",
    "addr2",
    "addr3",
    "addr4",
    "ra",
    "ta",
    "less",
    "greater",
    "byte",
    "broadcast",
    "multicast",
    "len",
    "length",
    "inbound",
    "outbound",
    "ifindex",
    "vlan",
    "mpls",
    "pppoed",
    "pppoes",
    "geneve",
    "lane",
    "metac",
    "bcc",
    "oam",
    "oamf4",
    "oamf4ec",
    "oamf4sc",
    "sc",
    "ilmic",
    "vpi",
    "vci",
    "connectmsg",
    "metaconnect",
    "fisu",
    "lssu",
    "lsu",
    "msu",
    "hfisu",
    "hlssu",
    "hmsu",
    "sio",
    "opc",
    "dpc",
    "sls",
    "hsio",
    "hopc",
    "hdpc",
    "hsls",
];

/// Constants for use with brackets, as in `tcp[tcpflags] & tcp-syn`.
const CONSTANTS: &[&str] = &[
    "icmptype",
    "icmpcode",
    "icmp6type",
    "icmp6code",
    "tcpflags",
    "tcp-fin",
    "tcp-syn",
    "tcp-rst",
    "tcp-push",
    "tcp-ack",
    "tcp-urg",
    "tcp-ece",
    "tcp-cwr",
    "icmp-echoreply",
    "icmp-unreach",
    "icmp-sourcequench",
    "icmp-redirect",
    "icmp-echo",
    "icmp-routeradvert",
    "icmp-routersolicit",
    "icmp-timxceed",
    "icmp-paramprob",
    "icmp-tstamp",
    "icmp-tstampreply",
    "icmp-ireq",
    "icmp-ireqreply",
    "icmp-maskreq",
    "icmp-maskreply",
    "icmp6-destinationunreach",
    "icmp6-packettoobig",
    "icmp6-timeexceeded",
    "icmp6-parameterproblem",
    "icmp6-echo",
    "icmp6-echoreply",
    "icmp6-multicastlistenerquery",
    "icmp6-multicastlistenerreportv1",
    "icmp6-multicastlistenerdone",
    "icmp6-routersolicit",
    "icmp6-routeradvert",
    "icmp6-neighborsolicit",
    "icmp6-neighboradvert",
    "icmp6-redirect",
    "icmp6-multicastlistenerreportv2",
];

/// The first word of `expression` that libpcap could look up, or `None` where there is none.
pub(super) fn first_to_look_up(expression: &str) -> Option<&str> {
    let mut place = Place::Name;
    // The places outside of each open parenthesis: libpcap goes back to them at its end. No longer than the
    // expression.
    let mut outside = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let (token, after) = split_token(rest, first);
        rest = after;
        match token {
            Token::Open => outside.push(place),
            Token::Close => place = outside.pop().unwrap_or(Place::Name),
            Token::Other => {}
            Token::Escaped(word) => {
                if place == Place::Name {
                    return Some(word);
                }
            }
            Token::Word(word) => {
                if BEFORE_LOCAL.contains(&word) {
                    place = Place::Local;
                } else if KEYWORDS.contains(&word) {
                    place = Place::Name;
                } else if place == Place::Name && !JOINTS.contains(&word) && !is_value(word) {
                    return Some(word);
                }
            }
        }
    }
    None
}

enum Token<'a> {
    Open,
    Close,
    /// An operator or a blank.
    Other,
    /// `\word`: never a keyword, as in `ip proto \tcp`.
    Escaped(&'a str),
    Word(&'a str),
}

/// Cuts the token that starts with `first` off `text`. It is never empty.
fn split_token(text: &str, first: char) -> (Token<'_>, &str) {
    let cut = |len: usize| text.split_at_checked(len).unwrap_or((text, ""));
    let (_, after) = cut(first.len_utf8());
    match first {
        '(' => (Token::Open, after),
        ')' => (Token::Close, after),
        '\\' => {
            let len = after.find([' ', '!', '(', ')', '\n', '\t']).unwrap_or(after.len());
            let (word, after) = after.split_at_checked(len).unwrap_or((after, ""));
            (Token::Escaped(word), after)
        }
        _ if first.is_ascii_alphanumeric() || matches!(first, '.' | ':' | '_') => {
            let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '_' | '-');
            let run = cut(text.find(|c| !inside(c)).unwrap_or(text.len())).0;
            // A minus at the end is an operator; one in the middle belongs to the word, in libpcap too.
            let run = run.trim_end_matches('-');
            let (word, after) = cut(run.len());
            (Token::Word(word), after)
        }
        _ => (Token::Other, after),
    }
}

/// Whether a word is a number, an address, a constant, or two of them with a colon between, as in `tcp[0:4]`.
fn is_value(word: &str) -> bool {
    if word.parse::<Ipv6Addr>().is_ok() || is_mac(word) {
        return true;
    }
    let plain = |part: &str| part.is_empty() || is_number(part) || CONSTANTS.contains(&part);
    match word.split_once(':') {
        Some((before, after)) => plain(before) && plain(after),
        None => plain(word) || is_ipv4(word),
    }
}

/// `80`, `0x50`.
fn is_number(word: &str) -> bool {
    let digits = |text: &str, radix| !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
    digits(word, 10) || word.strip_prefix("0x").is_some_and(|hex| digits(hex, 16))
}

/// `192.0.2.1`, or its beginning, as `net` takes it.
fn is_ipv4(word: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    word.split('.').count() <= 4 && word.split('.').all(digits)
}

/// `02:00:00:00:00:01`, or with `-`, where a group of one digit could be taken for a part of a name.
fn is_mac(word: &str) -> bool {
    let groups = |separator: char, shortest: usize| {
        word.split(separator).count() == 6
            && word.split(separator).all(|group| {
                (shortest..=2).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
    };
    groups(':', 1) || groups('-', 2)
}

#[cfg(test)]
mod tests {
    use super::first_to_look_up;

    #[test]
    fn what_names_no_host_passes() {
        for expression in [
            "",
            "tcp port 80 and not udp",
            "host 192.0.2.1 or (net 10.1 and dst net 192.0.2.0/24)",
            "ip6 host 2001:db8::1 or net 2001:db8::/32 or host ::1 or ip6 host ::ffff:192.0.2.1",
            "net 192.0.2.0 mask 255.255.255.0",
            "ether host 02:00:00:00:00:01 or ether src 2:0:0:0:0:1 or wlan addr1 02-00-00-00-00-01",
            "port http or https and not domain",
            "tcp port (http or https) and src portrange 20-ftp",
            "portrange 20-100",
            "ip proto \\tcp or ip6 protochain ospf or ether proto \\ip",
            "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn and ip[6:2]&0x1fff!=0 and ip[2 : 2]- 4 > 5",
            "tcp[tcpflags:1] != 0 and -ip[8] != 3 and icmp6[icmp6type]=icmp6-echo",
            "vlan 5 and mpls 100 and pppoes && len>=60||!arp",
            "type mgt subtype beacon or dir nods or llc ui",
            "on eth0 and reason match",
            "(port 80) and host 192.0.2.1",
            "less 60 or ether broadcast or ip multicast",
        ] {
            assert_eq!(first_to_look_up(expression), None, "{expression}");
        }
    }

    #[test]
    fn what_names_a_host_or_network_is_found() {
        for (expression, name) in [
            ("host name.invalid", "name.invalid"),
            ("name", "name"),
            ("src name", "name"),
            ("tcp and not (dst host name)", "name"),
            ("host 192.0.2.1 or name", "name"),
            ("host (192.0.2.1 or name)", "name"),
            ("host 192.0.2.1 or (port http) or name", "name"),
            ("port http and host name", "name"),
            ("port http or tcp or name", "name"),
            ("net name", "name"),
            ("net name/24", "name"),
            ("gateway name", "name"),
            ("ether host name", "name"),
            ("host \\tcp", "tcp"),
            ("host \\10.0.0.1.name", "10.0.0.1.name"),
            ("host 1.2.3.4.5", "1.2.3.4.5"),
            ("host 1.2.3.", "1.2.3."),
            ("host 1..2", "1..2"),
            ("host 1a", "1a"),
            ("host 0x", "0x"),
            ("host facade", "facade"),
            ("host a-b-c-d-e-f", "a-b-c-d-e-f"),
            ("host TCP", "TCP"),
            ("host tcp-syn.invalid", "tcp-syn.invalid"),
            ("host name:80", "name:80"),
            ("host 1::name", "1::name"),
            ("host 1::0x8", "1::0x8"),
            ("host fe80::1%name", "name"),
            ("host!name", "name"),
            (") name", "name"),
            ("len-5 > 3", "len-5"),
            ("host 5- name", "name"),
            ("name\u{e9}", "name"),
        ] {
            assert_eq!(first_to_look_up(expression), Some(name), "{expression}");
        }
    }
}
