//! Records about services and hosts that a table of parts does not tell: SVCB and HTTPS, CAA, HIP, XPF.

use super::dns_data::Data;
use crate::field::names::dns;

/// The parameters of an SVCB or HTTPS record (RFC 9460 section 2.2).
pub(super) fn parameters(data: &mut Data<'_, '_, '_, '_>) {
    while data.left() >= 4 {
        let (Some(key), Some(len)) = (data.body().word(data.at), data.body().word(data.at + 2)) else {
            return;
        };
        let len = usize::from(len);
        let (at, whole) = (data.at, len + 4);
        data.told.body.open(dns::SVCB_SVCPARAM, at, whole, data.told.out);
        data.fixed(dns::SVCB_SVCPARAM_KEY, 2);
        data.fixed(dns::SVCB_SVCPARAM_VALUE_LENGTH, 2);
        let (outer, end) = (data.end, data.at + len);
        data.end = end.min(outer);
        value(data, key);
        data.end = outer;
        data.told.out.close();
        data.at = end;
    }
}

fn value(data: &mut Data<'_, '_, '_, '_>, key: u16) {
    match key {
        0 => while data.left() >= 2 && data.fixed(dns::SVCB_SVCPARAM_MANDATORY_KEY, 2) {},
        1 => while data.left() > 0 && data.text(dns::SVCB_SVCPARAM_ALPN_LENGTH, dns::SVCB_SVCPARAM_ALPN) {},
        2 => {}
        3 => {
            data.fixed(dns::SVCB_SVCPARAM_PORT, 2);
        }
        4 => while data.left() >= 4 && data.fixed(dns::SVCB_SVCPARAM_IPV4HINT_IP, 4) {},
        6 => while data.left() >= 16 && data.fixed(dns::SVCB_SVCPARAM_IPV6HINT_IP, 16) {},
        _ if data.left() == 0 => {}
        _ => {
            let id = match key {
                5 => dns::SVCB_SVCPARAM_ECHCONFIG,
                32769 => dns::SVCB_SVCPARAM_ODOHCONFIG,
                _ => dns::SVCB_SVCPARAM_VALUE,
            };
            let len = data.left();
            data.fixed(id, len);
        }
    }
}

/// Tag and value behind the flags of a CAA record (RFC 8659 section 4.1).
pub(super) fn caa(data: &mut Data<'_, '_, '_, '_>) {
    let Some(len) = data.byte().map(usize::from).filter(|len| *len < data.left()) else { return };
    let (start, whole) = (data.at, data.left());
    let tag = data.body().part(start + 1, len);
    let id = match tag.bytes() {
        b"issue" => dns::CAA_ISSUE,
        b"issuewild" => dns::CAA_ISSUEWILD,
        b"iodef" => dns::CAA_IODEF,
        _ => dns::CAA_UNKNOWN,
    };
    let value = (start + 1 + len, whole - 1 - len);
    data.told.ascii_over(id, value, (start, whole));
    data.fixed(dns::CAA_TAG_LENGTH, 1);
    data.told.ascii(dns::CAA_TAG, start + 1, len);
    data.told.ascii(dns::CAA_VALUE, value.0, value.1);
    data.told.out.close();
    data.at = data.end;
}

/// RFC 8005 section 5: the lengths come first.
pub(super) fn host_identity(data: &mut Data<'_, '_, '_, '_>) {
    let (Some(tag), Some(key)) = (data.byte(), data.body().word(data.at + 2)) else { return };
    let fixed = [
        (dns::HIP_HIT_LENGTH, 1),
        (dns::HIP_HIT_PK_ALGO, 1),
        (dns::HIP_PK_LENGTH, 2),
        (dns::HIP_HIT, usize::from(tag)),
        (dns::HIP_PK, usize::from(key)),
    ];
    if fixed.iter().all(|&(id, len)| data.fixed(id, len)) {
        while data.left() > 0 && data.name(dns::HIP_RENDEZVOUS_SERVER) {}
    }
}

/// Where a proxy got the query from (draft-bellis-dnsop-xpf).
pub(super) fn forwarded(data: &mut Data<'_, '_, '_, '_>) {
    let is_v6 = data.byte() == Some(6);
    data.fixed(dns::XPF_IP_VERSION, 1);
    data.fixed(dns::XPF_PROTOCOL, 1);
    if is_v6 {
        data.fixed(dns::XPF_SOURCE_IPV6, 16);
        data.fixed(dns::XPF_DESTINATION_IPV6, 16);
    } else {
        data.fixed(dns::XPF_SOURCE_IPV4, 4);
        data.fixed(dns::XPF_DESTINATION_IPV4, 4);
    }
    data.fixed(dns::XPF_SPORT, 2);
    data.fixed(dns::XPF_DPORT, 2);
}
