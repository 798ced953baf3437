"""A server that speaks another language: a proxy rewrites the words of its errors and notices.

The embedded server is built without translations, so no lc_messages changes what it says. As in a
translated server, codes, names in quotes and what our own functions raise stay as they are.
"""

import re
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from loaders.database.settings import DatabaseSettings

_TLS_OR_GSS = (80877103, 80877104)
_CANCEL = 80877102
_SEVERITIES = {b"ERROR": b"FEHLER", b"NOTICE": b"HINWEIS", b"WARNING": b"WARNUNG"}
_WORD_OR_QUOTED = re.compile(rb'"[^"]*"|\([^)]*\)|[A-Za-z]+')
# raise in PL/pgSQL: its words are the function's own.
_RAISED = b"exec_stmt_raise"


@contextmanager
def other_language(settings: DatabaseSettings) -> Iterator[DatabaseSettings]:
    """Yield settings for the same server, of which not one English word arrives."""
    with _Proxy(settings) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            place = {"host": "127.0.0.1", "port": str(proxy.server_address[1])}
            yield DatabaseSettings({**settings.parameters, **place})
        finally:
            proxy.shutdown()
            thread.join()


class _Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, settings: DatabaseSettings) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        folder = Path(settings.parameters["host"])
        self.upstream = str(folder / f".s.PGSQL.{settings.parameters['port']}")

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: connections are lost on purpose."""


class _Session(socketserver.BaseRequestHandler):
    server: _Proxy
    request: socket.socket

    def handle(self) -> None:
        with socket.socket(socket.AF_UNIX) as upstream, suppress(OSError, EOFError):
            upstream.connect(self.server.upstream)
            code = self._begin(upstream)
            if code == _CANCEL:
                return
            threading.Thread(target=_pass_on, args=(self.request, upstream), daemon=True).start()
            self._translate(upstream)

    def _begin(self, upstream: socket.socket) -> int:
        """Pass the first message on, without TLS; return its code."""
        while True:
            head = _read(self.request, 8)
            length, code = struct.unpack("!ii", head)
            if code not in _TLS_OR_GSS:
                upstream.sendall(head + _read(self.request, length - 8))
                return int(code)
            self.request.sendall(b"N")

    def _translate(self, upstream: socket.socket) -> None:
        with upstream.makefile("rb") as answers:
            while head := answers.read(5):
                body = answers.read(struct.unpack("!i", head[1:])[0] - 4)
                if head[:1] in (b"E", b"N"):
                    body = _translated(body)
                self.request.sendall(head[:1] + struct.pack("!i", len(body) + 4) + body)
        self.request.shutdown(socket.SHUT_RDWR)


def _translated(body: bytes) -> bytes:
    fields = {field[:1]: field[1:] for field in body.split(b"\0") if field}
    words = b"W" if fields.get(b"R") == _RAISED else b"MDHW"
    for key in fields.keys() & {words[i : i + 1] for i in range(len(words))}:
        fields[key] = _WORD_OR_QUOTED.sub(_foreign, fields[key])
    fields[b"S"] = _SEVERITIES.get(fields[b"S"], b"PANNE")
    return b"".join(key + value + b"\0" for key, value in fields.items()) + b"\0"


def _foreign(found: re.Match[bytes]) -> bytes:
    word = found[0]
    if word.startswith(b'"'):
        return "»".encode() + word[1:-1] + "«".encode()
    return word if word.startswith(b"(") else "größe".encode()


def _read(sender: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = sender.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _pass_on(sender: socket.socket, receiver: socket.socket) -> None:
    with suppress(OSError):
        while data := sender.recv(65536):
            receiver.sendall(data)
        receiver.shutdown(socket.SHUT_WR)
