//! `file-transfer`: a key, whether it was taken, and the bytes of a file.

use ring::digest::{Context, SHA256};

use super::waiting::Waiting;
use super::{Cut, Fault, FileEnd, Heard, Said, Says, Session, cut_set};
use crate::flow::PacketStamp;

/// Our port.
pub(super) const PORT: u16 = 9000;

pub(super) const KEY: &str = "SECRET_KEY";
pub(super) const SUCCESS: &str = "AUTH_SUCCESS";
pub(super) const ERROR: &str = "AUTH_ERROR";

/// A transfer.
pub(super) struct FileTransfer {
    keys: Waiting<(PacketStamp, bool)>,
    state: State,
    digest: Context,
    bytes: u64,
    missing: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The key has not been answered.
    Asked,
    /// What the server sends is the file.
    Sends,
    Over,
}

impl std::fmt::Debug for FileTransfer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileTransfer").field("state", &self.state).field("bytes", &self.bytes).finish()
    }
}

impl Default for FileTransfer {
    fn default() -> Self {
        let digest = Context::new(&SHA256);
        Self { keys: Waiting::default(), state: State::Asked, digest, bytes: 0, missing: 0 }
    }
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl Session for FileTransfer {
    fn cut(&self, by_client: bool, bytes: &[u8]) -> Cut {
        if by_client {
            return cut_set(bytes, &[KEY]);
        }
        match self.state {
            // The file follows at once, whatever it begins with.
            State::Asked if bytes.starts_with(SUCCESS.as_bytes()) => Cut::At(SUCCESS.len()),
            State::Asked => cut_set(bytes, &[SUCCESS, ERROR]),
            State::Sends | State::Over => Cut::Whole,
        }
    }

    fn hear(&mut self, heard: Heard<'_>) -> Said {
        if heard.by_client {
            let is_set = heard.text == KEY.as_bytes();
            if self.state != State::Asked {
                return Said::new(true, Says::Other);
            }
            self.keys.push((heard.at, is_set));
            return Said::new(true, Says::Key { is_set });
        }
        if self.state == State::Sends {
            let before = self.bytes;
            self.digest.update(heard.raw);
            self.bytes = self.bytes.saturating_add(len(heard.raw));
            return Said::new(false, Says::Bytes(before));
        }
        let key = self.keys.pop();
        let asked = key.map(|(at, _)| at);
        let is_set = key.map(|(_, is_set)| is_set);
        let is = |words: &str| heard.text == words.as_bytes();
        let (says, fault) = match () {
            () if is(SUCCESS) => {
                self.state = State::Sends;
                (Says::Accepted, (is_set == Some(false)).then_some(Fault::Key))
            }
            () if is(ERROR) => (Says::Refused, (is_set == Some(true)).then_some(Fault::Key)),
            () => (Says::Other, asked.map(|_| Fault::Expected("AUTH_SUCCESS or AUTH_ERROR".into()))),
        };
        Said::new(false, says).answers(asked).fault(fault)
    }

    fn gap(&mut self, by_client: bool, len: u64) {
        if by_client {
            self.keys.lose_track();
        } else {
            self.missing = self.missing.saturating_add(len);
        }
    }

    fn ends(&mut self, by_client: bool, is_closed: bool) -> Option<Said> {
        if by_client || self.state != State::Sends {
            return None;
        }
        self.state = State::Over;
        let mut sha256 = [0; 32];
        let digest = self.digest.clone().finish();
        sha256.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        let end = FileEnd { bytes: self.bytes, missing: self.missing, sha256, is_closed };
        Some(Said::new(false, Says::FileEnd(Box::new(end))))
    }

    fn held(&self) -> usize {
        self.keys.held().saturating_add(size_of::<Self>())
    }
}
