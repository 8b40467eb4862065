//! What a DNS record holds, part by part, and those parts that a table does not tell.

use super::dns::Telling;
use super::dns_layout::{Piece, pieces};
use super::run::Run;
use crate::field::names::dns;
use crate::field::{FieldId, FieldKind, Value};
use crate::proto::dns::{Name, Record};
use crate::time::Timestamp;

/// Whether the parts of a record's data were there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    There,
    /// The message ends within one.
    Gone,
}

/// The data of a record on its way out.
pub(super) struct Data<'t, 'p, 'e, 'o> {
    pub(super) told: &'t mut Telling<'p, 'e, 'o>,
    /// Where the next part begins in the message.
    pub(super) at: usize,
    /// Where the data ends there: as its length says.
    pub(super) end: usize,
    /// Where it begins.
    start: usize,
    /// A part is longer than what is left of the message.
    is_gone: bool,
}

/// Hands out the data of `record`, which has some.
pub(super) fn emit(told: &mut Telling<'_, '_, '_>, record: &Record<'_>) -> Rest {
    let end = record.data_at.saturating_add(usize::from(record.data_len));
    let mut data = Data { told, at: record.data_at, end, start: record.data_at, is_gone: false };
    for piece in pieces(record.kind) {
        if data.at > data.end || !data.piece(piece) {
            break;
        }
    }
    if data.is_gone { Rest::Gone } else { Rest::There }
}

impl<'p> Data<'_, 'p, '_, '_> {
    pub(super) fn body(&self) -> Run<'p> {
        self.told.body
    }

    /// Bytes that are left.
    pub(super) fn left(&self) -> usize {
        self.end.saturating_sub(self.at)
    }

    /// The next byte.
    pub(super) fn byte(&self) -> Option<u8> {
        self.body().byte(self.at)
    }

    /// So many bytes as a field; false where they are not there.
    pub(super) fn fixed(&mut self, id: FieldId, len: usize) -> bool {
        if len > self.left() {
            self.is_gone |= self.at.saturating_add(len) > self.body().len();
            return false;
        }
        self.told.body.give(id, self.at, len, self.told.out);
        self.at += len;
        true
    }

    /// A length of one byte and a text.
    pub(super) fn text(&mut self, length: FieldId, text: FieldId) -> bool {
        let Some(len) = self.byte().map(usize::from).filter(|_| self.left() > 0) else { return false };
        self.fixed(length, 1);
        if self.at.saturating_add(len) > self.body().len() {
            self.is_gone = true;
            return false;
        }
        self.told.ascii(text, self.at, len);
        self.at += len;
        true
    }

    pub(super) fn name(&mut self, id: FieldId) -> bool {
        if self.left() == 0 {
            return false;
        }
        let name = Name::read(self.told.body.bytes(), self.at);
        if name.place().end > self.end {
            return false;
        }
        self.told.name(id, &name);
        self.at = name.place().end;
        true
    }

    fn piece(&mut self, piece: &Piece) -> bool {
        match *piece {
            Piece::Fixed(id, len) => return self.fixed(id, len),
            Piece::Flags(id, len, parts) => {
                if len > self.left() {
                    return false;
                }
                self.told.body.flags((id, 0, u64::MAX), self.at, len, parts, self.told.out);
                self.at += len;
            }
            Piece::Name(id) => return self.name(id),
            Piece::Text(length, text) => return self.text(length, text),
            Piece::Texts(length, text) => while self.left() > 0 && self.text(length, text) {},
            Piece::Bytes(id) => {
                let len = self.left();
                return len == 0 || self.fixed(id, len);
            }
            Piece::AllText(id) => {
                self.told.ascii(id, self.at, self.left());
                self.at = self.end;
            }
            Piece::Counted(length, width, id) => {
                let bytes = self.body().part(self.at, width);
                let len = bytes.bytes().iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                return self.fixed(length, width) && (len == 0 || self.fixed(id, len));
            }
            Piece::Seconds(id, len) => {
                let bytes = self.body().part(self.at, len);
                if bytes.len() < len || len > self.left() {
                    return false;
                }
                let seconds = bytes.bytes().iter().fold(0_i64, |sum, byte| sum << 8 | i64::from(*byte));
                let range = self.body().range(self.at, len);
                self.told.out.give(id, Value::Time(Timestamp::from_parts(seconds, 0)), range);
                self.at += len;
            }
            Piece::Special(emit) => emit(self),
        }
        true
    }
}

pub(super) fn undecoded(data: &mut Data<'_, '_, '_, '_>) {
    let nowhere = data.body().range(0, 0);
    data.told.out.give(dns::UNDECODED_TYPE, Value::Mark, nowhere);
    let len = data.left();
    data.fixed(dns::DATA, len);
}

/// A byte for eight ports, where it has a bit set (RFC 1035 section 3.4.2).
pub(super) fn ports(data: &mut Data<'_, '_, '_, '_>) {
    while data.left() > 0 {
        match data.byte() {
            None => return,
            Some(0) => data.at += 1,
            Some(_) => {
                data.fixed(dns::WKS_BITS, 1);
            }
        }
    }
}

