//! Fields of `imap`.

use super::kinds::*;

protocol! { imap "imap" "Internet Message Access Protocol";
    [hidden] IS_REQUEST "imap.isrequest" Boolean, "The client says this";
    LINE "imap.line" Text, "A line";
    REQUEST_TAG "imap.request_tag" Text, "Tag of a command";
    RESPONSE_TAG "imap.response_tag" Text, "Tag of a reply";
    [hidden] TAG "imap.tag" Text, "Tag of a line";
    REQUEST_COMMAND "imap.request.command" Text, "Command";
    RESPONSE_STATUS "imap.response.status" Text, "How the command went: OK, NO, BAD";
    RESPONSE_COMMAND "imap.response.command" Text, "The word behind the status";
    [hidden] COMMAND "imap.command" Text, "Command, or the word behind a status";
    REQUEST "imap.request" Text, "The line of a command";
    RESPONSE "imap.response" Text, "The line of a reply that has a tag";
    REQUEST_FOLDER "imap.request.folder" Text, "Mailbox that the command is about";
    REQUEST_UID "imap.request.command.uid" Boolean, "The command names messages by their unique identifier";
    REQUEST_USERNAME "imap.request.username" Text, "Name of the user";
    REQUEST_PASSWORD "imap.request.password" Text, "Password";
    RESPONSE_IN "imap.response_in" PacketNumber, "Packet with the answer to this command (known in a second pass)";
    RESPONSE_TO "imap.response_to" PacketNumber, "Packet with the command that is answered";
    TIME "imap.time" Span, "Time since that command";
}
