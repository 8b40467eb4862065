//! Internet messages (RFC 5322): the headers of a mail.

use super::run::Run;
use super::{Emitter, ascii};
use crate::field::names::imf;
use crate::field::{FieldId, Value};

/// Most headers that are told of a mail; a mail has some tens.
const MAX_HEADERS: usize = 1000;

/// Most addresses that are told of a header.
const MAX_ADDRESSES: usize = 1000;

/// Headers by their name in lower case, sorted.
const HEADERS: &[(&str, FieldId)] = &[
    ("autoforwarded", imf::AUTOFORWARDED),
    ("autosubmitted", imf::AUTOSUBMITTED),
    ("bcc", imf::BCC),
    ("cc", imf::CC),
    ("comments", imf::COMMENTS),
    ("content-description", imf::CONTENT_DESCRIPTION),
    ("content-id", imf::CONTENT_ID),
    ("content-language", imf::CONTENT_LANGUAGE),
    ("content-transfer-encoding", imf::CONTENT_TRANSFER_ENCODING),
    ("content-type", imf::CONTENT_TYPE),
    ("conversion", imf::CONVERSION),
    ("conversion-with-loss", imf::CONVERSION_WITH_LOSS),
    ("date", imf::DATE),
    ("deferred-delivery", imf::DEFERRED_DELIVERY),
    ("delivered-to", imf::DELIVERED_TO),
    ("delivery-date", imf::DELIVERY_DATE),
    ("discarded-x400-ipms-extensions", imf::DISCARDED_X400_IPMS_EXTENSIONS),
    ("discarded-x400-mts-extensions", imf::DISCARDED_X400_MTS_EXTENSIONS),
    ("dl-expansion-history", imf::DL_EXPANSION_HISTORY),
    ("expires", imf::EXPIRES),
    ("expiry-date", imf::EXT_EXPIRY_DATE),
    ("from", imf::FROM),
    ("importance", imf::IMPORTANCE),
    ("in-reply-to", imf::IN_REPLY_TO),
    ("incomplete-copy", imf::INCOMPLETE_COPY),
    ("keywords", imf::KEYWORDS),
    ("latest-delivery-time", imf::LATEST_DELIVERY_TIME),
    ("lines", imf::LINES),
    ("message-id", imf::MESSAGE_ID),
    ("message-type", imf::MESSAGE_TYPE),
    ("mime-version", imf::MIME_VERSION),
    ("original-encoded-information-types", imf::ORIGINAL_ENCODED_INFORMATION_TYPES),
    ("originator-return-address", imf::ORIGINATOR_RETURN_ADDRESS),
    ("precedence", imf::PRECEDENCE),
    ("priority", imf::PRIORITY),
    ("received", imf::RECEIVED),
    ("references", imf::REFERENCES),
    ("reply-by", imf::REPLY_BY),
    ("reply-to", imf::REPLY_TO),
    ("resent-bcc", imf::RESENT_BCC),
    ("resent-cc", imf::RESENT_CC),
    ("resent-date", imf::RESENT_DATE),
    ("resent-from", imf::RESENT_FROM),
    ("resent-message-id", imf::RESENT_MESSAGE_ID),
    ("resent-sender", imf::RESENT_SENDER),
    ("resent-to", imf::RESENT_TO),
    ("return-path", imf::RETURN_PATH),
    ("sender", imf::SENDER),
    ("sensitivity", imf::SENSITIVITY),
    ("subject", imf::SUBJECT),
    ("supersedes", imf::SUPERSEDES),
    ("thread-index", imf::THREAD_INDEX),
    ("to", imf::TO),
    ("user-agent", imf::USER_AGENT),
    ("x-authentication-warning", imf::EXT_AUTHENTICATION_WARNING),
    ("x-mailer", imf::EXT_MAILER),
    ("x-mimeole", imf::EXT_MIMEOLE),
    ("x-ms-tnef-correlator", imf::EXT_TNEF_CORRELATOR),
    ("x-original-to", imf::EXT_ORIGINAL_TO),
    ("x-uidl", imf::EXT_UIDL),
    ("x-virus-scanned", imf::EXT_VIRUS_SCANNED),
    ("x400-content-identifier", imf::X400_CONTENT_IDENTIFIER),
    ("x400-content-type", imf::X400_CONTENT_TYPE),
    ("x400-mts-identifier", imf::X400_MTS_IDENTIFIER),
    ("x400-originator", imf::X400_ORIGINATOR),
    ("x400-received", imf::X400_RECEIVED),
    ("x400-recipients", imf::X400_RECIPIENTS),
];

/// Hands out the headers that `run` begins with.
pub(super) fn emit(run: &Run<'_>, out: &mut Emitter<'_>) {
    if !out.wants_any_of(imf::PROTOCOL) {
        return;
    }
    out.open(imf::PROTOCOL, Value::Bytes(run.bytes()), run.range(0, run.len()));
    let mut at = 0;
    for _ in 0..MAX_HEADERS {
        let rest = run.from(at);
        let len = header_len(rest.bytes());
        let header = rest.part(0, len);
        let Some(colon) = header.bytes().iter().position(|byte| *byte == b':') else { break };
        // The line that separates headers from text has no colon, and is not a part of the header before it.
        if header.bytes().iter().take(colon).any(|byte| matches!(byte, b'\r' | b'\n')) {
            break;
        }
        one(&header, colon, out);
        at += len;
    }
    if let Some([b'\r', b'\n']) = run.bytes().get(at..at.saturating_add(2)) {
        let text = at + 2;
        if text < run.len() {
            out.give(imf::MESSAGE_TEXT, Value::Mark, run.range(text, run.len() - text));
        }
    }
    out.close();
}

