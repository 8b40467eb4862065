//! Protocols that Wireshark's filters know and wirelab does not decode: whoever names one is told that, and not
//! the name of another protocol that is spelled much the same.

/// Wireshark's names of common protocols of which wirelab has no fields, sorted.
const NAMES: &[&str] = &[
    "amqp", "aodv", "asterix", "atm", "ax25", "bacapp", "bacnet", "batadv", "bfd", "bgp", "bjnp", "btatt",
    "btl2cap", "btle", "btsmp", "can", "capwap", "cdp", "cflow", "cip", "coap", "dccp", "dcerpc", "dcp-etsi",
    "dhcpv6", "diameter", "distcc", "dnp3", "drda", "dtp", "eap", "eapol", "ecat", "eigrp", "enip", "epl",
    "erspan", "esis", "fc", "fcoe", "fix", "giop", "gquic", "gsm_map", "gsmtap", "gtpv2", "h225", "h245",
    "hart_ip", "homeplug", "hsrp", "http2", "http3", "iax2", "icap", "ipp", "ipx", "irc", "isakmp", "iscsi",
    "isis", "isup", "json", "kafka", "kerberos", "l2tp", "lacp", "ldap", "ldp", "lisp", "lldp", "loop",
    "lorawan", "m3ua", "mac-lte", "mbtcp", "megaco", "memcache", "mgcp", "mms", "modbus", "mongo", "mqtt",
    "msdp", "msrp", "mysql", "nbdgm", "nbns", "nbss", "ncp", "nfs", "ngap", "nhrp", "nntp", "ntlmssp", "ntp",
    "nvme", "olsr", "opcua", "openflow", "openvpn", "ospf", "pcep", "pfcp", "pgsql", "pn_io", "portmap",
    "pptp", "ptp", "radiotap", "radius", "rdp", "rip", "ripng", "rlogin", "rpc", "rpl", "rsh", "rsvp",
    "rsync", "rtcp", "rtmpt", "rtp", "rtps", "rtsp", "s1ap", "s7comm", "sap", "sccp", "sdp", "ses", "sflow",
    "sip", "skinny", "slow", "smb", "smb2", "smpp", "snmp", "socks", "someip", "spdy", "ssl", "stp", "stun",
    "syslog", "t38", "tacacs", "tacplus", "tcap", "tds", "tftp", "thrift", "tipc", "tns", "tpkt", "udld",
    "usb", "vrrp", "vtp", "wccp", "wg", "wlan", "wol", "x11", "x25", "xml", "xmpp", "zbee_nwk",
];

/// Names that Wireshark has given up for others, which are decoded.
const RENAMED: &[(&str, &str)] = &[("bootp", "dhcp")];

/// Those whose form is recognised in a payload, and what it is called there.
const RECOGNISED: &[(&str, &str)] = &[("ssl", "TLS")];

/// What to say of a field or protocol of a protocol that is not decoded; `None` of any other name. In lower case.
pub(super) fn hints(name: &str) -> Option<Vec<String>> {
    let protocol = name.split('.').next().unwrap_or(name);
    if let Some((old, new)) = RENAMED.iter().find(|(old, _)| *old == protocol) {
        return Some(vec![format!("since Wireshark 3.0 it is called {new}: {}", name.replacen(old, new, 1))]);
    }
    NAMES.binary_search(&protocol).ok()?;
    let recognised = RECOGNISED.iter().find(|(known, _)| *known == protocol);
    let mut hints = vec![format!("wirelab does not decode {protocol} yet")];
    hints.extend(recognised.map(|(_, shown)| {
        format!("packets whose payload looks like it: wirelab.payload.protocol == \"{shown}\"")
    }));
    Some(hints)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::TransportProtocol;
    use crate::field::FieldId;
    use crate::filter::Filter;
    use crate::proto;

    #[test]
    fn names_are_sorted_and_not_known_here() {
        assert!(NAMES.is_sorted_by(|a, b| a < b));
        for name in NAMES {
            assert!(FieldId::named(name).is_none(), "{name} is decoded");
        }
    }

    #[test]
    fn what_is_recognised_can_be_asked_for() {
        for (name, shown) in RECOGNISED {
            let hints = hints(name).unwrap();
            let (_, filter) = hints[1].split_once(": ").unwrap();
            assert_eq!(filter, format!("wirelab.payload.protocol == \"{shown}\""));
            assert!(Filter::parse(filter).is_ok());
        }
        // The spelling is that of the recogniser.
        let ssh = proto::name(TransportProtocol::Tcp, 80, b"SSH-2.0-x\r\n");
        assert_eq!(ssh, Some("SSH"));
        assert_eq!(hints("ssl.record").unwrap().len(), 2);
        assert_eq!(hints("ospf").unwrap(), ["wirelab does not decode ospf yet"]);
        assert_eq!(hints("bootp.id").unwrap(), ["since Wireshark 3.0 it is called dhcp: dhcp.id"]);
        assert_eq!(hints("httpx"), None);
    }
}
