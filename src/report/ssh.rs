//! SSH in a conversation, as far as it is in clear: versions, what each side offers, what both agree on, and where encryption
//! begins.

use crate::flow::{Conversation, Direction, Turn};
use crate::proto::ssh::{Choice, Exchange, KexInit, SshAnalyzer, SshPart, code, string};
use crate::proto::{Analyzer, Ending, Input, Note, Step};
use crate::source::PacketNumber;

/// Most messages of a turn that are told: a key exchange has three.
const MAX_MESSAGES: usize = 16;

/// Most offers of a side that are read: in clear there is one.
const MAX_OFFERS: u8 = 4;

/// Most bytes that are kept of a text: a version has 255 (RFC 4253 section 4.2), a name 64 (RFC 4251 section 6).
const MAX_TEXT: usize = 512;

/// Something that a side says in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A line before the version.
    Banner(Vec<u8>),
    /// `SSH-2.0-OpenSSH_9.6 comment`.
    Version {
        /// `2.0`.
        protocol: Vec<u8>,
        /// The software and comments.
        software: Vec<u8>,
    },
    /// What a side can do, and the choices where it is the second to say so.
    Offer {
        /// What each list has.
        lists: Vec<(Choice, Names)>,
        /// What both agree on; `None` where they have nothing in common.
        agreed: Vec<(Choice, Option<Vec<u8>>)>,
    },
    /// A group is asked for: fewest, wanted and most bits (RFC 4419 section 3).
    GroupAsked(u32, u32, u32),
    /// The group that was asked for.
    Group,
    /// The client's part of the new key.
    ClientKey,
    /// The server's part of the new key, signed with its host key, which is of this kind.
    ServerKey(Vec<u8>),
    /// From here on the side encrypts.
    NewKeys,
    /// The connection ends: the reason, and its text (RFC 4253 section 11.1).
    Disconnect(u32, Vec<u8>),
    /// Another message, by its code.
    Other(u8),
    /// So many bytes that are encrypted.
    Encrypted(u64),
    /// So many bytes of SSH 1, in clear or not.
    OldVersion(u64),
    /// So many bytes of messages that are not told one by one.
    More(u64),
}

/// A list of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The preferred one; `None` of an empty list.
    pub first: Option<Vec<u8>>,
    /// How many follow it.
    pub others: usize,
}

/// What one turn says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshTurn {
    /// Its messages, in order; each stands in the turn that it ends in.
    pub said: Vec<Said>,
    /// Bytes at its end of a message that is not whole.
    pub unfinished: usize,
}

impl SshTurn {
    /// Whether all of it is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        matches!(*self.said, [Said::Encrypted(_)]) && self.unfinished == 0
    }
}

/// The turns of a conversation in SSH.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshStory {
    /// What each turn says, in the order of the turns.
    pub turns: Vec<SshTurn>,
    /// The first and the last packet of the first turn with something encrypted, of the originator and the responder.
    pub encrypted: [Option<(PacketNumber, PacketNumber)>; 2],
    /// Who plays the client's part, where that is seen.
    pub client: Option<Direction>,
    sides: [Side; 2],
    /// How keys are exchanged, where the analyzer does not know it.
    is_hybrid: bool,
}

/// What is remembered of a side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Side {
    /// The beginning of a message.
    held: Vec<u8>,
    is_cut: bool,
    is_old: bool,
    has_new_keys: bool,
    /// What it offers.
    init: Vec<u8>,
    offers: u8,
}

impl SshStory {
    /// What was said in `talk`.
    #[must_use]
    pub fn of(talk: &Conversation) -> Self {
        let mut story = Self::default();
        let mut analyzer = SshAnalyzer::new();
        for turn in &talk.turns {
            let told = story.read(turn, &mut analyzer);
            let place = place(turn.direction);
            let begins = told.said.iter().any(|said| matches!(said, Said::Encrypted(_)));
            if let Some(first @ None) = story.encrypted.get_mut(place).filter(|_| begins) {
                *first = Some((turn.first.number, turn.last.number));
            }
            story.turns.push(told);
        }
        story
    }

