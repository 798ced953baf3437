"""Dispositions by where content comes from: a server, the program itself, a build, people."""

from pathlib import Path

import pytest

from tests.advisor.test_dispositions import CACHE, CONFIG, RECORD, UNCERTAIN, disposition

ANSWERED_AND_HANDED_ON = """
import json, requests
def fetch_rates():
    return requests.get("https://bank.example/rates").json()
def store(rates):
    with open("/var/mill/rates.json", "w") as f: json.dump(rates, f)
def main():
    store(fetch_rates())
def price(sacks):
    with open("/var/mill/rates.json") as f: rates = json.load(f)
    return sacks * rates["EUR"]
"""
KEPT_IN_AN_OBJECT = """
import json, requests, os
class Grains:
    def __init__(self, folder):
        self.path = os.path.join(folder, "grains.json")
        self.grains = []
    def refresh(self):
        answer = requests.get("https://mill.example/grains")
        self.grains = [grain for grain in answer.json()["grains"] if grain["is_sold"]]
        self.save()
    def save(self):
        with open(self.path, "w") as f: json.dump(self.grains, f)
    def load(self):
        with open(self.path) as f: self.grains = json.load(f)
grains = Grains("/var/mill"); grains.load(); grains.refresh()
"""
ADDED_BY_A_CALLER = """
    def add(self, grain):
        self.grains.append(grain)
        self.save()
"""


def test_what_one_function_fetches_and_another_writes_is_a_cache(tmp_path: Path) -> None:
    assert disposition(tmp_path, ANSWERED_AND_HANDED_ON) == CACHE


def test_what_callers_make_up_themselves_too_is_a_record(tmp_path: Path) -> None:
    source = ANSWERED_AND_HANDED_ON + "def agree(rates):\n    store(rates)\nagree(input())\n"
    assert disposition(tmp_path, source.replace('["EUR"]', "")) == RECORD


def test_an_object_that_only_a_refresh_saves_is_a_cache(tmp_path: Path) -> None:
    assert disposition(tmp_path, KEPT_IN_AN_OBJECT) == CACHE


def test_an_object_to_which_others_add_is_a_record(tmp_path: Path) -> None:
    source = KEPT_IN_AN_OBJECT.replace("    def load", ADDED_BY_A_CALLER[1:] + "    def load")
    assert disposition(tmp_path, source) == RECORD


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ('values["chat_id"] = message.chat.id', RECORD),
        ('values["carriers"].append(carrier_id)', RECORD),
        ('values["speed"] = message.text', CONFIG),
        ('values["colours"].append(colour)', CONFIG),
    ],
)
def test_ids_of_people_in_a_file_of_settings_make_a_record(
    change: str, expected: str, tmp_path: Path
) -> None:
    source = f"""
import json
def load():
    with open("config.json") as f: return json.load(f)
def save(values):
    with open("config.json", "w") as f: json.dump(values, f)
def link(message, carrier_id, colour):
    values = load()
    {change}
    save(values)
"""
    assert disposition(tmp_path, source) == expected


@pytest.mark.parametrize(
    ("values", "change", "expected"),
    [
        ('const initial = { speed: 3, stones: 2, names: ["left", "right"] };', "", CONFIG),
        ("const WHEELS = { speed: 3 };", "", CONFIG),
        ("const initial = { speed: 3, sacks: [] };", "", RECORD),
        ("const turns = { speed: 3 };", "turns.speed += 1;", RECORD),
        ("const initial = { speed: measure() };", "", RECORD),
    ],
)
def test_defaults_that_a_program_writes_and_nothing_else_are_configuration(
    values: str, change: str, expected: str, tmp_path: Path
) -> None:
    name = values.split()[1]
    source = f"""
const fs = require("fs");
const file = process.env.HOME + "/.mill/wheels.json";
{values}
function ensure() {{
  {change}
  if (!fs.existsSync(file)) fs.writeFileSync(file, JSON.stringify({name}, null, 2));
}}
function get() {{ ensure(); return JSON.parse(fs.readFileSync(file)); }}
module.exports = {{ get }};
"""
    assert disposition(tmp_path, source, "wheels.js") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plugins.json", CONFIG),
        ("enabled_extensions.json", CONFIG),
        ("plugin_orders.json", RECORD),
        ("backup/plugins.json", UNCERTAIN),
    ],
)
def test_which_plugins_are_on_is_configuration(name: str, expected: str, tmp_path: Path) -> None:
    source = f"""
import json, os
FILE = os.path.expanduser("~/.mill/{name}")
def load():
    with open(FILE) as f: return json.load(f)
def enable(name):
    names = load()
    names.append(name)
    with open(FILE, "w") as f: json.dump(names, f)
"""
    assert disposition(tmp_path, source) == expected


