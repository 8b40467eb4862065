//! Fields of `udp`.

use super::kinds::*;
use crate::field::words::status::status;

protocol! { udp "udp" "User Datagram Protocol";
    SRCPORT "udp.srcport" U16, "Sender's port";
    DSTPORT "udp.dstport" U16, "Receiver's port";
    [hidden] PORT "udp.port" U16, "Sender's or receiver's port";
    LENGTH "udp.length" U16, "Length in bytes, header included";
    CHECKSUM "udp.checksum" X16, "Checksum as sent, 0 for none";
    CHECKSUM_STATUS "udp.checksum.status" U8, "Result of checking it", status;
    CHECKSUM_CALCULATED "udp.checksum_calculated" X16, "Checksum as it would be right";
    STREAM "udp.stream" U32, "Number of the conversation, from 0";
    TIME_RELATIVE "udp.time_relative" Span, "Time since the conversation's first packet";
    TIME_DELTA "udp.time_delta" Span, "Time since the conversation's packet before";
    PAYLOAD "udp.payload" Bytes, "What the datagram carries, as captured";
}
