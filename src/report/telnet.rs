//! Telnet in a conversation: its commands apart from what was said, lines that were typed letter by letter put together, and
//! their echo taken out of what the other side says.

use crate::flow::{Conversation, Direction, Flow, PacketStamp, Turn};
use crate::proto::telnet::{IAC, Item, Items, MAX_SUBOPTION, SB, SE, unfinished};
use crate::source::PacketNumber;

/// Most different commands of a turn that are kept: a whole negotiation has some twenty.
pub const MAX_COMMANDS: usize = 48;

/// Most bytes of a suboption that are kept; a terminal type has some ten, an environment a hundred.
const MAX_VALUE: usize = 512;

/// The port of Telnet, whose side is the one that echoes.
const PORT: u16 = 23;

/// A command, and how often its turn has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its code; [`SB`] of a suboption.
    pub code: u8,
    /// The option that it is about.
    pub option: Option<u8>,
    /// What a suboption says: its first bytes, each IAC once.
    pub value: Vec<u8>,
    /// How often.
    pub times: u64,
}

/// Whether the other side repeated what was typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Echo {
    /// No.
    #[default]
    None,
    /// It did.
    Same,
    /// A star for each character.
    Stars,
}

/// What belongs to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The turn is told by itself.
    Said,
    /// A line begins here that was typed; `text` is all of it.
    Typed(Typed),
    /// The turn is told with the one that begins with this packet.
    Joined {
        /// Whether it is the echo; else it was typed.
        is_echo: bool,
        /// The first packet of the other turn.
        first: PacketNumber,
    },
}

/// A line that was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Typed {
    /// How many packets brought it.
    pub packets: u64,
    /// The last of them.
    pub last: PacketStamp,
    /// What came back of it.
    pub echo: Echo,
    /// It ends with the end of a line.
    pub ends: bool,
}

/// What one turn says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelnetTurn {
    /// Commands, in the order in which each was first given, up to [`MAX_COMMANDS`].
    pub commands: Vec<Command>,
    /// Commands that are not among these.
    pub more_commands: u64,
    /// Characters: without commands, without the NUL behind a carriage return (RFC 854), without an echo.
    pub text: Vec<u8>,
    /// Whether `text` stands behind the end of an echo.
    pub behind_echo: bool,
    /// What it belongs to.
    pub part: Part,
    /// Bytes of a command at its end that nothing of this side continues.
    pub cut: usize,
}

/// The turns of a conversation in Telnet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TelnetStory {
    /// What each turn says, in the order of the turns.
    pub turns: Vec<TelnetTurn>,
}

impl TelnetStory {
    /// What was said in `flow`, if its payload was kept.
    #[must_use]
    pub fn of(flow: &Flow) -> Self {
        let Some(talk) = &flow.conversation else { return Self::default() };
        // Where the beginning is not in the capture, who began is a guess; the port is a better one.
        let is_reversed = flow.tuple.orig.port == PORT && flow.tuple.resp.port != PORT;
        Self::read(talk, if is_reversed { Direction::RespToOrig } else { Direction::OrigToResp })
    }

    fn read(talk: &Conversation, typist: Direction) -> Self {
        let mut reader = Reader { typist, story: Self::default(), sides: Default::default(), line: None };
        for turn in &talk.turns {
            reader.take(turn);
        }
        for side in reader.sides {
            if let Some(turn) = reader.story.turns.get_mut(side.turn) {
                turn.cut = side.held.len();
            }
        }
        reader.story
    }
}

/// What is remembered of a side between its turns.
#[derive(Debug, Default)]
struct Side {
    /// The beginning of a command.
    held: Vec<u8>,
    after_return: bool,
    /// The place of its last turn.
    turn: usize,
}

/// A line that is being typed, or whose echo is awaited.
#[derive(Debug)]
struct Line {
    /// The turn that it began with: its place, and its first packet.
    turn: usize,
    first: PacketNumber,
    /// What was typed, of which the first `echoed` bytes came back.
    typed: Vec<u8>,
    echoed: usize,
    ends: bool,
}

struct Reader {
    typist: Direction,
    story: TelnetStory,
    sides: [Side; 2],
    line: Option<Line>,
}

