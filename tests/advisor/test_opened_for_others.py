"""Helpers that open a file for callers, who say how, and objects named where they are used."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates

_BARN = """
import json, os

class Barn:
    def __init__(self):
        self._file = os.path.join("data", "hens_store")

    def count(self):
        with self.__handle("r") as file:
            return json.load(file)

    def put(self, hens):
        with self.__handle("w") as file:
            json.dump(hens, file)

    def __handle(self, mode):
        return open(self._file, mode, encoding="utf-8")
"""


def test_what_callers_say_is_what_the_helper_does(tmp_path: Path) -> None:
    found = audited(tmp_path, {"barn.py": _BARN})
    assert places(found) == [
        ("barn.py", 17, "read", "sink", "data/hens_store"),
        ("barn.py", 17, "write", "sink", "data/hens_store"),
    ]
    assert templates(found) == {"data/hens_store": "SYSTEM_OF_RECORD"}


_SHED = """
import json, os

class Kept(object):
    _root = None

    def __init__(self, name):
        self.path = os.path.normpath(os.path.join(self._root, name))

    def open(self, mode):
        return open(self.path, mode)

    def load(self):
        with self.open("r") as fp:
            return json.load(fp)

    def save(self, what):
        with self.open("w") as fp:
            json.dump(what, fp)

class Tool(Kept):
    _root = "tools"

class Crop(Kept):
    _root = "crops"
"""
_FARM = """
from time import time
from shed import Crop, Tool

def weeds():
    known = Crop("weeds.json").load()
    if known["seen"] + 300 > time():
        return known
    fresh = {"seen": time()}
    Crop("weeds.json").save(fresh)
    return fresh

def harvest(field_id, bags):
    Crop("fields/{}.json".format(field_id)).save(bags)

def bags(field_id):
    return Crop("fields/{}.json".format(field_id)).load()

def rake():
    return Tool("rakes.json").load()
"""


def test_an_object_that_is_named_where_it_is_used_is_a_place_there(tmp_path: Path) -> None:
    found = audited(tmp_path, {"shed.py": _SHED, "farm.py": _FARM})
    assert places(found, "call", "sink") == [
        ("farm.py", 6, "read", "call", "crops/weeds.json"),
        ("farm.py", 10, "write", "call", "crops/weeds.json"),
        ("farm.py", 14, "write", "call", "crops/fields/{field_id}.json"),
        ("farm.py", 17, "read", "call", "crops/fields/{field_id}.json"),
        ("farm.py", 20, "read", "call", "tools/rakes.json"),
    ]
    assert templates(found) == {
        "crops/weeds.json": "CACHE",
        "crops/fields/{field_id}.json": "SYSTEM_OF_RECORD",
        "tools/rakes.json": "CONFIG_STATIC",
    }
