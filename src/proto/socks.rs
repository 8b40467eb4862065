//! SOCKS 4, 4a and 5 (RFC 1928, RFC 1929): what a client asks of a proxy before its connection to somewhere else begins.

use super::{Analyzer, Input, Step};
use crate::flow::Direction;

/// Longest message: a user name and a password (RFC 1929 section 2), or the two names of version 4a.
const MAX_MESSAGE: usize = 520;

/// Whether a client's first bytes are all of a greeting of version 5 or a request of version 4.
#[must_use]
pub fn is_socks(bytes: &[u8]) -> bool {
    match bytes {
        [5, count @ 1..=9, methods @ ..] => {
            methods.len() == usize::from(*count)
                && methods.iter().all(|method| matches!(method, 0..=9 | 0x80..=0x9f))
        }
        [4, 1 | 2, _, _, _, _, _, _, .., 0] => {
            bytes.len() < MAX_MESSAGE && request_4(bytes) == Some(bytes.len())
        }
        _ => false,
    }
}

/// A connection that begins with SOCKS.
#[derive(Debug, Default)]
pub struct SocksAnalyzer {
    client: Option<Direction>,
    /// What the client sends next.
    asks: Asks,
    /// What the proxy sends next.
    answers: Answers,
    /// The port that the client asked for.
    port: u16,
    /// Replies that have to come before the connection is open: two of BIND.
    replies: u8,
    is_open: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asks {
    #[default]
    Greeting,
    Password,
    Request,
    Nothing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Answers {
    #[default]
    Method,
    Status,
    Reply,
    /// The one reply of version 4.
    Reply4,
}

impl SocksAnalyzer {
    /// A connection that has carried nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn asked(&mut self, bytes: &[u8]) -> Option<usize> {
        match (self.asks, bytes) {
            (Asks::Greeting, [4, command, high, low, ..]) => {
                let len = request_4(bytes)?;
                self.ask(*command, u16::from_be_bytes([*high, *low]));
                self.answers = Answers::Reply4;
                Some(len)
            }
            (Asks::Greeting, [5, count, ..]) => {
                self.asks = Asks::Nothing;
                Some(usize::from(*count).saturating_add(2))
            }
            (Asks::Password, [1, name, rest @ ..]) => {
                let password = usize::from(*rest.get(usize::from(*name))?);
                self.asks = Asks::Nothing;
                Some(password.saturating_add(usize::from(*name)).saturating_add(3))
            }
            (Asks::Request, [5, command, ..]) => {
                let (len, port) = address_5(bytes)?;
                self.ask(*command, port);
                Some(len)
            }
            _ => None,
        }
    }

    fn ask(&mut self, command: u8, port: u16) {
        self.asks = Asks::Nothing;
        self.port = port;
        self.replies = if command == 2 { 2 } else { 1 };
    }

    fn answered(&mut self, bytes: &[u8]) -> Option<usize> {
        match (self.answers, bytes) {
            (Answers::Method, [5, method, ..]) => {
                (self.asks, self.answers) = match method {
                    0 => (Asks::Request, Answers::Reply),
                    2 => (Asks::Password, Answers::Status),
                    _ => return None,
                };
                Some(2)
            }
            (Answers::Status, [1, 0, ..]) => {
                (self.asks, self.answers) = (Asks::Request, Answers::Reply);
                Some(2)
            }
            (Answers::Reply, [5, 0, ..]) => {
                let (len, _) = address_5(bytes)?;
                self.reply();
                Some(len)
            }
            (Answers::Reply4, [0, 90, _, _, _, _, _, _, ..]) => {
                self.reply();
                Some(8)
            }
            _ => None,
        }
    }

    fn reply(&mut self) {
        self.replies = self.replies.saturating_sub(1);
        self.is_open = self.replies == 0;
    }
}

/// Where a client wants to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address<'a> {
    /// An IPv4 address.
    V4([u8; 4]),
    /// An IPv6 address.
    V6([u8; 16]),
    /// A name, which the proxy looks up.
    Name(&'a [u8]),
}

/// A message of SOCKS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// The ways to prove who one is, of which the proxy may choose one.
    Methods(&'a [u8]),
    /// The one that it chooses.
    Method(u8),
    /// User name and password (RFC 1929).
    Password {
        /// The name.
        user: &'a [u8],
        /// The password.
        password: &'a [u8],
    },
    /// Whether they are right: 0.
    Status(u8),
    /// What the proxy shall do.
    Request {
        /// 4 or 5.
        version: u8,
        /// CONNECT is 1, BIND 2, UDP ASSOCIATE 3.
        command: u8,
        /// Where.
        address: Address<'a>,
        /// The port there.
        port: u16,
    },
    /// The answer of version 5: done is 0.
    Reply {
        /// What became of it.
        code: u8,
        /// The address that the proxy speaks from.
        address: Address<'a>,
        /// The port.
        port: u16,
    },
    /// The answer of version 4: done is 90.
    Reply4(u8),
}

impl Said<'_> {
    /// Whether what follows is no SOCKS any more, or nothing.
    #[must_use]
    pub const fn opens(&self) -> bool {
        matches!(self, Self::Reply { .. } | Self::Reply4(_))
    }
}

