//! FTP's data connections as JSON: `explain --json`.

use std::net::IpAddr;

use serde::Serialize;

use super::Text;
use crate::flow::FlowId;
use crate::render::safe::Safe;
use crate::report::ftp::{Answer, Transfer};
use crate::source::PacketNumber;

/// A data connection that was announced.
#[derive(Debug, Serialize)]
pub(super) struct TransferJson {
    /// The control connection.
    control: Text<FlowId>,
    /// The data connection; left out where the capture has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Text<FlowId>>,
    /// `PORT`, `PASV`, `EPRT`, `EPSV`.
    method: &'static str,
    /// `active` or `passive`.
    mode: &'static str,
    /// Where the data connection was to go.
    address: IpAddr,
    port: u16,
    /// The packet that says so.
    packet: PacketNumber,
    /// `client` or `server`.
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_by: Option<&'static str>,
    /// What it was for: `RETR file`.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command_packet: Option<PacketNumber>,
    /// Payload that was sent in it, repeats not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_bytes: Option<u64>,
    /// The last answer to the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<AnswerJson>,
}

#[derive(Debug, Serialize)]
struct AnswerJson {
    packet: PacketNumber,
    code: u16,
    text: String,
}

impl TransferJson {
    pub(super) fn new(transfer: &Transfer) -> Self {
        let shown = |bytes: &[u8]| Safe(bytes).to_string();
        let command = transfer.command.as_ref();
        let answer = |answer: &Answer| AnswerJson {
            packet: answer.packet,
            code: answer.code,
            text: shown(&answer.text),
        };
        Self {
            control: Text(transfer.control),
            data: transfer.data.map(|data| Text(data.flow)),
            method: transfer.method.name(),
            mode: if transfer.is_passive() { "passive" } else { "active" },
            address: transfer.to.addr,
            port: transfer.to.port,
            packet: transfer.packet,
            opened_by: transfer
                .data
                .and_then(|data| data.opened_by_client)
                .map(|by_client| if by_client { "client" } else { "server" }),
            command: command.map(|(_, line)| shown(line)),
            command_packet: command.map(|(packet, _)| *packet),
            client_bytes: transfer.data.map(|data| data.from_client),
            server_bytes: transfer.data.map(|data| data.from_server),
            answer: transfer.answer.as_ref().map(answer),
        }
    }
}
