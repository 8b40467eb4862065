//! The same talk twice, so that the two can be compared.

use std::net::SocketAddr;

use super::{BOTH, Hosts, Kind, Scene, Stage, TCP};
use crate::lab::{Lab, LabError, chatbot, uppercase};

pub(super) static IPV4_IPV6: Scene = Scene {
    name: "ipv4-ipv6",
    title: "the same talk over IPv4 and over IPv6",
    kind: Kind::Experiment,
    transports: TCP,
    port: 12_000,
    look_for: &[
        "The same handshake, the same two messages, the same teardown: TCP does not care what carries it.",
        "Each IPv6 packet is 20 bytes longer: its header has 40 bytes, that of IPv4 20.",
        "The MSS in the SYNs is 20 bytes less, for the same reason.",
    ],
    pace: 1.0,
    hosts: Hosts::TWO_SERVERS,
    play: |stage| both_families(stage, &uppercase::TCP),
};

/// Plays a lab over IPv4, then over IPv6.
pub(super) fn both_families(stage: &mut Stage, lab: &'static Lab) -> Result<(), LabError> {
    for address in stage.families() {
        let [server, client] =
            if address.is_ipv4() { ["ipv4 server", "ipv4 client"] } else { ["ipv6 server", "ipv6 client"] };
        let settings = stage.settings();
        let at = stage.serve_at(server, lab, SocketAddr::new(address, lab.default_port), &settings)?;
        stage.client(client, lab, at, &[])?;
    }
    Ok(())
}

pub(super) static CHATBOTS: Scene = Scene {
    name: "chatbots",
    title: "the same talk over TCP and UDP, side by side",
    kind: Kind::Experiment,
    transports: BOTH,
    port: 12_345,
    look_for: &[
        "The same questions and answers, once on a connection and once in datagrams.",
        "TCP needs packets for handshake, acknowledgements and teardown, and longer headers; UDP needs none, and promises nothing.",
    ],
    pace: 1.0,
    hosts: Hosts::TWO_SERVERS,
    play: |stage| {
        for (server, client, lab) in
            [("tcp server", "tcp client", &chatbot::TCP), ("udp server", "udp client", &chatbot::UDP)]
        {
            let at = stage.serve(server, lab)?;
            stage.client(client, lab, at, &[])?;
        }
        Ok(())
    },
};
