//! The signed zones as files that other name servers and validators read.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::data::Written;
use super::record::{Kind, Set};
use super::{Internet, Name, OWN, Zone};

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("writing {} failed: {source}", .path.display())]
pub struct ExportError {
    /// Which.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Writes the zone files that come with the program into a folder, which is made where it is not there: to be edited,
/// and served with [`Internet::read_folder`]. What is there and says something else is somebody's work: then nothing is written.
///
/// # Errors
/// [`ExportError`]: which file could not be written, or is there.
pub fn write_own_files(folder: &Path) -> Result<Vec<PathBuf>, ExportError> {
    let mut missing = Vec::new();
    for (name, text) in OWN {
        let path = folder.join(name);
        let fail = |source| ExportError { path: path.clone(), source };
        match fs::metadata(&path) {
            Ok(found) if is_same(&path, &found, text).map_err(fail)? => {}
            Ok(_) => return Err(fail(io::Error::new(io::ErrorKind::AlreadyExists, EDITED))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push((*name, *text)),
            Err(error) => return Err(fail(error)),
        }
    }
    write_files(folder, missing.into_iter())?;
    Ok(OWN.iter().map(|(name, _)| folder.join(name)).collect())
}

/// Why a file is not written.
const EDITED: &str = "it is there, and is not as wirelab's own; name another folder, or serve it: --zones with the folder it is in";

/// Whether a file has this text. One of another length, or none that has a length, is not read.
fn is_same(path: &Path, found: &fs::Metadata, text: &str) -> io::Result<bool> {
    let has_length = found.is_file() && usize::try_from(found.len()) == Ok(text.len());
    Ok(has_length && fs::read(path)? == text.as_bytes())
}

fn write_files<'a>(
    folder: &Path,
    files: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<PathBuf>, ExportError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| ExportError { path, source }
    };
    fs::create_dir_all(folder).map_err(fail(folder))?;
    let mut paths = Vec::new();
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(fail(&path))?;
        paths.push(path);
    }
    Ok(paths)
}

impl Internet {
    /// Writes into a folder, which is made where it is not there: each zone as it is served, under the name of its file;
    /// `root.hints`; and the root's key, as `root.key` (a DNSKEY record) and `root.anchors` (a clause of
    /// BIND's configuration). Returns the files' paths. Files that are there are written over.
    ///
    /// # Errors
    /// [`ExportError`]: which file could not be written.
    pub fn export(&self, folder: &Path) -> Result<Vec<PathBuf>, ExportError> {
        let mut files: Vec<(String, String)> =
            self.zones().iter().map(|zone| (file_of(&zone.apex), zone_text(zone))).collect();
        files.push(("root.hints".to_owned(), self.hints()));
        if let (Some(anchor), Some(text)) = (self.anchor(), self.anchor_text()) {
            let key = Written(Kind::DNSKEY, anchor).to_string();
            files.push(("root.key".to_owned(), text));
            files.push(("root.anchors".to_owned(), anchors(&key)));
        }
        write_files(folder, files.iter().map(|(name, text)| (&**name, &**text)))
    }

    /// The root's key as a record on a line, where the root is signed.
    #[must_use]
    pub fn anchor_text(&self) -> Option<String> {
        let key = Written(Kind::DNSKEY, self.anchor()?);
        Some(format!(". 3600 IN DNSKEY {key}\n"))
    }

    /// The root's servers and their addresses, as resolvers are told them.
    fn hints(&self) -> String {
        let mut text = String::new();
        for zone in self.zones().iter().filter(|zone| zone.apex.is_root()) {
            let Some(servers) = zone.set(&zone.apex, Kind::NS) else { continue };
            set_text(&mut text, &zone.apex, &unsigned(servers));
            for server in servers.targets() {
                for kind in [Kind::A, Kind::AAAA] {
                    if let Some(set) = zone.set(&server, kind) {
                        set_text(&mut text, &server, &unsigned(set));
                    }
                }
            }
        }
        text
    }
}

fn unsigned(set: &Set) -> Set {
    Set { signatures: Vec::new(), ..set.clone() }
}

/// The file that a zone is written to. A name's text may hold a slash, which no file's name can.
fn file_of(apex: &Name) -> String {
    let name = apex.to_string().replace('/', "\\047");
    let name = name.strip_suffix('.').unwrap_or(&name);
    format!("{}.zone", if name.is_empty() { "root" } else { name })
}

/// `trust-anchors` takes the key's data with quotation marks around its last part.
fn anchors(key: &str) -> String {
    let (numbers, key) = key.rsplit_once(' ').unwrap_or(("", key));
    format!("trust-anchors {{\n    . static-key {numbers} \"{key}\";\n}};\n")
}

/// The whole zone, the SOA record first, as master files want it.
fn zone_text(zone: &Zone) -> String {
    let mut text = String::new();
    if let Some(soa) = zone.soa() {
        set_text(&mut text, &zone.apex, soa);
    }
    for (name, sets) in zone.nodes() {
        for set in sets.iter().filter(|set| set.kind != Kind::SOA) {
            set_text(&mut text, name, set);
        }
    }
    for link in zone.proofs.iter().flat_map(|chain| chain.links()) {
        set_text(&mut text, &link.owner, &link.set);
    }
    text
}

fn set_text(out: &mut String, owner: &Name, set: &Set) {
    let records = set.data.iter().map(|data| (set.kind, data));
    let signatures = set.signatures.iter().map(|data| (Kind::RRSIG, data));
    for (kind, data) in records.chain(signatures) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{owner} {} IN {kind} {}", set.ttl, Written(kind, data));
    }
}
