//! `file-transfer`: a word that must be right, then a file in pieces of 1024 bytes, and its SHA-256 on both sides.
//!
//! The end of the connection is the end of the file: nothing else tells it. So a server that closes too early cannot be told
//! from a short file, but a reset or a silence can, and then no file is left behind.

mod client;

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use std::os::unix::fs::OpenOptionsExt;

use super::digest::Digest;
use super::{
    Ending, Lab, LabError, LabOption, Logic, Over, Problem, Settings, StreamService, Talk, Transport,
    without_line_end,
};

pub(super) static LAB: Lab = Lab {
    name: "file-transfer",
    title: "a key, then a file in pieces of 1024 bytes, hashed on both sides",
    transport: Transport::Tcp,
    default_port: 9000,
    messages: &["SECRET_KEY"],
    options: &[LabOption::File],
    logic,
    client: client::run,
};

const KEY: &[u8] = b"SECRET_KEY";
const SUCCESS: &[u8] = b"AUTH_SUCCESS";
const ERROR: &[u8] = b"AUTH_ERROR";

/// Bytes of a send.
const PIECE: usize = 1024;

/// Longest wait for the rest of a key that came in part.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between `AUTH_SUCCESS` and the file: course clients take what one receive returns for the answer, so that the two
/// should not arrive together.
const PAUSE: Duration = Duration::from_millis(50);

/// The file that is sent where none is given.
const OWN: &str = include_str!("own.txt");

fn logic(settings: &Settings) -> Result<Logic, LabError> {
    if let Some(path) = &settings.file {
        open(path).map_err(LabError::file(path))?;
    }
    Ok(Logic::Stream(Box::new(Transfer { file: settings.file.clone() })))
}

/// A regular file; a pipe is not waited for.
fn open(path: &PathBuf) -> io::Result<(File, u64)> {
    let file = File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    let facts = file.metadata()?;
    if facts.is_file() { Ok((file, facts.len())) } else { Err(io::Error::other("it is not a regular file")) }
}

struct Transfer {
    file: Option<PathBuf>,
}

impl StreamService for Transfer {
    fn attend(&self, talk: &mut Talk<'_>) -> Result<(), Over> {
        if !has_key(talk)? {
            talk.say(ERROR)?;
            talk.farewell();
            return Ok(());
        }
        match &self.file {
            None => {
                talk.say(SUCCESS)?;
                pause(talk)?;
                send(talk, OWN.as_bytes())?;
            }
            // Opened before the key is called right: a file that is gone is an error, not an empty file.
            Some(path) => match open(path) {
                Ok((file, length)) => {
                    talk.say(SUCCESS)?;
                    pause(talk)?;
                    // What is added while it is sent is of another file.
                    send(talk, file.take(length))?;
                }
                Err(error) => {
                    talk.say(ERROR)?;
                    talk.farewell();
                    return Err(Problem::io("the file cannot be read")(error).into());
                }
            },
        }
        talk.farewell();
        Ok(())
    }
}

/// Receives the key; one that comes in parts is waited for a little.
fn has_key(talk: &mut Talk<'_>) -> Result<bool, Over> {
    let mut said = talk.receive()?;
    let end = Instant::now() + PATIENCE.min(talk.limits().idle);
    loop {
        match keys(&said) {
            Keys::Whole => return Ok(true),
            Keys::Wrong => return Ok(false),
            Keys::InPart => {}
        }
        match talk.receive_within(end.saturating_duration_since(Instant::now())) {
            Ok(more) => said.extend_from_slice(&more),
            Err(Over::Failed(Problem::Idle { .. }) | Over::Ended(Ending::ByPeer)) => return Ok(false),
            Err(over) => return Err(over),
        }
    }
}

/// What the bytes that came are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keys {
    /// The key, once or, where sends ran together, several times.
    Whole,
    /// The last key lacks its end.
    InPart,
    Wrong,
}

fn keys(said: &[u8]) -> Keys {
    let mut rest = without_line_end(said);
    while let Some(behind) = rest.strip_prefix(KEY) {
        let ends = behind.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        rest = behind.get(ends..).unwrap_or_default();
        if rest.is_empty() {
            return Keys::Whole;
        }
    }
    if !rest.is_empty() && KEY.starts_with(rest) && said.ends_with(rest) { Keys::InPart } else { Keys::Wrong }
}

fn pause(talk: &Talk<'_>) -> Result<(), Over> {
    thread::sleep(PAUSE);
    if talk.stop_flag().load(Ordering::Relaxed) { Err(Over::Ended(Ending::ByUs)) } else { Ok(()) }
}

fn send(talk: &mut Talk<'_>, mut file: impl Read) -> Result<(), Over> {
    let mut digest = Digest::new();
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let most = u64::try_from(PIECE).unwrap_or(u64::MAX);
        (&mut file)
            .take(most)
            .read_to_end(&mut piece)
            .map_err(|error| Over::from(Problem::io("reading the file failed")(error)))?;
        if piece.is_empty() {
            break;
        }
        digest.add(&piece);
        talk.pour(&piece)?;
    }
    talk.carried(digest.length());
    talk.note(digest.note());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_run_together_are_known() {
        for (said, keys_are) in [
            ("SECRET_KEY", Keys::Whole),
            ("SECRET_KEY\r\n", Keys::Whole),
            ("SECRET_KEYSECRET_KEY", Keys::Whole),
            ("SECRET_KEY\nSECRET_KEY\n", Keys::Whole),
            ("SECRET_", Keys::InPart),
            ("SECRET_KEYSEC", Keys::InPart),
            ("SECRET_\n", Keys::Wrong),
            ("SECRET_KEYSECRET_KEX", Keys::Wrong),
            ("SECRET_KEY ", Keys::Wrong),
            (" SECRET_KEY", Keys::Wrong),
            ("\r\n", Keys::Wrong),
        ] {
            assert_eq!(keys(said.as_bytes()), keys_are, "{said:?}");
        }
    }

    #[test]
    fn the_own_file_needs_several_pieces_and_a_short_one() {
        assert!(OWN.len() > 2 * PIECE && !OWN.len().is_multiple_of(PIECE), "{}", OWN.len());
    }
}
