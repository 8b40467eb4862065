//! Resolvers on the labs' own internet, without sockets, and on servers that lie.

mod below;
mod hostile;
mod recursive;
mod stub;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use super::recursive::Recursive;
use super::transport::Network;
use crate::dnstrace::dnssec::Anchor;
use crate::dnstrace::{DnsTransport, Domain, NoReply, Over};
use crate::lab::dns::{Addresses, Carrier, Internet, Validity};
use crate::proto::dns::Message;
use crate::time::TimeDelta;

/// When the zones were signed, in seconds since 1970; the resolvers live a day later.
const SIGNED_AT: u32 = 1_790_000_000;
const DAY: u32 = 86_400;

const RD: u16 = 0x0100;
const AD: u16 = 0x0020;
const CD: u16 = 0x0010;

/// The root, `edu.`, `com.` and `signed.edu.` are signed, `bogus.edu.` wrongly.
static WORLD: LazyLock<Internet> = LazyLock::new(|| {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(SIGNED_AT.into());
    Internet::own(Addresses::Loopback, Validity::from(at)).unwrap()
});

/// What is done to a server's answers: the server, the query, the answer; all that arrives instead.
type Tamper = Box<dyn FnMut(SocketAddr, &[u8], Vec<u8>) -> Vec<(SocketAddr, Vec<u8>)>>;

/// That internet without sockets.
#[derive(Default)]
struct Lab {
    arriving: VecDeque<(SocketAddr, Vec<u8>)>,
    clock: i128,
    /// Whom was asked for what.
    log: Vec<String>,
    /// Seconds more than a day after the zones were signed.
    later: u32,
    tamper: Option<Tamper>,
    /// Another internet than the labs' own.
    internet: Option<&'static Internet>,
}

impl DnsTransport for Lab {
    fn now(&mut self) -> TimeDelta {
        self.clock += 1_000;
        TimeDelta::from_nanos(self.clock)
    }

    fn send(&mut self, to: SocketAddr, query: &[u8], over: Over, _: TimeDelta) -> Result<(), NoReply> {
        let carrier = if over == Over::Udp { Carrier::Udp } else { Carrier::Tcp };
        let read = Message::read(query);
        self.log.push(format!("{} {} {}", to.ip(), read.questions[0].name, read.questions[0].kind));
        let internet = self.internet.unwrap_or(&WORLD);
        let server = internet.servers().iter().find(|server| server.address == to.ip());
        let answer = server.and_then(|server| internet.answer(server, query, carrier).bytes);
        self.arriving = match (&mut self.tamper, answer) {
            (Some(tamper), answer) => tamper(to, query, answer.unwrap_or_default()).into(),
            (None, answer) => answer.into_iter().map(|bytes| (to, bytes)).collect(),
        };
        Ok(())
    }

    fn receive(&mut self, until: TimeDelta) -> Result<(SocketAddr, Vec<u8>), NoReply> {
        self.arriving.pop_front().ok_or_else(|| {
            self.clock = self.clock.max(until.as_nanos());
            NoReply::TimeOut
        })
    }
}

impl Network for Lab {
    fn wall_clock(&self) -> u32 {
        SIGNED_AT + DAY + self.later
    }

    fn is_over(&self) -> bool {
        false
    }
}

fn recursive() -> Recursive {
    let anchor = Anchor::of_key(Domain::root(), WORLD.anchor().unwrap()).unwrap();
    Recursive::new(vec!["127.53.0.1:53".parse().unwrap()], 53, vec![anchor])
}

/// A query with these flags; with EDNS, and DO or not.
fn query(id: u16, text: &str, kind: u16, flags: u16, edns: Option<bool>) -> Vec<u8> {
    let words = [id, flags, 1, 0, 0, u16::from(edns.is_some())];
    let mut bytes: Vec<u8> = words.into_iter().flat_map(u16::to_be_bytes).collect();
    bytes.extend_from_slice(Domain::parse(text).unwrap().wire());
    bytes.extend([kind, 1].into_iter().flat_map(u16::to_be_bytes));
    if let Some(wants_signatures) = edns {
        bytes.push(0);
        let flags = if wants_signatures { 0x8000 } else { 0 };
        bytes.extend([41, 1232, 0, flags, 0_u16].into_iter().flat_map(u16::to_be_bytes));
    }
    bytes
}

/// The number of the extended error in an answer (RFC 8914).
fn extended_error(answer: &Message<'_>) -> Option<u16> {
    let edns = answer.edns()?;
    let (_, value) = edns.options().find(|(code, _)| *code == 15)?;
    Some(u16::from_be_bytes(*value.first_chunk()?))
}
