#!/usr/bin/env python3
"""What fuzzing begins with: `seeds.py OUT` writes a folder for each target, from captures/ and from messages built here.

Each target says at its top how it reads its bytes.
"""

import gzip
import pathlib
import struct
import sys
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
ETHERNET, RAW = 1, 101


def frames(savefile):
    """The packets of a little-endian pcapng file with one interface."""
    data, at, link = savefile, 0, None
    while at + 12 <= len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 1:
            link = struct.unpack_from("<H", data, at + 8)[0]
        elif kind == 6:
            had = struct.unpack_from("<I", data, at + 20)[0]
            yield link, data[at + 28 : at + 28 + had]
        at += length


def pcap(link, packets):
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
    return out + b"".join(struct.pack("<IIII", 1, 2, len(p), len(p)) + p for p in packets)


def savefiles(packets):
    """The other kinds of savefile: nanoseconds, big-endian, a variant with longer records, pcapng's old blocks, snoop."""
    packet = packets[0]
    sizes = (1, 2, len(packet), len(packet))
    yield struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, ETHERNET) + struct.pack("<IIII", *sizes) + packet
    yield struct.pack(">IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, ETHERNET) + struct.pack(">IIII", *sizes) + packet
    yield struct.pack("<IHHiIII", 0xA1B2CD34, 2, 4, 0, 0, 65535, ETHERNET) + struct.pack("<IIIIIHBB", *sizes, 1, 8, 0, 0) + packet
    padded = packet + bytes(-len(packet) % 4)

    def block(kind, body):
        return struct.pack(">II", kind, len(body) + 12) + body + struct.pack(">I", len(body) + 12)

    section = block(0x0A0D0D0A, struct.pack(">IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = block(1, struct.pack(">HHIHHBxxxHHqHH", ETHERNET, 0, 0, 9, 1, 0x86, 14, 8, 5, 0, 0))
    old = block(2, struct.pack(">HHIIII", 0, 0, 1, 2, len(packet), len(packet)) + padded)
    simple = block(3, struct.pack(">I", len(packet)) + padded)
    yield section + interface + old + simple + block(0xBAD, struct.pack(">I", 7) + b"abcd") + section + interface + simple
    record = struct.pack(">IIIIII", len(packet), len(packet), 24 + len(padded), 0, 1, 2) + padded
    yield b"snoop\0\0\0" + struct.pack(">II", 2, 4) + record


def ipv4(protocol, payload, fragment=0):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 7, fragment, 64, protocol, 0)
    return head + bytes([10, 0, 0, 1, 10, 0, 0, 2]) + payload


def ipv6(protocol, payload):
    return struct.pack(">IHBB", 0x60000000, len(payload), protocol, 64) + bytes(15) + b"\1" + bytes(15) + b"\2" + payload


def udp(port, payload):
    return struct.pack(">HHHH", 40000, port, 8 + len(payload), 0) + payload


def tcp(payload, options=b""):
    options += bytes(-len(options) % 4)
    return struct.pack(">HHIIBBHHH", 40000, 80, 1, 1, (5 + len(options) // 4) << 4, 0x18, 65535, 0, 0) + options + payload


def ethernet(kind, payload):
    return bytes(12) + struct.pack(">H", kind) + payload


def built_packets():
    """A frame of each kind that is decoded from an EtherType or an IP protocol."""
    text = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    inner = ipv4(17, udp(53, dns_messages()[0]))
    options = b"\2\4\5\xb4\1\3\3\7\4\2\10\12\0\0\0\1\0\0\0\2\5\12\0\0\0\1\0\0\0\2\x1e\3\0\xfe\4\1\2"
    hop = bytes([6, 0, 5, 2, 0, 0, 1, 0])
    yield ethernet(0x0800, ipv4(6, tcp(text, options)))
    yield ethernet(0x0800, ipv4(17, udp(53, dns_messages()[0]), 0x2000)[:28])
    yield ethernet(0x86DD, ipv6(0, hop + tcp(text)))
    yield ethernet(0x86DD, ipv6(58, bytes([135, 0, 0, 0, 0, 0, 0, 0]) + bytes(16) + bytes([1, 1]) + bytes(6)))
    yield ethernet(0x86DD, ipv6(44, bytes([17, 0, 0, 1, 0, 0, 0, 9]) + udp(5353, b"")))
    yield ethernet(0x0806, struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + bytes(20))
    yield ethernet(0x8100, struct.pack(">HH", 5, 0x0800) + inner)
    yield ethernet(0x8847, struct.pack(">I", 0x000111FF) + inner)
    yield ethernet(0x8864, struct.pack(">BBHHH", 0x11, 0, 1, len(inner) + 2, 0x21) + inner)
    yield ethernet(0x0800, ipv4(1, bytes([3, 3, 0, 0, 0, 0, 0, 0]) + inner))
    yield ethernet(0x0800, ipv4(1, bytes([8, 0, 0, 0, 0, 1, 0, 1]) + bytes(16)))
    yield ethernet(0x0800, ipv4(2, bytes([0x22, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 224, 0, 0, 1])))
    yield ethernet(0x0800, ipv4(4, inner))
    yield ethernet(0x0800, ipv4(47, struct.pack(">HH", 0, 0x0800) + inner))
    yield ethernet(0x0800, ipv4(51, bytes([17, 4]) + bytes(22) + udp(53, b"")))
    yield ethernet(0x0800, ipv4(132, bytes(12)))
    yield ethernet(0x0800, ipv4(17, udp(4789, bytes([8, 0, 0, 0, 0, 0, 1, 0]) + ethernet(0x0800, inner))))
    yield ethernet(0x0800, ipv4(17, udp(6081, struct.pack(">BBHI", 0, 0, 0x6558, 256) + ethernet(0x0800, inner))))
    yield ethernet(0x0800, ipv4(17, udp(2152, struct.pack(">BBHI", 0x30, 0xFF, len(inner), 1) + inner)))


def name(text):
    return b"".join(bytes([len(label)]) + label for label in text.encode().split(b".")) + b"\0"


def dns_messages():
    """A query, and a response with a record of each kind that has a form of its own."""
    head = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 1)
    question = name("www.example.com") + struct.pack(">HH", 1, 1)
    opt = b"\0" + struct.pack(">HHIH", 41, 1232, 0x8000, 12) + struct.pack(">HH", 10, 8) + bytes(8)
    records = [
        (1, bytes([192, 0, 2, 1])),
        (2, b"\1a\xc0\x10"),
        (5, b"\xc0\x10"),
        (6, b"\1a\xc0\x10\1b\xc0\x10" + bytes(20)),
        (12, name("b.example.com")),
        (13, b"\1a\1b"),
        (15, struct.pack(">H", 10) + b"\xc0\x0c"),
        (16, b"\5hello\1x"),
        (28, bytes(16)),
        (33, struct.pack(">HHH", 1, 2, 53) + b"\xc0\x0c"),
        (35, struct.pack(">HH", 1, 2) + b"\1s\4sip+\0" + name("c")),
        (43, struct.pack(">HBB", 1, 13, 2) + bytes(32)),
        (46, struct.pack(">HBBIIIH", 1, 13, 3, 60, 2, 1, 9) + name("example.com") + bytes(64)),
        (47, name("d.example.com") + b"\0\6\x40\1\0\0\0\3"),
        (48, struct.pack(">HBB", 257, 3, 13) + bytes(64)),
        (50, bytes([1, 0, 0, 1, 1, 7, 2, 8, 9, 0, 1, 0x40])),
        (51, bytes([1, 0, 0, 1, 1, 7])),
        (52, bytes([3, 1, 1]) + bytes(32)),
        (64, struct.pack(">H", 1) + b"\0" + struct.pack(">HH", 1, 3) + b"\2h2"),
        (65, struct.pack(">H", 0) + name("e")),
        (257, b"\0\5issueca.example"),
    ]
    answer = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data for kind, data in records)
    response = struct.pack(">HHHHHH", 7, 0x8180, 1, len(records), 0, 1) + question + answer + opt
    loop = struct.pack(">HHHHHH", 7, 0x8180, 1, 0, 0, 0) + b"\1a\xc0\x0e\xc0\x0c\0\1\0\1"
    return [head + question + opt, response, loop]


def der(tag, body):
    length = bytes([len(body)]) if len(body) < 128 else b"\x82" + struct.pack(">H", len(body))
    return bytes([tag]) + length + body


def certificate():
    """A certificate that nobody signed, with names."""
    algorithm = der(0x30, der(6, bytes([0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2])))
    who = der(0x30, der(0x31, der(0x30, der(6, b"\x55\4\3") + der(12, b"lab.example"))))
    dates = der(0x30, der(0x17, b"260101000000Z") + der(0x17, b"270101000000Z"))
    key_kind = der(6, bytes([0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1])) + der(6, bytes([0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7]))
    key = der(0x30, der(0x30, key_kind) + der(3, b"\0\4" + bytes(64)))
    names = der(0x30, der(0x82, b"lab.example") + der(0x87, bytes([127, 0, 0, 1])))
    extensions = der(0xA3, der(0x30, der(0x30, der(6, b"\x55\x1d\x11") + der(4, names))))
    serial = der(0xA0, der(2, b"\2")) + der(2, b"\1")
    body = der(0x30, serial + algorithm + who + dates + who + key + extensions)
    return der(0x30, body + algorithm + der(3, b"\0" + bytes(8)))


def tls_streams():
    def record(kind, body):
        return bytes([kind, 3, 3]) + struct.pack(">H", len(body)) + body

    def handshake(kind, body):
        return bytes([kind]) + struct.pack(">I", len(body))[1:] + body

    def vector(width, body):
        return struct.pack(">I", len(body))[4 - width :] + body

    def extension(kind, body):
        return struct.pack(">H", kind) + vector(2, body)

    offered = [
        extension(0, vector(2, b"\0" + vector(2, b"lab.example"))),
        extension(16, vector(2, vector(1, b"h2") + vector(1, b"http/1.1"))),
        extension(43, vector(1, b"\3\4\3\3")),
        extension(10, vector(2, b"\0\x1d\0\x17")),
        extension(11, vector(1, b"\0")),
        extension(13, vector(2, b"\4\3\x08\4")),
        extension(51, vector(2, b"\0\x1d" + vector(2, bytes(32)))),
        extension(65281, b"\0"),
    ]
    client = b"\3\3" + bytes(32) + vector(1, bytes(32)) + vector(2, b"\x13\1\xc0\x2f") + b"\1\0" + vector(2, b"".join(offered))
    server = b"\3\3" + bytes(32) + vector(1, b"") + b"\xc0\x2f\0" + vector(2, extension(65281, b"\0"))
    chain = vector(3, vector(3, certificate()))
    flight = handshake(2, server) + handshake(11, chain) + handshake(14, b"")
    yield record(22, handshake(1, client))
    yield record(22, flight)
    yield b"".join(record(22, flight[at : at + 90]) for at in range(0, len(flight), 90))
    yield record(20, b"\1") + record(22, bytes(40)) + record(23, bytes(30)) + record(21, b"\1\0")
    yield b"\x80\x2e\1\0\2\0\x15\0\0\0\x10" + bytes(37)
    yield handshake(1, client)
    yield certificate()


def http_messages():
    packed = gzip.compress(b"hello, hello, hello", mtime=0)
    deflated = zlib.compress(b"hello, hello, hello")
    yield b"GET /a?b=c HTTP/1.1\r\nHost: lab.example\r\nCookie: a=b\r\n\r\n"
    yield b"POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\na=b"
    yield b"CONNECT lab.example:443 HTTP/1.1\r\n\r\n"
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello"
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n"
    yield b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(packed), packed)
    yield b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: %d\r\n\r\n%s" % (len(deflated), deflated)
    yield b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, br, zstd\r\n\r\n" + packed
    yield b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\5hello"
    yield b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nA: b\r\n c\r\n\r\n"


def said(*turns):
    return b"".join(b"\0" + turn for turn in turns)


def conversation(port, *turns, udp=False):
    """A conversation as fuzz/src/conversation.rs reads it; `port` is a place in its table of ports."""
    return bytes([port | 0x80 * udp]) + said(*turns)


def conversations():
    mail = b"From: A <a@example.org>\r\nTo: b@example.org\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nSubject: =?utf-8?q?a?=\r\n b\r\n"
    parts = b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--\r\n'
    yield conversation(
        1, b"s220 lab.example ESMTP\r\n", b"cEHLO me\r\n", b"s250-lab.example\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN\r\n",
        b"cAUTH LOGIN\r\n", b"s334 VXNlcm5hbWU6\r\n", b"cYm9i\r\n", b"s334 UGFzc3dvcmQ6\r\n", b"cc2VjcmV0\r\n", b"s235 yes\r\n",
        b"cMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n", b"s250 yes\r\n250 yes\r\n354 go on\r\n",
        b"c" + mail + parts + b".\r\n", b"s250 queued\r\n", b"cQUIT\r\n", b"s221 bye\r\n", b"f",
    )
    yield conversation(
        1, b"s220 lab.example ESMTP\r\n", b"cEHLO me\r\n", b"s250-CHUNKING\r\n250 STARTTLS\r\n", b"cAUTH PLAIN AGJvYgBzZWNyZXQ=\r\n",
        b"s235 yes\r\n", b"cMAIL FROM:<>\r\n", b"s250 yes\r\n", b"cBDAT 9\r\nA: b\r\n\r\nc", b"s250 yes\r\n", b"cBDAT 3 LAST\r\nd\r\n",
        b"s250 yes\r\n", b"cSTARTTLS\r\n", b"s220 go on\r\n", b"c" + next(tls_streams()),
    )
    yield conversation(
        2, b"s+OK POP3 <1.2@lab>\r\n", b"cCAPA\r\n", b"s+OK\r\nUIDL\r\nSASL PLAIN\r\n.\r\n", b"cUSER bob\r\n", b"s+OK\r\n", b"cPASS secret\r\n",
        b"s+OK\r\n", b"cLIST\r\n", b"s+OK 1\r\n1 99\r\n.\r\n", b"cRETR 1\r\nDELE 1\r\n", b"s+OK 99 octets\r\n" + mail, b"s" + parts + b".\r\n+OK\r\n",
        b"cAUTH PLAIN\r\n", b"s+ \r\n", b"cAGJvYgBzZWNyZXQ=\r\n", b"s-ERR no\r\n", b"cSTLS\r\n", b"s+OK\r\n", b"c" + next(tls_streams()),
    )
    yield conversation(
        3, b"s* OK [CAPABILITY IMAP4rev1] ready\r\n", b"ca1 LOGIN bob secret\r\n", b"sa1 OK done\r\n", b"ca2 LOGIN {3}\r\n", b"s+ go on\r\n",
        b"cbob {6}\r\n", b"s+ go on\r\n", b"csecret\r\n", b'ca3 UID FETCH 1:* (FLAGS BODY[HEADER.FIELDS ("a")])\r\n',
        b"s* 1 FETCH (FLAGS (\\Seen) RFC822 {12}\r\nA: b\r\n\r\nhi\r\n)\r\na3 OK done\r\n", b"ca4 IDLE\r\n", b"s+ idling\r\n", b"cDONE\r\n",
        b"sa4 OK\r\n", b"ca5 APPEND x {4+}\r\nA: b\r\n", b"ca6 STARTTLS\r\n", b"sa6 OK\r\n", b"c" + next(tls_streams()),
    )
    yield conversation(
        0, b"s220 FTP ready\r\n", b"cUSER bob\r\n", b"s331 Password?\r\n", b"cPASS secret\r\n", b"s230-Hello\r\n you\r\n230 in\r\n", b"cPWD\r\n",
        b's257 "/a ""b""" is it\r\n', b"cPORT 10,0,0,1,156,65\r\n", b"s200 yes\r\n", b"cLIST\r\n", b"s150 now\r\n", b"d-rw 1 a\r\n", b"f",
        b"s226 done\r\n", b"cPASV\r\n", b"s227 Entering Passive Mode (10,0,0,2,156,66)\r\n", b"cSTOR a\r\n", b"phello", b"f", b"cEPSV\r\n",
        b"s229 Entering (|||40002|)\r\n", b"cEPRT |1|10.0.0.1|40001|\r\n", b"s200 yes\r\n", b"cRETR a\r\n", b"d" + bytes(range(1, 99)), b"r",
    )
    yield conversation(
        5, b"s\xff\xfd\x18\xff\xfd\x20\xff\xfb\x01", b"c\xff\xfb\x18\xff\xfa\x18", b"\0xterm\xff\xf0\xff\xfa\x1f", b"\0P", b"\0\x18\xff\xf0",
        b"slogin: ", b"cb", b"sb", b"co", b"so", b"cb\r", b"sPassword: ", b"csec\x08cret\r\n", b"sLast login\r\n$ ", b"g12345", b"s\xff\xff\xff\xf9",
    )
    packet = b"\0\0\0\x14\4\x14" + bytes(16) + b"\0\0\0\0\0\0\0"
    yield conversation(4, b"sSSH-2.0-a b\r\n", b"cSSH-2.0-c\r\n", packet[1:], packet[1:], b"s" + packet[1:].replace(b"\0", b"\1"), b"c" + bytes([7]) * 60)
    for request, answer in zip(http_messages(), reversed(list(http_messages()))):
        yield conversation(6, b"c" + request.replace(b"\0", b"\0\0"), b"s" + answer.replace(b"\0", b"\0\0"))
    yield conversation(6, b"cGET /login?user=a&password=b HTTP/1.1\r\nCookie: a=b; c=d\r\nAuthorization: Basic YWxpY2U6d29uZGVy\r\nX-Api-Key: 1\r\n\r\n")
    yield conversation(16, b"sa\r\n", b'c{"user": "a", "password": "b"}\r\n', b"c" + bytes(range(256)) * 3)


def content_heads():
    """Beginnings of what is recognised by content alone; the byte before them chooses ports."""
    yield from (b"\0" + message for message in [*http_messages(), *tls_streams(), *dns_messages()])
    heads = [
        b"SSH-2.0-a\r\n", b"220 a ESMTP\r\n", b"+OK POP3\r\n", b"* OK IMAP4\r\n", b"\xff\xfd\x18", b"RTSP/1.0 200 OK\r\n", b"INVITE sip:a SIP/2.0\r\n",
        b"*1\r\n$4\r\nPING\r\n", b"\x10\x0f\0\4MQTT\4\2\0\x3c\0\3abc", b"\0\0\0\x45\xffSMB" + bytes(60), b"\xfeSMB\x40\0" + bytes(60),
        b"\x4a\0\0\0\x0a5.7.0\0" + bytes(70), b"\0\0\0\x08\4\xd2\x16\x2f", b"\3\0\0\x13\x0e\xe0" + bytes(13), b"\5\1\0",
        b"\4\1\0\x50\x7f\0\0\1a\0", b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n", b"\x30\x0c\2\1\1\x60\7\2\1\3\4\0\x80\0",
        b"\x30\x29\2\1\0\4\6public\xa0\x1c\2\4\0\0\0\1\2\1\0\2\1\0\x30\x0e", b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12), b"\x23\2\6\xec" + bytes(44),
        b"\1\1\6\0" + bytes(232) + b"\x63\x82\x53\x63\x35\1\1\xff", b"\0\1file\0octet\0", b"<13>Jan  1 00:00:00 a b: c", b"\1\1\0\x14" + bytes(16),
        bytes(16) + b"\1\x10\2\0" + bytes(4) + b"\0\0\0\x1c", gzip.compress(b"a", mtime=0), b"PK\3\4", b"\x28\xb5\x2f\xfd", b"BZh9", b"\x13BitTorrent protocol",
        b"JFIF", b"\5\0\x0b\3\x10\0\0\0\x48\0\0\0", b"NICK a\r\nUSER a 0 * :a\r\n",
    ]
    yield from (bytes([place % 24]) + head for place, head in enumerate(heads))
    yield from (bytes([port]) + heads[port] for port in range(24))


