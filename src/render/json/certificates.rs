//! What is wrong with the certificates of a flow, as `explain --json` has it.

use serde::Serialize;

use crate::proto::Protocol;
use crate::render::explain::certificate_words;
use crate::report::Told;
use crate::report::tls::{CertificateFault, CertificateFinding, TlsStory};
use crate::source::PacketNumber;

/// A finding.
#[derive(Debug, Serialize)]
pub(super) struct CertificateJson {
    /// `expired`, `not_yet_valid`, `other_name`, `self_signed`, `out_of_order`.
    fault: &'static str,
    /// `client` or `server`: who sent it.
    sent_by: &'static str,
    /// Which of those sent, from 1; the first is its sender's own.
    place: usize,
    subject: String,
    /// The first and the last packet of the turn that it came in.
    packets: [PacketNumber; 2],
    /// In words.
    says: String,
}

impl CertificateJson {
    /// Those of a flow whose conversation was kept.
    pub(super) fn of(told: &Told<'_>) -> Vec<Self> {
        let talk = told.flow.conversation.as_ref().filter(|_| told.spoken == Some(Protocol::Tls));
        let story = talk.map(|talk| TlsStory::of(talk)).unwrap_or_default();
        story.findings.iter().map(Self::new).collect()
    }

    fn new(finding: &CertificateFinding) -> Self {
        Self {
            fault: match finding.fault {
                CertificateFault::Expired(_) => "expired",
                CertificateFault::NotYetValid(_) => "not_yet_valid",
                CertificateFault::OtherName(_) => "other_name",
                CertificateFault::SelfSigned => "self_signed",
                CertificateFault::OutOfOrder => "out_of_order",
            },
            sent_by: if finding.of_client { "client" } else { "server" },
            place: finding.place,
            subject: finding.subject.clone(),
            packets: [finding.packets.0, finding.packets.1],
            says: certificate_words(finding),
        }
    }
}
