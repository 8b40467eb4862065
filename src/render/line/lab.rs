//! What a lab's message says, in its own words: `calculator 12 + 42`, `file-transfer 1.4 kB behind 2.8 kB`.

use super::PacketLines;
use crate::decode::DecodedPacket;
use crate::proto::lab::Says;
use crate::proto::{Message, Note};
use crate::render::color::Style;
use crate::render::format::Bytes;

/// Columns of what was said: sentences of the labs are shorter.
const TEXT_COLUMNS: usize = 400;

impl PacketLines {
    /// Writes the name of the lab and what was said.
    pub(super) fn lab(&mut self, message: &Message, decoded: &DecodedPacket<'_>) {
        let Note::Lab(note) = &message.note else { return };
        let bytes = message.bytes(decoded);
        self.line.put(note.lab.name());
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match &note.said.says {
            Says::Bytes(before) => {
                self.line.put(" ");
                self.line.put_display(Bytes(len));
                if *before > 0 {
                    self.line.put(" behind ");
                    self.line.put_display(Bytes(*before));
                }
            }
            Says::FileEnd(end) => {
                self.line.put(" file ends: ");
                self.line.put_display(Bytes(end.bytes));
            }
            _ => {
                let text = bytes.trim_ascii();
                if !text.is_empty() {
                    self.line.put(" ");
                    self.line.put_payload(text, TEXT_COLUMNS);
                }
            }
        }
        if let Some(fault) = note.said.fault_in_words() {
            self.line.put(", ");
            self.line.start(Style::Yellow);
            self.line.put_payload(fault.as_bytes(), TEXT_COLUMNS);
            self.line.end();
        }
    }
}
