//! The values of DHCP's options (RFC 2132 and others).

use std::fmt::Write;

use super::run::Run;
use super::{Emitter, ascii};
use crate::field::names::dhcp;
use crate::field::{FieldId, FieldKind, Value};
use crate::proto::dhcp::{Item, Message, Suboptions, code};
use crate::proto::dns::Name;

use Values::{Each, One};

/// What an option is told within.
pub(super) struct Within<'m> {
    /// The vendor class that the message names.
    pub(super) vendor: Option<&'m [u8]>,
    /// The message.
    pub(super) message: &'m Message<'m>,
    /// It was not captured whole.
    pub(super) cut: bool,
}

/// How many values an option has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    One,
    Each,
}

/// Options whose value is of one type, or a list of such, by their codes.
static PLAIN: &[(u8, FieldId, Values)] = &[
    (1, dhcp::SUBNET_MASK, One),
    (2, dhcp::TIME_OFFSET, One),
    (3, dhcp::ROUTER, Each),
    (4, dhcp::TIME_SERVER, Each),
    (5, dhcp::NAME_SERVER, Each),
    (6, dhcp::DOMAIN_NAME_SERVER, Each),
    (7, dhcp::LOG_SERVER, Each),
    (8, dhcp::QUOTES_SERVER, Each),
    (9, dhcp::LPR_SERVER, Each),
    (10, dhcp::IMPRESS_SERVER, Each),
    (11, dhcp::RESOURCE_LOCATION_SERVER, Each),
    (12, dhcp::HOSTNAME, One),
    (13, dhcp::BOOT_FILE_SIZE, One),
    (14, dhcp::MERIT_DUMP_FILE, One),
    (15, dhcp::DOMAIN_NAME, One),
    (16, dhcp::SWAP_SERVER, One),
    (17, dhcp::ROOT_PATH, One),
    (18, dhcp::EXTENSION_PATH, One),
    (19, dhcp::IP_FORWARDING, One),
    (20, dhcp::NON_LOCAL_SOURCE_ROUTING, One),
    (22, dhcp::MAX_DATAGRAM_REASSEMBLY_SIZE, One),
    (23, dhcp::DEFAULT_IP_TTL, One),
    (24, dhcp::PATH_MTU_AGING_TIMEOUT, One),
    (25, dhcp::PATH_MTU_PLATEAU_TABLE_ITEM, Each),
    (26, dhcp::INTERFACE_MTU, One),
    (27, dhcp::ALL_SUBNETS_ARE_LOCAL, One),
    (28, dhcp::BROADCAST_ADDRESS, One),
    (29, dhcp::PERFORM_MASK_DISCOVERY, One),
    (30, dhcp::MASK_SUPPLIER, One),
    (31, dhcp::PERFORM_ROUTER_DISCOVER, One),
    (32, dhcp::ROUTER_SOLICITATION_ADDRESS, One),
    (34, dhcp::TRAILER_ENCAPSULATION, One),
    (35, dhcp::ARP_CACHE_TIMEOUT, One),
    (36, dhcp::ETHERNET_ENCAPSULATION, One),
    (37, dhcp::TCP_DEFAULT_TTL, One),
    (38, dhcp::TCP_KEEPALIVE_INTERVAL, One),
    (39, dhcp::TCP_KEEPALIVE_GARBAGE, One),
    (40, dhcp::NIS_DOMAIN, One),
    (41, dhcp::NIS_SERVER, Each),
    (42, dhcp::NTP_SERVER, Each),
    (44, dhcp::NETBIOS_OVER_TCPIP_NAME_SERVER, Each),
    (45, dhcp::NETBIOS_OVER_TCPIP_DD_NAME_SERVER, Each),
    (46, dhcp::NETBIOS_OVER_TCPIP_NODE_TYPE, One),
    (47, dhcp::NETBIOS_OVER_TCPIP_SCOPE, One),
    (48, dhcp::XWINDOWS_SYSTEM_FONT_SERVER, Each),
    (49, dhcp::XWINDOWS_SYSTEM_DISPLAY_MANAGER, Each),
    (50, dhcp::REQUESTED_IP_ADDRESS, One),
    (51, dhcp::IP_ADDRESS_LEASE_TIME, One),
    (54, dhcp::DHCP_SERVER_ID, One),
    (55, dhcp::REQUEST_LIST_ITEM, Each),
    (56, dhcp::MESSAGE, One),
    (57, dhcp::DHCP_MAX_MESSAGE_SIZE, One),
    (58, dhcp::RENEWAL_TIME_VALUE, One),
    (59, dhcp::REBINDING_TIME_VALUE, One),
    (60, dhcp::VENDOR_CLASS_ID, One),
    (64, dhcp::NIS_PLUS_DOMAIN, One),
    (65, dhcp::NIS_PLUS_SERVER, Each),
    (66, dhcp::TFTP_SERVER_NAME, One),
    (67, dhcp::BOOTFILE_NAME, One),
    (68, dhcp::MOBILE_IP_HOME_AGENT, Each),
    (69, dhcp::SMTP_SERVER, Each),
    (70, dhcp::POP3_SERVER, Each),
    (71, dhcp::NNTP_SERVER, Each),
    (72, dhcp::DEFAULT_WWW_SERVER, Each),
    (73, dhcp::DEFAULT_FINGER_SERVER, Each),
    (74, dhcp::DEFAULT_IRC_SERVER, Each),
    (75, dhcp::STREETTALK_SERVER, Each),
    (76, dhcp::STREETTALK_DA_SERVER, Each),
    (91, dhcp::CLIENT_LAST_TRANSACTION_TIME, One),
    (92, dhcp::ASSOCIATED_IP_OPTION, Each),
    (93, dhcp::CLIENT_SYSTEM_ARCHITECTURE, Each),
    (100, dhcp::TZ_PCODE, One),
    (101, dhcp::TZ_TCODE, One),
    (114, dhcp::CAPTIVE_PORTAL, One),
    (116, dhcp::DHCP_AUTO_CONFIGURATION, One),
    (118, dhcp::SUBNET_SELECTION_OPTION, Each),
    (138, dhcp::CAPWAP_ACCESS_CONTROLLER, Each),
    (150, dhcp::TFTP_SERVER_ADDRESS, Each),
    (161, dhcp::MUDURL, One),
    (209, dhcp::PXE_CONFIG_FILE, One),
    (210, dhcp::PXE_PATH_PREFIX, One),
    (252, dhcp::PROXY_AUTODISCOVERY, One),
];

