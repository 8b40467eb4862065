//! A server that is slow: connections that wait to be taken, bytes that wait to be read, and what a receive returns.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use super::wire::LOOK;
use super::{Hosts, Kind, PATIENCE, Scene, Stage, TCP, Wire, closing};
use crate::lab::LabError;

const PORT: u16 = 12_200;

/// So many connections wait, and one more, until Linux drops the SYNs of others.
const BACKLOG: i32 = 1;

/// How long a SYN is left without an answer: longer than a system takes to give one, shorter than the second after which it
/// is sent again (RFC 6298 section 2).
const AWAY: Duration = Duration::from_millis(100);

/// Waits until somebody's SYN to that address has gone out and has no answer. Where the system does not tell, as long as that
/// takes on a machine that is not busy.
fn await_syn(server: SocketAddr) {
    let table = if server.is_ipv4() { "/proc/net/tcp" } else { "/proc/net/tcp6" };
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        match fs::read_to_string(table) {
            Ok(sockets) if is_in_syn_sent(&sockets, server.port()) => break,
            Ok(_) => thread::sleep(LOOK),
            Err(_) => {
                thread::sleep(AWAY * 2);
                break;
            }
        }
    }
    thread::sleep(AWAY);
}

/// Whether Linux's table of sockets, `/proc/net/tcp`, has one in SYN-SENT (02) towards this port.
fn is_in_syn_sent(sockets: &str, port: u16) -> bool {
    let port = format!(":{port:04X}");
    sockets.lines().any(|line| {
        let mut words = line.split_ascii_whitespace().skip(2);
        words.next().is_some_and(|peer| peer.ends_with(&port)) && words.next() == Some("02")
    })
}

pub(super) static FULL_BACKLOG: Scene = Scene {
    name: "backlog",
    title: "more clients than a listener keeps waiting",
    kind: Kind::Experiment,
    transports: TCP,
    port: PORT,
    look_for: &[
        "The first clients are connected although the server has taken nobody yet: the system shakes hands for it, up to the backlog.",
        "The SYN of the last client gets no answer at all while the queue is full: neither SYN-ACK nor RST.",
        "A second later its system sends the SYN again. By then there is room.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_PROGRAM,
    play: backlog,
};

fn backlog(stage: &mut Stage) -> Result<(), LabError> {
    let (listener, server) = stage.listen("server", PORT, BACKLOG, None)?;
    let mut waiting = [stage.connect("ann", server)?, stage.connect("bob", server)?];
    stage.step("The queue is full, and the server has taken nobody yet.");
    let stage = &*stage;
    thread::scope(|scope| {
        let late = scope.spawn(|| stage.connect("cy", server));
        await_syn(server);
        waiting.iter_mut().try_for_each(|client| attend(stage, &listener, client))?;
        let cy = late.join().unwrap_or(Err(LabError::NoConnection { server, within: PATIENCE }));
        attend(stage, &listener, &mut cy?)
    })
}

/// Takes the next connection, which is this client's, and answers it.
fn attend(stage: &Stage, listener: &TcpListener, client: &mut Wire) -> Result<(), LabError> {
    let (asked, answered) = (b"My turn?", b"Your turn.");
    let mut server = stage.accept("server", listener)?;
    client.say(asked)?;
    server.hear_all(asked.len())?;
    server.say(answered)?;
    client.hear_all(answered.len())?;
    client.half_close()?;
    server.hear()?;
    server.close();
    client.hear().map(|_| ())
}

/// Bytes that the server's system keeps unread, asked of it before it listens: a window that was promised is not taken back.
const LITTLE: usize = 4_096;

/// How long the server does not read: some window probes.
const ASLEEP: Duration = Duration::from_millis(1_000);

/// Lines that the client sends: several times what the server's system keeps.
const LINES: usize = 400;

pub(super) static ZERO_WINDOW: Scene = Scene {
    name: "zero-window",
    title: "a server that does not read",
    kind: Kind::Experiment,
    transports: TCP,
    port: PORT,
    look_for: &[
        "The window that the server offers shrinks with every segment, down to 0: its buffer is full.",
        "The client asks again and again whether there is room, with window probes.",
        "When the server reads, a window update says so, and the rest follows. Nothing was lost.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_PROGRAM,
    play: zero_window,
};

fn zero_window(stage: &mut Stage) -> Result<(), LabError> {
    let (listener, server) = stage.listen("server", PORT, BACKLOG, Some(LITTLE))?;
    let mut client = stage.connect("client", server)?;
    let mut server = stage.accept("server", &listener)?;
    let text: String = (1..=LINES).map(|number| format!("This is line {number} of {LINES}.\n")).collect();
    client.say(text.as_bytes())?;
    stage.step("The client's system has taken all of it. The server does not read for a second.");
    thread::sleep(ASLEEP);
    server.hear_all(text.len())?;
    server.say(b"All read.")?;
    client.hear()?;
    closing::in_order(client, server)
}

pub(super) static SPLIT_WRITES: Scene = Scene {
    name: "split-writes",
    title: "messages in pieces, and two in one receive",
    kind: Kind::Experiment,
    transports: TCP,
    port: PORT,
    look_for: &[
        "The server's answer comes in four segments, and one receive returns one of them: a program has to put them together.",
        "The client's two messages leave in two segments. The server reads late, and one receive returns both.",
        "What a receive returns is not what a send was. Only an end that both sides know tells where a message ends.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_PROGRAM,
    play: split_writes,
};

fn split_writes(stage: &mut Stage) -> Result<(), LabError> {
    let (listener, server) = stage.listen("server", PORT, BACKLOG, None)?;
    let mut client = stage.connect("client", server)?;
    let mut server = stage.accept("server", &listener)?;
    let (first, second) = (b"Hello.", b"Are you there?");
    client.say(first)?;
    client.say(second)?;
    server.wait_for_unread(first.len() + second.len())?;
    server.hear_all(first.len() + second.len())?;
    for piece in ["Yes, ", "I am ", "here, ", "always."] {
        server.say(piece.as_bytes())?;
        client.hear_all(piece.len())?;
    }
    closing::in_order(client, server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syn_without_an_answer_is_found_in_the_table_of_sockets() {
        let head = "  sl  local_address rem_address   st tx_queue\n";
        let line = |peer: &str, state: &str| {
            format!("{head}   1: 0100007F:D431 0100007F:{peer} {state} 00000001:00000000\n")
        };
        assert!(is_in_syn_sent(&line("2FA8", "02"), 12_200));
        assert!(!is_in_syn_sent(&line("2FA8", "01"), 12_200));
        assert!(!is_in_syn_sent(&line("2FA9", "02"), 12_200));
        assert!(!is_in_syn_sent(head, 12_200));
    }
}
