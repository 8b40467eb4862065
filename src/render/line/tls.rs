//! What records of TLS and DTLS and packets of QUIC say, in a few words: `TLS 1.3 client hello, server name example.com`.

use super::PacketLines;
use crate::decode::DecodedPacket;
use crate::field::FieldId;
use crate::field::names::tls as fields;
use crate::proto::quic::{PacketKind, QuicNote};
use crate::proto::tls::{
    self, Body, CertificateFacts, ClientHello, DtlsHeader, Handshake, RECORD_HEADER, RecordHeader,
    ServerHello, TlsNote, certificates, content, kind,
};
use crate::proto::{Message, Note, Protocol};
use crate::render::color::Style;
use crate::render::format::Bytes;

/// Columns of a name from the wire: host names are 253 at most, and subjects tell enough in this many.
const NAME_COLUMNS: usize = 100;

/// Most names of protocols (ALPN) that are told: who offers more offers them all.
const MOST_PROTOCOLS: usize = 3;

/// Records of application data that follow each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct DataRun {
    pub(super) records: u64,
    /// Bytes of their bodies.
    pub(super) bytes: u64,
}

/// The length of the body of a record of application data; `None` for all else.
pub(super) fn data_len(message: &Message, decoded: &DecodedPacket<'_>) -> Option<u64> {
    let Note::Tls(note) = &message.note else { return None };
    let record = Record::read(message, note, decoded)?;
    (record.content_type == content::APPLICATION_DATA).then_some(u64::from(record.len))
}

/// What the header of a record says, of TLS or DTLS.
#[derive(Clone, Copy, Debug)]
struct Record {
    content_type: u8,
    version: u16,
    len: u16,
}

impl Record {
    fn read(message: &Message, note: &TlsNote, decoded: &DecodedPacket<'_>) -> Option<Self> {
        let bytes = message.bytes(decoded);
        if note.body == Body::Old {
            return None;
        }
        if message.protocol == Protocol::Dtls {
            let header = DtlsHeader::read(bytes)?;
            return Some(Self {
                content_type: header.content_type,
                version: header.version,
                len: header.len,
            });
        }
        let header = RecordHeader::read(bytes)?;
        Some(Self { content_type: header.content_type, version: header.version, len: header.len })
    }
}

impl PacketLines {
    /// Writes what follows each other as application data.
    pub(super) fn tls_data(
        &mut self,
        message: &Message,
        run: DataRun,
        named: bool,
        decoded: &DecodedPacket<'_>,
    ) {
        if let (Note::Tls(note), true) = (&message.note, named) {
            self.tls_name(message, note, decoded);
            self.line.put(" ");
        }
        self.line.put("application data ");
        self.line.put_display(Bytes(run.bytes));
        if run.records > 1 {
            self.line.put(" in ");
            self.line.put_number(run.records, 0);
            self.line.put(" records");
        }
    }

    /// Writes a record in words; `named` where the protocol is to stand before it.
    pub(super) fn tls(&mut self, message: &Message, named: bool, decoded: &DecodedPacket<'_>) {
        match &message.note {
            Note::Tls(note) => {
                if named {
                    self.tls_name(message, note, decoded);
                    self.line.put(" ");
                }
                self.record(message, note, decoded);
            }
            Note::Quic(note) => {
                if named {
                    self.line.put("QUIC ");
                }
                self.quic(message, note, decoded);
            }
            _ => {}
        }
    }

    /// `TLS 1.3`: the version that was chosen, else the highest that is offered, else the record's.
    fn tls_name(&mut self, message: &Message, note: &TlsNote, decoded: &DecodedPacket<'_>) {
        let is_datagram = message.protocol == Protocol::Dtls;
        let offered = || {
            let hello = tls::handshakes(message, decoded).find(|one| one.kind == kind::CLIENT_HELLO)?;
            let hello = ClientHello::read(hello.body, is_datagram)?;
            Some(hello.versions().find(|version| tls::is_tls13(*version)).unwrap_or(hello.version))
        };
        let said = || Record::read(message, note, decoded).map(|record| record.version);
        let version = note.version.or_else(offered).or_else(said);
        match version.and_then(|version| words(fields::RECORD_VERSION, version.into())) {
            _ if note.body == Body::Old => self.line.put("SSL 2.0"),
            Some(words) => self.line.put(words),
            None => self.line.put(message.protocol.name()),
        }
    }

    fn record(&mut self, message: &Message, note: &TlsNote, decoded: &DecodedPacket<'_>) {
        let Some(record) = Record::read(message, note, decoded) else {
            return self.line.put(if note.body == Body::Old { "client hello" } else { "record" });
        };
        let is_encrypted = note.body == Body::Encrypted;
        match record.content_type {
            content::HANDSHAKE if is_encrypted => self.line.put("encrypted handshake message"),
            content::HANDSHAKE if note.body == Body::Fragment => self.line.put("part of a handshake message"),
            content::HANDSHAKE => self.handshakes(message, note.version, decoded),
            content::ALERT if is_encrypted => self.line.put("encrypted alert"),
            content::ALERT => self.alert(message, decoded),
            other => match words(fields::RECORD_CONTENT_TYPE, other.into()) {
                Some(words) => self.lower(words),
                None => self.line.put("record"),
            },
        }
    }

