"""Paths by default, by a pattern that matches, and through parsers of other names."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates


def test_a_pattern_names_what_it_matches(tmp_path: Path) -> None:
    source = """
from pathlib import Path
import json

def recipes(kitchen):
    match Path("kitchen") / "recipes.json":
        case found if found.exists():
            with open(found) as file:
                return json.load(file)
        case _:
            return []

def oven():
    match Path("oven.json"):
        case Path() as settings:
            return json.loads(settings.read_text())
"""
    assert places(audited(tmp_path, {"kitchen.py": source})) == [
        ("kitchen.py", 8, "read", "sink", "kitchen/recipes.json"),
        ("kitchen.py", 16, "read", "sink", "oven.json"),
    ]


def test_a_parser_that_an_object_of_a_library_has_reads_json(tmp_path: Path) -> None:
    source = """
from pydantic import TypeAdapter

Hives = TypeAdapter(list[dict])

def take_over(path):
    with open(path) as file:
        return Hives.validate_json(file.read())

def spring():
    return take_over("spring/hives")
"""
    assert places(audited(tmp_path, {"hives.py": source})) == [
        ("hives.py", 7, "read", "wrapper", "{path}"),
        ("hives.py", 11, "read", "call", "spring/hives"),
    ]


def test_a_path_asked_for_by_key_has_a_default_and_a_search_is_no_place(tmp_path: Path) -> None:
    source = """
import argparse, json
from pathlib import Path

def nearest(name):
    folder = Path.cwd() / name
    if folder.exists():
        return folder
    home = Path.home() / name
    return home if home.exists() else None

def load(path):
    with open(path) as file:
        return json.load(file)

def start():
    given = vars(argparse.ArgumentParser().parse_args())
    return load(given.get("signals", nearest("signals.json")))

def section(parser):
    return load(parser.get("depot", "signals"))
"""
    assert places(audited(tmp_path, {"depot.py": source}), "sink", "call") == [
        ("depot.py", 18, "read", "call", "signals.json"),
        ("depot.py", 21, "read", "call", "{path}"),
    ]


def test_an_option_that_is_handed_on_beside_its_default_is_no_place(tmp_path: Path) -> None:
    source = """
import json
from pathlib import Path

def home():
    return Path("garden") / "beds.json"

def load(where=None):
    path = where or home()
    if not path.is_file():
        save({}, where=path)
        return {}
    with open(path) as file:
        return json.load(file)

def save(beds, where=None):
    path = where or home()
    with open(path, "w") as file:
        json.dump(beds, file)
"""
    assert places(audited(tmp_path, {"garden.py": source})) == [
        ("garden.py", 13, "read", "sink", "garden/beds.json"),
        ("garden.py", 18, "write", "sink", "garden/beds.json"),
    ]


def test_a_word_for_an_empty_name_is_no_file_of_its_own(tmp_path: Path) -> None:
    source = """
import json, re

def leaf(plant):
    safe = re.sub("[^a-z]", "_", plant)[:80] or "nameless"
    return "herbarium/" + safe + ".json"

def keep(plant, sheet):
    with open(leaf(plant), "w") as file:
        json.dump(sheet, file)
"""
    assert places(audited(tmp_path, {"herbarium.py": source})) == [
        ("herbarium.py", 9, "write", "sink", "herbarium/{safe}.json"),
    ]


def test_of_known_folders_one_is_shown(tmp_path: Path) -> None:
    source = """
import json
from pathlib import Path

FOLDER = Path.home() / "Documents" / "apiary"
if not FOLDER.parent.exists():
    FOLDER = Path.home() / "apiary"
HIVES = FOLDER / "hives.json"

def hives():
    return json.loads(HIVES.read_text())
"""
    assert places(audited(tmp_path, {"apiary.py": source})) == [
        ("apiary.py", 11, "read", "sink", "~/apiary/hives.json"),
    ]


def test_what_is_taken_over_into_a_record_is_one(tmp_path: Path) -> None:
    source = """
import json
from pathlib import Path

OLD = Path.home() / ".ferry.json"
NEW = Path.home() / "ferry" / "crossings.json"

def move_in():
    if OLD.exists() and not NEW.exists():
        with open(OLD) as file:
            data = file.read()
        with open(NEW, "w") as file:
            file.write(data)

def crossings():
    return json.loads(NEW.read_text())

def cross(crossing):
    known = crossings()
    known.append(crossing)
    NEW.write_text(json.dumps(known))
"""
    assert templates(audited(tmp_path, {"ferry.py": source})) == {
        "~/.ferry.json": "SYSTEM_OF_RECORD",
        "~/ferry/crossings.json": "SYSTEM_OF_RECORD",
    }


def test_what_is_written_beside_an_answer_is_not_fetched(tmp_path: Path) -> None:
    source = """
import json, requests

def download():
    with open("mine/assays.json", "w") as file:
        json.dump(requests.get("https://assays.example").json(), file)
    with open("mine/shifts.json", "w") as file:
        json.dump({}, file)

def count(shift):
    with open("mine/shifts.json") as file:
        shifts = json.load(file)
    shifts[shift] = True
    with open("mine/shifts.json", "w") as file:
        json.dump(shifts, file)

def assays():
    with open("mine/assays.json") as file:
        return json.load(file)
"""
    assert templates(audited(tmp_path, {"mine.py": source})) == {
        "mine/assays.json": "CACHE",
        "mine/shifts.json": "SYSTEM_OF_RECORD",
    }


def test_of_two_files_one_is_shown_and_other_formats_are_none(tmp_path: Path) -> None:
    source = """
import json
import os

IS_TRIAL = os.environ.get("STAGE") == "trial"
NAME = "config.trial.json" if IS_TRIAL else "config.json"
PLACE = os.path.join(os.path.expanduser("~"), ".orchard", NAME)

def settings():
    with open(PLACE) as file:
        return json.load(file)

def keep(settings):
    with open(PLACE, "w") as file:
        json.dump(settings, file)

def read(path):
    if path.endswith(".py"):
        return None
    with open(path) as file:
        return json.load(file)

def trees():
    return read("orchard/trees.json"), read("orchard/trees.py")
"""
    result = audited(tmp_path, {"orchard.py": source})
    assert templates(result) == {
        "~/.orchard/config.json": "CONFIG_STATIC",
        "orchard/trees.json": "CONFIG_STATIC",
    }
