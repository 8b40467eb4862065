//! Fields of `esp`.

use super::kinds::*;

protocol! { esp "esp" "Encapsulating Security Payload";
    SPI "esp.spi" X32, "Which security association";
    SEQUENCE "esp.sequence" U32, "Number of the packet";
}
