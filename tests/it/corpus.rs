//! The captures of others to measure against, where they are at hand: a folder with `captures/` and, beside
//! it, `expected/` with the values that tshark gives per packet.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::skip::skip;

/// The folder: `WIRELAB_CORPUS`, else `../shared/corpus` beside the project. `None`, and a line that says so, where
/// there is none.
pub(crate) fn folder(test: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let folder = std::env::var_os("WIRELAB_CORPUS").map_or_else(beside, PathBuf::from);
    if folder.join("captures").is_dir() {
        return Some(folder);
    }
    skip(test, &format!("no captures in {}", folder.display()));
    None
}

/// All captures below `folder`, sorted, as paths relative to its `captures/`.
pub(crate) fn captures(folder: &Path) -> Vec<PathBuf> {
    let root = folder.join("captures");
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(&root).unwrap().to_path_buf());
            }
        }
    }
    found.sort();
    found
}

/// What tshark printed for a capture.
pub(crate) struct Expected {
    /// Field names, one a column.
    pub(crate) names: Vec<String>,
    /// A row a packet; a cell may be missing at the end of a row.
    pub(crate) rows: Vec<Vec<String>>,
}

/// What tshark printed for `capture`; `None` where it could not read it.
pub(crate) fn expected(folder: &Path, capture: &Path) -> Option<Expected> {
    let file = format!("{}.tsv.gz", folder.join("expected").join(capture).display());
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(file).ok()?).read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let cells = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
    let mut lines = text.strip_suffix('\n').unwrap_or(&text).split('\n');
    let names = cells(lines.next()?.trim_start_matches('#'));
    Some(Expected { names, rows: lines.map(cells).collect() })
}

/// Whether two cells say the same: equal, or the same numbers in another notation, times to a microsecond.
pub(crate) fn agrees(name: &str, ours: &str, theirs: &str) -> bool {
    ours == theirs
        || name != "frame.time_epoch"
            && ours.split(',').count() == theirs.split(',').count()
            && ours.split(',').zip(theirs.split(',')).all(|(a, b)| same_value(a, b))
}

fn same_value(a: &str, b: &str) -> bool {
    let number = |text: &str| {
        text.strip_prefix("0x").map_or_else(|| text.parse().ok(), |hex| i128::from_str_radix(hex, 16).ok())
    };
    if a == b {
        return true;
    }
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a
            .parse::<f64>()
            .is_ok_and(|a| b.parse::<f64>().is_ok_and(|b| a.is_finite() && (a - b).abs() <= 1e-6)),
    }
}
