//! Fields of `pppoed`.

use super::kinds::*;

protocol! { pppoed "pppoed" "PPP over Ethernet, discovery";
    TAGS "pppoed.tags" Mark, "The tags, all together";
}
