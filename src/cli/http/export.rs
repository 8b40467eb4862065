//! Bodies as files: `--export`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::super::output::Failure;
use crate::proto::Ending;
use crate::proto::http::Cut;
use crate::render::http::{ExportEntry, ExportList, cut_words, fault_words};
use crate::report::http::{BodyFound, FileNames, safe_name};

/// Most files of a run: a folder with more is hard to look at, and a capture of a day of surfing has fewer.
const MAX_FILES: u64 = 100_000;

/// Most bytes of a run: a capture of a few megabytes may claim to unpack to any size.
const MAX_BYTES: u64 = 8 << 30;

/// Most bodies listed; the others are counted.
const MAX_LISTED: usize = 1 << 17;

/// How often another name is tried where files are there already.
const MAX_TRIES: u32 = 10_000;

/// A folder that bodies are written into.
#[derive(Debug)]
pub(super) struct Export {
    folder: PathBuf,
    names: FileNames,
    list: ExportList,
    bytes: u64,
}

impl Export {
    /// Into this folder, which is made where it is missing.
    pub(super) fn into_folder(folder: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(|error| {
            Failure::new(format_args!("cannot make the folder {}: {error}", folder.display()))
        })?;
        let list = ExportList { folder: folder.display().to_string(), ..ExportList::default() };
        Ok(Self { folder: folder.to_owned(), names: FileNames::default(), list, bytes: 0 })
    }

    /// Writes a body, where it is one to show and nothing that was sent of it is missing in the capture.
    pub(super) fn body(&mut self, body: &BodyFound<'_>) {
        if !body.selected {
            return;
        }
        let bytes = u64::try_from(body.bytes.len()).unwrap_or(u64::MAX);
        let why_cut = body.cut.map(|cut| format!("it is not whole: {}", cut_words(cut)));
        let ended_early = body.cut == Some(Cut::Ended(Ending::Fin));
        let (written, fault) = match why_cut {
            Some(why) if !ended_early => (Err(why), None),
            why => (self.write(body, bytes), why.or_else(|| body.fault.map(fault_words))),
        };
        match &written {
            Ok(_) => self.list.written = self.list.written.saturating_add(1),
            Err(_) => self.list.not_written = self.list.not_written.saturating_add(1),
        }
        if self.list.entries.len() < MAX_LISTED {
            self.list.entries.push(ExportEntry {
                packet: body.packet,
                bytes,
                of_request: body.of_request,
                media_type: body.media_type.map(str::to_owned),
                fault: fault.filter(|_| written.is_ok()),
                written,
            });
        }
    }

    /// What was written, and what not.
    pub(super) fn into_list(self) -> ExportList {
        self.list
    }

    /// Writes a body into a file that was not there; gives the file's name, or says why not.
    fn write(&mut self, body: &BodyFound<'_>, bytes: u64) -> Result<String, String> {
        if self.list.written >= MAX_FILES {
            return Err(format!("{MAX_FILES} files were written already"));
        }
        if self.bytes.saturating_add(bytes) > MAX_BYTES {
            return Err(format!("{} GiB were written already", MAX_BYTES >> 30));
        }
        let wanted = safe_name(body.request, body.media_type);
        for _ in 0..MAX_TRIES {
            let name = self.names.next(&wanted);
            match create(&self.folder.join(&name)) {
                Ok(mut file) => {
                    file.write_all(body.bytes).map_err(|error| format!("{name}: {error}"))?;
                    self.bytes = self.bytes.saturating_add(bytes);
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
