//! Iterative resolution: from the root's servers down to those that know the answer, step by step.
//!
//! [`DnsTrace`] is what happened, be it asked live or found in a capture; [`judge`] says what one response means to who
//! asked a zone's server. It makes traffic through a [`DnsTransport`] alone.

pub mod dnssec;
mod document;
mod domain;
mod exchange;
mod hints;
mod judge;
mod model;
mod rebuild;
mod resolver;
mod transport;

pub use domain::{BadName, Domain, type_from_text};
pub use exchange::{Exchange, MAX_IGNORED, exchange, exchange_repeating};
pub use hints::root_hints;
pub use judge::{MAX_ADDRESSES, MAX_ALIASES, MAX_SERVERS, judge, root_servers};
pub use model::{
    Alias, AliasKind, Asked, Budget, DnsTrace, Ending, Ignored, KnownBy, Misfit, NameServer, Over, Packets,
    Referral, Server, Start, Step, StepOutcome,
};
pub use rebuild::{
    ClientSide, MAX_NESTED, MAX_STEP_BYTES, MAX_STEPS, MAX_TRACES, Rebuilt, Resolution, rebuild,
};
pub use resolver::{Earlier, Family, TraceOptions, resolve, resolve_from, resolve_with_keys, unsigned_zone};
pub use transport::{DnsTransport, NoReply, Sockets};

#[cfg(test)]
mod tests;
