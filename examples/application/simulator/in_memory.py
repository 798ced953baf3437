"""The application's four helpers on a dictionary, which holds JSON as files do."""

import json
from pathlib import Path
from typing import Any

DOCUMENTS: dict[str, str] = {}

_CONFIGURATION = Path(__file__).parent.parent / "configuration"


def read_json(path: str) -> Any | None:
    """Return the document at a path, None if there is none."""
    text = DOCUMENTS.get(path)
    if text is None and (_CONFIGURATION / path).is_file():
        text = (_CONFIGURATION / path).read_text(encoding="utf-8")
    return None if text is None else json.loads(text)


def write_json(path: str, obj: Any) -> None:
    """Write a document over whatever is there."""
    DOCUMENTS[path] = json.dumps(obj, ensure_ascii=False)


def blob_exists(path: str) -> bool:
    """Return whether there is such a document."""
    return path in DOCUMENTS


def list_blob_names(prefix: str) -> list[str]:
    """Return the names that begin with a prefix."""
    return sorted(name for name in DOCUMENTS if name.startswith(prefix))
