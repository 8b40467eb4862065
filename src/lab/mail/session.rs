//! An agent's side of SMTP: what is said to it in which order, and what becomes of the mail.

use std::net::{IpAddr, SocketAddr};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::commands::{self, Command};
use super::lines::{Line, Lines};
use super::sending::{NotSent, Sending};
use super::{Agent, Envelope, MAX_LINE, MAX_MAIL, MAX_RECIPIENTS, MAX_TEXT_LINE, literal};
use crate::lab::http::AGENT;
use crate::lab::link::{Broken, Link};
use crate::lab::{Ending, Note, Over, Problem, StreamService, Talk, clock};

/// Longest time for a command, and for each line of a mail (RFC 5321 §4.5.3.2.7 asks for five minutes).
const PATIENCE: Duration = Duration::from_secs(300);

/// Longest wait for the next agent, whose answer the sender waits for.
const NEXT: Duration = Duration::from_secs(10);

/// Most commands of a connection, so that a place is given back.
const MAX_COMMANDS: usize = 1000;

/// Most commands that make no sense before a client is sent away.
const MAX_MISTAKES: usize = 20;

/// Received lines after which a mail is taken to go round in circles (RFC 5321 §6.3).
const MAX_HOPS: usize = 100;

/// What a client has said of itself and of the mail that it brings.
#[derive(Default)]
struct State {
    /// Its name, and whether it said EHLO.
    hello: Option<(String, bool)>,
    envelope: Option<Envelope>,
}

impl StreamService for Agent {
    fn attend(&self, talk: &mut Talk<'_>) -> Result<(), Over> {
        let talked = self.talk(talk);
        if let Err(Over::Failed(Problem::Unfinished { .. })) = talked {
            talk.say(b"421 too slow, goodbye\r\n")?;
        }
        if !matches!(talked, Err(Over::Ended(_))) {
            talk.farewell();
        }
        talked
    }
}

impl Agent {
    fn talk(&self, talk: &mut Talk<'_>) -> Result<(), Over> {
        let name = self.own_name(talk.server().ip());
        let patience = PATIENCE.min(talk.limits().idle);
        let (mut lines, mut state, mut mistakes) = (Lines::default(), State::default(), 0);
        talk.say(format!("220 {name} ESMTP {AGENT}\r\n").as_bytes())?;
        for _ in 0..MAX_COMMANDS {
            let read = match lines.next(talk, MAX_LINE, patience)? {
                Line::Whole(line) => commands::read(crate::lab::without_line_end(&line)),
                Line::TooLong => Err((500, "that line is too long")),
            };
            let (code, text) = match read.and_then(|command| state.take(command)) {
                Ok(Next::Say(code, text)) => {
                    reply(talk, code, text)?;
                    if code == 221 {
                        return Ok(());
                    }
                    continue;
                }
                Ok(Next::Greet { extended }) => {
                    talk.say(greeting(&name, extended).as_bytes())?;
                    continue;
                }
                Ok(Next::Data) => {
                    reply(talk, 354, "go on; a line with one dot ends it")?;
                    let taken = take_mail(&mut lines, talk, patience)?;
                    let envelope = state.envelope.take().unwrap_or_default();
                    match taken {
                        Taken::Mail(mail) => {
                            let (code, text) = self.deliver(talk, &state, &envelope, &mail)?;
                            reply(talk, code, &text)?;
                        }
                        Taken::Refused(code, text) => reply(talk, code, text)?,
                        Taken::Smuggled => {
                            reply(
                                talk,
                                550,
                                "lines end with CR LF here; one that ends otherwise could hide a second mail",
                            )?;
                            return Ok(());
                        }
                    }
                    continue;
                }
                Err(refused) => refused,
            };
            mistakes += 1;
            if mistakes > MAX_MISTAKES {
                return reply(talk, 421, "too many mistakes, goodbye");
            }
            reply(talk, code, text)?;
        }
        reply(talk, 421, "too many commands, goodbye")
    }

