//! Fields of `urlencoded-form`.

use super::kinds::*;

protocol! { urlencoded_form "urlencoded-form" "HTML Form URL Encoded";
    KEY "urlencoded-form.key" Text, "Name of a field of a form that was sent";
    VALUE "urlencoded-form.value" Text, "What was filled in";
}
