"""Open files handed about: by context managers and generators, to classes, in recursion."""

from pathlib import Path

from tests.advisor.auditing import audited, places


def test_what_a_context_manager_yields_is_what_with_gives(tmp_path: Path) -> None:
    source = """
import contextlib, json, os, tempfile

@contextlib.contextmanager
def replacing(target, mode="w", overwrite=True):
    descriptor, draft = tempfile.mkstemp()
    file = os.fdopen(descriptor, mode)
    yield file
    if overwrite:
        os.rename(draft, target)
    else:
        os.link(draft, target)
        os.unlink(draft)

def keep(loom_id, loom):
    with replacing(f"looms/{loom_id}") as file:
        json.dump(loom, file)

def draft(loom):
    with tempfile.NamedTemporaryFile("w") as file:
        json.dump(loom, file)
"""
    assert places(audited(tmp_path, {"looms.py": source})) == [
        ("looms.py", 10, "write", "wrapper", "{target}"),
        ("looms.py", 16, "write", "call", "looms/{loom_id}"),
    ]


def test_what_a_generator_yields_is_what_a_loop_takes(tmp_path: Path) -> None:
    source = """
import json
from pathlib import Path

class Mill:
    def files(self):
        for path in Path("sacks").glob("*.json"):
            yield path

    def all_files(self):
        yield from self.files()

    def sacks(self):
        for path in self.all_files():
            yield json.loads(path.read_text())
"""
    assert places(audited(tmp_path, {"mill.py": source})) == [
        ("mill.py", 7, "list", "sink", "sacks/*.json"),
        ("mill.py", 15, "read", "sink", "sacks/*.json"),
    ]


def test_what_is_open_is_opened_once_and_recursion_adds_nothing(tmp_path: Path) -> None:
    source = """
import gzip, json
from pathlib import Path

class Lazy:
    def __init__(self, file):
        self.file = open(file) if isinstance(file, str) else file

    def load(self):
        return json.load(self.file)

def reel(number):
    with open(f"reels/{number}.json") as file:
        return Lazy(file).load()

def packed(number):
    with open(f"packed/{number}", "rb") as file, gzip.open(file) as inside:
        return json.load(inside)

def first(number):
    return Lazy(f"reels/{number}.json").load()

def rename(folder):
    for path in folder.glob("*.jsn"):
        path.rename(path.with_suffix(".json"))
    for path in folder.iterdir():
        if path.is_dir():
            rename(path)

rename(Path("reels"))
"""
    found = places(audited(tmp_path, {"reels.py": source}), "sink", "call")
    assert [row for row in found if row[2] == "read"] == [
        ("reels.py", 13, "read", "sink", "reels/{number}.json"),
        ("reels.py", 17, "read", "sink", "packed/{number}"),
        ("reels.py", 21, "read", "call", "reels/{number}.json"),
    ]
    assert {row[1] for row in found} == {13, 17, 21, 30}
