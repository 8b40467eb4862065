//! Trust anchors: keys that are believed without proof.

use super::super::Domain;
use super::crypto::{Delegation, Key};

/// Most lines of a file of anchors that are read.
const MAX_LINES: usize = 1000;

/// Digests of the root's keys of 2017 and 2024, as IANA publishes them (RFC 9718): tag and SHA-256; RSA with SHA-256.
const ROOT: [(u16, &str); 2] = [
    (20326, "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"),
    (38696, "683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16"),
];

/// Keys of a zone that are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    pub(super) zone: Domain,
    pub(super) trusted: Trusted,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trusted {
    /// The key itself.
    Key(Key),
    /// What a parent would say of it.
    Digest(Delegation),
}

/// What is wrong with a file of anchors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAnchor {
    /// This line, from 1, is no DS or DNSKEY record.
    #[error("line {0} is no DS or DNSKEY record on one line, such as `. IN DS 20326 8 2 E06D...`")]
    Line(usize),
    /// There is nothing in it.
    #[error("there is no DS or DNSKEY record in it")]
    Empty,
}

impl Anchor {
    /// The root's keys, as everybody knows them.
    #[must_use]
    pub fn of_root() -> Vec<Self> {
        let digest = |(tag, text): &(u16, &str)| {
            let digest = Delegation { tag: *tag, algorithm: 8, digest_kind: 2, digest: hex(text)? };
            Some(Self { zone: Domain::root(), trusted: Trusted::Digest(digest) })
        };
        ROOT.iter().filter_map(digest).collect()
    }

    /// A key of a zone, by the data of its DNSKEY record; `None` where that is no key which signs a zone's records.
    #[must_use]
    pub fn of_key(zone: Domain, data: &[u8]) -> Option<Self> {
        Some(Self { zone, trusted: Trusted::Key(Key::read(data)?) })
    }

    /// Reads records of type DS and DNSKEY, one a line; what stands behind a semicolon means nothing.
    ///
    /// # Errors
    /// [`BadAnchor`] names the line.
    pub fn read(text: &str) -> Result<Vec<Self>, BadAnchor> {
        let mut anchors = Vec::new();
        for (number, line) in (1..).zip(text.lines().take(MAX_LINES)) {
            let line = line.split(';').next().unwrap_or_default().trim();
            if !line.is_empty() {
                anchors.push(Self::of_line(line).ok_or(BadAnchor::Line(number))?);
            }
        }
        if anchors.is_empty() { Err(BadAnchor::Empty) } else { Ok(anchors) }
    }

    /// Whether it is about this key.
    pub(super) fn is_of(&self, key: &Key) -> bool {
        match &self.trusted {
            Trusted::Key(trusted) => trusted == key,
            Trusted::Digest(digest) => digest.is_of(&self.zone, key),
        }
    }

    fn of_line(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let zone = Domain::parse(words.first()?).ok()?;
        let at = words
            .iter()
            .position(|word| ["DS", "DNSKEY"].iter().any(|kind| word.eq_ignore_ascii_case(kind)))?;
        let [first, second, third, rest @ ..] = words.get(at.checked_add(1)?..)? else { return None };
        let (first, second, third): (u16, u8, u8) =
            (first.parse().ok()?, second.parse().ok()?, third.parse().ok()?);
        let rest = rest.concat();
        let trusted = if words.get(at)?.eq_ignore_ascii_case("DS") {
            Trusted::Digest(Delegation {
                tag: first,
                algorithm: second,
                digest_kind: third,
                digest: hex(&rest)?,
            })
        } else {
            let mut data = first.to_be_bytes().to_vec();
            data.extend([second, third]);
            data.extend(base64(&rest)?);
            Trusted::Key(Key::read(&data)?)
        };
        Some(Self { zone, trusted })
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return None;
    }
    let pairs = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs.collect()
}

/// RFC 4648 section 4.
fn base64(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_anchors_are_read() {
        let text = "; keys\n. 86400 IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D084 \
                    58E880409BBC683457104237C7F8EC8D ; old\n\nlab. DNSKEY 257 3 13 AQID\n";
        let anchors = Anchor::read(text).unwrap();
        assert_eq!(anchors[0], Anchor::of_root()[0]);
        let Trusted::Key(key) = &anchors[1].trusted else { panic!("a key") };
        assert_eq!(key.data, [1, 1, 3, 13, 1, 2, 3]);
        assert_eq!(Anchor::read("\n; nothing"), Err(BadAnchor::Empty));
        for bad in [". IN DS 1 2", ". A 1.2.3.4", ". DS 1 8 2 XY", ". DS 1 8 2 ABC", ". DNSKEY 257 3 13 %"] {
            assert_eq!(Anchor::read(bad), Err(BadAnchor::Line(1)), "{bad}");
        }
    }
}
