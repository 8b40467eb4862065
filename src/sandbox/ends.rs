//! The stages' ends of the pipes: opened anew by number, and what goes into a word.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};

use super::channel::Word;

/// Longest free text in a word, in characters, so that the word stays below a pipe's atomic write however it is escaped.
const MAX_TEXT: usize = 600;

/// Opens an inherited descriptor anew and closes the inherited one. `write` says which end it is.
pub(super) fn adopt(number: i32, write: bool) -> io::Result<File> {
    let file = reopen(number, write);
    nix::unistd::close(number)?;
    file
}

/// Opens an inherited descriptor anew; the inherited one stays for the next stage.
pub(super) fn reopen(number: i32, write: bool) -> io::Result<File> {
    File::options().read(!write).write(write).open(format!("/proc/self/fd/{number}"))
}

/// Says a word. Nobody may be listening any more, which the control pipe tells.
pub(super) fn tell(report: &mut File, word: &Word) {
    let Ok(mut line) = serde_json::to_vec(word) else { return };
    line.push(b'\n');
    let _ = report.write_all(&line);
}

/// The beginning of `text`, short enough for a word.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// The command as a person would read it.
pub(super) fn shown(command: &OsStr) -> String {
    shortened(&command.to_string_lossy())
}

/// The first word of a command, and the others.
pub(super) fn split(command: &[OsString]) -> (&OsStr, &[OsString]) {
    command.split_first().map_or((OsStr::new(""), &[]), |(program, args)| (program.as_os_str(), args))
}
