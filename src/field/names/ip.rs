//! Fields of `ip`.

use super::kinds::*;

protocol! { ip "ip" "Internet Protocol Version 4";
    VERSION "ip.version" U8, "Version of IP, 4 or 6";
    HDR_LEN "ip.hdr_len" U8, "Header length in bytes";
    DSFIELD "ip.dsfield" X8, "Differentiated services and ECN";
    LEN "ip.len" U16, "Total length in bytes, header included";
    ID "ip.id" X16, "Identification, the same in all fragments of a datagram";
    FLAGS "ip.flags" X8, "Reserved bit, don't fragment, more fragments";
    FLAGS_DF "ip.flags.df" Boolean, "Don't fragment";
    FLAGS_MF "ip.flags.mf" Boolean, "More fragments follow";
    FRAG_OFFSET "ip.frag_offset" U16, "Where the fragment belongs, in units of 8 bytes";
    TTL "ip.ttl" U8, "Time to live, in hops";
    PROTO "ip.proto" U8, "Which protocol follows";
    CHECKSUM "ip.checksum" X16, "Header checksum as sent";
    SRC "ip.src" Ipv4, "Sender";
    DST "ip.dst" Ipv4, "Receiver";
}
