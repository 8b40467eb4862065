//! DTLS and QUIC in a story: what a datagram says, as far as anybody can read it; and what the whole conversation decides
//! about a turn of TLS. Hellos are put together across datagrams
//! by the analyzers of these protocols, which are asked here once more, for the one flow.

use std::collections::HashMap;

use super::dhcp;
use super::tls::{self, alert, changed_cipher, handshakes, lowered, sealed, word};
use crate::flow::Turn;
use crate::proto::quic::{PacketKind, QuicAnalyzer, QuicNote};
use crate::proto::tls::{
    Body, DTLS_RECORD_HEADER, DtlsAnalyzer, DtlsHeader, TlsNote, content, is_null_cipher,
};
use crate::proto::{Analyzer, Ending, Input, Note, Protocol, Step};
use crate::report::Told;
use crate::report::tls::TlsStory;
use crate::source::PacketNumber;

/// Records or packets of one datagram that are told: a flight of a handshake has fewer.
const MAX_TOLD: usize = 16;

/// What the datagrams of a flow say, by their packets; nothing where it speaks neither DTLS nor QUIC.
#[derive(Debug, Default)]
pub(super) struct Datagrams {
    said: HashMap<PacketNumber, String>,
    is_open: bool,
}

impl Datagrams {
    /// Reads the datagrams that were kept of a flow.
    pub(super) fn of(told: &Told<'_>) -> Self {
        let (Some(talk), Some(protocol)) = (&told.flow.conversation, told.spoken) else {
            return Self::default();
        };
        let mut analyzer: Box<dyn Analyzer> = match protocol {
            Protocol::Dtls => Box::new(DtlsAnalyzer::new()),
            Protocol::Quic => Box::new(QuicAnalyzer::new()),
            Protocol::Dhcp => {
                let said = talk.turns.iter();
                let said = said.filter_map(|turn| Some((turn.first.number, dhcp::sentence(turn)?)));
                return Self { said: said.collect(), is_open: false };
            }
            Protocol::Tls if TlsStory::of(talk).is_open => {
                let said = talk.turns.iter();
                let said = said.filter_map(|turn| Some((turn.first.number, tls::sentence(turn, true)?)));
                return Self { said: said.collect(), is_open: true };
            }
            _ => return Self::default(),
        };
        let mut is_open = false;
        let turns = talk.turns.iter();
        let said = turns.filter_map(|turn| {
            let parts = parts(analyzer.as_mut(), turn, &mut is_open);
            (!parts.is_empty())
                .then(|| (turn.first.number, format!("{} {}", protocol.name(), parts.join("; "))))
        });
        let said = said.collect();
        Self { said, is_open }
    }

    /// Whether it is TLS or DTLS with a cipher suite that encrypts nothing.
    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// What this one says; `None` where it is of another protocol, or where nothing is known.
    pub(super) fn said(&self, turn: &Turn) -> Option<&str> {
        self.said.get(&turn.first.number).map(String::as_str)
    }
}

/// What each record or packet of a datagram says.
fn parts(analyzer: &mut dyn Analyzer, turn: &Turn, is_open: &mut bool) -> Vec<String> {
    let is_whole = u64::try_from(turn.bytes.len()) == Ok(turn.total);
    let end = Some(if is_whole { Ending::Datagram } else { Ending::Snapped });
    let mut rest = turn.bytes.as_slice();
    let mut parts = Vec::new();
    while !rest.is_empty() && parts.len() < MAX_TOLD {
        let input = Input { from: turn.direction, bytes: rest, first: turn.first, packet: turn.last, end };
        let Step::Message { len, note, inner } = analyzer.next(&input) else { break };
        let Some((bytes, behind)) = rest.split_at_checked(len).filter(|_| len > 0) else { break };
        let inner = inner.map(|(_, bytes)| bytes).unwrap_or_default();
        match &note {
            Note::Tls(note) => {
                *is_open = note.cipher.is_some_and(is_null_cipher);
                parts.push(record(bytes, note, &inner));
            }
            Note::Quic(note) => parts.push(packet(note, &inner)),
            _ => {}
        }
        rest = behind;
    }
    parts
}

/// A record of DTLS, whose handshake messages are in `inner`.
fn record(bytes: &[u8], note: &TlsNote, inner: &[u8]) -> String {
    let is_open = note.cipher.is_some_and(is_null_cipher);
    let encrypted = |bytes: &[u8]| sealed(u64::try_from(bytes.len()).unwrap_or(u64::MAX), is_open);
    let Some(header) = DtlsHeader::read(bytes) else { return encrypted(bytes) };
    let body = bytes.get(DTLS_RECORD_HEADER..).unwrap_or_default();
    match (header.content_type, note.body) {
        (content::HANDSHAKE, Body::Encrypted) => format!("handshake, {}", encrypted(body)),
        (_, Body::Encrypted) => encrypted(body),
        (content::HANDSHAKE, _) => {
            let messages = handshakes(inner, true);
            if messages.is_empty() { "part of a handshake message".to_owned() } else { messages.join("; ") }
        }
        (content::ALERT, _) => match *body {
            [level, kind] => alert(level, kind),
            _ => "alert".to_owned(),
        },
        (content::CHANGE_CIPHER_SPEC, _) => changed_cipher(is_open).to_owned(),
        (other, _) => lowered(&word("tls.record.content_type", other.into())),
    }
}

