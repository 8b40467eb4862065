//! Certificates (RFC 5280): what people ask of one.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name};

use super::reader::Reader;
use crate::time::Timestamp;

/// Longest certificate that is read: real ones have some kilobytes, those with hundreds of names some tens.
pub const MAX_CERTIFICATE: usize = 128 << 10;

/// Most names taken from one certificate; the largest in use have some hundreds.
pub const MAX_NAMES: usize = 2000;

/// Most certificates of one message; chains have four, and a client's bundle a few more.
pub const MAX_CERTIFICATES: usize = 64;

/// What a certificate says, in words that people use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// 1 to 3.
    pub version: u32,
    /// Whose it is: `CN=example.org, O=Example`. Text from the wire.
    pub subject: String,
    /// Who signed it, likewise.
    pub issuer: String,
    /// The issuer's number for it, in hexadecimal.
    pub serial: String,
    /// When it begins to be valid.
    pub not_before: Timestamp,
    /// When it ends to be valid.
    pub not_after: Timestamp,
    /// Hosts and addresses that it is for (`subjectAltName`). Text from the wire.
    pub names: Vec<String>,
    /// How it was signed: `sha256WithRSAEncryption`; the number of the algorithm where it has no name here.
    pub signature_algorithm: String,
    /// The kind of the subject's key: `rsaEncryption`, `id-ecPublicKey prime256v1`.
    pub key_algorithm: String,
    /// Length of that key in bits, where it is known.
    pub key_bits: Option<usize>,
    /// Its subject may sign others.
    pub is_ca: bool,
    /// Subject and issuer are the same.
    pub is_self_issued: bool,
}

impl CertificateFacts {
    /// Reads a certificate; `None` where it is none, or longer than [`MAX_CERTIFICATE`].
    #[must_use]
    pub fn read(der: &[u8]) -> Option<Self> {
        if der.len() > MAX_CERTIFICATE {
            return None;
        }
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let validity = certificate.validity();
        let (key_algorithm, key_bits) = key(certificate.public_key());
        Some(Self {
            version: certificate.version().0.saturating_add(1),
            subject: name(certificate.subject()),
            issuer: name(certificate.issuer()),
            serial: hexadecimal(certificate.raw_serial()),
            not_before: Timestamp::from_parts(validity.not_before.timestamp(), 0),
            not_after: Timestamp::from_parts(validity.not_after.timestamp(), 0),
            names: alternative_names(&certificate),
            signature_algorithm: algorithm(&certificate.signature_algorithm.algorithm),
            key_algorithm,
            key_bits,
            is_ca: certificate.is_ca(),
            is_self_issued: certificate.subject().as_raw() == certificate.issuer().as_raw(),
        })
    }
}

/// The certificates in the body of a Certificate message, the sender's own first, at most [`MAX_CERTIFICATES`].
/// `tls13`: in the form of that version, which is seen only where it was decrypted.
pub fn certificates(body: &[u8], tls13: bool) -> impl Iterator<Item = &[u8]> {
    let mut reader = Reader::new(body);
    if tls13 {
        reader.vector(1);
    }
    let mut list = Reader::new(reader.vector(3).unwrap_or(&[]));
    std::iter::from_fn(move || {
        let certificate = list.vector(3)?;
        if tls13 {
            list.vector(2)?;
        }
        Some(certificate)
    })
    .take(MAX_CERTIFICATES)
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A distinguished name, the most particular part first, as RFC 4514 has it.
fn name(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_attributes()
        .map(|part| {
            let value = String::from_utf8_lossy(part.as_slice());
            format!("{}={value}", attribute(part.attr_type()))
        })
        .collect();
    parts.reverse();
    parts.join(", ")
}

/// RFC 4514 section 3, and what else names have.
fn attribute(oid: &Oid<'_>) -> String {
    let number = oid.to_id_string();
    match number.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.17" => "postalCode",
        "1.2.840.113549.1.9.1" => "emailAddress",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        _ => return number,
    }
    .to_owned()
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            Some((*text).to_owned())
        }
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from))
                .ok()
                .map(|addr| addr.to_string())
        }
        _ => None,
    };
    extension.value.general_names.iter().filter_map(text).take(MAX_NAMES).collect()
}

fn key(info: &SubjectPublicKeyInfo<'_>) -> (String, Option<usize>) {
    let kind = algorithm(&info.algorithm.algorithm);
    let curve = info.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
    // The parameter of a key of RSA is no curve, but nothing (RFC 3279 section 2.3.1).
    let curve = curve.filter(|curve| !curve.as_bytes().is_empty());
    let bits = match info.parsed() {
        Ok(PublicKey::RSA(key)) => Some(bits_of(key.modulus)),
        Ok(PublicKey::EC(_)) => curve.as_ref().and_then(curve_bits),
        _ => None,
    };
    match curve {
        Some(curve) => (format!("{kind} {}", algorithm(&curve)), bits),
        None => (kind, bits),
    }
}

/// Bits of a big-endian number, zeros before it not counted.
fn bits_of(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let first = number.get(zeros).map_or(0, |byte| byte.leading_zeros());
    let bits = number.len().saturating_sub(zeros).saturating_mul(8);
    bits.saturating_sub(usize::try_from(first).unwrap_or(0))
}

fn curve_bits(curve: &Oid<'_>) -> Option<usize> {
    Some(match curve.to_id_string().as_str() {
        "1.2.840.10045.3.1.1" => 192,
        "1.3.132.0.33" => 224,
        "1.2.840.10045.3.1.7" | "1.3.132.0.10" => 256,
        "1.3.132.0.34" => 384,
        "1.3.132.0.35" => 521,
        _ => return None,
    })
}

/// Names of the algorithms in use (RFC 3279, 4055, 5480, 5758, 8410).
fn algorithm(oid: &Oid<'_>) -> String {
    let number = oid.to_id_string();
    match number.as_str() {
        "1.2.840.113549.1.1.1" => "rsaEncryption",
        "1.2.840.113549.1.1.2" => "md2WithRSAEncryption",
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "RSASSA-PSS",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10040.4.1" => "id-dsa",
        "1.2.840.10040.4.3" => "id-dsa-with-sha1",
        "1.2.840.10045.2.1" => "id-ecPublicKey",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.2.840.10045.3.1.1" => "prime192v1",
        "1.2.840.10045.3.1.7" => "prime256v1",
        "1.3.132.0.10" => "secp256k1",
        "1.3.132.0.33" => "secp224r1",
        "1.3.132.0.34" => "secp384r1",
        "1.3.132.0.35" => "secp521r1",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        _ => return number,
    }
    .to_owned()
}
