//! HTTP exchanges: each request with what answered it, what caches and proxies did, and what was sent in its body.
//!
//! [`Exchanges`] takes the HTTP messages of a capture as they end and pairs them, side by side, in the order of their
//! flow; [`Exchanges::finish`] adds what only the whole capture tells. Bodies are handed out as they come, and only
//! their beginnings kept.

mod cache;
mod collect;
mod message;
mod name;

pub use cache::{CacheEvidence, CacheSays, CacheVerdict, Leg};
pub use collect::{BodyFound, Exchanges, MAX_EXCHANGES, MAX_HEAD_BYTES_KEPT, MAX_WAITING};
pub use message::{
    Body, FIRST_BYTES, HeaderLine, HttpMessage, MAX_HEADERS_KEPT, MAX_VALUE_BYTES, Request, Response,
};
pub use name::{FileNames, MAX_FILE_NAME, MAX_NAMES, safe_name};

use crate::decode::Endpoint;
use crate::flow::FlowId;
use crate::source::PacketNumber;
use crate::time::TimeDelta;

/// A request and its answer, or one of them alone.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The flow.
    pub flow: FlowId,
    /// Its place in [`crate::flow::FlowTable::flows`].
    pub place: usize,
    /// Who asked.
    pub client: Endpoint,
    /// Who was asked.
    pub server: Endpoint,
    /// Which exchange of its flow it is, from 1 on.
    pub number: u64,
    /// The question; `None` where the capture holds the answer only.
    pub request: Option<Request>,
    /// Answers on the way (1xx, RFC 9110 section 15.2), the first [`MAX_INTERIM`].
    pub interim: Vec<Response>,
    /// The answer.
    pub response: Option<Response>,
    /// Sent while an earlier request of the flow had no answer yet (RFC 9112 section 9.3.2).
    pub pipelined: bool,
    /// Why there is no answer; `None` where there is one.
    pub unanswered: Option<Unanswered>,
    /// Whether the connection stays open after it (RFC 9112 section 9.3); `None` where nobody says, and where a
    /// message is not whole.
    pub persistent: Option<bool>,
    /// What the messages say of caches.
    pub cache: CacheSays,
    /// What a proxy did with the request, where its other side is in the capture too.
    pub leg: Option<Leg>,
    /// One of its packets is one to show.
    pub selected: bool,
}

/// Most answers on the way that are kept of an exchange: there is a use for two (100, 103).
pub const MAX_INTERIM: usize = 8;

/// Why a request has no answer in the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Bytes of the side that was asked are not in the capture.
    Gap,
    /// The connection was reset.
    Reset,
    /// The side that was asked closed the connection.
    Closed,
    /// The capture ends before.
    CaptureEnd,
    /// More requests waited at the same time than are paired with their answers.
    NotPaired,
}

/// How long an exchange took, counted from the packet that completes the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// To the packet with the first byte of the answer.
    pub first_byte: TimeDelta,
    /// To the packet that completes the answer.
    pub last_byte: TimeDelta,
}

impl Exchange {
    /// How long the answer took; `None` where one of the times is not known, or the answer was not captured whole.
    #[must_use]
    pub fn times(&self) -> Option<Times> {
        let (request, response) = (self.request.as_ref()?, self.response.as_ref()?);
        let asked = request.message.last;
        Some(Times {
            first_byte: response.message.first.since(asked)?,
            last_byte: response.message.last.since(asked)?,
        })
    }

    /// The packet that brought its first byte.
    #[must_use]
    pub fn first_packet(&self) -> PacketNumber {
        let request = self.request.iter().map(|request| &request.message);
        let responses = self.interim.iter().chain(&self.response).map(|response| &response.message);
        request.chain(responses).map(|message| message.first.number).min().unwrap_or_default()
    }

    /// The status code, where there is an answer with one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.response.as_ref()?.status
    }

    /// The host that is asked for: of an absolute target, else of the Host header.
    #[must_use]
    pub fn host(&self) -> Option<&[u8]> {
        self.request.as_ref()?.host()
    }
}
