//! What a client measured: in numbers, as a drawing on the terminal, and as one in a file.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::output::terminal_width;
use crate::lab::{Lab, LabOption, PingRun};
use crate::render::color::Colors;
use crate::render::pings::{SecondRow, plot_of, write_run, write_seconds};
use crate::render::plot;
use crate::render::table::TableOutput;

/// The file of `--plot`, opened before anything is sent: a name that cannot be written costs no run.
pub(super) struct Drawing {
    path: PathBuf,
    file: File,
}

/// The file of `--plot` could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}; name a file in a folder you may write to", .path.display())]
pub(super) struct NotDrawn {
    path: PathBuf,
    source: io::Error,
}

impl Drawing {
    pub(super) fn create(path: &Path) -> Result<Self, NotDrawn> {
        match File::create(path) {
            Ok(file) => Ok(Self { path: path.to_owned(), file }),
            Err(source) => Err(NotDrawn { path: path.to_owned(), source }),
        }
    }

    /// The file's name.
    pub(super) fn name(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    pub(super) fn write(&mut self, svg: &str) -> io::Result<()> {
        self.file
            .write_all(svg.as_bytes())
            .map_err(|source| io::Error::new(source.kind(), NotDrawn { path: self.path.clone(), source }))
    }
}

/// Writes what a run came to; second by second where the lab is about that.
pub(super) fn write(
    out: &mut dyn Write,
    lab: &Lab,
    run: &PingRun,
    drawing: Option<&mut Drawing>,
) -> io::Result<()> {
    if lab.takes(LabOption::Plot) {
        let seconds: Vec<SecondRow> = run.seconds().iter().map(SecondRow::from).collect();
        let plot = plot_of(lab.name, &seconds);
        let width = terminal_width();
        writeln!(out)?;
        write_seconds(out, TableOutput { width, colors: Colors::default() }, &seconds)?;
        writeln!(out)?;
        plot::write_text(out, &plot, width)?;
        if let Some(drawing) = drawing {
            drawing.write(&plot::svg(&plot))?;
        }
    }
    writeln!(out)?;
    write_run(out, run)?;
    out.flush()
}
