//! Labs in which clients talk with each other, by way of a server.

use std::net::SocketAddr;

use super::{Hosts, Kind, Part, Scene, Stage, TCP, UDP};
use crate::lab::{LabError, Settings, chat, relay};

pub(super) static CHAT: Scene = Scene {
    name: "chat",
    title: "a room: every line goes to all who are in",
    kind: Kind::Lab,
    transports: TCP,
    port: 43_389,
    look_for: &[
        "Three connections to one server. A line goes up on one of them, and comes down on all three.",
        "cy asks for the name bob, which is taken, and is asked again.",
        "When bob has closed its connection, the others are told, and later lines no longer go to it.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_SERVER,
    play: chat,
};

/// Says a line, and waits until all of `hearers` have heard it as `heard`.
fn say(speaker: &Part, text: &str, heard: &str, hearers: &[&Part]) {
    speaker.say(text);
    // One that does not hear it shows in the capture, which is compared with what was said.
    hearers.iter().for_each(|part| {
        part.hears(heard);
    });
}

fn chat(stage: &mut Stage) -> Result<(), LabError> {
    let lab = &chat::LAB;
    let server = stage.serve("server", lab)?;
    if !stage.has_clients() {
        return Ok(());
    }
    let mut ann = stage.enter("ann", lab, server)?;
    say(&ann, "ann", "new user :ann joined", &[&ann]);
    let mut bob = stage.enter("bob", lab, server)?;
    say(&bob, "bob", "new user :bob joined", &[&ann, &bob]);
    let mut cy = stage.enter("cy", lab, server)?;
    say(&cy, "bob", "taken", &[&cy]);
    say(&cy, "cy", "new user :cy joined", &[&ann, &bob, &cy]);
    say(&ann, "hello, room", ":ann:hello, room", &[&ann, &bob, &cy]);
    say(&bob, "hi ann", ":bob:hi ann", &[&ann, &bob, &cy]);
    bob.leave();
    ann.hears("user :bob left");
    cy.hears("user :bob left");
    say(&cy, "who is left?", ":cy:who is left?", &[&ann, &cy]);
    cy.leave();
    ann.hears("user :cy left");
    ann.leave();
    Ok(())
}

pub(super) static RELAY: Scene = Scene {
    name: "relay",
    title: "datagrams passed on from process to process",
    kind: Kind::Lab,
    transports: UDP,
    port: 9001,
    look_for: &[
        "To `hii` the server answers with the address that it sees, which the client itself may not know.",
        "A message for bob goes to the server, and from the server to bob: two datagrams, and a 200 for ann.",
        "bob sees the server's address on the packet, and ann's only in the text.",
        "What is malformed, or addressed to the outside, gets a number: 400 and 405.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_SERVER,
    play: relay,
};

fn relay(stage: &mut Stage) -> Result<(), LabError> {
    let lab = &relay::LAB;
    let settings = Settings { allowed_targets: stage.how().clients.clone(), ..stage.settings() };
    let server = stage.serve_at("server", lab, stage.at(lab.default_port), &settings)?;
    if !stage.has_clients() {
        return Ok(());
    }
    let mut ann = stage.enter("ann", lab, server)?;
    ann.asks("hii");
    let mut bob = stage.enter("bob", lab, server)?;
    bob.asks("hii");
    let to = |part: &Part, text: &str| -> Result<String, LabError> {
        let address: SocketAddr = part.address().ok_or(LabError::NotOurs(server))?;
        Ok(format!("to: {} / {} ; content : {text}", address.ip(), address.port()))
    };
    ann.asks(&to(&bob, "Hello bob")?);
    bob.hears("Hello bob");
    bob.asks(&to(&ann, "Hello ann, I can hear you")?);
    ann.hears("I can hear you");
    ann.say("Hello?");
    ann.hears("400");
    ann.say("to: 192.0.2.1 / 9 ; content : is anybody out there");
    ann.hears("405");
    ann.leave();
    bob.leave();
    Ok(())
}
