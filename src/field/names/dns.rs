//! Fields of `dns`.

use super::kinds::*;

protocol! { dns "dns" "Domain Name System";
    ID "dns.id" X16, "Number that pairs a response with its query";
}
