//! wirelab: capture packets or read saved captures, and see what happened.
//!
//! ```text
//! source ──▶ decode ──▶ flow ──▶ proto ──▶ report ──▶ render
//! ```
//!
//! Imports go left to right only; [`pipeline`] is the one place where the stages meet.

pub mod cli;
pub mod decode;
pub mod field;
pub mod flow;
pub mod lab;
mod local_only;
pub mod pipeline;
pub mod proto;
pub mod render;
pub mod report;
pub mod source;
mod suggest;
pub mod time;
