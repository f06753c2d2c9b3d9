#!/usr/bin/python3
"""usage: smtpd.py DIRECTORY [--refuse-auth] [--quit-after-refusal]

An SMTP server for tests.  It takes a free port of 127.0.0.1, prints its number
on standard output, and goes on until it is killed.  Each mail that it has
taken is a file DIRECTORY/NUMBER.RECIPIENT.eml, byte for byte.  What it answers
depends on the local part of the recipient:

	later...	450 4.7.1 to RCPT
	once...		the same, but only the first time
	nobody...	550 5.1.1 to RCPT
	spam...		554 5.7.1 to the final dot
	drop...		takes the mail, and hangs up without an answer; only
			the first time
	others		250

With --utf8 it offers SMTPUTF8.  With --lenient it does not, and takes addresses
beyond ASCII all the same.
With --refuse-auth it offers AUTH, and answers 535.  With --quit-after-refusal
it hangs up and stops listening after the first 550.
"""

import asyncio
import os
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, directory, quit_after_refusal):
        self.directory = directory
        self.quit_after_refusal = quit_after_refusal
        self.seen = set()
        self.count = 0
        self.listener = None

    def is_first(self, recipient):
        first = recipient not in self.seen
        self.seen.add(recipient)
        return first

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name.startswith("later") or (
            name.startswith("once") and self.is_first(address)
        ):
            return "450 4.7.1 Greylisted, come back later"
        if name.startswith("nobody"):
            if self.quit_after_refusal:
                self.listener.close()
                await server.push("550 5.1.1 No such user here")
                server.transport.close()
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        recipient = envelope.rcpt_tos[0]
        name = recipient.split("@")[0]
        if name.startswith("spam"):
            return "554 5.7.1 Refused by content"
        self.count += 1
        path = os.path.join(
            self.directory, "%04d.%s.eml" % (self.count, recipient)
        )
        with open(path, "wb") as file:
            file.write(envelope.original_content)
        if name.startswith("drop") and self.is_first(recipient):
            server.transport.abort()
        return "250 2.0.0 OK"


class Lenient(SMTP):
    """Decodes as with SMTPUTF8, and does not say so."""

    def __init__(self, *args, **more):
        super().__init__(*args, enable_SMTPUTF8=True, **more)

    async def push(self, status):
        if "SMTPUTF8" not in str(status):
            await super().push(status)


def refuse(server, session, envelope, mechanism, data):
    return AuthResult(
        success=False,
        handled=False,
        message="535 5.7.8 Authentication credentials invalid",
    )


async def main():
    handler = Handler(sys.argv[1], "--quit-after-refusal" in sys.argv)
    more = {}
    if "--refuse-auth" in sys.argv:
        more = {
            "authenticator": refuse,
            "auth_required": True,
            "auth_require_tls": False,
        }
    if "--utf8" in sys.argv:
        more["enable_SMTPUTF8"] = True
    server = Lenient if "--lenient" in sys.argv else SMTP
    handler.listener = await asyncio.get_running_loop().create_server(
        lambda: server(handler, hostname="mx.test", **more), "127.0.0.1", 0
    )
    print(handler.listener.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
