//! DHCP in a story: who says what to whom about which address, in a sentence a datagram.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use super::super::format::Mac;
use super::super::safe::safe_line;
use super::lan::dhcp::extras;
use super::lan::span;
use crate::flow::Turn;
use crate::proto::dhcp::{Message, code, kind_name};
use crate::report::lan::DhcpLease;

/// Columns of a name.
const NAME: usize = 60;

/// What a datagram of DHCP says; `None` where it is none.
pub(super) fn sentence(turn: &Turn) -> Option<String> {
    let read = Message::read(&turn.bytes)?;
    let lease = DhcpLease::of(turn.first, &read);
    let is_client = read.header.op == 1;
    let mut text = match (read.kind(), is_client) {
        (Some(kind), _) => {
            let name = kind_name(kind).map_or_else(|| format!("message of kind {kind}"), str::to_owned);
            format!("DHCP {name}")
        }
        (None, true) => "BOOTP request".to_owned(),
        (None, false) => "BOOTP reply".to_owned(),
    };
    let said = if is_client { asked(&read, &lease) } else { answered(&read, &lease) };
    let _ = write!(text, ": {said}");
    if let Some(relay) = some(read.header.relay) {
        let _ = write!(text, ", by relay {relay}");
    }
    let _ = write!(text, ". Transaction 0x{:x}", read.header.id);
    if let Some(extras) = extras(&lease).filter(|_| !is_client) {
        let _ = write!(text, ". With it: {extras}");
    }
    if let Some(damage) = read.damage() {
        let _ = write!(text, ". Its options cannot be read to their end: {damage}");
    }
    Some(text)
}

/// What a client says.
fn asked(read: &Message<'_>, lease: &DhcpLease) -> String {
    let who = client(read);
    let (has, wanted) = (some(read.header.client), read.address(code::REQUESTED_ADDRESS));
    let server = lease.server.map(|server| format!(" server {server}")).unwrap_or_default();
    match read.kind() {
        Some(1) => {
            let wish = wanted.map(|addr| format!(", and would like {addr}")).unwrap_or_default();
            format!("{who} looks for a server{wish}")
        }
        Some(3) => match (wanted, has) {
            (Some(addr), _) => format!("{who} asks{server} for {addr}"),
            (None, Some(addr)) => format!("{who} asks{server} to go on with {addr}"),
            (None, None) => format!("{who} asks{server} for an address"),
        },
        Some(4) => {
            let addr = wanted.map_or_else(|| "an address".to_owned(), |addr| addr.to_string());
            format!("{who} declines {addr}: somebody has it")
        }
        Some(7) => {
            let addr = has.map_or_else(|| "its address".to_owned(), |addr| addr.to_string());
            format!("{who} gives {addr} back")
        }
        Some(8) => {
            let has = has.map(|addr| format!(", which has {addr},")).unwrap_or_default();
            format!("{who}{has} asks for settings")
        }
        // A relay asks who has which address (RFC 4388).
        Some(10) => format!("about {}", has.map_or(who, |addr| addr.to_string())),
        _ => format!("from {who}"),
    }
}

/// What a server says.
fn answered(read: &Message<'_>, lease: &DhcpLease) -> String {
    let who = client(read);
    let server = lease.server.or_else(|| some(read.header.server));
    let server = server.map_or_else(|| "a server".to_owned(), |server| format!("server {server}"));
    let addr = lease.addr.map_or_else(|| "no address".to_owned(), |addr| addr.to_string());
    let time = lease.seconds.map(|seconds| format!(" for {}", span(seconds))).unwrap_or_default();
    match read.kind() {
        Some(2) => format!("{server} offers {addr} to {who}{time}"),
        Some(5) if lease.addr.is_none() => format!("{server} gives settings to {who}"),
        Some(5) => format!("{server} lends {addr} to {who}{time}"),
        Some(6) => {
            let why = read.text(code::MESSAGE).map(|text| format!(": \"{}\"", safe_line(text, NAME)));
            format!("{server} refuses {who}{}", why.unwrap_or_default())
        }
        Some(11..=13) => match some(read.header.client) {
            Some(addr) => format!("{server} about {addr} of {who}"),
            None => format!("{server} about {who}"),
        },
        None => format!("{server} tells {who} that it is {addr}"),
        Some(_) => format!("to {who} from {server}"),
    }
}

/// The client by its hardware address and the name that it tells.
fn client(read: &Message<'_>) -> String {
    let mut who = read.header.mac().map_or_else(|| "a client".to_owned(), |mac| Mac(mac).to_string());
    if let Some(name) = read.text(code::HOST_NAME).filter(|_| read.header.op == 1) {
        let _ = write!(who, " ({})", safe_line(name, NAME));
    }
    who
}

