//! `--json`: one document, valid, each key once, numbers as numbers.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::run;
use crate::program::recordings;

/// JSON that has no key twice in one object; `serde_json::Value` would quietly keep the last.
struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
        let mut keys = HashSet::new();
        while let Some((key, Strict)) = map.next_entry::<String, Strict>()? {
            if !keys.insert(key.clone()) {
                return Err(Error::custom(format!("{key} twice")));
            }
        }
        Ok(Strict)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Strict, A::Error> {
        while seq.next_element::<Strict>()?.is_some() {}
        Ok(Strict)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_unit<E: Error>(self) -> Result<Strict, E> {
        Ok(Strict)
    }
}

fn strict(text: &str) -> Result<Strict, serde_json::Error> {
    serde_json::from_str(text)
}

#[test]
fn the_strict_reader_is_strict() {
    assert!(strict(r#"{"a": [{"b": 1, "c": null}], "b": -1.5}"#).is_ok());
    assert!(strict(r#"{"a": [{"b": 1, "b": 2}]}"#).is_err());
    assert!(strict(r#"{"a": 1} {"b": 2}"#).is_err());
}

#[test]
fn every_document_is_valid_and_has_each_key_once() {
    for recording in recordings() {
        for (verb, schema, list) in [
            ("read", "wirelab.packets/", "packets"),
            ("flows", "wirelab.flows/", "flows"),
            ("explain", "wirelab.flows/", "flows"),
        ] {
            for more in [&[][..], &["--port", "9"], &["--color", "always"]] {
                let run = run(&[&[verb, &recording, "--json"], more].concat());
                let empty = i32::from(more.contains(&"9") && verb != "read");
                assert_eq!(run.code, Some(empty), "{verb} {recording}: {}", run.err);
                strict(&run.out).unwrap_or_else(|error| panic!("{verb} {recording} {more:?}: {error}"));
                let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
                assert!(document["schema"].as_str().unwrap().starts_with(schema));
                assert_eq!(
                    document[list].as_array().unwrap().is_empty(),
                    more.contains(&"9"),
                    "{verb} {recording}"
                );
            }
        }
    }
}

#[test]
fn numbers_are_numbers() {
    let run = run(&["read", "knock.pcapng", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let packet = &document["packets"][3];
    for (value, number) in [
        (&packet["number"], 4),
        (&packet["dst_port"], 43389),
        (&packet["tcp"]["length"], 13),
        (&packet["payload"]["length"], 13),
    ] {
        assert_eq!(value.as_u64(), Some(number), "{packet}");
    }
}

#[test]
#[cfg(feature = "live")]
fn the_interfaces_are_a_document_too() {
    let run = run(&["interfaces", "--json"]);
    assert!(matches!(run.code, Some(0 | 1)), "{run:?}");
    strict(&run.out).unwrap();
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let interfaces = document["interfaces"].as_array().unwrap();
    let can = interfaces.iter().any(|one| one["can_capture"] == true);
    assert_eq!(run.code, Some(if can { 0 } else { 1 }), "the exit status tells whether any can be captured");
    let loopback = interfaces.iter().find(|one| one["loopback"] == true).expect("every machine has loopback");
    assert!(loopback["addresses"].as_array().unwrap().contains(&"127.0.0.1".into()), "{loopback}");
}