    /// Puts the Received line above the mail and passes it on, or keeps it; what the sender is told.
    fn deliver(
        &self,
        talk: &mut Talk<'_>,
        state: &State,
        envelope: &Envelope,
        mail: &[u8],
    ) -> Result<(u16, String), Over> {
        let hops = mail.split(|byte| *byte == b'\n').take_while(|line| !matches!(*line, b"" | b"\r"));
        let is_received =
            |line: &&[u8]| line.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"received:"));
        if hops.filter(is_received).count() >= MAX_HOPS {
            return Ok((
                554,
                "that mail has been through too many agents: it goes round in circles".to_owned(),
            ));
        }
        let id = self.new_id(talk);
        let trace = self.trace(talk, state, envelope, &id);
        let mut whole = format!("Received: {}\r\n", trace.join("\r\n\t")).into_bytes();
        whole.extend_from_slice(mail);
        let done = match self.next {
            Some(next) => self.pass_on(talk, next, envelope, &whole)?,
            None => self.keep(envelope, &whole),
        };
        if let Err(refused) = done {
            return Ok(refused);
        }
        let length = u64::try_from(whole.len()).unwrap_or(u64::MAX);
        let (next, kept) = (self.next, self.next.is_none() && self.mailbox.is_some());
        talk.note(Note::Mail { id: id.clone(), length, next, kept, received: trace.join(" ") });
        let what = if next.is_some() { "passed on" } else { "delivered" };
        Ok((250, format!("{what} as {id}")))
    }

    /// What this agent calls a mail: the time, and by its address and a number no other mail of this second.
    fn new_id(&self, talk: &Talk<'_>) -> String {
        let here = match talk.server().ip() {
            IpAddr::V4(address) => address.octets()[3],
            IpAddr::V6(address) => address.octets()[15],
        };
        let number = self.mails.fetch_add(1, Ordering::Relaxed) % 0x1000;
        format!("{:X}{here:02X}{number:03X}", clock::now())
    }

    /// RFC 5321 §4.4: the name that the client gave itself, and beside it what this agent saw.
    fn trace(&self, talk: &Talk<'_>, state: &State, envelope: &Envelope, id: &str) -> Vec<String> {
        let peer = talk.peer().ip();
        let (claimed, extended) = state.hello.clone().unwrap_or_default();
        let mut lines = vec![
            format!("from {claimed} ({} {})", self.name_of(peer).unwrap_or("unknown"), literal(peer)),
            format!(
                "by {} (wirelab) with {} id {id}",
                self.own_name(talk.server().ip()),
                if extended { "ESMTP" } else { "SMTP" }
            ),
        ];
        let date = clock::mail_date(clock::now());
        match envelope.to.as_slice() {
            // With more than one, the line would tell each of the others.
            [one] => lines.push(format!("for <{one}>; {date}")),
            _ => lines.push(format!("; {date}")),
        }
        lines
    }

    fn keep(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), (u16, String)> {
        let Some(mailbox) = &self.mailbox else { return Ok(()) };
        let mut mailbox = mailbox.lock().unwrap_or_else(PoisonError::into_inner);
        mailbox.keep(envelope, mail).map_err(|error| (452, format!("the mailbox takes no more: {error}")))
    }

    fn pass_on(
        &self,
        talk: &Talk<'_>,
        next: SocketAddr,
        envelope: &Envelope,
        mail: &[u8],
    ) -> Result<Result<(), (u16, String)>, Over> {
        let here = talk.server();
        if next == here {
            return Ok(Err((554, "this agent would pass the mail on to itself".to_owned())));
        }
        // From the address that it listens on, so that the next agent sees who it is.
        let from = Some(here.ip()).filter(|address| !address.is_unspecified());
        let within = NEXT.min(talk.limits().idle);
        let sent = Link::open(next, from, within, talk.policy(), talk.stop_flag())
            .map_err(NotSent::from)
            .and_then(|mut link| {
                let mut sending = Sending { link: &mut link, within, told: &mut |_| {} };
                sending.send(&self.own_name(here.ip()), envelope, mail)
            });
        Ok(Err(match sent {
            Ok(()) => return Ok(Ok(())),
            Err(NotSent::Link(Broken::Stopped)) => return Err(Over::Ended(Ending::ByUs)),
            Err(NotSent::Link(broken)) => (451, format!("the next agent, {next}: {broken}")),
            Err(NotSent::Refused(code, said)) => {
                let code = if code >= 500 { 554 } else { 451 };
                (
                    code,
                    format!("the next agent, {next}, said: {}", said.chars().take(400).collect::<String>()),
                )
            }
        }))
    }
}

