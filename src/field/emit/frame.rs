//! What the capture says of a packet.

use super::{ByteRange, Emitter, Subject, data, offset};
use crate::decode::{Layer, LayerKind};
use crate::field::Value;
use crate::field::names::frame;
use crate::source::LinkType;
use crate::time::{TimeDelta, Timestamp};

/// The least value of a type field that is an EtherType.
const MIN_ETHER_TYPE: u16 = 1536;

pub(super) fn emit(subject: &Subject<'_>, out: &mut Emitter<'_>) {
    if !out.wants_any_of(frame::PROTOCOL) {
        return;
    }
    let Subject { captured, .. } = *subject;
    let all = ByteRange { buffer: 0, start: 0, end: offset(captured.data.len()) };
    out.open(frame::PROTOCOL, Value::Bytes(captured.data), all);
    interface(subject, out);
    times(subject, out);
    let mut give = |id, value| out.give(id, value, ByteRange::default());
    give(frame::NUMBER, Value::Unsigned(captured.number));
    let pseudo = captured.link.pseudo_header_len();
    // Wireshark's lengths are 31 bits wide; a savefile may claim 32.
    let wire_len = captured.wire_len.min(i32::MAX.unsigned_abs()).saturating_sub(pseudo);
    let captured_len = offset(captured.data.len());
    give(frame::LEN, Value::Unsigned(u64::from(wire_len)));
    give(frame::CAP_LEN, Value::Unsigned(u64::from(captured_len.saturating_sub(pseudo))));
    give(frame::MARKED, Value::Unsigned(0));
    give(frame::IGNORED, Value::Unsigned(0));
    if out.wants(frame::PROTOCOLS) {
        let names = protocols(subject);
        out.give(frame::PROTOCOLS, Value::Text(&names), ByteRange::default());
    }
    out.close();
}

fn interface(subject: &Subject<'_>, out: &mut Emitter<'_>) {
    let Subject { captured, context, .. } = *subject;
    let nowhere = ByteRange::default();
    // Formats without sections do not number interfaces.
    if let Some((interface, place)) = context.interface.and_then(|one| Some((one, one.place?))) {
        out.give(frame::SECTION_NUMBER, Value::Unsigned(place.section.into()), nowhere);
        out.open(frame::INTERFACE_ID, Value::Unsigned(place.number.into()), nowhere);
        let description = interface.description.as_deref();
        let name = interface.name.as_deref().or(description).unwrap_or("unknown");
        out.give(frame::INTERFACE_NAME, Value::Text(name), nowhere);
        if let Some(description) = description {
            out.give(frame::INTERFACE_DESCRIPTION, Value::Text(description), nowhere);
        }
        out.close();
    }
    if let Some(number) = encapsulation(captured.link) {
        out.give(frame::ENCAP_TYPE, Value::Signed(number), nowhere);
    }
}

fn times(subject: &Subject<'_>, out: &mut Emitter<'_>) {
    let Subject { captured, context, .. } = *subject;
    let Some(now) = captured.ts else { return };
    let since = |then: Option<Timestamp>| then.map_or(TimeDelta::default(), |then| now - then);
    let mut give = |id, value| out.give(id, value, ByteRange::default());
    give(frame::TIME, Value::Time(now));
    give(frame::OFFSET_SHIFT, Value::Delta(TimeDelta::default()));
    // A span since 1970 to Wireshark, not a point in time.
    give(frame::TIME_EPOCH, Value::Delta(now - Timestamp::default()));
    give(frame::TIME_DELTA, Value::Delta(since(context.previous)));
    give(frame::TIME_DELTA_DISPLAYED, Value::Delta(since(context.displayed)));
    give(frame::TIME_RELATIVE, Value::Delta(since(context.first)));
}

/// Wireshark's number for a link type: its own, in the order in which its readers came to know them.
fn encapsulation(link: LinkType) -> Option<i64> {
    Some(match link.0 {
        0 | 108 => 15,
        1 => 1,
        6 => 2,
        8 => 3,
        9 | 50 => 4,
        12 | 14 | 101 => 7,
        100 => 10,
        104 => 28,
        105 => 20,
        106 => 11,
        107 => 26,
        113 => 25,
        123 => 13,
        127 => 23,
        192 => 97,
        195 => 104,
        204 => 19,
        228 => 129,
        229 => 130,
        239 => 141,
        242 => 180,
        258 => 171,
        276 => 210,
        _ => return None,
    })
}

/// The names of the layers, joined as Wireshark joins them: with a step of its own where an EtherType leads on.
fn protocols(subject: &Subject<'_>) -> String {
    let mut names = String::new();
    let mut add = |name: &str| {
        if !name.is_empty() {
            if !names.is_empty() {
                names.push(':');
            }
            names.push_str(name);
        }
    };
    if matches!(subject.captured.link.0, 12 | 14 | 101) {
        add("raw");
    }
    for layer in subject.packet.layers() {
        add(name(subject, layer));
        if leads_by_ether_type(subject, layer) {
            add("ethertype");
        }
        if data::carried(subject, layer).is_some() {
            add(data::name(subject, layer));
        }
    }
    names
}

/// What Wireshark calls a layer here; empty where it is part of the one before.
fn name(subject: &Subject<'_>, layer: &Layer) -> &'static str {
    match layer.kind {
        LayerKind::Snap | LayerKind::PppDirection => "",
        LayerKind::Pppoe => match subject.packet.header(layer) {
            [_, 0, ..] => "pppoes",
            _ => "pppoed",
        },
        LayerKind::Vlan if super::ethernet::is_provider_tag(subject, layer) => "ieee8021ad",
        LayerKind::ControlWord => "pwethheuristic:pwethcw",
        kind if kind.name() == "data" => "",
        LayerKind::UndecodedPpp(_) | LayerKind::UndecodedLlc(_) | LayerKind::UndecodedSnap(_) => "",
        kind => kind.name(),
    }
}

/// Whether the layer's type field is an EtherType.
fn leads_by_ether_type(subject: &Subject<'_>, layer: &Layer) -> bool {
    let header = subject.packet.header(layer);
    let at = match layer.kind {
        LayerKind::Ethernet => 12,
        LayerKind::Vlan if super::ethernet::is_provider_tag(subject, layer) => return false,
        LayerKind::Vlan => 2,
        LayerKind::LinuxSll => 14,
        LayerKind::LinuxSll2 => 0,
        LayerKind::BackboneTag => 16,
        _ => return false,
    };
    matches!(header.get(at..at + 2), Some(&[high, low]) if u16::from_be_bytes([high, low]) >= MIN_ETHER_TYPE)
}
