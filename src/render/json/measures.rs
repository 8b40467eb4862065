//! The numbers of a flow's two directions as JSON.

use serde::Serialize;

use super::{Nanos, is_default};
use crate::flow::{Rates, RoundTrips, Windows};
use crate::report::{Agreed, TcpNumbers};

/// How fast one side's data went, from the flow's first packet to its last.
#[derive(Debug, Serialize)]
pub(super) struct RatesJson {
    /// Frame bytes on the wire, headers and repeats included.
    throughput_bits_per_second: u64,
    /// Payload, each byte counted once.
    goodput_bits_per_second: u64,
}

impl RatesJson {
    pub(super) fn new(rates: Rates) -> Self {
        Self { throughput_bits_per_second: rates.throughput, goodput_bits_per_second: rates.goodput }
    }
}

/// What only TCP tells of one side.
#[derive(Debug, Serialize)]
pub(super) struct MeasuresJson {
    /// Segments that carried payload.
    data_packets: u64,
    /// Payload bytes, each counted once.
    unique_bytes: u64,
    /// Segments that filled a gap which later ones had left.
    out_of_order_packets: u64,
    duplicate_acks: u64,
    zero_windows: u32,
    /// Times from this side's segments to their ACKs.
    round_trips: RoundTripsJson,
    /// What this side announced that it would take.
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<WindowJson>,
    /// Most bytes sent and not acknowledged.
    max_bytes_in_flight: u32,
    /// Most payload bytes of one segment.
    max_segment_bytes: u32,
    /// The largest segment that this side may send, as the other announced it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mss: Option<u16>,
    /// The longest time between two packets of this side in a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_idle_ns: Option<Nanos>,
}

impl MeasuresJson {
    pub(super) fn new(tcp: &TcpNumbers) -> Self {
        let measures = &tcp.measures;
        Self {
            data_packets: tcp.data_packets,
            unique_bytes: measures.unique_bytes,
            out_of_order_packets: measures.out_of_order_packets,
            duplicate_acks: measures.duplicate_acks,
            zero_windows: tcp.zero_windows,
            round_trips: RoundTripsJson::new(&measures.round_trips, measures.untimed),
            window: tcp.windows.map(WindowJson::new),
            max_bytes_in_flight: measures.max_in_flight,
            max_segment_bytes: measures.max_payload,
            mss: tcp.mss,
            max_idle_ns: measures.max_idle().map(Nanos),
        }
    }
}

/// Round-trip times, ambiguous ones left out.
#[derive(Debug, Serialize)]
struct RoundTripsJson {
    samples: u64,
    /// Segments that were not timed because too many waited for their ACK.
    #[serde(skip_serializing_if = "is_default")]
    untimed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_ns: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_ns: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_ns: Option<Nanos>,
    /// Standard deviation, of two samples or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    sdev_ns: Option<Nanos>,
}

impl RoundTripsJson {
    fn new(trips: &RoundTrips, untimed: u64) -> Self {
        Self {
            samples: trips.samples,
            untimed,
            min_ns: trips.min().map(Nanos),
            avg_ns: trips.mean().map(Nanos),
            max_ns: trips.max().map(Nanos),
            sdev_ns: trips.deviation().map(Nanos),
        }
    }
}

/// Announced windows.
#[derive(Debug, Serialize)]
struct WindowJson {
    min: u32,
    max: u32,
    /// They are in bytes; false where the handshake is missing, so that only the header fields are known.
    scaled: bool,
}

impl WindowJson {
    fn new(windows: Windows) -> Self {
        Self { min: windows.min, max: windows.max, scaled: windows.is_scaled }
    }
}

/// What both sides agreed on in their SYNs.
#[derive(Debug, Serialize)]
pub(super) struct AgreedJson {
    /// Both scale their windows; by how much stands in their options.
    window_scaling: bool,
    sack: bool,
    timestamps: bool,
}

impl AgreedJson {
    pub(super) fn new(agreed: Agreed) -> Self {
        Self {
            window_scaling: agreed.window_scale.is_some(),
            sack: agreed.sack,
            timestamps: agreed.timestamps,
        }
    }
}
