//! What does not fit in a mail, with its evidence. Nothing here is more than the headers and packets show: a mail is not
//! called forged, the host is named that nobody vouches for.

use super::message::Known;
use super::names::{domain, domain_of, folded, is_private, is_same_domain, shared_end_alone};
use super::path::has_false_name;
use super::received::is_impossible;
use super::{Hop, MAX_FINDINGS, MailMessage, Source, bounded};

/// Clocks of hosts that are kept right differ by less, in seconds.
const MAX_SKEW: i64 = 60;

/// A clock that is further off, in seconds, is more likely a date that was made up, or one that nobody has set.
const WRONG_CLOCK: i64 = 3600;

/// A hop that takes longer, in seconds, is worth a word.
const LONG: i64 = 86_400;

/// Most domains of authors that are judged: each against all hops.
const MAX_AUTHORS: usize = 16;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It happens in honest mails every day, and should be known.
    Note,
    /// It happens in honest mails too, and is what forgeries look like.
    Doubt,
    /// It cannot be so in an honest mail whose hosts work.
    Wrong,
}

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The hop that it is of, by its place in [`super::Path::hops`].
    pub hop: Option<usize>,
    /// What it is.
    pub what: Oddity,
}

/// What may not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// The name that a host gave itself is not of the domain that the receiver found for its address.
    NameDiffers,
    /// The address that a host gave as its name is not the one that it came from.
    AddressDiffers,
    /// The receiver found no name for the address.
    NoName,
    /// The receiver says that the name it found does not lead back to the address.
    MayBeForged,
    /// What stands as an address cannot be one.
    ImpossibleAddress,
    /// Who took the mail in this hop is not who handed it over in the next.
    Break,
    /// The same, but the host gave itself the name that fits, while another was looked up.
    ClaimedLink,
    /// The line stands below what the author of the mail wrote.
    Misplaced,
    /// A private address behind a public one.
    PrivateAddress,
    /// A line that says neither who took the mail nor from whom nor when.
    Unreadable,
    /// The date of the line is none.
    NoDate,
    /// The date names a day of the week that it is not.
    WrongWeekday,
    /// The date has a time zone that does not exist.
    WrongZone,
    /// This hop was before the one before it, by so many seconds.
    TimeBackwards(i64),
    /// This hop came so many seconds after the one before.
    LongDelay(i64),
    /// The Date header is so many seconds later than the first hop.
    DateAhead(i64),
    /// The Date header is so many seconds before the first hop.
    DateBehind(i64),
    /// The Date header is none.
    DateUnreadable,
    /// The Date header names a day of the week that it is not.
    DateWeekday,
    /// No host of the domain in From is on the path that can be relied on.
    FromOffPath(Box<[u8]>),
    /// The name before the address of From (first) is another address than that (second).
    NameIsAddress(Box<[u8]>, Box<[u8]>),
    /// From names so many mailboxes.
    SeveralFrom(usize),
    /// Names were taken for those of one organisation that share no more than this end.
    SharedEnd(Box<[u8]>),
    /// The sender of the envelope (first) is of another domain than From (second).
    SenderDiffers(Box<[u8]>, Box<[u8]>),
    /// Answers go to another domain (first) than From (second).
    ReplyToDiffers(Box<[u8]>, Box<[u8]>),
    /// The Message-ID (first) was made by another domain than From (second).
    MessageIdDiffers(Box<[u8]>, Box<[u8]>),
    /// The envelope names somebody that To and Cc do not.
    HiddenRecipient(Box<[u8]>),
    /// A header stands there more than once that may only once (RFC 5322 section 3.6).
    Twice(&'static str),
    /// A header that every mail must have is missing (RFC 5322 section 3.6).
    Missing(&'static str),
    /// The receiver's own check says so: header name and what it says.
    Verdict(&'static str, Box<[u8]>),
}

impl Oddity {
    /// How much it weighs.
    #[must_use]
    pub const fn weight(&self) -> Weight {
        match self {
            Self::ImpossibleAddress
            | Self::ClaimedLink
            | Self::Break
            | Self::Misplaced
            | Self::WrongWeekday
            | Self::WrongZone
            | Self::DateWeekday
            | Self::Twice(..) => Weight::Wrong,
            Self::NameDiffers
            | Self::AddressDiffers
            | Self::MayBeForged
            | Self::Unreadable
            | Self::FromOffPath(..)
            | Self::NameIsAddress(..)
            | Self::SeveralFrom(..)
            | Self::ReplyToDiffers(..)
            | Self::DateUnreadable
            | Self::Verdict(..) => Weight::Doubt,
            Self::TimeBackwards(seconds) | Self::DateAhead(seconds) => {
                if *seconds > WRONG_CLOCK {
                    Weight::Doubt
                } else {
                    Weight::Note
                }
            }
            Self::NoName
            | Self::PrivateAddress
            | Self::NoDate
            | Self::LongDelay(..)
            | Self::DateBehind(..)
            | Self::SharedEnd(..)
            | Self::SenderDiffers(..)
            | Self::MessageIdDiffers(..)
            | Self::HiddenRecipient(..)
            | Self::Missing(..) => Weight::Note,
        }
    }

    /// A name for it that does not change, for scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NameDiffers => "name_differs",
            Self::AddressDiffers => "address_differs",
            Self::NoName => "no_name",
            Self::MayBeForged => "may_be_forged",
            Self::ImpossibleAddress => "impossible_address",
            Self::Break => "break",
            Self::ClaimedLink => "claimed_link",
            Self::Misplaced => "misplaced",
            Self::PrivateAddress => "private_address",
            Self::Unreadable => "unreadable",
            Self::NoDate => "no_date",
            Self::WrongWeekday => "wrong_weekday",
            Self::WrongZone => "wrong_zone",
            Self::TimeBackwards(..) => "time_backwards",
            Self::LongDelay(..) => "long_delay",
            Self::DateAhead(..) => "date_ahead",
            Self::DateBehind(..) => "date_behind",
            Self::DateUnreadable => "date_unreadable",
            Self::DateWeekday => "date_weekday",
            Self::FromOffPath(..) => "from_off_path",
            Self::NameIsAddress(..) => "name_is_address",
            Self::SeveralFrom(..) => "several_from",
            Self::SharedEnd(..) => "shared_end",
            Self::SenderDiffers(..) => "sender_differs",
            Self::ReplyToDiffers(..) => "reply_to_differs",
            Self::MessageIdDiffers(..) => "message_id_differs",
            Self::HiddenRecipient(..) => "hidden_recipient",
            Self::Twice(..) => "twice",
            Self::Missing(..) => "missing",
            Self::Verdict(..) => "verdict",
        }
    }
}

