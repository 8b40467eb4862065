//! The bundled servers and clients whose traffic is captured and explained.
//!
//! A lab is an entry of [`LABS`]: a name, a transport, a port, the [`Logic`] of its server and its client. Most
//! servers are a [`Service`], which holds the logic and no socket, and most clients [`client::take_turns`]; where
//! messages are not one send each, a [`StreamService`] has a connection to itself.
//! What happens on the wire is told as [`Event`]s, raw bytes included, and the caller shows them.
//!
//! One send is one message, nothing ends it, and no terminator is ever sent or waited for.

mod calculator;
mod chat;
mod chatbot;
pub mod client;
mod clock;
mod datetime;
mod digest;
pub mod dns;
mod dual_stack;
mod error;
mod event;
mod fault;
mod greeting;
mod http;
mod impair;
mod knock;
mod link;
mod mail;
mod note;
mod number;
mod outlet;
mod ping;
mod proxy;
mod relay;
pub mod scene;
mod server;
mod service;
mod settings;
mod stream;
mod transfer;
mod uppercase;
mod wait;
mod web;

pub use crate::local_only::{NotLocal, Policy};
pub use error::LabError;
pub use event::{Ending, Event, Problem};
pub use fault::{Fault, Misdeed};
pub use impair::{Deed, Done, Impairment, Line};
pub(crate) use link::connect_from;
pub use note::Note;
pub use outlet::Telling;
pub use ping::{DEFAULT_INTERVAL, MAX_DELAY, Ping, PingFate, PingRun, PingSecond, PingTimes};
pub use server::{Limits, Over, Server, Talk};
pub use service::{
    Action, Conversation, Logic, MakeLogic, Service, Stateless, StreamService, say, without_line_end,
};
pub use settings::{LabOption, Settings};

use crate::suggest::nearest;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often a waiting socket looks whether it was asked to stop: short enough that Ctrl-C feels immediate,
/// long enough that an idle server uses no measurable time.
const TICK: Duration = Duration::from_millis(100);

/// Most bytes taken from a socket at once, and so the longest message: no IP packet carries more.
const MAX_MESSAGE: usize = 65_535;

/// Longest lab name that is compared with the known ones, in characters: a longer one is no typing mistake.
const MAX_NAME: usize = 64;

/// What carries a lab's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// A connection (RFC 9293).
    Tcp,
    /// Datagrams (RFC 768).
    Udp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// One lab: what its server answers and what its client says.
#[derive(Debug)]
pub struct Lab {
    /// The name on the command line.
    pub name: &'static str,
    /// What it shows, in one line.
    pub title: &'static str,
    /// TCP or UDP.
    pub transport: Transport,
    /// The port its server listens on unless told otherwise.
    pub default_port: u16,
    /// What the client says when it is given nothing else: in order, or at random where it counts several
    /// ([`client::own_messages`]).
    pub messages: &'static [&'static str],
    /// Which settings mean something to its server or client.
    pub options: &'static [LabOption],
    /// Makes the server's logic, once per server.
    pub logic: MakeLogic,
    /// The client: [`client::take_turns`] for most.
    pub client: client::Client,
}

impl Lab {
    /// Whether the setting means something to its server or client. What is done to datagrams on their way, or to a connection, can
    /// be done in every lab over UDP, or TCP; but in a room nothing is done wrong.
    #[must_use]
    pub fn takes(&self, option: LabOption) -> bool {
        if option == LabOption::Fault && self.is_room() {
            return false;
        }
        let on_the_way = match self.transport {
            Transport::Udp => option.is_of_datagrams(),
            Transport::Tcp => option.is_of_connections(),
        };
        on_the_way || self.options.contains(&option)
    }

    /// Whether what is said to its server goes to all who are there ([`Service::is_room`]).
    #[must_use]
    pub fn is_room(&self) -> bool {
        match (self.logic)(&Settings::default()) {
            Ok(Logic::Messages(service)) => service.is_room(),
            _ => false,
        }
    }

    /// Whether its client is a measurement: what it notes is the result, not what it is told.
    #[must_use]
    pub fn measures(&self) -> bool {
        self.options.contains(&LabOption::Interval)
    }
}

/// Every lab, in the order they are listed.
pub static LABS: &[&Lab] = &[
    &greeting::LAB,
    &datetime::LAB,
    &knock::LAB,
    &calculator::LAB,
    &chat::LAB,
    &uppercase::TCP,
    &uppercase::UDP,
    &chatbot::TCP,
    &chatbot::UDP,
    &web::LAB,
    &proxy::LAB,
    &ping::PING,
    &ping::THROUGHPUT,
    &transfer::LAB,
    &relay::LAB,
    &dual_stack::LAB,
    &mail::LAB,
];

/// No lab has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no lab is called `{name}`: {}", advice(.suggestions))]
pub struct UnknownLab {
    /// What was asked for, control characters shown as escapes, at most 64 characters.
    pub name: String,
    /// The names that are close to it; empty where none is.
    pub suggestions: Vec<&'static str>,
}

fn advice(suggestions: &[&str]) -> String {
    if suggestions.is_empty() {
        format!("the labs are {}", names().collect::<Vec<_>>().join(", "))
    } else {
        format!("did you mean {}?", suggestions.join(" or "))
    }
}

/// What can be served: every lab of [`LABS`], and the name servers, which are many at once.
fn names() -> impl Iterator<Item = &'static str> + Clone {
    LABS.iter().map(|lab| lab.name).chain([dns::LAB])
}

/// The lab of that name.
///
/// # Errors
/// [`UnknownLab`], with the names that are close to `name`.
pub fn find(name: &str) -> Result<&'static Lab, UnknownLab> {
    LABS.iter().copied().find(|lab| lab.name == name).ok_or_else(|| {
        let name: String = name.chars().take(MAX_NAME).collect();
        UnknownLab {
            suggestions: nearest(&name.to_lowercase(), names()),
            name: name.escape_debug().to_string(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lab_is_found_by_its_name_and_names_are_unique() {
        for lab in LABS {
            assert!(std::ptr::eq(find(lab.name).unwrap(), *lab), "{}", lab.name);
            assert!(!lab.messages.is_empty() && lab.default_port != 0, "{}", lab.name);
        }
    }

    #[test]
    fn a_mistyped_name_is_answered_with_the_nearest() {
        let suggested = |name: &str| find(name).unwrap_err().suggestions;
        assert_eq!(suggested("knok"), ["knock"]);
        assert_eq!(suggested("KNOCK"), ["knock"]);
        assert_eq!(suggested("greting"), ["greeting"]);
        assert_eq!(suggested("uppercase"), ["uppercase-tcp", "uppercase-udp"]);
        assert_eq!(suggested("uppercse-udp"), ["uppercase-udp"]);
        assert_eq!(suggested("zebra"), [""; 0]);
        assert_eq!(suggested(""), [""; 0]);
    }

    #[test]
    fn the_error_names_what_to_type_and_no_control_character() {
        assert_eq!(find("knok").unwrap_err().to_string(), "no lab is called `knok`: did you mean knock?");
        let error = find("\u{1b}[2Jzebra").unwrap_err().to_string();
        assert!(!error.contains('\u{1b}'), "{error}");
        let known: Vec<&str> = names().collect();
        assert!(known.len() > LABS.len() && known.ends_with(&["dns"]), "{known:?}");
        assert!(error.ends_with(&format!("the labs are {}", known.join(", "))), "{error}");
        assert!(find(&"x".repeat(100_000)).unwrap_err().name.len() <= MAX_NAME);
    }
}