def quic_packets():
    """As fuzz/targets/quic.rs reads them: a hello in pieces, an answer to it, frames of each kind."""
    *_, client, _ = tls_streams()
    pieces = [(2, 0, client[:60]), (0x12, 120, client[120:]), (2, 60, client[60:120])]
    server = b"\2\0\0\x28\3\3" + bytes(32) + b"\0\x13\1\0\0\0"
    frames = b"\1\2\5\0\1\0\1\1\3\5\0\0\0\1\1\1\x06\0\2ab\x1c\1\6\2no\x1d\1\0\0\0\0"
    for script in (pieces, [*pieces, (3, 0, server)], [(0, 0, frames), (1, 0, frames)]):
        yield b"".join(struct.pack("<BHH", what, at, len(data)) + data for what, at, data in script)


def datagrams():
    """As fuzz/targets/datagrams.rs reads them."""
    client = next(tls_streams())[5:]
    dtls = b"\0" + struct.pack(">H", 46) + b"\1\0\0\x22\0\0\0\0\0\0\0\x22\xfe\xfd" + bytes(32)
    eap, record = client, b"\x16\3\1" + struct.pack(">H", len(client)) + client
    for script in (
        [(0, 1, dtls), (1, 1, dtls)],
        [(0, 8, record), (1, 8, record), (0, 73, eap)],
        [(0, 4, b""), (1, 5, record), (0, 5, record)],
        [(0, 6, b""), (1, 7, record)],
        [(0, 2, client), (1, 3, client)],
    ):
        yield b"".join(struct.pack("<BBH", who, begins, len(data)) + data for who, begins, data in script)


