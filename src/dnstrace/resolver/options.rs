//! How to resolve: where to begin, which addresses to use, and the budgets.

use std::net::{IpAddr, SocketAddr};

use super::{A, AAAA};
use crate::time::TimeDelta;

/// How to resolve.
#[derive(Clone, Debug)]
pub struct TraceOptions {
    /// Addresses of the root's servers; the list that everybody knows where there are none.
    pub roots: Vec<SocketAddr>,
    /// The port of all servers that are not among `roots`.
    pub port: u16,
    /// Which addresses are used.
    pub family: Family,
    /// What the choice of servers follows from.
    pub seed: u64,
    /// How long a response is waited for.
    pub wait: TimeDelta,
    /// How often a server is asked that does not answer.
    pub tries: u32,
    /// Queries, over all.
    pub max_queries: u32,
    /// Time, over all.
    pub max_time: TimeDelta,
    /// Resolutions within resolutions.
    pub max_depth: usize,
    /// Begin as dig does, with a question for the root's servers, and end as it does, with the first answer.
    pub like_dig: bool,
}

/// Which addresses are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Both, IPv4 first.
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Family {
    pub(super) const fn takes(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }

    /// The types of records with such addresses.
    pub(super) const fn kinds(self) -> &'static [u16] {
        match self {
            Self::Any => &[A, AAAA],
            Self::V4 => &[A],
            Self::V6 => &[AAAA],
        }
    }
}
