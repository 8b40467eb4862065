//! Sends a counted burst of UDP datagrams over loopback as fast as one core can, for `make bench` to measure how many a
//! live capture loses. It sends nowhere else, and holds the receiving socket itself, so no ICMP errors come back.
//!
//! `udp_blast COUNT PAYLOAD_BYTES PORT`

use std::error::Error;
use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Instant;

/// Most datagrams of one run: a mistyped count should not keep a machine busy.
const MAX_COUNT: u32 = 10_000_000;

/// Most payload of a UDP datagram over IPv4.
const MAX_PAYLOAD: usize = 65_507;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next =
        |name: &str| arguments.next().ok_or(format!("{name} is missing: udp_blast COUNT PAYLOAD_BYTES PORT"));
    let count: u32 = next("COUNT")?.parse()?;
    let payload_len: usize = next("PAYLOAD_BYTES")?.parse()?;
    let port: u16 = next("PORT")?.parse()?;
    if count > MAX_COUNT || payload_len > MAX_PAYLOAD {
        return Err(format!("at most {MAX_COUNT} datagrams of {MAX_PAYLOAD} bytes").into());
    }

    // Never read: what does not fit its buffer is dropped behind the place where a capture sees it.
    let _sink = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    sender.connect((Ipv4Addr::LOCALHOST, port))?;
    let mut payload = vec![b'.'; payload_len];
    let start = Instant::now();
    for number in 0..count {
        for (place, byte) in payload.iter_mut().zip(number.to_be_bytes()) {
            *place = byte;
        }
        send(&sender, &payload)?;
    }
    writeln!(io::stdout(), "{count} {:.3}", start.elapsed().as_secs_f64())?;
    Ok(())
}

/// Sends once more where the system had no buffer left for the moment.
fn send(socket: &UdpSocket, payload: &[u8]) -> io::Result<()> {
    loop {
        match socket.send(payload) {
            Ok(_) => return Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            Err(error) => return Err(error),
        }
    }
}
