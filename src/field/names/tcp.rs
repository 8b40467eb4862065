//! Fields of `tcp`. Its options stand here too, as they do in Wireshark; those of `mptcp` itself in their own file.

use super::kinds::*;

protocol! { tcp "tcp" "Transmission Control Protocol";
    SRCPORT "tcp.srcport" U16, "Sender's port";
    DSTPORT "tcp.dstport" U16, "Receiver's port";
    [hidden] PORT "tcp.port" U16, "Sender's or receiver's port";
    STREAM "tcp.stream" U32, "Number of the conversation, from 0";
    COMPLETENESS "tcp.completeness" U8,
        "Parts of the conversation captured so far: 1 SYN, 2 SYN-ACK, 4 ACK, 8 data, 16 FIN, 32 RST";
    LEN "tcp.len" U32, "Bytes of data in the segment";
    SEQ "tcp.seq" U32, "Sequence number, counted from the beginning of the connection";
    SEQ_RAW "tcp.seq_raw" U32, "Sequence number as sent";
    NXTSEQ "tcp.nxtseq" U32, "Sequence number that follows this segment";
    ACK "tcp.ack" U32, "Acknowledgment number, counted from the beginning of the connection";
    ACK_RAW "tcp.ack_raw" U32, "Acknowledgment number as sent";
    HDR_LEN "tcp.hdr_len" U8, "Header length in bytes";
    FLAGS "tcp.flags" X16, "All control bits";
    FLAGS_RES "tcp.flags.res" Boolean, "A reserved bit is set";
    FLAGS_AE "tcp.flags.ae" Boolean, "Accurate ECN; once the ECN nonce";
    FLAGS_CWR "tcp.flags.cwr" Boolean, "The sender has reduced its congestion window";
    FLAGS_ECE "tcp.flags.ece" Boolean, "The sender was told of congestion";
    FLAGS_URG "tcp.flags.urg" Boolean, "The urgent pointer counts";
    FLAGS_ACK "tcp.flags.ack" Boolean, "The acknowledgment number counts";
    FLAGS_PUSH "tcp.flags.push" Boolean, "Give the data to the application at once";
    FLAGS_RESET "tcp.flags.reset" Boolean, "The connection is refused or broken off";
    FLAGS_SYN "tcp.flags.syn" Boolean, "Begins a connection";
    FLAGS_FIN "tcp.flags.fin" Boolean, "The sender has no more data";
    FLAGS_STR "tcp.flags.str" Text, "The control bits as letters";
    WINDOW_SIZE_VALUE "tcp.window_size_value" U16, "Window as sent, not scaled";
    WINDOW_SIZE "tcp.window_size" U32, "Window in bytes, scaled where the scale is known";
    WINDOW_SIZE_SCALEFACTOR "tcp.window_size_scalefactor" I32,
        "What the window is multiplied by; -1 where the handshake is not in the capture, -2 where nothing is scaled";
    CHECKSUM "tcp.checksum" X16, "Checksum as sent";
    CHECKSUM_STATUS "tcp.checksum.status" U8, "Whether the checksum is right", checksum_status;
    CHECKSUM_CALCULATED "tcp.checksum_calculated" X16, "Checksum as it would be right";
    URGENT_POINTER "tcp.urgent_pointer" U16, "Where urgent data ends";
    OPTIONS "tcp.options" Bytes, "All options";
    OPTION_KIND "tcp.option_kind" U8, "Kind of an option", tcp_option;
    OPTION_LEN "tcp.option_len" U8, "Length of an option in bytes, kind and length included";
    OPTIONS_EOL "tcp.options.eol" Bytes, "End of the options";
    OPTIONS_NOP "tcp.options.nop" Bytes, "Option that means nothing, for alignment";
    OPTIONS_MSS "tcp.options.mss" Bytes, "Maximum segment size option";
    OPTIONS_MSS_VAL "tcp.options.mss_val" U16, "Largest segment the sender can take, in bytes";
    OPTIONS_WSCALE "tcp.options.wscale" Bytes, "Window scale option";
    OPTIONS_WSCALE_SHIFT "tcp.options.wscale.shift" U8, "By how many bits the window is to be shifted";
    OPTIONS_WSCALE_MULTIPLIER "tcp.options.wscale.multiplier" U16, "What the window is to be multiplied by";
    OPTIONS_SACK_PERM "tcp.options.sack_perm" Bytes, "Option that permits selective acknowledgments";
    OPTIONS_SACK "tcp.options.sack" Bytes, "Selective acknowledgment option";
    OPTIONS_SACK_COUNT "tcp.options.sack.count" U8, "How many ranges it acknowledges";
    OPTIONS_SACK_LE "tcp.options.sack_le" U32, "First sequence number of a range";
    OPTIONS_SACK_RE "tcp.options.sack_re" U32, "First sequence number after a range";
    OPTIONS_SACK_DSACK_LE "tcp.options.sack.dsack_le" U32, "First sequence number of a range received twice";
    OPTIONS_SACK_DSACK_RE "tcp.options.sack.dsack_re" U32, "First sequence number after a range received twice";
    OPTIONS_ECHO "tcp.options.echo" Bytes, "Echo or echo reply option (RFC 1072)";
    OPTIONS_ECHO_VALUE "tcp.options.echo_value" U32, "Value to echo, or echoed";
    OPTIONS_TIMESTAMP "tcp.options.timestamp" Bytes, "Timestamps option";
    OPTIONS_TIMESTAMP_TSVAL "tcp.options.timestamp.tsval" U32, "Sender's timestamp";
    OPTIONS_TIMESTAMP_TSECR "tcp.options.timestamp.tsecr" U32, "Timestamp that is echoed";
    OPTIONS_CC "tcp.options.cc" Bytes, "Connection count option of any kind (RFC 1644)";
    OPTIONS_CC_VALUE "tcp.options.cc_value" U32, "Connection count";
    OPTIONS_MD5 "tcp.options.md5" Bytes, "MD5 signature option";
    OPTIONS_MD5_DIGEST "tcp.options.md5.digest" Bytes, "MD5 digest of the segment";
    OPTIONS_SCPS "tcp.options.scps" Bytes, "SCPS capabilities option";
    OPTIONS_SNACK "tcp.options.snack" Bytes, "Selective negative acknowledgment option";
    OPTIONS_SNACK_OFFSET "tcp.options.snack.offset" U16, "Where the missing range begins, in segments";
    OPTIONS_SNACK_SIZE "tcp.options.snack.size" U16, "Size of the missing range, in segments";
    OPTIONS_SCPSREC "tcp.options.scpsrec" Bytes, "SCPS record boundary option";
    OPTIONS_SCPSCOR "tcp.options.scpscor" Bytes, "SCPS corruption experienced option";
    OPTIONS_QS "tcp.options.qs" Bytes, "Quick-start option";
    OPTIONS_QS_RATE "tcp.options.qs.rate" U8, "Rate requested, as a code";
    OPTIONS_QS_TTL_DIFF "tcp.options.qs.ttl_diff" U8, "Difference of hop counts";
    OPTIONS_USER_TO "tcp.options.user_to" Bytes, "User timeout option";
    OPTIONS_USER_TO_GRANULARITY "tcp.options.user_to_granularity" Boolean, "The timeout is in minutes, not seconds";
    OPTIONS_USER_TO_VAL "tcp.options.user_to_val" U16, "Timeout, in seconds or minutes";
    OPTIONS_AO "tcp.options.ao" Bytes, "Authentication option";
    OPTIONS_AO_KEYID "tcp.options.ao.keyid" U8, "Key that the segment is signed with";
    OPTIONS_AO_RNEXTKEYID "tcp.options.ao.rnextkeyid" U8, "Key that the sender wants to receive next";
    OPTIONS_AO_MAC "tcp.options.ao.mac" Bytes, "Authentication code of the segment";
    OPTIONS_TFO "tcp.options.tfo" Bytes, "Fast open option";
    OPTIONS_TFO_REQUEST "tcp.options.tfo.request" Mark, "A fast open cookie is asked for";
    OPTIONS_TFO_COOKIE "tcp.options.tfo.cookie" Bytes, "Fast open cookie";
    OPTIONS_ACC_ECN "tcp.options.acc_ecn" Bytes, "Accurate ECN option";
    OPTIONS_ACC_ECN_EE0B "tcp.options.acc_ecn.ee0b" U24, "Bytes received marked ECT(0)";
    OPTIONS_ACC_ECN_ECEB "tcp.options.acc_ecn.eceb" U24, "Bytes received marked as having met congestion";
    OPTIONS_ACC_ECN_EE1B "tcp.options.acc_ecn.ee1b" U24, "Bytes received marked ECT(1)";
    OPTIONS_RVBD_PROBE "tcp.options.rvbd.probe" Bytes, "Riverbed probe option";
    OPTIONS_RVBD_TRPY "tcp.options.rvbd.trpy" Bytes, "Riverbed transparency option";
    OPTIONS_EXPERIMENTAL "tcp.options.experimental" Bytes, "Experimental option (RFC 6994)";
    OPTIONS_EXPERIMENTAL_EXID "tcp.options.experimental.exid" X16, "Whose experiment it is";
    OPTIONS_EXPERIMENTAL_DATA "tcp.options.experimental.data" Bytes, "What the experimental option holds";
    OPTIONS_UNKNOWN "tcp.options.unknown" Bytes, "Option of another kind";
    OPTIONS_UNKNOWN_PAYLOAD "tcp.options.unknown.payload" Bytes, "What an option of another kind holds";
    MPTCP_SUBTYPE "tcp.options.mptcp.subtype" U8, "What a multipath option is for", mptcp_subtype;
    MPTCP_VERSION "tcp.options.mptcp.version" U8, "Version of multipath TCP";
    MPTCP_RESERVED "tcp.options.mptcp.reserved" X16, "Reserved bits of a multipath option";
    MPTCP_FLAGS "tcp.options.mptcp.flags" X8, "All flags of a multipath option";
    MPTCP_BACKUP_FLAG "tcp.options.mptcp.backup.flag" U8, "The path is a backup";
    MPTCP_CHECKSUMREQ_FLAGS "tcp.options.mptcp.checksumreq.flags" U8, "Checksums are required";
    MPTCP_EXTENSIBILITY_FLAG "tcp.options.mptcp.extensibility.flag" U8, "Reserved for extensions";
    MPTCP_NOMORESUBFLOWS_FLAG "tcp.options.mptcp.nomoresubflows.flag" U8, "No further paths to this address";
    MPTCP_SHA1_FLAG "tcp.options.mptcp.sha1.flag" U8, "HMAC-SHA1 is used";
    MPTCP_SHA256_FLAG "tcp.options.mptcp.sha256.flag" U8, "HMAC-SHA256 is used";
    MPTCP_RESERVED_FLAG "tcp.options.mptcp.reserved.flag" X8, "Reserved flags";
    MPTCP_DATAFIN_FLAG "tcp.options.mptcp.datafin.flag" U8, "The sender has no more data on any path";
    MPTCP_DSEQN8_FLAG "tcp.options.mptcp.dseqn8.flag" U8, "The data sequence number takes 8 bytes";
    MPTCP_DSEQNPRESENT_FLAG "tcp.options.mptcp.dseqnpresent.flag" U8, "There is a data sequence number";
    MPTCP_DATAACK8_FLAG "tcp.options.mptcp.dataack8.flag" U8, "The data acknowledgment takes 8 bytes";
    MPTCP_DATAACKPRESENT_FLAG "tcp.options.mptcp.dataackpresent.flag" U8, "There is a data acknowledgment";
    MPTCP_FLAG_U "tcp.options.mptcp.flag_U.flag" Boolean, "Flag U of a reset, not used";
    MPTCP_FLAG_V "tcp.options.mptcp.flag_V.flag" Boolean, "Flag V of a reset, not used";
    MPTCP_FLAG_W "tcp.options.mptcp.flag_W.flag" Boolean, "Flag W of a reset, not used";
    MPTCP_FLAG_T "tcp.options.mptcp.flag_T.flag" Boolean, "What made the reset may pass";
    MPTCP_RST_REASON "tcp.options.mptcp.rst_reason" X8, "Why the path was reset";
    MPTCP_ADDRID "tcp.options.mptcp.addrid" U8, "Number of an address";
    MPTCP_SENDKEY "tcp.options.mptcp.sendkey" U64, "Sender's key";
    MPTCP_RECVKEY "tcp.options.mptcp.recvkey" U64, "Receiver's key";
    MPTCP_RECVTOK "tcp.options.mptcp.recvtok" U32, "Receiver's token";
    MPTCP_SENDRAND "tcp.options.mptcp.sendrand" U32, "Sender's random number";
    MPTCP_SENDTRUNCHMAC "tcp.options.mptcp.sendtrunchmac" U64, "First 8 bytes of the sender's authentication code";
    MPTCP_SENDHMAC "tcp.options.mptcp.sendhmac" Bytes, "Sender's authentication code";
    MPTCP_ADDADDRTRUNCHMAC "tcp.options.mptcp.addaddrtrunchmac" U64, "Authentication code of an address";
    MPTCP_RAWDATAACK "tcp.options.mptcp.rawdataack" U64, "Data acknowledgment number as sent";
    MPTCP_RAWDATASEQNO "tcp.options.mptcp.rawdataseqno" U64, "Data sequence number as sent";
    MPTCP_SUBFLOWSEQNO "tcp.options.mptcp.subflowseqno" U32, "Where the data stands on this path, relative";
    MPTCP_DATALVLLEN "tcp.options.mptcp.datalvllen" U16, "How many bytes are mapped";
    MPTCP_CHECKSUM "tcp.options.mptcp.checksum" X16, "Checksum of the mapping";
    MPTCP_IPVER "tcp.options.mptcp.ipver" U8, "IP version of an address";
    MPTCP_ECHO "tcp.options.mptcp.echo" U8, "The address is repeated to confirm it";
    MPTCP_IPV4 "tcp.options.mptcp.ipv4" Ipv4, "IPv4 address";
    MPTCP_IPV6 "tcp.options.mptcp.ipv6" Ipv6, "IPv6 address";
    MPTCP_PORT "tcp.options.mptcp.port" U16, "Port of the address";
    TIME_RELATIVE "tcp.time_relative" Span, "Time since the conversation's first packet";
    TIME_DELTA "tcp.time_delta" Span, "Time since the conversation's packet before";
    ANALYSIS "tcp.analysis" Mark, "Wireshark's analysis has something to tell";
    ANALYSIS_ACKS_FRAME "tcp.analysis.acks_frame" PacketNumber, "Packet whose end it acknowledges";
    ANALYSIS_ACK_RTT "tcp.analysis.ack_rtt" Span, "Time since the packet it acknowledges";
    ANALYSIS_INITIAL_RTT "tcp.analysis.initial_rtt" Span, "From the SYN to the acknowledgment that ends the handshake";
    ANALYSIS_BYTES_IN_FLIGHT "tcp.analysis.bytes_in_flight" U32, "Bytes sent and not yet acknowledged";
    ANALYSIS_PUSH_BYTES_SENT "tcp.analysis.push_bytes_sent" U32, "Bytes sent since the last PSH";
    ANALYSIS_FLAGS "tcp.analysis.flags" Mark, "The segment is suspected of something";
    ANALYSIS_REUSED_PORTS "tcp.analysis.reused_ports" Mark, "Begins a conversation between ports that had one";
    ANALYSIS_FAST_RETRANSMISSION "tcp.analysis.fast_retransmission" Mark,
        "Sent again just after duplicate acknowledgments asked for it";
    ANALYSIS_SPURIOUS_RETRANSMISSION "tcp.analysis.spurious_retransmission" Mark,
        "Sent again after it was acknowledged";
    ANALYSIS_RETRANSMISSION "tcp.analysis.retransmission" Mark, "Sent again";
    ANALYSIS_RTO "tcp.analysis.rto" Span, "How long the oldest segment waited before this was sent again";
    ANALYSIS_RTO_FRAME "tcp.analysis.rto_frame" PacketNumber, "Packet with that oldest segment";
    ANALYSIS_OUT_OF_ORDER "tcp.analysis.out_of_order" Mark, "Overtaken by a segment that follows it";
    ANALYSIS_LOST_SEGMENT "tcp.analysis.lost_segment" Mark, "The segments just before it are not in the capture";
    ANALYSIS_ACK_LOST_SEGMENT "tcp.analysis.ack_lost_segment" Mark,
        "Acknowledges bytes that are not in the capture";
    ANALYSIS_WINDOW_UPDATE "tcp.analysis.window_update" Mark, "Only announces another window";
    ANALYSIS_WINDOW_FULL "tcp.analysis.window_full" Mark, "Fills the receiver's window to the last byte";
    ANALYSIS_KEEP_ALIVE "tcp.analysis.keep_alive" Mark, "Asks whether the other side is still there";
    ANALYSIS_KEEP_ALIVE_ACK "tcp.analysis.keep_alive_ack" Mark, "Answers a keep-alive";
    ANALYSIS_DUPLICATE_ACK "tcp.analysis.duplicate_ack" Mark, "Repeats the last acknowledgment and nothing else";
    ANALYSIS_DUPLICATE_ACK_NUM "tcp.analysis.duplicate_ack_num" U32, "Which repetition it is, from 1";
    ANALYSIS_DUPLICATE_ACK_FRAME "tcp.analysis.duplicate_ack_frame" PacketNumber, "Packet that it repeats";
    ANALYSIS_ZERO_WINDOW_PROBE "tcp.analysis.zero_window_probe" Mark, "Asks whether the closed window is open again";
    ANALYSIS_ZERO_WINDOW "tcp.analysis.zero_window" Mark, "The sender can take no more bytes";
    ANALYSIS_ZERO_WINDOW_PROBE_ACK "tcp.analysis.zero_window_probe_ack" Mark,
        "Answers a probe: the window is still closed";
    PAYLOAD "tcp.payload" Bytes, "Data of the segment, as captured";
    RESET_CAUSE "tcp.reset_cause" Text, "What a segment that resets carries";
}

