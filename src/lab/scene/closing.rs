//! How connections end: who closes first, one direction alone, and not at all in good order.

use std::net::SocketAddr;

use super::{Hosts, Kind, Scene, Stage, TCP, Wire};
use crate::lab::{Fault, LabError, Settings, uppercase};

const PORT: u16 = 12_100;

/// Connections that wait until they are taken.
const BACKLOG: i32 = 8;

const ASKED: &[u8] = b"What time is it?";
const ANSWERED: &[u8] = b"Time to close.";

/// Closes a connection, one side when the other has.
pub(super) fn in_order(mut first: Wire, mut second: Wire) -> Result<(), LabError> {
    first.half_close()?;
    second.hear()?;
    second.close();
    first.hear()?;
    first.close();
    Ok(())
}

pub(super) static CLIENT_CLOSES_FIRST: Scene = Scene {
    name: "client-closes-first",
    title: "the client's FIN first, and its TIME-WAIT",
    kind: Kind::Experiment,
    transports: TCP,
    port: PORT,
    look_for: &[
        "Whose FIN comes first: the client's. The server acknowledges it and sends its own.",
        "Who closes first waits in TIME-WAIT for a minute or so. Here that is the client, so the server's port is free at once.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_PROGRAM,
    play: |stage| {
        let (client, server) = talk(stage)?;
        in_order(client, server)
    },
};

pub(super) static SERVER_CLOSES_FIRST: Scene = Scene {
    name: "server-closes-first",
    title: "the server's FIN first, and its TIME-WAIT",
    kind: Kind::Experiment,
    transports: TCP,
    port: PORT,
    look_for: &[
        "Whose FIN comes first: the server's, right behind its answer.",
        "TIME-WAIT is now the server's: started again at once, it finds its port in use, unless it asks for SO_REUSEADDR.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_PROGRAM,
    play: |stage| {
        let (client, server) = talk(stage)?;
        in_order(server, client)
    },
};

pub(super) static HALF_CLOSE: Scene = Scene {
    name: "half-close",
    title: "one side has said all, the other talks on",
    kind: Kind::Experiment,
    transports: TCP,
    port: PORT,
    look_for: &[
        "The client's FIN comes before the answer: it means \"I have said all\", not \"I have gone\".",
        "The server still sends, and the client still acknowledges, until the server's FIN.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_PROGRAM,
    play: |stage| {
        let (mut client, mut server) = connected(stage)?;
        client.say(b"one two three")?;
        client.half_close()?;
        // All that was asked, then the end of it.
        while !server.hear()?.is_empty() {}
        for word in [b"eins".as_slice(), b"zwei", b"drei"] {
            server.say(word)?;
            client.hear_all(word.len())?;
        }
        server.close();
        client.hear()?;
        client.close();
        Ok(())
    },
};

pub(super) static RESET: Scene = Scene {
    name: "reset",
    title: "a side throws the connection away: RST",
    kind: Kind::Experiment,
    transports: TCP,
    port: PORT,
    look_for: &[
        "No FIN at all: the client sends a RST, which nobody acknowledges, and the connection is gone at once.",
        "The server's next receive fails with \"connection reset by peer\"; what it had not read yet is lost.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_PROGRAM,
    play: |stage| {
        let (client, server) = talk(stage)?;
        client.reset()?;
        server.hear_reset()
    },
};

pub(super) static NO_FIN: Scene = Scene {
    name: "no-fin",
    title: "a server that never closes",
    kind: Kind::Experiment,
    transports: TCP,
    port: 12_000,
    look_for: &[
        "The client's FIN is acknowledged, by the server's system, and no FIN comes back: the server's program never closes.",
        "The client waits a second and gives up. Its system keeps the half that is left (FIN-WAIT-2), the server's too (CLOSE-WAIT).",
        "The FIN at the end is not the program's: it has ended, and its system closes what it left open. One that runs on collects such connections until it has no descriptor left.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_SERVER,
    play: |stage| {
        let lab = &uppercase::TCP;
        let settings = Settings { fault: Some(Fault::NoFin), ..stage.settings() };
        let server = stage.serve_at("server", lab, stage.at(lab.default_port), &settings)?;
        stage.client("client", lab, server, &[])?;
        Ok(())
    },
};

/// Both ends of a connection.
fn connected(stage: &Stage) -> Result<(Wire, Wire), LabError> {
    let (listener, server): (_, SocketAddr) = stage.listen("server", PORT, BACKLOG, None)?;
    let client = stage.connect("client", server)?;
    let server = stage.accept("server", &listener)?;
    Ok((client, server))
}

/// The same after a question and its answer.
fn talk(stage: &Stage) -> Result<(Wire, Wire), LabError> {
    let (mut client, mut server) = connected(stage)?;
    client.say(ASKED)?;
    server.hear_all(ASKED.len())?;
    server.say(ANSWERED)?;
    client.hear_all(ANSWERED.len())?;
    Ok((client, server))
}
