//! Relays: what was asked to be passed on, what was passed on, and what the sender was told of it.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::IpAddr;

use super::LabFlow;
use crate::decode::Endpoint;
use crate::flow::{Direction, Flow, FlowId, FlowTable, PacketStamp};
use crate::proto::lab::{Code, Fault, Lab, Order, Says};

/// A request to pass something on.
#[derive(Clone, Debug)]
pub struct Passed {
    /// The flow of the request.
    pub flow: FlowId,
    /// Its place in the flow table.
    pub place: usize,
    /// The request's packet.
    pub at: PacketStamp,
    /// What was asked for.
    pub order: Order,
    /// What the sender was told, and where.
    pub status: Option<(Code, PacketStamp)>,
    /// The datagram to the target: its flow, its packet.
    pub forwarded: Option<(FlowId, PacketStamp)>,
    /// The place of that flow in the flow table.
    pub forwarded_place: Option<usize>,
    /// What it says, where that is something else.
    pub changed: Option<Box<str>>,
}

impl Passed {
    /// Whether what was passed on is something else, or does not fit what the sender was told.
    #[must_use]
    pub fn is_odd(&self) -> bool {
        let is_sent = self.forwarded.is_some();
        self.changed.is_some()
            || matches!(
                (self.status, is_sent),
                (Some((Code::Sent, _)), false) | (Some((Code::NotSent, _)), true)
            )
    }
}

/// Holds the address that a server tells its client against that of the packets.
pub(super) fn check_addresses(lab: &mut LabFlow, flow: &Flow) {
    let (_, client) = ends(lab, flow);
    for message in &mut lab.messages {
        if let Says::Address(Some((addr, port))) = message.said.says
            && (addr.to_canonical(), port) != (client.addr.to_canonical(), client.port)
            && message.said.fault.is_none()
        {
            message.said.fault = Some(Fault::OtherAddress(client));
        }
    }
}

/// A datagram that was passed on and that nobody asked for.
#[derive(Clone, Debug)]
pub struct Stray {
    /// Its flow.
    pub flow: FlowId,
    /// The place of that in the flow table.
    pub place: usize,
    /// Its packet.
    pub at: PacketStamp,
    /// Whose it says to be.
    pub sender: (IpAddr, u16),
}

/// One that was passed on and is not matched yet.
struct Out<'a> {
    flow: FlowId,
    place: usize,
    at: PacketStamp,
    content: &'a str,
}

/// How many datagrams of a sender to a target are looked at for the one that a request asked for: a relay passes on in order.
const MAX_LOOKED_AT: usize = 64;

/// Server and client of a flow.
fn ends(lab: &LabFlow, flow: &Flow) -> (Endpoint, Endpoint) {
    match lab.client {
        Direction::OrigToResp => (flow.tuple.resp, flow.tuple.orig),
        Direction::RespToOrig => (flow.tuple.orig, flow.tuple.resp),
    }
}

/// What relays were asked for, in the order of the packets, and what they passed on unasked.
pub(super) fn of(flows: &BTreeMap<usize, LabFlow>, table: &FlowTable) -> (Vec<Passed>, Vec<Stray>) {
    let relays = || {
        let labs = flows.iter().filter(|(_, lab)| lab.lab == Lab::Relay);
        labs.filter_map(|(place, lab)| Some((*place, lab, table.flows().get(*place)?)))
    };
    // By server, target and sender.
    let mut sent: HashMap<(Endpoint, Endpoint, Endpoint), VecDeque<Out<'_>>> = HashMap::new();
    for (place, lab, flow) in relays() {
        let (server, target) = ends(lab, flow);
        for message in &lab.messages {
            if let Says::Forwarded(addr, port, content) = &message.said.says {
                let sender = Endpoint { addr: *addr, port: *port };
                let out = Out { flow: flow.id, place, at: message.at, content };
                sent.entry((server, target, sender)).or_default().push_back(out);
            }
        }
    }
    let mut passed = Vec::new();
    // What was passed on as it was asked for: a datagram may come twice.
    let mut copies: HashSet<(usize, Endpoint, &str)> = HashSet::new();
    for (place, lab, flow) in relays() {
        let (server, sender) = ends(lab, flow);
        let status_of: HashMap<_, _> = lab
            .messages
            .iter()
            // A copy of one answer is not the answer to another request.
            .filter(|message| message.said.again.is_none())
            .filter_map(|message| match message.said.says {
                Says::Status(code) => Some((message.said.answers?.number, (code, message.at))),
                _ => None,
            })
            .collect();
        for message in &lab.messages {
            let Says::Send(request) = &message.said.says else { continue };
            let Some(order) = request.order.clone() else { continue };
            let target = Endpoint { addr: order.ip, port: order.port };
            let out =
                sent.get_mut(&(server, target, sender)).and_then(|out| take(out, message.at, &order.content));
            copies.extend(
                out.iter()
                    .filter(|out| out.content == &*order.content)
                    .map(|out| (out.place, sender, out.content)),
            );
            passed.push(Passed {
                flow: flow.id,
                place,
                at: message.at,
                status: status_of.get(&message.at.number).copied(),
                changed: out
                    .as_ref()
                    .filter(|out| out.content != &*order.content)
                    .map(|out| out.content.into()),
                forwarded_place: out.as_ref().map(|out| out.place),
                forwarded: out.map(|out| (out.flow, out.at)),
                order,
            });
        }
    }
    passed.sort_by_key(|passed| passed.at.number);
    let mut strays: Vec<Stray> = sent
        .into_iter()
        .flat_map(|((_, _, sender), left)| {
            let sender = (sender.addr, sender.port);
            let whose = Endpoint { addr: sender.0, port: sender.1 };
            let copies = &copies;
            let left = left.into_iter().filter(move |out| !copies.contains(&(out.place, whose, out.content)));
            left.map(move |out| Stray { flow: out.flow, place: out.place, at: out.at, sender })
        })
        .collect();
    strays.sort_by_key(|stray| stray.at.number);
    (passed, strays)
}

/// The first that came after `asked` with this content, or with another where none has it.
fn take<'a>(out: &mut VecDeque<Out<'a>>, asked: PacketStamp, content: &str) -> Option<Out<'a>> {
    let is_after = |out: &Out<'_>| out.at.number > asked.number;
    let same = out.iter().take(MAX_LOOKED_AT).position(|out| is_after(out) && out.content == content);
    let place = same.or_else(|| out.iter().take(MAX_LOOKED_AT).position(is_after))?;
    out.remove(place)
}
