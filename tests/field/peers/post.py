"""A mail server or a web server that keeps what it is sent, on a port of this machine.

Reads one JSON document from standard input: the kind (`smtp`, `smtps` or `http`), the port, the file to append to, the
certificate and its key where it speaks TLS, the log-in that it wants, and what it answers. Every message is one line of
JSON in the file, on disk before it is confirmed.
"""

import asyncio
import email
import email.policy
import http.server
import json
import os
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult


def keep(told, entry):
    with open(told["log"], "a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
        file.flush()
        os.fsync(file.fileno())


def tls(told):
    if "certificate" not in told:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(told["certificate"], told["key"])
    return context


class Mailbox:
    def __init__(self, told):
        self.told = told

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        keep(
            self.told,
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "private": session.ssl is not None,
                "authenticated": session.authenticated,
                "headers": {name: str(value) for name, value in message.items()},
                "text": message.get_content(),
            },
        )
        return "250 2.0.0 kept"

    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = self.told.get("answer")
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"


class Quiet(Controller):
    """A controller that serves SMTP or SMTPS as it is told."""

    def __init__(self, told):
        self.told = told
        wrapper = tls(told) if told["kind"] == "smtps" else None
        super().__init__(Mailbox(told), hostname="127.0.0.1", port=told["port"], ssl_context=wrapper)

    def factory(self):
        login = self.told.get("login")

        def authenticate(server, session, envelope, mechanism, data):
            given = [data.login.decode(), data.password.decode()]
            return AuthResult(success=given == login, handled=False)

        return SMTP(
            self.handler,
            hostname="mail.test",
            tls_context=tls(self.told) if self.told["kind"] == "smtp" else None,
            require_starttls=self.told["kind"] == "smtp" and "certificate" in self.told,
            authenticator=authenticate if login else None,
            auth_required=bool(login),
            auth_require_tls=bool(login) and self.told["kind"] == "smtp",
        )


def hook(told):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            keep(told, {"path": self.path, "headers": {name.lower(): value for name, value in self.headers.items()}, "text": body})
            self.send_response(int(told.get("answer") or 200))
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", told["port"]), Handler)
    context = tls(told)
    if context:
        # A handshake that fails ends that connection alone.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


told = json.load(sys.stdin)
if told["kind"] == "http":
    hook(told)
else:
    Quiet(told).start()
    asyncio.new_event_loop().run_forever()
