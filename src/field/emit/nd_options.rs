//! Options of neighbour discovery (RFC 4861 section 4.6, RFC 4191, RFC 6275, RFC 8106, RFC 8910).

use super::run::{Part, Run};
use super::{Emitter, Subject, icmp_extensions};
use crate::decode::Layer;
use crate::field::Value;
use crate::field::names::icmpv6;

/// Most options told of one message: a real one has fewer than ten.
const MAX_OPTIONS: usize = 256;
/// Most labels of a domain in a search list: 255 bytes have room for no more (RFC 1035 section 2.3.4).
const MAX_LABELS: usize = 127;

const PREFIX: Part = (icmpv6::OPT_PREFIX_FLAG, 0, 0xff);
const PREFIX_PARTS: &[Part] = &[
    (icmpv6::OPT_PREFIX_FLAG_L, 7, 1),
    (icmpv6::OPT_PREFIX_FLAG_A, 6, 1),
    (icmpv6::OPT_PREFIX_FLAG_R, 5, 1),
    (icmpv6::OPT_PREFIX_FLAG_RESERVED, 0, 0x1f),
];
const ROUTE: Part = (icmpv6::OPT_ROUTE_INFO_FLAG, 0, 0xff);

pub(super) fn emit(subject: &Subject<'_>, layer: &Layer, run: &Run<'_>, out: &mut Emitter<'_>) {
    let mut rest = *run;
    for _ in 0..MAX_OPTIONS {
        let (Some(kind), Some(units)) = (rest.byte(0), rest.byte(1)) else { return };
        let len = usize::from(units) * 8;
        let option = rest.part(0, len.max(2));
        option.open(icmpv6::OPT, 0, option.len(), out);
        option.list(0, &[(icmpv6::OPT_TYPE, 1), (icmpv6::OPT_LENGTH, 1)], out);
        if len > 0 {
            content(kind, &option, out);
        }
        out.close();
        // An option of no length would never end; what a redirect quotes is told as a packet of its own.
        if len == 0 || (kind == REDIRECTED && quotes(subject, layer)) {
            return;
        }
        rest = rest.from(len);
    }
}

/// Option of a redirect that holds the packet.
const REDIRECTED: u8 = 4;

/// Whether a quoted packet follows `layer`.
fn quotes(subject: &Subject<'_>, layer: &Layer) -> bool {
    let mut behind = subject.packet.layers().iter().skip_while(|other| *other != layer).skip(1);
    behind.next().is_some_and(|next| next.quoted)
}

fn content(kind: u8, option: &Run<'_>, out: &mut Emitter<'_>) {
    match kind {
        1 | 2 => link_address(kind, option, out),
        3 => {
            option.give(icmpv6::OPT_PREFIX_LENGTH, 2, 1, out);
            option.flags(PREFIX, 3, 1, PREFIX_PARTS, out);
            let fields = [
                (icmpv6::OPT_PREFIX_VALID_LIFETIME, 4),
                (icmpv6::OPT_PREFIX_PREFERRED_LIFETIME, 4),
                (icmpv6::OPT_RESERVED, 4),
                (icmpv6::OPT_PREFIX, 16),
            ];
            option.list(4, &fields, out);
        }
        REDIRECTED => {
            option.give(icmpv6::OPT_RESERVED, 2, 6, out);
            option.give(icmpv6::OPT_REDIRECTED_PACKET, 8, option.len().saturating_sub(8), out);
        }
        5 => option.list(2, &[(icmpv6::OPT_RESERVED, 2), (icmpv6::OPT_MTU, 4)], out),
        6 => {
            option.give(icmpv6::OPT_NBMA_SHORTCUT_LIMIT, 2, 1, out);
            option.give(icmpv6::OPT_RESERVED, 2, 1, out);
            option.give(icmpv6::OPT_RESERVED, 3, 4, out);
        }
        7 => option.list(2, &[(icmpv6::OPT_RESERVED, 2), (icmpv6::OPT_ADVERTISEMENT_INTERVAL, 4)], out),
        8 => option.list(
            2,
            &[
                (icmpv6::OPT_RESERVED, 2),
                (icmpv6::OPT_HOME_AGENT_PREFERENCE, 2),
                (icmpv6::OPT_HOME_AGENT_LIFETIME, 2),
            ],
            out,
        ),
        14 => option.give(icmpv6::OPT_NONCE, 2, option.len().saturating_sub(2), out),
        24 => route(option, out),
        25 => {
            option.list(2, &[(icmpv6::OPT_RESERVED, 2), (icmpv6::OPT_RDNSS_LIFETIME, 4)], out);
            (8..option.len()).step_by(16).for_each(|at| option.give(icmpv6::OPT_RDNSS, at, 16, out));
        }
        31 => {
            option.list(2, &[(icmpv6::OPT_RESERVED, 2), (icmpv6::OPT_DNSSL_LIFETIME, 4)], out);
            search_list(&option.from(8), out);
        }
        37 => {
            let len = option.len().saturating_sub(2);
            icmp_extensions::text(option, 2, len, icmpv6::OPT_CAPTIVE_PORTAL, out);
        }
        // Options with fields of their own that are not told.
        9..=13 | 15..=23 | 26..=30 | 32..=36 | 38 => {}
        _ => option.give(icmpv6::DATA, 2, option.len().saturating_sub(2), out),
    }
}

