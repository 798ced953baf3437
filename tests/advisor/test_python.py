"""What Python's own library does with paths: each test is a kind that unseen projects held."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates


def test_a_file_opened_by_its_descriptor_is_written_at_its_path(tmp_path: Path) -> None:
    source = """
import json, os

def safe_open(path, mode="w"):
    fd = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    return os.fdopen(fd, mode)

def create(path):
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    os.write(descriptor, json.dumps({"members": []}).encode())
    os.close(descriptor)

def found(club_id):
    create(f"clubs/{club_id}.json")
    with safe_open(f"keys/{club_id}.json") as file:
        json.dump({}, file)
"""
    assert places(audited(tmp_path, {"club.py": source})) == [
        ("club.py", 6, "write", "wrapper", "{path}"),
        ("club.py", 10, "write", "wrapper", "{path}"),
        ("club.py", 14, "write", "call", "clubs/{club_id}.json"),
        ("club.py", 15, "write", "call", "keys/{club_id}.json"),
    ]


def test_what_packages_and_archives_are_asked_for_is_no_path(tmp_path: Path) -> None:
    source = """
import json, zipfile
from importlib import metadata

def origin(distribution: metadata.Distribution):
    return json.loads(distribution.read_text("direct_url.json"))

def installed(name):
    return json.loads(metadata.distribution(name).read_text("direct_url.json"))

def of_archive(path):
    with zipfile.ZipFile("backups/clubs.zip") as archive:
        return json.loads(archive.open("clubs.json").read())

def kept(path):
    return json.loads(path.read_text("utf-8"))

kept("clubs/all.json")
"""
    assert places(audited(tmp_path, {"club.py": source}), "sink", "call") == [
        ("club.py", 18, "read", "call", "clubs/all.json")
    ]


def test_files_beside_a_package_are_read_where_they_lie(tmp_path: Path) -> None:
    source = """
import json, pkgutil
from importlib import resources
from importlib.resources import files

import choir.songs

def a(): return json.loads(resources.read_text("choir", "voices.json"))
def b(): return json.loads((files(choir.songs) / "hymns.json").read_text())
def c(): return json.loads(pkgutil.get_data(__package__, "keys.json"))
def d(): return json.load(resources.open_text("choir.songs", "psalms.json"))
"""
    found = audited(
        tmp_path,
        {"src/choir/__init__.py": "", "src/choir/songs/__init__.py": "", "src/choir/a.py": source},
    )
    assert sorted(templates(found)) == [
        "src/choir/keys.json",
        "src/choir/songs/hymns.json",
        "src/choir/songs/psalms.json",
        "src/choir/voices.json",
    ]


def test_parts_of_a_path_and_modes_may_be_handed_on(tmp_path: Path) -> None:
    source = """
import json, os

class Files:
    def join(self, *names):
        return os.path.join(*names)

    def put(self, name, text, binary=False):
        if binary:
            mode = "wb"
        else:
            mode = "w"
        with open(name, mode) as file:
            file.write(text)

def choose(rehearsal):
    return ["rehearsals", "%s.json" % rehearsal]

class Choir:
    def __init__(self, files: Files):
        self.files = files

    def keep(self, rehearsal, row):
        self.files.put(self.files.join("choir", "rehearsals", rehearsal + ".json"), json.dumps(row))

    def load(self, rehearsal):
        with open(os.path.join("old", *choose(rehearsal))) as file:
            return json.load(file)

Choir(Files())
"""
    assert places(audited(tmp_path, {"choir.py": source}), "sink", "call") == [
        ("choir.py", 24, "write", "call", "choir/rehearsals/{rehearsal}.json"),
        ("choir.py", 27, "read", "sink", "old/rehearsals/{rehearsal}.json"),
    ]


def test_a_method_of_a_path_may_be_handed_to_a_thread(tmp_path: Path) -> None:
    source = """
import asyncio, json
from pathlib import Path

async def hymn(number):
    path = Path(f"hymns/{number}.json")
    return json.loads(await asyncio.to_thread(path.read_text, encoding="utf-8"))

async def keep(number, hymn):
    await asyncio.to_thread(Path(f"hymns/{number}.json").write_text, json.dumps(hymn))
"""
    assert places(audited(tmp_path, {"hymns.py": source})) == [
        ("hymns.py", 7, "read", "sink", "hymns/{number}.json"),
        ("hymns.py", 10, "write", "sink", "hymns/{number}.json"),
    ]


def test_an_attribute_that_begins_as_none_is_what_a_method_sets(tmp_path: Path) -> None:
    source = """
import json, os

class Ledger:
    def __init__(self):
        self.path = None
        self.copy: str

    def start(self, folder):
        self.path = os.path.join(folder, "ledger.json")
        self.copy = os.path.join(folder, "copy.json")

    def load(self):
        with open(self.path) as file:
            return json.load(file)

    def save(self, rows):
        with open(self.copy, "w") as file:
            json.dump(rows, file)
"""
    assert sorted(templates(audited(tmp_path, {"ledger.py": source}))) == [
        "{folder}/copy.json",
        "{folder}/ledger.json",
    ]


def test_python_s_own_modules_are_not_those_of_the_tree(tmp_path: Path) -> None:
    files = {
        "farm/compat/os.py": "from os import *\n\ndef remove(path):\n    raise RuntimeError\n",
        "farm/compat/json.py": "def load(file):\n    raise RuntimeError\n",
        "farm/barn.py": "from farm.compat import os\n\n"
        "def drop(cow_id):\n    os.unlink(os.path.join('cows', f'{cow_id}.json'))\n",
        "farm/cows.py": "import json\n\n"
        "def cow(cow_id):\n    return json.load(open(f'cows/{cow_id}.json'))\n",
    }
    assert places(audited(tmp_path, files)) == [
        ("farm/barn.py", 4, "delete", "sink", "cows/{cow_id}.json"),
        ("farm/cows.py", 4, "read", "sink", "cows/{cow_id}.json"),
    ]
