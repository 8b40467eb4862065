//! wirelab: capture packets or read saved captures, and see what happened.
//!
//! ```text
//! source ──▶ decode ──▶ flow ──▶ proto ──▶ report ──▶ render
//! ```
//!
//! Imports go left to right only; [`pipeline`] is the one place where the stages meet. A program of its own takes
//! packets from a source through the pipeline and looks at the flows:
//!
//! ```
//! use wirelab::pipeline::Pipeline;
//! use wirelab::source::{Next, PacketSource, Savefile};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/knock.pcapng");
//! let mut source = Savefile::open(&file)?;
//! let mut pipeline = Pipeline::new(None);
//! while let Next::Packet(packet, _) = source.next_packet()? {
//!     pipeline.step(&packet);
//! }
//! pipeline.finish();
//! for flow in pipeline.flows().flows() {
//!     println!("{} {} → {} {}", flow.id, flow.tuple.orig, flow.tuple.resp, flow.conn_state());
//! }
//! # assert_eq!(pipeline.flows().flows().len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! With `--no-default-features` the crate needs no libpcap: it reads every savefile, and captures nothing live.

pub mod cli;
pub mod decode;
pub mod dnstrace;
pub mod field;
pub mod filter;
pub mod flow;
#[cfg(feature = "live")]
pub mod hop;
pub mod lab;
pub mod lesson;
mod local_only;
pub mod pipeline;
pub mod proto;
pub mod render;
pub mod report;
pub mod resolver;
pub mod sandbox;
pub mod source;
mod suggest;
pub mod time;
