//! Compressed IP payload (RFC 3173): what is packed is unpacked into a buffer of its own.

use std::io::Read;

use super::fragment::Reassembled;
use super::ip::Addresses;
use super::span::Span;
use super::{Decoder, LayerKind};

/// Bytes of the header: next header, flags, compression parameter index.
const HEADER: usize = 4;

/// Most bytes that a payload is unpacked to: no IP packet holds more. What would grow larger is left packed.
const MAX_UNPACKED: u64 = 0xffff;

/// Most payloads unpacked in a packet, one in the other: one is usual, and each may be sixty times its size.
const MAX_UNPACKINGS: usize = 4;

impl Decoder {
    pub(super) fn ip_comp(&mut self, addresses: Addresses, data: &[u8], span: Span) {
        let Some(&[next, _, high, low]) = span.first::<HEADER>(data) else {
            return self.short(LayerKind::IpComp, span, HEADER);
        };
        if !self.push(span.layer(LayerKind::IpComp, HEADER)) {
            return;
        }
        let packed = span.after(HEADER);
        let before = self.layers.iter().filter(|layer| layer.kind == LayerKind::IpComp).count();
        if packed.quoted || packed.is_empty() || !packed.is_whole() || before > MAX_UNPACKINGS {
            return;
        }
        if is_deflate(u16::from_be_bytes([high, low]))
            && let Some(bytes) = inflate(packed.of(data))
        {
            self.go_on(next, addresses, Reassembled { bytes, ..Reassembled::default() });
        }
    }

    /// Goes on in bytes that are not the frame's, as the next buffer.
    pub(super) fn go_on(&mut self, protocol: u8, addresses: Addresses, mut found: Reassembled) {
        let place = self.reassembled.len();
        let Ok(buffer) = u8::try_from(place.saturating_add(1)) else { return };
        let bytes = std::mem::take(&mut found.bytes);
        // The number is taken before anything inside takes the next.
        self.reassembled.push(found);
        let span = Span::whole(buffer, bytes.len(), bytes.len());
        self.wire_end = span.claimed_end;
        self.ip_payload(protocol, addresses, &bytes, span);
        if let Some(found) = self.reassembled.get_mut(place) {
            found.bytes = bytes;
        }
    }
}

/// Whether the payload may be packed with DEFLATE (RFC 2394): the number given to it, or one that the two ends agreed
/// on, which does not say; those given to others are not (RFC 3173 section 3.3).
const fn is_deflate(cpi: u16) -> bool {
    matches!(cpi, 2 | 256..)
}

/// The bytes that `packed` unpacks to; `None` where it is damaged or too large.
fn inflate(packed: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let unpacker = flate2::read::DeflateDecoder::new(packed);
    unpacker.take(MAX_UNPACKED.saturating_add(1)).read_to_end(&mut bytes).ok()?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|len| (1..=MAX_UNPACKED).contains(&len));
    fits.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::decode::StopReason;
    use crate::source::LinkType;

    const RAW: LinkType = LinkType(101);

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn packed(next: u8, cpi: u16, bytes: &[u8]) -> Vec<u8> {
        [&[next, 0], cpi.to_be_bytes().as_slice(), &deflate(bytes)].concat()
    }

    /// An IPv4 packet of protocol 108.
    fn packet(payload: &[u8]) -> Vec<u8> {
        let len = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
        let mut bytes = vec![0x45, 0, len[0], len[1], 0, 0, 0, 0, 64, 108, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        bytes.extend_from_slice(payload);
        bytes
    }

    const UDP: &[u8] = b"\x30\x39\x00\x07\x00\x0d\x00\x00hello";

    fn kinds(bytes: &[u8]) -> (Vec<LayerKind>, Vec<u8>) {
        let mut decoder = Decoder::new();
        let decoded = decoder.decode(RAW, bytes, u32::try_from(bytes.len()).unwrap());
        let kinds = decoded.layers().iter().map(|layer| layer.kind).collect();
        let last = decoded.layers().last().map(|layer| decoded.payload(layer).to_vec());
        (kinds, last.unwrap_or_default())
    }

    #[test]
    fn what_is_packed_is_decoded() {
        for cpi in [2, 0xeed1] {
            let (layers, payload) = kinds(&packet(&packed(17, cpi, UDP)));
            assert_eq!(layers, [LayerKind::Ipv4, LayerKind::IpComp, LayerKind::Udp, LayerKind::Payload]);
            assert_eq!(payload, b"hello");
        }
    }

    #[test]
    fn one_in_the_other_has_a_buffer_each() {
        let inner = packet(&packed(17, 2, UDP));
        let (layers, payload) = kinds(&packet(&packed(4, 2, &inner)));
        let twice = [LayerKind::Ipv4, LayerKind::IpComp, LayerKind::Ipv4, LayerKind::IpComp];
        assert_eq!(layers.get(..4), Some(&twice[..]));
        assert_eq!(payload, b"hello");
    }

    #[test]
    fn what_cannot_be_unpacked_stays_packed() {
        let only_named = [LayerKind::Ipv4, LayerKind::IpComp];
        // Another algorithm, damaged bytes, a bomb.
        assert_eq!(kinds(&packet(&packed(17, 3, UDP))).0, only_named);
        assert_eq!(kinds(&packet(b"\x11\x00\x00\x02\xff\xff\xff")).0, only_named);
        assert_eq!(kinds(&packet(&packed(17, 2, &vec![0; 1 << 20]))).0, only_named);
        let cut = packet(b"\x11\x00");
        let mut decoder = Decoder::new();
        let stop = decoder.decode(RAW, &cut, 22).stop().unwrap();
        assert_eq!((stop.layer, stop.reason), (LayerKind::IpComp, StopReason::Short));
    }

    #[test]
    fn unpacking_ends() {
        let mut bytes = packed(17, 2, UDP);
        for _ in 0..=MAX_UNPACKINGS {
            bytes = packed(108, 2, &bytes);
        }
        let (layers, _) = kinds(&packet(&bytes));
        assert_eq!(layers.len(), 2 + MAX_UNPACKINGS);
        assert_eq!(layers.last(), Some(&LayerKind::IpComp));
    }
}
