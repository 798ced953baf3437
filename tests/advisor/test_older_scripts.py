"""Scripts of an older style, forks of packages, and what only looks like a file."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates


def test_a_function_around_a_whole_module_is_that_module(tmp_path: Path) -> None:
    shelves = """
(function() {
  var async, fs, readShelf, readShelfSync;
  fs = require('fs');
  async = require('async');
  readShelf = function(filename, callback) {
    return async.waterfall([
      function(callback) { return fs.readFile(filename, callback); },
      function(buffer, callback) { return callback(null, JSON.parse(buffer.toString())); }
    ], callback);
  };
  readShelfSync = function(filename) { return JSON.parse(fs.readFileSync(filename)); };
  module.exports = { readShelf: readShelf, readShelfSync: readShelfSync };
}).call(this);
"""
    shop = """
(function() {
  var ref, readShelf, readShelfSync;
  ref = require('./shelves'), readShelf = ref.readShelf, readShelfSync = ref.readShelfSync;
  exports.teas = function(done) { return readShelf('shelf/teas.data', done); };
  exports.cups = function() { return readShelfSync('shelf/cups.data'); };
}).call(this);
"""
    found = places(audited(tmp_path, {"shelves.js": shelves, "shop.js": shop}))
    assert [row for row in found if row[0] == "shop.js"] == [
        ("shop.js", 5, "read", "call", "shelf/teas.data"),
        ("shop.js", 6, "read", "call", "shelf/cups.data"),
    ]


def test_forks_of_packages_and_packages_for_a_browsers_storage(tmp_path: Path) -> None:
    source = """
import CSON from '@grower/season'
import localStorage from 'mobx-localstorage'
import path from 'path'
export function keep(field, beds) {
  CSON.writeFileSync(path.join(field.path, 'beds.json'), beds)
  localStorage.setItem('lastField', field.path)
  return localStorage.getItem('lastField')
}
"""
    assert places(audited(tmp_path, {"beds.js": source})) == [
        ("beds.js", 6, "write", "sink", "{path}/beds.json"),
        ("beds.js", 7, "write", "sink", "localStorage:lastField"),
        ("beds.js", 8, "read", "sink", "localStorage:lastField"),
    ]


def test_own_methods_and_texts_in_memory_are_no_files(tmp_path: Path) -> None:
    source = """
import io
import json
import pandas
from plumbum import local

ROUTES = local.path("~/.config/ferry/routes.json")

class Ticket:
    def to_json(self, side):
        return {"side": side}

def shown(tickets):
    return [ticket.to_json("left") for ticket in tickets]

def frame(data):
    return pandas.read_json(io.StringIO(data), orient="split")

def routes():
    with open(ROUTES) as file:
        return json.load(io.StringIO(file.read()))
"""
    assert places(audited(tmp_path, {"ferry.py": source})) == [
        ("ferry.py", 20, "read", "sink", "~/.config/ferry/routes.json"),
    ]


def test_an_attribute_that_is_blank_at_first_is_a_placeholder(tmp_path: Path) -> None:
    source = """
import json
from pathlib import Path

class Cellar:
    def __init__(self, folder: Path):
        self.folder = folder
        self.vintage: str = ""

    def bottles(self):
        return json.loads((self.folder / f"{self.vintage}_bottles.json").read_text())
"""
    assert set(templates(audited(tmp_path, {"cellar.py": source}))) == {
        "{folder}/{vintage}_bottles.json"
    }


def test_a_text_without_its_ending_is_known_to_the_caller(tmp_path: Path) -> None:
    source = """
import json
import os
from pathlib import Path

HERE = os.path.split(os.path.abspath(__file__))[0]

class Barn:
    def __init__(self, barn_dir: Path):
        self.barn_dir = barn_dir

    def key_of(self, path):
        return path.with_suffix("").name

    def file_of(self, key):
        return self.barn_dir / f"{key}.json"

    def animals(self):
        for path in self.barn_dir.glob("*.json"):
            yield json.loads(self.file_of(self.key_of(path)).read_text())

def breeds():
    with open(os.path.join(HERE, "breeds.json")) as file:
        return json.load(file)
"""
    found = places(audited(tmp_path, {"farm/barn.py": source}))
    assert ("farm/barn.py", 23, "read", "sink", "farm/breeds.json") in found
    assert {row[4] for row in found} == {"{barn_dir}/*.json", "farm/breeds.json"}


def test_packages_that_are_functions_or_make_objects(tmp_path: Path) -> None:
    source = """

const readOut = require('r-json'), writeOut = require('w-json')
exports.orders = done => readOut('orders.data', done)
exports.order = orders => writeOut('orders.data', orders)
const edit = require('edit-json-file')
exports.cook = name => { const file = edit('kitchen.json'); file.set('cook', name); file.save() }
"""
    assert places(audited(tmp_path, {"orders.js": source})) == [
        ("orders.js", 4, "read", "sink", "orders.data"),
        ("orders.js", 5, "write", "sink", "orders.data"),
        ("orders.js", 7, "write", "sink", "kitchen.json"),
    ]


def test_a_class_method_reads_what_each_class_below_names(tmp_path: Path) -> None:
    source = """
import json
import os

HERE = os.path.dirname(__file__)

class Table:
    FILE = None

    @classmethod
    def load(cls):
        return json.load(open(cls.FILE))

class Herbs(Table):
    FILE = os.path.join(HERE, "herbs.json")

class Roots(Table):
    FILE = os.path.join(HERE, "roots.json")
"""
    assert {row[1:] for row in places(audited(tmp_path, {"tables.py": source}))} == {
        (12, "read", "sink", "herbs.json"),
        (12, "read", "sink", "roots.json"),
    }


def test_what_lies_above_an_unknown_folder_is_not_the_project(tmp_path: Path) -> None:
    source = """
const fs = require('fs'), path = require('path')
const cask = process.env.CASK_DIR
exports.label = () => JSON.parse(fs.readFileSync(path.resolve(cask, "../label.json")))
exports.wood = () => JSON.parse(fs.readFileSync(path.join(cask, "old/../wood.json")))
"""
    assert set(templates(audited(tmp_path, {"cask.js": source}))) == {
        "{cask_dir_parent}/label.json",
        "{cask_dir}/wood.json",
    }
