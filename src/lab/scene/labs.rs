//! Labs of one server and one client: the client says what the lab says.

use super::pairs::both_families;
use super::{Hosts, Kind, Scene, Stage, TCP, UDP};
use crate::lab::{
    Lab, LabError, calculator, chatbot, datetime, dual_stack, greeting, knock, ping, uppercase,
};

/// A server, and a client that talks to it once.
pub(super) fn one_client(stage: &mut Stage, lab: &'static Lab) -> Result<(), LabError> {
    let server = stage.serve("server", lab)?;
    stage.client("client", lab, server, &[])?;
    Ok(())
}

pub(super) static GREETING: Scene = Scene {
    name: "greeting",
    title: "one datagram and its answer, no handshake",
    kind: Kind::Lab,
    transports: UDP,
    port: 43_387,
    look_for: &[
        "The first packet already carries the message: UDP has no handshake, and no teardown either.",
        "The text is readable to anybody who sees the packet.",
        "The answer comes from the port that was asked, to the port that asked.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_SERVER,
    play: |stage| one_client(stage, &greeting::LAB),
};

pub(super) static KNOCK: Scene = Scene {
    name: "knock",
    title: "handshake, two texts, teardown",
    kind: Kind::Lab,
    transports: TCP,
    port: 43_389,
    look_for: &[
        "Three packets before the first word: SYN, SYN-ACK, ACK. Each side tells the other where its numbers begin.",
        "Both texts are readable: TCP orders and repeats, it does not encrypt.",
        "Each side closes its own direction with a FIN, and the other acknowledges it. The client closes first.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_SERVER,
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
    hosts: Hosts::ONE_SERVER,
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
    hosts: Hosts::ONE_SERVER,
    play: |stage| one_client(stage, &uppercase::UDP),
};

pub(super) static DATETIME: Scene = Scene {
    name: "datetime",
    title: "the date or the time, asked for at random",
    kind: Kind::Lab,
    transports: UDP,
    port: 43_387,
    look_for: &[
        "Each question is a datagram of its own, and so is each answer: the server remembers nothing between them.",
        "The time between two questions is random. Compare the answers with the times of their packets, which are in UTC.",
    ],
    pace: 0.1,
    hosts: Hosts::ONE_SERVER,
    play: |stage| one_client(stage, &datetime::LAB),
};

pub(super) static CALCULATOR: Scene = Scene {
    name: "calculator",
    title: "sums, two clients at once, each its session",
    kind: Kind::Lab,
    transports: TCP,
    port: 43_389,
    look_for: &[
        "The first message of each connection is a name, which the server keeps for the whole session: it is stateful.",
        "Two connections at the same time, told apart by the clients' ports alone.",
        "Each sum is worked out again from the capture. Division by zero gets an error, and the session goes on.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_SERVER,
    play: calculator,
};

fn calculator(stage: &mut Stage) -> Result<(), LabError> {
    let lab = &calculator::LAB;
    let server = stage.serve("server", lab)?;
    let mut bob = stage.enter("bob", lab, server)?;
    ["Bob", "7 * 6", "1 / 0", "2 - 3.5", "q"].iter().for_each(|text| bob.say(text));
    stage.client("khushei", lab, server, &[])?;
    bob.leave();
    Ok(())
}

pub(super) static CHATBOT_TCP: Scene = Scene {
    name: "chatbot-tcp",
    title: "a bot with three answers, over TCP",
    kind: Kind::Lab,
    transports: TCP,
    port: 12_345,
    look_for: &[
        "The talk between handshake and teardown: compare with the lab chatbot-udp, or play the experiment chatbots.",
        "Every message is acknowledged, mostly by the answer itself.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_SERVER,
    play: |stage| one_client(stage, &chatbot::TCP),
};

pub(super) static CHATBOT_UDP: Scene = Scene {
    name: "chatbot-udp",
    title: "the same bot over UDP",
    kind: Kind::Lab,
    transports: UDP,
    port: 12_345,
    look_for: &[
        "As many packets as messages: nothing is set up, nothing acknowledged, nothing taken down.",
        "That the talk has ended is said by its words alone.",
    ],
    pace: 1.0,
    hosts: Hosts::ONE_SERVER,
    play: |stage| one_client(stage, &chatbot::UDP),
};

pub(super) static DUAL_STACK: Scene = Scene {
    name: "dual-stack",
    title: "one program for IPv4 and IPv6",
    kind: Kind::Lab,
    transports: TCP,
    port: 9002,
    look_for: &[
        "The same five messages twice, over IPv4 and over IPv6.",
        "Only the network layer differs: addresses of 4 and of 16 bytes, headers of 20 and of 40.",
    ],
    pace: 1.0,
    hosts: Hosts::TWO_SERVERS,
    play: |stage| both_families(stage, &dual_stack::LAB),
};

pub(super) static UDP_PING: Scene = Scene {
    name: "udp-ping",
    title: "round trips and losses of numbered pings",
    kind: Kind::Lab,
    transports: UDP,
    port: 8080,
    look_for: &[
        "Pings without an acknowledgement: the server drops one of ten on purpose. UDP repeats nothing.",
        "The server answers after a random delay, so that acknowledgements may come late, or behind later ones: the number says whose they are.",
        "The round trip by the client's clock, beside that of the packets.",
    ],
    pace: 0.4,
    hosts: Hosts::ONE_SERVER,
    play: |stage| one_client(stage, &ping::PING),
};

pub(super) static UDP_THROUGHPUT: Scene = Scene {
    name: "udp-throughput",
    title: "throughput and delay as pings come faster",
    kind: Kind::Lab,
    transports: UDP,
    port: 8080,
    look_for: &[
        "Each interval is 5 % shorter than the one before, and the throughput grows with it.",
        "When the interval is shorter than the server takes, answers come late, although nothing was lost.",
    ],
    pace: 0.3,
    hosts: Hosts::ONE_SERVER,
    play: |stage| one_client(stage, &ping::THROUGHPUT),
};
