//! Fields of `tcp`.

use super::kinds::*;

protocol! { tcp "tcp" "Transmission Control Protocol";
    SRCPORT "tcp.srcport" U16, "Sender's port";
    DSTPORT "tcp.dstport" U16, "Receiver's port";
    STREAM "tcp.stream" U32, "Number of the conversation, from 0";
    LEN "tcp.len" U32, "Bytes of data in the segment";
    SEQ_RAW "tcp.seq_raw" U32, "Sequence number as sent";
    ACK_RAW "tcp.ack_raw" U32, "Acknowledgment number as sent";
    HDR_LEN "tcp.hdr_len" U8, "Header length in bytes";
    FLAGS "tcp.flags" X16, "All control bits";
    FLAGS_URG "tcp.flags.urg" Boolean, "The urgent pointer counts";
    FLAGS_ACK "tcp.flags.ack" Boolean, "The acknowledgment number counts";
    FLAGS_PUSH "tcp.flags.push" Boolean, "Give the data to the application at once";
    FLAGS_RESET "tcp.flags.reset" Boolean, "The connection is refused or broken off";
    FLAGS_SYN "tcp.flags.syn" Boolean, "Begins a connection";
    FLAGS_FIN "tcp.flags.fin" Boolean, "The sender has no more data";
    WINDOW_SIZE_VALUE "tcp.window_size_value" U16, "Window as sent, not scaled";
    CHECKSUM "tcp.checksum" X16, "Checksum as sent";
    URGENT_POINTER "tcp.urgent_pointer" U16, "Where urgent data ends";
    OPTIONS_MSS_VAL "tcp.options.mss_val" U16, "Largest segment the sender can take, in bytes";
    OPTIONS_WSCALE_SHIFT "tcp.options.wscale.shift" U8, "By how many bits the window is to be shifted";
    OPTIONS_TIMESTAMP_TSVAL "tcp.options.timestamp.tsval" U32, "Sender's timestamp";
    OPTIONS_TIMESTAMP_TSECR "tcp.options.timestamp.tsecr" U32, "Timestamp that is echoed";
}
