//! `WIRELAB_LOCAL_ONLY`: whether anything may leave this machine. Whatever could send asks here.

use std::env;
use std::ffi::OsStr;

/// The environment variable that keeps all traffic on this machine.
pub(crate) const LOCAL_ONLY: &str = "WIRELAB_LOCAL_ONLY";

/// Whether the variable is set: unset, empty or `0` is off, everything else is on.
pub(crate) fn is_set() -> bool {
    means_on(env::var_os(LOCAL_ONLY).as_deref())
}

fn means_on(value: Option<&OsStr>) -> bool {
    value.is_some_and(|value| !value.is_empty() && value != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_is_off_when_unset_empty_or_zero() {
        for (value, on) in
            [(None, false), (Some(""), false), (Some("0"), false), (Some("1"), true), (Some("yes"), true)]
        {
            assert_eq!(means_on(value.map(OsStr::new)), on, "{value:?}");
        }
    }
}
