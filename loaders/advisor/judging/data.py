"""What files of a data tree show: the types of their keys, never their values."""

import json
import os
import re
from pathlib import Path

from loaders.advisor.flow.templates import JSON_ENDINGS, shape, snake
from loaders.advisor.flow.values import Text

_MOST_FILES = 50
_LARGEST = 2_000_000
_IDS = re.compile(
    r"[0-9]+|(?i:[0-9a-f]{8,}(-[0-9a-f]+)*)|[^@\s]+@[^@\s]+|\d{4}-\d\d(-\d\d)?.*|\S*\d{3,}\S*"
)


class DataShapes:
    """The files of a tree, by every path under which code may name them."""

    def __init__(self, files: dict[str, Path]) -> None:
        self.files = files

    def types_of(self, template: Text) -> dict[str, str]:
        """Return the type of each key in the files of a template, as far as all agree."""
        pattern = re.compile("([^/]+)".join(map(re.escape, shape(template).split("\1"))))
        found: dict[str, set[str]] = {}
        matched = [
            (match, path)
            for name, path in self.files.items()
            if (match := pattern.fullmatch(name)) is not None
        ]
        for match, _ in matched[:_MOST_FILES]:
            for hole, said in zip(template.holes, match.groups(), strict=True):
                found.setdefault(snake(hole.name), set()).add(type_of_key(said))
        inside = set(found)
        for _, path in matched[:_MOST_FILES]:
            for record in _records(path):
                for key, value in record.items():
                    if key in inside:
                        found[key] = set()
                        inside.discard(key)
                    found.setdefault(key, set()).add(type_of_value(value))
        return {key: _agreed(types) for key, types in found.items() if types != {""}}


def read_shapes(data: Path, root: Path) -> DataShapes:
    """Return the JSON files under a folder."""
    files: dict[str, Path] = {}
    for folder, folders, names in os.walk(data):
        folders.sort()
        for name in sorted(names):
            if not name.endswith(JSON_ENDINGS):
                continue
            path = Path(folder) / name
            inside = path.relative_to(data).as_posix()
            files.setdefault(inside, path)
            files.setdefault(f"{data.resolve().name}/{inside}", path)
            if path.resolve().is_relative_to(root.resolve()):
                files.setdefault(path.resolve().relative_to(root.resolve()).as_posix(), path)
    return DataShapes(files)


def _records(path: Path) -> list[dict[str, object]]:
    """Return the objects of a file: itself, its items, or its lines."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return []
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        if path.name.endswith((".jsonl", ".ndjson")):
            values = [json.loads(line) for line in text.splitlines()[:200] if line.strip()]
        else:
            whole = json.loads(text)
            values = whole[:200] if isinstance(whole, list) else [whole]
    except (OSError, ValueError, RecursionError):
        return []
    return [record for value in values if isinstance(value, dict) for record in _of(value)]


def _of(value: dict[str, object]) -> list[dict[str, object]]:
    """Return an object, or its members if its keys are ids: those are values, never shown."""
    if not value or not all(_IDS.fullmatch(key) for key in value):
        return [value]
    return [item if isinstance(item, dict) else {"value": item} for item in value.values()]


def type_of_key(text: str) -> str:
    """Return the type of a part of a path."""
    return "bigint" if re.fullmatch(r"[0-9]{1,18}", text) else type_of_value(text)


def type_of_value(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "boolean"
        case int():
            return "bigint"
        case float():
            return "numeric"
        case list() | dict():
            return "jsonb"
        case str() if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return "date"
        case str() if re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", value):
            return "timestamptz"
        case str() if re.fullmatch(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value):
            return "uuid"
    return "text"


def _agreed(types: set[str]) -> str:
    known = types - {""}
    if known == {"bigint", "numeric"}:
        return "numeric"
    return known.pop() if len(known) == 1 else "jsonb" if "jsonb" in known else "text"
