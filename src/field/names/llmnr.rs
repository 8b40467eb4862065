//! The protocol `llmnr`, whose fields are those of `dns`.

use super::kinds::*;

protocol! { llmnr "llmnr" "Link-local Multicast Name Resolution"; }
