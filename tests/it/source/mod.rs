//! Savefiles read whole, cut, damaged and written.

mod corpus;
