//! The client: a mail that was brought along, or one of a file, handed to the first agent.

use crate::lab::client::{Outcome, Session};
use crate::lab::link::{Fault, Link, outcome};
use crate::lab::{Ending, Event, LabError};

use super::letters;
use super::sending::{NotSent, Said, Sending};

pub(super) fn run(session: Session<'_>) -> Result<Outcome, LabError> {
    let (server, within) = (session.options.server, session.options.timeout);
    outcome(send(session), server, within)
}

fn send(session: Session<'_>) -> Result<(), Fault> {
    let Session { options, messages, stop, on_event, .. } = session;
    let (peer, within) = (options.server, options.timeout);
    for name in messages {
        let name = name.map_err(LabError::Messages)?;
        let here = if peer.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
        // Looked for before anything is sent: a wrong name or file says nothing to the server.
        let letter = match &options.settings.file {
            Some(path) => letters::from_file(path, here)?,
            None => letters::bundled(&name, here).ok_or_else(|| LabError::Setting {
                option: "--say",
                value: String::from_utf8_lossy(&name)
                    .chars()
                    .take(64)
                    .collect::<String>()
                    .escape_debug()
                    .to_string(),
                problem: "the mails are honest and forged; --file sends another",
            })?,
        };
        let mut link = Link::open(peer, None, within, options.policy, stop)?;
        on_event(Event::Opened { local: link.local(), peer });
        let mut told = |said: Said<'_>| {
            on_event(match said {
                Said::Ours(line) => Event::Sent { peer, bytes: line.to_vec() },
                Said::Theirs(line) => Event::Received { peer, bytes: line.to_vec() },
                Said::NotOurs => Event::NotSent { peer },
                Said::Mail(length) => {
                    Event::Carried { peer, length: u64::try_from(length).unwrap_or(u64::MAX), sent: true }
                }
            });
        };
        let mut sending = Sending { link: &mut link, within, told: &mut told };
        let sent = sending.send(&letter.hello, &letter.envelope, &letter.text);
        let ending = if matches!(sent, Err(NotSent::Link(_))) { Ending::Reset } else { Ending::ByPeer };
        match sent {
            Ok(()) => on_event(Event::Closed { peer, ending }),
            Err(NotSent::Link(broken)) => return Err(broken.into()),
            Err(NotSent::Refused(_, said)) => {
                on_event(Event::Closed { peer, ending });
                return Err(LabError::Refusal { server: peer, said }.into());
            }
        }
        if options.settings.file.is_some() {
            break;
        }
    }
    Ok(())
}
