"""Objects that carry the path of their file: the places are in the class, not where it is used."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates

_BOAT = """
import json, os

FLEET = os.path.expanduser("~/.harbour/boats")

class Boat:
    def __init__(self, name, berth=""):
        self.name = name
        self.berth = berth
        self.log_path = self.find_log_path()

    def find_log_path(self):
        name = os.path.basename(self.berth) if self.berth else self.name
        return os.path.join(FLEET, "{}.json".format(name))

    def load(self):
        with open(self.log_path) as file:
            return json.load(file)

    def save(self, log):
        with open(self.log_path, "w") as file:
            json.dump(log, file)

    def note(self, key, value):
        self.save({**self.load(), key: value})

    def old_notes(self):
        with open(os.path.join(self.berth, "notes.json")) as file:
            return json.load(file)
"""
_PIER = """
from boat import Boat

def fleet(rows):
    boats = [Boat(row["name"]) for row in rows]
    boats.append(Boat(name=rows[0]["name"], berth=rows[0]["berth"]))
    return boats

def arrive(boat):
    boat.note("in", 1)
    return boat.load(), boat.old_notes()

def all_in(rows):
    for boat in fleet(rows):
        boat.note("in", 1)
        arrive(boat)
"""


def test_an_attribute_that_a_constructor_computes_is_told_in_the_class(tmp_path: Path) -> None:
    found = audited(tmp_path, {"boat.py": _BOAT, "pier.py": _PIER})
    assert [row[:3] for row in places(found)] == [
        ("boat.py", 17, "read"),
        ("boat.py", 21, "write"),
        ("boat.py", 28, "read"),
    ]


def test_what_is_empty_at_first_is_no_name_of_a_file(tmp_path: Path) -> None:
    found = audited(tmp_path, {"boat.py": _BOAT, "pier.py": _PIER})
    assert set(templates(found)) == {"~/.harbour/boats/{berth}.json", "{berth}/notes.json"}


_KILN = """
import json, os

class Kiln:
    def __init__(self, folder, number):
        self.folder = folder
        self.number = number

    @property
    def path(self):
        return os.path.join(self.folder, "%s.json" % self.number)

    def fire(self, heat):
        with open(self.path, "w") as file:
            json.dump({"heat": heat}, file)

class Works:
    def __init__(self, kilns):
        self.kilns = kilns

    def fire_all(self):
        for kiln in self.kilns:
            kiln.fire(900)
"""
_YARD = """
import os
from kiln import Kiln, Works

def light(place, numbers):
    kilns = []
    for number in numbers:
        kilns.append(Kiln(os.path.join(place, "kilns"), number))
    return kilns

def spare(base, number):
    return Kiln(os.path.join(base, "kilns"), number)
"""


def test_folders_of_one_name_below_unknown_ones_are_one_folder(tmp_path: Path) -> None:
    uses = "from yard import spare\n\ndef hot(base):\n    spare(base, 3).fire(1200)\n"
    found = audited(tmp_path, {"kiln.py": _KILN, "yard.py": _YARD, "uses.py": uses})
    assert [(row[0], row[1], row[2]) for row in places(found)] == [("kiln.py", 14, "write")]
    (template,) = templates(found)
    assert template.endswith("}/kilns/{number}.json")


def test_a_helper_of_the_module_is_called_in_the_class(tmp_path: Path) -> None:
    helper = """
import json

def store(content, path):
    with open(path, "w") as file:
        json.dump(content, file)
"""
    bee = """
from helper import store

class Hive:
    def __init__(self, name, fullpath):
        self.name = name
        self.fullpath = fullpath

    @classmethod
    def from_row(cls, row, default_path):
        return cls(row["name"], row.get("fullpath", default_path))

    def count(self, bees):
        store({"bees": bees}, self.fullpath)
"""
    keeper = """
import os
from hive import Hive
from helper import store

class Keeper:
    def __init__(self, folder):
        self.folder = folder
        self.hives = {}

    def load(self, rows):
        for row in rows:
            path = os.path.join(self.folder, "%s.json" % row["name"])
            self.hives[row["name"]] = Hive.from_row(row, path)

    def add(self, name):
        path = os.path.join(self.folder, "%s.json" % name)
        hive = Hive(name, path)
        store({"bees": 0}, path)
        return hive
"""
    visit = """
from hive import Hive
from keeper import Keeper

def visit(rows, folder):
    keeper = Keeper(folder)
    keeper.load(rows)
    hive = Hive.from_row(rows[0], folder)
    hive.count(3)
    for each in keeper.hives.values():
        each.count(4)
"""
    files = {"helper.py": helper, "hive.py": bee, "keeper.py": keeper, "visit.py": visit}
    found = places(audited(tmp_path, files), "sink", "call")
    assert [row[:3] for row in found] == [("hive.py", 14, "write"), ("keeper.py", 19, "write")]


def test_objects_of_a_script_tell_their_file_in_the_class(tmp_path: Path) -> None:
    loom = """
import fs from "fs";
import path from "path";

export class Loom {
  constructor(private folder: string, private id: string) {}

  get file(): string {
    return path.join(this.folder, `${this.id}.json`);
  }

  read() {
    return JSON.parse(fs.readFileSync(this.file, "utf8"));
  }

  write(pattern: object) {
    fs.writeFileSync(this.file, JSON.stringify(pattern));
  }
}
"""
    mill = """
