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


def test_an_attribute_of_the_class_above_is_not_open_because_of_a_subclass(tmp_path: Path) -> None:
    source = """
import json
from pathlib import Path

class Described:
    NAME = "about.json"

    def __init__(self, folder):
        self.file = folder / self.NAME
        self.read()

    def read(self):
        return json.loads(self.file.read_text())

class Boat(Described):
    def __init__(self, folder):
        super().__init__(folder)

    def read(self):
        return super().read()["boat"]

def boat(name):
    return Boat(Path("boats") / name).read()
"""
    assert places(audited(tmp_path, {"boats.py": source})) == [
        ("boats.py", 13, "read", "sink", "{folder}/about.json")
    ]


def test_parts_of_a_path_in_a_list_are_followed_whatever_their_number(tmp_path: Path) -> None:
    source = """
import json
from pathlib import Path

PARTS = ["a", "b"]

def read(name):
    return json.loads(Path("deep").joinpath(*PARTS, name + ".json").read_text())

def none(name):
    return json.loads(Path("flat").joinpath(*[], name + ".json").read_text())
"""
    assert sorted(templates(audited(tmp_path, {"deep.py": source}))) == [
        "deep/a/b/{name}.json",
        "flat/{name}.json",
    ]


def test_the_folder_of_a_plugin_is_one_folder_wherever_it_is_asked_for(tmp_path: Path) -> None:
    source = """
import json, os
import plugins

class Years(plugins.Plugin):
    def path(self, year):
        return os.path.join(self.get_folder(), f"{year}.json")

    def years(self):
        for entry in os.scandir(self.get_folder()):
            yield entry.name.removesuffix(".json")

    def read(self, year):
        path = self.path(year)
        with open(path) as file:
            return json.load(file)
"""
    assert places(audited(tmp_path, {"years.py": source})) == [
        ("years.py", 10, "list", "sink", "{get_folder}/{year}.json"),
        ("years.py", 15, "read", "sink", "{get_folder}/{year}.json"),
    ]


def test_writers_of_whole_files_are_known_by_their_names(tmp_path: Path) -> None:
    source = """
import geojson, json
from garden.core.paths import secure_write
from whole import AtomicFile

def keep(bed_id, bed):
    with secure_write(f"beds/{bed_id}") as file:
        file.write(json.dumps(bed))

def draw(bed_id, bed):
    with AtomicFile(f"maps/{bed_id}") as file:
        geojson.dump(bed, file)

def beside(file_name, bed_id):
    with open(f"{file_name}.geojson") as file:
        return geojson.load(file)
"""
    assert places(audited(tmp_path, {"beds.py": source})) == [
        ("beds.py", 7, "write", "sink", "beds/{bed_id}"),
        ("beds.py", 11, "write", "sink", "maps/{bed_id}"),
        ("beds.py", 15, "read", "wrapper", "{file_name}.geojson"),
    ]


def test_the_folder_of_a_name_that_nobody_knows_is_unknown_too(tmp_path: Path) -> None:
    source = """
import json, sys
from pathlib import Path

def split(target, rows):
    for kind, values in rows.items():
        with open(Path(target).parent / f"{kind}.json", "w") as file:
            json.dump(values, file)

split(sys.argv[1] + ".csv", {})
"""
    assert not any(name.startswith("/") for name in templates(audited(tmp_path, {"a.py": source})))


def test_a_listing_belongs_to_the_files_that_its_function_reads(tmp_path: Path) -> None:
    source = """
import json, os
import acts

def keep(play_id, play):
    with open(os.path.join(play.folder, "plays", f"{play_id}-draft.json"), "w") as file:
        json.dump(play, file)

def load(folder):
    path = os.path.join(folder.name, "plays")
    for name in acts.in_order(os.listdir(path)):
        with open(os.path.join(path, name)) as file:
            yield json.load(file)
"""
    found = places(audited(tmp_path, {"plays.py": source}))
    assert {row[1]: row[4].rpartition("/")[2] for row in found} == {
        6: "{play_id}-draft.json",
        11: "{name}",
        12: "{name}",
    }
