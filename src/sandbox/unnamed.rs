//! A file without a name, for a capture that nobody wants to keep: it is gone with the process, whatever ends that.

use std::fs::File;
use std::io;

/// An empty file for reading and writing that has no name: in the folder for temporary files where its file system can
/// make one, else in memory.
///
/// # Errors
/// [`io::Error`] where the system can make neither.
#[cfg(target_os = "linux")]
pub fn unnamed_file() -> io::Result<File> {
    use nix::fcntl::{OFlag, open};
    use nix::sys::memfd::{MFdFlags, memfd_create};
    use nix::sys::stat::Mode;

    let flags = OFlag::O_TMPFILE | OFlag::O_RDWR | OFlag::O_CLOEXEC;
    if let Ok(file) = open(&std::env::temp_dir(), flags, Mode::S_IRUSR | Mode::S_IWUSR) {
        return Ok(file.into());
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
