//! Bodies as files: `--export`.

use std::path::Path;

use super::super::export_folder::ExportFolder;
use super::super::output::Failure;
use crate::proto::Ending;
use crate::proto::http::Cut;
use crate::render::http::{ExportEntry, ExportList, cut_words, fault_words};
use crate::report::http::{BodyFound, safe_name};

/// Most bodies listed; the others are counted.
const MAX_LISTED: usize = 1 << 17;

/// A folder that bodies are written into.
#[derive(Debug)]
pub(super) struct Export {
    folder: ExportFolder,
    list: ExportList,
}

impl Export {
    /// Into this folder, which is made where it is missing.
    pub(super) fn into_folder(folder: &Path) -> Result<Self, Failure> {
        let list = ExportList { folder: folder.display().to_string(), ..ExportList::default() };
        Ok(Self { folder: ExportFolder::make(folder)?, list })
    }

    /// Writes a body, where it is one to show and nothing that was sent of it is missing in the capture.
    pub(super) fn body(&mut self, body: &BodyFound<'_>) {
        if !body.selected {
            return;
        }
        let bytes = u64::try_from(body.bytes.len()).unwrap_or(u64::MAX);
        let why_cut = body.cut.map(|cut| format!("it is not whole: {}", cut_words(cut)));
        let ended_early = body.cut == Some(Cut::Ended(Ending::Fin));
        let (written, fault) = match why_cut {
            Some(why) if !ended_early => (Err(why), None),
            why => (self.write(body), why.or_else(|| body.fault.map(fault_words))),
        };
        match &written {
            Ok(_) => self.list.written = self.list.written.saturating_add(1),
            Err(_) => self.list.not_written = self.list.not_written.saturating_add(1),
        }
        if self.list.entries.len() < MAX_LISTED {
            self.list.entries.push(ExportEntry {
                packet: body.packet,
                bytes,
                of_request: body.of_request,
                media_type: body.media_type.map(str::to_owned),
                fault: fault.filter(|_| written.is_ok()),
                written,
            });
        }
    }

    /// What was written, and what not.
    pub(super) fn into_list(self) -> ExportList {
        self.list
    }

    fn write(&mut self, body: &BodyFound<'_>) -> Result<String, String> {
        self.folder.write(&safe_name(body.request, body.media_type), body.bytes)
    }
}
