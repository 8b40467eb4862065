//! TLS in a conversation: the records of each turn, and what is wrong with the certificates that were sent in clear.

use std::net::IpAddr;

use crate::flow::{Conversation, Turn};
use crate::proto::tls::{
    CertificateFacts, ClientHello, Handshakes, RECORD_HEADER, RecordHeader, ServerHello, certificates,
    content, is_null_cipher, is_tls13, kind,
};
use crate::source::PacketNumber;
use crate::time::Timestamp;

/// Most records of a turn that are read: those with something to say come first.
const MAX_RECORDS: usize = 256;

/// Most turns of a flow that are looked at: a handshake has four, and what stands before it (STARTTLS, a proxy) a few.
const MAX_TURNS: usize = 32;

/// What a turn of whole records holds; a record that is not whole is the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TurnRecords {
    /// The handshake messages that are in clear, one after the other.
    pub handshake: Vec<u8>,
    /// Alerts that are in clear: level and description.
    pub alerts: Vec<(u8, u8)>,
    /// Whether its sender encrypts from here on.
    pub has_changed_cipher: bool,
    /// Bytes of encrypted records.
    pub encrypted: u64,
}

impl TurnRecords {
    /// The records of a turn; `None` where it does not begin with one.
    #[must_use]
    pub fn of(turn: &Turn) -> Option<Self> {
        if turn.gap_before > 0 || !RecordHeader::read(&turn.bytes)?.is_sane() {
            return None;
        }
        let mut found = Self::default();
        let mut rest = turn.bytes.as_slice();
        for _ in 0..MAX_RECORDS {
            let Some(header) = RecordHeader::read(rest).filter(RecordHeader::is_sane) else { break };
            let whole = header.whole();
            let body = rest.get(RECORD_HEADER..whole.min(rest.len())).unwrap_or_default();
            match header.content_type {
                // Behind a change of cipher everything is encrypted.
                content::HANDSHAKE if !found.has_changed_cipher => found.handshake.extend_from_slice(body),
                content::ALERT if body.len() == 2 => {
                    if let [level, kind] = *body {
                        found.alerts.push((level, kind));
                    }
                }
                content::CHANGE_CIPHER_SPEC => found.has_changed_cipher = true,
                _ => found.encrypted = found.encrypted.saturating_add(u64::try_from(body.len()).unwrap_or(0)),
            }
            rest = rest.get(whole..).unwrap_or_default();
        }
        Some(found)
    }

    /// The handshake messages; the last may be cut.
    #[must_use]
    pub fn messages(&self) -> Handshakes<'_> {
        Handshakes::new(&self.handshake)
    }

    /// The certificates that its sender shows, its own first. In clear they are of a version before TLS 1.3.
    #[must_use]
    pub fn chain(&self) -> Vec<CertificateFacts> {
        let shown = self.messages().find(|message| message.kind == kind::CERTIFICATE && message.is_whole());
        let all = shown.into_iter().flat_map(|message| certificates(message.body, false));
        all.filter_map(CertificateFacts::read).collect()
    }
}

/// What is wrong with a certificate, as far as the capture alone can tell: whether somebody trusts its issuer it cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// It was valid until then, before the packets that carry it.
    Expired(Timestamp),
    /// It is valid from then on, after the packets that carry it.
    NotYetValid(Timestamp),
    /// It is not for the host that the client asked for (RFC 9525 section 6).
    OtherName(String),
    /// Subject and issuer are the same, and nobody else vouches for it.
    SelfSigned,
    /// The one that stands behind it did not sign it, another of the same message did (RFC 5246 section 7.4.2).
    OutOfOrder,
}

/// A fault, and where it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFinding {
    /// What is wrong.
    pub fault: CertificateFault,
    /// Whose certificate it is: the common name, or the whole name where there is none. Text from the wire.
    pub subject: String,
    /// Which of the certificates sent, from 1 on; the first is its sender's own.
    pub place: usize,
    /// Whether it is that of the client.
    pub of_client: bool,
    /// The first and the last packet of the turn that it came in.
    pub packets: (PacketNumber, PacketNumber),
}

