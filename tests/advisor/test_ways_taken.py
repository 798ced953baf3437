"""Which of several ways a call takes, and names that functions make anew for their module."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, places, templates

_FOLDERS = """
import os
BASE = os.path.join(os.path.expanduser("~"), ".mill")
def folder(name=None):
    if name is None:
        return BASE
    return os.path.join(BASE, name)
"""


@pytest.mark.parametrize(
    ("call", "template"),
    [
        ('folder("sacks")', "~/.mill/sacks/all.json"),
        ("folder()", "~/.mill/all.json"),
        ("folder(None)", "~/.mill/all.json"),
    ],
)
def test_a_folder_with_and_without_a_name(call: str, template: str, tmp_path: Path) -> None:
    app = f"""
import json, os
from folders import folder
def sacks():
    return json.load(open(os.path.join({call}, "all.json")))
"""
    assert set(templates(audited(tmp_path, {"folders.py": _FOLDERS, "app.py": app}))) == {template}


@pytest.mark.parametrize("before", ['""', "None"])
def test_a_global_that_a_function_sets(before: str, tmp_path: Path) -> None:
    source = f"""
import json
PLACE = {before}
def begin():
    global PLACE
    PLACE = "data/fines.json"
def fines():
    return json.load(open(PLACE))
def other():
    PLACE = "data/notes.json"
    return PLACE
"""
    app = """
import json
import fines
def keep(value):
    json.dump(value, open(fines.PLACE, "w"))
"""
    found = places(audited(tmp_path, {"fines.py": source, "app.py": app}))
    assert found == [
        ("app.py", 5, "write", "sink", "data/fines.json"),
        ("fines.py", 8, "read", "sink", "data/fines.json"),
    ]


def test_a_class_whose_base_is_given_types(tmp_path: Path) -> None:
    source = """
import json
from collections.abc import MutableMapping
from typing import Generic, TypeVar
K = TypeVar("K")
V = TypeVar("V")
def read(path):
    with open(path) as file:
        return json.load(file)
class Kept(MutableMapping[K, V], Generic[K, V]):
    @classmethod
    def load(cls, path):
        return read(path)
class Loans(Kept[str, int]):
    @classmethod
    def load(cls):
        return super().load("data/loans.json")
class Fines(Kept[str, float]):
    @classmethod
    def load(cls):
        return super().load("data/fines.json")
"""
    found = places(audited(tmp_path, {"kept.py": source}), "call")
    assert found == [
        ("kept.py", 17, "read", "call", "data/loans.json"),
        ("kept.py", 21, "read", "call", "data/fines.json"),
    ]


def test_a_helper_for_pickles_and_json_reads_one_of_them(tmp_path: Path) -> None:
    source = """
import json, pickle
from pathlib import Path
def old(path):
    file = Path(path)
    if file.suffix == ".db":
        return pickle.loads(file.read_bytes())
    return json.loads(file.read_text())
def move():
    return old("data/loans.db"), old("data/fines.json")
"""
    found = templates(audited(tmp_path, {"old.py": source}))
    assert set(found) == {"pickle:data/loans.db", "data/fines.json"}