impl Reader {
    fn take(&mut self, turn: &Turn) {
        let place = self.story.turns.len();
        let mut told = self.parts(turn, place);
        if turn.gap_before > 0 {
            self.line = None;
        }
        if turn.direction == self.typist {
            self.typed(turn, place, &mut told);
        } else {
            self.answered(turn, &mut told);
        }
        self.story.turns.push(told);
    }

    /// The commands and the characters of a turn.
    fn parts(&mut self, turn: &Turn, place: usize) -> TelnetTurn {
        let [orig, resp] = &mut self.sides;
        let side = if turn.direction == Direction::OrigToResp { orig } else { resp };
        side.turn = place;
        if turn.gap_before > 0 {
            side.held.clear();
            side.after_return = false;
        }
        let mut bytes = std::mem::take(&mut side.held);
        bytes.extend_from_slice(&turn.bytes);
        let kept = unfinished(&bytes);
        if kept <= MAX_SUBOPTION {
            side.held = bytes.split_off(bytes.len().saturating_sub(kept));
        }
        let mut told = TelnetTurn {
            commands: Vec::new(),
            more_commands: 0,
            text: Vec::new(),
            behind_echo: false,
            part: Part::Said,
            cut: 0,
        };
        for item in Items::of(&bytes) {
            match item {
                Item::Data { bytes, .. } => side.characters(bytes, &mut told.text),
                // It ends the suboption before it.
                Item::Command { code: SE, .. } => {}
                Item::Command { code, option, .. } => told.command(code, option, &[]),
                Item::Suboption { option, value, .. } => told.command(SB, Some(option), value),
            }
        }
        told
    }

    fn typed(&mut self, turn: &Turn, place: usize, told: &mut TelnetTurn) {
        let ends = told.text.ends_with(b"\r") || told.text.ends_with(b"\n");
        let typed = Typed { packets: turn.packet_count, last: turn.last, echo: Echo::None, ends };
        let is_next = told.commands.is_empty() && told.more_commands == 0;
        if told.text.is_empty() {
            match &self.line {
                // The NUL behind a carriage return, or the beginning of a command.
                Some(line) if is_next => told.part = Part::Joined { is_echo: false, first: line.first },
                _ => self.line = None,
            }
            return;
        }
        let open = self.line.as_mut().filter(|line| !line.ends && is_next);
        let begun = open.and_then(|line| Some((self.story.turns.get_mut(line.turn)?, line)));
        if let Some((begun, line)) = begun {
            line.typed.extend_from_slice(&told.text);
            line.ends = ends;
            begun.text.append(&mut told.text);
            if let Part::Typed(before) = &mut begun.part {
                let packets = before.packets.saturating_add(typed.packets);
                *before = Typed { packets, echo: before.echo, ..typed };
            }
            told.part = Part::Joined { is_echo: false, first: line.first };
            return;
        }
        told.part = Part::Typed(typed);
        self.line =
            Some(Line { turn: place, first: turn.first.number, typed: told.text.clone(), echoed: 0, ends });
    }

    fn answered(&mut self, turn: &Turn, told: &mut TelnetTurn) {
        let Some(mut line) = self.line.take() else { return };
        let pending = line.typed.get(line.echoed..).unwrap_or_default();
        let Some(found) = echo(pending, &told.text) else {
            return;
        };
        line.echoed = line.echoed.saturating_add(found.typed);
        told.text.drain(..found.shown.min(told.text.len()));
        if let Some(Part::Typed(typed)) = self.story.turns.get_mut(line.turn).map(|turn| &mut turn.part) {
            typed.echo = if found.stars || typed.echo == Echo::Stars { Echo::Stars } else { Echo::Same };
        }
        let is_all = told.text.is_empty() && told.commands.is_empty() && turn.gap_before == 0;
        if !is_all {
            told.behind_echo = !told.text.is_empty();
            return;
        }
        told.part = Part::Joined { is_echo: true, first: line.first };
        let is_over = line.ends && line.echoed >= line.typed.len();
        self.line = (!is_over).then_some(line);
    }
}