/// Most domains told of one search list, and most routes: as many as fit into a value.
const MAX_LISTED: usize = 128;

/// The value of the option `code`.
pub(super) fn emit(value: &Run<'_>, code: u8, within: &Within<'_>, out: &mut Emitter<'_>) {
    if let Ok(place) = PLAIN.binary_search_by_key(&code, |row| row.0) {
        if let Some(&(_, id, values)) = PLAIN.get(place) {
            plain(value, id, values, out);
        }
        return;
    }
    match code {
        code::MESSAGE_TYPE => value.give(dhcp::OPTION_DHCP, 0, 1, out),
        code::OVERLOAD => value.give(dhcp::OPTION_OVERLOAD, 0, 1, out),
        21 => pairs(value, [dhcp::POLICY_FILTER_IP, dhcp::POLICY_FILTER_SUBNET_MASK], out),
        33 => pairs(value, [dhcp::STATIC_ROUTE_IP, dhcp::STATIC_ROUTE_ROUTER], out),
        // A PXE client's has options within.
        code::VENDOR_INFORMATION if within.vendor.is_some_and(|vendor| vendor.starts_with(b"PXEClient")) => {}
        code::VENDOR_INFORMATION => value.give(dhcp::VENDOR_VALUE, 0, value.len(), out),
        code::CLIENT_ID => client_id(value, out),
        code::CLIENT_FQDN => fqdn(value, out),
        code::AGENT_INFORMATION => agent(value, out),
        94 => value.list(1, &[(dhcp::CLIENT_NETWORK_ID_MAJOR, 1), (dhcp::CLIENT_NETWORK_ID_MINOR, 1)], out),
        119 => search_list(value, out),
        121 | 249 => routes(value, out),
        124 => vendor_enterprise(value, dhcp::VI_CLASS_ENTERPRISE, None, out),
        125 => vendor_enterprise(value, dhcp::VI_ENTERPRISE, Some(dhcp::VI_LENGTH), out),
        160 => plain(value, dhcp::CAPTIVE_PORTAL, One, out),
        _ => {}
    }
}

fn bad_length(value: &Run<'_>, out: &mut Emitter<'_>) {
    out.give(dhcp::BAD_LENGTH, Value::Mark, value.range(0, value.len()));
}

