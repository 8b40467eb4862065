//! Extensions of the hello messages, and of certificates and tickets in TLS 1.3.

use super::super::Emitter;
use super::super::run::Run;
use super::handshake::Form;
use super::parameters;
use super::walk::{Walk, list};
use crate::field::names::dtls;
use crate::proto::tls::extension as number;

/// Bytes before an extension's body: kind and length.
const HEADER: usize = 4;

/// Whose extensions they are: some have another form in each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hello {
    Client,
    Server { is_retry: bool },
    Certificate,
    Ticket,
}

/// The length of all extensions, and each of them.
pub(super) fn all(walk: &mut Walk<'_>, of: Hello, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let names = form.names;
    let mut rest = walk.vector(names.EXTENSIONS_LENGTH, 2, out)?;
    while let (Some(kind), Some(len)) = (rest.word(0), rest.word(2)) {
        rest.list(0, &[(names.EXTENSION_TYPE, 2), (names.EXTENSION_LEN, 2)], out);
        let body = rest.part(HEADER, usize::from(len));
        // Of one that is too short, what is there is told.
        let _ = one(kind, &body, of, form, out);
        rest = rest.from(HEADER.saturating_add(body.len()));
    }
    Some(())
}

fn one(kind: u16, body: &Run<'_>, of: Hello, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let names = form.names;
    let mut walk = Walk::new(*body);
    let walk = &mut walk;
    match kind {
        number::SERVER_NAME if !body.is_empty() => server_names(walk, form, out)?,
        number::SERVER_NAME | number::SIGNED_CERTIFICATE_TIMESTAMP if body.is_empty() => {}
        number::MAX_FRAGMENT_LENGTH => walk.bytes(names.MAX_FRAGMENT_LENGTH, 1, out),
        number::STATUS_REQUEST => status_request(walk, of, form, out)?,
        number::STATUS_REQUEST_V2 => {
            let mut each = Walk::new(walk.vector(names.STATUS_REQUEST_LIST_LEN, 2, out)?);
            while each.left() > 0 {
                each.number(names.STATUS_REQUEST_TYPE, 1, out)?;
                let mut request = Walk::new(each.vector(names.STATUS_REQUEST_LEN, 2, out)?);
                responders(&mut request, form, out)?;
            }
        }
        number::SUPPORTED_GROUPS => list(
            walk,
            (names.SUPPORTED_GROUPS_LENGTH, names.SUPPORTED_GROUPS, names.SUPPORTED_GROUP),
            (2, 2),
            out,
        )?,
        number::EC_POINT_FORMATS => list(
            walk,
            (names.EC_POINT_FORMATS_LENGTH, names.EC_POINT_FORMATS, names.EC_POINT_FORMAT),
            (1, 1),
            out,
        )?,
        number::SRP => {
            let len = walk.number(names.SRP_LEN, 1, out)?;
            walk.text(names.SRP_USERNAME, usize::try_from(len).ok()?, out);
        }
        number::SIGNATURE_ALGORITHMS | number::SIGNATURE_ALGORITHMS_CERT => signatures(walk, form, out)?,
        number::USE_SRTP if form.datagrams => {
            let mut profiles = Walk::new(walk.vector(dtls::USE_SRTP_PROFILES_LENGTH, 2, out)?);
            profiles.numbers(dtls::USE_SRTP_PROFILE, 2, out);
            walk.counted((dtls::USE_SRTP_MKI_LENGTH, dtls::USE_SRTP_MKI), 1, out)?;
        }
        number::HEARTBEAT => walk.bytes(names.HEARTBEAT_MODE, 1, out),
        number::ALPN => {
            let run = walk.vector(names.ALPN_LEN, 2, out)?;
            run.open(names.ALPN_LIST, 0, run.len(), out);
            let _ = strings(&mut Walk::new(run), (names.ALPN_STR_LEN, names.ALPN_STR), out);
            out.close();
        }
        number::NEXT_PROTOCOL => strings(walk, (names.NPN_STR_LEN, names.NPN), out)?,
        number::APPLICATION_SETTINGS if of == Hello::Client => {
            let run = walk.vector(names.ALPS_LEN, 2, out)?;
            run.open(names.ALPS_ALPN_LIST, 0, run.len(), out);
            let _ = strings(&mut Walk::new(run), (names.ALPS_ALPN_STR_LEN, names.ALPS_ALPN_STR), out);
            out.close();
        }
        number::SIGNED_CERTIFICATE_TIMESTAMP => super::exchange::timestamps(walk, form, out)?,
        number::PADDING => walk.bytes(names.PADDING_DATA, usize::MAX, out),
        // EncryptThenMac and ExtendedMasterSecret say all by being there.
        22 | 23 => {}
        number::COMPRESS_CERTIFICATE => {
            let run = walk.vector(names.COMPRESS_CERTIFICATE_ALGORITHMS_LENGTH, 1, out)?;
            Walk::new(run).numbers(names.COMPRESS_CERTIFICATE_ALGORITHM, 2, out);
        }
        number::RECORD_SIZE_LIMIT => walk.bytes(names.RECORD_SIZE_LIMIT, 2, out),
        number::RENEGOTIATION_INFO => walk.counted((names.RENEG_INFO_LEN, names.RENEG_INFO), 1, out)?,
        _ => of_tls13(kind, walk, of, form, out)?,
    }
    Some(())
}

