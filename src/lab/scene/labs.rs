//! Labs of one server and one client: the client says what the lab says.

use super::{Kind, Scene, Stage, TCP, UDP};
use crate::lab::{Lab, LabError, greeting, knock, uppercase};

/// A server, and a client that talks to it once.
pub(super) fn one_client(stage: &mut Stage, lab: &'static Lab) -> Result<(), LabError> {
    let server = stage.serve("server", lab)?;
    stage.client("client", lab, server, &[])?;
    Ok(())
}

pub(super) static GREETING: Scene = Scene {
    name: "greeting",
    title: "one UDP datagram and its answer, without a handshake",
    kind: Kind::Lab,
    transports: UDP,
    port: 43_387,
    look_for: &[
        "The first packet already carries the message: UDP has no handshake, and no teardown either.",
        "The text is readable to anybody who sees the packet.",
        "The answer comes from the port that was asked, to the port that asked.",
    ],
    pace: 1.0,
    play: |stage| one_client(stage, &greeting::LAB),
};

pub(super) static KNOCK: Scene = Scene {
    name: "knock",
    title: "a TCP connection from handshake to teardown around two texts",
    kind: Kind::Lab,
    transports: TCP,
    port: 43_389,
    look_for: &[
        "Three packets before the first word: SYN, SYN-ACK, ACK. Each side tells the other where its numbers begin.",
        "Both texts are readable: TCP orders and repeats, it does not encrypt.",
        "Each side closes its own direction with a FIN, and the other acknowledges it. The client closes first.",
    ],
    pace: 1.0,
    play: |stage| one_client(stage, &knock::LAB),
};

pub(super) static UPPERCASE_TCP: Scene = Scene {
    name: "uppercase-tcp",
    title: "a sentence comes back in capitals, over TCP",
    kind: Kind::Lab,
    transports: TCP,
    port: 12_000,
    look_for: &[
        "The sentence and the same in capitals, each in one segment with PSH.",
        "How many packets it takes for two messages: compare with the lab uppercase-udp.",
    ],
    pace: 1.0,
    play: |stage| one_client(stage, &uppercase::TCP),
};

pub(super) static UPPERCASE_UDP: Scene = Scene {
    name: "uppercase-udp",
    title: "a sentence comes back in capitals, over UDP",
    kind: Kind::Lab,
    transports: UDP,
    port: 12_000,
    look_for: &[
        "Two packets, and both carry a message: compare with the lab uppercase-tcp.",
        "Nothing says that the datagram arrived but the answer itself.",
    ],
    pace: 1.0,
    play: |stage| one_client(stage, &uppercase::UDP),
};
