//! A request's head.

use super::fields::{BadFields, is_token, lines};
use super::{Fields, MAX_REQUEST_LINE};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct Request {
    pub(in crate::lab) method: String,
    /// As it was sent: printable ASCII without spaces.
    pub(in crate::lab) target: String,
    /// HTTP/1.1 or later in its line, not HTTP/1.0.
    pub(in crate::lab) is_1_1: bool,
    pub(in crate::lab) fields: Fields,
}

impl Request {
    /// Reads a head up to its empty line.
    ///
    /// # Errors
    /// The status code that the request is to be answered with.
    pub(in crate::lab) fn read(head: &[u8]) -> Result<Self, u16> {
        let mut lines = lines(head);
        let line = lines.next().unwrap_or_default();
        if line.len() > MAX_REQUEST_LINE {
            return Err(414);
        }
        let mut words = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(400);
        };
        if !is_token(method) || target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
            return Err(400);
        }
        let is_1_1 = match version {
            b"HTTP/1.0" => false,
            [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'..=b'9'] => true,
            [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => return Err(505),
            _ => return Err(400),
        };
        let fields = Fields::read(lines).map_err(|bad| match bad {
            BadFields::Malformed => 400_u16,
            BadFields::TooMany => 431,
        })?;
        let request = Self { method: text(method), target: text(target), is_1_1, fields };
        request.checked()
    }

    fn checked(self) -> Result<Self, u16> {
        let hosts = self.fields.all("host").count();
        let is_host = |host: &[u8]| {
            host.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:[]%!$&'()*+,;=".contains(byte))
        };
        // RFC 9112 §3.2: one Host, and no more, in every request of HTTP/1.1.
        if (self.is_1_1 && hosts == 0) || hosts > 1 || !self.fields.get("host").is_none_or(is_host) {
            return Err(400);
        }
        // A body with two lengths has two ends: RFC 9112 §6.3.
        if self.fields.length().is_err()
            || (self.fields.has("transfer-encoding") && self.fields.has("content-length"))
        {
            return Err(400);
        }
        Ok(self)
    }

    /// Whether a body follows. Nothing here has a use for one, so the connection ends after the answer.
    pub(in crate::lab) fn has_body(&self) -> bool {
        self.fields.has("transfer-encoding") || !matches!(self.fields.length(), Ok(None | Some(0)))
    }

    /// Whether the connection is to stay open after the answer.
    pub(in crate::lab) fn keeps_alive(&self) -> bool {
        let says =
            |what: &str| self.fields.lists("connection", what) || self.fields.lists("proxy-connection", what);
        !self.has_body() && !says("close") && (self.is_1_1 || says("keep-alive"))
    }

    pub(in crate::lab) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }
}

/// Whether the method is one that servers know, though these do not do what it asks: 405 rather than 501.
pub(in crate::lab) fn method_is_known(method: &str) -> bool {
    ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"].contains(&method)
}

/// Printable ASCII as text.
fn text(ascii: &[u8]) -> String {
    ascii.iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read() {
        let request =
            Request::read(b"GET /a?b HTTP/1.1\r\nHost: x:1\r\nACCEPT:  a , b\r\nAccept: c\n\r\n").unwrap();
        assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/a?b"));
        assert_eq!(request.fields.list("accept"), ["a", "b", "c"]);
        assert!(request.keeps_alive() && !request.has_body());
    }

    #[test]
    fn who_stays_is_told_by_version_and_connection() {
        for (head, stays) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n", false),
            ("GET / HTTP/1.0\r\n\r\n", false),
            ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", false),
        ] {
            assert_eq!(Request::read(head.as_bytes()).unwrap().keeps_alive(), stays, "{head}");
        }
    }

    #[test]
    fn bad_requests_are_told_by_their_status() {
        let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(9000));
        let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(101));
        for (head, status) in [
            ("", 400),
            ("GET\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400),
            ("GET / HTTQ/1.1\r\nHost: x\r\n\r\n", 400),
            ("G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET /\u{e9} HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
            (&long, 414),
            (&many, 431),
        ] {
            assert_eq!(Request::read(head.as_bytes()), Err(status), "{head:.60}");
        }
    }
}
