//! Mails in a file: one as it is (`.eml`, pasted headers), or several one after the other (mbox, RFC 4155).

use super::header::named;
use super::{Beside, MailMessage};

/// Largest file of mails that is read: it is held in memory.
pub const MAX_FILE: usize = 64 << 20;

/// Most mails of a file that are read; the others are counted.
pub const MAX_MAILS_IN_FILE: usize = 1 << 14;

/// Bytes that tell whether a file is a mail.
const LOOKED_AT: usize = 4096;

/// Headers that a mail has: others might stand at the beginning of any text.
const KNOWN: [&str; 16] = [
    "received",
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "return-path",
    "delivered-to",
    "mime-version",
    "content-type",
    "reply-to",
    "sender",
    "envelope-to",
    "x-original-to",
    "dkim-signature",
    "received-spf",
];

/// The mails of a file.
#[derive(Debug, Default)]
pub struct MailFile {
    /// In their order, at most [`MAX_MAILS_IN_FILE`].
    pub mails: Vec<MailMessage>,
    /// Mails beyond that.
    pub left_out: u64,
}

impl MailFile {
    /// The mails in `text`.
    #[must_use]
    pub fn read(text: &[u8]) -> Self {
        Self::read_with(text, &mut |_, _| {})
    }

    /// The same; `each` gets the bytes of each mail that is kept, with its number from 1 on.
    pub fn read_with(text: &[u8], each: &mut dyn FnMut(usize, &[u8])) -> Self {
        let text = content(text);
        let mut file = Self::default();
        let mut add = |mail: &[u8]| {
            if mail.trim_ascii().is_empty() {
                return;
            }
            if file.mails.len() >= MAX_MAILS_IN_FILE {
                file.left_out = file.left_out.saturating_add(1);
                return;
            }
            let mut message = MailMessage::read(mail);
            let recipients = message.delivered_to();
            message.judge(&Beside {
                recipients: recipients.iter().map(|recipient| &**recipient).collect(),
                is_copied: true,
                ..Beside::default()
            });
            file.mails.push(message);
            each(file.mails.len(), mail);
        };
        if !text.starts_with(b"From ") {
            add(&with_folds(without_margin(text)));
            return file;
        }
        let mut rest = text;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let mail = rest.get(end.saturating_add(1)..).unwrap_or_default();
            let len = next_mail(mail);
            let (mail, behind) = mail.split_at_checked(len).unwrap_or((mail, &[]));
            add(&unquoted(mail));
            rest = behind;
        }
        file
    }
}

impl MailMessage {
    /// Whom a mailbox says that the mail was delivered to.
    fn delivered_to(&self) -> Vec<Box<[u8]>> {
        let lines =
            ["x-original-to", "envelope-to", "delivered-to"].iter().find_map(|name| self.header(name));
        lines.into_iter().flat_map(super::HeaderLine::addresses).collect()
    }
}

/// Where the next mail of an mbox begins: a line `From ` behind an empty one.
fn next_mail(text: &[u8]) -> usize {
    let is_behind_empty = |at: &usize| {
        let before = text.get(..*at).unwrap_or_default();
        before.ends_with(b"\n") || before.ends_with(b"\n\r")
    };
    let found = memchr::memmem::find_iter(text, b"\nFrom ").find(is_behind_empty);
    found.map_or(text.len(), |at| at.saturating_add(1))
}

/// A mail of an mbox without the mark before lines that begin with `From `.
fn unquoted(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len());
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        let marks = line.iter().take_while(|byte| **byte == b'>').count();
        let is_quoted = marks > 0 && line.get(marks..).is_some_and(|line| line.starts_with(b"From "));
        out.extend_from_slice(line.get(usize::from(is_quoted)..).unwrap_or(line));
    }
    out
}

/// What a file of mails begins with: a byte order mark that an editor put there is no part of it, nor are lines of blanks.
fn content(text: &[u8]) -> &[u8] {
    let mut rest = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    while let Some(end) = memchr::memchr(b'\n', rest)
        && let Some((line, behind)) = rest.split_at_checked(end.saturating_add(1))
        && line.trim_ascii().is_empty()
    {
        rest = behind;
    }
    rest
}

/// Headers that were pasted with a margin before each line, without it: as many blanks as the first line has.
fn without_margin(text: &[u8]) -> Vec<u8> {
    let margin = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    if margin == 0 {
        return text.to_vec();
    }
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let blanks = line.iter().take(margin).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        out.extend_from_slice(line.get(blanks..).unwrap_or(line));
    }
    out
}

/// Headers whose folded lines have lost the blank before them, as they do when they are copied from a page, with it: lines
/// that are no headers before one that is.
fn with_folds(text: Vec<u8>) -> Vec<u8> {
    let lines =
        || text.split_inclusive(|byte| *byte == b'\n').take_while(|line| !line.trim_ascii().is_empty());
    let is_header = |line: &[u8]| line.first().is_some_and(u8::is_ascii_alphabetic) && named(line).is_some();
    let Some(last) = lines().enumerate().filter(|(_, line)| is_header(line)).map(|(place, _)| place).last()
    else {
        return text;
    };
    let mut out = Vec::with_capacity(text.len());
    for (place, line) in lines().take(last).enumerate() {
        if place > 0 && !is_header(line) && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            out.push(b' ');
        }
        out.extend_from_slice(line);
    }
    let copied: usize = lines().take(last).map(<[u8]>::len).sum();
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    out
}

