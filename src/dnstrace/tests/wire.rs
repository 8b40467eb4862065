//! Messages made for tests: names written out, nothing packed.

use std::net::IpAddr;

use super::super::Domain;

pub(in crate::dnstrace) const A: u16 = 1;
pub(in crate::dnstrace) const NS: u16 = 2;
pub(in crate::dnstrace) const CNAME: u16 = 5;
pub(in crate::dnstrace) const SOA: u16 = 6;
pub(in crate::dnstrace) const DNAME: u16 = 39;

pub(in crate::dnstrace) const QR: u16 = 0x8000;
pub(in crate::dnstrace) const AA: u16 = 0x0400;
pub(in crate::dnstrace) const TC: u16 = 0x0200;

pub(in crate::dnstrace) fn name(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

/// A record as bytes: owner, type, class IN, an hour, data.
pub(in crate::dnstrace) fn record(owner: &str, kind: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = name(owner).wire().to_vec();
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 1, 0, 0, 14, 16]);
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}

/// A record whose data is a name.
pub(in crate::dnstrace) fn names(owner: &str, kind: u16, target: &str) -> Vec<u8> {
    record(owner, kind, name(target).wire())
}

pub(in crate::dnstrace) fn address(owner: &str, address: &str) -> Vec<u8> {
    match address.parse().unwrap() {
        IpAddr::V4(v4) => record(owner, A, &v4.octets()),
        IpAddr::V6(v6) => record(owner, 28, &v6.octets()),
    }
}

/// A SOA record whose last number is 300.
pub(in crate::dnstrace) fn soa(zone: &str) -> Vec<u8> {
    let mut data = name("ns.invalid").wire().to_vec();
    data.extend(name("admin.invalid").wire());
    for number in [1_u32, 2, 3, 4, 300] {
        data.extend(number.to_be_bytes());
    }
    record(zone, SOA, &data)
}

/// A message of these sections: answer, authority, additional.
pub(in crate::dnstrace) fn message(
    id: u16,
    flags: u16,
    question: (&str, u16),
    sections: [&[Vec<u8>]; 3],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(id.to_be_bytes());
    bytes.extend(flags.to_be_bytes());
    bytes.extend(1_u16.to_be_bytes());
    for section in sections {
        bytes.extend(u16::try_from(section.len()).unwrap().to_be_bytes());
    }
    bytes.extend(name(question.0).wire());
    bytes.extend(question.1.to_be_bytes());
    bytes.extend([0, 1]);
    for record in sections.into_iter().flatten() {
        bytes.extend(record);
    }
    bytes
}
