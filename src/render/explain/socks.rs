//! SOCKS in a story: what a client asks of a proxy, and what the proxy answers.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::safe::safe_line;
use super::turns::{TurnStory, TurnWords};
use crate::flow::{Conversation, Turn};
use crate::proto::Protocol;
use crate::proto::socks::{Address, Said, is_socks, read};
use crate::report::secret::MASK;

/// Turns that are looked at: greeting, password, request and reply of both sides, and a second reply.
const MAX_TURNS: usize = 8;

/// Most columns of a name.
const SHOWN: usize = 64;

/// What the turns say that come before the tunnel; nothing where the first is no greeting.
pub(super) fn turns(talk: &Conversation, spoken: Option<Protocol>, secrets: bool) -> TurnStory {
    let mut told = TurnStory::default();
    let turns = talk.turns.get(..talk.turns.len().min(MAX_TURNS)).unwrap_or_default();
    let [client, answer, ..] = turns else { return told };
    let is_answered =
        matches!(read(&answer.bytes, false, true), Some((_, Said::Method(_) | Said::Reply4(_))));
    if !is_socks(&client.bytes) || !(is_answered || spoken == Some(Protocol::Socks)) {
        return told;
    }
    let mut is_first = [true; 2];
    for turn in turns {
        let from_client = turn.direction == client.direction;
        let [first_asked, first_answered] = &mut is_first;
        let first = std::mem::take(if from_client { first_asked } else { first_answered });
        let whole = turn.gap_before == 0 && u64::try_from(turn.bytes.len()) == Ok(turn.total);
        let Some((len, said)) = read(&turn.bytes, from_client, first).filter(|_| whole) else { break };
        let is_over = said.opens();
        told.add(turn, words(turn, len, &said, secrets));
        if is_over || len < turn.bytes.len() {
            break;
        }
    }
    told
}

fn words(turn: &Turn, len: usize, said: &Said<'_>, secrets: bool) -> TurnWords {
    let mut text = format!("SOCKS {}", says(said, secrets));
    let rest = turn.bytes.get(len..).filter(|rest| !rest.is_empty());
    if rest.is_some() {
        text.push_str("; then");
    }
    TurnWords::of_bytes(text, rest.map(<[u8]>::to_vec))
}

fn says(said: &Said<'_>, secrets: bool) -> String {
    match said {
        Said::Methods(list) => {
            let list: Vec<String> = list.iter().map(|method| self::method(*method)).collect();
            format!("5 greeting, offers {}", list.join(", "))
        }
        Said::Method(0xff) => "5 answer: none of these will do".to_owned(),
        Said::Method(method) => format!("5 answer: {}", self::method(*method)),
        Said::Password { user, password } => {
            let password = match secrets {
                true => safe_line(password, SHOWN).to_string(),
                false => MASK.to_owned(),
            };
            format!("5 login of {}, password {password}", safe_line(user, SHOWN))
        }
        Said::Status(0) => "5 answer: the password is accepted".to_owned(),
        Said::Status(_) => "5 answer: the password is refused".to_owned(),
        Said::Request { version, command, address, port } => {
            format!("{version} request: {} {}:{port}", self::command(*command), shown(address))
        }
        Said::Reply { code: 0, address, port } => {
            format!("5 reply: done, from {}:{port}", shown(address))
        }
        Said::Reply { code, .. } => format!("5 reply: {}", refusal(*code)),
        Said::Reply4(90) => "4 reply: done".to_owned(),
        Said::Reply4(91) => "4 reply: refused or failed".to_owned(),
        Said::Reply4(code) => format!("4 reply: refused, identd does not vouch for the user ({code})"),
    }
}

/// RFC 1928 section 3.
fn method(code: u8) -> String {
    match code {
        0 => "no password".to_owned(),
        1 => "GSSAPI".to_owned(),
        2 => "user and password".to_owned(),
        code => format!("method {code}"),
    }
}

/// RFC 1928 section 4.
fn command(code: u8) -> String {
    match code {
        1 => "CONNECT to".to_owned(),
        2 => "BIND for".to_owned(),
        3 => "UDP ASSOCIATE for".to_owned(),
        code => format!("command {code} for"),
    }
}

/// RFC 1928 section 6.
fn refusal(code: u8) -> String {
    match code {
        1 => "the proxy failed".to_owned(),
        2 => "its rules forbid it".to_owned(),
        3 => "network unreachable".to_owned(),
        4 => "host unreachable".to_owned(),
        5 => "connection refused".to_owned(),
        6 => "TTL expired".to_owned(),
        7 => "command not supported".to_owned(),
        8 => "kind of address not supported".to_owned(),
        code => format!("error {code}"),
    }
}

fn shown(address: &Address<'_>) -> String {
    match address {
        Address::V4(bytes) => Ipv4Addr::from(*bytes).to_string(),
        Address::V6(bytes) => format!("[{}]", Ipv6Addr::from(*bytes)),
        Address::Name(name) => safe_line(name, SHOWN).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8], from_client: bool, first: bool) -> String {
        read(bytes, from_client, first).map_or_else(|| "nothing".to_owned(), |(_, said)| says(&said, false))
    }

    #[test]
    fn each_message_has_words_and_a_password_none() {
        assert_eq!(told(&[5, 2, 0, 2], true, true), "5 greeting, offers no password, user and password");
        assert_eq!(told(&[5, 2], false, true), "5 answer: user and password");
        assert_eq!(told(&[5, 255], false, true), "5 answer: none of these will do");
        assert_eq!(told(b"\x01\x03bob\x05alice", true, false), "5 login of bob, password ********");
        assert_eq!(told(&[1, 1], false, false), "5 answer: the password is refused");
        let request = b"\x05\x01\0\x03\x0bexample.org\0\x50";
        assert_eq!(told(request, true, false), "5 request: CONNECT to example.org:80");
        assert_eq!(told(&[5, 0, 0, 1, 192, 0, 2, 1, 0, 9], false, false), "5 reply: done, from 192.0.2.1:9");
        assert_eq!(told(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0], false, false), "5 reply: connection refused");
        let four = b"\x04\x01\0\x50\0\0\0\x01me\0example.org\0";
        assert_eq!(told(four, true, true), "4 request: CONNECT to example.org:80");
        assert_eq!(told(&[0, 91, 0, 0, 0, 0, 0, 0], false, true), "4 reply: refused or failed");
        for cut in 0..request.len() {
            assert_eq!(told(&request[..cut], true, false), "nothing", "{cut}");
        }
    }
}