/// The message that `bytes` begin with, and its length; `first` of its side or not. `None` where it is none, or not whole.
#[must_use]
pub fn read(bytes: &[u8], from_client: bool, first: bool) -> Option<(usize, Said<'_>)> {
    match (from_client, first, bytes) {
        (true, true, [4, command, high, low, a, b, c, d, rest @ ..]) => {
            let len = request_4(bytes)?;
            let name = rest.split(|byte| *byte == 0).nth(1).unwrap_or_default();
            let address = match [*a, *b, *c, *d] {
                [0, 0, 0, last] if last > 0 => Address::Name(name),
                address => Address::V4(address),
            };
            let port = u16::from_be_bytes([*high, *low]);
            Some((len, Said::Request { version: 4, command: *command, address, port }))
        }
        (true, true, [5, count, rest @ ..]) => {
            let count = usize::from(*count);
            Some((count.saturating_add(2), Said::Methods(rest.get(..count)?)))
        }
        (true, false, [1, count, rest @ ..]) => {
            let (user, rest) = rest.split_at_checked((*count).into())?;
            let (count, rest) = rest.split_first()?;
            let password = rest.get(..usize::from(*count))?;
            let len = user.len().saturating_add(password.len()).saturating_add(3);
            Some((len, Said::Password { user, password }))
        }
        (true, false, [5, command, ..]) => {
            let (len, port) = address_5(bytes)?;
            let address = destination(bytes)?;
            Some((len, Said::Request { version: 5, command: *command, address, port }))
        }
        (false, true, [0, code @ 90..=93, _, _, _, _, _, _, ..]) => Some((8, Said::Reply4(*code))),
        (false, true, [5, method, ..]) => Some((2, Said::Method(*method))),
        (false, false, [1, status, ..]) => Some((2, Said::Status(*status))),
        (false, false, [5, code, ..]) => {
            let (len, port) = address_5(bytes)?;
            Some((len, Said::Reply { code: *code, address: destination(bytes)?, port }))
        }
        _ => None,
    }
}

/// The address in a request or reply of version 5.
fn destination(bytes: &[u8]) -> Option<Address<'_>> {
    let (kind, rest) = bytes.get(3..)?.split_first()?;
    Some(match kind {
        1 => Address::V4(*rest.first_chunk()?),
        4 => Address::V6(*rest.first_chunk()?),
        _ => {
            let (len, rest) = rest.split_first()?;
            Address::Name(rest.get(..usize::from(*len))?)
        }
    })
}

/// How long a request of version 4 is; `None` before all of it is there.
fn request_4(bytes: &[u8]) -> Option<usize> {
    let end = |from: usize| {
        let rest = bytes.get(from..)?;
        Some(from.saturating_add(memchr::memchr(0, rest)?).saturating_add(1))
    };
    let user = end(8)?;
    // An address that cannot be says that a name follows (version 4a).
    match bytes.get(4..8) {
        Some([0, 0, 0, last]) if *last > 0 => end(user),
        _ => Some(user),
    }
}

/// How long a request or reply of version 5 is and the port it names (RFC 1928 sections 4 and 6).
fn address_5(bytes: &[u8]) -> Option<(usize, u16)> {
    let at = match bytes.get(3..5)? {
        [1, _] => 8,
        [3, len] => usize::from(*len).saturating_add(5),
        [4, _] => 20,
        _ => return None,
    };
    let port = bytes.get(at..)?.first_chunk::<2>()?;
    Some((at.saturating_add(2), u16::from_be_bytes(*port)))
}

