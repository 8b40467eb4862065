//! Is it readable? A verdict for each flow and each of its sides, with the evidence, and the secrets that anybody on the
//! way could read.
//!
//! [`Audit`] watches the bytes of every flow in order and keeps counts of them, not the bytes. What a flow speaks
//! decides; where that is not known, its bytes do: how many are readable, what they begin with, whether they look random.

mod randomness;
mod side;
mod verdict;
mod watch;

use crate::decode::{DecodedPacket, TransportProtocol};
use crate::flow::{Flow, PacketStamp, Verdict};
use crate::proto::Protocol;
use crate::proto::content::Spoken;
use crate::source::PacketNumber;

pub use crate::report::secret::SecretKind;
pub use randomness::{ByteCounts, CHI_SQUARE_LIMIT, Looks, MIN_SAMPLE, Randomness};
pub use verdict::Legibility;
pub use watch::MAX_SECRETS;

use watch::Watch;

/// Most flows that are watched: with some kilobytes each, what a laptop has to spare. The verdict on the others is
/// by their first bytes.
pub const MAX_WATCHED: usize = 100_000;

/// Bytes kept of a secret, a name or a user name: longer ones are cut, what is kept shows that they are there.
pub const MAX_SECRET_BYTES: usize = 256;

/// Most bytes that wait for missing segments, over all flows. Beyond it the flow at hand gives up its holes.
const MAX_WAITING: usize = 64 << 20;

/// Watches flows.
#[derive(Debug, Default)]
pub struct Audit {
    /// By the place of the flow in the flow table.
    flows: Vec<Option<Box<Watch>>>,
    watched: usize,
    waiting: usize,
    limits: AuditLimits,
}

/// Limits that were reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditLimits {
    /// Packets with payload of flows that are not watched: see [`MAX_WATCHED`].
    pub packets_not_watched: u64,
    /// Times that missing segments were given up because too much waited for them.
    pub given_up: u64,
    /// Lines of text of which only the first bytes were looked at for secrets.
    pub long_lines: u64,
}

/// What is known of a flow.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowAudit {
    /// The verdict.
    pub verdict: Legibility,
    /// What it speaks, one after the other, as far as that was recognised: SMTP, then TLS.
    pub spoken: Vec<Spoken>,
    /// The packet from which on it is encrypted, where readable bytes went before.
    pub encrypted_from: Option<PacketNumber>,
    /// What the originator sent.
    pub orig: SideAudit,
    /// What the responder sent.
    pub resp: SideAudit,
    /// Secrets in clear, the first [`MAX_SECRETS`], each once.
    pub secrets: Vec<Secret>,
    /// How many more there were.
    pub more_secrets: u64,
    /// Lines of text that are so long that only their first bytes were looked at for secrets.
    pub long_lines: u64,
}

/// A secret that anybody on the way could read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// What kind.
    pub kind: SecretKind,
    /// The name of the cookie or field, at most [`MAX_SECRET_BYTES`].
    pub name: Option<Vec<u8>>,
    /// Whose it is, where that was said, at most so long, too.
    pub user: Option<Vec<u8>>,
    /// The secret itself, at most so long.
    pub value: Vec<u8>,
    /// The packet that completes it.
    pub packet: PacketNumber,
}

impl Secret {
    /// Whether both say the same, in whichever packets.
    fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.name == other.name
            && self.value == other.value
            && self.user == other.user
    }
}

/// Bytes from which a verdict by content alone needs no word of caution: a line of text, or a header of numbers. It may
/// still need more, see [`MIN_SAMPLE`].
pub const FEW_BYTES: u64 = 32;

impl FlowAudit {
    /// How many bytes the verdict is on, where there is one, by fewer than [`FEW_BYTES`] of no known protocol: they may
    /// look so by chance.
    #[must_use]
    pub fn few_bytes(&self) -> Option<u64> {
        let bytes = self.orig.bytes.saturating_add(self.resp.bytes);
        let is_told = self.spoken.is_empty() && self.verdict != Legibility::TooLittleData;
        (is_told && bytes < FEW_BYTES).then_some(bytes)
    }
}

/// What is known of one side of a flow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SideAudit {
    /// The verdict; `None` where it sent nothing.
    pub verdict: Option<Legibility>,
    /// Bytes looked at, each once.
    pub bytes: u64,
    /// The share of readable bytes, from 0 to 1.
    pub readable: Option<f64>,
    /// How the bytes are distributed.
    pub randomness: Option<Randomness>,
    /// What it begins with, where that is the mark of something packed, behind a few other bytes or not.
    pub magic: Option<&'static str>,
    /// What bodies of messages are packed with, as it was announced.
    pub packed_bodies: Vec<Vec<u8>>,
    /// Readable lines that hold no secret, the first.
    pub sample: Vec<u8>,
    /// The first and the last packet that brought some of the bytes.
    pub packets: Option<(PacketNumber, PacketNumber)>,
}

impl Audit {
    /// Takes the next packet, of whose transports the flow table says `verdicts`.
    pub fn observe(&mut self, packet: PacketStamp, decoded: &DecodedPacket<'_>, verdicts: &[Verdict]) {
        for (transport, verdict) in decoded.transports().iter().zip(verdicts) {
            let Some(place) = verdict.flow else { continue };
            let Some(layer) = decoded.layers().get(transport.layer) else { continue };
            let payload = decoded.payload(layer);
            if self.flows.len() <= place {
                self.flows.resize_with(place.saturating_add(1), || None);
            }
            let Some(slot) = self.flows.get_mut(place) else { continue };
            if slot.is_none() {
                if payload.is_empty() {
                    continue;
                }
                if self.watched >= MAX_WATCHED {
                    self.limits.packets_not_watched = self.limits.packets_not_watched.saturating_add(1);
                    continue;
                }
                self.watched += 1;
            }
            let watch = slot.get_or_insert_with(|| Box::new(Watch::new(transport, verdict.direction)));
            match transport.protocol {
                TransportProtocol::Udp => watch.datagram(transport, payload, packet.number),
                TransportProtocol::Tcp => {
                    let (Some(tcp), Some(of_tcp)) = (decoded.tcp_segment(transport), &verdict.tcp) else {
                        continue;
                    };
                    let before = watch.waiting();
                    watch.segment(transport, &tcp, of_tcp, packet);
                    self.waiting = self.waiting.saturating_sub(before).saturating_add(watch.waiting());
                    if self.waiting > MAX_WAITING {
                        self.waiting = self.waiting.saturating_sub(watch.waiting());
                        watch.give_up();
                        self.limits.given_up = self.limits.given_up.saturating_add(1);
                    }
                }
            }
        }
    }

    /// The capture ends.
    pub fn finish(&mut self) {
        self.flows.iter_mut().flatten().for_each(|watch| watch.finish());
        self.waiting = 0;
    }

    /// Limits that were reached.
    #[must_use]
    pub const fn limits(&self) -> AuditLimits {
        self.limits
    }

    /// Tells what is known of `flow`, at this place of the flow table, and forgets it; `analyzed` is what an analyzer
    /// recognised in it.
    #[must_use]
    pub fn take_flow(&mut self, place: usize, flow: &Flow, analyzed: Option<Protocol>) -> FlowAudit {
        let told = match self.flows.get_mut(place).and_then(Option::take) {
            Some(watch) => watch.told(flow, analyzed),
            None => Watch::unseen(flow).told(flow, analyzed),
        };
        self.limits.long_lines = self.limits.long_lines.saturating_add(told.long_lines);
        told
    }
}

#[cfg(test)]
mod tests;
