//! The packet list: one line a packet, quick to scan.
//!
//! ```text
//!   1 0.000000 127.0.0.1:40446 → 127.0.0.1:12999 tcp:0  S  len 0 handshake 1/3 seq 0
//!   4 0.000052 127.0.0.1:40446 → 127.0.0.1:12999 tcp:0  P. len 13 seq 1 ack 1 │ Knock knock..
//! ```
//!
//! Number, seconds since the first packet, source → destination, protocol (with the stream number where there is
//! room), TCP flags as tcpdump spells them, payload length on the wire, what is special about the packet, relative
//! sequence and acknowledgment number, and the payload as text. On a terminal a line fits its width: the
//! acknowledgment and sequence numbers go before the text does. Into a pipe nothing is left out but the bytes of
//! binary payload past the first few.

mod buffer;
mod clock;
mod dhcp;
mod dns;
mod http;
mod lab;
mod lines;
mod tail;
mod tls;

use std::fmt;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use self::buffer::LineBuffer;
pub use self::clock::{Stamp, TimeStyle};
use super::color::{Colors, Style};
use super::format::Mac;
use crate::decode::{DecodedPacket, Layer, LayerKind, Transport};
use crate::flow::{Direction, Verdict};
use crate::proto::Messages;
use crate::source::CapturedPacket;
use crate::time::TimeDelta;

/// Narrower than this, a terminal gets lines that are cut rather than unreadable.
const MIN_WIDTH: usize = 40;

/// From this width on there is room for stream numbers.
const ROOMY: usize = 100;

/// Columns of an endpoint to begin with: `127.0.0.1:12999`. They grow as longer ones come …
const ENDPOINT_WIDTH: usize = 15;

/// … up to this: the longest IPv4 endpoint. IPv6 addresses take what they need.
const MAX_ENDPOINT_WIDTH: usize = 21;

/// What is known of a packet beyond its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineContext<'a> {
    /// Time since the first packet of the capture; `None` where the capture has no times.
    pub relative: Option<TimeDelta>,
    /// What the flow table says: one verdict for each of [`DecodedPacket::transports`]; empty if it was not asked.
    pub verdicts: &'a [Verdict],
    /// The application messages that end in the packet; `None` where nobody looked for them.
    pub messages: Option<&'a Messages>,
}

/// Writes packets as lines.
#[derive(Debug)]
pub struct PacketLines {
    line: LineBuffer,
    /// Columns of the terminal; `None` into a pipe.
    width: Option<usize>,
    /// Columns that endpoints and times take so far, so that what follows stays aligned.
    endpoint_width: usize,
    time_width: usize,
}

impl PacketLines {
    /// Lines for a terminal of `width` columns, or for a pipe or file.
    #[must_use]
    pub fn new(width: Option<usize>, colors: Colors) -> Self {
        let width = width.map(|width| width.max(MIN_WIDTH));
        Self {
            line: LineBuffer::new(width, colors),
            width,
            endpoint_width: ENDPOINT_WIDTH,
            time_width: "0.000000".len(),
        }
    }

    /// Writes one packet.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        context: &LineContext<'_>,
    ) -> io::Result<()> {
        self.begin(packet);
        self.time(context.relative);
        self.end(out, packet, decoded, context)
    }

    /// Writes one packet with `time` in its time column.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_at<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        context: &LineContext<'_>,
        time: impl fmt::Display,
    ) -> io::Result<()> {
        self.begin(packet);
        self.line.put_display(time);
        self.end(out, packet, decoded, context)
    }

    /// What stands before the time.
    fn begin(&mut self, packet: &CapturedPacket<'_>) {
        self.line.clear();
        self.line.start(Style::Dim);
        self.line.put_number(packet.number, 3);
        self.line.put(" ");
    }

    /// What stands behind the time.
    fn end<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        context: &LineContext<'_>,
    ) -> io::Result<()> {
        self.line.end();
        self.line.put(" ");
        let shown = Shown::of(decoded, context);
        self.addresses(decoded, &shown);
        self.protocol(&shown);
        self.tail(packet, decoded, &shown, context);
        self.line.newline();
        out.write_all(self.line.as_bytes())
    }

    /// What stands behind the protocol: what the packet says, in words.
    pub(in crate::render) fn info(
        &mut self,
        packet: &CapturedPacket<'_>,
        decoded: &DecodedPacket<'_>,
        context: &LineContext<'_>,
    ) -> &[u8] {
        self.line.clear();
        self.tail(packet, decoded, &Shown::of(decoded, context), context);
        self.line.as_bytes()
    }

    fn time(&mut self, relative: Option<TimeDelta>) {
        let start = self.line.columns();
        match relative {
            Some(time) => self.line.put_seconds(time, self.time_width),
            None => {
                self.line.pad_from(start, self.time_width.saturating_sub(1));
                self.line.put("-");
            }
        }
        self.time_width = self.time_width.max(self.line.columns().saturating_sub(start));
    }

    /// Source → destination: of the transport, else of IP, else of Ethernet.
    fn addresses(&mut self, decoded: &DecodedPacket<'_>, shown: &Shown<'_>) {
        let (from, to) = match shown.verdict.map(|verdict| verdict.direction) {
            Some(Direction::OrigToResp) => (Style::Cyan, Style::Magenta),
            Some(Direction::RespToOrig) => (Style::Magenta, Style::Cyan),
            None => (Style::Bold, Style::Bold),
        };
        if let Some(transport) = shown.transport {
            self.column(from, |line| line.put_endpoint(transport.src));
            self.arrow();
            self.column(to, |line| line.put_endpoint(transport.dst));
        } else if let Some((src, dst)) = shown.ip.and_then(|layer| ip_addresses(decoded, layer)) {
            self.column(from, |line| line.put_addr(src));
            self.arrow();
            self.column(to, |line| line.put_addr(dst));
        } else if let Some((src, dst)) = shown.ethernet.and_then(|layer| mac_addresses(decoded, layer)) {
            self.column(from, |line| line.put_display(Mac(src)));
            self.arrow();
            self.column(to, |line| line.put_display(Mac(dst)));
        } else {
            // No addresses: the words that follow say what there is.
            return;
        }
        self.line.put(" ");
    }

    fn arrow(&mut self) {
        self.line.put(" ");
        self.line.put_symbol("→");
        self.line.put(" ");
    }

    /// One address, padded to the width of those before it, and no longer than the terminal can spare.
    fn column(&mut self, style: Style, write: impl FnOnce(&mut LineBuffer)) {
        self.line.start(style);
        let start = self.line.columns();
        // Half of what is left when number, time and 30 columns of what follows have their place.
        let most = self.width.map(|width| (width.saturating_sub(30) / 2).max(ENDPOINT_WIDTH));
        self.line.put_shortened(most, write);
        let used = self.line.columns().saturating_sub(start);
        self.endpoint_width = self.endpoint_width.max(used.min(MAX_ENDPOINT_WIDTH));
        self.line.end();
        self.line.pad_from(start, self.endpoint_width);
    }

    /// `tcp`, or `tcp:0` with the stream number.
    fn protocol(&mut self, shown: &Shown<'_>) {
        let start = self.line.columns();
        let roomy = self.width.is_none_or(|width| width >= ROOMY);
        self.line.put(shown.protocol());
        let mut width = "tcp".len();
        if roomy {
            width = "tcp:10".len();
            if let Some(id) = shown.verdict.and_then(|verdict| verdict.id) {
                self.line.put(":");
                self.line.put_number(u64::from(id.number), 0);
            }
        }
        self.line.pad_from(start, width);
        self.line.put(" ");
    }
}

