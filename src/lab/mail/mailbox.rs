//! A mailbox: a file of mails one after another (RFC 4155).

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use nix::fcntl::OFlag;

use super::Envelope;
use crate::lab::{LabError, clock};

/// Most bytes of the file: who sends for ever fills no disk.
const MAX_FILE: u64 = 64 * 1024 * 1024;

pub(super) struct Mailbox(File);

impl Mailbox {
    /// Opens the file, or makes it. One that holds something else than mails is left alone.
    pub(super) fn open(path: PathBuf) -> Result<Self, LabError> {
        let wrong = |why: &str| LabError::file(&path)(io::Error::other(why.to_owned()));
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).custom_flags(OFlag::O_NONBLOCK.bits());
        let mut file = options.open(&path).map_err(LabError::file(&path))?;
        if !file.metadata().map_err(LabError::file(&path))?.is_file() {
            return Err(wrong("it is not a regular file"));
        }
        let mut start = Vec::new();
        (&mut file).take(5).read_to_end(&mut start).map_err(LabError::file(&path))?;
        if start.is_empty() || start == b"From " {
            Ok(Self(file))
        } else {
            Err(wrong("it is there already and is no mailbox"))
        }
    }

    /// Adds a mail, whole or not at all.
    pub(super) fn keep(&mut self, envelope: &Envelope, mail: &[u8]) -> io::Result<()> {
        let from = if envelope.from.is_empty() { "MAILER-DAEMON" } else { &envelope.from };
        let mut text = format!("From {from} {}\n", clock::mbox_date(clock::now())).into_bytes();
        for line in mail.split_inclusive(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
            // What looks like the beginning of a mail gets a mark in front, and so does what has one.
            let quoted = line.iter().position(|byte| *byte != b'>').and_then(|at| line.get(at..));
            if quoted.is_some_and(|rest| rest.starts_with(b"From ")) {
                text.push(b'>');
            }
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        text.push(b'\n');
        let before = self.0.seek(SeekFrom::End(0))?;
        if before.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX)) > MAX_FILE {
            return Err(io::Error::other("the mailbox is full"));
        }
        self.0.write_all(&text).and_then(|()| self.0.flush()).inspect_err(|_| {
            // Where not even this can be done, the error that is told is the first one.
            let _ = self.0.set_len(before);
        })
    }
}
