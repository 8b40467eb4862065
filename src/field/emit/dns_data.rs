//! What a DNS record holds: a table of its parts for each type, and a few types that need more than a table.

use super::dns::Telling;
use super::run::{Part, Run};
use super::{dns_options, dns_service};
use crate::field::names::dns;
use crate::field::{FieldId, FieldKind, Value};
use crate::proto::dns::{Name, Record};
use crate::time::Timestamp;

/// Whether a record's data was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    There,
    /// The message ends within it.
    Gone,
}

/// A part of a record's data.
#[derive(Clone, Copy)]
enum Piece {
    /// So many bytes.
    Fixed(FieldId, usize),
    /// A number of so many bytes, and under it its bits.
    Flags(FieldId, usize, &'static [Part]),
    /// Some bits of the bytes before.
    Bits(Part, usize),
    /// A name.
    Name(FieldId),
    /// A length of one byte and as much text.
    Text(FieldId, FieldId),
    /// The same until the data ends.
    Texts(FieldId, FieldId),
    /// All that is left, as bytes.
    Bytes(FieldId),
    /// All that is left, as text.
    AllText(FieldId),
    /// A length of so many bytes and as many bytes.
    Counted(FieldId, usize, FieldId),
    /// So many bytes of seconds since 1970.
    Seconds(FieldId, usize),
    /// What needs to look at more.
    Special(fn(&mut Data<'_, '_, '_, '_>)),
}

use Piece::{Bits, Bytes, Counted, Fixed, Flags, Name as Domain, Seconds, Special, Text, Texts};

/// The data of a record on its way out.
pub(super) struct Data<'t, 'p, 'e, 'o> {
    pub(super) told: &'t mut Telling<'p, 'e, 'o>,
    /// Where the next part begins in the message.
    pub(super) at: usize,
    /// Where the data ends there: as its length says.
    pub(super) end: usize,
    /// Where it begins.
    start: usize,
}

/// Hands out the data of `record`, which has some.
pub(super) fn emit(told: &mut Telling<'_, '_, '_>, record: &Record<'_>) -> Rest {
    let end = record.data_at.saturating_add(usize::from(record.data_len));
    let rest = if end > told.body.len() { Rest::Gone } else { Rest::There };
    let mut data = Data { told, at: record.data_at, end, start: record.data_at };
    for piece in pieces(record.kind) {
        if data.at > data.end || !data.piece(piece) {
            break;
        }
    }
    rest
}

impl Data<'_, '_, '_, '_> {
    pub(super) fn body(&self) -> Run<'_> {
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
            Fixed(id, len) => return self.fixed(id, len),
            Flags(id, len, parts) => {
                if len > self.left() {
                    return false;
                }
                self.told.body.flags((id, 0, u64::MAX), self.at, len, parts, self.told.out);
                self.at += len;
            }
            Bits(part, len) => {
                let at = self.at.saturating_sub(len);
                self.told.body.bits(part, at, len, self.told.out);
            }
            Domain(id) => return self.name(id),
            Text(length, text) => return self.text(length, text),
            Texts(length, text) => while self.left() > 0 && self.text(length, text) {},
            Bytes(id) => {
                let len = self.left();
                return len == 0 || self.fixed(id, len);
            }
            Piece::AllText(id) => {
                self.told.ascii(id, self.at, self.left());
                self.at = self.end;
            }
            Counted(length, width, id) => {
                let bytes = self.body().part(self.at, width);
                let len = bytes.bytes().iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                return self.fixed(length, width) && (len == 0 || self.fixed(id, len));
            }
            Seconds(id, len) => {
                let bytes = self.body().part(self.at, len);
                if bytes.len() < len || len > self.left() {
                    return false;
                }
                let seconds = bytes.bytes().iter().fold(0_i64, |sum, byte| sum << 8 | i64::from(*byte));
                let range = self.body().range(self.at, len);
                self.told.out.give(id, Value::Time(Timestamp::from_parts(seconds, 0)), range);
                self.at += len;
            }
            Special(emit) => emit(self),
        }
        true
    }
}

