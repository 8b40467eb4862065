//! Protocols of words.

use super::super::{Readability, judge, name};
use super::{On, Rule};
use crate::decode::TransportProtocol;

pub(super) const RULES: &[Rule] = &[
    Rule("SSDP", On::Udp, ssdp),
    Rule("SIP", On::Both, |b| starts(b, &["SIP/2.0 "]) || line_has(b, b" SIP/2.0")),
    Rule("RTSP", On::Tcp, |b| {
        starts(b, &["RTSP/1.", "RTSP/2."]) || line_has(b, b" RTSP/1.") || line_has(b, b" RTSP/2.")
    }),
    Rule("HTTP", On::Tcp, |b| name(TransportProtocol::Tcp, 80, b) == Some("HTTP")),
    Rule("HTTP", On::Tcp, http_like),
    Rule("MGCP", On::Udp, |b| line_has(b, b" MGCP 1.")),
    Rule("MSRP", On::Tcp, |b| starts(b, &["MSRP "])),
    Rule("SMTP", On::Tcp, |b| starts(b, &["EHLO ", "HELO ", "MAIL FROM:", "RCPT TO:", "LHLO "])),
    Rule("SMTP", On::Tcp, |b| is_greeting(b) && says(b, b"SMTP")),
    Rule("FTP", On::Tcp, |b| is_greeting(b) && says(b, b"FTP")),
    Rule("SMTP", On::TcpPort(&[25, 465, 587, 2525]), |b| reply(b) || command(b, SMTP_WORDS)),
    Rule("FTP", On::TcpPort(&[21, 2121]), |b| reply(b) || command(b, FTP_WORDS)),
    Rule("FTP", On::Tcp, |b| starts(b, &["230 ", "331 ", "227 Entering", "229 Entering", "257 \""])),
    Rule("FTP", On::Tcp, |b| starts(b, &["EPSV\r", "PASV\r", "SYST\r", "TYPE I\r", "TYPE A\r"])),
    Rule("POP3", On::Tcp, |b| starts(b, &["+OK "]) || b == b"+OK\r\n"),
    Rule("POP3", On::TcpPort(&[110, 109]), |b| starts(b, &["+OK", "-ERR", "+ "]) || command(b, POP_WORDS)),
    Rule("IMAP", On::Tcp, |b| starts(b, &["* OK", "* PREAUTH", "* BYE", "* CAPABILITY IMAP4"])),
    Rule("IMAP", On::TcpPort(&[143, 220]), |b| starts(b, &["* ", "+ "]) || tagged(b)),
    Rule("NNTP", On::TcpPort(&[119, 433]), |b| reply(b) || command(b, NNTP_WORDS)),
    Rule("XMPP", On::Tcp, |b| says(b, b"<stream:stream") || says(b, b"http://etherx.jabber.org/streams")),
    Rule("IRC", On::TcpPort(&[194, 6660, 6665, 6666, 6667, 6668, 6669, 7000]), |b| {
        b.starts_with(b":") && readable(b) || command(b, CHAT_WORDS)
    }),
    Rule("IRC", On::Tcp, |b| starts(b, &["NICK ", "PRIVMSG ", "NOTICE AUTH", ":irc."])),
    Rule("TELNET", On::Tcp, telnet),
    Rule("TELNET", On::TcpPort(&[23, 2323]), |b| mostly(b) || b.contains(&0xff)),
    Rule("Redis", On::Tcp, redis),
    Rule("memcached", On::BothPort(&[11211]), |b| command(b, CACHE_WORDS)),
    Rule("syslog", On::UdpPort(&[514, 1514]), priority),
    Rule("syslog", On::TcpPort(&[514, 601, 1514]), priority),
    Rule("rsync", On::Tcp, |b| starts(b, &["@RSYNCD:"])),
    Rule("git", On::Tcp, |b| {
        matches!(b, [a, b, c, d, rest @ ..]
        if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) && rest.starts_with(b"git-"))
    }),
    Rule("NATS", On::Tcp, |b| starts(b, &["INFO {", "CONNECT {"])),
    Rule("STOMP", On::Tcp, |b| starts(b, &["CONNECT\naccept", "CONNECTED\n", "STOMP\n"])),
    Rule("FIX", On::Tcp, |b| starts(b, &["8=FIX"])),
    Rule("SDP", On::Udp, |b| starts(b, &["v=0\r\no=", "v=0\no="])),
    Rule("XML", On::Both, |b| starts(b, &["<?xml "])),
];

const SMTP_WORDS: &[&[u8]] =
    &[b"EHLO", b"HELO", b"MAIL", b"RCPT", b"DATA", b"QUIT", b"AUTH", b"RSET", b"STARTTLS"];
