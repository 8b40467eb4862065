//! Fields of `ssdp`, which has none but itself: those of its messages are `http`'s.

use super::kinds::*;

protocol! { ssdp "ssdp" "Simple Service Discovery Protocol";
}