/// RFC 1876 section 2.
pub(super) fn location(data: &mut Data<'_, '_, '_, '_>) {
    let version = data.byte();
    data.fixed(dns::LOC_VERSION, 1);
    if version != Some(0) {
        let len = data.left();
        data.fixed(dns::LOC_UNKNOWN_DATA, len);
        return;
    }
    for (id, len) in [
        (dns::LOC_SIZE, 1),
        (dns::LOC_HORIZONTAL_PRECISION, 1),
        (dns::LOC_VERTICAL_PRECISION, 1),
        (dns::LOC_LATITUDE, 4),
        (dns::LOC_LONGITUDE, 4),
        (dns::LOC_ALTITUDE, 4),
    ] {
        if !data.fixed(id, len) {
            return;
        }
    }
}

/// The name that a NAPTR record ends with, and how many characters Wireshark says it has.
pub(super) fn replacement(data: &mut Data<'_, '_, '_, '_>) {
    let at = data.at;
    if data.left() > 0 {
        let name = Name::read(data.told.body.bytes(), at);
        let (length, _) = data.told.name_text(&name);
        let nowhere = data.body().range(at, 0);
        data.told.out.give(dns::NAPTR_REPLACEMENT_LENGTH, Value::Unsigned(length), nowhere);
        data.name(dns::NAPTR_REPLACEMENT);
    }
}

/// RFC 2874 section 3.1: as many bytes of the address as the prefix does not give.
pub(super) fn a6(data: &mut Data<'_, '_, '_, '_>) {
    let Some(prefix) = data.byte() else { return };
    data.fixed(dns::A6_PREFIX_LEN, 1);
    let Some(len) = 16_usize.checked_sub(usize::from(prefix) / 8).filter(|len| *len <= data.left()) else {
        return;
    };
    if len > 0 {
        let bytes = data.body().part(data.at, len);
        let mut address = [0; 16];
        for (to, from) in address.iter_mut().rev().zip(bytes.bytes().iter().rev()) {
            *to = *from;
        }
        let range = data.body().range(data.at, len);
        data.told.out.give(dns::A6_ADDRESS_SUFFIX, Value::Ipv6(address.into()), range);
        data.at += len;
    }
    if prefix > 0 {
        data.name(dns::A6_PREFIX_NAME);
    }
}

/// Address prefixes (RFC 3123 section 4).
pub(super) fn prefixes(data: &mut Data<'_, '_, '_, '_>) {
    while data.left() >= 4 {
        let family = data.body().word(data.at);
        data.fixed(dns::APL_ADDRESS_FAMILY, 2);
        data.fixed(dns::APL_CODED_PREFIX, 1);
        let len = usize::from(data.byte().unwrap_or(0) & 0x7f);
        data.told.body.bits((dns::APL_NEGATION, 7, 1), data.at, 1, data.told.out);
        data.told.body.bits((dns::APL_AFDLENGTH, 0, 0x7f), data.at, 1, data.told.out);
        data.at += 1;
        let id = match family {
            Some(1) if len <= 4 => dns::APL_AFDPART_IPV4,
            Some(2) if len <= 16 => dns::APL_AFDPART_IPV6,
            _ => dns::APL_AFDPART_DATA,
        };
        if len > data.left() {
            return;
        }
        address(data, id, len);
    }
}

/// `len` bytes as the beginning of an address, the rest of it zero.
pub(super) fn address(data: &mut Data<'_, '_, '_, '_>, id: FieldId, len: usize) {
    let bytes = data.body().part(data.at, len);
    let range = data.body().range(data.at, len);
    let mut whole = [0; 16];
    for (to, from) in whole.iter_mut().zip(bytes.bytes()) {
        *to = *from;
    }
    let value = match id.def().kind {
        FieldKind::Ipv4 => whole.first_chunk::<4>().map(|&four| Value::Ipv4(four.into())),
        FieldKind::Ipv6 => Some(Value::Ipv6(whole.into())),
        _ => Some(Value::Bytes(bytes.bytes())),
    };
    if let Some(value) = value {
        data.told.out.give(id, value, range);
    }
    data.at += len;
}

pub(super) fn eui64(data: &mut Data<'_, '_, '_, '_>) {
    if data.left() < 8 {
        return;
    }
    let at = data.at;
    data.told.written(dns::EUI64, at, 8, |bytes, text| {
        use std::fmt::Write;
        for (place, byte) in bytes.iter().enumerate() {
            let colon = if place > 0 { ":" } else { "" };
            let _ = write!(text, "{colon}{byte:02x}");
        }
    });
    data.at += 8;
}

pub(super) fn wins_servers(data: &mut Data<'_, '_, '_, '_>) {
    while data.left() >= 4 && data.fixed(dns::WINS_WINS_SERVER, 4) {}
}

