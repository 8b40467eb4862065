//! Fields of `x509if`.

use super::kinds::*;

protocol! { x509if "x509if" "X.509 Information Framework";
    RDN_SEQUENCE "x509if.rdnSequence" U32, "Number of parts of the issuer's name";
    RDN_SEQUENCE_ITEM "x509if.RDNSequence_item" U32, "A part of a name";
    ATTRIBUTE "x509if.RelativeDistinguishedName_item_element" Mark, "Kind and value of that part";
    OID "x509if.oid" Text, "Kind of that part";
}