    fn read(&mut self, turn: &Turn, analyzer: &mut SshAnalyzer) -> SshTurn {
        let from = turn.direction;
        let Some(side) = self.sides.get_mut(place(from)) else { return SshTurn::default() };
        let mut bytes = std::mem::take(&mut side.held);
        let is_cut = side.is_cut;
        side.is_cut = u64::try_from(turn.bytes.len()) != Ok(turn.total);
        let input = |bytes, end| Input { from, bytes, first: turn.first, packet: turn.last, end };
        if turn.gap_before > 0 || is_cut {
            bytes.clear();
            analyzer.next(&input(&[], Some(Ending::Gap(0))));
        }
        bytes.extend_from_slice(&turn.bytes);
        let (mut told, mut rest) = (SshTurn::default(), bytes.as_slice());
        while let Step::Message { len, note: Note::Ssh(note), .. } = analyzer.next(&input(rest, None)) {
            let Some((message, behind)) = rest.split_at_checked(len).filter(|_| len > 0) else { break };
            rest = behind;
            self.tell(from, message, note.part, note.exchange, &mut told);
        }
        told.unfinished = rest.len();
        let held = rest.to_vec();
        if let Some(side) = self.sides.get_mut(place(from)) {
            side.held = held;
        }
        told
    }

    fn tell(
        &mut self,
        from: Direction,
        message: &[u8],
        part: SshPart,
        exchange: Exchange,
        told: &mut SshTurn,
    ) {
        let len = u64::try_from(message.len()).unwrap_or(u64::MAX);
        let [orig, resp] = &mut self.sides;
        let (side, other) = if place(from) == 0 { (orig, &*resp) } else { (resp, &*orig) };
        if told.said.len() >= MAX_MESSAGES {
            match told.said.last_mut() {
                Some(Said::More(before)) => *before = before.saturating_add(len),
                _ => told.said.push(Said::More(len)),
            }
            return;
        }
        let init = KexInit::read(message).filter(|_| side.offers < MAX_OFFERS);
        let said = match part {
            SshPart::Version => version(message),
            SshPart::Encrypted if side.is_old && !side.has_new_keys => Said::OldVersion(len),
            SshPart::Encrypted => Said::Encrypted(len),
            SshPart::Packet(_) => match init {
                Some(init) => {
                    side.offers = side.offers.saturating_add(1);
                    side.init = message.to_vec();
                    offer(init, KexInit::read(&other.init), from)
                }
                None if self.is_hybrid => packet(message, Exchange::Curve),
                None => packet(message, exchange),
            },
        };
        side.is_old |= matches!(&said, Said::Version { protocol, .. } if protocol.starts_with(b"1.") && protocol != b"1.99");
        side.has_new_keys |= said == Said::NewKeys;
        if let Said::Offer { agreed, .. } = &said {
            // Curves beside what quantum computers do not break: messages as with curves alone.
            let hybrid =
                |name: &[u8]| name.starts_with(b"sntrup761x25519") || name.starts_with(b"mlkem768x25519");
            let exchange = agreed.first().and_then(|(_, name)| name.as_deref());
            self.is_hybrid = exchange.is_some_and(hybrid);
        }
        if matches!(said, Said::ClientKey | Said::GroupAsked(..)) {
            self.client.get_or_insert(from);
        }
        told.said.push(said);
    }
}

const fn place(side: Direction) -> usize {
    match side {
        Direction::OrigToResp => 0,
        Direction::RespToOrig => 1,
    }
}

fn short(text: &[u8]) -> Vec<u8> {
    text.get(..MAX_TEXT).unwrap_or(text).to_vec()
}

/// RFC 4253 section 4.2.
fn version(line: &[u8]) -> Said {
    let line = line.trim_ascii_end();
    let Some(rest) = line.strip_prefix(b"SSH-") else { return Said::Banner(short(line)) };
    let end = memchr::memchr(b'-', rest).unwrap_or(rest.len());
    let (protocol, software) = rest.split_at_checked(end).unwrap_or((rest, &[]));
    Said::Version {
        protocol: short(protocol),
        software: short(software.strip_prefix(b"-").unwrap_or_default()),
    }
}

