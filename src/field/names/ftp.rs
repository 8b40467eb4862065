//! Fields of `ftp`.

use super::kinds::*;

protocol! { ftp "ftp" "File Transfer Protocol (FTP)";
    [hidden] REQUEST "ftp.request" Boolean, "The client says this";
    [hidden] RESPONSE "ftp.response" Boolean, "The server says this";
    REQUEST_COMMAND "ftp.request.command" Text, "Command";
    REQUEST_ARG "ftp.request.arg" Text, "What stands behind the command";
    RESPONSE_CODE "ftp.response.code" U32, "Code of a reply";
    RESPONSE_ARG "ftp.response.arg" Text, "Text of a reply";
    PASSIVE_IP "ftp.passive.ip" Ipv4, "Address that the server waits at";
    PASSIVE_PORT "ftp.passive.port" U16, "Port that the server waits at";
    PASSIVE_NAT "ftp.passive.nat" Boolean, "The address is not the one that the server sends from";
    ACTIVE_CIP "ftp.active.cip" Ipv4, "Address that the client waits at";
    ACTIVE_PORT "ftp.active.port" U16, "Port that the client waits at";
    ACTIVE_NAT "ftp.active.nat" Boolean, "The address is not the one that the client sends from";
    EPRT_AF "ftp.eprt.af" U8, "Kind of the address that the client waits at: 1 IPv4, 2 IPv6";
    EPRT_IP "ftp.eprt.ip" Ipv4, "IPv4 address that the client waits at";
    EPRT_IPV6 "ftp.eprt.ipv6" Ipv6, "IPv6 address that the client waits at";
    EPRT_PORT "ftp.eprt.port" U16, "Port that the client waits at";
    EPSV_IP "ftp.epsv.ip" Ipv4, "IPv4 address that the server waits at";
    EPSV_IPV6 "ftp.epsv.ipv6" Ipv6, "IPv6 address that the server waits at";
    EPSV_PORT "ftp.epsv.port" U16, "Port that the server waits at";
    DIRECTORY "ftp.current-working-directory" Text, "Directory that the client is in";
}
