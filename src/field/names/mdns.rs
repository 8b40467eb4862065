//! The protocol `mdns`, whose fields are those of `dns`.

use super::kinds::*;

protocol! { mdns "mdns" "Multicast Domain Name System"; }
