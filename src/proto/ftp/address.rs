//! The addresses that FTP announces data connections with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::proto::lines::reply;

/// How a data connection was announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// PORT: the server connects to the client.
    #[default]
    Port,
    /// The reply to PASV: the client connects to the server.
    Pasv,
    /// EPRT: as PORT, for any kind of address.
    Eprt,
    /// The reply to EPSV: as PASV, and the address is the control connection's.
    Epsv,
}

impl Method {
    /// The command's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Port => "PORT",
            Self::Pasv => "PASV",
            Self::Eprt => "EPRT",
            Self::Epsv => "EPSV",
        }
    }
}

/// Where a data connection will go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// How that was said.
    pub method: Method,
    /// The address; `None` for that of the sender.
    pub addr: Option<IpAddr>,
    /// The port.
    pub port: u16,
}

/// The data connection that a line of a control connection announces; of the server's if `is_reply`.
#[must_use]
pub fn announcement(line: &[u8], is_reply: bool) -> Option<Announced> {
    if is_reply {
        return match reply(line)?.0 {
            227 => {
                let (addr, port, _) = host_port(line.get(4..)?)?;
                Some(Announced { method: Method::Pasv, addr: Some(addr.into()), port })
            }
            229 => {
                let port = extended_port(line.get(4..)?)?;
                Some(Announced { method: Method::Epsv, addr: None, port })
            }
            _ => None,
        };
    }
    let (verb, rest) = line.split_first_chunk::<4>()?;
    if verb.eq_ignore_ascii_case(b"PORT") {
        let (addr, port, _) = host_port(rest)?;
        return Some(Announced { method: Method::Port, addr: Some(addr.into()), port });
    }
    if verb.eq_ignore_ascii_case(b"EPRT") {
        let (_, addr, port) = extended(rest.trim_ascii())?;
        return Some(Announced { method: Method::Eprt, addr: Some(addr), port });
    }
    None
}

/// Address and port as six numbers with commas between (RFC 959 section 5.6), wherever they begin in `text`, with
/// where that is.
#[must_use]
pub fn host_port(text: &[u8]) -> Option<(Ipv4Addr, u16, usize)> {
    let at = text.iter().position(u8::is_ascii_digit)?;
    let rest = text.get(at..)?;
    let end = rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b',').unwrap_or(rest.len());
    let mut numbers = rest.get(..end)?.split(|byte| *byte == b',').map(byte_of);
    let mut next = || numbers.next().flatten();
    let addr = Ipv4Addr::new(next()?, next()?, next()?, next()?);
    Some((addr, u16::from_be_bytes([next()?, next()?]), at))
}

fn byte_of(text: &[u8]) -> Option<u8> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `|2|::1|5282|` (RFC 2428 section 2): family, address and port.
#[must_use]
pub(crate) fn extended(text: &[u8]) -> Option<(u8, IpAddr, u16)> {
    let (delimiter, rest) = text.split_first()?;
    let mut parts = rest.split(|byte| byte == delimiter).map(std::str::from_utf8);
    let mut next = || parts.next()?.ok();
    let family = next()?.parse().ok()?;
    let addr: IpAddr = match family {
        1 => next()?.parse::<Ipv4Addr>().ok()?.into(),
        2 => next()?.parse::<Ipv6Addr>().ok()?.into(),
        _ => return None,
    };
    Some((family, addr, next()?.parse().ok()?))
}

/// `Entering Extended Passive Mode (|||6446|)` (RFC 2428 section 3).
fn extended_port(text: &[u8]) -> Option<u16> {
    let open = text.iter().position(|byte| *byte == b'(')?;
    let (delimiter, rest) = text.get(open.checked_add(1)?..)?.split_first()?;
    let port = rest.strip_prefix(&[*delimiter, *delimiter])?;
    let end = port.iter().position(|byte| byte == delimiter)?;
    std::str::from_utf8(port.get(..end)?).ok()?.parse().ok()
}

/// The directory that a reply names between quotation marks, which are doubled inside (RFC 959 appendix II).
#[must_use]
pub fn directory(reply: &[u8]) -> Option<String> {
    let open = reply.iter().position(|byte| *byte == b'"')?;
    let mut rest = reply.get(open.checked_add(1)?..)?.iter().peekable();
    let mut name = Vec::new();
    while let Some(&byte) = rest.next() {
        if byte == b'"' && rest.next_if(|next| **next == b'"').is_none() {
            return Some(String::from_utf8_lossy(&name).into_owned());
        }
        name.push(byte);
    }
    None
}
