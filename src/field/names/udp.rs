//! Fields of `udp`.

use super::kinds::*;

protocol! { udp "udp" "User Datagram Protocol";
    SRCPORT "udp.srcport" U16, "Sender's port";
    DSTPORT "udp.dstport" U16, "Receiver's port";
    LENGTH "udp.length" U16, "Length in bytes, header included";
    CHECKSUM "udp.checksum" X16, "Checksum as sent, 0 for none";
    STREAM "udp.stream" U32, "Number of the conversation, from 0";
}
