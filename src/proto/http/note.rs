//! What the connection tells of a message.

use super::Framing;
use crate::flow::PacketStamp;
use crate::proto::Ending;
use crate::source::PacketNumber;
use crate::time::TimeDelta;

/// What the flow tells of an HTTP message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpNote {
    /// A response, not a request.
    pub is_response: bool,
    /// Bytes of the head; 0 for the answer to a request of HTTP/0.9, which has none.
    pub head_len: usize,
    /// How the body is delimited.
    pub framing: Framing,
    /// Why the message is not whole, where it is not: its head or its body ended early.
    pub cut: Option<Cut>,
    /// The connection stays open for another exchange, as far as this message says (RFC 9112 section 9.3): its version,
    /// its `Connection`, and an end that is not that of the connection. Of a message that is not whole, its head.
    pub persistent: bool,
    /// Of a request: too many others wait for their responses for this one to be found by its own.
    pub not_paired: bool,
    /// The number of the exchange within the flow, from 1; a response has that of its request.
    pub exchange: u32,
    /// Of a response: the request that it answers.
    pub request: Option<Box<Asked>>,
    /// Of a response: time from the packet that completed the request to the one that the response ends in.
    pub elapsed: Option<TimeDelta>,
    /// The packet of the request of the exchange before this one.
    pub previous_request: Option<PacketNumber>,
    /// Of a response: the packet of the response before it.
    pub previous_response: Option<PacketNumber>,
}

/// Why a message is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// No more bytes came.
    Ended(Ending),
    /// What should be a chunk of its body is none.
    NoChunk,
}

/// A request, as much of it as its response needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// `GET`.
    pub method: Box<[u8]>,
    /// What was asked for, as it stands in the request line; the first [`super::MAX_KEPT_TARGET`] bytes.
    pub target: Box<[u8]>,
    /// `Host`, where there is one.
    pub host: Option<Box<[u8]>>,
    /// It said no version: HTTP/0.9.
    pub is_simple: bool,
    /// The packet that brought its first byte.
    pub first: PacketStamp,
    /// The packet that it ended in; of one that is not [`Self::is_whole`], the one that its head ended in.
    pub last: PacketStamp,
    /// All of it was sent before the response.
    pub is_whole: bool,
    /// The number of the exchange, from 1.
    pub exchange: u32,
    /// The packet of the request before it.
    pub previous: Option<PacketNumber>,
}

impl Asked {
    /// Memory that it takes, in bytes.
    pub(super) fn held(&self) -> usize {
        let host = self.host.as_ref().map_or(0, |host| host.len());
        size_of::<Self>()
            .saturating_add(self.method.len())
            .saturating_add(self.target.len())
            .saturating_add(host)
    }

    /// The whole address that was asked for, `http://host/path`; `None` where it is not known.
    #[must_use]
    pub fn full_uri(&self) -> Option<Vec<u8>> {
        full_uri(&self.method, &self.target, self.host.as_deref())
    }
}

/// The whole address (RFC 9112 section 3.3, for connections without encryption), as Wireshark spells it: what is no
/// path stands for itself.
#[must_use]
pub fn full_uri(method: &[u8], target: &[u8], host: Option<&[u8]>) -> Option<Vec<u8>> {
    let begins = |with: &[u8]| target.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    if begins(b"http://") || begins(b"https://") || method == b"CONNECT" {
        return Some(target.to_vec());
    }
    host.map(|host| [b"http://".as_slice(), host, target].concat())
}
