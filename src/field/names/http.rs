//! Fields of `http`.

use super::kinds::*;

protocol! { http "http" "Hypertext Transfer Protocol";
}