/// Six bytes on Ethernet; eight and padding on links with longer addresses.
fn link_address(kind: u8, option: &Run<'_>, out: &mut Emitter<'_>) {
    let own = if kind == 1 { icmpv6::OPT_SRC_LINKADDR } else { icmpv6::OPT_TARGET_LINKADDR };
    let len = match option.len() {
        16 => 8,
        len => len.saturating_sub(2),
    };
    let mac = option.bytes().get(2..8).and_then(|bytes| bytes.first_chunk().copied());
    for id in [icmpv6::OPT_LINKADDR, own] {
        match mac.filter(|_| len == 6) {
            Some(mac) => out.give(id, Value::Mac(mac), option.range(2, len)),
            None => option.give(id, 2, len, out),
        }
    }
    if option.len() == 16 {
        option.give(icmpv6::OPT_PADDING, 10, 6, out);
    }
}

fn route(option: &Run<'_>, out: &mut Emitter<'_>) {
    option.give(icmpv6::OPT_PREFIX_LENGTH, 2, 1, out);
    if let Some(bits) = option.byte(3).map(u64::from) {
        let range = option.range(3, 1);
        let (id, ..) = ROUTE;
        out.open(id, Value::Unsigned(bits), range);
        option.bits((icmpv6::OPT_ROUTE_INFO_FLAG_ROUTE_PREFERENCE, 3, 0x3), 3, 1, out);
        // The reserved bits stand on both sides of the preference.
        out.give(icmpv6::OPT_ROUTE_INFO_FLAG_RESERVED, Value::Unsigned(bits & 0xe7), range);
        out.close();
    }
    option.give(icmpv6::OPT_ROUTE_LIFETIME, 4, 4, out);
    // As much of the prefix as is worth sending (RFC 4191 section 2.3).
    let mut prefix = [0; 16];
    let sent = option.from(8).bytes();
    let sent = sent.get(..16).unwrap_or(sent);
    if let Some(start) = prefix.get_mut(..sent.len()).filter(|start| !start.is_empty()) {
        start.copy_from_slice(sent);
        out.give(icmpv6::OPT_PREFIX, Value::Ipv6(prefix.into()), option.range(8, sent.len()));
    }
}

/// Domains as in DNS, without compression, until a name of no label: that is padding.
fn search_list(run: &Run<'_>, out: &mut Emitter<'_>) {
    let mut rest = *run;
    while rest.byte(0).is_some_and(|len| len != 0) {
        let mut name = String::new();
        let mut at = 0;
        for _ in 0..MAX_LABELS {
            let len = rest.byte(at).map_or(0, usize::from);
            at += 1;
            if len == 0 {
                break;
            }
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(&String::from_utf8_lossy(rest.from(at).part(0, len).bytes()));
            at += len;
        }
        out.give(icmpv6::OPT_DNSSL, Value::Text(&name), rest.range(0, at.min(rest.len())));
        rest = rest.from(at);
    }
    if !rest.is_empty() {
        rest.give(icmpv6::OPT_PADDING, 0, rest.len(), out);
    }
}
