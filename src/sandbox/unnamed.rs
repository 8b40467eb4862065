//! A file without a name, for a capture that nobody wants to keep: it is gone with the process, whatever ends that.

use std::fs::File;
use std::io;
#[cfg(target_os = "linux")]
use std::path::Path;

/// An empty file for reading and writing that has no name: in the folder for temporary files where its file system can
/// make one, else in memory.
///
/// # Errors
/// [`io::Error`] where the system can make neither.
#[cfg(target_os = "linux")]
pub fn unnamed_file() -> io::Result<File> {
    unnamed_file_in(&std::env::temp_dir())
}

/// The same on the file system of `path`, where that can make one: for what is to be copied there.
///
/// # Errors
/// As [`unnamed_file`].
#[cfg(target_os = "linux")]
pub fn unnamed_file_beside(path: &Path) -> io::Result<File> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    unnamed_file_in(folder.unwrap_or(Path::new(".")))
}

#[cfg(target_os = "linux")]
fn unnamed_file_in(folder: &Path) -> io::Result<File> {
    use nix::fcntl::{OFlag, open};
    use nix::sys::memfd::{MFdFlags, memfd_create};
    use nix::sys::stat::Mode;

    let flags = OFlag::O_TMPFILE | OFlag::O_RDWR | OFlag::O_CLOEXEC;
    for folder in [folder, &std::env::temp_dir()] {
        if let Ok(file) = open(folder, flags, Mode::S_IRUSR | Mode::S_IWUSR) {
            return Ok(file.into());
        }
    }
    Ok(memfd_create(c"capture", MFdFlags::MFD_CLOEXEC)?.into())
}

/// Elsewhere there is no sandbox to need it.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn unnamed_file() -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}