def certificates():
    name_hash = der(0x30, der(0x30, der(6, b"\x2b\x0e\3\2\x1a") + der(5, b"")) + der(4, bytes(20)) + der(4, bytes(20)) + der(2, b"\1"))
    time = der(0x18, b"20260101000000Z")
    single = der(0x30, name_hash + der(0x80, b"") + time + der(0xA0, time))
    data = der(0x30, der(0xA2, der(4, bytes(20))) + time + der(0x30, single))
    basic = der(0x30, data + der(0x30, der(6, b"\x2a\x86\x48\x86\xf7\x0d\1\1\x0b") + der(5, b"")) + der(3, b"\0" + bytes(8)))
    kind = der(6, b"\x2b\6\1\5\5\7\x30\1\1")
    yield der(0x30, der(0x0A, b"\0") + der(0xA0, der(0x30, kind + der(4, basic))))
    yield certificate()


def packed():
    """As fuzz/targets/packed.rs reads them: each inner protocol, packed once and in each other."""
    text = udp(53, dns_messages()[0])
    inner = [ipv4(17, text), tcp(b"GET / HTTP/1.1\r\n\r\n"), text, ipv6(17, text), bytes([17, 0, 0, 1, 0, 0, 0, 9]) + text, bytes(20), bytes([128]) + bytes(9), b""]
    for kind, data in enumerate(inner):
        for times in (1, 5):
            yield struct.pack("<BH", kind | times << 3, len(data)) + data
    raw = zlib.compressobj(wbits=-15)
    bomb = raw.compress(bytes(70000)) + raw.flush()
    yield struct.pack("<BH", 0x82, len(bomb)) + bomb


