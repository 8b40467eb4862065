//! The stub resolver: passes every question on, and every answer back. It remembers nothing, so that a capture shows each
//! question twice: to it, and from it.

use std::net::SocketAddr;
use std::time::Duration;

use super::asked;
use super::recursive::MAX_TIME;
use super::transport::Network;
use crate::dnstrace::{Asked, Exchange, Over, exchange_repeating};
use crate::lab::dns::{Answered, By, Carrier, Code, ExtendedError, Query, Response, Word};
use crate::proto::dns::{Header, Message, Section};
use crate::time::TimeDelta;

/// How much longer than the recursive resolver takes at most its answer is waited for.
const LONGER: Duration = Duration::from_secs(1);

/// When a datagram is sent again that nothing came of, as it may be lost: not before a server had time to ask others (RFC 1035
/// section 4.2.1), and before clients do, which wait five seconds. The other resolver passes over those that it has.
const REPEATS: [TimeDelta; 2] = [TimeDelta::from_nanos(3_000_000_000), TimeDelta::from_nanos(6_000_000_000)];

/// The Internet's class.
const IN: u16 = 1;

/// The option that says more of why there is no answer (RFC 8914 section 2).
const EXTENDED_ERROR: u16 = 15;

/// RFC 8914 section 4.24: "network error".
const NETWORK_ERROR: u16 = 23;

/// Most bytes of another server's words that are told.
const MAX_TEXT: usize = 200;

/// Passes questions on.
#[derive(Debug)]
pub(super) struct Stub {
    upstream: SocketAddr,
}

impl Stub {
    pub(super) const fn new(upstream: SocketAddr) -> Self {
        Self { upstream }
    }

    /// Answers a query by what the other resolver answers.
    pub(super) fn answer(&self, network: &mut dyn Network, bytes: &[u8], carrier: Carrier) -> Answered {
        let Some(query) = Query::read(bytes) else {
            return Answered { bytes: None, question: None, word: Word::Silence, by: By::Itself };
        };
        let asked = match (query.refusal, &query.question) {
            (None, Some(question)) if question.class == IN => asked(question).ok_or(Code::FormErr),
            (None, Some(_)) => Err(Code::Refused),
            (code, _) => Err(code.unwrap_or(Code::FormErr)),
        };
        match asked {
            Ok(asked) => self.pass_on(network, bytes, query, (&asked, carrier)),
            Err(code) => write(query, carrier, &Response::of(code), Word::Refused(code), By::Itself),
        }
    }

    fn pass_on(
        &self,
        network: &mut dyn Network,
        bytes: &[u8],
        query: Query<'_>,
        (asked, carrier): (&Asked, Carrier),
    ) -> Answered {
        let by = By::Passing(self.upstream);
        let over = if carrier == Carrier::Udp { Over::Udp } else { Over::Tcp };
        let patience = i128::try_from(MAX_TIME.saturating_add(LONGER).as_nanos()).unwrap_or(i128::MAX);
        // An id of its own: who guesses the client's answers nobody (RFC 5452).
        let own = with_id(bytes, fastrand::u16(..));
        let Exchange { response, failure, .. } = exchange_repeating(
            network,
            self.upstream,
            &own,
            asked,
            (over, TimeDelta::from_nanos(patience)),
            &REPEATS,
        );
        match response.filter(|bytes| Message::read(bytes).damage.is_none()) {
            Some(answer) if answer.len() > query.limit(carrier) => {
                let empty = Response { is_empty_over_udp: true, ..Response::of(Code::NoError) };
                write(query, carrier, &empty, Word::Truncated, by)
            }
            Some(answer) => {
                let bytes = Some(with_id(&answer, query.id()));
                Answered { bytes, question: query.question, word: word(&answer), by }
            }
            None => {
                let why = failure.map_or("damaged", |failure| failure.word());
                let text = format!("no answer of {}: {why}", self.upstream);
                let error = Some(ExtendedError { code: NETWORK_ERROR, text: text.clone() });
                let response = Response { error, ..Response::of(Code::ServFail) };
                write(query, carrier, &response, Word::Failed(text), by)
            }
        }
    }
}

fn write(query: Query<'_>, carrier: Carrier, response: &Response, word: Word, by: By) -> Answered {
    let response =
        Response { offers_recursion: true, items: Vec::new(), error: response.error.clone(), ..*response };
    let (bytes, _) = response.write(&query, carrier);
    Answered { bytes: Some(bytes), question: query.question, word, by }
}

/// A message with another id, which its first two bytes are.
fn with_id(message: &[u8], id: u16) -> Vec<u8> {
    id.to_be_bytes().into_iter().chain(message.iter().skip(2).copied()).collect()
}

/// What another server's answer is.
fn word(answer: &[u8]) -> Word {
    let message = Message::read(answer);
    let is_truncated = Header::read(answer).is_some_and(|header| header.is_truncated());
    match message.rcode() {
        _ if is_truncated => Word::Truncated,
        Some(0) if message.section(Section::Answer).next().is_some() => Word::Answer,
        Some(0) => Word::NoData,
        Some(3) => Word::NxDomain,
        code => {
            Word::Failed(reason(&message).unwrap_or_else(|| format!("code {}", code.unwrap_or_default())))
        }
    }
}

/// What the other server says of why it has no answer, if that can be shown.
fn reason(message: &Message<'_>) -> Option<String> {
    let edns = message.edns()?;
    let (_, value) = edns.options().find(|(code, _)| *code == EXTENDED_ERROR)?;
    let (number, text) = value.split_first_chunk()?;
    let text = text.iter().filter(|byte| matches!(byte, 0x20..=0x7e)).take(MAX_TEXT);
    let text: String = text.map(|byte| char::from(*byte)).collect();
    Some(if text.is_empty() { format!("error {}", u16::from_be_bytes(*number)) } else { text })
}
