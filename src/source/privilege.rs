//! Giving privileges up, for good, once what needs them is open: a hostile packet then meets a parser that
//! may do no more than an ordinary user.

use nix::unistd::{Gid, Uid, User, getegid, geteuid, getgid, getuid, setgid, setuid};

/// What was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// There was nothing to give up.
    Nothing,
    /// Root became this user.
    Root {
        /// The user's number.
        uid: u32,
        /// The user's group.
        gid: u32,
    },
    /// All capabilities of the process.
    Capabilities,
}

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("no privileges to give up"),
            Self::Root { uid, gid } => write!(f, "root was given up: running as uid {uid}, gid {gid}"),
            Self::Capabilities => f.write_str("capabilities were given up"),
        }
    }
}

/// Why privileges could not be given up. Going on would mean to parse hostile bytes with them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivilegeError {
    /// A system call was refused.
    #[error("cannot give up privileges: {what}: {source}")]
    Refused {
        /// Which.
        what: &'static str,
        /// The system's reason.
        source: nix::Error,
    },
    /// The capability sets could not be cleared.
    #[error("cannot give up privileges: {0}")]
    Capabilities(String),
    /// They were given up, and are still there.
    #[error("privileges are still there after they were given up: {0}")]
    StillThere(String),
}

/// Gives up root and all capabilities, checks that they are gone, and sees to it that no program started
/// later can have them (Linux: `no_new_privs`).
///
/// - Root by a setuid program becomes the user who called it.
/// - Root by sudo becomes the user named in `SUDO_UID` and `SUDO_GID`.
/// - Root otherwise becomes `nobody`: handle and output file are open already, and need no name again.
/// - Root of a user namespace that maps no such user is an ordinary user outside of it: it stays, without its
///   capabilities.
/// - An ordinary user with capabilities, by the program file or inherited, loses them.
///
/// Call it after everything that needs privilege or the caller's files is open, and before the first thread is
/// started: Linux keeps capabilities per thread, and a thread that still has some is an error.
///
/// # Errors
/// [`PrivilegeError`]: the process may still have privileges and should end.
pub fn drop_privileges() -> Result<Dropped, PrivilegeError> {
    let dropped = if geteuid().is_root() { drop_root()? } else { None };
    let capabilities = capability::clear()?;
    capability::forbid_new()?;
    let dropped = match (dropped, capabilities) {
        (Some(root), _) => root,
        (None, true) => Dropped::Capabilities,
        (None, false) => Dropped::Nothing,
    };
    verify(&dropped)?;
    Ok(dropped)
}

/// Who to become instead of root.
fn target() -> (Uid, Gid) {
    if !getuid().is_root() {
        return (getuid(), getgid());
    }
    let number = |name| std::env::var(name).ok()?.parse::<u32>().ok();
    if let (Some(uid), Some(gid)) = (number("SUDO_UID").filter(|uid| *uid != 0), number("SUDO_GID")) {
        return (Uid::from_raw(uid), Gid::from_raw(gid));
    }
    // 65534 is what Linux uses for a user that is not mapped.
    User::from_name("nobody")
        .ok()
        .flatten()
        .map_or((Uid::from_raw(65_534), Gid::from_raw(65_534)), |nobody| (nobody.uid, nobody.gid))
}

/// Root becomes [`target`]; `None` in a user namespace that has no such user.
fn drop_root() -> Result<Option<Dropped>, PrivilegeError> {
    let (uid, gid) = target();
    let unmapped = capability::in_user_namespace();
    // Groups first: afterwards there is no right to change them.
    #[cfg(not(target_vendor = "apple"))]
    if let Err(source) = nix::unistd::setgroups(&[gid]) {
        return if unmapped { Ok(None) } else { Err(PrivilegeError::Refused { what: "setgroups", source }) };
    }
    if let Err(source) = setgid(gid) {
        return if unmapped { Ok(None) } else { Err(PrivilegeError::Refused { what: "setgid", source }) };
    }
    // As root, setuid sets the real, the effective and the saved user, so there is no way back.
    if let Err(source) = setuid(uid) {
        return if unmapped { Ok(None) } else { Err(PrivilegeError::Refused { what: "setuid", source }) };
    }
    Ok(Some(Dropped::Root { uid: uid.as_raw(), gid: gid.as_raw() }))
}

