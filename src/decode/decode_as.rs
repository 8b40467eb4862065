//! What a person says is behind a port, whatever its number usually means (`-d udp.port==9999,vxlan`).

use std::ops::RangeInclusive;

use thiserror::Error;

use super::TransportProtocol;

/// Most rules: a command line has a few, and each is looked at for every UDP datagram.
pub const MAX_RULES: usize = 256;

/// A protocol that can be said to be behind a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// Nothing that is looked into.
    Data,
    /// VXLAN.
    Vxlan,
    /// VXLAN with a next-protocol field.
    VxlanGpe,
    /// Geneve.
    Geneve,
    /// L2TP, version 2 or 3 over UDP.
    L2tp,
    /// GTP, user plane.
    Gtp,
    /// Teredo.
    Teredo,
    /// MPLS.
    Mpls,
    /// Messages of this application protocol, by Wireshark's name. Decoding does not look into them.
    Messages(&'static str),
}

/// Each protocol, its name as Wireshark has it, and the transports whose ports can lead to it.
static KNOWN: &[(Behind, &str, &[TransportProtocol])] = {
    use TransportProtocol::{Tcp, Udp};
    &[
        (Behind::Data, "data", &[Tcp, Udp]),
        (Behind::Geneve, "geneve", &[Udp]),
        (Behind::Gtp, "gtp", &[Udp]),
        (Behind::L2tp, "l2tp", &[Udp]),
        (Behind::Mpls, "mpls", &[Udp]),
        (Behind::Teredo, "teredo", &[Udp]),
        (Behind::Vxlan, "vxlan", &[Udp]),
        (Behind::VxlanGpe, "vxlan_gpe", &[Udp]),
    ]
};

/// Application protocols, by Wireshark's name, and the transports whose ports can lead to them.
pub(crate) static APPLICATIONS: &[(&str, &[TransportProtocol])] = {
    use TransportProtocol::{Tcp, Udp};
    &[
        ("dns", &[Tcp, Udp]),
        ("dtls", &[Udp]),
        ("ftp", &[Tcp]),
        ("ftp-data", &[Tcp]),
        ("http", &[Tcp]),
        ("imap", &[Tcp]),
        ("llmnr", &[Udp]),
        ("mdns", &[Udp]),
        ("openvpn", &[Tcp, Udp]),
        ("pop", &[Tcp]),
        ("quic", &[Udp]),
        ("radius", &[Udp]),
        ("rdpudp", &[Udp]),
        ("smtp", &[Tcp]),
        ("ssdp", &[Udp]),
        ("ssh", &[Tcp]),
        ("telnet", &[Tcp]),
        ("tls", &[Tcp]),
    ]
};

/// What can be behind a port of `transport`, with its name.
fn known(transport: TransportProtocol) -> impl Iterator<Item = (Behind, &'static str)> {
    let decoded = KNOWN.iter().map(|(behind, name, over)| (*behind, *name, *over));
    let messages = APPLICATIONS.iter().map(|(name, over)| (Behind::Messages(name), *name, *over));
    let all = decoded.chain(messages).filter(move |(_, _, over)| over.contains(&transport));
    all.map(|(behind, name, _)| (behind, name))
}

/// Why a rule cannot be obeyed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeAsError {
    /// It has not the form of a rule.
    #[error("\"{0}\" does not say which port is decoded as what")]
    Form(String),
    /// It chooses by something else than a port.
    #[error("decoding is not chosen by \"{0}\"")]
    Layer(String),
    /// The ports are none.
    #[error("\"{0}\" is neither a port nor a range of ports")]
    Ports(String),
    /// The protocol is not decoded, or not over this transport.
    #[error("{layer} cannot be decoded as \"{protocol}\"")]
    Protocol {
        /// `tcp.port` or `udp.port`.
        layer: &'static str,
        /// What was asked for.
        protocol: String,
        /// What could have been.
        known: Vec<&'static str>,
    },
    /// More than [`MAX_RULES`].
    #[error("there are more than {MAX_RULES} rules")]
    TooMany,
}

/// Rules of what is behind which port. The last that fits a port counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecodeAs {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    transport: TransportProtocol,
    ports: RangeInclusive<u16>,
    behind: Behind,
}

