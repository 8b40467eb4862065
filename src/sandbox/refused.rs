//! Why the system makes no namespaces for this process, and what a person can do about it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A step of making the sandbox that the system refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What was tried, as in "making a user namespace".
    pub step: String,
    /// The system's words.
    pub message: String,
    /// Which setting is behind it.
    pub cause: Cause,
}

/// What forbids namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Cause {
    /// `kernel.unprivileged_userns_clone` is 0 (Debian before 11, hardened kernels).
    UsernsClone,
    /// `user.max_user_namespaces`, or the limit of another kind of namespace, is reached or 0.
    Limit,
    /// `kernel.apparmor_restrict_unprivileged_userns` is 1 (Ubuntu from 23.10): a user namespace can be made, but
    /// gives no rights.
    AppArmor,
    /// A system call filter, as in a container.
    Seccomp,
    /// This is root without CAP_SYS_ADMIN, as in a container.
    RootWithoutRights,
    /// The kernel was built without such namespaces.
    NoSupport,
    /// None of those that can be told apart.
    Unknown,
}

impl Cause {
    /// What forbids it, as a clause, and what to do, a line each.
    const fn words(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::UsernsClone => (
                "the setting kernel.unprivileged_userns_clone = 0 keeps them from ordinary users",
                &["allow them until the next start:  sudo sysctl kernel.unprivileged_userns_clone=1"],
            ),
            Self::Limit => (
                "the limits of /proc/sys/user (max_user_namespaces and its like) leave no room",
                &["allow more until the next start:  sudo sysctl user.max_user_namespaces=10000"],
            ),
            Self::AppArmor => (
                "the setting kernel.apparmor_restrict_unprivileged_userns = 1 takes their rights away",
                &[
                    "allow them until the next start:",
                    "  sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
                ],
            ),
            Self::Seccomp => (
                "a system call filter (seccomp) is in force, as in a container",
                &[
                    "start the container with more rights, for example",
                    "  docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined ...",
                ],
            ),
            Self::RootWithoutRights => (
                "this is root without CAP_SYS_ADMIN, as in a container",
                &[
                    "start the container with more rights, for example",
                    "  docker run --cap-add=SYS_ADMIN --security-opt apparmor=unconfined ...",
                ],
            ),
            Self::NoSupport => (
                "the kernel was built without them (CONFIG_USER_NS, CONFIG_NET_NS, CONFIG_PID_NS)",
                &["use a kernel of a usual distribution"],
            ),
            Self::Unknown => ("which setting forbids it is not known", &[]),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (why, ways) = self.cause.words();
        write!(f, "cannot make a sandbox: {}: {}: {why}", self.step, self.message)?;
        for (at, way) in ways.iter().enumerate() {
            write!(f, "\n{}{way}", if at == 0 { "hint: " } else { "      " })?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

/// What is known of the system when a step fails.
#[cfg(all(target_os = "linux", feature = "live"))]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    /// The setting, where there is one.
    pub(super) userns_clone: Option<u64>,
    /// The setting, where there is one.
    pub(super) apparmor: Option<u64>,
    /// A system call filter is in force.
    pub(super) seccomp: bool,
    /// The caller is root.
    pub(super) root: bool,
    /// The user namespace was made already.
    pub(super) inside: bool,
}

#[cfg(all(target_os = "linux", feature = "live"))]
impl Facts {
    /// Reads them from /proc.
    pub(super) fn gather(root: bool, inside: bool) -> Self {
        let setting = |name: &str| {
            let text = std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).ok()?;
            text.trim().parse().ok()
        };
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let filter = status.lines().find_map(|line| line.strip_prefix("Seccomp:"));
        Self {
            userns_clone: setting("unprivileged_userns_clone"),
            apparmor: setting("apparmor_restrict_unprivileged_userns"),
            seccomp: filter.is_some_and(|mode| mode.trim() != "0"),
            root,
            inside,
        }
    }

    /// The likeliest cause of `errno`.
    pub(super) fn cause(self, errno: nix::errno::Errno) -> Cause {
        use nix::errno::Errno;
        match errno {
            Errno::ENOSPC | Errno::EUSERS => Cause::Limit,
            Errno::EINVAL | Errno::ENOSYS => Cause::NoSupport,
            Errno::EPERM | Errno::EACCES if self.inside => match self {
                _ if self.apparmor == Some(1) => Cause::AppArmor,
                _ if self.seccomp => Cause::Seccomp,
                _ => Cause::Unknown,
            },
            Errno::EPERM | Errno::EACCES => match self {
                _ if self.root && !self.seccomp => Cause::RootWithoutRights,
                _ if self.userns_clone == Some(0) => Cause::UsernsClone,
                _ if self.seccomp => Cause::Seccomp,
                _ if self.apparmor == Some(1) => Cause::AppArmor,
                _ => Cause::Unknown,
            },
            _ => Cause::Unknown,
        }
    }
}

#[cfg(all(test, target_os = "linux", feature = "live"))]
mod tests {
    use nix::errno::Errno;

    use super::*;

    #[test]
    fn the_setting_that_forbids_is_named() {
        let none = Facts::default();
        let cases = [
            (Facts { userns_clone: Some(0), ..none }, Errno::EPERM, Cause::UsernsClone),
            (Facts { userns_clone: Some(1), seccomp: true, ..none }, Errno::EPERM, Cause::Seccomp),
            (none, Errno::ENOSPC, Cause::Limit),
            (none, Errno::EUSERS, Cause::Limit),
            (none, Errno::EINVAL, Cause::NoSupport),
            (Facts { apparmor: Some(1), inside: true, ..none }, Errno::EACCES, Cause::AppArmor),
            (Facts { apparmor: Some(0), inside: true, ..none }, Errno::EACCES, Cause::Unknown),
            (Facts { root: true, ..none }, Errno::EPERM, Cause::RootWithoutRights),
            (Facts { root: true, seccomp: true, ..none }, Errno::EPERM, Cause::Seccomp),
            (none, Errno::EIO, Cause::Unknown),
        ];
        for (facts, errno, cause) in cases {
            assert_eq!(facts.cause(errno), cause, "{facts:?} {errno}");
        }
    }

    #[test]
    fn a_refusal_says_what_to_type() {
        let told = |cause| {
            Refused { step: "making a user namespace".into(), message: "EPERM".into(), cause }.to_string()
        };
        assert_eq!(
            told(Cause::UsernsClone),
            "cannot make a sandbox: making a user namespace: EPERM: the setting \
             kernel.unprivileged_userns_clone = 0 keeps them from ordinary users\n\
             hint: allow them until the next start:  sudo sysctl kernel.unprivileged_userns_clone=1"
        );
        assert!(told(Cause::AppArmor).contains("\n        sudo sysctl kernel.apparmor_restrict"));
        assert!(!told(Cause::Unknown).contains("hint"));
    }
}
