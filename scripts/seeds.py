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


def seeds():
    files = [path.read_bytes() for path in sorted((ROOT / "captures").glob("*.pcapng"))]
    packets = [packet for file in files for packet in frames(file)]
    built = list(built_packets())
    dns, tls, http = dns_messages(), list(tls_streams()), list(http_messages())
    framed = [struct.pack(">H", len(message)) + message for message in dns]

    made = pcap(ETHERNET, built)
    yield from (("savefile", file) for file in [*files, made, gzip.compress(made, mtime=0), gzip.compress(files[0], mtime=0)])
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
    for target, messages in (("dns", dns), ("tls", tls), ("http", http)):
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