impl From<Oddity> for Finding {
    /// Of the mail as a whole.
    fn from(what: Oddity) -> Self {
        Self { hop: None, what }
    }
}

/// All findings of a mail, those of the path first, at most [`MAX_FINDINGS`].
pub(super) fn find(mail: &MailMessage, known: &Known<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (place, hop) in mail.path.hops.iter().enumerate() {
        of_hop(mail, place, hop, &mut found);
    }
    of_times(mail, &mut found);
    of_authors(mail, &mut found);
    of_sender(mail, known, &mut found);
    of_shared_ends(mail, known, &mut found);
    of_recipients(mail, known, &mut found);
    of_form(mail, &mut found);
    found.truncate(MAX_FINDINGS);
    found
}

fn of_hop(mail: &MailMessage, place: usize, hop: &Hop, found: &mut Vec<Finding>) {
    use super::Link;

    let is_literal =
        hop.claimed.as_deref().is_some_and(|claimed| super::names::address_of(claimed).is_some());
    let mut add = |holds: bool, what: Oddity| {
        if holds {
            found.push(Finding { hop: Some(place), what });
        }
    };
    add(hop.is_unreadable(), Oddity::Unreadable);
    add(hop.is_misplaced, Oddity::Misplaced);
    let impossible = hop.impossible.is_some() || hop.address.is_some_and(is_impossible);
    add(impossible, Oddity::ImpossibleAddress);
    let differs = has_false_name(hop);
    add(differs && is_literal, Oddity::AddressDiffers);
    add(differs && !is_literal, Oddity::NameDiffers);
    add(hop.may_be_forged, Oddity::MayBeForged);
    add(hop.has_no_name, Oddity::NoName);
    match mail.path.links.get(place) {
        Some(Link::Broken) => add(true, Oddity::Break),
        Some(Link::Contradicted) => add(true, Oddity::ClaimedLink),
        _ => {}
    }
    let before_is_public = place
        .checked_sub(1)
        .and_then(|before| mail.path.hops.get(before)?.address)
        .is_some_and(|address| !is_private(address));
    let is_private = hop.address.is_some_and(|address| is_private(address) && !address.is_loopback());
    add(is_private && before_is_public, Oddity::PrivateAddress);
    let is_header = matches!(hop.source, Source::Header(_));
    add(is_header && hop.date.is_none() && !hop.is_unreadable(), Oddity::NoDate);
    add(hop.date.is_some_and(|date| date.wrong_weekday), Oddity::WrongWeekday);
    add(hop.date.is_some_and(|date| date.has_impossible_zone()), Oddity::WrongZone);
}

