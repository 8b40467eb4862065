//! Key exchanges, tickets, and what goes with certificates.

use super::super::Emitter;
use super::super::run::Run;
use super::extension::{self, Hello};
use super::handshake::Form;
use super::walk::{Walk, list};
use crate::field::Value;
use crate::field::words::tls::cipher_suite;
use crate::time::Timestamp;

/// Most names of authorities that are told of one message: a few hundred are in use.
const MAX_AUTHORITIES: usize = 1000;

/// How keys are agreed with a cipher suite, as its name says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exchange {
    Rsa,
    RsaExport,
    DiffieHellman,
    Curve,
    Psk,
    CurvePsk,
    Unknown,
}

impl Exchange {
    fn of(cipher: Option<u16>) -> Self {
        let name = cipher.and_then(|cipher| cipher_suite(u64::from(cipher))).unwrap_or("");
        let kind = name.strip_prefix("TLS_").and_then(|name| name.split("_WITH_").next()).unwrap_or("");
        match kind {
            "RSA" => Self::Rsa,
            "RSA_EXPORT" | "RSA_EXPORT1024" => Self::RsaExport,
            "PSK" => Self::Psk,
            "ECDHE_PSK" => Self::CurvePsk,
            _ if kind.starts_with("ECDH") => Self::Curve,
            _ if kind.starts_with("DH") && !kind.ends_with("PSK") => Self::DiffieHellman,
            _ => Self::Unknown,
        }
    }
}

/// The server's part (RFC 5246 section 7.4.3, RFC 8422 section 5.4).
pub(super) fn server(body: &Run<'_>, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let names = form.names;
    let mut walk = Walk::new(*body);
    match Exchange::of(form.cipher) {
        exchange @ (Exchange::Curve | Exchange::CurvePsk) => {
            if exchange == Exchange::CurvePsk {
                walk.counted((names.HINT_LEN, names.HINT), 2, out)?;
            }
            // Only curves with a name are in use.
            if walk.number(names.SERVER_CURVE_TYPE, 1, out)? != 3 {
                return None;
            }
            walk.number(names.SERVER_NAMED_CURVE, 2, out)?;
            walk.counted((names.SERVER_POINT_LEN, names.SERVER_POINT), 1, out)?;
        }
        Exchange::DiffieHellman => {
            walk.counted((names.P_LEN, names.P), 2, out)?;
            walk.counted((names.G_LEN, names.G), 2, out)?;
            walk.counted((names.YS_LEN, names.YS), 2, out)?;
        }
        Exchange::RsaExport => {
            walk.counted((names.MODULUS_LEN, names.MODULUS), 2, out)?;
            walk.counted((names.EXPONENT_LEN, names.EXPONENT), 2, out)?;
        }
        Exchange::Psk => walk.counted((names.HINT_LEN, names.HINT), 2, out)?,
        Exchange::Rsa | Exchange::Unknown => return None,
    }
    // An anonymous exchange is not signed.
    if walk.left() > 0 {
        if has_algorithm(form) {
            extension::signature(&mut walk, form, out);
        }
        walk.counted((names.SIG_LEN, names.SIG), 2, out)?;
    }
    Some(())
}

/// The client's part (RFC 5246 section 7.4.7).
pub(super) fn client(body: &Run<'_>, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let names = form.names;
    let mut walk = Walk::new(*body);
    match Exchange::of(form.cipher) {
        // SSL 3.0 has no length here.
        Exchange::Rsa | Exchange::RsaExport if form.version == Some(0x0300) => {
            walk.bytes(names.EPMS, usize::MAX, out);
        }
        Exchange::Rsa | Exchange::RsaExport => walk.counted((names.EPMS_LEN, names.EPMS), 2, out)?,
        Exchange::DiffieHellman => walk.counted((names.YC_LEN, names.YC), 2, out)?,
        Exchange::Curve => walk.counted((names.CLIENT_POINT_LEN, names.CLIENT_POINT), 1, out)?,
        Exchange::Psk => walk.counted((names.IDENTITY_LEN, names.IDENTITY), 2, out)?,
        Exchange::CurvePsk => {
            walk.counted((names.IDENTITY_LEN, names.IDENTITY), 2, out)?;
            walk.counted((names.CLIENT_POINT_LEN, names.CLIENT_POINT), 1, out)?;
        }
        Exchange::Unknown => {}
    }
    Some(())
}