def test_what_a_training_makes_is_uncertain(tmp_path: Path) -> None:
    source = """
import json, os
class Sorter:
    def fit(self, grains):
        self.weights = {grain: len(grain) for grain in grains}
class SorterTrainer(Sorter):
    def save_model(self, folder):
        with open(os.path.join(folder, "weights.json"), "w") as f: json.dump(self.weights, f)
    def load_model(self, folder):
        with open(os.path.join(folder, "weights.json")) as f: self.weights = json.load(f)
"""
    assert disposition(tmp_path, source) == UNCERTAIN


def test_weights_that_nobody_trains_are_a_record(tmp_path: Path) -> None:
    source = """
import json
def weigh(sack, kilos):
    with open("/var/mill/weights.json") as f: weights = json.load(f)
    weights[sack] = kilos
    with open("/var/mill/weights.json", "w") as f: json.dump(weights, f)
"""
    assert disposition(tmp_path, source) == RECORD


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        ("JSON.stringify(Object.fromEntries(files.map((f) => [f, f + '.min'])))", UNCERTAIN),
        ("JSON.stringify({ ...serve(), ...JSON.parse(fs.readFileSync(file)) })", RECORD),
    ],
)
def test_what_a_build_makes_whole_is_uncertain(write: str, expected: str, tmp_path: Path) -> None:
    source = f"""
const fs = require("fs");
const path = require("path");
const file = path.join(process.env.OUT_DIR, "chunks.json");
function compile(files) {{ fs.writeFileSync(file, {write}); }}
function serve() {{ return JSON.parse(fs.readFileSync(file)); }}
module.exports = {{ compile, serve }};
"""
    assert disposition(tmp_path, source, "chunks.js") == expected


@pytest.mark.parametrize(
    ("function", "key", "expected"),
    [
        ("readLockfile", "grains", CONFIG),
        ("readLockfile", "pid", RECORD),
        ("readOrders", "grains", RECORD),
    ],
)
def test_a_file_that_pins_versions_is_configuration_and_a_lock_of_a_process_is_not(
    function: str, key: str, expected: str, tmp_path: Path
) -> None:
    source = f"""
const fs = require("fs");
const path = require("path");
function {function}(folder) {{
  return JSON.parse(fs.readFileSync(path.join(folder, "mill.lock"))).{key};
}}
function write(folder, lock) {{
  fs.writeFileSync(path.join(folder, "mill.lock"), JSON.stringify(lock));
}}
module.exports = {{ {function}, write }};
"""
    assert disposition(tmp_path, source, "mill.js") == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('"source_hash": digest(grains), "sorted": sort(grains)', CACHE),
        ('"password_hash": digest(grains), "sorted": sort(grains)', RECORD),
        ('"flour_stats": digest(grains), "sorted": sort(grains)', RECORD),
    ],
)
def test_what_says_what_it_was_made_of_is_a_cache(keys: str, expected: str, tmp_path: Path) -> None:
    source = f"""
import json
from mill import digest, sort
def keep(grains):
    with open("/var/mill/flour.json", "w") as f: json.dump({{{keys}}}, f)
def load():
    with open("/var/mill/flour.json") as f: found = json.load(f)
    return found["sorted"], found["flour_stats"]
"""
    assert disposition(tmp_path, source) == expected
