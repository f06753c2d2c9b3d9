"""A name server for tests: dnsd.py ZONE PORTFILE

ZONE has lines "NAME TYPE TEXT": TXT with its text in the rest of the line (over
255 bytes it is cut into strings), MX with "10 host", CNAME with a host.  TYPE
FAIL answers SERVFAIL for the name.  A name with others below it and no line of
its own exists; any other is NXDOMAIN.  Serves UDP and TCP on one port of
127.0.0.1, which it writes to PORTFILE; what does not fit into 512 bytes is
marked as cut over UDP.  Each question is appended to PORTFILE.log.
"""
import os
import socketserver
import struct
import sys
import threading

TYPES = {"TXT": 16, "MX": 15, "CNAME": 5}
zone = {}
names = set()
log = None


def read_zone(path):
    for line in open(path, encoding="utf-8"):
        name, kind, text = line.rstrip("\n").split(" ", 2)
        zone.setdefault(name.lower(), []).append((kind, text))
        labels = name.lower().split(".")
        for i in range(len(labels)):
            names.add(".".join(labels[i:]))


def wire_name(name):
    name = name.rstrip(".")
    labels = name.encode().split(b".") if name else []
    return b"".join(bytes([len(x)]) + x for x in labels) + b"\0"


def rdata(kind, text):
    if kind == "TXT":
        raw = text.encode()
        parts = [raw[i:i + 255] for i in range(0, len(raw), 255)] or [b""]
        return b"".join(bytes([len(p)]) + p for p in parts)
    if kind == "MX":
        number, host = text.split(" ")
        return struct.pack(">H", int(number)) + wire_name(host)
    return wire_name(text)


def answer(query, limit):
    ident, flags = struct.unpack(">HH", query[:4])
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    kind = struct.unpack(">H", query[at + 1:at + 3])[0]
    question = query[12:at + 5]
    name = ".".join(labels).lower()
    log.write("%s %d\n" % (name, kind))
    log.flush()
    rows = zone.get(name, [])
    code = 0 if name in names else 3
    if any(k == "FAIL" for k, _ in rows):
        code, rows = 2, []
    records = b""
    count = 0
    for k, text in rows:
        if TYPES[k] == kind:
            data = rdata(k, text)
            records += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60,
                                                 len(data)) + data
            count += 1
    bits = 0x8400 | (flags & 0x0100) | 0x0080 | code
    if 12 + len(question) + len(records) > limit:
        bits, records, count = bits | 0x0200, b"", 0
    return struct.pack(">HHHHHH", ident, bits, 1, count, 0, 0) + question + \
        records


class Udp(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        sock.sendto(answer(data, 512), self.client_address)


class Tcp(socketserver.StreamRequestHandler):
    def handle(self):
        size = self.rfile.read(2)
        while len(size) == 2:
            out = answer(self.rfile.read(struct.unpack(">H", size)[0]), 65535)
            self.wfile.write(struct.pack(">H", len(out)) + out)
            size = self.rfile.read(2)


def serve():
    # A port that is free for UDP may not be for TCP.
    for _ in range(50):
        udp = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Udp)
        try:
            tcp = socketserver.ThreadingTCPServer(udp.server_address, Tcp)
            break
        except OSError:
            udp.server_close()
    else:
        sys.exit("dnsd: no port")
    tcp.daemon_threads = True
    threading.Thread(target=tcp.serve_forever, daemon=True).start()
    with open(sys.argv[2] + ".tmp", "w", encoding="utf-8") as f:
        f.write("%d\n" % udp.server_address[1])
    os.rename(sys.argv[2] + ".tmp", sys.argv[2])
    udp.serve_forever()


log = open(sys.argv[2] + ".log", "a", encoding="utf-8")
read_zone(sys.argv[1])
serve()
