//! `dual-stack`: one program for IPv4 and IPv6, the family told from the address.

use super::client::{self, LastWords, Outcome, Session};
use super::{Action, Lab, LabError, Stateless, Transport, say, without_line_end};

const HII: &str = "Hii Server";
const EXIT: &str = "exit";
const ACKNOWLEDGEMENT: &str = "Acknowledgement";
const UNKNOWN: &str = "Error: say Hii Server, or exit";

pub(super) static LAB: Lab = Lab {
    name: "dual-stack",
    title: "the same five messages over IPv4 or IPv6, whichever the address is",
    transport: Transport::Tcp,
    default_port: 9002,
    messages: &[HII, HII, HII, HII, HII, EXIT],
    options: &[],
    logic: |_| Stateless::logic(respond),
    client: run,
};

fn run(session: Session<'_>) -> Result<Outcome, LabError> {
    let address = session.options.server.ip();
    let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
    client::tell(session.on_event, format!("{family}, as the address {address} tells"));
    client::take_turns_until(session, Some(LastWords { words: EXIT, are_answered: false }))
}

/// Greetings that run together are answered one by one, and the rest decides.
fn respond(message: &[u8]) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut rest = without_line_end(message);
    while let Some(behind) = rest.strip_prefix(HII.as_bytes()) {
        actions.extend(say(ACKNOWLEDGEMENT));
        rest = behind.trim_ascii_start();
    }
    if rest == EXIT.as_bytes() {
        actions.push(Action::Close);
    } else if !rest.is_empty() {
        actions.extend(say(UNKNOWN));
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_greeting_is_acknowledged_until_exit() {
        let acknowledged = || Action::Say(ACKNOWLEDGEMENT.into());
        for (message, actions) in [
            ("Hii Server", vec![acknowledged()]),
            ("Hii Server\r\n", vec![acknowledged()]),
            ("Hii ServerHii Server", vec![acknowledged(), acknowledged()]),
            ("Hii Server\nexit\n", vec![acknowledged(), Action::Close]),
            ("exit", vec![Action::Close]),
            ("Hi Server", say(UNKNOWN)),
            ("Hii Server!", vec![acknowledged(), Action::Say(UNKNOWN.into())]),
            ("\n", vec![]),
        ] {
            assert_eq!(respond(message.as_bytes()), actions, "{message:?}");
        }
    }
}