/// A value, or a list of them, of the type of their field.
fn plain(value: &Run<'_>, id: FieldId, values: Values, out: &mut Emitter<'_>) {
    let size = match id.def().kind {
        FieldKind::Text => return ascii::give(value, id, 0, value.len(), out),
        FieldKind::Ipv4 => 4,
        FieldKind::Unsigned(bits, _) | FieldKind::Signed(bits) => usize::from(bits / 8),
        _ => 1,
    };
    let is_good = match values {
        One => value.len() == size,
        Each => value.len().is_multiple_of(size),
    };
    if !is_good {
        return bad_length(value, out);
    }
    if id.def().kind == FieldKind::Boolean {
        // Whatever is not zero is true.
        let is_true = value.byte(0).is_some_and(|byte| byte != 0);
        return out.give(id, Value::Unsigned(is_true.into()), value.range(0, 1));
    }
    for at in (0..value.len()).step_by(size) {
        value.give(id, at, size, out);
    }
}

/// Addresses two by two.
fn pairs(value: &Run<'_>, ids: [FieldId; 2], out: &mut Emitter<'_>) {
    if !value.len().is_multiple_of(8) {
        return bad_length(value, out);
    }
    for at in (0..value.len()).step_by(8) {
        value.list(at, &ids.map(|id| (id, 4)), out);
    }
}

/// Who the client says that it is (RFC 2132 section 9.14, RFC 4361).
fn client_id(value: &Run<'_>, out: &mut Emitter<'_>) {
    match (value.byte(0), value.len()) {
        // Seven bytes with a small number first are taken for a hardware address.
        (Some(kind @ 1..=47), 7) => {
            value.give(dhcp::HW_TYPE, 0, 1, out);
            if matches!(kind, 1 | 6) {
                value.give(dhcp::HW_MAC_ADDR, 1, 6, out);
            } else {
                hex(value, dhcp::CLIENT_HARDWARE_ADDRESS, 1, 6, None, out);
            }
        }
        // The identifier of a machine, a GUID, has no type here.
        (Some(0), 17) | (None, _) => {}
        (Some(0), 2..) => {
            value.give(dhcp::CLIENT_ID_TYPE, 0, 1, out);
            ascii::give(value, dhcp::CLIENT_ID_UNDEF, 1, value.len().saturating_sub(1), out);
        }
        (Some(255), 9..) => duid(value, out),
        _ => {}
    }
}

/// An identifier as DHCPv6 has it (RFC 8415 section 11), behind the interface's.
fn duid(value: &Run<'_>, out: &mut Emitter<'_>) {
    hex(value, dhcp::CLIENT_ID_IAID, 1, 4, None, out);
    value.give(dhcp::CLIENT_ID_DUID_TYPE, 5, 2, out);
    let address = |at: usize, out: &mut Emitter<'_>| {
        let is_ethernet = value.word(7) == Some(1);
        let len = value.len().saturating_sub(at);
        let separator = (is_ethernet && len == 6).then_some(':');
        if len > 0 {
            hex(value, dhcp::CLIENT_ID_LINK_LAYER_ADDRESS, at, len, separator, out);
        }
    };
    match value.word(5) {
        Some(1) => {
            value.give(dhcp::CLIENT_ID_DUID_LLT_HW_TYPE, 7, 2, out);
            value.give(dhcp::CLIENT_ID_TIME, 9, 4, out);
            address(13, out);
        }
        Some(2) => {
            value.give(dhcp::CLIENT_ID_ENTERPRISE_NUM, 7, 4, out);
            if value.len() > 11 {
                value.give(dhcp::CLIENT_ID, 11, value.len().saturating_sub(11), out);
            }
        }
        Some(3) => {
            value.give(dhcp::CLIENT_ID_DUID_LL_HW_TYPE, 7, 2, out);
            address(9, out);
        }
        _ => {}
    }
}

/// Bytes as the hexadecimal text of a field.
fn hex(value: &Run<'_>, id: FieldId, at: usize, len: usize, separator: Option<char>, out: &mut Emitter<'_>) {
    if !out.wants(id) {
        return;
    }
    let mut text = String::new();
    for (place, byte) in value.part(at, len).bytes().iter().enumerate() {
        text.extend(separator.filter(|_| place > 0));
        let _ = write!(text, "{byte:02x}");
    }
    out.give(id, Value::Text(&text), value.range(at, len));
}

