"""Dispositions of what tools write into projects, of logins in caches, histories and days."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, templates
from tests.advisor.test_dispositions import CACHE, CONFIG, RECORD, UNCERTAIN, disposition

COMMAND = """
const fs = require("fs");
const grains = require(`${process.cwd()}/grains.json`);
grains.unshift(process.argv[2]);
fs.writeFileSync(`${process.cwd()}/grains.json`, JSON.stringify(grains));
fs.writeFileSync(`sheets/grain-${process.argv[2]}.json`, JSON.stringify(ENTRY));
"""
BUILD = """
const fs = require("fs");
const grains = require(process.cwd() + "/grains.json");
function sheet(name) { return JSON.parse(fs.readFileSync(`sheets/grain-${name}.json`)); }
"""


def test_what_commands_write_into_a_project_and_others_load_as_a_module_is_content(
    tmp_path: Path,
) -> None:
    for place, entry, expected in (("a", "{ stone: 1 }", CONFIG), ("b", "{ users: [] }", RECORD)):
        files = {"bin/grain.js": COMMAND.replace("ENTRY", entry), "lib/build.js": BUILD}
        found = templates(audited(tmp_path / place, files))
        assert found.pop("grains.json") == CONFIG
        assert set(found.values()) == {expected}


def test_a_module_that_the_program_changes_while_it_runs_is_a_record(tmp_path: Path) -> None:
    source = """
const fs = require("fs");
const orders = require("./orders.json");
module.exports = (mill) => {
  orders[mill] = 1;
  fs.writeFileSync("orders.json", JSON.stringify(orders));
};
"""
    files = {"mill.js": source, "show.js": 'const orders = require("./orders.json");\n'}
    assert templates(audited(tmp_path, files)) == {"orders.json": RECORD}


HISTORY = """
import json
PATH = "FOLDER/NAME.json"
def note(grist):
    with open(PATH) as file:
        kept = json.load(file)
    kept[grist.mill] = grist.flour
    with open(PATH, "w") as file:
        json.dump(kept, file)
"""


@pytest.mark.parametrize("folder", ["mill/tmp", "mill/cache"])
def test_what_was_done_is_a_record_wherever_its_folder_is(folder: str, tmp_path: Path) -> None:
    source = HISTORY.replace("FOLDER", folder)
    for name, expected in (("grinding_history", RECORD), ("flour", CACHE)):
        assert disposition(tmp_path / name, source.replace("NAME", name)) == expected


KEEPER = """
const fs = require("fs");
class Cache {
  constructor(path) { this.path = path; }
  load() { return JSON.parse(fs.readFileSync(this.path, "utf8")); }
  keep(kept) { fs.writeFileSync(this.path, JSON.stringify(kept)); }
}
module.exports = Cache;
"""
USER = """
const Cache = require("./cache");
class USER {
  constructor(name) { this.kept = new Cache(`cache/${name}-cache.json`); }
  give(grain) { this.kept.keep({ grain }); }
}
"""


def test_what_those_who_log_in_keep_in_a_cache_is_a_record(tmp_path: Path) -> None:
    for name, expected in (("MillTokens", RECORD), ("GrainPrices", CACHE)):
        files = {"cache.js": KEEPER, "mill.js": USER.replace("USER", name)}
        assert set(templates(audited(tmp_path / name, files)).values()) == {expected}


DAYS = """
import json, os
class Scales:
    def __init__(self, scales): self.scales = scales
    def weigh(self, folder, day):
        day_str = NAMED
        with open(f"{folder}/weights_{day_str}.json", "w") as file:
            json.dump(self.scales.weights(day_str), file)
"""


def test_a_file_for_each_day_that_is_asked_for_is_a_record(tmp_path: Path) -> None:
    asked = DAYS.replace("NAMED", "day.strftime('%Y-%m-%d')")
    assert disposition(tmp_path / "a", asked) == RECORD
    assert disposition(tmp_path / "b", asked.replace("weigh(", "export(")) == UNCERTAIN
    assert disposition(tmp_path / "c", asked.replace("folder, day", "folder, day_of")) == UNCERTAIN
    mill = asked.replace("folder, day", "folder, mill_id").replace("day.strf", "mill_id.strf")
    assert disposition(tmp_path / "d", mill.replace("day_str", "mill_id_str")) == RECORD


def test_what_a_server_tells_where_somebody_logs_in_is_a_record(tmp_path: Path) -> None:
    source = """
import json
def login(mill, folder):
    mill.enter()
    with open(f"{folder}/miller-settings.json", "w") as file:
        json.dump(mill.ask("miller"), file)
"""
    assert disposition(tmp_path / "a", source) == RECORD
    assert disposition(tmp_path / "b", source.replace("login", "configure")) == CONFIG


def test_a_folder_for_trials_hides_not_where_a_file_is_kept(tmp_path: Path) -> None:
    source = """
import json, os, tempfile
class Folders:
    trial = tempfile.mkdtemp()
    home = os.path.expanduser("~")
    def folder(self, is_trial=False):
        if is_trial:
            return self.trial + os.sep + "mill"
        return self.home + os.sep + "mill"
folders = Folders()
def keep(order_id, order):
    with open(f"{folders.folder()}/orders/{order_id}.json", "w") as file:
        json.dump(order, file)
"""
    assert templates(audited(tmp_path, {"mill.py": source})) == {
        "~/mill/orders/{order_id}.json": RECORD
    }


def test_what_an_object_reads_when_it_is_made_and_writes_later_is_a_record(tmp_path: Path) -> None:
    source = """
import json
class Shelf:
    def __init__(self, jars_path):
        self.jars_path = jars_path
        self.jars = self.load()
    def load(self):
        with open(self.jars_path) as file:
            return json.load(file)
    def fill(self, jar, fruit):
        self.jars[jar] = fruit
        with open(self.jars_path, "w") as file:
            json.dump(self.jars, file)
"""
    run = """
from shelf import Shelf
def run(): return Shelf(jars_path="cellar/jars.json")
def other(): return Shelf(jars_path="attic/jars.json")
"""
    for place, shelf, expected in (
        ("a", source, RECORD),
        ("b", source.partition("    def fill")[0], CONFIG),
    ):
        files = {"shelf.py": shelf, "run.py": run}
        assert templates(audited(tmp_path / place, files))["cellar/jars.json"] == expected


BESIDE = """
import json, os
def known(project_dir):
    with open(os.path.join(project_dir, NAME)) as file:
        return json.load(file)
def stamp(project_dir, sheets):
    with open(os.path.join(project_dir, NAME), "w") as file:
        json.dump({"sheets": sheets, "made_by": "mill"}, file)
"""


def test_a_tools_own_file_in_a_project_goes_with_it(tmp_path: Path) -> None:
    for place, name, expected in (
        ("a", "'.grains.json'", CONFIG),
        ("b", "'grains.json'", RECORD),
        ("c", "'.history.json'", RECORD),
    ):
        assert disposition(tmp_path / place, BESIDE.replace("NAME", name)) == expected


def test_a_manifest_of_what_is_fetched_for_one_of_many_is_a_record(tmp_path: Path) -> None:
    source = """
import json, os, requests
def fetch(folder, number, links):
    path = os.path.join(folder, "sheets", str(number), "manifest.json")
    with open(path) as file:
        known = json.load(file)
    for link in links:
        known["sheets"][link] = requests.get(link).text
    with open(path, "w") as file:
        json.dump(known, file)
"""
    assert disposition(tmp_path / "a", source) == RECORD
    assert disposition(tmp_path / "b", source.replace("requests.get(link).text", "1")) == CONFIG
