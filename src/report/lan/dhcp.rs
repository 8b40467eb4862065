//! Addresses that are lent: DHCP messages put together by transaction and client (RFC 2131 section 3).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use crate::decode::DecodedPacket;
use crate::flow::PacketStamp;
use crate::proto::dhcp::{Damage, Message, code};
use crate::proto::{Messages, Protocol};
use crate::time::TimeDelta;

/// Most exchanges that are kept: those of a busy network in some days.
pub const MAX_EXCHANGES: usize = 16_384;
/// Most messages kept of one exchange; one that goes well has four.
pub const MAX_STEPS: usize = 32;
/// Most bytes of a name that are kept.
const MAX_NAME: usize = 255;
/// Most servers and routers kept of one lease.
const MAX_ADDRESSES: usize = 8;

/// A client's transaction with its servers.
#[derive(Clone, Debug)]
pub struct DhcpExchange {
    /// The number that the client chose.
    pub id: u32,
    /// The client's Ethernet address, where it has one.
    pub mac: Option<[u8; 6]>,
    /// The name that the client tells.
    pub host_name: Option<Box<[u8]>>,
    /// The address that the client asks for, or has.
    pub wanted: Option<Ipv4Addr>,
    /// It has that address, and asks to keep it.
    pub renews: bool,
    /// Its messages: at most [`MAX_STEPS`].
    pub steps: Vec<DhcpStep>,
    /// Messages beyond these.
    pub more_steps: u64,
    /// What the server agreed to last.
    pub lease: Option<DhcpLease>,
    /// Why the server refused, in its words.
    pub message: Option<Box<[u8]>>,
    /// The first fault in a message's options, and its packet.
    pub damage: Option<(PacketStamp, Damage)>,
}

/// A message.
#[derive(Clone, Copy, Debug)]
pub struct DhcpStep {
    /// Its packet.
    pub at: PacketStamp,
    /// What it is.
    pub kind: DhcpKind,
    /// The client sent it.
    pub from_client: bool,
    /// Who sent it, by IP.
    pub from: IpAddr,
    /// The server that it names.
    pub server: Option<Ipv4Addr>,
    /// The address for the client in it, or that the client asks for.
    pub addr: Option<Ipv4Addr>,
    /// The relay that it came through.
    pub relay: Option<Ipv4Addr>,
    /// From the message that it answers.
    pub time: Option<TimeDelta>,
    /// The same was sent before in this exchange.
    pub again: bool,
}

/// What a message is: its code (RFC 2132 section 9.6), or plain BOOTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DhcpKind {
    /// A DHCP message with this code.
    Dhcp(u8),
    /// A BOOTP request.
    BootRequest,
    /// A BOOTP reply.
    BootReply,
}

/// What was lent.
#[derive(Clone, Debug)]
pub struct DhcpLease {
    /// The packet that says so.
    pub at: PacketStamp,
    /// The address; `None` where the client had one already and asked for the rest.
    pub addr: Option<Ipv4Addr>,
    /// The mask of its network.
    pub mask: Option<Ipv4Addr>,
    /// Routers.
    pub routers: Vec<Ipv4Addr>,
    /// DNS servers.
    pub name_servers: Vec<Ipv4Addr>,
    /// The domain.
    pub domain: Option<Box<[u8]>>,
    /// Seconds; all ones for ever.
    pub seconds: Option<u32>,
    /// Seconds until it is to be renewed.
    pub renewal: Option<u32>,
    /// The server that lent it.
    pub server: Option<Ipv4Addr>,
}

impl DhcpExchange {
    /// The servers that answered, in the order of their first messages.
    #[must_use]
    pub fn servers(&self) -> Vec<IpAddr> {
        let mut list: Vec<IpAddr> = Vec::new();
        for step in self.steps.iter().filter(|step| !step.from_client) {
            let server = step.server.map_or(step.from, IpAddr::V4);
            if !list.contains(&server) {
                list.push(server);
            }
        }
        list
    }

    /// Whether a message of this kind is among the steps.
    #[must_use]
    pub fn has(&self, kind: DhcpKind) -> bool {
        self.steps.iter().any(|step| step.kind == kind)
    }

    /// The first packet.
    #[must_use]
    pub fn first(&self) -> PacketStamp {
        self.steps.first().map(|step| step.at).unwrap_or_default()
    }
}

/// Collects them.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    all: Vec<DhcpExchange>,
    /// By transaction and hardware address.
    open: HashMap<(u32, [u8; 16]), usize>,
    left_out: u64,
}

impl Exchanges {
    /// Takes the DHCP messages that a packet carries itself.
    pub(super) fn take(&mut self, at: PacketStamp, decoded: &DecodedPacket<'_>, messages: &Messages) {
        for message in messages.all().iter().filter(|message| message.protocol == Protocol::Dhcp) {
            let transport = decoded.transports().get(message.transport).filter(|transport| !transport.quoted);
            let (Some(transport), Some(read)) = (transport, Message::read(message.bytes(decoded))) else {
                continue;
            };
            self.message(at, transport.src.addr, &read);
        }
    }

