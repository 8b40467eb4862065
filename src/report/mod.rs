//! The owned, serialisable results: capture facts, flows, stories.
