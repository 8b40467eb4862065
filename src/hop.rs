//! A hop between two Ethernet interfaces, in user space: what comes in on one goes out on the other, by way of a bad line.
//!
//! It stands between the two hosts of a sandbox, in a network namespace of its own: where another interface is up, it
//! refuses to run. What it does to TCP and UDP is told; everything else (ARP, neighbour discovery) passes.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use etherparse::checksum::Sum16BitWords;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::decode::{
    ChecksumVerdict, DecodedPacket, Decoder, LayerKind, TcpFlags, Transport, TransportProtocol, Unverifiable,
};
use crate::lab::{Deed, Impairment, Line};
use crate::source::{FramePort, LinkType, LiveError, SourceError, devices};

/// How often a quiet hop looks whether it was asked to stop.
const TICK: Duration = Duration::from_millis(50);

/// How long a hop that was asked to stop goes on at most, to let through what it holds.
const EMPTYING: Duration = Duration::from_secs(10);

/// Most frames taken from one side before the other is looked at.
const MOST_IN_A_ROW: usize = 64;

/// Most frames of which it is known what they are, for what is told of them later: more than a line holds back.
const MAX_REMEMBERED: usize = 512;

/// Why a hop could not begin.
#[derive(Debug, thiserror::Error)]
pub enum HopError {
    /// An interface cannot be used.
    #[error(transparent)]
    Interface(#[from] LiveError),
    /// The interfaces cannot be listed.
    #[error(transparent)]
    Listing(#[from] SourceError),
    /// An interface has an address: it is a host's own, and no port made for a hop.
    #[error("{device} has the address {address}: the ports of a hop have none")]
    IsAHost {
        /// That interface.
        device: String,
        /// Its address.
        address: IpAddr,
    },
    /// Another interface is up: this is no namespace that was made for a hop.
    #[error(
        "{device} is up: a hop runs only where there are no interfaces but its own two, in a namespace made for it"
    )]
    NotAlone {
        /// That interface.
        device: String,
    },
}

/// What a frame carries, as far as it tells which one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// TCP or UDP.
    pub protocol: TransportProtocol,
    /// Sender's and receiver's port.
    pub ports: [u16; 2],
    /// Its sequence number, as sent; `None` for UDP.
    pub seq: Option<u32>,
    /// Bytes of payload.
    pub payload: u32,
    /// It ends its sender's side of a connection (FIN).
    pub fin: bool,
}

/// What a hop tells.
#[derive(Debug)]
pub enum HopEvent {
    /// Something was done to a frame on purpose.
    Done {
        /// The side it came from: 0 or 1, as the interfaces were named.
        from: usize,
        /// The how manieth TCP or UDP frame it is of that side, from 1.
        number: u64,
        /// What it carries; `None` where that is forgotten.
        frame: Option<Frame>,
        /// What was done.
        deed: Deed,
    },
    /// A frame could not be sent on.
    NotSent {
        /// The side it came from.
        from: usize,
        /// Why.
        problem: SourceError,
    },
}

/// Tells conversations apart, so that only frames of the same one overtake each other.
type Flow = (IpAddr, u16, IpAddr, u16);

/// One direction: what comes in on a side.
struct Direction {
    line: Line<Flow, Vec<u8>>,
    number: u64,
    frames: BTreeMap<u64, Frame>,
}

impl Direction {
    fn remember(&mut self, frame: Frame) {
        self.number += 1;
        if self.frames.len() >= MAX_REMEMBERED {
            self.frames.pop_first();
        }
        self.frames.insert(self.number, frame);
    }
}

/// A hop with both interfaces open.
#[derive(Debug)]
pub struct Hop {
    ports: [FramePort; 2],
}

impl Hop {
    /// Opens the two interfaces; what comes in is kept from the moment this returns.
    ///
    /// # Errors
    /// [`HopError`].
    pub fn open(names: [&str; 2]) -> Result<Self, HopError> {
        for device in devices()? {
            if names.contains(&device.name.as_str()) {
                // IPv6 gives every interface one by itself, which leads nowhere.
                if let Some(address) = device.addresses.iter().copied().find(IpAddr::is_ipv4) {
                    return Err(HopError::IsAHost { device: device.name, address });
                }
            } else if device.up && !device.loopback && !device.addresses.is_empty() {
                // Without addresses: a pseudo-device of libpcap, which is no way out.
                return Err(HopError::NotAlone { device: device.name });
            }
        }
        let [one, other] = names;
        Ok(Self { ports: [FramePort::open(one)?, FramePort::open(other)?] })
    }

