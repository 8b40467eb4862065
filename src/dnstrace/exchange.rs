//! One query and the response that fits it.

use std::net::SocketAddr;

use super::transport::{DnsTransport, NoReply};
use super::{Asked, Ignored, Misfit, Over, StepOutcome};
use crate::proto::dns::{Header, OPT, Part, Parts};
use crate::time::TimeDelta;

/// Most responses that do not fit, of one query: whoever sends more than that floods, and nobody listens any longer.
pub const MAX_IGNORED: usize = 64;

/// The largest datagram that is taken: one that no network takes apart (RFC 9715 section 3.1).
const UDP_PAYLOAD: u16 = 1232;

/// The Internet's class.
const IN: u16 = 1;

/// What came of a query.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// How often it was sent: once, or not at all, or more often where it is repeated.
    pub sent: u32,
    /// The response that fits it.
    pub response: Option<Vec<u8>>,
    /// Why there is none.
    pub failure: Option<StepOutcome>,
    /// From the query to the response, or until nobody waited any longer.
    pub elapsed: TimeDelta,
    /// Responses that did not fit.
    pub ignored: Vec<Ignored>,
}

/// A query for `asked`, with EDNS, and DNSSEC records wanted (RFC 6891 section 6.1.2, RFC 3225). An iterative resolver
/// does not ask for recursion (RFC 1034 section 5.3.3).
pub(super) fn query(id: u16, asked: &Asked, recursion_desired: bool) -> Vec<u8> {
    let flags: u16 = if recursion_desired { 0x0100 } else { 0 };
    let mut bytes = Vec::new();
    for number in [id, flags, 1, 0, 0, 1] {
        bytes.extend(number.to_be_bytes());
    }
    bytes.extend_from_slice(asked.name.wire());
    for number in [asked.kind, IN] {
        bytes.extend(number.to_be_bytes());
    }
    bytes.push(0);
    // Type, payload, extended code and version, DO, no options.
    for number in [OPT, UDP_PAYLOAD, 0, 0x8000, 0] {
        bytes.extend(number.to_be_bytes());
    }
    bytes
}

/// Sends a query for `asked` and waits for the response that fits it: from that server, with that id, to that question.
#[must_use]
pub fn exchange(
    transport: &mut dyn DnsTransport,
    server: SocketAddr,
    query: &[u8],
    asked: &Asked,
    how: (Over, TimeDelta),
) -> Exchange {
    exchange_repeating(transport, server, query, asked, how, &[])
}

/// The same, sending the datagram once more, from the same port, so long after the first each time, as long as there is no
/// response (RFC 1035 section 4.2.1). What goes over a connection is not repeated.
#[must_use]
pub fn exchange_repeating(
    transport: &mut dyn DnsTransport,
    server: SocketAddr,
    query: &[u8],
    asked: &Asked,
    (over, wait): (Over, TimeDelta),
    repeats: &[TimeDelta],
) -> Exchange {
    let began = transport.now();
    let after = |wait: &TimeDelta| TimeDelta::from_nanos(began.as_nanos().saturating_add(wait.as_nanos()));
    let until = after(&wait);
    let mut repeats =
        repeats.iter().filter(|_| over == Over::Udp).map(after).filter(|at| *at < until).peekable();
    let mut exchange =
        Exchange { sent: 0, response: None, failure: None, elapsed: wait, ignored: Vec::new() };
    let id = Header::read(query).map_or(0, |header| header.id);
    let mut arrived = transport.send(server, query, over, until);
    exchange.sent = u32::from(arrived.is_ok());
    while arrived.is_ok() {
        let next = repeats.peek().copied();
        arrived = match transport.receive(next.unwrap_or(until)) {
            Err(NoReply::TimeOut) if next.is_some() => {
                repeats.next();
                let sent = transport.send_again(server, query, until);
                exchange.sent = exchange.sent.saturating_add(u32::from(sent.is_ok()));
                sent
            }
            Ok((from, bytes)) => match misfit(server, id, asked, (from, &bytes)) {
                None => {
                    exchange.response = Some(bytes);
                    break;
                }
                Some(_) if exchange.ignored.len() >= MAX_IGNORED => Err(NoReply::TimeOut),
                Some(why) => {
                    exchange.ignored.push(Ignored { from, why, packet: None });
                    Ok(())
                }
            },
            Err(why) => Err(why),
        };
    }
    exchange.elapsed = TimeDelta::from_nanos(transport.now().as_nanos().saturating_sub(began.as_nanos()));
    exchange.failure = arrived.err().map(|why| match why {
        NoReply::NotAllowed(_) => StepOutcome::NotAllowed,
        _ if !exchange.ignored.is_empty() => StepOutcome::Mismatch,
        NoReply::TimeOut => StepOutcome::TimeOut,
        NoReply::Unreachable(why) => StepOutcome::Unreachable(why),
    });
    exchange
}

/// Why a message is not the response to the query of that id (RFC 5452 section 9.1).
fn misfit(server: SocketAddr, id: u16, asked: &Asked, (from, bytes): (SocketAddr, &[u8])) -> Option<Misfit> {
    if (from.ip().to_canonical(), from.port()) != (server.ip().to_canonical(), server.port()) {
        return Some(Misfit::Source);
    }
    let Some(header) = Header::read(bytes).filter(|header| header.is_response() && header.opcode() == 0)
    else {
        return Some(Misfit::NoResponse);
    };
    if header.id != id {
        return Some(Misfit::Id(header.id));
    }
    let is_asked = match Parts::new(bytes).next() {
        Some(Part::Question(question)) => {
            question.kind == asked.kind && question.class == IN && question.name.is_same(&asked.name.name())
        }
        // Who cannot read or does not want the question need not repeat it.
        _ => header.questions == 0 && header.rcode() != 0,
    };
    (!is_asked).then_some(Misfit::Question)
}
