"""JavaScript without class statements: prototypes, lone objects, globals of scripts."""

from pathlib import Path

from tests.advisor.auditing import audited, places, rules, templates


def test_a_constructor_with_a_prototype_is_a_class(tmp_path: Path) -> None:
    files = {
        "log.js": """
const fs = require("fs"), path = require("path"), util = require("util");
const EventEmitter = require("events");
function Log(folder) {
  if (!(this instanceof Log)) return new Log(folder);
  EventEmitter.call(this);
  this.file = path.join(folder, "log.json");
}
util.inherits(Log, EventEmitter);
Log.prototype.load = function () { return JSON.parse(fs.readFileSync(this.file)); };
Log.prototype.save = function (rows) { fs.writeFileSync(this.file, JSON.stringify(rows)); };
exports = module.exports = Log;
""",
        "ships.js": """
const Log = require("./log");
const ships = new Log("data/ships");
const ferries = Log("data/ferries");
exports.f = () => ships.load();
exports.g = (rows) => ferries.save(rows);
""",
    }
    assert places(audited(tmp_path, files)) == [
        ("log.js", 10, "read", "wrapper", "{folder}/log.json"),
        ("log.js", 11, "write", "wrapper", "{folder}/log.json"),
        ("ships.js", 5, "read", "call", "data/ships/log.json"),
        ("ships.js", 6, "write", "call", "data/ferries/log.json"),
    ]


def test_every_way_to_fill_a_prototype_counts(tmp_path: Path) -> None:
    files = {
        "charts.js": """
var fs = require("fs");
var Charts = module.exports = function Charts(root) { this.root = root; };
Charts.prototype = {
  file: function (id) { return this.root + "/charts/" + id + ".json"; },
};
var proto = Charts.prototype;
proto.read = proto.open = function (id) { return JSON.parse(fs.readFileSync(this.file(id))); };
Object.assign(Charts.prototype, { drop(id) { fs.unlinkSync(this.file(id)); } });
""",
        "main.js": """
var Charts = require("./charts");
var charts = new Charts("maps");
exports.show = function (sea) { return charts.read(sea); };
exports.drop = function (sea) { charts.drop(sea); };
""",
    }
    found = places(audited(tmp_path, files))
    assert {(row[0], row[1], row[2], row[4]) for row in found} == {
        ("charts.js", 8, "read", "maps/charts/{id}.json"),
        ("charts.js", 9, "delete", "maps/charts/{id}.json"),
    }


def test_a_prototype_inherits_what_the_constructor_above_sets(tmp_path: Path) -> None:
    source = """
var fs = require("fs"), inherits = require("util").inherits;
function Table(name) { this.file = "tables/" + name + ".json"; }
Table.prototype.rows = function () { return JSON.parse(fs.readFileSync(this.file)); };
function Berths() { Table.call(this, "berths"); }
inherits(Berths, Table);
Berths.prototype.keep = function (rows) { fs.writeFileSync(this.file, JSON.stringify(rows)); };
new Berths().keep([]);
"""
    found = audited(tmp_path, {"tables.js": source})
    assert "tables/berths.json" in templates(found)


def test_an_object_whose_functions_use_this_is_one_object(tmp_path: Path) -> None:
    files = {
        "moorings.js": """
const fs = require("fs");
const store = {
  file: "data/moorings.json",
  rows: [],
  get backup() { return this.file.replace("moorings", "before"); },
  load() { this.rows = JSON.parse(fs.readFileSync(this.file, "utf8")); },
  save: function () { fs.writeFileSync(this.file, JSON.stringify(this.rows)); },
};
store.before = function () { return JSON.parse(fs.readFileSync(this.backup)); };
module.exports = store;
""",
        "use.js": 'const { load } = require("./moorings");\nload();\n',
    }
    assert [row[:3] + row[4:] for row in places(audited(tmp_path, files))] == [
        ("moorings.js", 7, "read", "data/moorings.json"),
        ("moorings.js", 8, "write", "data/moorings.json"),
        ("moorings.js", 10, "read", "data/before.json"),
    ]


