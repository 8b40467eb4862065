//! A claim about a capture that either holds or does not.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::source::PacketNumber;

/// Most packets that a check names; more are counted by its words.
pub const MAX_PACKETS: usize = 10_000;

/// A claim, and whether the capture bears it out. In a document `holds` is null where there was nothing to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// It does, or nothing stands against it.
    pub holds: bool,
    /// There was nothing to see: the capture neither bears the claim out nor stands against it, and the words say why.
    pub moot: bool,
    /// The claim; where it does not hold, what is there instead.
    pub text: String,
    /// The packets that show it, in order.
    pub packets: Vec<PacketNumber>,
}

impl Check {
    pub(super) fn new(
        holds: bool,
        text: impl Into<String>,
        packets: impl IntoIterator<Item = PacketNumber>,
    ) -> Self {
        let mut packets: Vec<PacketNumber> = packets.into_iter().take(MAX_PACKETS).collect();
        packets.sort_unstable();
        packets.dedup();
        Self { holds, moot: false, text: text.into(), packets }
    }

    /// One of which nothing is to be seen.
    pub(super) fn moot(text: impl Into<String>, packets: impl IntoIterator<Item = PacketNumber>) -> Self {
        Self { moot: true, ..Self::new(true, text, packets) }
    }

    /// One that holds where nothing stands against it, else one for each of `against`.
    pub(super) fn unless(
        against: Vec<String>,
        text: impl Into<String>,
        packets: impl IntoIterator<Item = PacketNumber>,
    ) -> Vec<Self> {
        if against.is_empty() {
            return vec![Self::new(true, text, packets)];
        }
        against.into_iter().map(|text| Self::new(false, text, [])).collect()
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut check = serializer.serialize_struct("Check", 3)?;
        check.serialize_field("holds", &(!self.moot).then_some(self.holds))?;
        check.serialize_field("text", &self.text)?;
        check.serialize_field("packets", &self.packets)?;
        check.end()
    }
}

/// Packet numbers as a person reads them: `packet 4`, `packets 1-3, 7`.
#[derive(Clone, Copy, Debug)]
pub struct PacketList<'a>(pub &'a [PacketNumber]);

/// Runs of numbers that are written out; the rest is `...`.
const MAX_RUNS: usize = 6;

impl fmt::Display for PacketList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.len() == 1 { "packet " } else { "packets " })?;
        Runs(self.0).fmt(f)
    }
}

/// Numbers in order, those that follow each other as one: `1-3, 7`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Runs<'a>(pub(super) &'a [u64]);

impl fmt::Display for Runs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for number in self.0 {
            match runs.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
                _ => runs.push((*number, *number)),
            }
        }
        for (place, (first, last)) in runs.iter().enumerate() {
            if place > 0 {
                f.write_str(", ")?;
            }
            if place == MAX_RUNS && runs.len() > MAX_RUNS + 1 {
                return f.write_str("...");
            }
            if first == last { write!(f, "{first}")? } else { write!(f, "{first}-{last}")? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_to_be_seen_a_document_says_neither_yes_nor_no() {
        for (check, json) in [
            (Check::new(true, "a", [2, 1]), r#"{"holds":true,"text":"a","packets":[1,2]}"#),
            (Check::new(false, "b", []), r#"{"holds":false,"text":"b","packets":[]}"#),
            (Check::moot("c", []), r#"{"holds":null,"text":"c","packets":[]}"#),
        ] {
            assert_eq!(serde_json::to_string(&check).unwrap(), json);
        }
    }

    #[test]
    fn runs_of_packets_are_told_by_their_ends() {
        for (packets, text) in [
            (vec![4], "packet 4"),
            (vec![1, 2, 3, 7], "packets 1-3, 7"),
            (vec![1, 3, 5, 7, 9, 11, 13, 15], "packets 1, 3, 5, 7, 9, 11, ..."),
            (vec![1, 3, 5, 7, 9, 11, 13], "packets 1, 3, 5, 7, 9, 11, 13"),
        ] {
            assert_eq!(PacketList(&packets).to_string(), text);
        }
    }
}
