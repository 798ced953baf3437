"""Stores whose callers name the key: in a table of constants, in writing, or with an id."""

from pathlib import Path

from tests.advisor.auditing import audited, places

_SHELF = """
const fs = require("fs");
const path = require("path");
const shelf = {};
shelf.file = function (k) { return path.join(process.env.HOME, ".quay", "shelf", k + ".json"); };
shelf.get = function (k) {
  const full = shelf.file(k);
  if (!fs.existsSync(full)) return null;
  return JSON.parse(fs.readFileSync(full).toString());
};
shelf.set = function (k, v) { fs.writeFileSync(shelf.file(k), JSON.stringify(v)); };
shelf.drop = function (k) { fs.unlinkSync(shelf.file(k)); };
module.exports = shelf;
"""
_NAMES = """
const names = {};
names.KEYS = { crew: "../crew", boats: "boats", boat: (b) => b.yard + "." + b.hull };
names.pad = function (text) { return text; };
module.exports = names;
"""
_DESK = """
const shelf = require("./shelf");
const { KEYS } = require("./names");
exports.crew = () => shelf.get(KEYS.crew);
exports.hire = (crew) => shelf.set(KEYS.crew, crew);
exports.boat = (b) => shelf.get(KEYS.boat(b));
exports.berth = (id, place) => shelf.set("berth_" + id, place);
exports.sink = (id) => shelf.drop(id);
exports.sell = () => shelf.drop(KEYS.boats);
"""


def test_a_caller_that_names_a_key_is_a_place(tmp_path: Path) -> None:
    files = {"shelf.js": _SHELF, "names.js": _NAMES, "desk.js": _DESK}
    found = places(audited(tmp_path, files))
    shelf = "{home}/.quay/shelf"
    assert [row for row in found if row[0] == "desk.js"] == [
        ("desk.js", 4, "read", "call", "{home}/.quay/crew.json"),
        ("desk.js", 5, "write", "call", "{home}/.quay/crew.json"),
        ("desk.js", 6, "read", "call", shelf + "/{yard}.{hull}.json"),
        ("desk.js", 7, "write", "call", shelf + "/berth_{id}.json"),
        ("desk.js", 8, "delete", "call", shelf + "/{id}.json"),
        ("desk.js", 9, "delete", "call", shelf + "/boats.json"),
    ]
    assert [row[1:4] for row in found if row[0] == "shelf.js"] == [
        (9, "read", "wrapper"),
        (11, "write", "wrapper"),
        (12, "delete", "wrapper"),
    ]


def test_a_question_handed_to_a_helper_goes_with_the_read(tmp_path: Path) -> None:
    disk = """
const fs = require("fs");
exports.has = (full) => fs.existsSync(full);
exports.text = (full) => fs.readFileSync(full).toString();
"""
    shelf = """
const disk = require("./disk");
exports.get = (key) => {
  const full = "shelf/" + key + ".json";
  if (!disk.has(full)) return null;
  return JSON.parse(disk.text(full));
};
"""
    desk = 'const shelf = require("./shelf");\nexports.crew = () => shelf.get("crew");\n'
    found = places(audited(tmp_path, {"disk.js": disk, "shelf.js": shelf, "desk.js": desk}))
    assert [row for row in found if row[0] == "desk.js"] == [
        ("desk.js", 2, "read", "call", "shelf/crew.json")
    ]


def test_a_key_with_a_default_of_its_own_is_an_id(tmp_path: Path) -> None:
    source = """
const fs = require("fs");
const file = (mill) => "mills/" + (mill || "main") + ".json";
exports.grind = (mill, flour) => fs.writeFileSync(file(mill), JSON.stringify(flour));
exports.main = (flour) => exports.grind("main", flour);
"""
    found = places(audited(tmp_path, {"mills.js": source}))
    assert {row[1] for row in found} == {4}
    assert "mills/main.json" in {row[4] for row in found}


def test_a_broken_file_set_aside_is_part_of_the_read(tmp_path: Path) -> None:
    source = """
import json, shutil
from datetime import datetime
from pathlib import Path

def load(path):
    file = Path(path).resolve()
    try:
        return json.loads(file.read_text() or "{}")
    except ValueError:
        shutil.move(str(file), f"{file}.{datetime.now().isoformat()}.broken")
        return {}

def retire(path):
    old = json.loads(Path(path).read_text())
    shutil.move(path, "archive/" + old["id"] + ".json")

def ferry():
    return load("ferry.json")

def close():
    retire("ferry.json")
"""
    found = [row[1:3] for row in places(audited(tmp_path, {"ferry.py": source}), "call")]
    assert (19, "read") in found
    assert (19, "delete") not in found
    assert (22, "delete") in found


def test_a_pattern_without_a_star_lists_folders_of_one_file_each(tmp_path: Path) -> None:
    source = """
import json
from pathlib import Path
def sails(folder="data/sails"):
    return [json.loads(each.read_text()) for each in Path("data/sails").glob("**/sail.json")]
"""
    found = places(audited(tmp_path, {"sails.py": source}))
    assert {(row[2], row[4]) for row in found} == {
        ("list", "data/sails/*/sail.json"),
        ("read", "data/sails/*/sail.json"),
    }