    fn alert(&mut self, message: &Message, decoded: &DecodedPacket<'_>) {
        let header = if message.protocol == Protocol::Dtls { tls::DTLS_RECORD_HEADER } else { RECORD_HEADER };
        self.line.put("alert");
        let Some(&[level, what]) = message.bytes(decoded).get(header..).and_then(<[u8]>::first_chunk) else {
            return;
        };
        self.line.put(": ");
        // A close is no fault.
        if what != 0 {
            self.line.start(if level == 2 { Style::Red } else { Style::Yellow });
        }
        if level == 2 {
            self.line.put("fatal, ");
        }
        match words(fields::ALERT_MESSAGE_DESC, what.into()) {
            Some(words) => self.lower(words),
            None => self.line.put_number(what.into(), 0),
        }
        self.line.end();
    }

    fn quic(&mut self, message: &Message, note: &QuicNote, decoded: &DecodedPacket<'_>) {
        self.line.put(match note.kind {
            PacketKind::Initial => "initial",
            PacketKind::ZeroRtt => "0-RTT",
            PacketKind::Handshake => "handshake",
            PacketKind::Retry => "retry",
            PacketKind::VersionNegotiation => "version negotiation",
            PacketKind::Short => "protected",
            PacketKind::Unknown => "of an unknown version",
        });
        if tls::handshakes(message, decoded).next().is_some() {
            self.line.put(", ");
            self.handshakes(message, note.opened.and_then(|opened| opened.version), decoded);
        }
    }

    /// The handshake messages that the record or packet completes.
    fn handshakes(&mut self, message: &Message, version: Option<u16>, decoded: &DecodedPacket<'_>) {
        let mut is_first = true;
        for one in tls::handshakes(message, decoded) {
            if !is_first {
                self.line.put(", ");
            }
            is_first = false;
            self.handshake(&one, message.protocol == Protocol::Dtls, version);
            if !one.is_whole() {
                self.line.put_styled(Style::Yellow, " (not whole)");
            }
        }
        if is_first {
            self.line.put("part of a handshake message");
        }
    }

    fn handshake(&mut self, one: &Handshake<'_>, is_datagram: bool, version: Option<u16>) {
        match one.kind {
            kind::CLIENT_HELLO => {
                self.line.put("client hello");
                if let Some(hello) = ClientHello::read(one.body, is_datagram) {
                    if let Some(name) = hello.server_name() {
                        self.line.put(", server name ");
                        self.line.put_payload(name, NAME_COLUMNS);
                    }
                    self.protocols(hello.alpn());
                }
            }
            kind::SERVER_HELLO => {
                let hello = ServerHello::read(one.body);
                let is_retry = hello.is_some_and(|hello| hello.is_retry());
                self.line.put(if is_retry { "hello retry request" } else { "server hello" });
                if let Some(hello) = hello {
                    if let Some(cipher) = words(fields::CIPHERSUITE, hello.cipher_suite.into()) {
                        self.line.put(", ");
                        self.line.put(cipher);
                    }
                    self.protocols(hello.alpn().into_iter());
                }
            }
            kind::CERTIFICATE => self.certificate(one.body, version.is_some_and(tls::is_tls13)),
            other => match words(fields::HANDSHAKE_TYPE, other.into()) {
                Some(words) => self.lower(words),
                None => {
                    self.line.put("handshake message ");
                    self.line.put_number(other.into(), 0);
                }
            },
        }
    }

    /// Whose certificate it is, and who says so.
    fn certificate(&mut self, body: &[u8], is_tls13: bool) {
        let Some(first) = certificates(body, is_tls13).next() else {
            return self.line.put("no certificate");
        };
        self.line.put("certificate");
        let Some(facts) = CertificateFacts::read(first) else { return };
        self.line.put(" of ");
        self.line.put_payload(facts.subject.as_bytes(), NAME_COLUMNS);
        if facts.is_self_issued {
            self.line.put(", by itself");
        } else {
            self.line.put(", by ");
            self.line.put_payload(facts.issuer.as_bytes(), NAME_COLUMNS);
        }
    }

    fn protocols<'a>(&mut self, names: impl Iterator<Item = &'a [u8]>) {
        for (place, name) in names.take(MOST_PROTOCOLS).enumerate() {
            self.line.put(if place == 0 { ", ALPN " } else { " " });
            self.line.put_payload(name, NAME_COLUMNS);
        }
    }

    /// Wireshark's words in the middle of a sentence: only abbreviations keep their capitals.
    fn lower(&mut self, words: &str) {
        for (place, word) in words.split(' ').enumerate() {
            if place > 0 {
                self.line.put(" ");
            }
            if word.chars().any(char::is_lowercase) {
                self.line.put_ascii(&word.as_bytes().to_ascii_lowercase());
            } else {
                self.line.put(word);
            }
        }
    }
}

/// What `code` means as a value of the field.
fn words(id: FieldId, code: u64) -> Option<&'static str> {
    id.def().words.and_then(|words| words(code))
}
