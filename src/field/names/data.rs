//! Fields of `data`.

use super::kinds::*;

protocol! { data "data" "Bytes of no known protocol";
    DATA "data.data" Bytes, "The bytes";
    LEN "data.len" I32, "How many there are";
}