fn some(addr: Ipv4Addr) -> Option<Ipv4Addr> {
    Some(addr).filter(|addr| !addr.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Direction, PacketStamp};
    use crate::proto::dhcp::COOKIE;

    const SERVER: [u8; 6] = [54, 4, 192, 0, 2, 1];

    /// A message with the client's address, the one for it, and options.
    fn said(op: u8, has: [u8; 4], gets: [u8; 4], options: &[&[u8]]) -> Option<String> {
        let mut bytes = vec![op, 1, 6, 0, 0, 0, 0x3d, 0x1d, 0, 0, 0, 0];
        bytes.extend([has, gets, [0; 4], [0; 4]].concat());
        bytes.extend([2, 0, 0, 0, 0, 1]);
        bytes.resize(236, 0);
        bytes.extend(COOKIE);
        bytes.extend(options.concat());
        told(bytes)
    }

    fn told(bytes: Vec<u8>) -> Option<String> {
        let packet = PacketStamp { number: 1, ts: None };
        let total = u64::try_from(bytes.len()).unwrap();
        sentence(&Turn {
            direction: Direction::OrigToResp,
            packets: vec![1],
            packet_count: 1,
            first: packet,
            last: packet,
            bytes,
            total,
            gap_before: 0,
        })
    }

    fn assert_said(said: Option<String>, expected: &str) {
        assert_eq!(said.as_deref(), Some(expected));
    }

    const NONE: [u8; 4] = [0; 4];
    const ADDR: [u8; 4] = [192, 0, 2, 77];

    #[test]
    fn a_lease_is_asked_for_and_given_in_words() {
        let wish = [50, 4, 192, 0, 2, 77];
        assert_said(
            said(1, NONE, NONE, &[&[53, 1, 1, 12, 2], b"pc", &wish]),
            "DHCP Discover: 02:00:00:00:00:01 (pc) looks for a server, and would like 192.0.2.77. Transaction 0x3d1d",
        );
        assert_said(
            said(2, NONE, ADDR, &[&[53, 1, 2], &SERVER, &[51, 4, 0, 0, 14, 16, 3, 4, 192, 0, 2, 1]]),
            "DHCP Offer: server 192.0.2.1 offers 192.0.2.77 to 02:00:00:00:00:01 for 1 h. Transaction 0x3d1d. With it: \
             router 192.0.2.1",
        );
        assert_said(
            said(1, NONE, NONE, &[&[53, 1, 3], &SERVER, &wish]),
            "DHCP Request: 02:00:00:00:00:01 asks server 192.0.2.1 for 192.0.2.77. Transaction 0x3d1d",
        );
        assert_said(
            said(2, NONE, ADDR, &[&[53, 1, 5], &SERVER, &[51, 4, 255, 255, 255, 255]]),
            "DHCP ACK: server 192.0.2.1 lends 192.0.2.77 to 02:00:00:00:00:01 for ever. Transaction 0x3d1d",
        );
        assert_said(
            said(1, ADDR, NONE, &[&[53, 1, 3]]),
            "DHCP Request: 02:00:00:00:00:01 asks to go on with 192.0.2.77. Transaction 0x3d1d",
        );
    }

    #[test]
    fn what_goes_another_way_is_told_too() {
        assert_said(
            said(2, NONE, NONE, &[&[53, 1, 6], &SERVER, &[56, 3, b'n', 0x1b, b'o']]),
            "DHCP NAK: server 192.0.2.1 refuses 02:00:00:00:00:01: \"n\\x1bo\". Transaction 0x3d1d",
        );
        assert_said(
            said(1, NONE, NONE, &[&[53, 1, 4, 50, 4, 192, 0, 2, 77]]),
            "DHCP Decline: 02:00:00:00:00:01 declines 192.0.2.77: somebody has it. Transaction 0x3d1d",
        );
        assert_said(
            said(1, ADDR, NONE, &[&[53, 1, 7]]),
            "DHCP Release: 02:00:00:00:00:01 gives 192.0.2.77 back. Transaction 0x3d1d",
        );
        assert_said(
            said(1, ADDR, NONE, &[&[53, 1, 8]]),
            "DHCP Inform: 02:00:00:00:00:01, which has 192.0.2.77, asks for settings. Transaction 0x3d1d",
        );
        assert_said(
            said(2, NONE, NONE, &[&[53, 1, 5], &SERVER]),
            "DHCP ACK: server 192.0.2.1 gives settings to 02:00:00:00:00:01. Transaction 0x3d1d",
        );
        assert_said(
            said(2, ADDR, NONE, &[&[53, 1, 13], &SERVER]),
            "DHCP Lease Active: server 192.0.2.1 about 192.0.2.77 of 02:00:00:00:00:01. Transaction 0x3d1d",
        );
        assert_said(
            said(1, NONE, NONE, &[&[53, 1, 99, 12, 9, b'x']]),
            "DHCP message of kind 99: from 02:00:00:00:00:01. Transaction 0x3d1d. Its options cannot be read to their end: \
             option 12 claims 9 bytes, 1 are there",
        );
    }

    #[test]
    fn what_is_no_message_is_not_told_as_one() {
        assert_eq!(told(vec![1; 40]), None);
        let mut bootp = vec![0; 300];
        bootp[0] = 2;
        bootp[16..20].copy_from_slice(&ADDR);
        assert_said(
            told(bootp),
            "BOOTP reply: a server tells a client that it is 192.0.2.77. Transaction 0x0",
        );
    }
}
