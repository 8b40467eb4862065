//! `audit --json`.

use std::io::{self, Write};
use std::net::IpAddr;

use serde::{Serialize, Serializer};

use super::{AuditRow, side};
use crate::decode::Endpoint;
use crate::flow::{Direction, FlowId};
use crate::proto::content::Form;
use crate::render::json::Text;
use crate::render::json::escape::write_pretty;
use crate::report::audit::{Looks, Secret, SideAudit};
use crate::source::PacketNumber;

/// Schema of [`AuditDocument`].
pub const AUDIT_SCHEMA: &str = "wirelab.audit/1";

/// `{"schema": "wirelab.audit/1", "flows": [{"flow": "tcp:0", "verdict": "plaintext", …}]}`; of several files
/// `{"schema": …, "files": [{"file": "a.pcap", "flows": […]}]}`.
#[derive(Debug, Serialize)]
pub struct AuditDocument<'a> {
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    flows: Option<FlowsJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<&'a [FileJson]>,
}

/// Flows, turned into JSON one at a time.
#[derive(Debug)]
struct FlowsJson<'a> {
    rows: &'a [AuditRow<'a>],
    show_secrets: bool,
}

impl Serialize for FlowsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows.iter().map(|row| FlowJson::new(row, self.show_secrets)))
    }
}

/// The flows of one file of several.
#[derive(Debug, Serialize)]
pub struct FileJson {
    file: String,
    flows: Vec<FlowJson>,
}

impl FileJson {
    /// The flows of the file of this name.
    #[must_use]
    pub fn new(file: String, rows: &[AuditRow<'_>], show_secrets: bool) -> Self {
        Self { file, flows: rows.iter().map(|row| FlowJson::new(row, show_secrets)).collect() }
    }
}

impl<'a> AuditDocument<'a> {
    /// Of one file.
    #[must_use]
    pub const fn of_flows(rows: &'a [AuditRow<'a>], show_secrets: bool) -> Self {
        Self { schema: AUDIT_SCHEMA, flows: Some(FlowsJson { rows, show_secrets }), files: None }
    }

    /// Of several files.
    #[must_use]
    pub const fn of_files(files: &'a [FileJson]) -> Self {
        Self { schema: AUDIT_SCHEMA, flows: None, files: Some(files) }
    }

    /// Writes the document.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write<W: Write>(&self, out: &mut W) -> io::Result<()> {
        write_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

#[derive(Debug, Serialize)]
struct FlowJson {
    /// `tcp:0`, by Wireshark's number.
    flow: Text<FlowId>,
    verdict: &'static str,
    orig: EndJson,
    resp: EndJson,
    first_packet: PacketNumber,
    last_packet: PacketNumber,
    evidence: EvidenceJson,
    directions: DirectionsJson,
    secrets: Vec<SecretJson>,
    /// Secrets beyond those listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    more_secrets: Option<u64>,
    /// Lines of which only the first bytes were looked at for secrets, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    long_lines: Option<u64>,
}

#[derive(Debug, Serialize)]
struct EndJson {
    address: IpAddr,
    port: u16,
}

impl EndJson {
    const fn new(endpoint: Endpoint) -> Self {
        Self { address: endpoint.addr, port: endpoint.port }
    }
}

#[derive(Debug, Serialize)]
struct EvidenceJson {
    /// What the flow speaks, one after the other.
    protocols: Vec<ProtocolJson>,
    /// The packet from which on it is encrypted, where readable bytes went before.
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted_from_packet: Option<PacketNumber>,
    /// The verdict is on so few bytes, of no known protocol, that it may be chance.
    #[serde(skip_serializing_if = "Option::is_none")]
    only_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct ProtocolJson {
    name: &'static str,
    /// `text`, `binary`, `encrypted` or `prelude`.
    form: &'static str,
}

#[derive(Debug, Serialize)]
struct DirectionsJson {
    orig_to_resp: SideJson,
    resp_to_orig: SideJson,
}

#[derive(Debug, Serialize)]
struct SideJson {
    /// Left out where this side sent nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    bytes: u64,
    /// From 0 to 1: printable UTF-8, tabs and line ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    readable_share: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entropy_test: Option<EntropyJson>,
    /// What its first bytes are the mark of.
    #[serde(skip_serializing_if = "Option::is_none")]
    magic: Option<&'static str>,
    /// What bodies of messages are packed with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    packed_bodies: Vec<String>,
    /// The first readable lines without a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_packet: Option<PacketNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_packet: Option<PacketNumber>,
}

#[derive(Debug, Serialize)]
struct EntropyJson {
    sample_bytes: u64,
    /// 255 degrees of freedom.
    chi_square: f64,
    bits_per_byte: f64,
    /// `random`, `skewed` or `too_few`.
    looks: &'static str,
}

#[derive(Debug, Serialize)]
struct SecretJson {
    kind: &'static str,
    packet: PacketNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// `null` where it is masked.
    value: Option<String>,
}

impl FlowJson {
    fn new(row: &AuditRow<'_>, show_secrets: bool) -> Self {
        let (flow, audit) = (row.flow, &row.audit);
        let form = |form| match form {
            Form::Text => "text",
            Form::Binary => "binary",
            Form::Encrypted => "encrypted",
            Form::Prelude => "prelude",
        };
        let protocols =
            audit.spoken.iter().map(|spoken| ProtocolJson { name: spoken.name, form: form(spoken.form) });
        Self {
            flow: Text(flow.id),
            verdict: audit.verdict.name(),
            orig: EndJson::new(flow.tuple.orig),
            resp: EndJson::new(flow.tuple.resp),
            first_packet: flow.first.number,
            last_packet: flow.last.number,
            evidence: EvidenceJson {
                protocols: protocols.collect(),
                encrypted_from_packet: audit.encrypted_from,
                only_bytes: audit.few_bytes(),
            },
            directions: DirectionsJson {
                orig_to_resp: SideJson::new(side(audit, Direction::OrigToResp)),
                resp_to_orig: SideJson::new(side(audit, Direction::RespToOrig)),
            },
            secrets: audit.secrets.iter().map(|secret| SecretJson::new(secret, show_secrets)).collect(),
            more_secrets: Some(audit.more_secrets).filter(|more| *more > 0),
            long_lines: Some(audit.long_lines).filter(|lines| *lines > 0),
        }
    }
}

impl SideJson {
    fn new(side: &SideAudit) -> Self {
        let looks = |looks| match looks {
            Looks::Random => "random",
            Looks::Skewed => "skewed",
            Looks::TooFew => "too_few",
        };
        Self {
            verdict: side.verdict.map(|verdict| verdict.name()),
            bytes: side.bytes,
            readable_share: side.readable,
            entropy_test: side.randomness.map(|randomness| EntropyJson {
                sample_bytes: randomness.sample,
                chi_square: randomness.chi_square,
                bits_per_byte: randomness.entropy,
                looks: looks(randomness.looks),
            }),
            magic: side.magic,
            packed_bodies: side.packed_bodies.iter().map(|name| text(name)).collect(),
            text: Some(&side.sample).filter(|sample| !sample.is_empty()).map(|sample| text(sample)),
            first_packet: side.packets.map(|(first, _)| first),
            last_packet: side.packets.map(|(_, last)| last),
        }
    }
}

impl SecretJson {
    fn new(secret: &Secret, show: bool) -> Self {
        Self {
            kind: secret.kind.code(),
            packet: secret.packet,
            name: secret.name.as_deref().map(text),
            user: secret.user.as_deref().map(text),
            value: show.then(|| text(&secret.value)),
        }
    }
}

/// Bytes that are text, or nearly.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
