//! What a program asks its resolver, and what it reads of the answer: a question, and addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::message::{HEADER, IN, RECURSION_DESIRED, name_length};
use super::{Kind, Name};

/// Most records of an answer that are looked at.
const MAX_RECORDS: u16 = 64;

/// A question of a program, which wants all of the answer (RD).
#[must_use]
pub fn question(id: u16, name: &Name, kind: Kind) -> Vec<u8> {
    let words = [id, RECURSION_DESIRED, 1, 0, 0, 0];
    let mut bytes: Vec<u8> = words.into_iter().flat_map(u16::to_be_bytes).collect();
    bytes.extend_from_slice(name.wire());
    bytes.extend([kind.0, IN].into_iter().flat_map(u16::to_be_bytes));
    bytes
}

/// The addresses in the answer to a question, and its response code; `None` where it is not the answer to that, or cannot be
/// read.
#[must_use]
pub fn addresses(question: &[u8], answer: &[u8]) -> Option<(u8, Vec<IpAddr>)> {
    let (header, rest) = answer.split_first_chunk::<HEADER>()?;
    let [i0, i1, f0, f1, _, _, a0, a1, ..] = *header;
    let asked = question.get(HEADER..)?;
    if question.first_chunk() != Some(&[i0, i1]) || f0 & 0x80 == 0 {
        return None;
    }
    let mut rest = rest.strip_prefix(asked)?;
    let mut found = Vec::new();
    for _ in 0..u16::from_be_bytes([a0, a1]).min(MAX_RECORDS) {
        let record = rest.get(name_length(rest)?..)?;
        let (&[k0, k1, _, _, _, _, _, _, l0, l1], data) = record.split_first_chunk()?;
        let (data, behind) = data.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])))?;
        let address: Option<IpAddr> = match Kind(u16::from_be_bytes([k0, k1])) {
            Kind::A => <[u8; 4]>::try_from(data).ok().map(|octets| Ipv4Addr::from(octets).into()),
            Kind::AAAA => <[u8; 16]>::try_from(data).ok().map(|octets| Ipv6Addr::from(octets).into()),
            _ => None,
        };
        found.extend(address);
        rest = behind;
    }
    Some((f1 & 0xf, found))
}

#[cfg(test)]
mod tests {
    use super::super::{Carrier, Item, Query, Response, Section, Set};
    use super::*;
    use crate::lab::dns::Code;

    #[test]
    fn addresses_are_read_from_the_answer_to_the_question_alone() {
        let name = Name::parse("www.lab.", &Name::root()).unwrap();
        let asked = question(7, &name, Kind::A);
        let set = Set::new(Kind::A, 60, vec![vec![127, 0, 0, 9], vec![127, 0, 0, 8]]);
        let item = Item { section: Section::Answer, owner: name.clone(), set, is_needed: true };
        let response = Response { items: vec![item], ..Response::of(Code::NoError) };
        let (answer, _) = response.write(&Query::read(&asked).unwrap(), Carrier::Udp);
        let found: Vec<IpAddr> = vec!["127.0.0.8".parse().unwrap(), "127.0.0.9".parse().unwrap()];
        assert_eq!(addresses(&asked, &answer), Some((0, found)));
        assert_eq!(addresses(&question(8, &name, Kind::A), &answer), None);
        assert_eq!(addresses(&question(7, &name, Kind::AAAA), &answer), None);
        assert_eq!(addresses(&asked, &asked), None);
        for length in 0..answer.len() {
            assert_eq!(addresses(&asked, &answer[..length]), None, "{length}");
        }
    }
}
