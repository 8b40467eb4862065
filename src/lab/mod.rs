//! The bundled servers and clients whose traffic is captured and explained.
