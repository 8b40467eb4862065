//! Reading a savefile to its end, whatever its state: the loop that every reading verb runs.

use std::io::{self, IsTerminal};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::{InputArgs, SelectArgs};
use super::output::{Failure, Status, say};
use super::select::Selection;
use crate::field::PacketContext;
use crate::pipeline::{Pipeline, Step};
use crate::render::format::Count;
use crate::render::safe::Safe;
use crate::report::contents;
use crate::source::{BpfSet, Interface, Interrupt, Next, PacketSource, Savefile, SourceError};

/// A smaller file is read before a progress bar could be seen.
const PROGRESS_FROM_BYTES: u64 = 64 << 20;

/// How often, in packets, the progress bar and Ctrl-C are looked at.
const LOOK_EVERY: u64 = 4096;

/// Whether to go on after a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Go {
    /// Next packet.
    On,
    /// Enough was seen.
    Enough,
}

/// How reading ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// The whole file was read, or as much as was wanted.
    Done,
    /// The file is damaged from here on.
    Damaged(SourceError),
    /// Ctrl-C.
    Interrupted,
}

/// When a verb prints: a progress bar must not mix with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prints {
    /// While it reads.
    OnTheWay,
    /// When it has read everything.
    AtTheEnd,
}

/// A savefile being read, with what was selected of it.
pub(super) struct Reading<'a> {
    source: Savefile,
    bpf: Option<BpfSet>,
    selection: Selection<'a>,
    /// Packets to read at most.
    most: Option<u64>,
    name: String,
    progress: Option<ProgressBar>,
    interrupt: Interrupt,
}

impl<'a> Reading<'a> {
    /// Opens the savefile that `input` names.
    pub(super) fn open(input: &'a InputArgs, prints: Prints) -> Result<Self, Failure> {
        let selection = Selection::of_input(input)?;
        let (path, interrupt) = (input.path(), Interrupt::install()?);
        Self::begin(Savefile::open(&path)?, &path, &input.select, selection, prints, interrupt)
    }

    /// Reads the savefile that `input` names, which was opened before.
    pub(super) fn of_savefile(
        source: Savefile,
        input: &'a InputArgs,
        prints: Prints,
    ) -> Result<Self, Failure> {
        let selection = Selection::of_input(input)?;
        Self::begin(source, &input.path(), &input.select, selection, prints, Interrupt::install()?)
    }

    /// Opens one savefile of several; `interrupt` is looked at in all of them.
    pub(super) fn open_one(
        path: &Path,
        select: &'a SelectArgs,
        prints: Prints,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        let selection = Selection::of_options(select)?;
        Self::begin(Savefile::open(path)?, path, select, selection, prints, interrupt.clone())
    }

    /// Reads a capture that was just made; `name` is shown for it.
    #[cfg(all(target_os = "linux", feature = "live"))]
    pub(super) fn of_recording(
        source: Savefile,
        name: &str,
        select: &'a SelectArgs,
        interrupt: Interrupt,
    ) -> Result<Self, Failure> {
        let selection = Selection::of_options(select)?;
        Self::begin(source, Path::new(name), select, selection, Prints::AtTheEnd, interrupt)
    }

    fn begin(
        source: Savefile,
        path: &Path,
        select: &SelectArgs,
        selection: Selection<'a>,
        prints: Prints,
        interrupt: Interrupt,
    ) -> Result<Self, Failure> {
        let bpf = select.bpf()?;
        let large = source.size().filter(|&size| size >= PROGRESS_FROM_BYTES);
        let progress = large.and_then(|size| progress_bar(size, prints));
        Ok(Self { source, bpf, selection, most: None, name: display_name(path), progress, interrupt })
    }

    /// Reads no more than so many packets; those that the BPF filter drops do not count.
    pub(super) fn at_most(mut self, packets: Option<u64>) -> Self {
        self.most = packets;
        self
    }

