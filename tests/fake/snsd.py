#!/usr/bin/python3
"""Plays Amazon SNS for tests.

snsd.py keys DIR
    Makes DIR/sign.key and DIR/certs/Sign.pem, which signs, and DIR/tls.pem,
    the key and certificate of a server sns.us-east-1.amazonaws.com.
snsd.py sign DIR
    Signs each envelope of standard input, one a line: as SignatureVersion says.
snsd.py spool DIR SPOOL RECEIVED
    The same, and puts each into SPOOL/inbound/new as omni-ingest would.
snsd.py serve DIR
    Is a proxy for CONNECT on a port of 127.0.0.1, which it prints, and behind
    it every server that is asked for.  Gives the files of DIR/www, each request
    noted in DIR/log; "STATUS" in the first line of a file NAME.status comes
    before it.
"""
import base64
import datetime
import http.server
import json
import os
import socketserver
import ssl
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HOST = "sns.us-east-1.amazonaws.com"


def certificate(key, first, last):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    return (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(7)
            .not_valid_before(datetime.datetime(first, 1, 1))
            .not_valid_after(datetime.datetime(last, 1, 1))
            .add_extension(x509.SubjectAlternativeName(
                [x509.DNSName(HOST)]), critical=False)
            .sign(key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM))


def private(key):
    return key.private_bytes(serialization.Encoding.PEM,
                             serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def keys(where):
    os.makedirs(where + "/certs", exist_ok=True)
    key = rsa.generate_private_key(65537, 2048)
    short = rsa.generate_private_key(65537, 1024)
    write(where + "/sign.key", private(key))
    write(where + "/certs/Sign.pem", certificate(key, 2020, 2060))
    write(where + "/certs/Old.pem", certificate(key, 2020, 2024))
    write(where + "/certs/Short.pem", certificate(short, 2020, 2060))
    write(where + "/certs/None.pem", b"<html>\n")
    key = rsa.generate_private_key(65537, 2048)
    write(where + "/tls.crt", certificate(key, 2020, 2060))
    write(where + "/tls.pem", private(key) + certificate(key, 2020, 2060))


def signed(key, envelope):
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn",
             "Type"]
    if envelope["Type"] != "Notification":
        names[2:3] = ["SubscribeURL"]
        names.insert(4, "Token")
    text = "".join("%s\n%s\n" % (n, envelope[n]) for n in names
                   if n in envelope)
    digest = hashes.SHA1() if envelope["SignatureVersion"] == "1" \
        else hashes.SHA256()
    envelope["Signature"] = base64.b64encode(key.sign(
        text.encode(), padding.PKCS1v15(), digest)).decode()
    return json.dumps(envelope)


def sign(where, put):
    with open(where + "/sign.key", "rb") as f:
        key = serialization.load_pem_private_key(f.read(), None)
    for line in sys.stdin:
        put(signed(key, json.loads(line)))


def spool(where, to, received):
    count = 0

    def put(text):
        nonlocal count
        count += 1
        write("%s/inbound/new/1.%09d.t" % (to, count), (
            "Hook: ses\nReceived: %s\nContent-Type: text/plain\nQuery: \n"
            "Token: \n\n%s" % (received, text)).encode())

    os.makedirs(to + "/inbound/new", exist_ok=True)
    sign(where, put)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_CONNECT(self):
        self.send_response(200)
        self.end_headers()
        host = self.path
        try:
            tls = self.server.tls.wrap_socket(self.connection,
                                              server_side=True)
            inside = tls.makefile("rb")
            words = inside.readline().decode().split()
            while inside.readline() not in (b"\r\n", b""):
                pass
            self.answer(tls, host, words)
            tls.unwrap()
        except OSError:
            pass
        self.close_connection = True

    def answer(self, tls, host, words):
        if len(words) < 2:
            return
        with open(self.server.where + "/log", "a") as f:
            f.write("%s %s %s\n" % (words[0], host, words[1]))
        path = self.server.where + "/www/" + \
            words[1].lstrip("/").split("?")[0]
        status, body = "404 Not Found", b""
        if os.path.isfile(path):
            status = "200 OK"
            with open(path, "rb") as f:
                body = f.read()
        if os.path.isfile(path + ".status"):
            with open(path + ".status") as f:
                status = f.readline().strip()
        tls.sendall(("HTTP/1.1 %s\r\nLocation: https://evil.example/\r\n"
                     "Content-Length: %d\r\nConnection: close\r\n\r\n" %
                     (status, len(body))).encode() + body)

    def log_message(self, *_):
        pass


def serve(where):
    os.makedirs(where + "/www", exist_ok=True)
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.where = where
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(where + "/tls.pem")
    print(server.server_address[1], flush=True)
    server.serve_forever()


if sys.argv[1] == "keys":
    keys(sys.argv[2])
elif sys.argv[1] == "sign":
    sign(sys.argv[2], print)
elif sys.argv[1] == "spool":
    spool(*sys.argv[2:])
else:
    serve(sys.argv[2])
