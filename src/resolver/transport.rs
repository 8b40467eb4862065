//! Sockets that give up when all is to end: a resolution takes seconds, and nobody wants to wait for it then.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::dnstrace::{DnsTransport, NoReply, Over, Sockets};
use crate::lab::Policy;
use crate::time::TimeDelta;

/// How often is looked whether to stop.
const TICK: TimeDelta = TimeDelta::from_nanos(100_000_000);

/// What resolvers ask through, and the time of day that signatures are compared with.
pub(super) trait Network: DnsTransport {
    /// Seconds since 1970, modulo 2³² (RFC 4034 section 3.1.5).
    fn wall_clock(&self) -> u32;

    /// Whether nobody waits for answers any more.
    fn is_over(&self) -> bool;
}

/// Sockets, until `stop` is set.
pub(super) struct Stoppable<'a> {
    sockets: Sockets,
    stop: &'a AtomicBool,
}

impl<'a> Stoppable<'a> {
    /// Sockets with this address of the machine, so that a capture tells who asks.
    pub(super) fn new(policy: Policy, own: IpAddr, stop: &'a AtomicBool) -> Self {
        Self { sockets: Sockets::new(policy).sending_from(own), stop }
    }

    fn go_on(&self) -> Result<(), NoReply> {
        if self.is_over() { Err(NoReply::Unreachable("the resolver stops".to_owned())) } else { Ok(()) }
    }
}

impl Network for Stoppable<'_> {
    fn wall_clock(&self) -> u32 {
        self.sockets.wall_clock()
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl DnsTransport for Stoppable<'_> {
    fn now(&mut self) -> TimeDelta {
        self.sockets.now()
    }

    fn send(
        &mut self,
        server: SocketAddr,
        query: &[u8],
        over: Over,
        until: TimeDelta,
    ) -> Result<(), NoReply> {
        self.go_on()?;
        self.sockets.send(server, query, over, until)
    }

    fn send_again(&mut self, server: SocketAddr, query: &[u8], until: TimeDelta) -> Result<(), NoReply> {
        self.go_on()?;
        self.sockets.send_again(server, query, until)
    }

    fn receive(&mut self, until: TimeDelta) -> Result<(SocketAddr, Vec<u8>), NoReply> {
        loop {
            self.go_on()?;
            let soon = self.now().as_nanos().saturating_add(TICK.as_nanos());
            let is_last = soon >= until.as_nanos();
            let next = if is_last { until } else { TimeDelta::from_nanos(soon) };
            match self.sockets.receive(next) {
                Err(NoReply::TimeOut) if !is_last => {}
                came => return came,
            }
        }
    }
}
