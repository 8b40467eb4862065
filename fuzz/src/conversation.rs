//! A conversation as seeds write it down, so that a change of a byte leaves the rest what it is.
//!
//! The first byte says which port, and by its highest bit UDP. After it a NUL begins each turn, and the next byte says whose:
//! `c` and `s` are the client and the server; `d` is the server on a data connection from port 20 to the client's port
//! 40001, `p` the client on one from there to the server's port 40002 (FTP); `g` is a gap, as long as what stands
//! there, `f` a FIN and `r` a RST of whoever spoke last. Before any other byte the NUL is part of what is said.

use crate::{ACK, FIN, RST, Tcp, tcp, udp};

/// Ports by which what is spoken is told, where the form is weak; and some of none.
pub const PORTS: [u16; 24] = [
    21, 25, 110, 143, 22, 23, 80, 443, 53, 20, 8080, 587, 119, 161, 389, 445, 1433, 1883, 3306, 5060, 5432,
    6379, 6667, 12000,
];

/// Turns of one conversation that are taken: there is no more time for one.
const MOST: usize = 64;

/// A connection of the conversation.
#[derive(Clone, Copy)]
struct Connection {
    client_port: u16,
    port: u16,
    next: [u32; 2],
}

/// The packets of a conversation.
pub fn conversation(data: &[u8]) -> Vec<Vec<u8>> {
    let Some((first, written)) = data.split_first() else { return Vec::new() };
    let over_udp = first & 0x80 != 0;
    let usual = PORTS[usize::from(first & 0x7f) % PORTS.len()];
    let mut connections = [(40_000, usual), (40_001, 20), (40_001, 40_002)]
        .map(|(client_port, port)| Connection { client_port, port, next: [1, 1] });
    let (mut at, mut from_client) = (0, true);
    let mut out = Vec::new();
    for turn in written.split(|byte| *byte == 0).skip(1).take(MOST) {
        let (what, said) = turn.split_first().map_or((0, turn), |(what, said)| (*what, said));
        (at, from_client) = match what {
            b'c' => (0, true),
            b's' => (0, false),
            b'd' => (1, false),
            b'p' => (2, true),
            _ => (at, from_client),
        };
        let connection = &mut connections[at];
        let side = usize::from(!from_client);
        let payload = match what {
            b'c' | b's' | b'd' | b'p' | b'f' | b'r' => said.to_vec(),
            b'g' => {
                connection.next[side] =
                    connection.next[side].wrapping_add(u32::try_from(said.len()).unwrap());
                continue;
            }
            _ => [&[0], turn].concat(),
        };
        if over_udp {
            out.push(udp(from_client, connection.port, &payload));
            continue;
        }
        let flags = match what {
            b'f' => ACK | FIN,
            b'r' => ACK | RST,
            _ => ACK,
        };
        let Connection { client_port, port, next } = *connection;
        let (seq, ack) = (next[side], next[1 - side]);
        out.push(tcp(&Tcp { from_client, client_port, port, seq, ack, flags, payload: &payload }));
        let len = u32::try_from(payload.len()).unwrap() + u32::from(flags & FIN);
        connection.next[side] = seq.wrapping_add(len);
    }
    out
}
