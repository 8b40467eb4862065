//! What transports carry: text or not, and the protocols that are recognised.
