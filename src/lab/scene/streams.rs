//! Labs whose messages are more than one send each: pages, a file, mails.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{Kind, Scene, Stage, TCP};
use crate::lab::{LabError, Settings, mail, proxy, transfer, web};

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
    play: proxy,
};

fn proxy(stage: &mut Stage) -> Result<(), LabError> {
    let origin = stage.serve("origin", &web::LAB)?;
    let proxy = stage.serve("proxy", &proxy::LAB)?;
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
    play: file_transfer,
};

fn file_transfer(stage: &mut Stage) -> Result<(), LabError> {
    let lab = &transfer::LAB;
    let server = stage.serve("server", lab)?;
    // A name of our own, which nobody else has; it goes when the scene is over.
    let name = format!("wirelab-received-{}-{}", std::process::id(), server.port());
    let file = std::env::temp_dir().join(name);
    let settings = Settings { file: Some(file.clone()), ..stage.settings() };
    let ran = stage.client_with("client", lab, server, &[], &settings);
    // Where it was not written there is nothing to take away.
    let _ = std::fs::remove_file(file);
    ran.map(|_| ())
}

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
    play: mail,
};

fn mail(stage: &mut Stage) -> Result<(), LabError> {
    let lab = &mail::LAB;
    let port = lab.default_port;
    // IPv6 has one loopback address, IPv4 a network of them.
    let [campus, college] = match stage.how().address {
        IpAddr::V4(_) => [2, 3].map(|last| SocketAddr::new(Ipv4Addr::new(127, 0, 0, last).into(), port)),
        address @ IpAddr::V6(_) => [port, port + 1].map(|port| SocketAddr::new(address, port)),
    };
    let settings = stage.settings();
    let college = stage.serve_at("college", lab, college, &settings)?;
    let settings = Settings { next: Some(college), ..settings };
    let campus = stage.serve_at("campus", lab, campus, &settings)?;
    stage.client("client", lab, campus, &["honest", "forged"])?;
    Ok(())
}