FILTERS = [
    "tcp.port == 80 && ip.addr == 10.0.0.0/8",
    "not (udp or icmp) xor tcp.flags.syn == 1",
    'frame contains "GET" or http matches "(?i)host: [a-z]+"',
    "ip.src in {10.0.0.1, 10.0.0.2..10.0.0.9} and frame.len >= 0x10",
    "tcp[2:2] == 00:50 && eth.src[0-2,5] != ff",
    "len(tcp.payload) > 3 && upper(dns.qry.name) == \"A\" && count(ip.addr) == 2",
    "frame.time > \"2026-01-01 00:00:00\" and frame.time_delta < 1.5",
    "tcp.flags & 0x12 && tcp.window_size + 1 > -5 * {2 - 1}",
    'ipv6.addr == ::1/64 || eth.addr == 00:11:22:33:44:55 || dns.qry.name == "a\\x41\\u00e9"',
    "any tcp.port == 80 and all ip.ttl > 3 and #1 ip.src",
]


def analyzers(port, turns):
    out = bytes([port])
    for from_client, payload in turns:
        for at in range(0, len(payload), 500):
            part = payload[at : at + 500]
            out += struct.pack("<BBH", 0x0E if from_client else 0x07, 64, len(part)) + part
    return out + struct.pack("<BBH", 0x10, 64, 0) + struct.pack("<BBH", 0x11, 64, 0)


