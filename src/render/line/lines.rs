//! What the protocols of lines say, in a few words: `SMTP MAIL FROM:<a@example.org>`, `POP3 mail ends: 1.2 kB of 3 packets`,
//! `TELNET DO echo, WILL terminal type`, `SSH key exchange init`.

use super::PacketLines;
use crate::decode::DecodedPacket;
use crate::proto::lines::Lines;
use crate::proto::pop::PopPart;
use crate::proto::smtp::SmtpPart;
use crate::proto::ssh::{SshNote, SshPart, code};
use crate::proto::telnet::{Item, Items, SE, command_name, option_name};
use crate::proto::{Message, Note, Protocol};
use crate::render::color::Style;
use crate::render::format::{Bytes, Count};

/// Lines and options of one message that are told: more of them make a line that nobody reads.
const MOST_TOLD: usize = 4;

/// Columns of one line.
const LINE_COLUMNS: usize = 400;

impl PacketLines {
    /// Writes a message of a protocol of lines, of Telnet or of SSH in words.
    pub(super) fn lines(&mut self, message: &Message, decoded: &DecodedPacket<'_>) {
        let bytes = message.bytes(decoded);
        self.line.put(message.protocol.name());
        match &message.note {
            Note::Smtp(note) => match note.part {
                SmtpPart::Commands | SmtpPart::Replies => self.told(bytes),
                SmtpPart::Body => self.body_part("mail", bytes),
                SmtpPart::End | SmtpPart::LastChunk | SmtpPart::EmptyChunk => {
                    self.ended("mail", note.sent, note.parts.len());
                }
            },
            Note::Pop(note) => {
                let what = if note.is_mail { "mail" } else { "list" };
                match note.part {
                    PopPart::Commands | PopPart::Reply => self.told(bytes),
                    PopPart::Data => self.body_part(what, bytes),
                    PopPart::End => self.ended(what, note.sent, note.parts.len()),
                }
            }
            Note::Ssh(note) => self.ssh(note, bytes),
            _ if message.protocol == Protocol::Telnet => self.telnet(bytes),
            _ => self.told(bytes),
        }
    }

    /// Lines as they are.
    fn told(&mut self, bytes: &[u8]) {
        let mut lines = Lines::of(bytes).filter(|line| !line.text.is_empty());
        for (place, line) in lines.by_ref().take(MOST_TOLD).enumerate() {
            self.line.put(if place == 0 { " " } else { " / " });
            self.line.put_payload(line.text, LINE_COLUMNS);
        }
        let more = lines.count();
        if more > 0 {
            self.line.put_display(format_args!(" and {}", Count::new(wide(more), "line", "lines")));
        }
    }

    fn body_part(&mut self, what: &str, bytes: &[u8]) {
        self.line.put_display(format_args!(" part of a {what}, {}", Bytes(wide(bytes.len()))));
    }

    fn ended(&mut self, what: &str, sent: usize, packets: usize) {
        self.line.put_display(format_args!(" {what} ends: {}", Bytes(wide(sent))));
        if packets > 1 {
            self.line.put_display(format_args!(" of {packets} packets"));
        }
    }

    /// What was typed or shown as it is, options by their names.
    fn telnet(&mut self, bytes: &[u8]) {
        let mut told = 0_usize;
        // The end of a suboption says nothing by itself.
        let ends = |item: &Item<'_>| matches!(item, Item::Command { code: SE, .. });
        for item in Items::of(bytes).filter(|item| !ends(item)) {
            told = told.saturating_add(1);
            if told > MOST_TOLD {
                continue;
            }
            self.line.put(if told == 1 { " " } else { ", " });
            match item {
                Item::Data { bytes, .. } => self.line.put_payload(bytes, LINE_COLUMNS),
                Item::Command { code, option, .. } => {
                    self.named(command_name(code), "command", code);
                    if let Some(option) = option {
                        self.line.put(" ");
                        self.named(option_name(option), "option", option);
                    }
                }
                Item::Suboption { option, value, .. } => {
                    self.named(option_name(option), "option", option);
                    self.line.put_display(format_args!(" {} B", value.len()));
                }
            }
        }
        if told > MOST_TOLD {
            self.line.put_display(format_args!(" and {} more", told - MOST_TOLD));
        }
    }

    fn named(&mut self, name: Option<&'static str>, kind: &str, code: u8) {
        match name {
            Some(name) => self.line.put(name),
            None => self.line.put_display(format_args!("{kind} {code}")),
        }
    }

    fn ssh(&mut self, note: &SshNote, bytes: &[u8]) {
        match note.part {
            SshPart::Version => self.told(bytes),
            SshPart::Packet(_) => match bytes.get(5) {
                Some(&code::KEXINIT) => self.line.put(" key exchange init"),
                Some(&code::NEWKEYS) => self.line.put(" new keys: from here on this side encrypts"),
                Some(30..=49) => self.line.put(" key exchange"),
                Some(kind) => self.line.put_display(format_args!(" message {kind}")),
                None => self.line.put_styled(Style::Yellow, " empty packet"),
            },
            SshPart::Encrypted => {
                self.line.put_display(format_args!(" encrypted {}", Bytes(wide(bytes.len()))));
            }
        }
    }
}

fn wide(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
