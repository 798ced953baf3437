"""Paths by default, by a pattern that matches, and through parsers of other names."""

from pathlib import Path

from tests.advisor.auditing import audited, places


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
