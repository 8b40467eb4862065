//! What is a secret in a line of text or in a message: one answer for whoever lists them (`audit`) and whoever does not show
//! them (`http`, `explain`).
//!
//! [`read`] finds them in a line and says where they stand; [`Masker`] and its like put [`MASK`] there.

mod command;
mod field;
mod find;
mod mask;
mod name;
mod prompt;

use std::borrow::Cow;
use std::ops::Range;

use crate::proto::judge;

pub use command::Resp;
pub use find::read;
pub use mask::{Masker, masked_header, masked_target, masked_text};
pub(in crate::report) use prompt::is_prompt;

/// Stands for a secret that is not shown; its length is not shown either.
pub const MASK: &str = "********";

/// What kind of secret it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretKind {
    /// HTTP's Basic authentication (RFC 7617): user and password.
    HttpBasic,
    /// A bearer token (RFC 6750).
    BearerToken,
    /// Credentials of another scheme of HTTP's (RFC 9110 section 11.4), or of none.
    Credentials,
    /// A cookie (RFC 6265): who has it is taken for its owner.
    Cookie,
    /// A header, a field of a form, a query or a JSON document whose name says that it is secret.
    Field,
    /// A password that was sent with a command, in an address, or typed after a prompt.
    Password,
    /// A digest that stands for a password, which can be guessed at leisure (APOP, RFC 1939 section 7; HTTP's Digest, RFC 7616).
    Digest,
    /// The account that FTP's ACCT names (RFC 959 section 4.1.1): servers that ask for it ask for it like for a password.
    Account,
    /// The community of SNMP version 1 and 2c.
    Community,
}

impl SecretKind {
    /// As a word of JSON: `http_basic`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::HttpBasic => "http_basic",
            Self::BearerToken => "bearer_token",
            Self::Credentials => "credentials",
            Self::Cookie => "cookie",
            Self::Field => "field",
            Self::Password => "password",
            Self::Digest => "digest",
            Self::Account => "account",
            Self::Community => "community",
        }
    }

    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::HttpBasic => "HTTP Basic",
            Self::BearerToken => "bearer token",
            Self::Credentials => "HTTP credentials",
            Self::Cookie => "cookie",
            Self::Field => "field",
            Self::Password => "password",
            Self::Digest => "password digest",
            Self::Account => "account",
            Self::Community => "SNMP community",
        }
    }
}

/// A secret in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// What kind.
    pub kind: SecretKind,
    /// The name of the cookie or field.
    pub name: Option<Cow<'a, [u8]>>,
    /// Whose it is, where that is said.
    pub user: Option<Cow<'a, [u8]>>,
    /// The secret itself, its escapes undone.
    pub value: Cow<'a, [u8]>,
    /// Where it stands in the line, with what is packed together with it.
    pub at: Range<usize>,
}

/// What the next line of a side is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// Anything.
    #[default]
    Anything,
    /// A user name, in base64 or not.
    User {
        /// In base64.
        base64: bool,
    },
    /// A password, in base64 or not.
    Password {
        /// In base64.
        base64: bool,
    },
    /// A response of SASL's PLAIN (RFC 4616).
    Plain,
    /// The user name of SASL's LOGIN, in base64, behind which the password comes, asked for or not.
    LoginName,
    /// A response with a token, in base64.
    Token,
    /// A response that was computed with the password, in base64.
    Digest,
    /// The user name of LOGIN of IMAP, of so many bytes, and what follows it.
    LoginLiteral {
        /// How many.
        len: usize,
    },
    /// A word of a command of Redis's, or the length of it.
    Resp(Resp),
    /// The value of a field of this name, of a multipart form or a JSON document.
    Field(Vec<u8>),
    /// Perhaps the rest of a header that is secret, if it begins with white space (RFC 9112 section 5.2).
    Folded {
        /// The header so far, on one line.
        header: Vec<u8>,
        /// How many lines went on with it.
        folds: u8,
    },
}

impl Expect {
    /// A word that the other side asked for, which may come letter by letter.
    #[must_use]
    pub const fn is_answer(&self) -> bool {
        matches!(self, Self::User { .. } | Self::Password { .. })
    }

    /// What comes is not shown, whether a secret is recognised in it or not.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        matches!(self, Self::Password { .. } | Self::Plain | Self::Token | Self::Digest | Self::Field(_))
    }

    /// Whether a line is looked at, of which this is expected: text in any encoding, and any answer but a command of
    /// Telnet's.
    #[must_use]
    pub fn is_looked_at(&self, line: &[u8]) -> bool {
        let is_text = |byte: &u8| matches!(byte, 0x20..=0x7e | 0x80..) || matches!(byte, b'\t' | 8 | 0x1b);
        judge(line).is_text()
            || self.is_answer() && line.first() != Some(&0xff)
            || line.iter().all(is_text) && line.first() != Some(&0xff)
    }
}

/// What a line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line<'a> {
    /// Secrets.
    pub found: Vec<Found<'a>>,
    /// All of it is secret, or has more secrets than were wanted.
    pub hides: bool,
    /// A user name that a password will follow.
    pub user: Option<Vec<u8>>,
    /// What the same side sends next.
    pub next: Expect,
    /// What the other side sends next, where this is a prompt.
    pub asks: Option<Expect>,
    /// What an HTTP body is packed with.
    pub packed: Option<Vec<u8>>,
    most: usize,
}

impl<'a> Line<'a> {
    fn of_at_most(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    fn push(&mut self, found: Found<'a>) {
        if self.found.len() < self.most {
            self.found.push(found);
        } else {
            self.hides = true;
        }
    }
}
