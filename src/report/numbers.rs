//! The numbers of a flow's two directions: how much, how fast, how often again.

use crate::flow::{Direction, Flow, Measures, Rates, Windows};

/// What the sender of one direction sent, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SideNumbers {
    /// Packets.
    pub packets: u64,
    /// Frame bytes on the wire.
    pub wire_bytes: u64,
    /// Transport payload bytes on the wire, repeats included.
    pub payload_bytes: u64,
    /// How fast; `None` where the flow takes no time.
    pub rates: Option<Rates>,
    /// What only TCP tells.
    pub tcp: Option<TcpNumbers>,
}

/// Numbers of one direction of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpNumbers {
    /// Segments that carried payload.
    pub data_packets: u64,
    /// Segments whose bytes (or SYN, FIN) were all or partly seen before.
    pub repeated_packets: u64,
    /// Payload bytes seen before.
    pub repeated_bytes: u64,
    /// Bytes that were sent, by the sequence numbers, and are not in the capture.
    pub missing_bytes: u64,
    /// Segments that announced a closed window.
    pub zero_windows: u32,
    /// Round trips, duplicate ACKs, bytes in flight and the others.
    pub measures: Measures,
    /// What it announced that it would take.
    pub windows: Option<Windows>,
    /// The largest segment that it may send, as the other side announced it: bytes of payload.
    pub mss: Option<u16>,
}

/// What both sides of a TCP connection agreed on in their SYNs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Powers of two that the windows of originator and responder are multiplied by; `None` where they are not.
    pub window_scale: Option<(u8, u8)>,
    /// Selective acknowledgment (RFC 2018).
    pub sack: bool,
    /// Timestamps (RFC 7323).
    pub timestamps: bool,
}

impl SideNumbers {
    /// Those of the sender of `direction`.
    #[must_use]
    pub fn of(flow: &Flow, direction: Direction) -> Self {
        let side = flow.side(direction);
        let tcp = flow.tcp.as_deref().map(|tcp| {
            let shown = tcp.side(direction);
            TcpNumbers {
                data_packets: shown.data_packets,
                repeated_packets: shown.repeated_packets,
                repeated_bytes: shown.repeated_bytes,
                missing_bytes: shown.missing_bytes,
                zero_windows: shown.zero_windows,
                measures: shown.measures,
                windows: tcp.windows(direction),
                mss: tcp.handshake.mss(direction),
            }
        });
        Self {
            packets: side.packets,
            wire_bytes: side.wire_bytes,
            payload_bytes: side.payload_bytes,
            rates: flow.rates(direction),
            tcp,
        }
    }
}

impl Agreed {
    /// What the sides of `flow` agreed on; `None` for UDP, and where a SYN of either is not in the capture.
    #[must_use]
    pub fn of(flow: &Flow) -> Option<Self> {
        let handshake = &flow.tcp.as_deref()?.handshake;
        let (orig, resp) =
            (handshake.window_shift(Direction::OrigToResp)?, handshake.window_shift(Direction::RespToOrig)?);
        Some(Self {
            window_scale: handshake.scaling_in_effect().then_some((orig, resp)),
            sack: handshake.sack_in_effect(),
            timestamps: handshake.timestamps_in_effect(),
        })
    }
}