    /// Passes frames on until `stop` is set and nothing is held any more, ten seconds later at most; those that come in on a side go by way of that side's line. Each side's choices
    /// follow from `seed`.
    ///
    /// # Errors
    /// [`SourceError`] where an interface cannot be read any more.
    pub fn run(
        mut self,
        how: [Impairment; 2],
        seed: u64,
        stop: &AtomicBool,
        on_event: &mut dyn FnMut(HopEvent),
    ) -> Result<(), SourceError> {
        let begun = Instant::now();
        let [one, other] = how;
        let direction =
            |how, seed| Direction { line: Line::new(how, seed), number: 0, frames: BTreeMap::new() };
        let mut directions = [direction(one, seed), direction(other, seed.wrapping_add(1))];
        let mut decoder = Decoder::new();
        let mut asked = None;
        loop {
            if stop.load(Ordering::Relaxed) {
                let asked = *asked.get_or_insert_with(|| begun.elapsed());
                let is_empty = directions.iter().all(|direction| direction.line.next_due().is_none());
                if is_empty || begun.elapsed() >= asked + EMPTYING {
                    break;
                }
            }
            let mut wait = TICK;
            let [left, right] = &mut self.ports;
            let [there, back] = &mut directions;
            pass(0, there, (left, right), &mut decoder, begun, on_event)?;
            pass(1, back, (right, left), &mut decoder, begun, on_event)?;
            let now = begun.elapsed();
            for direction in &directions {
                if let Some(due) = direction.line.next_due() {
                    wait = wait.min(due.saturating_sub(now));
                }
            }
            await_frames(&self.ports, wait)?;
        }
        for (from, direction) in directions.iter_mut().enumerate() {
            direction.line.end();
            tell(from, direction, on_event);
        }
        Ok(())
    }
}

/// Takes what came in on one side, and sends what is due on the other.
fn pass(
    from: usize,
    direction: &mut Direction,
    (input, output): (&mut FramePort, &mut FramePort),
    decoder: &mut Decoder,
    begun: Instant,
    on_event: &mut dyn FnMut(HopEvent),
) -> Result<(), SourceError> {
    let mut send = |frame: &[u8], on_event: &mut dyn FnMut(HopEvent)| {
        if let Err(problem) = output.send(frame) {
            on_event(HopEvent::NotSent { from, problem });
        }
    };
    for _ in 0..MOST_IN_A_ROW {
        let Some(bytes) = input.take()? else { break };
        let mut bytes = bytes.to_vec();
        match read(decoder, &mut bytes) {
            Some((flow, frame)) => {
                direction.remember(frame);
                direction.line.push(begun.elapsed(), flow, bytes.len(), bytes);
            }
            None => send(&bytes, on_event),
        }
    }
    let now = begun.elapsed();
    while let Some(bytes) = direction.line.take_due(now) {
        send(&bytes, on_event);
    }
    tell(from, direction, on_event);
    Ok(())
}

/// Tells what was done since the last time.
fn tell(from: usize, direction: &mut Direction, on_event: &mut dyn FnMut(HopEvent)) {
    for done in direction.line.done() {
        let frame = direction.frames.get(&done.number).copied();
        on_event(HopEvent::Done { from, number: done.number, frame, deed: done.deed });
    }
}

/// What a frame is, its checksum completed; `None` where it carries neither TCP nor UDP.
fn read(decoder: &mut Decoder, bytes: &mut [u8]) -> Option<(Flow, Frame)> {
    let length = u32::try_from(bytes.len()).ok()?;
    let shared: &[u8] = bytes;
    let decoded = decoder.decode(LinkType::ETHERNET, shared, length);
    let transport = *decoded.transports().first().filter(|transport| !transport.quoted)?;
    let segment = decoded.tcp_segment(&transport);
    let layer = decoded.layers().get(transport.layer)?;
    let frame = Frame {
        protocol: transport.protocol,
        ports: [transport.src.port, transport.dst.port],
        seq: segment.map(|segment| segment.seq),
        fin: segment.is_some_and(|segment| segment.flags.has(TcpFlags::FIN)),
        payload: segment.map_or(layer.end.saturating_sub(layer.payload), |segment| segment.payload_len),
    };
    let flow = (transport.src.addr, transport.src.port, transport.dst.addr, transport.dst.port);
    if let Some((at, sum)) = missing_sum(&decoded, &transport, shared)
        && let Some(field) = bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<2>)
    {
        *field = sum.to_be_bytes();
    }
    Some((flow, frame))
}

