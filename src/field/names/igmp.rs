//! Fields of `igmp`.

use super::kinds::*;
use crate::field::words::status::status;
use crate::field::words;

protocol! { igmp "igmp" "Internet Group Management Protocol";
    VERSION "igmp.version" U8, "Version that the message is of";
    TYPE "igmp.type" X8, "Type of the message", words::icmp::igmp;
    RESERVED "igmp.reserved" Bytes, "Reserved bytes";
    MAX_RESP "igmp.max_resp" U8, "Tenths of a second that a host may take to answer";
    MAX_RESP_EXP "igmp.max_resp.exp" X8, "Exponent of that time";
    MAX_RESP_MANT "igmp.max_resp.mant" X8, "Mantissa of that time";
    CHECKSUM "igmp.checksum" X16, "Checksum as sent";
    CHECKSUM_STATUS "igmp.checksum.status" U8, "Result of checking it", status;
    BAD_CHECKSUM "igmp.bad_checksum" Mark, "The checksum is wrong";
    MADDR "igmp.maddr" Ipv4, "Multicast address, all zero for a general query";
    S "igmp.s" Boolean, "Routers keep quiet about what they hear";
    QRV "igmp.qrv" U8, "How many losses the querier stands";
    QQIC "igmp.qqic" U8, "Code for the interval between queries, in seconds";
    NUM_SRC "igmp.num_src" U16, "How many sources are named";
    SADDR "igmp.saddr" Ipv4, "Source";
    NUM_GRP_RECS "igmp.num_grp_recs" U16, "How many records the report has";
    RECORD_TYPE "igmp.record_type" U8, "What a record says", words::icmp::record;
    AUX_DATA_LEN "igmp.aux_data_len" U8, "Length of auxiliary data in words of 4 bytes";
    AUX_DATA "igmp.aux_data" Bytes, "Auxiliary data";
    DATA "igmp.data" Bytes, "Bytes that are not looked into";
}
