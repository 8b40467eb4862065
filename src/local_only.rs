//! `WIRELAB_LOCAL_ONLY`: whether anything may leave this machine, and where packets may go. Whatever could send asks here.

use std::env;
use std::ffi::OsStr;
use std::net::IpAddr;

/// The environment variable that keeps all traffic on this machine.
pub(crate) const LOCAL_ONLY: &str = "WIRELAB_LOCAL_ONLY";

/// Whether the variable is set: unset, empty or `0` is off, everything else is on.
pub(crate) fn is_set() -> bool {
    means_on(env::var_os(LOCAL_ONLY).as_deref())
}

fn means_on(value: Option<&OsStr>) -> bool {
    value.is_some_and(|value| !value.is_empty() && value != "0")
}

/// Which addresses may be listened on, sent to and answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Only 127.0.0.0/8 and ::1.
    LocalOnly,
    /// Any address the person named.
    AnyAddress,
}

/// An address outside this machine, refused by [`Policy::LocalOnly`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a loopback address, and WIRELAB_LOCAL_ONLY allows no other")]
pub struct NotLocal(pub IpAddr);

impl Policy {
    /// What `WIRELAB_LOCAL_ONLY` asks for: unset, empty or `0` allows any address, everything else only
    /// loopback.
    #[must_use]
    pub fn from_env() -> Self {
        if is_set() { Self::LocalOnly } else { Self::AnyAddress }
    }

    /// Whether a socket may be bound to, connected to or answer `address`.
    ///
    /// # Errors
    /// [`NotLocal`] where the policy is [`Policy::LocalOnly`] and the address is not loopback; the
    /// unspecified addresses 0.0.0.0 and :: are not, since they stand for every interface.
    pub fn check(self, address: IpAddr) -> Result<(), NotLocal> {
        // An IPv4 address in IPv6 clothes (::ffff:127.0.0.1) is what it maps to: RFC 4291 §2.5.5.2.
        match self {
            Self::LocalOnly if !address.to_canonical().is_loopback() => Err(NotLocal(address)),
            _ => Ok(()),
        }
    }
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

    #[test]
    fn only_loopback_passes_the_strict_policy() {
        for (address, allowed) in [
            ("127.0.0.1", true),
            ("127.255.0.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("0.0.0.0", false),
            ("::", false),
            ("192.0.2.1", false),
            ("::ffff:192.0.2.1", false),
            ("2001:db8::1", false),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(Policy::LocalOnly.check(address).is_ok(), allowed, "{address}");
            assert_eq!(Policy::AnyAddress.check(address), Ok(()), "{address}");
        }
    }
}
