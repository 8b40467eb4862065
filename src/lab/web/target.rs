//! What a request asks for, as the names of folders and a file: nothing that could lead elsewhere.

/// A page of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// Folders and file, each a name: not empty, not `.` or `..`, without `/`, `\` and control characters.
    pub(super) names: Vec<Vec<u8>>,
    /// It was asked for with a slash at its end: a folder.
    pub(super) is_folder: bool,
}

impl Page {
    /// Reads a request target: a path, or a whole address (RFC 9112 §3.2).
    ///
    /// # Errors
    /// The status code that it is answered with: 400 where it cannot be read or hides a separator in an escape, 403 where
    /// it would leave the folder.
    pub(super) fn of(target: &str) -> Result<Self, u16> {
        let path = match target.get(..7) {
            Some(scheme) if scheme.eq_ignore_ascii_case("http://") => {
                let rest = target.get(7..).unwrap_or_default();
                rest.find(['/', '?']).and_then(|at| rest.get(at..)).unwrap_or("/")
            }
            _ => target,
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let path = if path.is_empty() { "/" } else { path };
        let Some(path) = path.strip_prefix('/') else { return Err(400) };
        let mut names = Vec::new();
        for segment in path.split('/') {
            let name = unescaped(segment).ok_or(400_u16)?;
            if name.iter().any(|byte| matches!(byte, b'/' | b'\\') || byte.is_ascii_control()) {
                return Err(400);
            }
            match name.as_slice() {
                b"" | b"." => {}
                b".." => return Err(403),
                _ => names.push(name),
            }
        }
        let last = path.rsplit('/').next().unwrap_or_default();
        Ok(Self { names, is_folder: matches!(last, "" | "." | "%2e" | "%2E") })
    }

    /// The path of the page as a link writes it, with a slash at the end.
    pub(super) fn folder_link(&self) -> String {
        use std::fmt::Write;
        let mut link = String::from("/");
        for name in &self.names {
            for byte in name {
                // Writing to a String cannot fail.
                let _ = if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
                    write!(link, "{}", char::from(*byte))
                } else {
                    write!(link, "%{byte:02X}")
                };
            }
            link.push('/');
        }
        link
    }
}

/// The bytes that percent escapes stand for (RFC 3986 §2.1), each taken once.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            bytes.push(digit(rest.next()?)? * 16 + digit(rest.next()?)?);
        } else {
            bytes.push(byte);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_names_and_nothing_else() {
        for (target, names, is_folder) in [
            ("/", &[][..], true),
            ("/a", &["a"][..], false),
            ("/a/b.html?x=/../y#z", &["a", "b.html"], false),
            ("/a//./b/", &["a", "b"], true),
            ("/a%20b", &["a b"], false),
            ("/%2561", &["%61"], false),
            ("/...", &["..."], false),
            ("http://host:1/a", &["a"], false),
            ("HTTP://host", &[], true),
            ("http://host?q", &[], true),
        ] {
            let names: Vec<Vec<u8>> = names.iter().map(|name| name.as_bytes().to_vec()).collect();
            assert_eq!(Page::of(target), Ok(Page { names, is_folder }), "{target}");
        }
    }

    #[test]
    fn nothing_leads_out_of_the_folder() {
        for (target, status) in [
            ("/..", 403),
            ("/../etc/passwd", 403),
            ("/a/../../b", 403),
            ("/%2e%2e/b", 403),
            ("/.%2E/b", 403),
            ("http://host/../b", 403),
            ("/..%2fb", 400),
            ("/a%2f..%2f..%2fb", 400),
            ("/..\\b", 400),
            ("/..%5cb", 400),
            ("/a%00.html", 400),
            ("/a%0d%0aSet-Cookie:x", 400),
            ("/%", 400),
            ("/%4", 400),
            ("/%zz", 400),
            ("/%+1", 400),
            ("etc/passwd", 400),
            ("*", 400),
            ("https://host/a", 400),
        ] {
            assert_eq!(Page::of(target), Err(status), "{target}");
        }
    }

    #[test]
    fn a_link_cannot_name_another_host() {
        assert_eq!(
            Page::of("//evil.example/a b").map(|page| page.folder_link()).unwrap(),
            "/evil.example/a%20b/"
        );
    }
}