def splits(kind):
    out = bytes([kind])
    for number in range(6):
        out += struct.pack("<BBH", number % 2, 3 + 40 * number, 5 + 60 * number) + bytes([22 + number]) * (6 + 60 * number)
    return out


def lan():
    """Who has what, a ping, a route of one hop, an address that is lent, a neighbour."""
    mac, here, there = bytes([2, 0, 0, 0, 0, 1]), bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
    echo = bytes([8, 0, 0xF7, 0xFD, 0, 1, 0, 1])
    quoted = struct.pack(">BBHHHBBH", 0x45, 0, 28, 7, 0, 1, 1, 0) + here + there + echo
    target = bytes([0xFE, 0x80]) + bytes(13) + b"\x02"
    packets = [
        (0, 1, b"\0\1" + mac + here + bytes(6) + there),
        (0, 2, b"\0\2" + mac + there + mac + here),
        (1, 0b1001, echo),
        (1, 0b0110, bytes([0, 0, 0xFF, 0xFD, 0, 1, 0, 1])),
        (1, 0b0111, bytes([11, 0, 0, 0, 0, 0, 0, 0]) + quoted),
        (2, 0b1001, bytes([135, 0, 0, 0, 0, 0, 0, 0]) + target),
        (3, 0b10001001, bytes(16)),
        (3, 0b00101001, bytes(8)),
        (6, 0, bytes([53, 1, 1, 12, 1, 97, 52, 1, 3, 82, 4, 1, 2, 97, 98, 255])),
        (14, 1, bytes([53, 1, 5, 51, 4, 0, 0, 14, 16, 255])),
    ]
    return b"".join(bytes([kind, hosts, len(rest)]) + rest for kind, hosts, rest in packets)


