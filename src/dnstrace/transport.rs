//! How queries reach servers: over sockets, or in tests in any way at all.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Over;
use crate::lab::{NotLocal, Policy, connect_from};
use crate::time::TimeDelta;

/// Most bytes of a message: a stream tells its length in two bytes, and a datagram has no more.
const MAX_MESSAGE_BYTES: usize = 65_535;

/// Bytes of the length before a message on a stream (RFC 1035 section 4.2.2).
const LENGTH_BYTES: usize = 2;

/// Sends one query at a time, and hands over what arrives, whoever sent it.
pub trait DnsTransport {
    /// The time that passed since some moment: it never goes back.
    fn now(&mut self) -> TimeDelta;

    /// Sends a message, from a port of its own; what answers an earlier one is not received any longer.
    ///
    /// # Errors
    /// [`NoReply`] where that is not possible by then, or not allowed.
    fn send(&mut self, server: SocketAddr, query: &[u8], over: Over, until: TimeDelta)
    -> Result<(), NoReply>;

    /// Sends a datagram once more, from the same port where that is possible: what answers the first is received, too.
    ///
    /// # Errors
    /// Those of [`Self::send`].
    fn send_again(&mut self, server: SocketAddr, query: &[u8], until: TimeDelta) -> Result<(), NoReply> {
        self.send(server, query, Over::Udp, until)
    }

    /// The next message, and who sent it.
    ///
    /// # Errors
    /// [`NoReply`]; [`NoReply::TimeOut`] where none arrives by then.
    fn receive(&mut self, until: TimeDelta) -> Result<(SocketAddr, Vec<u8>), NoReply>;
}

/// Why no message arrives.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReply {
    /// None came in time.
    #[error("no response in time")]
    TimeOut,
    /// The system says why.
    #[error("{0}")]
    Unreachable(String),
    /// The address may not be sent to.
    #[error(transparent)]
    NotAllowed(#[from] NotLocal),
}

/// Sockets of this machine.
#[derive(Debug)]
pub struct Sockets {
    policy: Policy,
    began: Instant,
    /// The address to send from, to servers of its family.
    own: Option<IpAddr>,
    open: Option<Open>,
}

#[derive(Debug)]
enum Open {
    Udp(UdpSocket),
    /// With what of a message has arrived, its length included.
    Tcp(TcpStream, SocketAddr, Vec<u8>),
}

impl Sockets {
    /// Sockets to all servers that `policy` allows.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, began: Instant::now(), own: None, open: None }
    }

    /// The same, sending from this address of the machine.
    #[must_use]
    pub fn sending_from(self, own: IpAddr) -> Self {
        Self { own: Some(own), ..self }
    }

    /// The address to send from.
    fn own_address(&self, server: IpAddr) -> IpAddr {
        let own = self.own.filter(|own| own.is_ipv4() == server.is_ipv4());
        own.unwrap_or_else(|| own_address(server))
    }

    /// The time as signatures have it: seconds since 1970, modulo 2³² (RFC 4034 section 3.1.5).
    #[must_use]
    pub fn wall_clock(&self) -> u32 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u32::try_from(since.as_secs() & u64::from(u32::MAX)).unwrap_or_default()
    }

    /// What is left until then.
    fn left(&mut self, until: TimeDelta) -> Result<Duration, NoReply> {
        let nanos = until.as_nanos().saturating_sub(self.now().as_nanos());
        match u64::try_from(nanos) {
            Ok(nanos) if nanos > 0 => Ok(Duration::from_nanos(nanos)),
            _ => Err(NoReply::TimeOut),
        }
    }
}

impl DnsTransport for Sockets {
    fn now(&mut self) -> TimeDelta {
        TimeDelta::from_nanos(i128::try_from(self.began.elapsed().as_nanos()).unwrap_or(i128::MAX))
    }

    fn send(
        &mut self,
        server: SocketAddr,
        query: &[u8],
        over: Over,
        until: TimeDelta,
    ) -> Result<(), NoReply> {
        self.policy.check(server.ip())?;
        self.open = None;
        let left = self.left(until)?;
        self.open = Some(match over {
            Over::Udp => {
                let socket = UdpSocket::bind((self.own_address(server.ip()), 0))?;
                hear_errors(&socket, server.ip());
                socket.send_to(query, server)?;
                Open::Udp(socket)
            }
            Over::Tcp => {
                let mut stream = match self.own.filter(|own| own.is_ipv4() == server.is_ipv4()) {
                    Some(own) => connect_from(own, server, left)?,
                    None => TcpStream::connect_timeout(&server, left)?,
                };
                stream.set_write_timeout(Some(left))?;
                let length = u16::try_from(query.len()).unwrap_or(u16::MAX).to_be_bytes();
                stream.write_all(&[&length, query].concat())?;
                Open::Tcp(stream, server, Vec::new())
            }
        });
        Ok(())
    }

