//! `-d`: what is behind which port, with what Wireshark decodes and wirelab does not.

use crate::cli::output::{Failure, say};
use crate::decode::{DecodeAs, DecodeAsError};
use crate::suggest::nearest;

/// Protocols that people choose for a port in Wireshark (those that `tshark -d tcp.port==1,?` and
/// `tshark -d udp.port==1,?` list) and that wirelab does not decode.
static ONLY_WIRESHARK: &[&str] = &[
    "amqp",
    "bfd",
    "bgp",
    "bitcoin",
    "cflow",
    "coap",
    "diameter",
    "dcerpc",
    "dhcp",
    "dhcpv6",
    "dicom",
    "dnp3",
    "dof",
    "echo",
    "elasticsearch",
    "enip",
    "esio",
    "fcgi",
    "finger",
    "fix",
    "gelf",
    "giop",
    "git",
    "gquic",
    "gsmtap",
    "h225",
    "h245",
    "h248",
    "hl7",
    "hsrp",
    "http2",
    "iax2",
    "iec60870_104",
    "ipp",
    "irc",
    "isakmp",
    "iscsi",
    "iperf2",
    "isns",
    "its",
    "json",
    "kafka",
    "kerberos",
    "ldap",
    "lpd",
    "mbtcp",
    "mbudp",
    "megaco",
    "memcache",
    "mgcp",
    "modbus",
    "mongo",
    "mq",
    "mqtt",
    "mqttsn",
    "msgpack",
    "mysql",
    "nat-pmp",
    "nbdgm",
    "nbns",
    "nbss",
    "nntp",
    "ntp",
    "olsr",
    "opcua",
    "openflow",
    "pfcp",
    "pgsql",
    "pim",
    "pptp",
    "ptp",
    "rdt",
    "rip",
    "ripng",
    "rlogin",
    "rpc",
    "rsync",
    "rtcp",
    "rtmpt",
    "rtp",
    "rtsp",
    "s7comm",
    "sctp",
    "sflow",
    "sip",
    "skinny",
    "smpp",
    "smux",
    "snmp",
    "socks",
    "someip",
    "srtp",
    "srvloc",
    "stun",
    "syslog",
    "t38",
    "tacacs",
    "tacplus",
    "tds",
    "tftp",
    "thrift",
    "time",
    "tns",
    "tpkt",
    "tzsp",
    "udpencap",
    "usbip",
    "vnc",
    "vrrp",
    "websocket",
    "wg",
    "who",
    "whois",
    "wow",
    "x11",
    "xml",
    "xmpp",
    "zabbix",
    "zrtp",
];

/// What Wireshark chooses a protocol by, and wirelab does not.
static ONLY_WIRESHARK_LAYERS: &[&str] = &[
    "dccp.port",
    "dtls.port",
    "ethertype",
    "gre.proto",
    "ip.proto",
    "ipx.socket",
    "llc.dsap",
    "mpls.label",
    "mpls.pfn",
    "ppp.protocol",
    "sctp.port",
    "sctp.ppi",
    "tls.port",
    "wtap_encap",
];

/// Obeys every `-d LAYER==PORT,PROTOCOL`. A protocol that only Wireshark decodes is told, and stays undecoded.
pub(super) fn decode_as(rules: &[String]) -> Result<DecodeAs, Failure> {
    let mut all = DecodeAs::default();
    for rule in rules {
        match all.add(rule) {
            Ok(()) => {}
            Err(error) if is_wiresharks(rule, &error) => {
                say(format_args!("warning: -d {rule} has no effect here: {error}"));
            }
            Err(error) => return Err(refused(rule, error)),
        }
    }
    Ok(all)
}

/// Whether Wireshark knows what wirelab does not.
fn is_wiresharks(rule: &str, error: &DecodeAsError) -> bool {
    match error {
        DecodeAsError::Protocol { protocol, .. } => ONLY_WIRESHARK.contains(&protocol.as_str()),
        DecodeAsError::Layer(layer) => {
            let named = rule.split_once(',').is_some_and(|(_, protocol)| !protocol.trim().is_empty());
            named && ONLY_WIRESHARK_LAYERS.contains(&layer.as_str())
        }
        _ => false,
    }
}

fn refused(rule: &str, error: DecodeAsError) -> Failure {
    let failure = Failure::new(format_args!("-d {rule}: {error}"));
    match error {
        DecodeAsError::Form(_) => failure.hint("write LAYER==PORT,PROTOCOL, as in -d udp.port==9999,vxlan"),
        DecodeAsError::Layer(_) => failure.hint("tcp.port and udp.port are known"),
        DecodeAsError::Ports(_) => failure.hint("write 9999, 9000-9010, or 9000:11 for eleven ports"),
        DecodeAsError::Protocol { layer, protocol, known } => {
            let near = nearest(&protocol, known.iter().copied());
            let meant = near.first().map(|near| format!("did you mean {near}? ")).unwrap_or_default();
            let known = known.join(", ");
            failure.hint(format_args!("{meant}{layer} can be decoded as: {known}"))
        }
        DecodeAsError::TooMany => failure,
    }
}