def lab_talks():
    """As fuzz/targets/labs.rs reads them: what each lab's client and server say."""
    tcp, udp = b"\0", b"\x80"
    yield udp + said(b"aI could tell you a UDP joke but I'm not sure you'll get it.", b"AOk")
    yield udp + said(b"aSEND_DATE", b"A01/01/70", b"aSEND_TIME", b"A00:00:01", b"aSEND_TIME", b"A24:00:00")
    yield tcp + said(b"aKnock knock..", b"AWho's there?", b"f", b"A", b"f")
    yield tcp + said(b"abob", b"a12 + 42", b"A54.0", b"a1 / 3", b"A0.33", b"A3333", b"a1 / 0", b"Adivision by zero", b"aq", b"ASession ended")
    yield tcp + said(
        b"aann", b"Anew user :ann joined", b"bann", b"Btaken", b"bbob", b"Anew user :bob joined", b"Bnew user :bob joined", b"ahello",
        b"A:ann:hello", b"B:ann:hello", b"bhi", b"A:bob:hi:ann:hello", b"gabc", b"bbye", b"r", b"Auser :bob left",
    )
    yield tcp + said(b"ahello, \xc3\xa4\xc3\x9f", b"AHELLO, \xc3\x84SS", b"abye", b"Abye")
    yield udp + said(b"ahello", b"AHELLO", b"ahey", b"AHey")
    bot = (b"aHey", b"AHello! How can I help you today?", b"aWhat's your name?", b"AIt's nice to meet you!", b"aGoodbye", b"AGoodbye! Talk soon!")
    yield from (transport + said(*bot) for transport in (tcp, udp))
    ping, pong = b"aHello Server", b"APacket Acknowledged"
    yield udp + said(b"aC 64", b"ABuffer Size Calibrated at Server.", ping, pong, ping, ping, pong, b"t....", pong, b"t" + b"." * 20, ping, pong)
    yield udp + said(*(part for place in range(12) for part in (ping + b" %d" % place, b"t" + b"." * (24 - 2 * place), pong + b" %d" % place)))
    yield tcp + said(b"aSECRET_KEY", b"AAUTH_SUCCESSthe file", b"A goes on", b"gabc", b"A to its end", b"f", b"bKEY", b"BAUTH_ERROR", b"f")
    yield udp + said(
        b"ahii", b"A('10.0.0.1', 40000)", b"ato: 10.0.0.1 / 40001 ; content : one", b"B10.0.0.1/40000 ; content : one", b"A200, UDP Packet Sent Successfully",
        b"ato 10.0.0.1 ; x : y", b"A401, malformed", b"aTO:::1/70000;content:a", b"A403, bad port", b"C10.0.0.1/40003 ; content : nobody's", b"aexit server",
    )
    yield tcp + said(*[b"aHii Server", b"AAcknowledgement"] * 4, b"aHii ServerHii Server", b"AAcknowledgement", b"aexit", b"f")


