//! Wireshark field names: one registry, and one typed emission per field to a sink that asks.
