//! Fields of `sctp`.

use super::kinds::*;

protocol! { sctp "sctp" "Stream Control Transmission Protocol";
    SRCPORT "sctp.srcport" U16, "Port of the sender";
    DSTPORT "sctp.dstport" U16, "Port of the receiver";
    VERIFICATION_TAG "sctp.verification_tag" X32, "Tag that the receiver chose for the association";
    PORT "sctp.port" U16, "Port of either";
    CHECKSUM "sctp.checksum" X32, "Checksum as sent";
}