def test_a_property_of_a_shared_object_keeps_its_literal_part(tmp_path: Path) -> None:
    files = {
        "where.js": """
const path = require("path");
const Where = { HOME: null, CREWS: null, setHome: setHome, crewPath };
module.exports = Where;
function setHome(home) {
  this.HOME = path.resolve(home);
  this.CREWS = path.join(this.HOME, "crews");
}
function crewPath(name) {
  return path.join(this.CREWS, name + ".json");
}
""",
        "crews.js": """
const fs = require("fs"), path = require("path");
const Where = require("./where");
exports.one = (name) => JSON.parse(fs.readFileSync(Where.crewPath(name), "utf-8"));
exports.names = () => fs.readdirSync(Where.CREWS).filter((file) => file.endsWith(".json"));
exports.keep = (name, crew) =>
  fs.writeFileSync(path.join(Where.CREWS, name + ".json"), JSON.stringify(crew));
""",
    }
    assert list(templates(audited(tmp_path, files))) == ["{home}/crews/{name}.json"]


def test_what_a_constructor_leaves_empty_another_method_fills(tmp_path: Path) -> None:
    source = """
const fs = require("fs");
class Tides {
  constructor() { this.file = null; }
  open(port) { this.file = `tides/${port}.json`; }
  read() { return JSON.parse(fs.readFileSync(this.file)); }
}
new Tides().read();
"""
    assert list(templates(audited(tmp_path, {"tides.js": source}))) == ["tides/{port}.json"]


def test_globals_of_scripts_are_seen_by_the_other_scripts(tmp_path: Path) -> None:
    files = {
        "keep.js": "function keep(key, value) { localStorage.setItem(key, JSON.stringify(value)); }"
        '\nvar KEY = "catch";\n',
        "game.js": 'function over(fish) { keep(KEY, fish); }\nkeep("best", 1);\n',
        "main.js": 'const path = require("path");\nglobal.root = path.resolve(__dirname + "/..");\n'
        'global.settings = path.join(__dirname, "settings.json");\n',
        "app.js": 'const fs = require("fs");\n'
        "exports.load = () => JSON.parse(fs.readFileSync(global.settings));\n",
    }
    found = places(audited(tmp_path, files))
    assert ("app.js", 2, "read", "sink", "settings.json") in found
    assert ("game.js", 1, "write", "call", "localStorage:catch") in found
    assert ("game.js", 2, "write", "call", "localStorage:best") in found


def test_functions_side_by_side_in_one_function_are_apart(tmp_path: Path) -> None:
    source = """
(function () {
  var Game = {
    load: function () { return JSON.parse(localStorage.catch); },
    save: function (fish) { localStorage.catch = JSON.stringify({ fish: fish }); },
    tick: function () { if (Date.now() - this.last > this.maxAge) { fetch("/tick"); } },
  };
  window.Game = Game;
})();
"""
    found = audited(tmp_path, {"game.js": source})
    assert templates(found) == {"localStorage:catch": "SYSTEM_OF_RECORD"}
    assert rules(found) == {"localStorage:catch": {"PE102"}}


def test_a_class_that_is_built_in_a_callback_is_known_once_all_is_read(tmp_path: Path) -> None:
    files = {
        "files.js": """
import { promises as fs } from "fs";
export class Files {
  async save(path, data) { await fs.writeFile(path, JSON.stringify(data)); }
}
""",
        "boat.js": """
import { Files } from "./files.js";
export class Boat {
  constructor(api, log) { this.log = log; this.files = new Files(); }
  async keep(rows) { await this.files.save(this.log, rows); }
}
""",
        "index.js": """
import { join } from "path";
import { Boat } from "./boat.js";
export class Harbour {
  constructor(config, api) {
    const folder = join(api.storagePath(), "boats");
    for (const boat of config.boats) {
      const files = { log: `${folder}/log_${boat.host}` };
      new Timer().on("start", async () => { new Boat(api, files.log).keep([]); });
    }
  }
}
""",
    }
    found = places(audited(tmp_path, files), "call")
    assert [row[:3] for row in found] == [("boat.js", 5, "write")]
    assert found[0][4].endswith("/boats/log_{host}")


