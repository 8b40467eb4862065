//! An internet in memory: what each server answers to what, and a clock that only waiting moves.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use super::super::*;
use super::wire::{self, name};
use crate::lab::NotLocal;
use crate::proto::dns::{Header, Message};
use crate::time::TimeDelta;

/// A query as a server sees it.
pub(super) struct Query {
    pub(super) id: u16,
    pub(super) name: Domain,
    pub(super) kind: u16,
    pub(super) over: Over,
    pub(super) server: SocketAddr,
}

impl Query {
    /// The response that repeats the question.
    pub(super) fn reply(&self, flags: u16, sections: [&[Vec<u8>]; 3]) -> Vec<(SocketAddr, Vec<u8>)> {
        let text = self.name.to_string();
        vec![(self.server, wire::message(self.id, wire::QR | flags, (&text, self.kind), sections))]
    }

    /// A referral to a zone with one server, whose address comes along unless there is none.
    pub(super) fn refer(&self, zone: &str, server: &str, at: Option<&str>) -> Vec<(SocketAddr, Vec<u8>)> {
        let glue: Vec<_> = at.into_iter().map(|at| wire::address(server, at)).collect();
        self.reply(0, [&[], &[wire::names(zone, wire::NS, server)], &glue])
    }

    pub(super) fn answer(&self, at: &str) -> Vec<(SocketAddr, Vec<u8>)> {
        self.reply(wire::AA, [&[wire::address(&self.name.to_string(), at)], &[], &[]])
    }
}

type Serves = Box<dyn FnMut(&Query) -> Vec<(SocketAddr, Vec<u8>)>>;

#[derive(Default)]
pub(super) struct Internet {
    servers: HashMap<IpAddr, Serves>,
    arriving: VecDeque<(SocketAddr, Vec<u8>)>,
    clock: i128,
    /// Who was asked for what.
    pub(super) log: Vec<(IpAddr, String)>,
}

impl Internet {
    /// The root at 127.0.0.1 refers all of `edu.` to 127.0.0.2, `com.` to 127.0.0.3.
    pub(super) fn new() -> Self {
        Self::default().with("127.0.0.1", |query| {
            if query.name.is_within(&name("edu")) {
                query.refer("edu", "a.edu", Some("127.0.0.2"))
            } else {
                query.refer("com", "a.com", Some("127.0.0.3"))
            }
        })
    }

    pub(super) fn with(
        mut self,
        at: &str,
        serves: impl FnMut(&Query) -> Vec<(SocketAddr, Vec<u8>)> + 'static,
    ) -> Self {
        self.servers.insert(at.parse().unwrap(), Box::new(serves));
        self
    }

    pub(super) fn trace(&mut self, text: &str) -> DnsTrace {
        let asked = Asked { name: name(text), kind: wire::A };
        let trace = resolve(self, &asked, &options());
        within_budget(&trace, &options());
        trace
    }
}

pub(super) fn options() -> TraceOptions {
    TraceOptions {
        roots: vec!["127.0.0.1:53".parse().unwrap()],
        port: 53,
        family: Family::V4,
        seed: 1,
        wait: TimeDelta::from_nanos(1_000_000_000),
        tries: 2,
        max_queries: 40,
        max_time: TimeDelta::from_nanos(20_000_000_000),
        max_depth: 4,
        like_dig: false,
    }
}

/// Whether a trace, nested ones included, kept to the budget of queries.
fn within_budget(trace: &DnsTrace, options: &TraceOptions) {
    fn sent(trace: &DnsTrace) -> u32 {
        let nested = trace.steps.iter().flat_map(|step| &step.nested).chain(&trace.fruitless);
        trace.steps.iter().map(|step| step.sent).sum::<u32>() + nested.map(sent).sum::<u32>()
    }
    assert!(sent(trace) <= options.max_queries);
}

impl DnsTransport for Internet {
    fn now(&mut self) -> TimeDelta {
        TimeDelta::from_nanos(self.clock)
    }

    fn send(&mut self, server: SocketAddr, query: &[u8], over: Over, _: TimeDelta) -> Result<(), NoReply> {
        if !server.ip().is_loopback() {
            return Err(NotLocal(server.ip()).into());
        }
        self.arriving.clear();
        let read = Message::read(query);
        assert!(read.damage.is_none());
        let header = Header::read(query).unwrap();
        let question = &read.questions[0];
        assert!(!header.recursion_desired() && read.edns().unwrap().dnssec_ok());
        self.log.push((server.ip(), question.name.to_string()));
        let query = Query {
            id: header.id,
            name: Domain::of(&question.name).unwrap(),
            kind: question.kind,
            over,
            server,
        };
        if let Some(serves) = self.servers.get_mut(&server.ip()) {
            self.arriving.extend(serves(&query));
        }
        Ok(())
    }

    fn receive(&mut self, until: TimeDelta) -> Result<(SocketAddr, Vec<u8>), NoReply> {
        self.clock += 1_000_000;
        if self.clock < until.as_nanos()
            && let Some(arrived) = self.arriving.pop_front()
        {
            return Ok(arrived);
        }
        self.clock = until.as_nanos();
        Err(NoReply::TimeOut)
    }
}
