//! Which of the protocols that are made of lines does a connection speak? The first line tells.

use super::Protocol;
use super::lines::reply;
use super::probe::Found;
use super::text::judge;

/// How many bytes of a greeting are looked at for the name of its protocol: RFC 5321 section 4.5.3.1.5.
const MAX_GREETING: usize = 512;

/// How many bytes have to be text where a port hints at a protocol of lines: a command and its argument. Each packet of an
/// unknown flow at such a port is judged.
const MAX_JUDGED: usize = 64;

/// Looks at the first bytes of a side of a connection between `ports`; `None` where another protocol may be meant.
pub(super) fn find(ports: [u16; 2], bytes: &[u8]) -> Option<Found> {
    let is_at = |port: u16| ports.contains(&port);
    let line = bytes.get(..MAX_GREETING).unwrap_or(bytes);
    let line = memchr::memchr(b'\n', line).and_then(|end| line.get(..end)).unwrap_or(line);
    let is_whole = line.len() < bytes.len();
    if bytes.starts_with(b"SSH-") {
        return Some(Found::Is(Protocol::Ssh));
    }
    // What a client or server offers or asks for, and an option with a number that is assigned.
    if let [super::telnet::IAC, 251..=254, 0..=49, rest @ ..] = bytes
        && rest.first().is_none_or(|next| *next == super::telnet::IAC || next.is_ascii())
    {
        return Some(Found::Is(Protocol::Telnet));
    }
    if line.starts_with(b"* OK") || line.starts_with(b"* PREAUTH") {
        return Some(Found::Is(Protocol::Imap));
    }
    if line.starts_with(b"+OK ") && says(line, b"POP") {
        return Some(Found::Is(Protocol::Pop));
    }
    let is_verb = |verb: &[u8]| line.get(..5).is_some_and(|word| word.eq_ignore_ascii_case(verb));
    if is_verb(b"EHLO ") || is_verb(b"HELO ") {
        return Some(Found::Is(Protocol::Smtp));
    }
    let by_port = at_port(ports).filter(|protocol| fits(*protocol, bytes));
    // RFC 5321 section 4.2 and RFC 959 section 5.4 share the form: the text tells them apart, or the port does.
    if matches!(reply(line), Some((220, _))) {
        let told = match () {
            () if says(line, b"SMTP") => Some(Protocol::Smtp),
            () if says(line, b"FTP") => Some(Protocol::Ftp),
            () => by_port,
        };
        return match told {
            Some(protocol) => Some(Found::Is(protocol)),
            None if is_whole || bytes.len() >= MAX_GREETING => None,
            None => Some(Found::Unsure(bytes.len().saturating_add(1))),
        };
    }
    if is_at(20) && by_port.is_none() {
        return Some(Found::Is(Protocol::FtpData));
    }
    by_port.map(Found::Is)
}

fn says(line: &[u8], word: &[u8]) -> bool {
    line.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

/// What usually runs on one of `ports`.
fn at_port(ports: [u16; 2]) -> Option<Protocol> {
    ports.iter().find_map(|port| match port {
        21 => Some(Protocol::Ftp),
        22 => Some(Protocol::Ssh),
        23 => Some(Protocol::Telnet),
        25 | 587 => Some(Protocol::Smtp),
        110 => Some(Protocol::Pop),
        143 => Some(Protocol::Imap),
        _ => None,
    })
}

/// Whether `bytes` do not speak against `protocol`: Telnet may be anything, the others begin with a word.
fn fits(protocol: Protocol, bytes: &[u8]) -> bool {
    match protocol {
        Protocol::Telnet => true,
        _ => {
            bytes.first().is_some_and(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
                && judge(bytes.get(..MAX_JUDGED).unwrap_or(bytes)).is_text()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(ports: [u16; 2], bytes: &[u8]) -> Option<Protocol> {
        match find(ports, bytes) {
            Some(Found::Is(protocol)) => Some(protocol),
            _ => None,
        }
    }

    #[test]
    fn content_tells_whatever_the_port() {
        assert_eq!(is([4000, 9999], b"220 mail.example.org ESMTP ready\r\n"), Some(Protocol::Smtp));
        assert_eq!(is([4000, 9999], b"220-ProFTPD 1.3 Server\r\n"), Some(Protocol::Ftp));
        assert_eq!(is([4000, 9999], b"ehlo there\r\n"), Some(Protocol::Smtp));
        assert_eq!(is([4000, 9999], b"SSH-2.0-x\r\n"), Some(Protocol::Ssh));
        assert_eq!(is([4000, 9999], b"* OK ready\r\n"), Some(Protocol::Imap));
        assert_eq!(is([4000, 9999], b"+OK POP3 ready\r\n"), Some(Protocol::Pop));
        assert_eq!(is([4000, 9999], b"\xff\xfd\x18\xff\xfd\x20"), Some(Protocol::Telnet));
        assert_eq!(is([4000, 25], b"220 ProFTPD\r\n"), Some(Protocol::Ftp));
    }

    #[test]
    fn a_port_counts_where_the_form_is_weak() {
        assert_eq!(is([4000, 21], b"220 ready\r\n"), Some(Protocol::Ftp));
        assert_eq!(is([4000, 25], b"220 ready\r\n"), Some(Protocol::Smtp));
        assert_eq!(is([4000, 23], b"login: "), Some(Protocol::Telnet));
        assert_eq!(is([4000, 110], b"USER me\r\n"), Some(Protocol::Pop));
        assert_eq!(is([4000, 143], b"a1 LOGIN me x\r\n"), Some(Protocol::Imap));
        assert_eq!(is([20, 4000], b"\x00\x01"), Some(Protocol::FtpData));
        assert_eq!(is([4000, 25], &[0x16, 3, 1, 2, 0]), None);
        assert_eq!(is([4000, 9999], b"+OK\r\n"), None);
        assert_eq!(is([4000, 9999], b"220 ready\r\n"), None);
        assert_eq!(find([4000, 9999], b"220 rea"), Some(Found::Unsure(8)));
        assert_eq!(is([4000, 9999], b"USER me\r\n"), None);
    }
}
