//! What the program tells of itself to other programs: completions for shells, and man pages.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use super::output::{self, Failure, Status, say};
use crate::render::format::Count;
use crate::suggest::nearest;

/// Print the completions of a shell, for its start file.
#[derive(Args, Debug)]
#[command(after_help = COMPLETIONS)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

const COMPLETIONS: &str = "\
Examples:
  wirelab completions bash > ~/.local/share/bash-completion/completions/wirelab
  # with `fpath+=~/.zfunc` before compinit in .zshrc
  wirelab completions zsh > ~/.zfunc/_wirelab
  wirelab completions fish > ~/.config/fish/completions/wirelab.fish";

/// Print the man page of the program or of a verb, or write all of them to a folder.
#[derive(Args, Debug)]
#[command(after_help = MAN)]
pub(super) struct ManArgs {
    /// The verb; without it the page of the program
    #[arg(value_name = "VERB", conflicts_with = "dir")]
    verb: Option<String>,
    /// Write the pages of the program and of every verb to this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

const MAN: &str = "\
Examples:
  wirelab man read | man -l -                    read one now
  # install all, for `man wirelab-read`
  wirelab man --dir ~/.local/share/man/man1";

/// Runs `completions`.
pub(super) fn completions(args: &CompletionsArgs, mut command: Command) -> Result<Status, Failure> {
    // Into memory first: the generator takes a failed write for impossible.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "wirelab", &mut script);
    let mut out = output::stdout();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Status::Done)
}

/// Runs `man`.
pub(super) fn man(args: &ManArgs, command: Command) -> Result<Status, Failure> {
    let pages = pages(command);
    if let Some(dir) = &args.dir {
        return write_all(&pages, dir);
    }
    let verb = args.verb.as_deref();
    let wanted = verb.map_or_else(|| "wirelab".to_owned(), |verb| format!("wirelab-{verb}"));
    let Some(page) = pages.iter().find(|page| name(page) == wanted) else {
        let verb = verb.unwrap_or_default();
        let failure = Failure::new(format_args!("there is no verb {verb}"));
        let verbs = pages.iter().filter_map(|page| name(page).strip_prefix("wirelab-"));
        return Err(match nearest(verb, verbs.clone()).join(" or ") {
            near if near.is_empty() => {
                failure.hint(format_args!("there are {}", verbs.collect::<Vec<_>>().join(", ")))
            }
            near => failure.hint(format_args!("did you mean {near}?")),
        });
    };
    let mut out = output::stdout();
    out.write_all(&roff(page)?)?;
    out.flush()?;
    Ok(Status::Done)
}

/// The program and its verbs.
fn pages(mut command: Command) -> Vec<Command> {
    command = command.disable_help_subcommand(true);
    command.build();
    let verbs: Vec<Command> = command.get_subcommands().cloned().collect();
    std::iter::once(command).chain(verbs).collect()
}

/// What a page is called: `wirelab-read` for the verb `read`.
fn name(page: &Command) -> &str {
    page.get_display_name().unwrap_or_else(|| page.get_name())
}

/// A man page in roff, the same on every day and machine.
fn roff(page: &Command) -> Result<Vec<u8>, Failure> {
    let man = Man::new(page.clone())
        .title(name(page))
        .date("")
        .source(concat!("wirelab ", env!("CARGO_PKG_VERSION")))
        .manual("wirelab");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    // Every option in one paragraph is no synopsis.
    let usage = page.clone().render_usage().to_string();
    writeln!(text, ".SH SYNOPSIS\n{}", literal(usage.trim_start_matches("Usage: ").trim()))?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if page.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    if let Some(after) = page.get_after_help() {
        after_help(&mut text, &after.to_string())?;
    }
    Ok(one_preamble(&text))
}

/// What stands behind the options in the help: examples, notes, exit status, each under a heading of its own.
fn after_help(text: &mut Vec<u8>, help: &str) -> io::Result<()> {
    for part in help.split("\n\n") {
        if let Some(examples) = part.strip_prefix("Examples:\n") {
            // Lines as they stand: commands are not to be filled.
            writeln!(text, ".SH EXAMPLES\n.nf")?;
            for line in examples.lines() {
                writeln!(text, "{}", literal(line.strip_prefix("  ").unwrap_or(line)))?;
            }
            writeln!(text, ".fi")?;
            continue;
        }
        // The exit status may follow a note without an empty line.
        let (note, status) =
            part.split_once(EXIT_STATUS).map_or((part, None), |(note, status)| (note, Some(status)));
        for (heading, body) in [("NOTES", Some(note)), ("EXIT STATUS", status)] {
            let Some(body) = body.filter(|body| !body.trim().is_empty()) else { continue };
            writeln!(text, ".SH {heading}")?;
            for line in body.trim().lines() {
                writeln!(text, "{}", literal(line))?;
            }
        }
    }
    Ok(())
}

/// What the line of the exit status begins with.
const EXIT_STATUS: &str = "Exit status: ";

/// The definition of quotes that each section brings, once.
fn one_preamble(text: &[u8]) -> Vec<u8> {
    let mut seen = false;
    text.split_inclusive(|&byte| byte == b'\n')
        .filter(|line| {
            let defines = line.starts_with(b".ie \\n(.g .ds Aq") || line.starts_with(b".el .ds Aq");
            let first = !seen;
            seen |= line.starts_with(b".el .ds Aq");
            !defines || first
        })
        .flatten()
        .copied()
        .collect()
}

/// A line of text that roff takes for nothing else.
fn literal(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if line.starts_with('.') { format!("\\&{line}") } else { line }
}

fn write_all(pages: &[Command], dir: &Path) -> Result<Status, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(format_args!("cannot write man pages to {}: {error}", dir.display()))
            .hint("name a folder that you may write to")
    };
    fs::create_dir_all(dir).map_err(failed)?;
    for page in pages {
        fs::write(dir.join(format!("{}.1", name(page))), roff(page)?).map_err(failed)?;
    }
    let count = u64::try_from(pages.len()).unwrap_or(u64::MAX);
    say(format_args!("{} written to {}", Count::new(count, "man page", "man pages"), dir.display()));
    Ok(Status::Done)
}
