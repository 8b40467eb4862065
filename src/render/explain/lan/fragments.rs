//! Datagrams that came in fragments.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::super::super::color::Style;
use super::super::super::format::Count;
use super::super::super::words::ip_protocol_name;
use super::Page;
use crate::report::lan::FragmentedDatagram;

/// Fragments of one datagram that are told where not all are asked for.
const FRAGMENTS: usize = 6;

/// Each datagram with the packets that its fragments came in.
pub(super) fn write<W: Write>(page: &mut Page<'_, W>, list: &[FragmentedDatagram]) -> io::Result<()> {
    if list.is_empty() {
        return Ok(());
    }
    page.heading("Fragments")?;
    for datagram in page.shown(list) {
        let first = datagram.fragments.first().map_or(0, |fragment| fragment.at.number);
        let is_good = datagram.whole_in.is_some() && !datagram.conflict && datagram.too_large().is_none();
        let style = if is_good { Style::Bold } else { Style::Yellow };
        page.line(first, Some(style), &summary(datagram))?;
        page.more(&parts(datagram, page.options.full))?;
    }
    page.folded(list.len(), "more datagram", "more datagrams")
}

fn summary(datagram: &FragmentedDatagram) -> String {
    let mut text = format!("{} → {}", datagram.src, datagram.dst);
    let _ = match ip_protocol_name(datagram.protocol) {
        Some(name) => write!(text, ", {name}"),
        None => write!(text, ", protocol {}", datagram.protocol),
    };
    let kept = u64::try_from(datagram.fragments.len()).unwrap_or(u64::MAX);
    let count = Count::new(kept.saturating_add(datagram.more), "fragment", "fragments");
    let _ = write!(text, ", id 0x{:x}: {count}", datagram.identification);
    if let Some(total) = datagram.total {
        let _ = write!(text, " of a datagram of {}", Count::bytes(total.into()));
    }
    match datagram.whole_in {
        Some(number) => {
            let _ = write!(text, ", put together in packet {number}");
        }
        None => text.push_str(", not whole"),
    }
    if datagram.whole_in.is_none() && datagram.more == 0 {
        for (from, to) in datagram.missing() {
            let _ = match to {
                Some(to) => write!(text, "; bytes {from} to {} are missing", to.saturating_sub(1)),
                None => write!(text, "; bytes from {from} on are missing"),
            };
        }
    }
    if datagram.copies > 0 {
        let _ = write!(text, "; {} again", Count::new(datagram.copies, "fragment came", "fragments came"));
    }
    if datagram.overlaps() {
        text.push_str("; fragments overlap");
    }
    if datagram.conflict {
        text.push_str("; they contradict each other, which is an attack more often than a mistake");
    }
    if let Some(len) = datagram.too_large() {
        let _ = write!(
            text,
            "; with its headers it has {}, and IP allows 65535: an attack on whoever puts it together (ping of death)",
            Count::bytes(len.into())
        );
    }
    text.push('.');
    text
}

fn parts(datagram: &FragmentedDatagram, full: bool) -> String {
    let most = if full { datagram.fragments.len() } else { FRAGMENTS };
    let mut text = String::new();
    for (place, fragment) in datagram.fragments.iter().take(most).enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}packet {}: bytes {}", fragment.at.number, fragment.offset);
        if fragment.len > 1 {
            let _ = write!(text, " to {}", fragment.end().saturating_sub(1));
        }
        if !fragment.more {
            text.push_str(" (the last)");
        }
    }
    let hidden = datagram.fragments.len().saturating_sub(most);
    let hidden = u64::try_from(hidden).unwrap_or(u64::MAX).saturating_add(datagram.more);
    if hidden > 0 {
        let _ = write!(text, ", … {hidden} more");
    }
    text.push('.');
    text
}
