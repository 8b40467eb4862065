//! The `flows` table: one row a conversation.

use std::fmt;
use std::io::{self, Write};

use super::format::{Bytes, Elapsed};
use super::table::{Align, Column, TableOutput, write_table};
use super::words::state_words;
use crate::decode::TransportProtocol;
use crate::flow::Flow;
use crate::proto::content::{Form, Spoken};
use crate::proto::{self, Protocol, Recognised, judge};
use crate::report::Told;
use crate::time::TimeDelta;

/// What the table's abbreviations mean, for a terminal: a line begins with the title of its column.
pub const LEGEND: &str = "\
state: Zeek's conn_state. pkts, payload: sent by orig/by resp.
RTT: SYN to ACK of the handshake; for UDP, request to first reply.
data: what the payload is; a name with ? is told by the port alone.";

/// The columns. A narrow terminal loses the outcome in words first, then the duration, then the RTT.
const COLUMNS: [Column; 10] = [
    Column { title: "flow", align: Align::Left, width: 7, min: 5, shrink: 0 },
    Column { title: "orig", align: Align::Left, width: 21, min: 15, shrink: 4 },
    Column { title: "resp", align: Align::Left, width: 21, min: 13, shrink: 4 },
    Column { title: "state", align: Align::Left, width: 6, min: 5, shrink: 0 },
    Column { title: "outcome", align: Align::Left, width: 12, min: 0, shrink: 8 },
    Column { title: "pkts", align: Align::Right, width: 7, min: 4, shrink: 0 },
    Column { title: "payload", align: Align::Right, width: 15, min: 7, shrink: 0 },
    Column { title: "RTT", align: Align::Right, width: 7, min: 0, shrink: 5 },
    Column { title: "duration", align: Align::Right, width: 8, min: 0, shrink: 7 },
    Column { title: "data", align: Align::Left, width: 12, min: 0, shrink: 3 },
];

/// Writes one row for each of `flows`. Gives the titles of the columns that had no room.
///
/// # Errors
/// Those of `out`.
pub fn write_flows<W: Write + ?Sized>(
    out: &mut W,
    output: TableOutput,
    flows: &[Told<'_>],
) -> io::Result<Vec<&'static str>> {
    write_table(out, output, &COLUMNS, flows.iter(), |told, row| {
        let flow = told.flow;
        let state = flow.conn_state();
        let is_udp = flow.id.protocol == TransportProtocol::Udp;
        row.cell(flow.id);
        row.cell(flow.tuple.orig);
        row.cell(flow.tuple.resp);
        row.cell(state);
        row.cell(state_words(state, is_udp));
        row.cell(format_args!("{}/{}", flow.orig.packets, flow.resp.packets));
        row.cell(format_args!("{}/{}", Bytes(flow.orig.payload_bytes), Bytes(flow.resp.payload_bytes)));
        row.cell(Optional(round_trip(flow)));
        row.cell(Optional(flow.duration().filter(|_| flow.packets() > 1)));
        row.cell(Carries::of(told));
    })
}

/// TCP: SYN to the ACK that completes the handshake. UDP: request to first reply.
#[must_use]
pub fn round_trip(flow: &Flow) -> Option<TimeDelta> {
    match (&flow.tcp, &flow.udp) {
        (Some(tcp), _) => tcp.handshake.rtt(),
        (None, Some(udp)) => udp.reply_time(),
        (None, None) => None,
    }
}

/// A span, or nothing.
struct Optional(Option<TimeDelta>);

impl fmt::Display for Optional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(span) => Elapsed(span).fmt(f),
            None => f.write_str("-"),
        }
    }
}

/// What a flow carries, told by what an analyzer recognised, else by the first bytes of each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carries {
    /// The application protocol.
    pub protocol: Option<Recognised>,
    /// What was spoken before it and opened the way for it, as SOCKS does.
    pub before: Option<&'static str>,
    /// Whether the first bytes of both sides (of the one that sent any) read as text; `None` without payload.
    pub text: Option<bool>,
}

