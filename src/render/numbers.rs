//! The numbers of a flow's two directions in words: side by side (`flows --long`), or in one line.

use std::fmt;
use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::color::Style;
use super::format::{Bits, Bytes, Count, Elapsed};
use super::table::TableOutput;
use super::words::state_words;
use super::wrap::write_head;
use crate::decode::TransportProtocol;
use crate::flow::{Direction, RoundTrips, Windows};
use crate::report::{Agreed, SideNumbers, TcpNumbers, Told};

/// Columns of what a number is of.
const LABEL: usize = 21;

/// Columns of the originator's number.
const NUMBER: usize = 28;

/// Writes a block for each of `flows`: a row a number, the originator's before the responder's. A heading that does not fit
/// `output` goes on below.
///
/// # Errors
/// Those of `out`.
pub fn write_numbers<W: Write + ?Sized>(
    out: &mut W,
    output: TableOutput,
    flows: &[Told<'_>],
) -> io::Result<()> {
    for (place, told) in flows.iter().enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        let flow = told.flow;
        let state = flow.conn_state();
        let is_udp = flow.id.protocol == TransportProtocol::Udp;
        let id = flow.id.to_string();
        let first = format!("{id}  {}", flow.tuple.orig);
        let second = format!("-> {}  {state} {}", flow.tuple.resp, state_words(state, is_udp));
        let [first, second] = [first.as_str(), second.trim_end()].map(|text| [(Some(Style::Bold), text)]);
        write_head(out, output.colors, output.width, (&first, &second), id.len().saturating_add(2))?;
        if let Some(duration) = flow.duration().filter(|_| flow.packets() > 1) {
            writeln!(out, "  {:LABEL$}{}", "duration", Elapsed(duration))?;
        }
        if let Some(agreed) = Agreed::of(flow) {
            writeln!(out, "  {:LABEL$}{agreed}", "agreed")?;
        }
        let both = [Direction::OrigToResp, Direction::RespToOrig].map(|by| SideNumbers::of(flow, by));
        row(out, "sent by", ["orig", "resp"])?;
        rows(out, &both)?;
    }
    Ok(())
}

fn row<W: Write + ?Sized>(out: &mut W, label: &str, cells: [impl fmt::Display; 2]) -> io::Result<()> {
    let [orig, resp] = cells.map(|cell| cell.to_string());
    let gap = NUMBER.saturating_sub(orig.width()).max(1);
    writeln!(out, "  {label:LABEL$}{orig}{:gap$}{resp}", "")
}

fn rows<W: Write + ?Sized>(out: &mut W, both: &[SideNumbers; 2]) -> io::Result<()> {
    row(out, "packets", both.map(|side| side.packets))?;
    row(out, "frame bytes", both.map(|side| side.wire_bytes))?;
    row(out, "payload bytes", both.map(|side| side.payload_bytes))?;
    if let [Some(orig), Some(resp)] = both.map(|side| side.tcp) {
        tcp_rows(out, &[orig, resp])?;
    }
    row(out, "throughput", both.map(|side| Or(side.rates.map(|rates| Bits(rates.throughput)))))?;
    row(out, "goodput", both.map(|side| Or(side.rates.map(|rates| Bits(rates.goodput)))))
}

fn tcp_rows<W: Write + ?Sized>(out: &mut W, both: &[TcpNumbers; 2]) -> io::Result<()> {
    row(out, "unique bytes", both.map(|side| side.measures.unique_bytes))?;
    let repeated = |side: TcpNumbers| match side.repeated_packets {
        0 => "0".to_owned(),
        packets => format!("{packets} ({})", Count::bytes(side.repeated_bytes)),
    };
    row(out, "seen again", both.map(repeated))?;
    row(out, "out of order", both.map(|side| side.measures.out_of_order_packets))?;
    row(out, "not captured, bytes", both.map(|side| side.missing_bytes))?;
    row(out, "duplicate ACKs", both.map(|side| side.measures.duplicate_acks))?;
    let trips = both.map(|side| side.measures.round_trips);
    row(out, "RTT samples", trips.map(|trips| trips.samples))?;
    row(out, "RTT min / avg / max", trips.map(Spread))?;
    row(out, "RTT deviation", trips.map(|trips| Or(trips.deviation().map(Elapsed))))?;
    row(out, "window", both.map(|side| Or(side.windows)))?;
    row(out, "closed windows", both.map(|side| side.zero_windows))?;
    row(out, "in flight, most", both.map(|side| Bytes(u64::from(side.measures.max_in_flight))))?;
    row(out, "largest payload", both.map(|side| Exactly(side.measures.max_payload)))?;
    row(out, "may send at most", both.map(|side| Or(side.mss.map(|mss| Exactly(mss.into())))))?;
    row(out, "longest silence", both.map(|side| Or(side.measures.max_idle().map(Elapsed))))
}

/// The size of a segment, of which every byte matters.
struct Exactly(u32);

impl fmt::Display for Exactly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} B", self.0)
    }
}