/// What Wireshark's checksum statuses mean.
pub(super) fn checksum_status(status: u64) -> Option<&'static str> {
    Some(match status {
        0 => "wrong",
        1 => "right",
        2 => "not verified",
        3 => "not present",
        4 => "not allowed",
        _ => return None,
    })
}

/// IANA's "TCP Option Kind Numbers".
fn tcp_option(kind: u64) -> Option<&'static str> {
    Some(match kind {
        0 => "end of options",
        1 => "no operation",
        2 => "maximum segment size",
        3 => "window scale",
        4 => "SACK permitted",
        5 => "SACK",
        6 => "echo",
        7 => "echo reply",
        8 => "timestamps",
        11..=13 => "connection count",
        19 => "MD5 signature",
        20 => "SCPS capabilities",
        21 => "selective negative acknowledgment",
        22 => "record boundaries",
        23 => "corruption experienced",
        27 => "quick-start response",
        28 => "user timeout",
        29 => "authentication",
        30 => "multipath TCP",
        34 => "fast open",
        172 | 174 => "accurate ECN",
        253 | 254 => "experimental",
        _ => return None,
    })
}

/// RFC 8684 section 8.1.
fn mptcp_subtype(subtype: u64) -> Option<&'static str> {
    Some(match subtype {
        0 => "multipath capable",
        1 => "join connection",
        2 => "data sequence signal",
        3 => "add address",
        4 => "remove address",
        5 => "change priority",
        6 => "fallback",
        7 => "fast close",
        8 => "reset path",
        _ => return None,
    })
}