    /// What was selected.
    pub(super) fn selection(&self) -> &Selection<'a> {
        &self.selection
    }

    /// The same, to add to it.
    pub(super) fn selection_mut(&mut self) -> &mut Selection<'a> {
        &mut self.selection
    }

    /// The savefile itself, for what it says of itself.
    pub(super) fn source(&self) -> &Savefile {
        &self.source
    }

    /// What to call the savefile.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Takes every packet that the BPF filter lets through the pipeline, and hands those that are selected to `each`.
    pub(super) fn all(
        &mut self,
        pipeline: &mut Pipeline,
        mut each: impl FnMut(&Step<'_>, &[Interface], &PacketContext<'_>) -> Result<Go, Failure>,
    ) -> Result<Ending, Failure> {
        self.every(pipeline, |step, interfaces, selected| match selected {
            Some(context) => each(step, interfaces, context),
            None => Ok(Go::On),
        })
    }

    /// The same with the packets that are not selected, which come without a context.
    pub(super) fn every(
        &mut self,
        pipeline: &mut Pipeline,
        each: impl FnMut(&Step<'_>, &[Interface], Option<&PacketContext<'_>>) -> Result<Go, Failure>,
    ) -> Result<Ending, Failure> {
        let ending = self.packets(pipeline, each)?;
        pipeline.finish();
        Ok(ending)
    }

    /// The same without the end: what is not whole yet is still to be told, by [`Pipeline::finish_with`].
    pub(super) fn packets(
        &mut self,
        pipeline: &mut Pipeline,
        mut each: impl FnMut(&Step<'_>, &[Interface], Option<&PacketContext<'_>>) -> Result<Go, Failure>,
    ) -> Result<Ending, Failure> {
        let mut seen = 0_u64;
        let mut analysed = 0_u64;
        let ending = loop {
            if seen.is_multiple_of(LOOK_EVERY) {
                if let (Some(bar), Some(position)) = (&self.progress, self.source.position()) {
                    bar.set_position(position);
                }
                if self.interrupt.is_set() {
                    break Ending::Interrupted;
                }
            }
            seen += 1;
            let (packet, interfaces) = match self.source.next_packet() {
                Ok(Next::Packet(packet, interfaces)) => (packet, interfaces),
                Ok(Next::Tick) => continue,
                Ok(Next::End) => break Ending::Done,
                Err(damage) => break Ending::Damaged(damage),
            };
            if let Some(bpf) = &mut self.bpf
                && !bpf.matches(&packet)?
            {
                pipeline.pass_over();
                continue;
            }
            let step = pipeline.step(&packet);
            let selected = self.selection.take(&step, interfaces);
            if each(&step, interfaces, selected.as_ref())? == Go::Enough {
                break Ending::Done;
            }
            analysed += 1;
            if self.most == Some(analysed) {
                break Ending::Done;
            }
        };
        if let Some(bar) = &self.progress {
            bar.finish_and_clear();
        }
        Ok(ending)
    }

    /// Says on standard error what a person should know of how it ended, and gives the exit status that fits.
    /// `shown` is how many packets or flows were shown: where something was selected and nothing is that, the answer is no.
    pub(super) fn tell(&self, pipeline: &Pipeline, ending: &Ending, shown: u64) -> Status {
        let matched = shown > 0 || !tell_nothing_matched(&self.selection, &self.name, pipeline);
        super::limits::tell(pipeline);
        for (link, packets) in pipeline.beside().undecoded_links() {
            say(format_args!("{link} (link type {}) is not decoded: {} only listed", link.0, were(packets)));
        }
        match self.tell_ending(ending) {
            Status::Done if !matched => Status::No,
            status => status,
        }
    }

    /// The same of the ending alone.
    pub(super) fn tell_ending(&self, ending: &Ending) -> Status {
        match ending {
            Ending::Done => Status::Done,
            Ending::Interrupted => Status::Interrupted,
            Ending::Damaged(damage) => {
                say(format_args!("warning: {damage}"));
                Status::Error
            }
        }
    }
}

fn were(packets: u64) -> String {
    Count::new(packets, "packet is", "packets are").to_string()
}

impl Drop for Reading<'_> {
    /// A reading that failed on the way leaves no bar behind.
    fn drop(&mut self) {
        if let Some(bar) = &self.progress {
            bar.finish_and_clear();
        }
    }
}

/// Says what the savefile holds instead, where nothing of it was selected; whether there is a selection.
pub(super) fn tell_nothing_matched(selection: &Selection<'_>, name: &str, pipeline: &Pipeline) -> bool {
    let Some(selection) = selection.spelled() else { return false };
    let what = contents(pipeline.totals(), pipeline.flows());
    let name = Safe(name.as_bytes());
    match pipeline.passed_over() {
        0 => say(format_args!("nothing matched {selection}; {name} holds {what}")),
        dropped if pipeline.totals().packets == 0 => {
            say(format_args!("nothing matched {selection}; none of the {dropped} packets of {name} did"));
        }
        _ => say(format_args!("nothing matched {selection}; --bpf left {what}")),
    }
    true
}

/// What to call the savefile at `path`.
pub(super) fn display_name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

/// A bar on standard error; none where that is no terminal or where standard output scrolls on the same one.
fn progress_bar(size: u64, prints: Prints) -> Option<ProgressBar> {
    let would_mix = prints == Prints::OnTheWay && io::stdout().is_terminal();
    if !io::stderr().is_terminal() || would_mix {
        return None;
    }
    let bar = ProgressBar::new(size);
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta} left").ok()?;
    bar.set_style(style);
    Some(bar)
}

impl SelectArgs {
    /// The BPF filter, its text checked.
    pub(super) fn bpf(&self) -> Result<Option<BpfSet>, Failure> {
        Ok(self.bpf.as_deref().map(BpfSet::new).transpose()?)
    }
}
