//! What a client's line is: a command, or what AUTH (RFC 4954) asked for.

use crate::proto::lines::{number, word};

/// What a client is expected to say next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// A command.
    #[default]
    Command,
    /// The user's name, as AUTH LOGIN asks for it, in Base64.
    Username,
    /// The password, likewise.
    Password,
    /// Both, as AUTH PLAIN wants them, in Base64.
    Plain,
    /// A response of another mechanism.
    Response,
}

/// What a client has said in a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Said<'a> {
    /// A command that has no more to do with those after it.
    Command,
    /// AUTH with a first response on the same line.
    Auth(Expect, &'a [u8]),
    /// What was expected.
    Secret(Expect),
    /// This was expected, and the client gives AUTH up instead (RFC 4954 section 4).
    Cancel(Expect),
    /// DATA: a mail follows.
    Data,
    /// BDAT: so many bytes of a mail follow, its last ones or not.
    Chunk(u64, bool),
    /// STARTTLS (RFC 3207).
    StartTls,
}

/// Says what is there and never what is secret.
impl std::fmt::Debug for Said<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Command => out.write_str("Command"),
            Self::Auth(expect, _) => write!(out, "Auth({expect:?}, ..)"),
            Self::Secret(expect) => write!(out, "Secret({expect:?})"),
            Self::Cancel(expect) => write!(out, "Cancel({expect:?})"),
            Self::Data => out.write_str("Data"),
            Self::Chunk(len, last) => write!(out, "Chunk({len}, {last})"),
            Self::StartTls => out.write_str("StartTls"),
        }
    }
}

impl Expect {
    /// What `line` is, where this is expected, and what is expected after it.
    #[must_use]
    pub fn hears(self, line: &[u8]) -> (Said<'_>, Self) {
        match self {
            Self::Command => command(line),
            _ if line == b"*" => (Said::Cancel(self), Self::Command),
            Self::Username => (Said::Secret(self), Self::Password),
            _ => (Said::Secret(self), Self::Command),
        }
    }
}

fn command(line: &[u8]) -> (Said<'_>, Expect) {
    let (verb, rest) = word(line);
    let is = |name: &[u8]| verb.eq_ignore_ascii_case(name);
    match () {
        () if is(b"DATA") => (Said::Data, Expect::Command),
        () if is(b"STARTTLS") => (Said::StartTls, Expect::Command),
        () if is(b"BDAT") => {
            let (len, last) = word(rest);
            (Said::Chunk(number(len).unwrap_or(0), last.eq_ignore_ascii_case(b"LAST")), Expect::Command)
        }
        () if is(b"AUTH") => {
            let (mechanism, first) = word(rest);
            let (now, then) = match () {
                () if mechanism.eq_ignore_ascii_case(b"LOGIN") => (Expect::Username, Expect::Password),
                () if mechanism.eq_ignore_ascii_case(b"PLAIN") => (Expect::Plain, Expect::Command),
                () => (Expect::Response, Expect::Command),
            };
            match first {
                [] => (Said::Command, now),
                _ => (Said::Auth(now, first), then),
            }
        }
        () => (Said::Command, Expect::Command),
    }
}
