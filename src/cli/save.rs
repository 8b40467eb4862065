//! `-w OUT`: the selected packets saved to another file.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use super::output::{Failure, say};
use crate::render::format::Count;
use crate::source::{
    CapturedPacket, Interface, LinkType, SaveFormat, SavefileWriter, SourceError, same_file,
};

/// A savefile being written.
pub(super) struct Saver {
    writer: SavefileWriter<Box<dyn Write + Send>>,
    name: String,
    left_out: u64,
    first_refusal: Option<SourceError>,
}

impl Saver {
    /// Creates `path`; refuses to write over `input`, the file that is being read.
    pub(super) fn create(path: &Path, format: SaveFormat, input: Option<&Path>) -> Result<Self, Failure> {
        if let Some(input) = input
            && same_file(path, input)
        {
            return Err(Failure::new(format_args!("{} is the file being read", path.display()))
                .hint("name another file after -w"));
        }
        let to_stdout = path.as_os_str() == "-";
        if to_stdout && io::stdout().is_terminal() {
            return Err(Failure::new("packets are not written to a terminal")
                .hint("name a file after -w, or pipe the output into another program"));
        }
        let writer = SavefileWriter::create(path, format)
            .map_err(|error| Failure::new(error).hint("name a file after -w, in a folder you may write to"))?
            .nanoseconds(true);
        let name = if to_stdout { "standard output".to_owned() } else { path.display().to_string() };
        Ok(Self { writer, name, left_out: 0, first_refusal: None })
    }

    /// Adds a packet. One that the format cannot hold is counted, and told at the end.
    pub(super) fn write(
        &mut self,
        packet: &CapturedPacket<'_>,
        interfaces: &[Interface],
    ) -> Result<(), Failure> {
        let named = usize::try_from(packet.interface).ok().and_then(|place| interfaces.get(place));
        let unnamed = Interface::unnamed(packet.link, 0);
        match self.writer.write(packet, named.unwrap_or(&unnamed)) {
            Err(refusal @ (SourceError::SecondLinkType { .. } | SourceError::Unwritable { .. })) => {
                self.left_out += 1;
                self.first_refusal.get_or_insert(refusal);
                Ok(())
            }
            result => Ok(result?),
        }
    }

    #[cfg(feature = "live")]
    /// What was written so far is put on disk, so that another program can read it.
    #[cfg(feature = "live")]
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.writer.flush()?)
    }

    /// Ends the file and says what is in it; false where packets had to be left out.
    pub(super) fn finish(self, link: Option<LinkType>) -> Result<bool, Failure> {
        let packets = self.writer.packets();
        self.writer.finish(link.unwrap_or(LinkType::ETHERNET))?;
        say(format_args!("{} written to {}", Count::packets(packets), self.name));
        if let Some(refusal) = self.first_refusal {
            say(format_args!("warning: {} left out: {refusal}", Count::packets(self.left_out)));
        }
        Ok(self.left_out == 0)
    }
}
