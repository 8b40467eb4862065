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