/// What of a packet its line is about: the innermost header that was itself sent, not quoted.
#[derive(Clone, Copy, Debug)]
struct Shown<'a> {
    /// That header; `None` where nothing was decoded.
    layer: Option<&'a Layer>,
    /// The same as a transport, where it is one.
    transport: Option<&'a Transport>,
    /// Which of the packet's transports that is.
    place: usize,
    /// The flow table's verdict on that transport.
    verdict: Option<&'a Verdict>,
    /// The IP header around it.
    ip: Option<&'a Layer>,
    /// The Ethernet header around it.
    ethernet: Option<&'a Layer>,
}

impl<'a> Shown<'a> {
    fn of(decoded: &DecodedPacket<'a>, context: &LineContext<'a>) -> Self {
        let mut shown =
            Self { layer: None, transport: None, place: 0, verdict: None, ip: None, ethernet: None };
        let layers = decoded.layers().iter().enumerate().rev().filter(|(_, layer)| !layer.quoted);
        for (index, layer) in layers {
            if shown.layer.is_none() && layer.kind != LayerKind::Payload {
                shown.layer = Some(layer);
                let found = decoded.transports().iter().enumerate().find(|(_, t)| t.layer == index);
                if let Some((place, transport)) = found {
                    shown.transport = Some(transport);
                    shown.place = place;
                    shown.verdict = context.verdicts.get(place);
                    break;
                }
            }
            match layer.kind {
                LayerKind::Ipv4 | LayerKind::Ipv6 if shown.ip.is_none() => shown.ip = Some(layer),
                LayerKind::Ethernet if shown.ethernet.is_none() => shown.ethernet = Some(layer),
                _ => {}
            }
        }
        shown
    }

    /// A short lower-case word.
    fn protocol(&self) -> &'static str {
        self.layer.map_or("-", |layer| layer.kind.name())
    }
}

/// Source and destination of the innermost IP header that was itself sent, not quoted.
pub(super) fn sent_addresses(decoded: &DecodedPacket<'_>) -> Option<(IpAddr, IpAddr)> {
    let is_ip = |kind| matches!(kind, LayerKind::Ipv4 | LayerKind::Ipv6);
    let layer = decoded.layers().iter().rfind(|layer| !layer.quoted && is_ip(layer.kind))?;
    ip_addresses(decoded, layer)
}

fn ip_addresses(decoded: &DecodedPacket<'_>, layer: &Layer) -> Option<(IpAddr, IpAddr)> {
    let header = decoded.header(layer);
    if layer.kind == LayerKind::Ipv4 {
        let (src, rest) = header.get(12..)?.split_first_chunk::<4>()?;
        let dst = rest.first_chunk::<4>()?;
        return Some((Ipv4Addr::from(*src).into(), Ipv4Addr::from(*dst).into()));
    }
    let (src, rest) = header.get(8..)?.split_first_chunk::<16>()?;
    let dst = rest.first_chunk::<16>()?;
    Some((Ipv6Addr::from(*src).into(), Ipv6Addr::from(*dst).into()))
}

/// The innermost header that was itself sent.
pub(super) fn innermost<'a>(decoded: &DecodedPacket<'a>) -> Option<&'a Layer> {
    Shown::of(decoded, &LineContext::default()).layer
}

/// Source and destination of an Ethernet header.
pub(super) fn mac_addresses(decoded: &DecodedPacket<'_>, layer: &Layer) -> Option<([u8; 6], [u8; 6])> {
    let (dst, rest) = decoded.header(layer).split_first_chunk::<6>()?;
    Some((*rest.first_chunk::<6>()?, *dst))
}

#[cfg(test)]
mod message_tests;
#[cfg(test)]
mod tests;
