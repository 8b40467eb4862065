//! What may have been meant by an expression that libpcap refuses.

/// Wireshark field names and the words libpcap has for them.
const FIELDS: &[(&str, &str)] = &[
    ("tcp.port", "tcp port"),
    ("tcp.srcport", "tcp src port"),
    ("tcp.dstport", "tcp dst port"),
    ("udp.port", "udp port"),
    ("udp.srcport", "udp src port"),
    ("udp.dstport", "udp dst port"),
    ("ip.addr", "host"),
    ("ip.src", "src host"),
    ("ip.dst", "dst host"),
    ("ipv6.addr", "host"),
    ("ipv6.src", "src host"),
    ("ipv6.dst", "dst host"),
    ("eth.addr", "ether host"),
    ("eth.src", "ether src"),
    ("eth.dst", "ether dst"),
    ("vlan.id", "vlan"),
];

/// Protocols that are display filters by their name alone, with the port they usually have.
const APPLICATIONS: &[(&str, &str)] = &[
    ("http", "tcp port 80"),
    ("https", "tcp port 443"),
    ("tls", "tcp port 443"),
    ("dns", "port 53"),
    ("ssh", "tcp port 22"),
    ("smtp", "tcp port 25"),
    ("ftp", "tcp port 21"),
    ("telnet", "tcp port 23"),
    ("dhcp", "udp port 67 or udp port 68"),
    ("icmpv6", "icmp6"),
];

/// Whether `word` is a field or protocol of display filters, and so not meant as a host's name.
pub(super) fn is_of_display_filters(word: &str) -> bool {
    FIELDS.iter().chain(APPLICATIONS).any(|(name, _)| *name == word)
}

/// A sentence for the `hint:` line, where `expression` looks like a Wireshark display filter or names an
/// application protocol.
pub(super) fn for_expression(expression: &str) -> Option<String> {
    let word = expression.trim().to_ascii_lowercase();
    if let Some((_, meant)) = APPLICATIONS.iter().find(|(name, _)| *name == word) {
        return Some(format!("libpcap's filters do not know {word}; its usual packets are `{meant}`"));
    }
    if !looks_like_display_filter(expression) {
        return None;
    }
    let quote = if expression.contains('\'') { '"' } else { '\'' };
    let said = format!("this is a Wireshark display filter: use -Y {quote}{expression}{quote}");
    Some(match translated(expression) {
        Some(meant) => format!("{said}, or -f '{meant}'"),
        None => said,
    })
}

/// The same for a refusal whose `message` says no more than that the expression cannot be read.
pub(super) fn for_refusal(message: &str) -> Option<String> {
    let vague = message.contains("syntax error");
    vague.then(|| {
        "libpcap's filters read like `tcp port 80` or `host 192.0.2.1 and not udp`: man pcap-filter"
            .to_owned()
    })
}

/// Display filters have dotted names of letters, `==` between words, and `contains`.
fn looks_like_display_filter(expression: &str) -> bool {
    expression.split_ascii_whitespace().any(|word| matches!(word, "eq" | "ne" | "contains" | "matches"))
        || expression.contains("==")
        || expression.contains("!=")
        || names(expression).any(|name| {
            name.split_once('.').is_some_and(|(protocol, field)| {
                protocol.starts_with(|c: char| c.is_ascii_lowercase())
                    && field.starts_with(|c: char| c.is_ascii_lowercase())
            })
        })
}

/// The words of an expression that could be field names.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    expression.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')))
}

/// The same in libpcap's words, where the expression is comparisons for equality joined by and, or, not.
fn translated(expression: &str) -> Option<String> {
    let spaced = expression
        .replace("==", " == ")
        .replace("&&", " and ")
        .replace("||", " or ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_ascii_whitespace().peekable();
    let mut out: Vec<String> = Vec::new();
    while let Some(word) = words.next() {
        if matches!(word, "and" | "or" | "not" | "(" | ")" | "tcp" | "udp" | "ip" | "arp" | "icmp") {
            out.push(word.to_owned());
            continue;
        }
        let (_, meant) = FIELDS.iter().find(|(name, _)| *name == word)?;
        if !matches!(words.next(), Some("==" | "eq")) {
            return None;
        }
        out.push(format!("{meant} {}", words.next()?));
    }
    (!out.is_empty()).then(|| out.join(" ").replace("( ", "(").replace(" )", ")"))
}

#[cfg(test)]
mod tests {
    use super::for_expression;

    #[test]
    fn display_filters_are_put_into_libpcaps_words() {
        let hint = for_expression("tcp.port==80 && (ip.addr eq 192.0.2.1)").unwrap();
        assert!(hint.ends_with("or -f 'tcp port 80 and (host 192.0.2.1)'"), "{hint}");
        assert!(for_expression("http").unwrap().contains("tcp port 80"));
        assert!(for_expression("frame contains \"abc\"").unwrap().contains("display filter"));
        assert!(for_expression("http.request").unwrap().contains("display filter"));
    }

    #[test]
    fn a_plain_mistake_gets_no_guess() {
        assert_eq!(for_expression("prot 80"), None);
        assert_eq!(for_expression("host 192.0.2.1 an port 80"), None);
    }
}
