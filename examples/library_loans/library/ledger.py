"""One line a happening, one file a day. The class is built once, for the one folder."""

import json
from pathlib import Path

from library.paths import DATA


class Ledger:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def note(self, day: str, entry: dict) -> None:
        with open("%s/%s.jsonl" % (self.folder, day), "a") as file:
            file.write(json.dumps(entry) + "\n")

    def entries(self, day: str) -> list[dict]:
        with open("%s/%s.jsonl" % (self.folder, day)) as file:
            return [json.loads(line) for line in file]


LEDGER = Ledger(DATA / "ledger")