/// All choices, in the order of their lists.
const CHOICES: [Choice; 8] = [
    Choice::Exchange,
    Choice::HostKey,
    Choice::CipherUp,
    Choice::CipherDown,
    Choice::MacUp,
    Choice::MacDown,
    Choice::CompressionUp,
    Choice::CompressionDown,
];

fn offer(init: KexInit<'_>, before: Option<KexInit<'_>>, from: Direction) -> Said {
    let list = |of| {
        let mut names = init.names(of);
        (of, Names { first: names.next().map(short), others: names.count() })
    };
    // The client is who says so; else who connected.
    let is_client = match &before {
        Some(other) if init.is_of_client() != other.is_of_client() => init.is_of_client(),
        _ => from == Direction::OrigToResp,
    };
    let agree = |other: KexInit<'_>| {
        let (client, server) = if is_client { (init, other) } else { (other, init) };
        CHOICES.map(|of| (of, client.agreed(&server, of).map(short))).to_vec()
    };
    Said::Offer { lists: CHOICES.map(list).to_vec(), agreed: before.map(agree).unwrap_or_default() }
}

/// A packet in clear that is no offer.
fn packet(message: &[u8], exchange: Exchange) -> Said {
    let body = message.get(6..).unwrap_or_default();
    let number = |at: usize| {
        let bytes = body.get(at..).and_then(<[u8]>::first_chunk::<4>);
        bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
    };
    let is_curve_or_group = matches!(exchange, Exchange::Curve | Exchange::Group);
    match message.get(5).copied().unwrap_or_default() {
        code::NEWKEYS => Said::NewKeys,
        code::DISCONNECT => {
            let text = body.get(4..).and_then(string).map(|(text, _)| text).unwrap_or_default();
            Said::Disconnect(number(0), short(text))
        }
        30 if is_curve_or_group => Said::ClientKey,
        30 if exchange == Exchange::GroupExchange => Said::GroupAsked(number(0), number(0), number(0)),
        34 if exchange == Exchange::GroupExchange => Said::GroupAsked(number(0), number(4), number(8)),
        31 if exchange == Exchange::GroupExchange => Said::Group,
        32 if exchange == Exchange::GroupExchange => Said::ClientKey,
        31 if is_curve_or_group => server_key(body),
        33 if exchange == Exchange::GroupExchange => server_key(body),
        other => Said::Other(other),
    }
}

