//! The UDP client: a connected socket, so that only the server's datagrams arrive and the ICMP error of a
//! closed port is told to the sender (RFC 1122 §4.1.3.3).

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Options, Outcome, checked};
use crate::lab::stream::only_waited;
use crate::lab::{Event, LabError, MAX_MESSAGE, TICK};

pub(super) fn run(
    options: &Options,
    messages: &mut dyn Iterator<Item = io::Result<Vec<u8>>>,
    stop: &AtomicBool,
    on_event: &mut dyn FnMut(Event),
) -> Result<Outcome, LabError> {
    let peer = options.server;
    let socket = open(peer).map_err(LabError::io("opening a socket failed for", peer))?;
    let local = socket.local_addr().map_err(LabError::io("no address for the socket to", peer))?;
    on_event(Event::Opened { local, peer });
    let mut buffer = vec![0; MAX_MESSAGE];
    for message in messages {
        let message = checked(message)?;
        socket.send(&message).map_err(|error| failed(error, peer))?;
        on_event(Event::Sent { peer, bytes: message });
        match receive(&socket, &mut buffer, options.timeout, stop).map_err(|error| failed(error, peer))? {
            Some(length) => {
                let bytes = buffer.get(..length).unwrap_or_default().to_vec();
                on_event(Event::Received { peer, bytes });
            }
            None if stop.load(Ordering::Relaxed) => return Ok(Outcome::Stopped),
            None => return Err(LabError::NoReply { server: peer, within: options.timeout }),
        }
    }
    Ok(Outcome::Done)
}

/// A socket of the server's family that speaks to the server only.
pub(in crate::lab) fn open(server: SocketAddr) -> io::Result<UdpSocket> {
    let here: IpAddr = match server.ip() {
        IpAddr::V4(address) if address.is_loopback() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(address) if address.is_loopback() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let first = UdpSocket::bind((here, 0))?;
    // Where nobody listens, the system can give this socket the server's own port, and it would hear itself.
    let socket = if first.local_addr()? == server { UdpSocket::bind((here, 0))? } else { first };
    socket.connect(server)?;
    Ok(socket)
}

/// The length of the next datagram, or `None` when the time was up or the program was asked to stop.
fn receive(
    socket: &UdpSocket,
    buffer: &mut [u8],
    within: Duration,
    stop: &AtomicBool,
) -> io::Result<Option<usize>> {
    let end = Instant::now() + within;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        socket.set_read_timeout(Some(left.min(TICK)))?;
        match socket.recv(buffer) {
            Ok(length) => return Ok(Some(length)),
            Err(error) if only_waited(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

fn failed(error: io::Error, server: SocketAddr) -> LabError {
    match error.kind() {
        ErrorKind::ConnectionRefused => LabError::PortUnreachable(server),
        _ => LabError::io("the exchange failed with", server)(error),
    }
}