impl Carries {
    /// What the flow carries.
    #[must_use]
    pub fn of(told: &Told<'_>) -> Self {
        let flow = told.flow;
        let (transport, port) = (flow.id.protocol, flow.tuple.resp.port);
        let samples = [flow.resp.sample.as_bytes(), flow.orig.sample.as_bytes()];
        let ports = [flow.tuple.orig.port, port];
        let by_form =
            |sample: &&[u8]| proto::content::spoken(transport, ports, sample).map(|spoken| spoken.name);
        let analyzed = told.spoken.map(Protocol::name);
        let by_bytes = || samples.iter().find_map(|sample| proto::name(transport, port, sample));
        // As `audit` names them; what is told of fewer bytes comes last.
        let named = analyzed.or_else(|| samples.iter().find_map(by_form)).or_else(by_bytes);
        let opens = |sample: &&[u8]| {
            let spoken = proto::content::spoken(transport, ports, sample);
            spoken.filter(|spoken| spoken.form == Form::Prelude).map(|spoken| spoken.name)
        };
        // Where turns are kept the first is a message by itself; a sample may run on into what follows.
        let first =
            flow.conversation.as_ref().and_then(|talk| talk.turns.first()).map(|turn| turn.bytes.as_slice());
        let before = first
            .iter()
            .chain(&samples)
            .find_map(opens)
            .filter(|name| analyzed.is_some_and(|now| now != *name));
        let protocol = named
            .map(|name| Recognised { name, by_port: false })
            .or_else(|| proto::name_by_port(transport, port));
        let mut sent = samples.iter().filter(|sample| !sample.is_empty()).peekable();
        let any = sent.peek().is_some();
        // A greeting in words does not make an encrypted connection text, nor a name a binary message.
        let by_form = told.spoken.filter(|protocol| *protocol != Protocol::FtpData).map(Spoken::of);
        let text = match by_form.map(|spoken| spoken.form) {
            Some(Form::Text) => any.then_some(true),
            Some(Form::Binary | Form::Encrypted) => any.then_some(false),
            Some(Form::Prelude) | None => any.then(|| sent.all(|sample| judge(sample).is_text())),
        };
        Self { protocol, before, text }
    }
}

impl fmt::Display for Carries {
    /// `HTTP, text`, `SOCKS, then SMTP, text`, `TLS, binary`, `text`, `DNS?` where only the port tells, `-`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.text.map(|text| if text { "text" } else { "binary" });
        match (self.protocol, kind) {
            (Some(protocol), kind) => {
                if let Some(before) = self.before {
                    write!(f, "{before}, then ")?;
                }
                write!(f, "{}{}", protocol.name, if protocol.by_port { "?" } else { "" })?;
                kind.map_or(Ok(()), |kind| write!(f, ", {kind}"))
            }
            (None, Some(kind)) => f.write_str(kind),
            (None, None) => f.write_str("-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::decode::Decoder;
    use crate::flow::FlowTable;
    use crate::render::color::Colors;
    use crate::render::json::write_flows_json;
    use crate::source::{CapturedPacket, LinkType};
    use crate::time::Timestamp;

    const CLIENT: u16 = 40446;

    /// A TCP segment between two ports of loopback.
    fn tcp(ports: (u16, u16), letters: &str, seq: u32, ack: u32, payload: &[u8]) -> Vec<u8> {
        let mut step = PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64)
            .tcp(ports.0, ports.1, seq, 512);
        for letter in letters.chars() {
            step = match letter {
                'S' => step.syn(),
                'R' => step.rst(),
                'F' => step.fin(),
                'P' => step.psh(),
                _ => step.ack(ack),
            };
        }
        let mut bytes = Vec::new();
        step.write(&mut bytes, payload).unwrap();
        bytes
    }

    /// A datagram; the side with the higher port is fd00::1.
    fn udp(ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let host = |number| std::net::Ipv6Addr::new(0xfd00, 0, 0, 0, 0x1234, 0, 0, number).octets();
        let (src, dst) = if ports.0 > ports.1 { (host(1), host(2)) } else { (host(2), host(1)) };
        let step = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv6(src, dst, 64).udp(ports.0, ports.1);
        step.write(&mut bytes, payload).unwrap();
        bytes
    }

    /// An HTTP exchange, a refused connection, a UDP question in IPv6 with a binary answer, and another without.
    fn table() -> FlowTable {
        let (up, down) = ((CLIENT, 8080), (8080, CLIENT));
        let frames = [
            tcp(up, "S", 100, 0, b""),
            tcp(down, "S.", 500, 101, b""),
            tcp(up, ".", 101, 501, b""),
            tcp(up, "P.", 101, 501, b"GET / HTTP/1.1\r\n\r\n"),
            tcp(down, "P.", 501, 119, &[b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &[b'x'; 1400]].concat()),
            tcp(down, "F.", 1920, 119, b""),
            tcp(up, "F.", 119, 1921, b""),
            tcp(down, ".", 1921, 120, b""),
            tcp((CLIENT, 12999), "S", 7, 0, b""),
            tcp((12999, CLIENT), "R.", 0, 8, b""),
            udp((50000, 12000), b"hello"),
            udp((12000, 50000), b"\xff\xfe\0\x01"),
            udp((50001, 53), b"?"),
        ];
        let (mut table, mut decoder) = (FlowTable::new(), Decoder::new());
        for (number, frame) in (1_u64..).zip(&frames) {
            let wire_len = u32::try_from(frame.len()).unwrap();
            let link = LinkType::ETHERNET;
            let ts = Some(Timestamp::from_nanos(i128::from(number) * 23_000));
            let packet = CapturedPacket { number, ts, wire_len, interface: 0, link, data: frame };
            table.observe(&packet, &decoder.decode(link, frame, wire_len));
        }
        table.finish();
        table
    }

    fn told(table: &FlowTable) -> Vec<Told<'_>> {
        table
            .flows()
            .iter()
            .map(|flow| Told {
                flow,
                checksums: None,
                remarks: None,
                spoken: None,
                lab: None,
                mail: None,
                transfers: &[],
                data_of: None,
            })
            .collect()
    }