/// A value, or `-` where there is none.
struct Or<T>(Option<T>);

impl<T: fmt::Display> fmt::Display for Or<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("-"),
        }
    }
}

/// `12 µs / 15 µs / 23 µs`, least, average, most.
struct Spread(RoundTrips);

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.min(), self.0.mean(), self.0.max()) {
            (Some(min), Some(mean), Some(max)) => {
                write!(f, "{} / {} / {}", Elapsed(min), Elapsed(mean), Elapsed(max))
            }
            _ => f.write_str("-"),
        }
    }
}

impl fmt::Display for Windows {
    /// `65536 to 131072 B`; with a `?` where the scale is not known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min < self.max {
            write!(f, "{} to ", self.min)?;
        }
        write!(f, "{}{}", self.max, if self.is_scaled { " B" } else { " unscaled?" })
    }
}

impl fmt::Display for Agreed {
    /// `window scale 7 and 10, SACK, timestamps`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.window_scale {
            Some((orig, resp)) => write!(f, "window scale {orig} and {resp}")?,
            None => f.write_str("no window scale")?,
        }
        write!(f, ", {}SACK", if self.sack { "" } else { "no " })?;
        write!(f, ", {}timestamps", if self.timestamps { "" } else { "no " })
    }
}

/// The numbers of one direction in one line, without those that are as they should be: `6 packets, 13 bytes of
/// payload, RTT 20 µs (8 µs to 40 µs, 3 samples), at most 13 B in flight, 2 segments seen again (1448 bytes)`.
#[derive(Clone, Copy, Debug)]
pub struct SideLine(pub SideNumbers);

impl fmt::Display for SideLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(side) = self;
        let payload = side.tcp.map_or(side.payload_bytes, |tcp| tcp.measures.unique_bytes);
        write!(f, "{}, {} of payload", Count::packets(side.packets), Count::bytes(payload))?;
        if let Some(rates) = side.rates.filter(|rates| rates.goodput > 0) {
            write!(f, " at {}", Bits(rates.goodput))?;
        }
        let Some(tcp) = side.tcp else { return Ok(()) };
        let trips = tcp.measures.round_trips;
        if let (Some(mean), Some(min), Some(max)) = (trips.mean(), trips.min(), trips.max()) {
            write!(f, ", RTT {}", Elapsed(mean))?;
            if trips.samples > 1 {
                write!(f, " ({} to {}, {} samples)", Elapsed(min), Elapsed(max), trips.samples)?;
            }
        }
        if tcp.measures.max_in_flight > 0 {
            write!(f, ", at most {} in flight", Bytes(u64::from(tcp.measures.max_in_flight)))?;
        }
        if tcp.repeated_packets > 0 {
            let segments = Count::new(tcp.repeated_packets, "segment", "segments");
            write!(f, ", {segments} seen again ({})", Count::bytes(tcp.repeated_bytes))?;
        }
        for (count, one, many) in [
            (tcp.measures.out_of_order_packets, "out of order", "out of order"),
            (tcp.measures.duplicate_acks, "duplicate ACK", "duplicate ACKs"),
            (u64::from(tcp.zero_windows), "closed window", "closed windows"),
        ] {
            if count > 0 {
                write!(f, ", {}", Count::new(count, one, many))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Rates;

    #[test]
    fn one_line_tells_what_is_not_as_it_should_be() {
        let mut measures = crate::flow::Measures::default();
        (measures.unique_bytes, measures.max_in_flight) = (2896, 2896);
        let tcp = TcpNumbers {
            data_packets: 3,
            repeated_packets: 1,
            repeated_bytes: 1448,
            missing_bytes: 0,
            zero_windows: 1,
            measures,
            windows: None,
            mss: Some(1460),
        };
        let rates = Some(Rates { throughput: 12_000, goodput: 9_000 });
        let side = SideNumbers { packets: 5, wire_bytes: 5000, payload_bytes: 4344, rates, tcp: Some(tcp) };
        assert_eq!(
            SideLine(side).to_string(),
            "5 packets, 2896 bytes of payload at 9 kbit/s, at most 2.9 kB in flight, \
             1 segment seen again (1448 bytes), 1 closed window"
        );
        let udp = SideNumbers { packets: 1, rates: None, tcp: None, payload_bytes: 1, ..side };
        assert_eq!(SideLine(udp).to_string(), "1 packet, 1 byte of payload");
    }

    #[test]
    fn what_was_agreed_is_told_both_ways() {
        let agreed = Agreed { window_scale: Some((7, 10)), sack: true, timestamps: true };
        assert_eq!(agreed.to_string(), "window scale 7 and 10, SACK, timestamps");
        let none = Agreed { window_scale: None, sack: false, timestamps: false };
        assert_eq!(none.to_string(), "no window scale, no SACK, no timestamps");
        let windows = Windows { min: 0, max: 512, is_scaled: false };
        assert_eq!(windows.to_string(), "0 to 512 unscaled?");
    }
}
