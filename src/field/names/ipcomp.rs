//! Fields of `ipcomp`.

use super::kinds::*;
use crate::field::words::ip;

protocol! { ipcomp "ipcomp" "IP Payload Compression";
    NEXT_HEADER "ipcomp.next_header" X8, "Which protocol is packed", ip::protocol;
    FLAGS "ipcomp.flags" X8, "Flags, all reserved";
    CPI "ipcomp.cpi" X16, "Which compression";
}
