//! Bytes behind what a frame carries: padding, trailer, frame check sequence.
//!
//! Wireshark tells them apart by what is inside: a header that says where it ends leaves the rest of the frame over.

use super::{ByteRange, Emitter, Subject};
use crate::decode::{Layer, LayerKind};
use crate::field::names::eth;
use crate::field::{FieldId, Value};

/// Least length of an Ethernet frame without its check sequence (IEEE 802.3 section 3.2.8).
const LEAST_FRAME: u32 = 60;
/// Wireshark takes the end of a trailer for a check sequence in frames of this length or more.
const LEAST_WITH_FCS: u32 = 64;
/// Bytes of a frame check sequence.
const FCS_LEN: u32 = 4;

/// Hands out what is left behind the contents of `layer`, the rest of it as `trailer`.
/// `said_end` is where a length of the layer's own puts the end of them, `with_fcs` whether a check sequence may follow.
pub(super) fn emit(
    subject: &Subject<'_>,
    layer: &Layer,
    said_end: Option<u32>,
    trailer: FieldId,
    with_fcs: bool,
    out: &mut Emitter<'_>,
) {
    if !out.wants(trailer) && !out.wants_any_of(eth::PROTOCOL) {
        return;
    }
    let Some(start) = said_end.or_else(|| contents_end(subject, layer)) else { return };
    if start >= layer.claimed_end {
        return;
    }
    let mut at = start;
    let give = |id: FieldId, at: u32, end: u32, out: &mut Emitter<'_>| {
        let bytes = bytes(subject, layer, at, end);
        if !bytes.is_empty() {
            out.give(id, Value::Bytes(bytes), ByteRange { buffer: layer.buffer, start: at, end });
        }
    };
    let left_over = layer.claimed_end - start;
    // As long as the frame would be without them.
    let short_of = LEAST_FRAME.saturating_sub(subject.captured.wire_len.saturating_sub(left_over));
    if subject.captured.wire_len >= LEAST_FRAME && short_of > 0 {
        let padding = bytes(subject, layer, at, at.saturating_add(short_of));
        if padding.iter().all(|byte| *byte == 0) && padding.len() == usize::try_from(short_of).unwrap_or(0) {
            give(eth::PADDING, at, at.saturating_add(short_of), out);
            at = at.saturating_add(short_of);
        }
    }
    let frame_len = layer.claimed_end.saturating_sub(layer.start);
    let has_fcs = with_fcs && frame_len >= LEAST_WITH_FCS && layer.claimed_end.saturating_sub(at) >= FCS_LEN;
    let fcs_at = if has_fcs { layer.claimed_end.saturating_sub(FCS_LEN) } else { layer.claimed_end };
    give(trailer, at, fcs_at.min(layer.end), out);
    if has_fcs && let Some(&fcs) = bytes(subject, layer, fcs_at, layer.claimed_end).first_chunk::<4>() {
        let range = ByteRange { buffer: layer.buffer, start: fcs_at, end: layer.claimed_end };
        out.give(eth::FCS, Value::Unsigned(u64::from(u32::from_be_bytes(fcs))), range);
        // Not checked, as tshark does not either unless told to.
        out.give(eth::FCS_STATUS, Value::Unsigned(2), ByteRange::default());
    }
}

/// Where the layer inside `layer` says that it ends, where that is before the end of `layer`.
fn contents_end(subject: &Subject<'_>, layer: &Layer) -> Option<u32> {
    let inner = subject.inner(layer)?;
    let tells = matches!(inner.kind, LayerKind::Ipv4 | LayerKind::Ipv6 | LayerKind::Arp | LayerKind::Pppoe);
    (tells && !subject.packet.is_cut(inner)).then_some(inner.claimed_end)
}

fn bytes<'a>(subject: &Subject<'a>, layer: &Layer, start: u32, end: u32) -> &'a [u8] {
    let place = |at: u32| usize::try_from(at.min(layer.end)).unwrap_or(usize::MAX);
    subject.packet.buffer(layer.buffer).get(place(start)..place(end)).unwrap_or(&[])
}
