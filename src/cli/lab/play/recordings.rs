//! Recordings of scenes that are part of the program, for where nothing can be captured: captures/, with what was told when
//! they were made.

use serde::de::DeserializeOwned;

/// A recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recording {
    name: &'static str,
    /// The savefile.
    pub(super) capture: &'static [u8],
    log: &'static str,
}

macro_rules! recordings {
    ($($name:literal)*) => {
        /// All of them.
        static RECORDINGS: &[Recording] = &[$(Recording {
            name: $name,
            capture: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/captures/", $name, ".pcapng")),
            log: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/captures/logs/", $name, ".jsonl")),
        }),*];
    };
}

/// That of the lab `dns`, which is no scene.
pub(super) static DNS: Recording = Recording {
    name: "lab-dns",
    capture: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/captures/lab-dns.pcapng")),
    log: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/captures/logs/lab-dns.jsonl")),
};

recordings! {
    "backlog"
    "calculator"
    "chat"
    "chatbot-tcp"
    "chatbot-udp"
    "chatbots"
    "client-closes-first"
    "datetime"
    "dual-stack"
    "file-transfer"
    "greeting"
    "half-close"
    "ipv4-ipv6"
    "knock"
    "lookup"
    "mail"
    "no-fin"
    "port-unreachable"
    "proxy"
    "refused"
    "relay"
    "reset"
    "retransmission"
    "server-closes-first"
    "split-writes"
    "udp-ping"
    "udp-throughput"
    "uppercase-tcp"
    "uppercase-udp"
    "web"
    "wrong-port"
    "zero-window"
}

/// The recording of the scene of that name.
pub(super) fn of(name: &str) -> Option<Recording> {
    RECORDINGS.iter().find(|recording| recording.name == name).copied()
}

impl Recording {
    /// What was told when it was made.
    pub(super) fn log<L: DeserializeOwned>(&self) -> Vec<L> {
        self.log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::scene::{Line, SCENES};

    #[test]
    fn every_scene_has_a_recording_and_its_log() {
        let mut scenes: Vec<&str> = SCENES.iter().map(|scene| scene.name).collect();
        scenes.sort_unstable();
        let recordings: Vec<&str> = RECORDINGS.iter().map(|recording| recording.name).collect();
        assert_eq!(recordings, scenes);
        for recording in RECORDINGS {
            assert_eq!(recording.log::<Line>().len(), recording.log.lines().count(), "{}", recording.name);
            assert!(recording.log::<Line>().len() > 1, "{}", recording.name);
        }
    }
}
