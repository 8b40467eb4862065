#!/usr/bin/env python3
"""Both sides of the recordings whose servers wirelab does not bring along: `talks.py dns|http|tls PORT [FOLDER]`.

Everything stays on 127.0.0.1. FOLDER holds what `tls` needs: chain.pem, key.pem and ca.pem (scripts/captures.sh makes
them). The talks are the same each time but for times, ports and what TLS makes random.
"""
import gzip, socket, ssl, struct, sys, threading, time
from email.utils import formatdate

HOST = "127.0.0.1"
A, NS, CNAME, SOA, TXT, AAAA, OPT = 1, 2, 5, 6, 16, 28, 41


def in_thread(serve):
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


# --- DNS


def name(text):
    labels = [label.encode() for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(owner, kind, data, ttl=300):
    return name(owner) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def edns(size=1232):
    return b"\0" + struct.pack("!HHIH", OPT, size, 0, 0)


def message(number, flags, question, answer=(), authority=(), additional=()):
    counts = (1, len(answer), len(authority), len(additional))
    head = struct.pack("!HHHHHH", number, flags, *counts)
    asked = name(question[0]) + struct.pack("!HH", question[1], 1)
    return head + asked + b"".join([*answer, *authority, *additional])


def soa(zone):
    numbers = struct.pack("!IIIII", 2026112101, 7200, 3600, 1209600, 900)
    return record(zone, SOA, name("ns1.example.com") + name("hostmaster.example.com") + numbers)


RESPONSE, AUTHORITATIVE, TRUNCATED, WANTED, OFFERED = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080
LONG = [record("long.example.com", TXT, bytes([200]) + bytes([97 + place]) * 200) for place in range(8)]


def answer_to(query, over_tcp):
    number = struct.unpack("!H", query[:2])[0]
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    asked = (".".join(labels), struct.unpack("!H", query[at + 1 : at + 3])[0])
    own = RESPONSE | AUTHORITATIVE | WANTED
    if asked == ("www.example.com", A):
        found = [record("www.example.com", CNAME, name("web.example.com"))]
        found.append(record("web.example.com", A, bytes([192, 0, 2, 80])))
        return message(number, own, asked, found, additional=[edns()])
    if asked == ("www.example.com", AAAA):
        found = [record("www.example.com", CNAME, name("web.example.com"))]
        return message(number, own, asked, found, [soa("example.com")], [edns()])
    if asked == ("gone.example.com", A):
        return message(number, own | 3, asked, (), [soa("example.com")], [edns()])
    if asked == ("www.lab.example.com", A):
        zone = [record("lab.example.com", NS, name("ns.lab.example.com"), 86400)]
        glue = [record("ns.lab.example.com", A, bytes([192, 0, 2, 53]), 86400), edns()]
        return message(number, RESPONSE | WANTED, asked, (), zone, glue)
    if asked == ("long.example.com", TXT):
        if over_tcp:
            return message(number, own, asked, LONG, additional=[edns()])
        return message(number, own | TRUNCATED, asked, additional=[edns()])
    return None


def dns(port, _):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((HOST, port))
    listener = socket.create_server((HOST, port))

    def datagrams():
        while True:
            query, client = udp.recvfrom(4096)
            response = answer_to(query, False)
            if response:
                udp.sendto(response, client)

    def stream():
        peer, _ = listener.accept()
        with peer, peer.makefile("rb") as reader:
            length = struct.unpack("!H", reader.read(2))[0]
            response = answer_to(reader.read(length), True)
            peer.sendall(struct.pack("!H", len(response)) + response)
            reader.read()

    in_thread(datagrams)
    in_thread(stream)
    questions = [
        ("www.example.com", A),
        ("www.example.com", AAAA),
        ("gone.example.com", A),
        ("www.lab.example.com", A),
        ("long.example.com", TXT),
        ("silent.example.com", A),
    ]
    for number, asked in enumerate(questions, 0x1001):
        query = message(number, WANTED, asked, additional=[edns()])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect((HOST, port))
            client.settimeout(0.3)
            client.send(query)
            try:
                response = client.recv(4096)
            except TimeoutError:
                continue
        if struct.unpack("!H", response[2:4])[0] & TRUNCATED:
            with socket.create_connection((HOST, port)) as client, client.makefile("rb") as reader:
                client.sendall(struct.pack("!H", len(query)) + query)
                reader.read(struct.unpack("!H", reader.read(2))[0])


# --- HTTP

PAGE = b"<!DOCTYPE html>\n<title>A lab</title>\n<p>Hello from 127.0.0.1.\n"
TAG = '"lab-1"'


def http_answer(head):
    target = head.split(b" ")[1]
    lines = [f"Date: {formatdate(usegmt=True)}", "Server: talks/1"]
    if target == b"/" and b'If-None-Match: "lab-1"' in head:
        return "304 Not Modified", [*lines, f"ETag: {TAG}"], b""
    if target == b"/":
        return "200 OK", [*lines, f"ETag: {TAG}", "Content-Type: text/html", f"Content-Length: {len(PAGE)}"], PAGE
    if target == b"/chunked":
        parts = [b"The first part. ", b"The second part. ", b"The last one.\n"]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        return "200 OK", [*lines, "Content-Type: text/plain", "Transfer-Encoding: chunked"], body
    if target == b"/packed":
        body = gzip.compress(b"The same line again and again.\n" * 20, mtime=0)
        length = f"Content-Length: {len(body)}"
        return "200 OK", [*lines, "Content-Type: text/plain", "Content-Encoding: gzip", length], body
    body = b"There is no such page.\n"
    closing = [*lines, "Content-Type: text/plain", f"Content-Length: {len(body)}", "Connection: close"]
    return "404 Not Found", closing, body


def http(port, _):
    listener = socket.create_server((HOST, port))

    def serve():
        peer, _ = listener.accept()
        with peer, peer.makefile("rb") as reader:
            while True:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = reader.readline()
                    if not line:
                        return
                    head += line
                status, lines, body = http_answer(head)
                peer.sendall("\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body)
                if "Connection: close" in lines:
                    return

    thread = in_thread(serve)
    with socket.create_connection((HOST, port)) as client:
        for target, more in [
            ("/", ""),
            ("/chunked", ""),
            ("/packed", "Accept-Encoding: gzip\r\n"),
            ("/", f"If-None-Match: {TAG}\r\n"),
            ("/missing", ""),
        ]:
            request = f"GET {target} HTTP/1.1\r\nHost: {HOST}:{port}\r\nUser-Agent: talks/1\r\n{more}\r\n"
            client.sendall(request.encode())
            time.sleep(0.05)
            client.recv(65536)
        thread.join(2)


# --- TLS


def tls(port, folder):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(f"{folder}/chain.pem", f"{folder}/key.pem")
    server.set_alpn_protocols(["http/1.1"])
    listener = socket.create_server((HOST, port))

    def serve():
        while True:
            peer, _ = listener.accept()
            try:
                with server.wrap_socket(peer, server_side=True) as inside:
                    inside.recv(1024)
                    inside.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nHi\n")
                    inside.unwrap()
            except (ssl.SSLError, OSError):
                peer.close()

    in_thread(serve)
    for host, version in [
        ("www.example.com", ssl.TLSVersion.TLSv1_2),
        ("www.example.com", ssl.TLSVersion.TLSv1_3),
        ("www.example.net", ssl.TLSVersion.TLSv1_2),
    ]:
        client = ssl.create_default_context(cafile=f"{folder}/ca.pem")
        client.minimum_version = client.maximum_version = version
        client.set_alpn_protocols(["h2", "http/1.1"])
        plain = socket.create_connection((HOST, port))
        try:
            with client.wrap_socket(plain, server_hostname=host) as inside:
                inside.sendall(b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
                inside.recv(1024)
                inside.unwrap()
        except ssl.SSLError:
            # The certificate is not for that host: the client says so in an alert.
            plain.close()
        time.sleep(0.1)


if __name__ == "__main__":
    {"dns": dns, "http": http, "tls": tls}[sys.argv[1]](int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ".")
