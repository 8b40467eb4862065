//! Scenes: a lab's server and its clients on one stage, or an experiment with sockets, played from beginning to end.
//!
//! A scene makes traffic and tells what happens, a [`Line`] each. It knows nothing of captures: what the packets show is
//! compared with what was told elsewhere.

mod closing;
mod crowd;
mod labs;
mod line;
mod names;
mod nobody;
mod pairs;
mod queue;
mod stage;
mod streams;
mod wire;

pub use line::{Bytes, Line, What};
pub use names::BindResolvers;
pub use stage::{Cast, How, PATIENCE, Part, Stage, Teller, failed};
pub use wire::Wire;

use super::{Impairment, LabError, Transport};
use crate::suggest::nearest;

/// What a scene is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A lab: its own server and client say what they are there for.
    Lab,
    /// Something that happens to connections and datagrams, made to happen.
    Experiment,
}

/// On how many hosts a scene can be played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hosts {
    /// On one alone.
    One {
        /// Why not on two, as the end of a sentence.
        because: &'static str,
    },
    /// Its servers can be on one host and its clients on another.
    OneOrTwo {
        /// How many sockets listen before the first client may come.
        listeners: usize,
        /// The servers also talk with each other, which does not leave their host.
        among_servers: bool,
    },
    /// On two, with this line between them for what the server sends, unless asked for another.
    Two(Impairment),
}

impl Hosts {
    /// For a scene with one server at a time.
    const ONE_SERVER: Self = Self::OneOrTwo { listeners: 1, among_servers: false };
    /// For one with two servers that know nothing of each other.
    const TWO_SERVERS: Self = Self::OneOrTwo { listeners: 2, among_servers: false };
    /// For one with two servers, the first of which asks the second.
    const CHAIN: Self = Self::OneOrTwo { listeners: 2, among_servers: true };
    /// For a scene that holds both ends of its connections ([`Wire`]).
    const ONE_PROGRAM: Self = Self::One {
        because: "one program holds both ends of its connections, so that what happens on them has one order",
    };
    /// For a client where nobody listens.
    const NO_SERVER: Self = Self::One { because: "it has no server that could be on another host" };

    /// Whether it can be played on two.
    #[must_use]
    pub const fn may_be_two(&self) -> bool {
        !matches!(self, Self::One { .. })
    }
}

/// Something that can be played.
#[derive(Debug)]
pub struct Scene {
    /// The name on the command line; of a lab's scene the lab's.
    pub name: &'static str,
    /// What it shows, in one line.
    pub title: &'static str,
    /// Lab or experiment.
    pub kind: Kind,
    /// What carries its messages.
    pub transports: &'static [Transport],
    /// The port of its server, or the first of its ports.
    pub port: u16,
    /// What a person should look for in the capture, a sentence each.
    pub look_for: &'static [&'static str],
    /// What random delays are multiplied by unless asked otherwise, so that a scene takes seconds; 1 where there are none.
    pub pace: f64,
    /// Where it can be played.
    pub hosts: Hosts,
    /// Plays it. What fails on purpose is no error.
    pub play: fn(&mut Stage) -> Result<(), LabError>,
}

const TCP: &[Transport] = &[Transport::Tcp];
const UDP: &[Transport] = &[Transport::Udp];
const BOTH: &[Transport] = &[Transport::Tcp, Transport::Udp];

/// Every scene, the labs first, in the order they are listed.
pub static SCENES: &[&Scene] = &[
    &labs::GREETING,
    &labs::DATETIME,
    &labs::KNOCK,
    &labs::CALCULATOR,
    &crowd::CHAT,
    &labs::UPPERCASE_TCP,
    &labs::UPPERCASE_UDP,
    &labs::CHATBOT_TCP,
    &labs::CHATBOT_UDP,
    &streams::WEB,
    &streams::PROXY,
    &labs::UDP_PING,
    &labs::UDP_THROUGHPUT,
    &streams::FILE_TRANSFER,
    &crowd::RELAY,
    &labs::DUAL_STACK,
    &streams::MAIL,
    &nobody::REFUSED,
    &nobody::PORT_UNREACHABLE,
    &nobody::WRONG_PORT,
    &closing::CLIENT_CLOSES_FIRST,
    &closing::SERVER_CLOSES_FIRST,
    &closing::HALF_CLOSE,
    &closing::RESET,
    &closing::NO_FIN,
    &queue::FULL_BACKLOG,
    &queue::ZERO_WINDOW,
    &queue::SPLIT_WRITES,
    &pairs::IPV4_IPV6,
    &pairs::CHATBOTS,
    &streams::RETRANSMISSION,
    &names::LOOKUP,
];

/// No scene has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no lab or experiment is called `{name}`{}", advice(.suggestions))]
pub struct UnknownScene {
    /// What was asked for, control characters shown as escapes, at most 64 characters.
    pub name: String,
    /// The names that are close to it; empty where none is.
    pub suggestions: Vec<&'static str>,
}

fn advice(suggestions: &[&str]) -> String {
    if suggestions.is_empty() {
        String::new()
    } else {
        format!(": did you mean {}?", suggestions.join(" or "))
    }
}

/// The scene of that name.
///
/// # Errors
/// [`UnknownScene`], with the names that are close to `name`.
pub fn find(name: &str) -> Result<&'static Scene, UnknownScene> {
    SCENES.iter().copied().find(|scene| scene.name == name).ok_or_else(|| {
        let name: String = name.chars().take(super::MAX_NAME).collect();
        let names = SCENES.iter().map(|scene| scene.name);
        UnknownScene {
            suggestions: nearest(&name.to_lowercase(), names),
            name: name.escape_debug().to_string(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab;

    #[test]
    fn every_lab_has_its_scene_and_names_are_unique() {
        for lab in lab::LABS {
            let scene = find(lab.name).unwrap();
            assert_eq!((scene.kind, scene.port), (Kind::Lab, lab.default_port), "{}", lab.name);
            assert_eq!(scene.transports, [lab.transport], "{}", lab.name);
        }
        for scene in SCENES {
            assert!(std::ptr::eq(find(scene.name).unwrap(), *scene), "{}", scene.name);
            assert!(!scene.look_for.is_empty() && scene.title.len() <= 44, "{}", scene.name);
            assert!(scene.pace > 0.0 && scene.pace <= 1.0, "{}", scene.name);
            let is_lab = lab::LABS.iter().any(|lab| lab.name == scene.name);
            assert_eq!(is_lab, scene.kind == Kind::Lab, "{}", scene.name);
        }
    }

    #[test]
    fn a_mistyped_name_is_answered_with_the_nearest() {
        assert_eq!(find("half-closed").unwrap_err().suggestions, ["half-close"]);
        let error = find("\u{1b}[2Jzebra").unwrap_err().to_string();
        assert!(!error.contains('\u{1b}'), "{error}");
    }
}