/// Tries the way back, which must be closed, and looks at every thread.
fn verify(dropped: &Dropped) -> Result<(), PrivilegeError> {
    let still = |what: String| Err(PrivilegeError::StillThere(what));
    if let Dropped::Root { uid, gid } = dropped {
        let (wanted_uid, wanted_gid) = (Uid::from_raw(*uid), Gid::from_raw(*gid));
        if getuid() != wanted_uid || geteuid() != wanted_uid {
            return still(format!("user {} instead of {uid}", geteuid()));
        }
        if getgid() != wanted_gid || getegid() != wanted_gid {
            return still(format!("group {} instead of {gid}", getegid()));
        }
        if setuid(Uid::from_raw(0)).is_ok() {
            return still("it could become root again".to_owned());
        }
    }
    match capability::held() {
        Some(thread) => still(format!("thread {thread} has capabilities")),
        None => Ok(()),
    }
}

/// Linux capabilities.
#[cfg(target_os = "linux")]
mod capability {
    use caps::CapSet;

    use super::PrivilegeError;

    /// The lines of `/proc/…/status` that must be all zero. The bounding set is not among them: lowering it
    /// needs a capability, and `no_new_privs` makes it moot.
    const SETS: [&str; 4] = ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"];

    /// Clears this thread's sets; whether there was anything in them.
    pub(super) fn clear() -> Result<bool, PrivilegeError> {
        let failed = |error: caps::errors::CapsError| PrivilegeError::Capabilities(error.to_string());
        let had = !caps::read(None, CapSet::Permitted).map_err(failed)?.is_empty();
        // The ambient set is a part of the inheritable and permitted ones, and goes with them.
        for set in [CapSet::Effective, CapSet::Inheritable, CapSet::Permitted] {
            caps::clear(None, set).map_err(failed)?;
        }
        Ok(had)
    }

    /// No program that this thread executes can gain privileges, setuid or not.
    pub(super) fn forbid_new() -> Result<(), PrivilegeError> {
        let refused = |source| PrivilegeError::Refused { what: "no_new_privs", source };
        nix::sys::prctl::set_no_new_privs().map_err(refused)
    }

    /// A thread of this process that has capabilities. A table that cannot be read counts as one.
    pub(super) fn held() -> Option<String> {
        let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return held_by_this_thread() };
        threads.flatten().find_map(|thread| {
            // A thread that ended meanwhile has none.
            let status = std::fs::read_to_string(thread.path().join("status")).ok()?;
            has_any(&status).then(|| thread.file_name().to_string_lossy().into_owned())
        })
    }

    /// Without /proc only this thread can be asked about.
    fn held_by_this_thread() -> Option<String> {
        let sets = [CapSet::Effective, CapSet::Inheritable, CapSet::Permitted];
        let empty = |set| caps::read(None, set).is_ok_and(|set| set.is_empty());
        (!sets.into_iter().all(empty)).then(|| "of this call".to_owned())
    }

    pub(super) fn has_any(status: &str) -> bool {
        status.lines().any(|line| {
            let mut words = line.split_ascii_whitespace();
            let named = words.next().is_some_and(|name| SETS.contains(&name));
            named && words.next().is_some_and(|bits| bits.bytes().any(|digit| digit != b'0'))
        })
    }

    /// Whether this is not the system's first user namespace, which maps all users to themselves.
    pub(super) fn in_user_namespace() -> bool {
        let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        !map.is_empty() && !map.split_ascii_whitespace().eq(["0", "0", "4294967295"])
    }
}

/// Other systems have no capabilities: a user is root or is not.
#[cfg(not(target_os = "linux"))]
mod capability {
    use super::PrivilegeError;

    pub(super) fn clear() -> Result<bool, PrivilegeError> {
        Ok(false)
    }

    pub(super) fn forbid_new() -> Result<(), PrivilegeError> {
        Ok(())
    }

    pub(super) fn held() -> Option<String> {
        None
    }

    pub(super) fn in_user_namespace() -> bool {
        false
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::capability::has_any;

    #[test]
    fn any_set_but_the_bounding_one_counts() {
        let zero = "0000000000000000";
        let status = |set: &str| {
            let line =
                |name: &str| format!("{name}\t{}\n", if name == set { "0000000000002000" } else { zero });
            ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"].map(line).concat()
        };
        for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
            assert!(has_any(&status(set)), "{set}");
        }
        assert!(!has_any(&status("CapBnd:")));
        assert!(!has_any(&status("none")));
    }
}
