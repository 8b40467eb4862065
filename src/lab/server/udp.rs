//! The UDP server: one socket, one datagram after another; clients need no place, since nothing of them is
//! kept.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use super::{MAX_FAILURES, Outlet, Shared};
use crate::lab::stream::only_waited;
use crate::lab::{Event, MAX_MESSAGE, Problem, Reply, TICK};

/// Answers datagrams until the program stops.
pub(super) fn serve(socket: &UdpSocket, shared: &Shared<'_>, outlet: &Outlet) -> io::Result<()> {
    socket.set_read_timeout(Some(TICK))?;
    socket.set_write_timeout(Some(shared.limits.write))?;
    let mut buffer = vec![0; MAX_MESSAGE];
    let mut failures = 0;
    while !shared.stopped() {
        match socket.recv_from(&mut buffer) {
            Ok((length, peer)) => {
                failures = 0;
                let message = buffer.get(..length).unwrap_or_default();
                outlet.tell(Event::Received { peer, bytes: message.to_vec() });
                match answer(socket, peer, message, shared) {
                    Ok(Some(bytes)) => outlet.tell(Event::Sent { peer, bytes }),
                    Ok(None) => {}
                    Err(problem) => outlet.problem(Some(peer), problem),
                }
            }
            Err(error) if only_waited(&error) => {}
            Err(error) => {
                failures += 1;
                if failures >= MAX_FAILURES {
                    return Err(error);
                }
                // Some systems report an earlier answer's ICMP error here; the next datagram is unharmed.
                outlet.problem(None, Problem::io("receiving failed")(error));
            }
        }
    }
    Ok(())
}

/// Sends the answer, if there is one, and gives it back.
fn answer(
    socket: &UdpSocket,
    peer: SocketAddr,
    message: &[u8],
    shared: &Shared<'_>,
) -> Result<Option<Vec<u8>>, Problem> {
    shared.policy.check(peer.ip())?;
    if is_ourselves(peer, shared.local) {
        return Err(Problem::OwnAddress);
    }
    match shared.service.open(peer).respond(message) {
        Reply::Nothing => Ok(None),
        Reply::Say(bytes) => {
            socket.send_to(&bytes, peer).map_err(Problem::io("sending failed"))?;
            Ok(Some(bytes))
        }
    }
}

/// Whether a datagram's source is this very socket: anyone can write that into a datagram, and the answer
/// would be the next question.
fn is_ourselves(peer: SocketAddr, local: SocketAddr) -> bool {
    let (peer_ip, local_ip) = (peer.ip().to_canonical(), local.ip().to_canonical());
    peer.port() == local.port()
        && (peer_ip == local_ip || (local_ip.is_unspecified() && peer_ip.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_from_our_own_address_is_known() {
        for (peer, local, same) in [
            ("127.0.0.1:12000", "127.0.0.1:12000", true),
            ("127.0.0.1:12000", "0.0.0.0:12000", true),
            ("[::ffff:127.0.0.1]:12000", "[::]:12000", true),
            ("127.0.0.1:12001", "127.0.0.1:12000", false),
            ("127.0.0.2:12000", "127.0.0.1:12000", false),
            ("192.0.2.1:12000", "0.0.0.0:12000", false),
        ] {
            assert_eq!(is_ourselves(peer.parse().unwrap(), local.parse().unwrap()), same, "{peer} {local}");
        }
    }
}
