//! JA3 and JA3S: what a hello looks like, as one string, so that the same program is known again.

use std::fmt::Write as _;

use super::super::Emitter;
use super::super::run::Run;
use super::handshake::Form;
use crate::field::Value;
use crate::proto::tls::{ClientHello, ServerHello, extension};

pub(super) fn of_client(body: &Run<'_>, form: Form, out: &mut Emitter<'_>) {
    let id = form.names.JA3_FULL;
    if !out.wants(id) {
        return;
    }
    let Some(hello) = ClientHello::read(body.bytes(), form.datagrams) else { return };
    let groups =
        hello.extensions.find(extension::SUPPORTED_GROUPS).and_then(|list| list.get(2..)).unwrap_or(&[]);
    let formats =
        hello.extensions.find(extension::EC_POINT_FORMATS).and_then(|list| list.get(1..)).unwrap_or(&[]);
    let mut text = hello.version.to_string();
    join(&mut text, hello.cipher_suites());
    join(&mut text, hello.extensions.iter().map(|extension| extension.kind));
    let pairs = groups.chunks_exact(2).filter_map(|pair| pair.first_chunk());
    join(&mut text, pairs.copied().map(u16::from_be_bytes));
    join(&mut text, formats.iter().copied().map(u16::from));
    out.give(id, Value::Text(&text), body.range(0, 0));
}

pub(super) fn of_server(body: &Run<'_>, form: Form, out: &mut Emitter<'_>) {
    let id = form.names.JA3S_FULL;
    if !out.wants(id) {
        return;
    }
    let Some(hello) = ServerHello::read(body.bytes()) else { return };
    let mut text = format!("{},{}", hello.version, hello.cipher_suite);
    join(&mut text, hello.extensions.iter().map(|extension| extension.kind));
    out.give(id, Value::Text(&text), body.range(0, 0));
}

/// A comma, and the numbers with dashes between them; those that stand for nothing (RFC 8701) left out.
fn join(text: &mut String, numbers: impl Iterator<Item = u16>) {
    let is_grease = |number: u16| number & 0x0f0f == 0x0a0a && number >> 8 == number & 0xff;
    text.push(',');
    for (place, number) in numbers.filter(|number| !is_grease(*number)).enumerate() {
        // Writing to a string does not fail.
        let _ = if place == 0 { write!(text, "{number}") } else { write!(text, "-{number}") };
    }
}