/// The parts of a type's data, in their order.
fn pieces(kind: u16) -> &'static [Piece] {
    match kind {
        1 => &[Fixed(dns::A, 4)],
        2 => &[Domain(dns::NS)],
        3 => &[Domain(dns::MD)],
        4 => &[Domain(dns::MF)],
        5 => &[Domain(dns::CNAME)],
        6 => &[
            Domain(dns::SOA_MNAME),
            Domain(dns::SOA_RNAME),
            Fixed(dns::SOA_SERIAL_NUMBER, 4),
            Fixed(dns::SOA_REFRESH_INTERVAL, 4),
            Fixed(dns::SOA_RETRY_INTERVAL, 4),
            Fixed(dns::SOA_EXPIRE_LIMIT, 4),
            Fixed(dns::SOA_MINIMUM_TTL, 4),
        ],
        7 => &[Domain(dns::MB)],
        8 => &[Domain(dns::MG)],
        9 => &[Domain(dns::MR)],
        10 => &[Bytes(dns::NULL)],
        11 => &[Fixed(dns::WKS_ADDRESS, 4), Fixed(dns::WKS_PROTOCOL, 1), Special(ports)],
        12 => &[Domain(dns::PTR_DOMAIN_NAME)],
        13 => &[Text(dns::HINFO_CPU_LENGTH, dns::HINFO_CPU), Text(dns::HINFO_OS_LENGTH, dns::HINFO_OS)],
        14 => &[Domain(dns::MINFO_R), Domain(dns::MINFO_E)],
        15 => &[Fixed(dns::MX_PREFERENCE, 2), Domain(dns::MX_MAIL_EXCHANGE)],
        16 => &[Texts(dns::TXT_LENGTH, dns::TXT)],
        17 => &[Domain(dns::RP_MAILBOX), Domain(dns::RP_TXT_RR)],
        18 => &[Fixed(dns::AFSDB_SUBTYPE, 2), Domain(dns::AFSDB_HOSTNAME)],
        19 => &[Text(dns::X25_LENGTH, dns::X25_PSDN_ADDRESS)],
        20 => &[Text(dns::ISDN_LENGTH, dns::ISDN_ADDRESS), Texts(dns::ISDN_SA_LENGTH, dns::ISDN_SA_ADDRESS)],
        21 => &[Fixed(dns::RT_SUBTYPE, 2), Domain(dns::RT_INTERMEDIATE_HOST)],
        22 => &[Bytes(dns::NSAP_RDATA)],
        23 => &[Domain(dns::NSAP_PTR_OWNER)],
        24 | 46 => SIGNATURE,
        26 => &[Fixed(dns::PX_PREFERENCE, 2), Domain(dns::PX_MAP822), Domain(dns::PX_MAP400)],
        27 => &[
            Text(dns::GPOS_LONGITUDE_LENGTH, dns::GPOS_LONGITUDE),
            Text(dns::GPOS_LATITUDE_LENGTH, dns::GPOS_LATITUDE),
            Text(dns::GPOS_ALTITUDE_LENGTH, dns::GPOS_ALTITUDE),
        ],
        28 => &[Fixed(dns::AAAA, 16)],
        29 => &[Special(location)],
        30 => &[Domain(dns::NXT_NEXT_DOMAIN_NAME)],
        33 => &[
            Fixed(dns::SRV_PRIORITY, 2),
            Fixed(dns::SRV_WEIGHT, 2),
            Fixed(dns::SRV_PORT, 2),
            Domain(dns::SRV_TARGET),
        ],
        35 => &[
            Fixed(dns::NAPTR_ORDER, 2),
            Fixed(dns::NAPTR_PREFERENCE, 2),
            Text(dns::NAPTR_FLAGS_LENGTH, dns::NAPTR_FLAGS),
            Text(dns::NAPTR_SERVICE_LENGTH, dns::NAPTR_SERVICE),
            Text(dns::NAPTR_REGEX_LENGTH, dns::NAPTR_REGEX),
            Special(replacement),
        ],
        36 => &[Fixed(dns::KX_PREFERENCE, 2), Domain(dns::KX_KEY_EXCHANGE)],
        38 => &[Special(a6)],
        39 => &[Domain(dns::DNAME)],
        41 => &[Special(dns_options::emit)],
        42 => &[Special(prefixes)],
        47 => &[Domain(dns::NSEC_NEXT_DOMAIN_NAME)],
        49 => &[Bytes(dns::DHCID_RDATA)],
        64 | 65 => {
            &[Fixed(dns::SVCB_SVCPRIORITY, 2), Domain(dns::SVCB_TARGETNAME), Special(dns_service::parameters)]
        }
        99 => &[Texts(dns::SPF_LENGTH, dns::SPF)],
        104 => &[Fixed(dns::ILNP_NID_PREFERENCE, 2), Bytes(dns::ILNP_NID)],
        105 => &[Fixed(dns::ILNP_L32_PREFERENCE, 2), Fixed(dns::ILNP_L32, 4)],
        106 => &[Fixed(dns::ILNP_L64_PREFERENCE, 2), Bytes(dns::ILNP_L64)],
        107 => &[Fixed(dns::ILNP_LP_PREFERENCE, 2), Domain(dns::ILNP_LP)],
        108 => &[Fixed(dns::EUI48, 6)],
        109 => &[Special(eui64)],
        257 => {
            &[Flags(dns::CAA_FLAGS, 1, &[(dns::CAA_FLAGS_ISSUER_CRITICAL, 7, 1)]), Special(dns_service::caa)]
        }
        65281 => &[
            Fixed(dns::WINS_LOCAL_FLAG, 4),
            Fixed(dns::WINS_LOOKUP_TIMEOUT, 4),
            Fixed(dns::WINS_CACHE_TIMEOUT, 4),
            Fixed(dns::WINS_NB_WINS_SERVERS, 4),
            Special(wins_servers),
        ],
        65282 => &[
            Fixed(dns::WINSR_LOCAL_FLAG, 4),
            Fixed(dns::WINSR_LOOKUP_TIMEOUT, 4),
            Fixed(dns::WINSR_CACHE_TIMEOUT, 4),
            Domain(dns::WINSR_NAME_RESULT_DOMAIN),
        ],
        65422 => &[Special(dns_service::forwarded)],
        _ => keys(kind),
    }
}

