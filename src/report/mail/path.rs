//! The hops of a mail as the path that it took, first hop first, and how far anybody but the sender vouches for it.
//!
//! Each host writes its Received line above those that are there, and a sender can put any lines below. A line is as good
//! as the host that wrote it, and the line above tells which host that was: by the address that it saw and the name
//! that it looked up for it, or only by the name that this host gave itself.

use super::names::{is_private, is_same_domain, is_same_host};
use super::received::is_impossible;
use super::{Hop, Source};

/// The way of a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// The hops, the first first; the last is the one that the capture shows, where it shows one.
    pub hops: Vec<Hop>,
    /// Of each hop but the last: whether who took the mail there is who handed it over in the next.
    pub links: Vec<Link>,
    /// How far the path can be relied on.
    pub conclusion: Conclusion,
}

/// Whether the host that wrote a line is the one that the next line was handed over by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Its address, or the name that the next host looked up, is the same.
    Checked,
    /// The name that the next host looked up is of the same domain.
    SameDomain,
    /// A host hands the mail on to itself.
    Local,
    /// The name is the one that it gave itself, which nobody looked up.
    Claimed,
    /// The name is the one that it gave itself, and the next host looked up another.
    Contradicted,
    /// Nothing fits.
    Broken,
    /// One of the two lines does not say.
    Unknown,
}

/// How far a path can be relied on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conclusion {
    /// There is none.
    #[default]
    None,
    /// Each line fits the one above it.
    Unbroken,
    /// Nothing contradicts, but from the host that handed the mail over in this hop on, names are only claimed.
    Unproven {
        /// The hop, by its place in [`Path::hops`].
        hop: usize,
    },
    /// The mail begins with this hop, and who handed it over gave itself a name that is not the one looked up.
    FalseName {
        /// The hop.
        hop: usize,
    },
    /// The host that handed the mail over in this hop is the last that anybody vouches for: the lines before were not written
    /// by it under its own name, or cannot be true.
    Broken {
        /// The hop.
        hop: usize,
    },
}

impl Path {
    /// The path that these lines, newest first, and the hop that was seen tell of.
    #[must_use]
    pub fn of(received: &[Hop], seen: Option<Hop>) -> Self {
        let mut hops: Vec<Hop> = received.iter().rev().cloned().collect();
        hops.extend(seen);
        let links: Vec<Link> =
            hops.iter().zip(hops.iter().skip(1)).map(|(hop, next)| Link::of(hop, next)).collect();
        let conclusion = conclude(&hops, &links);
        Self { hops, links, conclusion }
    }

    /// The hop that brought the mail to who has it now: what the capture shows, else the topmost line.
    #[must_use]
    pub fn last(&self) -> Option<&Hop> {
        self.hops.last()
    }

    /// Whether this line could have been written by the sender: nobody but who handed the mail over later vouches for it.
    #[must_use]
    pub fn is_unvouched(&self, hop: usize) -> bool {
        matches!(self.conclusion, Conclusion::Broken { hop: from } if hop < from)
    }
}

impl Link {
    /// Whether who took the mail in `hop` is who handed it over in `next`.
    #[must_use]
    pub fn of(hop: &Hop, next: &Hop) -> Self {
        let says_who = hop.by.is_some() || hop.by_address.is_some();
        let says_from = next.claimed.is_some() || next.looked_up.is_some() || next.address.is_some();
        if !says_who {
            return Self::Unknown;
        }
        if !says_from {
            // Mail that a host makes or takes by other means than SMTP, and goes on with under its own name.
            return if takes_from_itself(hop, next) { Self::Local } else { Self::Unknown };
        }
        let by = hop.by.as_deref();
        if hop.by_address.is_some() && hop.by_address == next.address && !is_loopback(next) {
            return Self::Checked;
        }
        let fits = |name: &Option<Box<[u8]>>, test: fn(&[u8], &[u8]) -> bool| {
            by.zip(name.as_deref()).is_some_and(|(by, name)| test(by, name))
        };
        let claims = fits(&next.claimed, is_same_host);
        match () {
            () if fits(&next.looked_up, is_same_host) => Self::Checked,
            () if is_loopback(next) && takes_from_itself(hop, next) => Self::Local,
            () if fits(&next.looked_up, is_same_domain) => Self::SameDomain,
            () if claims && next.looked_up.is_some() => Self::Contradicted,
            () if claims || fits(&next.claimed, is_same_domain) => Self::Claimed,
            // A network of its own shows other names inside than outside.
            () if hop.by_address.is_some_and(is_private) && by.is_none() => Self::Unknown,
            () => Self::Broken,
        }
    }

    /// Whether the link is good for what stands before it.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Checked | Self::SameDomain | Self::Local)
    }
}

/// Whether both lines are of one host.
fn takes_from_itself(hop: &Hop, next: &Hop) -> bool {
    let names = hop.by.as_deref().zip(next.by.as_deref());
    names.is_some_and(|(one, other)| {
        is_same_domain(one, other) || is_same_host(one, other) || is_local_name(one)
    }) || hop.by.as_deref().is_some_and(is_local_name)
        || (hop.by_address.is_some() && hop.by_address == next.by_address)
}

fn is_local_name(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"localhost") || is_same_host(name, b"localhost.localdomain")
}

fn is_loopback(hop: &Hop) -> bool {
    match hop.address {
        Some(address) => address.is_loopback(),
        None => hop.claimed.as_deref().is_some_and(is_local_name),
    }
}

fn conclude(hops: &[Hop], links: &[Link]) -> Conclusion {
    let Some(first) = hops.first() else { return Conclusion::None };
    // From the newest to the oldest: what a good line says of the one below it counts, not what that says of itself.
    for (place, (hop, link)) in hops.iter().zip(links).enumerate().rev() {
        let cannot_be =
            hop.impossible.is_some() || hop.address.is_some_and(is_impossible) || hop.is_misplaced;
        if matches!(link, Link::Broken | Link::Contradicted) || cannot_be {
            return Conclusion::Broken { hop: place.saturating_add(1) };
        }
    }
    if let Some(place) = links.iter().rposition(|link| !link.holds()) {
        return Conclusion::Unproven { hop: place.saturating_add(1) };
    }
    if has_false_name(first) { Conclusion::FalseName { hop: 0 } } else { Conclusion::Unbroken }
}

/// Whether the name that a host gave itself is of another domain than the one that was looked up, or another address than it
/// came from.
#[must_use]
pub(super) fn has_false_name(hop: &Hop) -> bool {
    let Some(claimed) = hop.claimed.as_deref() else { return false };
    if let Some(literal) = super::names::address_of(claimed) {
        return hop.address.is_some_and(|address| address != literal);
    }
    match hop.looked_up.as_deref() {
        // A host that hands a mail to itself has a name that this address has not.
        Some(_) if hop.address.is_some_and(|address| address.is_loopback()) => false,
        Some(name) => {
            !is_same_host(claimed, name) && !is_same_domain(claimed, name) && claimed.contains(&b'.')
        }
        None => false,
    }
}

/// How a hop is called in a list: the place of its line, or that the capture shows it.
#[must_use]
pub fn line_number(hop: &Hop) -> Option<u64> {
    match hop.source {
        Source::Header(place) => Some(place),
        Source::Capture(_) => None,
    }
}
