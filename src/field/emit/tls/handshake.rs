//! Handshake messages (RFC 8446 section 4, RFC 5246 section 7.4).

use super::super::Emitter;
use super::super::run::Run;
use super::extension::{self, Hello};
use super::names::{DTLS, Names, TLS};
use super::walk::{Walk, list};
use super::{certificate, exchange, fingerprint};
use crate::field::Value;
use crate::field::names::{dtls, tls};
use crate::proto::tls::{HANDSHAKE_HEADER, is_early_draft, is_tls13, kind};
use crate::time::Timestamp;

/// Bytes of a hello's random number.
const RANDOM: usize = 32;

/// Under which names handshake messages are told, and what is known of the connection.
#[derive(Clone, Copy)]
pub(in crate::field::emit) struct Form {
    pub(super) names: &'static Names,
    /// DTLS: client hellos have a cookie.
    pub(super) datagrams: bool,
    /// The version that the server chose.
    pub(super) version: Option<u16>,
    /// The cipher suite that it chose.
    pub(super) cipher: Option<u16>,
}

impl Form {
    /// TLS over a stream.
    pub(in crate::field::emit) fn stream(version: Option<u16>, cipher: Option<u16>) -> Self {
        Self { names: &TLS, datagrams: false, version, cipher }
    }

    /// DTLS.
    pub(super) fn datagrams(version: Option<u16>, cipher: Option<u16>) -> Self {
        Self { names: &DTLS, datagrams: true, version, cipher }
    }

    pub(super) fn is_tls13(self) -> bool {
        self.version.is_some_and(is_tls13)
    }
}

/// Handshake messages in a row.
#[derive(Clone, Copy)]
pub(in crate::field::emit) struct Messages {
    pub(in crate::field::emit) form: Form,
    /// The last was not captured whole, and is told as far as it goes; else it ends elsewhere and is told there.
    pub(in crate::field::emit) cut: bool,
}

impl Messages {
    pub(in crate::field::emit) fn emit(&self, bytes: &Run<'_>, out: &mut Emitter<'_>) {
        let names = self.form.names;
        let mut rest = *bytes;
        while let (Some(kind), Some(head)) = (rest.byte(0), rest.double(0)) {
            let len = usize::try_from(head & 0x00ff_ffff).unwrap_or(usize::MAX);
            let whole = rest.part(0, len.saturating_add(HANDSHAKE_HEADER));
            if whole.len() < len.saturating_add(HANDSHAKE_HEADER) && !self.cut {
                return;
            }
            whole.open(names.HANDSHAKE, 0, whole.len(), out);
            whole.list(0, &[(names.HANDSHAKE_TYPE, 1), (names.HANDSHAKE_LENGTH, 3)], out);
            message(kind, &whole.from(HANDSHAKE_HEADER), self.form, out);
            out.close();
            rest = rest.from(whole.len());
        }
    }
}

/// The body of a message.
pub(super) fn message(kind: u8, body: &Run<'_>, form: Form, out: &mut Emitter<'_>) {
    // Where a message is too short, what is there is told.
    let _ = match kind {
        kind::CLIENT_HELLO => client_hello(body, form, out),
        kind::SERVER_HELLO => server_hello(body, form, out),
        kind::HELLO_VERIFY_REQUEST if form.datagrams => {
            let mut walk = Walk::new(*body);
            walk.number(dtls::HANDSHAKE_VERSION, 2, out);
            walk.counted((dtls::COOKIE_LENGTH, dtls::COOKIE), 1, out)
        }
        kind::NEW_SESSION_TICKET => exchange::ticket(body, form, out),
        kind::ENCRYPTED_EXTENSIONS => {
            extension::all(&mut Walk::new(*body), Hello::Server { is_retry: false }, form, out)
        }
        kind::CERTIFICATE => certificate::certificates(body, form, out),
        kind::SERVER_KEY_EXCHANGE => exchange::server(body, form, out),
        kind::CERTIFICATE_REQUEST => exchange::certificate_request(body, form, out),
        kind::CERTIFICATE_VERIFY => exchange::certificate_verify(body, form, out),
        kind::CLIENT_KEY_EXCHANGE => exchange::client(body, form, out),
        kind::FINISHED => {
            body.give(form.names.VERIFY_DATA, 0, body.len(), out);
            Some(())
        }
        kind::CERTIFICATE_STATUS => exchange::certificate_status(body, form, out),
        kind::KEY_UPDATE => {
            body.give(form.names.KEY_UPDATE_REQUEST_UPDATE, 0, 1, out);
            Some(())
        }
        _ => Some(()),
    };
}

fn client_hello(body: &Run<'_>, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let names = form.names;
    let mut walk = Walk::new(*body);
    walk.number(names.HANDSHAKE_VERSION, 2, out)?;
    random(&mut walk, form, out);
    walk.counted((names.SESSION_ID_LENGTH, names.SESSION_ID), 1, out)?;
    if form.datagrams {
        walk.counted((dtls::COOKIE_LENGTH, dtls::COOKIE), 1, out)?;
    }
    list(&mut walk, (names.CIPHER_SUITES_LENGTH, names.CIPHERSUITES, names.CIPHERSUITE), (2, 2), out)?;
    list(&mut walk, (names.COMP_METHODS_LENGTH, names.COMP_METHODS, names.COMP_METHOD), (1, 1), out)?;
    if walk.left() > 0 {
        extension::all(&mut walk, Hello::Client, form, out)?;
    }
    fingerprint::of_client(body, form, out);
    Some(())
}

fn server_hello(body: &Run<'_>, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let names = form.names;
    let mut walk = Walk::new(*body);
    let version = walk.number(names.HANDSHAKE_VERSION, 2, out)?;
    let is_early_draft = u16::try_from(version).is_ok_and(is_early_draft);
    let hello = crate::proto::tls::ServerHello::read(body.bytes());
    let is_retry = hello.is_some_and(|hello| hello.is_retry());
    random(&mut walk, form, out);
    if !is_early_draft {
        walk.counted((names.SESSION_ID_LENGTH, names.SESSION_ID), 1, out)?;
    }
    walk.number(names.CIPHERSUITE, 2, out)?;
    if !is_early_draft {
        walk.number(names.COMP_METHOD, 1, out)?;
    }
    if walk.left() > 0 {
        extension::all(&mut walk, Hello::Server { is_retry }, form, out)?;
    }
    fingerprint::of_server(body, form, out);
    Some(())
}

/// The random number; before TLS 1.3 it begins with the time, or should.
fn random(walk: &mut Walk<'_>, form: Form, out: &mut Emitter<'_>) {
    let names = form.names;
    let part = walk.part(RANDOM);
    part.open(names.RANDOM, 0, part.len(), out);
    if let (Some(seconds), false) = (part.double(0), form.is_tls13()) {
        let time = Timestamp::from_parts(i64::from(seconds), 0);
        out.give(names.RANDOM_TIME, Value::Time(time), part.range(0, 4));
        part.give(names.RANDOM_BYTES, 4, part.len().saturating_sub(4), out);
    }
    out.close();
}

/// Whether anything of TLS is wanted that handshake messages have.
pub(in crate::field::emit) fn is_wanted(out: &Emitter<'_>) -> bool {
    out.wants_any_of(tls::PROTOCOL) || certificate::is_wanted(out)
}
