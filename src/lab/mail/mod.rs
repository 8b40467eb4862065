//! `mail`: a mail on its way over SMTP (RFC 5321), from a client through transfer agents to a mailbox.
//!
//! An agent takes a mail, writes its Received line above those that are there, and hands it to the next (`--next`) or puts it into
//! its mailbox. It answers once that is done, so that a mail is never lost between two agents, and who sent it knows when
//! it has arrived.

mod client;
mod commands;
mod letters;
mod lines;
mod mailbox;
mod sending;
mod session;

use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use mailbox::Mailbox;

use super::{Lab, LabError, LabOption, Logic, Settings, Transport};

pub(super) static LAB: Lab = Lab {
    name: "mail",
    title: "a mail through transfer agents to a mailbox, each adding its Received line; one mail is a forgery",
    transport: Transport::Tcp,
    default_port: 2525,
    messages: &["honest"],
    options: &[LabOption::Next, LabOption::File],
    logic,
    client: client::run,
};

/// Most bytes of a mail, as SIZE announces it (RFC 1870): every client that may be connected can bring one at once.
const MAX_MAIL: usize = 1024 * 1024;

/// Most bytes of a line of a mail, its end included (RFC 5321 §4.5.3.1.6).
const MAX_TEXT_LINE: usize = 1000;

/// Most bytes of a command or reply line: RFC 5321 §4.5.3.1.4 has 512, extensions add to it.
const MAX_LINE: usize = 1000;

/// Most recipients of a mail: at least 100 have to be taken (RFC 5321 §4.5.3.1.8).
const MAX_RECIPIENTS: usize = 100;

fn logic(settings: &Settings) -> Result<Logic, LabError> {
    let mailbox = settings.file.clone().map(Mailbox::open).transpose()?;
    Ok(Logic::Stream(Box::new(Agent {
        next: settings.next,
        names: settings.names.clone(),
        mailbox: mailbox.map(Mutex::new),
        mails: AtomicU64::new(0),
    })))
}

/// A mail transfer agent.
struct Agent {
    /// Whom it hands mails to; `None` where they end here.
    next: Option<SocketAddr>,
    /// Names of hosts that are not on loopback.
    names: Vec<(IpAddr, &'static str)>,
    /// The file that mails are kept in; without one they are taken, told and let go.
    mailbox: Option<Mutex<Mailbox>>,
    /// How many it took, for their names.
    mails: AtomicU64,
}

impl Agent {
    /// The name that its name service finds for an address.
    fn name_of(&self, address: IpAddr) -> Option<&'static str> {
        let given = self.names.iter().find(|(of, _)| *of == address.to_canonical());
        given.map(|(_, name)| *name).or_else(|| name_of(address))
    }

    /// What it calls itself at an address of its own.
    fn own_name(&self, here: IpAddr) -> String {
        self.name_of(here).map_or_else(|| literal(here), str::to_owned)
    }
}

/// Who sends a mail, and to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Envelope {
    /// Empty: nobody, as of mails about mails.
    from: String,
    to: Vec<String>,
}

/// The name that the lab's own name service would find for an address.
fn name_of(address: IpAddr) -> Option<&'static str> {
    Some(match address.to_canonical() {
        IpAddr::V4(address) => match address.octets() {
            [127, 0, 0, 1] => "desk.student.example",
            [127, 0, 0, 2] => "relay.campus.example",
            [127, 0, 0, 3] => "mx.college.example",
            _ => return None,
        },
        IpAddr::V6(address) if address.is_loopback() => "desk.student.example",
        IpAddr::V6(_) => return None,
    })
}

/// An address as mail writes it (RFC 5321 §4.1.3).
fn literal(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    }
}

/// What a host calls itself in truth.
fn own_name(address: IpAddr) -> String {
    name_of(address).map_or_else(|| literal(address), str::to_owned)
}
