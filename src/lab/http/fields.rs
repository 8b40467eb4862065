//! Header fields: names without case, values as they came.

use super::MAX_FIELDS;

/// The fields of a head, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::lab) struct Fields(Vec<(String, Vec<u8>)>);

/// What is wrong with the fields of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadFields {
    Malformed,
    TooMany,
}

impl Fields {
    /// Reads the lines of a head, its ends of lines taken off, up to the empty one.
    pub(super) fn read<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Result<Self, BadFields> {
        let mut fields = Vec::new();
        for line in lines.take_while(|line| !line.is_empty()) {
            if fields.len() >= MAX_FIELDS {
                return Err(BadFields::TooMany);
            }
            // No space before the colon, no folded line: each hides a field from one reader that another sees (RFC 9112
            // §5.1 and §5.2).
            let mut parts = line.splitn(2, |byte| *byte == b':');
            let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
                return Err(BadFields::Malformed);
            };
            let control = |byte: &u8| matches!(byte, b'\0' | b'\r');
            if !is_token(name) || value.iter().any(control) {
                return Err(BadFields::Malformed);
            }
            let name = name.iter().map(|byte| char::from(*byte)).collect();
            fields.push((name, value.trim_ascii().to_vec()));
        }
        Ok(Self(fields))
    }

    pub(in crate::lab) fn add(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// The fields without those that `drop` names.
    pub(in crate::lab) fn without(&self, drop: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|(name, _)| !drop(name)).cloned().collect())
    }

    /// Puts these in the place of those of the same names.
    pub(in crate::lab) fn replace(&mut self, newer: &Self) {
        self.0.retain(|(name, _)| !newer.has(name));
        self.0.extend_from_slice(&newer.0);
    }

    pub(in crate::lab) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    pub(in crate::lab) fn get<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    pub(in crate::lab) fn text<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.get(name).and_then(|value| str::from_utf8(value).ok())
    }

    pub(in crate::lab) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The members of a list (RFC 9110 §5.6.1) over all fields of the name, in small letters.
    pub(in crate::lab) fn list(&self, name: &str) -> Vec<String> {
        self.all(name)
            .flat_map(|value| members(value, true))
            .map(|member| String::from_utf8_lossy(member).to_ascii_lowercase())
            .collect()
    }

    /// The entity tags over all fields of the name, as they came: they differ by case, and a backslash in them is one (RFC 9110 §8.8.3).
    pub(in crate::lab) fn entity_tags<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.all(name).flat_map(|value| members(value, false))
    }

    pub(in crate::lab) fn lists(&self, name: &str, member: &str) -> bool {
        self.list(name).iter().any(|other| other == member)
    }

    /// The body's length as the head gives it: `Err` where it is no number, or two of them.
    pub(in crate::lab) fn length(&self) -> Result<Option<u64>, ()> {
        let lengths = self.list("content-length");
        let Some(first) = lengths.first() else {
            return if self.has("content-length") { Err(()) } else { Ok(None) };
        };
        if lengths.iter().any(|length| length != first) || !first.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(());
        }
        first.parse().map(Some).map_err(|_| ())
    }

    /// Bytes that the fields take.
    pub(in crate::lab) fn size(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.len() + 4).sum()
    }

    pub(in crate::lab) fn write(&self, head: &mut Vec<u8>) {
        for (name, value) in &self.0 {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
    }
}

/// The members of one field's list. A comma within quotes parts nothing; `escapes` says whether a backslash there takes its
/// meaning from the next byte (RFC 9110 §5.6.4).
fn members(value: &[u8], escapes: bool) -> impl Iterator<Item = &[u8]> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = value.split(move |byte| {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted && escapes => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b',' => return !is_quoted,
            _ => {}
        }
        false
    });
    parts.map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

/// A token of RFC 9110 §5.6.2.
pub(super) fn is_token(text: &[u8]) -> bool {
    !text.is_empty()
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

/// The lines of a head without their ends; a lone LF ends a line too (RFC 9112 §2.2).
pub(super) fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(value: &str) -> Fields {
        let mut fields = Fields::default();
        fields.add("X", value);
        fields
    }

    #[test]
    fn commas_in_quotes_part_nothing() {
        for (value, members) in [
            ("a, B ,,c", &["a", "b", "c"][..]),
            ("private=\"Set-Cookie, X\", max-age=5", &["private=\"set-cookie, x\"", "max-age=5"]),
            (r#"a="x\", y", b"#, &[r#"a="x\", y""#, "b"]),
            ("a=\"never, closed", &["a=\"never, closed"]),
            ("", &[]),
        ] {
            assert_eq!(fields(value).list("x"), members, "{value}");
        }
    }

    #[test]
    fn entity_tags_keep_their_case_and_their_backslashes() {
        let tags = fields(r#""a,B", W/"C\", "d""#);
        let tags: Vec<&[u8]> = tags.entity_tags("x").collect();
        assert_eq!(tags, [&b"\"a,B\""[..], b"W/\"C\\\"", b"\"d\""]);
    }
}