impl Side {
    /// Adds characters; an IAC that is doubled is one.
    fn characters(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        let mut rest = bytes.iter().copied();
        while let Some(byte) = rest.next() {
            let is_padding = std::mem::take(&mut self.after_return) && byte == 0;
            self.after_return = byte == b'\r';
            if byte == IAC {
                rest.next();
            }
            if !is_padding {
                text.push(byte);
            }
        }
    }
}

impl TelnetTurn {
    fn command(&mut self, code: u8, option: Option<u8>, value: &[u8]) {
        let mut short = Vec::with_capacity(value.len().min(MAX_VALUE));
        let mut rest = value.iter().copied();
        while let Some(byte) = rest.next().filter(|_| short.len() < MAX_VALUE) {
            if byte == IAC {
                rest.next();
            }
            short.push(byte);
        }
        let is_same = |one: &&mut Command| one.code == code && one.option == option && one.value == short;
        if let Some(same) = self.commands.iter_mut().find(is_same) {
            same.times = same.times.saturating_add(1);
        } else if self.commands.len() < MAX_COMMANDS {
            self.commands.push(Command { code, option, value: short, times: 1 });
        } else {
            self.more_commands = self.more_commands.saturating_add(1);
        }
    }
}

/// How much of what was typed came back, and how much of the answer that is.
struct Found {
    typed: usize,
    shown: usize,
    stars: bool,
}

/// The echo that `said` begins with: all of it, or it goes on to the end of the line, or of what was typed. Words of a
/// program that begin as a line did are none.
fn echo(typed: &[u8], said: &[u8]) -> Option<Found> {
    let mut found = Found { typed: 0, shown: 0, stars: false };
    let is_over = loop {
        let (wait, rest) = (typed.get(found.typed..)?, said.get(found.shown..)?);
        let (of_typed, of_said) = match (wait, rest) {
            (_, []) | ([], _) => break true,
            ([b'\r' | b'\n', wait @ ..], [b'\r' | b'\n', rest @ ..]) => {
                found.typed += 1 + usize::from(wait.first() == Some(&b'\n'));
                found.shown += 1 + usize::from(rest.first() == Some(&b'\n'));
                break true;
            }
            // How a terminal rubs a character out.
            ([8 | 0x7f, ..], [8, b' ', 8, ..]) => (1, 3),
            ([8 | 0x7f, ..], [8, 0x1b, b'[', b'K', ..]) => (1, 4),
            ([8 | 0x7f, ..], [8, ..]) => (1, 1),
            ([control, ..], [b'^', letter, ..]) if control ^ 0x40 == *letter => (1, 2),
            ([one, ..], [other, ..]) if one == other => (1, 1),
            ([_, ..], [b'*', ..]) => {
                found.stars = true;
                (1, 1)
            }
            // Many are not shown.
            ([0..0x20 | 0x7f, ..], _) if !matches!(wait, [b'\r' | b'\n', ..]) => (1, 0),
            _ => break false,
        };
        found.typed = found.typed.saturating_add(of_typed);
        found.shown = found.shown.saturating_add(of_said);
    };
    (is_over && found.shown > 0).then_some(found)
}

