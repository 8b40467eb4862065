//! Fields of `pim`.

use super::kinds::*;
use crate::field::words::link;

protocol! { pim "pim" "Protocol Independent Multicast";
    VERSION "pim.version" U8, "Version";
    TYPE "pim.type" U8, "Type of the message", link::pim_type;
    CKSUM "pim.cksum" X16, "Checksum as sent";
}
