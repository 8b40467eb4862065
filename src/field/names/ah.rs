//! Fields of `ah`.

use super::kinds::*;

protocol! { ah "ah" "Authentication Header";
    NEXT_HEADER "ah.next_header" U8, "Which protocol follows";
    LENGTH "ah.length" U8, "Length in units of 4 bytes, less 2";
    RESERVED "ah.reserved" Bytes, "Reserved";
    SPI "ah.spi" X32, "Which security association";
    SEQUENCE "ah.sequence" U32, "Number of the packet";
    ICV "ah.icv" Bytes, "Integrity check value";
}
