#!/usr/bin/python3
"""usage: smtpplay.py DIRECTORY [OPTION]...

An SMTP server for tests that says what it is told to say.  It takes a free
port of 127.0.0.1, prints its number, and goes on until it is killed.

	--offer LINE		a line of the reply to EHLO, such as "SIZE 1000"
	--auth MECHANISMS	offer AUTH; the user is "citas", and the password
				"c0rrect horse"
	--tls CERT KEY		TLS from the first byte
	--starttls CERT KEY	TLS after STARTTLS
	--idle SECONDS		421 and good-bye to who is silent for so long
	--reply [LOCAL@]STAGE[:N]=TEXT
				at that stage (greeting, ehlo, starttls, auth,
				mail, rcpt, data, dot), for that local part of the
				recipient (from RCPT on), and the N-th time on a
				connection if N is given, TEXT is the reply; "\\n"
				divides its lines.  421 ends the connection.
				"hang" says nothing more; "drop" hangs up;
				"wait=N" says the usual when N mails were taken;
				"cut=TEXT" says TEXT as it is, and hangs up

DIRECTORY/log gets a line for each connection ("1 connect"), command ("1 MAIL
FROM:<a@b>") and login ("1 login PLAIN"), and for each mail that it took ("1 took
ana@example.org"), of which DIRECTORY/NUMBER.eml has the bytes as they came,
"bare" in the log if one had a line end that is not CR LF.
"""

import base64
import socket
import ssl
import struct
import sys
import threading
import time

CREDENTIALS = [b"citas", b"c0rrect horse"]
STANDARD = {
    "greeting": "220 play.test ESMTP",
    "starttls": "220 2.0.0 Go ahead",
    "mail": "250 2.1.0 Ok",
    "rcpt": "250 2.1.5 Ok",
    "data": "354 End with a dot",
    "dot": "250 2.0.0 Ok",
}


class Gone(Exception):
    pass


class Play:
    def __init__(self, args):
        self.directory = args.pop(0)
        self.offers, self.rules, self.auth = [], [], None
        self.idle, self.tls, self.starttls = None, None, None
        while args:
            getattr(self, "option_" + args.pop(0).lstrip("-"))(args)
        self.lock = threading.Lock()
        self.connections = self.mails = 0

    def option_offer(self, args):
        self.offers.append(args.pop(0))

    def option_auth(self, args):
        self.auth = args.pop(0)

    def option_idle(self, args):
        self.idle = float(args.pop(0))

    def option_tls(self, args):
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(args.pop(0), args.pop(0))

    def option_starttls(self, args):
        self.starttls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.starttls.load_cert_chain(args.pop(0), args.pop(0))

    def option_reply(self, args):
        when, text = args.pop(0).split("=", 1)
        local, _, when = when.rpartition("@")
        stage, _, count = when.partition(":")
        self.rules.append((local, stage, int(count or 0), text))

    def log(self, text):
        with self.lock, open(self.directory + "/log", "a") as file:
            file.write(text + "\n")

    def serve(self):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            self.connections += 1
            session = Session(self, connection, self.connections)
            threading.Thread(target=session.run, daemon=True).start()