/// What comes after a command.
enum Next {
    Say(u16, &'static str),
    Greet { extended: bool },
    Data,
}

impl State {
    /// A command in its order (RFC 5321 §4.1.4).
    fn take(&mut self, command: Command) -> Result<Next, (u16, &'static str)> {
        const FIRST_HELLO: (u16, &str) = (503, "say EHLO first");
        match command {
            Command::Hello { name, extended } => {
                self.hello = Some((name, extended));
                self.envelope = None;
                Ok(Next::Greet { extended })
            }
            Command::Mail { .. } if self.hello.is_none() => Err(FIRST_HELLO),
            Command::Mail { .. } if self.envelope.is_some() => {
                Err((503, "a mail has begun already; RSET forgets it"))
            }
            Command::Mail { size: Some(size), .. } if size > u64::try_from(MAX_MAIL).unwrap_or(u64::MAX) => {
                Err((552, "that is more than is taken here"))
            }
            Command::Mail { from, .. } => {
                self.envelope = Some(Envelope { from, to: Vec::new() });
                Ok(Next::Say(250, "and to whom?"))
            }
            Command::Recipient(to) => {
                let Some(envelope) = &mut self.envelope else { return Err((503, "say MAIL first")) };
                if envelope.to.len() >= MAX_RECIPIENTS {
                    return Err((452, "too many recipients"));
                }
                envelope.to.push(to);
                Ok(Next::Say(250, "noted"))
            }
            Command::Data => match &self.envelope {
                Some(envelope) if !envelope.to.is_empty() => Ok(Next::Data),
                Some(_) => Err((503, "say RCPT first")),
                None => Err((503, "say MAIL first")),
            },
            Command::Reset => {
                self.envelope = None;
                Ok(Next::Say(250, "forgotten"))
            }
            Command::Nothing => Ok(Next::Say(250, "done")),
            Command::Verify => Ok(Next::Say(252, "who is here is not told; the mail is tried")),
            Command::Help => Ok(Next::Say(214, "EHLO, MAIL, RCPT, DATA, RSET, NOOP, VRFY, QUIT")),
            Command::Quit => Ok(Next::Say(221, "goodbye")),
        }
    }
}

fn greeting(name: &str, extended: bool) -> String {
    if extended {
        format!("250-{name}\r\n250-SIZE {MAX_MAIL}\r\n250-8BITMIME\r\n250 PIPELINING\r\n")
    } else {
        format!("250 {name}\r\n")
    }
}

fn reply(talk: &mut Talk<'_>, code: u16, text: &str) -> Result<(), Over> {
    talk.say(format!("{code} {text}\r\n").as_bytes())
}

/// What came after DATA.
enum Taken {
    Mail(Vec<u8>),
    Refused(u16, &'static str),
    /// A CR or LF that ends no line: an agent that takes it for an end would see other commands than this one.
    Smuggled,
}

/// Takes the lines up to the one dot, dots at their beginnings taken off.
fn take_mail(lines: &mut Lines, talk: &mut Talk<'_>, patience: Duration) -> Result<Taken, Over> {
    let (mut mail, mut refused) = (Vec::new(), None);
    loop {
        let line = match lines.next(talk, MAX_TEXT_LINE, patience)? {
            Line::Whole(line) => line,
            Line::TooLong => {
                refused = Some((554, "a line is longer than 1000 bytes"));
                continue;
            }
        };
        match line.strip_suffix(b"\r\n") {
            Some(text) if !text.contains(&b'\r') => {}
            _ => return Ok(Taken::Smuggled),
        }
        if line == b".\r\n" {
            return Ok(refused.map_or(Taken::Mail(mail), |(code, text)| Taken::Refused(code, text)));
        }
        let text = line.strip_prefix(b".").unwrap_or(&line);
        if mail.len() + text.len() > MAX_MAIL {
            refused = Some((552, "that is more than is taken here"));
            mail = Vec::new();
        }
        if refused.is_none() {
            mail.extend_from_slice(text);
        }
    }
}
