//! The client: it says the key and writes what follows to a file of its own choosing, which is there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, Instant};

use super::{ERROR, PIECE, SUCCESS};
use crate::lab::client::{Outcome, Session};
use crate::lab::digest::Digest;
use crate::lab::link::{Broken, Fault, Link, outcome};
use crate::lab::{Ending, Event, LabError, Note};

/// What the file is called where the person names none; a number follows where that is taken.
const NAME: &str = "received";

/// Most such names that are tried.
const MAX_NAMES: u32 = 1000;

/// Most bytes that are taken: a server that sends for ever fills no disk.
const MAX_FILE: u64 = 1024 * 1024 * 1024;

/// Longest transfer: a server that trickles keeps nobody for ever.
const LONGEST: Duration = Duration::from_secs(4 * 3600);

pub(super) fn run(session: Session<'_>) -> Result<Outcome, LabError> {
    let (server, within) = (session.options.server, session.options.timeout);
    outcome(fetch(session), server, within)
}

fn fetch(session: Session<'_>) -> Result<(), Fault> {
    let Session { options, messages, stop, on_event, .. } = session;
    let (peer, within) = (options.server, options.timeout);
    let wanted = options.settings.file.as_deref();
    for key in messages {
        let key = key.map_err(LabError::Messages)?;
        if key.is_empty() {
            return Err(LabError::EmptyMessage.into());
        }
        if let Some(path) = wanted.filter(|path| path.symlink_metadata().is_ok()) {
            return Err(taken(path).into());
        }
        // Made before anybody is asked: where it cannot be, no connection is needed.
        let mut part = Part::create(wanted)?;
        let mut link = Link::open(peer, None, within, options.policy, stop)?;
        on_event(Event::Opened { local: link.local(), peer });
        on_event(Event::Sent { peer, bytes: key.clone() });
        link.send(&key, Instant::now() + within).inspect_err(|_| on_event(Event::NotSent { peer }))?;
        let mut file = Vec::new();
        let said = answer(&mut link, &mut file, Instant::now() + within)?;
        on_event(Event::Received { peer, bytes: said.clone() });
        if said != SUCCESS {
            link.farewell();
            on_event(Event::Closed { peer, ending: Ending::ByUs });
            let said = String::from_utf8_lossy(&said).escape_debug().to_string();
            return Err(LabError::Refusal { server: peer, said }.into());
        }
        let mut digest = Digest::new();
        let last = Instant::now() + LONGEST;
        loop {
            digest.add(&file);
            part.write(&file)?;
            if digest.length() > MAX_FILE {
                return Err(Broken::Malformed("the file does not end").into());
            }
            match link.piece(64 * PIECE, last.min(Instant::now() + within)) {
                Ok(Some(piece)) => file = piece,
                Ok(None) => break,
                Err(broken @ (Broken::Reset | Broken::Silent)) => {
                    let reset = matches!(broken, Broken::Reset);
                    return Err(LabError::BrokenOff { server: peer, after: digest.length(), reset }.into());
                }
                Err(broken) => return Err(broken.into()),
            }
        }
        let path = part.keep(wanted)?;
        on_event(Event::Carried { peer, length: digest.length(), sent: false });
        let told = format!("written to {}", path.display());
        on_event(Event::Noted { peer: Some(peer), note: Note::Told(told) });
        on_event(Event::Noted { peer: Some(peer), note: digest.note() });
        link.farewell();
        on_event(Event::Closed { peer, ending: Ending::ByPeer });
    }
    Ok(())
}

/// The answer to the key; what came with it of the file goes to `rest`.
fn answer(link: &mut Link<'_>, rest: &mut Vec<u8>, until: Instant) -> Result<Vec<u8>, Broken> {
    let mut said = Vec::new();
    loop {
        let Some(more) = link.piece(PIECE, until)? else {
            return if said.is_empty() { Err(Broken::Closed) } else { Ok(said) };
        };
        said.extend_from_slice(&more);
        if let Some(file) = said.strip_prefix(SUCCESS) {
            rest.extend_from_slice(file);
            return Ok(SUCCESS.to_vec());
        }
        let could_be = |word: &[u8]| said.len() < word.len() && word.starts_with(&said);
        if !could_be(SUCCESS) && !could_be(ERROR) {
            return Ok(said);
        }
    }
}

fn taken(path: &Path) -> LabError {
    LabError::file(path)(io::Error::new(
        ErrorKind::AlreadyExists,
        "it is there already, and is not written over",
    ))
}

/// A file that is being written under another name, and that goes unless it is kept.
struct Part {
    file: File,
    path: PathBuf,
}

impl Part {
    /// Beside the file that it is to become, so that taking its name is one step.
    fn create(wanted: Option<&Path>) -> Result<Self, LabError> {
        let wanted = wanted.unwrap_or(Path::new(NAME));
        let Some(name) = wanted.file_name() else {
            return Err(LabError::file(wanted)(io::Error::other("it is no name of a file")));
        };
        for number in 0..MAX_NAMES {
            let mut part = std::ffi::OsString::from(".");
            part.push(name);
            part.push(format!(".{}-{number}.part", process::id()));
            let path = wanted.with_file_name(part);
            // Neither a file nor a link that is there is written through.
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { file, path }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                // What was asked for is named, not the name of the moment.
                Err(error) => return Err(LabError::file(wanted)(error)),
            }
        }
        Err(taken(wanted))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LabError> {
        self.file.write_all(bytes).map_err(LabError::file(&self.path))
    }

    /// Gives it its name. A second name for the same file, unlike a new name, never replaces another file.
    fn keep(&mut self, wanted: Option<&Path>) -> Result<PathBuf, LabError> {
        self.file.sync_all().map_err(LabError::file(&self.path))?;
        if let Some(wanted) = wanted {
            return match fs::hard_link(&self.path, wanted) {
                Ok(()) => Ok(wanted.to_owned()),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(taken(wanted)),
                Err(error) => Err(LabError::file(wanted)(error)),
            };
        }
        for number in 1..=MAX_NAMES {
            let path = PathBuf::from(if number == 1 { NAME.to_owned() } else { format!("{NAME}-{number}") });
            match fs::hard_link(&self.path, &path) {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(LabError::file(&path)(error)),
            }
        }
        Err(taken(Path::new(NAME)))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Kept or not, this name is of no more use; that it is gone already is no failure.
        let _ = fs::remove_file(&self.path);
    }
}
