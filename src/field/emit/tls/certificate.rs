//! Certificate messages.

use super::super::Emitter;
use super::super::run::Run;
use super::super::x509;
use super::extension::{self, Hello};
use super::handshake::Form;
use super::walk::Walk;
use crate::proto::tls::MAX_CERTIFICATES;

/// Whether anything inside a certificate is wanted.
pub(super) fn is_wanted(out: &Emitter<'_>) -> bool {
    x509::is_wanted(out)
}

/// RFC 5246 section 7.4.2, RFC 8446 section 4.4.2.
pub(super) fn certificates(body: &Run<'_>, form: Form, out: &mut Emitter<'_>) -> Option<()> {
    let names = form.names;
    let mut walk = Walk::new(*body);
    if form.is_tls13() {
        walk.counted((names.CERTIFICATE_REQUEST_CONTEXT_LENGTH, names.CERTIFICATE_REQUEST_CONTEXT), 1, out)?;
    }
    let all = walk.vector(names.CERTIFICATES_LENGTH, 3, out)?;
    if all.is_empty() {
        return Some(());
    }
    all.open(names.CERTIFICATES, 0, all.len(), out);
    let mut each = Walk::new(all);
    for _ in 0..MAX_CERTIFICATES {
        let Some(certificate) = each.vector(names.CERTIFICATE_LENGTH, 3, out) else { break };
        certificate.open(names.CERTIFICATE, 0, certificate.len(), out);
        x509::emit(&certificate, out);
        out.close();
        if form.is_tls13() && extension::all(&mut each, Hello::Certificate, form, out).is_none() {
            break;
        }
    }
    out.close();
    Some(())
}