const FTP_WORDS: &[&[u8]] = &[
    b"USER", b"PASS", b"PORT", b"PASV", b"EPSV", b"EPRT", b"LIST", b"NLST", b"RETR", b"STOR", b"QUIT",
    b"TYPE", b"SYST", b"CWD", b"PWD", b"AUTH", b"FEAT", b"OPTS", b"NOOP", b"SIZE", b"MDTM", b"DELE", b"MKD",
    b"XPWD",
];
const POP_WORDS: &[&[u8]] = &[
    b"USER", b"PASS", b"APOP", b"STAT", b"LIST", b"RETR", b"TOP", b"QUIT", b"CAPA", b"UIDL", b"AUTH",
    b"DELE", b"NOOP",
];
const NNTP_WORDS: &[&[u8]] = &[
    b"MODE",
    b"GROUP",
    b"ARTICLE",
    b"HEAD",
    b"BODY",
    b"POST",
    b"LIST",
    b"QUIT",
    b"XOVER",
    b"AUTHINFO",
    b"CAPABILITIES",
    b"IHAVE",
    b"NEWNEWS",
];

const CHAT_WORDS: &[&[u8]] =
    &[b"NICK", b"USER", b"PASS", b"JOIN", b"PRIVMSG", b"NOTICE", b"PING", b"PONG", b"MODE", b"CAP", b"QUIT"];
const CACHE_WORDS: &[&[u8]] = &[
    b"get",
    b"gets",
    b"set",
    b"add",
    b"replace",
    b"append",
    b"cas",
    b"incr",
    b"decr",
    b"delete",
    b"stats",
    b"version",
    b"VALUE",
    b"STORED",
    b"END",
    b"STAT",
    b"flush_all",
];

fn starts(bytes: &[u8], any: &[&str]) -> bool {
    any.iter()
        .any(|word| bytes.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes())))
}

fn says(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

fn first_line(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or(&[])
}

/// The first line is readable and has `word` in it.
fn line_has(bytes: &[u8], word: &[u8]) -> bool {
    let line = first_line(bytes);
    line.first().is_some_and(u8::is_ascii_uppercase) && says(line, word) && readable(line)
}

/// A request line with a method that extensions of HTTP brought (WebDAV and others), or any word in its place.
fn http_like(bytes: &[u8]) -> bool {
    let line = first_line(bytes);
    let word = line.split(|&byte| byte == b' ').next().unwrap_or(&[]);
    !word.is_empty()
        && word.iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_'))
        && (says(line, b" HTTP/1.") || says(line, b" HTTP/0."))
}

fn ssdp(bytes: &[u8]) -> bool {
    starts(bytes, &["M-SEARCH * HTTP/", "NOTIFY * HTTP/", "HTTP/1."]) || line_has(bytes, b" HTTP/1.")
}

fn is_greeting(bytes: &[u8]) -> bool {
    starts(bytes, &["220 ", "220-"])
}

/// Three digits and what separates them from words (RFC 5321 section 4.2, RFC 959 section 4.2). Some servers forget that.
fn reply(bytes: &[u8]) -> bool {
    matches!(bytes, [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9', ..]) && mostly(first_line(bytes))
}

fn command(bytes: &[u8], words: &[&[u8]]) -> bool {
    let word = first_line(bytes).split(|&byte| byte == b' ').next().unwrap_or(&[]);
    words.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// A line of IMAP: a tag, then a word (RFC 3501 section 2.2.1).
fn tagged(bytes: &[u8]) -> bool {
    let mut words = first_line(bytes).split(|&byte| byte == b' ');
    let is_tag = |tag: &[u8]| (1..=16).contains(&tag.len()) && tag.iter().all(u8::is_ascii_alphanumeric);
    words.next().is_some_and(is_tag)
        && words.next().is_some_and(|word| word.iter().all(u8::is_ascii_alphabetic))
}

/// A negotiation of options (RFC 854): IAC, WILL to DONT, an option that was assigned.
fn telnet(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xfb..=0xfe, 0..=49 | 255] => true,
        [0xff, 0xfb..=0xfe, 0..=49 | 255, 0xff, 0xf0..=0xfe, ..] => true,
        [0xff, 0xfb..=0xfe, 0..=49, rest @ ..] | [0xff, 0xfa, 0..=49, rest @ ..] => {
            mostly(rest) || rest.ends_with(b"\xff\xf0")
        }
        _ => false,
    }
}

/// An array of strings, as clients of Redis send commands.
fn redis(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(b"*") else { return false };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=6).contains(&digits) && rest.get(digits..).is_some_and(|rest| rest.starts_with(b"\r\n$"))
}

/// `<13>`: the priority that a message of syslog begins with (RFC 5424 section 6.2.1).
fn priority(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(b"<") else { return false };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=3).contains(&digits) && rest.get(digits) == Some(&b'>')
}

fn readable(bytes: &[u8]) -> bool {
    matches!(judge(bytes), Readability::Readable { .. })
}

fn mostly(bytes: &[u8]) -> bool {
    judge(bytes).is_text()
}
