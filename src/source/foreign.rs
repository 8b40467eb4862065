//! Names a file that is no capture for what it is, so that the next step is clear.

use std::fmt;

/// Bytes looked at.
pub(super) const LOOKED_AT: usize = 1024;

/// What a file that is no capture turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// No bytes at all.
    Empty,
    /// Fewer bytes than any capture's magic number.
    TooShort,
    /// A directory.
    Directory,
    /// A pcap or pcapng file whose line-end bytes were changed by a transfer in text mode.
    Mangled,
    /// Text.
    Text,
    /// An HTML page.
    Html,
    /// The text that tcpdump, tshark or a hex dump prints about a capture.
    PacketListing,
    /// Endace ERF: told by its records' plausibility.
    Erf,
    /// A capture format of another program, by its name.
    OtherCapture(&'static str),
    /// A known kind of file that is no capture, by its name.
    OtherFile(&'static str),
    /// Packed with something that is not unpacked here.
    Packed(&'static str),
    /// None of these.
    Unknown,
    /// Packed more often than is followed.
    TooManyLayers,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty; was the capture stopped before the first packet was written?"),
            Self::TooShort => f.write_str("it is too short for a capture; was it copied whole?"),
            Self::Directory => f.write_str("it is a directory; name a file in it"),
            Self::Mangled => f.write_str(
                "it was one, but a transfer in text mode changed its line-end bytes; copy it again in binary mode",
            ),
            Self::Text => f.write_str("it is text; a savefile is written by tcpdump -w or Wireshark's Save As"),
            Self::Html => f.write_str("it is an HTML page, perhaps the page around a download; fetch the file itself"),
            Self::PacketListing => {
                f.write_str("it is a printed packet list; save the packets with tcpdump -w, or turn a hex dump into one with text2pcap")
            }
            Self::Erf => f.write_str("it is an Endace ERF capture; convert it with: editcap FILE OUT.pcapng"),
            Self::OtherCapture(name) => {
                f.write_str("it is ")?;
                write!(f, "a {name} capture; convert it with: editcap FILE OUT.pcapng")
            }
            Self::OtherFile(name) => write!(f, "it is {name}"),
            Self::Packed(name) => write!(f, "it is packed with {name}, which is not unpacked here; unpack it first"),
            Self::Unknown => f.write_str("its first bytes are those of no capture format; is it the right file?"),
            Self::TooManyLayers => f.write_str("it is packed again and again; unpack it first"),
        }
    }
}

/// Magic numbers at the start of a file.
const MAGICS: &[(&[u8], Foreign)] = &[
    (b"\x52\x54\x53\x53", Foreign::OtherCapture("Network Monitor 1")),
    (b"\x47\x4d\x42\x55", Foreign::OtherCapture("Network Monitor 2")),
    (b"TRSNIFF data    \x1a", Foreign::OtherCapture("Sniffer")),
    (b"XCP\0", Foreign::OtherCapture("NetXRay")),
    (b"\x7fver", Foreign::OtherCapture("Savvius packet analyser")),
    (b"BTSnoop\0", Foreign::OtherCapture("Bluetooth HCI (btsnoop)")),
    (b"btsnoop\0", Foreign::OtherCapture("Bluetooth HCI (btsnoop)")),
    (b"PK\x03\x04", Foreign::Packed("zip")),
    (b"BZh", Foreign::Packed("bzip2")),
    (b"\xfd7zXZ\0", Foreign::Packed("xz")),
    (b"7z\xbc\xaf\x27\x1c", Foreign::Packed("7-Zip")),
    (b"\x1f\x9d", Foreign::Packed("compress")),
    (b"Rar!\x1a\x07", Foreign::Packed("RAR")),
    (b"\x1f\x8b", Foreign::Packed("an unknown gzip method")),
    (b"\x7fELF", Foreign::OtherFile("a program (ELF)")),
    (b"%PDF-", Foreign::OtherFile("a PDF document")),
    (
        b"\x89PNG\r\n\x1a\n",
        Foreign::OtherFile("a PNG picture; was a screenshot saved instead of the capture?"),
    ),
    (b"\xff\xd8\xff", Foreign::OtherFile("a JPEG picture; was a screenshot saved instead of the capture?")),
    (b"SQLite format 3\0", Foreign::OtherFile("an SQLite database")),
];

