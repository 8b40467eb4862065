//! Fields of `ocsp`, of which only the protocol itself is told.

use super::kinds::*;

protocol! { ocsp "ocsp" "Online Certificate Status Protocol, as the body of an HTTP message";
}
