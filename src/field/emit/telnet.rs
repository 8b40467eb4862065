//! Telnet.

use super::run::Run;
use super::{Emitter, Subject, ascii};
use crate::field::Value;
use crate::field::names::telnet;
use crate::proto::Message;
use crate::proto::lines::Lines;
use crate::proto::telnet::{Item, Items};

/// Horizontal tab stops (RFC 653).
const TAB_STOPS: u8 = 11;
/// Terminal type (RFC 1091).
const TERMINAL_TYPE: u8 = 24;
/// Window size (RFC 1073).
const WINDOW_SIZE: u8 = 31;
/// X display location (RFC 1096).
const X_DISPLAY: u8 = 35;

pub(super) fn emit(subject: &Subject<'_>, message: &Message, out: &mut Emitter<'_>) {
    if !out.wants_any_of(telnet::PROTOCOL) {
        return;
    }
    let run = Run::of(subject.packet, message.range);
    out.open(telnet::PROTOCOL, Value::Bytes(run.bytes()), message.range);
    for item in Items::of(run.bytes()) {
        match item {
            Item::Data { at, bytes } => data(&run.part(at, bytes.len()), out),
            Item::Command { at, code: _, option } => {
                run.give(telnet::CMD, at + 1, 1, out);
                if option.is_some() {
                    run.give(telnet::SUBCMD, at + 2, 1, out);
                }
            }
            Item::Suboption { at, option, value } => {
                run.give(telnet::CMD, at + 1, 1, out);
                run.open(telnet::SUBCMD, at + 2, 1, out);
                suboption(option, &run.part(at + 3, value.len()), out);
                out.close();
            }
        }
    }
    out.close();
}

fn suboption(option: u8, value: &Run<'_>, out: &mut Emitter<'_>) {
    match (option, value.byte(0)) {
        // 1 asks for the text, 0 gives it.
        (TAB_STOPS, Some(0 | 1)) | (TERMINAL_TYPE | X_DISPLAY, Some(1)) => {
            value.give(telnet::SUBCMD, 0, 1, out);
        }
        (TERMINAL_TYPE | X_DISPLAY, Some(0)) => {
            value.give(telnet::SUBCMD, 0, 1, out);
            if value.len() > 1 {
                ascii::give(value, telnet::STRING_VALUE, 1, value.len() - 1, out);
            }
        }
        // Something else is no command of theirs.
        (TAB_STOPS | TERMINAL_TYPE | X_DISPLAY, _) => {}
        (WINDOW_SIZE, _) if value.len() == 4 => {
            value.give(telnet::NAWS_WIDTH, 0, 2, out);
            value.give(telnet::NAWS_HEIGHT, 2, 2, out);
        }
        (_, Some(_)) => value.give(telnet::OPTION_DATA, 0, value.len(), out),
        (_, None) => {}
    }
}

/// Characters, line by line with their ends; the NUL of a carriage return belongs to it (RFC 854).
fn data(run: &Run<'_>, out: &mut Emitter<'_>) {
    let mut padded = false;
    for line in Lines::of(run.bytes()) {
        let (mut at, mut len) = (line.at, line.whole.len());
        if std::mem::take(&mut padded) && line.whole.first() == Some(&0) {
            (at, len) = (at + 1, len - 1);
        }
        padded = line.whole.last() == Some(&b'\r');
        if len > 0 {
            ascii::give(run, telnet::DATA, at, len, out);
        }
    }
}