/// What the handshake of a conversation tells beyond its turns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsStory {
    /// What is wrong with certificates.
    pub findings: Vec<CertificateFinding>,
    /// The packet with the choice of TLS 1.3 or later, which encrypts the certificates.
    pub hides_certificates: Option<PacketNumber>,
    /// The server has chosen a cipher suite that encrypts nothing, and no other after it.
    pub is_open: bool,
}

impl TlsStory {
    /// What the turns of a conversation tell.
    #[must_use]
    pub fn of(talk: &Conversation) -> Self {
        let mut story = Self::default();
        let (mut client, mut asked) = (None, None);
        for turn in talk.turns.iter().take(MAX_TURNS) {
            let Some(records) = TurnRecords::of(turn) else { continue };
            for message in records.messages() {
                match message.kind {
                    kind::CLIENT_HELLO => {
                        client = Some(turn.direction);
                        let hello = ClientHello::read(message.body, false);
                        let name = hello.and_then(|hello| hello.server_name());
                        asked = name.map(|name| String::from_utf8_lossy(name).into_owned());
                    }
                    kind::SERVER_HELLO => {
                        let hello = ServerHello::read(message.body);
                        if let Some(hello) = &hello {
                            story.is_open = is_null_cipher(hello.cipher_suite);
                        }
                        if hello.is_some_and(|hello| is_tls13(hello.chosen_version())) {
                            story.hides_certificates.get_or_insert(turn.first.number);
                        }
                    }
                    _ => {}
                }
            }
            let of_client = client == Some(turn.direction);
            let asked = asked.as_deref().filter(|_| !of_client);
            story.judge(&records.chain(), turn, of_client, asked);
        }
        story
    }

    fn judge(&mut self, chain: &[CertificateFacts], turn: &Turn, of_client: bool, asked: Option<&str>) {
        for (at, certificate) in chain.iter().enumerate() {
            let mut faults = Vec::new();
            match turn.first.ts {
                Some(now) if now > certificate.not_after => {
                    faults.push(CertificateFault::Expired(certificate.not_after));
                }
                Some(now) if now < certificate.not_before => {
                    faults.push(CertificateFault::NotYetValid(certificate.not_before));
                }
                _ => {}
            }
            if at == 0 {
                if let Some(asked) = asked.filter(|asked| !is_for(certificate, asked)) {
                    faults.push(CertificateFault::OtherName(asked.to_owned()));
                }
                if certificate.is_self_issued {
                    faults.push(CertificateFault::SelfSigned);
                }
            }
            let signed_by = |other: &CertificateFacts| other.subject == certificate.issuer;
            let is_next = chain.get(at.saturating_add(1)).is_none_or(signed_by);
            if !certificate.is_self_issued && !is_next && chain.iter().any(signed_by) {
                faults.push(CertificateFault::OutOfOrder);
            }
            self.findings.extend(faults.into_iter().map(|fault| CertificateFinding {
                fault,
                subject: common_name(&certificate.subject).unwrap_or(&certificate.subject).to_owned(),
                place: at.saturating_add(1),
                of_client,
                packets: (turn.first.number, turn.last.number),
            }));
        }
    }
}

/// Whether a certificate is for `host`: one of its names is, or where it has none, its common name (which RFC 9525 no
/// longer allows, and old certificates rely on).
fn is_for(certificate: &CertificateFacts, host: &str) -> bool {
    if let ([], Some(common)) = (certificate.names.as_slice(), common_name(&certificate.subject)) {
        return is_same_host(common, host);
    }
    certificate.names.iter().any(|name| is_same_host(name, host))
}

/// The common name of a subject written as [`CertificateFacts::subject`] is.
fn common_name(subject: &str) -> Option<&str> {
    subject.split(", ").find_map(|part| part.strip_prefix("CN="))
}