impl DecodeAs {
    /// Adds a rule as Wireshark spells it: `udp.port==N,PROTOCOL`, `N-M` for a range, `N:COUNT` for so many ports.
    ///
    /// # Errors
    /// What of the rule is not understood or not known.
    pub fn add(&mut self, rule: &str) -> Result<(), DecodeAsError> {
        let form = || DecodeAsError::Form(rule.to_owned());
        let (layer, rest) = rule.split_once("==").ok_or_else(form)?;
        let (ports, protocol) = rest.split_once(',').ok_or_else(form)?;
        let (transport, layer) = match layer.trim() {
            "tcp.port" => (TransportProtocol::Tcp, "tcp.port"),
            "udp.port" => (TransportProtocol::Udp, "udp.port"),
            other => return Err(DecodeAsError::Layer(other.to_owned())),
        };
        let ports = range(ports.trim()).ok_or_else(|| DecodeAsError::Ports(ports.to_owned()))?;
        // The name that TLS had before, which Wireshark still takes.
        let wanted = if protocol.trim() == "ssl" { "tls" } else { protocol.trim() };
        let behind = known(transport).find(|(_, name)| *name == wanted).map(|(behind, _)| behind);
        let behind = behind.ok_or_else(|| DecodeAsError::Protocol {
            layer,
            protocol: wanted.to_owned(),
            known: known(transport).map(|(_, name)| name).collect(),
        })?;
        if self.rules.len() >= MAX_RULES {
            return Err(DecodeAsError::TooMany);
        }
        self.rules.push(Rule { transport, ports, behind });
        Ok(())
    }

    /// What is behind one of two ports; `None` where no rule says. The lower port is asked first, as Wireshark does.
    #[inline]
    pub(crate) fn of(&self, transport: TransportProtocol, src: u16, dst: u16) -> Option<Behind> {
        if self.rules.is_empty() {
            return None;
        }
        let rule = |port: u16| {
            self.rules.iter().rev().find(|rule| rule.transport == transport && rule.ports.contains(&port))
        };
        rule(src.min(dst)).or_else(|| rule(src.max(dst))).map(|rule| rule.behind)
    }
}

/// `N`, `N-M` or `N:COUNT`.
fn range(text: &str) -> Option<RangeInclusive<u16>> {
    if let Some((first, last)) = text.split_once('-') {
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        return (first <= last).then_some(first..=last);
    }
    if let Some((first, count)) = text.split_once(':') {
        let (first, count): (u16, u16) = (first.parse().ok()?, count.parse().ok()?);
        return Some(first..=first.checked_add(count.checked_sub(1)?)?);
    }
    let port = text.parse().ok()?;
    Some(port..=port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(texts: &[&str]) -> DecodeAs {
        let mut rules = DecodeAs::default();
        texts.iter().for_each(|text| rules.add(text).unwrap());
        rules
    }

    #[test]
    fn the_last_rule_for_a_port_counts_and_the_lower_port_is_asked_first() {
        let rules = rules(&[
            "udp.port==9000-9009,vxlan",
            "udp.port==9005,geneve",
            "udp.port==20:2,gtp",
            "tcp.port==7,data",
        ]);
        let of = |src, dst| rules.of(TransportProtocol::Udp, src, dst);
        assert_eq!(of(40_000, 9004), Some(Behind::Vxlan));
        assert_eq!(of(9005, 40_000), Some(Behind::Geneve));
        assert_eq!(of(9005, 21), Some(Behind::Gtp));
        assert_eq!((of(22, 7), of(9010, 9010)), (None, None));
        assert_eq!(rules.of(TransportProtocol::Tcp, 7, 9005), Some(Behind::Data));
    }

    #[test]
    fn messages_are_known_by_their_transports() {
        let rules =
            rules(&["tcp.port==8888,http", "tcp.port==8443,ssl", "udp.port==8888,dns", "tcp.port==25,data"]);
        let tcp = |port| rules.of(TransportProtocol::Tcp, 40_000, port);
        assert_eq!(tcp(8888), Some(Behind::Messages("http")));
        assert_eq!((tcp(8443), tcp(25)), (Some(Behind::Messages("tls")), Some(Behind::Data)));
        assert_eq!(rules.of(TransportProtocol::Udp, 40_000, 8888), Some(Behind::Messages("dns")));
        assert!(DecodeAs::default().add("udp.port==80,http").is_err(), "HTTP is not spoken over UDP");
    }

    #[test]
    fn a_rule_that_cannot_be_is_told_apart() {
        let error = |text: &str| DecodeAs::default().add(text).unwrap_err();
        assert!(matches!(error("9000,vxlan"), DecodeAsError::Form(_)));
        assert!(matches!(error("udp.port==9000"), DecodeAsError::Form(_)));
        assert_eq!(error("ip.proto==1,data"), DecodeAsError::Layer("ip.proto".to_owned()));
        for ports in ["x", "70000", "9-8", "65535:2", "9:0", ""] {
            let error = error(&format!("udp.port=={ports},data"));
            assert_eq!(error, DecodeAsError::Ports(ports.to_owned()));
        }
        let DecodeAsError::Protocol { known, .. } = error("tcp.port==80,vxlan") else { panic!() };
        assert!(known.contains(&"data") && known.contains(&"http"), "{known:?}");
        assert!(!known.contains(&"vxlan") && !known.contains(&"quic"), "nothing of UDP over TCP: {known:?}");
    }

    #[test]
    fn rules_have_a_limit() {
        let mut rules = DecodeAs::default();
        (0..MAX_RULES).for_each(|_| rules.add("udp.port==1,data").unwrap());
        assert_eq!(rules.add("udp.port==1,data"), Err(DecodeAsError::TooMany));
    }
}
