"""No files here: bodies, logs and keys are JSON too."""

import hashlib
import json
import logging
import urllib.request

log = logging.getLogger(__name__)


def answer(status: int, body: dict) -> tuple[int, bytes]:
    log.info("answer %s", json.dumps({"status": status}))
    return status, json.dumps(body).encode()


def parse(request) -> dict:
    return json.loads(request.body)


def availability(session, isbn: str) -> dict:
    response = session.get(f"https://union.example/{isbn}.json")
    return response.json()


def title(isbn: str) -> str:
    with urllib.request.urlopen(f"https://books.example/{isbn}.json") as response:
        return json.load(response)["title"]


def cache_key(query: dict) -> str:
    return hashlib.sha256(json.dumps(query, sort_keys=True).encode()).hexdigest()
