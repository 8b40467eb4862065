//! A file that was asked for, opened before something is run and changed only when that was run.

use std::fs::{self, File, Metadata};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};

/// Opened for writing, as it was. Where it was made by this and nothing is written, it is gone again.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    file: File,
    /// It was not there before.
    is_new: bool,
}

impl Kept {
    /// Makes it where it is not there.
    ///
    /// # Errors
    /// [`io::Error`] where it cannot be written.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let new = File::options().read(true).write(true).create_new(true).open(path);
        let (file, is_new) = match new {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // `create` for a link to nothing.
                (File::options().write(true).create(true).truncate(false).open(path)?, false)
            }
            new => (new?, true),
        };
        Ok(Self { path: path.to_owned(), file, is_new })
    }

    /// Whether nothing can be lost by writing into it at once.
    #[cfg(all(target_os = "linux", feature = "live"))]
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether both are one regular file, whatever their names.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self.file.metadata(), other.file.metadata()) {
            (Ok(one), Ok(two)) => one.is_file() && two.is_file() && self.is_one(&one, other, &two),
            _ => false,
        }
    }

    #[cfg(unix)]
    fn is_one(&self, one: &Metadata, _: &Self, two: &Metadata) -> bool {
        use std::os::unix::fs::MetadataExt;
        (one.dev(), one.ino()) == (two.dev(), two.ino())
    }

    #[cfg(not(unix))]
    fn is_one(&self, _: &Metadata, other: &Self, _: &Metadata) -> bool {
        fs::canonicalize(&self.path).ok() == fs::canonicalize(&other.path).ok()
    }

    /// The file, for what is run.
    ///
    /// # Errors
    /// [`io::Error`].
    #[cfg(all(target_os = "linux", feature = "live"))]
    pub(super) fn itself(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Leaves it as it is now.
    #[cfg(all(target_os = "linux", feature = "live"))]
    pub(super) fn stays(mut self) {
        self.is_new = false;
    }

    /// The file, emptied: from here on it has what was run.
    ///
    /// # Errors
    /// [`io::Error`].
    pub(super) fn emptied(mut self) -> io::Result<File> {
        self.is_new = false;
        let mut file = self.file.try_clone()?;
        // A pipe or a device has no length.
        if file.metadata()?.is_file() {
            file.set_len(0)?;
            file.rewind()?;
        }
        Ok(file)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.is_new {
            // Where that is not possible, an empty file is left, which did not hold anything before.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn nothing_is_changed_until_something_was_run() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        fs::write(&old, "before").unwrap();
        drop((Kept::open(&old).unwrap(), Kept::open(&new).unwrap()));
        assert_eq!(fs::read(&old).unwrap(), b"before");
        assert!(!new.exists());
        for path in [&old, &new] {
            Kept::open(path).unwrap().emptied().unwrap().write_all(b"run").unwrap();
            assert_eq!(fs::read(path).unwrap(), b"run");
        }
        assert!(Kept::open(&folder.path().join("no/folder")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_known_by_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one");
        let kept = Kept::open(&path).unwrap();
        let (link, hard) = (folder.path().join("link"), folder.path().join("hard"));
        std::os::unix::fs::symlink(&path, &link).unwrap();
        fs::hard_link(&path, &hard).unwrap();
        for same in [&path, &link, &hard, &folder.path().join("./one")] {
            assert!(kept.is_same(&Kept::open(same).unwrap()), "{}", same.display());
        }
        assert!(!kept.is_same(&Kept::open(&folder.path().join("two")).unwrap()));
    }
}