import { Loom } from "./loom";

export class Mill {
  looms: Loom[] = [];
  constructor(private root: string, ids: string[]) {
    for (const id of ids) this.looms.push(new Loom(root, id));
  }
  spare(id: string) {
    return new Loom(this.root, id);
  }
}
"""
    day = """
import { Mill } from "./mill";

export function weave(mill: Mill, id: string) {
  const loom = mill.spare(id);
  loom.write({ ...loom.read(), woven: true });
  for (const each of mill.looms) each.write({ woven: false });
}
"""
    found = audited(tmp_path, {"loom.ts": loom, "mill.ts": mill, "day.ts": day})
    assert [row[:3] for row in places(found)] == [("loom.ts", 13, "read"), ("loom.ts", 17, "write")]


def test_who_builds_tables_by_folder_and_uses_them_names_the_file(tmp_path: Path) -> None:
    rack = """
import json, os

class Rack:
    def __init__(self, folder):
        self.folder = folder

    def put(self, key, row):
        with open(os.path.join(self.folder, key + ".json"), "w") as file:
            json.dump(row, file)
"""
    shop = """
from rack import Rack

WINES = Rack("cellar/wines")
CORKS = Rack("cellar/corks")

def buy(wine_id, row):
    WINES.put(wine_id, row)

def cork(cork_id, row):
    CORKS.put(cork_id, row)
"""
    found = places(audited(tmp_path, {"rack.py": rack, "shop.py": shop}), "call")
    assert [(row[1], row[4]) for row in found] == [
        (8, "cellar/wines/{wine_id}.json"),
        (11, "cellar/corks/{cork_id}.json"),
    ]


def test_a_folder_that_a_method_keeps_is_told_at_the_method(tmp_path: Path) -> None:
    source = """
import json, os

class Stable:
    def __init__(self, folder):
        self.update(folder=folder)

    def update(self, folder=None):
        if folder is not None:
            self.folder = folder
        with open(os.path.join(self.folder, "horses.json")) as file:
            self.horses = json.load(file)
"""
    uses = """
import os
from stable import Stable

def ours(base):
    return Stable(os.path.join(base, "stable"))

def theirs(other):
    return Stable(os.path.join(other, "stable"))
"""
    found = places(audited(tmp_path, {"stable.py": source, "uses.py": uses}), "sink", "call")
    assert [row[:3] for row in found] == [("stable.py", 11, "read")]
    assert found[0][4].endswith("}/stable/horses.json")


def test_a_property_of_the_class_above_has_the_name_that_the_class_below_gives(
    tmp_path: Path,
) -> None:
    source = """
import json, os

class Ledger:
    name_of_file = "ledger.json"

    def __init__(self, folder):
        self.folder = folder

    @property
    def path(self):
        return os.path.join(self.folder, self.__class__.name_of_file)

class Tolls(Ledger):
    name_of_file = "tolls.json"

    def read(self):
        with open(self.path) as file:
            return json.load(file)

class Fares(Ledger):
    name_of_file = "fares.json"

    def read(self):
        with open(self.path) as file:
            return json.load(file)
"""
    uses = """
from ledger import Fares, Tolls

class Bridge:
    def __init__(self, folder):
        self.tolls = Tolls(folder)
        self.fares = Fares(folder)

    def total(self):
        return sum(self.tolls.read()) + sum(self.fares.read())
"""
    found = places(audited(tmp_path, {"ledger.py": source, "bridge.py": uses}))
    assert [(row[0], row[1], row[4].partition("}/")[2]) for row in found] == [
        ("ledger.py", 18, "tolls.json"),
        ("ledger.py", 25, "fares.json"),
    ]


_SAFE = """
import json, os, shutil

def load(path):
    spare = path + ".bkp"
    try:
        with open(path) as file:
            content = json.load(file)
    except ValueError:
        with open(spare) as file:
            content = json.load(file)
        if os.path.isfile(path):
            os.remove(path)
        os.rename(spare, path)
    return content

def save(content, path):
    spare = path + ".bkp"
    if os.path.isfile(path):
        if os.path.isfile(spare):
            os.remove(spare)
        os.rename(path, spare)
    try:
        with open(path, "w") as file:
            json.dump(content, file)
        with open(path) as file:
            json.load(file)
    except ValueError:
        if os.path.isfile(path):
            os.remove(path)
        shutil.copyfile(spare, path)
        raise

def tides():
    return load("tides.json")

def turn(tide):
    save(tide, "tides.json")
"""


def test_backups_checks_and_repairs_are_part_of_one_touch(tmp_path: Path) -> None:
    found = places(audited(tmp_path, {"safe.py": _SAFE}), "call")
    assert [(row[1], row[2], row[4]) for row in found] == [
        (35, "read", "tides.json"),
        (38, "write", "tides.json"),
    ]


def test_a_file_that_is_written_and_given_back_is_read(tmp_path: Path) -> None:
    source = """
import json

def fresh(path, content):
    with open(path, "w") as file:
        json.dump(content, file)
    with open(path) as file:
        return json.load(file)

def nets():
    return fresh("nets.json", [])
"""
    found = places(audited(tmp_path, {"nets.py": source}), "call")
    assert [(row[1], row[2]) for row in found] == [(11, "read"), (11, "write")]
