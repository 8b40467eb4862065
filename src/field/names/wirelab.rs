//! Fields of `wirelab`: what this program knows of a packet beyond its headers. They come last in a packet. A field
//! that tells of something special is there only where it is so: `wirelab.repeat` alone is a filter.

use super::kinds::*;

protocol! { wirelab "wirelab" "What wirelab knows of the packet";
    FLOW "wirelab.flow" Text, "The conversation, as `tcp:0`";
    ROLE "wirelab.role" Text, "Who sent the packet: `orig`, who began the conversation, or `resp`, who answers";
    DIRECTION "wirelab.direction" Text, "Which way the packet goes: `to-resp` or `to-orig`";
    STARTS_FLOW "wirelab.starts_flow" Boolean, "First packet of its conversation";
    HANDSHAKE_STEP "wirelab.handshake.step" U8, "Step of the TCP handshake: 1 SYN, 2 SYN-ACK, 3 ACK";
    HANDSHAKE_RETRY "wirelab.handshake.retry" Boolean, "A SYN or SYN-ACK that was sent before";
    PORT_REUSED "wirelab.port_reused" Boolean, "Begins a new connection between ports that had one before";
    REPEAT "wirelab.repeat" Text, "Sent before: `whole`, or `partly` with new bytes behind";
    MISSING_BEFORE "wirelab.missing_before" U32, "Bytes of the sender that the capture lacks just before this segment";
    KEEP_ALIVE "wirelab.keep_alive" Boolean, "A probe whether the other side is still there";
    REFUSES "wirelab.refuses" Boolean, "A reset that answers the SYN: the connection is refused";
    AFTER_CLOSE "wirelab.after_close" Boolean, "Data after the sender's own end, or after a reset";
    TCP_MID_STREAM "wirelab.tcp.mid_stream" Boolean, "First packet of a connection whose beginning is not in the capture";
    TCP_JUDGEMENT "wirelab.tcp.judgement" Text,
        "What a segment is that is not simply the next: `fast retransmission`, `reordered`, `captured twice` …";
    TCP_JUDGEMENT_SURE "wirelab.tcp.judgement.sure" Text, "How sure that is: `certain`, `likely` or `possible`";
    TCP_JUDGEMENT_REASON "wirelab.tcp.judgement.reason" Text, "What it rests on";
    TCP_ORIGINAL "wirelab.tcp.original" PacketNumber, "The packet that first held its first byte";
    TCP_SINCE_ORIGINAL "wirelab.tcp.original.time" Span, "Time since that packet";
    TCP_ASKED_FIRST "wirelab.tcp.evidence.asked_first" PacketNumber, "The first duplicate or selective ACK that asked for it";
    TCP_ASKED_LAST "wirelab.tcp.evidence.asked_last" PacketNumber, "The last duplicate or selective ACK that asked for it";
    TCP_DUPLICATES "wirelab.tcp.evidence.duplicates" U32, "How many duplicate ACKs asked for it";
    TCP_ACKNOWLEDGED "wirelab.tcp.evidence.acknowledged_by" PacketNumber, "The acknowledgment before it that covers it";
    TCP_OVERTAKEN "wirelab.tcp.evidence.overtaken_by" PacketNumber, "The first packet before it that holds later bytes";
    TCP_TSVAL_BEFORE "wirelab.tcp.evidence.tsval_before" U32, "The timestamp that its own is compared with";
    TCP_TSVAL "wirelab.tcp.evidence.tsval" U32, "Its own timestamp";
    TCP_TELLS_TWICE "wirelab.tcp.received_twice" PacketNumber,
        "The packet sent again that this acknowledgment tells to have arrived twice";
    TCP_STATE_ORIG "wirelab.tcp.state.orig" Text, "State of the originator after it (RFC 9293), as far as it is shown";
    TCP_STATE_RESP "wirelab.tcp.state.resp" Text, "State of the responder after it (RFC 9293), as far as it is shown";
    PAYLOAD_READABLE "wirelab.payload.readable" Boolean, "Whether what the transport carries is text, or mostly so";
    PAYLOAD_TEXT "wirelab.payload.text" Text, "What the transport carries, up to the first byte that is no text";
    PAYLOAD_PROTOCOL "wirelab.payload.protocol" Text, "Application protocol whose form the payload has, whatever the port";
    CHECKSUM "wirelab.checksum" Text,
        "All checksums together: `good`, `bad` where one is wrong, `unknown` where none can be verified";
    CHECKSUM_BAD "wirelab.checksum.bad" Text, "Protocol whose checksum is wrong";
    STOP "wirelab.stop" Text,
        "Why decoding ended early: `snapped` by the capture, `short` as sent, `length field`, `malformed`, `fragment`, `too deep`";
    STOP_LAYER "wirelab.stop.layer" Text, "The protocol at which decoding ended";
    STOP_DETAIL "wirelab.stop.detail" Text, "What contradicts itself there";
}