    fn shown(width: Option<usize>) -> (String, Vec<&'static str>) {
        let mut out = Vec::new();
        let output = TableOutput { width, colors: Colors::OFF };
        let left_out = write_flows(&mut out, output, &told(&table())).unwrap();
        (String::from_utf8(out).unwrap(), left_out)
    }

    #[test]
    fn fits_80_columns() {
        let (text, left_out) = shown(Some(80));
        assert!(text.lines().all(|line| line.width() <= 80), "{text}");
        assert_eq!(left_out, ["outcome", "RTT", "duration"]);
        insta::assert_snapshot!(text, @r#"
        flow   orig              resp              state  pkts       payload  data
        tcp:0  127.0.0.1:40446   127.0.0.1:8080    SF      4/4  18 B/1.42 kB  HTTP, text
        tcp:1  127.0.0.1:40446   127.0.0.1:12999   REJ     1/1       0 B/0 B  -
        udp:0  [fd00::1…]:50000  [fd00::1…]:12000  SF      1/1       5 B/4 B  binary
        udp:1  [fd00::1…]:50001  [fd00::1…0:2]:53  S0      1/0       1 B/0 B  DNS?, text
    "#);
    }

    #[test]
    fn shows_everything_with_room_and_into_a_pipe() {
        let (text, left_out) = shown(Some(160));
        assert!(left_out.is_empty());
        insta::assert_snapshot!(text, @r#"
        flow   orig                      resp                      state  outcome    pkts       payload    RTT  duration  data
        tcp:0  127.0.0.1:40446           127.0.0.1:8080            SF     closed      4/4  18 B/1.42 kB  46 µs    161 µs  HTTP, text
        tcp:1  127.0.0.1:40446           127.0.0.1:12999           REJ    refused     1/1       0 B/0 B      -     23 µs  -
        udp:0  [fd00::1234:0:0:1]:50000  [fd00::1234:0:0:2]:12000  SF     answered    1/1       5 B/4 B  23 µs     23 µs  binary
        udp:1  [fd00::1234:0:0:1]:50001  [fd00::1234:0:0:2]:53     S0     no answer   1/0       1 B/0 B      -         -  DNS?, text
    "#);
        insta::assert_snapshot!(shown(None).0, @r#"
        flow     orig                      resp                      state   outcome          pkts          payload      RTT  duration  data
        tcp:0    127.0.0.1:40446           127.0.0.1:8080            SF      closed            4/4     18 B/1.42 kB    46 µs    161 µs  HTTP, text
        tcp:1    127.0.0.1:40446           127.0.0.1:12999           REJ     refused           1/1          0 B/0 B        -     23 µs  -
        udp:0    [fd00::1234:0:0:1]:50000  [fd00::1234:0:0:2]:12000  SF      answered          1/1          5 B/4 B    23 µs     23 µs  binary
        udp:1    [fd00::1234:0:0:1]:50001  [fd00::1234:0:0:2]:53     S0      no answer         1/0          1 B/0 B        -         -  DNS?, text
    "#);
    }

    #[test]
    fn json_has_the_same_facts_as_numbers() {
        let mut out = Vec::new();
        write_flows_json(&mut out, &told(&table())).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let flow = &value["flows"][0];
        assert_eq!(flow["flow"], "tcp:0");
        assert_eq!(flow["state"], "SF");
        assert_eq!(flow["rtt_ns"], 46_000);
        assert_eq!(flow["orig"]["port"], CLIENT);
        assert_eq!(flow["orig"]["payload_bytes"], 18);
        assert_eq!(flow["orig"]["payload_start"]["text"], "GET / HTTP/1.1\r\n\r\n");
        assert_eq!(flow["resp"]["packets"], 4);
        assert_eq!(flow["tcp"]["handshake"]["syn_ack"]["number"], 2);
        assert_eq!(flow["tcp"]["handshake"]["orig_isn"], 100);
        assert_eq!(flow["tcp"]["closed_first"], "resp");
        assert_eq!(flow["application"]["name"], "HTTP");
        assert_eq!(value["flows"][1]["tcp"]["handshake"]["refused"]["number"], 10);
        assert_eq!(value["flows"][2]["resp"]["payload_start"]["hex"], "fffe0001");
    }
}
