//! A folder of files, and no way out of it.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;

use super::target::Page;
use crate::lab::{LabError, clock};

/// Most names in a path: deeper folders are not served.
const MAX_DEPTH: usize = 64;

/// A folder that is served.
pub(super) struct Folder(PathBuf);

/// What a page is.
pub(super) enum Found {
    File {
        file: File,
        length: u64,
        changed: clock::Seconds,
        name: Vec<u8>,
    },
    /// A folder that was asked for without the slash at its end.
    NeedsSlash,
    /// A folder without a page of its own.
    NoIndex,
    Missing,
}

impl Folder {
    pub(super) fn new(path: &Path) -> Result<Self, LabError> {
        let root = path.canonicalize().map_err(LabError::file(path))?;
        if !root.is_dir() {
            return Err(LabError::file(path)(io::Error::other("it is not a folder")));
        }
        Ok(Self(root))
    }

    /// The page's file, or that of its folder. Links inside the folder are followed, links that lead out are as if they were
    /// not there.
    pub(super) fn find(&self, page: &Page) -> Found {
        if page.names.len() > MAX_DEPTH {
            return Found::Missing;
        }
        let wanted: PathBuf = [self.0.as_os_str()]
            .into_iter()
            .chain(page.names.iter().map(|name| OsStr::from_bytes(name)))
            .collect();
        let Some(file) = self.open(&wanted) else { return Found::Missing };
        let Ok(facts) = file.metadata() else { return Found::Missing };
        if !facts.is_dir() {
            return if page.is_folder { Found::Missing } else { found(file, page.names.last()) };
        }
        if !page.is_folder {
            return Found::NeedsSlash;
        }
        let index = "index.html";
        match self.open(&wanted.join(index)) {
            Some(file) => match found(file, Some(&index.as_bytes().to_vec())) {
                Found::Missing => Found::NoIndex,
                found => found,
            },
            None => Found::NoIndex,
        }
    }

    /// Opens what really stands behind the path, name by name and following no link, so that a link which is put there
    /// between the look and the opening leads nowhere.
    fn open(&self, wanted: &Path) -> Option<File> {
        let real = wanted.canonicalize().ok()?;
        let inside = real.strip_prefix(&self.0).ok()?;
        // A pipe is opened without waiting for who writes to it.
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let mut at = open(&self.0, flags | OFlag::O_DIRECTORY, Mode::empty()).ok()?;
        for name in inside.components() {
            at = openat(&at, name.as_os_str(), flags, Mode::empty()).ok()?;
        }
        Some(File::from(at))
    }
}

fn found(file: File, name: Option<&Vec<u8>>) -> Found {
    match file.metadata() {
        Ok(facts) if facts.is_file() => Found::File {
            length: facts.len(),
            changed: facts.modified().map_or(0, clock::of),
            name: name.cloned().unwrap_or_default(),
            file,
        },
        _ => Found::Missing,
    }
}

/// The media type of a file, by the end of its name.
pub(super) fn media_type(name: &[u8]) -> &'static str {
    let end = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default().to_ascii_lowercase();
    match end.as_slice() {
        b"html" | b"htm" => "text/html; charset=utf-8",
        b"txt" | b"md" | b"csv" | b"log" => "text/plain; charset=utf-8",
        b"css" => "text/css; charset=utf-8",
        b"js" | b"mjs" => "text/javascript; charset=utf-8",
        b"json" => "application/json",
        b"xml" => "application/xml",
        b"pdf" => "application/pdf",
        b"png" => "image/png",
        b"jpg" | b"jpeg" => "image/jpeg",
        b"gif" => "image/gif",
        b"svg" => "image/svg+xml",
        b"ico" => "image/vnd.microsoft.icon",
        b"webp" => "image/webp",
        b"zip" => "application/zip",
        b"gz" => "application/gzip",
        b"mp4" => "video/mp4",
        b"mp3" => "audio/mpeg",
        _ => "application/octet-stream",
    }
}
