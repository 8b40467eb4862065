//! The owned results of a run: facts about the capture, and the story of each flow.

pub mod audit;
mod beside;
mod checksums;
mod contents;
pub mod dns;
pub mod ftp;
mod gaps;
pub mod http;
pub mod lab;
pub mod lan;
pub mod mail;
mod numbers;
mod remarks;
mod runs;
pub mod secret;
pub mod ssh;
pub mod stats;
mod story;
pub mod telnet;
pub mod tls;
mod totals;

pub use beside::Beside;
pub use checksums::{ChecksumTally, Checksums, ChecksumsOfPacket};
pub use contents::contents;
pub use gaps::{Fate, Gap, MAX_GAPS};
pub use numbers::{Agreed, SideNumbers, TcpNumbers};
pub use remarks::{FlowRemarks, MAX_REMARKS, MAX_REMARKS_OF_A_TOPIC, More, Remark, Remarks, Shown, Topic};
pub use story::{Event, Moment, Outcome, outcome, starts_mid_stream, timeline};
pub use totals::CaptureTotals;

/// A flow, and what is known of its packets beyond what the flow table keeps.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The flow.
    pub flow: &'a crate::flow::Flow,
    /// Its wrong and unfilled checksums; `None` where there are none, or they were not verified.
    pub checksums: Option<&'a ChecksumTally>,
    /// What an analyzer recognised that it speaks; `None` where none did, or nobody asked.
    pub spoken: Option<crate::proto::Protocol>,
    /// What is to say of its segments; `None` where there is nothing, or nobody asked.
    pub remarks: Option<&'a FlowRemarks>,
    /// What it says as a flow of a lab; `None` where it is none, or nobody asked.
    pub lab: Option<&'a lab::LabFlow>,
    /// What it says of mail; `None` where it carries none, nobody asked, or the capture has not ended.
    pub mail: Option<&'a mail::Session>,
    /// The data connections that it announced as a control connection of FTP, once the capture has ended.
    pub transfers: &'a [ftp::Transfer],
    /// What it carries data of as a data connection of FTP, likewise.
    pub data_of: Option<&'a ftp::Transfer>,
}
