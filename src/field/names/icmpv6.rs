//! Fields of `icmpv6`.

use super::kinds::*;

protocol! { icmpv6 "icmpv6" "Internet Control Message Protocol v6";
    TYPE "icmpv6.type" U8, "Kind of message";
    CODE "icmpv6.code" U8, "Kind of message, closer";
    CHECKSUM "icmpv6.checksum" X16, "Checksum as sent";
}