def test_a_folder_that_may_be_empty_is_the_one_that_is_given(tmp_path: Path) -> None:
    source = """
const fs = require("fs"), path = require("path");
function expand(folder) {
  if (!folder) { return ""; }
  return path.resolve(folder);
}
const Where = { setHome(home) { this.HOME = expand(home); } };
exports.keep = (name, crew) =>
  fs.writeFileSync(path.join(Where.HOME, "crews", name + ".json"), JSON.stringify(crew));
"""
    assert list(templates(audited(tmp_path, {"app.js": source}))) == ["{home}/crews/{name}.json"]


def test_what_an_object_hands_to_the_one_it_builds_is_known(tmp_path: Path) -> None:
    source = """
import fs from "fs"; import path from "path";
class JsonFile {
  private file: string;
  constructor({ file }: { file: string }) { this.file = file; }
  read() { return JSON.parse(fs.readFileSync(this.file, "utf8")); }
}
class Berths {
  private folder: string;
  constructor(folder: string) { this.folder = folder; }
  all() { return new JsonFile({ file: path.join(this.folder, "berths.json") }).read(); }
}
class Harbour {
  berths: Berths;
  constructor(options: { dir: string }) { this.berths = new Berths(options.dir); }
}
export const harbour = new Harbour({ dir: "state" });
"""
    found = audited(tmp_path, {"app.ts": source})
    assert list(templates(found)) == ["state/berths.json"]


def test_a_variable_that_a_function_fills_later_has_that_worth(tmp_path: Path) -> None:
    files = {
        "where.ts": """
import path from "path";
export let berthsFile = "";
let userData;
export function setUserData(folder: string) { userData = folder; update(); }
function update() { berthsFile = path.resolve(userData, "berths.json"); }
""",
        "berths.ts": """
import fs from "fs";
import { berthsFile } from "./where";
let logFile: string;
export const open = (boatId: string) => { logFile = `logs/${boatId}.json`; };
export const load = () => JSON.parse(fs.readFileSync(berthsFile, "utf8"));
export const log = () => JSON.parse(fs.readFileSync(logFile, "utf8"));
""",
    }
    found = audited(tmp_path, files)
    assert list(templates(found)) == ["logs/{boat_id}.json", "{folder}/berths.json"]


def test_values_of_fields_use_the_object(tmp_path: Path) -> None:
    source = """
export class Helm {
  muted = !!this.take("muted");
  take(key) { return localStorage.getItem(key); }
  keep(key, value) { localStorage.setItem(key, value); }
  mute() { this.keep("muted", "1"); }
}
"""
    assert places(audited(tmp_path, {"helm.js": source}), "call") == [
        ("helm.js", 3, "read", "call", "localStorage:muted"),
        ("helm.js", 6, "write", "call", "localStorage:muted"),
    ]


def test_what_a_test_makes_global_is_nothing_to_the_code(tmp_path: Path) -> None:
    files = {
        "tests/setup.js": "window.localStorage = { getItem: () => null };\n",
        "app.js": 'export const best = () => window.localStorage.getItem("best");\n',
    }
    assert [row[4] for row in places(audited(tmp_path, files))] == ["localStorage:best"]


def test_properties_of_exports_are_seen_under_every_name(tmp_path: Path) -> None:
    files = {
        "where.js": """
var path = require("path");
var where = module.exports;
where.load = function () {
  where.file = process.env.BOATS || path.resolve(process.cwd(), "boats.json");
};
exports.home = process.env.LOCALAPPDATA + path.sep + "boats" + path.sep + "home.json";
""",
        "settings.js": """
const home = require("os").homedir();
module.exports = require("rc")("boats", {});
module.exports.home = home;
""",
        "use.js": """
var fs = require("fs"), path = require("path"), where = require("./where");
const settings = require("./settings");
exports.a = function () { return JSON.parse(fs.readFileSync(where.file)); };
exports.b = function () { return JSON.parse(fs.readFileSync(where.home)); };
exports.c = () => JSON.parse(fs.readFileSync(path.join(settings.home, ".boats")));
""",
    }
    assert [row[4] for row in places(audited(tmp_path, files))] == [
        "boats.json",
        "{localappdata}/boats/home.json",
        "~/.boats",
    ]