    fn send_again(&mut self, server: SocketAddr, query: &[u8], until: TimeDelta) -> Result<(), NoReply> {
        self.policy.check(server.ip())?;
        match &self.open {
            Some(Open::Udp(socket)) => {
                socket.send_to(query, server)?;
                Ok(())
            }
            _ => self.send(server, query, Over::Udp, until),
        }
    }

    fn receive(&mut self, until: TimeDelta) -> Result<(SocketAddr, Vec<u8>), NoReply> {
        loop {
            let left = self.left(until)?;
            match &mut self.open {
                None => return Err(NoReply::TimeOut),
                Some(Open::Udp(socket)) => {
                    socket.set_read_timeout(Some(left))?;
                    let mut bytes = vec![0; MAX_MESSAGE_BYTES];
                    let (len, from) = socket.recv_from(&mut bytes)?;
                    bytes.truncate(len);
                    return Ok((from, bytes));
                }
                Some(Open::Tcp(stream, server, held)) => {
                    stream.set_read_timeout(Some(left))?;
                    if let Some(message) = read_some(stream, held)? {
                        return Ok((*server, message));
                    }
                }
            }
        }
    }
}

/// Reads on; a message once it is whole.
fn read_some(stream: &mut TcpStream, held: &mut Vec<u8>) -> Result<Option<Vec<u8>>, NoReply> {
    let wanted = match held.first_chunk() {
        Some(&length) => LENGTH_BYTES.saturating_add(usize::from(u16::from_be_bytes(length))),
        None => LENGTH_BYTES,
    };
    let missing = wanted.saturating_sub(held.len());
    if missing == 0 {
        let message = held.get(LENGTH_BYTES..).unwrap_or_default().to_vec();
        held.clear();
        return Ok(Some(message));
    }
    let mut bytes = vec![0; missing];
    match stream.read(&mut bytes)? {
        0 => Err(NoReply::Unreachable("the server closed the connection".to_owned())),
        len => {
            held.extend_from_slice(bytes.get(..len).unwrap_or_default());
            Ok(None)
        }
    }
}

/// The address to send from: to this machine from this machine's, else from whichever the system takes.
fn own_address(server: IpAddr) -> IpAddr {
    match (server, server.is_loopback()) {
        (IpAddr::V4(_), true) => Ipv4Addr::LOCALHOST.into(),
        (IpAddr::V4(_), false) => Ipv4Addr::UNSPECIFIED.into(),
        (IpAddr::V6(_), true) => Ipv6Addr::LOCALHOST.into(),
        (IpAddr::V6(_), false) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// Has ICMP errors told to a socket that is not connected. It is not, so that a response from elsewhere is seen.
#[cfg(target_os = "linux")]
fn hear_errors(socket: &UdpSocket, server: IpAddr) {
    use nix::sys::socket::{setsockopt, sockopt};
    // Where the system does not, there is the time-out.
    let _ = match server {
        IpAddr::V4(_) => setsockopt(socket, sockopt::Ipv4RecvErr, &true),
        IpAddr::V6(_) => setsockopt(socket, sockopt::Ipv6RecvErr, &true),
    };
}

#[cfg(not(target_os = "linux"))]
fn hear_errors(_: &UdpSocket, _: IpAddr) {}

impl From<io::Error> for NoReply {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::TimeOut,
            // The words are the system's otherwise, and differ between systems.
            io::ErrorKind::ConnectionRefused => Self::Unreachable("nobody listens at that port".to_owned()),
            io::ErrorKind::ConnectionReset => Self::Unreachable("the server reset the connection".to_owned()),
            io::ErrorKind::NetworkUnreachable => Self::Unreachable("no way to that network".to_owned()),
            io::ErrorKind::HostUnreachable => Self::Unreachable("no way to that host".to_owned()),
            _ => Self::Unreachable(error.to_string()),
        }
    }
}
