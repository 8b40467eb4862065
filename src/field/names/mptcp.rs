//! Fields of `mptcp`; what its options hold stands among those of `tcp`.

use super::kinds::*;

protocol! { mptcp "mptcp" "Multipath Transmission Control Protocol";
    RM_ADDR_COUNT "mptcp.rm_addr.count" U8, "How many addresses are removed";
}