/// A name of a certificate and a host, letters of either case being equal; `*` stands for the first label alone
/// (RFC 9525 section 6.3).
fn is_same_host(name: &str, host: &str) -> bool {
    let (name, host) = (name.trim_end_matches('.'), host.trim_end_matches('.'));
    if let (Ok(one), Ok(other)) = (name.parse::<IpAddr>(), host.parse::<IpAddr>()) {
        return one == other;
    }
    match (name.strip_prefix("*."), host.split_once('.')) {
        (Some(below), Some((_, parent))) => below.eq_ignore_ascii_case(parent),
        _ => name.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Direction, PacketStamp};

    fn facts(subject: &str, issuer: &str, names: &[&str]) -> CertificateFacts {
        CertificateFacts {
            version: 3,
            subject: subject.to_owned(),
            issuer: issuer.to_owned(),
            serial: String::new(),
            not_before: Timestamp::from_parts(1000, 0),
            not_after: Timestamp::from_parts(2000, 0),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            signature_algorithm: String::new(),
            key_algorithm: String::new(),
            key_bits: None,
            is_ca: false,
            is_self_issued: subject == issuer,
        }
    }

    /// The faults of a chain that came at a time, by their place, the client asking for `asked`.
    fn faults(chain: &[CertificateFacts], at: i64, asked: Option<&str>) -> Vec<(usize, CertificateFault)> {
        let stamp = PacketStamp { number: 5, ts: Some(Timestamp::from_parts(at, 0)) };
        let turn = Turn {
            direction: Direction::RespToOrig,
            packets: vec![5],
            packet_count: 1,
            first: stamp,
            last: stamp,
            bytes: Vec::new(),
            total: 0,
            gap_before: 0,
        };
        let mut story = TlsStory::default();
        story.judge(chain, &turn, false, asked);
        story.findings.into_iter().map(|finding| (finding.place, finding.fault)).collect()
    }

    #[test]
    fn a_good_chain_has_no_fault() {
        let chain = [
            facts("CN=a.example", "CN=Sub", &["a.example"]),
            facts("CN=Sub", "CN=Root", &[]),
            facts("CN=Root", "CN=Root", &[]),
        ];
        assert_eq!(faults(&chain, 1500, Some("A.example")), []);
        assert_eq!(faults(&chain[..2], 1500, None), [], "the root need not be sent");
    }

    #[test]
    fn time_name_signer_and_order_are_judged() {
        let own = [facts("CN=b, O=B", "CN=b, O=B", &[])];
        let named = CertificateFault::OtherName("a.example".to_owned());
        assert_eq!(
            faults(&own, 2001, Some("a.example")),
            [
                (1, CertificateFault::Expired(Timestamp::from_parts(2000, 0))),
                (1, named),
                (1, CertificateFault::SelfSigned)
            ]
        );
        assert_eq!(faults(&own, 1500, Some("b")), [(1, CertificateFault::SelfSigned)]);
        let early = faults(&[facts("CN=a", "CN=Root", &[])], 999, None);
        assert_eq!(early, [(1, CertificateFault::NotYetValid(Timestamp::from_parts(1000, 0)))]);
        let mixed =
            [facts("CN=a", "CN=Sub", &[]), facts("CN=Root", "CN=Root", &[]), facts("CN=Sub", "CN=Root", &[])];
        assert_eq!(faults(&mixed, 1500, None), [(1, CertificateFault::OutOfOrder)]);
    }

    #[test]
    fn a_star_stands_for_one_label() {
        for (name, host, same) in [
            ("*.example.org", "www.example.org", true),
            ("*.example.org", "example.org", false),
            ("*.example.org", "a.b.example.org", false),
            ("Example.org", "example.ORG.", true),
            ("::1", "0:0:0:0:0:0:0:1", true),
            ("127.0.0.1", "127.0.0.2", false),
        ] {
            assert_eq!(is_same_host(name, host), same, "{name} {host}");
        }
        // Where there are names, the common name counts no more.
        assert!(!is_for(&facts("CN=a.example", "CN=Root", &["b.example"]), "a.example"));
    }
}
