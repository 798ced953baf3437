"""JSON text with numbers spelled as a test wants them: 1E2, -0, 2.50, a thousand digits."""

import json
from datetime import datetime
from pathlib import Path
from typing import NamedTuple


class Numeral(str):
    """A number of JSON, written as it stands."""

    __slots__ = ()


class File(NamedTuple):
    """A document of a tree: its text and the time of its file."""

    text: str
    modified_at: datetime


def dumps(value: object) -> str:
    """Return JSON text; numerals keep their spelling."""
    if isinstance(value, Numeral):
        return str(value)
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)}: {dumps(entry)}" for key, entry in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dumps, value)) + "]"
    return json.dumps(value)


def write_text(root: Path, path: str, text: str) -> Path:
    """Write a document of a tree."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file
