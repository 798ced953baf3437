"""Scripts that name each other by a namespace or a package, and lists that are filled."""

from pathlib import Path

from tests.advisor.auditing import audited, places

_CUPBOARD = """
const brand = "Bakery";
export namespace Cupboard {
  export const Loaves = "Loaves";
  export const Ovens = "Ovens";
  export function Put<T>(shelf: string, key: string, value: T) {
    const whole = `${brand}.${shelf}.${key}`;
    put(whole, value);
  }
  export function Take<T>(shelf: string, key: string): T {
    return take(`${brand}.${shelf}.${key}`);
  }
  export function Drop(shelf: string, key: string) {
    localStorage.removeItem(`${brand}.${shelf}.${key}`);
  }
  function put(key: string, value: any) { localStorage.setItem(key, JSON.stringify(value)); }
  function take(key: string) { return JSON.parse(localStorage.getItem(key)); }
}
"""


def test_a_namespace_builds_keys_of_two_parameters_that_other_modules_name(tmp_path: Path) -> None:
    files = {
        "cupboard.ts": _CUPBOARD,
        "desk.ts": """
import { Cupboard } from "./cupboard";
export const bake = (tray: object) => Cupboard.Put<object>(Cupboard.Loaves, "rye", tray);
export const show = () => Cupboard.Take<object>(Cupboard.Loaves, "rye");
export const close = (oven: { id: string }) => Cupboard.Drop(Cupboard.Ovens, oven.id);
""",
    }
    result = audited(tmp_path, files)
    assert [each for each in places(result) if each[0] == "desk.ts"] == [
        ("desk.ts", 3, "write", "call", "localStorage:Bakery.Loaves.rye"),
        ("desk.ts", 4, "read", "call", "localStorage:Bakery.Loaves.rye"),
        ("desk.ts", 5, "delete", "call", "localStorage:Bakery.Ovens.{oven_id}"),
    ]


def test_a_namespace_of_one_module_and_one_written_in_two_parts(tmp_path: Path) -> None:
    source = """
import * as fs from "fs";
namespace Mill {
  export function grind(path: string) { return JSON.parse(fs.readFileSync(path, "utf8")); }
}
namespace Mill {
  export function sift(path: string, flour: object) {
    fs.writeFileSync(path, JSON.stringify(flour));
  }
}
class Sack {}
namespace Sack { export const PATH = "sacks.json"; }
export function run() {
  Mill.sift("flour.json", Mill.grind("grain.json"));
  return new Sack();
}
"""
    found = [each for each in places(audited(tmp_path, {"mill.ts": source})) if each[3] == "call"]
    assert found == [
        ("mill.ts", 14, "read", "call", "grain.json"),
        ("mill.ts", 14, "write", "call", "flour.json"),
    ]


def test_what_each_of_many_objects_asks_a_store_is_told_in_its_class(tmp_path: Path) -> None:
    sorts = ("rye", "oat", "spelt", "wheat", "corn", "rice", "millet", "barley", "teff", "sorghum")
    files = {
        "cupboard.ts": _CUPBOARD,
        "button.ts": """
import { Cupboard } from "./cupboard";
export class Button {
  constructor(props: { label: string }) {
    this.label = props.label;
    this.shown = Cupboard.Take<boolean>(Cupboard.Ovens, this.label);
  }
}
""",
        "bar.ts": 'import { Button } from "./button";\nexport const bar = () => [\n'
        + "".join(f'  new Button({{ label: "{sort}" }}),\n' for sort in sorts)
        + "];\n",
    }
    found = [each for each in places(audited(tmp_path, files)) if each[0] != "cupboard.ts"]
    assert found == [("button.ts", 6, "read", "call", "localStorage:Bakery.Ovens.{label}")]


def test_a_package_of_the_same_tree_is_named_by_its_manifest(tmp_path: Path) -> None:
    files = {
        "package.json": '{"name": "bakery", "workspaces": ["parts/*"]}',
        "parts/flour/package.json": '{"name": "@bakery/flour", "main": "dist/index.js"}',
        "parts/flour/src/index.ts": "export { grind } from './grind';\n",
        "parts/flour/src/grind.ts": """
import fs from "fs";
export const grind = (path: string) => JSON.parse(fs.readFileSync(path, "utf8"));
""",
        "parts/oven/package.json": '{"name": "@bakery/oven"}',
        "parts/oven/lib/heat.js": """
const { grind } = require("@bakery/flour");
const { folder } = require("@bakery/tray/lib/folder.js");
const fs = require("fs");
exports.heat = () => grind("ovens.json");
exports.fill = tray => fs.writeFileSync(`${folder()}/tray.json`, JSON.stringify(tray));
""",
        "parts/tray/package.json": '{"name": "@bakery/tray", "main": 7}',
        "parts/tray/lib/folder.js": "exports.folder = () => 'trays';\n",
    }
    assert places(audited(tmp_path, files)) == [
        ("parts/flour/src/grind.ts", 3, "read", "wrapper", "{path}"),
        ("parts/oven/lib/heat.js", 5, "read", "call", "ovens.json"),
        ("parts/oven/lib/heat.js", 6, "write", "sink", "trays/tray.json"),
    ]


