//! Clients where nobody listens: before the server is there, and at another port than the server's.

use super::{BOTH, Hosts, Kind, Scene, Stage, TCP, UDP};
use crate::lab::{LabError, uppercase};

/// A port of the course where nothing of a lab listens.
const EMPTY: u16 = 12_999;

pub(super) static REFUSED: Scene = Scene {
    name: "refused",
    title: "a TCP client before its server: RST",
    kind: Kind::Experiment,
    transports: TCP,
    port: EMPTY,
    look_for: &[
        "One SYN, and a RST with ACK as its answer: the host is there, and no program listens on that port.",
        "The client learns it within a round trip: \"connection refused\". No message was ever sent.",
    ],
    pace: 1.0,
    hosts: Hosts::NO_SERVER,
    play: |stage| stage.client_in_vain("client", &uppercase::TCP, stage.at(EMPTY), &[]),
};

pub(super) static PORT_UNREACHABLE: Scene = Scene {
    name: "port-unreachable",
    title: "a UDP client before its server: ICMP error",
    kind: Kind::Experiment,
    transports: UDP,
    port: EMPTY,
    look_for: &[
        "The datagram goes out with its text all the same: sending by UDP never fails for want of a server.",
        "The host answers by ICMP, port unreachable, and quotes the datagram, so that the sender knows which it is about.",
        "Only a connected socket is told; a program that uses sendto on an unconnected one hears nothing.",
    ],
    pace: 1.0,
    hosts: Hosts::NO_SERVER,
    play: |stage| stage.client_in_vain("client", &uppercase::UDP, stage.at(EMPTY), &[]),
};

pub(super) static WRONG_PORT: Scene = Scene {
    name: "wrong-port",
    title: "a client at another port than the server's",
    kind: Kind::Experiment,
    transports: BOTH,
    port: 12_000,
    look_for: &[
        "The server listens on port 12000, the client tries 12001: for its host that is a port like any other that is closed.",
        "TCP answers by RST, UDP by ICMP; the server's program sees neither.",
        "The same client at the right port is answered at once.",
    ],
    pace: 1.0,
    hosts: Hosts::TWO_SERVERS,
    play: wrong_port,
};

fn wrong_port(stage: &mut Stage) -> Result<(), LabError> {
    for (server, client, lab) in
        [("tcp server", "tcp client", &uppercase::TCP), ("udp server", "udp client", &uppercase::UDP)]
    {
        let at = stage.serve(server, lab)?;
        stage.client_in_vain(client, lab, stage.at(lab.default_port + 1), &[])?;
        stage.client(client, lab, at, &[])?;
    }
    Ok(())
}
