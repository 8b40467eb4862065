//! The `wirelab` program: parse, run, map to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    wirelab::cli::main()
}
