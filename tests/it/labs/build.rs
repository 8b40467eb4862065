//! Captures of the labs, message by message.

use std::path::PathBuf;

use etherparse::PacketBuilder;
use serde_json::Value;

use crate::program::wirelab;

/// Ports of hosts that are all on loopback.
pub(crate) type Ports = [u16; 2];

/// A savefile in the making.
pub(crate) struct Capture {
    file: Vec<u8>,
    packets: u32,
    micros: u32,
}

/// A connection: its ports, and how many bytes each side has sent.
pub(crate) struct Connection {
    ports: Ports,
    sent: [u32; 2],
}

const HOST: [u8; 4] = [127, 0, 0, 1];

impl Capture {
    pub(crate) fn new() -> Self {
        // Microseconds, version 2.4, raw IP (101).
        let header = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101];
        Self { file: header.iter().flat_map(|word| word.to_le_bytes()).collect(), packets: 0, micros: 0 }
    }

    /// Time passes before the next packet, beyond the millisecond that each takes.
    pub(crate) fn wait(&mut self, millis: u32) -> &mut Self {
        self.micros += millis * 1000;
        self
    }

    fn packet(&mut self, packet: &[u8]) -> u32 {
        self.micros += 1000;
        let length = u32::try_from(packet.len()).unwrap();
        // 2025-11-21 10:13:20 UTC.
        let record = [1_763_720_000 + self.micros / 1_000_000, self.micros % 1_000_000, length, length];
        self.file.extend(record.iter().flat_map(|word| word.to_le_bytes()));
        self.file.extend(packet);
        self.packets += 1;
        self.packets
    }

    /// A datagram from the first port to the second; its packet's number.
    pub(crate) fn datagram(&mut self, [from, to]: Ports, text: impl AsRef<[u8]>) -> u32 {
        let mut packet = Vec::new();
        PacketBuilder::ipv4(HOST, HOST, 64).udp(from, to).write(&mut packet, text.as_ref()).unwrap();
        self.packet(&packet)
    }

    /// Datagrams there and back.
    pub(crate) fn exchange(&mut self, [client, server]: Ports, asked: &str, answer: &str) {
        self.datagram([client, server], asked);
        self.datagram([server, client], answer);
    }

    /// A connection with its handshake.
    pub(crate) fn connect(&mut self, ports: Ports) -> Connection {
        let mut connection = Connection { ports, sent: [0, 0] };
        self.segment(&mut connection, 0, "S", b"");
        self.segment(&mut connection, 1, "S.", b"");
        self.segment(&mut connection, 0, ".", b"");
        connection
    }

    /// The client says something.
    pub(crate) fn ask(&mut self, connection: &mut Connection, bytes: impl AsRef<[u8]>) -> u32 {
        self.segment(connection, 0, "P.", bytes.as_ref())
    }

    /// The server says something.
    pub(crate) fn answer(&mut self, connection: &mut Connection, bytes: impl AsRef<[u8]>) -> u32 {
        self.segment(connection, 1, "P.", bytes.as_ref())
    }

    /// Both close, the client first.
    pub(crate) fn close(&mut self, connection: &mut Connection) {
        self.segment(connection, 0, "F.", b"");
        self.segment(connection, 1, "F.", b"");
        self.segment(connection, 0, ".", b"");
    }

    /// Bytes of the server that are not captured.
    pub(crate) fn lose(&mut self, connection: &mut Connection, bytes: u32) {
        connection.sent[1] += bytes;
    }

    /// Bytes of the client that are not captured, likewise.
    pub(super) fn lose_question(&mut self, connection: &mut Connection, bytes: u32) {
        connection.sent[0] += bytes;
    }

    fn segment(&mut self, connection: &mut Connection, side: usize, flags: &str, bytes: &[u8]) -> u32 {
        let (from, to) = (connection.ports[side], connection.ports[1 - side]);
        let (seq, ack) = (connection.sent[side], connection.sent[1 - side]);
        let step = PacketBuilder::ipv4(HOST, HOST, 64).tcp(from, to, 1000 + seq, 60_000);
        let step = flags.chars().fold(step, |step, letter| match letter {
            'S' => step.syn(),
            'F' => step.fin(),
            'P' => step.psh(),
            _ => step.ack(1000 + ack),
        });
        let mut packet = Vec::new();
        step.write(&mut packet, bytes).unwrap();
        connection.sent[side] += u32::try_from(bytes.len()).unwrap() + u32::from(flags.contains(['S', 'F']));
        self.packet(&packet)
    }

    /// The savefile, in a folder that goes away.
    pub(crate) fn save(&self) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made.pcap");
        std::fs::write(&path, &self.file).unwrap();
        (folder, path)
    }

    pub(crate) fn run(&self, before: &[&str], after: &[&str]) -> String {
        let (_folder, path) = self.save();
        let output = wirelab(before).arg(path).args(after).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}{text}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// What `explain` says, with runs of blanks and line ends as one blank.
    pub(crate) fn explained(&self) -> String {
        let text = self.run(&["explain"], &[]);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The flows of `explain --json`.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str::<Value>(&self.raw_json()).unwrap()["flows"].take()
    }

    /// The same as it is written.
    pub(crate) fn raw_json(&self) -> String {
        self.run(&["explain"], &["--json"])
    }

    /// The lines of `read -T fields`, those without any value left out.
    pub(crate) fn fields(&self, more: &[&str], fields: &[&str]) -> Vec<String> {
        let mut arguments = vec!["-T", "fields"];
        arguments.extend(fields.iter().flat_map(|name| ["-e", *name]));
        arguments.extend(more);
        let text = self.run(&["read"], &arguments);
        text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
    }

    /// What `flows` prints.
    pub(crate) fn flows(&self) -> String {
        self.run(&["flows"], &[])
    }
}
