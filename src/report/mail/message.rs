//! A mail: its headers as they were sent, its parts, the hops that it tells of.

use std::net::IpAddr;

use super::header::{HeaderLine, Headers};
use super::names::domain_of;
use super::path::Path;
use super::{Finding, Hop, MAX_HOPS, Parts, bounded, count};
use crate::flow::PacketStamp;

/// Headers that only the author of a mail writes: a relay puts its lines above them (RFC 5321 section 4.4).
const OF_THE_AUTHOR: [&str; 5] = ["from", "to", "subject", "message-id", "mime-version"];

/// A mail that was read.
#[derive(Clone, Debug)]
pub struct MailMessage {
    /// Its length as sent, without the dots that SMTP adds.
    pub len: u64,
    /// The header lines in their order, at most [`super::MAX_HEADERS_KEPT`].
    pub headers: Vec<HeaderLine>,
    /// Header lines beyond that.
    pub headers_left_out: u64,
    /// Its parts.
    pub parts: Parts,
    /// Only a part of it was asked for or is in the capture: what is missing may be just that.
    pub is_partial: bool,
    /// The Received lines in the order of the headers: the newest first, at most [`MAX_HOPS`].
    pub received: Vec<Hop>,
    /// Received lines beyond that.
    pub received_left_out: u64,
    /// The way that it came, first hop first.
    pub path: Path,
    /// What does not fit, or is worth a look.
    pub findings: Vec<Finding>,
}

/// What is known of a mail beside its own words: who sent it to whom, as a session or a mailbox says.
#[derive(Clone, Debug, Default)]
pub struct Beside<'a> {
    /// The hop that the capture shows.
    pub seen: Option<Hop>,
    /// The sender of the envelope, where that is known; empty of a bounce.
    pub sender: Option<&'a [u8]>,
    /// Those that the envelope names.
    pub recipients: Vec<&'a [u8]>,
    /// The envelope names more than these.
    pub has_more_recipients: bool,
    /// Only a part of the mail is there.
    pub is_partial: bool,
    /// Somebody copied it from elsewhere, perhaps the headers alone.
    pub is_copied: bool,
}

impl MailMessage {
    /// Reads a mail. The way that it came is judged by [`Self::judge`].
    #[must_use]
    pub fn read(mail: &[u8]) -> Self {
        let headers = Headers::of(mail, true);
        let lines = headers.owned();
        let (mut received, mut left_out) = (Vec::new(), headers.received_left_out());
        let mut author_began = false;
        for line in &lines {
            if line.is("received") && received.len() < MAX_HOPS {
                let mut hop = Hop::read(&line.value, count(received.len()).saturating_add(1));
                hop.is_misplaced = author_began;
                received.push(hop);
            } else if line.is("received") {
                left_out = left_out.saturating_add(1);
            } else {
                author_began |= OF_THE_AUTHOR.iter().any(|name| line.is(name));
            }
        }
        Self {
            len: count(mail.len()),
            headers: lines,
            headers_left_out: headers.left_out(),
            parts: Parts::read(mail),
            is_partial: false,
            received,
            received_left_out: left_out,
            path: Path::default(),
            findings: Vec::new(),
        }
    }

    /// Puts the hops together to a path and looks for what does not fit, with what is known beside.
    pub fn judge(&mut self, beside: &Beside<'_>) {
        let known = Known {
            sender: beside.sender,
            recipients: &beside.recipients,
            has_more: beside.has_more_recipients,
        };
        let returned = self.header("return-path").map(|line| without_brackets(&line.value).to_vec());
        let known = match (&returned, known.sender) {
            (Some(returned), None) => Known { sender: Some(returned), ..known },
            _ => known,
        };
        self.is_partial = beside.is_partial;
        // Of headers alone nothing can be said of the parts that they announce.
        if (self.is_partial || beside.is_copied) && self.parts.all.iter().all(|part| part.wire_len == 0) {
            self.parts = Parts::default();
        }
        self.path = Path::of(&self.received, beside.seen.clone());
        self.findings = super::findings::find(self, &known);
    }

    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&HeaderLine> {
        self.headers.iter().find(|line| line.is(name))
    }

    /// All headers of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a HeaderLine> + 'a {
        self.headers.iter().filter(move |line| line.is(name))
    }

    /// The first address in the header of this name.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<Box<[u8]>> {
        self.header(name)?.addresses().into_iter().next()
    }

    /// The domain of the first address in the header of this name.
    #[must_use]
    pub fn domain(&self, name: &str) -> Option<Box<[u8]>> {
        domain_of(&self.address(name)?).map(bounded)
    }

    /// Bytes that it takes in memory, about.
    pub(super) fn cost(&self) -> usize {
        let lines: usize = self
            .headers
            .iter()
            .map(|line| line.name.len() + line.value.len() * 2 + size_of::<HeaderLine>())
            .sum();
        let text: usize =
            self.parts.all.iter().map(|part| part.text.as_ref().map_or(0, String::len) + 256).sum();
        lines.saturating_add(text).saturating_add(self.received.len().saturating_mul(2048))
    }
}

/// The envelope, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) sender: Option<&'a [u8]>,
    pub(super) recipients: &'a [&'a [u8]],
    pub(super) has_more: bool,
}

impl Hop {
    /// A hop that the capture shows: `claimed` is what EHLO said, if anything.
    #[must_use]
    pub fn seen(
        at: PacketStamp,
        claimed: Option<&[u8]>,
        from: IpAddr,
        by: Option<&[u8]>,
        to: IpAddr,
    ) -> Self {
        let date = at.ts.and_then(|ts| {
            let seconds = i64::try_from(ts.parts().0).ok()?;
            Some(super::MailDate { seconds, offset: 0, wrong_weekday: false })
        });
        Self {
            claimed: claimed.map(bounded),
            address: Some(super::names::plain(from)),
            by: by.map(bounded),
            by_address: Some(super::names::plain(to)),
            date,
            ..Self::unknown(super::Source::Capture(at))
        }
    }
}

/// An address without the angle brackets around it.
#[must_use]
pub fn without_brackets(address: &[u8]) -> &[u8] {
    let address = address.trim_ascii();
    let inside = address.strip_prefix(b"<").unwrap_or(address);
    match inside.iter().position(|byte| *byte == b'>') {
        Some(end) if inside.len() < address.len() => inside.get(..end).unwrap_or(inside),
        _ => inside,
    }
}