/// Times of hops against each other, and the Date header against the first.
fn of_times(mail: &MailMessage, found: &mut Vec<Finding>) {
    let mut before: Option<i64> = None;
    for (hop, date) in mail.path.hops.iter().enumerate().filter_map(|(place, hop)| Some((place, hop.date?))) {
        if let Some(before) = before {
            let seconds = date.seconds.saturating_sub(before);
            if seconds < 0 {
                found.push(Finding { hop: Some(hop), what: Oddity::TimeBackwards(seconds.saturating_neg()) });
            } else if seconds > LONG {
                found.push(Finding { hop: Some(hop), what: Oddity::LongDelay(seconds) });
            }
        }
        before = Some(date.seconds);
    }
    let Some(line) = mail.header("date") else { return };
    let Some(date) = super::MailDate::read(&line.value) else {
        found.push(Oddity::DateUnreadable.into());
        return;
    };
    if date.wrong_weekday {
        found.push(Oddity::DateWeekday.into());
    }
    let Some(first) = mail.path.hops.iter().find_map(|hop| hop.date) else { return };
    let seconds = first.seconds.saturating_sub(date.seconds);
    if seconds < -MAX_SKEW {
        found.push(Oddity::DateAhead(seconds.saturating_neg()).into());
    } else if seconds > LONG {
        found.push(Oddity::DateBehind(seconds).into());
    }
}

/// Whether From shows one address and means another, or names several.
fn of_authors(mail: &MailMessage, found: &mut Vec<Finding>) {
    for line in mail.all("from") {
        let authors = line.mailboxes();
        if authors.len() > 1 {
            found.push(Oddity::SeveralFrom(authors.len()).into());
        }
        for author in authors.iter().take(MAX_AUTHORS) {
            let shown = author.name.as_deref().and_then(address_in);
            if let Some(shown) = shown.filter(|shown| !shown.eq_ignore_ascii_case(&author.address)) {
                found.push(Oddity::NameIsAddress(bounded(shown), author.address.clone()).into());
            }
        }
    }
}

/// A word of a name that has the form of an address.
fn address_in(name: &str) -> Option<&[u8]> {
    let is_edge = |letter: char| !letter.is_alphanumeric();
    let words = name.split(char::is_whitespace).map(|word| word.trim_matches(is_edge));
    words.map(str::as_bytes).find(|word| {
        let is_host = |host: &[u8]| super::names::is_name(host) && domain(host).is_some();
        memchr::memchr(b'@', word).is_some_and(|at| at > 0) && domain_of(word).is_some_and(is_host)
    })
}

/// Ends of names that were enough to take hosts, or a host and an author, for one organisation's.
fn of_shared_ends(mail: &MailMessage, known: &Known<'_>, found: &mut Vec<Finding>) {
    let mut ends: Vec<Vec<u8>> = Vec::new();
    let mut add = |one: Option<&[u8]>, other: Option<&[u8]>| {
        let end = one.zip(other).and_then(|(one, other)| shared_end_alone(one, other));
        ends.extend(end.filter(|end| !ends.contains(end)));
    };
    let path = &mail.path;
    for (place, hop) in path.hops.iter().enumerate() {
        add(hop.claimed.as_deref(), hop.looked_up.as_deref());
        if path.links.get(place) == Some(&super::Link::SameDomain) {
            let next = path.hops.get(place.saturating_add(1));
            add(hop.by.as_deref(), next.and_then(|next| next.looked_up.as_deref()));
        }
    }
    let reply_to = mail.address("reply-to");
    for author in mail.all("from").flat_map(super::HeaderLine::addresses).take(MAX_AUTHORS) {
        let Some(of_author) = domain_of(&author) else { continue };
        add(Some(of_author), known.sender.and_then(domain_of));
        add(Some(of_author), reply_to.as_deref().and_then(domain_of));
        let hosts = || path.hops.iter().filter_map(|hop| hop.looked_up.as_deref().or(hop.claimed.as_deref()));
        let is_certain = |host: &[u8]| fits(host, of_author) && shared_end_alone(host, of_author).is_none();
        if !hosts().any(is_certain) {
            hosts().for_each(|host| add(Some(host), Some(of_author)));
        }
    }
    found.extend(ends.into_iter().map(|end| Oddity::SharedEnd(bounded(&end)).into()));
}

/// Whom the mail is from, against the path, the envelope and the other headers that name a domain.
fn of_sender(mail: &MailMessage, known: &Known<'_>, found: &mut Vec<Finding>) {
    // Each author that From names: readers may show any of them.
    let mut authors: Vec<(Box<[u8]>, Vec<u8>)> = Vec::new();
    for author in mail.all("from").flat_map(super::HeaderLine::addresses) {
        let Some(domain) = domain_of(&author).map(folded) else { continue };
        if authors.len() < MAX_AUTHORS && !authors.iter().any(|(_, other)| *other == domain) {
            authors.push((author, domain));
        }
    }
    for (from, of_from) in &authors {
        of_author(mail, known, from, of_from, found);
    }
}