def test_parsers_that_mend_what_they_read_make_a_file_json(tmp_path: Path) -> None:
    source = """
import fs from "fs";
import mended from "json-fixer";
import strip from "strip-json-comments";
import { parse, stringify } from "comment-json";
export async function readRecipe(path) {
  const { data, changed } = mended(await fs.promises.readFile(path, "utf8"));
  return changed ? data : null;
}
export const rye = () => readRecipe("rye.recipe");
export const oven = () => JSON.parse(strip(fs.readFileSync(".ovenrc", "utf8")));
export function heat() {
  const mill = parse(fs.readFileSync(".millrc", "utf8"));
  fs.writeFileSync(".millrc", stringify(mill, null, 2));
}
"""
    assert places(audited(tmp_path, {"recipes.js": source})) == [
        ("recipes.js", 7, "read", "wrapper", "{path}"),
        ("recipes.js", 10, "read", "call", "rye.recipe"),
        ("recipes.js", 11, "read", "sink", ".ovenrc"),
        ("recipes.js", 13, "read", "sink", ".millrc"),
        ("recipes.js", 14, "write", "sink", ".millrc"),
    ]


def test_contents_and_paths_that_are_put_into_a_list_one_by_one(tmp_path: Path) -> None:
    files = {
        "kept.js": """
const fs = require("fs");
const path = require("path");
const SHELF = path.join(process.cwd(), ".bakery");
function loadBills() {
  const bills = [];
  for (const file of fs.readdirSync(SHELF)) {
    if (!/^bill-/.test(file)) continue;
    bills.push(fs.readFileSync(path.join(SHELF, file), "utf8"));
  }
  return bills;
}
function saveBill(bill) {
  const base = path.join(SHELF, `bill-${Date.now()}`);
  fs.writeFileSync(`${base}.json`, bill);
}
function shelf() { return SHELF; }
module.exports = { loadBills, saveBill, shelf };
""",
        "desk.js": """
const fs = require("fs");
const path = require("path");
const { v4 } = require("uuid");
const { loadBills, saveBill, shelf } = require("./kept");
exports.total = () => loadBills().map(bill => JSON.parse(bill));
exports.pay = bill => saveBill(JSON.stringify(bill));
exports.note = flags => {
  fs.writeFileSync(path.join(shelf(), `note-${v4()}.json`), JSON.stringify(flags));
};
""",
    }
    assert places(audited(tmp_path, files)) == [
        ("desk.js", 9, "write", "sink", ".bakery/note-{v4}.json"),
        ("kept.js", 7, "list", "sink", ".bakery/bill-{date}.json"),
        ("kept.js", 9, "read", "sink", ".bakery/bill-{date}.json"),
        ("kept.js", 15, "write", "sink", ".bakery/bill-{date}.json"),
    ]


def test_python_fills_lists_one_by_one(tmp_path: Path) -> None:
    source = """
import json

def texts():
    found = []
    for name in ("rye", "oat"):
        with open(f"recipes/{name}.txt") as file:
            found.append(file.read())
    return found

def recipes():
    return [json.loads(text) for text in texts()]
"""
    found = places(audited(tmp_path, {"recipes.py": source}))
    assert {(line, operation) for _, line, operation, _, _ in found} == {(7, "read")}


def test_the_storage_of_a_browser_is_handed_to_a_callback(tmp_path: Path) -> None:
    files = {
        "cupboard.ts": """
function withShelf<T>(use: (shelf: Storage) => T | void): T | void | null {
  try {
    return window.localStorage ? use(window.localStorage) : null;
  } catch (error) { /* full */ }
}
export const take = <T>(key: string): T | null => withShelf(shelf => {
  const found = shelf.getItem(key);
  return found ? JSON.parse(found) : null;
});
export function put<T>(key: string, value: T): void {
  withShelf(shelf => {
    try {
      shelf.setItem(key, JSON.stringify(value));
    } catch (_) {
      shelf.removeItem(key);
      shelf.setItem(key, JSON.stringify(value));
    }
  });
}
""",
        "desk.ts": """
import * as cupboard from "./cupboard";
export const count = () => cupboard.take<number>("loaves");
export const keep = (loaves: number) => cupboard.put("loaves", loaves);
""",
    }
    found = places(audited(tmp_path, files))
    assert [each for each in found if each[0] == "desk.ts"] == [
        ("desk.ts", 3, "read", "call", "localStorage:loaves"),
        ("desk.ts", 4, "write", "call", "localStorage:loaves"),
    ]
    assert {each[2] for each in found} == {"read", "write"}


def test_a_map_of_a_module_remembers_what_was_read(tmp_path: Path) -> None:
    files = {
        "texts.js": """
const fs = require("fs");
const util = require("util");
const readAsync = util.promisify(fs.readFile);
const texts = new Map();
exports.getText = function (filename) {
  if (!texts.has(filename)) {
    texts.set(filename, readAsync(filename, "utf8"));
  }
  return texts.get(filename);
};
""",
        "oven.js": """
const { getText } = require("./texts");
exports.heat = async () => JSON.parse(await getText("oven.rc")).heat;
exports.notice = async () => (await getText("notice.txt")).length;
""",
    }
    assert places(audited(tmp_path, files)) == [
        ("oven.js", 3, "read", "call", "oven.rc"),
        ("texts.js", 8, "read", "wrapper", "{filename}"),
    ]
