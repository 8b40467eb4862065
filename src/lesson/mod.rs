//! What a lab's own programs say beside what its capture shows: two witnesses of the same run.

mod pings;

pub use pings::{Losses, PingRow, PingSide, PingsBeside};