/// An author against the path, the envelope and the other headers.
fn of_author(mail: &MailMessage, known: &Known<'_>, from: &[u8], of_from: &[u8], found: &mut Vec<Finding>) {
    // Only what can be relied on counts, and of that only what a receiver has looked up, or a host says of itself.
    let is_on_path =
        mail.path.hops.iter().enumerate().filter(|(place, _)| !mail.path.is_unvouched(*place)).any(
            |(_, hop)| {
                let checked = hop.looked_up.iter().chain(hop.claimed.iter().filter(|_| !has_false_name(hop)));
                checked.chain(hop.by.iter().filter(|_| knows_sender(hop))).any(|name| fits(name, of_from))
            },
        );
    let has_names = mail.path.hops.iter().any(|hop| hop.looked_up.is_some() || hop.claimed.is_some());
    if has_names && !is_on_path {
        found.push(Oddity::FromOffPath(bounded(of_from)).into());
    }
    if let Some(sender) =
        known.sender.filter(|sender| domain_of(sender).is_some_and(|domain| !fits(domain, of_from)))
    {
        found.push(Oddity::SenderDiffers(bounded(sender), bounded(from)).into());
    }
    if let Some(reply_to) = mail.address("reply-to")
        && domain_of(&reply_to).is_some_and(|domain| !fits(domain, of_from))
    {
        found.push(Oddity::ReplyToDiffers(reply_to, bounded(from)).into());
    }
    if let Some(line) = mail.header("message-id") {
        let id = super::message::without_brackets(&line.value);
        if domain_of(id).is_some_and(|made| domain(made).is_some() && !fits(made, of_from)) {
            found.push(Oddity::MessageIdDiffers(bounded(id), bounded(from)).into());
        }
    }
}

/// Whether who took the mail knows whose it is: it was made there, came from its own network, or after a login (RFC 3848).
fn knows_sender(hop: &Hop) -> bool {
    let with = hop.with.as_deref().unwrap_or_default().to_ascii_uppercase();
    let is_nobody = hop.claimed.is_none() && hop.address.is_none();
    is_nobody
        || hop.address.is_some_and(is_private)
        || matches!(&*with, b"ESMTPA" | b"ESMTPSA" | b"HTTP" | b"HTTPS" | b"LOCAL")
}

/// Whether a host's name, or the domain of an address, is of `domain`.
fn fits(name: &[u8], domain: &[u8]) -> bool {
    folded(name) == *domain || is_same_domain(name, domain)
}

fn of_recipients(mail: &MailMessage, known: &Known<'_>, found: &mut Vec<Finding>) {
    if known.recipients.is_empty() || known.has_more || mail.is_partial {
        return;
    }
    let named: Vec<Box<[u8]>> = ["to", "cc", "bcc", "resent-to", "resent-cc"]
        .iter()
        .flat_map(|name| mail.all(name))
        .flat_map(super::HeaderLine::addresses)
        .collect();
    for recipient in known.recipients {
        if !recipient.is_empty() && !named.iter().any(|named| named.eq_ignore_ascii_case(recipient)) {
            found.push(Oddity::HiddenRecipient(bounded(recipient)).into());
        }
    }
}

/// The form of the headers, and what the receiver's own checks say in them.
fn of_form(mail: &MailMessage, found: &mut Vec<Finding>) {
    for name in ["From", "Date", "Subject", "To", "Message-ID"] {
        if mail.all(name).nth(1).is_some() {
            found.push(Oddity::Twice(name).into());
        }
    }
    for name in ["From", "Date"] {
        if mail.header(name).is_none() && mail.headers_left_out == 0 && !mail.is_partial {
            found.push(Oddity::Missing(name).into());
        }
    }
    for (name, failures) in [
        ("Received-SPF", &["fail", "softfail"][..]),
        ("Authentication-Results", &["spf=fail", "spf=softfail", "dkim=fail", "dmarc=fail"][..]),
    ] {
        let Some(line) = mail.header(name) else { continue };
        let text = line.value.to_ascii_lowercase();
        let says = |word: &&str| match name {
            "Received-SPF" => {
                text.split(|byte| !byte.is_ascii_alphanumeric()).next() == Some(word.as_bytes())
            }
            _ => memchr::memmem::find(&text, word.as_bytes()).is_some(),
        };
        if failures.iter().any(says) {
            found.push(Oddity::Verdict(name, line.value.clone()).into());
        }
    }
}

#[cfg(test)]
#[path = "findings_tests.rs"]
mod tests;
