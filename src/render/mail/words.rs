//! The words for mails: what became of them, who handed them on, what does not fit, and what follows from that.

use crate::render::format::{Count, Elapsed};
use crate::render::safe::Safe;
use crate::report::mail::{
    Conclusion, Finding, Hop, Link, Mail, MailOutcome, Oddity, Part, PartFault, Path, Reply, SessionEnd,
    Source,
};
use crate::time::TimeDelta;

/// How a session ended.
pub(in crate::render) const fn session_end(end: SessionEnd) -> &'static str {
    match end {
        SessionEnd::Quit => "The client said goodbye.",
        SessionEnd::Encrypted => "What follows is encrypted.",
        SessionEnd::Closed => "The session is unfinished: the connection was closed without a goodbye.",
        SessionEnd::Reset => "The session is unfinished: the connection was reset.",
        SessionEnd::CaptureEnd => "The session is unfinished where the capture ends.",
    }
}

/// What became of a mail, in a word or some.
pub(in crate::render) const fn outcome(mail: &Mail) -> &'static str {
    match mail.outcome {
        MailOutcome::NotSent => "not sent",
        MailOutcome::CaptureEnds => "the capture ends before it",
        MailOutcome::Unfinished => "unfinished",
        MailOutcome::Accepted => "accepted",
        MailOutcome::Refused => "refused",
        MailOutcome::Unanswered => "no answer in the capture",
        MailOutcome::Fetched => "fetched",
        MailOutcome::FetchedInPart if mail.headers_only => "fetched, its headers alone",
        MailOutcome::FetchedInPart => "fetched in part",
        MailOutcome::Incomplete => "not all of it is in the capture",
    }
}

/// Code and first line of an answer.
pub(in crate::render) fn reply(reply: &Reply) -> Vec<u8> {
    let first = reply.lines.first().map(|line| &**line).unwrap_or_default();
    match reply.code {
        Some(code) => [format!("{code} ").as_bytes(), first].concat(),
        None => first.to_vec(),
    }
}

/// What a part is: `text/plain, utf-8, base64, 120 bytes, 164 as sent`.
pub(super) fn part(part: &Part) -> String {
    let mut text = Safe(part.media_type.as_bytes()).to_string();
    if let Some(name) = &part.name {
        text.push_str(&format!(" \"{}\"", Safe(name.as_bytes())));
    }
    for more in part.charset.iter().chain(&part.encoding) {
        text.push_str(&format!(", {}", Safe(more.as_bytes())));
    }
    if part.is_attachment {
        text.push_str(", attached");
    }
    text.push_str(&format!(", {}", Count::bytes(part.len)));
    if part.wire_len != part.len {
        text.push_str(&format!(", {} as sent", Count::bytes(part.wire_len)));
    }
    text
}

/// What is wrong with a part.
pub(super) const fn part_fault(fault: PartFault) -> &'static str {
    match fault {
        PartFault::Encoding => "it is not encoded as it says; shown as it came",
        PartFault::Charset => "its character set is not known",
        PartFault::NoBoundary => "it does not say what separates its parts",
        PartFault::NotClosed => "the line that ends its parts is missing",
        PartFault::TooDeep => "parts stand too deep in each other; not taken apart",
    }
}

fn shown(text: Option<&[u8]>) -> String {
    text.map_or_else(|| "somebody".to_owned(), |text| Safe(text).to_string())
}

/// Who handed a mail over: what is known of it first, then what it says of itself.
pub(super) fn sender(hop: &Hop) -> String {
    let claimed = hop.claimed.as_deref();
    let address = hop.address.map(|address| address.to_string());
    let address = address.or_else(|| hop.impossible.as_deref().map(|text| Safe(text).to_string()));
    let looked_up = hop.looked_up.as_deref();
    let Some(address) = address else {
        return match (looked_up, claimed) {
            (Some(name), Some(claimed)) if !name.eq_ignore_ascii_case(claimed) => {
                format!("{}, calling itself {}", Safe(name), Safe(claimed))
            }
            (name, claimed) => shown(name.or(claimed)),
        };
    };
    let mut text = address.clone();
    match looked_up {
        Some(name) => text.push_str(&format!(" (looked up: {})", Safe(name))),
        None if hop.has_no_name => text.push_str(" (no name found for it)"),
        None => {}
    }
    match claimed {
        Some(name) if looked_up.is_some_and(|looked_up| looked_up.eq_ignore_ascii_case(name)) => {}
        Some(name) if Safe(name).to_string().trim_matches(['[', ']']) != address => {
            text.push_str(&format!(", calling itself {}", Safe(name)));
        }
        _ => {}
    }
    text
}

/// What stands in square brackets.
fn without_square(text: &[u8]) -> String {
    Safe(text).to_string().trim_matches(['[', ']']).to_owned()
}

