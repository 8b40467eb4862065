//! Options of EDNS (RFC 6891 section 6.1.2).

use super::dns_data::{Data, address};
use crate::field::Value;
use crate::field::names::dns;

/// Bytes of the client's cookie (RFC 7873 section 4).
const CLIENT_COOKIE: usize = 8;

pub(super) fn emit(data: &mut Data<'_, '_, '_, '_>) {
    while data.left() >= 4 {
        let (Some(code), Some(len)) = (data.body().word(data.at), data.body().word(data.at + 2)) else {
            return;
        };
        let len = usize::from(len);
        let at = data.at;
        data.told.body.open(dns::OPT, at, len + 4, data.told.out);
        data.fixed(dns::OPT_CODE, 2);
        data.fixed(dns::OPT_LEN, 2);
        data.told.body.give(dns::OPT_DATA, data.at, len, data.told.out);
        let (outer, end) = (data.end, data.at + len);
        data.end = end.min(outer);
        option(data, code);
        data.end = outer;
        data.told.out.close();
        data.at = end;
    }
}

fn option(data: &mut Data<'_, '_, '_, '_>, code: u16) {
    match code {
        5 => while data.left() > 0 && data.fixed(dns::OPT_DAU, 1) {},
        6 => while data.left() > 0 && data.fixed(dns::OPT_DHU, 1) {},
        7 => while data.left() > 0 && data.fixed(dns::OPT_N3U, 1) {},
        8 | 20730 => client_subnet(data),
        10 => {
            data.fixed(dns::OPT_COOKIE_CLIENT, CLIENT_COOKIE);
            let len = data.left();
            data.told.body.give(dns::OPT_COOKIE_SERVER, data.at, len, data.told.out);
        }
        11 if data.left() >= 2 => {
            data.fixed(dns::OPT_EDNS_TCP_KEEPALIVE_TIMEOUT, 2);
        }
        12 => {
            let len = data.left();
            data.told.body.give(dns::OPT_PADDING, data.at, len, data.told.out);
        }
        // The name, as Wireshark shows it: its bytes as text.
        13 => data.told.ascii(dns::OPT_CHAIN_FQDN, data.at, data.left()),
        15 => {
            data.fixed(dns::OPT_EXT_ERROR_INFO_CODE, 2);
            data.told.ascii(dns::OPT_EXT_ERROR_EXTRA_TEXT, data.at, data.left());
        }
        _ => {}
    }
}

/// RFC 7871 section 6.
fn client_subnet(data: &mut Data<'_, '_, '_, '_>) {
    let family = data.body().word(data.at);
    if !data.fixed(dns::OPT_CLIENT_FAMILY, 2)
        || !data.fixed(dns::OPT_CLIENT_NETMASK, 1)
        || !data.fixed(dns::OPT_CLIENT_SCOPE, 1)
    {
        return;
    }
    let len = data.left();
    if len > 16 {
        let nowhere = data.body().range(0, 0);
        return data.told.out.give(dns::RR_OPT_BAD_LENGTH, Value::Mark, nowhere);
    }
    let id = match family {
        Some(1) => dns::OPT_CLIENT_ADDR4,
        Some(2) => dns::OPT_CLIENT_ADDR6,
        _ => dns::OPT_CLIENT_ADDR,
    };
    address(data, id, len);
}
