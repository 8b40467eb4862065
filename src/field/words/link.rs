//! Codes of link headers.
