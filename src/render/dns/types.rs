//! Record types: what their data is made of, and how codes are written.

use std::fmt;

use crate::proto::dns;

/// What stands next in a record's data, and how a master file writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A domain name.
    Name,
    /// A number of one byte.
    U8,
    /// Of two.
    U16,
    /// Of four.
    U32,
    /// Of six.
    U48,
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// A character string, in quotes.
    Text,
    /// All that follows: character strings.
    Texts,
    /// A character string without quotes.
    Word,
    /// All that follows, as one text in quotes.
    RestText,
    /// All that follows, in hexadecimal.
    Hex,
    /// All that follows, in Base64.
    Base64,
    /// A length of one byte and as much in hexadecimal, `-` for nothing.
    SizedHex,
    /// The same in Base32 with the extended hexadecimal alphabet (RFC 4648 section 7).
    SizedBase32,
    /// A length of two bytes and as much in Base64, behind the length.
    SizedBase64,
    /// A record type.
    Type,
    /// All that follows: a list of record types as a bit map (RFC 4034 section 4.1.2).
    Types,
    /// A time of four bytes as year, month, day, hour, minute, second.
    Time,
    /// A response code.
    Rcode,
    /// All that follows: parameters of a service (RFC 9460).
    Service,
}

use Part::{
    A, Aaaa, Base64, Hex, Name, Rcode, RestText, Service, SizedBase32, SizedBase64, SizedHex, Text, Texts,
    Time, Type, Types, U8, U16, U32, U48, Word,
};

const NAME: &[Part] = &[Name];
const PREFERENCE: &[Part] = &[U16, Name];
const DIGEST: &[Part] = &[U16, U8, U8, Hex];
const KEY: &[Part] = &[U16, U8, U8, Base64];
const SIGNATURE: &[Part] = &[Type, U8, U8, U32, Time, Time, U16, Name, Base64];
const ASSOCIATION: &[Part] = &[U8, U8, U8, Hex];
const SERVICE: &[Part] = &[U16, Name, Service];
/// Number and data of the types whose data is written in a form of its own: RFC 1035 section 3.3, and the RFCs that
/// IANA's registry names. The data of others is written as RFC 3597 has it.
const TYPES: &[(u16, &[Part])] = &[
    (1, &[A]),                                                      // A
    (2, NAME),                                                      // NS
    (3, NAME),                                                      // MD
    (4, NAME),                                                      // MF
    (5, NAME),                                                      // CNAME
    (6, &[Name, Name, U32, U32, U32, U32, U32]),                    // SOA
    (7, NAME),                                                      // MB
    (8, NAME),                                                      // MG
    (9, NAME),                                                      // MR
    (12, NAME),                                                     // PTR
    (13, &[Text, Text]),                                            // HINFO
    (14, &[Name, Name]),                                            // MINFO
    (15, PREFERENCE),                                               // MX
    (16, &[Texts]),                                                 // TXT
    (17, &[Name, Name]),                                            // RP
    (18, PREFERENCE),                                               // AFSDB
    (19, &[Text]),                                                  // X25
    (20, &[Texts]),                                                 // ISDN
    (21, PREFERENCE),                                               // RT
    (24, SIGNATURE),                                                // SIG
    (25, KEY),                                                      // KEY
    (26, &[U16, Name, Name]),                                       // PX
    (28, &[Aaaa]),                                                  // AAAA
    (33, &[U16, U16, U16, Name]),                                   // SRV
    (35, &[U16, U16, Text, Text, Text, Name]),                      // NAPTR
    (36, PREFERENCE),                                               // KX
    (37, &[U16, U16, U8, Base64]),                                  // CERT
    (39, NAME),                                                     // DNAME
    (43, DIGEST),                                                   // DS
    (44, &[U8, U8, Hex]),                                           // SSHFP
    (46, SIGNATURE),                                                // RRSIG
    (47, &[Name, Types]),                                           // NSEC
    (48, KEY),                                                      // DNSKEY
    (49, &[Base64]),                                                // DHCID
    (50, &[U8, U8, U16, SizedHex, SizedBase32, Types]),             // NSEC3
    (51, &[U8, U8, U16, SizedHex]),                                 // NSEC3PARAM
    (52, ASSOCIATION),                                              // TLSA
    (53, ASSOCIATION),                                              // SMIMEA
    (59, DIGEST),                                                   // CDS
    (60, KEY),                                                      // CDNSKEY
    (61, &[Base64]),                                                // OPENPGPKEY
    (62, &[U32, U16, Types]),                                       // CSYNC
    (63, &[U32, U8, U8, Hex]),                                      // ZONEMD
    (64, SERVICE),                                                  // SVCB
    (65, SERVICE),                                                  // HTTPS
    (99, &[Texts]),                                                 // SPF
    (250, &[Name, U48, U16, SizedBase64, U16, Rcode, SizedBase64]), // TSIG
    (256, &[U16, U16, RestText]),                                   // URI
    (257, &[U8, Word, RestText]),                                   // CAA
    (32769, DIGEST),                                                // DLV
];

/// A record type by its name, or `TYPE1234` (RFC 3597 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecordType(pub u16);

impl RecordType {
    /// What its data is made of; nothing where that is not known.
    pub(super) fn parts(self) -> &'static [Part] {
        let place = TYPES.binary_search_by_key(&self.0, |row| row.0).ok();
        place.and_then(|place| TYPES.get(place)).map_or(&[], |row| row.1)
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        named(f, dns::type_name(self.0), "TYPE", self.0)
    }
}

/// A class by its name, or `CLASS1234` (RFC 3597 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class(pub u16);

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        named(f, dns::class_name(self.0), "CLASS", self.0)
    }
}

/// An opcode as dig writes it: `QUERY`, `OPCODE7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opcode(pub u8);

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        named(f, dns::opcode_name(self.0), "OPCODE", u16::from(self.0))
    }
}

/// A response code as dig writes it: `NOERROR`, `RCODE99`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ResponseCode(pub u16);

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        named(f, dns::rcode_name(self.0), "RCODE", self.0)
    }
}

fn named(f: &mut fmt::Formatter<'_>, name: Option<&str>, kind: &str, code: u16) -> fmt::Result {
    match name {
        Some(name) => f.write_str(name),
        None => write!(f, "{kind}{code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_in_order_and_named() {
        assert!(TYPES.is_sorted_by_key(|row| row.0));
        assert_eq!(RecordType(28).to_string(), "AAAA");
        assert_eq!(RecordType(257).to_string(), "CAA");
        assert_eq!(RecordType(65280).to_string(), "TYPE65280");
        assert_eq!(Class(2).to_string(), "CLASS2");
    }

    #[test]
    fn names_are_those_that_hickory_has() {
        use hickory_proto::rr::RecordType as Theirs;
        let named = |number: u16| match Theirs::from(number) {
            Theirs::Unknown(_) | Theirs::ANAME => None,
            known => Some(known.to_string()),
        };
        let theirs: Vec<(u16, String)> =
            (1..=u16::MAX).filter_map(|number| Some((number, named(number)?))).collect();
        assert!(theirs.len() > 25, "{theirs:?}");
        for (number, name) in theirs {
            assert_eq!(RecordType(number).to_string(), name, "{number}");
        }
    }
}
