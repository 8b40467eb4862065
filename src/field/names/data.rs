//! Fields of `data`.

use super::kinds::*;

protocol! { data "data" "Data";
    DATA "data.data" Bytes, "Data";
    LEN "data.len" I32, "Length in bytes";
}
