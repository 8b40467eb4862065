//! How a test says that this machine does not let it check something.

use std::fs::OpenOptions;
use std::io::Write;

/// Notes that `what` was not checked because of `why`. `make test` names a file in `WIRELAB_SKIPPED` and shows its
/// lines at the end; without it the line goes straight to standard error, which the test harness does not capture.
pub(crate) fn skip(what: &str, why: &str) {
    let line = format!("skipped: {what}: {why}\n");
    let file = std::env::var_os("WIRELAB_SKIPPED")
        .and_then(|path| OpenOptions::new().append(true).create(true).open(path).ok());
    // One write each, so that lines of parallel tests do not mix. A note that cannot be written fails the test.
    match file {
        Some(mut file) => file.write_all(line.as_bytes()).unwrap(),
        None => std::io::stderr().write_all(line.as_bytes()).unwrap(),
    }
}
