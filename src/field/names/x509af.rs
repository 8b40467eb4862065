//! Fields of `x509af`.

use super::kinds::*;

protocol! { x509af "x509af" "X.509 Authentication Framework";
    SIGNED_CERTIFICATE "x509af.signedCertificate_element" Mark, "What the certificate says";
    VERSION "x509af.version" I32, "Version, less one";
    SERIAL_NUMBER "x509af.serialNumber" Bytes, "The issuer's number for the certificate";
    SIGNATURE "x509af.signature_element" Mark, "How it is signed";
    ALGORITHM_IDENTIFIER "x509af.algorithmIdentifier_element" Mark, "How it is signed, said again outside";
    ALGORITHM "x509af.algorithm_element" Mark, "Kind of the key";
    ALGORITHM_ID "x509af.algorithm.id" Text, "An algorithm";
    ISSUER "x509af.issuer" U32, "Who signed it";
    VALIDITY "x509af.validity_element" Mark, "When it is valid";
    NOT_BEFORE "x509af.notBefore" U32, "Beginning of that; 0 where it is told as UTCTime";
    NOT_AFTER "x509af.notAfter" U32, "End of that; 0 where it is told as UTCTime";
    UTC_TIME "x509af.utcTime" Text, "A time, its year in two digits";
    GENERALIZED_TIME "x509af.generalizedTime" Time(Clock::Date), "A time, its year in four digits";
    SUBJECT "x509af.subject" U32, "Whose certificate it is";
    RDN_SEQUENCE "x509af.rdnSequence" U32, "Number of parts of the subject's name";
    SUBJECT_PUBLIC_KEY_INFO "x509af.subjectPublicKeyInfo_element" Mark, "The subject's key";
    SUBJECT_PUBLIC_KEY "x509af.subjectPublicKey" Bytes, "Bytes of the subject's key";
    EXTENSIONS "x509af.extensions" U32, "Number of extensions";
    EXTENSION "x509af.Extension_element" Mark, "An extension";
    EXTENSION_ID "x509af.extension.id" Text, "What extension it is";
    CRITICAL "x509af.critical" Boolean, "Who does not know the extension must not accept the certificate";
    ENCRYPTED "x509af.encrypted" Bytes, "The signature";
}
