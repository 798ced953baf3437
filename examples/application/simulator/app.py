"""From a request to its answer: the routes, and what becomes of errors."""

import json
import logging
import re
from typing import Any

from . import handlers

_ROUTES = (
    ("POST", r"/sessions", handlers.start),
    ("GET", r"/sessions", handlers.sessions),
    ("GET", r"/sessions/([\w-]+)", handlers.talk),
    ("POST", r"/sessions/([\w-]+)/chat", handlers.chat),
    ("POST", r"/sessions/([\w-]+)/finish", handlers.finish),
    ("GET", r"/users/([\w-]+)/history", handlers.history),
    ("GET", r"/users/([\w-]+)/readiness", handlers.readiness),
)
_TAKE_A_BODY = (handlers.start, handlers.chat)


def answer(method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, bytes]:
    """Return the status and the body of the answer to a request."""
    status, found = _answered(method, path, body or {})
    return status, json.dumps(found, ensure_ascii=False).encode()


def _answered(method: str, path: str, body: dict[str, Any]) -> handlers.Answer:
    for verb, pattern, handler in _ROUTES:
        match = re.fullmatch(pattern, path)
        if verb == method and match:
            arguments = (*match.groups(), body) if handler in _TAKE_A_BODY else match.groups()
            try:
                return handler(*arguments)
            except Exception:
                logging.exception("%s %s failed.", method, path)
                return 500, {"error": "This did not work."}
    return 404, {"error": "There is no such endpoint."}
