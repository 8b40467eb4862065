//! Fields of `tls`.

use super::kinds::*;

protocol! { tls "tls" "Transport Layer Security";
}