/// The types that carry keys, certificates and digests.
fn keys(kind: u16) -> &'static [Piece] {
    match kind {
        25 => &[
            Flags(dns::KEY_FLAGS, 2, KEY_FLAGS),
            Fixed(dns::KEY_PROTOCOL, 1),
            Fixed(dns::KEY_ALGORITHM, 1),
            Special(|data| key_tag(data, dns::KEY_KEY_ID)),
            Bytes(dns::KEY_PUBLIC_KEY),
        ],
        37 => &[
            Fixed(dns::CERT_TYPE, 2),
            Fixed(dns::CERT_KEY_TAG, 2),
            Fixed(dns::CERT_ALGORITHM, 1),
            Bytes(dns::CERT_CERTIFICATE),
        ],
        43 | 59 | 32769 => &[
            Fixed(dns::DS_KEY_ID, 2),
            Fixed(dns::DS_ALGORITHM, 1),
            Fixed(dns::DS_DIGEST_TYPE, 1),
            Bytes(dns::DS_DIGEST),
        ],
        44 => &[
            Fixed(dns::SSHFP_ALGORITHM, 1),
            Fixed(dns::SSHFP_FINGERPRINT_TYPE, 1),
            Bytes(dns::SSHFP_FINGERPRINT),
        ],
        45 => &[
            Fixed(dns::IPSECKEY_GATEWAY_PRECEDENCE, 1),
            Fixed(dns::IPSECKEY_GATEWAY_TYPE, 1),
            Fixed(dns::IPSECKEY_GATEWAY_ALGORITHM, 1),
            Special(gateway),
            Bytes(dns::IPSECKEY_PUBLIC_KEY),
        ],
        48 | 60 => &[
            Flags(dns::DNSKEY_FLAGS, 2, DNSKEY_FLAGS),
            Fixed(dns::DNSKEY_PROTOCOL, 1),
            Fixed(dns::DNSKEY_ALGORITHM, 1),
            Special(|data| key_tag(data, dns::DNSKEY_KEY_ID)),
            Bytes(dns::DNSKEY_PUBLIC_KEY),
        ],
        50 => &[
            Fixed(dns::NSEC3_ALGO, 1),
            Flags(dns::NSEC3_FLAGS, 1, &[(dns::NSEC3_FLAGS_OPT_OUT, 0, 1)]),
            Fixed(dns::NSEC3_ITERATIONS, 2),
            Counted(dns::NSEC3_SALT_LENGTH, 1, dns::NSEC3_SALT_VALUE),
            Special(next_hash),
        ],
        51 => &[
            Fixed(dns::NSEC3_ALGO, 1),
            Fixed(dns::NSEC3_FLAGS, 1),
            Fixed(dns::NSEC3_ITERATIONS, 2),
            Counted(dns::NSEC3_SALT_LENGTH, 1, dns::NSEC3_SALT_VALUE),
        ],
        52 => &[
            Fixed(dns::TLSA_CERTIFICATE_USAGE, 1),
            Fixed(dns::TLSA_SELECTOR, 1),
            Fixed(dns::TLSA_MATCHING_TYPE, 1),
            Bytes(dns::TLSA_CERTIFICATE_ASSOCIATION_DATA),
        ],
        55 => &[Special(dns_service::host_identity)],
        61 => &[Piece::AllText(dns::OPENPGPKEY)],
        62 => &[
            Fixed(dns::CSYNC_SOA, 4),
            Flags(
                dns::CSYNC_FLAGS,
                2,
                &[(dns::CSYNC_FLAGS_IMMEDIATE, 0, 1), (dns::CSYNC_FLAGS_SOAMINIMUM, 1, 1)],
            ),
            Bytes(dns::CSYNC_TYPE_BITMAP),
        ],
        63 => &[
            Fixed(dns::ZONEMD_SERIAL, 4),
            Fixed(dns::ZONEMD_SCHEME, 1),
            Fixed(dns::ZONEMD_HASH_ALGO, 1),
            Bytes(dns::ZONEMD_DIGEST),
        ],
        249 => &[
            Domain(dns::TKEY_ALGO_NAME),
            Seconds(dns::TKEY_SIGNATURE_INCEPTION, 4),
            Seconds(dns::TKEY_SIGNATURE_EXPIRATION, 4),
            Fixed(dns::TKEY_MODE, 2),
            Fixed(dns::TKEY_ERROR, 2),
            Counted(dns::TKEY_KEY_SIZE, 2, dns::TKEY_KEY_DATA),
            Counted(dns::TKEY_OTHER_SIZE, 2, dns::TKEY_OTHER_DATA),
        ],
        250 => &[
            Domain(dns::TSIG_ALGORITHM_NAME),
            Seconds(dns::TSIG_TIME_SIGNED, 6),
            Fixed(dns::TSIG_FUDGE, 2),
            Special(authentication),
            Fixed(dns::TSIG_ORIGINAL_ID, 2),
            Fixed(dns::TSIG_ERROR, 2),
            Counted(dns::TSIG_OTHER_LEN, 2, dns::TSIG_OTHER_DATA),
        ],
        _ => &[Special(undecoded)],
    }
}

