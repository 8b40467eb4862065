//! One line of output: bytes and the columns they take, cut at the terminal's edge. The buffer is kept and
//! reused, so a line costs no allocation; numbers and IPv4 addresses are written without `fmt`.

use std::fmt;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};

use crate::decode::Endpoint;
use crate::render::color::{Colors, Style};
use crate::render::format::Seconds;
use crate::render::safe::write_safe;
use crate::time::TimeDelta;

/// A line being written.
#[derive(Debug)]
pub(super) struct LineBuffer {
    bytes: Vec<u8>,
    colors: Colors,
    /// Columns used so far.
    columns: usize,
    /// Columns that may be used, the last of which is kept for the `…` of a cut line.
    limit: usize,
    cut: bool,
}

impl LineBuffer {
    pub(super) fn new(limit: Option<usize>, colors: Colors) -> Self {
        let limit = limit.unwrap_or(usize::MAX);
        Self { bytes: Vec::new(), colors, columns: 0, limit, cut: false }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.columns = 0;
        self.cut = false;
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Columns left before the one that is kept for `…`.
    pub(super) const fn left(&self) -> usize {
        self.limit.saturating_sub(self.columns).saturating_sub(1)
    }

    /// Ends the line.
    pub(super) fn newline(&mut self) {
        self.bytes.push(b'\n');
    }

    /// Writes our own words, which are ASCII: a column a byte.
    pub(super) fn put(&mut self, text: &str) {
        self.put_ascii(text.as_bytes());
    }

    pub(super) fn put_ascii(&mut self, text: &[u8]) {
        if self.cut {
            return;
        }
        let left = self.left();
        if text.len() <= left {
            self.bytes.extend_from_slice(text);
            self.columns += text.len();
        } else {
            self.bytes.extend_from_slice(text.get(..left).unwrap_or_default());
            self.columns += left;
            self.put_ellipsis();
            self.cut = true;
        }
    }

    /// Writes one character of our own that takes one column.
    pub(super) fn put_symbol(&mut self, symbol: &str) {
        if self.cut || self.left() == 0 {
            return self.put_ellipsis();
        }
        self.bytes.extend_from_slice(symbol.as_bytes());
        self.columns += 1;
    }

    /// Writes a formatted value that is ASCII.
    pub(super) fn put_display(&mut self, value: impl fmt::Display) {
        let before = self.bytes.len();
        // Writing into memory does not fail.
        let _ = write!(self.bytes, "{value}");
        let added = self.bytes.len().saturating_sub(before);
        if self.cut || added > self.left() {
            let text = self.bytes.split_off(before);
            self.put_ascii(&text);
        } else {
            self.columns += added;
        }
    }

    /// Writes payload, as much as fits, or as fits into `most` columns; a cut payload ends in `…`.
    pub(super) fn put_payload(&mut self, payload: &[u8], most: usize) {
        if self.cut {
            return;
        }
        // A payload ends its line, so it may use the column that is kept for `…`.
        let room = self.limit.saturating_sub(self.columns).min(most);
        let limit = (self.limit < usize::MAX || most < usize::MAX).then_some(room);
        // Writing into memory does not fail.
        let used = write_safe(&mut self.bytes, payload, limit).unwrap_or(0);
        self.columns = self.columns.saturating_add(used);
        self.cut = self.columns >= self.limit;
    }

    /// Writes `…`, which may take the last column.
    pub(super) fn put_ellipsis(&mut self) {
        if !self.cut && self.columns < self.limit {
            self.bytes.extend_from_slice("…".as_bytes());
            self.columns += 1;
            self.cut = self.columns == self.limit;
        }
    }

    /// Writes `text` in `style`.
    pub(super) fn put_styled(&mut self, style: Style, text: &str) {
        self.start(style);
        self.put(text);
        self.end();
    }

    pub(super) fn start(&mut self, style: Style) {
        self.bytes.extend_from_slice(self.colors.start(style).as_bytes());
    }

    pub(super) fn end(&mut self) {
        self.bytes.extend_from_slice(self.colors.end().as_bytes());
    }

    fn spaces(&mut self, mut count: usize) {
        const SPACES: &[u8] = &[b' '; 32];
        while let Some(rest) = count.checked_sub(SPACES.len()) {
            self.put_ascii(SPACES);
            count = rest;
        }
        self.put_ascii(SPACES.get(..count).unwrap_or_default());
    }

    /// Spaces from the current column on, until `width` columns after `start`.
    pub(super) fn pad_from(&mut self, start: usize, width: usize) {
        self.spaces(width.saturating_sub(self.columns.saturating_sub(start)));
    }

    pub(super) const fn columns(&self) -> usize {
        self.columns
    }

    /// Writes `value`, right-aligned in `width`.
    pub(super) fn put_number(&mut self, value: u64, width: usize) {
        let digits = Digits::new(value);
        self.spaces(width.saturating_sub(digits.as_bytes().len()));
        self.put_ascii(digits.as_bytes());
    }

    /// Writes seconds with six digits, right-aligned in `width`.
    pub(super) fn put_seconds(&mut self, time: TimeDelta, width: usize) {
        let Ok(nanos) = u64::try_from(time.as_nanos()) else { return self.put_display(Seconds(time)) };
        let seconds = Digits::new(nanos / 1_000_000_000);
        self.spaces(width.saturating_sub(seconds.as_bytes().len().saturating_add(7)));
        self.put_ascii(seconds.as_bytes());
        // A leading 1 keeps the zeros behind it; the point takes its place.
        let micros = Digits::new(1_000_000 + nanos % 1_000_000_000 / 1_000);
        self.put(".");
        self.put_ascii(micros.as_bytes().get(1..).unwrap_or_default());
    }

    /// Writes an address.
    pub(super) fn put_addr(&mut self, addr: IpAddr) {
        match addr {
            IpAddr::V4(v4) => self.put_ascii(Ipv4Text::new(v4).as_bytes()),
            IpAddr::V6(v6) => self.put_display(v6),
        }
    }

    /// Writes an address and port.
    pub(super) fn put_endpoint(&mut self, endpoint: Endpoint) {
        match endpoint.addr {
            IpAddr::V4(v4) => {
                let mut text = Ipv4Text::new(v4);
                text.push(b':');
                text.push_number(endpoint.port);
                self.put_ascii(text.as_bytes());
            }
            IpAddr::V6(_) => self.put_display(endpoint),
        }
    }

    /// Writes something ASCII, leaving out its middle if it takes more than `most` columns or than are left: of a
    /// long address the beginning and the port tell most.
    pub(super) fn put_shortened(&mut self, most: Option<usize>, write: impl FnOnce(&mut Self)) {
        let most = most.unwrap_or(usize::MAX).min(self.left());
        if self.cut || most < 3 {
            return self.put_ellipsis();
        }
        let (start, start_byte) = (self.columns, self.bytes.len());
        let limit = std::mem::replace(&mut self.limit, usize::MAX);
        write(self);
        self.limit = limit;
        let len = self.columns.saturating_sub(start);
        if len <= most {
            return;
        }
        let tail = (most - 1) / 2 + 1;
        let head = most - 1 - tail;
        self.bytes.splice(start_byte + head..start_byte + (len - tail), "…".bytes());
        self.columns = start + most;
    }
}

/// A number in decimal digits.
struct Digits {
    bytes: [u8; 20],
    start: usize,
}

impl Digits {
    fn new(mut value: u64) -> Self {
        let mut bytes = [b'0'; 20];
        let mut start = bytes.len();
        for slot in bytes.iter_mut().rev() {
            *slot = b'0' + u8::try_from(value % 10).unwrap_or(0);
            value /= 10;
            start -= 1;
            if value == 0 {
                break;
            }
        }
        Self { bytes, start }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

/// An IPv4 address, perhaps with a port: at most 21 bytes.
struct Ipv4Text {
    bytes: [u8; 21],
    len: usize,
}

impl Ipv4Text {
    fn new(addr: Ipv4Addr) -> Self {
        let [a, b, c, d] = addr.octets();
        let mut text = Self { bytes: [0; 21], len: 0 };
        text.push_number(a.into());
        for octet in [b, c, d] {
            text.push(b'.');
            text.push_number(octet.into());
        }
        text
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    fn push_number(&mut self, value: u16) {
        for place in [10_000, 1_000, 100, 10] {
            if value >= place {
                self.push(b'0' + u8::try_from(value / place % 10).unwrap_or(0));
            }
        }
        self.push(b'0' + u8::try_from(value % 10).unwrap_or(0));
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