class Session:
    def __init__(self, play, connection, number):
        self.play, self.socket, self.number = play, connection, number
        self.counts, self.local, self.rest = {}, "", b""
        self.secured = False

    def run(self):
        self.log("connect")
        try:
            if self.play.tls:
                self.wrap(self.play.tls)
            self.say("greeting")
            while True:
                self.obey(self.line())
        except (Gone, OSError):
            pass
        self.socket.close()

    def log(self, text):
        self.play.log("%d %s" % (self.number, text))

    def wrap(self, context):
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.rest, self.secured = b"", True

    def line(self):
        while b"\n" not in self.rest:
            self.socket.settimeout(self.play.idle)
            try:
                data = self.socket.recv(65536)
            except socket.timeout:
                self.send("421 4.4.2 Idle for too long")
                raise Gone
            if not data:
                raise Gone
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return line + b"\n"

    def send(self, text):
        lines = text.split("\\n")
        for i, line in enumerate(lines):
            if i < len(lines) - 1:
                line = line[:3] + "-" + line[4:]
            self.socket.sendall(line.encode() + b"\r\n")

    def say(self, stage, standard=None):
        """True when the reply is of class 2 or 3."""
        count = self.counts[stage] = self.counts.get(stage, 0) + 1
        text = standard or STANDARD[stage]
        for local, where, number, reply in self.play.rules:
            if where == stage and number in (0, count) and (
                not local or local == self.local
            ):
                text = reply
                break
        if text == "hang":
            while self.socket.recv(65536):
                pass
            raise Gone
        if text.startswith("wait="):
            while self.play.mails < int(text[5:]):
                time.sleep(0.02)
            text = STANDARD[stage]
        if text == "drop":
            self.socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            raise Gone
        if text.startswith("cut="):
            self.socket.sendall(text[4:].replace("\\n", "\r\n").encode())
            raise Gone
        self.send(text)
        if text.startswith("421"):
            raise Gone
        return text[0] in "23"

    def obey(self, line):
        text = line.decode(errors="replace").strip()
        verb = text.split(" ")[0].upper()
        if verb == "AUTH":
            self.log("AUTH " + text.split(" ")[1])
            self.login(text.split(" "))
            return
        self.log(text)
        if verb in ("EHLO", "HELO"):
            self.say("ehlo", "\\n".join("250 " + o for o in self.offers()))
        elif verb == "STARTTLS" and self.say("starttls"):
            self.wrap(self.play.starttls)
        elif verb == "MAIL":
            self.say("mail")
        elif verb == "RCPT":
            self.local = text.split("<")[-1].split("@")[0]
            self.say("rcpt")
        elif verb == "DATA":
            if self.say("data"):
                self.take(text)
        elif verb == "QUIT":
            self.send("221 2.0.0 Bye")
            raise Gone
        elif verb != "STARTTLS":
            self.send("500 5.5.2 What?")

    def offers(self):
        offers = ["play.test"] + self.play.offers
        if self.play.starttls and not self.secured:
            offers.append("STARTTLS")
        if self.play.auth and (self.secured or not self.play.starttls):
            offers.append("AUTH " + self.play.auth)
        return offers

    def ask(self, text):
        self.send("334 " + base64.b64encode(text).decode())
        return base64.b64decode(self.line())

    def login(self, words):
        if words[1] == "PLAIN":
            given = base64.b64decode(words[2]) if words[2:] else self.ask(b"")
            given = given.split(b"\0")[1:]
        else:
            given = [
                base64.b64decode(words[2]) if words[2:]
                else self.ask(b"Username:"),
                self.ask(b"Password:"),
            ]
        if given != CREDENTIALS:
            self.send("535 5.7.8 Authentication failed")
        elif self.say("auth", "235 2.7.0 Welcome"):
            self.log("login " + words[1])

    def take(self, _):
        mail, bare = b"", False
        while True:
            line = self.line()
            if line == b".\r\n":
                break
            bare = bare or line[-2:] != b"\r\n"
            mail += line[1:] if line.startswith(b".") else line
        if bare:
            self.log("bare")
        count = self.counts.get("dot", 0) + 1
        taken = [r[3] for r in self.play.rules if r[1] == "dot" and
                 r[2] in (0, count) and r[0] in ("", self.local)]
        # What is not refused is taken, also when nobody hears of it.
        if not taken or taken[0][0] not in "45":
            with self.play.lock:
                self.play.mails += 1
                name = "%s/%04d.eml" % (self.play.directory, self.play.mails)
            with open(name, "wb") as file:
                file.write(mail)
            self.log("took " + self.local)
        self.say("dot")


Play(sys.argv[1:]).serve()
