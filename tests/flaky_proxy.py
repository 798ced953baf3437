"""A proxy in front of a store that fails as it is told, and remembers what was asked."""

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

FORWARD = "forward"
DROP = "drop"
CUT = "cut"


@dataclass(frozen=True)
class Asked:
    """A request: its address as it was sent, and whether it is for a page of a listing."""

    path: str

    @property
    def query(self) -> dict[str, str]:
        """The query, unescaped."""
        return {key: values[-1] for key, values in parse_qs(urlsplit(self.path).query).items()}

    @property
    def is_listing(self) -> bool:
        """Whether a page is asked for, not a document."""
        return self.query.get("comp") == "list" or "list-type" in self.query


@dataclass(frozen=True)
class Refusal:
    """An answer that both kinds of store would give, with whatever they say beside the code."""

    status: int
    code: str
    says: str = "Because."


# What becomes of a request: FORWARD, DROP the connection, CUT the answer in half, or refuse.
Rule = Callable[[Asked], str | Refusal]


class FlakyProxy(ThreadingHTTPServer):
    """Forwards to 127.0.0.1:port whatever rule lets pass."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = port
        self.rule: Rule = lambda asked: FORWARD
        self.asked: list[Asked] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: connections are broken on purpose."""

    def fail(self, times: int, how: str | Refusal) -> None:
        """Let so many requests fail, and forward those that follow."""
        outcomes = iter([how] * times)
        lock = threading.Lock()

        def rule(asked: Asked) -> str | Refusal:
            with lock:
                return next(outcomes, FORWARD)

        self.rule = rule

    @property
    def pages(self) -> list[Asked]:
        """The requests for a page."""
        return [asked for asked in self.asked if asked.is_listing]

    @property
    def reads(self) -> list[Asked]:
        """The requests for a document, or a part of one."""
        return [asked for asked in self.asked if not asked.is_listing]


@contextmanager
def running_proxy(port: int) -> Iterator[FlakyProxy]:
    """Run a proxy in front of a local port."""
    with FlakyProxy(port) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FlakyProxy

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        asked = Asked(self.path)
        self.server.asked.append(asked)
        outcome = self.server.rule(asked)
        if outcome == DROP:
            self._drop()
        elif isinstance(outcome, Refusal):
            self._refuse(outcome)
        else:
            self._forward(is_cut=outcome == CUT)

    def _forward(self, is_cut: bool) -> None:
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=60)
        upstream.putrequest("GET", self.path, skip_host=True, skip_accept_encoding=True)
        for key, value in self.headers.items():
            upstream.putheader(key, value)
        upstream.endheaders()
        answer = upstream.getresponse()
        body = answer.read()
        headers = {
            key: value
            for key, value in answer.getheaders()
            if key.lower() not in ("connection", "content-length", "transfer-encoding")
        }
        upstream.close()
        self._answer(answer.status, headers, body, len(body) // 2 if is_cut else len(body))
        if is_cut:
            self._drop()

    def _refuse(self, refusal: Refusal) -> None:
        body = (
            '<?xml version="1.0" encoding="utf-8"?>'
            f"<Error><Code>{refusal.code}</Code><Message>{refusal.says}</Message></Error>"
        ).encode()
        headers = {"Content-Type": "application/xml", "x-ms-error-code": refusal.code}
        self._answer(refusal.status, headers, body, len(body))

    def _answer(self, status: int, headers: dict[str, str], body: bytes, sent: int) -> None:
        self.send_response_only(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:sent])

    def _drop(self) -> None:
        self.wfile.flush()
        # Reset, instead of an end that could be taken for the body's.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