/// The kind of the host key that stands first.
fn server_key(body: &[u8]) -> Said {
    let kind = string(body).and_then(|(key, _)| string(key)).map(|(kind, _)| kind);
    Said::ServerKey(short(kind.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::PacketStamp;

    fn packet(code: u8, body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(body.len() + 6).unwrap().to_be_bytes();
        [&len[..], &[4, code], body, &[0; 4]].concat()
    }

    fn list(names: &str) -> Vec<u8> {
        [&u32::try_from(names.len()).unwrap().to_be_bytes()[..], names.as_bytes()].concat()
    }

    fn init(exchange: &str, cipher: &str) -> Vec<u8> {
        let lists = [exchange, "ssh-rsa", cipher, cipher, "m", "m", "none", "none", "", ""];
        packet(code::KEXINIT, &[vec![9; 16], lists.map(list).concat(), vec![0; 5]].concat())
    }

    fn story(said: &[(Direction, &[u8])]) -> SshStory {
        let turns = (1..).zip(said).map(|(number, (direction, bytes))| {
            let at = PacketStamp { number, ts: None };
            Turn {
                direction: *direction,
                packets: vec![number],
                packet_count: 1,
                first: at,
                last: at,
                bytes: bytes.to_vec(),
                total: u64::try_from(bytes.len()).unwrap(),
                gap_before: 0,
            }
        });
        let mut talk = Conversation::default();
        talk.turns = turns.collect();
        SshStory::of(&talk)
    }

    /// The agreed key exchange and cipher.
    fn agreed(story: &SshStory) -> Option<(Option<String>, Option<String>)> {
        let text =
            |name: &Option<Vec<u8>>| name.as_ref().map(|name| String::from_utf8_lossy(name).into_owned());
        story.turns.iter().flat_map(|turn| &turn.said).find_map(|said| match said {
            Said::Offer { agreed, .. } if !agreed.is_empty() => {
                Some((text(&agreed[0].1), text(&agreed[2].1)))
            }
            _ => None,
        })
    }

    use Direction::{OrigToResp as Orig, RespToOrig as Resp};

    #[test]
    fn the_clients_first_that_the_server_has_is_agreed_on() {
        let (client, server) = (init("x,b,a,ext-info-c", "c1,c2"), init("a,b", "c2,c1"));
        let both = |exchange: &str, cipher: &str| Some((Some(exchange.to_owned()), Some(cipher.to_owned())));
        let greeting: [(Direction, &[u8]); 2] =
            [(Orig, b"SSH-2.0-x y\r\n"), (Resp, b"hello\r\nSSH-1.99-z\r\n")];
        let told = story(&[&greeting[..], &[(Orig, &client), (Resp, &server)]].concat());
        assert_eq!(agreed(&told), both("b", "c1"));
        let version = Said::Version { protocol: b"2.0".to_vec(), software: b"x y".to_vec() };
        assert_eq!(told.turns[0].said, [version]);
        assert!(
            matches!(&*told.turns[1].said, [Said::Banner(line), Said::Version { .. }] if line == b"hello")
        );
        // Who connected can be the server.
        let told = story(&[&greeting[..], &[(Resp, &client), (Orig, &server)]].concat());
        assert_eq!(agreed(&told), both("b", "c1"));
        let told = story(&[&greeting[..], &[(Orig, &client), (Resp, &init("a", "other"))]].concat());
        assert_eq!(agreed(&told), Some((Some("a".to_owned()), None)));
    }

    #[test]
    fn encryption_begins_behind_new_keys_wherever_turns_are_cut() {
        let client = init("curve25519-sha256", "c");
        let (half, rest) = client.split_at(30);
        let last = [packet(30, b"q"), packet(code::NEWKEYS, b""), vec![7; 20]].concat();
        let told = story(&[
            (Orig, &[b"SSH-2.0-x\r\n", half].concat()),
            (Resp, &[b"SSH-2.0-y\r\n".to_vec(), client.clone()].concat()),
            (Orig, rest),
            (Resp, b""),
            (Orig, &last),
            (
                Resp,
                &[
                    packet(31, &[list(""), vec![1]].concat()),
                    packet(1, &[vec![0, 0, 0, 11], list("bye")].concat()),
                ]
                .concat(),
            ),
        ]);
        assert_eq!(told.turns[0].unfinished, 30);
        assert_eq!(told.turns[4].said, [Said::ClientKey, Said::NewKeys, Said::Encrypted(20)]);
        assert_eq!(told.turns[5].said, [Said::ServerKey(Vec::new()), Said::Disconnect(11, b"bye".to_vec())]);
        assert_eq!((told.encrypted, told.client), ([Some((5, 5)), None], Some(Orig)));
    }

    #[test]
    fn floods_are_counted_and_version_1_is_not_called_encrypted() {
        let many = [b"SSH-2.0-x\n".to_vec(), packet(code::IGNORE, b"").repeat(500)].concat();
        let told = story(&[(Orig, &many)]);
        assert_eq!(told.turns[0].said.len(), MAX_MESSAGES + 1);
        assert_eq!(told.turns[0].said.last(), Some(&Said::More(485 * 10)));
        let offers = [b"SSH-2.0-x\n".to_vec(), init("a", "c").repeat(8)].concat();
        let told = story(&[(Orig, &offers)]);
        let read = told.turns[0].said.iter().filter(|said| matches!(said, Said::Offer { .. })).count();
        assert_eq!(read, usize::from(MAX_OFFERS));
        let old = story(&[(Resp, b"SSH-1.5-x\n"), (Orig, b"SSH-1.5-y\n"), (Resp, &[0; 50])]);
        assert_eq!(old.turns[2].said, [Said::OldVersion(50)]);
        assert_eq!(old.encrypted, [None, None]);
    }
}