/// Whether a file that begins with these bytes is a mail, or several.
#[must_use]
pub fn looks_like_mail(head: &[u8]) -> bool {
    let head = head.get(..LOOKED_AT).unwrap_or(head);
    let text = content(head).trim_ascii_start();
    let (line, rest) = match memchr::memchr(b'\n', text) {
        Some(end) => text.split_at_checked(end).unwrap_or((text, &[])),
        None => (text, &[][..]),
    };
    if line.starts_with(b"From ") {
        return named(rest.trim_ascii_start()).is_some();
    }
    let is_known = |line: &[u8]| {
        named(line)
            .is_some_and(|(name, _)| KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes())))
    };
    let begins = named(line).is_some() && !line.contains(&0);
    let headers = text.split(|byte| *byte == b'\n').take_while(|line| !line.trim_ascii().is_empty());
    begins && headers.map(<[u8]>::trim_ascii_start).any(is_known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_are_told_from_other_text() {
        for mail in [
            "From: a@b\n",
            "\r\n  Received: from x\r\n  by y",
            "X-Y: z\nsubject: x\n\ntext",
            "From a@b Thu\nA: b\n",
        ] {
            assert!(looks_like_mail(mail.as_bytes()), "{mail}");
        }
        for other in [
            "",
            "From here on",
            "key: value\n\nsubject: x",
            "GET / HTTP/1.1\r\nHost: x\r\n",
            "<html>",
            "\0\0: x",
        ] {
            assert!(!looks_like_mail(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn an_mbox_has_several_mails() {
        let file =
            MailFile::read(b"From a Thu\nSubject: one\n\n>From me\n\nFrom b Fri\r\nSubject: two\r\n\r\ntext");
        let subjects: Vec<_> =
            file.mails.iter().map(|mail| mail.header("subject").unwrap().value.clone()).collect();
        assert_eq!(subjects, [b"one"[..].into(), b"two"[..].into()]);
        assert_eq!(file.mails[0].parts.all[0].text.as_deref(), Some("From me\n\n"));
    }

    #[test]
    fn a_margin_is_taken_away() {
        let file = MailFile::read(b"\n  Received: from a\n    by b\n  Subject: x\n");
        assert_eq!(file.mails[0].headers.len(), 2);
        assert_eq!(&*file.mails[0].headers[0].value, b"from a by b");
    }

    #[test]
    fn what_stands_before_the_first_line_is_no_part_of_it() {
        for before in ["\u{feff}", "  \n", "\u{feff} \t\r\n\r\n"] {
            let text = format!("{before}Received: from a\n by b\nSubject: x\n");
            assert!(looks_like_mail(text.as_bytes()));
            let file = MailFile::read(text.as_bytes());
            let mail = &file.mails[0];
            assert_eq!((mail.headers.len(), mail.received.len()), (2, 1), "{before:?}");
            assert_eq!(&*mail.headers[0].value, b"from a by b", "{before:?}");
            let text = format!("{before}From a Thu\nSubject: one\n\nFrom b Fri\nSubject: two\n");
            assert!(looks_like_mail(text.as_bytes()));
            assert_eq!(MailFile::read(text.as_bytes()).mails.len(), 2, "{before:?}");
        }
    }

    #[test]
    fn of_headers_alone_no_parts_are_told() {
        let parts = |text: &str| MailFile::read(text.as_bytes()).mails[0].parts.all.len();
        for alone in ["From: a@b\n", "From: a@b\n\n", "Content-Type: multipart/mixed; boundary=x\n\n"] {
            assert_eq!(parts(alone), 0, "{alone:?}");
        }
        assert_eq!(parts("From: a@b\n\nx"), 1);
    }

    #[test]
    fn each_mail_of_a_file_is_handed_on() {
        let mut all = Vec::new();
        MailFile::read_with(b"From a Thu\nA: b\n\n>From x\n\nFrom b Fri\nC: d\n", &mut |number, mail| {
            all.push((number, mail.to_vec()));
        });
        assert_eq!(all, [(1, b"A: b\n\nFrom x\n\n".to_vec()), (2, b"C: d\n".to_vec())]);
    }

    #[test]
    fn folds_that_lost_their_blank_are_made_again() {
        let file = MailFile::read(
            b"Received: from a\nby b;\n14 Nov 2005 19:11:03 -0000\nSubject: x\n\nno: header\n",
        );
        let mail = &file.mails[0];
        assert_eq!(&*mail.headers[0].value, b"from a by b; 14 Nov 2005 19:11:03 -0000");
        assert_eq!((mail.headers.len(), mail.parts.all[0].text.as_deref()), (2, Some("no: header\n")));
    }
}
