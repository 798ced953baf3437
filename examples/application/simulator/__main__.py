"""Serves the application: `python -m simulator PORT`. Synchronous handlers, in a pool of threads."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from .app import answer


class _Server(HTTPServer):
    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Request)
        self._threads = ThreadPoolExecutor(min(32, (os.cpu_count() or 1) + 4))

    def process_request(self, request: Any, client_address: Any) -> None:
        self._threads.submit(self._serve, request, client_address)

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except Exception:
            self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)


class _Request(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(json.loads(sent or b"{}"))

    def _answer(self, body: dict[str, Any] | None) -> None:
        status, found = answer(self.command, self.path, body)
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(found)))
        self.end_headers()
        self.wfile.write(found)


if __name__ == "__main__":
    _Server(int(sys.argv[1]) if len(sys.argv) > 1 else 8000).serve_forever()