/// Where a checksum belongs that the sending host left to a network card, and what it is. Such a card would add up all that the
/// header covers, the sum of the pseudo-header among it, which stands in the field.
fn missing_sum(decoded: &DecodedPacket<'_>, transport: &Transport, bytes: &[u8]) -> Option<(usize, u16)> {
    let layer = decoded.layers().get(transport.layer)?;
    let is_left = decoded.checksum(layer) == ChecksumVerdict::NotVerifiable(Unverifiable::Offload);
    // Not what was unpacked: that stands elsewhere.
    if !is_left || layer.buffer != 0 {
        return None;
    }
    let place = match layer.kind {
        LayerKind::Tcp => 16,
        _ => 6,
    };
    let start = usize::try_from(layer.start).ok()?;
    let covered = bytes.get(start..usize::try_from(layer.end).ok()?)?;
    let sum = match Sum16BitWords::new().add_slice(covered).ones_complement().to_be() {
        // A UDP checksum of 0 would be none (RFC 768).
        0 if layer.kind == LayerKind::Udp => 0xffff,
        sum => sum,
    };
    Some((start + place, sum))
}

fn await_frames(ports: &[FramePort; 2], wait: Duration) -> Result<(), SourceError> {
    let [one, other] = ports;
    let mut waiting = [one, other].map(|port| PollFd::new(port.as_fd(), PollFlags::POLLIN));
    let millis = u16::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u16::MAX);
    match poll(&mut waiting, PollTimeout::from(millis)) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(SourceError::Io { what: "waiting for frames".to_owned(), source: error.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::PacketBuilder;

    fn tcp(payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .tcp(5000, 43_389, 77, 1024)
            .write(&mut bytes, payload)
            .unwrap();
        bytes
    }

    fn udp(payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv6([1; 16], [2; 16], 64)
            .udp(5000, 53)
            .write(&mut bytes, payload)
            .unwrap();
        bytes
    }

    /// The frame as a host sends it that leaves the checksum to its card: in the field is the sum of the pseudo-header.
    fn unfinished(bytes: &[u8], at: usize, header: usize) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        let finished = u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        bytes[at..at + 2].fill(0);
        let added = Sum16BitWords::new().add_slice(&bytes[header..]).ones_complement().to_be();
        // What the card adds, taken away: in one's complement that is adding its inverse.
        let pseudo = Sum16BitWords::new()
            .add_2bytes((!finished).to_be_bytes())
            .add_2bytes(added.to_be_bytes())
            .ones_complement()
            .to_be();
        bytes[at..at + 2].copy_from_slice(&(!pseudo).to_be_bytes());
        bytes
    }

    #[test]
    fn a_frame_is_told_by_its_ports_and_number() {
        let mut bytes = tcp(b"hello");
        let (flow, frame) = read(&mut Decoder::new(), &mut bytes).unwrap();
        let expected = Frame {
            protocol: TransportProtocol::Tcp,
            ports: [5000, 43_389],
            seq: Some(77),
            payload: 5,
            fin: false,
        };
        assert_eq!(frame, expected);
        assert_eq!((flow.1, flow.3), (5000, 43_389));
        let (_, frame) = read(&mut Decoder::new(), &mut udp(b"question")).unwrap();
        assert_eq!((frame.seq, frame.payload), (None, 8));
    }

    #[test]
    fn what_is_neither_tcp_nor_udp_is_left_alone() {
        let mut arp = [0; 42];
        arp[12..14].copy_from_slice(&[8, 6]);
        for mut bytes in [vec![], vec![0; 14], arp.to_vec(), tcp(b"cut")[..30].to_vec()] {
            let before = bytes.clone();
            assert_eq!(read(&mut Decoder::new(), &mut bytes), None);
            assert_eq!(bytes, before);
        }
    }

    #[test]
    fn an_unfinished_checksum_is_finished_and_a_wrong_one_stays_wrong() {
        for (whole, at, header) in
            [(tcp(b"hello"), 14 + 20 + 16, 14 + 20), (tcp(b""), 50, 34), (udp(b"odd"), 14 + 40 + 6, 14 + 40)]
        {
            let mut bytes = unfinished(&whole, at, header);
            assert_ne!(bytes, whole);
            read(&mut Decoder::new(), &mut bytes).unwrap();
            assert_eq!(bytes, whole);
            read(&mut Decoder::new(), &mut bytes).unwrap();
            assert_eq!(bytes, whole, "a right one stays as it is");
            let mut wrong = whole.clone();
            wrong[at] ^= 0x40;
            let before = wrong.clone();
            read(&mut Decoder::new(), &mut wrong).unwrap();
            assert_eq!(wrong, before);
        }
    }
}
