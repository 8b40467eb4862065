//! Host names and addresses in the text of mails, and whether two of them are of one host or one organisation.

use std::net::{IpAddr, Ipv6Addr};

/// Longest host name (RFC 1035 section 2.3.4).
const MAX_NAME: usize = 253;

/// Labels under which countries have their organisations: `ac.uk`, `com.au`.
const SECOND_LEVEL: [&[u8]; 12] =
    [b"ac", b"co", b"com", b"edu", b"gob", b"gouv", b"gov", b"mil", b"ne", b"net", b"or", b"org"];

/// The address that `text` is, in brackets or not, with `IPv6:` before it (RFC 5321 section 4.1.3) or a port behind it.
#[must_use]
pub(super) fn address_of(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let inside = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => text,
    };
    let bare = match inside.get(..5) {
        Some(prefix) if prefix.eq_ignore_ascii_case("ipv6:") => inside.get(5..)?,
        _ => inside,
    };
    let bare = bare.split('%').next()?;
    let address: IpAddr = bare.parse().ok()?;
    Some(plain(address))
}

/// An IPv4 address that is written as an IPv6 one, as what it is.
#[must_use]
pub(super) fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// Whether this is the form of a host name, with a dot in it or not.
#[must_use]
pub(super) fn is_name(text: &[u8]) -> bool {
    let allowed =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') || *byte >= 0x80;
    !text.is_empty() && text.len() <= MAX_NAME && text.iter().all(allowed)
}

/// Whether an address is one of a network of its own, which others cannot reach (RFC 1918, RFC 4193, RFC 6598, loopback, link).
#[must_use]
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(address) => address.is_loopback() || is_local_v6(address),
    }
}

fn is_local_v6(address: Ipv6Addr) -> bool {
    let [first, ..] = address.segments();
    first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80
}

/// A name in the form that names are compared in: without the dot of the root, in lower case.
#[must_use]
pub(super) fn folded(name: &[u8]) -> Vec<u8> {
    name.strip_suffix(b".").unwrap_or(name).to_ascii_lowercase()
}

/// Whether both are the same name. A name without its domain (`mail`) is the same as one with it (`mail.example.org`).
#[must_use]
pub(super) fn is_same_host(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (folded(one), folded(other));
    if one.is_empty() || other.is_empty() {
        return false;
    }
    let short = |short: &[u8], long: &[u8]| {
        !short.contains(&b'.') && long.strip_prefix(short).is_some_and(|rest| rest.starts_with(b"."))
    };
    one == other || short(&one, &other) || short(&other, &one)
}

/// Whether both names are of one organisation, as far as their last labels tell: there is no list of public suffixes here.
#[must_use]
pub(super) fn is_same_domain(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (folded(one), folded(other));
    match (domain(&one), domain(&other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// The end that two names of one domain share where that is all they share, and neither is the other's domain: who may have
/// names under it, a list of public suffixes would say.
#[must_use]
pub(super) fn shared_end_alone(one: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    let (one, other) = (folded(one), folded(other));
    let end = domain(&one).filter(|end| domain(&other) == Some(end))?;
    let label_before = |name: &[u8]| {
        let before = name.get(..name.len().checked_sub(end.len().saturating_add(1))?)?;
        before.rsplit(|byte| *byte == b'.').next().map(<[u8]>::to_vec)
    };
    let (one, other) = (label_before(&one)?, label_before(&other)?);
    (one != other).then(|| end.to_vec())
}

/// The last two labels of a name, or three where the last but one is that of a country's organisations; `None` of a name
/// without a dot, and of an address.
#[must_use]
pub(super) fn domain(name: &[u8]) -> Option<&[u8]> {
    if address_of(name).is_some() {
        return None;
    }
    let mut labels = name.rsplit(|byte| *byte == b'.');
    let (top, second) = (labels.next()?, labels.next()?);
    if top.is_empty() || second.is_empty() {
        return None;
    }
    let is_country = top.len() == 2 && SECOND_LEVEL.contains(&second);
    let third = labels.next().filter(|_| is_country);
    let len = top.len() + 1 + second.len() + third.map_or(0, |label| label.len().saturating_add(1));
    name.get(name.len().checked_sub(len)?..)
}

/// What stands behind the last `@` of an address.
#[must_use]
pub(super) fn domain_of(address: &[u8]) -> Option<&[u8]> {
    let at = memchr::memrchr(b'@', address)?;
    let domain = address.get(at.checked_add(1)?..)?;
    (!domain.is_empty()).then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_all_their_forms() {
        let text = |text: &[u8]| address_of(text).map(|address| address.to_string());
        assert_eq!(text(b"[192.0.2.1]").as_deref(), Some("192.0.2.1"));
        assert_eq!(text(b"[192.0.2.1]:4455").as_deref(), Some("192.0.2.1"));
        assert_eq!(text(b"[IPv6:2001:db8::1]").as_deref(), Some("2001:db8::1"));
        assert_eq!(text(b"::ffff:192.0.2.1").as_deref(), Some("192.0.2.1"));
        assert_eq!(text(b"fe80::1%eth0").as_deref(), Some("fe80::1"));
        for wrong in [&b"300.1.2.3"[..], b"mail.example", b"[", b"", b"[]", b"\xff"] {
            assert_eq!(text(wrong), None);
        }
    }

    #[test]
    fn hosts_and_domains_are_compared() {
        assert!(is_same_host(b"Mail.Example.org.", b"mail.example.org"));
        assert!(is_same_host(b"mail", b"mail.example.org"));
        assert!(!is_same_host(b"mail.example.org", b"mail.example.com"));
        assert!(!is_same_host(b"", b""));
        assert!(is_same_domain(b"a.example.org", b"b.c.example.org"));
        assert!(!is_same_domain(b"a.ac.uk", b"b.ac.uk"));
        assert!(is_same_domain(b"x.a.ac.uk", b"y.a.ac.uk"));
        assert!(!is_same_domain(b"org", b"org"));
        let shared = |one: &[u8], other: &[u8]| shared_end_alone(one, other);
        assert_eq!(shared(b"mail.bank.host.example", b"evil.HOST.example."), Some(b"host.example".to_vec()));
        assert_eq!(shared(b"a.bank.host.example", b"b.bank.host.example"), None);
        assert_eq!(shared(b"host.example", b"mail.host.example"), None);
        assert_eq!(shared(b"a.host.example", b"a.other.example"), None);
        assert_eq!(domain(b"192.0.2.1"), None);
        assert_eq!(domain_of(b"a@b@c"), Some(&b"c"[..]));
        assert_eq!(domain_of(b"a@"), None);
    }

    #[test]
    fn private_addresses_are_told_from_public() {
        for private in [
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "127.0.0.1",
            "169.254.1.1",
            "100.64.0.1",
            "::1",
            "fd00::1",
        ] {
            assert!(is_private(private.parse().unwrap()), "{private}");
        }
        for public in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1"] {
            assert!(!is_private(public.parse().unwrap()), "{public}");
        }
    }
}