impl Analyzer for SocksAnalyzer {
    fn next(&mut self, input: &Input<'_>) -> Step {
        if input.bytes.is_empty() {
            return Step::More(1);
        }
        if self.is_open {
            return Step::Tunnel(self.port);
        }
        let client = *self.client.get_or_insert(input.from);
        let len = if client == input.from { self.asked(input.bytes) } else { self.answered(input.bytes) };
        match len {
            Some(len) => Step::Skip(u64::try_from(len).unwrap_or(u64::MAX)),
            None if input.bytes.len() < MAX_MESSAGE => Step::More(input.bytes.len().saturating_add(1)),
            None => Step::Lost,
        }
    }

    fn held(&self) -> usize {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::PacketStamp;
    use Direction::{OrigToResp as Client, RespToOrig as Proxy};

    /// The port of the tunnel that is open when all was said.
    fn opened(said: &[(Direction, &[u8])]) -> Option<u16> {
        let mut socks = SocksAnalyzer::new();
        let packet = PacketStamp::default();
        for (from, bytes) in said {
            let mut at = 0;
            while at < bytes.len() {
                let step =
                    socks.next(&Input { from: *from, bytes: &bytes[at..], first: packet, packet, end: None });
                match step {
                    Step::Skip(len) => at += usize::try_from(len).unwrap(),
                    Step::Tunnel(port) => return Some(port),
                    _ => return None,
                }
            }
        }
        None
    }

    const TEXT: (Direction, &[u8]) = (Proxy, b"220 ready\r\n");
    const METHODS: (Direction, &[u8]) = (Client, &[5, 2, 0, 2]);

    #[test]
    fn a_tunnel_opens_with_the_reply_to_the_request() {
        let request: &[u8] = b"\x05\x01\0\x03\x0bexample.org\0\x19";
        let reply: &[u8] = &[5, 0, 0, 1, 192, 0, 2, 1, 0x10, 0];
        let none = [METHODS, (Proxy, &[5, 0]), (Client, request), (Proxy, reply), TEXT];
        assert_eq!(opened(&none), Some(25));
        assert_eq!(opened(&none[..4]), None);
        let word: &[u8] = b"\x01\x02me\x06secret";
        let password = [
            METHODS,
            (Proxy, &[5, 2]),
            (Client, word),
            (Proxy, &[1, 0]),
            (Client, request),
            (Proxy, reply),
            TEXT,
        ];
        assert_eq!(opened(&password), Some(25));
        let refused: &[u8] = &[5, 5, 0, 1, 0, 0, 0, 0, 0, 0];
        assert_eq!(opened(&[METHODS, (Proxy, &[5, 0]), (Client, request), (Proxy, refused), TEXT]), None);
    }

    #[test]
    fn version_4_asks_with_an_address_or_a_name() {
        let granted: (Direction, &[u8]) = (Proxy, &[0, 90, 0, 0, 0, 0, 0, 0]);
        assert_eq!(opened(&[(Client, b"\x04\x01\0\x50\xc0\0\x02\x01me\0"), granted, TEXT]), Some(80));
        assert_eq!(
            opened(&[(Client, b"\x04\x01\0\x50\0\0\0\x01me\0example.org\0"), granted, TEXT]),
            Some(80)
        );
        let refused: (Direction, &[u8]) = (Proxy, &[0, 91, 0, 0, 0, 0, 0, 0]);
        assert_eq!(opened(&[(Client, b"\x04\x01\0\x50\xc0\0\x02\x01\0"), refused, TEXT]), None);
    }

    #[test]
    fn bind_waits_for_whoever_connects() {
        let granted: (Direction, &[u8]) = (Proxy, &[0, 90, 0, 0, 0, 0, 0, 0]);
        let bind: (Direction, &[u8]) = (Client, b"\x04\x02\0\x50\xc0\0\x02\x01\0");
        assert_eq!(opened(&[bind, granted, TEXT]), None);
        assert_eq!(opened(&[bind, granted, granted, TEXT]), Some(80));
    }

    #[test]
    fn a_whole_greeting_is_recognised() {
        assert!(
            is_socks(&[5, 1, 0]) && is_socks(&[5, 2, 0, 2]) && is_socks(b"\x04\x01\0\x50\xc0\0\x02\x01me\0")
        );
        assert!(
            !is_socks(&[5, 1])
                && !is_socks(&[5, 1, 0, 0])
                && !is_socks(&[5, 1, 0x20])
                && !is_socks(&[4, 1, 0])
        );
        assert!(!is_socks(b"\x04\x01\0\x50\0\0\0\x01me\0"));
    }
}
