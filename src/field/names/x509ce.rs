//! Fields of `x509ce`.

use super::kinds::*;

protocol! { x509ce "x509ce" "X.509 Certificate Extensions";
    KEY_IDENTIFIER "x509ce.keyIdentifier" Bytes, "Which of the issuer's keys signed";
    SUBJECT_KEY_IDENTIFIER "x509ce.SubjectKeyIdentifier" Bytes, "Name of the subject's key";
    KEY_USAGE "x509ce.KeyUsage" Bytes, "What the key is for, bit by bit";
    BASIC_CONSTRAINTS "x509ce.BasicConstraintsSyntax_element" Mark, "Whether the subject may sign others";
    CA "x509ce.cA" Boolean, "The subject may sign others";
    PATH_LEN_CONSTRAINT "x509ce.pathLenConstraint" U64, "How many may stand between it and the last";
    KEY_PURPOSE_IDS "x509ce.KeyPurposeIDs" U32, "How many purposes the key has";
    KEY_PURPOSE_ID "x509ce.KeyPurposeId" Text, "A purpose of the key";
    GENERAL_NAMES "x509ce.GeneralNames" U32, "How many other names the subject has";
    GENERAL_NAME "x509ce.GeneralName" U32, "Kind of the name";
    RFC822_NAME "x509ce.rfc822Name" Text, "A mail address";
    DNS_NAME "x509ce.dNSName" Text, "A host";
    URI "x509ce.uniformResourceIdentifier" Text, "An address of the web";
    IP_ADDRESS "x509ce.iPAddress" Bytes, "An IP address";
}
