//! Fields of `wirelab.lab`: messages of the bundled labs, which Wireshark takes for data. What a flow speaks may be sure
//! with its first answer only: then the messages before have no fields.

use super::kinds::*;

protocol! { wirelab_lab "wirelab.lab" "A message of one of the bundled labs";
    NAME "wirelab.lab.protocol" Text, "Which lab: `calculator`, `udp-ping` …";
    ROLE "wirelab.lab.role" Text, "Who says it: `client` or `server`";
    KIND "wirelab.lab.kind" Text, "What it is: `name`, `sum`, `result`, `ping` …";
    MESSAGE "wirelab.lab.message" Text, "What is said, without line ends behind it";
    RUNS_ON "wirelab.lab.runs_on" Boolean, "Another message follows in the same segment";
    RESPONSE_TO "wirelab.lab.response_to" PacketNumber, "The packet with the question that this answers";
    RESPONSE_IN "wirelab.lab.response_in" PacketNumber, "The packet with the answer to this question (known in a second pass)";
    AGAIN "wirelab.lab.again" PacketNumber, "The packet with the same datagram: this is a copy of it, or (known in a second pass) a wrong answer";
    TIME "wirelab.lab.time" Span, "Time since that question";
    FAULT "wirelab.lab.fault" Text, "What is wrong with it: what would be right, or why it cannot be";
    USER "wirelab.lab.calculator.user" Text, "The client's name";
    EXPRESSION "wirelab.lab.calculator.expression" Text, "A sum, as it stands there";
    RESULT "wirelab.lab.calculator.result" Text, "The answer that was given";
    EXPECTED "wirelab.lab.calculator.expected" Text, "The right answer, as Python prints it";
    CORRECT "wirelab.lab.calculator.correct" Boolean, "Whether the answer is right";
    CAPITALS_CORRECT "wirelab.lab.uppercase.correct" Boolean, "Whether the answer is the sentence in capitals";
    CHAT_USER "wirelab.lab.chat.user" Text, "Who joined, left, or said it";
    CHAT_TEXT "wirelab.lab.chat.text" Text, "What was said in the room";
    PING_NUMBER "wirelab.lab.ping.number" U64, "The number that the ping or its acknowledgement bears";
    PING_ORDER "wirelab.lab.ping.order" U64, "Which of the client's pings it is, from 1 on";
    PING_PAIRED_BY "wirelab.lab.ping.paired_by" Text,
        "How it is known which ping is acknowledged: `number`, `only` one waits, `delay`; or `ambiguous`, `none`";
    PING_CANDIDATES "wirelab.lab.ping.candidates" U32, "How many pings it may be for, where that cannot be told";
    PING_RTT "wirelab.lab.ping.rtt" Span, "Time since the ping, where it is known which";
    PING_RTT_MIN "wirelab.lab.ping.rtt_min" Span, "Time since the last ping that it may be for, where that cannot be told";
    PING_RTT_MAX "wirelab.lab.ping.rtt_max" Span, "Time since the first ping that it may be for, likewise";
    BUFFER_SIZE "wirelab.lab.ping.buffer_size" U64, "The size that the server's buffer is set to";
    FILE_OFFSET "wirelab.lab.file.offset" U64, "Bytes of the file before these";
    FILE_LENGTH "wirelab.lab.file.length" U64, "Bytes of the file that the capture has, told where it ends";
    FILE_MISSING "wirelab.lab.file.missing" U64, "Bytes of the file that the capture lacks";
    FILE_SHA256 "wirelab.lab.file.sha256" Bytes, "SHA-256 of the file, where none of its bytes is missing";
    RELAY_TARGET_IP "wirelab.lab.relay.target_ip" Text, "Where something is to be passed on to";
    RELAY_TARGET_PORT "wirelab.lab.relay.target_port" U16, "The target's port";
    RELAY_SENDER_IP "wirelab.lab.relay.sender_ip" Text, "Whose it is that was passed on; the address that was asked for";
    RELAY_SENDER_PORT "wirelab.lab.relay.sender_port" U16, "The sender's port";
    RELAY_CONTENT "wirelab.lab.relay.content" Text, "What is passed on";
    RELAY_STATUS "wirelab.lab.relay.status" U16, "What became of a request: 200, or 400 to 405";
    DATE "wirelab.lab.datetime.date" Text, "The date told, as YYYY-MM-DD in this century";
    CLOCK "wirelab.lab.datetime.time" Text, "The time of day told, as HH:MM:SS";
}
