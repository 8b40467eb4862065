//! Names for files that are made of what a capture says: never a path, never a surprise.

use std::collections::HashMap;

use super::{Request, Response};

/// Longest name of a file, in bytes: file systems take 255; a count in front still fits.
pub const MAX_FILE_NAME: usize = 120;

/// Most names that are remembered to number further files of the same name: beyond it, the file system is asked.
pub const MAX_NAMES: usize = 1 << 16;

/// Bytes of a name's ending that a cut keeps: `.tar.gz`, `.jpeg`.
const MAX_ENDING: usize = 12;

/// Names that are devices on Windows, whatever their ending.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Endings for what has none, by media type.
const ENDINGS: [(&str, &str); 14] = [
    ("text/html", "html"),
    ("text/plain", "txt"),
    ("text/css", "css"),
    ("text/javascript", "js"),
    ("application/javascript", "js"),
    ("application/json", "json"),
    ("application/xml", "xml"),
    ("text/xml", "xml"),
    ("application/pdf", "pdf"),
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/svg+xml", "svg"),
    ("application/zip", "zip"),
];

/// A name for the body of a message that belongs to `request`, of this media type.
///
/// It is the last part of the target's path, of letters, digits and `-._+=@~,()` alone; everything else is an
/// underscore. It is not empty, does not begin with a dot or dash, does not end in a dot, is no device of Windows, and
/// is at most [`MAX_FILE_NAME`] bytes long.
#[must_use]
pub fn safe_name(request: Option<&Request>, media_type: Option<&str>) -> String {
    let path = request.map(Request::path).unwrap_or_default();
    let end = path.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(path.len());
    let path = path.get(..end).unwrap_or_default();
    let last = path.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or_default();
    let mut name = plain(last);
    if name.trim_matches(['.', '_', '-']).is_empty() {
        name = "document".to_owned();
    }
    if !name.contains('.')
        && let Some((_, ending)) = ENDINGS.iter().find(|(kind, _)| Some(*kind) == media_type)
    {
        name = cut(&format!("{name}.{ending}"));
    }
    name
}

/// `bytes` as a part of a path that no system takes for anything else.
fn plain(bytes: &[u8]) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._+=@~,()".contains(&byte);
    let text: String = bytes.iter().map(|byte| if kept(*byte) { char::from(*byte) } else { '_' }).collect();
    let text = text.trim_end_matches('.');
    let text = if text.starts_with(['.', '-', '~']) { format!("_{text}") } else { text.to_owned() };
    cut(&if is_device(&text) { format!("_{text}") } else { text })
}

/// A long name without its middle.
fn cut(name: &str) -> String {
    if name.len() <= MAX_FILE_NAME {
        return name.to_owned();
    }
    let ending = name.rfind('.').and_then(|dot| name.get(dot..)).filter(|ending| ending.len() <= MAX_ENDING);
    let ending = ending.unwrap_or_default();
    let stem = name.get(..MAX_FILE_NAME.saturating_sub(ending.len())).unwrap_or_default();
    // A dot of the middle may stand at the end now.
    format!("{stem}{ending}").trim_end_matches('.').to_owned()
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = ["com", "lpt"]
        .iter()
        .any(|kind| stem.strip_prefix(kind).is_some_and(|digit| matches!(digit.as_bytes(), [b'0'..=b'9'])));
    numbered || DEVICES.contains(&stem.as_str())
}

/// Gives each file a name that no other has.
#[derive(Debug, Default)]
pub struct FileNames {
    /// How often each name was given; in lower case, since some file systems do not tell case apart.
    given: HashMap<String, u64>,
}

impl FileNames {
    /// `name` the first time, then with a count in front: `2-name`. Ask again where the file exists.
    pub fn next(&mut self, name: &str) -> String {
        let key = name.to_ascii_lowercase();
        if self.given.len() >= MAX_NAMES && !self.given.contains_key(&key) {
            self.given.clear();
        }
        let count = self.given.entry(key).or_default();
        *count = count.saturating_add(1);
        if *count == 1 { name.to_owned() } else { format!("{count}-{name}") }
    }
}

impl Response {
    /// A name for its body.
    #[must_use]
    pub fn file_name(&self, request: Option<&Request>) -> String {
        safe_name(request, self.message.media_type().as_deref())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(target: &[u8]) -> String {
        safe_name(Some(&Request { target: target.into(), ..Request::default() }), Some("text/html"))
    }

    #[test]
    fn a_name_is_the_last_part_of_the_path() {
        assert_eq!(named(b"/wireshark-labs/HTTP-file1.html"), "HTTP-file1.html");
        assert_eq!(named(b"http://example.net/a/b.gif?x=/c.png#d"), "b.gif");
        assert_eq!(named(b"/"), "document.html");
        assert_eq!(named(b"/about"), "about.html");
        assert_eq!(named(b"*"), "document.html");
        assert_eq!(safe_name(None, None), "document");
    }

    #[test]
    fn hostile_names_are_only_odd() {
        assert_eq!(named(b"/a/.."), "document.html");
        assert_eq!(named(b"/..\\..\\boot.ini"), "boot.ini");
        assert_eq!(named(b"/%2e%2e%2fetc%2fpasswd"), "_2e_2e_2fetc_2fpasswd.html");
        assert_eq!(named(b"/.bashrc"), "_.bashrc");
        assert_eq!(named(b"/-rf"), "_-rf.html");
        assert_eq!(named(b"/a\0b\x1b[2J.html"), "a_b__2J.html");
        assert_eq!(named("/\u{202e}lmth.exe\u{200b}".as_bytes()), "___lmth.exe___");
        for device in ["CON", "con.txt", "Aux.tar.gz", "COM1", "lpt9.html", "nul."] {
            assert!(named(format!("/{device}").as_bytes()).starts_with('_'), "{device}");
        }
        let dotted = named(&[&[b'x'; MAX_FILE_NAME - 1], b".".as_slice(), &[b'y'; 500]].concat());
        assert_eq!(dotted, "x".repeat(MAX_FILE_NAME - 5) + ".html");
        let long = named(&[b"/".as_slice(), &[b'x'; 5000], b".jpeg"].concat());
        assert_eq!((long.len(), long.ends_with("x.jpeg")), (MAX_FILE_NAME, true));
    }

    #[test]
    fn the_same_name_gets_a_count_in_front_whatever_its_case() {
        let mut names = FileNames::default();
        assert_eq!(names.next("a.html"), "a.html");
        assert_eq!(names.next("A.html"), "2-A.html");
        assert_eq!(names.next("a.html"), "3-a.html");
        assert_eq!(names.next("b.html"), "b.html");
        let all: std::collections::HashSet<String> = (0..1000).map(|_| names.next("c")).collect();
        assert_eq!(all.len(), 1000);
    }

    proptest! {
        #[test]
        fn no_target_leaves_the_folder(target in proptest::collection::vec(any::<u8>(), 0..300)) {
            let name = named(&target);
            let path = std::path::Path::new(&name);
            prop_assert_eq!(path.components().count(), 1);
            prop_assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(name.as_str()));
            prop_assert!(name.bytes().all(|byte| byte.is_ascii_graphic()) && name.len() <= MAX_FILE_NAME);
            prop_assert!(!name.starts_with('.') && !name.ends_with('.'));
        }
    }
}
