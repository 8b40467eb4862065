//! Fields of `smtp`.

use super::kinds::*;

protocol! { smtp "smtp" "Simple Mail Transfer Protocol";
    [hidden] REQ "smtp.req" Boolean, "The client says this";
    [hidden] RSP "smtp.rsp" Boolean, "The server says this";
    COMMAND_LINE "smtp.command_line" Text, "A line of the client";
    REQ_COMMAND "smtp.req.command" Text, "Command, its first four letters";
    REQ_PARAMETER "smtp.req.parameter" Text, "What stands behind the command";
    RESPONSE "smtp.response" Text, "The first line of a reply";
    RESPONSE_CODE "smtp.response.code" U32, "Code of a reply";
    RSP_PARAMETER "smtp.rsp.parameter" Text, "Text of a line of a reply";
    AUTH_USERNAME "smtp.auth.username" Text, "Name of the user, as sent (Base64)";
    AUTH_PASSWORD "smtp.auth.password" Text, "Password, as sent (Base64)";
    AUTH_BOTH "smtp.auth.username_password" Text, "Name and password, as sent (Base64)";
    EOM "smtp.eom" Mark, "The line that ends a mail";
    FRAGMENTS "smtp.data.fragments" Mark, "The parts of the mail that ends here";
    FRAGMENT "smtp.data.fragment" PacketNumber, "Packet with a part of the mail";
    FRAGMENT_COUNT "smtp.data.fragment.count" U32, "Number of parts";
    REASSEMBLED_LENGTH "smtp.data.reassembled.length" U32, "Bytes of the whole mail, as sent";
}
