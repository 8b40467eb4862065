//! `greeting`: one datagram there, one back, and no handshake before them.

use super::{Action, Lab, Stateless, Transport, client, say};

pub(super) static LAB: Lab = Lab {
    name: "greeting",
    title: "one UDP datagram and its answer, without a handshake",
    transport: Transport::Udp,
    default_port: 43_387,
    messages: &["I could tell you a UDP joke but I'm not sure you'll get it."],
    options: &[],
    logic: |_| Stateless::logic(respond),
    client: client::take_turns,
};

/// Every datagram is answered, an empty one too: it arrived, which is all `Ok` says.
fn respond(_message: &[u8]) -> Vec<Action> {
    say("Ok")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_datagram_is_answered_ok() {
        for message in [LAB.messages[0].as_bytes(), b"", b"\xff\x00", b"x\r\n"] {
            assert_eq!(respond(message), say("Ok"));
        }
    }
}