const SIGNATURE: &[Piece] = &[
    Fixed(dns::RRSIG_TYPE_COVERED, 2),
    Fixed(dns::RRSIG_ALGORITHM, 1),
    Fixed(dns::RRSIG_LABELS, 1),
    Fixed(dns::RRSIG_ORIGINAL_TTL, 4),
    Seconds(dns::RRSIG_SIGNATURE_EXPIRATION, 4),
    Seconds(dns::RRSIG_SIGNATURE_INCEPTION, 4),
    Fixed(dns::RRSIG_KEY_TAG, 2),
    Domain(dns::RRSIG_SIGNERS_NAME),
    Bytes(dns::RRSIG_SIGNATURE),
];
const KEY_FLAGS: &[Part] = &[
    (dns::KEY_FLAGS_AUTHENTICATION, 15, 1),
    (dns::KEY_FLAGS_CONFIDENTIALITY, 14, 1),
    (dns::KEY_FLAGS_REQUIRED, 13, 1),
    (dns::KEY_FLAGS_ASSOCIATED_USER, 10, 1),
    (dns::KEY_FLAGS_ASSOCIATED_NAMED_ENTITY, 9, 1),
    (dns::KEY_FLAGS_IPSEC, 7, 1),
    (dns::KEY_FLAGS_MIME, 6, 1),
    (dns::KEY_FLAGS_SIGNATORY, 0, 0xf),
];
const DNSKEY_FLAGS: &[Part] = &[
    (dns::DNSKEY_FLAGS_ZONE_KEY, 8, 1),
    (dns::DNSKEY_FLAGS_KEY_REVOKED, 7, 1),
    (dns::DNSKEY_FLAGS_SECURE_ENTRY_POINT, 0, 1),
    (dns::DNSKEY_FLAGS_RESERVED, 1, 0x7f3f),
];

fn undecoded(data: &mut Data<'_, '_, '_, '_>) {
    let nowhere = data.body().range(0, 0);
    data.told.out.give(dns::UNDECODED_TYPE, Value::Mark, nowhere);
    let len = data.left();
    data.fixed(dns::DATA, len);
}

/// A byte for eight ports, where it has a bit set (RFC 1035 section 3.4.2).
fn ports(data: &mut Data<'_, '_, '_, '_>) {
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
fn location(data: &mut Data<'_, '_, '_, '_>) {
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
fn replacement(data: &mut Data<'_, '_, '_, '_>) {
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
fn a6(data: &mut Data<'_, '_, '_, '_>) {
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
fn prefixes(data: &mut Data<'_, '_, '_, '_>) {
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

fn eui64(data: &mut Data<'_, '_, '_, '_>) {
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

fn wins_servers(data: &mut Data<'_, '_, '_, '_>) {
    while data.left() >= 4 && data.fixed(dns::WINS_WINS_SERVER, 4) {}
}

/// RFC 4025 section 2.5.
fn gateway(data: &mut Data<'_, '_, '_, '_>) {
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
fn key_tag(data: &mut Data<'_, '_, '_, '_>, id: FieldId) {
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
fn next_hash(data: &mut Data<'_, '_, '_, '_>) {
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

fn authentication(data: &mut Data<'_, '_, '_, '_>) {
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