/// A packet of QUIC, whose payload and handshake messages are in `inner`.
fn packet(note: &QuicNote, inner: &[u8]) -> String {
    match note.kind {
        PacketKind::Initial => match (note.opened, handshakes(note.handshakes(inner), false)) {
            (Some(_), messages) if !messages.is_empty() => format!("Initial: {}", messages.join("; ")),
            (Some(_), _) => "Initial, in which no handshake message ends".to_owned(),
            (None, _) => "Initial, whose protection could not be taken off".to_owned(),
        },
        PacketKind::ZeroRtt => "0-RTT data, encrypted".to_owned(),
        PacketKind::Handshake => "Handshake, encrypted".to_owned(),
        PacketKind::Retry => "Retry: the client has to prove its address first".to_owned(),
        PacketKind::VersionNegotiation => {
            "version negotiation: the server speaks other versions than the client asked for".to_owned()
        }
        PacketKind::Short => "protected packet".to_owned(),
        PacketKind::Unknown => "packet of an unknown version".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Direction, PacketStamp};

    fn said(analyzer: &mut dyn Analyzer, bytes: &[u8], direction: Direction) -> String {
        let packet = PacketStamp { number: 1, ts: None };
        let turn = Turn {
            direction,
            packets: vec![1],
            packet_count: 1,
            first: packet,
            last: packet,
            bytes: bytes.to_vec(),
            total: u64::try_from(bytes.len()).unwrap(),
            gap_before: 0,
        };
        parts(analyzer, &turn, &mut false).join("; ")
    }

    /// A record of DTLS 1.2.
    fn dtls(content_type: u8, epoch: u8, body: &[u8]) -> Vec<u8> {
        let [high, low] = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[content_type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 0, high, low], body].concat()
    }

    /// A handshake message or, of a longer one, the bytes from `offset` on.
    fn fragment(kind: u8, len: usize, offset: usize, bytes: &[u8]) -> Vec<u8> {
        let number = |number: usize| u32::try_from(number).unwrap().to_be_bytes()[1..].to_vec();
        [vec![kind], number(len), vec![0, 0], number(offset), number(bytes.len()), bytes.to_vec()].concat()
    }

    #[test]
    fn a_hello_of_dtls_names_its_server_also_over_two_datagrams() {
        let name = b"example.org";
        let sni = [&[0, 0, 0, 16, 0, 14, 0, 0, 11][..], name].concat();
        let extensions = [&[0, 20][..], &sni].concat();
        let hello =
            [&[0xfe, 0xfd][..], &[7; 32], &[0, 0], &[0, 2, 0xc0, 0x2b], &[1, 0], &extensions].concat();
        let whole = "client hello for example.org, offers up to DTLS 1.2, 1 cipher suite";
        let mut analyzer = DtlsAnalyzer::new();
        let from = Direction::OrigToResp;
        let one = dtls(22, 0, &fragment(1, hello.len(), 0, &hello));
        assert_eq!(said(&mut analyzer, &one, from), whole);
        let (first, second) = hello.split_at(20);
        let first = dtls(22, 0, &fragment(1, hello.len(), 0, first));
        let second = dtls(22, 0, &fragment(1, hello.len(), 20, second));
        assert_eq!(said(&mut analyzer, &first, from), "part of a handshake message");
        assert_eq!(said(&mut analyzer, &second, from), whole);
        let flight = [dtls(20, 0, &[1]), dtls(22, 1, &[9; 40]), dtls(23, 1, &[9; 5])].concat();
        assert_eq!(
            said(&mut analyzer, &flight, from),
            "from here on this side encrypts; handshake, 40 bytes encrypted; 5 bytes encrypted"
        );
        assert_eq!(said(&mut analyzer, &dtls(21, 0, &[2, 40]), from), "alert: Handshake Failure (Fatal)");
        assert_eq!(said(&mut analyzer, b"no record", from), "");
    }

    #[test]
    fn packets_of_quic_are_named_and_a_datagram_may_hold_several() {
        let mut analyzer = QuicAnalyzer::new();
        let long = |first: u8, rest: &[u8]| [&[first, 0, 0, 0, 1, 2, 9, 9, 2, 8, 8], rest].concat();
        let handshake = long(0xe0, &[4, 1, 2, 3, 4]);
        let back = Direction::RespToOrig;
        assert_eq!(
            said(&mut analyzer, &[handshake, vec![0x40; 30]].concat(), back),
            "Handshake, encrypted; protected packet"
        );
        let retry = said(&mut analyzer, &long(0xf0, &[7; 40]), back);
        assert_eq!(retry, "Retry: the client has to prove its address first");
        let initial = said(&mut analyzer, &long(0xc0, &[0, 30, 1, 2, 3]), back);
        assert_eq!(initial, "Initial, whose protection could not be taken off");
    }
}
