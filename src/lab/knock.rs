//! `knock`: the handshake lesson, two short texts inside one TCP connection.

use super::{Action, Lab, Stateless, Transport, client, say, without_line_end};

pub(super) static LAB: Lab = Lab {
    name: "knock",
    title: "a TCP connection from handshake to teardown around two readable texts",
    transport: Transport::Tcp,
    default_port: 43_389,
    messages: &["Knock knock.."],
    options: &[],
    logic: |_| Stateless::logic(respond),
    client: client::take_turns,
};

/// Whatever is said is a knock, as in the course's server; a lone line end says nothing.
fn respond(message: &[u8]) -> Vec<Action> {
    if without_line_end(message).is_empty() {
        return Vec::new();
    }
    say("Who's there?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_knocks_is_asked_who_they_are() {
        for message in ["Knock knock..", "Knock knock..\r\n", "Knock knock..Knock knock..", "Tock", "\u{0}"] {
            assert_eq!(respond(message.as_bytes()), say("Who's there?"), "{message:?}");
        }
    }

    #[test]
    fn an_empty_line_is_not_a_knock() {
        assert_eq!(respond(b"\r\n"), Vec::new());
        assert_eq!(respond(b""), Vec::new());
    }
}
