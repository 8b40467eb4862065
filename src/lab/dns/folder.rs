//! A folder of zone files: those that are read, and those that look as if they were to be.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::master::MAX_FILE_BYTES;
use super::{ENDING, MAX_ZONES, Notice, ZonesError};

/// Bytes of another file that are looked at: a zone's SOA record stands near its beginning.
const LOOKED_AT: usize = 16 << 10;

/// Most other files that are looked at: who points at a folder of something else waits for no more.
const MAX_OTHERS: usize = 1_000;

/// A file's name and text.
type Named = (String, String);

/// The files whose names end in `.zone`, in the order of names, and a notice of each file that has
/// a zone and is not read.
pub(super) fn read(folder: &Path) -> Result<(Vec<Named>, Vec<Notice>), ZonesError> {
    let (mut paths, mut others) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(fail(folder))? {
        let path = entry.map_err(fail(folder))?.path();
        if path.to_str().is_some_and(|path| path.ends_with(ENDING)) {
            paths.push(path);
        } else if others.len() < MAX_OTHERS {
            others.push(path);
        }
        if paths.len() > MAX_ZONES {
            return Err(ZonesError::TooMany(folder.to_owned()));
        }
    }
    if paths.is_empty() {
        return Err(ZonesError::None(folder.to_owned()));
    }
    paths.sort();
    others.sort();
    let files =
        paths.iter().map(|path| Ok((name_of(path), text_of(path)?))).collect::<Result<_, ZonesError>>()?;
    let unread = others.iter().filter(|path| looks_like_a_zone(path)).map(|path| Notice {
        file: name_of(path),
        line: None,
        what: format!("it looks like a zone and is not read: the names of zone files end in {ENDING}"),
    });
    Ok((files, unread.collect()))
}

fn fail(path: &Path) -> impl FnOnce(io::Error) -> ZonesError + use<> {
    let path: PathBuf = path.to_owned();
    move |source| ZonesError::Read { path, source }
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().escape_debug().to_string()).unwrap_or_default()
}

fn text_of(path: &Path) -> Result<String, ZonesError> {
    // Opening a named pipe would wait for whoever writes into it.
    if !fs::metadata(path).map_err(fail(path))?.is_file() {
        return Err(fail(path)(io::Error::other("it is no file")));
    }
    let bytes = beginning(path, MAX_FILE_BYTES + 1).map_err(fail(path))?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(fail(path)(io::Error::other(format!("it has more than {MAX_FILE_BYTES} bytes"))));
    }
    String::from_utf8(bytes).map_err(|wrong| {
        let before = wrong.as_bytes().iter().take(wrong.utf8_error().valid_up_to());
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        fail(path)(io::Error::other(format!("line {line} is not UTF-8")))
    })
}

fn beginning(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a file has an SOA record, as far as a glance tells. What editors leave behind is none of anybody's zones.
fn looks_like_a_zone(path: &Path) -> bool {
    let name = name_of(path);
    if name.starts_with(['.', '#']) || name.ends_with('~') || !path.is_file() {
        return false;
    }
    let Ok(bytes) = beginning(path, LOOKED_AT) else { return false };
    let text = String::from_utf8_lossy(&bytes);
    let records = text.lines().filter_map(|line| line.split(';').next());
    records.into_iter().any(|line| {
        let mut before = line.split_whitespace().take_while(|word| !word.eq_ignore_ascii_case("SOA"));
        // The owner, then a time to live and the class, each of which may be left out.
        let is_record =
            before.by_ref().skip(1).take(3).all(|word| {
                word.eq_ignore_ascii_case("IN") || word.starts_with(|c: char| c.is_ascii_digit())
            });
        is_record && line.split_whitespace().any(|word| word.eq_ignore_ascii_case("SOA"))
    })
}