    fn message(&mut self, at: PacketStamp, from: IpAddr, read: &Message<'_>) {
        let key = (read.header.id, read.header.hardware);
        // Some clients keep the number of their transaction when they renew what it lent them.
        let is_over = |place: &usize| self.all.get(*place).is_some_and(|exchange| exchange.is_over(read));
        let place = match self.open.get(&key).copied().filter(|place| !is_over(place)) {
            Some(place) => place,
            None if self.all.len() >= MAX_EXCHANGES => {
                self.left_out += 1;
                return;
            }
            None => {
                let place = self.all.len();
                self.open.insert(key, place);
                self.all.push(DhcpExchange {
                    id: read.header.id,
                    mac: read.header.mac(),
                    host_name: None,
                    wanted: None,
                    renews: false,
                    steps: Vec::new(),
                    more_steps: 0,
                    lease: None,
                    message: None,
                    damage: None,
                });
                place
            }
        };
        if let Some(exchange) = self.all.get_mut(place) {
            exchange.take(at, from, read);
        }
    }

    pub(super) fn finish(self) -> (Vec<DhcpExchange>, u64) {
        (self.all, self.left_out)
    }
}

impl DhcpExchange {
    /// Whether a message begins another exchange: the client asks anew behind its answer.
    fn is_over(&self, next: &Message<'_>) -> bool {
        let is_answered = self
            .steps
            .last()
            .is_some_and(|step| matches!(step.kind, DhcpKind::Dhcp(5 | 6) | DhcpKind::BootReply));
        let asks_anew = next.kind() == Some(1) || !next.header.client.is_unspecified();
        is_answered && next.header.op == 1 && asks_anew
    }

    fn take(&mut self, at: PacketStamp, from: IpAddr, read: &Message<'_>) {
        let header = &read.header;
        let from_client = header.op == 1;
        let kind = match (read.kind(), from_client) {
            (Some(kind), _) => DhcpKind::Dhcp(kind),
            (None, true) => DhcpKind::BootRequest,
            (None, false) => DhcpKind::BootReply,
        };
        let some = |addr: Ipv4Addr| Some(addr).filter(|addr| !addr.is_unspecified());
        let wanted = read.address(code::REQUESTED_ADDRESS).or(some(header.client));
        let server = read.address(code::SERVER_ID);
        if from_client {
            self.wanted = wanted.or(self.wanted);
            self.renews |= kind == DhcpKind::Dhcp(3) && !header.client.is_unspecified();
            let name = read.text(code::HOST_NAME).map(short);
            self.host_name = name.or_else(|| self.host_name.take());
        }
        if let Some(damage) = read.damage() {
            self.damage.get_or_insert((at, damage));
        }
        match kind {
            DhcpKind::Dhcp(5) | DhcpKind::BootReply => self.lease = Some(DhcpLease::of(at, read)),
            DhcpKind::Dhcp(6) => {
                self.lease = None;
                self.message = read.text(code::MESSAGE).map(short);
            }
            _ => {}
        }
        if self.steps.len() >= MAX_STEPS {
            self.more_steps += 1;
            return;
        }
        let asked = self.steps.iter().rfind(|step| step.from_client != from_client);
        let again =
            self.steps.iter().any(|step| step.kind == kind && step.server == server && step.from == from);
        let time = asked.filter(|_| !from_client).and_then(|asked| at.since(asked.at));
        let addr = if from_client { wanted } else { some(header.yours) };
        self.steps.push(DhcpStep {
            at,
            kind,
            from_client,
            from,
            server,
            addr,
            relay: some(header.relay),
            time,
            again,
        });
    }
}

impl DhcpLease {
    /// What the message of packet `at` lends or offers.
    #[must_use]
    pub fn of(at: PacketStamp, read: &Message<'_>) -> Self {
        Self {
            at,
            addr: Some(read.header.yours).filter(|addr| !addr.is_unspecified()),
            mask: read.address(code::SUBNET_MASK),
            routers: read.addresses(code::ROUTER).take(MAX_ADDRESSES).collect(),
            name_servers: read.addresses(code::DOMAIN_NAME_SERVER).take(MAX_ADDRESSES).collect(),
            domain: read.text(code::DOMAIN_NAME).map(short),
            seconds: read.seconds(code::LEASE_TIME),
            renewal: read.seconds(code::RENEWAL_TIME),
            server: read.address(code::SERVER_ID),
        }
    }
}

fn short(text: &[u8]) -> Box<[u8]> {
    text.get(..MAX_NAME).unwrap_or(text).into()
}
