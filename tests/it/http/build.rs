//! Captures of HTTP, packet by packet.

use std::path::PathBuf;

use etherparse::PacketBuilder;

use crate::program::wirelab;

/// Address and port.
pub(crate) type End = ([u8; 4], u16);

pub(crate) const CLIENT: End = ([192, 0, 2, 1], 40000);
pub(crate) const PROXY: End = ([192, 0, 2, 9], 3128);
pub(crate) const ORIGIN: End = ([192, 0, 2, 80], 80);

/// A savefile in the making: a packet each millisecond.
pub(crate) struct Capture {
    file: Vec<u8>,
    packets: u32,
}

/// A connection: its ends, and how many bytes each has sent.
pub(crate) struct Connection {
    ends: [End; 2],
    sent: [u32; 2],
}

impl Capture {
    pub(crate) fn new() -> Self {
        // Microseconds, version 2.4, raw IP (101).
        let header = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101];
        Self { file: header.iter().flat_map(|word| word.to_le_bytes()).collect(), packets: 0 }
    }

    /// A connection with its handshake.
    pub(crate) fn connect(&mut self, client: End, server: End) -> Connection {
        let mut connection = Connection { ends: [client, server], sent: [0, 0] };
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

    /// A side ends its part.
    pub(crate) fn end(&mut self, connection: &mut Connection, side: usize, flags: &str) {
        self.segment(connection, side, flags, b"");
    }

    /// A segment of side 0 or 1; its packet's number.
    pub(crate) fn segment(
        &mut self,
        connection: &mut Connection,
        side: usize,
        flags: &str,
        bytes: &[u8],
    ) -> u32 {
        let (from, to) = (connection.ends[side], connection.ends[1 - side]);
        let (seq, ack) = (connection.sent[side], connection.sent[1 - side]);
        let step = PacketBuilder::ipv4(from.0, to.0, 64).tcp(from.1, to.1, 1000 + seq, 60_000);
        let step = flags.chars().fold(step, |step, letter| match letter {
            'S' => step.syn(),
            'F' => step.fin(),
            'R' => step.rst(),
            'P' => step.psh(),
            _ => step.ack(1000 + ack),
        });
        let mut packet = Vec::new();
        step.write(&mut packet, bytes).unwrap();
        let length = u32::try_from(packet.len()).unwrap();
        let record = [1_700_000_000, self.packets * 1000, length, length];
        self.file.extend(record.iter().flat_map(|word| word.to_le_bytes()));
        self.file.extend(packet);
        let counted = u32::try_from(bytes.len()).unwrap() + u32::from(flags.contains(['S', 'F']));
        connection.sent[side] += counted;
        self.packets += 1;
        self.packets
    }

    /// Bytes of a side that are not captured.
    pub(crate) fn lose(&mut self, connection: &mut Connection, side: usize, bytes: u32) {
        connection.sent[side] += bytes;
    }

    /// The savefile, in a folder that goes away.
    pub(crate) fn save(&self) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made.pcap");
        std::fs::write(&path, &self.file).unwrap();
        (folder, path)
    }

    /// What `wirelab http` prints of it with these options.
    pub(crate) fn http(&self, options: &[&str]) -> String {
        self.run("http", options)
    }

    /// The same of any verb.
    pub(crate) fn run(&self, verb: &str, options: &[&str]) -> String {
        let (_folder, path) = self.save();
        let output = wirelab(&[&[verb, path.to_str().unwrap()], options].concat()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What `wirelab http` says where it has nothing to show: the exit status, standard error.
    pub(crate) fn nothing(&self, options: &[&str]) -> (Option<i32>, String) {
        let (_folder, path) = self.save();
        let output = wirelab(&[&["http", path.to_str().unwrap()], options].concat()).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// Its exchanges as JSON.
    pub(crate) fn json(&self, options: &[&str]) -> Vec<serde_json::Value> {
        let document: serde_json::Value =
            serde_json::from_str(&self.http(&[&["--json"], options].concat())).unwrap();
        assert_eq!(document["schema"], "wirelab.http/1");
        document["exchanges"].as_array().unwrap().clone()
    }
}
