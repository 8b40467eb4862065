//! The program as a person or a script meets it: exit status, what goes to which stream, and what it says of mistakes.

mod errors;
mod explain;
mod follow;
mod help;
mod hostile;
mod json;
mod reference;
mod refused;
mod select;
mod stats;
mod streams;
mod trace;
mod tshark;
mod tshark_options;

use std::path::PathBuf;
use std::process::Output;

use crate::program::{captures_folder, wirelab};

/// A recording with TCP port 43389, ten packets.
const KNOCK: &str = "knock.pcapng";

/// What a run gave: exit status, standard output, standard error.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// Runs `wirelab ARGS` in the folder of the recordings.
fn run(args: &[&str]) -> Run {
    wirelab(args).current_dir(captures_folder()).output().unwrap().into()
}

/// The same with `input` on standard input.
fn run_with_input(args: &[&str], input: Vec<u8>) -> Run {
    wirelab(args).current_dir(captures_folder()).write_stdin(input).output().unwrap().into()
}

/// A folder for one test, and a file in it.
fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn knock() -> Vec<u8> {
    std::fs::read(captures_folder().join(KNOCK)).unwrap()
}
