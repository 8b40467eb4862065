//! Files made of what a capture carries: `http --export`, `mail --export`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::output::Failure;
use crate::report::http::FileNames;

/// Most files of a run: a folder with more is hard to look at, and a capture of a day of surfing has fewer.
const MAX_FILES: u64 = 100_000;

/// Most bytes of a run: a capture of a few megabytes may claim to unpack to any size.
const MAX_BYTES: u64 = 8 << 30;

/// How often another name is tried where files are there already.
const MAX_TRIES: u32 = 10_000;

/// A folder that files are written into. What is there already is left alone.
#[derive(Debug)]
pub(super) struct ExportFolder {
    folder: PathBuf,
    names: FileNames,
    written: u64,
    bytes: u64,
}

impl ExportFolder {
    /// This folder, which is made where it is missing.
    pub(super) fn make(folder: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(|error| {
            Failure::new(format_args!("cannot make the folder {}: {error}", folder.display()))
        })?;
        Ok(Self { folder: folder.to_owned(), names: FileNames::default(), written: 0, bytes: 0 })
    }

    /// Writes a file that was not there, under a name like `wanted`, which must be a safe one; gives the name, or says
    /// why not.
    pub(super) fn write(&mut self, wanted: &str, bytes: &[u8]) -> Result<String, String> {
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.written >= MAX_FILES {
            return Err(format!("{MAX_FILES} files were written already"));
        }
        if self.bytes.saturating_add(len) > MAX_BYTES {
            return Err(format!("{} GiB were written already", MAX_BYTES >> 30));
        }
        for _ in 0..MAX_TRIES {
            let name = self.names.next(wanted);
            match create(&self.folder.join(&name)) {
                Ok(mut file) => {
                    file.write_all(bytes).map_err(|error| format!("{name}: {error}"))?;
                    self.written = self.written.saturating_add(1);
                    self.bytes = self.bytes.saturating_add(len);
                    return Ok(name);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(format!("{name}: {error}")),
            }
        }
        Err(format!("{wanted} and {MAX_TRIES} names like it are there already"))
    }
}

/// Makes a file that is not there yet; a link that stands there is not followed.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
