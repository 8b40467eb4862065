//! IEEE 802.11 frames and the headers that capturing systems put before them. What data frames carry in the clear
//! is followed; management and control frames, and what is encrypted, are named.

use super::span::Span;
use super::{Decoder, LayerKind};

/// Frame type bits of the first byte: data.
const TYPE_DATA: u8 = 0b10;
/// Subtype bits of a data frame: no data; quality of service.
const NO_DATA: u8 = 0b0100;
const QOS: u8 = 0b1000;
/// Bits of the second byte.
const TO_AND_FROM: u8 = 0b11;
const MORE_FRAGMENTS: u8 = 0x04;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;
/// The QoS control bit of a body of several packets (A-MSDU).
const AGGREGATE: u8 = 0x80;
/// Frame check sequence behind a frame.
const FCS_LEN: u32 = 4;

/// Bits of radiotap's first word of what is there, and of its flags.
const RADIOTAP_MORE_WORDS: u32 = 1 << 31;
const RADIOTAP_TSFT: u32 = 1;
const RADIOTAP_FLAGS: u32 = 1 << 1;
const RADIOTAP_FCS: u8 = 0x10;
const RADIOTAP_PADDED: u8 = 0x20;
/// Most words of what is there that are walked over; drivers write one to four.
const MAX_RADIOTAP_WORDS: usize = 32;

/// AVS header, told from Prism's by its first bytes.
const AVS_MAGIC: [u8; 3] = [0x80, 0x21, 0x10];

/// The field of a per-packet information header that tells of an 802.11 frame, and its flag for a check sequence.
const PPI_80211_COMMON: u16 = 2;
const PPI_FCS: u8 = 0x01;

/// What the header before a frame says of its form.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Form {
    /// A check sequence follows the frame.
    fcs: bool,
    /// The body begins at a multiple of four.
    padded: bool,
}

impl Decoder {
    /// Radiotap: version, length, bits for what is there, then fields at their natural alignment.
    pub(super) fn radiotap(&mut self, data: &[u8], span: Span) {
        let Some(&[_, _, len_low, len_high]) = span.first::<4>(data) else {
            return self.short(LayerKind::Radiotap, span, 4);
        };
        let len = usize::from(u16::from_le_bytes([len_low, len_high]));
        if len < 8 {
            return self.malformed(LayerKind::Radiotap, span, "radiotap header length below 8");
        }
        let Some(header) = span.of(data).get(..len) else {
            return self.short(LayerKind::Radiotap, span, len);
        };
        let flags = radiotap_flags(header).unwrap_or(0);
        let form = Form { fcs: flags & RADIOTAP_FCS != 0, padded: flags & RADIOTAP_PADDED != 0 };
        if self.push(span.layer(LayerKind::Radiotap, len)) {
            self.wlan(form, data, span.after(len));
        }
    }

    /// Prism's header, or AVS's, which took its place: both tell their length in the second word.
    pub(super) fn prism(&mut self, data: &[u8], span: Span) {
        let Some(&[m0, m1, m2, _, l0, l1, l2, l3]) = span.first::<8>(data) else {
            return self.short(LayerKind::Prism, span, 8);
        };
        let little = u32::from_le_bytes([l0, l1, l2, l3]);
        // Prism's is in the capturing host's order: the one that makes it a small number.
        let len = if [m0, m1, m2] == AVS_MAGIC || little >> 16 != 0 { little.swap_bytes() } else { little };
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if len < 8 {
            return self.malformed(LayerKind::Prism, span, "Prism header length below 8");
        }
        if span.of(data).len() < len {
            return self.short(LayerKind::Prism, span, len);
        }
        if self.push(span.layer(LayerKind::Prism, len)) {
            self.wlan(Form::default(), data, span.after(len));
        }
    }

    /// The 802.11 frame behind a per-packet information `header`.
    pub(super) fn wlan_behind_ppi(&mut self, header: &[u8], data: &[u8], span: Span) {
        let mut fields = header.get(8..).unwrap_or(&[]);
        let mut form = Form::default();
        while let Some((&[k0, k1, l0, l1], rest)) = fields.split_first_chunk::<4>() {
            let len = usize::from(u16::from_le_bytes([l0, l1]));
            // A timer of 8 bytes comes before the flags.
            if u16::from_le_bytes([k0, k1]) == PPI_80211_COMMON {
                form.fcs = rest.get(8).is_some_and(|flags| flags & PPI_FCS != 0);
            }
            fields = rest.get(len..).unwrap_or(&[]);
        }
        self.wlan(form, data, span);
    }

