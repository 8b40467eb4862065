//! Standard output and standard error, exit status, and what a failed run says.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Write};

use unicode_width::UnicodeWidthStr;

use crate::render::safe::Message;
use crate::render::wrap::Wrapped;
use crate::source::{BpfError, SourceError};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Done.
    Done,
    /// The question was answered "no".
    No,
    /// An error, possibly after partial output.
    Error,
    /// Ended by Ctrl-C, with what was gathered.
    Interrupted,
}

impl Status {
    /// The process's exit status.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Error => 2,
            Self::Interrupted => 130,
        }
    }
}

/// Why a verb could not do its work: one sentence, and what to try.
#[derive(Debug)]
pub(super) struct Failure {
    message: String,
    hint: Option<String>,
    broken_pipe: bool,
}

impl Failure {
    /// A failure told in one sentence.
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), hint: None, broken_pipe: false }
    }

    /// The same with what to try next.
    pub(super) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Whether the reader of our output went away, which is no failure.
    pub(super) const fn is_broken_pipe(&self) -> bool {
        self.broken_pipe
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl From<io::Error> for Failure {
    /// A failed write to standard output.
    fn from(error: io::Error) -> Self {
        let broken_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        Self { message: format!("cannot write the output: {error}"), hint: None, broken_pipe }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        let broken_pipe =
            matches!(&error, SourceError::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe);
        Self { broken_pipe, ..Self::new(error) }
    }
}

impl From<BpfError> for Failure {
    fn from(error: BpfError) -> Self {
        Self::new(error)
    }
}

/// Buffered standard output. Nothing else writes there.
pub(super) type Stdout = BufWriter<io::StdoutLock<'static>>;

/// Standard output behind one large buffer.
pub(super) fn stdout() -> Stdout {
    BufWriter::with_capacity(1 << 16, io::stdout().lock())
}

/// Columns of the terminal that standard output is, or `None` where it is a file or a pipe.
pub(super) fn terminal_width() -> Option<usize> {
    let out = io::stdout();
    if !out.is_terminal() {
        return None;
    }
    Some(columns_of(&out))
}

fn columns_of(terminal: &impl std::os::fd::AsFd) -> usize {
    let columns = terminal_size::terminal_size_of(terminal).map_or(80, |(width, _)| usize::from(width.0));
    columns.max(MIN_WIDTH)
}

/// A narrower terminal gets lines of this many columns, wrapped by the terminal.
const MIN_WIDTH: usize = 40;

/// Whether standard output is a pipe whose reader has gone, which a program that writes nothing does not learn
/// otherwise.
#[cfg(feature = "live")]
pub(super) fn stdout_is_closed() -> bool {
    use std::os::fd::AsFd;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    let out = io::stdout();
    let mut fds = [PollFd::new(out.as_fd(), PollFlags::empty())];
    matches!(poll(&mut fds, PollTimeout::ZERO), Ok(1..))
        && fds.iter().any(|fd| fd.revents().is_some_and(|events| events.contains(PollFlags::POLLERR)))
}

/// A line of talk on standard error, on a terminal broken at spaces.
pub(super) fn say(line: impl fmt::Display) {
    let mut err = io::stderr();
    let text = Message(line).to_string();
    let columns = err.is_terminal().then(|| columns_of(&err));
    let _ = writeln!(err, "{}", broken(&text, columns));
}

/// Lines on standard error that are written piece by piece, on a terminal broken at spaces like those of [`say`].
pub(super) struct Lines<W> {
    inner: W,
    columns: Option<usize>,
    begun: Vec<u8>,
}

/// Most bytes of a line that are kept until it ends: more is no line for a person.
const MAX_LINE: usize = 1 << 16;

impl<W: Write> Lines<W> {
    /// Lines that `inner` brings to standard error.
    pub(super) fn to_stderr(inner: W) -> Self {
        let err = io::stderr();
        Self { inner, columns: err.is_terminal().then(|| columns_of(&err)), begun: Vec::new() }
    }
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(piece);
            if self.begun.ends_with(b"\n") || self.begun.len() > MAX_LINE {
                let line = std::mem::take(&mut self.begun);
                self.inner.write_all(broken(&String::from_utf8_lossy(&line), self.columns).as_bytes())?;
            }
        }
        Ok(bytes.len())
    }

    /// Also what is no whole line yet: a prompt.
    fn flush(&mut self) -> io::Result<()> {
        if !self.begun.is_empty() {
            self.inner.write_all(&std::mem::take(&mut self.begun))?;
        }
        self.inner.flush()
    }
}

/// What clap says of a mistake, where a terminal has fewer columns than its longest line; `None` where it fits, and clap itself
/// prints it best.
pub(super) fn broken_mistake(error: &clap::Error) -> Option<String> {
    let err = io::stderr();
    let columns = err.is_terminal().then(|| columns_of(&err))?;
    let text = error.render().to_string();
    text.lines().any(|line| line.width() > columns).then(|| broken(&text, Some(columns)))
}

/// What stands before a command to be typed, which must stay in one piece.
const COMMAND: &str = ":  ";

/// `text` with those of its lines broken that have more than so many columns. What was laid out before, and so begins with a
/// space, is left as it is.
fn broken(text: &str, columns: Option<usize>) -> String {
    let Some(columns) = columns else { return text.to_owned() };
    let line = |line: &str| {
        if line.starts_with(' ') || line.width() <= columns {
            return line.to_owned();
        }
        let wrapped = |text: &str| Wrapped::new(text, columns).collect::<Vec<_>>().join("\n");
        match line.split_once(COMMAND) {
            Some((text, command)) => format!("{}\n  {}", wrapped(&format!("{text}:")), command.trim_start()),
            None => wrapped(line),
        }
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_come_in_pieces_are_broken_too_and_a_prompt_is_not_kept() {
        let mut lines = Lines { inner: Vec::new(), columns: Some(40), begun: Vec::new() };
        let command = "`wirelab serve knock`";
        write!(lines, "hint: start the server first with {command}, or try --port\n> ").unwrap();
        assert_eq!(lines.inner, b"hint: start the server first with\n`wirelab serve knock`, or try --port\n");
        lines.flush().unwrap();
        assert!(lines.inner.ends_with(b"--port\n> "));
    }

    #[test]
    fn only_a_terminal_gets_a_long_line_in_parts() {
        let hint = "there is no HTTP in a.pcap; `wirelab flows` lists what there is";
        assert_eq!(
            broken(hint, Some(40)),
            "there is no HTTP in a.pcap; `wirelab\nflows` lists what there is"
        );
        assert_eq!(broken(hint, Some(63)), hint);
        assert_eq!(broken(hint, None), hint);
        let two = format!("error: no\n{hint}");
        assert_eq!(broken(&two, Some(40)), format!("error: no\n{}", broken(hint, Some(40))));
        let command = "hint: allow more until the next start:  sudo sysctl user.max_user_namespaces=10000";
        let told = "hint: allow more until the next start:\n  sudo sysctl user.max_user_namespaces=10000";
        assert_eq!(broken(command, Some(40)), told);
        let table = "  two columns, laid out\n         ^";
        assert_eq!(broken(table, Some(10)), table);
    }
}