/// Extensions that came with TLS 1.3, and those that nobody knows.
fn of_tls13(kind: u16, walk: &mut Walk<'_>, of: Hello, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let names = form.names;
    match kind {
        number::PRE_SHARED_KEY if of == Hello::Client => {
            let mut keys = Walk::new(walk.vector(names.PSK_IDENTITIES_LENGTH, 2, out)?);
            while keys.left() > 0 {
                keys.counted((names.PSK_IDENTITY_LENGTH, names.PSK_IDENTITY), 2, out)?;
                keys.number(names.PSK_OBFUSCATED_TICKET_AGE, 4, out)?;
            }
            let binders = walk.vector(names.PSK_BINDERS_LEN, 2, out)?;
            binders.give(names.PSK_BINDERS, 0, binders.len(), out);
        }
        number::PRE_SHARED_KEY => walk.bytes(names.PSK_IDENTITY_SELECTED, 2, out),
        number::EARLY_DATA if of == Hello::Ticket => walk.bytes(names.MAX_EARLY_DATA_SIZE, 4, out),
        number::EARLY_DATA => {}
        number::SUPPORTED_VERSIONS if of == Hello::Client => {
            let run = walk.vector(names.SUPPORTED_VERSIONS_LEN, 1, out)?;
            Walk::new(run).numbers(names.SUPPORTED_VERSION, 2, out);
        }
        number::SUPPORTED_VERSIONS => walk.bytes(names.SUPPORTED_VERSION, 2, out),
        number::COOKIE => walk.counted((names.HELLO_COOKIE_LEN, names.HELLO_COOKIE), 2, out)?,
        number::PSK_KEY_EXCHANGE_MODES => {
            let run = walk.vector(names.PSK_KE_MODES_LENGTH, 1, out)?;
            Walk::new(run).numbers(names.PSK_KE_MODE, 1, out);
        }
        number::KEY_SHARE | number::KEY_SHARE_DRAFT => key_share(walk, of, form, out)?,
        number::QUIC_TRANSPORT_PARAMETERS | number::QUIC_TRANSPORT_PARAMETERS_DRAFT => {
            parameters::all(walk, form, out)?;
        }
        _ => walk.bytes(names.EXTENSION_DATA, usize::MAX, out),
    }
    Some(())
}

fn server_names(walk: &mut Walk<'_>, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let names = form.names;
    let mut each = Walk::new(walk.vector(names.SERVER_NAME_LIST_LEN, 2, out)?);
    while each.left() > 0 {
        each.number(names.SERVER_NAME_TYPE, 1, out)?;
        let len = each.number(names.SERVER_NAME_LEN, 2, out)?;
        each.text(names.SERVER_NAME, usize::try_from(len).ok()?, out);
    }
    Some(())
}

/// RFC 6066 section 8: of a client what it wants, of a certificate the answer.
fn status_request(walk: &mut Walk<'_>, of: Hello, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    if walk.left() == 0 {
        return Some(());
    }
    walk.number(form.names.STATUS_REQUEST_TYPE, 1, out)?;
    if of == Hello::Certificate {
        walk.vector(form.names.OCSP_RESPONSE_LEN, 3, out)?;
        return Some(());
    }
    responders(walk, form, out)
}

fn responders(walk: &mut Walk<'_>, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    walk.vector(form.names.STATUS_REQUEST_RESPONDER_IDS_LEN, 2, out)?;
    walk.vector(form.names.STATUS_REQUEST_EXTS_LEN, 2, out)?;
    Some(())
}

/// Names with a byte of length before each.
fn strings(
    walk: &mut Walk<'_>,
    ids: (crate::field::FieldId, crate::field::FieldId),
    out: &mut Emitter<'_>,
) -> Option<()> {
    while walk.left() > 0 {
        let len = walk.number(ids.0, 1, out)?;
        walk.text(ids.1, usize::try_from(len).ok()?, out);
    }
    Some(())
}

/// A list of signature algorithms, each of which is also told by its two bytes.
pub(super) fn signatures(walk: &mut Walk<'_>, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let names = form.names;
    let run = walk.vector(names.SIG_HASH_ALG_LEN, 2, out)?;
    run.open(names.SIG_HASH_ALGS, 0, run.len(), out);
    let mut each = Walk::new(run);
    while each.left() >= 2 {
        signature(&mut each, form, out);
    }
    out.close();
    Some(())
}

pub(super) fn signature(walk: &mut Walk<'_>, form: Form, out: &mut Emitter<'_>) {
    let names = form.names;
    let part = walk.part(2);
    if part.len() == 2 {
        part.open(names.SIG_HASH_ALG, 0, 2, out);
        part.list(0, &[(names.SIG_HASH_HASH, 1), (names.SIG_HASH_SIG, 1)], out);
        out.close();
    }
}

fn key_share(walk: &mut Walk<'_>, of: Hello, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let names = form.names;
    match of {
        Hello::Server { is_retry: true } => {
            walk.number(names.KEY_SHARE_SELECTED_GROUP, 2, out)?;
        }
        Hello::Client => {
            let mut each = Walk::new(walk.vector(names.KEY_SHARE_CLIENT_LENGTH, 2, out)?);
            while each.left() > 0 {
                share(&mut each, form, out)?;
            }
        }
        _ => share(walk, form, out)?,
    }
    Some(())
}

fn share(walk: &mut Walk<'_>, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let names = form.names;
    walk.number(names.KEY_SHARE_GROUP, 2, out)?;
    walk.counted((names.KEY_SHARE_KEY_EXCHANGE_LENGTH, names.KEY_SHARE_KEY_EXCHANGE), 2, out)
}
