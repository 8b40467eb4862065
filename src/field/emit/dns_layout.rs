//! The parts of a DNS record's data, a row a type.

use super::dns_data::{self, Data};
use super::run::Part;
use super::{dns_options, dns_service};
use crate::field::FieldId;
use crate::field::names::dns;

/// A part of a record's data.
#[derive(Clone, Copy)]
pub(super) enum Piece {
    /// So many bytes.
    Fixed(FieldId, usize),
    /// A number of so many bytes, and under it its bits.
    Flags(FieldId, usize, &'static [Part]),
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

use Piece::{Bytes, Counted, Fixed, Flags, Name as Domain, Seconds, Special, Text, Texts};

/// The parts of a type's data, in their order.
pub(super) fn pieces(kind: u16) -> &'static [Piece] {
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
        11 => &[Fixed(dns::WKS_ADDRESS, 4), Fixed(dns::WKS_PROTOCOL, 1), Special(dns_data::ports)],
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
        29 => &[Special(dns_data::location)],
        30 => &[Domain(dns::NXT_NEXT_DOMAIN_NAME), Special(dns_data::old_types)],
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
            Special(dns_data::replacement),
        ],
        36 => &[Fixed(dns::KX_PREFERENCE, 2), Domain(dns::KX_KEY_EXCHANGE)],
        38 => &[Special(dns_data::a6)],
        39 => &[Domain(dns::DNAME)],
        41 => &[Special(dns_options::emit)],
        42 => &[Special(dns_data::prefixes)],
        47 => &[Domain(dns::NSEC_NEXT_DOMAIN_NAME), Special(dns_data::types)],
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
        109 => &[Special(dns_data::eui64)],
        257 => {
            &[Flags(dns::CAA_FLAGS, 1, &[(dns::CAA_FLAGS_ISSUER_CRITICAL, 7, 1)]), Special(dns_service::caa)]
        }
        65281 => &[
            Fixed(dns::WINS_LOCAL_FLAG, 4),
            Fixed(dns::WINS_LOOKUP_TIMEOUT, 4),
            Fixed(dns::WINS_CACHE_TIMEOUT, 4),
            Fixed(dns::WINS_NB_WINS_SERVERS, 4),
            Special(dns_data::wins_servers),
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
            Special(|data| dns_data::key_tag(data, dns::KEY_KEY_ID)),
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
            Special(dns_data::gateway),
            Bytes(dns::IPSECKEY_PUBLIC_KEY),
        ],
        48 | 60 => &[
            Flags(dns::DNSKEY_FLAGS, 2, DNSKEY_FLAGS),
            Fixed(dns::DNSKEY_PROTOCOL, 1),
            Fixed(dns::DNSKEY_ALGORITHM, 1),
            Special(|data| dns_data::key_tag(data, dns::DNSKEY_KEY_ID)),
            Bytes(dns::DNSKEY_PUBLIC_KEY),
        ],
        50 => &[
            Fixed(dns::NSEC3_ALGO, 1),
            Flags(dns::NSEC3_FLAGS, 1, &[(dns::NSEC3_FLAGS_OPT_OUT, 0, 1)]),
            Fixed(dns::NSEC3_ITERATIONS, 2),
            Special(dns_data::salt),
            Special(dns_data::next_hash),
            Special(dns_data::types),
        ],
        51 => &[
            Fixed(dns::NSEC3_ALGO, 1),
            Fixed(dns::NSEC3_FLAGS, 1),
            Fixed(dns::NSEC3_ITERATIONS, 2),
            Special(dns_data::salt),
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
            Special(dns_data::child_types),
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
            Special(dns_data::authentication),
            Fixed(dns::TSIG_ORIGINAL_ID, 2),
            Fixed(dns::TSIG_ERROR, 2),
            Counted(dns::TSIG_OTHER_LEN, 2, dns::TSIG_OTHER_DATA),
        ],
        _ => &[Special(dns_data::undecoded)],
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