/// The client's full name, and who tells DNS of it (RFC 4702).
fn fqdn(value: &Run<'_>, out: &mut Emitter<'_>) {
    if value.len() < 3 {
        return bad_length(value, out);
    }
    let bits = [
        (dhcp::FQDN_MBZ, 4, 0xf),
        (dhcp::FQDN_N, 3, 1),
        (dhcp::FQDN_E, 2, 1),
        (dhcp::FQDN_O, 1, 1),
        (dhcp::FQDN_S, 0, 1),
    ];
    value.flags((dhcp::FQDN_FLAGS, 0, 0xff), 0, 1, &bits, out);
    value.list(1, &[(dhcp::FQDN_RCODE1, 1), (dhcp::FQDN_RCODE2, 1)], out);
    let name = value.from(3);
    if name.is_empty() {
        return;
    }
    if value.byte(0).is_some_and(|flags| flags & 0x04 != 0) {
        if out.wants(dhcp::FQDN_NAME) {
            let text = format!("{:#}", Name::read(name.bytes(), 0));
            out.give(dhcp::FQDN_NAME, Value::Text(&text), name.range(0, name.len()));
        }
    } else {
        ascii::give(&name, dhcp::FQDN_NAME, 0, name.len(), out);
    }
}

/// What a relay adds (RFC 3046).
fn agent(value: &Run<'_>, out: &mut Emitter<'_>) {
    for item in Suboptions::of(value.bytes()) {
        match item {
            Item::Option(option) => {
                let len = option.value.len();
                let behind = option.at.saturating_add(2);
                open_suboption(value, option.at, option.code, len, out);
                value.give(dhcp::AGENT_VALUE, behind, len, out);
                match option.code {
                    1 => value.give(dhcp::AGENT_CIRCUIT_ID, behind, len, out),
                    2 => value.give(dhcp::AGENT_REMOTE_ID, behind, len, out),
                    5 if len == 4 => value.give(dhcp::AGENT_LINK_SELECTION, behind, len, out),
                    6 => ascii::give(value, dhcp::AGENT_SUBSCRIBER_ID, behind, len, out),
                    10 if len == 1 => value.give(dhcp::AGENT_FLAGS, behind, len, out),
                    11 if len == 4 => value.give(dhcp::AGENT_SERVER_ID_OVERRIDE, behind, len, out),
                    5 | 10 | 11 => bad_length(value, out),
                    _ => {}
                }
                out.close();
            }
            Item::Overrun { at, code, len, .. } => {
                open_suboption(value, at, code, len.into(), out);
                out.give(dhcp::MISSING_SUBOPT_VALUE, Value::Mark, value.range(at, 2));
                out.close();
            }
            Item::NoLength { at, .. } => {
                out.give(dhcp::MISSING_SUBOPT_LENGTH, Value::Mark, value.range(at, 1));
            }
            Item::Padding { .. } | Item::End { .. } | Item::NoEnd => {}
        }
    }
}

fn open_suboption(value: &Run<'_>, at: usize, code: u8, len: usize, out: &mut Emitter<'_>) {
    let whole = value.part(at, len.saturating_add(2)).len();
    out.open(dhcp::AGENT_SUBOPTION, Value::Unsigned(code.into()), value.range(at, whole));
    value.give(dhcp::SUBOPTION_LENGTH, at.saturating_add(1), 1, out);
}

/// Domains to look names up in (RFC 3397), whose names point to each other within the value.
fn search_list(value: &Run<'_>, out: &mut Emitter<'_>) {
    if !out.wants(dhcp::SEARCH_FQDN) {
        return;
    }
    let mut at = 0;
    for _ in 0..MAX_LISTED {
        let name = Name::read(value.bytes(), at);
        if at >= value.len() || name.fault().is_some() {
            return;
        }
        let end = name.place().end;
        out.give(
            dhcp::SEARCH_FQDN,
            Value::Text(&format!("{name:#}")),
            value.range(at, end.saturating_sub(at)),
        );
        at = end;
    }
}

/// Routes: the length of a prefix, those of its bytes that count, and a router (RFC 3442).
fn routes(value: &Run<'_>, out: &mut Emitter<'_>) {
    if value.len() < 5 {
        return bad_length(value, out);
    }
    let mut at = 0;
    for _ in 0..MAX_LISTED {
        let Some(width @ 0..=32) = value.byte(at) else { return };
        let len = 1 + usize::from(width.div_ceil(8)) + 4;
        value.give(dhcp::CLASSLESS_STATIC_ROUTE, at, len, out);
        at = at.saturating_add(len);
    }
}

/// What an enterprise has to tell (RFC 3925): who it is, and of options how many bytes.
fn vendor_enterprise(value: &Run<'_>, id: FieldId, length: Option<FieldId>, out: &mut Emitter<'_>) {
    let mut at = 0_usize;
    while at.saturating_add(5) <= value.len() {
        value.give(id, at, 4, out);
        if let Some(length) = length {
            value.give(length, at.saturating_add(4), 1, out);
        }
        at = at.saturating_add(5).saturating_add(value.byte(at.saturating_add(4)).unwrap_or(0).into());
    }
}
