//! JSON in tshark's two shapes ([`TsharkJson`], [`EkJson`]), and in wirelab's own.
//!
//! `--json`: one document a run, of the form described by the types here.
//!
//! - Keys are unique; numbers are JSON numbers; what is not known or does not apply is left out.
//! - Points in time are strings of seconds since 1970-01-01 UTC with nine digits (`"1700000000.123456789"`):
//!   a JSON reader's double holds only sixteen digits of them. Spans are numbers of whole nanoseconds, in keys
//!   that end in `_ns`.
//! - Characters that could control a terminal or hide are written as `\u` escapes.
//! - Sizes are in bytes. Addresses are strings, ports numbers.
//! - A packet's `fields`, where they are asked for, are by Wireshark's names, each once: numbers (hexadecimal
//!   notation or not) as numbers, truth values and protocols as `true` and `false`, spans of time as numbers of
//!   seconds with nine digits, points in time as above, bytes as strings of hexadecimal digits; several occurrences
//!   are an array in the order of the packet.
//! - `follow --as json` is no document but one line a flow ([`write_stream_json`]), by the same rules.
//! - The schema's name ends in its version, which changes when a key changes its meaning or goes.

mod certificates;
mod ek;
pub(in crate::render) mod escape;
mod flow;
mod follow;
mod ftp;
mod lab;
mod lan;
mod learnt;
mod lesson;
mod mail;
mod measures;
mod names;
mod packet;
mod segments;
mod tshark;
mod typed;

pub use ek::EkJson;
pub use flow::{FlowJson, write_flows_json};
pub use follow::write_stream_json;
pub use lan::write_explain_json;
pub use lesson::{LESSON_SCHEMA, Lesson, Played, write_lesson_json};
pub use names::{NAMES_SCHEMA, NamesLesson, write_names_json};
pub use packet::{PacketJson, PacketsJson, PayloadJson};
pub use tshark::TsharkJson;

use std::fmt;

use serde::{Serialize, Serializer};

use crate::time::TimeDelta;

/// Schema of [`PacketsJson`].
pub const PACKETS_SCHEMA: &str = "wirelab.packets/1";

/// Schema of [`write_flows_json`].
pub const FLOWS_SCHEMA: &str = "wirelab.flows/1";

/// Schema of [`crate::render::http::write_http_json`].
pub const HTTP_SCHEMA: &str = "wirelab.http/1";

/// Schema of [`crate::render::mail::write_mail_json`].
pub const MAIL_SCHEMA: &str = "wirelab.mail/1";

/// Schema of [`crate::render::stats::write_stats_json`].
pub const STATS_SCHEMA: &str = "wirelab.stats/1";

/// A value as the string that it displays as.
#[derive(Clone, Copy, Debug)]
pub struct Text<T>(pub T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A span in whole nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Nanos(pub TimeDelta);

impl Serialize for Nanos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i128(self.0.as_nanos())
    }
}

/// For `skip_serializing_if`: a fact that is only said where it holds, and a count where there is something to count.
pub(in crate::render) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests;