/// RFC 4025 section 2.5.
pub(super) fn gateway(data: &mut Data<'_, '_, '_, '_>) {
    match data.body().byte(data.start + 1) {
        Some(1) => {
            data.fixed(dns::IPSECKEY_GATEWAY_IPV4, 4);
        }
        Some(2) => {
            data.fixed(dns::IPSECKEY_GATEWAY_IPV6, 16);
        }
        Some(3) => {
            data.name(dns::IPSECKEY_GATEWAY_DNS);
        }
        _ => {}
    }
}

/// The number of the key whose record the data is (RFC 4034 appendix B), which stands behind four bytes.
pub(super) fn key_tag(data: &mut Data<'_, '_, '_, '_>, id: FieldId) {
    /// RSA/MD5, whose number is a part of the key.
    const RSA_MD5: u8 = 1;
    let body = data.told.body;
    let all = body.part(data.start, data.end.saturating_sub(data.start));
    let nowhere = body.range(data.at, 0);
    let tag = if all.byte(3) == Some(RSA_MD5) {
        all.len().checked_sub(3).and_then(|at| all.word(at))
    } else {
        let pairs = all.bytes().chunks(2).map(|pair| match *pair {
            [high, low] => u32::from(u16::from_be_bytes([high, low])),
            [high] => u32::from(high) << 8,
            _ => 0,
        });
        let sum: u32 = pairs.sum();
        u16::try_from((sum + (sum >> 16)) & 0xffff).ok()
    };
    match tag {
        Some(tag) => data.told.out.give(id, Value::Unsigned(u64::from(tag)), nowhere),
        None => data.told.out.give(dns::KEY_ID_BUFFER_TOO_SHORT, Value::Mark, nowhere),
    }
}

/// The next hash of the zone in base 32 (RFC 4648 section 7), as it stands in a name.
pub(super) fn next_hash(data: &mut Data<'_, '_, '_, '_>) {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let Some(len) = data.byte().map(usize::from) else { return };
    if !data.fixed(dns::NSEC3_HASH_LENGTH, 1) || len > data.left() {
        return;
    }
    let at = data.at;
    data.told.written(dns::NSEC3_HASH_VALUE, at, len, |bytes, text| {
        for chunk in bytes.chunks(5) {
            let bits =
                (0..5).fold(0_u64, |sum, at| sum << 8 | u64::from(chunk.get(at).copied().unwrap_or(0)));
            let digits = (chunk.len() * 8).div_ceil(5);
            for place in 0..digits {
                let digit = usize::try_from(bits >> (35 - 5 * place) & 31).unwrap_or(0);
                text.push(DIGITS.get(digit).copied().map_or('?', char::from));
            }
        }
    });
    data.at += len;
}

pub(super) fn authentication(data: &mut Data<'_, '_, '_, '_>) {
    let Some(len) = data.body().word(data.at).map(usize::from) else { return };
    if !data.fixed(dns::TSIG_MAC_SIZE, 2) || len > data.left() {
        return;
    }
    data.told.body.open(dns::TSIG_MAC, data.at, len, data.told.out);
    let nowhere = data.body().range(0, 0);
    data.told.out.give(dns::TSIG_NOALG, Value::Mark, nowhere);
    data.told.out.close();
    data.at += len;
}

/// The types that a name has, a bit each in blocks of 256 (RFC 4034 section 4.1.2): `dns.resp.type` once more.
pub(super) fn types(data: &mut Data<'_, '_, '_, '_>) {
    while data.left() >= 2 {
        let (Some(block), Some(len)) = (data.byte(), data.body().byte(data.at + 1)) else { return };
        data.at += 2;
        let len = usize::from(len).min(data.left());
        bitmap(data, u64::from(block) << 8, len);
    }
}

/// The same as bytes, and then type by type (RFC 7477 section 2.1.1.2).
pub(super) fn child_types(data: &mut Data<'_, '_, '_, '_>) {
    let len = data.left();
    data.told.body.give(dns::CSYNC_TYPE_BITMAP, data.at, len, data.told.out);
    types(data);
}

/// The salt of NSEC3, which is told where it is empty, too.
pub(super) fn salt(data: &mut Data<'_, '_, '_, '_>) {
    let Some(len) = data.byte().map(usize::from) else { return };
    if data.fixed(dns::NSEC3_SALT_LENGTH, 1) {
        data.fixed(dns::NSEC3_SALT_VALUE, len);
    }
}

/// The same without blocks (RFC 2535 section 5.2).
pub(super) fn old_types(data: &mut Data<'_, '_, '_, '_>) {
    let len = data.left();
    bitmap(data, 0, len);
}

fn bitmap(data: &mut Data<'_, '_, '_, '_>, first: u64, len: usize) {
    let bits = data.body().part(data.at, len);
    for (kind, (byte, bit)) in
        (first..).zip(bits.bytes().iter().flat_map(|b| (0..8).map(move |bit| (b, bit))))
    {
        if byte & 0x80 >> bit != 0 {
            let range = data.body().range(data.at, len);
            data.told.out.give(dns::RESP_TYPE, Value::Unsigned(kind), range);
        }
    }
    data.at += len;
}