/// What a file is whose first bytes (up to [`LOOKED_AT`] of them) are `head`.
pub(super) fn identify(head: &[u8]) -> Foreign {
    if head.is_empty() {
        return Foreign::Empty;
    }
    if is_mangled(head) {
        return Foreign::Mangled;
    }
    if let Some((_, found)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return *found;
    }
    if head.get(257..262) == Some(b"ustar") {
        return Foreign::Packed("tar");
    }
    if looks_like_text(head) {
        return identify_text(head);
    }
    if head.len() < 4 {
        return Foreign::TooShort;
    }
    if looks_like_erf(head) { Foreign::Erf } else { Foreign::Unknown }
}

/// The marks that text-mode transfers leave. A pcapng file begins with line-end bytes for just this purpose: other
/// line ends before its byte-order magic are what they were changed to.
fn is_mangled(head: &[u8]) -> bool {
    let near = head.get(..16).unwrap_or(head);
    let byte_order = |window: &[u8]| window == b"\x4d\x3c\x2b\x1a" || window == b"\x1a\x2b\x3c\x4d";
    if matches!(near.first(), Some(b'\r' | b'\n')) && near.windows(4).any(byte_order) {
        return true;
    }
    // What is left of a pcap magic number: sent through a text editor or clipboard (as UTF-8, undecodable bytes
    // replaced, or from Latin-1), with a line end put before it, or cut to seven bits.
    const PCAP: [&[u8]; 7] = [
        b"\xef\xbf\xbd\xc3\xb2\xef\xbf\xbd\x02\0",
        b"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\0\x02",
        b"M<\xef\xbf\xbd\xef\xbf\xbd\x02\0",
        b"\xc3\x94\xc3\x83\xc2\xb2\xc2\xa1\x02\0",
        b"\x0d\x0a\xd4\xc3\xb2\xa1",
        b"\x0a\xd4\xc3\xb2\xa1",
        b"\x54\x43\x32\x21\x02\0\x04\0",
    ];
    PCAP.iter().any(|start| head.starts_with(start))
}

/// Whether bytes were through a transfer that writes a carriage return before every line feed: in binary bytes, one in
/// 256 line feeds has one by chance.
pub(super) fn line_ends_changed(bytes: &[u8]) -> bool {
    const CERTAIN: usize = 4;
    let with_return = memchr::memmem::find_iter(bytes, b"\r\n").count();
    with_return >= CERTAIN && with_return == memchr::memchr_iter(b'\n', bytes).count()
}

/// No control bytes but those of text, in the bytes looked at.
fn looks_like_text(head: &[u8]) -> bool {
    let utf16 = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    utf16
        || head
            .iter()
            .all(|&byte| byte >= 0x20 && byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b))
}

fn identify_text(head: &[u8]) -> Foreign {
    let lower = head.to_ascii_lowercase();
    let text = lower.trim_ascii_start();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if [b"<!doctype html".as_slice(), b"<html", b"<head"].iter().any(|start| text.starts_with(start)) {
        return Foreign::Html;
    }
    let first_line = text.split(|&byte| byte == b'\n').next().unwrap_or(text);
    let contains = |what: &[u8]| first_line.windows(what.len()).any(|window| window == what);
    let hex_dump = first_line.starts_with(b"0000 ")
        || first_line.starts_with(b"000000 ")
        || first_line.starts_with(b"00000000 ")
        || first_line.starts_with(b"00000000:");
    if hex_dump || contains(b" ip ") && contains(b" > ") || contains(b" \xe2\x86\x92 ") {
        return Foreign::PacketListing;
    }
    Foreign::Text
}

/// ERF has no magic number: a type from the list, and a record length that agrees with the length on the wire.
fn looks_like_erf(head: &[u8]) -> bool {
    let Some(&[_, _, _, _, _, _, _, _, kind, _, r0, r1, _, _, w0, w1]) = head.first_chunk() else {
        return false;
    };
    let (record, wire) = (u16::from_be_bytes([r0, r1]), u16::from_be_bytes([w0, w1]));
    let known = matches!(kind & 0x7f, 1..=27);
    let timestamp = head.get(4..8).is_some_and(|seconds| seconds != [0; 4]);
    known && timestamp && record >= 18 && record % 8 == 0 && wire > 0 && wire <= record.saturating_mul(4)
}
