//! `knock`: the handshake lesson, two short texts inside one TCP connection.

use super::{Lab, Reply, Stateless, Transport, without_line_end};

pub(super) static LAB: Lab = Lab {
    name: "knock",
    title: "a TCP connection from handshake to teardown around two readable texts",
    transport: Transport::Tcp,
    default_port: 43_389,
    messages: &["Knock knock.."],
    service: || Box::new(Stateless(respond)),
};

/// Whatever is said is a knock, as in the course's server; a lone line end says nothing.
fn respond(message: &[u8]) -> Reply {
    if without_line_end(message).is_empty() {
        return Reply::Nothing;
    }
    Reply::Say(b"Who's there?".to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_knocks_is_asked_who_they_are() {
        for message in ["Knock knock..", "Knock knock..\r\n", "Knock knock..Knock knock..", "Tock", "\u{0}"] {
            assert_eq!(respond(message.as_bytes()), Reply::Say(b"Who's there?".to_vec()), "{message:?}");
        }
    }

    #[test]
    fn an_empty_line_is_not_a_knock() {
        assert_eq!(respond(b"\r\n"), Reply::Nothing);
        assert_eq!(respond(b""), Reply::Nothing);
    }
}
