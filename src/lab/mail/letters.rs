//! The mails that the client brings along.

use std::fs::File;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::Path;

use super::{Envelope, MAX_MAIL, own_name};
use crate::lab::{LabError, clock};

/// A mail, and what is said around it.
pub(super) struct Letter {
    /// The name that the client gives itself.
    pub(super) hello: String,
    pub(super) envelope: Envelope,
    /// Lines that end with CR LF.
    pub(super) text: Vec<u8>,
}

/// The host that the forger says he is, and the line that he says it wrote.
const BANK: &str = "mail.bank.example";

/// The bundled mail of that name, from a client at `here`.
pub(super) fn bundled(name: &[u8], here: IpAddr) -> Option<Letter> {
    let now = clock::now();
    let date = clock::mail_date(now);
    let (hello, from, text) = match name {
        b"honest" => (
            own_name(here),
            "student@student.example",
            format!(
                "Date: {date}\r\n\
                 From: A Student <student@student.example>\r\n\
                 To: A Teacher <teacher@college.example>\r\n\
                 Subject: My solution\r\n\
                 Message-ID: <{now}.1@desk.student.example>\r\n\
                 \r\n\
                 Hello,\r\n\
                 \r\n\
                 every agent on the way writes a Received line above this text, and nobody\r\n\
                 encrypts it. The next line has one dot, and two in the capture:\r\n\
                 .\r\n\
                 because a line of one dot ends a mail.\r\n\
                 \r\n\
                 A Student\r\n"
            ),
        ),
        b"forged" => (
            BANK.to_owned(),
            "service@bank.example",
            format!(
                "Received: from vault.bank.example (vault.bank.example [192.0.2.9])\r\n\
                 \tby {BANK} with ESMTP id 7A31C\r\n\
                 \tfor <teacher@college.example>; {}\r\n\
                 Date: {date}\r\n\
                 From: Your Bank <service@bank.example>\r\n\
                 To: A Teacher <teacher@college.example>\r\n\
                 Subject: Your account\r\n\
                 Message-ID: <{now}.2@{BANK}>\r\n\
                 \r\n\
                 Dear customer,\r\n\
                 \r\n\
                 please confirm your password at http://bank.example.invalid/ today.\r\n\
                 \r\n\
                 Your Bank\r\n",
                clock::mail_date(now - 5)
            ),
        ),
        _ => return None,
    };
    let to = vec!["teacher@college.example".to_owned()];
    Some(Letter { hello, envelope: Envelope { from: from.to_owned(), to }, text: text.into_bytes() })
}

/// A mail from a file, sent from who its From line names to whom its To line names.
pub(super) fn from_file(path: &Path, here: IpAddr) -> Result<Letter, LabError> {
    let wrong = |why: &str| LabError::file(path)(io::Error::other(why.to_owned()));
    let mut text = Vec::new();
    let most = u64::try_from(MAX_MAIL).unwrap_or(u64::MAX);
    let file = File::open(path).map_err(LabError::file(path))?;
    file.take(most + 1).read_to_end(&mut text).map_err(LabError::file(path))?;
    if text.len() > MAX_MAIL {
        return Err(wrong("it is longer than agents take"));
    }
    let text = with_line_ends(&text);
    let from = address(&text, b"from:").ok_or_else(|| wrong("no From line with an address is in it"))?;
    let to = address(&text, b"to:").ok_or_else(|| wrong("no To line with an address is in it"))?;
    Ok(Letter { hello: own_name(here), envelope: Envelope { from, to: vec![to] }, text })
}

/// The text with CR LF at the end of each line, and no other CR or LF.
fn with_line_ends(text: &[u8]) -> Vec<u8> {
    let mut ended = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        ended.extend(line.iter().filter(|byte| **byte != b'\r'));
        ended.extend_from_slice(b"\r\n");
    }
    ended
}

/// The first address of a header line: a word with an at sign in it.
fn address(text: &[u8], name: &[u8]) -> Option<String> {
    let lines = text.split(|byte| *byte == b'\n').take_while(|line| !matches!(*line, b"" | b"\r"));
    let line = lines
        .into_iter()
        .find(|line| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))?;
    let value = str::from_utf8(line.get(name.len()..)?).ok()?;
    let gap = |c: char| !c.is_ascii_graphic() || "<>,;:\"()".contains(c);
    value
        .split(gap)
        .find(|word| {
            word.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty())
        })
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_their_lines() {
        let text = b"To: <nobody>\r\nFROM: \"A, B\" <a@b.example> (c@d)\r\nTo: e@f, g@h\r\n\r\nFrom: x@y\r\n";
        assert_eq!(address(text, b"from:").as_deref(), Some("a@b.example"));
        assert_eq!(address(b"Subject: x\r\n\r\nTo: x@y\r\n", b"to:"), None);
    }

    #[test]
    fn every_line_of_a_mail_ends_with_cr_lf() {
        assert_eq!(with_line_ends(b"a\nb\r\nc\rd\n\ne"), b"a\r\nb\r\ncd\r\n\r\ne\r\n");
        for name in [&b"honest"[..], b"forged"] {
            let letter = bundled(name, "127.0.0.1".parse().unwrap()).unwrap();
            assert_eq!(with_line_ends(&letter.text), letter.text);
        }
    }
}