/// Whether signatures say their algorithm: from TLS 1.2 on.
fn has_algorithm(form: Form) -> bool {
    let is_old = if form.datagrams { Some(0xfeff) } else { None };
    form.version
        .is_some_and(|version| Some(version) != is_old && !matches!(version, 0x0300..=0x0302 | 0x0100))
}

pub(super) fn certificate_verify(body: &Run<'_>, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let mut walk = Walk::new(*body);
    if has_algorithm(form) {
        extension::signature(&mut walk, form, out);
    }
    walk.counted((form.names.CLIENT_CERT_VRFY_SIG_LEN, form.names.CLIENT_CERT_VRFY_SIG), 2, out)
}

/// RFC 5246 section 7.4.4, RFC 8446 section 4.3.2.
pub(super) fn certificate_request(body: &Run<'_>, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let names = form.names;
    let mut walk = Walk::new(*body);
    if form.is_tls13() {
        walk.counted((names.CERTIFICATE_REQUEST_CONTEXT_LENGTH, names.CERTIFICATE_REQUEST_CONTEXT), 1, out)?;
        return extension::all(&mut walk, Hello::Server { is_retry: false }, form, out);
    }
    list(&mut walk, (names.CERT_TYPES_COUNT, names.CERT_TYPES, names.CERT_TYPE), (1, 1), out)?;
    if has_algorithm(form) {
        extension::signatures(&mut walk, form, out)?;
    }
    let run = walk.vector(names.DNAMES_LEN, 2, out)?;
    if run.is_empty() {
        return Some(());
    }
    run.open(names.DNAMES, 0, run.len(), out);
    let mut each = Walk::new(run);
    for _ in 0..MAX_AUTHORITIES {
        let Some(name) = each.vector(names.DNAME_LEN, 2, out) else { break };
        name.give(names.DNAME, 0, name.len(), out);
    }
    out.close();
    Some(())
}

/// RFC 6066 section 8: the OCSP response itself is not taken apart.
pub(super) fn certificate_status(body: &Run<'_>, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let mut walk = Walk::new(*body);
    walk.number(form.names.STATUS_REQUEST_TYPE, 1, out)?;
    walk.vector(form.names.OCSP_RESPONSE_LEN, 3, out)?;
    Some(())
}

/// RFC 5077 section 3.3, RFC 8446 section 4.6.1.
pub(super) fn ticket(body: &Run<'_>, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let names = form.names;
    let mut walk = Walk::new(*body);
    walk.number(names.SESSION_TICKET_LIFETIME_HINT, 4, out)?;
    if form.is_tls13() {
        walk.number(names.SESSION_TICKET_AGE_ADD, 4, out)?;
        walk.counted((names.SESSION_TICKET_NONCE_LENGTH, names.SESSION_TICKET_NONCE), 1, out)?;
    }
    walk.counted((names.SESSION_TICKET_LENGTH, names.SESSION_TICKET), 2, out)?;
    if form.is_tls13() && walk.left() > 0 {
        extension::all(&mut walk, Hello::Ticket, form, out)?;
    }
    Some(())
}

/// Signed certificate timestamps (RFC 6962 section 3.3).
pub(super) fn timestamps(walk: &mut Walk<'_>, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let names = form.names;
    let mut each = Walk::new(walk.vector(names.SCTS_LENGTH, 2, out)?);
    while each.left() > 0 {
        let mut one = Walk::new(each.vector(names.SCT_LENGTH, 2, out)?);
        one.number(names.SCT_VERSION, 1, out)?;
        one.bytes(names.SCT_LOGID, 32, out);
        let time = one.part(8);
        if let Some(millis) = time.bytes().first_chunk().copied().map(i64::from_be_bytes) {
            let nanos = u32::try_from(millis.rem_euclid(1000)).unwrap_or(0).saturating_mul(1_000_000);
            let at = Timestamp::from_parts(millis.div_euclid(1000), nanos);
            out.give(names.SCT_TIMESTAMP, Value::Time(at), time.range(0, 8));
        }
        one.vector(names.SCT_EXTENSIONS_LENGTH, 2, out)?;
        extension::signature(&mut one, form, out);
        one.counted((names.SCT_SIGNATURE_LENGTH, names.SCT_SIGNATURE), 2, out)?;
    }
    Some(())
}
