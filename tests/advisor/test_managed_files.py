"""Classes of ours that open a file for a block: with Draft(path) as file."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates

DRAFT = """
import os

class Draft:
    def __init__(self, target, mode="w"):
        self.target = target
        self.draft = target.parent / f"{target.name}.{os.getpid()}.tmp"
        self.mode = mode

    def __enter__(self):
        self.file = self.draft.open(self.mode)
        return self.file

    def __exit__(self, kind, error, trace):
        self.file.close()
        if kind is None:
            os.replace(self.draft, self.target)
        else:
            self.draft.unlink()
"""


def test_what_a_block_writes_to_a_draft_is_written_where_it_is_moved(tmp_path: Path) -> None:
    dyes = """
import json
from pathlib import Path
from draft import Draft

class Dyes:
    def __init__(self, config):
        self.folder = config.folder

    def keep(self, dye):
        with Draft(self.folder / f"{dye.name}.json") as file:
            json.dump(dye.parts, file)

    def dye(self, name):
        return json.loads((self.folder / f"{name}.json").read_text())

def label():
    with Draft(Path("labels.txt")) as file:
        file.write("madder")

def vat(number):
    with Draft(Path("vats.json")) as file:
        json.dump(number, file)
"""
    found = places(audited(tmp_path, {"draft.py": DRAFT, "dyes.py": dyes}))
    assert found == [
        ("draft.py", 17, "write", "wrapper", "{target}"),
        ("dyes.py", 11, "write", "call", "{folder}/{dye_name}.json"),
        ("dyes.py", 15, "read", "sink", "{folder}/{dye_name}.json"),
        ("dyes.py", 22, "write", "call", "vats.json"),
    ]


def test_an_object_that_gives_itself_to_a_block_is_the_object(tmp_path: Path) -> None:
    source = """
import json

class Ledger:
    def __init__(self, path):
        self.path = path

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.save()

    def save(self):
        with open(self.path, "w") as file:
            json.dump(self.rows, file)

    def load(self):
        with open(self.path) as file:
            self.rows = json.load(file)

def add(row):
    with Ledger("mill/ledger.json") as ledger:
        ledger.load()
        ledger.rows.append(row)
"""
    assert templates(audited(tmp_path, {"mill.py": source})) == {
        "mill/ledger.json": "SYSTEM_OF_RECORD"
    }


def test_what_fails_in_a_block_that_returns_is_handled(tmp_path: Path) -> None:
    source = """
import json

def coins():
    try:
        with open("coins.json") as file:
            return json.load(file)
    except ValueError:
        keep({}, "coins.json")
        return {}

def keep(coins, path):
    with open(path, "w") as file:
        json.dump(coins, file)
"""
    assert ("coins.py", 9, "write", "call", "coins.json") in places(
        audited(tmp_path, {"coins.py": source})
    )


def test_a_block_that_returns_is_left(tmp_path: Path) -> None:
    dyes = """
import json
from pathlib import Path
from draft import Draft

def vat(number):
    with Draft(Path("vats.json")) as file:
        json.dump(number, file)
        return number
"""
    found = places(audited(tmp_path, {"draft.py": DRAFT, "dyes.py": dyes}))
    assert found == [("draft.py", 17, "write", "sink", "vats.json")]


def test_what_an_archive_holds_is_no_file_of_its_own(tmp_path: Path) -> None:
    source = """
import json
import zipfile

def unpack(archive: zipfile.ZipFile, name, target):
    with archive.open(name, "r") as file:
        with open(target, "wb") as out:
            out.write(file.read())

def manifest(archive):
    with archive.open("manifest.json", "r") as file:
        return json.load(file)

def press(path):
    with zipfile.ZipFile(path) as archive:
        unpack(archive, "grapes.json", "press/grapes.json")
        return manifest(archive)
"""
    assert places(audited(tmp_path, {"press.py": source})) == [
        ("press.py", 7, "write", "wrapper", "{target}"),
        ("press.py", 16, "write", "call", "press/grapes.json"),
    ]


def test_a_folder_of_a_neighbours_files_is_not_listed(tmp_path: Path) -> None:
    source = """
import os
import pickle
from glob import glob

FOLDER = os.path.join(os.path.expanduser("~"), ".quarry", "cuts")

def cuts():
    found = []
    for path in glob(os.path.join(FOLDER, "*.cut")):
        with open(path, "rb") as file:
            found.append(pickle.load(file))
    return found

def clear(folder):
    for path in glob(os.path.join(folder, "*.cut")):
        os.remove(path)
"""
    assert places(audited(tmp_path, {"quarry.py": source})) == [
        ("quarry.py", 11, "read", "sink", "pickle:~/.quarry/cuts/*.cut"),
    ]