/// Who took it.
pub(super) fn receiver(hop: &Hop) -> String {
    match (hop.by.as_deref(), hop.by_address) {
        (Some(name), Some(address)) => format!("{} ({address})", Safe(name)),
        (Some(name), None) => Safe(name).to_string(),
        (None, Some(address)) => address.to_string(),
        (None, None) => "somebody".to_owned(),
    }
}

/// Protocol, id and recipient of a hop.
pub(super) fn details(hop: &Hop) -> String {
    let parts = [("with", &hop.with), ("id", &hop.id), ("for", &hop.recipient)];
    let parts = parts.iter().filter_map(|(name, value)| {
        let value = value.as_deref()?;
        Some(format!("{name} {}", Safe(value)))
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// How to call a hop in a sentence.
fn hop_name(path: &Path, hop: usize) -> String {
    match path.hops.get(hop).map(|hop| hop.source) {
        Some(Source::Capture(at)) => format!("hop {} (seen in packet {})", hop.saturating_add(1), at.number),
        Some(Source::Header(line)) => format!("hop {} (Received line {line})", hop.saturating_add(1)),
        None => "a hop".to_owned(),
    }
}

/// What does not fit, in a sentence or two.
pub(super) fn finding(finding: &Finding, path: &Path) -> String {
    match finding.hop.and_then(|place| Some((place, path.hops.get(place)?))) {
        Some((place, hop)) => {
            format!("{}: {}", capital(&hop_name(path, place)), of_hop(&finding.what, place, hop, path))
        }
        None => of_mail(&finding.what),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

fn span(seconds: i64) -> Elapsed {
    Elapsed(TimeDelta::from_nanos(i128::from(seconds).saturating_mul(1_000_000_000)))
}

fn of_hop(what: &Oddity, place: usize, hop: &Hop, path: &Path) -> String {
    let claimed = shown(hop.claimed.as_deref());
    let by = receiver(hop);
    let address = hop.address.map_or_else(|| "its address".to_owned(), |address| address.to_string());
    match what {
        Oddity::NameDiffers => format!(
            "the host called itself {claimed}, but {by} looked up {} for {address}.",
            shown(hop.looked_up.as_deref())
        ),
        Oddity::AddressDiffers => format!("the host called itself {claimed}, but came from {address}."),
        Oddity::NoName => {
            format!("{by} found no name for {address}; that the host is {claimed} is only its own word.")
        }
        Oddity::MayBeForged => {
            format!("{by} says itself that the name may be forged: it does not lead back to {address}.")
        }
        Oddity::ImpossibleAddress => {
            let text = hop.impossible.as_deref().map_or(address, without_square);
            format!(
                "no host can have the address {text}. Who wrote this line made it up, or wrote it down wrong."
            )
        }
        Oddity::Break => {
            let next = path.hops.get(place.saturating_add(1));
            format!(
                "{by} says that it took the mail, but the next hop got it from {}. The chain is broken here.",
                next.map_or_else(|| "somebody else".to_owned(), sender)
            )
        }
        Oddity::ClaimedLink => {
            let next = path.hops.get(place.saturating_add(1));
            format!(
                "{by} says that it took the mail. The next hop got it from a host that called itself that, but is {}. The line \
                 is linked to the next by the sender's word alone.",
                next.map_or_else(|| "another".to_owned(), checked)
            )
        }
        Oddity::Misplaced => {
            "the line stands below what the author wrote (From, Subject and the like). Relays put theirs on \
                              top: it was there when the mail was sent."
                .to_owned()
        }
        Oddity::PrivateAddress => format!(
            "{address} is an address of a private network, behind a public one before it. Relays within a network look like \
             this; across the Internet it cannot be."
        ),
        Oddity::Unreadable => "nothing can be read from this line.".to_owned(),
        Oddity::NoDate => format!("its date cannot be read: {}", shown(hop.date_text.as_deref())),
        Oddity::WrongWeekday => {
            format!("its date was no such day of the week: {}", shown(hop.date_text.as_deref()))
        }
        Oddity::WrongZone => format!("its time zone does not exist: {}", shown(hop.date_text.as_deref())),
        Oddity::TimeBackwards(seconds) => format!(
            "{} before the hop before it. One of the two clocks is wrong, or one of the dates was made up.",
            span(*seconds)
        ),
        Oddity::LongDelay(seconds) => format!("{} after the hop before it.", span(*seconds)),
        other => of_mail(other),
    }
}

/// A host by what others found out of it.
fn checked(hop: &Hop) -> String {
    let address = hop.address.map(|address| address.to_string());
    match (hop.looked_up.as_deref(), address) {
        (Some(name), Some(address)) => format!("{address} ({})", Safe(name)),
        (Some(name), None) => Safe(name).to_string(),
        (None, Some(address)) => address,
        (None, None) => shown(hop.claimed.as_deref()),
    }
}

fn of_mail(what: &Oddity) -> String {
    match what {
        Oddity::DateAhead(seconds) => {
            format!("The Date header is {} later than the first hop.", span(*seconds))
        }
        Oddity::DateBehind(seconds) => format!("The Date header is {} before the first hop.", span(*seconds)),
        Oddity::DateUnreadable => "The Date header is no date.".to_owned(),
        Oddity::DateWeekday => "The Date header names a day of the week that it was not.".to_owned(),
        Oddity::FromOffPath(domain) => format!(
            "From is of {}, but no host of that domain is known to have sent it. Services that send for others do the same.",
            Safe(domain)
        ),
        Oddity::NameIsAddress(shown, address) => format!(
            "From shows {} as the name of {}; many readers show the name alone.",
            Safe(shown),
            Safe(address)
        ),
        Oddity::SeveralFrom(mailboxes) => {
            format!(
                "From names {mailboxes} mailboxes; readers may show one of them alone, servers check another."
            )
        }
        Oddity::SharedEnd(end) => format!(
            "Names are taken for those of one organisation here because they end in {}. Whether others can have names under it \
             is not known here, so that is not proven.",
            Safe(end)
        ),
        Oddity::SenderDiffers(sender, from) => format!(
            "The envelope is from {}, the From header says {}. Lists and services that send for others do the same.",
            Safe(sender),
            Safe(from)
        ),
        Oddity::ReplyToDiffers(reply_to, from) => {
            format!("Answers go to {}, not to {}, whom it says it is from.", Safe(reply_to), Safe(from))
        }
        Oddity::MessageIdDiffers(id, from) => {
            format!("The Message-ID {} was not made by the domain of {}.", Safe(id), Safe(from))
        }
        Oddity::HiddenRecipient(recipient) => format!(
            "The envelope is for {}, whom neither To nor Cc names: a blind copy, a list, or a mail that is not what it says.",
            Safe(recipient)
        ),
        Oddity::Twice(name) => {
            format!("There is more than one {name} header; readers may show another than servers checked.")
        }
        Oddity::Missing(name) => format!("There is no {name} header, which every mail must have."),
        Oddity::Verdict(name, text) => {
            format!("A receiver's own check speaks against it. {name}: {}", Safe(text))
        }
        _ => String::new(),
    }
}

/// What follows from the path: what is sure, and what is not.
pub(super) fn conclusion(path: &Path) -> Vec<String> {
    let Some(last) = path.last() else { return Vec::new() };
    let mut says = vec![match last.source {
        Source::Capture(at) => format!(
            "Sure, for the packets show it (from packet {}): {} handed the mail to {}.{}",
            at.number,
            last.address.map_or_else(|| sender(last), |address| address.to_string()),
            last.by_address.map_or_else(|| receiver(last), |address| address.to_string()),
            match last.claimed.as_deref() {
                Some(name) => format!(" That it is {} is its own word.", Safe(name)),
                None => String::new(),
            }
        ),
        Source::Header(_) => format!(
            "Received line 1 was written last. If {} is your own server, believe it: it took the mail from {}.",
            receiver(last),
            checked(last)
        ),
    }];
    let host = |hop: usize| path.hops.get(hop).map_or_else(|| "somebody".to_owned(), checked);
    match path.conclusion {
        Conclusion::None => {}
        Conclusion::Unbroken if path.hops.len() == 1 => {}
        Conclusion::Unbroken => says.push(
            "Each line names the host that wrote the line below it, and nothing contradicts. Still, each is only as good as \
             the host that wrote it."
                .to_owned(),
        ),
        Conclusion::Unproven { hop } => says.push(format!(
            "Not proven: {}{} is linked to {} by a name that nobody looked up, or by none. {} could have written it.",
            hop_name(path, hop.saturating_sub(1)),
            if hop > 1 { ", and so all that is older," } else { "" },
            hop_name(path, hop),
            capital(&host(hop))
        )),
        Conclusion::FalseName { hop } => says.push(format!(
            "The mail begins at {}, which gave itself another name: {}. A wrong name alone is no proof of a forgery.",
            host(hop),
            shown(path.hops.get(hop).and_then(|hop| hop.claimed.as_deref()))
        )),
        Conclusion::Broken { hop } => {
            let below = match hop {
                1 => "The Received line below it".to_owned(),
                hop => format!("The {hop} Received lines below it"),
            };
            says.push(format!(
                "The first host that nobody vouches for is {}, which handed the mail to {} in {}.",
                host(hop),
                path.hops.get(hop).map(receiver).unwrap_or_default(),
                hop_name(path, hop)
            ));
            says.push(format!(
                "{below} could be of its own making: if the mail is forged, it was forged there, or the host passed \
                 on for somebody what it does not tell. Who that was, the headers cannot prove."
            ));
        }
    }
    says
}

/// A link as a script reads it.
pub(super) const fn link(link: Link) -> &'static str {
    match link {
        Link::Checked => "checked",
        Link::SameDomain => "same_domain",
        Link::Local => "local",
        Link::Claimed => "claimed",
        Link::Contradicted => "contradicted",
        Link::Broken => "broken",
        Link::Unknown => "unknown",
    }
}