def record(owner, kind, data):
    return name(owner) + struct.pack(">HHIH", kind, 1, 3600, len(data)) + data


def resolutions():
    """As fuzz/targets/trace.rs reads them: what servers answer, one after the other."""

    def response(flags, answers=(), authority=(), additional=(), kind=1):
        sections = (answers, authority, additional)
        message = struct.pack(">HHHHHH", 0, flags, 1, *map(len, sections)) + b"".join(map(b"".join, sections))
        return bytes([1, kind]) + struct.pack("<H", len(message)) + message

    def refer(zone, server):
        glue = [record(server, 1, bytes([127, 0, 0, 1]))] if server.endswith(zone) else []
        return response(0x8000, authority=[record(zone, 2, name(server))], additional=glue)

    address = [record("www.nyu.edu", 1, bytes([192, 0, 2, 1]))]
    down = refer("edu", "a.edu") + refer("nyu.edu", "ns.nyu.edu")
    answer = response(0x8400, answers=address)
    alias = response(0x8400, answers=[record("www.nyu.edu", 5, name("w.com"))])
    key = response(0x8400, answers=[record("nyu.edu", 48, struct.pack(">HBB", 257, 3, 13) + bytes(64))])
    circle = [record("www.nyu.edu", 5, name("w.nyu.edu")), record("w.nyu.edu", 5, name("www.nyu.edu"))]
    yield b"\0" + down + answer + key
    yield b"\1" + down + response(0x8200) + answer + key
    yield b"\0" + down + response(0x8403) + b"\0\x80" + alias + refer("com", "ns.nyu.edu") + answer
    yield b"\0" + down + response(0x8400, answers=circle)
    yield b"\0" + refer("edu", "ns.nyu.com") + refer("com", "ns.nyu.edu")
    yield b"\0" + down + response(0x8400, answers=address, kind=3) + response(0x8402) + refer("com", "a.com")


