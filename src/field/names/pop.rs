//! Fields of `pop`.

use super::kinds::*;

protocol! { pop "pop" "Post Office Protocol";
    REQUEST "pop.request" Text, "The first line of the client; always empty, as in Wireshark";
    REQUEST_COMMAND "pop.request.command" Text, "Command";
    REQUEST_PARAMETER "pop.request.parameter" Text, "What stands behind the command";
    REQUEST_DATA "pop.request.data" Text, "A further line of the client";
    RESPONSE "pop.response" Text, "The first line of the server; always empty, as in Wireshark";
    RESPONSE_INDICATOR "pop.response.indicator" Text, "Whether it worked: +OK or -ERR";
    RESPONSE_DESCRIPTION "pop.response.description" Text, "Text of a reply";
    RESPONSE_DATA "pop.response.data" Text, "A further line of the server";
    FRAGMENTS "pop.data.fragments" Mark, "The parts of the mail that ends here";
    FRAGMENT "pop.data.fragment" PacketNumber, "Packet with a part of the mail";
    FRAGMENT_COUNT "pop.data.fragment.count" U32, "Number of parts";
    REASSEMBLED_LENGTH "pop.data.reassembled.length" U32, "Bytes of the whole mail, as sent";
}
