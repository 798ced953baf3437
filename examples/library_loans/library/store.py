"""A folder of JSON files as a table. Built once per folder."""

import json
from pathlib import Path


class Store:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> dict:
        return json.loads((self.folder / f"{key}.json").read_text())

    def put(self, key: str, row: dict) -> None:
        (self.folder / f"{key}.json").write_text(json.dumps(row))

    def all(self) -> list[dict]:
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("*.json"))]