/// How long the header is that `bytes` begin with: up to a line end that no space or tab follows (RFC 5322 section
/// 2.2.3).
fn header_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(end) = bytes.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        at = at.saturating_add(end).saturating_add(1);
        if !matches!(bytes.get(at), Some(b' ' | b'\t')) {
            return at;
        }
    }
    bytes.len()
}

fn one(header: &Run<'_>, colon: usize, out: &mut Emitter<'_>) {
    let bytes = header.bytes();
    let end = bytes.strip_suffix(b"\n").map_or(bytes, |line| line.strip_suffix(b"\r").unwrap_or(line)).len();
    let behind = bytes.get(colon + 1..end).unwrap_or(&[]);
    let spaces = behind.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let (at, len) = (colon + 1 + spaces, behind.len() - spaces);
    let name = bytes.get(..colon).unwrap_or(&[]).trim_ascii();
    let mut lower = [0_u8; 40];
    let known = lower.get_mut(..name.len()).and_then(|lower| {
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        let name = std::str::from_utf8(lower).ok()?;
        let place = HEADERS.binary_search_by_key(&name, |(known, _)| known).ok()?;
        HEADERS.get(place)
    });
    let Some(&(_, id)) = known else {
        ascii::open(header, imf::EXTENSION, 0, end, out);
        ascii::give(header, imf::EXTENSION_TYPE, 0, colon, out);
        ascii::give(header, imf::EXTENSION_VALUE, at, len, out);
        return out.close();
    };
    ascii::open(header, id, at, len, out);
    let value = header.part(at, len);
    match id {
        imf::CONTENT_TYPE => content_type(&value, out),
        imf::FROM | imf::RESENT_FROM => addresses(&value, imf::MAILBOX_ITEM, out),
        imf::TO | imf::CC | imf::BCC | imf::REPLY_TO | imf::RESENT_TO | imf::RESENT_CC | imf::RESENT_BCC => {
            addresses(&value, imf::ADDRESS_ITEM, out)
        }
        imf::SENDER | imf::RESENT_SENDER => address(&value, out),
        _ => {}
    }
    out.close();
}

/// `text/plain; charset=utf-8` (RFC 2045 section 5.1).
fn content_type(value: &Run<'_>, out: &mut Emitter<'_>) {
    let bytes = value.bytes();
    let end = bytes.iter().position(|byte| *byte == b';').unwrap_or(bytes.len());
    let len = bytes.get(..end).unwrap_or(bytes).trim_ascii_end().len();
    ascii::give(value, imf::CONTENT_TYPE_TYPE, 0, len, out);
    let rest = bytes.len().saturating_sub(end + 1);
    if rest > 0 {
        ascii::give(value, imf::CONTENT_TYPE_PARAMETERS, end + 1, rest, out);
    }
}

/// A list of addresses: commas between quotation marks or angle brackets are theirs.
fn addresses(value: &Run<'_>, item: FieldId, out: &mut Emitter<'_>) {
    if !out.wants(item) && !out.wants(imf::ADDRESS) && !out.wants(imf::DISPLAY_NAME) {
        return;
    }
    let bytes = value.bytes();
    let mut from = 0;
    for _ in 0..MAX_ADDRESSES {
        let rest = bytes.get(from..).unwrap_or(&[]);
        let spaces = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let rest = rest.get(spaces..).unwrap_or(&[]);
        if rest.is_empty() {
            break;
        }
        let len = item_len(rest);
        let one = value.part(from + spaces, len);
        ascii::open(&one, item, 0, len, out);
        address(&one, out);
        out.close();
        from = from + spaces + len + 1;
    }
}

/// How many bytes the first address of a list takes.
fn item_len(bytes: &[u8]) -> usize {
    let (mut quoted, mut angle, mut escaped) = (false, false, false);
    for (place, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b'<' if !quoted => angle = true,
            b'>' if !quoted => angle = false,
            b',' if !quoted && !angle => return place,
            _ => {}
        }
    }
    bytes.len()
}

/// `"Name" <address>`, or an address alone.
fn address(value: &Run<'_>, out: &mut Emitter<'_>) {
    let bytes = value.bytes();
    let Some(open) = bytes.iter().rposition(|byte| *byte == b'<') else {
        return ascii::give(value, imf::ADDRESS, 0, bytes.trim_ascii_end().len(), out);
    };
    let name = bytes.get(..open).unwrap_or(&[]).trim_ascii_end();
    if !name.is_empty() {
        ascii::give(value, imf::DISPLAY_NAME, 0, name.len(), out);
    }
    let inside = bytes.get(open + 1..).unwrap_or(&[]);
    let len = inside.iter().position(|byte| *byte == b'>').unwrap_or(inside.len());
    ascii::give(value, imf::ADDRESS, open + 1, len, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(HEADERS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn headers_go_on_where_a_line_begins_with_a_space() {
        assert_eq!(header_len(b"A: b\r\n\tc\r\nD: e\r\n"), 10);
        assert_eq!(header_len(b"A: b"), 4);
        assert_eq!(header_len(b"\r\ntext"), 2);
        assert_eq!(item_len(b"\"a, b\" <c@d>, e@f"), 12);
        assert_eq!(item_len(b"a@b"), 3);
    }
}
