//! Labs whose messages are more than one send each: pages, a file, mails.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::{Hosts, Kind, Scene, Stage, TCP};
use crate::lab::{Impairment, LabError, Settings, mail, proxy, transfer, web};

pub(super) static WEB: Scene = Scene {
    name: "web",
    title: "a page that is there, and one that is not",
    kind: Kind::Lab,
    transports: TCP,
    port: 6789,
    look_for: &[
        "Requests and answers are readable lines; where a head ends is told by an empty line, where a body ends by Content-Length.",
        "200 for the page that is there, 404 for the one that is not, each with a body.",
        "All of it on one connection, which is kept open between the requests.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_SERVER,
    play: |stage| super::labs::one_client(stage, &web::LAB),
};

pub(super) static PROXY: Scene = Scene {
    name: "proxy",
    title: "a caching web proxy, cold and warm",
    kind: Kind::Lab,
    transports: TCP,
    port: 8888,
    look_for: &[
        "Cold: the first request reaches the proxy, and the proxy opens a connection of its own to the origin.",
        "Warm: the second request for the same page is answered at once, and no packet goes to the origin.",
        "The headers say so, too: Age, Via, X-Cache. But only the missing packets prove it.",
    ],
    pace: 1.0,
    hosts: Hosts::CHAIN,
    play: proxy,
};

fn proxy(stage: &mut Stage) -> Result<(), LabError> {
    let origin = stage.serve("origin", &web::LAB)?;
    let at = stage.at(proxy::LAB.default_port);
    // On a host of its own the origin has another address than loopback's.
    let settings = Settings { allowed_origins: vec![origin.to_string()], ..stage.settings() };
    let proxy = stage.serve_at("proxy", &proxy::LAB, at, &settings)?;
    let settings = Settings { next: Some(origin), ..stage.settings() };
    stage.client_with("client", &proxy::LAB, proxy, &[], &settings)?;
    Ok(())
}

pub(super) static FILE_TRANSFER: Scene = Scene {
    name: "file-transfer",
    title: "a key, then a file, hashed on both sides",
    kind: Kind::Lab,
    transports: TCP,
    port: 9000,
    look_for: &[
        "The key goes over the line as it is: whoever sees the packets has it.",
        "The file follows in pieces of 1024 bytes. Where it ends is told by the server's FIN alone.",
        "The SHA-256 of what was sent, of what was received, and of what the packets carry.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_SERVER,
    play: file_transfer,
};

fn file_transfer(stage: &mut Stage) -> Result<(), LabError> {
    let settings = stage.settings();
    transferred(stage, &settings)
}

/// A server that sends a file, and a client that keeps it for as long as the scene takes.
fn transferred(stage: &mut Stage, settings: &Settings) -> Result<(), LabError> {
    let lab = &transfer::LAB;
    let server = stage.serve_at("server", lab, stage.at(lab.default_port), settings)?;
    let settings = Settings { file: Some(stage.temporary_file("received")), ..stage.settings() };
    stage.client_with("client", lab, server, &[], &settings)?;
    Ok(())
}

/// What a good part of all segments do not survive.
const LOSSY: Impairment = Impairment { loss: 0.15, delay: Duration::from_millis(5), ..Impairment::NONE };

/// Lines of the file: some twenty segments.
const LINES: usize = 600;

pub(super) static RETRANSMISSION: Scene = Scene {
    name: "retransmission",
    title: "a file over a line that loses segments",
    kind: Kind::Experiment,
    transports: TCP,
    port: 9000,
    look_for: &[
        "Client and server are two hosts, and the line between them loses some of what the server sends. The capture is the server's.",
        "The client acknowledges again and again the last byte before the gap, and says what it has beyond it (SACK).",
        "The server sends what was lost again: at once where acknowledgements show it, after a time-out where none comes.",
        "The file arrives whole all the same. With another seed, other segments are lost: --seed 7.",
    ],
    pace: 1.0,
    hosts: Hosts::Two(LOSSY),
    play: |stage| {
        let file = stage.temporary_file("sent");
        let text: String =
            (1..=LINES).map(|line| format!("This is line {line} of {LINES} of the file.\n")).collect();
        std::fs::write(&file, text).map_err(LabError::file(&file))?;
        let settings = Settings { file: Some(file), ..stage.settings() };
        transferred(stage, &settings)
    },
};

pub(super) static MAIL: Scene = Scene {
    name: "mail",
    title: "two mails through two agents, one forged",
    kind: Kind::Lab,
    transports: TCP,
    port: 2525,
    look_for: &[
        "Two connections for each mail: from the client to the first agent, from there to the next. Commands are lines, answers numbers.",
        "Each agent writes a Received line on top, with the address that it saw and the name that it was told.",
        "The forged mail brings a Received line along that no agent here has written: `wirelab mail` shows the first hop nobody vouches for.",
    ],
    pace: 1.0,
    hosts: Hosts::CHAIN,
    play: mail,
};

fn mail(stage: &mut Stage) -> Result<(), LabError> {
    let lab = &mail::LAB;
    let port = lab.default_port;
    let how = stage.how();
    let at = |last| SocketAddr::new(Ipv4Addr::new(127, 0, 0, last).into(), port);
    // IPv6 has one loopback address, IPv4 a network of them.
    let [campus, college] = match how.address {
        address @ IpAddr::V6(_) => [port, port + 1].map(|port| SocketAddr::new(address, port)),
        address if address.is_loopback() => [at(2), at(3)],
        address => [SocketAddr::new(address, port), at(3)],
    };
    let clients = how.clients.iter().map(|address| (*address, "desk.student.example"));
    let names =
        clients.chain([(campus.ip(), "relay.campus.example")]).filter(|(address, _)| !address.is_loopback());
    let settings = Settings { names: names.collect(), ..stage.settings() };
    let college = stage.serve_at("college", lab, college, &settings)?;
    let settings = Settings { next: Some(college), ..settings };
    let campus = stage.serve_at("campus", lab, campus, &settings)?;
    stage.client("client", lab, campus, &["honest", "forged"])?;
    Ok(())
}