def zone_files():
    """As fuzz/targets/zones.rs reads them: the files of some zones, and a query."""
    head = "$TTL 60\n@ SOA ns1 admin (1 2 3\n 4 5)\n@ NS ns1\nns1 A 192.0.2."
    root = "; wirelab: sign\n" + head + "1\nedu NS ns1.edu.\nns1.edu. A 192.0.2.2\n"
    edu = "; wirelab: sign opt-out\n" + head + "2\nnyu NS ns1.nyu\nns1.nyu 1h30m IN A 192.0.2.3\n"
    more = "3\n*.wild TXT \"a \\034\" b\nalias CNAME www\nold DNAME edu.\nwww AAAA 2001:db8::1\n MX 10 www\n"
    files = [root, edu, head + more, "; wirelab: sign broken\n" + head + "4\n; wirelab: server ns1 truncates\n"]
    yield "\0".join(files).encode() + b"\0" + struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 0) + name("www.nyu.edu") + b"\0\1\0\1"
    yield root.encode()


def seeds():
    files = [path.read_bytes() for path in sorted((ROOT / "captures").glob("*.pcapng"))]
    packets = [packet for file in files for packet in frames(file)]
    built = list(built_packets())
    dns, tls, http = dns_messages(), list(tls_streams()), list(http_messages())
    framed = [struct.pack(">H", len(message)) + message for message in dns]

    made = pcap(ETHERNET, built)
    kinds = [*files, made, gzip.compress(made, mtime=0), gzip.compress(files[0], mtime=0), *savefiles(built)]
    for target in ("savefile", "reports"):
        yield from ((target, file) for file in kinds)
    everything = packets + [(ETHERNET, packet) for packet in built] + [(RAW, packet[14:]) for packet in built[:5]]
    for link, packet in everything:
        yield "decode", struct.pack("<HB", link, 0) + packet
        yield "fields", struct.pack("<HHB", link, len(packet), 0) + packet
    for file in files:
        link = next(frames(file))[0]
        one_by_one = (struct.pack("<HB", len(packet), 0) + packet for _, packet in frames(file))
        yield "fields", struct.pack("<H", link) + b"".join(one_by_one)
    yield from (("filter", text.encode()) for text in FILTERS)
    steps = [(0, 100, 0), (0, 100, 200), (0, 50, 100), (0, 50, 150), (4, 90, 300), (8, 0, 600), (0x30, 10, 600)]
    for first in (0, 1, 200, 255):
        yield "reassembly", bytes([first]) + b"".join(struct.pack("<BBH", *step) for step in steps)
    yield "analyzers", analyzers(0, [(number % 2 == 0, message) for number, message in enumerate(framed)])
    yield "analyzers", analyzers(2, [(True, tls[0]), (False, tls[1]), (True, tls[3]), (False, tls[2])])
    for first in (1, 5):
        for answer in http[3:]:
            yield "analyzers", analyzers(first, [(True, http[0]), (False, answer), (True, http[1]), (False, http[3])])
        yield "analyzers", analyzers(first, [(True, http[2]), (False, b"HTTP/1.1 200 OK\r\n\r\n"), (True, tls[0]), (False, tls[1])])
    yield "lan", lan()
    yield from (("splits", splits(kind)) for kind in (0, 1, 2, 0x80, 0x83))
    for target in ("talk", "audit"):
        yield from ((target, talk) for talk in conversations())
    more = {"content": content_heads(), "quic": quic_packets(), "datagrams": datagrams(), "certificates": certificates(), "packed": packed(), "labs": lab_talks(), "trace": resolutions(), "zones": zone_files()}
    for target, messages in (("dns", dns), ("tls", tls), ("http", http), *more.items()):
        yield from ((target, message) for message in messages)
    yield from (("text", message) for message in [*http, "Größe – \u202e".encode(), "text".encode("utf-16")])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    counts = {}
    for target, data in seeds():
        folder = pathlib.Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        counts[target] = counts.get(target, 0) + 1
        (folder / f"seed-{counts[target]:02}").write_bytes(data)


main()