/// What is left of a line once each backspace has taken a character, and how many it took.
#[must_use]
pub fn rubbed_out(line: &[u8]) -> (Vec<u8>, u64) {
    let (mut left, mut taken) = (Vec::with_capacity(line.len()), 0_u64);
    for &byte in line {
        if !matches!(byte, 8 | 0x7f) {
            left.push(byte);
            continue;
        }
        if matches!(left.last(), None | Some(b'\r' | b'\n')) {
            continue;
        }
        // A character of UTF-8 goes as a whole.
        while matches!(left.pop(), Some(0x80..=0xbf)) && matches!(left.last(), Some(0x80..)) {}
        taken = taken.saturating_add(1);
    }
    (left, taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: bool = true;
    const SERVER: bool = false;

    /// What is told of turns that say this, numbered from 1 on.
    fn story(said: &[(bool, &[u8])]) -> Vec<TelnetTurn> {
        let turns = (1..).zip(said).map(|(number, (by_client, bytes))| {
            let at = PacketStamp { number, ts: None };
            Turn {
                direction: if *by_client { Direction::OrigToResp } else { Direction::RespToOrig },
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
        TelnetStory::read(&talk, Direction::OrigToResp).turns
    }

    /// The lines: how they were echoed and what was typed, or what else was said.
    fn lines(said: &[(bool, &[u8])]) -> Vec<String> {
        let turns = story(said);
        let told = turns.iter().filter_map(|turn| {
            let text = String::from_utf8_lossy(&turn.text).into_owned();
            match turn.part {
                Part::Said => Some(format!("said {text:?}")),
                Part::Typed(typed) => Some(format!("{:?} {} {text:?}", typed.echo, typed.packets)),
                Part::Joined { .. } => None,
            }
        });
        told.collect()
    }

    #[test]
    fn letters_are_one_line_and_their_echo_is_none() {
        let said: &[(bool, &[u8])] = &[
            (SERVER, b"login: "),
            (CLIENT, b"b"),
            (SERVER, b"b"),
            (CLIENT, b"oc"),
            (SERVER, b"oc"),
            (CLIENT, b"\x7f"),
            (SERVER, b"\x08 \x08"),
            (CLIENT, b"b\r"),
            (SERVER, b"b"),
            (CLIENT, b"\0"),
            (SERVER, b"\r\nPassword: "),
        ];
        assert_eq!(lines(said)[..2], ["said \"login: \"", "Same 4 \"boc\\u{7f}b\\r\""]);
        assert_eq!(lines(said).last().unwrap(), "said \"Password: \"");
        assert_eq!(rubbed_out(b"boc\x7fb\r"), (b"bob\r".to_vec(), 1));
        assert_eq!(rubbed_out("\x08ä\x08\n\x7fx".as_bytes()), (b"\nx".to_vec(), 1));
    }

    #[test]
    fn what_only_begins_like_the_line_is_no_echo() {
        let said: &[(bool, &[u8])] = &[(CLIENT, b"ls\r\n"), (SERVER, b"ls: not found\r\n$ ")];
        assert_eq!(lines(said), ["None 1 \"ls\\r\\n\"", "said \"ls: not found\\r\\n$ \""]);
        let said: &[(bool, &[u8])] =
            &[(CLIENT, b"s"), (SERVER, b"*"), (CLIENT, b"e\r"), (SERVER, b"*\r\n"), (SERVER, b"ok")];
        assert_eq!(lines(said), ["Stars 2 \"se\\r\"", "said \"ok\""]);
        // Silence between: what follows is the program's.
        let said: &[(bool, &[u8])] =
            &[(CLIENT, b"pw\r"), (SERVER, b"\r\n$ "), (CLIENT, b"ls\r"), (SERVER, b"ls\r\na\r\n")];
        let expected = ["None 1 \"pw\\r\"", "said \"\\r\\n$ \"", "Same 1 \"ls\\r\"", "said \"a\\r\\n\""];
        assert_eq!(lines(said), expected);
    }

    #[test]
    fn commands_stand_apart_also_over_two_turns_and_floods_are_counted() {
        let turns = story(&[(SERVER, b"a\xff"), (CLIENT, b"x"), (SERVER, b"\xfb\x01b\xff\xff\xff\xfa\x18")]);
        assert_eq!(turns[0].text, b"a");
        assert!(turns[0].commands.is_empty());
        let echo = Command { code: 251, option: Some(1), value: Vec::new(), times: 1 };
        assert_eq!(
            (turns[2].commands.as_slice(), turns[2].text.as_slice()),
            ([echo].as_slice(), b"b\xff".as_slice())
        );
        assert_eq!((turns[0].cut, turns[2].cut), (0, 3));
        let flood: Vec<u8> =
            (0..60_000_u32).flat_map(|one| [255, 253, u8::try_from(one % 200).unwrap()]).collect();
        let [turn] = &story(&[(CLIENT, &flood)])[..] else { panic!() };
        assert_eq!((turn.commands.len(), turn.commands[0].times), (MAX_COMMANDS, 300));
        assert_eq!(turn.more_commands, (200 - 48) * 300);
        let long = [b"\xff\xfa\x27".as_slice(), &[7; 3000], b"\xff\xf0"].concat();
        assert_eq!(story(&[(CLIENT, &long)])[0].commands[0].value.len(), MAX_VALUE);
    }
}
