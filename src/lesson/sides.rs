//! The same talk twice: what each took.

use super::{Evidence, talks};
use crate::lab::scene::{Line, Scene};

/// What one of the talks took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// Whose it is, with its flow.
    pub name: String,
    /// Packets.
    pub packets: u64,
    /// Bytes of them, with all headers.
    pub bytes: u64,
    /// Bytes of them that were said.
    pub said: u64,
}

/// What each talk of a scene took that is there to compare them; empty for other scenes.
#[must_use]
pub fn sides(scene: &Scene, log: &[Line], evidence: &Evidence<'_>) -> Vec<Side> {
    if !matches!(scene.name, "chatbots" | "ipv4-ipv6" | "dual-stack") {
        return Vec::new();
    }
    let talks = talks::talks(scene, log);
    let flows = talks.iter().filter_map(|talk| Some((talk.who, talk.flow(evidence.flows)?.0.flow)));
    flows
        .map(|(who, flow)| Side {
            name: format!("{who} ({})", flow.id),
            packets: flow.packets(),
            bytes: flow.orig.wire_bytes.saturating_add(flow.resp.wire_bytes),
            said: flow.orig.payload_bytes.saturating_add(flow.resp.payload_bytes),
        })
        .collect()
}
