//! Fields of `eth`.

use super::kinds::*;

protocol! { eth "eth" "Ethernet";
    DST "eth.dst" Mac, "Address of the receiver";
    SRC "eth.src" Mac, "Address of the sender";
    TYPE "eth.type" X16, "Which protocol follows";
    LEN "eth.len" U16, "Length of an 802.3 frame's data";
}
