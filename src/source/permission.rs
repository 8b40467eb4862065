//! What to do where capturing is not permitted: the commands for this binary on this system.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

/// Whether libpcap's `message` is about permission.
pub(super) fn is_missing(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["permission", "not permitted", "cap_net_raw", "eacces", "eperm"]
        .iter()
        .any(|sign| message.contains(sign))
}

/// What is known of this process and its program file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The program file.
    pub program: PathBuf,
    /// The arguments it was called with, without its name.
    pub arguments: Vec<String>,
    /// Already root, so something else withholds the right.
    pub root: bool,
    /// The file lies on a file system where capabilities have no effect.
    pub nosuid: bool,
    /// `setcap` is installed, if the system has such a thing.
    pub setcap: Option<PathBuf>,
}

impl Advice {
    /// The advice for the running program, called as it was.
    #[must_use]
    pub fn for_this_process() -> Self {
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("wirelab"));
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        Self {
            arguments: std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect(),
            root: nix::unistd::geteuid().is_root(),
            nosuid: is_nosuid(&mounts, &program),
            setcap: installed("setcap"),
            program,
        }
    }

    /// The command as it was typed, by the program's full path: sudo searches other directories.
    fn command(&self) -> String {
        let mut words = vec![quoted(&self.program.to_string_lossy())];
        words.extend(self.arguments.iter().map(|argument| quoted(argument)));
        words.join(" ")
    }

    fn linux(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.root {
            writeln!(
                f,
                "  even root lacks CAP_NET_RAW here, as in a container: start it with the capability,"
            )?;
            return writeln!(f, "  for example  docker run --cap-add=NET_RAW …");
        }
        let program = quoted(&self.program.to_string_lossy());
        if self.nosuid {
            writeln!(
                f,
                "  {program} is on a file system mounted nosuid, where capabilities of files have no"
            )?;
            writeln!(f, "  effect: install it elsewhere to use setcap. Until then:")?;
        } else {
            writeln!(f, "  once, then run it as you did:  sudo setcap cap_net_raw=eip {program}")?;
            if self.setcap.is_none() {
                writeln!(
                    f,
                    "  (setcap is not installed: package libcap2-bin on Debian and Ubuntu, libcap on Fedora)"
                )?;
            }
        }
        writeln!(f, "  or this time only:  sudo {}", self.command())
    }

    fn bsd(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if cfg!(target_os = "macos") {
            writeln!(
                f,
                "  once: install ChmodBPF, which comes with Wireshark and opens /dev/bpf* to its group,"
            )?;
            writeln!(f, "  until the next restart:  sudo chown \"$(id -un)\" /dev/bpf*")?;
        }
        writeln!(f, "  or this time only:  sudo {}", self.command())
    }
}

impl fmt::Display for Advice {
    /// One indented line a way, without a line break at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if cfg!(target_os = "linux") {
            self.linux(f)?
        } else {
            self.bsd(f)?
        }
        write!(f, "  or without any right, from a savefile that somebody else made:  wirelab read FILE")
    }
}

/// `text` as one word of a POSIX shell.
#[must_use]
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Where `program` is installed. An ordinary user's path often lacks the administrator's directories.
fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/sbin", "/usr/bin"].map(PathBuf::from));
    folders.into_iter().map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Whether the file system that holds `program` is mounted nosuid, by a table in the format of fstab(5).
fn is_nosuid(mounts: &str, program: &Path) -> bool {
    let under = mounts.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let (point, options) = (unescaped(words.nth(1)?), words.nth(1)?);
        program.starts_with(OsStr::new(&point)).then_some((point.len(), options.to_owned()))
    });
    // The longest mount point holds it, and of equals the last, which is mounted over the others.
    let holder = under.max_by_key(|(length, _)| *length);
    holder.is_some_and(|(_, options)| options.split(',').any(|option| option == "nosuid"))
}

/// fstab(5) writes a blank in a path as `\040`.
fn unescaped(path: &str) -> String {
    path.replace(r"\040", " ").replace(r"\011", "\t").replace(r"\134", r"\")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice() -> Advice {
        Advice {
            program: "/opt/jo/my tools/wirelab".into(),
            arguments: ["capture", "-i", "lo", "-f", "host 127.0.0.1 and port 80", "it's"]
                .map(String::from)
                .into(),
            root: false,
            nosuid: false,
            setcap: Some("/usr/sbin/setcap".into()),
        }
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("a-b_c/d.e:f=g"), "a-b_c/d.e:f=g");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("$HOME;`x`"), "'$HOME;`x`'");
    }

    #[test]
    fn the_command_is_the_one_that_was_typed() {
        let sudo = r"sudo '/opt/jo/my tools/wirelab' capture -i lo -f 'host 127.0.0.1 and port 80' 'it'\''s'";
        assert!(advice().to_string().contains(sudo), "{}", advice());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn setcap_is_named_only_where_it_helps() {
        let set = "sudo setcap cap_net_raw=eip '/opt/jo/my tools/wirelab'";
        assert!(advice().to_string().contains(set));
        assert!(!advice().to_string().contains("not installed"));
        assert!(Advice { setcap: None, ..advice() }.to_string().contains("libcap2-bin"));
        let nosuid = Advice { nosuid: true, ..advice() }.to_string();
        assert!(!nosuid.contains("sudo setcap") && nosuid.contains("nosuid"), "{nosuid}");
        let root = Advice { root: true, ..advice() }.to_string();
        assert!(!root.contains("sudo") && root.contains("NET_RAW"), "{root}");
        assert!(root.ends_with("wirelab read FILE"));
    }

    #[test]
    fn the_deepest_mount_decides() {
        let mounts = "/dev/a / ext4 rw,relatime 0 0\ntmpfs /var tmpfs rw,nosuid,nodev 0 0\n\
            /dev/b /opt/my\\040tools ext4 rw,nosuid 0 0\n";
        assert!(!is_nosuid(mounts, Path::new("/usr/bin/wirelab")));
        assert!(!is_nosuid(mounts, Path::new("/varx/wirelab")));
        assert!(is_nosuid(mounts, Path::new("/var/wirelab")));
        assert!(is_nosuid(mounts, Path::new("/opt/my tools/wirelab")));
        assert!(!is_nosuid("", Path::new("/usr/bin/wirelab")));
    }

    #[test]
    fn libpcaps_refusals_are_known() {
        assert!(is_missing("socket: Operation not permitted"));
        assert!(is_missing("(cannot open BPF device) /dev/bpf0: Permission denied"));
        assert!(!is_missing("No such device exists"));
    }
}