    /// An 802.11 frame (IEEE 802.11 section 9.2).
    pub(super) fn wlan(&mut self, form: Form, data: &[u8], span: Span) {
        let span = if form.fcs { without_end(span, FCS_LEN) } else { span };
        let Some(&[control, flags]) = span.first::<2>(data) else {
            return self.short(LayerKind::Wlan, span, 2);
        };
        if control >> 2 & 0b11 != TYPE_DATA {
            // Whole frame: what is in it is not looked into.
            self.push(span.layer(LayerKind::Wlan, usize::MAX));
            return;
        }
        let subtype = control >> 4;
        let qos_at = if flags & TO_AND_FROM == TO_AND_FROM { 30 } else { 24 };
        let mut len = qos_at;
        let mut aggregate = false;
        if subtype & QOS != 0 {
            aggregate = span.byte(data, qos_at).is_some_and(|qos| qos & AGGREGATE != 0);
            len += if flags & ORDER != 0 { 6 } else { 2 };
        }
        if form.padded {
            len = len.next_multiple_of(4);
        }
        if span.of(data).len() < len {
            return self.short(LayerKind::Wlan, span, len);
        }
        let fragment = flags & MORE_FRAGMENTS != 0 || span.byte(data, 22).is_some_and(|seq| seq & 0x0f != 0);
        if !self.push(span.layer(LayerKind::Wlan, len)) || subtype & NO_DATA != 0 {
            return;
        }
        let body = span.after(len);
        if flags & PROTECTED != 0 || aggregate || fragment {
            self.undecoded(LayerKind::UndecodedBytes, body);
        } else {
            self.llc(data, body);
        }
    }
}

/// The flags field, where radiotap has one.
fn radiotap_flags(header: &[u8]) -> Option<u8> {
    let word = |at: usize| Some(u32::from_le_bytes(*header.get(at..)?.first_chunk::<4>()?));
    let first = word(4)?;
    if first & RADIOTAP_FLAGS == 0 {
        return None;
    }
    let words = (0..MAX_RADIOTAP_WORDS)
        .take_while(|n| word(4 + 4 * n).is_some_and(|present| present & RADIOTAP_MORE_WORDS != 0))
        .count();
    let fields = 4 + 4 * (words + 1);
    let timer = if first & RADIOTAP_TSFT != 0 { fields.next_multiple_of(8) + 8 } else { fields };
    header.get(timer).copied()
}

/// The span without its last `len` bytes on the wire.
fn without_end(span: Span, len: u32) -> Span {
    let claimed_end = span.claimed_end.saturating_sub(len).max(span.start);
    Span { end: span.end.min(claimed_end), claimed_end, ..span }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::DecodedPacket;
    use crate::source::LinkType;

    const ADDRESSES: [u8; 22] = [0x11; 22];
    const LLC_IPV4: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];

    fn kinds(packet: DecodedPacket<'_>) -> Vec<&'static str> {
        packet.layers().iter().map(|layer| layer.kind.name()).collect()
    }

    fn decoded(link: u16, frame: &[u8]) -> Vec<&'static str> {
        let mut decoder = Decoder::new();
        kinds(decoder.decode(LinkType(link), frame, u32::try_from(frame.len()).unwrap()))
    }

    /// A data frame with `control` bytes, `extra` header bytes and an IPv4 datagram.
    fn frame(control: [u8; 2], extra: &[u8]) -> Vec<u8> {
        let mut datagram = Vec::new();
        etherparse::PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .udp(1, 2)
            .write(&mut datagram, b"hi")
            .unwrap();
        let mut addresses = ADDRESSES;
        addresses[20] = 0;
        [&control[..], &addresses, extra, &LLC_IPV4, &datagram].concat()
    }

    #[test]
    fn data_frames_are_followed_in_the_clear_only() {
        let whole = ["wlan", "llc", "llc", "ip", "udp", "data"];
        assert_eq!(decoded(105, &frame([0x08, 1], &[])), whole);
        assert_eq!(decoded(105, &frame([0x88, 1], &[0, 0])), whole);
        assert_eq!(decoded(105, &frame([0x88, 0x81], &[0, 0, 0, 0, 0, 0])), whole);
        assert_eq!(decoded(105, &frame([0x08, 3], &[0; 6])), whole);
        assert_eq!(decoded(105, &frame([0x08, 0x41], &[])), ["wlan", "data"]);
        assert_eq!(decoded(105, &frame([0x88, 1], &[0x80, 0])), ["wlan", "data"]);
        assert_eq!(decoded(105, &frame([0x48, 1], &[])), ["wlan"]);
        assert_eq!(decoded(105, &frame([0x80, 0], &[])), ["wlan"]);
    }

    #[test]
    fn radiotap_tells_of_padding_and_check_sequence() {
        let whole = ["radiotap", "wlan", "llc", "llc", "ip", "udp", "data"];
        let tap = |flags: u8| [0, 0, 17, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, flags];
        let plain = [&tap(0)[..], &frame([0x88, 1], &[0, 0])].concat();
        assert_eq!(decoded(127, &plain), whole);
        let padded = [&tap(0x30)[..], &frame([0x88, 1], &[0, 0, 0, 0]), &[1, 2, 3, 4]].concat();
        assert_eq!(decoded(127, &padded), whole);
        assert_eq!(decoded(127, &plain[..12]), ["radiotap"]);
    }
}
