//! Fields of `pppoes`.

use super::kinds::*;

protocol! { pppoes "pppoes" "PPP over Ethernet, session"; }
