"""Reads and writes a JSON file; every write goes through a temporary file."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


def read_json(path: Path, default: Any = None) -> Any:
    if not path.exists():
        return default
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        shutil.copy(path, path.with_suffix(".json.bak"))
    temporary = path.with_suffix(".tmp")
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)
    os.replace(temporary, path)


def update_json(path: Path, change: Callable[[Any], Any]) -> Any:
    value = change(read_json(path, {}))
    write_json(path, value)
    return value


def remove_json(path: Path) -> None:
    path.unlink(missing_ok=True)
